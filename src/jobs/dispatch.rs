//! Dispatch: what waits is delivered here, or handed over to the hosts that share the queue, as is configured.

use super::deliver::{Delivery, Observer, Stop, deliver};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::store::queue::Chosen;
use crate::store::{Store, sharing};
#[cfg(feature = "postgres")]
use {super::deliver::ChannelSummary, crate::error::ErrorKind, crate::store::queue};

/// Delivers what is due on these channels, or hands it over.
pub fn dispatch(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    channels: &[Channel],
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<Delivery> {
    #[cfg(feature = "postgres")]
    if config.queue.shared.is_some() {
        return share(store, config, clock, channels, stop, observer);
    }
    deliver(store, config, clock, channels, stop, observer)
}

/// Shares the queue; when the shared queue is not there, what waits stays in the queue, and that is said.
#[cfg(feature = "postgres")]
fn share(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    channels: &[Channel],
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<Delivery> {
    let shared = super::share::Planner::come(store, config, clock, (false, false))
        .and_then(|mut planner| planner.share(channels, stop, observer));
    let error = match shared {
        Err(error) if error.kind == ErrorKind::World => error,
        other => return other,
    };
    let mut delivery = Delivery::default();
    for channel in channels {
        let mut summary = ChannelSummary::new(*channel);
        summary.left = queue::queued(store.connection(), *channel)?;
        if summary.left > 0 {
            summary.stopped = Some(error.on_one_line());
            delivery.channels.push(summary);
        }
    }
    if delivery.channels.is_empty() {
        return Err(error);
    }
    Ok(delivery)
}

/// What taking cancelled messages out of the hosts' reach came to.
#[derive(Debug, Default)]
pub struct TakenOut {
    /// So many are certainly not sent.
    pub cancelled: u64,
    /// So many may be leaving this instant.
    pub left: u64,
    /// Why the hosts' queue could not be asked.
    pub failed: Option<Error>,
}

/// Takes messages that were just cancelled out of the hosts' reach.
pub fn take_out(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    chosen: &Chosen,
    stop: &Stop,
) -> Result<TakenOut> {
    let wished = sharing::wished(store.connection(), chosen)?;
    if wished == 0 {
        return Ok(TakenOut::default());
    }
    let shared = dispatch(store, config, clock, &[], stop, &mut |_, _, _| {});
    let left = sharing::wished(store.connection(), chosen)?;
    Ok(TakenOut {
        cancelled: wished.saturating_sub(left),
        left,
        failed: shared.err(),
    })
}

/// What `run-due` does before its tasks: what became of messages with the hosts comes home.
///
/// # Errors
/// When the shared queue cannot be reached, or another database plans.
pub fn begin(store: &mut Store, config: &Config, clock: &Clock, stop: &Stop) -> Result<()> {
    #[cfg(feature = "postgres")]
    if config.queue.shared.is_some() {
        super::share::Planner::come(store, config, clock, (false, false))?.gather(stop)?;
    }
    let _ = (store, config, clock, stop);
    Ok(())
}

/// What `run-due` does after its tasks, whether there were any or none: what goes at once and is due is handed
/// over, with what came back; and the hosts learn that the whole queue was looked at.
///
/// # Errors
/// When the shared queue cannot be reached, or another database plans.
pub fn end(store: &mut Store, config: &Config, clock: &Clock, stop: &Stop) -> Result<()> {
    if config.queue.shared.is_some() {
        let channels: Vec<Channel> = Channel::ALL
            .iter()
            .copied()
            .filter(|channel| channel.goes_at_once())
            .collect();
        dispatch(store, config, clock, &channels, stop, &mut |_, _, _| {})?;
    }
    Ok(())
}
