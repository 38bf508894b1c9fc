//! All that a dashboard shows, gathered in one look; names of tasks and templates, and of no client.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::forecast::{ForecastDay, forecast};
use super::stats::{StatRow, by_day_and_channel, figures};
use super::status::{self, Standing};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::stats::{CountedBy, FunnelBy, MessageFigures};
use crate::domain::words::Channel;
use crate::error::Result;
use crate::store::Connection;
use crate::store::collection::{self, FunnelFigures};

/// Days to come that are foreseen.
pub const AHEAD: u64 = 14;

/// What a dashboard shows.
#[derive(Debug)]
pub struct Dashboard {
    /// The instant of the look.
    pub now: Now,
    /// Days of messages that it shows, today being the last.
    pub days: u32,
    /// Messages by day and channel.
    pub by_day: BTreeMap<NaiveDate, BTreeMap<Channel, MessageFigures>>,
    /// The same figures as `stats` has them.
    pub by: Vec<(CountedBy, Vec<StatRow>)>,
    /// The funnel of collections.
    pub funnel: Vec<(FunnelBy, Vec<FunnelFigures>)>,
    /// The days to come.
    pub ahead: Vec<ForecastDay>,
    /// How things stand.
    pub standing: Standing,
}

/// Gathers it.
pub fn gather(connection: &Connection, config: &Config, now: Now, days: u32) -> Result<Dashboard> {
    let by = [
        CountedBy::Channel,
        CountedBy::Day,
        CountedBy::Reason,
        CountedBy::Template,
        CountedBy::Stage,
    ];
    let funnel = [FunnelBy::Stage, FunnelBy::Template, FunnelBy::Channel];
    Ok(Dashboard {
        now,
        days,
        by_day: by_day_and_channel(connection, now, days)?,
        by: by
            .into_iter()
            .map(|by| Ok((by, figures(connection, by, now, days)?)))
            .collect::<Result<_>>()?,
        funnel: funnel
            .into_iter()
            .map(|by| Ok((by, collection::figures(connection, None, None, by)?)))
            .collect::<Result<_>>()?,
        ahead: forecast(connection, config, now, AHEAD)?,
        standing: status::look(connection, config, now)?,
    })
}

impl Dashboard {
    /// The figures counted by something.
    pub fn counted(&self, by: CountedBy) -> &[StatRow] {
        let found = self.by.iter().find(|(own, _)| *own == by);
        found.map_or(&[], |(_, rows)| rows)
    }

    /// The funnel counted by something.
    pub fn funnel(&self, by: FunnelBy) -> &[FunnelFigures] {
        let found = self.funnel.iter().find(|(own, _)| *own == by);
        found.map_or(&[], |(_, rows)| rows)
    }

    /// All messages of the days.
    pub fn total(&self) -> MessageFigures {
        let mut total = MessageFigures::default();
        for row in self.counted(CountedBy::Channel) {
            total += row.figures;
        }
        total
    }
}

/// What wants attention, without what a provider or a run said of it: that may name somebody.
pub fn masked(what: &str) -> &str {
    what.split(": ").next().unwrap_or(what)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_somebody_else_said_is_left_out() {
        assert_eq!(
            masked("push is closed: 550 ana@example.com: no such mailbox"),
            "push is closed"
        );
        assert_eq!(
            masked("cron has never called run-due"),
            "cron has never called run-due"
        );
    }
}
