//! The commands, one file each: its flags, the call to the job, and how the answer looks.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::domain::text::nfc;
use crate::error::{Error, ErrorKind, Result};
use crate::view::{Colour, Format, Language, Out, Spreadsheet, Talk, harmless, language};

mod apply;
mod arguments;
mod backup;
mod birthday;
mod by_hand;
mod client;
mod collection;
mod context;
mod demo;
mod doctor;
mod evidence;
mod examples;
mod face;
mod history;
mod hold;
mod import;
mod incident;
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
mod status;
mod sync;
mod task;
mod template;
mod ticket;
mod trigger;

pub use context::Context;
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

/// What every command understands, before or after its name.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Configuration file [default: REGUA_CONFIG, ./config.toml, the user's, /etc/regua/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database, in place of the configuration's
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Form of the answer [default: table]; of a document, the file to write it to
    #[arg(short, long, global = true, value_parser = OutputParser, value_name = "FORM")]
    output: Option<Output>,
    /// The same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// The same as -o csv, in this manner
    #[arg(long, global = true, value_enum, value_name = "MANNER")]
    csv: Option<CsvManner>,
    /// In CSV, leave texts as they are that a spreadsheet would take for a formula
    #[arg(long, global = true)]
    raw: bool,
    /// Date and time to work with [default: REGUA_NOW, else now]
    #[arg(long, global = true, value_name = "DATE-TIME")]
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
    /// Language of what is said [default: REGUA_LANG, else the locale's]
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    lang: Option<Speech>,
    /// Say errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    verbose: bool,
}

/// What `-o` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Output {
    /// An answer in this form.
    Form(OutputForm),
    /// A document, in this file.
    File(PathBuf),
}

/// Reads `-o`: a form, or what is plainly the path of a file.
#[derive(Clone)]
struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Output, clap::Error> {
        let text = value.to_string_lossy();
        if text.contains(['.', '/']) {
            return Ok(Output::File(PathBuf::from(value)));
        }
        let form = EnumValueParser::<OutputForm>::new().parse_ref(command, argument, value)?;
        Ok(Output::Form(form))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let forms = OutputForm::value_variants().iter();
        Some(Box::new(forms.filter_map(ValueEnum::to_possible_value)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CsvManner {
    /// Commas between cells, decimal points, days as 2026-11-23
    Plain,
    /// For a spreadsheet in Portuguese: semicolons, decimal commas, days as 23/11/2026
    Br,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Speech {
    /// Portuguese
    Pt,
    /// English
    En,
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
    Demo(demo::Command),
    Completions(shell::Completions),
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

/// What the command line says. Examples and translations are for helps and errors: only for those is the
/// command line put together whole.
fn matches(arguments: Vec<OsString>) -> Result<clap::ArgMatches, clap::Error> {
    // It lives as long as the run: to take it apart would cost as much as it did to put it together.
    let bare = Box::leak(Box::new(Cli::command()));
    bare.try_get_matches_from_mut(&arguments)
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
    let parsed = matches(arguments).and_then(|matches| {
        let only_reads = reading::only_reads(&matches);
        Ok((Cli::from_arg_matches(&matches)?, only_reads))
    });
    let (mut cli, only_reads) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return misread(&error),
    };
    let out = paper(&cli.global);
    if let Err(error) = one_form(&cli.global).and_then(|()| cli.global.complete()) {
        out.error(&error);
        return error.kind.exit_code();
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

impl Global {
    /// Takes from the environment what the command line leaves open. The parser does not: a variable
    /// that is set would count as a word given, and a bare command would be an error and not its help.
    fn complete(&mut self) -> Result<()> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if self.config.is_none() {
            self.config = set("REGUA_CONFIG").map(PathBuf::from);
        }
        if self.now.is_none()
            && let Some(now) = set("REGUA_NOW")
        {
            let now = now.into_string().map_err(|now| {
                Error::usage(format!("REGUA_NOW is `{}`", now.display()))
                    .hint("a date and time, such as 2026-11-21T09:00")
            })?;
            self.now = Some(now);
        }
        Ok(())
    }
}

/// Shows why the command line was not understood, or the help; the exit code.
fn misread(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        // Help and version go to standard output and are no error.
        let _ = error.print();
        return 0;
    }
    let told = error.to_string();
    if harmless::is_harmless(&told) && language::spoken() == Language::English {
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

/// Refuses two forms of one answer. The parser sees them only where both stand on one side of the command.
fn one_form(global: &Global) -> Result<()> {
    let two = |what: &str| Err(Error::usage(what).hint("give one of them"));
    if global.json && global.output.is_some() {
        return two("--json and -o ask for two forms");
    }
    let other = global
        .output
        .as_ref()
        .is_some_and(|output| !matches!(output, Output::Form(OutputForm::Csv)));
    if global.csv.is_some() && (global.json || other) {
        return two("--csv and the form asked for beside it are two forms");
    }
    Ok(())
}

fn paper(global: &Global) -> Out {
    let form = match global.output {
        Some(Output::Form(form)) => Some(form),
        Some(Output::File(_)) | None => None,
    };
    let format = match form {
        _ if global.json => Format::Json,
        _ if global.csv.is_some() => Format::Csv,
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
    Out::new(format, talk, colour).with_spreadsheet(Spreadsheet {
        brazilian: global.csv == Some(CsvManner::Br),
        raw: global.raw,
    })
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
        Command::Demo(_) | Command::Completions(_) | Command::Man(_) => {
            Err(Error::usage("this command was run already"))
        }
    }
}
