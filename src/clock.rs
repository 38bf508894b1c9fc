//! The only reading of the clock; everything below it takes `Now` as an argument.

use std::time::Duration;

use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat,
    TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use nix::time::{ClockId, clock_gettime};

use crate::error::{Error, Result};

/// One instant and the calendar day it falls on in the provider's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The instant, in whole milliseconds.
    pub at: DateTime<Utc>,
    /// The date in the provider's zone.
    pub today: NaiveDate,
    /// The provider's zone.
    pub zone: Tz,
}

impl Now {
    /// The instant `at`, seen in `zone`.
    pub fn new(at: DateTime<Utc>, zone: Tz) -> Self {
        let at = DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at);
        Self {
            at,
            today: at.with_timezone(&zone).date_naive(),
            zone,
        }
    }

    /// The first instant after today.
    pub fn end_of_today(&self) -> DateTime<Utc> {
        start_of(self.zone, self.today.succ_opt().unwrap_or(self.today))
    }

    /// Wall-clock date and time in the provider's zone.
    pub fn local(&self) -> NaiveDateTime {
        self.at.with_timezone(&self.zone).naive_local()
    }

    /// `instant` as ISO 8601 with offset in the provider's zone, to the second.
    pub fn iso(&self, instant: DateTime<Utc>) -> String {
        iso(instant, self.zone)
    }
}

/// Whether a name is a zone's, as IANA names them.
pub fn zone_is_known(name: &str) -> bool {
    name.parse::<Tz>().is_ok()
}

/// The machine's own instant for a line of a log, in UTC to the millisecond, whatever `--now` says.
pub fn stamp() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `instant` as ISO 8601 with offset in `zone`, to the second.
pub fn iso(instant: DateTime<Utc>, zone: Tz) -> String {
    instant
        .with_timezone(&zone)
        .format("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

/// The instant of a wall-clock time in `zone`. A time that daylight saving skips counts
/// from the first instant after the gap; one that happens twice is its first occurrence.
pub fn instant_of(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
            instant.with_timezone(&Utc)
        }
        LocalResult::None => {
            // Gaps are at most a few hours: the first minute that exists ends the search.
            let mut later = local;
            for _ in 0..24 * 60 {
                later += TimeDelta::minutes(1);
                if let Some(instant) = zone.from_local_datetime(&later).earliest() {
                    return instant.with_timezone(&Utc);
                }
            }
            Utc.from_utc_datetime(&local)
        }
    }
}

/// The first instant of `day` in `zone`.
pub fn start_of(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    instant_of(zone, day.and_time(NaiveTime::MIN))
}

/// Where `now` comes from: the machine, or the instant that `--now` fixed.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    fixed: Option<DateTime<Utc>>,
    zone: Tz,
}

impl Clock {
    /// The machine's clock, seen in `zone`.
    pub const fn system(zone: Tz) -> Self {
        Self { fixed: None, zone }
    }

    /// A clock that always tells the same instant.
    pub const fn fixed(at: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            fixed: Some(at),
            zone,
        }
    }

    /// The clock of a run: fixed when `--now` was given.
    pub fn of_run(now: Option<&str>, zone: Tz) -> Result<Self> {
        match now {
            None => Ok(Self::system(zone)),
            Some(text) => Ok(Self::fixed(parse_instant(text, zone)?, zone)),
        }
    }

    /// What the clock says.
    pub fn now(&self) -> Now {
        Now::new(self.at(), self.zone)
    }

    /// The instant alone, for what asks often and needs no day.
    pub fn at(&self) -> DateTime<Utc> {
        self.fixed.unwrap_or_else(Utc::now)
    }

    /// The provider's zone.
    pub const fn zone(&self) -> Tz {
        self.zone
    }
}

/// Real time gone by since it was started; `--now` does not change it.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts one.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time gone by.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// A moment since the machine started, by a clock that goes on while it is suspended, and that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(Duration);

impl BootTime {
    /// This moment. A machine without such a clock tells an instant that is later than any other.
    pub fn now() -> Self {
        #[cfg(target_os = "linux")]
        let clock = ClockId::CLOCK_BOOTTIME;
        #[cfg(not(target_os = "linux"))]
        let clock = ClockId::CLOCK_MONOTONIC;
        clock_gettime(clock).map_or(Self(Duration::MAX), |time| Self(time.into()))
    }

    /// The moment so long after this one.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long it is from now until then; nothing when it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_sub(Self::now().0)
    }

    /// In whole milliseconds.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Reads a date-time as people type it: ISO 8601, with the offset or in `zone`; a date alone is its midnight.
pub fn parse_instant(text: &str, zone: Tz) -> Result<DateTime<Utc>> {
    instant_from(text, zone).ok_or_else(|| {
        Error::usage(format!("`{text}` is not a date and time"))
            .hint("2026-11-21T09:00, or 2026-11-21T09:00:00-03:00, or 2026-11-21")
    })
}

/// How a date-time is written without its offset.
const LOCAL: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
];

/// Reads an ISO date-time, with its offset or in `zone`; none when it is not one.
pub fn instant_from(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    // Years of four digits and no others: nobody means the year 12026, and not every date can be counted on from.
    let year = text.as_bytes().get(..5)?;
    if !(year[..4].iter().all(u8::is_ascii_digit) && year[4] == b'-') {
        return None;
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    if let Some((local, east)) = with_offset(text) {
        return east
            .from_local_datetime(&local)
            .single()
            .map(|instant| instant.with_timezone(&Utc));
    }
    for format in LOCAL {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return Some(instant_of(zone, local));
        }
    }
    if text.len() == 10
        && let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
    {
        return Some(start_of(zone, day));
    }
    None
}

/// Reads a local date-time with one of ISO's other offsets behind it: `Z` after minutes, `+0000`, `-03`,
/// and a blank before any of them.
fn with_offset(text: &str) -> Option<(NaiveDateTime, FixedOffset)> {
    let time = text.get(11..)?;
    let at = 11 + time.find(['Z', 'z', '+', '-'])?;
    let (local, offset) = (text[..at].trim_end(), &text[at..]);
    let (hours, minutes) = match offset.len() {
        1 if offset.eq_ignore_ascii_case("z") => ("0", "0"),
        3 => (offset.get(1..3)?, "0"),
        5 => (offset.get(1..3)?, offset.get(3..5)?),
        6 if offset.as_bytes()[3] == b':' => (offset.get(1..3)?, offset.get(4..6)?),
        _ => return None,
    };
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|_| plain)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let east =
        FixedOffset::east_opt(sign * (hours * 60 + minutes) * 60).filter(|_| minutes < 60)?;
    LOCAL
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(local, format).ok())
        .map(|local| (local, east))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_midnight_counts_from_the_first_instant_after_it() {
        // São Paulo entered daylight saving at midnight on 4 November 2018.
        let zone = chrono_tz::America::Sao_Paulo;
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).expect("a day");
        assert_eq!(iso(start_of(zone, day), zone), "2018-11-04T01:00:00-02:00");
    }

    #[test]
    fn a_year_has_four_digits() {
        let zone = chrono_tz::America::Sao_Paulo;
        for text in [
            "12026-11-21T09:00",
            "+12026-11-21T09:00",
            "+262142-12-31T23:59:59Z",
            "-2026-11-21 09:00",
            "26-11-21T09:00",
            "é026-11-21",
            "",
        ] {
            assert_eq!(instant_from(text, zone), None, "{text}");
        }
        assert!(instant_from("9999-12-31T23:59:59Z", zone).is_some());
    }

    #[test]
    fn every_offset_of_iso_is_read() {
        let zone = chrono_tz::America::Sao_Paulo;
        let ten = instant_from("2026-11-20T10:00:00-03:00", zone);
        assert!(ten.is_some());
        for text in [
            "2026-11-20T10:00",
            "2026-11-20T10:00-03:00",
            "2026-11-20T10:00-0300",
            "2026-11-20 10:00:00-03",
            "2026-11-20T10:00:00.000 -0300",
            "2026-11-20T13:00Z",
            "2026-11-20T13:00:00z",
            "2026-11-20T13:00:00+0000",
            "2026-11-20T13:00:00+00",
            "2026-11-20T18:30+05:30",
        ] {
            assert_eq!(instant_from(text, zone), ten, "{text}");
        }
        for text in [
            "2026-11-20T10:00-",
            "2026-11-20T10:00-3",
            "2026-11-20T10:00-03:0",
            "2026-11-20T10:00-03:60",
            "2026-11-20T10:00+24:00",
            "2026-11-20T10:00+é3",
            "2026-11-20T10:00ZZ",
            "2026-11-20T10:00--300",
            "2026-11-20T10:00-+300",
        ] {
            assert_eq!(instant_from(text, zone), None, "{text}");
        }
    }

    #[test]
    fn today_is_the_date_in_the_zone() {
        let zone = chrono_tz::America::Sao_Paulo;
        let at = parse_instant("2026-11-21T02:30:00Z", zone).expect("an instant");
        assert_eq!(Now::new(at, zone).today.to_string(), "2026-11-20");
        assert_eq!(iso(at, zone), "2026-11-20T23:30:00-03:00");
    }
}
