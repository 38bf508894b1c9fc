//! Invoices that owe in the book and came no more from a source that lists them by their due date.

use super::summary::Synced;
use crate::domain::book::FactKind;
use crate::source::Row;

/// An invoice that came still stands, whatever was in doubt before.
pub(super) fn confirm(kind: &FactKind, row: &mut Row) {
    if let Some(at) = kind.position("awaiting_confirmation")
        && row.cells[at].is_none()
    {
        row.cells[at] = Some("no".to_owned());
    }
}

/// What is told of invoices that owe in the book and did not come any more.
pub(super) fn unconfirmed(synced: &Synced) -> Option<String> {
    (synced.unconfirmed > 0).then(|| {
        format!(
            "{} invoices that owe here came no more from {}: cancelled there, or due outside the days that are asked for (days_back, days_ahead); nobody is told of them until they come again",
            synced.unconfirmed, synced.source
        )
    })
}
