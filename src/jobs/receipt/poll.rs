//! Asking providers what became of messages of the last days.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{ReceiptSummary, adopt, heed_receipt};
use crate::channel::{ChannelSettings, Next, Provider, Refusal};
use crate::clock::{Clock, Now, Stopwatch};
use crate::config::Config;
use crate::domain::rate::TokenBucket;
use crate::domain::receipt::Receipt;
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
use crate::jobs::deliver::Stop;
use crate::store::receipt::{self as store, AskedMessage};
use crate::store::{Store, meta};

/// Messages that were sent within so many days are asked about.
const DAYS: i64 = 3;

/// Questions of one run on one channel, at most, whatever its rate: a run takes about a minute.
const MOST: u32 = 1_000;

/// What asking came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PollSummary {
    /// Questions asked, by channel.
    pub asked: BTreeMap<Channel, u64>,
    /// What the answers told.
    pub receipts: ReceiptSummary,
    /// Channels that were given up in this run, and why.
    pub stopped: Vec<(Channel, String)>,
}

/// Asks the providers that can be asked about messages without a final receipt.
pub fn poll(store: &mut Store, config: &Config, clock: &Clock, stop: &Stop) -> Result<PollSummary> {
    let mut summary = PollSummary::default();
    store.write(|transaction| adopt(transaction, clock.now(), &mut summary.receipts))?;
    for channel in Channel::ALL {
        let settings = config.channel(*channel);
        if !settings.provider.can_be_asked() {
            continue;
        }
        match settings.connect() {
            Ok(provider) => {
                poll_channel(
                    store,
                    *channel,
                    settings,
                    &*provider,
                    clock,
                    stop,
                    &mut summary,
                )?;
            }
            Err(error) => summary.stopped.push((*channel, error.on_one_line())),
        }
    }
    Ok(summary)
}

/// What one question was answered.
type Answer = Result<Vec<Receipt>, Refusal>;

fn poll_channel(
    store: &mut Store,
    channel: Channel,
    settings: &ChannelSettings,
    provider: &dyn Provider,
    clock: &Clock,
    stop: &Stop,
    summary: &mut PollSummary,
) -> Result<()> {
    let now = clock.now();
    let rate = settings.limits.rate_per_minute;
    let most = if rate == 0 { MOST } else { rate.min(MOST) };
    let since =
        same_gateway_since(store, channel, settings, now)?.max(now.at - TimeDelta::days(DAYS));
    let asked = store::to_ask(
        store.connection(),
        channel,
        provider.name(),
        since,
        now.at,
        most,
    )?;
    let answers = ask_all(&asked, settings, provider, now, stop);
    let source = provider.name();
    store.write(|transaction| {
        for (question, answer) in asked.iter().zip(answers) {
            let Some(answer) = answer else { continue };
            *summary.asked.entry(channel).or_default() += 1;
            match answer {
                Ok(receipts) => {
                    for receipt in receipts {
                        summary.receipts.read += 1;
                        let about = question.message_id;
                        let written =
                            store::write_about(transaction, source, about, &receipt, now.at)?;
                        heed_receipt(transaction, now, &receipt, written, &mut summary.receipts)?;
                    }
                }
                Err(refusal) => {
                    if gives_up(&refusal) {
                        if !summary.stopped.iter().any(|(known, _)| *known == channel) {
                            summary.stopped.push((channel, refusal.said()));
                        }
                        // It was not looked at: the next run asks again.
                        continue;
                    }
                }
            }
            store::was_asked(transaction, question.message_id, now.at)?;
        }
        Ok(())
    })
}

/// Since when the channel goes by the gateway that the configuration names now: another one would answer about
/// its own messages where the ids are alike. What it took before it was first asked is not asked about.
fn same_gateway_since(
    store: &mut Store,
    channel: Channel,
    settings: &ChannelSettings,
    now: Now,
) -> Result<DateTime<Utc>> {
    let Some(gateway) = settings.provider.gateway() else {
        return Ok(DateTime::UNIX_EPOCH);
    };
    let key = format!("asked_gateway:{channel}");
    let known = meta::get(store.connection(), &key)?;
    let since = known.as_deref().and_then(|known| {
        let (since, name) = known.split_once(' ')?;
        let since = DateTime::from_timestamp_millis(since.parse().ok()?)?;
        (name == gateway).then_some(since)
    });
    if let Some(since) = since {
        return Ok(since);
    }
    // The first one ever has had no other before it.
    let since = if known.is_none() {
        DateTime::UNIX_EPOCH
    } else {
        now.at
    };
    let kept = format!("{} {gateway}", since.timestamp_millis());
    store.write(|transaction| meta::set(transaction, &key, &kept))?;
    Ok(since)
}

/// Whether a refusal ends the questions of a run: it is about us, or for now.
fn gives_up(refusal: &Refusal) -> bool {
    !matches!(
        refusal.next,
        Next::Never(_) | Next::Gone(_) | Next::OptedOut(_) | Next::StopBatch
    )
}

/// Asks with as many threads as the channel has, at its rate; none where nobody was asked any more.
fn ask_all(
    asked: &[AskedMessage],
    settings: &ChannelSettings,
    provider: &dyn Provider,
    now: Now,
    stop: &Stop,
) -> Vec<Option<Answer>> {
    let watch = Stopwatch::start();
    let answers: Mutex<Vec<Option<Answer>>> = Mutex::new(asked.iter().map(|_| None).collect());
    let turn = Mutex::new((
        0usize,
        TokenBucket::per_minute(settings.limits.rate_per_minute),
    ));
    let ended = Mutex::new(false);
    let over = || stop.asked() > 0 || *ended.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for _ in 0..settings.limits.workers.min(asked.len()) {
            scope.spawn(|| {
                loop {
                    let (at, wait) = {
                        let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                        let at = turn.0;
                        turn.0 += 1;
                        let wait = turn.1.as_mut().map(|bucket| bucket.take(watch.elapsed()));
                        (at, wait.unwrap_or(Duration::ZERO))
                    };
                    let Some(question) = asked.get(at).filter(|_| !over()) else {
                        return;
                    };
                    if !wait.is_zero() {
                        std::thread::sleep(wait);
                    }
                    if over() {
                        return;
                    }
                    let answer = provider.ask(&question.provider_id, now);
                    if answer.as_ref().is_err_and(gives_up) {
                        *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
                    }
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers[at] = Some(answer);
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl PollSummary {
    /// What came of it, for a task's record.
    pub fn counts(&self) -> Value {
        json!({
            "asked": self.asked.values().sum::<u64>(),
            "matched": self.receipts.matched,
            "repeated": self.receipts.repeated,
        })
    }

    /// Why channels were given up, on one line.
    pub fn complaint(&self) -> Option<String> {
        let told: Vec<String> = self
            .stopped
            .iter()
            .map(|(channel, why)| format!("{} gave no answers: {why}", channel.as_str()))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}
