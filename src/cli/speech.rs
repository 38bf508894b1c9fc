//! The language of a run, and the command line's own words in it: helps, usages and what was not understood.

use std::ffi::OsString;

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command};

use crate::view::Language;
use crate::view::language::{self, said};

/// The language that the command line asks for, else the environment; it is known before the line is
/// understood, for its helps and errors are told in it.
pub fn asked(arguments: &[OsString]) -> Language {
    of_the_line(arguments).unwrap_or_else(Language::of_environment)
}

/// What of ours is written to the staff, where nobody looks on: in Portuguese, unless English was asked for by
/// name. What cron starts has no locale, which says nothing of those who read.
pub fn to_staff(text: &str) -> String {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let named = || Language::named(&std::env::var("REGUA_LANG").ok()?);
    match of_the_line(&arguments).or_else(named) {
        Some(Language::English) => text.to_owned(),
        _ => language::in_portuguese(text),
    }
}

/// The language that the command line asks for.
fn of_the_line(arguments: &[OsString]) -> Option<Language> {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let named = match word {
            "--" => break,
            "--lang" => words.next(),
            _ => word.strip_prefix("--lang="),
        };
        if let Some(language) = named.and_then(Language::named) {
            return Some(language);
        }
    }
    None
}

/// The command with its helps in the language of the run.
pub fn told(command: Command) -> Command {
    if language::spoken() == Language::English {
        return command;
    }
    let mut command = command;
    command.build();
    portuguese(command)
}

/// A styled text in the language of the run.
fn text(text: &StyledStr) -> String {
    said(&text.to_string()).into_owned()
}

/// A command, and all below it, in Portuguese.
fn portuguese(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage
        .trim_start_matches("Usage:")
        .trim()
        .replace("[OPTIONS]", "[OPÇÕES]")
        .replace("<COMMAND>", "<COMANDO>")
        .replace("[COMMAND]", "[COMANDO]");
    let about = command.get_about().map(text);
    let long = command.get_long_about().map(text);
    let after = command.get_after_help().map(text);
    let after_long = command.get_after_long_help().map(text);
    command = command
        .override_usage(usage)
        .subcommand_help_heading("Comandos")
        .help_template("{before-help}{about-with-newline}\nUso: {usage}\n\n{all-args}{after-help}")
        .mut_args(argument)
        .mut_subcommands(portuguese);
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    if let Some(after) = after_long {
        command = command.after_long_help(after);
    }
    command
}

/// An argument in Portuguese: its help, its heading, and what it accepts.
fn argument(argument: Arg) -> Arg {
    let heading = match argument.get_help_heading() {
        Some(heading) => language::whole(heading),
        None if argument.is_positional() => Some("Argumentos"),
        None => Some("Opções"),
    };
    let notes = notes(&argument);
    let whole = |help: String| {
        let parts = [help, notes.clone()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    };
    let help = whole(argument.get_help().map(text).unwrap_or_default());
    let long = argument.get_long_help().map(|long| whole(text(long)));
    let mut argument = match heading {
        Some(heading) => argument.help_heading(heading),
        None => argument,
    };
    argument = argument
        .help(help)
        .hide_possible_values(true)
        .hide_default_value(true);
    if let Some(long) = long {
        argument = argument.long_help(long);
    }
    argument
}

/// What an argument accepts, and what it is when it is not given.
fn notes(argument: &Arg) -> String {
    let mut notes = Vec::new();
    let takes = argument
        .get_num_args()
        .is_none_or(|values| values.takes_values());
    if takes && !argument.is_hide_default_value_set() && !argument.get_default_values().is_empty() {
        let values: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        notes.push(format!("[padrão: {}]", values.join(", ")));
    }
    let possible: Vec<PossibleValue> = argument.get_possible_values();
    if takes && !argument.is_hide_possible_values_set() && !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let names: Vec<&str> = shown.map(PossibleValue::get_name).collect();
        notes.push(format!("[valores: {}]", names.join(", ")));
    }
    notes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::{CaseOutcome, Closing, Stage};
    use crate::domain::words::{
        AccessStatus, Author, Channel, ContractStatus, InvoiceStatus, Kind, Origin, PersonType,
        Purpose, Reason, Status, Word,
    };

    #[test]
    fn what_a_table_says_in_portuguese_is_understood_where_it_is_typed() {
        fn wrong<W: Word + std::fmt::Debug>(found: &mut Vec<String>) {
            for known in W::ALL {
                let said = language::portuguese(known.as_str());
                if W::parse(&said) != Some(*known) {
                    found.push(format!("{known:?} is shown as {said}"));
                }
            }
        }
        let mut found = Vec::new();
        wrong::<Channel>(&mut found);
        wrong::<Purpose>(&mut found);
        wrong::<Kind>(&mut found);
        wrong::<PersonType>(&mut found);
        wrong::<ContractStatus>(&mut found);
        wrong::<AccessStatus>(&mut found);
        wrong::<InvoiceStatus>(&mut found);
        wrong::<Author>(&mut found);
        wrong::<Status>(&mut found);
        wrong::<Origin>(&mut found);
        wrong::<Reason>(&mut found);
        wrong::<Stage>(&mut found);
        wrong::<CaseOutcome>(&mut found);
        wrong::<Closing>(&mut found);
        assert!(found.is_empty(), "{found:#?}");
    }

    /// Every text of a command's help, and of those below it.
    fn helps(command: &Command, found: &mut std::collections::BTreeSet<String>) {
        let texts = [command.get_about(), command.get_long_about()];
        found.extend(texts.into_iter().flatten().map(ToString::to_string));
        for argument in command.get_arguments() {
            let texts = [argument.get_help(), argument.get_long_help()];
            found.extend(texts.into_iter().flatten().map(ToString::to_string));
            found.extend(argument.get_help_heading().map(str::to_owned));
        }
        for sub in command.get_subcommands() {
            helps(sub, found);
        }
    }

    #[test]
    fn every_help_has_its_portuguese() {
        use clap::CommandFactory as _;
        let mut command = super::super::Cli::command();
        command.build();
        let mut found = std::collections::BTreeSet::new();
        helps(&command, &mut found);
        let lacking = language::lacking(found);
        assert!(
            lacking.is_empty(),
            "{} helps have no Portuguese in src/view/pt.toml:\n{}",
            lacking.len(),
            lacking
                .iter()
                .map(|text| format!("{text:?}"))
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
}
