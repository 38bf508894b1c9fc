//! `sync`: what is read from the ERP, and what it says when it cannot be.

use serde_json::json;

use crate::erp::{Erp, Reply};
use crate::house::House;
use crate::scene;

/// A house whose ERP listens at a port of its own, with a few rows of every form.
fn with_erp() -> (House, Erp, String) {
    let house = House::new();
    let erp = Erp::start();
    let url = format!("http://127.0.0.1:{}", erp.port);
    scene::write_secret(
        &house,
        "config.toml",
        &format!("[sync.ixc]\nbase_url = \"{url}\"\ntoken = \"53:9f86d081884c7d65\"\n"),
        0o600,
    );
    erp.put("empresa", json!([{"id": "1", "razao": "PROVEDOR EXEMPLO"}]));
    erp.put(
        "cidade",
        json!([{"id": "7", "nome": "Chapecó", "uf": "24"}]),
    );
    erp.put("filial", json!([{"id": "1", "fantasia": "Matriz"}]));
    erp.put(
        "fn_carteira_cobranca",
        json!([{"id": "5", "descricao": "Boleto"}]),
    );
    erp.put("vendedor", json!([{"id": "3", "nome": "Vera"}]));
    erp.put(
        "radpop_radio",
        json!([{"id": "15", "descricao": "OLT-CENTRO"}]),
    );
    erp.put(
        "rad_caixa_ftth",
        json!([{"id": "50", "descricao": "CX-12"}]),
    );
    let changed = "2026-11-12 01:02:08";
    erp.put("cliente", json!([
        {"id": "21", "razao": "MARIA EXEMPLO", "tipo_pessoa": "F", "ativo": "S", "cnpj_cpf": "111.444.777-35",
         "data_nascimento": "1991-11-22", "telefone_celular": "(49) 99999-0001", "email": "maria@example.com",
         "cidade": "7", "filial_id": "1", "participa_cobranca": "S", "ultima_atualizacao": changed},
        {"id": "22", "razao": "PADARIA LTDA", "tipo_pessoa": "J", "ativo": "N", "cnpj_cpf": "1", "cidade": "0",
         "data_nascimento": "0000-00-00", "ultima_atualizacao": changed}]));
    erp.put("cliente_contrato", json!([
        {"id": "31", "id_cliente": "21", "id_filial": "1", "id_vendedor": "3", "contrato": "FIBRA 500", "status": "A",
         "status_internet": "CA", "data_ativacao": "2022-05-03", "ultima_atualizacao": changed},
        {"id": "32", "id_cliente": "99", "contrato": "FIBRA 500", "status": "Q", "status_internet": "ZZ",
         "ultima_atualizacao": changed}]));
    erp.put("fn_areceber", json!([
        {"id": "41", "id_cliente": "21", "id_contrato": "31", "status": "A", "liberado": "S",
         "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "49.90", "id_carteira_cobranca": "5",
         "ultima_atualizacao": changed},
        {"id": "42", "id_cliente": "21", "id_contrato": "31", "status": "A", "liberado": "S",
         "data_vencimento": "0000-00-00", "valor": "99.90", "ultima_atualizacao": changed}]));
    erp.put("radusuarios", json!([
        {"id": "51", "login": "maria.fibra", "ativo": "S", "online": "SS", "id_cliente": "21", "id_contrato": "31",
         "concentrador": "BRAS-CENTRO", "id_transmissor": "15", "id_caixa_ftth": "50", "ultima_atualizacao": changed}]));
    erp.put("su_ticket", json!([
        {"id": "61", "tipo": "C", "id_cliente": "21", "titulo": "Sem conexão", "su_status": "EP", "prioridade": "M",
         "id_ticket_origem": "I", "data_criacao": "2026-11-20 10:00:00", "ultima_atualizacao": changed}]));
    (house, erp, url)
}

#[test]
fn sync() {
    let (mut house, erp, url) = with_erp();
    scene::holds_beside(
        "sync",
        &mut house,
        "sync --dry-run
         sync
         sync
         sync -o csv
         sync --full invoices --json
         sync clients contracts
         report run invoices --json
         doctor",
        &url,
    );
    // A ticket that moved is an event; the other forms have nothing new.
    erp.put("su_ticket", json!([
        {"id": "61", "tipo": "C", "id_cliente": "21", "titulo": "Sem conexão", "su_status": "S", "prioridade": "A",
         "id_ticket_origem": "I", "data_criacao": "2026-11-20 10:00:00", "ultima_atualizacao": "2026-11-23 08:00:00"}]));
    scene::holds_beside(
        "sync_ticket",
        &mut house,
        "sync tickets --json\nticket show 61",
        &url,
    );
}

#[test]
fn sync_failing() {
    let (mut house, erp, url) = with_erp();
    erp.script(|_, _| Some(Reply::html(401, "<h1>Unauthorized</h1>")));
    scene::holds_beside(
        "sync_unauthorized",
        &mut house,
        "sync\nsync --json\ndoctor",
        &url,
    );
    erp.script(|_, _| Some(Reply::html(200, "<h1>Sessão expirada</h1>")));
    scene::holds_beside("sync_no_data", &mut house, "sync", &url);
    erp.script(|_, _| Some(Reply::Redirect("https://elsewhere.example.com/".into())));
    scene::holds_beside("sync_redirected", &mut house, "sync", &url);
    erp.script(|asked, _| (asked.form() == "fn_areceber").then_some(Reply::Half));
    scene::holds_beside("sync_half", &mut house, "sync\nreport run contracts", &url);
}

#[test]
fn sync_refused() {
    let mut house = House::new();
    scene::holds(
        "sync_unset",
        &mut house,
        "sync\nsync --json\nsync client\nsync clients clients",
    );
    house.write(
        "config.toml",
        "[sync.ixc]\nbase_url = \"erp\"\npage_size = 0\nmethod = \"PUT\"\n",
    );
    scene::holds("sync_configuration", &mut house, "sync");
}

#[test]
fn sync_locked() {
    let (mut house, _erp, url) = with_erp();
    let store = regua::store::Store::open(&house.path("regua.db")).expect("a database");
    let _lock = store.lock("sync").expect("no fault").expect("free");
    scene::holds_beside("sync_locked", &mut house, "sync\nsync --json", &url);
}
