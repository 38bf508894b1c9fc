//! Stories: each runs the real binary as its user would, in a folder of its own, with a frozen clock.

mod house;

mod apply;
mod birthday;
mod book;
mod collection;
mod history;
mod mail_server;
mod manners;
mod providers;
mod report;
mod send;
mod server;
mod task;
mod template;
mod ticket;
mod whatsapp;
