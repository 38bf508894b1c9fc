//! What this database knows of the messages that it handed to the hosts that share the queue.
//!
//! A message that was handed over has the state `shared`, and a row of its own with its round. Each step here is
//! to be called within an immediate transaction, and changes nothing when it was done already.

mod home;
mod wishes;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::columns::{Json, Millis};
use super::meta;
use super::queue::{self, CHOSEN, Chosen, DueMessage};
use crate::clock::Now;
use crate::domain::words::Channel;
use crate::error::Result;

pub use home::{News, SharedOutcome, bring_home, lost_there, withdrawn};
pub(in crate::store) use wishes::heed;

/// Which database this is, to the shared queue.
const PLANNER: &str = "shared.planner";
/// The turn of its latest visit there, and of the one that was begun.
const LATEST: &str = "shared.turn";
const NEXT: &str = "shared.turn.next";
/// It is a backup that was put in its place.
const RESTORED: &str = "shared.restored";
/// The last outcome that was brought home.
const CURSOR: &str = "shared.cursor";
/// The same of reports.
const REPORT_CURSOR: &str = "shared.report_cursor";

/// What this database shows at its visit to the shared queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Which database it is.
    pub planner: String,
    /// The turn of its latest visit.
    pub latest: String,
    /// The turn it is to have.
    pub next: String,
    /// It was restored from a backup since.
    pub restored: bool,
}

/// What is shown at the next visit; a database that is to be the planner gets a name, and `fresh` is the turn it
/// is to have, unless a visit was begun and its end is not known.
pub fn pass(connection: &Connection, fresh: &str) -> Result<Pass> {
    let kept = |key: &str, else_: &str| -> Result<String> {
        if let Some(value) = meta::get(connection, key)? {
            return Ok(value);
        }
        meta::set(connection, key, else_)?;
        Ok(else_.to_owned())
    };
    Ok(Pass {
        planner: kept(PLANNER, fresh)?,
        latest: meta::get(connection, LATEST)?.unwrap_or_default(),
        next: kept(NEXT, fresh)?,
        restored: meta::get(connection, RESTORED)?.is_some(),
    })
}

/// The visit was granted. Where the place was `taken` rather than kept, outcomes are counted from the beginning.
pub fn granted(connection: &Connection, pass: &Pass, taken: bool) -> Result<()> {
    meta::set(connection, LATEST, &pass.next)?;
    connection.execute("DELETE FROM meta WHERE key IN (?1, ?2)", [NEXT, RESTORED])?;
    if taken && !pass.restored {
        // The shared queue itself may be another one, or an older one.
        connection.execute(
            "DELETE FROM meta WHERE key IN (?1, ?2)",
            [CURSOR, REPORT_CURSOR],
        )?;
        connection.execute("UPDATE shared SET outcome = 0", [])?;
    }
    Ok(())
}

/// Whether this database was ever the planner of a shared queue.
pub fn plans(connection: &Connection) -> Result<bool> {
    Ok(meta::get(connection, LATEST)?.is_some())
}

/// A backup was put in the database's place: it may take the planner's place up again.
pub fn restored(connection: &Connection) -> Result<()> {
    if meta::get(connection, PLANNER)?.is_some() {
        meta::set(connection, RESTORED, "1")?;
    }
    Ok(())
}

/// The number of the last outcome that was brought home.
pub fn cursor(connection: &Connection) -> Result<i64> {
    number(connection, CURSOR)
}

/// Outcomes up to this one were brought home.
pub fn set_cursor(connection: &Connection, number: i64) -> Result<()> {
    meta::set(connection, CURSOR, &number.to_string())
}

/// The shared queue counts less than was brought home: it is another one, or an older one, and is read from its
/// beginning.
pub fn begin_anew(connection: &Connection) -> Result<()> {
    set_cursor(connection, 0)?;
    connection.execute("UPDATE shared SET outcome = 0 WHERE outcome > 0", [])?;
    Ok(())
}

/// The report that was taken in last.
pub fn report_cursor(connection: &Connection) -> Result<i64> {
    number(connection, REPORT_CURSOR)
}

/// Reports up to this one were taken in.
pub fn set_report_cursor(connection: &Connection, number: i64) -> Result<()> {
    meta::set(connection, REPORT_CURSOR, &number.to_string())
}

fn number(connection: &Connection, key: &str) -> Result<i64> {
    Ok(meta::get(connection, key)?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0))
}

/// These messages are erased here, and are to be erased there.
pub fn forget(connection: &Connection, ids: &[i64]) -> Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO shared_forget (tag)
         SELECT tag FROM shared WHERE message_id IN (SELECT value FROM json_each(?1))",
        [Json(ids)],
    )?;
    Ok(())
}

/// How many of the chosen messages are with the hosts, and were cancelled by hand since.
pub fn wished(connection: &Connection, chosen: &Chosen) -> Result<u64> {
    let mut statement = connection.prepare(&format!(
        "SELECT count(*) FROM shared s JOIN message m ON m.id = s.message_id
         WHERE s.wish = 'cancelled' AND m.status = 'shared' AND {CHOSEN}"
    ))?;
    Ok(chosen.with_values(|values| statement.query_row(values, |row| row.get(0)))?)
}

/// What is to be erased there, after this tag; at most so many.
pub fn to_forget(connection: &Connection, after: &str, most: usize) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare_cached("SELECT tag FROM shared_forget WHERE tag > ?1 ORDER BY tag LIMIT ?2")?;
    let rows = statement.query_map((after, most), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// It was erased there, but for what a host has in hand: that is asked for again until its outcome is home.
pub fn forgotten(connection: &Connection, tags: &[String]) -> Result<()> {
    for tag in tags {
        connection
            .prepare_cached(
                "DELETE FROM shared_forget WHERE tag = ?1 AND NOT EXISTS (
                   SELECT 1 FROM shared s JOIN message m ON m.id = s.message_id
                   WHERE s.tag = ?1 AND m.status = 'shared')",
            )?
            .execute([tag])?;
    }
    Ok(())
}

/// A message that was claimed goes to the hosts: written down before they can hear of it.
pub fn hand_over(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared (message_id, tag, round)
             SELECT id, tag(key), 1 FROM message WHERE id = ?1
             ON CONFLICT (message_id) DO UPDATE SET tag = excluded.tag, round = round + 1, there = 0,
               wish = NULL, wish_reason = NULL, wish_detail = NULL",
        )?
        .execute([id])?;
    connection
        .prepare_cached("UPDATE message SET status = 'shared' WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// A message that is with the hosts, or on its way to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedMessage {
    /// What stands for its key.
    pub tag: String,
    /// Its round.
    pub round: i32,
    /// The message as it was handed over.
    pub message: DueMessage,
    /// When it was due; 0: at once.
    pub place: i64,
    /// Before all others.
    pub urgent: bool,
    /// Somebody skipped or cancelled it since.
    pub wished: bool,
}

/// Which of them are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedPart {
    /// Those of which it is not certain that the hosts have them.
    OnTheWay,
    /// Those that they have.
    There,
}

/// Messages with the hosts or on their way to them, after this one by id; at most so many.
pub fn with_hosts(
    connection: &Connection,
    now: Now,
    part: SharedPart,
    after: i64,
    most: usize,
) -> Result<Vec<SharedMessage>> {
    let mut statement = connection.prepare_cached(match part {
        SharedPart::OnTheWay => {
            "SELECT s.message_id, s.tag, s.round, m.not_before, m.urgent, s.wish IS NOT NULL, m.channel
             FROM shared s JOIN message m ON m.id = s.message_id
             WHERE s.there = 0 AND m.status = 'shared' AND s.message_id > ?1
             ORDER BY s.message_id LIMIT ?2"
        }
        SharedPart::There => {
            "SELECT s.message_id, s.tag, s.round, m.not_before, m.urgent, s.wish IS NOT NULL, m.channel
             FROM (SELECT id FROM message WHERE status = 'shared' AND id > ?1 ORDER BY id) AS q
             JOIN shared s ON s.message_id = q.id JOIN message m ON m.id = q.id
             WHERE s.there = 1 LIMIT ?2"
        }
    })?;
    let mut rows = statement.query(params![after, most])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, channel): (i64, Channel) = (row.get(0)?, row.get(6)?);
        let mut message = queue::as_due(connection, id, channel, now)?;
        message.attempt = message.attempt.saturating_sub(1);
        found.push(SharedMessage {
            tag: row.get(1)?,
            round: row.get(2)?,
            message,
            place: row.get(3)?,
            urgent: row.get(4)?,
            wished: row.get(5)?,
        });
    }
    Ok(found)
}

/// The round of a message that was just handed over.
pub fn just_handed(connection: &Connection, message: DueMessage) -> Result<SharedMessage> {
    let found = connection
        .prepare_cached(
            "SELECT s.tag, s.round, m.not_before, m.urgent FROM shared s JOIN message m ON m.id = s.message_id
             WHERE s.message_id = ?1",
        )?
        .query_row([message.outgoing.id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let (tag, round, place, urgent) = found;
    Ok(SharedMessage {
        tag,
        round,
        message,
        place,
        urgent,
        wished: false,
    })
}

/// It is certain that a message stands there, in this round at the least.
pub fn is_there(connection: &Connection, tag: &str, round: i32) -> Result<()> {
    connection
        .prepare_cached("UPDATE shared SET there = 1, round = max(round, ?2) WHERE tag = ?1")?
        .execute((tag, round))?;
    Ok(())
}

/// Notes under what messages were looked at and found unchanged.
pub fn unchanged(connection: &Connection, ids: &[i64], seen: &str) -> Result<()> {
    for id in ids {
        connection
            .prepare_cached("UPDATE message SET seen = ?2 WHERE id = ?1 AND status = 'shared'")?
            .execute((id, seen))?;
    }
    Ok(())
}

/// Queued messages of a channel that were handed over before and came back; at most so many.
pub fn returned(
    connection: &Connection,
    channel: Channel,
    now: DateTime<Utc>,
    most: usize,
) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.id FROM message m
         WHERE m.status = 'queued' AND m.channel = ?1 AND m.not_before <= ?2
           AND EXISTS (SELECT 1 FROM shared s WHERE s.message_id = m.id)
         ORDER BY m.not_before, m.id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![channel, Millis(now), most], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
