//! One line of a program: a row of a kind, or the word that all have come.

use serde_json::Value;

use crate::domain::book::{CellType, FactKind};
use crate::error::{Flaw, did_you_mean};
use crate::source::jsonl::{of_json, text};
use crate::source::pairs::Pairs;
use crate::source::row::Row;

/// What one line says.
pub(super) enum Line {
    /// A row.
    Row(&'static FactKind, Row),
    /// There are no more.
    End(End),
}

/// What a program says at its end.
pub(super) struct End {
    /// From where it wants to go on the next time.
    pub cursor: Option<String>,
    /// What it told whole.
    pub whole: Whole,
}

/// What a program told whole: what it did not tell of it is gone.
pub(super) enum Whole {
    /// Nothing.
    Nothing,
    /// Every kind that it brings.
    Everything,
    /// These kinds.
    Kinds(Vec<&'static str>),
}

/// The longest mark that is kept, in bytes.
const LONGEST_MARK: usize = 4096;

/// What a line says; a row of a kind that is not among `known` is not acceptable.
pub(super) fn parse(line: &[u8], known: &[&'static FactKind]) -> Result<Line, Flaw> {
    let line = std::str::from_utf8(line).map_err(|_| {
        Flaw::of(
            "",
            "is not UTF-8",
            "write UTF-8; `iconv` turns Latin-1 into it",
        )
    })?;
    let Pairs(mut pairs) = serde_json::from_str(line).map_err(|error| {
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or_default();
        Flaw::of(
            "",
            format!("is not a JSON object ({error})"),
            "print one object a line",
        )
    })?;
    if pairs.iter().any(|(key, _)| key == "complete") {
        return end(&pairs, known).map(Line::End);
    }
    let Some(at) = pairs.iter().position(|(key, _)| key == "kind") else {
        return Err(Flaw::of(
            "kind",
            "is missing",
            "print {\"kind\":\"clients\",\"id\":…}, at the end {\"complete\":true}",
        ));
    };
    let (_, named) = pairs.remove(at);
    let kind = kind(&named, known)?;
    row(kind, pairs).map(|row| Line::Row(kind, row))
}

fn kind(named: &Value, known: &[&'static FactKind]) -> Result<&'static FactKind, Flaw> {
    let word = named.as_str().unwrap_or_default();
    if let Some(kind) = known.iter().find(|kind| kind.name == word) {
        return Ok(kind);
    }
    let kinds: Vec<&str> = known.iter().map(|kind| kind.name).collect();
    let remedy = did_you_mean(word, kinds.iter().copied())
        .unwrap_or_else(|| format!("its kinds are: {}", kinds.join(", ")));
    Err(Flaw::of("kind", format!("found {}", short(named)), remedy))
}

fn row(kind: &'static FactKind, pairs: Vec<(String, Value)>) -> Result<Row, Flaw> {
    let mut row = Row::of(kind, 0);
    for (key, value) in pairs {
        let Some(at) = kind.position(&key) else {
            let names = kind.columns.iter().map(|column| column.name);
            let remedy = did_you_mean(&key, names.clone())
                .unwrap_or_else(|| format!("known: {}", names.collect::<Vec<_>>().join(", ")));
            let found = format!("{} have no such column", kind.name);
            return Err(Flaw::of(
                key.chars().take(80).collect::<String>(),
                found,
                remedy,
            ));
        };
        let column = &kind.columns[at];
        if row.cells[at].is_some() {
            return Err(Flaw::of(
                key,
                "stands twice in this line",
                "give each key once",
            ));
        }
        let Some(text) = text(&value, &column.cell) else {
            let accepted = format!("accepted: {}", of_json(&column.cell));
            return Err(Flaw::of(key, format!("found {}", short(&value)), accepted));
        };
        row.cells[at] = Some(text);
    }
    for (column, cell) in kind.columns[..kind.key].iter().zip(&mut row.cells) {
        // A key column that is not said is empty: an opt-out from all.
        let text = cell.get_or_insert_default();
        if column.required && text.trim().is_empty() {
            return Err(Flaw::of(column.name, "is missing", "every row needs it"));
        }
    }
    if matches!(kind.columns[0].cell, CellType::Id)
        && let Some(Ok(id)) = row.cells[0].as_deref().map(|text| text.trim().parse())
    {
        row.id = id;
    }
    Ok(row)
}

fn end(pairs: &[(String, Value)], known: &[&'static FactKind]) -> Result<End, Flaw> {
    let mut end = End {
        cursor: None,
        whole: Whole::Nothing,
    };
    for (key, value) in pairs {
        match (key.as_str(), value) {
            ("complete", Value::Bool(true)) => {}
            ("cursor", Value::String(cursor))
                if cursor.len() <= LONGEST_MARK && !cursor.contains('\0') =>
            {
                end.cursor = Some(cursor.clone());
            }
            ("cursor", Value::Number(cursor)) => end.cursor = Some(cursor.to_string()),
            ("cursor", Value::Null) | ("full", Value::Null | Value::Bool(false)) => {}
            ("full", Value::Bool(true)) => end.whole = Whole::Everything,
            ("full", Value::Array(names)) => {
                let kinds = names
                    .iter()
                    .map(|name| kind(name, known).map(|kind| kind.name));
                end.whole = Whole::Kinds(kinds.collect::<Result<_, _>>()?);
            }
            _ => {
                return Err(Flaw::of(
                    key.chars().take(80).collect::<String>(),
                    format!("found {} in the last line", short(value)),
                    "write {\"complete\":true}, with \"cursor\":\"…\" and \"full\":true where they are meant",
                ));
            }
        }
    }
    Ok(end)
}

/// A value as a flaw quotes it.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::book::KINDS;

    fn known() -> Vec<&'static FactKind> {
        KINDS.iter().collect()
    }

    fn refused(line: &str) -> String {
        match parse(line.as_bytes(), &known()) {
            Ok(_) => panic!("{line} was taken"),
            Err(flaw) => flaw.to_string(),
        }
    }

    #[test]
    fn a_row_is_read_with_numbers_words_and_lists() {
        let line = br#"{"kind":"invoices","id":7,"client_id":"1","due_on":"2026-12-10","amount":99.90,"status":"open","released":true}"#;
        let Ok(Line::Row(kind, row)) = parse(line, &known()) else {
            panic!("no row");
        };
        assert_eq!((kind.name, row.id), ("invoices", 7));
        let cell = |name| row.cells[kind.position(name).expect(name)].as_deref();
        assert_eq!(cell("amount"), Some("99.9"));
        assert_eq!(cell("released"), Some("true"));
        assert_eq!(cell("number"), None);
    }

    #[test]
    fn an_opt_out_without_a_channel_is_one_from_all() {
        let line = br#"{"kind":"opt-outs","client_id":1}"#;
        let Ok(Line::Row(kind, row)) = parse(line, &known()) else {
            panic!("no row");
        };
        assert_eq!(
            row.cells[..kind.key],
            [
                Some("1".to_owned()),
                Some(String::new()),
                Some(String::new())
            ]
        );
    }

    #[test]
    fn the_last_line_says_what_is_whole() {
        let line = br#"{"complete":true,"full":["clients"],"cursor":"2026-11-28"}"#;
        let Ok(Line::End(end)) = parse(line, &known()) else {
            panic!("no end");
        };
        assert_eq!(end.cursor.as_deref(), Some("2026-11-28"));
        assert!(matches!(end.whole, Whole::Kinds(kinds) if kinds == ["clients"]));
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        for (line, told) in [
            ("clients;1", "is not a JSON object"),
            (r#"{"id":1}"#, "kind: is missing"),
            (r#"{"kind":"client","id":1}"#, "did you mean `clients`?"),
            (
                r#"{"kind":"clients","id":1,"nme":"Ana"}"#,
                "did you mean `name`?",
            ),
            (r#"{"kind":"clients","id":1,"id":2}"#, "stands twice"),
            (r#"{"kind":"clients","name":"Ana"}"#, "id: is missing"),
            (r#"{"kind":"clients","id":1,"name":{"a":1}}"#, "name: found"),
            (r#"{"complete":"yes"}"#, "in the last line"),
            (
                r#"{"complete":true,"rows":5}"#,
                "rows: found 5 in the last line",
            ),
        ] {
            let flaw = refused(line);
            assert!(flaw.contains(told), "{told} in {flaw}");
        }
        assert!(
            parse(
                b"{\"kind\":\"clients\",\"id\":1,\"name\":\"Jo\xe3o\"}",
                &known()
            )
            .is_err()
        );
    }
}
