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

/// What is known of a column without its rows.
pub(super) struct Head {
    pub(super) name: Cow<'static, str>,
    pub(super) place: Place,
}

/// A row's value under the column at a place: all that is asked of a row, whatever it is made of.
pub(super) type CellAt<'c> = dyn Fn(usize) -> Cell + 'c;

/// What says a column's value of a row.
type CellOf<'a, T> = Box<dyn Fn(&T) -> Cell + 'a>;

/// What people are told when there is no row.
pub(super) struct Empty {
    /// What there is none of.
    pub(super) none: Cow<'static, str>,
    /// What to do about it.
    pub(super) remedy: Cow<'static, str>,
}

/// The columns of an answer without what their values are taken from. Whatever is made of rows is made here, once
/// for all kinds of rows.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) heads: Vec<Head>,
    /// What people are told in place of an empty table.
    pub(super) empty: Option<Empty>,
    /// The columns that a table goes without first, where room is short.
    pub(super) spared: &'static [&'static str],
    /// The columns that a table never goes without.
    pub(super) kept: &'static [&'static str],
}

impl Frame {
    /// The columns that tables show, each with where it stands among all.
    pub(super) fn shown(&self) -> impl Iterator<Item = (usize, &Head)> {
        let heads = self.heads.iter().enumerate();
        heads.filter(|(_, head)| head.place != Place::Nowhere)
    }

    fn object(&self, cell: &CellAt<'_>) -> Map<String, Value> {
        self.heads
            .iter()
            .enumerate()
            .map(|(at, head)| (head.name.to_string(), cell(at).to_json()))
            .collect()
    }

    fn block(&self, cell: &CellAt<'_>, name_width: usize, room: Option<usize>) -> String {
        let mut text = String::new();
        for (at, head) in self.heads.iter().enumerate() {
            let cell = cell(at);
            if cell == Cell::Null {
                continue;
            }
            let mut name = language::header(head.name.as_ref());
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

/// The columns of an answer whose rows are `T`, in their order.
pub struct View<'a, T: ?Sized> {
    pub(super) frame: Frame,
    cells: Vec<CellOf<'a, T>>,
}

impl<T: ?Sized> Default for View<'_, T> {
    fn default() -> Self {
        Self {
            frame: Frame::default(),
            cells: Vec::new(),
        }
    }
}

impl<'a, T: ?Sized> View<'a, T> {
    /// No column yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a row has under each column.
    pub(super) fn cell_at<'r>(&'r self, row: &'r T) -> impl Fn(usize) -> Cell + 'r {
        |at| (self.cells[at])(row)
    }

    fn with<C: Into<Cell>>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        place: Place,
        cell: impl Fn(&T) -> C + 'a,
    ) -> Self {
        let cell: CellOf<'a, T> = Box::new(move |row| cell(row).into());
        self.column(name.into(), place, cell);
        self
    }

    fn column(&mut self, name: Cow<'static, str>, place: Place, cell: CellOf<'a, T>) {
        self.frame.heads.push(Head { name, place });
        self.cells.push(cell);
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
        let heads = self.frame.heads.iter();
        heads.map(|head| head.name.as_ref()).collect()
    }

    /// Only the columns of these names, in this order, in tables too; a name that no column has is passed over.
    #[must_use]
    pub fn only(mut self, names: &[impl AsRef<str>]) -> Self {
        let mut kept = (Vec::new(), Vec::new());
        for name in names {
            let mut heads = self.frame.heads.iter();
            if let Some(at) = heads.position(|head| head.name == name.as_ref()) {
                let mut head = self.frame.heads.remove(at);
                if head.place == Place::Nowhere {
                    head.place = Place::Left;
                }
                kept.0.push(head);
                kept.1.push(self.cells.remove(at));
            }
        }
        (self.frame.heads, self.cells) = kept;
        self
    }

    /// In tables these columns only; the others stay for the other forms.
    #[must_use]
    pub fn shows(mut self, names: &[&str]) -> Self {
        for head in &mut self.frame.heads {
            let wanted = names.contains(&head.name.as_ref());
            head.place = match head.place {
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
        self.frame.spared = names;
        self
    }

    /// And which columns a table never goes without: where they find no room, each row becomes a block.
    #[must_use]
    pub fn keeps(mut self, names: &'static [&'static str]) -> Self {
        self.frame.kept = names;
        self
    }

    /// And what people are told when there is no row: what there is none of, and what to do about it.
    #[must_use]
    pub fn when_empty(
        mut self,
        none: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.frame.empty = Some(Empty {
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
        for (head, cell) in other.frame.heads.into_iter().zip(other.cells) {
            let cell: CellOf<'a, T> = Box::new(move |row: &T| cell(part(row)));
            self.column(head.name, head.place, cell);
        }
        self
    }

    /// A row as a JSON object.
    pub fn object(&self, row: &T) -> Map<String, Value> {
        self.frame.object(&self.cell_at(row))
    }

    /// A row as a block for people: a line for each value there is, with its name before it; the lines of
    /// a text of several stand below each other. Lines are folded to `room` columns where that is given.
    pub fn block(&self, row: &T, name_width: usize, room: Option<usize>) -> String {
        self.frame.block(&self.cell_at(row), name_width, room)
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
pub(super) struct Row<'r>(pub(super) &'r Frame, pub(super) &'r CellAt<'r>);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.heads.len()))?;
        for (at, head) in self.0.heads.iter().enumerate() {
            map.serialize_entry(head.name.as_ref(), &(self.1)(at))?;
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
            serde_json::to_string(&Row(&view().frame, &view().cell_at(&ana()))).expect("a row"),
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
        assert_eq!(view.frame.shown().count(), 2);
        let view = self::view().shows(&["city"]);
        assert_eq!(view.names(), ["id", "name", "city"]);
        let shown: Vec<usize> = view.frame.shown().map(|(at, _)| at).collect();
        assert_eq!(shown, [2]);
    }

    #[test]
    fn a_block_names_what_there_is() {
        assert_eq!(view().block(&ana(), 5, None), "id    1\nname  Ana\n");
    }
}
