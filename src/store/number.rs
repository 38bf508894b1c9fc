//! Numbers that a gateway was asked about: whether each exists there, and when that was said.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::Millis;
use crate::domain::words::Channel;
use crate::error::Result;

/// Whether a number exists on a channel, as it was said at `since` or later.
pub fn exists(
    connection: &Connection,
    channel: Channel,
    number: &str,
    since: DateTime<Utc>,
) -> Result<Option<bool>> {
    Ok(connection
        .prepare_cached(
            "SELECT there FROM number_asked WHERE channel = ?1 AND number = ?2 AND asked_at >= ?3",
        )?
        .query_row((channel, number, Millis(since)), |row| row.get(0))
        .optional()?)
}

/// The first numbers, at most `limit`, among so many messages whose turn has come, of which nothing was said
/// at `since` or later.
pub fn unasked(
    connection: &Connection,
    channel: Channel,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT address FROM (
           SELECT address FROM message
           WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND tried_last = 0
             AND address IS NOT NULL
           ORDER BY not_before, id LIMIT ?4) AS due
         WHERE NOT EXISTS (
           SELECT 1 FROM number_asked AS n
           WHERE n.channel = ?1 AND n.number = due.address AND n.asked_at >= ?3)",
    )?;
    let bound = (channel, Millis(now), Millis(since), limit);
    let rows = statement.query_map(bound, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps what was said of a number.
pub fn keep(
    connection: &Connection,
    channel: Channel,
    number: &str,
    exists: bool,
    at: DateTime<Utc>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO number_asked (channel, number, there, asked_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (channel, number) DO UPDATE SET there = ?3, asked_at = ?4",
        )?
        .execute((channel, number, exists, Millis(at)))?;
    Ok(())
}

/// Forgets what was said before an instant.
pub fn forget(connection: &Connection, before: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM number_asked WHERE asked_at < ?1")?
        .execute([Millis(before)])?;
    Ok(())
}
