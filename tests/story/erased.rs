//! Stories of erased clients: nothing of theirs comes back, nobody writes to them, nothing untrue is said of them.

use std::process::Stdio;

use serde_json::json;

use crate::house::House;
use crate::server::{Act, Server};

const ERASE: [&str; 6] = ["client", "erase", "1", "--why", "pedido 77", "--yes"];

/// Two clients with a contract, an invoice and a device each, templates, and triggers of tickets.
fn house(config: &str) -> House {
    let house = House::new();
    house.write("config.toml", format!("max_data_age_hours = 0\n{config}"));
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,email\n1,Zuleica Quaresma,F,(49) 98888-7777,zuleica.q@example.com\n\
         2,Outra Pessoa,F,(49) 99999-0002,\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n21,1,A,A\n22,2,A,A\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n11,1,21,2026-11-10,99.90,A\n12,2,22,2026-11-10,10,A\n",
    );
    house.write(
        "book/devices.csv",
        "address,client_id\ntoken-da-zuleica,1\ntoken-da-outra,2\n",
    );
    house.write(
        "book/staff.csv",
        "id,name,email,notify_replies\n34,Rui,rui@example.com,S\n",
    );
    house.write(
        "rules.toml",
        r##"
[[template]]
name = "late"
channel = "sms"
kind = "financial"
body = "#cliente_nome# deve"
[[template]]
name = "app"
channel = "push"
kind = "support"
title = "Aviso"
body = "#cliente_nome#, aviso"
[[template]]
name = "answered"
channel = "email"
kind = "support"
title = "#cliente_nome#: #atendimento_titulo#"
body = "#cliente_telefone# #cliente_email# #atendimento_resposta#"
[[trigger]]
name = "answered"
event = "reply"
staff = [34]
templates = ["answered"]
"##,
    );
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "rules.toml"]).ok();
    house
}

/// Which of these stand in the bytes of the database.
fn found<'v>(house: &House, values: &[&'v str]) -> Vec<&'v str> {
    let bytes = [
        house.read_bytes("regua.db"),
        house.read_bytes("regua.db-wal"),
    ]
    .concat();
    let holds = |value: &&&str| {
        bytes
            .windows(value.len())
            .any(|part| part == value.as_bytes())
    };
    values.iter().filter(holds).copied().collect()
}

#[test]
fn what_the_staff_was_told_of_an_erased_clients_tickets_is_gone_too() {
    let house = house("[email]\nprovider = \"file\"\n");
    let events = "{\"id\":\"e1\",\"type\":\"opened\",\"ticket_id\":70,\"client_id\":1,\"title\":\"Na casa da Zuleica\",\"opened_by\":\"client\"}\n\
                  {\"id\":\"e2\",\"type\":\"replied\",\"ticket_id\":70,\"text\":\"sou a Zuleica\",\"by\":\"client\"}\n";
    house.run_with(&["ticket", "events", "-"], events).ok();
    assert_eq!(house.lines("email.jsonl").len(), 1);
    house
        .run(&[
            "hold",
            "add",
            "--client",
            "2",
            "--why",
            "irmã de Zuleica Quaresma",
        ])
        .ok();
    house.run(&ERASE).ok();
    let values = [
        "Zuleica",
        "98888-7777",
        "5549988887777",
        "zuleica.q@example.com",
    ];
    assert_eq!(found(&house, &values), [""; 0]);
    let told = house.json(&["history"]);
    assert_eq!(
        (&told[0]["address"], &told[0]["status"], &told[0]["body"]),
        (&json!("rui@example.com"), &json!("sent"), &json!(null))
    );
    // Nothing is left to be said to the staff once more.
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    c.execute_batch("UPDATE message SET status = 'failed', reason = 'gave_up'")
        .expect("a state");
    drop(c);
    house
        .run(&["queue", "retry", "--all"])
        .ok()
        .says("its client was erased");
}

#[test]
fn an_erased_client_is_not_reached_by_the_id_that_stays() {
    let server = Server::start(|_| Act::json(200, "{}"));
    let house = house(&format!(
        "[push]\nprovider = \"http\"\nurl = \"{}/send\"\nmethod = \"POST\"\nbody = '{{\"to\": \"#client_id#\"}}'\naddresses = \"client\"\n",
        server.url()
    ));
    house.run(&ERASE).ok();
    let sent = house.json(&["send", "contracts", "--template", "app", "--yes"]);
    assert_eq!(sent["reasons"], json!({"no_contact": 1}), "{sent}");
    let told: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(told, ["{\"to\": \"2\"}"]);
    // The way back is open, but nobody has come it yet.
    house.run(&["client", "restore", "1"]).ok();
    let sent = house.json(&["send", "contracts", "--template", "app", "--yes", "--again"]);
    assert_eq!(sent["reasons"], json!({"no_contact": 1}), "{sent}");
}

#[test]
fn a_client_who_comes_back_takes_part_as_any_other() {
    let house = house("");
    house.run(&ERASE).ok();
    house.run(&["client", "restore", "1"]).ok();
    house.run(&["import", "book"]).ok();
    let known = house.json(&["client", "show", "1"]);
    for switch in [
        "active",
        "in_collection",
        "in_reminders",
        "sms_allowed",
        "email_allowed",
    ] {
        assert_eq!(known["client"][switch], json!(true), "{switch}");
    }
    let sent = house.json(&["send", "invoices", "--template", "late", "--yes"]);
    assert_eq!(sent["messages"]["sent"], json!(2), "{sent}");
    // What the book said no to since is kept.
    house.write("more.csv", "id,in_collection\n1,N\n");
    house.run(&["import", "clients", "more.csv"]).ok();
    house.run(&["import", "book"]).ok();
    let known = house.json(&["client", "show", "1"]);
    assert_eq!(known["client"]["in_collection"], json!(false));
}

#[test]
fn a_row_that_becomes_an_erased_clients_is_no_longer_anothers() {
    let house = house("");
    house.run(&ERASE).ok();
    house.write("book/devices.csv", "address,client_id\ntoken-da-outra,1\n");
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n12,1,22,2026-11-10,10,A\n",
    );
    house.run(&["import", "devices", "book/devices.csv"]).ok();
    house.run(&["import", "invoices", "book/invoices.csv"]).ok();
    let sent = house.json(&["send", "contracts", "--template", "app", "--yes"]);
    assert_eq!(sent["messages"]["sent"], json!(0), "{sent}");
    let sent = house.json(&["send", "invoices", "--template", "late", "--yes"]);
    assert_eq!(sent["messages"]["sent"], json!(0), "{sent}");
    let known = house.json(&["client", "show", "1"]);
    assert_eq!(known["devices"], json!([]), "{known}");
}

#[test]
fn a_message_that_is_being_sent_is_not_called_cancelled_and_leaves_no_answer_behind() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = Server::start(move |_| {
        let _ = wait.lock().expect("one at a time").recv();
        Act::json(200, "{\"to\": \"5549988887777\"}")
    });
    let house = house(&format!(
        "[sms]\nprovider = \"http\"\nurl = \"{}/send\"\nmethod = \"POST\"\nbody = '{{\"to\": \"#address#\"}}'\nworkers = 1\n",
        server.url()
    ));
    let run = house
        .command(&[
            "send",
            "invoices",
            "--template",
            "late",
            "--yes",
            "--limit",
            "1",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut run = run.expect("the program runs");
    while server.seen().is_empty() {
        assert!(
            run.try_wait().expect("its state").is_none(),
            "it ended early"
        );
        std::thread::yield_now();
    }
    house
        .run(&ERASE)
        .exits(5)
        .says("a message of client 1 is being sent; nothing was erased");
    drop(go);
    assert_eq!(run.wait().expect("its end").code(), Some(0));
    house.run(&ERASE).ok();
    assert_eq!(house.json(&["history"])[0]["status"], json!("sent"));
    assert_eq!(found(&house, &["5549988887777"]), [""; 0]);
    house.run(&["evidence", "verify"]).ok();
}

#[test]
fn what_a_dead_run_had_in_hand_of_an_erased_client_nobody_knows() {
    let house = house("");
    let queue = [
        "send",
        "invoices",
        "--template",
        "late",
        "--yes",
        "--deliver",
        "queue",
    ];
    house.run(&queue).ok();
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    c.execute_batch("UPDATE message SET status = 'sending', attempts = 1 WHERE client_id = 1")
        .expect("a state");
    drop(c);
    let erased = house.json(&ERASE);
    assert_eq!(erased["cancelled"], json!(0));
    let rows = house.json(&["history", "--client", "1"]);
    assert_eq!(rows[0]["status"], json!("unknown"));
    house.run(&["evidence", "verify"]).ok();
}

#[test]
fn what_is_reported_of_an_erased_clients_message_keeps_no_words() {
    let house = house("");
    house.write(
        "ladder.toml",
        "[[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\"]\n",
    );
    house.run(&["apply", "ladder.toml"]).ok();
    house.run(&["collection", "update"]).ok();
    house.run(&ERASE).ok();
    house.write(
        "arrived.csv",
        "key,status,at,text\ncollection/11/1/stage:notice/late/sms,failed,2026-11-23T09:02,no route to 5549988887777\n",
    );
    let taken = house.json(&["receipts", "import", "arrived.csv"]);
    assert_eq!(taken["matched"], json!(1));
    assert_eq!(
        house.json(&["history", "--client", "1"])[0]["status"],
        json!("failed")
    );
    assert_eq!(found(&house, &["5549988887777"]), [""; 0]);
    house.run(&["evidence", "verify"]).ok();
}
