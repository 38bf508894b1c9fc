//! The ledger: records added by the database itself as states are written, whoever writes them.
//!
//! Temporary triggers of each connection add a record in the same statement that writes a state or a receipt,
//! so that none is forgotten, none is written without its state, and two processes follow one another: the
//! transaction that writes holds the database. What SQL lacks for it are functions that open a record after the
//! last one, tell its number, instant and salt, and seal it.

mod verify;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::SharedClock;
use super::columns::{Columns as _, SHARED};
use crate::domain::evidence::{
    ABOUT, ANSWER, Digest, Head, NOTHING, RECEIPT, Record, TEXT, hex, part,
};
use crate::domain::words::{Status, Word as _};
use crate::error::Result;

pub use verify::{Verified, verify};

/// Whether a row is one that has records, and in one of its ends: at each entry into one, a record. Written so
/// that SQLite compares: for a list of ends it would fill a table anew for each row. What was handed to the hosts
/// that share the queue waits too.
fn ended() -> String {
    let waits = Status::ALL.iter().filter(|status| !status.is_end());
    let waits = waits.map(|status| status.as_str()).chain([SHARED]);
    let not = waits.map(|status| format!(" AND NEW.status <> '{status}'"));
    let not: Vec<String> = not.collect();
    format!("NEW.purpose = 'collection'{}", not.concat())
}

/// The values of a state's parts in SQL, `m` being the message and `t` its latest try. What speaks of earlier
/// tries is asked for only where there are any: sorting nothing would make and drop a table for each row.
fn values(m: &str, t: &str) -> String {
    let own = |column: &str| {
        match column {
        "key" => format!("CASE WHEN {m}.status IN ('sent', 'unknown') THEN {m}.key END"),
        "carried" => format!(
            "CASE WHEN {m}.attempts > 1 THEN
             (SELECT json_group_array(json_array(e.number, e.title, e.body) ORDER BY e.number) FROM attempt e
              WHERE e.message_id = {m}.id
                AND (e.title IS NOT NULL OR e.body IS NOT NULL) HAVING count(*) > 0) END"
        ),
        "earlier" => format!(
            "CASE WHEN {m}.attempts > 1 THEN
             (SELECT json_group_array(json_array(e.number, e.at, e.provider, e.outcome, e.code, e.text,
                                                 e.provider_id, e.address) ORDER BY e.number)
              FROM attempt e WHERE e.message_id = {m}.id
                AND e.number < {m}.attempts HAVING count(*) > 0) END"
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

/// Opens the next record, with the salt that an expression gives.
fn open(salt: &str) -> String {
    format!("SELECT evidence_open(max(number), sealed, {salt}) FROM evidence")
}

/// Has this connection add records.
///
/// In two steps, because SQLite makes room for all that a trigger may need before it asks whether it is wanted (in
/// one step a message that has no record costs half as much again): the first decides by three columns, and only
/// what it lets through is read and sealed. A record is opened and
/// then inserted by its values: an insertion that selects from its own table would go by way of another.
pub(super) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    let open = open(
        "coalesce((SELECT s.salt FROM evidence s
                   WHERE s.message_id = NEW.message_id AND s.salt IS NOT NULL LIMIT 1),
                  randomblob(16))",
    );
    let ended = ended();
    let content = values("m", "t");
    let receipt = receipt_values("r");
    connection.execute_batch(&format!(
        "CREATE TEMP VIEW evidence_of_state AS SELECT NULL AS message_id, NULL AS what;
         CREATE TEMP TRIGGER evidence_add_state INSTEAD OF INSERT ON evidence_of_state
         BEGIN
           {open};
           INSERT INTO evidence (number, at, what, message_id, salt, sealed)
           VALUES (evidence_number(), evidence_at(), NEW.what, NEW.message_id, evidence_salt(),
                   (SELECT evidence_seal_state(NEW.what, NEW.message_id, {content})
                    FROM message AS m
                    LEFT JOIN attempt AS t ON t.message_id = m.id AND t.number = m.attempts
                    WHERE m.id = NEW.message_id));
         END;
         CREATE TEMP VIEW evidence_of_receipt AS SELECT NULL AS message_id, NULL AS receipt;
         CREATE TEMP TRIGGER evidence_add_receipt INSTEAD OF INSERT ON evidence_of_receipt
         BEGIN
           {open};
           INSERT INTO evidence (number, at, what, message_id, salt, sealed)
           VALUES (evidence_number(), evidence_at(), 'receipt', NEW.message_id, evidence_salt(),
                   (SELECT evidence_seal_receipt(NEW.message_id, {receipt})
                    FROM receipt AS r WHERE r.rowid = NEW.receipt));
         END;
         CREATE TEMP TRIGGER evidence_new AFTER INSERT ON main.message
         WHEN {ended}
         BEGIN INSERT INTO evidence_of_state VALUES (NEW.id, NEW.status); END;
         CREATE TEMP TRIGGER evidence_state AFTER UPDATE OF status ON main.message
         WHEN {ended} AND OLD.status IS NOT NEW.status
         BEGIN INSERT INTO evidence_of_state VALUES (NEW.id, NEW.status); END;
         CREATE TEMP TRIGGER evidence_receipt AFTER INSERT ON main.receipt
         WHEN (SELECT purpose FROM message WHERE id = NEW.message_id) = 'collection'
         BEGIN INSERT INTO evidence_of_receipt VALUES (NEW.message_id, NEW.rowid); END;"
    ))
}

/// The record that is being added.
#[derive(Debug, Default)]
struct Opened {
    number: i64,
    at: i64,
    before: Digest,
    salt: Vec<u8>,
}

impl Opened {
    /// The record's content and its digest after it.
    fn sealed(
        &self,
        what: &str,
        message: Option<i64>,
        mut content: Vec<u8>,
        note: Option<&str>,
    ) -> Vec<u8> {
        let record = Record {
            number: self.number,
            at: self.at,
            what,
            message,
            note,
            content: &content,
        };
        let digest = record.digest(&self.before);
        content.extend(digest);
        content
    }
}

/// Gives SQL what it lacks, for records to be added and to be verified.
pub(super) fn functions(connection: &Connection, clock: &SharedClock) -> rusqlite::Result<()> {
    let opened = Arc::new(Mutex::new(Opened::default()));
    opening(connection, clock.clone(), &opened)?;
    sealing(connection, &opened)?;
    let plain = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("evidence_state", -1, plain, |context| {
        let salt = context.get_raw(0).as_blob_or_null()?.unwrap_or_default();
        parts(context, salt, 1, &STATE)
    })?;
    connection.create_scalar_function("evidence_receipt", -1, plain, |context| {
        let salt = context.get_raw(0).as_blob_or_null()?.unwrap_or_default();
        parts(context, salt, 1, &[RECEIPT.len()])
    })
}

/// What depends on the record that was opened is no constant, though it may take no argument.
const VARYING: FunctionFlags = FunctionFlags::SQLITE_UTF8;

type SharedOpened = Arc<Mutex<Opened>>;

fn held(opened: &SharedOpened) -> MutexGuard<'_, Opened> {
    opened.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The functions that open a record, and tell what it has besides its seal.
fn opening(
    connection: &Connection,
    clock: SharedClock,
    opened: &SharedOpened,
) -> rusqlite::Result<()> {
    let opens = Arc::clone(opened);
    connection.create_scalar_function("evidence_open", 3, VARYING, move |context| {
        let before = context.get_raw(1).as_blob_or_null()?;
        let before = before.and_then(<[u8]>::last_chunk).unwrap_or(&NOTHING);
        let salt = context.get_raw(2).as_blob_or_null()?.unwrap_or_default();
        *held(&opens) = Opened {
            number: context.get_raw(0).as_i64_or_null()?.unwrap_or_default() + 1,
            at: clock.at().timestamp_millis(),
            before: *before,
            salt: salt.to_vec(),
        };
        Ok(Null)
    })?;
    let (number, at, salt) = (opened.clone(), opened.clone(), opened.clone());
    connection.create_scalar_function("evidence_number", 0, VARYING, move |_| {
        Ok(held(&number).number)
    })?;
    connection.create_scalar_function("evidence_at", 0, VARYING, move |_| Ok(held(&at).at))?;
    connection.create_scalar_function("evidence_salt", 0, VARYING, move |_| {
        Ok(held(&salt).salt.clone())
    })
}

/// The functions that seal the record that was opened.
fn sealing(connection: &Connection, opened: &SharedOpened) -> rusqlite::Result<()> {
    let (state, receipt, note) = (opened.clone(), opened.clone(), opened.clone());
    connection.create_scalar_function("evidence_seal_state", -1, VARYING, move |context| {
        let opened = held(&state);
        let content = parts(context, &opened.salt, 2, &STATE)?;
        let what = context.get_raw(0).as_str()?;
        let message = context.get_raw(1).as_i64()?;
        Ok(opened.sealed(what, Some(message), content, None))
    })?;
    connection.create_scalar_function("evidence_seal_receipt", -1, VARYING, move |context| {
        let opened = held(&receipt);
        let content = parts(context, &opened.salt, 1, &[RECEIPT.len()])?;
        let message = context.get_raw(0).as_i64()?;
        Ok(opened.sealed("receipt", Some(message), content, None))
    })?;
    connection.create_scalar_function("evidence_seal_note", 2, VARYING, move |context| {
        let (what, text) = (context.get_raw(0).as_str()?, context.get_raw(1).as_str()?);
        Ok(held(&note).sealed(what, None, Vec::new(), Some(text)))
    })
}

/// How many values each of a state's parts has.
const STATE: [usize; 3] = [ABOUT.len(), TEXT.len(), ANSWER.len()];

/// The digests of the parts that have so many values each, which are arguments from a place on.
fn parts(
    context: &Context<'_>,
    salt: &[u8],
    mut place: usize,
    lengths: &[usize],
) -> rusqlite::Result<Vec<u8>> {
    let mut digests = Vec::with_capacity(128);
    let mut salted = Vec::with_capacity(1024);
    for length in lengths {
        salted.clear();
        salted.extend_from_slice(salt);
        for next in 0..*length {
            salted.push(if next == 0 { b'[' } else { b',' });
            push_value(&mut salted, context.get_raw(place))
                .map_err(|error| rusqlite::Error::UserFunctionError(error.into()))?;
            place += 1;
        }
        salted.push(b']');
        digests.extend_from_slice(&part(&salted));
    }
    Ok(digests)
}

/// Writes a value as JSON.
fn push_value(json: &mut Vec<u8>, value: ValueRef<'_>) -> serde_json::Result<()> {
    match value {
        ValueRef::Null => {
            json.extend_from_slice(b"null");
            Ok(())
        }
        ValueRef::Integer(number) => serde_json::to_writer(json, &number),
        ValueRef::Real(number) => serde_json::to_writer(json, &number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => push_text(json, text),
            Err(_) => push_text(json, &String::from_utf8_lossy(text)),
        },
        ValueRef::Blob(bytes) => serde_json::to_writer(json, &hex(bytes)),
    }
}

/// Which bytes of a text JSON does not write as they are.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut control = 0;
    while control < b' ' as usize {
        escaped[control] = true;
        control += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

/// Writes a text as JSON: hardly any has something to be escaped, and such a one is copied.
fn push_text(json: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    if text.bytes().any(|byte| ESCAPED[usize::from(byte)]) {
        return serde_json::to_writer(json, text);
    }
    json.push(b'"');
    json.extend_from_slice(text.as_bytes());
    json.push(b'"');
    Ok(())
}

/// Adds a record of its own: what a purge, an erasure or a restore took.
pub fn note(connection: &Connection, what: &str, note: &Value) -> Result<()> {
    connection
        .prepare_cached(&open("NULL"))?
        .query_row([], |_| Ok(()))?;
    connection
        .prepare_cached(
            "INSERT INTO evidence (number, at, what, note, sealed)
             VALUES (evidence_number(), evidence_at(), ?1, ?2, evidence_seal_note(?1, ?2))",
        )?
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::Store;

    #[test]
    fn texts_are_written_as_json_writes_them() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        let each = all.chars().map(String::from);
        let more = ["", "Olá, \"Ana\"\\\n\tàs 9h 🙂", &all].map(String::from);
        for text in each.chain(more) {
            let mut written = Vec::new();
            push_text(&mut written, &text).expect("memory");
            let expected = serde_json::to_string(&text).expect("memory");
            assert_eq!(String::from_utf8_lossy(&written), expected);
        }
    }

    #[test]
    fn each_state_that_is_kept_has_its_record_and_none_that_is_taken_back() {
        let mut store = Store::imagined(Path::new("nowhere.db")).expect("a database");
        let state = |c: &Connection, id: i64, status: &str| {
            c.execute(
                "UPDATE message SET status = ?2, detail = ?2 WHERE id = ?1",
                (id, status),
            )
        };
        store
            .write(|c| {
                c.execute_batch(
                    "INSERT INTO message (id, key, channel, purpose, kind, origin, event, status, created_at)
                     VALUES (1, 'a', 'sms', 'collection', 'financial', 'send', '1', 'queued', 1),
                            (2, 'b', 'sms', 'collection', 'financial', 'send', '1', 'queued', 1)",
                )?;
                state(c, 1, "failed")?;
                state(c, 1, "queued")?;
                c.execute_batch("SAVEPOINT tried")?;
                state(c, 1, "sent")?;
                state(c, 2, "sent")?;
                c.execute_batch("ROLLBACK TO tried")?;
                state(c, 1, "skipped")?;
                // A statement that ends halfway leaves no record of its first half.
                let halfway = c.execute(
                    "UPDATE message SET status = 'cancelled', key = 'a' WHERE id IN (1, 2)",
                    [],
                );
                assert!(halfway.is_err(), "{halfway:?}");
                state(c, 2, "cancelled")?;
                Ok(())
            })
            .expect("a transaction");
        let c = store.connection();
        let records = |id| {
            let all = of_message(c, id).expect("records").into_iter();
            all.map(|record| (record.number, record.what))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            records(1),
            [(1, "failed".to_owned()), (2, "skipped".to_owned())]
        );
        assert_eq!(records(2), [(3, "cancelled".to_owned())]);
        let salts: i64 = c
            .query_row(
                "SELECT count(DISTINCT salt) FROM evidence WHERE message_id = 1",
                [],
                |row| row.get(0),
            )
            .expect("a count");
        assert_eq!(salts, 1, "a message keeps its salt");
        assert_eq!(verify(c, None).expect("an answer").fault, None);
    }
}
