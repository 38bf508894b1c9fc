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
            "day": "2026-11-23", "template": "birthday", "clients": 2,
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
