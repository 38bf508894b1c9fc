//! What is known of one invoice: everything a decision about it needs.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::NaiveDate;
use chrono_tz::Tz;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row};

use crate::domain::collection::{Bill, BureauMark, Debt, Exclusions, OpenCase, Past};
use crate::domain::ladder::{CaseOutcome, Stage};
use crate::domain::money::Money;
use crate::domain::place::Place;
use crate::domain::words::Purpose;
use crate::error::Result;
use crate::store::columns::{Columns as _, Day, PLACE};
use crate::store::{hold, incident, notice};

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
    /// Where its client, and its contract, are.
    pub place: Place,
    /// The open case's id and rule.
    pub open: Option<(i64, String)>,
    /// The stage of its latest case, open or closed.
    pub last_stage: Option<Stage>,
}

impl Detail {
    /// The rule of its open case.
    pub fn open_rule(&self) -> Option<&str> {
        self.open.as_ref().map(|(_, rule)| rule.as_str())
    }
}

/// Reads all that is known of an invoice; none when there is no such invoice. `zone` says on which days its
/// notices were given.
pub fn detail(
    connection: &Connection,
    invoice_id: i64,
    any_hold: bool,
    zone: Tz,
) -> Result<Option<Detail>> {
    Details::new(connection, any_hold, zone)?.of(invoice_id)
}

/// Reads what is known of many invoices: what that takes is made ready once.
pub struct Details<'c> {
    connection: &'c Connection,
    facts: CachedStatement<'c>,
    cases: CachedStatement<'c>,
    reminders: CachedStatement<'c>,
    any_hold: bool,
    zone: Tz,
}

impl<'c> Details<'c> {
    /// Makes ready to read.
    pub fn new(connection: &'c Connection, any_hold: bool, zone: Tz) -> Result<Self> {
        Ok(Self {
            connection,
            facts: connection.prepare_cached(&FACTS)?,
            cases: connection.prepare_cached(CASES)?,
            reminders: connection.prepare_cached(REMINDERS)?,
            any_hold,
            zone,
        })
    }

    /// What is known of one; none when there is no such invoice.
    pub fn of(&mut self, invoice_id: i64) -> Result<Option<Detail>> {
        let found = self.facts.query_row([invoice_id], read_facts).optional()?;
        let Some(mut detail) = found else {
            return Ok(None);
        };
        let (connection, client_id) = (self.connection, detail.client_id);
        if self.any_hold {
            detail.exclusions.holds = hold::ends(connection, invoice_id, client_id)?;
            let kept = incident::keeps_from(connection, client_id, Purpose::Collection)?;
            detail.exclusions.incident = kept.is_some();
        }
        self.read_past(&mut detail)?;
        read_listing(connection, &mut detail)?;
        if let Some((case, _)) = &detail.open {
            let contract_id = detail.contract_id;
            detail.past.notices = notice::given(connection, *case, contract_id, self.zone)?;
        }
        Ok(Some(detail))
    }

    /// What earlier runs left behind.
    fn read_past(&mut self, detail: &mut Detail) -> Result<()> {
        let mut rows = self.cases.query([detail.invoice_id])?;
        while let Some(row) = rows.next()? {
            let stage: Stage = row.get(2)?;
            let since = row.day(3)?;
            detail.last_stage = Some(stage);
            let moved_on = match row.day_opt(6)? {
                Some(closed_on) => closed_on.max(since),
                None => since,
            };
            detail.past.moved_on = detail.past.moved_on.max(Some(moved_on));
            if row.get::<_, Option<CaseOutcome>>(5)?.is_none() {
                detail.past.case = Some(OpenCase {
                    stage,
                    moved_on: since,
                    due_on: row.day(4)?,
                    anothers: row.get::<_, i64>(7)? != detail.client_id,
                });
                detail.open = Some((row.get(0)?, row.get(1)?));
            }
        }
        detail.past.reminders = self
            .reminders
            .query_map((detail.invoice_id, Day(detail.bill.due_on)), |row| {
                row.get(0)
            })?
            .collect::<rusqlite::Result<BTreeSet<i64>>>()?;
        Ok(())
    }
}

/// What the book says of an invoice, its client and its contract; nothing of its cases yet.
static FACTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.client_id, i.contract_id, i.portfolio, i.status, i.owing, i.owed, i.due_on,
                    i.bureau_listed_on, i.bureau_removed_on,
                    k.in_collection, k.in_reminders, t.notice_hold_until,
                    coalesce(i.payment_method, t.payment_method), {PLACE},
                    i.absent_since IS NOT NULL OR k.absent_since IS NOT NULL, i.id
             FROM invoice i
             JOIN client k ON k.id = i.client_id
             LEFT JOIN contract t ON t.id = i.contract_id
             WHERE i.id = ?1"
    )
});

const CASES: &str = "SELECT id, rule, stage, since, due_on, outcome, closed_on, client_id
    FROM collection_case WHERE invoice_id = ?1 ORDER BY id";

const REMINDERS: &str =
    "SELECT days FROM collection_reminder WHERE invoice_id = ?1 AND due_on = ?2";

fn read_facts(row: &Row<'_>) -> rusqlite::Result<Detail> {
    Ok(Detail {
        invoice_id: row.get(16)?,
        client_id: row.get(0)?,
        contract_id: row.get(1)?,
        portfolio: row.get(2)?,
        owed: row.get(5)?,
        bill: Bill {
            due_on: row.day(6)?,
            debt: Debt::of(row.get(3)?, row.get(4)?, row.get(15)?),
            bureau_listed_on: row.day_opt(7)?,
            bureau_removed_on: row.day_opt(8)?,
        },
        past: Past::default(),
        exclusions: Exclusions {
            in_collection: row.get(9)?,
            in_reminders: row.get(10)?,
            notice_hold_until: row.day_opt(11)?,
            holds: Vec::new(),
            incident: false,
            payment_method: row.get(12)?,
        },
        place: row.place(13)?,
        open: None,
        last_stage: None,
    })
}

/// What was told of a listing with a credit bureau.
fn read_listing(connection: &Connection, detail: &mut Detail) -> Result<()> {
    if let Some(listed_on) = detail.bill.bureau_listed_on {
        if listed_was_another(connection, detail, listed_on)? {
            detail.past.bureau = BureauMark::Anothers;
            return Ok(());
        }
        detail.past.bureau = connection
            .prepare_cached(
                "SELECT put_off_on, told_on FROM collection_bureau
                 WHERE invoice_id = ?1 AND listed_on = ?2",
            )?
            .query_row((detail.invoice_id, Day(listed_on)), |row| {
                if let Some(told_on) = row.day_opt(1)? {
                    return Ok(BureauMark::Told(told_on));
                }
                Ok(row
                    .day_opt(0)?
                    .map_or(BureauMark::None, BureauMark::Waiting))
            })
            .optional()?
            .unwrap_or_default();
    }
    Ok(())
}

/// Whether the invoice's case on the day of its listing was another client's than it is now.
fn listed_was_another(
    connection: &Connection,
    detail: &Detail,
    listed_on: NaiveDate,
) -> Result<bool> {
    let listed = connection
        .prepare_cached(
            "SELECT c.client_id FROM collection_case c
             JOIN collection_move m ON m.case_id = c.id AND m.number = 1
             WHERE c.invoice_id = ?1 AND m.moved_on <= ?2 ORDER BY c.id DESC LIMIT 1",
        )?
        .query_row((detail.invoice_id, Day(listed_on)), |row| {
            row.get::<_, i64>(0)
        })
        .optional()?;
    Ok(listed.is_some_and(|client| client != detail.client_id))
}
