//! Once: one message that goes now and by itself, past the queue, and is tried no second time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::stop::Stop;
use super::workers::{awaited, opened};
use crate::channel::{Accepted, Next, Provider, Refusal};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::message::{NewMessage, Outgoing};
use crate::domain::template::Look;
use crate::domain::words::{AttemptOutcome, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::message::{self, Inserted};
use crate::store::queue::{self, Settlement};

/// What became of a message that went by itself.
#[derive(Debug)]
pub struct Once {
    /// Its id.
    pub id: i64,
    /// Whether it was the channel that could not be used, and not this message that was refused.
    pub closed: bool,
}

/// Sends one new message, and nothing else of its channel: it is written down, and `sending`, before its
/// request leaves. Nothing when another run delivers that channel.
pub fn once(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    message: &NewMessage,
    look: &Look,
    stop: &Stop,
) -> Result<Option<Once>> {
    let Some(_lock) = store.lock(message.channel.as_str())? else {
        return Ok(None);
    };
    let provider: Arc<dyn Provider> = Arc::from(config.channel(message.channel).connect()?);
    if let Err(refusal) = opened(&provider, stop)? {
        return Err(Error::world(format!(
            "{} cannot be used now: {}",
            message.channel,
            refusal.said()
        ))
        .hint("regua doctor"));
    }
    let id = store.write(|transaction| {
        let Inserted::New(id) = message::insert(transaction, message)? else {
            return Err(Error::world("a message's key came and went"));
        };
        queue::take(transaction, id, &message.made_under)?;
        Ok(id)
    })?;
    let outgoing = Outgoing {
        id,
        look: look.clone(),
        ..message.outgoing(clock.now())
    };
    let answer = sent(&provider, outgoing, stop)?;
    provider.close();
    let settlement = settlement(id, message, &answer);
    let name = provider.name();
    store.write(|transaction| queue::settle(transaction, &settlement, name, clock.now()))?;
    let closed = answer.is_err_and(|refusal| {
        !matches!(
            refusal.next,
            Next::Never(_) | Next::Gone(_) | Next::OptedOut(_) | Next::Unknown
        )
    });
    Ok(Some(Once { id, closed }))
}

/// Asks the provider; what a signal cuts off, or the provider's code spoils, may have left.
fn sent(
    provider: &Arc<dyn Provider>,
    outgoing: Outgoing,
    stop: &Stop,
) -> Result<Result<Accepted, Refusal>> {
    let answer = awaited(provider, stop, move |provider| {
        Ok(catch_unwind(AssertUnwindSafe(|| provider.send(&outgoing))))
    })?;
    Ok(match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Refusal::new(Next::Unknown, "the provider's code failed")),
        Err(refusal) => Err(Refusal {
            next: Next::Unknown,
            ..refusal
        }),
    })
}

/// What the answer means for a message that has no second try.
fn settlement(id: i64, message: &NewMessage, answer: &Result<Accepted, Refusal>) -> Settlement {
    let mut settlement = Settlement {
        id,
        attempt: 1,
        status: Status::Sent,
        reason: None,
        detail: None,
        not_before: None,
        outcome: Some(AttemptOutcome::Accepted),
        code: None,
        text: None,
        provider_id: None,
        gone: None,
        retried: false,
        tried_last: false,
        opted_out: None,
    };
    let refusal = match answer {
        Ok(accepted) => {
            settlement.code.clone_from(&accepted.code);
            settlement.text.clone_from(&accepted.text);
            settlement.provider_id.clone_from(&accepted.provider_id);
            return settlement;
        }
        Err(refusal) => refusal,
    };
    settlement.code.clone_from(&refusal.code);
    settlement.text = Some(refusal.text.clone());
    settlement.detail = Some(refusal.said());
    let refused = |settlement: &mut Settlement, reason, outcome| {
        settlement.fail(reason);
        settlement.outcome = outcome;
    };
    let outcome = AttemptOutcome::Refused;
    match refusal.next {
        Next::Never(reason) => refused(&mut settlement, reason, Some(outcome)),
        Next::Gone(reason) => {
            refused(&mut settlement, reason, Some(outcome));
            if message.channel.goes_to_devices() {
                settlement.gone.clone_from(&message.address);
            }
        }
        Next::OptedOut(_) => refused(&mut settlement, Reason::OptedOut, Some(outcome)),
        Next::Unknown => {
            settlement.status = Status::Unknown;
            settlement.outcome = Some(AttemptOutcome::Unknown);
        }
        Next::Later(_) | Next::Wait(_) => {
            refused(&mut settlement, Reason::GaveUp, Some(AttemptOutcome::Later));
        }
        Next::Stop | Next::StopBatch => {
            refused(&mut settlement, Reason::GaveUp, Some(AttemptOutcome::Stop));
        }
        // Nothing left: no attempt was made.
        Next::NotSent => refused(&mut settlement, Reason::GaveUp, None),
    }
    settlement
}
