//! Which invoices may move: streamed, so that a million of which few move are never held.

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::domain::collection::{Bill, Debt, Evaluation, OpenCase, Past};
use crate::domain::ladder::Stage;
use crate::error::Result;
use crate::store::columns::{Columns as _, Day};
use crate::store::presence::ABSENT_CLIENTS;

/// The days of a long run of holidays and weekends: how far a due date may roll, at the very most.
const LONGEST_ROLL_DAYS: i64 = 60;

/// How a rule's portfolios are told in SQL, where `i` is the invoice and `?1` the rule's name.
fn claimed(connection: &Connection, evaluation: &Evaluation<'_>) -> Result<&'static str> {
    if !evaluation.rule.portfolios.is_empty() {
        return Ok("i.portfolio IN (SELECT portfolio FROM rule_portfolio WHERE rule = ?1)");
    }
    let any: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM rule_portfolio)")?
        .query_row([], |row| row.get(0))?;
    Ok(if any {
        "(i.portfolio IS NULL OR i.portfolio NOT IN (SELECT portfolio FROM rule_portfolio))"
    } else {
        "1"
    })
}

/// Streams the invoices that may move under a rule today, and no others that need looking at: every
/// open case that the plain facts set in motion, owing invoices on the day of a reminder, owing ones
/// late enough to enter, and (told by `true`) removals from the bureau's list, which may come besides.
/// Answers how many invoices the rule looked at: its open cases, and the owing ones it claims.
pub fn each_candidate(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    mut candidate: impl FnMut(i64, bool) -> Result<()>,
) -> Result<u64> {
    let mut each = |invoice_id| candidate(invoice_id, false);
    let cases_not_claimed = each_open_case(connection, evaluation, &mut each)?;
    each_remindable(connection, evaluation, &mut each)?;
    each_late_enough(connection, evaluation, &mut each)?;
    each_bureau_removal(connection, evaluation, &mut |invoice_id| {
        candidate(invoice_id, true)
    })?;
    Ok(claimed_owing(connection, evaluation)? + cases_not_claimed)
}

/// How many owing invoices a rule claims, those left out that are in another rule's case.
fn claimed_owing(connection: &Connection, evaluation: &Evaluation<'_>) -> Result<u64> {
    let owing: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM invoice i INDEXED BY invoice_owing_due WHERE i.owing AND {}{}",
            claimed(connection, evaluation)?,
            if evaluation.rule.portfolios.is_empty() {
                " AND ?1 = ?1"
            } else {
                ""
            }
        ))?
        .query_row([&evaluation.rule.name], |row| row.get(0))?;
    let others: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM collection_case c INDEXED BY collection_case_rule
             CROSS JOIN invoice i ON i.id = c.invoice_id
             WHERE c.outcome IS NULL AND c.rule <> ?1 AND i.owing AND {}",
            claimed(connection, evaluation)?
        ))?
        .query_row([&evaluation.rule.name], |row| row.get(0))?;
    Ok((owing - others).max(0).unsigned_abs())
}

/// How many owing invoices stand in portfolios that no rule takes.
pub fn not_taken(connection: &Connection) -> Result<u64> {
    let every: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM rule r
                            WHERE NOT EXISTS (SELECT 1 FROM rule_portfolio p WHERE p.rule = r.name))",
        )?
        .query_row([], |row| row.get(0))?;
    if every {
        return Ok(0);
    }
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM invoice i INDEXED BY invoice_owing_due
             WHERE i.owing
               AND (i.portfolio IS NULL OR i.portfolio NOT IN (SELECT portfolio FROM rule_portfolio))",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Owing invoices whose reminders may be due.
fn each_remindable(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let reminders = evaluation.rule.reminders.as_ref();
    let Some(most) = reminders.and_then(|r| r.days.iter().max()) else {
        return Ok(());
    };
    let sql = format!(
        "SELECT i.id, i.due_on FROM invoice i INDEXED BY invoice_owing_due
         WHERE i.owing AND i.due_on BETWEEN ?2 AND ?3 AND {}",
        claimed(connection, evaluation)?
    );
    let bounds = (evaluation.today, shifted(evaluation.today, *most));
    each_owing(connection, evaluation, &sql, bounds, each)
}

/// Owing invoices without an open case that are late enough to enter.
fn each_late_enough(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let Some(first_day) = evaluation.rule.first_day() else {
        return Ok(());
    };
    let sql = format!(
        "SELECT i.id, i.due_on FROM invoice i INDEXED BY invoice_owing_due
         WHERE i.owing AND i.due_on BETWEEN ?2 AND ?3 AND {}
           AND NOT EXISTS (SELECT 1 FROM collection_case c
                           WHERE c.invoice_id = i.id AND c.outcome IS NULL)",
        claimed(connection, evaluation)?
    );
    let oldest = evaluation
        .rule
        .enter_until_days
        .map_or(NaiveDate::MIN, |most| {
            shifted(evaluation.today, -most - LONGEST_ROLL_DAYS)
        });
    let bounds = (oldest, shifted(evaluation.today, -first_day));
    each_owing(connection, evaluation, &sql, bounds, each)
}

fn shifted(from: NaiveDate, by: i64) -> NaiveDate {
    let days = chrono::Days::new(by.unsigned_abs());
    let shifted = if by < 0 {
        from.checked_sub_days(days)
    } else {
        from.checked_add_days(days)
    };
    shifted.unwrap_or(from)
}

/// The rule's open cases, in order of invoice; answers how many are not among its owing claims.
fn each_open_case(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<u64> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.invoice_id, c.stage, c.since, c.due_on, i.status, i.owing, i.due_on,
                i.bureau_removed_on, i.bureau_listed_on, {},
                i.absent_since IS NOT NULL OR i.client_id IN {ABSENT_CLIENTS}, i.client_id <> c.client_id
         FROM collection_case c INDEXED BY collection_case_rule
         CROSS JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome IS NULL
         ORDER BY c.invoice_id",
        claimed(connection, evaluation)?
    ))?;
    let mut rows = statement.query([&evaluation.rule.name])?;
    let mut not_claimed = 0;
    while let Some(row) = rows.next()? {
        let moved_on = row.day(2)?;
        let owing: bool = row.get(5)?;
        let bill = Bill {
            due_on: row.day(6)?,
            debt: Debt::of(row.get(4)?, owing, row.get(10)?),
            bureau_removed_on: row.day_opt(7)?,
            bureau_listed_on: row.day_opt(8)?,
        };
        let past = Past {
            case: Some(OpenCase {
                stage: row.get(1)?,
                moved_on,
                due_on: row.day(3)?,
                anothers: row.get(11)?,
            }),
            moved_on: Some(moved_on),
            ..Past::default()
        };
        let is_claimed = row.get::<_, Option<bool>>(9)?.unwrap_or(false);
        if !(owing && is_claimed) {
            not_claimed += 1;
        }
        if evaluation.may_move(&bill, &past) {
            each(row.get(0)?)?;
        }
    }
    Ok(not_claimed)
}

/// Owing invoices between two printed due dates, as far as the plain facts set them in motion.
fn each_owing(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    sql: &str,
    (from, to): (NaiveDate, NaiveDate),
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let from = if from == NaiveDate::MIN {
        String::new()
    } else {
        from.to_string()
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![evaluation.rule.name, from, to.to_string()])?;
    let nothing = Past::default();
    while let Some(row) = rows.next()? {
        let bill = Bill {
            due_on: row.day(1)?,
            debt: Debt::Owing,
            bureau_listed_on: None,
            bureau_removed_on: None,
        };
        if evaluation.may_move(&bill, &nothing) {
            each(row.get(0)?)?;
        }
    }
    Ok(())
}

fn each_bureau_removal(
    connection: &Connection,
    evaluation: &Evaluation<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT i.id FROM invoice i
         WHERE i.bureau_removed_on > ?1 AND i.bureau_removed_on <= ?2
           AND i.bureau_removed_on IS NOT NULL AND i.bureau_listed_on IS NOT NULL
           AND i.absent_since IS NULL
           AND NOT EXISTS (SELECT 1 FROM collection_bureau b
                           WHERE b.invoice_id = i.id AND b.listed_on = i.bureau_listed_on
                             AND b.told_on IS NOT NULL)
         UNION
         SELECT invoice_id FROM collection_bureau WHERE told_on IS NULL AND put_off_on IS NOT NULL",
    )?;
    let after = evaluation.first.unwrap_or(evaluation.today);
    let mut rows = statement.query((Day(after), Day(evaluation.today)))?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?)?;
    }
    Ok(())
}

/// An owing invoice as a forecast first looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    /// Whose.
    pub client_id: i64,
    /// Which.
    pub invoice_id: i64,
    /// Its portfolio.
    pub portfolio: Option<String>,
    /// What a decision looks at.
    pub bill: Bill,
    /// Its open case, and that case's rule.
    pub open: Option<(OpenCase, String)>,
}

impl Owing {
    /// The rule of its open case.
    pub fn open_rule(&self) -> Option<&str> {
        self.open.as_ref().map(|(_, rule)| rule.as_str())
    }
}

/// Streams the owing invoices due until a day, in the order of clients.
pub fn each_owing_by_client(
    connection: &Connection,
    until: NaiveDate,
    mut each: impl FnMut(Owing) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(&format!(
        "SELECT i.client_id, i.id, i.portfolio, i.due_on, c.stage, c.since, c.due_on, c.rule,
                c.client_id <> i.client_id
         FROM invoice i INDEXED BY invoice_owing_client
         LEFT JOIN collection_case c ON c.invoice_id = i.id AND c.outcome IS NULL
         WHERE i.owing AND i.due_on <= ?1 AND i.client_id NOT IN {ABSENT_CLIENTS}
         ORDER BY i.client_id"
    ))?;
    let mut rows = statement.query([Day(until)])?;
    while let Some(row) = rows.next()? {
        let open = match row.get::<_, Option<Stage>>(4)? {
            None => None,
            Some(stage) => Some((
                OpenCase {
                    stage,
                    moved_on: row.day(5)?,
                    due_on: row.day(6)?,
                    anothers: row.get(8)?,
                },
                row.get(7)?,
            )),
        };
        each(Owing {
            client_id: row.get(0)?,
            invoice_id: row.get(1)?,
            portfolio: row.get(2)?,
            bill: Bill {
                due_on: row.day(3)?,
                debt: Debt::Owing,
                bureau_listed_on: None,
                bureau_removed_on: None,
            },
            open,
        })?;
    }
    Ok(())
}
