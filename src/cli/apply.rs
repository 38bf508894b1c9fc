//! `regua apply` and `regua export`: definitions as files.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::jobs::apply as job;
use crate::jobs::plan::{ApplyChange, ApplyPlan, ApplyStep, Options};
use crate::view::{Cell, Format, View, harmless, language};

/// Make what is saved the same as some files: templates, reports, rules, triggers and tasks.
#[derive(Debug, Args)]
#[command(
    after_help = "The plan is printed: + new, ~ changed (with the changed keys), = the same, - removed. It is carried\n\
        out in one transaction: all of it, or nothing.\n\n\
        Examples:\n  \
        regua apply rules.toml\n  \
        regua apply --check conf.d/*.toml        exit 0: nothing would change, 6: something would, 3: something is wrong"
)]
pub(super) struct Apply {
    /// TOML files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Look only: change nothing
    #[arg(long)]
    check: bool,
    /// Remove what the files no longer name
    #[arg(long)]
    prune: bool,
}

/// Print everything saved as TOML, in the form that `apply` reads.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  regua export > saved.toml")]
pub(super) struct Export {}

/// Runs `regua apply`.
pub(super) fn run(command: &Apply, context: &mut Context) -> Result<Outcome> {
    let mut store = if command.check {
        context.open_to_look()?
    } else {
        context.open()?
    };
    let options = Options {
        check: command.check,
        prune: command.prune,
    };
    let now = context.now();
    let plan = job::apply(&mut store, &context.config, &command.files, options, now)?;
    for warning in &plan.warnings {
        context.out.warn(warning);
    }
    answer(context, &plan)?;
    Ok(if command.check && plan.changes() {
        Outcome::Changes
    } else {
        Outcome::Done
    })
}

fn answer(context: &Context, plan: &ApplyPlan) -> Result<()> {
    if context.out.format() == Format::Table {
        let mut text = String::new();
        for step in &plan.steps {
            let (sign, keys) = match &step.change {
                ApplyChange::New => ('+', String::new()),
                ApplyChange::Changed(keys) => ('~', format!(" ({})", keys.join(", "))),
                ApplyChange::Same => ('=', String::new()),
                ApplyChange::Removed => ('-', String::new()),
            };
            let name = harmless::line(&step.name);
            let kind = language::word(step.kind);
            text.push_str(&format!("{sign} {kind} {name}{keys}\n"));
        }
        return context.out.theirs(text);
    }
    let view = View::<ApplyStep>::new()
        .words("change", |step| match &step.change {
            ApplyChange::New => "new",
            ApplyChange::Changed(_) => "changed",
            ApplyChange::Same => "same",
            ApplyChange::Removed => "removed",
        })
        .words("kind", |step| step.kind)
        .words("name", |step| Cell::of(&step.name))
        .words("fields", |step| match &step.change {
            ApplyChange::Changed(keys) => json!(keys),
            ApplyChange::New | ApplyChange::Same | ApplyChange::Removed => json!([]),
        });
    context.out.all(view, &plan.steps)
}

/// Runs `regua export`.
pub(super) fn run_export(_command: &Export, context: &mut Context) -> Result<Outcome> {
    if context.out.format() == Format::Csv {
        return Err(Error::usage(
            "`export` writes TOML, which `apply` reads, or JSON: no sheet holds it",
        )
        .hint("regua template list -o csv, and so on, list what is saved"));
    }
    let store = context.open()?;
    let text = job::export(store.connection())?;
    if text.is_empty() {
        context.out.say("nothing is saved yet");
        context
            .out
            .say("  try: regua template add, or regua apply FILE");
    }
    if !context.out.document(&job::as_document(&text)?)? {
        context.out.exact(text)?;
    }
    Ok(Outcome::Done)
}
