//! Saving and removing triggers: checked whole, with a warning of what is probably not meant.

use std::collections::HashMap;

use super::plan::{ApplyChange, ApplyStep, Options, steps};
use super::provided;
use crate::config::Config;
use crate::domain::template::Template;
use crate::domain::text::typed;
use crate::domain::ticket::trigger::Trigger;
use crate::domain::ticket::warning::Office;
use crate::error::{Error, Flaw, Result};
use crate::source::definition::{self, Definitions};
use crate::store::{Connection, Store, template, ticket, trigger as store};

/// Everything wrong with a trigger, `templates` being those there will be.
pub fn flaws(trigger: &Trigger, templates: &[Template]) -> Vec<Flaw> {
    let by_name = by_name(templates);
    let names: Vec<String> = templates.iter().map(|t| t.name.clone()).collect();
    trigger.all_flaws(|name| by_name.get(name).copied(), &names)
}

/// What is allowed and probably not meant, as far as the book tells.
pub fn warnings(
    connection: &Connection,
    config: &Config,
    trigger: &Trigger,
    templates: &[Template],
) -> Result<Vec<String>> {
    let by_name = by_name(templates);
    let mut told = trigger.warnings(
        |name| by_name.get(name).copied(),
        &Office {
            staff: &ticket::staff(connection)?,
            topics: &ticket::topics(connection)?,
            statuses: &ticket::statuses(connection)?,
            priorities: &ticket::priorities(connection)?,
        },
    );
    let names = trigger.templates.iter().map(String::as_str);
    for text in provided::warnings(connection, config, names)? {
        told.push(format!("trigger `{}`: {text}", trigger.name));
    }
    Ok(told)
}

fn by_name(templates: &[Template]) -> HashMap<&str, &Template> {
    templates
        .iter()
        .map(|template| (template.name.as_str(), template))
        .collect()
}

/// Adds a trigger, which must be new, and answers the warnings.
pub fn add(saved: &mut Store, config: &Config, trigger: &Trigger) -> Result<Vec<String>> {
    saved.write(|transaction| {
        if store::find(transaction, &trigger.name)?.is_some() {
            return Err(Error::unacceptable(format!(
                "there is a trigger `{}` already",
                trigger.name
            ))
            .hint(format!("regua trigger edit {}", typed(&trigger.name))));
        }
        put(transaction, config, trigger)
    })
}

/// Changes a trigger, which must be there, and answers what it is now with the warnings.
pub fn edit(
    saved: &mut Store,
    config: &Config,
    name: &str,
    change: impl FnOnce(&mut Trigger) -> Result<()>,
) -> Result<(Trigger, Vec<String>)> {
    saved.write(|transaction| {
        let mut trigger = store::get(transaction, name)?;
        change(&mut trigger)?;
        let warnings = put(transaction, config, &trigger)?;
        Ok((trigger, warnings))
    })
}

fn put(connection: &Connection, config: &Config, trigger: &Trigger) -> Result<Vec<String>> {
    let templates = template::list(connection)?;
    let flaws = flaws(trigger, &templates);
    if !flaws.is_empty() {
        return Err(Error::flaws(
            format!("trigger `{}` is not acceptable", trigger.name),
            flaws,
        ));
    }
    store::save(connection, trigger)?;
    warnings(connection, config, trigger, &templates)
}

/// Whether every saved trigger still goes with its templates.
pub fn still_fine(connection: &Connection) -> Result<()> {
    let templates = template::list(connection)?;
    let flaws: Vec<Flaw> = store::list(connection)?
        .iter()
        .flat_map(|trigger| flaws(trigger, &templates))
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Error::flaws(
        "a trigger would no longer be acceptable; nothing was changed",
        flaws,
    ))
}

/// Carries out what files say of triggers, within the transaction that saved their templates; what is wrong with them
/// is answered, and then the transaction is not to be kept.
pub(super) fn carry_out(
    connection: &Connection,
    config: &Config,
    wanted: &Definitions,
    options: Options,
    said: &mut Vec<String>,
) -> Result<(Vec<ApplyStep>, Vec<Flaw>)> {
    let saved = store::list(connection)?;
    let steps = steps(
        "trigger",
        &wanted.triggers,
        &saved,
        |trigger| &trigger.name,
        definition::trigger::write,
        options.prune,
    );
    let templates = template::list(connection)?;
    let names: Vec<String> = templates.iter().map(|t| t.name.clone()).collect();
    let by_name = by_name(&templates);
    let mut flaws = Vec::new();
    for placed in &wanted.triggers {
        let found = placed
            .value
            .template_flaws(|name| by_name.get(name).copied(), &names);
        flaws.extend(found.into_iter().map(|flaw| Flaw {
            place: placed.place.clone(),
            key: format!("trigger.{}", flaw.key),
            ..flaw
        }));
        store::save(connection, &placed.value)?;
        said.extend(warnings(connection, config, &placed.value, &templates)?);
    }
    if !flaws.is_empty() {
        return Ok((steps, flaws));
    }
    for step in steps
        .iter()
        .filter(|step| step.change == ApplyChange::Removed)
    {
        store::remove(connection, &step.name)?;
    }
    // A template of the files may spoil a trigger that they do not name.
    still_fine(connection)?;
    Ok((steps, flaws))
}

/// Removes a trigger, which must be there.
pub fn remove(saved: &mut Store, name: &str) -> Result<()> {
    saved.write(|transaction| {
        store::get(transaction, name)?;
        store::remove(transaction, name)?;
        Ok(())
    })
}
