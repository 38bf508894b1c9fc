//! A template as TOML, read and written.

use std::fmt::Write as _;

use super::{quoted, quoted_list};
use crate::domain::template::{Look, Template, Variable};
use crate::domain::words::{Channel, Kind, Purpose, Word};
use crate::toml_table::Section;

/// Reads one `[[template]]`; what is wrong with it is noted in its sheet.
pub fn read(section: &Section<'_, '_>) -> Option<Template> {
    let name = needed(section, "name", section.filled("name"), "name the template");
    let channel = needed(
        section,
        "channel",
        section.word::<Channel>("channel"),
        &format!("write one of: {}", Channel::accepted()),
    );
    let kind = needed(
        section,
        "kind",
        section.word::<Kind>("kind"),
        &format!("write one of: {}", Kind::accepted()),
    );
    let purpose = section.word::<Purpose>("purpose");
    let title = section.text("title");
    let body = section.text("body");
    let html = section.text("html");
    let description = section.text("description");
    let provider_channel = section.filled("provider_channel");
    let provider_template = section.filled("provider_template");
    let variables = variables(section);
    let look = Look::read(|key| section.filled(key));
    let (channel, kind) = (channel?, kind?);
    let template = Template {
        name: name?,
        channel,
        kind,
        purpose: purpose.unwrap_or(kind.purpose()),
        title,
        body: body.unwrap_or_default(),
        html,
        description,
        provider_channel,
        provider_template,
        variables: variables?,
        look,
    };
    // A whatsapp text may be the provider's: it is fetched, and checked then.
    let fetched = channel.nature().places && template.body.is_empty();
    for flaw in template.flaws() {
        if !(fetched && matches!(flaw.key.as_str(), "body" | "variables")) {
            section.wrong(&flaw.key, flaw.found, flaw.remedy);
        }
    }
    Some(template)
}

/// A value that must be there; a wrong one was told already.
fn needed<T>(
    section: &Section<'_, '_>,
    key: &'static str,
    value: Option<T>,
    remedy: &str,
) -> Option<T> {
    if value.is_none() && !section.has(key) {
        section.wrong(key, "is missing", remedy);
    }
    value
}

fn variables(section: &Section<'_, '_>) -> Option<Vec<Variable>> {
    let mut variables = Vec::new();
    let mut good = true;
    for name in section.texts("variables").unwrap_or_default() {
        match Variable::known(&name) {
            Ok(variable) => variables.push(variable),
            Err(flaw) => {
                good = false;
                section.wrong("variables", flaw.found, flaw.remedy);
            }
        }
    }
    good.then_some(variables)
}

/// Writes a template as one `[[template]]`.
pub fn write(template: &Template) -> String {
    let mut text = String::from("[[template]]\n");
    let mut line = |key: &str, value: String| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", quoted(&template.name));
    line("channel", quoted(template.channel.as_str()));
    line("kind", quoted(template.kind.as_str()));
    if template.purpose != template.kind.purpose() {
        line("purpose", quoted(template.purpose.as_str()));
    }
    for (key, value) in [
        ("description", &template.description),
        ("provider_channel", &template.provider_channel),
        ("provider_template", &template.provider_template),
        ("title", &template.title),
    ] {
        if let Some(value) = value {
            line(key, quoted(value));
        }
    }
    line("body", quoted(&template.body));
    for (key, part) in template.look.parts() {
        if let Some(part) = part {
            line(key, quoted(part));
        }
    }
    if let Some(html) = &template.html {
        line("html", quoted(html));
    }
    if !template.variables.is_empty() {
        let names: Vec<&str> = template.variables.iter().map(|v| v.name()).collect();
        line("variables", quoted_list(&names));
    }
    text
}
