//! The columns of an answer: each has a name, a place in tables or none, and says its value of a row;
//! table, JSON, JSON Lines and CSV follow from them.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::cell::Cell;
use super::language;
use super::measure::{folded, padded, width};

/// How a table shows a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// From the left: words.
    Left,
    /// To the right: numbers.
    Right,
    /// Not at all: it is there in the other forms.
    Nowhere,
}

/// One column.
pub(super) struct Column<'a, T: ?Sized> {
    pub(super) name: Cow<'static, str>,
    pub(super) place: Place,
    pub(super) cell: Box<dyn Fn(&T) -> Cell + 'a>,
}

/// What people are told when there is no row.
pub(super) struct Empty {
    /// What there is none of.
    pub(super) none: Cow<'static, str>,
    /// What to do about it.
    pub(super) remedy: Cow<'static, str>,
}

/// The columns of an answer whose rows are `T`, in their order.
pub struct View<'a, T: ?Sized> {
    pub(super) columns: Vec<Column<'a, T>>,
    /// What people are told in place of an empty table.
    pub(super) empty: Option<Empty>,
    /// The columns that a table goes without first, where room is short.
    pub(super) spared: &'static [&'static str],
    /// The columns that a table never goes without.
    pub(super) kept: &'static [&'static str],
}

impl<T: ?Sized> Default for View<'_, T> {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            empty: None,
            spared: &[],
            kept: &[],
        }
    }
}

impl<'a, T: ?Sized> View<'a, T> {
    /// No column yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<C: Into<Cell>>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        place: Place,
        cell: impl Fn(&T) -> C + 'a,
    ) -> Self {
        self.columns.push(Column {
            name: name.into(),
            place,
            cell: Box::new(move |row| cell(row).into()),
        });
        self
    }

    /// And a column of words.
    #[must_use]
    pub fn words<C: Into<Cell>>(
        self,
        name: impl Into<Cow<'static, str>>,
        cell: impl Fn(&T) -> C + 'a,
    ) -> Self {
        self.with(name, Place::Left, cell)
    }

    /// And a column of numbers.
    #[must_use]
    pub fn number<C: Into<Cell>>(
        self,
        name: impl Into<Cow<'static, str>>,
        cell: impl Fn(&T) -> C + 'a,
    ) -> Self {
        self.with(name, Place::Right, cell)
    }

    /// And a column that tables leave out.
    #[must_use]
    pub fn data<C: Into<Cell>>(
        self,
        name: impl Into<Cow<'static, str>>,
        cell: impl Fn(&T) -> C + 'a,
    ) -> Self {
        self.with(name, Place::Nowhere, cell)
    }

    /// The names of all columns, those that tables leave out too.
    pub fn names(&self) -> Vec<&str> {
        let columns = self.columns.iter();
        columns.map(|column| column.name.as_ref()).collect()
    }

    /// Only the columns of these names, in this order, in tables too; a name that no column has is passed over.
    #[must_use]
    pub fn only(mut self, names: &[impl AsRef<str>]) -> Self {
        let mut kept = Vec::new();
        for name in names {
            let found = self.columns.iter().position(|c| c.name == name.as_ref());
            if let Some(at) = found {
                let mut column = self.columns.remove(at);
                if column.place == Place::Nowhere {
                    column.place = Place::Left;
                }
                kept.push(column);
            }
        }
        self.columns = kept;
        self
    }

    /// In tables these columns only; the others stay for the other forms.
    #[must_use]
    pub fn shows(mut self, names: &[&str]) -> Self {
        for column in &mut self.columns {
            let wanted = names.contains(&column.name.as_ref());
            column.place = match column.place {
                Place::Nowhere if wanted => Place::Left,
                place if wanted => place,
                _ => Place::Nowhere,
            };
        }
        self
    }

    /// And which columns a table goes without, where room is short: these first, in this order.
    #[must_use]
    pub fn spares(mut self, names: &'static [&'static str]) -> Self {
        self.spared = names;
        self
    }

    /// And which columns a table never goes without: where they find no room, each row becomes a block.
    #[must_use]
    pub fn keeps(mut self, names: &'static [&'static str]) -> Self {
        self.kept = names;
        self
    }

    /// And what people are told when there is no row: what there is none of, and what to do about it.
    #[must_use]
    pub fn when_empty(
        mut self,
        none: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.empty = Some(Empty {
            none: none.into(),
            remedy: remedy.into(),
        });
        self
    }

    /// And the columns of another view, of what `part` finds in a row.
    #[must_use]
    pub fn and<P: ?Sized + 'a>(mut self, other: View<'a, P>, part: fn(&T) -> &P) -> Self
    where
        T: 'a,
    {
        self.columns
            .extend(other.columns.into_iter().map(|column| Column {
                name: column.name,
                place: column.place,
                cell: Box::new(move |row: &T| (column.cell)(part(row)))
                    as Box<dyn Fn(&T) -> Cell + 'a>,
            }));
        self
    }

    /// A row as a JSON object.
    pub fn object(&self, row: &T) -> Map<String, Value> {
        self.columns
            .iter()
            .map(|column| (column.name.to_string(), (column.cell)(row).to_json()))
            .collect()
    }

    /// A row as a block for people: a line for each value there is, with its name before it; the lines of
    /// a text of several stand below each other. Lines are folded to `room` columns where that is given.
    pub fn block(&self, row: &T, name_width: usize, room: Option<usize>) -> String {
        let mut text = String::new();
        for column in &self.columns {
            let cell = (column.cell)(row);
            if cell == Cell::Null {
                continue;
            }
            let mut name = language::header(column.name.as_ref());
            let before = name_width.max(width(name)) + 1;
            for line in cell.lines() {
                let parts = match room {
                    Some(room) => folded(&line, room.saturating_sub(before)),
                    None => vec![line],
                };
                for part in parts {
                    text.push_str(format!("{} {part}", padded(name, name_width)).trim_end());
                    text.push('\n');
                    name = "";
                }
            }
        }
        text
    }
}

impl<T> View<'_, T> {
    /// Rows as a JSON array of objects.
    pub fn array<'r>(&self, rows: impl IntoIterator<Item = &'r T>) -> Value
    where
        T: 'r,
    {
        rows.into_iter()
            .map(|row| Value::Object(self.object(row)))
            .collect()
    }
}

/// A row under its columns, to be written as a JSON object without being built first.
pub(super) struct Row<'r, 'a, T: ?Sized>(pub(super) &'r View<'a, T>, pub(super) &'r T);

impl<T: ?Sized> Serialize for Row<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.columns.len()))?;
        for column in &self.0.columns {
            map.serialize_entry(column.name.as_ref(), &(column.cell)(self.1))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Client {
        id: i64,
        name: String,
        city: Option<String>,
    }

    fn view() -> View<'static, Client> {
        View::<Client>::new()
            .number("id", |client| client.id)
            .words("name", |client| Cell::of(&client.name))
            .data("city", |client| client.city.clone())
    }

    fn ana() -> Client {
        Client {
            id: 1,
            name: "Ana".to_owned(),
            city: None,
        }
    }

    #[test]
    fn every_form_follows_from_the_columns() {
        let object = json!({ "id": 1, "name": "Ana", "city": null });
        assert_eq!(Value::Object(view().object(&ana())), object);
        assert_eq!(
            serde_json::to_string(&Row(&view(), &ana())).expect("a row"),
            object.to_string()
        );
        assert_eq!(view().array([&ana()]), json!([object]));
    }

    #[test]
    fn a_view_takes_in_the_columns_of_a_part() {
        let both = View::<(u64, Client)>::new()
            .number("messages", |row| row.0)
            .and(view(), |row| &row.1);
        assert_eq!(
            Value::Object(both.object(&(3, ana()))),
            json!({ "messages": 3, "id": 1, "name": "Ana", "city": null })
        );
    }

    #[test]
    fn a_block_shows_the_lines_of_a_text_below_each_other() {
        let view = View::<str>::new().data("body", |body| Cell::Lines(body.to_owned()));
        assert_eq!(
            view.block("Oi,\nvence hoje", 6, Some(14)),
            "body   Oi,\n       vence\n       hoje\n"
        );
    }

    #[test]
    fn columns_are_chosen_by_name() {
        let view = view().only(&["city", "id", "no such"]);
        assert_eq!(view.names(), ["city", "id"]);
        assert!(view.columns.iter().all(|c| c.place != Place::Nowhere));
        let view = self::view().shows(&["city"]);
        assert_eq!(view.names(), ["id", "name", "city"]);
        let shown: Vec<bool> = view
            .columns
            .iter()
            .map(|c| c.place != Place::Nowhere)
            .collect();
        assert_eq!(shown, [false, false, true]);
    }

    #[test]
    fn a_block_names_what_there_is() {
        assert_eq!(view().block(&ana(), 5, None), "id    1\nname  Ana\n");
    }
}
