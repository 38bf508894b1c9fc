//! `regua ticket show`: a ticket, its events, and who was told what and when.

use chrono::{DateTime, Utc};

use super::list::{self, Row};
use super::told::{self, Told};
use super::{Context, Outcome, face};
use crate::domain::words::{Author, Word as _};
use crate::error::{Error, Result};
use crate::jobs::ticket::PeopleNames;
use crate::store::ticket::{self as store, ListedTicket, ToldEvent};
use crate::view::measure::padded;
use crate::view::{Cell, Format, View, harmless, language};

/// Columns that the name of a value takes.
const NAMES: usize = 12;

/// Runs the command.
pub(super) fn run(id: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let c = saved.connection();
    let Some(listed) = store::listed(c, id)? else {
        return Err(
            Error::unacceptable(format!("the book has no ticket {id}")).hint("regua ticket list")
        );
    };
    let events = store::events(c, id)?;
    let told = told::gather(c, &mut PeopleNames::gather(c)?, id)?;
    let row = Row { listed, told };
    // One line a ticket: a CSV is the list's.
    let view = if context.out.format() == Format::Csv {
        list::view(context)
    } else {
        list::ticket_view(context)
            .data("events", |_| event_view(context).array(&events))
            .data("told", |row| told::view(context).array(&row.told))
    };
    if !context.out.one(view, &row)? {
        let mut text = heading(context, &row.listed);
        text.push_str("\nevents\n");
        for event in &events {
            text.push_str(&event_line(context, event));
        }
        text.push_str("\ntold\n");
        for told in &row.told {
            text.push_str(&told_line(context, told));
        }
        context.out.text(text)?;
    }
    Ok(Outcome::Done)
}

fn event_view(context: &Context) -> View<'_, ToldEvent> {
    View::<ToldEvent>::new()
        .words("id", |event| Cell::of(&event.id))
        .words("type", |event| event.kind.as_str())
        .words("at", |event| face::instant(context, Some(event.at)))
        .words("told_at", |event| {
            face::instant(context, Some(event.told_at))
        })
        .words("from", |event| event.from.clone())
        .words("to", |event| event.to.clone())
        .words("priority", |event| event.priority.clone())
        .words("by", |event| event.by.map(Author::as_str))
        .words("text", |event| event.text.clone())
}

/// An instant with its seconds, in the configured zone.
fn at(context: &Context, instant: DateTime<Utc>) -> String {
    let local = instant.with_timezone(&context.clock.zone());
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// What is known of the ticket, a line each.
fn heading(context: &Context, listed: &ListedTicket) -> String {
    let ticket = &listed.ticket;
    let title = ticket.title.as_deref().unwrap_or("without a title");
    let mut text = format!("ticket {}: {}\n", ticket.id, harmless::line(title));
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let value = harmless::line(&value);
            let key = language::said(key);
            text.push_str(&format!("{} {value}\n", padded(&key, NAMES)));
        }
    };
    line(
        "client",
        ticket.client_id.map(|id| match &listed.client_name {
            Some(name) => format!("{name} ({id})"),
            None => format!("{id}, who is not in the book"),
        }),
    );
    line("topic", listed.topic.clone());
    line("sub-topic", listed.subtopic.clone());
    let free = |word: &Option<String>| {
        let word = word.as_deref()?;
        Some(face::free_word_said(context, word).into_owned())
    };
    line("status", free(&ticket.status));
    line("priority", free(&ticket.priority));
    line("responsible", listed.responsible.clone());
    line(
        "opened by",
        ticket
            .opened_by
            .map(|by| language::word(by.as_str()).to_owned()),
    );
    line(
        "opened at",
        ticket.opened_at.map(|instant| at(context, instant)),
    );
    let visible = if ticket.visible() { "yes" } else { "no" };
    line("visible", Some(language::word(visible).to_owned()));
    text
}

fn event_line(context: &Context, event: &ToldEvent) -> String {
    let part = |text: String| format!(" {}", language::said(&text));
    let free = |word| face::free_word_said(context, word);
    let from = event
        .from
        .as_deref()
        .map(|s| part(format!("from {}", free(s))));
    let to = event.to.as_deref().map(|s| part(format!("to {}", free(s))));
    let priority = event.priority.as_deref();
    let priority = priority.filter(|_| event.kind.nature().changes);
    let priority =
        priority.map(|p| format!(", {}", language::said(&format!("priority {}", free(p)))));
    let what = format!(
        "{}{}{}{}",
        language::word(&event.kind.to_string()),
        from.unwrap_or_default(),
        to.unwrap_or_default(),
        priority.unwrap_or_default()
    );
    let by = event
        .by
        .map(|by| part(format!("by {by}")))
        .unwrap_or_default();
    format!(
        "  {}  {}{by}  [{}]\n",
        at(context, event.at),
        harmless::line(&what),
        harmless::line(&event.id)
    )
}

fn told_line(context: &Context, told: &Told) -> String {
    let message = &told.message;
    let who = match (told.person, &told.name) {
        (Some(who), Some(name)) => format!("{name} ({who})"),
        (Some(who), None) => who.to_string(),
        (None, _) => "somebody".to_owned(),
    };
    let reason = message
        .reason
        .map(|reason| format!(": {}", language::word(reason.as_str())))
        .unwrap_or_default();
    format!(
        "  {}  {} by {}: {}, {}{reason}\n",
        at(context, message.sent_at.unwrap_or(message.created_at)),
        harmless::line(&who),
        language::word(message.channel.as_str()),
        message.event,
        language::word(message.status.as_str())
    )
}
