//! Gateways of WhatsApp and of pushes by client: texts of our own, pauses, numbers that are asked about.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::house::House;
use super::sent;
use super::server::{Act, Seen, Server};

/// A house with so many clients whose WhatsApp goes to `url` as these settings say.
fn whatsapp(url: &str, clients: usize, settings: &str) -> House {
    let house = House::new();
    let mut rows = String::from("id,name,person_type,mobile\n");
    let mut contracts = String::from("id,client_id,status,access_status\n");
    for id in 1..=clients {
        rows.push_str(&format!("{id},Ana {id},F,499999900{id:02}\n"));
        contracts.push_str(&format!("{id},{id},A,A\n"));
    }
    house.write("book/clients.csv", rows);
    house.write("book/contracts.csv", contracts);
    house.write(
        "config.toml",
        format!(
            "[whatsapp]\nprovider = \"http\"\nurl = \"{url}/send\"\nid_pointer = \"/id\"\nbody = '{{\"to\":\"#address_digits#\",\"text\":\"#body#\"}}'\n{}",
            settings.replace("URL", url)
        ),
    );
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "aviso",
        "--channel",
        "whatsapp",
        "--kind",
        "support",
        "--body",
        "Olá #cliente_nome#",
    ];
    house.run(&add).ok();
    house
}

const SEND: [&str; 8] = [
    "send",
    "contracts",
    "--template",
    "aviso",
    "--yes",
    "--deliver",
    "now",
    "-q",
];

#[test]
fn a_whatsapp_text_names_its_variables_and_comes_back_from_its_export() {
    let server = Server::start(|_| Act::json(200, r#"{"id":"w-1"}"#));
    let house = whatsapp(&server.url(), 1, "");
    house.run(&SEND).ok();
    assert_eq!(
        server.seen()[0].json(),
        json!({"to": "5549999990001", "text": "Olá Ana 1"})
    );
    let lint = house.run(&["template", "lint"]);
    assert!(!lint.stdout.contains("error"), "{}", lint.stdout);
    house
        .run(&["template", "preview", "aviso", "--client", "1"])
        .ok()
        .prints("Olá Ana 1");
    let exported = house.run(&["export"]).ok().stdout;
    house.write("all.toml", &exported);
    house.run(&["apply", "--check", "all.toml"]).ok();
    let by_number = [
        "template",
        "add",
        "n",
        "--channel",
        "whatsapp",
        "--kind",
        "support",
        "--body",
        "Olá {{1}}",
        "--var",
        "1=cliente_nome",
    ];
    house
        .run(&by_number)
        .exits(3)
        .says("write #cliente_nome# in the text");
    let misspelt = ["template", "edit", "aviso", "--body", "Olá #cliente_nme#"];
    house.run(&misspelt).exits(3).says("try #cliente_nome#");
    // A gateway by which texts have numbers refuses what would stay as it is written.
    house.write("config.toml", "");
    let named = ["template", "edit", "aviso", "--body", "Oi #cliente_nome#"];
    house
        .run(&named)
        .exits(3)
        .says("would stay as it is written");
}

#[test]
fn requests_go_one_at_a_time_with_a_pause_that_a_signal_ends() {
    let server = Server::start(|_| Act::json(200, r#"{"id":"w-1"}"#));
    let house = whatsapp(&server.url(), 3, "pause_seconds = [1, 1]\n");
    let begun = Instant::now();
    house.run(&SEND).ok();
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!((server.seen().len(), server.connections()), (3, 1));

    let house = whatsapp(&server.url(), 3, "pause_seconds = [60, 90]\n");
    let run = house
        .command(&SEND)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let until = Instant::now() + Duration::from_secs(20);
    while server.seen().len() < 4 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let begun = Instant::now();
    let kill = std::process::Command::new("kill")
        .arg(run.id().to_string())
        .status();
    assert!(kill.expect("kill runs").success());
    let code = run.wait_with_output().expect("it ends").status.code();
    assert_eq!(code, Some(143));
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(server.seen().len(), 4, "one of the second house's went");
    let waiting = house.json(&["queue", "list"]);
    assert_eq!(waiting.as_array().map(Vec::len), Some(2), "{waiting:#}");

    house.write(
        "config.toml",
        format!(
            "[whatsapp]\nprovider = \"http\"\nurl = \"{}/\"\npause_seconds = [9, 2]\nworkers = 4\n",
            server.url()
        ),
    );
    house
        .run(&["queue", "stats"])
        .exits(3)
        .says("the shortest and the longest pause");
}

/// A gateway that knows every number but those that end in 2 or 4, without the ninth digit.
fn knows(seen: &Seen) -> Act {
    if seen.path != "/numbers" {
        return Act::json(200, r#"{"id":"w-1"}"#);
    }
    let list: Vec<serde_json::Value> = seen.json()["numbers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| {
            let number = number.as_str().expect("a number");
            let exists = !number.ends_with(['2', '4']);
            let short = format!("{}{}", &number[..4], &number[5..]);
            json!({"exists": exists, "number": short})
        })
        .collect();
    Act::json(200, json!({"found": list}).to_string())
}

const NUMBERS: &str = "[whatsapp.check_numbers]\nurl = \"URL/numbers\"\nbody = '{\"numbers\":[#numbers#]}'\nat_once = 2\nlist_pointer = \"/found\"\nnumber_pointer = \"/number\"\nexists_pointer = \"/exists\"\n";

#[test]
fn numbers_are_asked_about_in_lots_before_sending_and_for_thirty_days() {
    let server = Server::start(knows);
    let mut house = whatsapp(&server.url(), 5, NUMBERS);
    house.run(&SEND).ok();
    let skipped = house.json(&["history", "--reason", "not_on_whatsapp"]);
    assert_eq!(skipped.as_array().map(Vec::len), Some(2), "{skipped:#}");
    assert!(
        skipped
            .as_array()
            .is_some_and(|rows| rows.iter().all(|row| row["status"] == "skipped"))
    );
    let told: Vec<String> = server
        .seen_at("/send")
        .iter()
        .map(|seen| seen.json()["to"].as_str().expect("a number").to_owned())
        .collect();
    assert_eq!(told, ["5549999990001", "5549999990003", "5549999990005"]);
    let asked = server.seen_at("/numbers");
    assert!(asked.iter().all(|seen| {
        seen.json()["numbers"]
            .as_array()
            .is_some_and(|lot| lot.len() <= 2)
    }));
    assert_eq!(asked.len(), 3);
    // Nobody is asked again for thirty days; then everybody is.
    house.at("2026-12-20T09:00");
    house.run(&SEND).ok();
    assert_eq!(server.seen_at("/numbers").len(), 3);
    house.at("2026-12-28T09:00");
    house.run(&SEND).ok();
    assert_eq!(server.seen_at("/numbers").len(), 6);
}

#[test]
fn nobody_is_written_to_while_the_gateway_does_not_say_who_exists() {
    for answer in [
        Act::json(500, "{}"),
        Act::json(200, r#"{"found":[]}"#),
        Act::json(200, "<html>"),
        Act::json(401, ""),
        Act::Cut,
    ] {
        let what = format!("{answer:?}");
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/numbers" => answer.clone(),
            _ => Act::json(200, r#"{"id":"w-1"}"#),
        });
        let house = whatsapp(&server.url(), 3, NUMBERS);
        house.run(&SEND).exits(4);
        assert_eq!(server.seen_at("/send").len(), 0, "{what}");
        let waiting = house.json(&["queue", "list"]);
        assert_eq!(waiting.as_array().map(Vec::len), Some(3), "{what}");
    }
}

#[test]
fn a_push_by_the_clients_id_needs_no_device() {
    let server = Server::start(|_| Act::json(200, r#"{"id":"p-1"}"#));
    let house = House::new();
    house.write("book/clients.csv", "id,name,person_type\n193,Ana Lima,F\n");
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n7,193,A,A\n8,193,A,A\n",
    );
    house.write(
        "config.toml",
        format!(
            "[push]\nprovider = \"http\"\nurl = \"{}/push\"\nid_pointer = \"/id\"\naddresses = \"client\"\nbody = '{{\"to\":\"#client_id#\",\"same\":\"#address#\"}}'\n",
            server.url()
        ),
    );
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "push",
        "--channel",
        "push",
        "--kind",
        "support",
        "--title",
        "Aviso",
        "--body",
        "Oi",
    ];
    house.run(&add).ok();
    let (code, row) = sent(&house, "push");
    assert_eq!(
        (code, &row["status"], &row["address"]),
        (0, &json!("sent"), &json!("193"))
    );
    assert!(row["key"].as_str().is_some_and(|key| key.ends_with("/193")));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].json(), json!({"to": "193", "same": "193"}));
    house.write(
        "config.toml",
        "[sms]\nprovider = \"http\"\nurl = \"https://gw.example.com/\"\naddresses = \"client\"\n",
    );
    house
        .run(&["queue", "stats"])
        .exits(3)
        .says("sms messages go to no device");
}

#[test]
fn doctor_warns_of_an_unofficial_gateway_and_of_a_closed_instance() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/instance/connectionState/casa" => Act::json(200, r#"{"instance":{"state":"close"}}"#),
        _ => Act::json(404, ""),
    });
    let house = House::new();
    let config = format!(
        "[whatsapp]\nprovider = \"http\"\npreset = \"evolution\"\nbase_url = \"{}\"\ntoken = \"a-very-secret-token\"\ninstance = \"casa\"\n",
        server.url()
    );
    house.write("config.toml", &config);
    let told = house.run(&["doctor"]).exits(4);
    assert!(
        told.stdout.contains("an unofficial WhatsApp gateway"),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout.contains("/instance/state is close"),
        "{}",
        told.stdout
    );
    assert_eq!(
        server.seen()[0].header("apikey"),
        Some("a-very-secret-token")
    );
    house.write("config.toml", format!("{config}unofficial = false\n"));
    let told = house.run(&["doctor"]);
    assert!(!told.stdout.contains("unofficial"), "{}", told.stdout);
}
