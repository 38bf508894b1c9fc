//! What the ERPs that answer JSON over HTTP have in common: a page asked for again where that may help,
//! answers bounded and read leniently, words shown without secrets.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::erp;
use super::row::Row;
use crate::domain::book::FactKind;
use crate::domain::id_set::IdSet;
use crate::error::{Error, Result};
use crate::http::{Cover, Failure, HttpAnswer, HttpClient, HttpRequest, Patience};

/// The most that is read of one answer, unpacked, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// How many times more a page is asked for that did not come.
const AGAIN: u32 = 3;
/// The longest that a server's `Retry-After` is waited for; what asks for more fails the run.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// What is to be done about what may pass by itself.
pub(super) const NOTHING_CHANGED: &str = "run it again later; nothing was changed here";

/// A web service, and how it is called where something is told of it.
pub(super) struct Web {
    client: HttpClient,
    cover: Cover,
    /// What people call it: `Hubsoft`.
    pub called: &'static str,
    /// Its section: `sync.hubsoft`.
    pub section: &'static str,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.called)
    }
}

impl Web {
    /// A web service of that name, asked by so many threads at once for so many seconds each; nothing of
    /// `secrets` is ever shown. Nothing is asked yet.
    pub fn new(
        (called, section): (&'static str, &'static str),
        (threads, seconds): (usize, i64),
        ca_file: Option<&Path>,
        secrets: &[String],
    ) -> Result<Self> {
        Ok(Self {
            client: HttpClient::new(threads, Patience::seconds(seconds), ca_file)?
                .reading(MOST_BYTES),
            cover: Cover::over(secrets),
            called,
            section,
        })
    }

    /// Cuts every question that still waits for its answer: nobody will hear it.
    pub fn hang_up(&self) {
        self.client.shutdown();
    }

    /// Covers one secret more, which the service gave us.
    pub fn cover_too(&mut self, secrets: &[String]) {
        self.cover = Cover::over(secrets);
    }

    /// Asks once, and again where no whole answer came or there was no room just then (429, 502, 503, 504).
    ///
    /// # Errors
    /// When there is no answer, or a redirect (exit 4).
    pub fn ask(
        &self,
        request: &HttpRequest<'_>,
        what: &str,
        requests: &mut u64,
    ) -> Result<HttpAnswer> {
        let mut asked_again = 0;
        loop {
            *requests += 1;
            let wait = match self.client.call(request) {
                Ok(answer) if matches!(answer.status, 429 | 502 | 503 | 504) => {
                    let wait = answer.retry_after.unwrap_or(pause(asked_again));
                    if asked_again == AGAIN || wait > LONGEST_PAUSE {
                        return Err(self
                            .broken(
                                what,
                                &format!("it has no room for us (HTTP {})", answer.status),
                            )
                            .hint(NOTHING_CHANGED));
                    }
                    wait
                }
                Ok(answer) if (300..400).contains(&answer.status) => {
                    return Err(self
                        .broken(
                            what,
                            &format!("it answered with a redirect (HTTP {})", answer.status),
                        )
                        .hint(format!(
                            "write the final https:// address as base_url under [{}]",
                            self.section
                        )));
                }
                Ok(answer) => return Ok(answer),
                Err(Failure::Unknown(text))
                    if !text.contains("timed out") && asked_again < AGAIN =>
                {
                    pause(asked_again)
                }
                Err(failure) => return Err(self.unanswered(what, failure.text())),
            };
            std::thread::sleep(wait);
            asked_again += 1;
        }
    }

    /// No answer came.
    fn unanswered(&self, what: &str, text: &str) -> Error {
        let section = self.section;
        let error = self
            .broken(
                what,
                &format!("it did not answer: {}", self.cover.cover(text)),
            )
            .hint(format!(
                "look at base_url and timeout_seconds under [{section}]"
            ));
        erp::with_authority(error, section, text)
    }

    /// An answer as what is kept of it.
    ///
    /// # Errors
    /// When it is not that: a page for people, another object, an error of the service (exit 4).
    pub fn read<T: DeserializeOwned>(&self, answer: &HttpAnswer, what: &str) -> Result<T> {
        let text = match std::str::from_utf8(&answer.body) {
            Ok(text) => std::borrow::Cow::Borrowed(text),
            Err(_) => std::borrow::Cow::Owned(answer.text()),
        };
        serde_json::from_str(&text).map_err(|_| self.not_it(answer, what))
    }

    /// What an answer is that is not the service's.
    pub fn not_it(&self, answer: &HttpAnswer, what: &str) -> Error {
        let page = answer.body.trim_ascii_start().starts_with(b"<");
        let found = match (answer.body.is_empty(), page) {
            (true, _) => "an empty answer".to_owned(),
            (_, true) => format!("a page for people: {}", self.words(answer)),
            _ => format!("something else: {}", self.words(answer)),
        };
        let told = format!(
            "this is not {}'s web service: it answered with {found} (HTTP {})",
            self.called, answer.status
        );
        Error::world(told).at(format!("in {what}")).hint(format!(
            "base_url under [{}] must be the address alone, without the path of a login page",
            self.section
        ))
    }

    /// The beginning of an answer in plain words, without a secret.
    pub fn words(&self, answer: &HttpAnswer) -> String {
        let words: String = answer.excerpt().chars().take(200).collect();
        self.cover.cover(words.trim())
    }

    /// A service's words, shortened, without a secret.
    pub fn covered(&self, words: &str) -> String {
        let words: String = words.chars().take(200).collect();
        self.cover.cover(words.trim())
    }

    /// What went wrong where something was read.
    pub fn broken(&self, what: &str, message: &str) -> Error {
        Error::world(format!("{}: {message}", self.called)).at(format!("in {what}"))
    }
}

/// One second, two, four.
fn pause(asked_again: u32) -> Duration {
    Duration::from_secs(1 << asked_again.min(AGAIN))
}

/// Whether the pages of a list are all of it.
#[derive(Default)]
pub(super) struct Counted {
    seen: IdSet,
    rows: u64,
}

impl Counted {
    /// Notes the ids of a page; how many are new.
    pub fn page(&mut self, ids: impl Iterator<Item = i64>) -> u64 {
        let new = ids.filter(|id| self.seen.insert(*id)).count() as u64;
        self.rows += new;
        new
    }

    /// How many rows have come.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// # Errors
    /// When fewer rows came than the service told of (exit 4): a partial list is never acted on.
    pub fn complete(&self, web: &Web, what: &str, total: Option<u64>) -> Result<()> {
        match total {
            Some(total) if self.rows < total => Err(web
                .broken(
                    what,
                    &format!(
                        "the list is not complete: it told of {total} rows, and {} came",
                        self.rows
                    ),
                )
                .hint(NOTHING_CHANGED)),
            _ => Ok(()),
        }
    }
}

/// One value as text, however it was written; `null` and what is nested are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scalar(Option<String>);

impl Scalar {
    /// The text without white space around it, when there is any.
    pub fn filled(&self) -> Option<&str> {
        self.0
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// The text for a column: an empty one clears it.
    pub fn text(&self) -> String {
        self.filled().unwrap_or_default().to_owned()
    }

    /// A whole number above zero.
    pub fn id(&self) -> Option<i64> {
        self.filled()?.parse().ok().filter(|id| *id > 0)
    }

    /// A whole number.
    pub fn count(&self) -> Option<u64> {
        let text = self.filled()?;
        text.strip_suffix(".0").unwrap_or(text).parse().ok()
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_string())))
            }
            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(value.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_none<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        reader.deserialize_any(Any)
    }
}

/// A row of a kind from its columns; none leaves the book's value as it is.
pub(super) fn row<const N: usize>(
    kind: &'static FactKind,
    id: i64,
    columns: [(&'static str, Option<String>); N],
) -> Row {
    let mut row = Row::of(kind, id);
    row.put(kind, "id", id.to_string());
    for (column, text) in columns {
        if let Some(text) = text {
            row.put(kind, column, text);
        }
    }
    row
}

/// Several values, or one where a list was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// The value at a place, from 0.
    pub fn at(&self, place: usize) -> Option<String> {
        self.0.get(place).cloned()
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Several(Vec<Scalar>),
            One(Scalar),
        }
        let several = match Either::deserialize(reader)? {
            Either::Several(several) => several,
            Either::One(one) => vec![one],
        };
        let filled = several.iter().filter_map(Scalar::filled);
        Ok(Self(filled.take(8).map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_however_it_was_written() {
        let read = |text: &str| serde_json::from_str::<Scalar>(text).expect(text);
        assert_eq!(read("119.9").filled(), Some("119.9"));
        assert_eq!(read("\" 7 \"").id(), Some(7));
        assert_eq!(read("7").id(), Some(7));
        assert_eq!(read("\"68\"").count(), Some(68));
        for none in ["null", "\"\"", "{\"senha\":\"x\"}", "[1,2]"] {
            assert_eq!(read(none).filled(), None, "{none}");
        }
        let several = |text: &str| serde_json::from_str::<Texts>(text).expect(text);
        assert_eq!(several("[\"\", \"a\", 5]").at(1), Some("5".to_owned()));
        assert_eq!(several("\"a\"").at(0), Some("a".to_owned()));
        assert_eq!(several("null").at(0), None);
    }
}
