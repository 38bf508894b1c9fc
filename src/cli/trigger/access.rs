//! `regua trigger test` of event access: what would be told of a change of a contract's access.

use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::domain::access::{AccessChange, AccessListener};
use crate::domain::message::{Fate, NewMessage};
use crate::domain::ticket::trigger::Trigger;
use crate::domain::words::{AccessStatus, Word};
use crate::error::{Error, Result};
use crate::jobs::access as job;
use crate::store::book;
use crate::view::{Cell, Format, View};

/// One row of the answer.
struct Row {
    trigger: String,
    message: NewMessage,
}

fn view() -> View<'static, Row> {
    View::<Row>::new()
        .words("trigger", |row| Cell::of(&row.trigger))
        .number("client_id", |row| row.message.client_id)
        .words("channel", |row| row.message.channel.as_str())
        .words("template", |row| row.message.template.clone())
        .words("address", |row| {
            super::face::address(row.message.channel, row.message.address.as_deref())
        })
        .words("status", |row| match row.message.fate {
            Fate::Queued => "hears",
            Fate::Skipped(..) => "skipped",
        })
        .words("why", |row| match &row.message.fate {
            Fate::Queued => None,
            Fate::Skipped(reason, None) => Some(reason.to_string()),
            Fate::Skipped(reason, Some(detail)) => Some(format!("{reason}: {detail}")),
        })
        .data("title", |row| row.message.title.clone())
        .data("body", |row| row.message.body.clone())
        .when_empty("nobody would be told", "regua trigger show NAME")
}

/// Reads a change: `{"contract_id":11,"from":"active","to":"auto_block"}`.
fn change(text: &[u8], place: &str) -> Result<AccessChange> {
    const EXAMPLE: &str =
        r#"one change, such as {"contract_id":11,"from":"active","to":"auto_block"}"#;
    let wrong = |what: String| Error::unacceptable(format!("{place}: {what}")).hint(EXAMPLE);
    let value: Value =
        serde_json::from_slice(text).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
    let status = |key: &str| {
        let text = value[key].as_str().unwrap_or_default();
        AccessStatus::parse(text).ok_or_else(|| {
            wrong(format!("`{key}` is no state of access"))
                .hint(format!("one of: {}", AccessStatus::accepted()))
        })
    };
    Ok(AccessChange {
        contract_id: value["contract_id"]
            .as_i64()
            .ok_or_else(|| wrong("`contract_id` is no whole number".to_owned()))?,
        number: 0,
        from: status("from")?,
        to: status("to")?,
    })
}

/// Runs the command for a trigger of event access.
pub(super) fn run(
    trigger: &Trigger,
    (text, place): (&[u8], &str),
    context: &Context,
) -> Result<Outcome> {
    let change = change(text, place)?;
    let saved = context.open()?;
    let connection = saved.connection();
    if book::contract(connection, change.contract_id)?.is_none() {
        return Err(crate::error::not_in_the_book(
            "contract",
            change.contract_id,
        ));
    }
    let hears =
        AccessListener::of(trigger).is_some_and(|listener| listener.hears(change.from, change.to));
    let rows: Vec<Row> = job::rehearse(connection, &context.config, context.now(), &change)?
        .into_iter()
        .map(|(trigger, message)| Row { trigger, message })
        .collect();
    if !hears {
        context.out.say(format!(
            "trigger `{}` is not for this change: its from or to do not hold",
            trigger.name
        ));
    }
    if context.out.format() == Format::Json {
        context.out.json(&json!({
            "trigger": trigger.name,
            "contract_id": change.contract_id,
            "from": change.from,
            "to": change.to,
            "matches": hears,
            "hears": view().array(&rows),
        }))?;
        return Ok(Outcome::Done);
    }
    let mut list = context.out.list(view());
    list.rows(&rows)?;
    list.finish(&format!(
        "{} messages would be made, in the words of the first trigger of each channel; nothing was sent",
        rows.len()
    ))?;
    Ok(Outcome::Done)
}
