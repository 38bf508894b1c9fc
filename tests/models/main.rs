//! The program beside small models of it, written from the text of the specification: invented histories, which
//! must come to the same on both sides.

mod collection;
mod incident;
#[path = "../property/mod.rs"]
mod property;
