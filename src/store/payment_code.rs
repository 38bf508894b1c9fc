//! Payment codes that were asked for at a source, kept beside what it says by itself.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::{Day, Millis};
use super::meta;
use crate::domain::invoice::Invoice;
use crate::domain::payment_code::CodeKind;
use crate::error::Result;

/// Fills in the codes of an invoice that were fetched for what it owes, when it is due and how it stands
/// now, where its source says none by itself.
pub(super) fn fill_in(connection: &Connection, invoice: &mut Invoice) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, code FROM payment_code
         WHERE invoice_id = ?1 AND amount = ?2 AND due_on = ?3 AND status = ?4",
    )?;
    let owes = (
        invoice.id,
        invoice.open_amount,
        Day(invoice.due_on),
        invoice.status,
    );
    let mut rows = statement.query(owes)?;
    while let Some(row) = rows.next()? {
        let own = invoice.code_mut(row.get(0)?);
        if own.is_none() {
            *own = row.get(1)?;
        }
    }
    Ok(())
}

/// What stands where a request was made and nobody knows its answer.
const NO_ANSWER: &str = "it was asked for, and no answer came";

/// How long after a request without an answer the code may be asked for again.
const AGAIN: TimeDelta = TimeDelta::minutes(30);

/// Whether a code was asked for already, for what the invoice owes, when it is due and how it stands now.
/// Where no answer came, the code may be asked for again some time after.
pub fn asked(
    connection: &Connection,
    invoice: &Invoice,
    kind: CodeKind,
    at: DateTime<Utc>,
) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM payment_code
             WHERE invoice_id = ?1 AND kind = ?2 AND amount = ?3 AND due_on = ?4 AND status = ?5
               AND (why IS NULL OR why <> ?6 OR asked_at > ?7))",
        )?
        .query_row(
            (
                invoice.id,
                kind,
                invoice.open_amount,
                Day(invoice.due_on),
                invoice.status,
                NO_ANSWER,
                Millis(at - AGAIN),
            ),
            |row| row.get(0),
        )?)
}

/// How often a source was asked on a day.
pub fn asked_on(connection: &Connection, source: &str, day: NaiveDate) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT asked FROM payment_code_day WHERE source = ?1 AND day = ?2")?
        .query_row((source, Day(day)), |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Notes, before it is done, that a code is asked for, and counts it.
pub fn ask(
    connection: &Connection,
    (invoice, kind): (&Invoice, CodeKind),
    source: &str,
    (at, today): (DateTime<Utc>, NaiveDate),
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO payment_code_day (source, day, asked) VALUES (?1, ?2, 1)
             ON CONFLICT (source, day) DO UPDATE SET asked = asked + 1",
        )?
        .execute((source, Day(today)))?;
    connection
        .prepare_cached(
            "INSERT INTO payment_code
               (invoice_id, kind, source, amount, due_on, status, code, why, asked_at, asked_on)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8, ?9)
             ON CONFLICT (invoice_id, kind) DO UPDATE SET
               source = excluded.source, amount = excluded.amount, due_on = excluded.due_on,
               status = excluded.status, code = NULL, why = excluded.why,
               asked_at = excluded.asked_at, asked_on = excluded.asked_on",
        )?
        .execute((
            invoice.id,
            kind,
            source,
            invoice.open_amount,
            Day(invoice.due_on),
            invoice.status,
            NO_ANSWER,
            Millis(at),
            Day(today),
        ))?;
    Ok(())
}

/// Keeps what was answered: the code, or why there is none.
pub fn keep(
    connection: &Connection,
    invoice_id: i64,
    kind: CodeKind,
    answer: Result<&str, &str>,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE payment_code SET code = ?3, why = ?4 WHERE invoice_id = ?1 AND kind = ?2",
        )?
        .execute((invoice_id, kind, answer.ok(), answer.err()))?;
    if answer.is_ok() {
        meta::book_changed(connection)?;
    }
    Ok(())
}
