//! `regua sync`.

use serde_json::{Value, json};

use super::erp::Reply;
use super::server::{Act, Server};
use super::{House, PASSWORDS, TOKEN};

fn kind<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["kinds"]
        .as_array()
        .expect("kinds")
        .iter()
        .find(|kind| kind["kind"] == name)
        .unwrap_or_else(|| panic!("{name} in {answer}"))
}

fn counts(answer: &Value, name: &str) -> [u64; 4] {
    ["new", "changed", "unchanged", "refused"]
        .map(|key| kind(answer, name)[key].as_u64().expect(key))
}

#[test]
fn the_book_is_filled_and_kept_up() {
    let house = House::new();
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    assert_eq!(counts(&answer, "clients"), [2, 0, 0, 0]);
    assert_eq!(counts(&answer, "contracts"), [1, 0, 0, 0]);
    assert_eq!(counts(&answer, "invoices"), [3, 0, 0, 0]);
    assert_eq!(counts(&answer, "logins"), [1, 0, 0, 0]);
    assert_eq!(counts(&answer, "tickets"), [1, 0, 0, 0]);

    let invoices = house.report("invoices");
    let invoice = |id: i64| {
        invoices
            .iter()
            .find(|row| row["invoice_id"] == id)
            .expect("an invoice")
            .clone()
    };
    assert_eq!(invoice(145_535)["open_amount"], 49.9);
    assert_eq!(invoice(145_535)["portfolio"], "Boleto");
    assert_eq!(invoice(145_535)["contract_id"], 2302);
    assert_eq!(invoice(145_535)["branch"], "Matriz");
    assert_eq!(invoice(145_537)["invoice_status"], "renegotiated");
    let login = &house.report("logins")[0];
    assert_eq!(login["online"], "unknown");
    assert_eq!(login["pop"], "OLT-CENTRO");
    assert_eq!(login["box"], "CX-12");
    assert_eq!(login["last_online_at"], "2026-11-20T19:45:10-03:00");
    let contract = &house.report("contracts")[0];
    assert_eq!(contract["access_status"], "auto_block");
    assert_eq!(contract["seller"], "Vera");
    assert_eq!(contract["client_name"], "MARIA DE SOUZA EXEMPLO");
    // The hidden (not released) and the renegotiated invoice are not owed.
    assert_eq!(contract["overdue_invoices"], 1);

    house.erp.script(|_, _| None);
    let again = house.run(&["sync", "--json"]).json();
    assert_eq!(counts(&again, "clients"), [0, 0, 2, 0]);
    assert!(kind(&again, "clients")["changed_since"].is_string());
    assert!(
        house
            .erp
            .asked()
            .iter()
            .all(|asked| asked.body["grid_param"].is_string()),
        "only changes are asked for, and no names again"
    );
    let full = house.run(&["sync", "--full", "invoices", "--json"]).json();
    assert_eq!(full["kinds"].as_array().expect("kinds").len(), 1);
    assert_eq!(counts(&full, "invoices"), [0, 0, 3, 0]);
    assert_eq!(kind(&full, "invoices")["changed_since"], Value::Null);
}

#[test]
fn every_request_is_a_read_with_the_token_as_basic() {
    use base64::Engine as _;
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(TOKEN)
    );
    for (more, method) in [("", "POST"), ("method = \"GET\"", "GET")] {
        let house = House::with(more);
        assert_eq!(house.run(&["sync"]).code, 0);
        let asked = house.erp.asked();
        assert!(asked.len() > 5);
        for asked in asked {
            assert_eq!(asked.method, method);
            assert_eq!(asked.headers["ixcsoft"], "listar");
            assert_eq!(asked.headers["authorization"], basic);
            assert!(asked.path.starts_with("/webservice/v1/"), "{}", asked.path);
        }
    }
}

#[test]
fn pages_are_small_and_complete() {
    let house = House::with("page_size = 1");
    let ran = house.run(&["sync", "invoices", "clients", "contracts", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "invoices"), [3, 0, 0, 0]);
    let keys: Vec<String> = house
        .erp
        .asked()
        .iter()
        .filter(|asked| asked.form() == "fn_areceber")
        .map(|asked| asked.body["query"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(keys, ["0", "145535", "145536", "145537"]);
}

#[test]
fn answers_without_data_change_nothing_and_say_what_to_do() {
    let red = "<div style=\"background:#FF0000\">Ocorreu um erro ao processar. Contate o suporte IXC Soft.</div>";
    let cases: Vec<(Reply, &str, &str)> = vec![
        (Reply::html(200, red), "its error page (HTTP 200)", "page_size"),
        (
            Reply::Body(200, "text/html; charset=ISO-8859-1", b"{\"type\":\"error\",\"message\":\"Seu IP n\xe3o est\xe1 liberado para efetuar login!\"}".to_vec()),
            "Seu IP não está liberado",
            "Redes Permitidas",
        ),
        (Reply::html(200, "<html><title>Central</title><form></form></html>"), "this is not the IXC web service", "base_url"),
        (Reply::html(200, "{}"), "an empty object", "proxy"),
        (Reply::html(200, ""), "the answer is empty", "try again"),
        (Reply::html(401, "<h1>401 Authorization Required</h1>"), "HTTP 401", "create it anew"),
        (Reply::html(403, "<h1>Forbidden</h1>"), "HTTP 403", "earlier server"),
        (Reply::json(&json!({"page": "1", "total": 3, "registros": []})), "the list is not complete", "nothing was changed"),
        (Reply::json(&json!({"page": "1", "total": "3"})), "the list is not complete", "nothing was changed"),
        (
            Reply::json(&json!({"page": "1", "rows": [{"id": "1", "cell": ["1", "x"]}], "total": 1})),
            "rows of cells without names",
            "[sync.ixc.columns] fn_areceber",
        ),
        (Reply::Redirect("https://elsewhere.example.com/".to_owned()), "redirect (HTTP 302), which is not followed", "base_url"),
    ];
    for (reply, words, remedy) in cases {
        let house = House::new();
        house
            .erp
            .script(move |asked, _| (asked.form() == "fn_areceber").then(|| reply.clone()));
        let ran = house.run(&["sync"]);
        assert_eq!(ran.code, 4, "{words}: {ran:?}");
        assert!(ran.stderr.contains(words), "{words} in\n{}", ran.stderr);
        assert!(ran.stderr.contains(remedy), "{remedy} in\n{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert_eq!(
            house.report("contracts"),
            Vec::<Value>::new(),
            "nothing is applied"
        );
    }
}

#[test]
fn trial_103_a_form_that_is_not_released_is_told_and_the_others_are_applied() {
    let house = House::new();
    house.erp.script(|asked, _| {
        (asked.form() == "fn_areceber").then(|| {
            Reply::html(200, r#"{"type":"error","message":"Recurso fn_areceber n\u00e3o est\u00e1 dispon\u00edvel!"}"#)
        })
    });
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "invoices were not read, the others were",
        "Recurso fn_areceber não está disponível!",
        "release the form fn_areceber",
    ] {
        assert!(ran.stderr.contains(words), "{words} in\n{}", ran.stderr);
    }
    assert_eq!(house.report("contracts").len(), 1);
    let ran = house.run(&["sync", "invoices"]);
    assert_eq!(ran.code, 4, "{ran:?}");
}

#[test]
fn trial_103_a_task_tells_of_a_form_that_is_not_released_once_a_day() {
    let house = House::new();
    house.erp.script(|asked, _| {
        (asked.form() == "fn_areceber").then(|| {
            Reply::html(200, r#"{"type":"error","message":"Recurso fn_areceber n\u00e3o est\u00e1 dispon\u00edvel!"}"#)
        })
    });
    let task = ["task", "add", "erp", "--run", "sync"];
    let ran = house.run(&[&task[..], &["--minute", "0", "--hour", "*"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    for (at, told) in [
        ("2026-11-21T10:00", true),
        ("2026-11-21T11:00", false),
        ("2026-11-21T23:00", false),
        ("2026-11-22T00:00", true),
        ("2026-11-22T01:00", false),
    ] {
        let ran = house.run_at(at, &["task", "run-due"]);
        assert_eq!(ran.code, 0, "{at}: {ran:?}");
        let says = ran.stderr.contains("release the form fn_areceber");
        assert_eq!(says, told, "{at}: {ran:?}");
    }
    assert_eq!(house.report("contracts").len(), 1);
}

#[test]
fn trial_84_the_erp_is_asked_through_a_proxy_and_on_this_machine_never() {
    // Whatever listens there as a proxy hears of the ERP elsewhere, and of the one here nothing.
    let proxy = Server::start(|_| Act::json(502, "{}"));
    let house = House::new();
    let through = |house: &House| {
        let output = house
            .command("2026-11-21T09:00", &["sync", "clients"])
            .env("HTTP_PROXY", proxy.url())
            .env("HTTPS_PROXY", proxy.url())
            .output()
            .expect("regua runs");
        output.status.code().expect("a code")
    };
    assert_eq!(through(&house), 0);
    assert_eq!(proxy.seen().len(), 0, "loopback goes to no proxy");
    house.write(
        "config.toml",
        "database = \"regua.db\"\n[sync.ixc]\nbase_url = \"https://ixc.example.com\"\ntoken = \"file:token\"\n",
    );
    assert_eq!(through(&house), 4);
    let seen = proxy.seen();
    assert!(!seen.is_empty(), "the proxy is asked");
    for request in seen {
        assert_eq!(request.method, "CONNECT");
        let token = request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        assert!(!token, "the token went to the proxy");
    }
}

#[test]
fn trial_87_an_erp_under_a_private_authority() {
    let server = Server::encrypted(|_| Act::json(200, r#"{"page":"1","total":"0"}"#));
    let house = House::new();
    let settings = |more: &str| {
        house.write(
            "config.toml",
            &format!(
                "database = \"regua.db\"\n[sync.ixc]\nbase_url = \"{}\"\ntoken = \"file:token\"\n{more}",
                server.url()
            ),
        );
    };
    settings("");
    let ran = house.run(&["sync", "clients"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("certificate"), "{ran:?}");
    assert!(ran.stderr.contains("ca_file under [sync.ixc]"), "{ran:?}");
    assert_eq!(server.seen().len(), 0, "nothing was said to a stranger");
    house.write("ca.pem", include_str!("../providers/tls/ca.pem"));
    settings("ca_file = \"ca.pem\"\n");
    house.run(&["sync", "clients"]);
    assert!(!server.seen().is_empty(), "it is asked");
}

#[test]
fn trial_107_one_page_that_is_cut_or_refused_for_a_moment_is_asked_for_again() {
    let house = House::with("page_size = 1");
    let mut turns = 0;
    house.erp.script(move |asked, _| {
        if asked.form() != "fn_areceber" {
            return None;
        }
        turns += 1;
        match turns {
            2 => Some(Reply::Half),
            4 => Some(Reply::html(503, "<title>503</title>")),
            _ => None,
        }
    });
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "invoices"), [3, 0, 0, 0]);
}

#[test]
fn ugly_pages_that_hold_all_their_data_are_read() {
    let house = House::new();
    house.erp.script(|asked, _| match asked.form() {
        // Latin-1 behind the wrong type, the total a number, a row numbered by PHP.
        "cliente" => Some(Reply::Body(
            200,
            "text/html; charset=ISO-8859-1",
            b"{\"page\":1,\"total\":1,\"registros\":{\"0\":{\"id\":7,\"razao\":\"JOS\xc9\",\"tipo_pessoa\":\"E\",\"ativo\":null}}}".to_vec(),
        )),
        "cliente_contrato" => Some(Reply::json(&json!({"page": "1", "total": "0"}))),
        "fn_areceber" => Some(Reply::json(&json!({"page": "1", "total": 0, "registros": null}))),
        "radusuarios" => Some(Reply::json(&json!({"page": "1", "total": 1, "tot": [], "rows": [
            {"id": "9", "autoincrement": {"campo": "id"}, "cell": {"id": "9", "login": "jose", "id_cliente": "7", "senha": "x"}}
        ]}))),
        _ => Some(Reply::json(&json!({"page": "1", "total": "0", "registros": []}))),
    });
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "clients"), [1, 0, 0, 0]);
    let login = &house.report("logins")[0];
    assert_eq!(login["client_name"], "JOSÉ");
    assert_eq!(login["username"], "jose");
}

#[test]
fn cells_by_position_are_read_by_the_names_given() {
    let house =
        House::with("[sync.ixc.columns]\nradusuarios = \"id, login, senha, id_cliente, online\"");
    house.erp.script(|asked, _| {
        (asked.form() == "radusuarios").then(|| {
            Reply::json(&json!({"page": "1", "total": 1, "rows": [{"id": "9", "cell": ["9", "maria", "senha-pppoe-72", "2107", "S"]}]}))
        })
    });
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let login = &house.report("logins")[0];
    assert_eq!(
        (&login["username"], &login["online"]),
        (&json!("maria"), &json!("yes"))
    );
}

#[test]
fn an_overloaded_server_is_asked_for_less() {
    let house = House::new();
    house.erp.script(|asked, turn| {
        (asked.form() == "cliente" && turn < 2)
            .then(|| Reply::html(504, "<div style=\"background:#FF0000\">x</div>"))
    });
    assert_eq!(house.run(&["sync", "clients"]).code, 0);
    let sizes: Vec<Value> = house
        .erp
        .asked()
        .iter()
        .take(3)
        .map(|asked| asked.body["rp"].clone())
        .collect();
    assert_eq!(sizes, ["500", "250", "125"]);
}

#[test]
fn rows_that_change_between_pages_neither_shift_nor_repeat() {
    let house = House::with("page_size = 1");
    // Invoice 145535 is deleted after its page, and 145538 appears.
    house.erp.script(|asked, _| {
        if asked.form() != "fn_areceber" {
            return None;
        }
        let row = |id: &str| json!({"id": id, "id_cliente": "2107", "status": "A", "data_vencimento": "2026-11-10", "valor": "10.00"});
        let (total, id) = match asked.body["query"].as_str() {
            Some("0") => (3, "145535"),
            Some("145535") => (3, "145536"),
            Some("145536") => (2, "145537"),
            Some("145537") => (1, "145538"),
            _ => return Some(Reply::json(&json!({"page": "1", "total": "0", "registros": []}))),
        };
        Some(Reply::json(&json!({"page": "1", "total": total.to_string(), "registros": [row(id)]})))
    });
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "invoices"), [4, 0, 0, 0]);
}

#[test]
fn a_server_that_ignores_the_filter_is_found_out() {
    let house = House::with("page_size = 1");
    house.erp.script(|asked, _| {
        (asked.form() == "cliente").then(|| {
            Reply::json(&json!({"page": "1", "total": "2", "registros": [{"id": "2107", "razao": "X", "tipo_pessoa": "F"}]}))
        })
    });
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.stderr.contains("the server ignored the filter"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_hanging_server_times_out() {
    let house = House::with("timeout_seconds = 1");
    house.erp.script(|_, _| Some(Reply::Hang));
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("timed out"), "{}", ran.stderr);
}

#[test]
fn refused_rows_are_named_and_the_rest_is_taken() {
    let house = House::new();
    house.erp.put("fn_areceber", json!([
        {"id": "1", "id_cliente": "2107", "status": "A", "data_vencimento": "0000-00-00", "valor": "10", "ultima_atualizacao": "2026-01-01 00:00:00"},
        {"id": "2", "id_cliente": "99", "status": "A", "data_vencimento": "2026-11-10", "valor": "10", "ultima_atualizacao": "2026-01-01 00:00:00"},
        {"id": "3", "id_cliente": "2107", "status": "A", "data_vencimento": "2026-11-10", "valor": "10", "ultima_atualizacao": "2026-01-01 00:00:00"},
    ]));
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let answer = ran.json();
    assert_eq!(counts(&answer, "invoices"), [1, 0, 0, 2]);
    let refused: Vec<(&Value, &Value)> = answer["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (&row["id"], &row["column"]))
        .collect();
    assert_eq!(
        refused,
        [
            (&json!(1), &json!("due_on")),
            (&json!(2), &json!("client_id"))
        ]
    );
    // They are not forgotten.
    assert_eq!(house.run(&["sync", "-q"]).code, 1);
}

/// What the ERP says of an invoice by now cannot be read: whether it was paid is not known.
#[test]
fn an_invoice_whose_row_cannot_be_taken_is_told_to_nobody_until_it_comes_right() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    let owed = || house.report("contracts")[0]["overdue_total"].clone();
    assert_eq!(owed(), json!(49.9));
    let says = |status: &str, open: &str, seconds: u32| {
        house.erp.put("fn_areceber", json!([
            {"id": "145535", "id_cliente": "2107", "id_contrato": "2302", "status": status, "liberado": "S",
             "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": open, "id_carteira_cobranca": "5",
             "ultima_atualizacao": format!("2026-11-21 08:00:{seconds:02}")}]));
        let ran = house.run(&["sync", "--json"]);
        (ran.code, kind(&ran.json(), "invoices").clone(), ran)
    };
    house.erp.put("fn_areceber", json!([
        {"id": "145535", "id_cliente": "2107", "id_contrato": "2302", "status": "A", "liberado": "S",
         "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "-5.00", "id_carteira_cobranca": "5",
         "ultima_atualizacao": "2026-11-21 08:00:00"}]));
    let plan = house.run(&["sync", "--dry-run", "--json"]).json();
    assert_eq!(
        plan["changes"],
        json!([{"kind": "invoices", "source": "ixc", "id": 145_535, "change": "changed",
                "columns": ["awaiting_confirmation"]}])
    );
    assert_eq!(owed(), json!(49.9));
    let (code, invoices, ran) = says("A", "-5.00", 1);
    assert_eq!((code, &invoices["refused"]), (1, &json!(1)), "{ran:?}");
    assert_eq!(invoices["unconfirmed"], 1, "{ran:?}");
    assert!(ran.stdout.contains("nobody is told of them"), "{ran:?}");
    assert_eq!(owed(), json!(0.0));
    // It stays so, and is told of as an invoice in doubt once.
    let (code, invoices, _) = says("A", "muito", 2);
    assert_eq!((code, &invoices["unconfirmed"]), (1, &json!(0)));
    assert_eq!(owed(), json!(0.0));
    // A form that says nothing of confirmations does not leave it in doubt for ever.
    let (code, _, ran) = says("A", "39.90", 3);
    assert_eq!(code, 0, "{ran:?}");
    assert_eq!(owed(), json!(39.9));
    // Whoever paid too much has paid.
    let (code, _, ran) = says("R", "-5.00", 4);
    assert_eq!(code, 0, "{ran:?}");
    let paid = house.report("invoices");
    let paid = paid.iter().find(|row| row["invoice_id"] == 145_535);
    assert_eq!(paid.expect("an invoice")["invoice_status"], "paid");
}

#[test]
fn a_list_of_names_that_comes_empty_renames_nothing() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    house.erp.put("fn_carteira_cobranca", json!([]));
    assert_eq!(house.run(&["sync", "--full"]).code, 0);
    assert_eq!(house.report("invoices")[0]["portfolio"], "Boleto");
}

#[test]
fn unknown_codes_are_told_as_they_came() {
    let house = House::new();
    house.erp.put("cliente_contrato", json!([
        {"id": "2302", "id_cliente": "2107", "status": "Z", "status_internet": "QQ", "ultima_atualizacao": "2026-11-18 03:10:22"},
    ]));
    house.erp.put("fn_areceber", json!([
        {"id": "5", "id_cliente": "2107", "id_contrato": "2302", "status": "W", "liberado": "S", "data_vencimento": "2026-11-10", "valor": "10", "ultima_atualizacao": "2026-11-18 03:10:22"},
    ]));
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let answer = ran.json();
    let told: Vec<(&str, &str)> = answer["noticed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            (
                row["field"].as_str().expect("text"),
                row["found"].as_str().expect("text"),
            )
        })
        .collect();
    for wanted in [("status", "Z"), ("status_internet", "QQ"), ("status", "W")] {
        assert!(told.contains(&wanted), "{wanted:?} in {told:?}");
    }
    assert_eq!(
        house.report("contracts")[0]["overdue_invoices"],
        0,
        "nobody is dunned by a guess"
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let house = House::new();
    let ran = house.run(&["sync", "--dry-run", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "clients"), [2, 0, 0, 0]);
    assert_eq!(ran.json()["dry_run"], true);
    // Looking makes no database.
    assert!(!house.path().join("regua.db").exists());
}

#[test]
fn without_a_source_it_says_what_to_write() {
    let house = House::new();
    house.write("config.toml", "database = \"regua.db\"\n");
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("[sync.ixc]"), "{}", ran.stderr);
    let ran = house.run(&["sync", "coisas"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn no_secret_is_ever_seen() {
    use base64::Engine as _;
    let house = House::new();
    let basic = base64::engine::general_purpose::STANDARD.encode(TOKEN);
    let mut seen = String::new();
    // A server that repeats what it was told, in each kind of error, and an honest one.
    let echo = format!("{TOKEN} {basic} {}", PASSWORDS[0]);
    let replies = [
        Some(Reply::html(
            200,
            &format!("<div style=\"background:#FF0000\">{TOKEN} {basic}</div>"),
        )),
        Some(Reply::html(
            200,
            &json!({"type": "error", "message": format!("bad token {TOKEN} {basic}")}).to_string(),
        )),
        Some(Reply::html(200, &format!("<title>{TOKEN} {basic}</title>"))),
        Some(Reply::html(
            200,
            &json!({ TOKEN: 1, &basic: echo }).to_string(),
        )),
        None,
    ];
    for reply in replies {
        house.erp.script(move |_, _| reply.clone());
        for arguments in [
            &["sync", "-v"][..],
            &["sync", "--full", "--json"],
            &["doctor"],
            &["doctor", "--json"],
        ] {
            let ran = house.run(arguments);
            seen.push_str(&ran.stdout);
            seen.push_str(&ran.stderr);
        }
    }
    let kept = String::from_utf8_lossy(&house.everything()).into_owned();
    let hash = TOKEN.split(':').nth(1).expect("a hash");
    for secret in [TOKEN, &basic, hash].into_iter().chain(PASSWORDS) {
        assert!(!seen.contains(secret), "{secret} was said");
        assert!(!kept.contains(secret), "{secret} was kept");
    }
}

#[test]
fn a_task_syncs_before_what_looks_at_the_book() {
    let house = House::new();
    let ran = house.run(&[
        "task", "add", "erp", "--run", "sync", "--minute", "0", "--hour", "*",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = house.run_at("2026-11-21T10:00", &["task", "run-due"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(house.report("contracts").len(), 1);
    house.erp.put("fn_areceber", json!([
        {"id": "1", "id_cliente": "2107", "status": "A", "data_vencimento": "", "valor": "10", "ultima_atualizacao": "2026-11-21 10:30:00"},
    ]));
    let ran = house.run_at("2026-11-21T11:00", &["task", "run-due"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let shown = house.run(&["task", "show", "erp", "--json"]);
    assert!(
        shown
            .stdout
            .contains("refused rows: 1, the first: invoices 1: due_on"),
        "{shown:?}"
    );
    house
        .erp
        .script(|_, _| Some(Reply::html(200, "<title>Login</title>")));
    assert_eq!(
        house.run_at("2026-11-21T12:00", &["task", "run-due"]).code,
        4
    );
}

#[test]
fn what_happened_to_tickets_is_told_but_not_sent() {
    let house = House::new();
    house.write(
        "staff.csv",
        "id,name,email,ticket_manager,notify_workflow\n34,Rui,rui@example.com,yes,yes\n",
    );
    assert_eq!(house.run(&["import", "staff", "staff.csv"]).code, 0);
    house.write(
        "rules.toml",
        r##"
[[template]]
name = "moved"
channel = "email"
kind = "support"
title = "#atendimento_titulo#"
body = "#atendimento_id#: #atendimento_status_anterior# -> #atendimento_status#"
[[template]]
name = "opened"
channel = "email"
kind = "support"
title = "#atendimento_titulo#"
body = "#atendimento_id#: #atendimento_mensagem#"
[[trigger]]
name = "resolved"
event = "workflow"
to = ["resolved"]
audience = ["managers"]
templates = ["moved"]
[[trigger]]
name = "new"
event = "new-internal-ticket"
templates = ["opened"]
"##,
    );
    let ran = house.run(&["apply", "rules.toml"]);
    assert_eq!(ran.code, 0, "{ran:?}");

    let first = house.run(&["sync", "--json"]).json();
    assert_eq!(
        (&first["ticket_events"], &first["ticket_messages"]),
        (&json!(0), &json!(0)),
        "the first sync only learns"
    );
    house.erp.put("su_ticket", json!([
        {"id": "900", "id_cliente": "2107", "titulo": "Antigo", "su_status": "N", "id_ticket_origem": "I",
         "data_criacao": "2026-01-02 10:00:00", "ultima_atualizacao": "2026-11-20 16:00:00"},
        {"id": "1070", "id_cliente": "2107", "id_assunto": "4", "titulo": "Sem conexão", "su_status": "S",
         "prioridade": "M", "id_ticket_origem": "I", "data_criacao": "2026-11-20 10:00:00", "ultima_atualizacao": "2026-11-20 17:00:00"},
        {"id": "1071", "id_cliente": "2107", "id_assunto": "4", "titulo": "Lento", "menssagem": "Muito<br />lento", "su_status": "N",
         "prioridade": "M", "id_ticket_origem": "I", "data_criacao": "2026-11-20 18:00:00", "ultima_atualizacao": "2026-11-20 18:00:00"},
    ]));
    let dry = house.run(&["sync", "--dry-run", "--json"]).json();
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let second = ran.json();
    assert_eq!(
        (&second["ticket_events"], &second["ticket_messages"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(dry["kinds"], second["kinds"]);
    assert_eq!(counts(&second, "tickets"), [2, 1, 0, 0]);
    let third = house.run(&["sync", "--full", "--json"]).json();
    assert_eq!(third["ticket_events"], 0, "nothing is told twice");
    assert_eq!(counts(&third, "tickets"), [0, 0, 3, 0]);

    let history: Value = house.run(&["history", "--json"]).json();
    let mut told: Vec<String> = history
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| {
            format!(
                "{} {} {}",
                message["status"], message["address"], message["body"]
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            r#""queued" "rui@example.com" "1070: em andamento -> resolvido""#,
            r#""queued" "rui@example.com" "1071: Muito lento""#,
        ]
    );
    assert!(
        !house.path().join("email.jsonl").exists(),
        "sync sends nothing"
    );
    // Of a client whose data was erased nothing is told, and nothing comes back.
    house.run(&["client", "erase", "2107", "--why", "pedido", "--yes"]);
    house.erp.put("su_ticket", json!([
        {"id": "1072", "id_cliente": "2107", "id_assunto": "4", "titulo": "Da pessoa apagada", "su_status": "N",
         "prioridade": "M", "id_ticket_origem": "I", "data_criacao": "2026-11-20 19:00:00", "ultima_atualizacao": "2026-11-20 19:00:00"},
    ]));
    let after = house.run(&["sync", "--json"]).json();
    assert_eq!(after["ticket_events"], 0, "{after}");
    let database = std::fs::read(house.path().join("regua.db")).expect("the database");
    let title = b"Da pessoa apagada";
    assert!(!database.windows(title.len()).any(|part| part == title));
}

#[test]
fn replies_of_a_ticket_are_told_once_and_only_those_that_are_new() {
    let house = House::new();
    house.write(
        "staff.csv",
        "id,name,email,notify_replies\n34,Rui,rui@example.com,yes\n",
    );
    assert_eq!(house.run(&["import", "staff", "staff.csv"]).code, 0);
    house.write(
        "rules.toml",
        r##"
[[template]]
name = "answered"
channel = "email"
kind = "support"
title = "#atendimento_titulo#"
body = "#atendimento_id#: #atendimento_resposta#"
[[trigger]]
name = "reply"
event = "reply"
staff = [34]
templates = ["answered"]
"##,
    );
    assert_eq!(house.run(&["apply", "rules.toml"]).code, 0);
    let message = |id: &str, ticket: &str, at: &str, text: &str| {
        json!({"id": id, "id_ticket": ticket, "mensagem": text, "operador": "0", "su_status": "EP",
               "data": at, "ultima_atualizacao": at})
    };
    let old = message("1", "1070", "2026-11-02 10:00:00", "de antes");
    house.erp.put("su_mensagens", json!([old]));
    let first = house.run(&["sync", "--json"]);
    assert_eq!(first.json()["ticket_events"], 0, "{first:?}");
    let told_before = message("2", "1070", "2026-11-20 11:00:00", "Ainda<br>sem sinal");
    let unknown = message("3", "999", "2026-11-20 11:00:00", "de ninguém");
    let empty = message("4", "1070", "2026-11-20 11:00:00", " ");
    house
        .erp
        .put("su_mensagens", json!([old, told_before, unknown, empty]));
    let second = house.run(&["sync", "--json"]);
    assert_eq!(second.code, 0, "{second:?}");
    assert_eq!(
        (
            &second.json()["ticket_events"],
            &second.json()["ticket_messages"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(counts(&second.json(), "tickets"), [0, 0, 1, 0]);
    for arguments in [&["sync", "--json"][..], &["sync", "--full", "--json"]] {
        assert_eq!(house.run(arguments).json()["ticket_events"], 0);
    }
    let history = house.run(&["history", "--json"]).json();
    assert_eq!(
        (
            &history[0]["body"],
            &history[0]["event"],
            history.as_array().map(Vec::len)
        ),
        (&json!("1070: Ainda sem sinal"), &json!("reply"), Some(1))
    );
    // Where the form is withheld, everything else comes, and it is said.
    house.erp.script(|asked, _| {
        (asked.form() == "su_mensagens").then(|| {
            Reply::json(
                &json!({"type": "error", "message": "Recurso su_mensagens não está disponível!"}),
            )
        })
    });
    let ran = house.run(&["sync"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("nobody hears of replies"), "{ran:?}");
}

#[test]
fn staff_topics_and_states_come_from_their_forms() {
    let house = House::with("ticket_visible = \"all\"");
    house.erp.put(
        "uf",
        json!([{"id": "24", "sigla": "SC", "nome": "Santa Catarina"}]),
    );
    house.erp.put(
        "su_oss_assunto",
        json!([{"id": "4", "assunto": "Sem conexão", "ultima_atualizacao": "2026-11-01 10:00:00"}]),
    );
    house.erp.put("funcionarios", json!([
        {"id": "34", "funcionario": "Zé Técnico", "email": "ze@example.com", "fone_celular": "(49) 99999-0034",
         "ativo": "S", "senha": PASSWORDS[0], "ultima_atualizacao": "2026-11-01 10:00:00"},
        {"id": "35", "funcionario": "Bia", "email": "", "ativo": "S", "ultima_atualizacao": "2026-11-01 10:00:00"}]));
    house.erp.put("usuarios", json!([
        {"id": "90", "nome": "bia", "funcionario": "35", "email": "bia@example.com", "senha": PASSWORDS[0]}]));
    let ran = house.run(&["sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(&ran.json(), "staff"), [2, 0, 0, 0]);
    let kept = String::from_utf8_lossy(&house.everything()).into_owned();
    assert!(kept.contains("bia@example.com") && !kept.contains(PASSWORDS[0]));
    assert_eq!(counts(&ran.json(), "topics"), [1, 0, 0, 0]);
    let ticket = house.run(&["ticket", "list", "--json"]).json();
    assert_eq!(ticket[0]["topic"], "Sem conexão");
    let ran = house.run(&["sync", "--explain", "clients", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let columns = ran.json();
    assert!(
        columns
            .as_array()
            .expect("columns")
            .iter()
            .any(|row| row["source"] == "ixc"
                && row["column"] == "mobile"
                && row["field"] == "telefone_celular"),
        "{columns}"
    );
}

#[test]
fn doctor_says_when_deleted_invoices_may_still_owe() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    let told = |now: &str| house.run_at(now, &["doctor"]).stdout;
    let deleted = "the invoices of ixc were last read whole on 2026-11-21";
    assert!(!told("2026-11-28T09:00").contains(deleted));
    assert_eq!(house.run_at("2026-11-30T08:00", &["sync"]).code, 0);
    assert!(told("2026-11-30T09:00").contains(deleted));
    assert_eq!(
        house
            .run_at("2026-11-30T09:00", &["sync", "--full", "invoices"])
            .code,
        0
    );
    assert!(!told("2026-11-30T09:00").contains("were last read whole"));
}

#[test]
fn trial_101_a_full_sync_takes_what_the_erp_no_longer_has_as_gone() {
    let house = House::new();
    assert_eq!(house.run(&["sync"]).code, 0);
    let before = house.report("invoices").len();
    house.erp.put("fn_areceber", json!([
        {"id": "145535", "id_cliente": "2107", "id_contrato": "2302", "status": "A", "liberado": "S",
         "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "49.90",
         "id_carteira_cobranca": "5", "ultima_atualizacao": "2026-11-08 13:53:41"}]));
    // What changed tells nothing of what is not there.
    assert_eq!(house.run(&["sync"]).code, 0);
    assert_eq!(house.report("invoices").len(), before);
    let ran = house.run(&["sync", "--full"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr
            .contains("2 of the 3 invoices that ixc brought would be gone, which is more than 5%"),
        "{ran:?}"
    );
    let ran = house.run(&["sync", "--full", "--most-gone", "70%", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(kind(&ran.json(), "invoices")["gone"], 2);
    assert_eq!(house.report("invoices").len(), 1);
}
