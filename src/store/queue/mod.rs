//! The queue: what waits in it, channel by channel, and what people do with it by hand.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::Result;

mod claim;
mod outage;
mod settle;

pub use claim::{Aside, DueMessage, due_block, put_off, skip, take};
pub use outage::{Outage, outage, set_outage};
pub use settle::{Settlement, give_back, recover, settle};

/// Whether the channel has anything to do: something due, or left in flight by a run that died.
pub fn anything(connection: &Connection, channel: Channel, now: DateTime<Utc>) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message
                            WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2)
                 OR EXISTS (SELECT 1 FROM message WHERE status = 'sending' AND channel = ?1)",
        )?
        .query_row((channel, Millis(now)), |row| row.get(0))?)
}

/// How many messages are due.
pub fn due(connection: &Connection, channel: Channel, now: DateTime<Utc>) -> Result<u64> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM message
             WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2",
        )?
        .query_row((channel, Millis(now)), |row| row.get(0))?)
}

/// How many messages are queued, due or not.
pub fn queued(connection: &Connection, channel: Channel) -> Result<u64> {
    in_state(connection, channel, Status::Queued)
}

fn in_state(connection: &Connection, channel: Channel, status: Status) -> Result<u64> {
    // The state stands in the text, so that its partial index serves.
    Ok(connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM message WHERE status = '{status}' AND channel = ?1"
        ))?
        .query_row([channel], |row| row.get(0))?)
}

/// How many messages are in each state on each channel, and when the next is due.
pub struct Stat {
    /// The channel.
    pub channel: Channel,
    /// Due now.
    pub due: u64,
    /// Waiting for a later instant.
    pub waiting: u64,
    /// The first such instant.
    pub next_at: Option<DateTime<Utc>>,
    /// In flight, or left there by a run that died.
    pub sending: u64,
    /// Nobody can tell what became of them.
    pub unknown: u64,
}

/// The queue, channel by channel.
pub fn stats(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<Stat>> {
    let mut stats = Vec::new();
    for channel in Channel::ALL {
        let due = due(connection, *channel, now)?;
        let next_at = connection
            .prepare_cached(
                "SELECT min(not_before) FROM message
                 WHERE status = 'queued' AND channel = ?1 AND not_before > ?2",
            )?
            .query_row((channel, Millis(now)), |row| row.instant_opt(0))?;
        stats.push(Stat {
            channel: *channel,
            due,
            waiting: queued(connection, *channel)?.saturating_sub(due),
            next_at,
            sending: in_state(connection, *channel, Status::Sending)?,
            unknown: in_state(connection, *channel, Status::Unknown)?,
        });
    }
    Ok(stats)
}

/// Which messages a person means to retry or cancel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// These ids; empty means any.
    pub ids: Vec<i64>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// Of this batch.
    pub batch_id: Option<i64>,
    /// Made with this template.
    pub template: Option<String>,
    /// Failed for this reason.
    pub reason: Option<Reason>,
}

impl Chosen {
    fn change(&self, connection: &Connection, set: &str, status: Status) -> Result<u64> {
        let changed = connection.execute(
            &format!(
                "UPDATE message SET {set}
                 WHERE status = ?1 AND (?2 = '[]' OR id IN (SELECT value FROM json_each(?2)))
                   AND (?3 IS NULL OR channel = ?3) AND (?4 IS NULL OR batch_id = ?4)
                   AND (?5 IS NULL OR template = ?5) AND (?6 IS NULL OR reason = ?6)"
            ),
            params![
                status,
                Json(&self.ids),
                self.channel,
                self.batch_id,
                self.template,
                self.reason,
            ],
        )?;
        Ok(changed as u64)
    }
}

/// Puts failed or unknown messages back into the queue, with all their tries before them; how many.
pub fn retry(connection: &Connection, chosen: &Chosen, unknown: bool) -> Result<u64> {
    let status = if unknown {
        Status::Unknown
    } else {
        Status::Failed
    };
    chosen.change(
        connection,
        "status = 'queued', reason = NULL, detail = NULL, not_before = 0, retries = 0",
        status,
    )
}

/// Takes queued messages out of the queue; how many.
pub fn cancel(connection: &Connection, chosen: &Chosen) -> Result<u64> {
    chosen.change(
        connection,
        "status = 'cancelled', detail = 'cancelled by hand'",
        Status::Queued,
    )
}

/// Everybody who was written to by whatsapp since an instant, or may have been.
pub fn whatsapp_recipients(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT address FROM message
         WHERE channel = 'whatsapp' AND status = 'sent' AND sent_at >= ?1 AND address IS NOT NULL
         UNION
         SELECT m.address FROM message m JOIN attempt a ON a.message_id = m.id
         WHERE m.channel = 'whatsapp' AND m.status = 'unknown' AND a.at >= ?1
           AND m.address IS NOT NULL",
    )?;
    let rows = statement.query_map([Millis(since)], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
