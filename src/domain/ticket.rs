//! A ticket, its events, and who hears of them.

use chrono::{DateTime, Utc};

/// What a message may say about a ticket; everything already in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFacts {
    /// The ticket's id.
    pub id: i64,
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
    pub opened_at: Option<DateTime<Utc>>,
    /// The text it was opened with.
    pub message: Option<String>,
    /// The text of the reply.
    pub reply: Option<String>,
    /// The name of the person responsible.
    pub responsible: Option<String>,
}
