//! Stories: each runs the real binary as its user would, in a folder of its own, with a frozen clock.

mod house;

mod birthday;
mod book;
mod send;
mod task;
mod ticket;
