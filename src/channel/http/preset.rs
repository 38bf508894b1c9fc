//! Gateways that regua knows how to talk to: what `preset` fills in.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::toml_table::Section;

/// Every preset, by name.
const PRESETS: &str = include_str!("presets.toml");

/// What a preset fills in; what it leaves out is as usual.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Preset {
    pub(super) base_url: Option<String>,
    pub(super) path: String,
    pub(super) token_header: Option<String>,
    pub(super) token_prefix: Option<String>,
    pub(super) body: Option<String>,
    pub(super) accepted: Option<Vec<i64>>,
    pub(super) later: Option<Vec<i64>>,
    pub(super) never: Option<Vec<i64>>,
    pub(super) stop: Option<Vec<i64>>,
    pub(super) result_pointer: Option<String>,
    pub(super) result_accepted: Option<Vec<String>>,
    pub(super) result_later: Option<Vec<String>>,
    pub(super) result_never: Option<Vec<String>>,
    pub(super) result_stop: Option<Vec<String>>,
    pub(super) name_pointer: Option<String>,
    pub(super) name_stop: Option<Vec<String>>,
    pub(super) name_later: Option<Vec<String>>,
    pub(super) name_recipient: Option<Vec<String>>,
    pub(super) name_content: Option<Vec<String>>,
    pub(super) id_pointer: Option<String>,
    pub(super) message_pointers: Option<Vec<String>>,
}

/// Every preset; a test reads them, so that none is missing here.
fn presets() -> BTreeMap<String, Preset> {
    toml::from_str(PRESETS).unwrap_or_default()
}

/// The preset that a section names, if it names one.
pub(super) fn read(section: &Section<'_, '_>) -> Option<Preset> {
    let name = section.filled("preset")?;
    let mut presets = presets();
    let chosen = presets.remove(&name);
    if chosen.is_none() {
        let names: Vec<&str> = presets.keys().map(String::as_str).collect();
        section.wrong(
            "preset",
            format!("found `{name}`"),
            format!(
                "write {}, or leave it out and describe the gateway",
                names.join(" or ")
            ),
        );
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::http::pattern::{PLACEHOLDERS, words_between_signs};

    #[test]
    fn every_preset_is_read_and_uses_only_known_words() {
        let presets: BTreeMap<String, Preset> =
            toml::from_str(PRESETS).expect("acceptable presets");
        assert!(presets.contains_key("zenvia") && presets.contains_key("infobip"));
        for (name, preset) in &presets {
            assert!(preset.path.starts_with('/'), "{name}");
            let body = preset.body.as_deref().expect("a body");
            for word in words_between_signs(body) {
                assert!(PLACEHOLDERS.contains(&word), "{name}: #{word}#");
            }
        }
    }
}
