//! The supply of a host: the shared queue, which may go away and come back while messages are in hand.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::channel::{ChannelSettings, Limits, Pause};
use crate::clock::{BootTime, Now, Stopwatch};
use crate::error::Result;
use crate::jobs::deliver::Stop;
use crate::jobs::deliver::claiming::{Claim, Taken};
use crate::jobs::deliver::numbers::BELIEVED;
use crate::jobs::deliver::supply::{Round, Supply};
use crate::jobs::deliver::workers::{GRACE, Lease, Turn};
use crate::store::queue::Outage;
use crate::store::shared::{
    Begun, Called, HostAsks, HostRound, HostRun, Manners, SharedFailure, SharedQueue,
};

/// Between two tries of reaching the shared queue, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// By how much a host believes its lease to end before it does.
const MARGIN: Duration = Duration::from_millis(500);

/// What belongs to all hosts together on a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Together {
    /// Requests a minute; 0 means no limit.
    rate: u32,
    /// Different people in 24 hours; 0 means no limit.
    daily: i64,
    /// How they rest between two requests.
    pause: Option<Pause>,
}

impl Together {
    /// What a channel's settings and its provider say.
    pub fn of(settings: &ChannelSettings, daily: i64) -> Self {
        Self {
            rate: settings.limits.rate_per_minute,
            daily,
            pause: settings.provider.pause(),
        }
    }
}

/// The shared queue, for one run of one host on one channel.
pub(super) struct SharedSupply<'a> {
    queue: &'a mut SharedQueue,
    run: HostRun,
    together: Together,
    stop: Stop,
    zone: Tz,
    /// The planner's instant when it was last heard, and the time gone by since.
    at: DateTime<Utc>,
    since: Stopwatch,
    ahead: TimeDelta,
    lease: Lease,
    renewed: Stopwatch,
    in_hand: BTreeSet<i64>,
    /// The run tries whether a channel in trouble is well again.
    probes: bool,
    /// A call's answer was lost: what it gave out is to go back.
    lost: bool,
    is_over: bool,
}

impl<'a> SharedSupply<'a> {
    /// A run that began a moment ago, at `asked_at` by the clock that counts suspension.
    pub fn new(
        (queue, run): (&'a mut SharedQueue, HostRun),
        together: Together,
        (begun, manners): (&Begun, &Manners),
        asked_at: BootTime,
        stop: &Stop,
    ) -> Self {
        let supply = Self {
            queue,
            run,
            together,
            stop: stop.clone(),
            zone: manners.zone,
            at: begun.at,
            since: Stopwatch::start(),
            ahead: begun.ahead,
            lease: Lease::timed(),
            renewed: Stopwatch::start(),
            in_hand: BTreeSet::new(),
            probes: begun.outage.is_some(),
            lost: false,
            is_over: false,
        };
        supply.hold_from(asked_at);
        supply
    }

    fn lease_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.run.lease_seconds.unsigned_abs()))
    }

    fn hold_from(&self, asked_at: BootTime) {
        let time = self.lease_time().saturating_sub(MARGIN);
        self.lease.hold_until(asked_at.after(time));
    }

    /// The lease holds since a call that began then, or never will again.
    fn heard(&mut self, is_alive: bool, asked_at: BootTime) {
        if is_alive && !self.is_over {
            self.hold_from(asked_at);
            self.renewed = Stopwatch::start();
        } else {
            self.is_over = true;
            self.lease.end();
        }
    }

    /// Puts back what a call gave out whose answer was lost: it is in nobody's hand.
    fn put_back_what_was_lost(&mut self) -> Called<()> {
        if self.lost {
            self.run.call += 1;
            let in_hand: Vec<i64> = self.in_hand.iter().copied().collect();
            self.queue.put_back(&self.run, &in_hand, false)?;
            self.lost = false;
        }
        Ok(())
    }

    /// Makes a call, again and again while the shared queue is away; after a signal only as long as requests in
    /// flight have.
    fn patiently<T>(
        &mut self,
        mut call: impl FnMut(&mut SharedQueue, &HostRun) -> Called<T>,
    ) -> Result<T> {
        let mut wait = FIRST_WAIT;
        let mut since_stop: Option<Stopwatch> = None;
        loop {
            match self.put_back_what_was_lost() {
                Ok(()) | Err(SharedFailure::Away(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
            let failure = if self.lost {
                SharedFailure::Away("it was lost in the middle of a call".to_owned())
            } else {
                self.run.call += 1;
                match call(self.queue, &self.run) {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure,
                }
            };
            self.lost = true;
            let SharedFailure::Away(_) = &failure else {
                // What cannot be read was given out all the same.
                let _ = self.put_back_what_was_lost();
                return Err(failure.into());
            };
            if self.stop.asked() > 0 {
                let watch = since_stop.get_or_insert_with(Stopwatch::start);
                if watch.elapsed() >= GRACE || self.stop.asked() > 1 {
                    return Err(failure.into());
                }
            }
            thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Ends the run: it has nothing in hand any more.
    pub fn end(mut self) -> Result<()> {
        self.patiently(|queue, run| queue.put_back(run, &[], true))
    }

    /// How long everybody rests after what was just settled.
    fn rest(&self, round: &Round<'_>) -> Duration {
        let tried = round
            .settlements
            .iter()
            .any(|settlement| settlement.outcome.is_some());
        let Some(pause) = self.together.pause.filter(|_| tried) else {
            return Duration::ZERO;
        };
        let (least, most) = (pause.least_seconds * 1000, pause.most_seconds * 1000);
        Duration::from_millis(fastrand::u64(least..=most.max(least)))
    }

    /// What a round gave out, with each message's turn.
    fn claimed(&mut self, done: HostRound, asked_at: BootTime) -> Claim {
        let heard_at = BootTime::now();
        let mut claim = Claim {
            unasked: done.unasked,
            again_in: done.again_in,
            closed: done.closed,
            ..Claim::default()
        };
        for given in done.given_out {
            self.in_hand.insert(given.message.outgoing.id);
            claim.taken.push(Taken {
                message: given.message,
                turn: Turn {
                    // Each counted from the end that is on the safe side.
                    from: (given.from > Duration::ZERO).then(|| heard_at.after(given.from)),
                    until: Some(asked_at.after(given.until)),
                },
            });
        }
        claim
    }
}

impl Supply for SharedSupply<'_> {
    /// The planner's, as it goes on since it was last heard.
    fn now(&self) -> Now {
        let gone = TimeDelta::from_std(self.since.elapsed()).unwrap_or_default();
        Now::new(self.at + gone, self.zone)
    }

    /// Rates and rests are kept by all hosts together.
    fn limits(&self, settings: &ChannelSettings) -> (Limits, Option<Pause>) {
        let alone = Limits {
            workers: settings.limits.workers,
            rate_per_minute: 0,
        };
        (alone, None)
    }

    fn lease(&self) -> Lease {
        self.lease.clone()
    }

    fn due(&mut self) -> Result<u64> {
        self.queued()
    }

    fn queued(&mut self) -> Result<u64> {
        self.patiently(|queue, run| queue.waiting(run.channel))
    }

    fn round(&mut self, round: &Round<'_>) -> Result<(u64, Claim)> {
        let now = self.now();
        let rest = self.rest(round);
        let Together { rate, daily, pause } = self.together;
        let numbers_since = round.asks_numbers.then(|| now.at - self.ahead - BELIEVED);
        let room = if self.is_over { 0 } else { round.room };
        let (asked_at, done) = self.patiently(|queue, run| {
            let asked_at = BootTime::now();
            let asks = HostAsks {
                settlements: round.settlements,
                given_back: round.given_back,
                provider: round.provider,
                now,
                rest,
                room,
                aside: &round.aside,
                rate,
                daily,
                paused: pause.is_some(),
                numbers_since,
            };
            queue.round(run, &asks).map(|done| (asked_at, done))
        })?;
        self.heard(done.is_alive, asked_at);
        (self.at, self.since) = (done.at + self.ahead, Stopwatch::start());
        for settlement in round.settlements {
            self.in_hand.remove(&settlement.id);
        }
        let undone = done.undone;
        Ok((undone, self.claimed(done, asked_at)))
    }

    fn stay(&mut self) -> Result<()> {
        if self.is_over || self.renewed.elapsed() < self.lease_time() / 3 {
            return Ok(());
        }
        let (asked_at, is_alive) = self.patiently(|queue, run| {
            let asked_at = BootTime::now();
            queue.stay(run).map(|is_alive| (asked_at, is_alive))
        })?;
        self.heard(is_alive, asked_at);
        Ok(())
    }

    /// What only this host suffers from is nothing that the others are told.
    fn set_outage(&mut self, outage: Option<&Outage>, is_ours: bool) -> Result<()> {
        if is_ours && !self.probes {
            return Ok(());
        }
        let now = self.now().at;
        self.patiently(|queue, run| queue.note_outage(run.channel, outage, now))
    }

    fn unasked(&mut self, since: DateTime<Utc>, most: usize) -> Result<Vec<String>> {
        let since = since - self.ahead;
        self.patiently(|queue, run| queue.unasked_numbers(run.channel, since, most))
    }

    fn keep_numbers(&mut self, told: &[(String, bool)], since: DateTime<Utc>) -> Result<()> {
        let since = since - self.ahead;
        self.patiently(|queue, run| queue.keep_numbers(run.channel, told, since))
    }
}
