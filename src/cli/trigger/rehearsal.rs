//! `regua trigger test`: who would hear of an event by a trigger, and who would not and why.

use std::io::Read as _;
use std::path::Path;

use serde_json::json;

use super::{Context, Outcome};
use crate::domain::message::Fate;
use crate::domain::ticket::event::Event;
use crate::domain::ticket::event_type::TriggerEvent;
use crate::domain::ticket::{
    listening::mismatch,
    notice::{Notice, Untold, Words},
};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::jobs::ticket::{self as tickets, PeopleNames, Rehearsal, Spoken};
use crate::source::event;
use crate::store::{Store, ticket, trigger as store};
use crate::view::{Cell, Format, View};

/// Reads a file; its name and its bytes, without a byte order mark.
fn read_file(path: &Path) -> Result<(String, Vec<u8>)> {
    let (place, mut text) = if path == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text)?;
        ("standard input".to_owned(), text)
    } else {
        let place = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| {
            Error::unacceptable(format!("{place} cannot be read"))
                .because(error)
                .hint("name a file with one event as JSON")
        })?;
        (place, text)
    };
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    Ok((place, text))
}

/// Reads the one event of a file.
fn read_event(text: &[u8], place: &str, context: &Context) -> Result<Event> {
    event::parse(text, place, context.now()).map_err(|problems| {
        Error::flaws("the event is not acceptable", problems).hint(
            r#"one event, such as {"id":"e1","type":"opened","ticket_id":1070,"client_id":193}"#,
        )
    })
}

/// One row of the answer: somebody who hears, or who does not.
struct Row {
    position: Option<i64>,
    person: Option<String>,
    name: Option<String>,
    channel: Option<Channel>,
    list: String,
    trigger: Option<String>,
    template: Option<String>,
    address: Option<String>,
    status: &'static str,
    why: Option<String>,
    title: Option<String>,
    body: Option<String>,
}

fn view() -> View<'static, Row> {
    View::<Row>::new()
        .number("position", |row| row.position)
        .words("person", |row| row.person.clone())
        .words("name", |row| row.name.clone())
        .words("channel", |row| row.channel.map(Channel::as_str))
        .words("list", |row| Cell::Said(row.list.clone()))
        .data("trigger", |row| row.trigger.clone())
        .words("template", |row| row.template.clone())
        .words("address", |row| row.address.clone())
        .words("status", |row| row.status)
        .words("why", |row| row.why.clone().map(Cell::Said))
        .data("title", |row| row.title.clone())
        .data("body", |row| row.body.clone())
        .spares(&["template", "person", "address", "channel"])
}

/// Runs the command.
pub(super) fn run(name: &str, path: &Path, context: &Context) -> Result<Outcome> {
    let (place, text) = read_file(path)?;
    let saved = context.open()?;
    let c = saved.connection();
    let trigger = store::get(c, name)?;
    if trigger.event == TriggerEvent::Access {
        return super::access::run(&trigger, (&text, &place), context);
    }
    let event = read_event(&text, &place, context)?;
    let rehearsal = tickets::rehearse(c, &context.config, context.now(), &event)?;
    let before = ticket::find(c, event.ticket_id)?;
    let mismatch = mismatch(&trigger, &event, before.as_ref(), &rehearsal.ticket);
    if let Some(why) = &mismatch {
        context
            .out
            .say(format!("trigger `{name}` is not for this event: {why}"));
    }
    let others = others(&rehearsal, name);
    if !others.is_empty() {
        context.out.say(format!(
            "other triggers speak of this event too: {}",
            others.join(", ")
        ));
    }
    let rows = rows(&saved, &rehearsal, name)?;
    let (hears, left_out): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.position.is_some());
    if context.out.format() == Format::Json {
        context.out.json(&json!({
            "trigger": trigger.name,
            "event_id": event.id,
            "type": event.kind,
            "ticket_id": event.ticket_id,
            "matches": mismatch.is_none(),
            "mismatch": mismatch,
            "hears": view().array(hears),
            "left_out": view().array(left_out),
        }))?;
        return Ok(Outcome::Done);
    }
    let mut list = context.out.list(view());
    list.rows(&rows)?;
    list.finish(&format!(
        "{} {} would be made; nothing was sent",
        hears.len(),
        if hears.len() == 1 {
            "message"
        } else {
            "messages"
        }
    ))?;
    Ok(Outcome::Done)
}

/// The trigger in whose words somebody hears; none for a topic's own words.
fn trigger_of(notice: &Notice) -> Option<&str> {
    match &notice.words {
        Words::Template { trigger, .. } => Some(trigger),
        Words::Alert(_) => None,
    }
}

/// The other triggers that speak.
fn others(rehearsal: &Rehearsal, name: &str) -> Vec<String> {
    let mut others: Vec<String> = rehearsal
        .heard
        .iter()
        .filter_map(|spoken| trigger_of(&spoken.notice))
        .filter(|trigger| *trigger != name)
        .map(|trigger| format!("`{trigger}`"))
        .collect();
    others.sort();
    others.dedup();
    others
}

/// Who hears by this trigger and by the topics' alerts, with their place among all who hear of
/// the event; then who does not.
fn rows(saved: &Store, rehearsal: &Rehearsal, name: &str) -> Result<Vec<Row>> {
    let c = saved.connection();
    let mut names = PeopleNames::gather(c)?;
    let mut rows = Vec::new();
    for (i, spoken) in rehearsal.heard.iter().enumerate() {
        let notice = &spoken.notice;
        if trigger_of(notice).is_none_or(|trigger| trigger == name) {
            let full_name = names.of(c, notice.person)?;
            let position = i64::try_from(i + 1).ok();
            rows.push(hearing_row(position, full_name, spoken));
        }
    }
    for left_out in &rehearsal.left_out {
        if left_out
            .trigger
            .as_deref()
            .is_none_or(|trigger| trigger == name)
        {
            let full_name = match left_out.person {
                Some(person) => names.of(c, person)?,
                None => None,
            };
            rows.push(left_out_row(full_name, left_out));
        }
    }
    Ok(rows)
}

fn hearing_row(position: Option<i64>, name: Option<String>, spoken: &Spoken) -> Row {
    let Spoken {
        notice,
        message,
        left_empty,
    } = spoken;
    let (status, why) = match &message.fate {
        Fate::Queued => ("hears", left_empty_told(left_empty)),
        Fate::Skipped(reason, detail) => (
            "skipped",
            Some(match detail {
                Some(detail) => format!("{reason}: {detail}"),
                None => reason.as_str().to_owned(),
            }),
        ),
    };
    Row {
        position,
        person: Some(notice.person.to_string()),
        name,
        channel: Some(notice.channel),
        list: notice.list.to_string(),
        trigger: trigger_of(notice).map(str::to_owned),
        template: message.template.clone(),
        address: message.address.clone(),
        status,
        why,
        title: message.title.clone(),
        body: message.body.clone(),
    }
}

/// Which variables a text leaves empty, for want of a word in the event.
fn left_empty_told(variables: &[&str]) -> Option<String> {
    let names: Vec<String> = variables
        .iter()
        .map(|variable| format!("#{variable}#"))
        .collect();
    (!names.is_empty()).then(|| format!("left empty: {}", names.join(", ")))
}

fn left_out_row(name: Option<String>, left_out: &Untold) -> Row {
    Row {
        position: None,
        person: left_out.person.map(|person| person.to_string()),
        name,
        channel: left_out.channel,
        list: left_out.list.to_string(),
        trigger: left_out.trigger.clone(),
        template: None,
        address: None,
        status: "left out",
        why: Some(left_out.why.to_string()),
        title: None,
        body: None,
    }
}
