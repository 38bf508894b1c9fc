//! What a person reads, compared whole: command line, exit code, standard output and standard error.
//!
//! A difference fails and writes nothing. `INSTA_UPDATE=always cargo test --test snapshots` renews the
//! files in `snap/`; their change is then read like any other change.

#[allow(dead_code, reason = "the sync tests use the rest of it")]
#[path = "../sync/erp.rs"]
mod erp;
#[allow(dead_code, reason = "the story tests use the rest of it")]
#[path = "../story/house.rs"]
mod house;
#[allow(
    dead_code,
    reason = "shared with the provider tests, which use all of it"
)]
#[path = "../providers/server.rs"]
mod server;

mod scene;

mod apply;
mod birthday;
mod collection;
mod demo;
mod doctor;
mod errors;
mod help;
mod history;
mod import;
mod portuguese;
mod queue;
mod report;
mod send;
mod status;
mod sync;
mod task;
mod template;
mod ticket;
mod unused;
mod whatsapp;
