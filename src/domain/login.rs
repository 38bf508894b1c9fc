//! A login: one connection of a contract.

use chrono::NaiveDate;

/// A login as the book knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The ERP's id.
    pub id: i64,
    /// Whose it is.
    pub client_id: i64,
    /// Of which contract.
    pub contract_id: Option<i64>,
    /// PPPoE user.
    pub username: String,
    /// Address given to it.
    pub ip: Option<String>,
    /// The concentrator it hangs on.
    pub concentrator: Option<String>,
    /// Since when nobody brings it any more: it takes part in nothing.
    pub absent_since: Option<NaiveDate>,
}
