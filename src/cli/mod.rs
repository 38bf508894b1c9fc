//! The commands, one file each: its flags, the call to the job, and how the answer looks.

use std::borrow::Cow;
use std::ffi::OsString;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::clock::stamp;
use crate::domain::text::nfc;
use crate::error::{Error, ErrorKind, Result};
use crate::view::{Colour, Format, Language, Out, Talk, harmless, language};

mod apply;
mod arguments;
mod backup;
mod birthday;
mod by_hand;
mod client;
mod collection;
mod context;
mod dashboard;
mod demo;
mod doctor;
mod evidence;
mod examples;
mod face;
mod global;
mod history;
mod hold;
mod import;
mod incident;
mod init;
mod lean;
mod metrics;
mod notice;
mod omnichannel;
mod opt_out;
mod outcome;
mod queue;
mod reading;
mod receipts;
mod receive;
mod report;
mod restore;
mod rule;
mod send;
mod shell;
mod signals;
mod speech;
mod stats;
mod status;
mod sync;
mod task;
mod template;
mod ticket;
mod trigger;
mod whole_file;

pub use context::Context;
use global::{Global, Output, one_form, paper};
pub use outcome::Outcome;

/// Messages, collection ladders and ticket notices for Brazilian internet providers.
#[derive(Debug, Parser)]
#[command(
    name = "regua",
    version,
    about,
    long_about = "Messages, collection ladders and ticket notices for Brazilian internet providers.\n\n\
        regua keeps templates, saved reports, collection rules, triggers, tasks, a message queue and \
        the whole history in one SQLite file. Cron starts it; nothing of it stays running.",
    after_help = "Begin with:\n  \
        regua demo                                  a provider of 200 invented clients, and the main job on it\n  \
        regua import ./export                       the ERP's files, named clients.csv, invoices.csv…\n  \
        regua report run contracts --filter access_status=auto_block\n  \
        regua send contracts --filter client_active=yes --template outage --dry-run\n\n\
        Exit codes: 0 done, 1 some messages or rows failed, 2 wrong usage, 3 not acceptable,\n\
        4 the world failed, 5 another run holds the lock, 6 apply --check found changes, 130/143 stopped."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Command),
    #[command(subcommand)]
    Template(template::Command),
    #[command(subcommand)]
    Report(report::Command),
    Send(send::Command),
    #[command(subcommand)]
    Queue(queue::Command),
    History(history::Command),
    #[command(subcommand)]
    Birthday(birthday::Command),
    #[command(subcommand)]
    Task(task::Command),
    #[command(subcommand)]
    Optout(opt_out::Command),
    #[command(subcommand)]
    Rule(rule::Command),
    #[command(subcommand)]
    Collection(collection::Command),
    #[command(subcommand)]
    Hold(hold::Command),
    #[command(subcommand)]
    Incident(incident::Command),
    #[command(subcommand)]
    Notice(notice::Command),
    #[command(subcommand)]
    Evidence(evidence::Command),
    #[command(subcommand)]
    Client(client::Command),
    #[command(subcommand)]
    Ticket(ticket::Command),
    #[command(subcommand)]
    Trigger(trigger::Command),
    Sync(sync::Command),
    Status(status::Command),
    Stats(stats::Command),
    Dashboard(dashboard::Command),
    Metrics(metrics::Command),
    Doctor(doctor::Command),
    Backup(backup::Command),
    Restore(restore::Command),
    #[command(subcommand)]
    Omnichannel(omnichannel::Command),
    #[command(subcommand)]
    Receipts(receipts::Command),
    Receive(receive::Command),
    #[command(subcommand)]
    Whatsapp(receipts::Whatsapp),
    Apply(apply::Apply),
    Export(apply::Export),
    Init(init::Command),
    Demo(demo::Command),
    Completions(shell::Completions),
    #[command(hide = true)]
    Complete(shell::Complete),
    Man(shell::Man),
}

impl Command {
    /// Whether `-o FILE` says where its document goes.
    const fn writes_a_document(&self) -> bool {
        matches!(
            self,
            Self::Notice(notice::Command::Proof(_)) | Self::Client(client::Command::Export { .. })
        )
    }
}

/// Runs the program: the arguments with its own name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(arguments))
}

/// The whole command line, with an example in every help.
fn command() -> clap::Command {
    speech::told(examples::taught(Cli::command()))
}

/// What the command line says. Other commands, examples and translations are for helps and errors: only for those
/// is the command line put together whole.
fn matches(arguments: Vec<OsString>) -> Result<clap::ArgMatches, clap::Error> {
    // It lives as long as the run: to take it apart would cost as much as it did to put it together.
    let lean = Box::leak(Box::new(lean::lean(&arguments)));
    lean.try_get_matches_from_mut(&arguments)
        .or_else(|_| command().try_get_matches_from(arguments))
}

/// An argument in the form in which texts are kept, however its accents were typed; one that names a
/// file stays as the file is called.
fn normal(argument: OsString) -> OsString {
    let Some(text) = argument.to_str() else {
        return argument;
    };
    let path = text.rsplit(['=', '@']).next().unwrap_or(text);
    match nfc(text) {
        Cow::Owned(normal) if !Path::new(path).exists() => normal.into(),
        _ => argument,
    }
}

/// Runs the program and answers its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().map(normal).collect();
    language::choose(speech::asked(&arguments));
    if let [_, only] = arguments.as_slice()
        && (only == "--version" || only == "-V")
    {
        return face::version();
    }
    let logs = arguments.iter().any(|word| word == "--log-json");
    let parsed = matches(arguments).and_then(|matches| {
        let only_reads = reading::only_reads(&matches);
        Ok((Cli::from_arg_matches(&matches)?, only_reads))
    });
    let (mut cli, only_reads) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return misread(&error, logs),
    };
    let out = paper(&cli.global);
    if let Err(error) = one_form(&cli.global).and_then(|()| cli.global.complete()) {
        out.error(&error);
        return error.kind.exit_code();
    }
    let from_cron = matches!(cli.command, Command::Task(task::Command::RunDue));
    match dispatch(cli, only_reads, out) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            match error.kind {
                ErrorKind::BrokenPipe => {}
                // What cron mails is one line.
                kind if from_cron => out.error(&Error::new(kind, error.on_one_line())),
                _ => out.error(&error),
            }
            error.kind.exit_code()
        }
    }
}

/// Shows why the command line was not understood, or the help; the exit code.
fn misread(error: &clap::Error, logs: bool) -> u8 {
    if !error.use_stderr() {
        // Help and version go to standard output and are no error.
        let _ = error.print();
        return 0;
    }
    let said = error.to_string();
    // What the standard library says of a text that is no number, nobody who types it should read.
    let no_number = std::error::Error::source(error).filter(|source| source.is::<ParseIntError>());
    let told = match no_number {
        Some(rust) => said.replace(&rust.to_string(), "write a whole number"),
        None => said.clone(),
    };
    if logs {
        let out = Out::new(Format::Table, Talk::Normal, Colour::Never).logging(stamp);
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        let told = lines.join(" ");
        out.error(&Error::usage(told.trim_start_matches("error:").trim()));
    } else if told == said
        && harmless::is_harmless(&told)
        && language::spoken() == Language::English
    {
        let _ = error.print();
    } else {
        // A word of the command line may come from anywhere.
        let out = Out::new(Format::Table, Talk::Normal, Colour::Never);
        for line in told.lines() {
            out.complain(line);
        }
    }
    ErrorKind::Usage.exit_code()
}

/// The file that a command's document goes to, if `-o` names one.
fn document(output: Option<&Output>, command: &Command) -> Result<Option<PathBuf>> {
    match output {
        Some(Output::File(file)) if command.writes_a_document() => Ok(Some(file.clone())),
        Some(Output::File(file)) => Err(Error::usage(format!(
            "-o {}: this command writes no document",
            file.display()
        ))
        .hint("-o table, json, jsonl or csv; > FILE keeps the answer in a file")),
        Some(Output::Form(_)) | None => Ok(None),
    }
}

fn dispatch(cli: Cli, only_reads: bool, out: Out) -> Result<Outcome> {
    // These need neither a configuration nor a database.
    match &cli.command {
        Command::Completions(command) => return command.run(out, &mut self::command()),
        Command::Complete(command) => return command.run(out, &mut self::command()),
        Command::Man(command) => return command.run(out, self::command()),
        Command::Demo(command) => return demo::run(command, out),
        Command::Init(command) => {
            let context = init::run(command, &cli.global, out)?;
            return context.map_or(Ok(Outcome::Done), |context| doctor::run(&context));
        }
        _ => {}
    }
    let global = &cli.global;
    let context = Context::new(
        global.config.as_deref(),
        global.db.clone(),
        global.now.as_deref(),
        out,
    );
    let mut context = match (context, &cli.command) {
        (Err(error), Command::Doctor(_)) if error.kind == ErrorKind::Unacceptable => {
            return doctor::run_without_configuration(out, &error);
        }
        (Err(error), Command::Receive(_)) => {
            return Ok(receive::run_without_configuration(out, error));
        }
        (context, _) => context?,
    };
    let context = &mut context;
    context.only_reads = only_reads;
    context.document = document(global.output.as_ref(), &cli.command)?;
    // What cron calls each minute, or a socket for each request, says nothing when all is well.
    context.silent = matches!(
        cli.command,
        Command::Task(task::Command::RunDue) | Command::Receive(_)
    );
    if !context.silent {
        context.warn();
    }
    match cli.command {
        Command::Import(command) => import::run(&command, context),
        Command::Template(command) => template::run(command, context),
        Command::Report(command) => report::run(command, context),
        Command::Send(command) => send::run(command, context),
        Command::Queue(command) => queue::run(command, context),
        Command::History(command) => history::run(&command, context),
        Command::Birthday(command) => birthday::run(&command, context),
        Command::Task(command) => task::run(command, context),
        Command::Optout(command) => opt_out::run(&command, context),
        Command::Rule(command) => rule::run(&command, context),
        Command::Collection(command) => collection::run(&command, context),
        Command::Hold(command) => hold::run(&command, context),
        Command::Incident(command) => incident::run(command, context),
        Command::Notice(command) => notice::run(&command, context),
        Command::Client(command) => client::run(&command, context),
        Command::Evidence(command) => evidence::run(&command, context),
        Command::Ticket(command) => ticket::run(command, context),
        Command::Trigger(command) => trigger::run(command, context),
        Command::Sync(command) => sync::run(&command, context),
        Command::Status(command) => status::run(&command, context),
        Command::Stats(command) => stats::run(&command, context),
        Command::Dashboard(command) => dashboard::run(&command, cli.global.lang, context),
        Command::Metrics(command) => metrics::run(&command, context),
        Command::Doctor(_) => doctor::run(context),
        Command::Backup(command) => backup::run(&command, context),
        Command::Restore(command) => restore::run(&command, context),
        Command::Omnichannel(command) => omnichannel::run(&command, context),
        Command::Receive(_) => Ok(receive::run(context)),
        Command::Receipts(command) => receipts::run(&command, context),
        Command::Whatsapp(command) => receipts::run_whatsapp(&command, context),
        Command::Apply(command) => apply::run(&command, context),
        Command::Export(command) => apply::run_export(&command, context),
        Command::Init(_)
        | Command::Demo(_)
        | Command::Completions(_)
        | Command::Complete(_)
        | Command::Man(_) => Err(Error::usage("this command was run already")),
    }
}
