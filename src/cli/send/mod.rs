//! `regua send`: one template to everyone in a report, the plan shown first.

use clap::{Args, Subcommand, ValueEnum};

use super::arguments::{Narrowed, find, report_name, tell_unfit};
use super::{Context, Outcome, by_hand, face};
use crate::clock::Stopwatch;
use crate::domain::words::{Channel, Status};
use crate::error::{Error, Result};
use crate::jobs::deliver::Delivery;
use crate::jobs::send::{self as job, Plan, Request, SendState};
use crate::store::{Store, queue, template};
use crate::view::Format;

mod again;
mod past;
mod plan;

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
        regua send cut-for-debt --template overdue-push --dry-run --list\n  \
        regua send cut-for-debt --template overdue-push --limit 10 --yes\n  \
        regua send contracts --filter city=Chapecó --template outage --yes --expect 312\n  \
        regua send show 7 -o csv > what-happened.csv"
)]
pub(super) struct Command {
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
    /// With --dry-run: name each person with outcome, reason and detail (the other forms always do)
    #[arg(long, requires = "dry_run")]
    list: bool,
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
    #[value(alias = "agora")]
    Now,
    /// By a later `queue deliver` or the task send-queue
    #[value(alias = "fila")]
    Queue,
}

/// Sends of the past.
#[derive(Debug, Subcommand)]
enum Past {
    /// List the sends, the latest first
    List {
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
        limit: i64,
    },
    /// Show what became of a send
    Show {
        /// Its number
        id: i64,
    },
    /// Cancel what of a send is still queued
    #[command(
        after_help = "What has gone has gone: `regua send show ID` tells. It shows what it would cancel; on a terminal regua then\n\
        asks, elsewhere --yes is needed. `regua queue retry --cancelled --batch ID` undoes it.\n\n\
        Example:\n  regua send cancel 7 --yes"
    )]
    Cancel(again::Cancel),
    /// Try again what failed of a send, and deliver what of it still waits
    #[command(
        after_help = "Each message is judged anew: whoever was told meanwhile, or said no, is left. What nobody can tell whether it\n\
        arrived stays as it is unless --unknown says so: that may tell people twice.\n\n\
        Examples:\n  regua send resume 7\n  regua send resume 7 --unknown --deliver queue"
    )]
    Resume(again::Resume),
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command.past {
        Some(Past::List { limit }) => past::list(limit, context),
        Some(Past::Show { id }) => {
            let store = context.open()?;
            let standing = job::standing(store.connection(), id)?;
            past::answer(context, &store, &standing)?;
            Ok(Outcome::Done)
        }
        Some(Past::Cancel(cancel)) => again::cancel(&cancel, context),
        Some(Past::Resume(resume)) => again::resume(&resume, context),
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
        name: report_name(name),
        limit: command.limit,
        sample: command.sample,
        expect: command.expect,
        again: command.again,
        list: command.dry_run && (command.list || context.out.format() != Format::Table),
    };
    let (config, clock) = (&context.config, &context.clock);
    let channel = request.template.channel;
    let now = goes_now(command.deliver, channel);
    if !command.yes {
        let plan = job::plan(&store, config, clock, &request)?;
        plan::tell(context, &request, &plan);
        if plan.matched == 0 {
            tell_unfit(context, store.connection(), &request.report)?;
        }
        if command.dry_run {
            return plan::answer(context, &request, &plan);
        }
        if command.validate {
            plan::answer(context, &request, &plan)?;
            return plan::validate(context, &plan);
        }
        if !agreed(context, &plan)? {
            return Ok(Outcome::Done);
        }
    }
    let (id, plan) = job::write(&mut store, config, clock, &request)?;
    if command.yes {
        plan::tell(context, &request, &plan);
    }
    let goes = Goes {
        channel,
        now: now && plan.messages > 0,
        watch: Some(watch),
    };
    carry_out(context, &mut store, id, goes)
}

/// Whether messages go in this run.
fn goes_now(asked: Option<When>, channel: Channel) -> bool {
    match asked {
        Some(when) => when == When::Now,
        None => channel.goes_at_once(),
    }
}

/// How what a send has queued goes.
struct Goes {
    channel: Channel,
    /// In this run.
    now: bool,
    /// Since when the send takes its time, where that is noted.
    watch: Option<Stopwatch>,
}

/// Delivers what a send has queued, or leaves it to the queue; answers with what became of the send.
fn carry_out(context: &Context, store: &mut Store, id: i64, goes: Goes) -> Result<Outcome> {
    let (delivery, signal) = if goes.now {
        face::deliver_now(context, store, &[goes.channel])?
    } else {
        (Delivery::default(), None)
    };
    face::tell_delivery(context, &delivery);
    if let Some(watch) = goes.watch {
        job::took(store, id, watch)?;
    }
    let standing = job::standing(store.connection(), id)?;
    let queued = state(&standing, Status::Queued);
    if queued > 0 && delivery.shared() == 0 {
        tell_queued(context, store, goes.channel, queued)?;
    }
    past::answer(context, store, &standing)?;
    let failed = state(&standing, Status::Failed) + state(&standing, Status::Unknown) > 0;
    Ok(face::outcome_of(&delivery, signal, failed))
}

/// Whether a person says yes to the plan.
fn agreed(context: &Context, plan: &Plan) -> Result<bool> {
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
    let yes = context.out.ask(&question)?;
    if !yes {
        context.out.say("nothing was sent");
    }
    Ok(yes)
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
    let next = queue::next_at(store.connection(), channel)?.filter(|next| *next > now.at);
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
