//! What people do by hand with messages that were made: cancel those that wait, put others back.

use super::signals::Listener;
use super::{Context, face};
use crate::error::{Error, Result};
use crate::jobs::dispatch;
use crate::store::Store;
use crate::store::queue::{self as store, Chosen, Left, Retried, State};
use crate::view::{Cell, View};

/// Messages left where they were that are told one by one.
const TOLD: usize = 20;

/// Puts messages back into the queue, and tells of those that were left.
pub fn put_back(
    context: &Context,
    saved: &mut Store,
    chosen: &Chosen,
    state: State,
) -> Result<Retried> {
    let now = context.now();
    let expires_at = context.config.policy.expires_at(now);
    let retried =
        saved.write(|transaction| store::retry(transaction, chosen, state, now.at, expires_at))?;
    tell_left(context, &retried.left);
    Ok(retried)
}

/// Tells of messages that stayed where they were, and why.
fn tell_left(context: &Context, left: &[Left]) {
    for left in left.iter().take(TOLD) {
        let words = format!("message {} was left: {}", left.id, left.why);
        context.out.say(words);
    }
    if let Some(more @ 1..) = left.len().checked_sub(TOLD) {
        context.out.say(format!("and {more} more were left"));
    }
}

/// How an answer lists messages that stayed where they were.
fn left_view() -> View<'static, Left> {
    View::<Left>::new()
        .number("message_id", |left| left.id)
        .words("why", |left| Cell::of(&left.why))
}

/// Answers how many messages are back in the queue, and which were left.
pub fn tell_back(context: &Context, retried: &Retried) -> Result<()> {
    let left = left_view();
    let view = View::<Retried>::new()
        .number("messages", |retried| retried.back)
        .data("left", move |retried| left.array(&retried.left));
    let words = format!("{} back in the queue", messages(retried.back));
    face::done(context, view, retried, words)
}

/// How many messages, in words.
pub fn messages(n: u64) -> String {
    format!("{n} {}", if n == 1 { "message" } else { "messages" })
}

/// Takes what was just cancelled out of the reach of the hosts that share the queue; how much of it is in nobody's
/// hand.
fn from_hosts(context: &Context, saved: &mut Store, chosen: &Chosen) -> Result<u64> {
    if context.config.queue.shared.is_none() {
        return Ok(0);
    }
    let listener = Listener::start()?;
    let (config, clock) = (&context.config, &context.clock);
    let taken = dispatch::take_out(saved, config, clock, chosen, &listener.stop)?;
    if let Some(error) = taken.failed {
        context.out.error(&error);
    }
    if taken.left > 0 {
        context.out.warn(format!(
            "hosts have {} of them in hand, or cannot be asked: what is not sent is cancelled by the next `regua queue share`",
            taken.left
        ));
    }
    Ok(taken.cancelled)
}

/// Takes queued messages out of the queue, once a person agreed; whether they did.
pub fn cancel(context: &Context, chosen: &Chosen, yes: bool) -> Result<bool> {
    let mut saved = context.open()?;
    let waiting = store::waiting(saved.connection(), chosen)?;
    let left = store::not_cancelled(saved.connection(), chosen)?;
    tell_left(context, &left);
    let n: u64 = waiting.iter().map(|row| row.messages).sum();
    for row in &waiting {
        let template = row.template.as_deref().unwrap_or("words of its own");
        let clients = match row.clients {
            1 => "1 client".to_owned(),
            n => format!("{n} clients"),
        };
        context.out.say(format!(
            "{} by {}, {template}, {clients}",
            messages(row.messages),
            row.channel,
        ));
    }
    if n > 0 && !yes {
        if !context.out.interactive() {
            return Err(
                Error::usage("nobody can be asked here; nothing was cancelled")
                    .hint("--yes to cancel without asking"),
            );
        }
        if !context.out.ask(&format!("Cancel {}?", messages(n)))? {
            context.out.say("nothing was cancelled");
            return Ok(false);
        }
    }
    let n = saved.write(|transaction| store::cancel(transaction, chosen))?;
    let n = n + from_hosts(context, &mut saved, chosen)?;
    let mut view = View::<u64>::new().number("messages", |n| *n);
    // Only where messages were named, and left.
    if !left.is_empty() {
        view = view.data("left", move |_| left_view().array(&left));
    }
    face::done(context, view, &n, format!("{} cancelled", messages(n)))?;
    Ok(true)
}
