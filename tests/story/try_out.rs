//! `template test`: one message to oneself; and what a sample of clients would read.

use serde_json::{Value, json};

use crate::house::House;

fn house() -> House {
    let house = House::with_book();
    house.write(
        "t.toml",
        r##"
[[template]]
name = "bill"
channel = "sms"
kind = "financial"
body = "#cliente_primeiro_nome#, a fatura #areceber_numero# de #areceber_valor#."
[[template]]
name = "news"
channel = "email"
kind = "general"
title = "Novidade"
body = "Oi, #cliente_primeiro_nome#"
[[template]]
name = "app"
channel = "push"
kind = "general"
title = "Oi"
body = "#cliente_primeiro_nome#"
"##,
    );
    house.run(&["apply", "t.toml"]).ok();
    house
}

fn history(house: &House) -> Vec<Value> {
    let rows = house.json(&["history", "--limit", "0"]);
    rows.as_array().expect("rows").clone()
}

#[test]
fn a_test_goes_at_once_and_alone_to_the_address_given() {
    let mut house = house();
    house.write(
        "config.toml",
        "[caps]\ncollection = { messages = 1, days = 1 }\n",
    );
    // What waits in the queue stays there, and so does what waits for hours on a Sunday.
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "client_id=1",
            "--template",
            "bill",
            "--deliver",
            "queue",
            "--yes",
        ])
        .ok();
    house.at("2026-11-29T03:00");
    let told = house.json(&[
        "template",
        "test",
        "bill",
        "--to",
        "11 98765-4321",
        "--client",
        "4",
    ]);
    assert_eq!(told["status"], json!("sent"));
    assert_eq!(told["address"], json!("+5511987654321"));
    let sent = house.lines("sms.jsonl");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["address"], json!("+5511987654321"));
    assert_eq!(sent[0]["body"], json!("Davi, a fatura 105 de R$ 59,90."));
    let row = &history(&house)[0];
    assert_eq!(row["origin"], json!("test"));
    assert_eq!(row["client_id"], json!(4));
    assert_eq!(row["invoice_id"], json!(null));
}

#[test]
fn a_test_counts_for_no_cap_of_the_clients_and_is_not_tried_again() {
    let house = house();
    house.write(
        "config.toml",
        "[caps]\ncollection = { messages = 1, days = 1 }\n",
    );
    let test = [
        "template",
        "test",
        "bill",
        "--to",
        "11987654321",
        "--client",
        "1",
    ];
    house
        .run(&test)
        .ok()
        .says("sent by sms to +55 (11) 98765-4321");
    house.run(&test).ok();
    let sent = house.json(&[
        "send",
        "contracts",
        "--filter",
        "client_id=1",
        "--template",
        "bill",
        "--yes",
    ]);
    assert_eq!(sent["messages"]["sent"], json!(1), "{sent}");
    // A test that failed is not put back: it would be written to the client.
    let mut store = regua::store::Store::open(&house.path("regua.db")).expect("the database");
    store.write(|_| Ok(())).expect("writing has begun");
    store
        .connection()
        .execute_batch("UPDATE message SET status = 'failed' WHERE origin = 'test'")
        .expect("failed tests");
    drop(store);
    house
        .run(&["queue", "retry", "--all"])
        .ok()
        .says("a test is not tried again");
    // Nor would it go if it were: it is taken for what it is.
    let mut store = regua::store::Store::open(&house.path("regua.db")).expect("the database");
    store.write(|_| Ok(())).expect("writing has begun");
    store
        .connection()
        .execute_batch("UPDATE message SET status = 'queued', seen = '' WHERE origin = 'test'")
        .expect("queued tests");
    drop(store);
    house.run(&["queue", "deliver"]).ok();
    let sent = house.lines("sms.jsonl");
    assert_eq!(sent.len(), 3, "{sent:?}");
    let states: Vec<String> = history(&house)
        .iter()
        .filter(|row| row["origin"] == "test")
        .map(|row| row["status"].to_string())
        .collect();
    assert_eq!(states, ["\"skipped\"", "\"skipped\""]);
    // A channel that cannot be used at all writes nothing down.
    let before = history(&house).len();
    house.write(
        "config.toml",
        "[sms]\nprovider = \"file\"\npath = \"no/such/folder/sms.jsonl\"\n",
    );
    house.run(&test).exits(4);
    assert_eq!(history(&house).len(), before);
}

#[test]
fn a_test_heeds_what_people_and_lists_forbid_and_tells_whose_an_address_is() {
    let house = house();
    house
        .run(&["optout", "add", "--client", "4", "--purpose", "marketing"])
        .ok();
    house
        .run(&[
            "template",
            "test",
            "news",
            "--to",
            "DAVI@example.com",
            "--client",
            "1",
        ])
        .exits(3)
        .says("client 4's, who said no to marketing by email");
    house.write(
        "lists.csv",
        "list,phone,since\nprocon,11987654321,2026-01-01\n",
    );
    house.run(&["import", "block-lists", "lists.csv"]).ok();
    house
        .run(&[
            "template",
            "test",
            "bill",
            "--to",
            "11987654321",
            "--client",
            "1",
        ])
        .exits(3)
        .says("the list `procon`");
    // Another client's number: nothing of one is told to another unless it is meant.
    let to_davi = [
        "template",
        "test",
        "bill",
        "--to",
        "49988880004",
        "--client",
        "1",
    ];
    house
        .run(&to_davi)
        .exits(2)
        .says("that address is client 4's (Davi Reis), and the message tells of client 1");
    assert!(house.lines("sms.jsonl").is_empty());
    let mut meant = to_davi.to_vec();
    meant.push("--yes");
    house.run(&meant).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 1);
}

#[test]
fn a_test_to_an_address_that_cannot_work_is_refused() {
    let house = house();
    for (template, to) in [
        ("bill", "1"),
        ("bill", "eu@provedor.example"),
        ("bill", "(49) 3333-0000"),
        ("news", "eu"),
        ("news", "a@b"),
        ("app", "two words"),
        ("app", ""),
    ] {
        house
            .run(&["template", "test", template, "--to", to, "--client", "1"])
            .exits(3)
            .says("is no address of the channel");
    }
    house
        .run(&[
            "template",
            "test",
            "bill",
            "--to",
            "11987654321",
            "--client",
            "99",
        ])
        .exits(3);
    // Fábio's invoice is there; Casa owes nothing, and no value is made up.
    house
        .run(&[
            "template",
            "test",
            "bill",
            "--to",
            "11987654321",
            "--client",
            "3",
        ])
        .exits(3)
        .says("has no value for client 3");
    assert!(house.lines("sms.jsonl").is_empty());
    assert!(history(&house).is_empty());
}

#[test]
fn a_sample_reads_as_its_clients_would_and_is_always_the_same() {
    let house = house();
    let first = house.json(&["template", "preview", "bill", "--sample", "3"]);
    let rows = first.as_array().expect("rows");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let body = row["body"].as_str().expect("a text");
        assert!(body.contains("a fatura 1"), "{body}");
        assert!(row["invoice_id"].is_number());
    }
    let again = house.json(&["template", "preview", "bill", "--sample", "3"]);
    assert_eq!(first, again);
    let all = house.json(&["template", "preview", "news", "--sample", "50"]);
    // Édina's registration is not active.
    assert_eq!(all.as_array().expect("rows").len(), 5);
    house
        .run(&[
            "template", "preview", "bill", "--sample", "2", "--client", "1",
        ])
        .exits(2);
    house.run(&["template", "preview", "bill"]).exits(2);
}
