//! Which messages a provider is asked about, and how many arrived.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::domain::words::Channel;
use crate::error::Result;
use crate::store::columns::Millis;

/// A message whose provider is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedMessage {
    /// The message.
    pub message_id: i64,
    /// The provider's id of it.
    pub provider_id: String,
}

/// Messages that a provider took on a channel since `since` and of which no final receipt came, those that
/// were not asked about for the longest first; at most `most`. The older a message is, the seldomer it is
/// asked about: not before a quarter of its age has passed since, and five minutes.
pub fn to_ask(
    connection: &Connection,
    channel: Channel,
    provider: &str,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    most: u32,
) -> Result<Vec<AskedMessage>> {
    const AT_LEAST: i64 = 5 * 60_000;
    // Messages are made before they are sent, some of them days before.
    let first = first_since(connection, since - TimeDelta::days(30))?;
    let mut statement = connection.prepare_cached(
        "SELECT m.id, m.provider_id FROM message m
         WHERE m.id >= ?1 AND m.channel = ?2 AND m.status IN ('sent', 'unknown')
           AND m.provider_id IS NOT NULL AND m.sent_at >= ?3
           AND m.delivered_at IS NULL AND m.failed_at IS NULL
           AND (m.asked_at IS NULL OR ?5 - m.asked_at >= max(?6, (m.asked_at - m.sent_at) / 4))
           AND EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = m.id
             AND a.provider = ?4 AND a.provider_id = m.provider_id)
         ORDER BY m.asked_at, m.id LIMIT ?7",
    )?;
    let rows = statement.query_map(
        params![
            first,
            channel,
            Millis(since),
            provider,
            Millis(now),
            AT_LEAST,
            most
        ],
        |row| {
            Ok(AskedMessage {
                message_id: row.get(0)?,
                provider_id: row.get(1)?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The id of the first message that was made since an instant: ids go up with time, so that halving finds it.
fn first_since(connection: &Connection, since: DateTime<Utc>) -> Result<i64> {
    let mut statement = connection
        .prepare_cached("SELECT id, created_at FROM message WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    let (mut low, mut high): (i64, i64) = connection
        .prepare_cached("SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM message")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = statement
            .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((id, made)) if made < since.timestamp_millis() => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Notes that a message's provider was asked about it.
pub fn was_asked(connection: &Connection, message_id: i64, now: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached("UPDATE message SET asked_at = ?2 WHERE id = ?1")?
        .execute((message_id, Millis(now)))?;
    Ok(())
}

/// How many messages were delivered, and read, for each channel, of those sent since an instant.
pub fn counts(
    connection: &Connection,
    since: DateTime<Utc>,
) -> Result<Vec<(Channel, u64, u64, u64)>> {
    let first = first_since(connection, since - TimeDelta::days(30))?;
    let mut statement = connection.prepare_cached(
        "SELECT channel, count(*), count(delivered_at), count(read_at) FROM message
         WHERE id >= ?1 AND status = 'sent' AND sent_at >= ?2 GROUP BY channel ORDER BY channel",
    )?;
    let rows = statement.query_map((first, Millis(since)), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
