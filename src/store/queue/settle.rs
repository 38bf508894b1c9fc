//! Settling: what became of a claimed message, written down with its attempt.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use crate::clock::Now;
use crate::domain::recipient::OptOut;
use crate::domain::words::{AttemptOutcome, Channel, Reason, Status, Word as _};
use crate::error::Result;
use crate::store::columns::{Json, Millis};
use crate::store::{book, opt_out, receipt};

use super::in_state;

/// What became of one claimed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The message.
    pub id: i64,
    /// Which try it was.
    pub attempt: u32,
    /// Its state now.
    pub status: Status,
    /// Why it was not sent.
    pub reason: Option<Reason>,
    /// In the provider's words.
    pub detail: Option<String>,
    /// Not again before this instant.
    pub not_before: Option<DateTime<Utc>>,
    /// How its request ended; none when none was made.
    pub outcome: Option<AttemptOutcome>,
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
    /// Whether it is tried after all others from now on.
    pub tried_last: bool,
    /// Who told the provider to stop, and what.
    pub opted_out: Option<(i64, OptOut)>,
}

impl Settlement {
    /// The message failed, for this reason.
    pub const fn fail(&mut self, reason: Reason) {
        self.status = Status::Failed;
        self.reason = Some(reason);
    }
}

/// Settles one claimed message. To be called within an immediate transaction.
pub fn settle(
    connection: &Connection,
    settlement: &Settlement,
    provider: &str,
    now: Now,
) -> Result<()> {
    let (at, today) = (now.at, now.today);
    // Before the state, so that the ledger's record of the state has it.
    if let Some(outcome) = settlement.outcome {
        note_attempt(connection, settlement, outcome, provider, at)?;
    }
    let sent_at = (settlement.status == Status::Sent).then_some(Millis(at));
    connection
        .prepare_cached(
            "UPDATE message SET status = ?2, reason = ?3, detail = ?4,
               not_before = coalesce(?5, not_before), sent_at = coalesce(?6, sent_at),
               provider_id = coalesce(?7, provider_id), retries = retries + ?8,
               attempts = attempts - ?9, tried_last = max(tried_last, ?10),
               failed_at = CASE WHEN ?6 IS NULL THEN failed_at END
             WHERE id = ?1 AND status = 'sending'",
        )?
        .execute(params![
            settlement.id,
            settlement.status,
            settlement.reason,
            settlement.detail,
            settlement.not_before.map(Millis),
            sent_at,
            settlement.provider_id,
            settlement.retried,
            settlement.outcome.is_none(),
            settlement.tried_last,
        ])?;
    receipt::heed_meanwhile(connection, settlement.id, settlement.provider_id.as_deref())?;
    if let Some(address) = &settlement.gone {
        book::forget_device(
            connection,
            address,
            at,
            settlement.text.as_deref().unwrap_or("gone"),
        )?;
    }
    if let Some((client, opt_out)) = settlement.opted_out
        && book::client(connection, client)?.is_some()
    {
        let source = opt_out.channel.map_or(provider, |channel| channel.as_str());
        opt_out::add(connection, client, opt_out, today, source)?;
    }
    Ok(())
}

/// Writes down how a try ended.
fn note_attempt(
    connection: &Connection,
    settlement: &Settlement,
    outcome: AttemptOutcome,
    provider: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempt
                   (message_id, number, at, provider, outcome, code, text, provider_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            settlement.id,
            settlement.attempt,
            Millis(at),
            provider,
            outcome,
            settlement.code,
            settlement.text,
            settlement.provider_id,
        ])?;
    Ok(())
}

/// Puts failed messages back into the queue, after all others: what was booked on them was not theirs.
/// How many there were.
pub fn give_back(connection: &Connection, ids: &[i64]) -> Result<u64> {
    let ids = Json(ids);
    connection
        .prepare_cached(
            "UPDATE attempt SET outcome = 'stop'
             WHERE outcome = 'refused' AND (message_id, number) IN
               (SELECT id, attempts FROM message
                WHERE status = 'failed' AND id IN (SELECT value FROM json_each(?1)))",
        )?
        .execute([&ids])?;
    let changed = connection
        .prepare_cached(
            "UPDATE message SET status = 'queued', reason = NULL, tried_last = 1
             WHERE status = 'failed' AND id IN (SELECT value FROM json_each(?1))",
        )?
        .execute([&ids])?;
    Ok(changed as u64)
}

/// Turns what a dead run left in flight into `unknown` (or back into `queued` where that is allowed),
/// with an attempt that says so; how many there were of which no report says more. Only the holder of the channel's lock may ask.
pub fn recover(
    connection: &Connection,
    channel: Channel,
    provider: &str,
    resend: bool,
    now: Now,
) -> Result<u64> {
    const TEXT: &str = "the run ended between the request and its answer";
    if in_state(connection, channel, Status::Sending)? == 0 {
        return Ok(0);
    }
    connection.execute(
        "INSERT OR IGNORE INTO attempt (message_id, number, at, provider, outcome, text)
         SELECT id, attempts, ?2, ?3, 'unknown', ?4 FROM message
         WHERE status = 'sending' AND channel = ?1",
        params![channel, Millis(now.at), provider, TEXT],
    )?;
    let reported: Vec<i64> = connection
        .prepare(
            "SELECT id FROM message m WHERE status = 'sending' AND channel = ?1
               AND EXISTS (SELECT 1 FROM receipt r WHERE r.message_id = m.id) ORDER BY id",
        )?
        .query_map([channel], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let status = if resend {
        Status::Queued
    } else {
        Status::Unknown
    };
    let changed = connection.execute(
        "UPDATE message SET status = ?2, detail = ?3 WHERE status = 'sending' AND channel = ?1",
        params![channel, status, TEXT],
    )?;
    let mut changed = changed as u64;
    for id in reported {
        changed -= u64::from(receipt::heed_meanwhile(connection, id, None)?);
    }
    Ok(changed)
}
