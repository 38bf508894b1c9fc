//! The small sections: the company, the queue, birthdays, tasks, retention and backups.

use std::path::{Path, PathBuf};

use super::shared::{self, SharedConfig};
use crate::domain::alert::Alerted;
use crate::domain::channel::AddressForm;
use crate::domain::contact_hours::{self, Window};
use crate::domain::notice::NoticeTerms;
use crate::domain::recipient::usable_email;
use crate::domain::rule::Deliver;
use crate::domain::template::{Company, Need, OwnWords, Variable, unknown_variables, variables};
use crate::domain::words::{Channel, Word, plain};
use crate::domain::{phone, tax_id};
use crate::toml_table::Section;

/// The queue's manners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// Attempts before a message gives up.
    pub max_attempts: i64,
    /// The first retry comes within so many seconds, the next within twice as many, and so on.
    pub first_retry_seconds: i64,
    /// Channels whose unknown messages are resent by themselves.
    pub resend_unknown: Vec<Channel>,
    /// The queue that several hosts deliver; none where one machine does it all.
    pub shared: Option<SharedConfig>,
}

/// Who is congratulated, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BirthdayConfig {
    /// The templates' names; none: nobody is congratulated.
    pub templates: Vec<String>,
    /// Which of several templates go.
    pub deliver: Deliver,
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
    /// Days after which a message that gave a notice is deleted; the others' days do not touch it.
    pub notices_days: Option<i64>,
}

/// Where backups go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupConfig {
    /// The folder.
    pub folder: PathBuf,
    /// How many are kept.
    pub keep: i64,
}

/// Reads `[words]`: what the provider says in place of words of ours.
fn read_words(top: &Section<'_, '_>) -> OwnWords {
    let Some(section) = top.section("words") else {
        return OwnWords::default();
    };
    let words = section.pairs();
    for (word, own) in &words {
        if own.trim().is_empty() {
            section.wrong(word, "is empty", "write what texts say, or leave it out");
        }
    }
    OwnWords::new(words)
}

/// Reads `[notice]`: the text of the paragraph, where it is another, and how long notices take.
pub(super) fn read_notice(
    top: &Section<'_, '_>,
    warnings: &mut Vec<String>,
) -> (Option<String>, NoticeTerms) {
    let usual = NoticeTerms::default();
    let Some(section) = top.section("notice") else {
        return (None, usual);
    };
    let text = section.filled("text");
    for (found, remedy) in text.as_deref().map(notice_flaws).unwrap_or_default() {
        section.wrong("text", found, remedy);
    }
    let terms = NoticeTerms {
        days: section.number("days", 1..=365).unwrap_or(usual.days),
        rescission_days: section
            .number("rescission_days", 1..=365)
            .unwrap_or(usual.rescission_days),
    };
    for (key, days, least) in [
        ("days", terms.days, usual.days),
        (
            "rescission_days",
            terms.rescission_days,
            usual.rescission_days,
        ),
    ] {
        if days < least {
            warnings.push(format!(
                "notice.{key} is {days}: Resolução 765/2023 asks for {least} days at the least"
            ));
        }
    }
    section.finish();
    (text, terms)
}

/// What is wrong with the text of a notice, with what to write instead.
fn notice_flaws(text: &str) -> Vec<(String, String)> {
    let mut flaws: Vec<(String, String)> = unknown_variables(text)
        .into_iter()
        .map(|word| {
            let remedy = "see `regua template variables`; ## writes one #".to_owned();
            (format!("#{word}# is not a known variable"), remedy)
        })
        .collect();
    let used = variables(text);
    for variable in &used {
        let given = matches!(
            variable.need(),
            Need::Client
                | Need::Contract
                | Need::Invoice
                | Need::Overdue
                | Need::Company
                | Need::Clock
        );
        if !given || *variable == Variable::AvisoSuspensao {
            let name = variable.name();
            let remedy = "write variables of client, contract, invoices, company and clock";
            flaws.push((
                format!("#{name}# has no value in a notice"),
                remedy.to_owned(),
            ));
        }
    }
    for needed in [Variable::SuspensaoData, Variable::RescisaoData] {
        if !used.contains(&needed) {
            let name = needed.name();
            let remedy = "Resolução 765/2023, art. 71, asks for reason, rules and dates of suspension and rescission, amount and month, registration with bureaus and the time to restore";
            flaws.push((format!("#{name}# is missing"), remedy.to_owned()));
        }
    }
    flaws
}

/// Reads `[company]` and `[words]`: the provider, and how it speaks.
pub(super) fn read_company(top: &Section<'_, '_>) -> Company {
    let words = read_words(top);
    let Some(section) = top.section("company") else {
        return Company {
            words,
            ..Company::default()
        };
    };
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
        words,
        notice: None,
    };
    section.finish();
    company
}

/// Reads `[queue]`, and how many days a message is of use.
pub(super) fn read_queue(top: &Section<'_, '_>, base: &Path) -> (QueueConfig, i64) {
    let default = QueueConfig {
        max_attempts: 12,
        first_retry_seconds: 30,
        resend_unknown: Vec::new(),
        shared: None,
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
        shared: shared::read(&section, base),
    };
    let expire_days = section.number("expire_days", 1..=3650).unwrap_or(7);
    section.finish();
    (queue, expire_days)
}

/// Reads `[birthday]`.
pub(super) fn read_birthday(top: &Section<'_, '_>) -> BirthdayConfig {
    let whole_day = || {
        Window::parse("08:00-20:00").unwrap_or(Window {
            from: chrono::NaiveTime::MIN,
            to: chrono::NaiveTime::MIN,
        })
    };
    let Some(section) = top.section("birthday") else {
        return BirthdayConfig {
            templates: Vec::new(),
            deliver: Deliver::Each,
            active_only: false,
            hours: whole_day(),
        };
    };
    let active_only =
        section
            .filled("audience")
            .is_some_and(|audience| match plain(&audience).as_str() {
                "active" | "ativos" => true,
                "all" | "todos" => false,
                _ => {
                    section.wrong(
                        "audience",
                        format!("found `{audience}`"),
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
        templates: birthday_templates(&section),
        deliver: match section.word("deliver") {
            Some(Deliver::UntilDelivered) => {
                section.wrong(
                    "deliver",
                    "until_delivered is for collections",
                    "write \"each\" or \"first_reachable\"",
                );
                Deliver::Each
            }
            other => other.unwrap_or(Deliver::Each),
        },
        active_only,
        hours: hours.unwrap_or_else(whole_day),
    };
    section.finish();
    birthday
}

/// The birthday templates' names: `templates`, or `template` where it is one.
fn birthday_templates(section: &Section<'_, '_>) -> Vec<String> {
    let one = section.filled("template");
    let several = section.texts("templates");
    if one.is_some() && several.is_some() {
        section.wrong(
            "templates",
            "stands beside `template`",
            "name them all in one of the two",
        );
    }
    let names = several.unwrap_or_else(|| one.into_iter().collect());
    for (place, name) in names.iter().enumerate() {
        if name.trim().is_empty() || names[..place].contains(name) {
            section.wrong(
                "templates",
                format!("found `{name}`, which is empty or named twice"),
                "name each template once",
            );
        }
    }
    names
}

/// Reads `[tasks]`: hours for which a missed task is caught up.
pub(super) fn read_tasks(top: &Section<'_, '_>) -> i64 {
    top.section("tasks").map_or(12, |section| {
        let hours = section.number("catch_up_hours", 0..=8760).unwrap_or(12);
        section.finish();
        hours
    })
}

/// Reads `[alerts]`: who is told of what does not go well.
pub(super) fn read_alerts(top: &Section<'_, '_>) -> Option<Alerted> {
    let section = top.section("alerts")?;
    let channel: Option<Channel> = section.word("channel");
    let address = section.filled("address");
    for key in ["channel", "address"] {
        if !section.holds(key) {
            section.wrong(
                key,
                "is missing",
                "write a channel of the staff's and an address on it",
            );
        }
    }
    let alerted = channel.zip(address).and_then(|(channel, address)| {
        let nature = channel.nature();
        if !nature.tickets.staff {
            let staff = Channel::that(|nature| nature.tickets.staff);
            let names: Vec<&str> = staff.map(Word::as_str).collect();
            section.wrong(
                "channel",
                format!("staff are not told by {channel}"),
                format!("write one of: {}", names.join(", ")),
            );
            return None;
        }
        let usable = match nature.address {
            AddressForm::Mailbox => usable_email(&address).then_some(address.clone()),
            AddressForm::Phone { fixed_lines } => phone::Phone::parse(&address)
                .filter(|phone| match phone.line() {
                    phone::Line::Unusable => false,
                    phone::Line::Landline => fixed_lines,
                    phone::Line::Mobile => true,
                })
                .map(|phone| phone.as_str().to_owned()),
            _ => Some(address.clone()),
        };
        if usable.is_none() {
            section.wrong(
                "address",
                format!("found `{address}`"),
                format!("write an address that {channel} can go to"),
            );
        }
        Some(Alerted {
            channel,
            address: usable?,
        })
    });
    section.finish();
    alerted
}

/// Reads `[triggers]`: how many changes of access one run may tell of.
pub(super) fn read_triggers(top: &Section<'_, '_>) -> i64 {
    top.section("triggers").map_or(200, |section| {
        let most = section.number("most_access", 0..=i64::MAX).unwrap_or(200);
        section.finish();
        most
    })
}

/// Reads `[retention]`.
pub(super) fn read_retention(top: &Section<'_, '_>) -> Retention {
    top.section("retention")
        .map_or_else(Retention::default, |section| {
            let retention = Retention {
                bodies_days: section.number("bodies_days", 1..=100_000),
                messages_days: section.number("messages_days", 1..=100_000),
                runs_days: section.number("runs_days", 1..=100_000),
                notices_days: section.number("notices_days", 1..=100_000),
            };
            section.finish();
            retention
        })
}

/// Reads `[backup]`.
pub(super) fn read_backup(top: &Section<'_, '_>, base: &Path) -> BackupConfig {
    let mut backup = BackupConfig {
        folder: base.join("backups"),
        keep: 7,
    };
    if let Some(section) = top.section("backup") {
        if let Some(folder) = section.filled("folder") {
            backup.folder = base.join(folder);
        }
        backup.keep = section.number("keep", 1..=100_000).unwrap_or(backup.keep);
        section.finish();
    }
    backup
}
