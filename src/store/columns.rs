//! How values stand in columns: words as text, days as ISO text, instants as milliseconds.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type, ValueRef};

use crate::domain::money::Money;
use crate::domain::words::Word;

/// Typed reading of one row.
pub trait Columns {
    /// A word.
    fn word<W: Word>(&self, column: &str) -> rusqlite::Result<W>;
    /// A word that may be absent.
    fn word_opt<W: Word>(&self, column: &str) -> rusqlite::Result<Option<W>>;
    /// A day.
    fn day(&self, column: &str) -> rusqlite::Result<NaiveDate>;
    /// A day that may be absent.
    fn day_opt(&self, column: &str) -> rusqlite::Result<Option<NaiveDate>>;
    /// An instant.
    fn instant(&self, column: &str) -> rusqlite::Result<DateTime<Utc>>;
    /// An instant that may be absent.
    fn instant_opt(&self, column: &str) -> rusqlite::Result<Option<DateTime<Utc>>>;
    /// An amount.
    fn money(&self, column: &str) -> rusqlite::Result<Money>;
    /// A list kept as JSON.
    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T>;
    /// A list kept as texts separated by `|`.
    fn list(&self, column: &str) -> rusqlite::Result<Vec<String>>;
}

fn wrong(column: &str, value: impl Into<String>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Text,
        format!("column {column} holds `{}`", value.into()).into(),
    )
}

impl Columns for Row<'_> {
    fn word<W: Word>(&self, column: &str) -> rusqlite::Result<W> {
        let text = self.get_ref(column)?.as_str()?;
        W::parse(text).ok_or_else(|| wrong(column, text))
    }

    fn word_opt<W: Word>(&self, column: &str) -> rusqlite::Result<Option<W>> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            value => {
                let text = value.as_str()?;
                W::parse(text).map(Some).ok_or_else(|| wrong(column, text))
            }
        }
    }

    fn day(&self, column: &str) -> rusqlite::Result<NaiveDate> {
        self.day_opt(column)?
            .ok_or_else(|| FromSqlError::InvalidType.into())
    }

    fn day_opt(&self, column: &str) -> rusqlite::Result<Option<NaiveDate>> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            value => {
                let text = value.as_str()?;
                match crate::domain::day::parse(text) {
                    Some(day) => Ok(day),
                    None => Err(wrong(column, text)),
                }
            }
        }
    }

    fn instant(&self, column: &str) -> rusqlite::Result<DateTime<Utc>> {
        self.instant_opt(column)?
            .ok_or_else(|| FromSqlError::InvalidType.into())
    }

    fn instant_opt(&self, column: &str) -> rusqlite::Result<Option<DateTime<Utc>>> {
        let millis: Option<i64> = self.get(column)?;
        Ok(millis.and_then(DateTime::from_timestamp_millis))
    }

    fn money(&self, column: &str) -> rusqlite::Result<Money> {
        Ok(Money::from_cents(self.get(column)?))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T> {
        let text = self.get_ref(column)?.as_str()?;
        serde_json::from_str(text).map_err(|_| wrong(column, text))
    }

    fn list(&self, column: &str) -> rusqlite::Result<Vec<String>> {
        let text: Option<String> = self.get(column)?;
        Ok(text
            .unwrap_or_default()
            .split('|')
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect())
    }
}
