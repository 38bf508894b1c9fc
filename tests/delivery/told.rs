//! What a run tells and whom: one line on standard error, once an outage; what it was told itself, believed within bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};

use crate::house::House;
use crate::server::{Act, Server};

/// A house whose sms go to `server`, with `n` messages in the queue and a task that delivers each minute.
fn house(server: &Server, n: usize) -> House {
    let house = House::new();
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"http\"\nurl = \"{}/sms\"\nrate_per_minute = 0\nworkers = 1\nbody = '{{}}'\n",
            server.url()
        ),
    );
    people(&house, n);
    template(&house, "sms", "Oi #cliente_nome#");
    queue(&house);
    let task = ["task", "add", "q", "--run", "send-queue"];
    house
        .run(&[&task[..], &["--minute", "*", "--hour", "*"]].concat())
        .ok();
    house
}

fn people(house: &House, n: usize) {
    let mut clients = String::from("id,name,person_type,mobile\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    let mut devices = String::from("address,client_id\n");
    for id in 1..=n {
        clients.push_str(&format!("{id},Client {id},F,4999999{id:04}\n"));
        contracts.push_str(&format!("{id},{id},A,A\n"));
        devices.push_str(&format!("device-{id},{id}\n"));
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.write("book/devices.csv", devices);
    house.run(&["import", "book"]).ok();
}

fn template(house: &House, channel: &str, body: &str) {
    let mut add = vec!["template", "add", "notice", "--kind", "support"];
    add.extend(["--channel", channel, "--body", body]);
    if channel == "push" {
        add.extend(["--title", "Aviso"]);
    }
    house.run(&add).ok();
}

fn queue(house: &House) {
    let send = ["send", "contracts", "--template", "notice", "--yes", "-q"];
    house
        .run(&[&send[..], &["--deliver", "queue"]].concat())
        .ok();
}

fn rows(house: &House, status: &str) -> Vec<Value> {
    let rows = house.json(&["history", "--status", status, "--limit", "0"]);
    rows.as_array().expect("a list").clone()
}

/// What `run-due` says on standard error at a minute, line by line, and how it ends.
fn due(house: &mut House, at: &str) -> (Vec<String>, i32) {
    house.at(at);
    let ran = house.run(&["task", "run-due"]);
    (ran.stderr.lines().map(str::to_owned).collect(), ran.code)
}

#[test]
fn trial_13_messages_that_failed_in_a_task_are_one_line_on_standard_error() {
    let server = Server::start(|_| Act::json(400, "{}"));
    let mut house = house(&server, 3);
    let (lines, code) = due(&mut house, "2026-11-23T09:01");
    assert_eq!(code, 1, "{lines:?}");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("task `q` is incomplete"), "{lines:?}");
    assert!(lines[0].contains("sms: 3 failed"), "{lines:?}");
}

#[test]
fn an_outage_is_told_once_and_the_next_one_again() {
    let answer = Arc::new(AtomicU16::new(503));
    let seen = Arc::clone(&answer);
    let server = Server::start(move |_| Act::json(seen.load(Ordering::SeqCst), "{}"));
    let mut house = house(&server, 40);
    let (lines, code) = due(&mut house, "2026-11-23T09:01");
    assert_ne!(code, 0);
    assert!(!lines.is_empty(), "the outage begins");
    for minute in 2..=6 {
        let (lines, _) = due(&mut house, &format!("2026-11-23T09:0{minute}"));
        assert!(lines.is_empty(), "told at 09:0{minute} again: {lines:?}");
    }
    answer.store(200, Ordering::SeqCst);
    let (lines, _) = due(&mut house, "2026-11-23T15:00");
    assert!(lines.is_empty(), "well again: {lines:?}");
    let (lines, _) = due(&mut house, "2026-11-25T09:00");
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(rows(&house, "sent").len(), 40);
    // Another outage is news.
    answer.store(503, Ordering::SeqCst);
    house.at("2026-11-25T09:30");
    queue(&house);
    let (lines, _) = due(&mut house, "2026-11-25T09:31");
    assert!(!lines.is_empty(), "the second outage begins");
    let (lines, _) = due(&mut house, "2026-11-25T09:32");
    assert!(lines.is_empty(), "{lines:?}");
}

/// A house whose push goes to Firebase as `server` plays it, with `n` messages in the queue.
fn firebase(server: &Server, n: usize, body: &str) -> House {
    let house = House::new();
    let account = json!({
        "type": "service_account",
        "project_id": "provedor-1",
        "private_key_id": "kid-1",
        "private_key": include_str!("../providers/key.pem"),
        "client_email": "aviso@provedor-1.iam.gserviceaccount.com",
        "token_uri": format!("{}/token", server.url()),
    });
    house.write("fcm.json", account.to_string());
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"\nbase_url = \"{}\"\n\
             workers = 2\nrate_per_minute = 0\n",
            server.url()
        ),
    );
    people(&house, n);
    template(&house, "push", body);
    queue(&house);
    house
}

fn token(expires_in: &str) -> Act {
    let body = format!("{{\"access_token\":\"ya29.t\",\"expires_in\":{expires_in}}}");
    Act::json(200, body)
}

#[test]
fn trial_75_a_tokens_endless_life_is_no_life_of_ours() {
    for expires_in in [
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
        "1e300",
        "0",
        "\"3599\"",
        "null",
    ] {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/token" => token(expires_in),
            _ => Act::json(200, r#"{"name":"projects/provedor-1/messages/0:1"}"#),
        });
        let house = firebase(&server, 3, "Oi");
        let ran = house.run(&["queue", "deliver"]);
        assert!([0, 4].contains(&ran.code), "{expires_in}: {ran:?}");
        let (sent, queued) = (rows(&house, "sent").len(), rows(&house, "queued").len());
        assert_eq!(sent + queued, 3, "{expires_in}: {ran:?}");
    }
}

#[test]
fn trial_114_a_push_that_is_too_big_for_everybody_is_written_again_once_it_is_mended() {
    let server = Server::start(|seen| {
        if seen.path == "/token" {
            return token("3599");
        }
        if !seen.body.contains("comprido") {
            return Act::json(200, r#"{"name":"projects/provedor-1/messages/0:1"}"#);
        }
        let body = json!({"error": {
            "code": 400,
            "message": "Message is too big",
            "status": "INVALID_ARGUMENT",
            "details": [{
                "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                "errorCode": "INVALID_ARGUMENT",
            }],
        }});
        Act::json(400, body.to_string())
    });
    let house = firebase(&server, 40, "Um texto comprido para #cliente_nome#");
    house
        .run(&["queue", "deliver"])
        .exits(4)
        .says("template `notice`");
    assert_eq!(
        (rows(&house, "failed").len(), rows(&house, "queued").len()),
        (0, 40)
    );
    let edit = [
        "template",
        "edit",
        "notice",
        "--body",
        "Curto, #cliente_nome#",
    ];
    house.run(&edit).ok();
    house.run(&["queue", "deliver"]).ok();
    let sent = rows(&house, "sent");
    assert_eq!(sent.len(), 40);
    for row in &sent {
        let id = row["client_id"].as_i64().expect("a client");
        assert_eq!(row["body"], format!("Curto, Client {id}"));
    }
    // The first tries keep the words they carried.
    let tried = sent
        .iter()
        .find(|row| row["attempts"] != json!(1))
        .expect("one that was refused");
    let text =
        house.json(&["history", "show", &tried["id"].to_string()])["attempt_log"].to_string();
    assert!(text.contains("Um texto comprido para Client"), "{text}");
}
