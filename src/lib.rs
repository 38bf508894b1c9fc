//! regua: messages, collection ladders and ticket notices for Brazilian internet providers.
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod jobs;
pub mod out;
pub mod source;
pub mod store;
pub mod toml_table;
