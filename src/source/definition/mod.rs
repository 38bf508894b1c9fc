//! Definitions as TOML.

pub mod trigger;
