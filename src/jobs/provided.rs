//! What the configuration must say before a template can be sent: warned of when something is saved,
//! and refused before anything is planned.

use crate::config::Config;
use crate::domain::template::{Template, Variable};
use crate::error::{Error, Flaw, Result};
use crate::store::{Connection, template};

/// The key of the configuration that gives a variable its value.
const fn key(variable: Variable) -> &'static str {
    match variable {
        Variable::EmpresaNome => "name",
        Variable::EmpresaTelefone => "phone",
        _ => "tax_id",
    }
}

/// What is said of a variable that nothing provides.
pub const NOT_PROVIDED: &str = "is what nothing provides yet";

/// What is missing for a template, as a flaw for each variable.
pub fn flaws(config: &Config, template: &Template) -> Vec<Flaw> {
    let missing = template.unprovided(&config.company);
    let flaw = |variable: Variable| {
        Flaw::of(
            format!("#{}#", variable.name()),
            NOT_PROVIDED,
            format!(
                "set [company] {} in the configuration, or write #{}|a text in its place#",
                key(variable),
                variable.name()
            ),
        )
        .within(format!("template `{}`", template.name))
    };
    missing.into_iter().map(flaw).collect()
}

/// What to say about a template that is being saved, variable by variable.
pub fn template_warnings(config: &Config, template: &Template) -> Vec<String> {
    let missing = template.unprovided(&config.company).into_iter();
    missing
        .map(|variable| {
            format!(
                "#{}# {NOT_PROVIDED}, and nothing that names it is sent: set [company] {} in the configuration",
                variable.name(),
                key(variable)
            )
        })
        .collect()
}

/// What to say about something that names templates and is being saved, template by template.
pub fn warnings<'n>(
    connection: &Connection,
    config: &Config,
    names: impl IntoIterator<Item = &'n str>,
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for name in names {
        let Some(template) = template::find(connection, name)? else {
            continue;
        };
        for text in template_warnings(config, &template) {
            let text = format!("template `{name}`: {text}");
            if !warnings.contains(&text) {
                warnings.push(text);
            }
        }
    }
    Ok(warnings)
}

/// Refuses to plan what would be sent with these templates while something they need is missing.
///
/// # Errors
/// What is missing, template by template (exit 3).
pub fn refuse<'t>(
    config: &Config,
    templates: impl IntoIterator<Item = &'t Template>,
) -> Result<()> {
    let flaws: Vec<Flaw> = templates
        .into_iter()
        .flat_map(|template| flaws(config, template))
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Error::flaws(
        "texts name what the configuration does not say; nothing was done",
        flaws,
    )
    .hint("regua doctor lists every such text"))
}
