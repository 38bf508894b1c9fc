//! The `meta` provider: WhatsApp templates through Meta's WhatsApp Cloud API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Catalogue, Limits, Listed, Next, Outgoing, Provider, Receipt, Refusal, by_status, lost, tag,
    world,
};
use crate::config::MetaSettings;
use crate::domain::words::Reason;
use crate::error::{Error, Result};
use crate::http::{
    Answer, Body, Client, Cover, Method, Patience, Request, percent_encoded, shortened,
};

/// Templates asked for at a time.
const PAGE: &str = "100";
/// The most that comes back with a status callback, in characters.
const CALLBACK_LIMIT: usize = 512;
/// The pace to one person: about one message in six seconds.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// How long everybody waits when the account or its number was too fast.
const RATE_WAIT: Duration = Duration::from_mins(1);

/// Delivers WhatsApp templates through the Cloud API.
pub struct MetaProvider {
    client: Client,
    limits: Limits,
    settings: MetaSettings,
    bearer: String,
    cover: Cover,
    /// Templates looked up in this batch, by what a message calls them.
    templates: Mutex<BTreeMap<String, Arc<Template>>>,
    /// Who was written to within 24 hours.
    recipients: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for MetaProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetaProvider({})", self.settings.phone_number_id)
    }
}

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
struct Template {
    name: String,
    language: String,
    header: Vec<Place>,
    body: Vec<Place>,
    /// Buttons that take a value: their index, and which value.
    buttons: Vec<(usize, usize)>,
    /// How many values it takes.
    count: usize,
    /// Its whole text, placeholders numbered through (or named).
    text: String,
    /// What it has that regua cannot fill.
    unfillable: Option<&'static str>,
}

impl Template {
    fn of(row: &Value) -> Self {
        let by_name = row["parameter_format"]
            .as_str()
            .is_some_and(|format| format.eq_ignore_ascii_case("named"));
        let mut template = Self {
            name: string(row, "name"),
            language: string(row, "language"),
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
                        template.unfillable = Some("a header with media");
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
                "BUTTONS" => {
                    let buttons = component["buttons"].as_array();
                    for (index, button) in buttons.into_iter().flatten().enumerate() {
                        let url = button["url"].as_str().unwrap_or_default();
                        let mut line = format!("[{}]", string(button, "text"));
                        if !spots(url).is_empty() {
                            let value = template.count;
                            template.count += 1;
                            template.buttons.push((index, value));
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
                _ => {}
            }
        }
        template.text = lines.join("\n");
        template
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
    fn components(&self, values: &[String]) -> Vec<Value> {
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

/// A value as Meta takes it: no line breaks, tabs or runs of spaces.
fn one_line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn string(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl MetaProvider {
    /// A provider for the sender and account of `settings`.
    ///
    /// # Errors
    /// When the token cannot be read.
    pub fn new(settings: &MetaSettings, limits: Limits) -> Result<Self> {
        let token = settings.token.reveal()?;
        Ok(Self {
            client: Client::new(limits.workers, Patience::seconds(settings.timeout_seconds)),
            limits,
            settings: settings.clone(),
            bearer: format!("Bearer {token}"),
            cover: Cover::over([token]),
            templates: Mutex::new(BTreeMap::new()),
            recipients: Mutex::new(BTreeSet::new()),
        })
    }

    fn get(&self, path: &str) -> Result<Value, Refusal> {
        let answer = self
            .client
            .call(&Request {
                method: Method::Get,
                url: &format!("{}{path}", self.settings.base_url),
                headers: &[("Authorization", &self.bearer)],
                body: None,
            })
            .map_err(lost)?;
        match answer.json() {
            Some(json) if answer.is_success() && json["error"].is_null() => Ok(json),
            json => Err(self.refusal(&answer, json.as_ref())),
        }
    }

    fn refusal(&self, answer: &Answer, json: Option<&Value>) -> Refusal {
        let error = json.map_or(&Value::Null, |json| &json["error"]);
        let mut words = string(error, "message");
        let details = error
            .pointer("/error_data/details")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !details.is_empty() {
            words = format!("{words}: {details}");
        }
        if words.is_empty() {
            words = answer.excerpt();
        }
        let words = self.cover.cover(shortened(&words, 300));
        let Some(code) = error["code"].as_i64() else {
            return by_status(answer, words);
        };
        let next = meaning(code, answer.retry_after);
        match next {
            Some(next) => Refusal::new(next, words).code(code.to_string()),
            None => by_status(answer, words).code(code.to_string()),
        }
    }

    /// Every template of the account in this state, through all pages.
    fn rows(&self, query: &str) -> Result<Vec<Value>, Refusal> {
        let fields = "id,name,language,category,status,components,parameter_format";
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            // The next page's own address holds the token and another host: only its cursor is used.
            let page = self.get(&format!(
                "/{}/message_templates?fields={fields}&limit={PAGE}{query}{after}",
                percent_encoded(&self.settings.account_id)
            ))?;
            let data = page["data"].as_array().cloned().unwrap_or_default();
            let empty = data.is_empty();
            rows.extend(data);
            let cursor = page
                .pointer("/paging/cursors/after")
                .and_then(Value::as_str);
            let more = page.pointer("/paging/next").is_some();
            match cursor {
                Some(cursor) if more && !empty => {
                    let next = format!("&after={}", percent_encoded(cursor));
                    if next == after {
                        return Ok(rows);
                    }
                    after = next;
                }
                _ => return Ok(rows),
            }
        }
    }

    /// The structure of a template that a message names (`name` or `name/language`), looked up once a batch.
    fn template(&self, called: &str) -> Result<Arc<Template>, Refusal> {
        let mut templates = self
            .templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = templates.get(called) {
            return Ok(Arc::clone(template));
        }
        let (name, language) = called
            .rsplit_once('/')
            .unwrap_or((called, self.settings.language.as_str()));
        let rows = self
            .rows(&format!("&name={}", percent_encoded(name)))
            // Nothing of the message itself has left yet, however this ended.
            .map_err(|refusal| match refusal.next {
                Next::Unknown => Refusal {
                    next: Next::NotSent,
                    ..refusal
                },
                _ => refusal,
            })?;
        let row = rows
            .iter()
            .find(|row| row["name"] == name && row["language"] == language)
            .ok_or_else(|| {
                Refusal::new(
                    Next::StopBatch,
                    format!("template {name} does not exist in {language}"),
                )
            })?;
        let status = string(row, "status");
        if !status.eq_ignore_ascii_case("approved") {
            return Err(Refusal::new(
                Next::StopBatch,
                format!("template {called} is not approved: {status}"),
            ));
        }
        let template = Arc::new(Template::of(row));
        if let Some(what) = template.unfillable {
            return Err(Refusal::new(
                Next::StopBatch,
                format!("template {called} has {what}, which regua cannot fill"),
            ));
        }
        templates.insert(called.to_owned(), Arc::clone(&template));
        Ok(template)
    }

    /// Counts a person among those of 24 hours, unless that would be one too many.
    fn admit(&self, address: &str) -> Result<bool, Refusal> {
        let most = usize::try_from(self.settings.daily_recipients).unwrap_or(0);
        if most == 0 {
            return Ok(false);
        }
        let mut recipients = self
            .recipients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if recipients.contains(address) {
            return Ok(false);
        }
        if recipients.len() >= most {
            return Err(Refusal::new(
                Next::Stop,
                format!("{most} people were written to within 24 hours, the account's limit"),
            ));
        }
        Ok(recipients.insert(address.to_owned()))
    }

    fn deliver(&self, message: &Outgoing) -> Result<Receipt, Refusal> {
        let called = message.provider_template.as_deref().unwrap_or_default();
        if called.is_empty() {
            return Err(Refusal::new(
                Next::StopBatch,
                "the template names no template of the WhatsApp account",
            ));
        }
        let template = self.template(called)?;
        if template.count != message.variables.len() {
            return Err(Refusal::new(
                Next::StopBatch,
                format!(
                    "template {called} takes {} values and {} are given; save it again",
                    template.count,
                    message.variables.len()
                ),
            ));
        }
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.address.trim_start_matches('+'),
            "type": "template",
            "biz_opaque_callback_data": callback(&message.key),
            "template": {
                "name": template.name,
                "language": {"code": template.language},
            },
        });
        let components = template.components(&message.variables);
        if !components.is_empty() {
            body["template"]["components"] = Value::Array(components);
        }
        let sender = message
            .provider_channel
            .as_deref()
            .unwrap_or(&self.settings.phone_number_id);
        let answer = self
            .client
            .call(&Request {
                method: Method::Post,
                url: &format!(
                    "{}/{}/messages",
                    self.settings.base_url,
                    percent_encoded(sender)
                ),
                headers: &[("Authorization", &self.bearer)],
                body: Some(Body {
                    kind: "application/json",
                    text: &body.to_string(),
                }),
            })
            .map_err(lost)?;
        let json = answer.json();
        let sent = json.as_ref().and_then(|json| json.pointer("/messages/0"));
        match sent.and_then(|sent| sent["id"].as_str()) {
            Some(id) if answer.is_success() => Ok(Receipt {
                provider_id: Some(id.to_owned()),
                code: Some(answer.status.to_string()),
                text: sent
                    .and_then(|sent| sent["message_status"].as_str())
                    .map(str::to_owned),
            }
            .covered(&self.cover)),
            _ => Err(self.refusal(&answer, json.as_ref())),
        }
    }
}

/// What comes back with a status callback: the key itself, where it fits.
fn callback(key: &str) -> String {
    if key.chars().count() <= CALLBACK_LIMIT {
        key.to_owned()
    } else {
        tag(key)
    }
}

/// What an error's code means (Meta's error codes, 15 May 2026); none leaves it to the status.
fn meaning(code: i64, wait: Option<Duration>) -> Option<Next> {
    let at_least = |least: Duration| Some(Next::Later(Some(wait.unwrap_or(least).max(least))));
    match code {
        // Token or permission; the account, its number, its money, its quality.
        0
        | 3
        | 10
        | 190
        | 200..=299
        | 131_005
        | 131_064
        | 130_497
        | 368
        | 131_031
        | 131_037
        | 131_045
        | 131_057
        | 131_042
        | 131_044
        | 131_048 => Some(Next::Stop),
        // Our template or our request.
        131_063 | 132_000 | 132_001 | 132_005 | 132_007 | 132_008 | 132_012 | 132_015 | 132_016
        | 131_008 | 131_051 | 100 => Some(Next::StopBatch),
        // The application, the account or the number was too fast.
        4 | 80_007 | 130_429 => at_least(RATE_WAIT),
        // Too fast to this person.
        131_056 => at_least(PAIR_WAIT),
        // This person told Meta to stop marketing.
        131_050 => Some(Next::Never(Reason::OptedOut)),
        // This person, for one reason or another: no WhatsApp, an old app, an experiment of Meta's…
        131_026 | 131_047 | 131_049 | 130_472 | 131_062 | 131_009 | 131_021 | 131_030 => {
            Some(Next::Never(Reason::Refused))
        }
        // Something broke over there.
        1 | 2 | 131_000 | 131_016 | 135_000 => Some(Next::Later(wait)),
        _ => None,
    }
}

impl Catalogue for MetaProvider {
    fn channels(&self) -> Result<Vec<Listed>> {
        let json = self
            .get(&format!(
                "/{}/phone_numbers?fields=id,display_phone_number,verified_name,quality_rating",
                percent_encoded(&self.settings.account_id)
            ))
            .map_err(|refusal| world("Meta", refusal))?;
        let rows = json["data"].as_array().cloned().unwrap_or_default();
        Ok(rows
            .iter()
            .map(|row| Listed {
                id: string(row, "id"),
                name: format!(
                    "{} {}",
                    string(row, "verified_name"),
                    string(row, "display_phone_number")
                )
                .trim()
                .to_owned(),
                status: row["quality_rating"].as_str().map(str::to_owned),
                text: None,
            })
            .collect())
    }

    /// The approved templates of the account, whichever of its channels is asked for: sends go by
    /// name and language, which is the id here.
    fn templates(&self, _channel: &str) -> Result<Vec<Listed>> {
        let rows = self
            .rows("&status=APPROVED")
            .map_err(|refusal| world("Meta", refusal))?;
        Ok(rows
            .iter()
            .filter(|row| string(row, "status").eq_ignore_ascii_case("approved"))
            .map(|row| {
                let template = Template::of(row);
                Listed {
                    id: format!("{}/{}", template.name, template.language),
                    name: template.name,
                    status: Some(string(row, "status")),
                    text: Some(template.text),
                }
            })
            .collect())
    }
}

impl Provider for MetaProvider {
    fn name(&self) -> &'static str {
        "meta"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    /// Forgets the templates of the batch before: they may have been paused since.
    fn open(&self) -> Result<(), Refusal> {
        self.templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Ok(())
    }

    fn send(&self, message: &Outgoing) -> Result<Receipt, Refusal> {
        let is_new = self.admit(&message.address)?;
        let sent = self.deliver(message);
        if let Err(refusal) = &sent
            && is_new
            && refusal.next != Next::Unknown
        {
            self.recipients
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&message.address);
        }
        sent
    }

    fn daily_recipients(&self) -> i64 {
        self.settings.daily_recipients
    }

    fn remember(&self, addresses: Vec<String>) {
        self.recipients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(addresses);
    }

    fn check(&self) -> Result<String> {
        let json = self
            .get(&format!(
                "/{}?fields=display_phone_number,verified_name,quality_rating",
                percent_encoded(&self.settings.phone_number_id)
            ))
            .map_err(|refusal| world("Meta", refusal))?;
        let number = string(&json, "display_phone_number");
        if number.is_empty() {
            return Err(Error::world(
                "Meta answered without a phone number: check phone_number_id",
            ));
        }
        Ok(format!(
            "Meta knows {} {number}, quality {}",
            string(&json, "verified_name"),
            json["quality_rating"].as_str().unwrap_or("unknown")
        ))
    }

    fn interrupt(&self) {
        self.client.shutdown();
    }

    fn catalogue(&self) -> Option<&dyn Catalogue> {
        Some(self)
    }
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
                    {"type": "text", "parameter_name": "valor", "text": "R$ 5"}]}
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

    #[test]
    fn codes_mean_what_meta_says() {
        let minute = Next::Later(Some(RATE_WAIT));
        for (code, next) in [
            (190, Some(Next::Stop)),
            (131_048, Some(Next::Stop)),
            (132_001, Some(Next::StopBatch)),
            (130_429, Some(minute)),
            (131_056, Some(Next::Later(Some(PAIR_WAIT)))),
            (131_026, Some(Next::Never(Reason::Refused))),
            (131_050, Some(Next::Never(Reason::OptedOut))),
            (131_016, Some(Next::Later(None))),
            (999_999, None),
        ] {
            assert_eq!(meaning(code, None), next, "{code}");
        }
    }
}
