//! One file of an import: its rows checked, put into the book, or left out with what is wrong with them.

use super::rejects::Rejects;
use super::{BLOCK_LISTS, Imported, Reporter};
use crate::clock::{Now, Stopwatch};
use crate::domain::book::{self, FactKind, Value};
use crate::error::{Flaw, Result};
use crate::jobs::gone::Replacing;
use crate::source::RawRow;
use crate::source::rows::FileRows;
use crate::store::import::{Importer, Put};

/// One file on its way into the book.
pub(super) struct FileImport<'a> {
    pub kind: &'static FactKind,
    pub rows: FileRows,
    pub importer: Importer<'a>,
    pub replacing: Replacing<'a>,
    pub now: Now,
    pub empty_bad: bool,
    pub emptied: u64,
    pub erased: u64,
    pub rejects: Option<Rejects>,
    pub reporter: &'a mut dyn Reporter,
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
    /// Takes every row; what became of them.
    pub fn run(&mut self) -> Result<Imported> {
        let watch = Stopwatch::start();
        let before = self.importer.rows()?;
        let mut row = RawRow::default();
        let mut values: Vec<Option<Value>> = Vec::new();
        let (mut read, mut bad) = (0u64, 0u64);
        let mut waiting: Vec<Waiting> = Vec::new();
        while self.rows.next(&mut row)? {
            read += 1;
            let mut problems = self.check(&row, &mut values);
            let kept = self.rejects.is_some();
            self.replacing
                .came(&row, (self.rows.place(), kept), &self.now)?;
            if problems.is_empty()
                && let Some(parent) = self.importer.parent_to_come(&values)?
            {
                let problem = self.no_parent(row.line, parent);
                let rejected = self.rejected(std::slice::from_ref(&problem));
                waiting.push(Waiting {
                    line: row.line,
                    values: values.clone(),
                    problem,
                    rejected,
                });
                continue;
            }
            if problems.is_empty() {
                problems = self.put(row.line, &values)?;
            }
            if !problems.is_empty() {
                bad += 1;
                let rejected = self.rejected(&problems);
                self.reject(&problems, rejected)?;
            }
            if read.is_multiple_of(4096) {
                let (size, at) = self.rows.progress();
                self.reporter.progress(self.rows.place(), size, at);
            }
        }
        bad += self.put_waiting(waiting)?;
        self.importer.finish()?;
        let gone = self.gone(bad)?;
        let new = self.importer.rows()? - before;
        let new = u64::try_from(new).unwrap_or(0);
        Ok(Imported {
            kind: self.kind.name,
            file: self.rows.place().to_owned(),
            rows: read,
            new,
            updated: (read - bad).saturating_sub(new + self.erased),
            bad,
            erased: self.erased,
            gone,
            emptied: self.emptied,
            encoding: self.rows.encoding(),
            seconds: watch.elapsed().as_secs_f64(),
        })
    }

    /// How many rows are gone. A run with bad rows that are not to be left out ends without anything written.
    fn gone(&self, bad: u64) -> Result<u64> {
        if bad > 0 && self.rejects.is_none() {
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

    /// Puts the rows whose parents came after them; how many are bad, their parents never having come.
    fn put_waiting(&mut self, mut waiting: Vec<Waiting>) -> Result<u64> {
        let mut bad = 0;
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
                    bad += 1;
                    let rejected = row.rejected;
                    self.reject(&problems, rejected)?;
                }
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        for row in waiting {
            bad += 1;
            self.reject(&[row.problem], row.rejected)?;
        }
        Ok(bad)
    }

    fn flaw(&self, line: u64, column: &str, found: String, accepted: String) -> Flaw {
        Flaw::of(column, found, accepted).within(format!("{}:{line}", self.rows.place()))
    }

    /// Reads the cells into values; everything wrong with them.
    fn check(&mut self, row: &RawRow, values: &mut Vec<Option<Value>>) -> Vec<Flaw> {
        let mut problems: Vec<Flaw> = row
            .problems
            .iter()
            .map(|(column, found, accepted)| {
                self.flaw(row.line, column, found.clone(), accepted.clone())
            })
            .collect();
        if !problems.is_empty() {
            return problems;
        }
        values.clear();
        let mut emptied = Vec::new();
        for (i, (column, cell)) in self.kind.columns.iter().zip(&row.cells).enumerate() {
            // A key column that the file lacks is empty: an opt-out from all.
            let cell = match cell {
                None if i < self.kind.key => Some(""),
                cell => cell.as_deref(),
            };
            let value = cell.map(|text| book::read(column, text, &self.now));
            match value.transpose() {
                Ok(value) => values.push(value),
                Err(refused) => {
                    let flaw = self.flaw(row.line, column.name, refused.found, refused.accepted);
                    if self.empty_bad && !column.required {
                        values.push(book::read(column, "", &self.now).ok());
                        emptied.push(flaw);
                    } else {
                        values.push(None);
                        problems.push(flaw);
                    }
                }
            }
        }
        if problems.is_empty()
            && let Some((column, wrong)) = self.kind.contradiction(values)
        {
            problems.push(self.flaw(row.line, column, wrong.found, wrong.accepted));
        }
        if problems.is_empty() {
            self.emptied += emptied.len() as u64;
            for flaw in &emptied {
                self.reporter.emptied(flaw);
            }
        }
        problems
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
                self.erased += 1;
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
    fn rejected(&self, problems: &[Flaw]) -> Rejected {
        self.rejects.as_ref()?;
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
        Some(self.rows.rejected(&told.join("; ")))
    }

    fn reject(&mut self, problems: &[Flaw], rejected: Rejected) -> Result<()> {
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
