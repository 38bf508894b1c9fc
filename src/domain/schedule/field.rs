//! One field of a schedule: the values its text stands for.

use crate::error::{Flaw, Result, did_you_mean};

/// One of the five fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Minute of the hour, 0 to 59.
    Minute,
    /// Hour of the day, 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    Day,
    /// Month, 1 to 12 or by name.
    Month,
    /// Day of the week, 0 to 7 or by name.
    Weekday,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// How Brazil calls those that it calls otherwise, with the name that is kept and printed.
const MONTHS_IN_PORTUGUESE: [(&str, &str); 7] = [
    ("fev", "feb"),
    ("abr", "apr"),
    ("mai", "may"),
    ("ago", "aug"),
    ("set", "sep"),
    ("out", "oct"),
    ("dez", "dec"),
];
const WEEKDAYS_IN_PORTUGUESE: [(&str, &str); 8] = [
    ("seg", "mon"),
    ("ter", "tue"),
    ("qua", "wed"),
    ("qui", "thu"),
    ("sex", "fri"),
    ("sáb", "sat"),
    ("sab", "sat"),
    ("dom", "sun"),
];

impl Part {
    /// The five, in the order of a crontab line.
    pub const ALL: [Self; 5] = [
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Month,
        Self::Weekday,
    ];

    /// Its name, as flags and TOML spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }

    /// The least and the greatest value.
    pub(super) const fn range(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 7),
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::Weekday => &WEEKDAYS,
            _ => &[],
        }
    }

    /// The names that Brazil has of its own, each with the one that is kept.
    const fn names_in_portuguese(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Month => &MONTHS_IN_PORTUGUESE,
            Self::Weekday => &WEEKDAYS_IN_PORTUGUESE,
            _ => &[],
        }
    }

    /// A field's text in small letters, its Portuguese names in the words that are kept.
    fn canonical(self, text: &str) -> String {
        let text = text.trim().to_lowercase();
        let portuguese = self.names_in_portuguese();
        if portuguese.is_empty() {
            return text;
        }
        text.split_inclusive([',', '-', '/'])
            .flat_map(|piece| {
                let word = piece.trim_end_matches([',', '-', '/']);
                let known = portuguese.iter().find(|(name, _)| *name == word);
                let kept = known.map_or(word, |(_, kept)| *kept);
                [kept, &piece[word.len()..]]
            })
            .collect()
    }

    /// What the field accepts, for an error's remedy.
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Minute => "write 0 to 59, such as 30, 0,30, 10-20, */15 or *",
            Self::Hour => "write 0 to 23, such as 8, 8,18, 8-20, 8-20/2 or *",
            Self::Day => "write 1 to 31, such as 10, 1,15, 1-5, */2 or *",
            Self::Month => "write 1 to 12 or jan to dec (fev, dez), such as 12, jan,jul, 3-11 or *",
            Self::Weekday => {
                "write 0 to 7 (0 and 7 are Sunday) or sun to sat (seg, sáb), such as 1-5, mon,thu or *"
            }
        }
    }
}

/// One field: its text, and the values it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// As it was written, in small letters.
    pub(super) text: String,
    /// Bit `n` is set when the value `n` matches.
    pub(super) bits: u64,
    /// It begins with `*`.
    pub(super) star: bool,
}

impl Field {
    /// Reads a field, or says what is wrong with it.
    pub(super) fn parse(part: Part, text: &str) -> Result<Self, Flaw> {
        let text = part.canonical(text);
        let flaw = |found: String| Flaw::of(part.as_str(), found, part.accepted());
        if text.is_empty() {
            return Err(flaw("found an empty text".to_owned()));
        }
        let mut bits = 0;
        for item in text.split(',') {
            bits |= Self::item(part, item).map_err(|what| {
                flaw(if item == text {
                    what
                } else {
                    format!("{what} in `{text}`")
                })
            })?;
        }
        if part == Part::Weekday && bits & (1 << 7) != 0 {
            bits = (bits | 1) & !(1 << 7);
        }
        Ok(Self {
            star: text.starts_with('*'),
            text,
            bits,
        })
    }

    /// The values of one item of a list, or what is wrong with it.
    fn item(part: Part, item: &str) -> Result<u64, String> {
        if item.is_empty() {
            return Err("found nothing between commas".to_owned());
        }
        let (span, step) = match item.split_once('/') {
            None => (item, None),
            Some((span, step)) => (span, Some(step)),
        };
        let (low, high) = part.range();
        let (from, to) = if span == "*" {
            (low, high)
        } else if let Some((from, to)) = span.split_once('-') {
            (Self::value(part, from)?, Self::value(part, to)?)
        } else {
            let value = Self::value(part, span)?;
            if step.is_some() {
                return Err(format!(
                    "found `{item}`: a step stands after * or a range, so write {span}-{high}/…"
                ));
            }
            (value, value)
        };
        if from > to {
            let sunday = if part == Part::Weekday && to == 0 {
                " (Sunday as the end of a range is 7)"
            } else {
                ""
            };
            return Err(format!("found `{span}`, which runs backwards{sunday}"));
        }
        let step = match step {
            None => 1,
            Some(step) => step
                .parse::<u32>()
                .ok()
                .filter(|number| *number > 0 && step.bytes().all(|b| b.is_ascii_digit()))
                .ok_or_else(|| {
                    format!("found `{item}`, whose step is not a whole number from 1")
                })?,
        };
        let mut bits = 0;
        let mut value = from;
        while value <= to {
            bits |= 1 << value;
            value = value.saturating_add(step);
        }
        Ok(bits)
    }

    fn value(part: Part, text: &str) -> Result<u32, String> {
        let (low, high) = part.range();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text
                .parse()
                .ok()
                .filter(|value| (low..=high).contains(value))
                .ok_or_else(|| format!("found `{text}`, which is not from {low} to {high}"));
        }
        if let Some(at) = part.names().iter().position(|name| *name == text) {
            return Ok(u32::try_from(at).unwrap_or(0) + u32::from(part == Part::Month));
        }
        let short: String = text.chars().take(3).collect();
        let word = !text.is_empty() && text.chars().all(|c| c.is_alphabetic() || c == '-');
        // A name written out is meant by its first three letters: `segunda`, `monday`.
        let known = part.names().iter().copied();
        let known = known.chain(part.names_in_portuguese().iter().map(|(name, _)| *name));
        let begins = known.clone().find(|name| *name == short);
        let meant = begins.map_or_else(
            || did_you_mean(&short, known),
            |name| did_you_mean(name, [name]),
        );
        Err(match meant.filter(|_| word) {
            Some(question) => format!("found `{text}` ({question})"),
            None => format!("found `{text}`"),
        })
    }

    /// Whether a value matches.
    pub(super) const fn has(&self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }
}
