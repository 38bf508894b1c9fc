//! The last step of a sync: rows that were put aside are compared with the book and written to it.

use std::collections::BTreeSet;

use super::doubt::{self, confirm};
use super::gather::Gathered;
use super::parents::parents_first;
use super::rehearsal::Rehearsal;
use super::spool::Spool;
use super::summary::{Became, Refused, SyncSummary, Synced};
use super::tickets::Tickets;
use crate::clock::Now;
use crate::domain::book::{self, FactKind, Value};
use crate::domain::percent::Percent;
use crate::error::{Error, Flaw, Result};
use crate::jobs::gone;
use crate::jobs::ticket::Desk;
use crate::source::{AskedKind, Reached, Row, Source, Strange};
use crate::store::import::{Importer, Put};
use crate::store::presence::{Bringer, Seen};
use crate::store::sync::{self as memory, Presence, RowChange};
use crate::store::{Connection, Transaction};
use crate::store::{book as rows, meta};

/// Writes everything that a source told, and adds to the summary what became of it.
pub fn apply(
    transaction: &Transaction<'_>,
    source: &dyn Source,
    gathered: Gathered,
    (desk, now, most_gone): (Desk<'_>, Now, Percent),
    mut summary: SyncSummary,
) -> Result<SyncSummary> {
    let Gathered {
        complete,
        spools,
        full,
        by_task,
        dry_run,
    } = gathered;
    summary.requests += complete.requests;
    summary.notes.extend(complete.notes);
    let mut book = Book {
        connection: transaction,
        source,
        rehearsal: Rehearsal {
            on: dry_run,
            source: source.name(),
        },
        now: &now,
        most_gone,
        bringer: Bringer::source(transaction, source.name())?,
        synced: spools.iter().map(|(asked, _)| asked.kind.name).collect(),
        tickets: Tickets::new(source, desk),
        doubted: BTreeSet::new(),
        bad: Vec::new(),
        summary,
    };
    for ((asked, spool), reached) in spools.into_iter().zip(complete.kinds) {
        if let Some(why) = &reached.withheld {
            book.withheld(asked.kind, why, by_task)?;
            continue;
        }
        if reached.silent {
            continue;
        }
        book.take(&asked, reached, spool, full)?;
    }
    book.nothing_refused()?;
    Ok(book.summary)
}

/// A row that cannot be taken.
fn refusal(
    (kind, id): (&FactKind, i64),
    column: &'static str,
    found: &str,
    remedy: String,
) -> Refused {
    Refused {
        kind: kind.name,
        id,
        column,
        found: found.to_owned(),
        remedy,
    }
}

/// Bad rows that are told one by one, where none may be.
const MOST_BAD: usize = 20;

/// The book while rows are written to it.
struct Book<'a> {
    connection: &'a Connection,
    source: &'a dyn Source,
    rehearsal: Rehearsal<'a>,
    now: &'a Now,
    /// Of a kind, the most that may be gone.
    most_gone: Percent,
    bringer: Bringer,
    /// The kinds that are brought up to date in this very run.
    synced: Vec<&'static str>,
    tickets: Tickets<'a>,
    /// The rows of the kind at hand that could not be taken before.
    doubted: BTreeSet<i64>,
    /// What is wrong with rows of a source of which all is taken or nothing; the first of them.
    bad: Vec<Flaw>,
    summary: SyncSummary,
}

impl Book<'_> {
    /// Whether a source of which all is taken or nothing gave no bad row.
    ///
    /// # Errors
    /// Its bad rows (exit 3).
    fn nothing_refused(&self) -> Result<()> {
        if !self.source.all_or_nothing() || self.bad.is_empty() {
            return Ok(());
        }
        let name = self.source.name();
        let told = format!("the rows of {name} are not acceptable; nothing of it was written");
        Err(Error::flaws(told, self.bad.clone()))
    }

    /// Tells that a kind is withheld from us: a person each time, who reads a task's words once a day.
    fn withheld(&mut self, kind: &FactKind, why: &str, by_task: bool) -> Result<()> {
        let key = format!("withheld.{}.{}", self.source.name(), kind.name);
        let today = self.now.today.to_string();
        let told = meta::get(self.connection, &key)?.is_some_and(|day| day == today);
        if !(by_task && told) {
            meta::set(self.connection, &key, &today)?;
            let told = format!("{} were not read, the others were: {why}", kind.name);
            self.summary.withheld.push(told.clone());
            self.summary.notes.push(told);
        }
        Ok(())
    }

    fn take(
        &mut self,
        asked: &AskedKind,
        reached: Reached,
        spool: Spool,
        full: bool,
    ) -> Result<()> {
        let kind = asked.kind;
        let source = self.source.name();
        let mut waiting = self.waiting(asked, full)?;
        self.tickets.begin(asked, self.now);
        let mut synced = Synced {
            kind: kind.name,
            source: source.to_owned(),
            form: reached.form,
            changed_since: reached.changed_since,
            ..Synced::default()
        };
        let mut importer = Importer::new(self.connection, kind, self.bringer)?;
        let still_owed = reached.still_owed && kind.table == "invoice";
        let seen = (still_owed || reached.whole && kind.can_be_gone())
            .then(|| Seen::begin(self.connection, kind, self.bringer))
            .transpose()?;
        let manner = (seen.as_ref(), still_owed);
        self.rows(
            kind,
            spool,
            (&mut importer, manner),
            (&mut waiting, &mut synced),
        )?;
        self.summary.notes.extend(doubt::doubted(&synced));
        if !waiting.is_empty() {
            let (left, kind) = (waiting.len(), kind.name);
            self.summary.notes.push(format!(
                "{left} of the {kind} that were refused before were not read again; `regua sync --full` reads all"
            ));
        }
        match &seen {
            Some(seen) if still_owed => {
                let summary = &mut self.summary;
                synced.unconfirmed += doubt::hold_back_what_owes(seen, self.rehearsal, summary)?;
            }
            Some(seen) => {
                self.rehearsal.gone(kind, seen, &mut self.summary)?;
                synced.gone = gone::take(seen, kind, source, (self.most_gone, self.now.today))?;
            }
            None => {}
        }
        if let Some(cursor) = reached.cursor {
            memory::set_cursor(self.connection, source, kind.name, (&cursor, self.now.at))?;
        }
        meta::set_refreshed(self.connection, kind.name, self.now.at)?;
        if reached.whole || still_owed {
            let today = self.now.today.to_string();
            meta::set_read_whole(self.connection, source, kind.name, &today)?;
        }
        self.summary.kinds.push(synced);
        Ok(())
    }

    /// Takes each row of a kind, and counts what became of it.
    fn rows(
        &mut self,
        kind: &'static FactKind,
        spool: Spool,
        (importer, (seen, still_owed)): (&mut Importer<'_>, (Option<&Seen<'_>>, bool)),
        (waiting, synced): (&mut BTreeSet<i64>, &mut Synced),
    ) -> Result<()> {
        let mut waiting_for_parents = Vec::new();
        for row in spool.into_rows()? {
            let mut row = row?;
            if row.reply.is_some() {
                self.hear(kind, &row)?;
                continue;
            }
            synced.read += 1;
            if still_owed || self.doubted.contains(&row.id) {
                confirm(kind, &mut row);
            }
            if let Some(seen) = seen {
                seen.note(row.id)?;
            }
            if waiting.remove(&row.id) {
                let (source, row) = (self.source.name(), (kind.name, row.id));
                memory::set_again(self.connection, source, row, false)?;
            }
            if kind.refers_to_itself() {
                waiting_for_parents.push((synced.read, row));
                continue;
            }
            synced.count(self.row(kind, importer, synced.read, row)?);
        }
        for (line, row) in parents_first(kind, waiting_for_parents) {
            synced.count(self.row(kind, importer, line, row)?);
        }
        Ok(())
    }

    /// The rows that are to be read again by a later sync, those left out that are known by now, or gone.
    fn waiting(&mut self, asked: &AskedKind, full: bool) -> Result<BTreeSet<i64>> {
        let (kind, source) = (asked.kind, self.source.name());
        let whole = full || asked.last.is_none();
        let mut waiting: BTreeSet<i64> = memory::again(self.connection, source, kind.name)?
            .into_iter()
            .collect();
        self.doubted.clone_from(&waiting);
        // The rows that were to be read again are known by now, or gone.
        let known = if whole {
            std::mem::take(&mut waiting)
        } else {
            asked.again.iter().copied().collect()
        };
        for id in known {
            waiting.remove(&id);
            memory::set_again(self.connection, source, (kind.name, id), false)?;
        }
        Ok(waiting)
    }

    /// Takes one row.
    fn row(
        &mut self,
        kind: &'static FactKind,
        importer: &mut Importer<'_>,
        line: u64,
        row: Row,
    ) -> Result<Became> {
        let told = self.hear(kind, &row)?;
        self.strange(kind, &row)?;
        let id = row.id;
        for strange in row.strange {
            self.summary.notice(kind.name, id, strange);
        }
        match self.cells(kind, id, &row.cells) {
            Ok(mut cells) => {
                self.owner(kind, &mut cells)?;
                if let Some(parent) = importer.parent_to_come(&cells)? {
                    let at = kind.position("parent_id").unwrap_or(0);
                    let other = (parent, kind.name);
                    if let Some(refused) = self.orphan(kind, id, "parent_id", other)? {
                        return self.refuse(refused);
                    }
                    cells[at] = Some(Value::Null);
                }
                let connection = self.connection;
                let summary = &self.summary;
                let columns = self.rehearsal.before(connection, kind, &cells, summary)?;
                let became = self.put(kind, importer, (line, id), cells, told)?;
                let rehearsal = self.rehearsal;
                rehearsal.after(kind, (id, became), columns, &mut self.summary);
                Ok(became)
            }
            Err(refused) => self.refuse(refused),
        }
    }

    /// Tells what a ticket's row says that the book does not know.
    fn hear(&mut self, kind: &FactKind, row: &Row) -> Result<Option<Became>> {
        let (connection, now) = (self.connection, self.now);
        self.tickets
            .hear(connection, kind, row, now, &mut self.summary)
    }

    /// Notes the row's codes that nobody knew, instead of those it had before.
    fn strange(&self, kind: &FactKind, row: &Row) -> Result<()> {
        let codes: Vec<(&str, &str)> = row
            .strange
            .iter()
            .filter(|strange| strange.code)
            .map(|strange| (&*strange.field, strange.found.as_str()))
            .collect();
        let source = self.source.name();
        memory::set_codes(self.connection, source, (kind.name, row.id), &codes)
    }

    /// The row's texts as the values of its kind.
    fn cells(
        &mut self,
        kind: &'static FactKind,
        id: i64,
        texts: &[Option<String>],
    ) -> Result<Vec<Option<Value>>, Refused> {
        let mut cells: Vec<Option<Value>> = vec![None; kind.columns.len()];
        for ((column, cell), text) in kind.columns.iter().zip(&mut cells).zip(texts) {
            let Some(text) = text else {
                continue;
            };
            if text.is_empty() && column.source_may_lack {
                *cell = Some(Value::Null);
                continue;
            }
            match book::read(column, text, self.now) {
                Ok(value) => *cell = Some(value),
                Err(refused)
                    if column.required
                        || !(column.cell.may_be_emptied() && self.source.empties_bad()) =>
                {
                    return Err(Refused {
                        kind: kind.name,
                        id,
                        column: column.name,
                        found: refused.found,
                        remedy: refused.accepted,
                    });
                }
                Err(refused) => {
                    let found = format!("{}, {}", refused.found, refused.accepted);
                    self.left_empty(kind, id, column.name, found);
                    *cell = book::read(column, "", self.now).ok();
                }
            }
        }
        match kind.contradiction(&cells) {
            None => Ok(cells),
            Some((column, wrong)) => Err(Refused {
                kind: kind.name,
                id,
                column,
                found: wrong.found,
                remedy: wrong.accepted,
            }),
        }
    }

    /// Fills in whose an invoice is by its contract, where the source says no more than that.
    fn owner(&self, kind: &FactKind, cells: &mut [Option<Value>]) -> Result<()> {
        let (Some(client), Some(contract)) =
            (kind.position("client_id"), kind.position("contract_id"))
        else {
            return Ok(());
        };
        if let (None, Some(Value::Integer(id))) = (&cells[client], &cells[contract])
            && let Some(contract) = rows::contract(self.connection, *id)?
        {
            cells[client] = Some(Value::Integer(contract.client_id));
        }
        Ok(())
    }

    /// Writes a row if it says something else than the book. `told` is what a ticket's event made of it.
    fn put(
        &mut self,
        kind: &'static FactKind,
        importer: &mut Importer<'_>,
        (line, id): (u64, i64),
        mut cells: Vec<Option<Value>>,
        told: Option<Became>,
    ) -> Result<Became> {
        loop {
            let whole = kind.is_whole(&cells);
            let (change, presence) = memory::change(self.connection, kind, &cells, self.bringer)?;
            // A row that lacks what a new one needs only adds to what others bring.
            let back = whole && presence == Presence::Absent;
            if change == RowChange::Same {
                if whole && presence != Presence::Held {
                    importer.claim(&cells, back)?;
                }
                let unchanged = if back {
                    Became::Back
                } else {
                    Became::Unchanged
                };
                return Ok(told.unwrap_or(unchanged));
            }
            let refused = match importer.put(line, &cells)? {
                Put::Erased => return Ok(Became::Erased),
                Put::Written if change == RowChange::New => return Ok(Became::New),
                Put::Written if back => return Ok(Became::Back),
                Put::Twice(_) if self.source.all_or_nothing() => Some(refusal(
                    (kind, id),
                    kind.columns[0].name,
                    "came twice, and says two things",
                    "give each key once".to_owned(),
                )),
                // Twice: the row was read again by itself, and stood on a page too.
                Put::Written | Put::Twice(_) => return Ok(told.unwrap_or(Became::Changed)),
                Put::Lacks(columns) => Some(refusal(
                    (kind, id),
                    columns.first().copied().unwrap_or("id"),
                    "is missing in the answer",
                    format!("a new row needs {}", columns.join(", ")),
                )),
                Put::Orphan {
                    column,
                    id: other,
                    kind: of,
                } => {
                    cells[kind.position(column).unwrap_or(0)] = Some(Value::Null);
                    self.orphan(kind, id, column, (other, of))?
                }
            };
            if let Some(refused) = refused {
                return self.refuse(refused);
            }
        }
    }

    /// A row refers to one that the book does not have: it is refused if it cannot be without.
    fn orphan(
        &mut self,
        kind: &'static FactKind,
        id: i64,
        column: &'static str,
        (other, of): (i64, &'static str),
    ) -> Result<Option<Refused>> {
        // It may come with its own kind, if that was not read just now.
        let may_come =
            !self.synced.contains(&of) && self.source.kinds().iter().any(|kind| kind.name == of);
        let at = kind.position(column).unwrap_or(0);
        if kind.columns[at].required || self.source.all_or_nothing() {
            return Ok(Some(Refused {
                kind: kind.name,
                id,
                column,
                found: format!("{other} is not among the {of} of the book"),
                remedy: if may_come {
                    format!("sync {of} as well")
                } else {
                    self.source.if_missing(of)
                },
            }));
        }
        if may_come {
            let source = self.source.name();
            memory::set_again(self.connection, source, (kind.name, id), true)?;
        }
        self.left_empty(kind, id, column, format!("not among the {of} of the book"));
        Ok(None)
    }

    /// Leaves a row out, and has it read again next time.
    fn refuse(&mut self, refused: Refused) -> Result<Became> {
        if self.source.all_or_nothing() {
            if self.bad.len() < MOST_BAD {
                let place = format!("{} {}", refused.kind, refused.id);
                let found = self.source.covered(refused.found);
                let flaw = Flaw::of(refused.column, found, refused.remedy);
                self.bad.push(flaw.within(place));
            }
            return Ok(Became::Refused);
        }
        let row = (refused.kind, refused.id);
        memory::set_again(self.connection, self.source.name(), row, true)?;
        let became = doubt::refused(self.connection, &refused)?;
        if matches!(became, Became::Doubted) {
            self.rehearsal.in_doubt([refused.id], &mut self.summary);
        }
        self.summary.refuse(refused);
        Ok(became)
    }

    fn left_empty(&mut self, kind: &FactKind, id: i64, column: &'static str, found: String) {
        let strange = Strange {
            field: column.into(),
            found,
            taken: "left empty".into(),
            code: false,
        };
        self.summary.notice(kind.name, id, strange);
    }
}
