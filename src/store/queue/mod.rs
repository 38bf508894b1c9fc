//! The queue: what waits in it, channel by channel.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::columns::{Columns as _, Millis};
use crate::domain::words::{Channel, Status, Word as _};
use crate::error::Result;

mod by_hand;
mod claim;
mod outage;
mod settle;

pub(in crate::store) use by_hand::CHOSEN;
pub use by_hand::{
    Chosen, Left, Retried, State, Waiting, cancel, held_back, not_cancelled, retry, waiting,
};
pub use claim::{
    Aside, DueMessage, MadeOf, as_due, due_block, made_of, others, put_off, rewrite, skip,
    speaks_only_for, take, take_in, wait,
};
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

/// When the first queued message may go, or might have gone already; none where none is queued.
pub fn next_at(connection: &Connection, channel: Channel) -> Result<Option<DateTime<Utc>>> {
    Ok(connection
        .prepare_cached(
            "SELECT min(not_before) FROM message WHERE status = 'queued' AND channel = ?1",
        )?
        .query_row([channel], |row| row.instant_opt(0))?)
}

/// How many messages are queued, due or not.
pub fn queued(connection: &Connection, channel: Channel) -> Result<u64> {
    in_state(connection, channel, Status::Queued)
}

/// How many messages are with the hosts that share the queue, or on the way to them.
pub fn with_hosts(connection: &Connection, channel: Channel) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM message WHERE status = 'shared' AND channel = ?1")?
        .query_row([channel], |row| row.get(0))?)
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
    /// With the hosts that share the queue, or on the way to them.
    pub shared: u64,
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
            shared: with_hosts(connection, *channel)?,
            sending: in_state(connection, *channel, Status::Sending)?,
            unknown: in_state(connection, *channel, Status::Unknown)?,
        });
    }
    Ok(stats)
}

/// Everybody who was written to by whatsapp since an instant, or may have been.
pub fn recipients(
    connection: &Connection,
    channel: Channel,
    since: DateTime<Utc>,
) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT address FROM message
         WHERE channel = ?2 AND status = 'sent' AND sent_at >= ?1 AND address IS NOT NULL
         UNION
         SELECT m.address FROM message m JOIN attempt a ON a.message_id = m.id
         WHERE m.channel = ?2 AND m.status = 'unknown' AND a.at >= ?1
           AND m.address IS NOT NULL",
    )?;
    let rows = statement.query_map((Millis(since), channel), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
