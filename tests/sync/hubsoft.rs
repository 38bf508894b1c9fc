//! A scripted Hubsoft: its documented shapes, and the ugly ones.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::erp::{Asked, Reply};
use super::{House, PASSWORDS, Ran};

/// What the service hands out as a token, and must never be seen again.
pub const TOKEN: &str = "eyJ0eXAi.token-do-hubsoft";

pub fn house() -> House {
    house_of(2, "")
}

/// With pages of this size, and more lines under its section.
pub fn house_of(page_size: usize, more: &str) -> House {
    House::of(
        "hubsoft",
        &format!(
            "client_id = 118\nclient_secret = \"segredo-da-integracao\"\nusername = \"api@example.com\"\npassword = \"file:token\"\npage_size = {page_size}\n{more}"
        ),
    )
}

pub fn customer(id: i64, name: &str, service: &str) -> Value {
    json!({"id_cliente": id, "codigo_cliente": id + 1000, "nome_razaosocial": name, "nome_fantasia": null,
        "tipo_pessoa": "pf", "cpf_cnpj": "11144477735", "telefone_primario": "49999990001",
        "telefone_secundario": "4933330000", "telefone_terciario": "", "email_principal": "ana@example.com",
        "data_nascmento": "1991-11-23 00:00:00",
        "servicos": [{"id_cliente_servico": id + 10, "numero_plano": 1, "nome": "Fibra 500", "valor": 119.9,
            "status": "x", "status_prefixo": service, "login": format!("login{id}"), "senha": PASSWORDS[0],
            "ipv4": "10.0.0.1", "equipamento_conexao": {"nome": "OLT XPTO"}, "equipamento_roteamento": {"nome": "BRAS"},
            "endereco_cadastral": {"logradouro": "RUA", "endereco": "MINAS GERAIS", "numero": "17", "complemento": "",
                "bairro": "IPIRANGA", "cep": "35502-026", "estado": "MG", "uf": "MINAS GERAIS", "cidade": "Divinópolis"}}]})
}

pub fn bill(id: i64, client: i64, paid: Option<&str>) -> Value {
    json!({"id_fatura": id, "id_cliente_servico": client + 10, "nosso_numero": "66409", "data_vencimento": "2026-11-10",
        "data_pagamento": paid, "data_cadastro": "2026-10-20 08:20:15", "valor": "253.75", "valor_pago": 0,
        "linha_digitavel": null, "tipo_cobranca": "boleto_bancario", "link": "https://hub.example.com/pdf/x",
        "cliente": {"id_cliente": client, "cpf_cnpj": "11144477735"}})
}

fn page(asked: &Asked) -> usize {
    asked.query("pagina").parse().expect("a page")
}

fn listed(key: &str, rows: &[Value], asked: &Asked) -> Reply {
    let size: usize = asked.query("itens_por_pagina").parse().expect("a size");
    let some: Vec<&Value> = rows.iter().skip(page(asked) * size).take(size).collect();
    let last = rows.len().saturating_sub(1) / size;
    Reply::json(
        &json!({"status": "success", "msg": "Dados consultados com sucesso.", key: some,
        "paginacao": {"primeira_pagina": 0, "ultima_pagina": last, "pagina_atual": page(asked), "total_registros": rows.len()}}),
    )
}

/// What an honest one answers.
pub fn honest(asked: &Asked) -> Reply {
    if asked.path.starts_with("/oauth/token") {
        assert_eq!(asked.body["grant_type"], "password");
        assert_eq!(asked.body["client_id"], "118");
        return Reply::json(
            &json!({"token_type": "Bearer", "expires_in": 2_592_000, "access_token": TOKEN}),
        );
    }
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.headers["authorization"], format!("Bearer {TOKEN}"));
    if asked.path.starts_with("/api/v1/integracao/cliente/all") {
        let rows = [
            customer(1, "Ana Lima", "servico_habilitado"),
            customer(2, "Bia", "suspenso_debito"),
            customer(3, "Caio", "cancelado"),
        ];
        return listed("clientes", &rows, asked);
    }
    assert!(
        asked
            .path
            .starts_with("/api/v1/integracao/financeiro/fatura?"),
        "{}",
        asked.path
    );
    // Doctor asks for the first row alone, of whatever day.
    assert!(["2025-11-21", ""].contains(&asked.query("data_inicio").as_str()));
    listed(
        "faturas",
        &[bill(71, 1, Some("2026-11-09")), bill(72, 2, None)],
        asked,
    )
}

fn run(house: &House, script: impl FnMut(&Asked, usize) -> Option<Reply> + Send + 'static) -> Ran {
    house.erp.script(script);
    house.run(&["sync", "--json"])
}

#[test]
fn clients_with_their_services_and_invoices_are_read() {
    let house = house();
    let ran = run(&house, |asked, _| Some(honest(asked)));
    assert_eq!(ran.code, 0, "{ran:?}");
    let contracts = house.report("contracts");
    assert_eq!(contracts.len(), 3);
    let of = |id: i64| {
        contracts
            .iter()
            .find(|row| row["contract_id"] == id)
            .expect("a contract")
    };
    assert_eq!(of(11)["access_status"], "active");
    assert_eq!(of(12)["access_status"], "auto_block");
    assert_eq!(
        (&of(13)["contract_status"], &of(13)["client_active"]),
        (&json!("inactive"), &json!(false))
    );
    assert_eq!(
        (&of(12)["city"], &of(12)["overdue_total"]),
        (&json!("Divinópolis"), &json!(253.75))
    );
    let invoices = house.report("invoices");
    let of = |id: i64| {
        invoices
            .iter()
            .find(|row| row["invoice_id"] == id)
            .expect("an invoice")
    };
    assert_eq!(
        (&of(71)["invoice_status"], &of(71)["open_amount"]),
        (&json!("paid"), &json!(0.0))
    );
    assert_eq!(of(72)["contract_id"], 12);
    assert_eq!(house.report("logins")[0]["concentrator"], "BRAS");
    let everything = String::from_utf8_lossy(&house.everything()).into_owned();
    for secret in [TOKEN, PASSWORDS[0]] {
        assert!(!everything.contains(secret), "{secret}");
    }
    let again = house.run(&["sync", "--json"]).json();
    assert_eq!(again["kinds"][0]["unchanged"], 3);
}

#[test]
fn a_client_that_is_not_there_any_more_is_gone_but_no_invoice_ever_is() {
    let house = house();
    run(&house, |asked, _| Some(honest(asked)));
    house.erp.script(|asked, _| {
        Some(match asked.path.split('?').next().unwrap_or_default() {
            "/api/v1/integracao/cliente/all" => listed(
                "clientes",
                &[
                    customer(1, "Ana Lima", "servico_habilitado"),
                    customer(2, "Bia", "suspenso_debito"),
                ],
                asked,
            ),
            "/api/v1/integracao/financeiro/fatura" => listed("faturas", &[], asked),
            _ => honest(asked),
        })
    });
    let ran = house.run(&["sync", "--most-gone", "50%", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        (
            &ran.json()["kinds"][0]["gone"],
            &ran.json()["kinds"][2]["gone"]
        ),
        (&json!(1), &json!(0))
    );
    assert_eq!(ran.json()["kinds"][2]["unconfirmed"], 1);
    assert_eq!(
        (
            house.report("contracts").len(),
            house.report("invoices").len()
        ),
        (2, 2)
    );
}

const RULE: &str = r##"
[[template]]
name = "due"
channel = "email"
kind = "financial"
title = "Fatura"
body = "#areceber_numero#"
[[rule]]
name = "all"
portfolios = []
[[rule.stage]]
name = "notice"
day = 3
templates = ["due"]
[[rule.stage]]
name = "inquiry"
day = 14
templates = ["due"]
"##;

/// Answers with these invoices, and honestly besides.
fn billing(house: &House, bills: Vec<Value>) {
    house.erp.script(move |asked, _| {
        Some(if asked.path.contains("/financeiro/fatura") {
            listed("faturas", &bills, asked)
        } else {
            honest(asked)
        })
    });
}

/// What an update would do with invoice 72.
fn entering(house: &House, now: &str) -> u64 {
    let ran = house.run_at(now, &["collection", "update", "--dry-run", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()["rules"][0]["entered"].as_u64().expect("a count")
}

#[test]
fn an_invoice_that_is_cancelled_there_is_told_to_nobody_until_it_comes_again() {
    let house = house();
    let both = || vec![bill(71, 1, Some("2026-11-09")), bill(72, 2, None)];
    billing(&house, both());
    assert_eq!(house.run(&["sync"]).code, 0);
    house.write("rule.toml", RULE);
    assert_eq!(house.run(&["apply", "rule.toml"]).code, 0);
    assert_eq!(entering(&house, "2026-11-21T09:00"), 1);
    // Cancelled there before it was told: it is not told, and says why.
    billing(&house, vec![bill(71, 1, Some("2026-11-09"))]);
    let plan = house.run(&["sync", "--dry-run"]);
    assert!(
        plan.stderr
            .contains("it would change invoices 72: awaiting_confirmation"),
        "{plan:?}"
    );
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr
            .contains("1 invoices that owe here came no more from hubsoft"),
        "{ran:?}"
    );
    assert_eq!(entering(&house, "2026-11-21T09:00"), 0);
    let overdue = house.report("contracts");
    assert!(
        overdue.iter().all(|row| row["overdue_invoices"] == 0),
        "{overdue:?}"
    );
    // Nothing more is told of it the next time, and it is still there.
    let again = house.run(&["sync", "--json"]).json();
    assert_eq!(again["kinds"][2]["unconfirmed"], 0);
    assert_eq!(house.report("invoices").len(), 2);
    // It stands in the list once more: it owes, and is told.
    billing(&house, both());
    assert_eq!(house.run(&["sync"]).code, 0);
    assert_eq!(entering(&house, "2026-11-21T09:00"), 1);
}

#[test]
fn a_message_that_waits_is_not_sent_when_its_invoice_was_cancelled_there() {
    let house = house();
    billing(&house, vec![bill(72, 2, None)]);
    assert_eq!(house.run_at("2026-11-21T20:00", &["sync"]).code, 0);
    house.write("rule.toml", RULE);
    assert_eq!(house.run(&["apply", "rule.toml"]).code, 0);
    // Saturday evening: it waits for Monday.
    let ran = house.run_at("2026-11-21T20:00", &["collection", "update", "--json"]);
    assert_eq!(ran.json()["rules"][0]["messages"]["queued"], 1, "{ran:?}");
    billing(&house, Vec::new());
    assert_eq!(house.run_at("2026-11-23T08:00", &["sync"]).code, 0);
    let ran = house.run_at("2026-11-23T09:00", &["queue", "deliver"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent = std::fs::read_to_string(house.path().join("email.jsonl"));
    assert_eq!(sent.unwrap_or_default(), "");
    let history = house.run_at("2026-11-23T09:00", &["history", "--json"]);
    assert_eq!(history.json()[0]["reason"], "settled", "{history:?}");
    // Its case waits; it is neither paid nor closed.
    let ran = house.run_at("2026-11-24T09:00", &["collection", "update", "--json"]);
    assert_eq!(ran.json()["rules"][0]["advanced"], json!({}), "{ran:?}");
    let cases = house.run_at(
        "2026-11-24T09:00",
        &["collection", "list", "--open", "--json"],
    );
    assert_eq!(cases.json()[0]["stage"], "notice", "{cases:?}");
}

#[test]
fn a_token_that_expires_midway_is_asked_for_anew_once() {
    let house = house();
    let tokens = Arc::new(Mutex::new(0));
    let count = Arc::clone(&tokens);
    let ran = run(&house, move |asked, _| {
        if asked.path.starts_with("/oauth") {
            *count.lock().expect("a count") += 1;
            return None.or(Some(honest(asked)));
        }
        let tokens = *count.lock().expect("a count");
        let expired = page(asked) == 1 && tokens == 1;
        Some(if expired {
            Reply::Body(
                401,
                "application/json",
                br#"{"message":"Unauthenticated."}"#.to_vec(),
            )
        } else {
            honest(asked)
        })
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(*tokens.lock().expect("a count"), 2);
    assert_eq!(house.report("contracts").len(), 3);
}

#[test]
fn ugly_answers_change_nothing_and_say_what_to_do() {
    type Script = fn(&Asked) -> Reply;
    let cases: Vec<(Script, &str)> = vec![
        (
            |_| Reply::html(200, "<html><title>Login</title>Entrar</html>"),
            "a page for people",
        ),
        (
            |_| Reply::Body(403, "text/plain", b"Host not in allowlist".to_vec()),
            "allow this machine's address",
        ),
        (
            |_| {
                Reply::Body(
                    401,
                    "application/json",
                    br#"{"error":"invalid_grant","message":"senha segredo-da-integracao"}"#
                        .to_vec(),
                )
            },
            "client_secret",
        ),
        (
            |_| Reply::Redirect("https://elsewhere.example.com/".to_owned()),
            "base_url",
        ),
        (
            |asked| {
                if asked.path.starts_with("/oauth") {
                    honest(asked)
                } else {
                    Reply::json(&json!({"status": "error", "msg": "sem permissão"}))
                }
            },
            "sem permissão",
        ),
        (
            |asked| {
                // The second page is the first once more.
                let first = Asked {
                    path: asked.path.replace("pagina=1&", "pagina=0&"),
                    ..asked.clone()
                };
                honest(&first)
            },
            "repeats what came before",
        ),
        (
            |asked| {
                // It tells of more rows than it has.
                let Reply::Body(status, kind, body) = honest(asked) else {
                    unreachable!("a body")
                };
                let body = String::from_utf8(body)
                    .expect("UTF-8")
                    .replace("\"total_registros\":3", "\"total_registros\":9");
                Reply::Body(status, kind, body.into_bytes())
            },
            "not complete: it told of 9 rows, and 3 came",
        ),
        (
            |asked| {
                // Pages without end, and nothing on them.
                if asked.path.contains("/cliente/") {
                    Reply::json(&json!({"status": "success", "clientes": [],
                        "paginacao": {"ultima_pagina": 999_999_999, "total_registros": 0}}))
                } else {
                    honest(asked)
                }
            },
            "page 0 is empty, and page 999999999 is told to be the last",
        ),
        (
            |asked| {
                if asked.path.contains("/cliente/") {
                    Reply::json(
                        &json!({"status": "success", "clientes": [{"nome_razaosocial": "Ana"}]}),
                    )
                } else {
                    honest(asked)
                }
            },
            "has no id",
        ),
        (
            |_| Reply::Body(200, "application/json", vec![0xff, 0xfe, 0, 1]),
            "something else",
        ),
    ];
    for (script, told) in cases {
        let house = house();
        let ran = run(&house, move |asked, _| Some(script(asked)));
        assert_eq!(ran.code, 4, "{told}: {ran:?}");
        assert!(ran.stderr.contains(told), "{told} in\n{}", ran.stderr);
        assert!(!ran.stderr.contains("segredo-da"), "{}", ran.stderr);
        assert_eq!(house.report("contracts"), Vec::<Value>::new());
    }
}

/// Its list of clients may be some hours old: the invoice of a client who is not in it yet waits for them.
#[test]
fn an_invoice_of_a_client_who_is_not_in_the_cached_list_yet_comes_with_them() {
    let house = house();
    let script = |knows: bool| {
        move |asked: &Asked, _| {
            Some(if asked.path.contains("/cliente/all") && knows {
                let rows = [
                    customer(1, "Ana Lima", "servico_habilitado"),
                    customer(7, "Davi", "servico_habilitado"),
                ];
                listed("clientes", &rows, asked)
            } else if asked.path.contains("/cliente/all") {
                let rows = [customer(1, "Ana Lima", "servico_habilitado")];
                listed("clientes", &rows, asked)
            } else if asked.path.contains("/fatura") {
                listed("faturas", &[bill(71, 1, None), bill(77, 7, None)], asked)
            } else {
                honest(asked)
            })
        }
    };
    let ran = run(&house, script(false));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.json()["refused"][0]["id"], 77);
    let ran = run(&house, script(true));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(house.report("invoices").len(), 2);
    // Every row was read, those that were refused too: nothing else is said.
    assert_eq!(ran.json()["notes"], json!([]), "{ran:?}");
}

#[test]
fn a_list_that_knows_no_pages_is_taken_once() {
    let house = house();
    let ran = run(&house, |asked, _| {
        Some(if asked.path.contains("/cliente/all") {
            // Cached: the same whole list, whatever page is asked for.
            Reply::json(
                &json!({"status": "success", "clientes": [customer(1, "Ana", "servico_habilitado"), customer(2, "Bia", "novo_estado")]}),
            )
        } else {
            honest(asked)
        })
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(house.report("contracts").len(), 2);
    assert_eq!(ran.json()["noticed"][0]["found"], "novo_estado");
}

#[test]
fn doctor_looks_at_each_list() {
    let house = house();
    house.erp.script(|asked, _| Some(honest(asked)));
    let ran = house.run(&["doctor"]);
    for told in [
        "hubsoft: the API answers",
        "cliente/all can be read; rows: 3",
        "financeiro/fatura can be read; rows: 2",
    ] {
        assert!(ran.stdout.contains(told), "{told} in {ran:?}");
    }
}
