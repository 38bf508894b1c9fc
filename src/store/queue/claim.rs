//! Claiming, one block at a time: what is due on a channel, and what is made of each message of it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, ToSql, params, params_from_iter};

use crate::clock::Now;
use crate::domain::message::{Lot, Outgoing};
use crate::domain::template::Look;
use crate::domain::ticket::event::TicketFacts;
use crate::domain::words::{Channel, Origin, Purpose, Reason};
use crate::error::Result;
use crate::store::columns::{Columns as _, Day, Json, Millis};
use crate::store::message;

/// A message whose turn has come, with all that decides whether it goes and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMessage {
    /// What goes to the provider.
    pub outgoing: Outgoing,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How often it was told "later" so far.
    pub retries: u32,
    /// The lot it is of.
    pub lot: Lot,
    /// Its template's name.
    pub template: Option<String>,
    /// Which journey made it.
    pub origin: Origin,
    /// The member of staff it goes to.
    pub staff_id: Option<i64>,
    /// The collection case it is about.
    pub case_id: Option<i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whether it comes after all others.
    pub tried_last: bool,
    /// Of no use from this instant on.
    pub expires_at: Option<DateTime<Utc>>,
    /// Only while its invoice is owing.
    pub while_owing: bool,
    /// Under which day, configuration and state of the book it was last looked at.
    pub seen: String,
}

/// What else a message was made of, for whoever looks at it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeOf {
    /// The login it is about.
    pub login_id: Option<i64>,
    /// Its invoice's printed due date then.
    pub due_on: Option<NaiveDate>,
    /// What an event said of its ticket.
    pub said: Option<TicketFacts>,
    /// The invoices it speaks for, in order; none where it has only its own one.
    pub invoices: Vec<i64>,
    /// So many characters of its key stand before the slash and the address.
    pub key_start: Option<usize>,
}

/// The columns of a due message, in the order in which [`read`] takes them.
const COLUMNS: &str =
    "id, key, purpose, event, client_id, contract_id, invoice_id, ticket_id, address,
    address_kind, title, body, html, provider_channel, provider_template, variables, expires_at,
    attempts, retries, lot, template, origin, staff_id, case_id, while_owing, created_at, tried_last,
    (SELECT push FROM template WHERE name = message.template AND message.channel = 'push'),
    CASE WHEN channel NOT IN ('email', 'letter') THEN NULL
         WHEN staff_id IS NULL THEN (SELECT c.name FROM client c WHERE c.id = message.client_id)
         ELSE (SELECT s.name FROM staff s WHERE s.id = message.staff_id) END,
     seen";

fn read(row: &Row<'_>, channel: Channel, now: Now) -> rusqlite::Result<DueMessage> {
    let expires_at = row.instant_opt(16)?;
    let variables: Option<Json<Vec<String>>> = row.get(15)?;
    let look: Option<Json<Look>> = row.get(27)?;
    let outgoing = Outgoing {
        id: row.get(0)?,
        key: row.get(1)?,
        channel,
        purpose: row.get(2)?,
        template: row.get(20)?,
        event: row.get(3)?,
        client_id: row.get(4)?,
        contract_id: row.get(5)?,
        invoice_id: row.get(6)?,
        ticket_id: row.get(7)?,
        address: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
        name: row.get(28)?,
        address_kind: row.get(9)?,
        title: row.get(10)?,
        body: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
        html: row.get(12)?,
        provider_channel: row.get(13)?,
        provider_template: row.get(14)?,
        variables: variables.map_or_else(Vec::new, |Json(values)| values),
        look: look.map_or_else(Look::default, |Json(look)| look),
        time_to_live: expires_at
            .and_then(|end| (end - now.at).to_std().ok())
            .filter(|left| *left > Duration::ZERO),
        at: now.at.with_timezone(&now.zone),
    };
    Ok(DueMessage {
        outgoing,
        attempt: row.get::<_, u32>(17)? + 1,
        retries: row.get(18)?,
        lot: row.get(19)?,
        template: row.get(20)?,
        origin: row.get(21)?,
        staff_id: row.get(22)?,
        case_id: row.get(23)?,
        expires_at,
        while_owing: row.get(24)?,
        created_at: row.instant(25)?,
        tried_last: row.get(26)?,
        seen: row.get(29)?,
    })
}

/// What a run leaves where it is, though it is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Messages of these lots.
    pub lots: BTreeSet<Lot>,
    /// These messages.
    pub ids: BTreeSet<i64>,
}

/// Who comes first: what is urgent, then the others, then those that are to be tried last. Each condition
/// stands in the text, so that its partial index serves.
const TURNS: [&str; 3] = [
    "urgent = 1 AND tried_last = 0",
    "urgent = 0 AND tried_last = 0",
    "tried_last = 1",
];

/// The next messages whose turn has come, at most `limit`: the urgent ones, then the others, in each those
/// that were due first first, and those that are to be tried last after all. What is `aside` is passed over. To be called within the
/// immediate transaction that then either takes or skips each.
pub fn due_block(
    connection: &Connection,
    channel: Channel,
    now: Now,
    limit: usize,
    aside: &Aside,
) -> Result<Vec<DueMessage>> {
    let mut block = Vec::new();
    for (turn, has) in TURNS
        .into_iter()
        .zip(turns_with_any(connection, channel, now)?)
    {
        let left = limit - block.len();
        if has && left > 0 {
            block.extend(due(connection, channel, now, left, aside, turn)?);
        }
    }
    Ok(block)
}

/// Of which turns anything is due. Asking that is much cheaper than making ready to read a turn's messages, and most
/// of the time two of them have none.
fn turns_with_any(connection: &Connection, channel: Channel, now: Now) -> Result<[bool; 3]> {
    let asked = TURNS.map(|turn| {
        format!(
            "EXISTS (SELECT 1 FROM message
                     WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND {turn})"
        )
    });
    Ok(connection
        .prepare_cached(&format!("SELECT {}", asked.join(", ")))?
        .query_row((channel, Millis(now.at)), |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })?)
}

fn due(
    connection: &Connection,
    channel: Channel,
    now: Now,
    limit: usize,
    aside: &Aside,
    turn: &str,
) -> Result<Vec<DueMessage>> {
    let places: Vec<String> = (5..5 + aside.lots.len()).map(|n| format!("?{n}")).collect();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message
         WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND {turn}
           AND (?4 = '[]' OR id NOT IN (SELECT value FROM json_each(?4))) AND lot NOT IN ({})
         ORDER BY not_before, id LIMIT ?3",
        places.join(", ")
    ))?;
    let at = Millis(now.at);
    let ids = Json(&aside.ids);
    let bound = [&channel as &dyn ToSql, &at, &limit, &ids]
        .into_iter()
        .chain(aside.lots.iter().map(|lot| lot as &dyn ToSql));
    let rows = statement.query_map(params_from_iter(bound), |row| read(row, channel, now))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A message whatever its state, as it would be claimed.
pub fn as_due(connection: &Connection, id: i64, channel: Channel, now: Now) -> Result<DueMessage> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE id = ?1"))?
        .query_row([id], |row| read(row, channel, now))?)
}

/// What else a message was made of.
pub fn made_of(connection: &Connection, id: i64) -> Result<MadeOf> {
    let made_of = connection
        .prepare_cached("SELECT login_id, due_on, said, key_start FROM message WHERE id = ?1")?
        .query_row([id], |row| {
            let said: Option<Json<TicketFacts>> = row.get(2)?;
            Ok(MadeOf {
                login_id: row.get(0)?,
                due_on: row.day_opt(1)?,
                said: said.map(|Json(said)| said),
                invoices: Vec::new(),
                key_start: row.get(3)?,
            })
        })?;
    Ok(MadeOf {
        invoices: message::speaks_for(connection, id)?,
        ..made_of
    })
}

/// Takes a due message: it is `sending` now, before a byte of it leaves. `seen` is what it was looked at under.
pub fn take(connection: &Connection, id: i64, seen: &str) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'sending', attempts = attempts + 1, seen = ?2
             WHERE id = ?1",
        )?
        .execute((id, seen))?;
    Ok(())
}

/// Skips a due message that is no longer wanted.
pub fn skip(connection: &Connection, id: i64, reason: Reason, detail: Option<&str>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'skipped', reason = ?2, detail = ?3 WHERE id = ?1",
        )?
        .execute((id, reason, detail))?;
    Ok(())
}

/// Has a due message wait for a later instant.
pub fn wait(connection: &Connection, id: i64, until: DateTime<Utc>) -> Result<()> {
    connection
        .prepare_cached("UPDATE message SET not_before = ?2 WHERE id = ?1")?
        .execute((id, Millis(until)))?;
    Ok(())
}

/// Writes a queued message anew, as it would leave now. The first plan stays beside it, and every try
/// made so far keeps what it carried.
pub fn rewrite(connection: &Connection, outgoing: &Outgoing) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE attempt SET address = m.address, title = m.title, body = m.body
             FROM message m
             WHERE m.id = ?1 AND attempt.message_id = m.id AND attempt.address IS NULL
               AND attempt.title IS NULL AND attempt.body IS NULL
               AND (m.address IS NOT ?2 OR m.title IS NOT ?3 OR m.body IS NOT ?4)",
        )?
        .execute(params![
            outgoing.id,
            outgoing.address,
            outgoing.title,
            outgoing.body
        ])?;
    connection
        .prepare_cached(
            "UPDATE message SET
               planned = CASE
                 WHEN planned IS NULL AND body IS NOT NULL
                   AND (address IS NOT ?2 OR title IS NOT ?4 OR body IS NOT ?5)
                 THEN json_object('address', address, 'title', title, 'body', body, 'at', created_at)
                 ELSE planned END,
               address = ?2, address_kind = ?3, title = ?4, body = ?5, html = ?6,
               provider_channel = ?7, provider_template = ?8, variables = ?9, purpose = ?10,
               lot = json_array(template, batch_id, ?7, ?8)
             WHERE id = ?1",
        )?
        .execute(params![
            outgoing.id,
            outgoing.address,
            outgoing.address_kind,
            outgoing.title,
            outgoing.body,
            outgoing.html,
            outgoing.provider_channel,
            outgoing.provider_template,
            (!outgoing.variables.is_empty()).then_some(Json(&outgoing.variables)),
            outgoing.purpose,
        ])?;
    Ok(())
}

/// Notes what a queued message is about that the book did not have when it was made, and the key that goes with
/// it; the invoice with its printed due date.
pub fn take_in(
    connection: &Connection,
    outgoing: &Outgoing,
    key_start: Option<usize>,
    due_on: Option<NaiveDate>,
    while_owing: bool,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET key = ?2, key_start = ?3, contract_id = ?4, invoice_id = ?5,
               due_on = coalesce(?6, due_on), while_owing = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            outgoing.id,
            outgoing.key,
            key_start,
            outgoing.contract_id,
            outgoing.invoice_id,
            due_on.map(Day),
            while_owing,
        ])?;
    Ok(())
}

/// Notes of which of several invoices a message's text still speaks.
pub fn speaks_only_for(connection: &Connection, id: i64, spoken: &[i64]) -> Result<()> {
    if spoken.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE message_speaks_for
             SET unsaid = invoice_id NOT IN (SELECT value FROM json_each(?2))
             WHERE message_id = ?1
               AND unsaid IS NOT (invoice_id NOT IN (SELECT value FROM json_each(?2)))",
        )?
        .execute((id, Json(spoken)))?;
    Ok(())
}

/// How many other messages of its purpose a message's client has had since an instant, or may have had:
/// one push to several devices counts once, and is no other message to itself.
pub fn others(
    connection: &Connection,
    message: &DueMessage,
    client_id: i64,
    since: DateTime<Utc>,
) -> Result<u64> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM (
               SELECT DISTINCT origin, event, template, contract_id, invoice_id, login_id, created_at
               FROM message
               WHERE client_id = ?1 AND staff_id IS NULL AND purpose = ?2 AND origin <> 'test'
                 AND coalesce(sent_at, created_at) >= ?3
                 AND status IN ('shared', 'sending', 'sent', 'unknown')
               EXCEPT
               SELECT origin, event, template, contract_id, invoice_id, login_id, created_at
               FROM message WHERE id = ?4)",
        )?
        .query_row(
            (
                client_id,
                message.outgoing.purpose,
                Millis(since),
                message.outgoing.id,
            ),
            |row| row.get(0),
        )?)
}

/// Puts off what is due but must wait for contact hours: messages of one purpose, of birthdays or of all else.
/// What has expired waits for nothing.
pub fn put_off(
    connection: &Connection,
    channel: Channel,
    purpose: Purpose,
    birthdays: bool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET not_before = ?5
             WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND purpose = ?3
               AND (origin = 'birthday') = ?4 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .execute((channel, Millis(now), purpose, birthdays, Millis(until)))?;
    Ok(())
}
