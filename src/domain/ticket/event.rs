//! A ticket: what the book and its events know of it, merged.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::event_type::EventType;
use crate::domain::words::Author;
use crate::error::Flaw;

/// What a message may say about a ticket; everything already in words. A message that waits keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketFacts {
    /// The ticket's id.
    pub id: i64,
    /// Whose ticket it was; none where it is nobody's, or was told before this was kept.
    #[serde(default)]
    pub client_id: Option<i64>,
    /// Its title.
    pub title: Option<String>,
    /// The name of its topic.
    pub topic: Option<String>,
    /// The name of its sub-topic.
    pub subtopic: Option<String>,
    /// Its status.
    pub status: Option<String>,
    /// The status it had before the event.
    pub previous_status: Option<String>,
    /// Its priority.
    pub priority: Option<String>,
    /// When it was opened.
    #[serde(with = "milliseconds")]
    pub opened_at: Option<DateTime<Utc>>,
    /// The text it was opened with.
    pub message: Option<String>,
    /// The text of the reply.
    pub reply: Option<String>,
    /// The name of the person responsible.
    pub responsible: Option<String>,
}

/// An instant as whole milliseconds since 1970 (UTC).
mod milliseconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
        at.map(|at| at.timestamp_millis()).serialize(to)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(
        from: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        let millis = Option::<i64>::deserialize(from)?;
        Ok(millis.and_then(DateTime::from_timestamp_millis))
    }
}

/// Somebody who works for the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staff {
    /// The ERP's id.
    pub id: i64,
    /// Their name.
    pub name: String,
    /// E-mail as typed.
    pub email: Option<String>,
    /// Mobile, as kept by [`crate::domain::phone::Phone`].
    pub mobile: Option<String>,
    /// Their address on the staff's chat, as typed.
    pub chat: Option<String>,
    /// The teams they are in.
    pub teams: Vec<String>,
    /// Hears of every new ticket, once and in general words.
    pub ticket_manager: bool,
    /// Wants to hear of replies.
    pub notify_replies: bool,
    /// Wants to hear of moves, and of new tickets where a trigger names them.
    pub notify_workflow: bool,
    /// Works here still; the others never hear of anything.
    pub active: bool,
}

impl Staff {
    /// Whether they have the flag of this name: `notify_replies` or `notify_workflow`.
    pub fn has(&self, flag: &str) -> bool {
        match flag {
            "notify_replies" => self.notify_replies,
            _ => self.notify_workflow,
        }
    }
}

/// A topic of tickets, or a sub-topic when it has a parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic {
    /// The ERP's id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The topic it is a sub-topic of.
    pub parent_id: Option<i64>,
    /// The teams that look after it.
    pub teams: Vec<String>,
    /// What those alerted are told, with variables.
    pub alert_text: Option<String>,
    /// Who is alerted when a ticket is opened in it.
    pub alert_staff: Vec<i64>,
}

impl Topic {
    /// Whether it has words for those it alerts.
    pub fn alerts(&self) -> bool {
        let text = self.alert_text.as_deref();
        text.is_some_and(|text| !text.trim().is_empty())
    }
}

/// A ticket as the book knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket {
    /// The ERP's id.
    pub id: i64,
    /// Whose it is.
    pub client_id: Option<i64>,
    /// Its topic.
    pub topic_id: Option<i64>,
    /// Its sub-topic.
    pub subtopic_id: Option<i64>,
    /// Its title.
    pub title: Option<String>,
    /// Its status, a free word.
    pub status: Option<String>,
    /// Its priority, a free word.
    pub priority: Option<String>,
    /// The member of staff responsible for it.
    pub responsible_id: Option<i64>,
    /// Who opened it.
    pub opened_by: Option<Author>,
    /// Whether the client was given sight of it; see [`Ticket::visible`].
    pub visible_to_client: bool,
    /// When it was opened.
    pub opened_at: Option<DateTime<Utc>>,
}

impl Ticket {
    /// Whether the client may hear of it: what they opened themselves they always see.
    pub fn visible(&self) -> bool {
        self.visible_to_client || self.opened_by == Some(Author::Client)
    }
}

/// What an event says about its ticket; what it leaves out, the book fills in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a ticket")]
pub struct Said {
    pub client_id: Option<i64>,
    pub topic_id: Option<i64>,
    pub subtopic_id: Option<i64>,
    pub title: Option<String>,
    pub status: Option<String>,
    pub priority: Option<String>,
    pub responsible_id: Option<i64>,
    pub opened_by: Option<Author>,
    pub visible_to_client: Option<bool>,
}

/// One thing that happened to one ticket, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id; an id already known is passed over.
    pub id: String,
    /// When it happened; when it was told, if it does not say.
    pub at: DateTime<Utc>,
    /// Whether it says itself when it happened.
    pub dated: bool,
    /// The ticket.
    pub ticket_id: i64,
    /// What it says about the ticket.
    pub said: Said,
    /// What happened.
    pub kind: EventType,
    /// The text the ticket was opened with, or what somebody answered.
    pub text: Option<String>,
    /// Who answered.
    pub by: Option<Author>,
    /// The status the ticket had.
    pub from: Option<String>,
    /// The status it has now; none when only the priority changed, which stands in [`Said`].
    pub to: Option<String>,
}

impl Event {
    /// An event that says nothing yet; `at` is now for one that does not say when.
    pub fn of(kind: EventType, id: impl Into<String>, ticket_id: i64, at: DateTime<Utc>) -> Self {
        Self {
            id: id.into(),
            at,
            dated: false,
            ticket_id,
            said: Said::default(),
            kind,
            text: None,
            by: None,
            from: None,
            to: None,
        }
    }

    /// Whether it is the ticket's opening.
    pub fn opens(&self) -> bool {
        self.kind == EventType::OPENING
    }

    /// Whether it lacks what makes it an event of its type: a change without a new status or priority.
    pub fn is_idle(&self) -> bool {
        self.kind.nature().changes && self.to.is_none() && self.said.priority.is_none()
    }

    /// Who did it: the ticket's opener, or who answered.
    pub fn author(&self) -> Option<Author> {
        if self.opens() {
            self.said.opened_by
        } else {
            self.by
        }
    }

    /// Why it is not taken as it stands: it names another client than the ticket's, and a ticket does not
    /// change hands.
    pub fn objection(&self, book: Option<&Ticket>) -> Option<Flaw> {
        let (told, known) = (self.said.client_id?, book?.client_id?);
        (told != known).then(|| {
            Flaw::of(
                "client_id",
                format!(
                    "names client {told}, but ticket {} is client {known}'s",
                    self.ticket_id
                ),
                "name the ticket's own client, or leave it out",
            )
        })
    }

    /// The ticket as this event sees it: what it says, then what the book knows.
    pub fn ticket(&self, book: Option<&Ticket>, topics: &[Topic]) -> Ticket {
        let unknown = Ticket::default();
        let book = book.unwrap_or(&unknown);
        let said = &self.said;
        let subtopic_id = said.subtopic_id.or(book.subtopic_id);
        let parent = || {
            let id = subtopic_id?;
            topics.iter().find(|topic| topic.id == id)?.parent_id
        };
        Ticket {
            id: self.ticket_id,
            client_id: said.client_id.or(book.client_id),
            topic_id: said.topic_id.or(book.topic_id).or_else(parent),
            subtopic_id,
            title: said.title.clone().or_else(|| book.title.clone()),
            status: (self.to.clone())
                .or_else(|| said.status.clone())
                .or_else(|| book.status.clone()),
            priority: said.priority.clone().or_else(|| book.priority.clone()),
            responsible_id: said.responsible_id.or(book.responsible_id),
            opened_by: said.opened_by.or(book.opened_by),
            visible_to_client: said.visible_to_client.unwrap_or(book.visible_to_client),
            opened_at: match book.opened_at {
                known if !self.opens() => known,
                Some(known) if !self.dated => Some(known),
                _ => Some(self.at),
            },
        }
    }

    /// The ticket as the book keeps it after this event. An event told after a later one
    /// fills in what was not known and takes nothing back.
    pub fn kept(&self, book: Option<&Ticket>, topics: &[Topic], late: bool) -> Ticket {
        let told = self.ticket(book, topics);
        let Some(book) = book.filter(|_| late) else {
            return told;
        };
        let book = book.clone();
        Ticket {
            id: book.id,
            client_id: book.client_id.or(told.client_id),
            topic_id: book.topic_id.or(told.topic_id),
            subtopic_id: book.subtopic_id.or(told.subtopic_id),
            title: book.title.or(told.title),
            status: book.status.or(told.status),
            priority: book.priority.or(told.priority),
            responsible_id: book.responsible_id.or(told.responsible_id),
            opened_by: book.opened_by.or(told.opened_by),
            // Where the opening is known, so is whether the client may see it.
            visible_to_client: if book.opened_at.is_some() {
                book.visible_to_client
            } else {
                told.visible_to_client
            },
            opened_at: book.opened_at.or(told.opened_at),
        }
    }

    /// The ticket as those hear of it who are told now: as the event sees it, but an event told
    /// late shows the client nothing that was hidden meanwhile.
    pub fn shown(&self, book: Option<&Ticket>, topics: &[Topic], late: bool) -> Ticket {
        let mut ticket = self.ticket(book, topics);
        ticket.visible_to_client &= self.kept(book, topics, late).visible();
        ticket
    }

    /// The status the ticket moved away from: as the event says, else the book's. None when
    /// the status did not change, or when the book had heard of the new one already.
    pub fn moved_from<'a>(&'a self, book: Option<&'a Ticket>) -> Option<&'a str> {
        self.from.as_deref().or_else(|| {
            let to = self.to.as_deref()?;
            let known = book?.status.as_deref()?;
            (!same_word(known, to)).then_some(known)
        })
    }

    /// What a message about this event may say. `opening` is the text the ticket was opened
    /// with, when another event told it.
    pub fn facts(
        &self,
        book: Option<&Ticket>,
        staff: &[Staff],
        topics: &[Topic],
        opening: Option<&str>,
    ) -> TicketFacts {
        let ticket = self.ticket(book, topics);
        let topic = |id: Option<i64>| {
            let id = id?;
            let topic = topics.iter().find(|topic| topic.id == id)?;
            Some(topic.name.clone())
        };
        let responsible = ticket
            .responsible_id
            .and_then(|id| staff.iter().find(|person| person.id == id))
            .map(|person| person.name.clone());
        // A change of priority alone leaves the status what it was.
        let unmoved = || {
            let still = self.kind.nature().changes && self.to.is_none();
            book.filter(|_| still)?.status.clone()
        };
        TicketFacts {
            id: ticket.id,
            client_id: ticket.client_id,
            topic: topic(ticket.topic_id),
            subtopic: topic(ticket.subtopic_id),
            previous_status: self.moved_from(book).map(str::to_owned).or_else(unmoved),
            message: (self.text.clone().filter(|_| self.opens()))
                .or_else(|| opening.map(str::to_owned)),
            reply: self.text.clone().filter(|_| !self.opens()),
            responsible,
            title: ticket.title,
            status: ticket.status,
            priority: ticket.priority,
            opened_at: ticket.opened_at,
        }
    }
}

/// The most characters an event's id may have.
const LONGEST_ID: usize = 200;

/// What is wrong with an event's id, if anything: it stands in the keys of messages.
pub fn event_id_problem(id: &str) -> Option<&'static str> {
    if id.trim().is_empty() {
        Some("is empty")
    } else if id.chars().count() > LONGEST_ID {
        Some("has more than 200 characters")
    } else if id.chars().any(char::is_control) {
        Some("holds a control character")
    } else {
        None
    }
}

/// Whether two free words (statuses, priorities, teams) are the same to a person.
pub fn same_word(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        crate::clock::parse_instant(text, chrono_tz::America::Sao_Paulo).expect("an instant")
    }

    fn event(kind: EventType) -> Event {
        Event {
            dated: true,
            ..Event::of(kind, "e", 1070, at("2026-11-21T10:00"))
        }
    }

    fn book() -> Ticket {
        Ticket {
            id: 1070,
            client_id: Some(193),
            topic_id: Some(4),
            subtopic_id: Some(9),
            title: Some("Sem sinal".to_owned()),
            status: Some("in_progress".to_owned()),
            priority: Some("normal".to_owned()),
            responsible_id: Some(34),
            opened_by: Some(Author::Staff),
            visible_to_client: true,
            opened_at: Some(at("2026-11-20T09:00")),
        }
    }

    fn moved(from: Option<&str>, to: Option<&str>) -> Event {
        Event {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            ..event(EventType::Moved)
        }
    }

    #[test]
    fn what_the_book_knows_fills_in_what_an_event_leaves_out() {
        let book = book();
        let reply = Event {
            text: Some("ok".to_owned()),
            ..event(EventType::Replied)
        };
        assert_eq!(reply.ticket(Some(&book), &[]), book);
        let mut partial = moved(None, Some("resolved"));
        partial.said.title = Some("Outro".to_owned());
        let told = partial.ticket(Some(&book), &[]);
        assert_eq!(told.status.as_deref(), Some("resolved"));
        assert_eq!(told.title.as_deref(), Some("Outro"));
        assert_eq!(told.client_id, Some(193));
        assert_eq!(partial.moved_from(Some(&book)), Some("in_progress"));
    }

    #[test]
    fn a_ticket_its_client_opened_is_visible_whatever_the_event_says() {
        let mut opened = event(EventType::Opened);
        opened.said.visible_to_client = Some(false);
        assert!(!opened.ticket(None, &[]).visible());
        opened.said.opened_by = Some(Author::Client);
        assert!(opened.ticket(None, &[]).visible());
        // The opener may be known from the book alone.
        let mut hidden = event(EventType::Replied);
        hidden.said.visible_to_client = Some(false);
        let mut known = book();
        assert!(!hidden.ticket(Some(&known), &[]).visible());
        known.opened_by = Some(Author::Client);
        assert!(hidden.ticket(Some(&known), &[]).visible());
    }

    #[test]
    fn a_change_of_priority_alone_moves_from_no_status() {
        let mut urgent = moved(None, None);
        urgent.said.priority = Some("urgent".to_owned());
        let book = book();
        assert_eq!(urgent.moved_from(Some(&book)), None);
        let facts = urgent.facts(Some(&book), &[], &[], None);
        assert_eq!(facts.status.as_deref(), Some("in_progress"));
        assert_eq!(facts.previous_status.as_deref(), Some("in_progress"));
        assert_eq!(facts.priority.as_deref(), Some("urgent"));
    }

    #[test]
    fn a_book_that_heard_of_the_new_status_already_knows_no_old_one() {
        let mut book = book();
        book.status = Some("resolved".to_owned());
        assert_eq!(moved(None, Some("Resolved")).moved_from(Some(&book)), None);
        assert_eq!(
            moved(Some("open"), Some("resolved")).moved_from(Some(&book)),
            Some("open")
        );
    }

    #[test]
    fn an_event_told_late_shows_nothing_that_was_hidden_and_hides_nothing_shown() {
        let mut known = book();
        let mut opened = event(EventType::Opened);
        for visible in [false, true] {
            known.visible_to_client = visible;
            opened.said.visible_to_client = Some(!visible);
            let kept = opened.kept(Some(&known), &[], true);
            assert_eq!(kept.visible(), visible);
            assert!(!opened.shown(Some(&known), &[], true).visible());
        }
        // Nobody had told of its opening: whether it is visible was not known.
        let unknown = Ticket {
            id: 1070,
            ..Ticket::default()
        };
        opened.said.visible_to_client = Some(true);
        assert!(opened.kept(Some(&unknown), &[], true).visible());
        assert!(opened.shown(Some(&unknown), &[], true).visible());
    }

    #[test]
    fn an_event_told_late_takes_nothing_back() {
        let mut known = book();
        known.status = Some("resolved".to_owned());
        known.title = None;
        let mut opened = event(EventType::Opened);
        opened.said.status = Some("open".to_owned());
        opened.said.title = Some("Sem sinal".to_owned());
        let kept = opened.kept(Some(&known), &[], true);
        assert_eq!(kept.status.as_deref(), Some("resolved"));
        assert_eq!(kept.title.as_deref(), Some("Sem sinal"));
        let kept = opened.kept(Some(&known), &[], false);
        assert_eq!(kept.status.as_deref(), Some("open"));
    }

    #[test]
    fn a_subtopic_alone_brings_its_topic() {
        let topics = [Topic {
            id: 9,
            name: "Lentidão".to_owned(),
            parent_id: Some(4),
            ..Topic::default()
        }];
        let mut opened = event(EventType::Opened);
        opened.said.subtopic_id = Some(9);
        assert_eq!(opened.ticket(None, &topics).topic_id, Some(4));
    }

    #[test]
    fn facts_are_in_words() {
        let staff = [Staff {
            id: 34,
            name: "Henrique".to_owned(),
            ..Staff::default()
        }];
        let topics = [
            Topic {
                id: 4,
                name: "Suporte".to_owned(),
                ..Topic::default()
            },
            Topic {
                id: 9,
                name: "Lentidão".to_owned(),
                parent_id: Some(4),
                ..Topic::default()
            },
        ];
        let replied = Event {
            text: Some("Reinicie o roteador".to_owned()),
            by: Some(Author::Staff),
            ..event(EventType::Replied)
        };
        let facts = replied.facts(Some(&book()), &staff, &topics, Some("Está lento"));
        assert_eq!(facts.responsible.as_deref(), Some("Henrique"));
        assert_eq!(facts.topic.as_deref(), Some("Suporte"));
        assert_eq!(facts.subtopic.as_deref(), Some("Lentidão"));
        assert_eq!(facts.reply.as_deref(), Some("Reinicie o roteador"));
        assert_eq!(facts.message.as_deref(), Some("Está lento"));
        assert_eq!(facts.previous_status, None);
    }
}
