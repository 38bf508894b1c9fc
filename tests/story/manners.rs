//! How every command behaves: forms, flags, exit codes, bad surroundings.

use std::io::Read as _;
use std::process::Stdio;

use crate::house::House;
use serde_json::json;

#[test]
fn every_form_of_an_answer_is_what_it_says() {
    let house = House::with_book();
    let run = |form: &str| {
        let columns = "contract_id,client_name,overdue_total,has_app,activated_on";
        let arguments = [
            "report",
            "run",
            "contracts",
            "-f",
            "contract_id<=12",
            "--columns",
            columns,
            "-o",
            form,
        ];
        house.run(&arguments).ok().stdout
    };
    assert_eq!(
        run("csv"),
        "contract_id,client_name,overdue_total,has_app,activated_on\n\
         11,Ana Lima,99.90,yes,2022-05-03\n12,Bruno Souza,1000.00,no,2023-01-10\n"
    );
    assert_eq!(
        run("jsonl"),
        "{\"contract_id\":11,\"client_name\":\"Ana Lima\",\"overdue_total\":99.9,\"has_app\":true,\"activated_on\":\"2022-05-03\"}\n\
         {\"contract_id\":12,\"client_name\":\"Bruno Souza\",\"overdue_total\":1000.0,\"has_app\":false,\"activated_on\":\"2023-01-10\"}\n"
    );
    let document: serde_json::Value = serde_json::from_str(&run("json")).expect("one document");
    assert_eq!(document.as_array().map(Vec::len), Some(2));
    assert_eq!(
        run("table"),
        "contract_id  client_name  overdue_total  has_app  activated_on\n         \
         11  Ana Lima             99,90  yes      2022-05-03\n         \
         12  Bruno Souza       1.000,00  no       2023-01-10\n2 rows\n"
    );
}

#[test]
fn tables_of_fixed_words_fit_eighty_columns() {
    let house = House::with_book();
    house
        .run(&[
            "template",
            "add",
            "t",
            "--channel",
            "sms",
            "--kind",
            "financial",
            "--body",
            "Oi #cliente_nome#",
        ])
        .ok();
    house.run(&["send", "contracts", "-t", "t", "--yes"]).ok();
    for arguments in [
        ["report", "fields", "logins"].as_slice(),
        &["template", "list"],
        &["template", "variables"],
        &["import", "book"],
        &["queue", "stats"],
        &["optout", "list"],
    ] {
        let ran = house.run(arguments).ok();
        for line in ran.stdout.lines() {
            let width = line.chars().count();
            assert!(
                width <= 80,
                "regua {} is {width} columns wide:\n{}",
                ran.command,
                ran.stdout
            );
        }
    }
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    let house = House::with_book();
    let before = house
        .run(&[
            "--json",
            "--now",
            "2026-12-31",
            "report",
            "run",
            "contracts",
        ])
        .ok();
    let after = house
        .run(&[
            "report",
            "run",
            "contracts",
            "--now",
            "2026-12-31",
            "-o",
            "json",
        ])
        .ok();
    assert_eq!(before.stdout, after.stdout);
    assert_eq!(before.json()[0]["overdue_days"], 51);
    house
        .run(&["report", "list", "--json", "-o", "csv"])
        .exits(2);
    house
        .run(&["--db", "other.db", "import", "book", "--json"])
        .ok()
        .says("made the database other.db");
    house
        .run(&["-q", "--db", "third.db", "import", "book", "--json"])
        .ok();
}

#[test]
fn quiet_says_errors_only() {
    let house = House::with_book();
    let ran = house.run(&["-q", "report", "save", "r", "contracts"]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    house
        .run(&["-q", "report", "show", "s"])
        .exits(3)
        .says("there is no report `s`");
}

#[test]
fn the_clock_is_what_it_is_told() {
    let mut house = House::with_book();
    let days = |house: &House, now: &[&str]| {
        let mut arguments = vec![
            "report",
            "run",
            "invoices",
            "-f",
            "invoice_id=101",
            "--columns",
            "overdue_days",
        ];
        arguments.extend(now);
        house.json(&arguments)[0]["overdue_days"].clone()
    };
    assert_eq!(days(&house, &[]), 13);
    assert_eq!(days(&house, &["--now", "2026-11-11T02:59:00Z"]), 0);
    assert_eq!(days(&house, &["--now", "2026-11-11T03:00:00Z"]), 1);
    house.at("2026-11-20");
    assert_eq!(days(&house, &[]), 10);
    house
        .run(&["report", "list", "--now", "amanhã"])
        .exits(2)
        .says("2026-11-21T09:00");
}

#[test]
fn a_broken_pipe_ends_quietly() {
    let house = House::new();
    let rows = (1..4000).fold("id,name,person_type\n".to_owned(), |text, id| {
        text + &format!("{id},C {id},F\n")
    });
    let contracts = (1..4000).fold(
        "id,client_id,status,access_status\n".to_owned(),
        |text, id| text + &format!("{id},{id},A,A\n"),
    );
    house.write("in/clients.csv", rows);
    house.write("in/contracts.csv", contracts);
    house.run(&["import", "in"]).ok();
    for form in ["csv", "json", "table"] {
        let mut child = house
            .command(&["report", "run", "contracts", "--columns", "all", "-o", form])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdout = child.stdout.take().expect("its output");
        stdout.read_exact(&mut [0; 10]).expect("a beginning");
        drop(stdout);
        let output = child.wait_with_output().expect("its end");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{form}");
        assert_eq!(output.status.code(), Some(0), "{form}");
    }
}

/// Every command with its sub-commands, found by their help texts.
fn commands(house: &House, of: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = of.to_vec();
    arguments.push("--help");
    let help = house.run(&arguments).ok().stdout;
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return vec![of.iter().map(|word| (*word).to_owned()).collect()];
    };
    let mut all = vec![of.iter().map(|word| (*word).to_owned()).collect()];
    for line in list.lines().take_while(|line| !line.is_empty()) {
        let Some(name) = line
            .strip_prefix("  ")
            .filter(|l| !l.starts_with(' '))
            .and_then(|l| l.split(' ').next())
        else {
            continue;
        };
        if name != "help" {
            let mut deeper = of.to_vec();
            deeper.push(name);
            all.extend(commands(house, &deeper));
        }
    }
    all
}

#[test]
fn the_help_of_every_command_shows_an_example() {
    let house = House::new();
    let all = commands(&house, &[]);
    assert!(all.len() > 30, "{all:?}");
    // A command and its sub-commands: an example in its own help, or in that of the command it belongs to.
    for command in all.iter().filter(|command| command.len() == 1) {
        let help = house.run(&[command[0].as_str(), "--help"]).ok().stdout;
        assert!(help.contains("Example"), "regua {} --help", command[0]);
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish"] {
        house.run(&["completions", shell]).ok().prints("regua");
    }
    house.run(&["completions", "tcl"]).exits(2);
    house.run(&["man", "pages"]).ok();
    assert!(house.read("pages/regua-send.1").contains(".TH"));
}

#[test]
fn wrong_usage_is_exit_two() {
    let house = House::new();
    for arguments in [
        ["frob"].as_slice(),
        &[],
        &["report"],
        &["report", "run", "contracts", "-o", "xml"],
        &["report", "run", "contracts", "--json", "-o", "csv"],
        &["import", "clients"],
    ] {
        house.run(arguments).exits(2);
    }
    house.run(&["--version"]).ok().prints("regua ");
}

#[test]
fn every_problem_of_the_configuration_is_told_at_once() {
    let house = House::new();
    house.write(
        "config.toml",
        "datbase = \"x\"\ntimezone = \"America/Chapeco\"\n[push]\nworkers = 0\n[holidays]\nextra = [\"2026-13-40\"]\n",
    );
    house
        .run(&["report", "list"])
        .exits(3)
        .says("config.toml:1: datbase: is not a known key, did you mean `database`?")
        .says("config.toml:2: timezone")
        .says("config.toml:4: push.workers")
        .says("config.toml:6: holidays.extra");
    house
        .run(&["report", "list", "--config", "none.toml"])
        .exits(3)
        .says("none.toml cannot be read");
}

#[test]
fn a_database_that_cannot_be_used_is_told_and_left_alone() {
    let house = House::with_book();
    let database = std::fs::read(house.path("regua.db")).expect("the database");
    // The header's version of the tables, a big-endian number at byte 60.
    let mut newer = database.clone();
    newer[60..64].copy_from_slice(&99u32.to_be_bytes());
    let mut foreign = database.clone();
    foreign[68..72].copy_from_slice(&0u32.to_be_bytes());
    let mut damaged = database.clone();
    damaged[4096..].fill(0xa5);
    for (bytes, told) in [
        (
            b"not a database, but longer than the header of one would be".repeat(20),
            "is not a SQLite database",
        ),
        (newer, "was made by a newer regua (version 99"),
        (foreign, "is a SQLite database, but not one of regua's"),
        (damaged, "is damaged"),
    ] {
        house.write("bad.db", &bytes);
        house
            .run(&["report", "run", "contracts", "--db", "bad.db"])
            .exits(4)
            .says(told);
        assert_eq!(
            std::fs::read(house.path("bad.db")).expect("the file"),
            bytes,
            "{told}"
        );
    }
    house
        .run(&["report", "list", "--db", "no/such/folder/x.db"])
        .exits(4)
        .says("there is no database no/such/folder/x.db yet");
    house.write("clients.csv", "id,name,person_type\n1,Ana,F\n");
    house
        .run(&[
            "import",
            "clients",
            "clients.csv",
            "--db",
            "no/such/folder/x.db",
        ])
        .exits(4)
        .says("its folder must exist and be writable");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let folder = house.path("locked");
    std::fs::create_dir(&folder).expect("a folder");
    let mode = |mode| {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    mode(0o555);
    // Root writes anywhere: then there is nothing to see here.
    if std::fs::write(folder.join("probe"), "").is_err() {
        house
            .run(&["report", "list", "--db", "locked/regua.db"])
            .exits(4)
            .says("its folder must exist and be writable");
    }
    mode(0o755);
}

#[test]
fn a_list_in_json_is_an_array_even_when_empty() {
    let house = House::new();
    // A reading command makes no database.
    house.write("clients.csv", "id,name,person_type\n1,Ana,F\n");
    house.run(&["import", "clients", "clients.csv"]).ok();
    for arguments in [
        ["report", "list"].as_slice(),
        &["template", "list"],
        &["report", "run", "contracts"],
        &["history"],
        &["send", "list"],
        &["queue", "list"],
        &["optout", "list"],
        &["omnichannel", "logs"],
    ] {
        assert_eq!(house.json(arguments), json!([]), "{arguments:?}");
        let mut lines = arguments.to_vec();
        lines.extend(["-o", "jsonl"]);
        assert_eq!(house.run(&lines).ok().stdout, "", "{arguments:?}");
    }
}

#[test]
fn trial_57_what_only_looks_makes_no_database() {
    let house = House::new();
    house.write(
        "t.toml",
        "[[template]]\nname = \"oi\"\nchannel = \"sms\"\nkind = \"general\"\nbody = \"Oi\"\n",
    );
    house.run(&["apply", "--check", "t.toml"]).exits(6);
    for looking in [
        &["birthday", "list"][..],
        &["birthday", "queue", "--dry-run"],
        &["collection", "update", "--dry-run"],
        &["send", "contracts", "--template", "oi", "--dry-run"],
        &["report", "values", "contracts", "city"],
        &["collection", "handover", "--stage", "notice"],
    ] {
        house
            .run(looking)
            .exits(4)
            .says("there is no database regua.db yet");
    }
    assert!(!house.path("regua.db").exists());
    house.run(&["apply", "t.toml"]).ok();
    house.run(&["apply", "--check", "t.toml"]).ok();
}

#[test]
fn no_configuration_is_read_where_none_is_asked_for() {
    let house = House::new();
    house.write("config.toml", "database = [");
    house.run(&["status"]).exits(3);
    let told = house.run(&["--config", "none", "doctor", "--json"]);
    assert!(
        told.stdout
            .contains("no file was found: the defaults are used"),
        "{}",
        told.stdout
    );
    house.write("none", "database = [");
    let named = house.run(&["--config", "./none", "doctor", "--json"]);
    assert!(named.stdout.contains("./none:1: "), "{}", named.stdout);
}
