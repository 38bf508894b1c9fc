//! The planner's side of the shared queue: share and gather.

use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;

use super::{host, new_name, open, seconds, settings};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::{Config, SharedConfig};
use crate::domain::contact_hours::ContactHours;
use crate::domain::place::Place;
use crate::domain::words::{Channel, Origin, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::compose::Composer;
use crate::jobs::deliver::claiming::{Claim, Hours, as_sent, claim, claim_these, look_again};
use crate::jobs::deliver::{ChannelSummary, Delivery, Stop};
use crate::store::queue::{self, Aside, DueMessage};
use crate::store::shared::{HandedOver, Manners, PlannerVisit, SharedQueue};
use crate::store::sharing::{self, News, SharedMessage, SharedPart};
use crate::store::{Connection, Lock, Store, book};

/// Messages that one transaction, or one call, has to do with.
const PAGE: usize = 500;
/// How long one share waits for another of this machine to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a gather brought home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BroughtHome {
    /// Taken by the provider.
    pub sent: u64,
    /// Failed for good.
    pub failed: u64,
    /// Skipped by a host.
    pub skipped: u64,
    /// To be tried again.
    pub later: u64,
    /// Nobody can tell.
    pub unknown: u64,
    /// Taken back before anybody claimed them.
    pub back: u64,
    /// Receipts and answers that providers reported to hosts.
    pub receipts: u64,
}

impl BroughtHome {
    fn count(&mut self, news: &News) {
        match news {
            News::Settled(settlement, _) => match settlement.status {
                Status::Sent => self.sent += 1,
                Status::Unknown => self.unknown += 1,
                Status::Queued => self.later += 1,
                Status::Skipped => self.skipped += 1,
                _ => self.failed += 1,
            },
            News::Unknown(_) => self.unknown += 1,
            News::NoNumber => self.skipped += 1,
            News::Withdrawn | News::Untouched | News::Returned => self.back += 1,
        }
    }
}

/// This database as the planner of the shared queue, whose turn it is.
pub struct Planner<'a> {
    pub(super) store: &'a mut Store,
    pub(super) config: &'a Config,
    pub(super) clock: &'a Clock,
    settings: &'a SharedConfig,
    pub(super) queue: SharedQueue,
    pub(super) turn: String,
    /// The server's clock when the turn began, in milliseconds since 1970.
    since_ms: f64,
    /// By how much this machine's clock is before it.
    ahead_ms: i64,
    _lock: Lock,
}

impl<'a> Planner<'a> {
    /// Comes to the shared queue as its planner. With `set_up` its schema is made or brought up to date first;
    /// with `take_over` this database is the planner from now on, whichever was before.
    ///
    /// # Errors
    /// When it cannot be reached, or another database plans.
    pub fn come(
        store: &'a mut Store,
        config: &'a Config,
        clock: &'a Clock,
        (set_up, take_over): (bool, bool),
    ) -> Result<Self> {
        let settings = settings(config)?;
        let mut queue = open(settings)?;
        let lock = alone(store)?;
        if set_up {
            queue.set_up()?;
        }
        queue.is_set_up()?;
        let fresh = new_name();
        let pass = store.write(|connection| sharing::pass(connection, &fresh))?;
        let path = store.path().canonicalize()?;
        let file = std::fs::metadata(&path)?.ino().to_string();
        let place = path.display().to_string();
        let mut visit = PlannerVisit {
            pass: &pass,
            host: &host(settings),
            place: &place,
            file: &file,
            forced: take_over,
            stale_seconds: seconds(settings.stale_seconds),
        };
        if set_up && !take_over && queue.standing()?.planner.is_none() {
            visit.forced = true;
        }
        let (since_ms, taken) = queue.visit(&visit)?;
        store.write(|connection| sharing::granted(connection, &pass, taken))?;
        let ahead = clock.now().at.timestamp_millis();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        let ahead_ms = ahead - since_ms as i64;
        let mut planner = Self {
            store,
            config,
            clock,
            settings,
            queue,
            turn: pass.next,
            since_ms,
            ahead_ms,
            _lock: lock,
        };
        if taken {
            planner.tell_recipients()?;
        }
        Ok(planner)
    }

    /// Tells who was written to within a day, where a provider may limit that.
    fn tell_recipients(&mut self) -> Result<()> {
        let channel = Channel::Whatsapp;
        let since = self.clock.now().at - TimeDelta::hours(24);
        let people = queue::recipients(self.store.connection(), channel, since)?;
        for page in people.chunks(PAGE) {
            self.queue.written_to(&self.turn, channel, page)?;
        }
        Ok(())
    }

    /// Brings home what became of messages with the hosts.
    pub fn gather(&mut self, stop: &Stop) -> Result<BroughtHome> {
        let mut gathered = BroughtHome::default();
        self.queue.reap()?;
        let stale = seconds(self.settings.stale_seconds);
        while self.queue.take_back(&self.turn, stale, false)? > 0 {
            if stop.asked() > 0 {
                return Ok(gathered);
            }
        }
        let last = self.queue.last_outcome(&self.turn)?;
        let mut cursor = sharing::cursor(self.store.connection())?;
        if cursor > last {
            self.store
                .write(|connection| sharing::begin_anew(connection))?;
            cursor = 0;
        }
        while cursor < last && stop.asked() == 0 {
            let now = self.clock.now();
            let most = i32::try_from(PAGE).unwrap_or(i32::MAX);
            let outcomes = self.queue.outcomes(cursor, last, most, now)?;
            cursor = outcomes.last().map_or(last, |outcome| outcome.number);
            let resend = &self.config.queue.resend_unknown;
            self.store.write(|connection| {
                for outcome in &outcomes {
                    if sharing::bring_home(connection, outcome, resend, now)? {
                        gathered.count(&outcome.news);
                    }
                }
                sharing::set_cursor(connection, cursor)
            })?;
        }
        self.queue.gathered(&self.turn, cursor)?;
        gathered.receipts = self.take_reports(stop)?.matched;
        Ok(gathered)
    }

    /// Shares the queue: withdraws what may not go, hands over what is due on these channels and what came back on
    /// any, and confirms what the hosts have.
    pub fn share(
        &mut self,
        channels: &[Channel],
        stop: &Stop,
        observer: &mut dyn FnMut(Channel, u64, u64),
    ) -> Result<Delivery> {
        self.gather(stop)?;
        self.erase()?;
        self.look_through(SharedPart::OnTheWay)?;
        self.look_through(SharedPart::There)?;
        let mut delivery = Delivery::default();
        for channel in Channel::ALL {
            if stop.asked() > 0 {
                delivery.interrupted = true;
                return Ok(delivery);
            }
            let summary = self.hand_over(*channel, channels.contains(channel), stop, observer)?;
            if summary.done() + summary.shared + summary.left > 0 {
                delivery.channels.push(summary);
            }
        }
        delivery.interrupted = stop.asked() > 0;
        if !delivery.interrupted {
            self.confirm()?;
        }
        Ok(delivery)
    }

    /// The hosts may deliver what they have: all of it was looked at since this turn began.
    fn confirm(&mut self) -> Result<()> {
        let queue = &self.config.queue;
        let manners = Manners {
            zone: self.clock.zone(),
            max_attempts: queue.max_attempts,
            first_retry_seconds: queue.first_retry_seconds,
            resend_unknown: queue.resend_unknown.clone(),
            expire_days: self.config.policy.expire_days,
        };
        let stale = seconds(self.settings.stale_seconds);
        self.queue
            .confirm(&self.turn, self.since_ms, stale, self.ahead_ms, &manners)?;
        Ok(())
    }

    /// What was erased here is erased there.
    fn erase(&mut self) -> Result<()> {
        let mut after = String::new();
        loop {
            let tags = sharing::to_forget(self.store.connection(), &after, PAGE)?;
            let Some(last) = tags.last() else {
                return Ok(());
            };
            after.clone_from(last);
            // What was reported may speak of them too.
            let taken = sharing::report_cursor(self.store.connection())?;
            self.queue.reported(&self.turn, taken, true)?;
            self.queue.erase(&self.turn, &tags)?;
            self.store
                .write(|connection| sharing::forgotten(connection, &tags))?;
        }
    }

    /// Looks once more at every message with the hosts, or on its way to them, and withdraws what may not go as it
    /// is; what is still on its way and may go is handed over.
    fn look_through(&mut self, part: SharedPart) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let now = self.clock.now();
            let page = sharing::with_hosts(self.store.connection(), now, part, after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.message.outgoing.id;
            let tags: Vec<String> = page.iter().map(|shared| shared.tag.clone()).collect();
            let absent: HashSet<String> = self.queue.absent(&tags)?.into_iter().collect();
            let config = self.config;
            let messages = page.iter().map(|shared| shared.message.clone()).collect();
            let look = self
                .store
                .rehearse(|connection| look_again(connection, config, messages, now))?;
            let changed: HashSet<i64> = look.changed.into_iter().collect();
            self.store
                .write(|connection| sharing::unchanged(connection, &look.unchanged, &look.seen))?;
            let is_out = |shared: &SharedMessage| {
                shared.wished || changed.contains(&shared.message.outgoing.id)
            };
            let (wrong, right): (Vec<SharedMessage>, Vec<SharedMessage>) =
                page.into_iter().partition(is_out);
            self.withdraw(&wrong, &absent, part)?;
            match part {
                SharedPart::OnTheWay => self.send_over(right)?,
                SharedPart::There => self.note_lost(&right, &absent)?,
            }
        }
    }

    /// Withdraws rounds, and brings back those that certainly do not leave.
    fn withdraw(
        &mut self,
        messages: &[SharedMessage],
        absent: &HashSet<String>,
        part: SharedPart,
    ) -> Result<()> {
        let rounds: Vec<(String, i32)> = messages
            .iter()
            .map(|shared| (shared.tag.clone(), shared.round))
            .collect();
        if rounds.is_empty() {
            return Ok(());
        }
        let mut out: HashSet<String> = self
            .queue
            .withdraw(&self.turn, &rounds)?
            .into_iter()
            .collect();
        if part == SharedPart::OnTheWay {
            // The turn before this one is over: what did not arrive does not any more.
            out.extend(absent.iter().cloned());
        }
        self.store.write(|connection| {
            for (tag, round) in rounds.iter().filter(|(tag, _)| out.contains(tag)) {
                sharing::withdrawn(connection, tag, *round)?;
            }
            Ok(())
        })?;
        let now = self.clock.now();
        self.store.write(|connection| {
            for shared in messages {
                if part == SharedPart::There && absent.contains(&shared.tag) {
                    sharing::lost_there(connection, &shared.tag, now)?;
                }
            }
            Ok(())
        })
    }

    /// What the shared queue was certain to have, and does not know: it is another one, or an older one.
    fn note_lost(&mut self, messages: &[SharedMessage], absent: &HashSet<String>) -> Result<()> {
        let now = self.clock.now();
        let mut lost = messages
            .iter()
            .filter(|shared| absent.contains(&shared.tag))
            .peekable();
        if lost.peek().is_none() {
            return Ok(());
        }
        self.store.write(|connection| {
            for shared in lost {
                sharing::lost_there(connection, &shared.tag, now)?;
            }
            Ok(())
        })
    }

    /// Hands over what is due on a channel, or only what came back there.
    fn hand_over(
        &mut self,
        channel: Channel,
        all: bool,
        stop: &Stop,
        observer: &mut dyn FnMut(Channel, u64, u64),
    ) -> Result<ChannelSummary> {
        let mut summary = ChannelSummary::new(channel);
        let mut hours = Hours::open();
        let connection = self.store.connection();
        let total = queue::due(connection, channel, self.clock.now().at)?;
        while total > 0 && stop.asked() == 0 {
            let now = self.clock.now();
            let config = self.config;
            let put_off = hours.closed_since(config, now);
            let page = self.store.write(|connection| {
                for messages in &put_off {
                    messages.carry_out(connection, channel, now)?;
                }
                let claim = if all {
                    let aside = Aside::default();
                    claim(connection, config, channel, now, PAGE, (&aside, None))?
                } else {
                    let ids = sharing::returned(connection, channel, now.at, PAGE)?;
                    claim_these(connection, config, (channel, &ids), now)?
                };
                noted(connection, claim, &mut summary.skipped)
            })?;
            if page.is_empty() {
                break;
            }
            let n = page.len() as u64;
            self.send_over(page)?;
            summary.shared += n;
            observer(channel, summary.shared, total);
        }
        let connection = self.store.connection();
        summary.left = queue::queued(connection, channel)?;
        Ok(summary)
    }

    /// Hands messages over, and notes that they are there.
    fn send_over(&mut self, messages: Vec<SharedMessage>) -> Result<()> {
        let now = self.clock.now();
        let mut rows = Vec::with_capacity(messages.len());
        for mut shared in messages {
            shared.message = as_sent(self.config, shared.message);
            let valid = self.valid_ms(&shared.message, now)?;
            rows.push((shared, valid));
        }
        let there = self.queue.hand_over(&self.turn, &rows)?;
        let over: Vec<String> = there
            .iter()
            .filter(|handed| handed.is_over)
            .map(|handed| handed.tag.clone())
            .collect();
        let outcomes = if over.is_empty() {
            Vec::new()
        } else {
            self.queue.outcomes_of(&over, now)?
        };
        let resend = &self.config.queue.resend_unknown;
        self.store.write(|connection| {
            for HandedOver { tag, round, .. } in &there {
                sharing::is_there(connection, tag, *round)?;
            }
            for outcome in &outcomes {
                sharing::bring_home(connection, outcome, resend, now)?;
            }
            Ok(())
        })
    }

    /// For how many milliseconds a message may be claimed.
    fn valid_ms(&self, message: &DueMessage, now: Now) -> Result<i64> {
        let policy = &self.config.policy;
        let outgoing = &message.outgoing;
        let connection = self.store.connection();
        let birthday = ContactHours::daily(self.config.birthday.hours);
        let client = match (message.staff_id, outgoing.client_id) {
            (None, Some(id)) if !policy.places.is_empty() => book::client(connection, id)?,
            _ => None,
        };
        let place = match &client {
            Some(client) => {
                let composer = Composer::new(self.config, now);
                composer.place(connection, client, outgoing.contract_id)?
            }
            None => Place::default(),
        };
        let own = (message.origin == Origin::Birthday).then_some(&birthday);
        let mut until = policy.valid_until(outgoing.purpose, &place, own, now);
        if let Some(end) = message.expires_at {
            until = until.min(end);
        }
        Ok((until - now.at).num_milliseconds())
    }
}

/// Writes down which messages are about to be handed over, and counts what was skipped instead.
fn noted(
    connection: &Connection,
    claim: Claim,
    skipped: &mut BTreeMap<Reason, u64>,
) -> Result<Vec<SharedMessage>> {
    for (reason, n) in claim.skipped {
        *skipped.entry(reason).or_default() += n;
    }
    claim
        .taken
        .into_iter()
        .map(|taken| {
            sharing::hand_over(connection, taken.message.outgoing.id)?;
            sharing::just_handed(connection, taken.message)
        })
        .collect()
}

/// Takes the lock that one share of a machine has at a time, and waits for it a little.
fn alone(store: &Store) -> Result<Lock> {
    let watch = Stopwatch::start();
    loop {
        if let Some(lock) = store.lock("shared")? {
            return Ok(lock);
        }
        if watch.elapsed() > PATIENCE {
            return Err(Error::locked("another regua is sharing the queue")
                .hint("run it again when that has ended"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}
