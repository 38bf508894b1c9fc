//! Where facts come from: the outside systems, read and never written to.

pub mod ixc;
