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
