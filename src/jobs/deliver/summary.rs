//! What a delivery came to, channel by channel.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::words::{AttemptOutcome, Channel, Reason, Status};
use crate::store::queue::Settlement;

/// What delivery on one channel came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSummary {
    /// The channel.
    pub channel: Channel,
    /// Taken by the provider.
    pub sent: u64,
    /// Failed for good.
    pub failed: u64,
    /// To be tried again later.
    pub later: u64,
    /// Nobody can tell.
    pub unknown: u64,
    /// Left in flight by a run that died, now `unknown`.
    pub recovered: u64,
    /// No longer wanted, by reason.
    pub skipped: BTreeMap<Reason, u64>,
    /// Handed over to the hosts that share the queue.
    pub shared: u64,
    /// Still queued, due or not.
    pub left: u64,
    /// Why the channel closed, or left a template's messages, before the queue was empty.
    pub stopped: Option<String>,
    /// Since when the channel has been closed, run after run, when it closed.
    pub outage_since: Option<DateTime<Utc>>,
    /// Whether that began with this run.
    pub outage_is_new: bool,
}

impl ChannelSummary {
    pub(in crate::jobs) const fn new(channel: Channel) -> Self {
        Self {
            channel,
            sent: 0,
            failed: 0,
            later: 0,
            unknown: 0,
            recovered: 0,
            skipped: BTreeMap::new(),
            shared: 0,
            left: 0,
            stopped: None,
            outage_since: None,
            outage_is_new: false,
        }
    }

    /// Adds what a later run on the channel came to.
    #[cfg(feature = "postgres")]
    pub(in crate::jobs) fn add(&mut self, later: Self) {
        self.sent += later.sent;
        self.failed += later.failed;
        self.later += later.later;
        self.unknown += later.unknown;
        self.recovered += later.recovered;
        for (reason, n) in later.skipped {
            *self.skipped.entry(reason).or_default() += n;
        }
        self.left = later.left;
        self.stopped = later.stopped;
        self.outage_since = later.outage_since;
        self.outage_is_new = later.outage_is_new;
    }

    /// Messages that this run is done with.
    pub(in crate::jobs) fn done(&self) -> u64 {
        self.sent + self.failed + self.later + self.unknown + self.skipped.values().sum::<u64>()
    }

    /// Counts a message that was settled.
    pub(super) const fn count(&mut self, settlement: &Settlement) {
        use AttemptOutcome::{Later, Unknown};
        match (settlement.status, settlement.outcome) {
            (Status::Sent, _) => self.sent += 1,
            (Status::Failed, _) => self.failed += 1,
            (Status::Unknown, _) => self.unknown += 1,
            (_, Some(Later | Unknown)) => self.later += 1,
            // It left nothing, and is tried by the next run.
            (_, None) if settlement.detail.is_some() => self.later += 1,
            _ => {}
        }
    }
}

/// What a delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Channels that had something to do.
    pub channels: Vec<ChannelSummary>,
    /// Channels that another run is delivering.
    pub locked: Vec<Channel>,
    /// A signal ended it early.
    pub interrupted: bool,
}

impl Delivery {
    /// How many messages were handed over to the hosts that share the queue.
    pub fn shared(&self) -> u64 {
        self.channels.iter().map(|channel| channel.shared).sum()
    }

    /// Whether a channel closed before its queue was empty.
    pub fn stopped(&self) -> bool {
        self.channels
            .iter()
            .any(|channel| channel.stopped.is_some())
    }

    /// Whether messages failed for good or ended `unknown`.
    pub fn some_failed(&self) -> bool {
        self.channels
            .iter()
            .any(|channel| channel.failed + channel.unknown + channel.recovered > 0)
    }
}
