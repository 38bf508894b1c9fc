//! WhatsApp through Opa! Suite and Meta: catalogues, the queue, status callbacks.

use serde_json::json;

use crate::house::House;
use crate::server::{Act, Seen, Server};

const TO_ANA: &[&str] = &[
    "send",
    "contracts",
    "--filter",
    "contract_id=11",
    "--template",
    "due",
    "--yes",
];

fn opa_answer(seen: &Seen) -> Act {
    let success = |data: serde_json::Value| {
        Act::json(
            200,
            json!({"status": "success", "code": 200, "data": data}).to_string(),
        )
    };
    match seen.path.as_str() {
        "/api/v1/canal-comunicacao/" => success(json!([
            {"_id": "c1", "nome": "WhatsApp oficial", "status": "A", "canal": "Whatsapp", "integracao": "dialog360"}])),
        "/api/v1/canal-comunicacao/c1/template" => success(json!([
            {"_id": "t1", "atalho": "lembrete", "texto": "Olá {{nome}}, sua fatura de {{valor}} venceu."}])),
        "/api/v1/canal-comunicacao/c1/template/limites-diarios-envio" => Act::json(
            200,
            r#"{"messagesSent":999,"dailyLimit":1000,"availableAmount":1}"#,
        ),
        "/api/v1/template/send" => success(
            json!({"message": "Template has been succesfully sent.", "messageSentId": "m1"}),
        ),
        _ => Act::json(404, r#"{"error":"NOT_FOUND_ERROR","message":"Not found."}"#),
    }
}

fn opa(server: &Server) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!(
            "[whatsapp]\nprovider = \"opa\"\nbase_url = \"{}/api/v1\"\ntoken = \"env:OPA_TOKEN\"\nworkers = 1\n",
            server.url()
        ),
    );
    house.write("secret.txt", "opa-token\n");
    let text = house
        .read("config.toml")
        .replace("env:OPA_TOKEN", "file:secret.txt");
    house.write("config.toml", text);
    house
}

fn add(house: &House, template: &str, vars: &[&str]) -> crate::house::Ran {
    let mut arguments = vec![
        "template",
        "add",
        "due",
        "--channel",
        "whatsapp",
        "--kind",
        "financial",
        "--provider-channel",
        "c1",
        "--provider-template",
        template,
    ];
    for var in vars {
        arguments.extend(["--var", var]);
    }
    house.run(&arguments)
}

const VARS: &[&str] = &["1=cliente_primeiro_nome", "2=areceber_valor"];

#[test]
fn a_template_is_chosen_from_the_catalogue_and_its_text_fetched() {
    let server = Server::start(opa_answer);
    let house = opa(&server);
    let channels = house.json(&["omnichannel", "channels"]);
    assert_eq!(
        channels,
        json!([{"id": "c1", "name": "WhatsApp oficial", "status": "A"}])
    );
    let templates = house.json(&["omnichannel", "templates"]);
    assert_eq!(templates[0]["id"], "t1");
    assert_eq!(templates[0]["variables"], 2);
    assert_eq!(
        house.json(&["omnichannel", "templates", "--channel", "c1"]),
        templates
    );

    add(&house, "c1", VARS).exits(3).says("swapped");
    add(&house, "t1", &VARS[..1])
        .exits(3)
        .says("placeholders in the text: 2, variables given: 1");
    add(&house, "t1", VARS).ok();
    let template = house.json(&["template", "show", "due"]);
    assert_eq!(
        template["body"],
        "Olá {{nome}}, sua fatura de {{valor}} venceu."
    );
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Bearer opa-token")
    );
}

#[test]
fn the_file_provider_has_no_catalogue_and_says_so() {
    let house = House::new();
    house
        .run(&["omnichannel", "channels"])
        .exits(3)
        .says("`file` keeps no channels");
}

#[test]
fn messages_wait_in_the_queue_and_stop_at_the_daily_limit() {
    let server = Server::start(opa_answer);
    let mut house = opa(&server);
    add(&house, "t1", VARS).ok();
    let answer = house.json(&[
        "send",
        "contracts",
        "--filter",
        "access_status=CA",
        "--template",
        "due",
        "--yes",
    ]);
    assert!(answer["messages"]["queued"].as_u64() > Some(1), "{answer}");
    assert!(server.seen_at("/template/send").is_empty());
    house.at("2026-11-23T10:00");
    house
        .run(&["queue", "deliver", "--channel", "whatsapp"])
        .exits(4)
        .says("daily limit");
    let sent = server.seen_at("/template/send");
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].json()["metadata"]["key"],
        "send/due/2026-11-23/1/101/+5549999990001"
    );
    let logs = house.json(&["omnichannel", "logs", "--status", "success"]);
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    assert_eq!(logs[0]["message"], "Template has been succesfully sent.");
}

fn meta_answer(seen: &Seen) -> Act {
    if seen.path.starts_with("/v24.0/waba1/message_templates") {
        return Act::json(
            200,
            json!({"data": [{"id": "1", "name": "fatura", "language": "pt_BR", "status": "APPROVED",
                "parameter_format": "POSITIONAL",
                "components": [{"type": "BODY", "text": "Olá {{1}}, {{2}} venceu."}]}]})
            .to_string(),
        );
    }
    if seen.json()["to"] == "5549999990001" {
        Act::json(
            200,
            r#"{"messaging_product":"whatsapp","contacts":[{"input":"5549999990001","wa_id":"554999990001"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}"#,
        )
    } else {
        Act::Cut
    }
}

fn meta(server: &Server, more: &str) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!(
            "[whatsapp]\nprovider = \"meta\"\nbase_url = \"{}/v24.0\"\nphone_number_id = \"c1\"\naccount_id = \"waba1\"\ntoken = \"meta-token\"\nworkers = 1\ntimeout_seconds = 1\n{more}",
            server.url()
        ),
    );
    // By its name, which only one template has.
    add(&house, "fatura", VARS).ok();
    assert_eq!(
        house.json(&["template", "show", "due"])["provider_template"],
        "fatura/pt_BR"
    );
    house
}

#[test]
fn what_whatsapp_reports_later_reaches_the_history() {
    let server = Server::start(meta_answer);
    let house = meta(&server, "");
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11,14",
            "--template",
            "due",
            "--yes",
        ])
        .ok();
    // Ana's is taken; Davi's answer is lost.
    house.run(&["queue", "deliver"]).exits(1);
    let states = |house: &House| -> Vec<String> {
        let rows = house.json(&["history"]);
        let mut states: Vec<String> = rows
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["client_id"],
                    row["status"].as_str().unwrap_or("")
                )
            })
            .collect();
        states.sort();
        states
    };
    assert_eq!(states(&house), ["1 sent", "4 unknown"]);

    let davi = "send/due/2026-11-23/4/105/+5549988880004";
    let callback = |id: &str, status: &str, more: &str| {
        format!(
            r#"{{"id":"{id}","status":"{status}","timestamp":"1795430000","recipient_id":"55"{more}}}"#
        )
    };
    // What became of a try before the one that was taken changes nothing.
    let ana = &house.json(&["history", "show", "1"])["key"];
    let earlier = callback(
        "wamid.0",
        "failed",
        &format!(r#","biz_opaque_callback_data":{ana},"errors":[{{"code":131026}}]"#),
    );
    house.run_with(&["whatsapp", "status", "-"], &earlier).ok();
    assert_eq!(states(&house), ["1 sent", "4 unknown"]);

    let file = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"changes\":[{{\"value\":{{\"statuses\":[{},{}]}}}}]}}]}}\n{}\n{}\n",
        callback("wamid.1", "delivered", ""),
        callback(
            "wamid.9",
            "sent",
            &format!(r#","biz_opaque_callback_data":"{davi}""#)
        ),
        callback("wamid.1", "read", ""),
        callback("wamid.elsewhere", "read", ""),
    );
    house.write("status.jsonl", &file);
    let answer = house.json(&["whatsapp", "status", "status.jsonl"]);
    assert_eq!(
        answer,
        json!({"read": 4, "matched": 3, "unknown_ids": 1, "repeated": 0, "bad": 0, "opt_outs": 0})
    );
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
    let shown = house.json(&["history", "show", "1"]);
    let reported: Vec<&str> = shown["receipts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|callback| callback["status"].as_str())
        .collect();
    assert_eq!(reported, ["delivered", "read", "failed"]);

    // Read again, nothing changes.
    let answer = house.json(&["whatsapp", "status", "status.jsonl"]);
    assert_eq!(
        (&answer["repeated"], &answer["unknown_ids"]),
        (&json!(3), &json!(1))
    );

    // A failure after that is Davi's alone: Ana has read hers.
    let error = r#","errors":[{"code":131026,"title":"Message undeliverable","error_data":{"details":"no WhatsApp"}}]"#;
    let failures = format!(
        "{}\n{}\n",
        callback("wamid.1", "failed", error),
        callback("wamid.9", "failed", error)
    );
    let answer = house
        .run_with(&["whatsapp", "status", "-", "--json"], failures)
        .ok()
        .json();
    assert_eq!(answer["matched"], 2);
    assert_eq!(states(&house), ["1 sent", "4 failed"]);
    let logs = house.json(&["omnichannel", "logs", "--status", "failure"]);
    assert_eq!(logs[0]["client_id"], 4);

    house.write("bad.jsonl", format!("{file}nonsense\n"));
    house
        .run(&["whatsapp", "status", "bad.jsonl"])
        .exits(1)
        .says("bad.jsonl:4: is not JSON");
}

#[test]
fn a_message_that_waits_for_another_try_does_not_go_when_it_was_sent_after_all() {
    let server = Server::start(|seen: &Seen| {
        if seen.path.ends_with("/messages") {
            return Act::json(500, r#"{"error":{"code":131000,"message":"broken"}}"#);
        }
        meta_answer(seen)
    });
    let mut house = meta(&server, "");
    house.run(TO_ANA).ok();
    house.run(&["queue", "deliver"]).ok();
    let row = house.json(&["history"])[0].clone();
    assert_eq!(
        (&row["status"], &row["attempts"]),
        (&json!("queued"), &json!(1))
    );
    let status = format!(
        r#"{{"id":"wamid.7","status":"sent","timestamp":"1795430000","biz_opaque_callback_data":{}}}"#,
        row["key"]
    );
    house.run_with(&["whatsapp", "status", "-"], &status).ok();
    house.at("2026-11-24T10:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.json(&["history"])[0]["status"], "sent");
    assert_eq!(server.seen_at("/messages").len(), 1);
}

#[test]
fn a_person_who_stopped_marketing_is_opted_out() {
    let server = Server::start(meta_answer);
    let house = meta(&server, "");
    house.run(TO_ANA).ok();
    house.run(&["queue", "deliver"]).ok();
    let answer = house
        .run_with(
            &["whatsapp", "status", "-", "--json"],
            r#"{"id":"wamid.1","status":"failed","timestamp":"1795430000","errors":[{"code":131050}]}"#,
        )
        .ok()
        .json();
    assert_eq!(answer["opt_outs"], 1);
    let listed = house.json(&["optout", "list"]);
    assert_eq!(listed[0]["client_id"], 1);
    assert_eq!(listed[0]["channel"], "whatsapp");
    assert_eq!(listed[0]["purpose"], "marketing");
}

#[test]
fn the_people_of_24_hours_are_counted_over_runs() {
    let server = Server::start(meta_answer);
    let mut house = meta(&server, "daily_recipients = 1\n");
    house.run(TO_ANA).ok();
    house.run(&["queue", "deliver"]).ok();
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=14",
            "--template",
            "due",
            "--yes",
        ])
        .ok();
    house.at("2026-11-23T15:00");
    house
        .run(&["queue", "deliver"])
        .exits(4)
        .says("written to within 24 hours");
    assert_eq!(server.seen_at("/messages").len(), 1);
    house.at("2026-11-24T15:00");
    // The channel had stopped: one message tries it, and is not answered.
    house.run(&["queue", "deliver"]).exits(4).says("1 unknown");
    assert_eq!(
        server.seen_at("/messages").len(),
        2,
        "the next day there is room"
    );
}
