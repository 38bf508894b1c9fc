//! Sync: everything that changed at a source is read first, then written to the book in one
//! transaction a source. Nothing is ever sent.

use std::fs::File;

use super::ticket::Desk;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::book::Kind;
use crate::error::{Error, Result};
use crate::source::{self, Source};
use crate::store::{Store, Transaction, sync as memory};

mod book;
mod gather;
mod spool;
mod summary;
#[cfg(test)]
mod tests;
mod tickets;

pub use summary::{Noticed, Refused, SyncSummary, Synced};

/// What to sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// Names of kinds; empty: all that the sources have.
    pub kinds: Vec<String>,
    /// Everything is read, whether it changed or not.
    pub full: bool,
    /// Everything is read and compared, nothing is written.
    pub dry_run: bool,
}

/// Syncs every kind from every source that is configured, as a task does.
///
/// # Errors
/// When none is configured (exit 3), and as [`sync`] does.
pub fn everything(store: &mut Store, config: &Config, clock: &Clock) -> Result<SyncSummary> {
    let sources = configured(config)?;
    let request = SyncRequest {
        kinds: Vec::new(),
        full: false,
        dry_run: false,
    };
    sync(store, &sources, &request, config, clock, &mut |_, _| {})
}

/// The sources that are configured.
///
/// # Errors
/// When there is none, or a secret of one cannot be had (exit 3).
pub fn configured(config: &Config) -> Result<Vec<Box<dyn Source>>> {
    if config.sources.is_empty() {
        return Err(Error::unacceptable("no source is configured")
            .hint("write [sync.ixc] with base_url and token in the configuration")
            .hint("regua import DIR, for files that the ERP exports"));
    }
    config.sources.iter().map(|source| source.open()).collect()
}

/// Reads what changed at each source and brings the book up to it. `progress` hears of each kind
/// and how many of its rows have come.
///
/// # Errors
/// When a source does not answer, answers with no data, or with less than it told of: then
/// nothing of it is written (exit 4). When another sync is still reading (exit 5).
pub fn sync(
    store: &mut Store,
    sources: &[Box<dyn Source>],
    request: &SyncRequest,
    config: &Config,
    clock: &Clock,
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<SyncSummary> {
    let brought: Vec<&Kind> = sources.iter().flat_map(|source| source.kinds()).collect();
    check_kinds(&request.kinds, &brought)?;
    let _lock = lock(store)?;
    let mut summary = SyncSummary::default();
    for source in sources {
        let source = &**source;
        let now = clock.now();
        let gathered = gather::gather(store, source, request, now, progress)?;
        let write = |transaction: &Transaction<'_>| {
            for named in &gathered.complete.names {
                let name = (named.id, named.name.as_str());
                memory::set_name(transaction, source.name(), &named.list, name)?;
            }
            let desk = Desk::new(config, clock);
            book::apply(transaction, source, gathered, (desk, now), summary)
        };
        summary = if request.dry_run {
            store.rehearse(write)?
        } else {
            store.write(write)?
        };
    }
    Ok(summary)
}

/// Whether each of these names is a kind that some source brings.
///
/// # Errors
/// When one of them is not (exit 2).
pub fn wanted(names: &[String]) -> Result<()> {
    check_kinds(names, &source::kinds())
}

fn check_kinds(names: &[String], brought: &[&Kind]) -> Result<()> {
    let mut known: Vec<&str> = Vec::new();
    for kind in brought {
        if !known.contains(&kind.name) {
            known.push(kind.name);
        }
    }
    for name in names {
        if !known.contains(&name.as_str()) {
            return Err(
                Error::usage(format!("`{name}` does not come from the source")).hint(format!(
                    "some of: {}; everything else is imported from files",
                    known.join(", ")
                )),
            );
        }
    }
    Ok(())
}

/// Takes the lock of syncs.
fn lock(store: &Store) -> Result<File> {
    store.lock("sync")?.ok_or_else(|| {
        Error::locked("another sync is still reading")
            .hint("wait for it; a slow server makes it long")
    })
}
