//! Notices as they are kept: which messages gave one, for which cases, and what became of them.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::columns::{Columns as _, Millis};
use crate::domain::ladder::Stage;
use crate::domain::notice::{NoticeKind, NoticesGiven};
use crate::domain::words::{Channel, Status};
use crate::error::Result;

/// When a notice went, `n` being its row and `m` its message, if that is still there.
pub(super) const SENT_AT: &str =
    "CASE WHEN m.id IS NULL THEN n.sent_at WHEN m.status = 'sent' THEN m.sent_at END";

/// Whether a notice counts: one of the cases that it was given for is open.
const COUNTS: &str =
    "EXISTS (SELECT 1 FROM notice_case k JOIN collection_case c ON c.id = k.case_id
     WHERE k.message_id = n.message_id AND c.outcome IS NULL)";

/// What a notice is about: all cases of one contract in one stage, or, without a contract, one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSubject {
    /// The rule.
    pub rule: String,
    /// Its stage.
    pub stage: Stage,
    /// The notice that the stage gives.
    pub kind: NoticeKind,
    /// Whose contract.
    pub client_id: i64,
    /// The contract.
    pub contract_id: Option<i64>,
    /// Of a subject without a contract, the invoice; else any of its invoices.
    pub invoice_id: i64,
}

/// The days of the notices that were sent and count for an open case.
pub fn given(
    connection: &Connection,
    case: i64,
    contract_id: Option<i64>,
    zone: Tz,
) -> Result<NoticesGiven> {
    let mut given = NoticesGiven::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT n.kind, {SENT_AT} AS at FROM notice n LEFT JOIN message m ON m.id = n.message_id
         WHERE n.message_id IN (SELECT message_id FROM notice_case WHERE case_id = ?1
                                UNION SELECT message_id FROM notice WHERE contract_id = ?2)
           AND at IS NOT NULL AND {COUNTS}"
    ))?;
    let mut rows = statement.query((case, contract_id))?;
    while let Some(row) = rows.next()? {
        let on = row.instant(1)?.with_timezone(&zone).date_naive();
        given.note(row.get(0)?, on);
    }
    Ok(given)
}

/// One message of a notice's latest try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTry {
    /// Which try, from 1.
    pub number: i64,
    /// Its template.
    pub template: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its state; none when the purge deleted it.
    pub status: Option<Status>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// Whether its arrival was reported.
    pub is_delivered: bool,
}

/// The messages of the latest try that counts for a subject: several where a push goes to several devices.
pub fn last_try(connection: &Connection, subject: &NoticeSubject) -> Result<Vec<NoticeTry>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT n.try, m.template, n.created_at, m.status, {SENT_AT},
                EXISTS (SELECT 1 FROM callback b WHERE b.message_id = n.message_id
                        AND b.status IN ('delivered', 'read'))
         FROM notice n LEFT JOIN message m ON m.id = n.message_id
         WHERE n.kind = ?1 AND n.stage = ?2
           AND (n.contract_id = ?3 OR (?3 IS NULL AND n.contract_id IS NULL AND n.invoice_id = ?4))
           AND {COUNTS}
         ORDER BY n.try DESC, n.message_id"
    ))?;
    let about = (
        subject.kind,
        subject.stage,
        subject.contract_id,
        subject.invoice_id,
    );
    let rows = statement.query_map(about, |row| {
        Ok(NoticeTry {
            number: row.get(0)?,
            template: row.get(1)?,
            created_at: row.instant(2)?,
            status: row.get(3)?,
            sent_at: row.instant_opt(4)?,
            is_delivered: row.get(5)?,
        })
    })?;
    let all: Vec<NoticeTry> = rows.collect::<rusqlite::Result<_>>()?;
    let latest = all.first().map_or(0, |first| first.number);
    Ok(all.into_iter().filter(|one| one.number == latest).collect())
}

/// The open cases of a subject, each with its invoice, the earliest due first.
pub fn cases(connection: &Connection, subject: &NoticeSubject) -> Result<Vec<(i64, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.id, c.invoice_id FROM invoice i
         JOIN collection_case c ON c.invoice_id = i.id AND c.outcome IS NULL
         WHERE i.client_id = ?1 AND c.rule = ?2 AND c.stage = ?3
           AND (i.contract_id = ?4 OR (?4 IS NULL AND i.contract_id IS NULL AND i.id = ?5))
           AND i.owing
         ORDER BY i.due_on, i.id",
    )?;
    let about = params![
        subject.client_id,
        subject.rule,
        subject.stage,
        subject.contract_id,
        subject.invoice_id
    ];
    let rows = statement.query_map(about, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The subjects of a rule's stage that have an owing open case no notice was sent for, client by client.
pub fn each_waiting(
    connection: &Connection,
    rule: &str,
    stage: Stage,
    kind: NoticeKind,
    mut each: impl FnMut(NoticeSubject) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT i.client_id, i.contract_id,
                CASE WHEN i.contract_id IS NULL THEN i.id ELSE min(i.id) END
         FROM collection_case w JOIN invoice i ON i.id = w.invoice_id
         WHERE w.rule = ?1 AND w.outcome IS NULL AND w.stage = ?2 AND i.owing
           AND NOT EXISTS (
             SELECT 1 FROM notice_case s JOIN notice n ON n.message_id = s.message_id
             LEFT JOIN message m ON m.id = n.message_id
             WHERE s.case_id = w.id AND n.kind = ?3 AND {SENT_AT} IS NOT NULL)
         GROUP BY i.client_id, i.contract_id, CASE WHEN i.contract_id IS NULL THEN i.id END
         ORDER BY i.client_id, i.contract_id"
    ))?;
    let mut rows = statement.query((rule, stage, kind))?;
    while let Some(row) = rows.next()? {
        each(NoticeSubject {
            rule: rule.to_owned(),
            stage,
            kind,
            client_id: row.get(0)?,
            contract_id: row.get(1)?,
            invoice_id: row.get(2)?,
        })?;
    }
    Ok(())
}

/// Notes that a message gives a notice for these cases, each with its invoice.
pub fn note(
    connection: &Connection,
    subject: &NoticeSubject,
    message_id: i64,
    number: i64,
    channel: Channel,
    at: DateTime<Utc>,
    cases: &[(i64, i64)],
) -> Result<()> {
    let first = cases
        .first()
        .map_or(subject.invoice_id, |(_, invoice)| *invoice);
    connection
        .prepare_cached(
            "INSERT INTO notice (message_id, kind, rule, stage, client_id, contract_id, invoice_id, try,
                                 created_at, channel)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            message_id,
            subject.kind,
            subject.rule,
            subject.stage,
            subject.client_id,
            subject.contract_id,
            first,
            number,
            Millis(at),
            channel,
        ])?;
    for (case, invoice) in cases {
        connection
            .prepare_cached(
                "INSERT INTO notice_case (message_id, case_id, invoice_id) VALUES (?1, ?2, ?3)",
            )?
            .execute((message_id, case, invoice))?;
    }
    Ok(())
}

/// Which notice a message gives, if it gives one.
pub fn kind_of(connection: &Connection, message_id: i64) -> Result<Option<NoticeKind>> {
    Ok(connection
        .prepare_cached("SELECT kind FROM notice WHERE message_id = ?1")?
        .query_row([message_id], |row| row.get(0))
        .optional()?)
}

/// The day in a zone of an instant.
pub fn day_of(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}
