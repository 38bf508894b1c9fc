//! Stories of `regua sync` and `regua doctor` against a scripted IXC web service.

mod battery;
mod codes;
mod command;
mod doctor;
mod erp;
mod hubsoft;
mod large;
#[allow(dead_code, reason = "the providers' tests use the rest")]
#[path = "../providers/server.rs"]
mod server;
mod sgp;
mod sync;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use erp::Erp;

/// The token, as the ERP shows it; it must never be seen again.
const TOKEN: &str = "53:9f86d081884c7d659a2feaa0c55ad015";

/// Passwords that stand in the rows of the web service; they must never be seen at all.
const PASSWORDS: [&str; 3] = ["senha-da-ana-71", "senha-pppoe-72", "senha-wifi-73"];

/// A folder with a configuration and a web service beside it.
struct House {
    folder: tempfile::TempDir,
    erp: Erp,
}

impl House {
    fn new() -> Self {
        Self::with("")
    }

    /// With another source, of these lines, at the same address.
    fn of(source: &str, lines: &str) -> Self {
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
            erp: Erp::start(),
        };
        let port = house.erp.port;
        house.write(
            "config.toml",
            &format!(
                "database = \"regua.db\"\n[sync.{source}]\nbase_url = \"http://127.0.0.1:{port}\"\n{lines}\n"
            ),
        );
        house.write("token", TOKEN);
        house
    }

    /// With more lines under `[sync.ixc]`.
    fn with(more: &str) -> Self {
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
            erp: Erp::start(),
        };
        let port = house.erp.port;
        house.write(
            "config.toml",
            &format!(
                "database = \"regua.db\"\n[sync.ixc]\nbase_url = \"http://127.0.0.1:{port}\"\ntoken = \"file:token\"\n{more}\n"
            ),
        );
        house.write("token", TOKEN);
        fill(&house.erp);
        house
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    /// Runs `regua` on 21 November 2026 at nine.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_at("2026-11-21T09:00", arguments)
    }

    /// `regua`, ready to run at a moment.
    fn command(&self, now: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regua"));
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .args(["--now", now])
            .args(arguments);
        command
    }

    /// Runs `regua` at another moment.
    fn run_at(&self, now: &str, arguments: &[&str]) -> Ran {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(now, arguments).output().expect("regua runs");
        Ran {
            code: status.code().expect("a code"),
            stdout: String::from_utf8(stdout).expect("UTF-8"),
            stderr: String::from_utf8(stderr).expect("UTF-8"),
        }
    }

    /// The rows of a report as JSON.
    fn report(&self, kind: &str) -> Vec<Value> {
        let ran = self.run(&["report", "run", kind, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.stdout).expect("a JSON list")
    }

    /// Every file beside the configuration, as one text, without the token's own file.
    fn everything(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut folders = vec![self.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).expect("a folder") {
                let file = file.expect("a file").path();
                if file.is_dir() {
                    folders.push(file);
                } else if file.file_name().is_some_and(|name| name != "token") {
                    all.extend(std::fs::read(file).expect("a file"));
                }
            }
        }
        all
    }
}

/// What came of a run.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// The provider of the facts' own examples, passwords and all.
fn fill(erp: &Erp) {
    erp.put("empresa", json!([{"id": "1", "razao": "PROVEDOR EXEMPLO"}]));
    erp.put(
        "cidade",
        json!([{"id": "4376", "nome": "Chapecó", "uf": "24"}]),
    );
    erp.put(
        "filial",
        json!([{"id": "1", "razao": "PROVEDOR EXEMPLO LTDA", "fantasia": "Matriz"}]),
    );
    erp.put(
        "fn_carteira_cobranca",
        json!([{"id": "5", "descricao": "Boleto", "gateway_token": PASSWORDS[2]}]),
    );
    erp.put("vendedor", json!([{"id": "3", "nome": "Vera"}]));
    erp.put(
        "radpop_radio",
        json!([{"id": "15", "descricao": "OLT-CENTRO", "senha": PASSWORDS[2]}]),
    );
    erp.put(
        "rad_caixa_ftth",
        json!([{"id": "50", "descricao": "CX-12"}]),
    );
    erp.put("cliente", json!([
        {"id": "2107", "razao": "MARIA DE SOUZA EXEMPLO", "fantasia": "", "tipo_pessoa": "F", "ativo": "S",
         "cnpj_cpf": "111.444.777-35", "data_nascimento": "1991-11-22", "telefone_celular": "(49) 99999-0001",
         "whatsapp": "", "email": "maria@example.com", "cidade": "4376", "bairro": "Centro", "filial_id": "1",
         "participa_cobranca": "S", "participa_pre_cobranca": "N", "cob_envia_email": "S", "cob_envia_sms": "N",
         "hotsite_email": "maria@example.com", "senha": PASSWORDS[0], "ultima_atualizacao": "2026-11-12 01:02:08"},
        {"id": "2108", "razao": "PADARIA LTDA", "tipo_pessoa": "J", "ativo": "N", "cnpj_cpf": "12.345.678/0001-95",
         "data_nascimento": "0000-00-00", "telefone_celular": "", "whatsapp": "(49) 98888-0002", "email": "",
         "cidade": "0", "filial_id": "1", "senha": PASSWORDS[0], "ultima_atualizacao": "2026-11-12 01:02:09"},
    ]));
    erp.put("cliente_contrato", json!([
        {"id": "2302", "id_cliente": "2107", "id_filial": "1", "id_vendedor": "3", "contrato": "FIBRA 500 MEGA",
         "status": "A", "status_internet": "CA", "data_ativacao": "2022-05-03", "nao_avisar_ate": "0000-00-00",
         "endereco_padrao_cliente": "S", "cidade": "0", "bairro": "", "senha_rede_sem_fio": PASSWORDS[2],
         "ultima_atualizacao": "2026-11-18 03:10:22"},
    ]));
    erp.put("fn_areceber", json!([
        {"id": "145535", "id_cliente": "2107", "id_contrato": "0", "id_contrato_principal": "2302", "id_contrato_avulso": "0",
         "status": "A", "liberado": "S", "data_emissao": "2026-11-08", "data_vencimento": "2026-11-10",
         "valor": "99.90", "valor_aberto": "49.90", "pagamento_data": "", "documento": "72006", "id_carteira_cobranca": "5",
         "linha_digitavel": "99990.00012 00000.123455 67890.123457 7 16560000009990", "gateway_link": "https://boleto.example.com/abc",
         "pix_txid": "x", "aguardando_confirmacao_pagamento": "N", "ultima_atualizacao": "2026-11-08 13:53:41"},
        {"id": "145536", "id_cliente": "2107", "id_contrato": "2302", "status": "P", "liberado": "N",
         "data_vencimento": "2026-11-10", "valor": 80, "valor_aberto": "80,00", "id_carteira_cobranca": "5",
         "ultima_atualizacao": "2026-11-08 13:53:41"},
        {"id": "145537", "id_cliente": "2107", "id_contrato": "2302", "status": "C", "liberado": "S", "titulo_renegociado": "S",
         "data_vencimento": "2026-10-10", "data_cancelamento": "2026-11-01", "valor": "99.90", "valor_aberto": "0.00",
         "id_carteira_cobranca": "5", "ultima_atualizacao": "2026-11-08 13:53:41"},
    ]));
    erp.put("radusuarios", json!([
        {"id": "4709", "login": "maria.fibra", "ativo": "S", "online": "SS", "id_cliente": "2107", "id_contrato": "2302",
         "id_concentrador": "145", "concentrador": "BRAS-CENTRO", "ip": "100.64.10.23", "id_transmissor": "15", "id_caixa_ftth": "50",
         "ultima_conexao_inicial": "2026-11-20 08:11:02", "ultima_conexao_final": "2026-11-20 19:45:10", "senha": PASSWORDS[1],
         "ultima_atualizacao": "2026-11-20 19:45:10"},
    ]));
    erp.put(
        "su_oss_assunto",
        json!([{"id": "4", "assunto": "Sem conexão", "ultima_atualizacao": "2026-11-01 10:00:00"}]),
    );
    erp.put(
        "funcionarios",
        json!([{"id": "34", "funcionario": "Zé Técnico", "ativo": "S", "ultima_atualizacao": "2026-11-01 10:00:00"}]),
    );
    erp.put("su_ticket", json!([
        {"id": "1070", "tipo": "C", "id_cliente": "2107", "id_assunto": "4", "titulo": "Sem conexão", "su_status": "EP",
         "prioridade": "M", "id_responsavel_tecnico": "0", "id_ticket_origem": "I", "data_criacao": "2026-11-20 10:00:00",
         "ultima_atualizacao": "2026-11-20 10:00:00"},
    ]));
}
