//! Sync: everything that changed at a source is read first, then written to the book in one
//! transaction a source. Nothing is ever sent.

use self::gather::Gathered;
use super::access;
use super::deliver::Stop;
use super::ticket::Desk;
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::book::FactKind;
use crate::domain::percent::Percent;
use crate::error::{Error, Result};
use crate::source::{self, Source};
use crate::store::{Lock, Store, Transaction, sync as memory};

mod book;
mod doubt;
mod gather;
mod parents;
mod rehearsal;
mod spool;
mod summary;
mod tickets;

pub use summary::{Noticed, Refused, RowPlan, SyncSummary, Synced};

/// What to sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// Names of kinds; empty: all that the sources have.
    pub kinds: Vec<String>,
    /// Everything is read, whether it changed or not.
    pub full: bool,
    /// Everything is read and compared, nothing is written.
    pub dry_run: bool,
    /// Of a kind, the most that may be gone, where it is not what the configuration says.
    pub most_gone: Option<Percent>,
    /// A task asks, not a person: what is withheld from us is told once a day.
    pub by_task: bool,
}

/// Syncs these kinds (none: every kind) from every source that is configured, as a task does; `full`: all of
/// it, whether it changed or not.
///
/// # Errors
/// When none is configured (exit 3), and as [`sync`] does.
pub fn everything(
    store: &mut Store,
    (kinds, full): (&[String], bool),
    config: &Config,
    clock: &Clock,
    stop: &Stop,
) -> Result<SyncSummary> {
    let sources = configured(config)?;
    let request = SyncRequest {
        kinds: kinds.to_vec(),
        full,
        dry_run: false,
        most_gone: None,
        by_task: true,
    };
    let mut progress = |_, _| unless_stopped(stop);
    sync(store, &sources, &request, config, clock, &mut progress)
}

/// Where a column of a kind comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSource {
    /// The source.
    pub source: String,
    /// The column.
    pub column: &'static str,
    /// The source's field, and what is made of it.
    pub field: String,
}

/// Which field of each source that is configured every column of a kind comes from.
///
/// # Errors
/// When there is no such kind (exit 2), or no source (exit 3).
pub fn explain(config: &Config, name: &str) -> Result<Vec<ColumnSource>> {
    wanted(&[name.to_owned()])?;
    let Some(kind) = FactKind::named(name) else {
        return Ok(Vec::new());
    };
    let mut columns = Vec::new();
    for source in configured(config)? {
        if !source.kinds().iter().any(|known| known.name == kind.name) {
            continue;
        }
        columns.extend(source.explain(kind).into_iter().map(|told| ColumnSource {
            source: source.name().to_owned(),
            column: told.column,
            field: told.field,
        }));
    }
    Ok(columns)
}

/// Goes on unless the run was asked to stop.
///
/// # Errors
/// When it was (exit 4): nothing of the source that is being read is written.
pub fn unless_stopped(stop: &Stop) -> Result<()> {
    if stop.asked() == 0 {
        return Ok(());
    }
    Err(Error::world(
        "a signal stopped it; nothing of what was being read was written",
    ))
}

/// The sources that are configured.
///
/// # Errors
/// When there is none, or a secret of one cannot be had (exit 3).
pub fn configured(config: &Config) -> Result<Vec<Box<dyn Source>>> {
    if config.sources.is_empty() {
        return Err(Error::unacceptable("no source is configured")
            .hint(format!(
                "write {} in the configuration; config.example.toml has its keys",
                source::sections().join(" or ")
            ))
            .hint("regua import DIR, for files that the ERP exports"));
    }
    config.sources.iter().map(|source| source.open()).collect()
}

/// Reads what changed at each source and brings the book up to it. `progress` hears of each kind
/// and how many of its rows have come, and may end the reading.
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
    progress: &mut dyn FnMut(&'static str, u64) -> Result<()>,
) -> Result<SyncSummary> {
    let brought: Vec<&FactKind> = sources.iter().flat_map(|source| source.kinds()).collect();
    check_kinds(&request.kinds, &brought)?;
    let _lock = lock(store)?;
    let mut summary = SyncSummary::default();
    let mut told = Vec::new();
    for source in sources {
        let source = &**source;
        let now = clock.now();
        let gathered = gather::gather(store, source, request, now, progress)?;
        nothing_withheld_alone(&gathered)?;
        if request.dry_run {
            told.push((source, gathered, now));
            continue;
        }
        let heard = (source, gathered, now);
        summary = store.write(|t| take_in(t, heard, (request, config, clock), summary))?;
    }
    if request.dry_run {
        // What one source would bring, the next may refer to.
        summary = store.rehearse(|t| {
            told.into_iter().try_fold(summary, |summary, heard| {
                take_in(t, heard, (request, config, clock), summary)
            })
        })?;
    }
    summary.notes.extend(summary.access.note(config));
    Ok(summary)
}

/// Writes what a source told, and adds to the summary what became of it.
fn take_in(
    transaction: &Transaction<'_>,
    (source, gathered, now): (&dyn Source, Gathered, Now),
    (request, config, clock): (&SyncRequest, &Config, &Clock),
    summary: SyncSummary,
) -> Result<SyncSummary> {
    for named in &gathered.complete.names {
        let name = (named.id, named.name.as_str());
        memory::set_name(transaction, source.name(), &named.list, name)?;
    }
    let desk = Desk::new(config, clock);
    let most_gone = request.most_gone.unwrap_or(config.most_gone);
    let manner = (desk, now, most_gone);
    let mut summary = book::apply(transaction, source, gathered, manner, summary)?;
    access::take_in(transaction, config, now, &mut summary.access)?;
    Ok(summary)
}

/// Whether the source gave any kind at all.
///
/// # Errors
/// When every kind that was asked for is withheld from us (exit 4).
fn nothing_withheld_alone(gathered: &Gathered) -> Result<()> {
    let kinds = &gathered.complete.kinds;
    match kinds.first().and_then(|first| first.withheld.as_ref()) {
        Some(why) if kinds.iter().all(|kind| kind.withheld.is_some()) => {
            Err(Error::world(why).at(format!("in the form {}", kinds[0].form)))
        }
        _ => Ok(()),
    }
}

/// Whether each of these names is a kind that some source brings.
///
/// # Errors
/// When one of them is not (exit 2).
pub fn wanted(names: &[String]) -> Result<()> {
    check_kinds(names, &source::kinds())
}

fn check_kinds(names: &[String], brought: &[&FactKind]) -> Result<()> {
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
fn lock(store: &Store) -> Result<Lock> {
    store.lock("sync")?.ok_or_else(|| {
        Error::locked("another sync is still reading")
            .hint("wait for it; a slow server makes it long")
    })
}

#[cfg(test)]
mod tests;
