//! Saving rules, by hand or from files: checked whole, with everything that is wrong told at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::collection;
use super::plan::{ApplyChange, ApplyPlan, ApplyStep, Options, steps};
use super::provided;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::rule::{self, Rule, RuleDraft, RulePart};
use crate::domain::template::Template;
use crate::domain::text::typed;
use crate::error::{Error, Flaw, Result, did_you_mean};
use crate::source::definition::rule::WrittenRule;
use crate::source::definition::{self, Definitions, Placed};
use crate::store::{Connection, Store, book, rule as store, template};

/// Adds a rule; answers it with what is odd about it.
pub fn add(saved: &mut Store, config: &Config, draft: &RuleDraft) -> Result<(Rule, Vec<String>)> {
    saved.write(|transaction| {
        if store::get(transaction, &draft.name)?.is_some() {
            return Err(
                Error::unacceptable(format!("there is a rule `{}` already", draft.name))
                    .hint(format!("regua rule edit {}", typed(&draft.name))),
            );
        }
        save(transaction, config, draft)
    })
}

/// Saves a changed rule; answers it with what is odd about it. `evaluated_on` puts right the last day it
/// was evaluated for: what it moved on later days counts as moved on that one.
///
/// # Errors
/// When something about it is wrong, or that day is still to come (exit 3).
pub fn replace(
    saved: &mut Store,
    config: &Config,
    draft: &RuleDraft,
    evaluated_on: Option<NaiveDate>,
    now: Now,
) -> Result<(Rule, Vec<String>)> {
    if let Some(day) = evaluated_on.filter(|day| *day > now.today) {
        return Err(
            Error::unacceptable(format!("{day} is still to come: today is {}", now.today))
                .hint("--evaluated-on takes the last day that the rule was rightly evaluated for"),
        );
    }
    saved.write(|transaction| {
        let saved = save(transaction, config, draft)?;
        if let Some(day) = evaluated_on {
            store::put_right(transaction, &draft.name, day)?;
        }
        Ok(saved)
    })
}

fn save(
    connection: &Connection,
    config: &Config,
    draft: &RuleDraft,
) -> Result<(Rule, Vec<String>)> {
    let templates: Vec<Template> = template::list(connection)?;
    let names: Vec<String> = templates.iter().map(|t| t.name.clone()).collect();
    let find = |name: &str| templates.iter().find(|template| template.name == name);
    let checked = draft.check();
    let mut flaws = checked.as_ref().err().cloned().unwrap_or_default();
    flaws.extend(draft.template_flaws(&names, find));
    flaws.extend(draft.notice_flaws(config.policy.notice));
    let others: Vec<Rule> = store::all(connection)?
        .into_iter()
        .map(|kept| kept.rule)
        .filter(|rule| rule.name != draft.name)
        .collect();
    let claims = others
        .iter()
        .map(|rule| (rule.name.as_str(), rule.portfolios.as_slice()))
        .chain([(draft.name.as_str(), draft.portfolios.as_slice())]);
    for (portfolio, other, _) in rule::claimed_twice(claims) {
        let (found, remedy) = rule::claim_words(portfolio, other);
        flaws.push(draft.flaw(RulePart::Portfolios, found, remedy));
    }
    match checked {
        Ok(rule) if flaws.is_empty() => {
            store::save(connection, std::slice::from_ref(&rule))?;
            let mut warnings = rule::warnings(&rule, find);
            warnings.extend(unsaid(connection, config, &rule)?);
            Ok((rule, warnings))
        }
        _ => Err(Error::flaws(
            format!("rule `{}` is not acceptable; nothing was saved", draft.name),
            flaws.into_iter().map(|(_, flaw)| flaw).collect(),
        )),
    }
}

/// What is odd about a rule as the book and the configuration stand: a portfolio that no invoice has,
/// and texts that name what nothing provides.
fn unsaid(connection: &Connection, config: &Config, rule: &Rule) -> Result<Vec<String>> {
    let place = |text: String| format!("rule `{}`: {text}", rule.name);
    let mut warnings = Vec::new();
    let known = book::portfolios(connection)?;
    for portfolio in &rule.portfolios {
        // An empty book says nothing of what will be in it.
        if known.is_empty() || known.contains(portfolio) {
            continue;
        }
        let near = did_you_mean(portfolio, known.iter().map(String::as_str));
        warnings.push(place(format!(
            "no invoice has the portfolio `{portfolio}`{}",
            near.map(|near| format!(", {near}")).unwrap_or_default()
        )));
    }
    let unprovided = provided::warnings(connection, config, rule.templates())?;
    warnings.extend(unprovided.into_iter().map(place));
    Ok(warnings)
}

/// Refuses a change after which a saved rule could not send one of its templates.
pub fn still_fine(connection: &Connection) -> Result<()> {
    let flaws = rule_flaws(
        &Definitions::default(),
        &store::all(connection)?
            .iter()
            .map(|kept| &kept.rule)
            .collect::<Vec<_>>(),
        &template::list(connection)?,
    );
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Error::flaws(
        "a rule could no longer send this template; nothing was changed",
        flaws,
    )
    .hint("regua rule edit"))
}

/// What is wrong between the rules of files that are refused already, and between these and what is
/// saved, so that everything is told at once; a template of the files counts as it stands there.
pub fn foreseen(connection: &Connection, wanted: &Definitions) -> Result<Vec<Flaw>> {
    let written: BTreeSet<&str> = wanted
        .templates
        .iter()
        .map(|written| written.value.name.as_str())
        .collect();
    let mut known = template::list(connection)?;
    known.retain(|template| !written.contains(template.name.as_str()));
    known.extend(wanted.templates.iter().map(|written| written.value.clone()));
    let saved = store::all(connection)?;
    let stay: Vec<&Rule> = saved
        .iter()
        .map(|kept| &kept.rule)
        .filter(|rule| {
            !wanted
                .rules
                .iter()
                .any(|written| written.value.draft.name == rule.name)
        })
        .collect();
    Ok(rule_flaws(wanted, &stay, &known))
}

/// Saves the rules of the files, once all rules that will be there agree with each other and with
/// the templates that will be there; where they do not, nothing is saved and what is wrong is answered.
pub fn carry_out(
    connection: &Connection,
    config: &Config,
    wanted: &Definitions,
    options: Options,
    templates: &[ApplyStep],
    now: Now,
    plan: &mut ApplyPlan,
) -> Result<(Vec<ApplyStep>, Vec<Flaw>)> {
    let saved: Vec<Rule> = store::all(connection)?
        .into_iter()
        .map(|kept| kept.rule)
        .collect();
    let placed = sound(wanted);
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
        .filter(|step| step.change == ApplyChange::Removed)
        .map(|step| &step.name)
        .collect();
    let stay: Vec<&Rule> = saved
        .iter()
        .filter(|rule| !removed.contains(&&rule.name))
        .filter(|rule| !placed.iter().any(|placed| placed.value.name == rule.name))
        .collect();
    let known = staying(connection, templates)?;
    let mut flaws = rule_flaws(wanted, &stay, &known);
    for written in &wanted.rules {
        let written = &written.value;
        let found = written.draft.notice_flaws(config.policy.notice).into_iter();
        flaws.extend(found.map(|(part, flaw)| written.flaw(part, flaw.found, flaw.remedy)));
    }
    if !flaws.is_empty() {
        return Ok((steps, flaws));
    }
    for name in removed {
        let closed = collection::remove_rule(connection, name, now.today)?;
        if closed > 0 {
            plan.warnings.push(format!(
                "rule `{name}` goes, and its {closed} open cases close as rule_removed"
            ));
        }
    }
    plan.warnings
        .extend(odd(connection, config, &placed, &known)?);
    let rules: Vec<Rule> = placed.into_iter().map(|placed| placed.value).collect();
    store::save(connection, &rules)?;
    Ok((steps, Vec::new()))
}

/// What is odd about the rules of the files.
fn odd(
    connection: &Connection,
    config: &Config,
    placed: &[Placed<Rule>],
    known: &[Template],
) -> Result<Vec<String>> {
    let by_name = by_name(known);
    let find = |name: &str| by_name.get(name).copied();
    let mut warnings = Vec::new();
    for placed in placed {
        warnings.extend(rule::warnings(&placed.value, find));
        warnings.extend(unsaid(connection, config, &placed.value)?);
    }
    Ok(warnings)
}

/// The saved templates but those that a plan removes.
fn staying(connection: &Connection, plan: &[ApplyStep]) -> Result<Vec<Template>> {
    let removed = plan
        .iter()
        .filter(|step| step.change == ApplyChange::Removed);
    let gone: BTreeSet<&str> = removed.map(|step| step.name.as_str()).collect();
    let mut known = template::list(connection)?;
    known.retain(|template| !gone.contains(template.name.as_str()));
    Ok(known)
}

/// The templates by their names: rules and templates may both be many.
fn by_name(templates: &[Template]) -> BTreeMap<&str, &Template> {
    let named = templates.iter();
    named
        .map(|template| (template.name.as_str(), template))
        .collect()
}

/// The rules of the files that are sound in themselves.
fn sound(wanted: &Definitions) -> Vec<Placed<Rule>> {
    let written = wanted.rules.iter();
    written
        .filter_map(|written| {
            Some(Placed {
                value: written.value.rule.clone()?,
                place: written.place.clone(),
            })
        })
        .collect()
}

/// What is wrong between rules and templates, and between rules: those of the files, told at their
/// lines, and those that stay as they are.
fn rule_flaws(wanted: &Definitions, stay: &[&Rule], known: &[Template]) -> Vec<Flaw> {
    let names: Vec<String> = known.iter().map(|template| template.name.clone()).collect();
    let by_name = by_name(known);
    let find = |name: &str| by_name.get(name).copied();
    let mut flaws = Vec::new();
    for written in &wanted.rules {
        let written = &written.value;
        let found = written.draft.template_flaws(&names, find).into_iter();
        flaws.extend(found.map(|(part, flaw)| written.flaw(part, flaw.found, flaw.remedy)));
    }
    for rule in stay {
        let found = rule.draft().template_flaws(&names, find).into_iter();
        flaws.extend(found.map(|(_, flaw)| flaw));
    }
    // A list that could not be read, or a rule without a name, says nothing of who takes what.
    let claims = stay
        .iter()
        .map(|rule| (rule.name.as_str(), rule.portfolios.as_slice()))
        .chain(wanted.rules.iter().filter_map(|written| {
            let WrittenRule { rule, draft, .. } = &written.value;
            (rule.is_some() || !(draft.name.is_empty() || draft.portfolios.is_empty()))
                .then_some((draft.name.as_str(), draft.portfolios.as_slice()))
        }));
    for (portfolio, first, second) in rule::claimed_twice(claims) {
        // Those that stay come first, so that the second stands in a file, unless both stay.
        let (found, remedy) = rule::claim_words(portfolio, first);
        let place = wanted
            .rules
            .iter()
            .find(|written| written.value.draft.name == second);
        flaws.push(match place {
            Some(written) => written.value.flaw(RulePart::Portfolios, found, remedy),
            None => Flaw::of("portfolios", found, remedy).within(format!("rule `{second}`")),
        });
    }
    flaws
}
