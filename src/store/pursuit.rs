//! What goes on by the next template until somebody has it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::columns::{Columns as _, Millis};
use crate::error::Result;

/// A message whose chain goes on: it was refused, or nobody reported its arrival in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pursued {
    /// The message.
    pub message_id: i64,
    /// Its rule.
    pub rule: String,
    /// Its key.
    pub key: String,
    /// Its template.
    pub template: String,
    /// The move that it tells of.
    pub event: String,
    /// Its client.
    pub client_id: i64,
    /// Its invoice.
    pub invoice_id: i64,
    /// Its case, if it has one.
    pub case_id: Option<i64>,
    /// Whether it goes only while its invoice owes.
    pub while_owing: bool,
    /// Of no use from this instant on.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Notes that a message's chain goes on unless its arrival is reported within so many hours.
pub fn note(connection: &Connection, message_id: i64, rule: &str, hours: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO pursuit (message_id, rule, hours) VALUES (?1, ?2, ?3)",
        )?
        .execute((message_id, rule, hours))?;
    Ok(())
}

/// Whether there is any chain at all.
pub fn any(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM pursuit)")?
        .query_row([], |row| row.get(0))?)
}

/// Ends a chain at this message.
pub fn end(connection: &Connection, message_id: i64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM pursuit WHERE message_id = ?1")?
        .execute([message_id])?;
    Ok(())
}

/// Reasons after which another channel may still reach the person; after any other nothing more is to be said.
const UNREACHED: &str =
    "('no_first_access', 'app_not_installed', 'not_logged_in', 'notifications_disabled',
    'no_contact', 'unusable_contact', 'channel_not_allowed', 'missing_value', 'blocked_list',
    'not_on_whatsapp', 'refused', 'gave_up')";

/// The chains that go on now. Those that ended are forgotten: what arrived, and what is no longer wanted. Of a
/// push to several devices the last one tells.
pub fn due(connection: &Connection, now: DateTime<Utc>) -> Result<Vec<Pursued>> {
    connection.execute(
        &format!(
            "DELETE FROM pursuit WHERE message_id IN (
               SELECT p.message_id FROM pursuit p LEFT JOIN message m ON m.id = p.message_id
               WHERE m.id IS NULL OR m.status = 'cancelled'
                 OR (m.status IN ('failed', 'skipped') AND m.reason NOT IN {UNREACHED})
                 OR EXISTS (SELECT 1 FROM receipt b WHERE b.message_id = m.id
                            AND b.kind IN ('delivered', 'read')))"
        ),
        [],
    )?;
    let mut statement = connection.prepare_cached(
        "SELECT m.id, p.rule, m.key, m.template, m.event, m.client_id, m.invoice_id, m.case_id,
                m.while_owing, m.expires_at
         FROM pursuit p JOIN message m ON m.id = p.message_id
         WHERE (m.status IN ('failed', 'skipped')
                OR (m.status = 'sent' AND m.sent_at + p.hours * 3600000 <= ?1))
           AND m.template IS NOT NULL AND m.client_id IS NOT NULL AND m.invoice_id IS NOT NULL
           AND NOT EXISTS (
             SELECT 1 FROM message o
             WHERE o.invoice_id = m.invoice_id AND o.invoice_id IS NOT NULL AND o.id <> m.id
               AND o.event = m.event AND o.template = m.template AND o.case_id IS m.case_id
               AND o.address IS NOT m.address
               AND (o.status IN ('queued', 'shared', 'sending', 'unknown')
                    OR (o.status = 'sent' AND o.sent_at + p.hours * 3600000 > ?1)))
         ORDER BY m.id",
    )?;
    let rows = statement.query_map(params![Millis(now)], |row| {
        Ok(Pursued {
            message_id: row.get(0)?,
            rule: row.get(1)?,
            key: row.get(2)?,
            template: row.get(3)?,
            event: row.get(4)?,
            client_id: row.get(5)?,
            invoice_id: row.get(6)?,
            case_id: row.get(7)?,
            while_owing: row.get(8)?,
            expires_at: row.instant_opt(9)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
