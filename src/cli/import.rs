//! `regua import`: the ERP's files into the book.

use std::path::PathBuf;

use clap::Args;

use super::arguments::{share, word};
use super::{Context, Outcome, face};
use crate::domain::book::FactKind;
use crate::domain::percent::Percent;
use crate::error::{Error, Flaw, Result, did_you_mean};
use crate::jobs::access::AccessSummary;
use crate::jobs::import::{self, ImportRequest, Imported, Reporter};
use crate::source::encoding::Encoding;
use crate::source::{self, Reading};
use crate::view::{Cell, Out, Progress, View};

/// Import the ERP's facts: one file of a kind, or a folder of files named by kind.
#[derive(Debug, Args)]
#[command(
    after_help = "Kinds: clients contracts invoices logins devices staff topics tickets opt-outs block-lists.\n\
        Files are CSV with a header row (, or ; between cells, UTF-8, Latin-1 or CP850) or JSON Lines.\n\
        A file is taken whole or not at all; rows are added or changed by their key.\n\
        Case, accents, spaces and underscores of headings do not count; [import.clients] name = \"…\"\n\
        in the configuration maps a file's own headings.\n\n\
        Examples:\n  \
        regua import ./export                  clients.csv, contracts.csv, invoices.csv… in one transaction\n  \
        regua import invoices today.csv\n  \
        regua import block-lists procon.csv    list, phone, since: each list that stands there is replaced\n  \
        zcat clients.csv.gz | regua import clients -\n  \
        regua import clients erp.csv --skip-bad bad.csv --ignore-unknown\n  \
        regua import clients grid.csv --empty-bad\n  \
        regua import clients all.csv --replace      who is not in it is gone (unless a sync brings them)"
)]
pub(super) struct Command {
    /// A kind, followed by its file; or a folder
    #[arg(value_name = "KIND|DIR")]
    what: String,
    /// CSV or JSON Lines; - is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Take the good rows, and write the bad ones with their reasons here (a folder when importing one)
    #[arg(long, value_name = "FILE")]
    skip_bad: Option<PathBuf>,
    /// Pass over columns that the kind does not have
    #[arg(long)]
    ignore_unknown: bool,
    /// Empty a cell that cannot be read, where its column may be empty, rather than refuse its row
    #[arg(long)]
    empty_bad: bool,
    /// The file is the whole: rows that files brought before and that are not in it are gone
    #[arg(long)]
    replace: bool,
    /// With --replace, the most that may be gone of a kind, instead of what [sync] most_gone says
    #[arg(long, value_name = "SHARE", value_parser = share, requires = "replace")]
    most_gone: Option<Percent>,
    /// Know the headings of this program's exports, such as --preset ixc: its grids
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// How the letters are written: utf-8, latin1, cp850; otherwise as they look
    #[arg(long, value_name = "NAME", value_parser = word::<Encoding>)]
    encoding: Option<Encoding>,
}

struct Told<'a> {
    out: &'a Out,
    bar: Option<(String, Progress)>,
}

impl Reporter for Told<'_> {
    fn bad_row(&mut self, problem: &Flaw) {
        self.out.complain_of("", problem);
    }

    fn emptied(&mut self, problem: &Flaw) {
        self.out.say_flaw("warning: emptied: ", problem);
    }

    fn progress(&mut self, file: &str, size: u64, read: u64) {
        if self.bar.as_ref().is_none_or(|(shown, _)| shown != file) {
            self.bar = Some((file.to_owned(), self.out.progress(file, size, true)));
        }
        if let Some((_, bar)) = &mut self.bar {
            bar.at(read);
        }
    }
}

/// The files meant, each with its kind.
fn files(command: &Command) -> Result<Vec<(&'static FactKind, PathBuf)>> {
    match (&command.file, FactKind::typed(&command.what)) {
        (Some(file), Some(kind)) => Ok(vec![(kind, file.clone())]),
        (None, None) if PathBuf::from(&command.what).is_dir() => {
            import::folder(&PathBuf::from(&command.what), command.ignore_unknown)
        }
        (None, Some(kind)) => Err(Error::usage(format!("which file of {}?", kind.name)).hint(
            format!("regua import {} FILE (- is standard input)", kind.name),
        )),
        (_, None) => {
            let known = FactKind::names();
            let message = if command.file.is_some() {
                format!("`{}` is not a kind", command.what)
            } else {
                format!("`{}` is neither a kind nor a folder", command.what)
            };
            let hint = did_you_mean(&command.what, known.iter().copied())
                .unwrap_or_else(|| format!("one of: {}", known.join(", ")));
            Err(Error::usage(message).hint(hint))
        }
    }
}

/// Says how a file was read, and what was emptied in it.
fn tell_of(file: &Imported, command: &Command, out: &Out) {
    if let Some(encoding) = file.encoding {
        let told = format!("{} was read as {}", file.file, encoding.called());
        out.say(match command.encoding {
            Some(_) => told,
            None => format!("{told} (--encoding says otherwise)"),
        });
    }
    if file.erased > 0 {
        let rows = format!(
            "rows of clients whose data was erased, passed over: {}",
            file.erased
        );
        out.say(format!("{}: {rows}", file.file));
    }
    if file.gone > 0 {
        let rows = format!(
            "rows of {} that are gone, in no report and told nothing until they are back: {}",
            file.kind, file.gone
        );
        out.say(format!("{}: {rows}", file.file));
    }
    if file.emptied > 0 {
        let cells = format!(
            "cells that could not be read and were emptied: {}",
            file.emptied
        );
        out.say(format!("{}: {cells}", file.file));
    }
}

/// Refuses to take rows as gone of a kind whose rows never are.
fn may_be_gone(command: &Command, request: &ImportRequest) -> Result<()> {
    match request.files.as_slice() {
        [(kind, _)] if command.replace && !kind.can_be_gone() => Err(Error::usage(format!(
            "{} are never taken as gone",
            kind.name
        ))
        .hint(format!("import {} without --replace", kind.name))),
        _ => Ok(()),
    }
}

/// Says what changed of contracts' access.
fn tell_access(context: &Context, access: &AccessSummary) {
    if access.queued > 0 {
        context.out.say(format!(
            "changes of access: {}; their messages in the queue: {} (regua queue deliver sends them)",
            access.changes, access.queued
        ));
    }
    if let Some(note) = access.note(&context.config) {
        context.out.warn(note);
    }
}

/// What became of a file.
fn view() -> View<'static, Imported> {
    View::<Imported>::new()
        .words("kind", |file| file.kind)
        .words("file", |file| match file.file.as_str() {
            "standard input" => Cell::Said(file.file.clone()),
            path => Cell::of(path),
        })
        .number("rows", |file| file.rows)
        .number("new", |file| file.new)
        .number("updated", |file| file.updated)
        .number("bad", |file| file.bad)
        .data("gone", |file| file.gone)
        .data("emptied", |file| file.emptied)
        .data("erased", |file| file.erased)
        .number("seconds", |file| Cell::Measure(face::seconds(file.seconds)))
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let request = ImportRequest {
        files: files(command)?,
        reading: Reading {
            ignore_unknown: command.ignore_unknown,
            encoding: command.encoding,
            headings: match &command.preset {
                Some(name) => context
                    .config
                    .headings
                    .clone()
                    .with_preset(source::preset(name)?),
                None => context.config.headings.clone(),
            },
        },
        empty_bad: command.empty_bad,
        replace: command
            .replace
            .then(|| command.most_gone.unwrap_or(context.config.most_gone)),
        skip_bad: command.skip_bad.clone(),
    };
    may_be_gone(command, &request)?;
    let mut store = context.open()?;
    let mut told = Told {
        out: &context.out,
        bar: None,
    };
    let (config, clock) = (&context.config, &context.clock);
    let summary = import::import(&mut store, &request, config, clock, &mut told)?;
    drop(told);
    let imported = summary.files;
    for file in &imported {
        tell_of(file, command, &context.out);
    }
    tell_access(context, &summary.access);
    context.out.all(view(), &imported)?;
    let bad: u64 = imported.iter().map(|file| file.bad).sum();
    if bad == 0 {
        return Ok(Outcome::Done);
    }
    if let Some(target) = &command.skip_bad {
        context.out.warn(format!(
            "bad rows left out: {bad}; they are in {} with their reasons",
            target.display()
        ));
    }
    Ok(Outcome::SomeFailed)
}
