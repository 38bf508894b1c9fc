//! Definitions as files.

use crate::house::House;

const FILE: &str = r##"
[[template]]
name = "cut"
channel = "push"
kind = "financial"
title = "Fatura"
body = "#cliente_nome# \"aspas\" \\ barra"

[[template]]
name = "wa"
channel = "whatsapp"
kind = "financial"
description = "Aviso"
body = "Oi {{1}}.\nAté."
variables = ["cliente_nome"]

[[report]]
name = "cut-for-debt"
on = "contracts"
filters = ["contract_status=active", "access_status=manual_block,auto_block"]
order = ["client_name"]
"##;

#[test]
fn a_file_is_applied_once_and_checked_before() {
    let house = House::new();
    house.write("rules.toml", FILE);
    house
        .run(&["apply", "--check", "rules.toml"])
        .exits(6)
        .prints("+");
    // Who only checks makes no database.
    house
        .run(&["template", "list"])
        .exits(4)
        .says("there is no database");
    house.run(&["apply", "rules.toml"]).ok();
    house
        .run(&["apply", "--check", "rules.toml"])
        .ok()
        .prints("=");
    house.write("rules.toml", FILE.replace("\"Fatura\"", "\"Sua fatura\""));
    house
        .run(&["apply", "--check", "rules.toml"])
        .exits(6)
        .prints("~")
        .prints("title");
}

#[test]
fn what_is_exported_applies_without_a_change() {
    let house = House::new();
    house.write("rules.toml", FILE);
    house.run(&["apply", "rules.toml"]).ok();
    house
        .run(&[
            "template",
            "add",
            "o",
            "--channel",
            "sms",
            "--kind",
            "general",
            "--purpose",
            "service",
            "--body",
            "''' \"\"\"",
        ])
        .ok();
    let exported = house.run(&["export"]).ok().stdout;
    house.write("saved.toml", &exported);
    house
        .run(&["apply", "--check", "--prune", "saved.toml"])
        .ok();
    let other = House::new();
    other.write("saved.toml", &exported);
    other.run(&["apply", "saved.toml"]).ok();
    assert_eq!(other.run(&["export"]).ok().stdout, exported);
    assert_eq!(
        other.json(&["template", "list"]),
        house.json(&["template", "list"])
    );
}

#[test]
fn what_the_files_no_longer_name_goes_only_with_prune() {
    let house = House::new();
    house.write("rules.toml", FILE);
    house.run(&["apply", "rules.toml"]).ok();
    let less = FILE.split("[[report]]").next().expect("a first part");
    house.write("rules.toml", less);
    house.run(&["apply", "--check", "rules.toml"]).ok();
    house
        .run(&["apply", "--prune", "rules.toml"])
        .ok()
        .prints("-");
    house.run(&["report", "show", "cut-for-debt"]).exits(3);
}

#[test]
fn errors_name_file_line_key_and_what_to_write() {
    let house = House::new();
    house.write(
        "bad.toml",
        "[[template]]\nname = \"t\"\nchannel = \"pusch\"\nkind = \"financial\"\nbody = \"x\"\ncolour = \"red\"\n\
         [[report]]\nname = \"r\"\non = \"contracts\"\nfilters = [\"cty=x\"]\n",
    );
    let ran = house.run(&["apply", "bad.toml"]).exits(3);
    for told in [
        "bad.toml:3",
        "pusch",
        "push",
        "bad.toml:6",
        "colour",
        "bad.toml:10",
        "did you mean `city`?",
    ] {
        assert!(ran.stderr.contains(told), "lacks {told}\n{}", ran.stderr);
    }
    house
        .run(&["apply", "--check", "none.toml"])
        .exits(3)
        .says("none.toml");
    house.write("v.toml", FILE.replace("#cliente_nome# ", "#cliente_nme# "));
    house
        .run(&["apply", "v.toml"])
        .exits(3)
        .says("#cliente_nme# is not a known variable, try #cliente_nome#");
    assert_eq!(
        house.json(&["template", "list"]).as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_at_once_and_in_the_order_of_its_lines() {
    let house = House::new();
    house.write(
        "bad.toml",
        r#"
[[task]]
name = "one"
run = "send"
report = "none"
template = "none"
minute = "0"
hour = "9"

[[trigger]]
name = "two"
event = "workflow"
templates = ["none"]

[[rule]]
name = "three"
[[rule.stage]]
name = "notice"
day = 3
templates = ["none"]

[[task]]
name = "four"
run = "send"
report = "none"
template = "none"
minute = "0"
hour = "9"
"#,
    );
    house.write(
        "worse.toml",
        "[[trigger]]\nname = \"five\"\nevent = \"workflow\"\ntemplates = [\"none\"]\n",
    );
    for check in [&["apply"][..], &["apply", "--check"]] {
        let ran = house
            .run(&[check, &["worse.toml", "bad.toml"]].concat())
            .exits(3);
        let places: Vec<(&str, u64)> = ran
            .stderr
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once(".toml:")?;
                let file = if line.contains("worse.toml:") {
                    "worse"
                } else {
                    "bad"
                };
                Some((file, rest.split(':').next()?.parse().ok()?))
            })
            .collect();
        assert!(places.len() >= 7, "{}", ran.stderr);
        assert_eq!(places[0].0, "worse");
        let lines: Vec<u64> = places
            .iter()
            .filter(|at| at.0 == "bad")
            .map(|at| at.1)
            .collect();
        assert!(lines.is_sorted(), "{lines:?}\n{}", ran.stderr);
        assert_eq!((lines.first(), lines.last()), (Some(&2), Some(&22)));
    }
}

/// One of each that can be edited, besides [`FILE`].
const MORE: &str = r#"
[[trigger]]
name = "opened"
event = "new-ticket-client"
topics = [4]
templates = ["mail"]

[[template]]
name = "mail"
channel = "email"
kind = "support"
title = "Atendimento"
body = "Recebemos."

[[rule]]
name = "residential"
[[rule.stage]]
name = "notice"
day = 3
templates = ["cut"]

[[task]]
name = "collections"
run = "collection-update"
minute = "30"
hour = "8"
"#;

#[test]
fn an_edit_that_changes_nothing_says_so() {
    let house = House::new();
    house.write("all.toml", format!("{FILE}{MORE}"));
    house.run(&["apply", "all.toml"]).ok();
    for (edit, flag, same, other) in [
        ("report edit cut-for-debt", "--order", "client_name", "city"),
        ("template edit mail", "--title", "Atendimento", "Aviso"),
        ("trigger edit opened", "--topic", "4", "5"),
        (
            "rule edit residential",
            "--stage",
            "notice:3:cut",
            "notice:4:cut",
        ),
        (
            "rule edit residential",
            "--evaluated-on",
            "2026-11-20",
            "2026-11-21",
        ),
    ] {
        let edit = |value| [&edit.split(' ').collect::<Vec<_>>()[..], &[flag, value]].concat();
        if flag == "--evaluated-on" {
            house.run(&edit(same)).ok().says("changed rule");
        }
        let ran = house.run(&edit(same)).ok();
        assert!(ran.stderr.contains("unchanged "), "{}", ran.stderr);
        assert_eq!(house.json(&edit(same))["done"], "unchanged", "{flag}");
        assert_eq!(house.json(&edit(other))["done"], "changed", "{flag}");
        assert_eq!(house.json(&edit(other))["done"], "unchanged", "{flag}");
    }
    for change in [
        "disable collections",
        "edit collections --hour 9",
        "enable collections",
    ] {
        let change = [&["task"], &change.split(' ').collect::<Vec<_>>()[..]].concat();
        house.run(&change).ok().says("saved task");
        house.run(&change).ok().says("unchanged task");
    }
    house
        .run(&["--lang", "pt", "task", "enable", "collections"])
        .ok()
        .says("sem alteração");
}
