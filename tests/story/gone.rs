//! Stories of rows that whoever brought them no longer has.

use serde_json::{Value, json};

use crate::house::House;

const CLIENTS: &str = "id,name,person_type,mobile,birth_date\n\
    1,Ana Lima,F,(49) 99999-0001,1991-12-01\n\
    2,Bruno Souza,F,(49) 99999-0002,1980-12-01\n\
    3,Casa Ltda,J,(49) 99999-0003,\n";

const INVOICES: &str = "id,client_id,contract_id,portfolio,due_on,amount,status\n\
    101,1,11,Boleto,2026-11-10,99.90,A\n102,2,12,Boleto,2026-11-10,50.00,A\n103,3,13,Boleto,2026-11-10,70.00,A\n";

const DEFINITIONS: &str = r#"
[[template]]
name = "notice"
channel = "sms"
kind = "financial"
body = "notice #areceber_numero#"

[[template]]
name = "inquiry"
channel = "sms"
kind = "financial"
body = "inquiry #areceber_numero#"

[[template]]
name = "hello"
channel = "whatsapp"
kind = "support"
body = "hello {{1}}"
variables = ["cliente_primeiro_nome"]

[[template]]
name = "birthday"
channel = "sms"
kind = "general"
body = "parabéns #cliente_primeiro_nome#"

[[rule]]
name = "basic"
portfolios = ["Boleto"]
[[rule.stage]]
name = "notice"
day = 3
templates = ["notice"]
[[rule.stage]]
name = "inquiry"
day = 20
templates = ["inquiry"]
"#;

/// Three clients with a contract and an overdue invoice each; whatever a file does not have may be gone.
fn house() -> House {
    let house = House::new();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[sync]\nmost_gone = \"50%\"\n[birthday]\ntemplate = \"birthday\"\n",
    );
    house.write("book/clients.csv", CLIENTS);
    house.write(
        "book/contracts.csv",
        "id,client_id,plan,status,access_status\n11,1,Fibra,A,CA\n12,2,Fibra,A,CA\n13,3,Fibra,A,CA\n",
    );
    house.write("book/invoices.csv", INVOICES);
    house.write("definitions.toml", DEFINITIONS);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "definitions.toml"]).ok();
    house
}

/// Imports a kind whole, from these rows.
fn replace(house: &House, kind: &str, rows: &str) -> Value {
    house.write("whole.csv", rows);
    house.json(&["import", kind, "whole.csv", "--replace"])[0].clone()
}

fn without(rows: &str, line: &str) -> String {
    let kept = rows.lines().filter(|row| !row.starts_with(line));
    kept.flat_map(|row| [row, "\n"]).collect()
}

fn reported(house: &House) -> Vec<i64> {
    let rows = house.json(&["report", "run", "invoices", "--columns", "invoice_id"]);
    let ids = rows.as_array().expect("rows").iter();
    ids.map(|row| row["invoice_id"].as_i64().expect("an id"))
        .collect()
}

fn update(house: &House) -> Value {
    house.json(&["collection", "update", "--yes"])["rules"][0].clone()
}

fn case(house: &House, invoice: i64) -> Value {
    let cases = house.json(&["collection", "list"]);
    let found = cases.as_array().expect("cases").iter();
    let mut found = found.filter(|case| case["invoice_id"] == invoice);
    found.next_back().cloned().unwrap_or(Value::Null)
}

#[test]
fn what_a_whole_file_lacks_takes_part_in_nothing() {
    let mut house = house();
    let file = replace(&house, "invoices", &without(INVOICES, "102"));
    assert_eq!(file["gone"], 1);
    assert_eq!(reported(&house), [101, 103]);
    let contract = house.json(&["report", "run", "contracts", "--filter", "contract_id=12"]);
    assert_eq!(contract[0]["overdue_invoices"], 0);
    assert_eq!(update(&house)["entered"], 2);
    assert_eq!(case(&house, 102), Value::Null);

    let file = replace(&house, "clients", &without(CLIENTS, "1,"));
    assert_eq!(file["gone"], 1);
    assert_eq!(reported(&house), [103]);
    house.at("2026-12-01T09:00");
    house.run(&["birthday", "queue"]).ok();
    let told: Vec<Value> = house.lines("sms.jsonl");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].to_string().contains("Bruno"), "{told:?}");
}

#[test]
fn a_case_closes_as_gone_without_a_message_and_reopens_at_its_stage() {
    let mut house = house();
    assert_eq!(update(&house)["entered"], 3);
    house.at("2026-12-01T09:00");
    assert_eq!(update(&house)["advanced"], json!({ "inquiry": 3 }));
    let sent = house.lines("sms.jsonl").len();
    assert_eq!(sent, 6);

    // One invoice is gone, and one client.
    replace(&house, "invoices", &without(INVOICES, "102"));
    replace(&house, "clients", &without(CLIENTS, "3,"));
    house.at("2026-12-02T09:00");
    let answer = update(&house);
    assert_eq!(answer["closed"], json!({ "gone": 2 }));
    assert_eq!(answer["messages"]["queued"], 0);
    assert_eq!(house.lines("sms.jsonl").len(), sent);
    for invoice in [102, 103] {
        assert_eq!(case(&house, invoice)["outcome"], "gone", "{invoice}");
    }
    assert_eq!(case(&house, 101)["outcome"], Value::Null);
    let told = house.run(&["collection", "show", "102"]).ok().stdout;
    assert!(told.contains("gone"), "{told}");

    // They are back: the same cases, at the stage they had, and nothing is told twice.
    replace(&house, "invoices", INVOICES);
    replace(&house, "clients", CLIENTS);
    house.at("2026-12-03T09:00");
    let answer = update(&house);
    assert_eq!(answer["entered"], 0);
    for invoice in [102, 103] {
        let case = case(&house, invoice);
        assert_eq!(
            (&case["outcome"], &case["stage"]),
            (&Value::Null, &json!("inquiry"))
        );
    }
    assert_eq!(
        house
            .json(&["collection", "list"])
            .as_array()
            .expect("cases")
            .len(),
        3
    );
    assert_eq!(house.lines("sms.jsonl").len(), sent);
    house
        .run(&["collection", "show", "103"])
        .ok()
        .prints("reopens at its stage");
}

/// A file that says little of each row, too little for a new one, brings it back all the same.
#[test]
fn a_row_that_comes_again_in_a_file_of_few_columns_is_there_again() {
    let house = house();
    let contracts = |house: &House, clients: &[u32]| {
        let mut text = "id,client_id,status\n".to_owned();
        for client in clients {
            text += &format!("{},{client},A\n", 10 + client);
        }
        house.write("contracts.csv", text);
        house
            .run(&["import", "contracts", "contracts.csv", "--replace"])
            .ok();
        let rows = house.json(&["report", "run", "contracts"]);
        rows.as_array().expect("rows").len()
    };
    assert_eq!(contracts(&house, &[1, 2, 3]), 3);
    assert_eq!(contracts(&house, &[1, 2]), 2);
    assert_eq!(contracts(&house, &[1, 2, 3]), 3);
    // What files brought again may be gone again.
    assert_eq!(contracts(&house, &[1, 2]), 2);
}

#[test]
fn a_queued_message_about_what_is_gone_is_skipped_with_that_word() {
    let house = house();
    for report in ["contracts", "invoices"] {
        house
            .run(&["send", report, "--template", "hello", "--yes"])
            .ok();
    }
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().expect("messages").len(), 3);
    replace(&house, "clients", &without(CLIENTS, "2,"));
    house.run(&["queue", "deliver"]).ok();
    let skipped = house.json(&["history", "--status", "skipped"]);
    assert_eq!(skipped.as_array().expect("messages").len(), 1);
    assert_eq!(skipped[0]["client_id"], 2);
    assert_eq!(skipped[0]["reason"], "gone");
    assert_eq!(house.lines("whatsapp.jsonl").len(), 2);
}

#[test]
fn a_file_that_lacks_too_many_is_refused_whole() {
    let house = house();
    house.write(
        "whole.csv",
        INVOICES.lines().take(2).collect::<Vec<_>>().join("\n"),
    );
    house
        .run(&["import", "invoices", "whole.csv", "--replace"])
        .exits(3)
        .says("2 of the 3 invoices that files brought would be gone, which is more than 50%");
    assert_eq!(reported(&house), [101, 102, 103]);
    house
        .run(&[
            "import",
            "invoices",
            "whole.csv",
            "--replace",
            "--most-gone",
            "70%",
        ])
        .ok();
    assert_eq!(reported(&house), [101]);
    // Without --replace nothing is gone, and a plain import brings a row back.
    house.run(&["import", "invoices", "book/invoices.csv"]).ok();
    assert_eq!(reported(&house), [101, 102, 103]);
    house
        .run(&["import", "devices", "whole.csv", "--replace"])
        .exits(2)
        .says("devices are never taken as gone");
}

#[test]
fn a_bad_row_is_not_gone_but_one_without_an_id_may_be_any() {
    let house = house();
    let bad = INVOICES.replace("102,2,12,Boleto,2026-11-10", "102,2,12,Boleto,2026-02-31");
    house.write("whole.csv", &bad);
    let arguments = [
        "import",
        "invoices",
        "whole.csv",
        "--replace",
        "--skip-bad",
        "bad.csv",
    ];
    house.run(&arguments).exits(1);
    assert_eq!(reported(&house), [101, 102, 103]);
    house.write("whole.csv", INVOICES.replace("102,2", "x,2"));
    house
        .run(&arguments)
        .exits(3)
        .says("nobody can tell which rows are gone");
    assert_eq!(reported(&house), [101, 102, 103]);
}
