//! One step of the order in which a report gives its rows.

use std::fmt;

use super::field::{Field, ReportKind};
use crate::error::{Flaw, Result};

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By which field.
    pub field: Field,
    /// From the last to the first.
    pub descending: bool,
    written: String,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Order {
    /// Reads `FIELD`, `FIELD:asc` or `FIELD:desc`.
    pub fn parse(kind: ReportKind, text: &str) -> Result<Self, Flaw> {
        let place = format!("order `{text}`");
        let (name, descending) = match text.split_once(':') {
            None | Some((_, "asc")) => (text.split(':').next().unwrap_or(text), false),
            Some((name, "desc")) => (name, true),
            Some((_, other)) => {
                return Err(Flaw::at(
                    place,
                    format!("`{other}` is no direction"),
                    "write FIELD or FIELD:desc",
                ));
            }
        };
        Ok(Self {
            field: kind.known_field(name, &place)?,
            descending,
            written: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_asc_or_desc() {
        for (text, descending) in [("plan", false), ("plan:asc", false), ("plan:desc", true)] {
            let order = Order::parse(ReportKind::Contracts, text).expect(text);
            assert_eq!(order.descending, descending, "{text}");
        }
        let flaw = Order::parse(ReportKind::Contracts, "plan:up").expect_err("no direction");
        assert_eq!(flaw.found, "`up` is no direction");
    }
}
