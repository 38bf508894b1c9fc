//! Apply: definitions from files become what is saved, all of them or none; and export, the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::{collect, template as templates};
use crate::config::Config;
use crate::domain::rule::{self, Fault, Part, Rule};
use crate::domain::template::Template;
use crate::error::{Error, Problem, Result};
use crate::source::definition::{self, Definitions, Placed};
use crate::store::{
    Connection, Store, report as stored_report, rule as stored_rule, template as stored_template,
};

/// What is done to one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    New,
    /// These keys of it change.
    Changed(Vec<String>),
    /// It is the same.
    Same,
    /// The files no longer name it.
    Removed,
}

/// One line of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `template`, `report`, `rule`, `trigger` or `task`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is done.
    pub change: Change,
}

/// What files come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Line by line.
    pub steps: Vec<Step>,
    /// What is acceptable but unwise.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Whether anything changes.
    pub fn changes(&self) -> bool {
        self.steps.iter().any(|step| step.change != Change::Same)
    }
}

/// How files are applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Look only.
    pub check: bool,
    /// Remove what the files no longer name.
    pub prune: bool,
}

/// Reads files, plans, and carries the plan out in one transaction (or only looks).
pub fn apply(
    store: &mut Store,
    config: &Config,
    files: &[PathBuf],
    options: Options,
    today: NaiveDate,
) -> Result<Plan> {
    let mut wanted = read(files)?;
    fetch_texts(config, &mut wanted)?;
    if options.check {
        store.rehearse(|transaction| carry_out(transaction, config, &wanted, options, today))
    } else {
        store.write(|transaction| carry_out(transaction, config, &wanted, options, today))
    }
}

/// Reads every file; every problem of all of them is told at once.
fn read(files: &[PathBuf]) -> Result<Definitions> {
    let mut definitions = Definitions::default();
    let mut problems = Vec::new();
    for file in files {
        let name = file.display().to_string();
        match fs::read(file).map(String::from_utf8) {
            Ok(Ok(text)) => problems.extend(definitions.read(&name, &text)),
            Ok(Err(_)) => {
                problems.push(Problem::new(name, "is not UTF-8 text", "save it as UTF-8"));
            }
            Err(error) => {
                problems.push(Problem::new(name, format!("cannot be read ({error})"), ""));
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
    twice("rule", &definitions.rules, |r| &r.rule.name, &mut problems);
    if problems.is_empty() {
        Ok(definitions)
    } else {
        Err(Error::problems(
            "the definitions are not acceptable; nothing was changed",
            problems,
        ))
    }
}

/// Finds names that stand twice.
fn twice<T>(
    kind: &str,
    all: &[Placed<T>],
    name: impl Fn(&T) -> &String,
    problems: &mut Vec<Problem>,
) {
    let mut seen: BTreeMap<&String, &String> = BTreeMap::new();
    for placed in all {
        let name = name(&placed.value);
        match seen.get(name) {
            Some(first) => problems.push(Problem::new(
                format!("{}: {kind}.name", placed.place),
                format!("`{name}` stands already at {first}"),
                "give each name once",
            )),
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

fn carry_out(
    connection: &Connection,
    config: &Config,
    wanted: &Definitions,
    options: Options,
    today: NaiveDate,
) -> Result<Plan> {
    let mut plan = Plan::default();
    let templates = steps(
        "template",
        &wanted.templates,
        &stored_template::list(connection)?,
        |t| &t.name,
        definition::template::write,
        options.prune,
    );
    let reports = steps(
        "report",
        &wanted.reports,
        &stored_report::list(connection)?,
        |r| &r.name,
        definition::report::write,
        options.prune,
    );
    for placed in &wanted.templates {
        stored_template::save(connection, &placed.value)?;
        for warning in templates::warnings(&placed.value, &[]) {
            plan.warnings
                .push(format!("template `{}`: {warning}", placed.value.name));
        }
    }
    for placed in &wanted.reports {
        stored_report::save(connection, &placed.value)?;
    }
    let rules = apply_rules(connection, wanted, options, &templates, today, &mut plan)?;
    // What goes, goes last: by then nothing that stays may name it.
    for step in reports.iter().filter(|step| step.change == Change::Removed) {
        stored_report::remove(connection, &step.name)?;
    }
    for step in templates
        .iter()
        .filter(|step| step.change == Change::Removed)
    {
        templates::remove_within(connection, config, &step.name)?;
    }
    plan.steps.extend(templates);
    plan.steps.extend(reports);
    plan.steps.extend(rules);
    Ok(plan)
}

/// Saves the rules of the files, once all rules that will be there agree with each other and with
/// the templates that will be there.
fn apply_rules(
    connection: &Connection,
    wanted: &Definitions,
    options: Options,
    templates: &[Step],
    today: NaiveDate,
    plan: &mut Plan,
) -> Result<Vec<Step>> {
    let saved: Vec<Rule> = stored_rule::all(connection)?
        .into_iter()
        .map(|kept| kept.rule)
        .collect();
    let placed: Vec<Placed<Rule>> = wanted
        .rules
        .iter()
        .map(|written| Placed {
            value: written.value.rule.clone(),
            place: written.place.clone(),
        })
        .collect();
    let steps = steps(
        "rule",
        &placed,
        &saved,
        |rule| &rule.name,
        definition::rule::write,
        options.prune,
    );
    let removed: Vec<&String> = steps
        .iter()
        .filter(|step| step.change == Change::Removed)
        .map(|step| &step.name)
        .collect();
    let stay: Vec<&Rule> = saved
        .iter()
        .filter(|rule| !removed.contains(&&rule.name))
        .filter(|rule| !placed.iter().any(|placed| placed.value.name == rule.name))
        .collect();
    let mut known = stored_template::list(connection)?;
    known.retain(|template| {
        !templates
            .iter()
            .any(|step| step.change == Change::Removed && step.name == template.name)
    });
    let problems = rule_problems(wanted, &stay, &known);
    if !problems.is_empty() {
        return Err(Error::problems(
            "the definitions are not acceptable; nothing was changed",
            problems,
        ));
    }
    for name in removed {
        let closed = collect::remove_rule(connection, name, today)?;
        if closed > 0 {
            plan.warnings.push(format!(
                "rule `{name}` goes, and its {closed} open cases close as rule_removed"
            ));
        }
    }
    let find = |name: &str| known.iter().find(|template| template.name == name);
    for placed in &placed {
        plan.warnings.extend(rule::warnings(&placed.value, find));
    }
    let rules: Vec<Rule> = placed.into_iter().map(|placed| placed.value).collect();
    stored_rule::save(connection, &rules)?;
    Ok(steps)
}

/// What is wrong between rules and templates, and between rules: those of the files, told at their
/// lines, and those that stay as they are.
fn rule_problems(wanted: &Definitions, stay: &[&Rule], known: &[Template]) -> Vec<Problem> {
    let names: Vec<String> = known.iter().map(|template| template.name.clone()).collect();
    let find = |name: &str| known.iter().find(|template| template.name == name);
    let mut problems = Vec::new();
    for written in &wanted.rules {
        let written = &written.value;
        let faults = written.draft.template_faults(&names, find);
        problems.extend(faults.iter().map(|fault| written.problem(fault)));
    }
    for rule in stay {
        let draft = rule.draft();
        let faults = draft.template_faults(&names, find);
        problems.extend(faults.iter().map(|fault| draft.problem(fault)));
    }
    let claims = stay
        .iter()
        .copied()
        .chain(wanted.rules.iter().map(|written| &written.value.rule))
        .map(|rule| (rule.name.as_str(), rule.portfolios.as_slice()));
    for (portfolio, first, second) in rule::claimed_twice(claims) {
        // Those that stay come first, so that the second stands in a file, unless both stay.
        let (found, remedy) = rule::claim_words(portfolio, first);
        let place = wanted
            .rules
            .iter()
            .find(|written| written.value.rule.name == second);
        problems.push(match place {
            Some(written) => written.value.problem(&Fault {
                part: Part::Portfolios,
                found,
                remedy,
            }),
            None => Problem::new(format!("rule `{second}`: portfolios"), found, remedy),
        });
    }
    problems
}

/// Compares what is wanted with what is saved, key by key of their TOML.
fn steps<T>(
    kind: &'static str,
    wanted: &[Placed<T>],
    saved: &[T],
    name: impl Fn(&T) -> &String,
    write: impl Fn(&T) -> String,
    prune: bool,
) -> Vec<Step> {
    let step = |name: &String, change| Step {
        kind,
        name: name.clone(),
        change,
    };
    let mut steps: Vec<Step> = wanted
        .iter()
        .map(|placed| {
            let wanted_name = name(&placed.value);
            let change = match saved.iter().find(|saved| name(saved) == wanted_name) {
                None => Change::New,
                Some(saved) => match changed_keys(&write(saved), &write(&placed.value)) {
                    keys if keys.is_empty() => Change::Same,
                    keys => Change::Changed(keys),
                },
            };
            step(wanted_name, change)
        })
        .collect();
    if prune {
        steps.extend(
            saved
                .iter()
                .filter(|saved| !wanted.iter().any(|w| name(&w.value) == name(saved)))
                .map(|saved| step(name(saved), Change::Removed)),
        );
    }
    steps
}

/// The keys whose values differ between two definitions written as TOML.
fn changed_keys(before: &str, after: &str) -> Vec<String> {
    let table = |text: &str| -> toml::Table {
        // One `[[kind]]` with its keys: what our own writers write can be read.
        let whole: toml::Table = text.parse().unwrap_or_default();
        whole
            .into_iter()
            .next()
            .and_then(|(_, value)| value.as_array()?.first()?.as_table().cloned())
            .unwrap_or_default()
    };
    let (before, after) = (table(before), table(after));
    let mut keys: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|key| before.get(*key) != after.get(*key))
        .cloned()
        .collect();
    keys.sort();
    keys.dedup();
    keys
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
    Ok(parts.join("\n"))
}
