//! The configuration: found, read and accepted whole, or refused whole with every problem.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;

use crate::channel::ChannelSettings;
use crate::domain::alert::Alerted;
use crate::domain::channel::PerChannel;
use crate::domain::percent::{self, Percent};
use crate::domain::policy::Policy;
use crate::domain::template::Company;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::settings::Secret;
use crate::source::headings::Headings;
use crate::source::{self, SourceSettings};
use crate::toml_table::{Section, read_whole};

use self::hours::{read_block_lists, read_caps, read_holidays, read_hours};
use self::sections::{
    read_alerts, read_backup, read_birthday, read_company, read_notice, read_queue, read_retention,
    read_tasks, read_triggers,
};

mod channels;
mod find;
mod hours;
mod receive;
mod sections;
mod shared;

pub use find::others_can_read;
pub use receive::ReceiveConfig;
pub use sections::{BackupConfig, BirthdayConfig, QueueConfig, Retention};
pub use shared::SharedConfig;

/// Given in place of a file: none is read, whatever the machine has.
const NONE: &str = "none";

/// The table every file and example uses where no configuration is found.
const DEFAULT_DATABASE: &str = "regua.db";

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
    /// Each channel's provider and limits.
    pub channels: PerChannel<ChannelSettings>,
    /// The queue.
    pub queue: QueueConfig,
    /// Contact hours, caps, holidays, expiry and numbers.
    pub policy: Policy,
    /// Birthdays.
    pub birthday: BirthdayConfig,
    /// Who is alerted of what does not go well; none: nobody.
    pub alerts: Option<Alerted>,
    /// Changes of access in one run above which all are held back; 0 means no limit.
    pub most_access: i64,
    /// Hours for which a missed task is still caught up.
    pub catch_up_hours: i64,
    /// What purge may delete.
    pub retention: Retention,
    /// Where backups go.
    pub backup: BackupConfig,
    /// How reports come in from outside, and what people's answers mean.
    pub receive: ReceiveConfig,
    /// Of a kind, the most that may be gone at once (`[sync] most_gone`).
    pub most_gone: Percent,
    /// The sources that sync reads.
    pub sources: Vec<Arc<dyn SourceSettings>>,
    /// What a file's own headings mean (`[import.KIND]`).
    pub headings: Headings,
    /// What is acceptable but unwise.
    pub warnings: Vec<String>,
    /// A digest of what was read: messages made under another one are looked at again.
    pub digest: String,
}

impl Config {
    /// The settings of a channel.
    pub fn channel(&self, channel: Channel) -> &ChannelSettings {
        &self.channels[channel]
    }

    /// Finds and reads the configuration: `given` (the flag or `REGUA_CONFIG`), `./config.toml`,
    /// the user's, the machine's; without any, or where `none` is given, the defaults with paths relative to the
    /// working folder.
    pub fn load(given: Option<&Path>) -> Result<Self> {
        let file = match given {
            Some(path) if path == Path::new(NONE) => None,
            Some(path) => Some(path.to_owned()),
            None => find::places().into_iter().find(|path| path.is_file()),
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
        config
            .warnings
            .extend(find::readable_by_others(&file, &config));
        config.file = Some(file);
        Ok(config)
    }

    /// Reads a configuration's text; `base` is the folder that its paths start from.
    pub fn read(text: &str, name: &str, base: &Path) -> Result<Self> {
        let config = read_whole(name, text, "the configuration is not acceptable", |top| {
            read_config(top, base)
        })?;
        let mut digest = DefaultHasher::new();
        // What texts, addresses and hours of messages depend on.
        let depends = (
            &config.company,
            config.timezone,
            &config.policy,
            &config.birthday,
        );
        format!("{depends:?}").hash(&mut digest);
        Ok(Self {
            digest: format!("{:016x}", digest.finish()),
            ..config
        })
    }

    /// Every secret in it, with the key it stands under.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let mut secrets = Vec::new();
        for (channel, settings) in self.channels.iter() {
            for (key, secret) in settings.provider.secrets() {
                secrets.push((format!("{channel}.{key}"), secret));
            }
        }
        if let Some(shared) = &self.queue.shared {
            secrets.push(("queue.shared.url".to_owned(), &shared.url));
        }
        for (key, secret) in self.receive.secrets() {
            secrets.push((format!("receive.{key}"), secret));
        }
        for source in &self.sources {
            for (key, secret) in source.secrets() {
                secrets.push((format!("sync.{}.{key}", source.name()), secret));
            }
        }
        secrets
    }
}

fn read_config(top: &Section<'_, '_>, base: &Path) -> Config {
    let mut warnings = Vec::new();
    // Flaws are told in the order that they are read in.
    let timezone = read_timezone(top);
    let (queue, expire_days) = read_queue(top, base);
    let channels = channels::read(top, base, &mut warnings);
    let (most_gone, sources) = read_sync(top, base, &mut warnings);
    let (hours, state_hours) = read_hours(top);
    let (notice_text, notice) = read_notice(top, &mut warnings);
    let (calendar, places) = read_holidays(top, state_hours);
    Config {
        file: None,
        timezone,
        database: base.join(
            top.filled("database")
                .unwrap_or_else(|| DEFAULT_DATABASE.to_owned()),
        ),
        max_messages_per_run: top
            .number("max_messages_per_run", 0..=i64::MAX)
            .unwrap_or(0),
        max_data_age_hours: top.number("max_data_age_hours", 0..=100_000).unwrap_or(48),
        company: Company {
            notice: notice_text,
            ..read_company(top)
        },
        channels: channels.settings,
        queue,
        policy: Policy {
            hours,
            calendar,
            places,
            block_lists: read_block_lists(top),
            notice,
            caps: read_caps(top),
            expire_days,
            numbers: channels.numbers,
            push_by_client: channels.push_by_client,
            transliterate_sms: channels.transliterate_sms,
        },
        birthday: read_birthday(top),
        alerts: read_alerts(top),
        most_access: read_triggers(top),
        catch_up_hours: read_tasks(top),
        retention: read_retention(top),
        backup: read_backup(top, base),
        receive: receive::read(top, base, &mut warnings),
        most_gone,
        sources,
        headings: read_headings(top),
        warnings,
        digest: String::new(),
    }
}

/// Of a kind, the most that may be gone at once, where nothing else is written.
const MOST_GONE: Percent = Percent::whole(5);

/// The sources, and how much of a kind may be gone at once.
fn read_sync(
    top: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> (Percent, Vec<Arc<dyn SourceSettings>>) {
    let Some(section) = top.section("sync") else {
        return (MOST_GONE, Vec::new());
    };
    let most_gone = read_most_gone(&section);
    let sources = source::read(&section, base, warnings);
    section.finish();
    (most_gone, sources)
}

/// The headings that files have in place of the names of columns.
fn read_headings(top: &Section<'_, '_>) -> Headings {
    let Some(section) = top.section("import") else {
        return Headings::default();
    };
    let headings = Headings::read(&section);
    section.finish();
    headings
}

fn read_most_gone(sync: &Section<'_, '_>) -> Percent {
    let Some(text) = sync.text("most_gone") else {
        return MOST_GONE;
    };
    Percent::parse(&text).unwrap_or_else(|| {
        sync.wrong("most_gone", format!("found `{text}`"), percent::ACCEPTED);
        MOST_GONE
    })
}

fn read_timezone(top: &Section<'_, '_>) -> Tz {
    let usual = chrono_tz::America::Sao_Paulo;
    let Some(name) = top.filled("timezone") else {
        return usual;
    };
    name.parse().unwrap_or_else(|_| {
        top.wrong(
            "timezone",
            format!("`{name}` is not a known zone"),
            "write an IANA name such as America/Sao_Paulo or America/Manaus",
        );
        usual
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_need_no_file() {
        let config = Config::read("", "the defaults", Path::new("")).expect("acceptable");
        assert_eq!(config.database, Path::new("regua.db"));
        assert_eq!(config.timezone, chrono_tz::America::Sao_Paulo);
        assert_eq!(config.channel(Channel::Push).name, "file");
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
