//! What a host asks of the shared queue: a lease, messages, and to have written down what became of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::payload::{About, Payload, instant, word};
use super::{Called, SharedQueue, answer};
use crate::clock::Now;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::store::queue::{Aside, DueMessage, Outage, Settlement};

/// One host at work on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRun {
    /// Its own name, which no other run has.
    pub run: String,
    /// The host's name.
    pub host: String,
    /// Where its configuration stands.
    pub place: String,
    /// The channel.
    pub channel: Channel,
    /// How long it holds what it has in hand without a word, in seconds.
    pub lease_seconds: i32,
    /// How old the planner's look at the queue may be, in seconds.
    pub stale_seconds: i32,
    /// The number of its call, higher with each: what arrives after a later one does nothing.
    pub call: i64,
}

/// What the planner has hosts judge answers by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manners {
    /// Its zone.
    pub zone: Tz,
    /// Attempts before a message gives up.
    pub max_attempts: i64,
    /// The first retry comes within so many seconds.
    pub first_retry_seconds: i64,
    /// Channels whose unknown messages are resent by themselves.
    pub resend_unknown: Vec<Channel>,
    /// Days for which a message is of use.
    pub expire_days: i64,
}

impl Manners {
    /// As it is written down.
    pub(super) fn written(&self) -> String {
        let channels = self.resend_unknown.iter().map(|channel| channel.as_str());
        json!({
            "zone": self.zone.name(),
            "max_attempts": self.max_attempts,
            "first_retry_seconds": self.first_retry_seconds,
            "resend_unknown": channels.collect::<Vec<_>>(),
            "expire_days": self.expire_days,
        })
        .to_string()
    }

    fn read(value: &Value) -> Result<Self> {
        let number = |key: &str| value[key].as_i64().unwrap_or(1);
        let channels = value["resend_unknown"].as_array();
        Ok(Self {
            zone: value["zone"]
                .as_str()
                .and_then(|name| name.parse().ok())
                .ok_or_else(|| Error::world("the planner's zone is not known here"))?,
            max_attempts: number("max_attempts"),
            first_retry_seconds: number("first_retry_seconds"),
            resend_unknown: channels
                .into_iter()
                .flatten()
                .map(|channel| word::<Channel>(channel.as_str().unwrap_or_default()))
                .collect::<Result<_>>()?,
            expire_days: number("expire_days"),
        })
    }
}

/// Whether a host may work on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// It may.
    Work,
    /// With one message: the channel was in trouble, and this host tries whether it still is.
    Probe,
    /// Not just now: everybody was told to come later a moment ago, or another host tries.
    Not,
}

/// What a host begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// Whether it may work.
    pub may: May,
    /// The instant, by the planner's clock.
    pub at: DateTime<Utc>,
    /// By how much the planner's clock is before the server's.
    pub ahead: TimeDelta,
    /// What answers are judged by; none where no planner has looked at the queue yet.
    pub manners: Option<Manners>,
    /// What the channel is suffering from.
    pub outage: Option<Outage>,
}

/// What a round of a host has done.
#[derive(Debug, Clone, Copy)]
pub struct HostAsks<'a> {
    /// What became of messages in hand, by the instant at which that is judged.
    pub settlements: &'a [Settlement],
    /// Messages on which something was booked that was not theirs.
    pub given_back: &'a [i64],
    /// The provider's name.
    pub provider: &'static str,
    /// The instant, by the planner's clock.
    pub now: Now,
    /// How long everybody rests after what was settled.
    pub rest: Duration,
    /// At most so many messages are to be given out.
    pub room: usize,
    /// What this run leaves where it is.
    pub aside: &'a Aside,
    /// Requests a minute of all hosts together; 0 means no limit.
    pub rate: u32,
    /// Different people in 24 hours, of all hosts together; 0 means no limit.
    pub daily: i64,
    /// One message at a time, of all hosts together, with a rest after it.
    pub paused: bool,
    /// Only numbers that are known to exist since this instant; none: numbers are not asked about.
    pub numbers_since: Option<DateTime<Utc>>,
}

/// A message that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenOut {
    /// The message; its id is the shared queue's.
    pub message: DueMessage,
    /// Its request may begin after so long.
    pub from: Duration,
    /// It may no longer begin after so long.
    pub until: Duration,
}

/// What a round came to.
#[derive(Debug, Clone, PartialEq)]
pub struct HostRound {
    /// Whether the lease still holds; nothing is given out otherwise, ever again.
    pub is_alive: bool,
    /// How many were given back.
    pub undone: u64,
    /// The instant, by the server's clock.
    pub at: DateTime<Utc>,
    /// The messages given out.
    pub given_out: Vec<GivenOut>,
    /// Numbers of which nobody knows whether they exist.
    pub unasked: Vec<String>,
    /// Why nothing of the channel is given out.
    pub closed: Option<String>,
    /// Something waits that may go after so long.
    pub again_in: Option<Duration>,
}

#[derive(Deserialize)]
struct BegunText {
    may: String,
    now_ms: i64,
    ahead_ms: Option<i64>,
    manners: Option<Value>,
    outage: Option<OutageText>,
}

#[derive(Deserialize)]
struct OutageText {
    since_ms: i64,
    tried_ms: i64,
    is_later: bool,
    why: String,
    alike: Option<String>,
}

#[derive(Deserialize)]
struct RoundText {
    alive: bool,
    undone: u64,
    now_ms: i64,
    claim: Option<ClaimText>,
}

#[derive(Deserialize, Default)]
struct ClaimText {
    #[serde(default)]
    taken: Vec<TakenText>,
    #[serde(default)]
    unasked: Vec<String>,
    closed: Option<String>,
    again_ms: Option<u64>,
}

#[derive(Deserialize)]
struct TakenText {
    id: i64,
    attempt: u32,
    lot: String,
    address: String,
    tried_last: bool,
    from_ms: u64,
    until_ms: i64,
    payload: Payload,
}

impl TakenText {
    fn read(self, channel: Channel, now: Now) -> Result<GivenOut> {
        let about = About {
            id: self.id,
            attempt: self.attempt,
            lot: self.lot,
            address: self.address,
            tried_last: self.tried_last,
        };
        Ok(GivenOut {
            message: self.payload.message(about, channel, now)?,
            from: Duration::from_millis(self.from_ms),
            until: Duration::from_millis(u64::try_from(self.until_ms).unwrap_or(0)),
        })
    }
}

impl SharedQueue {
    /// A host begins a run on a channel.
    pub fn begin(&mut self, run: &HostRun, provider: &str) -> Called<Begun> {
        let text: BegunText = self.document(
            "SELECT regua.begin($1, $2, $3, $4, $5, $6, $7)::text",
            &[
                &run.run,
                &run.host,
                &run.place,
                &run.channel.as_str(),
                &provider,
                &run.lease_seconds,
                &env!("CARGO_PKG_VERSION"),
            ],
        )?;
        let ahead = TimeDelta::milliseconds(text.ahead_ms.unwrap_or(0));
        let at = instant(text.now_ms)? + ahead;
        let outage = text.outage.map(|outage| Outage {
            since: at - TimeDelta::milliseconds(outage.since_ms),
            tried_at: at - TimeDelta::milliseconds(outage.tried_ms),
            is_later: outage.is_later,
            why: outage.why,
            alike: outage.alike,
        });
        Ok(Begun {
            may: match text.may.as_str() {
                "open" => May::Work,
                "probe" => May::Probe,
                _ => May::Not,
            },
            at,
            ahead,
            manners: text.manners.as_ref().map(Manners::read).transpose()?,
            outage,
        })
    }

    /// Whether anything of a channel may go now.
    pub fn anything(&mut self, channel: Channel, stale_seconds: i32) -> Called<bool> {
        self.one(
            "SELECT regua.waits($1, $2)",
            &[&channel.as_str(), &stale_seconds],
        )
    }

    /// How much of a channel waits.
    pub fn waiting(&mut self, channel: Channel) -> Called<u64> {
        let count: i64 = self.one("SELECT regua.waiting($1)", &[&channel.as_str()])?;
        Ok(count.unsigned_abs())
    }

    /// One round of a host: what became of messages is written down, its lease made longer, and messages given
    /// out, in one commit.
    pub fn round(&mut self, run: &HostRun, asked: &HostAsks<'_>) -> Called<HostRound> {
        let rows: Vec<Value> = asked
            .settlements
            .iter()
            .map(|settlement| answer::written(settlement, asked.provider, asked.now))
            .collect();
        let rows = Value::Array(rows).to_string();
        let rest = i32::try_from(asked.rest.as_millis()).unwrap_or(i32::MAX);
        let room = i32::try_from(asked.room).unwrap_or(i32::MAX);
        let lots: Vec<&str> = asked
            .aside
            .lots
            .iter()
            .map(crate::domain::message::Lot::as_str)
            .collect();
        let ids: Vec<i64> = asked.aside.ids.iter().copied().collect();
        let rate = i32::try_from(asked.rate).unwrap_or(i32::MAX);
        let daily = i32::try_from(asked.daily).unwrap_or(i32::MAX);
        let numbers = asked.numbers_since.map(|at| at.timestamp_millis());
        let text: RoundText = self.document(
            "SELECT regua.round($1, $2, $3, $4, $5::text::json, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
               $16, $17)::text",
            &[
                &run.run,
                &run.host,
                &run.place,
                &run.lease_seconds,
                &rows,
                &asked.given_back,
                &rest,
                &run.channel.as_str(),
                &room,
                &lots,
                &ids,
                &run.stale_seconds,
                &rate,
                &daily,
                &asked.paused,
                &numbers,
                &run.call,
            ],
        )?;
        let claim = text.claim.unwrap_or_default();
        let given_out = claim
            .taken
            .into_iter()
            .map(|taken| taken.read(run.channel, asked.now))
            .collect::<Result<_>>()?;
        Ok(HostRound {
            is_alive: text.alive,
            undone: text.undone,
            at: instant(text.now_ms)?,
            given_out,
            unasked: claim.unasked,
            closed: claim.closed,
            again_in: claim.again_ms.map(Duration::from_millis),
        })
    }

    /// Makes a run's lease longer; false when it had run out.
    pub fn stay(&mut self, run: &HostRun) -> Called<bool> {
        self.one(
            "SELECT regua.stay($1, $2, $3)",
            &[&run.run, &run.lease_seconds, &run.call],
        )
    }

    /// What was given out to a run and is not in its hand waits again, or, after its lease, is told to be untouched; a
    /// run that ends has nothing in hand.
    pub fn put_back(&mut self, run: &HostRun, in_hand: &[i64], ends: bool) -> Called<()> {
        self.rows(
            "SELECT regua.put_back($1, $2, $3, $4)",
            &[&run.run, &in_hand, &ends, &run.call],
        )?;
        Ok(())
    }

    /// Notes what a channel suffers from, since an instant by the planner's clock, or that it is over.
    pub fn note_outage(
        &mut self,
        channel: Channel,
        outage: Option<&Outage>,
        now: DateTime<Utc>,
    ) -> Called<()> {
        let since = outage.map(|outage| (now - outage.since).num_milliseconds().max(0));
        let is_later = outage.map(|outage| outage.is_later);
        let why = outage.map(|outage| outage.why.as_str());
        let alike = outage.and_then(|outage| outage.alike.as_deref());
        self.rows(
            "SELECT regua.set_outage($1, $2, $3, $4, $5)",
            &[&channel.as_str(), &since, &is_later, &why, &alike],
        )?;
        Ok(())
    }

    /// Numbers of what waits, of which nobody was asked since an instant; at most so many.
    pub fn unasked_numbers(
        &mut self,
        channel: Channel,
        since: DateTime<Utc>,
        most: usize,
    ) -> Called<Vec<String>> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let rows = self.rows(
            "SELECT regua.unasked($1, $2, $3)",
            &[&channel.as_str(), &since.timestamp_millis(), &most],
        )?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Keeps which numbers exist, and forgets what was kept before an instant.
    pub fn keep_numbers(
        &mut self,
        channel: Channel,
        told: &[(String, bool)],
        since: DateTime<Utc>,
    ) -> Called<()> {
        let rows: Vec<Value> = told
            .iter()
            .map(|(number, is_there)| json!({ "number": number, "is_there": is_there }))
            .collect();
        self.rows(
            "SELECT regua.keep_numbers($1, $2::text::json, $3)",
            &[
                &channel.as_str(),
                &Value::Array(rows).to_string(),
                &since.timestamp_millis(),
            ],
        )?;
        Ok(())
    }
}
