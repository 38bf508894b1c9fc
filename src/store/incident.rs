//! Incidents: their steps, whom they concern, and what of it was told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Json, Millis};
use crate::domain::incident::{Incident, Step};
use crate::domain::report::Report;
use crate::domain::send::RowIds;
use crate::domain::words::{Purpose, Reason, Status};
use crate::error::{Result, must};
use crate::store::meta;

fn read(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get("id")?,
        name: row.get("name")?,
        report: row.get("report")?,
        filters: row.json("filters")?,
        opened_at: row.instant("opened_at")?,
        until: row.instant_opt("until")?,
        closed_at: row.instant_opt("closed_at")?,
        hold_collection: row.get("hold_collection")?,
    })
}

fn read_step(row: &Row<'_>) -> rusqlite::Result<Step> {
    Ok(Step {
        number: row.get("number")?,
        kind: row.get("kind")?,
        template: row.get("template")?,
        at: row.instant("at")?,
    })
}

/// Notes an incident that is opened, with its report as it is now; its id.
pub fn open(connection: &Connection, incident: &Incident, report: &Report) -> Result<i64> {
    let id = next_id(connection)?;
    connection.execute(
        "INSERT INTO incident (id, name, report, filters, kind, kept_filters, kept_orders,
                               opened_at, until, hold_collection)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            id,
            incident.name,
            incident.report,
            Json(&incident.filters),
            report.kind,
            Json(report.written_filters()),
            Json(report.written_order()),
            Millis(incident.opened_at),
            incident.until.map(Millis),
            incident.hold_collection,
        ],
    )?;
    meta::book_changed(connection)?;
    Ok(id)
}

/// An id under which no key of a message stands yet, not even one that a restored backup forgot.
fn next_id(connection: &Connection) -> Result<i64> {
    let mut id: i64 =
        connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM incident", [], |row| {
            row.get(0)
        })?;
    loop {
        // Keys that go on after the id have a slash next; `0` comes next to it.
        let taken: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM message
                            WHERE key >= 'incident/' || ?1 || '/' AND key < 'incident/' || ?1 || '0')
                 OR EXISTS (SELECT 1 FROM spent_key
                            WHERE key >= 'incident/' || ?1 || '/' AND key < 'incident/' || ?1 || '0')",
            [id],
            |row| row.get(0),
        )?;
        if !taken {
            return Ok(id);
        }
        id += 1;
    }
}

/// The incident that is open under a name.
pub fn find_open(connection: &Connection, name: &str) -> Result<Option<Incident>> {
    Ok(connection
        .prepare_cached("SELECT * FROM incident WHERE name = ?1 AND closed_at IS NULL")?
        .query_row([name], read)
        .optional()?)
}

/// The latest incident of a name, open or closed.
pub fn latest(connection: &Connection, name: &str) -> Result<Incident> {
    let found = connection
        .prepare_cached("SELECT * FROM incident WHERE name = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([name], read)
        .optional()?;
    must(found, "incident", name, || {
        let mut statement =
            connection.prepare("SELECT DISTINCT name FROM incident ORDER BY name")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<Vec<String>>>()?)
    })
}

/// Every incident, the open ones first, the latest of each first.
pub fn all(connection: &Connection) -> Result<Vec<Incident>> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM incident ORDER BY closed_at IS NOT NULL, id DESC")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The incidents that are open.
pub fn all_open(connection: &Connection) -> Result<Vec<Incident>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM incident WHERE closed_at IS NULL ORDER BY id")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The report of an incident as it was when that was opened.
pub fn kept_report(connection: &Connection, id: i64) -> Result<Report> {
    let (kind, filters, orders) = connection
        .prepare_cached("SELECT kind, kept_filters, kept_orders FROM incident WHERE id = ?1")?
        .query_row([id], |row| {
            let filters: Vec<String> = row.json("kept_filters")?;
            let orders: Vec<String> = row.json("kept_orders")?;
            Ok((row.get("kind")?, filters, orders))
        })?;
    Report::parse(kind, &filters, &orders)
}

/// Notes when an incident is expected to be over.
pub fn set_until(connection: &Connection, id: i64, until: DateTime<Utc>) -> Result<()> {
    connection.execute(
        "UPDATE incident SET until = ?2 WHERE id = ?1",
        (id, Millis(until)),
    )?;
    Ok(())
}

/// Has what is queued of a step wait until another instant than the one it was made with.
pub fn let_wait(connection: &Connection, id: i64, step: i64, end: DateTime<Utc>) -> Result<()> {
    connection.execute(
        "UPDATE message SET expires_at = ?3
         WHERE status IN ('queued', 'shared') AND id IN
           (SELECT message_id FROM incident_message WHERE incident_id = ?1 AND step = ?2)",
        (id, step, Millis(end)),
    )?;
    Ok(())
}

/// Closes an incident.
pub fn close(connection: &Connection, id: i64, at: DateTime<Utc>) -> Result<()> {
    connection.execute(
        "UPDATE incident SET closed_at = ?2 WHERE id = ?1",
        (id, Millis(at)),
    )?;
    meta::book_changed(connection)
}

/// The steps of an incident, in order.
pub fn steps(connection: &Connection, id: i64) -> Result<Vec<Step>> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM incident_step WHERE incident_id = ?1 ORDER BY number")?;
    let rows = statement.query_map([id], read_step)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes a step.
pub fn add_step(connection: &Connection, id: i64, step: &Step) -> Result<()> {
    connection.execute(
        "INSERT INTO incident_step (incident_id, number, kind, template, at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, step.number, step.kind, step.template, Millis(step.at)],
    )?;
    // What of the steps before is queued is to be looked at again.
    meta::book_changed(connection)
}

/// Notes that an incident concerns the client of a row, unless it is noted already.
pub fn concern(
    connection: &Connection,
    id: i64,
    place: i64,
    step: i64,
    row: &RowIds,
) -> Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO incident_client (incident_id, place, client_id, step, contract_id, login_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (incident_id, client_id) DO NOTHING",
        )?
        .execute((id, place, row.client, step, row.contract, row.login))?;
    Ok(changed > 0)
}

/// How many clients an incident concerns, which is also the last place on its list.
pub fn concerned(connection: &Connection, id: i64) -> Result<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(max(place), 0) FROM incident_client WHERE incident_id = ?1",
        )?
        .query_row([id], |row| row.get(0))?)
}

/// A page of whom an incident concerns, after a place; with each, by which row.
pub fn page(
    connection: &Connection,
    id: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, RowIds)>> {
    let mut statement = connection.prepare_cached(
        "SELECT place, client_id, contract_id, login_id FROM incident_client
         WHERE incident_id = ?1 AND place > ?2 ORDER BY place LIMIT ?3",
    )?;
    let rows = statement.query_map((id, after, limit), |row| {
        Ok((
            row.get(0)?,
            RowIds {
                client: row.get(1)?,
                contract: row.get(2)?,
                login: row.get(3)?,
                invoice: None,
            },
        ))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes that a message is one of an incident's step: it goes before all else.
pub fn note_message(
    connection: &Connection,
    id: i64,
    step: i64,
    client_id: i64,
    message_id: i64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO incident_message (incident_id, client_id, step, message_id)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute((id, client_id, step, message_id))?;
    connection
        .prepare_cached("UPDATE message SET urgent = 1 WHERE id = ?1")?
        .execute([message_id])?;
    Ok(())
}

/// Cancels what is still queued of an incident's steps before this one; how much.
pub fn cancel_before(connection: &Connection, id: i64, step: i64, why: &str) -> Result<u64> {
    let changed = connection.execute(
        "UPDATE message SET status = 'cancelled', detail = ?3
         WHERE status IN ('queued', 'shared') AND id IN
           (SELECT message_id FROM incident_message WHERE incident_id = ?1 AND step < ?2)",
        (id, step, why),
    )?;
    Ok(changed as u64)
}

/// Whether a client was told of an incident in a step before this one, or may have been: what is on its
/// way this instant counts, and what was put back into the queue when nobody knew.
pub fn was_told(connection: &Connection, id: i64, step: i64, client_id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident_message t JOIN message m ON m.id = t.message_id
               WHERE t.incident_id = ?1 AND t.client_id = ?3 AND t.step < ?2
                 AND (m.status IN ('sent', 'unknown', 'sending', 'shared')
                   OR m.status <> 'failed' AND EXISTS (
                     SELECT 1 FROM attempt a WHERE a.message_id = m.id AND a.outcome = 'unknown')))",
        )?
        .query_row((id, step, client_id), |row| row.get(0))?)
}

/// The incident and the step that a message is of, whether that step is the incident's last, and what kind
/// it is.
pub fn of_message(
    connection: &Connection,
    message_id: i64,
) -> Result<Option<(Incident, Step, i64)>> {
    Ok(connection
        .prepare_cached(
            "SELECT i.*, s.number, s.kind AS step_kind, s.template, s.at,
                    (SELECT max(l.number) FROM incident_step l WHERE l.incident_id = i.id) AS last
             FROM incident_message t
             JOIN incident i ON i.id = t.incident_id
             JOIN incident_step s ON s.incident_id = t.incident_id AND s.number = t.step
             WHERE t.message_id = ?1",
        )?
        .query_row([message_id], |row| {
            let step = Step {
                number: row.get("number")?,
                kind: row.get("step_kind")?,
                template: row.get("template")?,
                at: row.instant("at")?,
            };
            Ok((read(row)?, step, row.get("last")?))
        })
        .optional()?)
}

/// The name of an open incident that keeps messages of a purpose from a client.
pub fn keeps_from(
    connection: &Connection,
    client_id: i64,
    purpose: Purpose,
) -> Result<Option<String>> {
    if purpose == Purpose::Service {
        return Ok(None);
    }
    // The few that are open stand in the text first: mostly there is none, and nothing else is asked.
    Ok(connection
        .prepare_cached(
            "SELECT i.name FROM incident i INDEXED BY incident_open
             CROSS JOIN incident_client c ON c.incident_id = i.id AND c.client_id = ?1
             WHERE i.closed_at IS NULL AND (?2 OR i.hold_collection) LIMIT 1",
        )?
        .query_row((client_id, purpose == Purpose::Marketing), |row| row.get(0))
        .optional()?)
}

/// Whether any incident is open.
pub fn any_open(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident INDEXED BY incident_open
                            WHERE closed_at IS NULL)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Whether any open incident keeps collections from its clients.
pub fn any_holds_collection(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident INDEXED BY incident_open
                            WHERE closed_at IS NULL AND hold_collection)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// How far an incident was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IncidentTally {
    /// Clients it concerns.
    pub concerned: u64,
    /// Clients who were told in some step: sent, or unknown.
    pub told: u64,
    /// Clients who were told in none, because every message that went to them failed.
    pub failed: u64,
    /// Steps.
    pub steps: u64,
}

/// Counts how far an incident was told.
pub fn tally(connection: &Connection, id: i64) -> Result<IncidentTally> {
    let (told, failed) = connection
        .prepare_cached(
            "SELECT coalesce(sum(told), 0), coalesce(sum(failed AND NOT told), 0) FROM (
               SELECT max(m.status IN ('sent', 'unknown')) AS told,
                      max(m.status = 'failed') AS failed
               FROM incident_message t JOIN message m ON m.id = t.message_id
               WHERE t.incident_id = ?1 GROUP BY t.client_id)",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let steps = connection
        .prepare_cached("SELECT count(*) FROM incident_step WHERE incident_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok(IncidentTally {
        concerned: concerned(connection, id)?.unsigned_abs(),
        told,
        failed,
        steps,
    })
}

/// How many messages of a step are in each state, and how many were not sent for each reason.
pub fn step_totals(
    connection: &Connection,
    id: i64,
    step: i64,
) -> Result<(BTreeMap<Status, u64>, BTreeMap<Reason, u64>)> {
    let mut statement = connection.prepare_cached(
        "SELECT m.status, m.reason, count(*)
         FROM incident_message t JOIN message m ON m.id = t.message_id
         WHERE t.incident_id = ?1 AND t.step = ?2 GROUP BY m.status, m.reason",
    )?;
    let mut rows = statement.query((id, step))?;
    let (mut became, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    while let Some(row) = rows.next()? {
        let (status, reason, n): (Status, Option<Reason>, u64) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        *became.entry(status).or_default() += n;
        if let Some(reason) = reason {
            *reasons.entry(reason).or_default() += n;
        }
    }
    Ok((became, reasons))
}
