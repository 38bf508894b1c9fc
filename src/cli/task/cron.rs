//! `regua task crontab` and `systemd`: what starts `run-due` each minute, and takes in receipts.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Context, Outcome, units};
use crate::error::{Error, Result};
use crate::view::{Cell, View};

/// The program, and the arguments with which it finds from anywhere what it found here.
fn invocation(command: &[&str], context: &Context) -> Result<Vec<String>> {
    let absolute = |path: &Path| -> Result<PathBuf> {
        std::path::absolute(path).map_err(|error| {
            Error::world(format!("{} has no absolute path", path.display())).because(error)
        })
    };
    let program = std::env::current_exe()
        .map_err(|error| Error::world("this program does not know its place").because(error))?;
    let mut words = vec![program.display().to_string()];
    if let Some(file) = &context.config.file {
        words.push("--config".to_owned());
        words.push(absolute(file)?.display().to_string());
    }
    if context.config.file.is_none() || context.database() != context.config.database {
        words.push("--db".to_owned());
        words.push(absolute(context.database())?.display().to_string());
    }
    words.extend(command.iter().map(|word| (*word).to_owned()));
    for (key, secret) in context.config.secrets() {
        if !secret.is_literal() && secret.file().is_none() {
            context.out.warn(format!(
                "{key} comes from the environment, which cron and systemd do not pass on: file:PATH works there"
            ));
        }
    }
    Ok(words)
}

/// A word as the shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The command as a line of crontab(5), where `%` ends a line unless it is escaped.
fn crontab_line(words: &[String]) -> String {
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!(
        "* * * * * {} >/dev/null",
        command.join(" ").replace('%', r"\%")
    )
}

/// Prints the line for crontab.
pub(super) fn crontab(context: &Context) -> Result<Outcome> {
    let line = crontab_line(&invocation(&["task", "run-due"], context)?);
    let view = View::<String>::new().words("line", |line| Cell::of(line));
    if !context.out.one(view, &line)? {
        context.out.exact(line)?;
    }
    context.out.explain(
        "what it does goes to the record (`regua task show`), failures to standard error, which cron mails",
    );
    Ok(Outcome::Done)
}

/// Prints or writes units of systemd: the service and the timer, or the socket and the service of receipts.
pub(super) fn systemd(receive: bool, dir: Option<&Path>, context: &Context) -> Result<Outcome> {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let (units, then) = if receive {
        let words = invocation(&["receive"], context)?;
        let folder = std::path::absolute(context.database())
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf))
            .unwrap_or_default();
        (
            units::of_receive(&words, &folder, user.as_deref()),
            "systemctl daemon-reload && systemctl enable --now regua-receive.socket",
        )
    } else {
        let words = invocation(&["task", "run-due"], context)?;
        (
            units::of_tasks(&words, user.as_deref()),
            "systemctl daemon-reload && systemctl enable --now regua.timer",
        )
    };
    if let Some(dir) = dir {
        for unit in &units {
            let path = dir.join(unit.file);
            std::fs::write(&path, &unit.text).map_err(|error| {
                Error::world(format!("{} cannot be written", path.display())).because(error)
            })?;
            context.out.say(format!("wrote {}", path.display()));
        }
        context.out.say(format!("then: {then}"));
        return Ok(Outcome::Done);
    }
    let document: serde_json::Map<String, serde_json::Value> = units
        .iter()
        .map(|unit| (unit.kind.to_owned(), json!(unit.text)))
        .collect();
    if !context.out.document(&document)? {
        let texts = units.iter();
        let texts: Vec<String> = texts
            .map(|unit| format!("# /etc/systemd/system/{}\n{}\n", unit.file, unit.text))
            .collect();
        context
            .out
            .exact(format!("{}# then: {then}\n", texts.concat()))?;
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_crontab_line_survives_spaces_quotes_and_percent_signs() {
        assert_eq!(
            crontab_line(&words(&[
                "/usr/bin/regua",
                "--config",
                "/etc/regua/config.toml"
            ])),
            "* * * * * /usr/bin/regua --config /etc/regua/config.toml >/dev/null"
        );
        assert_eq!(
            crontab_line(&words(&["/opt/a b/regua", "--db", "/x/50%/o'k.db"])),
            r"* * * * * '/opt/a b/regua' --db '/x/50\%/o'\''k.db' >/dev/null"
        );
    }
}
