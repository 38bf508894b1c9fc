//! Receipts in the database: found by id, key or tag, written down once, and what they change about
//! their messages.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::receipt::{MessageChange, Receipt, ReceiptKind, Reply, Reporter};
use crate::domain::words::{Channel, Reason, Status};
use crate::error::Result;
use crate::store::{meta, opt_out};

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    New(Told),
    /// It was known already.
    Known,
    /// No message here goes by its id, key or tag.
    Unmatched,
}

/// What a new receipt told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
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
    reporter: Reporter<'_>,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<Written> {
    let Some(message) = find(connection, reporter, receipt)? else {
        return Ok(Written::Unmatched);
    };
    write_for(connection, reporter.source, receipt, &message, now)
}

/// Writes a receipt down that is about this message.
fn write_for(
    connection: &Connection,
    source: &str,
    receipt: &Receipt,
    message: &Found,
    now: DateTime<Utc>,
) -> Result<Written> {
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
    match change {
        MessageChange::Nothing => {}
        MessageChange::Sent => set(connection, message.id, receipt, Status::Sent, None)?,
        MessageChange::Failed(reason) => {
            set(
                connection,
                message.id,
                receipt,
                Status::Failed,
                Some(reason),
            )?;
        }
    }
    if receipt.retires_address() {
        retire_email(connection, message, receipt)?;
    }
    Ok(Written::New(Told {
        message_id: message.id,
        client_id: message.client_id,
        channel: message.channel,
        change,
    }))
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
}

/// The columns of a found message.
const FOUND: &str = "m.id, m.client_id, m.channel, m.status, m.address, m.provider_id,
    m.delivered_at IS NOT NULL OR m.read_at IS NOT NULL";

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        id: row.get(0)?,
        client_id: row.get(1)?,
        channel: row.get(2)?,
        status: row.get(3)?,
        address: row.get(4)?,
        provider_id: row.get(5)?,
        arrived: row.get(6)?,
    })
}

/// The message that a receipt speaks of: the provider's id tells, or else our own key or tag.
fn find(
    connection: &Connection,
    reporter: Reporter<'_>,
    receipt: &Receipt,
) -> Result<Option<Found>> {
    if let Some(id) = &receipt.provider_id
        && let Some(message) = message_of(connection, reporter, id)?
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
    Ok(connection
        .prepare_cached(&format!("SELECT {FOUND} FROM message m WHERE m.id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The message to which a provider gave this id, as its answer said, or a report that named our key too. Where nobody says which provider it was, the id counts
/// only when all messages that have it are one.
pub fn message_of(
    connection: &Connection,
    reporter: Reporter<'_>,
    provider_id: &str,
) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT message_id FROM attempt
         WHERE provider_id = ?1 AND provider_id IS NOT NULL AND provider <> 'fcm'
           AND (json_array_length(?2) = 0 OR provider IN (SELECT value FROM json_each(?2)))
         UNION
         SELECT message_id FROM receipt
         WHERE provider_id = ?1 AND provider_id <> '' AND kind <> 'replied'
           AND (json_array_length(?2) = 0 OR source IN (SELECT value FROM json_each(?2)))
         ORDER BY message_id DESC LIMIT 2",
    )?;
    let found: Vec<i64> = statement
        .query_map((provider_id, Json(reporter.providers)), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(match found[..] {
        [one] => Some(one),
        // A provider that gave an id twice means the later message.
        [latest, _] if !reporter.providers.is_empty() => Some(latest),
        _ => None,
    })
}

/// Characters of a tag.
const TAG: usize = 43;

/// The message that has this key, or whose tag or UUID this is. Tags are looked for among the messages to
/// which no provider gave an id of its own, for by that they would have been found.
pub fn message_of_key(connection: &Connection, key: &str) -> Result<Option<i64>> {
    let by_key = connection
        .prepare_cached("SELECT id FROM message WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    // The id of a mail is a tag and our domain.
    let key = key.split('@').next().unwrap_or(key);
    if by_key.is_some() || key.len() != TAG {
        return Ok(by_key);
    }
    make_tags(connection)?;
    Ok(connection
        .prepare_cached("SELECT id FROM temp.tagged WHERE tag = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Fills, once for each opening of the database, the table of tags.
fn make_tags(connection: &Connection) -> Result<()> {
    let made = "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'tagged')";
    if connection.query_row(made, [], |row| row.get(0))? {
        return Ok(());
    }
    connection.execute_batch(
        "CREATE TEMP TABLE tagged (tag TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
         INSERT OR REPLACE INTO tagged
           SELECT tag(key), id FROM message WHERE attempts > 0 AND provider_id IS NULL;",
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
               sent_at = coalesce(sent_at, ?5), provider_id = coalesce(provider_id, ?6)
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

/// How long, and how many, reports are kept whose message is not known yet.
const EARLY: TimeDelta = TimeDelta::hours(24);
const MOST_EARLY: i64 = 10_000;

/// Keeps a report whose message is not known: it may have come before the message's own answer was
/// written down.
pub fn keep_early(
    connection: &Connection,
    reporter: Reporter<'_>,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(id) = &receipt.provider_id else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO early_receipt
               (source, providers, provider_id, kind, permanent, at, received_at, code, text,
                stopped_channel, stopped_purpose)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            reporter.source,
            Json(reporter.providers),
            id,
            receipt.kind,
            receipt.permanent,
            Millis(receipt.at),
            Millis(now),
            receipt.code,
            receipt.text,
            receipt.stopped.map(|stopped| opt_out::keys(stopped).0),
            receipt.stopped.map(|stopped| opt_out::keys(stopped).1),
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM early_receipt WHERE received_at < ?1
             OR id <= (SELECT max(id) FROM early_receipt) - ?2",
        )?
        .execute((Millis(now - EARLY), MOST_EARLY))?;
    Ok(())
}

/// Brings early reports to their messages, where these are known now; the new ones, with what each told.
pub fn settle_early(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<(Receipt, Told)>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.* FROM early_receipt e
         WHERE EXISTS (SELECT 1 FROM attempt
           WHERE provider_id = e.provider_id AND provider_id IS NOT NULL AND provider <> 'fcm')
         ORDER BY e.id LIMIT 1000",
    )?;
    let found: Vec<(i64, String, Vec<String>, Receipt)> = statement
        .query_map([], |row| {
            let is_stop = row.get_ref("stopped_channel")?.as_str_or_null()?.is_some();
            let receipt = Receipt {
                stopped: is_stop
                    .then(|| opt_out::read(row, "stopped_channel", "stopped_purpose"))
                    .transpose()?,
                ..read_receipt(row)?
            };
            Ok((
                row.get("id")?,
                row.get("source")?,
                row.json("providers")?,
                receipt,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut settled = Vec::new();
    for (id, source, providers, receipt) in found {
        let reporter = Reporter {
            source: &source,
            providers: &providers,
        };
        match write(connection, reporter, &receipt, now)? {
            Written::Unmatched => continue,
            Written::Known => {}
            Written::New(told) => settled.push((receipt, told)),
        }
        connection
            .prepare_cached("DELETE FROM early_receipt WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(settled)
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

/// A message whose provider is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The message.
    pub message_id: i64,
    /// The provider's id of it.
    pub provider_id: String,
}

/// Messages that a provider took on a channel since `since` and of which no final receipt came, those that
/// were not asked about for the longest first; at most `most`. The older a message is, the seldomer it is
/// asked about: not before a quarter of its age has passed since, and five minutes.
pub fn to_ask(
    connection: &Connection,
    channel: Channel,
    provider: &str,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    most: u32,
) -> Result<Vec<Asked>> {
    const AT_LEAST: i64 = 5 * 60_000;
    // Messages are made before they are sent, some of them days before.
    let first = first_since(connection, since - TimeDelta::days(30))?;
    let mut statement = connection.prepare_cached(
        "SELECT m.id, m.provider_id FROM message m
         WHERE m.id >= ?1 AND m.channel = ?2 AND m.status IN ('sent', 'unknown')
           AND m.provider_id IS NOT NULL AND m.sent_at >= ?3
           AND m.delivered_at IS NULL AND m.failed_at IS NULL
           AND (m.asked_at IS NULL OR ?5 - m.asked_at >= max(?6, (m.asked_at - m.sent_at) / 4))
           AND EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = m.id
             AND a.provider = ?4 AND a.provider_id = m.provider_id)
         ORDER BY m.asked_at, m.id LIMIT ?7",
    )?;
    let rows = statement.query_map(
        params![
            first,
            channel,
            Millis(since),
            provider,
            Millis(now),
            AT_LEAST,
            most
        ],
        |row| {
            Ok(Asked {
                message_id: row.get(0)?,
                provider_id: row.get(1)?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The id of the first message that was made since an instant: ids go up with time, so that halving finds it.
fn first_since(connection: &Connection, since: DateTime<Utc>) -> Result<i64> {
    let mut statement = connection
        .prepare_cached("SELECT id, created_at FROM message WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    let (mut low, mut high): (i64, i64) = connection
        .prepare_cached("SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM message")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = statement
            .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((id, made)) if made < since.timestamp_millis() => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Notes that a message's provider was asked about it.
pub fn was_asked(connection: &Connection, message_id: i64, now: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached("UPDATE message SET asked_at = ?2 WHERE id = ?1")?
        .execute((message_id, Millis(now)))?;
    Ok(())
}

/// How many messages were delivered, and read, for each channel, of those sent since an instant.
pub fn counts(
    connection: &Connection,
    since: DateTime<Utc>,
) -> Result<Vec<(Channel, u64, u64, u64)>> {
    let first = first_since(connection, since - TimeDelta::days(30))?;
    let mut statement = connection.prepare_cached(
        "SELECT channel, count(*), count(delivered_at), count(read_at) FROM message
         WHERE id >= ?1 AND status = 'sent' AND sent_at >= ?2 GROUP BY channel ORDER BY channel",
    )?;
    let rows = statement.query_map((first, Millis(since)), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
