//! What became of a message, asked of a gateway; and gateways that are not taken for one another.

use serde_json::{Value, json};

use crate::house::House;
use crate::server::{Act, Seen, Server};
use crate::{database, fits_json, house, records, sent};

/// The one message, after its gateway was asked.
fn asked(house: &House) -> (crate::house::Ran, Value) {
    let run = house.run(&["receipts", "poll", "--json"]);
    let history = house.json(&["history"]);
    (run, history[0].clone())
}

#[test]
fn each_gateway_is_asked_as_recorded_what_became_of_a_message() {
    let mut asking = 0;
    for record in records() {
        for question in &record.poll {
            asking += 1;
            let what = format!("{}, {}", record.preset, question.name);
            let taken = record.case[0].clone();
            let (status, answer) = (question.status, question.answer.clone());
            let path = record.request.path.clone();
            let server = Server::start(move |seen: &Seen| {
                if seen.path == path {
                    Act::json(taken.status, taken.answer.clone())
                } else {
                    Act::json(status, answer.clone())
                }
            });
            let house = house(&record, &server.url());
            sent(&house, &record.channel);
            let (run, row) = asked(&house);
            run.ok();
            let seen = server.seen();
            assert_eq!(seen.len(), 2, "{what}");
            assert_eq!(
                (&*seen[1].method, &*seen[1].path),
                (&*question.method, &*question.path),
                "{what}"
            );
            if let Some(body) = &question.body {
                let wanted: Value = serde_json::from_str(body).expect("JSON");
                assert!(fits_json(&wanted, &seen[1].json()), "{what}");
            }
            for (name, value) in &record.request.headers {
                if name != "content-type" {
                    assert_eq!(seen[1].header(name), Some(&**value), "{what}: {name}");
                }
            }
            let (status, arrived) = match &*question.outcome {
                "delivered" => ("sent", true),
                "failed" => ("failed", false),
                _ => ("sent", false),
            };
            assert_eq!(row["status"], status, "{what}: {row:#}");
            assert_eq!(!row["delivered_at"].is_null(), arrived, "{what}: {row:#}");
        }
    }
    assert!(asking >= 9, "{asking}");
}

/// A house whose text messages go to a gateway of its own description.
fn own_gateway(url: &str, poll: &str) -> House {
    let house = House::new();
    house.write("regua.db", database());
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"http\"\nurl = \"{url}/send\"\nbase_url = \"{url}\"\n\
             body = '{{\"to\":\"#address#\",\"ref\":\"#uuid#\"}}'\nid_pointer = \"/id\"\n\
             token = \"a-very-secret-token\"\n{poll}"
        ),
    );
    house
}

/// Takes every message under the id 17, and answers questions so.
fn gateway(status: u16, answer: &'static str) -> Server {
    Server::start(move |seen: &Seen| {
        if seen.path == "/send" {
            Act::json(200, r#"{"id":17}"#)
        } else {
            Act::json(status, answer)
        }
    })
}

#[test]
fn a_gateway_of_ones_own_is_asked_by_its_own_words() {
    let words = "status_pointer = \"/message/state\"\nat_pointer = \"/message/at\"\n\
        delivered = [\"DELIVRD\"]\nfailed = [\"UNDELIV*\"]\nreason_pointer = \"/message/why\"\n";
    let poll = format!("[sms.poll]\nurl = \"/state/#provider_id#\"\n{words}");
    for (answer, status, delivered_at) in [
        (
            r#"{"message":{"state":"delivrd","at":"2026-11-23 09:00:09"}}"#,
            "sent",
            json!("2026-11-23T09:00:09-03:00"),
        ),
        (
            r#"{"message":{"state":"UNDELIVERABLE","why":"absent"}}"#,
            "failed",
            Value::Null,
        ),
        (r#"{"message":{"state":"ENROUTE"}}"#, "sent", Value::Null),
        (r#"{"message":null}"#, "sent", Value::Null),
    ] {
        let server = gateway(200, answer);
        let house = own_gateway(&server.url(), &poll);
        sent(&house, "sms");
        let (run, row) = asked(&house);
        run.ok();
        assert_eq!(server.seen()[1].path, "/state/17");
        assert_eq!(
            server.seen()[1].header("authorization"),
            Some("Bearer a-very-secret-token")
        );
        assert_eq!(row["status"], status, "{answer}: {row:#}");
        assert_eq!(row["delivered_at"], delivered_at, "{answer}");
    }
    // A text alone is a word too.
    let server = gateway(200, " Entregue\n");
    let poll = "[sms.poll]\nurl = \"/state?id=#provider_id#\"\ndelivered = [\"entregue\"]\n";
    let house = own_gateway(&server.url(), poll);
    sent(&house, "sms");
    assert!(!asked(&house).1["delivered_at"].is_null());
}

#[test]
fn an_answer_that_says_nothing_changes_nothing() {
    let poll = "[sms.poll]\nurl = \"/state/#provider_id#\"\nstatus_pointer = \"/s\"\ndelivered = [\"ok\"]\n";
    for (status, answer, code, says) in [
        (404, "no such message", 0, ""),
        (
            200,
            "<html>Welcome</html>",
            4,
            "sms gave no answers: 200: what became of messages cannot be read",
        ),
        (401, "{}", 4, "sms gave no answers: 401"),
        (503, "", 4, "sms gave no answers: 503"),
    ] {
        let server = gateway(status, answer);
        let house = own_gateway(&server.url(), poll);
        sent(&house, "sms");
        let (run, row) = asked(&house);
        run.exits(code).says(says);
        assert_eq!(row["status"], "sent", "{status} {answer}");
        assert!(row["delivered_at"].is_null() && row["failed_at"].is_null());
    }
}

#[test]
fn what_is_wrong_with_a_question_is_told_with_its_line() {
    let house = own_gateway(
        "http://127.0.0.1:1",
        "[sms.poll]\nurl = \"/state\"\nstatus_pointer = \"state\"\npreset = \"vodafone\"\nmethod = \"FETCH\"\n",
    );
    let told = house.run(&["queue", "stats"]).exits(3);
    for flaw in [
        "sms.poll.url: does not say which message is meant",
        "sms.poll.status_pointer: ",
        "sms.poll.preset: found `vodafone`, write one of: ",
        "sms.poll.method: found `FETCH`",
    ] {
        assert!(told.stderr.contains(flaw), "{flaw}\n{}", told.stderr);
    }
    let house = own_gateway(
        "http://127.0.0.1:1",
        "[sms.poll]\nurl = \"/state/#provider_id#\"\n",
    );
    house
        .run(&["queue", "stats"])
        .exits(3)
        .says("sms.poll.delivered: is missing");
}

#[test]
fn another_gateway_is_not_asked_about_what_it_never_had() {
    let poll = "[sms.poll]\nurl = \"/state/#provider_id#\"\nstatus_pointer = \"/s\"\ndelivered = [\"ok\"]\n";
    let first = gateway(200, r#"{"s":"later"}"#);
    let mut house = own_gateway(&first.url(), poll);
    sent(&house, "sms");
    asked(&house).0.ok();
    assert_eq!(first.seen().len(), 2);
    // The same id means another message there.
    let second = gateway(200, r#"{"s":"ok"}"#);
    let text = house.read("config.toml");
    house.write("config.toml", text.replace(&first.url(), &second.url()));
    house.at("2026-11-23T10:00");
    let (run, row) = asked(&house);
    run.ok();
    assert!(second.seen().is_empty());
    assert!(row["delivered_at"].is_null());
}

/// Makes a message under an id, by a gateway of this configuration.
fn taken_by(house: &House, config: &str) {
    house.write("config.toml", config);
    let send = ["send", "contracts", "--template", "sms", "--yes", "--again"];
    house.run(&send).ok();
}

#[test]
fn an_id_means_a_message_of_the_gateway_that_gave_it() {
    let zenvia = Server::start(|_| Act::json(200, r#"{"id":"17","from":"p","to":"5549"}"#));
    let own = Server::start(|_| Act::json(200, r#"{"id":"17"}"#));
    let house = House::new();
    house.write("regua.db", database());
    let by_preset = format!(
        "[sms]\nprovider = \"http\"\npreset = \"zenvia\"\nbase_url = \"{}\"\ntoken = \"t\"\nsender = \"p\"\n",
        zenvia.url()
    );
    let by_hand = format!(
        "[sms]\nprovider = \"http\"\nurl = \"{}/sms\"\nbody = '{{\"to\":\"#address#\"}}'\nid_pointer = \"/id\"\n",
        own.url()
    );
    taken_by(&house, &by_preset);
    taken_by(&house, &by_hand);
    house.write(
        "zenvia.jsonl",
        r#"{"type":"MESSAGE_STATUS","messageId":"17","messageStatus":{"code":"DELIVERED","timestamp":"2026-11-23T12:00:05Z"}}"#,
    );
    house
        .run(&["receipts", "import", "zenvia.jsonl", "--preset", "zenvia"])
        .ok();
    let rows = house.json(&["history"]);
    let arrived = |at: usize| !rows[at]["delivered_at"].is_null();
    // The newest stands first: that of the other gateway.
    assert_eq!((arrived(0), arrived(1)), (false, true), "{rows:#}");
    let shown = house.json(&["history", "show", "1"]);
    assert_eq!(shown["attempt_log"][0]["provider"], "zenvia");

    // What only reports of WhatsApp bring is no text message, whatever its id.
    house.write(
        "evolution.jsonl",
        r#"{"event":"messages.update","data":{"keyId":"17","status":"READ"}}"#,
    );
    let answer = house.json(&[
        "receipts",
        "import",
        "evolution.jsonl",
        "--preset",
        "evolution",
    ]);
    assert_eq!(answer["unknown_ids"], 1, "{answer}");
    // Of two gateways that nobody named, neither is guessed.
    taken_by(&house, &by_hand);
    house.write("own.csv", "id,status,provider\n17,delivered,http\n");
    let answer = house.json(&["receipts", "import", "own.csv", "--preset", "csv"]);
    assert_eq!(answer["unknown_ids"], 1, "{answer}");
}

#[test]
fn a_report_may_name_our_own_reference() {
    // Its answer was lost: only what we gave it tells which message it took.
    let server = Server::start(|_| Act::Cut);
    let house = own_gateway(&server.url(), "");
    let (_, row) = sent(&house, "sms");
    assert_eq!(row["status"], "unknown");
    let uuid = server.seen()[0].json()["ref"]
        .as_str()
        .expect("a UUID")
        .to_owned();
    house.write(
        "own.csv",
        format!("key,status\n{},delivered\n", uuid.to_uppercase()),
    );
    let answer = house.json(&["receipts", "import", "own.csv", "--preset", "csv"]);
    assert_eq!(answer["matched"], 1, "{answer}");
    assert_eq!(house.json(&["history"])[0]["status"], "sent");
}
