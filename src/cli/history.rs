//! `regua history` and `regua omnichannel logs`: every message there ever was, and what became of it.

use chrono::{DateTime, Days, Utc};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::arguments::word;
use super::{Context, Outcome, view};
use crate::clock::start_of;
use crate::domain::day;
use crate::domain::words::{Channel, Origin, Reason, Status};
use crate::error::{Error, Result};
use crate::out::{Cell, Column, Format};
use crate::store::message::{self, LogWanted, Sequence, Wanted};

/// Every message there ever was, the latest first.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        regua history --client 17\n  \
        regua history --status failed,unknown --since 2026-11-01 -o csv\n  \
        regua history --contains vencida --limit 0\n  \
        regua history show 1042"
)]
pub struct Command {
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
    /// Made by send, collection, birthday or ticket
    #[arg(long, value_parser = word::<Origin>)]
    origin: Option<Origin>,
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
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

/// The first instant of a day, or an instant as it is given; `end` is the first instant after the day.
fn instant(text: &str, end: bool, context: &Context) -> Result<DateTime<Utc>> {
    let zone = context.clock.zone();
    if let Some(Some(day)) = day::parse(text) {
        let day = if end {
            day.checked_add_days(Days::new(1)).unwrap_or(day)
        } else {
            day
        };
        return Ok(start_of(zone, day));
    }
    crate::clock::parse_instant(text, zone)
}

type Since = Option<DateTime<Utc>>;
type Until = Option<DateTime<Utc>>;

/// The first instants within a span of days or instants.
fn span(since: Option<&str>, until: Option<&str>, context: &Context) -> Result<(Since, Until)> {
    Ok((
        since
            .map(|text| instant(text, false, context))
            .transpose()?,
        until.map(|text| instant(text, true, context)).transpose()?,
    ))
}

/// Runs `regua history`.
pub fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    if let Some(One::Show { id }) = command.one {
        return show(id, context);
    }
    let f = &command.filters;
    let (since, until) = span(f.since.as_deref(), f.until.as_deref(), context)?;
    let wanted = Wanted {
        id: f.id,
        client_id: f.client,
        channel: f.channel,
        contact: f.contact.clone(),
        statuses: f.status.clone(),
        reasons: f.reason.clone(),
        template: f.template.clone(),
        origin: f.origin,
        since,
        until,
        invoice_id: f.invoice,
        contains: f.contains.clone(),
        ..Wanted::default()
    };
    let store = context.open()?;
    let mut list = context.out.list(&view::message_columns());
    let mut rows = 0i64;
    message::each(
        store.connection(),
        &wanted,
        Sequence::NewestFirst,
        f.limit,
        |message| {
            rows += 1;
            list.row(view::message_cells(context, &message))?;
            Ok(true)
        },
    )?;
    let more = if rows == f.limit {
        " (there may be more: --limit 0)"
    } else {
        ""
    };
    let noun = if rows == 1 { "message" } else { "messages" };
    list.finish(&format!("{rows} {noun}{more}"))?;
    Ok(Outcome::Done)
}

fn show(id: i64, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let Some(message) = message::get(store.connection(), id)? else {
        return Err(Error::unacceptable(format!("there is no message {id}")).hint("regua history"));
    };
    let attempts = message::attempts(store.connection(), id)?;
    let zone = context.clock.zone();
    if context.out.format() == Format::Table {
        let mut text = String::new();
        let columns = view::message_columns();
        for (column, cell) in columns.iter().zip(view::message_cells(context, &message)) {
            if cell != Cell::Null {
                text.push_str(&format!("{:<12} {}\n", column.name(), cell.shown()));
            }
        }
        context.out.text(text)?;
        if attempts.is_empty() {
            context.out.say("no attempt was made");
            return Ok(Outcome::Done);
        }
        let mut list = context
            .out
            .list(&["at", "provider", "outcome", "code", "text", "provider_id"].map(Column::new));
        for attempt in attempts {
            list.row(vec![
                view::instant(context, Some(attempt.at)),
                Cell::Text(attempt.provider),
                Cell::Text(attempt.outcome),
                Cell::text(attempt.code),
                Cell::text(attempt.text),
                Cell::text(attempt.provider_id),
            ])?;
        }
        list.finish("")?;
        return Ok(Outcome::Done);
    }
    let mut document: Map<String, Value> = view::message_columns()
        .iter()
        .zip(view::message_cells(context, &message))
        .map(|(column, cell)| (column.name().to_owned(), cell.to_json()))
        .collect();
    let log: Vec<Value> = attempts
        .iter()
        .map(|attempt| {
            json!({
                "attempt": attempt.number,
                "at": crate::clock::iso(attempt.at, zone),
                "provider": attempt.provider,
                "outcome": attempt.outcome,
                "code": attempt.code,
                "text": attempt.text,
                "provider_id": attempt.provider_id,
            })
        })
        .collect();
    document.insert("attempt_log".to_owned(), Value::Array(log));
    match context.out.format() {
        Format::Json => context.out.json(&document)?,
        _ => context.out.json_line(&document)?,
    }
    Ok(Outcome::Done)
}

/// What there is about the WhatsApp provider.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  regua omnichannel logs --client 17")]
pub enum Omnichannel {
    /// WhatsApp messages that were tried, as the ERP's Logs Omnichannel shows them
    #[command(
        after_help = "Example:\n  regua omnichannel logs --status failure --since 2026-11-01"
    )]
    Logs(Logs),
}

/// Which attempts are wanted.
#[derive(Debug, Args)]
pub struct Logs {
    /// This message
    #[arg(long)]
    id: Option<i64>,
    /// About this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// Of this communication type: send, collection, birthday or ticket
    #[arg(long = "type", value_parser = word::<Origin>)]
    communication_type: Option<Origin>,
    /// To a number holding this
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Last tried on or after this day
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Last tried on or before this day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// success or failure
    #[arg(long, value_parser = ["success", "failure"])]
    status: Option<String>,
    /// Whose confirmation or cause of failure holds this
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

/// Runs `regua omnichannel`.
pub fn run_omnichannel(command: &Omnichannel, context: &mut Context) -> Result<Outcome> {
    let Omnichannel::Logs(logs) = command;
    let (since, until) = span(logs.since.as_deref(), logs.until.as_deref(), context)?;
    let wanted = LogWanted {
        id: logs.id,
        client_id: logs.client,
        origin: logs.communication_type,
        contact: logs.contact.clone(),
        since,
        until,
        success: logs.status.as_deref().map(|status| status == "success"),
        message: logs.message.clone(),
    };
    let store = context.open()?;
    let mut list = context.out.list(&[
        Column::number("id"),
        Column::number("client_id"),
        Column::new("communication_type"),
        Column::new("contact"),
        Column::new("sent_at"),
        Column::new("status"),
        Column::new("message"),
    ]);
    message::each_log(store.connection(), &wanted, logs.limit, |log| {
        list.row(vec![
            Cell::Number(log.id),
            Cell::number(log.client_id),
            Cell::of(log.origin),
            view::phone(log.contact.as_deref()),
            view::instant(context, Some(log.at)),
            Cell::of(if log.success { "success" } else { "failure" }),
            Cell::text(log.message),
        ])
    })?;
    list.finish("")?;
    Ok(Outcome::Done)
}
