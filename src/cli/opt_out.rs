//! `regua optout`: what clients said no to.

use clap::{Args, Subcommand};

use super::arguments::word;
use super::{Context, Outcome, face};
use crate::domain::recipient::OptOut;
use crate::domain::words::{Channel, Purpose, Word as _};
use crate::error::{Error, Result, not_in_the_book};
use crate::store::{book, opt_out as store};
use crate::view::{Cell, View};

/// What clients said no to: by channel, by purpose, or altogether.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  regua optout add --client 17 --purpose marketing --source 'asked by phone'"
)]
pub(super) enum Command {
    /// Note that a client said no
    Add {
        /// Who, and to what
        #[command(flatten)]
        what: What,
        /// Who says so
        #[arg(long, default_value = "regua optout")]
        source: String,
    },
    /// Take it back
    Remove {
        /// Who, and to what
        #[command(flatten)]
        what: What,
    },
    /// List what clients said no to
    List {
        /// Of this client
        #[arg(long, value_name = "ID")]
        client: Option<i64>,
    },
}

/// Who said no, and to what.
#[derive(Debug, Args)]
pub(super) struct What {
    /// The client
    #[arg(long, value_name = "ID")]
    client: i64,
    /// The channel [default: all]
    #[arg(long, value_parser = word::<Channel>)]
    channel: Option<Channel>,
    /// The purpose [default: all]
    #[arg(long, value_parser = word::<Purpose>)]
    purpose: Option<Purpose>,
}

impl What {
    const fn opt_out(&self) -> OptOut {
        OptOut {
            channel: self.channel,
            purpose: self.purpose,
        }
    }

    fn describe(&self) -> String {
        let channel = self.channel.map_or("every channel", Channel::as_str);
        let purpose = self.purpose.map_or("every purpose", Purpose::as_str);
        format!("client {}: {purpose} on {channel}", self.client)
    }
}

/// What was done about a client's no.
fn what_view<'a>(done: &'static str) -> View<'a, What> {
    View::<What>::new()
        .data("done", move |_| done)
        .data("client_id", |what| what.client)
        .data("channel", |what| what.channel.map(Channel::as_str))
        .data("purpose", |what| what.purpose.map(Purpose::as_str))
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let mut store = context.open()?;
    match command {
        Command::Add { what, source } => {
            let today = context.now().today;
            let new = store.write(|transaction| {
                if book::client_name(transaction, what.client)?.is_none() {
                    return Err(not_in_the_book("client", what.client));
                }
                store::add(transaction, what.client, what.opt_out(), today, source)
            })?;
            let word = if new { "noted" } else { "was noted already" };
            let view = what_view("added")
                .data("new", move |_| new)
                .data("source", |_| Cell::of(source));
            face::done(context, view, what, format!("{word}: {}", what.describe()))?;
        }
        Command::Remove { what } => {
            let there = store
                .write(|transaction| store::remove(transaction, what.client, what.opt_out()))?;
            if !there {
                return Err(Error::unacceptable(format!(
                    "no opt-out stands for {}",
                    what.describe()
                ))
                .hint(format!("regua optout list --client {}", what.client)));
            }
            let words = format!("taken back: {}", what.describe());
            face::done(context, what_view("removed"), what, words)?;
        }
        Command::List { client } => {
            let view = View::<store::ListedOptOut>::new()
                .number("client_id", |row| row.client_id)
                .words("client_name", |row| Cell::of(&row.client_name))
                .words("channel", |row| row.opt_out.channel.map(Channel::as_str))
                .words("purpose", |row| row.opt_out.purpose.map(Purpose::as_str))
                .words("since", |row| row.since)
                .words("source", |row| row.source.clone())
                .when_empty(
                    "no opt-outs yet",
                    "regua optout add --client ID --purpose marketing, or regua import opt-outs FILE",
                );
            let rows = store::list(store.connection(), *client)?;
            context.out.all(view, &rows)?;
        }
    }
    Ok(Outcome::Done)
}
