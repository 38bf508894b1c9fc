//! The gateways that regua knows: what each is asked and what its answers come to, as recorded in a file of
//! its name here, through the real binary; and a battery that every one of them passes.

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

#[allow(dead_code, reason = "the stories use the rest")]
#[path = "../story/house.rs"]
mod house;
mod polling;
mod rules;
#[allow(dead_code, reason = "the providers' tests use the rest")]
#[path = "../providers/server.rs"]
mod server;
mod whatsapp;

use house::House;
use server::{Act, Seen, Server};

/// What every message says: something to escape, whatever it stands in.
const TEXT: &str = "Ana: \"R$ 9,90\" & juros";
/// The same in a URL or a form.
const ENCODED: &str = "Ana%3A%20%22R%24%209%2C90%22%20%26%20juros";

/// One gateway's record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    preset: String,
    channel: String,
    /// What the configuration says besides the preset and where it is.
    settings: String,
    request: Request,
    case: Vec<Case>,
    /// Questions about the message that the first case took, and what their answers come to.
    #[serde(default)]
    poll: Vec<Question>,
}

/// The request of every message. `#TEXT#` is the message's, `*` anything of ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
}

/// One answer, and what becomes of the message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    status: u16,
    answer: String,
    outcome: String,
    reason: Option<String>,
    provider_id: Option<String>,
    /// Part of the detail, or of the attempt's words.
    says: Option<String>,
}

/// A question about a message, its answer, and what becomes of the message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    name: String,
    method: String,
    path: String,
    body: Option<String>,
    status: u16,
    answer: String,
    /// `delivered`, `failed`, or `sent` where nothing is known yet.
    outcome: String,
}

/// Every record, by its file.
fn records() -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateways");
    let mut records = Vec::new();
    for file in std::fs::read_dir(folder).expect("the records") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|kind| kind == "toml") {
            let text = std::fs::read_to_string(&path).expect("a text");
            let record: Record =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(
                path.file_stem().and_then(|name| name.to_str()),
                Some(&*record.preset)
            );
            records.push(record);
        }
    }
    records.sort_by(|a, b| a.preset.cmp(&b.preset));
    records
}

/// A database with one client and a template for each channel, made once.
fn database() -> &'static [u8] {
    static DATABASE: OnceLock<Vec<u8>> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let house = House::new();
        house.write(
            "book/clients.csv",
            "id,name,person_type,mobile\n193,Ana Lima,F,49999990001\n",
        );
        house.write(
            "book/contracts.csv",
            "id,client_id,status,access_status\n7,193,A,A\n",
        );
        house.write("book/devices.csv", "address,client_id\ndevice-1,193\n");
        house.write(
            "book/staff.csv",
            "id,name,chat,notify_workflow\n3,Rui,700100,S\n",
        );
        house.run(&["import", "book"]).ok();
        for channel in ["sms", "whatsapp", "push", "chat"] {
            let title: &[&str] = if channel == "push" {
                &["--title", "Aviso"]
            } else {
                &[]
            };
            let add = [
                "template",
                "add",
                channel,
                "--channel",
                channel,
                "--kind",
                "support",
                "--body",
                TEXT,
            ];
            house.run(&[&add[..], title].concat()).ok();
        }
        let told = ["--audience", "staff:3", "--template", "chat"];
        let moved = ["trigger", "add", "moved", "--event", "workflow"];
        house.run(&[&moved[..], &told].concat()).ok();
        house.read_bytes("regua.db")
    })
}

/// A house with that database, whose channel goes by the record's preset to a server.
fn house(record: &Record, url: &str) -> House {
    let house = House::new();
    house.write("regua.db", database());
    house.write(
        "config.toml",
        format!(
            "[{}]\nprovider = \"http\"\npreset = \"{}\"\nbase_url = \"{url}\"\ntimeout_seconds = 1\n{}",
            record.channel, record.preset, record.settings
        ),
    );
    house
}

/// Sends the one message, to the client or by the chat to the staff, and what became of it.
fn sent(house: &House, channel: &str) -> (i32, Value) {
    let line: &[&str] = if channel == "chat" {
        &[
            "ticket", "move", "--ticket", "7", "--client", "193", "--to", "done", "--id", "e1",
        ]
    } else {
        &[
            "send",
            "contracts",
            "--template",
            channel,
            "--yes",
            "--deliver",
            "now",
        ]
    };
    let run = house.run(&[line, &["-q"]].concat());
    let history = house.json(&["history"]);
    let rows = history.as_array().expect("a list");
    assert_eq!(rows.len(), 1, "{}\n{}", run.stdout, run.stderr);
    (run.code, rows[0].clone())
}

/// Whether a text is as another one says, in which `*` stands for anything.
fn fits(wanted: &str, found: &str) -> bool {
    let Some((before, after)) = wanted.split_once('*') else {
        return wanted == found;
    };
    let Some(rest) = found.strip_prefix(before) else {
        return false;
    };
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| fits(after, &rest[at..]))
}

/// Whether a JSON value is as another one says.
fn fits_json(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::String(wanted), Value::String(found)) => fits(wanted, found),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| fits_json(wanted, found))
        }
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|(key, wanted)| {
                    found.get(key).is_some_and(|found| fits_json(wanted, found))
                })
        }
        (wanted, found) => wanted == found,
    }
}

/// The request is the recorded one.
fn same_request(record: &Record, seen: &Seen) {
    let of = &record.preset;
    let wanted = &record.request;
    assert_eq!(seen.method, wanted.method, "{of}");
    let path = wanted.path.replace("#TEXT#", ENCODED);
    assert!(fits(&path, &seen.path), "{of}: {path}\n{}", seen.path);
    for (name, value) in &wanted.headers {
        assert_eq!(seen.header(name), Some(&**value), "{of}: {name}");
    }
    let Some(body) = &wanted.body else {
        assert_eq!(seen.body, "", "{of}");
        return;
    };
    if body.trim_start().starts_with(['{', '[']) {
        let quoted = Value::from(TEXT).to_string();
        let body = body.replace("#TEXT#", &quoted[1..quoted.len() - 1]);
        let wanted: Value = serde_json::from_str(&body).expect("JSON");
        assert!(
            fits_json(&wanted, &seen.json()),
            "{of}: {wanted:#}\n{:#}",
            seen.json()
        );
    } else {
        let body = body.replace("#TEXT#", ENCODED);
        assert!(fits(&body, &seen.body), "{of}: {body}\n{}", seen.body);
    }
}

#[test]
fn every_preset_has_a_record_and_every_record_a_preset() {
    let house = House::new();
    let presets = house.json(&["omnichannel", "presets"]);
    let named: Vec<(&str, &str)> = presets
        .as_array()
        .expect("a list")
        .iter()
        .map(|preset| {
            let needs = preset["needs"].as_object().expect("needs");
            assert!(needs.values().all(serde_json::Value::is_string), "{preset}");
            let text = |key: &str| preset[key].as_str().expect("a text");
            (text("name"), text("channel"))
        })
        .collect();
    let records = records();
    let recorded: Vec<(&str, &str)> = records
        .iter()
        .map(|record| (&*record.preset, &*record.channel))
        .collect();
    assert_eq!(named, recorded);
    for name in "zenvia infobip smsdev comtele smsbarato facilita kolmeya mobizon evolution zapi onesignal telegram ntfy gotify".split(' ') {
        assert!(named.iter().any(|(known, _)| *known == name), "{name}");
    }
}

#[test]
fn each_gateway_is_asked_as_recorded_and_its_answers_come_to_what_they_mean() {
    for record in records() {
        for case in &record.case {
            let what = format!("{}, {}", record.preset, case.name);
            let (status, body) = (case.status, case.answer.clone());
            let server = Server::start(move |_| Act::json(status, body.clone()));
            let house = house(&record, &server.url());
            let (code, row) = sent(&house, &record.channel);
            assert_eq!(row["channel"], *record.channel, "{what}");
            let seen = server.seen();
            assert_eq!(seen.len(), 1, "{what}");
            same_request(&record, &seen[0]);
            assert_eq!(row["status"], *case.outcome, "{what}: {row:#}");
            assert_eq!(
                row["reason"].as_str(),
                case.reason.as_deref(),
                "{what}: {row:#}"
            );
            if let Some(id) = &case.provider_id {
                assert_eq!(row["provider_id"], **id, "{what}");
            }
            if let Some(says) = &case.says {
                assert!(
                    row["detail"]
                        .as_str()
                        .is_some_and(|detail| detail.contains(&**says)),
                    "{what}: {row:#}"
                );
            }
            // What is about us is told by the exit code, and its message waits.
            let expected = match &*case.outcome {
                "sent" => 0,
                "queued" => 4,
                _ => 1,
            };
            assert_eq!(code, expected, "{what}");
            assert!(
                !format!("{row}").contains("a-very-secret"),
                "{what}: a secret is shown"
            );
        }
    }
}

#[test]
fn every_gateway_passes_the_battery() {
    let html = |status, text: &str| {
        Act::Answer(
            status,
            vec![("Content-Type", "text/html".to_owned())],
            format!("<html><body><h1>{text}</h1></body></html>"),
        )
    };
    for record in records() {
        let of = |outcome: &str| {
            let case = record.case.iter().find(|case| case.outcome == outcome);
            case.unwrap_or_else(|| panic!("{} has no case {outcome}", record.preset))
        };
        let answer = |case: &Case| Act::json(case.status, case.answer.clone());
        let taken = of("sent");
        for (what, act, outcome) in [
            ("accepted", answer(taken), "sent"),
            ("refused", answer(of("failed")), "failed"),
            ("about us", answer(of("queued")), "queued"),
            ("wrong credentials", Act::json(401, ""), "queued"),
            (
                "later",
                Act::json(429, "").with("Retry-After", "60"),
                "queued",
            ),
            ("out of order", html(503, "Bad gateway"), "queued"),
            ("empty", Act::json(200, ""), "unknown"),
            ("HTML", html(200, "Welcome"), "unknown"),
            (
                "other JSON",
                Act::json(200, r#"{"unexpected":[1]}"#),
                "unknown",
            ),
            ("half", Act::Half(200, taken.answer.clone()), "unknown"),
            ("slow", Act::Hang, "unknown"),
            ("cut", Act::Cut, "unknown"),
        ] {
            let server = Server::start(move |_| act.clone());
            let house = house(&record, &server.url());
            let (_, row) = sent(&house, &record.channel);
            assert_eq!(row["status"], outcome, "{}, {what}: {row:#}", record.preset);
            assert_eq!(server.seen().len(), 1, "{}, {what}", record.preset);
        }
    }
}

#[test]
fn what_a_preset_needs_and_lacks_is_named_with_what_it_is_for() {
    for record in records() {
        let house = House::new();
        house.write(
            "config.toml",
            format!(
                "[{}]\nprovider = \"http\"\npreset = \"{}\"\n",
                record.channel, record.preset
            ),
        );
        let run = house.run(&["queue", "stats"]).exits(3);
        let presets = house_without_configuration().json(&["omnichannel", "presets"]);
        let preset = presets
            .as_array()
            .and_then(|presets| {
                presets
                    .iter()
                    .find(|preset| preset["name"] == *record.preset)
            })
            .cloned()
            .expect("the preset");
        for (key, what) in preset["needs"].as_object().expect("needs") {
            let told = format!(
                "config.toml:1: {}.{key}: is missing, write {}",
                record.channel,
                what.as_str().expect("a text")
            );
            assert!(run.stderr.contains(&told), "{told}\n{}", run.stderr);
        }
    }
}

fn house_without_configuration() -> House {
    House::new()
}
