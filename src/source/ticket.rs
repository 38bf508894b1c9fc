//! What a ticket's row tells beside what the book knows of it: that it was opened, has moved, or somebody
//! has written in it.

use chrono::{DateTime, Utc};

use super::row::{Row, TicketReply};
use crate::clock::{Now, instant_from};
use crate::domain::book::FactKind;
use crate::domain::ticket::event::{Event, Said, Ticket};
use crate::domain::ticket::event_type::EventType;
use crate::domain::words::{Author, Word as _, parse_yes_no};

/// What a ticket's row is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The ticket as the book knows it; none when it does not.
    pub ticket: Option<&'a Ticket>,
    /// Tickets opened before this have no news to tell.
    pub since: DateTime<Utc>,
    /// Now.
    pub now: &'a Now,
}

/// The events of a ticket's row; their ids begin with the source's name. None when the row says
/// nothing new.
pub fn events(source: &str, row: &Row, known: Known<'_>) -> Vec<Event> {
    let Some(kind) = FactKind::named("tickets") else {
        return Vec::new();
    };
    if let Some(reply) = &row.reply {
        return replied(source, row.id, reply, known).into_iter().collect();
    }
    let event = match known.ticket {
        None => opened(source, kind, row, known),
        Some(ticket) => moved(source, kind, row, ticket, known.now),
    };
    event.into_iter().collect()
}

/// What a row says about its ticket, its status and priority apart.
fn said(kind: &FactKind, row: &Row) -> Said {
    let text = |column| row.filled(kind, column);
    let id = |column| text(column)?.parse().ok();
    Said {
        client_id: id("client_id"),
        topic_id: id("topic_id"),
        subtopic_id: id("subtopic_id"),
        title: text("title").map(str::to_owned),
        responsible_id: id("responsible_id"),
        opened_by: text("opened_by").and_then(Author::parse),
        visible_to_client: text("visible_to_client").and_then(parse_yes_no),
        ..Said::default()
    }
}

fn opened(source: &str, kind: &FactKind, row: &Row, known: Known<'_>) -> Option<Event> {
    let text = |column| row.filled(kind, column).map(str::to_owned);
    let at = instant_from(row.filled(kind, "opened_at")?, known.now.zone)?;
    let id = format!("{source}/{}/opened", row.id);
    (at >= known.since).then(|| Event {
        dated: true,
        said: Said {
            status: text("status"),
            priority: text("priority"),
            ..said(kind, row)
        },
        text: row.text.clone(),
        ..Event::of(EventType::OPENING, id, row.id, at)
    })
}

/// What somebody wrote in a ticket that the book knows.
fn replied(source: &str, ticket: i64, reply: &TicketReply, known: Known<'_>) -> Option<Event> {
    known.ticket?;
    let at = instant_from(&reply.at, known.now.zone)?;
    let id = format!("{source}/{ticket}/replied/{}", reply.id);
    (at >= known.since).then(|| Event {
        dated: true,
        text: Some(reply.text.clone()),
        by: reply.by_staff.then_some(Author::Staff),
        ..Event::of(EventType::Replied, id, ticket, at)
    })
}

fn moved(source: &str, kind: &FactKind, row: &Row, before: &Ticket, now: &Now) -> Option<Event> {
    let text = |column| row.filled(kind, column).map(str::to_owned);
    let to = text("status").filter(|status| before.status.as_ref() != Some(status));
    let priority = text("priority").filter(|text| before.priority.as_ref() != Some(text));
    if to.is_none() && priority.is_none() {
        return None;
    }
    let at = row
        .changed
        .as_deref()
        .and_then(|changed| instant_from(changed, now.zone));
    let moment = row.changed.clone().unwrap_or_else(|| now.iso(now.at));
    let id = format!("{source}/{}/moved/{moment}", row.id);
    Some(Event {
        dated: at.is_some(),
        said: Said {
            priority,
            ..said(kind, row)
        },
        from: before.status.clone().filter(|_| to.is_some()),
        to,
        ..Event::of(EventType::CHANGE, id, row.id, at.unwrap_or(now.at))
    })
}
