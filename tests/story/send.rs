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
