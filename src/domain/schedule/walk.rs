//! The minutes at which a schedule matches, through the changes of the local clock.

use chrono::{DateTime, Datelike as _, LocalResult, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::Schedule;

/// A change of the clock from which cron takes it for a correction, in minutes.
pub(super) const CORRECTION: i64 = 3 * 60;
/// Minutes in a day.
pub(super) const DAY: i64 = 24 * 60;
/// Days in which every schedule that can match does: 29 February falls on a given weekday at
/// least every forty years.
const HORIZON: i64 = 41 * 366;

impl Schedule {
    /// The first matching minute at or after `start`; minutes count from 1970 in UTC.
    pub(super) fn next_minute(&self, start: i64, zone: Tz) -> Option<i64> {
        let end = start + HORIZON * DAY;
        let mut at = start;
        while at < end {
            let offset = offset_at(zone, at)?;
            let local = local_minute(at, offset);
            let date = date_of(local)?;
            if !self.is_wild() && self.skipped_before(zone, at, local)? {
                return Some(at);
            }
            // The rest of this day, as far as the clock runs evenly.
            let day_end = at + DAY - local.rem_euclid(DAY);
            let even_until = first_change(zone, at, day_end, offset)?;
            if !self.matches_day(date) {
                // A clock that goes back over midnight brings the day before once more.
                let then = date_of(local_minute(even_until, offset_at(zone, even_until)?))?;
                at = if then < date {
                    even_until
                } else {
                    start_of(zone, self.next_day(date)?, at)?
                };
                continue;
            }
            let mut candidate = local;
            let stop = local + (even_until - at);
            while let Some(found) = self.next_time(candidate).filter(|found| *found < stop) {
                if self.is_wild() || !repeated(zone, found, at + (found - local))? {
                    return Some(at + (found - local));
                }
                candidate = found + 1;
            }
            at = even_until;
        }
        None
    }

    /// The first matching time at or after `local` on its day, regardless of the date.
    fn next_time(&self, local: i64) -> Option<i64> {
        let midnight = local.div_euclid(DAY) * DAY;
        let (hour, minute) = ((local - midnight) / 60, (local - midnight) % 60);
        let first = |bits: u64, from: i64| -> Option<i64> {
            let rest = bits >> from;
            (rest != 0).then(|| from + i64::from(rest.trailing_zeros()))
        };
        if self.hour.bits >> hour & 1 == 1
            && let Some(minute) = first(self.minute.bits, minute)
        {
            return Some(midnight + hour * 60 + minute);
        }
        let hour = first(self.hour.bits, hour + 1)?;
        Some(midnight + hour * 60 + first(self.minute.bits, 0)?)
    }

    /// The first matching date after `date`.
    fn next_day(&self, date: NaiveDate) -> Option<NaiveDate> {
        let mut date = date.succ_opt()?;
        for _ in 0..HORIZON {
            if self.matches_day(date) {
                return Some(date);
            }
            date = if self.month.has(date.month()) {
                date.succ_opt()?
            } else {
                let (year, month) = (date.year(), date.month());
                let next = if month == 12 {
                    (year + 1, 1)
                } else {
                    (year, month + 1)
                };
                NaiveDate::from_ymd_opt(next.0, next.1, 1)?
            };
        }
        None
    }

    /// Whether the clock jumped forward right before `at`, over a time that matches.
    fn skipped_before(&self, zone: Tz, at: i64, local: i64) -> Option<bool> {
        let expected = local_minute(at, offset_at(zone, at - 1)?);
        if expected >= local || local - expected >= CORRECTION {
            return Some(false);
        }
        let mut from = expected;
        while from < local {
            let midnight = from.div_euclid(DAY) * DAY;
            if self.matches_day(date_of(from)?)
                && self.next_time(from).is_some_and(|found| found < local)
            {
                return Some(true);
            }
            from = midnight + DAY;
        }
        Some(false)
    }
}

/// Seconds east of UTC at a minute.
fn offset_at(zone: Tz, minute: i64) -> Option<i64> {
    let instant = DateTime::from_timestamp(minute.checked_mul(60)?, 0)?;
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
    Some(i64::from(offset.fix().local_minus_utc()))
}

/// Minutes of the local clock since the local beginning of 1970.
const fn local_minute(minute: i64, offset: i64) -> i64 {
    (minute * 60 + offset).div_euclid(60)
}

fn date_of(local: i64) -> Option<NaiveDate> {
    Some(
        DateTime::from_timestamp(local.checked_mul(60)?, 0)?
            .naive_utc()
            .date(),
    )
}

/// The first minute after `at` with another offset, at most `end`.
fn first_change(zone: Tz, at: i64, end: i64, offset: i64) -> Option<i64> {
    if offset_at(zone, end)? == offset {
        return Some(end);
    }
    let (mut same, mut other) = (at, end);
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if offset_at(zone, middle)? == offset {
            same = middle;
        } else {
            other = middle;
        }
    }
    Some(other)
}

/// The first minute after `at` that is on `date` or later.
fn start_of(zone: Tz, date: NaiveDate, at: i64) -> Option<i64> {
    let midnight = date.and_hms_opt(0, 0, 0)?;
    let minute = |instant: DateTime<Tz>| {
        // The first whole minute, where an old offset has odd seconds.
        (instant.timestamp() + 59).div_euclid(60)
    };
    let found = match zone.from_local_datetime(&midnight) {
        LocalResult::Single(instant) => minute(instant),
        LocalResult::Ambiguous(first, second) => {
            if minute(first) > at {
                minute(first)
            } else {
                minute(second)
            }
        }
        LocalResult::None => {
            let about = midnight.and_utc().timestamp().div_euclid(60);
            let before = about - DAY - 120;
            first_change(zone, before, about + DAY + 120, offset_at(zone, before)?)?
        }
    };
    Some(found.max(at + 1))
}

/// Whether the local minute at this instant came before, within a correction's length.
fn repeated(zone: Tz, local: i64, at: i64) -> Option<bool> {
    let wall = DateTime::from_timestamp(local.checked_mul(60)?, 0)?.naive_utc();
    Some(match zone.from_local_datetime(&wall) {
        LocalResult::Ambiguous(first, second) => {
            let (first, second) = (
                first.timestamp().div_euclid(60),
                second.timestamp().div_euclid(60),
            );
            at > first && second - first < CORRECTION
        }
        LocalResult::Single(_) | LocalResult::None => false,
    })
}
