//! Rows that whoever brought them no longer has: taken as gone, unless they are suspiciously many.

use chrono::NaiveDate;

use crate::clock::Now;
use crate::domain::book::{self, FactKind, Value};
use crate::domain::percent::Percent;
use crate::error::{Error, Result};
use crate::store::Connection;
use crate::store::presence::{Bringer, Seen};

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

/// The rows of a file that stand in place of all that files brought of the kind, while they come.
pub struct Replacing<'a> {
    kind: &'static FactKind,
    seen: Option<(Seen<'a>, Percent)>,
}

impl<'a> Replacing<'a> {
    /// Begins with no row; `most` is the share that may be gone, none where nothing is.
    pub fn begin(
        connection: &'a Connection,
        kind: &'static FactKind,
        most: Option<Percent>,
    ) -> Result<Self> {
        let seen = match most.filter(|_| kind.can_be_gone()) {
            Some(most) => Some((Seen::begin(connection, kind, Bringer::FILES)?, most)),
            None => None,
        };
        Ok(Self { kind, seen })
    }

    /// Notes that a row came, whatever becomes of it: `key` is what its first column says. `at` says where it
    /// stands (file and line), and whether bad rows are left out.
    ///
    /// # Errors
    /// When its id cannot be read while bad rows are left out: it may be any row's (exit 3).
    pub fn came(&self, key: Option<&str>, at: (&str, u64, bool), now: &Now) -> Result<()> {
        let Some((seen, _)) = &self.seen else {
            return Ok(());
        };
        let column = &self.kind.columns[0];
        match key.map(|text| book::read(column, text, now)) {
            Some(Ok(Value::Integer(id))) => seen.note(id),
            _ if !at.2 => Ok(()),
            _ => Err(Error::unacceptable(format!(
                "{}:{}: its {} cannot be read, so that nobody can tell which rows are gone; nothing was imported",
                at.0, at.1, column.name
            ))
            .hint("mend that row, or import without --replace")),
        }
    }

    /// Takes the rows that did not come as gone; how many are absent now.
    pub fn take(&self, today: NaiveDate) -> Result<u64> {
        match &self.seen {
            Some((seen, most)) => take(seen, self.kind, "files", (*most, today)),
            None => Ok(0),
        }
    }
}
