//! What every conversation with the outside stands on, HTTP and SMTP alike: names that are looked up once a
//! minute, whom a certificate may come from, sockets that a signal can end, and the bounds of what is read.

pub mod bounds;
pub mod names;
pub mod socket;
pub mod trust;
pub mod url;
