//! Calendar days as exports and people write them, and how far apart they are.

use chrono::{Datelike as _, NaiveDate, NaiveTime};

/// What `parse` accepts, for an error's remedy.
pub const ACCEPTED: &str = "2026-12-10 or 10/12/2026";

/// Reads a day. `Some(None)` is "no day" (empty, `0000-00-00`, `0`); `None` is not a day at all.
pub fn parse(text: &str) -> Option<Option<NaiveDate>> {
    let text = text.trim();
    if matches!(
        text,
        "" | "0"
            | "0000-00-00"
            | "00/00/0000"
            | "0000-00-00 00:00:00"
            | "0000-00-00T00:00:00"
            | "00/00/0000 00:00:00"
    ) {
        return Some(None);
    }
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = &bytes[range];
        part.iter().all(u8::is_ascii_digit).then(|| {
            part.iter()
                .fold(0, |n, digit| n * 10 + u32::from(digit - b'0'))
        })
    };
    if bytes.len() != 10 {
        return None;
    }
    let (year, month, day) = match (bytes[4], bytes[7], bytes[2], bytes[5]) {
        (b'-', b'-', _, _) => (number(0..4)?, number(5..7)?, number(8..10)?),
        (_, _, b'/', b'/') => (number(6..10)?, number(3..5)?, number(0..2)?),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(Some)
}

/// Reads a day as exports write it into a cell: with a time of day behind it, which is dropped, and
/// with the first days of what spreadsheets and servers count from (30/12/1899, 01/01/0001), which
/// mean none. An offset is taken only at midnight, where the day as written is meant.
pub fn of_cell(text: &str) -> Option<Option<NaiveDate>> {
    let text = text.trim();
    let day = match text.as_bytes().get(10) {
        Some(b' ' | b'T') if text.is_char_boundary(10) => {
            time_of_day(&text[11..])?;
            parse(&text[..10])?
        }
        _ => parse(text)?,
    };
    let zero = |day: NaiveDate| {
        let date = (day.year(), day.month(), day.day());
        matches!(date, (1899, 12, 30 | 31) | (1, 1, 1))
    };
    Some(day.filter(|day| !zero(*day)))
}

/// Reads `00:00`, `00:00:00`, `00:00:00.000`; with an offset only at midnight.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (time, offset) = match text.find(['Z', '+', '-']) {
        Some(at) => (&text[..at], true),
        None => (text, false),
    };
    let time = ["%H:%M", "%H:%M:%S%.f"]
        .into_iter()
        .find_map(|format| NaiveTime::parse_from_str(time.trim(), format).ok())?;
    (!offset || time == NaiveTime::MIN).then_some(time)
}

/// As the book keeps it: `2026-12-10`.
pub fn kept(day: NaiveDate) -> String {
    let Ok(year @ 0..10_000) = u32::try_from(day.year()) else {
        return day.to_string();
    };
    let number = (year * 100 + day.month()) * 100 + day.day();
    let mut text = String::with_capacity(10);
    for place in (0..8).rev() {
        text.extend(char::from_digit(number / 10_u32.pow(place) % 10, 10));
        if matches!(place, 4 | 2) {
            text.push('-');
        }
    }
    text
}

/// As Brazil writes it: `10/12/2026`.
pub fn in_portuguese(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// Days from `from` to `to`; negative when `to` is earlier.
pub fn between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trial_34_a_day_column_may_come_with_a_time() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 10);
        for text in [
            "2026-11-10 00:00:00",
            "2026-11-10T00:00:00.000Z",
            "10/11/2026 00:00",
            "2026-11-10 13:45:10",
            "2026-11-10",
        ] {
            assert_eq!(of_cell(text), Some(day), "{text}");
        }
        for bad in [
            "2026-11-10 25:00:00",
            "2026-11-10T23:30:00-03:00",
            "2026-11-10 x",
        ] {
            assert_eq!(of_cell(bad), None, "{bad}");
        }
        for none in ["30/12/1899", "1899-12-30 00:00:00", "01/01/0001", ""] {
            assert_eq!(of_cell(none), Some(None), "{none}");
        }
    }

    #[test]
    fn is_kept_as_iso_8601_has_it() {
        for text in ["2026-11-07", "0987-01-31", "1900-12-10", "9999-12-31"] {
            let day: NaiveDate = text.parse().expect("a day");
            assert_eq!(kept(day), text);
        }
        assert_eq!(kept(NaiveDate::MAX), NaiveDate::MAX.to_string());
        assert_eq!(kept(NaiveDate::MIN), NaiveDate::MIN.to_string());
    }

    #[test]
    fn reads_both_spellings_and_the_empty_ones() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 10);
        assert_eq!(parse("2026-12-10"), Some(day));
        assert_eq!(parse("10/12/2026"), Some(day));
        for none in ["", "0", "0000-00-00"] {
            assert_eq!(parse(none), Some(None));
        }
        for bad in [
            "2026-02-30",
            "31/11/2026",
            "12/31/2026",
            "2026-1-1",
            "hoje",
            "20261210",
            "2026/12/10",
            "2026-12-1a",
            "çççççç",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
