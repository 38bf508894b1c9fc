//! A message as Firebase wants it.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::channel::{Outgoing, tag};
use crate::domain::template::Look;
use crate::domain::words::AddressKind;

/// The longest that FCM keeps a message, in seconds (four weeks).
const LONGEST_LIFE: u64 = 2_419_200;

/// What is sent: the message, and whether FCM shall only say whether it would take it.
#[derive(Serialize)]
struct Request<'m> {
    message: Payload<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validate_only: Option<bool>,
}

#[derive(Serialize)]
struct Payload<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fid: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'m str>,
    notification: Notification<'m>,
    data: Data<'m>,
    android: Android<'m>,
    apns: Apns<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webpush: Option<WebPush<'m>>,
}

#[derive(Serialize)]
struct Notification<'m> {
    title: Option<&'m str>,
    body: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'m str>,
}

/// What the app is told: FCM takes nothing but strings here.
#[derive(Serialize)]
struct Data<'m> {
    event: &'m str,
    id: Text<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Text<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_id: Option<Text<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<Text<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_id: Option<Text<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'m str>,
}

impl<'m> Data<'m> {
    fn of(message: &'m Outgoing, link: Option<&'m str>) -> Self {
        Self {
            event: &message.event,
            id: Text(message.id),
            client_id: message.client_id.map(Text),
            contract_id: message.contract_id.map(Text),
            invoice_id: message.invoice_id.map(Text),
            ticket_id: message.ticket_id.map(Text),
            link,
        }
    }
}

#[derive(Serialize)]
struct Android<'m> {
    priority: &'static str,
    notification: AndroidNotification<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
}

#[derive(Serialize)]
struct AndroidNotification<'m> {
    tag: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sound: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<&'m str>,
}

#[derive(Serialize)]
struct Apns<'m> {
    headers: ApnsHeaders<'m>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<ApnsPayload<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fcm_options: Option<Picture<'m>>,
}

#[derive(Serialize)]
struct ApnsHeaders<'m> {
    #[serde(rename = "apns-collapse-id")]
    collapse_id: &'m str,
    #[serde(rename = "apns-expiration", skip_serializing_if = "Option::is_none")]
    expiration: Option<Text<i64>>,
}

#[derive(Serialize)]
struct ApnsPayload<'m> {
    aps: Aps<'m>,
}

#[derive(Serialize)]
struct Aps<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sound: Option<&'m str>,
    /// An iPhone's app fetches the picture itself, when it is told that it may.
    #[serde(rename = "mutable-content", skip_serializing_if = "Option::is_none")]
    mutable_content: Option<u8>,
}

#[derive(Serialize)]
struct Picture<'m> {
    image: &'m str,
}

#[derive(Serialize)]
struct WebPush<'m> {
    fcm_options: Link<'m>,
}

#[derive(Serialize)]
struct Link<'m> {
    link: &'m str,
}

/// A value that is written as a string.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The JSON of a message as FCM wants it, shown as usual where its template does not say otherwise.
pub(super) fn request(
    message: &Outgoing,
    usual: &Look,
    now: DateTime<Utc>,
    only_validate: bool,
) -> serde_json::Result<String> {
    let (tag, look) = (tag(&message.key), message.look.or(usual));
    let seconds = message
        .time_to_live
        .map(|life| life.as_secs().min(LONGEST_LIFE));
    let end = |seconds: u64| now.timestamp() + i64::try_from(seconds).unwrap_or(0);
    let is_fid = message.address_kind == Some(AddressKind::Fid);
    let to = Some(message.address.as_str());
    let (image, link) = (look.image.as_deref(), look.link.as_deref());
    let sound = look.sound.as_deref();
    serde_json::to_string(&Request {
        message: Payload {
            fid: to.filter(|_| is_fid),
            token: to.filter(|_| !is_fid),
            notification: Notification {
                title: message.title.as_deref(),
                body: &message.body,
                image,
            },
            data: Data::of(message, link),
            android: Android {
                priority: "high",
                notification: AndroidNotification {
                    tag: &tag,
                    sound,
                    channel_id: look.android_channel.as_deref(),
                },
                ttl: seconds.map(|seconds| format!("{seconds}s")),
            },
            apns: Apns {
                headers: ApnsHeaders {
                    collapse_id: &tag,
                    expiration: seconds.map(|seconds| Text(end(seconds))),
                },
                payload: (sound.is_some() || image.is_some()).then_some(ApnsPayload {
                    aps: Aps {
                        sound,
                        mutable_content: image.map(|_| 1),
                    },
                }),
                fcm_options: image.map(|image| Picture { image }),
            },
            webpush: link.map(|link| WebPush {
                fcm_options: Link { link },
            }),
        },
        validate_only: only_validate.then_some(true),
    })
}
