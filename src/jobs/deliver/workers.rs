//! Workers: threads that ask the provider, as many and as fast as it allows, and hand back what it said.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::stop::Stop;
use super::tray::Tray;
use crate::channel::{Accepted, Limits, Next, Pause, Provider, Refusal};
use crate::clock::{BootTime, Stopwatch};
use crate::domain::message::{Lot, Outgoing};
use crate::domain::rate::TokenBucket;
use crate::error::{Error, Result};

/// How long requests in flight may still answer after a signal.
pub(in crate::jobs) const GRACE: Duration = Duration::from_secs(10);
/// How often whoever waits looks whether the channel has closed.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// The shortest rest of whoever waits for a turn that is not his yet.
const SHORTEST_REST: Duration = Duration::from_millis(5);
/// How long a round waits for more answers once it has one: they share a commit.
const GATHER: Duration = Duration::from_millis(4);

/// What a worker says about one message.
pub(super) enum Answer {
    /// The provider was asked.
    Done(Result<Accepted, Refusal>),
    /// The channel closed, or its lot was put aside, before its request began.
    NotBegun,
}

/// The answer about the message with this id.
pub(super) type Answered = (i64, Answer);

/// Until when a run holds what was given out to it: after that none of it may be begun. A run on its own
/// database holds it as long as it lives.
#[derive(Clone, Default)]
pub(in crate::jobs) struct Lease(Option<Arc<AtomicU64>>);

impl Lease {
    /// A lease that has not begun.
    #[cfg(feature = "postgres")]
    pub fn timed() -> Self {
        Self(Some(Arc::default()))
    }

    /// Holds until `end`.
    #[cfg(feature = "postgres")]
    pub fn hold_until(&self, end: BootTime) {
        if let Some(until) = &self.0 {
            until.store(end.millis(), Ordering::SeqCst);
        }
    }

    /// Ends at once.
    #[cfg(feature = "postgres")]
    pub fn end(&self) {
        if let Some(until) = &self.0 {
            until.store(0, Ordering::SeqCst);
        }
    }

    /// Whether nothing may be begun under it any more.
    pub fn is_over(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|until| BootTime::now().millis() >= until.load(Ordering::SeqCst))
    }
}

/// When a message's request may begin: not before its slot, where slots are shared, and not after what it says
/// may have ceased to be true.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::jobs) struct Turn {
    /// Not before.
    pub from: Option<BootTime>,
    /// Not from then on.
    pub until: Option<BootTime>,
}

impl Turn {
    /// How long it is until its beginning.
    fn wait(&self) -> Duration {
        self.from.map_or(Duration::ZERO, BootTime::left)
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|end| end.left() == Duration::ZERO)
    }
}

/// What is not to be begun any more, seen by every worker at once.
#[derive(Clone, Default)]
pub(super) struct Gate {
    closed: Arc<AtomicBool>,
    lease: Lease,
    /// Lots that wait for the next run, because what we wrote in them is wrong.
    aside: Arc<Mutex<BTreeSet<Lot>>>,
}

impl Gate {
    /// An open gate, as long as the lease holds.
    pub fn under(lease: Lease) -> Self {
        Self {
            lease,
            ..Self::default()
        }
    }

    /// No request is begun from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Whether no request is begun any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// No message of this lot is begun from now on; whether that is new, and how many lots that makes.
    pub fn put_aside(&self, lot: Lot) -> (bool, usize) {
        let mut aside = self.lots();
        (aside.insert(lot), aside.len())
    }

    /// The lots that were put aside.
    pub fn aside(&self) -> BTreeSet<Lot> {
        self.lots().clone()
    }

    fn lots(&self) -> MutexGuard<'_, BTreeSet<Lot>> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The workers of one channel. They end when this is dropped, each after its last request.
pub(super) struct Workers {
    work: Arc<Tray<Work>>,
    answers: Arc<Tray<Answered>>,
}

/// A message to be sent, with its lot and its turn.
type Work = (Outgoing, Lot, Turn);

impl Workers {
    /// Starts as many as the limits say.
    ///
    /// # Errors
    /// When the system allows no more threads; none goes on then, and nothing has been claimed.
    pub fn start(
        provider: &Arc<dyn Provider>,
        (limits, pause): (Limits, Option<Pause>),
        gate: &Gate,
    ) -> Result<Self> {
        let workers = Self {
            work: Arc::default(),
            answers: Arc::default(),
        };
        let turn = Arc::new(Mutex::new(()));
        let bucket = Arc::new(Mutex::new(TokenBucket::per_minute(limits.rate_per_minute)));
        let watch = Stopwatch::start();
        for _ in 0..limits.workers.max(1) {
            let worker = Worker {
                provider: Arc::clone(provider),
                gate: gate.clone(),
                work: Arc::clone(&workers.work),
                turn: Arc::clone(&turn),
                bucket: Arc::clone(&bucket),
                watch,
                pause,
                rested: Cell::new(None),
                answers: Arc::clone(&workers.answers),
            };
            thread::Builder::new()
                .spawn(move || worker.run())
                .map_err(no_thread)?;
        }
        Ok(workers)
    }

    /// Gives messages to whichever workers are free first.
    pub fn hand_over(&self, messages: Vec<Work>) {
        self.work.put(messages);
    }

    /// Waits a tick for answers; whether any came.
    pub fn more(&self, back: &mut Vec<Answered>) -> bool {
        let before = back.len();
        self.answers.take_all(1, TICK, back);
        back.len() > before
    }

    /// Waits a little for what may go later; nothing is on its way.
    pub fn pause(&self, wait: Duration) {
        let mut none = Vec::new();
        let wait = wait.clamp(SHORTEST_REST, TICK);
        self.answers.take_all(1, wait, &mut none);
    }

    /// Waits for a first answer, then a little for more, up to `enough`.
    pub fn gather(&self, back: &mut Vec<Answered>, enough: usize) {
        if self.more(back) && back.len() < enough {
            self.answers.take_all(enough - back.len(), GATHER, back);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.work.close();
    }
}

/// Opens the provider; a signal ends that too, after the time that requests in flight have.
pub(in crate::jobs) fn opened(
    provider: &Arc<dyn Provider>,
    stop: &Stop,
) -> Result<Result<(), Refusal>> {
    awaited(provider, stop, |provider| provider.open())
}

/// Asks the provider something besides its messages; a signal ends that too, as it ends opening it.
pub(super) fn awaited<T: Send + 'static>(
    provider: &Arc<dyn Provider>,
    stop: &Stop,
    ask: impl FnOnce(&dyn Provider) -> Result<T, Refusal> + Send + 'static,
) -> Result<Result<T, Refusal>> {
    let (said, answer) = channel();
    let asked = Arc::clone(provider);
    thread::Builder::new()
        .spawn(move || {
            let told = catch_unwind(AssertUnwindSafe(|| ask(&*asked)));
            let _ = said.send(told);
        })
        .map_err(no_thread)?;
    let mut since_stop: Option<Stopwatch> = None;
    loop {
        match answer.recv_timeout(TICK) {
            Ok(Ok(told)) => return Ok(told),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(Refusal::new(
                    Next::NotSent,
                    "the provider's code failed",
                )));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.asked() == 0 {
            continue;
        }
        let watch = since_stop.get_or_insert_with(|| {
            provider.interrupt();
            Stopwatch::start()
        });
        if watch.elapsed() >= GRACE || stop.asked() > 1 {
            return Ok(Err(Refusal::new(
                Next::NotSent,
                "interrupted before a message could be sent",
            )));
        }
    }
}

/// The system gave no thread.
pub fn no_thread(error: std::io::Error) -> Error {
    Error::world("the system allows no more threads; nothing was begun")
        .because(error)
        .hint("raise the limit on processes (`ulimit -u`, or TasksMax= of the service), or lower `workers`")
}

/// One thread with what it shares with the others.
struct Worker {
    provider: Arc<dyn Provider>,
    gate: Gate,
    work: Arc<Tray<Work>>,
    /// Held while a provider sends that wants messages in their order.
    turn: Arc<Mutex<()>>,
    bucket: Arc<Mutex<Option<TokenBucket>>>,
    watch: Stopwatch,
    /// How long to rest between two requests.
    pause: Option<Pause>,
    /// Since the last request.
    rested: Cell<Option<Stopwatch>>,
    answers: Arc<Tray<Answered>>,
}

impl Worker {
    fn run(self) {
        loop {
            let in_order = self.provider.in_order();
            let turn = in_order.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
            let Some((message, lot, turn_of_message)) = self.work.take() else {
                return;
            };
            let spoiled = self.gate.lots().contains(&lot);
            let answer = if !spoiled && self.wait_for_turn(&turn_of_message) {
                // A provider that panics leaves its message unknown, and the run alive.
                let sent = catch_unwind(AssertUnwindSafe(|| self.provider.send(&message)));
                let sent = sent.unwrap_or_else(|_| {
                    Err(Refusal::new(Next::Unknown, "the provider's code failed"))
                });
                // What closes the channel does so before anybody begins one more request.
                if sent
                    .as_ref()
                    .is_err_and(|refusal| refusal.next == Next::Stop)
                {
                    self.gate.close();
                }
                self.rested.set(Some(Stopwatch::start()));
                Answer::Done(sent)
            } else {
                Answer::NotBegun
            };
            drop(turn);
            self.answers.put([(message.id, answer)]);
        }
    }

    /// What is left of the pause since the last request, which is another each time.
    fn rest(&self) -> Duration {
        let (Some(pause), Some(since)) = (self.pause, self.rested.get()) else {
            return Duration::ZERO;
        };
        let (least, most) = (pause.least_seconds * 1000, pause.most_seconds * 1000);
        let whole = Duration::from_millis(fastrand::u64(least..=most.max(least)));
        whole.saturating_sub(since.elapsed())
    }

    /// Waits until the rate and the turn allow a request; false when the channel closed meanwhile, or the time
    /// in which the message may go is over.
    fn wait_for_turn(&self, turn: &Turn) -> bool {
        if self.gate.is_closed() {
            return false;
        }
        let mut wait = self
            .bucket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            .map_or(Duration::ZERO, |bucket| bucket.take(self.watch.elapsed()))
            .max(self.rest())
            .max(turn.wait());
        while wait > Duration::ZERO {
            let step = wait.min(TICK);
            thread::sleep(step);
            wait -= step;
            if self.gate.is_closed() {
                return false;
            }
        }
        !self.gate.lease.is_over() && !turn.is_over()
    }
}
