//! An invoice: one amount due on one day.

use chrono::NaiveDate;

use super::day;
use super::money::Money;
use super::payment_code::CodeKind;
use super::words::InvoiceStatus;

/// An invoice as the book knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The ERP's id (`areceber_numero`).
    pub id: i64,
    /// Who owes it.
    pub client_id: i64,
    /// For which contract, if for one.
    pub contract_id: Option<i64>,
    /// The document's number.
    pub number: Option<String>,
    /// The billing portfolio.
    pub portfolio: Option<String>,
    /// Day of issue.
    pub issued_on: Option<NaiveDate>,
    /// The printed due date.
    pub due_on: NaiveDate,
    /// Face amount.
    pub amount: Money,
    /// What is still owed; nothing once settled.
    pub open_amount: Money,
    /// Its state.
    pub status: InvoiceStatus,
    /// Day of payment, cancellation or renegotiation.
    pub settled_on: Option<NaiveDate>,
    /// Shown to the client.
    pub released: bool,
    /// A payment is being confirmed.
    pub awaiting_confirmation: bool,
    /// Bank slip line.
    pub digitable_line: Option<String>,
    /// Pix *copia e cola*.
    pub pix_code: Option<String>,
    /// Where it can be paid.
    pub payment_url: Option<String>,
    /// How it is paid, in the provider's words; none: as its contract's.
    pub payment_method: Option<String>,
    /// Day it was listed with the credit bureau.
    pub bureau_listed_on: Option<NaiveDate>,
    /// Day it was taken off that list.
    pub bureau_removed_on: Option<NaiveDate>,
    /// Since when nobody brings it any more: it takes part in nothing.
    pub absent_since: Option<NaiveDate>,
}

impl Invoice {
    /// Open or partial, released, not awaiting confirmation, with something still to pay, and still there.
    pub fn owing(&self) -> bool {
        matches!(self.status, InvoiceStatus::Open | InvoiceStatus::Partial)
            && self.released
            && !self.awaiting_confirmation
            && self.open_amount > Money::ZERO
            && self.absent_since.is_none()
    }

    /// Paid, cancelled or renegotiated.
    pub const fn settled(&self) -> bool {
        matches!(
            self.status,
            InvoiceStatus::Paid | InvoiceStatus::Cancelled | InvoiceStatus::Renegotiated
        )
    }

    /// The code of a kind by which it is paid, if it is known.
    pub const fn code(&self, kind: CodeKind) -> Option<&String> {
        match kind {
            CodeKind::Pix => self.pix_code.as_ref(),
            CodeKind::Boleto => self.digitable_line.as_ref(),
        }
    }

    /// Where the code of a kind is kept.
    pub const fn code_mut(&mut self, kind: CodeKind) -> &mut Option<String> {
        match kind {
            CodeKind::Pix => &mut self.pix_code,
            CodeKind::Boleto => &mut self.digitable_line,
        }
    }

    /// Days since the printed due date; none before it and on it.
    pub fn days_late(&self, today: NaiveDate) -> i64 {
        day::between(self.due_on, today).max(0)
    }
}
