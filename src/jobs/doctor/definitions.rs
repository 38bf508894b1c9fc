//! What doctor says of what is defined: templates, reports, rules, triggers and tasks.

use super::{Finding, Health};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::template::Template;
use crate::error::Result;
use crate::jobs::plan::ApplyPlan;
use crate::jobs::{apply, birthday, provided, task};
use crate::store::{Connection, Store, collection, template};

/// What is defined, by the word that names one and the area of many.
const DEFINED: [(&str, &str); 5] = [
    ("template", "templates"),
    ("report", "reports"),
    ("rule", "rules"),
    ("trigger", "triggers"),
    ("task", "tasks"),
];

/// The area that a warning about something defined belongs to: it begins with the word for one.
fn area_of(warning: &str) -> &'static str {
    DEFINED
        .iter()
        .find(|(one, _)| warning.starts_with(one))
        .map_or("definitions", |(_, many)| many)
}

/// Everything that is defined, by the checks it passed when it was saved: what was acceptable
/// then may not be now.
pub(super) fn definitions(store: &mut Store, config: &Config, now: Now) -> Result<Vec<Finding>> {
    let mut findings = templates(&template::list(store.connection())?, config);
    let plan = match apply::review(store, config, now) {
        Ok(plan) => plan,
        Err(error) => {
            findings.push(Finding::failure("definitions", &error));
            return Ok(findings);
        }
    };
    for (one, area) in DEFINED {
        let count = plan.steps.iter().filter(|step| step.kind == one).count();
        if !findings.iter().any(|finding| finding.area == area) {
            findings.push(Finding::ok(
                area,
                match count {
                    0 => "there is none yet".to_owned(),
                    1 => "1 is acceptable".to_owned(),
                    n => format!("{n} are acceptable"),
                },
            ));
        }
        // A template that cannot be sent has been told as a failure.
        let told = |text: &str| area == "templates" && text.contains(provided::NOT_PROVIDED);
        let warnings = plan
            .warnings
            .iter()
            .filter(|text| area_of(text) == area && !told(text));
        findings.extend(warnings.map(|text| Finding::warning(area, text, "")));
    }
    findings.extend(birthdays(store.connection(), config, now)?);
    findings.extend(not_taken(store.connection(), &plan)?);
    findings.extend(into_files(store.connection(), config)?);
    let others = plan
        .warnings
        .iter()
        .filter(|text| area_of(text) == "definitions");
    findings.extend(others.map(|text| Finding::warning("definitions", text, "")));
    Ok(findings)
}

/// What is wrong with the templates, and with what names them in the configuration.
fn templates(templates: &[Template], config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for template in templates {
        for flaw in template.flaws() {
            findings.push(Finding {
                area: "templates",
                health: Health::Failure,
                message: format!("{}: {}", template.name, flaw.found),
                remedy: Some(flaw.remedy).filter(|remedy| !remedy.is_empty()),
            });
        }
    }
    for flaw in templates
        .iter()
        .flat_map(|template| provided::flaws(config, template))
    {
        findings.push(Finding {
            area: "templates",
            health: Health::Failure,
            message: format!("{}: {}", flaw.whereabouts(), flaw.found),
            remedy: Some(flaw.remedy),
        });
    }
    for name in &config.birthday.templates {
        if templates.iter().any(|template| template.name == *name) {
            continue;
        }
        findings.push(Finding {
            area: "templates",
            health: Health::Failure,
            message: format!("[birthday] names the template `{name}`, which is not there"),
            remedy: Some("regua template list; regua template add".to_owned()),
        });
    }
    findings
}

/// What keeps birthdays from being congratulated, where templates are configured for them and there.
fn birthdays(connection: &Connection, config: &Config, now: Now) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for name in &config.birthday.templates {
        // One that is not there has been told.
        if template::find(connection, name)?.is_none() {
            return Ok(findings);
        }
    }
    if config.birthday.templates.is_empty() {
        return Ok(findings);
    }
    if let Err(error) = birthday::check(connection, config) {
        findings.push(Finding::failure("templates", &error));
    }
    if let Some(told) = birthday::unbelievable(connection, now)? {
        findings.push(Finding::warning("database", told, ""));
    }
    Ok(findings)
}

/// Tasks that make messages on a channel which is delivered to a file: nobody receives them.
fn into_files(connection: &Connection, config: &Config) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (task, channels) in task::channels_of(connection, config)? {
        for channel in channels {
            if config.channel(channel).provider.written_files().is_empty() {
                continue;
            }
            findings.push(Finding::warning(
                "tasks",
                format!("task `{task}` sends by {channel}, which is delivered to a file: nobody receives it"),
                format!("choose a provider in [{channel}]"),
            ));
        }
    }
    Ok(findings)
}

/// Owing invoices that no rule takes, where there are rules.
fn not_taken(connection: &Connection, plan: &ApplyPlan) -> Result<Option<Finding>> {
    let count = collection::not_taken(connection)?;
    let rules = plan.steps.iter().any(|step| step.kind == "rule");
    Ok((rules && count > 0).then(|| {
        Finding::warning(
            "rules",
            format!("{count} owing invoices stand in portfolios that no rule takes: nobody hears of them"),
            "regua rule edit NAME --portfolio …, or one rule with --every-portfolio for all others",
        )
    }))
}
