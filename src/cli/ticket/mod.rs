//! `regua ticket`: what happens to tickets, and who was told of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Outcome, arguments, face};
use crate::domain::words::{Channel, Status};
use crate::error::Result;
use crate::jobs::deliver::Delivery;
use crate::jobs::ticket::{self as job, MessageStates};
use crate::store::Store;
use crate::store::ticket::TicketFilter;

mod events;
mod list;
mod show;
mod tell;
mod told;

/// Ticket events: open, reply, move, events; and who was told of them: list, show.
#[derive(Debug, Subcommand)]
#[command(after_help = "Triggers decide who hears: see `regua trigger`.\n\n\
    Examples:\n  \
    regua ticket open --ticket 1070 --client 193 --topic 4 --title 'Sem sinal' --opened-by client\n  \
    regua ticket reply --ticket 1070 --by staff --text 'Reinicie o roteador.'\n  \
    regua ticket move --ticket 1070 --to resolved\n  \
    receiver | regua ticket events -")]
pub(super) enum Command {
    #[command(flatten)]
    Tell(tell::Tell),
    /// Take events from a file, one JSON object a line, each whole or not at all
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

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Tell(tell) => tell::run(tell, context),
        Command::Events { file, strict } => events::run(&file, strict, context),
        Command::List {
            client,
            status,
            topic,
            responsible,
            limit,
        } => {
            let own = &context.config.company.words;
            let wanted = TicketFilter {
                client_id: client,
                statuses: status.map_or_else(Vec::new, |typed| own.meant(&typed)),
                topic_id: topic,
                responsible_id: responsible,
            };
            list::run(&wanted, limit, context)
        }
        Command::Show { id } => show::run(id, context),
    }
}

/// Delivers what is due by the channels of tickets, and warns where messages wait for a task that is not
/// there.
fn deliver(
    context: &Context,
    saved: &mut Store,
    waiting: impl Iterator<Item = Channel>,
) -> Result<(Delivery, Option<Outcome>)> {
    let channels = job::channels(saved.connection(), context.now())?;
    let (delivery, signal) = face::deliver_now(context, saved, &channels)?;
    face::tell_delivery(context, &delivery);
    for channel in waiting.collect::<BTreeSet<_>>() {
        face::warn_unforwarded(context, saved, channel)?;
    }
    Ok((delivery, signal))
}

fn count(standing: &MessageStates, status: Status) -> u64 {
    standing.states.get(&status).copied().unwrap_or(0)
}

fn some_failed(standing: &MessageStates) -> bool {
    count(standing, Status::Failed) + count(standing, Status::Unknown) > 0
}
