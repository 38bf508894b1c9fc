//! What every conversation with the outside stands on, HTTP and SMTP alike: names that are looked up once a
//! minute, whom a certificate may come from, sockets that a signal can end, the bounds of what is read, and
//! bytes that need not be UTF-8.

pub mod bounds;
pub mod letters;
pub mod names;
pub mod socket;
pub mod trust;
pub mod url;
