//! `regua queue share`, `gather` and `work` in a build without PostgreSQL: they say what build has it.

use super::super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::store::queue::Stat;
use crate::view::View;

fn not_here() -> Error {
    Error::unacceptable("this build of regua delivers from one machine only").hint(
        "install the Debian package, or build with `cargo build --release --features postgres`",
    )
}

/// Hands over what is due.
pub(super) fn share(_setup: bool, _take_over: bool, _context: &Context) -> Result<Outcome> {
    Err(not_here())
}

/// Brings home what became of messages.
pub(super) fn gather(_context: &Context) -> Result<Outcome> {
    Err(not_here())
}

/// Delivers what was handed over.
pub(super) fn work<C>(
    _channels: &[C],
    _seconds: Option<u64>,
    _context: &Context,
) -> Result<Outcome> {
    Err(not_here())
}

/// What waits, by channel.
pub(super) fn stats(context: &Context, view: View<'_, Stat>, stats: &[Stat]) -> Result<Outcome> {
    context.out.all(view, stats)?;
    Ok(Outcome::Done)
}
