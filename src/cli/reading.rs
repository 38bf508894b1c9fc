//! Which commands only read: they never make a database.

use clap::ArgMatches;

/// The commands that change nothing in the database, by their words. Every other may make one.
pub(super) const READING: &[&str] = &[
    "backup",
    "birthday list",
    "client export",
    "client list",
    "client show",
    "collection forecast",
    "collection handover",
    "collection list",
    "collection show",
    "collection stats",
    "dashboard",
    "evidence head",
    "evidence verify",
    "export",
    "history",
    "history show",
    "hold list",
    "metrics",
    "incident list",
    "incident show",
    "notice audit",
    "notice list",
    "notice proof",
    "omnichannel logs",
    "optout list",
    "queue list",
    "queue stats",
    "report list",
    "report run",
    "report show",
    "report values",
    "rule list",
    "rule show",
    "send list",
    "send show",
    "stats",
    "status",
    "task list",
    "task show",
    "template lint",
    "template list",
    "template preview",
    "template show",
    "ticket list",
    "ticket show",
    "trigger list",
    "trigger show",
    "trigger test",
];

/// The flags with which one of them writes down what it shows.
const NOTING: [&str; 1] = ["mark"];

/// The flags with which any other command changes nothing either.
const LOOKING: [&str; 2] = ["dry_run", "validate"];

/// Whether what was typed is such a command.
pub(super) fn only_reads(matches: &ArgMatches) -> bool {
    let mut words = Vec::new();
    let mut at = matches;
    while let Some((name, below)) = at.subcommand() {
        words.push(name);
        at = below;
    }
    let given = |flag: &&str| matches!(at.try_get_one::<bool>(flag), Ok(Some(true)));
    let reads = READING.contains(&words.join(" ").as_str()) && !NOTING.iter().any(given);
    reads || LOOKING.iter().any(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    /// Every command that does something, by its words.
    fn all(command: &clap::Command, before: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let words = format!("{before} {}", below.get_name()).trim().to_owned();
            if !below.is_subcommand_required_set() {
                found.push(words.clone());
            }
            all(below, &words, found);
        }
    }

    #[test]
    fn trial_57_every_reading_command_exists_and_none_is_forgotten() {
        let mut found = Vec::new();
        all(&crate::cli::Cli::command(), "", &mut found);
        for name in READING {
            assert!(
                found.iter().any(|words| words == name),
                "there is no command `{name}`"
            );
        }
        let looks = [
            "list", "show", "stats", "preview", "lint", "logs", "forecast",
        ];
        for words in &found {
            let last = words.split(' ').next_back().unwrap_or_default();
            if looks.contains(&last) {
                assert!(
                    READING.contains(&words.as_str()),
                    "`{words}` only looks, and may make a database"
                );
            }
        }
    }
}
