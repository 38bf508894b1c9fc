//! Apply: definitions from files become what is saved, all of them or none; and export, the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::birthday;
use super::plan::{ApplyChange, ApplyPlan, ApplyStep, Options, steps};
use super::provided;
use super::rule as rules;
use super::task as tasks;
use super::template as templates;
use super::trigger as triggers;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::task::Task;
use crate::error::{Error, Flaw, Result};
use crate::source::definition::{self, Definitions, Placed};
use crate::store::{
    Connection, Store, Transaction, report as stored_report, rule as stored_rule,
    task as stored_task, template as stored_template, trigger as stored_trigger,
};

/// Reads files, plans, and carries the plan out in one transaction (or only looks).
pub fn apply(
    store: &mut Store,
    config: &Config,
    files: &[PathBuf],
    options: Options,
    now: Now,
) -> Result<ApplyPlan> {
    let (mut wanted, mut problems) = read(files);
    if !problems.is_empty() {
        if !wanted.templates_missed {
            problems.extend(rules::foreseen(store.connection(), &wanted)?);
        }
        return Err(not_acceptable(files, problems));
    }
    fetch_texts(config, &mut wanted)?;
    let carry_out = |transaction: &Transaction<'_>| {
        let carried_out = carry_out(transaction, config, &wanted, options, now)?;
        carried_out.map_err(|flaws| not_acceptable(files, flaws))
    };
    if options.check {
        store.rehearse(carry_out)
    } else {
        store.write(carry_out)
    }
}

/// Flaws as an error, each file's in the order of its lines; last what stands in none.
fn not_acceptable(files: &[PathBuf], mut flaws: Vec<Flaw>) -> Error {
    let files: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    flaws.sort_by_cached_key(|flaw| {
        let mut found = files.iter().enumerate().filter_map(|(number, file)| {
            let rest = flaw.place.strip_prefix(file.as_str())?;
            Some((number, line(rest)?))
        });
        found.next().unwrap_or((usize::MAX, 0))
    });
    Error::flaws(
        "the definitions are not acceptable; nothing was changed",
        flaws,
    )
}

/// The line that stands after a file's name: `:12`; none is 0.
fn line(rest: &str) -> Option<u64> {
    let Some(rest) = rest.strip_prefix(':') else {
        return rest.is_empty().then_some(0);
    };
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// Reads every file, with every problem of all of them.
fn read(files: &[PathBuf]) -> (Definitions, Vec<Flaw>) {
    let mut definitions = Definitions::default();
    let mut problems = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match fs::read(file).map(String::from_utf8) {
            Ok(Ok(text)) => problems.extend(definitions.read(&name, &text)),
            Ok(Err(_)) => {
                definitions.templates_missed = true;
                problems.push(Flaw::at(name, "is not UTF-8 text", "save it as UTF-8"));
            }
            Err(error) => {
                definitions.templates_missed = true;
                problems.push(Flaw::at(name, format!("cannot be read ({error})"), ""));
            }
        }
    }
    twice(
        "template",
        &definitions.templates,
        |t| &t.name,
        &mut problems,
    );
    twice("report", &definitions.reports, |r| &r.name, &mut problems);
    twice("rule", &definitions.rules, |r| &r.draft.name, &mut problems);
    twice("task", &definitions.tasks, |t| &t.name, &mut problems);
    twice("trigger", &definitions.triggers, |t| &t.name, &mut problems);
    (definitions, problems)
}

/// Finds names that stand twice.
fn twice<T>(kind: &str, all: &[Placed<T>], name: impl Fn(&T) -> &String, problems: &mut Vec<Flaw>) {
    let mut seen: BTreeMap<&String, &String> = BTreeMap::new();
    for placed in all {
        let name = name(&placed.value);
        if name.is_empty() {
            continue;
        }
        match seen.get(name) {
            Some(first) => {
                let found = format!("`{name}` stands already at {first}");
                problems.push(
                    Flaw::of(format!("{kind}.name"), found, "give each name once")
                        .within(&placed.place),
                );
            }
            None => {
                seen.insert(name, &placed.place);
            }
        }
    }
}

/// Fetches the texts of whatsapp templates from the provider, before any transaction.
fn fetch_texts(config: &Config, wanted: &mut Definitions) -> Result<()> {
    for placed in &mut wanted.templates {
        placed.value = templates::ready(config, placed.value.clone(), false)
            .map_err(|error| error.at(format!("in {}", placed.place)))?;
    }
    Ok(())
}

/// Carries out what files want; or everything that is wrong with it, and then nothing of it is to be kept.
fn carry_out(
    connection: &Connection,
    config: &Config,
    wanted: &Definitions,
    options: Options,
    now: Now,
) -> Result<Result<ApplyPlan, Vec<Flaw>>> {
    let mut plan = ApplyPlan::default();
    let [templates, reports, saved_tasks] = compared(connection, wanted, options)?;
    for placed in &wanted.templates {
        stored_template::save(connection, &placed.value)?;
        let unprovided = provided::template_warnings(config, &placed.value);
        for warning in templates::warnings(&placed.value, &[])
            .into_iter()
            .chain(unprovided)
        {
            plan.warnings
                .push(format!("template `{}`: {warning}", placed.value.name));
        }
    }
    for placed in &wanted.reports {
        stored_report::save(connection, &placed.value)?;
    }
    let (rule_steps, mut flaws) = rules::carry_out(
        connection, config, wanted, options, &templates, now, &mut plan,
    )?;
    let (trigger_steps, of_triggers) =
        triggers::carry_out(connection, config, wanted, options, &mut plan.warnings)?;
    flaws.extend(of_triggers);
    flaws.extend(save_tasks(connection, &wanted.tasks, now)?);
    if !flaws.is_empty() {
        return Ok(Err(flaws));
    }
    // What goes, goes last: by then nothing that stays may name it.
    for name in removed(&saved_tasks) {
        stored_task::remove(connection, name)?;
    }
    for name in removed(&reports) {
        stored_report::remove(connection, name)?;
    }
    for name in removed(&templates) {
        templates::remove_within(connection, config, name)?;
    }
    for placed in &wanted.templates {
        tasks::still_fine(connection, &placed.value.name)?;
        birthday::still_fine(connection, config, &placed.value.name)?;
    }
    for (name, text) in tasks::warnings(connection, config)? {
        plan.warnings.push(format!("task `{name}`: {text}"));
    }
    plan.steps.extend(templates);
    plan.steps.extend(reports);
    plan.steps.extend(rule_steps);
    plan.steps.extend(trigger_steps);
    plan.steps.extend(saved_tasks);
    Ok(Ok(plan))
}

/// What the files change about the saved templates, reports and tasks, in this order.
fn compared(
    connection: &Connection,
    wanted: &Definitions,
    options: Options,
) -> Result<[Vec<ApplyStep>; 3]> {
    Ok([
        steps(
            "template",
            &wanted.templates,
            &stored_template::list(connection)?,
            |t| &t.name,
            definition::template::write,
            options.prune,
        ),
        steps(
            "report",
            &wanted.reports,
            &stored_report::list(connection)?,
            |r| &r.name,
            definition::report::write,
            options.prune,
        ),
        steps(
            "task",
            &wanted.tasks,
            &stored_task::list(connection)?,
            |t| &t.name,
            definition::task::write,
            options.prune,
        ),
    ])
}

/// The names of what goes.
fn removed(steps: &[ApplyStep]) -> impl Iterator<Item = &str> {
    let gone = steps
        .iter()
        .filter(|step| step.change == ApplyChange::Removed);
    gone.map(|step| step.name.as_str())
}

/// Saves tasks once everything that they may name is saved; every problem of all of them at once.
fn save_tasks(connection: &Connection, wanted: &[Placed<Task>], now: Now) -> Result<Vec<Flaw>> {
    let mut problems = Vec::new();
    for placed in wanted {
        for flaw in tasks::flaws(connection, &placed.value)? {
            problems.push(Flaw {
                place: placed.place.clone(),
                key: format!("task.{}", flaw.key),
                ..flaw
            });
        }
        stored_task::save(connection, &placed.value, now.at)?;
    }
    Ok(problems)
}

/// What [`export`] writes, as a document with the same tables and keys.
pub fn as_document(text: &str) -> Result<serde_json::Value> {
    toml::from_str(text).map_err(|error| Error::unacceptable(format!("the export: {error}")))
}

/// Everything that is saved, as TOML.
pub fn export(connection: &Connection) -> Result<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        stored_template::list(connection)?
            .iter()
            .map(definition::template::write),
    );
    parts.extend(
        stored_report::list(connection)?
            .iter()
            .map(definition::report::write),
    );
    parts.extend(
        stored_rule::all(connection)?
            .iter()
            .map(|kept| definition::rule::write(&kept.rule)),
    );
    parts.extend(
        stored_task::list(connection)?
            .iter()
            .map(definition::task::write),
    );
    parts.extend(
        stored_trigger::list(connection)?
            .iter()
            .map(definition::trigger::write),
    );
    Ok(parts.join("\n"))
}

/// What is unwise about everything that is saved: it is applied to itself, and nothing is kept.
///
/// # Errors
/// When something that is saved would not be accepted today (exit 3).
pub fn review(store: &mut Store, config: &Config, now: Now) -> Result<ApplyPlan> {
    let mut wanted = Definitions::default();
    let problems = wanted.read("the database", &export(store.connection())?);
    if !problems.is_empty() {
        return Err(Error::flaws("what is saved is not acceptable", problems));
    }
    // A provider's text is the one that was saved: nobody is asked for it again.
    for placed in &mut wanted.templates {
        if let Some(saved) = stored_template::find(store.connection(), &placed.value.name)? {
            placed.value = saved;
        }
    }
    store.rehearse(|transaction| {
        let reviewed = carry_out(transaction, config, &wanted, Options::default(), now)?;
        reviewed.map_err(|flaws| not_acceptable(&[], flaws))
    })
}
