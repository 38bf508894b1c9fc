//! How values of ours stand in columns, and how they are read back: each way written once.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Null, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, RowIndex};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::cell::Value;
use crate::domain::incident::StepKind;
use crate::domain::ladder::{CaseOutcome, Milestone, Phase, Stage};
use crate::domain::message::Lot;
use crate::domain::money::Money;
use crate::domain::notice::NoticeKind;
use crate::domain::payment_code::CodeKind;
use crate::domain::place::Place;
use crate::domain::receipt::ReceiptKind;
use crate::domain::report::ReportKind;
use crate::domain::rule::Deliver;
use crate::domain::task::{Run, RunOutcome};
use crate::domain::ticket::event_type::{EventType, TriggerEvent};
use crate::domain::words::{
    AccessStatus, AddressKind, AttemptOutcome, Author, Channel, ContractStatus, InvoiceStatus,
    Kind, Online, Origin, PersonType, Purpose, Reason, Status, Word,
};

/// A day as a column holds it: ISO text (2026-12-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

/// An instant as a column holds it: whole milliseconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub DateTime<Utc>);

/// Where a client is, `k` being its row, and its contract `t`, whose own city counts first; read by
/// [`Columns::place`].
pub const PLACE: &str = "coalesce(nullif(trim(t.city), ''), k.city), k.state";

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Null.to_sql(),
            Self::Integer(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

/// Types that are columns: how each is written, and how it is read.
macro_rules! columns {
    ($($name:ty: $write:expr, $read:expr;)+) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let write = $write;
                Ok(ToSqlOutput::from(write(*self)))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let read = $read;
                read(value)
            }
        }
    )+};
    (words: $($name:ident),+ $(,)?) => {
        columns! { $($name: $name::as_str, word::<$name>;)+ }
    };
}

columns! {
    Day: |day: Self| crate::domain::day::kept(day.0), day;
    Millis: |at: Self| at.0.timestamp_millis(), instant;
    Money: Money::cents, |value: ValueRef<'_>| value.as_i64().map(Money::from_cents);
}

columns! {
    Milestone: |milestone: Self| milestone.word(), |value: ValueRef<'_>| named(value, Milestone::parse);
    Status: Status::as_str, status;
    Phase: |phase: Self| phase.to_string(), |value: ValueRef<'_>| named(value, Phase::parse);
}

columns! { words:
    AccessStatus, AddressKind, AttemptOutcome, Author, CaseOutcome, Channel, CodeKind, ContractStatus,
    Deliver, EventType, InvoiceStatus, Kind, NoticeKind, Online, Origin, PersonType, Purpose, Reason,
    ReceiptKind, ReportKind, Run, Stage, StepKind, RunOutcome, TriggerEvent,
}

/// The state in which the table keeps a message that was handed to the hosts that share the queue.
pub const SHARED: &str = "shared";

/// A message that was handed to the hosts that share the queue is one that is queued.
fn status(value: ValueRef<'_>) -> FromSqlResult<Status> {
    match value.as_str()? {
        SHARED => Ok(Status::Queued),
        text => Status::parse(text).ok_or_else(|| wrong(text)),
    }
}

/// A struct whose fields are columns, each named once: the columns for a SELECT, and the reader that takes them
/// by their places, because looking each up by its name costs as much as finding the row.
macro_rules! by_place {
    (
        $(#[$doc:meta])*
        $columns:ident, $read:ident -> $type:ident {
            $first:ident: $first_how:ident,
            $($field:ident: $how:ident $(= $column:literal)?,)+
        }
    ) => {
        $(#[$doc])*
        const $columns: &str = concat!(
            stringify!($first)
            $(, ", ", $crate::store::columns::by_place!(@column $field $($column)?))+
        );

        $(#[$doc])*
        fn $read(row: &rusqlite::Row<'_>) -> rusqlite::Result<$type> {
            let mut place = 0..;
            Ok($type {
                $first: row.$first_how(place.next().unwrap_or(0))?,
                $($field: row.$how(place.next().unwrap_or(0))?,)+
            })
        }
    };
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
}
pub(super) use by_place;

fn word<W: Word>(value: ValueRef<'_>) -> FromSqlResult<W> {
    named(value, W::parse)
}

fn named<T>(value: ValueRef<'_>, parse: fn(&str) -> Option<T>) -> FromSqlResult<T> {
    let text = value.as_str()?;
    parse(text).ok_or_else(|| wrong(text))
}

fn day(value: ValueRef<'_>) -> FromSqlResult<Day> {
    let text = value.as_str()?;
    crate::domain::day::parse(text)
        .flatten()
        .map(Day)
        .ok_or_else(|| wrong(text))
}

fn instant(value: ValueRef<'_>) -> FromSqlResult<Millis> {
    let millis = value.as_i64()?;
    DateTime::from_timestamp_millis(millis)
        .map(Millis)
        .ok_or(FromSqlError::OutOfRange(millis))
}

fn wrong(text: &str) -> FromSqlError {
    FromSqlError::Other(format!("it holds `{text}`").into())
}

impl ToSql for Lot {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for Lot {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        String::column_result(value).map(Self::written)
    }
}

/// A list or an object kept as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0)
            .map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        serde_json::from_str(text)
            .map(Self)
            .map_err(|_| wrong(text))
    }
}

/// Typed reading of one row, by a column's place or name.
pub trait Columns {
    /// A word.
    fn word<W: FromSql>(&self, column: &str) -> rusqlite::Result<W>;
    /// A word that may be absent.
    fn word_opt<W: FromSql>(&self, column: &str) -> rusqlite::Result<Option<W>>;
    /// An amount.
    fn money(&self, column: &str) -> rusqlite::Result<Money>;
    /// A day.
    fn day(&self, column: impl RowIndex) -> rusqlite::Result<NaiveDate>;
    /// A day that may be absent.
    fn day_opt(&self, column: impl RowIndex) -> rusqlite::Result<Option<NaiveDate>>;
    /// An instant.
    fn instant(&self, column: impl RowIndex) -> rusqlite::Result<DateTime<Utc>>;
    /// An instant that may be absent.
    fn instant_opt(&self, column: impl RowIndex) -> rusqlite::Result<Option<DateTime<Utc>>>;
    /// The columns of [`PLACE`], from this one on.
    fn place(&self, first: usize) -> rusqlite::Result<Place>;
    /// A list kept as JSON.
    fn json<T: DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T>;
    /// A list kept as texts separated by `|`.
    fn list(&self, column: &str) -> rusqlite::Result<Vec<String>>;
}

impl Columns for Row<'_> {
    fn word<W: FromSql>(&self, column: &str) -> rusqlite::Result<W> {
        self.get(column)
    }

    fn word_opt<W: FromSql>(&self, column: &str) -> rusqlite::Result<Option<W>> {
        self.get(column)
    }

    fn money(&self, column: &str) -> rusqlite::Result<Money> {
        self.get(column)
    }

    fn day(&self, column: impl RowIndex) -> rusqlite::Result<NaiveDate> {
        self.get(column).map(|Day(day)| day)
    }

    fn day_opt(&self, column: impl RowIndex) -> rusqlite::Result<Option<NaiveDate>> {
        let day: Option<Day> = self.get(column)?;
        Ok(day.map(|Day(day)| day))
    }

    fn instant(&self, column: impl RowIndex) -> rusqlite::Result<DateTime<Utc>> {
        self.get(column).map(|Millis(at)| at)
    }

    fn instant_opt(&self, column: impl RowIndex) -> rusqlite::Result<Option<DateTime<Utc>>> {
        let at: Option<Millis> = self.get(column)?;
        Ok(at.map(|Millis(at)| at))
    }

    fn place(&self, first: usize) -> rusqlite::Result<Place> {
        Ok(Place {
            city: self.get(first)?,
            state: self.get(first + 1)?,
        })
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> rusqlite::Result<T> {
        self.get(column).map(|Json(value)| value)
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
