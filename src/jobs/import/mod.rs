//! Import: rows become facts of the book, all of a file or none of it.

use std::fs;
use std::path::{Path, PathBuf};

use self::checked::Checker;
use self::file::{FileImport, Tally};
use self::rejects::Rejects;
use super::access::{self, AccessSummary};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::book::{FactKind, KINDS};
use crate::domain::percent::Percent;
use crate::error::{Error, Flaw, Result, nearest};
use crate::jobs::gone::Replacing;
use crate::source::Reading;
use crate::source::encoding::Encoding;
use crate::source::rows::FileRows;
use crate::store::Store;
use crate::store::import::Importer;
use crate::store::meta;
use crate::store::presence::Bringer;

mod abreast;
mod checked;
mod file;
mod rejects;

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
            let (now, empty_bad) = (clock.now(), request.empty_bad);
            let file = FileImport {
                kind,
                place: FileRows::place_of(path),
                importer: Importer::of_many(transaction, kind, Bringer::FILES)?,
                replacing: Replacing::begin(transaction, kind, request.replace)?,
                now,
                rejects: request
                    .skip_bad
                    .as_ref()
                    .map(|target| Rejects::new(target, kind, path, request.files.len() > 1)),
                reporter,
                tally: Tally::default(),
            };
            let open = || {
                let rows = FileRows::open(kind, path, &request.reading)?;
                Ok(Checker::new(kind, rows, now, empty_bad))
            };
            all.push(file.run(open, abreast::worth_it(path))?);
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
