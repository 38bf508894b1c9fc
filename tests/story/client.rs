//! Stories of the person's data: found by any writing, exported, erased to the last byte, passed over later.

use serde_json::json;

use crate::house::House;

const VALUES: [&str; 9] = [
    "Zuleica Quaresma",
    "5549988887777",
    "zuleica.q@example.com",
    "52998224725",
    "Rua das Hortênsias",
    "zuleica-pppoe",
    "token-da-zuleica",
    "Sem sinal da Zuleica",
    "pix-da-zuleica",
];

fn house() -> House {
    let house = House::new();
    house.write("config.toml", "max_data_age_hours = 0\n");
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,email,tax_id,street,city,state,app_first_access_on\n\
         1,Zuleica Quaresma,F,(49) 98888-7777,zuleica.q@example.com,529.982.247-25,Rua das Hortênsias,Xaxim,SC,2026-01-02\n\
         2,Outra Pessoa,F,(49) 99999-0002,outra@example.com,,,Xaxim,SC,\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status\n21,1,A,A\n",
    );
    house.write(
        "book/logins.csv",
        "id,client_id,username,ip\n31,1,zuleica-pppoe,10.0.0.1\n",
    );
    house.write(
        "book/devices.csv",
        "address,client_id\ntoken-da-zuleica,1\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status,pix_code\n11,1,21,2026-11-10,99.90,A,pix-da-zuleica\n12,2,,2026-11-10,10,A,\n",
    );
    house.write(
        "book/tickets.csv",
        "id,client_id,title,visible_to_client\n41,1,Sem sinal da Zuleica,S\n",
    );
    house.write(
        "book/opt-outs.csv",
        "client_id,channel,purpose\n1,,marketing\n",
    );
    house.write(
        "rules.toml",
        "[[template]]\nname = \"app\"\nchannel = \"push\"\nkind = \"financial\"\ntitle = \"Oi\"\nbody = \"#cliente_nome# deve\"\n\
         [[template]]\nname = \"late\"\nchannel = \"sms\"\nkind = \"financial\"\nbody = \"#cliente_nome#: venceu\"\n\
         [[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"app\", \"late\"]\n",
    );
    house.run(&["import", "book"]).ok();
    house.run(&["apply", "rules.toml"]).ok();
    let ran = house.run(&["collection", "update"]);
    assert!(ran.code < 2, "{ran:#?}");
    house
        .run(&[
            "send",
            "invoices",
            "--template",
            "late",
            "--yes",
            "--deliver",
            "queue",
        ])
        .ok();
    house
}

/// Which of the values stand in a file's bytes.
fn found(house: &House, file: &str) -> Vec<&'static str> {
    let bytes = house.read_bytes(file);
    let holds = |value: &&str| {
        bytes
            .windows(value.len())
            .any(|part| part == value.as_bytes())
    };
    VALUES.into_iter().filter(holds).collect()
}

#[test]
fn an_erased_client_is_in_no_byte_of_the_database() {
    let mut house = house();
    // A value that changed leaves its old bytes in the file, until it is written anew.
    house.write("more.csv", "id,email\n1,novo@example.com\n");
    house.run(&["import", "clients", "more.csv"]).ok();
    assert!(
        found(&house, "regua.db").len() + found(&house, "regua.db-wal").len() >= VALUES.len() - 1
    );
    let refused = house.run(&["client", "erase", "1", "--why", "pedido 77"]);
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(
        refused
            .stderr
            .contains("1 collection case of theirs is open"),
        "{}",
        refused.stderr
    );
    house.run(&["backup", "backups"]).ok();
    let erased = house
        .run(&[
            "client",
            "erase",
            "1",
            "--why",
            "pedido 77",
            "--yes",
            "--json",
        ])
        .ok()
        .json();
    assert_eq!(erased["cancelled"], json!(1));
    assert!(erased["files"].to_string().contains("backups"), "{erased}");
    assert!(
        erased["files"].to_string().contains("sms.jsonl"),
        "{erased}"
    );
    for file in ["regua.db", "regua.db-wal"] {
        assert_eq!(found(&house, file), [""; 0], "{file}");
    }
    let known = house.run(&["client", "show", "1", "--json"]).ok().json();
    assert_eq!(known["opt_outs"][0]["purpose"], json!("marketing"));
    assert_eq!(known["invoices"][0]["amount"], json!(99.9));
    for message in known["messages"].as_array().expect("messages") {
        assert_eq!(message["body"], json!(null), "{message}");
    }
    // A later import passes them over; others come as ever.
    house.at("2026-11-24T09:00");
    house.write("book/clients.csv", "id,name,person_type,mobile\n1,Zuleica Quaresma,F,(49) 98888-7777\n2,Outra Pessoa,F,(49) 99999-0002\n");
    let imported = house.run(&["import", "book", "--json"]).ok().json();
    let of = |kind: &str| {
        let all = imported.as_array().expect("files");
        all.iter()
            .find(|file| file["kind"] == json!(kind))
            .expect(kind)["erased"]
            .clone()
    };
    assert_eq!(
        (of("clients"), of("invoices"), of("devices")),
        (json!(1), json!(1), json!(1))
    );
    assert_eq!(found(&house, "regua.db"), [""; 0]);
    house.run(&["client", "restore", "1"]).ok();
    house.run(&["import", "book"]).ok();
    let back = house
        .run(&["client", "list", "--contact", "49 8888 7777", "--json"])
        .ok()
        .json();
    assert_eq!(back[0]["client_id"], json!(1));
    assert_eq!(house.run(&["client", "restore", "1"]).code, 3);
}

#[test]
fn a_client_is_found_by_any_writing_and_exported_whole() {
    let house = house();
    for contact in [
        "+55 49 98888-7777",
        "(49) 8888-7777",
        "ZULEICA.Q@example.com",
    ] {
        let rows = house
            .run(&["client", "list", "--contact", contact, "--json"])
            .ok()
            .json();
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{contact}: {rows}");
    }
    assert_eq!(
        house.run(&["client", "list", "--contact", "ninguém"]).code,
        2
    );
    house.run(&["client", "export", "1", "-o", "one.json"]).ok();
    let whole = house.read("one.json");
    for value in VALUES {
        assert!(whole.contains(value), "{value}");
    }
    assert_eq!(house.run(&["client", "erase", "9", "--why", "x"]).code, 3);
    assert_eq!(house.run(&["report", "list", "-o", "one.json"]).code, 2);
}

#[test]
fn a_listed_number_is_not_written_to_and_its_list_is_replaced_whole() {
    let mut house = house();
    house.write(
        "procon.csv",
        "list,phone,since\nprocon,49 8888-7777,2026-10-01\nprocon,(49) 98888-7777,2026-10-01\nprocon,(49) 99999-0002,2026-11-20\n",
    );
    house.run(&["import", "block-lists", "procon.csv"]).ok();
    house.at("2026-11-24T09:00");
    let sent = house
        .run(&["send", "invoices", "--template", "late", "--yes", "--json"])
        .json();
    assert_eq!(sent["reasons"]["blocked_list"], json!(1), "{sent}");
    assert_eq!(sent["messages"]["sent"], json!(1), "{sent}");
    house.write(
        "notes.csv",
        "list,phone\nprocon,não ligar (49) 98888-7777\n",
    );
    let bad = house.run(&["import", "block-lists", "notes.csv"]);
    assert_eq!(bad.code, 3);
    assert!(bad.stderr.contains("notes.csv:2: phone"), "{}", bad.stderr);
    house.write("procon.csv", "list,phone\nprocon,(11) 98888-7777\n");
    house.run(&["import", "block-lists", "procon.csv"]).ok();
    house.at("2026-11-25T09:00");
    let sent = house
        .run(&["send", "invoices", "--template", "late", "--yes", "--json"])
        .json();
    assert_eq!(sent["messages"]["sent"], json!(2), "{sent}");
}

#[test]
fn a_listed_number_is_asked_for_in_an_update_and_once_more_when_its_message_would_leave() {
    let mut house = house();
    house.write(
        "more.toml",
        "[[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\"]\n",
    );
    house.run(&["apply", "more.toml"]).ok();
    house.write(
        "new.csv",
        "id,client_id,due_on,amount,status\n15,1,2026-11-18,10,A\n16,2,2026-11-18,10,A\n",
    );
    house.run(&["import", "invoices", "new.csv"]).ok();
    house.write(
        "procon.csv",
        "list,phone,since\nprocon,(49) 98888-7777,2026-10-01\n",
    );
    house.run(&["import", "block-lists", "procon.csv"]).ok();
    let before = house.lines("sms.jsonl").len();
    // Before the hours in which people may be asked for money: what goes waits.
    house.at("2026-11-24T05:00");
    let updated = house.run(&["collection", "update", "--json"]).ok().json();
    let kept_back = |house: &House| {
        let rows = house.run(&["history", "--reason", "blocked_list", "--json"]);
        let rows = rows.json().as_array().cloned().unwrap_or_default();
        let clients = rows.iter().filter_map(|row| row["client_id"].as_i64());
        clients.collect::<std::collections::BTreeSet<i64>>()
    };
    assert_eq!(Vec::from_iter(kept_back(&house)), [1], "{updated}");
    // The other's number is listed while its message waits.
    house.write(
        "procon.csv",
        "list,phone,since\nprocon,(49) 98888-7777,2026-10-01\nprocon,(49) 99999-0002,2026-10-01\n",
    );
    house.run(&["import", "block-lists", "procon.csv"]).ok();
    house.at("2026-11-24T09:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(Vec::from_iter(kept_back(&house)), [1, 2]);
    assert_eq!(house.lines("sms.jsonl").len(), before);
}

#[test]
fn what_is_sent_until_delivered_goes_on_by_the_next_template() {
    let mut house = house();
    house.write(
        "more.toml",
        "[[template]]\nname = \"mail\"\nchannel = \"email\"\nkind = \"financial\"\ntitle = \"Oi\"\nbody = \"venceu\"\n\
         [[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\", \"mail\"]\ndeliver = \"until_delivered\"\nhours = 24\n",
    );
    house.run(&["apply", "more.toml"]).ok();
    house.write(
        "new.csv",
        "id,client_id,due_on,amount,status\n15,2,2026-11-18,10,A\n",
    );
    house.run(&["import", "invoices", "new.csv"]).ok();
    house.at("2026-11-24T09:00");
    house.run(&["collection", "update"]).ok();
    assert_eq!(house.lines("email.jsonl").len(), 0);
    house.at("2026-11-25T08:30");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("email.jsonl").len(), 0);
    house.at("2026-11-25T09:30");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("email.jsonl").len(), 1);
    house.at("2026-11-27T09:30");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(house.lines("email.jsonl").len(), 1);
}

#[test]
fn a_bare_run_due_goes_on_with_what_did_not_arrive() {
    let mut house = house();
    house.write(
        "more.toml",
        "[[template]]\nname = \"mail\"\nchannel = \"email\"\nkind = \"financial\"\ntitle = \"Oi\"\nbody = \"venceu\"\n\
         [[rule]]\nname = \"all\"\n[[rule.stage]]\nname = \"notice\"\nday = 3\ntemplates = [\"late\", \"mail\"]\ndeliver = \"until_delivered\"\nhours = 2\n",
    );
    house.run(&["apply", "more.toml"]).ok();
    house.write(
        "new.csv",
        "id,client_id,due_on,amount,status\n15,2,2026-11-18,10,A\n16,1,2026-11-18,10,A\n",
    );
    house.run(&["import", "invoices", "new.csv"]).ok();
    house.at("2026-11-24T09:00");
    house.run(&["collection", "update"]).ok();
    // Of one it is reported that it arrived; no task at all is there.
    house.write(
        "arrived.csv",
        "key,status,at\ncollection/16/1/stage:notice/late/sms,delivered,2026-11-24T09:01\n",
    );
    house.run(&["receipts", "import", "arrived.csv"]).ok();
    house.at("2026-11-24T10:30");
    house.run(&["task", "run-due"]).ok();
    assert_eq!(house.lines("email.jsonl").len(), 0);
    for minute in ["11:05", "11:06", "11:30", "13:30"] {
        house.at(&format!("2026-11-24T{minute}"));
        let ran = house.run(&["task", "run-due"]).ok();
        assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""));
    }
    let said = house.lines("email.jsonl");
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(said[0]["key"], "collection/15/1/stage:notice/mail/email");
}

#[test]
fn a_listed_number_stays_where_its_client_is_erased() {
    let house = house();
    house.write(
        "procon.csv",
        "list,phone,since\nprocon,(49) 98888-7777,2026-10-01\n",
    );
    house.run(&["import", "block-lists", "procon.csv"]).ok();
    house
        .run(&["client", "erase", "1", "--why", "pedido 77", "--yes"])
        .ok()
        .says("list `procon` holds a number of theirs: it stays");
}

#[test]
fn whoever_reads_all_the_while_keeps_the_log_from_being_emptied_and_is_told() {
    let house = house();
    let reader = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM client;")
        .expect("a look");
    let ran = house.run(&["client", "erase", "1", "--why", "pedido 77", "--yes"]);
    assert_ne!(ran.code, 0, "{ran:#?}");
    drop(reader);
    house
        .run(&["client", "erase", "1", "--why", "pedido 77", "--yes"])
        .ok();
    for file in ["regua.db", "regua.db-wal"] {
        assert_eq!(found(&house, file), [""; 0], "{file}");
    }
}

#[test]
fn hours_and_holidays_are_those_of_the_clients_place() {
    let mut house = House::new();
    house.write(
        "config.toml",
        "max_data_age_hours = 0\n[contact_hours]\ncollection = { weekdays = \"08:00-20:00\" }\n\
         [contact_hours.state.RJ]\ncollection = { weekdays = \"10:00-18:00\" }\n\
         [holidays.state]\nSP = [\"2026-11-24\"]\n[holidays.city]\n\"Chapecó/SC\" = [\"2026-11-25\"]\n",
    );
    house.write(
        "book/clients.csv",
        "id,name,person_type,mobile,city,state\n\
         1,Ana,F,(49) 99999-0001,Chapecó,SC\n2,Bia,F,(21) 99999-0002,Niterói,RJ\n\
         3,Caio,F,(11) 99999-0003,Campinas,SP\n4,Davi,F,(49) 99999-0004,Xaxim,SC\n",
    );
    house.write(
        "book/contracts.csv",
        "id,client_id,status,access_status,city\n21,1,A,A,\n22,2,A,A,\n23,3,A,A,\n24,4,A,A,Chapecó\n",
    );
    house.write(
        "book/invoices.csv",
        "id,client_id,contract_id,due_on,amount,status\n11,1,21,2026-11-10,10,A\n12,2,22,2026-11-10,10,A\n\
         13,3,23,2026-11-10,10,A\n14,4,24,2026-11-10,10,A\n",
    );
    house.run(&["import", "book"]).ok();
    let add = [
        "template",
        "add",
        "late",
        "--channel",
        "sms",
        "--kind",
        "financial",
    ];
    house
        .run(&[&add[..], &["--body", "venceu #areceber_numero#"]].concat())
        .ok();
    let waits = |house: &House| -> Vec<(i64, String, Option<String>)> {
        let rows = house.json(&["history"]);
        let mut rows: Vec<_> = rows
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| {
                (
                    row["client_id"].as_i64().expect("an id"),
                    row["status"].as_str().expect("a state").to_owned(),
                    row["not_before"].as_str().map(str::to_owned),
                )
            })
            .collect();
        rows.sort();
        rows
    };
    // Tuesday 9 o'clock: too early in Rio, a holiday in São Paulo.
    house.at("2026-11-24T09:00");
    house
        .run(&["send", "invoices", "--template", "late", "--yes"])
        .ok();
    let state = |client: i64, status: &str, until: Option<&str>| {
        (client, status.to_owned(), until.map(str::to_owned))
    };
    assert_eq!(
        waits(&house),
        [
            state(1, "sent", None),
            state(2, "queued", Some("2026-11-24T10:00:00-03:00")),
            state(3, "queued", Some("2026-11-25T08:00:00-03:00")),
            state(4, "sent", None),
        ]
    );
    // Wednesday is a holiday of Chapecó: of the client there, and of the contract there.
    house.at("2026-11-25T09:00");
    house
        .run(&["send", "invoices", "--template", "late", "--yes"])
        .ok();
    let waiting: Vec<(i64, Option<String>)> = waits(&house)
        .into_iter()
        .filter(|(_, status, _)| status == "queued")
        .map(|(client, _, until)| (client, until))
        .collect();
    let thursday = Some("2026-11-26T08:00:00-03:00".to_owned());
    assert!(waiting.contains(&(1, thursday.clone())), "{waiting:?}");
    assert!(waiting.contains(&(4, thursday)), "{waiting:?}");
    // A state that does not exist is refused with its line.
    house.write("bad.toml", "[holidays.state]\nXX = [\"2026-11-24\"]\n");
    house
        .run(&["--config", "bad.toml", "queue", "stats"])
        .exits(3)
        .says("bad.toml:2");
}
