//! Mail that came back: what it makes of its message and of the client's address.

use serde_json::json;

use crate::house::House;
use crate::mail_server::{MailServer, Manner};
use crate::states;

const EMAIL: &[&str] = &[
    "template",
    "add",
    "letter",
    "--channel",
    "email",
    "--kind",
    "support",
    "--title",
    "Aviso",
    "--body",
    "Ola #cliente_primeiro_nome#",
];

/// A house whose mails to Ana and Davi were taken, and Ana's Message-ID.
fn house(server: &MailServer) -> (House, String) {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!(
            "[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"aviso@example.com\"\n",
            server.address.port()
        ),
    );
    house.run(EMAIL).ok();
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11,14",
            "--template",
            "letter",
            "--yes",
        ])
        .ok();
    let row = house.json(&["history", "--client", "1"])[0].clone();
    let id = row["provider_id"]
        .as_str()
        .expect("a Message-ID")
        .to_owned();
    assert!(id.ends_with("@example.com"), "{id}");
    (house, id)
}

fn bounce(id: &str, action: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n\
         --B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; ana@example.com\r\n\
         Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 {status} no\r\n\r\n\
         --B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\nSubject: Aviso\r\n\r\n--B--\r\n"
    )
}

#[test]
fn a_mail_that_was_given_up_after_days_failed_and_its_address_stays() {
    let server = MailServer::start(Manner::default());
    let (house, id) = house(&server);
    let report = bounce(&id, "failed", "4.4.7");
    house.run_with(&["receipts", "mail", "-"], report).ok();
    assert_eq!(states(&house), ["1 failed", "4 sent"]);
    assert_eq!(
        house.json(&["client", "show", "1"])["client"]["email_bounced"],
        json!(null)
    );
}

#[test]
fn a_hard_bounce_fails_the_message_and_its_address_waits_for_another() {
    let server = MailServer::start(Manner::default());
    let (house, id) = house(&server);
    let soft = house
        .run_with(
            &["receipts", "mail", "-", "--json"],
            bounce(&id, "delayed", "4.2.2"),
        )
        .ok()
        .json();
    assert_eq!((&soft["read"], &soft["matched"]), (&json!(1), &json!(1)));
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
    let hard = house
        .run_with(
            &["receipts", "mail", "-", "--json"],
            bounce(&id, "failed", "5.1.1"),
        )
        .ok()
        .json();
    assert_eq!(hard["matched"], 1);
    let row = house.json(&["history", "--client", "1"])[0].clone();
    assert_eq!(
        (&row["status"], &row["reason"]),
        (&json!("failed"), &json!("refused"))
    );
    assert_eq!(
        house.json(&["history", "show", &row["id"].to_string()])["receipts"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let known = house.json(&["client", "show", "1"]);
    assert_eq!(
        known["client"]["email_bounced"], "ana@example.com",
        "{known}"
    );
    // The same again is known; one of a mail that we never sent is counted.
    let again = house
        .run_with(
            &["receipts", "mail", "-", "--json"],
            bounce(&id, "failed", "5.1.1"),
        )
        .ok()
        .json();
    assert_eq!(again["repeated"], 1);
    let never = house
        .run_with(
            &["receipts", "mail", "-", "--json"],
            bounce("x@example.com", "failed", "5.1.1"),
        )
        .ok()
        .json();
    assert_eq!(never["unknown_ids"], 1);
    let no_bounce = house
        .run_with(
            &["receipts", "mail", "-", "--json"],
            "From: ana@example.com\r\nSubject: Re\r\n\r\nobrigada\r\n",
        )
        .ok()
        .says("is no mail that came back")
        .json();
    assert_eq!(no_bounce["bad"], 1);
    // The address is not used any more, until the ERP brings another.
    let planned = |house: &House| {
        house.json(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11",
            "--template",
            "letter",
            "--dry-run",
            "--again",
        ])
    };
    assert!(
        planned(&house).to_string().contains("unusable_contact"),
        "{}",
        planned(&house)
    );
    house.write(
        "same.csv",
        "id,name,person_type,email\n1,Ana Lima,F,ANA@example.com\n",
    );
    house.run(&["import", "clients", "same.csv"]).ok();
    assert!(planned(&house).to_string().contains("unusable_contact"));
    house.write(
        "other.csv",
        "id,name,person_type,email\n1,Ana Lima,F,ana.lima@example.com\n",
    );
    house.run(&["import", "clients", "other.csv"]).ok();
    assert!(!planned(&house).to_string().contains("unusable_contact"));
}

#[test]
fn a_policy_is_not_the_clients_fault() {
    let server = MailServer::start(Manner::default());
    let (house, id) = house(&server);
    house
        .run_with(&["receipts", "mail", "-"], bounce(&id, "failed", "5.7.1"))
        .ok();
    assert_eq!(states(&house), ["1 failed", "4 sent"]);
    let plan = house.json(&[
        "send",
        "contracts",
        "--filter",
        "contract_id=11",
        "--template",
        "letter",
        "--dry-run",
        "--again",
    ]);
    assert!(!plan.to_string().contains("unusable_contact"), "{plan}");
}
