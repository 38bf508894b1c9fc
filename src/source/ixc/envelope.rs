//! What an answer of the web service means: its rows, or one of five troubles. The body decides;
//! neither the status nor the content type can be trusted (an error arrives as 200, JSON as HTML).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::form::{Form, Row};

/// The rows of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// How many rows match the request, on all pages, if the answer says so.
    pub total: Option<u64>,
    /// The rows of this page.
    pub rows: Vec<Row>,
}

/// Why an answer holds no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The JSON error: `{"type":"error","message":…}`, with its words.
    Refused(String),
    /// The red `<div>` of a request the server could not make sense of, with its words.
    ErrorPage(String),
    /// A login page, a proxy, a captive portal: HTML or text that is not the web service's, with its title.
    NotTheService(String),
    /// JSON, but none of the two envelopes, with what it was.
    UnknownObject(String),
    /// Nothing at all.
    Empty,
}

impl Trouble {
    /// The same trouble, its words passed through `cover`.
    #[must_use]
    pub fn covered(self, cover: impl Fn(String) -> String) -> Self {
        match self {
            Self::Refused(words) => Self::Refused(cover(words)),
            Self::ErrorPage(words) => Self::ErrorPage(cover(words)),
            Self::NotTheService(words) => Self::NotTheService(cover(words)),
            Self::UnknownObject(words) => Self::UnknownObject(cover(words)),
            Self::Empty => Self::Empty,
        }
    }
}

/// Reads a body. `columns` names the cells of a form that answers in positional rows.
pub fn parse(form: Form, columns: Option<&[String]>, body: &[u8]) -> Result<Envelope, Trouble> {
    let text = decode(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Trouble::Empty);
    }
    if !text.starts_with(['{', '[', '"']) {
        return Err(not_json(text));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = AnswerSeed { form, columns };
    let answer = seed
        .deserialize(&mut reader)
        .and_then(|answer| reader.end().map(|()| answer))
        .map_err(|error| {
            Trouble::UnknownObject(if error.is_eof() {
                "JSON that breaks off".to_owned()
            } else if error.is_data() {
                // serde's own words would quote what stood there.
                "JSON, but no object with rows".to_owned()
            } else {
                format!(
                    "broken JSON (line {}, column {})",
                    error.line(),
                    error.column()
                )
            })
        })?;
    if answer.is_error {
        let words = plain(answer.message.as_deref().unwrap_or_default());
        return Err(Trouble::Refused(if words.is_empty() {
            "(no message)".to_owned()
        } else {
            words
        }));
    }
    if answer.positional {
        return Err(Trouble::UnknownObject(
            "rows of cells without names".to_owned(),
        ));
    }
    match answer.rows {
        Some(rows) => Ok(Envelope {
            total: answer.total,
            rows,
        }),
        None if answer.total.is_some() && answer.has_page => Ok(Envelope {
            total: answer.total,
            rows: Vec::new(),
        }),
        None => Err(Trouble::UnknownObject(if answer.keys.is_empty() {
            "an empty object".to_owned()
        } else {
            format!("an object with {}", answer.keys.join(", "))
        })),
    }
}

/// The text of a body: UTF-8 when it is valid, else the ISO-8859-1 that PHP falls back to.
pub fn decode(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(body)
                .0
        }
    }
}

fn not_json(text: &str) -> Trouble {
    let lower = text.to_ascii_lowercase();
    let compact: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let red = [
        "background:#ff0000",
        "background-color:#ff0000",
        "background:red",
    ]
    .iter()
    .any(|style| compact.contains(style));
    if red || lower.contains("ocorreu um erro ao processar") {
        return Trouble::ErrorPage(plain(text));
    }
    let title = lower.find("<title").and_then(|at| {
        let start = at + lower[at..].find('>')? + 1;
        let end = at + lower[at..].find("</title")?;
        text.get(start..end).map(plain)
    });
    Trouble::NotTheService(match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("a page with the title \"{title}\""),
        None if text.starts_with('<') => "a page without a title".to_owned(),
        None => "text that is not JSON".to_owned(),
    })
}

/// The most characters of a server's words that are repeated.
const MOST_WORDS: usize = 200;

/// A message without its markup, on one line, at most two hundred characters.
pub fn plain(text: &str) -> String {
    let words = unmarked(text);
    if words.chars().count() > MOST_WORDS {
        let cut: String = words.chars().take(MOST_WORDS).collect();
        return format!("{}…", cut.trim_end());
    }
    words
}

/// A text without its markup, on one line.
pub fn unmarked(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, character);
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    words.join(" ")
}

/// The top of an answer.
#[derive(Default)]
struct Parts {
    total: Option<u64>,
    has_page: bool,
    rows: Option<Vec<Row>>,
    is_error: bool,
    message: Option<String>,
    positional: bool,
    keys: Vec<String>,
}

struct AnswerSeed<'c> {
    form: Form,
    columns: Option<&'c [String]>,
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
    rows: Vec<Row>,
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
        while let Some((row, positional)) = seq.next_element_seed(RowSeed(self))? {
            found.positional |= positional;
            found.rows.push(row);
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
        let mut found = Rows {
            rows: Vec::new(),
            positional: false,
        };
        while map.next_key::<IgnoredAny>()?.is_some() {
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
    type Value = (Row, bool);

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(Row, bool), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = (Row, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row with named fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(Row, bool), A::Error> {
        let mut row = Row::empty(self.0.form);
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
    row: &'r mut Row,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Envelope, Trouble> {
        parse(Form::Cliente, None, body.as_bytes())
    }

    #[test]
    fn the_first_envelope_gives_its_rows() {
        let found = read(
            r#"{"page":"1","total":"2","registros":[{"id":"7","razao":"ANA"},{"id":8,"ativo":null,"razao":["x"]}]}"#,
        )
        .expect("rows");
        assert_eq!(found.total, Some(2));
        assert_eq!(found.rows[0].id(), Some(7));
        assert_eq!(found.rows[0].get("razao"), Some("ANA"));
        assert_eq!(found.rows[1].id(), Some(8));
        assert_eq!(found.rows[1].get("ativo"), Some(""));
        assert_eq!(found.rows[1].get("razao"), None);
    }

    #[test]
    fn the_second_envelope_needs_the_names_of_its_cells() {
        let body = r#"{"page":"1","rows":[{"id":"7","autoincrement":{"campo":"id","valor":"7"},"cell":["7","s3cret","ANA","more"]}],"total":1,"tot":[]}"#;
        assert_eq!(
            read(body),
            Err(Trouble::UnknownObject("rows of cells without names".into()))
        );
        let columns = ["id", "senha", "razao"].map(str::to_owned);
        let found = parse(Form::Cliente, Some(&columns), body.as_bytes()).expect("rows");
        assert_eq!(found.total, Some(1));
        assert_eq!(found.rows[0].get("razao"), Some("ANA"));
        assert!(!format!("{found:?}").contains("s3cret"));
        let named = read(
            r#"{"page":"1","rows":[{"id":"7","cell":{"razao":"ANA","senha":"x"}}],"total":1}"#,
        )
        .expect("rows");
        assert_eq!(named.rows[0].get("razao"), Some("ANA"));
    }

    #[test]
    fn nothing_is_a_result_only_inside_an_envelope() {
        for body in [
            r#"{"page":"1","total":"0"}"#,
            r#"{"page":"1","total":0,"registros":[]}"#,
            r#"{"page":"1","total":"0","registros":{}}"#,
            r#"{"total":"0","registros":null}"#,
            r#"{"total":"0","registros":""}"#,
        ] {
            assert_eq!(read(body).expect(body).rows, []);
        }
        for body in [
            "{}",
            r#"{"status":"ok"}"#,
            r#"{"total":"0"}"#,
            "[]",
            r#""no""#,
        ] {
            assert!(
                matches!(read(body), Err(Trouble::UnknownObject(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn each_trouble_has_its_name() {
        assert_eq!(read("  \r\n"), Err(Trouble::Empty));
        assert_eq!(
            read(
                r#"{"type":"error","message":"Recurso x n\u00e3o est\u00e1 dispon\u00edvel!<br />"}"#
            ),
            Err(Trouble::Refused("Recurso x não está disponível!".into()))
        );
        assert_eq!(
            read(
                r#"<div style="padding:5px;background: #FF0000;color:#fff">Ocorreu um erro ao processar. Contate o suporte IXC Soft.</div>"#
            ),
            Err(Trouble::ErrorPage(
                "Ocorreu um erro ao processar. Contate o suporte IXC Soft.".into()
            ))
        );
        assert_eq!(
            read("<!DOCTYPE html><html><head><title>Entrar</title></head><body>…</body></html>"),
            Err(Trouble::NotTheService(
                "a page with the title \"Entrar\"".into()
            ))
        );
        assert_eq!(
            read(r#"{"page":"1","total":"2","registros":[{"id":"7""#),
            Err(Trouble::UnknownObject("JSON that breaks off".into()))
        );
        assert!(matches!(
            read(r#"{"total":"1","registros":[{"id":"7"}],"type":"error","message":"no"}"#),
            Err(Trouble::Refused(_))
        ));
    }

    #[test]
    fn latin_1_is_told_from_utf_8_by_its_bytes() {
        let body = b"{\"page\":\"1\",\"total\":\"1\",\"registros\":[{\"id\":\"7\",\"razao\":\"JOS\xC9\"}]}";
        let found = parse(Form::Cliente, None, body).expect("rows");
        assert_eq!(found.rows[0].get("razao"), Some("JOSÉ"));
        let found = read(r#"{"page":"1","total":"1","registros":[{"id":"7","razao":"JOSÉ"}]}"#)
            .expect("rows");
        assert_eq!(found.rows[0].get("razao"), Some("JOSÉ"));
    }

    #[test]
    fn php_numbers_its_rows_when_it_feels_like_it() {
        let found = read(r#"{"page":1,"total":2,"registros":{"0":{"id":"7"},"2":{"id":"9"}}}"#)
            .expect("rows");
        assert_eq!(found.rows.len(), 2);
    }

    proptest::proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(Form::Areceber, None, &body);
        }

        #[test]
        fn no_field_outside_the_list_survives(field in "[a-z_]{1,12}", value in "[a-z0-9]{8,16}") {
            let fields = Form::Cliente.fields();
            let body = format!(r#"{{"total":1,"registros":[{{"id":"1","{field}":"{value}"}}]}}"#);
            let found = parse(Form::Cliente, None, body.as_bytes()).expect("rows");
            proptest::prop_assert_eq!(
                format!("{found:?}").contains(&value),
                fields.contains(&field.as_str())
            );
        }
    }
}
