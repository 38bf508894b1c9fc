//! `regua doctor`: whether everything a run depends on is well.

use clap::Args;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::jobs::doctor::{self, Finding, Health, Patient};
use crate::view::{Cell, List, Out, Tone, View};

/// Check configuration, secrets, database, clock, definitions, providers and source; nothing is sent
#[derive(Debug, Args)]
#[command(
    after_help = "Each line is ok, a warning or a failure, with what to do about it.\n\
        Providers and the source are asked something harmless, such as who they think we are.\n\n\
        Exit code: 0, or 4 when anything failed."
)]
pub(super) struct Command {}

/// Runs the command.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut report = Report::new(context.out);
    let now = context.now();
    let patient = Patient {
        config: &context.config,
        database: context.database(),
        now: &now,
    };
    doctor::examine(&patient, &mut |finding| report.add(&finding))?;
    report.finish()
}

/// Runs the command where the configuration itself was refused.
pub(super) fn run_without_configuration(out: Out, error: &Error) -> Result<Outcome> {
    let mut report = Report::new(out);
    for finding in doctor::refused_configuration(error) {
        report.add(&finding)?;
    }
    report.finish()
}

/// How something is.
fn health(health: Health) -> Cell {
    let tone = match health {
        Health::Ok => Tone::Good,
        Health::Warning => Tone::Warn,
        Health::Failure => Tone::Bad,
    };
    Cell::Toned(health.as_str().to_owned(), tone)
}

/// The findings on their way to paper.
struct Report {
    list: List<'static, Finding>,
    warnings: usize,
    failures: usize,
}

impl Report {
    fn new(out: Out) -> Self {
        Self {
            list: out.list(
                View::<Finding>::new()
                    .words("area", |finding| finding.area)
                    .words("status", |finding| health(finding.health))
                    .words("message", |finding| Cell::Said(finding.message.clone()))
                    .words("remedy", |finding| finding.remedy.clone().map(Cell::Said))
                    .keeps(&["status", "message", "remedy"]),
            ),
            warnings: 0,
            failures: 0,
        }
    }

    fn add(&mut self, finding: &Finding) -> Result<()> {
        self.warnings += usize::from(finding.health == Health::Warning);
        self.failures += usize::from(finding.health == Health::Failure);
        self.list.row(finding)
    }

    fn finish(self) -> Result<Outcome> {
        let count = |n: usize, word: &str| match n {
            0 => format!("no {word}s"),
            1 => format!("1 {word}"),
            n => format!("{n} {word}s"),
        };
        self.list.finish(&format!(
            "{}, {}",
            count(self.failures, "failure"),
            count(self.warnings, "warning")
        ))?;
        Ok(if self.failures > 0 {
            Outcome::WorldFailed
        } else {
            Outcome::Done
        })
    }
}
