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
