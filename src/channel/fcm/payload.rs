//! A message as Firebase wants it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::channel::{Outgoing, tag};
use crate::domain::words::AddressKind;

/// The longest that FCM keeps a message, in seconds (four weeks).
const LONGEST_LIFE: u64 = 2_419_200;

/// A message as FCM wants it.
pub(super) fn payload(message: &Outgoing, now: DateTime<Utc>) -> Value {
    let tag = tag(&message.key);
    let mut data = Map::new();
    data.insert("event".to_owned(), Value::String(message.event.clone()));
    data.insert("id".to_owned(), Value::String(message.id.to_string()));
    let ids = [
        ("client_id", message.client_id),
        ("contract_id", message.contract_id),
        ("invoice_id", message.invoice_id),
        ("ticket_id", message.ticket_id),
    ];
    for (name, id) in ids {
        if let Some(id) = id {
            // FCM takes nothing but strings here.
            data.insert(name.to_owned(), Value::String(id.to_string()));
        }
    }
    let mut android = json!({"priority": "high", "notification": {"tag": tag}});
    let mut headers = json!({"apns-collapse-id": tag});
    if let Some(life) = message.time_to_live {
        let seconds = life.as_secs().min(LONGEST_LIFE);
        android["ttl"] = Value::String(format!("{seconds}s"));
        let end = now.timestamp() + i64::try_from(seconds).unwrap_or(0);
        headers["apns-expiration"] = Value::String(end.to_string());
    }
    let target = match message.address_kind {
        Some(AddressKind::Fid) => "fid",
        _ => "token",
    };
    let mut payload = Map::new();
    payload.insert(target.to_owned(), Value::String(message.address.clone()));
    payload.insert(
        "notification".to_owned(),
        json!({"title": message.title, "body": message.body}),
    );
    payload.insert("data".to_owned(), Value::Object(data));
    payload.insert("android".to_owned(), android);
    payload.insert("apns".to_owned(), json!({ "headers": headers }));
    Value::Object(payload)
}
