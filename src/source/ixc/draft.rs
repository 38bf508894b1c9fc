//! The columns of one row of the book while they come together from the fields of a form's row.

use super::form::{Form, FormRow};
use super::names::NameBook;
use crate::domain::book::FactKind;
use crate::domain::day;
use crate::domain::money::Money;
use crate::domain::words::parse_yes_no;
use crate::source::{Row, Strange};

/// A day as ISO (empty where there is none), also where the server adds a time of day; none
/// when it is not a day at all.
pub(super) fn date(text: &str) -> Option<String> {
    let only = match text.split_once(' ') {
        Some((only, time)) if time.len() == 8 => only,
        _ => text,
    };
    day::parse(only).map(|day| day.map(|day| day.to_string()).unwrap_or_default())
}

/// The columns of one row as they come together.
pub(super) struct RowDraft<'r> {
    pub(super) row: &'r FormRow,
    pub(super) names: &'r NameBook,
    pub(super) kind: &'static FactKind,
    pub(super) out: Row,
}

impl RowDraft<'_> {
    pub(super) fn put(&mut self, column: &'static str, text: String) {
        self.out.put(self.kind, column, text);
    }

    pub(super) fn strange(
        &mut self,
        field: &'static str,
        found: &str,
        taken: &'static str,
        code: bool,
    ) {
        let found: String = found.chars().take(40).collect();
        self.out.strange.push(Strange {
            field: field.into(),
            found,
            taken: taken.into(),
            code,
        });
    }

    pub(super) fn copy(&mut self, column: &'static str, field: &'static str) {
        if let Some(text) = self.row.get(field) {
            self.put(column, text.to_owned());
        }
    }

    pub(super) fn reference(&mut self, column: &'static str, field: &'static str) {
        if self.row.get(field).is_some() {
            let id = self.row.reference(field);
            self.put(column, id.map(|id| id.to_string()).unwrap_or_default());
        }
    }

    /// A switch; where the server says nothing, the book keeps what it has.
    pub(super) fn yes_no(&mut self, column: &'static str, field: &'static str) {
        let Some(code) = self.row.filled(field) else {
            return;
        };
        if let Some(yes) = parse_yes_no(code) {
            self.put(column, if yes { "yes" } else { "no" }.to_owned());
        } else {
            let code = code.to_owned();
            self.strange(field, &code, "left as it was", true);
        }
    }

    /// A day that may be missing; one that cannot be right is left empty.
    pub(super) fn day(&mut self, column: &'static str, field: &'static str) {
        let Some(text) = self.row.get(field) else {
            return;
        };
        if let Some(day) = date(text) {
            self.put(column, day);
        } else {
            let text = text.to_owned();
            self.strange(field, &text, "left empty", false);
            self.put(column, String::new());
        }
    }

    /// A day that must be there; what is wrong with it is for the import to say.
    pub(super) fn date_as_is(&mut self, column: &'static str, field: &'static str) {
        if let Some(text) = self.row.get(field) {
            let text = date(text).unwrap_or_else(|| text.to_owned());
            self.put(column, text);
        }
    }

    /// An amount. What is no amount is left for the import to refuse.
    pub(super) fn amount(&mut self, column: &'static str, field: &'static str) {
        let Some(text) = self.row.get(field) else {
            return;
        };
        // Some versions write four decimals, the last two of them zeros.
        let exact = text
            .strip_suffix("00")
            .filter(|rest| {
                Money::parse(text).is_none() && rest.rfind('.') == rest.len().checked_sub(3)
            })
            .filter(|rest| Money::parse(rest).is_some());
        self.put(column, exact.unwrap_or(text).to_owned());
    }

    /// A code of a closed list that the book spells the same; an unknown one becomes `instead`.
    pub(super) fn code(
        &mut self,
        column: &'static str,
        field: &'static str,
        known: impl Fn(&str) -> bool,
        instead: &str,
        taken: &'static str,
    ) {
        let Some(code) = self.row.get(field) else {
            return;
        };
        if known(code) {
            self.put(column, code.to_owned());
        } else {
            let code = code.to_owned();
            self.strange(field, &code, taken, true);
            self.put(column, instead.to_owned());
        }
    }

    /// A code that becomes a free word; an unknown one stays as it is.
    pub(super) fn translate(
        &mut self,
        column: &'static str,
        field: &'static str,
        words: &[(&str, &'static str)],
    ) {
        let Some(code) = self.row.get(field) else {
            return;
        };
        let word = words.iter().find(|(known, _)| *known == code);
        if word.is_none() && !code.is_empty() {
            let code = code.to_owned();
            self.strange(field, &code, "kept as it is", true);
        }
        let text = word.map_or(code, |(_, word)| word).to_owned();
        self.put(column, text);
    }

    /// A city's name; an id nobody could read as a city is left as it was.
    pub(super) fn city(&mut self) {
        if self.row.get("cidade").is_none() {
            return;
        }
        match self.row.reference("cidade") {
            None => {
                // Some forms hold the name itself.
                let text = self.row.filled("cidade").filter(|text| *text != "0");
                self.put("city", text.unwrap_or_default().to_owned());
            }
            Some(id) => {
                if let Some(name) = self.names.get(Form::Cidade, id).filter(|n| !n.is_empty()) {
                    self.put("city", name.to_owned());
                }
            }
        }
    }

    /// A state's two letters: they stand there, or the number of a row that has them.
    pub(super) fn state(&mut self) {
        let Some(text) = self.row.filled("uf") else {
            return;
        };
        let letters = match self.row.reference("uf") {
            Some(id) => self.names.get(Form::Uf, id),
            None => Some(text).filter(|uf| uf.len() == 2),
        };
        if let Some(letters) = letters.filter(|letters| letters.len() == 2) {
            let letters = letters.to_owned();
            self.put("state", letters);
        }
    }

    /// A reference by its name, or by its id where the names could not be read.
    pub(super) fn name_or_id(&mut self, column: &'static str, field: &'static str, form: Form) {
        if self.row.get(field).is_none() {
            return;
        }
        let text = self.row.reference(field).map(|id| {
            self.names
                .get(form, id)
                .filter(|name| !name.is_empty())
                .map_or_else(|| id.to_string(), str::to_owned)
        });
        self.put(column, text.unwrap_or_default());
    }
}
