//! `regua notice`: what the law asks for before a suspension, and the proof of it.

use std::io::Write as _;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{Context, Outcome, face};
use crate::domain::words::{Status, Word as _};
use crate::error::{Error, Result};
use crate::jobs::dossier::{self, Subject};
use crate::jobs::notice::{self as job, CutWithout, NoticeRow};
use crate::private_file;
use crate::view::{Cell, View};

/// Notices of suspension: who has one, who was cut without one, and the proof.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "A stage of a rule with notice = \"suspension\" gives them; see `regua rule show`.\n\n\
    Examples:\n  \
    regua notice list --ready                     whom may be suspended today\n  \
    regua notice audit --proof delivered          who is cut without a notice that is known to have arrived\n  \
    regua notice proof --invoice 145535 -o prova.html"
)]
pub(super) enum Command {
    /// Contracts with a notice of suspension: its day, and from which day on it allows the suspension
    #[command(after_help = "Example:\n  regua notice list --ready -o csv")]
    List {
        /// Only those whose day has come and whose invoice still owes
        #[arg(long)]
        ready: bool,
    },
    /// Contracts that are cut for debt without a notice old enough on the day of the cut (exit 1 if any)
    #[command(after_help = "Example:\n  regua notice audit --proof delivered")]
    Audit {
        /// What proves a notice: that its provider took it, or that its arrival was reported
        #[arg(long, default_value = "sent")]
        proof: Proves,
    },
    /// The dossier of a client's notices, or of one invoice's, in Portuguese, as a page that prints well
    #[command(after_help = "Example:\n  regua notice proof --client 17 -o prova.html")]
    Proof(Proof),
}

/// What proves a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Proves {
    #[value(aliases = ["enviada", "enviado"])]
    Sent,
    #[value(alias = "entregue")]
    Delivered,
}

/// Whose dossier.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["client", "invoice"])))]
pub(super) struct Proof {
    /// All notices of this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// Those that speak of this invoice
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    match command {
        Command::List { ready } => list(*ready, context),
        Command::Audit { proof } => audit(*proof == Proves::Delivered, context),
        Command::Proof(asked) => proof(asked, context),
    }
}

fn list(ready: bool, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let view = View::<NoticeRow>::new()
        .number("contract_id", |row| row.notice.contract_id)
        .number("client_id", |row| row.notice.client_id)
        .words("client_name", |row| Cell::of(&row.notice.client_name))
        .number("invoice_id", |row| row.notice.invoice_id)
        .words("notice_on", |row| row.notice_on)
        .words("channel", |row| row.notice.channel.as_str())
        .words("status", |row| row.notice.status.map(Status::as_str))
        .words("delivered_at", |row| {
            face::instant(context, row.notice.delivered_at)
        })
        .words("suspend_from", |row| row.suspend_from)
        .words("rescind_from", |row| row.rescind_from)
        .words("owing", |row| row.notice.owing)
        .words("ready", |row| row.ready)
        .spares(&["channel", "client_id", "rescind_from"])
        .when_empty(
            if ready {
                "no contract may be suspended today by its notice"
            } else {
                "no notice of suspension was given yet"
            },
            "a stage with notice = \"suspension\" gives them: regua rule add --help",
        );
    let mut list = context.out.list(view);
    let mut rows = 0_u64;
    let (policy, now) = (&context.config.policy, context.now());
    job::each(saved.connection(), policy, now, |row| {
        if ready && !row.ready {
            return Ok(());
        }
        rows += 1;
        list.row(&row)
    })?;
    list.finish(&format!("{rows} contracts"))?;
    Ok(Outcome::Done)
}

fn audit(delivered: bool, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let view = View::<CutWithout>::new()
        .number("contract_id", |row| row.contract.contract_id)
        .number("client_id", |row| row.contract.client_id)
        .words("access_status", |row| row.contract.access_status.as_str())
        .words("access_since", |row| row.contract.access_since)
        .words("notice_on", |row| row.notice_on)
        .words("fault", |row| row.fault.as_str())
        .when_empty(
            "every contract that is cut for debt had its notice in time",
            "regua notice list",
        );
    let mut list = context.out.list(view);
    let mut rows = 0_u64;
    let (policy, now) = (&context.config.policy, context.now());
    job::audit(saved.connection(), policy, now, delivered, |row| {
        rows += 1;
        list.row(&row)
    })?;
    list.finish(&format!("{rows} contracts"))?;
    Ok(if rows == 0 {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

fn proof(asked: &Proof, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let subject = match (asked.client, asked.invoice) {
        (Some(id), _) => Subject::Client(id),
        (None, Some(id)) => Subject::Invoice(id),
        (None, None) => return Err(Error::usage("whose? --client ID or --invoice ID")),
    };
    let page = dossier::page(saved.connection(), &context.config, subject)?;
    let Some(path) = &context.document else {
        context.out.exact(page)?;
        return Ok(Outcome::Done);
    };
    let failed = |error| {
        Error::world(format!(
            "the dossier cannot be written to {}",
            path.display()
        ))
        .because(error)
    };
    let mut file = private_file::create(path).map_err(failed)?;
    file.write_all(page.as_bytes()).map_err(failed)?;
    context.out.say(format!("wrote {}", path.display()));
    Ok(Outcome::Done)
}
