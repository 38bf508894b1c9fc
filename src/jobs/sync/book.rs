//! The last step of a sync: rows that were put aside are compared with the book and written to it.

use std::collections::BTreeSet;

use super::gather::Gathered;
use super::spool::Spool;
use super::summary::{Became, Refused, SyncSummary, Synced};
use super::tickets::Tickets;
use crate::clock::Now;
use crate::domain::book::{self, FactKind, Value};
use crate::error::Result;
use crate::jobs::ticket::Desk;
use crate::source::{AskedKind, Reached, Row, Source, Strange};
use crate::store::import::{Importer, Put};
use crate::store::meta;
use crate::store::sync::{self as memory, RowChange};
use crate::store::{Connection, Transaction};

/// Writes everything that a source told, and adds to the summary what became of it.
pub fn apply(
    transaction: &Transaction<'_>,
    source: &dyn Source,
    gathered: Gathered,
    (desk, now): (Desk<'_>, Now),
    mut summary: SyncSummary,
) -> Result<SyncSummary> {
    let Gathered {
        complete,
        spools,
        not_again,
        full,
        by_task,
    } = gathered;
    summary.requests += complete.requests;
    for (kind, left) in not_again {
        summary.notes.push(format!(
            "{left} of the {kind} that were refused before were not read again; `regua sync --full` reads all"
        ));
    }
    summary.notes.extend(complete.notes);
    let mut book = Book {
        connection: transaction,
        source,
        now: &now,
        synced: spools.iter().map(|(asked, _)| asked.kind.name).collect(),
        tickets: Tickets::new(source, desk),
        summary,
    };
    for ((asked, spool), reached) in spools.into_iter().zip(complete.kinds) {
        if let Some(why) = &reached.withheld {
            book.withheld(asked.kind, why, by_task)?;
            continue;
        }
        book.take(&asked, reached, spool, full)?;
    }
    Ok(book.summary)
}

/// The book while rows are written to it.
struct Book<'a> {
    connection: &'a Connection,
    source: &'a dyn Source,
    now: &'a Now,
    /// The kinds that are brought up to date in this very run.
    synced: Vec<&'static str>,
    tickets: Tickets<'a>,
    summary: SyncSummary,
}

impl Book<'_> {
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
        let whole = full || asked.last.is_none();
        let mut waiting: BTreeSet<i64> = memory::again(self.connection, source, kind.name)?
            .into_iter()
            .collect();
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
        self.tickets.begin(asked, self.now);
        let mut synced = Synced {
            kind: kind.name,
            source: source.to_owned(),
            form: reached.form,
            changed_since: reached.changed_since,
            read: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
        };
        let mut importer = Importer::new(self.connection, kind)?;
        for row in spool.into_rows()? {
            synced.read += 1;
            let row = row?;
            if waiting.remove(&row.id) {
                memory::set_again(self.connection, source, (kind.name, row.id), false)?;
            }
            match self.row(kind, &mut importer, synced.read, row)? {
                Became::New => synced.new += 1,
                Became::Changed => synced.changed += 1,
                Became::Unchanged => synced.unchanged += 1,
                Became::Refused => synced.refused += 1,
            }
        }
        if let Some(cursor) = reached.cursor {
            let at = self.now.at;
            memory::set_cursor(self.connection, source, kind.name, (&cursor, at))?;
        }
        meta::set_refreshed(self.connection, kind.name, self.now.at)?;
        self.summary.kinds.push(synced);
        Ok(())
    }

    fn row(
        &mut self,
        kind: &'static FactKind,
        importer: &mut Importer<'_>,
        line: u64,
        row: Row,
    ) -> Result<Became> {
        let told = self
            .tickets
            .hear(self.connection, kind, &row, self.now, &mut self.summary)?;
        self.strange(kind, &row)?;
        let id = row.id;
        for strange in row.strange {
            self.summary.notice(kind.name, id, strange);
        }
        match self.cells(kind, id, &row.cells) {
            Ok(cells) => self.put(kind, importer, (line, id), cells, told),
            Err(refused) => self.refuse(refused),
        }
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
                Err(refused) if column.required => {
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
            let change = memory::change(self.connection, kind, &cells)?;
            if change == RowChange::Same {
                return Ok(told.unwrap_or(Became::Unchanged));
            }
            match importer.put(line, &cells)? {
                Put::Written if change == RowChange::New => return Ok(Became::New),
                // Twice: the row was read again by itself, and stood on a page too.
                Put::Written | Put::Twice(_) => return Ok(told.unwrap_or(Became::Changed)),
                Put::Lacks(columns) => {
                    return self.refuse(Refused {
                        kind: kind.name,
                        id,
                        column: columns.first().copied().unwrap_or("id"),
                        found: "is missing in the answer".to_owned(),
                        remedy: format!("a new row needs {}", columns.join(", ")),
                    });
                }
                Put::Orphan {
                    column,
                    id: other,
                    kind: of,
                } => {
                    if let Some(refused) = self.orphan(kind, id, column, (other, of))? {
                        return self.refuse(refused);
                    }
                    cells[kind.position(column).unwrap_or(0)] = Some(Value::Null);
                }
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
        if kind.columns[at].required {
            return Ok(Some(Refused {
                kind: kind.name,
                id,
                column,
                found: format!("{other} is not among the {of} of the book"),
                remedy: if may_come {
                    format!("sync {of} as well")
                } else {
                    format!("look for it among the {of} of the ERP")
                },
            }));
        }
        if may_come {
            let source = self.source.name();
            memory::set_again(self.connection, source, (kind.name, id), true)?;
        }
        let found = format!("not among the {of} of the book");
        self.left_empty(kind, id, column, found);
        Ok(None)
    }

    /// Leaves a row out, and has it read again next time.
    fn refuse(&mut self, refused: Refused) -> Result<Became> {
        let source = self.source.name();
        memory::set_again(self.connection, source, (refused.kind, refused.id), true)?;
        self.summary.refuse(refused);
        Ok(Became::Refused)
    }

    fn left_empty(&mut self, kind: &FactKind, id: i64, column: &'static str, found: String) {
        let strange = Strange {
            field: column.into(),
            found,
            taken: "left empty".into(),
            code: false,
        };
        let kind: &'static str = kind.name;
        self.summary.notice(kind, id, strange);
    }
}
