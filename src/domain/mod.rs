//! The nouns and the decisions: pure, without store, clock, network or printing.

pub mod birthday;
pub mod book;
pub mod client;
pub mod contact_hours;
pub mod contract;
pub mod day;
pub mod holiday;
pub mod id_set;
pub mod invoice;
pub mod login;
pub mod message;
pub mod money;
pub mod phone;
pub mod policy;
pub mod rate;
pub mod recipient;
pub mod report;
pub mod schedule;
pub mod send;
pub mod sms;
pub mod task;
pub mod tax_id;
pub mod template;
pub mod ticket;
pub mod words;
