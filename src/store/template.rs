//! Templates, and what uses them.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::columns::{Columns as _, Json};
use crate::domain::template::{Look, Template, Variable};
use crate::error::{Result, must};
use crate::store::meta;

fn read(row: &Row<'_>) -> rusqlite::Result<Template> {
    let names: Vec<String> = row.json("variables")?;
    Ok(Template {
        name: row.get("name")?,
        channel: row.get("channel")?,
        kind: row.get("kind")?,
        purpose: row.get("purpose")?,
        title: row.get("title")?,
        body: row.get("body")?,
        html: row.get("html")?,
        description: row.get("description")?,
        provider_channel: row.get("provider_channel")?,
        provider_template: row.get("provider_template")?,
        variables: names
            .iter()
            .filter_map(|name| Variable::named(name))
            .collect(),
        look: row
            .get::<_, Option<Json<Look>>>("push")?
            .map_or_else(Look::default, |Json(look)| look),
    })
}

/// A template, if it is there.
pub fn find(connection: &Connection, name: &str) -> Result<Option<Template>> {
    Ok(connection
        .prepare_cached("SELECT * FROM template WHERE name = ?1")?
        .query_row([name], read)
        .optional()?)
}

/// A template that must be there; the error suggests the nearest name.
pub fn get(connection: &Connection, name: &str) -> Result<Template> {
    must(find(connection, name)?, "template", name, || {
        Ok(list(connection)?
            .into_iter()
            .map(|template| template.name)
            .collect::<Vec<_>>())
    })
}

/// Every template, by name.
pub fn list(connection: &Connection) -> Result<Vec<Template>> {
    let mut statement = connection.prepare_cached("SELECT * FROM template ORDER BY name")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Saves a template under its name, in place of any other.
pub fn save(connection: &Connection, template: &Template) -> Result<()> {
    meta::book_changed(connection)?;
    let names: Vec<&str> = template.variables.iter().map(|v| v.name()).collect();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO template
               (name, channel, kind, purpose, title, body, html, description,
                provider_channel, provider_template, variables, push)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(rusqlite::params![
            template.name,
            template.channel,
            template.kind,
            template.purpose,
            template.title,
            template.body,
            template.html,
            template.description,
            template.provider_channel,
            template.provider_template,
            Json(names),
            (!template.look.is_empty()).then_some(Json(&template.look)),
        ])?;
    Ok(())
}

/// Removes a template. Whoever calls has asked [`queued`] and the other users first.
pub fn remove(connection: &Connection, name: &str) -> Result<()> {
    meta::book_changed(connection)?;
    connection.execute("DELETE FROM template WHERE name = ?1", [name])?;
    Ok(())
}

/// How many queued messages were made with it.
pub fn queued(connection: &Connection, name: &str) -> Result<u64> {
    Ok(connection.query_row(
        "SELECT (SELECT count(*) FROM message WHERE status = 'queued' AND template = ?1)
              + (SELECT count(*) FROM message WHERE status = 'shared' AND template = ?1)",
        [name],
        |row| row.get(0),
    )?)
}
