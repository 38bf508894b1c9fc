//! Programs as sources: their protocol, and those in `examples/sources`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::Ran;

/// A folder whose source is a script.
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    /// With this script as `[sync.command.mk]`, and more lines under it.
    fn with(script: &str, more: &str) -> Self {
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        house.program("source", script);
        house.configure(&format!("command = [\"./source\"]\n{more}"));
        house
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn configure(&self, section: &str) {
        let text = format!("max_data_age_hours = 0\n[sync.command.mk]\n{section}\n");
        std::fs::write(self.path().join("config.toml"), text).expect("a file");
    }

    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        path
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let path = format!("{}:/usr/bin:/bin", self.path().display());
        let output = Command::new(env!("CARGO_BIN_EXE_regua"))
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .env("MK_SECRET", "s3gredo-do-mk")
            .args(["--now", "2026-11-21T09:00"])
            .args(arguments)
            .output()
            .expect("regua runs");
        Ran {
            code: output.status.code().expect("a code"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    fn synced(&self) -> Value {
        let ran = self.run(&["sync", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    }

    fn report(&self, kind: &str, columns: &str) -> Value {
        let ran = self.run(&["report", "run", kind, "--columns", columns, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    }

    /// What is refused changes nothing, ends with this code and says this.
    fn refused(&self, code: i32, told: &[&str]) {
        let ran = self.run(&["sync"]);
        assert_eq!(ran.code, code, "{ran:?}");
        for part in told {
            assert!(ran.stderr.contains(part), "{part} in\n{}", ran.stderr);
        }
        let fields = self.run(&["report", "run", "contracts", "--json"]);
        assert!(!fields.stdout.contains("Ana"), "{fields:?}");
    }
}

const BOOK: &str = r#"
{"kind":"clients","id":1,"name":"Ana","person_type":"individual","mobile":"(49) 99999-0001"}
{"kind":"contracts","id":11,"client_id":1,"status":"active","access_status":"auto_block","plan":"Fibra"}
{"kind":"invoices","id":101,"client_id":1,"contract_id":11,"due_on":"2026-11-10","amount":99.90,"status":"open"}
{"kind":"devices","address":"ana-1","client_id":1}
{"kind":"opt-outs","client_id":1,"purpose":"marketing"}"#;

fn printing(book: &str, last: &str) -> String {
    format!("cat <<'END'\n{book}\n{last}\nEND")
}

fn ids(rows: &Value, column: &str) -> Vec<i64> {
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row[column].as_i64().expect("an id"))
        .collect()
}

#[test]
fn a_program_fills_the_book_and_says_the_same_again() {
    let house = Programs::with(&printing(BOOK, "{\"complete\":true}"), "");
    let answer = house.synced();
    let kinds = answer["kinds"].as_array().expect("kinds");
    let told: Vec<(&str, u64)> = kinds
        .iter()
        .map(|kind| {
            (
                kind["kind"].as_str().expect("a kind"),
                kind["new"].as_u64().expect("new"),
            )
        })
        .collect();
    // Of the kinds that it says nothing about, nothing is told.
    assert_eq!(
        told,
        [
            ("clients", 1),
            ("contracts", 1),
            ("invoices", 1),
            ("devices", 1),
            ("opt-outs", 1)
        ]
    );
    assert_eq!(kinds[0]["source"], "command.mk");
    let row = &house.report("contracts", "client_name,overdue_total,has_app")[0];
    assert_eq!(
        row,
        &json!({"client_name": "Ana", "overdue_total": 99.9, "has_app": true})
    );
    let again = house.synced();
    for kind in again["kinds"].as_array().expect("kinds") {
        assert_eq!(
            (&kind["unchanged"], &kind["changed"]),
            (&json!(1), &json!(0)),
            "{kind}"
        );
    }
}

#[test]
fn what_is_not_complete_or_not_acceptable_changes_nothing() {
    let good = "{\"complete\":true}";
    let bad_row = BOOK.replace("\"amount\":99.90", "\"amount\":\"1.234\"");
    let orphan = BOOK.replace("\"contract_id\":11", "\"contract_id\":12");
    let unknown = BOOK.replace("\"plan\"", "\"plam\"");
    let twice =
        format!("{BOOK}\n{{\"kind\":\"clients\",\"id\":1,\"name\":\"Bia\",\"person_type\":\"F\"}}");
    let cases: Vec<(String, i32, Vec<&str>)> = vec![
        (printing(BOOK, ""), 4, vec!["ended without its last line"]),
        (
            format!("{}\nexit 3", printing(BOOK, good)),
            4,
            vec!["ended with exit code 3"],
        ),
        (
            format!("{}\nkill -9 $$", printing(BOOK, good)),
            4,
            vec!["by signal 9"],
        ),
        (
            format!("{}\necho no", printing(BOOK, good)),
            4,
            vec!["goes on after its last line", "line 8"],
        ),
        (
            printing(&bad_row, good),
            3,
            vec!["invoices 101: amount", "1.234"],
        ),
        (
            printing(&orphan, good),
            3,
            vec!["invoices 101: contract_id", "12 is not among the contracts"],
        ),
        (
            printing(&unknown, good),
            3,
            vec!["line 3: plam", "did you mean `plan`?"],
        ),
        (
            printing(&twice, good),
            3,
            vec!["clients 1: id", "came twice"],
        ),
        (
            printing(&format!("{BOOK}\n{{\"kind\":"), good),
            3,
            vec!["line 7", "is not a JSON object"],
        ),
        (
            format!(
                "printf '{{\"kind\":\"clients\",\"name\":\"Jo\\343o\"}}\\n'; {}",
                printing(BOOK, good)
            ),
            3,
            vec!["line 1", "is not UTF-8"],
        ),
        (
            "head -c 3000000 /dev/zero | tr '\\0' x".to_owned(),
            4,
            vec!["longer than 1 MiB"],
        ),
    ];
    for (script, code, told) in cases {
        Programs::with(&script, "").refused(code, &told);
    }
}

#[test]
fn programs_are_read_in_the_order_of_the_file() {
    let house = Programs::with(
        &printing(
            "{\"kind\":\"clients\",\"id\":1,\"name\":\"Ana\",\"person_type\":\"F\"}",
            "{\"complete\":true}",
        ),
        "",
    );
    house.program(
        "other",
        &printing(
            "{\"kind\":\"devices\",\"address\":\"ana-1\",\"client_id\":1}",
            "{\"complete\":true}",
        ),
    );
    // By its name the other would come first.
    house.configure("command = [\"./source\"]\n[sync.command.app]\ncommand = [\"./other\"]");
    let answer = house.synced();
    let from: Vec<&Value> = answer["kinds"]
        .as_array()
        .expect("kinds")
        .iter()
        .map(|kind| &kind["source"])
        .collect();
    assert_eq!(from, ["command.mk", "command.app"]);
}

#[test]
fn a_dry_run_names_what_would_change_row_by_row() {
    let whole = "{\"complete\":true,\"full\":[\"clients\",\"contracts\",\"invoices\"]}";
    let house = Programs::with(&printing(BOOK, whole), "");
    assert_eq!(house.synced()["changes"], json!([]));
    let other = BOOK
        .replace("\"plan\":\"Fibra\"", "\"plan\":\"Fibra 700\"")
        .replace(
            "\"kind\":\"invoices\",\"id\":101",
            "\"kind\":\"invoices\",\"id\":102",
        );
    house.program("source", &printing(&other, whole));
    let ran = house.run(&["sync", "--dry-run", "--most-gone", "100%", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let plan = |kind: &str, id: i64, change: &str, columns: &[&str]| json!({"kind": kind, "source": "command.mk", "id": id, "change": change, "columns": columns});
    assert_eq!(
        ran.json()["changes"],
        json!([
            plan("contracts", 11, "changed", &["plan"]),
            plan("invoices", 102, "new", &[]),
            plan("invoices", 101, "gone", &[]),
        ])
    );
    let ran = house.run(&["sync", "--dry-run", "--most-gone", "100%"]);
    for told in [
        "it would change contracts 11: plan",
        "it would add invoices 102",
        "it would take invoices 101 as gone",
    ] {
        assert!(ran.stderr.contains(told), "{told} in {ran:?}");
    }
    // Nothing of it was kept.
    assert_eq!(
        ids(&house.report("invoices", "invoice_id"), "invoice_id"),
        [101]
    );
}

#[test]
fn what_cannot_be_read_is_emptied_where_it_may_be_and_decides_nothing() {
    let ugly = BOOK.replace(
        "\"mobile\":\"(49) 99999-0001\"",
        "\"birth_date\":\"31/02/1990\",\"tax_id\":\"isento\",\"state\":\"XX\"",
    );
    let last = "{\"complete\":true}";
    let house = Programs::with(&printing(&ugly, last), "empty_bad = true");
    let answer = house.synced();
    let told: Vec<(&str, &str)> = answer["noticed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|noticed| {
            let text = |key: &str| noticed[key].as_str().expect(key);
            (text("field"), text("taken"))
        })
        .collect();
    let emptied = ["birth_date", "tax_id", "state"].map(|column| (column, "left empty"));
    assert_eq!(told, emptied);
    let row = &house.report("contracts", "client_name,birth_date")[0];
    assert_eq!(row, &json!({"client_name": "Ana", "birth_date": null}));
    // Without the word for it, such a row is refused with all others.
    Programs::with(&printing(&ugly, last), "").refused(3, &["clients 1: birth_date"]);
    for (good, bad, told) in [
        (
            "\"status\":\"open\"",
            "\"status\":\"open\",\"released\":\"talvez\"",
            "released",
        ),
        (
            "\"status\":\"open\"",
            "\"status\":\"open\",\"open_amount\":\"1.234\"",
            "open_amount",
        ),
        (
            "\"plan\":\"Fibra\"",
            "\"notice_hold_until\":\"31/02/2027\"",
            "notice_hold_until",
        ),
        ("\"name\":\"Ana\"", "\"name\":\"\"", "name"),
    ] {
        let book = BOOK.replace(good, bad);
        let house = Programs::with(&printing(&book, last), "empty_bad = true");
        house.refused(3, &[told]);
    }
}

#[test]
fn its_complaints_are_shown_without_secrets_and_harmless() {
    let script =
        "echo \"cannot log in as $DB_PASSWORD\" >&2; printf 'red \\033[31m\\n' >&2; exit 1";
    let more = "[sync.command.mk.env]\nDB_PASSWORD = \"env:MK_SECRET\"";
    let house = Programs::with(script, more);
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("cannot log in as ***"), "{ran:?}");
    assert!(!ran.stderr.contains("s3gredo"), "{ran:?}");
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    // A secret that cannot be had is told before anything is run.
    house.configure(
        "command = [\"./source\"]\n[sync.command.mk.env]\nDB_PASSWORD = \"env:NOT_THERE\"",
    );
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("NOT_THERE is not set"), "{ran:?}");
}

#[test]
fn a_secret_in_what_it_prints_is_not_shown() {
    let more = "[sync.command.mk.env]\nDB_PASSWORD = \"env:MK_SECRET\"";
    for row in [
        r#"{"kind":"$DB_PASSWORD","id":1}"#,
        r#"{"kind":"clients","id":1,"$DB_PASSWORD":"x"}"#,
        r#"{"kind":"clients","id":1,"name":["$DB_PASSWORD"],"person_type":"F"}"#,
        r#"{"kind":"clients","id":1,"name":"Ana","person_type":"$DB_PASSWORD"}"#,
    ] {
        let row = row.replace('"', "\\\"");
        let script = format!("echo \"{row}\"\necho '{{\"complete\":true}}'");
        let ran = Programs::with(&script, more).run(&["sync"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains("***"), "{ran:?}");
        assert!(!ran.stderr.contains("s3gredo"), "{ran:?}");
    }
}

/// Where its kinds do not stand in the configuration, it brings those that it has told of.
#[test]
fn a_program_that_may_bring_any_kind_has_its_mark_and_its_gone_rows_too() {
    let house = Programs::with("echo \"[$REGUA_SINCE]\" >> asked\ncat rows", "");
    let rows = |text: &str| std::fs::write(house.path().join("rows"), text).expect("a file");
    rows(&format!("{BOOK}\n{{\"complete\":true,\"cursor\":\"m1\"}}"));
    house.synced();
    rows("{\"complete\":true,\"cursor\":\"m2\"}");
    house.synced();
    rows("{\"complete\":true,\"cursor\":\"m3\",\"full\":true}");
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr
            .contains("1 of the 1 clients that command.mk brought would be gone"),
        "{ran:?}"
    );
    let all_but_the_invoice: Vec<&str> = BOOK
        .lines()
        .filter(|line| !line.contains("invoices"))
        .collect();
    rows(&format!(
        "{}\n{{\"complete\":true,\"cursor\":\"m4\",\"full\":true}}",
        all_but_the_invoice.join("\n")
    ));
    assert_eq!(house.run(&["sync", "--most-gone", "100%"]).code, 0);
    assert_eq!(house.report("invoices", "invoice_id"), json!([]));
    let asked = std::fs::read_to_string(house.path().join("asked")).expect("a file");
    assert_eq!(asked, "[]\n[m1]\n[m2]\n[m2]\n");
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
    let script = "sleep 60 & echo $! > child; echo $$ > parent; wait";
    let house = Programs::with(script, "timeout_seconds = 1");
    house.refused(
        4,
        &[
            "did not end within 1 seconds",
            "timeout_seconds under [sync.command.mk]",
        ],
    );
    for name in ["child", "parent"] {
        let id = std::fs::read_to_string(house.path().join(name)).expect("an id");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        assert!(
            stat.is_empty() || stat.contains(") Z "),
            "{name} still runs: {stat}"
        );
    }
}

#[test]
fn a_signal_ends_the_program_and_nothing_is_written() {
    let script = format!("{}\necho $$ > parent; exec sleep 60", printing(BOOK, ""));
    let house = Programs::with(&script, "");
    let mut child = Command::new(env!("CARGO_BIN_EXE_regua"))
        .current_dir(house.path())
        .args(["sync", "-q"])
        .spawn()
        .expect("regua runs");
    let parent = house.path().join("parent");
    while !std::fs::read_to_string(&parent).is_ok_and(|id| id.ends_with('\n')) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let told = Command::new("kill").arg(child.id().to_string()).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(child.wait().expect("its end").code(), Some(143));
    let id = std::fs::read_to_string(&parent).expect("an id");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    assert!(
        stat.is_empty() || stat.contains(") Z "),
        "still runs: {stat}"
    );
    assert_eq!(house.report("contracts", "client_id"), json!([]));
}

#[test]
fn the_mark_is_its_own_and_what_it_tells_whole_is_gone_when_it_is() {
    let script = "echo \"[$REGUA_SINCE] $REGUA_KINDS\" >> asked\ncat rows";
    let house = Programs::with(script, "kinds = [\"invoices\", \"clients\"]");
    let rows = |text: &str| std::fs::write(house.path().join("rows"), text).expect("a file");
    let client = |id: i64| {
        format!("{{\"kind\":\"clients\",\"id\":{id},\"name\":\"C{id}\",\"person_type\":\"F\"}}\n")
    };
    let invoice = |id: i64| {
        format!(
            "{{\"kind\":\"invoices\",\"id\":{id},\"client_id\":1,\"due_on\":\"2026-11-10\",\"amount\":5,\"status\":\"open\"}}\n"
        )
    };
    rows(&format!(
        "{}{}{}{{\"complete\":true,\"cursor\":\"m1\"}}",
        client(1),
        invoice(5),
        invoice(6)
    ));
    house.synced();
    // Without `full` nothing is gone, whatever it leaves out.
    rows("{\"complete\":true,\"cursor\":\"m2\"}");
    house.synced();
    assert_eq!(
        ids(&house.report("invoices", "invoice_id"), "invoice_id"),
        [5, 6]
    );
    // One kind alone goes on from its mark; then the marks differ, and everything is asked for.
    assert_eq!(house.run(&["sync", "invoices"]).code, 0);
    rows(&format!(
        "{}{}{{\"complete\":true,\"cursor\":\"m4\",\"full\":true}}",
        client(1),
        invoice(5)
    ));
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr
            .contains("1 of the 2 invoices that command.mk brought would be gone"),
        "{ran:?}"
    );
    let ran = house.run(&["sync", "--most-gone", "50%", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["kinds"][1]["gone"], 1);
    assert_eq!(
        ids(&house.report("invoices", "invoice_id"), "invoice_id"),
        [5]
    );
    let again = house.run(&["sync", "--full", "--json"]);
    assert_eq!(again.code, 0, "{again:?}");
    let asked = std::fs::read_to_string(house.path().join("asked")).expect("a file");
    assert_eq!(
        asked,
        "[] clients invoices\n[m1] clients invoices\n[m2] invoices\n[m2] clients invoices\n[m2] clients invoices\n[] clients invoices\n"
    );
}

/// Two sources fill one book: clients, contracts and invoices of the ERP, devices of a program.
#[test]
fn the_devices_of_a_program_belong_to_the_clients_of_the_erp() {
    let house = super::House::new();
    let config = std::fs::read_to_string(house.path().join("config.toml")).expect("a file");
    let program =
        "[sync.command.app]\ncommand = [\"/bin/sh\", \"devices\"]\nkinds = [\"devices\"]\n";
    house.write("config.toml", &format!("{config}{program}"));
    let devices = |rows: &str| house.write("devices", &printing(rows, "{\"complete\":true}"));
    devices(r#"{"kind":"devices","address":"maria-1","client_id":2107}"#);
    // Each is told of by itself, before anything is written.
    let dry = house.run(&["sync", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert_eq!(dry.json()["dry_run"], true);
    assert!(!house.path().join("regua.db").exists());
    let told = |answer: &Value, source: &str, kind: &str| {
        let mut kinds = answer["kinds"].as_array().expect("kinds").iter();
        let found = kinds.find(|row| row["source"] == source && row["kind"] == kind);
        found.unwrap_or_else(|| panic!("{source} {kind} in {answer}"))["new"].clone()
    };
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    assert_eq!(told(&answer, "ixc", "clients"), 2);
    assert_eq!(told(&answer, "command.app", "devices"), 1);
    // The report of the one's contracts goes to the other's device.
    let pushed = house.run(&[
        "template",
        "add",
        "hello",
        "--channel",
        "push",
        "--kind",
        "support",
        "--title",
        "T",
        "--body",
        "#cliente_primeiro_nome#",
    ]);
    assert_eq!(pushed.code, 0, "{pushed:?}");
    let ran = house.run(&[
        "send",
        "contracts",
        "--template",
        "hello",
        "--yes",
        "--json",
    ]);
    assert_eq!(ran.json()["messages"]["sent"], 1, "{ran:?}");
    assert_eq!(ran.json()["rows"][0]["address"], "maria-1");
    // A full sync of the ERP takes nothing away that the other brought; a kind may be asked for alone.
    let ran = house.run(&["sync", "--full", "devices", "--json"]);
    assert_eq!(
        ran.json()["kinds"].as_array().map(Vec::len),
        Some(1),
        "{ran:?}"
    );
    // A device of nobody refuses what the program says, and nothing of the ERP.
    devices(r#"{"kind":"devices","address":"x","client_id":99}"#);
    house.erp.put("cliente", json!([
        {"id": "2107", "razao": "MARIA NOVA", "tipo_pessoa": "F", "ativo": "S", "ultima_atualizacao": "2026-11-20 01:02:08"}]));
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr.contains("99 is not among the clients"),
        "{ran:?}"
    );
    assert_eq!(house.report("contracts")[0]["client_name"], "MARIA NOVA");
}

#[test]
fn topics_may_come_in_any_order_and_a_dry_run_writes_nothing() {
    let rows = "{\"kind\":\"topics\",\"id\":4,\"name\":\"Sub\",\"parent_id\":5}\n{\"kind\":\"topics\",\"id\":5,\"name\":\"Top\"}";
    let house = Programs::with(&printing(rows, "{\"complete\":true}"), "");
    let ran = house.run(&["sync", "--dry-run", "--json"]);
    assert_eq!(
        (ran.code, &ran.json()["kinds"][0]["new"]),
        (0, &json!(2)),
        "{ran:?}"
    );
    assert_eq!(house.synced()["kinds"][0]["new"], 2);
    let orphan = Programs::with(
        &printing(&rows.replace("5}", "6}"), "{\"complete\":true}"),
        "",
    );
    let ran = orphan.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("6 is not among the topics"), "{ran:?}");
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_at_once() {
    let house = Programs::with("true", "");
    house.configure("kinds = [\"client\"]\ntimeout_seconds = 0\nprogram = \"x\"\n[sync.command.mk.env]\nREGUA_SINCE = \"1\"");
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for part in [
        "sync.command.mk.command: is missing",
        "did you mean `clients`?",
        "sync.command.mk.timeout_seconds",
        "sync.command.mk.program: is not a known key",
        "REGUA_… are regua's own",
    ] {
        assert!(ran.stderr.contains(part), "{part} in\n{}", ran.stderr);
    }
}

#[test]
fn doctor_looks_whether_the_program_is_there() {
    let house = Programs::with("true", "");
    let ran = house.run(&["doctor"]);
    assert!(
        ran.stdout.contains("command.mk: ./source is there"),
        "{ran:?}"
    );
    std::fs::remove_file(house.path().join("source")).expect("removed");
    let ran = house.run(&["doctor"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(
        format!("{}{}", ran.stdout, ran.stderr).contains("is not there"),
        "{ran:?}"
    );
}

fn example(name: &str) -> String {
    format!("{}/examples/sources/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A `mysql` that notes what it was given, checks that it is asked to read only, and answers what a real
/// MariaDB answered.
fn with_mysql(name: &str) -> Programs {
    let house = Programs::with("true", "");
    house.configure(&format!(
        "command = [\"{}\"]\nkinds = [\"clients\", \"contracts\", \"invoices\", \"logins\"]\nenv = {{ MYSQL_CNF = \"/x.cnf\" }}",
        example(name)
    ));
    let recorded = format!("{}/tests/sync/recorded/{name}", env!("CARGO_MANIFEST_DIR"));
    house.program(
        "mysql",
        &format!("echo \"$@\" > given; cat > statements; cat {recorded}"),
    );
    house
}

#[test]
fn mk_auth_is_read_as_it_answered() {
    let house = with_mysql("mkauth");
    let answer = house.synced();
    assert_eq!(answer["refused"], json!([]));
    let notes: Vec<&str> = answer["notes"]
        .as_array()
        .expect("notes")
        .iter()
        .map(|note| note.as_str().expect("a text"))
        .collect();
    assert_eq!(
        notes,
        [
            "command.mk: clients without a name, left out: 2, the first has id 50001",
            "command.mk: titles whose due date or amount cannot be read, left out: 8, the first has id 60002",
            "command.mk: titles of a status that is not known (\"estranho\"), not released: 1, the first has id 60009",
        ]
    );
    let row = &house.report(
        "contracts",
        "contract_id,client_name,access_status,overdue_total,city",
    )[0];
    assert_eq!(
        row,
        &json!({"contract_id": 7, "client_name": "Ana \"Aninha\" Lima", "access_status": "auto_block",
                "overdue_total": 99.9, "city": "Chapecó"})
    );
    assert_eq!(
        ids(&house.report("invoices", "invoice_id"), "invoice_id"),
        [301, 302]
    );
    let read = |name: &str| std::fs::read_to_string(house.path().join(name)).expect(name);
    assert!(
        read("given").starts_with("--defaults-extra-file=/x.cnf --batch --raw"),
        "{}",
        read("given")
    );
    let statements = read("statements");
    for word in ["INSERT", "UPDATE", "DELETE", "senha"] {
        assert!(!statements.contains(word), "{word}");
    }
    assert!(statements.contains("READ ONLY"));
}

#[test]
fn phpnuxbill_is_read_as_it_answered_and_a_failing_mysql_is_told() {
    let house = with_mysql("phpnuxbill");
    house.synced();
    let row = &house.report("invoices", "invoice_id,due_on,open_amount,client_name")[0];
    assert_eq!(
        row,
        &json!({"invoice_id": 409_820, "due_on": "2026-11-20", "open_amount": 79.9, "client_name": "Bruno Souza"})
    );
    house.program(
        "mysql",
        "echo 'ERROR 1045 (28000): Access denied' >&2; exit 1",
    );
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("Access denied"), "{ran:?}");
    assert!(ran.stderr.contains("ended with exit code 1"), "{ran:?}");
}

#[test]
fn a_folder_of_csv_files_is_a_source() {
    if !has("python3") {
        return;
    }
    let house = Programs::with("true", "");
    house.configure(&format!(
        "command = [\"{}\", \"in\"]",
        example("csv-folder")
    ));
    std::fs::create_dir(house.path().join("in")).expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(house.path().join("in").join(name), text).expect("a file");
    };
    write(
        "clients.csv",
        "\u{feff}id;name;person_type\n1;\"Ana; Lima\";F\n2;Bia;F\n",
    );
    write(
        "contracts.csv",
        "id,client_id,status,access_status\n11,1,A,A\n12,2,A,A\n",
    );
    house.synced();
    assert_eq!(
        house.report("contracts", "client_name")[0]["client_name"],
        "Ana; Lima"
    );
    write(
        "contracts.csv",
        "id,client_id,status,access_status\n11,1,A,A\n",
    );
    let ran = house.run(&["sync", "--most-gone", "50%"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ids(&house.report("contracts", "contract_id"), "contract_id"),
        [11]
    );
    write(
        "contracts.csv",
        "id,client_id,status,access_status\n11,1,A\n",
    );
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        ran.stderr.contains("more or fewer cells than the header"),
        "{ran:?}"
    );
}

/// Whether a program that an example needs is on this machine; without it the example cannot be tried here.
fn has(program: &str) -> bool {
    let there = std::process::Command::new(program)
        .arg("--version")
        .output()
        .is_ok();
    if !there {
        use std::io::Write as _;
        let mut told = std::io::stderr();
        let _ = writeln!(told, "not tried: this machine has no {program}");
    }
    there
}

#[test]
fn a_web_service_is_a_source_by_curl_and_jq() {
    if !(has("curl") && has("jq")) {
        return;
    }
    let service = super::erp::Erp::start();
    service.script(|asked, _| {
        let page = asked.path.contains("page=1");
        let customers = if page {
            json!([{"id": 1, "name": "Ana", "phone": "(49) 99999-0001", "email": null, "company": false,
                    "devices": [{"token": "ana-1", "platform": "android", "seen": "2026-11-20T10:00:00-03:00"}]}])
        } else {
            json!([])
        };
        Some(super::erp::Reply::json(&json!({"now": "2026-11-21T12:00:00Z", "customers": customers})))
    });
    let house = Programs::with("true", "");
    house.configure(&format!(
        "command = [\"{}\", \"http://127.0.0.1:{}\"]\nkinds = [\"clients\", \"devices\"]\nenv = {{ TOKEN = \"env:MK_SECRET\" }}",
        example("web-service"),
        service.port
    ));
    let answer = house.synced();
    assert_eq!(
        (&answer["kinds"][0]["new"], &answer["kinds"][1]["new"]),
        (&json!(1), &json!(1))
    );
    house.synced();
    let asked = service.asked();
    assert_eq!(asked[0].headers["authorization"], "Bearer s3gredo-do-mk");
    assert!(
        asked[0].path.starts_with("/customers?since=&"),
        "{}",
        asked[0].path
    );
    assert!(
        asked[2]
            .path
            .to_lowercase()
            .contains("since=2026-11-21t12%3a00%3a00z"),
        "{}",
        asked[2].path
    );
    service.script(|_, _| Some(super::erp::Reply::html(503, "busy")));
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("503"), "{ran:?}");
}
