//! The answer of who hears of a ticket event: each notice with its words and list, and each person left out.

use std::fmt;

use super::trigger::Somebody;
use crate::domain::words::Channel;

/// Somebody who may hear of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// A client.
    Client(i64),
    /// A member of staff.
    Staff(i64),
}

impl Person {
    /// Whether people like them are told of tickets on a channel.
    pub const fn hears_on(self, channel: Channel) -> bool {
        let told = channel.nature().tickets;
        match self {
            Self::Client(_) => told.clients,
            Self::Staff(_) => told.staff,
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Staff(id) => write!(f, "staff:{id}"),
        }
    }
}

/// Where a person's name stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListName {
    /// The ticket's client.
    Client,
    /// Everyone with `ticket_manager`.
    Managers,
    /// The teams of the ticket's topic and sub-topic, or the trigger's own.
    Teams,
    /// Staff named in the trigger.
    Staff,
    /// Who is responsible.
    Responsible,
    /// Who hears when nobody is responsible.
    Fallback,
    /// A person or a team in a workflow's audience.
    Named(Somebody),
    /// Those a topic or sub-topic alerts.
    Alert(i64),
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("client"),
            Self::Managers => f.write_str("managers"),
            Self::Teams => f.write_str("teams"),
            Self::Staff => f.write_str("staff"),
            Self::Responsible => f.write_str("responsible"),
            Self::Fallback => f.write_str("fallback"),
            Self::Named(somebody) => somebody.fmt(f),
            Self::Alert(topic) => write!(f, "alert:{topic}"),
        }
    }
}

/// In whose words somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// A template of a trigger.
    Template {
        /// The trigger's name.
        trigger: String,
        /// The template's name.
        template: String,
    },
    /// A topic's own words.
    Alert(i64),
}

/// One message to be: who, how, in whose words, and from which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who hears.
    pub person: Person,
    /// How.
    pub channel: Channel,
    /// In whose words.
    pub words: Words,
    /// In whose words else, one after the other, when those want a word that the event lacks: the next triggers
    /// that name this person.
    pub otherwise: Vec<Words>,
    /// The list that named them.
    pub list: ListName,
    /// Whether the list is part of the message's key.
    pub keyed_by_list: bool,
}

impl Notice {
    /// The key of the message: one a person, channel and event, and one a list where more are allowed.
    pub fn key(&self, event_id: &str) -> String {
        let list = if self.keyed_by_list {
            format!("/{}", self.list)
        } else {
            String::new()
        };
        format!("ticket/{event_id}/{}/{}{list}", self.person, self.channel)
    }

    /// What the history calls it: the trigger's name, or `alert:TOPIC`.
    pub fn event(&self) -> String {
        match &self.words {
            Words::Template { trigger, .. } => trigger.clone(),
            Words::Alert(topic) => ListName::Alert(*topic).to_string(),
        }
    }
}

/// Why somebody who was thought of does not hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Inactive staff never hear.
    Inactive,
    /// The book has nobody of this id.
    NotInTheBook,
    /// They do not have the flag that this list asks for.
    Without(&'static str),
    /// The ticket is not visible to its client.
    Invisible,
    /// The ticket names no client.
    NoClient,
    /// The ticket names nobody responsible, and there is no fallback.
    NobodyResponsible,
    /// As a ticket manager they hear once, in general words.
    Manager,
    /// They hear on this channel already, from an earlier list.
    Earlier(ListName),
    /// Another trigger fits more closely.
    Outdone(String),
    /// The trigger has no template on a channel that tells people like them.
    NoTemplate,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("is inactive"),
            Self::NotInTheBook => f.write_str("is not in the book"),
            Self::Without(flag) => write!(f, "does not have {flag}"),
            Self::Invisible => f.write_str("the ticket is not visible to the client"),
            Self::NoClient => f.write_str("the ticket names no client"),
            Self::NobodyResponsible => f.write_str("nobody is responsible"),
            Self::Manager => f.write_str("hears once, as a ticket manager"),
            Self::Earlier(list) => write!(f, "hears already, from the list {list}"),
            Self::NoTemplate => f.write_str("no template of the trigger is on a channel of theirs"),
            Self::Outdone(trigger) => write!(f, "hears by trigger `{trigger}`, which comes first"),
        }
    }
}

/// Somebody who was thought of and does not hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Who; none when the ticket does not say who it would be.
    pub person: Option<Person>,
    /// The channel, when it is about one channel only.
    pub channel: Option<Channel>,
    /// The list that named them.
    pub list: ListName,
    /// The trigger of that list; none for a topic's alert.
    pub trigger: Option<String>,
    /// Why.
    pub why: Why,
}

/// Everybody who hears of one event, in order, and everybody left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hearing {
    /// Who hears, in the order the messages are made.
    pub notices: Vec<Notice>,
    /// Who does not, and why.
    pub left_out: Vec<Untold>,
}
