//! Status callbacks of the WhatsApp Cloud API, as files that a webhook receiver wrote.

use std::io::Read;

use chrono::DateTime;
use serde_json::{Deserializer, Value};

use crate::domain::callback::{Callback, Preference, Told};
use crate::domain::words::{CallbackStatus, Word as _};
use crate::error::{Error, Flaw, Result};

/// The last instant that a timestamp may tell of, in seconds: the year 2100. One in milliseconds is later.
const LAST_SECOND: i64 = 4_102_444_800;

/// Reads every status in a file, and what people told WhatsApp about marketing: whole webhook bodies, their parts or single statuses, one after the
/// other, on one line each or not. What is not a status (an incoming message, a status nobody knows)
/// is passed over; the answer is how many of those there were.
///
/// # Errors
/// When the file cannot be read, is not JSON, or holds a status without id or time.
pub fn read(
    input: impl Read,
    place: &str,
    mut each: impl FnMut(Told) -> Result<()>,
) -> Result<u64> {
    let documents = Deserializer::from_reader(input).into_iter::<Value>();
    let mut passed_over = 0;
    for (number, document) in (1u64..).zip(documents) {
        let document = document.map_err(|error| {
            if error.is_io() {
                return Error::unacceptable(format!("{place} cannot be read")).because(error);
            }
            Error::flaws(
                format!("{place} is not acceptable; nothing was imported"),
                vec![Flaw::at(
                    format!("{place}:{}", error.line()),
                    "is not JSON",
                    "give the bodies the webhook received, one a line",
                )],
            )
        })?;
        let mut statuses = Vec::new();
        collect(&document, &mut statuses);
        if statuses.is_empty() {
            passed_over += 1;
        }
        for status in statuses {
            if let Some(preference) = preference(status) {
                each(Told::Preference(preference))?;
                continue;
            }
            match callback(status) {
                Ok(Some(callback)) => each(Told::Status(callback))?,
                Ok(None) => passed_over += 1,
                Err(what) => {
                    return Err(Error::flaws(
                        format!("{place} is not acceptable; nothing was imported"),
                        vec![Flaw::at(
                            format!("{place}: document {number}"),
                            what,
                            "a status has an id, a status and a timestamp",
                        )],
                    ));
                }
            }
        }
    }
    Ok(passed_over)
}

/// The statuses within a document, wherever the webhook's envelope puts them.
fn collect<'a>(value: &'a Value, statuses: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, statuses)),
        Value::Object(object) => {
            // A preference has a value too: that of a word, not the envelope's.
            if object.contains_key("wa_id") && object["value"].is_string() {
                statuses.push(value);
                return;
            }
            let inner = ["entry", "changes", "value"]
                .iter()
                .find_map(|name| object.get(*name));
            let told = ["statuses", "user_preferences"];
            match inner {
                Some(inner) => collect(inner, statuses),
                None if object.contains_key("status") => statuses.push(value),
                None => told
                    .iter()
                    .filter_map(|name| object.get(*name))
                    .for_each(|list| collect(list, statuses)),
            }
        }
        _ => {}
    }
}

/// What a person told WhatsApp about marketing messages, if that is what it is.
fn preference(value: &Value) -> Option<Preference> {
    let word = value["value"].as_str()?;
    let category = value["category"].as_str().unwrap_or("marketing_messages");
    let whatsapp_id = value["wa_id"].as_str()?;
    (category == "marketing_messages" && ["stop", "resume"].contains(&word)).then(|| Preference {
        whatsapp_id: whatsapp_id.to_owned(),
        stops: word == "stop",
    })
}

fn callback(value: &Value) -> Result<Option<Callback>, String> {
    let word = value["status"].as_str().unwrap_or_default();
    let Some(status) = CallbackStatus::parse(word) else {
        return Ok(None);
    };
    let Some(id) = value["id"].as_str().filter(|id| !id.is_empty()) else {
        return Err(format!("a `{word}` without an id"));
    };
    let seconds = match &value["timestamp"] {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    let at = seconds
        .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let Some(at) = at else {
        return Err(format!("the `{word}` of {id} has no timestamp"));
    };
    let error = &value["errors"][0];
    let text = error
        .pointer("/error_data/details")
        .and_then(Value::as_str)
        .or_else(|| error["message"].as_str())
        .or_else(|| error["title"].as_str());
    Ok(Some(Callback {
        provider_id: id.to_owned(),
        key: value["biz_opaque_callback_data"]
            .as_str()
            .map(str::to_owned),
        status,
        at,
        code: error["code"].as_i64().map(|code| code.to_string()),
        text: text.map(str::to_owned),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<(Vec<Callback>, u64)> {
        let mut callbacks = Vec::new();
        let passed_over = read(text.as_bytes(), "s.jsonl", |told| {
            match told {
                Told::Status(callback) => callbacks.push(callback),
                Told::Preference(preference) => panic!("{preference:?} is no status"),
            }
            Ok(())
        })?;
        Ok((callbacks, passed_over))
    }

    #[test]
    fn statuses_are_found_in_every_shape_they_are_kept_in() {
        let single = r#"{"id":"wamid.1","status":"delivered","timestamp":"1764100000","recipient_id":"554999990001","biz_opaque_callback_data":"send/x"}"#;
        let failed = r#"{"id":"wamid.2","status":"failed","timestamp":1764100001,"errors":[{"code":131026,"title":"t","message":"m","error_data":{"details":"d"}}]}"#;
        let incoming = r#"{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{"messages":[{"id":"wamid.3"}]}}]}]}"#;
        let text = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"statuses":[{single},{failed}]}}}}]}}]}}
{single}
{incoming}
[
  {failed},
  {{"id":"wamid.4","status":"warming up","timestamp":"1"}}
]"#
        );
        let (callbacks, passed_over) = all(&text).expect("acceptable");
        let ids: Vec<&str> = callbacks.iter().map(|c| c.provider_id.as_str()).collect();
        assert_eq!(ids, ["wamid.1", "wamid.2", "wamid.1", "wamid.2"]);
        assert_eq!(passed_over, 2);
        assert_eq!(callbacks[0].key.as_deref(), Some("send/x"));
        assert_eq!(callbacks[0].at.timestamp(), 1_764_100_000);
        assert_eq!(callbacks[1].code.as_deref(), Some("131026"));
        assert_eq!(callbacks[1].text.as_deref(), Some("d"));
    }

    #[test]
    fn a_preference_is_told_as_one() {
        let text = r#"{"entry":[{"changes":[{"field":"user_preferences","value":{"contacts":[{"wa_id":"554999990001"}],"user_preferences":[{"wa_id":"554999990001","category":"marketing_messages","value":"stop","timestamp":1764100000},{"wa_id":"554999990002","category":"another","value":"stop"}]}}]}]}"#;
        let mut told = Vec::new();
        let passed_over = read(text.as_bytes(), "s.jsonl", |one| {
            told.push(one);
            Ok(())
        })
        .expect("acceptable");
        let wanted = Preference {
            whatsapp_id: "554999990001".to_owned(),
            stops: true,
        };
        assert_eq!(told, [Told::Preference(wanted)]);
        assert_eq!(passed_over, 1);
    }

    #[test]
    fn a_bad_file_is_refused_with_its_place() {
        let error = all("{\"id\":\"w\",\"status\":\"read\",\"timestamp\":\"1\"}\nnonsense")
            .expect_err("not JSON");
        assert_eq!(error.flaws[0].place, "s.jsonl:2");
        assert!(all(r#"{"status":"read","timestamp":"1"}"#).is_err());
        assert!(all(r#"{"id":"w","status":"read"}"#).is_err());
    }
}
