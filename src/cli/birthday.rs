//! `regua birthday`: congratulations.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{Context, Outcome, face};
use crate::domain::words::{Reason, Status, Word as _};
use crate::error::Result;
use crate::jobs::birthday as job;
use crate::jobs::deliver::Delivery;

/// Birthdays.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Give the template of [birthday] to whoever's birthday it is, once a year
    #[command(
        after_help = "People only, active ones or all as [birthday] audience says; born on 29 February: on the 28th in\n\
        other years. The messages keep the hours of [birthday] and expire at the end of the day. Whatsapp\n\
        messages wait in the queue for the task send-queue, the others go at once.\n\n\
        Example:\n  regua birthday queue"
    )]
    Queue,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Queue => queue(context),
    }
}

fn queue(context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let summary = job::queue(&mut store, &context.config, context.now())?;
    let (delivery, signal) = if summary.queued > 0 && summary.channel.goes_at_once() {
        face::deliver_now(context, &mut store, &[summary.channel])?
    } else {
        (Delivery::default(), None)
    };
    face::tell_delivery(context, &delivery);
    let (states, reasons) = job::standing(store.connection(), &summary)?;
    let state = |status: Status| states.get(&status).copied().unwrap_or(0);
    let queued = state(Status::Queued);
    if queued > 0 {
        context.out.say(format!(
            "{queued} wait in the queue for `regua queue deliver` or a send-queue task"
        ));
        face::warn_unforwarded(context, &store, summary.channel)?;
    }
    let messages = face::states(state);
    let why: Map<String, Value> = reasons
        .iter()
        .map(|(reason, n): (&Reason, &u64)| (reason.as_str().to_owned(), json!(n)))
        .collect();
    let document = json!({
        "day": summary.day.to_string(),
        "template": summary.template,
        "clients": summary.clients,
        "messages": messages,
        "reasons": why,
    });
    if !context.out.document(&document)? {
        let mut list = context.out.list(face::counted("outcome", "messages"));
        for (word, n) in messages.iter().chain(&why) {
            if let Some(n) = n.as_u64().filter(|n| *n > 0) {
                list.row(&(word.clone(), n))?;
            }
        }
        let noun = if summary.clients == 1 {
            "birthday"
        } else {
            "birthdays"
        };
        list.finish(&format!(
            "{}: {} {noun}, template `{}`",
            summary.day, summary.clients, summary.template
        ))?;
    }
    let failed = state(Status::Failed) + state(Status::Unknown) > 0;
    Ok(face::outcome_of(&delivery, signal, failed))
}
