//! regua: messages, collection ladders and ticket notices for Brazilian internet providers.
pub mod channel;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod http;
pub mod source;
pub mod toml_table;
