//! One value of a report's row.

/// One value of a row, borrowed from the database.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldValue<'a> {
    /// No value.
    Null,
    /// A number, cents, yes or no, milliseconds.
    Integer(i64),
    /// A text, a word, a day.
    Text(&'a str),
}
