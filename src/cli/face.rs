//! Faces that several commands share: messages, addresses, instants, deliveries.

use chrono::{DateTime, Datelike as _, Utc};
use serde_json::{Map, Value};

use super::signals::Listener;
use super::{Context, Outcome};
use crate::clock::iso;
use crate::domain::channel::AddressForm;
use crate::domain::message::Message;
use crate::domain::phone;
use crate::domain::words::{Channel, Status, Word as _};
use crate::error::Result;
use crate::jobs::deliver::{Delivery, deliver};
use crate::store::Store;
use crate::view::{Cell, Column, Progress, Tone};

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
        Cell::Shown {
            data: iso(instant, zone),
            shown: local.format(format).to_string(),
        }
    })
}

/// An address: a phone as people read it, a token shortened, an e-mail as it is.
pub fn address(channel: Channel, address: Option<&str>) -> Cell {
    const SHORT: usize = 24;
    let Some(text) = address else {
        return Cell::Null;
    };
    let shown = match channel.address_form() {
        AddressForm::Phone => phone::shown(text),
        AddressForm::Device if text.chars().count() > SHORT => {
            format!("{}…", text.chars().take(SHORT).collect::<String>())
        }
        AddressForm::Device | AddressForm::Mailbox => text.to_owned(),
    };
    Cell::Shown {
        data: text.to_owned(),
        shown,
    }
}

/// A phone as people read it.
pub fn phone(text: Option<&str>) -> Cell {
    address(Channel::Sms, text)
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

/// The columns of a message in the history.
pub fn message_columns() -> Vec<Column> {
    vec![
        Column::number("id"),
        Column::new("key").data_only(),
        Column::new("channel"),
        Column::new("purpose").data_only(),
        Column::new("kind").data_only(),
        Column::new("template"),
        Column::new("origin").data_only(),
        Column::new("event").data_only(),
        Column::number("client_id"),
        Column::number("contract_id").data_only(),
        Column::number("invoice_id").data_only(),
        Column::number("login_id").data_only(),
        Column::number("ticket_id").data_only(),
        Column::new("address"),
        Column::new("title").data_only(),
        Column::new("body").data_only(),
        Column::new("status"),
        Column::new("reason"),
        Column::new("detail").data_only(),
        Column::new("created_at"),
        Column::new("not_before").data_only(),
        Column::new("sent_at").data_only(),
        Column::number("attempts").data_only(),
        Column::new("provider_id").data_only(),
        Column::number("batch_id").data_only(),
    ]
}

/// A message in the history, in the order of [`message_columns`].
pub fn message_cells(context: &Context, message: &Message) -> Vec<Cell> {
    let m = message;
    vec![
        Cell::Number(m.id),
        Cell::of(&m.key),
        Cell::of(m.channel),
        Cell::of(m.purpose),
        Cell::of(m.kind),
        Cell::text(m.template.as_deref()),
        Cell::of(m.origin),
        Cell::of(&m.event),
        Cell::number(m.client_id),
        Cell::number(m.contract_id),
        Cell::number(m.invoice_id),
        Cell::number(m.login_id),
        Cell::number(m.ticket_id),
        address(m.channel, m.address.as_deref()),
        Cell::text(m.title.as_deref()),
        Cell::text(m.body.as_deref()),
        status(m.status),
        Cell::text(m.reason.map(crate::domain::words::Word::as_str)),
        Cell::text(m.detail.as_deref()),
        instant(context, Some(m.created_at)),
        instant(context, m.not_before),
        instant(context, m.sent_at),
        Cell::Number(m.attempts),
        Cell::text(m.provider_id.as_deref()),
        Cell::number(m.batch_id),
    ]
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
    let delivery = deliver(
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
