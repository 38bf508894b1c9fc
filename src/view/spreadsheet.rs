//! How a CSV is written: for programs, or for a spreadsheet that speaks Portuguese; and never so that a
//! spreadsheet takes a text for a formula.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};

/// The manner of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spreadsheet {
    /// `;` between cells, decimal commas, days as 23/11/2026, a byte-order mark before all.
    pub brazilian: bool,
    /// Texts as they are, those that a spreadsheet would take for a formula too.
    pub raw: bool,
}

impl Spreadsheet {
    /// What stands between two cells.
    pub(super) const fn delimiter(self) -> u8 {
        if self.brazilian { b';' } else { b',' }
    }

    /// What stands before the first line: spreadsheets tell UTF-8 by it.
    pub(super) const fn mark(self) -> &'static [u8] {
        if self.brazilian { b"\xef\xbb\xbf" } else { b"" }
    }

    /// A text; one that a spreadsheet would take for a formula gets a `'` before it.
    pub(super) fn text(self, text: &str) -> Cow<'_, str> {
        if !self.raw && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            Cow::Owned(format!("'{text}"))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// A number written with a decimal point.
    pub(super) fn number(self, number: String) -> String {
        if self.brazilian {
            number.replace('.', ",")
        } else {
            number
        }
    }

    /// A day.
    pub(super) fn day(self, day: NaiveDate) -> String {
        if self.brazilian {
            day.format("%d/%m/%Y").to_string()
        } else {
            day.to_string()
        }
    }

    /// An instant that is written as ISO 8601.
    pub(super) fn instant(self, iso: &str) -> Cow<'_, str> {
        match DateTime::parse_from_rfc3339(iso) {
            Ok(at) if self.brazilian => Cow::Owned(at.format("%d/%m/%Y %H:%M:%S").to_string()),
            _ => Cow::Borrowed(iso),
        }
    }
}
