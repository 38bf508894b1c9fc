//! A host at work: it delivers what the planner handed over, channel by channel at the same time.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::supply::{SharedSupply, Together};
use super::{host, new_name, open, seconds, settings};
use crate::channel::{Next, Provider, Refusal};
use crate::clock::{BootTime, Stopwatch};
use crate::config::{Config, SharedConfig};
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::jobs::deliver::workers::opened;
use crate::jobs::deliver::{Begun, ChannelSummary, Delivery, Stop, drain_from, no_thread};
use crate::store::queue::Outage;
use crate::store::shared::{Begun as RunBegun, HostRun, Manners, May, SharedFailure, SharedQueue};

/// How often an idle host looks whether something was handed over.
const IDLE: Duration = Duration::from_millis(500);
/// How long a host leaves a channel alone that closed.
const AFTER_CLOSING: Duration = Duration::from_secs(50);
/// How often a waiting host looks whether it was asked to stop.
const TICK: Duration = Duration::from_millis(100);

/// What a host is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct HostWork<'a> {
    /// On these channels.
    pub channels: &'a [Channel],
    /// For so long; none: until nothing is left that may go.
    pub time: Option<Duration>,
}

/// Delivers from the shared queue.
pub fn work(config: &Config, asked: HostWork<'_>, stop: &Stop) -> Result<Delivery> {
    let shared = settings(config)?;
    let shift = Shift {
        time: asked.time,
        watch: Stopwatch::start(),
        stop,
    };
    if !shift.begins(shared)? {
        return Ok(Delivery {
            interrupted: true,
            ..Delivery::default()
        });
    }
    let done: Vec<Result<ChannelSummary>> = thread::scope(|scope| {
        let mut hands = Vec::new();
        for channel in asked.channels {
            let host = Host {
                config,
                shared,
                channel: *channel,
                shift,
            };
            hands.push(thread::Builder::new().spawn_scoped(scope, move || host.work()));
        }
        hands
            .into_iter()
            .map(|hand| match hand.map_err(no_thread)?.join() {
                Ok(done) => done,
                Err(_) => Err(Error::world("a channel's delivery failed in our own code")),
            })
            .collect()
    });
    let mut delivery = Delivery {
        interrupted: stop.asked() > 0,
        ..Delivery::default()
    };
    for summary in done {
        let summary = summary?;
        if summary.done() + summary.left > 0 || summary.stopped.is_some() {
            delivery.channels.push(summary);
        }
    }
    Ok(delivery)
}

/// For how long a host works.
#[derive(Clone, Copy)]
struct Shift<'a> {
    /// None: until nothing is left that may go.
    time: Option<Duration>,
    watch: Stopwatch,
    stop: &'a Stop,
}

impl Shift<'_> {
    fn is_over(self) -> bool {
        self.stop.asked() > 0 || self.time.is_some_and(|time| self.watch.elapsed() >= time)
    }

    fn rest(self, wait: Duration) {
        let since = Stopwatch::start();
        while since.elapsed() < wait && !self.is_over() {
            thread::sleep(TICK.min(wait));
        }
    }

    /// Looks at the shared queue, for which whoever works for a while waits; false when a signal came before.
    ///
    /// # Errors
    /// When it is not there in all that time (exit 4), or not as this program knows it (exit 3).
    fn begins(self, shared: &SharedConfig) -> Result<bool> {
        loop {
            match open(shared)?.is_set_up() {
                Ok(()) => return Ok(true),
                Err(SharedFailure::Away(_)) if self.time.is_some() && !self.is_over() => {
                    self.rest(IDLE);
                }
                Err(SharedFailure::Away(_)) if self.stop.asked() > 0 => return Ok(false),
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

/// One host on one channel.
struct Host<'a> {
    config: &'a Config,
    shared: &'a SharedConfig,
    channel: Channel,
    shift: Shift<'a>,
}

impl Host<'_> {
    fn work(&self) -> Result<ChannelSummary> {
        let mut queue = open(self.shared)?;
        let mut total = ChannelSummary::new(self.channel);
        loop {
            let stale = seconds(self.shared.stale_seconds);
            let found = match queue.anything(self.channel, stale) {
                Ok(true) => self.one_run(&mut queue)?,
                Ok(false) => None,
                Err(SharedFailure::Away(_)) if self.shift.time.is_some() => None,
                Err(failure) => return Err(failure.into()),
            };
            let closed = found.as_ref().is_some_and(|run| run.stopped.is_some());
            let idle = found.is_none();
            if let Some(run) = found {
                total.add(run);
            }
            if self.shift.time.is_none() && (idle || closed) {
                break;
            }
            if closed {
                self.shift.rest(AFTER_CLOSING);
            } else if idle {
                self.shift.rest(IDLE);
            }
            if self.shift.is_over() {
                break;
            }
        }
        Ok(total)
    }

    /// One run: as one call of a machine alone delivers a channel.
    fn one_run(&self, queue: &mut SharedQueue) -> Result<Option<ChannelSummary>> {
        let run = HostRun {
            run: new_name(),
            host: host(self.shared),
            place: place(self.config),
            channel: self.channel,
            lease_seconds: seconds(self.shared.lease_seconds),
            stale_seconds: seconds(self.shared.stale_seconds),
            call: 1,
        };
        let mut summary = ChannelSummary::new(self.channel);
        let settings = self.config.channel(self.channel);
        let provider: Arc<dyn Provider> = match settings.connect() {
            Ok(provider) => Arc::from(provider),
            Err(error) => {
                summary.stopped = Some(error.on_one_line());
                return Ok(Some(summary));
            }
        };
        let asked_at = BootTime::now();
        let begun = match queue.begin(&run, provider.name()) {
            Ok(begun) => begun,
            Err(SharedFailure::Away(_)) if self.shift.time.is_some() => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let Some(manners) = begun.manners.clone() else {
            return Ok(None);
        };
        if begun.may == May::Not {
            let why = begun.outage.map(|outage| outage.why).unwrap_or_default();
            summary.stopped = Some(format!(
                "another host tries it, or tried it a moment ago: {why}"
            ));
            return Ok(Some(summary));
        }
        if let Err(refusal) = opened(&provider, self.shift.stop)? {
            return self.not_opened(queue, &run, &begun, &refusal).map(Some);
        }
        self.drain(queue, run, (begun, &manners), (provider, asked_at))
            .map(Some)
    }

    fn drain(
        &self,
        queue: &mut SharedQueue,
        run: HostRun,
        (begun, manners): (RunBegun, &Manners),
        (provider, asked_at): (Arc<dyn Provider>, BootTime),
    ) -> Result<ChannelSummary> {
        let config = judged_by(self.config, manners);
        let settings = config.channel(self.channel);
        let together = Together::of(settings, provider.daily_recipients());
        let mut supply = SharedSupply::new(
            (queue, run),
            together,
            (&begun, manners),
            asked_at,
            self.shift.stop,
        );
        let begun = Begun {
            config: &config,
            provider,
            before: begun.outage,
            summary: ChannelSummary::new(self.channel),
        };
        let summary = drain_from(&mut supply, begun, self.shift.stop, &mut |_, _, _| {})?;
        supply.end()?;
        Ok(summary)
    }

    /// The provider could not be opened. Only what it said itself is said of it to the other hosts.
    fn not_opened(
        &self,
        queue: &mut SharedQueue,
        run: &HostRun,
        begun: &RunBegun,
        refusal: &Refusal,
    ) -> Result<ChannelSummary> {
        let mut summary = ChannelSummary::new(self.channel);
        if refusal.next != Next::NotSent || begun.may == May::Probe {
            let outage = Outage {
                since: begun
                    .outage
                    .as_ref()
                    .map_or(begun.at, |outage| outage.since),
                tried_at: begun.at,
                is_later: false,
                why: refusal.text.clone(),
                alike: begun
                    .outage
                    .as_ref()
                    .and_then(|outage| outage.alike.clone()),
            };
            queue.note_outage(self.channel, Some(&outage), begun.at)?;
        }
        queue.put_back(run, &[], true)?;
        summary.left = queue.waiting(self.channel)?;
        summary.stopped = Some(refusal.text.clone());
        Ok(summary)
    }
}

/// Where a host's configuration stands: several hosts of one name are told apart by it.
fn place(config: &Config) -> String {
    let file = config.file.as_deref();
    let path = file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    path.map(|path| path.display().to_string())
        .unwrap_or_default()
}

/// The configuration of a host, with what the planner has answers judged by.
fn judged_by(config: &Config, manners: &Manners) -> Config {
    let mut config = config.clone();
    config.timezone = manners.zone;
    config.queue.max_attempts = manners.max_attempts;
    config.queue.first_retry_seconds = manners.first_retry_seconds;
    config
        .queue
        .resend_unknown
        .clone_from(&manners.resend_unknown);
    config.policy.expire_days = manners.expire_days;
    config
}
