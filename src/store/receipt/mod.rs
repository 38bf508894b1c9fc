//! Receipts in the database: found by id, key or tag, written down once, and what they change about
//! their messages.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Json, Millis};
use super::erasure::IS_ERASED;
use crate::domain::receipt::{Informant, MessageChange, Receipt, ReceiptKind, Reply};
use crate::domain::words::{Channel, Reason, Status};
use crate::error::Result;
use crate::store::meta;

mod asking;
mod early;
mod meanwhile;

pub use asking::{AskedMessage, counts, to_ask, was_asked};
pub use early::{keep_early, settle_early};
pub(super) use meanwhile::heed_meanwhile;

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    New(Matched),
    /// It was known already.
    Known,
    /// No message here goes by its id, key or tag.
    Unmatched,
}

/// What a new receipt told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// The message.
    pub message_id: i64,
    /// Its client, when it has one.
    pub client_id: Option<i64>,
    /// Its channel.
    pub channel: Channel,
    /// What changed about it.
    pub change: MessageChange,
}

/// Writes a receipt down and changes its message: the one place where receipts are written. To be called
/// within an immediate transaction.
pub fn write(
    connection: &Connection,
    informant: Informant<'_>,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<Written> {
    let Some(message) = find(connection, informant, receipt)? else {
        return Ok(Written::Unmatched);
    };
    write_for(connection, informant.source, receipt, &message, now)
}

/// Writes a receipt down that answers a question about this message.
pub fn write_about(
    connection: &Connection,
    source: &str,
    message_id: i64,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<Written> {
    match get(connection, message_id)? {
        Some(message) => write_for(connection, source, receipt, &message, now),
        None => Ok(Written::Unmatched),
    }
}

/// Writes a receipt down that is about this message.
fn write_for(
    connection: &Connection,
    source: &str,
    receipt: &Receipt,
    message: &Found,
    now: DateTime<Utc>,
) -> Result<Written> {
    let receipt = &*spoken_of(message, receipt);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO receipt
               (message_id, source, provider_id, kind, permanent, at, received_at, code, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            message.id,
            source,
            receipt.provider_id.as_deref().unwrap_or_default(),
            receipt.kind,
            receipt.permanent,
            Millis(receipt.at),
            Millis(now),
            receipt.code,
            receipt.text,
        ])?;
    if inserted == 0 {
        return Ok(Written::Known);
    }
    let change = change(message, receipt);
    note_times(connection, message, receipt, change)?;
    carry_out(connection, message.id, receipt, change)?;
    if receipt.retires_address() {
        retire_email(connection, message, receipt)?;
    }
    Ok(Written::New(Matched {
        message_id: message.id,
        client_id: message.client_id,
        channel: message.channel,
        change,
    }))
}

/// A receipt as it is kept: where its message's client was erased, what became of it, and nothing of theirs.
fn spoken_of<'a>(message: &Found, receipt: &'a Receipt) -> Cow<'a, Receipt> {
    if !message.erased {
        return Cow::Borrowed(receipt);
    }
    Cow::Owned(Receipt {
        provider_id: None,
        text: None,
        address: None,
        ..receipt.clone()
    })
}

/// What a receipt's message is known as.
struct Found {
    id: i64,
    client_id: Option<i64>,
    channel: Channel,
    status: Status,
    address: Option<String>,
    provider_id: Option<String>,
    arrived: bool,
    erased: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        id: row.get(0)?,
        client_id: row.get(1)?,
        channel: row.get(2)?,
        status: row.get(3)?,
        address: row.get(4)?,
        provider_id: row.get(5)?,
        arrived: row.get(6)?,
        erased: row.get(7)?,
    })
}

/// The message that a receipt speaks of: the provider's id tells, or else our own key or tag.
fn find(
    connection: &Connection,
    informant: Informant<'_>,
    receipt: &Receipt,
) -> Result<Option<Found>> {
    if let Some(id) = &receipt.provider_id
        && let Some(message) = message_of(connection, informant, id)?
    {
        return get(connection, message);
    }
    // Its answer was lost, or it was sent again since: only our own key tells.
    let ours = receipt.key.iter().chain(&receipt.provider_id);
    for key in ours {
        if let Some(message) = message_of_key(connection, key)? {
            return get(connection, message);
        }
    }
    Ok(None)
}

fn get(connection: &Connection, id: i64) -> Result<Option<Found>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT m.id, m.client_id, m.channel, m.status, m.address, m.provider_id,
                    m.delivered_at IS NOT NULL OR m.read_at IS NOT NULL, {IS_ERASED}
             FROM message m WHERE m.id = ?1"
        )
    });
    Ok(connection
        .prepare_cached(&SQL)?
        .query_row([id], read)
        .optional()?)
}

/// The message to which a provider gave this id, as its answer said, or a report that named our key too. Where
/// nobody says which provider it was, the id counts only when all messages that have it are one; and so it
/// does among the gateways that no preset describes, for they all go by the name `http`.
pub fn message_of(
    connection: &Connection,
    informant: Informant<'_>,
    provider_id: &str,
) -> Result<Option<i64>> {
    let (unnamed, named): (Vec<&String>, Vec<&String>) = informant
        .providers
        .iter()
        .partition(|provider| provider.split(':').next() == Some(UNNAMED));
    if !named.is_empty() {
        // A provider that gave an id twice means the later message.
        let found = messages_of(connection, &named, provider_id)?;
        if let Some(latest) = found.first() {
            return Ok(Some(*latest));
        }
        if unnamed.is_empty() {
            return Ok(None);
        }
    }
    Ok(match messages_of(connection, &unnamed, provider_id)?[..] {
        [one] => Some(one),
        _ => None,
    })
}

/// What attempts by a gateway name it that no preset describes.
const UNNAMED: &str = "http";

/// The latest two messages to which one of these providers gave an id; of any provider, where there are none.
/// A provider may stand with the channel that is meant: `http:sms`.
fn messages_of(
    connection: &Connection,
    providers: &[&String],
    provider_id: &str,
) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.message_id FROM attempt a
         WHERE a.provider_id = ?1 AND a.provider_id IS NOT NULL AND a.provider <> 'fcm'
           AND (json_array_length(?2) = 0
                OR EXISTS (SELECT 1 FROM json_each(?2) WHERE value IN
                     (a.provider, a.provider || ':' ||
                       (SELECT m.channel FROM message m WHERE m.id = a.message_id))))
         UNION
         SELECT message_id FROM receipt
         WHERE provider_id = ?1 AND provider_id <> '' AND kind <> 'replied'
           AND (json_array_length(?2) = 0 OR source IN (SELECT value FROM json_each(?2)))
         ORDER BY message_id DESC LIMIT 2",
    )?;
    let rows = statement.query_map((provider_id, Json(providers)), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Characters of a tag, and of a UUID.
const REFERENCES: [usize; 2] = [43, 36];

/// The message that has this key, or whose tag or UUID this is. Tags are looked for among the messages to
/// which no provider gave an id of its own, for by that they would have been found.
pub fn message_of_key(connection: &Connection, key: &str) -> Result<Option<i64>> {
    let by_key = connection
        .prepare_cached("SELECT id FROM message WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    // The id of a mail is a tag and our domain.
    let key = key.split('@').next().unwrap_or(key);
    if by_key.is_some() || !REFERENCES.contains(&key.len()) {
        return Ok(by_key);
    }
    make_tags(connection)?;
    Ok(connection
        .prepare_cached("SELECT id FROM temp.tagged WHERE tag = ?1")?
        // Some gateways write a UUID in capitals.
        .query_row(
            [if key.len() == REFERENCES[1] {
                key.to_lowercase()
            } else {
                key.to_owned()
            }],
            |row| row.get(0),
        )
        .optional()?)
}

/// Fills, once for each opening of the database, the table of tags and UUIDs.
fn make_tags(connection: &Connection) -> Result<()> {
    let made = "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'tagged')";
    if connection.query_row(made, [], |row| row.get(0))? {
        return Ok(());
    }
    connection.execute_batch(
        "CREATE TEMP TABLE tagged (tag TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
         INSERT OR REPLACE INTO tagged
           SELECT tag(key), id FROM message WHERE attempts > 0 AND provider_id IS NULL
           UNION ALL
           SELECT uuid(key), id FROM message WHERE attempts > 0 AND provider_id IS NULL;",
    )?;
    Ok(())
}

/// What a receipt changes about its message.
fn change(message: &Found, receipt: &Receipt) -> MessageChange {
    // What became of an earlier try says nothing against a later one that was taken.
    let earlier = match (&message.provider_id, &receipt.provider_id) {
        (Some(known), Some(told)) => known != told,
        _ => false,
    };
    // One that waits for another try after an error over there was taken all the same.
    let taken = message.status == Status::Queued
        && receipt.kind == ReceiptKind::Sent
        && message.provider_id.is_none();
    match receipt.change(message.status, message.arrived) {
        MessageChange::Failed(_) if earlier => MessageChange::Nothing,
        MessageChange::Nothing if taken => MessageChange::Sent,
        change => change,
    }
}

/// Notes when the message arrived, was read, or failed: the earliest instant that anybody tells of. What
/// arrived did not fail, whichever was told first.
fn note_times(
    connection: &Connection,
    message: &Found,
    receipt: &Receipt,
    change: MessageChange,
) -> Result<()> {
    let at = Millis(receipt.at);
    let fails = matches!(change, MessageChange::Failed(_))
        || (receipt.is_failure() && message.status == Status::Failed && !message.arrived);
    let sql = match receipt.kind {
        ReceiptKind::Delivered => {
            "UPDATE message SET failed_at = NULL,
               delivered_at = min(coalesce(delivered_at, ?2), ?2) WHERE id = ?1"
        }
        // Whoever read it has it.
        ReceiptKind::Read => {
            "UPDATE message SET failed_at = NULL, read_at = min(coalesce(read_at, ?2), ?2),
               delivered_at = min(coalesce(delivered_at, ?2), ?2) WHERE id = ?1"
        }
        _ if fails => {
            "UPDATE message SET failed_at = min(coalesce(failed_at, ?2), ?2) WHERE id = ?1"
        }
        _ => return Ok(()),
    };
    connection.prepare_cached(sql)?.execute((message.id, at))?;
    Ok(())
}

/// Changes a message as its receipt asks.
fn carry_out(
    connection: &Connection,
    id: i64,
    receipt: &Receipt,
    change: MessageChange,
) -> Result<()> {
    match change {
        MessageChange::Nothing => Ok(()),
        MessageChange::Sent => set(connection, id, receipt, Status::Sent, None),
        MessageChange::Failed(reason) => set(connection, id, receipt, Status::Failed, Some(reason)),
    }
}

/// Changes what became of a message. One that turns out to be sent went when it was tried, however late that is told.
fn set(
    connection: &Connection,
    id: i64,
    receipt: &Receipt,
    status: Status,
    reason: Option<Reason>,
) -> Result<()> {
    let words = receipt.text.as_deref().unwrap_or("it did not arrive");
    let detail = reason.map(|_| match &receipt.code {
        Some(code) => format!("{code}: {words}"),
        None => words.to_owned(),
    });
    connection
        .prepare_cached(
            "UPDATE message SET status = ?2, reason = ?3, detail = ?4,
               sent_at = coalesce(sent_at,
                 CASE WHEN ?2 = 'sent' THEN (SELECT max(a.at) FROM attempt a WHERE a.message_id = ?1) END, ?5),
               provider_id = coalesce(provider_id, ?6)
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            status,
            reason,
            detail,
            Millis(receipt.at),
            receipt.provider_id,
        ])?;
    Ok(())
}

/// From now on the client's mail address is not used, until the ERP brings another. Where the mail came
/// back from another address, to which theirs forwards, theirs is not at fault.
fn retire_email(connection: &Connection, message: &Found, receipt: &Receipt) -> Result<()> {
    let (Channel::Email, Some(client), Some(address)) =
        (message.channel, message.client_id, &message.address)
    else {
        return Ok(());
    };
    let of = receipt.address.as_deref().unwrap_or(address);
    if !of.eq_ignore_ascii_case(address) {
        return Ok(());
    }
    let changed = connection
        .prepare_cached(
            "UPDATE client SET email_bounced = ?2
             WHERE id = ?1 AND lower(email) = lower(?2) AND email_bounced IS NOT ?2",
        )?
        .execute((client, address))?;
    if changed > 0 {
        meta::book_changed(connection)?;
    }
    Ok(())
}

/// Whose a message is.
pub fn client_of(connection: &Connection, message_id: i64) -> Result<Option<i64>> {
    Ok(get(connection, message_id)?.and_then(|message| message.client_id))
}

/// Notes that a message was answered: once for each answer.
pub fn note_reply(
    connection: &Connection,
    source: &str,
    message_id: i64,
    reply: &Reply,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(message) = get(connection, message_id)? else {
        return Ok(());
    };
    let receipt = Receipt {
        provider_id: reply.provider_id.clone(),
        key: None,
        kind: ReceiptKind::Replied,
        permanent: false,
        at: reply.at,
        code: None,
        // What was said stands with the replies, from where it goes when its time has come.
        text: None,
        address: None,
        stopped: None,
    };
    write_for(connection, source, &receipt, &message, now)?;
    Ok(())
}

fn read_receipt(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    let provider_id: String = row.get("provider_id")?;
    Ok(Receipt {
        provider_id: Some(provider_id).filter(|id| !id.is_empty()),
        key: None,
        kind: row.get("kind")?,
        permanent: row.get("permanent")?,
        at: row.instant("at")?,
        code: row.get("code")?,
        text: row.get("text")?,
        address: None,
        stopped: None,
    })
}

/// A receipt as it is kept: with who told it, and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// What it says.
    pub receipt: Receipt,
    /// Who told.
    pub source: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Every receipt of a message, in the order of their instants, then of their arrival.
pub fn of_message(connection: &Connection, id: i64) -> Result<Vec<KeptReceipt>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM receipt WHERE message_id = ?1
         ORDER BY at, instr('sent delivered read failed bounced replied', kind), id",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok(KeptReceipt {
            receipt: read_receipt(row)?,
            source: row.get("source")?,
            received_at: row.instant("received_at")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
