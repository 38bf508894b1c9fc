//! `regua collection update`: the day's moves, written and delivered, or only told.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Context, Outcome, counted, face};
use crate::domain::words::Channel;
use crate::error::Result;
use crate::jobs::collection::{self as job, RuleSummary, ToldMove, Update, UpdateRequest};
use crate::jobs::deliver::{ChannelSummary, Delivery};
use crate::store::Store;
use crate::view::measure::padded;
use crate::view::{Cell, Format, Tone, View, language};

/// How an update is to go.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Write nothing; list what would happen
    #[arg(long)]
    dry_run: bool,
    /// Only this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// Even when the invoices were imported too long ago
    #[arg(long)]
    stale_ok: bool,
    /// Do not ask when the last update is more than a week ago
    #[arg(short, long)]
    yes: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Outcome> {
    let mut request = UpdateRequest {
        rule: arguments.rule.as_deref(),
        dry_run: arguments.dry_run,
        stale_ok: arguments.stale_ok,
        yes: arguments.yes,
    };
    if arguments.dry_run {
        return rehearse(request, context);
    }
    let mut store = context.open()?;
    let (config, clock) = (&context.config, &context.clock);
    if !request.yes && context.out.interactive() {
        if !agreed(&store, context)? {
            return Ok(Outcome::Done);
        }
        request.yes = true;
    }
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

/// Whether a person says that an update long after the last one is meant; true when it is not.
fn agreed(saved: &Store, context: &Context) -> Result<bool> {
    let now = context.now();
    let Some(last) = job::long_ago(saved.connection(), now)? else {
        return Ok(true);
    };
    let question = format!(
        "Collections were last updated for {last}. Update them for {}?",
        now.today
    );
    let yes = context.out.ask(&question)?;
    if !yes {
        context.out.say("nothing was updated");
    }
    Ok(yes)
}

/// Says what a person should know besides the answer.
fn tell_waiting(context: &Context, saved: &Store, update: &Update) -> Result<()> {
    if update.rules.is_empty() {
        context
            .out
            .say("there are no rules; see `regua rule add --help`, or `regua apply`");
    }
    for rule in &update.done_already {
        context.out.say(format!(
            "rule `{rule}` was updated for {} already: only what is new since then moves",
            update.as_of
        ));
    }
    if update.not_taken > 0 {
        context.out.warn(not_taken(update.not_taken));
    }
    if update.whatsapp > 0 {
        context.out.say(format!(
            "{} whatsapp messages wait in the queue for `regua queue deliver` or a send-queue task",
            update.whatsapp
        ));
        for channel in Channel::that(|nature| !nature.at_once) {
            face::warn_unforwarded(context, saved, channel)?;
        }
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
            ("rules".to_owned(), rule_view().array(&update.rules)),
            ("delivery".to_owned(), Value::Null),
        ]);
        let view = happening_view();
        context
            .out
            .json_with_rows(&head, "moves", &view, &tail, |row| {
                let mut each = |happening: &ToldMove| row(happening);
                job::write(&mut store, config, clock, request, &mut each, &mut |_| {})?;
                Ok(())
            })?;
        update
    } else {
        let mut list = context.out.list(happening_view());
        let mut each = |happening: &ToldMove| list.row(happening);
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

/// Owing invoices that no rule takes, in words.
fn not_taken(count: u64) -> String {
    if count == 1 {
        "1 owing invoice stands in a portfolio that no rule takes; regua doctor tells more"
            .to_owned()
    } else {
        format!(
            "{count} owing invoices stand in portfolios that no rule takes; regua doctor tells more"
        )
    }
}

/// What happens to one invoice.
fn happening_view() -> View<'static, ToldMove> {
    View::<ToldMove>::new()
        .data("rule", |happening| Cell::of(&happening.rule))
        .number("invoice_id", |happening| happening.invoice_id)
        .data("client_id", |happening| happening.client_id)
        .words("client_name", |happening| Cell::of(&happening.client_name))
        .words("event", |happening| Cell::of(happening.step))
        .words("left_out", |happening| {
            happening
                .left_out
                .map(|reason| Cell::Toned(reason.to_string(), Tone::Warn))
        })
        .words("messages", messages)
}

/// The messages that something makes: templates and channels in words, with all their parts in JSON.
fn messages(happening: &ToldMove) -> Cell {
    let words = happening.messages.iter().map(|told| match told.reason {
        None => format!("{} by {}", told.template, told.channel),
        Some(reason) => format!("{} by {}: {reason}", told.template, told.channel),
    });
    let parts = words.collect();
    let data = happening.messages.iter().map(|told| {
        json!({
            "template": told.template,
            "channel": told.channel,
            "status": if told.reason.is_some() { "skipped" } else { "queued" },
            "reason": told.reason,
        })
    });
    Cell::Parts {
        data: data.collect(),
        parts,
        between: ", ",
    }
}

/// What an update did by one rule.
fn rule_view() -> View<'static, RuleSummary> {
    View::<RuleSummary>::new()
        .words("rule", |rule| Cell::of(&rule.rule))
        .number("evaluated", |rule| rule.evaluated)
        .number("entered", |rule| rule.entered)
        .words("advanced", |rule| face::counts(&rule.advanced))
        .words("closed", |rule| face::counts(&rule.closed))
        .number("reminders", |rule| rule.reminders)
        .words("left_out", |rule| face::counts(&rule.left_out))
        .words(
            "messages",
            |rule| json!({ "queued": rule.queued, "skipped": face::counts(&rule.skipped) }),
        )
}

/// What a delivery did on one channel.
fn channel_view() -> View<'static, ChannelSummary> {
    View::<ChannelSummary>::new()
        .words("channel", |channel| json!(channel.channel))
        .number("sent", |channel| channel.sent)
        .number("failed", |channel| channel.failed)
        .number("later", |channel| channel.later)
        .number("unknown", |channel| channel.unknown + channel.recovered)
        .words("skipped", |channel| face::counts(&channel.skipped))
        .number("left", |channel| channel.left)
        .words("stopped", |channel| channel.stopped.clone())
}

fn delivery_document(delivery: &Delivery) -> Value {
    let sum = |field: fn(&ChannelSummary) -> u64| delivery.channels.iter().map(field).sum::<u64>();
    json!({
        "sent": sum(|channel| channel.sent),
        "failed": sum(|channel| channel.failed),
        "later": sum(|channel| channel.later),
        "unknown": sum(|channel| channel.unknown + channel.recovered),
        "skipped": sum(|channel| channel.skipped.values().sum()),
        "left": sum(|channel| channel.left),
        "channels": channel_view().array(&delivery.channels),
        "locked": delivery.locked,
    })
}

fn answer(context: &Context, update: &Update, delivery: Option<&Delivery>) -> Result<()> {
    match context.out.format() {
        Format::Json => context.out.json(&json!({
            "as_of": update.as_of.to_string(),
            "rules": rule_view().array(&update.rules),
            "delivery": delivery.map(delivery_document),
        })),
        Format::Table => context.out.text(summary(update)),
        Format::Jsonl | Format::Csv => context.out.all(rule_view(), &update.rules),
    }
}

/// Columns that the name of a count takes.
const NAMES: usize = 10;

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
                let name = language::header(name).replace('_', " ");
                let _ = writeln!(text, "  {} {value}", padded(&name, NAMES));
            }
        };
        line("entered", rule.entered.to_string());
        line("advanced", counted(&rule.advanced));
        line("closed", counted(&rule.closed));
        line("reminders", rule.reminders.to_string());
        line("left_out", counted(&rule.left_out));
        line("messages", rule.queued.to_string());
        line("skipped", counted(&rule.skipped));
    }
    text
}
