//! `regua history`: every message there ever was, and what became of it.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::arguments::{span, word};
use super::{Context, Outcome, face};
use crate::domain::words::{Channel, Origin, Reason, Status};
use crate::error::{Result, missing};
use crate::store::callback;
use crate::store::message::{self, Sequence, Wanted};
use crate::view::{Cell, Column, Format};

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
    let mut list = context.out.list(&face::message_columns());
    let mut rows = 0i64;
    message::each(
        store.connection(),
        &wanted,
        Sequence::NewestFirst,
        f.limit,
        |message| {
            rows += 1;
            list.row(face::message_cells(context, &message))?;
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
        return Err(missing("message", id).hint("regua history"));
    };
    let attempts = message::attempts(store.connection(), id)?;
    let callbacks = callback::of_message(store.connection(), id)?;
    let zone = context.clock.zone();
    if context.out.format() == Format::Table {
        let mut text = String::new();
        let columns = face::message_columns();
        for (column, cell) in columns.iter().zip(face::message_cells(context, &message)) {
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
                face::instant(context, Some(attempt.at)),
                Cell::Text(attempt.provider),
                Cell::of(attempt.outcome),
                Cell::text(attempt.code),
                Cell::text(attempt.text),
                Cell::text(attempt.provider_id),
            ])?;
        }
        list.finish("")?;
        if !callbacks.is_empty() {
            let mut list = context
                .out
                .list(&["at", "reported", "code", "text"].map(Column::new));
            for callback in callbacks {
                list.row(vec![
                    face::instant(context, Some(callback.at)),
                    Cell::of(callback.status),
                    Cell::text(callback.code),
                    Cell::text(callback.text),
                ])?;
            }
            list.finish("")?;
        }
        return Ok(Outcome::Done);
    }
    let mut document: Map<String, Value> = face::message_columns()
        .iter()
        .zip(face::message_cells(context, &message))
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
    let reported: Vec<Value> = callbacks
        .iter()
        .map(|callback| {
            json!({
                "status": callback.status,
                "at": crate::clock::iso(callback.at, zone),
                "code": callback.code,
                "text": callback.text,
                "provider_id": callback.provider_id,
            })
        })
        .collect();
    if context.out.format() == Format::Csv {
        let mut columns = face::message_columns();
        columns.extend(["attempt_log", "callbacks"].map(Column::new));
        let mut cells = face::message_cells(context, &message);
        cells.extend([log, reported].map(|rows| Cell::Json(Value::Array(rows))));
        let mut list = context.out.list(&columns);
        list.row(cells)?;
        list.finish("")?;
        return Ok(Outcome::Done);
    }
    document.insert("attempt_log".to_owned(), Value::Array(log));
    document.insert("callbacks".to_owned(), Value::Array(reported));
    match context.out.format() {
        Format::Json => context.out.json(&document)?,
        _ => context.out.json_line(&document)?,
    }
    Ok(Outcome::Done)
}
