//! `regua template lint`: what is wrong or unwise in one template or all.

use super::{Context, Outcome, segments_of};
use crate::domain::sms::segments;
use crate::domain::template::Template;
use crate::error::Result;
use crate::jobs::template as job;
use crate::store::{Connection, template as store};
use crate::view::{Cell, View};

/// One thing found.
struct Finding<'a> {
    template: &'a Template,
    level: &'static str,
    message: String,
}

/// Runs the command.
pub(super) fn run(name: Option<&str>, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let c = store.connection();
    let templates = match name {
        Some(name) => vec![store::get(c, name)?],
        None => store::list(c)?,
    };
    let mut list = context.out.list(view());
    let mut wrong = false;
    for template in &templates {
        for finding in findings(context, c, template)? {
            wrong |= finding.level == "error";
            list.row(&finding)?;
        }
    }
    list.finish("")?;
    Ok(if wrong {
        Outcome::Unacceptable
    } else {
        Outcome::Done
    })
}

fn view<'a>() -> View<'a, Finding<'a>> {
    View::<Finding>::new()
        .words("template", |finding| Cell::of(&finding.template.name))
        .words("level", |finding| finding.level)
        .words("message", |finding| Cell::Said(finding.message.clone()))
        .data("segments", |finding| {
            let sms = finding.template.channel.nature().segments;
            sms.then(|| segments(&finding.template.body).parts)
        })
        .when_empty(
            "nothing is wrong or unwise",
            "regua template list, regua template preview NAME --client ID",
        )
}

fn findings<'a>(
    context: &Context,
    connection: &Connection,
    template: &'a Template,
) -> Result<Vec<Finding<'a>>> {
    let finding = |level, message| Finding {
        template,
        level,
        message,
    };
    let mut findings: Vec<Finding> = job::flaws(&context.config, template)
        .into_iter()
        .map(|flaw| finding("error", format!("{}, {}", flaw.found, flaw.remedy)))
        .collect();
    let of_a_notice = job::notice_flaws(connection, template)?.into_iter();
    findings.extend(
        of_a_notice.map(|flaw| finding("error", format!("{}, {}", flaw.found, flaw.remedy))),
    );
    for warning in job::lint(connection, template)? {
        findings.push(finding("warning", warning));
    }
    if template.channel.nature().segments {
        findings.push(finding("note", segments_of(&template.body)));
    }
    Ok(findings)
}
