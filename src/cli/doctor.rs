//! `regua doctor`: whether everything a run depends on is well.

use clap::Args;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::jobs::doctor::{self, Finding, Health, Patient};
use crate::view::{Cell, Format, List, Out, Tone, View};

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
    /// What is to be done, said below a table on a terminal, which has no room for it beside.
    remedies: Vec<(String, String)>,
    out: Out,
}

/// Whether people read a table on a terminal.
fn on_terminal(out: Out) -> bool {
    out.drawn() && out.format() == Format::Table
}

impl Report {
    fn new(out: Out) -> Self {
        let view = View::<Finding>::new()
            .words("area", |finding| finding.area)
            .words("status", |finding| health(finding.health))
            .words("message", |finding| Cell::Said(finding.message.clone()));
        let remedy = |finding: &Finding| finding.remedy.clone().map(Cell::Said);
        let view = if on_terminal(out) {
            view.data("remedy", remedy)
        } else {
            view.words("remedy", remedy)
        };
        Self {
            list: out.list(view),
            warnings: 0,
            failures: 0,
            remedies: Vec::new(),
            out,
        }
    }

    fn add(&mut self, finding: &Finding) -> Result<()> {
        self.warnings += usize::from(finding.health == Health::Warning);
        self.failures += usize::from(finding.health == Health::Failure);
        if on_terminal(self.out)
            && let Some(remedy) = &finding.remedy
        {
            self.remedies
                .push((finding.message.clone(), remedy.clone()));
        }
        self.list.row(finding)
    }

    fn finish(self) -> Result<Outcome> {
        let count = |n: usize, word: &str| match n {
            0 => format!("no {word}s"),
            1 => format!("1 {word}"),
            n => format!("{n} {word}s"),
        };
        let totals = format!(
            "{}, {}",
            count(self.failures, "failure"),
            count(self.warnings, "warning")
        );
        self.list.finish(&totals)?;
        for (message, remedy) in &self.remedies {
            self.out.text(format!("! {message}"))?;
            self.out.text(format!("  try: {remedy}"))?;
        }
        Ok(if self.failures > 0 {
            Outcome::WorldFailed
        } else {
            Outcome::Done
        })
    }
}
