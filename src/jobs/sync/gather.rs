//! The first step of a sync: everything that a source has to tell, put aside until all has come.

use std::path::PathBuf;

use super::SyncRequest;
use super::spool::Spool;
use crate::clock::Now;
use crate::domain::book::FactKind;
use crate::error::{Error, Result};
use crate::source::{AskedKind, BookLookup, Complete, Last, Named, Question, Source};
use crate::store::{Store, book, sync as memory};

/// What a source told, put aside.
pub struct Gathered {
    /// How far it told, and what besides rows.
    pub complete: Complete,
    /// Its rows by kind, in the order of what was reached.
    pub spools: Vec<(AskedKind, Spool)>,
    /// Everything was read, whether it changed or not.
    pub full: bool,
    /// A task asked.
    pub by_task: bool,
    /// Nothing will be kept.
    pub dry_run: bool,
}

impl BookLookup for Store {
    fn has_contract(&self, id: i64) -> Result<bool> {
        let contract = book::contract(self.connection(), id)?;
        Ok(contract.is_some_and(|contract| contract.absent_since.is_none()))
    }
}

/// Reads every kind that is wanted of the source, to the end, or fails.
pub fn gather(
    store: &Store,
    source: &dyn Source,
    request: &SyncRequest,
    now: Now,
    progress: &mut dyn FnMut(&'static str, u64) -> Result<()>,
) -> Result<Gathered> {
    let mut kinds = source.kinds();
    kinds.retain(|kind| request.kinds.is_empty() || request.kinds.iter().any(|k| k == kind.name));
    let mut spools = Vec::new();
    for kind in kinds {
        let asked = ask(store, source, kind, request.full)?;
        spools.push((asked, Spool::new(&spool_path(store, source, kind))?, 0));
    }
    let question = Question {
        kinds: spools.iter().map(|(asked, ..)| asked.clone()).collect(),
        full: request.full,
        names: names(store, source)?,
        book: store,
        now,
    };
    let complete = source.read(&question, &mut |kind, rows| {
        let Some((_, spool, count)) = spools
            .iter_mut()
            .find(|(asked, ..)| asked.kind.name == kind.name)
        else {
            return Ok(());
        };
        for row in &rows {
            spool.push(row)?;
            *count += 1;
        }
        progress(kind.name, *count)
    })?;
    if complete.kinds.len() != spools.len() {
        return Err(Error::world(format!(
            "the source {} told of {} kinds, and was asked for {}",
            source.name(),
            complete.kinds.len(),
            spools.len()
        )));
    }
    Ok(Gathered {
        complete,
        spools: spools
            .into_iter()
            .map(|(asked, spool, _)| (asked, spool))
            .collect(),
        full: request.full,
        by_task: request.by_task,
        dry_run: request.dry_run,
    })
}

/// What is asked about one kind.
fn ask(
    store: &Store,
    source: &dyn Source,
    kind: &'static FactKind,
    full: bool,
) -> Result<AskedKind> {
    let connection = store.connection();
    let last = memory::cursor(connection, source.name(), kind.name)?.map(|cursor| Last {
        cursor: cursor.changed_until,
        at: cursor.synced_at,
    });
    let mut again = Vec::new();
    if last.is_some() && !full {
        again = memory::again(connection, source.name(), kind.name)?;
        again.truncate(source.rereads());
    }
    Ok(AskedKind { kind, last, again })
}

/// What the source told by name before.
fn names(store: &Store, source: &dyn Source) -> Result<Vec<Named>> {
    let known = memory::names(store.connection(), source.name())?;
    Ok(known
        .into_iter()
        .map(|memory::KnownName { list, id, name }| Named { list, id, name })
        .collect())
}

/// Where the rows of a kind are put aside: on the database's disk, which has room for them.
fn spool_path(store: &Store, source: &dyn Source, kind: &FactKind) -> PathBuf {
    let mut path = store.path().to_owned().into_os_string();
    let process = std::process::id();
    path.push(format!(".{}.{}.{process}.tmp", source.name(), kind.name));
    PathBuf::from(path)
}
