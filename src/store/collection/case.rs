//! Cases: every move written down, and what follows from it for messages still queued.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

use super::DueMove;
use crate::domain::invoice::Invoice;
use crate::domain::ladder::{CaseOutcome, Milestone, Move, Phase, Stage};
use crate::domain::money::Money;
use crate::error::{Error, Result};
use crate::store::columns::{Columns as _, Day};
use crate::store::meta;
use crate::store::presence::ABSENT_CLIENTS;

/// Writes moves down: what most of them take is made ready once.
pub struct CaseWriter<'c> {
    connection: &'c Connection,
    begin: CachedStatement<'c>,
    note: CachedStatement<'c>,
}

impl<'c> CaseWriter<'c> {
    /// Makes ready to write.
    pub fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            connection,
            begin: connection.prepare_cached(
                "INSERT INTO collection_case (rule, invoice_id, client_id, stage, since, due_on)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            // Its number is asked for by itself: a table that is written from itself goes by way of another.
            note: connection.prepare_cached(
                "INSERT INTO collection_move (case_id, number, moved_on, move, owed)
                 VALUES (?1,
                         coalesce(?5, (SELECT coalesce(max(number), 0) + 1 FROM collection_move
                                       WHERE case_id = ?1)),
                         ?2, ?3, ?4)",
            )?,
        })
    }

    /// Writes a move down; the id of the case it belongs to, if it belongs to one.
    pub fn write(
        &mut self,
        rule: &str,
        invoice: &Invoice,
        due: &DueMove,
        today: NaiveDate,
    ) -> Result<Option<i64>> {
        let (connection, day) = (self.connection, Day(today));
        match (due.step, due.case) {
            (Move::Enter, _) => return self.begin(rule, invoice, day).map(Some),
            (Move::Advance(stage), Some(case)) => {
                connection
                    .prepare_cached(
                        "UPDATE collection_case SET stage = ?2, since = ?3 WHERE id = ?1",
                    )?
                    .execute((case, stage, day))?;
                let reached = Milestone::Reached(stage);
                self.note((case, None), day, reached, invoice)?;
                merge_queued(connection, invoice.id, case)?;
            }
            (
                Move::Close {
                    outcome,
                    bureau_waits,
                },
                Some(case),
            ) => {
                connection
                    .prepare_cached(
                        "UPDATE collection_case SET outcome = ?2, closed_on = ?3 WHERE id = ?1",
                    )?
                    .execute((case, outcome, day))?;
                look_again(connection, invoice.id, case)?;
                let closed = Milestone::Closed(outcome);
                self.note((case, None), day, closed, invoice)?;
                if bureau_waits {
                    note_bureau(connection, invoice, "put_off_on", day)?;
                }
            }
            (Move::Advance(_) | Move::Close { .. }, None) => {
                return Err(Error::world(format!(
                    "invoice {} has no open case to move",
                    invoice.id
                )));
            }
            (Move::BureauRemoved, _) => note_bureau(connection, invoice, "told_on", day)?,
            (Move::Reminder(days), _) => {
                connection
                    .prepare_cached(
                        "INSERT INTO collection_reminder (invoice_id, due_on, days, rule, fired_on)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((invoice.id, Day(invoice.due_on), days, rule, day))?;
            }
        }
        Ok(due.case)
    }

    /// Begins a case at the first stage; its id.
    fn begin(&mut self, rule: &str, invoice: &Invoice, day: Day) -> Result<i64> {
        self.begin.execute((
            rule,
            invoice.id,
            invoice.client_id,
            Stage::FIRST,
            day,
            Day(invoice.due_on),
        ))?;
        let case = self.connection.last_insert_rowid();
        let first = Milestone::Reached(Stage::FIRST);
        self.note((case, Some(1)), day, first, invoice)?;
        Ok(case)
    }

    /// Notes a move of a case, with its number where that is known, else the next.
    fn note(
        &mut self,
        (case, number): (i64, Option<i64>),
        day: Day,
        milestone: Milestone,
        invoice: &Invoice,
    ) -> Result<()> {
        let row = (case, day, milestone, invoice.open_amount, number);
        self.note.execute(row)?;
        Ok(())
    }
}

fn note_bureau(connection: &Connection, invoice: &Invoice, column: &str, day: Day) -> Result<()> {
    let Some(listed_on) = invoice.bureau_listed_on else {
        return Ok(());
    };
    connection
        .prepare_cached(&format!(
            "INSERT INTO collection_bureau (invoice_id, listed_on, {column}) VALUES (?1, ?2, ?3)
             ON CONFLICT (invoice_id, listed_on) DO UPDATE SET {column} = excluded.{column}"
        ))?
        .execute((invoice.id, Day(listed_on), day))?;
    Ok(())
}

/// What is still queued of a case that closes is looked at again when its turn comes.
fn look_again(connection: &Connection, invoice_id: i64, case: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET seen = ''
             WHERE invoice_id = ?1 AND invoice_id IS NOT NULL AND status IN ('queued', 'shared')
               AND case_id = ?2",
        )?
        .execute((invoice_id, case))?;
    connection
        .prepare_cached(
            "UPDATE message SET seen = '' WHERE status IN ('queued', 'shared') AND id IN
               (SELECT message_id FROM message_speaks_for WHERE invoice_id = ?1)",
        )?
        .execute([invoice_id])?;
    Ok(())
}

/// A stage message still queued when its case moves on is folded into the next one.
fn merge_queued(connection: &Connection, invoice_id: i64, case: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'skipped', reason = 'merged',
                    detail = 'its case moved on before it could go'
             WHERE invoice_id = ?1 AND invoice_id IS NOT NULL AND status IN ('queued', 'shared')
               AND case_id = ?2 AND event GLOB 'stage:*'",
        )?
        .execute((invoice_id, case))?;
    Ok(())
}

/// The open case of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCaseRow {
    /// Its id.
    pub id: i64,
    /// The rule it is in.
    pub rule: String,
    /// The printed due date when it began.
    pub due_on: NaiveDate,
}

/// The open case of an invoice, if it has one.
pub fn open_case(connection: &Connection, invoice_id: i64) -> Result<Option<OpenCaseRow>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, rule, due_on FROM collection_case
             WHERE invoice_id = ?1 AND outcome IS NULL",
        )?
        .query_row([invoice_id], |row| {
            Ok(OpenCaseRow {
                id: row.get(0)?,
                rule: row.get(1)?,
                due_on: row.day(2)?,
            })
        })
        .optional()?)
}

/// Whether the reminder so many days before this due date of an invoice has fired.
pub fn reminder_fired(
    connection: &Connection,
    invoice_id: i64,
    due_on: NaiveDate,
    days: i64,
) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collection_reminder
             WHERE invoice_id = ?1 AND due_on = ?2 AND days = ?3)",
        )?
        .query_row((invoice_id, Day(due_on), days), |row| row.get(0))?)
}

/// Which of its invoice's cases a case is, counted from 1.
pub fn case_number(connection: &Connection, invoice_id: i64, case: i64) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM collection_case WHERE invoice_id = ?1 AND id <= ?2")?
        .query_row((invoice_id, case), |row| row.get(0))?)
}

/// Whether a case is still open.
pub fn case_open(connection: &Connection, case: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collection_case WHERE id = ?1 AND outcome IS NULL)",
        )?
        .query_row([case], |row| row.get(0))?)
}

/// How many cases of a rule are open.
pub fn open_cases(connection: &Connection, rule: &str) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM collection_case WHERE rule = ?1 AND outcome IS NULL")?
        .query_row([rule], |row| row.get(0))?)
}

/// The open cases at one step of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandingCases {
    /// How many.
    pub cases: u64,
    /// Of so many clients.
    pub clients: u64,
    /// What their invoices owe.
    pub owed: Money,
}

/// Who stands at each stage of a rule: its open cases.
pub fn standing(connection: &Connection, rule: &str) -> Result<BTreeMap<Phase, StandingCases>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.stage, count(*), count(DISTINCT c.client_id), coalesce(sum(i.owed), 0)
         FROM collection_case c JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome IS NULL GROUP BY c.stage",
    )?;
    let rows = statement.query_map([rule], |row| {
        let standing = StandingCases {
            cases: row.get(1)?,
            clients: row.get(2)?,
            owed: row.get(3)?,
        };
        Ok((Phase::Stage(row.get(0)?), standing))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Reopens, at the stage they had, the cases of a rule that closed because their invoice or its client was
/// gone, and is back with the client that it was taken from; how many. One that closed on this very day waits for another.
pub fn reopen_present(connection: &Connection, rule: &str, today: NaiveDate) -> Result<u64> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.id, c.invoice_id FROM collection_case c INDEXED BY collection_case_gone
         CROSS JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome = 'gone' AND c.closed_on < ?2
           AND i.client_id = c.client_id AND i.absent_since IS NULL AND i.client_id NOT IN {ABSENT_CLIENTS}
           AND c.id = (SELECT max(l.id) FROM collection_case l WHERE l.invoice_id = c.invoice_id)"
    ))?;
    let back: Vec<(i64, i64)> = statement
        .query_map((rule, Day(today)), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (case, invoice_id) in &back {
        connection
            .prepare_cached(
                "UPDATE collection_case SET outcome = NULL, closed_on = NULL WHERE id = ?1",
            )?
            .execute([case])?;
        connection
            .prepare_cached(
                "INSERT INTO collection_move (case_id, number, moved_on, move, owed)
                 SELECT ?1, (SELECT max(number) FROM collection_move WHERE case_id = ?1) + 1, ?2, ?3, owed
                 FROM invoice WHERE id = ?4",
            )?
            .execute((case, Day(today), Milestone::Reopened, invoice_id))?;
    }
    Ok(u64::try_from(back.len()).unwrap_or_default())
}

/// Closes every open case of a rule that is being removed; how many.
pub fn close_all(connection: &Connection, rule: &str, today: NaiveDate) -> Result<u64> {
    meta::book_changed(connection)?;
    let day = Day(today);
    connection.execute(
        "INSERT INTO collection_move (case_id, number, moved_on, move, owed)
         SELECT c.id, (SELECT max(number) FROM collection_move m WHERE m.case_id = c.id) + 1, ?2, ?3,
                i.owed
         FROM collection_case c JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome IS NULL",
        (rule, day, CaseOutcome::RuleRemoved),
    )?;
    let closed = connection.execute(
        "UPDATE collection_case SET outcome = ?3, closed_on = ?2 WHERE rule = ?1 AND outcome IS NULL",
        (rule, day, CaseOutcome::RuleRemoved),
    )?;
    Ok(u64::try_from(closed).unwrap_or_default())
}
