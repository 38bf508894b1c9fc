//! Tickets and their events; staff and topics, who hear of them.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::columns::{Columns as _, Millis};
use crate::domain::ticket::event::{Event, Staff, Ticket, Topic};
use crate::domain::ticket::event_type::EventType;
use crate::domain::words::{Author, Reason, Status};
use crate::error::Result;

/// A ticket's columns, in the order in which [`read`] takes them; what the book cannot link is as an event told it.
const TICKET: &str = "k.id, coalesce(k.client_id, k.told_client_id) AS client_id,
     coalesce(k.topic_id, k.told_topic_id) AS topic_id,
     coalesce(k.subtopic_id, k.told_subtopic_id) AS subtopic_id,
     k.title, k.status, k.priority,
     coalesce(k.responsible_id, k.told_responsible_id) AS responsible_id,
     k.opened_by, k.visible_to_client, k.opened_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    Ok(Ticket {
        id: row.get(0)?,
        client_id: row.get(1)?,
        topic_id: row.get(2)?,
        subtopic_id: row.get(3)?,
        title: row.get(4)?,
        status: row.get(5)?,
        priority: row.get(6)?,
        responsible_id: row.get(7)?,
        opened_by: row.get(8)?,
        visible_to_client: row.get(9)?,
        opened_at: row.instant_opt(10)?,
    })
}

static FIND: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {TICKET} FROM ticket k WHERE k.id = ?1"));

/// A ticket, if the book knows it.
pub fn find(connection: &Connection, id: i64) -> Result<Option<Ticket>> {
    Ok(connection
        .prepare_cached(&FIND)?
        .query_row([id], read)
        .optional()?)
}

/// Whether an event's id is known.
const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM event WHERE id = ?1)
    OR EXISTS (SELECT 1 FROM spent_event WHERE id = ?1)";

const SAVE: &str = "INSERT INTO ticket
      (id, client_id, topic_id, subtopic_id, responsible_id,
       told_client_id, told_topic_id, told_subtopic_id, told_responsible_id,
       title, status, priority, opened_by, visible_to_client, opened_at)
    SELECT ?1, client, topic, subtopic, responsible,
           iif(client IS NULL, ?2, NULL), iif(topic IS NULL, ?3, NULL),
           iif(subtopic IS NULL, ?4, NULL), iif(responsible IS NULL, ?5, NULL),
           ?6, ?7, ?8, ?9, ?10, ?11
    FROM (SELECT (SELECT id FROM client WHERE id = ?2) AS client,
                 (SELECT id FROM topic WHERE id = ?3) AS topic,
                 (SELECT id FROM topic WHERE id = ?4) AS subtopic,
                 (SELECT id FROM staff WHERE id = ?5) AS responsible LIMIT 1)
    WHERE true
    ON CONFLICT (id) DO UPDATE SET
      client_id = excluded.client_id, topic_id = excluded.topic_id,
      subtopic_id = excluded.subtopic_id, responsible_id = excluded.responsible_id,
      told_client_id = excluded.told_client_id, told_topic_id = excluded.told_topic_id,
      told_subtopic_id = excluded.told_subtopic_id,
      told_responsible_id = excluded.told_responsible_id,
      title = excluded.title, status = excluded.status, priority = excluded.priority,
      opened_by = excluded.opened_by, visible_to_client = excluded.visible_to_client,
      opened_at = excluded.opened_at";

const KEEP: &str = "INSERT INTO event
      (id, ticket_id, type, at, told_at, from_status, to_status, priority, author, text)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const IS_LATE: &str = "SELECT EXISTS (SELECT 1 FROM event WHERE ticket_id = ?1 AND at > ?2)";

/// Takes many events in: what that takes is made ready once.
pub struct EventWriter<'c> {
    is_known: CachedStatement<'c>,
    find: CachedStatement<'c>,
    is_late: CachedStatement<'c>,
    save: CachedStatement<'c>,
    keep: CachedStatement<'c>,
}

impl<'c> EventWriter<'c> {
    /// Makes ready to write.
    pub fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            is_known: connection.prepare_cached(IS_KNOWN)?,
            find: connection.prepare_cached(&FIND)?,
            is_late: connection.prepare_cached(IS_LATE)?,
            save: connection.prepare_cached(SAVE)?,
            keep: connection.prepare_cached(KEEP)?,
        })
    }

    /// Whether an event of this id was told already.
    pub fn is_known(&mut self, id: &str) -> Result<bool> {
        Ok(self.is_known.query_row([id], |row| row.get(0))?)
    }

    /// A ticket, if the book knows it.
    pub fn find(&mut self, id: i64) -> Result<Option<Ticket>> {
        Ok(self.find.query_row([id], read).optional()?)
    }

    /// Whether an event of the same ticket that happened after this one was told already.
    pub fn is_late(&mut self, event: &Event) -> Result<bool> {
        let key = (event.ticket_id, Millis(event.at));
        Ok(self.is_late.query_row(key, |row| row.get(0))?)
    }

    /// Writes a ticket as an event left it. An id that the book does not know is kept aside, and
    /// counts until the book knows better.
    pub fn save(&mut self, ticket: &Ticket) -> Result<()> {
        self.save.execute(params![
            ticket.id,
            ticket.client_id,
            ticket.topic_id,
            ticket.subtopic_id,
            ticket.responsible_id,
            ticket.title,
            ticket.status,
            ticket.priority,
            ticket.opened_by,
            ticket.visible_to_client,
            ticket.opened_at.map(Millis),
        ])?;
        Ok(())
    }

    /// Keeps an event whose id is not known, told at `told_at`.
    pub fn keep(&mut self, event: &Event, told_at: DateTime<Utc>) -> Result<()> {
        self.keep.execute(params![
            event.id,
            event.ticket_id,
            event.kind,
            Millis(event.at),
            Millis(told_at),
            event.from,
            event.to,
            event.said.priority,
            event.author(),
            event.text,
        ])?;
        Ok(())
    }
}

/// Whether an event of this id was told already.
pub fn event_known(connection: &Connection, id: &str) -> Result<bool> {
    let mut statement = connection.prepare_cached(IS_KNOWN)?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

/// Whether an event of this ticket that happened after `at` was told already.
pub fn later_event(connection: &Connection, ticket_id: i64, at: DateTime<Utc>) -> Result<bool> {
    Ok(connection
        .prepare_cached(IS_LATE)?
        .query_row((ticket_id, Millis(at)), |row| row.get(0))?)
}

/// The text a ticket was opened with, if an event told it.
pub fn opening_text(connection: &Connection, ticket_id: i64) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT text FROM event
             WHERE ticket_id = ?1 AND type = 'opened' AND text IS NOT NULL
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([ticket_id], |row| row.get(0))
        .optional()?)
}

/// An event as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an event")]
pub struct ToldEvent {
    pub id: String,
    pub kind: EventType,
    pub at: DateTime<Utc>,
    pub told_at: DateTime<Utc>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub priority: Option<String>,
    pub by: Option<Author>,
    pub text: Option<String>,
}

/// A ticket's events, as they were told.
pub fn events(connection: &Connection, ticket_id: i64) -> Result<Vec<ToldEvent>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM event WHERE ticket_id = ?1 ORDER BY number")?;
    let rows = statement.query_map([ticket_id], |row| {
        Ok(ToldEvent {
            id: row.get("id")?,
            kind: row.get("type")?,
            at: row.instant("at")?,
            told_at: row.instant("told_at")?,
            from: row.get("from_status")?,
            to: row.get("to_status")?,
            priority: row.get("priority")?,
            by: row.get("author")?,
            text: row.get("text")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_staff(row: &Row<'_>) -> rusqlite::Result<Staff> {
    Ok(Staff {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        mobile: row.get("mobile")?,
        chat: row.get("chat")?,
        teams: row.list("teams")?,
        ticket_manager: row.get("ticket_manager")?,
        notify_replies: row.get("notify_replies")?,
        notify_workflow: row.get("notify_workflow")?,
        active: row.get::<_, bool>("active")? && row.day_opt("absent_since")?.is_none(),
    })
}

/// All staff, by id.
pub fn staff(connection: &Connection) -> Result<Vec<Staff>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM staff WHERE absent_since IS NULL ORDER BY id")?;
    let rows = statement.query_map([], read_staff)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A member of staff, active or not.
pub fn person(connection: &Connection, id: i64) -> Result<Option<Staff>> {
    Ok(connection
        .prepare_cached("SELECT * FROM staff WHERE id = ?1")?
        .query_row([id], read_staff)
        .optional()?)
}

/// All topics and sub-topics, by id.
pub fn topics(connection: &Connection) -> Result<Vec<Topic>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM topic WHERE absent_since IS NULL ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(Topic {
            id: row.get("id")?,
            name: row.get("name")?,
            parent_id: row.get("parent_id")?,
            teams: row.list("teams")?,
            alert_text: row.get("alert_text")?,
            alert_staff: row
                .list("alert_staff")?
                .iter()
                .filter_map(|id| id.trim().parse().ok())
                .collect(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Which tickets are wanted; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Of this client.
    pub client_id: Option<i64>,
    /// In one of these statuses, ignoring case; none: in any.
    pub statuses: Vec<String>,
    /// In this topic or sub-topic.
    pub topic_id: Option<i64>,
    /// For which this member of staff is responsible.
    pub responsible_id: Option<i64>,
}

/// A ticket as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// Its client's name.
    pub client_name: Option<String>,
    /// Its topic's name.
    pub topic: Option<String>,
    /// Its sub-topic's name.
    pub subtopic: Option<String>,
    /// The name of who is responsible.
    pub responsible: Option<String>,
    /// How many of its events were told here.
    pub events: i64,
}

/// The rows of [`ListedTicket`].
fn listing(condition: &str) -> String {
    format!(
        "SELECT {TICKET}, c.name AS client_name, t.name AS topic, s.name AS subtopic,
                r.name AS responsible,
                (SELECT count(*) FROM event e WHERE e.ticket_id = k.id) AS events
         FROM ticket k
           LEFT JOIN client c ON c.id = coalesce(k.client_id, k.told_client_id)
           LEFT JOIN topic t ON t.id = coalesce(k.topic_id, k.told_topic_id)
           LEFT JOIN topic s ON s.id = coalesce(k.subtopic_id, k.told_subtopic_id)
           LEFT JOIN staff r ON r.id = coalesce(k.responsible_id, k.told_responsible_id)
         WHERE {condition}"
    )
}

fn read_listed(row: &Row<'_>) -> rusqlite::Result<ListedTicket> {
    Ok(ListedTicket {
        ticket: read(row)?,
        client_name: row.get("client_name")?,
        topic: row.get("topic")?,
        subtopic: row.get("subtopic")?,
        responsible: row.get("responsible")?,
        events: row.get("events")?,
    })
}

/// One ticket as it is listed.
pub fn listed(connection: &Connection, id: i64) -> Result<Option<ListedTicket>> {
    Ok(connection
        .prepare_cached(&listing("k.id = ?1"))?
        .query_row([id], read_listed)
        .optional()?)
}

/// Lists tickets one by one, the latest first, at most `limit` (0: all), until `each` answers false.
pub fn each(
    connection: &Connection,
    wanted: &TicketFilter,
    limit: i64,
    mut each: impl FnMut(ListedTicket) -> Result<bool>,
) -> Result<()> {
    let condition = "(?1 IS NULL OR coalesce(k.client_id, k.told_client_id) = ?1)
           AND (?2 IS NULL OR fold(k.status) IN (SELECT fold(value) FROM json_each(?2)))
           AND (?3 IS NULL OR ?3 IN (coalesce(k.topic_id, k.told_topic_id),
                                     coalesce(k.subtopic_id, k.told_subtopic_id)))
           AND (?4 IS NULL OR coalesce(k.responsible_id, k.told_responsible_id) = ?4)
         ORDER BY k.id DESC LIMIT ?5";
    let statuses = (!wanted.statuses.is_empty()).then(|| json!(wanted.statuses));
    let mut statement = connection.prepare_cached(&listing(condition))?;
    let mut rows = statement.query(params![
        wanted.client_id,
        statuses.map(|statuses| statuses.to_string()),
        wanted.topic_id,
        wanted.responsible_id,
        if limit == 0 { -1 } else { limit },
    ])?;
    while let Some(row) = rows.next()? {
        if !each(read_listed(row)?)? {
            break;
        }
    }
    Ok(())
}

/// Every status that a ticket ever had, as far as the book and the events tell.
pub fn statuses(connection: &Connection) -> Result<Vec<String>> {
    words(
        connection,
        "SELECT status FROM ticket WHERE status IS NOT NULL
         UNION SELECT from_status FROM event WHERE from_status IS NOT NULL
         UNION SELECT to_status FROM event WHERE to_status IS NOT NULL ORDER BY 1",
    )
}

/// Every priority that a ticket ever had, as far as the book and the events tell.
pub fn priorities(connection: &Connection) -> Result<Vec<String>> {
    words(
        connection,
        "SELECT priority FROM ticket WHERE priority IS NOT NULL
         UNION SELECT priority FROM event WHERE priority IS NOT NULL ORDER BY 1",
    )
}

fn words(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A number that changes when another connection wrote to the database.
pub fn others_wrote(connection: &Connection) -> Result<i64> {
    Ok(connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?)
}

/// A message's state and, when it was not sent, the reason.
pub fn message_state(connection: &Connection, id: i64) -> Result<Option<(Status, Option<Reason>)>> {
    Ok(connection
        .prepare_cached("SELECT status, reason FROM message WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get("status")?, row.get("reason")?)))
        .optional()?)
}

/// A number for an event that came without an id of its own.
pub fn next_event_number(connection: &Connection) -> Result<i64> {
    super::meta::next(connection, "ticket_events")
}

/// Clears the texts of events told before `before`; their ids stay. How many were cleared.
pub fn forget_texts(connection: &Connection, before: DateTime<Utc>) -> Result<usize> {
    Ok(connection
        .prepare_cached("UPDATE event SET text = NULL WHERE told_at < ?1 AND text IS NOT NULL")?
        .execute([Millis(before)])?)
}
