//! `regua trigger`: which event of tickets and of access tells whom, with which template.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, Outcome, arguments, face};
use crate::domain::ticket::trigger::Trigger;
use crate::error::Result;
use crate::jobs::trigger as job;
use crate::store::trigger as store;
use crate::view::measure::padded;
use crate::view::{Cell, View, harmless};

mod access;
mod change;
mod held;
mod rehearsal;

/// Who hears of tickets and of access: add, edit, list, show, remove, test, release, drop.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Events: new-ticket-client, new-internal-ticket, new-public-ticket-by-client,\n\
    new-public-ticket-by-staff, workflow, reply; access: a contract was cut, or is connected again.\n\n\
    Examples:\n  \
    regua trigger add opened --event new-ticket-client --topic 4 --template opened-email --template opened-sms\n  \
    regua trigger add resolved --event workflow --to resolved --audience client,responsible --template moved-email\n  \
    regua trigger add answered --event reply --staff 3 --fallback team:Suporte --template replied-email\n  \
    regua trigger add cut --event access --to auto_block,manual_block --template cut-push\n  \
    regua trigger add back --event access --from auto_block,manual_block --to active --template back-push"
)]
pub(super) enum Command {
    /// Add a trigger
    #[command(after_help = "Example:\n  \
        regua trigger add cut --event access --to auto_block,manual_block --template cut-push\n  \
        regua trigger add internal --event new-internal-ticket --subtopic 9 --team Suporte --staff 3,5 --template new-email")]
    Add(change::Add),
    /// Change parts of a trigger; an empty value takes a part away
    #[command(after_help = "Examples:\n  \
        regua trigger edit resolved --priority urgent\n  \
        regua trigger edit opened --topic ''")]
    Edit(change::Edit),
    /// List the triggers
    List,
    /// Show one trigger
    Show {
        /// Its name
        name: String,
    },
    /// Remove a trigger
    Remove {
        /// Its name
        name: String,
    },
    /// Show who would hear of an event by it, in which order, and who would not and why; nothing is sent
    #[command(after_help = "Examples:\n  \
        regua trigger test opened --event event.json\n  \
        echo '{\"contract_id\":11,\"from\":\"active\",\"to\":\"auto_block\"}' | regua trigger test cut --event -")]
    Test {
        /// Its name
        name: String,
        /// A file with one event as JSON; - is standard input
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
    },
    /// Tell of the changes of access that were held back because they were too many for one run
    #[command(
        after_help = "More than [triggers] most_access (200) changes of access in one import or sync are told to nobody\n\
        until a person looks: release tells them all (whose contract has changed again meanwhile is not told),\n\
        drop none of them.\n\n\
        Example:\n  regua trigger release --yes"
    )]
    Release(held::Release),
    /// Tell nobody of the changes of access that were held back
    #[command(after_help = "Example:\n  regua trigger drop")]
    Drop,
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => change::add(add, context),
        Command::Edit(edit) => change::edit(edit, context),
        Command::List => {
            let saved = context.open()?;
            let triggers = store::list(saved.connection())?;
            let view = view().spares(&["subtopics", "audience"]).when_empty(
                "no triggers yet",
                "regua trigger add --help, or regua apply FILE",
            );
            context.out.all(view, &triggers)?;
            Ok(Outcome::Done)
        }
        Command::Show { name } => show(&name, context),
        Command::Remove { name } => {
            let mut saved = context.open()?;
            job::remove(&mut saved, &name)?;
            face::removed(context, "trigger", &name)
        }
        Command::Test { name, event } => rehearsal::run(&name, &event, context),
        Command::Release(release) => held::release(&release, context),
        Command::Drop => held::drop_held(context),
    }
}

/// The parts of a trigger, by the names that TOML gives them.
fn view<'a>() -> View<'a, Trigger> {
    View::<Trigger>::new()
        .words("name", |trigger| Cell::of(&trigger.name))
        .words("event", |trigger| json!(trigger.event))
        .words("topics", |trigger| json!(trigger.topics))
        .words("subtopics", |trigger| json!(trigger.subtopics))
        .data("from", |trigger| json!(trigger.from))
        .data("to", |trigger| json!(trigger.to))
        .data("priorities", |trigger| json!(trigger.priorities))
        .words("audience", |trigger| {
            let audience = trigger.audience.iter().map(ToString::to_string);
            json!(audience.collect::<Vec<_>>())
        })
        .data("teams", |trigger| json!(trigger.teams))
        .data("staff", |trigger| json!(trigger.staff))
        .data("fallback", |trigger| Cell::maybe(trigger.fallback.as_ref()))
        .words("templates", |trigger| json!(trigger.templates))
        .data("duplicates", |trigger| {
            trigger.allow_duplicates.then_some("allow")
        })
}

/// Columns that the name of a part takes.
const NAMES: usize = 10;

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let saved = context.open()?;
    let trigger = store::get(saved.connection(), name)?;
    if context.out.one(view(), &trigger)? {
        return Ok(Outcome::Done);
    }
    let mut text = format!("{} on {}\n", trigger.name, trigger.event);
    // The name and the event stand in the first line.
    for (key, value) in view().object(&trigger).into_iter().skip(2) {
        let shown = match &value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
            value => plain(value),
        };
        let shown = harmless::line(&shown);
        text.push_str(&format!("{}  {shown}\n", padded(&key, NAMES)));
    }
    context.out.text(text)?;
    Ok(Outcome::Done)
}

/// A value without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
