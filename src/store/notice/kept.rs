//! What became of notices: for the list, the audit and the dossier.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row};

use super::{COUNTS, DELIVERED_AT, SENT_AT, announced, still_of_it};
use crate::domain::money::Money;
use crate::domain::notice::{NoticeDates, NoticeKind};
use crate::domain::place::Place;
use crate::domain::words::{AccessStatus, Channel, Status};
use crate::error::Result;
use crate::store::columns::{Columns as _, PLACE};

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
    /// One of its invoices still owes, and is still of its client and contract.
    pub owing: bool,
    /// The contract, where it is about one, is there and still its client's.
    pub theirs: bool,
    /// One of its cases is open.
    pub counts: bool,
    /// What it announces may be done once its day has come: one of its invoices owes without having been settled
    /// in between.
    pub stands: bool,
    /// The last day on which one of its cases closed.
    pub closed_on: Option<NaiveDate>,
    /// What it announced, where that was kept.
    pub announced: Option<NoticeDates>,
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
                EXISTS (SELECT 1 FROM notice_case s JOIN invoice v ON v.id = s.invoice_id
                        WHERE s.message_id = n.message_id AND v.owing AND {0}),
                {COUNTS},
                (SELECT max(c.closed_on) FROM notice_case s JOIN collection_case c ON c.id = s.case_id
                 WHERE s.message_id = n.message_id),
                n.contract_id IS NULL OR (t.client_id IS n.client_id AND t.absent_since IS NULL),
                EXISTS (SELECT 1 FROM notice_case s JOIN invoice v ON v.id = s.invoice_id
                        JOIN collection_case c ON c.id = s.case_id
                        WHERE s.message_id = n.message_id AND v.owing AND {0}
                          AND (c.outcome IS NULL OR c.outcome = 'rule_removed')),
                n.suspend_from, n.rescind_from, {PLACE}
         FROM notice n
         LEFT JOIN message m ON m.id = n.message_id
         LEFT JOIN client k ON k.id = n.client_id
         LEFT JOIN contract t ON t.id = n.contract_id
         WHERE {condition} ORDER BY {order}",
        still_of_it!()
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
        stands: row.get(14)?,
        announced: announced(row, 15)?,
        place: row.place(17)?,
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
    client_id: i64,
    invoice_id: Option<i64>,
) -> Result<Vec<GivenNotice>> {
    let condition = "n.client_id = ?1
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
