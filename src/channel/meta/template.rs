//! The structure of an approved template: where its values go, and the message that fills them in.

use serde_json::{Map, Value, json};

use super::string;

/// A place of a template that takes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Its name, in a template of named parameters.
    name: Option<String>,
    /// Which of the message's values it takes, from 0.
    value: usize,
}

/// A template's structure: where its values go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Template {
    pub(super) name: String,
    pub(super) language: String,
    header: Vec<Place>,
    body: Vec<Place>,
    /// Buttons that take a value: their index, and which value.
    buttons: Vec<(usize, usize)>,
    /// How many values it takes.
    pub(super) count: usize,
    /// Its whole text, placeholders numbered through (or named).
    pub(super) text: String,
    /// What it has that regua cannot fill.
    pub(super) unfillable: Option<String>,
    /// Whether Meta counts it as marketing.
    pub(super) is_marketing: bool,
}

impl Template {
    /// The structure of a template as the Graph API lists it.
    pub(super) fn of(row: &Value) -> Self {
        let by_name = row["parameter_format"]
            .as_str()
            .is_some_and(|format| format.eq_ignore_ascii_case("named"));
        let mut template = Self {
            name: string(row, "name"),
            language: string(row, "language"),
            is_marketing: string(row, "category").eq_ignore_ascii_case("marketing"),
            ..Self::default()
        };
        let mut names: Vec<String> = Vec::new();
        let mut lines = Vec::new();
        for component in row["components"].as_array().into_iter().flatten() {
            let kind = string(component, "type").to_ascii_uppercase();
            let text = component["text"].as_str().unwrap_or_default();
            match kind.as_str() {
                "HEADER" | "BODY" => {
                    let format = string(component, "format").to_ascii_uppercase();
                    if kind == "HEADER" && !format.is_empty() && format != "TEXT" {
                        let what = format!("a header with media (HEADER {format})");
                        template.unfillable.get_or_insert(what);
                        continue;
                    }
                    let (places, line) = template.places(text, by_name, &mut names);
                    lines.push(line);
                    if kind == "HEADER" {
                        template.header = places;
                    } else {
                        template.body = places;
                    }
                }
                "FOOTER" => lines.push(text.to_owned()),
                "BUTTONS" => template.buttons(component, by_name, &mut lines),
                "CAROUSEL" | "LIMITED_TIME_OFFER" => {
                    let what = if kind == "CAROUSEL" {
                        "a carousel (CAROUSEL)"
                    } else {
                        "an offer that ends (LIMITED_TIME_OFFER)"
                    };
                    template.unfillable.get_or_insert(what.to_owned());
                }
                _ => {}
            }
        }
        template.text = lines.join("\n");
        template
    }

    /// The buttons of a template: those that take a value, and those that regua cannot fill.
    fn buttons(&mut self, component: &Value, by_name: bool, lines: &mut Vec<String>) {
        let buttons = component["buttons"].as_array();
        for (index, button) in buttons.into_iter().flatten().enumerate() {
            let kind = string(button, "type").to_ascii_uppercase();
            let wants = match kind.as_str() {
                "COPY_CODE" => Some("a copy-code button"),
                "OTP" => Some("a one-time password button"),
                "CATALOG" | "MPM" | "SPM" | "PRODUCT" => Some("a product button"),
                _ => None,
            };
            if let Some(what) = wants {
                self.unfillable
                    .get_or_insert_with(|| format!("{what} (BUTTONS {kind})"));
            }
            let url = button["url"].as_str().unwrap_or_default();
            let mut line = format!("[{}]", string(button, "text"));
            if !spots(url).is_empty() {
                let value = self.count;
                self.count += 1;
                self.buttons.push((index, value));
                let place = if by_name {
                    format!("{{{{button_{index}}}}}")
                } else {
                    format!("{{{{{}}}}}", value + 1)
                };
                line.push(' ');
                line.push_str(&filled(url, |_| place.clone()));
            } else if !url.is_empty() {
                line.push(' ');
                line.push_str(url);
            }
            lines.push(line);
        }
    }

    /// The places of a component's text, and the text with its numbers following on those before.
    fn places(
        &mut self,
        text: &str,
        by_name: bool,
        names: &mut Vec<String>,
    ) -> (Vec<Place>, String) {
        let spots = spots(text);
        if by_name {
            let mut places: Vec<Place> = Vec::new();
            for (_, name) in spots {
                let value = names
                    .iter()
                    .position(|known| *known == name)
                    .unwrap_or_else(|| {
                        names.push(name.clone());
                        self.count += 1;
                        names.len() - 1
                    });
                if places.iter().all(|place| place.value != value) {
                    places.push(Place {
                        name: Some(name),
                        value,
                    });
                }
            }
            return (places, text.to_owned());
        }
        let before = self.count;
        let most = spots
            .iter()
            .filter_map(|(_, number)| number.parse::<usize>().ok())
            .filter(|number| *number <= 99)
            .max()
            .unwrap_or(0);
        self.count += most;
        let places = (0..most)
            .map(|number| Place {
                name: None,
                value: before + number,
            })
            .collect();
        let text = filled(text, |number| match number.parse::<usize>() {
            Ok(number) => format!("{{{{{}}}}}", before + number),
            Err(_) => format!("{{{{{number}}}}}"),
        });
        (places, text)
    }

    /// The components of a message with these values.
    pub(super) fn components(&self, values: &[String]) -> Vec<Value> {
        let value = |index: usize| one_line(values.get(index).map_or("", String::as_str));
        let parameters = |places: &[Place]| -> Vec<Value> {
            places
                .iter()
                .map(|place| {
                    let mut parameter = Map::new();
                    parameter.insert("type".to_owned(), json!("text"));
                    if let Some(name) = &place.name {
                        parameter.insert("parameter_name".to_owned(), json!(name));
                    }
                    parameter.insert("text".to_owned(), json!(value(place.value)));
                    Value::Object(parameter)
                })
                .collect()
        };
        let mut components = Vec::new();
        for (kind, places) in [("header", &self.header), ("body", &self.body)] {
            if !places.is_empty() {
                components.push(json!({"type": kind, "parameters": parameters(places)}));
            }
        }
        for (index, place) in &self.buttons {
            components.push(json!({
                "type": "button",
                "sub_type": "url",
                "index": index.to_string(),
                "parameters": [{"type": "text", "text": value(*place)}],
            }));
        }
        components
    }
}

/// The placeholders of a text: where each stands, and its name or number.
fn spots(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let mut spots = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{").map(|at| at + from) {
        let Some(close) = text[open..].find("}}").map(|at| at + open) else {
            break;
        };
        let name = text[open + 2..close].trim();
        if !name.is_empty() && !name.contains(['{', '\n']) {
            spots.push((open..close + 2, name.to_owned()));
        }
        from = close + 2;
    }
    spots
}

/// A text with something else in each placeholder's place.
fn filled(text: &str, with: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (range, name) in spots(text) {
        out.push_str(&text[from..range.start]);
        out.push_str(&with(&name));
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// A value as Meta takes it: no line breaks or tabs, and no more than four spaces in a row. Two of them
/// stay two: a Pix code's check digits count them.
fn one_line(value: &str) -> String {
    const SPACES: usize = 4;
    let mut out = String::with_capacity(value.len());
    let mut run = 0;
    for c in value.trim().chars() {
        let c = if c.is_control() { ' ' } else { c };
        run = if c == ' ' { run + 1 } else { 0 };
        if run <= SPACES {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn positional_values_go_through_header_body_and_buttons_in_turn() {
        let row = json!({
            "name": "fatura", "language": "pt_BR", "parameter_format": "POSITIONAL",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Olá {{1}}"},
                {"type": "BODY", "text": "{{2}} vence em {{1}}"},
                {"type": "FOOTER", "text": "Provedor"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Negociar"},
                    {"type": "URL", "text": "Pagar", "url": "https://x.example/{{1}}"}]}]
        });
        let template = Template::of(&row);
        assert_eq!(template.count, 4);
        assert_eq!(
            template.text,
            "Olá {{1}}\n{{3}} vence em {{2}}\nProvedor\n[Negociar]\n[Pagar] https://x.example/{{4}}"
        );
        let sent = template.components(&values(&["Ana", "10/12", "R$ 5", "f/1"]));
        assert_eq!(
            Value::Array(sent),
            json!([
                {"type": "header", "parameters": [{"type": "text", "text": "Ana"}]},
                {"type": "body", "parameters": [
                    {"type": "text", "text": "10/12"}, {"type": "text", "text": "R$ 5"}]},
                {"type": "button", "sub_type": "url", "index": "1",
                 "parameters": [{"type": "text", "text": "f/1"}]}
            ])
        );
    }

    #[test]
    fn named_values_carry_their_names_and_a_repeated_name_is_one_value() {
        let row = json!({
            "name": "fatura", "language": "pt_BR", "parameter_format": "NAMED",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "{{nome}}"},
                {"type": "BODY", "text": "{{nome}}, {{valor}} e {{valor}}"}]
        });
        let template = Template::of(&row);
        assert_eq!(template.count, 2);
        let sent = template.components(&values(&["Ana\nMaria", "R$  5"]));
        assert_eq!(
            Value::Array(sent),
            json!([
                {"type": "header", "parameters": [
                    {"type": "text", "parameter_name": "nome", "text": "Ana Maria"}]},
                {"type": "body", "parameters": [
                    {"type": "text", "parameter_name": "nome", "text": "Ana Maria"},
                    {"type": "text", "parameter_name": "valor", "text": "R$  5"}]}
            ])
        );
    }

    #[test]
    fn the_count_agrees_with_what_saving_a_template_counts() {
        use crate::domain::template::Placeholders;
        for (format, header, body) in [
            ("POSITIONAL", "Oi {{1}}", "{{1}} {{2}}"),
            ("NAMED", "Oi {{a}}", "{{a}} {{b}}"),
            ("POSITIONAL", "Oi", "sem nada"),
        ] {
            let row = json!({
                "name": "t", "language": "pt_BR", "parameter_format": format,
                "components": [
                    {"type": "HEADER", "format": "TEXT", "text": header},
                    {"type": "BODY", "text": body},
                    {"type": "BUTTONS", "buttons": [
                        {"type": "URL", "text": "Pagar", "url": "https://x.example/{{1}}"}]}]
            });
            let template = Template::of(&row);
            assert_eq!(
                Placeholders::of(&template.text).count,
                template.count,
                "{format}"
            );
        }
    }
}
