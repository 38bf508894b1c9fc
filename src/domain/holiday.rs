//! National holidays, computed, and the provider's own; business days.
//!
//! National (Lei 662/1949 and later; 20 November since 2024, Lei 14.759/2023): Carnival and
//! Corpus Christi are not among them.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The provider's calendar: national holidays and its own extra ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    extra: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// The national calendar with these local holidays added.
    pub fn new(extra: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self {
            extra: extra.into_iter().collect(),
        }
    }

    /// The same with more local holidays.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = NaiveDate>) -> Self {
        let mut extra = self.extra.clone();
        extra.extend(more);
        Self { extra }
    }

    /// Whether `day` is a national or a local holiday.
    pub fn is_holiday(&self, day: NaiveDate) -> bool {
        is_national(day) || self.extra.contains(&day)
    }

    /// Whether `day` is neither a weekend day nor a holiday.
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.is_holiday(day)
    }

    /// `day` itself, or the next business day after it.
    pub fn roll(&self, day: NaiveDate) -> NaiveDate {
        let mut rolled = day;
        while !self.is_business_day(rolled) {
            match rolled.checked_add_days(Days::new(1)) {
                Some(next) => rolled = next,
                None => return day,
            }
        }
        rolled
    }
}

/// Whether `day` is a national holiday.
pub fn is_national(day: NaiveDate) -> bool {
    match (day.month(), day.day()) {
        (1 | 5, 1) | (4, 21) | (9, 7) | (10, 12) | (11, 2 | 15) | (12, 25) => true,
        (11, 20) => day.year() >= 2024,
        (3 | 4, _) => {
            easter(day.year()).and_then(|e| e.checked_sub_days(Days::new(2))) == Some(day)
        }
        _ => false,
    }
}

/// Easter Sunday by the anonymous Gregorian computus (Meeus, *Astronomical Algorithms*).
#[expect(
    clippy::many_single_char_names,
    reason = "the names of the published algorithm"
)]
fn easter(year: i32) -> Option<NaiveDate> {
    let a = year.rem_euclid(19);
    let b = year.div_euclid(100);
    let c = year.rem_euclid(100);
    let d = b / 4;
    let e = b % 4;
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let i = c / 4;
    let k = c % 4;
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(
        year,
        u32::try_from(n / 31).ok()?,
        u32::try_from(n % 31 + 1).ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn the_holidays_of_2026_and_2027() {
        let found: Vec<String> = day("2026-01-01")
            .iter_days()
            .take(365 * 2)
            .filter(|d| is_national(*d))
            .map(|d| d.to_string())
            .collect();
        assert_eq!(
            found,
            [
                "2026-01-01",
                "2026-04-03",
                "2026-04-21",
                "2026-05-01",
                "2026-09-07",
                "2026-10-12",
                "2026-11-02",
                "2026-11-15",
                "2026-11-20",
                "2026-12-25",
                "2027-01-01",
                "2027-03-26",
                "2027-04-21",
                "2027-05-01",
                "2027-09-07",
                "2027-10-12",
                "2027-11-02",
                "2027-11-15",
                "2027-11-20",
                "2027-12-25",
            ]
        );
        assert!(!is_national(day("2023-11-20")));
    }

    #[test]
    fn a_due_date_rolls_over_weekends_and_holidays() {
        let calendar = Calendar::new([day("2026-12-08")]);
        assert_eq!(calendar.roll(day("2026-11-20")), day("2026-11-23"));
        assert_eq!(calendar.roll(day("2026-12-08")), day("2026-12-09"));
        assert_eq!(calendar.roll(day("2026-12-09")), day("2026-12-09"));
    }
}
