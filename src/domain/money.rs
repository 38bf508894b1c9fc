//! Amounts in reais, kept as whole cents.

use std::borrow::Cow;
use std::fmt;

/// An amount in cents of a real; never a fraction of a cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// What `Money::parse` accepts, for an error's remedy.
pub const ACCEPTED: &str = "99.90, 99,90, 1.234,56, 1234.56 or R$ 99,90";

/// The most whole reais that are believed: thirteen digits.
const MOST_DIGITS: usize = 13;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many cents.
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    /// The amount in cents.
    pub const fn cents(self) -> i64 {
        self.0
    }

    /// Reads an amount as exports and people write it. `None` for anything ambiguous
    /// (`1.234` may be a thousand or one), negative, or with more than two decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix("R$")
            .map_or(text, |rest| rest.trim_start_matches([' ', '\u{a0}']));
        let (whole, decimals) = match (text.rfind(','), text.rfind('.')) {
            (Some(comma), _) => (ungroup(&text[..comma])?, Some(&text[comma + 1..])),
            (None, Some(dot)) => {
                let tail = &text[dot + 1..];
                if tail.len() <= 2 {
                    (Cow::Borrowed(&text[..dot]), Some(tail))
                } else if text[..dot].contains('.') {
                    (ungroup(text)?, None)
                } else {
                    return None;
                }
            }
            (None, None) => (Cow::Borrowed(text), None),
        };
        if whole.is_empty()
            || whole.len() > MOST_DIGITS
            || !whole.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let reais: i64 = whole.parse().ok()?;
        let cents = match decimals {
            None => 0,
            Some(d) if d.is_empty() || d.len() > 2 || !d.bytes().all(|b| b.is_ascii_digit()) => {
                return None;
            }
            Some(d) if d.len() == 1 => d.parse::<i64>().ok()? * 10,
            Some(d) => d.parse().ok()?,
        };
        Some(Self(reais * 100 + cents))
    }
}

/// Digits without their thousands points, which must stand every three digits.
fn ungroup(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('.') {
        return Some(Cow::Borrowed(text));
    }
    let mut groups = text.split('.');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    if !rest.is_empty() && (first.is_empty() || first.len() > 3) {
        return None;
    }
    if rest.iter().any(|group| group.len() != 3) {
        return None;
    }
    Some(Cow::Owned(std::iter::once(first).chain(rest).collect()))
}

/// As Brazil writes it: `R$ 1.234,56`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let digits = (self.0.unsigned_abs() / 100).to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        f.pad(&format!(
            "{sign}R$ {grouped},{:02}",
            self.0.unsigned_abs() % 100
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_exports_write() {
        for (text, cents) in [
            ("99.90", 9990),
            ("99,90", 9990),
            ("1.234,56", 123_456),
            ("1234.56", 123_456),
            ("R$ 99,90", 9990),
            ("R$99,90", 9990),
            ("100", 10000),
            ("0,5", 50),
            ("1.234.567,89", 123_456_789),
            ("1.234.567", 123_456_700),
            ("1234,5", 123_450),
        ] {
            assert_eq!(Money::parse(text).map(Money::cents), Some(cents), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        for text in [
            "1.234",
            "-5",
            "1,234",
            "1.2345",
            "99.999",
            "12.34,56",
            "1,234.56",
            "",
            "R$",
            "abc",
            "1e3",
            ",90",
            "99,",
            "1 234",
            "+5",
            "99999999999999",
        ] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn what_it_writes_it_reads(cents in 0i64..1_000_000_000_000) {
            let money = Money::from_cents(cents);
            prop_assert_eq!(Money::parse(&money.to_string()), Some(money));
            let plain = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(Money::parse(&plain), Some(money));
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            let _ = Money::parse(&text);
        }
    }
}
