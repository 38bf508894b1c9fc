//! A scripted SGP: its documented shapes, and the ugly ones.

use serde_json::{Value, json};

use super::erp::{Asked, Reply};
use super::{House, PASSWORDS, Ran, TOKEN};

const ANA: &str = "111.444.777-35";
const CASA: &str = "12.345.678/0001-95";

pub fn house() -> House {
    house_of(2, "")
}

/// With pages of this size, and more lines under its section.
pub fn house_of(page_size: usize, more: &str) -> House {
    House::of(
        "sgp",
        &format!("app = \"regua\"\ntoken = \"file:token\"\npage_size = {page_size}\n{more}"),
    )
}

pub fn title(id: i64, document: &str, contract: i64, more: Value) -> Value {
    let mut title = json!({"id": id, "clienteNome": "X", "clienteCpfcnpj": document, "clienteContrato": contract,
        "status": "aberto", "valor": 100.5, "valorCorrigido": 148.32, "valorPago": 0, "valorPagoParcial": 0,
        "dataVencimento": "2026-11-10", "numeroDocumento": 991, "linhaDigitavel": "", "codigoPix": null,
        "link": "https://sgp.example.com/b/1", "portador": "Boleto"});
    for (key, value) in more.as_object().expect("an object") {
        title[key] = value.clone();
    }
    title
}

fn titles() -> Vec<Value> {
    vec![
        title(1, ANA, 1302, json!({})),
        title(
            2,
            ANA,
            1302,
            json!({"valorPagoParcial": 40.5, "dataVencimento": "2026-12-10"}),
        ),
        title(
            3,
            CASA,
            1400,
            json!({"status": "pago", "dataPagamento": "2026-11-09"}),
        ),
        title(4, CASA, 1400, json!({"status": "estranho"})),
        title(
            5,
            CASA,
            1400,
            json!({"status": "cancelado", "dataCancelamento": "2026-11-01"}),
        ),
    ]
}

fn contracts(document: &str) -> Value {
    let company = document == CASA;
    json!({"msg": "Contrato(s) Localizado(s)", "contratos": [{
        "clienteId": if company { 2 } else { 1 }, "contratoId": if company { 1400 } else { 1302 },
        "cpfCnpj": document, "razaoSocial": if company { "CASA LTDA" } else { "ANA LIMA" },
        "contratoStatus": if company { 1 } else { 4 }, "contratoStatusDisplay": " Suspenso ",
        "contratoCentralSenha": PASSWORDS[0], "dataCadastro": "20/03/2024 11:43:25",
        "planointernet": "Fibra 150", "emails": ["ana@example.com"], "telefones": ["(44) 99999-8888"],
        "endereco_logradouro": "RUA DAS FLORES", "endereco_numero": 100, "endereco_bairro": "CENTRO",
        "endereco_cidade": "MANDAGUARI", "endereco_uf": "PR", "endereco_cep": "86975-000"}]})
}

/// What an honest one answers.
pub fn honest(asked: &Asked) -> Reply {
    assert_eq!(asked.method, "POST");
    assert_eq!(
        (asked.field("app"), asked.field("token")),
        ("regua".to_owned(), TOKEN.to_owned())
    );
    if asked.path == "/api/ura/consultacliente/" {
        return Reply::json(&contracts(&asked.field("cpfcnpj")));
    }
    assert_eq!(asked.path, "/api/ura/titulos/");
    assert_eq!(asked.field("data_vencimento_inicio"), "2025-11-21");
    let offset: usize = asked.field("offset").parse().expect("an offset");
    let limit: usize = asked.field("limit").parse().expect("a limit");
    let all = titles();
    let some: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
    Reply::json(
        &json!({"paginacao": {"offset": offset, "limit": limit, "parcial": some.len(), "total": all.len()}, "titulos": some}),
    )
}

fn run(house: &House, script: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static) -> Ran {
    house.erp.script(script);
    house.run(&["sync", "--json"])
}

#[test]
fn titles_and_the_contracts_of_whom_they_are_of_are_read() {
    let house = house();
    let ran = run(&house, |asked, _| Some(honest(asked)));
    assert_eq!(ran.code, 0, "{ran:?}");
    let invoices = house.report("invoices");
    let of = |id: i64| {
        invoices
            .iter()
            .find(|row| row["invoice_id"] == id)
            .expect("an invoice")
    };
    assert_eq!(
        (&of(1)["open_amount"], &of(1)["invoice_status"]),
        (&json!(100.5), &json!("open"))
    );
    assert_eq!(
        (&of(2)["open_amount"], &of(2)["invoice_status"]),
        (&json!(60.0), &json!("partial"))
    );
    assert_eq!(
        (&of(3)["invoice_status"], &of(5)["invoice_status"]),
        (&json!("paid"), &json!("cancelled"))
    );
    assert_eq!(
        (&of(1)["client_name"], &of(3)["person_type"]),
        (&json!("ANA LIMA"), &json!("company"))
    );
    let contracts = house.report("contracts");
    let of = |id: i64| {
        contracts
            .iter()
            .find(|row| row["contract_id"] == id)
            .expect("a contract")
    };
    assert_eq!(
        (&of(1302)["access_status"], &of(1302)["overdue_invoices"]),
        (&json!("auto_block"), &json!(1))
    );
    // A state that nobody knows asks nobody for money.
    assert_eq!(of(1400)["overdue_invoices"], 0);
    assert_eq!(ran.json()["noticed"][0]["found"], "estranho");
    let asked = house.erp.asked();
    let consulted: Vec<String> = asked
        .iter()
        .filter(|asked| asked.path.contains("consulta"))
        .map(|asked| asked.field("cpfcnpj"))
        .collect();
    assert_eq!(consulted, [ANA, CASA]);
    let everything = String::from_utf8_lossy(&house.everything()).into_owned();
    for secret in [TOKEN, PASSWORDS[0]] {
        assert!(!everything.contains(secret), "{secret}");
    }
    // The next time only those are asked about again who are late.
    run(&house, |asked, _| Some(honest(asked)));
    let again = house.erp.asked();
    assert_eq!(
        again
            .iter()
            .filter(|asked| asked.path.contains("consulta"))
            .count(),
        2
    );
}

#[test]
fn a_title_that_comes_no_more_is_told_to_nobody_until_it_comes_again() {
    let house = house();
    run(&house, |asked, _| Some(honest(asked)));
    let overdue = |house: &House| {
        let contracts = house.report("contracts");
        let of = contracts.iter().find(|row| row["contract_id"] == 1302);
        of.expect("a contract")["overdue_invoices"].clone()
    };
    assert_eq!(overdue(&house), 1);
    let ran = run(&house, |asked, _| {
        if asked.path != "/api/ura/titulos/" || asked.field("offset") != "0" {
            return Some(honest(asked));
        }
        Some(Reply::json(
            &json!({"paginacao": {"total": 1}, "titulos": [titles()[2]]}),
        ))
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    let invoices = ran.json()["kinds"][2].clone();
    assert_eq!(
        (&invoices["unconfirmed"], &invoices["gone"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(overdue(&house), 0);
    run(&house, |asked, _| Some(honest(asked)));
    assert_eq!(overdue(&house), 1);
}

#[test]
fn ugly_answers_change_nothing_and_say_what_to_do() {
    type Script = fn(&Asked) -> Reply;
    let cases: Vec<(Script, &str)> = vec![
        (
            |_| Reply::html(200, "<!DOCTYPE html><title>SGP Login</title><form>"),
            "a page for people",
        ),
        (
            |_| {
                Reply::Body(
                    403,
                    "application/json",
                    "{\"detail\":\"Credenciais de autenticação incorretas.\"}"
                        .as_bytes()
                        .to_vec(),
                )
            },
            "capital letters count",
        ),
        (
            |_| {
                Reply::Body(
                    403,
                    "application/json",
                    "{\"detail\":\"As credenciais de autenticação não foram fornecidas.\"}"
                        .as_bytes()
                        .to_vec(),
                )
            },
            "allowed hosts",
        ),
        (
            |_| {
                Reply::Body(
                    400,
                    "application/json",
                    "{\"erro\":\"[data_vencimento_inicio] obrigatória\"}"
                        .as_bytes()
                        .to_vec(),
                )
            },
            "data_vencimento_inicio",
        ),
        (
            |_| Reply::json(&json!({"status": 0, "msg": "Token inválido"})),
            "Token inválido",
        ),
        (|_| Reply::json(&json!({"status": "ok"})), "without a list"),
        (
            |asked| {
                if asked.field("offset") == "2" {
                    Reply::Body(500, "text/html", b"erro".to_vec())
                } else {
                    honest(asked)
                }
            },
            "HTTP 500",
        ),
        (
            |asked| {
                if asked.path.contains("titulos") {
                    // Every page is the first one.
                    Reply::json(&json!({"paginacao": {"total": 5}, "titulos": titles()[..2]}))
                } else {
                    honest(asked)
                }
            },
            "repeats what came before",
        ),
        (
            |asked| {
                if asked.path.contains("titulos") {
                    let all = if asked.field("offset") == "0" {
                        titles()[..2].to_vec()
                    } else {
                        Vec::new()
                    };
                    Reply::json(&json!({"paginacao": {"total": 5}, "titulos": all}))
                } else {
                    honest(asked)
                }
            },
            "told of 5 rows, and 2 came",
        ),
        (
            |asked| {
                if asked.path.contains("consulta") {
                    Reply::html(200, "<title>Login</title>")
                } else {
                    honest(asked)
                }
            },
            "a page for people",
        ),
    ];
    for (script, told) in cases {
        let house = house();
        let ran = run(&house, move |asked, _| Some(script(asked)));
        assert_eq!(ran.code, 4, "{told}: {ran:?}");
        assert!(ran.stderr.contains(told), "{told} in\n{}", ran.stderr);
        assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
        assert_eq!(house.report("contracts"), Vec::<Value>::new());
    }
}

/// The total may be that of a page, or what it was an hour ago: a full page may have another behind it.
#[test]
fn a_total_that_is_too_small_does_not_end_the_reading() {
    let house = house();
    let script = |total: Value, none: bool| {
        move |asked: &Asked, _| {
            if !asked.path.contains("titulos") {
                return Some(honest(asked));
            }
            let offset: usize = asked.field("offset").parse().expect("an offset");
            let some: Vec<Value> = titles().into_iter().take(4).skip(offset).take(2).collect();
            Some(if some.is_empty() && none {
                Reply::json(&json!({"status": 0, "msg": "Nenhum título encontrado"}))
            } else {
                Reply::json(&json!({"paginacao": {"total": total}, "titulos": some}))
            })
        }
    };
    for (total, none) in [(json!(2), false), (json!(4), true), (json!(null), true)] {
        let ran = run(&house, script(total, none));
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(house.report("invoices").len(), 4);
        assert_eq!(ran.json()["kinds"][2]["unconfirmed"], 0, "{ran:?}");
    }
    let ran = run(&house, script(json!(5), true));
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("told of 5 rows, and 4 came"), "{ran:?}");
}

#[test]
fn no_title_at_all_is_a_result_when_the_service_says_so() {
    let house = house();
    let ran = run(&house, |_, _| {
        Some(Reply::json(
            &json!({"status": 0, "msg": "Nenhum título encontrado"}),
        ))
    });
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn doctor_looks_at_titles_and_contracts() {
    let house = house();
    house.erp.script(|asked, _| {
        // Doctor asks by the real day.
        let body = asked.raw.clone();
        let titles = asked.path.contains("titulos") && body.contains("limit=1");
        Some(if titles {
            Reply::json(&json!({"paginacao": {"total": 5}, "titulos": titles_one()}))
        } else {
            honest(asked)
        })
    });
    let ran = house.run(&["doctor"]);
    for told in [
        "sgp: /api/ura/titulos/ can be read; rows: 5",
        "sgp: /api/ura/consultacliente/ can be read",
    ] {
        assert!(ran.stdout.contains(told), "{told} in {ran:?}");
    }
}

fn titles_one() -> Vec<Value> {
    titles()[..1].to_vec()
}
