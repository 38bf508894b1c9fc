//! Status callbacks in the database, and what they change about their messages.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Millis};
use crate::domain::callback::{Callback, MessageChange};
use crate::domain::words::{CallbackStatus, Reason, Status};
use crate::error::Result;

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is new; its message changed so. With the client, when the message has one.
    New(MessageChange, Option<i64>),
    /// It was known already.
    Known,
    /// No message here goes by its id or key.
    Unmatched,
}

/// Writes a callback down and changes its message. To be called within an immediate transaction.
pub fn apply(connection: &Connection, callback: &Callback) -> Result<Applied> {
    let Some(message) = find(connection, callback)? else {
        return Ok(Applied::Unmatched);
    };
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO callback (message_id, provider_id, status, at, code, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            message.id,
            callback.provider_id,
            callback.status,
            Millis(callback.at),
            callback.code,
            callback.text,
        ])?;
    if inserted == 0 {
        return Ok(Applied::Known);
    }
    let arrived = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM callback
             WHERE message_id = ?1 AND status IN ('delivered', 'read'))",
        )?
        .query_row([message.id], |row| row.get(0))?;
    let change = change(&message, callback, arrived);
    match change {
        MessageChange::Nothing => {}
        MessageChange::Sent => set(connection, message.id, callback, Status::Sent, None, None)?,
        MessageChange::Failed(reason) => {
            let words = callback.text.as_deref().unwrap_or("it did not arrive");
            let detail = match &callback.code {
                Some(code) => format!("{code}: {words}"),
                None => words.to_owned(),
            };
            let (status, reason) = (Status::Failed, Some(reason));
            set(
                connection,
                message.id,
                callback,
                status,
                reason,
                Some(detail),
            )?;
        }
    }
    Ok(Applied::New(change, message.client_id))
}

/// What a callback's message is known as.
struct Found {
    id: i64,
    client_id: Option<i64>,
    status: Status,
    provider_id: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        id: row.get(0)?,
        client_id: row.get(1)?,
        status: row.get(2)?,
        provider_id: row.get(3)?,
    })
}

/// The message that a callback speaks of: the provider's id tells, or else our own key.
fn find(connection: &Connection, callback: &Callback) -> Result<Option<Found>> {
    let found = connection
        .prepare_cached(
            "SELECT id, client_id, status, provider_id FROM message
             WHERE channel = 'whatsapp' AND provider_id IS NOT NULL AND provider_id = ?1",
        )?
        .query_row([&callback.provider_id], read)
        .optional()?;
    let (None, Some(key)) = (&found, &callback.key) else {
        return Ok(found);
    };
    // Its answer was lost, or it was sent again since: only our own key tells.
    Ok(connection
        .prepare_cached(
            "SELECT id, client_id, status, provider_id FROM message
             WHERE channel = 'whatsapp' AND key = ?1",
        )?
        .query_row([key], read)
        .optional()?)
}

/// What a callback changes about its message, which has `arrived` by what is known now.
fn change(message: &Found, callback: &Callback, arrived: bool) -> MessageChange {
    // What became of an earlier try says nothing against a later one that was taken.
    let earlier = message
        .provider_id
        .as_ref()
        .is_some_and(|known| *known != callback.provider_id);
    // One that waits for another try after an error over there was taken all the same.
    let taken = message.status == Status::Queued
        && callback.status == CallbackStatus::Sent
        && message.provider_id.is_none();
    match callback.change(message.status, arrived) {
        MessageChange::Failed(_) if earlier => MessageChange::Nothing,
        MessageChange::Nothing if taken => MessageChange::Sent,
        change => change,
    }
}

fn set(
    connection: &Connection,
    id: i64,
    callback: &Callback,
    status: Status,
    reason: Option<Reason>,
    detail: Option<String>,
) -> Result<()> {
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
        ])?;
    Ok(())
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
