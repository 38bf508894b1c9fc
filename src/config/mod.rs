//! The configuration: found, read and accepted whole, or refused whole with every problem.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;

use crate::domain::contact_hours::{self, ContactHours, Window};
use crate::domain::day;
use crate::domain::holiday::Calendar;
use crate::domain::policy::{Cap, Policy, PurposeMap};
use crate::domain::recipient::Number;
use crate::domain::template::Company;
use crate::domain::words::{Channel, Purpose, Word};
use crate::domain::{phone, tax_id};
use crate::error::{Error, Result};
use crate::settings::Secret;
use crate::source::{self, SourceSettings};
use crate::toml_table::{Section, read_whole};

mod providers;

pub use providers::{
    ChannelConfig, EmailSettings, FcmSettings, HttpSettings, MetaSettings, OpaSettings,
    PLACEHOLDERS, ProviderConfig, Tls, TwilioSettings,
};

/// The table every file and example uses where no configuration is found.
const DEFAULT_DATABASE: &str = "regua.db";

/// The queue's manners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// Attempts before a message gives up.
    pub max_attempts: i64,
    /// The first retry comes within so many seconds, the next within twice as many, and so on.
    pub first_retry_seconds: i64,
    /// Channels whose unknown messages are resent by themselves.
    pub resend_unknown: Vec<Channel>,
}

/// Who is congratulated, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthdayConfig {
    /// The template's name.
    pub template: Option<String>,
    /// Only active clients, rather than all.
    pub active_only: bool,
    /// Hours of the day, every day of the week.
    pub hours: Window,
}

/// Old things that `purge` may delete; none keeps for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days after which the text of a message that is done is cleared.
    pub bodies_days: Option<i64>,
    /// Days after which a message that is done is deleted (its key stays).
    pub messages_days: Option<i64>,
    /// Days after which a task's run is deleted.
    pub runs_days: Option<i64>,
}

/// Where backups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupConfig {
    /// The folder.
    pub folder: PathBuf,
    /// How many are kept.
    pub keep: i64,
}

/// Everything configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from; none when the defaults are used.
    pub file: Option<PathBuf>,
    /// The SQLite file.
    pub database: PathBuf,
    /// The provider's zone.
    pub timezone: Tz,
    /// A run that would send more is refused; 0 means no limit.
    pub max_messages_per_run: i64,
    /// Hours after which payment data is stale; 0 means never.
    pub max_data_age_hours: i64,
    /// The provider itself.
    pub company: Company,
    /// Push.
    pub push: ChannelConfig,
    /// WhatsApp.
    pub whatsapp: ChannelConfig,
    /// Text messages.
    pub sms: ChannelConfig,
    /// E-mail.
    pub email: ChannelConfig,
    /// The queue.
    pub queue: QueueConfig,
    /// Contact hours, caps, holidays, expiry and numbers.
    pub policy: Policy,
    /// Birthdays.
    pub birthday: BirthdayConfig,
    /// Hours for which a missed task is still caught up.
    pub catch_up_hours: i64,
    /// What purge may delete.
    pub retention: Retention,
    /// Where backups go.
    pub backup: BackupConfig,
    /// The sources that sync reads.
    pub sources: Vec<Arc<dyn SourceSettings>>,
    /// What is acceptable but unwise.
    pub warnings: Vec<String>,
}

impl Config {
    /// The settings of a channel.
    pub const fn channel(&self, channel: Channel) -> &ChannelConfig {
        match channel {
            Channel::Push => &self.push,
            Channel::Whatsapp => &self.whatsapp,
            Channel::Sms => &self.sms,
            Channel::Email => &self.email,
        }
    }

    /// Finds and reads the configuration: `given` (the flag or `REGUA_CONFIG`), `./config.toml`,
    /// the user's, the machine's; without any, the defaults with paths relative to the working folder.
    pub fn load(given: Option<&Path>) -> Result<Self> {
        let file = match given {
            Some(path) => Some(path.to_owned()),
            None => places().into_iter().find(|path| path.is_file()),
        };
        let Some(file) = file else {
            return Self::read("", "the defaults", Path::new("")).map(|config| Self {
                file: None,
                ..config
            });
        };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Error::unacceptable(format!(
                "the configuration {} cannot be read",
                file.display()
            ))
            .because(error)
            .hint("--config FILE, or copy config.example.toml to config.toml")
        })?;
        let base = file.parent().unwrap_or(Path::new(""));
        let mut config = Self::read(&text, &file.display().to_string(), base)?;
        config.warnings.extend(readable_by_others(&file, &config));
        config.file = Some(file);
        Ok(config)
    }

    /// Reads a configuration's text; `base` is the folder that its paths start from.
    pub fn read(text: &str, name: &str, base: &Path) -> Result<Self> {
        read_whole(name, text, "the configuration is not acceptable", |top| {
            read_config(top, base)
        })
    }

    /// Every secret in it, with the key it stands under.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let mut secrets = Vec::new();
        for channel in Channel::ALL {
            for (key, secret) in self.channel(*channel).provider.secrets() {
                secrets.push((format!("{channel}.{key}"), secret));
            }
        }
        for source in &self.sources {
            for (key, secret) in source.secrets() {
                secrets.push((format!("sync.{}.{key}", source.name()), secret));
            }
        }
        secrets
    }
}

/// Where a configuration is looked for, in order.
fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("config.toml")];
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")));
    places.extend(home.map(|home| home.join("regua/config.toml")));
    places.push(PathBuf::from("/etc/regua/config.toml"));
    places
}

fn readable_by_others(file: &Path, config: &Config) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o044 != 0)
    };
    let mut warnings = Vec::new();
    for (key, secret) in config.secrets() {
        let holder = secret.file().unwrap_or_else(|| file.to_owned());
        if (secret.is_literal() || secret.file().is_some()) && open(&holder) {
            warnings.push(format!(
                "{key}: the secret stands in {}, which others can read (chmod 600)",
                holder.display()
            ));
        }
    }
    warnings
}

fn read_config(top: &Section<'_, '_>, base: &Path) -> Config {
    let mut warnings = Vec::new();
    let timezone = top
        .filled("timezone")
        .map_or(chrono_tz::America::Sao_Paulo, |name| {
            name.parse().unwrap_or_else(|_| {
                top.wrong(
                    "timezone",
                    format!("`{name}` is not a known zone"),
                    "write an IANA name such as America/Sao_Paulo or America/Manaus",
                );
                chrono_tz::America::Sao_Paulo
            })
        });
    let database = base.join(
        top.filled("database")
            .unwrap_or_else(|| DEFAULT_DATABASE.to_owned()),
    );
    let max_messages_per_run = top
        .number("max_messages_per_run", 0..=i64::MAX)
        .unwrap_or(0);
    let max_data_age_hours = top.number("max_data_age_hours", 0..=100_000).unwrap_or(48);
    let company = top
        .section("company")
        .map_or_else(Company::default, |section| read_company(section));
    let (queue, expire_days) = read_queue(top);
    let push = providers::read(top, Channel::Push, base, &mut warnings);
    let (whatsapp, numbers) = providers::read_whatsapp(top, base, &mut warnings);
    let sms = providers::read(top, Channel::Sms, base, &mut warnings);
    let email = providers::read(top, Channel::Email, base, &mut warnings);
    let policy = Policy {
        hours: read_hours(top),
        calendar: read_holidays(top),
        caps: read_caps(top),
        expire_days,
        whatsapp_numbers: numbers,
        transliterate_sms: sms.transliterate,
    };
    let birthday = read_birthday(top);
    let catch_up_hours = top.section("tasks").map_or(12, |section| {
        let hours = section.number("catch_up_hours", 0..=8760).unwrap_or(12);
        section.finish();
        hours
    });
    let retention = top
        .section("retention")
        .map_or_else(Retention::default, |section| {
            let retention = Retention {
                bodies_days: section.number("bodies_days", 1..=100_000),
                messages_days: section.number("messages_days", 1..=100_000),
                runs_days: section.number("runs_days", 1..=100_000),
            };
            section.finish();
            retention
        });
    let backup = top.section("backup").map_or_else(
        || BackupConfig {
            folder: base.join("backups"),
            keep: 7,
        },
        |section| {
            let backup = BackupConfig {
                folder: base.join(
                    section
                        .filled("folder")
                        .unwrap_or_else(|| "backups".to_owned()),
                ),
                keep: section.number("keep", 1..=100_000).unwrap_or(7),
            };
            section.finish();
            backup
        },
    );
    let sources = top.section("sync").map_or_else(Vec::new, |section| {
        let sources = source::read(&section, base, &mut warnings);
        section.finish();
        sources
    });
    Config {
        file: None,
        database,
        timezone,
        max_messages_per_run,
        max_data_age_hours,
        company,
        push,
        whatsapp,
        sms,
        email,
        queue,
        policy,
        birthday,
        catch_up_hours,
        retention,
        backup,
        sources,
        warnings,
    }
}

fn read_company(section: Section<'_, '_>) -> Company {
    let tax_id = section.filled("tax_id").and_then(|text| {
        let id = tax_id::parse(&text);
        if id.is_none() {
            section.wrong("tax_id", format!("found `{text}`"), tax_id::ACCEPTED);
        }
        id.map(|id| tax_id::punctuated(&id))
    });
    let phone = section.filled("phone").and_then(|text| {
        let phone = phone::Phone::parse(&text);
        if phone.is_none() {
            section.wrong("phone", format!("found `{text}`"), phone::ACCEPTED);
        }
        phone.map(|phone| phone.shown())
    });
    let company = Company {
        name: section.filled("name"),
        phone,
        tax_id,
    };
    section.finish();
    company
}

fn read_queue(top: &Section<'_, '_>) -> (QueueConfig, i64) {
    let default = QueueConfig {
        max_attempts: 6,
        first_retry_seconds: 30,
        resend_unknown: Vec::new(),
    };
    let Some(section) = top.section("queue") else {
        return (default, 7);
    };
    let queue = QueueConfig {
        max_attempts: section
            .number("max_attempts", 1..=100)
            .unwrap_or(default.max_attempts),
        first_retry_seconds: section
            .number("first_retry_seconds", 1..=86_400)
            .unwrap_or(default.first_retry_seconds),
        resend_unknown: section.words("resend_unknown").unwrap_or_default(),
    };
    let expire_days = section.number("expire_days", 1..=3650).unwrap_or(7);
    section.finish();
    (queue, expire_days)
}

fn read_hours(top: &Section<'_, '_>) -> PurposeMap<ContactHours> {
    let mut hours = PurposeMap {
        collection: ContactHours::prudent(),
        service: ContactHours::Always,
        marketing: ContactHours::prudent(),
    };
    let Some(section) = top.section("contact_hours") else {
        return hours;
    };
    for (key, purpose) in [
        ("collection", Purpose::Collection),
        ("service", Purpose::Service),
        ("marketing", Purpose::Marketing),
    ] {
        if let Some(found) = read_contact_hours(&section, key) {
            *hours.get_mut(purpose) = found;
        }
    }
    section.finish();
    hours
}

fn read_contact_hours(section: &Section<'_, '_>, key: &'static str) -> Option<ContactHours> {
    const REMEDY: &str =
        "write \"always\" or { weekdays = \"08:00-20:00\", saturday = \"08:00-14:00\" }";
    if !section.has(key) {
        return None;
    }
    if let Some(text) = section.text_if(key) {
        if text == "always" {
            return Some(ContactHours::Always);
        }
        section.wrong(key, format!("found the text `{text}`"), REMEDY);
        return None;
    }
    let table = section.section(key)?;
    let window = |day: &'static str| {
        let text = table.filled(day)?;
        let window = Window::parse(&text);
        if window.is_none() {
            table.wrong(
                day,
                format!("found `{text}`"),
                format!("write hours as {}", contact_hours::ACCEPTED),
            );
        }
        window
    };
    let hours = ContactHours::Weekly {
        weekdays: window("weekdays"),
        saturday: window("saturday"),
        sunday: window("sunday"),
        holidays: window("holidays"),
    };
    table.finish();
    Some(hours)
}

fn read_holidays(top: &Section<'_, '_>) -> Calendar {
    let Some(section) = top.section("holidays") else {
        return Calendar::default();
    };
    let mut extra = Vec::new();
    for text in section.texts("extra").unwrap_or_default() {
        match day::parse(&text) {
            Some(Some(day)) => extra.push(day),
            _ => section.wrong(
                "extra",
                format!("`{text}` is not a date"),
                format!("write dates as {}", day::ACCEPTED),
            ),
        }
    }
    section.finish();
    Calendar::new(extra)
}

fn read_caps(top: &Section<'_, '_>) -> PurposeMap<Option<Cap>> {
    let mut caps = PurposeMap {
        collection: None,
        service: None,
        marketing: None,
    };
    let Some(section) = top.section("caps") else {
        return caps;
    };
    for (key, purpose) in [
        ("collection", Purpose::Collection),
        ("service", Purpose::Service),
        ("marketing", Purpose::Marketing),
    ] {
        if let Some(table) = section.section(key) {
            let messages = table.number("messages", 0..=1_000_000);
            let days = table.number("days", 1..=3650);
            match (messages, days) {
                (Some(messages), Some(days)) => {
                    *caps.get_mut(purpose) = Some(Cap { messages, days });
                }
                _ => section.wrong(
                    key,
                    "a cap needs both its numbers",
                    "write { messages = 1, days = 1 }",
                ),
            }
            table.finish();
        }
    }
    section.finish();
    caps
}

fn read_birthday(top: &Section<'_, '_>) -> BirthdayConfig {
    let whole_day = || {
        Window::parse("08:00-20:00").unwrap_or(Window {
            from: chrono::NaiveTime::MIN,
            to: chrono::NaiveTime::MIN,
        })
    };
    let Some(section) = top.section("birthday") else {
        return BirthdayConfig {
            template: None,
            active_only: false,
            hours: whole_day(),
        };
    };
    let active_only = section
        .filled("audience")
        .is_some_and(|audience| match audience.as_str() {
            "active" => true,
            "all" => false,
            other => {
                section.wrong(
                    "audience",
                    format!("found `{other}`"),
                    "write \"active\" or \"all\"",
                );
                false
            }
        });
    let hours = section.filled("hours").and_then(|text| {
        let window = Window::parse(&text);
        if window.is_none() {
            section.wrong(
                "hours",
                format!("found `{text}`"),
                format!("write hours as {}", contact_hours::ACCEPTED),
            );
        }
        window
    });
    let birthday = BirthdayConfig {
        template: section.filled("template"),
        active_only,
        hours: hours.unwrap_or_else(whole_day),
    };
    section.finish();
    birthday
}

/// Reads `[whatsapp] numbers`.
fn read_numbers(section: &Section<'_, '_>) -> Option<Vec<Number>> {
    let mut numbers = Vec::new();
    for text in section.texts("numbers")? {
        match text.as_str() {
            "mobile" => numbers.push(Number::Mobile),
            "whatsapp" => numbers.push(Number::Whatsapp),
            other => section.wrong(
                "numbers",
                format!("found `{other}`"),
                "write some of: mobile, whatsapp",
            ),
        }
    }
    if numbers.is_empty() {
        section.wrong(
            "numbers",
            "names no number",
            "write [\"mobile\", \"whatsapp\"]",
        );
        return None;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_need_no_file() {
        let config = Config::read("", "the defaults", Path::new("")).expect("acceptable");
        assert_eq!(config.database, Path::new("regua.db"));
        assert_eq!(config.timezone, chrono_tz::America::Sao_Paulo);
        assert!(matches!(config.push.provider, ProviderConfig::File { .. }));
        assert_eq!(config.policy.expire_days, 7);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = "timezone = \"Brasilia\"\n[queue]\nmax_atempts = 3\n[caps]\ncollection = { messages = 1 }\n[contact_hours]\nservice = \"never\"\n";
        let error = Config::read(text, "config.toml", Path::new("")).expect_err("four problems");
        let told = error.to_string();
        for part in [
            "config.toml:1: timezone: `Brasilia` is not a known zone",
            "config.toml:3: queue.max_atempts: is not a known key, did you mean `max_attempts`?",
            "config.toml:5: caps.collection: a cap needs both its numbers",
            "config.toml:7: contact_hours.service: found the text `never`",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }

    #[test]
    fn a_secret_never_prints() {
        let config = Config::read(
            "[whatsapp]\nprovider = \"opa\"\nbase_url = \"https://opa.example.com/api/v1\"\ntoken = \"s3cret\"\n",
            "config.toml",
            Path::new(""),
        )
        .expect("acceptable");
        assert!(!format!("{config:?}").contains("s3cret"));
        assert_eq!(config.secrets()[0].1.reveal().expect("a literal"), "s3cret");
    }
}
