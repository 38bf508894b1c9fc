//! Who was told what of a ticket, and when.

use super::{Context, face};
use crate::domain::message::Message;
use crate::domain::ticket::notice::Person;
use crate::domain::words::{Reason, Word as _};
use crate::error::Result;
use crate::jobs::ticket::PeopleNames;
use crate::store::Connection;
use crate::store::message::{self, Sequence, Wanted};
use crate::view::{Cell, View};

/// A message about a ticket, with who it went to.
pub(super) struct Told {
    pub(super) message: Message,
    pub(super) person: Option<Person>,
    pub(super) name: Option<String>,
}

/// A ticket's messages, as they were made.
pub(super) fn gather(c: &Connection, names: &mut PeopleNames, ticket_id: i64) -> Result<Vec<Told>> {
    let wanted = Wanted {
        ticket_id: Some(ticket_id),
        ..Wanted::default()
    };
    let mut all = Vec::new();
    message::each(c, &wanted, Sequence::AsMade, 0, |message| {
        let person = person(&message);
        let name = person.map(|person| names.of(c, person)).transpose()?;
        all.push(Told {
            message,
            person,
            name: name.flatten(),
        });
        Ok(true)
    })?;
    Ok(all)
}

/// Who a message went to.
fn person(message: &Message) -> Option<Person> {
    match (message.staff_id, message.client_id) {
        (Some(id), _) => Some(Person::Staff(id)),
        (None, Some(id)) => Some(Person::Client(id)),
        (None, None) => None,
    }
}

/// Who was told what and when.
pub(super) fn view(context: &Context) -> View<'_, Told> {
    View::<Told>::new()
        .number("message_id", |told| told.message.id)
        .words("key", |told| Cell::of(&told.message.key))
        .words("person", |told| Cell::maybe(told.person))
        .words("name", |told| told.name.clone())
        .words("channel", |told| told.message.channel.as_str())
        .words("address", |told| told.message.address.clone())
        .words("event", |told| Cell::of(&told.message.event))
        .words("template", |told| told.message.template.clone())
        .words("title", |told| told.message.title.clone())
        .words("body", |told| told.message.body.clone())
        .words("status", |told| face::status(told.message.status))
        .words("reason", |told| told.message.reason.map(Reason::as_str))
        .words("detail", |told| told.message.detail.clone())
        .words("created_at", |told| {
            face::instant(context, Some(told.message.created_at))
        })
        .words("not_before", |told| {
            face::instant(context, told.message.not_before)
        })
        .words("sent_at", |told| {
            face::instant(context, told.message.sent_at)
        })
}
