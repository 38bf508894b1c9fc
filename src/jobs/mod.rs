//! The journeys: gather, decide, write down, do, report.

pub mod apply;
pub mod backup;
pub mod birthday;
pub mod collection;
pub mod compose;
pub mod deliver;
pub mod demo;
pub mod doctor;
pub mod forecast;
pub mod import;
mod outage;
pub mod plan;
pub mod provided;
pub mod purge;
pub mod receipt;
pub mod receive;
pub mod restore;
pub mod rows;
pub mod rule;
pub mod run_due;
pub mod send;
pub mod sync;
pub mod task;
pub mod template;
pub mod ticket;
pub mod trigger;
pub mod watch;
