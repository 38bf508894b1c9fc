//! The commands, one file each: its flags, the call to the job, and how the answer looks.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::domain::text::nfc;
use crate::error::{Error, ErrorKind, Result};
use crate::view::{Colour, Format, Out, Talk};

mod apply;
mod arguments;
mod backup;
mod birthday;
mod collection;
mod context;
mod demo;
mod doctor;
mod examples;
mod face;
mod history;
mod hold;
mod import;
mod omnichannel;
mod opt_out;
mod queue;
mod reading;
mod report;
mod restore;
mod rule;
mod send;
mod shell;
mod signals;
mod sync;
mod task;
mod template;
mod ticket;
mod trigger;
mod whatsapp;

pub use context::Context;

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

/// What every command understands, before or after its name.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Configuration file [default: ./config.toml, then the user's, then /etc/regua/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "REGUA_CONFIG")]
    config: Option<PathBuf>,
    /// Database, in place of the configuration's
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Form of the answer [default: table]
    #[arg(short, long, global = true, value_enum, value_name = "FORM")]
    output: Option<OutputForm>,
    /// The same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// Date and time to work with, in place of now
    #[arg(long, global = true, value_name = "DATE-TIME", env = "REGUA_NOW")]
    now: Option<String>,
    /// Colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: ColourWhen,
    /// Say errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputForm {
    /// Columns for people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// CSV with a header
    Csv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColourWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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
    Ticket(ticket::Command),
    #[command(subcommand)]
    Trigger(trigger::Command),
    Sync(sync::Command),
    Doctor(doctor::Command),
    Backup(backup::Command),
    Restore(restore::Command),
    #[command(subcommand)]
    Omnichannel(omnichannel::Command),
    #[command(subcommand)]
    Whatsapp(whatsapp::Command),
    Apply(apply::Apply),
    Export(apply::Export),
    Demo(demo::Command),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// How a command ended when nothing went wrong with the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done (exit 0).
    Done,
    /// Done, but some messages or rows failed for good or ended unknown (exit 1).
    SomeFailed,
    /// Something given is not acceptable, and the answer says what (exit 3).
    Unacceptable,
    /// A provider or the network failed, and the answer says what (exit 4).
    WorldFailed,
    /// Another run holds a lock, and the answer says which (exit 5).
    Locked,
    /// `apply --check` found changes (exit 6).
    Changes,
    /// Stopped by this signal (exit 128 and its number).
    Stopped(u8),
}

impl Outcome {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 1,
            Self::Unacceptable => ErrorKind::Unacceptable.exit_code(),
            Self::WorldFailed => ErrorKind::World.exit_code(),
            Self::Locked => ErrorKind::Locked.exit_code(),
            Self::Changes => 6,
            Self::Stopped(signal) => 128 + signal,
        }
    }
}

/// Runs the program: the arguments with its own name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(arguments))
}

/// The whole command line, with an example in every help.
fn command() -> clap::Command {
    examples::taught(Cli::command())
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
    let parsed = command()
        .try_get_matches_from(arguments.into_iter().map(normal))
        .and_then(|matches| {
            let only_reads = reading::only_reads(&matches);
            Ok((Cli::from_arg_matches(&matches)?, only_reads))
        });
    let (cli, only_reads) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let _ = error.print();
            return if error.use_stderr() {
                ErrorKind::Usage.exit_code()
            } else {
                0
            };
        }
    };
    let out = paper(&cli.global);
    // The parser sees this only where both stand on one side of the command.
    if cli.global.json && cli.global.output.is_some() {
        out.error(&Error::usage("--json and -o ask for two forms").hint("give one of them"));
        return ErrorKind::Usage.exit_code();
    }
    match dispatch(cli, only_reads, out) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            if error.kind != ErrorKind::BrokenPipe {
                out.error(&error);
            }
            error.kind.exit_code()
        }
    }
}

fn paper(global: &Global) -> Out {
    let format = match global.output {
        _ if global.json => Format::Json,
        None | Some(OutputForm::Table) => Format::Table,
        Some(OutputForm::Json) => Format::Json,
        Some(OutputForm::Jsonl) => Format::Jsonl,
        Some(OutputForm::Csv) => Format::Csv,
    };
    let talk = match (global.quiet, global.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let colour = match global.color {
        ColourWhen::Auto => Colour::Auto,
        ColourWhen::Always => Colour::Always,
        ColourWhen::Never => Colour::Never,
    };
    Out::new(format, talk, colour)
}

fn dispatch(cli: Cli, only_reads: bool, out: Out) -> Result<Outcome> {
    // These need neither a configuration nor a database.
    match &cli.command {
        Command::Completions(command) => return command.run(out, &mut self::command()),
        Command::Man(command) => return command.run(out, self::command()),
        Command::Demo(command) => return demo::run(command, out),
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
        (context, _) => context?,
    };
    let context = &mut context;
    context.only_reads = only_reads;
    // What cron calls each minute says nothing when nothing is due.
    context.silent = matches!(cli.command, Command::Task(task::Command::RunDue));
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
        Command::Ticket(command) => ticket::run(command, context),
        Command::Trigger(command) => trigger::run(command, context),
        Command::Sync(command) => sync::run(&command, context),
        Command::Doctor(_) => doctor::run(context),
        Command::Backup(command) => backup::run(&command, context),
        Command::Restore(command) => restore::run(&command, context),
        Command::Omnichannel(command) => omnichannel::run(&command, context),
        Command::Whatsapp(command) => whatsapp::run(&command, context),
        Command::Apply(command) => apply::run(&command, context),
        Command::Export(command) => apply::run_export(&command, context),
        Command::Demo(_) | Command::Completions(_) | Command::Man(_) => {
            Err(Error::usage("this command was run already"))
        }
    }
}
