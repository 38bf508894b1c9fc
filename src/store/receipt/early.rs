//! Reports that came before their messages were known, kept for a day.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, params};

use super::{Matched, Written, read_receipt, write};
use crate::domain::receipt::{Informant, Receipt};
use crate::error::Result;
use crate::store::columns::{Columns as _, Json, Millis};
use crate::store::opt_out;

/// How long, and how many, reports are kept whose message is not known yet.
const EARLY: TimeDelta = TimeDelta::hours(24);
const MOST_EARLY: i64 = 10_000;

/// Keeps a report whose message is not known: it may have come before the message's own answer was
/// written down.
pub fn keep_early(
    connection: &Connection,
    informant: Informant<'_>,
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
            informant.source,
            Json(informant.providers),
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
pub fn settle_early(
    connection: &Connection,
    now: DateTime<Utc>,
) -> Result<Vec<(Receipt, Matched)>> {
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
        let informant = Informant {
            source: &source,
            providers: &providers,
        };
        match write(connection, informant, &receipt, now)? {
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
