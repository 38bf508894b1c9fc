//! The `http` provider: gateways described by configuration.

use regua::channel::Next;
use regua::config::Config;
use regua::domain::words::{Channel, Reason};
use serde_json::json;
use tempfile::TempDir;

use crate::battery::Subject;
use crate::server::{Act, Seen, Server};
use crate::{message, next, provider};

pub fn subject() -> Subject {
    Subject {
        channel: Channel::Sms,
        config: |url: &str, _: &TempDir| {
            format!(
                r##"
[sms]
provider = "http"
url = "{url}/send"
token = "a-very-secret-token"
body = '{{"to":"#address#","text":"#body#","ref":"#key#"}}'
never = [422]
id_pointer = "/id"
message_pointer = "/error"
timeout_seconds = 1
"##
            )
        },
        prelude: |_: &Seen| None,
        accepted: Act::json(200, r#"{"id":"g-1","status":"queued"}"#),
        id: "g-1",
        refused: Act::json(422, r#"{"error":"number does not exist"}"#),
        later: Act::json(429, r#"{"error":"slow down"}"#),
        stop: Act::json(401, r#"{"error":"who are you"}"#),
    }
}

fn sms(server: &Server, settings: &str) -> Box<dyn regua::channel::Provider> {
    let text = settings.replace("URL", &server.url());
    provider(Channel::Sms, &text, std::path::Path::new(""))
}

#[test]
fn a_value_is_escaped_by_the_body_it_stands_in() {
    let server = Server::start(|_| Act::json(200, ""));
    let body = &message(Channel::Sms).body;

    let json = "[sms]\nprovider = \"http\"\nurl = \"URL/json\"\nbody = '{\"to\":\"#address_digits#\",\"n\":\"#address_national#\",\"text\":\"#body#\",\"id\":#id#}'";
    assert_eq!(
        next(&sms(&server, json).send(&message(Channel::Sms))),
        "accepted"
    );
    let form = "[sms]\nprovider = \"http\"\nurl = \"URL/form?ref=#key#\"\ncontent_type = \"application/x-www-form-urlencoded\"\nbody = 'to=#address#&msg=#body#'";
    assert_eq!(
        next(&sms(&server, form).send(&message(Channel::Sms))),
        "accepted"
    );
    let plain = "[sms]\nprovider = \"http\"\nmethod = \"PUT\"\nurl = \"URL/plain/#address#\"\ncontent_type = \"text/plain\"\nbody = '#body#'\nheaders = { Idempotency-Key = \"#tag#\" }";
    assert_eq!(
        next(&sms(&server, plain).send(&message(Channel::Sms))),
        "accepted"
    );
    let query = "[sms]\nprovider = \"http\"\nmethod = \"GET\"\nurl = \"URL/get?to=#address#&msg=#body#&u=#username#&p=#password#\"\nusername = \"ana\"\npassword = \"p&w d\"";
    assert_eq!(
        next(&sms(&server, query).send(&message(Channel::Sms))),
        "accepted"
    );

    let seen = server.seen();
    assert_eq!(
        seen[0].json(),
        json!({"to": "5549999990001", "n": "49999990001", "text": body, "id": 42})
    );
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[1].path, "/form?ref=send%2Fcut%2F2026-11-21%2F7%2Fx");
    assert_eq!(seen[1].field("msg").as_ref(), Some(body));
    assert_eq!(seen[1].field("to").as_deref(), Some("+5549999990001"));
    assert_eq!(
        (seen[2].method.as_str(), seen[2].path.as_str()),
        ("PUT", "/plain/%2B5549999990001")
    );
    assert_eq!(&seen[2].body, body);
    assert_eq!(seen[2].header("idempotency-key").map(str::len), Some(43));
    assert_eq!(
        (seen[3].method.as_str(), seen[3].body.as_str()),
        ("GET", "")
    );
    assert_eq!(seen[3].field("msg").as_ref(), Some(body));
    assert_eq!(seen[3].field("p").as_deref(), Some("p&w d"));
    assert_eq!(seen[3].header("authorization"), None);
}

#[test]
fn credentials_go_where_they_are_told_to() {
    let server = Server::start(|_| Act::json(200, ""));
    for (settings, name, value) in [
        ("token = \"abcdef\"", "authorization", "Bearer abcdef"),
        (
            "token = \"abcdef\"\ntoken_header = \"X-Key\"\ntoken_prefix = \"\"",
            "x-key",
            "abcdef",
        ),
        (
            "username = \"ana\"\npassword = \"segredo\"",
            "authorization",
            "Basic YW5hOnNlZ3JlZG8=",
        ),
        ("headers = { X-Api-Key = \"k#id#\" }", "x-api-key", "k42"),
    ] {
        let text = format!("[sms]\nprovider = \"http\"\nurl = \"URL/\"\n{settings}");
        let sent = sms(&server, &text).send(&message(Channel::Sms));
        assert_eq!(next(&sent), "accepted", "{settings}");
        let seen = server.seen();
        assert_eq!(seen[seen.len() - 1].header(name), Some(value), "{settings}");
    }
}

#[test]
fn a_place_in_the_body_decides_where_the_status_does_not() {
    let refused = format!("{:?}", Next::Never(Reason::Refused));
    let unknown = format!("{:?}", Next::Unknown);
    let stop = format!("{:?}", Next::Stop);
    let later = format!("{:?}", Next::Later(None));
    for (status, body, wanted) in [
        (200, r#"{"code":0,"id":7}"#, "accepted"),
        (200, r#"{"code":"13"}"#, &*refused),
        (200, r#"{"code":"LIMIT_DAY"}"#, &later),
        (400, r#"{"code":"LIMIT_DAY"}"#, &later),
        (200, r#"{"code":"NOCREDIT"}"#, &stop),
        (200, r#"{"code":"new word"}"#, &unknown),
        (200, r#"{"code":0}"#, &unknown),
        (200, r"{}", &unknown),
        (404, r"{}", &stop),
        (410, r"{}", &refused),
        (418, r"{}", &refused),
    ] {
        let server = Server::start(move |_| Act::json(status, body));
        let provider = sms(
            &server,
            "[sms]\nprovider = \"http\"\nurl = \"URL/\"\nresult_pointer = \"/code\"\nresult_accepted = [\"0\"]\nresult_never = [\"13\"]\nresult_later = [\"LIMIT*\"]\nresult_stop = [\"NOCREDIT\"]\nid_pointer = \"/id\"",
        );
        let sent = provider.send(&message(Channel::Sms));
        assert_eq!(next(&sent), wanted, "{status} {body}");
    }
}

#[test]
fn zenvia_by_its_preset() {
    let server = Server::start(|seen| {
        if seen.json()["to"] == "5549999990001" {
            Act::json(200, r#"{"id":"z-1","from":"regua","to":"5549999990001"}"#)
        } else {
            Act::json(
                400,
                r#"{"code":"VALIDATION_ERROR","message":"Invalid number"}"#,
            )
        }
    });
    let provider = sms(
        &server,
        "[sms]\nprovider = \"http\"\npreset = \"zenvia\"\nbase_url = \"URL\"\ntoken = \"zen-token\"\nsender = \"regua\"",
    );
    let receipt = provider.send(&message(Channel::Sms)).expect("accepted");
    assert_eq!(receipt.provider_id.as_deref(), Some("z-1"));
    let seen = server.seen();
    assert_eq!(seen[0].path, "/v2/channels/sms/messages");
    assert_eq!(seen[0].header("x-api-token"), Some("zen-token"));
    assert_eq!(
        seen[0].json(),
        json!({"from": "regua", "to": "5549999990001",
               "contents": [{"type": "text", "text": message(Channel::Sms).body}]})
    );
    let mut other = message(Channel::Sms);
    other.address = "+5549999990002".to_owned();
    let refusal = provider.send(&other).expect_err("refused");
    assert_eq!(refusal.next, Next::Never(Reason::Refused));
    assert_eq!(refusal.text, "Invalid number");
}

#[test]
fn infobip_by_its_preset() {
    for (group, wanted) in [
        ("PENDING", "accepted".to_owned()),
        ("REJECTED", format!("{:?}", Next::Never(Reason::Refused))),
        ("NEWS", format!("{:?}", Next::Unknown)),
    ] {
        let server = Server::start(move |seen| {
            let id = seen.json()["messages"][0]["destinations"][0]["messageId"].clone();
            Act::json(
                200,
                json!({"messages": [{"messageId": id, "destination": "5549999990001",
                    "status": {"groupId": 1, "groupName": group, "name": "X", "description": "words"}}]})
                .to_string(),
            )
        });
        let provider = sms(
            &server,
            "[sms]\nprovider = \"http\"\npreset = \"infobip\"\nbase_url = \"URL\"\ntoken = \"ib-token\"\nsender = \"regua\"",
        );
        let sent = provider.send(&message(Channel::Sms));
        assert_eq!(next(&sent), wanted, "{group}");
        let seen = server.seen();
        assert_eq!(seen[0].path, "/sms/3/messages");
        assert_eq!(seen[0].header("authorization"), Some("App ib-token"));
        let sent = &seen[0].json()["messages"][0];
        assert_eq!(sent["destinations"][0]["to"], "5549999990001");
        assert_eq!(sent["content"]["text"], message(Channel::Sms).body.as_str());
        // The same message has the same id at the gateway, whenever it is sent.
        let id = sent["destinations"][0]["messageId"]
            .as_str()
            .expect("an id");
        assert_eq!(id.len(), 43);
    }
    let server = Server::start(|_| {
        Act::json(
            401,
            r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"Invalid login details"}}}"#,
        )
    });
    let provider = sms(
        &server,
        "[sms]\nprovider = \"http\"\npreset = \"infobip\"\nbase_url = \"URL\"\ntoken = \"ib-token\"\nsender = \"regua\"",
    );
    let refusal = provider.send(&message(Channel::Sms)).expect_err("refused");
    assert_eq!(
        (refusal.next, refusal.text.as_str()),
        (Next::Stop, "Invalid login details")
    );
}

#[test]
fn a_push_goes_through_a_gateway_too() {
    let server = Server::start(|_| Act::json(202, ""));
    let text = format!(
        "[push]\nprovider = \"http\"\nurl = \"{}/push\"\nbody = '{{\"token\":\"#address#\",\"title\":\"#title#\",\"body\":\"#body#\",\"tag\":\"#tag#\"}}'",
        server.url()
    );
    let provider = provider(Channel::Push, &text, std::path::Path::new(""));
    assert_eq!(next(&provider.send(&message(Channel::Push))), "accepted");
    let sent = server.seen()[0].json();
    assert_eq!(
        (&sent["token"], &sent["title"]),
        (&json!("device-token"), &json!("Fatura vencida"))
    );
}

#[test]
fn the_check_is_harmless() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/balance" if seen.header("authorization") == Some("Bearer good") => Act::json(200, "{}"),
        "/balance" => Act::json(401, r#"{"error":"bad token"}"#),
        _ => Act::json(404, ""),
    });
    let with = |settings: &str| {
        sms(
            &server,
            &format!("[sms]\nprovider = \"http\"\nurl = \"URL/send\"\n{settings}"),
        )
        .check()
    };
    assert!(with("").is_ok(), "the host answers");
    assert!(with("token = \"good\"\ncheck_url = \"URL/balance\"").is_ok());
    assert!(with("token = \"evil\"\ncheck_url = \"URL/balance\"").is_err());
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.method != "POST" && seen.path != "/send")
    );
}

#[test]
fn a_gateway_that_cannot_work_is_refused_with_every_problem() {
    let error = Config::read(
        "[sms]\nprovider = \"http\"\nurl = \"https://gw.example.com/?to=#adress#\"\nmethod = \"POKE\"\nbody = '#sender# #fff'\nid_pointer = \"id\"",
        "c.toml",
        std::path::Path::new(""),
    )
    .expect_err("four problems");
    let told: Vec<String> = error.flaws.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    // In the order of their lines.
    assert!(told[0].contains("#adress# has no value"), "{told:#?}");
    assert!(told[1].contains("POKE"), "{told:#?}");
    assert!(told[2].contains("#sender# has no value"), "{told:#?}");
    assert!(told[3].contains("JSON pointer"), "{told:#?}");
}

#[test]
fn trial_9_after_a_lost_connection_each_request_has_its_own() {
    let server = Server::start(|seen| {
        if seen.nth > 10 {
            Act::Cut
        } else {
            Act::json(200, r#"{"id":"g-1"}"#)
        }
    });
    let sms = sms(
        &server,
        "[sms]\nprovider = \"http\"\nurl = \"URL/send\"\nbody = '#body#'\n",
    );
    let outcomes: Vec<String> = (0..60)
        .map(|_| next(&sms.send(&message(Channel::Sms))))
        .collect();
    let unknown = outcomes.iter().filter(|told| *told == "Unknown").count();
    assert_eq!(unknown, 1, "{outcomes:?}");
    assert_eq!(outcomes[10], "Unknown");
}

#[test]
fn trial_88_what_stands_before_the_at_of_an_address_is_covered() {
    let server = Server::start(|_| Act::json(422, r#"{"error":"ana:s3cret-word is no good"}"#));
    let url = server.url().replace("http://", "http://ana:s3cret-word@");
    let text = format!(
        "[sms]\nprovider = \"http\"\nurl = \"{url}/send\"\nbody = '#body#'\nmessage_pointer = \"/error\"\n"
    );
    let provider = provider(Channel::Sms, &text, std::path::Path::new(""));
    let refusal = provider.send(&message(Channel::Sms)).expect_err("refused");
    assert!(!refusal.text.contains("s3cret"), "{}", refusal.text);
    let flawed = "[sms]\nprovider = \"http\"\nurl = \"ftp://ana:s3cret-word@host/send\"\n";
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, flawed).expect("a file");
    let told = Config::load(Some(&path))
        .expect_err("no address")
        .to_string();
    assert!(
        told.contains("***@host") && !told.contains("s3cret"),
        "{told}"
    );
}
