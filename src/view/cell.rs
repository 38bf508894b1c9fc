//! One value of an answer, and how each form writes it.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::harmless;
use super::language;
use super::spreadsheet::Spreadsheet;

/// What a value means to the reader's eye; never told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of less weight.
    Dim,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// A whole number.
    Number(i64),
    /// A measure.
    Measure(f64),
    /// Yes or no.
    Flag(bool),
    /// A word of the program itself, which people read in their language.
    Word(&'static str),
    /// What the program says, which people read in their language.
    Said(String),
    /// A text.
    Text(String),
    /// A text that may have several lines; a block shows them as they are.
    Lines(String),
    /// A day.
    Day(NaiveDate),
    /// An amount in cents of a real: a number of reais in JSON and CSV.
    Cents(i64),
    /// An instant.
    Instant {
        /// ISO 8601, for programs.
        iso: String,
        /// For people.
        shown: String,
    },
    /// A value that people read in another form than programs do.
    Shown {
        /// For programs: JSON and CSV.
        data: Value,
        /// For people.
        shown: String,
    },
    /// A value with parts, which only JSON can hold as they are.
    Parts {
        /// In JSON.
        data: Value,
        /// In the other forms: what is said, joined by what stands between.
        parts: Vec<String>,
        /// What stands between them.
        between: &'static str,
    },
    /// A word with a meaning to the eye.
    Toned(String, Tone),
    /// Anything that JSON holds; its JSON as text in the other forms.
    Json(Value),
}

impl Cell {
    /// A text from anything that prints.
    pub fn of(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    /// A text from anything that prints, or none.
    pub fn maybe(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Null, Self::of)
    }

    /// A text for programs, and another for people.
    pub fn shown(data: impl Into<String>, shown: impl Into<String>) -> Self {
        Self::Shown {
            data: Value::String(data.into()),
            shown: shown.into(),
        }
    }

    /// As JSON holds it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::from(*number),
            Self::Measure(measure) => Value::from(*measure),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Text(text) | Self::Said(text) | Self::Lines(text) | Self::Toned(text, _) => {
                Value::String(text.clone())
            }
            Self::Word(word) => Value::from(*word),
            Self::Instant { iso, .. } => Value::String(iso.clone()),
            Self::Day(day) => Value::String(day.to_string()),
            Self::Cents(cents) => Value::from(reais_of(*cents)),
            Self::Shown { data, .. } | Self::Parts { data, .. } | Self::Json(data) => data.clone(),
        }
    }

    /// As people read it, on one line: the one door to tables.
    pub fn for_people(&self) -> Cow<'_, str> {
        match self.human() {
            Cow::Borrowed(text) => harmless::line(text),
            Cow::Owned(text) => Cow::Owned(harmless::line(&text).into_owned()),
        }
    }

    /// As people read it, a line for each of its own: the one door to blocks.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Lines(text) => text
                .lines()
                .map(|line| harmless::line(line).into_owned())
                .collect(),
            other => vec![other.for_people().into_owned()],
        }
    }

    fn human(&self) -> Cow<'_, str> {
        match self {
            Self::Cents(cents) => Cow::Owned(reais(*cents)),
            Self::Word(word) => Cow::Borrowed(language::word(word)),
            Self::Said(text) => language::word_or_said(text),
            Self::Toned(word, _) => Cow::Borrowed(language::word(word)),
            Self::Flag(flag) => Cow::Borrowed(language::word(if *flag { "yes" } else { "no" })),
            Self::Parts { parts, between, .. } => {
                let said = parts.iter().map(|part| language::word_or_said(part));
                Cow::Owned(said.collect::<Vec<_>>().join(between))
            }
            Self::Shown { shown, .. } | Self::Instant { shown, .. } => Cow::Borrowed(shown),
            Self::Json(Value::Array(items))
                if !items.iter().any(|i| i.is_array() || i.is_object()) =>
            {
                Cow::Owned(listed(items))
            }
            other => other.for_sheets(Spreadsheet {
                brazilian: false,
                raw: true,
            }),
        }
    }

    /// As a spreadsheet reads it: the one door to CSV.
    pub fn for_sheets(&self, sheet: Spreadsheet) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Measure(measure) => Cow::Owned(sheet.number(format!("{measure:.2}"))),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "yes" } else { "no" }),
            Self::Text(text) | Self::Said(text) | Self::Lines(text) | Self::Toned(text, _) => {
                sheet.text(text)
            }
            Self::Parts { parts, between, .. } => {
                Cow::Owned(sheet.text(&parts.join(between)).into_owned())
            }
            Self::Word(word) => sheet.text(word),
            Self::Day(day) => Cow::Owned(sheet.day(*day)),
            Self::Instant { iso, .. } => sheet.instant(iso),
            Self::Cents(cents) => Cow::Owned(sheet.number(decimal(*cents))),
            Self::Shown { data, .. } | Self::Json(data) => match data {
                Value::Null => Cow::Borrowed(""),
                Value::String(text) => sheet.text(text),
                value => Cow::Owned(value.to_string()),
            },
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Measure(measure) => serializer.serialize_f64(*measure),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) | Self::Said(text) | Self::Lines(text) | Self::Toned(text, _) => {
                serializer.serialize_str(text)
            }
            Self::Word(word) => serializer.serialize_str(word),
            Self::Instant { iso, .. } => serializer.serialize_str(iso),
            Self::Day(day) => serializer.collect_str(day),
            Self::Cents(cents) => serializer.serialize_f64(reais_of(*cents)),
            Self::Shown { data, .. } | Self::Parts { data, .. } | Self::Json(data) => {
                data.serialize(serializer)
            }
        }
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Cell {
    /// A count; more than a signed number holds is never counted.
    fn from(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Cell {
    /// A count; more than a signed number holds is never counted.
    fn from(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Cell {
    /// What stands in the program is a word of its own; a text from elsewhere comes by [`Cell::of`].
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The items of a list as people read them.
fn listed(items: &[Value]) -> String {
    let words = items.iter().map(|item| match item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "two decimals are exact far beyond any invoice"
)]
fn reais_of(cents: i64) -> f64 {
    cents as f64 / 100.0
}

/// Cents as programs read them: `1234.56`.
fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:02}",
        cents.unsigned_abs() / 100,
        cents.unsigned_abs() % 100
    )
}

/// Cents as people read them: `1.234,56`.
fn reais(cents: i64) -> String {
    let plain = decimal(cents);
    let (whole, decimals) = plain.split_at(plain.len() - 3);
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped},{}", &decimals[1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_have_one_value_and_two_faces() {
        let cell = Cell::Cents(123_456);
        assert_eq!(cell.to_json(), json!(1234.56));
        assert_eq!(cell.for_sheets(Spreadsheet::default()), "1234.56");
        assert_eq!(cell.for_people(), "1.234,56");
        assert_eq!(Cell::Cents(5).for_people(), "0,05");
        assert_eq!(Cell::Cents(-100_000).for_people(), "-1.000,00");
    }

    #[test]
    fn trial_35_no_text_becomes_a_formula_and_numbers_stay_numbers() {
        let plain = Spreadsheet::default();
        let raw = Spreadsheet { raw: true, ..plain };
        for text in ["=1+1", "+55", "-x", "@a", "\tb", "\rc"] {
            let cells = [
                Cell::of(text),
                Cell::Lines(text.to_owned()),
                Cell::shown(text, "x"),
                Cell::Toned(text.to_owned(), Tone::Good),
                Cell::Json(json!(text)),
            ];
            for cell in cells {
                assert_eq!(cell.for_sheets(plain), format!("'{text}"));
                assert_eq!(cell.for_sheets(raw), text);
                assert_eq!(cell.to_json(), json!(text));
            }
        }
        assert_eq!(Cell::Cents(-500).for_sheets(plain), "-5.00");
        assert_eq!(Cell::Number(-3).for_sheets(plain), "-3");
        assert_eq!(Cell::of("a=b").for_sheets(plain), "a=b");
    }

    #[test]
    fn trial_35_a_brazilian_sheet_has_commas_and_days_as_people_write_them() {
        let sheet = Spreadsheet {
            brazilian: true,
            raw: false,
        };
        assert_eq!(Cell::Cents(-123_456).for_sheets(sheet), "-1234,56");
        assert_eq!(Cell::Measure(0.5).for_sheets(sheet), "0,50");
        let day = NaiveDate::from_ymd_opt(2026, 11, 3);
        assert_eq!(Cell::from(day).for_sheets(sheet), "03/11/2026");
        let instant = Cell::Instant {
            iso: "2026-11-03T09:05:00-03:00".to_owned(),
            shown: "11-03 09:05".to_owned(),
        };
        assert_eq!(instant.for_sheets(sheet), "03/11/2026 09:05:00");
        assert_eq!(Cell::of("1.5").for_sheets(sheet), "1.5");
    }

    #[test]
    fn trial_76_what_people_read_cannot_touch_their_terminal() {
        let text = "Ana\u{1b}[2J\u{202e}\nforged";
        let shown = "Ana\\u{1b}[2J\\u{202e}\\u{a}forged";
        for cell in [
            Cell::of(text),
            Cell::Lines(text.to_owned()),
            Cell::shown("x", text),
            Cell::Toned(text.to_owned(), Tone::Bad),
            Cell::Parts {
                data: json!([text]),
                parts: vec![text.to_owned()],
                between: ", ",
            },
        ] {
            assert_eq!(cell.for_people(), shown);
        }
        assert_eq!(
            Cell::Lines(text.to_owned()).lines(),
            ["Ana\\u{1b}[2J\\u{202e}", "forged"]
        );
    }

    #[test]
    fn written_json_is_the_value_held() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23);
        for cell in [
            Cell::Null,
            Cell::Number(-3),
            Cell::Measure(1.5),
            Cell::Flag(true),
            Cell::of("Chapecó \"x\""),
            Cell::from(day),
            Cell::Cents(123_456),
            Cell::shown("5549999990001", "(49) 99999-0001"),
            Cell::Parts {
                data: json!(["a", "b"]),
                parts: vec!["a".to_owned(), "b".to_owned()],
                between: ", ",
            },
            Cell::Toned("sent".to_owned(), Tone::Good),
            Cell::Json(json!({ "n": 1 })),
        ] {
            let written = serde_json::to_string(&cell).expect("a cell that can be written");
            assert_eq!(written, cell.to_json().to_string());
        }
    }

    #[test]
    fn parts_are_a_text_where_no_json_is_asked_for() {
        let cell = Cell::Parts {
            data: json!(["a", "b"]),
            parts: vec!["a".to_owned(), "b".to_owned()],
            between: ", ",
        };
        assert_eq!(cell.for_sheets(Spreadsheet::default()), "a, b");
        let list = Cell::Json(json!(["a", 4]));
        assert_eq!(list.for_people(), "a, 4");
        assert_eq!(list.for_sheets(Spreadsheet::default()), "[\"a\",4]");
        assert_eq!(Cell::Json(json!([{"a": 1}])).for_people(), "[{\"a\":1}]");
    }
}
