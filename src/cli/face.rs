//! Faces that several commands share: messages, addresses, instants, deliveries.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use serde_json::{Map, Value, json};

use super::signals::Listener;
use super::{Context, Outcome};
use crate::clock::iso;
use crate::domain::channel::AddressForm;
use crate::domain::message::{Message, Planned};
use crate::domain::phone;
use crate::domain::task::{RunOutcome, Task};
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::Result;
use crate::jobs::deliver::Delivery;
use crate::jobs::dispatch::dispatch;
use crate::store::Store;
use crate::store::task::TaskRun;
use crate::view::measure::shortened;
use crate::view::{Cell, Colour, Format, Language, Out, Progress, Talk, Tone, View, language};

/// An instant: ISO 8601 with offset for programs, shorter for people.
pub fn instant(context: &Context, instant: Option<DateTime<Utc>>) -> Cell {
    let zone = context.clock.zone();
    let this_year = context.now().today.year();
    instant.map_or(Cell::Null, |instant| {
        let local = instant.with_timezone(&zone);
        // A table has little room: the year is told when it is another.
        let format = if local.year() == this_year {
            "%m-%d %H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        Cell::Instant {
            iso: iso(instant, zone),
            shown: local.format(format).to_string(),
        }
    })
}

/// An address: a phone as people read it, a token shortened, an e-mail as it is.
pub fn address(channel: Channel, address: Option<&str>) -> Cell {
    const SHORT: usize = 25;
    let Some(text) = address else {
        return Cell::Null;
    };
    let shown = match channel.nature().address {
        AddressForm::Phone { .. } => phone::shown(text),
        AddressForm::Device => shortened(text, SHORT),
        AddressForm::Postal => text.replace('\n', ", "),
        AddressForm::Mailbox | AddressForm::Handle => text.to_owned(),
    };
    Cell::shown(text, shown)
}

/// A phone as people read it.
pub fn phone(text: Option<&str>) -> Cell {
    text.map_or(Cell::Null, |text| Cell::shown(text, phone::shown(text)))
}

/// A message's state.
pub fn status(status: Status) -> Cell {
    let tone = match status {
        Status::Sent => Tone::Good,
        Status::Failed | Status::Unknown => Tone::Bad,
        Status::Queued | Status::Sending => Tone::Warn,
        Status::Skipped | Status::Cancelled => Tone::Dim,
    };
    Cell::Toned(status.as_str().to_owned(), tone)
}

/// A message in the history.
pub fn message_view(context: &Context) -> View<'_, Message> {
    View::<Message>::new()
        .number("id", |m| m.id)
        .data("key", |m| Cell::of(&m.key))
        .words("channel", |m| m.channel.as_str())
        .data("purpose", |m| m.purpose.as_str())
        .data("kind", |m| m.kind.as_str())
        .words("template", |m| m.template.clone())
        .data("origin", |m| m.origin.as_str())
        .data("event", |m| Cell::of(&m.event))
        .number("client_id", |m| m.client_id)
        .data("contract_id", |m| m.contract_id)
        .data("invoice_id", |m| m.invoice_id)
        .data("login_id", |m| m.login_id)
        .data("ticket_id", |m| m.ticket_id)
        .words("address", |m| address(m.channel, m.address.as_deref()))
        .data("title", |m| m.title.clone())
        .data("body", |m| m.body.clone().map(Cell::Lines))
        .words("status", |m| status(m.status))
        .words("reason", |m| m.reason.map(Reason::as_str))
        .data("detail", |m| m.detail.clone())
        .words("created_at", |m| instant(context, Some(m.created_at)))
        .data("not_before", |m| instant(context, m.not_before))
        .data("sent_at", |m| instant(context, m.sent_at))
        .data("attempts", |m| m.attempts)
        .data("provider_id", |m| m.provider_id.clone())
        .data("batch_id", |m| m.batch_id)
        .data("planned", |m| planned(context, m.planned.as_ref()))
        .data("delivered_at", |m| instant(context, m.delivered_at))
        .data("read_at", |m| instant(context, m.read_at))
        .data("failed_at", |m| instant(context, m.failed_at))
        .spares(&["address", "channel", "client_id"])
}

/// What a message was planned to say, where something else left or would leave.
fn planned(context: &Context, planned: Option<&Planned>) -> Cell {
    planned.map_or(Cell::Null, |planned| {
        Cell::Json(json!({
            "address": planned.address,
            "title": planned.title,
            "body": planned.body,
            "at": iso(planned.at, context.clock.zone()),
        }))
    })
}

/// A free word of a ticket (its status, its priority): for people in their language.
pub fn free_word(context: &Context, word: Option<&str>) -> Cell {
    word.map_or(Cell::Null, |word| {
        Cell::shown(word, free_word_said(context, word))
    })
}

/// What people read for a free word of a ticket.
pub fn free_word_said<'a>(context: &'a Context, word: &'a str) -> Cow<'a, str> {
    match language::spoken() {
        Language::English => Cow::Borrowed(word),
        Language::Portuguese => context.config.company.words.free(word),
    }
}

/// A word, and how many there are of it.
pub fn counted<'a>(word: &'static str, number: &'static str) -> View<'a, (String, u64)> {
    View::<(String, u64)>::new()
        .words(word, |row| Cell::Said(row.0.clone()))
        .number(number, |row| row.1)
}

/// Counts by word as JSON: a key for each word.
pub fn counts<K: ToString>(counts: &BTreeMap<K, u64>) -> Value {
    Value::Object(
        counts
            .iter()
            .map(|(key, n)| (key.to_string(), Value::from(*n)))
            .collect(),
    )
}

/// Seconds as an answer tells them: to the thousandth.
pub fn seconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Tells what a small command did: in words on standard error where people read, and as a row of the
/// answer in the other forms.
pub fn done<T: ?Sized>(
    context: &Context,
    view: View<'_, T>,
    row: &T,
    words: impl AsRef<str>,
) -> Result<()> {
    if !context.out.one(view, row)? {
        context.out.say(words);
    }
    Ok(())
}

/// The word for what was asked to be changed: `unchanged` where it is what it was.
pub fn edited<T: PartialEq>(before: Option<&T>, after: &T) -> &'static str {
    if before == Some(after) {
        "unchanged"
    } else {
        "changed"
    }
}

/// Tells that something kept by name was taken away.
pub fn removed(context: &Context, what: &str, name: &str) -> Result<Outcome> {
    let view = View::<str>::new()
        .words("done", |_| "removed")
        .words("name", |name| Cell::of(name));
    done(context, view, name, format!("removed {what} `{name}`"))?;
    Ok(Outcome::Done)
}

/// Delivers what is due on these channels, with a bar, and listening for signals; how the run ends
/// when a signal came.
pub fn deliver_now(
    context: &Context,
    store: &mut Store,
    channels: &[Channel],
) -> Result<(Delivery, Option<Outcome>)> {
    let listener = Listener::start()?;
    let mut bars = Bars::new(context);
    let delivery = dispatch(
        store,
        &context.config,
        &context.clock,
        channels,
        &listener.stop,
        &mut |channel, done, total| bars.at(channel, done, total),
    )?;
    drop(bars);
    Ok((delivery, listener.outcome()))
}

/// A bar for each channel that is delivered, one after the other.
pub struct Bars<'a> {
    context: &'a Context,
    shown: Option<(Channel, Progress)>,
}

impl<'a> Bars<'a> {
    /// None is shown yet.
    pub const fn new(context: &'a Context) -> Self {
        Self {
            context,
            shown: None,
        }
    }

    /// So many messages of a channel are done.
    pub fn at(&mut self, channel: Channel, done: u64, total: u64) {
        if self
            .shown
            .as_ref()
            .is_none_or(|(shown, _)| *shown != channel)
        {
            let bar = self.context.out.progress(channel.as_str(), total, false);
            self.shown = Some((channel, bar));
        }
        if let Some((_, bar)) = &mut self.shown {
            bar.at(done);
        }
    }
}

/// How many messages are in each state that an answer tells, as JSON.
pub fn states(count: impl Fn(Status) -> u64) -> Map<String, Value> {
    [
        Status::Sent,
        Status::Failed,
        Status::Queued,
        Status::Skipped,
        Status::Unknown,
    ]
    .into_iter()
    .map(|status| (status.as_str().to_owned(), Value::from(count(status))))
    .collect()
}

/// Says on standard error what a delivery came to.
pub fn tell_delivery(context: &Context, delivery: &Delivery) {
    let out = &context.out;
    for channel in &delivery.channels {
        let mut parts = Vec::new();
        for (n, word) in [
            (channel.sent, "sent"),
            (channel.failed, "failed"),
            (channel.later, "to be tried again later"),
            (channel.unknown + channel.recovered, "unknown"),
            (channel.skipped.values().sum(), "no longer wanted"),
            (channel.shared, "handed over to the hosts"),
            (channel.left, "still queued"),
        ] {
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        out.say(format!("{}: {}", channel.channel, parts.join(", ")));
        if channel.unknown + channel.recovered > 0 {
            out.warn(format!(
                "nobody can tell whether {} {} messages arrived; see `regua queue list --unknown`",
                channel.unknown + channel.recovered,
                channel.channel
            ));
        }
        if let Some(why) = &channel.stopped {
            // The exit code tells of it too: even a quiet run says why.
            out.complain(format!(
                "error: {} closed for this run: {why}; what is left waits in the queue",
                channel.channel
            ));
        }
    }
    for channel in &delivery.locked {
        out.complain(format!(
            "error: another run is delivering {channel}; its messages wait in the queue"
        ));
    }
}

/// How a run ends after its delivery; `failed` says whether messages of its own failed.
pub fn outcome_of(delivery: &Delivery, signal: Option<Outcome>, failed: bool) -> Outcome {
    match signal {
        Some(outcome) => outcome,
        None if delivery.stopped() => Outcome::WorldFailed,
        None if !delivery.locked.is_empty() => Outcome::Locked,
        None if failed => Outcome::SomeFailed,
        None => Outcome::Done,
    }
}

/// Warns when messages wait in a channel's queue and no enabled task will forward them.
pub fn warn_unforwarded(context: &Context, store: &Store, channel: Channel) -> Result<()> {
    if !crate::store::task::forwards(store.connection(), channel)? {
        context.out.warn(format!(
            "no enabled task forwards {channel} messages from the queue; regua task add NAME --run send-queue …"
        ));
    }
    Ok(())
}

/// A task, and its last run.
pub type TaskRow = (Task, Option<TaskRun>);

/// A task in a list.
pub fn task_view(context: &Context) -> View<'_, TaskRow> {
    View::<TaskRow>::new()
        .words("name", |(task, _)| Cell::of(&task.name))
        .words("run", |(task, _)| task.run.as_str())
        .words("schedule", |(task, _)| Cell::of(&task.schedule))
        .words("enabled", |(task, _)| task.enabled)
        .words("last_run_at", |(_, last)| {
            instant(context, last.as_ref().map(|run| run.started_at))
        })
        .words("last_outcome", |(_, last)| {
            last.as_ref().map(|run| outcome_cell(run.outcome))
        })
        .words("next_run_at", |(task, _)| next_run(context, task))
}

/// The first matching minute after now; none for a disabled task.
pub fn next_run(context: &Context, task: &Task) -> Cell {
    let now = context.now();
    let next = task.schedule.next_after(now.at, now.zone);
    instant(context, next.filter(|_| task.enabled))
}

/// How a run ended.
pub fn outcome_cell(outcome: RunOutcome) -> Cell {
    let tone = match outcome {
        RunOutcome::Done => Tone::Good,
        RunOutcome::Running | RunOutcome::Incomplete => Tone::Warn,
        RunOutcome::Failed | RunOutcome::Interrupted => Tone::Bad,
    };
    Cell::Toned(outcome.as_str().to_owned(), tone)
}

/// Answers the version alone, for which nothing else is needed.
pub fn version() -> u8 {
    let out = Out::new(Format::Table, Talk::Normal, Colour::Never);
    match out.text(concat!("regua ", env!("CARGO_PKG_VERSION"), "\n")) {
        Ok(()) => 0,
        Err(error) => error.kind.exit_code(),
    }
}

/// A host that delivers from a shared queue, as lists show it.
#[cfg(feature = "postgres")]
pub fn hosts_view(context: &Context) -> View<'_, crate::store::shared::HostStanding> {
    View::<crate::store::shared::HostStanding>::new()
        .words("host", |host| Cell::of(&host.host))
        .words("place", |host| Cell::of(&host.place))
        .words("last_seen_at", |host| {
            let seen = chrono::TimeDelta::milliseconds(host.seen_ms);
            instant(context, Some(context.now().at - seen))
        })
        .number("in_hand", |host| host.in_hand)
        .number("sent", |host| host.sent)
        .data("version", |host| Cell::of(&host.version))
}
