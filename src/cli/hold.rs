//! `regua hold`: what a person keeps out of collections.

use chrono::NaiveDate;
use clap::{ArgGroup, Args, Subcommand};

use super::{Context, Outcome, face};
use crate::domain::day;
use crate::error::{Error, Result, missing, not_in_the_book};

use crate::store::hold::{self as store, Held, Hold};
use crate::store::{Connection, book, queue};
use crate::view::{Cell, View};

/// What is kept out of reminders and stages by hand: a dispute, a promise to pay.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    regua hold add --client 17 --until 2026-12-20 --why 'promised to pay on the 18th'\n  \
    regua hold add --invoice 145535 --why 'disputed: protocol 2026-77'\n  \
    regua hold remove 3")]
pub(super) enum Command {
    /// Put a client, or one invoice, on hold
    Add(Add),
    /// List the holds in force
    List {
        /// Also those that have ended or been taken away
        #[arg(long)]
        all: bool,
    },
    /// Take a hold away
    Remove {
        /// Its id
        id: i64,
    },
}

/// A hold to put.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["client", "invoice"])))]
pub(super) struct Add {
    /// Everything of this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// Only this invoice
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
    /// Its last day [default: without end]
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Why, for whoever reads it later
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => put(add, context),
        Command::List { all } => list(*all, context),
        Command::Remove { id } => remove(*id, context),
    }
}

fn held(add: &Add, connection: &Connection) -> Result<Held> {
    match (add.client, add.invoice) {
        (Some(id), _) => match book::client_name(connection, id)? {
            Some(_) => Ok(Held::Client(id)),
            None => Err(not_in_the_book("client", id)),
        },
        (None, Some(id)) => match book::invoice(connection, id)? {
            Some(_) => Ok(Held::Invoice(id)),
            None => Err(not_in_the_book("invoice", id)),
        },
        (None, None) => Err(Error::usage("what is held? --client ID or --invoice ID")),
    }
}

fn last_day(text: Option<&str>, today: NaiveDate) -> Result<Option<NaiveDate>> {
    let Some(text) = text else { return Ok(None) };
    let day = day::parse(text)
        .flatten()
        .ok_or_else(|| Error::usage(format!("`{text}` is not a date")).hint(day::ACCEPTED))?;
    if day < today {
        return Err(
            Error::unacceptable(format!("{day} is past: the hold would hold nothing"))
                .hint("give today or a later day, or leave --until out"),
        );
    }
    Ok(Some(day))
}

fn put(add: &Add, context: &Context) -> Result<Outcome> {
    if add.why.trim().is_empty() {
        return Err(Error::usage("--why is empty").hint("say why, for whoever reads it later"));
    }
    let now = context.now();
    let until = last_day(add.until.as_deref(), now.today)?;
    let mut saved = context.open()?;
    let (id, back) = saved.write(|transaction| {
        let held = held(add, transaction)?;
        let id = store::add(transaction, held, until, add.why.trim(), now.at)?;
        Ok((id, queue::held_back(transaction, held)?))
    })?;
    let what = match (add.client, add.invoice) {
        (Some(id), _) => format!("client {id}"),
        (None, invoice) => format!("invoice {}", invoice.unwrap_or_default()),
    };
    let end = until.map_or_else(|| "without end".to_owned(), |day| format!("until {day}"));
    let view = View::<Add>::new()
        .data("done", |_| "added")
        .data("hold_id", move |_| id)
        .data("client_id", |add| add.client)
        .data("invoice_id", |add| add.invoice)
        .data("until", move |_| until)
        .data("why", |add| Cell::of(add.why.trim()))
        .data("queued_messages", move |_| back);
    let kept = match back {
        0 => String::new(),
        1 => "; it holds 1 queued message back".to_owned(),
        n => format!("; it holds {n} queued messages back"),
    };
    face::done(
        context,
        view,
        add,
        format!("hold {id}: {what}, {end}{kept}"),
    )?;
    Ok(Outcome::Done)
}

fn list(all: bool, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let today = context.now().today;
    let view = View::<Hold>::new()
        .number("hold_id", |hold| hold.id)
        .number("client_id", |hold| hold.client_id)
        .words("client_name", |hold| Cell::of(&hold.client_name))
        .number("invoice_id", |hold| hold.invoice_id)
        .words("until", |hold| hold.until)
        .words("why", |hold| Cell::of(&hold.why))
        .data("created_at", |hold| {
            face::instant(context, Some(hold.created_at))
        })
        .data("removed_at", |hold| face::instant(context, hold.removed_at))
        .when_empty(
            "nothing is on hold",
            "regua hold add --client ID --why TEXT; regua hold list --all shows the ended ones",
        );
    let holds = store::all(saved.connection())?;
    let wanted = holds.iter().filter(|hold| all || hold.active(today));
    context.out.all(view, wanted)?;
    Ok(Outcome::Done)
}

fn remove(id: i64, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let at = context.now().at;
    let removed = saved.write(|transaction| store::remove(transaction, id, at))?;
    if !removed {
        return Err(missing("hold", id).hint("regua hold list"));
    }
    let view = View::<i64>::new()
        .data("done", |_| "removed")
        .data("hold_id", |id| *id);
    face::done(context, view, &id, format!("hold {id} was taken away"))?;
    Ok(Outcome::Done)
}
