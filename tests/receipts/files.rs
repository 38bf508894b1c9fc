//! Reports from files: found by id or key, in any order, once.

use serde_json::json;

use crate::house::House;
use crate::{send_sms, states};

const ANA: &str = "send/notice/2026-11-23/1/+5549999990001";
const DAVI: &str = "send/notice/2026-11-23/4/+5549988880004";

fn house() -> House {
    let house = House::with_book();
    send_sms(&house);
    assert_eq!(states(&house), ["1 sent", "4 sent"]);
    house
}

fn keys(house: &House) -> Vec<String> {
    let rows = house.json(&["history"]);
    let rows = rows.as_array().expect("a list");
    let mut keys: Vec<String> = rows
        .iter()
        .map(|row| row["key"].as_str().unwrap_or_default().to_owned())
        .collect();
    keys.sort();
    keys
}

#[test]
fn whatever_the_order_a_worse_report_never_hides_a_better_one() {
    let house = house();
    assert_eq!(keys(&house), [ANA, DAVI]);
    let csv = format!(
        "key;status;at;code;reason\n\
         {ANA};failed;2026-11-23 09:01;30003;aparelho desligado\n\
         {ANA};entregue;2026-11-23 09:02;;\n\
         {ANA};lido;2026-11-23 09:03;;\n\
         {DAVI};delivered;2026-11-23 09:05;;\n\
         {DAVI};failed;2026-11-23 09:06;1;late\n\
         send/elsewhere;read;;;\n\
         ;read;;;\n"
    );
    let answer = house
        .run_with(&["receipts", "import", "-", "--json"], &csv)
        .exits(1)
        .says("standard input:8: a `read` without an id")
        .json();
    assert_eq!(
        answer,
        json!({"read": 7, "matched": 5, "unknown_ids": 1, "repeated": 0, "bad": 1, "opt_outs": 0})
    );
    assert_eq!(states(&house), ["1 sent delivered", "4 sent delivered"]);
    let shown = house.json(&["history", "show", "1"]);
    assert_eq!(shown["delivered_at"], "2026-11-23T09:02:00-03:00");
    assert_eq!(shown["read_at"], "2026-11-23T09:03:00-03:00");
    assert_eq!(shown["failed_at"], json!(null));
    let told: Vec<&str> = shown["receipts"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|receipt| receipt["status"].as_str())
        .collect();
    assert_eq!(told, ["failed", "delivered", "read"]);
    assert_eq!(shown["receipts"][0]["reason"], "aparelho desligado");
    assert_eq!(shown["receipts"][0]["source"], "csv");
    // Read again, nothing changes.
    let again = house
        .run_with(&["receipts", "import", "-", "--json"], &csv)
        .exits(1)
        .json();
    assert_eq!(
        (&again["matched"], &again["repeated"]),
        (&json!(0), &json!(5))
    );
}

#[test]
fn a_failure_alone_fails_and_what_did_not_arrive_is_listed() {
    let mut house = house();
    house
        .run_with(
            &["receipts", "import", "-", "--preset", "csv"],
            format!("{{\"key\":\"{ANA}\",\"status\":\"failed\",\"code\":\"21614\",\"reason\":\"not a mobile\"}}\n"),
        )
        .ok();
    let row = house.json(&["history", "--client", "1"])[0].clone();
    assert_eq!(
        (&row["status"], &row["reason"]),
        (&json!("failed"), &json!("refused"))
    );
    assert_eq!(row["detail"], "21614: not a mobile");
    assert_eq!(row["failed_at"], "2026-11-23T09:00:00-03:00");
    let undelivered = |house: &House, ago: &str| {
        let rows = house.json(&["history", "--undelivered", ago]);
        rows.as_array()
            .expect("a list")
            .iter()
            .map(|row| row["client_id"].clone())
            .collect::<Vec<_>>()
    };
    assert!(undelivered(&house, "24h").is_empty());
    house.at("2026-11-24T09:30");
    assert_eq!(undelivered(&house, "24h"), [json!(4)]);
    assert!(undelivered(&house, "2d").is_empty());
    house
        .run(&["history", "--undelivered", "soon"])
        .exits(2)
        .says("90m, 24h or 3d");
    house
        .run_with(
            &["receipts", "import", "-"],
            format!("{{\"key\":\"{DAVI}\",\"status\":\"read\"}}"),
        )
        .ok();
    assert!(undelivered(&house, "24h").is_empty());
}

#[test]
fn an_answer_that_is_a_stop_word_opts_out_every_client_of_the_number() {
    let house = house();
    // Davi's number is the company's too, and a landline is only itself.
    house.write("more/clients.csv", "id,name,person_type,phone,mobile\n7,Gil,F,(49) 98888-0004,\n8,Hugo,F,(49) 8888-0004,\n9,Iara,F,,(49) 3888-0004\n");
    house.run(&["import", "clients", "more/clients.csv"]).ok();
    let replies = "status,phone,text,at,channel\n\
        replied,554988880004,Parar.,2026-11-23 09:10,sms\n\
        replied,+5549999990001,quando volta?,2026-11-23 09:11,sms\n\
        replied,+5511900000000,sair,2026-11-23 09:12,sms\n";
    let answer = house
        .run_with(&["receipts", "import", "-", "--json"], replies)
        .ok()
        .json();
    assert_eq!(
        answer,
        json!({"read": 3, "matched": 2, "unknown_ids": 1, "repeated": 0, "bad": 0, "opt_outs": 3})
    );
    let out = house.json(&["optout", "list"]);
    let out: Vec<String> = out
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| format!("{} {} {}", row["client_id"], row["channel"], row["purpose"]))
        .collect();
    assert_eq!(
        out,
        [
            "4 \"sms\" \"marketing\"",
            "7 \"sms\" \"marketing\"",
            "8 \"sms\" \"marketing\""
        ]
    );
    let kept = house.json(&["history", "--replies"]);
    assert_eq!(kept.as_array().map(Vec::len), Some(3));
    let of_ana = house.json(&["history", "--replies", "--client", "1"]);
    assert_eq!(of_ana[0]["text"], "quando volta?");
    assert_eq!(of_ana[0]["message_id"], json!(1));
    let shown = house.json(&["history", "show", "1"]);
    assert_eq!(shown["receipts"][0]["status"], "replied");
    assert_eq!(
        house.json(&["history", "--replies", "--client", "4"])[0]["stop"],
        "yes"
    );
    let again = house
        .run_with(&["receipts", "import", "-", "--json"], replies)
        .ok()
        .json();
    assert_eq!(
        (&again["repeated"], &again["opt_outs"]),
        (&json!(3), &json!(0))
    );
}

#[test]
fn what_cannot_be_read_is_said_and_an_unknown_preset_is_named() {
    let house = house();
    house
        .run_with(&["receipts", "import", "-"], "nonsense\nmore of it\n")
        .exits(3)
        .says("is no report that regua knows; name its --preset");
    house
        .run_with(&["receipts", "import", "-", "--preset", "meta"], "[{]")
        .exits(3)
        .says("standard input:1: is not JSON");
    house
        .run_with(&["receipts", "import", "-", "--preset", "vivo"], "{}")
        .exits(3)
        .says("there is no preset `vivo`")
        .says("kolmeya, meta");
    // What is another's is no failure, since providers report much that means nothing here; but it is said.
    let strange = [("nonsense\nmore of it\n", "zenvia"), ("{\"a\": 1}", "meta")];
    for (text, preset) in strange {
        house
            .run_with(&["receipts", "import", "-", "--preset", preset], text)
            .ok()
            .says(&format!(
                "nothing in standard input is what `{preset}` reports"
            ));
    }
    house
        .run(&["receipts", "import", "absent.json"])
        .exits(3)
        .says("absent.json cannot be read");
    assert_eq!(
        house
            .run_with(&["receipts", "import", "-", "--json"], "")
            .ok()
            .json()["read"],
        0
    );
}
