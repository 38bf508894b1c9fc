//! The data that is measured with: a provider's book of so many clients, its configuration, rules and texts.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::measure::Program;

/// A key made for tests; it opens nothing.
const KEY: &str = include_str!("../../tests/providers/key.pem");

const CITIES: [&str; 8] = [
    "Chapecó",
    "Xaxim",
    "Xanxerê",
    "Concórdia",
    "Seara",
    "Itá",
    "Pinhalzinho",
    "Maravilha",
];

/// What the rule, the triggers and the sends say. Whatsapp waits in the queue: an update sends nothing.
const DEFINITIONS: &str = r#"
[[template]]
name = "notice-whatsapp"
channel = "whatsapp"
kind = "financial"
body = "Olá, {{1}}. A fatura {{2}}, de {{3}}, venceu em {{4}}."
variables = ["cliente_primeiro_nome", "areceber_numero", "areceber_valor", "areceber_data_vencimento"]

[[template]]
name = "news-push"
channel = "push"
kind = "support"
title = "Manutenção na sua região"
body = "Olá, #cliente_primeiro_nome#. Nesta madrugada a rede de #cliente_cidade# passa por manutenção."

[[template]]
name = "due-push"
channel = "push"
kind = "financial"
title = "Manutenção na sua região"
body = "Olá, #cliente_primeiro_nome#. Nesta madrugada a rede de #cliente_cidade# passa por manutenção."

[[template]]
name = "news-email"
channel = "email"
kind = "support"
title = "Manutenção na sua região"
body = "Olá, #cliente_primeiro_nome#.\n\nNesta madrugada a rede de #cliente_cidade# passa por manutenção.\nSua conexão pode ficar fora por alguns minutos."

[[template]]
name = "opened-whatsapp"
channel = "whatsapp"
kind = "support"
body = "{{1}}: {{2}}"
variables = ["cliente_primeiro_nome", "atendimento_titulo"]

[[trigger]]
name = "opened"
event = "new-ticket-client"
templates = ["opened-whatsapp"]

[[rule]]
name = "homes"
[[rule.stage]]
name = "notice"
day = 3
templates = ["notice-whatsapp"]
[[rule.stage]]
name = "arrangement"
day = 30

[[task]]
name = "collect"
run = "collection-update"
minute = "0"
hour = "10"

[[task]]
name = "forward-queue"
run = "send-queue"
minute = "30"
hour = "10"
"#;

/// A folder with a book of so many clients, each with a contract, a device and an invoice.
#[derive(Debug)]
pub struct Book {
    /// Where everything of it lies.
    pub folder: PathBuf,
    /// How many clients.
    pub clients: usize,
}

impl Book {
    /// Writes the files of a book; pushes and mails go to these ports of this machine.
    pub fn write(folder: &Path, clients: usize, http: u16, smtp: u16) -> Self {
        fs::create_dir_all(folder.join("people")).expect("a folder");
        let book = Self {
            folder: folder.to_owned(),
            clients,
        };
        book.file("config.toml", &configuration(http, smtp));
        book.file("definitions.toml", DEFINITIONS);
        let account = serde_json::json!({
            "type": "service_account", "project_id": "provedor-1", "private_key_id": "kid-1",
            "private_key": KEY, "client_email": "aviso@provedor-1.iam.gserviceaccount.com",
            "token_uri": format!("http://localhost:{http}/token"),
        });
        book.file("fcm.json", &account.to_string());
        book.rows(
            "people/clients.csv",
            "id,name,person_type,active,birth_date,mobile,email,tax_id,district,city,state,branch",
            |line, id| {
                let city = CITIES[id % CITIES.len()];
                write!(
                    line,
                    "{id},Maria Aparecida {id} da Silva,F,S,19{:02}-{:02}-{:02},4999{id:07},\
                     cliente{id}@example.com,,Centro,{city},SC,Matriz",
                    50 + id % 50,
                    1 + id % 12,
                    1 + id % 28
                )
            },
        );
        book.rows(
            "people/contracts.csv",
            "id,client_id,plan,status,access_status,activated_on,branch,seller",
            |line, id| {
                let access = ["A", "A", "A", "A", "A", "A", "A", "A", "CA", "CM"][id / 3 % 10];
                let status = if id / 7 % 20 == 19 {
                    "inactive"
                } else {
                    "active"
                };
                write!(
                    line,
                    "{id},{id},Fibra {} Mega,{status},{access},2023-{:02}-{:02},Matriz,Vendas {}",
                    100 * (1 + id % 9),
                    1 + id % 12,
                    1 + id % 28,
                    id % 7
                )
            },
        );
        book.rows(
            "people/devices.csv",
            "address,client_id,platform",
            |line, id| {
                write!(
                    line,
                    "dGVzdGU-{:016x}:APA91b{id:024},{id},android",
                    id.wrapping_mul(0x9E37_79B9)
                )
            },
        );
        book.rows(
            "invoices.csv",
            "id,client_id,contract_id,number,portfolio,issued_on,due_on,amount,open_amount,status,\
             digitable_line,pix_code",
            |line, id| {
                // Three of a hundred are late; the others fall due after the last reminder's day.
                let due = if id % 100 < 3 {
                    format!("2026-11-{:02}", 5 + id % 12)
                } else {
                    format!("2026-12-{:02}", 2 + id % 27)
                };
                // In the order in which an ERP numbers them: month by month, not client by client.
                let client = 1 + (id * 7919) % clients;
                write!(
                    line,
                    "{id},{client},{client},NF-{id:08},Boleto,2026-11-01,{due},{}.90,{}.90,A,\
                     00190500954014481606906809350314337370000000{:03},00020126580014br.gov.bcb.pix0136{id:036}",
                    79 + id % 70,
                    79 + id % 70,
                    id % 1000
                )
            },
        );
        book
    }

    /// A file of one row for each client.
    fn rows(&self, name: &str, header: &str, row: impl Fn(&mut String, usize) -> std::fmt::Result) {
        let file = fs::File::create(self.folder.join(name)).expect("a file");
        let mut file = BufWriter::new(file);
        let mut line = String::new();
        writeln!(file, "{header}").expect("a written file");
        for id in 1..=self.clients {
            line.clear();
            row(&mut line, id).expect("memory");
            writeln!(file, "{line}").expect("a written file");
        }
        file.flush().expect("a written file");
    }

    /// Events of new tickets, a JSON line each.
    pub fn events(&self, count: usize) -> PathBuf {
        let mut text = String::new();
        for id in 1..=count {
            writeln!(
                text,
                "{{\"id\":\"e{id}\",\"type\":\"opened\",\"at\":\"2026-11-23T08:00:00-03:00\",\
                 \"ticket_id\":{id},\"client_id\":{},\"title\":\"Caiu a internet\",\
                 \"opened_by\":\"client\",\"visible_to_client\":true,\"priority\":\"normal\",\
                 \"status\":\"new\",\"text\":\"Nada funciona desde ontem\"}}",
                1 + id % self.clients
            )
            .expect("memory");
        }
        self.file("events.jsonl", &text)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a written file");
        path
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The binary on a database of this folder.
    pub fn regua(&self, database: &str, arguments: &[&str]) -> Program {
        let own = ["--config", "config.toml", "--db", database];
        Program::regua(&self.folder, &own).with(arguments)
    }

    /// A new database as a copy of another one.
    pub fn copy(&self, from: &str, to: &str) -> PathBuf {
        self.remove(to);
        fs::copy(self.path(from), self.path(to)).expect("a copy");
        self.path(to)
    }

    /// Removes a database.
    pub fn remove(&self, database: &str) {
        for beside in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.path(&format!("{database}{beside}")));
        }
    }

    /// Writes what a database's write-ahead log holds into the database, so that its one file is all of it.
    fn whole(&self, database: &str) {
        let connection = rusqlite::Connection::open(self.path(database)).expect("a database");
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .expect("a checkpoint");
    }

    /// Makes a database, unless it is there, out of another one by some commands.
    pub fn made(&self, name: &str, from: Option<&str>, commands: &[&[&str]]) {
        if self.path(name).exists() {
            return;
        }
        if let Some(from) = from {
            self.copy(from, name);
        }
        for command in commands {
            self.regua(name, command).run();
        }
        self.whole(name);
    }

    /// The database of clients, contracts and devices, with the definitions.
    pub fn people(&self) -> &'static str {
        self.made(
            "people.db",
            None,
            &[
                &["apply", "definitions.toml", "-q"],
                &["import", "people", "-q"],
            ],
        );
        "people.db"
    }

    /// The same with the invoices.
    pub fn whole_book(&self) -> &'static str {
        let people = self.people();
        self.made(
            "book.db",
            Some(people),
            &[&["import", "invoices", "invoices.csv", "-q"]],
        );
        "book.db"
    }

    /// The same with a queue of so many messages of a template.
    pub fn queued(&self, template: &str, count: usize) -> String {
        let book = self.whole_book();
        let name = format!("queued-{template}-{count}.db");
        let limit = count.to_string();
        let send = [
            "send",
            "contracts",
            "--template",
            template,
            "--limit",
            &limit,
            "--yes",
            "--deliver",
            "queue",
            "-q",
        ];
        self.made(&name, Some(book), &[&send]);
        name
    }
}

fn configuration(http: u16, smtp: u16) -> String {
    format!(
        "database = \"book.db\"\nmax_data_age_hours = 0\n\
         [push]\nprovider = \"fcm\"\nservice_account = \"fcm.json\"\n\
         base_url = \"http://localhost:{http}\"\nworkers = 32\nrate_per_minute = 0\n\
         [email]\nprovider = \"smtp\"\nhost = \"localhost\"\nport = {smtp}\ntls = \"none\"\n\
         from = \"Provedor Exemplo <aviso@example.com>\"\nworkers = 16\n\
         messages_per_connection = 1000000\n"
    )
}
