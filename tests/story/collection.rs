//! Stories of the collection ladder: rules, updates day by day, and what explains them.

use serde_json::{Value, json};

use crate::house::House;

/// Three clients with a mobile and an e-mail each, and templates for every phase.
///
/// 1 Ana has the app too; 2 Bruno takes e-mail only; 3 Casa is a company.
fn provider(invoices: &str) -> House {
    let house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,email,tax_id,city\n\
         1,Ana Lima,F,(49) 99999-0001,ana@example.com,111.444.777-35,Chapecó\n\
         2,Bruno Souza,F,,bruno@example.com,,Xaxim\n\
         3,Casa & Cia Ltda,J,(49) 99999-0003,casa@example.com,12.345.678/0001-95,Chapecó\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,plan,status,access_status,notice_hold_until\n11,1,Fibra 500,A,A,\n12,2,Fibra 300,A,A,\n13,3,Fibra 900,A,A,\n",
    );
    house.write("book/devices.csv", "address,client_id\nana-1,1\nana-2,1\n");
    house.write("book/invoices.csv", format!("{COLUMNS}\n{invoices}"));
    house.write("templates.toml", TEMPLATES);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "templates.toml"]).ok();
    house
}

const COLUMNS: &str = "id,client_id,contract_id,portfolio,due_on,amount,open_amount,status,settled_on,pix_code,bureau_listed_on,bureau_removed_on";

const TEMPLATES: &str = r#"
[[template]]
name = "soon"
channel = "sms"
kind = "financial"
body = "soon #areceber_numero# #areceber_valor#"

[[template]]
name = "notice"
channel = "sms"
kind = "financial"
body = "notice #areceber_numero# #areceber_valor#"

[[template]]
name = "inquiry"
channel = "sms"
kind = "financial"
body = "inquiry #areceber_numero# #areceber_valor#"

[[template]]
name = "mail"
channel = "email"
kind = "financial"
title = "Fatura #areceber_numero#"
body = "mail #areceber_numero#"

[[template]]
name = "app"
channel = "push"
kind = "financial"
title = "Fatura"
body = "app #areceber_numero#"

[[template]]
name = "zap"
channel = "whatsapp"
kind = "financial"
body = "zap {{1}}"
variables = ["areceber_numero"]

[[template]]
name = "pix"
channel = "sms"
kind = "financial"
body = "pix #areceber_pix#"

[[template]]
name = "thanks"
channel = "sms"
kind = "financial"
body = "thanks #areceber_numero#"

[[template]]
name = "gone"
channel = "sms"
kind = "financial"
purpose = "service"
body = "cancelled #areceber_numero#"

[[template]]
name = "cleared"
channel = "sms"
kind = "financial"
body = "cleared #areceber_numero#"

[[template]]
name = "offer"
channel = "sms"
kind = "general"
body = "offer"
"#;

const LADDER: &str = r#"
[[rule]]
name = "residential"
reminders = { days = [5, 3, 0], templates = ["soon"] }
[[rule.stage]]
name = "notice"
day = 3
templates = ["notice"]
[[rule.stage]]
name = "inquiry"
day = 8
templates = ["inquiry"]
[rule.closing]
paid = ["thanks"]
cancelled = ["gone"]
bureau_removed = ["cleared"]
"#;

impl House {
    /// Applies these rules.
    fn rules(&self, rules: &str) -> &Self {
        self.write("rules.toml", rules);
        self.run(&["apply", "rules.toml"]).ok();
        self
    }

    /// Imports invoices anew, as the ERP tells them.
    fn invoices(&self, rows: &str) -> &Self {
        self.write("today.csv", format!("{COLUMNS}\n{rows}"));
        self.run(&["import", "invoices", "today.csv"]).ok();
        self
    }

    /// An update at 9 o'clock of a day; its only rule's answer.
    fn update(&mut self, day: &str) -> Value {
        self.at(&format!("{day}T09:00"));
        self.json(&["collection", "update", "--yes"])["rules"][0].clone()
    }

    /// Every collection message as `invoice event template status reason`, in the order made.
    fn messages(&self) -> Vec<String> {
        let rows = self.json(&["history", "--origin", "collection", "--limit", "0"]);
        let rows = rows.as_array().expect("rows");
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("-").to_owned();
        rows.iter()
            .rev()
            .map(|row| {
                format!(
                    "{} {} {} {} {}",
                    row["invoice_id"],
                    text(row, "event"),
                    text(row, "template"),
                    text(row, "status"),
                    text(row, "reason")
                )
            })
            .collect()
    }

    /// Every case as `invoice stage since outcome`.
    fn cases(&self) -> Vec<String> {
        let rows = self.json(&["collection", "list"]);
        rows.as_array()
            .expect("rows")
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row["invoice_id"],
                    row["stage"].as_str().expect("a stage"),
                    row["since"].as_str().expect("a day"),
                    row["outcome"].as_str().unwrap_or("-")
                )
            })
            .collect()
    }
}

// 10 December 2026 is a Thursday.
const ANA: &str = "101,1,11,Boleto,2026-12-10,99.90,,A,,,,\n";

#[test]
fn an_invoice_walks_from_its_reminders_to_its_closing() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    let mut happened = Vec::new();
    for day in 4..=19 {
        let day = format!("2026-12-{day:02}");
        let before = house.messages().len();
        house.update(&day);
        for message in &house.messages()[before..] {
            happened.push(format!("{day} {message}"));
        }
    }
    // The 5th and 13th are no business days of contact: a Saturday is, until 14 o'clock; a Sunday is not.
    assert_eq!(
        happened,
        [
            "2026-12-05 101 reminder:5 soon sent -",
            "2026-12-07 101 reminder:3 soon sent -",
            "2026-12-10 101 reminder:0 soon sent -",
            "2026-12-13 101 stage:notice notice queued -",
            "2026-12-18 101 stage:inquiry inquiry sent -",
        ]
    );
    // The Sunday's notice went on Monday, with the update of that day.
    assert_eq!(house.lines("sms.jsonl").len(), 5);
    assert_eq!(house.cases(), ["101 inquiry 2026-12-18 -"]);
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-19,,,\n");
    let answer = house.update("2026-12-20");
    assert_eq!(answer["closed"], json!({ "paid": 1 }));
    assert_eq!(house.cases(), ["101 inquiry 2026-12-18 paid"]);
    assert!(
        house
            .messages()
            .ends_with(&["101 closing:paid thanks queued -".to_owned()]),
        "{:?}",
        house.messages()
    );
}

#[test]
fn the_answer_has_every_key_of_the_contract() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,99.90,,A,,,,\n102,1,11,Boleto,2026-12-09,99.90,,A,,,,\n\
         103,2,12,Boleto,2026-12-10,50.00,,A,,,,\n104,3,13,Boleto,2026-12-15,50.00,,A,,,,\n",
    );
    house.rules(LADDER);
    house
        .run(&["hold", "add", "--client", "3", "--why", "a dispute"])
        .ok();
    house.at("2026-12-14T09:00");
    let answer = house.json(&["collection", "update"]);
    assert_eq!(answer["as_of"], "2026-12-14");
    assert_eq!(
        answer["rules"],
        json!([{
            "rule": "residential",
            "evaluated": 4,
            "entered": 3,
            "advanced": {},
            "closed": {},
            "reminders": 0,
            "left_out": {},
            "messages": { "queued": 1, "skipped": { "merged": 1, "no_contact": 1 } },
        }])
    );
    assert_eq!(answer["delivery"]["sent"], 1);
    house.at("2026-12-15T09:00");
    let answer = house.json(&["collection", "update"]);
    assert_eq!(answer["rules"][0]["left_out"], json!({ "held": 1 }));
    // 102 came first of Ana's two, being due earlier.
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice skipped merged",
            "102 stage:notice notice sent -",
            "103 stage:notice notice skipped no_contact",
        ]
    );
    let text = house.run(&["collection", "update"]).ok().stdout;
    assert!(
        text.starts_with("residential on 2026-12-15: 4 invoices looked at\n"),
        "{text}"
    );
}

#[test]
fn a_second_update_does_nothing_and_an_earlier_day_is_refused() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-14");
    let (messages, cases) = (house.messages(), house.cases());
    let again = house.update("2026-12-14");
    assert_eq!(
        (&again["entered"], &again["messages"]["queued"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        (house.messages(), house.cases()),
        (messages.clone(), cases.clone())
    );
    house
        .at("2026-12-13T09:00")
        .run(&["collection", "update"])
        .exits(3)
        .says("collections were last updated for 2026-12-14 (rule `residential`), and today is 2026-12-13")
        .says("--now");
    house
        .run(&["collection", "update", "--dry-run"])
        .exits(3)
        .says("last updated");
    assert_eq!((house.messages(), house.cases()), (messages, cases));
}

#[test]
fn stale_payment_data_is_refused() {
    let mut house = provider(ANA);
    house.write("config.toml", "");
    house.rules(LADDER);
    // Imported on Monday 23 November at 9; 48 hours is the limit.
    house
        .at("2026-11-25T09:00")
        .run(&["collection", "update"])
        .ok();
    house
        .at("2026-11-25T09:01")
        .run(&["collection", "update"])
        .exits(3)
        .says("the invoices were last imported or synced at 2026-11-23T09:00:00-03:00, more than 48 hours ago")
        .says("yesterday's payments may be missing")
        .says("--stale-ok");
    house.run(&["collection", "update", "--stale-ok"]).ok();
    house.invoices(ANA);
    house.run(&["collection", "update"]).ok();
    // An import later than now counts as fresh.
    house.at("2026-11-30T09:00").invoices(ANA);
    house
        .at("2026-11-26T09:00")
        .run(&["collection", "update"])
        .ok();
}

#[test]
fn a_fresh_machine_without_rules_or_invoices_is_no_error() {
    let house = House::new();
    let answer = house.json(&["collection", "update"]);
    assert_eq!(answer["rules"], json!([]));
    house
        .run(&["collection", "update"])
        .ok()
        .says("there are no rules");
    house.run(&["collection", "forecast"]).ok();
    house.run(&["collection", "stats"]).ok();
    assert_eq!(house.json(&["collection", "list"]), json!([]));
}

#[test]
fn one_message_per_client_tells_of_the_gravest() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n102,1,11,Boleto,2026-12-07,20.00,,A,,,,\n",
    );
    house.rules(LADDER);
    house.update("2026-12-09");
    // On the 10th invoice 101 comes to inquiry, and 102 to notice.
    house.update("2026-12-10");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice sent -",
            "101 stage:inquiry inquiry sent -",
            "102 stage:notice notice skipped merged",
        ]
    );
    assert_eq!(
        house.cases(),
        ["101 inquiry 2026-12-10 -", "102 notice 2026-12-10 -"]
    );
    house.rules(&LADDER.replace("reminders =", "one_message_per_client = false\nreminders ="));
    house.invoices(
        "101,1,11,Boleto,2026-12-01,10.00,,R,,,,\n102,1,11,Boleto,2026-12-07,20.00,,R,,,,\n",
    );
    house.update("2026-12-11");
    assert_eq!(
        house.messages()[3..],
        [
            "101 closing:paid thanks sent -",
            "102 closing:paid thanks sent -"
        ]
    );
}

#[test]
fn a_message_that_cannot_be_sent_does_not_win_over_one_that_can() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n102,1,11,Boleto,2026-12-04,20.00,,A,,pix-102,,\n",
    );
    house.rules(&LADDER.replace("templates = [\"notice\"]", "templates = [\"pix\"]"));
    house.update("2026-12-07");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice pix skipped missing_value",
            "102 stage:notice pix sent -",
        ]
    );
    let rows = house.json(&["history", "--reason", "missing_value"]);
    assert_eq!(rows[0]["detail"], "#areceber_pix# has no value");
}

#[test]
fn several_templates_go_each_on_its_channel_or_the_first_that_reaches() {
    let invoices =
        "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n103,2,12,Boleto,2026-12-01,20.00,,A,,,,\n";
    let each = LADDER.replace(
        "templates = [\"notice\"]",
        "templates = [\"app\", \"notice\", \"mail\"]",
    );
    let mut house = provider(invoices);
    house.rules(&each);
    house.update("2026-12-07");
    assert_eq!(
        house.messages(),
        [
            // Two devices.
            "101 stage:notice app sent -",
            "101 stage:notice app sent -",
            "101 stage:notice notice sent -",
            "101 stage:notice mail sent -",
            "103 stage:notice app skipped no_first_access",
            "103 stage:notice notice skipped no_contact",
            "103 stage:notice mail sent -",
        ]
    );
    let first = each.replace("\"mail\"]", "\"mail\"]\ndeliver = \"first_reachable\"");
    let mut house = provider(invoices);
    house.rules(&first);
    house.update("2026-12-07");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice app sent -",
            "101 stage:notice app sent -",
            "103 stage:notice mail sent -",
        ]
    );
    // Nothing reaches: one message says so, with what stands against each channel.
    let mut house = provider("103,2,12,Boleto,2026-12-01,20.00,,A,,,,\n");
    house.rules(&first.replace(", \"mail\"", ""));
    house.update("2026-12-07");
    assert_eq!(
        house.messages(),
        ["103 stage:notice app skipped no_first_access"]
    );
    let rows = house.json(&["history"]);
    assert_eq!(rows[0]["detail"], "push: no_first_access; sms: no_contact");
}

#[test]
fn a_payment_in_part_goes_on_with_what_is_open() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-14");
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,40.00,P,,,,\n");
    house.update("2026-12-18");
    let sent = house.lines("sms.jsonl");
    assert_eq!(sent[0]["body"], "notice 101 R$ 99,90");
    assert_eq!(sent[1]["body"], "inquiry 101 R$ 40,00");
    let stats = house.json(&["collection", "stats"]);
    assert_eq!(
        stats,
        json!([
            { "stage": "notice", "entered": 1, "paid_within_7": 0, "paid_within_30": 0,
              "recovered_cases": 1, "recovered": 59.9 },
            { "stage": "inquiry", "entered": 1, "paid_within_7": 0, "paid_within_30": 0,
              "recovered_cases": 0, "recovered": 0.0 },
        ])
    );
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-28,,,\n");
    house.update("2026-12-29");
    let stats = house.json(&["collection", "stats"]);
    assert_eq!(
        stats,
        json!([
            { "stage": "notice", "entered": 1, "paid_within_7": 0, "paid_within_30": 1,
              "recovered_cases": 1, "recovered": 59.9 },
            { "stage": "inquiry", "entered": 1, "paid_within_7": 0, "paid_within_30": 1,
              "recovered_cases": 1, "recovered": 40.0 },
        ])
    );
}

#[test]
fn a_moved_due_date_postpones_and_a_reversal_begins_anew() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-14");
    house.invoices("101,1,11,Boleto,2026-12-17,99.90,,A,,,,\n");
    let answer = house.update("2026-12-15");
    assert_eq!(answer["closed"], json!({ "postponed": 1 }));
    assert_eq!(answer["messages"], json!({ "queued": 0, "skipped": {} }));
    // The new due date has reminders of its own, from the next run on.
    house.update("2026-12-17");
    house.invoices("101,1,11,Boleto,2026-12-17,99.90,,R,,,,\n");
    house.update("2026-12-18");
    // Paid by mistake: it is owing again, and enters anew when it is late enough.
    house.invoices("101,1,11,Boleto,2026-12-17,99.90,,A,,,,\n");
    house.update("2026-12-21");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice sent -",
            "101 reminder:0 soon sent -",
            "101 stage:notice notice sent -",
        ]
    );
    assert_eq!(
        house.cases(),
        ["101 notice 2026-12-14 postponed", "101 notice 2026-12-21 -"]
    );
}

#[test]
fn whoever_is_left_out_is_told_with_the_reason() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n102,1,11,Boleto,2026-12-14,10.00,,A,,,,\n\
         103,2,12,Boleto,2026-12-10,20.00,,A,,,,\n104,3,13,Boleto,2026-12-10,30.00,,A,,,,\n\
         105,3,13,Boleto,2026-12-14,30.00,,A,,,,\n",
    );
    house.rules(LADDER);
    house.write(
        "book/clients.csv",
        "id,name,person_type,in_collection,in_reminders\n1,Ana Lima,F,S,N\n2,Bruno Souza,F,N,S\n3,Casa,J,S,S\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status,notice_hold_until\n11,1,A,A,\n12,2,A,A,\n13,3,A,A,2026-12-14\n",
    );
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house
        .run(&["import", "contracts", "book/contracts.csv"])
        .ok();
    house
        .at("2026-12-11T09:00")
        .run(&[
            "hold",
            "add",
            "--invoice",
            "101",
            "--until",
            "2026-12-14",
            "--why",
            "promised",
        ])
        .ok();
    let answer = house.update("2026-12-14");
    assert_eq!(
        answer["left_out"],
        json!({ "not_in_collection": 1, "not_in_reminders": 1, "on_hold": 2, "held": 1 })
    );
    assert_eq!(answer["entered"], 0);
    // The day after, the holds are over.
    let answer = house.update("2026-12-15");
    assert_eq!(answer["left_out"], json!({ "not_in_collection": 1 }));
    assert_eq!(answer["entered"], 2);
    // A closing is not held.
    house
        .run(&["hold", "add", "--client", "1", "--why", "a dispute"])
        .ok();
    house.invoices("101,1,11,Boleto,2026-12-10,10.00,,R,,,,\n");
    let answer = house.update("2026-12-16");
    assert_eq!(answer["closed"], json!({ "paid": 1 }));
    assert_eq!(
        house.lines("sms.jsonl").last().expect("a message")["body"],
        "thanks 101"
    );
}

#[test]
fn holds_are_put_listed_and_taken_away() {
    let mut house = provider(ANA);
    house
        .at("2026-12-11T09:00")
        .run(&[
            "hold",
            "add",
            "--client",
            "1",
            "--until",
            "20/12/2026",
            "--why",
            "promised",
        ])
        .ok()
        .says("hold 1: client 1, until 2026-12-20");
    house
        .run(&["hold", "add", "--invoice", "101", "--why", "disputed"])
        .ok()
        .says("hold 2: invoice 101, without end");
    let list = house.json(&["hold", "list"]);
    assert_eq!(list[0]["why"], "disputed");
    assert_eq!(list[0]["client_name"], "Ana Lima");
    assert_eq!(list[1]["until"], "2026-12-20");
    house.run(&["hold", "remove", "2"]).ok();
    assert_eq!(
        house.json(&["hold", "list"]).as_array().map(Vec::len),
        Some(1)
    );
    let all = house.json(&["hold", "list", "--all"]);
    assert_eq!(all[0]["removed_at"], "2026-12-11T09:00:00-03:00");
    for (arguments, code, says) in [
        (&["hold", "remove", "2"][..], 3, "there is no hold 2"),
        (
            &["hold", "add", "--client", "9", "--why", "x"],
            3,
            "there is no client 9",
        ),
        (
            &["hold", "add", "--invoice", "9", "--why", "x"],
            3,
            "there is no invoice 9",
        ),
        (
            &[
                "hold", "add", "--client", "1", "--until", "soon", "--why", "x",
            ],
            2,
            "`soon` is not a date",
        ),
        (
            &[
                "hold",
                "add",
                "--client",
                "1",
                "--until",
                "2026-12-10",
                "--why",
                "x",
            ],
            3,
            "is past",
        ),
        (
            &["hold", "add", "--client", "1", "--why", " "],
            2,
            "--why is empty",
        ),
        (&["hold", "add", "--why", "x"], 2, "--client"),
    ] {
        house.run(arguments).exits(code).says(says);
    }
}

#[test]
fn a_hold_wants_a_client_or_an_invoice() {
    let house = provider(ANA);
    house
        .run(&["hold", "add", "--why", "x"])
        .exits(2)
        .says("--client <ID>|--invoice <ID>");
    house
        .run(&[
            "hold",
            "add",
            "--why",
            "x",
            "--client",
            "1",
            "--invoice",
            "101",
        ])
        .exits(2)
        .says("cannot be used with");
}

#[test]
fn a_removal_from_the_bureaus_list_is_told_once_the_day_after_the_closing() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-14");
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-15,,2026-12-14,2026-12-15\n");
    house.update("2026-12-15");
    house.update("2026-12-15");
    house.update("2026-12-16");
    house.update("2026-12-17");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice sent -",
            "101 closing:paid thanks sent -",
            "101 closing:bureau_removed cleared sent -",
        ]
    );
    let show = house.json(&["collection", "show", "101"]);
    assert_eq!(show["bureau_removal_told"], json!(["2026-12-16"]));
}

#[test]
fn a_removal_that_was_told_today_is_all_that_happens_to_its_invoice_today() {
    let mut house = provider("101,1,11,Boleto,2026-12-10,99.90,,A,,,,\n");
    house.rules(LADDER);
    house.update("2026-12-14");
    // Late enough for the next stage on the day on which its removal from the list is to be told.
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,A,,,2026-12-14,2026-12-18\n");
    house.update("2026-12-18");
    let told = [
        "101 stage:notice notice sent -",
        "101 closing:bureau_removed cleared sent -",
    ];
    assert_eq!(house.messages(), told);
    let second = house.run(&["collection", "update", "--json"]).ok().json();
    assert_eq!(second["rules"][0]["advanced"], json!({}));
    assert_eq!(
        house.messages(),
        told,
        "a second update of the day moves nothing"
    );
    house.update("2026-12-19");
    assert_eq!(house.messages().len(), 3, "the stage comes the day after");
}

#[test]
fn too_many_messages_stop_the_run_before_anything_is_written() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n104,3,13,Boleto,2026-12-10,30.00,,A,,,,\n",
    );
    house.write(
        "config.toml",
        "max_data_age_hours = 0\nmax_messages_per_run = 1\n",
    );
    house.rules(LADDER);
    house
        .at("2026-12-14T09:00")
        .run(&["collection", "update"])
        .exits(3)
        .says("this update would send 2 messages, more than max_messages_per_run allows (1); nothing was written");
    assert_eq!(house.messages(), [""; 0]);
    assert_eq!(house.cases(), [""; 0]);
    assert_eq!(house.read("sms.jsonl"), "");
    house
        .run(&["collection", "update", "--dry-run"])
        .ok()
        .says("the update would be refused: 2 messages");
    // A push to two devices is one recipient, and fits.
    house.rules(&LADDER.replace("templates = [\"notice\"]", "templates = [\"app\"]"));
    house.update("2026-12-14");
    assert_eq!(house.lines("push.jsonl").len(), 2);
}

#[test]
fn a_dry_run_lists_what_would_happen_and_writes_nothing() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n103,2,12,Boleto,2026-12-10,20.00,,A,,,,\n",
    );
    house.rules(LADDER);
    house
        .run(&["hold", "add", "--client", "2", "--why", "a dispute"])
        .ok();
    house.at("2026-12-14T09:00");
    let answer = house.json(&["collection", "update", "--dry-run"]);
    assert_eq!(
        answer["moves"],
        json!([
            { "rule": "residential", "invoice_id": 103, "client_id": 2, "client_name": "Bruno Souza",
              "event": "stage:notice", "left_out": "held", "messages": [] },
            { "rule": "residential", "invoice_id": 101, "client_id": 1, "client_name": "Ana Lima",
              "event": "stage:notice", "left_out": null,
              "messages": [{ "template": "notice", "channel": "sms", "status": "queued", "reason": null }] },
        ])
    );
    assert_eq!(answer["rules"][0]["entered"], 1);
    assert_eq!(answer["delivery"], Value::Null);
    house
        .run(&["collection", "update", "--dry-run"])
        .ok()
        .prints("Ana Lima")
        .prints("notice by sms")
        .prints("nothing was written: a dry run");
    assert_eq!(house.messages(), [""; 0]);
    assert_eq!(house.cases(), [""; 0]);
    assert_eq!(
        house.json(&["rule", "list"])[0]["evaluated_on"],
        Value::Null
    );
}

#[test]
fn whatsapp_waits_and_is_folded_or_settled_when_its_case_moves_on() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n104,3,13,Boleto,2026-12-10,30.00,,A,,,,\n",
    );
    house.rules(
        &LADDER
            .replace("templates = [\"notice\"]", "templates = [\"zap\"]")
            .replace("templates = [\"inquiry\"]", "templates = [\"zap\"]"),
    );
    house.update("2026-12-14");
    house.run(&["collection", "update"]).ok();
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice zap queued -",
            "104 stage:notice zap queued -"
        ]
    );
    // 104 is put off before its message went; 101 moves on.
    house.invoices("104,3,13,Boleto,2026-12-30,30.00,,A,,,,\n");
    house.update("2026-12-18");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice zap skipped merged",
            "104 stage:notice zap queued -",
            "101 stage:inquiry zap queued -",
        ]
    );
    house
        .run(&["queue", "deliver", "--channel", "whatsapp"])
        .ok();
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice zap skipped merged",
            "104 stage:notice zap skipped settled",
            "101 stage:inquiry zap sent -",
        ]
    );
}

#[test]
fn a_payment_settles_what_still_waits() {
    let mut house = provider(ANA);
    house.rules(&LADDER.replace("templates = [\"notice\"]", "templates = [\"zap\"]"));
    house.update("2026-12-14");
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-14,,,\n");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.messages(), ["101 stage:notice zap skipped settled"]);
}

#[test]
fn a_reminder_lives_until_the_end_of_the_rolled_due_day() {
    // Saturday 12 December, after contact hours: the reminder waits for Monday, which is still in time.
    let invoice = "101,1,11,Boleto,2026-12-12,10.00,,A,,,,\n";
    for (roll, status) in [(true, "sent -"), (false, "skipped expired")] {
        let mut house = provider(invoice);
        house.rules(&LADDER.replace(
            "reminders =",
            &format!("roll_due_date = {roll}\nreminders ="),
        ));
        house
            .at("2026-12-12T15:00")
            .run(&["collection", "update"])
            .ok();
        assert_eq!(house.messages(), ["101 reminder:0 soon queued -"]);
        house.at("2026-12-14T08:00").run(&["queue", "deliver"]).ok();
        assert_eq!(house.messages(), [format!("101 reminder:0 soon {status}")]);
    }
}

#[test]
fn due_dates_roll_over_holidays_of_the_nation_and_of_the_place() {
    // Friday 20 November is a national holiday; Monday 23 becomes one here.
    let mut house = provider("101,1,11,Boleto,2026-11-20,10.00,,A,,,,\n");
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[holidays]\nextra = [\"2026-11-23\"]\n",
    );
    house.rules(LADDER);
    house.update("2026-11-26");
    assert_eq!(house.cases(), [""; 0]);
    house.update("2026-11-27");
    assert_eq!(house.cases(), ["101 notice 2026-11-27 -"]);
    let show = house.json(&["collection", "show", "101"]);
    assert_eq!(
        (&show["counts_from"], &show["days_late"]),
        (&json!("2026-11-24"), &json!(7))
    );
}

#[test]
fn an_old_debt_does_not_enter() {
    let mut house = provider("101,1,11,Boleto,2026-09-10,10.00,,A,,,,\n");
    house.rules(&LADDER.replace("reminders =", "enter_until_days = 90\nreminders ="));
    house.update("2026-12-14");
    assert_eq!(house.cases(), [""; 0]);
    house
        .run(&["collection", "show", "101"])
        .ok()
        .prints("Next: nothing: rule `residential` takes nothing in that is more than 90 days late (enter_until_days)");
}

#[test]
fn rules_share_out_the_portfolios() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n103,2,12,Pix,2026-12-10,20.00,,A,,,,\n\
         104,3,13,,2026-12-10,30.00,,A,,,,\n",
    );
    house.rules(
        "[[rule]]\nname = \"boleto\"\nportfolios = [\"Boleto\"]\n[[rule.stage]]\nname = \"notice\"\nday = 2\n\
         [[rule]]\nname = \"rest\"\n[[rule.stage]]\nname = \"notice\"\nday = 4\n",
    );
    house.at("2026-12-14T09:00");
    let answer = house.json(&["collection", "update", "--rule", "rest"]);
    assert_eq!(answer["rules"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["rules"][0]["evaluated"], 2);
    assert_eq!(
        house.cases(),
        ["103 notice 2026-12-14 -", "104 notice 2026-12-14 -"]
    );
    house.run(&["collection", "update"]).ok();
    assert_eq!(house.cases().len(), 3);
    house
        .run(&["collection", "update", "--rule", "bolero"])
        .exits(3)
        .says("there is no rule `bolero`")
        .says("did you mean `boleto`?");
    // A case stays with its rule when its invoice goes to another portfolio.
    house.invoices("101,1,11,Pix,2026-12-10,10.00,,A,,,,\n");
    house
        .run(&["rule", "edit", "boleto", "--stage", "inquiry:3"])
        .ok();
    house.update("2026-12-15");
    assert!(
        house
            .cases()
            .contains(&"101 inquiry 2026-12-15 -".to_owned())
    );
}

#[test]
fn removing_a_rule_closes_its_cases_and_settles_what_waits() {
    let mut house = provider(ANA);
    house.rules(&LADDER.replace("templates = [\"notice\"]", "templates = [\"zap\"]"));
    house.update("2026-12-14");
    house
        .run(&["rule", "remove", "residential"])
        .ok()
        .says("1 open case of rule `residential` closes as rule_removed");
    assert_eq!(house.cases(), ["101 notice 2026-12-14 rule_removed"]);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.messages(), ["101 stage:notice zap skipped settled"]);
    house.run(&["rule", "show", "residential"]).exits(3);
    house
        .run(&["collection", "show", "101"])
        .ok()
        .prints("no rule takes it");
}

#[test]
fn a_template_in_a_rule_is_not_removed_and_a_rule_without_its_template_sends_nothing() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house
        .run(&["template", "remove", "thanks"])
        .exits(3)
        .says("rule `residential`");
    for flag in ["--kind=general", "--purpose=service"] {
        house
            .run(&["template", "edit", "notice", flag])
            .exits(3)
            .says("a rule could no longer send this template; nothing was changed")
            .says("rule `residential`: stage notice: templates: template `notice` is of");
    }
    house
        .run(&["template", "edit", "thanks", "--purpose", "service"])
        .ok();
    // Somebody took it away behind our back.
    let database = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    database
        .execute(
            "DELETE FROM template WHERE name IN ('notice', 'thanks')",
            [],
        )
        .expect("deleted");
    drop(database);
    house
        .at("2026-12-14T09:00")
        .run(&["collection", "update"])
        .exits(3)
        .says("a rule names templates that it cannot send; nothing was done")
        .says("rule `residential`: stage notice: templates: no template is called `notice`")
        .says("rule `residential`: closing.paid: no template is called `thanks`");
    assert_eq!(house.cases(), [""; 0]);
}

#[test]
fn every_problem_of_a_file_of_rules_is_told_at_once() {
    let house = provider("");
    house.write(
        "bad.toml",
        r#"[[rule]]
name = "a"
portfolios = ["Boleto"]
reminders = { days = [3, 3], templates = ["soon"] }
[[rule.stage]]
name = "notice"
day = 0
templates = ["overdu"]

[[rule]]
name = "b"
[[rule.stage]]
name = "inquiry"
day = 8
[[rule.stage]]
name = "arrangement"
day = 8

[[rule]]
name = "c"
portfolios = ["Pix", "Boleto"]
[[rule.stage]]
name = "notice"
day = 1
templates = ["offer"]
"#,
    );
    let told = house.run(&["apply", "bad.toml"]).exits(3).stderr;
    for line in [
        "bad.toml:4: rule.reminders.days: 3 stands twice, name each day once",
        "bad.toml:7: rule.stage.day: found 0: day 0 is the due date itself, and nobody is late on it, stages count days late, from 1",
        "bad.toml:13: rule.stage.name: `notice` is missing: the first stage is `inquiry`",
        "bad.toml:17: rule.stage.day: found 8, but the stage before it comes on day 8, days rise from stage to stage: write 9 or more",
        "bad.toml:8: rule.stage.templates: no template is called `overdu`",
        "bad.toml:21: rule.portfolios: portfolio `Boleto` belongs to rule `a` already",
        "bad.toml:25: rule.stage.templates: template `offer` is of kind general",
    ] {
        assert!(told.contains(line), "lacks {line}\n{told}");
    }
    assert_eq!(told.matches("bad.toml:").count(), 7, "{told}");
    // Where a template cannot be read, nobody guesses what it would have been.
    house.write(
        "worse.toml",
        r#"[[template]]
name = "late"
channel = "smoke"
kind = "financial"
body = "late"

[[rule]]
name = "a"
[[rule.stage]]
name = "notice"
day = 0
templates = ["late"]
"#,
    );
    let told = house.run(&["apply", "worse.toml"]).exits(3).stderr;
    assert_eq!(told.matches("worse.toml:").count(), 2, "{told}");
    // Sound in themselves, but not with each other and with the templates.
    house.write(
        "bad.toml",
        r#"[[rule]]
name = "a"
portfolios = ["Boleto"]
[[rule.stage]]
name = "notice"
day = 3
templates = ["noticia", "offer", "gone"]

[[rule]]
name = "b"
portfolios = ["Pix", "Boleto"]
[[rule.stage]]
name = "notice"
day = 3
[rule.closing]
paid = ["gone"]
"#,
    );
    let told = house.run(&["apply", "bad.toml"]).exits(3).stderr;
    for line in [
        "bad.toml:7: rule.stage.templates: no template is called `noticia`, did you mean `notice`?",
        "bad.toml:7: rule.stage.templates: template `offer` is of kind general, collections send templates of kind financial",
        "bad.toml:7: rule.stage.templates: template `gone` is of purpose service, reminders and stages send templates of purpose collection",
        "bad.toml:11: rule.portfolios: portfolio `Boleto` belongs to rule `a` already",
    ] {
        assert!(told.contains(line), "lacks {line}\n{told}");
    }
    assert_eq!(told.matches("bad.toml:").count(), 4, "{told}");
    assert_eq!(house.json(&["rule", "list"]), json!([]));
}

#[test]
fn what_is_exported_applies_without_a_change() {
    let house = provider("");
    house.rules(LADDER);
    let exported = house.run(&["export"]).ok().stdout;
    house.write("saved.toml", &exported);
    house
        .run(&["apply", "--check", "saved.toml"])
        .ok()
        .prints("= rule residential");
    house.write("saved.toml", exported.replace("day = 8", "day = 9"));
    house
        .run(&["apply", "--check", "saved.toml"])
        .exits(6)
        .prints("~ rule residential (stage)");
    // A rule that goes releases its portfolio to one that comes, and its template with it.
    house.write(
        "other.toml",
        format!("{TEMPLATES}\n{}", LADDER.replace("residential", "homes")),
    );
    house
        .run(&["apply", "other.toml"])
        .exits(3)
        .says("rule `residential` does so already");
    house
        .run(&["apply", "--prune", "other.toml"])
        .ok()
        .prints("+ rule homes")
        .prints("- rule residential");
}

#[test]
fn a_template_named_in_two_phases_is_only_warned_of() {
    let house = provider("");
    house.write(
        "rules.toml",
        LADDER.replace("templates = [\"inquiry\"]", "templates = [\"notice\"]"),
    );
    house
        .run(&["apply", "rules.toml"])
        .ok()
        .says("warning: rule `residential`: template `notice` is named in stage:notice and in stage:inquiry");
}

#[test]
fn rules_are_added_and_edited_by_flags() {
    let house = provider("");
    house
        .run(&[
            "rule",
            "add",
            "residential",
            "--reminders",
            "5,3,0:soon",
            "--stage",
            "notice:3:notice",
            "--stage",
            "inquiry:8:inquiry",
            "--closing",
            "paid:thanks",
            "--closing",
            "cancelled:gone",
            "--closing",
            "bureau_removed:cleared",
        ])
        .ok();
    let added = house
        .run(&["rule", "show", "residential", "--toml"])
        .ok()
        .stdout;
    house.write("rules.toml", LADDER);
    house
        .run(&["apply", "--check", "rules.toml"])
        .ok()
        .prints("= rule residential");
    assert!(
        added.contains("reminders = { days = [5, 3, 0], templates = [\"soon\"] }"),
        "{added}"
    );
    house
        .run(&["rule", "add", "residential", "--stage", "notice:3"])
        .exits(3)
        .says("there is a rule `residential` already");
    house
        .run(&["rule", "add", "other", "--stage", "notice:0"])
        .exits(3)
        .says("rule `other`: stage notice: day: found 0: day 0 is the due date itself, and nobody is late on it")
        .says("rule `other`: portfolios: no portfolio is named");
    house
        .run(&[
            "rule",
            "edit",
            "residential",
            "--stage",
            "visit:30",
            "--without-stage",
            "inquiry",
            "--portfolio",
            "Boleto",
            "--reminders",
            "none",
            "--closing",
            "cancelled:",
            "--one-message-per-client",
            "no",
            "--enter-until-days",
            "60",
        ])
        .ok();
    let rule = house.json(&["rule", "show", "residential"]);
    assert_eq!(rule["stages"][1]["name"], "visit");
    assert_eq!(rule["reminders"], Value::Null);
    assert_eq!(rule["portfolios"], json!(["Boleto"]));
    assert_eq!(rule["closing"]["cancelled"], json!([]));
    assert_eq!(rule["one_message_per_client"], false);
    assert_eq!(rule["enter_until_days"], 60);
    house
        .run(&["rule", "edit", "residental", "--reminders", "none"])
        .exits(3)
        .says("did you mean `residential`?");
    house
        .run(&["rule", "edit", "residential", "--stage", "notice:three"])
        .exits(2)
        .says("`three` is not a whole number");
}

#[test]
fn a_removed_stage_counts_as_passed() {
    let mut house = provider(ANA);
    house.rules(&LADDER.replace(
        "[rule.closing]",
        "[[rule.stage]]\nname = \"visit\"\nday = 20\n[rule.closing]",
    ));
    house.update("2026-12-14");
    house.update("2026-12-18");
    house
        .run(&["rule", "edit", "residential", "--without-stage", "inquiry"])
        .ok();
    house.update("2026-12-30");
    assert_eq!(house.cases(), ["101 visit 2026-12-30 -"]);
}

#[test]
fn the_report_of_cases_has_filters_totals_and_what_a_letter_needs() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n103,2,12,Boleto,2026-12-07,20.00,,A,,,,\n\
         104,3,13,Boleto,2026-12-07,30.50,,A,,,,\n",
    );
    house.rules(LADDER);
    house.update("2026-12-10");
    house.invoices("103,2,12,Boleto,2026-12-07,20.00,,C,,,,\n");
    house.update("2026-12-11");
    let rows = house.json(&["collection", "list", "--open", "--stage", "inquiry"]);
    assert_eq!(
        rows,
        json!([{
            "case_id": 1, "rule": "residential", "portfolio": "Boleto", "invoice_id": 101,
            "contract_id": 11, "plan": "Fibra 500", "client_id": 1, "client_name": "Ana Lima",
            "amount": 10.0, "open_amount": 10.0, "due_on": "2026-12-01", "days_late": 10,
            "stage": "inquiry", "since": "2026-12-11", "outcome": null, "closed_on": null,
            "settled_on": null, "last_message_at": "2026-12-11T09:00:00-03:00",
            "last_message_status": "sent", "next_step": null, "next_on": null,
        }])
    );
    assert_eq!(
        house.json(&["collection", "list", "--outcome", "cancelled"])[0]["closed_on"],
        "2026-12-11"
    );
    assert_eq!(
        house.json(&["collection", "list", "--client", "3"])[0]["invoice_id"],
        104
    );
    let of = |arguments: &[&str]| -> Vec<i64> {
        let rows = house.json(&[&["collection", "list"], arguments].concat());
        let rows = rows.as_array().expect("rows");
        rows.iter()
            .filter_map(|row| row["invoice_id"].as_i64())
            .collect()
    };
    assert_eq!(of(&["--order", "open_amount:desc"]), [104, 101, 103]);
    assert_eq!(of(&["--order", "days_late:desc", "--limit", "1"]), [101]);
    assert_eq!(of(&["--since", "2026-12-11"]), [101]);
    assert_eq!(
        of(&["--until", "10/12/2026", "--portfolio", "Boleto"]),
        [103, 104]
    );
    assert_eq!(of(&["--portfolio", "Pix"]), [0; 0]);
    house
        .run(&["collection", "list", "--order", "open_amont"])
        .exits(2)
        .says("did you mean `open_amount`?");
    let rows = house.json(&["collection", "list", "--client", "3"]);
    assert_eq!(
        (&rows[0]["next_step"], &rows[0]["next_on"]),
        (&json!("stage:inquiry"), &json!("2026-12-15"))
    );
    house
        .run(&["collection", "list"])
        .ok()
        .prints("3 cases, 2 open (notice 1, inquiry 1), R$ 40,50 owed; ended: cancelled 1");
    let csv = house
        .run(&["collection", "list", "--open", "-o", "csv", "--reveal"])
        .ok()
        .stdout;
    assert_eq!(
        csv.lines().next(),
        Some(
            "case_id,rule,portfolio,invoice_id,contract_id,plan,client_id,client_name,amount,open_amount,due_on,days_late,stage,since,outcome,closed_on,settled_on,last_message_at,last_message_status,next_step,next_on,tax_id,mobile,whatsapp,email,city,district"
        )
    );
    assert!(
        csv.contains("111.444.777-35,'+55 (49) 99999-0001,,ana@example.com,Chapecó,"),
        "{csv}"
    );
    let plain = house.run(&["collection", "list", "-o", "csv"]).ok().stdout;
    assert!(!plain.contains("111.444"), "{plain}");
    house
        .run(&["collection", "list", "--stage", "burau"])
        .exits(2)
        .says("notice, inquiry, arrangement, visit, bureau");
}

#[test]
fn one_invoices_whole_way_is_shown_with_what_comes_next() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-10");
    house.update("2026-12-14");
    let text = house.run(&["collection", "show", "101"]).ok().stdout;
    for part in [
        "Invoice 101 of Ana Lima (client 1), portfolio Boleto",
        "R$ 99,90, R$ 99,90 of it open; open; due 2026-12-10; 4 days late",
        "rule residential, last evaluated on 2026-12-14",
        "reminder:0",
        "soon by sms",
        "case 1 of rule residential begins, R$ 99,90 owed",
        "sent 2026-12-14T09:00:00-03:00",
        "Next: stage:inquiry on 2026-12-18, if nothing changes",
    ] {
        assert!(text.contains(part), "lacks {part}\n{text}");
    }
    house
        .run(&["hold", "add", "--invoice", "101", "--why", "disputed"])
        .ok();
    house
        .run(&["collection", "show", "101"])
        .ok()
        .prints("hold 1 on the invoice, without end: disputed")
        .prints("Next: nothing: a person put it on hold without an end (held)");
    house.run(&["hold", "remove", "1"]).ok();
    let show = house.json(&["collection", "show", "101"]);
    assert_eq!(show["next"]["on"], "2026-12-18");
    assert_eq!(show["next"]["event"], "stage:inquiry");
    assert_eq!(show["cases"][0]["moves"][0]["move"], "notice");
    assert_eq!(show["messages"][1]["event"], "stage:notice");
    assert_eq!(show["reminders"][0]["days"], 0);
    house.update("2026-12-18");
    house
        .run(&["collection", "show", "101"])
        .ok()
        .prints("Next: nothing: `inquiry` is the last stage of rule `residential`");
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-18,,,\n");
    assert_eq!(
        house.json(&["collection", "show", "101"])["next"]["event"],
        "closing:paid"
    );
    house.update("2026-12-19");
    house
        .run(&["collection", "show", "101"])
        .ok()
        .prints("Next: nothing: the invoice is paid");
    house
        .run(&["collection", "show", "999"])
        .exits(3)
        .says("there is no invoice 999 in the book");
}

#[test]
fn a_forecast_is_what_the_coming_days_do() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,10.00,,A,,,,\n102,1,11,Boleto,2026-12-12,10.00,,A,,,,\n\
         103,2,12,Boleto,2026-12-10,20.00,,A,,,,\n104,3,13,Boleto,2026-12-15,30.00,,A,,,,\n\
         105,3,13,Boleto,2026-12-30,30.00,,A,,,,\n",
    );
    house.rules(LADDER);
    house
        .run(&[
            "hold",
            "add",
            "--invoice",
            "104",
            "--until",
            "2026-12-16",
            "--why",
            "promised",
        ])
        .ok();
    house.at("2026-12-06T09:00");
    let forecast = house.json(&["collection", "forecast", "--days", "21"]);
    let foreseen: Vec<(String, u64, u64)> = forecast
        .as_array()
        .expect("days")
        .iter()
        .map(|day| {
            (
                day["on"].as_str().expect("a day").to_owned(),
                day["messages"].as_u64().expect("a number"),
                day["invoices"].as_u64().expect("a number"),
            )
        })
        .collect();
    assert_eq!(foreseen.len(), 21);
    for (day, messages, invoices) in foreseen {
        let answer = house.update(&day);
        let moved = answer["entered"].as_u64().unwrap_or(0)
            + answer["reminders"].as_u64().unwrap_or(0)
            + answer["advanced"]["inquiry"].as_u64().unwrap_or(0);
        assert_eq!(
            (&answer["messages"]["queued"], moved),
            (&json!(messages), invoices),
            "on {day}"
        );
    }
    // What is left comes tomorrow or later.
    let text = house
        .run(&["collection", "forecast", "--days", "3"])
        .ok()
        .stdout;
    assert!(
        text.contains("2026-12-27 Sun") && text.contains('█'),
        "{text}"
    );
}

#[test]
fn a_task_updates_collections_and_delivers() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house
        .at("2026-12-14T08:00")
        .run(&[
            "task",
            "add",
            "collections",
            "--run",
            "collection-update",
            "--minute",
            "30",
            "--hour",
            "8",
        ])
        .ok();
    house.at("2026-12-14T08:30").run(&["task", "run-due"]).ok();
    assert_eq!(house.messages(), ["101 stage:notice notice sent -"]);
    let task = house.json(&["task", "list"]);
    assert_eq!(task[0]["last_outcome"], "done");
    // The same day again by hand: nothing moves twice.
    house.run(&["task", "run", "collections"]).ok();
    assert_eq!(house.messages().len(), 1);
}

#[test]
fn an_invoice_without_a_due_date_is_refused_at_the_door() {
    let house = provider("");
    house.write(
        "bad.csv",
        format!("{COLUMNS}\n101,1,11,Boleto,,99.90,,A,,,,\n"),
    );
    house
        .run(&["import", "invoices", "bad.csv"])
        .exits(3)
        .says("bad.csv:2: due_on:");
}

#[test]
fn trial_23_two_contracts_due_on_one_day_are_both_told_unless_the_text_speaks_for_both() {
    let two = "101,1,11,Boleto,2026-12-10,99.90,,A,,,,\n102,1,11,Boleto,2026-12-10,50.00,,A,,,,\n";
    let mut house = provider(two);
    house.rules(LADDER);
    for day in ["2026-12-04", "2026-12-05", "2026-12-07", "2026-12-10"] {
        house.update(day);
    }
    assert_eq!(
        house.messages(),
        [
            "101 reminder:5 soon sent -",
            "102 reminder:5 soon sent -",
            "101 reminder:3 soon sent -",
            "102 reminder:3 soon sent -",
            "101 reminder:0 soon sent -",
            "102 reminder:0 soon sent -",
        ]
    );

    let mut house = provider(two);
    house.write(
        "all.toml",
        "[[template]]\nname = \"all\"\nchannel = \"sms\"\nkind = \"financial\"\n\
         body = \"#faturas_quantidade# faturas, #faturas_total#:\\n#faturas_lista#\"\n",
    );
    house.run(&["apply", "all.toml"]).ok();
    house.rules(&LADDER.replace("templates = [\"soon\"]", "templates = [\"all\"]"));
    house.update("2026-12-05");
    assert_eq!(
        house.messages(),
        [
            "101 reminder:5 all sent -",
            "102 reminder:5 all skipped merged",
        ]
    );
    let rows = house.json(&["history", "--status", "sent"]);
    assert_eq!(
        rows[0]["body"],
        "2 faturas, R$ 149,90:\n101: R$ 99,90 (10/12/2026)\n102: R$ 50,00 (10/12/2026)"
    );
}

#[test]
fn trial_24_two_paid_and_one_cancelled_are_told_of_by_one_message_each() {
    let rows = |paid: &str, cancelled: &str| {
        format!(
            "101,1,11,Boleto,2026-12-01,10.00,,{paid},,,,\n\
             102,1,11,Boleto,2026-12-02,20.00,,{paid},,,,\n\
             103,1,11,Boleto,2026-12-03,30.00,,{cancelled},,,,\n"
        )
    };
    let mut house = provider(&rows("A", "A"));
    house.rules(LADDER);
    house.update("2026-12-07");
    house.invoices(&rows("R", "C"));
    house.update("2026-12-08");
    assert_eq!(
        house.messages()[3..],
        [
            "101 closing:paid thanks sent -",
            "102 closing:paid thanks skipped merged",
            "103 closing:cancelled gone sent -",
        ]
    );
}

#[test]
fn a_client_of_two_rules_gets_one_stage_message_a_day_and_channel() {
    let rows = "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n102,1,11,Pix,2026-11-20,20.00,,A,,,,\n";
    let two = format!(
        "{}{}",
        LADDER.replace("[[rule]]", "[[rule]]\nportfolios = [\"Boleto\"]"),
        LADDER
            .replace("\"residential\"", "\"second\"")
            .replace("[[rule]]", "[[rule]]\nportfolios = [\"Pix\"]")
    );
    let mut house = provider(rows);
    house.rules(&two);
    house.update("2026-12-04");
    house.update("2026-12-09");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice skipped merged",
            "102 stage:notice notice sent -",
            "101 stage:inquiry inquiry skipped merged",
            "102 stage:inquiry inquiry sent -",
        ]
    );

    // Updated apart: the graver takes the place of one that still waits, and nothing follows what left.
    let mut house = provider(rows);
    house.rules(
        &two.replace("[\"notice\"]", "[\"zap\"]")
            .replace("[\"inquiry\"]", "[\"zap\"]"),
    );
    let apart = |house: &mut House, day: &str, rule: &str| {
        house.at(&format!("{day}T09:00"));
        house.run(&["collection", "update", "--rule", rule]).ok();
    };
    apart(&mut house, "2026-12-01", "second");
    apart(&mut house, "2026-12-04", "residential");
    apart(&mut house, "2026-12-04", "second");
    assert_eq!(
        house.messages(),
        [
            "102 stage:notice zap skipped merged",
            "101 stage:notice zap skipped merged",
            "102 stage:inquiry zap queued -",
        ]
    );
    house.run(&["queue", "deliver"]).ok();
    let mut house = provider(rows);
    house.rules(&two);
    apart(&mut house, "2026-12-04", "residential");
    apart(&mut house, "2026-12-04", "second");
    assert_eq!(
        house.messages(),
        [
            "101 stage:notice notice sent -",
            "102 stage:notice notice skipped merged",
        ]
    );
}

#[test]
fn keys_count_the_invoices_cases_and_end_in_the_channel() {
    let mut house = provider(ANA);
    house.rules(&LADDER.replace("[\"notice\"]", "[\"notice\", \"app\"]"));
    house.update("2026-12-05");
    house.update("2026-12-14");
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-15,,,\n");
    house.update("2026-12-15");
    house.invoices(ANA);
    house.update("2026-12-16");
    let rows = house.json(&["history", "--origin", "collection", "--limit", "0"]);
    let keys: Vec<&str> = rows
        .as_array()
        .expect("rows")
        .iter()
        .rev()
        .filter_map(|row| row["key"].as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "collection/101/due-2026-12-10/reminder:5/soon/sms",
            "collection/101/1/stage:notice/notice/sms",
            "collection/101/1/stage:notice/app/push/ana-1",
            "collection/101/1/stage:notice/app/push/ana-2",
            "collection/101/1/closing:paid/thanks/sms",
            "collection/101/2/stage:notice/notice/sms",
            "collection/101/2/stage:notice/app/push/ana-1",
            "collection/101/2/stage:notice/app/push/ana-2",
        ]
    );
}

#[test]
fn a_removal_that_the_erp_tells_of_late_is_told_and_what_was_before_the_rules_time_is_not() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-11,,2026-12-01,2026-12-04\n\
         103,3,13,Boleto,2026-12-10,99.90,,R,2026-12-11,,,\n",
    );
    house.rules(LADDER);
    house.update("2026-12-04");
    house.update("2026-12-10");
    house.invoices("103,3,13,Boleto,2026-12-10,99.90,,R,2026-12-11,,2026-12-01,2026-12-07\n");
    house.update("2026-12-11");
    house.update("2026-12-12");
    assert_eq!(
        house.messages(),
        ["103 closing:bureau_removed cleared sent -"]
    );
}

const COMPANY: &str = "[[template]]\nname = \"ours\"\nchannel = \"sms\"\nkind = \"financial\"\n\
    body = \"#empresa_nome#: fatura #areceber_numero#\"\n";

#[test]
fn trial_54_what_nothing_provides_is_told_when_saved_and_refused_before_a_plan() {
    let mut house = provider(ANA);
    house.write("ours.toml", COMPANY);
    house
        .run(&["apply", "ours.toml"])
        .ok()
        .says("template `ours`: #empresa_nome# is what nothing provides yet");
    let ladder = LADDER.replace("[\"notice\"]", "[\"ours\"]");
    house.write("rules.toml", &ladder);
    house
        .run(&["apply", "rules.toml"])
        .ok()
        .says("rule `residential`: template `ours`: #empresa_nome# is what nothing provides yet");
    house
        .run(&["rule", "edit", "residential", "--enter-until-days", "90"])
        .ok()
        .says("set [company] name in the configuration");
    house
        .run(&[
            "task",
            "add",
            "send",
            "--run",
            "send",
            "--report",
            "late",
            "--template",
            "ours",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .exits(3);
    house.run(&["report", "save", "late", "invoices"]).ok();
    house
        .run(&[
            "task",
            "add",
            "send",
            "--run",
            "send",
            "--report",
            "late",
            "--template",
            "ours",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .ok()
        .says("template `ours`: #empresa_nome# is what nothing provides yet");
    house
        .run(&[
            "template",
            "edit",
            "ours",
            "--body",
            "#empresa_nome#: #areceber_numero#",
        ])
        .ok()
        .says("#empresa_nome# is what nothing provides yet");
    let doctor = house.run(&["doctor", "--json"]);
    assert!(
        doctor.stdout.contains("template `ours`: #empresa_nome#"),
        "{}",
        doctor.stdout
    );

    house.at("2026-12-14T09:00");
    house
        .run(&["collection", "update"])
        .exits(3)
        .says("template `ours`: #empresa_nome#: is what nothing provides yet")
        .says("set [company] name in the configuration");
    house
        .run(&["send", "invoices", "--template", "ours", "--dry-run"])
        .exits(3)
        .says("is what nothing provides yet");
    assert_eq!(house.messages(), [""; 0]);
    assert_eq!(house.cases(), [""; 0]);

    // A text of its own stands in, and so does the configuration.
    house
        .run(&[
            "template",
            "edit",
            "ours",
            "--body",
            "#empresa_nome|Nos#: #areceber_numero#",
        ])
        .ok();
    house.update("2026-12-14");
    let rows = house.json(&["history", "--origin", "collection"]);
    assert_eq!(rows[0]["body"], "Nos: 101");
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[company]\nname = \"Provedor Exemplo\"\n",
    );
    house
        .run(&[
            "template",
            "preview",
            "ours",
            "--client",
            "1",
            "--invoice",
            "101",
        ])
        .ok()
        .prints("Provedor Exemplo: 101");
}

#[test]
fn trial_82_a_day_long_after_the_last_wants_a_yes_and_a_wrong_day_has_a_way_back() {
    let mut house = provider(ANA);
    house.rules(LADDER);
    house.update("2026-12-14");
    house.at("2031-01-01T09:00");
    house
        .run(&["collection", "update", "--stale-ok"])
        .exits(2)
        .says("collections were last updated for 2026-12-14")
        .says("--yes");
    house.run(&["collection", "update", "--dry-run"]).ok();
    house
        .run(&["collection", "update", "--stale-ok", "--yes"])
        .ok();
    assert_eq!(house.cases(), ["101 inquiry 2031-01-01 -"]);
    house.at("2026-12-15T09:00");
    house
        .run(&["collection", "update"])
        .exits(3)
        .says("regua rule edit residential --evaluated-on 2026-12-14");
    house
        .run(&[
            "rule",
            "edit",
            "residential",
            "--evaluated-on",
            "2026-12-16",
        ])
        .exits(3)
        .says("2026-12-16 is still to come");
    house
        .run(&[
            "rule",
            "edit",
            "residential",
            "--evaluated-on",
            "2026-12-14",
        ])
        .ok();
    house.update("2026-12-15");
    assert_eq!(house.cases(), ["101 inquiry 2026-12-14 -"]);
    house.invoices("101,1,11,Boleto,2026-12-10,99.90,,R,2026-12-15,,,\n");
    house.update("2026-12-16");
    assert_eq!(house.cases(), ["101 inquiry 2026-12-14 paid"]);
    // Seven days are a holiday, eight want a yes; a task has it.
    house.update("2026-12-23");
    house.at("2026-12-31T09:00");
    house.run(&["collection", "update"]).exits(2);
    house
        .run(&[
            "task",
            "add",
            "daily",
            "--run",
            "collection-update",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .ok();
    house.run(&["task", "run", "daily"]).ok();
}

#[test]
fn what_is_paid_by_card_or_debit_gets_no_reminder_and_no_stage_before_its_days_of_grace() {
    let mut house = provider("");
    let columns = "id,client_id,contract_id,due_on,amount,status,payment_method";
    house.write(
        "methods.csv",
        format!(
            "{columns}\n101,1,11,2026-12-10,99.90,A,Cartão\n102,3,13,2026-12-10,99.90,A,\n\
             103,1,11,2026-12-10,50.00,A,Boleto\n"
        ),
    );
    house.write(
        "of_contract.csv",
        "id,client_id,payment_method\n13,3,pix_automatico\n",
    );
    house.run(&["import", "contracts", "of_contract.csv"]).ok();
    house.run(&["import", "invoices", "methods.csv"]).ok();
    house.rules(&LADDER.replace("reminders =", "debit_grace_days = 5\nreminders ="));
    let left_out = |answer: &Value| answer["left_out"].clone();
    let answer = house.update("2026-12-05");
    assert_eq!(left_out(&answer), json!({"automatic_payment": 2}));
    assert_eq!(
        left_out(&house.update("2026-12-13")),
        json!({"automatic_payment": 2})
    );
    assert_eq!(
        left_out(&house.update("2026-12-14")),
        json!({"automatic_payment": 2})
    );
    assert_eq!(left_out(&house.update("2026-12-15")), json!({}));
    assert_eq!(
        house.messages(),
        [
            "103 reminder:5 soon sent -",
            "103 stage:notice notice sent -",
            "101 stage:notice notice sent -",
            "102 stage:notice notice sent -",
        ]
    );
    house
        .run(&[
            "rule",
            "edit",
            "residential",
            "--skip-payment-method",
            "none",
        ])
        .ok();
    let rule = house.json(&["rule", "show", "residential"]);
    assert_eq!(rule["skip_payment_methods"], json!([]));
    assert_eq!(rule["debit_grace_days"], 5);
    house
        .run(&["export"])
        .prints("skip_payment_methods = []")
        .prints("debit_grace_days = 5");
}

#[test]
fn portfolios_that_nobody_has_or_nobody_takes_are_told() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-10,99.90,,A,,,,\n102,1,11,Carne,2026-12-10,99.90,,A,,,,\n\
         103,3,13,,2026-12-10,99.90,,A,,,,\n",
    );
    house.write(
        "rules.toml",
        LADDER.replace("[[rule]]", "[[rule]]\nportfolios = [\"Boletos\"]"),
    );
    house
        .run(&["apply", "rules.toml"])
        .ok()
        .says("no invoice has the portfolio `Boletos`, did you mean `Boleto`?");
    house
        .run(&["rule", "edit", "residential", "--portfolio", "Boleto"])
        .ok();
    house.at("2026-12-05T09:00");
    house
        .run(&["collection", "update"])
        .ok()
        .says("2 owing invoices stand in portfolios that no rule takes");
    house
        .run(&["collection", "update"])
        .ok()
        .says("rule `residential` was updated for 2026-12-05 already");
    house
        .run(&["doctor", "--json"])
        .prints("2 owing invoices stand in portfolios that no rule takes");
    house
        .run(&["rule", "edit", "residential", "--every-portfolio"])
        .ok();
    let doctor = house.run(&["doctor", "--json"]);
    assert!(!doctor.stdout.contains("no rule takes"));
}

#[test]
fn lint_warns_of_a_stage_that_names_one_invoice_only() {
    let house = provider(ANA);
    house.rules(LADDER);
    house
        .run(&["template", "lint", "notice", "--json"])
        .prints("it names one invoice only");
    let soon = house.run(&["template", "lint", "soon", "--json"]);
    assert!(!soon.stdout.contains("one invoice only"));
}

#[test]
fn who_is_handed_over_to_the_bureau_is_listed_once_and_never_while_on_hold() {
    let mut house = provider(
        "101,1,11,Boleto,2026-12-01,10.00,,A,,,,\n103,2,12,Boleto,2026-12-01,20.00,,A,,,,\n\
         104,3,13,Boleto,2026-12-01,30.50,,A,,,,\n",
    );
    house.write(
        "where.csv",
        "id,name,person_type,birth_date,street,number,zip,state\n\
         1,Ana Lima,F,1990-05-01,Rua das Flores,12,89800-000,SC\n",
    );
    house.run(&["import", "clients", "where.csv"]).ok();
    house.rules(&LADDER.replace("name = \"inquiry\"", "name = \"bureau\""));
    house.update("2026-12-07");
    house.update("2026-12-09");
    house
        .run(&["hold", "add", "--client", "3", "--why", "disputed"])
        .ok();
    house.at("2026-12-10T09:00");
    let csv = house
        .run(&["collection", "handover", "--stage", "bureau", "-o", "csv"])
        .ok()
        .says("left out: held 1")
        .stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "case_id,invoice_id,number,client_id,name,tax_id,birth_date,street,number,complement,district,city,state,zip,mobile,email,contract_id,issued_on,due_on,amount,open_amount,days_late,notice_on,notice_delivered_at"
    );
    assert_eq!(
        lines[1],
        "1,101,,1,Ana Lima,111.444.777-35,1990-05-01,Rua das Flores,12,,,Chapecó,SC,89800-000,'+55 (49) 99999-0001,ana@example.com,11,,2026-12-01,10.00,10.00,9,2026-12-07,"
    );
    assert!(lines[2].starts_with("2,103,,2,Bruno Souza,"), "{csv}");
    assert!(lines[2].ends_with(",9,,"), "no notice reached him: {csv}");
    assert_eq!(lines.len(), 3);
    assert_eq!(
        house.json(&["collection", "handover"])[0]["street_number"],
        "12"
    );
    house
        .run(&["collection", "handover", "--mark", "-o", "csv"])
        .ok()
        .says("2 noted as handed over");
    assert_eq!(house.json(&["collection", "handover"]), json!([]));
    house.run(&["hold", "remove", "1"]).ok();
    let rows = house.json(&["collection", "handover", "--since", "2026-12-09"]);
    assert_eq!(rows[0]["invoice_id"], 104);
    assert_eq!(
        house.json(&["collection", "handover", "--since", "2026-12-10"]),
        json!([])
    );
}

/// What the first version left of a ladder on Friday 18 December: a case at inquiry, and a reminder.
const LANDED: &str = "
INSERT INTO client (id, name, person_type, mobile) VALUES (1, 'Ana Lima', 'individual', '+5549999990001');
INSERT INTO invoice (id, client_id, due_on, amount, status) VALUES
  (101, 1, '2026-12-10', 9990, 'open'), (102, 1, '2026-12-21', 9990, 'open');
INSERT INTO template (name, channel, kind, purpose, body) VALUES
  ('soon', 'sms', 'financial', 'collection', 'soon'),
  ('notice', 'sms', 'financial', 'collection', 'notice'),
  ('inquiry', 'sms', 'financial', 'collection', 'inquiry');
INSERT INTO rule VALUES ('residential', 1, 1, NULL, 'each', 'each', '2026-12-18');
INSERT INTO rule_reminder VALUES ('residential', 0, 3);
INSERT INTO rule_stage VALUES ('residential', 0, 'notice', 3, 'each'), ('residential', 1, 'inquiry', 8, 'each');
INSERT INTO rule_template VALUES ('residential', 'reminder', 0, 'soon'),
  ('residential', 'stage:notice', 0, 'notice'), ('residential', 'stage:inquiry', 0, 'inquiry');
INSERT INTO collection_case (id, rule, invoice_id, client_id, stage, since, due_on)
  VALUES (7, 'residential', 101, 1, 'inquiry', '2026-12-18', '2026-12-10');
INSERT INTO collection_move VALUES (7, 1, '2026-12-14', 'notice', 9990), (7, 2, '2026-12-18', 'inquiry', 9990);
INSERT INTO collection_reminder VALUES (102, '2026-12-21', 3, 'residential', '2026-12-18');
INSERT INTO message (key, channel, purpose, kind, template, origin, event, client_id, invoice_id, address,
    body, status, created_at, sent_at, while_owing, case_id)
  VALUES
  ('collection/101/case-7/stage:notice/notice/+5549999990001', 'sms', 'collection', 'financial', 'notice',
   'collection', 'stage:notice', 1, 101, '+5549999990001', 'notice', 'sent', 1, 1, 1, 7),
  ('collection/101/case-7/stage:inquiry/inquiry/+5549999990001', 'sms', 'collection', 'financial', 'inquiry',
   'collection', 'stage:inquiry', 1, 101, '+5549999990001', 'inquiry', 'sent', 2, 2, 1, 7),
  ('collection/102/due-2026-12-21/reminder:3/soon/+5549999990001', 'sms', 'collection', 'financial', 'soon',
   'collection', 'reminder:3', 1, 102, '+5549999990001', 'soon', 'sent', 2, 2, 1, NULL);
";

#[test]
fn an_update_after_the_migration_tells_nobody_twice() {
    let mut house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    let landed = rusqlite::Connection::open(house.path("regua.db")).expect("a database");
    for migration in [
        include_str!("../../src/store/migrations/0001_first.sql"),
        include_str!("../../src/store/migrations/0002_collection.sql"),
        include_str!("../../src/store/migrations/0003_task.sql"),
        include_str!("../../src/store/migrations/0004_ticket.sql"),
        include_str!("../../src/store/migrations/0005_sync.sql"),
        include_str!("../../src/store/migrations/0006_status.sql"),
        include_str!("../../src/store/migrations/0007_messages_and_sources.sql"),
        LANDED,
    ] {
        landed
            .execute_batch(migration)
            .expect("the first version's");
    }
    landed
        .pragma_update(None, "user_version", 7)
        .expect("a version");
    landed
        .pragma_update(None, "application_id", 0x7265_6775)
        .expect("a number");
    drop(landed);
    let told = [
        "101 stage:notice notice sent -",
        "101 stage:inquiry inquiry sent -",
        "102 reminder:3 soon sent -",
    ];
    for day in ["2026-12-18", "2026-12-19", "2026-12-20"] {
        house.update(day);
        assert_eq!(house.messages(), told, "on {day}");
    }

    // Even when the moves themselves are forgotten, their keys are not.
    let forgetful = rusqlite::Connection::open(house.path("regua.db")).expect("a database");
    forgetful
        .execute_batch(
            "UPDATE collection_case SET stage = 'notice', since = '2026-12-14';
             DELETE FROM collection_reminder;
             UPDATE rule SET evaluated_on = '2026-12-17';",
        )
        .expect("forgotten");
    drop(forgetful);
    let again = house.update("2026-12-18");
    assert_eq!(again["advanced"], json!({"inquiry": 1}));
    assert_eq!(again["reminders"], 1);
    assert_eq!(house.messages(), told);
}
