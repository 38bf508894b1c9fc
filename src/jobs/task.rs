//! Saving tasks: checked whole, with a word on what is acceptable but unwise.

use std::collections::{BTreeMap, BTreeSet};

use super::provided;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::send::Manner;
use crate::domain::task::{Run, Surroundings, Task, not_forwarded, warnings as unwise};
use crate::domain::template::name_problem;
use crate::domain::words::{Channel, Purpose};
use crate::error::{Error, Flaw, Result, did_you_mean};
use crate::store::{Connection, report, rule, task as store, template};

/// Checks a task, and what it names: everything wrong at once, each with its key.
pub fn flaws(connection: &Connection, task: &Task) -> Result<Vec<Flaw>> {
    let mut flaws = task.flaws();
    if let Some(problem) = name_problem(&task.name) {
        flaws.push(Flaw::of("name", problem, "write a short name"));
    }
    if task.run == Run::Sync
        && let Err(error) = super::sync::wanted(&task.kinds)
    {
        flaws.push(Flaw::of("kinds", error.message, error.hints.join("; ")));
    }
    if task.run != Run::Send {
        return Ok(flaws);
    }
    let report = match task.report.as_deref() {
        None => None,
        Some(name) => {
            let saved = report::find(connection, name)?;
            if saved.is_none() {
                let names = report::list(connection)?;
                flaws.push(unknown(
                    "report",
                    name,
                    names.iter().map(|saved| saved.name.as_str()),
                    "save it with `regua report save`",
                ));
            }
            saved
        }
    };
    let found = match task.template.as_deref() {
        None => None,
        Some(name) => {
            let found = template::find(connection, name)?;
            if found.is_none() {
                let names = template::list(connection)?;
                flaws.push(unknown(
                    "template",
                    name,
                    names.iter().map(|template| template.name.as_str()),
                    "add it with `regua template add`",
                ));
            }
            found
        }
    };
    if let (Some(saved), Some(found)) = (report, found)
        && let Err(error) = Manner::of(&found, saved.report.kind)
    {
        flaws.push(Flaw::of("template", error.message, error.hints.join("; ")));
    }
    Ok(flaws)
}

fn unknown<'a>(
    key: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> Flaw {
    let remedy = did_you_mean(name, known).unwrap_or_else(|| otherwise.to_owned());
    Flaw::of(key, format!("there is no {key} `{name}`"), remedy)
}

/// Saves a task, unless something about it is wrong.
pub fn save(connection: &Connection, task: &Task, now: Now) -> Result<()> {
    let flaws = flaws(connection, task)?;
    if flaws.is_empty() {
        store::save(connection, task, now.at)
    } else {
        Err(Error::flaws(
            format!("the task `{}` is not acceptable", task.name),
            flaws,
        ))
    }
}

/// Refuses a change of a template after which a saved task could not send it.
pub fn still_fine(connection: &Connection, template: &str) -> Result<()> {
    let mut all = Vec::new();
    for name in store::using_template(connection, template)? {
        let found = flaws(connection, &store::get(connection, &name)?)?;
        let place = format!("task `{name}`");
        all.extend(found.into_iter().map(|flaw| flaw.within(&place)));
    }
    if all.is_empty() {
        return Ok(());
    }
    Err(Error::flaws(
        "a task could no longer send this template; nothing was changed",
        all,
    )
    .hint("regua task edit"))
}

/// What is acceptable but unwise about the tasks as they are saved: the task's name and a sentence.
pub fn warnings(connection: &Connection, config: &Config) -> Result<Vec<(String, String)>> {
    let tasks = store::list(connection)?;
    let mut warnings = surrounded(connection, config, |around| unwise(&tasks, around))?;
    for task in &tasks {
        let names = task.template.as_deref();
        for text in provided::warnings(connection, config, names)? {
            warnings.push((task.name.clone(), text));
        }
    }
    Ok(warnings)
}

/// Of the tasks as they are saved those that put in the queue what no task forwards in time.
pub fn unforwarded(connection: &Connection, config: &Config) -> Result<Vec<(String, String)>> {
    let tasks = store::list(connection)?;
    surrounded(connection, config, |around| {
        let told = |task: &Task| Some((task.name.clone(), not_forwarded(task, &tasks, around)?));
        tasks.iter().filter_map(told).collect()
    })
}

/// Looks at tasks with what is around them.
fn surrounded<T>(
    connection: &Connection,
    config: &Config,
    look: impl FnOnce(&Surroundings<'_>) -> T,
) -> Result<T> {
    let whatsapp: Vec<(String, Purpose)> = template::list(connection)?
        .into_iter()
        .filter(|template| !template.channel.goes_at_once())
        .map(|template| (template.name, template.purpose))
        .collect();
    let birthday = config
        .birthday
        .templates
        .iter()
        .find(|name| whatsapp.iter().any(|(known, _)| known == *name))
        .map(String::as_str);
    let in_rules = store::whatsapp_in_rules(connection)?;
    Ok(look(&Surroundings {
        hours: &config.policy.hours,
        birthday_hours: config.birthday.hours,
        whatsapp_in_rules: in_rules.as_deref(),
        whatsapp_birthday: birthday,
        whatsapp_templates: &whatsapp,
        shared: config.queue.shared.is_some(),
    }))
}

/// On which channels each enabled task makes messages, by its name.
pub fn channels_of(
    connection: &Connection,
    config: &Config,
) -> Result<Vec<(String, Vec<Channel>)>> {
    let channels: BTreeMap<String, Channel> = template::list(connection)?
        .into_iter()
        .map(|template| (template.name, template.channel))
        .collect();
    let rules = rule::all(connection)?;
    let tasks = store::list(connection)?
        .into_iter()
        .filter(|task| task.enabled);
    let of = |task: Task| {
        let names: Vec<&str> = match task.run {
            Run::CollectionUpdate => rules
                .iter()
                .flat_map(|kept| kept.rule.templates())
                .collect(),
            Run::BirthdayQueue => config
                .birthday
                .templates
                .iter()
                .map(String::as_str)
                .collect(),
            _ => task.template.as_deref().into_iter().collect(),
        };
        let made = names
            .into_iter()
            .filter_map(|name| channels.get(name))
            .copied();
        let made: BTreeSet<Channel> = made.chain(task.channels.iter().copied()).collect();
        (task.name, made.into_iter().collect())
    };
    Ok(tasks.map(of).collect())
}
