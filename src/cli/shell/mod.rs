//! Completions for the shell, and man pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::Outcome;
use crate::error::{Error, Result};
use crate::view::Out;

mod complete;
mod manual;
mod values;

pub(super) use complete::Complete;

/// What has each shell ask regua itself.
const SCRIPTS: [(Shell, &str); 3] = [
    (Shell::Bash, include_str!("bash.sh")),
    (Shell::Zsh, include_str!("zsh.zsh")),
    (Shell::Fish, include_str!("fish.fish")),
];

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Those for bash, zsh and fish ask regua, and so know the names in the database:\n\
        of templates, reports, rules, triggers, tasks and incidents. They change\n\
        nothing, and are silent where it may not be read.\n\n\
        Examples:\n  \
        regua completions bash > /etc/bash_completion.d/regua\n  \
        regua completions zsh > ~/.zsh/completions/_regua       a folder of $fpath\n  \
        regua completions fish > ~/.config/fish/completions/regua.fish"
)]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints them.
    pub(super) fn run(&self, out: Out, command: &mut clap::Command) -> Result<Outcome> {
        if let Some((_, script)) = SCRIPTS.iter().find(|(shell, _)| *shell == self.shell) {
            out.exact(script)?;
            return Ok(Outcome::Done);
        }
        let mut text = Vec::new();
        clap_complete::generate(self.shell, command, "regua", &mut text);
        out.exact(String::from_utf8_lossy(&text))?;
        Ok(Outcome::Done)
    }
}

/// Write a man page for each command into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  regua man /usr/local/share/man/man1")]
pub(super) struct Man {
    /// The folder, made when it does not exist
    dir: PathBuf,
}

impl Man {
    /// Writes them.
    pub(super) fn run(&self, out: Out, command: clap::Command) -> Result<Outcome> {
        let failed = |error| {
            Error::world(format!(
                "man pages cannot be written to {}",
                self.dir.display()
            ))
            .because(error)
        };
        std::fs::create_dir_all(&self.dir).map_err(failed)?;
        manual::write(&self.dir, command).map_err(failed)?;
        out.say(format!("man pages are in {}", self.dir.display()));
        Ok(Outcome::Done)
    }
}
