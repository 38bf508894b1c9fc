//! Notices as they are kept: which messages gave one, for which cases, and what became of them.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Day, Millis};
use crate::domain::ladder::Stage;
use crate::domain::notice::{NoticeDates, NoticeKind, NoticesGiven};
use crate::domain::words::{Channel, Status, Word as _};
use crate::error::Result;

mod kept;

pub use kept::{
    CutContract, GivenNotice, InvoiceThen, each_cut, each_suspension, invoices_then, of,
    suspensions_of,
};

/// When a notice went, `n` being its row and `m` its message, if that is still there.
pub(super) const SENT_AT: &str =
    "CASE WHEN m.id IS NULL THEN n.sent_at WHEN m.status = 'sent' THEN m.sent_at END";

/// Whether an invoice `v` is still of the client and the contract that a notice `n` was about. One about an invoice
/// without a contract stays when a contract is found for it.
macro_rules! still_of_it {
    () => {
        "v.client_id = n.client_id AND (n.contract_id IS NULL OR v.contract_id IS n.contract_id)"
    };
}
use still_of_it;

/// Whether a notice counts: one of the cases that it was given for is open, and its invoice still of that contract.
const COUNTS: &str = concat!(
    "EXISTS (SELECT 1 FROM notice_case k JOIN collection_case c ON c.id = k.case_id
             JOIN invoice v ON v.id = k.invoice_id
             WHERE k.message_id = n.message_id AND c.outcome IS NULL AND ",
    still_of_it!(),
    ")"
);

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

/// How far the notices of an open case are: those of its own and those of its contract that counted for it in its
/// time, as far as they went to its client: what the former holder of the contract was told is no notice to the
/// present one.
pub fn given(
    connection: &Connection,
    case: i64,
    contract_id: Option<i64>,
    zone: Tz,
) -> Result<NoticesGiven> {
    let mut given = NoticesGiven::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT n.kind, {SENT_AT}, {COUNTS} AND (n.contract_id IS NULL OR n.contract_id IS ?2),
                n.suspend_from, n.rescind_from
         FROM notice n LEFT JOIN message m ON m.id = n.message_id
         WHERE (n.message_id IN (SELECT message_id FROM notice_case WHERE case_id = ?1)
                OR n.message_id IN (SELECT o.message_id FROM notice o WHERE o.contract_id = ?2)
                   AND {})
           AND n.client_id = (SELECT i.client_id FROM collection_case c
                              JOIN invoice i ON i.id = c.invoice_id WHERE c.id = ?1)",
        in_its_time("?1")
    ))?;
    let mut rows = statement.query((case, contract_id))?;
    while let Some(row) = rows.next()? {
        let counts: bool = row.get(2)?;
        let sent_at = row.instant_opt(1)?.filter(|_| counts);
        let announced = announced(row, 3)?;
        given.note(row.get(0)?, sent_at.map(|at| (day_of(at, zone), announced)));
    }
    Ok(given)
}

/// What a notice announced, in two columns from a place on.
fn announced(row: &Row<'_>, place: usize) -> rusqlite::Result<Option<NoticeDates>> {
    let days = row.day_opt(place)?.zip(row.day_opt(place + 1)?);
    Ok(days.map(|(suspension, rescission)| NoticeDates {
        suspension,
        rescission,
    }))
}

/// Whether a case of a notice `n` was open in the time of another.
fn in_its_time(case: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM notice_case k JOIN collection_case c ON c.id = k.case_id
                 WHERE k.message_id = n.message_id AND (c.outcome IS NULL OR c.closed_on >=
                   (SELECT min(b.moved_on) FROM collection_move b WHERE b.case_id = {case})))"
    )
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

/// A case that a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeCase {
    /// Its id.
    pub id: i64,
    /// Its invoice.
    pub invoice_id: i64,
    /// Where it stands.
    pub stage: Stage,
}

/// Where `c` is a case that stands in a stage, or is past it.
fn at_least(stage: Stage, case: &str) -> String {
    let stages = Stage::ALL.iter().filter(|one| **one >= stage);
    let words: Vec<String> = stages.map(|one| format!("'{one}'")).collect();
    format!("{case}.stage IN ({})", words.join(", "))
}

/// The open cases of a subject in its stage and past it, the earliest due first.
pub fn cases(connection: &Connection, subject: &NoticeSubject) -> Result<Vec<NoticeCase>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.id, c.invoice_id, c.stage FROM invoice i
         JOIN collection_case c ON c.invoice_id = i.id AND c.outcome IS NULL
         WHERE i.client_id = ?1 AND c.rule = ?2 AND {}
           AND (i.contract_id = ?3 OR (?3 IS NULL AND i.contract_id IS NULL AND i.id = ?4))
           AND i.owing
         ORDER BY i.due_on, i.id",
        at_least(subject.stage, "c")
    ))?;
    let about = params![
        subject.client_id,
        subject.rule,
        subject.contract_id,
        subject.invoice_id
    ];
    let rows = statement.query_map(about, |row| {
        Ok(NoticeCase {
            id: row.get(0)?,
            invoice_id: row.get(1)?,
            stage: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The subjects of a rule's stage that have an owing open case in it no notice was sent for, or past it one whose
/// notice counts no more, client by client; with `until_delivered` also those whose notice nobody reported as arrived.
pub fn each_waiting(
    connection: &Connection,
    (rule, stage, kind): (&str, Stage, NoticeKind),
    until_delivered: bool,
    mut each: impl FnMut(NoticeSubject) -> Result<()>,
) -> Result<()> {
    let enough = if until_delivered {
        format!("{SENT_AT} IS NOT NULL AND {DELIVERED_AT} IS NOT NULL")
    } else {
        format!("{SENT_AT} IS NOT NULL")
    };
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT v.client_id, v.contract_id,
                CASE WHEN v.contract_id IS NULL THEN v.id ELSE min(v.id) END
         FROM collection_case w JOIN invoice v ON v.id = w.invoice_id
         WHERE w.rule = ?1 AND w.outcome IS NULL AND v.owing AND {}
           AND (w.stage = ?2 OR EXISTS (
             SELECT 1 FROM notice n WHERE n.kind = ?3 AND n.client_id = v.client_id
               AND (n.contract_id = v.contract_id
                    OR n.message_id IN (SELECT message_id FROM notice_case WHERE case_id = w.id))))
           AND NOT EXISTS (
             SELECT 1 FROM notice_case s JOIN notice n ON n.message_id = s.message_id
             LEFT JOIN message m ON m.id = n.message_id
             WHERE s.case_id = w.id AND n.kind = ?3 AND {enough} AND {})
         GROUP BY v.client_id, v.contract_id, CASE WHEN v.contract_id IS NULL THEN v.id END
         ORDER BY v.client_id, v.contract_id",
        at_least(stage, "w"),
        still_of_it!()
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

/// Notes that a message gives a notice for these cases, and what it announces.
pub fn note(
    connection: &Connection,
    subject: &NoticeSubject,
    message_id: i64,
    number: i64,
    channel: Channel,
    at: DateTime<Utc>,
    (cases, dates): (&[NoticeCase], Option<NoticeDates>),
) -> Result<()> {
    let first = cases
        .first()
        .map_or(subject.invoice_id, |case| case.invoice_id);
    connection
        .prepare_cached(
            "INSERT INTO notice (message_id, kind, rule, stage, client_id, contract_id, invoice_id, try,
                                 created_at, channel, suspend_from, rescind_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
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
            dates.map(|dates| Day(dates.suspension)),
            dates.map(|dates| Day(dates.rescission)),
        ])?;
    for case in cases {
        connection
            .prepare_cached(
                "INSERT INTO notice_case (message_id, case_id, invoice_id, number, due_on, amount, owed)
                 SELECT ?1, ?2, id, number, due_on, amount, owed FROM invoice WHERE id = ?3",
            )?
            .execute((message_id, case.id, case.invoice_id))?;
    }
    Ok(())
}

/// Notes what a message that gives a notice announces, as its text says it now.
pub fn announce(
    connection: &Connection,
    message_id: i64,
    dates: Option<NoticeDates>,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE notice SET suspend_from = ?2, rescind_from = ?3 WHERE message_id = ?1",
        )?
        .execute((
            message_id,
            dates.map(|dates| Day(dates.suspension)),
            dates.map(|dates| Day(dates.rescission)),
        ))?;
    Ok(())
}

/// Whether some notice that a restored backup took over waits for its case to come.
pub fn any_to_come(connection: &Connection) -> Result<bool> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM notice_case WHERE case_id < 0)",
        [],
        |row| row.get(0),
    )?)
}

/// A case has come: what was noted for an invoice's case of this number before it is its own. Until then it stands
/// by a negative number made of both.
pub fn adopt(connection: &Connection, (case, invoice): (i64, i64), number: i64) -> Result<()> {
    let adopted = connection
        .prepare_cached("UPDATE notice_case SET case_id = ?1 WHERE case_id = -(?2 * 1000 + ?3)")?
        .execute((case, invoice, number))?;
    if adopted > 0 {
        connection
            .prepare_cached(
                "UPDATE message SET case_id = ?1 WHERE case_id IS NULL
                   AND id IN (SELECT message_id FROM notice_case WHERE case_id = ?1)",
            )?
            .execute([case])?;
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
