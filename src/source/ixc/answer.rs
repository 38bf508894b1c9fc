//! The shape of an answer in JSON, read so that only the fields that are kept ever become values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::form::{Form, FormRow};

/// Rows that one answer may hold, at most: several times as many as can be asked for.
pub(super) const MOST_ROWS: usize = 20_000;

/// The top of an answer.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) total: Option<u64>,
    pub(super) has_page: bool,
    pub(super) rows: Option<Vec<FormRow>>,
    pub(super) is_error: bool,
    pub(super) message: Option<String>,
    pub(super) positional: bool,
    pub(super) too_many: bool,
    pub(super) keys: Vec<String>,
}

pub(super) struct AnswerSeed<'c> {
    pub(super) form: Form,
    pub(super) columns: Option<&'c [String]>,
}

impl<'de> DeserializeSeed<'de> for AnswerSeed<'_> {
    type Value = Parts;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Parts, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerSeed<'_> {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "registros" | "rows" => {
                    let found = map.next_value_seed(RowsSeed {
                        form: self.form,
                        columns: self.columns,
                    })?;
                    parts.positional |= found.positional;
                    parts.too_many |= found.rows.len() >= MOST_ROWS;
                    parts.rows.get_or_insert_with(Vec::new).extend(found.rows);
                }
                "total" => {
                    let text = map.next_value_seed(Scalar)?;
                    parts.total = text.as_deref().and_then(whole);
                }
                "page" => {
                    map.next_value::<IgnoredAny>()?;
                    parts.has_page = true;
                }
                "type" => {
                    let text = map.next_value_seed(Scalar)?;
                    parts.is_error = text.is_some_and(|text| text.eq_ignore_ascii_case("error"));
                }
                "message" => parts.message = map.next_value_seed(Scalar)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            if parts.keys.len() < 8 {
                parts.keys.push(key.chars().take(80).collect());
            }
        }
        Ok(parts)
    }
}

/// A count written as a number or as text (`2`, `"2"`, `2.0`).
fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

struct Rows {
    rows: Vec<FormRow>,
    positional: bool,
}

#[derive(Clone, Copy)]
struct RowsSeed<'c> {
    form: Form,
    columns: Option<&'c [String]>,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Rows;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Rows, D::Error> {
        reader.deserialize_any(self)
    }
}

/// Rows come as a list, as an object numbered by PHP, or, where there are none, as any nothing.
impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
        let mut found = Rows {
            rows: Vec::new(),
            positional: false,
        };
        while found.rows.len() < MOST_ROWS {
            let Some((row, positional)) = seq.next_element_seed(RowSeed(self))? else {
                return Ok(found);
            };
            found.positional |= positional;
            found.rows.push(row);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
        let mut found = Rows {
            rows: Vec::new(),
            positional: false,
        };
        while map.next_key::<IgnoredAny>()?.is_some() {
            if found.rows.len() >= MOST_ROWS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let (row, positional) = map.next_value_seed(RowSeed(self))?;
            found.positional |= positional;
            found.rows.push(row);
        }
        Ok(found)
    }

    fn visit_unit<E>(self) -> Result<Rows, E> {
        Ok(Rows {
            rows: Vec::new(),
            positional: false,
        })
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Rows, E> {
        if value {
            return Err(E::custom("rows that are only `true`"));
        }
        self.visit_unit()
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Rows, E> {
        if value.trim().is_empty() {
            return self.visit_unit();
        }
        Err(E::custom("rows that are only a text"))
    }
}

struct RowSeed<'c>(RowsSeed<'c>);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = (FormRow, bool);

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(FormRow, bool), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = (FormRow, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row with named fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(FormRow, bool), A::Error> {
        let mut row = FormRow::empty(self.0.form);
        let mut positional = false;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "cell" {
                positional |= map.next_value_seed(CellSeed {
                    row: &mut row,
                    columns: self.0.columns,
                })?;
            } else if self.0.form.fields().contains(&&*key) {
                if let Some(value) = map.next_value_seed(Scalar)? {
                    row.set(&key, value);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok((row, positional))
    }
}

/// The cells of a row of the second envelope: positional, or (in some versions) by name.
struct CellSeed<'r, 'c> {
    row: &'r mut FormRow,
    columns: Option<&'c [String]>,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cells of a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let Some(columns) = self.columns else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(true);
        };
        let allowed = self.row.form().fields();
        for column in columns {
            if !allowed.contains(&column.as_str()) {
                if seq.next_element::<IgnoredAny>()?.is_none() {
                    break;
                }
                continue;
            }
            match seq.next_element_seed(Scalar)? {
                None => break,
                Some(Some(value)) => self.row.set(column, value),
                Some(None) => {}
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let allowed = self.row.form().fields();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if allowed.contains(&&*key) {
                if let Some(value) = map.next_value_seed(Scalar)? {
                    self.row.set(&key, value);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(false)
    }
}

/// One value as text, however it was written; `null` is empty, anything nested is none.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<String>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(if value { "S" } else { "N" }.to_owned()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
