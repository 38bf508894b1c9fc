//! What a sync came to, as a value.

use std::borrow::Cow;

use crate::jobs::access::AccessSummary;
use crate::source::Strange;

/// Refused rows that are told one by one, at most; all are counted.
const MOST_TOLD: usize = 1000;

/// What became of one row.
#[derive(Clone, Copy)]
pub enum Became {
    /// The book did not have it.
    New,
    /// It now says something else.
    Changed,
    /// It was absent, and is there again.
    Back,
    /// It says what the book said.
    Unchanged,
    /// It could not be taken.
    Refused,
    /// It could not be taken, and the invoice owes in the book.
    Doubted,
    /// It is of a client whose data was erased.
    Erased,
}

/// What became of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// The kind.
    pub kind: &'static str,
    /// The source it came from.
    pub source: String,
    /// What the source calls the place it came from.
    pub form: String,
    /// Only changes since this were asked for, as the source writes it.
    pub changed_since: Option<String>,
    /// Rows read.
    pub read: u64,
    /// Rows that the book did not have.
    pub new: u64,
    /// Rows that now say something else.
    pub changed: u64,
    /// Rows that say what the book said.
    pub unchanged: u64,
    /// Rows that could not be taken.
    pub refused: u64,
    /// Rows passed over, because their client's data was erased.
    pub erased: u64,
    /// Rows that were absent and are there again; they count as changed.
    pub back: u64,
    /// Rows that the source no longer has.
    pub gone: u64,
    /// Invoices that owe in the book, and did not come any more or could not be taken: nobody is told of them.
    pub unconfirmed: u64,
}

impl Synced {
    /// Counts what became of one row.
    pub(super) const fn count(&mut self, became: Became) {
        match became {
            Became::New => self.new += 1,
            Became::Changed => self.changed += 1,
            Became::Back => {
                self.changed += 1;
                self.back += 1;
            }
            Became::Unchanged => self.unchanged += 1,
            Became::Refused => self.refused += 1,
            Became::Doubted => {
                self.refused += 1;
                self.unconfirmed += 1;
            }
            Became::Erased => self.erased += 1,
        }
    }
}

/// A row that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind.
    pub kind: &'static str,
    /// The row's id.
    pub id: i64,
    /// The column.
    pub column: &'static str,
    /// What was found.
    pub found: String,
    /// What is accepted, or what to do.
    pub remedy: String,
}

/// Something in the source that was not understood, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// The kind.
    pub kind: &'static str,
    /// The source's field, or the book's column.
    pub field: Cow<'static, str>,
    /// What stood there: a code as it came, or what is wrong with the first such value.
    pub found: String,
    /// What was made of it.
    pub taken: Cow<'static, str>,
    /// It is a code that regua does not know, rather than a value that cannot be right.
    pub code: bool,
    /// Rows that hold it.
    pub rows: u64,
    /// The first of them.
    pub first_id: i64,
}

/// What a rehearsed sync would make of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPlan {
    /// The kind.
    pub kind: &'static str,
    /// The source that tells of it.
    pub source: String,
    /// The row's id.
    pub id: i64,
    /// `new`, `changed`, `back` or `gone`.
    pub change: &'static str,
    /// The columns that would say something else.
    pub columns: Vec<&'static str>,
}

/// What a sync came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// By kind, in the order they were written.
    pub kinds: Vec<Synced>,
    /// Rows that could not be taken; the first thousand.
    pub refused: Vec<Refused>,
    /// Of a rehearsal, what would become of rows that change; the first thousand.
    pub plans: Vec<RowPlan>,
    /// What was not understood.
    pub noticed: Vec<Noticed>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// Those of them that tell of a kind that is withheld from us.
    pub withheld: Vec<String>,
    /// Requests made.
    pub requests: u64,
    /// What happened to tickets since the last sync, told to whom a trigger names.
    pub ticket_events: u64,
    /// Messages that those events caused; they wait in the queue.
    pub ticket_messages: u64,
    /// What changed of contracts' access, and who is told.
    pub access: AccessSummary,
}

impl SyncSummary {
    /// How many rows could not be taken.
    pub fn refused_rows(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.refused).sum()
    }

    /// How many rows more may be told of one by one.
    pub(super) const fn room_for_plans(&self) -> usize {
        MOST_TOLD.saturating_sub(self.plans.len())
    }

    /// Notes a row that is left out.
    pub(super) fn refuse(&mut self, refused: Refused) {
        if self.refused.len() < MOST_TOLD {
            self.refused.push(refused);
        }
    }

    /// Counts something that was not understood: codes by code, values by what was made of them.
    pub(super) fn notice(&mut self, kind: &'static str, id: i64, strange: Strange) {
        let Strange {
            field,
            found,
            taken,
            code,
        } = strange;
        let same = self.noticed.iter_mut().find(|noticed| {
            noticed.kind == kind
                && noticed.field == field
                && noticed.taken == taken
                && noticed.code == code
                && (!code || noticed.found == found)
        });
        if let Some(noticed) = same {
            noticed.rows += 1;
        } else {
            self.noticed.push(Noticed {
                kind,
                field,
                found,
                taken,
                code,
                rows: 1,
                first_id: id,
            });
        }
    }
}
