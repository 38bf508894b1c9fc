//! What may stand at an argument: words of our vocabularies, names from the database, files.

use std::any::TypeId;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Arg, ValueHint};

use crate::config::Config;
use crate::domain::book::FactKind;
use crate::domain::ladder::{CaseOutcome, Stage};
use crate::domain::report::{FieldType, ReportKind};
use crate::domain::rule::Deliver;
use crate::domain::task::Run;
use crate::domain::ticket::event_type::TriggerEvent;
use crate::domain::words::{Author, Channel, Kind, Origin, Purpose, Reason, Status, Word};
use crate::store::completion::{KeptNames, names};

/// What was typed before the word in question.
pub(super) struct Typed<'t> {
    pub(super) words: &'t [String],
    /// The commands among it.
    pub(super) path: &'t [&'t str],
}

/// Whether paths may stand at an argument.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    #[default]
    None,
    Folders,
    All,
}

impl Files {
    /// As the shells' scripts read it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "-",
            Self::Folders => "folders",
            Self::All => "files",
        }
    }
}

/// A word, and what it means.
type Meant = (String, String);

/// Every word that may stand at an argument, as far as it is known.
pub(super) fn of(typed: &Typed<'_>, arg: &Arg, beginning: &str) -> Vec<Meant> {
    let possible: Vec<PossibleValue> = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return shown
            .map(|value| {
                let help = value.get_help().map(ToString::to_string);
                (value.get_name().to_owned(), help.unwrap_or_default())
            })
            .collect();
    }
    let mut known: Vec<String> = words(arg).into_iter().map(str::to_owned).collect();
    let (own, kept) = by_name(typed.path, arg.get_id().as_str());
    known.extend(own.into_iter().map(str::to_owned));
    known.extend(of_reports(typed.path, arg.get_id().as_str(), beginning));
    if let Some(named) = kept {
        known.extend(
            database(typed.words)
                .map_or_else(Vec::new, |database| names(&database, named, beginning)),
        );
    }
    known
        .into_iter()
        .map(|word| (word, String::new()))
        .collect()
}

/// The words of the vocabulary that an argument reads.
fn words(arg: &Arg) -> Vec<&'static str> {
    let read = arg.get_value_parser().type_id();
    macro_rules! of {
        ($($word:ty),+) => {
            $(if read == TypeId::of::<$word>() {
                return <$word>::ALL.iter().map(|word| word.as_str()).collect();
            })+
        };
    }
    of!(
        Author,
        CaseOutcome,
        Channel,
        Deliver,
        Kind,
        Origin,
        Purpose,
        Reason,
        ReportKind,
        Run,
        Stage,
        Status,
        TriggerEvent
    );
    Vec::new()
}

/// By the name of an argument and the commands it belongs to: words, and what is kept under names.
fn by_name(path: &[&str], arg: &str) -> (Vec<&'static str>, Option<KeptNames>) {
    let kinds = || FactKind::names();
    let reports = || ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
    match (path, arg) {
        (["import"], "what") => (kinds(), None),
        (["sync"], "kinds" | "explain") | (["task", ..], "kinds") => (kinds(), None),
        (["report", "run"], "name") | (["send"] | ["incident" | "sync", ..], "report") => {
            (reports(), Some(KeptNames::Reports))
        }
        (["history"], "event") => (Vec::new(), Some(KeptNames::Incidents)),
        (["report", "add" | "save"] | [_, "add" | "open"], "name") => (Vec::new(), None),
        ([noun, ..], "name" | "names") => (Vec::new(), kept_by(noun)),
        (_, "report" | "reports") => (Vec::new(), Some(KeptNames::Reports)),
        (_, "template" | "templates") => (Vec::new(), Some(KeptNames::Templates)),
        (_, "rule") => (Vec::new(), Some(KeptNames::Rules)),
        _ => (Vec::new(), None),
    }
}

/// Fields of reports, and behind a field of words its words.
fn of_reports(path: &[&str], arg: &str, beginning: &str) -> Vec<String> {
    let ending = match (path, arg) {
        (["report" | "send" | "incident", ..], "filters") => "=",
        (["report" | "send" | "incident", ..], "order") | (["report", ..], "columns" | "field") => {
            ""
        }
        _ => return Vec::new(),
    };
    let mut known: Vec<String> = Vec::new();
    for field in ReportKind::ALL.iter().flat_map(|kind| kind.fields()) {
        let name = format!("{}{ending}", field.name());
        match field.field_type() {
            FieldType::Word(_, words) if !ending.is_empty() && beginning.starts_with(&name) => {
                known.extend(words().split(", ").map(|word| format!("{name}{word}")));
            }
            _ => known.push(name),
        }
    }
    known.sort();
    known.dedup();
    known
}

/// What a command that has its name keeps.
fn kept_by(noun: &str) -> Option<KeptNames> {
    match noun {
        "template" => Some(KeptNames::Templates),
        "report" => Some(KeptNames::Reports),
        "rule" => Some(KeptNames::Rules),
        "trigger" => Some(KeptNames::Triggers),
        "task" => Some(KeptNames::Tasks),
        "incident" => Some(KeptNames::Incidents),
        _ => None,
    }
}

/// Which paths may stand at an argument.
pub(super) fn files(arg: &Arg) -> Files {
    let named = |part: &str| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| name.contains(part))
    };
    match arg.get_value_hint() {
        ValueHint::DirPath => Files::Folders,
        ValueHint::AnyPath | ValueHint::FilePath if !named("DIR") => Files::All,
        _ if named("FILE") => Files::All,
        _ if named("DIR") => Files::Folders,
        _ => Files::None,
    }
}

/// The database that the line means; none where its configuration cannot be read.
fn database(words: &[String]) -> Option<PathBuf> {
    if let Some(database) = given(words, "--db") {
        return Some(database);
    }
    let set = std::env::var_os("REGUA_CONFIG").filter(|value| !value.is_empty());
    let config = given(words, "--config").or_else(|| set.map(PathBuf::from));
    Config::load(config.as_deref())
        .ok()
        .map(|config| config.database)
}

/// The path that a flag of the line names, as the shell would hand it over.
fn given(words: &[String], flag: &str) -> Option<PathBuf> {
    let mut words = words.iter();
    let mut found = None;
    while let Some(word) = words.next() {
        let rest = word.strip_prefix(flag);
        match rest {
            Some("") => found = words.next().map(String::as_str),
            Some(rest) => found = rest.strip_prefix('=').or(found),
            None => {}
        }
    }
    let path = found?;
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Some(PathBuf::from(home).join(rest)),
        _ => Some(PathBuf::from(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_line_says_which_database_is_meant() {
        let path = |text: &str| given(&line(text), "--db");
        assert_eq!(path("regua --db a.db send"), Some(PathBuf::from("a.db")));
        assert_eq!(path("regua send --db=b.db x"), Some(PathBuf::from("b.db")));
        assert_eq!(path("regua send --dba x"), None);
    }
}
