//! Holds: clients and invoices that a person keeps out of reminders and stages.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::columns::{Columns as _, Day, Millis};
use crate::error::Result;
use crate::store::{incident, meta};

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Everything of this client.
    Client(i64),
    /// This invoice.
    Invoice(i64),
}

/// A hold as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: i64,
    /// The client held, or whose invoice is.
    pub client_id: i64,
    /// That client's name.
    pub client_name: String,
    /// The invoice held; none: all of the client's.
    pub invoice_id: Option<i64>,
    /// Its last day; none: without end.
    pub until: Option<NaiveDate>,
    /// Why.
    pub why: String,
    /// When it was put.
    pub created_at: DateTime<Utc>,
    /// When it was taken away.
    pub removed_at: Option<DateTime<Utc>>,
}

impl Hold {
    /// Whether it keeps anything out on this day.
    pub fn active(&self, today: NaiveDate) -> bool {
        self.removed_at.is_none() && self.until.is_none_or(|until| until >= today)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Hold> {
    Ok(Hold {
        id: row.get("id")?,
        client_id: row.get("holder")?,
        client_name: row.get("client_name")?,
        invoice_id: row.get("invoice_id")?,
        until: row.day_opt("until")?,
        why: row.get("why")?,
        created_at: row.instant("created_at")?,
        removed_at: row.instant_opt("removed_at")?,
    })
}

const SELECT: &str = "SELECT h.*, k.id AS holder, k.name AS client_name
   FROM hold h
   LEFT JOIN invoice i ON i.id = h.invoice_id
   JOIN client k ON k.id = coalesce(h.client_id, i.client_id)";

/// Puts a hold; its id.
pub fn add(
    connection: &Connection,
    held: Held,
    until: Option<NaiveDate>,
    why: &str,
    at: DateTime<Utc>,
) -> Result<i64> {
    meta::book_changed(connection)?;
    let (client, invoice) = match held {
        Held::Client(id) => (Some(id), None),
        Held::Invoice(id) => (None, Some(id)),
    };
    connection.execute(
        "INSERT INTO hold (client_id, invoice_id, until, why, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            client,
            invoice,
            until.map(Day),
            why,
            Millis(at),
        ),
    )?;
    Ok(connection.last_insert_rowid())
}

/// Takes a hold away; whether it was there.
pub fn remove(connection: &Connection, id: i64, at: DateTime<Utc>) -> Result<bool> {
    meta::book_changed(connection)?;
    Ok(connection.execute(
        "UPDATE hold SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        (id, Millis(at)),
    )? > 0)
}

/// A hold, taken away or not.
pub fn get(connection: &Connection, id: i64) -> Result<Option<Hold>> {
    Ok(connection
        .prepare_cached(&format!("{SELECT} WHERE h.id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// Every hold ever put, the newest first.
pub fn all(connection: &Connection) -> Result<Vec<Hold>> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY h.id DESC"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every hold ever put on an invoice or its client, in order.
pub fn about(connection: &Connection, invoice_id: i64, client_id: i64) -> Result<Vec<Hold>> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE h.invoice_id = ?1 OR h.client_id = ?2 ORDER BY h.id"
    ))?;
    let rows = statement.query_map([invoice_id, client_id], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anything at all is on hold, by a person or by an open incident.
pub fn any(connection: &Connection) -> Result<bool> {
    let by_hand = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM hold WHERE removed_at IS NULL)",
        [],
        |row| row.get(0),
    )?;
    Ok(by_hand || incident::any_holds_collection(connection)?)
}

/// The last day of each hold in force on a client or an invoice.
pub fn ends(
    connection: &Connection,
    invoice_id: i64,
    client_id: i64,
) -> Result<Vec<Option<NaiveDate>>> {
    let mut statement = connection.prepare_cached(
        "SELECT until FROM hold
           WHERE client_id = ?2 AND client_id IS NOT NULL AND removed_at IS NULL
         UNION ALL
         SELECT until FROM hold
           WHERE invoice_id = ?1 AND invoice_id IS NOT NULL AND removed_at IS NULL",
    )?;
    let rows = statement.query_map([invoice_id, client_id], |row| row.day_opt(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
