//! `regua backup`: a copy of the database, by hand.

use std::path::PathBuf;

use clap::Args;

use super::{Context, Outcome};
use crate::error::Result;
use crate::jobs::backup::{self, BackupSummary};
use crate::view::{Cell, View};

/// Copy the whole database to a dated file, while others work with it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without DIR it goes to [backup] folder, and the oldest beyond `keep` are deleted, as the task does.\n\
        A copy is put back with `regua restore`, never by copying it over the database.\n\n\
        Examples:\n  regua backup\n  regua backup /mnt/stick"
)]
pub(super) struct Command {
    /// Into this folder; nothing there is deleted
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let store = context.open()?;
    let now = context.now();
    let summary = match &command.folder {
        Some(folder) => backup::into(&store, folder, now)?,
        None => backup::run(&store, &context.config, now)?,
    };
    context.out.one(view(), &summary)?;
    Ok(Outcome::Done)
}

fn view<'a>() -> View<'a, BackupSummary> {
    View::<BackupSummary>::new()
        .words("file", |made| Cell::of(made.file.display()))
        .number("bytes", |made| made.bytes)
        .number("removed", |made| made.removed)
}
