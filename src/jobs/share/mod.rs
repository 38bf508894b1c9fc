//! Beyond one machine: this database plans, PostgreSQL carries what waits and what became of it, hosts deliver.
//!
//! **Share**, for the planner: what became of earlier rounds is brought home; every message with the hosts is
//! looked at once more by what the book says now, and what may not go, or not as it stands, is withdrawn; what is
//! due is claimed here as delivery on one machine would claim it, written down as handed over, and handed over;
//! last, the queue is confirmed as it was when the look began. Killed anywhere in it, the next share goes on:
//! what was written down and not handed over is handed over then, by the same round; what was withdrawn there and
//! not noted here comes home as an outcome.
//!
//! **Gather** brings outcomes home, each once, by a cursor that moves in the transaction that writes them down;
//! and what providers reported to hosts.
//!
//! **Work**, for any host: delivery as ever, from the shared queue in place of a database.

mod planner;
mod reports;
mod supply;
mod work;

use crate::config::{Config, SharedConfig};
use crate::error::{Error, Result};
use crate::store::shared::{SharedQueue, SharedStanding};

pub use planner::{BroughtHome, Planner};
pub use reports::keep as keep_report;
pub use work::{HostWork, work};

/// What is configured of the shared queue.
///
/// # Errors
/// When nothing is.
pub fn settings(config: &Config) -> Result<&SharedConfig> {
    config.queue.shared.as_ref().ok_or_else(|| {
        Error::unacceptable("there is no [queue.shared] in the configuration")
            .hint("[queue.shared] url = \"env:REGUA_PG\"; see `Beyond one machine` in the README")
    })
}

/// The shared queue, not connected yet.
///
/// # Errors
/// When its address cannot be had or read.
pub fn open(shared: &SharedConfig) -> Result<SharedQueue> {
    SharedQueue::at(&shared.url.reveal()?, shared.ca_file.as_deref())
}

/// How the shared queue stands.
///
/// # Errors
/// When it cannot be reached, or is not set up.
pub fn standing(config: &Config) -> Result<SharedStanding> {
    let mut queue = open(settings(config)?)?;
    queue.is_set_up()?;
    Ok(queue.standing()?)
}

/// The name by which a machine is known.
fn host(shared: &SharedConfig) -> String {
    let machine = || {
        let name = nix::unistd::gethostname().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    shared.host.clone().unwrap_or_else(machine)
}

/// A name that nobody else has.
fn new_name() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Seconds as the shared queue takes them.
fn seconds(seconds: i64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
