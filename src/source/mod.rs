//! Where facts come from: files of rows, the ERP's web service, definitions as TOML.

pub mod callback;
pub mod csv;
pub mod definition;
pub mod event;
pub mod ixc;
pub mod jsonl;
pub mod rows;
