//! `rule show` as a ladder, and the forecast in one picture.

use serde_json::json;

use crate::house::House;

fn demo() -> House {
    let mut house = House::new();
    house.run(&["demo", "."]).ok();
    house.at("2026-12-02T12:00");
    house
}

#[test]
fn a_rule_reads_as_a_ladder_with_who_stands_at_each_step() {
    let house = demo();
    let shown = house.run(&["rule", "show", "residential"]).ok().stdout;
    let lines: Vec<&str> = shown.lines().collect();
    let place = |word: &str| {
        let found = lines.iter().position(|line| line.contains(word));
        found.unwrap_or_else(|| panic!("{word}\n{shown}"))
    };
    assert!(place("5 days before") < place("due date"), "{shown}");
    assert!(place("due date") < place("3 days late"), "{shown}");
    let told = house.json(&["rule", "show", "residential"]);
    let ladder = told["ladder"].as_array().expect("a ladder");
    let open: u64 = ladder
        .iter()
        .filter_map(|rung| rung["open_cases"].as_u64())
        .sum();
    assert_eq!(json!(open), told["open_cases"]);
    let cases = house.json(&["collection", "list", "--open", "--limit", "0"]);
    for rung in ladder.iter().filter(|rung| rung["open_cases"].is_number()) {
        let there = cases
            .as_array()
            .expect("cases")
            .iter()
            .filter(|case| case["stage"] == rung["step"] && case["rule"] == "residential");
        assert_eq!(rung["open_cases"], json!(there.count()), "{rung}");
    }
    let days: Vec<i64> = ladder
        .iter()
        .filter_map(|rung| rung["day"].as_i64())
        .collect();
    assert!(days.is_sorted(), "{days:?}");
}

#[test]
fn a_rule_as_toml_is_applied_without_a_change() {
    let house = demo();
    let toml = house.run(&["rule", "show", "residential", "--toml"]).ok();
    house.write("rule.toml", toml.stdout);
    house
        .run(&["apply", "--check", "rule.toml"])
        .ok()
        .prints("= rule residential");
}

#[test]
fn the_forecast_is_one_picture_of_stages() {
    let house = demo();
    let told = house
        .run(&["collection", "forecast", "--days", "7"])
        .ok()
        .stdout;
    let legend = told
        .lines()
        .find(|line| line.starts_with('█') || line.starts_with('▓'));
    let legend = legend.unwrap_or_else(|| panic!("no legend\n{told}"));
    assert!(
        legend.contains("reminder") || legend.contains("notice"),
        "{legend}"
    );
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
}
