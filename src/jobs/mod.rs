//! The journeys: gather, decide, write down, do, report.

pub mod apply;
pub mod collect;
pub mod compose;
pub mod deliver;
pub mod demo;
pub mod forecast;
pub mod import;
pub mod rule;
pub mod send;
pub mod template;
