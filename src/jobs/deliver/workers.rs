//! Workers: threads that ask the provider, as many and as fast as it allows, and hand back what it said.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::stop::Stop;
use crate::channel::{Accepted, Limits, Next, Provider, Refusal};
use crate::clock::Stopwatch;
use crate::domain::message::{Lot, Outgoing};
use crate::domain::rate::TokenBucket;
use crate::error::{Error, Result};

/// How long requests in flight may still answer after a signal.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// How often whoever waits looks whether the channel has closed.
pub(super) const TICK: Duration = Duration::from_millis(100);
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

/// What is not to be begun any more, seen by every worker at once.
#[derive(Clone, Default)]
pub(super) struct Gate {
    closed: Arc<AtomicBool>,
    /// Lots that wait for the next run, because what we wrote in them is wrong.
    aside: Arc<Mutex<BTreeSet<Lot>>>,
}

impl Gate {
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
    work: SyncSender<(Outgoing, Lot)>,
    answers: Receiver<Answered>,
}

impl Workers {
    /// Starts as many as the limits say; at most `most` messages wait for one.
    ///
    /// # Errors
    /// When the system allows no more threads; none goes on then, and nothing has been claimed.
    pub fn start(
        provider: &Arc<dyn Provider>,
        limits: Limits,
        gate: &Gate,
        most: usize,
    ) -> Result<Self> {
        let (work, jobs) = sync_channel(most);
        let (said, answers) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let bucket = Arc::new(Mutex::new(TokenBucket::per_minute(limits.rate_per_minute)));
        let watch = Stopwatch::start();
        for _ in 0..limits.workers.max(1) {
            let worker = Worker {
                provider: Arc::clone(provider),
                gate: gate.clone(),
                jobs: Arc::clone(&jobs),
                bucket: Arc::clone(&bucket),
                watch,
                said: said.clone(),
            };
            thread::Builder::new()
                .spawn(move || worker.run())
                .map_err(no_thread)?;
        }
        Ok(Self { work, answers })
    }

    /// Gives a message to whichever worker is free first.
    pub fn hand_over(&self, message: Outgoing, lot: Lot) -> Result<()> {
        let channel = message.channel;
        self.work
            .send((message, lot))
            .map_err(|_| Error::world(format!("every worker of {channel} died")))
    }

    /// The next answer, if one comes within a tick.
    pub fn next(&self) -> Option<Answered> {
        self.answers.recv_timeout(TICK).ok()
    }

    /// Waits for a first answer, then a little for more, up to `enough`.
    pub fn gather(&self, back: &mut Vec<Answered>, enough: usize) {
        let Some(first) = self.next() else { return };
        back.push(first);
        let watch = Stopwatch::start();
        while back.len() < enough {
            let Some(left) = GATHER.checked_sub(watch.elapsed()) else {
                return;
            };
            match self.answers.recv_timeout(left) {
                Ok(answered) => back.push(answered),
                Err(_) => return,
            }
        }
    }
}

/// Opens the provider; a signal ends that too, after the time that requests in flight have.
pub(super) fn opened(provider: &Arc<dyn Provider>, stop: &Stop) -> Result<Result<(), Refusal>> {
    let (said, answer) = channel();
    let opening = Arc::clone(provider);
    thread::Builder::new()
        .spawn(move || {
            let opened = catch_unwind(AssertUnwindSafe(|| opening.open()));
            let _ = said.send(opened);
        })
        .map_err(no_thread)?;
    let mut since_stop: Option<Stopwatch> = None;
    loop {
        match answer.recv_timeout(TICK) {
            Ok(Ok(opened)) => return Ok(opened),
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
                "interrupted while the connection was being opened",
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
    jobs: Arc<Mutex<Receiver<(Outgoing, Lot)>>>,
    bucket: Arc<Mutex<Option<TokenBucket>>>,
    watch: Stopwatch,
    said: Sender<Answered>,
}

impl Worker {
    fn run(self) {
        loop {
            let turn = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            let Ok((message, lot)) = turn.recv() else {
                return;
            };
            // A provider that wants them in order has the others wait for their turn.
            let turn = self.provider.in_order().then_some(turn);
            let spoiled = self.gate.lots().contains(&lot);
            let answer = if !spoiled && self.wait_for_turn() {
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
                Answer::Done(sent)
            } else {
                Answer::NotBegun
            };
            drop(turn);
            if self.said.send((message.id, answer)).is_err() {
                return;
            }
        }
    }

    /// Waits until the rate allows a request; false when the channel closed meanwhile.
    fn wait_for_turn(&self) -> bool {
        if self.gate.is_closed() {
            return false;
        }
        let mut wait = self
            .bucket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
            .map_or(Duration::ZERO, |bucket| bucket.take(self.watch.elapsed()));
        while wait > Duration::ZERO {
            let step = wait.min(TICK);
            thread::sleep(step);
            wait -= step;
            if self.gate.is_closed() {
                return false;
            }
        }
        true
    }
}
