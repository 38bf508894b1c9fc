//! `regua trigger`: which ticket event tells whom, with which template.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::arguments::word;
use super::{Context, Outcome};
use crate::domain::message::Fate;
use crate::domain::template::Variable;
use crate::domain::ticket::trigger::{
    AUDIENCE_ACCEPTED, Audience, SOMEBODY_ACCEPTED, Somebody, Trigger, parse_duplicates,
};
use crate::domain::ticket::{
    listening::mismatch,
    notice::{Notice, Untold, Words},
};
use crate::domain::words::{TriggerEvent, Word as _};
use crate::error::{Error, Result};
use crate::jobs::ticket::{self as tickets, PeopleNames, Rehearsal, Spoken};
use crate::jobs::trigger as job;
use crate::source::event;
use crate::store::{Store, ticket, trigger as store};
use crate::view::{Cell, Column, Format};

/// Who hears of tickets: add, edit, list, show, remove, test.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Events: new-ticket-client, new-internal-ticket, new-public-ticket-by-client,\n\
    new-public-ticket-by-staff, workflow, reply.\n\n\
    Examples:\n  \
    regua trigger add opened --event new-ticket-client --topic 4 --template opened-email --template opened-sms\n  \
    regua trigger add resolved --event workflow --to resolved --audience client,responsible --template moved-email\n  \
    regua trigger add answered --event reply --staff 3 --fallback team:Suporte --template replied-email"
)]
pub enum Command {
    /// Add a trigger
    #[command(after_help = "Example:\n  \
        regua trigger add internal --event new-internal-ticket --subtopic 9 --team Suporte --staff 3,5 --template new-email")]
    Add(Add),
    /// Change parts of a trigger; an empty value takes a part away
    #[command(after_help = "Examples:\n  \
        regua trigger edit resolved --priority urgent\n  \
        regua trigger edit opened --topic ''")]
    Edit(Edit),
    /// List the triggers
    List,
    /// Show one trigger
    Show {
        /// Its name
        name: String,
    },
    /// Remove a trigger
    Remove {
        /// Its name
        name: String,
    },
    /// Show who would hear of an event by it, in which order, and who would not and why; nothing is sent
    #[command(after_help = "Example:\n  regua trigger test opened --event event.json")]
    Test {
        /// Its name
        name: String,
        /// A file with one event as JSON; - is standard input
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
    },
}

/// A new trigger.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name
    name: String,
    /// What it listens to
    #[arg(long, value_parser = word::<TriggerEvent>)]
    event: TriggerEvent,
    #[command(flatten)]
    parts: Parts,
}

/// A change of a trigger.
#[derive(Debug, Args)]
pub struct Edit {
    /// Its name
    name: String,
    /// What it listens to
    #[arg(long, value_parser = word::<TriggerEvent>)]
    event: Option<TriggerEvent>,
    #[command(flatten)]
    parts: Parts,
}

/// What both may give. Lists are separated by commas, or the flag is repeated.
#[derive(Debug, Args)]
struct Parts {
    /// An email template, an sms template, or one of each
    #[arg(
        long = "template",
        alias = "templates",
        value_name = "NAME",
        value_delimiter = ','
    )]
    templates: Option<Vec<String>>,
    /// Only tickets of these topics (or of the sub-topics)
    #[arg(
        long = "topic",
        alias = "topics",
        value_name = "ID",
        value_delimiter = ','
    )]
    topics: Option<Vec<String>>,
    /// Only tickets of these sub-topics (or of the topics)
    #[arg(
        long = "subtopic",
        alias = "subtopics",
        value_name = "ID",
        value_delimiter = ','
    )]
    subtopics: Option<Vec<String>>,
    /// workflow: only moves away from these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    from: Option<Vec<String>>,
    /// workflow: only moves to these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    to: Option<Vec<String>>,
    /// workflow: only tickets of these priorities
    #[arg(
        long = "priority",
        alias = "priorities",
        value_name = "PRIORITY",
        value_delimiter = ','
    )]
    priorities: Option<Vec<String>>,
    /// workflow: who hears, in this order: responsible, managers, teams, client, staff:3, team:Suporte [default: responsible,managers,teams]
    #[arg(long, value_name = "WHO", value_delimiter = ',')]
    audience: Option<Vec<String>>,
    /// Teams in place of those of the ticket's topic and sub-topic
    #[arg(
        long = "team",
        alias = "teams",
        value_name = "TEAM",
        value_delimiter = ','
    )]
    teams: Option<Vec<String>>,
    /// Staff named one by one, in the order they hear
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    staff: Option<Vec<String>>,
    /// reply: who hears when nobody active is responsible: staff:5 or team:Suporte
    #[arg(long, value_name = "WHO")]
    fallback: Option<String>,
    /// allow: one message for each list a person is in
    #[arg(long, value_name = "allow")]
    duplicates: Option<String>,
}

impl Parts {
    /// Puts what was given into a trigger.
    fn put(self, trigger: &mut Trigger) -> Result<()> {
        fn filled(words: Vec<String>) -> Vec<String> {
            words
                .into_iter()
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        }
        fn numbers(flag: &str, words: Vec<String>) -> Result<Vec<i64>> {
            filled(words)
                .into_iter()
                .map(|word| {
                    word.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
                        Error::usage(format!("--{flag} {word} is no id"))
                            .hint("write whole numbers separated by commas")
                    })
                })
                .collect()
        }
        if let Some(words) = self.templates {
            trigger.templates = filled(words);
        }
        if let Some(words) = self.topics {
            trigger.topics = numbers("topic", words)?;
        }
        if let Some(words) = self.subtopics {
            trigger.subtopics = numbers("subtopic", words)?;
        }
        if let Some(words) = self.from {
            trigger.from = filled(words);
        }
        if let Some(words) = self.to {
            trigger.to = filled(words);
        }
        if let Some(words) = self.priorities {
            trigger.priorities = filled(words);
        }
        if let Some(words) = self.audience {
            trigger.audience = filled(words)
                .iter()
                .map(|word| {
                    Audience::parse(word).ok_or_else(|| {
                        Error::usage(format!("--audience {word} is nobody"))
                            .hint(format!("some of: {AUDIENCE_ACCEPTED}"))
                    })
                })
                .collect::<Result<_>>()?;
        }
        if let Some(words) = self.teams {
            trigger.teams = filled(words);
        }
        if let Some(words) = self.staff {
            trigger.staff = numbers("staff", words)?;
        }
        if let Some(text) = self.fallback {
            trigger.fallback = match text.trim() {
                "" => None,
                text => Some(Somebody::parse(text).ok_or_else(|| {
                    Error::usage(format!("--fallback {text} is nobody")).hint(SOMEBODY_ACCEPTED)
                })?),
            };
        }
        if let Some(text) = self.duplicates {
            trigger.allow_duplicates = parse_duplicates(&text).ok_or_else(|| {
                Error::usage(format!("--duplicates {text} is not known"))
                    .hint("--duplicates allow, or leave it out")
            })?;
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => {
            let mut trigger = Trigger::new(add.name, add.event);
            add.parts.put(&mut trigger)?;
            let mut saved = context.open()?;
            let warnings = job::add(&mut saved, &context.config, &trigger)?;
            tell_saved(context, "added", &trigger, &warnings);
            Ok(Outcome::Done)
        }
        Command::Edit(edit) => {
            let mut saved = context.open()?;
            let (trigger, warnings) = job::edit(&mut saved, &context.config, &edit.name, |trigger| {
                if let Some(event) = edit.event.filter(|event| *event != trigger.event) {
                    trigger.event = event;
                    trigger.audience = Trigger::new("", event).audience;
                }
                edit.parts.put(trigger)
            })?;
            tell_saved(context, "changed", &trigger, &warnings);
            Ok(Outcome::Done)
        }
        Command::List => {
            let saved = context.open()?;
            let mut list = context.out.list(&columns());
            for trigger in store::list(saved.connection())? {
                list.row(cells(&trigger))?;
            }
            list.finish("")?;
            Ok(Outcome::Done)
        }
        Command::Show { name } => show(&name, context),
        Command::Remove { name } => {
            let mut saved = context.open()?;
            job::remove(&mut saved, &name)?;
            context.out.say(format!("removed trigger `{name}`"));
            Ok(Outcome::Done)
        }
        Command::Test { name, event } => test(&name, &event, context),
    }
}

fn tell_saved(context: &Context, what: &str, trigger: &Trigger, warnings: &[String]) {
    context.out.say(format!(
        "{what} trigger `{}` on {}",
        trigger.name, trigger.event
    ));
    for warning in warnings {
        context.out.warn(warning);
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("name"),
        Column::new("event"),
        Column::new("topics"),
        Column::new("subtopics"),
        Column::new("from").data_only(),
        Column::new("to").data_only(),
        Column::new("priorities").data_only(),
        Column::new("audience"),
        Column::new("teams").data_only(),
        Column::new("staff").data_only(),
        Column::new("fallback").data_only(),
        Column::new("templates"),
        Column::new("duplicates").data_only(),
    ]
}

/// The parts of a trigger, by the names that TOML gives them.
fn parts(trigger: &Trigger) -> Vec<(&'static str, Value)> {
    let audience: Vec<String> = trigger.audience.iter().map(ToString::to_string).collect();
    vec![
        ("name", json!(trigger.name)),
        ("event", json!(trigger.event)),
        ("topics", json!(trigger.topics)),
        ("subtopics", json!(trigger.subtopics)),
        ("from", json!(trigger.from)),
        ("to", json!(trigger.to)),
        ("priorities", json!(trigger.priorities)),
        ("audience", json!(audience)),
        ("teams", json!(trigger.teams)),
        ("staff", json!(trigger.staff)),
        (
            "fallback",
            json!(trigger.fallback.as_ref().map(ToString::to_string)),
        ),
        ("templates", json!(trigger.templates)),
        (
            "duplicates",
            json!(trigger.allow_duplicates.then_some("allow")),
        ),
    ]
}

fn cells(trigger: &Trigger) -> Vec<Cell> {
    parts(trigger)
        .into_iter()
        .map(|(_, value)| match value {
            list @ Value::Array(_) => Cell::Json(list),
            value => Cell::Json(value),
        })
        .collect()
}

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let trigger = store::get(saved.connection(), name)?;
    let document: serde_json::Map<String, Value> = parts(&trigger)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    match context.out.format() {
        Format::Table => {
            let mut text = format!("{} on {}\n", trigger.name, trigger.event);
            for (key, value) in parts(&trigger).into_iter().skip(2) {
                let shown = match &value {
                    Value::Null => continue,
                    Value::Array(items) if items.is_empty() => continue,
                    Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
                    value => plain(value),
                };
                text.push_str(&format!("{key:<10}  {shown}\n"));
            }
            context.out.text(text)?;
        }
        Format::Json => context.out.json(&document)?,
        Format::Jsonl => context.out.json_line(&document)?,
        Format::Csv => {
            let mut list = context.out.list(&columns());
            list.row(cells(&trigger))?;
            list.finish("")?;
        }
    }
    Ok(Outcome::Done)
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Reads the one event of a file.
fn read_event(path: &Path, context: &Context) -> Result<crate::domain::ticket::event::Event> {
    let (place, text) = if path == Path::new("-") {
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
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    event::parse(text, &place, context.now()).map_err(|problems| {
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
    channel: Option<String>,
    list: String,
    trigger: Option<String>,
    template: Option<String>,
    address: Option<String>,
    status: &'static str,
    why: Option<String>,
    title: Option<String>,
    body: Option<String>,
}

fn test(name: &str, path: &Path, context: &Context) -> Result<Outcome> {
    let event = read_event(path, context)?;
    let saved = context.open()?;
    let c = saved.connection();
    let trigger = store::get(c, name)?;
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
    if context.out.format() == Format::Json {
        let object = |row: &Row| {
            json!({
                "position": row.position,
                "person": row.person,
                "name": row.name,
                "channel": row.channel,
                "list": row.list,
                "trigger": row.trigger,
                "template": row.template,
                "address": row.address,
                "status": row.status,
                "why": row.why,
                "title": row.title,
                "body": row.body,
            })
        };
        let (hears, left_out): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| row.position.is_some());
        context.out.json(&json!({
            "trigger": trigger.name,
            "event_id": event.id,
            "type": event.kind(),
            "ticket_id": event.ticket_id,
            "matches": mismatch.is_none(),
            "mismatch": mismatch,
            "hears": hears.into_iter().map(object).collect::<Vec<_>>(),
            "left_out": left_out.into_iter().map(object).collect::<Vec<_>>(),
        }))?;
        return Ok(Outcome::Done);
    }
    let mut list = context.out.list(&[
        Column::number("position"),
        Column::new("person"),
        Column::new("name"),
        Column::new("channel"),
        Column::new("list"),
        Column::new("trigger").data_only(),
        Column::new("template"),
        Column::new("address"),
        Column::new("status"),
        Column::new("why"),
        Column::new("title").data_only(),
        Column::new("body").data_only(),
    ]);
    let heard = rows.iter().filter(|row| row.position.is_some()).count();
    let total = format!(
        "{heard} {} would be made; nothing was sent",
        if heard == 1 { "message" } else { "messages" }
    );
    for row in rows {
        list.row(vec![
            Cell::number(row.position),
            Cell::text(row.person),
            Cell::text(row.name),
            Cell::text(row.channel),
            Cell::Text(row.list),
            Cell::text(row.trigger),
            Cell::text(row.template),
            Cell::text(row.address),
            Cell::of(row.status),
            Cell::text(row.why),
            Cell::text(row.title),
            Cell::text(row.body),
        ])?;
    }
    list.finish(&total)?;
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

fn hearing_row(
    position: Option<i64>,
    name: Option<String>,
    spoken: &Spoken,
) -> Row {
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
        channel: Some(notice.channel.to_string()),
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
fn left_empty_told(variables: &[Variable]) -> Option<String> {
    let names: Vec<String> = variables
        .iter()
        .map(|variable| format!("#{}#", variable.name()))
        .collect();
    (!names.is_empty()).then(|| format!("left empty: {}", names.join(", ")))
}

fn left_out_row(name: Option<String>, left_out: &Untold) -> Row {
    Row {
        position: None,
        person: left_out.person.map(|person| person.to_string()),
        name,
        channel: left_out.channel.map(|channel| channel.to_string()),
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
