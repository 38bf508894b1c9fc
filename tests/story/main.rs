//! Stories: each runs the real binary as its user would, in a folder of its own, with a frozen clock.

mod house;

mod apply;
mod book;
mod history;
mod manners;
mod report;
mod send;
mod template;
