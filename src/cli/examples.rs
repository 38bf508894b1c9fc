//! An example for the help of each command that has none of its own.

/// The command's words, and an example of it.
const EXAMPLES: &[(&str, &str)] = &[
    ("template show", "regua template show cut"),
    ("template list", "regua template list -o csv"),
    ("template remove", "regua template remove cut"),
    ("template lint", "regua template lint"),
    ("template variables", "regua template variables"),
    ("report fields", "regua report fields contracts"),
    ("report list", "regua report list"),
    ("report show", "regua report show cut-for-debt"),
    ("report remove", "regua report remove cut-for-debt"),
    ("send list", "regua send list --limit 10"),
    ("send show", "regua send show 7 -o csv"),
    ("queue list", "regua queue list --unknown"),
    ("queue stats", "regua queue stats"),
    ("history show", "regua history show 1042"),
    ("birthday", "regua birthday queue"),
    ("birthday queue", "regua birthday queue --json"),
    ("task enable", "regua task enable nightly"),
    ("task disable", "regua task disable nightly"),
    ("task list", "regua task list"),
    ("task show", "regua task show nightly"),
    ("task remove", "regua task remove nightly"),
    ("task run", "regua task run nightly"),
    ("task run-due", "regua task run-due -v"),
    (
        "task crontab",
        "(crontab -l; regua task crontab) | crontab -",
    ),
    ("task systemd", "regua task systemd"),
    (
        "optout add",
        "regua optout add --client 17 --purpose marketing --source 'asked by phone'",
    ),
    (
        "optout remove",
        "regua optout remove --client 17 --purpose marketing",
    ),
    ("optout list", "regua optout list --client 17"),
    (
        "rule add",
        "regua rule add residential --portfolio Boleto --reminders 5,3,0:due-soon --stage notice:3:overdue-push",
    ),
    ("rule list", "regua rule list"),
    ("rule show", "regua rule show residential"),
    ("rule remove", "regua rule remove residential"),
    (
        "hold add",
        "regua hold add --invoice 145535 --until 2026-12-20 --why 'promised to pay'",
    ),
    ("hold list", "regua hold list"),
    ("hold remove", "regua hold remove --invoice 145535"),
    ("incident list", "regua incident list --open"),
    ("incident show", "regua incident show pop-centro"),
    (
        "ticket open",
        "regua ticket open --ticket 1070 --client 193 --topic 4 --title 'Sem sinal' --opened-by client",
    ),
    (
        "ticket reply",
        "regua ticket reply --ticket 1070 --by staff --text 'Reinicie o roteador, por favor.'",
    ),
    (
        "ticket move",
        "regua ticket move --ticket 1070 --to resolved",
    ),
    ("ticket list", "regua ticket list"),
    ("ticket show", "regua ticket show 1070"),
    ("trigger list", "regua trigger list"),
    ("trigger show", "regua trigger show resolved"),
    ("trigger remove", "regua trigger remove resolved"),
    ("doctor", "regua doctor"),
    (
        "omnichannel",
        "regua omnichannel templates --channel 64f09e6332843f9dada2d0d6",
    ),
    ("whatsapp", "regua whatsapp status webhook.jsonl"),
];

/// The command with an example in every help.
pub fn taught(command: clap::Command) -> clap::Command {
    EXAMPLES.iter().fold(command, |command, (path, example)| {
        let words: Vec<&str> = path.split(' ').collect();
        teach(command, &words, example)
    })
}

fn teach(command: clap::Command, path: &[&str], example: &str) -> clap::Command {
    match path {
        [] => {
            let said = command
                .get_after_help()
                .map(|help| format!("{help}\n\n"))
                .unwrap_or_default();
            command.after_help(format!("{said}Example:\n  {example}"))
        }
        [first, rest @ ..] if command.find_subcommand(first).is_some() => {
            command.mut_subcommand(first, |sub| teach(sub, rest, example))
        }
        _ => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn lacking(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let path = format!("{path} {}", sub.get_name());
            let help = sub
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            if !help.to_lowercase().contains("example") {
                found.push(path.clone());
            }
            lacking(sub, &path, found);
        }
    }

    #[test]
    fn every_help_has_an_example() {
        let mut found = Vec::new();
        lacking(&taught(super::super::Cli::command()), "regua", &mut found);
        assert!(
            found.is_empty(),
            "no example in the help of: {}",
            found.join(", ")
        );
    }

    #[test]
    fn every_example_is_of_a_command_that_is_there() {
        for (path, _) in EXAMPLES {
            let mut command = super::super::Cli::command();
            for word in path.split(' ') {
                command = command
                    .find_subcommand(word)
                    .unwrap_or_else(|| panic!("{path}"))
                    .clone();
            }
        }
    }
}
