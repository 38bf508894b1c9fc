//! A row of the book as a source tells it: texts by column, and what in them was not understood.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::book::FactKind;

/// One row of a kind, on its way from a source to the book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id at the source.
    pub id: i64,
    /// By column of its kind, the text that a CSV file would have there; none leaves the book's value
    /// as it is, an empty text clears it.
    pub cells: Vec<Option<String>>,
    /// What was not understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strange: Vec<Strange>,
    /// Of a ticket: when it last changed, as the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// Of a ticket: the text it was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Something that was written in a ticket, whose id the row has; the row says nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<TicketReply>,
}

/// Something that was written in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReply {
    /// Its id at the source.
    pub id: i64,
    /// When, as the source writes it.
    pub at: String,
    /// What.
    pub text: String,
    /// Whoever wrote it works for the provider; otherwise it is not known who did.
    pub by_staff: bool,
}

/// Something in a row that regua does not know, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strange {
    /// The source's field.
    pub field: Cow<'static, str>,
    /// What stood there; personal data is described, not repeated.
    pub found: String,
    /// What was made of it.
    pub taken: Cow<'static, str>,
    /// It is a code of the source that regua does not know, rather than a value that cannot be right.
    pub code: bool,
}

impl Row {
    /// A row that says nothing yet.
    pub fn of(kind: &FactKind, id: i64) -> Self {
        Self {
            id,
            cells: vec![None; kind.columns.len()],
            ..Self::default()
        }
    }

    /// Puts a column's text; a column that the kind does not have is passed over.
    pub fn put(&mut self, kind: &FactKind, column: &str, text: String) {
        if let Some(at) = kind.position(column) {
            self.cells[at] = Some(text);
        }
    }

    /// The text of a column, when it holds something.
    pub fn filled(&self, kind: &FactKind, column: &str) -> Option<&str> {
        self.cells
            .get(kind.position(column)?)?
            .as_deref()
            .filter(|text| !text.is_empty())
    }
}
