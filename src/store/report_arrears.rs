//! What a contract owes, read once for each row of a report, however many of its columns tell of it.

use chrono::NaiveDate;
use rusqlite::{CachedStatement, Connection};

use super::columns::Columns as _;
use super::report_value::FieldValue;
use crate::domain::day;
use crate::domain::report::Field;
use crate::error::Result;

/// Reads what contracts owe.
pub(super) struct ReadArrears<'c> {
    statement: CachedStatement<'c>,
    today: NaiveDate,
}

/// What one contract owes.
#[derive(Debug, Default)]
pub(super) struct Arrears {
    open: i64,
    overdue: i64,
    overdue_cents: i64,
    /// The due date of the oldest owing invoice, as its column holds it, and how many days ago that was.
    oldest: Option<(String, i64)>,
    portfolio: Option<String>,
}

/// Whether a field tells of what a contract owes.
pub(super) const fn tells(field: Field) -> bool {
    matches!(
        field,
        Field::OpenInvoices
            | Field::OverdueInvoices
            | Field::OldestDueOn
            | Field::OverdueDays
            | Field::OverdueTotal
            | Field::Portfolio
    )
}

impl<'c> ReadArrears<'c> {
    pub(super) fn new(connection: &'c Connection, today: NaiveDate) -> Result<Self> {
        let statement = connection.prepare_cached(
            "SELECT due_on, owed, portfolio FROM invoice INDEXED BY invoice_owing_contract
             WHERE contract_id = ?1 AND client_id = ?2 AND owing
             ORDER BY due_on, id",
        )?;
        Ok(Self { statement, today })
    }

    /// Reads what a client owes of a contract; none owes nothing. What its former holder owes is not theirs.
    pub(super) fn of(&mut self, contract: Option<i64>, client: i64) -> Result<Arrears> {
        let mut owed = Arrears::default();
        let Some(contract) = contract else {
            return Ok(owed);
        };
        let mut rows = self.statement.query([contract, client])?;
        while let Some(row) = rows.next()? {
            let days = day::between(row.day(0)?, self.today);
            if owed.open == 0 {
                owed.oldest = Some((row.get(0)?, days));
                owed.portfolio = row.get(2)?;
            }
            owed.open += 1;
            if days > 0 {
                owed.overdue += 1;
                owed.overdue_cents += row.get::<_, i64>(1)?;
            }
        }
        Ok(owed)
    }
}

impl Arrears {
    /// What a field tells of it.
    pub(super) fn value(&self, field: Field) -> FieldValue<'_> {
        match field {
            Field::OpenInvoices => FieldValue::Integer(self.open),
            Field::OverdueInvoices => FieldValue::Integer(self.overdue),
            Field::OverdueTotal => FieldValue::Integer(self.overdue_cents),
            Field::OldestDueOn => {
                let day = self.oldest.as_ref().map(|(day, _)| day.as_str());
                day.map_or(FieldValue::Null, FieldValue::Text)
            }
            Field::OverdueDays => {
                FieldValue::Integer(self.oldest.as_ref().map_or(0, |(_, days)| (*days).max(0)))
            }
            Field::Portfolio => {
                let portfolio = self.portfolio.as_deref();
                portfolio.map_or(FieldValue::Null, FieldValue::Text)
            }
            _ => FieldValue::Null,
        }
    }
}
