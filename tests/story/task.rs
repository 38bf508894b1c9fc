//! Tasks, minute by minute, with a frozen clock.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::house::House;
use serde_json::{Value, json};

/// A house with a book, an sms birthday and its time set.
fn house_at(now: &str, config: &str) -> House {
    let mut house = House::with_book();
    house.write(
        "config.toml",
        format!("[birthday]\ntemplate = \"birthday\"\n{config}"),
    );
    house
        .run(&[
            "template",
            "add",
            "birthday",
            "--channel",
            "whatsapp",
            "--kind",
            "general",
            "--body",
            "Olá {{1}}.",
            "--var",
            "1=cliente_primeiro_nome",
        ])
        .ok();
    house.at(now);
    house
}

fn add(house: &House, name: &str, run: &str, minute: &str, hour: &str) {
    house
        .run(&[
            "task", "add", name, "--run", run, "--minute", minute, "--hour", hour,
        ])
        .ok();
}

fn due(house: &House) -> Vec<String> {
    let ran = house.run(&["task", "run-due", "--json"]).ok();
    if ran.stdout.is_empty() {
        assert_eq!(ran.stderr, "");
        return Vec::new();
    }
    ran.json()
        .as_array()
        .expect("a list")
        .iter()
        .map(|run| run["task"].as_str().expect("a name").to_owned())
        .collect()
}

fn listed(house: &House, name: &str) -> Value {
    house
        .json(&["task", "list"])
        .as_array()
        .expect("a list")
        .iter()
        .find(|task| task["name"] == name)
        .expect("the task")
        .clone()
}

#[test]
fn two_days_of_cron_minutes_run_each_task_once_a_match() {
    let mut house = house_at("2026-11-22T22:00", "");
    add(&house, "b", "birthday-queue", "0", "8");
    add(&house, "q", "send-queue", "*/30", "8");
    add(&house, "p", "purge", "0", "3");
    let mut ran = Vec::new();
    for (day, hours) in [("2026-11-22", 22..24), ("2026-11-23", 0..10)] {
        for hour in hours {
            for minute in [0, 1, 15, 30, 31, 59] {
                let now = format!("{day}T{hour:02}:{minute:02}");
                house.at(&now);
                // Cron may call twice within a minute.
                for name in due(&house).into_iter().chain(due(&house)) {
                    ran.push(format!("{} {name}", &now[8..]));
                }
            }
        }
    }
    assert_eq!(
        ran,
        ["23T03:00 p", "23T08:00 b", "23T08:00 q", "23T08:30 q"]
    );
    // The birthday's whatsapp messages were forwarded in the same run that queued them.
    let delivered = house.lines("whatsapp.jsonl");
    assert_eq!(delivered.len(), 2);
    assert_eq!(delivered[0]["at"], "2026-11-23T08:00:00-03:00");
    let queue = house.json(&["task", "show", "q"]);
    assert_eq!(queue["runs"][1]["counts"]["sent"], 2);
    assert_eq!(queue["runs"][1]["outcome"], "done");
}

#[test]
fn missed_runs_are_caught_up_once_unless_they_are_too_old() {
    let mut house = house_at("2026-11-20T12:00", "");
    add(&house, "p", "purge", "0", "8");
    house.at("2026-11-22T19:59");
    assert_eq!(due(&house), ["p"]);
    assert_eq!(due(&house), [""; 0]);
    house.at("2026-11-23T20:01");
    assert_eq!(due(&house), [""; 0]);
    house.at("2026-11-24T07:59");
    assert_eq!(due(&house), [""; 0]);
    house.at("2026-11-24T08:00");
    assert_eq!(due(&house), ["p"]);
    let runs = house.json(&["task", "show", "p"])["runs"].clone();
    assert_eq!(runs.as_array().map(Vec::len), Some(2));
    assert_eq!(runs[1]["due_at"], "2026-11-22T08:00:00-03:00");
    assert_eq!(runs[1]["started_at"], "2026-11-22T19:59:00-03:00");
}

#[test]
fn a_task_is_considered_from_the_moment_it_is_saved_or_enabled() {
    let mut house = house_at("2026-11-23T08:00:30", "");
    add(&house, "p", "purge", "0", "8");
    assert_eq!(due(&house), [""; 0]);
    assert_eq!(
        listed(&house, "p")["next_run_at"],
        "2026-11-24T08:00:00-03:00"
    );
    house.run(&["task", "disable", "p"]).ok();
    assert_eq!(listed(&house, "p")["next_run_at"], Value::Null);
    house.at("2026-11-24T08:00");
    assert_eq!(due(&house), [""; 0]);
    house.at("2026-11-24T08:05");
    house.run(&["task", "enable", "p"]).ok();
    assert_eq!(due(&house), [""; 0]);
    // Enabling what is enabled forgets nothing that is owed.
    house.at("2026-11-25T08:05");
    house.run(&["task", "enable", "p"]).ok();
    assert_eq!(due(&house), ["p"]);
    // Another schedule counts from when it was set.
    house.run(&["task", "edit", "p", "--hour", "7"]).ok();
    assert_eq!(due(&house), [""; 0]);
    house.at("2026-11-26T07:00");
    assert_eq!(due(&house), ["p"]);
}

#[test]
fn a_change_of_the_clock_neither_skips_nor_repeats_a_task() {
    let mut house = House::new();
    house.at("2026-03-07T12:00:00-05:00");
    house.write("config.toml", "timezone = \"America/New_York\"\n");
    add(&house, "skipped", "purge", "30", "2");
    add(&house, "repeated", "purge", "30", "1");
    add(&house, "hourly", "purge", "45", "*");
    let mut ran = Vec::new();
    for (day, minutes) in [
        // 02:00 to 03:00 is skipped on 8 March, 01:00 to 02:00 comes twice on 1 November.
        ("2026-03-08T00:59-05:00", 180),
        ("2026-11-01T00:59-04:00", 180),
    ] {
        let first = chrono::DateTime::parse_from_str(day, "%Y-%m-%dT%H:%M%:z").expect("a time");
        for minute in (1..minutes).step_by(15) {
            let now = first + chrono::TimeDelta::minutes(minute);
            house.at(&now.to_rfc3339());
            for name in due(&house) {
                let last = listed(&house, &name)["last_run_at"].clone();
                ran.push(format!("{name} {}", &last.as_str().expect("a time")[5..]));
            }
        }
    }
    assert_eq!(
        ran,
        [
            // 00:45 was missed before cron first called.
            "hourly 03-08T01:00:00-05:00",
            "repeated 03-08T01:30:00-05:00",
            "hourly 03-08T01:45:00-05:00",
            "skipped 03-08T03:00:00-04:00",
            "hourly 03-08T03:45:00-04:00",
            "hourly 03-08T04:45:00-04:00",
            "hourly 11-01T01:00:00-04:00",
            "repeated 11-01T01:30:00-04:00",
            "hourly 11-01T01:45:00-04:00",
            "hourly 11-01T01:45:00-05:00",
            "skipped 11-01T02:30:00-05:00",
            "hourly 11-01T02:45:00-05:00",
        ]
    );
}

#[test]
fn the_list_has_its_keys() {
    let mut house = house_at("2026-11-23T07:00", "");
    add(&house, "p", "purge", "30", "8");
    assert_eq!(
        house.json(&["task", "list"]),
        json!([{
            "name": "p", "run": "purge", "schedule": "30 8 * * *", "enabled": true,
            "last_run_at": null, "last_outcome": null, "next_run_at": "2026-11-23T08:30:00-03:00"
        }])
    );
    house.at("2026-11-23T08:30");
    due(&house);
    let task = listed(&house, "p");
    assert_eq!(task["last_run_at"], "2026-11-23T08:30:00-03:00");
    assert_eq!(task["last_outcome"], "done");
    assert_eq!(task["next_run_at"], "2026-11-24T08:30:00-03:00");
}

#[test]
fn a_failure_is_recorded_and_does_not_stop_the_next() {
    let mut house = house_at("2026-11-23T07:00", "[backup]\nfolder = \"copies\"\n");
    add(&house, "z", "backup", "0", "8");
    add(&house, "b", "birthday-queue", "0", "8");
    house.write("config.toml", "[backup]\nfolder = \"copies\"\n");
    house.at("2026-11-23T08:00");
    let ran = house
        .run(&["task", "run-due", "--json"])
        .exits(3)
        .says("error: task `b` failed: no birthday template is configured");
    let answer = ran.json();
    assert_eq!(answer[0]["outcome"], "failed");
    assert_eq!(answer[1]["outcome"], "done");
    let run = house.json(&["task", "show", "b"])["runs"][0].clone();
    assert_eq!(run["outcome"], "failed");
    assert!(
        run["message"]
            .as_str()
            .expect("text")
            .contains("[birthday] template")
    );
    assert!(run["seconds"].as_f64().expect("a number") >= 0.0);
    assert_eq!(run["ended_at"], "2026-11-23T08:00:00-03:00");
    assert_eq!(listed(&house, "b")["last_outcome"], "failed");
    // It is not tried again for the same minute.
    house.at("2026-11-23T08:01");
    assert_eq!(due(&house), [""; 0]);
}

#[test]
fn one_run_at_a_time_whoever_calls() {
    let mut house = house_at("2026-11-23T07:00", "");
    add(&house, "p", "purge", "0", "8");
    house.at("2026-11-23T08:00");
    {
        let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
        let _lock = store.lock("run-due").expect("no fault").expect("free");
        let ran = house.run(&["task", "run-due"]).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
        house
            .run(&["task", "run-due", "-v"])
            .ok()
            .says("another run");
        house
            .run(&["task", "run", "p"])
            .exits(5)
            .says("another run");
    }
    // Two at once: the task runs once, and both are content.
    let spawn = || {
        house
            .command(&["task", "run-due", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs")
    };
    let running: Vec<_> = (0..4).map(|_| spawn()).collect();
    let mut answers = 0;
    for child in running {
        let output = child.wait_with_output().expect("its end");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        answers += usize::from(!output.stdout.is_empty());
    }
    assert_eq!(answers, 1);
    let runs = house.json(&["task", "show", "p"])["runs"].clone();
    assert_eq!(runs.as_array().map(Vec::len), Some(1));
}

#[test]
fn trial_81_three_deaths_of_a_tasks_process_are_told_and_it_waits_for_its_next_minute() {
    let mut house = house_at("2026-11-23T07:00", "");
    add(&house, "p", "purge", "0", "8");
    house.at("2026-11-23T08:00");
    assert_eq!(due(&house), ["p"]);
    let die = || {
        // What a killed process leaves behind.
        let connection = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
        connection
            .execute(
                "UPDATE task_run SET outcome = 'running', ended_at = NULL
                 WHERE id = (SELECT max(id) FROM task_run)",
                [],
            )
            .expect("changed");
    };
    die();
    house_due_again(&house, 1);
    die();
    house_due_again(&house, 1);
    die();
    let told = house.run(&["task", "run-due"]).ok();
    assert_eq!(told.stdout, "");
    assert!(told.stderr.contains("died three times"), "{}", told.stderr);
    house
        .run(&["doctor"])
        .prints("task `p`: its process died three times for one minute");
    house_due_again(&house, 0);
    let runs = house.json(&["task", "show", "p"])["runs"].clone();
    let outcomes: Vec<&str> = runs
        .as_array()
        .expect("a list")
        .iter()
        .map(|run| run["outcome"].as_str().expect("a word"))
        .collect();
    assert_eq!(outcomes, ["interrupted", "interrupted", "interrupted"]);
}

fn house_due_again(house: &House, times: usize) {
    assert_eq!(due(house).len(), times);
}

#[test]
fn a_schedule_is_checked_when_it_is_saved() {
    let house = House::new();
    let try_it = |fields: &[&str]| {
        let mut arguments = vec!["task", "add", "t", "--run", "purge"];
        arguments.extend(fields);
        house.run(&arguments)
    };
    try_it(&[
        "--minute", "0", "--hour", "0", "--day", "31", "--month", "2",
    ])
    .exits(3)
    .says("day: found `31`, a day that never comes in month `2`");
    try_it(&["--minute", "60", "--hour", "25"])
        .exits(3)
        .says("minute: found `60`")
        .says("hour: found `25`, which is not from 0 to 23");
    try_it(&["--minute", "0"]).exits(2).says("--hour");
    try_it(&["--minute", "0", "--hour", "0", "--channel", "sms"])
        .exits(3)
        .says("channels: is of no use to purge");
    try_it(&[
        "--minute", "0", "--hour", "0", "--day", "29", "--month", "2",
    ])
    .ok();
    assert_eq!(
        listed(&house, "t")["next_run_at"],
        "2028-02-29T00:00:00-03:00"
    );
    try_it(&["--minute", "0", "--hour", "0"])
        .exits(3)
        .says("already");
    house
        .run(&["task", "run", "u"])
        .exits(3)
        .says("there is no task `u`");
}

#[test]
fn what_is_unwise_is_said_when_it_is_saved() {
    let house = house_at("2026-11-23T07:00", "");
    let add = |name: &str, run: &str, fields: &[&str]| {
        let mut arguments = vec!["task", "add", name, "--run", run, "--minute", "30"];
        arguments.extend(fields);
        house.run(&arguments).ok()
    };
    add("c", "collection-update", &["--hour", "8"]).says("outside the collection contact hours");
    let fine = add(
        "d",
        "collection-update",
        &["--hour", "8", "--weekday", "1-5"],
    );
    assert!(!fine.stderr.contains("task `d`:"), "{}", fine.stderr);
    fine.says("task `c`");
    add("b", "birthday-queue", &["--hour", "9", "--weekday", "1-5"])
        .says("not every day")
        .says("no enabled send-queue task");
    // A queue before its producer does not help; at the same minute it does.
    add("q", "send-queue", &["--hour", "8"]);
    house
        .run(&["task", "edit", "b", "--weekday", "*"])
        .ok()
        .says("no enabled send-queue task");
    let moved = house.run(&["task", "edit", "q", "--hour", "9"]).ok();
    assert!(!moved.stderr.contains("send-queue"), "{}", moved.stderr);
    // Taking the queue away warns of what needed it.
    house.run(&["task", "disable", "q"]).ok().says("task `b`");
    house.run(&["task", "enable", "q"]).ok();
    house.run(&["task", "remove", "q"]).ok().says("task `b`");
}

#[test]
fn a_saved_send_runs_on_its_day_without_being_asked() {
    let mut house = house_at("2026-11-22T22:00", "");
    house
        .run(&[
            "template",
            "add",
            "hello",
            "--channel",
            "push",
            "--kind",
            "support",
            "--title",
            "Oi",
            "--body",
            "#cliente_primeiro_nome#",
        ])
        .ok();
    house
        .run(&[
            "report",
            "save",
            "all",
            "contracts",
            "--filter",
            "client_active=yes",
        ])
        .ok();
    let add = [
        "task",
        "add",
        "s",
        "--run",
        "send",
        "--report",
        "all",
        "--template",
        "hello",
        "--minute",
        "0",
        "--hour",
        "9,10",
    ];
    house.run(&add).ok();
    house
        .run(&["template", "remove", "hello"])
        .exits(3)
        .says("task `s`");
    house
        .run(&["report", "remove", "all"])
        .exits(3)
        .says("task `s`");
    house.at("2026-11-23T09:00");
    assert_eq!(due(&house), ["s"]);
    assert_eq!(house.lines("push.jsonl").len(), 2);
    let counts = house.json(&["task", "show", "s"])["runs"][0]["counts"].clone();
    assert_eq!(counts["sent"], 2);
    assert_eq!(counts["recipients"], 1);
    // The second of the day finds nobody left; the next day is another.
    house.at("2026-11-23T10:00");
    assert_eq!(due(&house), ["s"]);
    assert_eq!(house.lines("push.jsonl").len(), 2);
    house.at("2026-11-24T09:00");
    due(&house);
    assert_eq!(house.lines("push.jsonl").len(), 4);
}

#[test]
fn an_unknown_report_or_template_of_a_send_is_refused_with_the_nearest() {
    let house = House::with_book();
    house.run(&["report", "save", "all", "contracts"]).ok();
    house
        .run(&[
            "task",
            "add",
            "s",
            "--run",
            "send",
            "--report",
            "al",
            "--template",
            "x",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .exits(3)
        .says("there is no report `al`, did you mean `all`?")
        .says("there is no template `x`");
}

#[test]
fn the_queue_can_be_forwarded_one_channel_at_a_time() {
    let mut house = house_at("2026-11-23T07:00", "");
    house.run(&["birthday", "queue"]).ok();
    house
        .run(&[
            "task",
            "add",
            "q",
            "--run",
            "send-queue",
            "--minute",
            "*",
            "--hour",
            "*",
            "--channel",
            "sms",
            "--channel",
            "push",
        ])
        .ok();
    house.at("2026-11-23T09:00");
    assert_eq!(due(&house), ["q"]);
    assert!(house.lines("whatsapp.jsonl").is_empty());
    house
        .run(&["task", "edit", "q", "--channel", "whatsapp"])
        .ok();
    house.at("2026-11-23T09:01");
    assert_eq!(due(&house), ["q"]);
    assert_eq!(house.lines("whatsapp.jsonl").len(), 2);
    let shown = house.json(&["task", "show", "q"]);
    assert_eq!(shown["channels"], json!(["whatsapp"]));
}

#[test]
fn a_task_can_be_run_by_hand_without_touching_its_schedule() {
    let mut house = house_at("2026-11-23T07:59", "");
    add(&house, "p", "purge", "0", "8");
    let ran = house.json(&["task", "run", "p"]);
    assert_eq!(ran[0]["task"], "p");
    assert_eq!(ran[0]["due_at"], Value::Null);
    house.at("2026-11-23T08:00");
    assert_eq!(due(&house), ["p"]);
}

#[test]
fn the_purge_keeps_keys_and_whatever_is_queued() {
    let mut house = house_at(
        "2026-11-23T07:00",
        "[retention]\nbodies_days = 10\nmessages_days = 30\nruns_days = 20\n",
    );
    house
        .run(&[
            "template",
            "add",
            "hello",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "#cliente_primeiro_nome#",
        ])
        .ok();
    let send = ["send", "contracts", "--template", "hello", "--yes"];
    // Whatsapp messages that wait, and text messages that went.
    house.run(&["birthday", "queue"]).ok();
    house.run(&send).ok();
    let delivered = house.lines("sms.jsonl").len();
    assert!(delivered > 0);
    add(&house, "p", "purge", "0", "3");
    house.at("2026-12-04T12:00");
    let first = house.json(&["task", "run", "p"])[0]["counts"].clone();
    assert!(first["bodies"].as_i64().expect("a number") >= i64::try_from(delivered).expect("few"));
    assert_eq!(first["messages"], 0);
    let waiting = house.json(&["history", "--status", "queued"]);
    assert_eq!(waiting[0]["body"], "Olá Édina.");
    assert_eq!(
        house.json(&["history", "--status", "sent"])[0]["body"],
        Value::Null
    );
    house.at("2026-12-24T12:00");
    let second = house.json(&["task", "run", "p"])[0]["counts"].clone();
    assert!(second["messages"].as_i64().expect("a number") > 0);
    assert_eq!(house.json(&["history", "--status", "sent"]), json!([]));
    assert_eq!(
        house
            .json(&["history", "--status", "queued"])
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    // The same decision as then is still known: nobody gets it twice.
    house.at("2026-11-23T07:05");
    let again = house.json(&send);
    assert_eq!(again["messages"]["sent"], 0);
    assert!(again["reasons"]["duplicate"].as_i64().expect("a number") > 0);
    assert_eq!(house.lines("sms.jsonl").len(), delivered);
}

#[test]
fn birthdays_stay_decided_when_their_messages_are_purged() {
    let mut house = house_at("2026-11-23T09:00", "[retention]\nmessages_days = 30\n");
    house.run(&["birthday", "queue"]).ok();
    house.run(&["queue", "deliver"]).ok();
    add(&house, "p", "purge", "0", "3");
    house.at("2027-01-23T12:00");
    house.json(&["task", "run", "p"]);
    // The newest message stays, so that no number is ever given to a second one.
    let left = house.json(&["history"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    house.at("2026-11-23T10:00");
    let again = house.json(&["birthday", "queue"]);
    assert_eq!(again["reasons"], json!({ "duplicate": 2 }));
}

#[test]
fn a_purge_without_retention_says_so_and_does_nothing() {
    let house = house_at("2026-11-23T09:00", "");
    add(&house, "p", "purge", "0", "3");
    let ran = house.json(&["task", "run", "p"]);
    assert_eq!(ran[0]["outcome"], "done");
    assert_eq!(
        ran[0]["message"],
        "no [retention] is configured: nothing is deleted"
    );
}

#[test]
fn backups_are_whole_databases_and_the_last_ones_are_kept() {
    let mut house = house_at(
        "2026-11-20T12:00",
        "[backup]\nfolder = \"copies\"\nkeep = 2\n",
    );
    add(&house, "n", "backup", "0", "3");
    for day in [21, 22, 23] {
        house.at(&format!("2026-11-{day}T03:00"));
        assert_eq!(due(&house), ["n"]);
    }
    let mut names: Vec<String> = std::fs::read_dir(house.path("copies"))
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["regua-2026-11-22-0300.db", "regua-2026-11-23-0300.db"]
    );
    let copy = house.path("copies/regua-2026-11-23-0300.db");
    let copy = copy.to_str().expect("a path");
    let clients = house.json(&["--db", copy, "report", "run", "contracts"]);
    assert_eq!(clients.as_array().map(Vec::len), Some(7));
    let mode = std::fs::metadata(copy)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "others can read it");
}

#[test]
fn the_crontab_line_works_from_anywhere() {
    let house = house_at("2026-11-23T07:00", "");
    add(&house, "b", "birthday-queue", "0", "8");
    add(&house, "q", "send-queue", "0", "8");
    // Spaces and a percent sign in the path of the database.
    std::fs::create_dir(house.path("o'ne 50%")).expect("a folder");
    std::fs::rename(house.path("regua.db"), house.path("o'ne 50%/regua.db")).expect("moved");
    let line = house
        .run(&["--db", "o'ne 50%/regua.db", "task", "crontab"])
        .ok()
        .stdout;
    assert_eq!(line.lines().count(), 1);
    let command = line
        .trim_end()
        .strip_prefix("* * * * * ")
        .expect("each minute");
    assert!(!command.replace(r"\%", "").contains('%'));
    // Cron unescapes the percent sign and hands the rest to a shell, somewhere else.
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", &command.replace(r"\%", "%")])
        .current_dir("/")
        .env_clear()
        .env("REGUA_NOW", "2026-11-23T08:00")
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    assert_eq!(house.lines("whatsapp.jsonl").len(), 2);
}

#[test]
fn the_systemd_units_call_the_same() {
    let house = house_at("2026-11-23T07:00", "");
    let units = house.json(&["task", "systemd"]);
    let service = units["service"].as_str().expect("a text");
    let config = house.path("config.toml");
    let config = config.to_str().expect("a path");
    assert!(
        service.contains(&format!("--config {config} task run-due\n")),
        "{service}"
    );
    assert!(
        units["timer"]
            .as_str()
            .expect("a text")
            .contains("OnCalendar=*-*-* *:*:00")
    );
    house.run(&["task", "systemd"]).ok().prints("regua.timer");
    // Hardened, under a user of its own, with a state of its own, and a failure says so.
    for line in [
        "User=",
        "StateDirectory=regua\n",
        "OnFailure=regua-failed.service\n",
        "ProtectSystem=strict\n",
        "NoNewPrivileges=yes\n",
        "CapabilityBoundingSet=\n",
        "SystemCallFilter=@system-service\n",
    ] {
        assert!(service.contains(line), "{line} in {service}");
    }
    let folder = house.path("").canonicalize().expect("a folder");
    let writable = format!("ReadWritePaths=-{}\n", folder.display());
    assert!(service.contains(&writable), "{writable} in {service}");
    house.run(&["task", "systemd", "units"]).ok();
    for file in ["regua.service", "regua.timer", "regua-failed.service"] {
        assert!(house.path("units").join(file).exists(), "{file}");
    }
    // Where systemd is there, it says how much of the machine the service can reach.
    let judged = std::process::Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=25"])
        .arg(house.path("units/regua.service"))
        .output();
    if let Ok(judged) = judged {
        let said = String::from_utf8_lossy(&judged.stdout);
        assert!(
            judged.status.success() || !said.contains("Overall exposure"),
            "{said}"
        );
    }
}

#[test]
fn secrets_from_the_environment_are_warned_of_where_cron_has_none() {
    let house = House::new();
    house.write(
        "config.toml",
        "[email]\nprovider = \"smtp\"\nhost = \"smtp.example.com\"\nfrom = \"a@example.com\"\nusername = \"a\"\npassword = \"env:SMTP\"\n",
    );
    house
        .run(&["task", "crontab"])
        .ok()
        .says("email.password comes from the environment");
}

#[test]
fn tasks_are_applied_and_exported() {
    let mut house = house_at("2026-11-23T07:00", "");
    let text = "[[template]]\nname = \"hello\"\nchannel = \"sms\"\nkind = \"support\"\nbody = \"Oi\"\n\
                [[report]]\nname = \"all\"\non = \"contracts\"\nfilters = []\n\
                [[task]]\nname = \"s\"\nrun = \"send\"\nreport = \"all\"\ntemplate = \"hello\"\nminute = \"0\"\nhour = \"9\"\nlimit = 5\n\
                [[task]]\nname = \"c\"\nrun = \"collection-update\"\nminute = \"30\"\nhour = \"8\"\n";
    house.write("rules.toml", text);
    house
        .run(&["apply", "rules.toml"])
        .ok()
        .prints("+ task s")
        .says("task `c`: `30 8 * * *` can fall outside");
    house
        .run(&["apply", "--check", "rules.toml"])
        .ok()
        .prints("= task s");
    let saved = house.run(&["export"]).ok().stdout;
    house.write("saved.toml", &saved);
    house
        .run(&["apply", "--check", "--prune", "saved.toml"])
        .ok();
    // A task that is owed a run stays owed when nothing of it changes.
    house.at("2026-11-23T09:05");
    house.run(&["apply", "rules.toml"]).ok();
    let ran = house.run(&["task", "run-due", "--json"]).json();
    assert!(
        ran.as_array()
            .expect("a list")
            .iter()
            .any(|run| run["task"] == "s")
    );
    house.write("rules.toml", text.replace("hour = \"9\"", "hour = \"10\""));
    house
        .run(&["apply", "--check", "rules.toml"])
        .exits(6)
        .prints("~ task s (hour)");
    house.write(
        "rules.toml",
        text.replace("\"hello\"\nminute", "\"helo\"\nminute"),
    );
    house
        .run(&["apply", "rules.toml"])
        .exits(3)
        .says("rules.toml:10: task.template: there is no template `helo`, did you mean `hello`?");
    house.write("rules.toml", "[[task]]\nname = \"c\"\nrun = \"collection-update\"\nminute = \"30\"\nhour = \"8\"\nweekday = \"1-5\"\n");
    house
        .run(&["apply", "--prune", "rules.toml"])
        .exits(3)
        .says("template `birthday` is in use");
}

#[test]
fn nothing_due_says_nothing_even_where_the_configuration_warns() {
    let house = House::new();
    house.write(
        "config.toml",
        "[email]\nprovider = \"smtp\"\nhost = \"smtp.example.com\"\nfrom = \"a@example.com\"\nusername = \"a\"\npassword = \"secret\"\n",
    );
    add(&house, "later", "purge", "0", "0");
    house.run(&["task", "list"]).ok().says("warning");
    for form in ["table", "json", "jsonl", "csv"] {
        let ran = house.run(&["task", "run-due", "-o", form]).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    house
        .run(&["task", "run-due", "-v"])
        .ok()
        .says("nothing is due");
}

#[test]
fn a_closed_channel_fails_its_task_and_its_messages_wait() {
    let mut house = house_at("2026-11-23T08:00", "");
    house.run(&["birthday", "queue"]).ok();
    add(&house, "q", "send-queue", "0", "9");
    house.write(
        "config.toml",
        "[birthday]\ntemplate = \"birthday\"\n[whatsapp]\nprovider = \"file\"\npath = \"no/such/folder/w.jsonl\"\n",
    );
    house.at("2026-11-23T09:00");
    let ran = house
        .run(&["task", "run-due", "--json"])
        .exits(4)
        .says("whatsapp closed");
    assert_eq!(ran.json()[0]["outcome"], "failed");
    assert_eq!(ran.json()[0]["counts"]["left"], 2);
}

#[test]
fn a_signal_stops_the_run_and_is_recorded() {
    let mut house = house_at("2026-11-23T08:00", "");
    // A gateway that takes the request and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    house
        .run(&[
            "template",
            "add",
            "hello",
            "--channel",
            "sms",
            "--kind",
            "support",
            "--body",
            "Oi",
        ])
        .ok();
    house
        .run(&[
            "report",
            "save",
            "all",
            "contracts",
            "--filter",
            "client_id=1",
        ])
        .ok();
    house
        .run(&[
            "task",
            "add",
            "s",
            "--run",
            "send",
            "--report",
            "all",
            "--template",
            "hello",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .ok();
    add(&house, "z", "backup", "0", "9");
    house.write(
        "config.toml",
        format!("[sms]\nprovider = \"http\"\nurl = \"http://{address}/\"\nbody = \"{{}}\"\n"),
    );
    house.at("2026-11-23T09:00");
    let child = house
        .command(&["task", "run-due", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let (connection, _) = listener.accept().expect("its request");
    let term = || {
        std::process::Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .expect("kill runs");
    };
    // While it works, another one ends quietly.
    let other = house.run(&["task", "run-due", "-v"]).ok();
    assert!(other.stderr.contains("another run"), "{}", other.stderr);
    term();
    term();
    let output = child.wait_with_output().expect("its end");
    drop(connection);
    assert_eq!(
        output.status.code(),
        Some(143),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(listed(&house, "s")["last_outcome"], "interrupted");
    // The next one was not begun, and is owed.
    assert_eq!(listed(&house, "z")["last_outcome"], Value::Null);
    house.at("2026-11-23T09:01");
    assert_eq!(due(&house), ["z"]);
}

#[test]
fn collections_and_the_queue_that_forwards_them_run_in_order() {
    let mut house = house_at("2026-11-23T07:00", "");
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[birthday]\ntemplate = \"birthday\"\n",
    );
    house.write(
        "rules.toml",
        "[[template]]\nname = \"overdue\"\nchannel = \"whatsapp\"\nkind = \"financial\"\n\
         body = \"Olá {{1}}, {{2}}.\"\nvariables = [\"cliente_primeiro_nome\", \"areceber_valor\"]\n\
         [[rule]]\nname = \"all\"\nportfolios = []\n\
         [[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"overdue\"]\n\
         [[task]]\nname = \"z\"\nrun = \"collection-update\"\nminute = \"30\"\nhour = \"8\"\nweekday = \"1-5\"\n",
    );
    house
        .run(&["apply", "rules.toml"])
        .ok()
        .says("task `z`: its whatsapp template `overdue` waits in the queue");
    add(&house, "a", "send-queue", "30", "8");
    let again = house.run(&["apply", "rules.toml"]).ok();
    assert!(!again.stderr.contains("task `z`"), "{}", again.stderr);
    house.at("2026-11-23T08:30");
    assert_eq!(due(&house), ["z", "a"]);
    let runs = house.json(&["task", "show", "z"])["runs"].clone();
    let entered = runs[0]["counts"]["entered"].as_u64().expect("a number");
    assert!(entered > 0);
    let delivered = house.lines("whatsapp.jsonl");
    assert!(!delivered.is_empty());
    let counts = house.json(&["task", "show", "a"])["runs"][0]["counts"].clone();
    assert_eq!(counts["sent"], delivered.len());
}

#[test]
fn a_template_that_a_task_sends_stays_one_it_can_send() {
    let house = house_at("2026-11-23T08:00", "");
    house.run(&["report", "save", "all", "contracts"]).ok();
    for [name, body] in [["cut", "corte"], ["other", "outro"]] {
        house
            .run(&[
                "template",
                "add",
                name,
                "--channel",
                "sms",
                "--kind",
                "support",
                "--body",
                body,
            ])
            .ok();
    }
    let task = [
        "task",
        "add",
        "weekly",
        "--run",
        "send",
        "--report",
        "all",
        "--template",
        "cut",
        "--minute",
        "0",
        "--hour",
        "9",
    ];
    house.run(&task).ok();
    let told = "task `weekly`: template: template `cut` uses #login#, which a report of contracts cannot supply";
    house
        .run(&["template", "edit", "cut", "--body", "#login#"])
        .exits(3)
        .says("a task could no longer send this template; nothing was changed")
        .says(told);
    house.write(
        "t.toml",
        r##"[[template]]
name = "cut"
channel = "sms"
kind = "support"
body = "#login#"
"##,
    );
    house.run(&["apply", "t.toml"]).exits(3).says(told);
    house
        .run(&["template", "edit", "other", "--body", "#login#"])
        .ok();
    house
        .run(&["template", "edit", "cut", "--body", "#contrato_plano#"])
        .ok();
}

#[test]
fn on_a_fresh_machine_run_due_says_nothing() {
    let house = House::new();
    let ran = house.run(&["task", "run-due"]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn trial_56_weekdays_and_months_have_portuguese_names_too() {
    let house = house_at("2026-11-23T09:00", "");
    house
        .run(&[
            "task",
            "add",
            "semana",
            "--run",
            "backup",
            "--minute",
            "0",
            "--hour",
            "3",
            "--weekday",
            "SEG-qui,Sáb",
            "--month",
            "fev-abr,dez",
        ])
        .ok();
    assert_eq!(
        listed(&house, "semana")["schedule"],
        "0 3 * feb-apr,dec mon-thu,sat"
    );
}

#[test]
fn trial_51_saving_a_task_tells_what_is_unwise_about_the_others_too() {
    let house = house_at("2026-11-23T09:00", "");
    add(&house, "birthdays", "birthday-queue", "0", "10");
    let told = "task `birthdays`: its whatsapp template `birthday` waits in the queue, and no enabled send-queue task";
    house
        .run(&[
            "task",
            "add",
            "forward",
            "--run",
            "send-queue",
            "--minute",
            "0",
            "--hour",
            "9",
        ])
        .ok()
        .says(told);
    house
        .run(&[
            "task", "add", "nightly", "--run", "backup", "--minute", "0", "--hour", "3",
        ])
        .ok()
        .says(told);
    house.run(&["doctor"]).prints(told);
}

#[test]
fn trial_103_a_sync_may_read_some_kinds_only() {
    let house = house_at("2026-11-23T09:00", "");
    house
        .run(&[
            "task",
            "add",
            "erp",
            "--run",
            "sync",
            "--kinds",
            "clients,invoices",
            "--minute",
            "0",
            "--hour",
            "6",
        ])
        .ok();
    assert_eq!(
        house.json(&["task", "show", "erp"])["kinds"],
        serde_json::json!(["clients", "invoices"])
    );
    assert!(
        house
            .run(&["export"])
            .ok()
            .stdout
            .contains("kinds = [\"clients\", \"invoices\"]")
    );
    house
        .run(&["task", "edit", "erp", "--kinds", "invoice"])
        .exits(3)
        .says("`invoice` does not come from the source");
    house
        .run(&[
            "task", "add", "b", "--run", "backup", "--kinds", "clients", "--minute", "0", "--hour",
            "6",
        ])
        .exits(3)
        .says("kinds: is of no use to backup");
}

#[test]
fn the_weekly_full_read_is_a_task_too() {
    let house = house_at(
        "2026-11-22T04:59",
        "[sync.command.erp]\ncommand = [\"/bin/sh\", \"source\"]\nkinds = [\"clients\"]\n",
    );
    house.write(
        "source",
        "printf '%s' \"[$REGUA_SINCE]\" >> asked\ncat rows\n",
    );
    house.write(
        "rows",
        "{\"kind\":\"clients\",\"id\":1,\"name\":\"Ana\",\"person_type\":\"F\"}\n{\"complete\":true,\"cursor\":\"m1\"}\n",
    );
    let when = ["--minute", "0", "--hour", "5", "--weekday", "sun"];
    let add = |name: &str, more: &[&str]| {
        let all = [&["task", "add", name, "--run", "sync"], &when[..], more].concat();
        house.run(&all)
    };
    add("changes", &[]).ok();
    add("whole", &["--full", "--kinds", "clients"]).ok();
    assert_eq!(house.json(&["task", "show", "whole"])["full"], true);
    assert_eq!(house.json(&["task", "show", "changes"])["full"], false);
    house
        .run(&["task", "show", "whole"])
        .ok()
        .prints("full: yes");
    let file = house.run(&["export"]).ok().stdout;
    assert_eq!(file.matches("full = true").count(), 1, "{file}");
    house.write("all.toml", &file);
    house.run(&["apply", "--check", "all.toml"]).exits(0);
    for name in ["changes", "whole", "changes", "whole"] {
        house.run(&["task", "run", name]).ok();
    }
    // The one goes on from its mark, the other begins anew.
    assert_eq!(house.read("asked"), "[][][m1][]");
    house.run(&["task", "edit", "whole", "--no-full"]).ok();
    assert_eq!(house.json(&["task", "show", "whole"])["full"], false);
    let backup = ["task", "add", "b", "--run", "backup", "--full"];
    house
        .run(&[&backup[..], &when[..]].concat())
        .exits(3)
        .says("full: is of no use to backup");
}

/// A send of a saved report by sms each day at ten.
fn with_a_daily_send(now: &str) -> House {
    let house = house_at(now, "");
    house
        .run(&[
            "template",
            "add",
            "hello",
            "--channel",
            "sms",
            "--kind",
            "general",
            "--purpose",
            "service",
            "--body",
            "Oi",
        ])
        .ok();
    house.run(&["report", "save", "all", "contracts"]).ok();
    house
        .run(&[
            "task",
            "add",
            "greet",
            "--run",
            "send",
            "--report",
            "all",
            "--template",
            "hello",
            "--minute",
            "0",
            "--hour",
            "10",
        ])
        .ok();
    house
}

#[test]
fn the_shared_queue_is_a_kind_of_task_and_does_nothing_before_it_is_configured() {
    let mut house = house_at("2026-11-23T09:00", "");
    let add = [
        "task",
        "add",
        "hand-over",
        "--run",
        "share",
        "--minute",
        "*",
        "--hour",
        "*",
    ];
    house
        .run(&add)
        .ok()
        .says("task `hand-over`: there is no [queue.shared]");
    house.run(&["doctor"]).prints("there is no [queue.shared]");
    house.at("2026-11-23T09:01");
    assert_eq!(due(&house), ["hand-over"]);
    let run = house.json(&["task", "show", "hand-over"])["runs"][0].clone();
    assert_eq!(run["outcome"], "done");
    assert_eq!(
        run["message"],
        "no [queue.shared] is configured: nothing is handed over"
    );
    let saved = house.run(&["export"]).ok().stdout;
    assert!(saved.contains("run = \"share\""), "{saved}");
    house.write("saved.toml", saved);
    house.run(&["apply", "--check", "saved.toml"]).ok();
    let help = house.run(&["task", "add", "--help"]).ok().stdout;
    let words: Vec<&str> = help.split_whitespace().collect();
    assert!(words.join(" ").contains("codes, receipts, share"), "{help}");
}

#[test]
fn a_run_that_was_missed_for_too_long_is_told_once_by_the_next_call_that_runs_something() {
    let mut house = with_a_daily_send("2026-11-23T10:00");
    add(&house, "often", "purge", "*/30", "*");
    house.at("2026-11-24T23:30");
    let told = "task `greet` should have run at 2026-11-24T10:00:00-03:00 and did not";
    let ran = house.run(&["task", "run-due"]).ok().says(told);
    assert_eq!(ran.stderr.matches("should have run").count(), 1, "{ran:?}");
    house.at("2026-11-25T00:00");
    let ran = house.run(&["task", "run-due"]).ok();
    assert_eq!(ran.stderr, "");
    // What made up for what it missed is nothing to tell of.
    house.at("2026-11-26T10:20");
    let ran = house.run(&["task", "run-due"]).ok();
    assert_eq!(ran.stderr, "");
    assert_eq!(listed(&house, "greet")["last_outcome"], "done");
}

#[test]
fn what_expired_while_its_hours_are_closed_does_not_stay_in_the_queue() {
    let mut house = house_at("2026-11-23T07:00", "");
    add(&house, "b", "birthday-queue", "30", "7");
    add(&house, "q", "send-queue", "35", "7");
    house.at("2026-11-23T07:30");
    house.run(&["task", "run-due"]).ok();
    house.at("2026-11-23T07:35");
    house.run(&["task", "run-due"]).ok();
    let queued = house.json(&["queue", "list"]);
    assert_eq!(queued.as_array().map(Vec::len), Some(2));
    house.at("2026-11-24T07:35");
    house.run(&["task", "run-due"]).ok();
    assert_eq!(house.json(&["queue", "list"]), json!([]));
    for message in house.json(&["history"]).as_array().expect("a list") {
        assert_eq!(message["status"], "skipped");
        assert_eq!(message["reason"], "expired");
    }

    // Where hours differ from place to place, too: a collection message of Saturday that nobody took.
    let mut house = with_a_daily_send("2026-11-21T13:00");
    house.write(
        "config.toml",
        "[queue]\nexpire_days = 1\n[contact_hours.state.SC]\ncollection = { weekdays = \"09:00-12:00\" }\n",
    );
    house
        .run(&[
            "template",
            "edit",
            "hello",
            "--kind",
            "financial",
            "--purpose",
            "collection",
        ])
        .ok();
    house
        .run(&[
            "send",
            "all",
            "--template",
            "hello",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    house.at("2026-11-22T22:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.json(&["queue", "list"]), json!([]));
}

#[test]
fn messages_that_may_go_already_are_told_of_without_an_instant_long_ago() {
    let mut house = house_at("2026-11-23T10:00", "");
    let ran = house.run(&["birthday", "queue"]).ok();
    let told = "2 birthday messages wait on whatsapp, and no task takes them before they expire at 2026-11-24T00:00:00-03:00";
    assert!(ran.stderr.contains(told), "{ran:?}");
    house.run(&["status"]).ok().prints(told);
    house
        .run(&["--lang", "pt", "status"])
        .ok()
        .prints("! 2 mensagens de aniversário esperam em whatsapp, e nenhuma tarefa as leva");
    house.at("2026-11-23T10:01");
    let ran = house.run(&["--lang", "pt", "doctor"]).ok();
    assert!(!ran.stdout.contains("1969"), "{ran:?}");
}

#[test]
fn doctor_warns_of_a_task_whose_messages_go_to_a_file() {
    let house = with_a_daily_send("2026-11-23T09:00");
    let told = "task `greet` sends by sms, which is delivered to a file: nobody receives it";
    house.run(&["doctor"]).ok().prints(told);
    house.run(&["task", "disable", "greet"]).ok();
    let ran = house.run(&["doctor"]).ok();
    assert!(!ran.stdout.contains("delivered to a file"), "{ran:?}");
    house.run(&["task", "enable", "greet"]).ok();
    house.write(
        "config.toml",
        "[sms]\nprovider = \"http\"\nurl = \"http://127.0.0.1:9/\"\nbody = \"#body#\"\n",
    );
    let ran = house.run(&["doctor"]);
    assert!(!ran.stdout.contains("delivered to a file"), "{ran:?}");
}

#[test]
fn trial_50_status_warns_of_a_send_queue_that_comes_outside_the_hours() {
    let house = house_at("2026-11-23T09:00", "");
    add(&house, "b", "birthday-queue", "30", "7");
    add(&house, "q", "send-queue", "35", "7");
    let told = "task `b`: its whatsapp template `birthday` waits in the queue, and no enabled send-queue task";
    house.run(&["status"]).ok().prints(told);
    house.run(&["status", "--check"]).exits(4);
    house.run(&["task", "edit", "q", "--hour", "8"]).ok();
    house
        .run(&["status", "--check"])
        .ok()
        .prints("nothing wants attention");
}

#[test]
fn a_task_that_ran_by_a_clock_that_was_ahead_runs_on_at_its_next_minute() {
    let mut house = house_at("2026-11-23T08:00", "");
    add(&house, "b", "birthday-queue", "0", "9");
    house.at("2026-12-24T09:30");
    house.run(&["task", "run-due"]).ok();
    // The clock is set right: cron's next matching minute counts, and the ones after it.
    house.at("2026-11-24T08:59");
    assert_eq!(due(&house), Vec::<String>::new());
    for day in ["24", "25"] {
        house.at(&format!("2026-11-{day}T09:00"));
        assert_eq!(due(&house), ["b"]);
    }
}
