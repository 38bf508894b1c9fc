//! `regua send`: one template to everyone in a report, the plan shown first.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::arguments::{Narrowed, find};
use super::{Context, Outcome, face};
use crate::clock::Stopwatch;
use crate::domain::message::Message;
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::deliver::Delivery;
use crate::jobs::send::{self as job, Plan, Request, SendState, Validation};
use crate::store::message::{Sequence, Wanted};
use crate::store::{Store, batch, book, message, queue, template};
use crate::view::{Cell, Column, Format};

/// Rows of a send that a table shows: those not sent, and the first of the rest.
const SHOWN_NOT_SENT: usize = 40;
const SHOWN_REST: usize = 5;

/// Send one template to everyone in a report.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "The plan comes first, on standard error: how many would receive it, how many would be skipped and\n\
        why, and one message as it would read. On a terminal regua then asks; elsewhere --yes is needed.\n\
        Whoever had this template today is left out, so a careful start and the full send reach everyone once.\n\n\
        Examples:\n  \
        regua send cut-for-debt --template overdue-push --dry-run\n  \
        regua send cut-for-debt --template overdue-push --limit 10 --yes\n  \
        regua send contracts --filter city=Chapecó --template outage --yes --expect 312\n  \
        regua send show 7 -o csv > what-happened.csv"
)]
pub struct Command {
    #[command(subcommand)]
    past: Option<Past>,
    /// A saved report's name, or contracts, logins, invoices
    #[arg(value_name = "REPORT", required = true)]
    report: Option<String>,
    /// The template
    #[arg(short, long, required = true)]
    template: Option<String>,
    #[command(flatten)]
    narrowed: Narrowed,
    /// Show the plan and stop
    #[arg(long)]
    dry_run: bool,
    /// Show the plan, ask the provider whether it would take the first message, and stop (fcm can tell)
    #[arg(long, conflicts_with_all = ["dry_run", "yes"])]
    validate: bool,
    /// Do not ask
    #[arg(short, long, conflicts_with = "dry_run")]
    yes: bool,
    /// Only the first so many recipients, in the report's order
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Only so many recipients, drawn by lot: always the same ones
    #[arg(long, value_name = "N", conflicts_with = "limit")]
    sample: Option<u64>,
    /// Send nothing unless there are exactly so many recipients
    #[arg(long, value_name = "N")]
    expect: Option<u64>,
    /// Also to whoever had this template today
    #[arg(long)]
    again: bool,
    /// Deliver in this run or leave it to the queue [default: now, but whatsapp queue]
    #[arg(long, value_enum, value_name = "WHEN")]
    deliver: Option<When>,
}

/// When a send is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// In this run
    Now,
    /// By a later `queue deliver` or the task send-queue
    Queue,
}

/// Sends of the past.
#[derive(Debug, Subcommand)]
enum Past {
    /// List the sends, the latest first
    List {
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Show what became of a send
    Show {
        /// Its number
        id: i64,
    },
}

/// Runs the command.
pub fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command.past {
        Some(Past::List { limit }) => list(limit, context),
        Some(Past::Show { id }) => {
            let store = context.open()?;
            let standing = job::standing(store.connection(), id)?;
            answer(context, &store, &standing)?;
            Ok(Outcome::Done)
        }
        None => send(command, context),
    }
}

fn send(command: Command, context: &Context) -> Result<Outcome> {
    let (Some(name), Some(template_name)) = (command.report, command.template) else {
        return Err(Error::usage("a send needs a report and --template"));
    };
    let watch = Stopwatch::start();
    let mut store = context.open()?;
    let request = Request {
        report: find(store.connection(), &name, &command.narrowed)?,
        template: template::get(store.connection(), &template_name)?,
        name,
        limit: command.limit,
        sample: command.sample,
        expect: command.expect,
        again: command.again,
    };
    let (config, clock) = (&context.config, &context.clock);
    let channel = request.template.channel;
    let now = match command.deliver {
        Some(when) => when == When::Now,
        None => job::delivers_at_once(channel),
    };
    if !command.yes {
        let plan = job::plan(&store, config, clock, &request)?;
        tell_plan(context, &request, &plan);
        if command.dry_run || command.validate {
            let outcome = answer_plan(context, &request, &plan)?;
            return if command.validate {
                validate(context, &plan)
            } else {
                Ok(outcome)
            };
        }
        if !context.out.interactive() {
            return Err(Error::usage("nobody can be asked here; nothing was sent")
                .hint("--yes to send without asking, or --dry-run to look only"));
        }
        let question = format!(
            "Send {} {} to {}?",
            plan.messages,
            if plan.messages == 1 {
                "message"
            } else {
                "messages"
            },
            people(plan.recipients)
        );
        if !context.out.ask(&question)? {
            context.out.say("nothing was sent");
            return Ok(Outcome::Done);
        }
    }
    let (id, plan) = job::write(&mut store, config, clock, &request)?;
    if command.yes {
        tell_plan(context, &request, &plan);
    }
    let (delivery, signal) = if now && plan.messages > 0 {
        face::deliver_now(context, &mut store, &[channel])?
    } else {
        (Delivery::default(), None)
    };
    face::tell_delivery(context, &delivery);
    job::took(&mut store, id, watch)?;
    let standing = job::standing(store.connection(), id)?;
    let queued = state(&standing, Status::Queued);
    if queued > 0 {
        tell_queued(context, &store, channel, queued)?;
    }
    answer(context, &store, &standing)?;
    let failed = state(&standing, Status::Failed) + state(&standing, Status::Unknown) > 0;
    Ok(face::outcome_of(&delivery, signal, failed))
}

/// Asks the provider about the first message of a plan.
fn validate(context: &Context, plan: &Plan) -> Result<Outcome> {
    use crate::channel::Next;
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
                Next::Never(_) | Next::Gone(_) => Outcome::Unacceptable,
                _ => Outcome::WorldFailed,
            });
        }
    }
    Ok(Outcome::Done)
}

fn people(n: u64) -> String {
    if n == 1 {
        "1 recipient".to_owned()
    } else {
        format!("{n} recipients")
    }
}

fn state(standing: &SendState, status: Status) -> u64 {
    standing.states.get(&status).copied().unwrap_or(0)
}

fn tell_queued(context: &Context, store: &Store, channel: Channel, queued: u64) -> Result<()> {
    let now = context.now();
    let stats = queue::stats(store.connection(), now.at)?;
    let stat = stats.iter().find(|stat| stat.channel == channel);
    let next = stat
        .filter(|stat| stat.due == 0)
        .and_then(|stat| stat.next_at);
    context.out.say(match next {
        Some(next) => format!(
            "{queued} wait in the queue; the next may go at {}",
            now.iso(next)
        ),
        None => {
            format!("{queued} wait in the queue for `regua queue deliver` or a send-queue task")
        }
    });
    face::warn_unforwarded(context, store, channel)
}

fn tell_plan(context: &Context, request: &Request, plan: &Plan) {
    let out = &context.out;
    let template = &request.template;
    out.say(format!(
        "{} rows of `{}`; template `{}` by {}",
        plan.matched, request.name, template.name, template.channel
    ));
    let noun = if plan.messages == 1 {
        "message"
    } else {
        "messages"
    };
    out.say(format!(
        "  {} would receive it ({} {noun})",
        people(plan.recipients),
        plan.messages
    ));
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
            crate::domain::phone::shown(&example.address)
        ));
        if let Some(title) = &example.title {
            out.say(format!("    {title}"));
        }
        for line in example.body.lines() {
            out.say(format!("    {line}"));
        }
    }
}

fn answer_plan(context: &Context, request: &Request, plan: &Plan) -> Result<Outcome> {
    let document = json!({
        "report": request.name,
        "template": request.template.name,
        "matched": plan.matched,
        "recipients": plan.recipients,
        "messages": plan.messages,
        "skipped": plan.skipped.values().sum::<u64>(),
        "reasons": reasons(&plan_reasons(plan)),
        "wait_until": plan.wait_until.map(|wait| context.now().iso(wait)),
        "example": plan.example.as_ref().map(|example| json!({
            "client_name": example.client,
            "address": example.address,
            "title": example.title,
            "body": example.body,
        })),
    });
    match context.out.format() {
        Format::Json => context.out.json(&document)?,
        Format::Jsonl => context.out.json_line(&document)?,
        Format::Table | Format::Csv => {
            let mut list = context
                .out
                .list(&[Column::new("outcome"), Column::number("recipients")]);
            let number = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
            list.row(vec![Cell::of("would receive"), number(plan.recipients)])?;
            for (reason, n) in plan_reasons(plan) {
                list.row(vec![Cell::of(reason), number(n)])?;
            }
            list.finish("nothing was sent: a dry run")?;
        }
    }
    Ok(Outcome::Done)
}

fn plan_reasons(plan: &Plan) -> Vec<(Reason, u64)> {
    let mut all: Vec<(Reason, u64)> = plan.skipped.iter().map(|(r, n)| (*r, *n)).collect();
    if plan.duplicates > 0 {
        all.push((Reason::Duplicate, plan.duplicates));
    }
    all
}

fn reasons(reasons: &[(Reason, u64)]) -> Value {
    let map: Map<String, Value> = reasons
        .iter()
        .map(|(reason, n)| (reason.as_str().to_owned(), Value::from(*n)))
        .collect();
    Value::Object(map)
}

fn columns() -> Vec<Column> {
    vec![
        Column::number("message_id"),
        Column::number("client_id"),
        Column::new("client_name"),
        Column::number("contract_id").data_only(),
        Column::new("address"),
        Column::new("status"),
        Column::new("reason"),
        Column::new("detail"),
        Column::new("sent_at").data_only(),
    ]
}

fn cells(context: &Context, store: &Store, message: &Message) -> Result<Vec<Cell>> {
    let name = match message.client_id {
        Some(id) => book::client_name(store.connection(), id)?,
        None => None,
    };
    Ok(vec![
        Cell::Number(message.id),
        Cell::number(message.client_id),
        Cell::text(name),
        Cell::number(message.contract_id),
        face::address(message.channel, message.address.as_deref()),
        face::status(message.status),
        Cell::text(message.reason.map(crate::domain::words::Word::as_str)),
        Cell::text(message.detail.as_deref()),
        face::instant(context, message.sent_at),
    ])
}

/// Shows a send with what became of every message.
fn answer(context: &Context, store: &Store, standing: &SendState) -> Result<()> {
    let wanted = Wanted {
        batch_id: Some(standing.batch.id),
        ..Wanted::default()
    };
    let each = |fill: &mut dyn FnMut(Message) -> Result<()>| {
        message::each(
            store.connection(),
            &wanted,
            Sequence::AsMade,
            0,
            |message| {
                fill(message)?;
                Ok(true)
            },
        )
    };
    match context.out.format() {
        Format::Json => {
            let batch = &standing.batch;
            let messages = face::states(|status| state(standing, status));
            let all: Vec<(Reason, u64)> = standing.reasons.iter().map(|(r, n)| (*r, *n)).collect();
            let mut head = Map::new();
            head.insert("batch".to_owned(), json!(batch.id));
            head.insert("report".to_owned(), json!(batch.report));
            head.insert("template".to_owned(), json!(batch.template));
            head.insert("matched".to_owned(), json!(batch.matched));
            head.insert("messages".to_owned(), Value::Object(messages));
            head.insert("reasons".to_owned(), reasons(&all));
            let mut tail = Map::new();
            let seconds = (batch.seconds * 1000.0).round() / 1000.0;
            tail.insert("seconds".to_owned(), json!(seconds));
            context
                .out
                .json_with_rows(&head, "rows", &columns(), &tail, |row| {
                    each(&mut |message| row(&cells(context, store, &message)?))
                })
        }
        Format::Jsonl | Format::Csv => {
            let mut list = context.out.list(&columns());
            each(&mut |message| list.row(cells(context, store, &message)?))?;
            list.finish("")
        }
        Format::Table => answer_table(context, store, standing),
    }
}

/// The failures and skips, the first of the rest, and the totals.
fn answer_table(context: &Context, store: &Store, standing: &SendState) -> Result<()> {
    let mut list = context.out.list(&columns());
    let mut left_out = 0u64;
    for (not_sent, most) in [(true, SHOWN_NOT_SENT), (false, SHOWN_REST)] {
        let statuses: Vec<Status> = Status::ALL
            .iter()
            .copied()
            .filter(|status| {
                let fine = matches!(status, Status::Sent | Status::Queued | Status::Sending);
                fine != not_sent
            })
            .collect();
        let all: u64 = statuses.iter().map(|status| state(standing, *status)).sum();
        left_out += all.saturating_sub(most as u64);
        let wanted = Wanted {
            batch_id: Some(standing.batch.id),
            statuses,
            ..Wanted::default()
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        message::each(
            store.connection(),
            &wanted,
            Sequence::AsMade,
            most,
            |message| {
                list.row(cells(context, store, &message)?)?;
                Ok(true)
            },
        )?;
    }
    let mut totals = Vec::new();
    for (status, n) in &standing.states {
        totals.push(format!("{n} {status}"));
    }
    let mut text = if totals.is_empty() {
        format!("send {}: no messages", standing.batch.id)
    } else {
        format!("send {}: {}", standing.batch.id, totals.join(", "))
    };
    for (reason, n) in &standing.reasons {
        text.push_str(&format!("\n  {n} {reason}"));
    }
    if left_out > 0 {
        text.push_str(&format!(
            "\n{left_out} more: regua send show {} -o csv",
            standing.batch.id
        ));
    }
    list.finish(&text)
}

fn list(limit: i64, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let mut list = context.out.list(&[
        Column::number("batch"),
        Column::new("created_at"),
        Column::new("report"),
        Column::new("template"),
        Column::number("matched").data_only(),
        Column::number("sent"),
        Column::number("failed"),
        Column::number("queued"),
        Column::number("skipped"),
        Column::number("unknown"),
        Column::new("filters").data_only(),
    ]);
    for batch in batch::list(store.connection(), limit)? {
        let standing = job::standing(store.connection(), batch.id)?;
        let number = |status: Status| {
            Cell::Number(i64::try_from(state(&standing, status)).unwrap_or(i64::MAX))
        };
        list.row(vec![
            Cell::Number(batch.id),
            face::instant(context, Some(batch.created_at)),
            Cell::of(&batch.report),
            Cell::of(&batch.template),
            Cell::Number(i64::try_from(batch.matched).unwrap_or(i64::MAX)),
            number(Status::Sent),
            number(Status::Failed),
            number(Status::Queued),
            number(Status::Skipped),
            number(Status::Unknown),
            Cell::Json(json!(batch.filters)),
        ])?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}
