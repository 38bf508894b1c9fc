//! When a message may reach people: contact hours per purpose, and the next open instant.
//!
//! The defaults follow the state laws on collection calls (SP 15.426/2014, AL 7.782/2016):
//! Monday to Friday 8 to 20, Saturday 8 to 14, never on Sundays and holidays.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};

use super::holiday::Calendar;
use crate::clock::{Now, instant_of};

/// A span of one day, `from` included and `to` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First minute that is open.
    pub from: NaiveTime,
    /// First minute that is closed again; midnight means the end of the day.
    pub to: NaiveTime,
}

/// What a window looks like, for an error's remedy.
pub const ACCEPTED: &str = "08:00-20:00";

impl Window {
    /// Reads `08:00-20:00`; `24:00` is the end of the day.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let from = time(from)?;
        let to = if to.trim() == "24:00" {
            NaiveTime::MIN
        } else {
            time(to)?
        };
        (to == NaiveTime::MIN || from < to).then_some(Self { from, to })
    }

    fn holds(&self, time: NaiveTime) -> bool {
        time >= self.from && (self.to == NaiveTime::MIN || time < self.to)
    }
}

/// When messages of one purpose may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactHours {
    /// At any time.
    Always,
    /// By day of the week; a day without a window is closed.
    Weekly {
        /// Monday to Friday.
        weekdays: Option<Window>,
        /// Saturday.
        saturday: Option<Window>,
        /// Sunday.
        sunday: Option<Window>,
        /// National and extra holidays, whatever their day of the week.
        holidays: Option<Window>,
    },
}

impl ContactHours {
    /// Monday to Friday 08:00–20:00, Saturday 08:00–14:00, never on Sundays and holidays.
    pub fn prudent() -> Self {
        Self::Weekly {
            weekdays: Window::parse("08:00-20:00"),
            saturday: Window::parse("08:00-14:00"),
            sunday: None,
            holidays: None,
        }
    }

    /// The same window every day of the year.
    pub const fn daily(window: Window) -> Self {
        Self::Weekly {
            weekdays: Some(window),
            saturday: Some(window),
            sunday: Some(window),
            holidays: Some(window),
        }
    }

    /// The window of a weekday, counted from Sunday, holidays left aside; none when it is closed.
    pub fn window_on(&self, weekday: u32) -> Option<Window> {
        match *self {
            Self::Always => Some(Window {
                from: NaiveTime::MIN,
                to: NaiveTime::MIN,
            }),
            Self::Weekly {
                weekdays,
                saturday,
                sunday,
                ..
            } => match weekday {
                0 => sunday,
                6 => saturday,
                _ => weekdays,
            },
        }
    }

    fn window(&self, day: NaiveDate, calendar: &Calendar) -> Option<Window> {
        match *self {
            Self::Always => None,
            Self::Weekly { holidays, .. } if calendar.is_holiday(day) => holidays,
            Self::Weekly {
                weekdays,
                saturday,
                sunday,
                ..
            } => match day.weekday() {
                Weekday::Sat => saturday,
                Weekday::Sun => sunday,
                _ => weekdays,
            },
        }
    }

    /// Whether a message may go out at `now`.
    pub fn open(&self, now: Now, calendar: &Calendar) -> bool {
        *self == Self::Always
            || self
                .window(now.today, calendar)
                .is_some_and(|window| window.holds(now.local().time()))
    }

    /// The instant at which they close next, while they are open at `now`; none where they never close.
    pub fn closes(&self, now: Now, calendar: &Calendar) -> Option<DateTime<Utc>> {
        let window = self.window(now.today, calendar)?;
        let day = if window.to == NaiveTime::MIN {
            now.today.succ_opt()?
        } else {
            now.today
        };
        Some(instant_of(now.zone, day.and_time(window.to)))
    }

    /// The next instant at or after `now` when a message may go out: `now.at` itself when open.
    /// `None` when no day of the coming year has a window.
    pub fn next_open(&self, now: Now, calendar: &Calendar) -> Option<DateTime<Utc>> {
        if self.open(now, calendar) {
            return Some(now.at);
        }
        (0..=366).find_map(|ahead| {
            let day = now.today.checked_add_days(Days::new(ahead))?;
            let window = self.window(day, calendar)?;
            let opening = instant_of(now.zone, day.and_time(window.from));
            (opening > now.at).then_some(opening)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_instant;

    fn next(hours: ContactHours, text: &str) -> String {
        let zone = chrono_tz::America::Sao_Paulo;
        let now = Now::new(parse_instant(text, zone).expect("an instant"), zone);
        now.iso(
            hours
                .next_open(now, &Calendar::default())
                .expect("a window"),
        )
    }

    #[test]
    fn outside_the_hours_a_message_waits_for_the_next_opening() {
        let hours = ContactHours::prudent();
        for (at, opening) in [
            ("2026-11-23T09:30", "2026-11-23T09:30:00-03:00"),
            ("2026-11-23T07:59", "2026-11-23T08:00:00-03:00"),
            ("2026-11-23T20:00", "2026-11-24T08:00:00-03:00"),
            ("2026-11-21T13:59", "2026-11-21T13:59:00-03:00"),
            ("2026-11-21T14:00", "2026-11-23T08:00:00-03:00"),
            ("2026-11-22T10:00", "2026-11-23T08:00:00-03:00"),
            ("2026-11-19T21:00", "2026-11-21T08:00:00-03:00"),
            ("2026-12-24T20:30", "2026-12-26T08:00:00-03:00"),
        ] {
            assert_eq!(next(hours, at), opening, "{at}");
        }
        assert_eq!(
            next(ContactHours::Always, "2026-11-22T03:00"),
            "2026-11-22T03:00:00-03:00"
        );
    }

    #[test]
    fn hours_that_never_open_have_no_next_opening() {
        let zone = chrono_tz::America::Sao_Paulo;
        let now = Now::new(parse_instant("2026-11-22", zone).expect("an instant"), zone);
        let never = ContactHours::Weekly {
            weekdays: None,
            saturday: None,
            sunday: None,
            holidays: None,
        };
        assert_eq!(never.next_open(now, &Calendar::default()), None);
    }

    #[test]
    fn windows_are_read_strictly() {
        assert!(Window::parse("08:00-20:00").is_some());
        assert!(Window::parse("00:00-24:00").is_some());
        for bad in ["20:00-08:00", "8-20", "08:00", "08:00-25:00", ""] {
            assert!(Window::parse(bad).is_none(), "{bad}");
        }
    }
}
