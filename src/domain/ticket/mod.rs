//! Tickets: what happened to one, the triggers that say who hears of it, and who then does.

pub mod event;
pub mod recipients;
pub mod trigger;
