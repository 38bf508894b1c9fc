//! The queue: claiming what is due, settling what became of it, and what people do with it by hand.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::columns::Columns as _;
use super::{book, collection, opt_out};
use crate::clock::Now;
use crate::domain::message::Outgoing;
use crate::domain::words::{Channel, Origin, Purpose, Reason, Status, Word};
use crate::error::Result;

/// A message that was claimed: it is `sending` now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What goes to the provider.
    pub outgoing: Outgoing,
    /// Which try this is, from 1.
    pub attempt: i64,
    /// How often it was told "later" so far.
    pub retries: i64,
    /// The lot it is of: messages of one template and batch, which a fault of ours in one spoils together.
    pub lot: String,
}

/// What a claim came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// To be delivered now.
    pub claimed: Vec<Claimed>,
    /// Found no longer wanted, with the reason.
    pub skipped: Vec<(i64, Reason)>,
}

/// Whether the channel has anything to do: something due, or left in flight by a run that died.
pub fn anything(connection: &Connection, channel: Channel, now: DateTime<Utc>) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message
                            WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2)
                 OR EXISTS (SELECT 1 FROM message WHERE status = 'sending' AND channel = ?1)",
        )?
        .query_row((channel.as_str(), now.timestamp_millis()), |row| row.get(0))?)
}

/// How many messages are due.
pub fn due(connection: &Connection, channel: Channel, now: DateTime<Utc>) -> Result<u64> {
    let n: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM message
             WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2",
        )?
        .query_row((channel.as_str(), now.timestamp_millis()), |row| row.get(0))?;
    Ok(n.unsigned_abs())
}

/// How many messages are queued, due or not.
pub fn queued(connection: &Connection, channel: Channel) -> Result<u64> {
    let n: i64 = connection
        .prepare_cached("SELECT count(*) FROM message WHERE status = 'queued' AND channel = ?1")?
        .query_row([channel.as_str()], |row| row.get(0))?;
    Ok(n.unsigned_abs())
}

/// Turns what a dead run left in flight into `unknown` (or back into `queued` where that is allowed),
/// with an attempt that says so; how many there were. Only the holder of the channel's lock may ask.
pub fn recover(
    connection: &Connection,
    channel: Channel,
    provider: &str,
    resend: bool,
    now: Now,
) -> Result<u64> {
    const TEXT: &str = "the run ended between the request and its answer";
    connection.execute(
        "INSERT OR IGNORE INTO attempt (message_id, number, at, provider, outcome, text)
         SELECT id, attempts, ?2, ?3, 'unknown', ?4 FROM message
         WHERE status = 'sending' AND channel = ?1",
        params![channel.as_str(), now.at.timestamp_millis(), provider, TEXT],
    )?;
    let status = if resend {
        Status::Queued
    } else {
        Status::Unknown
    };
    let changed = connection.execute(
        "UPDATE message SET status = ?2, detail = ?3 WHERE status = 'sending' AND channel = ?1",
        params![channel.as_str(), status.as_str(), TEXT],
    )?;
    Ok(changed as u64)
}

/// Puts off what is due but must wait for contact hours: messages of one purpose, of birthdays or of all else.
pub fn put_off(
    connection: &Connection,
    channel: Channel,
    purpose: Purpose,
    birthdays: bool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET not_before = ?5
             WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND purpose = ?3
               AND (origin = 'birthday') = ?4",
        )?
        .execute(params![
            channel.as_str(),
            now.timestamp_millis(),
            purpose.as_str(),
            birthdays,
            until.timestamp_millis(),
        ])?;
    Ok(())
}

/// One due message, looked at before it is claimed.
struct DueRow {
    claimed: Claimed,
    origin: Origin,
    staff_id: Option<i64>,
    expires_at: Option<DateTime<Utc>>,
    while_owing: bool,
}

/// Claims at most `room` due messages: what is no longer wanted is skipped, the rest is `sending`.
/// Messages of the lots `aside` are left where they are. To be called within an immediate transaction.
pub fn claim(
    connection: &Connection,
    channel: Channel,
    now: Now,
    room: usize,
    aside: &BTreeSet<String>,
) -> Result<Claim> {
    let aside = serde_json::json!(aside).to_string();
    let mut claim = Claim::default();
    while claim.claimed.len() < room {
        let wanted = room - claim.claimed.len();
        let block = due_rows(connection, channel, now, wanted, &aside)?;
        let last = block.len() < wanted;
        for row in block {
            let id = row.claimed.outgoing.id;
            match unwanted(connection, &row, now)? {
                Some(reason) => {
                    connection
                        .prepare_cached(
                            "UPDATE message SET status = 'skipped', reason = ?2 WHERE id = ?1",
                        )?
                        .execute((id, reason.as_str()))?;
                    claim.skipped.push((id, reason));
                }
                None => {
                    connection
                        .prepare_cached(
                            "UPDATE message SET status = 'sending', attempts = attempts + 1
                             WHERE id = ?1",
                        )?
                        .execute([id])?;
                    claim.claimed.push(row.claimed);
                }
            }
        }
        if last {
            break;
        }
    }
    Ok(claim)
}

fn due_rows(
    connection: &Connection,
    channel: Channel,
    now: Now,
    limit: usize,
    aside: &str,
) -> Result<Vec<DueRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, key, purpose, origin, event, client_id, staff_id, contract_id, invoice_id,
                ticket_id, address, address_kind, title, body, html, provider_channel,
                provider_template, variables, expires_at, attempts, retries, while_owing,
                json_array(template, batch_id, provider_channel, provider_template) AS lot
         FROM message WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2
           AND (?4 = '[]' OR json_array(template, batch_id, provider_channel, provider_template)
                             NOT IN (SELECT value FROM json_each(?4)))
         ORDER BY not_before, id LIMIT ?3",
    )?;
    let at = now.iso(now.at);
    let rows = statement.query_map(
        params![
            channel.as_str(),
            now.at.timestamp_millis(),
            i64::try_from(limit).unwrap_or(i64::MAX),
            aside
        ],
        |row| {
            let variables: Option<String> = row.get("variables")?;
            let expires_at = row.instant_opt("expires_at")?;
            Ok(DueRow {
                origin: row.word("origin")?,
                staff_id: row.get("staff_id")?,
                expires_at,
                while_owing: row.get("while_owing")?,
                claimed: Claimed {
                    attempt: row.get::<_, i64>("attempts")? + 1,
                    retries: row.get("retries")?,
                    lot: row.get("lot")?,
                    outgoing: Outgoing {
                        id: row.get("id")?,
                        key: row.get("key")?,
                        channel,
                        purpose: row.word("purpose")?,
                        event: row.get("event")?,
                        client_id: row.get("client_id")?,
                        contract_id: row.get("contract_id")?,
                        invoice_id: row.get("invoice_id")?,
                        ticket_id: row.get("ticket_id")?,
                        address: row.get::<_, Option<String>>("address")?.unwrap_or_default(),
                        address_kind: row.word_opt("address_kind")?,
                        title: row.get("title")?,
                        body: row.get::<_, Option<String>>("body")?.unwrap_or_default(),
                        html: row.get("html")?,
                        provider_channel: row.get("provider_channel")?,
                        provider_template: row.get("provider_template")?,
                        variables: variables
                            .and_then(|text| serde_json::from_str(&text).ok())
                            .unwrap_or_default(),
                        time_to_live: expires_at
                            .and_then(|end| (end - now.at).to_std().ok())
                            .filter(|left| *left > Duration::ZERO),
                        at: at.clone(),
                    },
                },
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Why a due message is not to go after all.
fn unwanted(connection: &Connection, row: &DueRow, now: Now) -> Result<Option<Reason>> {
    if row.expires_at.is_some_and(|end| end <= now.at) {
        return Ok(Some(Reason::Expired));
    }
    let outgoing = &row.claimed.outgoing;
    if let (Some(client), None) = (outgoing.client_id, row.staff_id) {
        let forbidden = opt_out::of_client(connection, client)?
            .iter()
            .any(|opt_out| opt_out.forbids(outgoing.channel, outgoing.purpose));
        if forbidden {
            return Ok(Some(Reason::OptedOut));
        }
    }
    if row.while_owing && !still_owing(connection, row.origin, outgoing)? {
        return Ok(Some(Reason::Settled));
    }
    Ok(None)
}

/// Whether the invoice a message is about is still owing, and its case open.
fn still_owing(connection: &Connection, origin: Origin, outgoing: &Outgoing) -> Result<bool> {
    let Some(invoice) = outgoing.invoice_id else {
        return Ok(true);
    };
    if origin == Origin::Collection && !collection::case_open(connection, &outgoing.key)? {
        return Ok(false);
    }
    Ok(book::invoice(connection, invoice)?.is_some_and(|invoice| invoice.owing()))
}

/// What became of one claimed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The message.
    pub id: i64,
    /// Which try it was.
    pub attempt: i64,
    /// Its state now.
    pub status: Status,
    /// Why it was not sent.
    pub reason: Option<Reason>,
    /// In the provider's words.
    pub detail: Option<String>,
    /// Not again before this instant.
    pub not_before: Option<DateTime<Utc>>,
    /// `accepted`, `refused`, `later`, `stop` or `unknown`; none when no request was made.
    pub outcome: Option<&'static str>,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub text: Option<String>,
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// The device's address, when the provider says it is gone.
    pub gone: Option<String>,
    /// Whether it counts against the number of tries.
    pub retried: bool,
}

/// Settles one claimed message. To be called within an immediate transaction.
pub fn settle(
    connection: &Connection,
    settlement: &Settlement,
    provider: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    let at = at.timestamp_millis();
    let sent_at = (settlement.status == Status::Sent).then_some(at);
    connection
        .prepare_cached(
            "UPDATE message SET status = ?2, reason = ?3, detail = ?4,
               not_before = coalesce(?5, not_before), sent_at = coalesce(?6, sent_at),
               provider_id = coalesce(?7, provider_id), retries = retries + ?8,
               attempts = attempts - ?9
             WHERE id = ?1 AND status = 'sending'",
        )?
        .execute(params![
            settlement.id,
            settlement.status.as_str(),
            settlement.reason.map(Word::as_str),
            settlement.detail,
            settlement.not_before.map(|at| at.timestamp_millis()),
            sent_at,
            settlement.provider_id,
            settlement.retried,
            settlement.outcome.is_none(),
        ])?;
    if let Some(outcome) = settlement.outcome {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO attempt
                   (message_id, number, at, provider, outcome, code, text, provider_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                settlement.id,
                settlement.attempt,
                at,
                provider,
                outcome,
                settlement.code,
                settlement.text,
                settlement.provider_id,
            ])?;
    }
    if let Some(address) = &settlement.gone {
        book::forget_device(
            connection,
            address,
            at,
            settlement.text.as_deref().unwrap_or("gone"),
        )?;
    }
    Ok(())
}

/// How many messages are in each state on each channel, and when the next is due.
pub struct Stat {
    /// The channel.
    pub channel: Channel,
    /// Due now.
    pub due: i64,
    /// Waiting for a later instant.
    pub waiting: i64,
    /// The first such instant.
    pub next_at: Option<DateTime<Utc>>,
    /// In flight, or left there by a run that died.
    pub sending: i64,
    /// Nobody can tell what became of them.
    pub unknown: i64,
}

/// The queue, channel by channel.
pub fn stats(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<Stat>> {
    let mut stats = Vec::new();
    for channel in Channel::ALL {
        let count = |sql: &str| -> Result<i64> {
            Ok(connection
                .prepare_cached(sql)?
                .query_row([channel.as_str()], |row| row.get(0))?)
        };
        let due = i64::try_from(due(connection, *channel, now)?).unwrap_or(i64::MAX);
        let queued = i64::try_from(queued(connection, *channel)?).unwrap_or(i64::MAX);
        let next: Option<i64> = connection
            .prepare_cached(
                "SELECT min(not_before) FROM message
                 WHERE status = 'queued' AND channel = ?1 AND not_before > ?2",
            )?
            .query_row((channel.as_str(), now.timestamp_millis()), |row| row.get(0))?;
        stats.push(Stat {
            channel: *channel,
            due,
            waiting: queued - due,
            next_at: next.and_then(DateTime::from_timestamp_millis),
            sending: count(
                "SELECT count(*) FROM message WHERE status = 'sending' AND channel = ?1",
            )?,
            unknown: count(
                "SELECT count(*) FROM message WHERE status = 'unknown' AND channel = ?1",
            )?,
        });
    }
    Ok(stats)
}

/// Which messages a person means to retry or cancel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// These ids; empty means any.
    pub ids: Vec<i64>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// Of this batch.
    pub batch_id: Option<i64>,
    /// Made with this template.
    pub template: Option<String>,
    /// Failed for this reason.
    pub reason: Option<Reason>,
}

impl Chosen {
    fn change(&self, connection: &Connection, set: &str, status: Status, at: i64) -> Result<u64> {
        let ids = serde_json::json!(self.ids).to_string();
        let changed = connection.execute(
            &format!(
                "UPDATE message SET {set}
                 WHERE status = ?1 AND (?2 = '[]' OR id IN (SELECT value FROM json_each(?2)))
                   AND (?3 IS NULL OR channel = ?3) AND (?4 IS NULL OR batch_id = ?4)
                   AND (?5 IS NULL OR template = ?5) AND (?6 IS NULL OR reason = ?6)
                   AND ?7 IS NOT NULL"
            ),
            params![
                status.as_str(),
                ids,
                self.channel.map(Word::as_str),
                self.batch_id,
                self.template,
                self.reason.map(Word::as_str),
                at,
            ],
        )?;
        Ok(changed as u64)
    }
}

/// Puts failed or unknown messages back into the queue, with all their tries before them; how many.
pub fn retry(connection: &Connection, chosen: &Chosen, unknown: bool, now: Now) -> Result<u64> {
    let status = if unknown {
        Status::Unknown
    } else {
        Status::Failed
    };
    chosen.change(
        connection,
        "status = 'queued', reason = NULL, detail = NULL, not_before = 0, retries = 0",
        status,
        now.at.timestamp_millis(),
    )
}

/// Takes queued messages out of the queue; how many.
pub fn cancel(connection: &Connection, chosen: &Chosen, now: Now) -> Result<u64> {
    chosen.change(
        connection,
        "status = 'cancelled', detail = 'cancelled by hand'",
        Status::Queued,
        now.at.timestamp_millis(),
    )
}

/// Everybody who was written to by whatsapp since an instant, or may have been.
pub fn whatsapp_recipients(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT address FROM message
         WHERE channel = 'whatsapp' AND status = 'sent' AND sent_at >= ?1 AND address IS NOT NULL
         UNION
         SELECT m.address FROM message m JOIN attempt a ON a.message_id = m.id
         WHERE m.channel = 'whatsapp' AND m.status = 'unknown' AND a.at >= ?1
           AND m.address IS NOT NULL",
    )?;
    let rows = statement.query_map([since.timestamp_millis()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
