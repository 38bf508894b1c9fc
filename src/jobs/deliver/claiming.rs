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

/// What messages are looked at with in one transaction.
struct Claiming<'a> {
    connection: &'a Connection,
    config: &'a Config,
    desk: Desk<'a>,
    /// Under what a message that is looked at now is seen.
    seen: String,
    numbers: Option<&'a Numbers>,
}

impl<'a> Claiming<'a> {
    fn begin(
        connection: &'a Connection,
        config: &'a Config,
        now: Now,
        numbers: Option<&'a Numbers>,
    ) -> Result<Self> {
        let desk = Desk::new(connection, config, now)?;
        let seen = format!("{}/{}", desk.composer.made_under(), meta::book(connection)?);
        Ok(Self {
            connection,
            config,
            desk,
            seen,
            numbers,
        })
    }

    /// Where hours differ from place to place, each message is asked for its own; what has expired waits for
    /// nothing.
    fn waits(&self, message: &DueMessage) -> Result<Option<DateTime<Utc>>> {
        let by_place = !self.config.policy.places.is_empty();
        if !by_place || message.origin == Origin::Birthday || self.desk.is_over(message) {
            return Ok(None);
        }
        self.desk.hours_wait(message)
    }

    fn verdict(&self, message: DueMessage) -> Result<Verdict> {
        if message.seen == self.seen {
            self.desk.glance(message)
        } else {
            self.desk.look(message)
        }
    }

    /// Takes a message, skips it or has it wait.
    fn consider(&self, message: DueMessage, claim: &mut Claim) -> Result<()> {
        let (connection, id) = (self.connection, message.outgoing.id);
        if let Some(until) = self.waits(&message)? {
            return queue::wait(connection, id, until);
        }
        match self.verdict(message)? {
            Verdict::Goes(message) => match known(connection, self.numbers, &message)? {
                Some(true) => {
                    queue::take(connection, id, &self.seen)?;
                    claim.taken.push(Taken {
                        message: as_sent(self.config, *message),
                        turn: Turn::default(),
                    });
                }
                Some(false) => claim.skip(connection, id, Reason::NotOnWhatsapp, None)?,
                None => claim.unasked.push(message.outgoing.address),
            },
            Verdict::Not(reason, detail) => claim.skip(connection, id, reason, detail)?,
            Verdict::Waits(until) => queue::wait(connection, id, until)?,
        }
        Ok(())
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
    let claiming = Claiming::begin(connection, config, now, numbers)?;
    while claim.taken.len() < room {
        let wanted = room - claim.taken.len();
        let block = queue::due_block(connection, channel, now, wanted, aside)?;
        let last = block.len() < wanted;
        for message in block {
            claiming.consider(message, &mut claim)?;
        }
        if last || !claim.unasked.is_empty() {
            break;
        }
    }
    Ok(claim)
}

/// Claims these queued messages, which are due. To be called within an immediate transaction.
#[cfg(feature = "postgres")]
pub(in crate::jobs) fn claim_these(
    connection: &Connection,
    config: &Config,
    (channel, ids): (Channel, &[i64]),
    now: Now,
) -> Result<Claim> {
    let mut claim = Claim::default();
    let claiming = Claiming::begin(connection, config, now, None)?;
    for id in ids {
        let message = queue::as_due(connection, *id, channel, now)?;
        claiming.consider(message, &mut claim)?;
    }
    Ok(claim)
}

/// What a second look at claimed messages came to.
#[cfg(feature = "postgres")]
#[derive(Default)]
pub(in crate::jobs) struct SecondLook {
    /// Those that may not go any more, or not as they were claimed.
    pub changed: Vec<i64>,
    /// Those about which something may have changed, and has not.
    pub unchanged: Vec<i64>,
    /// Under what they were seen.
    pub seen: String,
}

/// Looks once more at messages that were claimed and have not left for all that is known here. To be called
/// within a transaction that is not kept.
#[cfg(feature = "postgres")]
pub(in crate::jobs) fn look_again(
    connection: &Connection,
    config: &Config,
    messages: Vec<DueMessage>,
    now: Now,
) -> Result<SecondLook> {
    let claiming = Claiming::begin(connection, config, now, None)?;
    let mut look = SecondLook {
        seen: claiming.seen.clone(),
        ..SecondLook::default()
    };
    for message in messages {
        let id = message.outgoing.id;
        let was_seen = message.seen == claiming.seen;
        let before = message.outgoing.clone();
        let goes = match claiming.waits(&message)? {
            Some(_) => false,
            None => match claiming.verdict(message)? {
                Verdict::Goes(message) => message.outgoing == before,
                Verdict::Not(..) | Verdict::Waits(_) => false,
            },
        };
        match (goes, was_seen) {
            (false, _) => look.changed.push(id),
            (true, false) => look.unchanged.push(id),
            (true, true) => {}
        }
    }
    Ok(look)
}

/// A message in the words and letters it is sent in.
pub(in crate::jobs) fn as_sent(config: &Config, mut message: DueMessage) -> DueMessage {
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
