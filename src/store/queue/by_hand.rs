//! What people do with the queue by hand: cancel, put back, and ask what a hold keeps in it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ToSql};

use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::Result;
use crate::store::columns::{Json, Millis};
use crate::store::hold::Held;

/// Which messages a person means to retry or cancel; everything given must hold.
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
    /// Not sent for this reason.
    pub reason: Option<Reason>,
    /// To this client, or about them.
    pub client_id: Option<i64>,
    /// About this invoice, alone or among others.
    pub invoice_id: Option<i64>,
}

/// The condition of [`Chosen`], with what [`Chosen::with_values`] binds.
pub(in crate::store) const CHOSEN: &str = "(?1 = '[]' OR m.id IN (SELECT value FROM json_each(?1)))
   AND (?2 IS NULL OR m.channel = ?2) AND (?3 IS NULL OR m.batch_id = ?3)
   AND (?4 IS NULL OR m.template = ?4) AND (?5 IS NULL OR m.reason = ?5)
   AND (?6 IS NULL OR m.client_id = ?6)
   AND (?7 IS NULL OR m.invoice_id = ?7
        OR m.id IN (SELECT message_id FROM message_speaks_for WHERE invoice_id = ?7))";

impl Chosen {
    /// Hands over what the condition binds.
    pub(in crate::store) fn with_values<T>(&self, bind: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
        let ids = Json(&self.ids);
        bind(&[
            &ids,
            &self.channel,
            &self.batch_id,
            &self.template,
            &self.reason,
            &self.client_id,
            &self.invoice_id,
        ])
    }
}

/// Queued messages of one channel and template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The channel.
    pub channel: Channel,
    /// The template, where they have one.
    pub template: Option<String>,
    /// How many.
    pub messages: u64,
    /// To so many clients.
    pub clients: u64,
}

/// The queued messages that are meant, by channel and template.
pub fn waiting(connection: &Connection, chosen: &Chosen) -> Result<Vec<Waiting>> {
    let mut statement = connection.prepare(&format!(
        "SELECT channel, template, count(*), count(DISTINCT client_id) FROM (
           SELECT m.channel, m.template, m.client_id FROM message m
           WHERE m.status = 'queued' AND {CHOSEN}
           UNION ALL SELECT m.channel, m.template, m.client_id FROM message m
           WHERE m.status = 'shared' AND {CHOSEN})
         GROUP BY channel, template ORDER BY 1, 2"
    ))?;
    chosen.with_values(|values| {
        let rows = statement.query_map(values, |row| {
            Ok(Waiting {
                channel: row.get(0)?,
                template: row.get(1)?,
                messages: row.get(2)?,
                clients: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

/// Takes queued messages out of the queue; how many. What other hosts deliver is taken out as soon as it is
/// certain that none of them has it in hand, and is not counted.
pub fn cancel(connection: &Connection, chosen: &Chosen) -> Result<u64> {
    let mut cancelled = 0;
    for status in ["queued", "shared"] {
        cancelled += chosen.with_values(|values| {
            connection.execute(
                &format!(
                    "UPDATE message AS m SET status = 'cancelled', detail = 'cancelled by hand'
                     WHERE m.status = '{status}' AND {CHOSEN}"
                ),
                values,
            )
        })?;
    }
    Ok(cancelled as u64)
}

/// In which state the messages are that a person puts back into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Failed; those that were skipped too, when ids or a reason name them.
    Failed,
    /// Unknown.
    Unknown,
    /// Cancelled.
    Cancelled,
}

/// A message that was not put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The message.
    pub id: i64,
    /// Why.
    pub why: String,
}

/// What putting messages back came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retried {
    /// How many are back in the queue.
    pub back: u64,
    /// Which are not, and why.
    pub left: Vec<Left>,
}

/// What stands against putting a message back, in words; nothing when nothing does.
const AGAINST: &str = "SELECT CASE
     WHEN m.origin = 'test' THEN 'a test is not tried again'
     WHEN m.staff_id IS NOT NULL AND m.origin = 'ticket' AND m.body IS NULL AND m.said IS NULL
       THEN 'its client was erased'
     WHEN m.status <> 'unknown' AND EXISTS (SELECT 1 FROM spent_key s WHERE s.key = m.key)
       THEN 'the file that was replaced by a backup has sent it since'
     WHEN m.key LIKE '%/skipped/' || m.id THEN 'it was made again as another message'
     WHEN m.status = 'skipped' AND m.reason IN ('merged', 'duplicate')
       THEN 'another message speaks for it'
     WHEN m.expires_at <= ?2 OR (m.status = 'skipped' AND m.expires_at IS NULL
            AND (m.origin = 'birthday' OR m.event GLOB 'reminder:*'))
       THEN 'its time ran out'
     WHEN m.origin = 'collection' AND m.event GLOB 'stage:*' AND EXISTS (
       SELECT 1 FROM collection_case c
       WHERE c.id = m.case_id AND c.outcome IS NULL AND 'stage:' || c.stage <> m.event)
       THEN 'its case has moved on'
     WHEN m.channel <> 'push' AND EXISTS (
       SELECT 1 FROM message o
       WHERE o.key >= substr(m.key, 1, m.key_start) || '/'
         AND o.key < substr(m.key, 1, m.key_start) || '0' AND o.id <> m.id
         AND o.status IN ('queued', 'shared', 'sending', 'sent', 'unknown'))
       THEN 'another message of the same kind went, or waits, for the same person'
     END
   FROM message m WHERE m.id = ?1";

/// Puts messages back into the queue, with all their tries before them. `expires_at` is given to those
/// that were made without an end. To be called within an immediate transaction.
pub fn retry(
    connection: &Connection,
    chosen: &Chosen,
    state: State,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Retried> {
    let named = !chosen.ids.is_empty() || chosen.reason.is_some();
    let states: &[Status] = match state {
        State::Failed if named => &[Status::Failed, Status::Skipped],
        State::Failed => &[Status::Failed],
        State::Unknown => &[Status::Unknown],
        State::Cancelled => &[Status::Cancelled],
    };
    let words: Vec<String> = states.iter().map(|state| format!("'{state}'")).collect();
    let mut statement = connection.prepare(&format!(
        "SELECT m.id, m.status FROM message m
         WHERE {CHOSEN} AND (?1 <> '[]' OR m.status IN ({})) ORDER BY m.id",
        words.join(", ")
    ))?;
    let found: Vec<(i64, Status)> = chosen.with_values(|values| {
        statement
            .query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()
    })?;
    let mut retried = Retried {
        back: 0,
        left: not_meant(connection, chosen)?,
    };
    for (id, status) in found {
        // What went back first may stand against the next of the same person.
        let against = if states.contains(&status) {
            connection
                .prepare_cached(AGAINST)?
                .query_row((id, Millis(now)), |row| row.get(0))?
        } else {
            Some(other_state(status))
        };
        match against {
            Some(why) => retried.left.push(Left { id, why }),
            None => {
                put_back(connection, id, expires_at)?;
                retried.back += 1;
            }
        }
    }
    Ok(retried)
}

/// Of the messages that are named by their ids, those that cannot be cancelled, and why.
pub fn not_cancelled(connection: &Connection, chosen: &Chosen) -> Result<Vec<Left>> {
    if chosen.ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(&format!(
        "SELECT m.id, m.status FROM message m
         WHERE {CHOSEN} AND m.status NOT IN ('queued', 'shared') ORDER BY m.id"
    ))?;
    let settled: Vec<(i64, Status)> = chosen.with_values(|values| {
        statement
            .query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()
    })?;
    let mut left = not_meant(connection, chosen)?;
    left.extend(settled.into_iter().map(|(id, status)| Left {
        id,
        why: format!("it is {}", status.as_str()),
    }));
    Ok(left)
}

/// The ids that are named and that no message has, or one that the other conditions leave out.
fn not_meant(connection: &Connection, chosen: &Chosen) -> Result<Vec<Left>> {
    if chosen.ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(&format!(
        "SELECT j.value, EXISTS (SELECT 1 FROM message o WHERE o.id = j.value)
         FROM json_each(?1) j
         WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = j.value AND {CHOSEN})"
    ))?;
    chosen.with_values(|values| {
        let rows = statement.query_map(values, |row| {
            let there: bool = row.get(1)?;
            let why = if there {
                "the other conditions leave it out"
            } else {
                "there is no such message"
            };
            Ok(Left {
                id: row.get(0)?,
                why: why.to_owned(),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}

fn other_state(status: Status) -> String {
    match status {
        Status::Unknown => "it may have arrived: --unknown puts it back all the same".to_owned(),
        Status::Cancelled => "it was cancelled: --cancelled puts it back".to_owned(),
        status => format!("it is {}", status.as_str()),
    }
}

fn put_back(connection: &Connection, id: i64, expires_at: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'queued', reason = NULL, detail = NULL, not_before = 0,
               retries = 0, seen = '', expires_at = coalesce(expires_at, ?2) WHERE id = ?1",
        )?
        .execute((id, Millis(expires_at)))?;
    Ok(())
}

/// How many queued messages a hold keeps back: reminders and stages that speak of what is held.
pub fn held_back(connection: &Connection, held: Held) -> Result<u64> {
    let (client, invoice) = match held {
        Held::Client(id) => (Some(id), None),
        Held::Invoice(id) => (None, Some(id)),
    };
    Ok(connection.query_row(
        "SELECT count(*) FROM (
           SELECT origin, event, client_id, invoice_id FROM message WHERE status = 'queued'
           UNION ALL SELECT origin, event, client_id, invoice_id FROM message WHERE status = 'shared')
         WHERE origin = 'collection' AND event NOT GLOB 'closing:*'
           AND ((?1 IS NOT NULL AND client_id = ?1) OR (?2 IS NOT NULL AND invoice_id = ?2))",
        (client, invoice),
        |row| row.get(0),
    )?)
}
