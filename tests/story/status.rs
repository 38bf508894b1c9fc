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

#[test]
fn what_is_said_to_mend_a_missed_task_mends_it_whatever_it_is_called() {
    let mut house = House::with_book();
    let name = "cópia d'ontem; às 8";
    house
        .run(&[
            "task", "add", name, "--run", "purge", "--minute", "0", "--hour", "8",
        ])
        .ok();
    house.at("2026-11-25T09:00");
    let missed = |house: &House| {
        let told = house.json(&["status"]);
        let attention = told["attention"].as_array().expect("a list").clone();
        let of_it = attention.into_iter().find(|one| {
            let what = one["what"].as_str().unwrap_or_default();
            what.contains("should have run")
        });
        assert_eq!(told["tasks"][0]["overdue"], json!(of_it.is_some()));
        of_it
    };
    let told = missed(&house).expect("something missed");
    assert_eq!(
        told["remedy"],
        json!(r"regua task run 'cópia d'\''ontem; às 8'")
    );
    // As it is pasted into a shell.
    let remedy = told["remedy"].as_str().expect("a command");
    let program = env!("CARGO_BIN_EXE_regua");
    let pasted = format!("regua() {{ '{program}' --now 2026-11-25T09:00 \"$@\"; }}; {remedy}");
    let shell = std::process::Command::new("sh")
        .args(["-c", &pasted])
        .current_dir(house.folder())
        .output()
        .expect("a shell");
    assert!(shell.status.success(), "{shell:?}");
    assert_eq!(missed(&house), None);
    // The next one that is missed is told again.
    house.at("2026-11-26T09:00");
    let told = missed(&house).expect("something missed");
    assert!(
        told["what"]
            .as_str()
            .expect("words")
            .contains("2026-11-26T08:00"),
        "{told}"
    );
}

/// A template of general kind, and an sms of it to everybody.
fn send_to_all(house: &House) {
    house
        .run(&[
            "template",
            "add",
            "hello",
            "--channel",
            "sms",
            "--kind",
            "general",
            "--body",
            "Oi",
        ])
        .ok();
    house
        .run(&["send", "contracts", "--template", "hello", "--yes", "-q"])
        .ok();
}

#[test]
fn a_clock_that_was_set_back_counts_no_message_of_days_to_come() {
    let mut house = House::with_book();
    send_to_all(&house);
    let made = |house: &House| {
        let today = house.json(&["status"])["today"].clone();
        let today = today.as_object().expect("states").clone();
        let today: u64 = today.values().filter_map(serde_json::Value::as_u64).sum();
        let days = house.json(&["stats", "--by", "day", "--days", "3"]);
        let days = days.as_array().expect("rows").clone();
        (today, days)
    };
    let (today, days) = made(&house);
    assert!(today > 0);
    assert_eq!(days[2]["messages"], json!(today));
    house.at("2026-11-22T12:00");
    assert_eq!(made(&house), (0, Vec::new()));
}

#[test]
fn what_expired_in_the_queue_wants_attention_for_a_week() {
    let mut house = House::with_book();
    house.write("config.toml", "max_data_age_hours = 0\n");
    // A Sunday: marketing waits for Monday, and nobody delivers it.
    house.at("2026-11-22T10:00");
    send_to_all(&house);
    house.at("2026-11-30T10:00");
    house.run(&["queue", "deliver", "-q"]).ok();
    house
        .run(&["status", "--check"])
        .exits(4)
        .prints("expired before any run took");
    house.at("2026-12-08T10:00");
    house.run(&["status", "--check"]).ok();
}

#[test]
fn what_waits_with_the_hosts_has_waited_since_it_might_go() {
    let mut house = House::with_book();
    send_to_all(&house);
    let database = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    let shared = database.execute("UPDATE message SET status = 'shared'", []);
    assert!(shared.expect("messages") > 0);
    drop(database);
    house.at("2026-11-23T09:10");
    let told = house.json(&["status"]);
    let queue = told["queue"].as_array().expect("channels").iter();
    let sms = queue.clone().find(|one| one["channel"] == "sms");
    let sms = sms.expect("a channel");
    assert!(sms["due"].as_u64() > Some(0));
    assert_eq!(sms["oldest_due_at"], json!("2026-11-23T09:00:00-03:00"));
    house
        .run(&["metrics", "-"])
        .ok()
        .prints("regua_queue_oldest_seconds{channel=\"sms\"} 600");
}

#[test]
fn every_flag_takes_the_portuguese_of_its_words() {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at("2026-12-02T12:00");
    let send = ["send", "contratos", "--template", "cut-push", "--dry-run"];
    let rule = [
        "rule",
        "add",
        "r",
        "--portfolio",
        "Nova",
        "--stage",
        "aviso:3:overdue-sms",
        "--closing",
        "paga:thanks-push",
        "--closing-deliver",
        "primeiro alcançável",
        "--roll-due-date",
        "não",
        "--skip-payment-method",
        "nenhum",
        "--enter-until-days",
        "nenhum",
        "--reminders",
        "nenhum",
    ];
    for words in [
        &[&send[..], &["--deliver", "agora"]].concat()[..],
        &[&send[..], &["--deliver", "fila"]].concat(),
        &["omnichannel", "logs", "--status", "sucesso"],
        &["omnichannel", "logs", "--status", "falha"],
        &[
            "trigger",
            "add",
            "a",
            "--event",
            "resposta",
            "--staff",
            "3",
            "--template",
            "ticket-replied-email",
            "--fallback",
            "equipe:3",
            "--duplicates",
            "permitir",
        ],
        &[
            "trigger",
            "add",
            "b",
            "--event",
            "workflow",
            "--audience",
            "responsável,gestores,equipes,cliente,time:Suporte",
            "--template",
            "ticket-moved-email",
        ],
        &[
            "trigger",
            "add",
            "c",
            "--event",
            "acesso",
            "--to",
            "corte_automático",
            "--template",
            "access-cut",
        ],
        &rule,
        &["rule", "edit", "r", "--notice", "aviso:nenhum"],
        &["report", "run", "contratos", "--columns", "todas"],
        &["template", "list", "-o", "tabela", "--color", "nunca"],
    ] {
        house.run(words).ok();
    }
    house
        .run(&["notice", "audit", "--proof", "entregue"])
        .exits(1);
    house
        .run(&[
            "send",
            "contratos",
            "--template",
            "cut-push",
            "--limit",
            "1",
            "--yes",
        ])
        .ok();
    assert_eq!(
        house.json(&["send", "list"])[0]["report"],
        json!("contracts")
    );
    let saved = house.json(&["trigger", "show", "b"]);
    assert_eq!(
        saved["audience"],
        json!(["responsible", "managers", "teams", "client", "team:Suporte"])
    );
    assert_eq!(
        house.json(&["rule", "show", "r"])["stages"][0]["name"],
        json!("notice")
    );
    for (said, canonical) in [
        ("etapa:aviso", "stage:notice"),
        ("lembrete", "reminder"),
        ("encerramento:paga", "closing:paid"),
    ] {
        let found = house.json(&["history", "--event", said, "--limit", "0"]);
        assert!(!found.as_array().expect("rows").is_empty(), "{said}");
        let meant = house.json(&["history", "--event", canonical, "--limit", "0"]);
        assert_eq!(found, meant, "{said}");
    }
}

#[test]
fn portuguese_counts_one_as_one_and_names_the_stages_of_a_rule() {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at("2026-12-02T12:00");
    house
        .run(&["rule", "list", "--lang", "pt"])
        .ok()
        .prints("aviso:3, questionamento:8");
    house
        .run(&["rule", "list", "-o", "csv", "--lang", "pt"])
        .ok()
        .prints("notice:3, inquiry:8");
    house
        .run(&["stats", "--days", "1", "--lang", "pt"])
        .ok()
        .prints("em 1 dia: ");
    let due = "collection list --limit 0 --lang pt --client 188";
    house
        .run(&due.split(' ').collect::<Vec<_>>())
        .ok()
        .prints("1 cobrança, 1 aberta");
}
