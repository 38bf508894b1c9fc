//! Reports over the small book.

use crate::house::House;
use serde_json::{Value, json};

/// The ids of the rows of a report with these filters.
fn ids(house: &House, kind: &str, filters: &[&str]) -> Vec<i64> {
    let id = format!("{}_id", kind.trim_end_matches('s'));
    let mut arguments = vec!["report", "run", kind, "--columns", &id];
    for filter in filters {
        arguments.extend(["--filter", filter]);
    }
    house
        .json(&arguments)
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| row[&id].as_i64().expect("an id"))
        .collect()
}

#[test]
fn every_operator_works_on_every_type() {
    let house = House::with_book();
    for (kind, filter, expected) in [
        // words, in any accepted spelling
        (
            "contracts",
            "access_status=CA,manual_block",
            [11, 12, 14, 15, 16].as_slice(),
        ),
        ("contracts", "access_status!=CA,CM,disabled", &[13]),
        ("logins", "online=SS", &[22]),
        // yes/no
        ("contracts", "client_active=não", &[15]),
        ("contracts", "has_app!=yes", &[12, 13, 16, 17]),
        // numbers
        ("contracts", "overdue_days>=13", &[11, 12, 14, 15]),
        ("contracts", "overdue_days<=13", &[11, 13, 16, 17]),
        ("contracts", "open_invoices=2", &[11]),
        ("contracts", "overdue_invoices!=0", &[11, 12, 14, 15]),
        // money
        ("invoices", "open_amount>=1.000,00", &[103]),
        ("invoices", "open_amount<=59.90", &[104, 105, 106, 107]),
        ("invoices", "open_amount=99.90,10.00", &[101, 102, 107]),
        // dates
        ("invoices", "due_on>=10/11/2026", &[101, 102, 104]),
        ("invoices", "due_on<=2026-11-01", &[103, 105, 106]),
        ("invoices", "due_on=2026-11-01,2026-11-05", &[105, 106, 107]),
        ("contracts", "oldest_due_on=", &[13, 16, 17]),
        // texts
        ("contracts", "plan=Fibra 100,Fibra 300", &[12, 13, 15, 17]),
        ("contracts", "client_name~EDINA", &[15]),
        ("contracts", "city~chapeco", &[11, 12, 15, 16, 17]),
        ("contracts", "portfolio=", &[13, 16, 17]),
        ("logins", "concentrator~bras", &[21, 22, 23]),
        // phones
        ("contracts", "mobile=49 99999-0001", &[11]),
        ("contracts", "mobile=", &[13]),
        ("contracts", "email~EXAMPLE.COM", &[11, 13, 14, 15]),
        // an invoice without a contract
        ("invoices", "contract_id=", &[107]),
        ("invoices", "contract_status!=active", &[107]),
        ("invoices", "overdue_days>=20", &[103, 105, 106]),
    ] {
        assert_eq!(ids(&house, kind, &[filter]), expected, "{kind} {filter}");
    }
    assert_eq!(
        ids(
            &house,
            "contracts",
            &[
                "contract_status=active",
                "access_status=CA,CM",
                "client_active=yes"
            ]
        ),
        [11, 12, 14, 16]
    );
}

#[test]
fn equal_and_not_equal_part_the_rows_of_every_field() {
    let house = House::with_book();
    for kind in ["contracts", "logins", "invoices"] {
        let rows = house.json(&["report", "run", kind, "--columns", "all"]);
        let rows = rows.as_array().expect("an array");
        let all = ids(&house, kind, &[]);
        assert_eq!(all.len(), rows.len());
        let first = rows[0].as_object().expect("a row");
        for (field, value) in first {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                Value::Number(number) => number.to_string(),
                _ => String::new(),
            };
            let with = ids(&house, kind, &[&format!("{field}={value}")]);
            let without = ids(&house, kind, &[&format!("{field}!={value}")]);
            assert!(with.contains(&all[0]), "{kind} {field}={value}: {with:?}");
            assert!(
                without.iter().all(|id| !with.contains(id)),
                "{kind} {field}"
            );
            let mut both = [with, without].concat();
            both.sort_unstable();
            let mut all = all.clone();
            all.sort_unstable();
            assert_eq!(both, all, "{kind} {field}={value}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_all_at_once_before_any_row() {
    let house = House::with_book();
    house
        .run(&[
            "report",
            "run",
            "contracts",
            "-f",
            "contract_statu=active",
            "-f",
            "access_status=on",
            "-f",
            "overdue_days>=many",
            "-f",
            "plan>=a",
            "-f",
            "overdue_days~1",
            "-f",
            "oldest_due_on=30/02/2026",
            "-f",
            "overdue_total=99,90",
            "-f",
            "nonsense",
            "--order",
            "plam",
        ])
        .exits(3)
        .says("did you mean `contract_status`? accepted: contract_id, contract_status,")
        .says("found `on`, accepted: active, disabled, manual_block, auto_block")
        .says("`overdue_days`: found `many`, accepted: a whole number")
        .says("`plan` holds text, which has no order")
        .says("`overdue_days` holds number, not text")
        .says("found `30/02/2026`, accepted: a date: 2026-12-10 or 10/12/2026")
        .says("`overdue_total`: found `99,90`, which may be one amount or two")
        .says("filter `nonsense`: is not a filter")
        .says("order `plam`: `plam` is not a field of contracts, did you mean `plan`?");
    house
        .run(&["report", "run", "invoice"])
        .exits(3)
        .says("did you mean `invoices`?");
}

#[test]
fn a_value_is_only_ever_a_value() {
    let house = House::with_book();
    for text in ["x' OR '1'='1", "x\"; DROP TABLE client; --", "%", "_", "?1"] {
        assert_eq!(
            ids(&house, "contracts", &[&format!("client_name={text}")]),
            [0i64; 0]
        );
        assert_eq!(
            ids(&house, "contracts", &[&format!("client_name~{text}")]),
            [0i64; 0]
        );
    }
    assert_eq!(ids(&house, "contracts", &[]).len(), 7);
}

#[test]
fn order_passes_over_case_and_accents_and_ends_with_the_id() {
    let house = House::with_book();
    let by = |orders: &[&str]| {
        let mut arguments = vec!["report", "run", "contracts", "--columns", "contract_id"];
        for order in orders {
            arguments.extend(["--order", order]);
        }
        let rows = house.json(&arguments);
        let rows = rows.as_array().expect("an array").clone();
        rows.iter()
            .map(|row| row["contract_id"].as_i64().expect("an id"))
            .collect::<Vec<_>>()
    };
    assert_eq!(by(&["client_name"]), [11, 12, 13, 14, 15, 16, 17]);
    assert_eq!(by(&["client_name:desc"]), [16, 17, 15, 14, 13, 12, 11]);
    assert_eq!(by(&["overdue_total:desc"]), [12, 11, 14, 15, 13, 16, 17]);
    assert_eq!(
        by(&["city", "overdue_days:desc"]),
        [12, 15, 11, 16, 17, 14, 13]
    );
}

#[test]
fn a_saved_report_is_run_narrowed_and_removed() {
    let house = House::with_book();
    house
        .run(&[
            "report",
            "save",
            "cut-for-debt",
            "contracts",
            "--filter",
            "contract_status=active",
            "--filter",
            "access_status=manual_block,auto_block",
            "--filter",
            "client_active=yes",
            "--order",
            "client_name:desc",
        ])
        .ok();
    let run = |rest: &[&str]| {
        let mut arguments = vec![
            "report",
            "run",
            "cut-for-debt",
            "--columns",
            "contract_id",
            "-o",
            "csv",
        ];
        arguments.extend(rest);
        house.run(&arguments).ok().stdout
    };
    assert_eq!(run(&[]), "contract_id\n16\n14\n12\n11\n");
    assert_eq!(run(&["-f", "city=Chapecó"]), "contract_id\n16\n12\n11\n");
    assert_eq!(
        run(&["--order", "contract_id", "--limit", "1"]),
        "contract_id\n11\n"
    );
    assert_eq!(
        house.json(&["report", "show", "cut-for-debt"]),
        json!({
            "name": "cut-for-debt", "kind": "contracts",
            "filters": ["contract_status=active", "access_status=manual_block,auto_block", "client_active=yes"],
            "order": ["client_name:desc"]
        })
    );
    assert_eq!(house.json(&["report", "list"])[0]["name"], "cut-for-debt");
    house
        .run(&["report", "run", "cut-for-det"])
        .exits(3)
        .says("did you mean `cut-for-debt`?");
    house
        .run(&["report", "save", "logins", "logins"])
        .exits(3)
        .says("is the name of a kind");
    house
        .run(&["report", "save", "x", "logins", "-f", "onlin=yes"])
        .exits(3);
    house.run(&["report", "remove", "cut-for-debt"]).ok();
    house.run(&["report", "show", "cut-for-debt"]).exits(3);
    assert_eq!(house.json(&["report", "list"]), json!([]));
}

#[test]
fn the_fields_of_each_kind_are_listed_with_what_they_accept() {
    let house = House::new();
    for (kind, fields) in [("contracts", 23), ("logins", 32), ("invoices", 28)] {
        let listed = house.json(&["report", "fields", kind]);
        assert_eq!(listed.as_array().map(Vec::len), Some(fields), "{kind}");
    }
    let ran = house.run(&["report", "fields", "contracts"]).ok();
    assert!(
        ran.stdout.lines().all(|line| line.chars().count() <= 80),
        "wider than 80 columns:\n{}",
        ran.stdout
    );
}

#[test]
fn a_filter_takes_many_values_and_not_any_number_of_them() {
    let house = House::with_book();
    let ids = |n: usize| {
        let ids: Vec<String> = (1..=n).map(|id| id.to_string()).collect();
        format!("client_id={}", ids.join(","))
    };
    let fine = house.json(&["report", "run", "contracts", "--filter", &ids(5_000)]);
    assert_eq!(fine.as_array().map(Vec::len), Some(7));
    house
        .run(&["report", "run", "contracts", "--filter", &ids(5_001)])
        .exits(3)
        .says("filter on `client_id`: has 5001 values, more than a filter takes (5000)");
    let many = ids(4_000);
    let filters = ["--filter", &many, "--filter", &many, "--filter", &many];
    house
        .run(&[&["report", "run", "contracts"][..], &filters].concat())
        .exits(3)
        .says("12000 values are more than the filters of a report take (10000)");
}
