//! IXC Provedor's web service, read only.

mod client;
pub mod envelope;
pub mod facts;
pub mod form;
pub mod page;

pub use client::Ixc;
pub use facts::{Facts, Names, Strange};
pub use form::{CHANGED, Form, Row};
pub use page::{Answer, Fetch, Query, Tally, Unread};
