//! `regua restore`: a backup in place of the database.

use std::path::PathBuf;

use clap::Args;

use super::{Context, Outcome, face};
use crate::error::Result;
use crate::jobs::restore::{self, BackupContents, Restored};
use crate::store::restore::CarriedOver;
use crate::view::{Cell, View};

/// Put a backup in place of the database, so that nobody is told twice.
#[derive(Debug, Args)]
#[command(
    after_help = "Never copy a backup over the database: what was queued in it may have been delivered since, and\n\
        would go again. Here it becomes `unknown`, and waits for `regua queue retry --unknown`; what the replaced\n\
        file knows of messages and events that were told since is kept. Where that file is gone or broken, today\n\
        counts as done (rules, sends, birthdays), and every task is disabled until you enable it.\n\
        The replaced file is kept beside the database. Nobody else may be working meanwhile: stop cron first.\n\n\
        Examples:\n  regua restore --check backups/regua-2026-11-21-0300.db\n  \
        regua restore backups/regua-2026-11-21-0300.db"
)]
pub(super) struct Command {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What was queued in it stays queued, and is sent: only when it was certainly not delivered since
    #[arg(long, conflicts_with = "check")]
    resend: bool,
    /// Only look whether it can be restored
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    if command.check {
        let checked = restore::check(&command.file)?;
        let words = format!("{} is whole and can be restored", checked.file.display());
        context.out.one(checked_view(context), &checked)?;
        context.out.say(words);
        return Ok(Outcome::Done);
    }
    let now = context.now();
    let restored = restore::restore(context.database(), &command.file, command.resend, now)?;
    context.out.one(view(), &restored)?;
    tell(context, &restored);
    Ok(Outcome::Done)
}

fn checked_view(context: &Context) -> View<'_, BackupContents> {
    View::<BackupContents>::new()
        .words("file", |checked| Cell::of(checked.file.display()))
        .number("version", |checked| checked.version)
        .number("clients", |checked| checked.clients)
        .number("messages", |checked| checked.messages)
        .words("latest", |checked| face::instant(context, checked.latest))
}

fn view<'a>() -> View<'a, Restored> {
    View::<Restored>::new()
        .words("database", |done| Cell::of(done.database.display()))
        .words("file", |done| Cell::of(done.backup.file.display()))
        .words("replaced", |done| {
            done.replaced
                .as_ref()
                .map_or(Cell::Null, |kept| Cell::of(kept.display()))
        })
        .words("read", |done| done.carried_over.is_some())
        .number("unknown", |done| done.on_their_way.unknown)
        .number("queued", |done| done.on_their_way.queued)
        .number("spent_keys", |done| carried(done).keys)
        .number("spent_events", |done| carried(done).events)
        .number("opt_outs", |done| carried(done).opt_outs)
        .number("holds", |done| carried(done).holds)
        .number("never_sent", |done| carried(done).never_sent)
        .number("disabled_tasks", |done| done.disabled_tasks)
}

fn carried(done: &Restored) -> CarriedOver {
    done.carried_over.unwrap_or_default()
}

/// What a person has to know or do now.
fn tell(context: &Context, done: &Restored) {
    let out = &context.out;
    if done.on_their_way.unknown > 0 {
        out.warn(format!(
            "messages that may have been delivered since the backup: {}; \
             `regua queue list --unknown` lists them, `regua queue retry --unknown` sends them again",
            done.on_their_way.unknown
        ));
    }
    match &done.carried_over {
        Some(carried) if carried.never_sent > 0 => out.warn(format!(
            "messages that waited in the replaced file and were never sent: {}; \
             run again what made them",
            carried.never_sent
        )),
        Some(_) => {}
        None => out.warn(
            "what was sent since the backup cannot be read: today counts as done for every rule, \
             send and birthday, and every task is disabled; `regua task enable NAME` when you have looked",
        ),
    }
    out.say("bring the book up to date before anything is sent: regua sync, or regua import");
}
