//! IXC Provedor's web service, read only.

pub mod envelope;
pub mod form;
pub mod page;

pub use form::{Form, Row};
pub use page::{Answer, Fetch, Query, Tally, Unread};
