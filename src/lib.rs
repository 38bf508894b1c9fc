//! regua: messages, collection ladders and ticket notices for Brazilian internet providers.
//!
//! This page is the map of the house. Every journey has five steps, each in its own room:
//! **gather, decide, write down, do, report**; the decision in the middle is a pure function.
//!
//! ```text
//! main → cli → jobs → store, channel, source → domain → error, clock (the value)
//!         cli → view, config      config → channel, source (their Settings) → http, settings → wire, toml_table
//! ```
//!
//! | room | its duty | may import |
//! |---|---|---|
//! | [`domain`] | the nouns and the decisions, pure | `error`, `clock` (the value `Now`) |
//! | [`store`] | SQLite: one file a noun, all SQL; in `shared/` the PostgreSQL that several hosts deliver from | `domain`, `error`, `clock`, `wire` (whom TLS trusts) |
//! | [`channel`] | one file or folder a provider, with its settings: sends one message, says what to do after a refusal | `domain`, `error`, `settings`, `toml_table`, `http`, `wire`, `clock` |
//! | [`source`] | where facts and definitions come from: CSV, JSON Lines, TOML; any number of ERPs through one door, the trait `Source`, each with its settings | the same |
//! | [`http`] | the one door to ureq: an answer, or what is certain without one | `error`, `clock`, `wire` |
//! | [`wire`] | what HTTP and SMTP stand on: names, trust, sockets, letters that are not UTF-8, and the one place that bounds reading | `error`, `clock` |
//! | [`private_file`] | making files that only their owner reads | nothing |
//! | [`config`] | the sections that belong to no provider or source, put together; accepted whole or refused whole | `channel`, `source`, `domain`, `error`, `settings`, `toml_table` |
//! | [`settings`] | what any section may hold: secrets, addresses, times to wait | `error`, `toml_table`, `wire` |
//! | [`toml_table`] | reading TOML with every flaw and its line | `error`, `domain` (words) |
//! | [`jobs`] | the journeys, each a sequence of the five steps | `domain`, `store`, `channel`, `source`, `config`, `error`, `clock` |
//! | [`view`] | paper and ink: tables, JSON, CSV, bars; knows none of our nouns | `error` |
//! | [`cli`] | one command a file or folder: flags, the call to the job, the view of its answer | everything |
//!
//! `clap` stands only in `cli`, `rusqlite` and `postgres` only in `store`, `ureq` only in `http`, `plotters` only in `view`, `rustls` only
//! in `wire` and `http`, printing only in
//! `view`, and only `clock` reads the clock. No two files need each other, no file is longer than 500 lines
//! outside its tests, no function than 60, and no two public types have one name. `tests/walls` holds all of
//! this; a new arrow changes it and this page in the same commit.
//!
//! The same noun has the same name on every floor: `cli/send`, `jobs/send`, `domain/send`.
//! The words are those of the provider's trade: client, contract, invoice, portfolio, login, device,
//! template, report, send, queue, history, rule, reminder, stage, closing, case, trigger, task, purpose;
//! the README explains each. Whatever is wrong in something given is an [`error::Flaw`], and whatever is
//! looked up by its name and must be there comes by [`error::must`].
//!
//! **The measure of a change**: in how many source files it is made, a migration and the demo aside. Where
//! the example stands, something of its kind is added; an example of several rows is what was made of one
//! thing by and by.
//!
//! | a change | files | an example | where it stands |
//! |---|---|---|---|
//! | a stage of the ladder | 1 | `Visit` | `domain/ladder.rs` |
//! | a variable of texts | 1 | `ClienteCidade` | `domain/template/variable.rs` |
//! | a field of reports | 2 | `InvoicePortfolio` | `domain/report/field.rs`, `store/report.rs` |
//! | a filter operator | 2 | `AtMost` | `domain/report/filter.rs`, `store/report.rs` |
//! | an invoice column | 3 | `pix_code` | `domain/book.rs`, `domain/invoice.rs`, `store/book.rs` |
//! | the same column, written in texts | 1 | `pix_code` | `domain/template/variable.rs` |
//! | the same column, brought by ERPs: one file in the folder of each | 1 | `pix_code` | `source/` |
//! | a provider that signs what it reports | 3 | `twilio` | `channel/mod.rs`, `channel/receipts/signature.rs`, `channel/twilio.rs` |
//! | a preset of a gateway | 1 | `comtele` | `channel/presets/comtele.toml` |
//! | a scope of holidays | 2 | `extra` | `config/hours.rs`, `domain/holiday.rs` |
//! | an ERP | 2 | `hubsoft` | `source/hubsoft/`, `source/mod.rs` |
//! | an event of tickets | 2 | `Moved` | `domain/ticket/event_type.rs`, `domain/ticket/recipients.rs` |
//! | a channel | 4 | `Sms` | `channel/http/mod.rs`, `channel/twilio.rs`, `domain/channel.rs`, `domain/words.rs` |
//! | a column of an answer | 1 | `notice_delivered_at` | `cli/collection/handover.rs` |
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
pub mod wire;

#[cfg(test)]
#[path = "../tests/property/mod.rs"]
mod property;
