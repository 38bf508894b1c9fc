//! What people do by hand with messages that were made: cancel those that wait, put others back.

use super::{Context, face};
use crate::error::{Error, Result};
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
    for left in retried.left.iter().take(TOLD) {
        let words = format!("message {} was left: {}", left.id, left.why);
        context.out.say(words);
    }
    if let Some(more @ 1..) = retried.left.len().checked_sub(TOLD) {
        context.out.say(format!("and {more} more were left"));
    }
    Ok(retried)
}

/// Answers how many messages are back in the queue, and which were left.
pub fn tell_back(context: &Context, retried: &Retried) -> Result<()> {
    let left = View::<Left>::new()
        .number("message_id", |left| left.id)
        .words("why", |left| Cell::of(&left.why));
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

/// Takes queued messages out of the queue, once a person agreed; whether they did.
pub fn cancel(context: &Context, chosen: &Chosen, yes: bool) -> Result<bool> {
    let mut saved = context.open()?;
    let waiting = store::waiting(saved.connection(), chosen)?;
    let n: u64 = waiting.iter().map(|row| row.messages).sum();
    for row in &waiting {
        let template = row.template.as_deref().unwrap_or("words of its own");
        context.out.say(format!(
            "{} by {}, {template}, {} client(s)",
            messages(row.messages),
            row.channel,
            row.clients
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
    let view = View::<u64>::new().number("messages", |n| *n);
    face::done(context, view, &n, format!("{} cancelled", messages(n)))?;
    Ok(true)
}
