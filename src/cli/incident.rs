//! `regua incident`: an outage told to whom it concerns, from its opening to its end.

use chrono::{DateTime, Days, NaiveTime, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::arguments::tell_unfit;
use super::{Context, Outcome, face};
use crate::clock::{Now, instant_of, start_of};
use crate::domain::day;
use crate::domain::incident::{Incident, Opening};
use crate::domain::report::{Filter, ReportKind};
use crate::domain::text::typed;
use crate::domain::words::{Status, Word as _};
use crate::error::Result;
use crate::jobs::deliver::Delivery;
use crate::jobs::incident::{self as job, IncidentRun, IncidentState, StepState, StepTold};
use crate::store::{Connection, Store, incident as store, report};
use crate::view::{Cell, Format, View, language};

/// Outages: open, update, close, list, show.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Opening freezes whom the report says the outage concerns, and tells them at once, whatsapp too, before\n\
        all else in the queue. An update runs the report again and tells everybody on the list, newcomers\n\
        included. Closing tells exactly those who were told. Each command may be given again after a crash:\n\
        it carries on, and tells nobody twice. While an incident is open its clients get no marketing, and\n\
        with --hold-collection no collections: reason `incident`.\n\n\
        Examples:\n  \
        regua incident open pop-centro --report logins --filter pop=Centro --template outage --until 18:00\n  \
        regua incident update pop-centro --template outage-longer\n  \
        regua incident close pop-centro --template outage-over"
)]
pub(super) enum Command {
    /// Open an incident: freeze whom it concerns, and tell them
    #[command(after_help = "Examples:\n  \
        regua incident open pop-centro --report logins --filter pop=Centro --template outage --dry-run\n  \
        regua incident open bras-sul --report logins --filter concentrator=BRAS-SUL --filter online=no --template outage --until 2026-11-23T18:00 --hold-collection")]
    Open(Open),
    /// Tell everybody on the list something new, newcomers included
    #[command(after_help = "Examples:\n  \
        regua incident update pop-centro --template outage-longer --until 20:00\n  \
        regua incident update pop-centro --template outage-longer --again")]
    Update(Update),
    /// Close an incident, and tell exactly those who were told of it
    #[command(after_help = "Example:\n  regua incident close pop-centro --template outage-over")]
    Close(Close),
    /// List the incidents, the open ones first
    List {
        /// Only those that are open
        #[arg(long)]
        open: bool,
    },
    /// Show an incident, step by step
    Show {
        /// Its name
        name: String,
    },
}

/// An opening.
#[derive(Debug, Args)]
pub(super) struct Open {
    /// Its name: one open incident has it at a time
    name: String,
    /// Whom it concerns: a saved report's name, or contracts, logins, invoices
    #[arg(long, value_name = "REPORT")]
    report: String,
    /// Only rows for which this holds; may be given several times
    #[arg(short, long = "filter", value_name = "FILTER")]
    filters: Vec<String>,
    /// The template, of purpose service
    #[arg(short, long)]
    template: String,
    /// When it is expected to be over: 18:00, a date-time or a day; what has not gone by then is not sent
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Keep collections from these clients too while it is open
    #[arg(long)]
    hold_collection: bool,
    /// Show what would be told, and stop
    #[arg(long)]
    dry_run: bool,
}

/// An update.
#[derive(Debug, Args)]
pub(super) struct Update {
    /// The incident's name
    name: String,
    /// The template, of purpose service
    #[arg(short, long)]
    template: String,
    /// Tell it although it was the last thing told
    #[arg(long)]
    again: bool,
    /// When it is expected to be over now
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Show what would be told, and stop
    #[arg(long)]
    dry_run: bool,
}

/// A closing.
#[derive(Debug, Args)]
pub(super) struct Close {
    /// The incident's name
    name: String,
    /// The template, of purpose service
    #[arg(short, long)]
    template: String,
    /// Show what would be told, and stop
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Open(open) => self::open(open, context),
        Command::Update(update) => {
            let until = until(update.until.as_deref(), context.now())?;
            let mut saved = context.open()?;
            let asked = as_asked(context, update.dry_run);
            let (name, template) = (&update.name, &update.template);
            let told = job::update(&mut saved, asked, name, template, update.again, until)?;
            deliver(context, &mut saved, &told, update.dry_run)
        }
        Command::Close(close) => {
            let mut saved = context.open()?;
            let asked = as_asked(context, close.dry_run);
            let told = job::close(&mut saved, asked, &close.name, &close.template)?;
            deliver(context, &mut saved, &told, close.dry_run)
        }
        Command::List { open } => list(open, context),
        Command::Show { name } => show(&name, context),
    }
}

fn as_asked(context: &Context, dry_run: bool) -> IncidentRun<'_> {
    IncidentRun {
        config: &context.config,
        now: context.now(),
        dry_run,
    }
}

/// An instant to come: a time of day is the next such one, a day lasts to its end.
fn until(text: Option<&str>, now: Now) -> Result<Option<DateTime<Utc>>> {
    let Some(text) = text.map(str::trim) else {
        return Ok(None);
    };
    let zone = now.zone;
    if let Ok(time) = NaiveTime::parse_from_str(text, "%H:%M") {
        let today = instant_of(zone, now.today.and_time(time));
        let tomorrow = now.today.succ_opt().unwrap_or(now.today);
        return Ok(Some(if today > now.at {
            today
        } else {
            instant_of(zone, tomorrow.and_time(time))
        }));
    }
    if let Some(Some(day)) = day::parse(text) {
        let after = day.checked_add_days(Days::new(1)).unwrap_or(day);
        return Ok(Some(start_of(zone, after)));
    }
    crate::clock::parse_instant(text, zone)
        .map(Some)
        .map_err(|error| error.hint("or a time of day: 18:00"))
}

fn open(open: Open, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let already = store::find_open(saved.connection(), &open.name)?;
    let kind = kind_of(saved.connection(), &open.report, already.as_ref())?;
    // The same time of day, given again, means what it meant at the opening.
    let since = already.map_or(context.now(), |already| {
        Now::new(already.opened_at, context.clock.zone())
    });
    // The same filter, however it was typed, is written in one way.
    let filters = open
        .filters
        .iter()
        .map(|text| Filter::parse(kind, text).map_or_else(|_| text.clone(), |f| f.to_string()))
        .collect();
    let opening = Opening {
        until: until(open.until.as_deref(), since)?,
        name: open.name,
        report: open.report,
        filters,
        template: open.template,
        hold_collection: open.hold_collection,
    };
    match job::open(&mut saved, as_asked(context, open.dry_run), &opening) {
        Ok(told) => deliver(context, &mut saved, &told, open.dry_run),
        Err(error) => {
            if let Ok(report) = job::report_of(saved.connection(), &opening) {
                tell_unfit(context, saved.connection(), &report)?;
            }
            Err(error)
        }
    }
}

/// The kind of the report that an opening names; that of the incident which is open already where the report is
/// not saved any more.
fn kind_of(connection: &Connection, name: &str, already: Option<&Incident>) -> Result<ReportKind> {
    if let Some(kind) = ReportKind::parse(name) {
        return Ok(kind);
    }
    match already.filter(|already| already.report == name) {
        Some(already) if report::find(connection, name)?.is_none() => {
            Ok(store::kept_report(connection, already.id)?.kind)
        }
        _ => Ok(report::get(connection, name)?.report.kind),
    }
}

/// Delivers what a step has to tell, and answers how it stands.
fn deliver(
    context: &Context,
    saved: &mut Store,
    told: &StepTold,
    dry_run: bool,
) -> Result<Outcome> {
    say(context, told, dry_run);
    if dry_run {
        return plan(context, told);
    }
    let (id, step) = (told.incident.id, &told.step);
    let before = job::step_state(saved.connection(), id, step.clone())?;
    let waiting = count(&before, Status::Queued) + count(&before, Status::Sending);
    let (delivery, signal) = if waiting > 0 {
        face::deliver_now(context, saved, &[told.channel])?
    } else {
        (Delivery::default(), None)
    };
    face::tell_delivery(context, &delivery);
    let after = job::step_state(saved.connection(), id, step.clone())?;
    let state = job::state(saved.connection(), told.incident.clone())?;
    let queued = count(&after, Status::Queued);
    if queued > 0 {
        context.out.say(format!(
            "{queued} wait in the queue, before all else; the same command again, or regua queue deliver, goes on"
        ));
    }
    answer(context, told, &state, &after)?;
    let failed = count(&after, Status::Failed) + count(&after, Status::Unknown) > 0;
    Ok(face::outcome_of(&delivery, signal, failed))
}

fn count(state: &StepState, status: Status) -> u64 {
    state.states.get(&status).copied().unwrap_or(0)
}

/// Says on standard error what a command came to before anything is delivered.
fn say(context: &Context, told: &StepTold, dry_run: bool) {
    let out = &context.out;
    let name = &told.incident.name;
    if told.carried_on {
        out.say(format!(
            "step {} of incident `{name}` was told already; what is left of it goes on",
            told.step.number
        ));
        if let Some(until) = told.incident.until.filter(|_| told.put_off) {
            let until = context.now().iso(until);
            out.say(format!("it is expected to be over at {until} now"));
        }
        return;
    }
    out.say(format!(
        "incident `{name}`, step {}: {}; template `{}` by {}",
        told.step.number,
        told.step.kind.happens(),
        told.step.template,
        told.channel
    ));
    let would = if dry_run { "would be" } else { "are" };
    out.say(format!(
        "  {} {would} told ({} messages)",
        clients(told.recipients),
        told.messages
    ));
    if told.newcomers > 0 && told.step.number > 1 {
        out.say(format!("  {} came to the list", clients(told.newcomers)));
    }
    for (reason, n) in &told.skipped {
        out.say(format!("  {n} skipped: {reason}"));
    }
    if told.cancelled > 0 {
        out.say(format!(
            "  {} queued messages of earlier steps {would} cancelled",
            told.cancelled
        ));
    }
}

fn clients(n: u64) -> String {
    if n == 1 {
        "1 client".to_owned()
    } else {
        format!("{n} clients")
    }
}

/// Answers with what would be told.
fn plan(context: &Context, told: &StepTold) -> Result<Outcome> {
    let document = json!({
        "name": told.incident.name,
        "step": told.step.number,
        "template": told.step.template,
        "recipients": told.recipients,
        "messages": told.messages,
        "newcomers": told.newcomers,
        "cancelled": told.cancelled,
        "skipped": told.skipped.values().sum::<u64>(),
        "reasons": face::counts(&told.skipped),
    });
    if !context.out.document(&document)? {
        context.out.text("nothing was told: a dry run")?;
    }
    Ok(Outcome::Done)
}

/// Answers with the incident as it stands, and what became of the step's messages.
fn answer(
    context: &Context,
    told: &StepTold,
    state: &IncidentState,
    step: &StepState,
) -> Result<()> {
    let messages = face::states(|status| count(step, status));
    let mut document = view(context).object(state);
    let more = [
        ("step", json!(told.step.number)),
        ("template", json!(told.step.template)),
        ("newcomers", json!(told.newcomers)),
        ("cancelled", json!(told.cancelled)),
        ("messages", Value::Object(messages.clone())),
        ("reasons", face::counts(&step.reasons)),
    ];
    for (key, value) in more {
        document.insert(key.to_owned(), value);
    }
    if context.out.document(&document)? {
        return Ok(());
    }
    let mut list = context.out.list(face::counted("outcome", "messages"));
    let reasons = step
        .reasons
        .iter()
        .map(|(reason, n)| (reason.to_string(), *n));
    let states = messages
        .iter()
        .filter_map(|(word, n)| Some((word.clone(), n.as_u64()?)));
    for row in states.chain(reasons).filter(|(_, n)| *n > 0) {
        list.row(&row)?;
    }
    list.finish(&format!(
        "incident `{}`: {} concerned, {} told, {} failed",
        told.incident.name,
        clients(state.tally.concerned),
        state.tally.told,
        state.tally.failed
    ))
}

/// An incident as it is listed.
fn view(context: &Context) -> View<'_, IncidentState> {
    View::<IncidentState>::new()
        .words("name", |state| Cell::of(&state.incident.name))
        .words("report", |state| Cell::of(&state.incident.report))
        .words("opened_at", |state| {
            face::instant(context, Some(state.incident.opened_at))
        })
        .words("until", |state| {
            face::instant(context, state.incident.until)
        })
        .words("closed_at", |state| {
            face::instant(context, state.incident.closed_at)
        })
        .number("concerned", |state| state.tally.concerned)
        .number("told", |state| state.tally.told)
        .number("failed", |state| state.tally.failed)
        .number("steps", |state| state.tally.steps)
        .data("incident_id", |state| state.incident.id)
        .data("filters", |state| json!(state.incident.filters))
        .data("hold_collection", |state| state.incident.hold_collection)
        .spares(&["until", "report"])
        .when_empty(
            "no incidents",
            "regua incident open NAME --report REPORT --template TEMPLATE",
        )
}

fn list(only_open: bool, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let connection = saved.connection();
    let incidents = if only_open {
        store::all_open(connection)?
    } else {
        store::all(connection)?
    };
    let states = incidents
        .into_iter()
        .map(|incident| job::state(connection, incident))
        .collect::<Result<Vec<_>>>()?;
    context.out.all(view(context), &states)?;
    for state in &states {
        overdue(context, state);
    }
    Ok(Outcome::Done)
}

/// Warns of an incident that is still open when it should be over.
fn overdue(context: &Context, state: &IncidentState) {
    let incident = &state.incident;
    let now = context.now();
    if incident.closed_at.is_none()
        && let Some(until) = incident.until.filter(|until| *until < now.at)
    {
        context.out.warn(format!(
            "incident `{0}` was expected to be over at {1} and is open: its clients get no marketing; regua incident close {2} --template TEMPLATE, or update it with a new --until",
            incident.name,
            now.iso(until),
            typed(&incident.name)
        ));
    }
}

fn step_view(context: &Context) -> View<'_, StepState> {
    let number = |status: Status| move |state: &StepState| count(state, status);
    View::<StepState>::new()
        .number("step", |state| state.step.number)
        .words("kind", |state| {
            let shown = language::word(state.step.kind.happens());
            Cell::shown(state.step.kind.as_str(), shown)
        })
        .words("template", |state| Cell::of(&state.step.template))
        .words("at", |state| face::instant(context, Some(state.step.at)))
        .number("sent", number(Status::Sent))
        .number("failed", number(Status::Failed))
        .number("queued", number(Status::Queued))
        .number("skipped", number(Status::Skipped))
        .number("cancelled", number(Status::Cancelled))
        .number("unknown", number(Status::Unknown))
        .data("reasons", |state| Cell::Json(face::counts(&state.reasons)))
        .spares(&["cancelled", "unknown"])
}

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let incident = store::latest(saved.connection(), name)?;
    let state = job::state(saved.connection(), incident)?;
    match context.out.format() {
        Format::Json => {
            let mut document = view(context).object(&state);
            let told = step_view(context).array(&state.steps);
            document.insert("told_steps".to_owned(), told);
            context.out.json(&document)?;
        }
        Format::Table => {
            let incident = &state.incident;
            let now = context.now();
            let end = match (incident.closed_at, incident.until) {
                (Some(at), _) => format!("closed at {}", now.iso(at)),
                (None, Some(until)) => format!("open, expected until {}", now.iso(until)),
                (None, None) => "open".to_owned(),
            };
            let filters = match incident.filters.as_slice() {
                [] => String::new(),
                filters => format!(" where {}", filters.join(" and ")),
            };
            context.out.text(format!(
                "{}: {}{filters}; opened at {}, {end}",
                incident.name,
                incident.report,
                now.iso(incident.opened_at)
            ))?;
            let mut list = context.out.list(step_view(context));
            list.rows(&state.steps)?;
            list.finish(&format!(
                "{} concerned, {} told, {} failed; regua history --event {} names each",
                clients(state.tally.concerned),
                state.tally.told,
                state.tally.failed,
                typed(&incident.name)
            ))?;
        }
        Format::Jsonl | Format::Csv => context.out.all(step_view(context), &state.steps)?,
    }
    overdue(context, &state);
    Ok(Outcome::Done)
}
