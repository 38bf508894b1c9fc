//! What a notice comes to: the words that can be filled, and the message in them.

use std::collections::HashMap;

use crate::clock::Now;
use crate::config::Config;
use crate::domain::message::{Fate, NewMessage};
use crate::domain::recipient::Recipient;
use crate::domain::template::{Facts, Need, Rendered, Template, one_line};
use crate::domain::ticket::event::{Event, Staff, Ticket, Topic};
use crate::domain::ticket::{
    listening::Armed,
    notice::{Hearing, Notice, Person, Words},
    recipients::{House, recipients},
};
use crate::domain::words::{Channel, Origin};
use crate::error::{Error, Result, not_in_the_book};
use crate::jobs::compose::Composer;
use crate::jobs::draft::{Draft, Key, Wording};
use crate::jobs::rows::{About, Rows};
use crate::store::{Connection, book, template, ticket, trigger};

/// What the book holds of those who may hear.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// Whoever composes, with what keeps people back as it stands.
    composer: Composer<'a>,
    triggers: Vec<Armed>,
    templates: HashMap<String, Template>,
    staff: Vec<Staff>,
    pub(super) topics: Vec<Topic>,
}

impl<'a> Known<'a> {
    pub(super) fn gather(connection: &Connection, config: &'a Config, now: Now) -> Result<Self> {
        let templates: HashMap<String, Template> = template::list(connection)?
            .into_iter()
            .map(|template| (template.name.clone(), template))
            .collect();
        let triggers = trigger::list(connection)?
            .into_iter()
            .map(|trigger| Armed::new(trigger, |name| templates.get(name)))
            .collect();
        Ok(Self {
            composer: Composer::of_many(connection, config, now)?,
            triggers,
            templates,
            staff: ticket::staff(connection)?,
            topics: ticket::topics(connection)?,
        })
    }

    fn house(&self) -> House<'_> {
        House {
            triggers: &self.triggers,
            staff: &self.staff,
            topics: &self.topics,
        }
    }

    fn person(&self, id: i64) -> Result<&Staff> {
        self.staff
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(|| not_in_the_book("staff", id))
    }
}

/// What a notice comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The notice, in the words that were taken.
    pub notice: Notice,
    /// The message.
    pub message: NewMessage,
    /// Variables left empty; none when it does not go.
    pub left_empty: Vec<&'static str>,
}

/// What a notice says in some words.
struct Said<'w> {
    wording: Wording<'w>,
    facts: Facts<'w>,
    /// As it is sent; none where a variable has no value.
    text: Option<Rendered>,
}

/// What is known when one event is decided.
pub(super) struct Case<'a> {
    known: &'a Known<'a>,
    event: &'a Event,
    /// The ticket as the book had it.
    pub(super) before: Option<Ticket>,
    /// The ticket as the event sees it.
    pub(super) ticket: Ticket,
    /// A later event of the ticket was told already.
    pub(super) late: bool,
    /// The ticket in words, and its client.
    rows: Rows,
}

impl<'a> Case<'a> {
    pub(super) fn gather(
        connection: &Connection,
        known: &'a Known<'a>,
        event: &'a Event,
        (before, late): (Option<Ticket>, bool),
    ) -> Result<Self> {
        let ticket = event.shown(before.as_ref(), &known.topics, late);
        let client = match ticket.client_id {
            Some(id) => book::client(connection, id)?,
            None => None,
        };
        let opening = if event.opens() {
            None
        } else {
            ticket::opening_text(connection, event.ticket_id)?
        };
        let facts = event.facts(
            before.as_ref(),
            &known.staff,
            &known.topics,
            opening.as_deref(),
        );
        Ok(Self {
            known,
            event,
            before,
            ticket,
            late,
            rows: Rows {
                client,
                ticket: Some(facts),
                ..Rows::default()
            },
        })
    }

    pub(super) fn hearing(&self) -> Hearing {
        recipients(
            self.event,
            self.before.as_ref(),
            &self.ticket,
            &self.known.house(),
        )
    }

    /// What one notice comes to: in its own words, else in the next that can be filled, else in its own with
    /// what the event lacks left empty, because nobody is left untold for want of a word.
    pub(super) fn speak(
        &self,
        connection: &Connection,
        now: Now,
        mut notice: Notice,
    ) -> Result<Vec<Spoken>> {
        let subject = subject(self.ticket.title.as_deref(), self.ticket.id);
        let composer = self.known.composer.at(now);
        let about = (notice.channel, subject.as_str());
        let mut said = self.said(connection, &composer, &notice.words, about)?;
        for words in std::mem::take(&mut notice.otherwise) {
            if said.text.is_some() {
                break;
            }
            let other = self.said(connection, &composer, &words, about)?;
            if other.text.is_some() {
                notice.words = words;
                said = other;
            }
        }
        let left_empty = match said.text {
            Some(_) => Vec::new(),
            None => left_empty(&composer, &said.wording, &said.facts),
        };
        said.facts.forgiven = &left_empty;
        let messages = self.messages(connection, &composer, &notice, said)?;
        let spoken = messages.into_iter().map(|mut message| {
            let goes = message.fate == Fate::Queued;
            if !left_empty.is_empty() && goes {
                fill_up(&mut message, &subject);
            }
            Spoken {
                notice: notice.clone(),
                left_empty: if goes { left_empty.clone() } else { Vec::new() },
                message,
            }
        });
        Ok(spoken.collect())
    }

    /// What a notice says in these words.
    fn said<'w>(
        &'w self,
        connection: &Connection,
        composer: &Composer<'w>,
        words: &Words,
        (channel, subject): (Channel, &'w str),
    ) -> Result<Said<'w>> {
        let wording = self.wording(words, channel, subject)?;
        let facts = self.facts(connection, composer, &wording)?;
        Ok(Said {
            text: composer.text(&wording, &facts).ok(),
            wording,
            facts,
        })
    }

    /// What the words of a notice take their values from.
    fn facts<'f>(
        &'f self,
        connection: &Connection,
        composer: &Composer<'f>,
        wording: &Wording<'_>,
    ) -> Result<Facts<'f>> {
        let overdue = match (&self.rows.client, wording) {
            (Some(client), Wording::Template(template))
                if template.needs().contains(&Need::Overdue) =>
            {
                Some(book::overdue(connection, client.id, composer.now.today)?)
            }
            _ => None,
        };
        Ok(Facts {
            overdue,
            ..self.rows.facts(composer.now, composer.company)
        })
    }

    /// The messages of one notice: one, but for a push, which goes to each device.
    fn messages(
        &self,
        connection: &Connection,
        composer: &Composer<'_>,
        notice: &Notice,
        said: Said<'_>,
    ) -> Result<Vec<NewMessage>> {
        let recipient = match notice.person {
            Person::Client(id) => Recipient::client(id, self.rows.client.as_ref()),
            Person::Staff(id) => Recipient::Staff(self.known.person(id)?),
        };
        let draft = Draft {
            key: Key::Whole(notice.key(&self.event.id)),
            event: notice.event(),
            about: About {
                ticket_id: Some(self.ticket.id),
                ..About::NOTHING
            },
            text: said.text,
            ..Draft::new(said.wording, recipient, said.facts, Origin::Ticket)
        };
        composer.compose(connection, &draft)
    }

    /// In what words a notice is written.
    fn wording<'w>(
        &'w self,
        words: &Words,
        channel: Channel,
        subject: &'w str,
    ) -> Result<Wording<'w>> {
        match words {
            Words::Template { template, .. } => {
                let known = self.known.templates.get(template).ok_or_else(|| {
                    Error::unacceptable(format!("there is no template `{template}`"))
                })?;
                Ok(Wording::Template(known))
            }
            Words::Alert(topic) => {
                let topic = self.known.topics.iter().find(|known| known.id == *topic);
                let text = topic.and_then(|topic| topic.alert_text.as_deref());
                Ok(Wording::Alert {
                    channel,
                    subject,
                    text: text.unwrap_or_default(),
                })
            }
        }
    }
}

/// Writes the subject where a text was left empty altogether.
fn fill_up(message: &mut NewMessage, subject: &str) {
    let title = message.title.is_some().then_some(&mut message.title);
    for text in std::iter::once(&mut message.body).chain(title) {
        if text.as_deref().is_none_or(|text| text.trim().is_empty()) {
            *text = Some(subject.to_owned());
        }
    }
}

/// A text with the subject where it was left empty altogether.
pub fn filled_up(mut rendered: Rendered, subject: &str) -> Rendered {
    let title = rendered.title.as_mut();
    for text in std::iter::once(&mut rendered.body).chain(title) {
        if text.trim().is_empty() {
            subject.clone_into(text);
        }
    }
    rendered
}

/// What an alert by e-mail has as its subject: the ticket's title.
pub fn subject(title: Option<&str>, ticket_id: i64) -> String {
    title.map_or_else(|| format!("Atendimento {ticket_id}"), one_line)
}

/// What these words want and the facts lack, one after the other; what the configuration lacks is no fault of
/// the event's, and holds the message back until it is there.
pub fn left_empty(
    composer: &Composer<'_>,
    wording: &Wording<'_>,
    facts: &Facts<'_>,
) -> Vec<&'static str> {
    let mut forgiven = Vec::new();
    while let Err(variable) = composer.text(
        wording,
        &Facts {
            forgiven: &forgiven,
            ..*facts
        },
    ) {
        if variable.need() == Need::Company || forgiven.contains(&variable.name()) {
            break;
        }
        forgiven.push(variable.name());
    }
    forgiven
}
