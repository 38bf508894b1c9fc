//! When a task is due: the five fields of crontab(5), read as Debian's cron reads them.
//!
//! The rules, after the manual and the source of Debian's (Vixie) cron 3.0:
//!
//! - A field holds `*`, values, lists (`1,15`), ranges (`1-5`), and steps after `*` or a range
//!   (`*/15`, `1-30/2`); months and weekdays also by the first three letters of their English
//!   names; 0 and 7 are Sunday. A range that runs backwards (`fri-mon`) is refused.
//! - When both day and weekday are restricted, a day that matches either is taken. A field that
//!   *begins* with `*` counts as unrestricted, `*/2` included: then both must match.
//! - Across a change of local time of less than three hours, a schedule whose minute and hour
//!   both begin with something else than `*` runs once: times that the clock skips run right
//!   after the change, times that come twice run the first time. One whose minute or hour begins
//!   with `*` follows the clock: what is skipped does not run, what comes twice runs twice.
//!   Larger changes are followed as they are.

mod field;
mod walk;

pub use field::Part;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::error::{Error, Flaw, Result};
use field::Field;
use walk::CORRECTION;

/// A schedule: checked, and able to match at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Schedule {
    /// Reads the five fields, in the order of [`Part::ALL`]; every flaw at once.
    pub fn read(texts: [&str; 5]) -> Result<Self, Vec<Flaw>> {
        let mut fields = Vec::with_capacity(5);
        let mut flaws = Vec::new();
        for (part, text) in Part::ALL.into_iter().zip(texts) {
            match Field::parse(part, text) {
                Ok(field) => fields.push(field),
                Err(flaw) => flaws.push(flaw),
            }
        }
        let Ok([minute, hour, day, month, weekday]) = <[Field; 5]>::try_from(fields) else {
            return Err(flaws);
        };
        let schedule = Self {
            minute,
            hour,
            day,
            month,
            weekday,
        };
        if schedule.can_match() {
            return Ok(schedule);
        }
        let longest = (1..=12)
            .filter(|month| schedule.month.has(*month))
            .map(longest)
            .max()
            .unwrap_or(31);
        Err(vec![Flaw::of(
            Part::Day.as_str(),
            format!(
                "found `{}`, a day that never comes in month `{}`",
                schedule.day.text, schedule.month.text
            ),
            format!("write a day from 1 to {longest} or another month"),
        )])
    }

    /// Reads the five fields; an unacceptable one is an error (exit 3) that names it.
    pub fn parse(texts: [&str; 5]) -> Result<Self> {
        Self::read(texts).map_err(|flaws| Error::flaws("the schedule is not acceptable", flaws))
    }

    /// The text of one field.
    pub fn text(&self, part: Part) -> &str {
        let field = match part {
            Part::Minute => &self.minute,
            Part::Hour => &self.hour,
            Part::Day => &self.day,
            Part::Month => &self.month,
            Part::Weekday => &self.weekday,
        };
        &field.text
    }

    /// Whether every day of every year matches.
    pub fn is_daily(&self) -> bool {
        let all_days = self.day.bits == (1 << 32) - 2;
        let all_weekdays = self.weekday.bits == (1 << 7) - 1;
        self.month.bits == (1 << 13) - 2
            && if self.either_day() {
                all_days || all_weekdays
            } else {
                all_days && all_weekdays
            }
    }

    /// Whether a local date and time matches, to the minute and without regard to changes of the clock.
    pub fn matches(&self, local: NaiveDateTime) -> bool {
        use chrono::Timelike as _;
        self.minute.has(local.minute())
            && self.hour.has(local.hour())
            && self.matches_day(local.date())
    }

    /// Whether a date matches.
    pub fn matches_day(&self, date: NaiveDate) -> bool {
        if !self.month.has(date.month()) {
            return false;
        }
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().num_days_from_sunday());
        if self.either_day() {
            day || weekday
        } else {
            day && weekday
        }
    }

    /// The minutes of a matching day, counted from midnight, in order.
    pub fn minutes_of_day(&self) -> impl Iterator<Item = u32> + '_ {
        (0..24)
            .filter(|hour| self.hour.has(*hour))
            .flat_map(|hour| {
                (0..60)
                    .filter(|minute| self.minute.has(*minute))
                    .map(move |minute| hour * 60 + minute)
            })
    }

    /// The first matching minute that begins after `after`; none only beyond the calendar's end.
    pub fn next_after(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        self.next_minute(after.timestamp().div_euclid(60) + 1, zone)
            .and_then(|minute| DateTime::from_timestamp(minute * 60, 0))
    }

    /// Whether some matching day falls on a weekday, counted from Sunday.
    pub fn falls_on(&self, weekday: u32) -> bool {
        if !self.either_day() {
            return self.weekday.has(weekday);
        }
        // A day of the month comes on every weekday sooner or later.
        self.weekday.has(weekday) || self.day_comes()
    }

    /// When both day and weekday are restricted, either matches.
    const fn either_day(&self) -> bool {
        !self.day.star && !self.weekday.star
    }

    /// Whether it follows the clock through its changes.
    const fn is_wild(&self) -> bool {
        self.minute.star || self.hour.star
    }

    fn can_match(&self) -> bool {
        // A day of the month and a weekday that must both match meet sooner or later:
        // the calendar repeats after 400 years, in which 29 February falls on every weekday.
        self.either_day() || self.day_comes()
    }

    /// Whether some month of the schedule has some day of it.
    fn day_comes(&self) -> bool {
        (1..=12)
            .filter(|month| self.month.has(*month))
            .any(|month| (1..=longest(month)).any(|day| self.day.has(day)))
    }
}

/// As a crontab line has it: `30 8 * * 1-5`.
impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = Part::ALL.map(|part| self.text(part)).join(" ");
        f.pad(&line)
    }
}

/// The matching minute for which a run is owed at `now`, if one is: a minute after
/// `considered_from` and at or before `now`, at most `catch_up_hours` old. Several misses are owed
/// one run; the first of them that still counts is told.
///
/// A `considered_from` in the future means that the clock was set back: by less than three hours,
/// nothing is owed until it catches up; by more, it was a correction, and only the current minute
/// counts.
pub fn due(
    schedule: &Schedule,
    considered_from: DateTime<Utc>,
    now: DateTime<Utc>,
    zone: Tz,
    catch_up_hours: i64,
) -> Option<DateTime<Utc>> {
    let from = considered_from.timestamp().div_euclid(60);
    let this_minute = now.timestamp().div_euclid(60);
    let first = if from - this_minute >= CORRECTION {
        this_minute
    } else {
        (from + 1).max(this_minute.saturating_sub(catch_up_hours.saturating_mul(60)))
    };
    schedule
        .next_minute(first, zone)
        .filter(|minute| *minute <= this_minute)
        .and_then(|minute| DateTime::from_timestamp(minute * 60, 0))
}

/// The days of a month in its longest year.
const fn longest(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
