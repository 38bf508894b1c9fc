//! The journeys: gather, decide, write down, do, report.

pub mod apply;
pub mod compose;
pub mod deliver;
pub mod demo;
pub mod doctor;
pub mod import;
pub mod send;
pub mod sync;
pub mod template;
