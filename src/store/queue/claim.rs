//! Claiming, one block at a time: what is due on a channel, and what is made of each message of it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use crate::clock::Now;
use crate::domain::message::{Lot, Outgoing};
use crate::domain::template::Look;
use crate::domain::words::{Channel, Origin, Purpose, Reason};
use crate::error::Result;
use crate::store::columns::{Columns as _, Json, Millis};

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
}

/// The columns of a due message, in the order in which [`read`] takes them.
const COLUMNS: &str =
    "id, key, purpose, event, client_id, contract_id, invoice_id, ticket_id, address,
    address_kind, title, body, html, provider_channel, provider_template, variables, expires_at,
    attempts, retries, lot, template, origin, staff_id, case_id, while_owing, created_at, tried_last,
    (SELECT push FROM template WHERE name = message.template AND message.channel = 'push'),
    CASE WHEN channel <> 'email' THEN NULL
         WHEN staff_id IS NULL THEN (SELECT c.name FROM client c WHERE c.id = message.client_id)
         ELSE (SELECT s.name FROM staff s WHERE s.id = message.staff_id) END";

fn read(row: &Row<'_>, channel: Channel, now: Now) -> rusqlite::Result<DueMessage> {
    let expires_at = row.instant_opt(16)?;
    let variables: Option<Json<Vec<String>>> = row.get(15)?;
    let look: Option<Json<Look>> = row.get(27)?;
    let outgoing = Outgoing {
        id: row.get(0)?,
        key: row.get(1)?,
        channel,
        purpose: row.get(2)?,
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

/// The next messages whose turn has come, at most `limit`, those that were due first first, and those that
/// are to be tried last after all others. What is `aside` is passed over. To be called within the
/// immediate transaction that then either takes or skips each.
pub fn due_block(
    connection: &Connection,
    channel: Channel,
    now: Now,
    limit: usize,
    aside: &Aside,
) -> Result<Vec<DueMessage>> {
    let mut block = due(connection, channel, now, limit, aside, false)?;
    if block.len() < limit {
        let left = limit - block.len();
        block.extend(due(connection, channel, now, left, aside, true)?);
    }
    Ok(block)
}

fn due(
    connection: &Connection,
    channel: Channel,
    now: Now,
    limit: usize,
    aside: &Aside,
    tried_last: bool,
) -> Result<Vec<DueMessage>> {
    let places: Vec<String> = (5..5 + aside.lots.len()).map(|n| format!("?{n}")).collect();
    // The flag stands in the text, so that its partial index serves.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message
         WHERE status = 'queued' AND channel = ?1 AND not_before <= ?2 AND tried_last = {}
           AND (?4 = '[]' OR id NOT IN (SELECT value FROM json_each(?4))) AND lot NOT IN ({})
         ORDER BY not_before, id LIMIT ?3",
        i64::from(tried_last),
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

/// Takes a due message: it is `sending` now, before a byte of it leaves.
pub fn take(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE message SET status = 'sending', attempts = attempts + 1 WHERE id = ?1",
        )?
        .execute([id])?;
    Ok(())
}

/// Skips a due message that is no longer wanted.
pub fn skip(connection: &Connection, id: i64, reason: Reason) -> Result<()> {
    connection
        .prepare_cached("UPDATE message SET status = 'skipped', reason = ?2 WHERE id = ?1")?
        .execute((id, reason))?;
    Ok(())
}

/// Puts off what is due but must wait for contact hours: messages of one purpose, of birthdays or of all else.
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
               AND (origin = 'birthday') = ?4",
        )?
        .execute((channel, Millis(now), purpose, birthdays, Millis(until)))?;
    Ok(())
}
