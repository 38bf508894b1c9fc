//! The command line with only those commands that its words name: to put all of them together costs more than
//! most of them do.

use std::ffi::OsString;

use clap::{Args, Command, Subcommand};

use super::global::Global;
use super::{
    apply, backup, birthday, client, collection, dashboard, demo, doctor, evidence, history, hold,
    import, incident, init, metrics, notice, omnichannel, opt_out, queue, receipts, receive,
    report, restore, rule, send, shell, stats, status, sync, task, template, ticket, trigger,
};

/// A command, and what makes its arguments.
type Noun = (&'static str, fn(Command) -> Command);

/// Every command by its name. One that is missing here is found all the same, only later.
const NOUNS: &[Noun] = &[
    ("import", flags::<import::Command>),
    ("template", verbs::<template::Command>),
    ("report", verbs::<report::Command>),
    ("send", flags::<send::Command>),
    ("queue", verbs::<queue::Command>),
    ("history", flags::<history::Command>),
    ("birthday", verbs::<birthday::Command>),
    ("task", verbs::<task::Command>),
    ("optout", verbs::<opt_out::Command>),
    ("rule", verbs::<rule::Command>),
    ("collection", verbs::<collection::Command>),
    ("hold", verbs::<hold::Command>),
    ("incident", verbs::<incident::Command>),
    ("notice", verbs::<notice::Command>),
    ("evidence", verbs::<evidence::Command>),
    ("client", verbs::<client::Command>),
    ("ticket", verbs::<ticket::Command>),
    ("trigger", verbs::<trigger::Command>),
    ("sync", flags::<sync::Command>),
    ("status", flags::<status::Command>),
    ("stats", flags::<stats::Command>),
    ("dashboard", flags::<dashboard::Command>),
    ("metrics", flags::<metrics::Command>),
    ("doctor", flags::<doctor::Command>),
    ("backup", flags::<backup::Command>),
    ("restore", flags::<restore::Command>),
    ("omnichannel", verbs::<omnichannel::Command>),
    ("receipts", verbs::<receipts::Command>),
    ("receive", flags::<receive::Command>),
    ("whatsapp", verbs::<receipts::Whatsapp>),
    ("apply", flags::<apply::Apply>),
    ("export", flags::<apply::Export>),
    ("init", flags::<init::Command>),
    ("demo", flags::<demo::Command>),
    ("completions", flags::<shell::Completions>),
    ("complete", flags::<shell::Complete>),
    ("man", flags::<shell::Man>),
];

fn flags<A: Args>(command: Command) -> Command {
    A::augment_args(command)
}

fn verbs<S: Subcommand>(command: Command) -> Command {
    S::augment_subcommands(command)
        .subcommand_required(true)
        .arg_required_else_help(true)
}

/// The command line with the commands that stand among these words: for reading them where nothing is wrong with
/// them. Helps and errors come from the whole.
pub(super) fn lean(words: &[OsString]) -> Command {
    let whole = Global::augment_args(Command::new("regua"));
    NOUNS
        .iter()
        .filter(|(name, _)| words.iter().any(|word| word == name))
        .fold(whole, |whole, (name, arguments)| {
            whole.subcommand(arguments(Command::new(*name)))
        })
        .subcommand_required(true)
        .arg_required_else_help(true)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// What decides how a command's words are read, its verbs' too.
    fn read_by(command: &Command) -> String {
        let arguments: Vec<String> = command
            .get_arguments()
            .map(|argument| format!("{argument:?}"))
            .collect();
        let verbs: Vec<String> = command.get_subcommands().map(read_by).collect();
        let name = command.get_name();
        let wanted = (
            command.is_subcommand_required_set(),
            command.is_arg_required_else_help_set(),
            command.is_args_conflicts_with_subcommands_set(),
        );
        format!("{name} {wanted:?} {arguments:#?} {verbs:#?}")
    }

    #[test]
    fn each_command_is_read_as_in_the_whole() {
        let mut whole = Cli::command();
        whole.build();
        for noun in whole.get_subcommands() {
            let name = noun.get_name();
            if name == "help" {
                continue;
            }
            let mut lean = lean(&[name.into()]);
            assert_eq!(
                lean.is_subcommand_required_set(),
                whole.is_subcommand_required_set()
            );
            lean.build();
            let found = lean
                .find_subcommand(name)
                .unwrap_or_else(|| panic!("`{name}` is not in the list"));
            assert_eq!(read_by(found), read_by(noun), "{name}");
        }
    }
}
