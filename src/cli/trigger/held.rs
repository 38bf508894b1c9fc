//! `regua trigger release` and `drop`: what becomes of changes of access that were held back.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::{Context, Outcome, face};
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::jobs::access::{self as job, AccessSummary};
use crate::jobs::deliver::Delivery;
use crate::store::Store;
use crate::store::access::{self as store, HeldBack};
use crate::view::View;

/// What is held back, told after all.
#[derive(Debug, Args)]
pub(in crate::cli) struct Release {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Shows what is held back and, when a person agrees, tells of it.
pub(super) fn release(release: &Release, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let changes = tell_held(context, &saved)?;
    if changes > 0 && !release.yes && !agreed(context, changes)? {
        return Ok(Outcome::Done);
    }
    let summary = job::release(&mut saved, &context.config, context.now())?;
    // A release that was cut short left its messages in the queue: the same again goes on.
    let waiting = store::waiting(saved.connection(), context.now().at)?;
    let channels: BTreeSet<Channel> = summary.channels.iter().copied().chain(waiting).collect();
    let at_once = channels.iter().copied().filter(|c| c.goes_at_once());
    let at_once: Vec<Channel> = at_once.collect();
    let (delivery, signal) = if at_once.is_empty() {
        (Delivery::default(), None)
    } else {
        face::deliver_now(context, &mut saved, &at_once)?
    };
    face::tell_delivery(context, &delivery);
    for channel in channels.iter().filter(|c| !c.goes_at_once()) {
        face::warn_unforwarded(context, &saved, *channel)?;
    }
    if summary.unheard > 0 {
        context.out.warn(format!(
            "{} of them no trigger hears of any more: nobody is told of those",
            summary.unheard
        ));
    }
    answer(context, &summary)?;
    Ok(face::outcome_of(&delivery, signal, delivery.some_failed()))
}

/// Says on standard error what is held back; how many changes.
fn tell_held(context: &Context, saved: &Store) -> Result<u64> {
    let held = store::held_back(saved.connection())?;
    for HeldBack {
        from,
        to,
        changes,
        since,
    } in &held
    {
        let since = since.map_or_else(String::new, |at| {
            format!(", since {}", context.now().iso(at))
        });
        context
            .out
            .say(format!("held back: {changes} from {from} to {to}{since}"));
    }
    Ok(held.iter().map(|held| held.changes).sum())
}

fn agreed(context: &Context, changes: u64) -> Result<bool> {
    if !context.out.interactive() {
        return Err(
            Error::usage("nobody can be asked here; nothing was released")
                .hint("--yes to tell of them without asking, or regua trigger drop"),
        );
    }
    let yes = context
        .out
        .ask(&format!("Tell of {changes} changes of access?"))?;
    if !yes {
        context.out.say("nothing was released");
    }
    Ok(yes)
}

fn answer(context: &Context, summary: &AccessSummary) -> Result<()> {
    let document = json!({
        "changes": summary.changes,
        "unheard": summary.unheard,
        "queued": summary.queued,
        "skipped": summary.skipped.values().sum::<u64>(),
        "reasons": face::counts(&summary.skipped),
    });
    if context.out.document(&document)? {
        return Ok(());
    }
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    rows.insert("messages".to_owned(), summary.queued);
    for (reason, n) in &summary.skipped {
        rows.insert(reason.to_string(), *n);
    }
    let mut list = context.out.list(face::counted("outcome", "messages"));
    for row in rows.into_iter().filter(|(_, n)| *n > 0) {
        list.row(&row)?;
    }
    list.finish(&format!("released: {} changes of access", summary.changes))
}

/// Drops what is held back: nobody is told.
pub(super) fn drop_held(context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    tell_held(context, &saved)?;
    let dropped = saved.write(|transaction| store::drop_held(transaction))?;
    let view = View::<u64>::new()
        .words("done", |_| "dropped")
        .number("changes", |n| *n);
    let words = format!("dropped: {dropped} changes of access; nobody is told of them");
    face::done(context, view, &dropped, words)?;
    Ok(Outcome::Done)
}
