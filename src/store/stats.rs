//! Messages of late, each with what it is counted by.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::columns::{Columns as _, Millis};
use crate::domain::words::{Channel, Origin, Reason, Status};
use crate::error::Result;

/// A message as figures see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedMessage {
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How it travels.
    pub channel: Channel,
    /// Its template's name.
    pub template: Option<String>,
    /// Which journey made it.
    pub origin: Origin,
    /// What within that journey.
    pub event: String,
    /// Its state.
    pub status: Status,
    /// Why it was not sent.
    pub reason: Option<Reason>,
    /// It was reported to have arrived.
    pub delivered: bool,
    /// It was reported to have been read.
    pub read: bool,
}

/// So many messages in a row made before the first instant end the search: ids rise with time but for a
/// clock that was set back.
const SETTLED: u32 = 10_000;

/// Streams the messages made since an instant and before another, the latest first.
pub fn each_between(
    connection: &Connection,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    mut each: impl FnMut(CountedMessage),
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT created_at >= ?1, created_at, channel, template, origin, event, status, reason,
                delivered_at IS NOT NULL, read_at IS NOT NULL, created_at < ?2
         FROM message ORDER BY id DESC",
    )?;
    let mut rows = statement.query((Millis(since), Millis(until)))?;
    let mut earlier = 0;
    while let Some(row) = rows.next()? {
        if !row.get::<_, bool>(0)? {
            earlier += 1;
            if earlier == SETTLED {
                break;
            }
            continue;
        }
        earlier = 0;
        // A clock that was set back leaves messages of days to come.
        if !row.get::<_, bool>(10)? {
            continue;
        }
        each(CountedMessage {
            created_at: row.instant(1)?,
            channel: row.get(2)?,
            template: row.get(3)?,
            origin: row.get(4)?,
            event: row.get(5)?,
            status: row.get(6)?,
            reason: row.get(7)?,
            delivered: row.get(8)?,
            read: row.get(9)?,
        });
    }
    Ok(())
}
