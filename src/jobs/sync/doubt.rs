//! Invoices that owe in the book and of which it cannot be said any more: they came no more from a source that
//! lists them by their due date, or came with what cannot be taken.

use super::rehearsal::Rehearsal;
use super::summary::{Became, Refused, SyncSummary, Synced};
use crate::domain::book::FactKind;
use crate::error::Result;
use crate::source::Row;
use crate::store::Connection;
use crate::store::presence::{Seen, hold_back};

/// What becomes of the book's row when the source's cannot be taken. The source says something else of an invoice
/// by now, maybe that it was paid: nobody is told of it until it comes right.
pub(super) fn refused(connection: &Connection, refused: &Refused) -> Result<Became> {
    let doubted = refused.kind == "invoices" && hold_back(connection, refused.id)?;
    Ok(if doubted {
        Became::Doubted
    } else {
        Became::Refused
    })
}

/// What is told of invoices that owe in the book, and whose rows could not be taken.
pub(super) fn doubted(synced: &Synced) -> Option<String> {
    (synced.unconfirmed > 0).then(|| {
        format!(
            "{} invoices that owe here came from {} with what cannot be taken; nobody is told of them until they come right",
            synced.unconfirmed, synced.source
        )
    })
}

/// An invoice that came still stands, whatever was in doubt before.
pub(super) fn confirm(kind: &FactKind, row: &mut Row) {
    if let Some(at) = kind.position("awaiting_confirmation")
        && row.cells[at].is_none()
    {
        row.cells[at] = Some("no".to_owned());
    }
}

/// Holds back the invoices that owe in the book and did not come any more, and tells of them; how many.
pub(super) fn hold_back_what_owes(
    seen: &Seen<'_>,
    rehearsal: Rehearsal<'_>,
    summary: &mut SyncSummary,
) -> Result<u64> {
    if rehearsal.on {
        let ids = seen.first_held_back(summary.room_for_plans())?;
        rehearsal.in_doubt(ids, summary);
    }
    let held = seen.hold_back_what_owes()?;
    summary.notes.extend(unconfirmed(held, rehearsal.source));
    Ok(held)
}

fn unconfirmed(held: u64, source: &str) -> Option<String> {
    (held > 0).then(|| {
        format!(
            "{held} invoices that owe here came no more from {source}: cancelled there, or due outside the days that are asked for (days_back, days_ahead); nobody is told of them until they come again"
        )
    })
}
