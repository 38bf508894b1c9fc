//! regua: messages, collection ladders and ticket notices for Brazilian internet providers.
//!
//! This page is the map of the house. Every journey has five steps, each in its own room:
//! **gather, decide, write down, do, report**; the decision in the middle is a pure function.
//!
//! ```text
//! main → cli → jobs → store, channel, source → domain → error, clock
//!         cli → view, config      config → channel, source → http, settings → toml_table
//! ```
//!
//! | room | its duty | may import |
//! |---|---|---|
//! | [`domain`] | the nouns and the decisions, pure | `error`, `clock` (the value `Now`) |
//! | [`store`] | SQLite: one file a noun, all SQL | `domain`, `error`, `clock` |
//! | [`channel`] | one file or folder a provider, with its settings: sends one message, says what to do after a refusal | `domain`, `error`, `settings`, `toml_table`, `http`, `clock` |
//! | [`source`] | where facts and definitions come from: CSV, JSON Lines, TOML; any number of ERPs through one door, the trait `Source`, each with its settings | the same |
//! | [`http`] | the one door to ureq: an answer, or what is certain without one | `error`, `clock` |
//! | [`private_file`] | making files that only their owner reads | nothing |
//! | [`jobs`] | the journeys, each a sequence of the five steps | everything above, `config` |
//! | [`view`] | paper and ink: tables, JSON, CSV, bars; knows none of our nouns | `error` |
//! | [`cli`] | one command a file: flags, the call to the job, the answer's face | everything |
//! | [`config`] | the configuration, accepted whole or refused whole; knows providers and sources by name only | `domain`, `error`, `channel`, `source`, `settings`, `toml_table` |
//! | [`settings`] | what any section of it may hold: secrets, addresses, times to wait | `error`, `toml_table` |
//! | [`toml_table`] | reading TOML with every problem and its line | `error`, `domain` (words) |
//!
//! `clap` stands only in `cli`, `rusqlite` only in `store`, `ureq` only in `http`, printing only in
//! `view`, and only `clock` reads the clock. `tests/walls` holds all of this; a new arrow changes it
//! and this page in the same commit.
//!
//! The same noun has the same name on every floor: `cli/send.rs`, `jobs/send.rs`, `domain/send.rs`.
//! The words are those of the provider's trade: client, contract, invoice, portfolio, login, device,
//! template, report, send, queue, history, rule, reminder, stage, closing, case, trigger, task, purpose;
//! the README explains each.
//!
//! Absent on purpose: an async runtime (threads and a bounded queue do), a migration framework (numbered
//! SQL files do), a plug-in system (a provider is one file), and any change of the ERP: regua only reads it.

pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod http;
pub mod jobs;
pub mod private_file;
pub mod settings;
pub mod source;
pub mod store;
pub mod toml_table;
pub mod view;

#[cfg(test)]
#[path = "../tests/property/mod.rs"]
mod property;
