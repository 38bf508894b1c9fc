//! Which triggers are for an event, and which of them fits most closely.

use super::event::{Event, Ticket, same_word};
use super::event_type::TriggerEvent;
use super::notice::Words;
use super::trigger::{Fit, Trigger};
use crate::domain::template::Template;
use crate::domain::words::{Author, Channel};

/// A trigger with the channel of each of its templates, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    /// The trigger; of its templates those that are there.
    pub trigger: Trigger,
    /// One for each of its templates.
    pub channels: Vec<Channel>,
}

impl Armed {
    /// Arms a trigger with its templates; `template` finds one by its name.
    pub fn new<'t>(mut trigger: Trigger, template: impl Fn(&str) -> Option<&'t Template>) -> Self {
        trigger.templates.retain(|name| template(name).is_some());
        let channels = trigger
            .templates
            .iter()
            .filter_map(|name| template(name).map(|template| template.channel))
            .collect();
        Self { trigger, channels }
    }

    /// Its words on a channel, if it has some.
    pub(super) fn words_on(&self, channel: Channel) -> Option<Words> {
        let at = self.channels.iter().position(|own| *own == channel)?;
        Some(Words::Template {
            trigger: self.trigger.name.clone(),
            template: self.trigger.templates.get(at)?.clone(),
        })
    }
}

/// The triggers of an event: those that listen to it by name, and those of them whose topics fit,
/// the closest fit first.
pub(super) fn listening<'a>(
    triggers: &'a [Armed],
    event: &Event,
    before: Option<&Ticket>,
    ticket: &Ticket,
) -> (Vec<&'a Armed>, Vec<&'a Armed>) {
    let mut listening: Vec<&Armed> = triggers
        .iter()
        .filter(|armed| listens(&armed.trigger, event, before, ticket))
        .collect();
    listening.sort_by(|a, b| a.trigger.name.cmp(&b.trigger.name));
    let mut fitting: Vec<(Fit, &Armed)> = listening
        .iter()
        .filter_map(|armed| {
            let fit = armed.trigger.fits(ticket.topic_id, ticket.subtopic_id)?;
            Some((fit, *armed))
        })
        .collect();
    fitting.sort_by_key(|(fit, _)| *fit);
    let matching = fitting.into_iter().map(|(_, armed)| armed).collect();
    (listening, matching)
}

/// Which trigger, if any, tells staff of a new ticket like this one. An unknown opener is
/// nobody's client.
fn new_ticket_event(ticket: &Ticket) -> TriggerEvent {
    if !ticket.visible() {
        TriggerEvent::NewInternalTicket
    } else if ticket.opened_by == Some(Author::Client) {
        TriggerEvent::NewPublicTicketByClient
    } else {
        TriggerEvent::NewPublicTicketByStaff
    }
}

/// Whether a trigger is for this event of this ticket, whatever its topics.
fn listens(trigger: &Trigger, event: &Event, before: Option<&Ticket>, ticket: &Ticket) -> bool {
    if trigger.event.listens_to() != Some(event.kind) {
        return false;
    }
    match trigger.event {
        TriggerEvent::NewTicketClient | TriggerEvent::Reply => true,
        TriggerEvent::Workflow => {
            among(&trigger.from, event.moved_from(before))
                && among(&trigger.to, event.to.as_deref())
                && among(&trigger.priorities, ticket.priority.as_deref())
        }
        opened => opened == new_ticket_event(ticket),
    }
}

/// Why a trigger is not for this event of this ticket, if it is not.
pub fn mismatch(
    trigger: &Trigger,
    event: &Event,
    before: Option<&Ticket>,
    ticket: &Ticket,
) -> Option<String> {
    let Some(wanted) = trigger.event.listens_to() else {
        return Some("it listens to the access of contracts, and this is of a ticket".to_owned());
    };
    if wanted != event.kind {
        return Some(format!(
            "it listens to events of type {wanted}, and this one is {}",
            event.kind
        ));
    }
    if trigger.event == TriggerEvent::Workflow && !listens(trigger, event, before, ticket) {
        return Some(format!(
            "its from, to or priorities do not hold: this is a move from {} to {} with priority {}",
            event.moved_from(before).unwrap_or("no known status"),
            event.to.as_deref().unwrap_or("no other status"),
            ticket.priority.as_deref().unwrap_or("unknown")
        ));
    }
    if trigger.event == TriggerEvent::NewTicketClient && !ticket.visible() {
        return Some("the ticket is not visible to its client".to_owned());
    }
    if !listens(trigger, event, before, ticket) {
        return Some(format!(
            "this ticket is for triggers of event {}",
            new_ticket_event(ticket)
        ));
    }
    trigger
        .fits(ticket.topic_id, ticket.subtopic_id)
        .is_none()
        .then(|| "it is for other topics".to_owned())
}

/// Whether `word` is one of `given`; no words given ask for nothing.
fn among(given: &[String], word: Option<&str>) -> bool {
    given.is_empty() || word.is_some_and(|word| given.iter().any(|g| same_word(g, word)))
}
