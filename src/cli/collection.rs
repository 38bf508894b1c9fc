//! `regua collection`: the update of the day, the report of cases, and what explains them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate, Weekday};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::arguments::word;
use super::{Context, Outcome, face};
use crate::domain::ladder::{CaseOutcome, Milestone, Move, Phase, Stage};
use crate::domain::money::Money;
use crate::domain::phone;
use crate::domain::words::{Channel, Word as _};
use crate::domain::{day, tax_id};
use crate::error::{Error, Result};
use crate::jobs::collection::{self as job, RuleSummary, ToldMove, Update, UpdateRequest, Way};
use crate::jobs::deliver::Delivery;
use crate::jobs::forecast;
use crate::store::Store;
use crate::store::collection::{self as store, Case, CaseFilter};
use crate::store::message::{self, Sequence, Wanted};
use crate::view::{Cell, Column, Format, Tone, chart};

/// Columns of a bar in a chart.
const BAR: u16 = 40;

/// Collections: update, list, show, forecast, stats.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    regua collection update --dry-run\n  \
    regua collection list --open --stage inquiry\n  \
    regua collection show 145535\n  \
    regua collection forecast --days 10")]
pub enum Command {
    /// Evaluate every rule for today: close, remind, move on, send
    #[command(
        after_help = "Each invoice moves at most once a day; a second update of a day does nothing to it.\n\
        Refused for a day before the last one, and when the invoices were imported too long ago.\n\n\
        Examples:\n  \
        regua collection update --dry-run\n  \
        regua collection update --rule residential\n  \
        regua task add collections --run collection-update --hour 8 --minute 30 --weekday 1-5"
    )]
    Update(UpdateArgs),
    /// List the cases (the relatório de cobranças)
    #[command(
        after_help = "--reveal adds CPF or CNPJ and contacts, for the letter of a visit or the hand-over to a bureau.\n\n\
        Examples:\n  \
        regua collection list --open\n  \
        regua collection list --stage bureau --open -o csv --reveal > bureau.csv"
    )]
    List(ListArgs),
    /// Show one invoice's whole way, and what comes next
    #[command(after_help = "Example:\n  regua collection show 145535")]
    Show {
        /// The invoice
        #[arg(value_name = "INVOICE")]
        invoice: i64,
    },
    /// What the coming days would send if nobody paid
    #[command(
        after_help = "Contacts, opt-outs, holds and one message per client are counted in; caps and missing values are not.\n\n\
        Example:\n  regua collection forecast --days 14"
    )]
    Forecast {
        /// How many days
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=366))]
        days: u64,
    },
    /// How each stage has done: entered, paid, recovered
    #[command(after_help = "Example:\n  regua collection stats --since 2026-10-01")]
    Stats {
        /// Of this rule
        #[arg(long, value_name = "NAME")]
        rule: Option<String>,
        /// Only cases that came to the stage on this day or later
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
    },
}

/// How an update is to go.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Write nothing; list what would happen
    #[arg(long)]
    dry_run: bool,
    /// Only this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Even when the invoices were imported too long ago
    #[arg(long)]
    stale_ok: bool,
}

/// Which cases are listed.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only open cases
    #[arg(long, conflicts_with = "outcome")]
    open: bool,
    #[arg(long, value_parser = word::<Stage>, help = format!("At this stage: {}", Stage::accepted()))]
    stage: Option<Stage>,
    /// Of this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    #[arg(long, value_parser = word::<CaseOutcome>, help = format!("Ended so: {}", CaseOutcome::accepted()))]
    outcome: Option<CaseOutcome>,
    /// Of this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// With CPF or CNPJ and contacts
    #[arg(long)]
    reveal: bool,
}

/// Runs the command.
pub fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Update(arguments) => update(arguments, context),
        Command::List(arguments) => list(arguments, context),
        Command::Show { invoice } => show(*invoice, context),
        Command::Forecast { days } => show_forecast(*days, context),
        Command::Stats { rule, since } => stats(rule.as_deref(), since.as_deref(), context),
    }
}

fn number(n: u64) -> Cell {
    Cell::Number(i64::try_from(n).unwrap_or(i64::MAX))
}

fn update(arguments: &UpdateArgs, context: &Context) -> Result<Outcome> {
    let request = UpdateRequest {
        rule: arguments.rule.as_deref(),
        dry_run: arguments.dry_run,
        stale_ok: arguments.stale_ok,
    };
    if arguments.dry_run {
        return rehearse(request, context);
    }
    let mut store = context.open()?;
    let (config, clock) = (&context.config, &context.clock);
    let update = {
        let mut bar = context.out.progress("moves", 0, false);
        let mut progress = |handled| bar.at(handled);
        job::write(
            &mut store,
            config,
            clock,
            request,
            &mut |_| Ok(()),
            &mut progress,
        )?
    };
    let channels = job::channels(store.connection(), request)?;
    let (delivery, signal) = face::deliver_now(context, &mut store, &channels)?;
    face::tell_delivery(context, &delivery);
    tell_waiting(context, &store, &update)?;
    answer(context, &update, Some(&delivery))?;
    Ok(face::outcome_of(&delivery, signal, delivery.some_failed()))
}

/// Says what a person should know besides the answer.
fn tell_waiting(context: &Context, saved: &Store, update: &Update) -> Result<()> {
    if update.rules.is_empty() {
        context
            .out
            .say("there are no rules; see `regua rule add --help`, or `regua apply`");
    }
    if update.whatsapp > 0 {
        context.out.say(format!(
            "{} whatsapp messages wait in the queue for `regua queue deliver` or a send-queue task",
            update.whatsapp
        ));
        face::warn_unforwarded(context, saved, Channel::Whatsapp)?;
    }
    Ok(())
}

/// A dry run: everything that would happen, then the summary.
fn rehearse(request: UpdateRequest<'_>, context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let (config, clock) = (&context.config, &context.clock);
    let update = if context.out.format() == Format::Json {
        // The summary stands after the rows, so that it is made first.
        let nothing = &mut |_: &ToldMove| Ok(());
        let update = job::write(&mut store, config, clock, request, nothing, &mut |_| {})?;
        let head = Map::from_iter([("as_of".to_owned(), json!(update.as_of.to_string()))]);
        let tail = Map::from_iter([
            ("rules".to_owned(), rules_document(&update)),
            ("delivery".to_owned(), Value::Null),
        ]);
        let columns = happening_columns();
        context
            .out
            .json_with_rows(&head, "moves", &columns, &tail, |row| {
                let mut each =
                    |happening: &ToldMove| row(&happening_cells(happening, Format::Json));
                job::write(&mut store, config, clock, request, &mut each, &mut |_| {})?;
                Ok(())
            })?;
        update
    } else {
        let mut list = context.out.list(&happening_columns());
        let mut each =
            |happening: &ToldMove| list.row(happening_cells(happening, context.out.format()));
        let update = job::write(&mut store, config, clock, request, &mut each, &mut |_| {})?;
        list.finish("")?;
        if context.out.format() == Format::Table {
            context.out.text(summary(&update))?;
            context.out.text("nothing was written: a dry run")?;
        }
        update
    };
    if let Some(most) = job::too_many(&update, config) {
        context.out.warn(format!(
            "the update would be refused: {} messages are more than max_messages_per_run allows ({most})",
            update.recipients
        ));
    }
    Ok(Outcome::Done)
}

fn happening_columns() -> Vec<Column> {
    vec![
        Column::new("rule").data_only(),
        Column::number("invoice_id"),
        Column::number("client_id").data_only(),
        Column::new("client_name"),
        Column::new("event"),
        Column::new("left_out"),
        Column::new("messages"),
    ]
}

fn happening_cells(happening: &ToldMove, format: Format) -> Vec<Cell> {
    let messages: Vec<String> = happening
        .messages
        .iter()
        .map(|told| match told.reason {
            None => format!("{} by {}", told.template, told.channel),
            Some(reason) => format!("{} by {}: {reason}", told.template, told.channel),
        })
        .collect();
    let data: Vec<Value> = happening
        .messages
        .iter()
        .map(|told| {
            json!({
                "template": told.template,
                "channel": told.channel,
                "status": if told.reason.is_some() { "skipped" } else { "queued" },
                "reason": told.reason,
            })
        })
        .collect();
    vec![
        Cell::of(&happening.rule),
        Cell::Number(happening.invoice_id),
        Cell::Number(happening.client_id),
        Cell::of(&happening.client_name),
        Cell::of(happening.step),
        happening.left_out.map_or(Cell::Null, |reason| {
            Cell::Toned(reason.to_string(), Tone::Warn)
        }),
        match format {
            Format::Json | Format::Jsonl => Cell::Json(Value::Array(data)),
            Format::Table | Format::Csv => Cell::Text(messages.join(", ")),
        },
    ]
}

/// A map of counts as JSON.
fn counts<K: ToString>(map: &BTreeMap<K, u64>) -> Value {
    Value::Object(
        map.iter()
            .map(|(key, n)| (key.to_string(), Value::from(*n)))
            .collect(),
    )
}

/// A map of counts as people read it: `inquiry 3, visit 1`.
fn counted<K: ToString>(map: &BTreeMap<K, u64>) -> String {
    let parts: Vec<String> = map
        .iter()
        .map(|(key, n)| format!("{} {n}", key.to_string()))
        .collect();
    parts.join(", ")
}

fn rule_document(rule: &RuleSummary) -> Value {
    json!({
        "rule": rule.rule,
        "evaluated": rule.evaluated,
        "entered": rule.entered,
        "advanced": counts(&rule.advanced),
        "closed": counts(&rule.closed),
        "reminders": rule.reminders,
        "left_out": counts(&rule.left_out),
        "messages": { "queued": rule.queued, "skipped": counts(&rule.skipped) },
    })
}

fn rules_document(update: &Update) -> Value {
    Value::Array(update.rules.iter().map(rule_document).collect())
}

fn delivery_document(delivery: &Delivery) -> Value {
    let channels: Vec<Value> = delivery
        .channels
        .iter()
        .map(|channel| {
            json!({
                "channel": channel.channel,
                "sent": channel.sent,
                "failed": channel.failed,
                "later": channel.later,
                "unknown": channel.unknown + channel.recovered,
                "skipped": counts(&channel.skipped),
                "left": channel.left,
                "stopped": channel.stopped,
            })
        })
        .collect();
    let sum = |field: fn(&crate::jobs::deliver::ChannelSummary) -> u64| {
        delivery.channels.iter().map(field).sum::<u64>()
    };
    json!({
        "sent": sum(|channel| channel.sent),
        "failed": sum(|channel| channel.failed),
        "later": sum(|channel| channel.later),
        "unknown": sum(|channel| channel.unknown + channel.recovered),
        "skipped": sum(|channel| channel.skipped.values().sum()),
        "left": sum(|channel| channel.left),
        "channels": channels,
        "locked": delivery.locked,
    })
}

fn answer(context: &Context, update: &Update, delivery: Option<&Delivery>) -> Result<()> {
    match context.out.format() {
        Format::Json => context.out.json(&json!({
            "as_of": update.as_of.to_string(),
            "rules": rules_document(update),
            "delivery": delivery.map(delivery_document),
        })),
        Format::Table => context.out.text(summary(update)),
        Format::Jsonl | Format::Csv => {
            let mut list = context.out.list(&[
                Column::new("rule"),
                Column::number("evaluated"),
                Column::number("entered"),
                Column::new("advanced"),
                Column::new("closed"),
                Column::number("reminders"),
                Column::new("left_out"),
                Column::new("messages"),
            ]);
            for rule in &update.rules {
                let Value::Object(document) = rule_document(rule) else {
                    continue;
                };
                list.row(document.into_iter().map(|(_, v)| Cell::Json(v)).collect())?;
            }
            list.finish("")
        }
    }
}

/// An update for people: a paragraph a rule.
fn summary(update: &Update) -> String {
    let mut text = String::new();
    for rule in &update.rules {
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{} on {}: {} invoices looked at",
            rule.rule, update.as_of, rule.evaluated
        );
        let mut line = |name: &str, value: String| {
            if !value.is_empty() && value != "0" {
                let _ = writeln!(text, "  {name:<10} {value}");
            }
        };
        line("entered", rule.entered.to_string());
        line("advanced", counted(&rule.advanced));
        line("closed", counted(&rule.closed));
        line("reminders", rule.reminders.to_string());
        line("left out", counted(&rule.left_out));
        line("messages", rule.queued.to_string());
        line("skipped", counted(&rule.skipped));
    }
    text
}

fn list(arguments: &ListArgs, context: &Context) -> Result<Outcome> {
    let wanted = CaseFilter {
        open: arguments.open,
        stage: arguments.stage,
        client_id: arguments.client,
        invoice_id: None,
        outcome: arguments.outcome,
        rule: arguments.rule.clone(),
    };
    let saved = context.open()?;
    let today = context.now().today;
    let mut columns = vec![
        Column::number("case_id").data_only(),
        Column::new("rule").data_only(),
        Column::number("invoice_id"),
        Column::number("client_id").data_only(),
        Column::new("client_name"),
        Column::number("amount").data_only(),
        Column::number("open_amount"),
        Column::new("due_on"),
        Column::number("days_late"),
        Column::new("stage"),
        Column::new("since").data_only(),
        Column::new("outcome"),
        Column::new("closed_on").data_only(),
    ];
    if arguments.reveal {
        let more = ["tax_id", "mobile", "whatsapp", "email", "city", "district"];
        columns.extend(more.map(|name| Column::new(name).data_only()));
    }
    let mut list = context.out.list(&columns);
    let mut open_amount = 0;
    let mut stages: BTreeMap<Stage, u64> = BTreeMap::new();
    let mut outcomes: BTreeMap<CaseOutcome, u64> = BTreeMap::new();
    store::each_case(saved.connection(), &wanted, |case| {
        match case.outcome {
            None => {
                *stages.entry(case.stage).or_default() += 1;
                open_amount += case.open_amount.cents();
            }
            Some(outcome) => *outcomes.entry(outcome).or_default() += 1,
        }
        let mut cells = case_cells(&case, today);
        if arguments.reveal {
            cells.extend(contact_cells(&case));
        }
        list.row(cells)?;
        Ok(true)
    })?;
    let open: u64 = stages.values().sum();
    let ended: u64 = outcomes.values().sum();
    let mut totals = format!("{} cases, {open} open", open + ended);
    if open > 0 {
        let _ = write!(
            totals,
            " ({}), {} owed",
            counted(&stages),
            Money::from_cents(open_amount)
        );
    }
    if ended > 0 {
        let _ = write!(totals, "; ended: {}", counted(&outcomes));
    }
    list.finish(&totals)?;
    Ok(Outcome::Done)
}

fn case_cells(case: &Case, today: NaiveDate) -> Vec<Cell> {
    vec![
        Cell::Number(case.id),
        Cell::of(&case.rule),
        Cell::Number(case.invoice_id),
        Cell::Number(case.client_id),
        Cell::of(&case.client_name),
        Cell::Cents(case.amount.cents()),
        Cell::Cents(case.open_amount.cents()),
        Cell::of(case.due_on),
        Cell::Number(case.days_late(today)),
        Cell::of(case.stage),
        Cell::of(case.since),
        case.outcome.map_or(Cell::Null, |outcome| {
            let tone = if outcome == CaseOutcome::Paid {
                Tone::Good
            } else {
                Tone::Dim
            };
            Cell::Toned(outcome.to_string(), tone)
        }),
        Cell::text(case.closed_on.map(|day| day.to_string())),
    ]
}

fn contact_cells(case: &Case) -> Vec<Cell> {
    let shown = |number: &Option<String>| Cell::text(number.as_deref().map(phone::shown));
    vec![
        Cell::text(case.tax_id.as_deref().map(tax_id::punctuated)),
        shown(&case.mobile),
        shown(&case.whatsapp),
        Cell::text(case.email.as_deref()),
        Cell::text(case.city.as_deref()),
        Cell::text(case.district.as_deref()),
    ]
}

fn show(invoice: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let way = job::way(saved.connection(), &context.config, context.now(), invoice)?;
    let mut messages = Vec::new();
    let wanted = Wanted {
        invoice_id: Some(invoice),
        origin: Some(crate::domain::words::Origin::Collection),
        ..Wanted::default()
    };
    message::each(
        saved.connection(),
        &wanted,
        Sequence::AsMade,
        0,
        |message| {
            messages.push(message);
            Ok(true)
        },
    )?;
    match context.out.format() {
        Format::Table => show_text(context, &way, &messages)?,
        Format::Json => context.out.json(&way_document(context, &way, &messages))?,
        _ => context
            .out
            .json_line(&way_document(context, &way, &messages))?,
    }
    Ok(Outcome::Done)
}

fn reais(money: Money) -> Value {
    Cell::Cents(money.cents()).to_json()
}

fn way_document(
    context: &Context,
    way: &Way,
    messages: &[crate::domain::message::Message],
) -> Value {
    let invoice = &way.invoice;
    let iso = |at| context.now().iso(at);
    let cases: Vec<Value> = way
        .cases
        .iter()
        .map(|(case, moves)| {
            let moves: Vec<Value> = moves
                .iter()
                .map(|line| {
                    json!({
                        "on": line.on.to_string(),
                        "move": line.milestone.word(),
                        "open_amount": reais(line.owed),
                    })
                })
                .collect();
            json!({
                "case_id": case.id,
                "rule": case.rule,
                "stage": case.stage,
                "since": case.since.to_string(),
                "outcome": case.outcome,
                "closed_on": case.closed_on.map(|day| day.to_string()),
                "moves": moves,
            })
        })
        .collect();
    let reminders: Vec<Value> = way
        .reminders
        .iter()
        .map(|reminder| {
            json!({
                "on": reminder.on.to_string(),
                "days": reminder.days,
                "due_on": reminder.due_on.to_string(),
                "rule": reminder.rule,
            })
        })
        .collect();
    let holds: Vec<Value> = way
        .holds
        .iter()
        .map(|hold| {
            json!({
                "hold_id": hold.id,
                "client_id": hold.client_id,
                "invoice_id": hold.invoice_id,
                "until": hold.until.map(|day| day.to_string()),
                "why": hold.why,
                "created_at": iso(hold.created_at),
                "removed_at": hold.removed_at.map(iso),
            })
        })
        .collect();
    let columns = face::message_columns();
    let messages: Vec<Value> = messages
        .iter()
        .map(|message| {
            let cells = face::message_cells(context, message);
            let pairs = columns.iter().zip(cells);
            Value::Object(
                pairs
                    .map(|(column, cell)| (column.name().to_owned(), cell.to_json()))
                    .collect(),
            )
        })
        .collect();
    json!({
        "invoice_id": invoice.id,
        "client_id": invoice.client_id,
        "client_name": way.client_name,
        "contract_id": invoice.contract_id,
        "portfolio": invoice.portfolio,
        "status": invoice.status,
        "amount": reais(invoice.amount),
        "open_amount": reais(invoice.open_amount),
        "due_on": invoice.due_on.to_string(),
        "counts_from": way.counts_from.to_string(),
        "days_late": invoice.days_late(context.now().today),
        "rule": way.rule.as_ref().map(|kept| &kept.rule.name),
        "evaluated_on": way
            .rule
            .as_ref()
            .and_then(|kept| kept.evaluated_on)
            .map(|day| day.to_string()),
        "cases": cases,
        "reminders": reminders,
        "bureau_removal_told": way
            .bureau_told
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        "holds": holds,
        "messages": messages,
        "next": {
            "on": way.next.on.map(|day| day.to_string()),
            "event": way.next.step.map(|step| step.to_string()),
            "words": way.next.words,
        },
    })
}

fn show_text(
    context: &Context,
    way: &Way,
    messages: &[crate::domain::message::Message],
) -> Result<()> {
    let invoice = &way.invoice;
    let today = context.now().today;
    let mut text = format!(
        "Invoice {} of {} (client {}){}\n  {}, {} of it open; {}; due {}",
        invoice.id,
        way.client_name,
        invoice.client_id,
        invoice
            .portfolio
            .as_ref()
            .map(|portfolio| format!(", portfolio {portfolio}"))
            .unwrap_or_default(),
        invoice.amount,
        invoice.open_amount,
        invoice.status,
        invoice.due_on,
    );
    if way.counts_from != invoice.due_on {
        let _ = write!(
            text,
            " ({}), counted from {}",
            weekday(invoice.due_on),
            way.counts_from
        );
    }
    if invoice.owing() && invoice.days_late(today) > 0 {
        let _ = write!(text, "; {} days late", invoice.days_late(today));
    }
    match &way.rule {
        None => text.push_str("\n  no rule takes it\n"),
        Some(kept) => {
            let last = kept.evaluated_on.map_or_else(
                || "never evaluated".to_owned(),
                |day| format!("last evaluated on {day}"),
            );
            let _ = write!(text, "\n  rule {}, {last}\n", kept.rule.name);
        }
    }
    for hold in &way.holds {
        let what = hold.invoice_id.map_or("client", |_| "invoice");
        let end = match (hold.removed_at, hold.until) {
            (Some(at), _) => format!("taken away {}", context.now().iso(at)),
            (None, Some(until)) if until < today => format!("ended {until}"),
            (None, Some(until)) => format!("until {until}"),
            (None, None) => "without end".to_owned(),
        };
        let _ = writeln!(
            text,
            "  hold {} on the {what}, {end}: {}",
            hold.id, hold.why
        );
    }
    context.out.text(text)?;
    let rows = timeline(context, way, messages);
    if !rows.is_empty() {
        let mut list = context
            .out
            .list(&["on", "what", "what became of it"].map(Column::new));
        for (_, _, cells) in rows {
            list.row(cells)?;
        }
        list.finish("")?;
    }
    context.out.text(format!("Next: {}", way.next.words))
}

/// Every move, reminder and message, by day; a day's moves before its messages.
fn timeline(
    context: &Context,
    way: &Way,
    messages: &[crate::domain::message::Message],
) -> Vec<(NaiveDate, i64, Vec<Cell>)> {
    let mut rows: Vec<(NaiveDate, i64, Vec<Cell>)> = Vec::new();
    let mut row = |on: NaiveDate, order: i64, what: String, became: String| {
        rows.push((
            on,
            order,
            vec![Cell::of(on), Cell::Text(what), Cell::Text(became)],
        ));
    };
    for reminder in &way.reminders {
        row(
            reminder.on,
            0,
            Move::Reminder(reminder.days).to_string(),
            format!("rule {}, due {}", reminder.rule, reminder.due_on),
        );
    }
    for (case, moves) in &way.cases {
        for (place, line) in moves.iter().enumerate() {
            let owed = line.owed;
            let became = match (place, line.milestone) {
                (0, _) => format!("case {} of rule {} begins, {owed} owed", case.id, case.rule),
                (_, Milestone::Reached(_)) => format!("case {} moves on, {owed} owed", case.id),
                (_, Milestone::Closed(_)) => format!("case {} closes", case.id),
            };
            row(line.on, 0, line.milestone.to_string(), became);
        }
    }
    for on in &way.bureau_told {
        row(
            *on,
            0,
            Move::BureauRemoved.to_string(),
            "the listing with the bureau was removed".to_owned(),
        );
    }
    for message in messages {
        let zone = context.clock.zone();
        let on = message.created_at.with_timezone(&zone).date_naive();
        let what = format!(
            "  {} by {}",
            message.template.as_deref().unwrap_or_default(),
            message.channel
        );
        let mut became = message.status.to_string();
        if let Some(reason) = message.reason {
            let _ = write!(became, ": {reason}");
        }
        if let Some(sent_at) = message.sent_at {
            let _ = write!(became, " {}", context.now().iso(sent_at));
        } else if let Some(not_before) = message.not_before {
            let _ = write!(became, ", not before {}", context.now().iso(not_before));
        }
        row(on, message.id, what, became);
    }
    rows.sort_by_key(|(on, order, _)| (*on, *order));
    rows
}

/// The day of the week, in three letters.
fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    }
}

fn show_forecast(days: u64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let coming = forecast::forecast(saved.connection(), &context.config, context.now(), days)?;
    if context.out.format() == Format::Table {
        let most = coming
            .iter()
            .map(|day| day.messages.values().sum())
            .max()
            .unwrap_or(0);
        let mut text = String::from("Messages a day, if nobody paid\n");
        for day in &coming {
            let total: u64 = day.messages.values().sum();
            let bar = chart::bar(total, most, BAR);
            let line = format!("{} {} {bar} {total}", day.on, weekday(day.on));
            let _ = writeln!(text, "{}", line.replace("  ", " "));
        }
        context.out.text(text)?;
    }
    let mut columns = vec![Column::new("on"), Column::new("weekday").data_only()];
    columns.extend(Phase::unpaid().map(|phase| Column::number(phase.word())));
    columns.push(Column::number("messages"));
    columns.push(Column::number("invoices"));
    let mut list = context.out.list(&columns);
    let mut totals = [0u64; 2];
    for day in &coming {
        let messages: u64 = day.messages.values().sum();
        let invoices: u64 = day.invoices.values().sum();
        totals[0] += messages;
        totals[1] += invoices;
        let mut cells = vec![Cell::of(day.on), Cell::of(weekday(day.on))];
        cells.extend(
            Phase::unpaid()
                .map(|phase| number(day.messages.get(&phase).copied().unwrap_or_default())),
        );
        cells.extend([number(messages), number(invoices)]);
        list.row(cells)?;
    }
    list.finish(&format!(
        "{} messages about {} steps in {days} days; by phase: messages",
        totals[0], totals[1]
    ))?;
    Ok(Outcome::Done)
}

fn stats(rule: Option<&str>, since: Option<&str>, context: &Context) -> Result<Outcome> {
    let since =
        match since {
            None => None,
            Some(text) => Some(day::parse(text).flatten().ok_or_else(|| {
                Error::usage(format!("`{text}` is not a date")).hint(day::ACCEPTED)
            })?),
        };
    let saved = context.open()?;
    if let Some(name) = rule {
        job::get_rule(saved.connection(), name)?;
    }
    let figures = store::figures(saved.connection(), rule, since)?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    if context.out.format() == Format::Table && !figures.is_empty() {
        let most = figures.iter().map(|f| count(f.entered)).max().unwrap_or(0);
        let mut text = String::from("Cases that came to each stage\n");
        for figure in &figures {
            let _ = writeln!(
                text,
                "{:<12} {} {}",
                figure.stage,
                chart::bar(count(figure.entered), most, BAR),
                figure.entered
            );
        }
        context.out.text(text)?;
    }
    let mut list = context.out.list(&[
        Column::new("stage"),
        Column::number("entered"),
        Column::number("paid_within_7"),
        Column::number("paid_within_30"),
        Column::number("recovered"),
    ]);
    let mut recovered = 0;
    for figure in &figures {
        recovered += figure.recovered.cents();
        list.row(vec![
            Cell::of(figure.stage),
            Cell::Number(figure.entered),
            Cell::Number(figure.paid_within_7),
            Cell::Number(figure.paid_within_30),
            Cell::Cents(figure.recovered.cents()),
        ])?;
    }
    list.finish(&format!("{} recovered", Money::from_cents(recovered)))?;
    Ok(Outcome::Done)
}
