//! The channels' sections: what a channel has besides its provider and limits, which read themselves.

use std::path::Path;

use crate::channel::{ChannelSettings, Given};
use crate::domain::channel::PerChannel;
use crate::domain::recipient::Number;
use crate::domain::words::{Channel, Word as _};
use crate::toml_table::Section;

/// What the channels' sections hold.
pub(super) struct Channels {
    /// Each channel's provider and limits.
    pub(super) settings: PerChannel<ChannelSettings>,
    /// Which numbers WhatsApp may use, in order.
    pub(super) whatsapp_numbers: Vec<Number>,
    /// Text messages are written in letters that GSM-7 has.
    pub(super) transliterate_sms: bool,
}

/// Reads every channel's section.
pub(super) fn read(top: &Section<'_, '_>, base: &Path, warnings: &mut Vec<String>) -> Channels {
    let mut whatsapp_numbers = None;
    let mut transliterate_sms = None;
    let settings = PerChannel::of(|channel| {
        let Some(section) = top.section(channel.as_str()) else {
            return ChannelSettings::by_file(channel, base);
        };
        let settings = ChannelSettings::read(&mut Given {
            channel,
            section: &section,
            base,
            warnings,
        });
        match channel {
            Channel::Whatsapp => whatsapp_numbers = read_numbers(&section),
            Channel::Sms => transliterate_sms = section.flag("transliterate"),
            _ => {}
        }
        // The file of provider `file` may stay where another provider was chosen.
        section.has("path");
        section.finish();
        settings
    });
    Channels {
        settings,
        whatsapp_numbers: whatsapp_numbers
            .unwrap_or_else(|| vec![Number::Mobile, Number::Whatsapp]),
        transliterate_sms: transliterate_sms.unwrap_or(false),
    }
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
