//! Stories of restored backups: what the replaced file did is neither done again nor in the way of what comes.

use serde_json::{Value, json};

use crate::house::House;

const DEFINITIONS: &str = r##"
[[template]]
name = "hello"
channel = "sms"
kind = "support"
body = "#cliente_nome#, olá"
[[template]]
name = "pix"
channel = "sms"
kind = "financial"
body = "Pix: #areceber_pix#"
[[template]]
name = "cut"
channel = "sms"
kind = "support"
body = "#cliente_nome#: suspenso"
[[template]]
name = "back"
channel = "sms"
kind = "support"
body = "#cliente_nome#: de volta"
[[template]]
name = "notice"
channel = "sms"
kind = "financial"
body = "#cliente_nome#: #aviso_suspensao#"
[[trigger]]
name = "cut"
event = "access"
to = ["auto_block", "manual_block"]
templates = ["cut"]
[[trigger]]
name = "back"
event = "access"
from = ["auto_block", "manual_block"]
to = ["active"]
templates = ["back"]
[[rule]]
name = "all"
[[rule.stage]]
name = "notice"
day = 3
notice = "suspension"
templates = ["notice"]
"##;

/// Two clients with a contract and an invoice each.
fn house() -> House {
    let house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile\n1,Ana,F,(49) 99999-0001\n2,Bia,F,(49) 99999-0002\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n21,1,A,A\n22,2,A,A\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n11,1,21,2026-11-10,99.90,A\n12,2,22,2026-11-10,10,A\n",
    );
    house.write("rules.toml", DEFINITIONS);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "rules.toml"]).ok();
    house
}

fn backup(house: &House) -> String {
    let made = house.json(&["backup"]);
    made["file"].as_str().expect("a file").to_owned()
}

/// What was delivered to each address, in order.
fn told(house: &House) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = house.lines("sms.jsonl");
    lines
        .iter()
        .map(|line| (text(&line["address"]), text(&line["body"])))
        .collect()
}

#[test]
fn what_was_dead_in_the_backup_and_went_since_is_not_put_back_into_the_queue() {
    let queued = [
        "send",
        "contracts",
        "--template",
        "hello",
        "--yes",
        "--deliver",
        "queue",
    ];
    // Cancelled then, sent afresh since.
    let mut house = self::house();
    house.run(&queued).ok();
    house.run(&["queue", "cancel", "--all", "--yes"]).ok();
    let copy = backup(&house);
    house
        .run(&["send", "contracts", "--template", "hello", "--yes"])
        .ok();
    assert_eq!(told(&house).len(), 2);
    house.at("2026-11-23T10:00");
    house.run(&["restore", &copy]).ok();
    house
        .run(&["queue", "retry", "--cancelled"])
        .ok()
        .says("the file that was replaced");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(told(&house).len(), 2);

    // Skipped then for want of a value that came since.
    let mut house = self::house();
    house
        .run(&["send", "invoices", "--template", "pix", "--yes"])
        .ok();
    let copy = backup(&house);
    house.write("pix.csv", "id,pix_code\n11,PIX-11\n12,PIX-12\n");
    house.run(&["import", "invoices", "pix.csv"]).ok();
    let retry = ["queue", "retry", "--reason", "missing_value"];
    house.run(&retry).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(told(&house).len(), 2);
    house.at("2026-11-23T10:00");
    house.run(&["restore", &copy]).ok();
    house.run(&["import", "invoices", "pix.csv"]).ok();
    house.run(&retry).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(told(&house).len(), 2);
}

#[test]
fn what_ended_there_without_having_left_may_be_tried_again() {
    let mut house = house();
    house
        .run(&["send", "invoices", "--template", "pix", "--yes"])
        .ok();
    let copy = backup(&house);
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    c.execute_batch("UPDATE message SET status = 'failed', reason = 'gave_up'")
        .expect("a state");
    drop(c);
    house.at("2026-11-23T10:00");
    house.run(&["restore", &copy]).ok();
    house.write("pix.csv", "id,pix_code\n11,PIX-11\n12,PIX-12\n");
    house.run(&["import", "invoices", "pix.csv"]).ok();
    house
        .run(&["queue", "retry", "--reason", "missing_value"])
        .ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(told(&house).len(), 2);
}

#[test]
fn whoever_had_a_template_today_by_another_number_does_not_get_it_again() {
    let mut house = house();
    let copy = backup(&house);
    house.write("moved.csv", "id,mobile\n1,(49) 97777-0001\n");
    house.run(&["import", "clients", "moved.csv"]).ok();
    let send = ["send", "contracts", "--template", "hello", "--yes"];
    house.run(&send).ok();
    house.at("2026-11-23T10:00");
    house.run(&["restore", &copy]).ok();
    house.run(&send).ok();
    assert_eq!(told(&house).len(), 2, "{:?}", told(&house));
}

#[test]
fn changes_of_access_since_the_backup_keep_their_numbers_and_are_told_once() {
    let mut house = house();
    let copy = backup(&house);
    let access = |house: &mut House, now: &str, status: &str| {
        house.at(now);
        house.write("access.csv", format!("id,access_status\n21,{status}\n"));
        house.run(&["import", "contracts", "access.csv"]).ok();
        house.run(&["queue", "deliver"]).ok();
        told(house).len()
    };
    assert_eq!(access(&mut house, "2026-11-24T09:00", "CA"), 1);
    assert_eq!(access(&mut house, "2026-11-24T12:00", "A"), 2);
    assert_eq!(access(&mut house, "2026-11-24T15:00", "CM"), 3);
    house.at("2026-11-25T09:00");
    house.run(&["restore", &copy]).ok();
    // The cut that was told is no news; what comes after it is.
    assert_eq!(access(&mut house, "2026-11-25T10:00", "CM"), 3);
    assert_eq!(access(&mut house, "2026-11-26T10:00", "A"), 4);
    assert_eq!(access(&mut house, "2026-12-20T10:00", "CA"), 5);
}

#[test]
fn a_notice_that_was_given_since_the_backup_is_given_once_and_its_proof_is_kept() {
    let mut house = house();
    let copy = backup(&house);
    house.run(&["collection", "update"]).ok();
    assert_eq!(told(&house).len(), 2);
    house.write(
        "arrived.csv",
        "key,status,at\ncollection/11/1/stage:notice/notice/sms,delivered,2026-11-23T09:02\n",
    );
    house.run(&["receipts", "import", "arrived.csv"]).ok();
    let before = house.json(&["notice", "list"]);
    house.at("2026-11-24T09:00");
    house.run(&["restore", &copy]).ok();
    for now in ["2026-11-24T09:10", "2026-11-25T09:00", "2026-11-26T09:00"] {
        house.at(now);
        house.run(&["collection", "update"]).ok();
    }
    assert_eq!(told(&house).len(), 2, "{:?}", told(&house));
    let after = house.json(&["notice", "list"]);
    assert_eq!(before, after);
    assert_eq!(after[0]["notice_on"], json!("2026-11-23"));
    assert_eq!(after[0]["delivered_at"], json!("2026-11-23T09:02:00-03:00"));
    let proof = house.run(&["notice", "proof", "--client", "1"]).ok().stdout;
    assert!(proof.contains("Ana: Consta em aberto"), "{proof}");
    house.run(&["evidence", "verify"]).ok();
}

#[test]
fn a_notice_whose_fate_nobody_knows_waits_for_a_person() {
    let mut house = house();
    let copy = backup(&house);
    house.run(&["collection", "update"]).ok();
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    c.execute_batch("UPDATE message SET status = 'sending' WHERE client_id = 1")
        .expect("a state");
    drop(c);
    house.at("2026-11-24T09:00");
    house.run(&["restore", &copy]).ok();
    for now in ["2026-11-24T09:10", "2026-11-25T09:00"] {
        house.at(now);
        house.run(&["collection", "update"]).ok();
    }
    assert_eq!(told(&house).len(), 2);
    let unknown = house.json(&["queue", "list", "--unknown"]);
    assert_eq!(unknown[0]["client_id"], json!(1), "{unknown}");
    house.run(&["queue", "retry", "--unknown"]).ok();
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(told(&house).len(), 3);
    house.run(&["evidence", "verify"]).ok();
}
