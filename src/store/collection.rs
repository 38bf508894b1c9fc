//! Cases: which invoices may move, what is known of each, and every move written down.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::Columns as _;
use super::hold;
use crate::domain::collection::{
    Bill, BureauMark, Exclusions, Move, OpenCase, Past, Run, Standing,
};
use crate::domain::day;
use crate::domain::invoice::Invoice;
use crate::domain::money::Money;
use crate::domain::rule::{Outcome, Stage};
use crate::domain::words::Word;
use crate::error::{Error, Result};

/// The days of a long run of holidays and weekends: how far a due date may roll, at the very most.
const LONGEST_ROLL_DAYS: i64 = 60;

/// Everything a decision about one invoice needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The invoice.
    pub invoice_id: i64,
    /// Whose it is.
    pub client_id: i64,
    /// For which contract.
    pub contract_id: Option<i64>,
    /// Its portfolio.
    pub portfolio: Option<String>,
    /// What is still owed.
    pub owed: Money,
    /// What the decision looks at.
    pub bill: Bill,
    /// What earlier runs left behind.
    pub past: Past,
    /// What keeps it out.
    pub exclusions: Exclusions,
    /// The open case's id and rule.
    pub open: Option<(i64, String)>,
    /// The stage of its latest case, open or closed.
    pub last_stage: Option<Stage>,
}

/// Reads all that is known of an invoice; none when there is no such invoice.
pub fn detail(connection: &Connection, invoice_id: i64, any_hold: bool) -> Result<Option<Detail>> {
    let found = connection
        .prepare_cached(
            "SELECT i.client_id, i.contract_id, i.portfolio, i.status, i.owing, i.owed, i.due_on,
                    i.bureau_listed_on, i.bureau_removed_on,
                    k.in_collection, k.in_reminders, c.notice_hold_until
             FROM invoice i
             JOIN client k ON k.id = i.client_id
             LEFT JOIN contract c ON c.id = i.contract_id
             WHERE i.id = ?1",
        )?
        .query_row([invoice_id], |row| {
            Ok(Detail {
                invoice_id,
                client_id: row.get(0)?,
                contract_id: row.get(1)?,
                portfolio: row.get(2)?,
                owed: Money::from_cents(row.get(5)?),
                bill: Bill {
                    due_on: day_at(row, 6)?,
                    standing: Standing::of(row.word("status")?, row.get(4)?),
                    bureau_listed_on: row.day_opt("bureau_listed_on")?,
                    bureau_removed_on: row.day_opt("bureau_removed_on")?,
                },
                past: Past::default(),
                exclusions: Exclusions {
                    in_collection: row.get(9)?,
                    in_reminders: row.get(10)?,
                    notice_hold_until: row.day_opt("notice_hold_until")?,
                    holds: Vec::new(),
                },
                open: None,
                last_stage: None,
            })
        })
        .optional()?;
    let Some(mut detail) = found else {
        return Ok(None);
    };
    if any_hold {
        detail.exclusions.holds = hold::ends(connection, invoice_id, detail.client_id)?;
    }
    read_past(connection, &mut detail)?;
    Ok(Some(detail))
}

fn read_past(connection: &Connection, detail: &mut Detail) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id, rule, stage, since, due_on, outcome, closed_on
         FROM collection_case WHERE invoice_id = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([detail.invoice_id])?;
    while let Some(row) = rows.next()? {
        let stage: Stage = row.word("stage")?;
        let since = day_at(row, 3)?;
        detail.last_stage = Some(stage);
        let moved_on = match row.day_opt("closed_on")? {
            Some(closed_on) => closed_on.max(since),
            None => since,
        };
        detail.past.moved_on = detail.past.moved_on.max(Some(moved_on));
        if row.word_opt::<Outcome>("outcome")?.is_none() {
            detail.past.case = Some(OpenCase {
                stage,
                moved_on: since,
                due_on: day_at(row, 4)?,
            });
            detail.open = Some((row.get(0)?, row.get(1)?));
        }
    }
    detail.past.reminders = connection
        .prepare_cached(
            "SELECT days FROM collection_reminder WHERE invoice_id = ?1 AND due_on = ?2",
        )?
        .query_map((detail.invoice_id, detail.bill.due_on.to_string()), |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<BTreeSet<i64>>>()?;
    if let Some(listed_on) = detail.bill.bureau_listed_on {
        detail.past.bureau = connection
            .prepare_cached(
                "SELECT put_off_on, told_on FROM collection_bureau
                 WHERE invoice_id = ?1 AND listed_on = ?2",
            )?
            .query_row((detail.invoice_id, listed_on.to_string()), |row| {
                if row.day_opt("told_on")?.is_some() {
                    return Ok(BureauMark::Told);
                }
                Ok(row
                    .day_opt("put_off_on")?
                    .map_or(BureauMark::None, BureauMark::Waiting))
            })
            .optional()?
            .unwrap_or_default();
    }
    Ok(())
}

fn day_at(row: &Row<'_>, column: usize) -> rusqlite::Result<NaiveDate> {
    let text = row.get_ref(column)?.as_str()?;
    day::parse(text)
        .flatten()
        .ok_or(rusqlite::types::FromSqlError::InvalidType.into())
}

fn day_opt_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<NaiveDate>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        value => Ok(day::parse(value.as_str()?).flatten()),
    }
}

/// How a rule's portfolios are told in SQL, where `i` is the invoice and `?1` the rule's name.
fn claimed(run: &Run<'_>) -> &'static str {
    if run.rule.portfolios.is_empty() {
        "(i.portfolio IS NULL OR i.portfolio NOT IN (SELECT portfolio FROM rule_portfolio))"
    } else {
        "i.portfolio IN (SELECT portfolio FROM rule_portfolio WHERE rule = ?1)"
    }
}

/// Streams the invoices that may move under a rule today, and no others that need looking at: every
/// open case that the plain facts set in motion, owing invoices on the day of a reminder, owing ones
/// late enough to enter, and (told by `true`) removals from the bureau's list, which may come besides.
/// Answers how many invoices the rule looked at: its open cases, and the owing ones it claims.
pub fn each_candidate(
    connection: &Connection,
    run: &Run<'_>,
    mut candidate: impl FnMut(i64, bool) -> Result<()>,
) -> Result<u64> {
    let mut each = |invoice_id| candidate(invoice_id, false);
    let cases_not_claimed = each_open_case(connection, run, &mut each)?;
    if let Some(most) = run
        .rule
        .reminders
        .as_ref()
        .and_then(|r| r.days.iter().max())
    {
        let sql = format!(
            "SELECT i.id, i.due_on FROM invoice i INDEXED BY invoice_owing_due
             WHERE i.owing AND i.due_on BETWEEN ?2 AND ?3 AND {}",
            claimed(run)
        );
        let bounds = (run.today, shifted(run.today, *most));
        each_owing(connection, run, &sql, bounds, &mut each)?;
    }
    if let Some(notice) = run.rule.notice_day() {
        let sql = format!(
            "SELECT i.id, i.due_on FROM invoice i INDEXED BY invoice_owing_due
             WHERE i.owing AND i.due_on BETWEEN ?2 AND ?3 AND {}
               AND NOT EXISTS (SELECT 1 FROM collection_case c
                               WHERE c.invoice_id = i.id AND c.outcome IS NULL)",
            claimed(run)
        );
        let oldest = run.rule.enter_until_days.map_or(NaiveDate::MIN, |most| {
            shifted(run.today, -most - LONGEST_ROLL_DAYS)
        });
        let bounds = (oldest, shifted(run.today, -notice));
        each_owing(connection, run, &sql, bounds, &mut each)?;
    }
    each_bureau_removal(connection, run, &mut |invoice_id| {
        candidate(invoice_id, true)
    })?;
    let owing: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM invoice i INDEXED BY invoice_owing_due WHERE i.owing AND {}{}",
            claimed(run),
            if run.rule.portfolios.is_empty() {
                " AND ?1 = ?1"
            } else {
                ""
            }
        ))?
        .query_row([&run.rule.name], |row| row.get(0))?;
    let others: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM collection_case c INDEXED BY collection_case_rule
             CROSS JOIN invoice i ON i.id = c.invoice_id
             WHERE c.outcome IS NULL AND c.rule <> ?1 AND i.owing AND {}",
            claimed(run)
        ))?
        .query_row([&run.rule.name], |row| row.get(0))?;
    Ok((owing - others).max(0).unsigned_abs() + cases_not_claimed)
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
    run: &Run<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<u64> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.invoice_id, c.stage, c.since, c.due_on, i.status, i.owing, i.due_on,
                i.bureau_removed_on, i.bureau_listed_on, {}
         FROM collection_case c INDEXED BY collection_case_rule
         CROSS JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome IS NULL
         ORDER BY c.invoice_id",
        claimed(run)
    ))?;
    let mut rows = statement.query([&run.rule.name])?;
    let mut not_claimed = 0;
    while let Some(row) = rows.next()? {
        let moved_on = day_at(row, 2)?;
        let word = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        let (Some(stage), Some(status)) = (
            Stage::parse(word(1)?),
            crate::domain::words::InvoiceStatus::parse(word(4)?),
        ) else {
            return Err(Error::world(
                "the database is damaged: an unknown stage or status",
            ));
        };
        let owing: bool = row.get(5)?;
        let bill = Bill {
            due_on: day_at(row, 6)?,
            standing: Standing::of(status, owing),
            bureau_removed_on: day_opt_at(row, 7)?,
            bureau_listed_on: day_opt_at(row, 8)?,
        };
        let past = Past {
            case: Some(OpenCase {
                stage,
                moved_on,
                due_on: day_at(row, 3)?,
            }),
            moved_on: Some(moved_on),
            ..Past::default()
        };
        let is_claimed = row.get::<_, Option<bool>>(9)?.unwrap_or(false);
        if !(owing && is_claimed) {
            not_claimed += 1;
        }
        if run.due_move(&bill, &past).is_some() {
            each(row.get(0)?)?;
        }
    }
    Ok(not_claimed)
}

/// Owing invoices between two printed due dates, as far as the plain facts set them in motion.
fn each_owing(
    connection: &Connection,
    run: &Run<'_>,
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
    let mut rows = statement.query(params![run.rule.name, from, to.to_string()])?;
    let nothing = Past::default();
    while let Some(row) = rows.next()? {
        let bill = Bill {
            due_on: day_at(row, 1)?,
            standing: Standing::Owing,
            bureau_listed_on: None,
            bureau_removed_on: None,
        };
        if run.due_move(&bill, &nothing).is_some() {
            each(row.get(0)?)?;
        }
    }
    Ok(())
}

fn each_bureau_removal(
    connection: &Connection,
    run: &Run<'_>,
    each: &mut impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM invoice
         WHERE bureau_removed_on > ?1 AND bureau_removed_on <= ?2
           AND bureau_removed_on IS NOT NULL AND bureau_listed_on IS NOT NULL
         UNION
         SELECT invoice_id FROM collection_bureau WHERE told_on IS NULL AND put_off_on IS NOT NULL",
    )?;
    let after = run.last.unwrap_or_else(|| shifted(run.today, -1));
    let mut rows = statement.query((after.to_string(), run.today.to_string()))?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?)?;
    }
    Ok(())
}

/// One move of a run, waiting to be written down in the order of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose invoice moves.
    pub client_id: i64,
    /// Which invoice.
    pub invoice_id: i64,
    /// How.
    pub step: Move,
    /// Its open case before the move.
    pub case: Option<i64>,
    /// The stage its latest case stood at before the move.
    pub stage: Option<Stage>,
}

/// Begins a run's list of moves: it lies in a temporary table, so that memory stays flat however many
/// there are, and holds each invoice once, so that none moves twice in a run.
pub fn begin_run(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS due_move (
           invoice_id INTEGER PRIMARY KEY,
           client_id INTEGER NOT NULL,
           rule TEXT NOT NULL,
           event TEXT NOT NULL,
           bureau_waits INTEGER NOT NULL,
           case_id INTEGER,
           stage TEXT
         ) STRICT;
         DELETE FROM temp.due_move;",
    )?;
    Ok(())
}

/// Notes a move; whether the invoice had none in this run.
pub fn note_due(connection: &Connection, rule: &str, due: &Due) -> Result<bool> {
    let bureau_waits = matches!(
        due.step,
        Move::Close {
            bureau_waits: true,
            ..
        }
    );
    Ok(connection
        .prepare_cached(
            "INSERT INTO temp.due_move
               (invoice_id, client_id, rule, event, bureau_waits, case_id, stage)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute((
            due.invoice_id,
            due.client_id,
            rule,
            due.step.to_string(),
            bureau_waits,
            due.case,
            due.stage.map(Word::as_str),
        ))?
        > 0)
}

/// Whether an invoice has moved in this run.
pub fn moved_in_run(connection: &Connection, invoice_id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.due_move WHERE invoice_id = ?1)")?
        .query_row([invoice_id], |row| row.get(0))?)
}

/// A rule's moves of this run, in the order of clients and then invoices.
pub fn each_due(
    connection: &Connection,
    rule: &str,
    mut each: impl FnMut(Due) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT invoice_id, client_id, event, bureau_waits, case_id, stage FROM temp.due_move
         WHERE rule = ?1 ORDER BY client_id, invoice_id",
    )?;
    let mut rows = statement.query([rule])?;
    while let Some(row) = rows.next()? {
        let event: String = row.get(2)?;
        let step = Move::parse(&event, row.get(3)?)
            .ok_or_else(|| Error::world(format!("a move `{event}` is none")))?;
        each(Due {
            invoice_id: row.get(0)?,
            client_id: row.get(1)?,
            step,
            case: row.get(4)?,
            stage: row.word_opt("stage")?,
        })?;
    }
    Ok(())
}

/// Writes a move down; the id of the case it belongs to, if it belongs to one.
pub fn write(
    connection: &Connection,
    rule: &str,
    invoice: &Invoice,
    due: &Due,
    today: NaiveDate,
) -> Result<Option<i64>> {
    let day = today.to_string();
    let owed = invoice.open_amount;
    match (due.step, due.case) {
        (Move::Enter, _) => {
            connection
                .prepare_cached(
                    "INSERT INTO collection_case (rule, invoice_id, client_id, stage, since, due_on)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    rule,
                    invoice.id,
                    invoice.client_id,
                    Stage::Notice.as_str(),
                    &day,
                    invoice.due_on.to_string(),
                ))?;
            let case = connection.last_insert_rowid();
            note_move(connection, case, &day, Stage::Notice.as_str(), owed)?;
            return Ok(Some(case));
        }
        (Move::Advance(stage), Some(case)) => {
            connection
                .prepare_cached("UPDATE collection_case SET stage = ?2, since = ?3 WHERE id = ?1")?
                .execute((case, stage.as_str(), &day))?;
            note_move(connection, case, &day, stage.as_str(), owed)?;
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
                .execute((case, outcome.as_str(), &day))?;
            note_move(connection, case, &day, outcome.as_str(), owed)?;
            if bureau_waits {
                note_bureau(connection, invoice, "put_off_on", &day)?;
            }
        }
        (Move::Advance(_) | Move::Close { .. }, None) => {
            return Err(Error::world(format!(
                "invoice {} has no open case to move",
                invoice.id
            )));
        }
        (Move::BureauRemoved, _) => note_bureau(connection, invoice, "told_on", &day)?,
        (Move::Reminder(days), _) => {
            connection
                .prepare_cached(
                    "INSERT INTO collection_reminder (invoice_id, due_on, days, rule, fired_on)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((invoice.id, invoice.due_on.to_string(), days, rule, &day))?;
        }
    }
    Ok(due.case)
}

fn note_move(connection: &Connection, case: i64, day: &str, name: &str, owed: Money) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO collection_move (case_id, number, moved_on, move, owed)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4
             FROM collection_move WHERE case_id = ?1",
        )?
        .execute((case, day, name, owed.cents()))?;
    Ok(())
}

fn note_bureau(connection: &Connection, invoice: &Invoice, column: &str, day: &str) -> Result<()> {
    let Some(listed_on) = invoice.bureau_listed_on else {
        return Ok(());
    };
    connection
        .prepare_cached(&format!(
            "INSERT INTO collection_bureau (invoice_id, listed_on, {column}) VALUES (?1, ?2, ?3)
             ON CONFLICT (invoice_id, listed_on) DO UPDATE SET {column} = excluded.{column}"
        ))?
        .execute((invoice.id, listed_on.to_string(), day))?;
    Ok(())
}

/// A stage message still queued when its case moves on is folded into the next one.
fn merge_queued(connection: &Connection, invoice_id: i64, case: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'skipped', reason = 'merged',
                    detail = 'its case moved on before it could go'
             WHERE invoice_id = ?1 AND invoice_id IS NOT NULL AND status = 'queued'
               AND case_id = ?2 AND event GLOB 'stage:*'",
        )?
        .execute((invoice_id, case))?;
    Ok(())
}

/// Whether a case is still open.
pub fn case_open(connection: &Connection, case: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collection_case WHERE id = ?1 AND outcome IS NULL)",
        )?
        .query_row([case], |row| row.get(0))?)
}

/// Whether the book has any invoice at all.
pub fn any_invoice(connection: &Connection) -> Result<bool> {
    Ok(
        connection.query_row("SELECT EXISTS (SELECT 1 FROM invoice)", [], |row| {
            row.get(0)
        })?,
    )
}

/// How many cases of a rule are open.
pub fn open_cases(connection: &Connection, rule: &str) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM collection_case WHERE rule = ?1 AND outcome IS NULL")?
        .query_row([rule], |row| row.get(0))?)
}

/// Closes every open case of a rule that is being removed; how many.
pub fn close_all(connection: &Connection, rule: &str, today: NaiveDate) -> Result<u64> {
    let day = today.to_string();
    connection.execute(
        "INSERT INTO collection_move (case_id, number, moved_on, move, owed)
         SELECT c.id, (SELECT max(number) FROM collection_move m WHERE m.case_id = c.id) + 1, ?2, ?3,
                i.owed
         FROM collection_case c JOIN invoice i ON i.id = c.invoice_id
         WHERE c.rule = ?1 AND c.outcome IS NULL",
        (rule, &day, Outcome::RuleRemoved.as_str()),
    )?;
    let closed = connection.execute(
        "UPDATE collection_case SET outcome = ?3, closed_on = ?2 WHERE rule = ?1 AND outcome IS NULL",
        (rule, &day, Outcome::RuleRemoved.as_str()),
    )?;
    Ok(u64::try_from(closed).unwrap_or_default())
}

/// A case as the *relatório de cobranças* lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: i64,
    /// The rule it belongs, or belonged, to.
    pub rule: String,
    /// The invoice.
    pub invoice_id: i64,
    /// Whose.
    pub client_id: i64,
    /// That client's name.
    pub client_name: String,
    /// The invoice's face amount.
    pub amount: Money,
    /// What is still owed.
    pub open_amount: Money,
    /// The printed due date.
    pub due_on: NaiveDate,
    /// Where it stands, or stood at its end.
    pub stage: Stage,
    /// The day it came to that stage.
    pub since: NaiveDate,
    /// How it ended; none while open.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub closed_on: Option<NaiveDate>,
    /// The client's CPF or CNPJ.
    pub tax_id: Option<String>,
    /// The client's mobile.
    pub mobile: Option<String>,
    /// The client's WhatsApp number.
    pub whatsapp: Option<String>,
    /// The client's e-mail.
    pub email: Option<String>,
    /// The client's city.
    pub city: Option<String>,
    /// The client's district.
    pub district: Option<String>,
}

impl Case {
    /// Days late by the printed due date: today, or when it closed.
    pub fn days_late(&self, today: NaiveDate) -> i64 {
        day::between(self.due_on, self.closed_on.unwrap_or(today)).max(0)
    }
}

/// Which cases are wanted; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only open ones.
    pub open: bool,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Of this client.
    pub client_id: Option<i64>,
    /// Of this invoice.
    pub invoice_id: Option<i64>,
    /// Ended so.
    pub outcome: Option<Outcome>,
    /// Of this rule.
    pub rule: Option<String>,
}

/// Lists cases one by one, in the order they began, until `each` answers false.
pub fn each_case(
    connection: &Connection,
    wanted: &Wanted,
    mut each: impl FnMut(Case) -> Result<bool>,
) -> Result<()> {
    let from = if wanted.invoice_id.is_some() {
        "collection_case c"
    } else {
        // The name is text: only a bound value could make the planner look for another way.
        "collection_case c NOT INDEXED"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.id, c.rule, c.invoice_id, c.client_id, k.name, i.amount, i.owed, i.due_on AS printed,
                c.stage, c.since, c.outcome, c.closed_on,
                k.tax_id, k.mobile, k.whatsapp, k.email, k.city, k.district
         FROM {from}
         JOIN invoice i ON i.id = c.invoice_id
         JOIN client k ON k.id = c.client_id
         WHERE (NOT ?1 OR c.outcome IS NULL)
           AND (?2 IS NULL OR c.stage = ?2)
           AND (?3 IS NULL OR c.client_id = ?3)
           AND {}
           AND (?5 IS NULL OR c.outcome = ?5)
           AND (?6 IS NULL OR c.rule = ?6)
         ORDER BY c.id",
        if wanted.invoice_id.is_some() {
            "c.invoice_id = ?4"
        } else {
            "?4 IS NULL"
        }
    ))?;
    let mut rows = statement.query(params![
        wanted.open,
        wanted.stage.map(Word::as_str),
        wanted.client_id,
        wanted.invoice_id,
        wanted.outcome.map(Word::as_str),
        wanted.rule,
    ])?;
    while let Some(row) = rows.next()? {
        let case = Case {
            id: row.get(0)?,
            rule: row.get(1)?,
            invoice_id: row.get(2)?,
            client_id: row.get(3)?,
            client_name: row.get(4)?,
            amount: Money::from_cents(row.get(5)?),
            open_amount: Money::from_cents(row.get(6)?),
            due_on: day_at(row, 7)?,
            stage: row.word("stage")?,
            since: day_at(row, 9)?,
            outcome: row.word_opt("outcome")?,
            closed_on: day_opt_at(row, 11)?,
            tax_id: row.get(12)?,
            mobile: row.get(13)?,
            whatsapp: row.get(14)?,
            email: row.get(15)?,
            city: row.get(16)?,
            district: row.get(17)?,
        };
        if !each(case)? {
            break;
        }
    }
    Ok(())
}

/// One entry of a case's way: the day, the stage or outcome, and what was owed then.
pub type Entry = (NaiveDate, String, Money);

/// Every move of a case, in order.
pub fn moves(connection: &Connection, case: i64) -> Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT moved_on, move, owed FROM collection_move WHERE case_id = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([case], |row| {
        Ok((day_at(row, 0)?, row.get(1)?, Money::from_cents(row.get(2)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every reminder that fired for an invoice: the day, how many days before which due date, the rule.
pub fn reminders(
    connection: &Connection,
    invoice_id: i64,
) -> Result<Vec<(NaiveDate, i64, NaiveDate, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT fired_on, days, due_on, rule FROM collection_reminder
         WHERE invoice_id = ?1 ORDER BY fired_on, days DESC",
    )?;
    let rows = statement.query_map([invoice_id], |row| {
        Ok((day_at(row, 0)?, row.get(1)?, day_at(row, 2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The days on which the removal of an invoice from the bureau's list was told.
pub fn bureau_told(connection: &Connection, invoice_id: i64) -> Result<Vec<NaiveDate>> {
    let mut statement = connection.prepare_cached(
        "SELECT told_on FROM collection_bureau
         WHERE invoice_id = ?1 AND told_on IS NOT NULL ORDER BY told_on",
    )?;
    let rows = statement.query_map([invoice_id], |row| day_at(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How one stage has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageFigures {
    /// The stage.
    pub stage: Stage,
    /// Cases that came to it.
    pub entered: i64,
    /// Of these, paid within seven days of coming to it.
    pub paid_within_7: i64,
    /// And within thirty.
    pub paid_within_30: i64,
    /// What was paid while a case stood there, payments in part included.
    pub recovered: Money,
}

/// How each stage has done, in the ladder's order; of one rule or of all, of moves since a day.
pub fn figures(
    connection: &Connection,
    rule: Option<&str>,
    since: Option<NaiveDate>,
) -> Result<Vec<StageFigures>> {
    let mut statement = connection.prepare_cached(
        "WITH step AS (
           SELECT m.case_id, m.moved_on, m.move, m.owed,
                  lead(m.move) OVER way AS next_move, lead(m.owed) OVER way AS next_owed
           FROM collection_move m WINDOW way AS (PARTITION BY m.case_id ORDER BY m.number)
         ), stay AS (
           SELECT s.move AS stage,
                  CASE WHEN c.outcome = 'paid' THEN
                    julianday(coalesce(i.settled_on, c.closed_on)) - julianday(s.moved_on) END AS days,
                  CASE WHEN s.next_move IS NULL AND i.status IN ('cancelled', 'renegotiated') THEN 0
                       WHEN s.next_move IS NULL THEN max(s.owed - i.owed, 0)
                       WHEN s.next_move IN ('cancelled', 'renegotiated') THEN 0
                       ELSE max(s.owed - s.next_owed, 0) END AS recovered
           FROM step s
           JOIN collection_case c ON c.id = s.case_id
           JOIN invoice i ON i.id = c.invoice_id
           WHERE (?1 IS NULL OR c.rule = ?1) AND (?2 IS NULL OR s.moved_on >= ?2)
         )
         SELECT stage, count(*), coalesce(sum(days BETWEEN 0 AND 7), 0),
                coalesce(sum(days BETWEEN 0 AND 30), 0), coalesce(sum(recovered), 0)
         FROM stay GROUP BY stage",
    )?;
    let mut rows = statement.query((rule, since.map(|day| day.to_string())))?;
    let mut figures = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        // Outcomes are moves too, but no stages.
        if let Some(stage) = Stage::parse(&name) {
            figures.push(StageFigures {
                stage,
                entered: row.get(1)?,
                paid_within_7: row.get(2)?,
                paid_within_30: row.get(3)?,
                recovered: Money::from_cents(row.get(4)?),
            });
        }
    }
    figures.sort_by_key(|figure| figure.stage);
    Ok(figures)
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

/// Streams the owing invoices due until a day, in the order of clients.
pub fn each_owing_by_client(
    connection: &Connection,
    until: NaiveDate,
    mut each: impl FnMut(Owing) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT i.client_id, i.id, i.portfolio, i.due_on, c.stage, c.since, c.due_on, c.rule
         FROM invoice i INDEXED BY invoice_owing_client
         LEFT JOIN collection_case c ON c.invoice_id = i.id AND c.outcome IS NULL
         WHERE i.owing AND i.due_on <= ?1
         ORDER BY i.client_id",
    )?;
    let mut rows = statement.query([until.to_string()])?;
    while let Some(row) = rows.next()? {
        let open = match row.word_opt::<Stage>("stage")? {
            None => None,
            Some(stage) => Some((
                OpenCase {
                    stage,
                    moved_on: day_at(row, 5)?,
                    due_on: day_at(row, 6)?,
                },
                row.get(7)?,
            )),
        };
        each(Owing {
            client_id: row.get(0)?,
            invoice_id: row.get(1)?,
            portfolio: row.get(2)?,
            bill: Bill {
                due_on: day_at(row, 3)?,
                standing: Standing::Owing,
                bureau_listed_on: None,
                bureau_removed_on: None,
            },
            open,
        })?;
    }
    Ok(())
}
