//! Claiming: each message whose turn has come is looked at once more, and goes or is skipped.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::afresh::{Desk, Verdict};
use super::numbers::Numbers;
use super::workers::Turn;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::contact_hours::ContactHours;
use crate::domain::sms::transliterate;
use crate::domain::words::{Channel, Origin, Purpose, Reason, Word as _};
use crate::error::Result;
use crate::store::queue::{self, Aside, DueMessage};
use crate::store::{Connection, meta};

/// What a claim came to.
#[derive(Default)]
pub(in crate::jobs) struct Claim {
    /// They are `sending` now.
    pub taken: Vec<Taken>,
    /// Numbers of which nobody knows whether they exist: their messages wait for that.
    pub unasked: Vec<String>,
    /// Found no longer wanted, by reason.
    pub skipped: BTreeMap<Reason, u64>,
    /// Something waits that may not go just now, but will after so long.
    pub again_in: Option<Duration>,
    /// Why nothing of the channel is given out any more.
    pub closed: Option<String>,
}

/// A message that was claimed.
pub(in crate::jobs) struct Taken {
    /// The message.
    pub message: DueMessage,
    /// When its request may begin.
    pub turn: Turn,
}

impl Claim {
    /// Skips a message that is not to go.
    fn skip(
        &mut self,
        connection: &Connection,
        id: i64,
        reason: Reason,
        detail: Option<String>,
    ) -> Result<()> {
        queue::skip(connection, id, reason, detail.as_deref())?;
        *self.skipped.entry(reason).or_default() += 1;
        Ok(())
    }
}

/// Whether a message's number exists, where that is asked; none where nobody knows yet.
fn known(
    connection: &Connection,
    numbers: Option<&Numbers>,
    message: &DueMessage,
) -> Result<Option<bool>> {
    match numbers {
        Some(numbers) => numbers.exists(connection, &message.outgoing.address),
        None => Ok(Some(true)),
    }
}

/// Claims at most `room` messages of a channel whose turn has come, and leaves what is `aside` where
/// it is; where `numbers` are asked about, only those whose number exists. To be called within an immediate transaction.
pub(in crate::jobs) fn claim(
    connection: &Connection,
    config: &Config,
    channel: Channel,
    now: Now,
    room: usize,
    (aside, numbers): (&Aside, Option<&Numbers>),
) -> Result<Claim> {
    let mut claim = Claim::default();
    // Where hours differ from place to place, each message is asked for its own.
    let by_place = !config.policy.places.is_empty();
    let desk = Desk::new(connection, config, now);
    let seen = format!("{}/{}", desk.composer.made_under(), meta::book(connection)?);
    while claim.taken.len() < room {
        let wanted = room - claim.taken.len();
        let block = queue::due_block(connection, channel, now, wanted, aside)?;
        let last = block.len() < wanted;
        for message in block {
            let id = message.outgoing.id;
            if by_place
                && message.origin != Origin::Birthday
                && let Some(until) = desk.hours_wait(&message)?
            {
                queue::wait(connection, id, until)?;
                continue;
            }
            let verdict = if message.seen == seen {
                desk.glance(message)?
            } else {
                desk.look(message)?
            };
            match verdict {
                Verdict::Goes(message) => match known(connection, numbers, &message)? {
                    Some(true) => {
                        queue::take(connection, id, &seen)?;
                        claim.taken.push(Taken {
                            message: as_sent(config, *message),
                            turn: Turn::default(),
                        });
                    }
                    Some(false) => claim.skip(connection, id, Reason::NotOnWhatsapp, None)?,
                    None => claim.unasked.push(message.outgoing.address),
                },
                Verdict::Not(reason, detail) => claim.skip(connection, id, reason, detail)?,
                Verdict::Waits(until) => queue::wait(connection, id, until)?,
            }
        }
        if last || !claim.unasked.is_empty() {
            break;
        }
    }
    Ok(claim)
}

/// A message in the words and letters it is sent in.
fn as_sent(config: &Config, mut message: DueMessage) -> DueMessage {
    let outgoing = &mut message.outgoing;
    if outgoing.channel.nature().segments && config.policy.transliterate_sms {
        outgoing.body = transliterate(&outgoing.body).into_owned();
    }
    message
}

/// Messages that must wait for the next opening of their contact hours.
pub(in crate::jobs) struct PutOff {
    purpose: Purpose,
    /// Birthdays, which have hours of their own; or all else.
    birthdays: bool,
    until: DateTime<Utc>,
}

impl PutOff {
    /// Puts off what is due of these messages.
    pub fn carry_out(&self, connection: &Connection, channel: Channel, now: Now) -> Result<()> {
        let Self {
            purpose,
            birthdays,
            until,
        } = *self;
        queue::put_off(connection, channel, purpose, birthdays, now.at, until)
    }
}

/// Which contact hours were open when a run last looked: each purpose's, and birthdays'.
pub(in crate::jobs) struct Hours {
    purposes: [bool; Purpose::ALL.len()],
    birthdays: bool,
}

impl Hours {
    /// All open: the first look finds those that are not.
    pub const fn open() -> Self {
        Self {
            purposes: [true; Purpose::ALL.len()],
            birthdays: true,
        }
    }

    /// Hours that closed since the last look: what is due then waits for their next opening. Where hours
    /// differ from place to place, each message is asked for its own at its claim instead.
    pub fn closed_since(&mut self, config: &Config, now: Now) -> Vec<PutOff> {
        let policy = &config.policy;
        let mut put_off = Vec::new();
        let by_place = !policy.places.is_empty();
        for (was_open, purpose) in self.purposes.iter_mut().zip(Purpose::ALL) {
            if by_place {
                break;
            }
            let until = policy.not_before(*purpose, now);
            if let Some(until) = until.filter(|_| *was_open) {
                put_off.push(PutOff {
                    purpose: *purpose,
                    birthdays: false,
                    until,
                });
            }
            *was_open = until.is_none();
        }
        let birthday = ContactHours::daily(config.birthday.hours);
        let until = policy.not_before_in(&birthday, now);
        if let Some(until) = until.filter(|_| self.birthdays) {
            put_off.extend(Purpose::ALL.iter().map(|purpose| PutOff {
                purpose: *purpose,
                birthdays: true,
                until,
            }));
        }
        self.birthdays = until.is_none();
        put_off
    }
}
