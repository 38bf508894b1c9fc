//! `regua task crontab` and `systemd`: what starts `run-due` each minute, and takes in receipts.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use serde_json::json;

use super::units::Place;
use super::{Context, Outcome, units};
use crate::domain::text::typed;
use crate::domain::words::{Channel, Word as _};
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

/// The command as a line of crontab(5), where `%` ends a line unless it is escaped.
fn crontab_line(words: &[String]) -> String {
    let command: Vec<String> = words.iter().map(|word| typed(word)).collect();
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

/// Who owns the database, or its folder; `regua`, a user of its own, where that is root or nobody yet.
fn owner(database: &Path) -> String {
    let places = [Some(database), database.parent()];
    let found = places
        .into_iter()
        .flatten()
        .find_map(|place| std::fs::metadata(place).ok());
    found
        .map(|found| found.uid())
        .filter(|uid| *uid != 0)
        .and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok().flatten())
        .map_or_else(|| "regua".to_owned(), |user| user.name)
}

/// Where the tasks run, and the folders that they write into.
fn place(words: &[String], context: &Context) -> Place {
    let folder = |path: &Path| Some(std::path::absolute(path).ok()?.parent()?.to_path_buf());
    let mut writable: Vec<PathBuf> = folder(context.database()).into_iter().collect();
    writable.extend(std::path::absolute(&context.config.backup.folder));
    for channel in Channel::ALL {
        let files = context.config.channel(*channel).provider.written_files();
        writable.extend(files.iter().filter_map(|file| folder(file)));
    }
    writable.sort();
    writable.dedup();
    // What is below another of them is writable with it, and so is what the service has for itself.
    let below = |folder: &PathBuf, other: &Path| folder != other && folder.starts_with(other);
    let all = writable.clone();
    writable.retain(|folder| {
        !folder.starts_with("/var/lib/regua") && !all.iter().any(|other| below(folder, other))
    });
    let home = |path: &Path| path.starts_with("/home") || path.starts_with("/root");
    Place {
        user: owner(context.database()),
        at_home: words.iter().map(Path::new).any(home) || writable.iter().any(|path| home(path)),
        writable,
    }
}

/// Prints or writes units of systemd: those of the tasks, or the socket and the service of receipts.
pub(super) fn systemd(receive: bool, dir: Option<&Path>, context: &Context) -> Result<Outcome> {
    let units = if receive {
        let words = invocation(&["receive"], context)?;
        let folder = std::path::absolute(context.database())
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf))
            .unwrap_or_default();
        let user = owner(context.database());
        Vec::from(units::of_receive(&words, &folder, Some(&user)))
    } else {
        let words = invocation(&["task", "run-due"], context)?;
        let place = place(&words, context);
        context.out.say(format!(
            "the tasks run as the user {}, to whom the database must belong",
            place.user
        ));
        Vec::from(units::of_tasks(&words, &place))
    };
    let then = if receive {
        "systemctl daemon-reload && systemctl enable --now regua-receive.socket"
    } else {
        "systemctl daemon-reload && systemctl enable --now regua.timer"
    };
    if let Some(dir) = dir {
        std::fs::create_dir_all(dir).map_err(|error| {
            Error::world(format!("{} cannot be made", dir.display())).because(error)
        })?;
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
    if context.out.document(&document)? {
        return Ok(Outcome::Done);
    }
    let view = units.iter().fold(View::<()>::new(), |view, unit| {
        view.words(unit.kind, |()| Cell::of(&unit.text))
    });
    if !context.out.one(view, &())? {
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
