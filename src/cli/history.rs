//! `regua history`: every message there ever was, and what became of it.

use clap::{Args, Subcommand};

use super::arguments::{span, with_columns, word};
use super::{Context, Outcome, face};
use crate::domain::callback::Callback;
use crate::domain::message::{Attempt, Message};
use crate::domain::words::{Channel, Kind, Origin, Reason, Status};
use crate::error::{Result, missing};
use crate::store::callback;
use crate::store::message::{self, Sequence, Wanted};
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
    /// Only these columns, separated by commas; `all` for every one
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
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
            event: self.event.clone(),
            since,
            until,
            invoice_id: self.invoice,
            ticket_id: self.ticket,
            batch_id: self.batch,
            contains: self.contains.clone(),
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
            (None, Some(Channel::Push)) => Ok(view.shows(PUSH)),
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
        .words("outcome", |attempt| Cell::of(attempt.outcome))
        .words("code", |attempt| attempt.code.clone())
        .words("text", |attempt| attempt.text.clone())
        .words("provider_id", |attempt| attempt.provider_id.clone())
        .data("address", |attempt| attempt.address.clone())
        .data("title", |attempt| attempt.title.clone())
        .data("body", |attempt| attempt.body.clone())
}

/// What the provider reported later.
fn callback_view(context: &Context) -> View<'_, Callback> {
    View::<Callback>::new()
        .words("status", |callback| Cell::of(callback.status))
        .words("at", |callback| face::instant(context, Some(callback.at)))
        .words("code", |callback| callback.code.clone())
        .words("text", |callback| callback.text.clone())
        .data("provider_id", |callback| Cell::of(&callback.provider_id))
}

fn show(id: i64, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let Some(message) = message::get(store.connection(), id)? else {
        return Err(missing("message", id).hint("regua history"));
    };
    let attempts = message::attempts(store.connection(), id)?;
    let callbacks = callback::of_message(store.connection(), id)?;
    let view = face::message_view(context)
        .data("attempt_log", |_| attempt_view(context).array(&attempts))
        .data("callbacks", |_| callback_view(context).array(&callbacks));
    if context.out.one(view, &message)? {
        return Ok(Outcome::Done);
    }
    context
        .out
        .block(&face::message_view(context), &message, NAMES)?;
    if attempts.is_empty() {
        context.out.say("no attempt was made");
        return Ok(Outcome::Done);
    }
    context.out.all(attempt_view(context), &attempts)?;
    if !callbacks.is_empty() {
        context.out.all(callback_view(context), &callbacks)?;
    }
    Ok(Outcome::Done)
}
