//! The ledger: records added by the database itself as states are written, whoever writes them.
//!
//! Temporary triggers of each connection add a record in the same statement that writes a state or a receipt,
//! so that none is forgotten, none is written without its state, and two processes follow one another: the
//! transaction that writes holds the database. What SQL lacks for it are three functions: the run's instant, the
//! digests of a record's parts, and its seal.

mod verify;

use chrono::{DateTime, Utc};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::SharedClock;
use super::columns::Columns as _;
use crate::domain::evidence::{
    ABOUT, ANSWER, Digest, Head, NOTHING, RECEIPT, Record, TEXT, hex, part,
};
use crate::error::Result;

pub use verify::{Verified, verify};

/// Whether a row is one that has records, and in one of its ends: at each entry into one, a record. Written so
/// that SQLite compares: for a list of ends it would fill a table anew for each row.
const ENDED: &str = "NEW.purpose = 'collection' AND NEW.status <> 'queued'
     AND NEW.status <> 'sending' AND NEW.status <> 'shared'";

/// The values of a state's parts in SQL, `m` being the message and `t` its latest try.
fn values(m: &str, t: &str) -> String {
    let own = |column: &str| {
        match column {
        "key" => format!("CASE WHEN {m}.status IN ('sent', 'unknown') THEN {m}.key END"),
        "carried" => format!(
            "(SELECT json_group_array(json_array(e.number, e.title, e.body) ORDER BY e.number) FROM attempt e
              WHERE e.message_id = {m}.id AND {m}.attempts > 1
                AND (e.title IS NOT NULL OR e.body IS NOT NULL) HAVING count(*) > 0)"
        ),
        "earlier" => format!(
            "(SELECT json_group_array(json_array(e.number, e.at, e.provider, e.outcome, e.code, e.text,
                                                 e.provider_id, e.address) ORDER BY e.number)
              FROM attempt e WHERE e.message_id = {m}.id AND {m}.attempts > 1
                AND e.number < {m}.attempts HAVING count(*) > 0)"
        ),
        column => match column.strip_prefix("try_") {
            Some(column) => format!("{t}.{column}"),
            None => format!("{m}.{column}"),
        },
    }
    };
    let all = ABOUT.iter().chain(&TEXT).chain(&ANSWER);
    all.map(|column| own(column)).collect::<Vec<_>>().join(", ")
}

/// The values of a receipt's part, `r` being its row.
fn receipt_values(r: &str) -> String {
    RECEIPT.map(|column| format!("{r}.{column}")).join(", ")
}

/// What the next record of a message stands on. Both this and what reads it are limited, so that SQLite takes
/// the salt and the instant once.
fn next(message: &str, latest_try: &str) -> String {
    format!(
        "(SELECT coalesce(h.number, 0) + 1 AS number, h.digest AS before, evidence_at() AS at,
                 coalesce((SELECT s.salt FROM evidence s
                           WHERE s.message_id = {message} AND s.salt IS NOT NULL LIMIT 1),
                          randomblob(16)) AS salt{}
          FROM (SELECT 1) AS one
          LEFT JOIN (SELECT number, digest FROM evidence ORDER BY number DESC LIMIT 1) AS h{latest_try}
          LIMIT 1) AS x",
        if latest_try.is_empty() {
            String::new()
        } else {
            ANSWER
                .iter()
                .filter_map(|column| column.strip_prefix("try_"))
                .flat_map(|column| [", t.", column, " AS try_", column])
                .collect()
        }
    )
}

/// Has this connection add records.
///
/// In two steps, because SQLite makes room for all that a trigger may need before it asks whether it is wanted:
/// the first decides by three columns, and only what it lets through is read and sealed.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    let of_try = next(
        "NEW.message_id",
        " LEFT JOIN attempt AS t ON t.message_id = NEW.message_id
            AND t.number = (SELECT attempts FROM message WHERE id = NEW.message_id)",
    );
    let content = values("m", "x").replace("x.", "x.try_");
    let receipt = receipt_values("r");
    let of_receipt = next("NEW.message_id", "");
    connection.execute_batch(&format!(
        "CREATE TEMP VIEW evidence_of_state AS SELECT NULL AS message_id;
         CREATE TEMP TRIGGER evidence_add_state INSTEAD OF INSERT ON evidence_of_state
         BEGIN
           INSERT INTO evidence (number, at, what, message_id, salt, sealed)
           SELECT x.number, x.at, m.status, m.id, x.salt,
                  evidence_seal(x.before, x.number, x.at, m.status, m.id, NULL,
                                evidence_state(x.salt, {content}))
           FROM message AS m JOIN {of_try} WHERE m.id = NEW.message_id LIMIT 1;
         END;
         CREATE TEMP VIEW evidence_of_receipt AS SELECT NULL AS message_id, NULL AS receipt;
         CREATE TEMP TRIGGER evidence_add_receipt INSTEAD OF INSERT ON evidence_of_receipt
         BEGIN
           INSERT INTO evidence (number, at, what, message_id, salt, sealed)
           SELECT x.number, x.at, 'receipt', NEW.message_id, x.salt,
                  evidence_seal(x.before, x.number, x.at, 'receipt', NEW.message_id, NULL,
                                evidence_receipt(x.salt, {receipt}))
           FROM receipt AS r JOIN {of_receipt} WHERE r.rowid = NEW.receipt LIMIT 1;
         END;
         CREATE TEMP TRIGGER evidence_new AFTER INSERT ON main.message
         WHEN {ENDED}
         BEGIN INSERT INTO evidence_of_state VALUES (NEW.id); END;
         CREATE TEMP TRIGGER evidence_state AFTER UPDATE OF status ON main.message
         WHEN {ENDED} AND OLD.status IS NOT NEW.status
         BEGIN INSERT INTO evidence_of_state VALUES (NEW.id); END;
         CREATE TEMP TRIGGER evidence_receipt AFTER INSERT ON main.receipt
         WHEN (SELECT purpose FROM message WHERE id = NEW.message_id) = 'collection'
         BEGIN INSERT INTO evidence_of_receipt VALUES (NEW.message_id, NEW.rowid); END;"
    ))
}

/// Gives SQL what it lacks, for records to be added and to be verified.
pub(super) fn functions(connection: &Connection, clock: &SharedClock) -> rusqlite::Result<()> {
    let clock = clock.clone();
    connection.create_scalar_function("evidence_at", 0, FunctionFlags::SQLITE_UTF8, move |_| {
        Ok(clock.now().at.timestamp_millis())
    })?;
    let plain = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("evidence_state", -1, plain, |context| {
        let mut content = Vec::with_capacity(96);
        let mut from = 1;
        for length in [ABOUT.len(), TEXT.len(), ANSWER.len()] {
            content.extend(part_of(context, from, length)?);
            from += length;
        }
        Ok(content)
    })?;
    connection.create_scalar_function("evidence_receipt", -1, plain, |context| {
        Ok(part_of(context, 1, RECEIPT.len())?.to_vec())
    })?;
    connection.create_scalar_function("evidence_seal", 7, plain, |context| {
        let raw = |place| context.get_raw(place);
        let before = match raw(0) {
            ValueRef::Blob(bytes) => Digest::try_from(bytes).unwrap_or(NOTHING),
            _ => NOTHING,
        };
        let content = raw(6).as_blob_or_null()?.unwrap_or_default();
        let record = Record {
            number: raw(1).as_i64()?,
            at: raw(2).as_i64()?,
            what: raw(3).as_str()?,
            message: raw(4).as_i64_or_null()?,
            note: raw(5).as_str_or_null()?,
            content,
        };
        let mut sealed = content.to_vec();
        sealed.extend(record.digest(&before));
        Ok(sealed)
    })
}

/// The digest of the arguments from a place on, after the salt, which is the first of all.
fn part_of(context: &Context<'_>, from: usize, length: usize) -> rusqlite::Result<Digest> {
    let salt = context.get_raw(0).as_blob_or_null()?.unwrap_or_default();
    let mut values = Vec::with_capacity(256);
    let mut separator = b'[';
    for place in from..from + length {
        values.push(separator);
        separator = b',';
        let written = match context.get_raw(place) {
            ValueRef::Null => serde_json::to_writer(&mut values, &Value::Null),
            ValueRef::Integer(number) => serde_json::to_writer(&mut values, &number),
            ValueRef::Real(number) => serde_json::to_writer(&mut values, &number),
            ValueRef::Text(text) => {
                serde_json::to_writer(&mut values, &String::from_utf8_lossy(text))
            }
            ValueRef::Blob(bytes) => serde_json::to_writer(&mut values, &hex(bytes)),
        };
        written.map_err(|error| rusqlite::Error::UserFunctionError(error.into()))?;
    }
    values.push(b']');
    let text = String::from_utf8_lossy(&values);
    Ok(part(salt, &text))
}

/// Adds a record of its own: what a purge, an erasure or a restore took.
pub fn note(connection: &Connection, what: &str, note: &Value) -> Result<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO evidence (number, at, what, note, sealed)
             SELECT x.number, x.at, ?1, ?2,
                    evidence_seal(x.before, x.number, x.at, ?1, NULL, ?2, NULL)
             FROM {} LIMIT 1",
            next("NULL", "")
        ))?
        .execute(params![what, note.to_string()])?;
    Ok(())
}

/// The last record; none while there is none.
pub fn head(connection: &Connection) -> Result<Option<Head>> {
    Ok(connection
        .prepare_cached("SELECT number, digest FROM evidence ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Head {
                number: row.get(0)?,
                digest: hex(&row.get::<_, Vec<u8>>(1)?),
            })
        })
        .optional()?)
}

/// When the first record was made; none while there is none.
pub fn first_at(connection: &Connection) -> Result<Option<DateTime<Utc>>> {
    Ok(connection
        .prepare_cached("SELECT at FROM evidence ORDER BY number LIMIT 1")?
        .query_row([], |row| row.instant(0))
        .optional()?)
}

/// A record of a message, as a dossier shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its number.
    pub number: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The state entered, or `receipt`.
    pub what: String,
    /// Its digest, in hexadecimal.
    pub digest: String,
}

/// A message's records, in order.
pub fn of_message(connection: &Connection, id: i64) -> Result<Vec<MessageRecord>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, at, what, digest FROM evidence WHERE message_id = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(MessageRecord {
            number: row.get(0)?,
            at: row.instant(1)?,
            what: row.get(2)?,
            digest: hex(&row.get::<_, Vec<u8>>(3)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
