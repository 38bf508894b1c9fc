//! What people wrote back, kept with their client and the message it answers.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Millis};
use crate::domain::receipt::Reply;
use crate::domain::words::Channel;
use crate::error::Result;

/// A reply about to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewReply<'a> {
    /// What came.
    pub reply: &'a Reply,
    /// Who brought it.
    pub source: &'a str,
    /// The number, as it is compared.
    pub phone: &'a str,
    /// The client it is kept with.
    pub client_id: Option<i64>,
    /// The message it answers.
    pub message_id: Option<i64>,
    /// Whether it counted as a stop.
    pub stops: bool,
}

/// Writes a reply down; whether it is new. One that is known, but did not count as a stop when it came, for nobody
/// had signed it or nobody here had its number, is news where it counts.
pub fn write(connection: &Connection, new: NewReply<'_>, now: DateTime<Utc>) -> Result<bool> {
    let reply = new.reply;
    // One without an id is known by its number, its instant and what it says.
    let id = reply.provider_id.clone().unwrap_or_else(|| {
        format!(
            "{} {} {}",
            new.phone,
            reply.at.timestamp_millis(),
            reply.text
        )
    });
    let inserted = connection
        .prepare_cached(
            "INSERT INTO reply (source, provider_id, channel, phone, client_id, message_id, at,
               received_at, text, stops)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (source, provider_id) DO UPDATE
               SET stops = 1, client_id = coalesce(client_id, excluded.client_id),
                 message_id = coalesce(message_id, excluded.message_id)
               WHERE excluded.stops > stops",
        )?
        .execute(params![
            new.source,
            id,
            reply.channel,
            new.phone,
            new.client_id,
            new.message_id,
            Millis(reply.at),
            Millis(now),
            reply.text,
            new.stops,
        ])?;
    Ok(inserted > 0)
}

/// How long after a message a reply that names none is taken for its answer.
const ANSWERS_WITHIN: TimeDelta = TimeDelta::days(7);

/// The last message that one of these clients got at this number on a channel, within a week before:
/// the one that a reply answers which names none.
pub fn answered(
    connection: &Connection,
    clients: &[i64],
    channel: Channel,
    phone: &str,
    at: DateTime<Utc>,
) -> Result<Option<i64>> {
    let mut latest = None;
    for client in clients {
        let found: Option<i64> = connection
            .prepare_cached(
                "SELECT id FROM message
                 WHERE client_id = ?1 AND channel = ?2 AND address = ?3
                   AND status IN ('sent', 'unknown') AND sent_at BETWEEN ?4 AND ?5
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row(
                params![
                    client,
                    channel,
                    phone,
                    Millis(at - ANSWERS_WITHIN),
                    // The two clocks may differ.
                    Millis(at + TimeDelta::minutes(5)),
                ],
                |row| row.get(0),
            )
            .optional()?;
        latest = latest.max(found);
    }
    Ok(latest)
}

/// Which replies are wanted; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepliesWanted {
    /// Of this client.
    pub client_id: Option<i64>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// At or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Saying this, case and accents aside.
    pub contains: Option<String>,
}

/// A reply as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReply {
    /// Its number here.
    pub id: i64,
    /// When the person wrote it.
    pub at: DateTime<Utc>,
    /// How it came.
    pub channel: Channel,
    /// Who brought it.
    pub source: String,
    /// The number.
    pub phone: String,
    /// The client.
    pub client_id: Option<i64>,
    /// Their name, while the book has them.
    pub client_name: Option<String>,
    /// The message it answers.
    pub message_id: Option<i64>,
    /// What it says, until it is purged.
    pub text: Option<String>,
    /// Whether it counted as a stop.
    pub stops: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeptReply> {
    Ok(KeptReply {
        id: row.get("id")?,
        at: row.instant("at")?,
        channel: row.get("channel")?,
        source: row.get("source")?,
        phone: row.get("phone")?,
        client_id: row.get("client_id")?,
        client_name: row.get("client_name")?,
        message_id: row.get("message_id")?,
        text: row.get("text")?,
        stops: row.get("stops")?,
    })
}

/// Lists replies one by one, the latest first; at most `limit` (0: all).
pub fn each(
    connection: &Connection,
    wanted: &RepliesWanted,
    limit: i64,
    mut each: impl FnMut(KeptReply) -> Result<()>,
) -> Result<()> {
    // With a client their own index is followed, without one the order of arrival.
    let of_client = match wanted.client_id {
        Some(_) => "r.client_id = ?1",
        None => "?1 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT r.*, c.name AS client_name FROM reply r LEFT JOIN client c ON c.id = r.client_id
         WHERE {of_client} AND (?2 IS NULL OR r.channel = ?2)
           AND (?3 IS NULL OR r.at >= ?3) AND (?4 IS NULL OR r.at < ?4)
           AND (?5 IS NULL OR instr(fold(r.text), ?5) > 0)
         ORDER BY r.id DESC LIMIT ?6",
    ))?;
    let contains = wanted.contains.as_deref().map(crate::domain::report::fold);
    let mut rows = statement.query(params![
        wanted.client_id,
        wanted.channel,
        wanted.since.map(Millis),
        wanted.until.map(Millis),
        contains,
        if limit == 0 { -1 } else { limit },
    ])?;
    while let Some(row) = rows.next()? {
        each(read(row)?)?;
    }
    Ok(())
}
