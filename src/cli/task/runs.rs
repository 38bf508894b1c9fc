//! `regua task run` and `run-due`: what is owed, run now.

use super::show::{counts_cell, message_cell};
use super::signals::Listener;
use super::{Context, Outcome, face, speech};
use crate::domain::task::RunOutcome;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::run_due::{self, Hands, Ran};
use crate::jobs::{alert, dispatch};
use crate::store::{Store, task as store};
use crate::view::{Cell, View};

/// Runs one task now, whatever its schedule.
pub(super) fn run_now(name: &str, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let task = store::get(saved.connection(), name)?;
    let Some(_lock) = run_due::lock(&saved)? else {
        return Err(Error::locked("another run of tasks is working")
            .hint("run it again when that has ended"));
    };
    let ((ran, _), signal) = with_hands(context, |hands| {
        let ran = run_due::run_one(&mut saved, hands, &task, None)?;
        // Whoever runs it by hand looks at it.
        Ok((vec![ran], Vec::new()))
    })?;
    answer(context, &ran)?;
    Ok(outcome_of(&ran, signal))
}

/// Runs what is due: what cron calls each minute.
pub(super) fn run_due(context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let Some(_lock) = run_due::lock(&saved)? else {
        context.out.explain("another run of tasks is working");
        return Ok(Outcome::Done);
    };
    if context.config.queue.shared.is_none() {
        return run_tasks(&mut saved, context);
    }
    with_hosts(&mut saved, context)
}

/// What the hosts of a shared queue did comes home first, and what waits is handed to them last.
fn with_hosts(saved: &mut Store, context: &Context) -> Result<Outcome> {
    let (config, clock) = (&context.config, &context.clock);
    let listener = Listener::start()?;
    let mut failed = None;
    let mut tell = |done: Result<()>| {
        if let Err(error) = done {
            context.out.error(&error);
            failed.get_or_insert(error.kind);
        }
    };
    tell(dispatch::begin(saved, config, clock, &listener.stop));
    let outcome = run_tasks(saved, context)?;
    if listener.stop.asked() == 0 {
        tell(dispatch::end(saved, config, clock, &listener.stop));
    }
    let outcome = listener.outcome().unwrap_or(outcome);
    Ok(match (outcome, failed) {
        (Outcome::Done | Outcome::SomeFailed, Some(ErrorKind::World)) => Outcome::WorldFailed,
        (Outcome::Done | Outcome::SomeFailed, Some(ErrorKind::Locked)) => Outcome::Locked,
        (Outcome::Done | Outcome::SomeFailed, Some(_)) => Outcome::Unacceptable,
        (outcome, _) => outcome,
    })
}

/// Runs the tasks that are owed a run, and alerts of what does not go well.
fn run_tasks(saved: &mut Store, context: &Context) -> Result<Outcome> {
    let run_due::Due { owed, left, missed } =
        run_due::owed(saved, &context.config, &context.clock)?;
    for name in left {
        context.out.error(&Error::world(format!(
            "task `{name}`: its process died three times; it is not begun again before its next minute"
        )));
    }
    for line in missed {
        context.out.error(&Error::world(line));
    }
    if owed.is_empty() {
        context.out.explain("nothing is due");
        if !run_due::has_more(saved, &context.config)? {
            return Ok(Outcome::Done);
        }
    }
    let ((ran, aside), signal) = with_hands(context, |hands| {
        let ran = run_due::run_owed(saved, hands, &owed)?;
        let mut aside = run_due::go_on(saved, hands, !ran.is_empty())?;
        aside.extend(alert::tell(saved, hands, !ran.is_empty())?);
        Ok((ran, aside))
    })?;
    if !owed.is_empty() {
        answer(context, &ran)?;
    }
    for line in &aside {
        context.out.error(&Error::world(line));
    }
    Ok(match outcome_of(&ran, signal) {
        Outcome::Done if !aside.is_empty() => Outcome::WorldFailed,
        outcome => outcome,
    })
}

/// What ran, and what is to be said of what was done besides.
type Work = (Vec<Ran>, Vec<String>);

/// Does something with a listener for signals and a bar for each channel.
fn with_hands(
    context: &Context,
    work: impl FnOnce(&mut Hands<'_>) -> Result<Work>,
) -> Result<(Work, Option<Outcome>)> {
    let listener = Listener::start()?;
    let mut bars = face::Bars::new(context);
    let mut observer = |channel: Channel, done: u64, total: u64| bars.at(channel, done, total);
    let ran = work(&mut Hands {
        config: &context.config,
        clock: &context.clock,
        stop: &listener.stop,
        observer: &mut observer,
        say: &speech::to_staff,
    })?;
    drop(bars);
    Ok((ran, listener.outcome()))
}

/// What ran just now; it needs no second time.
fn view(context: &Context) -> View<'_, Ran> {
    View::<Ran>::new()
        .words("task", |ran| Cell::of(&ran.task))
        .words("run", |ran| ran.run.as_str())
        .words("started_at", |ran| {
            face::instant(context, Some(ran.started_at))
        })
        .data("due_at", |ran| face::instant(context, ran.due_at))
        .words("outcome", |ran| face::outcome_cell(ran.ending.outcome))
        .words("seconds", |ran| {
            Cell::Measure(face::seconds(ran.ending.seconds))
        })
        .words("counts", |ran| counts_cell(&ran.ending.counts))
        .words("message", |ran| message_cell(ran.ending.message.as_deref()))
}

/// Lists what ran; what did not go well is an error on standard error besides, where cron's mail shows it.
fn answer(context: &Context, ran: &[Ran]) -> Result<()> {
    context.out.all(view(context), ran)?;
    for ran in ran {
        for line in &ran.told {
            context.out.error(&Error::world(line));
        }
    }
    Ok(())
}

/// How it all ended: a signal first, then the gravest failure, then messages that failed.
fn outcome_of(ran: &[Ran], signal: Option<Outcome>) -> Outcome {
    if let Some(signal) = signal {
        return signal;
    }
    let failed = |kind: ErrorKind| ran.iter().any(|ran| ran.kind == Some(kind));
    if failed(ErrorKind::World) {
        Outcome::WorldFailed
    } else if failed(ErrorKind::Unacceptable) || failed(ErrorKind::Usage) {
        Outcome::Unacceptable
    } else if failed(ErrorKind::Locked) {
        Outcome::Locked
    } else if ran
        .iter()
        .any(|ran| ran.ending.outcome == RunOutcome::Incomplete)
    {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    }
}
