//! Where facts come from: files of rows, the provider's ERP, definitions as TOML.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use self::headings::KnownHeadings;
use crate::clock::Now;
use crate::domain::book::{FactKind, KINDS};
use crate::domain::payment_code::{Charge, CodeKind};
use crate::domain::ticket::event::Event;
use crate::error::{Error, Result};
use crate::settings::{Ask, Secret};
use crate::toml_table::Section;

pub mod command;
mod csv;
pub mod definition;
pub mod encoding;
mod erp;
pub mod event;
pub mod headings;
pub mod hubsoft;
mod input;
pub mod ixc;
mod jsonl;
mod pairs;
mod raw_row;
pub mod receipt;
pub mod request;
mod row;
pub mod rows;
pub mod sgp;
pub mod ticket;
mod web;

pub use raw_row::{RawRow, Reading};
pub use row::{Row, Strange, TicketReply};

/// Reads what stands under `[sync]` for one sort of source; what is unwise goes to the warnings.
type Reader = fn(Section<'_, '_>, &Path, &mut Vec<String>) -> Vec<Arc<dyn SourceSettings>>;

/// What is known of one sort of source before anything is configured.
struct Sort {
    /// Its key under `[sync]`.
    key: &'static str,
    /// The kinds it may bring.
    brings: &'static [&'static str],
    /// The headings of the files it exports, for `import --preset`; none when it exports none.
    headings: KnownHeadings,
    /// What its section cannot do without; none where that is more than a few words.
    asks: &'static [Ask],
    /// Its reader.
    read: Reader,
}

/// Each sort of source. One more is its file or folder, and a line here.
const SORTS: &[Sort] = &[ixc::SORT, hubsoft::SORT, sgp::SORT, command::SORT];

/// Reads every source under `[sync]`.
pub fn read(
    sync: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Vec<Arc<dyn SourceSettings>> {
    SORTS
        .iter()
        .filter_map(|sort| Some((sort.read)(sync.section(sort.key)?, base, warnings)))
        .flatten()
        .collect()
}

/// The sections that may stand under `[sync]`.
pub fn sections() -> Vec<String> {
    let keys = SORTS.iter().map(|sort| sort.key);
    keys.map(|key| format!("[sync.{key}]")).collect()
}

/// The sources that a few words describe: each with what its section `[sync.NAME]` cannot do without.
pub fn choices() -> Vec<(&'static str, &'static [Ask])> {
    let told = SORTS.iter().filter(|sort| !sort.asks.is_empty());
    told.map(|sort| (sort.key, sort.asks)).collect()
}

/// The kinds that one source or another brings; every other comes from files alone.
pub fn kinds() -> Vec<&'static FactKind> {
    KINDS
        .iter()
        .filter(|kind| SORTS.iter().any(|sort| sort.brings.contains(&kind.name)))
        .collect()
}

/// The headings of the files that a program exports.
///
/// # Errors
/// When nobody knows that program's (exit 2).
pub fn preset(name: &str) -> Result<KnownHeadings> {
    let known = || SORTS.iter().filter(|sort| !sort.headings.is_empty());
    known()
        .find(|sort| sort.key == name)
        .map(|sort| sort.headings)
        .ok_or_else(|| {
            let names: Vec<&str> = known().map(|sort| sort.key).collect();
            Error::usage(format!("`{name}` is no preset of headings"))
                .hint(format!("known: {}", names.join(", ")))
                .hint(
                    "[import.clients] name = \"…\" in the configuration maps a file's own headings",
                )
        })
}

/// What is configured of one source.
pub trait SourceSettings: fmt::Debug + Send + Sync {
    /// What stands under `[sync]`: `ixc`.
    fn name(&self) -> &str;

    /// Its secrets, each with its key.
    fn secrets(&self) -> Vec<(&str, &Secret)>;

    /// The source itself. Nothing is asked yet.
    ///
    /// # Errors
    /// When a secret cannot be had (exit 3).
    fn open(&self) -> Result<Box<dyn Source>>;
}

/// Takes rows of a kind as they come, page by page; a page without rows says that the kind has begun, or
/// that its rows are waited for.
pub type Take<'a> = dyn FnMut(&'static FactKind, Vec<Row>) -> Result<()> + 'a;

/// A source of facts that can tell what it has, and what changed. It is only ever read.
pub trait Source {
    /// Its name: what it is remembered by, and what the ids of its events begin with.
    fn name(&self) -> &str;

    /// The kinds it brings, each after those it refers to.
    fn kinds(&self) -> Vec<&'static FactKind>;

    /// How many rows of a kind it can read again by their ids in one sync.
    fn rereads(&self) -> usize {
        0
    }

    /// Whether one bad row refuses all that it told, rather than being left out and read again.
    fn all_or_nothing(&self) -> bool {
        false
    }

    /// Whether a value that cannot be read is emptied and told of, rather than refused with its row, in a column
    /// that is not required and decides nothing.
    fn empties_bad(&self) -> bool {
        !self.all_or_nothing()
    }

    /// What to do about a row of this kind that others refer to and the book does not have.
    fn if_missing(&self, kind: &str) -> String {
        format!("look for it among the {kind} of the ERP")
    }

    /// A text of its rows as it may be shown: without what it was trusted with.
    fn covered(&self, text: String) -> String {
        text
    }

    /// Payment codes, where it has them.
    fn codes(&self) -> Option<&dyn PaymentCodes> {
        None
    }

    /// Which field of the source each column of a kind comes from.
    fn explain(&self, kind: &'static FactKind) -> Vec<Explained> {
        let _ = kind;
        Vec::new()
    }

    /// Reads everything asked for and hands it to `take`. An answer means that each list was read
    /// to its end; what is not complete is an error, because a partial list must never be acted on.
    ///
    /// # Errors
    /// When it does not answer, answers with no data, or with less than it told of (exit 4); and
    /// what `take` answers.
    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete>;

    /// Up to when the last sync knew of everything that had happened.
    fn known_until(&self, last: &Last, zone: Tz) -> Option<DateTime<Utc>> {
        let _ = zone;
        last.at
    }

    /// What a ticket's row tells that the book does not know yet.
    fn events(&self, row: &Row, known: ticket::Known<'_>) -> Vec<Event> {
        ticket::events(self.name(), row, known)
    }

    /// Looks whether everything it needs can be read, and tells each thing as soon as it is known.
    ///
    /// # Errors
    /// Only what `tell` answers.
    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()>;
}

/// Codes by which an invoice is paid, asked for one at a time, since asking may register the charge at
/// the bank.
pub trait PaymentCodes {
    /// Which may be asked for; none, where nobody said that they may.
    fn kinds(&self) -> &[CodeKind];

    /// How many may be asked for on one day.
    fn per_day(&self) -> u64;

    /// Asks for one, once, and checks that it is for what is due.
    ///
    /// # Errors
    /// When the source does not answer, or gives nobody codes (exit 4).
    fn ask(&self, invoice: i64, kind: CodeKind, due: Charge) -> Result<CodeAnswer>;
}

/// What became of asking for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeAnswer {
    /// The code.
    Had(String),
    /// There is none that may be sent, for this reason.
    NotToBeHad(String),
}

/// What a source may ask of the book.
pub trait BookLookup: fmt::Debug {
    /// Whether the book has this contract.
    ///
    /// # Errors
    /// When the database cannot be read (exit 4).
    fn has_contract(&self, id: i64) -> Result<bool>;
}

/// What is asked of a source.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The kinds wanted, in the order of [`Source::kinds`].
    pub kinds: Vec<AskedKind>,
    /// Everything, whether it changed or not.
    pub full: bool,
    /// What the source told by name in earlier syncs.
    pub names: Vec<Named>,
    /// The book as it stands.
    pub book: &'a dyn BookLookup,
    /// Now.
    pub now: Now,
}

/// One kind that is asked for.
#[derive(Debug, Clone)]
pub struct AskedKind {
    /// The kind.
    pub kind: &'static FactKind,
    /// How far the last sync came; none when there was none.
    pub last: Option<Last>,
    /// Rows to be read again, whether they changed or not; ids rising.
    pub again: Vec<i64>,
}

/// How far a sync came with one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The source's own mark; only the source reads it.
    pub cursor: String,
    /// When the sync began.
    pub at: Option<DateTime<Utc>>,
}

/// What something at the source is called; kept from one sync to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The source's list that it stands in.
    pub list: String,
    /// Its id there.
    pub id: i64,
    /// Its name; empty when it is known not to be there.
    pub name: String,
}

/// What reading came to, everything asked for having come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complete {
    /// For each kind asked for, in that order, how far it is known now.
    pub kinds: Vec<Reached>,
    /// Names that were learned.
    pub names: Vec<Named>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// Requests made.
    pub requests: u64,
}

/// How far one kind was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// What the source calls the place its rows come from.
    pub form: String,
    /// Only changes since this were asked for, as the source writes it.
    pub changed_since: Option<String>,
    /// From where the next sync goes on; none leaves the mark that there is.
    pub cursor: Option<String>,
    /// Every row that the source has of the kind was read: what did not come is gone.
    pub whole: bool,
    /// Every row came that is due within the days asked for and still stands: what owes in the book and
    /// did not come was cancelled, or cannot be known any more.
    pub still_owed: bool,
    /// It said nothing of the kind, and nobody told that it would: nothing is known of it.
    pub silent: bool,
    /// Why the kind could not be read, while the others could: it is withheld from us.
    pub withheld: Option<String>,
}

/// Where a column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The column of the book.
    pub column: &'static str,
    /// The source's field, and what is made of it.
    pub field: String,
}

impl Explained {
    /// A column with its field.
    pub fn of(column: &'static str, field: impl Into<String>) -> Self {
        Self {
            column,
            field: field.into(),
        }
    }
}

/// One thing that a source looked at in itself.
#[derive(Debug)]
pub enum Checked {
    /// It is as it should be.
    Fine(String),
    /// It works, and could bite.
    Doubtful {
        /// What was found.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// It cannot be read.
    Unreadable {
        /// What that is; none for the source as a whole.
        what: Option<String>,
        /// Why not.
        error: Error,
        /// Whether syncs fail without it; otherwise they are only poorer.
        needed: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_preset_is_one_of_the_books() {
        for sort in SORTS {
            for (kind, columns) in sort.headings {
                let kind = FactKind::named(kind).expect("a kind");
                for (column, _) in *columns {
                    let known = column.is_empty() || kind.position(column).is_some();
                    assert!(known, "{}: {}.{column}", sort.key, kind.name);
                }
            }
        }
    }
}
