//! Writing messages down: one a key, ever; a dead one may come to life again under it.

use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, ToSql};

use crate::domain::message::{Fate, NewMessage};
use crate::domain::words::Status;
use crate::error::{Error, Result};
use crate::store::columns::{Day, Json, Millis};
use crate::store::meta::BOOK_SQL;
use crate::store::purge;

/// What became of writing a message down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is new, or came to life again, with this id.
    New(i64),
    /// Its key stood already: that message's id, state and batch.
    Duplicate {
        /// The id.
        id: i64,
        /// The state.
        status: Status,
        /// The batch.
        batch_id: Option<i64>,
    },
}

/// The columns that are written, but the last: `seen`, which the book's state is part of.
const COLUMNS: [&str; 34] = [
    "key",
    "channel",
    "purpose",
    "kind",
    "template",
    "origin",
    "event",
    "client_id",
    "staff_id",
    "contract_id",
    "invoice_id",
    "login_id",
    "ticket_id",
    "address",
    "address_kind",
    "title",
    "body",
    "html",
    "provider_channel",
    "provider_template",
    "variables",
    "status",
    "reason",
    "detail",
    "created_at",
    "not_before",
    "expires_at",
    "batch_id",
    "while_owing",
    "case_id",
    "lot",
    "due_on",
    "said",
    "key_start",
];

/// Writes many messages down: what that takes is made ready once.
pub struct Writer<'c> {
    connection: &'c Connection,
    put: CachedStatement<'c>,
}

impl<'c> Writer<'c> {
    /// Makes ready to write.
    pub fn new(connection: &'c Connection) -> Result<Self> {
        static SQL: LazyLock<String> = LazyLock::new(|| statement("DO NOTHING"));
        Ok(Self {
            connection,
            put: connection.prepare_cached(&SQL)?,
        })
    }

    /// Writes a message down, unless its key stands already.
    pub fn insert(&mut self, message: &NewMessage) -> Result<Inserted> {
        if put(&mut self.put, message)? {
            return spoken(
                self.connection,
                message,
                self.connection.last_insert_rowid(),
            );
        }
        find_key(self.connection, &message.key)?
            .map_or_else(|| Err(Error::world("a message's key came and went")), Ok)
    }

    /// The same for a message that speaks for no other invoices, but one that was cancelled under the key comes to life again with all that the new
    /// one says, and so does a skipped one when it can go now: nobody has had it.
    pub fn insert_or_revive(&mut self, message: &NewMessage) -> Result<Inserted> {
        let inserted = self.insert(message)?;
        if let Inserted::Duplicate { id, status, .. } = inserted
            && matches!(status, Status::Cancelled | Status::Skipped)
            && put(&mut self.connection.prepare_cached(&REVIVE)?, message)?
        {
            return spoken(self.connection, message, id);
        }
        Ok(inserted)
    }
}

/// Writes one message down, unless its key stands already.
pub fn insert(connection: &Connection, message: &NewMessage) -> Result<Inserted> {
    Writer::new(connection)?.insert(message)
}

static REVIVE: LazyLock<String> = LazyLock::new(|| {
    let sets: Vec<String> = COLUMNS[1..]
        .iter()
        .chain([&"seen"])
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    statement(&format!(
        "DO UPDATE SET {}, planned = NULL, sent_at = NULL, retries = 0,
           delivered_at = NULL, read_at = NULL, failed_at = NULL, asked_at = NULL
         WHERE status = 'cancelled' OR (status = 'skipped' AND excluded.status = 'queued')",
        sets.join(", ")
    ))
});

fn statement(on_conflict: &str) -> String {
    let places: Vec<String> = (1..=COLUMNS.len())
        .map(|place| format!("?{place}"))
        .collect();
    format!(
        "INSERT INTO message ({columns}, seen) VALUES ({places}, ?{last} || '/' || {BOOK_SQL})
         ON CONFLICT (key) {on_conflict}",
        columns = COLUMNS.join(", "),
        places = places.join(", "),
        last = COLUMNS.len() + 1,
    )
}

/// Whether a statement wrote the message. It does not return the id: SQLite would keep a table for that.
fn put(statement: &mut CachedStatement<'_>, message: &NewMessage) -> Result<bool> {
    Ok(with_values(message, |values| statement.execute(values))? > 0)
}

/// A message that was written, with the invoices that it speaks for.
fn spoken(connection: &Connection, message: &NewMessage, id: i64) -> Result<Inserted> {
    if !message.invoices.is_empty() {
        speak_for(connection, id, &message.invoices)?;
    }
    Ok(Inserted::New(id))
}

/// Hands over a message's values in the order of [`COLUMNS`], then the day and configuration.
fn with_values<T>(message: &NewMessage, bind: impl FnOnce(&[&dyn ToSql]) -> T) -> T {
    let (status, reason, detail) = match &message.fate {
        Fate::Queued => (Status::Queued, None, None),
        Fate::Skipped(reason, detail) => (Status::Skipped, Some(*reason), detail.as_deref()),
    };
    let lot = message.lot();
    let variables = (!message.variables.is_empty()).then_some(Json(&message.variables));
    let created_at = Millis(message.created_at);
    let not_before = message.not_before.map_or(0, |at| at.timestamp_millis());
    let expires_at = message.expires_at.map(Millis);
    let due_on = message.due_on.map(Day);
    let said = message.said.as_ref().map(Json);
    bind(&[
        &message.key,
        &message.channel,
        &message.purpose,
        &message.kind,
        &message.template,
        &message.origin,
        &message.event,
        &message.client_id,
        &message.staff_id,
        &message.contract_id,
        &message.invoice_id,
        &message.login_id,
        &message.ticket_id,
        &message.address,
        &message.address_kind,
        &message.title,
        &message.body,
        &message.html,
        &message.provider_channel,
        &message.provider_template,
        &variables,
        &status,
        &reason,
        &detail,
        &created_at,
        &not_before,
        &expires_at,
        &message.batch_id,
        &message.while_owing,
        &message.case_id,
        &lot,
        &due_on,
        &said,
        &message.key_start,
        &message.made_under,
    ])
}

/// Notes for which invoices a message speaks, in its order, instead of those noted before.
fn speak_for(connection: &Connection, id: i64, invoices: &[i64]) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM message_speaks_for WHERE message_id = ?1")?
        .execute([id])?;
    for (position, invoice) in invoices.iter().enumerate() {
        connection
            .prepare_cached(
                "INSERT INTO message_speaks_for (message_id, position, invoice_id)
                 VALUES (?1, ?2, ?3)",
            )?
            .execute((id, position, invoice))?;
    }
    Ok(())
}

/// The invoices that a message speaks for, in its order; none where it has only its own one.
pub fn speaks_for(connection: &Connection, id: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT invoice_id FROM message_speaks_for WHERE message_id = ?1 ORDER BY position",
    )?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The message that has this key, if any. One whose message the purge deleted counts as sent.
pub fn find_key(connection: &Connection, key: &str) -> Result<Option<Inserted>> {
    let found = connection
        .prepare_cached("SELECT id, status, batch_id FROM message WHERE key = ?1")?
        .query_row([key], |row| {
            Ok(Inserted::Duplicate {
                id: row.get(0)?,
                status: row.get(1)?,
                batch_id: row.get(2)?,
            })
        })
        .optional()?;
    if found.is_some() {
        return Ok(found);
    }
    Ok(
        purge::is_spent(connection, key)?.then_some(Inserted::Duplicate {
            id: 0,
            status: Status::Sent,
            batch_id: None,
        }),
    )
}

/// Whether any message ever stood under the start of a key, whatever its address.
pub fn any_under(connection: &Connection, start: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message WHERE key >= ?1 || '/' AND key < ?1 || '0')
                 OR EXISTS (SELECT 1 FROM spent_key WHERE key >= ?1 || '/' AND key < ?1 || '0')",
        )?
        .query_row([start], |row| row.get(0))?)
}

/// Whether a message that lives, or has arrived, stands under the start of a key, whatever its address; one that a
/// restored backup forgot counts too. `but_of` is a batch whose own messages do not count.
pub fn anybody_has(connection: &Connection, start: &str, but_of: Option<i64>) -> Result<bool> {
    // Keys that go on after the start have a slash next; `0` comes next to it.
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message
               WHERE key >= ?1 || '/' AND key < ?1 || '0'
                 AND status IN ('queued', 'shared', 'sending', 'sent', 'unknown')
                 AND batch_id IS NOT ?2)
               OR EXISTS (SELECT 1 FROM spent_key
                          WHERE key >= ?1 || '/' AND key < ?1 || '0' AND key <> ?1 || '/-')",
        )?
        .query_row((start, but_of), |row| row.get(0))?)
}
