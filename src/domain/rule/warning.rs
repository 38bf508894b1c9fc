//! What is odd about a rule without being wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::domain::ladder::Phase;
use crate::domain::template::{Need, Template};

/// What is odd about a rule without being wrong: a template named in two phases, two templates of
/// one phase on one channel, variables that no collection can fill. `template` finds one by its name.
pub fn warnings<'t>(
    rule: &Rule,
    mut template: impl FnMut(&str) -> Option<&'t Template>,
) -> Vec<String> {
    let mut first: BTreeMap<&str, Phase> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut warnings = Vec::new();
    let mut warn = |what: String| warnings.push(format!("rule `{}`: {what}", rule.name));
    for (phase, templates) in rule.phases() {
        let mut channels = BTreeMap::new();
        let mut names = BTreeSet::new();
        for name in templates {
            if !names.insert(name) {
                warn(format!(
                    "template `{name}` stands twice in {phase}; it is sent once"
                ));
                continue;
            }
            if let Some(earlier) = first.get(name.as_str()) {
                if told.insert(name) {
                    warn(format!(
                        "template `{name}` is named in {earlier} and in {phase}"
                    ));
                }
            } else {
                first.insert(name, phase);
            }
            let Some(found) = template(name) else {
                continue;
            };
            for need in found.needs() {
                if matches!(need, Need::Login | Need::Ticket) {
                    warn(format!(
                        "template `{name}` needs {}, which a collection cannot give: each message would be skipped (missing_value)",
                        need.as_str()
                    ));
                }
            }
            let channel = found.channel;
            if let Some(other) = channels.insert(channel, name) {
                warn(format!(
                    "templates `{other}` and `{name}` of {phase} both go by {channel}"
                ));
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::{DraftStage, RuleDraft};

    fn stage((name, day): (&str, i64)) -> DraftStage {
        DraftStage {
            name: Some(name.to_owned()),
            day: Some(day),
            templates: vec!["overdue".to_owned()],
            ..DraftStage::default()
        }
    }

    #[test]
    fn a_template_in_two_phases_is_only_odd() {
        let rule = RuleDraft {
            name: "residential".to_owned(),
            stages: [("notice", 3), ("inquiry", 8)].map(stage).into(),
            ..RuleDraft::default()
        }
        .check()
        .expect("a good rule");
        assert_eq!(
            warnings(&rule, |_| None),
            [
                "rule `residential`: template `overdue` is named in stage:notice and in stage:inquiry"
            ]
        );
    }
}
