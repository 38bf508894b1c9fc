//! `regua ticket list`: tickets, the latest first, with who was told what and when.

use super::told::{self, Told};
use super::{Context, Outcome, face};
use crate::domain::words::{Author, Word as _};
use crate::error::Result;
use crate::jobs::ticket::PeopleNames;
use crate::store::ticket::{self as store, ListedTicket, TicketFilter};
use crate::view::View;

/// A ticket, with who was told what of it.
pub(super) struct Row {
    pub(super) listed: ListedTicket,
    pub(super) told: Vec<Told>,
}

/// Runs the command.
pub(super) fn run(wanted: &TicketFilter, limit: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let c = saved.connection();
    let mut names = PeopleNames::gather(c)?;
    let view = view(context).when_empty(
            "no ticket fits",
            "regua ticket list without filters; tickets come by regua ticket open, ticket events or import tickets",
        );
    let mut list = context.out.list(view);
    store::each(c, wanted, limit, |listed| {
        let told = told::gather(c, &mut names, listed.ticket.id)?;
        list.row(&Row { listed, told })?;
        Ok(true)
    })?;
    list.finish("")?;
    Ok(Outcome::Done)
}

/// A ticket in a list.
pub(super) fn view(context: &Context) -> View<'_, Row> {
    ticket_view(context)
        .data("events", |row| row.listed.events)
        .number("messages", |row| row.told.len())
        .words("last_told_at", |row| {
            let sent = row.told.iter().filter_map(|told| told.message.sent_at);
            face::instant(context, sent.max())
        })
        .data("told", |row| told::view(context).array(&row.told))
}

/// What is known of a ticket.
pub(super) fn ticket_view(context: &Context) -> View<'_, Row> {
    View::<Row>::new()
        .number("id", |row| row.listed.ticket.id)
        .data("client_id", |row| row.listed.ticket.client_id)
        .words("client_name", |row| row.listed.client_name.clone())
        .data("topic_id", |row| row.listed.ticket.topic_id)
        .words("topic", |row| row.listed.topic.clone())
        .data("subtopic_id", |row| row.listed.ticket.subtopic_id)
        .data("subtopic", |row| row.listed.subtopic.clone())
        .words("title", |row| row.listed.ticket.title.clone())
        .words("status", |row| {
            face::free_word(context, row.listed.ticket.status.as_deref())
        })
        .words("priority", |row| {
            face::free_word(context, row.listed.ticket.priority.as_deref())
        })
        .data("responsible_id", |row| row.listed.ticket.responsible_id)
        .words("responsible", |row| row.listed.responsible.clone())
        .data("opened_by", |row| {
            row.listed.ticket.opened_by.map(Author::as_str)
        })
        .data("visible_to_client", |row| row.listed.ticket.visible())
        .words("opened_at", |row| {
            face::instant(context, row.listed.ticket.opened_at)
        })
}
