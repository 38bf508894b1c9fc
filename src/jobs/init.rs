//! A first configuration: written from a few answers, with comments, accepted whole before it is kept.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Group, User};

use crate::config::Config;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::private_file;

/// Where the machine's own configuration stands.
const MACHINES: &str = "/etc";

/// Where its data stands.
const MACHINES_DATA: &str = "/var/lib/regua";

/// The account, and the group, that the machine's regua works under.
const ACCOUNT: &str = "regua";

/// How one channel is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAnswer {
    /// The channel.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// What stands in its section besides, each key with its value as TOML has it.
    pub pairs: Vec<(String, String)>,
}

/// A source, with what stands in its section: each key with its value as TOML has it.
pub type SourceAnswer = (String, Vec<(String, String)>);

/// What a configuration is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// The zone, an IANA name.
    pub timezone: String,
    /// The provider's name, telephone and CNPJ; empty where they are not given.
    pub company: [String; 3],
    /// The SQLite file; the usual place when empty.
    pub database: String,
    /// The channels.
    pub channels: Vec<ChannelAnswer>,
    /// The source, with what stands in its section.
    pub source: Option<SourceAnswer>,
    /// What stands in other sections: the section, the key, the value as TOML has it.
    pub others: Vec<(String, String, String)>,
}

/// A text as TOML has it.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Whether a path is the machine's own configuration.
fn is_machines(path: &Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| path.starts_with(MACHINES))
}

/// The folder that data stands in: none where that is the configuration's own.
fn data_folder(path: &Path) -> Option<&'static str> {
    is_machines(path).then_some(MACHINES_DATA)
}

/// Within the data's folder.
fn placed(path: &Path, name: &str) -> String {
    data_folder(path).map_or_else(|| name.to_owned(), |folder| format!("{folder}/{name}"))
}

/// The text of a configuration for this path; `say` turns comments into the language of the run.
pub fn text(answers: &Answers, path: &Path, say: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    // Writing to a text does not fail.
    let mut comment = |text: &mut String, words: &str| {
        let _ = writeln!(text, "# {}", say(words));
    };
    let pair = |text: &mut String, key: &str, value: &str| {
        let _ = writeln!(text, "{key} = {value}");
    };
    comment(
        &mut text,
        "regua's configuration. Paths are relative to this file.",
    );
    comment(
        &mut text,
        "A secret is written env:NAME, file:PATH, or as itself; keep this file to its owner then.",
    );
    comment(
        &mut text,
        "Every key with its default: regua-config(5), or config.example.toml.",
    );
    text.push('\n');
    comment(
        &mut text,
        "The SQLite file: templates, queue, history, everything.",
    );
    let database = if answers.database.is_empty() {
        placed(path, "regua.db")
    } else {
        answers.database.clone()
    };
    pair(&mut text, "database", &quoted(&database));
    comment(&mut text, "Days and schedules are this zone's.");
    pair(&mut text, "timezone", &quoted(&answers.timezone));
    text.push('\n');
    comment(
        &mut text,
        "What messages call the provider: #empresa_nome#, #empresa_telefone#, #empresa_documento#.",
    );
    text.push_str("[company]\n");
    for (key, value) in ["name", "phone", "tax_id"]
        .into_iter()
        .zip(&answers.company)
    {
        if value.is_empty() {
            let _ = writeln!(text, "# {key} = \"\"");
        } else {
            pair(&mut text, key, &quoted(value));
        }
    }
    channels(&mut text, answers, path, &mut comment);
    rest(&mut text, answers, path, &mut comment);
    text
}

/// The sections of the channels.
fn channels(
    text: &mut String,
    answers: &Answers,
    path: &Path,
    comment: &mut dyn FnMut(&mut String, &str),
) {
    for answer in &answers.channels {
        text.push('\n');
        if answer.provider == "file" {
            comment(
                text,
                "No account yet: each message is appended to this file as a line of JSON.",
            );
        }
        let _ = writeln!(text, "[{}]", answer.channel.as_str());
        let _ = writeln!(text, "provider = {}", quoted(&answer.provider));
        if answer.provider == "file" && !answer.pairs.iter().any(|(key, _)| key == "path") {
            let file = placed(path, &format!("{}.jsonl", answer.channel.as_str()));
            let _ = writeln!(text, "path = {}", quoted(&file));
        }
        for (key, value) in &answer.pairs {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
}

/// What follows the channels: letters, copies, the source, and other sections.
fn rest(
    text: &mut String,
    answers: &Answers,
    path: &Path,
    comment: &mut dyn FnMut(&mut String, &str),
) {
    let given = |section: &str| answers.others.iter().any(|(name, _, _)| name == section);
    if data_folder(path).is_some() {
        for (section, key, folder) in [
            ("letter", "path", "letters"),
            ("backup", "folder", "backups"),
        ] {
            if !given(section) {
                let _ = writeln!(
                    text,
                    "\n[{section}]\n{key} = {}",
                    quoted(&placed(path, folder))
                );
            }
        }
    }
    text.push('\n');
    match &answers.source {
        Some((name, pairs)) => {
            comment(text, "The ERP's web service, read only.");
            let _ = writeln!(text, "[sync.{name}]");
            for (key, value) in pairs {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        None => comment(
            text,
            "Facts come by regua import, until a source stands here: [sync.ixc] and others.",
        ),
    }
    let mut sections: Vec<&str> = Vec::new();
    for (section, _, _) in &answers.others {
        if !sections.contains(&section.as_str()) {
            sections.push(section);
        }
    }
    for section in sections {
        let _ = writeln!(text, "\n[{section}]");
        for (_, key, value) in answers.others.iter().filter(|(name, _, _)| name == section) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConfiguration {
    /// The configuration.
    pub file: PathBuf,
    /// The database that it names.
    pub database: PathBuf,
    /// What could not be as it should, though it works.
    pub warnings: Vec<String>,
}

/// Whether there is a configuration at this path already.
///
/// # Errors
/// When there is.
pub fn refuse_existing(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(
            Error::unacceptable(format!("{} is a folder", path.display()))
                .hint("--config FILE, such as config.toml in it"),
        );
    }
    if path.symlink_metadata().is_ok() {
        return Err(Error::unacceptable(format!(
            "there is a configuration already: {}; nothing was written",
            path.display()
        ))
        .hint("edit it, then regua doctor; or --config FILE for another"));
    }
    Ok(())
}

/// Checks a configuration's text and keeps it at this path, for its owner alone; under /etc for the group
/// regua too.
///
/// # Errors
/// When the text is not acceptable, with every flaw; when there is a file already, or it cannot be written.
pub fn keep(path: &Path, text: &str) -> Result<KeptConfiguration> {
    refuse_existing(path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let config = Config::read(text, &path.display().to_string(), base).map_err(|error| {
        error.hint("--set SECTION.KEY=VALUE gives a key, such as --set sms.token=env:SMS_TOKEN; nothing was written")
    })?;
    let failed = |error: std::io::Error| {
        Error::world(format!("{} cannot be written", path.display())).because(error)
    };
    if !base.as_os_str().is_empty() {
        std::fs::create_dir_all(base).map_err(failed)?;
    }
    let mut file = private_file::create_new(path).map_err(failed)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a configuration is none.
        std::fs::remove_file(path).ok();
        return Err(failed(error));
    }
    let mut warnings = config.warnings.clone();
    if is_machines(path) {
        warnings.extend(for_the_machine(path, &config.database).map_err(failed)?);
    }
    Ok(KeptConfiguration {
        file: path.to_owned(),
        database: config.database,
        warnings,
    })
}

/// Gives the configuration to the group that regua works under, and makes the folder of its data.
fn for_the_machine(path: &Path, database: &Path) -> std::io::Result<Option<String>> {
    let group = Group::from_name(ACCOUNT).ok().flatten();
    let user = User::from_name(ACCOUNT).ok().flatten();
    let folder = database.parent().unwrap_or(Path::new(MACHINES_DATA));
    if !folder.is_dir() {
        std::fs::create_dir_all(folder)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o750))?;
        if let (Some(user), Some(group)) = (&user, &group) {
            chown(folder, Some(user.uid.as_raw()), Some(group.gid.as_raw()))?;
        }
    }
    let Some(group) = group else {
        return Ok(Some(format!(
            "there is no group {ACCOUNT}: {} is its owner's alone; regua works as that account only",
            path.display()
        )));
    };
    chown(path, None, Some(group.gid.as_raw()))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o640))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers {
            timezone: "America/Manaus".to_owned(),
            company: ["Rede \"Norte\"".to_owned(), String::new(), String::new()],
            channels: vec![
                ChannelAnswer {
                    channel: Channel::Push,
                    provider: "file".to_owned(),
                    pairs: Vec::new(),
                },
                ChannelAnswer {
                    channel: Channel::Sms,
                    provider: "http".to_owned(),
                    pairs: vec![
                        ("preset".to_owned(), quoted("zenvia")),
                        ("token".to_owned(), quoted("env:SMS_TOKEN")),
                        ("sender".to_owned(), quoted("Norte")),
                    ],
                },
            ],
            source: Some((
                "ixc".to_owned(),
                vec![
                    ("base_url".to_owned(), quoted("https://ixc.example.com")),
                    ("token".to_owned(), quoted("env:IXC_TOKEN")),
                ],
            )),
            others: vec![(
                "queue".to_owned(),
                "max_attempts".to_owned(),
                "5".to_owned(),
            )],
            ..Answers::default()
        }
    }

    #[test]
    fn what_is_answered_makes_a_configuration_that_is_accepted() {
        let text = text(&answers(), Path::new("config.toml"), &str::to_owned);
        let config = Config::read(&text, "config.toml", Path::new("")).expect(&text);
        assert_eq!(config.timezone, chrono_tz::America::Manaus);
        assert_eq!(config.company.name.as_deref(), Some("Rede \"Norte\""));
        assert_eq!(config.channel(Channel::Sms).name, "http");
        assert_eq!(config.sources.len(), 1);
        assert_eq!(config.queue.max_attempts, 5);
        assert_eq!(config.database, Path::new("regua.db"));
    }

    #[test]
    fn under_etc_the_data_stands_where_data_stands() {
        let text = text(
            &answers(),
            Path::new("/etc/regua/config.toml"),
            &str::to_owned,
        );
        for line in [
            "database = \"/var/lib/regua/regua.db\"",
            "path = \"/var/lib/regua/push.jsonl\"",
            "path = \"/var/lib/regua/letters\"",
            "folder = \"/var/lib/regua/backups\"",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
