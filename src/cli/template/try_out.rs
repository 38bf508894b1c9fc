//! `regua template test`: one message with a client's facts, sent to oneself.

use clap::Args;
use serde_json::json;

use super::subject::{RowArgs, Subject, draft};
use super::{Context, Outcome, face};
use crate::cli::signals::Listener;
use crate::domain::message::Message;
use crate::domain::phone;
use crate::domain::template::Template;
use crate::domain::words::{Reason, Status, Word as _};
use crate::error::{Error, Result, missing};
use crate::jobs::deliver::Once;
use crate::jobs::try_out::{self as job, Trial};
use crate::store::{message, template as store};
use crate::view::{Cell, View};

/// A template to be tried out.
#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// Its name
    name: String,
    /// Where it goes: your own number, mailbox, or the address of your own device
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// The client whose facts it tells
    #[arg(long, value_name = "ID")]
    client: i64,
    #[command(flatten)]
    rows: RowArgs,
    /// Send it without asking, also where the address is a client's
    #[arg(short, long)]
    yes: bool,
}

/// Runs the command.
pub(super) fn run(test: &Test, context: &Context) -> Result<Outcome> {
    let mut saved = context.open()?;
    let template = store::get(saved.connection(), &test.name)?;
    let subject = Subject::gather(test.client, &test.rows, &template, saved.connection())?;
    let draft = draft(context, saved.connection(), &template, &subject)?;
    let trial = job::prepare(
        saved.connection(),
        &context.config,
        &context.clock,
        &template,
        &draft,
        &test.to,
    )?;
    if !trial.owners.is_empty() && !test.yes && !agreed(context, test, &trial)? {
        context.out.say("nothing was sent");
        return Ok(Outcome::Done);
    }
    let listener = Listener::start()?;
    let once = job::send(
        &mut saved,
        &context.config,
        &context.clock,
        &template,
        &trial,
        &listener.stop,
    )?;
    let message = message::get(saved.connection(), once.id)?;
    let message = message.ok_or_else(|| missing("message", once.id))?;
    tell(context, &template, &message)?;
    Ok(listener
        .outcome()
        .unwrap_or_else(|| outcome(&once, &message)))
}

/// Whether a client's address is meant, though the message may tell of another.
fn agreed(context: &Context, test: &Test, trial: &Trial) -> Result<bool> {
    for (id, name) in &trial.owners {
        context.out.warn(if *id == test.client {
            format!("that address is the client's own: {name} would read it")
        } else {
            format!(
                "that address is client {id}'s ({name}), and the message tells of client {}",
                test.client
            )
        });
    }
    if !context.out.interactive() {
        return Err(Error::usage("nobody can be asked here; nothing was sent")
            .hint("--yes to send it all the same"));
    }
    let address = phone::shown(trial.address());
    context.out.ask(&format!("Send it to {address}?"))
}

/// How it ends: the channel may be at fault, or this message.
fn outcome(once: &Once, message: &Message) -> Outcome {
    match message.status {
        _ if once.closed => Outcome::WorldFailed,
        Status::Sent => Outcome::Done,
        _ => Outcome::SomeFailed,
    }
}

fn tell(context: &Context, template: &Template, message: &Message) -> Result<()> {
    let view = View::<Message>::new()
        .number("message_id", |message| message.id)
        .words("template", |_| Cell::of(&template.name))
        .words("channel", |message| message.channel.as_str())
        .number("client_id", |message| message.client_id)
        .words("address", |message| {
            face::address(message.channel, message.address.as_deref())
        })
        .words("status", |message| face::status(message.status))
        .words("reason", |message| message.reason.map(Reason::as_str))
        .words("detail", |message| message.detail.clone())
        .words("provider_id", |message| message.provider_id.clone())
        .words("sent_at", |message| face::instant(context, message.sent_at))
        .data("title", |message| message.title.clone())
        .data("body", |message| json!(message.body));
    let address = phone::shown(message.address.as_deref().unwrap_or_default()).replace('\n', ", ");
    let words = match (message.status, &message.detail) {
        (Status::Sent, _) => format!("sent by {} to {address}", message.channel),
        (Status::Unknown, _) => format!(
            "nobody can tell whether it arrived at {address}: {}",
            message.detail.as_deref().unwrap_or_default()
        ),
        (_, Some(detail)) => format!("it did not go to {address}: {detail}"),
        (_, None) => format!("it did not go to {address}"),
    };
    if message.status == Status::Sent {
        return face::done(context, view, message, words);
    }
    if !context.out.one(view, message)? {
        context.out.complain(format!("error: {words}"));
    }
    Ok(())
}
