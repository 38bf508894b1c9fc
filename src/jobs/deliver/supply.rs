//! Supply: where the messages of a channel come from, and where what became of them is written down.

use chrono::{DateTime, Utc};

use super::claiming::Claim;
use super::workers::Lease;
use crate::channel::{ChannelSettings, Limits, Pause};
use crate::clock::Now;
use crate::error::Result;
use crate::store::queue::{Aside, Outage, Settlement};

/// One round: answers to be written down, and what may be given out after that.
pub(in crate::jobs) struct Round<'a> {
    /// What became of messages that were given out.
    pub settlements: &'a [Settlement],
    /// Messages on which a refusal was booked that was not theirs.
    pub given_back: &'a [i64],
    /// The provider's name.
    pub provider: &'static str,
    /// At most so many messages are to be given out.
    pub room: usize,
    /// What this run leaves where it is.
    pub aside: Aside,
    /// Whether only numbers may be written to of which it is known that they exist.
    pub asks_numbers: bool,
}

/// Where the messages of one channel come from, and where what became of them is written down.
pub(in crate::jobs) trait Supply {
    /// The instant and day by which answers are judged.
    fn now(&self) -> Now;

    /// How much the provider may be asked for by this run alone, and how it rests.
    fn limits(&self, settings: &ChannelSettings) -> (Limits, Option<Pause>);

    /// Until when what was given out may be begun.
    fn lease(&self) -> Lease {
        Lease::default()
    }

    /// How many messages may go now.
    fn due(&mut self) -> Result<u64>;

    /// How many messages wait, whether they may go now or not.
    fn queued(&mut self) -> Result<u64>;

    /// Writes answers down, durably, and gives out messages; how many were given back, and what is given out.
    fn round(&mut self, round: &Round<'_>) -> Result<(u64, Claim)>;

    /// Called while there is nothing to write down and nothing may be given out.
    fn stay(&mut self) -> Result<()> {
        Ok(())
    }

    /// Notes what the channel suffers from, or that it is over. `is_ours` says that nobody was reached from here,
    /// which may be this machine's own trouble.
    fn set_outage(&mut self, outage: Option<&Outage>, is_ours: bool) -> Result<()>;

    /// Numbers of messages that wait, of which nobody was asked since an instant; at most so many.
    fn unasked(&mut self, since: DateTime<Utc>, most: usize) -> Result<Vec<String>>;

    /// Keeps which numbers exist, and forgets what was kept before an instant.
    fn keep_numbers(&mut self, told: &[(String, bool)], since: DateTime<Utc>) -> Result<()>;
}
