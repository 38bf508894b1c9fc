//! Stories: each runs the real binary as its user would, in a folder of its own, with a frozen clock.

mod house;

mod access;
mod alert;
mod answers;
mod apply;
mod birthday;
mod book;
mod client;
mod collection;
mod completion;
mod dashboard;
mod erased;
mod evidence;
mod gone;
mod hands;
mod history;
mod hosts;
mod incident;
mod init;
mod keeping;
mod ladder;
mod letter;
mod log;
mod made_again;
mod manners;
mod notice;
mod notice_after;
mod providers;
mod reading;
mod report;
mod restored;
mod send;
mod stats;
mod status;
mod task;
mod template;
mod ticket;
mod truth;
mod try_out;
mod whatsapp;

#[allow(
    dead_code,
    reason = "shared with the provider tests, which use all of it"
)]
#[path = "../providers/server.rs"]
mod server;

#[allow(
    dead_code,
    reason = "shared with the provider tests, which use all of it"
)]
#[path = "../providers/mail_server.rs"]
mod mail_server;
