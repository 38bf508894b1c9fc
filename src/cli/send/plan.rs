//! What a send would do: said to people before it happens, and answered by a dry run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Context, Outcome, face, people};
use crate::channel::Next;
use crate::domain::letter::too_long;
use crate::domain::words::{Reason, Status, Word as _};
use crate::error::Result;
use crate::jobs::send::{self as job, Plan, PlannedRow, Request, Validation};
use crate::view::{Cell, Format, View};

/// Asks the provider about the first message of a plan.
pub(super) fn validate(context: &Context, plan: &Plan) -> Result<Outcome> {
    let out = &context.out;
    match job::validate(&context.config, &context.clock, plan)? {
        Validation::Nobody => out.say("there is nobody to send to, so nothing to ask about"),
        Validation::CannotTell(provider) => {
            out.warn(format!(
                "{provider} cannot tell beforehand whether it would take a message"
            ));
        }
        Validation::Good(provider) => {
            out.say(format!(
                "{provider} would take the first message; nothing was sent"
            ));
        }
        Validation::Bad(provider, refusal) => {
            let code = refusal
                .code
                .map_or_else(String::new, |code| format!(" ({code})"));
            out.complain(format!(
                "{provider} would not take the first message{code}: {}; nothing was sent",
                refusal.text
            ));
            return Ok(match refusal.next {
                Next::Never(_) | Next::Gone(_) | Next::OptedOut(_) => Outcome::Unacceptable,
                _ => Outcome::WorldFailed,
            });
        }
    }
    Ok(Outcome::Done)
}

/// Says on standard error whom a send would reach, whom not and why, and one message as it would read.
pub(super) fn tell(context: &Context, request: &Request, plan: &Plan) {
    let out = &context.out;
    let template = &request.template;
    let (report, name, channel) = (&request.name, &template.name, template.channel);
    out.say(match plan.matched {
        1 => format!("1 row of `{report}`; template `{name}` by {channel}"),
        n => format!("{n} rows of `{report}`; template `{name}` by {channel}"),
    });
    let people_told = people(plan.recipients);
    out.say(match plan.messages {
        1 => format!("  {people_told} would receive it (1 message)"),
        n => format!("  {people_told} would receive it ({n} messages)"),
    });
    for (reason, n) in &plan.skipped {
        out.say(format!("  {n} would be skipped: {reason}"));
    }
    if plan.duplicates > 0 {
        out.say(format!(
            "  {} dealt with today already: duplicate",
            plan.duplicates
        ));
    }
    if let Some(wait) = plan.wait_until.filter(|_| plan.recipients > 0) {
        out.say(format!(
            "  outside the contact hours of {}: they wait until {}",
            template.purpose,
            context.now().iso(wait)
        ));
    }
    if let Some(example) = &plan.example {
        out.say(format!(
            "  for example, to {} at {}:",
            example.client,
            crate::domain::phone::shown(&example.address).replace('\n', ", ")
        ));
        if let Some(title) = &example.title {
            out.quote(format!("    {title}"));
        }
        for line in example.body.lines() {
            out.quote(format!("    {line}"));
        }
        if template.channel.is_printed()
            && let Some(told) = too_long(example.title.as_deref(), &example.body)
        {
            out.warn(told);
        }
    }
}

/// Each person of a plan, under the names of a send's rows.
fn row_view<'a>() -> View<'a, PlannedRow> {
    View::<PlannedRow>::new()
        .data("message_id", |_| Cell::Null)
        .number("client_id", |row| row.client_id)
        .words("client_name", |row| Cell::of(&row.client_name))
        .data("contract_id", |row| row.contract_id)
        .words("address", |row| {
            face::address(row.channel, row.address.as_deref())
        })
        .words("outcome", |row| match row.reason {
            None => "receives",
            Some(_) => "skipped",
        })
        .data("status", |row| match row.reason {
            None => Status::Queued.as_str(),
            Some(_) => Status::Skipped.as_str(),
        })
        .words("reason", |row| row.reason.map(Reason::as_str))
        .words("detail", |row| row.detail.clone().map(Cell::Said))
        .data("sent_at", |_| Cell::Null)
        .spares(&["address", "client_id"])
        .when_empty("nobody is in this plan", "regua report run REPORT")
}

/// Answers with the plan.
pub(super) fn answer(context: &Context, request: &Request, plan: &Plan) -> Result<Outcome> {
    let out = &context.out;
    match out.format() {
        Format::Json => out.json(&document(context, request, plan))?,
        Format::Jsonl | Format::Csv => out.all(row_view(), &plan.rows)?,
        Format::Table => {
            let mut list = out.list(face::counted("outcome", "recipients"));
            list.row(&("would receive".to_owned(), plan.recipients))?;
            for (reason, n) in reasons(plan) {
                list.row(&(reason.to_string(), n))?;
            }
            list.finish("")?;
            if request.list {
                out.all(row_view(), &plan.rows)?;
            }
            out.text("nothing was sent: a dry run")?;
        }
    }
    Ok(Outcome::Done)
}

fn document(context: &Context, request: &Request, plan: &Plan) -> Value {
    json!({
        "report": request.name,
        "template": request.template.name,
        "matched": plan.matched,
        "recipients": plan.recipients,
        "messages": plan.messages,
        "skipped": plan.skipped.values().sum::<u64>(),
        "reasons": face::counts(&reasons(plan)),
        "wait_until": plan.wait_until.map(|wait| context.now().iso(wait)),
        "example": plan.example.as_ref().map(|example| json!({
            "client_name": example.client,
            "address": example.address,
            "title": example.title,
            "body": example.body,
        })),
        "rows": row_view().array(&plan.rows),
    })
}

/// How many are skipped for each reason.
fn reasons(plan: &Plan) -> BTreeMap<Reason, u64> {
    let mut reasons = plan.skipped.clone();
    if plan.duplicates > 0 {
        *reasons.entry(Reason::Duplicate).or_default() += plan.duplicates;
    }
    reasons
}
