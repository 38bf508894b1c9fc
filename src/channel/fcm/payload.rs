//! A message as Firebase wants it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::channel::{Outgoing, tag};
use crate::domain::template::Look;
use crate::domain::words::AddressKind;

/// The longest that FCM keeps a message, in seconds (four weeks).
const LONGEST_LIFE: u64 = 2_419_200;

/// A message as FCM wants it, shown as usual where its template does not say otherwise.
pub(super) fn payload(message: &Outgoing, usual: &Look, now: DateTime<Utc>) -> Value {
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
    let mut payload = Value::Object(payload);
    show(&mut payload, &message.look.or(usual));
    payload
}

/// Adds how a message is shown, on each platform in its own way.
fn show(payload: &mut Value, look: &Look) {
    if let Some(sound) = &look.sound {
        payload["apns"]["payload"]["aps"]["sound"] = json!(sound);
        payload["android"]["notification"]["sound"] = json!(sound);
    }
    if let Some(channel) = &look.android_channel {
        payload["android"]["notification"]["channel_id"] = json!(channel);
    }
    if let Some(image) = &look.image {
        payload["notification"]["image"] = json!(image);
        // An iPhone's app fetches the picture itself, when it is told that it may.
        payload["apns"]["payload"]["aps"]["mutable-content"] = json!(1);
        payload["apns"]["fcm_options"]["image"] = json!(image);
    }
    if let Some(link) = &look.link {
        payload["data"]["link"] = json!(link);
        payload["webpush"]["fcm_options"]["link"] = json!(link);
    }
}
