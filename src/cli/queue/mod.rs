//! `regua queue`: what waits, and what people do with it by hand.

#[cfg_attr(not(feature = "postgres"), path = "not_shared.rs")]
mod shared;

use clap::{Args, Subcommand};

use super::arguments::word;
use super::{Context, Outcome, by_hand, face};
use crate::domain::words::{Channel, Reason, Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::deliver::{ChannelSummary, Delivery};
use crate::jobs::pursue::pursue;
use crate::store::message::{self, Sequence, Wanted};
use crate::store::queue::{self as store, Chosen, Stat, State};
use crate::view::{Format, View};

/// The queue: list, deliver, retry, cancel, stats.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    regua queue deliver --channel whatsapp\n  \
    regua queue list --unknown\n  \
    regua queue retry --unknown --channel push")]
pub(super) enum Command {
    /// List what waits, first what is due first
    List {
        /// On this channel
        #[arg(long, value_parser = word::<Channel>)]
        channel: Option<Channel>,
        /// What nobody can tell whether it arrived
        #[arg(long, conflicts_with = "failed")]
        unknown: bool,
        /// What failed for good
        #[arg(long)]
        failed: bool,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// Deliver what is due
    #[command(after_help = "Example, from cron:\n  regua queue deliver --channel whatsapp -q")]
    Deliver {
        /// Only this channel; may be given several times
        #[arg(long = "channel", value_parser = word::<Channel>)]
        channels: Vec<Channel>,
    },
    /// Put failed, cancelled or unknown messages back into the queue
    #[command(
        after_help = "What goes back is judged again when its turn comes: its text, its address, and all that\n\
        may hold it back. Unknown messages may have arrived: sending them again may repeat them.\n\n\
        Examples:\n  regua queue retry 1042 1043\n  regua queue retry --reason missing_value\n  \
        regua queue retry --cancelled --batch 7\n  regua queue retry --unknown"
    )]
    Retry {
        /// Which messages
        #[command(flatten)]
        chosen: ChosenArgs,
        /// Those that nobody can tell whether they arrived, rather than the failed ones
        #[arg(long, conflicts_with = "cancelled")]
        unknown: bool,
        /// Those that were cancelled, rather than the failed ones
        #[arg(long)]
        cancelled: bool,
        /// Failed or skipped for this reason
        #[arg(long, value_parser = word::<Reason>)]
        reason: Option<Reason>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Take queued messages out of the queue
    #[command(
        after_help = "It shows what it would cancel. On a terminal regua then asks; elsewhere --yes is needed.\n\
        `regua queue retry --cancelled` undoes it.\n\n\
        Examples:\n  regua queue cancel 1042\n  regua queue cancel --client 17\n  \
        regua queue cancel --batch 7 --yes\n  regua queue cancel --all --channel sms --yes"
    )]
    Cancel {
        /// Which messages
        #[command(flatten)]
        chosen: ChosenArgs,
        /// All of them
        #[arg(long)]
        all: bool,
        /// Cancel without asking
        #[arg(long)]
        yes: bool,
    },
    /// Count what waits, by channel; and where the queue is shared, what each host does
    Stats,
    /// Hand over what is due to the hosts that share the queue
    #[command(
        after_help = "What may not go any more, or not as it stands, is withdrawn first. `regua task run-due` does this each \
        minute, and so does each command that sends.\n\n\
        Examples:\n  regua queue share --setup\n  regua queue share"
    )]
    Share {
        /// Make the tables in PostgreSQL, or bring them up to date, and make this database the planner where there is none
        #[arg(long)]
        setup: bool,
        /// Make this database the planner, whichever was before
        #[arg(long)]
        take_over: bool,
    },
    /// Bring home what became of messages that the hosts delivered
    #[command(
        after_help = "`regua task run-due` does this each minute.\n\nExample:\n  regua queue gather"
    )]
    Gather,
    /// Deliver, on any host, what the planner handed over
    #[command(
        after_help = "It needs [queue.shared] and the channels' sections in the configuration, and no database.\n\
        Exit code: 0; 1 when messages failed, 4 when a channel closed.\n\n\
        Examples:\n  regua queue work\n  regua queue work --seconds 55 -q\n  \
        regua queue work --channel push --seconds 3600"
    )]
    Work {
        /// Only this channel; may be given several times
        #[arg(long = "channel", value_parser = word::<Channel>)]
        channels: Vec<Channel>,
        /// Go on looking for work for so many seconds; otherwise until nothing is left that may go
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
        seconds: Option<u64>,
    },
}

/// Which messages are meant.
#[derive(Debug, Args)]
pub(super) struct ChosenArgs {
    /// These messages
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// On this channel
    #[arg(long, value_parser = word::<Channel>)]
    channel: Option<Channel>,
    /// Of this send
    #[arg(long, value_name = "ID")]
    batch: Option<i64>,
    /// Made with this template
    #[arg(long)]
    template: Option<String>,
    /// To this client, or about them
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// About this invoice
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
}

impl ChosenArgs {
    fn chosen(self, reason: Option<Reason>, all: bool) -> Result<Chosen> {
        let chosen = Chosen {
            ids: self.ids,
            channel: self.channel,
            batch_id: self.batch,
            template: self.template,
            reason,
            client_id: self.client,
            invoice_id: self.invoice,
        };
        if chosen == Chosen::default() && !all {
            return Err(Error::usage("which messages?").hint(
                "give their ids, or --client, --invoice, --batch, --channel, --template, or --all",
            ));
        }
        Ok(chosen)
    }
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::List {
            channel,
            unknown,
            failed,
            limit,
        } => list(channel, unknown, failed, limit, context),
        Command::Deliver { channels } => deliver(&channels, context),
        Command::Retry {
            chosen,
            unknown,
            cancelled,
            reason,
            all,
        } => {
            let chosen = chosen.chosen(reason, all || unknown || cancelled)?;
            let state = match (unknown, cancelled) {
                (true, _) => State::Unknown,
                (_, true) => State::Cancelled,
                _ => State::Failed,
            };
            let mut saved = context.open()?;
            let retried = by_hand::put_back(context, &mut saved, &chosen, state)?;
            by_hand::tell_back(context, &retried)?;
            Ok(Outcome::Done)
        }
        Command::Cancel { chosen, all, yes } => {
            by_hand::cancel(context, &chosen.chosen(None, all)?, yes)?;
            Ok(Outcome::Done)
        }
        Command::Stats => stats(context),
        Command::Share { setup, take_over } => shared::share(setup, take_over, context),
        Command::Gather => shared::gather(context),
        Command::Work { channels, seconds } => shared::work(&channels, seconds, context),
    }
}

fn list(
    channel: Option<Channel>,
    unknown: bool,
    failed: bool,
    limit: i64,
    context: &Context,
) -> Result<Outcome> {
    let store = context.open()?;
    let statuses = match (unknown, failed) {
        (true, _) => vec![Status::Unknown],
        (_, true) => vec![Status::Failed],
        _ => vec![Status::Queued, Status::Sending],
    };
    let wanted = Wanted {
        channel,
        statuses,
        ..Wanted::default()
    };
    let (none, elsewhere) = match (unknown, failed) {
        (true, _) => ("nothing is unknown", "regua queue list, regua history"),
        (_, true) => ("nothing has failed", "regua queue list, regua history"),
        _ => (
            "nothing waits",
            "regua queue list --unknown, regua queue list --failed, regua history",
        ),
    };
    let view = face::message_view(context).when_empty(none, elsewhere);
    let mut list = context.out.list(view);
    let mut rows = 0u64;
    message::each(
        store.connection(),
        &wanted,
        Sequence::AsDue,
        limit,
        |message| {
            rows += 1;
            list.row(&message)?;
            Ok(true)
        },
    )?;
    let noun = if rows == 1 { "message" } else { "messages" };
    list.finish(&format!("{rows} {noun}"))?;
    Ok(Outcome::Done)
}

fn deliver(channels: &[Channel], context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let channels = if channels.is_empty() {
        Channel::ALL
    } else {
        channels
    };
    pursue(&mut store, &context.config, &context.clock)?;
    let (delivery, signal) = face::deliver_now(context, &mut store, channels)?;
    face::tell_delivery(context, &delivery);
    answer(context, &delivery)?;
    Ok(face::outcome_of(&delivery, signal, delivery.some_failed()))
}

fn answer(context: &Context, delivery: &Delivery) -> Result<()> {
    if delivery.channels.is_empty()
        && delivery.locked.is_empty()
        && context.out.format() == Format::Table
    {
        context.out.say("nothing is due");
        return Ok(());
    }
    let view = View::<ChannelSummary>::new()
        .words("channel", |channel| channel.channel.as_str())
        .number("sent", |channel| channel.sent)
        .number("failed", |channel| channel.failed)
        .number("later", |channel| channel.later)
        .number("unknown", |channel| channel.unknown + channel.recovered)
        .number("skipped", |channel| channel.skipped.values().sum::<u64>());
    let view = if context.config.queue.shared.is_some() {
        view.number("shared", |channel| channel.shared)
    } else {
        view
    };
    let view = view
        .number("left", |channel| channel.left)
        .words("stopped", |channel| channel.stopped.clone());
    context.out.all(view, &delivery.channels)
}

fn stats(context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let view = View::<Stat>::new()
        .words("channel", |stat| stat.channel.as_str())
        .number("due", |stat| stat.due)
        .number("waiting", |stat| stat.waiting)
        .words("next_at", |stat| face::instant(context, stat.next_at))
        .number("sending", |stat| stat.sending)
        .number("unknown", |stat| stat.unknown);
    let stats = store::stats(store.connection(), context.now().at)?;
    if context.config.queue.shared.is_some() {
        return shared::stats(context, view, &stats);
    }
    context.out.all(view, &stats)?;
    Ok(Outcome::Done)
}
