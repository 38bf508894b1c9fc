//! Triggers, saved by name.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Columns as _, Json};
use crate::domain::ticket::trigger::{Audience, Somebody, Trigger};
use crate::error::{Result, must};

fn read(row: &Row<'_>) -> rusqlite::Result<Trigger> {
    let audience: Vec<String> = row.json("audience")?;
    let fallback: Option<String> = row.get("fallback")?;
    Ok(Trigger {
        name: row.get("name")?,
        event: row.get("event")?,
        topics: row.json("topics")?,
        subtopics: row.json("subtopics")?,
        from: row.json("from_statuses")?,
        to: row.json("to_statuses")?,
        priorities: row.json("priorities")?,
        audience: audience
            .iter()
            .filter_map(|member| Audience::parse(member))
            .collect(),
        teams: row.json("teams")?,
        staff: row.json("staff")?,
        fallback: fallback.as_deref().and_then(Somebody::parse),
        templates: row.json("templates")?,
        allow_duplicates: row.get("allow_duplicates")?,
    })
}

/// Every trigger, by name.
pub fn list(connection: &Connection) -> Result<Vec<Trigger>> {
    let mut statement = connection.prepare_cached("SELECT * FROM \"trigger\" ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A trigger, if it is there.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Trigger>> {
    Ok(connection
        .prepare_cached("SELECT * FROM \"trigger\" WHERE name = ?1")?
        .query_row([name], read)
        .optional()?)
}

/// A trigger that must be there; the error suggests the nearest name.
pub fn get(connection: &Connection, name: &str) -> Result<Trigger> {
    must(find(connection, name)?, "trigger", name, || {
        Ok(list(connection)?
            .into_iter()
            .map(|trigger| trigger.name)
            .collect::<Vec<_>>())
    })
}

/// Saves a trigger under its name, in place of any other.
pub fn save(connection: &Connection, trigger: &Trigger) -> Result<()> {
    let audience: Vec<String> = trigger.audience.iter().map(ToString::to_string).collect();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO \"trigger\"
               (name, event, topics, subtopics, from_statuses, to_statuses, priorities, audience,
                teams, staff, fallback, templates, allow_duplicates)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            trigger.name,
            trigger.event,
            Json(&trigger.topics),
            Json(&trigger.subtopics),
            Json(&trigger.from),
            Json(&trigger.to),
            Json(&trigger.priorities),
            Json(&audience),
            Json(&trigger.teams),
            Json(&trigger.staff),
            trigger.fallback.as_ref().map(ToString::to_string),
            Json(&trigger.templates),
            trigger.allow_duplicates,
        ])?;
    Ok(())
}

/// Removes a trigger; whether it was there.
pub fn remove(connection: &Connection, name: &str) -> Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM \"trigger\" WHERE name = ?1")?
        .execute([name])?;
    Ok(removed > 0)
}

/// The names of the triggers that use a template.
pub fn using_template(connection: &Connection, template: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM \"trigger\"
         WHERE EXISTS (SELECT 1 FROM json_each(templates) WHERE value = ?1) ORDER BY name",
    )?;
    let rows = statement.query_map([template], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
