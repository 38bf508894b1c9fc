//! Collections as they are kept: which invoices may move, what is known of each, and every move.

mod candidate;
mod case;
mod detail;
mod due;
mod handover;
mod list;
mod stats;
mod told;

use rusqlite::Connection;

use crate::error::Result;

pub use candidate::{Owing, each_candidate, each_owing_by_client, not_taken};
pub use case::{
    CaseWriter, OpenCaseRow, StandingCases, case_number, case_open, close_all, open_case,
    open_cases, reminder_fired, reopen_present, standing,
};
pub use detail::{Detail, Details, detail};
pub use due::{DueMove, DueWriter, begin_run, each_due, moved_in_run};
pub use handover::{Handover, hand_over, to_hand_over};
pub use list::{
    Case, CaseFilter, CaseMove, FiredReminder, ORDERS, bureau_told, each_case, moves, reminders,
};
pub use stats::{FunnelFigures, FunnelKey, figures};
pub use told::{StageTold, give_way, stages_told};

/// Whether the book has any invoice at all.
pub fn any_invoice(connection: &Connection) -> Result<bool> {
    Ok(
        connection.query_row("SELECT EXISTS (SELECT 1 FROM invoice)", [], |row| {
            row.get(0)
        })?,
    )
}
