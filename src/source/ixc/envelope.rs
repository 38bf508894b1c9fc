//! What an answer of the web service means: its rows, or one of five troubles. The body decides;
//! neither the status nor the content type can be trusted (an error arrives as 200, JSON as HTML).

use serde::de::DeserializeSeed as _;

use super::answer::{AnswerSeed, MOST_ROWS, Parts};
use super::form::{Form, FormRow};
use super::markup::plain;
use super::trouble::Trouble;
use crate::wire::letters;

/// The rows of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// How many rows match the request, on all pages, if the answer says so.
    pub total: Option<u64>,
    /// The rows of this page.
    pub rows: Vec<FormRow>,
}

/// Reads a body. `columns` names the cells of a form that answers in positional rows.
pub fn parse(form: Form, columns: Option<&[String]>, body: &[u8]) -> Result<Envelope, Trouble> {
    let text = letters::text(body);
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
    if answer.too_many {
        return Err(Trouble::UnknownObject(format!(
            "a page of {MOST_ROWS} rows or more"
        )));
    }
    if answer.positional {
        return Err(Trouble::UnknownObject(
            "rows of cells without names".to_owned(),
        ));
    }
    envelope_of(answer)
}

/// The rows of an answer that is none of the known kinds of trouble.
fn envelope_of(answer: Parts) -> Result<Envelope, Trouble> {
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
    fn trial_85_rows_without_end_are_not_kept() {
        let rows = "{},".repeat(MOST_ROWS * 3);
        let found = read(&format!(
            r#"{{"total":1,"registros":[{rows}{{"id":"7"}}]}}"#
        ));
        let Err(Trouble::UnknownObject(what)) = found else {
            panic!("so many rows were kept");
        };
        assert!(what.contains("20000 rows"), "{what}");
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
