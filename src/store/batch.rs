//! Bulk sends, each a batch of messages.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::words::{Channel, Reason, Status};
use crate::error::Result;

/// A bulk send.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Its id.
    pub id: i64,
    /// The report's name or kind.
    pub report: String,
    /// The template's name.
    pub template: String,
    /// The filters given, as they were written.
    pub filters: Vec<String>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// Rows that the report had.
    pub matched: u64,
    /// Recipients that were to receive it.
    pub recipients: u64,
    /// Recipients who had this template that day already.
    pub duplicates: u64,
    /// Seconds it took, delivery included.
    pub seconds: f64,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        id: row.get("id")?,
        report: row.get("report")?,
        template: row.get("template")?,
        filters: row.json("filters")?,
        created_at: row.instant("created_at")?,
        matched: row.get("matched")?,
        recipients: row.get("recipients")?,
        duplicates: row.get("duplicates")?,
        seconds: row.get("seconds")?,
    })
}

/// Begins a batch; its id.
pub fn begin(
    connection: &Connection,
    report: &str,
    template: &str,
    filters: &[String],
    at: DateTime<Utc>,
) -> Result<i64> {
    connection.execute(
        "INSERT INTO batch (report, template, filters, created_at, matched, recipients, duplicates)
         VALUES (?1, ?2, ?3, ?4, 0, 0, 0)",
        (report, template, Json(filters), Millis(at)),
    )?;
    Ok(connection.last_insert_rowid())
}

/// Notes what a batch came to when it was written down.
pub fn planned(
    connection: &Connection,
    id: i64,
    matched: u64,
    recipients: u64,
    duplicates: u64,
) -> Result<()> {
    connection.execute(
        "UPDATE batch SET matched = ?2, recipients = ?3, duplicates = ?4 WHERE id = ?1",
        (id, matched, recipients, duplicates),
    )?;
    Ok(())
}

/// Notes how long a batch took, delivery included.
pub fn took(connection: &Connection, id: i64, seconds: f64) -> Result<()> {
    connection.execute("UPDATE batch SET seconds = ?2 WHERE id = ?1", (id, seconds))?;
    Ok(())
}

/// A batch.
pub fn get(connection: &Connection, id: i64) -> Result<Option<Batch>> {
    Ok(connection
        .prepare_cached("SELECT * FROM batch WHERE id = ?1")?
        .query_row([id], read)
        .optional()?)
}

/// All batches, the latest first; at most `limit` (0: all).
pub fn list(connection: &Connection, limit: i64) -> Result<Vec<Batch>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM batch ORDER BY id DESC LIMIT ?1")?;
    let rows = statement.query_map([if limit == 0 { -1 } else { limit }], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many messages of a batch are in each state, with each reason.
pub fn totals(connection: &Connection, id: i64) -> Result<BTreeMap<(Status, Option<Reason>), u64>> {
    // Counted here: SQLite would sort them all for that.
    let mut statement =
        connection.prepare_cached("SELECT status, reason FROM message WHERE batch_id = ?1")?;
    let mut rows = statement.query([id])?;
    let mut totals = BTreeMap::new();
    while let Some(row) = rows.next()? {
        *totals.entry((row.get(0)?, row.get(1)?)).or_default() += 1;
    }
    Ok(totals)
}

/// The channel on which messages of a batch wait; none when none does.
pub fn waits_on(connection: &Connection, id: i64) -> Result<Option<Channel>> {
    Ok(connection
        .prepare_cached(
            "SELECT channel FROM message WHERE batch_id = ?1 AND status = 'queued' LIMIT 1",
        )?
        .query_row([id], |row| row.get(0))
        .optional()?)
}
