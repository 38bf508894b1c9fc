//! Cuts and reconnections: what an import changes of contracts' access is told once, with a brake.

use std::fmt::Write as _;

use serde_json::Value;

use crate::house::House;

const RULES: &str = r#"
[[template]]
name = "cut"
channel = "sms"
kind = "support"
body = "Acesso: #contrato_status_acesso#. Pague #areceber_numero|sua fatura#."

[[template]]
name = "cut-mail"
channel = "email"
kind = "support"
title = "Acesso"
body = "Contrato #contrato_id#."

[[template]]
name = "back"
channel = "sms"
kind = "support"
body = "Acesso restabelecido."

[[trigger]]
name = "cut"
event = "access"
to = ["CA", "corte manual"]
templates = ["cut", "cut-mail"]

[[trigger]]
name = "reconnected"
event = "access"
from = ["auto_block", "manual_block"]
to = ["active"]
templates = ["back"]
"#;

/// So many clients with an active contract each, and the triggers.
fn town(clients: u32) -> House {
    let house = House::new();
    let mut people = "id,name,person_type,mobile,email\n".to_owned();
    for id in 1..=clients {
        let _ = writeln!(
            people,
            "{id},Cliente{id},F,49 98888-{id:04},c{id}@example.com"
        );
    }
    house.write("clients.csv", people);
    house.run(&["import", "clients", "clients.csv"]).ok();
    house.write("rules.toml", RULES);
    house.run(&["apply", "rules.toml"]).ok();
    contracts(&house, clients, "A").ok();
    house
}

/// Imports every contract in this state of access.
fn contracts(house: &House, clients: u32, access: &str) -> crate::house::Ran {
    let mut text = "id,client_id,status,access_status\n".to_owned();
    for id in 1..=clients {
        let _ = writeln!(text, "{},{id},A,{access}", 1000 + id);
    }
    house.write("contracts.csv", text);
    house.run(&["import", "contracts", "contracts.csv"])
}

fn keys(house: &House) -> Vec<(String, String)> {
    let rows = house.json(&["history", "--origin", "access", "--limit", "0"]);
    let mut rows: Vec<&Value> = rows.as_array().expect("rows").iter().collect();
    rows.sort_by_key(|row| row["id"].as_i64());
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| (text(row, "key"), text(row, "status")))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, status): &(&str, &str)| ((*key).to_owned(), (*status).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_cut_and_a_reconnection_are_told_once_each() {
    let house = town(1);
    // The first import of a contract is no change.
    assert_eq!(keys(&house), []);
    contracts(&house, 1, "CA").ok().says("changes of access: 1");
    // Import only queues.
    assert_eq!(house.lines("sms.jsonl").len(), 0);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        house.lines("sms.jsonl")[0]["body"],
        "Acesso: Bloqueio automático. Pague sua fatura."
    );
    // The same file again changes nothing.
    contracts(&house, 1, "CA").ok();
    contracts(&house, 1, "A").ok();
    contracts(&house, 1, "CM").ok();
    assert_eq!(
        keys(&house),
        pairs(&[
            ("access/1001/1/auto_block/sms", "sent"),
            ("access/1001/1/auto_block/email", "sent"),
            ("access/1001/2/active/sms", "queued"),
            ("access/1001/3/manual_block/sms", "queued"),
            ("access/1001/3/manual_block/email", "queued"),
        ])
    );
    // Whose contract no longer has that state is not told.
    house.run(&["queue", "deliver"]).ok();
    let settled = house.json(&["history", "--reason", "settled"]);
    assert_eq!(settled[0]["key"], "access/1001/2/active/sms");
    assert_eq!(settled[0]["event"], "reconnected");
    assert_eq!(house.lines("sms.jsonl").len(), 2);
}

/// A contract is cut, connected again and cut again before anything is delivered: the cut is told once.
#[test]
fn a_state_that_came_twice_before_its_turn_is_told_once() {
    let house = town(1);
    for access in ["CA", "A", "CA"] {
        contracts(&house, 1, access).ok();
    }
    house.run(&["queue", "deliver"]).ok();
    let sent = |house: &House| -> Vec<String> {
        let of_sms = |(key, status): &(String, String)| key.ends_with("/sms") && status == "sent";
        let sent = keys(house).into_iter().filter(of_sms);
        sent.map(|(key, _)| key).collect()
    };
    assert_eq!(sent(&house), ["access/1001/3/auto_block/sms"]);
    let settled = house.json(&["history", "--reason", "settled", "--channel", "sms"]);
    assert_eq!(
        settled[1]["detail"],
        "change 3 of the access of contract 1001 tells the same"
    );

    // One that was held back comes to its turn when a later change has told the same.
    let house = town(3);
    house.write("config.toml", "[triggers]\nmost_access = 2\n");
    contracts(&house, 3, "CA").ok();
    for access in ["A", "CA"] {
        house.write("one.csv", format!("id,access_status\n1001,{access}\n"));
        house.run(&["import", "contracts", "one.csv"]).ok();
    }
    house.run(&["queue", "deliver"]).ok();
    house.run(&["trigger", "release", "--yes"]).ok();
    assert_eq!(
        sent(&house),
        [
            "access/1001/3/auto_block/sms",
            "access/1002/1/auto_block/sms",
            "access/1003/1/auto_block/sms"
        ]
    );
}

#[test]
fn what_is_held_back_of_a_contract_is_not_told_to_whoever_takes_it_over() {
    let house = town(4);
    house.write("config.toml", "[triggers]\nmost_access = 2\n");
    house.write(
        "contracts.csv",
        "id,access_status\n1001,CA\n1002,CA\n1003,CA\n",
    );
    house.run(&["import", "contracts", "contracts.csv"]).ok();
    house.write("moved.csv", "id,client_id\n1001,4\n");
    house.run(&["import", "contracts", "moved.csv"]).ok();
    house
        .run(&["trigger", "release", "--yes"])
        .ok()
        .says("held back: 2 from active to auto_block");
    let told = keys(&house);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told.iter().all(|(key, _)| !key.contains("/1001/")),
        "{told:?}"
    );
}

#[test]
fn whoever_takes_over_a_contract_hears_nothing_of_how_it_was_before() {
    let house = town(2);
    contracts(&house, 2, "CA").ok();
    let cut = keys(&house).len();
    assert_ne!(cut, 0, "both are told of the cut");
    // The first contract goes to the second client, connected; the other is connected again.
    let taken_over = "id,client_id,status,access_status\n1001,2,A,A\n1002,2,A,A\n";
    house.write("contracts.csv", taken_over);
    house.run(&["import", "contracts", "contracts.csv"]).ok();
    let told = &keys(&house)[cut..];
    assert!(
        told.iter().all(|(key, _)| key.contains("/1002/")),
        "{told:?}"
    );
    assert_eq!(told.len(), 1);
    // What happens to it from now on is his.
    house.write(
        "contracts.csv",
        taken_over.replace("1001,2,A,A", "1001,2,A,CA"),
    );
    house.run(&["import", "contracts", "contracts.csv"]).ok();
    let told = &keys(&house)[cut + 1..];
    assert!(
        !told.is_empty() && told.iter().all(|(key, _)| key.contains("/1001/")),
        "{told:?}"
    );
}

#[test]
fn too_many_changes_in_one_run_are_held_back_until_a_person_decides() {
    let house = town(8);
    house.write("config.toml", "[triggers]\nmost_access = 5\n");
    contracts(&house, 8, "CA")
        .ok()
        .says("regua trigger release");
    assert_eq!(keys(&house), []);
    house.run(&["doctor"]).ok().prints("regua trigger release");
    house
        .run(&["status", "--check"])
        .exits(4)
        .prints("changes of access are held back");
    house
        .run(&["--lang", "pt", "status"])
        .ok()
        .prints("regua trigger release avisa delas");
    // A run within the bounds goes on.
    house.write("one.csv", "id,access_status\n1001,A\n");
    house.run(&["import", "contracts", "one.csv"]).ok();
    assert_eq!(
        keys(&house),
        pairs(&[("access/1001/2/active/sms", "queued")])
    );
    house
        .run(&["trigger", "release"])
        .exits(2)
        .says("held back: 8 from active to auto_block");
    house.run(&["trigger", "release", "--yes"]).ok();
    // Contract 1001 is active again: its cut is not told.
    let told = keys(&house);
    assert_eq!(
        told.iter().filter(|(_, status)| status == "sent").count(),
        15
    );
    assert!(told.contains(&(
        "access/1001/1/auto_block/sms".to_owned(),
        "skipped".to_owned()
    )));
    house.run(&["trigger", "release", "--yes"]).ok();
    assert_eq!(keys(&house).len(), told.len());
    // One that was cut short left its messages in the queue: the same again goes on.
    let sent = house.lines("sms.jsonl").len();
    house.write("one.csv", "id,access_status\n1001,CA\n");
    house.run(&["import", "contracts", "one.csv"]).ok();
    house.run(&["trigger", "release", "--yes"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), sent + 1);
    let told = keys(&house);

    // A trigger that is gone meanwhile tells nobody, and that is said.
    contracts(&house, 8, "CM").ok();
    house.run(&["trigger", "remove", "cut"]).ok();
    house
        .run(&["trigger", "release", "--yes"])
        .ok()
        .says("8 of them no trigger hears of any more");
    assert_eq!(keys(&house).len(), told.len());

    // The other way: dropped, nobody is told.
    contracts(&house, 8, "A").ok();
    house.run(&["trigger", "drop"]).ok().says("dropped: 8");
    house.run(&["trigger", "release", "--yes"]).ok();
    assert_eq!(keys(&house).len(), told.len());
}

#[test]
fn a_trigger_of_access_is_checked_and_known_everywhere() {
    let house = town(1);
    let add = |extra: &[&str]| {
        let mut all = vec![
            "trigger",
            "add",
            "t",
            "--event",
            "access",
            "--template",
            "cut",
        ];
        all.extend(extra);
        house.run(&all)
    };
    add(&["--to", "auto_blok"])
        .exits(3)
        .says("did you mean `auto_block`");
    add(&["--topic", "4"]).exits(3).says("topics");
    add(&["--audience", "client"]).exits(3);
    add(&["--from", "A", "--to", "ativo"])
        .ok()
        .says("no change goes from active to itself");
    house.run(&["trigger", "remove", "t"]).ok();
    add(&["--to", "CA"]).ok();
    assert_eq!(house.json(&["trigger", "show", "t"])["to"][0], "auto_block");
    house
        .run(&["trigger", "edit", "t", "--from", "payment_warning"])
        .ok();
    let exported = house.run(&["export"]).ok().stdout;
    assert!(
        exported.contains("event = \"access\"\nfrom = [\"payment_warning\"]"),
        "{exported}"
    );
    house.write("all.toml", &exported);
    house.run(&["apply", "--check", "all.toml"]).ok();
    house.write(
        "change.json",
        r#"{"contract_id":1001,"from":"active","to":"auto_block"}"#,
    );
    let test = house.json(&["trigger", "test", "cut", "--event", "change.json"]);
    assert_eq!(test["matches"], true);
    assert_eq!(test["hears"][0]["channel"], "sms");
    assert_eq!(test["hears"][1]["template"], "cut-mail");
    let other = house.json(&["trigger", "test", "reconnected", "--event", "change.json"]);
    assert_eq!(other["matches"], false);
    house
        .run(&["template", "remove", "cut-mail"])
        .exits(3)
        .says("trigger `cut`");
    assert_eq!(keys(&house), []);
}

/// A provider whose command tells of contract 1001 alone, asked by a task each minute.
struct Erp {
    house: House,
}

impl Erp {
    fn with(access: &str) -> Self {
        let house = town(2);
        house.write(
            "config.toml",
            "[sync.command.erp]\ncommand = [\"./erp\"]\nkinds = [\"contracts\"]\n",
        );
        let task = ["task", "add", "sync", "--run", "sync"];
        house
            .run(&[&task[..], &["--minute", "*", "--hour", "*"]].concat())
            .ok();
        let erp = Self { house };
        erp.says(access);
        erp
    }

    fn says(&self, access: &str) {
        let program = self.house.write(
            "erp",
            format!(
                "#!/bin/sh\ncat <<'END'\n{{\"kind\":\"contracts\",\"id\":1001,\"client_id\":1,\"status\":\"active\",\"access_status\":\"{access}\"}}\n{{\"complete\":true}}\nEND\n"
            ),
        );
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("a mode");
    }

    fn run_due(&mut self, minute: &str) -> crate::house::Ran {
        self.house.at(&format!("2026-11-23T09:{minute}"));
        self.house.run(&["task", "run-due", "--json"])
    }
}

#[test]
fn a_sync_that_run_due_started_tells_of_the_cut_in_the_same_call() {
    let mut erp = Erp::with("active");
    erp.run_due("01").ok();
    assert_eq!(keys(&erp.house), []);
    erp.says("auto_block");
    let ran = erp.run_due("02").ok().json();
    assert_eq!(ran[0]["counts"]["access_messages"], 2, "{ran}");
    let told = pairs(&[
        ("access/1001/1/auto_block/sms", "sent"),
        ("access/1001/1/auto_block/email", "sent"),
    ]);
    assert_eq!(keys(&erp.house), told);
    assert_eq!(erp.house.lines("sms.jsonl").len(), 1);
    // The same again is no change; the reconnection is told in its call too.
    erp.run_due("03").ok();
    assert_eq!(keys(&erp.house), told);
    erp.says("active");
    erp.run_due("04").ok();
    let lines = erp.house.lines("sms.jsonl");
    assert_eq!(lines[1]["body"], "Acesso restabelecido.");
}

/// The call that noticed the cut ended before it was told: the next one tells it, though nothing has changed since.
#[test]
fn a_cut_that_a_call_left_in_the_queue_is_told_by_the_next() {
    let mut erp = Erp::with("active");
    erp.run_due("01").ok();
    erp.says("auto_block");
    // As after a crash between the two: the sync by hand only queues.
    erp.house.at("2026-11-23T09:02");
    erp.house.run(&["sync"]).ok();
    assert_eq!(erp.house.lines("sms.jsonl").len(), 0);
    erp.run_due("03").ok();
    assert_eq!(erp.house.lines("sms.jsonl").len(), 1);
    // Where a task takes what waits, that is its work.
    let task = ["task", "add", "queue", "--run", "send-queue"];
    erp.house
        .run(&[&task[..], &["--minute", "0", "--hour", "*"]].concat())
        .ok();
    erp.says("active");
    erp.house.run(&["sync"]).ok();
    erp.run_due("04").ok();
    assert_eq!(erp.house.lines("sms.jsonl").len(), 1);
}

/// Numbers that stand in keys of the replaced file are spent: a change of after the restore has another one, and is
/// told.
#[test]
fn a_restored_backup_counts_changes_on_from_the_replaced_file() {
    let house = town(3);
    house.run(&["backup", "copies"]).ok();
    let copy = std::fs::read_dir(house.path("copies"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|end| end == "db"))
        .expect("the backup");
    let states = |house: &House, states: &[(u32, &str)]| {
        let mut text = "id,access_status\n".to_owned();
        for (id, access) in states {
            let _ = writeln!(text, "{id},{access}");
        }
        house.write("states.csv", text);
        house.run(&["import", "contracts", "states.csv"]).ok();
    };
    states(&house, &[(1001, "CA"), (1002, "CA")]);
    house.run(&["queue", "deliver"]).ok();
    states(&house, &[(1001, "A")]);
    house.run(&["queue", "deliver"]).ok();
    // This one waits in the queue when the file is replaced.
    states(&house, &[(1003, "CA")]);
    assert_eq!(house.lines("sms.jsonl").len(), 3);
    let copy = copy.to_str().expect("a path");
    house.run(&["restore", copy]).ok();

    states(&house, &[(1001, "A"), (1002, "CA"), (1003, "CA")]);
    house.run(&["queue", "deliver"]).ok();
    states(&house, &[(1001, "CA")]);
    house.run(&["queue", "deliver"]).ok();
    let lines = house.lines("sms.jsonl");
    let since: Vec<&str> = lines[3..]
        .iter()
        .map(|line| line["key"].as_str().expect("a key"))
        .collect();
    assert_eq!(
        since,
        [
            "access/1003/1/auto_block/sms",
            "access/1001/3/auto_block/sms"
        ]
    );
}

/// A hundred thousand contracts change their state in one import, with and without the brake: memory does
/// not follow their number.
#[test]
fn a_town_that_is_cut_at_once_is_held_back_in_little_memory() {
    fn cut(contracts: u32) -> (House, u64) {
        let house = House::new();
        house.write("rules.toml", RULES);
        house.write(
            "one.csv",
            "id,name,person_type,mobile\n1,Ana,F,49 98888-0001\n",
        );
        house.run(&["import", "clients", "one.csv"]).ok();
        house.run(&["apply", "rules.toml"]).ok();
        let rows = |access: &str| {
            let mut text = "id,client_id,status,access_status\n".to_owned();
            for id in 1..=contracts {
                let _ = writeln!(text, "{id},1,A,{access}");
            }
            text
        };
        house.write("contracts.csv", rows("A"));
        house.run(&["import", "contracts", "contracts.csv"]).ok();
        house.write("contracts.csv", rows("CA"));
        let peak = house.peak_memory(&["import", "contracts", "contracts.csv"]);
        (house, peak)
    }
    let (_, small) = cut(10_000);
    let (house, large) = cut(100_000);
    assert_eq!(keys(&house), []);
    let held = house.run(&["trigger", "release"]).exits(2);
    assert!(
        held.stderr
            .contains("held back: 100000 from active to auto_block")
            || held
                .stderr
                .contains("held back: 100,000 from active to auto_block"),
        "{}",
        held.stderr
    );
    // What a larger database adds is its page cache alone, of 16 MB at the most.
    assert!(
        large < small + 18 * 1024,
        "{large} KiB for 100,000 contracts, {small} KiB for 10,000"
    );
}
