//! `regua ticket open`, `reply` and `move`: one event made of flags, and who hears of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Args, FromArgMatches, Subcommand};
use serde_json::{Map, json};

use super::arguments::word;
use super::{Context, Outcome, count, face, some_failed};
use crate::clock;
use crate::domain::message::Message;
use crate::domain::ticket::event::{Event, Said, event_id_problem};
use crate::domain::ticket::event_type::{EventPart, EventType};
use crate::domain::ticket::notice::Untold;
use crate::domain::words::{Author, Channel, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::ticket::{self as job, Desk, Made, MessageStates, PeopleNames, Taken};
use crate::store::{Connection, message};
use crate::view::{Cell, Format, View};

/// What every event may say.
#[derive(Debug, Args)]
struct About {
    /// The ticket
    #[arg(long = "ticket", alias = "ticket-id", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    ticket: i64,
    /// The event's own id; a known one is passed over [default: a new one]
    #[arg(long, value_name = "EVENT-ID")]
    id: Option<String>,
    /// When it happened [default: now]
    #[arg(long, value_name = "DATE-TIME")]
    at: Option<String>,
    /// Whose ticket it is
    #[arg(long = "client", alias = "client-id", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    client: Option<i64>,
    /// Its topic
    #[arg(long = "topic", alias = "topic-id", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    topic: Option<i64>,
    /// Its sub-topic
    #[arg(long = "subtopic", alias = "subtopic-id", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    subtopic: Option<i64>,
    /// Its title
    #[arg(long)]
    title: Option<String>,
    /// Who is responsible
    #[arg(long = "responsible", alias = "responsible-id", value_name = "STAFF-ID", value_parser = clap::value_parser!(i64).range(1..))]
    responsible: Option<i64>,
    /// Its priority
    #[arg(long)]
    priority: Option<String>,
    /// Who opened it: client, staff or api
    #[arg(long, alias = "opened_by", value_parser = word::<Author>)]
    opened_by: Option<Author>,
    /// Whether the client may see it
    #[arg(long = "visible", alias = "visible-to-client", value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    visible: Option<bool>,
}

/// One event made of flags: a command for each type.
#[derive(Debug)]
pub(in crate::cli) struct Tell {
    kind: EventType,
    about: About,
    status: Option<String>,
    text: Option<String>,
    by: Option<Author>,
    from: Option<String>,
    to: Option<String>,
}

impl Tell {
    /// The command that takes events of a type.
    fn command(kind: EventType) -> clap::Command {
        let nature = kind.nature();
        let parts = nature.parts.iter().map(|(part, meaning)| {
            let arg = Arg::new(part.as_str()).long(part.as_str()).help(*meaning);
            match part {
                EventPart::By => arg.value_name("WHO").value_parser(word::<Author>),
                EventPart::Text => arg.value_name("TEXT"),
                EventPart::Status | EventPart::From | EventPart::To => arg.value_name("STATUS"),
            }
        });
        let command = About::augment_args(clap::Command::new(nature.verb));
        command.about(nature.happened).args(parts)
    }
}

impl Subcommand for Tell {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        let kinds = EventType::ALL.iter().map(|kind| Self::command(*kind));
        command.subcommands(kinds)
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        EventType::ALL.iter().any(|kind| kind.nature().verb == name)
    }
}

impl FromArgMatches for Tell {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let told = matches.subcommand().and_then(|(name, given)| {
            let kind = EventType::ALL
                .iter()
                .find(|kind| kind.nature().verb == name)?;
            Some((*kind, given))
        });
        let (kind, given) =
            told.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand))?;
        let text = |part: EventPart| {
            let text = given.try_get_one::<String>(part.as_str());
            filled(text.ok().flatten().cloned())
        };
        let by = given.try_get_one::<Author>(EventPart::By.as_str());
        Ok(Self {
            kind,
            about: About::from_arg_matches(given)?,
            status: text(EventPart::Status),
            text: text(EventPart::Text),
            by: by.ok().flatten().copied(),
            from: text(EventPart::From),
            to: text(EventPart::To),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A text that says something.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The event that the flags speak of; its id is empty where none was given.
fn event(tell: Tell, context: &Context) -> Result<Event> {
    let (about, now) = (tell.about, context.now());
    let at = about
        .at
        .as_deref()
        .map(|text| clock::parse_instant(text, now.zone))
        .transpose()?;
    if let Some(id) = &about.id
        && let Some(what) = event_id_problem(id)
    {
        return Err(Error::usage(format!("the event's id {what}")).hint("--id e1"));
    }
    let event = Event {
        dated: at.is_some(),
        said: Said {
            client_id: about.client,
            topic_id: about.topic,
            subtopic_id: about.subtopic,
            title: filled(about.title),
            status: tell.status,
            priority: filled(about.priority),
            responsible_id: about.responsible,
            opened_by: about.opened_by,
            visible_to_client: about.visible,
        },
        text: tell.text,
        by: tell.by,
        from: tell.from,
        to: tell.to,
        ..Event::of(
            tell.kind,
            about.id.unwrap_or_default(),
            about.ticket,
            at.unwrap_or(now.at),
        )
    };
    if event.is_idle() {
        return Err(
            Error::usage("a move is to another status or another priority")
                .hint("--to STATUS, or --priority PRIORITY"),
        );
    }
    Ok(event)
}

/// Takes one event made of flags.
pub(super) fn run(tell: Tell, context: &Context) -> Result<Outcome> {
    let mut event = event(tell, context)?;
    let mut saved = context.open()?;
    if event.id.is_empty() {
        event.id = saved.write(|transaction| job::new_event_id(transaction))?;
    }
    let mut desk = Desk::new(&context.config, &context.clock);
    let mut taken = desk.take(&mut saved, &event)?;
    if let Some(flaw) = taken.refused.take() {
        return Err(job::refusal(&event, flaw));
    }
    if taken.known {
        context
            .out
            .explain(format!("event `{}` was told already", event.id));
    }
    let (delivery, signal) = super::deliver(context, &mut saved, taken.waiting())?;
    let ids: Vec<i64> = taken.made.iter().map(|made| made.id).collect();
    let standing = job::standing(saved.connection(), &ids)?;
    tell_left_empty(context, &taken);
    answer(context, saved.connection(), &event, &taken, &standing)?;
    Ok(face::outcome_of(&delivery, signal, some_failed(&standing)))
}

/// A message that an event caused, as it stands now.
struct Caused<'a> {
    made: &'a Made,
    name: Option<String>,
    message: Message,
}

/// Gathers the messages that an event caused.
fn caused<'a>(
    connection: &Connection,
    names: &mut PeopleNames,
    made: &'a [Made],
) -> Result<Vec<Caused<'a>>> {
    made.iter()
        .map(|made| {
            Ok(Caused {
                made,
                name: names.of(connection, made.notice.person)?,
                message: message::get(connection, made.id)?
                    .ok_or_else(|| Error::world(format!("message {} is gone", made.id)))?,
            })
        })
        .collect()
}

fn caused_view(context: &Context) -> View<'_, Caused<'_>> {
    View::<Caused>::new()
        .number("message_id", |caused| caused.made.id)
        .words("person", |caused| Cell::of(caused.made.notice.person))
        .words("name", |caused| caused.name.clone())
        .words("channel", |caused| caused.made.notice.channel.as_str())
        .words("address", |caused| {
            let address = caused.message.address.as_deref();
            face::address(caused.made.notice.channel, address)
        })
        .words("list", |caused| {
            Cell::Said(caused.made.notice.list.to_string())
        })
        .words("event", |caused| Cell::of(&caused.message.event))
        .data("template", |caused| caused.message.template.clone())
        .words("status", |caused| face::status(caused.message.status))
        .words("reason", |caused| caused.message.reason.map(Reason::as_str))
        .data("detail", |caused| caused.message.detail.clone())
        .data("not_before", |caused| {
            face::instant(context, caused.message.not_before)
        })
        .data("sent_at", |caused| {
            face::instant(context, caused.message.sent_at)
        })
        .data("left_empty", |caused| {
            Cell::Json(json!(caused.made.left_empty))
        })
}

/// Somebody who does not hear, with their name.
type Unheard<'a> = (&'a Untold, Option<String>);

fn unheard_view<'a>() -> View<'a, Unheard<'a>> {
    View::<Unheard>::new()
        .words("person", |(left_out, _)| Cell::maybe(left_out.person))
        .words("name", |(_, name)| name.clone())
        .words("channel", |(left_out, _)| {
            left_out.channel.map(Channel::as_str)
        })
        .words("list", |(left_out, _)| {
            Cell::Said(left_out.list.to_string())
        })
        .words("trigger", |(left_out, _)| left_out.trigger.clone())
        .words("why", |(left_out, _)| Cell::Said(left_out.why.to_string()))
}

fn answer(
    context: &Context,
    c: &Connection,
    event: &Event,
    taken: &Taken,
    standing: &MessageStates,
) -> Result<()> {
    let mut names = PeopleNames::gather(c)?;
    let caused = caused(c, &mut names, &taken.made)?;
    if context.out.format() == Format::Json {
        let mut unheard = Vec::new();
        for left_out in &taken.left_out {
            let person = left_out.person;
            let name = person.map(|person| names.of(c, person)).transpose()?;
            unheard.push((left_out, name.flatten()));
        }
        let head = Map::from_iter([
            ("event_id".to_owned(), json!(event.id)),
            ("type".to_owned(), json!(event.kind)),
            ("ticket_id".to_owned(), json!(event.ticket_id)),
            ("known".to_owned(), json!(taken.known)),
        ]);
        let unheard = unheard_view().array(&unheard);
        let tail = Map::from_iter([("left_out".to_owned(), unheard)]);
        let view = caused_view(context);
        return context
            .out
            .json_with_rows(&head, "messages", &view, &tail, |row| {
                caused.iter().try_for_each(row)
            });
    }
    for left_out in &taken.left_out {
        let who = left_out
            .person
            .map_or_else(|| "nobody".to_owned(), |person| person.to_string());
        context.out.explain(format!(
            "left out: {who}, list {}: {}",
            left_out.list, left_out.why
        ));
    }
    let mut list = context.out.list(caused_view(context));
    list.rows(&caused)?;
    list.finish(&format!(
        "event {}: {}, {} left out",
        event.id,
        told(standing),
        taken.left_out.len()
    ))
}

/// How many messages told somebody, and what became of the others.
fn told(standing: &MessageStates) -> String {
    let n = |status| count(standing, status);
    let sent = n(Status::Sent);
    let mut words = format!(
        "{sent} {} told",
        if sent == 1 { "message" } else { "messages" }
    );
    for (n, what) in [
        (n(Status::Queued) + n(Status::Sending), "waiting"),
        (n(Status::Failed), "failed"),
        (n(Status::Unknown), "unknown"),
        (n(Status::Skipped) + n(Status::Cancelled), "skipped"),
    ] {
        if n > 0 {
            // Writing to a text does not fail.
            let _ = write!(words, ", {n} {what}");
        }
    }
    words
}

/// Says which words the event lacked, and texts went without.
fn tell_left_empty(context: &Context, taken: &Taken) {
    let variables = taken.made.iter().flat_map(|made| &made.left_empty);
    for name in variables.collect::<BTreeSet<_>>() {
        context.out.say(format!(
            "the event has nothing for #{name}#: the text leaves it empty"
        ));
    }
}
