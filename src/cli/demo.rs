//! `regua demo`: a provider of 200 invented clients, and the main job walked through on it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use crate::error::{Error, Result};
use crate::jobs::demo::{self as job, TODAY};
use crate::view::Out;

/// Make a provider of 200 invented clients, and walk through the main job on it.
#[derive(Debug, Args)]
#[command(
    after_help = "Everything is delivered to files in the folder; nothing leaves this machine.\n\n\
        Example:\n  regua demo /tmp/provider && cd /tmp/provider && regua history"
)]
pub(super) struct Command {
    /// The folder: empty, new, or an earlier demo's
    #[arg(default_value = "regua-demo")]
    dir: PathBuf,
}

/// One command of the walk.
struct Step {
    /// What it shows.
    says: &'static str,
    /// The clock it runs at.
    now: String,
    /// Its arguments; those with spaces are shown in quotes.
    arguments: Vec<&'static str>,
}

/// The example files that the demo applies.
const EXAMPLES: &[(&str, &str)] = &[
    ("send.toml", include_str!("../../examples/send.toml")),
    (
        "birthday.toml",
        include_str!("../../examples/birthday.toml"),
    ),
    (
        "collection.toml",
        include_str!("../../examples/collection.toml"),
    ),
    ("ticket.toml", include_str!("../../examples/ticket.toml")),
    ("event.json", include_str!("../../examples/event.json")),
    ("events.jsonl", include_str!("../../examples/events.jsonl")),
];

/// The walk: a bulk push, what became of it, and the history.
fn sending() -> Vec<Step> {
    let at = |says, arguments| Step {
        says,
        now: format!("{TODAY}T09:00"),
        arguments,
    };
    vec![
        at(
            "The ERP's files become the book, in one transaction.",
            vec!["import", "data"],
        ),
        at(
            "Templates and a saved report are kept as files.",
            vec!["apply", "send.toml"],
        ),
        at(
            "Who is cut for debt?",
            vec!["report", "run", "cut-for-debt", "--limit", "5"],
        ),
        at(
            "What would they receive? Nothing is sent yet.",
            vec![
                "send",
                "cut-for-debt",
                "--template",
                "cut-push",
                "--dry-run",
            ],
        ),
        at(
            "Send it. Whoever cannot be reached is told with the reason.",
            vec!["send", "cut-for-debt", "--template", "cut-push", "--yes"],
        ),
        at(
            "Once more: everyone had it today, so nobody gets it twice.",
            vec!["send", "cut-for-debt", "--template", "cut-push", "--yes"],
        ),
        at(
            "The history knows every message, and why some did not go.",
            vec!["history", "--limit", "5"],
        ),
    ]
}

/// The walk on: a birthday, and what cron starts.
fn birthdays() -> Vec<Step> {
    let at = |time: &str, says, arguments| Step {
        says,
        now: format!("{TODAY}T{time}"),
        arguments,
    };
    vec![
        at(
            "09:00",
            "A birthday template, and two tasks: one fills the queue at 10, one forwards it.",
            vec!["apply", "birthday.toml"],
        ),
        at("09:00", "What runs when?", vec!["task", "list"]),
        at(
            "10:00",
            "It is 10 o'clock: what cron calls each minute runs both, in order.",
            vec!["task", "run-due"],
        ),
        at(
            "10:00",
            "Three people have their birthday today.",
            vec!["history", "--origin", "birthday"],
        ),
        at(
            "10:30",
            "Once a year, however often it runs.",
            vec!["birthday", "queue"],
        ),
    ]
}

/// A ticket opened, answered and resolved.
fn ticketing() -> Vec<Step> {
    let at = |minute: u32, says, arguments| Step {
        says,
        now: format!("{TODAY}T11:{minute:02}"),
        arguments,
    };
    vec![
        at(
            0,
            "Triggers say which ticket event tells whom.",
            vec!["apply", "ticket.toml"],
        ),
        at(
            0,
            "Who would hear of this new ticket, and who would not? Nothing is sent.",
            vec![
                "trigger",
                "test",
                "opened-by-client",
                "--event",
                "event.json",
            ],
        ),
        at(
            0,
            "The ERP's events come as JSON Lines, from a file or a pipe.",
            vec!["ticket", "events", "events.jsonl"],
        ),
        at(
            20,
            "An answer: the staff named in the trigger, then the responsible.",
            vec![
                "ticket",
                "reply",
                "--ticket",
                "1070",
                "--by",
                "staff",
                "--text",
                "Reiniciamos a porta da OLT; o sinal voltou.",
            ],
        ),
        at(
            45,
            "Resolved: the client, the responsible, the managers.",
            vec!["ticket", "move", "--ticket", "1070", "--to", "resolved"],
        ),
        at(
            45,
            "Who was told what, and when?",
            vec!["ticket", "show", "1070"],
        ),
    ]
}

/// Ten days of collections, with what was paid meanwhile; then the report, one invoice's way, and what
/// is to come.
fn collecting() -> Vec<Step> {
    let at = |now: String, says, arguments| Step {
        says,
        now,
        arguments,
    };
    let mut steps = vec![at(
        format!("{TODAY}T10:30"),
        "The régua de cobrança: a ladder from reminder to closing, kept as a file.",
        vec!["apply", "collection.toml"],
    )];
    let days = [
        "2026-11-23",
        "2026-11-24",
        "2026-11-25",
        "2026-11-26",
        "2026-11-27",
        "2026-11-28",
        "2026-11-29",
        "2026-11-30",
        "2026-12-01",
        "2026-12-02",
    ];
    for (place, day) in days.into_iter().enumerate() {
        if let Some((_, file)) = job::PAYMENTS.iter().find(|(on, _)| *on == day) {
            steps.push(at(
                format!("{day}T10:45"),
                "The ERP tells what was paid.",
                vec!["import", "invoices", file],
            ));
        }
        steps.push(at(
            format!("{day}T11:00"),
            match place {
                0 => "The first update: late invoices enter, reminders go out.",
                1 => "A day later nobody moves twice, and nobody skips a stage.",
                6 => "A Sunday: what is decided waits for the contact hours of Monday.",
                _ => "Another day.",
            },
            vec!["collection", "update"],
        ));
    }
    let last = |says, arguments| at("2026-12-02T11:05".to_owned(), says, arguments);
    steps.extend([
        last(
            "The relatório de cobranças, here of one stage.",
            vec!["collection", "list", "--open", "--stage", "visit"],
        ),
        last(
            "One invoice's whole way, and why nothing more happens to it.",
            vec!["collection", "show", job::SHOWN_INVOICE],
        ),
        last(
            "What the coming days would send if nobody paid.",
            vec!["collection", "forecast", "--days", "10"],
        ),
        last("How each stage has done.", vec!["collection", "stats"]),
    ]);
    steps
}

/// Runs the command.
pub(super) fn run(command: &Command, out: Out) -> Result<Outcome> {
    job::make(&command.dir)?;
    for (name, text) in EXAMPLES {
        fs::write(command.dir.join(name), text).map_err(|error| {
            Error::world(format!("the demo cannot write {name}")).because(error)
        })?;
    }
    out.text(format!(
        "A provider of 200 invented clients is in {}. The clock stands at Monday {TODAY}, 9 o'clock.",
        command.dir.display()
    ))?;
    let walks = [sending(), birthdays(), ticketing(), collecting()];
    for step in walks.into_iter().flatten() {
        walk(&command.dir, &step, out)?;
    }
    out.text(format!(
        "\nDelivered messages are in {0}/push.jsonl and whatsapp.jsonl. Look further:\n  \
         cd {0} && export REGUA_NOW=2026-12-02T12:00\n  \
         regua report run invoices --filter 'overdue_days>=30' --order open_amount:desc\n  \
         regua send show 1 -o csv",
        command.dir.display()
    ))?;
    Ok(Outcome::Done)
}

/// Shows a command, runs it, and lets its answer follow.
fn walk(dir: &Path, step: &Step, out: Out) -> Result<()> {
    let shown: Vec<String> = step
        .arguments
        .iter()
        .map(|word| {
            if word.contains(' ') || word.contains('>') {
                format!("'{word}'")
            } else {
                (*word).to_owned()
            }
        })
        .collect();
    out.text(format!("\n# {}\n$ regua {}", step.says, shown.join(" ")))?;
    let mut arguments: Vec<OsString> = vec!["regua".into(), "--config".into()];
    arguments.push(dir.join("config.toml").into());
    arguments.extend(["--now".into(), OsString::from(&step.now)]);
    for word in &step.arguments {
        // Files are named from within the folder.
        let path = dir.join(word);
        if path.exists() {
            arguments.push(path.into());
        } else {
            arguments.push(word.into());
        }
    }
    match super::run(arguments) {
        0 => Ok(()),
        code => Err(Error::world(format!(
            "the demo's `regua {}` ended with exit code {code}",
            shown.join(" ")
        ))),
    }
}
