//! Bulk sends.

use crate::house::House;

#[test]
fn a_push_goes_to_every_usable_device_and_says_why_not_elsewhere() {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "cut",
            "--channel",
            "push",
            "--kind",
            "financial",
            "--title",
            "Fatura",
            "--body",
            "#cliente_primeiro_nome#: #areceber_valor#",
        ])
        .ok();
    let answer = house.json(&[
        "send",
        "contracts",
        "--filter",
        "access_status=CA,CM",
        "--template",
        "cut",
        "--yes",
    ]);
    assert_eq!(answer["matched"], 5);
    assert_eq!(answer["messages"]["sent"], 2);
    assert_eq!(answer["messages"]["skipped"], 4);
    for reason in [
        "no_first_access",
        "app_not_installed",
        "not_logged_in",
        "notifications_disabled",
    ] {
        assert_eq!(answer["reasons"][reason], 1, "{reason}");
    }
    let delivered = house.lines("push.jsonl");
    assert_eq!(delivered.len(), 2);
    assert_eq!(delivered[0]["body"], "Ana: R$ 99,90");
}

#[test]
fn a_dry_run_counts_caps_within_itself_as_the_send_will() {
    let house = House::with_book();
    house.write(
        "config.toml",
        "[caps]\ncollection = { messages = 1, days = 1 }\n",
    );
    house
        .run(&[
            "template",
            "add",
            "bill",
            "--channel",
            "email",
            "--kind",
            "financial",
            "--title",
            "Fatura #areceber_numero#",
            "--body",
            "#areceber_valor#",
        ])
        .ok();
    // Ana has two invoices, and may have one message.
    let look = house.json(&["send", "invoices", "--template", "bill", "--dry-run"]);
    assert_eq!(look["recipients"], 4, "{look}");
    assert_eq!(look["reasons"]["capped"], 1, "{look}");
    let told = look["recipients"].to_string();
    let sent = house.json(&[
        "send",
        "invoices",
        "--template",
        "bill",
        "--expect",
        &told,
        "--yes",
    ]);
    assert_eq!(sent["messages"]["sent"], 4);
    assert_eq!(sent["reasons"], look["reasons"]);
}

/// A house with a text message to send.
fn house_with_texts() -> House {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "outage",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Manutencao hoje.",
        ])
        .ok();
    house
}

#[test]
fn the_history_finds_a_number_however_it_is_written() {
    let house = house_with_texts();
    house
        .run(&["send", "contracts", "-t", "outage", "--yes"])
        .ok();
    for written in [
        "+55 (49) 99999-0001",
        "(49) 99999-0001",
        "99999-0001",
        "+5549999990001",
        "9990001",
    ] {
        let found = house.json(&["history", "--contact", written]);
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{written}");
        assert_eq!(found[0]["client_id"], 1);
    }
    for written in ["98888-9999", "-", "ana@"] {
        let found = house.json(&["history", "--contact", written]);
        assert_eq!(found.as_array().map(Vec::len), Some(0), "{written}");
    }
}

#[test]
fn the_whatsapp_log_finds_a_number_as_it_shows_it() {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "due",
            "--channel",
            "whatsapp",
            "--kind",
            "support",
            "--body",
            "Ola {{1}}, ate logo.",
            "--var",
            "1=cliente_primeiro_nome",
        ])
        .ok();
    house.run(&["send", "contracts", "-t", "due", "--yes"]).ok();
    house.run(&["queue", "deliver"]).ok();
    let log = house.json(&["omnichannel", "logs", "--contact", "+55 (49) 99999-0001"]);
    assert_eq!(log.as_array().map(Vec::len), Some(1));
    assert_eq!(log[0]["contact"], "+5549999990001");
}

#[test]
fn every_answer_as_csv_begins_with_its_header() {
    let house = house_with_texts();
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "outage",
            "--deliver",
            "queue",
            "--yes",
        ])
        .ok();
    let shown = house.run(&["history", "show", "1", "-o", "csv"]).ok();
    assert!(
        shown.stdout.starts_with("id,key,channel,"),
        "{}",
        shown.stdout
    );
    assert_eq!(shown.stdout.lines().count(), 2);
    let cancelled = house.run(&["queue", "cancel", "1", "-o", "csv"]).ok();
    assert_eq!(cancelled.stdout, "messages\n1\n");
}

#[test]
fn a_mail_password_without_a_username_is_named_for_what_it_is() {
    let house = House::new();
    house.write(
        "config.toml",
        "[email]\nprovider = \"smtp\"\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\npassword = \"hunter2\"\n",
    );
    let ran = house
        .run(&["history"])
        .exits(3)
        .says("email.password: stands without a username");
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
