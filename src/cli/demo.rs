//! `regua demo`: a provider of 200 invented clients, and the main job walked through on it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use crate::error::{Error, Result};
use crate::jobs::demo::{self as job, TODAY};
use crate::view::{Out, language};

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
    now: &'static str,
    /// The command line without the program's name.
    line: &'static str,
}

/// The walk: a bulk push, a birthday, a ticket, an outage, a cut, ten days of collections.
const WALK: &str = include_str!("../../examples/demo/walk.txt");

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
    (
        "incident.toml",
        include_str!("../../examples/incident.toml"),
    ),
    ("letter.toml", include_str!("../../examples/letter.toml")),
    ("event.json", include_str!("../../examples/event.json")),
    ("events.jsonl", include_str!("../../examples/events.jsonl")),
    (
        "receipts.csv",
        include_str!("../../examples/demo/receipts.csv"),
    ),
];

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
    for step in steps(WALK) {
        walk(&command.dir, &step, out)?;
    }
    out.text(format!(
        "\nDelivered messages are in {0}/push.jsonl and whatsapp.jsonl, the letter in {0}/letters. Look further:\n  \
         cd {0} && export REGUA_NOW=2026-12-02T12:00\n  \
         regua report run invoices --filter 'overdue_days>=30' --order open_amount:desc\n  \
         regua send show 1 -o csv",
        command.dir.display()
    ))?;
    Ok(Outcome::Done)
}

/// The steps of a walk: `@` sets the clock, `#` says what the command after it shows, `$` is a command.
fn steps(walk: &'static str) -> impl Iterator<Item = Step> {
    let (mut now, mut says) = ("", "");
    walk.lines().filter_map(move |line| {
        match line.split_at_checked(2)? {
            ("@ ", text) => now = text,
            ("# ", text) => says = text,
            ("$ ", line) => return Some(Step { says, now, line }),
            _ => {}
        }
        None
    })
}

/// The words of a command line; single quotes hold one together.
fn words(line: &str) -> Vec<String> {
    line.split('\'')
        .enumerate()
        .flat_map(|(place, part)| {
            if place.is_multiple_of(2) {
                part.split_whitespace().map(str::to_owned).collect()
            } else {
                vec![part.to_owned()]
            }
        })
        .collect()
}

/// Shows a command, runs it, and lets its answer follow.
fn walk(dir: &Path, step: &Step, out: Out) -> Result<()> {
    let Step { says, now, line } = *step;
    out.theirs(format!("\n# {}\n$ regua {line}", language::said(says)))?;
    let mut arguments: Vec<OsString> = vec!["regua".into(), "--config".into()];
    arguments.push(dir.join("config.toml").into());
    arguments.extend(["--now".into(), OsString::from(now)]);
    for word in words(line) {
        // Files are named from within the folder.
        let path = dir.join(&word);
        if path.exists() {
            arguments.push(path.into());
        } else {
            arguments.push(word.into());
        }
    }
    match super::run(arguments) {
        0 => Ok(()),
        code => Err(Error::world(format!(
            "the demo's `regua {line}` ended with exit code {code}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_walk_has_its_clock_and_says_what_it_shows() {
        let steps: Vec<Step> = steps(WALK).collect();
        let commands = WALK.lines().filter(|line| line.starts_with('$')).count();
        assert_eq!(steps.len(), commands);
        for step in steps {
            assert!(step.now.starts_with("2026-") && !step.says.is_empty());
            assert!(!words(step.line).is_empty());
        }
    }

    #[test]
    fn what_the_walk_says_has_its_portuguese() {
        let said = steps(WALK).map(|step| step.says.to_owned());
        let lacking = language::lacking(said);
        assert!(lacking.is_empty(), "{lacking:#?}");
    }

    #[test]
    fn quotes_hold_a_word_together() {
        assert_eq!(
            words("ticket reply --text 'It works; again' --by staff"),
            [
                "ticket",
                "reply",
                "--text",
                "It works; again",
                "--by",
                "staff"
            ]
        );
    }
}
