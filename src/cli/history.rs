//! `regua history`: every message there ever was, and what became of it.

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use super::arguments::{ago, span, with_columns, word};
use super::{Context, Outcome, face};
use crate::domain::ladder::event_said;
use crate::domain::message::{Attempt, Message};
use crate::domain::words::{Channel, Kind, Origin, Reason, Status, Word as _};
use crate::error::{Result, missing};
use crate::store::message::{self, Sequence, Wanted};
use crate::store::receipt::{self, KeptReceipt};
use crate::store::reply::{self, KeptReply, RepliesWanted};
use crate::view::{Cell, View};

/// Columns that the names of a message's values take.
const NAMES: usize = 12;

/// Every message there ever was, the latest first.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        regua history --client 17\n  \
        regua history --status failed,unknown --since 2026-11-01 -o csv\n  \
        regua history --contains vencida --limit 0\n  \
        regua history --event stage --columns sent_at,client_id,event,status\n  \
        regua history --channel push --kind financial\n  \
        regua history --channel whatsapp --undelivered 24h\n  \
        regua history --replies --since 2026-11-01\n  \
        regua history show 1042"
)]
pub(super) struct Command {
    #[command(subcommand)]
    one: Option<One>,
    #[command(flatten)]
    filters: Filters,
}

/// One message.
#[derive(Debug, Subcommand)]
enum One {
    /// Show one message with every attempt
    Show {
        /// Its id
        id: i64,
    },
}

#[derive(Debug, Args)]
struct Filters {
    /// This message
    #[arg(long)]
    id: Option<i64>,
    /// About this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// On this channel
    #[arg(long, value_parser = word::<Channel>)]
    channel: Option<Channel>,
    /// To an address holding this
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// In this state; several separated by commas
    #[arg(long, value_delimiter = ',', value_parser = word::<Status>)]
    status: Vec<Status>,
    /// Not sent for this reason; several separated by commas
    #[arg(long, value_delimiter = ',', value_parser = word::<Reason>)]
    reason: Vec<Reason>,
    /// Made with this template
    #[arg(long)]
    template: Option<String>,
    /// Of this kind of template; several separated by commas
    #[arg(long, value_delimiter = ',', value_parser = word::<Kind>)]
    kind: Vec<Kind>,
    /// Made by this journey: send, collection, birthday, ticket, incident, access, alert, test
    #[arg(long, value_parser = word::<Origin>)]
    origin: Option<Origin>,
    /// What within its journey: stage:notice, closing:paid, a trigger's name; `stage` for every stage
    #[arg(long)]
    event: Option<String>,
    /// Of this send
    #[arg(long, value_name = "ID")]
    batch: Option<i64>,
    /// About this ticket
    #[arg(long, value_name = "ID")]
    ticket: Option<i64>,
    /// Made on or after this day, or at or after this instant
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Made on or before this day, or before this instant
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// About this invoice
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
    /// Whose title or text holds this, ignoring case and accents
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// Sent longer ago than this, and not known to have arrived: 24h, 90m, 3d
    #[arg(long, value_name = "TIME", value_parser = ago)]
    undelivered: Option<TimeDelta>,
    /// What people wrote back, instead of messages: by client, channel, time and text
    #[arg(long, conflicts_with_all = ["id", "contact", "status", "reason", "template", "kind", "origin", "event", "batch", "ticket", "invoice", "undelivered"])]
    replies: bool,
    /// Only these columns, separated by commas; `all` for every one
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

/// The events that a text names: as it is, and what it says in Portuguese.
fn named(event: &str) -> impl Iterator<Item = String> {
    let said = event_said(event).filter(|said| said != event);
    [event.to_owned()].into_iter().chain(said)
}

impl Filters {
    /// The messages meant.
    fn wanted(&self, context: &Context) -> Result<Wanted> {
        let (since, until) = span(self.since.as_deref(), self.until.as_deref(), context)?;
        Ok(Wanted {
            id: self.id,
            client_id: self.client,
            channel: self.channel,
            contact: self.contact.clone(),
            statuses: self.status.clone(),
            reasons: self.reason.clone(),
            template: self.template.clone(),
            kinds: self.kind.clone(),
            origin: self.origin,
            events: self.event.iter().flat_map(|event| named(event)).collect(),
            since,
            until,
            invoice_id: self.invoice,
            ticket_id: self.ticket,
            batch_id: self.batch,
            contains: self.contains.clone(),
            undelivered_since: self.undelivered.map(|ago| context.now().at - ago),
        })
    }

    /// The columns: for push those of the ERP's *histórico de notificações push*.
    fn view<'a>(&self, context: &'a Context) -> Result<View<'a, Message>> {
        let view = face::message_view(context).when_empty(
            "no message fits",
            "regua history without filters; messages come by regua send, collection update, birthday queue, ticket",
        );
        match (&self.columns, self.channel) {
            (Some(columns), _) => with_columns(view, columns),
            (None, Some(channel)) if channel.goes_to_devices() => Ok(view.shows(PUSH)),
            (None, _) => Ok(view),
        }
    }
}

/// What a table of push messages shows.
const PUSH: &[&str] = &[
    "id",
    "client_id",
    "title",
    "kind",
    "status",
    "reason",
    "sent_at",
];

/// Runs `regua history`.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    if let Some(One::Show { id }) = command.one {
        return show(id, context);
    }
    let f = &command.filters;
    if f.replies {
        return replies(f, context);
    }
    let wanted = f.wanted(context)?;
    let view = f.view(context)?;
    let store = context.open()?;
    let mut list = context.out.list(view);
    let mut rows = 0i64;
    message::each(
        store.connection(),
        &wanted,
        Sequence::NewestFirst,
        f.limit,
        |message| {
            rows += 1;
            list.row(&message)?;
            Ok(true)
        },
    )?;
    let more = if rows > 0 && rows == f.limit {
        " (there may be more: --limit 0)"
    } else {
        ""
    };
    let noun = if rows == 1 { "message" } else { "messages" };
    list.finish(&format!("{rows} {noun}{more}"))?;
    Ok(Outcome::Done)
}

/// An attempt, as a list of attempts shows it.
fn attempt_view(context: &Context) -> View<'_, Attempt> {
    View::<Attempt>::new()
        .data("attempt", |attempt| attempt.number)
        .words("at", |attempt| face::instant(context, Some(attempt.at)))
        .words("provider", |attempt| Cell::of(&attempt.provider))
        .words("outcome", |attempt| attempt.outcome.as_str())
        .words("code", |attempt| attempt.code.clone())
        .words("text", |attempt| attempt.text.clone())
        .words("provider_id", |attempt| attempt.provider_id.clone())
        .data("address", |attempt| attempt.address.clone())
        .data("title", |attempt| attempt.title.clone())
        .data("body", |attempt| attempt.body.clone())
}

/// What was reported later.
fn receipt_view(context: &Context) -> View<'_, KeptReceipt> {
    View::<KeptReceipt>::new()
        .words("status", |kept| Cell::of(kept.receipt.kind))
        .words("at", |kept| face::instant(context, Some(kept.receipt.at)))
        .words("source", |kept| Cell::of(&kept.source))
        .words("code", |kept| kept.receipt.code.clone())
        .words("reason", |kept| kept.receipt.text.clone())
        .data("provider_id", |kept| kept.receipt.provider_id.clone())
        .data("received_at", |kept| {
            face::instant(context, Some(kept.received_at))
        })
}

/// What a person wrote back.
fn reply_view(context: &Context) -> View<'_, KeptReply> {
    View::<KeptReply>::new()
        .number("id", |reply| reply.id)
        .words("at", |reply| face::instant(context, Some(reply.at)))
        .words("channel", |reply| reply.channel.as_str())
        .words("contact", |reply| face::phone(Some(&reply.phone)))
        .number("client_id", |reply| reply.client_id)
        .words("client_name", |reply| reply.client_name.clone())
        .number("message_id", |reply| reply.message_id)
        .words("text", |reply| reply.text.clone().map(Cell::Lines))
        .data("source", |reply| Cell::of(&reply.source))
        .words("stop", |reply| if reply.stops { "yes" } else { "no" })
        .spares(&["client_name", "message_id"])
}

/// Lists what people wrote back.
fn replies(filters: &Filters, context: &Context) -> Result<Outcome> {
    let (since, until) = span(filters.since.as_deref(), filters.until.as_deref(), context)?;
    let wanted = RepliesWanted {
        client_id: filters.client,
        channel: filters.channel,
        since,
        until,
        contains: filters.contains.clone(),
    };
    let view = reply_view(context).when_empty(
        "nobody answered",
        "answers come by regua receive and regua receipts import",
    );
    let view = match &filters.columns {
        Some(columns) => with_columns(view, columns)?,
        None => view,
    };
    let store = context.open()?;
    let mut list = context.out.list(view);
    let mut rows = 0i64;
    reply::each(store.connection(), &wanted, filters.limit, |reply| {
        rows += 1;
        list.row(&reply)
    })?;
    let noun = if rows == 1 { "reply" } else { "replies" };
    list.finish(&format!("{rows} {noun}"))?;
    Ok(Outcome::Done)
}

fn show(id: i64, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let Some(message) = message::get(store.connection(), id)? else {
        return Err(missing("message", id).hint("regua history"));
    };
    let attempts = message::attempts(store.connection(), id)?;
    let receipts = receipt::of_message(store.connection(), id)?;
    let view = face::message_view(context)
        .data("attempt_log", |_| attempt_view(context).array(&attempts))
        .data("receipts", |_| receipt_view(context).array(&receipts));
    if context.out.one(view, &message)? {
        return Ok(Outcome::Done);
    }
    context
        .out
        .block(&face::message_view(context), &message, NAMES)?;
    if attempts.is_empty() {
        context.out.say("no attempt was made");
    } else {
        context.out.all(attempt_view(context), &attempts)?;
    }
    if !receipts.is_empty() {
        context.out.all(receipt_view(context), &receipts)?;
    }
    Ok(Outcome::Done)
}
