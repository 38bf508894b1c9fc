//! Birthdays. In the small book Ana (1) and Édina (5, inactive) were born on 23 November, Bruno (2) on
//! 29 February; Casa (3) is a company.

use crate::house::House;
use serde_json::json;

fn template(house: &House, channel: &str) {
    let mut arguments = vec![
        "template",
        "add",
        "birthday",
        "--channel",
        channel,
        "--kind",
        "general",
    ];
    match channel {
        "push" => arguments.extend([
            "--title",
            "Parabéns",
            "--body",
            "Feliz aniversário, #cliente_primeiro_nome#!",
        ]),
        "whatsapp" => arguments.extend([
            "--body",
            "Olá {{1}}, feliz aniversário.",
            "--var",
            "1=cliente_primeiro_nome",
        ]),
        _ => arguments.extend(["--body", "Feliz aniversario, #cliente_primeiro_nome#!"]),
    }
    house.run(&arguments).ok();
}

fn configured(channel: &str, more: &str) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!("[birthday]\ntemplate = \"birthday\"\n{more}"),
    );
    template(&house, channel);
    house
}

#[test]
fn people_are_congratulated_once_and_companies_never() {
    let house = configured("sms", "");
    let answer = house.json(&["birthday", "queue"]);
    assert_eq!(
        answer,
        json!({
            "day": "2026-11-23", "template": "birthday", "templates": ["birthday"], "clients": 2,
            "messages": { "sent": 2, "failed": 0, "queued": 0, "skipped": 0, "unknown": 0 },
            "reasons": {}
        })
    );
    let delivered = house.lines("sms.jsonl");
    let ana = delivered
        .iter()
        .find(|line| line["key"] == "birthday/2026/1/+5549999990001")
        .expect("Ana's");
    assert_eq!(ana["body"], "Feliz aniversario, Ana!");
    assert_eq!(ana["address"], "+5549999990001");
    // Again: nobody, not even with another phone, another template, another channel.
    let again = house.json(&["birthday", "queue"]);
    assert_eq!(again["reasons"], json!({ "duplicate": 2 }));
    house.write("book/clients.csv", "id,mobile\n1,49 98888-7777\n");
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house
        .run(&["template", "edit", "birthday", "--body", "Parabens!"])
        .ok();
    house.json(&["birthday", "queue"]);
    assert_eq!(house.lines("sms.jsonl").len(), 2);
    let history = house.json(&["history", "--client", "1", "--origin", "birthday"]);
    assert_eq!(history.as_array().map(Vec::len), Some(1));
    assert_eq!(history[0]["event"], "birthday");
    assert_eq!(history[0]["purpose"], "marketing");
}

#[test]
fn only_active_clients_when_that_is_the_audience() {
    let house = configured("sms", "audience = \"active\"\n");
    assert_eq!(house.json(&["birthday", "queue"])["clients"], 1);
}

#[test]
fn the_next_year_is_another_birthday() {
    let mut house = configured("sms", "");
    house.json(&["birthday", "queue"]);
    house.at("2027-11-23T09:00");
    assert_eq!(house.json(&["birthday", "queue"])["messages"]["sent"], 2);
}

#[test]
fn a_leap_day_is_celebrated_on_28_february_of_other_years() {
    let mut house = configured("push", "");
    for (day, clients) in [
        ("2027-02-28", 1),
        ("2027-03-01", 0),
        ("2028-02-28", 0),
        ("2028-02-29", 1),
    ] {
        house.at(&format!("{day}T09:00"));
        let answer = house.json(&["birthday", "queue"]);
        assert_eq!(answer["clients"], clients, "{day}");
    }
}

#[test]
fn every_device_of_a_client_hears_it_and_a_new_one_does_not_again() {
    let house = configured("push", "");
    let answer = house.json(&["birthday", "queue"]);
    assert_eq!(answer["messages"]["sent"], 2);
    assert_eq!(answer["reasons"], json!({ "notifications_disabled": 1 }));
    house.write("new.csv", "address,client_id\nana-3,1\n");
    house.run(&["import", "devices", "new.csv"]).ok();
    house.json(&["birthday", "queue"]);
    assert_eq!(house.lines("push.jsonl").len(), 2);
}

#[test]
fn whoever_opted_out_of_marketing_is_left_alone() {
    let house = configured("sms", "");
    house
        .run(&["optout", "add", "--client", "1", "--purpose", "marketing"])
        .ok();
    let answer = house.json(&["birthday", "queue"]);
    assert_eq!(answer["messages"]["sent"], 1);
    assert_eq!(answer["reasons"], json!({ "opted_out": 1 }));
}

#[test]
fn birthdays_keep_hours_of_their_own_on_sundays_too() {
    let mut house = configured("sms", "");
    house.write("book/clients.csv", "id,birth_date\n4,1999-11-22\n");
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    // A Sunday, before hours: it waits until 8 and expires at midnight.
    house.at("2026-11-22T06:30");
    assert_eq!(house.json(&["birthday", "queue"])["messages"]["queued"], 1);
    house.run(&["queue", "deliver"]).ok();
    assert!(house.lines("sms.jsonl").is_empty());
    house.at("2026-11-22T08:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 1);
}

/// What the book says when its turn comes counts: whose birthday it was not, and whom nobody would congratulate.
#[test]
fn a_birthday_that_is_none_any_more_is_not_congratulated() {
    let mut house = configured("sms", "audience = \"active\"\n");
    house.write(
        "book/clients.csv",
        "id,name,person_type,birth_date,mobile\n\
         11,Um,F,1990-11-23,49 98888-0011\n12,Dois,F,1990-11-23,49 98888-0012\n\
         13,Tres,F,1990-11-23,49 98888-0013\n14,Quatro,F,1990-11-23,49 98888-0014\n",
    );
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house.at("2026-11-23T06:00");
    house.json(&["birthday", "queue"]);
    house.write(
        "book/clients.csv",
        "id,person_type,active,birth_date\n11,F,S,1990-11-24\n12,F,S,\n13,J,S,1990-11-23\n\
         14,F,N,1990-11-23\n",
    );
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house.at("2026-11-23T09:00");
    house.run(&["queue", "deliver"]).ok();
    let sent = house.lines("sms.jsonl");
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["key"], "birthday/2026/1/+5549999990001");
    let settled = house.json(&["history", "--reason", "settled"]);
    let why: Vec<&str> = settled
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["detail"].as_str().expect("why"))
        .collect();
    assert_eq!(
        why,
        [
            "is not active, and [birthday] audience is \"active\"",
            "is a company",
            "the birth date is another one now",
            "the birth date is another one now"
        ]
    );
}

/// A Sunday's birthday whose template comes to be marketing meanwhile keeps the birthday's hours.
#[test]
fn a_birthday_whose_template_changed_its_purpose_keeps_its_own_hours() {
    let mut house = configured("sms", "");
    let purpose = |house: &House, word: &str| {
        let edit = ["template", "edit", "birthday", "--purpose", word];
        house.run(&edit).ok();
    };
    purpose(&house, "service");
    house.write("book/clients.csv", "id,birth_date\n1,1990-11-22\n");
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house.at("2026-11-22T06:00");
    house.json(&["birthday", "queue"]);
    purpose(&house, "marketing");
    house.at("2026-11-22T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 1);
}

#[test]
fn a_birthday_that_could_not_go_that_day_expires() {
    let mut house = configured("whatsapp", "");
    house.at("2026-11-23T19:59");
    house.json(&["birthday", "queue"]);
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert!(house.lines("whatsapp.jsonl").is_empty());
    let history = house.json(&["history", "--client", "1"]);
    assert_eq!(history[0]["reason"], "expired");
    // After its hours it need not even be queued.
    house.write("book/clients.csv", "id,birth_date\n4,1999-11-24\n");
    house.run(&["import", "clients", "book/clients.csv"]).ok();
    house.at("2026-11-24T20:00");
    let late = house.json(&["birthday", "queue"]);
    assert_eq!(late["reasons"], json!({ "expired": 1 }));
}

#[test]
fn whatsapp_waits_in_the_queue() {
    let house = configured("whatsapp", "");
    let ran = house
        .run(&["birthday", "queue", "--json"])
        .ok()
        .says("send-queue");
    assert_eq!(ran.json()["messages"]["queued"], 2);
    assert!(house.lines("whatsapp.jsonl").is_empty());
    house.run(&["queue", "deliver"]).ok();
    let mut bodies: Vec<String> = house
        .lines("whatsapp.jsonl")
        .iter()
        .map(|line| line["body"].to_string())
        .collect();
    bodies.sort();
    assert_eq!(bodies[0], "\"Olá Ana, feliz aniversário.\"");
}

#[test]
fn what_a_birthday_cannot_fill_is_refused() {
    let house = House::with_book();
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("[birthday] template");
    house.write("config.toml", "[birthday]\ntemplate = \"birthdy\"\n");
    template(&house, "sms");
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("did you mean `birthday`");
    house
        .run(&["template", "edit", "birthday", "--body", "#areceber_valor#"])
        .ok();
    house.write("config.toml", "[birthday]\ntemplate = \"birthday\"\n");
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("needs an invoice");
    house
        .run(&["template", "remove", "birthday"])
        .exits(3)
        .says("[birthday]");
}

#[test]
fn more_than_the_limit_of_a_run_is_refused_before_anything_is_written() {
    let house = House::with_book();
    house.write(
        "config.toml",
        "max_messages_per_run = 1\n[birthday]\ntemplate = \"birthday\"\n",
    );
    template(&house, "sms");
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("max_messages_per_run");
    assert_eq!(house.json(&["history"]), json!([]));
}

#[test]
fn the_birthday_template_stays_one_that_a_birthday_can_fill() {
    let house = configured("sms", "");
    let told = "the birthday template `birthday` needs an invoice, which a birthday does not have";
    house
        .run(&["template", "edit", "birthday", "--body", "#areceber_valor#"])
        .exits(3)
        .says(told);
    house.write(
        "t.toml",
        r##"[[template]]
name = "birthday"
channel = "sms"
kind = "general"
body = "#areceber_valor#"
"##,
    );
    house.run(&["apply", "t.toml"]).exits(3).says(told);
    house
        .run(&["template", "edit", "birthday", "--body", "Viva!"])
        .ok();
    assert_eq!(house.json(&["birthday", "queue"])["messages"]["sent"], 2);
}

/// Ana (1) has a mobile and an e-mail; Édina (5) has a mobile only.
fn two_ways(deliver: &str) -> House {
    let house = House::with_book();
    house.write(
        "config.toml",
        format!("[birthday]\ntemplates = [\"by-mail\", \"by-sms\"]\n{deliver}"),
    );
    for (name, channel) in [("by-mail", "email"), ("by-sms", "sms")] {
        let mut add = vec!["template", "add", name, "--channel", channel];
        add.extend([
            "--kind",
            "general",
            "--body",
            "Viva, #cliente_primeiro_nome#!",
        ]);
        if channel == "email" {
            add.extend(["--title", "Viva"]);
        }
        house.run(&add).ok();
    }
    let people = "id,name,person_type,birth_date,mobile,email\n\
        1,Ana,F,1990-11-23,49 99999-0001,ana@example.com\n\
        5,Edina,F,1990-11-23,49 99999-0005,\n";
    house.write("people.csv", people);
    house.run(&["import", "clients", "people.csv"]).ok();
    house
}

fn keys(house: &House, channel: &str) -> Vec<String> {
    let mut keys: Vec<String> = house
        .lines(&format!("{channel}.jsonl"))
        .iter()
        .map(|line| line["key"].as_str().expect("a key").to_owned())
        .collect();
    keys.sort();
    keys
}

#[test]
fn several_templates_each_go_on_their_own_channel() {
    let house = two_ways("");
    let answer = house.json(&["birthday", "queue"]);
    assert_eq!(answer["templates"], json!(["by-mail", "by-sms"]));
    assert_eq!(answer["messages"]["sent"], 3);
    assert_eq!(answer["reasons"], json!({ "no_contact": 1 }));
    assert_eq!(
        keys(&house, "email"),
        ["birthday/2026/1/by-mail/ana@example.com"]
    );
    assert_eq!(
        keys(&house, "sms"),
        [
            "birthday/2026/1/by-sms/+5549999990001",
            "birthday/2026/5/by-sms/+5549999990005"
        ]
    );
    // Once a year, even when one of the two is taken out.
    house.write("config.toml", "[birthday]\ntemplate = \"by-sms\"\n");
    let again = house.json(&["birthday", "queue"]);
    assert_eq!(again["reasons"], json!({ "duplicate": 2 }));
    assert_eq!(house.lines("sms.jsonl").len(), 2);
}

#[test]
fn the_first_channel_that_reaches_somebody_is_the_only_one() {
    let house = two_ways("deliver = \"first_reachable\"\n");
    house.write(
        "more.csv",
        "id,name,person_type,birth_date\n6,Nia,F,1991-11-23\n",
    );
    house.run(&["import", "clients", "more.csv"]).ok();
    let planned = house.json(&["birthday", "queue", "--dry-run"]);
    assert_eq!(planned["messages"]["queued"], 2);
    assert_eq!(house.json(&["history"]), json!([]), "a dry run");
    let answer = house.json(&["birthday", "queue"]);
    assert_eq!(answer["messages"]["sent"], 2);
    assert_eq!(answer["reasons"], json!({ "no_contact": 1 }));
    assert_eq!(keys(&house, "email").len(), 1);
    assert_eq!(keys(&house, "sms").len(), 1);
    let left_out = house.json(&["history", "--client", "6"]);
    assert_eq!(
        left_out[0]["detail"],
        "email: no_contact; sms: unusable_contact"
    );
}

#[test]
fn two_birthday_templates_of_one_channel_are_refused() {
    let house = two_ways("");
    house
        .run(&[
            "template",
            "add",
            "also-sms",
            "--channel",
            "sms",
            "--kind",
            "general",
            "--body",
            "Oi",
        ])
        .ok();
    house.write(
        "config.toml",
        "[birthday]\ntemplates = [\"by-sms\", \"also-sms\"]\n",
    );
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("are both of channel sms");
    house.write(
        "config.toml",
        "[birthday]\ntemplate = \"a\"\ntemplates = [\"a\", \"a\"]\ndeliver = \"some\"\n",
    );
    house
        .run(&["birthday", "queue"])
        .exits(3)
        .says("birthday.templates: stands beside `template`")
        .says("named twice")
        .says("birthday.deliver: found `some`");
}

#[test]
fn a_list_and_a_dry_run_name_everybody_and_say_why_not() {
    let house = configured("sms", "audience = \"active\"\n");
    let people = "id,name,person_type,birth_date,mobile\n\
        6,Nia,F,1991-11-24,\n7,Rui,F,1900-01-01,49 99999-0007\n";
    house.write("people.csv", people);
    house.run(&["import", "clients", "people.csv"]).ok();
    let rows = house.json(&["birthday", "list", "--days", "45"]);
    let told: Vec<(String, i64, String, String)> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let id = row["client_id"].as_i64().expect("a client");
            let why = [text("reason"), text("detail")].concat();
            (text("on"), id, text("outcome"), why)
        })
        .collect();
    let expected = [
        ("2026-11-23", 1, "receives", ""),
        (
            "2026-11-23",
            5,
            "left out",
            "is not active, and [birthday] audience is \"active\"",
        ),
        ("2026-11-24", 6, "skipped", "no_contact"),
        (
            "2027-01-01",
            7,
            "left out",
            "the birth date 1900-01-01 stands for none",
        ),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(on, id, outcome, why)| {
            (
                (*on).to_owned(),
                *id,
                (*outcome).to_owned(),
                (*why).to_owned(),
            )
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(house.json(&["history"]), json!([]));
    house
        .run(&["birthday", "queue", "--dry-run"])
        .ok()
        .says("1 person has a birth date of 1900-01-01 or one to come");
    house
        .run(&["doctor"])
        .prints("1 person has a birth date of 1900-01-01");
    let planned = house.json(&["birthday", "queue", "--dry-run"]);
    assert_eq!(planned["clients"], 1);
    assert_eq!(planned["rows"].as_array().map(Vec::len), Some(2));
    house.json(&["birthday", "queue"]);
    let again = house.json(&["birthday", "list"]);
    assert_eq!(again[0]["reason"], "duplicate");
}

#[test]
fn trial_50_a_queue_by_hand_warns_of_a_send_queue_that_comes_outside_the_hours() {
    let mut house = configured("whatsapp", "");
    house
        .run(&[
            "task",
            "add",
            "q",
            "--run",
            "send-queue",
            "--minute",
            "35",
            "--hour",
            "7",
        ])
        .ok();
    house.at("2026-11-23T07:30");
    house
        .run(&["birthday", "queue"])
        .ok()
        .says("no task takes them before they expire");
}
