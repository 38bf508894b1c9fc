//! Status callbacks in the database, and what they change about their messages.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::{Columns as _, Millis};
use crate::domain::callback::{Callback, Change};
use crate::domain::words::{CallbackStatus, Reason, Status};
use crate::error::Result;

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is new; its message changed so. With the client, when the message has one.
    New(Change, Option<i64>),
    /// It was known already.
    Known,
    /// No message here goes by its id or key.
    Unmatched,
}

/// Writes a callback down and changes its message. To be called within an immediate transaction.
pub fn apply(connection: &Connection, callback: &Callback) -> Result<Applied> {
    let mut found = connection
        .prepare_cached(
            "SELECT id, client_id, status, provider_id FROM message
             WHERE channel = 'whatsapp' AND provider_id IS NOT NULL AND provider_id = ?1",
        )?
        .query_row([&callback.provider_id], read)
        .optional()?;
    if let (None, Some(key)) = (&found, &callback.key) {
        // Its answer was lost, or it was sent again since: only our own key tells.
        found = connection
            .prepare_cached(
                "SELECT id, client_id, status, provider_id FROM message
                 WHERE channel = 'whatsapp' AND key = ?1",
            )?
            .query_row([key], read)
            .optional()?;
    }
    let Some((id, client_id, status, provider_id)) = found else {
        return Ok(Applied::Unmatched);
    };
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO callback (message_id, provider_id, status, at, code, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            id,
            callback.provider_id,
            callback.status,
            Millis(callback.at),
            callback.code,
            callback.text,
        ])?;
    if inserted == 0 {
        return Ok(Applied::Known);
    }
    let arrived: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM callback
             WHERE message_id = ?1 AND status IN ('delivered', 'read'))",
        )?
        .query_row([id], |row| row.get(0))?;
    // What became of an earlier try says nothing against a later one that was taken.
    let earlier = provider_id
        .as_ref()
        .is_some_and(|known| *known != callback.provider_id);
    // One that waits for another try after an error over there was taken all the same.
    let taken = status == Status::Queued
        && callback.status == CallbackStatus::Sent
        && provider_id.is_none();
    let change = match callback.change(status, arrived) {
        Change::Failed(_) if earlier => Change::Nothing,
        Change::Nothing if taken => Change::Sent,
        change => change,
    };
    let set = |status: Status, reason: Option<Reason>, detail: Option<String>| {
        connection
            .prepare_cached(
                "UPDATE message SET status = ?2, reason = ?3, detail = ?4,
                   sent_at = coalesce(sent_at, ?5), provider_id = coalesce(provider_id, ?6)
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                status,
                reason,
                detail,
                Millis(callback.at),
                callback.provider_id,
            ])
    };
    match change {
        Change::Nothing => {}
        Change::Sent => {
            set(Status::Sent, None, None)?;
        }
        Change::Failed(reason) => {
            let words = callback.text.as_deref().unwrap_or("it did not arrive");
            let detail = match &callback.code {
                Some(code) => format!("{code}: {words}"),
                None => words.to_owned(),
            };
            set(Status::Failed, Some(reason), Some(detail))?;
        }
    }
    Ok(Applied::New(change, client_id))
}

type Found = (i64, Option<i64>, Status, Option<String>);

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

/// Every callback of a message, in the order of their instants.
pub fn of_message(connection: &Connection, id: i64) -> Result<Vec<Callback>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM callback WHERE message_id = ?1
         ORDER BY at, instr('sent delivered read failed', status)",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(Callback {
            provider_id: row.get("provider_id")?,
            key: None,
            status: row.get("status")?,
            at: row.instant("at")?,
            code: row.get("code")?,
            text: row.get("text")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
