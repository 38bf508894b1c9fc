//! `stats` and `collection stats`: figures that agree with the history.

use serde_json::{Value, json};

use crate::house::House;

fn demo() -> House {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at("2026-12-02T12:00");
    house
}

fn total(rows: &Value, key: &str) -> u64 {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row[key].as_u64().expect("a number")).sum()
}

#[test]
fn every_way_of_counting_comes_to_what_the_history_holds() {
    let house = demo();
    let history = house.json(&["history", "--limit", "0"]);
    let history = history.as_array().expect("rows");
    let count = |status: &str| {
        let found = history.iter().filter(|row| row["status"] == status);
        found.count() as u64
    };
    let arrived = history.iter().filter(|row| !row["delivered_at"].is_null());
    let arrived = arrived.count() as u64;
    assert!(history.len() > 50 && arrived > 0);
    for by in [
        "channel", "template", "reason", "day", "canal", "modelo", "motivo", "dia",
    ] {
        let rows = house.json(&["stats", "--by", by]);
        assert_eq!(total(&rows, "messages"), history.len() as u64, "{by}");
        for status in ["sent", "failed", "skipped", "unknown"] {
            assert_eq!(total(&rows, status), count(status), "{by} {status}");
        }
        assert_eq!(total(&rows, "delivered"), arrived, "{by}");
    }
    let ladder = house.json(&["stats", "--by", "etapa"]);
    let collections = history.iter().filter(|row| row["origin"] == "collection");
    assert_eq!(total(&ladder, "messages"), collections.count() as u64);
    let days = house.json(&["stats", "--by", "day", "--days", "7"]);
    let days = days.as_array().expect("rows");
    assert_eq!(days.len(), 7);
    assert_eq!(days[6]["day"], json!("2026-12-02"));
    for row in days {
        let day = row["day"].as_str().expect("a day");
        let made = history.iter().filter(|message| {
            message["created_at"]
                .as_str()
                .expect("an instant")
                .starts_with(day)
        });
        assert_eq!(row["messages"].as_u64(), Some(made.count() as u64), "{day}");
    }
}

#[test]
fn days_of_long_ago_are_left_out_and_nothing_is_said_to_be_nothing() {
    let mut house = demo();
    house.at("2027-12-02T12:00");
    house
        .run(&["stats"])
        .ok()
        .says("no messages in the last 30 days");
    assert_eq!(house.json(&["stats", "--by", "day"]), json!([]));
    house.run(&["stats", "--days", "0"]).exits(2);
    house
        .run(&["stats", "--by", "moon"])
        .exits(2)
        .says("channel, template, reason, day, stage");
}

#[test]
fn the_funnel_by_template_and_channel_tells_of_the_same_cases() {
    let house = demo();
    let stages = house.json(&["collection", "stats"]);
    let notice = &stages[0];
    assert_eq!(notice["stage"], json!("notice"));
    let entered = notice["entered"].as_u64().expect("a number");
    assert!(entered > 0);
    for row in stages.as_array().expect("rows") {
        let number = |key: &str| row[key].as_u64().expect("a number");
        assert!(number("paid_within_7") <= number("paid_within_30"));
        assert!(number("paid_within_30") <= number("entered"));
        assert!(number("recovered_cases") <= number("entered"));
        assert_eq!(
            number("recovered_cases") == 0,
            row["recovered"] == json!(0.0),
            "{row}"
        );
    }
    let templates = house.json(&["collection", "stats", "--by", "template"]);
    let channels = house.json(&["collection", "stats", "--by", "channel"]);
    let most = |rows: &Value| rows[0]["entered"].as_u64().unwrap_or(0);
    assert!(most(&templates) > 0 && most(&templates) <= total(&stages, "entered"));
    assert!(
        most(&channels) >= most(&templates),
        "{channels} {templates}"
    );
    // Each case that was told by a channel came to a stage for which that channel has a message.
    let told = house.json(&[
        "history",
        "--limit",
        "0",
        "--origin",
        "collection",
        "--event",
        "stage",
    ]);
    for row in channels.as_array().expect("rows") {
        let of_channel = told.as_array().expect("rows").iter().filter(|message| {
            message["channel"] == row["channel"]
                && (message["status"] == "sent" || message["reason"] == "merged")
        });
        let most = of_channel.count() as u64;
        assert!(row["entered"].as_u64().expect("a number") <= most, "{row}");
    }
}

#[test]
fn the_funnel_counts_who_paid_and_what_came_back() {
    let mut house = House::with_book();
    house.write(
        "r.toml",
        r##"
[[template]]
name = "late"
channel = "email"
kind = "financial"
title = "Fatura"
body = "#areceber_valor#"
[[rule]]
name = "all"
[[rule.stage]]
name = "notice"
day = 3
templates = ["late"]
[[rule.stage]]
name = "inquiry"
day = 30
"##,
    );
    house.run(&["apply", "r.toml"]).ok();
    house.run(&["collection", "update", "--yes"]).ok();
    house.at("2026-11-26T10:00");
    house.write(
        "invoices.csv",
        "id,client_id,due_on,amount,open_amount,status,settled_on\n101,1,2026-11-10,99.90,0,R,2026-11-25\n",
    );
    house.run(&["import", "invoices", "invoices.csv"]).ok();
    house.run(&["collection", "update", "--yes"]).ok();
    let by_stage = house.json(&["collection", "stats"]);
    let notice = &by_stage[0];
    assert_eq!(notice["paid_within_7"], json!(1), "{by_stage}");
    assert_eq!(notice["recovered_cases"], json!(1));
    assert_eq!(notice["recovered"], json!(99.9));
    let by_template = house.json(&["collection", "stats", "--by", "modelo"]);
    let late = &by_template[0];
    assert_eq!(late["template"], json!("late"));
    assert_eq!(late["recovered_cases"], json!(1));
    assert_eq!(late["recovered"], json!(99.9));
    // Only Ana, Davi and Édina have mailboxes that work, and were told.
    assert_eq!(late["entered"], json!(3), "{by_template}");
}

#[test]
fn where_no_message_is_a_collection_s_the_ladder_says_that_and_no_more() {
    let house = House::with_book();
    let add = "template add hello --channel sms --kind support --body Oi";
    house.run(&add.split(' ').collect::<Vec<_>>()).ok();
    house
        .run(&["send", "contracts", "--template", "hello", "--yes", "-q"])
        .ok();
    house
        .run(&["stats", "--by", "stage"])
        .ok()
        .says("no messages of collections in the last 30 days");
}
