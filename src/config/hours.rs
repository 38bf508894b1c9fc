//! When people may be written to, and how often: `[contact_hours]`, `[holidays]` and `[caps]`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::block_list::{BlockListRule, BlockLists};
use crate::domain::contact_hours::{self, ContactHours, Window};
use crate::domain::day;
use crate::domain::holiday::Calendar;
use crate::domain::place::{Places, STATES};
use crate::domain::policy::{Cap, PurposeMap};
use crate::domain::words::{Purpose, plain};
use crate::toml_table::Section;

/// The purposes by their keys.
const PURPOSES: [(&str, Purpose); 3] = [
    ("collection", Purpose::Collection),
    ("service", Purpose::Service),
    ("marketing", Purpose::Marketing),
];

/// The hours that states have of their own, by their two letters and the purpose.
type StateHours = BTreeMap<(String, Purpose), ContactHours>;

/// Reads `[contact_hours]`: the general ones, and those of states.
pub(super) fn read_hours(top: &Section<'_, '_>) -> (PurposeMap<ContactHours>, StateHours) {
    let mut hours = PurposeMap {
        collection: ContactHours::prudent(),
        service: ContactHours::Always,
        marketing: ContactHours::prudent(),
    };
    let Some(section) = top.section("contact_hours") else {
        return (hours, StateHours::new());
    };
    for (key, purpose) in PURPOSES {
        if let Some(found) = read_contact_hours(&section, key) {
            *hours.get_mut(purpose) = found;
        }
    }
    let states = section
        .section("state")
        .map_or_else(StateHours::new, read_state_hours);
    section.finish();
    (hours, states)
}

/// Reads `[contact_hours.state]`: a table for each state.
fn read_state_hours(section: Section<'_, '_>) -> StateHours {
    let mut states = StateHours::new();
    for state in STATES {
        let Some(table) = section.section(state) else {
            continue;
        };
        for (key, purpose) in PURPOSES {
            if let Some(hours) = read_contact_hours(&table, key) {
                states.insert((state.to_owned(), purpose), hours);
            }
        }
        table.finish();
    }
    section.finish();
    states
}

fn read_contact_hours(section: &Section<'_, '_>, key: &'static str) -> Option<ContactHours> {
    const REMEDY: &str =
        "write \"always\" or { weekdays = \"08:00-20:00\", saturday = \"08:00-14:00\" }";
    if !section.has(key) {
        return None;
    }
    if let Some(text) = section.text_if(key) {
        if ["always", "sempre"].contains(&plain(&text).as_str()) {
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

/// Reads `[holidays]`: the general calendar, and the places whose hours or holidays differ.
pub(super) fn read_holidays(top: &Section<'_, '_>, hours: StateHours) -> (Calendar, Places) {
    let Some(section) = top.section("holidays") else {
        let calendar = Calendar::default();
        let places = Places::new(&calendar, hours, &BTreeMap::new(), &BTreeMap::new());
        return (calendar, places);
    };
    let calendar = Calendar::new(days(&section, "extra", section.texts("extra")));
    let states = section.section("state").map(|states| {
        let found = STATES.iter().filter_map(|state| {
            let texts = states.texts(state)?;
            Some(((*state).to_owned(), days(&states, state, Some(texts))))
        });
        let found = found.collect();
        states.finish();
        found
    });
    let cities = section.section("city").map(|cities| {
        let found = cities.lists().into_iter().filter_map(|(name, texts)| {
            let days = days(&cities, &name, Some(texts));
            let city = city(&name);
            if city.is_none() {
                cities.wrong(
                    &name,
                    "is not a city with its state",
                    "write its name, a slash and the state's two letters: \"Chapecó/SC\"",
                );
            }
            Some((city?, days))
        });
        found.collect()
    });
    section.finish();
    let places = Places::new(
        &calendar,
        hours,
        &states.unwrap_or_default(),
        &cities.unwrap_or_default(),
    );
    (calendar, places)
}

/// A city and its state out of `Chapecó/SC`.
fn city(name: &str) -> Option<(String, String)> {
    let (city, state) = name.rsplit_once('/')?;
    let (city, state) = (city.trim(), state.trim());
    (!city.is_empty() && STATES.contains(&state)).then(|| (city.to_owned(), state.to_owned()))
}

/// The days of a list under a key.
fn days(section: &Section<'_, '_>, key: &str, texts: Option<Vec<String>>) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::new();
    for text in texts.unwrap_or_default() {
        match day::parse(&text) {
            Some(Some(day)) => {
                days.insert(day);
            }
            _ => section.wrong(
                key,
                format!("`{text}` is not a date"),
                format!("write dates as {}", day::ACCEPTED),
            ),
        }
    }
    days
}

/// Reads `[block_lists.NAME]`: what each list of numbers forbids.
pub(super) fn read_block_lists(top: &Section<'_, '_>) -> BlockLists {
    let mut lists = BlockLists::default();
    let Some(section) = top.section("block_lists") else {
        return lists;
    };
    for (name, table) in section.tables() {
        let usual = BlockListRule::default();
        let rule = BlockListRule {
            channels: table.words("channels").unwrap_or(usual.channels),
            purposes: table.words("purposes").unwrap_or_default(),
            except_notices: table.flag("except_notices").unwrap_or(true),
            after_days: table
                .number("after_days", 0..=3650)
                .unwrap_or(usual.after_days),
            max_age_days: table.number("max_age_days", 1..=3650),
        };
        table.finish();
        lists.rules.insert(name, rule);
    }
    lists
}

/// Reads `[caps]`.
pub(super) fn read_caps(top: &Section<'_, '_>) -> PurposeMap<Option<Cap>> {
    let mut caps = PurposeMap {
        collection: None,
        service: None,
        marketing: None,
    };
    let Some(section) = top.section("caps") else {
        return caps;
    };
    for (key, purpose) in PURPOSES {
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
