//! When people may be written to, and how often: `[contact_hours]`, `[holidays]` and `[caps]`.

use crate::domain::contact_hours::{self, ContactHours, Window};
use crate::domain::day;
use crate::domain::holiday::Calendar;
use crate::domain::policy::{Cap, PurposeMap};
use crate::domain::words::Purpose;
use crate::toml_table::Section;

/// Reads `[contact_hours]`.
pub(super) fn read_hours(top: &Section<'_, '_>) -> PurposeMap<ContactHours> {
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

/// Reads `[holidays]`.
pub(super) fn read_holidays(top: &Section<'_, '_>) -> Calendar {
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
