//! One file of an import: its rows checked, put into the book, or left out with what is wrong with them.

use super::abreast;
use super::checked::{Checked, Checker};
use super::rejects::Rejects;
use super::{BLOCK_LISTS, Imported, Reporter};
use crate::clock::{Now, Stopwatch};
use crate::domain::book::{FactKind, Value};
use crate::error::{Flaw, Result};
use crate::jobs::gone::Replacing;
use crate::source::encoding::Encoding;
use crate::source::rows::FileRows;
use crate::store::import::{Importer, Put};

/// One file on its way into the book.
pub(super) struct FileImport<'a> {
    pub kind: &'static FactKind,
    /// What problems call the file.
    pub place: String,
    pub importer: Importer<'a>,
    pub replacing: Replacing<'a>,
    pub now: Now,
    pub rejects: Option<Rejects>,
    pub reporter: &'a mut dyn Reporter,
    pub tally: Tally,
}

/// What a file came to so far.
#[derive(Default)]
pub(super) struct Tally {
    read: u64,
    bad: u64,
    erased: u64,
    emptied: u64,
    /// Rows whose parents may come after them.
    waiting: Vec<Waiting>,
}

/// A bad row as text, and its file's header if it has one; none when bad rows are not kept.
type Rejected = Option<(Option<String>, String)>;

/// A row that names a parent which the file may still bring.
struct Waiting {
    line: u64,
    values: Vec<Option<Value>>,
    /// What is wrong with it if the parent never comes.
    problem: Flaw,
    rejected: Rejected,
}

impl FileImport<'_> {
    /// Takes every row of the file that `open` opens, reading it ahead where that is worth it; what became of them.
    pub fn run(
        mut self,
        open: impl FnOnce() -> Result<Checker> + Send,
        ahead: bool,
    ) -> Result<Imported> {
        let watch = Stopwatch::start();
        let before = self.importer.rows()?;
        // A row that is left out is written down as the file has it, which is known while it is the latest.
        let encoding = if ahead && self.rejects.is_none() {
            abreast::run(open, |rows, progress| {
                for row in rows {
                    self.take(row, None)?;
                }
                self.tell(progress);
                Ok(())
            })?
        } else {
            self.in_turn(open()?)?
        };
        let waiting = std::mem::take(&mut self.tally.waiting);
        self.put_waiting(waiting)?;
        self.importer.finish()?;
        if self.kind.name == BLOCK_LISTS {
            self.importer.replace_lists(self.now.at)?;
        }
        let gone = self.gone()?;
        let new = self.importer.rows()? - before;
        let new = u64::try_from(new).unwrap_or(0);
        let tally = &self.tally;
        Ok(Imported {
            kind: self.kind.name,
            file: self.place,
            rows: tally.read,
            new,
            updated: (tally.read - tally.bad).saturating_sub(new + tally.erased),
            bad: tally.bad,
            erased: tally.erased,
            gone,
            emptied: tally.emptied,
            encoding,
            seconds: watch.elapsed().as_secs_f64(),
        })
    }

    /// Reads and takes one row after the other.
    fn in_turn(&mut self, mut checker: Checker) -> Result<Option<Encoding>> {
        let mut row = Checked::default();
        while checker.next(&mut row)? {
            self.take(&mut row, Some(&checker.rows))?;
            self.tell(checker.rows.progress());
        }
        Ok(checker.rows.encoding())
    }

    /// Takes a row; `rows` is where it is the latest, for the row as the file has it.
    fn take(&mut self, row: &mut Checked, rows: Option<&FileRows>) -> Result<()> {
        self.tally.read += 1;
        let kept = self.rejects.is_some();
        let key = row.key.as_deref();
        self.replacing
            .came(key, (&self.place, row.line, kept), &self.now)?;
        let mut problems = std::mem::take(&mut row.problems);
        if problems.is_empty() {
            self.tally.emptied += row.emptied.len() as u64;
            for flaw in &row.emptied {
                self.reporter.emptied(flaw);
            }
            if let Some(parent) = self.importer.parent_to_come(&row.values)? {
                let problem = self.no_parent(row.line, parent);
                let rejected = self.rejected(std::slice::from_ref(&problem), rows);
                self.tally.waiting.push(Waiting {
                    line: row.line,
                    values: row.values.clone(),
                    problem,
                    rejected,
                });
                return Ok(());
            }
            problems = self.put(row.line, &row.values)?;
        }
        if !problems.is_empty() {
            let rejected = self.rejected(&problems, rows);
            self.reject(&problems, rejected)?;
        }
        Ok(())
    }

    /// Tells now and then how far the file is read: its bytes (0 when unknown), and those that were read.
    fn tell(&mut self, (size, read): (u64, u64)) {
        if self.tally.read.is_multiple_of(4096) {
            self.reporter.progress(&self.place, size, read);
        }
    }

    /// How many rows are gone. A run with bad rows that are not to be left out ends without anything written.
    fn gone(&self) -> Result<u64> {
        if self.tally.bad > 0 && self.rejects.is_none() {
            return Ok(0);
        }
        self.replacing.take(self.now.today)
    }

    fn no_parent(&self, line: u64, parent: i64) -> Flaw {
        self.flaw(
            line,
            "parent_id",
            format!("topic {parent} is not in the book"),
            "import it first, or in the same file".to_owned(),
        )
    }

    /// Puts the rows whose parents came after them; bad are those whose parents never came.
    fn put_waiting(&mut self, mut waiting: Vec<Waiting>) -> Result<()> {
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for row in waiting {
                if self.importer.parent_to_come(&row.values)?.is_some() {
                    still.push(row);
                    continue;
                }
                let problems = self.put(row.line, &row.values)?;
                if !problems.is_empty() {
                    self.reject(&problems, row.rejected)?;
                }
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        for row in waiting {
            self.reject(&[row.problem], row.rejected)?;
        }
        Ok(())
    }

    fn flaw(&self, line: u64, column: &str, found: String, accepted: String) -> Flaw {
        Flaw::of(column, found, accepted).within(format!("{}:{line}", self.place))
    }

    fn put(&mut self, line: u64, values: &[Option<Value>]) -> Result<Vec<Flaw>> {
        if let Some(kept) = self.importer.kept_amounts(values)?
            && let Some((column, wrong)) = self.kind.against_kept(values, kept)
        {
            return Ok(vec![self.flaw(line, column, wrong.found, wrong.accepted)]);
        }
        let key = self.kind.columns[0].name;
        let problem = match self.importer.put(line, values)? {
            Put::Written => return Ok(Vec::new()),
            Put::Erased => {
                self.tally.erased += 1;
                return Ok(Vec::new());
            }
            // Lists of numbers are copied together from anywhere: once is enough.
            Put::Twice(_) if self.kind.name == BLOCK_LISTS => return Ok(Vec::new()),
            Put::Twice(first) => self.flaw(
                line,
                key,
                format!(
                    "{} stands already on line {first}",
                    described(values, self.kind)
                ),
                "give each key once".to_owned(),
            ),
            Put::Lacks(columns) => self.flaw(
                line,
                key,
                format!("{} is not in the book yet", described(values, self.kind)),
                format!("a new row needs also: {}", columns.join(", ")),
            ),
            Put::Orphan { column, id, kind } => self.flaw(
                line,
                column,
                format!("{id} is not among the {kind} of the book"),
                format!("import {kind} first, or all at once with `regua import DIR`"),
            ),
        };
        Ok(vec![problem])
    }

    /// The latest row with its problems, as the file of bad rows will hold it, header first.
    fn rejected(&self, problems: &[Flaw], rows: Option<&FileRows>) -> Rejected {
        self.rejects.as_ref()?;
        let rows = rows?;
        let told: Vec<String> = problems
            .iter()
            .map(|problem| {
                let column = match problem.key.as_str() {
                    "" => String::new(),
                    key => format!("{key}: "),
                };
                format!("{column}{}, {}", problem.found, problem.remedy)
            })
            .collect();
        Some(rows.rejected(&told.join("; ")))
    }

    fn reject(&mut self, problems: &[Flaw], rejected: Rejected) -> Result<()> {
        self.tally.bad += 1;
        for problem in problems {
            self.reporter.bad_row(problem);
        }
        if let (Some(rejects), Some((header, line))) = (&mut self.rejects, rejected) {
            rejects.write(header.as_deref(), &line)?;
        }
        Ok(())
    }
}

/// A row's key, for an error.
fn described(values: &[Option<Value>], kind: &FactKind) -> String {
    values[..kind.key]
        .iter()
        .map(|value| match value {
            Some(Value::Integer(number)) => number.to_string(),
            Some(Value::Text(text)) if text.is_empty() => "all".to_owned(),
            Some(Value::Text(text)) => text.clone(),
            _ => "none".to_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}
