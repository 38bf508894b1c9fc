//! How things stand: the queue by channel, what became of today's messages, the open cases by stage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::columns::{Columns as _, Millis};
use crate::domain::ladder::Stage;
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::Result;

/// What waits on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelQueue {
    /// The channel.
    pub channel: Channel,
    /// Messages that may go now.
    pub due: u64,
    /// Messages whose first turn is later: contact hours, a day to come.
    pub for_hours: u64,
    /// Messages that were told to come later, and whose next turn is later.
    pub for_retry: u64,
    /// Messages of which nobody can tell whether they went.
    pub unknown: u64,
    /// Since when the one that may go for the longest time does.
    pub oldest_due_at: Option<DateTime<Utc>>,
}

/// The queue, channel by channel.
pub fn queue(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<ChannelQueue>> {
    let mut waiting = connection.prepare_cached(
        "SELECT count(*) FILTER (WHERE not_before <= ?2),
                count(*) FILTER (WHERE not_before > ?2 AND attempts = 0),
                count(*) FILTER (WHERE not_before > ?2 AND attempts > 0),
                min(max(not_before, created_at)) FILTER (WHERE not_before <= ?2)
         FROM message WHERE status = 'queued' AND channel = ?1",
    )?;
    let mut shared = connection.prepare_cached(
        "SELECT count(*), min(max(not_before, created_at))
         FROM message WHERE status = 'shared' AND channel = ?1",
    )?;
    let mut unknown = connection
        .prepare_cached("SELECT count(*) FROM message WHERE status = 'unknown' AND channel = ?1")?;
    let mut found = Vec::new();
    for channel in Channel::ALL {
        let mut queue = waiting.query_row((channel, Millis(now)), |row| {
            Ok(ChannelQueue {
                channel: *channel,
                due: row.get(0)?,
                for_hours: row.get(1)?,
                for_retry: row.get(2)?,
                unknown: 0,
                oldest_due_at: row.instant_opt(3)?,
            })
        })?;
        // What the hosts of a shared queue are to deliver may go now.
        let (with_hosts, oldest) = shared.query_row([channel], |row| {
            Ok((row.get::<_, u64>(0)?, row.instant_opt(1)?))
        })?;
        queue.due += with_hosts;
        queue.oldest_due_at = queue.oldest_due_at.into_iter().chain(oldest).min();
        queue.unknown = unknown.query_row([channel], |row| row.get(0))?;
        found.push(queue);
    }
    Ok(found)
}

/// So many messages in a row made before the day end the search for those of the day: ids rise with time
/// but for a clock that was set back.
const SETTLED: u32 = 10_000;

/// What became of the messages made since an instant and before another, those that have a state of it.
pub fn outcomes_between(
    connection: &Connection,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BTreeMap<Status, u64>> {
    let mut statement = connection.prepare_cached(
        "SELECT created_at >= ?1, created_at < ?2, status FROM message ORDER BY id DESC",
    )?;
    let mut rows = statement.query((Millis(since), Millis(until)))?;
    let mut outcomes = BTreeMap::new();
    let mut earlier = 0;
    while let Some(row) = rows.next()? {
        if row.get(0)? {
            earlier = 0;
            // A clock that was set back leaves messages of days to come.
            if row.get(1)? {
                *outcomes.entry(row.get(2)?).or_insert(0) += 1;
            }
        } else {
            earlier += 1;
            if earlier == SETTLED {
                break;
            }
        }
    }
    Ok(outcomes)
}

/// How many cases are open at each stage.
pub fn open_cases(connection: &Connection) -> Result<BTreeMap<Stage, u64>> {
    let mut statement = connection.prepare_cached(
        "SELECT stage, count(*) FROM collection_case WHERE outcome IS NULL GROUP BY stage",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// So many messages of a channel, in a state, for a reason.
pub type Total = (Channel, Status, Option<Reason>, u64);

/// Every message there ever was, counted by channel, state and reason.
pub fn totals(connection: &Connection) -> Result<Vec<Total>> {
    let mut statement = connection.prepare(
        "SELECT channel, iif(status = 'shared', 'queued', status) AS state, reason, count(*)
         FROM message GROUP BY channel, state, reason",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
