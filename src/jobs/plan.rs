//! The plan of an apply: what is wanted compared with what is saved, definition by definition.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::definition::Placed;

/// What is done to one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyChange {
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
pub struct ApplyStep {
    /// `template`, `report`, `rule`, `trigger` or `task`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is done.
    pub change: ApplyChange,
}

/// What files come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplyPlan {
    /// Line by line.
    pub steps: Vec<ApplyStep>,
    /// What is acceptable but unwise.
    pub warnings: Vec<String>,
}

impl ApplyPlan {
    /// Whether anything changes.
    pub fn changes(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.change != ApplyChange::Same)
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

/// Compares what is wanted with what is saved, key by key of their TOML.
pub fn steps<T>(
    kind: &'static str,
    wanted: &[Placed<T>],
    saved: &[T],
    name: impl Fn(&T) -> &String,
    write: impl Fn(&T) -> String,
    prune: bool,
) -> Vec<ApplyStep> {
    let step = |name: &String, change| ApplyStep {
        kind,
        name: name.clone(),
        change,
    };
    let known: BTreeMap<&String, &T> = saved.iter().map(|saved| (name(saved), saved)).collect();
    let mut steps: Vec<ApplyStep> = wanted
        .iter()
        .map(|placed| {
            let wanted_name = name(&placed.value);
            let change = match known.get(wanted_name) {
                None => ApplyChange::New,
                Some(saved) => match changed_keys(&write(saved), &write(&placed.value)) {
                    keys if keys.is_empty() => ApplyChange::Same,
                    keys => ApplyChange::Changed(keys),
                },
            };
            step(wanted_name, change)
        })
        .collect();
    if prune {
        let named: BTreeSet<&String> = wanted.iter().map(|placed| name(&placed.value)).collect();
        steps.extend(
            saved
                .iter()
                .filter(|saved| !named.contains(name(saved)))
                .map(|saved| step(name(saved), ApplyChange::Removed)),
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
