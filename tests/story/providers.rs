//! Journeys through real providers: gateways, Firebase, mail servers.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::house::House;
use crate::mail_server::{MailServer, Manner};
use crate::server::{Act, Server};

/// A house with a book, a push template and a push gateway.
fn gateway(server: &Server, more: &str) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"http\"\nurl = \"{}/push\"\ntoken = \"gateway-token\"\nworkers = 1\nrate_per_minute = 0\n\
             body = '{{\"to\":\"#address#\",\"title\":\"#title#\",\"text\":\"#body#\",\"ref\":\"#key#\"}}'\n\
             id_pointer = \"/id\"\ntimeout_seconds = 1\n{more}",
            server.url()
        ),
    );
    add_push(&house);
    house
}

fn add_push(house: &House) {
    house
        .run(&[
            "template",
            "add",
            "cut",
            "--channel",
            "push",
            "--kind",
            "financial",
            "--title",
            "Fatura",
            "--body",
            "#cliente_primeiro_nome#: #areceber_valor#",
        ])
        .ok();
}

const TO_ANA: &[&str] = &[
    "send",
    "contracts",
    "--filter",
    "contract_id=11",
    "--template",
    "cut",
    "--yes",
];

#[test]
fn trial_6_a_proxy_that_opens_no_way_leaves_every_message_in_the_queue() {
    // What is said to a proxy to open the way is no byte of the message.
    for act in [Act::json(407, "{}"), Act::json(502, "{}"), Act::Cut] {
        let proxy = Server::start(move |_| act.clone());
        let house = gateway(&proxy, "");
        let elsewhere = house
            .read("config.toml")
            .replace(&proxy.url(), "http://push.example.com");
        house.write("config.toml", elsewhere);
        let output = house
            .command(TO_ANA)
            .env("HTTP_PROXY", proxy.url())
            .output()
            .expect("regua runs");
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let rows = house.json(&["history"]);
        let rows = rows.as_array().expect("a list");
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(
                (&row["status"], &row["attempts"]),
                (&json!("queued"), &json!(0))
            );
        }
        assert!(
            proxy
                .seen()
                .iter()
                .all(|request| request.method == "CONNECT")
        );
    }
}

#[test]
fn a_push_goes_out_through_a_gateway() {
    let server = Server::start(|_| Act::json(200, r#"{"id":"g-1"}"#));
    let house = gateway(&server, "");
    let answer = house.json(TO_ANA);
    assert_eq!(answer["messages"]["sent"], 2);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(server.connections(), 1);
    assert_eq!(
        seen[0].header("authorization"),
        Some("Bearer gateway-token")
    );
    assert_eq!(
        seen[0].json(),
        json!({"to": "ana-1", "title": "Fatura", "text": "Ana: R$ 99,90",
               "ref": "send/cut/2026-11-23/1/101/ana-1"})
    );
    let message = house.json(&["history", "show", "1"]);
    assert_eq!(message["provider_id"], "g-1");
    assert_eq!(message["attempt_log"][0]["provider"], "http");
}

#[test]
fn later_means_later_and_then_it_goes() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) < 2 {
            Act::json(429, "slow down").with("Retry-After", "600")
        } else {
            Act::json(200, r#"{"id":"g-1"}"#)
        }
    });
    let mut house = gateway(&server, "");
    let answer = house.json(TO_ANA);
    assert_eq!(answer["messages"]["queued"], 2);
    // Ten minutes were asked for: nothing goes before them.
    house.at("2026-11-23T09:09");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 2);
    house.at("2026-11-23T10:30");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 4);
    let sent = house.json(&["history", "--status", "sent"]);
    assert_eq!(sent.as_array().map(Vec::len), Some(2));
    assert_eq!(sent[0]["attempts"], 2);
}

#[test]
fn bad_credentials_close_the_channel_and_lose_nothing() {
    let server = Server::start(|_| Act::json(401, r#"{"error":"who is gateway-token"}"#));
    let house = gateway(&server, "");
    let ran = house.run(TO_ANA).exits(4).says("push closed for this run");
    assert!(!ran.stderr.contains("gateway-token"), "{}", ran.stderr);
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().map(Vec::len), Some(2), "{queued}");
    let database = house.read_bytes("regua.db");
    let secret = b"gateway-token";
    assert!(!database.windows(secret.len()).any(|bytes| bytes == secret));
}

#[test]
fn a_cut_after_the_request_is_unknown_and_not_repeated() {
    let server = Server::start(|seen| {
        if seen.json()["to"] == "ana-1" {
            Act::Cut
        } else {
            Act::json(200, r#"{"id":"g-2"}"#)
        }
    });
    let house = gateway(&server, "");
    let answer = house.run(&[TO_ANA, &["--json"]].concat()).exits(1).json();
    assert_eq!(answer["messages"]["unknown"], 1);
    assert_eq!(answer["messages"]["sent"], 1);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(server.seen().len(), 2, "nobody asked for it again");
    house.run(&["queue", "retry", "--unknown"]).ok();
    house.run(&["queue", "deliver"]).exits(1);
    assert_eq!(server.seen().len(), 3);
}

/// A house whose pushes go through Firebase.
fn firebase(server: &Server) -> House {
    let house = House::with_book();
    let account = json!({
        "type": "service_account", "project_id": "p1", "private_key_id": "k1",
        "private_key": include_str!("../providers/key.pem"),
        "client_email": "aviso@p1.iam.gserviceaccount.com",
        "token_uri": format!("{}/token", server.url()),
    });
    house.write("fcm.json", account.to_string());
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"\nbase_url = \"{}\"\nworkers = 2\n",
            server.url()
        ),
    );
    add_push(&house);
    house
}

fn fcm_error(status: u16, code: &str) -> Act {
    Act::json(
        status,
        format!(
            r#"{{"error":{{"code":{status},"message":"words","status":"S","details":[{{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":"{code}"}}]}}}}"#
        ),
    )
}

#[test]
fn a_device_that_firebase_calls_gone_is_forgotten() {
    let server = Server::start(|seen| {
        if seen.path == "/token" {
            return Act::json(200, r#"{"access_token":"t","expires_in":3599}"#);
        }
        if seen.json()["message"]["token"] == "ana-1" {
            fcm_error(404, "UNREGISTERED")
        } else {
            Act::json(200, r#"{"name":"projects/p1/messages/1"}"#)
        }
    });
    let house = firebase(&server);
    let answer = house.run(&[TO_ANA, &["--json"]].concat()).exits(1).json();
    assert_eq!(answer["messages"]["sent"], 1);
    assert_eq!(answer["messages"]["failed"], 1);
    assert_eq!(answer["reasons"]["app_not_installed"], 1);
    let answer = house.json(&[TO_ANA, &["--again"]].concat());
    assert_eq!(
        answer["messages"]["sent"], 1,
        "only the other device is left: {answer}"
    );
    assert_eq!(answer["messages"]["failed"], 0);
}

#[test]
fn a_fault_of_ours_stops_the_batch_and_forgets_nobody() {
    let server = Server::start(|seen| {
        if seen.path == "/token" {
            return Act::json(200, r#"{"access_token":"t","expires_in":3599}"#);
        }
        Act::json(
            400,
            r#"{"error":{"code":400,"message":"Invalid JSON payload","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"message.data[0].value","description":"bad"}]}]}}"#,
        )
    });
    let house = firebase(&server);
    house.run(TO_ANA).exits(4).says("Invalid JSON payload");
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().map(Vec::len), Some(2));
    let plan = house.json(&[&TO_ANA[..6], &["--again", "--dry-run"]].concat());
    assert_eq!(plan["messages"], 2, "both devices are still there");
}

#[test]
fn validating_asks_firebase_and_sends_nothing() {
    let server = Server::start(|seen| {
        if seen.path == "/token" {
            return Act::json(200, r#"{"access_token":"t","expires_in":3599}"#);
        }
        assert_eq!(seen.json()["validate_only"], true);
        Act::json(200, r#"{"name":"projects/p1/messages/fake"}"#)
    });
    let house = firebase(&server);
    let arguments = [&TO_ANA[..6], &["--validate"]].concat();
    house
        .run(&arguments)
        .ok()
        .says("fcm would take the first message");
    assert_eq!(server.seen_at("messages:send").len(), 1);
    assert_eq!(house.json(&["history"]).as_array().map(Vec::len), Some(0));

    let server = Server::start(|seen| {
        if seen.path == "/token" {
            Act::json(200, r#"{"access_token":"t","expires_in":3599}"#)
        } else {
            fcm_error(404, "UNREGISTERED")
        }
    });
    firebase(&server)
        .run(&arguments)
        .exits(3)
        .says("fcm would not take the first message (404 UNREGISTERED)");

    let house = House::with_book();
    add_push(&house);
    house.run(&arguments).ok().says("file cannot tell");
}

#[test]
fn a_mail_goes_out_and_a_bad_address_does_not_stop_the_rest() {
    let server = MailServer::start(Manner {
        pipelining: true,
        ..Manner::default()
    });
    let house = House::new();
    house.write(
        "book/clients.csv",
        "id,name,person_type,email\n1,Ana,F,ana@example.com\n2,Bia,F,gone@example.com\n3,Caio,F,caio@example.com\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n11,1,A,A\n12,2,A,A\n13,3,A,A\n",
    );
    house.write(
        "config.toml",
        format!(
            "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nworkers = 1\nfrom = \"Provedor <aviso@example.com>\"\n",
            server.address.port()
        ),
    );
    house.run(&["import", "book"]).ok();
    house
        .run(&[
            "template",
            "add",
            "outage",
            "--channel",
            "email",
            "--kind",
            "support",
            "--title",
            "Manutenção",
            "--body",
            "Olá, #cliente_primeiro_nome#.",
        ])
        .ok();
    let answer = house
        .run(&[
            "send",
            "contracts",
            "--template",
            "outage",
            "--yes",
            "--json",
        ])
        .exits(1)
        .json();
    assert_eq!(answer["messages"]["sent"], 2);
    assert_eq!(answer["reasons"]["refused"], 1);
    let to: Vec<String> = server.mails().iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(to, ["ana@example.com", "caio@example.com"]);
    let failed = house.json(&["history", "--status", "failed"]);
    assert_eq!(failed[0]["detail"], "550 5.1.1: no such user here");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_text_message_is_written_in_letters_that_cost_less() {
    let house = House::with_book();
    house.write(
        "config.toml",
        "[sms]\nprovider = \"file\"\ntransliterate = true\n",
    );
    let body = "Olá, #cliente_primeiro_nome#: não haverá conexão de madrugada. ".repeat(2);
    house
        .run(&[
            "template",
            "add",
            "night",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            &body,
        ])
        .ok();
    let preview = house.json(&["template", "preview", "night", "--client", "1"]);
    assert_eq!(preview["segments_before"], 2);
    assert_eq!(preview["segments"], 1);
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11",
            "--template",
            "night",
            "--yes",
        ])
        .ok();
    let sent = &house.lines("sms.jsonl")[0]["body"];
    assert_eq!(
        sent.as_str()
            .map(|text| text.starts_with("Ola, Ana: nao havera conexao")),
        Some(true),
        "{sent}"
    );
}
