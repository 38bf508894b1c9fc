//! Lists of numbers that must not be written to, such as a Procon's (SP 17.334/2021): by number, whoever has it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::channel::AddressForm;
use super::words::{Channel, Purpose};

/// What a list forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockListRule {
    /// On which channels.
    pub channels: Vec<Channel>,
    /// Of which purposes; none: of all.
    pub purposes: Vec<Purpose>,
    /// Notices that the law asks for go all the same.
    pub except_notices: bool,
    /// A number counts so many days after it was put on the list.
    pub after_days: i64,
    /// A list imported longer ago than so many days is warned of.
    pub max_age_days: Option<i64>,
}

/// Text messages and WhatsApp of all purposes, thirty days after the number was listed, notices aside.
impl Default for BlockListRule {
    fn default() -> Self {
        Self {
            channels: Channel::that(|nature| matches!(nature.address, AddressForm::Phone { .. }))
                .collect(),
            purposes: Vec::new(),
            except_notices: true,
            after_days: 30,
            max_age_days: None,
        }
    }
}

impl BlockListRule {
    /// Whether it forbids a message to a number that is listed since a day.
    pub fn forbids(
        &self,
        channel: Channel,
        purpose: Purpose,
        is_notice: bool,
        since: Option<NaiveDate>,
        today: NaiveDate,
    ) -> bool {
        let counts = since.is_none_or(|since| {
            since
                .checked_add_days(Days::new(self.after_days.unsigned_abs()))
                .is_some_and(|from| from <= today)
        });
        counts
            && self.channels.contains(&channel)
            && (self.purposes.is_empty() || self.purposes.contains(&purpose))
            && !(is_notice && self.except_notices)
    }
}

/// What each list forbids, by its name; a list that is not configured forbids what is usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockLists {
    /// The configured ones.
    pub rules: BTreeMap<String, BlockListRule>,
}

impl BlockLists {
    /// What a list forbids.
    pub fn of(&self, list: &str) -> BlockListRule {
        self.rules.get(list).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_from_its_day_on_and_notices_go_all_the_same() {
        let rule = BlockListRule::default();
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let since = Some(day("2026-11-01"));
        let sms = |notice, today: &str| {
            let (channel, purpose) = (Channel::Sms, Purpose::Collection);
            rule.forbids(channel, purpose, notice, since, day(today))
        };
        assert!(!sms(false, "2026-11-30"));
        assert!(sms(false, "2026-12-01"));
        assert!(!sms(true, "2026-12-01"));
        let email = (Channel::Email, Purpose::Collection);
        assert!(!rule.forbids(email.0, email.1, false, None, day("2026-12-01")));
    }
}
