//! Gateways that regua knows how to talk to: what `preset` fills in, each a file of the configuration's keys.

use std::path::Path;

use super::description::{Description, USUAL_NEEDS};
use crate::domain::words::{Channel, Word as _};
use crate::settings::Secret;
use crate::toml_table::{Section, Sheet};

// The name and the text of every file in `src/channel/presets`, as the build found them.
include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// A gateway that regua knows.
#[derive(Debug)]
pub(super) struct Preset {
    /// Its file's name.
    pub(super) name: &'static str,
    /// The channel it is for.
    pub(super) channel: String,
    /// What the configuration must say besides, each key with what it is for.
    pub(super) needs: Vec<(String, String)>,
    /// What it fills in.
    pub(super) description: Description,
}

impl Preset {
    fn read(name: &'static str, text: &str) -> (Self, Vec<String>) {
        let sheet = Sheet::new(format!("preset {name}"), text);
        let mut preset = Self {
            name,
            channel: String::new(),
            needs: Vec::new(),
            description: Description::default(),
        };
        if let Some(table) = sheet.parse() {
            let top = Section::top(&sheet, &table);
            preset.channel = top.filled("channel").unwrap_or_default();
            let needs = top.section("needs").map(|needs| needs.pairs());
            preset.needs = needs.unwrap_or_default().into_iter().collect();
            preset.description = Description::read(&top, Path::new(""));
            top.finish();
        }
        let flaws = sheet.into_flaws();
        (preset, flaws.iter().map(ToString::to_string).collect())
    }
}

/// Every preset, by name; a test reads them, so that none is flawed here.
pub(super) fn all() -> impl Iterator<Item = Preset> {
    let read = |(name, text): &(&'static str, &str)| Preset::read(name, text).0;
    PRESETS.iter().map(read)
}

/// What a section describes, with what the preset that it names fills in.
pub(super) fn description(
    section: &Section<'_, '_>,
    channel: Channel,
    base: &Path,
) -> (Description, Option<Preset>) {
    let mut own = Description::read(section, base);
    if own.asks_numbers == Some(true) && !section.has("preset") {
        section.wrong(
            "check_numbers",
            "names no request",
            "describe it in a table of this name; true is for presets that describe one",
        );
    }
    let chosen = section
        .filled("preset")
        .and_then(|name| chosen(section, channel, &name));
    let Some(mut preset) = chosen else {
        return (own, None);
    };
    // What it needs may be a word of its own, which stands beside the others.
    for (key, _) in &preset.needs {
        let is_own = !USUAL_NEEDS.contains(&key.as_str());
        if let Some(value) = is_own.then(|| section.named(key)).flatten() {
            own.values.insert(key.clone(), Secret::new(value, base));
        }
    }
    let own = own.over(std::mem::take(&mut preset.description));
    if own.asks_numbers == Some(true) && own.numbers.is_none() {
        section.wrong(
            "check_numbers",
            format!("the preset {} describes no such request", preset.name),
            "describe it in a table of this name",
        );
    }
    for (key, what) in &preset.needs {
        if !own.has(key) && !section.holds(key) {
            section.wrong(key, "is missing", format!("write {what}"));
        }
    }
    (own, Some(preset))
}

/// The preset of that name for a channel.
fn chosen(section: &Section<'_, '_>, channel: Channel, name: &str) -> Option<Preset> {
    let found = all().find(|preset| preset.name == name);
    let fits = |preset: &Preset| preset.channel == channel.as_str();
    if let Some(preset) = &found
        && !fits(preset)
    {
        section.wrong(
            "preset",
            format!("`{name}` is for {}, and this is {channel}", preset.channel),
            "regua omnichannel presets lists them",
        );
        return None;
    }
    if found.is_none() {
        let names: Vec<&str> = all().filter(fits).map(|preset| preset.name).collect();
        section.wrong(
            "preset",
            format!("found `{name}`"),
            format!(
                "write {}, or leave it out and describe the gateway",
                names.join(" or ")
            ),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_whole_description_without_a_flaw() {
        assert!(PRESETS.len() >= 14, "{}", PRESETS.len());
        for (name, text) in PRESETS {
            let (preset, flaws) = Preset::read(name, text);
            assert_eq!(flaws, Vec::<String>::new(), "{name}");
            assert!(
                ["sms", "whatsapp", "push", "chat"].contains(&preset.channel.as_str()),
                "{name}: {}",
                preset.channel
            );
            assert!(!preset.needs.is_empty(), "{name} needs nothing");
            let description = preset.description;
            assert!(description.path.is_some_and(|path| path.starts_with('/')));
            assert!(!description.rules.is_empty(), "{name} reads no answer");
            // What is certain of it, and where from, stands in it.
            assert!(text.starts_with("# "), "{name} says nothing of itself");
            for mark in ["Certain:", "Not certain:"] {
                assert!(text.contains(mark), "{name} does not say: {mark}");
            }
        }
    }
}
