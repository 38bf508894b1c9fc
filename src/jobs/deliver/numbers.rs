//! Which numbers exist, as far as it is known, at gateways that want to be asked before anybody is written to.

use chrono::TimeDelta;

use crate::clock::Now;
use crate::domain::words::Channel;
use crate::error::Result;
use crate::store::{Connection, number};

/// What a gateway said of a number is believed for so long.
pub(in crate::jobs) const BELIEVED: TimeDelta = TimeDelta::days(30);

/// What is known of numbers, of a provider that is asked about them.
pub(in crate::jobs) struct Numbers {
    channel: Channel,
    now: Now,
}

impl Numbers {
    /// What is known of a channel's numbers.
    pub const fn of(channel: Channel, now: Now) -> Self {
        Self { channel, now }
    }

    /// Whether a number exists; none where nobody was asked of late.
    pub fn exists(&self, connection: &Connection, number: &str) -> Result<Option<bool>> {
        number::exists(connection, self.channel, number, self.now.at - BELIEVED)
    }
}
