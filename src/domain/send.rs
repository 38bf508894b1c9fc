//! A bulk send: who is one recipient, what one template needs of a report, and which sample is drawn.

use std::collections::BTreeSet;

use super::report::{Field, ReportKind};
use super::template::{FOR_CLIENTS, Need, Template};
use crate::error::{Error, Result};

/// What one message of a send is about besides its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The client alone: one message however many rows.
    Client,
    /// One contract.
    Contract,
    /// One login.
    Login,
    /// One invoice.
    Invoice,
}

/// How a template is sent to the rows of a kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// What one message is about.
    pub unit: Unit,
    /// The template needs an invoice.
    pub invoice: bool,
}

/// The ids of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowIds {
    /// The client.
    pub client: i64,
    /// The contract, if the row has one.
    pub contract: Option<i64>,
    /// The login, in a report of logins.
    pub login: Option<i64>,
    /// The invoice, in a report of invoices.
    pub invoice: Option<i64>,
}

impl Manner {
    /// How a template goes with a kind of report; an error when the report cannot supply its variables.
    pub fn of(template: &Template, kind: ReportKind) -> Result<Self> {
        if let Some(why) = template.not_for_clients() {
            return Err(Error::unacceptable(why).hint(FOR_CLIENTS));
        }
        let needs = template.needs();
        let supplied = |need: &Need| match need {
            Need::Login => kind == ReportKind::Logins,
            Need::Ticket => false,
            _ => true,
        };
        if let Some(need) = needs.iter().find(|need| !supplied(need)) {
            let names: BTreeSet<String> = template
                .used()
                .into_iter()
                .filter(|variable| variable.need() == *need)
                .map(|variable| format!("#{}#", variable.name()))
                .collect();
            let names: Vec<String> = names.into_iter().collect();
            return Err(Error::unacceptable(format!(
                "template `{}` uses {}, which a report of {kind} cannot supply",
                template.name,
                names.join(", ")
            ))
            .hint(match need {
                Need::Login => "send it to a report of logins",
                _ => "tickets are told of by triggers, not by bulk sends",
            }));
        }
        let unit = if needs.contains(&Need::Login) {
            Unit::Login
        } else if needs.contains(&Need::Invoice) {
            Unit::Invoice
        } else if needs.contains(&Need::Contract) {
            Unit::Contract
        } else {
            Unit::Client
        };
        Ok(Self {
            unit,
            invoice: needs.contains(&Need::Invoice),
        })
    }

    /// What tells one recipient from another: rows with the same number are one recipient.
    /// `invoice` is the invoice chosen for the row. Ids are positive; a row without its unit counts as its contract.
    pub fn identity(self, row: &RowIds, invoice: Option<i64>) -> i64 {
        let contract = row.contract.unwrap_or(row.client);
        match self.unit {
            Unit::Client => row.client,
            Unit::Contract => row.contract.unwrap_or(-row.client),
            Unit::Login => row.login.unwrap_or(-contract),
            Unit::Invoice => invoice.unwrap_or(-contract),
        }
    }

    /// The row's part of a message's key, with the slash before it; empty when the client alone counts.
    pub fn key_part(self, row: &RowIds, invoice: Option<i64>) -> String {
        match self.unit {
            Unit::Client => String::new(),
            _ => match self.identity(row, invoice) {
                id if id > 0 => format!("/{id}"),
                id => format!("{NO_ROW}{}", -id),
            },
        }
    }
}

/// What stands in a key in place of a row that there was none of.
const NO_ROW: &str = "/no-row-";

/// The start of a key that was made without its row, as it is with it; none where it was made with one.
pub fn key_with_row(start: &str, row: i64) -> Option<String> {
    let (before, rest) = start.rsplit_once(NO_ROW)?;
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let ends = after.is_empty() || after.starts_with("/again");
    (ends && after.len() < rest.len()).then(|| format!("{before}/{row}{after}"))
}

/// The columns a send asks of each kind of report: client, contract, and the row's own id.
pub const fn columns(kind: ReportKind) -> &'static [Field] {
    match kind {
        ReportKind::Contracts => &[Field::ClientId, Field::ContractId],
        ReportKind::Logins => &[Field::ClientId, Field::ContractId, Field::LoginId],
        ReportKind::Invoices => &[Field::ClientId, Field::ContractId, Field::InvoiceId],
    }
}

/// A recipient's place in the draw of a sample: the smallest are drawn. The same every time.
pub const fn lot(identity: i64) -> u64 {
    // SplitMix64 (Steele, Lea and Flood, 2014): every bit of the id stirs every bit of the lot.
    let mut z = identity.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_made_without_its_row_has_it_once_it_is_there() {
        let with = |start| key_with_row(start, 105);
        assert_eq!(
            with("send/due/2026-11-21/4/no-row-14").as_deref(),
            Some("send/due/2026-11-21/4/105")
        );
        assert_eq!(
            with("send/due/2026-11-21/4/no-row-14/again-7").as_deref(),
            Some("send/due/2026-11-21/4/105/again-7")
        );
        assert_eq!(with("send/due/2026-11-21/4/104"), None);
        assert_eq!(with("send/no-row-x/2026-11-21/4"), None);
    }
}
