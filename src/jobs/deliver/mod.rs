//! Delivery, shared by all journeys: claim a block, send it from several threads, settle answers in groups.
//!
//! A message is `sending`, durably, before its request leaves. One thread owns the database: each round
//! settles what came back and claims what there is room for, in one transaction. Nothing is held but
//! what is in flight, at most two messages a worker.
//!
//! `supply` is where messages come from and where answers go, `own` this database as that; `claiming` takes messages whose turn has come, `afresh` judges and writes each again,
//! `arrived` finds the rows that a message lacked, `overtaken` says what has gone on since, `asking` finds out which numbers exist where that must be
//! known, `workers` ask the provider, `judging`
//! says what an answer means for its message, `blame` whether a refusal turns out to be about us, `breaker`
//! what answers in a row mean for the channel, `outage` what the next run is told of it, `settling` writes
//! it all down, `summary` counts it. `once` sends one message by itself, past the queue.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::channel::{Limits, Pause, Provider};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
use crate::store::Store;
use crate::store::queue::{self, Outage};

mod afresh;
mod arrived;
mod asking;
mod blame;
mod breaker;
pub(in crate::jobs) mod claiming;
mod judging;
mod lateness;
mod lawful;
pub(in crate::jobs) mod numbers;
mod once;
mod outage;
mod overtaken;
mod own;
mod settling;
mod spoken;
mod stop;
mod summary;
pub(in crate::jobs) mod supply;
mod tray;
pub(in crate::jobs) mod workers;

use blame::{Blame, Words};
use breaker::Breaker;
use claiming::Taken;
use judging::{InFlight, Judge};
pub use once::{Once, once};
use own::OwnSupply;
pub use stop::Stop;
pub use summary::{ChannelSummary, Delivery};
use supply::Supply;
pub use workers::no_thread;
use workers::{Answered, GRACE, Gate, Workers, opened};

/// Messages that may be `sending` at once, for each worker: one in hand and one waiting.
const IN_FLIGHT_PER_WORKER: usize = 2;

/// Who hears of a delivery while it runs: channel, done, and how many there are.
pub type Observer<'a> = &'a mut dyn FnMut(Channel, u64, u64);

/// Delivers what is due on these channels, one after the other.
pub fn deliver(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    channels: &[Channel],
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<Delivery> {
    let mut delivery = Delivery::default();
    for channel in channels {
        if stop.asked() > 0 {
            delivery.interrupted = true;
            break;
        }
        if !queue::anything(store.connection(), *channel, clock.now().at)?
            && !config.channel(*channel).provider.is_unfinished()
        {
            continue;
        }
        let Some(_lock) = store.lock(channel.as_str())? else {
            delivery.locked.push(*channel);
            continue;
        };
        let summary = drain(store, config, clock, *channel, stop, observer)?;
        delivery.channels.push(summary);
        delivery.interrupted |= stop.asked() > 0;
    }
    Ok(delivery)
}

/// Delivers what is due on one channel, whose lock is held.
fn drain(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    channel: Channel,
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<ChannelSummary> {
    let mut summary = ChannelSummary::new(channel);
    summary.recovered = recover(store, config, clock, channel)?;
    let before = queue::outage(store.connection(), channel)?;
    if let Some(why) = before
        .as_ref()
        .and_then(|outage| outage::too_soon(outage, clock.now()))
    {
        return closed(store, summary, before.as_ref(), why, clock.now());
    }
    let provider = match connect(store, config, clock, channel, stop)? {
        Ok(provider) => provider,
        Err(why) => return closed(store, summary, before.as_ref(), why, clock.now()),
    };
    let begun = Begun {
        config,
        provider,
        before,
        summary,
    };
    let mut supply = OwnSupply::new(store, config, clock, channel);
    drain_from(&mut supply, begun, stop, observer)
}

/// What the delivery of one channel begins with.
pub(in crate::jobs) struct Begun<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The channel's provider, opened.
    pub provider: Arc<dyn Provider>,
    /// What the channel was suffering from.
    pub before: Option<Outage>,
    /// What is to be told already.
    pub summary: ChannelSummary,
}

/// Delivers what a supply gives of one channel, until it has nothing more that may go now.
pub(in crate::jobs) fn drain_from(
    supply: &mut dyn Supply,
    begun: Begun<'_>,
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<ChannelSummary> {
    let Begun {
        config,
        provider,
        before,
        summary,
    } = begun;
    let channel = summary.channel;
    let known = before.as_ref().and_then(|outage| outage.alike.clone());
    let probing = before.is_some() && known.is_none();
    let (limits, pause) = supply.limits(config.channel(channel));
    let mut drain = Drain {
        channel,
        provider,
        limits,
        pause,
        summary,
        in_flight: HashMap::new(),
        gate: Gate::under(supply.lease()),
        judge: Judge::new(config, channel),
        blame: Blame::remembering(known.map(Words::written)),
        breaker: Breaker::new(limits.workers, probing),
        held: BTreeSet::new(),
        is_closed: false,
    };
    let outcome = drain.run(supply, stop, observer);
    drain.provider.close();
    outcome?;
    if let Some(why) = drain.breaker.unreached() {
        drain.summary.stopped.get_or_insert(why);
        drain.is_closed = true;
    }
    drain.note_outage(supply, before.as_ref())?;
    drain.summary.left = supply.queued()?;
    Ok(drain.summary)
}

/// A channel on which nothing was tried.
fn closed(
    store: &mut Store,
    mut summary: ChannelSummary,
    before: Option<&Outage>,
    why: String,
    now: Now,
) -> Result<ChannelSummary> {
    summary.left = queue::queued(store.connection(), summary.channel)?;
    if before.is_none() && summary.left > 0 {
        let outage = Outage {
            since: now.at,
            tried_at: now.at,
            is_later: false,
            why: why.clone(),
            alike: None,
        };
        store
            .write(|transaction| queue::set_outage(transaction, summary.channel, Some(&outage)))?;
    }
    summary.outage_since = Some(before.map_or(now.at, |outage| outage.since));
    summary.outage_is_new = before.is_none();
    summary.stopped = Some(why);
    Ok(summary)
}

/// Settles what a dead run left in flight; how many messages are `unknown` for that.
fn recover(store: &mut Store, config: &Config, clock: &Clock, channel: Channel) -> Result<u64> {
    let provider = config.channel(channel).name;
    let resend = config.queue.resend_unknown.contains(&channel);
    let recovered = store
        .write(|transaction| queue::recover(transaction, channel, provider, resend, clock.now()))?;
    Ok(if resend { 0 } else { recovered })
}

/// The channel's provider, ready to send; or why the channel is closed.
fn connect(
    store: &Store,
    config: &Config,
    clock: &Clock,
    channel: Channel,
    stop: &Stop,
) -> Result<Result<Arc<dyn Provider>, String>> {
    let provider: Arc<dyn Provider> = match config.channel(channel).connect() {
        Ok(provider) => Arc::from(provider),
        Err(error) => return Ok(Err(error.on_one_line())),
    };
    let now = clock.now().at;
    if queue::due(store.connection(), channel, now)? > 0
        && let Err(refusal) = opened(&provider, stop)?
    {
        return Ok(Err(refusal.text));
    }
    if provider.daily_recipients() > 0 {
        let since = now - TimeDelta::hours(24);
        provider.remember(queue::recipients(store.connection(), channel, since)?);
    }
    Ok(Ok(provider))
}

/// One channel being drained: what the owner of the database knows of it.
struct Drain {
    channel: Channel,
    provider: Arc<dyn Provider>,
    limits: Limits,
    pause: Option<Pause>,
    summary: ChannelSummary,
    in_flight: HashMap<i64, InFlight>,
    gate: Gate,
    judge: Judge,
    blame: Blame,
    breaker: Breaker,
    /// Messages that this run leaves in the queue, though they are due: it has tried them.
    held: BTreeSet<i64>,
    /// The channel closed, and not only some of its templates.
    is_closed: bool,
}

impl Drain {
    fn run(&mut self, supply: &mut dyn Supply, stop: &Stop, observer: Observer<'_>) -> Result<()> {
        // While one rests, nothing else is on its way.
        let each = self.pause.map_or(IN_FLIGHT_PER_WORKER, |_| 1);
        let most = self.limits.workers.max(1) * each;
        let total = supply.due()?;
        let workers = Workers::start(&self.provider, (self.limits, self.pause), &self.gate)?;
        let mut back: Vec<Answered> = Vec::new();
        let mut since_stop: Option<Stopwatch> = None;
        loop {
            if stop.asked() > 0 && since_stop.is_none() {
                since_stop = Some(Stopwatch::start());
                self.gate.close();
            }
            let room = if self.gate.is_closed() {
                0
            } else {
                most - self.in_flight.len() + back.len()
            };
            let claim = match self.round(supply, &back, room) {
                Ok(claim) => claim,
                Err(error) => return Err(self.save_what_came(supply, &workers, back, error)),
            };
            back.clear();
            observer(self.channel, self.summary.done(), total);
            let asks = !claim.unasked.is_empty() && stop.asked() == 0;
            self.begin(&workers, claim.taken);
            if asks {
                self.ask(supply, claim.unasked, stop)?;
            }
            if self.in_flight.is_empty() {
                if asks {
                    continue;
                }
                match claim.again_in.filter(|_| !self.gate.is_closed()) {
                    Some(wait) => workers.pause(wait),
                    None => return Ok(()),
                }
                continue;
            }
            let out_of_patience = since_stop
                .as_ref()
                .is_some_and(|watch| watch.elapsed() >= GRACE || stop.asked() > 1);
            if out_of_patience {
                return self.give_up_waiting(supply, &workers);
            }
            workers.gather(&mut back, (most / 2).max(1).min(self.in_flight.len()));
        }
    }

    /// Hands claimed messages to the workers.
    fn begin(&mut self, workers: &Workers, taken: Vec<Taken>) {
        let mut messages = Vec::with_capacity(taken.len());
        for Taken { message, turn } in taken {
            let flight = InFlight::of(&message);
            self.in_flight.insert(message.outgoing.id, flight);
            messages.push((message.outgoing, message.lot, turn));
        }
        workers.hand_over(messages);
    }
}
