//! `regua sync codes`: payment codes for those whom today's texts tell, and for nobody else.

use serde_json::{Value, json};

use super::erp::{Asked, Reply};
use super::{House, Ran};

const PIX: &str = "00020101021226680014br.gov.bcb.pix2546pix.example.com.br/qr/v2/cobv/0123456789abcdef5204000053039865802BR5916PROVEDOR EXEMPLO6007CHAPECO62070503***63043F29";

const DEFINITIONS: &str = r#"
[[template]]
name = "pay"
channel = "email"
kind = "financial"
title = "Fatura"
body = "pague #areceber_pix#"

[[rule]]
name = "basic"
portfolios = ["Boleto"]
[[rule.stage]]
name = "notice"
day = 3
templates = ["pay"]
"#;

fn charge(status: &str, amount: &str, code: &str) -> Reply {
    Reply::json(&json!({"type": "success", "pix": {
        "dadosPix": {"calendario": {"dataDeVencimento": "2026-11-10"}, "valor": {"original": amount},
                     "status": status, "pixCopiaECola": code},
        "qrCode": {"qrcode": code, "imagemQrcode": "x"}}}))
}

/// A house whose rule tells of one invoice by Pix, synced.
fn house(codes: &str) -> House {
    let house = House::with(codes);
    assert_eq!(house.run(&["sync"]).code, 0);
    house.write("definitions.toml", DEFINITIONS);
    let ran = house.run(&["apply", "definitions.toml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    house
}

/// Codes are asked for, and this is answered.
fn ask(house: &House, reply: Reply) -> Ran {
    house
        .erp
        .script(move |asked, _| (asked.form() == "get_pix").then(|| reply.clone()));
    house.run(&["sync", "codes", "--json"])
}

fn asked_for(house: &House) -> Vec<Value> {
    let asked = house.erp.asked().into_iter();
    asked
        .filter(|asked: &Asked| asked.form() == "get_pix")
        .map(|asked| asked.body)
        .collect()
}

/// The invoice owes this much now.
fn owes(house: &House, amount: &str) {
    house.erp.script(|_, _| None);
    house.erp.put("fn_areceber", json!([
        {"id": "145535", "id_cliente": "2107", "id_contrato": "2302", "status": "A", "liberado": "S",
         "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": amount, "documento": "72006",
         "id_carteira_cobranca": "5", "ultima_atualizacao": "2026-11-21 08:00:00"}]));
    let ran = house.run(&["sync", "invoices"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_code_is_fetched_for_whom_todays_update_tells_and_never_twice() {
    let house = house("codes = [\"pix\"]");
    let ran = house.run(&["collection", "update", "--dry-run", "--json"]);
    assert!(ran.stdout.contains("missing_value"), "{ran:?}");
    let ran = ask(&house, charge("ATIVA", "49.90", PIX));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        (&ran.json()["needed"], &ran.json()["fetched"]),
        (&json!(1), &json!(1))
    );
    // Of three invoices only the one that is told about was asked for.
    assert_eq!(asked_for(&house), [json!({"id_areceber": "145535"})]);
    let again = ask(&house, charge("ATIVA", "49.90", PIX));
    assert_eq!(
        (&again.json()["needed"], asked_for(&house).len()),
        (&json!(0), 0)
    );
    let ran = house.run(&["collection", "update", "--yes", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent = String::from_utf8(house.everything())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    assert!(sent.contains(&format!("pague {PIX}")));
}

#[test]
fn what_is_not_for_what_is_owed_is_not_had_and_not_asked_for_again() {
    let cases = [
        (charge("ATIVA", "40.00", PIX), "and R$ 49,90 is owed"),
        (charge("CONCLUIDA", "49.90", PIX), "not ATIVA"),
        (charge("ATIVA", "49.90", ""), "no code in the answer"),
        (
            charge("ATIVA", "49.90", &PIX.replace("3F29", "0000")),
            "checksum",
        ),
        (
            Reply::json(&json!({"type": "error", "message": "Título não encontrado<br />"})),
            "Título não encontrado",
        ),
        (
            Reply::Body(500, "application/json", b"{\"erro\":1}".to_vec()),
            "ATIVA",
        ),
        (Reply::Body(200, "text/html", Vec::new()), "empty"),
    ];
    for (reply, why) in cases {
        let house = house("codes = [\"pix\"]");
        let ran = ask(&house, reply);
        assert_eq!(
            (ran.code, &ran.json()["fetched"]),
            (0, &json!(0)),
            "{why}: {ran:?}"
        );
        assert!(
            ran.json()["not_had"][0]["why"]
                .as_str()
                .expect("why")
                .contains(why),
            "{why}: {ran:?}"
        );
        let again = ask(&house, charge("ATIVA", "49.90", PIX));
        assert_eq!(
            (&again.json()["asked_before"], asked_for(&house).len()),
            (&json!(1), 0)
        );
    }
}

#[test]
fn another_amount_drops_the_code_and_a_day_has_its_limit() {
    let house = house("codes = [\"pix\"]\ncodes_per_day = 2");
    ask(&house, charge("ATIVA", "49.90", PIX));
    owes(&house, "40.00");
    let ran = ask(&house, charge("ATIVA", "49.90", PIX));
    assert_eq!(
        (&ran.json()["asked"], &ran.json()["fetched"]),
        (&json!(1), &json!(0)),
        "{ran:?}"
    );
    owes(&house, "30.00");
    let ran = ask(&house, charge("ATIVA", "30.00", PIX));
    assert_eq!(
        (&ran.json()["asked"], &ran.json()["left"]),
        (&json!(0), &json!(1)),
        "{ran:?}"
    );
    house
        .erp
        .script(|asked, _| (asked.form() == "get_pix").then(|| charge("ATIVA", "30.00", PIX)));
    let ran = house.run_at("2026-11-22T09:00", &["sync", "codes", "--json"]);
    assert_eq!(&ran.json()["fetched"], &json!(1), "{ran:?}");
}

#[test]
fn nothing_is_asked_for_unless_the_configuration_says_so() {
    let house = house("");
    let ran = ask(&house, charge("ATIVA", "49.90", PIX));
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr.contains("codes = [\"pix\", \"boleto\"]"),
        "{ran:?}"
    );
    assert_eq!(asked_for(&house), Vec::<Value>::new());
}

#[test]
fn a_service_that_gives_nobody_codes_ends_the_run() {
    let house = house("codes = [\"pix\"]");
    let ran = ask(
        &house,
        Reply::json(&json!({"type": "error", "message": "Recurso get_pix não está disponível!"})),
    );
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(
        ran.stderr.contains("let the token's user press get_pix"),
        "{ran:?}"
    );
}

#[test]
fn what_no_answer_came_for_is_asked_again_that_day_but_not_at_once() {
    let house = house("codes = [\"pix\"]\ncodes_per_day = 2");
    let ran = ask(&house, Reply::html(503, "<title>503</title>"));
    assert_eq!(ran.code, 4, "{ran:?}");
    let at = |now: &str| {
        house
            .erp
            .script(|asked, _| (asked.form() == "get_pix").then(|| charge("ATIVA", "49.90", PIX)));
        let ran = house.run_at(now, &["sync", "codes", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()
    };
    // Whoever answered nothing may have registered the charge: it is given time.
    let soon = at("2026-11-21T09:10");
    assert_eq!(
        (&soon["asked"], &soon["asked_before"]),
        (&json!(0), &json!(1))
    );
    let later = at("2026-11-21T09:31");
    assert_eq!((&later["asked"], &later["fetched"]), (&json!(1), &json!(1)));
    assert_eq!(asked_for(&house).len(), 1);
}

/// A boleto's line of that amount in cents, due that many days after its factor's first.
fn line(cents: u64, factor: u64) -> String {
    let sum = |digits: &str| {
        let doubled = digits.chars().rev().enumerate().map(|(place, digit)| {
            let value = digit.to_digit(10).expect("a digit") * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        });
        (10 - doubled.sum::<u32>() % 10) % 10
    };
    let free = "1234567890123456789012345";
    let bar = format!("0019{factor:04}{cents:010}{free}");
    let weights = (2..=9).cycle();
    let total: u32 = bar
        .chars()
        .rev()
        .zip(weights)
        .map(|(digit, weight)| digit.to_digit(10).expect("a digit") * weight)
        .sum();
    let check = match 11 - total % 11 {
        0 | 10 | 11 => 1,
        digit => digit,
    };
    let fields = [
        format!("0019{}", &free[..5]),
        free[5..15].to_owned(),
        free[15..].to_owned(),
    ];
    let fields = fields
        .map(|field| format!("{field}{}", sum(&field)))
        .concat();
    format!("{fields}{check}{factor:04}{cents:010}")
}

#[test]
fn a_boleto_line_is_asked_for_as_data_and_checked_to_the_digit() {
    // From 22 February 2025 on the factor counts anew from 1000.
    let due = (chrono::NaiveDate::from_ymd_opt(2026, 11, 10).expect("a day")
        - chrono::NaiveDate::from_ymd_opt(2025, 2, 22).expect("a day"))
    .num_days();
    let factor = 1000 + u64::try_from(due).expect("days");
    let cases = [
        (line(4990, factor), None),
        (line(4990, factor + 1), Some("is not due on 2026-11-10")),
        (line(5000, factor), Some("R$ 50,00")),
        (
            line(4990, factor).replacen("0019", "0018", 1),
            Some("check digit"),
        ),
        (String::new(), Some("there is no line")),
    ];
    for (line, wrong) in cases {
        let house = house("codes = [\"boleto\"]");
        owes_without_a_line(&house);
        house.write(
            "definitions.toml",
            &DEFINITIONS.replace("#areceber_pix#", "#areceber_linha_digitavel#"),
        );
        assert_eq!(house.run(&["apply", "definitions.toml"]).code, 0);
        let told = line.clone();
        house.erp.script(move |asked, _| {
            (asked.form() == "get_boleto").then(|| Reply::json(&json!([{"linha_digitavel": told}])))
        });
        let ran = house.run(&["sync", "codes", "--json"]);
        let asked = house.erp.asked();
        let asked = asked.iter().find(|asked| asked.form() == "get_boleto");
        let body = &asked.expect("a request").body;
        assert_eq!(
            (
                &body["boletos"],
                &body["tipo_boleto"],
                &body["atualiza_boleto"]
            ),
            (&json!("145535"), &json!("dados"), &json!("N"))
        );
        match wrong {
            None => {
                assert_eq!(ran.json()["fetched"], 1, "{ran:?}");
                let ran = house.run(&["collection", "update", "--yes"]);
                assert_eq!(ran.code, 0, "{ran:?}");
                let sent = std::fs::read_to_string(house.path().join("email.jsonl"));
                assert!(sent.expect("a file").contains(&format!("pague {line}")));
            }
            Some(words) => {
                assert_eq!(ran.json()["fetched"], 0, "{line}: {ran:?}");
                let why = ran.json()["not_had"][0]["why"].to_string();
                assert!(why.contains(words), "{words} in {why}");
            }
        }
    }
}

/// The invoice owes what it did, and its source has no line for it.
fn owes_without_a_line(house: &House) {
    house.erp.script(|_, _| None);
    house.erp.put("fn_areceber", json!([
        {"id": "145535", "id_cliente": "2107", "id_contrato": "2302", "status": "A", "liberado": "S",
         "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "49.90", "linha_digitavel": "",
         "id_carteira_cobranca": "5", "ultima_atualizacao": "2026-11-21 08:00:00"}]));
    assert_eq!(house.run(&["sync", "invoices"]).code, 0);
}

#[test]
fn a_task_fetches_them_and_a_report_may_say_for_whom() {
    let house = house("codes = [\"pix\"]");
    let ran = house.run(&[
        "task", "add", "codes", "--run", "codes", "--minute", "0", "--hour", "9",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    house
        .erp
        .script(|asked, _| (asked.form() == "get_pix").then(|| charge("ATIVA", "49.90", PIX)));
    let ran = house.run(&["task", "run", "codes"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(asked_for(&house).len(), 1);
    house.erp.script(|_, _| None);
    let ran = house.run(&[
        "sync",
        "codes",
        "--report",
        "contracts",
        "--template",
        "pay",
        "--json",
    ]);
    assert_eq!((ran.code, &ran.json()["needed"]), (0, &json!(0)), "{ran:?}");
}
