//! Numbers that are asked about before they are written to: which of them exist at the gateway.

use std::collections::BTreeMap;

use serde_json::Value;

use super::login::Held;
use super::plan::{ContentType, RequestPlan, read_method};
use super::request::{Form, OwnValues, digits};
use super::rule::{read_pointer, required_pointer, scalar};
use crate::channel::{Next, Refusal, by_status, lost};
use crate::http::{HttpClient, Method};
use crate::settings::required;
use crate::toml_table::Section;
use crate::wire::url::Url;

/// How a gateway says which numbers exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumbersSettings {
    method: Method,
    /// Where; a path is one of the gateway's own.
    pub(super) url: String,
    /// The body; `#numbers#` are the numbers of a lot, `#number#` the only one.
    pub(super) body: Option<String>,
    /// So many numbers in one request.
    pub(super) at_once: usize,
    /// Where the answers stand in the answer; empty: they are all of it.
    list_pointer: String,
    /// Where one of them holds its number.
    number_pointer: Option<String>,
    /// Where it says whether that exists.
    exists_pointer: String,
}

/// Numbers of a lot unless the configuration says otherwise.
const USUAL_LOT: i64 = 50;

/// Whether `check_numbers` is true or false, rather than a request of its own.
pub(super) fn is_asked(section: &Section<'_, '_>) -> Option<bool> {
    section.flag_if("check_numbers")
}

/// Reads `[check_numbers]`, where it stands.
pub(super) fn read(section: &Section<'_, '_>) -> Option<NumbersSettings> {
    if is_asked(section).is_some() {
        return None;
    }
    let table = section.section("check_numbers")?;
    let url = required(
        &table,
        "url",
        "write the address that says which numbers exist",
    );
    let body = table.text("body");
    let exists_pointer = required_pointer(
        &table,
        "exists_pointer",
        "write where an answer says whether its number exists: /exists",
    );
    let at_once = table.number("at_once", 1..=1000);
    let texts = [url.as_deref(), body.as_deref()];
    let placed = |word: &str| texts.iter().flatten().any(|text| text.contains(word));
    let single = placed("#number#");
    if url.is_some() && single == placed("#numbers#") {
        table.wrong(
            "body",
            "does not say where the numbers go",
            "write #numbers# for a lot of them: {\"numbers\":[#numbers#]}; or #number# for one a request",
        );
    }
    let number_pointer = read_pointer(&table, "number_pointer");
    if !single && number_pointer.is_none() && !table.has("number_pointer") {
        table.wrong(
            "number_pointer",
            "is missing",
            "write where an answer names its number: /number",
        );
    }
    let settings = NumbersSettings {
        method: read_method(&table).unwrap_or(Method::Post),
        url: url.unwrap_or_default(),
        body,
        at_once: if single {
            1
        } else {
            usize::try_from(at_once.unwrap_or(USUAL_LOT)).unwrap_or(1)
        },
        list_pointer: read_pointer(&table, "list_pointer").unwrap_or_default(),
        number_pointer: number_pointer.filter(|_| !single),
        exists_pointer: exists_pointer.unwrap_or_default(),
    };
    table.finish();
    Some(settings)
}

impl NumbersSettings {
    /// The request for a lot at an address.
    pub(super) fn plan(&self, url: Url, like: &RequestPlan) -> RequestPlan {
        RequestPlan {
            method: self.method,
            url,
            headers: like.headers.clone(),
            content_type: ContentType::Json,
            body: self.body.clone(),
        }
    }
}

/// Asks a gateway which numbers exist.
pub(super) struct Numbers {
    pub(super) form: Form,
    pub(super) settings: NumbersSettings,
}

impl Numbers {
    /// Whether each of these numbers exists, in their order; at most a lot of them.
    ///
    /// # Errors
    /// When the gateway does not say: nobody is written to then.
    pub(super) fn exist(
        &self,
        client: &HttpClient,
        own: &OwnValues,
        held: &Held,
        numbers: &[String],
    ) -> Result<Vec<bool>, Refusal> {
        let listed: Vec<String> = numbers
            .iter()
            .map(|number| format!("\"{}\"", digits(number)))
            .collect();
        let (lot, first) = (
            listed.join(","),
            numbers.first().map(|number| digits(number)),
        );
        let made = self.form.made(|word| match word {
            "numbers" => lot.clone().into(),
            "number" => first.clone().unwrap_or_default().into(),
            "token" => held.token.to_string().into(),
            own_word => own.get(own_word).to_owned().into(),
        });
        let answer = made.call(client).map_err(lost)?;
        let told =
            |text: String| format!("numbers could not be checked: {}", held.cover.cover(text));
        if !answer.is_success() {
            return Err(by_status(&answer, told(answer.excerpt())));
        }
        let found = answer.json().and_then(|json| self.found(&json, numbers));
        found.ok_or_else(|| {
            Refusal::new(Next::Stop, told(answer.excerpt())).code(answer.status.to_string())
        })
    }

    /// What an answer says of each number; none when it says nothing of any.
    fn found(&self, json: &Value, numbers: &[String]) -> Option<Vec<bool>> {
        let list = json.pointer(&self.settings.list_pointer)?;
        let said = |item: &Value| {
            let value = item.pointer(&self.settings.exists_pointer)?;
            Some(matches!(scalar(value)?.as_str(), "true" | "1"))
        };
        let Some(number_pointer) = &self.settings.number_pointer else {
            let item = list.as_array().map_or(Some(list), |items| items.first())?;
            return Some(vec![said(item)?]);
        };
        let mut told = BTreeMap::new();
        for item in list.as_array()? {
            let number = item.pointer(number_pointer).and_then(scalar);
            if let (Some(number), Some(exists)) = (number, said(item)) {
                told.insert(without_ninth(&digits(&number)), exists);
            }
        }
        let says = |number: &String| {
            let exists = told.get(&without_ninth(&digits(number)));
            exists.copied().unwrap_or(false)
        };
        let any = numbers
            .iter()
            .any(|number| told.contains_key(&without_ninth(&digits(number))));
        any.then(|| numbers.iter().map(says).collect())
    }
}

/// A Brazilian mobile without its ninth digit, which these gateways may leave out.
fn without_ninth(digits: &str) -> String {
    if digits.len() == 13 && digits.starts_with("55") && digits.as_bytes()[4] == b'9' {
        format!("{}{}", &digits[..4], &digits[5..])
    } else {
        digits.to_owned()
    }
}
