//! Judging an answer: what it means for its message, and when the message is tried again.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Utc};

use super::workers::Answer;
use crate::channel::{Next, Refusal};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::message::Lot;
use crate::domain::rate::Tries;
use crate::domain::recipient::OptOut;
use crate::domain::words::{AttemptOutcome, Channel, Reason, Status};
use crate::store::queue::{DueMessage, Settlement};

/// Whatever a provider asks for, a message is tried again after a day at the latest.
const LONGEST_ASKED: TimeDelta = TimeDelta::days(1);
/// A message that must wait does so for a minute at the least.
const SHORTEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// What is remembered of a message while it is on its way.
pub(super) struct InFlight {
    attempt: u32,
    retries: u32,
    /// Where it went.
    pub address: String,
    /// The lot it is of.
    pub lot: Lot,
    /// Its template's name.
    pub template: Option<String>,
    /// Whether it came after all others.
    pub tried_last: bool,
    client_id: Option<i64>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
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
            tried_last: message.tried_last,
            // What goes to staff is about a client, and says nothing about what they want.
            client_id: message
                .outgoing
                .client_id
                .filter(|_| message.staff_id.is_none()),
            created_at: message.created_at,
            expires_at: message.expires_at,
        }
    }

    /// A message to an address, of no template.
    #[cfg(test)]
    pub fn for_tests(address: &str) -> Self {
        Self {
            attempt: 1,
            retries: 0,
            address: address.to_owned(),
            lot: Lot::written("lot".to_owned()),
            template: None,
            tried_last: false,
            client_id: None,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
        }
    }
}

/// By what the answers of one channel are judged.
pub(super) struct Judge {
    channel: Channel,
    /// Whether a message nobody can tell about is sent again.
    resend_unknown: bool,
    max_attempts: u32,
    first_retry: Duration,
    expire_days: u64,
}

impl Judge {
    /// The judge of a channel, by the configuration.
    pub fn new(config: &Config, channel: Channel) -> Self {
        let queue = &config.queue;
        Self {
            channel,
            resend_unknown: queue.resend_unknown.contains(&channel),
            max_attempts: u32::try_from(queue.max_attempts).unwrap_or(u32::MAX),
            first_retry: Duration::from_secs(queue.first_retry_seconds.unsigned_abs()),
            expire_days: config.policy.expire_days.unsigned_abs(),
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
            tried_last: false,
            opted_out: None,
        };
        match answer {
            Answer::NotBegun => {}
            Answer::Done(Ok(accepted)) => {
                settlement.status = Status::Sent;
                settlement.outcome = Some(AttemptOutcome::Accepted);
                settlement.code.clone_from(&accepted.code);
                settlement.text.clone_from(&accepted.text);
                settlement.provider_id.clone_from(&accepted.provider_id);
            }
            Answer::Done(Err(refusal)) => self.refused(&mut settlement, refusal, flight, now),
        }
        settlement
    }

    /// Takes back what an answer was taken to mean: the message is not to blame, and is tried last.
    pub fn give_back(settlement: &mut Settlement) {
        settlement.status = Status::Queued;
        settlement.reason = None;
        settlement.outcome = Some(AttemptOutcome::Stop);
        settlement.tried_last = true;
    }

    fn refused(&self, settlement: &mut Settlement, refusal: &Refusal, flight: &InFlight, now: Now) {
        settlement.code.clone_from(&refusal.code);
        settlement.text = Some(refusal.text.clone());
        settlement.detail = Some(refusal.said());
        settlement.outcome = match refusal.next {
            Next::Never(_) | Next::Gone(_) | Next::OptedOut(_) => Some(AttemptOutcome::Refused),
            Next::Later(_) | Next::Wait(_) => Some(AttemptOutcome::Later),
            Next::Stop | Next::StopBatch => Some(AttemptOutcome::Stop),
            Next::Unknown => Some(AttemptOutcome::Unknown),
            // Nothing left: no attempt was made.
            Next::NotSent => None,
        };
        match refusal.next {
            Next::Never(reason) => settlement.fail(reason),
            Next::Gone(reason) => {
                settlement.fail(reason);
                if self.channel.goes_to_devices() {
                    settlement.gone = Some(flight.address.clone());
                }
            }
            Next::OptedOut(purpose) => {
                settlement.fail(Reason::OptedOut);
                let opt_out = OptOut {
                    channel: Some(self.channel),
                    purpose,
                };
                settlement.opted_out = flight.client_id.map(|client| (client, opt_out));
            }
            Next::Later(asked) => self.again(settlement, flight, asked, now),
            Next::Wait(asked) => {
                let wait = self.allowed(asked, flight, now).max(SHORTEST_WAIT);
                settlement.not_before = Some(now.at + wait);
            }
            Next::Unknown if self.resend_unknown => self.again(settlement, flight, None, now),
            Next::Unknown => settlement.status = Status::Unknown,
            // Whoever stops the channel a second time may be the only one who does: others go first.
            Next::Stop => settlement.tried_last = flight.attempt > 1,
            Next::NotSent | Next::StopBatch => {}
        }
    }

    /// Tries a message again after a while, unless it has had all its tries and half its time.
    fn again(
        &self,
        settlement: &mut Settlement,
        flight: &InFlight,
        asked: Option<Duration>,
        now: Now,
    ) {
        settlement.retried = true;
        let half = self.half_way(flight);
        if flight.retries.saturating_add(1) >= self.max_attempts {
            if now.at < half && self.max_attempts > 1 {
                // All tries are spent: it waits for what ends it, or for a last one.
                settlement.not_before = Some(flight.expires_at.map_or(half, |end| end.min(half)));
            } else if settlement.outcome == Some(AttemptOutcome::Unknown) {
                settlement.status = Status::Unknown;
            } else {
                settlement.fail(Reason::GaveUp);
            }
            return;
        }
        // One that expires sooner has its tries in the first half of its own time.
        let last_try = flight.expires_at.map_or(half, |end| {
            half.min(flight.created_at + (end - flight.created_at) / 2)
        });
        let tries = Tries {
            first: self.first_retry,
            most: self.max_attempts,
            before: flight.retries,
            left: (last_try - now.at).to_std().unwrap_or_default(),
        };
        let asked = asked.map(|asked| self.allowed(asked, flight, now));
        let asked = asked.and_then(|asked| asked.to_std().ok());
        let delay = tries.delay(asked, fastrand::f64());
        let delay = TimeDelta::from_std(delay).unwrap_or(LONGEST_ASKED);
        settlement.not_before = Some(now.at + delay);
    }

    /// What a provider asked for, but not later than a day, and half the time that is left.
    fn allowed(&self, asked: Duration, flight: &InFlight, now: Now) -> TimeDelta {
        let end = flight.expires_at.unwrap_or_else(|| self.usual_end(flight));
        let half = ((end - now.at) / 2).max(TimeDelta::zero());
        let asked = TimeDelta::from_std(asked).unwrap_or(LONGEST_ASKED);
        asked.min(LONGEST_ASKED).min(half)
    }

    /// The instant before which no message is given up: half of `expire_days`' time.
    fn half_way(&self, flight: &InFlight) -> DateTime<Utc> {
        let end = self.usual_end(flight);
        flight.created_at + (end - flight.created_at) / 2
    }

    fn usual_end(&self, flight: &InFlight) -> DateTime<Utc> {
        let days = Days::new(self.expire_days);
        let created_at = flight.created_at;
        created_at.checked_add_days(days).unwrap_or(created_at)
    }
}
