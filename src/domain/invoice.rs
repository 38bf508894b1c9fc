//! An invoice: one amount due on one day.

use chrono::NaiveDate;

use super::day;
use super::money::Money;
use super::words::InvoiceStatus;

/// An invoice's columns: what each holds, and its name in the book. Whoever needs them all is given them
/// here, so that one more is one line.
macro_rules! invoice_columns {
    ($to:ident) => {
        $to! {
            /// The ERP's id (`areceber_numero`).
            id: i64 = "id",
            /// Who owes it.
            client_id: i64 = "client_id",
            /// For which contract, if for one.
            contract_id: Option<i64> = "contract_id",
            /// The document's number.
            number: Option<String> = "number",
            /// The billing portfolio.
            portfolio: Option<String> = "portfolio",
            /// Day of issue.
            issued_on: Option<NaiveDate> = "issued_on",
            /// The printed due date.
            due_on: NaiveDate = "due_on",
            /// Face amount.
            amount: Money = "amount",
            /// What is still owed; nothing once settled.
            open_amount: Money = "owed",
            /// Its state.
            status: InvoiceStatus = "status",
            /// Day of payment, cancellation or renegotiation.
            settled_on: Option<NaiveDate> = "settled_on",
            /// Shown to the client.
            released: bool = "released",
            /// A payment is being confirmed, or its source did not show it any more.
            awaiting_confirmation: bool = "awaiting_confirmation",
            /// Bank slip line.
            digitable_line: Option<String> = "digitable_line",
            /// Pix *copia e cola*.
            pix_code: Option<String> = "pix_code",
            /// Where it can be paid.
            payment_url: Option<String> = "payment_url",
            /// How it is paid, in the provider's words; none: as its contract's.
            payment_method: Option<String> = "payment_method",
            /// Day it was listed with the credit bureau.
            bureau_listed_on: Option<NaiveDate> = "bureau_listed_on",
            /// Day it was taken off that list.
            bureau_removed_on: Option<NaiveDate> = "bureau_removed_on",
            /// Since when nobody brings it any more: it takes part in nothing.
            absent_since: Option<NaiveDate> = "absent_since",
        }
    };
}
pub(crate) use invoice_columns;

/// The columns as fields.
macro_rules! fields {
    ($($(#[$doc:meta])+ $field:ident: $type:ty = $column:literal,)+) => {
        /// An invoice as the book knows it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Invoice {
            $($(#[$doc])+ pub $field: $type,)+
        }
    };
}
invoice_columns!(fields);

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

    /// Days since the printed due date; none before it and on it.
    pub fn days_late(&self, today: NaiveDate) -> i64 {
        day::between(self.due_on, today).max(0)
    }
}
