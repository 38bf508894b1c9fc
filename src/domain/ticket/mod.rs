//! Tickets: what happened to one, the triggers that say who hears of it, and who then does.

pub mod event;
pub mod event_type;
mod lint;
pub mod listening;
pub mod notice;
pub mod recipients;
mod telling;
pub mod trigger;
pub mod warning;
