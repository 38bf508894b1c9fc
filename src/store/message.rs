//! Messages: written down under their key, found again in the history.

mod write;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params, params_from_iter};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::message::{Attempt, Message, Planned};
use crate::domain::words::{Channel, Kind, Origin, Purpose, Reason, Status, Word};
use crate::error::Result;

pub use write::{Inserted, Writer, any_under, anybody_has, find_key, insert, speaks_for};

/// How many messages of a purpose were made for a client since `since`, one push to several devices counted once.
pub fn recent(
    connection: &Connection,
    client_id: i64,
    purpose: Purpose,
    since: DateTime<Utc>,
) -> Result<u64> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM (
               SELECT DISTINCT origin, event, template, contract_id, invoice_id, login_id, created_at
               FROM message
               WHERE client_id = ?1 AND staff_id IS NULL AND purpose = ?2 AND created_at >= ?3
                 AND origin <> 'test'
                 AND status IN ('queued', 'shared', 'sending', 'sent', 'unknown'))",
        )?
        .query_row((client_id, purpose, Millis(since)), |row| row.get(0))?)
}

/// Reads a message from a row that has all its columns.
pub fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    let at_once = DateTime::UNIX_EPOCH;
    Ok(Message {
        id: row.get("id")?,
        key: row.get("key")?,
        channel: row.get("channel")?,
        purpose: row.get("purpose")?,
        kind: row.get("kind")?,
        template: row.get("template")?,
        origin: row.get("origin")?,
        event: row.get("event")?,
        client_id: row.get("client_id")?,
        staff_id: row.get("staff_id")?,
        contract_id: row.get("contract_id")?,
        invoice_id: row.get("invoice_id")?,
        login_id: row.get("login_id")?,
        ticket_id: row.get("ticket_id")?,
        address: row.get("address")?,
        title: row.get("title")?,
        body: row.get("body")?,
        status: row.get("status")?,
        reason: row.get("reason")?,
        detail: row.get("detail")?,
        created_at: row.instant("created_at")?,
        not_before: Some(row.instant("not_before")?).filter(|at| *at > at_once),
        sent_at: row.instant_opt("sent_at")?,
        attempts: row.get("attempts")?,
        provider_id: row.get("provider_id")?,
        batch_id: row.get("batch_id")?,
        planned: row
            .get::<_, Option<Json<Kept>>>("planned")?
            .map(|Json(kept)| kept.into()),
        delivered_at: row.instant_opt("delivered_at")?,
        read_at: row.instant_opt("read_at")?,
        failed_at: row.instant_opt("failed_at")?,
    })
}

/// A plan as its column holds it.
#[derive(serde::Deserialize)]
struct Kept {
    address: Option<String>,
    title: Option<String>,
    body: Option<String>,
    at: i64,
}

impl From<Kept> for Planned {
    fn from(kept: Kept) -> Self {
        Self {
            address: kept.address,
            title: kept.title,
            body: kept.body,
            at: DateTime::from_timestamp_millis(kept.at).unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

/// Which messages of the history are wanted; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// This message.
    pub id: Option<i64>,
    /// About this client.
    pub client_id: Option<i64>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// To this address, or one holding this text.
    pub contact: Option<String>,
    /// In one of these states.
    pub statuses: Vec<Status>,
    /// Not sent for one of these reasons.
    pub reasons: Vec<Reason>,
    /// Made with this template.
    pub template: Option<String>,
    /// Made with a template of one of these kinds.
    pub kinds: Vec<Kind>,
    /// Made by this journey.
    pub origin: Option<Origin>,
    /// For one of these within its journey: `stage:notice`, or `stage` for whatever begins with `stage:`.
    pub events: Vec<String>,
    /// Made at or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Made before this instant.
    pub until: Option<DateTime<Utc>>,
    /// About this invoice.
    pub invoice_id: Option<i64>,
    /// About this ticket.
    pub ticket_id: Option<i64>,
    /// Of this batch.
    pub batch_id: Option<i64>,
    /// Whose title or text holds this, ignoring case and accents.
    pub contains: Option<String>,
    /// Sent before this instant, and not known to have arrived.
    pub undelivered_since: Option<DateTime<Utc>>,
}

impl Wanted {
    fn conditions(&self) -> Conditions {
        let mut all = Conditions::default();
        all.equal("id", self.id);
        all.equal("client_id", self.client_id);
        all.equal("channel", self.channel);
        all.equal("template", self.template.clone());
        all.equal("origin", self.origin);
        all.equal("invoice_id", self.invoice_id);
        all.equal("ticket_id", self.ticket_id);
        all.equal("batch_id", self.batch_id);
        all.any_status(&self.statuses);
        all.any("kind", &self.kinds);
        let events = self.events.iter().map(|event| {
            let (whole, start) = (all.bind(event.clone()), all.bind(format!("{event}:")));
            format!("event = {whole} OR substr(event, 1, length({start})) = {start}")
        });
        let events: Vec<String> = events.collect();
        if !events.is_empty() {
            all.parts.push(format!("({})", events.join(" OR ")));
        }
        all.any("reason", &self.reasons);
        if let Some(since) = self.since {
            let since = all.bind(Millis(since));
            all.parts.push(format!("created_at >= {since}"));
        }
        if let Some(until) = self.until {
            let until = all.bind(Millis(until));
            all.parts.push(format!("created_at < {until}"));
        }
        if let Some(contact) = &self.contact {
            let (written, bare) = contact_sought(contact);
            let (written, bare) = (all.bind(written), all.bind(bare));
            all.parts.push(format!(
                "(instr(fold(address), {written}) > 0 OR instr(address, {bare}) > 0)"
            ));
        }
        if let Some(before) = self.undelivered_since {
            let before = all.bind(Millis(before));
            all.parts.push(format!(
                "status = 'sent' AND sent_at < {before} AND delivered_at IS NULL AND read_at IS NULL"
            ));
        }
        if let Some(contains) = &self.contains {
            let text = all.bind(crate::domain::report::fold(contains));
            all.parts.push(format!(
                "(instr(fold(title), {text}) > 0 OR instr(fold(body), {text}) > 0)"
            ));
        }
        all
    }
}

/// Conditions that must all hold, as SQL with what is bound to it.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    bound: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    /// Binds a value; its place in the SQL.
    fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.bound.push(Box::new(value));
        format!("?{}", self.bound.len())
    }

    fn equal(&mut self, column: &str, value: Option<impl ToSql + 'static>) {
        if let Some(value) = value {
            let place = self.bind(value);
            self.parts.push(format!("{column} = {place}"));
        }
    }

    /// In one of these states, if any are given; what other hosts deliver is queued.
    fn any_status(&mut self, statuses: &[Status]) {
        if statuses.is_empty() {
            return;
        }
        let mut places: Vec<String> = statuses.iter().map(|status| self.bind(*status)).collect();
        if statuses.contains(&Status::Queued) {
            places.push("'shared'".to_owned());
        }
        self.parts
            .push(format!("status IN ({})", places.join(", ")));
    }

    /// One of these, if any are given.
    fn any<W: Word + ToSql>(&mut self, column: &str, words: &[W]) {
        if !words.is_empty() {
            let places: Vec<String> = words.iter().map(|word| self.bind(*word)).collect();
            self.parts
                .push(format!("{column} IN ({})", places.join(", ")));
        }
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() {
            "1".to_owned()
        } else {
            self.parts.join(" AND ")
        }
    }
}

/// A contact as it is looked for: as it was typed, and, where it is written as people write a number
/// (as the tables show it), its digits alone.
fn contact_sought(contact: &str) -> (String, String) {
    let written = crate::domain::report::fold(contact);
    let digits: String = contact.chars().filter(char::is_ascii_digit).collect();
    let number = contact
        .chars()
        .all(|c| c.is_ascii_digit() || "+()-. ".contains(c));
    let bare = if number && !digits.is_empty() {
        digits
    } else {
        written.clone()
    };
    (written, bare)
}

/// In which order messages are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// The latest first.
    NewestFirst,
    /// As they were made.
    AsMade,
    /// What is due first, first.
    AsDue,
}

/// Lists messages one by one, at most `limit` (0: all), until `each` answers false.
pub fn each(
    connection: &Connection,
    wanted: &Wanted,
    sequence: Sequence,
    limit: i64,
    mut each: impl FnMut(Message) -> Result<bool>,
) -> Result<()> {
    let mut conditions = wanted.conditions();
    let limit = conditions.bind(if limit == 0 { -1 } else { limit });
    let order = match sequence {
        Sequence::NewestFirst => "id DESC",
        Sequence::AsMade => "id",
        Sequence::AsDue => "not_before, id",
    };
    let mut statement = connection.prepare(&format!(
        "SELECT * FROM message WHERE {} ORDER BY {order} LIMIT {limit}",
        conditions.sql()
    ))?;
    let mut rows = statement.query(params_from_iter(conditions.bound))?;
    while let Some(row) = rows.next()? {
        if !each(read(row)?)? {
            break;
        }
    }
    Ok(())
}

/// A message by its id.
pub fn get(connection: &Connection, id: i64) -> Result<Option<Message>> {
    Ok(connection
        .prepare_cached("SELECT * FROM message WHERE id = ?1")?
        .query_row([id], read)
        .optional()?)
}

/// Every try at delivering a message, in order.
pub fn attempts(connection: &Connection, id: i64) -> Result<Vec<Attempt>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM attempt WHERE message_id = ?1 ORDER BY number")?;
    let rows = statement.query_map([id], |row| {
        Ok(Attempt {
            number: row.get("number")?,
            at: row.instant("at")?,
            provider: row.get("provider")?,
            outcome: row.get("outcome")?,
            code: row.get("code")?,
            text: row.get("text")?,
            provider_id: row.get("provider_id")?,
            address: row.get("address")?,
            title: row.get("title")?,
            body: row.get("body")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One line of the ERP's *Logs Omnichannel*: a whatsapp message that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The message's id.
    pub id: i64,
    /// The client.
    pub client_id: Option<i64>,
    /// Which journey made it.
    pub origin: Origin,
    /// The number.
    pub contact: Option<String>,
    /// The last attempt.
    pub at: DateTime<Utc>,
    /// Whether the provider took it.
    pub success: bool,
    /// The provider's confirmation, or why it failed.
    pub message: Option<String>,
}

/// Which lines of the log are wanted; everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogWanted {
    /// This message.
    pub id: Option<i64>,
    /// About this client.
    pub client_id: Option<i64>,
    /// Made by this journey.
    pub origin: Option<Origin>,
    /// To a number holding this.
    pub contact: Option<String>,
    /// Last tried at or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Last tried before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Taken, or not.
    pub success: Option<bool>,
    /// Whose message holds this, ignoring case and accents.
    pub message: Option<String>,
}

/// Lists the log one by one, the latest message first; at most `limit` (0: all).
pub fn each_log(
    connection: &Connection,
    wanted: &LogWanted,
    limit: i64,
    mut each: impl FnMut(Log) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(
        "SELECT * FROM (
           SELECT m.id, m.client_id, m.origin, m.address, a.at, m.status = 'sent' AS success,
                  -- A failure that was reported later outweighs the acceptance before it.
                  coalesce(CASE WHEN m.status = 'failed' AND a.outcome = 'accepted' THEN m.detail END,
                    a.text, m.detail, m.reason) AS text
           FROM message m JOIN attempt a ON a.message_id = m.id
             AND a.number = (SELECT max(number) FROM attempt WHERE message_id = m.id)
           WHERE m.channel = 'whatsapp' AND (?1 IS NULL OR m.id = ?1)
             AND (?2 IS NULL OR m.client_id = ?2) AND (?3 IS NULL OR m.origin = ?3)
             AND (?4 IS NULL OR instr(fold(m.address), ?4) > 0 OR instr(m.address, ?10) > 0)
             AND (?5 IS NULL OR a.at >= ?5) AND (?6 IS NULL OR a.at < ?6))
         WHERE (?7 IS NULL OR success = ?7) AND (?8 IS NULL OR instr(fold(text), ?8) > 0)
         ORDER BY id DESC LIMIT ?9",
    )?;
    let fold = |text: &Option<String>| text.as_deref().map(crate::domain::report::fold);
    let (contact, bare) = wanted.contact.as_deref().map(contact_sought).unzip();
    let mut rows = statement.query(params![
        wanted.id,
        wanted.client_id,
        wanted.origin,
        contact,
        wanted.since.map(Millis),
        wanted.until.map(Millis),
        wanted.success,
        fold(&wanted.message),
        if limit == 0 { -1 } else { limit },
        bare,
    ])?;
    while let Some(row) = rows.next()? {
        each(Log {
            id: row.get("id")?,
            client_id: row.get("client_id")?,
            origin: row.get("origin")?,
            contact: row.get("address")?,
            at: row.instant("at")?,
            success: row.get("success")?,
            message: row.get("text")?,
        })?;
    }
    Ok(())
}
