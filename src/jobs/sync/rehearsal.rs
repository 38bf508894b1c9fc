//! What a rehearsed sync would make of each row, told one by one.

use super::summary::{Became, RowPlan, SyncSummary};
use crate::domain::book::{FactKind, Value};
use crate::error::Result;
use crate::store::Connection;
use crate::store::presence::Seen;
use crate::store::sync as memory;

/// Whether, and how, a sync is rehearsed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rehearsal<'a> {
    /// It is: nothing will be kept.
    pub on: bool,
    /// The source whose rows come.
    pub source: &'a str,
}

impl Rehearsal<'_> {
    /// The columns that a row would change, before it does; none when nobody asks.
    ///
    /// # Errors
    /// When the database cannot be read (exit 4).
    pub fn before(
        self,
        connection: &Connection,
        kind: &FactKind,
        cells: &[Option<Value>],
        summary: &SyncSummary,
    ) -> Result<Vec<&'static str>> {
        if !self.on || summary.room_for_plans() == 0 {
            return Ok(Vec::new());
        }
        Ok(memory::differing(connection, kind, cells)?.unwrap_or_default())
    }

    /// Notes what became of a row.
    pub fn after(
        self,
        kind: &'static FactKind,
        (id, became): (i64, Became),
        columns: Vec<&'static str>,
        summary: &mut SyncSummary,
    ) {
        let change = match became {
            Became::New => "new",
            Became::Changed => "changed",
            Became::Back => "back",
            Became::Unchanged | Became::Refused | Became::Doubted | Became::Erased => return,
        };
        if self.on && summary.room_for_plans() > 0 {
            summary.plans.push(self.plan(kind, id, change, columns));
        }
    }

    /// Notes the rows that would be gone.
    ///
    /// # Errors
    /// When the database cannot be read (exit 4).
    pub fn gone(
        self,
        kind: &'static FactKind,
        seen: &Seen<'_>,
        summary: &mut SyncSummary,
    ) -> Result<()> {
        if self.on {
            for id in seen.first_missing(summary.room_for_plans())? {
                summary.plans.push(self.plan(kind, id, "gone", Vec::new()));
            }
        }
        Ok(())
    }

    /// Notes invoices of which nobody would be told any more.
    pub fn in_doubt(self, ids: impl IntoIterator<Item = i64>, summary: &mut SyncSummary) {
        if !self.on {
            return;
        }
        let room = summary.room_for_plans();
        let plans = ids.into_iter().take(room).map(|id| RowPlan {
            kind: "invoices",
            source: self.source.to_owned(),
            id,
            change: "changed",
            columns: vec!["awaiting_confirmation"],
        });
        summary.plans.extend(plans);
    }

    fn plan(
        self,
        kind: &'static FactKind,
        id: i64,
        change: &'static str,
        columns: Vec<&'static str>,
    ) -> RowPlan {
        RowPlan {
            kind: kind.name,
            source: self.source.to_owned(),
            id,
            change,
            columns,
        }
    }
}
