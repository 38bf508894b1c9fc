//! One condition on the rows of a report, checked before any row is read.

use std::fmt;

use super::field::{Field, FieldType, ReportKind};
use crate::domain::day;
use crate::domain::money::Money;
use crate::domain::phone::Phone;
use crate::domain::text::{fold, nfc};
use crate::domain::words::parse_yes_no;
use crate::error::{Flaw, Result};

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Any of.
    Equal,
    /// None of.
    NotEqual,
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
    /// Holds, ignoring case and accents.
    Contains,
}

impl Operator {
    /// All of them, those before which another begins with the same sign.
    const ALL: [Self; 5] = [
        Self::NotEqual,
        Self::AtLeast,
        Self::AtMost,
        Self::Contains,
        Self::Equal,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Contains => "~",
        }
    }

    /// Whether it compares with any of several values, and with none at all.
    const fn takes_several(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    /// Whether it can be asked of such a field; otherwise what is wrong, and what to use instead.
    fn goes_with(self, field: FieldType) -> Result<(), (String, &'static str)> {
        match self {
            Self::Equal | Self::NotEqual => Ok(()),
            Self::AtLeast | Self::AtMost if field.ordered() => Ok(()),
            Self::AtLeast | Self::AtMost => Err((
                format!(" holds {}, which has no order", field.as_str()),
                "use = or != (or ~ for texts)",
            )),
            Self::Contains if field.textual() => Ok(()),
            Self::Contains => Err((
                format!(" holds {}, not text", field.as_str()),
                "use =, != (or >= and <= for numbers and dates)",
            )),
        }
    }
}

/// Where the value stands that comes nearest to fitting a filter that no row fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearestFit {
    /// It is the greatest of all.
    Greatest,
    /// It is the least of all.
    Least,
    /// It is the one beside what was asked for.
    Beside,
}

/// One value of a filter, typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterValue {
    /// No value at all.
    Empty,
    /// A number, cents, yes or no.
    Integer(i64),
    /// A text, a word, a day.
    Text(String),
    /// A calendar day where the field holds instants; the day in the provider's zone.
    DayOfInstant(chrono::NaiveDate),
}

/// One condition on the rows of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// On which field.
    pub field: Field,
    /// How.
    pub operator: Operator,
    /// With what; one value but for `=` and `!=`.
    pub values: Vec<FilterValue>,
    written: String,
}

/// As it was written.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Filter {
    /// Where the value stands that comes nearest; none where any other value would do.
    pub const fn nearest(&self) -> Option<NearestFit> {
        match self.operator {
            Operator::AtLeast => Some(NearestFit::Greatest),
            Operator::AtMost => Some(NearestFit::Least),
            Operator::Equal | Operator::Contains => Some(NearestFit::Beside),
            Operator::NotEqual => None,
        }
    }

    /// Reads `field=v1,v2`, `field!=v`, `field>=v`, `field<=v`, `field~text` or `field=`.
    /// A comma within a value is written `\,` and a backslash `\\`.
    pub fn parse(kind: ReportKind, text: &str) -> Result<Self, Flaw> {
        let place = format!("filter `{text}`");
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let operator = Operator::ALL
            .into_iter()
            .find(|operator| rest.starts_with(operator.as_str()));
        let (Some(operator), false) = (operator, name.is_empty()) else {
            return Err(Flaw::at(
                place,
                "is not a filter",
                "write field=value, field!=value, field>=value, field<=value or field~text",
            ));
        };
        let field = kind.known_field(name, &place)?;
        let value = &rest[operator.as_str().len()..];
        let field_type = field.field_type();
        let wrong =
            |found: String, remedy: &str| Flaw::at(&place, format!("`{name}`{found}"), remedy);
        operator
            .goes_with(field_type)
            .map_err(|(found, remedy)| wrong(found, remedy))?;
        if operator.takes_several()
            && matches!(field_type, FieldType::Money)
            && value.contains(',')
            && Money::parse(value).is_some()
        {
            return Err(wrong(
                format!(": found `{value}`, which may be one amount or two"),
                "write 99.90 for one, 99.00,90.00 for two",
            ));
        }
        let written: Vec<String> = if operator.takes_several() {
            split(value)
        } else {
            vec![value.to_owned()]
        };
        if let Some(remedy) = comma_at_end(name, value, &written) {
            return Err(wrong(": a comma stands at the end".to_owned(), &remedy));
        }
        not_too_many(name, written.len())?;
        let values = written
            .iter()
            .map(|value| read_value(field_type, operator, value))
            .collect::<Result<Vec<_>, String>>()
            .map_err(|found| {
                let remedy = format!("accepted: {}", field_type.accepted());
                wrong(format!(": {found}"), &remedy)
            })?;
        Ok(Self {
            field,
            operator,
            values,
            written: text.to_owned(),
        })
    }
}

/// What to do about values that end with a comma: a slip of the hand would let in everybody of whom nothing is known.
fn comma_at_end(name: &str, value: &str, written: &[String]) -> Option<String> {
    let (last, before) = written.split_last()?;
    if before.is_empty() || !last.trim().is_empty() {
        return None;
    }
    let first = value.trim_end().trim_end_matches(',');
    Some(format!(
        "leave it out, or write {name}=,{first} for the empty ones too"
    ))
}

/// Refuses more values than a filter takes.
fn not_too_many(name: &str, values: usize) -> Result<(), Flaw> {
    if values <= MOST_VALUES {
        return Ok(());
    }
    Err(Flaw::at(
        format!("filter on `{name}`"),
        format!("has {values} values, more than a filter takes ({MOST_VALUES})"),
        "give fewer, or import what marks these rows and filter by that",
    ))
}

/// The most values of one filter.
const MOST_VALUES: usize = 5_000;

/// The values between commas, with `\,` and `\\` undone.
fn split(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some(',' | '\\')) => {
                if let (Some(last), Some(next)) = (values.last_mut(), chars.next()) {
                    last.push(next);
                }
            }
            ',' => values.push(String::new()),
            c => {
                if let Some(last) = values.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    values
}

fn read_value(
    field_type: FieldType,
    operator: Operator,
    text: &str,
) -> Result<FilterValue, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return if operator.takes_several() {
            Ok(FilterValue::Empty)
        } else {
            Err(format!("nothing stands after {}", operator.as_str()))
        };
    }
    if operator == Operator::Contains {
        return Ok(FilterValue::Text(fold(trimmed)));
    }
    let value = match field_type {
        FieldType::Number => trimmed.parse().ok().map(FilterValue::Integer),
        FieldType::Money => Money::parse(trimmed).map(|m| FilterValue::Integer(m.cents())),
        FieldType::Day => day::parse(trimmed)
            .flatten()
            .map(|day| FilterValue::Text(day.to_string())),
        FieldType::Instant => day::parse(trimmed).flatten().map(FilterValue::DayOfInstant),
        FieldType::YesNo => parse_yes_no(trimmed).map(|yes| FilterValue::Integer(i64::from(yes))),
        FieldType::Text => Some(FilterValue::Text(nfc(trimmed).into_owned())),
        // What is no phone is in the book as it was typed.
        FieldType::Phone => Some(FilterValue::Text(Phone::kept(trimmed))),
        FieldType::Word(parse, _) => parse(trimmed).map(|word| FilterValue::Text(word.to_owned())),
    };
    value.ok_or_else(|| format!("found `{trimmed}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(text: &str) -> Result<Filter, Flaw> {
        Filter::parse(ReportKind::Contracts, text)
    }

    #[test]
    fn filters_are_typed() {
        let f = filter("access_status=CM,auto_block").expect("a filter");
        assert_eq!(
            f.values,
            [
                FilterValue::Text("manual_block".into()),
                FilterValue::Text("auto_block".into())
            ]
        );
        let f = filter("overdue_total>=1.234,56").expect("a filter");
        assert_eq!(f.values, [FilterValue::Integer(123_456)]);
        let f = filter("overdue_total=99.90,10").expect("a filter");
        assert_eq!(
            f.values,
            [FilterValue::Integer(9_990), FilterValue::Integer(1_000)]
        );
        let f = filter("client_name~JOÃO").expect("a filter");
        assert_eq!(f.values, [FilterValue::Text("joao".into())]);
        let f = filter("plan=Fibra 500\\, Plus,X").expect("a filter");
        assert_eq!(
            f.values,
            [
                FilterValue::Text("Fibra 500, Plus".into()),
                FilterValue::Text("X".into())
            ]
        );
        let f = filter("city=,Xaxim").expect("a filter");
        let xaxim = FilterValue::Text("Xaxim".into());
        assert_eq!(f.values, [FilterValue::Empty, xaxim]);
        assert_eq!(
            filter("seller=").expect("a filter").values,
            [FilterValue::Empty]
        );
    }

    #[test]
    fn what_is_wrong_is_said_before_any_row_is_read() {
        for (text, part) in [
            ("contract_statu=active", "did you mean `contract_status`?"),
            ("contract_status=on", "pre_contract, active"),
            ("overdue_days=many", "a whole number"),
            ("activated_on>=2026-02-30", "a date"),
            ("plan>=a", "which has no order"),
            ("overdue_days~1", "not text"),
            ("overdue_total=99,90", "may be one amount or two"),
            ("overdue_total!=1.234,56", "may be one amount or two"),
            ("overdue_days>=", "nothing stands after >="),
            ("city=Xaxim,", "write city=,Xaxim for the empty ones too"),
            ("city!=Xaxim, ", "a comma stands at the end"),
            ("city=,", "a comma stands at the end"),
            ("nonsense", "is not a filter"),
            ("login_id=1", "is not a field of contracts"),
        ] {
            let told = filter(text).expect_err(text).to_string();
            assert!(told.contains(part), "{told}");
        }
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn a_filter_printed_and_read_again_is_the_same(
            field in proptest::sample::select(ReportKind::Invoices.fields()),
            operator in proptest::sample::select(vec!["=", "!=", ">=", "<=", "~"]),
            value in ".{0,12}",
        ) {
            let text = format!("{}{operator}{value}", field.name());
            if let Ok(filter) = Filter::parse(ReportKind::Invoices, &text) {
                prop_assert_eq!(Filter::parse(ReportKind::Invoices, &filter.to_string()), Ok(filter));
            }
        }

        #[test]
        fn folding_twice_changes_nothing(text in ".{0,20}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
