//! `regua collection show`: one invoice's whole way, and what comes next.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde_json::json;

use super::{Context, Outcome, face, weekday};
use crate::domain::ladder::{Milestone, Move};
use crate::domain::message::Message;
use crate::domain::words::{Origin, Word as _};
use crate::error::Result;
use crate::jobs::collection::{self as job, Way};
use crate::store::collection::{Case, CaseMove, FiredReminder};
use crate::store::hold::Hold;
use crate::store::message::{self, Sequence, Wanted};
use crate::view::harmless::line;
use crate::view::{Cell, View, language};

/// An invoice's way, and the messages that collections made about it.
struct Shown {
    way: Way,
    messages: Vec<Message>,
}

/// Runs the command.
pub(super) fn run(invoice: i64, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let c = saved.connection();
    let mut shown = Shown {
        way: job::way(c, &context.config, context.now(), invoice)?,
        messages: Vec::new(),
    };
    let wanted = Wanted {
        invoice_id: Some(invoice),
        origin: Some(Origin::Collection),
        ..Wanted::default()
    };
    message::each(c, &wanted, Sequence::AsMade, 0, |message| {
        shown.messages.push(message);
        Ok(true)
    })?;
    if !context.out.one(view(context), &shown)? {
        let Shown { way, messages } = &shown;
        context.out.text(heading(context, way))?;
        let steps = timeline(context, way, messages);
        if !steps.is_empty() {
            context.out.all(step_view(), &steps)?;
        }
        context.out.text(format!("Next: {}", way.next.words))?;
    }
    Ok(Outcome::Done)
}

/// An invoice's whole way.
fn view(context: &Context) -> View<'_, Shown> {
    invoice_view(context)
        .words("cases", |shown| case_view().array(&shown.way.cases))
        .words("reminders", |shown| {
            reminder_view().array(&shown.way.reminders)
        })
        .words("bureau_removal_told", |shown| {
            let days = shown.way.bureau_told.iter().map(ToString::to_string);
            json!(days.collect::<Vec<_>>())
        })
        .words("holds", |shown| hold_view(context).array(&shown.way.holds))
        .words("messages", |shown| {
            face::message_view(context).array(&shown.messages)
        })
        .words("next", |shown| {
            let next = &shown.way.next;
            json!({
                "on": next.on.map(|day| day.to_string()),
                "event": next.step.map(|step| step.to_string()),
                "words": next.words,
            })
        })
}

fn invoice_view(context: &Context) -> View<'_, Shown> {
    let today = context.now().today;
    View::<Shown>::new()
        .number("invoice_id", |shown| shown.way.invoice.id)
        .number("client_id", |shown| shown.way.invoice.client_id)
        .words("client_name", |shown| Cell::of(&shown.way.client_name))
        .number("contract_id", |shown| shown.way.invoice.contract_id)
        .words("portfolio", |shown| shown.way.invoice.portfolio.clone())
        .words("status", |shown| shown.way.invoice.status.as_str())
        .number("amount", |shown| {
            Cell::Cents(shown.way.invoice.amount.cents())
        })
        .number("open_amount", |shown| {
            Cell::Cents(shown.way.invoice.open_amount.cents())
        })
        .words("due_on", |shown| shown.way.invoice.due_on)
        .words("counts_from", |shown| shown.way.counts_from)
        .number("days_late", move |shown| shown.way.invoice.days_late(today))
        .words("rule", |shown| {
            Cell::maybe(shown.way.rule.as_ref().map(|kept| &kept.rule.name))
        })
        .words("evaluated_on", |shown| {
            shown.way.rule.as_ref().and_then(|kept| kept.evaluated_on)
        })
}

fn case_view() -> View<'static, (Case, Vec<CaseMove>)> {
    View::<(Case, Vec<CaseMove>)>::new()
        .number("case_id", |(case, _)| case.id)
        .words("rule", |(case, _)| Cell::of(&case.rule))
        .words("stage", |(case, _)| case.stage.as_str())
        .words("since", |(case, _)| case.since)
        .words("outcome", |(case, _)| Cell::maybe(case.outcome))
        .words("closed_on", |(case, _)| case.closed_on)
        .words("moves", |(_, moves)| move_view().array(moves))
}

fn move_view() -> View<'static, CaseMove> {
    View::<CaseMove>::new()
        .words("on", |line| line.on)
        .words("move", |line| Cell::of(line.milestone.word()))
        .number("open_amount", |line| Cell::Cents(line.owed.cents()))
}

fn reminder_view() -> View<'static, FiredReminder> {
    View::<FiredReminder>::new()
        .words("on", |reminder| reminder.on)
        .number("days", |reminder| reminder.days)
        .words("due_on", |reminder| reminder.due_on)
        .words("rule", |reminder| Cell::of(&reminder.rule))
}

fn hold_view(context: &Context) -> View<'_, Hold> {
    View::<Hold>::new()
        .number("hold_id", |hold| hold.id)
        .number("client_id", |hold| hold.client_id)
        .number("invoice_id", |hold| hold.invoice_id)
        .words("until", |hold| hold.until)
        .words("why", |hold| Cell::of(&hold.why))
        .words("created_at", |hold| {
            face::instant(context, Some(hold.created_at))
        })
        .words("removed_at", |hold| face::instant(context, hold.removed_at))
}

/// What the invoice is, and which rule takes it.
fn heading(context: &Context, way: &Way) -> String {
    let invoice = &way.invoice;
    let today = context.now().today;
    let mut text = format!(
        "Invoice {} of {} (client {}){}\n  {}, {} of it open; {}; due {}",
        invoice.id,
        line(&way.client_name),
        invoice.client_id,
        invoice
            .portfolio
            .as_ref()
            .map(|portfolio| format!(", portfolio {}", line(portfolio)))
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
        text.push_str(&hold_line(context, hold));
    }
    text
}

fn hold_line(context: &Context, hold: &Hold) -> String {
    let what = hold.invoice_id.map_or("client", |_| "invoice");
    let end = match (hold.removed_at, hold.until) {
        (Some(at), _) => format!("taken away {}", context.now().iso(at)),
        (None, Some(until)) if until < context.now().today => format!("ended {until}"),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "without end".to_owned(),
    };
    format!(
        "  hold {} on the {what}, {end}: {}\n",
        hold.id,
        line(&hold.why)
    )
}

/// One step of an invoice's way.
struct Step {
    on: NaiveDate,
    /// Within the day: moves first, then messages as they were made.
    order: i64,
    what: String,
    became: String,
}

fn step_view() -> View<'static, Step> {
    View::<Step>::new()
        .words("on", |step| step.on)
        .words("what", |step| Cell::Said(step.what.clone()))
        .words("what became of it", |step| Cell::Said(step.became.clone()))
}

/// Every move, reminder and message, by day; a day's moves before its messages.
fn timeline(context: &Context, way: &Way, messages: &[Message]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut step = |on: NaiveDate, order: i64, what: String, became: String| {
        steps.push(Step {
            on,
            order,
            what,
            became,
        });
    };
    for reminder in &way.reminders {
        let became = format!("rule {}, due {}", reminder.rule, reminder.due_on);
        let what = Move::Reminder(reminder.days).to_string();
        step(reminder.on, 0, what, became);
    }
    for (case, moves) in &way.cases {
        for (place, line) in moves.iter().enumerate() {
            let what = line.milestone.to_string();
            step(line.on, 0, what, became(case, place, line));
        }
    }
    for on in &way.bureau_told {
        step(
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
        step(on, message.id, what, message_words(context, message));
    }
    steps.sort_by_key(|step| (step.on, step.order));
    steps
}

/// What became of a case by a move, the first of which begins it.
fn became(case: &Case, place: usize, line: &CaseMove) -> String {
    let owed = line.owed;
    match (place, line.milestone) {
        (0, _) => format!("case {} of rule {} begins, {owed} owed", case.id, case.rule),
        (_, Milestone::Reached(_)) => format!("case {} moves on, {owed} owed", case.id),
        (_, Milestone::Closed(_)) => format!("case {} closes", case.id),
        (_, Milestone::Reopened) => format!("case {} reopens at its stage, {owed} owed", case.id),
    }
}

/// What became of a message.
fn message_words(context: &Context, message: &Message) -> String {
    let mut words = language::word(message.status.as_str()).to_owned();
    // Writing to a text does not fail.
    if let Some(reason) = message.reason {
        let _ = write!(words, ": {}", language::word(reason.as_str()));
    }
    if let Some(sent_at) = message.sent_at {
        let _ = write!(words, " {}", context.now().iso(sent_at));
    } else if let Some(not_before) = message.not_before {
        let until = format!("not before {}", context.now().iso(not_before));
        let _ = write!(words, ", {}", language::said(&until));
    }
    words
}
