//! Looking at it: `status`, `metrics`, and the language in which people are told.

use serde_json::json;

use crate::house::House;

#[test]
fn metrics_are_put_in_their_place_at_once_and_name_nobody() {
    let house = House::with_book();
    house.run(&["metrics", "regua.prom"]).ok();
    let text = house.read("regua.prom");
    for figure in [
        "regua_queue_due{channel=\"push\"} 0",
        "regua_unknown{channel=\"whatsapp\"} 0",
        "regua_cases_open{stage=\"notice\"} 0",
        "# TYPE regua_messages_total counter",
        "regua_data_age_seconds ",
    ] {
        assert!(text.contains(figure), "{figure}\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').expect("a value");
        value.parse::<f64>().expect("a number");
    }
    let left = std::fs::read_dir(house.folder()).expect("the folder");
    let new = left.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".new")
    });
    assert_eq!(new.count(), 0);
    house
        .run(&["metrics", "no/such/folder/regua.prom"])
        .exits(4)
        .says("cannot be written");
}

#[test]
fn status_says_what_wants_attention_and_exits_so_when_asked() {
    let house = House::with_book();
    house.run(&["status", "--check"]).ok();
    house
        .run(&[
            "task", "add", "nightly", "--run", "purge", "--minute", "0", "--hour", "*",
        ])
        .ok();
    let mut later = house;
    later.at("2026-11-27T09:00");
    later.run(&["status"]).ok();
    later.run(&["status", "--check"]).exits(4);
    let told = later.json(&["status"]);
    assert_eq!(told["tasks"][0]["overdue"], json!(true));
    let attention = told["attention"].as_array().expect("a list");
    assert!(
        attention
            .iter()
            .any(|one| one["remedy"] == "regua task run nightly"),
        "{attention:?}"
    );
}

#[test]
fn portuguese_words_are_taken_where_english_ones_are() {
    let house = House::with_book();
    for words in [
        &[
            "template",
            "add",
            "a",
            "--channel",
            "sms",
            "--kind",
            "financeiro",
            "--body",
            "x",
        ][..],
        &[
            "report",
            "run",
            "contracts",
            "--filter",
            "contract_status=ativo",
        ],
        &[
            "report",
            "run",
            "contracts",
            "--filter",
            "access_status=corte_manual",
        ],
        &["history", "--status", "falha"],
        &["history", "--reason", "sem_contato"],
        &["collection", "list", "--stage", "aviso"],
    ] {
        house.run(words).ok();
    }
    let saved = house.json(&["template", "show", "a"]);
    assert_eq!(saved["kind"], json!("financial"));
}

#[test]
fn the_language_is_asked_of_the_line_then_the_environment() {
    let house = House::new();
    let told = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = house.command(arguments);
        command.envs(variables.iter().copied());
        let output = command.output().expect("the program runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let portuguese = "erro: ainda não há o banco de dados";
    let english = "error: there is no database";
    for (arguments, variables, expected) in [
        (&["history"][..], &[][..], english),
        (&["history"], &[("LANG", "pt_BR.UTF-8")], portuguese),
        (
            &["history"],
            &[("LANG", "pt_BR.UTF-8"), ("LC_ALL", "C")],
            english,
        ),
        (
            &["history"],
            &[("LANG", "pt_BR.UTF-8"), ("REGUA_LANG", "en")],
            english,
        ),
        (&["history"], &[("REGUA_LANG", "pt")], portuguese),
        (
            &["--lang", "en", "history"],
            &[("REGUA_LANG", "pt")],
            english,
        ),
        (&["history", "--lang=pt"], &[], portuguese),
    ] {
        let told = told(arguments, variables);
        assert!(
            told.starts_with(expected),
            "{arguments:?} {variables:?}: {told}"
        );
    }
}

#[test]
fn metrics_on_a_disk_that_is_full_leave_the_old_file_whole() {
    let house = House::with_book();
    house.run(&["metrics", "regua.prom"]).ok();
    let before = house.read("regua.prom");
    assert!(before.len() > 1024);
    // A limit on the size of files stands in for a disk without room. What SQLite keeps beside the
    // database is there already, as long as somebody else has it open.
    let _held = regua::store::Store::open(&house.path("regua.db")).expect("the database");
    let full = |path: &str| {
        let program = env!("CARGO_BIN_EXE_regua");
        std::process::Command::new("sh")
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f 1; exec \"$0\" metrics \"$1\"",
                program,
                path,
            ])
            .current_dir(house.folder())
            .env("REGUA_NOW", "2026-11-23T09:00")
            .output()
            .expect("a shell")
    };
    let ran = full("regua.prom");
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(4), "{told}");
    assert!(told.contains("what stood there is as it was"), "{told}");
    assert_eq!(house.read("regua.prom"), before);
    let names = std::fs::read_dir(house.folder()).expect("the folder");
    let left = names.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".new")
    });
    assert_eq!(left.count(), 0);
    // A place where nothing was stays empty.
    assert_eq!(full("other.prom").status.code(), Some(4));
    assert!(!house.path("other.prom").exists());
    house.run(&["metrics", "."]).exits(3).says("is a folder");
}

#[test]
fn what_is_no_file_is_written_to_and_never_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let house = House::with_book();
    let pipe = house.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe).expect("what was written"))
    };
    house.run(&["metrics", "pipe"]).ok();
    assert!(
        reader
            .join()
            .expect("the reader")
            .contains("regua_queue_due")
    );
    let there = std::fs::symlink_metadata(&pipe).expect("the pipe");
    assert!(there.file_type().is_fifo());
    house
        .run(&["metrics", "/dev/full"])
        .exits(4)
        .says("/dev/full");
}
