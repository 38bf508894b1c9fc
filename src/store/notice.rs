//! Notices as they are kept: which messages gave one, for which cases, and what became of them.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Millis, PLACE};
use crate::domain::ladder::Stage;
use crate::domain::money::Money;
use crate::domain::notice::{NoticeKind, NoticesGiven};
use crate::domain::place::Place;
use crate::domain::words::{AccessStatus, Channel, Status};
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

/// The days of the notices that were sent to its client and count for an open case: what the former holder of the
/// contract was told is no notice to the present one.
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
           AND n.client_id = (SELECT i.client_id FROM collection_case c
                              JOIN invoice i ON i.id = c.invoice_id WHERE c.id = ?1)
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
                {DELIVERED_AT} IS NOT NULL
         FROM notice n LEFT JOIN message m ON m.id = n.message_id
         WHERE n.kind = ?1 AND n.stage = ?2
           AND (n.contract_id = ?3 OR (?3 IS NULL AND n.contract_id IS NULL AND n.invoice_id = ?4))
           AND n.client_id = ?5 AND {COUNTS}
         ORDER BY n.try DESC, n.message_id"
    ))?;
    let about = (
        subject.kind,
        subject.stage,
        subject.contract_id,
        subject.invoice_id,
        subject.client_id,
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
                "INSERT INTO notice_case (message_id, case_id, invoice_id, number, due_on, amount, owed)
                 SELECT ?1, ?2, id, number, due_on, amount, owed FROM invoice WHERE id = ?3",
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

/// When a message's arrival was reported, `n` being its notice.
const DELIVERED_AT: &str = "coalesce((SELECT min(b.at) FROM receipt b
     WHERE b.message_id = n.message_id AND b.kind IN ('delivered', 'read')), n.delivered_at)";

/// One message of a notice, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenNotice {
    /// The message.
    pub message_id: i64,
    /// What it precedes.
    pub kind: NoticeKind,
    /// The contract; none where its invoice has none.
    pub contract_id: Option<i64>,
    /// Whose.
    pub client_id: i64,
    /// Of that name.
    pub client_name: String,
    /// The first invoice that it speaks of.
    pub invoice_id: i64,
    /// How it went.
    pub channel: Channel,
    /// Its state; none when the purge deleted the message.
    pub status: Option<Status>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its arrival was reported.
    pub delivered_at: Option<DateTime<Utc>>,
    /// One of its invoices still owes, and is still its client's.
    pub owing: bool,
    /// The contract, where it is about one, is still its client's.
    pub theirs: bool,
    /// One of its cases is open.
    pub counts: bool,
    /// The last day on which one of its cases closed.
    pub closed_on: Option<NaiveDate>,
    /// Where the client, and the contract, are.
    pub place: Place,
}

impl GivenNotice {
    /// Whose contract, or else whose invoice, it is about.
    pub const fn about(&self) -> (i64, Option<i64>, Option<i64>) {
        match self.contract_id {
            Some(id) => (self.client_id, Some(id), None),
            None => (self.client_id, None, Some(self.invoice_id)),
        }
    }
}

fn select(condition: &str, order: &str) -> String {
    format!(
        "SELECT n.message_id, n.kind, n.contract_id, n.client_id, k.name, n.invoice_id, n.channel,
                m.status, {SENT_AT}, {DELIVERED_AT},
                EXISTS (SELECT 1 FROM notice_case s JOIN invoice i ON i.id = s.invoice_id
                        WHERE s.message_id = n.message_id AND i.owing AND i.client_id = n.client_id),
                {COUNTS},
                (SELECT max(c.closed_on) FROM notice_case s JOIN collection_case c ON c.id = s.case_id
                 WHERE s.message_id = n.message_id),
                n.contract_id IS NULL OR t.client_id IS n.client_id,
                {PLACE}
         FROM notice n
         LEFT JOIN message m ON m.id = n.message_id
         LEFT JOIN client k ON k.id = n.client_id
         LEFT JOIN contract t ON t.id = n.contract_id
         WHERE {condition} ORDER BY {order}"
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<GivenNotice> {
    Ok(GivenNotice {
        message_id: row.get(0)?,
        kind: row.get(1)?,
        contract_id: row.get(2)?,
        client_id: row.get(3)?,
        client_name: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
        invoice_id: row.get(5)?,
        channel: row.get(6)?,
        status: row.get(7)?,
        sent_at: row.instant_opt(8)?,
        delivered_at: row.instant_opt(9)?,
        owing: row.get(10)?,
        counts: row.get(11)?,
        closed_on: row.day_opt(12)?,
        theirs: row.get(13)?,
        place: row.place(14)?,
    })
}

/// Streams the messages of notices of suspension, those about one contract, or one invoice, together.
pub fn each_suspension(
    connection: &Connection,
    mut each: impl FnMut(GivenNotice) -> Result<()>,
) -> Result<()> {
    let order = "n.client_id, n.contract_id, CASE WHEN n.contract_id IS NULL THEN n.invoice_id END, n.message_id";
    let mut statement = connection.prepare(&select("n.kind = 'suspension'", order))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(read(row)?)?;
    }
    Ok(())
}

/// Every notice of suspension that was sent about a contract, or about its client's invoices without one.
pub fn suspensions_of(
    connection: &Connection,
    contract_id: i64,
    client_id: i64,
) -> Result<Vec<GivenNotice>> {
    let condition = "n.kind = 'suspension' AND n.client_id = ?2
                     AND (n.contract_id = ?1 OR n.contract_id IS NULL)";
    let mut statement = connection.prepare_cached(&select(condition, "n.message_id"))?;
    let rows = statement.query_map((contract_id, client_id), read)?;
    let all: Vec<GivenNotice> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(all
        .into_iter()
        .filter(|one| one.sent_at.is_some())
        .collect())
}

/// Every message that gave a client a notice, or one about an invoice, in order.
pub fn of(
    connection: &Connection,
    client_id: Option<i64>,
    invoice_id: Option<i64>,
) -> Result<Vec<GivenNotice>> {
    let condition = "(?1 IS NULL OR n.client_id = ?1)
         AND (?2 IS NULL OR n.message_id IN (SELECT message_id FROM notice_case WHERE invoice_id = ?2))";
    let mut statement = connection.prepare(&select(condition, "n.message_id"))?;
    let rows = statement.query_map((client_id, invoice_id), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// An invoice as it was when a notice spoke of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceThen {
    /// Its id.
    pub id: i64,
    /// The number printed on it.
    pub number: Option<String>,
    /// The printed due date.
    pub due_on: NaiveDate,
    /// What it was made out for.
    pub amount: Money,
    /// What was owed.
    pub owed: Money,
}

/// The invoices that a notice spoke of, as they were then.
pub fn invoices_then(connection: &Connection, message_id: i64) -> Result<Vec<InvoiceThen>> {
    let mut statement = connection.prepare_cached(
        "SELECT invoice_id, number, due_on, amount, owed FROM notice_case WHERE message_id = ?1
         ORDER BY due_on, invoice_id",
    )?;
    let rows = statement.query_map([message_id], |row| {
        Ok(InvoiceThen {
            id: row.get(0)?,
            number: row.get(1)?,
            due_on: row.day(2)?,
            amount: row.get(3)?,
            owed: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A contract that is cut for debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutContract {
    /// The contract.
    pub contract_id: i64,
    /// Whose.
    pub client_id: i64,
    /// How it is cut.
    pub access_status: AccessStatus,
    /// Since when, as far as imports and syncs saw it.
    pub access_since: Option<NaiveDate>,
}

/// Streams the contracts that are cut for debt.
pub fn each_cut(
    connection: &Connection,
    mut each: impl FnMut(CutContract) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT id, client_id, access_status, access_since FROM contract
         WHERE access_status IN ('auto_block', 'manual_block') AND absent_since IS NULL ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(CutContract {
            contract_id: row.get(0)?,
            client_id: row.get(1)?,
            access_status: row.get(2)?,
            access_since: row.day_opt(3)?,
        })?;
    }
    Ok(())
}

/// Keeps the days of notices made before an instant, whose messages are about to go.
pub(super) fn keep_days(connection: &Connection, before: DateTime<Utc>) -> Result<()> {
    connection.execute(
        &format!(
            "UPDATE notice AS n SET
               sent_at = coalesce((SELECT m.sent_at FROM message m
                                   WHERE m.id = n.message_id AND m.status = 'sent'), n.sent_at),
               delivered_at = {DELIVERED_AT}
             WHERE n.created_at < ?1"
        ),
        [Millis(before)],
    )?;
    Ok(())
}
