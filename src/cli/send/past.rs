//! What became of a send: every message of it, and the list of sends.

use serde_json::{Map, Value, json};

use super::{Context, Outcome, face, state};
use crate::domain::message::Message;
use crate::domain::words::{Reason, Status, Word as _};
use crate::error::Result;
use crate::jobs::send::{self as job, SendState};
use crate::store::message::{Sequence, Wanted};
use crate::store::{Store, batch, book, message};
use crate::view::{Cell, Format, View};

/// Rows of a send that a table shows: those not sent, and the first of the rest.
const SHOWN_NOT_SENT: usize = 40;
const SHOWN_REST: usize = 5;

/// A message of a send, and its client's name.
type Row = (Message, Option<String>);

fn row(store: &Store, message: Message) -> Result<Row> {
    let name = match message.client_id {
        Some(id) => book::client_name(store.connection(), id)?,
        None => None,
    };
    Ok((message, name))
}

fn view(context: &Context) -> View<'_, Row> {
    View::<Row>::new()
        .number("message_id", |(message, _)| message.id)
        .number("client_id", |(message, _)| message.client_id)
        .words("client_name", |(_, name)| name.clone())
        .data("contract_id", |(message, _)| message.contract_id)
        .words("address", |(message, _)| {
            face::address(message.channel, message.address.as_deref())
        })
        .words("status", |(message, _)| face::status(message.status))
        .words("reason", |(message, _)| message.reason.map(Reason::as_str))
        .words("detail", |(message, _)| detail(message))
        .data("sent_at", |(message, _)| {
            face::instant(context, message.sent_at)
        })
        .spares(&["address", "client_id"])
}

/// More on a message's reason: in our own words, or as its provider said it.
fn detail(message: &Message) -> Cell {
    message.detail.clone().map(Cell::Said).into()
}

/// Shows a send with what became of every message.
pub(super) fn answer(context: &Context, store: &Store, standing: &SendState) -> Result<()> {
    let wanted = Wanted {
        batch_id: Some(standing.batch.id),
        ..Wanted::default()
    };
    let each = |fill: &mut dyn FnMut(&Row) -> Result<()>| {
        let c = store.connection();
        message::each(c, &wanted, Sequence::AsMade, 0, |message| {
            fill(&row(store, message)?)?;
            Ok(true)
        })
    };
    match context.out.format() {
        Format::Json => {
            let (head, tail) = around(standing);
            context
                .out
                .json_with_rows(&head, "rows", &view(context), &tail, |row| {
                    each(&mut |message| row(message))
                })
        }
        Format::Jsonl | Format::Csv => {
            let mut list = context.out.list(view(context));
            each(&mut |message| list.row(message))?;
            list.finish("")
        }
        Format::Table => answer_table(context, store, standing),
    }
}

/// What stands before and after the messages in JSON.
fn around(standing: &SendState) -> (Map<String, Value>, Map<String, Value>) {
    let batch = &standing.batch;
    let messages = face::states(|status| state(standing, status));
    let head = Map::from_iter([
        ("batch".to_owned(), json!(batch.id)),
        ("report".to_owned(), json!(batch.report)),
        ("template".to_owned(), json!(batch.template)),
        ("matched".to_owned(), json!(batch.matched)),
        ("messages".to_owned(), Value::Object(messages)),
        ("reasons".to_owned(), face::counts(&standing.reasons)),
    ]);
    let seconds = json!(face::seconds(batch.seconds));
    (head, Map::from_iter([("seconds".to_owned(), seconds)]))
}

/// The failures and skips, the first of the rest, and the totals.
fn answer_table(context: &Context, store: &Store, standing: &SendState) -> Result<()> {
    let mut list = context.out.list(view(context));
    let mut left_out = 0u64;
    for (not_sent, most) in [(true, SHOWN_NOT_SENT), (false, SHOWN_REST)] {
        let statuses: Vec<Status> = Status::ALL
            .iter()
            .copied()
            .filter(|status| {
                let fine = matches!(status, Status::Sent | Status::Queued | Status::Sending);
                fine != not_sent
            })
            .collect();
        let all: u64 = statuses.iter().map(|status| state(standing, *status)).sum();
        if all == 0 {
            // Nobody looks through all of a send for none.
            continue;
        }
        left_out += all.saturating_sub(most as u64);
        let wanted = Wanted {
            batch_id: Some(standing.batch.id),
            statuses,
            ..Wanted::default()
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        message::each(
            store.connection(),
            &wanted,
            Sequence::AsMade,
            most,
            |message| {
                list.row(&row(store, message)?)?;
                Ok(true)
            },
        )?;
    }
    list.finish(&totals(standing, left_out))
}

/// What a send came to, for people; `left_out` messages are not in the table.
fn totals(standing: &SendState, left_out: u64) -> String {
    let mut totals = Vec::new();
    for (status, n) in &standing.states {
        totals.push(format!("{n} {status}"));
    }
    let mut text = if totals.is_empty() {
        format!("send {}: no messages", standing.batch.id)
    } else {
        format!("send {}: {}", standing.batch.id, totals.join(", "))
    };
    for (reason, n) in &standing.reasons {
        text.push_str(&format!("\n  {n} {reason}"));
    }
    if left_out > 0 {
        text.push_str(&format!(
            "\n{left_out} more: regua send show {} -o csv",
            standing.batch.id
        ));
    }
    text
}

/// Lists the sends, the latest first.
pub(super) fn list(limit: i64, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let count = |status: Status| move |standing: &SendState| state(standing, status);
    let view = View::<SendState>::new()
        .number("batch", |standing| standing.batch.id)
        .words("created_at", |standing| {
            face::instant(context, Some(standing.batch.created_at))
        })
        .words("report", |standing| Cell::of(&standing.batch.report))
        .words("template", |standing| Cell::of(&standing.batch.template))
        .data("matched", |standing| standing.batch.matched)
        .number("sent", count(Status::Sent))
        .number("failed", count(Status::Failed))
        .number("queued", count(Status::Queued))
        .number("skipped", count(Status::Skipped))
        .number("unknown", count(Status::Unknown))
        .data("filters", |standing| json!(standing.batch.filters))
        .spares(&["unknown", "created_at"])
        .when_empty(
            "no sends yet",
            "regua send REPORT --template NAME --dry-run",
        );
    let mut list = context.out.list(view);
    for batch in batch::list(store.connection(), limit)? {
        list.row(&job::standing(store.connection(), batch.id)?)?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}
