//! Verifying the ledger: its chain, and each message against its records.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;

use super::{first_at, head, receipt_values, values};
use crate::domain::evidence::{Digest, Head, NOTHING, Record, hex};
use crate::domain::id_set::IdSet;
use crate::domain::words::{Status, Word as _};
use crate::error::Result;
use crate::store::columns::SHARED;

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many records there are.
    pub records: i64,
    /// When the first was made.
    pub first_at: Option<DateTime<Utc>>,
    /// The last.
    pub head: Option<Head>,
    /// The first thing that does not fit; none when all does.
    pub fault: Option<String>,
}

/// Checks the whole ledger, and with `kept` that it still goes through a head that was kept elsewhere.
pub fn verify(connection: &Connection, kept: Option<&Head>) -> Result<Verified> {
    let records = connection.query_row("SELECT count(*) FROM evidence", [], |row| row.get(0))?;
    let fault = match chain(connection, kept)? {
        Some(fault) => Some(fault),
        None => of_messages(connection)?,
    };
    Ok(Verified {
        records,
        first_at: first_at(connection)?,
        head: head(connection)?,
        fault,
    })
}

/// Looks for the first thing of a kind that does not fit.
type Check = fn(&Connection, &Taken) -> Result<Option<String>>;

/// The first message, receipt or try that does not fit the records, once these follow one another.
fn of_messages(connection: &Connection) -> Result<Option<String>> {
    let taken = Taken::read(connection)?;
    let checks: [Check; 6] = [salts, messages, tries, receipts, arrivals, gone];
    for check in checks {
        if let Some(fault) = check(connection, &taken)? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

/// Whether each record follows the one before it, and goes through the head that was kept.
fn chain(connection: &Connection, kept: Option<&Head>) -> Result<Option<String>> {
    let mut statement = connection.prepare(
        "SELECT number, at, what, message_id, note, sealed FROM evidence ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    let mut before = NOTHING;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if number != last + 1 {
            return Ok(Some(format!("record {} is missing", last + 1)));
        }
        let sealed: Vec<u8> = row.get(5)?;
        let Some((content, digest)) = split(&sealed) else {
            return Ok(Some(format!("record {number} is not whole")));
        };
        let (what, note): (String, Option<String>) = (row.get(2)?, row.get(4)?);
        let record = Record {
            number,
            at: row.get(1)?,
            what: &what,
            message: row.get(3)?,
            content,
            note: note.as_deref(),
        };
        if record.digest(&before) != digest {
            return Ok(Some(format!(
                "record {number} was changed, or does not follow record {last}"
            )));
        }
        if let Some(kept) = kept.filter(|kept| kept.number == number)
            && kept.digest != hex(&digest)
        {
            return Ok(Some(format!(
                "record {number} is another one than the head that was kept"
            )));
        }
        (before, last) = (digest, number);
    }
    Ok(kept.filter(|kept| kept.number > last).map(|kept| {
        format!(
            "the ledger ends at record {last}, before the head that was kept ({})",
            kept.number
        )
    }))
}

fn split(sealed: &[u8]) -> Option<(&[u8], Digest)> {
    let at = sealed.len().checked_sub(32)?;
    let (content, digest) = sealed.split_at(at);
    Some((content, digest.try_into().ok()?))
}

/// What records of their own say was taken.
#[derive(Default)]
struct Taken {
    /// Messages whose rows were purged.
    messages: IdSet,
    /// Messages whose texts were purged.
    texts: IdSet,
    /// Clients that were erased.
    clients: IdSet,
    /// Messages whose salts were destroyed with what they said.
    erased: IdSet,
    /// Records that speak of a file that was replaced: from one number, to another.
    void: Vec<(i64, i64)>,
}

impl Taken {
    fn read(connection: &Connection) -> Result<Self> {
        let mut taken = Self::default();
        // The latest first: what a replaced file purged or erased is taken from that file, not from this one.
        let mut statement = connection.prepare(
            "SELECT number, what, note FROM evidence WHERE message_id IS NULL ORDER BY number DESC",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (number, what): (i64, String) = (row.get(0)?, row.get(1)?);
            let note: Option<String> = row.get(2)?;
            let note: Value = note
                .and_then(|note| serde_json::from_str(&note).ok())
                .unwrap_or_default();
            let is_void = taken
                .void
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&number));
            match what.as_str() {
                "purge" | "erase" if is_void => {}
                "purge" => {
                    add_ranges(&mut taken.messages, &note["messages"]);
                    add_ranges(&mut taken.texts, &note["texts"]);
                }
                "erase" => {
                    if let Some(id) = note["client_id"].as_i64() {
                        taken.clients.insert(id);
                    }
                    add_ranges(&mut taken.erased, &note["messages"]);
                }
                "restore" => {
                    if let Some(until) = note["backup_until"].as_i64() {
                        taken.void.push((until + 1, number));
                    }
                }
                _ => {}
            }
        }
        Ok(taken)
    }

    /// The condition under which a record, `number` being its number, speaks of this file.
    fn counting(&self, number: &str) -> String {
        let mut condition = String::from("1");
        for (from, to) in &self.void {
            // Writing to a text does not fail.
            let _ = write!(condition, " AND NOT ({number} BETWEEN {from} AND {to})");
        }
        condition
    }
}

/// Ranges as a note writes them: `1-500,502`.
fn add_ranges(set: &mut IdSet, note: &Value) {
    for range in note.as_str().unwrap_or_default().split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) {
            for id in from..=to {
                set.insert(id);
            }
        }
    }
}

/// Whether no record has lost its salt but those of erased clients' messages: without it, it says nothing of what it
/// sealed.
fn salts(connection: &Connection, taken: &Taken) -> Result<Option<String>> {
    let mut statement = connection.prepare(&format!(
        "SELECT e.number, m.id, m.client_id FROM evidence e JOIN message m ON m.id = e.message_id
         WHERE e.salt IS NULL AND {} ORDER BY e.number",
        taken.counting("e.number")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (number, id, client): (i64, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !taken.erased.contains(id)
            && !client.is_some_and(|client| taken.clients.contains(client))
        {
            return Ok(Some(format!(
                "record {number} of message {id} has lost its salt, and no record says that its client was erased"
            )));
        }
    }
    Ok(None)
}

/// Whether each message is what its latest record says.
fn messages(connection: &Connection, taken: &Taken) -> Result<Option<String>> {
    let first = first_at(connection)?.map_or(i64::MAX, |at| at.timestamp_millis());
    let mut statement = connection.prepare(&format!(
        "SELECT m.id, m.status, m.purpose, m.created_at, m.client_id, e.number, e.what, e.salt, e.sealed,
                CASE WHEN e.salt IS NOT NULL THEN evidence_state(e.salt, {}) END,
                m.title IS NULL AND m.body IS NULL AND m.html IS NULL AND m.variables IS NULL
         FROM message m
         LEFT JOIN evidence e ON e.number =
           (SELECT max(l.number) FROM evidence l
            WHERE l.message_id = m.id AND l.what <> 'receipt' AND {})
         LEFT JOIN attempt t ON t.message_id = m.id AND t.number = m.attempts
         WHERE m.purpose = 'collection' OR e.number IS NOT NULL
         ORDER BY m.id",
        values("m", "t"),
        taken.counting("l.number")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(fault) = message_fault(row, taken, first)? {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

fn message_fault(row: &Row<'_>, taken: &Taken, first: i64) -> Result<Option<String>> {
    let (id, status, purpose): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let mut waiting = Status::ALL.iter().filter(|status| !status.is_end());
    let waits = status == SHARED || waiting.any(|waiting| waiting.as_str() == status);
    let Some(number) = row.get::<_, Option<i64>>(5)? else {
        let counted = purpose == "collection" && !waits && row.get::<_, i64>(3)? >= first;
        return Ok(counted.then(|| format!("message {id} is {status}, and no record says so")));
    };
    let what: String = row.get(6)?;
    if status != what {
        // What did not go may be put back into the queue; what was sent may not.
        let back = waits && what != "sent";
        return Ok((!back).then(|| {
            format!("message {id} is {status}, and its latest record ({number}) says {what}")
        }));
    }
    // What was erased is sealed no more.
    let Some(known) = row.get::<_, Option<Vec<u8>>>(9)? else {
        return Ok(None);
    };
    let sealed: Vec<u8> = row.get(8)?;
    let parts = ["what it is about", "its text", "its answer"];
    for (place, part) in parts.into_iter().enumerate() {
        let range = 32 * place..32 * (place + 1);
        if known.get(range.clone()) == sealed.get(range) {
            continue;
        }
        if place == 1 && row.get::<_, bool>(10)? && taken.texts.contains(id) {
            continue;
        }
        return Ok(Some(format!(
            "message {id}: {part} is not what record {number} sealed"
        )));
    }
    Ok(None)
}

/// Whether every receipt has its record, and every such record its receipt.
fn receipts(connection: &Connection, taken: &Taken) -> Result<Option<String>> {
    let first = first_at(connection)?.map_or(i64::MAX, |at| at.timestamp_millis());
    let counting = taken.counting("e.number");
    // A receipt from before the ledger began has none; of a message made since, every one has.
    let without = connection
        .prepare(&format!(
            "SELECT r.message_id FROM receipt r
             JOIN message m ON m.id = r.message_id AND m.purpose = 'collection'
             WHERE NOT EXISTS (
               SELECT 1 FROM evidence e WHERE e.message_id = r.message_id AND e.what = 'receipt'
                 AND {counting}
                 AND (e.salt IS NULL OR substr(e.sealed, 1, 32) = evidence_receipt(e.salt, {})))
               AND (r.received_at >= ?1 OR m.created_at >= ?1)
             ORDER BY r.message_id LIMIT 1",
            receipt_values("r")
        ))?
        .query_row([first], |row| row.get::<_, i64>(0))
        .optional()?;
    if let Some(id) = without {
        return Ok(Some(format!(
            "a receipt of message {id} is not one that a record sealed"
        )));
    }
    let lost = connection
        .prepare(&format!(
            "SELECT e.message_id, e.number FROM evidence e JOIN message m ON m.id = e.message_id
             WHERE e.what = 'receipt' AND e.salt IS NOT NULL AND {counting}
               AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.message_id = e.message_id
                 AND substr(e.sealed, 1, 32) = evidence_receipt(e.salt, {}))
             ORDER BY e.number LIMIT 1",
            receipt_values("r")
        ))?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    Ok(lost.map(|(id, number)| {
        format!(
            "message {id}: the receipt that record {number} sealed is not there, or was changed"
        )
    }))
}

/// Whether no message has a try after the last that its record knows of.
fn tries(connection: &Connection, _: &Taken) -> Result<Option<String>> {
    let more = connection
        .prepare(
            "SELECT m.id, t.number FROM attempt t JOIN message m ON m.id = t.message_id
             WHERE m.purpose = 'collection' AND m.status IN ('sent', 'failed') AND t.number > m.attempts
               AND EXISTS (SELECT 1 FROM evidence e WHERE e.message_id = m.id)
             ORDER BY m.id LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    Ok(more.map(|(id, number)| format!("message {id} has a try {number} that no record sealed")))
}

/// Whether each message says of itself when it arrived, was read, or failed as its receipts do.
fn arrivals(connection: &Connection, _: &Taken) -> Result<Option<String>> {
    let said = connection
        .prepare(
            "SELECT m.id FROM message m
             WHERE m.purpose = 'collection'
               AND ((m.delivered_at IS NOT NULL AND NOT EXISTS (
                      SELECT 1 FROM receipt r WHERE r.message_id = m.id
                        AND r.kind IN ('delivered', 'read') AND r.at = m.delivered_at))
                 OR (m.read_at IS NOT NULL AND NOT EXISTS (
                      SELECT 1 FROM receipt r WHERE r.message_id = m.id
                        AND r.kind = 'read' AND r.at = m.read_at))
                 OR (m.failed_at IS NOT NULL AND NOT EXISTS (
                      SELECT 1 FROM receipt r WHERE r.message_id = m.id
                        AND r.kind IN ('failed', 'bounced') AND r.at = m.failed_at)))
             ORDER BY m.id LIMIT 1",
        )?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    if let Some(id) = said {
        return Ok(Some(format!(
            "message {id} says when it arrived, was read or failed, and no receipt of it does"
        )));
    }
    let unsaid = connection
        .prepare(
            "SELECT m.id FROM receipt r JOIN message m ON m.id = r.message_id
             WHERE m.purpose = 'collection' AND m.status = 'sent' AND r.received_at >= m.sent_at
               AND ((r.kind IN ('delivered', 'read') AND m.delivered_at IS NULL)
                 OR (r.kind = 'read' AND m.read_at IS NULL))
             ORDER BY m.id LIMIT 1",
        )?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(unsaid
        .map(|id| format!("a receipt says that message {id} arrived, and the message does not")))
}

/// Whether every message that records speak of is there, or was purged as a record says.
fn gone(connection: &Connection, taken: &Taken) -> Result<Option<String>> {
    let mut statement = connection.prepare(&format!(
        "SELECT e.message_id, min(e.number) FROM evidence e
         WHERE e.message_id IS NOT NULL AND {}
           AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = e.message_id)
         GROUP BY e.message_id ORDER BY e.message_id",
        taken.counting("e.number")
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, number): (i64, i64) = (row.get(0)?, row.get(1)?);
        if !taken.messages.contains(id) {
            return Ok(Some(format!(
                "message {id}, of which record {number} speaks, is not there, and no record says that it was purged"
            )));
        }
    }
    Ok(None)
}
