//! `regua queue share`, `gather` and `work`: the queue that several hosts deliver.

use std::time::Duration;

use serde_json::json;

use super::super::signals::Listener;
use super::super::{Context, Outcome, face};
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
use crate::jobs::share::{self, BroughtHome, HostWork, Planner};
use crate::store::queue::Stat;
use crate::view::{Format, View};

/// Hands over what is due to the hosts.
pub(super) fn share(setup: bool, take_over: bool, context: &Context) -> Result<Outcome> {
    let listener = Listener::start()?;
    let mut saved = context.open()?;
    let mut planner = Planner::come(
        &mut saved,
        &context.config,
        &context.clock,
        (setup, take_over),
    )?;
    if setup {
        context
            .out
            .say("the shared queue is set up, and this database plans it");
    }
    let delivery = planner.share(Channel::ALL, &listener.stop, &mut |_, _, _| {})?;
    drop(planner);
    face::tell_delivery(context, &delivery);
    super::answer(context, &delivery)?;
    Ok(face::outcome_of(&delivery, listener.outcome(), false))
}

/// Brings home what became of messages that the hosts delivered.
pub(super) fn gather(context: &Context) -> Result<Outcome> {
    let listener = Listener::start()?;
    let mut saved = context.open()?;
    let mut planner = Planner::come(&mut saved, &context.config, &context.clock, (false, false))?;
    let gathered = planner.gather(&listener.stop)?;
    let view = View::<BroughtHome>::new()
        .number("sent", |gathered| gathered.sent)
        .number("failed", |gathered| gathered.failed)
        .number("skipped", |gathered| gathered.skipped)
        .number("later", |gathered| gathered.later)
        .number("unknown", |gathered| gathered.unknown)
        .number("back", |gathered| gathered.back)
        .number("receipts", |gathered| gathered.receipts);
    let BroughtHome {
        sent,
        failed,
        skipped,
        later,
        unknown,
        back,
        receipts,
    } = gathered;
    let words = format!(
        "{sent} sent, {failed} failed, {skipped} skipped, {later} to be tried again later, {unknown} unknown, {back} back in the queue, {receipts} receipts"
    );
    face::done(context, view, &gathered, words)?;
    Ok(match listener.outcome() {
        Some(outcome) => outcome,
        None if failed + unknown > 0 => Outcome::SomeFailed,
        None => Outcome::Done,
    })
}

/// Delivers what the planner handed over.
pub(super) fn work(
    channels: &[Channel],
    seconds: Option<u64>,
    context: &Context,
) -> Result<Outcome> {
    let listener = Listener::start()?;
    let asked = HostWork {
        channels: if channels.is_empty() {
            Channel::ALL
        } else {
            channels
        },
        time: seconds.map(Duration::from_secs),
    };
    let delivery = share::work(&context.config, asked, &listener.stop)?;
    face::tell_delivery(context, &delivery);
    super::answer(context, &delivery)?;
    let failed = delivery.some_failed();
    Ok(face::outcome_of(&delivery, listener.outcome(), failed))
}

/// What waits, by channel, and what each host does.
pub(super) fn stats(context: &Context, view: View<'_, Stat>, stats: &[Stat]) -> Result<Outcome> {
    let view = view.number("shared", |stat| stat.shared);
    let standing = share::standing(&context.config)?;
    let hosts = face::hosts_view(context);
    let document = json!({
        "queue": view.array(stats),
        "hosts": hosts.array(&standing.hosts),
    });
    if context.out.document(&document)? {
        return Ok(Outcome::Done);
    }
    if context.out.format() == Format::Csv {
        context.out.all(view, stats)?;
        return Ok(Outcome::Done);
    }
    context.out.all(view, stats)?;
    context.out.text("\nHosts")?;
    if standing.hosts.is_empty() {
        context.out.text("  no host has come yet")?;
    } else {
        context.out.all(hosts, &standing.hosts)?;
    }
    Ok(Outcome::Done)
}
