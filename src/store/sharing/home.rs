//! Bringing home what became of messages with the hosts: once each, in order, whatever was known here before.

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::clock::Now;
use crate::domain::words::{AttemptOutcome, Channel, Reason, Status};
use crate::error::{Error, Result};
use crate::store::columns::Millis;
use crate::store::erasure::IS_ERASED;
use crate::store::purge;
use crate::store::queue::{self, Settlement};

/// What became of one round of a message, as the shared queue tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedOutcome {
    /// Its number: outcomes are told in order.
    pub number: i64,
    /// What stands for its message's key.
    pub tag: String,
    /// The key, unless it was erased.
    pub key: Option<String>,
    /// The round.
    pub round: i32,
    /// Which try it was.
    pub attempt: u32,
    /// How long ago it was written down there.
    pub age: TimeDelta,
    /// What became of it.
    pub news: News,
}

/// What an outcome tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Nobody claimed it, and nobody can any more.
    Withdrawn,
    /// A host tried it, and this came of it; `id` is filled in here. By this provider.
    Settled(Box<Settlement>, String),
    /// Its host went silent with it in hand. By this provider.
    Unknown(String),
    /// That host is back, and had not begun it.
    Untouched,
    /// What was booked on it turned out not to be its own.
    Returned,
    /// Its number does not exist.
    NoNumber,
}

impl SharedOutcome {
    /// The same without the provider's words and ids: the client was erased while the message was on its way.
    fn without_words(&self) -> Self {
        let news = match &self.news {
            News::Settled(settlement, provider) => News::Settled(
                Box::new(Settlement {
                    detail: None,
                    text: None,
                    provider_id: None,
                    gone: None,
                    ..(**settlement).clone()
                }),
                provider.clone(),
            ),
            news => news.clone(),
        };
        Self {
            news,
            ..self.clone()
        }
    }
}

/// What is known here of a message that an outcome tells of.
struct Known {
    id: i64,
    status: String,
    channel: Channel,
    round: i32,
    outcome: i64,
    erased: bool,
}

impl Known {
    /// Nothing is known yet of what became of it.
    fn waits(&self) -> bool {
        matches!(self.status.as_str(), "shared" | "unknown")
    }
}

fn known(connection: &Connection, outcome: &SharedOutcome) -> Result<Option<Known>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Known {
            id: row.get(0)?,
            status: row.get(1)?,
            channel: row.get(2)?,
            round: row.get(3)?,
            outcome: row.get(4)?,
            erased: row.get(5)?,
        })
    };
    let by_tag = connection
        .prepare_cached(&format!(
            "SELECT m.id, m.status, m.channel, s.round, s.outcome, {IS_ERASED}
             FROM shared s JOIN message m ON m.id = s.message_id WHERE s.tag = ?1"
        ))?
        .query_row([&outcome.tag], read)
        .optional()?;
    if by_tag.is_some() || outcome.key.is_none() {
        return Ok(by_tag);
    }
    // A restored database may have the message from before it was handed over.
    Ok(connection
        .prepare_cached(&format!(
            "SELECT m.id, m.status, m.channel, 0, 0, {IS_ERASED} FROM message m WHERE m.key = ?1"
        ))?
        .query_row([&outcome.key], read)
        .optional()?)
}

/// Brings an outcome home; whether it is news: what share withdrew itself is none. Where its channel is among `resend`, what nobody can
/// tell is queued again.
pub fn bring_home(
    connection: &Connection,
    outcome: &SharedOutcome,
    resend: &[Channel],
    now: Now,
) -> Result<bool> {
    let Some(known) = known(connection, outcome)? else {
        return orphan(connection, outcome);
    };
    if outcome.number <= known.outcome {
        return Ok(false);
    }
    let at = Now::new(now.at - outcome.age, now.zone);
    let without;
    let outcome = if known.erased {
        without = outcome.without_words();
        &without
    } else {
        outcome
    };
    if outcome.round < known.round {
        note_late(connection, &known, outcome, at)?;
    } else if known.status != "sent" || is_new_try(connection, known.id, outcome)? {
        apply(connection, &known, outcome, resend, at)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO shared (message_id, tag, round, there, outcome) VALUES (?1, ?2, ?3, 1, ?4)
             ON CONFLICT (message_id) DO UPDATE SET round = max(round, excluded.round),
               outcome = excluded.outcome",
        )?
        .execute(params![
            known.id,
            outcome.tag,
            outcome.round,
            outcome.number
        ])?;
    let is_known =
        outcome.news == News::Withdrawn && (outcome.round < known.round || !known.waits());
    Ok(!is_known)
}

/// Whether an outcome tells of a try that nobody has written down: a report of its arrival may have come first.
fn is_new_try(connection: &Connection, id: i64, outcome: &SharedOutcome) -> Result<bool> {
    if !matches!(outcome.news, News::Settled(..)) {
        return Ok(false);
    }
    Ok(connection
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM attempt WHERE message_id = ?1 AND number = ?2)",
        )?
        .query_row((id, outcome.attempt), |row| row.get(0))?)
}

/// A message that this database does not have, because it was restored from an older one: what may have left
/// is not decided again, what certainly did not is.
fn orphan(connection: &Connection, outcome: &SharedOutcome) -> Result<bool> {
    let Some(key) = &outcome.key else {
        return Ok(false);
    };
    let left = match &outcome.news {
        News::Settled(settlement, _) => settlement.status != Status::Queued,
        News::Unknown(_) => true,
        News::Withdrawn | News::NoNumber | News::Untouched | News::Returned => false,
    };
    if left {
        purge::spend_key(connection, key)?;
    } else {
        connection
            .prepare_cached("DELETE FROM spent_key WHERE key = ?1")?
            .execute([key])?;
    }
    Ok(true)
}

/// What an earlier round came to after all, when a person had it sent again meanwhile: its try says so.
fn note_late(
    connection: &Connection,
    known: &Known,
    outcome: &SharedOutcome,
    at: Now,
) -> Result<()> {
    if let News::Settled(settlement, _) = &outcome.news
        && let Some(how) = settlement.outcome
    {
        connection
            .prepare_cached(
                "UPDATE attempt SET outcome = ?3, at = ?4, code = ?5, text = ?6, provider_id = ?7
                 WHERE message_id = ?1 AND number = ?2 AND outcome = 'unknown'",
            )?
            .execute(params![
                known.id,
                outcome.attempt,
                how,
                Millis(at.at),
                settlement.code,
                settlement.text,
                settlement.provider_id,
            ])?;
    }
    Ok(())
}

fn apply(
    connection: &Connection,
    known: &Known,
    outcome: &SharedOutcome,
    resend: &[Channel],
    at: Now,
) -> Result<()> {
    let waits = known.waits();
    told(connection, known, outcome, (resend, waits), at)?;
    if waits || known.status == "failed" {
        as_wished(connection, known.id)?;
    }
    Ok(())
}

fn told(
    connection: &Connection,
    known: &Known,
    outcome: &SharedOutcome,
    (resend, waits): (&[Channel], bool),
    at: Now,
) -> Result<()> {
    match &outcome.news {
        News::Withdrawn if waits => back(connection, known.id, outcome.attempt),
        News::Untouched if waits => {
            connection
                .prepare_cached(
                    "DELETE FROM attempt WHERE message_id = ?1 AND number = ?2 AND outcome = 'unknown'",
                )?
                .execute((known.id, outcome.attempt))?;
            back(connection, known.id, outcome.attempt)
        }
        News::Returned => queue::give_back(connection, &[known.id]).map(|_| ()),
        News::NoNumber if waits => {
            in_hand(connection, known.id, outcome.attempt.saturating_sub(1))?;
            queue::skip(connection, known.id, Reason::NotOnWhatsapp, None)
        }
        News::Settled(settlement, provider) => {
            in_hand(connection, known.id, outcome.attempt)?;
            let settlement = Settlement {
                id: known.id,
                attempt: outcome.attempt,
                ..(**settlement).clone()
            };
            queue::settle(connection, &settlement, provider, at)
        }
        News::Unknown(provider) if waits => {
            in_hand(connection, known.id, outcome.attempt)?;
            let text = "the host that had it in hand went silent";
            let mut settlement = Settlement::unknown(known.id, outcome.attempt, text);
            if resend.contains(&known.channel) && !is_wished(connection, known.id)? {
                settlement.status = Status::Queued;
            }
            queue::settle(connection, &settlement, provider, at)
        }
        _ => Ok(()),
    }
}

/// A message as it is while it is being sent, before what became of it is written down.
fn in_hand(connection: &Connection, id: i64, attempts: u32) -> Result<()> {
    connection
        .prepare_cached("UPDATE message SET status = 'sending', attempts = ?2 WHERE id = ?1")?
        .execute((id, attempts))?;
    Ok(())
}

/// A message comes back that certainly did not leave: into the queue, or to what somebody wished meanwhile.
fn back(connection: &Connection, id: i64, attempt: u32) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'queued', attempts = ?2, reason = NULL, detail = NULL, seen = ''
             WHERE id = ?1",
        )?
        .execute((id, attempt.saturating_sub(1)))?;
    as_wished(connection, id)
}

/// Whether somebody skipped or cancelled a message while it was with the hosts.
fn is_wished(connection: &Connection, id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM shared WHERE message_id = ?1 AND wish IS NOT NULL)",
        )?
        .query_row([id], |row| row.get(0))?)
}

/// A message that is back in the queue becomes what somebody wished while it was with the hosts. Nothing is left to
/// be sent of one whose client was erased since.
fn as_wished(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'cancelled', detail = 'its client was erased'
             WHERE id = ?1 AND status = 'queued' AND address IS NULL
               AND EXISTS (SELECT 1 FROM erased_client e WHERE e.client_id = message.client_id)",
        )?
        .execute([id])?;
    connection
        .prepare_cached(
            "UPDATE message SET status = s.wish, reason = s.wish_reason, detail = s.wish_detail
             FROM shared s WHERE s.message_id = ?1 AND message.id = ?1 AND message.status = 'queued'
               AND s.wish IS NOT NULL",
        )?
        .execute([id])?;
    connection
        .prepare_cached(
            "UPDATE shared SET wish = NULL, wish_reason = NULL, wish_detail = NULL
             WHERE message_id = ?1 AND wish IS NOT NULL
               AND EXISTS (SELECT 1 FROM message WHERE id = ?1 AND status IN ('skipped', 'cancelled'))",
        )?
        .execute([id])?;
    Ok(())
}

/// Messages that were withdrawn by this database itself come back, those of this round.
pub fn withdrawn(connection: &Connection, tag: &str, round: i32) -> Result<()> {
    let found: Option<(i64, u32)> = connection
        .prepare_cached(
            "SELECT m.id, m.attempts FROM shared s JOIN message m ON m.id = s.message_id
             WHERE s.tag = ?1 AND s.round = ?2 AND m.status = 'shared'",
        )?
        .query_row((tag, round), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((id, attempts)) => back(connection, id, attempts),
        None => Ok(()),
    }
}

/// A message that the shared queue does not know, though it was certain to have it: nobody can tell.
pub fn lost_there(connection: &Connection, tag: &str, now: Now) -> Result<()> {
    let (id, attempts): (i64, u32) = connection
        .prepare_cached(
            "SELECT m.id, m.attempts FROM shared s JOIN message m ON m.id = s.message_id WHERE s.tag = ?1",
        )?
        .query_row([tag], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| Error::world("a shared message came and went"))?;
    in_hand(connection, id, attempts)?;
    let text = "the shared queue does not know it any more";
    queue::settle(
        connection,
        &Settlement::unknown(id, attempts, text),
        "unknown",
        now,
    )
}

impl Settlement {
    /// Nobody can tell what became of a message.
    fn unknown(id: i64, attempt: u32, text: &str) -> Self {
        Self {
            id,
            attempt,
            status: Status::Unknown,
            reason: None,
            detail: Some(text.to_owned()),
            not_before: None,
            outcome: Some(AttemptOutcome::Unknown),
            code: None,
            text: Some(text.to_owned()),
            provider_id: None,
            gone: None,
            retried: false,
            tried_last: false,
            opted_out: None,
        }
    }
}
