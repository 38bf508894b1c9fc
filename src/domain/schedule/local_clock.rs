//! The local clock in minutes, across its changes.

use chrono::{DateTime, LocalResult, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

/// A change of the clock from which cron takes it for a correction, in minutes.
pub(super) const CORRECTION: i64 = 3 * 60;
/// Minutes in a day.
pub(super) const DAY: i64 = 24 * 60;

/// Seconds east of UTC at a minute.
pub(super) fn offset_at(zone: Tz, minute: i64) -> Option<i64> {
    let instant = DateTime::from_timestamp(minute.checked_mul(60)?, 0)?;
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
    Some(i64::from(offset.fix().local_minus_utc()))
}

/// Minutes of the local clock since the local beginning of 1970.
pub(super) const fn local_minute(minute: i64, offset: i64) -> i64 {
    (minute * 60 + offset).div_euclid(60)
}

pub(super) fn date_of(local: i64) -> Option<NaiveDate> {
    Some(
        DateTime::from_timestamp(local.checked_mul(60)?, 0)?
            .naive_utc()
            .date(),
    )
}

/// The first minute after `at` with another offset, at most `end`.
pub(super) fn first_change(zone: Tz, at: i64, end: i64, offset: i64) -> Option<i64> {
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
pub(super) fn start_of(zone: Tz, date: NaiveDate, at: i64) -> Option<i64> {
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
pub(super) fn repeated(zone: Tz, local: i64, at: i64) -> Option<bool> {
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
