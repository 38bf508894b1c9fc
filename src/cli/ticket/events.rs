//! `regua ticket events`: a file of events, each whole or not at all.

use std::path::Path;

use serde_json::json;

use super::{Context, Outcome, count, face, some_failed};
use crate::clock::Stopwatch;
use crate::domain::words::Status;
use crate::error::{Flaw, Result};
use crate::jobs::ticket::{self as job, Desk, EventReading, Intake, MessageStates};
use crate::source::event::Events;
use crate::view::{Cell, View};

/// Runs the command: takes a file of events, then delivers what is due.
pub(super) fn run(file: &Path, strict: bool, context: &Context) -> Result<Outcome> {
    let watch = Stopwatch::start();
    let events = Events::open(file, context.now())?;
    let mut saved = context.open()?;
    let mut desk = Desk::new(&context.config, &context.clock);
    let mut bar = context.out.progress("events", 0, false);
    let run = job::take_all(
        &mut saved,
        &mut desk,
        events,
        &mut EventReading {
            strict,
            bad_line: &mut |problems| {
                for problem in problems {
                    context.out.say_flaw("", problem);
                }
            },
            progress: &mut |done| bar.at(done),
        },
    )?;
    drop(bar);
    let (delivery, signal) = super::deliver(context, &mut saved, run.waiting.iter().copied())?;
    let standing = job::standing(saved.connection(), &run.messages)?;
    let seconds = face::seconds(watch.elapsed().as_secs_f64());
    answer(context, &run, &standing, seconds)?;
    if run.broken_off && signal.is_none() {
        context.out.say("stopped at the first bad line");
        return Ok(Outcome::Unacceptable);
    }
    let failed = run.bad > 0 || some_failed(&standing);
    Ok(face::outcome_of(&delivery, signal, failed))
}

/// A line that could not be taken.
fn flaw_view() -> View<'static, Flaw> {
    View::<Flaw>::new()
        .words("place", Flaw::whereabouts)
        .words("found", |flaw| Cell::of(&flaw.found))
        .words("remedy", |flaw| Cell::of(&flaw.remedy))
}

/// The states of messages that are told.
const STATES: [Status; 5] = [
    Status::Sent,
    Status::Failed,
    Status::Queued,
    Status::Skipped,
    Status::Unknown,
];

fn answer(context: &Context, run: &Intake, standing: &MessageStates, seconds: f64) -> Result<()> {
    let document = json!({
        "events": { "taken": run.taken, "known": run.known, "bad": run.bad },
        "messages": face::states(|status| count(standing, status)),
        "reasons": face::counts(&standing.reasons),
        "left_out": run.left_out,
        "left_empty": run.left_empty,
        "problems": flaw_view().array(&run.flaws),
        "seconds": seconds,
    });
    if context.out.document(&document)? {
        return Ok(());
    }
    let mut list = context.out.list(face::counted("what", "number"));
    list.row(&("events taken".to_owned(), run.taken))?;
    list.row(&("events known already".to_owned(), run.known))?;
    list.row(&("bad lines".to_owned(), run.bad))?;
    for status in STATES {
        list.row(&(format!("messages {status}"), count(standing, status)))?;
    }
    for (reason, n) in &standing.reasons {
        list.row(&(format!("  {reason}"), *n))?;
    }
    for (variable, n) in &run.left_empty {
        list.row(&(format!("messages that leave #{variable}# empty"), *n))?;
    }
    list.finish("")
}
