//! Stories of messages that wait while the world changes: what leaves is true, and goes to the right person.

use serde_json::{Value, json};

use crate::house::House;

const CLIENTS: &str =
    "id,name,person_type,mobile,email,in_collection,in_reminders,sms_allowed,email_allowed\n";

const TEMPLATES: &str = r##"
[[template]]
name = "notice"
channel = "sms"
kind = "financial"
body = "#cliente_primeiro_nome#: #areceber_numero# de #areceber_valor#, #areceber_dias_atraso# dias"

[[template]]
name = "soon"
channel = "sms"
kind = "financial"
body = "#areceber_numero# vence em #areceber_dias_para_vencer# dias"

[[template]]
name = "thanks"
channel = "sms"
kind = "financial"
body = "pago #areceber_numero#"

[[template]]
name = "app"
channel = "push"
kind = "financial"
title = "Fatura"
body = "#cliente_primeiro_nome#: #areceber_valor#"

[[template]]
name = "mail"
channel = "email"
kind = "financial"
title = "Fatura"
body = "#cliente_primeiro_nome#: #areceber_valor#"

[[template]]
name = "zap"
channel = "whatsapp"
kind = "financial"
body = "{{1}}: {{2}} {{3}}"
variables = ["cliente_primeiro_nome", "areceber_valor", "areceber_pix"]
"##;

const LADDER: &str = r#"
[[rule]]
name = "residential"
one_message_per_client = false
reminders = { days = [5, 3, 0], templates = ["soon"] }
[[rule.stage]]
name = "notice"
day = 3
templates = ["notice"]
[rule.closing]
paid = ["thanks"]
"#;

/// Five clients with a contract and an invoice each, a ladder, and a clock on a Saturday evening.
#[expect(clippy::format_collect, reason = "a few lines of a made book")]
fn provider() -> House {
    let mut house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    let clients: String = (1..=6)
        .map(|n| format!("{n},Cliente{n} Silva,F,(49) 99999-000{n},c{n}@example.com,S,S,S,S\n"))
        .collect();
    house.write("book/clients.csv", format!("{CLIENTS}{clients}"));
    let contracts: String = (1..=6).map(|n| format!("{n},{n},A,A,\n")).collect();
    house.write(
        "book/contracts.csv",
        format!("id,client_id,status,access_status,notice_hold_until\n{contracts}"),
    );
    let invoices: String = (1..=6)
        .map(|n| invoice(n, n, "2026-11-10", "", "A"))
        .collect();
    house.write("book/invoices.csv", format!("{INVOICES}{invoices}"));
    let devices: String = (1..=6).map(|n| format!("dev-{n},{n},S,S\n")).collect();
    house.write("book/devices.csv", format!("{DEVICES}{devices}"));
    house.write("definitions.toml", format!("{TEMPLATES}{LADDER}"));
    house.at("2026-11-21T19:00");
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "definitions.toml"]).ok();
    house
}

const INVOICES: &str =
    "id,client_id,contract_id,portfolio,due_on,amount,open_amount,status,pix_code\n";
const DEVICES: &str = "address,client_id,logged_in,notifications_enabled\n";

fn invoice(n: i64, client: i64, due_on: &str, open: &str, status: &str) -> String {
    format!("10{n},{client},{client},Boleto,{due_on},\"99,90\",{open},{status},PIX{n}\n")
}

fn import(house: &House, kind: &str, text: &str) {
    house.write(&format!("{kind}.csv"), text);
    house.run(&["import", kind, &format!("{kind}.csv")]).ok();
}

/// What left on a channel: address and text, in order.
fn left(house: &House, channel: &str) -> Vec<(String, String)> {
    house
        .lines(&format!("{channel}.jsonl"))
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            (text("address"), text("body"))
        })
        .collect()
}

/// Why each message about a client was skipped, by client.
fn skipped(house: &House) -> Vec<(i64, String)> {
    let rows = house.json(&["history", "--status", "skipped", "--limit", "0"]);
    let mut found: Vec<(i64, String)> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let reason = row["reason"].as_str().expect("a reason").to_owned();
            (row["client_id"].as_i64().expect("a client"), reason)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn trial_20_a_collection_text_is_true_on_the_monday_on_which_it_leaves() {
    let mut house = provider();
    house.run(&["collection", "update"]).ok();
    assert!(house.lines("sms.jsonl").is_empty(), "the hours are over");
    house.at("2026-11-22T12:00");
    let invoices = [
        invoice(1, 1, "2026-11-10", "\"19,90\"", "P"),
        invoice(2, 2, "2026-12-01", "", "A"),
        invoice(4, 6, "2026-11-10", "", "A"),
    ];
    import(
        &house,
        "invoices",
        &format!("{INVOICES}{}", invoices.concat()),
    );
    import(
        &house,
        "clients",
        "id,name,person_type,mobile\n5,Cliente5 Silva,F,(49) 98888-0005\n",
    );
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let text = |n: i64, value: &str| format!("Cliente{n}: 10{n} de R$ {value}, 13 dias");
    assert_eq!(
        left(&house, "sms"),
        vec![
            ("+5549999990001".to_owned(), text(1, "19,90")),
            ("+5549999990003".to_owned(), text(3, "99,90")),
            ("+5549988880005".to_owned(), text(5, "99,90")),
            ("+5549999990006".to_owned(), text(6, "99,90")),
        ]
    );
    assert_eq!(
        skipped(&house),
        vec![(2, "settled".to_owned()), (4, "settled".to_owned())]
    );
    let row = &house.json(&["history", "--client", "5"])[0];
    assert_eq!(row["address"], "+5549988880005");
    assert_eq!(
        row["planned"],
        json!({
            "address": "+5549999990005", "title": null, "at": "2026-11-21T19:00:00-03:00",
            "body": "Cliente5: 105 de R$ 99,90, 11 dias",
        })
    );
    assert_eq!(
        house.json(&["history", "--client", "2"])[0]["planned"],
        Value::Null
    );
}

#[test]
fn trial_21_a_reminder_counts_from_the_day_on_which_it_leaves() {
    let mut house = provider();
    import(
        &house,
        "invoices",
        &format!("{INVOICES}{}", invoice(1, 1, "2026-11-25", "", "A")),
    );
    house.at("2026-11-22T10:00");
    house.run(&["collection", "update"]).ok();
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let told: Vec<String> = left(&house, "sms")
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert!(told.contains(&"101 vence em 2 dias".to_owned()), "{told:?}");
    let planned = &house.json(&["history", "--client", "1"])[0]["planned"];
    assert_eq!(planned["body"], "101 vence em 3 dias");
}

#[test]
fn trial_22_a_payment_code_is_sent_by_whatsapp_byte_for_byte() {
    let house = House::with_book();
    let code = "00020126BR.GOV.BCB.PIX5913PROVEDOR  SUL6304AB12";
    import(
        &house,
        "invoices",
        &format!("{INVOICES}101,1,11,Boleto,2026-11-10,\"99,90\",,A,{code}\n"),
    );
    house.write("definitions.toml", TEMPLATES);
    house.run(&["apply", "definitions.toml"]).ok();
    house
        .run(&[
            "send",
            "invoices",
            "--filter",
            "invoice_id=101",
            "--template",
            "zap",
            "--yes",
        ])
        .ok();
    house.run(&["queue", "deliver"]).ok();
    let line = &house.lines("whatsapp.jsonl")[0];
    assert_eq!(line["variables"][2], code);
    assert_eq!(line["body"], format!("Ana: R$ 99,90 {code}"));
}

/// Client 1's message waits over the night; by the morning client 2 has client 1's device, number and mail.
fn changed_hands(template: &str, channel: &str) -> House {
    let mut house = provider();
    house.at("2026-11-23T22:00");
    let report = [
        "send",
        "invoices",
        "--filter",
        "client_id=1",
        "--template",
        template,
    ];
    house.run(&[&report[..], &["--yes"]].concat()).ok();
    assert!(left(&house, channel).is_empty(), "the hours are over");
    import(&house, "devices", &format!("{DEVICES}dev-1,2,S,S\n"));
    import(
        &house,
        "clients",
        "id,name,person_type,mobile,email\n\
         1,Cliente1 Silva,F,(49) 98888-1111,novo@example.com\n\
         2,Cliente2 Silva,F,(49) 99999-0001,c1@example.com\n",
    );
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    house
}

#[test]
fn trial_70_a_push_is_not_sent_to_a_device_that_is_another_clients_now() {
    let house = changed_hands("app", "push");
    assert!(left(&house, "push").is_empty());
    let row = &house.json(&["history", "--client", "1"])[0];
    assert_eq!(row["reason"], "no_contact");
    assert_eq!(row["detail"], "no longer theirs");
    assert!(row["key"].as_str().expect("a key").ends_with("/dev-1"));
}

#[test]
fn trial_70_a_text_message_goes_to_the_clients_new_number() {
    let house = changed_hands("notice", "sms");
    assert_eq!(left(&house, "sms")[0].0, "+5549988881111");
    assert_eq!(left(&house, "sms").len(), 1);
}

#[test]
fn trial_70_an_email_goes_to_the_clients_new_address() {
    let house = changed_hands("mail", "email");
    assert_eq!(left(&house, "email")[0].0, "novo@example.com");
    assert_eq!(left(&house, "email").len(), 1);
}

#[test]
fn trial_70_a_whatsapp_message_goes_to_the_clients_new_number() {
    let house = changed_hands("zap", "whatsapp");
    assert_eq!(left(&house, "whatsapp")[0].0, "+5549988881111");
    assert_eq!(left(&house, "whatsapp").len(), 1);
}

#[test]
fn trial_71_every_reason_is_asked_again_when_a_notices_turn_comes() {
    let mut house = provider();
    house.run(&["collection", "update"]).ok();
    house.at("2026-11-22T12:00");
    house
        .run(&["hold", "add", "--client", "1", "--why", "disputa"])
        .ok()
        .says("it holds 1 queued message back");
    import(
        &house,
        "clients",
        &format!(
            "{CLIENTS}2,Cliente2 Silva,F,(49) 99999-0002,,N,S,S,S\n4,Cliente4 Silva,F,(49) 99999-0004,,S,S,N,S\n"
        ),
    );
    import(
        &house,
        "contracts",
        "id,client_id,status,access_status,notice_hold_until\n3,3,A,A,2026-11-30\n6,5,A,A,\n",
    );
    import(
        &house,
        "invoices",
        &format!("{INVOICES}{}", invoice(5, 5, "2026-11-21", "", "A")),
    );
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let reasons = [
        "held",
        "not_in_collection",
        "on_hold",
        "channel_not_allowed",
        "settled",
        "settled",
    ];
    let expected: Vec<(i64, String)> = (1..).zip(reasons.map(str::to_owned)).collect();
    assert_eq!(skipped(&house), expected);
    assert!(house.lines("sms.jsonl").is_empty());
}

#[test]
fn trial_71_a_push_is_not_sent_to_a_device_that_logged_out() {
    let mut house = provider();
    house.at("2026-11-23T22:00");
    house
        .run(&["send", "invoices", "--template", "app", "--yes"])
        .ok();
    import(
        &house,
        "devices",
        &format!("{DEVICES}dev-1,1,N,S\ndev-2,2,S,N\ndev-3,3,S,S\n"),
    );
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    let expected = vec![
        (1, "not_logged_in".to_owned()),
        (2, "notifications_disabled".to_owned()),
    ];
    assert_eq!(skipped(&house), expected);
    assert_eq!(left(&house, "push").len(), 4);
}

#[test]
fn a_reminder_whose_due_date_moved_and_a_closing_that_was_taken_back_are_settled() {
    let mut house = provider();
    house.at("2026-11-19T09:00");
    house.run(&["collection", "update"]).ok();
    house.at("2026-11-21T19:00");
    let paid = invoice(1, 1, "2026-11-10", "", "R");
    let due = invoice(7, 2, "2026-11-26", "", "A");
    import(&house, "invoices", &format!("{INVOICES}{paid}{due}"));
    house.run(&["collection", "update"]).ok();
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().map(Vec::len), Some(2), "{queued}");
    let open = invoice(1, 1, "2026-11-10", "", "A");
    let moved = invoice(7, 2, "2026-11-28", "", "A");
    import(&house, "invoices", &format!("{INVOICES}{open}{moved}"));
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let expected = vec![(1, "settled".to_owned()), (2, "settled".to_owned())];
    assert_eq!(skipped(&house), expected);
}

#[test]
fn a_template_that_was_mended_is_what_leaves() {
    let mut house = provider();
    house.at("2026-11-23T22:00");
    house
        .run(&[
            "send",
            "invoices",
            "--filter",
            "client_id=1",
            "--template",
            "notice",
            "--yes",
        ])
        .ok();
    house
        .run(&[
            "template",
            "edit",
            "notice",
            "--body",
            "Oi #cliente_primeiro_nome#",
        ])
        .ok();
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(left(&house, "sms")[0].1, "Oi Cliente1");
}

#[test]
fn what_lacked_a_value_is_made_again_when_the_value_has_come() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    import(
        &house,
        "invoices",
        &format!("{INVOICES}101,1,1,Boleto,2026-11-10,\"99,90\",,A,\n"),
    );
    let report = [
        "send",
        "invoices",
        "--filter",
        "client_id=1",
        "--template",
        "zap",
        "--yes",
    ];
    house.run(&report).ok();
    assert_eq!(skipped(&house), vec![(1, "missing_value".to_owned())]);
    import(
        &house,
        "invoices",
        &format!("{INVOICES}{}", invoice(1, 1, "2026-11-10", "", "A")),
    );
    house
        .run(&["queue", "retry", "--reason", "missing_value"])
        .ok()
        .says("1 message back in the queue");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(left(&house, "whatsapp")[0].1, "Cliente1: R$ 99,90 PIX1");
    // Whoever has it now is left out of a later send of the day.
    let answer = house.json(&report);
    assert_eq!(answer["reasons"], json!({"duplicate": 1}));
}

#[test]
fn trial_53_whom_a_cancelled_message_was_for_is_taken_by_the_next_send() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    let send = ["send", "invoices", "--template", "zap", "--yes"];
    house.run(&send).ok();
    house
        .run(&["queue", "cancel", "--batch", "1"])
        .exits(2)
        .says("6 messages");
    house
        .run(&["queue", "cancel", "--batch", "1", "--yes"])
        .ok();
    let answer = house.json(&send);
    assert_eq!(answer["messages"]["queued"], 6);
    assert_eq!(answer["reasons"], json!({}));
    let history = house.json(&["history", "--limit", "0"]);
    assert_eq!(
        history.as_array().map(Vec::len),
        Some(6),
        "the rows came to life again"
    );
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(left(&house, "whatsapp").len(), 6);
}

#[test]
fn a_cancellation_by_client_or_invoice_is_undone_and_says_what_it_left() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    house
        .run(&["send", "invoices", "--template", "zap", "--yes"])
        .ok();
    house
        .run(&["queue", "cancel", "--client", "2", "--yes"])
        .ok()
        .says("1 message cancelled");
    house
        .run(&["queue", "cancel", "--invoice", "103", "--yes"])
        .ok()
        .says("1 message cancelled");
    house
        .run(&["queue", "retry", "1", "2"])
        .ok()
        .says("message 1 was left: it is queued")
        .says("message 2 was left: it was cancelled: --cancelled puts it back");
    house
        .run(&["queue", "retry", "--cancelled"])
        .ok()
        .says("2 messages back in the queue");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(left(&house, "whatsapp").len(), 6);
}

#[test]
fn what_was_asked_for_by_number_and_stayed_as_it_is_is_told_with_the_reason() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    house
        .run(&["send", "invoices", "--template", "zap", "--yes"])
        .ok();
    house
        .run(&["queue", "cancel", "3", "99", "--yes"])
        .ok()
        .says("message 99 was left: there is no such message")
        .says("1 message by whatsapp, zap, 1 client\n")
        .says("1 message cancelled");
    let answer = house.json(&["queue", "cancel", "1", "3", "--channel", "sms", "--yes"]);
    assert_eq!(answer["messages"], 0);
    assert_eq!(
        answer["left"],
        json!([
            { "message_id": 1, "why": "the other conditions leave it out" },
            { "message_id": 3, "why": "the other conditions leave it out" },
        ])
    );
    house.run(&["queue", "deliver"]).ok();
    house
        .run(&["queue", "cancel", "1", "3", "--yes"])
        .ok()
        .says("message 1 was left: it is sent")
        .says("message 3 was left: it is cancelled")
        .says("0 messages cancelled");
    house
        .run(&["queue", "retry", "99"])
        .ok()
        .says("message 99 was left: there is no such message");
}

#[test]
fn whoever_has_the_template_of_the_day_is_left_out_by_whatever_address() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    let send = ["send", "invoices", "--template", "notice", "--yes"];
    house.run(&send).ok();
    import(
        &house,
        "clients",
        "id,name,person_type,mobile\n1,Cliente1 Silva,F,(49) 98888-1111\n",
    );
    let answer = house.json(&send);
    assert_eq!(answer["reasons"], json!({"duplicate": 6}));
    assert_eq!(left(&house, "sms").len(), 6);
}

#[test]
fn a_cap_counts_other_messages_that_went_and_not_those_that_wait() {
    let mut house = provider();
    house.at("2026-11-23T09:00");
    for template in ["zap", "mail"] {
        house.at(if template == "zap" {
            "2026-11-23T09:00"
        } else {
            "2026-11-23T22:00"
        });
        house
            .run(&[
                "send",
                "invoices",
                "--filter",
                "client_id=1",
                "--template",
                template,
                "--yes",
            ])
            .ok();
    }
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[caps]\ncollection = { messages = 1, days = 7 }\n",
    );
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(skipped(&house), vec![(1, "capped".to_owned())]);
    assert_eq!(
        left(&house, "whatsapp").len() + left(&house, "email").len(),
        1
    );
}

/// One client with two late invoices, and one notice for both of them that waits over the Sunday.
fn one_notice_for_two() -> House {
    let mut house = provider();
    house.write(
        "all.toml",
        format!(
            "{}{}",
            r##"
[[template]]
name = "notice"
channel = "sms"
kind = "financial"
body = "#cliente_primeiro_nome#: #faturas_quantidade# de #faturas_total# #faturas_lista#"
"##,
            LADDER.replace("one_message_per_client = false", "")
        ),
    );
    house.run(&["apply", "all.toml"]).ok();
    let second = "111,1,1,Boleto,2026-11-11,\"10,10\",,A,\n";
    let others: String = (2..=6)
        .map(|n| invoice(n, n, "2026-11-10", "", "R"))
        .collect();
    import(&house, "invoices", &format!("{INVOICES}{second}{others}"));
    house.run(&["collection", "update"]).ok();
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().map(Vec::len), Some(1), "{queued}");
    house.at("2026-11-22T12:00");
    house
}

/// When the notice left by which each handed-over invoice was told, by invoice.
fn noticed(house: &House) -> Vec<(i64, Value)> {
    let rows = house.json(&["collection", "handover", "--stage", "notice"]);
    let mut found: Vec<(i64, Value)> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let id = row["invoice_id"].as_i64().expect("an invoice");
            (id, row["notice_on"].clone())
        })
        .collect();
    found.sort_by_key(|(id, _)| *id);
    found
}

#[test]
fn a_notice_for_several_invoices_is_each_ones_notice() {
    let mut house = one_notice_for_two();
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let told = &left(&house, "sms")[0].1;
    assert!(told.starts_with("Cliente1: 2 de R$ 110,00"), "{told}");
    let day = json!("2026-11-23");
    assert_eq!(noticed(&house), [(101, day.clone()), (111, day)]);
}

#[test]
fn a_merged_notice_that_loses_an_invoice_while_it_waits_speaks_for_the_rest() {
    let mut house = one_notice_for_two();
    // The one that the message was made under, too: whichever it is.
    house
        .run(&["hold", "add", "--invoice", "101", "--why", "disputa"])
        .ok();
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let told = &left(&house, "sms")[0].1;
    assert!(told.starts_with("Cliente1: 1 de R$ 10,10"), "{told}");
    assert!(!told.contains("101"), "{told}");
    assert_eq!(left(&house, "sms").len(), 1);
    // Nobody was told of the one on hold, and nothing says so once the hold is over.
    house.run(&["hold", "remove", "1"]).ok();
    assert_eq!(
        noticed(&house),
        [(101, Value::Null), (111, json!("2026-11-23"))]
    );
}

#[test]
fn a_merged_notice_none_of_whose_invoices_owes_is_settled() {
    let mut house = one_notice_for_two();
    let paid = "101,1,1,Boleto,2026-11-10,\"99,90\",,R,\n111,1,1,Boleto,2026-11-11,\"10,10\",,R,\n";
    import(&house, "invoices", &format!("{INVOICES}{paid}"));
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    assert!(left(&house, "sms").is_empty());
    let rows = house.json(&["history", "--reason", "settled"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
}

#[test]
fn what_became_an_automatic_payment_while_it_waited_is_not_told() {
    let mut house = provider();
    house.run(&["collection", "update"]).ok();
    house.at("2026-11-22T12:00");
    // 101 by the invoice's own word, 102 by its contract's; 103 pays by hand. All are ten days late and
    // more: only a rule with longer days of grace still waits.
    house
        .run(&["rule", "edit", "residential", "--debit-grace-days", "20"])
        .ok();
    house.write(
        "automatic.csv",
        "id,client_id,contract_id,portfolio,due_on,amount,status,payment_method\n\
         101,1,1,Boleto,2026-11-10,\"99,90\",A,Débito\n103,3,3,Boleto,2026-11-10,\"99,90\",A,boleto\n",
    );
    house.run(&["import", "invoices", "automatic.csv"]).ok();
    import(
        &house,
        "contracts",
        "id,client_id,status,access_status,payment_method\n2,2,A,A,Pix automático\n",
    );
    house.at("2026-11-23T08:05");
    house.run(&["queue", "deliver"]).ok();
    let expected = vec![
        (1, "automatic_payment".to_owned()),
        (2, "automatic_payment".to_owned()),
    ];
    assert_eq!(skipped(&house), expected);
    assert_eq!(left(&house, "sms").len(), 4);
}

#[test]
fn a_ticket_message_that_waits_says_what_its_event_said_to_whoever_the_client_is_called_now() {
    let mut house = provider();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[contact_hours]\nservice = { weekdays = \"08:00-20:00\" }\n",
    );
    house.at("2026-11-23T22:00");
    house.write(
        "ticket.toml",
        r##"
[[template]]
name = "moved"
channel = "email"
kind = "support"
title = "Atendimento"
body = "#cliente_primeiro_nome#: #atendimento_titulo# #atendimento_status#"

[[trigger]]
name = "moved"
event = "workflow"
audience = ["client"]
templates = ["moved"]
"##,
    );
    house.run(&["apply", "ticket.toml"]).ok();
    let open = ["ticket", "open", "--ticket", "7", "--client", "1"];
    house
        .run(
            &[
                &open[..],
                &["--title", "Sem sinal", "--opened-by", "client"],
            ]
            .concat(),
        )
        .ok();
    house
        .run(&["ticket", "move", "--ticket", "7", "--to", "resolved"])
        .ok();
    import(
        &house,
        "tickets",
        "id,client_id,title,status\n7,1,Outro assunto,closed\n",
    );
    import(
        &house,
        "clients",
        "id,name,person_type,email\n1,Nova Silva,F,nova@example.com\n",
    );
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        left(&house, "email"),
        [(
            "nova@example.com".to_owned(),
            "Nova: Sem sinal resolvido".to_owned()
        )]
    );
}
