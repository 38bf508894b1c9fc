//! `regua ticket`: what happens to tickets, and who was told of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::arguments::word;
use super::{Context, Outcome, face};
use crate::clock::{self, Stopwatch};
use crate::domain::message::Message;
use crate::domain::ticket::event::{Event, Happening, Said, event_id_problem};
use crate::domain::template::Variable;
use crate::domain::ticket::notice::Person;
use crate::domain::words::{Author, EventType, Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::ticket::{
    self as job, CHANNELS, Desk, Intake, Made, MessageStates, PeopleNames, Reading, Taken,
};
use crate::source::event::Events;
use crate::store::message::{Sequence, Wanted as Messages};
use crate::store::ticket::{ListedTicket, TicketFilter, ToldEvent};
use crate::store::{Connection, Store, message, ticket as store};
use crate::view::{Cell, Column, Format};

/// Ticket events: open, reply, move, events; and who was told of them: list, show.
#[derive(Debug, Subcommand)]
#[command(after_help = "Triggers decide who hears: see `regua trigger`.\n\n\
    Examples:\n  \
    regua ticket open --ticket 1070 --client 193 --topic 4 --title 'Sem sinal' --opened-by client\n  \
    regua ticket reply --ticket 1070 --by staff --text 'Reinicie o roteador.'\n  \
    regua ticket move --ticket 1070 --to resolved\n  \
    receiver | regua ticket events -")]
pub enum Command {
    /// A ticket was opened
    Open(Open),
    /// A ticket was answered
    Reply(Reply),
    /// A ticket's status or priority changed
    Move(Move),
    /// Take events from a file, one JSON object a line, each in a transaction of its own
    #[command(
        after_help = "An event whose id is known is passed over; a bad line is named and the others go on (exit 1).\n\n\
        Example:\n  \
        echo '{\"id\":\"e3\",\"type\":\"moved\",\"ticket_id\":1070,\"to\":\"resolved\"}' | regua ticket events -"
    )]
    Events {
        /// JSON Lines; - is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Stop at the first bad line
        #[arg(long)]
        strict: bool,
    },
    /// List tickets, the latest first, with who was told what and when
    List {
        /// Of this client
        #[arg(long, value_name = "ID")]
        client: Option<i64>,
        /// In this status
        #[arg(long)]
        status: Option<String>,
        /// In this topic or sub-topic
        #[arg(long, value_name = "ID")]
        topic: Option<i64>,
        /// For which this member of staff is responsible
        #[arg(long, value_name = "ID")]
        responsible: Option<i64>,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Show a ticket, its events, and who was told what and when
    Show {
        /// The ticket
        #[arg(value_name = "TICKET")]
        id: i64,
    },
}

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

/// A ticket was opened.
#[derive(Debug, Args)]
pub struct Open {
    #[command(flatten)]
    about: About,
    /// Its status
    #[arg(long)]
    status: Option<String>,
    /// The text it was opened with
    #[arg(long)]
    text: Option<String>,
}

/// A ticket was answered.
#[derive(Debug, Args)]
pub struct Reply {
    #[command(flatten)]
    about: About,
    /// What was written
    #[arg(long)]
    text: Option<String>,
    /// Who wrote it: client, staff or api
    #[arg(long, value_parser = word::<Author>)]
    by: Option<Author>,
}

/// A ticket moved.
#[derive(Debug, Args)]
pub struct Move {
    #[command(flatten)]
    about: About,
    /// The status it had [default: the one that the book knows]
    #[arg(long)]
    from: Option<String>,
    /// The status it has now
    #[arg(long)]
    to: Option<String>,
}

/// Runs the command.
pub fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Open(open) => {
            let happening = Happening::Opened {
                text: filled(open.text),
            };
            one(open.about, filled(open.status), happening, context)
        }
        Command::Reply(reply) => {
            let happening = Happening::Replied {
                text: filled(reply.text),
                by: reply.by,
            };
            one(reply.about, None, happening, context)
        }
        Command::Move(moved) => {
            let to = filled(moved.to);
            if to.is_none() && filled(moved.about.priority.clone()).is_none() {
                return Err(
                    Error::usage("a move is to another status or another priority")
                        .hint("--to STATUS, or --priority PRIORITY"),
                );
            }
            let happening = Happening::Moved {
                from: filled(moved.from),
                to,
            };
            one(moved.about, None, happening, context)
        }
        Command::Events { file, strict } => events(&file, strict, context),
        Command::List {
            client,
            status,
            topic,
            responsible,
            limit,
        } => {
            let wanted = TicketFilter {
                client_id: client,
                status,
                topic_id: topic,
                responsible_id: responsible,
            };
            list(&wanted, limit, context)
        }
        Command::Show { id } => show(id, context),
    }
}

/// A text that says something.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Takes one event made of flags.
fn one(
    about: About,
    status: Option<String>,
    happening: Happening,
    context: &Context,
) -> Result<Outcome> {
    let now = context.now();
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
    let mut saved = context.open()?;
    let id = match about.id {
        Some(id) => id,
        None => saved.write(|transaction| job::new_event_id(transaction))?,
    };
    let event = Event {
        id,
        at: at.unwrap_or(now.at),
        dated: at.is_some(),
        ticket_id: about.ticket,
        said: Said {
            client_id: about.client,
            topic_id: about.topic,
            subtopic_id: about.subtopic,
            title: filled(about.title),
            status,
            priority: filled(about.priority),
            responsible_id: about.responsible,
            opened_by: about.opened_by,
            visible_to_client: about.visible,
        },
        happening,
    };
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
    let (delivery, signal) = face::deliver_now(context, &mut saved, &CHANNELS)?;
    face::tell_delivery(context, &delivery);
    let ids: Vec<i64> = taken.made.iter().map(|made| made.id).collect();
    let standing = job::standing(saved.connection(), &ids)?;
    tell_left_empty(context, taken.made.iter().flat_map(|made| &made.left_empty));
    answer_one(context, &saved, &event, &taken, &standing)?;
    Ok(face::outcome_of(&delivery, signal, some_failed(&standing)))
}

fn count(standing: &MessageStates, status: Status) -> u64 {
    standing.states.get(&status).copied().unwrap_or(0)
}

fn some_failed(standing: &MessageStates) -> bool {
    count(standing, Status::Failed) + count(standing, Status::Unknown) > 0
}

/// The columns of a message that an event caused.
fn made_columns() -> Vec<Column> {
    vec![
        Column::number("message_id"),
        Column::new("person"),
        Column::new("name"),
        Column::new("channel"),
        Column::new("address"),
        Column::new("list"),
        Column::new("event"),
        Column::new("template").data_only(),
        Column::new("status"),
        Column::new("reason"),
        Column::new("detail").data_only(),
        Column::new("not_before").data_only(),
        Column::new("sent_at").data_only(),
        Column::new("left_empty").data_only(),
    ]
}

fn made_cells(
    context: &Context,
    connection: &Connection,
    names: &mut PeopleNames,
    made: &Made,
) -> Result<Vec<Cell>> {
    let notice = &made.notice;
    let Some(message) = message::get(connection, made.id)? else {
        return Err(Error::world(format!("message {} is gone", made.id)));
    };
    Ok(vec![
        Cell::Number(made.id),
        Cell::of(notice.person),
        Cell::text(names.of(connection, notice.person)?),
        Cell::of(notice.channel),
        face::address(notice.channel, message.address.as_deref()),
        Cell::of(&notice.list),
        Cell::of(&message.event),
        Cell::text(message.template.as_deref()),
        face::status(message.status),
        Cell::text(message.reason.map(crate::domain::words::Reason::as_str)),
        Cell::text(message.detail.as_deref()),
        face::instant(context, message.not_before),
        face::instant(context, message.sent_at),
        Cell::Json(made.left_empty.iter().map(|v| json!(v.name())).collect()),
    ])
}

fn answer_one(
    context: &Context,
    saved: &Store,
    event: &Event,
    taken: &Taken,
    standing: &MessageStates,
) -> Result<()> {
    let Taken {
        known,
        made,
        left_out,
        ..
    } = taken;
    let c = saved.connection();
    let mut names = PeopleNames::gather(c)?;
    if context.out.format() == Format::Json {
        let mut others = Vec::new();
        for left_out in left_out {
            let name = match left_out.person {
                Some(person) => names.of(c, person)?,
                None => None,
            };
            others.push(json!({
                "person": left_out.person.map(|person| person.to_string()),
                "name": name,
                "channel": left_out.channel,
                "list": left_out.list.to_string(),
                "trigger": left_out.trigger,
                "why": left_out.why.to_string(),
            }));
        }
        let head = object(json!({
            "event_id": event.id,
            "type": event.kind(),
            "ticket_id": event.ticket_id,
            "known": known,
        }));
        let tail = object(json!({ "left_out": others }));
        return context
            .out
            .json_with_rows(&head, "messages", &made_columns(), &tail, |row| {
                for made in made {
                    row(&made_cells(context, c, &mut names, made)?)?;
                }
                Ok(())
            });
    }
    for left_out in left_out {
        let who = left_out
            .person
            .map_or_else(|| "nobody".to_owned(), |person| person.to_string());
        context.out.explain(format!(
            "left out: {who}, list {}: {}",
            left_out.list, left_out.why
        ));
    }
    let mut list = context.out.list(&made_columns());
    for made in made {
        list.row(made_cells(context, c, &mut names, made)?)?;
    }
    list.finish(&format!(
        "event {}: {}, {} left out",
        event.id,
        told_words(standing),
        left_out.len()
    ))
}

/// How many messages told somebody, and what became of the others.
fn told_words(standing: &MessageStates) -> String {
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
            let _ = write!(words, ", {n} {what}");
        }
    }
    words
}

/// Says which words an event lacked, and texts went without.
fn tell_left_empty<'a>(context: &Context, variables: impl Iterator<Item = &'a Variable>) {
    let names: BTreeSet<&str> = variables.map(|variable| variable.name()).collect();
    for name in names {
        context.out.say(format!(
            "the event has nothing for #{name}#: the text leaves it empty"
        ));
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Takes a file of events, then delivers what is due.
fn events(file: &std::path::Path, strict: bool, context: &Context) -> Result<Outcome> {
    let watch = Stopwatch::start();
    let mut events = Events::open(file, context.now())?;
    let mut saved = context.open()?;
    let mut desk = Desk::new(&context.config, &context.clock);
    let mut bar = context.out.progress("events", 0, false);
    let run = job::take_all(
        &mut saved,
        &mut desk,
        &mut events,
        &mut Reading {
            strict,
            bad_line: &mut |problems| {
                for problem in problems {
                    context.out.say(problem.to_string());
                }
            },
            progress: &mut |done| bar.at(done),
        },
    )?;
    drop(bar);
    let (delivery, signal) = face::deliver_now(context, &mut saved, &CHANNELS)?;
    face::tell_delivery(context, &delivery);
    let standing = job::standing(saved.connection(), &run.messages)?;
    let seconds = (watch.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    answer_events(context, &run, &standing, seconds)?;
    if run.broken_off && signal.is_none() {
        context.out.say("stopped at the first bad line");
        return Ok(Outcome::Unacceptable);
    }
    let failed = run.bad > 0 || some_failed(&standing);
    Ok(face::outcome_of(&delivery, signal, failed))
}

fn answer_events(
    context: &Context,
    run: &Intake,
    standing: &MessageStates,
    seconds: f64,
) -> Result<()> {
    let states = [
        Status::Sent,
        Status::Failed,
        Status::Queued,
        Status::Skipped,
        Status::Unknown,
    ];
    let reasons: Map<String, Value> = standing
        .reasons
        .iter()
        .map(|(reason, n)| (reason.as_str().to_owned(), json!(n)))
        .collect();
    let messages: Map<String, Value> = states
        .iter()
        .map(|status| (status.as_str().to_owned(), json!(count(standing, *status))))
        .collect();
    let problems: Vec<Value> = run
        .flaws
        .iter()
        .map(|flaw| {
            json!({
                "place": flaw.whereabouts(),
                "found": flaw.found,
                "remedy": flaw.remedy,
            })
        })
        .collect();
    let document = json!({
        "events": { "taken": run.taken, "known": run.known, "bad": run.bad },
        "messages": messages,
        "reasons": reasons,
        "left_out": run.left_out,
        "left_empty": run.left_empty,
        "problems": problems,
        "seconds": seconds,
    });
    match context.out.format() {
        Format::Json => context.out.json(&document),
        Format::Jsonl => context.out.json_line(&document),
        Format::Table | Format::Csv => {
            let mut list = context
                .out
                .list(&[Column::new("what"), Column::number("number")]);
            let mut row = |what: &str, n: u64| {
                list.row(vec![
                    Cell::of(what),
                    Cell::Number(i64::try_from(n).unwrap_or(i64::MAX)),
                ])
            };
            row("events taken", run.taken)?;
            row("events known already", run.known)?;
            row("bad lines", run.bad)?;
            for status in states {
                row(&format!("messages {status}"), count(standing, status))?;
            }
            for (reason, n) in &standing.reasons {
                row(&format!("  {reason}"), *n)?;
            }
            for (variable, n) in &run.left_empty {
                row(&format!("messages that leave #{variable}# empty"), *n)?;
            }
            list.finish("")
        }
    }
}

/// Who a message went to.
fn person(message: &Message) -> Option<Person> {
    match (message.staff_id, message.client_id) {
        (Some(id), _) => Some(Person::Staff(id)),
        (None, Some(id)) => Some(Person::Client(id)),
        (None, None) => None,
    }
}

/// A ticket's messages, as they were made.
fn told(connection: &Connection, ticket_id: i64) -> Result<Vec<Message>> {
    let wanted = Messages {
        ticket_id: Some(ticket_id),
        ..Messages::default()
    };
    let mut all = Vec::new();
    message::each(connection, &wanted, Sequence::AsMade, 0, |message| {
        all.push(message);
        Ok(true)
    })?;
    Ok(all)
}

/// One message as JSON: who was told what and when.
fn told_json(
    context: &Context,
    connection: &Connection,
    names: &mut PeopleNames,
    message: &Message,
) -> Result<Value> {
    let now = context.now();
    let who = person(message);
    let name = match who {
        Some(who) => names.of(connection, who)?,
        None => None,
    };
    Ok(json!({
        "message_id": message.id,
        "key": message.key,
        "person": who.map(|who| who.to_string()),
        "name": name,
        "channel": message.channel,
        "address": message.address,
        "event": message.event,
        "template": message.template,
        "title": message.title,
        "body": message.body,
        "status": message.status,
        "reason": message.reason,
        "detail": message.detail,
        "created_at": now.iso(message.created_at),
        "not_before": message.not_before.map(|at| now.iso(at)),
        "sent_at": message.sent_at.map(|at| now.iso(at)),
    }))
}

fn list_columns() -> Vec<Column> {
    vec![
        Column::number("id"),
        Column::number("client_id").data_only(),
        Column::new("client_name"),
        Column::number("topic_id").data_only(),
        Column::new("topic"),
        Column::number("subtopic_id").data_only(),
        Column::new("subtopic").data_only(),
        Column::new("title"),
        Column::new("status"),
        Column::new("priority"),
        Column::number("responsible_id").data_only(),
        Column::new("responsible"),
        Column::new("opened_by").data_only(),
        Column::new("visible_to_client").data_only(),
        Column::new("opened_at"),
        Column::number("events").data_only(),
        Column::number("messages"),
        Column::new("last_told_at"),
        Column::new("told").data_only(),
    ]
}

fn list_cells(
    context: &Context,
    connection: &Connection,
    names: &mut PeopleNames,
    listed: &ListedTicket,
) -> Result<Vec<Cell>> {
    let ticket = &listed.ticket;
    let messages = told(connection, ticket.id)?;
    let last = messages.iter().filter_map(|message| message.sent_at).max();
    let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    let all = messages
        .iter()
        .map(|message| told_json(context, connection, names, message))
        .collect::<Result<Vec<_>>>()?;
    Ok(vec![
        Cell::Number(ticket.id),
        Cell::number(ticket.client_id),
        Cell::text(listed.client_name.as_deref()),
        Cell::number(ticket.topic_id),
        Cell::text(listed.topic.as_deref()),
        Cell::number(ticket.subtopic_id),
        Cell::text(listed.subtopic.as_deref()),
        Cell::text(ticket.title.as_deref()),
        Cell::text(ticket.status.as_deref()),
        Cell::text(ticket.priority.as_deref()),
        Cell::number(ticket.responsible_id),
        Cell::text(listed.responsible.as_deref()),
        Cell::text(ticket.opened_by.map(Author::as_str)),
        Cell::Flag(ticket.visible()),
        face::instant(context, ticket.opened_at),
        Cell::Number(listed.events),
        Cell::Number(count),
        face::instant(context, last),
        Cell::Json(Value::Array(all)),
    ])
}

fn list(wanted: &TicketFilter, limit: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let c = saved.connection();
    let mut names = PeopleNames::gather(c)?;
    let mut list = context.out.list(&list_columns());
    store::each(c, wanted, limit, |listed| {
        list.row(list_cells(context, c, &mut names, &listed)?)?;
        Ok(true)
    })?;
    list.finish("")?;
    Ok(Outcome::Done)
}

fn event_json(context: &Context, event: &ToldEvent) -> Value {
    let now = context.now();
    json!({
        "id": event.id,
        "type": event.kind,
        "at": now.iso(event.at),
        "told_at": now.iso(event.told_at),
        "from": event.from,
        "to": event.to,
        "priority": event.priority,
        "by": event.by,
        "text": event.text,
    })
}

fn show(id: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let c = saved.connection();
    let Some(listed) = store::listed(c, id)? else {
        return Err(
            Error::unacceptable(format!("the book has no ticket {id}")).hint("regua ticket list")
        );
    };
    let mut names = PeopleNames::gather(c)?;
    let events = store::events(c, id)?;
    let messages = told(c, id)?;
    match context.out.format() {
        Format::Table => show_text(context, c, &mut names, &listed, &events, &messages)?,
        Format::Csv => {
            let mut list = context.out.list(&list_columns());
            list.row(list_cells(context, c, &mut names, &listed)?)?;
            list.finish("")?;
        }
        format => {
            let ticket = &listed.ticket;
            let all = messages
                .iter()
                .map(|message| told_json(context, c, &mut names, message))
                .collect::<Result<Vec<_>>>()?;
            let events: Vec<Value> = events.iter().map(|e| event_json(context, e)).collect();
            let document = json!({
                "id": ticket.id,
                "client_id": ticket.client_id,
                "client_name": listed.client_name,
                "topic_id": ticket.topic_id,
                "topic": listed.topic,
                "subtopic_id": ticket.subtopic_id,
                "subtopic": listed.subtopic,
                "title": ticket.title,
                "status": ticket.status,
                "priority": ticket.priority,
                "responsible_id": ticket.responsible_id,
                "responsible": listed.responsible,
                "opened_by": ticket.opened_by,
                "visible_to_client": ticket.visible(),
                "opened_at": ticket.opened_at.map(|at| context.now().iso(at)),
                "events": events,
                "told": all,
            });
            if format == Format::Json {
                context.out.json(&document)?;
            } else {
                context.out.json_line(&document)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn show_text(
    context: &Context,
    connection: &Connection,
    names: &mut PeopleNames,
    listed: &ListedTicket,
    events: &[ToldEvent],
    messages: &[Message],
) -> Result<()> {
    let zone = context.clock.zone();
    let at = |instant: chrono::DateTime<chrono::Utc>| {
        let local = instant.with_timezone(&zone);
        local.format("%Y-%m-%d %H:%M:%S").to_string()
    };
    let ticket = &listed.ticket;
    let title = ticket.title.as_deref().unwrap_or("without a title");
    let mut text = format!("ticket {}: {title}\n", ticket.id);
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{key:<12} {value}\n"));
        }
    };
    line(
        "client",
        ticket.client_id.map(|id| match &listed.client_name {
            Some(name) => format!("{name} ({id})"),
            None => format!("{id}, who is not in the book"),
        }),
    );
    line("topic", listed.topic.clone());
    line("sub-topic", listed.subtopic.clone());
    line("status", ticket.status.clone());
    line("priority", ticket.priority.clone());
    line("responsible", listed.responsible.clone());
    line("opened by", ticket.opened_by.map(|by| by.to_string()));
    line("opened at", ticket.opened_at.map(at));
    let visible = if ticket.visible() { "yes" } else { "no" };
    line("visible", Some(visible.to_owned()));
    text.push_str("\nevents\n");
    for event in events {
        let what = match event.kind {
            EventType::Opened => "opened".to_owned(),
            EventType::Replied => "replied".to_owned(),
            EventType::Moved => {
                let from = event.from.as_deref().map(|s| format!(" from {s}"));
                let to = event.to.as_deref().map(|s| format!(" to {s}"));
                let priority = event.priority.as_deref().map(|p| format!(", priority {p}"));
                format!(
                    "moved{}{}{}",
                    from.unwrap_or_default(),
                    to.unwrap_or_default(),
                    priority.unwrap_or_default()
                )
            }
        };
        let by = event.by.map(|by| format!(" by {by}")).unwrap_or_default();
        text.push_str(&format!("  {}  {what}{by}  [{}]\n", at(event.at), event.id));
    }
    text.push_str("\ntold\n");
    for message in messages {
        let who = match person(message) {
            Some(who) => names
                .of(connection, who)?
                .map_or_else(|| who.to_string(), |name| format!("{name} ({who})")),
            None => "somebody".to_owned(),
        };
        let when = message.sent_at.unwrap_or(message.created_at);
        let reason = message
            .reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        text.push_str(&format!(
            "  {}  {who} by {}: {}, {}{reason}\n",
            at(when),
            message.channel,
            message.event,
            message.status
        ));
    }
    context.out.text(text)
}
