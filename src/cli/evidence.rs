//! `regua evidence`: the chained ledger of what was sent.

use clap::Subcommand;

use super::{Context, Outcome, face};
use crate::domain::evidence::Head;
use crate::error::{Error, Result};
use crate::store::evidence::{self as store, Verified};
use crate::view::{Cell, View};

/// The ledger of collection messages: each record holds the digest of the one before it.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Keep the head elsewhere (a mail to a notary, another machine): a ledger that was shortened or\n\
    written anew no longer goes through it.\n\n\
    Examples:\n  \
    regua evidence verify\n  \
    regua evidence head >> /mnt/other/regua-heads.txt\n  \
    regua evidence verify --head \"$(tail -n 1 /mnt/other/regua-heads.txt)\""
)]
pub(super) enum Command {
    /// Check every record, and every message against its records (exit 3 when one does not fit)
    #[command(
        after_help = "Example:\n  regua evidence verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    Verify {
        /// A head that was kept, as `evidence head` prints it
        #[arg(long, value_name = "N:DIGEST")]
        head: Option<String>,
    },
    /// Print the last record's number and digest
    #[command(after_help = "Example:\n  regua evidence head")]
    Head,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    match command {
        Command::Verify { head } => verify(head.as_deref(), context),
        Command::Head => head(context),
    }
}

fn verify(kept: Option<&str>, context: &Context) -> Result<Outcome> {
    let kept = match kept {
        None => None,
        Some(text) => Some(Head::parse(text).ok_or_else(|| {
            Error::usage(format!("--head: `{text}` is not a head")).hint(
                "a number, a colon and 64 hexadecimal digits, as `regua evidence head` prints it",
            )
        })?),
    };
    let saved = context.open()?;
    let verified = store::verify(saved.connection(), kept.as_ref())?;
    let view = View::<Verified>::new()
        .number("records", |verified| verified.records)
        .words("first_at", |verified| {
            face::instant(context, verified.first_at)
        })
        .words("head", |verified| Cell::maybe(verified.head.as_ref()))
        .words("fault", |verified| Cell::maybe(verified.fault.as_ref()));
    if !context.out.one(view, &verified)? {
        tell(&verified, context)?;
    }
    Ok(if verified.fault.is_some() {
        Outcome::Unacceptable
    } else {
        Outcome::Done
    })
}

/// Says in words what verifying came to.
fn tell(verified: &Verified, context: &Context) -> Result<()> {
    let (Some(head), Some(first)) = (&verified.head, verified.first_at) else {
        if let Some(fault) = &verified.fault {
            context.out.complain(format!("error: {fault}"));
        }
        context.out.say("the ledger has no record yet: it begins with the first collection message that is sent or ends otherwise");
        return Ok(());
    };
    let since = crate::clock::iso(first, context.clock.zone());
    context.out.text(format!(
        "records: {}, since {since}\nhead: {head}\n",
        verified.records
    ))?;
    match &verified.fault {
        None => context
            .out
            .say("every record follows the one before it, and every message is as its records say"),
        Some(fault) => context.out.complain(format!("error: {fault}")),
    }
    Ok(())
}

fn head(context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let head = store::head(saved.connection())?;
    let view = View::<Option<Head>>::new()
        .number("number", |head| head.as_ref().map(|head| head.number))
        .words("digest", |head| {
            Cell::maybe(head.as_ref().map(|head| &head.digest))
        });
    if context.out.one(view, &head)? {
        return Ok(Outcome::Done);
    }
    match head {
        Some(head) => context.out.text(format!("{head}\n"))?,
        None => context.out.say("the ledger has no record yet"),
    }
    Ok(Outcome::Done)
}
