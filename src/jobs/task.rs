//! Saving tasks: checked whole, with a word on what is acceptable but unwise.

use super::provided;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::send::Manner;
use crate::domain::task::{Run, Surroundings, Task, warnings as unwise};
use crate::domain::template::name_problem;
use crate::domain::words::Purpose;
use crate::error::{Error, Flaw, Result, did_you_mean};
use crate::store::{Connection, report, task as store, template};

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
    let tasks = store::list(connection)?;
    let mut warnings = unwise(
        &tasks,
        &Surroundings {
            hours: &config.policy.hours,
            birthday_hours: config.birthday.hours,
            whatsapp_in_rules: in_rules.as_deref(),
            whatsapp_birthday: birthday,
            whatsapp_templates: &whatsapp,
        },
    );
    for task in &tasks {
        let names = task.template.as_deref();
        for text in provided::warnings(connection, config, names)? {
            warnings.push((task.name.clone(), text));
        }
    }
    Ok(warnings)
}
