//! `--log-json`, and what cron mails.

use serde_json::Value;

use crate::house::House;

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[test]
fn what_is_said_is_lines_of_json_and_answers_stay_as_they_are() {
    let house = House::with_book();
    let ran = house.run(&[
        "--log-json",
        "report",
        "run",
        "contracts",
        "--filter",
        "city=Chapeco",
        "-v",
        "-o",
        "csv",
    ]);
    assert!(ran.stdout.starts_with("contract_id,"), "{}", ran.stdout);
    for line in lines(&ran.stderr) {
        assert!(
            line["at"].as_str().expect("an instant").ends_with('Z'),
            "{line}"
        );
    }
    let ran = house.run(&["history", "--id", "9", "--log-json"]).ok();
    let said = lines(&ran.stderr);
    assert!(
        !said.is_empty() && said.iter().all(|line| line["level"] == "info"),
        "{said:?}"
    );
}

#[test]
fn an_error_is_one_line_of_json_with_all_its_parts() {
    let house = House::with_book();
    house.write("config.toml", "[queue]\nmax_atempts = 3\n");
    let ran = house.run(&["--log-json", "history"]).exits(3);
    let said = lines(&ran.stderr);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["level"], "error");
    assert_eq!(said[0]["exit_code"], 3);
    let flaw = said[0]["flaws"][0].as_str().expect("a flaw");
    assert!(flaw.contains("did you mean `max_attempts`?"), "{flaw}");
    house.write("config.toml", "");
    let ran = house
        .run(&["send", "--log-json", "--no-such-flag"])
        .exits(2);
    assert_eq!(lines(&ran.stderr).len(), 1, "{}", ran.stderr);
    let ran = house
        .run(&["template", "show", "nothing", "--log-json", "-q"])
        .exits(3);
    assert_eq!(lines(&ran.stderr)[0]["level"], "error");
}

#[test]
fn a_cron_run_that_cannot_begin_says_one_line() {
    let house = House::new();
    house.write(
        "config.toml",
        "[queue]\nmax_atempts = 3\nfirst_retry_second = 1\n",
    );
    let ran = house.run(&["task", "run-due"]).exits(3);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("max_atempts") && ran.stderr.contains("first_retry_second"));
    assert_eq!(ran.stdout, "");
    let told = house.run(&["history"]).exits(3);
    assert!(told.stderr.lines().count() > 2, "{}", told.stderr);
}
