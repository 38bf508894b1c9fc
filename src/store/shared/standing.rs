//! How the shared queue stands: its planner, its hosts, what waits and what is in hand.

use serde::Deserialize;

use super::{Called, SharedQueue};

/// How the shared queue stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SharedStanding {
    /// The server's clock, in milliseconds since 1970.
    pub now_ms: i64,
    /// The planner, where there is one.
    pub planner: Option<PlannerStanding>,
    /// The hosts, by name.
    pub hosts: Vec<HostStanding>,
    /// What waits and what is in hand, by channel.
    pub channels: Vec<ChannelStanding>,
    /// Channels that are closed, and why.
    pub closed: Vec<ClosedChannel>,
}

/// The planner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlannerStanding {
    /// Which database it is.
    pub id: String,
    /// Its machine.
    pub host: String,
    /// Where its database is.
    pub place: String,
    /// How many milliseconds ago it was here.
    pub seen_ms: i64,
    /// How many milliseconds ago the look at the whole queue began that it finished last.
    pub confirmed_ms: Option<i64>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostStanding {
    /// Its name.
    pub host: String,
    /// Where its configuration stands.
    pub place: String,
    /// How many milliseconds ago it was here.
    pub seen_ms: i64,
    /// Messages in its hand.
    pub in_hand: u64,
    /// Messages it has sent.
    pub sent: u64,
    /// Its version of regua.
    pub version: String,
}

/// What waits on a channel, and what hosts have in hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChannelStanding {
    /// The channel.
    pub channel: String,
    /// Handed over, and in nobody's hand.
    pub waiting: u64,
    /// In a host's hand.
    pub sending: u64,
}

/// A channel that is closed for all hosts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ClosedChannel {
    /// The channel.
    pub channel: String,
    /// Why.
    pub why: String,
}

impl SharedQueue {
    /// How it stands.
    pub fn standing(&mut self) -> Called<SharedStanding> {
        self.document("SELECT regua.standing()::text", &[])
    }
}
