//! Cases listed, and one invoice's whole way.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, params};

use crate::domain::day;
use crate::domain::ladder::{CaseOutcome, Milestone, Stage};
use crate::domain::money::Money;
use crate::domain::words::Status;
use crate::error::Result;
use crate::store::columns::{Columns as _, Day};

/// A case as the *relatório de cobranças* lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: i64,
    /// The rule it belongs, or belonged, to.
    pub rule: String,
    /// The invoice.
    pub invoice_id: i64,
    /// The invoice's portfolio.
    pub portfolio: Option<String>,
    /// The contract it is for.
    pub contract_id: Option<i64>,
    /// That contract's plan.
    pub plan: Option<String>,
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
    pub outcome: Option<CaseOutcome>,
    /// When it ended.
    pub closed_on: Option<NaiveDate>,
    /// When the invoice was paid, cancelled or renegotiated.
    pub settled_on: Option<NaiveDate>,
    /// When its last message left, or was made if it has not left.
    pub last_message_at: Option<DateTime<Utc>>,
    /// What became of that message.
    pub last_message_status: Option<Status>,
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
pub struct CaseFilter {
    /// Only open ones.
    pub open: bool,
    /// At this stage.
    pub stage: Option<Stage>,
    /// Of this client.
    pub client_id: Option<i64>,
    /// Of this invoice.
    pub invoice_id: Option<i64>,
    /// Ended so.
    pub outcome: Option<CaseOutcome>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Of invoices of this portfolio.
    pub portfolio: Option<String>,
    /// That came to their stage on this day or later.
    pub since: Option<NaiveDate>,
    /// That came to their stage on this day or before.
    pub until: Option<NaiveDate>,
    /// By which of [`ORDERS`], and whether the greatest first; as they began when none.
    pub order: Option<(usize, bool)>,
    /// At most so many; 0 for all.
    pub limit: i64,
}

impl CaseFilter {
    /// What SQL orders by before the order in which cases began.
    fn order_by(&self) -> String {
        self.order.map_or(String::new(), |(place, down)| {
            let down = if down { " DESC" } else { "" };
            format!("{}{down}, ", ORDERS[place].1)
        })
    }
}

/// What cases can be listed by: the column's name, and how SQL orders by it.
pub const ORDERS: [(&str, &str); 14] = [
    ("case_id", "c.id"),
    ("rule", "c.rule"),
    ("portfolio", "i.portfolio"),
    ("invoice_id", "c.invoice_id"),
    ("contract_id", "i.contract_id"),
    ("client_id", "c.client_id"),
    ("client_name", "fold(k.name)"),
    ("amount", "i.amount"),
    ("open_amount", "i.owed"),
    ("due_on", "i.due_on"),
    (
        "days_late",
        "julianday(coalesce(c.closed_on, '9999-12-31')) - julianday(i.due_on)",
    ),
    ("since", "c.since"),
    ("closed_on", "c.closed_on"),
    ("settled_on", "i.settled_on"),
];

/// Lists cases one by one, in the order they began, until `each` answers false.
pub fn each_case(
    connection: &Connection,
    wanted: &CaseFilter,
    mut each: impl FnMut(Case) -> Result<bool>,
) -> Result<()> {
    let by = wanted.order_by();
    let from = if wanted.invoice_id.is_some() {
        "collection_case c"
    } else {
        // The name is text: only a bound value could make the planner look for another way.
        "collection_case c NOT INDEXED"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.id, c.rule, c.invoice_id, c.client_id, k.name, i.amount, i.owed, i.due_on AS printed,
                c.stage, c.since, c.outcome, c.closed_on,
                k.tax_id, k.mobile, k.whatsapp, k.email, k.city, k.district,
                i.portfolio, i.contract_id, t.plan, i.settled_on,
                nullif(coalesce(m.sent_at, m.created_at), 0), m.status
         FROM {from}
         JOIN invoice i ON i.id = c.invoice_id
         JOIN client k ON k.id = c.client_id
         LEFT JOIN contract t ON t.id = i.contract_id
         LEFT JOIN message m ON m.id = (SELECT max(l.id) FROM message l
                                        WHERE l.invoice_id = c.invoice_id AND l.case_id = c.id)
         WHERE (NOT ?1 OR c.outcome IS NULL)
           AND (?2 IS NULL OR c.stage = ?2)
           AND (?3 IS NULL OR c.client_id = ?3)
           AND {}
           AND (?5 IS NULL OR c.outcome = ?5)
           AND (?6 IS NULL OR c.rule = ?6)
           AND (?7 IS NULL OR i.portfolio = ?7)
           AND (?8 IS NULL OR c.since >= ?8)
           AND (?9 IS NULL OR c.since <= ?9)
         ORDER BY {by}c.id LIMIT ?10",
        if wanted.invoice_id.is_some() {
            "c.invoice_id = ?4"
        } else {
            "?4 IS NULL"
        }
    ))?;
    let mut rows = statement.query(params![
        wanted.open,
        wanted.stage,
        wanted.client_id,
        wanted.invoice_id,
        wanted.outcome,
        wanted.rule,
        wanted.portfolio,
        wanted.since.map(Day),
        wanted.until.map(Day),
        if wanted.limit > 0 { wanted.limit } else { -1 },
    ])?;
    while let Some(row) = rows.next()? {
        if !each(read(row)?)? {
            break;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Case> {
    Ok(Case {
        id: row.get(0)?,
        rule: row.get(1)?,
        invoice_id: row.get(2)?,
        client_id: row.get(3)?,
        client_name: row.get(4)?,
        amount: row.get(5)?,
        open_amount: row.get(6)?,
        due_on: row.day(7)?,
        stage: row.get("stage")?,
        since: row.day(9)?,
        outcome: row.get("outcome")?,
        closed_on: row.day_opt(11)?,
        tax_id: row.get(12)?,
        mobile: row.get(13)?,
        whatsapp: row.get(14)?,
        email: row.get(15)?,
        city: row.get(16)?,
        district: row.get(17)?,
        portfolio: row.get(18)?,
        contract_id: row.get(19)?,
        plan: row.get(20)?,
        settled_on: row.day_opt(21)?,
        last_message_at: row.instant_opt(22)?,
        last_message_status: row.get(23)?,
    })
}

/// One line of a case's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseMove {
    /// The day.
    pub on: NaiveDate,
    /// The stage it came to, or how it closed.
    pub milestone: Milestone,
    /// What was owed then.
    pub owed: Money,
}

/// Every move of a case, in order.
pub fn moves(connection: &Connection, case: i64) -> Result<Vec<CaseMove>> {
    let mut statement = connection.prepare_cached(
        "SELECT moved_on, move, owed FROM collection_move WHERE case_id = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([case], |row| {
        Ok(CaseMove {
            on: row.day(0)?,
            milestone: row.get(1)?,
            owed: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A reminder that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiredReminder {
    /// The day it fired.
    pub on: NaiveDate,
    /// How many days before the due date it was for.
    pub days: i64,
    /// The printed due date then.
    pub due_on: NaiveDate,
    /// The rule it was of.
    pub rule: String,
}

/// Every reminder that fired for an invoice, in order.
pub fn reminders(connection: &Connection, invoice_id: i64) -> Result<Vec<FiredReminder>> {
    let mut statement = connection.prepare_cached(
        "SELECT fired_on, days, due_on, rule FROM collection_reminder
         WHERE invoice_id = ?1 ORDER BY fired_on, days DESC",
    )?;
    let rows = statement.query_map([invoice_id], |row| {
        Ok(FiredReminder {
            on: row.day(0)?,
            days: row.get(1)?,
            due_on: row.day(2)?,
            rule: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The days on which the removal of an invoice from the bureau's list was told.
pub fn bureau_told(connection: &Connection, invoice_id: i64) -> Result<Vec<NaiveDate>> {
    let mut statement = connection.prepare_cached(
        "SELECT told_on FROM collection_bureau
         WHERE invoice_id = ?1 AND told_on IS NOT NULL ORDER BY told_on",
    )?;
    let rows = statement.query_map([invoice_id], |row| row.day(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
