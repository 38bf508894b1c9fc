//! The channels' sections: what a channel has besides its provider and limits, which read themselves.

use std::path::Path;

use crate::channel::{ChannelSettings, Given};
use crate::domain::channel::{AddressForm, PerChannel};
use crate::domain::client::Number;
use crate::domain::words::{Channel, Word as _};
use crate::toml_table::Section;

/// What the channels' sections hold.
pub(super) struct Channels {
    /// Each channel's provider and limits.
    pub(super) settings: PerChannel<ChannelSettings>,
    /// Which numbers text messages and WhatsApp may use, in order.
    pub(super) numbers: PerChannel<Vec<Number>>,
    /// A push is addressed by the client's id.
    pub(super) push_by_client: bool,
    /// Text messages are written in letters that GSM-7 has.
    pub(super) transliterate_sms: bool,
}

/// Reads every channel's section.
pub(super) fn read(top: &Section<'_, '_>, base: &Path, warnings: &mut Vec<String>) -> Channels {
    let mut numbers = PerChannel::usual();
    let mut transliterate_sms = None;
    let settings = PerChannel::of(|channel| {
        let Some(section) = top.section(channel.as_str()) else {
            return ChannelSettings::unmentioned(channel, base);
        };
        let settings = ChannelSettings::read(&mut Given {
            channel,
            section: &section,
            base,
            warnings,
        });
        let nature = channel.nature();
        if matches!(nature.address, AddressForm::Phone { .. }) {
            read_numbers(&section, &mut numbers[channel]);
        }
        if nature.segments {
            transliterate_sms = section.flag("transliterate");
        }
        // The file of provider `file` may stay where another provider was chosen.
        section.has("path");
        section.finish();
        settings
    });
    Channels {
        push_by_client: settings[Channel::Push].provider.by_client(),
        settings,
        numbers,
        transliterate_sms: transliterate_sms.unwrap_or(false),
    }
}

/// Reads `numbers` of a channel that goes to phones, where it stands.
fn read_numbers(section: &Section<'_, '_>, numbers: &mut Vec<Number>) {
    match section.words::<Number>("numbers") {
        None => {}
        Some(words) if words.is_empty() => section.wrong(
            "numbers",
            "names no number",
            format!("write some of: {}", Number::accepted()),
        ),
        Some(words) => *numbers = words,
    }
}
