//! Bulk sends.

use crate::house::{House, Ran};
use serde_json::{Value, json};

/// A house with the small book and a template for each channel.
fn house() -> House {
    let house = House::with_book();
    house.write(
        "t.toml",
        r##"
[[template]]
name = "cut"
channel = "push"
kind = "financial"
title = "Fatura"
body = "#cliente_primeiro_nome#: #areceber_valor#"
[[template]]
name = "news"
channel = "push"
kind = "general"
title = "Oi"
body = "#cliente_primeiro_nome#"
[[template]]
name = "sms"
channel = "sms"
kind = "financial"
body = "#cliente_primeiro_nome# #areceber_numero#"
[[template]]
name = "outage"
channel = "sms"
kind = "support"
body = "#cliente_primeiro_nome#"
[[template]]
name = "login"
channel = "sms"
kind = "support"
body = "#login# #login_ip#"
[[template]]
name = "mail"
channel = "email"
kind = "support"
title = "Oi"
body = "#cliente_nome#"
[[template]]
name = "wa"
channel = "whatsapp"
kind = "financial"
body = "Oi {{1}}, {{2}}."
variables = ["cliente_primeiro_nome", "areceber_valor"]
"##,
    );
    house.run(&["apply", "t.toml"]).ok();
    house
}

fn send(house: &House, template: &str, rest: &[&str]) -> Ran {
    let mut arguments = vec!["send", "contracts", "--template", template, "--json"];
    arguments.extend(rest);
    house.run(&arguments)
}

/// The texts delivered, sorted: several workers deliver at once.
fn bodies(house: &House, file: &str) -> Vec<String> {
    let lines = house.lines(file);
    let text = |line: &Value| line["body"].as_str().expect("a text").to_owned();
    let mut bodies: Vec<String> = lines.iter().map(text).collect();
    bodies.sort_unstable();
    bodies
}

/// What became of each row: the client and its state, or the reason why not.
fn fates(answer: &Value) -> Vec<(i64, String)> {
    answer["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let why = row["reason"].as_str().or(row["status"].as_str());
            (
                row["client_id"].as_i64().expect("a client"),
                why.expect("a state").to_owned(),
            )
        })
        .collect()
}

fn pairs(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected
        .iter()
        .map(|(id, why)| (*id, (*why).to_owned()))
        .collect()
}

#[test]
fn a_push_goes_to_every_usable_device_and_says_why_not_elsewhere() {
    let house = house();
    let answer = send(&house, "cut", &["-f", "access_status=CA,CM", "--yes"])
        .ok()
        .json();
    assert_eq!(answer["matched"], 5);
    assert_eq!(
        fates(&answer),
        pairs(&[
            (1, "sent"),
            (1, "sent"),
            (2, "no_first_access"),
            (4, "not_logged_in"),
            (5, "notifications_disabled"),
            (6, "app_not_installed"),
        ])
    );
    let delivered = house.lines("push.jsonl");
    assert_eq!(delivered.len(), 2);
    let first = delivered.iter().find(|m| m["address"] == "ana-1");
    assert_eq!(
        *first.expect("the first device's"),
        json!({
            "at": "2026-11-23T09:00:00-03:00", "key": "send/cut/2026-11-23/1/101/ana-1", "channel": "push",
            "address": "ana-1", "title": "Fatura", "body": "Ana: R$ 99,90"
        })
    );
}

#[test]
fn the_answer_has_exactly_these_keys() {
    let house = house();
    let answer = send(&house, "cut", &["-f", "client_id=1,2", "--yes"])
        .ok()
        .json();
    let keys = |value: &Value| {
        let object = value.as_object().expect("an object");
        object.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&answer),
        [
            "batch", "report", "template", "matched", "messages", "reasons", "rows", "seconds"
        ]
    );
    assert_eq!(
        keys(&answer["messages"]),
        ["sent", "failed", "queued", "skipped", "unknown"]
    );
    let row = [
        "message_id",
        "client_id",
        "client_name",
        "contract_id",
        "address",
        "status",
        "reason",
        "detail",
        "sent_at",
    ];
    assert_eq!(keys(&answer["rows"][0]), row);
    assert_eq!(
        answer["messages"],
        json!({"sent": 2, "failed": 0, "queued": 0, "skipped": 1, "unknown": 0})
    );
    assert_eq!(answer["reasons"], json!({"no_first_access": 1}));
    assert_eq!(answer["rows"][0]["sent_at"], "2026-11-23T09:00:00-03:00");
    assert_eq!(house.json(&["send", "show", "1"])["rows"], answer["rows"]);
    let csv = house.run(&["send", "show", "1", "-o", "csv"]).ok().stdout;
    assert_eq!(csv.lines().next(), Some(row.join(",").as_str()));
    let lines = house.run(&["send", "show", "1", "-o", "jsonl"]).ok().stdout;
    assert_eq!(lines.lines().count(), 3);
    let list = house.json(&["send", "list"]);
    assert_eq!(list[0]["batch"], 1);
    assert_eq!(list[0]["sent"], 2);
    house
        .run(&["send", "show", "9"])
        .exits(3)
        .says("there is no send 9");
}

#[test]
fn the_plan_is_shown_and_nothing_goes_without_yes() {
    let house = house();
    for (arguments, code) in [(["--dry-run"].as_slice(), 0), (&[], 2)] {
        send(&house, "cut", arguments)
            .exits(code)
            .says("7 rows of `contracts`; template `cut` by push")
            .says("1 recipient would receive it (2 messages)")
            .says("1 would be skipped: not_logged_in")
            .says("Ana: R$ 99,90");
    }
    assert_eq!(house.lines("push.jsonl").len(), 0);
    assert_eq!(house.json(&["history"]), json!([]));
    assert_eq!(house.json(&["send", "list"]), json!([]));
}

#[test]
fn a_limit_and_then_the_full_send_reach_everyone_once() {
    let house = house();
    let first = send(&house, "outage", &["--limit", "1", "--yes"])
        .ok()
        .json();
    assert_eq!(fates(&first), pairs(&[(1, "sent")]));
    let rest = send(&house, "outage", &["--yes"]).ok().json();
    // Contract 17 is of client 6 as 16 is: one message for each client.
    assert_eq!(
        fates(&rest),
        pairs(&[
            (2, "unusable_contact"),
            (3, "no_contact"),
            (4, "sent"),
            (5, "sent"),
            (6, "unusable_contact"),
        ])
    );
    assert_eq!(rest["reasons"]["duplicate"], 1);
    let third = send(&house, "outage", &["--yes"]).ok().json();
    assert_eq!(third["rows"], json!([]));
    assert_eq!(third["reasons"], json!({"duplicate": 6}));
    assert_eq!(house.lines("sms.jsonl").len(), 3);
    let again = send(&house, "outage", &["--yes", "--again"]).ok().json();
    assert_eq!(again["messages"]["sent"], 3);
}

#[test]
fn tomorrow_is_another_key() {
    let mut house = house();
    send(&house, "outage", &["-f", "client_id=1", "--yes"]).ok();
    house.at("2026-11-24T09:00");
    let answer = send(&house, "outage", &["-f", "client_id=1", "--yes"])
        .ok()
        .json();
    assert_eq!(answer["messages"]["sent"], 1);
}

#[test]
fn a_sample_is_the_same_every_time() {
    let draw = || {
        let house = house();
        let answer = send(&house, "outage", &["--sample", "2", "--yes"])
            .ok()
            .json();
        assert_eq!(answer["messages"]["sent"], 2);
        fates(&answer)
    };
    assert_eq!(draw(), draw());
}

#[test]
fn another_number_than_expected_stops_the_send() {
    let mut house = house();
    send(&house, "outage", &["--expect", "4", "--yes"])
        .exits(3)
        .says("4 recipients were expected and there would be 3; nothing was sent");
    house.write("config.toml", "max_messages_per_run = 2\n");
    send(&house, "outage", &["--yes"])
        .exits(3)
        .says("max_messages_per_run");
    assert_eq!(house.json(&["history"]), json!([]));
    house.write("config.toml", "max_messages_per_run = 3\n");
    house.at("2026-11-23T10:00");
    send(&house, "outage", &["--expect", "3", "--yes"]).ok();
}

#[test]
fn a_template_with_row_variables_sends_one_message_a_row() {
    let house = house();
    house.write(
        "more.csv",
        "id,client_id,contract_id,username,ip\n31,1,11,ana.2,10.0.0.2\n21,1,11,ana.1,10.0.0.1\n",
    );
    house.run(&["import", "logins", "more.csv"]).ok();
    let arguments = [
        "send",
        "logins",
        "-t",
        "login",
        "-f",
        "client_id=1",
        "--yes",
        "--json",
    ];
    let answer = house.run(&arguments).ok().json();
    assert_eq!(fates(&answer), pairs(&[(1, "sent"), (1, "sent")]));
    let bodies = bodies(&house, "sms.jsonl");
    assert_eq!(bodies, ["ana.1 10.0.0.1", "ana.2 10.0.0.2"]);
    send(&house, "login", &["--yes"]).exits(3).says(
        "template `login` uses #login#, #login_ip#, which a report of contracts cannot supply",
    );
}

#[test]
fn of_a_clients_invoices_the_oldest_owing_one_is_taken() {
    let house = house();
    let answer = send(&house, "sms", &["-f", "client_id=1,6", "--yes"])
        .ok()
        .json();
    assert_eq!(house.lines("sms.jsonl")[0]["body"], "Ana 101");
    assert_eq!(answer["rows"][1]["reason"], "unusable_contact");
    house
        .run(&[
            "send",
            "invoices",
            "-t",
            "sms",
            "-f",
            "client_id=1",
            "--again",
            "--yes",
        ])
        .ok();
    let bodies = bodies(&house, "sms.jsonl");
    assert_eq!(bodies, ["Ana 101", "Ana 101", "Ana 102"]);
}

#[test]
fn every_reason_before_a_provider_is_asked() {
    let house = house();
    house.write("out.csv", "client_id,channel,purpose\n1,,collection\n");
    house.run(&["import", "opt-outs", "out.csv"]).ok();
    house.write("hold.csv", "id,notice_hold_until\n15,2026-11-23\n");
    house.run(&["import", "contracts", "hold.csv"]).ok();
    house.write("phones.csv", "id,mobile\n6,49 98888-0006\n");
    house.run(&["import", "clients", "phones.csv"]).ok();
    house.write("paid.csv", "id,status\n107,R\n");
    house.run(&["import", "invoices", "paid.csv"]).ok();
    let answer = send(&house, "sms", &["--yes"]).ok().json();
    assert_eq!(
        fates(&answer),
        pairs(&[
            (1, "opted_out"),
            (2, "unusable_contact"),
            (3, "no_contact"),
            (4, "channel_not_allowed"),
            (5, "on_hold"),
            (6, "missing_value"),
            (6, "missing_value"),
        ])
    );
    let last = &answer["rows"][6];
    assert_eq!(last["detail"], "#areceber_numero# has no value");
    // Of another purpose, nothing of these holds.
    let answer = send(&house, "outage", &["--yes", "-f", "client_id=1,4,5"])
        .ok()
        .json();
    assert_eq!(
        fates(&answer),
        pairs(&[(1, "sent"), (4, "sent"), (5, "sent")])
    );
    // The hold ends yesterday; the missing invoice is imported: both go the same day.
    house.write("hold.csv", "id,notice_hold_until\n15,2026-11-22\n");
    house.run(&["import", "contracts", "hold.csv"]).ok();
    house.write(
        "i.csv",
        "id,client_id,contract_id,due_on,amount,status\n200,6,16,2026-11-01,5,A\n",
    );
    house.run(&["import", "invoices", "i.csv"]).ok();
    let answer = send(
        &house,
        "sms",
        &["--yes", "-f", "client_id=5,6", "-f", "contract_id!=17"],
    )
    .ok()
    .json();
    assert_eq!(fates(&answer), pairs(&[(5, "sent"), (6, "sent")]));
}

#[test]
fn an_email_that_cannot_work_is_not_tried() {
    let house = house();
    let answer = send(&house, "mail", &["--yes"]).ok().json();
    assert_eq!(
        fates(&answer),
        pairs(&[
            (1, "sent"),
            (2, "unusable_contact"),
            (3, "sent"),
            (4, "sent"),
            (5, "sent"),
            (6, "no_contact"),
        ])
    );
}

#[test]
fn opt_outs_hold_by_channel_and_purpose_until_taken_back() {
    let mut house = house();
    let fate = |house: &House, template: &str| {
        let answer = send(house, template, &["--yes", "--again", "-f", "client_id=1"])
            .ok()
            .json();
        fates(&answer)[0].1.clone()
    };
    house
        .run(&["optout", "add", "--client", "1", "--purpose", "marketing"])
        .ok();
    assert_eq!(fate(&house, "news"), "opted_out");
    assert_eq!(fate(&house, "cut"), "sent");
    house
        .run(&[
            "optout",
            "add",
            "--client",
            "1",
            "--channel",
            "sms",
            "--source",
            "phone",
        ])
        .ok();
    assert_eq!(fate(&house, "outage"), "opted_out");
    assert_eq!(fate(&house, "mail"), "sent");
    let listed = house.json(&["optout", "list"]);
    assert_eq!(
        listed[1],
        json!({
            "client_id": 1, "client_name": "Ana Lima", "channel": "sms", "purpose": null,
            "since": "2026-11-23", "source": "phone"
        })
    );
    house
        .run(&["optout", "remove", "--client", "1", "--channel", "sms"])
        .ok();
    house
        .run(&["optout", "remove", "--client", "1", "--channel", "sms"])
        .exits(3);
    house.at("2026-11-23T09:30");
    assert_eq!(fate(&house, "outage"), "sent");
    house
        .run(&["optout", "add", "--client", "77"])
        .exits(3)
        .says("no client 77");
}

#[test]
fn a_cap_counts_messages_of_the_purpose() {
    let house = house();
    house.write(
        "config.toml",
        "[caps]\ncollection = { messages = 1, days = 1 }\n",
    );
    send(&house, "sms", &["--yes", "-f", "client_id=1"]).ok();
    let answer = send(&house, "wa", &["--yes", "-f", "client_id=1"])
        .ok()
        .json();
    assert_eq!(fates(&answer), pairs(&[(1, "capped")]));
    let answer = send(&house, "outage", &["--yes", "-f", "client_id=1"])
        .ok()
        .json();
    assert_eq!(fates(&answer), pairs(&[(1, "sent")]));
}

#[test]
fn outside_contact_hours_messages_wait_and_go_when_their_turn_comes() {
    let mut house = house();
    house.at("2026-11-21T15:00");
    let answer = send(&house, "sms", &["--yes", "-f", "client_id=1,5"])
        .ok()
        .says("wait until 2026-11-23T08:00:00-03:00")
        .json();
    assert_eq!(fates(&answer), pairs(&[(1, "queued"), (5, "queued")]));
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 0);
    // What is of service does not wait.
    let answer = send(&house, "outage", &["--yes", "-f", "client_id=1"])
        .ok()
        .json();
    assert_eq!(fates(&answer), pairs(&[(1, "sent")]));
    // Paid over the weekend: not asked for again.
    house.write("paid.csv", "id,status\n101,R\n");
    house.run(&["import", "invoices", "paid.csv"]).ok();
    house.at("2026-11-23T08:00");
    house.run(&["queue", "deliver"]).ok();
    let shown = house.json(&["send", "show", "1"]);
    assert_eq!(fates(&shown), pairs(&[(1, "settled"), (5, "sent")]));
}

#[test]
fn whatsapp_is_queued_and_forwarded_later() {
    let house = house();
    let answer = send(&house, "wa", &["--yes", "-f", "client_id=1,2"])
        .ok()
        .says("2 wait in the queue")
        .json();
    assert_eq!(answer["messages"]["queued"], 2);
    house.run(&["queue", "deliver", "--channel", "sms"]).ok();
    assert_eq!(house.lines("whatsapp.jsonl").len(), 0);
    house
        .run(&["queue", "deliver", "--channel", "whatsapp"])
        .ok();
    assert_eq!(
        bodies(&house, "whatsapp.jsonl"),
        ["Oi Ana, R$ 99,90.", "Oi Bruno, R$ 1.000,00."]
    );
    let delivered = house.lines("whatsapp.jsonl");
    let ana = delivered.iter().find(|m| m["address"] == "+5549999990001");
    assert_eq!(ana.expect("Ana's")["variables"], json!(["Ana", "R$ 99,90"]));
    let answer = send(
        &house,
        "wa",
        &["--yes", "-f", "client_id=4", "--deliver", "now"],
    )
    .ok()
    .json();
    assert_eq!(answer["messages"]["sent"], 1);
    let answer = send(
        &house,
        "outage",
        &["--yes", "-f", "client_id=4", "--deliver", "queue"],
    )
    .ok()
    .json();
    assert_eq!(answer["messages"]["queued"], 1);
}

#[test]
fn what_is_unknown_is_suggested() {
    let house = house();
    house
        .run(&["send", "contract", "-t", "cut", "--yes"])
        .exits(3)
        .says("did you mean `contracts`?");
    send(&house, "cutt", &["--yes"])
        .exits(3)
        .says("did you mean `cut`?");
    house
        .run(&["send", "contracts", "--yes"])
        .exits(2)
        .says("--template");
    send(&house, "cut", &["--yes", "-f", "cty=x"])
        .exits(3)
        .says("did you mean `city`?");
}

#[test]
fn the_file_is_written_in_the_reports_order() {
    let house = House::new();
    let mut clients = String::from("id,name,person_type,mobile\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    for id in 1..=300 {
        clients.push_str(&format!("{id},Client {id},F,(49) 98888-{id:04}\n"));
        contracts.push_str(&format!("{id},{id},A,A\n"));
    }
    house.write("book/clients.csv", clients);
    house.write("book/contracts.csv", contracts);
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "outage",
        "--channel",
        "sms",
        "--kind",
        "support",
        "--body",
        "#cliente_id#",
    ];
    house.run(&add).ok();
    let send = [
        "send",
        "contracts",
        "--order",
        "contract_id:desc",
        "--template",
        "outage",
        "--yes",
    ];
    house.run(&send).ok();
    let told: Vec<String> = house
        .lines("sms.jsonl")
        .iter()
        .map(|line| line["body"].as_str().expect("a text").to_owned())
        .collect();
    let wanted: Vec<String> = (1..=300).rev().map(|id: i32| id.to_string()).collect();
    assert_eq!(told, wanted);
}

#[test]
fn a_dry_run_counts_caps_within_itself_as_the_send_will() {
    let house = House::with_book();
    house.write(
        "config.toml",
        "[caps]\ncollection = { messages = 1, days = 1 }\n",
    );
    house
        .run(&[
            "template",
            "add",
            "bill",
            "--channel",
            "email",
            "--kind",
            "financial",
            "--title",
            "Fatura #areceber_numero#",
            "--body",
            "#areceber_valor#",
        ])
        .ok();
    // Ana has two invoices, and may have one message.
    let look = house.json(&["send", "invoices", "--template", "bill", "--dry-run"]);
    assert_eq!(look["recipients"], 4, "{look}");
    assert_eq!(look["reasons"]["capped"], 1, "{look}");
    let told = look["recipients"].to_string();
    let sent = house.json(&[
        "send",
        "invoices",
        "--template",
        "bill",
        "--expect",
        &told,
        "--yes",
    ]);
    assert_eq!(sent["messages"]["sent"], 4);
    assert_eq!(sent["reasons"], look["reasons"]);
}

/// A house with a text message to send.
fn house_with_texts() -> House {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "outage",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Manutencao hoje.",
        ])
        .ok();
    house
}

#[test]
fn the_history_finds_a_number_however_it_is_written() {
    let house = house_with_texts();
    house
        .run(&["send", "contracts", "-t", "outage", "--yes"])
        .ok();
    for written in [
        "+55 (49) 99999-0001",
        "(49) 99999-0001",
        "99999-0001",
        "+5549999990001",
        "9990001",
    ] {
        let found = house.json(&["history", "--contact", written]);
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{written}");
        assert_eq!(found[0]["client_id"], 1);
    }
    for written in ["98888-9999", "-", "ana@"] {
        let found = house.json(&["history", "--contact", written]);
        assert_eq!(found.as_array().map(Vec::len), Some(0), "{written}");
    }
}

#[test]
fn the_whatsapp_log_finds_a_number_as_it_shows_it() {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "due",
            "--channel",
            "whatsapp",
            "--kind",
            "support",
            "--body",
            "Ola {{1}}, ate logo.",
            "--var",
            "1=cliente_primeiro_nome",
        ])
        .ok();
    house.run(&["send", "contracts", "-t", "due", "--yes"]).ok();
    house.run(&["queue", "deliver"]).ok();
    let log = house.json(&["omnichannel", "logs", "--contact", "+55 (49) 99999-0001"]);
    assert_eq!(log.as_array().map(Vec::len), Some(1));
    assert_eq!(log[0]["contact"], "+5549999990001");
}

#[test]
fn every_answer_as_csv_begins_with_its_header() {
    let house = house_with_texts();
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "outage",
            "--deliver",
            "queue",
            "--yes",
        ])
        .ok();
    let shown = house.run(&["history", "show", "1", "-o", "csv"]).ok();
    assert!(
        shown.stdout.starts_with("id,key,channel,"),
        "{}",
        shown.stdout
    );
    assert_eq!(shown.stdout.lines().count(), 2);
    let cancelled = house
        .run(&["queue", "cancel", "1", "--yes", "-o", "csv"])
        .ok();
    assert_eq!(cancelled.stdout, "messages\n1\n");
}

#[test]
fn a_mail_password_without_a_username_is_named_for_what_it_is() {
    let house = House::new();
    house.write(
        "config.toml",
        "[email]\nprovider = \"smtp\"\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\npassword = \"hunter2\"\n",
    );
    let ran = house
        .run(&["history"])
        .exits(3)
        .says("email.password: stands without a username");
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn a_quiet_run_that_fails_still_says_why() {
    let house = house_with_texts();
    house.write("config.toml", "[sms]\npath = \"nowhere/sms.jsonl\"\n");
    let ran = house
        .run(&["send", "contracts", "-t", "outage", "--yes", "-q"])
        .exits(4)
        .says("error: sms closed for this run: messages cannot be written to");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_send_is_cancelled_and_undone() {
    let house = house();
    send(&house, "mail", &["--yes", "--deliver", "queue"]).ok();
    house.run(&["send", "cancel", "1"]).exits(2).says("--yes");
    let told = house.json(&["send", "cancel", "1", "--yes"]);
    let waited = told["messages"].as_u64().expect("a number");
    assert!(waited > 0);
    house.run(&["queue", "deliver"]).ok();
    assert!(house.lines("email.jsonl").is_empty());
    let shown = house.json(&["send", "show", "1"]);
    assert_eq!(shown["messages"]["queued"], json!(0));
    // Nothing waits any more: cancelling again is no error.
    assert_eq!(
        house.json(&["send", "cancel", "1", "--yes"]),
        json!({ "messages": 0 })
    );
    house
        .run(&["queue", "retry", "--cancelled", "--batch", "1"])
        .ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("email.jsonl").len() as u64, waited);
    house.run(&["send", "cancel", "9", "--yes"]).exits(3);
    house.run(&["send", "resume", "9"]).exits(3);
}

#[test]
fn a_send_goes_on_with_what_failed_and_what_waits_and_repeats_nothing() {
    let house = house();
    let whole = send(&house, "outage", &["--dry-run"]).ok().json();
    let all = whole["messages"].as_u64().expect("a number");
    send(&house, "outage", &["--yes", "--deliver", "queue"]).ok();
    let waiting = house.json(&["queue", "list"]);
    let (one, other) = (&waiting[0]["id"], &waiting[1]["id"]);
    // One failed, one nobody can tell of; the rest waits.
    let mut store = regua::store::Store::open(&house.path("regua.db")).expect("the database");
    store.write(|_| Ok(())).expect("writing has begun");
    store
        .connection()
        .execute_batch(&format!(
            "UPDATE message SET status = 'failed', reason = 'gave_up' WHERE id = {one};
             UPDATE message SET status = 'unknown' WHERE id = {other};"
        ))
        .expect("two states");
    drop(store);
    // Nobody can tell of one yet, and so the run says.
    let told = house
        .run(&["send", "resume", "1", "--json"])
        .exits(1)
        .json();
    assert_eq!(told["messages"]["failed"], json!(0), "{told}");
    assert_eq!(told["messages"]["unknown"], json!(1));
    assert_eq!(told["messages"]["sent"], json!(all - 1));
    assert_eq!(house.lines("sms.jsonl").len() as u64, all - 1);
    // What may have arrived is sent again only when that is asked for.
    house
        .run(&["send", "resume", "1", "--unknown"])
        .ok()
        .says("1 message back in the queue");
    assert_eq!(house.lines("sms.jsonl").len() as u64, all);
    let told = house.run(&["send", "resume", "1"]).ok();
    assert!(
        told.stderr.contains("0 messages back in the queue"),
        "{}",
        told.stderr
    );
    assert_eq!(house.lines("sms.jsonl").len() as u64, all);
}

#[test]
fn what_the_former_holder_of_a_contract_owes_is_told_to_nobody_else() {
    let house = House::new();
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile\n1,Ana,F,49 98888-0001\n2,Bia,F,49 98888-0002\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n10,1,A,A\n20,2,A,CA\n",
    );
    // Contract 20 was Ana's when invoice 9 was made; it is Bia's now, who owes invoice 11 of no contract.
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,portfolio,due_on,amount,status\n9,1,20,Boleto,2026-10-10,5.00,A\n11,2,,Pix,2026-11-10,7.00,A\n",
    );
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "deve",
        "--channel",
        "sms",
        "--kind",
        "financial",
        "--body",
        "deve #areceber_numero#",
    ];
    house.run(&add).ok();
    house
        .run(&["send", "contracts", "-t", "deve", "--yes"])
        .ok();
    let sent = house.lines("sms.jsonl");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["address"], "+5549988880002");
    assert_eq!(sent[0]["body"], "deve 11");
    let late = house.json(&["report", "run", "contracts", "--filter", "overdue_days>=1"]);
    assert_eq!(late, json!([]), "Bia is not late of the contract");
    let rows = house.json(&["report", "run", "contracts", "--filter", "contract_id=20"]);
    for (field, value) in [
        ("open_invoices", json!(0)),
        ("overdue_invoices", json!(0)),
        ("overdue_days", json!(0)),
        ("overdue_total", json!(0.0)),
        ("oldest_due_on", json!(null)),
        ("portfolio", json!(null)),
    ] {
        assert_eq!(rows[0][field], value, "{field}");
        let word = if value.is_null() {
            String::new()
        } else {
            value.to_string()
        };
        let filter = format!("{field}={word}");
        let found = house.json(&["report", "run", "contracts", "--filter", &filter]);
        assert_eq!(found.as_array().map(Vec::len), Some(2), "{filter}");
    }
}

#[test]
fn a_send_to_many_comes_to_what_its_dry_run_said() {
    let house = house_with_texts();
    let mut clients = "id,name,person_type,active,mobile\n".to_owned();
    let mut contracts = "id,client_id,status,access_status\n".to_owned();
    for id in 101..2_501 {
        // Some have no number, or one that is none, or several contracts.
        let mobile = match id % 11 {
            0 => String::new(),
            1 => "0".to_owned(),
            _ => format!("4999{:07}", id * 3),
        };
        clients += &format!("{id},Cliente {id},F,S,{mobile}\n");
        for contract in 0..=i32::from(id % 7 == 0) {
            contracts += &format!("{},{id},A,A\n", id * 10 + contract);
        }
    }
    house.run_with(&["import", "clients", "-"], clients).ok();
    house
        .run_with(&["import", "contracts", "-"], contracts)
        .ok();
    let outage = ["send", "contracts", "-t", "outage"];
    let fate = |row: &Value, state: &str| {
        let why = row["reason"].as_str().unwrap_or(state).to_owned();
        (row["client_id"].clone(), row["address"].clone(), why)
    };
    let look = house.json(&with(&outage, &["--dry-run"]));
    let planned: Vec<_> = rows_of(&look).map(|row| fate(row, "sent")).collect();
    assert!(planned.len() > 2_400, "{}", planned.len());
    // Nothing is kept of one that is not to be carried out, however far it came.
    house
        .run(&with(&outage, &["--yes", "--expect", "3"]))
        .exits(3)
        .says("3 recipients were expected");
    assert_eq!(house.json(&["history"]), json!([]));
    let sent = house.json(&with(
        &outage,
        &["--yes", "--expect", &look["recipients"].to_string()],
    ));
    assert_eq!(sent["reasons"], look["reasons"]);
    let mut became: Vec<_> = rows_of(&sent)
        .map(|row| (row["message_id"].as_i64(), fate(row, "sent")))
        .collect();
    became.sort_by_key(|(id, _)| *id);
    let became: Vec<_> = became.into_iter().map(|(_, fate)| fate).collect();
    assert_eq!(became, planned);
    let again = house.json(&with(&outage, &["--yes"]));
    assert_eq!(again["reasons"], json!({"duplicate": planned.len()}));
}

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

fn rows_of(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["rows"].as_array().expect("rows").iter()
}
