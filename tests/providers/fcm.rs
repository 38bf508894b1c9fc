//! The `fcm` provider: tokens, payloads, and what its errors mean for a device.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regua::channel::{AboutWhom, Next, Provider};
use regua::domain::words::{AddressKind, Channel, Reason};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::battery::Subject;
use crate::server::{Act, Seen, Server};
use crate::{message, next, provider};

/// A key made for these tests; it opens nothing.
pub const KEY: &str = include_str!("key.pem");

const SEND: &str = "/v1/projects/provedor-1/messages:send";

pub fn config(url: &str, folder: &TempDir) -> String {
    let account = json!({
        "type": "service_account",
        "project_id": "provedor-1",
        "private_key_id": "kid-1",
        "private_key": KEY,
        "client_email": "aviso@provedor-1.iam.gserviceaccount.com",
        "token_uri": format!("{url}/token"),
    });
    std::fs::write(folder.path().join("fcm.json"), account.to_string()).expect("a key file");
    format!(
        "[push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"\nbase_url = \"{url}\"\ntimeout_seconds = 1\n"
    )
}

fn token(seen: &Seen) -> Option<Act> {
    (seen.path == "/token").then(|| {
        Act::json(
            200,
            r#"{"access_token":"ya29.secret-token","expires_in":3599,"token_type":"Bearer"}"#,
        )
    })
}

pub fn subject() -> Subject {
    Subject {
        channel: Channel::Push,
        config,
        prelude: token,
        accepted: Act::json(200, r#"{"name":"projects/provedor-1/messages/0:1"}"#),
        id: "projects/provedor-1/messages/0:1",
        refused: error(400, "INVALID_ARGUMENT", &fcm_error("INVALID_ARGUMENT")),
        later: error(429, "RESOURCE_EXHAUSTED", &fcm_error("QUOTA_EXCEEDED")),
        stop: error(403, "PERMISSION_DENIED", "[]"),
    }
}

fn fcm_error(code: &str) -> String {
    format!(
        r#"[{{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"{code}"}}]"#
    )
}

fn error(status: u16, word: &str, details: &str) -> Act {
    Act::json(
        status,
        format!(
            r#"{{"error":{{"code":{status},"message":"What went wrong","status":"{word}","details":{details}}}}}"#
        ),
    )
}

/// A provider whose sends are all answered so.
fn answering(act: Act) -> (Server, TempDir, Box<dyn Provider>) {
    let server = Server::start(move |seen| token(seen).unwrap_or_else(|| act.clone()));
    let folder = tempfile::tempdir().expect("a folder");
    let text = config(&server.url(), &folder);
    let provider = provider(Channel::Push, &text, folder.path());
    (server, folder, provider)
}

#[test]
fn the_assertion_is_what_google_wants() {
    let (server, _folder, provider) = answering(Act::json(200, r#"{"name":"n"}"#));
    provider.open().expect("a token");
    let asked = &server.seen_at("/token")[0];
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        asked.field("grant_type").as_deref(),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer")
    );
    let assertion = asked.field("assertion").expect("an assertion");
    let parts: Vec<&str> = assertion.split('.').collect();
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .expect("base64url without padding")
    };
    let header: Value = serde_json::from_slice(&decode(parts[0])).expect("JSON");
    assert_eq!(
        header,
        json!({"alg": "RS256", "typ": "JWT", "kid": "kid-1"})
    );
    let claims: Value = serde_json::from_slice(&decode(parts[1])).expect("JSON");
    assert_eq!(claims["iss"], "aviso@provedor-1.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], "https://oauth2.googleapis.com/token");
    assert_eq!(
        claims["scope"],
        "https://www.googleapis.com/auth/firebase.messaging"
    );
    let lasts = claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat");
    assert_eq!(lasts, 3600);

    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).expect("a PEM");
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key");
    let public =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref().to_vec());
    let signed = format!("{}.{}", parts[0], parts[1]);
    public
        .verify(signed.as_bytes(), &decode(parts[2]))
        .expect("the signature is good");
}

#[test]
fn a_message_is_told_as_fcm_wants_it() {
    let (server, _folder, provider) = answering(Act::json(200, r#"{"name":"n"}"#));
    let mut first = message(Channel::Push);
    first.time_to_live = Some(Duration::from_hours(1));
    provider.send(&first).expect("accepted");
    let mut second = message(Channel::Push);
    second.address_kind = Some(AddressKind::Fid);
    provider.send(&second).expect("accepted");

    let seen = server.seen_at(SEND);
    assert_eq!(
        seen[0].header("authorization"),
        Some("Bearer ya29.secret-token")
    );
    let sent = seen[0].json();
    let message = &sent["message"];
    assert_eq!(sent.get("validate_only"), None);
    assert_eq!(message["token"], "device-token");
    assert_eq!(message["notification"]["title"], "Fatura vencida");
    assert_eq!(message["data"]["event"], "stage:notice");
    assert_eq!(message["data"]["client_id"], "7");
    assert_eq!(message["data"]["invoice_id"], "900");
    let all_text = message["data"]
        .as_object()
        .is_some_and(|data| data.values().all(Value::is_string));
    assert!(all_text, "FCM takes only strings in data");
    assert_eq!(message["android"]["ttl"], "3600s");
    let tag = message["android"]["notification"]["tag"]
        .as_str()
        .expect("a tag");
    assert_eq!(message["apns"]["headers"]["apns-collapse-id"], tag);
    assert!(tag.len() <= 64);
    assert!(
        message["apns"]["headers"]["apns-expiration"]
            .as_str()
            .is_some_and(|end| end.parse::<i64>().is_ok())
    );

    let other = &seen[1].json()["message"];
    assert_eq!(other["fid"], "device-token");
    assert_eq!(other.get("token"), None);
    assert_eq!(
        other["android"]["notification"]["tag"], tag,
        "the same key, the same tag"
    );
    assert_eq!(server.seen_at("/token").len(), 1, "one token a run");
}

#[test]
fn a_device_that_is_gone_is_told_apart_from_every_other_fault() {
    let refused = format!("{:?}", Next::Never(Reason::Refused));
    let stop = format!("{:?}", Next::Stop);
    for (act, wanted) in [
        (
            error(404, "NOT_FOUND", &fcm_error("UNREGISTERED")),
            format!("{:?}", Next::Gone(Reason::AppNotInstalled)),
        ),
        (
            error(
                400,
                "INVALID_ARGUMENT",
                r#"[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.data[0].value","description":"Invalid value (TYPE_STRING)"}]}]"#,
            ),
            refused.clone(),
        ),
        (error(404, "NOT_FOUND", "[]"), stop),
        (
            error(403, "PERMISSION_DENIED", &fcm_error("SENDER_ID_MISMATCH")),
            refused,
        ),
        (
            error(401, "UNAUTHENTICATED", &fcm_error("THIRD_PARTY_AUTH_ERROR")),
            format!("{:?}", Next::Wait(Duration::from_mins(15))),
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", &fcm_error("QUOTA_EXCEEDED")),
            format!("{:?}", Next::Later(Some(Duration::from_mins(1)))),
        ),
        (
            error(503, "UNAVAILABLE", &fcm_error("UNAVAILABLE")).with("Retry-After", "5"),
            format!("{:?}", Next::Later(Some(Duration::from_secs(5)))),
        ),
    ] {
        let (_server, _folder, provider) = answering(act.clone());
        let sent = provider.send(&message(Channel::Push));
        assert_eq!(next(&sent), wanted, "{act:?}");
        let refusal = sent.expect_err("a refusal");
        assert!(refusal.text.contains("What went wrong"), "{}", refusal.text);
    }
}

#[test]
fn whose_fault_it_is_is_told_where_firebase_tells_it() {
    let invalid = |words: &str| {
        let body = format!(
            r#"{{"error":{{"code":400,"message":"{words}","status":"INVALID_ARGUMENT","details":{}}}}}"#,
            fcm_error("INVALID_ARGUMENT")
        );
        Act::json(400, body)
    };
    for (act, about) in [
        (
            error(404, "NOT_FOUND", &fcm_error("UNREGISTERED")),
            AboutWhom::Recipient,
        ),
        (
            invalid("The registration token is not a valid FCM registration token"),
            AboutWhom::Recipient,
        ),
        // Trial 114: the text, with this person's values in it or with anybody's.
        (invalid("Message is too big"), AboutWhom::Content),
        // Of one address, or of a wrong key file: eight alike tell.
        (
            error(403, "PERMISSION_DENIED", &fcm_error("SENDER_ID_MISMATCH")),
            AboutWhom::Unsaid,
        ),
    ] {
        let (_server, _folder, provider) = answering(act.clone());
        let refusal = provider.send(&message(Channel::Push)).expect_err("refused");
        assert_eq!(refusal.about, about, "{act:?}");
        assert!(matches!(refusal.next, Next::Never(_) | Next::Gone(_)));
    }
}

#[test]
fn trial_113_a_push_is_shown_as_configured_and_as_its_template_says() {
    let (server, folder, _) = answering(Act::json(200, r#"{"name":"n"}"#));
    let text = config(&server.url(), &folder)
        + "sound = \"default\"\nandroid_channel = \"bills\"\nlink = \"https://example.com/app\"\n";
    let provider = crate::provider(Channel::Push, &text, folder.path());
    provider.send(&message(Channel::Push)).expect("accepted");
    let mut other = message(Channel::Push);
    other.look.sound = Some("bell.caf".to_owned());
    other.look.image = Some("https://example.com/p.png".to_owned());
    provider.send(&other).expect("accepted");

    let seen = server.seen_at(SEND);
    let usual = &seen[0].json()["message"];
    assert_eq!(usual["apns"]["payload"]["aps"]["sound"], "default");
    assert_eq!(usual["android"]["notification"]["sound"], "default");
    assert_eq!(usual["android"]["notification"]["channel_id"], "bills");
    assert_eq!(usual["data"]["link"], "https://example.com/app");
    assert_eq!(
        usual["webpush"]["fcm_options"]["link"],
        "https://example.com/app"
    );
    let own = &seen[1].json()["message"];
    assert_eq!(own["apns"]["payload"]["aps"]["sound"], "bell.caf");
    assert_eq!(own["apns"]["payload"]["aps"]["mutable-content"], 1);
    assert_eq!(own["notification"]["image"], "https://example.com/p.png");
    assert_eq!(own["android"]["notification"]["channel_id"], "bills");
}

#[test]
fn a_token_that_is_refused_is_renewed_once_by_one_worker_for_all() {
    let tokens = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tokens);
    let server = Server::start(move |seen| {
        if seen.path == "/token" {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            return Act::json(
                200,
                format!(r#"{{"access_token":"token-{number}","expires_in":3599}}"#),
            );
        }
        if seen.header("authorization") == Some("Bearer token-1") {
            error(401, "UNAUTHENTICATED", "[]")
        } else {
            Act::json(200, r#"{"name":"n"}"#)
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let text = config(&server.url(), &folder);
    let provider = provider(Channel::Push, &text, folder.path());
    provider.open().expect("a token");
    std::thread::scope(|scope| {
        let sending: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| provider.send(&message(Channel::Push)).is_ok()))
            .collect();
        for worker in sending {
            assert!(worker.join().expect("no panic"));
        }
    });
    assert_eq!(tokens.load(Ordering::SeqCst), 2);
}

#[test]
fn a_new_token_that_is_refused_too_closes_the_channel() {
    let (server, _folder, provider) = answering(error(401, "UNAUTHENTICATED", "[]"));
    for _ in 0..3 {
        assert_eq!(next(&provider.send(&message(Channel::Push))), "Stop");
    }
    assert_eq!(
        server.seen_at("/token").len(),
        2,
        "the first, and one renewal"
    );
}

#[test]
fn a_token_near_its_end_is_renewed_before_it() {
    let server = Server::start(|seen| {
        if seen.path == "/token" {
            Act::json(200, r#"{"access_token":"short","expires_in":100}"#)
        } else {
            Act::json(200, r#"{"name":"n"}"#)
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let text = config(&server.url(), &folder);
    let provider = provider(Channel::Push, &text, folder.path());
    provider.open().expect("a token");
    provider.send(&message(Channel::Push)).expect("accepted");
    // A life shorter than the margin is used for a second at least, so that nothing goes in circles.
    assert!((1..=2).contains(&server.seen_at("/token").len()));
}

#[test]
fn no_token_means_nothing_was_sent() {
    for (act, wanted) in [
        (
            Act::json(
                400,
                r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#,
            ),
            "Stop",
        ),
        (Act::json(401, r#"{"error":"invalid_client"}"#), "Stop"),
        (Act::json(503, ""), "Later(None)"),
        (
            Act::json(429, "").with("Retry-After", "3"),
            "Later(Some(3s))",
        ),
        (Act::Cut, "NotSent"),
        (Act::Hang, "NotSent"),
    ] {
        let script = act.clone();
        let server = Server::start(move |_| script.clone());
        let folder = tempfile::tempdir().expect("a folder");
        let text = config(&server.url(), &folder);
        let provider = provider(Channel::Push, &text, folder.path());
        let refusal = provider.open().expect_err("no token");
        assert_eq!(format!("{:?}", refusal.next), wanted, "{act:?}");
        assert_eq!(
            next(&provider.send(&message(Channel::Push))),
            wanted,
            "{act:?}"
        );
        assert!(server.seen_at(SEND).is_empty());
    }
}

#[test]
fn an_answer_that_is_no_token_is_not_shown() {
    let server = Server::start(|_| Act::json(200, r#"{"accessToken":"ya29.secret-token"}"#));
    let folder = tempfile::tempdir().expect("a folder");
    let text = config(&server.url(), &folder);
    let provider = provider(Channel::Push, &text, folder.path());
    let refusal = provider.open().expect_err("no token");
    assert_eq!(
        refusal.text,
        "no access token: the answer has no access_token"
    );
}

#[test]
fn validating_sends_nothing_and_so_does_the_check() {
    let (server, _folder, provider) = answering(Act::json(200, r#"{"name":"n"}"#));
    let answer = provider
        .validate(&message(Channel::Push))
        .expect("FCM can tell");
    assert!(answer.is_ok());
    assert!(provider.check().is_ok());
    for seen in server.seen_at(SEND) {
        assert_eq!(seen.json()["validate_only"], true);
    }

    // An address that cannot exist is refused only by a project that knows us.
    let (_server, _folder, provider) = answering(error(
        400,
        "INVALID_ARGUMENT",
        &fcm_error("INVALID_ARGUMENT"),
    ));
    let found = provider.check().expect("the key is good");
    assert!(found.contains("provedor-1"), "{found}");
    for act in [
        error(403, "PERMISSION_DENIED", "[]"),
        error(503, "UNAVAILABLE", &fcm_error("UNAVAILABLE")),
    ] {
        let (_server, _folder, provider) = answering(act);
        assert!(provider.check().is_err());
    }
}

#[test]
fn a_bad_key_file_is_told_without_its_contents() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fcm.json");
    let text = "[push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"";
    for (contents, wanted) in [
        ("not json", "not JSON"),
        (r#"{"type":"authorized_user"}"#, "service account"),
        (
            r#"{"type":"service_account","project_id":"p","client_email":"e","private_key":"top-secret"}"#,
            "private_key",
        ),
        (
            r#"{"type":"service_account","private_key":""}"#,
            "private_key",
        ),
    ] {
        std::fs::write(&path, contents).expect("a file");
        let config = regua::config::Config::read(text, "c.toml", folder.path()).expect("a config");
        let error = config
            .channel(Channel::Push)
            .connect()
            .err()
            .expect("not acceptable")
            .to_string();
        assert!(error.contains(wanted), "{error}");
        assert!(!error.contains("top-secret"), "{error}");
        assert!(error.contains("fcm.json"), "{error}");
    }
}
