//! The database's file: who may be at it at once, who may read it, how it comes back from a backup.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::house::House;
use crate::server::{Act, Server};

fn mode(house: &House, name: &str) -> u32 {
    let found = house.path(name).metadata().expect("a file").permissions();
    found.mode() & 0o777
}

/// A house with a template for sms and a ladder of one stage.
fn with_ladder(more: &str) -> House {
    let house = House::with_book();
    house.write("config.toml", format!("max_data_age_hours = 0\n{more}"));
    house.write(
        "rules.toml",
        "[[template]]\nname = \"late\"\nchannel = \"sms\"\nkind = \"financial\"\n\
         body = \"#areceber_numero# #areceber_valor#\"\n\
         [[template]]\nname = \"hello\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Ola #cliente_nome#\"\n\
         [[rule]]\nname = \"all\"\nportfolios = []\n\
         [[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\"]\n\
         [[task]]\nname = \"ladder\"\nrun = \"collection-update\"\nminute = \"0\"\nhour = \"9\"\n",
    );
    house.run(&["apply", "rules.toml"]).ok();
    house
}

fn backup(house: &House) -> String {
    let made = house.json(&["backup"]);
    made["file"].as_str().expect("a file").to_owned()
}

/// How often each text was delivered to each address.
fn twice(house: &House) -> Vec<String> {
    let mut told: Vec<String> = house
        .lines("sms.jsonl")
        .iter()
        .map(|line| format!("{} {}", line["address"], line["body"]))
        .collect();
    told.sort();
    let mut repeated = told.clone();
    told.dedup();
    for one in told {
        let at = repeated.iter().position(|other| *other == one);
        repeated.remove(at.expect("it is there"));
    }
    repeated
}

#[test]
fn trial_57_a_reading_command_makes_no_database() {
    let house = House::new();
    for arguments in [
        ["history"].as_slice(),
        &["template", "list"],
        &["queue", "stats"],
        &["report", "run", "contracts"],
        &["export"],
        &["backup"],
    ] {
        house
            .run(arguments)
            .exits(4)
            .says("there is no database")
            .says("regua.db")
            .says("regua import");
    }
    assert!(!house.path("regua.db").exists());
    house
        .run(&[
            "template",
            "add",
            "a",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Ola",
        ])
        .ok();
    house.run(&["history"]).ok();
}

#[test]
fn trial_58_what_holds_names_is_its_owners_alone() {
    let house = with_ladder("");
    house
        .run(&["send", "contracts", "-t", "hello", "--yes"])
        .ok();
    house.write("bad/clients.csv", "id,name,person_type\n7,Gil,X\n");
    house
        .run(&[
            "import",
            "clients",
            "bad/clients.csv",
            "--skip-bad",
            "out/bad.csv",
        ])
        .exits(1);
    let copy = backup(&house);
    for name in ["regua.db", "sms.jsonl", "out/bad.csv", &copy] {
        assert_eq!(mode(&house, name), 0o600, "{name}");
    }
    // What SQLite keeps beside the file takes its mode.
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    for name in ["regua.db-wal", "regua.db-shm"] {
        if house.path(name).exists() {
            assert_eq!(mode(&house, name), 0o600, "{name}");
        }
    }
    drop(store);
}

#[test]
fn trial_90_a_database_by_a_dangling_link_is_private_too() {
    let house = House::new();
    std::fs::create_dir(house.path("data")).expect("a folder");
    symlink("data/real.db", house.path("regua.db")).expect("a link");
    crate::house::small_book(&house);
    house.run(&["import", "book"]).ok();
    assert_eq!(mode(&house, "data/real.db"), 0o600);
}

#[test]
fn trial_72_a_link_to_the_database_is_the_same_lock() {
    let house = with_ladder("");
    symlink("regua.db", house.path("link.db")).expect("a link");
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "hello",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    let _lock = store.lock("sms").expect("no fault").expect("free");
    house.run(&["--db", "link.db", "queue", "deliver"]).exits(5);
    assert!(!house.path("sms.jsonl").exists());
    // No lock file stands beside it that anybody could delete, or own.
    let files: Vec<_> = std::fs::read_dir(house.folder())
        .expect("a folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains(".lock"))
        .collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn a_second_name_of_the_database_is_warned_of() {
    let house = House::with_book();
    let database = |house: &House| {
        let findings = house.json(&["doctor"]);
        let rows = findings.as_array().expect("findings").clone();
        let of = rows.iter().filter(|row| row["area"] == "database");
        of.map(|row| row["message"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(!database(&house).contains("hard links"));
    std::fs::hard_link(house.path("regua.db"), house.path("other.db")).expect("a link");
    let told = database(&house);
    assert!(told.contains("regua.db has 2 names (hard links)"), "{told}");
}

#[test]
fn trial_72_three_paths_to_one_database_deliver_each_message_once() {
    let house = House::new();
    let server = Server::start(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        Act::json(200, "{}")
    });
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"http\"\nurl = \"{}/send\"\nmethod = \"POST\"\nbody = '{{\"to\": \"#address#\"}}'\nworkers = 4\n[queue]\nresend_unknown = [\"sms\"]\n",
            server.url()
        ),
    );
    let client = |id| format!("{id},Cliente {id},F,(49) 99{id:03}-1234\n");
    let clients: Vec<String> = (1..=60).map(client).collect();
    house.write(
        "book/clients.csv",
        format!("id,name,person_type,mobile\n{}", clients.concat()),
    );
    let contract = |id| {
        format!(
            "{id},{id},A,A
"
        )
    };
    let contracts: Vec<String> = (1..=60).map(contract).collect();
    house.write(
        "book/contracts.csv",
        format!("id,client_id,status,access_status\n{}", contracts.concat()),
    );
    house.run(&["import", "book"]).ok();
    let words = ["--channel", "sms", "--kind", "support", "--body", "oi"];
    house
        .run(&[&["template", "add", "hello"][..], &words].concat())
        .ok();
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "hello",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    // By its name, by a link to it, by a second name of the file, by a link to its folder.
    std::fs::create_dir(house.path("other")).expect("a folder");
    symlink(house.path("regua.db"), house.path("link.db")).expect("a link");
    std::fs::hard_link(house.path("regua.db"), house.path("other/hard.db")).expect("a name");
    symlink(house.folder(), house.path("other/folder")).expect("a link");
    let paths = [
        "regua.db",
        "link.db",
        "other/hard.db",
        "other/folder/regua.db",
    ];
    for _ in 0..3 {
        let runs: Vec<_> = paths
            .iter()
            .map(|path| {
                let mut command = house.command(&["--db", path, "queue", "deliver"]);
                command.stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::null());
                command.spawn().expect("the program runs")
            })
            .collect();
        for mut run in runs {
            let code = run.wait().expect("its end").code();
            // Whoever came second says that another run is delivering.
            assert!([Some(0), Some(5)].contains(&code), "{code:?}");
        }
    }
    let told: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    let once: std::collections::BTreeSet<&String> = told.iter().collect();
    assert_eq!((told.len(), once.len()), (60, 60));
}

#[test]
fn trial_77_a_line_that_drops_ends_a_delivery_as_a_signal_does() {
    if crate::house::hangups_are_ignored() {
        return;
    }
    let house = with_ladder("");
    let server = Server::start(|_| {
        std::thread::sleep(std::time::Duration::from_millis(400));
        Act::json(200, "{}")
    });
    house.write(
        "config.toml",
        format!(
            "[sms]\nprovider = \"http\"\nurl = \"{}/send\"\nmethod = \"POST\"\nbody = '{{\"to\": \"#address#\"}}'\nworkers = 1\n",
            server.url()
        ),
    );
    let mut run = house.command(&["send", "contracts", "-t", "hello", "--yes"]);
    run.stdout(std::process::Stdio::null());
    run.stderr(std::process::Stdio::null());
    let mut run = run.spawn().expect("the program runs");
    while server.seen().is_empty() {
        assert!(
            run.try_wait().expect("its state").is_none(),
            "it ended early"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let ended = std::process::Command::new("kill")
        .args(["-HUP", &run.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(ended.success());
    assert_eq!(run.wait().expect("its end").code(), Some(143));
    // What was on its way is known; nothing is in doubt, and the rest waits.
    let told = server.seen().len();
    let history = house.json(&["history", "--limit", "0"]);
    let mut states: Vec<&str> = history
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|message| message["status"].as_str())
        .collect();
    states.sort_unstable();
    assert!(!states.contains(&"unknown"), "{states:?}");
    assert_eq!(
        states.iter().filter(|state| **state == "sent").count(),
        told
    );
    assert!(states.contains(&"queued"), "{states:?}");
}

#[test]
fn trial_83_what_was_queued_in_a_backup_does_not_go_again() {
    let house = with_ladder("");
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "hello",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    let copy = backup(&house);
    house.run(&["queue", "deliver"]).ok();
    let sent = house.lines("sms.jsonl").len();
    assert!(sent > 1);

    house.run(&["restore", "--check", &copy]).ok();
    let answer = house.json(&["restore", &copy]);
    assert_eq!(answer["unknown"], sent);
    assert_eq!(answer["queued"], 0);
    assert_eq!(answer["read"], true);
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), sent);
    house
        .run(&["send", "contracts", "-t", "hello", "--yes"])
        .ok();
    assert_eq!(twice(&house), [""; 0]);
    let kept = answer["replaced"].as_str().expect("a name").to_owned();
    assert_eq!(mode(&house, &kept), 0o600);
    house.run(&["--db", &kept, "history"]).ok();

    // By request they stay queued.
    let answer = house.json(&["restore", &copy, "--resend"]);
    assert_eq!(
        (&answer["unknown"], &answer["queued"]),
        (&0.into(), &sent.into())
    );
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(twice(&house).len(), sent);
}

#[test]
fn what_is_no_backup_is_refused_as_a_file_that_is_not_acceptable() {
    let house = with_ladder("");
    let copy = backup(&house);
    let whole = house.read_bytes(&copy);
    house.write("facts.csv", "id,name\n1,Ana\n");
    house.write("cut.db", &whole[..whole.len() / 4]);
    let mut bad = whole.clone();
    for byte in bad.iter_mut().skip(8192).step_by(7) {
        *byte ^= 0x5a;
    }
    house.write("bad.db", bad);
    for (file, told, remedy) in [
        (
            "facts.csv",
            "facts.csv is not a database of regua's",
            "`regua backup`",
        ),
        ("cut.db", "cut.db is damaged", "take another backup"),
        ("bad.db", "bad.db is damaged", "take another backup"),
    ] {
        for arguments in [&["restore", "--check", file][..], &["restore", file]] {
            let ran = house.run(arguments).exits(3).says(told).says(remedy);
            assert!(!ran.stderr.contains("u{a}"), "{ran:?}");
        }
    }
    house.run(&["restore", "--check", &copy]).ok();
    house
        .run(&["--db", "nowhere/new.db", "restore", &copy])
        .exits(3)
        .says("there is no folder")
        .says("nowhere");
    house.run(&["history"]).ok();
}

#[test]
fn trial_83_a_ladder_that_moved_after_the_backup_tells_nobody_twice() {
    let mut house = with_ladder("");
    let copy = backup(&house);
    house.run(&["collection", "update"]).ok();
    house
        .run_with(
            &["ticket", "events", "-"],
            "{\"id\":\"e1\",\"type\":\"opened\",\"ticket_id\":7,\"client_id\":1,\"topic_id\":4,\"opened_by\":\"client\"}\n",
        )
        .ok();
    let sent = house.lines("sms.jsonl").len();
    assert!(sent > 0);
    let answer = house.json(&["restore", &copy]);
    assert_eq!(answer["spent_events"], 1);
    assert!(answer["spent_keys"].as_u64().is_some_and(|n| n > 0));
    house.run(&["collection", "update"]).ok();
    house.at("2026-11-24T09:00");
    house.run(&["collection", "update"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), sent);
}

#[test]
fn trial_83_where_the_replaced_file_cannot_be_read_today_is_done() {
    let mut house = with_ladder("[birthday]\ntemplate = \"hello\"\n");
    let copy = backup(&house);
    std::fs::remove_file(house.path("regua.db")).expect("it is there");
    house.write("regua.db", "scrambled");
    let answer = house.json(&["restore", &copy]);
    assert_eq!(answer["read"], false);
    assert_eq!(answer["disabled_tasks"], 1);
    house.run(&["collection", "update"]).ok();
    house.run(&["birthday", "queue"]).ok();
    house
        .run(&["send", "contracts", "-t", "hello", "--yes"])
        .ok();
    house.run(&["task", "run-due"]).ok();
    assert_eq!(house.lines("sms.jsonl").len(), 0);
    assert_eq!(house.json(&["task", "list"])[0]["enabled"], false);
    // Tomorrow is another day.
    house.at("2026-11-24T09:00");
    house.run(&["collection", "update"]).ok();
    assert!(!house.lines("sms.jsonl").is_empty());
}

#[test]
fn a_restore_wants_to_be_alone_and_a_file_that_can_be_restored() {
    let house = with_ladder("");
    let copy = backup(&house);
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    house
        .run(&["restore", &copy])
        .exits(5)
        .says("another regua is working");
    drop(store);
    house
        .run(&["restore", "absent.db"])
        .exits(3)
        .says("there is no backup absent.db");
    house
        .run(&["restore", "regua.db"])
        .exits(3)
        .says("the database itself");
    house.write(
        "other.db",
        "not a database at all, only a text that is long enough",
    );
    house.run(&["restore", "--check", "other.db"]).exits(3);
    let before = house.read_bytes("regua.db");
    house.run(&["restore", "other.db"]).exits(3);
    assert_eq!(house.read_bytes("regua.db"), before);
    assert!(!house.path("regua.db.restoring").exists());
}

#[test]
fn trial_78_too_few_threads_are_a_clear_error_and_nothing_is_claimed() {
    use std::os::unix::process::CommandExt as _;
    let house = with_ladder("[sms]\nprovider = \"file\"\nworkers = 64\n");
    house
        .run(&[
            "send",
            "contracts",
            "-t",
            "hello",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    let nobody = 65_533;
    // Only root can become somebody for whom the limit counts.
    if std::os::unix::fs::chown(house.folder(), Some(nobody), None).is_err() {
        return;
    }
    for name in ["regua.db", "config.toml"] {
        std::os::unix::fs::chown(house.path(name), Some(nobody), None).expect("given away");
    }
    let program = house.path("regua");
    std::fs::copy(env!("CARGO_BIN_EXE_regua"), &program).expect("a copy");
    let limited = std::process::Command::new("bash")
        .args(["-c", "ulimit -u 12; exec ./regua queue deliver"])
        .current_dir(house.folder())
        .env("REGUA_NOW", "2026-11-23T09:00")
        .uid(nobody)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&limited.stderr);
    assert_eq!(limited.status.code(), Some(4), "{told}");
    assert!(told.contains("no more threads"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    let stats = house.json(&["queue", "stats"]);
    let sms = stats
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["channel"] == "sms"))
        .expect("sms");
    assert_eq!((&sms["sending"], &sms["unknown"]), (&0.into(), &0.into()));
}
