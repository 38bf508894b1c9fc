//! Definitions as TOML: templates, reports, rules, triggers and tasks, read with every problem at once, and written.

use crate::domain::report::SavedReport;
use crate::domain::task::Task;
use crate::domain::template::Template;
use crate::domain::ticket::trigger::Trigger;
use crate::error::Flaw;
use crate::toml_table::{Section, Sheet};

pub mod report;
pub mod rule;
pub mod task;
pub mod template;
pub mod trigger;

/// A definition and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The definition.
    pub value: T,
    /// The file, and the line its table begins on: `rules.toml:12`.
    pub place: String,
}

/// Everything that some files define.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// `[[template]]`
    pub templates: Vec<Placed<Template>>,
    /// `[[report]]`
    pub reports: Vec<Placed<SavedReport>>,
    /// `[[rule]]`
    pub rules: Vec<Placed<rule::WrittenRule>>,
    /// `[[task]]`
    pub tasks: Vec<Placed<Task>>,
    /// `[[trigger]]`
    pub triggers: Vec<Placed<Trigger>>,
    /// Some template could not be read, so that nobody can say which there will be.
    pub templates_missed: bool,
}

impl Definitions {
    /// Reads one file into these; everything wrong with it.
    pub fn read(&mut self, file: &str, text: &str) -> Vec<Flaw> {
        let sheet = Sheet::new(file, text);
        if let Some(table) = sheet.parse() {
            let top = Section::top(&sheet, &table);
            let all_read = each(&top, "template", &mut self.templates, template::read);
            self.templates_missed |= !all_read;
            each(&top, "report", &mut self.reports, report::read);
            each(&top, "rule", &mut self.rules, rule::read);
            each(&top, "task", &mut self.tasks, task::read);
            each(&top, "trigger", &mut self.triggers, trigger::read);
            top.finish();
        } else {
            self.templates_missed = true;
        }
        sheet.into_flaws()
    }
}

/// Reads each `[[key]]` of a file; whether all of them could be.
fn each<T>(
    top: &Section<'_, '_>,
    key: &'static str,
    into: &mut Vec<Placed<T>>,
    read: fn(&Section<'_, '_>) -> Option<T>,
) -> bool {
    let mut all_read = true;
    for section in top.sections(key) {
        match read(&section) {
            Some(value) => into.push(Placed {
                value,
                place: section.place(),
            }),
            None => all_read = false,
        }
        section.finish();
    }
    all_read
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A list of texts as TOML writes it.
pub fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}
