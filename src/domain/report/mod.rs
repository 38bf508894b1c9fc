//! A report: contracts, logins or invoices, narrowed by filters that are checked before any row is read.

mod field;
mod filter;
mod order;

pub use super::text::fold;
pub use field::{Field, FieldType, ReportKind};
pub use filter::{Filter, FilterValue, NearestFit, Operator};
pub use order::Order;

use super::template;
use super::words::Word as _;
use crate::error::{Error, Flaw, Result};

/// A report: its kind, its conditions, its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it has one row for.
    pub kind: ReportKind,
    /// All of these must hold.
    pub filters: Vec<Filter>,
    /// First by the first; at last by the row's id.
    pub order: Vec<Order>,
}

impl Report {
    /// Reads a report; every flaw is told at once.
    pub fn parse(kind: ReportKind, filters: &[String], order: &[String]) -> Result<Self> {
        within_bounds(filters.len(), order.len())?;
        let (report, flaws) = Self::read(kind, filters, order);
        if flaws.is_empty() {
            Ok(report)
        } else {
            Err(Error::flaws("the report is not acceptable", flaws)
                .hint(format!("regua report fields {kind}")))
        }
    }

    /// This report, narrowed: all conditions of both hold, and an order of the narrower one replaces its own.
    ///
    /// # Errors
    /// When they are too many together (exit 3).
    pub fn narrowed(mut self, more: Self) -> Result<Self> {
        within_bounds(self.filters.len() + more.filters.len(), 0)?;
        self.filters.extend(more.filters);
        let values = self.values();
        if values > MOST_VALUES {
            return Err(Error::unacceptable(too_many_values(values)).hint(FEWER));
        }
        if !more.order.is_empty() {
            self.order = more.order;
        }
        Ok(self)
    }

    /// Reads a report as far as it is good, and everything wrong with the rest.
    pub fn read(kind: ReportKind, filters: &[String], order: &[String]) -> (Self, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let mut report = Self {
            kind,
            filters: Vec::new(),
            order: Vec::new(),
        };
        if let Err(error) = within_bounds(filters.len(), order.len()) {
            flaws.push(Flaw::of("filters", error.message, "give fewer"));
            return (report, flaws);
        }
        for text in filters {
            match Filter::parse(kind, text) {
                Ok(filter) => report.filters.push(filter),
                Err(flaw) => flaws.push(flaw),
            }
        }
        let values = report.values();
        if values > MOST_VALUES {
            flaws.push(Flaw::of("filters", too_many_values(values), FEWER));
        }
        for text in order {
            match Order::parse(kind, text) {
                Ok(order) => report.order.push(order),
                Err(flaw) => flaws.push(flaw),
            }
        }
        (report, flaws)
    }

    /// How many values its filters compare with.
    fn values(&self) -> usize {
        self.filters.iter().map(|filter| filter.values.len()).sum()
    }

    /// Its filters as they were written.
    pub fn written_filters(&self) -> Vec<String> {
        self.filters.iter().map(ToString::to_string).collect()
    }

    /// Its order as it was written.
    pub fn written_order(&self) -> Vec<String> {
        self.order.iter().map(ToString::to_string).collect()
    }
}

/// The most conditions, and the most fields to order by, of one report: SQLite bounds how deep and how
/// large a statement is, and nobody means more.
const MOST: usize = 100;

/// The most values that all its filters compare with: SQLite bounds how many a statement has, and a day of an
/// instant takes two.
const MOST_VALUES: usize = 10_000;

/// What to do about too many values.
const FEWER: &str = "give fewer, or import what marks these rows and filter by that";

fn too_many_values(values: usize) -> String {
    format!("{values} values are more than the filters of a report take ({MOST_VALUES})")
}

fn within_bounds(filters: usize, order: usize) -> Result<()> {
    for (n, what) in [(filters, "filters"), (order, "orders")] {
        if n > MOST {
            return Err(Error::unacceptable(format!(
                "{n} {what} are more than a report takes ({MOST})"
            ))
            .hint("put the values of one field into one filter: city=Chapecó,Xaxim"));
        }
    }
    Ok(())
}

/// A report under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedReport {
    /// Its name.
    pub name: String,
    /// The report.
    pub report: Report,
}

/// What is wrong with the name of a saved report, if anything: it must not be a kind's.
pub fn name_problem(name: &str) -> Option<&'static str> {
    template::name_problem(name).or_else(|| {
        ReportKind::parse(name)
            .is_some()
            .then_some("is the name of a kind of report")
    })
}
