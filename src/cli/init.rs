//! `regua init`: a first configuration, a database, and a look at whether all is well.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::Context;
use super::arguments::says_none;
use super::global::Global;
use crate::channel::{Ask, Choice, choices};
use crate::clock::zone_is_known;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::jobs::init::{self as job, Answers, ChannelAnswer, SourceAnswer, quoted};
use crate::source;
use crate::view::{Cell, Out, View, language};

/// Write a first configuration, make the database, and look whether all is well
#[derive(Debug, Args)]
#[command(
    after_help = "On a terminal it asks for what no flag gives; elsewhere, and with --yes, the defaults are taken. It writes\n\
        config.toml here (0600), or the file that --config names; under /etc for the group regua too (0640), with\n\
        the data in /var/lib/regua. A configuration that is there already stays as it is.\n\n\
        Examples:\n  regua init\n  \
        regua init --company 'Provedor Exemplo' --sms zenvia --set sms.token=env:SMS_TOKEN --set sms.sender=Provedor --yes\n  \
        sudo regua init --config /etc/regua/config.toml"
)]
pub(super) struct Command {
    /// The time zone, an IANA name [default: America/Sao_Paulo]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The company's name, as messages call it
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// The company's telephone
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// The company's CNPJ
    #[arg(long, value_name = "CNPJ")]
    tax_id: Option<String>,
    /// Push by: fcm, file or a preset [default: file]
    #[arg(long, value_name = "PROVIDER")]
    push: Option<String>,
    /// WhatsApp by: opa, meta, file or a preset [default: file]
    #[arg(long, value_name = "PROVIDER")]
    whatsapp: Option<String>,
    /// SMS by: twilio, file or a preset [default: file]
    #[arg(long, value_name = "PROVIDER")]
    sms: Option<String>,
    /// E-mail by: smtp or file [default: file]
    #[arg(long, value_name = "PROVIDER")]
    email: Option<String>,
    /// The ERP to sync from: ixc, hubsoft, sgp or none [default: none]
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// A key of the configuration, such as sms.token=env:SMS_TOKEN; may be given several times
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
}

/// The channels that are asked about; the others go as they usually do.
const ASKED: [&str; 4] = ["push", "whatsapp", "sms", "email"];

/// What is asked, and who answers.
struct Form<'a> {
    out: Out,
    /// A person can be asked.
    asks: bool,
    command: &'a Command,
    /// `--set`: section, key, value.
    set: Vec<(String, String, String)>,
}

/// Writes the configuration and makes its database; what is to be looked at then, unless the answer went to a
/// program.
pub(super) fn run(command: &Command, global: &Global, out: Out) -> Result<Option<Context>> {
    let path = global
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from("config.toml"));
    job::refuse_existing(&path)?;
    let form = Form {
        out,
        asks: !command.yes && out.interactive(),
        command,
        set: read_set(&command.set)?,
    };
    let mut answers = form.answers()?;
    if let Some(database) = &global.db {
        answers.database = database.display().to_string();
    }
    let say = |words: &str| language::said(words).into_owned();
    let made = job::keep(&path, &job::text(&answers, &path, &say))?;
    let context = Context::new(Some(&path), None, global.now.as_deref(), out)?;
    for warning in &made.warnings {
        out.warn(warning);
    }
    out.say(format!("wrote {}", made.file.display()));
    context.open()?;
    let view = View::<Path>::new()
        .words("config", |path| Cell::of(path.display()))
        .words("database", |_| json!(made.database.display().to_string()));
    if out.one(view, path.as_path())? {
        return Ok(None);
    }
    out.say("next: regua import DIR, or regua sync; regua apply FILE; regua task crontab");
    Ok(Some(context))
}

/// `--set SECTION.KEY=VALUE`, taken apart; the section may have dots of its own.
fn read_set(set: &[String]) -> Result<Vec<(String, String, String)>> {
    set.iter()
        .map(|text| {
            let wrong = || {
                Error::usage(format!("--set {text}: is not SECTION.KEY=VALUE"))
                    .hint("--set sms.token=env:SMS_TOKEN")
            };
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            let (section, key) = name.rsplit_once('.').ok_or_else(wrong)?;
            let plain = |part: &str| {
                !part.is_empty()
                    && part
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
            };
            if !plain(section) || !plain(key) {
                return Err(wrong());
            }
            Ok((section.to_owned(), key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// A value as TOML has it: a number, yes or no, or a list as they are, all else as a text.
fn as_toml(value: &str) -> String {
    let plain = value.parse::<i64>().is_ok() || ["true", "false"].contains(&value);
    let list = value.starts_with('[') && value.ends_with(']');
    if plain || list {
        value.to_owned()
    } else {
        quoted(value)
    }
}

impl Form<'_> {
    fn answers(&self) -> Result<Answers> {
        let command = self.command;
        let timezone = self.zone()?;
        let company = [
            self.line(
                command.company.as_deref(),
                "The company's name, as messages call it",
                "",
            )?,
            self.line(command.phone.as_deref(), "Its telephone", "")?,
            self.line(command.tax_id.as_deref(), "Its CNPJ", "")?,
        ];
        let mut channels = Vec::new();
        for channel in Channel::ALL {
            if ASKED.contains(&channel.as_str()) {
                channels.push(self.channel(*channel, self.given(*channel))?);
            }
        }
        let source = self.source()?;
        let taken = |section: &str| {
            let synced = source.as_ref().map(|(name, _)| format!("sync.{name}"));
            channels.iter().any(|one| one.channel.as_str() == section)
                || synced.as_deref() == Some(section)
        };
        let others = self.set.iter().filter(|(section, _, _)| !taken(section));
        let others = others
            .map(|(section, key, value)| (section.clone(), key.clone(), as_toml(value)))
            .collect();
        Ok(Answers {
            timezone,
            company,
            database: String::new(),
            channels,
            source,
            others,
        })
    }

    /// What the flag of a channel gives.
    fn given(&self, channel: Channel) -> Option<&str> {
        let command = self.command;
        let given = match channel.as_str() {
            "push" => &command.push,
            "whatsapp" => &command.whatsapp,
            "sms" => &command.sms,
            _ => &command.email,
        };
        given.as_deref()
    }

    /// What a flag gives, else what a person answers, else what is usual.
    fn line(&self, given: Option<&str>, question: &str, usual: &str) -> Result<String> {
        if let Some(given) = given {
            return Ok(given.trim().to_owned());
        }
        if !self.asks {
            return Ok(usual.to_owned());
        }
        self.out.prompt(question, usual)?.ok_or_else(|| {
            Error::usage("the answers ended too soon; nothing was written")
                .hint("--yes takes the defaults for all that no flag gives")
        })
    }

    fn zone(&self) -> Result<String> {
        loop {
            let given = self.command.timezone.as_deref();
            let zone = self.line(given, "Time zone", "America/Sao_Paulo")?;
            if zone_is_known(&zone) {
                return Ok(zone);
            }
            let error = Error::unacceptable(format!("`{zone}` is not a known zone"))
                .hint("an IANA name such as America/Sao_Paulo or America/Manaus");
            if given.is_some() || !self.asks {
                return Err(error);
            }
            self.out.error(&error);
        }
    }

    /// One of these names: what a flag gives must be one, a person is asked again.
    fn one_of(
        &self,
        given: Option<&str>,
        question: &str,
        names: &[&str],
        usual: &str,
    ) -> Result<String> {
        let question = format!("{} ({})", language::said(question), names.join(", "));
        loop {
            let name = self.line(given, &question, usual)?;
            if names.contains(&name.as_str()) {
                return Ok(name);
            }
            let error = Error::unacceptable(format!("`{name}` is none of: {}", names.join(", ")))
                .hint("what needs more than a few words is described in the file: config.example.toml");
            if given.is_some() || !self.asks {
                return Err(error);
            }
            self.out.error(&error);
        }
    }

    fn channel(&self, channel: Channel, given: Option<&str>) -> Result<ChannelAnswer> {
        let choices = choices(channel);
        let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
        let question = format!("{} by", channel.as_str());
        let name = self.one_of(given, &question, &names, "file")?;
        let chosen = choices.into_iter().find(|choice| choice.name == name);
        let chosen = chosen.unwrap_or(Choice {
            name: "file",
            preset_of: None,
            asks: Vec::new(),
        });
        let mut pairs = self.pairs(channel.as_str(), &chosen.asks)?;
        if chosen.preset_of.is_some() {
            pairs.insert(0, ("preset".to_owned(), quoted(chosen.name)));
        }
        Ok(ChannelAnswer {
            channel,
            provider: chosen.preset_of.unwrap_or(chosen.name).to_owned(),
            pairs,
        })
    }

    fn source(&self) -> Result<Option<SourceAnswer>> {
        let choices = source::choices();
        let mut names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        names.push("none");
        let given = self.command.source.as_deref();
        let given = given.map(|name| if says_none(name) { "none" } else { name });
        let name = self.one_of(given, "The ERP to sync from", &names, "none")?;
        let chosen = choices.into_iter().find(|(known, _)| *known == name);
        let Some((name, asks)) = chosen else {
            return Ok(None);
        };
        let pairs = self.pairs(&format!("sync.{name}"), asks)?;
        Ok(Some((name.to_owned(), pairs)))
    }

    /// The keys of a section: what `--set` gives, and what it cannot do without.
    fn pairs(&self, section: &str, asks: &[Ask]) -> Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for ask in asks {
            let set = self.set.iter().rev();
            let given = set
                .filter(|(name, key, _)| name == section && key.as_str() == ask.key)
                .map(|(_, _, value)| value.as_str())
                .next();
            let question = format!("  {}: {}", ask.key, language::said(&ask.what));
            if ask.secret && given.is_none() && self.asks {
                self.out.say("  (a secret: env:NAME, file:PATH, or itself)");
            }
            let value = self.line(given, &question, "")?;
            if !value.is_empty() {
                pairs.push((ask.key.to_string(), quoted(&value)));
            }
        }
        let asked = |key: &str| asks.iter().any(|ask| ask.key == key);
        for (name, key, value) in &self.set {
            if name == section && !asked(key) {
                pairs.retain(|(known, _)| known != key);
                pairs.push((key.clone(), as_toml(value)));
            }
        }
        Ok(pairs)
    }
}
