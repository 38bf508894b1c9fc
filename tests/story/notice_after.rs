//! What happens after a notice was given: found undelivered, its invoice paid or moved, another invoice come in.

use serde_json::{Value, json};

use crate::house::House;
use crate::notice::{RULE, provider, update};

/// The rule of the notice stories with a notice of rescission, as soon as that of the suspension allows it.
fn with_rescission() -> House {
    let house = provider();
    house.write(
        "more.toml",
        format!(
            "{}[[rule.stage]]\nname = \"visit\"\nday = 40\ntemplates = [\"end\"]\nnotice = \"rescission\"\n\
             [[template]]\nname = \"end\"\nchannel = \"email\"\nkind = \"financial\"\ntitle = \"Rescisão\"\n\
             body = \"Fatura #areceber_numero#: rescisão em #rescisao_data#.\"\n",
            RULE.replacen("[[rule]]", "[[rule]]\none_message_per_client = false", 1)
        ),
    );
    house.run(&["apply", "more.toml"]).ok();
    house
}

/// Two texts for all of a client's invoices, the second where nobody reported the arrival of the first.
const UNTIL_DELIVERED: &str = r##"
[[template]]
name = "all-sms"
channel = "sms"
kind = "financial"
body = "#faturas_total#"
[[template]]
name = "all-mail"
channel = "email"
kind = "financial"
title = "Oi"
body = "#faturas_quantidade# por #faturas_total#"
[[rule]]
name = "residential"
[[rule.stage]]
name = "notice"
day = 1
templates = ["all-sms", "all-mail"]
deliver = "until_delivered"
hours = 2
"##;

fn import(house: &House, kind: &str, text: &str) {
    house.write("change.csv", text);
    house.run(&["import", kind, "change.csv"]).ok();
}

/// The texts of an event that went to Ana, in order.
fn said(house: &House, event: &str) -> Vec<String> {
    let rows = house.json(&["history", "--client", "1", "--limit", "0"]);
    let mut said: Vec<String> = rows
        .as_array()
        .expect("messages")
        .iter()
        .filter(|row| row["status"] == "sent" && row["event"] == event)
        .map(|row| row["body"].as_str().expect("a text").to_owned())
        .collect();
    said.reverse();
    said
}

#[test]
fn a_notice_found_undelivered_after_its_case_moved_on_is_given_again() {
    let mut house = with_rescission();
    for day in ["2026-12-01", "2026-12-05", "2026-12-10"] {
        update(&mut house, day);
    }
    house.at("2026-12-11T08:00");
    house.write(
        "receipts.csv",
        "key,status,at\ncollection/11/1/stage:inquiry/notice-sms/sms,failed,2026-12-11T07:00\n",
    );
    house.run(&["receipts", "import", "receipts.csv"]).ok();
    house
        .run(&["collection", "show", "11"])
        .ok()
        .prints("until its notice of suspension is sent");
    update(&mut house, "2026-12-11");
    let given = said(&house, "stage:inquiry");
    // By the next template, for both invoices, and with the dates of its own day.
    assert_eq!(given.len(), 1, "{given:#?}");
    assert!(given[0].contains("R$ 109,90"), "{given:#?}");
    assert!(
        given[0].contains("suspenso a partir de 28/12/2026"),
        "{given:#?}"
    );
    for day in ["2026-12-12", "2027-01-11", "2027-01-12"] {
        update(&mut house, day);
    }
    assert_eq!(said(&house, "stage:inquiry").len(), 1);
    let ended = said(&house, "stage:visit");
    assert_eq!(ended, ["Fatura 11: rescisão em 26/02/2027."]);
    let row = &house.json(&["notice", "list"])[0];
    assert_eq!(row["notice_on"], "2026-12-11", "{row}");
    assert_eq!(row["suspend_from"], "2026-12-28", "{row}");
}

#[test]
fn no_rescission_is_announced_while_the_notice_of_suspension_is_missing() {
    let mut house = with_rescission();
    for day in ["2026-12-01", "2026-12-05", "2026-12-10"] {
        update(&mut house, day);
    }
    // Nobody can be reached any more, and the notice comes back.
    import(&house, "clients", "id,mobile,email\n1,,\n");
    house.write(
        "receipts.csv",
        "key,status,at\ncollection/11/1/stage:inquiry/notice-sms/sms,failed,2026-12-11T07:00\n",
    );
    house.run(&["receipts", "import", "receipts.csv"]).ok();
    for day in ["2027-01-11", "2027-01-12"] {
        update(&mut house, day);
    }
    let cases = house.json(&["collection", "list", "--client", "1"]);
    for case in cases.as_array().expect("cases") {
        assert_eq!(case["stage"], "arrangement", "{case}");
    }
}

#[test]
fn a_later_invoice_has_a_notice_of_its_own_once_that_of_its_contract_is_paid() {
    let mut house = with_rescission();
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    import(
        &house,
        "invoices",
        "id,client_id,contract_id,due_on,amount,status\n15,1,21,2026-12-01,77.00,A\n",
    );
    for day in ["2026-12-07", "2026-12-08", "2026-12-11"] {
        update(&mut house, day);
    }
    // While the first invoices owe, their notice counts for the contract.
    assert_eq!(said(&house, "stage:inquiry").len(), 1);
    import(&house, "invoices", "id,status\n11,R\n12,R\n");
    for day in ["2026-12-14", "2027-01-11"] {
        update(&mut house, day);
    }
    let given = said(&house, "stage:inquiry");
    assert_eq!(given.len(), 2, "{given:#?}");
    assert!(given[1].contains("R$ 77,00"), "{given:#?}");
    assert!(
        given[1].contains("rescindido a partir de 27/02/2027"),
        "{given:#?}"
    );
    assert_eq!(
        said(&house, "stage:visit"),
        ["Fatura 15: rescisão em 27/02/2027."]
    );
}

#[test]
fn a_notice_of_one_contract_allows_nothing_of_another() {
    let mut house = provider();
    import(
        &house,
        "contracts",
        "id,client_id,plan,status,access_status\n23,1,Fibra 100,A,A\n",
    );
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    import(&house, "invoices", "id,contract_id\n11,23\n12,23\n");
    update(&mut house, "2026-12-08");
    // Who has the invoices now is told anew; the first notice leaves nobody ready.
    house.at("2026-12-24T09:00");
    let rows = house.json(&["notice", "list", "--ready"]);
    let rows = rows.as_array().expect("a list");
    let hers: Vec<&Value> = rows.iter().filter(|row| row["client_id"] == 1).collect();
    assert_eq!(hers.len(), 1, "{rows:#?}");
    assert_eq!(hers[0]["contract_id"], 23);
    assert_eq!(hers[0]["notice_on"], "2026-12-08");
}

#[test]
fn a_payment_taken_back_makes_nobody_ready_by_the_notice_of_before() {
    let mut house = provider();
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    import(&house, "invoices", "id,status\n11,R\n12,R\n");
    update(&mut house, "2026-12-24");
    import(&house, "invoices", "id,status\n11,A\n");
    house.at("2026-12-28T09:00");
    let ready = |house: &House| {
        let rows = house.json(&["notice", "list", "--ready"]);
        let rows = rows.as_array().expect("a list");
        rows.iter().filter(|row| row["contract_id"] == 21).count()
    };
    assert_eq!(ready(&house), 0, "it begins anew, with a notice of its own");
    // Where only the rule went, what it gave stays.
    let mut house = provider();
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    house.run(&["rule", "remove", "residential", "--yes"]).ok();
    house.at("2026-12-28T09:00");
    assert_eq!(ready(&house), 1);
    import(&house, "contracts", "id,access_status\n21,CA\n");
    house.run(&["notice", "audit"]).ok();
}

#[test]
fn a_notice_that_waits_for_its_hours_is_folded_into_nothing() {
    let mut house = provider();
    house.write("portfolios.csv", "id,portfolio\n11,A\n12,A\n13,A\n");
    house.run(&["import", "invoices", "portfolios.csv"]).ok();
    import(
        &house,
        "invoices",
        "id,client_id,due_on,amount,status,portfolio\n19,1,2026-11-20,33.00,A,B\n",
    );
    let config = house.read("config.toml");
    house.write(
        "config.toml",
        config.replace("messages = 1", "messages = 9"),
    );
    let both = RULE.replacen("[[rule]]", "[[rule]]\nportfolios = [\"A\"]", 1);
    house.write(
        "rules.toml",
        format!(
            "{both}[[rule]]\nname = \"other\"\nportfolios = [\"B\"]\n\
             [[rule.stage]]\nname = \"notice\"\nday = 1\ntemplates = [\"friendly\"]\n\
             [[rule.stage]]\nname = \"arrangement\"\nday = 14\ntemplates = [\"friendly\"]\n"
        ),
    );
    house.run(&["apply", "rules.toml"]).ok();
    update(&mut house, "2026-12-01");
    for (minute, rule) in [("21:00", "residential"), ("21:05", "other")] {
        house.at(&format!("2026-12-07T{minute}"));
        let rule = ["--rule", rule];
        house
            .run(&[&["collection", "update", "--yes"][..], &rule].concat())
            .ok();
    }
    let waiting = house.json(&["history", "--client", "1", "--status", "queued"]);
    let events: Vec<&Value> = waiting
        .as_array()
        .expect("messages")
        .iter()
        .map(|row| &row["event"])
        .collect();
    assert_eq!(events, ["stage:arrangement", "stage:inquiry"]);
}

#[test]
fn a_notice_goes_on_until_it_is_delivered_and_the_last_one_counts() {
    let mut house = provider();
    let until = "notice = \"suspension\"\ndeliver = \"until_delivered\"\nhours = 24";
    house.write(
        "until.toml",
        RULE.replacen("notice = \"suspension\"", until, 1),
    );
    house.run(&["apply", "until.toml"]).ok();
    for day in [
        "2026-12-01",
        "2026-12-05",
        "2026-12-07",
        "2026-12-08",
        "2026-12-09",
    ] {
        update(&mut house, day);
    }
    let given = said(&house, "stage:inquiry");
    assert_eq!(given.len(), 2, "each template once: {given:#?}");
    let row = &house.json(&["notice", "list"])[0];
    assert_eq!(row["channel"], "email");
    assert_eq!(row["notice_on"], "2026-12-07");
    // The second was not in vain: of one that is reported to have arrived nothing follows.
    let mut house = provider();
    house.write(
        "until.toml",
        RULE.replacen("notice = \"suspension\"", until, 1),
    );
    house.run(&["apply", "until.toml"]).ok();
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    house.write(
        "receipts.csv",
        "key,status,at\ncollection/11/1/stage:inquiry/notice-sms/sms,delivered,2026-12-05T10:01\n",
    );
    house.run(&["receipts", "import", "receipts.csv"]).ok();
    update(&mut house, "2026-12-07");
    assert_eq!(said(&house, "stage:inquiry").len(), 1);
    let row = &house.json(&["notice", "list"])[0];
    assert_eq!(row["delivered_at"], json!("2026-12-05T10:01:00-03:00"));
}

#[test]
fn a_notice_that_was_in_doubt_was_given_when_it_was_tried() {
    let mut house = provider();
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    let c = rusqlite::Connection::open(house.path("regua.db")).expect("the database");
    let of_ana = "(SELECT id FROM message WHERE event = 'stage:inquiry' AND client_id = 1)";
    c.execute_batch(&format!(
        "UPDATE attempt SET outcome = 'unknown' WHERE message_id = {of_ana};
         UPDATE message SET status = 'unknown', sent_at = NULL WHERE id = {of_ana};"
    ))
    .expect("a run that died before the answer came");
    house.write(
        "receipts.csv",
        "key,status,at\ncollection/11/1/stage:inquiry/notice-sms/sms,delivered,2026-12-09T18:00\n",
    );
    house.at("2026-12-10T08:00");
    house.run(&["receipts", "import", "receipts.csv"]).ok();
    let row = &house.json(&["notice", "list"])[0];
    assert_eq!(row["notice_on"], "2026-12-05", "{row}");
    assert_eq!(row["delivered_at"], "2026-12-09T18:00:00-03:00", "{row}");
}

#[test]
fn what_goes_on_until_it_is_delivered_speaks_for_all_that_the_first_spoke_for() {
    let mut house = provider();
    let config = house.read("config.toml");
    house.write(
        "config.toml",
        config.replace("messages = 1", "messages = 9"),
    );
    house.write("rule.toml", UNTIL_DELIVERED);
    house.run(&["apply", "rule.toml"]).ok();
    update(&mut house, "2026-12-01");
    assert_eq!(said(&house, "stage:notice"), ["R$ 109,90"]);
    house.at("2026-12-01T13:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        said(&house, "stage:notice"),
        ["R$ 109,90", "2 por R$ 109,90"]
    );
}

#[test]
fn what_goes_on_until_it_is_delivered_leaves_out_what_was_paid_since() {
    let mut house = provider();
    let config = house.read("config.toml");
    house.write(
        "config.toml",
        config.replace("messages = 1", "messages = 9"),
    );
    house.write("rule.toml", UNTIL_DELIVERED);
    house.run(&["apply", "rule.toml"]).ok();
    update(&mut house, "2026-12-01");
    import(&house, "invoices", "id,status\n11,R\n");
    house.at("2026-12-01T13:00");
    house.run(&["queue", "deliver"]).ok();
    assert_eq!(
        said(&house, "stage:notice"),
        ["R$ 109,90", "1 por R$ 10,00"]
    );
}

#[test]
fn a_dossier_of_an_invoice_names_nobody_else_and_says_what_went() {
    let mut house = with_rescission();
    for day in [
        "2026-12-01",
        "2026-12-05",
        "2026-12-07",
        "2026-12-10",
        "2027-01-12",
    ] {
        update(&mut house, day);
    }
    let page = |house: &House, whose: [&str; 2]| {
        let dossier = [&["notice", "proof"][..], &whose].concat();
        house.run(&dossier).ok().stdout
    };
    // The notice of the rescission repeats what that of the suspension allowed.
    let ana = page(&house, ["--client", "1"]);
    assert_eq!(ana.matches("Suspensão possível a partir de").count(), 1);
    assert!(ana.contains("rescisão em 21/02/2027"), "{ana}");
    assert!(!ana.contains("28/03/2027"), "{ana}");
    // Bruno's first try reached nobody.
    let bruno = page(&house, ["--client", "2"]);
    assert_eq!(bruno.matches("Texto, que não foi enviado").count(), 1);
    // An invoice that is Bruno's now was never told to him.
    import(&house, "invoices", "id,client_id,contract_id\n11,2,22\n");
    let moved = page(&house, ["--invoice", "11"]);
    assert!(moved.contains("Bruno Souza"), "{moved}");
    assert!(moved.contains("Nenhum aviso foi registrado."), "{moved}");
    assert!(!moved.contains("Ana Lima"), "{moved}");
}

#[test]
fn what_a_notice_announced_stands_whatever_becomes_of_the_place_and_the_terms() {
    let mut house = with_rescission();
    let config = house.read("config.toml");
    house.write("config.toml", format!("{config}[notice]\ndays = 16\n"));
    for day in ["2026-12-01", "2026-12-05"] {
        update(&mut house, day);
    }
    let given = said(&house, "stage:inquiry");
    assert!(given[0].contains("a partir de 23/12/2026"), "{given:#?}");
    // The city is another one, the holiday is forgotten, and the notice is given a shorter time.
    import(&house, "clients", "id,city,state\n1,Curitiba,PR\n");
    house.write("config.toml", config);
    let listed = |house: &House| {
        let row = &house.json(&["notice", "list"])[0];
        let day = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        (day("notice_on"), day("suspend_from"), day("rescind_from"))
    };
    let announced = ["2026-12-05", "2026-12-23", "2027-02-21"].map(str::to_owned);
    assert_eq!(listed(&house), announced.clone().into());
    house.at("2026-12-22T09:00");
    assert_eq!(house.json(&["notice", "list", "--ready"]), json!([]));
    house
        .run(&["client", "erase", "1", "--why", "pediu", "--yes"])
        .ok();
    assert_eq!(listed(&house), announced.into());
    house.at("2026-12-23T09:00");
    let dossier = house.run(&["notice", "proof", "--client", "1"]).ok().stdout;
    assert!(
        dossier.contains("23 de dezembro de 2026") || dossier.contains("23/12/2026"),
        "{dossier}"
    );
}

#[test]
fn a_notice_that_waited_announces_the_dates_of_the_day_it_goes() {
    let mut house = with_rescission();
    update(&mut house, "2026-12-01");
    // A Saturday evening: it waits for Monday.
    house.at("2026-12-05T20:00");
    house.run(&["collection", "update"]).ok();
    house.write(
        "config.toml",
        house.read("config.toml") + "[notice]\ndays = 40\n",
    );
    house.at("2026-12-07T09:00");
    house.run(&["queue", "deliver"]).ok();
    let given = said(&house, "stage:inquiry");
    assert!(given[0].contains("a partir de 18/01/2027"), "{given:#?}");
    house.write(
        "config.toml",
        house.read("config.toml").replace("days = 40", "days = 20"),
    );
    let row = &house.json(&["notice", "list"])[0];
    assert_eq!(row["notice_on"], "2026-12-07", "{row}");
    assert_eq!(row["suspend_from"], "2027-01-18", "{row}");
}
