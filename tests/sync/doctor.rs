//! `regua doctor`.

use serde_json::{Value, json};

use super::erp::Reply;
use super::{House, Ran};

fn findings(ran: &Ran) -> Vec<Value> {
    ran.json().as_array().expect("a list").clone()
}

/// The findings of an area as `status message`.
fn of(ran: &Ran, area: &str) -> Vec<String> {
    findings(ran)
        .iter()
        .filter(|finding| finding["area"] == area)
        .map(|finding| {
            format!(
                "{} {}",
                finding["status"].as_str().expect("a status"),
                finding["message"].as_str().expect("a message")
            )
        })
        .collect()
}

fn has(ran: &Ran, area: &str, part: &str) -> bool {
    of(ran, area).iter().any(|finding| finding.contains(part))
}

#[test]
fn a_healthy_house_is_told_to_be_well() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for finding in findings(&ran) {
        let keys: Vec<&String> = finding.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["area", "status", "message", "remedy"]);
        assert_ne!(finding["status"], "failure", "{finding}");
    }
    for area in [
        "configuration",
        "secrets",
        "database",
        "clock",
        "templates",
        "push",
        "whatsapp",
        "sms",
        "email",
        "source",
    ] {
        assert!(!of(&ran, area).is_empty(), "{area}");
    }
    assert!(has(&ran, "source", "ok ixc: the web service answers"));
    assert!(has(&ran, "source", "ok ixc: cliente can be read; rows: 2"));
    assert!(has(
        &ran,
        "source",
        "ok the invoices were last synced 2026-11-21T09:00:00-03:00"
    ));
    assert!(has(
        &ran,
        "clock",
        "ok it is 2026-11-21T09:00:00-03:00 (America/Sao_Paulo)"
    ));
    assert!(has(&ran, "database", "is whole"));
    assert!(
        house
            .erp
            .asked()
            .iter()
            .all(|asked| asked.headers["ixcsoft"] == "listar")
    );
}

#[test]
fn before_anything_is_there_it_says_how_to_begin() {
    let house = House::new();
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(has(&ran, "database", "warning"), "{ran:?}");
    assert!(!house.path().join("regua.db").exists(), "it makes nothing");
}

#[test]
fn a_form_that_cannot_be_read_is_a_failure_with_its_remedy() {
    let house = House::new();
    house.erp.script(|asked, _| {
        ["fn_areceber", "cidade"].contains(&asked.form()).then(|| {
            Reply::html(200, &json!({"type": "error", "message": format!("Recurso {} não está disponível!", asked.form())}).to_string())
        })
    });
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(has(&ran, "source", "failure ixc: fn_areceber"));
    assert!(has(&ran, "source", "warning ixc: cidade"));
    let finding = findings(&ran)
        .into_iter()
        .find(|finding| finding["status"] == "failure")
        .expect("a failure");
    assert!(
        finding["remedy"]
            .as_str()
            .expect("a remedy")
            .contains("release the form fn_areceber")
    );
}

#[test]
fn a_refused_token_is_told_once() {
    let house = House::new();
    house
        .erp
        .script(|_, _| Some(Reply::html(401, "<h1>401 Authorization Required</h1>")));
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4);
    assert_eq!(of(&ran, "source").len(), 1, "{ran:?}");
    let ran = house.run(&["doctor"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("1 failure"), "{}", ran.stdout);
}

#[test]
fn a_hanging_source_does_not_hang_the_doctor() {
    let house = House::with("timeout_seconds = 1");
    house.erp.script(|_, _| Some(Reply::Hang));
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4);
    assert!(has(&ran, "source", "timed out"), "{ran:?}");
}

#[test]
fn a_configuration_that_is_refused_is_told_line_by_line() {
    let house = House::new();
    house.write(
        "config.toml",
        "timezone = \"Brasilia\"\n[queue]\nmax_attempts = 0\n",
    );
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let told = of(&ran, "configuration");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("config.toml:1: timezone"), "{told:?}");
}

#[test]
fn secrets_that_cannot_be_had_or_are_open_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let token = house.path().join("token");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let ran = house.run(&["doctor", "--json"]);
    assert!(
        has(&ran, "configuration", "which others can read"),
        "{ran:?}"
    );
    std::fs::remove_file(&token).expect("a file");
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4);
    assert!(has(&ran, "secrets", "failure sync.ixc.token"), "{ran:?}");
}

#[test]
fn a_damaged_database_is_a_failure() {
    let house = House::new();
    house.write(
        "regua.db",
        "this is not a database, whatever its name says; it is text",
    );
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(has(&ran, "database", "failure"), "{ran:?}");
}

#[test]
fn a_clock_behind_the_database_and_old_payment_data_are_warnings() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    let at = |now: &str| house.run_at(now, &["doctor", "--json"]);
    let ran = at("2026-11-20T09:00");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        has(&ran, "clock", "warning it is 2026-11-20T09:00:00-03:00"),
        "{ran:?}"
    );
    let ran = at("2026-11-25T09:00");
    assert!(
        has(&ran, "database", "the invoices are 96 hours old"),
        "{ran:?}"
    );
}

#[test]
fn codes_nobody_knows_and_refused_rows_are_remembered() {
    let house = House::new();
    house.erp.put("cliente_contrato", json!([
        {"id": "2302", "id_cliente": "2107", "status": "A", "status_internet": "QQ", "ultima_atualizacao": "2026-11-18 03:10:22"},
        {"id": "2303", "id_cliente": "99", "status": "A", "ultima_atualizacao": "2026-11-18 03:10:22"},
    ]));
    assert_eq!(house.run(&["sync"]).code, 1);
    let ran = house.run(&["doctor", "--json"]);
    assert!(has(&ran, "source", "holds the code `QQ`"), "{ran:?}");
    assert!(
        has(&ran, "source", "1 of the contracts were refused"),
        "{ran:?}"
    );
}

#[test]
fn what_is_defined_is_checked_again() {
    let house = House::new();
    house.write(
        "rules.toml",
        "[[template]]\nname = \"due\"\nchannel = \"sms\"\nkind = \"financial\"\nbody = \"Fatura em aberto, não esqueça.\"\n",
    );
    let ran = house.run(&["apply", "rules.toml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let config = std::fs::read_to_string(house.path().join("config.toml")).expect("a file");
    house.write(
        "config.toml",
        &format!("{config}\n[birthday]\ntemplate = \"gone\"\n"),
    );
    let ran = house.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        has(
            &ran,
            "templates",
            "failure [birthday] names the template `gone`"
        ),
        "{ran:?}"
    );
    assert!(has(&ran, "templates", "is outside GSM-7"), "{ran:?}");
    assert!(has(&ran, "reports", "ok there is none yet"), "{ran:?}");
}
