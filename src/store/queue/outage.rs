//! Outages: what a channel is suffering from, from one run to the next.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::domain::words::Channel;
use crate::error::Result;
use crate::store::columns::{Columns as _, Millis};

/// A channel's outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Since when nothing was accepted.
    pub since: DateTime<Utc>,
    /// When it was last tried.
    pub tried_at: DateTime<Utc>,
    /// Whether everybody was told to come later.
    pub is_later: bool,
    /// In the provider's words, or ours.
    pub why: String,
    /// The refusals alike that stopped the channel, without what differs from message to message.
    pub alike: Option<String>,
}

/// What a channel is suffering from, if it is.
pub fn outage(connection: &Connection, channel: Channel) -> Result<Option<Outage>> {
    Ok(connection
        .prepare_cached(
            "SELECT since, tried_at, is_later, why, alike FROM outage WHERE channel = ?1",
        )?
        .query_row([channel], |row| {
            Ok(Outage {
                since: row.instant("since")?,
                tried_at: row.instant("tried_at")?,
                is_later: row.get("is_later")?,
                why: row.get("why")?,
                alike: row.get("alike")?,
            })
        })
        .optional()?)
}

/// Notes a channel's outage, or that it is over.
pub fn set_outage(
    connection: &Connection,
    channel: Channel,
    outage: Option<&Outage>,
) -> Result<()> {
    let Some(outage) = outage else {
        connection.execute("DELETE FROM outage WHERE channel = ?1", [channel])?;
        return Ok(());
    };
    connection.execute(
        "INSERT OR REPLACE INTO outage (channel, since, tried_at, is_later, why, alike)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            channel,
            Millis(outage.since),
            Millis(outage.tried_at),
            outage.is_later,
            outage.why,
            outage.alike,
        ],
    )?;
    Ok(())
}
