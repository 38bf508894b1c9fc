//! The figures of messages: how many were made of late, and what became of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::clock::{Now, start_of};
use crate::domain::ladder::{Move, Phase};
use crate::domain::stats::{CountedBy, MessageFigures};
use crate::domain::words::{Channel, Origin, Reason, Status, Word as _};
use crate::error::Result;
use crate::store::Connection;
use crate::store::stats::{self as store, CountedMessage};

/// What messages are counted under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatKey {
    /// A channel.
    Channel(Channel),
    /// A template; none for words of a topic's own.
    Template(Option<String>),
    /// A reason; none for what has none.
    Reason(Option<Reason>),
    /// A day in the provider's zone.
    Day(NaiveDate),
    /// A phase of the ladder.
    Phase(Phase),
}

/// One line of the figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatRow {
    /// What it is about.
    pub key: StatKey,
    /// How many.
    pub figures: MessageFigures,
}

/// The first of so many days, today being the last.
pub fn first_day(now: Now, days: u32) -> NaiveDate {
    let back = Days::new(u64::from(days.saturating_sub(1)));
    now.today.checked_sub_days(back).unwrap_or(now.today)
}

/// What one message adds to the figures.
fn one(message: &CountedMessage) -> MessageFigures {
    let is = |status: Status| u64::from(message.status == status);
    MessageFigures {
        messages: 1,
        sent: is(Status::Sent),
        delivered: u64::from(message.delivered),
        read: u64::from(message.read),
        failed: is(Status::Failed),
        skipped: is(Status::Skipped),
        unknown: is(Status::Unknown),
    }
}

/// The phase of the ladder that a message speaks in.
fn phase(message: &CountedMessage) -> Option<Phase> {
    if message.origin != Origin::Collection {
        return None;
    }
    Move::parse(&message.event, false)?.phase()
}

/// The figures of the last days, today included; none where no message was made. Days without any stand
/// among the others. By stage, only messages of collections count.
pub fn figures(
    connection: &Connection,
    by: CountedBy,
    now: Now,
    days: u32,
) -> Result<Vec<StatRow>> {
    let first = first_day(now, days);
    let mut counted: BTreeMap<StatKey, MessageFigures> = BTreeMap::new();
    let since = start_of(now.zone, first);
    store::each_between(connection, since, now.end_of_today(), |message| {
        let key = match by {
            CountedBy::Channel => StatKey::Channel(message.channel),
            CountedBy::Template => StatKey::Template(message.template.clone()),
            CountedBy::Reason => StatKey::Reason(message.reason),
            CountedBy::Day => {
                StatKey::Day(message.created_at.with_timezone(&now.zone).date_naive())
            }
            CountedBy::Stage => match phase(&message) {
                Some(phase) => StatKey::Phase(phase),
                None => return,
            },
        };
        *counted.entry(key).or_default() += one(&message);
    })?;
    if by == CountedBy::Day && !counted.is_empty() {
        let days = first.iter_days().take_while(|day| *day <= now.today);
        for day in days {
            counted.entry(StatKey::Day(day)).or_default();
        }
    }
    let mut rows: Vec<StatRow> = counted
        .into_iter()
        .map(|(key, figures)| StatRow { key, figures })
        .collect();
    if matches!(by, CountedBy::Template | CountedBy::Reason) {
        // The most stand first; what has no name stands last.
        rows.sort_by_key(|row| {
            let nameless = matches!(row.key, StatKey::Template(None) | StatKey::Reason(None));
            (nameless, Reverse(row.figures.messages))
        });
    }
    Ok(rows)
}

/// The messages of each of the last days by channel: a day's figures are none where nothing was made.
pub fn by_day_and_channel(
    connection: &Connection,
    now: Now,
    days: u32,
) -> Result<BTreeMap<NaiveDate, BTreeMap<Channel, MessageFigures>>> {
    let first = first_day(now, days);
    let mut counted: BTreeMap<NaiveDate, BTreeMap<Channel, MessageFigures>> = first
        .iter_days()
        .take_while(|day| *day <= now.today)
        .map(|day| (day, BTreeMap::new()))
        .collect();
    let since = start_of(now.zone, first);
    store::each_between(connection, since, now.end_of_today(), |message| {
        let day = message.created_at.with_timezone(&now.zone).date_naive();
        *counted
            .entry(day)
            .or_default()
            .entry(message.channel)
            .or_default() += one(&message);
    })?;
    Ok(counted)
}

impl StatKey {
    /// As programs read it; none where it has no name.
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Channel(channel) => Some(channel.as_str().to_owned()),
            Self::Template(name) => name.clone(),
            Self::Reason(reason) => reason.map(|reason| reason.as_str().to_owned()),
            Self::Day(day) => Some(day.to_string()),
            Self::Phase(phase) => Some(phase.word().to_owned()),
        }
    }
}
