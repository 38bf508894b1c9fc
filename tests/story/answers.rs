//! Answers as people and programs read them: harmless, whole, and never without a word.

use std::process::Command;

use crate::house::House;
use serde_json::{Value, json};

/// A name that would clear the screen, set a title, turn letters, hide one, and forge a line.
const HARMFUL: &str = "=Ana\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}abc\u{200b}";

/// A house whose first client has a harmful name.
fn house() -> House {
    let house = House::with_book();
    let row = json!({ "id": 1, "name": HARMFUL, "person_type": "F" });
    house.write("in.jsonl", format!("{row}\n"));
    house.run(&["import", "clients", "in.jsonl"]).ok();
    let body = "Oi #cliente_nome#";
    let add = [
        "template",
        "add",
        "t",
        "--channel",
        "sms",
        "--kind",
        "support",
        "--body",
    ];
    house.run(&[add.as_slice(), &[body]].concat()).ok();
    house
}

/// Nothing that a terminal would obey.
#[track_caller]
fn harmless(text: &str) {
    let harmful = text
        .chars()
        .find(|c| (c.is_control() && *c != '\n') || "\u{202e}\u{200b}".contains(*c));
    assert_eq!(harmful, None, "{text:?}");
}

#[test]
fn trial_35_a_sheet_takes_no_text_for_a_formula() {
    let house = house();
    let run = |more: &[&str]| {
        let arguments = [
            "report",
            "run",
            "contracts",
            "-f",
            "client_id=1",
            "--columns",
        ];
        let columns = ["client_name,activated_on,overdue_total,mobile"];
        house
            .run(&[&arguments, columns.as_slice(), more].concat())
            .ok()
            .stdout
    };
    assert_eq!(
        run(&["-o", "csv"]),
        format!(
            "client_name,activated_on,overdue_total,mobile\n'{HARMFUL},2022-05-03,99.90,'+5549999990001\n"
        )
    );
    assert_eq!(
        run(&["-o", "csv", "--raw"]),
        format!(
            "client_name,activated_on,overdue_total,mobile\n{HARMFUL},2022-05-03,99.90,+5549999990001\n"
        )
    );
    assert_eq!(
        run(&["--csv", "br"]),
        format!(
            "\u{feff}client_name;activated_on;overdue_total;mobile\n\"'{HARMFUL}\";03/05/2022;99,90;'+5549999990001\n"
        )
    );
    assert_eq!(run(&["--json"]).matches("=Ana").count(), 1);
    let rows: Value = serde_json::from_str(&run(&["--json"])).expect("a document");
    assert_eq!(rows[0]["client_name"], HARMFUL);
    house
        .run(&["template", "list", "--csv", "br", "--json"])
        .exits(2);
}

#[test]
fn trial_52_a_saved_report_is_edited_and_never_overwritten() {
    let house = House::with_book();
    house
        .run(&[
            "report",
            "save",
            "r",
            "contracts",
            "-f",
            "client_id=1",
            "--order",
            "plan:desc",
        ])
        .ok();
    house
        .run(&["report", "save", "r", "contracts"])
        .exits(3)
        .says("there is a report `r` already")
        .says("regua report edit r");
    let saved = json!({
        "name": "r", "kind": "contracts", "filters": ["client_id=1"], "order": ["plan:desc"]
    });
    assert_eq!(house.json(&["report", "show", "r"]), saved);
    let edited = house.json(&[
        "report",
        "edit",
        "r",
        "-f",
        "client_id=2",
        "-f",
        "plan~fibra",
    ]);
    assert_eq!(edited["done"], "changed");
    assert_eq!(edited["filters"], json!(["client_id=2", "plan~fibra"]));
    assert_eq!(edited["order"], json!(["plan:desc"]));
    let edited = house.json(&[
        "report",
        "edit",
        "r",
        "--no-filters",
        "--order",
        "client_name",
    ]);
    assert_eq!(edited["filters"], json!([]));
    assert_eq!(edited["order"], json!(["client_name"]));
    // The order that was saved is the order of the rows.
    let names = house.json(&["report", "run", "r", "--columns", "client_name"]);
    assert_eq!(names[0]["client_name"], "Ana Lima");
    house
        .run(&["report", "edit", "r"])
        .exits(2)
        .says("nothing to change");
    house
        .run(&["report", "edit", "r", "-f", "citi=x"])
        .exits(3)
        .says("did you mean");
    house
        .run(&["report", "edit", "q", "-f", "city=x"])
        .exits(3)
        .says("there is no report `q`");
}

#[test]
fn trial_55_a_bare_command_shows_its_help_whatever_the_environment_says() {
    let house = House::new();
    for arguments in [[].as_slice(), &["report"], &["queue"]] {
        let ran = house.run(arguments);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            told.contains("Commands:") && told.contains("Usage:"),
            "{told}"
        );
        let output = house
            .command(arguments)
            .env_remove("REGUA_NOW")
            .output()
            .expect("the program runs");
        assert_eq!(output.stderr, ran.stderr.into_bytes());
        assert_eq!(output.stdout, ran.stdout.into_bytes());
    }
    // What the environment says still counts.
    let mut command = house.command(&["report", "list", "--json"]);
    let output = command
        .env("REGUA_CONFIG", "none.toml")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    let mut command = house.command(&["report", "list", "--json"]);
    let output = command
        .env("REGUA_NOW", "amanhã")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn trial_59_an_empty_list_says_so_and_what_to_do() {
    let house = House::with_book();
    for (arguments, none) in [
        (["template", "list"].as_slice(), "no templates yet"),
        (&["template", "lint"], "nothing is wrong or unwise"),
        (&["report", "list"], "no saved reports yet"),
        (&["send", "list"], "no sends yet"),
        (&["queue", "list"], "nothing waits"),
        (&["history"], "no message fits"),
        (&["omnichannel", "logs"], "no whatsapp message"),
        (&["optout", "list"], "no opt-outs yet"),
        (&["hold", "list"], "nothing is on hold"),
        (&["rule", "list"], "no rules yet"),
        (&["task", "list"], "no tasks yet"),
        (&["trigger", "list"], "no triggers yet"),
        (&["ticket", "list"], "no ticket fits"),
        (&["collection", "list"], "no case fits"),
        (&["export"], "nothing is saved yet"),
    ] {
        house.run(arguments).ok().says(none).says("try: regua ");
        if arguments != ["export"] {
            assert_eq!(house.json(arguments), json!([]), "{arguments:?}");
            let quiet = house.run(&[arguments, &["-q"]].concat()).ok();
            assert_eq!(quiet.stderr, "", "{arguments:?}");
        }
    }
}

#[test]
fn trial_61_without_flags_and_without_a_terminal_nothing_is_changed() {
    let house = house();
    let before = house.run(&["export"]).ok().stdout;
    house
        .run(&["template", "edit", "t"])
        .exits(2)
        .says("nothing to change")
        .says("$EDITOR");
    house
        .run(&["template", "edit", "u"])
        .exits(3)
        .says("there is no template `u`");
    assert_eq!(house.run(&["export"]).ok().stdout, before);
    // Nor is anything else that is saved.
    house.write(
        "more.toml",
        "[[task]]\nname = \"night\"\nrun = \"backup\"\nminute = \"0\"\nhour = \"3\"\n\
         [[template]]\nname = \"mail\"\nchannel = \"email\"\nkind = \"support\"\ntitle = \"T\"\nbody = \"B\"\n\
         [[trigger]]\nname = \"new\"\nevent = \"new-ticket-client\"\ntemplates = [\"mail\"]\n\
         [[template]]\nname = \"due\"\nchannel = \"sms\"\nkind = \"financial\"\nbody = \"B\"\n\
         [[rule]]\nname = \"ladder\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"due\"]\n",
    );
    house.run(&["apply", "more.toml"]).ok();
    let before = house.run(&["export"]).ok().stdout;
    for (what, name) in [("task", "night"), ("trigger", "new"), ("rule", "ladder")] {
        house
            .run(&[what, "edit", name])
            .exits(2)
            .says("nothing to change");
    }
    assert_eq!(house.run(&["export"]).ok().stdout, before);
    house.run(&["task", "edit", "night", "--hour", "4"]).ok();
    house
        .run(&["rule", "edit", "ladder", "--roll-due-date", "no"])
        .ok();
    house.run(&["trigger", "edit", "new", "--topic", "4"]).ok();
}

#[test]
fn trial_76_nothing_in_the_data_reaches_a_terminal_as_it_is() {
    let house = house();
    house.write(
        "bad.csv",
        format!("id,name,person_type\n1,{HARMFUL},\u{1b}[31m\n"),
    );
    house.write(
        "bad.toml",
        format!("[[template]]\nname = \"x\"\nchannel = \"{}\"\n", "\u{202e}"),
    );
    let body = format!("{HARMFUL}\nna linha 2");
    let title = [
        "ticket",
        "open",
        "--ticket",
        "1",
        "--client",
        "1",
        "--title",
        "a\u{202e}b\nforged",
    ];
    house.run(&title).ok();
    house
        .run(&[
            "hold",
            "add",
            "--client",
            "1",
            "--why",
            "x\u{1b}[0m\nforged",
        ])
        .ok();
    for (arguments, shown) in [
        (
            ["report", "run", "contracts", "-f", "client_id=1"].as_slice(),
            "=Ana\\u{1b}[2J",
        ),
        (
            &[
                "send",
                "contracts",
                "-t",
                "t",
                "-f",
                "client_id=1",
                "--dry-run",
                "--list",
            ],
            "=Ana\\u{1b}",
        ),
        (&["import", "clients", "bad.csv"], "\\u{1b}[31m"),
        (
            &["report", "run", "contracts", "-f", "city\u{1b}[1m=x"],
            "\\u{1b}[1m",
        ),
        (
            &["report", "run", "contracts", "-f", "access_status=\u{202e}"],
            "\\u{202e}",
        ),
        (&["template", "edit", "t", "--body", &body], "changed"),
        (&["template", "show", "t"], "na linha 2"),
        (&["template", "show", "t"], "\\u{202e}abc"),
        (&["template", "list"], "\\u{202e}abc"),
        (
            &["template", "preview", "t", "--client", "1"],
            "\\u{202e}abc",
        ),
        (
            &["template", "show", "\u{1b}x\u{202e}"],
            "\\u{1b}x\\u{202e}",
        ),
        (&["apply", "bad.toml"], "\\u{202e}"),
        (&["ticket", "list"], "\\u{202e}b\\u{a}forged"),
        (&["ticket", "show", "1"], "\\u{202e}b\\u{a}forged"),
        (&["hold", "list"], "x\\u{1b}[0m\\u{a}forged"),
        (&["fr\u{202e}ob"], "\\u{202e}ob"),
        (&["fr\u{1b}[1mob"], "ob"),
        (&["history", "--channel", "\u{202e}"], "\\u{202e}"),
    ] {
        let ran = house.run(arguments);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        harmless(&told);
        assert!(told.contains(shown), "{arguments:?}\nlacks {shown}\n{told}");
        assert!(!told.lines().any(|line| line == "forged"), "{told}");
    }
    // What programs read is exact.
    assert_eq!(
        house.json(&["template", "show", "t"])["body"],
        body.as_str()
    );
    let exported = house.run(&["export"]).ok().stdout;
    house.write("exported.toml", exported);
    house.run(&["apply", "--check", "exported.toml"]).ok();
}

#[test]
fn trial_91_more_filters_than_a_report_takes_are_refused() {
    let house = House::with_book();
    let with = |n: usize| {
        let mut arguments = vec!["report", "run", "contracts", "--json"];
        for _ in 0..n {
            arguments.extend(["-f", "client_id>=1"]);
        }
        house.run(&arguments)
    };
    assert_eq!(with(100).ok().json().as_array().map(Vec::len), Some(7));
    with(101)
        .exits(3)
        .says("101 filters are more than a report takes (100)");
    with(1000).exits(3).says("1000 filters");
    // A saved report's own filters count with those that narrow it.
    let saved = ["report", "save", "r", "contracts", "-f", "client_id>=1"];
    house.run(&saved).ok();
    let mut arguments = vec!["report", "run", "r"];
    arguments.extend(["-f", "client_id>=1"].repeat(100));
    house.run(&arguments).exits(3).says("101 filters");
}

#[test]
fn trial_91_thirty_thousand_templates_are_checked_at_once() {
    let house = House::new();
    let mut text = String::new();
    for n in 0..30_000 {
        text.push_str(&format!(
            "[[template]]\nname = \"t{n}\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Oi #cliente_nome#\"\n"
        ));
    }
    house.write("many.toml", text);
    // Twice as many take twice as long and not four times: without that it is minutes of the processor here,
    // however busy the machine is.
    let regua = house.command(&["apply", "--check", "many.toml", "-o", "jsonl"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -t 90; exec \"$0\" \"$@\""])
        .arg(regua.get_program())
        .args(regua.get_args())
        .current_dir(house.folder())
        .env_clear()
        .envs(
            regua
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let ended = limited.output().expect("a shell").status;
    assert_eq!(ended.code(), Some(6), "{ended}");
}

#[test]
fn a_dry_run_names_each_person_as_the_send_does_afterwards() {
    let house = House::with_book();
    let add = [
        "template",
        "add",
        "t",
        "--channel",
        "sms",
        "--kind",
        "support",
        "--body",
    ];
    house
        .run(
            &[
                add.as_slice(),
                &["#cliente_primeiro_nome# #cliente_documento#"],
            ]
            .concat(),
        )
        .ok();
    let send = ["send", "contracts", "-t", "t"];
    let dry = |more: &[&str]| {
        house
            .run(&[send.as_slice(), &["--dry-run"], more].concat())
            .ok()
    };
    let plan = dry(&["--json"]).json();
    let rows = plan["rows"].as_array().expect("rows").clone();
    let keys: Vec<&str> = rows[0]
        .as_object()
        .expect("a row")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "message_id",
            "client_id",
            "client_name",
            "contract_id",
            "address",
            "outcome",
            "status",
            "reason",
            "detail",
            "sent_at"
        ]
    );
    let of = |id: i64| {
        rows.iter()
            .find(|row| row["client_id"] == id)
            .expect("a row")
    };
    assert_eq!(of(1)["outcome"], "receives");
    assert_eq!(of(4)["reason"], "missing_value");
    assert!(
        of(4)["detail"]
            .as_str()
            .expect("a variable")
            .contains("cliente_documento")
    );
    assert_eq!(of(2)["reason"], "unusable_contact");
    let lines = dry(&["-o", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), rows.len());
    assert_eq!(dry(&["-o", "csv"]).stdout.lines().count(), rows.len() + 1);
    assert!(!dry(&[]).stdout.contains("Ana Lima"));
    dry(&["--list"])
        .prints("Ana Lima")
        .prints("missing_value")
        .prints("cliente_documento");
    house.run(&[send.as_slice(), &["--list"]].concat()).exits(2);

    let answer = house.json(&[send.as_slice(), &["--yes"]].concat());
    let people_of = |rows: &[Value]| -> Vec<(i64, Value, Value)> {
        let fate = |row: &Value| {
            (
                row["client_id"].as_i64().expect("a client"),
                row["reason"].clone(),
                row["detail"].clone(),
            )
        };
        rows.iter().map(fate).collect()
    };
    assert_eq!(
        people_of(answer["rows"].as_array().expect("rows")),
        people_of(&rows)
    );
    // Whoever had it is named too, and counted.
    let again = dry(&["--json"]).json();
    assert_eq!(again["rows"][0]["reason"], "duplicate");
    assert!(again["reasons"]["duplicate"].as_u64() > Some(0));
}

#[test]
fn what_small_commands_did_is_a_row_for_programs() {
    let house = House::with_book();
    let said =
        |arguments: &[&str], row: Value| assert_eq!(house.json(arguments), row, "{arguments:?}");
    said(
        &[
            "optout",
            "add",
            "--client",
            "1",
            "--purpose",
            "marketing",
            "--source",
            "phone",
        ],
        json!({
            "done": "added", "client_id": 1, "channel": null, "purpose": "marketing", "new": true,
            "source": "phone"
        }),
    );
    said(
        &["optout", "add", "--client", "1", "--purpose", "marketing"],
        json!({
            "done": "added", "client_id": 1, "channel": null, "purpose": "marketing", "new": false,
            "source": "regua optout"
        }),
    );
    said(
        &["optout", "list", "--client", "1"],
        json!([{
            "client_id": 1, "client_name": "Ana Lima", "channel": null, "purpose": "marketing",
            "since": "2026-11-23", "source": "phone"
        }]),
    );
    said(
        &[
            "optout",
            "remove",
            "--client",
            "1",
            "--purpose",
            "marketing",
        ],
        json!({ "done": "removed", "client_id": 1, "channel": null, "purpose": "marketing" }),
    );
    said(
        &["report", "save", "r", "logins"],
        json!({ "done": "saved", "name": "r", "kind": "logins", "filters": [], "order": [] }),
    );
    said(
        &["report", "remove", "r"],
        json!({ "done": "removed", "name": "r" }),
    );
    said(
        &[
            "template",
            "add",
            "t",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Oi",
        ],
        json!({
            "done": "added", "name": "t", "channel": "sms", "kind": "support", "purpose": "service",
            "sent": "at any time", "segments": 1, "warnings": []
        }),
    );
    said(
        &["template", "remove", "t"],
        json!({ "done": "removed", "name": "t" }),
    );
}

#[test]
fn every_list_that_is_limited_to_nothing_is_whole() {
    let house = House::with_book();
    let all = house.json(&["report", "run", "contracts"]);
    assert_eq!(all.as_array().map(Vec::len), Some(7));
    assert_eq!(
        house.json(&["report", "run", "contracts", "--limit", "0"]),
        all
    );
    let two = house.json(&["report", "run", "contracts", "--limit", "2"]);
    assert_eq!(two.as_array().map(Vec::len), Some(2));
}

#[test]
fn all_that_is_known_of_a_client_is_a_sheet_with_a_header_too() {
    let house = house();
    let sheet = house.run(&["client", "show", "1", "-o", "csv"]).ok().stdout;
    let mut lines = sheet.lines();
    assert_eq!(lines.next(), Some("field,value"));
    assert_eq!(lines.next(), Some("client.id,1"));
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("client.name,'=Ana")),
        "{sheet}"
    );
    let people = house.run(&["client", "show", "1"]).ok().stdout;
    assert!(people.starts_with("client.id: 1\n"), "{people}");
}

#[test]
fn what_is_exported_is_a_document_in_json_too_and_no_sheet() {
    let house = house();
    let toml = house.run(&["export"]).ok().prints("[[template]]").stdout;
    let saved: toml::Table = toml::from_str(&toml).expect("TOML");
    assert_eq!(house.json(&["export"]), json!(saved));
    let line = house.run(&["export", "-o", "jsonl"]).ok();
    assert_eq!(line.stdout.lines().count(), 1);
    assert_eq!(line.json(), json!(saved));
    let sheet = house.run(&["export", "-o", "csv"]).exits(2);
    assert_eq!(sheet.stdout, "");
    sheet.says("`export` writes TOML").says("no sheet holds it");
}

#[test]
fn the_lines_of_a_crontab_are_a_sheet_too() {
    let line = house().run(&["task", "crontab", "-o", "csv"]).ok();
    assert!(line.stdout.starts_with("line\n"), "{line:?}");
}

#[test]
fn a_word_where_a_number_stands_is_told_in_words_for_people() {
    let house = House::with_book();
    for arguments in [
        ["history", "--client", "x"].as_slice(),
        &["history", "show", ""],
        &["queue", "cancel", "99999999999999999999"],
    ] {
        let told = house.run(arguments).exits(2).says("write a whole number");
        assert!(!told.stderr.contains("integer"), "{}", told.stderr);
        assert!(!told.stderr.contains("digit"), "{}", told.stderr);
    }
}

#[test]
fn what_a_table_shows_of_a_text_ends_after_a_whole_word() {
    let house = House::new();
    let body = "Prezado cliente, a sua fatura venceu no dia #areceber_data_vencimento# e pode ser paga ainda hoje";
    let add = [
        "template",
        "add",
        "longa",
        "--channel",
        "sms",
        "--kind",
        "financial",
        "--body",
        body,
    ];
    house.run(&add).ok();
    let list = house.run(&["template", "list"]).ok().stdout;
    assert!(
        list.contains("a sua fatura venceu no dia …\n"),
        "the variable is not cut in two\n{list}"
    );
    assert_eq!(house.json(&["template", "list"])[0]["body"], body);
}

#[test]
fn one_of_anything_is_told_as_one() {
    let mut house = House::with_book();
    house.write("config.toml", "max_data_age_hours = 0\n");
    house.write(
        "rules.toml",
        "[[template]]\nname = \"late\"\nchannel = \"email\"\nkind = \"financial\"\ntitle = \"x\"\nbody = \"x\"\n\
         [[rule]]\nname = \"pix\"\nportfolios = [\"Pix\"]\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\"]\n",
    );
    house.run(&["apply", "rules.toml"]).ok();
    house
        .at("2026-11-23T10:00")
        .run(&["collection", "update"])
        .ok();
    house
        .run(&["collection", "list"])
        .ok()
        .prints("1 case, 1 open (notice 1)");
    house
        .run(&["collection", "handover", "--stage", "notice"])
        .ok()
        .prints("1 case at notice, ");
    house.write("one.csv", "id,name,person_type\n7\n");
    house
        .run(&["import", "clients", "one.csv"])
        .exits(3)
        .says("the row has 1 cell, the header names 3 columns");
    house
        .run(&[
            "send",
            "contracts",
            "--filter",
            "contract_id=11",
            "--template",
            "late",
            "--dry-run",
        ])
        .ok()
        .says("1 row of `contracts`; template `late` by email");
}
