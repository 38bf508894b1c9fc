//! A contract: a service a client has.

use chrono::NaiveDate;

use super::words::{AccessStatus, ContractStatus};

/// A contract as the book knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The ERP's id.
    pub id: i64,
    /// Whose it is.
    pub client_id: i64,
    /// The plan's name.
    pub plan: Option<String>,
    /// State of the contract.
    pub status: ContractStatus,
    /// State of its access; absent when the ERP does not say.
    pub access_status: Option<AccessStatus>,
    /// City, where it is not the client's.
    pub city: Option<String>,
    /// District, where it is not the client's.
    pub district: Option<String>,
    /// How its invoices are paid, in the provider's words.
    pub payment_method: Option<String>,
    /// No collection notices up to and including this day.
    pub notice_hold_until: Option<NaiveDate>,
    /// Since when nobody brings it any more: it takes part in nothing.
    pub absent_since: Option<NaiveDate>,
}
