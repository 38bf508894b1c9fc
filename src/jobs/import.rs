//! Import: rows become facts of the book, all of a file or none of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::access::{self, AccessSummary};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::book::{self, FactKind, KINDS, Value};
use crate::domain::percent::Percent;
use crate::error::{Error, Flaw, Result, nearest};
use crate::jobs::gone::Replacing;
use crate::private_file;
use crate::source::encoding::Encoding;
use crate::source::rows::FileRows;
use crate::source::{RawRow, Reading};
use crate::store::Store;
use crate::store::import::{Importer, Put};
use crate::store::meta;
use crate::store::presence::Bringer;

/// The kind whose import replaces each list that it brings.
const BLOCK_LISTS: &str = "block-lists";

/// What is imported, and how.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The files, each with its kind.
    pub files: Vec<(&'static FactKind, PathBuf)>,
    /// How they are read.
    pub reading: Reading,
    /// A cell that cannot be read is emptied where its column may be, rather than its row refused.
    pub empty_bad: bool,
    /// Rows that files brought and that do not come are gone, unless they are more than this share of them;
    /// none: whatever does not come stays as it is.
    pub replace: Option<Percent>,
    /// Where bad rows go while the good ones are taken: a file, or a folder when several kinds are imported.
    pub skip_bad: Option<PathBuf>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Its kind.
    pub kind: &'static str,
    /// The file.
    pub file: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that are new in the book.
    pub new: u64,
    /// Rows that were known.
    pub updated: u64,
    /// Bad rows left out.
    pub bad: u64,
    /// Rows passed over, because their client's data was erased.
    pub erased: u64,
    /// Rows that files brought before, and that are gone.
    pub gone: u64,
    /// Cells that could not be read, and were emptied.
    pub emptied: u64,
    /// How its letters were taken, where they are not UTF-8.
    pub encoding: Option<Encoding>,
    /// Real seconds it took.
    pub seconds: f64,
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportSummary {
    /// File by file.
    pub files: Vec<Imported>,
    /// What changed of contracts' access, and who is told.
    pub access: AccessSummary,
}

/// Who hears of an import while it runs.
pub trait Reporter {
    /// A row is bad.
    fn bad_row(&mut self, problem: &Flaw);
    /// A cell was bad, and is emptied.
    fn emptied(&mut self, problem: &Flaw);
    /// So many bytes of a file are read; the size is 0 when unknown.
    fn progress(&mut self, file: &str, size: u64, read: u64);
}

/// The files of a folder that are named by kind (`clients.csv`, `invoices.jsonl`), each after those it refers to.
pub fn folder(path: &Path, ignore_unknown: bool) -> Result<Vec<(&'static FactKind, PathBuf)>> {
    let unreadable = |error| {
        Error::unacceptable(format!("the folder {} cannot be read", path.display())).because(error)
    };
    let mut found: Vec<(&'static FactKind, PathBuf)> = Vec::new();
    let mut problems = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if !matches!(extension, "csv" | "jsonl" | "ndjson") || !file.is_file() {
            continue;
        }
        let stem = file
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        match FactKind::named(stem) {
            Some(kind) if found.iter().any(|(k, _)| k.name == kind.name) => {
                problems.push(Flaw::at(
                    file.display().to_string(),
                    format!("is a second file of {}", kind.name),
                    "leave one of them in the folder",
                ));
            }
            Some(kind) => found.push((kind, file)),
            None if ignore_unknown => {}
            None => problems.push(Flaw::at(
                file.display().to_string(),
                "is not named by a kind",
                nearest(stem, FactKind::names()).map_or_else(
                    || format!("known: {}", FactKind::names().join(", ")),
                    |near| format!("did you mean `{near}.{extension}`?"),
                ),
            )),
        }
    }
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        return Err(Error::flaws(
            "the folder is not acceptable; nothing was imported",
            problems,
        )
        .hint("--ignore-unknown passes over files that are named otherwise"));
    }
    if found.is_empty() {
        return Err(Error::unacceptable(format!(
            "the folder {} holds no file named by a kind",
            path.display()
        ))
        .hint(format!(
            "name files {}.csv and the like",
            FactKind::names().join(".csv, ")
        )));
    }
    found.sort_by_key(|(kind, _)| KINDS.iter().position(|k| k.name == kind.name));
    Ok(found)
}

/// Imports the files in one transaction: all of them, or none when any row is bad and bad rows are not to be left out.
pub fn import(
    store: &mut Store,
    request: &ImportRequest,
    config: &Config,
    clock: &Clock,
    reporter: &mut dyn Reporter,
) -> Result<ImportSummary> {
    keep_sources(request)?;
    store.write_checked(|transaction| {
        let mut all = Vec::new();
        for (kind, path) in &request.files {
            let mut file = FileImport {
                kind,
                rows: FileRows::open(kind, path, &request.reading)?,
                importer: Importer::of_many(transaction, kind, Bringer::FILES)?,
                replacing: Replacing::begin(transaction, kind, request.replace)?,
                now: clock.now(),
                empty_bad: request.empty_bad,
                emptied: 0,
                erased: 0,
                rejects: request
                    .skip_bad
                    .as_ref()
                    .map(|target| Rejects::new(target, kind, path, request.files.len() > 1)),
                reporter,
            };
            let imported = file.run()?;
            if kind.name == BLOCK_LISTS {
                file.importer.replace_lists(clock.now().at)?;
            }
            all.push(imported);
            meta::set_refreshed(transaction, kind.name, clock.now().at)?;
        }
        let bad: u64 = all.iter().map(|file| file.bad).sum();
        if bad > 0 && request.skip_bad.is_none() {
            let rows = if bad == 1 { "row is" } else { "rows are" };
            return Err(Error::unacceptable(format!(
                "{bad} {rows} not acceptable; nothing was imported"
            ))
            .hint("mend them, or take the good rows with --skip-bad FILE"));
        }
        let mut access = AccessSummary::default();
        access::take_in(transaction, config, clock.now(), &mut access)?;
        Ok(ImportSummary { files: all, access })
    })
}

/// Refuses to write bad rows over the very file they are read from.
fn keep_sources(request: &ImportRequest) -> Result<()> {
    let Some(target) = &request.skip_bad else {
        return Ok(());
    };
    for (kind, path) in &request.files {
        let bad = Rejects::new(target, kind, path, request.files.len() > 1).path;
        if let (Ok(bad), Ok(source)) = (fs::canonicalize(&bad), fs::canonicalize(path))
            && bad == source
        {
            return Err(Error::usage(format!(
                "--skip-bad would write over {}, which is being imported",
                path.display()
            ))
            .hint("name another file for the bad rows"));
        }
    }
    Ok(())
}

/// One file on its way into the book.
struct FileImport<'a> {
    kind: &'static FactKind,
    rows: FileRows,
    importer: Importer<'a>,
    replacing: Replacing<'a>,
    now: Now,
    empty_bad: bool,
    emptied: u64,
    erased: u64,
    rejects: Option<Rejects>,
    reporter: &'a mut dyn Reporter,
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
    fn run(&mut self) -> Result<Imported> {
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

/// The file that bad rows are written to; made when there is one.
struct Rejects {
    path: PathBuf,
    file: Option<fs::File>,
}

impl Rejects {
    fn new(target: &Path, kind: &FactKind, source: &Path, several: bool) -> Self {
        let path = if several || target.is_dir() {
            let extension = source.extension().and_then(|e| e.to_str()).unwrap_or("csv");
            target.join(format!("{}.{extension}", kind.name))
        } else {
            target.to_owned()
        };
        Self { path, file: None }
    }

    fn write(&mut self, header: Option<&str>, line: &str) -> Result<()> {
        let failed = |path: &Path, error| {
            Error::world(format!("bad rows cannot be written to {}", path.display())).because(error)
        };
        if self.file.is_none() {
            if let Some(parent) = self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
                private_file::folder(parent).map_err(|error| failed(&self.path, error))?;
            }
            let mut file =
                private_file::create(&self.path).map_err(|error| failed(&self.path, error))?;
            file.write_all(header.unwrap_or_default().as_bytes())
                .map_err(|error| failed(&self.path, error))?;
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(line.as_bytes())
                .map_err(|error| failed(&self.path, error))?;
        }
        Ok(())
    }
}
