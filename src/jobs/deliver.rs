//! Delivery, shared by all journeys: claim a block, send it from several threads, settle results in groups.
//!
//! A message is `sending`, durably, before its request leaves. One thread owns the database: each round
//! settles what came back and claims what there is room for, in one transaction. Nothing is held but
//! what is in flight, at most four messages a worker.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::channel::{Limits, Next, Provider, Receipt, Refusal};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::contact_hours::ContactHours;
use crate::domain::message::Outgoing;
use crate::domain::rate::{TokenBucket, retry_delay};
use crate::domain::sms::transliterate;
use crate::domain::words::{Channel, Purpose, Reason, Status, Word};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::queue::{self, Claimed, Settlement};

/// Messages that may be `sending` at once, for each worker.
const IN_FLIGHT_PER_WORKER: usize = 4;
/// Transport failures in a row that close a channel for this run.
const BREAKER: u32 = 10;
/// Answers of "later" in a row that close a channel, at the least, and for each worker.
const LATER_BREAKER: usize = 100;
const LATER_PER_WORKER: usize = 10;
/// So many spoiled lots are not the fault of one text: they close the channel.
const MOST_ASIDE: usize = 10;
/// How long requests in flight may still answer after a signal.
const GRACE: Duration = Duration::from_secs(10);
/// How often a waiting round looks at signals.
const TICK: Duration = Duration::from_millis(100);
/// How long a round waits for more results once it has one: they share a commit.
const GATHER: Duration = Duration::from_millis(4);

/// How many times this run was asked to stop; shared with whoever listens for signals.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Asks the run to stop; a second time, at once.
    pub fn ask(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// What delivery on one channel came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSummary {
    /// The channel.
    pub channel: Channel,
    /// Taken by the provider.
    pub sent: u64,
    /// Failed for good.
    pub failed: u64,
    /// To be tried again later.
    pub later: u64,
    /// Nobody can tell.
    pub unknown: u64,
    /// Left in flight by a run that died, now `unknown`.
    pub recovered: u64,
    /// No longer wanted, by reason.
    pub skipped: BTreeMap<Reason, u64>,
    /// Still queued, due or not.
    pub left: u64,
    /// Why the channel closed, or left a template's messages, before the queue was empty.
    pub stopped: Option<String>,
}

impl ChannelSummary {
    const fn new(channel: Channel) -> Self {
        Self {
            channel,
            sent: 0,
            failed: 0,
            later: 0,
            unknown: 0,
            recovered: 0,
            skipped: BTreeMap::new(),
            left: 0,
            stopped: None,
        }
    }
}

/// What a delivery came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Channels that had something to do.
    pub channels: Vec<ChannelSummary>,
    /// Channels that another run is delivering.
    pub locked: Vec<Channel>,
    /// A signal ended it early.
    pub interrupted: bool,
}

impl Delivery {
    /// Whether a channel closed before its queue was empty.
    pub fn stopped(&self) -> bool {
        self.channels
            .iter()
            .any(|channel| channel.stopped.is_some())
    }

    /// Whether messages failed for good or ended `unknown`.
    pub fn some_failed(&self) -> bool {
        self.channels
            .iter()
            .any(|channel| channel.failed + channel.unknown + channel.recovered > 0)
    }
}

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
        if !queue::anything(store.connection(), *channel, clock.now().at)? {
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

/// What a worker says about one message.
enum Answer {
    Done(Result<Receipt, Refusal>),
    /// The channel closed, or its lot was put aside, before its request began.
    NotBegun,
}

/// A message on its way, as the owner of the database remembers it.
struct InFlight {
    attempt: i64,
    retries: i64,
    address: String,
    lot: String,
}

/// Lots that wait for the next run, because what we wrote in them is wrong.
type Aside = Arc<Mutex<BTreeSet<String>>>;

/// One channel being drained.
struct Drain<'a> {
    config: &'a Config,
    clock: &'a Clock,
    channel: Channel,
    provider: Arc<dyn Provider>,
    summary: ChannelSummary,
    in_flight: HashMap<i64, InFlight>,
    /// Workers begin no request once this is set.
    closed: Arc<AtomicBool>,
    /// Nor one of these lots.
    aside: Aside,
    failures_in_row: u32,
    laters_in_row: usize,
    open_purposes: [bool; 4],
}

fn drain(
    store: &mut Store,
    config: &Config,
    clock: &Clock,
    channel: Channel,
    stop: &Stop,
    observer: Observer<'_>,
) -> Result<ChannelSummary> {
    let mut summary = ChannelSummary::new(channel);
    let settings = config.channel(channel);
    let resend = config.queue.resend_unknown.contains(&channel);
    let recovered = store.write(|transaction| {
        queue::recover(transaction, channel, settings.name, resend, clock.now())
    })?;
    summary.recovered = if resend { 0 } else { recovered };
    let provider: Arc<dyn Provider> = match settings.connect() {
        Ok(provider) => Arc::from(provider),
        Err(error) => {
            summary.stopped = Some(error.to_string());
            summary.left = queue::queued(store.connection(), channel)?;
            return Ok(summary);
        }
    };
    if queue::due(store.connection(), channel, clock.now().at)? > 0
        && let Err(refusal) = provider.open()
    {
        summary.stopped = Some(refusal.text);
        summary.left = queue::queued(store.connection(), channel)?;
        return Ok(summary);
    }
    if channel == Channel::Whatsapp && provider.daily_recipients() > 0 {
        let since = clock.now().at - TimeDelta::hours(24);
        provider.remember(queue::whatsapp_recipients(store.connection(), since)?);
    }
    let mut drain = Drain {
        config,
        clock,
        channel,
        provider,
        summary,
        in_flight: HashMap::new(),
        closed: Arc::new(AtomicBool::new(false)),
        aside: Aside::default(),
        failures_in_row: 0,
        laters_in_row: 0,
        open_purposes: [true; 4],
    };
    let outcome = drain.run(store, stop, observer);
    drain.provider.close();
    outcome?;
    drain.summary.left = queue::queued(store.connection(), channel)?;
    Ok(drain.summary)
}

impl Drain<'_> {
    fn run(&mut self, store: &mut Store, stop: &Stop, observer: Observer<'_>) -> Result<()> {
        let limits = self.config.channel(self.channel).limits;
        let workers = limits.workers.max(1);
        let most = workers * IN_FLIGHT_PER_WORKER;
        let total = queue::due(store.connection(), self.channel, self.clock.now().at)?;
        let (work, jobs) = sync_channel::<(Outgoing, String)>(most);
        let (answers, results) = channel::<(i64, Answer)>();
        self.start(workers, limits, jobs, &answers);
        drop(answers);
        let mut back: Vec<(i64, Answer)> = Vec::new();
        let mut since_stop: Option<Stopwatch> = None;
        loop {
            if stop.asked() > 0 && since_stop.is_none() {
                since_stop = Some(Stopwatch::start());
                self.closed.store(true, Ordering::SeqCst);
            }
            let closed = self.closed.load(Ordering::SeqCst);
            let room = if closed {
                0
            } else {
                most - self.in_flight.len() + back.len()
            };
            let claimed = match self.round(store, &back, room) {
                Ok(claimed) => claimed,
                Err(error) => return self.save_what_came(store, &mut back, &results, error),
            };
            back.clear();
            observer(self.channel, self.done(), total);
            for message in claimed {
                self.in_flight.insert(
                    message.outgoing.id,
                    InFlight {
                        attempt: message.attempt,
                        retries: message.retries,
                        address: message.outgoing.address.clone(),
                        lot: message.lot.clone(),
                    },
                );
                let mut outgoing = message.outgoing;
                if self.channel == Channel::Sms && self.config.policy.transliterate_sms {
                    outgoing.body = transliterate(&outgoing.body).into_owned();
                }
                self.hand_over(&work, (outgoing, message.lot))?;
            }
            if self.in_flight.is_empty() {
                return Ok(());
            }
            let out_of_patience = since_stop
                .as_ref()
                .is_some_and(|watch| watch.elapsed() >= GRACE || stop.asked() > 1);
            if out_of_patience {
                self.provider.interrupt();
                return self.give_up_waiting(store, &results);
            }
            self.gather(&results, &mut back, most / 2);
        }
    }

    fn start(
        &self,
        workers: usize,
        limits: Limits,
        jobs: Receiver<(Outgoing, String)>,
        answers: &Sender<(i64, Answer)>,
    ) {
        let jobs = Arc::new(Mutex::new(jobs));
        let bucket = Arc::new(Mutex::new(TokenBucket::per_minute(limits.rate_per_minute)));
        let watch = Stopwatch::start();
        for _ in 0..workers {
            let jobs = Arc::clone(&jobs);
            let bucket = Arc::clone(&bucket);
            let closed = Arc::clone(&self.closed);
            let aside = Arc::clone(&self.aside);
            let provider = Arc::clone(&self.provider);
            let answers = answers.clone();
            thread::spawn(move || {
                loop {
                    let turn = jobs.lock().unwrap_or_else(PoisonError::into_inner);
                    let Ok((message, lot)) = turn.recv() else {
                        return;
                    };
                    // A provider that wants them in order has the others wait for their turn.
                    let turn = provider.in_order().then_some(turn);
                    let spoiled = lots(&aside).contains(&lot);
                    let answer = if !spoiled && wait_for_turn(&bucket, watch, &closed) {
                        // A provider that panics leaves its message unknown, and the run alive.
                        let sent = catch_unwind(AssertUnwindSafe(|| provider.send(&message)));
                        Answer::Done(sent.unwrap_or_else(|_| {
                            Err(Refusal::new(Next::Unknown, "the provider's code failed"))
                        }))
                    } else {
                        Answer::NotBegun
                    };
                    drop(turn);
                    if answers.send((message.id, answer)).is_err() {
                        return;
                    }
                }
            });
        }
    }

    fn hand_over(
        &self,
        work: &SyncSender<(Outgoing, String)>,
        message: (Outgoing, String),
    ) -> Result<()> {
        work.send(message)
            .map_err(|_| Error::world(format!("every worker of {} died", self.channel)))
    }

    fn done(&self) -> u64 {
        let s = &self.summary;
        s.sent + s.failed + s.later + s.unknown + s.skipped.values().sum::<u64>()
    }

    /// Waits for a first result, then a little for more.
    fn gather(
        &self,
        results: &Receiver<(i64, Answer)>,
        back: &mut Vec<(i64, Answer)>,
        enough: usize,
    ) {
        match results.recv_timeout(TICK) {
            Ok(result) => back.push(result),
            Err(_) => return,
        }
        let watch = Stopwatch::start();
        while back.len() < enough.max(1) && back.len() < self.in_flight.len() {
            let Some(left) = GATHER.checked_sub(watch.elapsed()) else {
                return;
            };
            match results.recv_timeout(left) {
                Ok(result) => back.push(result),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// One transaction: settles what came back and claims what there is room for; then what was settled is
    /// counted and no longer in flight.
    fn round(
        &mut self,
        store: &mut Store,
        back: &[(i64, Answer)],
        room: usize,
    ) -> Result<Vec<Claimed>> {
        let now = self.clock.now();
        let settlements: Vec<Settlement> = back
            .iter()
            .filter_map(|(id, answer)| self.settlement(*id, answer, now))
            .collect();
        // A closed channel settles what is still coming and claims nothing more.
        let close = self.close_after(back);
        let room = if close.is_some() { 0 } else { room };
        if settlements.is_empty() && room == 0 {
            self.close(close);
            return Ok(Vec::new());
        }
        let put_off = self.hours_that_closed(now);
        let (channel, provider) = (self.channel, self.provider.name());
        let aside = lots(&self.aside).clone();
        let claim = store.write(|transaction| {
            for settlement in &settlements {
                queue::settle(transaction, settlement, provider, now.at)?;
            }
            if room == 0 {
                return Ok(queue::Claim::default());
            }
            for (purpose, birthdays, until) in &put_off {
                queue::put_off(transaction, channel, *purpose, *birthdays, now.at, *until)?;
            }
            queue::claim(transaction, channel, now, room, &aside)
        })?;
        self.count(&settlements);
        self.close(close);
        for (_, reason) in &claim.skipped {
            *self.summary.skipped.entry(*reason).or_default() += 1;
        }
        Ok(claim.claimed)
    }

    fn close(&mut self, why: Option<String>) {
        if let Some(why) = why {
            // That the channel closed says more than that a template could not go.
            if self.closed.swap(true, Ordering::SeqCst) {
                self.summary.stopped.get_or_insert(why);
            } else {
                self.summary.stopped = Some(why);
            }
        }
    }

    /// Contact hours that closed since the last round: what is due then waits for their next opening.
    fn hours_that_closed(&mut self, now: Now) -> Vec<(Purpose, bool, DateTime<Utc>)> {
        let policy = &self.config.policy;
        let birthday = ContactHours::daily(self.config.birthday.hours);
        let mut put_off = Vec::new();
        for (i, purpose) in Purpose::ALL.iter().enumerate() {
            let until = policy.not_before(*purpose, now);
            if let Some(until) = until.filter(|_| self.open_purposes[i]) {
                put_off.push((*purpose, false, until));
            }
            self.open_purposes[i] = until.is_none();
        }
        let until = policy.not_before_in(&birthday, now);
        if let Some(until) = until.filter(|_| self.open_purposes[3]) {
            put_off.extend(Purpose::ALL.iter().map(|purpose| (*purpose, true, until)));
        }
        self.open_purposes[3] = until.is_none();
        put_off
    }

    /// Looks at a group of answers: why the channel must close now, if it must.
    fn close_after(&mut self, back: &[(i64, Answer)]) -> Option<String> {
        let most_laters = LATER_BREAKER
            .max(LATER_PER_WORKER * self.config.channel(self.channel).limits.workers.max(1));
        let mut close = None;
        for (id, answer) in back {
            let Answer::Done(result) = answer else {
                continue;
            };
            match result {
                Ok(_) => (self.failures_in_row, self.laters_in_row) = (0, 0),
                Err(refusal) => match refusal.next {
                    Next::Stop => {
                        close.get_or_insert_with(|| refusal.text.clone());
                    }
                    Next::StopBatch => {
                        (self.failures_in_row, self.laters_in_row) = (0, 0);
                        if let Some(why) = self.put_aside(*id, &refusal.text) {
                            close.get_or_insert(why);
                        }
                    }
                    Next::NotSent | Next::Unknown => {
                        self.failures_in_row += 1;
                        if self.failures_in_row >= BREAKER {
                            close.get_or_insert_with(|| {
                                format!("{BREAKER} failures in a row; the last: {}", refusal.text)
                            });
                        }
                    }
                    Next::Later(_) => {
                        self.failures_in_row = 0;
                        self.laters_in_row += 1;
                        if self.laters_in_row >= most_laters {
                            close.get_or_insert_with(|| {
                                format!(
                                    "the provider said \"later\" {most_laters} times in a row; the last: {}",
                                    refusal.text
                                )
                            });
                        }
                    }
                    Next::Never(_) | Next::Gone(_) => {
                        (self.failures_in_row, self.laters_in_row) = (0, 0);
                    }
                },
            }
        }
        close
    }

    /// Leaves the rest of a message's lot for the next run, and remembers why. When too many lots
    /// went that way it is no fault of one text: then why the channel must close.
    fn put_aside(&mut self, id: i64, why: &str) -> Option<String> {
        let lot = self.in_flight.get(&id)?.lot.clone();
        let template = serde_json::from_str::<serde_json::Value>(&lot)
            .ok()
            .and_then(|lot| lot[0].as_str().map(str::to_owned));
        let (is_new, many) = {
            let mut aside = lots(&self.aside);
            (aside.insert(lot), aside.len() >= MOST_ASIDE)
        };
        if is_new {
            let what = template.map_or_else(
                || "messages without a template".to_owned(),
                |name| format!("template `{name}`"),
            );
            self.summary
                .stopped
                .get_or_insert_with(|| format!("only for {what}: {why}"));
        }
        many.then(|| format!("{MOST_ASIDE} batches could not go; the last: {why}"))
    }

    /// What an answer means for its message.
    fn settlement(&self, id: i64, answer: &Answer, now: Now) -> Option<Settlement> {
        let flight = self.in_flight.get(&id)?;
        let mut settlement = Settlement {
            id,
            attempt: flight.attempt,
            status: Status::Queued,
            reason: None,
            detail: None,
            not_before: None,
            outcome: None,
            code: None,
            text: None,
            provider_id: None,
            gone: None,
            retried: false,
        };
        let refusal = match answer {
            Answer::NotBegun => return Some(settlement),
            Answer::Done(Ok(receipt)) => {
                settlement.status = Status::Sent;
                settlement.outcome = Some("accepted");
                settlement.code.clone_from(&receipt.code);
                settlement.text.clone_from(&receipt.text);
                settlement.provider_id.clone_from(&receipt.provider_id);
                return Some(settlement);
            }
            Answer::Done(Err(refusal)) => refusal,
        };
        settlement.code.clone_from(&refusal.code);
        settlement.text = Some(refusal.text.clone());
        settlement.detail = Some(match &refusal.code {
            Some(code) => format!("{code}: {}", refusal.text),
            None => refusal.text.clone(),
        });
        match refusal.next {
            Next::Never(reason) => {
                settlement.status = Status::Failed;
                settlement.reason = Some(reason);
                settlement.outcome = Some("refused");
            }
            Next::Gone(reason) => {
                settlement.status = Status::Failed;
                settlement.reason = Some(reason);
                settlement.outcome = Some("refused");
                settlement.gone = (self.channel == Channel::Push).then(|| flight.address.clone());
            }
            Next::Later(asked) => self.again(&mut settlement, flight, asked, now),
            Next::NotSent => self.again(&mut settlement, flight, None, now),
            Next::Stop | Next::StopBatch => settlement.outcome = Some("stop"),
            Next::Unknown => {
                settlement.outcome = Some("unknown");
                if self.config.queue.resend_unknown.contains(&self.channel) {
                    self.again(&mut settlement, flight, None, now);
                    settlement.outcome = Some("unknown");
                } else {
                    settlement.status = Status::Unknown;
                }
            }
        }
        Some(settlement)
    }

    fn again(
        &self,
        settlement: &mut Settlement,
        flight: &InFlight,
        asked: Option<Duration>,
        now: Now,
    ) {
        settlement.outcome = Some("later");
        settlement.retried = true;
        if flight.retries + 1 >= self.config.queue.max_attempts {
            settlement.status = Status::Failed;
            settlement.reason = Some(Reason::GaveUp);
            return;
        }
        let delay = retry_delay(
            Duration::from_secs(self.config.queue.first_retry_seconds.unsigned_abs()),
            u32::try_from(flight.retries).unwrap_or(0),
            asked,
            fastrand::f64(),
        );
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
        settlement.not_before = Some(now.at + delay);
    }

    /// Counts what was settled, and forgets its messages.
    fn count(&mut self, settlements: &[Settlement]) {
        for settlement in settlements {
            match (settlement.status, settlement.outcome) {
                (Status::Sent, _) => self.summary.sent += 1,
                (Status::Failed, _) => self.summary.failed += 1,
                (Status::Unknown, _) => self.summary.unknown += 1,
                (_, Some("later" | "unknown")) => self.summary.later += 1,
                _ => {}
            }
            self.in_flight.remove(&settlement.id);
        }
    }

    /// The database failed: waits for what is in flight, and tries once more to write the answers down.
    fn save_what_came(
        &mut self,
        store: &mut Store,
        back: &mut Vec<(i64, Answer)>,
        results: &Receiver<(i64, Answer)>,
        error: Error,
    ) -> Result<()> {
        self.closed.store(true, Ordering::SeqCst);
        let watch = Stopwatch::start();
        while back.len() < self.in_flight.len() && watch.elapsed() < GRACE {
            if let Ok(result) = results.recv_timeout(TICK) {
                back.push(result);
            }
        }
        // Whether it worked shows in what is still in flight.
        let _ = self.round(store, back, 0);
        let unsettled = self.in_flight.len();
        Err(if unsettled == 0 {
            error
        } else {
            error.hint(format!(
                "the answers of {unsettled} messages could not be written down: the next run calls them unknown"
            ))
        })
    }

    /// A signal, and patience is over: what has not answered by now is unknown.
    fn give_up_waiting(
        &mut self,
        store: &mut Store,
        results: &Receiver<(i64, Answer)>,
    ) -> Result<()> {
        let mut back: Vec<(i64, Answer)> = Vec::new();
        while let Ok(result) = results.recv_timeout(TICK) {
            back.push(result);
        }
        let missing: Vec<i64> = self
            .in_flight
            .keys()
            .filter(|id| !back.iter().any(|(answered, _)| answered == *id))
            .copied()
            .collect();
        for id in missing {
            back.push((
                id,
                Answer::Done(Err(Refusal::new(
                    Next::Unknown,
                    "the run was stopped before the answer came",
                ))),
            ));
        }
        self.round(store, &back, 0)?;
        Ok(())
    }
}

fn lots(aside: &Aside) -> MutexGuard<'_, BTreeSet<String>> {
    aside.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the rate allows a request; false when the channel closed meanwhile.
fn wait_for_turn(
    bucket: &Mutex<Option<TokenBucket>>,
    watch: Stopwatch,
    closed: &AtomicBool,
) -> bool {
    if closed.load(Ordering::SeqCst) {
        return false;
    }
    let mut wait = bucket
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_mut()
        .map_or(Duration::ZERO, |bucket| bucket.take(watch.elapsed()));
    while wait > Duration::ZERO {
        let step = wait.min(TICK);
        thread::sleep(step);
        wait -= step;
        if closed.load(Ordering::SeqCst) {
            return false;
        }
    }
    true
}
