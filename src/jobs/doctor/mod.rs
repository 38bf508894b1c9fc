//! Doctor: looks at everything a run depends on, and says what to do. It sends nothing.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use chrono::TimeDelta;

use crate::channel::ChannelSettings;
use crate::clock::Now;
use crate::config::{Config, others_can_read};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::jobs::watch::{self, Attention};
use crate::store::{Connection, Store, block_list, health};

mod definitions;
mod outside;
#[cfg(feature = "postgres")]
mod shared;
mod sources;

use definitions::definitions;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and could bite.
    Warning,
    /// It does not work.
    Failure,
}

impl Health {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `database`, `sms`, `source`…
    pub area: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Finding {
    fn ok(area: &'static str, message: impl Into<String>) -> Self {
        Self {
            area,
            health: Health::Ok,
            message: message.into(),
            remedy: None,
        }
    }

    fn warning(area: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            area,
            health: Health::Warning,
            message: message.into(),
            remedy: Some(remedy.into()).filter(|remedy| !remedy.is_empty()),
        }
    }

    /// Something that wants attention, wherever it is told.
    fn noticed(area: &'static str, noticed: Attention) -> Self {
        let Attention {
            what,
            count,
            remedy,
        } = noticed;
        let message = if count > 1 {
            format!("{count} × {what}")
        } else {
            what
        };
        Self::warning(area, message, remedy)
    }

    fn failure(area: &'static str, error: &Error) -> Self {
        let mut message = error.message.clone();
        if let Some(source) = &error.source {
            message = format!("{message}: {source}");
        }
        for flaw in &error.flaws {
            message = format!("{message}; {flaw}");
        }
        Self {
            area,
            health: Health::Failure,
            message,
            remedy: Some(error.hints.join("; or ")).filter(|remedy| !remedy.is_empty()),
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The database, which need not exist.
    pub database: &'a Path,
    /// Now.
    pub now: &'a Now,
}

/// What a configuration that was refused has wrong with it.
pub fn refused_configuration(error: &Error) -> Vec<Finding> {
    if error.flaws.is_empty() {
        return vec![Finding::failure("configuration", error)];
    }
    error
        .flaws
        .iter()
        .map(|flaw| Finding {
            area: "configuration",
            health: Health::Failure,
            message: format!("{}: {}", flaw.whereabouts(), flaw.found),
            remedy: Some(flaw.remedy.clone()).filter(|remedy| !remedy.is_empty()),
        })
        .collect()
}

/// Looks at everything, and tells each finding as soon as it is there.
///
/// # Errors
/// Only what `tell` answers; everything else is a finding.
pub fn examine(patient: &Patient<'_>, tell: &mut dyn FnMut(Finding) -> Result<()>) -> Result<()> {
    let config = patient.config;
    for finding in configuration(config).into_iter().chain(secrets(config)) {
        tell(finding)?;
    }
    let mut store = match opened(patient.database) {
        Ok(store) => Some(store),
        Err(finding) => {
            tell(finding)?;
            None
        }
    };
    if let Some(store) = &store {
        each(tell, "database", database(store, patient))?;
    }
    let latest = store
        .as_ref()
        .and_then(|store| health::latest(store.connection()).ok().flatten());
    tell(clock(patient.now, latest))?;
    if let Some(store) = &mut store {
        each(
            tell,
            "definitions",
            definitions(store, patient.config, *patient.now),
        )?;
    }
    if let Some(store) = &store {
        waiting(store.connection(), *patient.now, tell)?;
    }
    if let Some(finding) = outside::alerts(patient.config) {
        tell(finding)?;
    }
    for finding in outside::network(patient) {
        tell(finding)?;
    }
    for (channel, settings) in patient.config.channels.iter() {
        tell(provider(channel, settings))?;
        for (doubt, remedy) in settings.provider.doubts() {
            tell(Finding::warning(channel.as_str(), doubt, remedy))?;
        }
    }
    sources::examine(patient, store.as_ref(), tell)
}

/// Tells what waits: for a task, or for a person to decide.
fn waiting(
    connection: &Connection,
    now: Now,
    tell: &mut dyn FnMut(Finding) -> Result<()>,
) -> Result<()> {
    let findings = watch::unnoticed(connection, now).map(|noticed| {
        let noticed = noticed.into_iter();
        noticed
            .map(|neglect| Finding::warning("tasks", neglect.what, neglect.remedy))
            .collect()
    });
    each(tell, "tasks", findings)?;
    each(tell, "incidents", outside::undecided(connection, now))
}

/// The database, or what is to be told of it instead.
fn opened(database: &Path) -> Result<Store, Finding> {
    if !database.exists() {
        return Err(Finding::warning(
            "database",
            format!("{} does not exist yet", database.display()),
            "it is made by the first command that needs it: regua import, regua sync",
        ));
    }
    Store::open(database).map_err(|error| Finding::failure("database", &error))
}

/// Tells several findings, or the error that came instead of them.
fn each(
    tell: &mut dyn FnMut(Finding) -> Result<()>,
    area: &'static str,
    findings: Result<Vec<Finding>>,
) -> Result<()> {
    match findings {
        Ok(findings) => findings.into_iter().try_for_each(tell),
        Err(error) => tell(Finding::failure(area, &error)),
    }
}

fn configuration(config: &Config) -> Vec<Finding> {
    let mut findings = vec![match &config.file {
        Some(file) => Finding::ok("configuration", format!("{} is acceptable", file.display())),
        None => Finding::warning(
            "configuration",
            "no file was found: the defaults are used, and every message goes to a file",
            "copy config.example.toml to config.toml, or name yours with --config",
        ),
    }];
    for warning in &config.warnings {
        let (message, remedy) = match warning.rsplit_once(" (chmod 600)") {
            Some((message, "")) => (message, "chmod 600"),
            _ => (warning.as_str(), ""),
        };
        findings.push(Finding::warning("configuration", message, remedy));
    }
    findings
}

/// Whether every secret can be had, without showing any.
fn secrets(config: &Config) -> Vec<Finding> {
    let secrets = config.secrets();
    let mut findings = Vec::new();
    for (key, secret) in &secrets {
        match secret.reveal() {
            Ok(text) if text.is_empty() => findings.push(Finding {
                area: "secrets",
                health: Health::Failure,
                message: format!("{key} is empty"),
                remedy: Some("write env:NAME, file:PATH or the secret itself".to_owned()),
            }),
            Ok(_) => {}
            Err(error) => {
                let mut finding = Finding::failure("secrets", &error);
                finding.message = format!("{key}: {}", finding.message);
                findings.push(finding);
            }
        }
    }
    for (channel, settings) in config.channels.iter() {
        for (key, file) in settings.provider.private_files() {
            if others_can_read(file) {
                findings.push(Finding::warning(
                    "secrets",
                    format!("{channel}.{key}: others can read {}", file.display()),
                    "chmod 600",
                ));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "secrets",
            match secrets.len() {
                0 => "none is configured".to_owned(),
                1 => "1 is there".to_owned(),
                n => format!("{n} are there"),
            },
        ));
    }
    findings
}

fn database(store: &Store, patient: &Patient<'_>) -> Result<Vec<Finding>> {
    let connection = store.connection();
    let place = store.path().display();
    let mut findings = Vec::new();
    let damage = health::damage(connection)?;
    if damage.is_empty() {
        findings.push(Finding::ok(
            "database",
            format!("{place} is whole, version {}", health::version(connection)?),
        ));
    } else {
        findings.push(Finding {
            area: "database",
            health: Health::Failure,
            message: format!("{place} is damaged: {}", damage.join("; ")),
            remedy: Some(
                "restore the newest backup; `sqlite3 FILE .recover` saves what can be read"
                    .to_owned(),
            ),
        });
    }
    if std::fs::metadata(store.path()).is_ok_and(|found| found.permissions().mode() & 0o004 != 0) {
        findings.push(Finding::warning(
            "database",
            format!("{place} holds personal data, and everybody on this machine can read it"),
            "chmod 640, or 600",
        ));
    }
    let names = std::fs::metadata(store.path()).map_or(1, |found| found.nlink());
    if names > 1 {
        // SQLite finds the log by the name of the file: of two names each has its own, and neither knows the other.
        findings.push(Finding::warning(
            "database",
            format!(
                "{place} has {names} names (hard links): written by two of them it is damaged, since each has its own write-ahead log"
            ),
            "rm the other names (find -samefile), or cp for a copy",
        ));
    }
    let noticed = [
        watch::in_doubt(connection)?,
        watch::stale(connection, patient.config, *patient.now)?,
    ];
    let noticed = noticed.into_iter().flatten();
    findings.extend(noticed.map(|one| Finding::noticed("database", one)));
    findings.extend(block_lists(connection, patient)?);
    Ok(findings)
}

/// Lists of numbers that are older than their configuration allows, or were never imported.
fn block_lists(connection: &Connection, patient: &Patient<'_>) -> Result<Vec<Finding>> {
    let imported = block_list::imported(connection)?;
    let mut findings = Vec::new();
    for (name, rule) in &patient.config.policy.block_lists.rules {
        let remedy = "regua import block-lists FILE";
        let known = imported.iter().find(|(list, _)| list == name);
        match (known, rule.max_age_days) {
            (None, _) => findings.push(Finding::warning(
                "block lists",
                format!("list `{name}` is configured and was never imported"),
                remedy,
            )),
            (Some((_, at)), Some(days)) if patient.now.at - *at > TimeDelta::days(days) => {
                let age = (patient.now.at - *at).num_days();
                findings.push(Finding::warning(
                    "block lists",
                    format!("list `{name}` is {age} days old, and may be {days}"),
                    remedy,
                ));
            }
            _ => {}
        }
    }
    Ok(findings)
}

fn clock(now: &Now, latest: Option<chrono::DateTime<chrono::Utc>>) -> Finding {
    let told = format!("it is {} ({})", now.iso(now.at), now.zone);
    match latest {
        Some(latest) if now.at < latest => Finding::warning(
            "clock",
            format!("{told}, but the database has seen {}", now.iso(latest)),
            "set the clock (timedatectl); an earlier day would be refused by regua collection update",
        ),
        _ => Finding::ok("clock", told),
    }
}

/// A channel's provider: its credentials, by a call that sends nothing.
fn provider(channel: Channel, settings: &ChannelSettings) -> Finding {
    let area = channel.as_str();
    let name = settings.name;
    match settings.connect().and_then(|provider| provider.check()) {
        Ok(found) => Finding::ok(area, format!("{name}: {found}")),
        Err(error) => {
            let mut finding = Finding::failure(area, &error);
            finding.message = format!("{name}: {}", finding.message);
            finding
        }
    }
}
