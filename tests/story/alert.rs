//! Alerts: what does not go well is told to whoever keeps the house, each thing once a day, by one message a run.

use serde_json::{Value, json};

use crate::house::{House, Ran};

const CONFIG: &str = "[alerts]\nchannel = \"chat\"\naddress = \"-1001\"\n";

fn due(house: &mut House, at: &str) -> Ran {
    house.at(at);
    house.run(&["task", "run-due"])
}

/// A house with its book and a task that fails each minute of the day: nobody is there who could be told.
fn failing(config: &str) -> House {
    let house = House::with_book();
    house.write("config.toml", config);
    let add = ["task", "add", "nightly", "--run", "backup"];
    house
        .run(&[&add[..], &["--minute", "*", "--hour", "*"]].concat())
        .ok();
    // A folder cannot be made where a file stands.
    house.write("backups", "in the way");
    house
}

fn alerts(house: &House) -> Vec<Value> {
    let rows = house.json(&["history", "--origin", "alert", "--limit", "0"]);
    let mut rows = rows.as_array().expect("rows").clone();
    rows.reverse();
    rows
}

#[test]
fn a_failed_task_is_told_once_a_day() {
    let mut house = failing(CONFIG);
    due(&mut house, "2026-11-23T09:01")
        .exits(4)
        .says("task `nightly` failed");
    for minute in 2..=5 {
        due(&mut house, &format!("2026-11-23T09:0{minute}")).exits(4);
    }
    let told = alerts(&house);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["key"], "alert/2026-11-23/task:nightly");
    assert_eq!(told[0]["event"], "task:nightly");
    assert_eq!(told[0]["purpose"], "service");
    assert_eq!(told[0]["status"], "sent");
    let said = house.lines("chat.jsonl");
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["address"], "-1001");
    let text = said[0]["body"].as_str().expect("a text");
    // Whoever reads it is Brazilian, whatever cron's locale.
    assert!(
        text.starts_with("regua: algo pede atenção\n- a tarefa `nightly` falhou na última vez: "),
        "{text}"
    );
    assert!(text.ends_with("\n  regua task show nightly"), "{text}");
    // The next day it is told again, and another failure of the same day besides.
    due(&mut house, "2026-11-24T00:01").exits(4);
    assert_eq!(house.lines("chat.jsonl").len(), 2);
    // By hand somebody looks on: nobody is told.
    house
        .run(&[
            "task", "add", "other", "--run", "backup", "--minute", "0", "--hour", "3",
        ])
        .ok();
    house.run(&["task", "run", "other"]).exits(4);
    assert_eq!(house.lines("chat.jsonl").len(), 2);
    due(&mut house, "2026-11-24T03:00").exits(4);
    let said = house.lines("chat.jsonl");
    assert_eq!(said.len(), 3);
    assert!(
        said[2]["body"]
            .as_str()
            .expect("a text")
            .contains("`other`")
    );
}

#[test]
fn all_that_is_news_is_one_message() {
    let config = format!(
        "{CONFIG}[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:9/sms\"\nbody = \"{{}}\"\n"
    );
    let mut house = failing(&config);
    let add = [
        "template",
        "add",
        "word",
        "--channel",
        "sms",
        "--kind",
        "support",
    ];
    house.run(&[&add[..], &["--body", "Oi"]].concat()).ok();
    let send = [
        "send",
        "contracts",
        "--template",
        "word",
        "--yes",
        "--deliver",
        "queue",
    ];
    house.run(&send).ok();
    let add = [
        "task",
        "add",
        "forward",
        "--run",
        "send-queue",
        "--channel",
        "sms",
    ];
    house
        .run(&[&add[..], &["--minute", "*", "--hour", "*"]].concat())
        .ok();
    // Payment data of four days ago; a task that fails; a gateway that is not there.
    due(&mut house, "2026-11-27T09:05").exits(4);
    let told = alerts(&house);
    assert_eq!(told.len(), 1, "{told:#?}");
    let text = told[0]["body"].as_str().expect("a text");
    for part in [
        "regua: 4 coisas pedem atenção",
        "- sms está fechado: ",
        "- as faturas têm 96 horas (2026-11-23T09:00:00-03:00): a cobrança recusa mais de 48",
        "`nightly`",
        "`forward`",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    due(&mut house, "2026-11-27T09:06");
    due(&mut house, "2026-11-27T09:30");
    assert_eq!(alerts(&house).len(), 1);
}

#[test]
fn stale_data_and_stranded_messages_are_told_though_no_task_ran() {
    let mut house = House::with_book();
    house.write("config.toml", CONFIG);
    let add = [
        "template",
        "add",
        "word",
        "--channel",
        "sms",
        "--kind",
        "general",
    ];
    house.run(&[&add[..], &["--body", "Oi"]].concat()).ok();
    // On a Sunday marketing waits for Monday, and no task takes it then.
    house.at("2026-11-22T10:00");
    house
        .run(&["send", "contracts", "--template", "word", "--yes"])
        .ok();
    due(&mut house, "2026-11-22T10:01").ok();
    let said = house.lines("chat.jsonl");
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0]["body"].as_str().expect("a text");
    assert!(text.contains("nenhuma tarefa"), "{text}");
    // Nothing is due and nothing is new: no word, and quick.
    let quiet = due(&mut house, "2026-11-22T10:02").ok();
    assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
    due(&mut house, "2026-11-25T12:00").ok();
    let said = house.lines("chat.jsonl");
    assert!(
        said.last().expect("an alert")["body"]
            .as_str()
            .is_some_and(|text| text.contains("as faturas têm")),
        "{said:#?}"
    );
}

#[test]
fn an_alert_that_could_not_go_waits_and_is_not_told_twice() {
    // The chat itself is away.
    let away = format!(
        "{CONFIG}[chat]\nprovider = \"http\"\npreset = \"telegram\"\nbase_url = \"http://127.0.0.1:9\"\ntoken = \"1:t\"\n"
    );
    let mut house = failing(&away);
    due(&mut house, "2026-11-23T09:01")
        .exits(4)
        .says("alerts: chat closed: ");
    let told = due(&mut house, "2026-11-23T09:02");
    assert!(!told.stderr.contains("alerts:"), "{}", told.stderr);
    // Only that the chat is closed is news in the meantime.
    let keys = |house: &House| -> Vec<String> {
        let rows = alerts(house);
        rows.iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["key"].as_str().unwrap_or_default(),
                    row["status"].as_str().unwrap_or_default()
                )
            })
            .collect()
    };
    assert_eq!(
        keys(&house),
        [
            "alert/2026-11-23/task:nightly queued",
            "alert/2026-11-23/closed:chat queued"
        ]
    );
    house.write("config.toml", CONFIG);
    due(&mut house, "2026-11-23T09:10");
    assert_eq!(house.lines("chat.jsonl").len(), 2);
    // A database of before the alert, restored: the key stays spent.
    assert!(keys(&house).iter().all(|key| key.ends_with("sent")));
}

#[test]
fn a_restored_backup_does_not_alert_again_of_what_was_told_since() {
    let mut house = failing(CONFIG);
    std::fs::copy(house.path("regua.db"), house.path("morning.db")).expect("a copy");
    due(&mut house, "2026-11-23T09:01").exits(4);
    assert_eq!(house.lines("chat.jsonl").len(), 1);
    house.run(&["restore", "morning.db"]).ok();
    due(&mut house, "2026-11-23T09:03").exits(4);
    assert_eq!(house.lines("chat.jsonl").len(), 1);
}

#[test]
fn the_section_is_checked_and_doctor_knows_it() {
    let house = House::new();
    for (text, flaw) in [
        (
            "[alerts]\nchannel = \"push\"\naddress = \"x\"\n",
            "config.toml:2: alerts.channel: staff are not told by push, write one of: sms, email, chat",
        ),
        (
            "[alerts]\nchannel = \"email\"\naddress = \"rui\"\n",
            "config.toml:3: alerts.address: found `rui`, write an address that email can go to",
        ),
        (
            "[alerts]\nchannel = \"sms\"\naddress = \"(49) 3333-0000\"\n",
            "alerts.address: found `(49) 3333-0000`",
        ),
        (
            "[alerts]\nchannel = \"chat\"\n",
            "config.toml:1: alerts.address: is missing",
        ),
        (
            "[alerts]\nchannel = \"chat\"\naddress = \"1\"\ntime = \"8\"\n",
            "config.toml:4: alerts.time: is not a known key",
        ),
    ] {
        house.write("config.toml", text);
        house.run(&["queue", "stats"]).exits(3).says(flaw);
    }
    house.write("config.toml", CONFIG);
    let found = house.run(&["doctor", "-o", "jsonl"]).stdout;
    assert!(
        found.contains("alerts go by chat, which is delivered to a file"),
        "{found}"
    );
    house.write(
        "config.toml",
        "[alerts]\nchannel = \"email\"\naddress = \"rui@example.com\"\n[email]\nprovider = \"smtp\"\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\nfrom = \"a@example.com\"\n",
    );
    let found = house.run(&["doctor", "-o", "jsonl"]).stdout;
    assert!(
        found.contains("what does not go well is told to rui@example.com by email"),
        "{found}"
    );
}

#[test]
fn english_is_written_where_it_is_asked_for() {
    let mut house = failing(CONFIG);
    house.at("2026-11-23T09:01");
    house.run(&["--lang", "en", "task", "run-due"]).exits(4);
    let text = house.lines("chat.jsonl")[0]["body"].clone();
    assert_ne!(text, json!(null));
    assert!(
        text.as_str().is_some_and(|text| text
            .starts_with("regua: something wants attention\n- task `nightly` failed last time: ")),
        "{text}"
    );
}
