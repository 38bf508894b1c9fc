//! What was skipped for want of a value is made again once the value has come: of the right row, for the right person,
//! once.

use serde_json::{Value, json};

use crate::house::House;

const DEFINITIONS: &str = r##"
[[template]]
name = "bill"
channel = "sms"
kind = "financial"
body = "#cliente_primeiro_nome#: fatura #areceber_numero# de #areceber_valor#"

[[template]]
name = "plan"
channel = "email"
kind = "support"
title = "Plano"
body = "#cliente_primeiro_nome#: #contrato_plano#"

[[template]]
name = "cut"
channel = "sms"
kind = "support"
body = "Contrato #contrato_id# suspenso: fatura #areceber_numero# de #areceber_valor#"

[[template]]
name = "pix"
channel = "sms"
kind = "financial"
body = "Pix da #areceber_numero#: #areceber_pix#"

[[template]]
name = "congratulations"
channel = "sms"
kind = "general"
body = "Parabéns, #cliente_primeiro_nome# de #cliente_cidade#!"

[[template]]
name = "moved"
channel = "email"
kind = "support"
title = "#empresa_nome#"
body = "#cliente_nome# de #cliente_cidade#: #atendimento_titulo# está #atendimento_status#"

[[trigger]]
name = "cut"
event = "access"
to = ["auto_block"]
templates = ["cut"]

[[trigger]]
name = "moved"
event = "workflow"
audience = ["staff:3", "client"]
templates = ["moved"]

[[rule]]
name = "residential"
[[rule.stage]]
name = "notice"
day = 3
templates = ["pix"]
[[rule.stage]]
name = "inquiry"
day = 8
templates = ["pix"]
"##;

/// Two clients, the first with two contracts, nobody with an invoice.
fn provider() -> House {
    let house = House::new();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[company]\nname = \"Provedor\"\n[birthday]\ntemplate = \"congratulations\"\n",
    );
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,email,birth_date\n\
         1,Ana Lima,F,49 99999-0001,ana@example.com,23/11/1990\n\
         2,Beto Reis,F,49 99999-0002,beto@example.com,\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n11,1,A,A\n12,1,A,A\n21,2,A,A\n",
    );
    house.write(
        "book/staff.csv",
        "id,name,email,notify_workflow\n3,Bia,bia@example.com,S\n",
    );
    house.write("definitions.toml", DEFINITIONS);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "definitions.toml"]).ok();
    house
}

fn import(house: &House, kind: &str, text: &str) {
    house.write(&format!("{kind}.csv"), text);
    house.run(&["import", kind, &format!("{kind}.csv")]).ok();
}

fn invoices(house: &House, rows: &str) {
    let head = "id,client_id,contract_id,due_on,amount,status,pix_code\n";
    import(house, "invoices", &format!("{head}{rows}"));
}

fn texts(house: &House, channel: &str) -> Vec<String> {
    let lines = house.lines(&format!("{channel}.jsonl"));
    let text = |line: &Value| line["body"].as_str().unwrap_or_default().to_owned();
    lines.iter().map(text).collect()
}

/// Puts back what lacked a value, and delivers.
fn again(house: &House, back: u64) {
    let answer = house.json(&["queue", "retry", "--reason", "missing_value"]);
    assert_eq!(answer["messages"], json!(back));
    house.run(&["queue", "deliver"]);
}

fn told(house: &House) -> Vec<(String, String)> {
    let rows = house.json(&["history", "--limit", "0"]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = rows.as_array().expect("rows").iter().rev();
    rows.map(|row| (text(row, "status"), text(row, "reason")))
        .collect()
}

const SEND: [&str; 5] = ["send", "contracts", "--template", "bill", "--yes"];

#[test]
fn a_send_that_found_no_invoice_speaks_of_the_one_that_came() {
    let house = provider();
    let answer = house.json(&SEND);
    assert_eq!(answer["reasons"], json!({"missing_value": 3}));
    // Both contracts of the first client have none of their own: it is one recipient.
    invoices(
        &house,
        "101,1,,2026-11-20,99.90,A,\n102,2,21,2026-11-20,50,A,\n",
    );
    again(&house, 3);
    assert_eq!(
        texts(&house, "sms"),
        [
            "Ana: fatura 101 de R$ 99,90",
            "Beto: fatura 102 de R$ 50,00"
        ]
    );
    let skipped = house.json(&["history", "--status", "skipped"]);
    assert_eq!(skipped.as_array().map(Vec::len), Some(1));
    assert_eq!(skipped[0]["reason"], "duplicate");
    let rows = house.json(&["history", "--invoice", "102"]);
    assert_eq!(rows[0]["key"], "send/bill/2026-11-23/2/102/+5549999990002");
    // Whoever has it now is left out of a later send of the day, and of a second retry.
    let answer = house.json(&SEND);
    assert_eq!(answer["reasons"], json!({"duplicate": 2}));
    again(&house, 0);
    assert_eq!(texts(&house, "sms").len(), 2);
    house.run(&["evidence", "verify"]).ok();
}

#[test]
fn whom_a_later_send_reached_is_not_reached_again_by_a_retry() {
    let house = provider();
    let one = [&SEND[..], &["--filter", "client_id=2"]].concat();
    house.json(&one);
    invoices(&house, "102,2,21,2026-11-20,50,A,\n");
    assert_eq!(house.json(&one)["messages"]["sent"], 1);
    again(&house, 1);
    assert_eq!(texts(&house, "sms").len(), 1);
    assert_eq!(
        told(&house),
        [
            ("skipped".to_owned(), "duplicate".to_owned()),
            ("sent".to_owned(), String::new())
        ]
    );
}

#[test]
fn an_invoice_that_came_and_was_paid_while_the_message_waited_is_not_told() {
    let mut house = provider();
    let one = [&SEND[..], &["--filter", "client_id=2"]].concat();
    house.json(&one);
    invoices(&house, "102,2,21,2026-11-20,50,A,\n");
    house.at("2026-11-23T22:00");
    again(&house, 1);
    invoices(&house, "102,2,21,2026-11-20,50,R,\n");
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]);
    assert_eq!(texts(&house, "sms"), Vec::<String>::new());
    // What another client owes is nobody's but theirs.
    invoices(&house, "103,1,21,2026-11-20,70,A,\n");
    house.run(&["queue", "retry", "--reason", "missing_value"]);
    house.run(&["queue", "deliver"]);
    assert_eq!(texts(&house, "sms"), Vec::<String>::new());
}

#[test]
fn a_login_that_has_a_contract_by_now_is_told_of_it() {
    let house = provider();
    import(
        &house,
        "logins",
        "id,client_id,contract_id,username\n31,2,,beto\n",
    );
    let send = ["send", "logins", "--template", "plan", "--yes"];
    assert_eq!(house.json(&send)["reasons"], json!({"missing_value": 1}));
    import(&house, "contracts", "id,client_id,plan\n21,2,Fibra 600\n");
    import(
        &house,
        "logins",
        "id,client_id,contract_id,username\n31,2,21,beto\n",
    );
    again(&house, 1);
    assert_eq!(texts(&house, "email"), ["Beto: Fibra 600"]);
    assert_eq!(house.json(&send)["reasons"], json!({"duplicate": 1}));
}

#[test]
fn a_cut_that_found_no_invoice_speaks_of_the_one_that_came() {
    let house = provider();
    import(&house, "contracts", "id,client_id,access_status\n21,2,CA\n");
    house.run(&["queue", "deliver"]);
    assert_eq!(
        told(&house),
        [("skipped".to_owned(), "missing_value".to_owned())]
    );
    invoices(&house, "102,2,21,2026-11-20,50,A,\n");
    again(&house, 1);
    assert_eq!(
        texts(&house, "sms"),
        ["Contrato 21 suspenso: fatura 102 de R$ 50,00"]
    );
}

#[test]
fn a_notice_of_the_ladder_is_made_again_while_its_case_is_in_that_stage() {
    let mut house = provider();
    invoices(
        &house,
        "101,1,11,2026-11-19,99.90,A,\n102,2,21,2026-11-19,50,A,\n",
    );
    house.run(&["collection", "update"]).ok();
    assert_eq!(told(&house).len(), 2);
    invoices(&house, "102,2,21,2026-11-19,50,A,PIX2\n");
    again(&house, 2);
    assert_eq!(texts(&house, "sms"), ["Pix da 102: PIX2"]);
    // The other's case goes on; the notice would come after what followed it.
    house.at("2026-11-28T09:00");
    invoices(&house, "101,1,11,2026-11-19,99.90,A,PIX1\n");
    house.run(&["collection", "update"]).ok();
    house
        .run(&["queue", "retry", "--reason", "missing_value"])
        .ok()
        .says("its case has moved on");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        texts(&house, "sms")
            .iter()
            .filter(|text| text.contains("PIX1"))
            .count(),
        1
    );
}

#[test]
fn a_birthday_that_lacked_a_value_is_kept_on_its_day_and_not_after() {
    for (day, back) in [("2026-11-23T15:00", 1), ("2026-11-24T09:00", 0)] {
        let mut house = provider();
        house.run(&["birthday", "queue"]);
        assert_eq!(
            told(&house),
            [("skipped".to_owned(), "missing_value".to_owned())]
        );
        import(
            &house,
            "clients",
            "id,name,person_type,city\n1,Ana Lima,F,Xaxim\n",
        );
        house.at(day);
        again(&house, back);
        assert_eq!(texts(&house, "sms").len() as u64, back);
    }
}

#[test]
fn whoever_hears_of_a_ticket_is_not_left_untold_because_the_message_waited() {
    let mut house = provider();
    house.write(
        "config.toml",
        "[company]\nname = \"Provedor\"\n[contact_hours]\nservice = { weekdays = \"08:00-20:00\" }\n",
    );
    house.at("2026-11-23T22:00");
    let open = ["ticket", "open", "--ticket", "7", "--client", "1"];
    let said = ["--title", "Sem sinal", "--opened-by", "client"];
    house.run(&[&open[..], &said].concat()).ok();
    house
        .run(&["ticket", "move", "--ticket", "7", "--to", "resolved"])
        .ok();
    // The ticket is another client's by now; the event spoke of the first.
    import(&house, "tickets", "id,client_id,title\n7,2,Outro\n");
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    let text = "Ana Lima de : Sem sinal está resolvido";
    assert_eq!(texts(&house, "email"), [text, text]);
}

#[test]
fn a_ticket_that_lacked_the_providers_name_is_told_once_it_is_known() {
    let house = provider();
    house.write("config.toml", "");
    let open = ["ticket", "open", "--ticket", "7", "--client", "1"];
    let said = ["--title", "Sem sinal", "--opened-by", "client"];
    house.run(&[&open[..], &said].concat());
    house.run(&["ticket", "move", "--ticket", "7", "--to", "resolved"]);
    assert_eq!(texts(&house, "email"), Vec::<String>::new());
    house.write("config.toml", "[company]\nname = \"Provedor\"\n");
    again(&house, 2);
    let text = "Ana Lima de : Sem sinal está resolvido";
    assert_eq!(texts(&house, "email"), [text, text]);
}
