//! The screen of how things stand, in a build without PostgreSQL: there are no hosts.

use serde_json::Value;

use super::super::Context;
use crate::error::Result;
use crate::jobs::watch::Attention;

/// Nothing.
pub(super) struct Hosts;

/// Asks nobody.
pub(super) const fn asked(_: &Context, _: &mut Vec<Attention>) -> Hosts {
    Hosts
}

/// Adds nothing.
pub(super) const fn note(_: &Context, _: &Hosts, _: &mut Value) {}

/// Shows nothing.
#[expect(clippy::unnecessary_wraps, reason = "with PostgreSQL it may fail")]
pub(super) const fn tell(_: &Context, _: &Hosts) -> Result<()> {
    Ok(())
}
