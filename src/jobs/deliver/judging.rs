//! Judging an answer: what it means for its message, and when the message is tried again.

use std::time::Duration;

use chrono::TimeDelta;

use super::workers::Answer;
use crate::channel::{Next, Refusal};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::message::Lot;
use crate::domain::rate::retry_delay;
use crate::domain::words::{AttemptOutcome, Channel, Reason, Status};
use crate::store::queue::{DueMessage, Settlement};

/// What is remembered of a message while it is on its way.
pub(super) struct InFlight {
    attempt: u32,
    retries: u32,
    address: String,
    /// The lot it is of.
    pub lot: Lot,
    /// Its template's name.
    pub template: Option<String>,
}

impl InFlight {
    /// What is to be remembered of a message that was taken.
    pub fn of(message: &DueMessage) -> Self {
        Self {
            attempt: message.attempt,
            retries: message.retries,
            address: message.outgoing.address.clone(),
            lot: message.lot.clone(),
            template: message.template.clone(),
        }
    }
}

/// By what the answers of one channel are judged.
pub(super) struct Judge {
    channel: Channel,
    /// Whether a message nobody can tell about is sent again.
    resend_unknown: bool,
    max_attempts: i64,
    first_retry: Duration,
}

impl Judge {
    /// The judge of a channel, by the configuration.
    pub fn new(config: &Config, channel: Channel) -> Self {
        let queue = &config.queue;
        Self {
            channel,
            resend_unknown: queue.resend_unknown.contains(&channel),
            max_attempts: queue.max_attempts,
            first_retry: Duration::from_secs(queue.first_retry_seconds.unsigned_abs()),
        }
    }

    /// What an answer means for its message.
    pub fn settlement(&self, id: i64, answer: &Answer, flight: &InFlight, now: Now) -> Settlement {
        let mut settlement = Settlement {
            id,
            attempt: flight.attempt,
            status: Status::Queued,
            reason: None,
            detail: None,
            not_before: None,
            outcome: None,
            code: None,
            text: None,
            provider_id: None,
            gone: None,
            retried: false,
        };
        match answer {
            Answer::NotBegun => {}
            Answer::Done(Ok(receipt)) => {
                settlement.status = Status::Sent;
                settlement.outcome = Some(AttemptOutcome::Accepted);
                settlement.code.clone_from(&receipt.code);
                settlement.text.clone_from(&receipt.text);
                settlement.provider_id.clone_from(&receipt.provider_id);
            }
            Answer::Done(Err(refusal)) => self.refused(&mut settlement, refusal, flight, now),
        }
        settlement
    }

    fn refused(&self, settlement: &mut Settlement, refusal: &Refusal, flight: &InFlight, now: Now) {
        settlement.code.clone_from(&refusal.code);
        settlement.text = Some(refusal.text.clone());
        settlement.detail = Some(match &refusal.code {
            Some(code) => format!("{code}: {}", refusal.text),
            None => refusal.text.clone(),
        });
        settlement.outcome = Some(match refusal.next {
            Next::Never(_) | Next::Gone(_) => AttemptOutcome::Refused,
            Next::Later(_) | Next::NotSent => AttemptOutcome::Later,
            Next::Stop | Next::StopBatch => AttemptOutcome::Stop,
            Next::Unknown => AttemptOutcome::Unknown,
        });
        match refusal.next {
            Next::Never(reason) | Next::Gone(reason) => {
                settlement.status = Status::Failed;
                settlement.reason = Some(reason);
                if matches!(refusal.next, Next::Gone(_)) && self.channel == Channel::Push {
                    settlement.gone = Some(flight.address.clone());
                }
            }
            Next::Later(asked) => self.again(settlement, flight, asked, now),
            Next::NotSent => self.again(settlement, flight, None, now),
            Next::Unknown if self.resend_unknown => self.again(settlement, flight, None, now),
            Next::Unknown => settlement.status = Status::Unknown,
            Next::Stop | Next::StopBatch => {}
        }
    }

    /// Tries a message again after a while, unless it has had all its tries.
    fn again(
        &self,
        settlement: &mut Settlement,
        flight: &InFlight,
        asked: Option<Duration>,
        now: Now,
    ) {
        settlement.retried = true;
        if i64::from(flight.retries) + 1 >= self.max_attempts {
            settlement.status = Status::Failed;
            settlement.reason = Some(Reason::GaveUp);
            return;
        }
        let delay = retry_delay(self.first_retry, flight.retries, asked, fastrand::f64());
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
        settlement.not_before = Some(now.at + delay);
    }
}
