//! Stories of notices: one a contract, tried until it is sent, listed, audited and proven.

use serde_json::{Value, json};

use crate::house::House;

const TEMPLATES: &str = r##"
[[template]]
name = "friendly"
channel = "sms"
kind = "financial"
body = "A fatura #areceber_numero# venceu."

[[template]]
name = "notice-sms"
channel = "sms"
kind = "financial"
body = "#cliente_nome#: #aviso_suspensao#"

[[template]]
name = "notice-mail"
channel = "email"
kind = "financial"
title = "Aviso"
body = "#aviso_suspensao#"

[[template]]
name = "bare-html"
channel = "email"
kind = "financial"
title = "Aviso"
body = "#aviso_suspensao#"
html = "<p>Pague.</p>"

[[template]]
name = "last-call"
channel = "email"
kind = "financial"
title = "Suspensão"
body = "O acesso pode ser suspenso a partir de #suspensao_data#, o contrato rescindido em #rescisao_data#."
"##;

pub const RULE: &str = r#"
[[rule]]
name = "residential"
[[rule.stage]]
name = "notice"
day = 1
templates = ["friendly"]
[[rule.stage]]
name = "inquiry"
day = 5
templates = ["notice-sms", "notice-mail"]
notice = "suspension"
[[rule.stage]]
name = "arrangement"
day = 10
templates = ["last-call"]
"#;

/// 1 Ana has a mobile and an e-mail; 2 Bruno only an e-mail. 11 and 12 are of one contract of Ana's.
pub fn provider() -> House {
    let house = House::new();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[company]\nname = \"Provedor Exemplo\"\ntax_id = \"12.345.678/0001-95\"\n[caps]\ncollection = { messages = 1, days = 30 }\n[holidays.city]\n\"Chapecó/SC\" = [\"2026-12-22\"]\n",
    );
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,email,tax_id,city,state\n\
         1,Ana Lima,F,(49) 99999-0001,ana@example.com,111.444.777-35,Chapecó,SC\n\
         2,Bruno Souza,F,,bruno@example.com,,Xaxim,SC\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,plan,status,access_status\n21,1,Fibra 500,A,A\n22,2,Fibra 300,A,A\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n\
         11,1,21,2026-11-30,99.90,A\n12,1,21,2026-11-30,10.00,A\n13,2,22,2026-11-30,50.00,A\n",
    );
    house.write("templates.toml", TEMPLATES);
    house.write("rule.toml", RULE);
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "templates.toml"]).ok();
    house.run(&["apply", "rule.toml"]).ok();
    house
}

pub fn update(house: &mut House, day: &str) -> Value {
    house.at(&format!("{day}T10:00"));
    let ran = house.run(&["collection", "update", "--json", "--yes"]);
    assert!(ran.code < 2, "{ran:#?}");
    serde_json::from_str(&ran.stdout).expect("JSON")
}

fn stages(house: &House) -> Vec<(i64, String)> {
    let cases = house.run(&["collection", "list", "--json"]).ok().json();
    let mut stages: Vec<(i64, String)> = cases
        .as_array()
        .expect("a list")
        .iter()
        .map(|case| {
            let stage = case["stage"].as_str().expect("a stage").to_owned();
            (case["invoice_id"].as_i64().expect("an id"), stage)
        })
        .collect();
    stages.sort();
    stages
}

#[test]
fn one_notice_a_contract_is_tried_by_the_next_template_until_it_is_sent() {
    let mut house = provider();
    update(&mut house, "2026-12-01");
    // The cap of one message in thirty days holds nothing back that the law asks for.
    update(&mut house, "2026-12-05");
    let sent = house.lines("sms.jsonl");
    let notices: Vec<&Value> = sent
        .iter()
        .filter(|line| {
            line["body"]
                .as_str()
                .is_some_and(|body| body.contains("suspenso"))
        })
        .collect();
    assert_eq!(notices.len(), 1, "{sent:#?}");
    let body = notices[0]["body"].as_str().expect("a text");
    assert!(body.contains("R$ 109,90"), "{body}");
    // Saturday the 5th and 15 days is a Sunday; Monday the 21st is the eve of the city's holiday, the 22nd
    // that holiday, the 24th the eve of Christmas.
    assert!(body.contains("suspenso a partir de 23/12/2026"), "{body}");
    assert!(body.contains("21/02/2027"), "{body}");
    // Bruno has no number: tried in vain, and not again on the same day.
    update(&mut house, "2026-12-05");
    assert_eq!(house.lines("email.jsonl").len(), 0);
    update(&mut house, "2026-12-07");
    assert_eq!(house.lines("email.jsonl").len(), 1);
    let expected = vec![
        (11, "inquiry".to_owned()),
        (12, "inquiry".to_owned()),
        (13, "inquiry".to_owned()),
    ];
    assert_eq!(stages(&house), expected);
    update(&mut house, "2026-12-10");
    let said = house.lines("email.jsonl");
    let last = said.last().expect("a mail");
    assert!(
        last["body"]
            .as_str()
            .is_some_and(|body| body.contains("a partir de 22/12/2026")
                || body.contains("a partir de 23/12/2026")),
        "{last}"
    );
    let notices = house.run(&["notice", "list", "--json"]).ok().json();
    let row = &notices[0];
    assert_eq!(row["contract_id"], json!(21));
    assert_eq!(row["notice_on"], json!("2026-12-05"));
    assert_eq!(row["suspend_from"], json!("2026-12-23"));
    assert_eq!(row["rescind_from"], json!("2027-02-21"));
    assert_eq!(row["owing"], json!(true));
    assert_eq!(row["ready"], json!(false));
    assert_eq!(notices[1]["channel"], json!("email"));
    house.run(&["evidence", "verify"]).ok();
}

#[test]
fn an_audit_names_whom_no_notice_covers_and_a_dossier_is_the_same_each_time() {
    let mut house = provider();
    for day in ["2026-12-01", "2026-12-05", "2026-12-07"] {
        update(&mut house, day);
    }
    house.at("2026-12-10T09:00");
    house.write("cut.csv", "id,access_status\n21,CA\n");
    house.run(&["import", "contracts", "cut.csv"]).ok();
    let audit = house.run(&["notice", "audit", "--json"]);
    assert_eq!(audit.code, 1, "{audit:#?}");
    assert_eq!(
        audit.json(),
        json!([{"contract_id": 21, "client_id": 1, "access_status": "auto_block",
                "access_since": "2026-12-10", "notice_on": "2026-12-05", "fault": "too_early"}])
    );
    // Bruno's is cut on the day his notice allows; a manual cut after it leaves the day as it is.
    house.at("2026-12-22T09:00");
    house.write("cut.csv", "id,access_status\n21,A\n22,CA\n");
    house.run(&["import", "contracts", "cut.csv"]).ok();
    house.run(&["notice", "audit"]).ok();
    house.at("2026-12-23T09:00");
    house.write("cut.csv", "id,access_status\n22,CM\n");
    house.run(&["import", "contracts", "cut.csv"]).ok();
    let audit = house.run(&["notice", "audit", "--proof", "delivered", "--json"]);
    assert_eq!(audit.code, 1);
    assert_eq!(audit.json()[0]["fault"], json!("not_delivered"));
    assert_eq!(audit.json()[0]["access_since"], json!("2026-12-22"));
    let ready = house
        .run(&["notice", "list", "--ready", "--json"])
        .ok()
        .json();
    assert_eq!(ready.as_array().map(Vec::len), Some(2), "{ready}");
    house
        .run(&["notice", "proof", "--client", "1", "-o", "one.html"])
        .ok();
    house.at("2027-01-15T09:00");
    house
        .run(&["notice", "proof", "--client", "1", "-o", "two.html"])
        .ok();
    let page = house.read("one.html");
    assert_eq!(page, house.read("two.html"));
    for part in [
        "Ana Lima",
        "111.444.777-35",
        "R$ 99,90",
        "Tentativas",
        "05/12/2026",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn notices_that_cannot_stand_are_refused_with_their_lines() {
    let house = provider();
    for (from, to, told) in [
        (
            "\"notice-sms\", \"notice-mail\"",
            "\"friendly\"",
            "without #aviso_suspensao#",
        ),
        (
            "\"notice-sms\", \"notice-mail\"",
            "\"bare-html\"",
            "without #aviso_suspensao#",
        ),
        (
            "templates = [\"friendly\"]",
            "templates = [\"last-call\"]",
            "announces the suspension before its notice",
        ),
        (
            "templates = [\"last-call\"]",
            "templates = [\"last-call\"]\nnotice = \"rescission\"",
            "runs out on day 20",
        ),
        (
            "templates = [\"last-call\"]",
            "templates = [\"last-call\"]\nnotice = \"suspension\"",
            "stands twice",
        ),
        (
            "templates = [\"last-call\"]",
            "templates = [\"last-call\"]\ndeliver = \"until_delivered\"",
            "hours: is missing",
        ),
    ] {
        house.write("bad.toml", RULE.replacen(from, to, 1));
        let ran = house.run(&["apply", "bad.toml"]);
        assert_eq!(ran.code, 3, "{to}: {ran:#?}");
        assert!(
            ran.stderr.contains("bad.toml:") && ran.stderr.contains(told),
            "{told}: {}",
            ran.stderr
        );
    }
    let exported = house.run(&["export"]).ok();
    assert!(exported.stdout.contains("notice = \"suspension\""));
}

/// The body of what a preview shows.
fn previewed(house: &House, template: &str) -> String {
    house
        .run(&[
            "template",
            "preview",
            template,
            "--client",
            "1",
            "--invoice",
            "11",
        ])
        .ok()
        .stdout
}

#[test]
fn a_preview_and_a_send_say_what_the_recorded_notice_allows() {
    let mut house = provider();
    house.at("2026-12-05T10:00");
    // Nothing was given yet: a preview shows what one of today would say, a send has nothing to say.
    let shown = previewed(&house, "notice-sms");
    assert!(shown.contains("suspenso a partir de 23/12/2026"), "{shown}");
    let send = |house: &House, template: &str| {
        let filter = ["send", "invoices", "--filter", "invoice_id=11"];
        house.run(&[&filter[..], &["--template", template, "--yes", "--json"]].concat())
    };
    let answer = send(&house, "last-call").json();
    assert_eq!(answer["reasons"], json!({"missing_value": 1}), "{answer}");
    let why = answer["rows"][0]["detail"].as_str().unwrap_or_default();
    assert!(why.contains("suspensao_data"), "{answer}");
    update(&mut house, "2026-12-01");
    update(&mut house, "2026-12-05");
    // From then on both say the recorded dates, whatever day it is.
    house.at("2026-12-18T10:00");
    let shown = previewed(&house, "last-call");
    for date in ["23/12/2026", "21/02/2027"] {
        assert!(shown.contains(date), "{date}: {shown}");
    }
    let config = house.read("config.toml");
    house.write(
        "config.toml",
        config.replace("messages = 1", "messages = 9"),
    );
    let answer = send(&house, "last-call").json();
    assert_eq!(answer["messages"]["sent"], json!(1), "{answer}");
    let said = house.lines("email.jsonl");
    let body = said.last().expect("a mail")["body"]
        .as_str()
        .expect("a text");
    assert!(body.contains("a partir de 23/12/2026"), "{body}");
}

#[test]
fn lint_asks_for_the_paragraph_of_a_notice() {
    let house = provider();
    house.run(&["template", "lint", "notice-sms"]).ok();
    // No command saves such a thing.
    house
        .run(&["template", "edit", "notice-sms", "--body", "Pague."])
        .exits(3)
        .says("without #aviso_suspensao#");
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    c.execute(
        "UPDATE template SET body = 'Pague.' WHERE name = 'notice-sms'",
        [],
    )
    .expect("another hand");
    house
        .run(&["template", "lint", "notice-sms"])
        .exits(3)
        .prints("gives the notice of suspension (rule `residential`, stage inquiry) without #aviso_suspensao#");
}

#[test]
fn what_the_former_holder_of_a_contract_was_told_is_no_notice_to_the_present_one() {
    let mut house = provider();
    update(&mut house, "2026-12-01");
    update(&mut house, "2026-12-05");
    // Ana's contract becomes Bruno's, while what she owes of it stays hers.
    house.write("moved.csv", "id,client_id\n21,2\n");
    house.write(
        "new.csv",
        "id,client_id,contract_id,due_on,amount,status\n14,2,21,2026-12-01,70.00,A\n",
    );
    house.run(&["import", "contracts", "moved.csv"]).ok();
    house.run(&["import", "invoices", "new.csv"]).ok();
    for day in ["2026-12-07", "2026-12-08", "2026-12-09"] {
        update(&mut house, day);
    }
    let told = house.json(&["history", "--client", "2", "--event", "stage:inquiry"]);
    let sent: Vec<&Value> = told
        .as_array()
        .expect("messages")
        .iter()
        .filter(|row| row["contract_id"] == 21 && row["status"] == "sent")
        .collect();
    assert_eq!(sent.len(), 1, "Bruno has his own notice: {told:#}");
    assert_eq!(sent[0]["address"], "bruno@example.com");
}
