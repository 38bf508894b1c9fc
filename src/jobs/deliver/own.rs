//! The supply of one machine alone: the queue of this database.

use chrono::{DateTime, Utc};

use super::claiming::{Claim, Hours, claim};
use super::numbers::Numbers;
use super::supply::{Round, Supply};
use crate::channel::{ChannelSettings, Limits, Pause};
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::words::Channel;
use crate::error::Result;
use crate::store::queue::{self, Outage};
use crate::store::{Store, number};

/// The queue of this database, for one channel whose lock is held.
pub(super) struct OwnSupply<'a> {
    store: &'a mut Store,
    config: &'a Config,
    clock: &'a Clock,
    channel: Channel,
    hours: Hours,
}

impl<'a> OwnSupply<'a> {
    pub const fn new(
        store: &'a mut Store,
        config: &'a Config,
        clock: &'a Clock,
        channel: Channel,
    ) -> Self {
        Self {
            store,
            config,
            clock,
            channel,
            hours: Hours::open(),
        }
    }
}

impl Supply for OwnSupply<'_> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn limits(&self, settings: &ChannelSettings) -> (Limits, Option<Pause>) {
        (settings.limits, settings.provider.pause())
    }

    fn due(&mut self) -> Result<u64> {
        queue::due(self.store.connection(), self.channel, self.clock.now().at)
    }

    fn queued(&mut self) -> Result<u64> {
        queue::queued(self.store.connection(), self.channel)
    }

    /// One transaction.
    fn round(&mut self, round: &Round<'_>) -> Result<(u64, Claim)> {
        let now = self.clock.now();
        let put_off = self.hours.closed_since(self.config, now);
        let (config, channel) = (self.config, self.channel);
        let numbers = round.asks_numbers.then(|| Numbers::of(channel, now));
        self.store.write(|transaction| {
            for settlement in round.settlements {
                queue::settle(transaction, settlement, round.provider, now)?;
            }
            let undone = if round.given_back.is_empty() {
                0
            } else {
                queue::give_back(transaction, round.given_back)?
            };
            if round.room == 0 {
                return Ok((undone, Claim::default()));
            }
            for messages in &put_off {
                messages.carry_out(transaction, channel, now)?;
            }
            let claim = claim(
                transaction,
                config,
                channel,
                now,
                round.room,
                (&round.aside, numbers.as_ref()),
            )?;
            Ok((undone, claim))
        })
    }

    fn set_outage(&mut self, outage: Option<&Outage>, _: bool) -> Result<()> {
        let channel = self.channel;
        self.store
            .write(|transaction| queue::set_outage(transaction, channel, outage))
    }

    fn unasked(&mut self, since: DateTime<Utc>, most: usize) -> Result<Vec<String>> {
        let now = self.clock.now().at;
        number::unasked(self.store.connection(), self.channel, now, since, most)
    }

    fn keep_numbers(&mut self, told: &[(String, bool)], since: DateTime<Utc>) -> Result<()> {
        let (channel, now) = (self.channel, self.clock.now().at);
        self.store.write(|transaction| {
            number::forget(transaction, since)?;
            for (number, exists) in told {
                number::keep(transaction, channel, number, *exists, now)?;
            }
            Ok(())
        })
    }
}
