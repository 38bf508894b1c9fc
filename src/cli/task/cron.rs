//! `regua task crontab` and `systemd`: the lines that start `run-due` each minute.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Context, Outcome};
use crate::error::{Error, Result};

/// The program, and the arguments with which it finds from anywhere what it found here.
fn invocation(context: &Context) -> Result<Vec<String>> {
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
    words.extend(["task".to_owned(), "run-due".to_owned()]);
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
    let line = crontab_line(&invocation(context)?);
    if !context.out.document(&json!({ "line": line }))? {
        context.out.exact(line)?;
    }
    context.out.explain(
        "what it does goes to the record (`regua task show`), failures to standard error, which cron mails",
    );
    Ok(Outcome::Done)
}

/// A word as systemd.service(5) reads it back.
fn for_systemd(word: &str) -> String {
    let word = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    if word
        .chars()
        .all(|c| !c.is_whitespace() && c != '\'' && c != ';')
    {
        word
    } else {
        format!("\"{word}\"")
    }
}

/// The service and the timer.
fn units(words: &[String], user: Option<&str>) -> (String, String) {
    let command: Vec<String> = words.iter().map(|word| for_systemd(word)).collect();
    let user = user.map_or_else(String::new, |user| format!("User={user}\n"));
    let service = format!(
        "[Unit]\n\
         Description=regua: run the tasks that are due\n\
         Wants=network-online.target\n\
         After=network-online.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {user}ExecStart={}\n\
         StandardOutput=null\n",
        command.join(" ")
    );
    let timer = "[Unit]\n\
         Description=regua: look each minute for tasks that are due\n\
         \n\
         [Timer]\n\
         OnCalendar=*-*-* *:*:00\n\
         AccuracySec=1s\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n"
        .to_owned();
    (service, timer)
}

/// Prints the service and the timer.
pub(super) fn systemd(context: &Context) -> Result<Outcome> {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let (service, timer) = units(&invocation(context)?, user.as_deref());
    let document = json!({ "service": service, "timer": timer });
    if !context.out.document(&document)? {
        context.out.exact(format!(
            "# /etc/systemd/system/regua.service\n{service}\n# /etc/systemd/system/regua.timer\n{timer}\n\
             # then: systemctl daemon-reload && systemctl enable --now regua.timer\n"
        ))?;
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

    #[test]
    fn a_unit_escapes_what_systemd_expands() {
        let (service, _) = units(&words(&["/opt/a b/regua", "--db", "/x/50%/$HOME.db"]), None);
        assert!(service.contains("ExecStart=\"/opt/a b/regua\" --db /x/50%%/$$HOME.db\n"));
        assert!(!service.contains("User="));
    }
}
