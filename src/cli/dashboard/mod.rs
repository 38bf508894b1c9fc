//! `regua dashboard`: how things stand and have gone, as one page to look at.

use std::path::{Path, PathBuf};

use clap::Args;

use super::global::Speech;
use super::{Context, Outcome, whole_file};
use crate::error::Result;
use crate::jobs::dashboard as job;
use crate::view::Language;
use crate::view::language::Translator;

mod cards;
mod figures;
mod page;

/// Write one page to look at: messages, reasons, the ladder, the days to come, queue and tasks
#[derive(Debug, Args)]
#[command(
    after_help = "The page is one file: no script, and nothing that it fetches. It is in Portuguese unless --lang en says\n\
        otherwise, names no client, and prints well. It is put in its place whole, so that a web server may show it.\n\n\
        Examples:\n  regua dashboard painel.html\n  \
        regua dashboard /var/www/html/regua/index.html --days 90 -q"
)]
pub(super) struct Command {
    /// The file; - is standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Messages of so many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
}

/// Runs the command. The page is in Portuguese unless the command line says English.
pub(super) fn run(command: &Command, lang: Option<Speech>, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let board = job::gather(
        store.connection(),
        &context.config,
        context.now(),
        command.days,
    )?;
    let language = match lang {
        Some(Speech::En) => Language::English,
        Some(Speech::Pt) | None => Language::Portuguese,
    };
    let company = context.config.company.name.as_deref();
    let page = page::write(&board, company, &Translator::of(language))?;
    if command.file == Path::new("-") {
        context.out.exact(page)?;
    } else {
        whole_file::put(&command.file, &page)?;
        context.out.say(format!("wrote {}", command.file.display()));
    }
    Ok(Outcome::Done)
}
