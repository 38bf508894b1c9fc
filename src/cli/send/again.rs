//! `regua send cancel` and `send resume`: a send stopped half-way, and one that goes on.

use clap::Args;

use super::{Context, Goes, Outcome, When, by_hand, carry_out, goes_now, job};
use crate::error::Result;
use crate::store::batch;
use crate::store::queue::{Chosen, State};

/// A send whose queued messages are cancelled.
#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// Its number
    id: i64,
    /// Cancel without asking
    #[arg(short, long)]
    yes: bool,
}

/// A send that goes on.
#[derive(Debug, Args)]
pub(super) struct Resume {
    /// Its number
    id: i64,
    /// Also what nobody can tell whether it arrived
    #[arg(long)]
    unknown: bool,
    /// Deliver in this run or leave it to the queue [default: now, but whatsapp queue]
    #[arg(long, value_enum, value_name = "WHEN")]
    deliver: Option<When>,
}

/// The messages of a send.
fn of(id: i64) -> Chosen {
    Chosen {
        batch_id: Some(id),
        ..Chosen::default()
    }
}

/// Cancels what of a send is still queued.
pub(super) fn cancel(command: &Cancel, context: &Context) -> Result<Outcome> {
    job::standing(context.open()?.connection(), command.id)?;
    by_hand::cancel(context, &of(command.id), command.yes)?;
    Ok(Outcome::Done)
}

/// Puts back what failed of a send, and delivers what of it waits.
pub(super) fn resume(command: &Resume, context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    job::standing(store.connection(), command.id)?;
    let chosen = of(command.id);
    let mut back = by_hand::put_back(context, &mut store, &chosen, State::Failed)?.back;
    if command.unknown {
        back += by_hand::put_back(context, &mut store, &chosen, State::Unknown)?.back;
    }
    context
        .out
        .say(format!("{} back in the queue", by_hand::messages(back)));
    let waits = batch::waits_on(store.connection(), command.id)?;
    let Some(channel) = waits else {
        let standing = job::standing(store.connection(), command.id)?;
        super::past::answer(context, &store, &standing)?;
        return Ok(Outcome::Done);
    };
    let goes = Goes {
        channel,
        now: goes_now(command.deliver, channel),
        watch: None,
    };
    carry_out(context, &mut store, command.id, goes)
}
