//! An answer: its text, its JSON, its beginning in plain words, and how long it asks us to wait.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::wire::letters;

/// The longest that a provider may ask us to wait; longer is taken as this.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// Values that are read of an answer in JSON, at most: each takes many times its text in memory.
const MOST_VALUES: usize = 100_000;

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks us to wait (`Retry-After`, as seconds or as a date), at most a week.
    pub retry_after: Option<Duration>,
    /// Its media type, as it was sent.
    pub content_type: Option<String>,
    /// Where it points to, when it is a redirect (which is never followed).
    pub location: Option<String>,
    /// The body, up to the limit.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text, by its declared charset (UTF-8 otherwise).
    pub fn text(&self) -> String {
        let charset = self.content_type.as_deref().and_then(|kind| {
            kind.split(';').skip(1).find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case("charset")
                    .then(|| value.trim().trim_matches('"').to_owned())
            })
        });
        letters::named(charset.as_deref(), &self.body)
    }

    /// The body as JSON, if that is what it is, and holds no more values than a service has to say.
    pub fn json(&self) -> Option<serde_json::Value> {
        let values = self.body.iter().filter(|byte| **byte == b',').count();
        if values > MOST_VALUES {
            return None;
        }
        serde_json::from_str(&self.text()).ok()
    }

    /// The beginning of the body as one line of plain words, markup left out.
    pub fn excerpt(&self) -> String {
        let text = self.text();
        let mut out = String::new();
        let mut within_tag = false;
        for c in text.chars() {
            match c {
                '<' => within_tag = true,
                '>' if within_tag => {
                    within_tag = false;
                    out.push(' ');
                }
                _ if within_tag => {}
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
            if out.len() > 2000 {
                out.push('…');
                break;
            }
        }
        let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return format!("HTTP {} without a text", self.status);
        }
        shortened(&words, 300)
    }
}

/// The first `most` characters of a text, with an ellipsis when there are more.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// A `Retry-After` header: seconds, or a date after `now`; at most a week.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let wait = http_date(value)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO).min(LONGEST_WAIT))
}

/// A date as HTTP writes it, today's form and the two older ones (RFC 9110, section 5.6.7).
pub(super) fn http_date(value: &str) -> Option<DateTime<Utc>> {
    let value = value.trim();
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.with_timezone(&Utc));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(value, format).ok())
        .map(|date| date.and_utc())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text)
            .expect("an instant")
            .with_timezone(&Utc)
    }

    pub(crate) fn answer(kind: &str, body: &[u8]) -> HttpAnswer {
        HttpAnswer {
            status: 502,
            retry_after: None,
            content_type: Some(kind.to_owned()),
            location: None,
            body: body.to_vec(),
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_in_any_of_three_forms() {
        let now = at("1994-11-06T08:49:07Z");
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(604_800));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn an_excerpt_is_one_line_without_markup() {
        let page = b"<html><head><title>502 Bad\nGateway</title></head><body>nginx</body></html>"
            .as_slice();
        assert_eq!(answer("text/html", page).excerpt(), "502 Bad Gateway nginx");
        assert_eq!(
            answer("text/html", b"").excerpt(),
            "HTTP 502 without a text"
        );
        let long = "é".repeat(400);
        assert_eq!(
            answer("text/plain", long.as_bytes())
                .excerpt()
                .chars()
                .count(),
            301
        );
    }

    #[test]
    fn a_body_is_read_by_its_declared_charset() {
        assert_eq!(
            answer("text/html; charset=ISO-8859-1", b"n\xe3o").text(),
            "não"
        );
        assert_eq!(answer("application/json", "não".as_bytes()).text(), "não");
    }
}
