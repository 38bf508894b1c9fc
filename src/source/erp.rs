//! What the ERPs that are asked over HTTP have in common on the way to rows of the book: their settings,
//! their kinds, days and amounts as they write them, and where each column comes from.

use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::{Explained, Row, SourceSettings, Strange};
use crate::domain::book::FactKind;
use crate::domain::money::Money;
use crate::domain::tax_id;
use crate::error::Error;

/// What stands under a section that may stand once.
pub(super) fn one<S: SourceSettings + 'static>(read: Option<S>) -> Vec<Arc<dyn SourceSettings>> {
    read.map(|settings| Arc::new(settings) as Arc<dyn SourceSettings>)
        .into_iter()
        .collect()
}

/// What may help besides where a source did not answer for this reason: `section` is where its settings stand.
pub(super) fn with_authority(error: Error, section: &str, reason: &str) -> Error {
    if !reason.contains("UnknownIssuer") {
        return error;
    }
    error.hint(format!(
        "ca_file under [{section}], when its certificate is of an authority of your own"
    ))
}

/// The kinds of these names.
pub(super) fn kinds(names: &[&str]) -> Vec<&'static FactKind> {
    names.iter().copied().filter_map(FactKind::named).collect()
}

/// Of a kind, where each column comes from.
pub(super) type ColumnFields = (&'static str, &'static [(&'static str, &'static str)]);

/// Which field each column of a kind comes from.
pub(super) fn explained(kind: &str, tables: &[ColumnFields]) -> Vec<Explained> {
    let mut known = tables.iter().filter(|(name, _)| *name == kind);
    let columns = known.next().map_or(&[][..], |(_, columns)| *columns).iter();
    columns
        .map(|(column, field)| Explained::of(column, *field))
        .collect()
}

/// The days from so many before today to so many after it.
pub(super) fn around(today: NaiveDate, (back, ahead): (i64, i64)) -> (NaiveDate, NaiveDate) {
    let days = |days: i64| Days::new(days.unsigned_abs());
    (
        today.checked_sub_days(days(back)).unwrap_or(today),
        today.checked_add_days(days(ahead)).unwrap_or(today),
    )
}

/// A day of a date with or without a time.
pub(super) fn day(text: &str) -> String {
    text.split([' ', 'T']).next().unwrap_or_default().to_owned()
}

/// The whole less a part, as written amounts with a point; none when one of them is no amount.
pub(super) fn less(whole: Option<&str>, part: &str) -> Option<String> {
    let cents = |text: &str| Money::parse(text).map(Money::cents);
    let left = cents(whole?)?.checked_sub(cents(part)?)?.max(0);
    Some(format!("{}.{:02}", left / 100, left % 100))
}

/// Whether a written amount is more than nothing.
pub(super) fn is_something(text: &&str) -> bool {
    text.chars().any(|c| matches!(c, '1'..='9'))
}

/// Something that is not understood; what was found is shortened.
pub(super) fn strange(
    field: &'static str,
    found: &str,
    taken: &'static str,
    code: bool,
) -> Strange {
    Strange {
        field: field.into(),
        found: found.chars().take(40).collect(),
        taken: taken.into(),
        code,
    }
}

/// Puts a CPF or CNPJ into a client's row; one that cannot be right is told of and left empty.
pub(super) fn put_document(row: &mut Row, kind: &FactKind, (field, text): (&'static str, String)) {
    let fits = text.is_empty() || tax_id::parse(&text).is_some();
    if !fits {
        let wrong = "no CPF or CNPJ (length or check digits)";
        row.strange.push(strange(field, wrong, "left empty", false));
    }
    row.put(kind, "tax_id", if fits { text } else { String::new() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_from_the_whole_to_the_cent() {
        assert_eq!(less(Some("253.75"), "0.05"), Some("253.70".to_owned()));
        assert_eq!(less(Some("100.5"), "40.5"), Some("60.00".to_owned()));
        assert_eq!(less(Some("10"), "20"), Some("0.00".to_owned()));
        assert_eq!(less(Some("much"), "1"), None);
        assert_eq!(less(None, "1"), None);
        assert!(is_something(&"0.05") && !is_something(&"0.00"));
    }
}
