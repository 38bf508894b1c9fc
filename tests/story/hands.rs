//! Stories of invoices and contracts that change hands: what one client was told counts for nobody else.

use serde_json::{Value, json};

use crate::house::House;

const DEFINITIONS: &str = r##"
[[template]]
name = "first"
channel = "sms"
kind = "financial"
body = "primeiro #cliente_primeiro_nome#"

[[template]]
name = "second"
channel = "sms"
kind = "financial"
body = "segundo #cliente_primeiro_nome#"

[[template]]
name = "thanks"
channel = "sms"
kind = "financial"
body = "pago #cliente_primeiro_nome#"

[[template]]
name = "cleared"
channel = "sms"
kind = "financial"
body = "retirado #cliente_primeiro_nome#"

[[template]]
name = "suspension"
channel = "sms"
kind = "financial"
body = "#aviso_suspensao#"

[[rule]]
name = "residential"
[[rule.stage]]
name = "notice"
day = 3
templates = ["first"]
[[rule.stage]]
name = "inquiry"
day = 8
templates = ["second"]
[rule.closing]
paid = ["thanks"]
bureau_removed = ["cleared"]
"##;

/// Ana, whose invoice 101 is late, and Bruno, each with a contract.
fn provider() -> House {
    let mut house = House::new();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[company]\nname = \"Provedor\"\ntax_id = \"12.345.678/0001-95\"\n",
    );
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile\n1,Ana Lima,F,(49) 99999-0001\n2,Bruno Souza,F,(49) 99999-0002\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n21,1,A,A\n22,2,A,A\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n101,1,21,2026-11-10,99.90,A\n",
    );
    house.write("definitions.toml", DEFINITIONS);
    house.at("2026-11-16T09:00");
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "definitions.toml"]).ok();
    house
}

fn update(house: &mut House, day: &str) {
    house.at(&format!("{day}T09:00"));
    house.run(&["collection", "update", "--yes"]).ok();
}

fn import(house: &House, kind: &str, text: &str) {
    house.write("change.csv", text);
    house.run(&["import", kind, "change.csv"]).ok();
}

/// What was sent, in order.
fn sent(house: &House) -> Vec<String> {
    let lines = house.lines("sms.jsonl");
    let texts = lines
        .iter()
        .map(|line| line["body"].as_str().expect("a text").to_owned());
    texts.collect()
}

/// Each case's client, stage and outcome, the oldest first.
fn cases(house: &House) -> Vec<Value> {
    let rows = house.json(&["collection", "list", "--order", "case_id"]);
    let rows = rows.as_array().expect("a list");
    let case = |row: &Value| json!([row["client_id"], row["stage"], row["outcome"]]);
    rows.iter().map(case).collect()
}

#[test]
fn whoever_has_an_invoice_now_is_not_told_the_next_stage_of_another_clients_case() {
    let mut house = provider();
    update(&mut house, "2026-11-16");
    import(&house, "invoices", "id,client_id,contract_id\n101,2,22\n");
    update(&mut house, "2026-11-23");
    assert_eq!(sent(&house), ["primeiro Ana"], "Bruno had no first notice");
    assert_eq!(cases(&house), [json!([1, "notice", "gone"])]);
    update(&mut house, "2026-11-24");
    update(&mut house, "2026-11-25");
    assert_eq!(
        sent(&house),
        ["primeiro Ana", "primeiro Bruno", "segundo Bruno"],
        "the way of a late invoice begins at its beginning"
    );
    assert_eq!(
        cases(&house),
        [json!([1, "notice", "gone"]), json!([2, "inquiry", null])]
    );
}

#[test]
fn an_invoice_that_was_paid_by_the_next_client_thanks_nobody_for_the_formers_case() {
    let mut house = provider();
    update(&mut house, "2026-11-16");
    import(
        &house,
        "invoices",
        "id,client_id,contract_id,status\n101,2,22,R\n",
    );
    update(&mut house, "2026-11-17");
    update(&mut house, "2026-11-18");
    assert_eq!(sent(&house), ["primeiro Ana"]);
    assert_eq!(cases(&house), [json!([1, "notice", "gone"])]);
}

#[test]
fn an_invoice_that_comes_back_goes_on_where_its_client_stood() {
    let mut house = provider();
    update(&mut house, "2026-11-16");
    import(&house, "invoices", "id,client_id,contract_id\n101,2,22\n");
    update(&mut house, "2026-11-17");
    import(&house, "invoices", "id,client_id,contract_id\n101,1,21\n");
    update(&mut house, "2026-11-23");
    assert_eq!(sent(&house), ["primeiro Ana", "segundo Ana"]);
    assert_eq!(cases(&house), [json!([1, "inquiry", null])]);
}

#[test]
fn a_case_that_was_gone_does_not_reopen_for_another_client() {
    let mut house = provider();
    update(&mut house, "2026-11-16");
    house.write(
        "none.csv",
        "id,client_id,contract_id,due_on,amount,status\n102,2,22,2027-01-10,10,A\n",
    );
    house
        .run(&[
            "import",
            "invoices",
            "none.csv",
            "--replace",
            "--most-gone",
            "100%",
        ])
        .ok();
    update(&mut house, "2026-11-17");
    assert_eq!(cases(&house), [json!([1, "notice", "gone"])]);
    import(
        &house,
        "invoices",
        "id,client_id,contract_id,due_on,amount,status\n101,2,22,2026-11-10,99.90,A\n",
    );
    update(&mut house, "2026-11-23");
    assert_eq!(sent(&house), ["primeiro Ana", "primeiro Bruno"]);
}

#[test]
fn nobody_is_handed_over_to_a_bureau_nor_cleared_for_another_clients_case() {
    let mut house = provider();
    update(&mut house, "2026-11-16");
    let handover = ["collection", "handover", "--stage", "notice"];
    assert_eq!(house.json(&handover)[0]["client_id"], 1);
    import(
        &house,
        "invoices",
        "id,client_id,contract_id,bureau_listed_on\n101,2,22,2026-11-17\n",
    );
    house.at("2026-11-17T08:00");
    assert_eq!(house.json(&handover), json!([]), "the case is not Bruno's");
    update(&mut house, "2026-11-18");
    import(
        &house,
        "invoices",
        "id,bureau_removed_on,status\n101,2026-11-19,C\n",
    );
    update(&mut house, "2026-11-19");
    update(&mut house, "2026-11-20");
    assert_eq!(sent(&house), ["primeiro Ana"], "Bruno was never listed");
}

#[test]
fn nobody_is_ready_to_be_suspended_for_an_invoice_or_a_contract_that_is_anothers_now() {
    let ready = |change: &[(&str, &str)]| {
        let mut house = provider();
        house
            .run(&[
                "rule",
                "edit",
                "residential",
                "--stage",
                "inquiry:8:suspension",
            ])
            .ok();
        house
            .run(&[
                "rule",
                "edit",
                "residential",
                "--notice",
                "inquiry:suspension",
            ])
            .ok();
        for day in ["2026-11-18", "2026-11-19"] {
            update(&mut house, day);
        }
        house.at("2026-12-09T09:00");
        for (kind, text) in change {
            import(&house, kind, text);
        }
        let rows = house.json(&["notice", "list", "--ready"]);
        rows.as_array().expect("a list").len()
    };
    assert_eq!(ready(&[]), 1, "Ana had her notice three weeks ago");
    assert_eq!(
        ready(&[("invoices", "id,client_id,contract_id\n101,2,22\n")]),
        0,
        "the invoice is Bruno's"
    );
    assert_eq!(
        ready(&[("contracts", "id,client_id\n21,2\n")]),
        0,
        "the contract is Bruno's"
    );
}

#[test]
fn what_goes_on_until_it_is_delivered_stops_where_the_invoice_is_anothers() {
    let told = |change: Option<&str>| {
        let mut house = provider();
        let definitions = DEFINITIONS.replace(
            "day = 3\ntemplates = [\"first\"]",
            "day = 3\ntemplates = [\"first\", \"second\"]\ndeliver = \"until_delivered\"\nhours = 2",
        );
        house.write("definitions.toml", definitions);
        house.run(&["apply", "definitions.toml"]).ok();
        update(&mut house, "2026-11-16");
        if let Some(text) = change {
            import(&house, "invoices", text);
        }
        for minute in ["10:59", "11:01", "15:00"] {
            house.at(&format!("2026-11-16T{minute}"));
            house.run(&["queue", "deliver"]).ok();
        }
        let history = house.json(&["history"]);
        (sent(&house), history.as_array().expect("a list").len())
    };
    let both = vec!["primeiro Ana".to_owned(), "segundo Ana".to_owned()];
    let first = both[..1].to_vec();
    assert_eq!(told(None), (both, 2), "nobody reported that it arrived");
    assert_eq!(
        told(Some("id,client_id,contract_id\n101,2,22\n")),
        (first.clone(), 1),
        "neither Ana nor Bruno has a second text of Ana's case, not even a skipped one"
    );
    assert_eq!(
        told(Some("id,status\n101,R\n")),
        (first, 1),
        "a paid invoice is told of no more"
    );
}
