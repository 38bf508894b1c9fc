//! Rows that whoever brought them no longer has: taken as gone, unless they are suspiciously many.

use chrono::NaiveDate;

use crate::domain::book::FactKind;
use crate::domain::percent::Percent;
use crate::error::{Error, Result};
use crate::store::presence::Seen;

/// Takes the rows of a kind that did not come as gone from `today` on; how many are absent now.
///
/// # Errors
/// When more than `most` of what `bringer` brought of the kind would be gone (exit 3).
pub fn take(
    seen: &Seen<'_>,
    kind: &FactKind,
    bringer: &str,
    (most, today): (Percent, NaiveDate),
) -> Result<u64> {
    let missing = seen.missing()?;
    if most.exceeded_by(missing.gone, missing.of) {
        return Err(Error::unacceptable(format!(
            "{} of the {} {} that {bringer} brought would be gone, which is more than {most}; nothing of {bringer} was written",
            missing.gone, missing.of, kind.name
        ))
        .hint("look whether all of it came: a token that sees one branch only, a filter, a file that was cut")
        .hint("--most-gone 100% takes them as gone this once; most_gone under [sync] sets the limit"));
    }
    seen.take_as_gone(today)
}
