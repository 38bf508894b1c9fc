//! Many clients from every source, in memory that does not grow with them.

use std::time::Duration;

use serde_json::{Value, json};

use super::erp::{Asked, Reply};
use super::{House, hubsoft, sgp};

/// The most that a sync may hold, in KiB.
const MOST: u64 = 64 << 10;

/// A house whose source has so many clients, each with a contract, an invoice and (but for SGP) a login.
type Full = fn(usize) -> House;

const SOURCES: [(&str, Full); 4] = [
    ("ixc", ixc),
    ("hubsoft", full_hubsoft),
    ("sgp", full_sgp),
    ("command", command),
];

fn ixc(clients: usize) -> House {
    let house = House::new();
    house.erp.script(move |asked, _| {
        let row: fn(usize) -> Value = match asked.form() {
            "cliente" => |id| json!({"id": id.to_string(), "razao": format!("Cliente {id}"), "tipo_pessoa": "F", "ativo": "S",
                "telefone_celular": "(49) 99999-0001", "ultima_atualizacao": "2026-11-12 01:02:08"}),
            "cliente_contrato" => |id| json!({"id": id.to_string(), "id_cliente": id.to_string(), "contrato": "Fibra", "status": "A",
                "status_internet": "CA", "ultima_atualizacao": "2026-11-12 01:02:08"}),
            "fn_areceber" => |id| json!({"id": id.to_string(), "id_cliente": id.to_string(), "id_contrato": id.to_string(), "status": "A",
                "liberado": "S", "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "99.90",
                "ultima_atualizacao": "2026-11-12 01:02:08"}),
            "radusuarios" => |id| json!({"id": id.to_string(), "id_cliente": id.to_string(), "id_contrato": id.to_string(),
                "login": format!("login{id}"), "ativo": "S", "online": "S", "ultima_atualizacao": "2026-11-12 01:02:08"}),
            _ => return None,
        };
        let text = |key: &str| asked.body[key].as_str().expect("text").parse::<usize>().expect("a number");
        let (after, size) = (text("query"), text("rp"));
        let rows: Vec<Value> = (after + 1..=clients).take(size).map(row).collect();
        let total = clients.saturating_sub(after).to_string();
        Some(Reply::json(&json!({"page": "1", "total": total, "registros": rows})))
    });
    house
}

fn full_hubsoft(clients: usize) -> House {
    let house = hubsoft::house_of(500, "");
    house.erp.script(move |asked, _| {
        let list = |key: &str, row: fn(i64) -> Value| {
            let page: usize = asked.query("pagina").parse().expect("a page");
            let ids = page * 500 + 1..=clients.min(page * 500 + 500);
            let rows: Vec<Value> = ids
                .map(|id| row(i64::try_from(id).expect("an id")))
                .collect();
            Reply::json(&json!({"status": "success", key: rows,
                "paginacao": {"ultima_pagina": (clients - 1) / 500, "total_registros": clients}}))
        };
        Some(if asked.path.contains("/cliente/all") {
            list("clientes", |id| {
                let mut customer = hubsoft::customer(id, "Ana Lima", "suspenso_debito");
                customer["servicos"][0]["id_cliente_servico"] = json!(id);
                customer
            })
        } else if asked.path.contains("/fatura") {
            list("faturas", |id| {
                let mut bill = hubsoft::bill(id, id, None);
                bill["id_cliente_servico"] = json!(id);
                bill
            })
        } else {
            hubsoft::honest(asked)
        })
    });
    house
}

fn full_sgp(clients: usize) -> House {
    let house = sgp::house_of(250, "");
    house.erp.script(move |asked: &Asked, _| {
        if asked.path == "/api/ura/consultacliente/" {
            let id: i64 = asked.field("cpfcnpj").parse().expect("a number");
            return Some(Reply::json(
                &json!({"contratos": [{"clienteId": id, "contratoId": id, "razaoSocial": "Ana",
                "contratoStatus": 4, "planointernet": "Fibra", "telefones": ["(44) 99999-8888"]}]}),
            ));
        }
        let offset: usize = asked.field("offset").parse().expect("an offset");
        let limit: usize = asked.field("limit").parse().expect("a limit");
        let ids = offset + 1..=clients.min(offset + limit);
        let rows: Vec<Value> = ids
            .map(|id| {
                let id = i64::try_from(id).expect("an id");
                sgp::title(id, &format!("{id:011}"), id, json!({}))
            })
            .collect();
        Some(Reply::json(
            &json!({"paginacao": {"total": clients}, "titulos": rows}),
        ))
    });
    house
}

fn command(clients: usize) -> House {
    let house = House::new();
    house.write(
        "config.toml",
        "[sync.command.mk]\ncommand = [\"/bin/sh\", \"source\"]\n",
    );
    let kinds = [
        r#""clients","id":&,"name":"Ana","person_type":"F""#,
        r#""contracts","id":&,"client_id":&,"status":"active","access_status":"auto_block""#,
        r#""invoices","id":&,"client_id":&,"contract_id":&,"due_on":"2026-11-10","amount":99.90,"status":"open""#,
        r#""logins","id":&,"client_id":&,"contract_id":&,"username":"login&""#,
    ];
    let lines = kinds.map(|kind| format!("seq 1 {clients} | sed 's/.*/{{\"kind\":{kind}}}/'\n"));
    house.write(
        "source",
        &format!(
            "{}echo '{{\"complete\":true,\"full\":true}}'\n",
            lines.concat()
        ),
    );
    house
}

/// The most memory, in KiB, that a sync of all this held, and what it answered.
fn peak(house: &House) -> (u64, Value) {
    let mut child = house
        .command("2026-11-21T09:00", &["sync", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("regua runs");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
        most = peak.unwrap_or(0).max(most);
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("an answer");
    assert!(output.status.success(), "{output:?}");
    (most, serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[expect(
    clippy::print_stdout,
    reason = "what was measured is for a person to read"
)]
fn measured(name: &str, full: Full, [few, many]: [usize; 2], most: fn(u64) -> u64) {
    let peaks = [few, many].map(|clients| {
        let watch = std::time::Instant::now();
        let (peak, answer) = peak(&full(clients));
        let seconds = watch.elapsed().as_secs();
        println!("{name}: {peak} KiB for {clients}, in {seconds} s");
        let kinds = answer["kinds"].as_array().expect("kinds");
        for kind in ["clients", "contracts", "invoices"] {
            let came = kinds.iter().find(|came| came["kind"] == kind);
            assert_eq!(came.expect("a kind")["new"], clients, "{name}: {answer}");
        }
        peak
    });
    assert!(peaks[1] < MOST, "{name}: {peaks:?} KiB");
    assert!(peaks[1] < most(peaks[0]), "{name}: {peaks:?} KiB");
}

#[test]
fn ten_thousand_clients_need_no_more_memory_than_a_thousand() {
    for (name, full) in SOURCES {
        // The few hold a page and the program; ten times as much fills the page cache of the database.
        measured(name, full, [1_000, 10_000], |few| few + (16 << 10));
    }
}

/// Fifty thousand fill the page cache of the database: what twice as many need more would be theirs.
fn hundred_thousand(source: usize) {
    let (name, full) = SOURCES[source];
    measured(name, full, [50_000, 100_000], |few| few * 12 / 10);
}

// A few minutes together: cargo test --test sync a_hundred_thousand -- --ignored --nocapture

#[test]
#[ignore = "minutes long"]
fn a_hundred_thousand_clients_from_ixc_need_no_more_memory_than_half() {
    hundred_thousand(0);
}

#[test]
#[ignore = "minutes long"]
fn a_hundred_thousand_clients_from_hubsoft_need_no_more_memory_than_half() {
    hundred_thousand(1);
}

#[test]
#[ignore = "minutes long"]
fn a_hundred_thousand_clients_from_sgp_need_no_more_memory_than_half() {
    hundred_thousand(2);
}

#[test]
#[ignore = "minutes long"]
fn a_hundred_thousand_clients_from_a_program_need_no_more_memory_than_half() {
    hundred_thousand(3);
}
