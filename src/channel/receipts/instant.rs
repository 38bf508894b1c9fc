//! The instants of reports, in the ways in which providers write them.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use crate::clock::{Now, instant_of};

/// The last instant that a number may tell of as seconds: the year 2100. What is greater tells milliseconds.
const LAST_SECOND: i64 = 4_102_444_800;

/// Dates and times without an offset: in the provider's own zone.
const LOCAL: [&str; 6] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
];

/// Dates and times with an offset, besides RFC 3339 and RFC 2822.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"];

/// The instant that a part tells at the first of these places; that of arrival where it tells none.
///
/// # Errors
/// What stands there, when it is no instant.
pub(super) fn told(part: &Value, places: &[String], now: Now) -> Result<DateTime<Utc>, String> {
    let found = places
        .iter()
        .filter_map(|place| part.pointer(place))
        .find(|value| match value {
            Value::String(text) => !text.trim().is_empty(),
            Value::Number(_) => true,
            _ => false,
        });
    let Some(found) = found else {
        return Ok(now.at);
    };
    read(found, now).ok_or_else(|| found.to_string().chars().take(60).collect())
}

fn read(value: &Value, now: Now) -> Option<DateTime<Utc>> {
    let text = match value {
        Value::String(text) => text.trim(),
        number => return of_number(number.as_f64()?),
    };
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    let whole = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .ok();
    let whole = whole.or_else(|| {
        let mut forms = WITH_OFFSET.iter();
        forms.find_map(|form| DateTime::parse_from_str(text, form).ok())
    });
    if let Some(at) = whole {
        return Some(at.to_utc());
    }
    let mut forms = LOCAL.iter();
    let local = forms.find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(instant_of(now.zone, local))
}

/// Seconds or milliseconds since 1970.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is looked at before"
)]
fn of_number(number: f64) -> Option<DateTime<Utc>> {
    let whole = number.is_finite() && (0.0..1e15).contains(&number);
    let number = whole.then_some(number as i64)?;
    if number <= LAST_SECOND {
        return DateTime::from_timestamp(number, 0);
    }
    let seconds = number / 1000;
    (seconds <= LAST_SECOND).then(|| DateTime::from_timestamp_millis(number))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_are_read_in_every_usual_writing() {
        let now = Now::new(
            DateTime::from_timestamp(1_795_430_000, 0).expect("an instant"),
            chrono_tz::America::Sao_Paulo,
        );
        let wanted = DateTime::from_timestamp(1_764_100_000, 0).expect("an instant");
        for written in [
            json!(1_764_100_000),
            json!("1764100000"),
            json!(1_764_100_000_000_i64),
            json!("2025-11-25T19:46:40Z"),
            json!("2025-11-25T19:46:40.000+0000"),
            json!("2025-11-25T16:46:40-03:00"),
            json!("Tue, 25 Nov 2025 19:46:40 +0000"),
            json!("2025-11-25 16:46:40"),
            json!("25/11/2025 16:46:40"),
        ] {
            let part = json!({ "at": written });
            assert_eq!(
                told(&part, &["/at".to_owned()], now),
                Ok(wanted),
                "{written}"
            );
        }
        for written in [
            json!("soon"),
            json!(-1),
            json!(1e18),
            json!("31/02/2025 10:00"),
        ] {
            let part = json!({ "at": written });
            assert!(told(&part, &["/at".to_owned()], now).is_err(), "{written}");
        }
        assert_eq!(told(&json!({}), &["/at".to_owned()], now), Ok(now.at));
    }
}
