//! Messages that wait for their hours, and those that expired while they waited.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::columns::{Columns as _, Millis};
use crate::domain::words::{Channel, Origin};
use crate::error::Result;

/// Messages made together that may go from one instant on, and are of no use from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingGroup {
    /// How they travel.
    pub channel: Channel,
    /// Which journey made them.
    pub origin: Origin,
    /// When they may go.
    pub from: DateTime<Utc>,
    /// When the first of them expires.
    pub until: DateTime<Utc>,
    /// How many.
    pub count: i64,
}

/// The messages that nobody has tried yet and that wait for their hours.
pub fn for_hours(connection: &Connection) -> Result<Vec<WaitingGroup>> {
    let mut statement = connection.prepare_cached(
        "SELECT channel, origin, not_before, min(expires_at) AS expires_at, count(*) AS n
         FROM message
         WHERE status = 'queued' AND not_before IS NOT NULL AND expires_at IS NOT NULL
           AND attempts = 0
         GROUP BY channel, origin, not_before ORDER BY channel, not_before",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(WaitingGroup {
            channel: row.get("channel")?,
            origin: row.get("origin")?,
            from: row.instant("not_before")?,
            until: row.instant("expires_at")?,
            count: row.get("n")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Of the latest hundred thousand messages those that expired in the queue without an attempt, since an instant.
pub fn expired(
    connection: &Connection,
    since: DateTime<Utc>,
) -> Result<Vec<(Channel, Origin, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT channel, origin, count(*) FROM message
         WHERE id > (SELECT max(id) FROM message) - 100000 AND status = 'skipped'
           AND reason = 'expired' AND attempts = 0 AND not_before IS NOT NULL AND expires_at >= ?1
         GROUP BY channel, origin ORDER BY channel, origin",
    )?;
    let rows = statement.query_map([Millis(since)], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
