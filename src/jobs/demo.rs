//! The demo's provider: 200 invented clients with contracts, invoices, logins and devices, always the same.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::{Days, NaiveDate};
use fastrand::Rng;

use crate::error::{Error, Result};

/// The demo's Monday: within contact hours.
pub const TODAY: &str = "2026-11-23";

/// What the ERP tells of payments: the day, and the file.
pub const PAYMENTS: [(&str, &str); 5] = [
    ("2026-11-24", "payments-1.csv"),
    ("2026-11-26", "payments-2.csv"),
    ("2026-11-28", "payments-3.csv"),
    ("2026-11-30", "payments-4.csv"),
    ("2026-12-02", "payments-5.csv"),
];

/// An overdue invoice that is paid in those days.
pub const SHOWN_INVOICE: &str = "10051";

/// A file that marks a folder as the demo's own, so that it may be made anew.
const MARK: &str = ".regua-demo";

const CONFIG: &str = "\
# The demo's configuration: everything is delivered to files beside it.
database = \"regua.db\"
timezone = \"America/Sao_Paulo\"

[company]
name = \"Provedor Exemplo\"
phone = \"+554933330000\"
tax_id = \"12.345.678/0001-95\"

[push]
provider = \"file\"
path = \"push.jsonl\"

[whatsapp]
provider = \"file\"
path = \"whatsapp.jsonl\"

[sms]
provider = \"file\"
path = \"sms.jsonl\"

[email]
provider = \"file\"
path = \"email.jsonl\"

[birthday]
template = \"birthday\"
";

const FIRST: [&str; 40] = [
    "Ana",
    "Bruno",
    "Carla",
    "Davi",
    "Elisa",
    "Fábio",
    "Gabriela",
    "Heitor",
    "Isabela",
    "João",
    "Karina",
    "Lucas",
    "Mariana",
    "Nelson",
    "Olívia",
    "Paulo",
    "Quitéria",
    "Rafael",
    "Sônia",
    "Tiago",
    "Úrsula",
    "Vinícius",
    "Wesley",
    "Yasmin",
    "Zélia",
    "Antônio",
    "Beatriz",
    "Caio",
    "Débora",
    "Eduardo",
    "Fernanda",
    "Gilberto",
    "Helena",
    "Igor",
    "Jussara",
    "Leandro",
    "Márcia",
    "Natália",
    "Otávio",
    "Patrícia",
];
const LAST: [&str; 24] = [
    "Silva",
    "Souza",
    "Lima",
    "Oliveira",
    "Santos",
    "Pereira",
    "Costa",
    "Almeida",
    "Nascimento",
    "Araújo",
    "Ribeiro",
    "Carvalho",
    "Gomes",
    "Martins",
    "Rocha",
    "Barbosa",
    "Teixeira",
    "Moraes",
    "Conceição",
    "Fagundes",
    "Bortolini",
    "Zanella",
    "Schmidt",
    "Kowalski",
];
const COMPANIES: [&str; 8] = [
    "Padaria",
    "Mercado",
    "Oficina",
    "Farmácia",
    "Escola",
    "Clínica",
    "Hotel",
    "Restaurante",
];
const PLANS: [(&str, u32); 4] = [
    ("Fibra 300", 8_990),
    ("Fibra 500", 9_990),
    ("Fibra 700", 12_990),
    ("Fibra 1 Giga", 19_990),
];
const CITIES: [(&str, &str); 4] = [
    ("Chapecó", "BRAS-CENTRO"),
    ("Xaxim", "BRAS-NORTE"),
    ("Xanxerê", "BRAS-NORTE"),
    ("Concórdia", "BRAS-SUL"),
];

/// Makes the folder with its configuration and the ERP's files in `data`. A folder of the demo's own is
/// emptied first; any other folder must be empty.
pub fn make(folder: &Path) -> Result<()> {
    let failed = |error| {
        Error::world(format!(
            "the demo cannot be written to {}",
            folder.display()
        ))
        .because(error)
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let own = folder.join(MARK).is_file();
    let mut entries = fs::read_dir(folder).map_err(failed)?;
    if !own && entries.next().is_some() {
        return Err(
            Error::unacceptable(format!("{} holds other files", folder.display()))
                .hint("name an empty folder, or one that does not exist"),
        );
    }
    if own {
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                fs::remove_dir_all(&path).map_err(failed)?;
            } else {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
    }
    let data = folder.join("data");
    fs::create_dir_all(&data).map_err(failed)?;
    fs::write(folder.join(MARK), "").map_err(failed)?;
    fs::write(folder.join("config.toml"), CONFIG).map_err(failed)?;
    let book = book();
    for (name, text) in &book {
        fs::write(data.join(name), text).map_err(failed)?;
    }
    for (name, text) in payments(&book) {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

/// What was paid in the days after: of the overdue invoices half, in turns; of those due in these days
/// most, as near before the due date as there is a file.
fn payments(book: &[(&str, String)]) -> Vec<(&'static str, String)> {
    let invoices = book.iter().find(|(name, _)| *name == "invoices.csv");
    let mut files: Vec<(&str, String)> = PAYMENTS
        .iter()
        .map(|(_, file)| {
            let header = "id,client_id,due_on,amount,status,settled_on\n";
            (*file, header.to_owned())
        })
        .collect();
    let rows = invoices
        .map_or("", |(_, text)| text.as_str())
        .lines()
        .skip(1);
    for (place, row) in rows.enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        let &[id, client, .., _, _, due, amount, status, _, _, _] = cells.as_slice() else {
            continue;
        };
        if status != "A" || due > "2026-12-01" {
            continue;
        }
        let client_number: usize = client.parse().unwrap_or_default();
        let turn = if id == SHOWN_INVOICE {
            Some(2)
        } else if due < TODAY {
            // Those who owe for long are every fifth client: half of these pay.
            (client_number / 5)
                .is_multiple_of(2)
                .then_some(client_number / 10 % PAYMENTS.len())
        } else if !place.is_multiple_of(5) {
            PAYMENTS.iter().rposition(|(day, _)| *day <= due)
        } else {
            None
        };
        let Some(turn) = turn else { continue };
        let on = PAYMENTS[turn].0;
        let _ = writeln!(files[turn].1, "{id},{client},{due},{amount},R,{on}");
    }
    files
}

/// The ERP's files.
fn book() -> Vec<(&'static str, String)> {
    let mut rng = Rng::with_seed(2026);
    let today: NaiveDate = TODAY.parse().unwrap_or_default();
    let mut clients = String::from(
        "id,name,person_type,active,birth_date,mobile,whatsapp,email,tax_id,city,app_first_access_on\n",
    );
    let mut contracts =
        String::from("id,client_id,plan,status,access_status,activated_on,seller,city\n");
    let mut invoices = String::from(
        "id,client_id,contract_id,number,portfolio,issued_on,due_on,amount,status,settled_on,digitable_line,pix_code\n",
    );
    let mut logins =
        String::from("id,client_id,contract_id,username,online,ip,concentrator,last_online_at\n");
    let mut devices =
        String::from("address,client_id,platform,logged_in,notifications_enabled,last_seen_at\n");
    for id in 1..=200u32 {
        let company = id % 12 == 0;
        let person = format!(
            "{} {} {}",
            FIRST[rng.usize(..FIRST.len())],
            LAST[rng.usize(..LAST.len())],
            LAST[rng.usize(..LAST.len())]
        );
        let name = if company {
            format!(
                "{} {} Ltda",
                COMPANIES[rng.usize(..COMPANIES.len())],
                LAST[rng.usize(..LAST.len())]
            )
        } else {
            person
        };
        let (city, concentrator) = CITIES[rng.usize(..CITIES.len())];
        let birthday = if company {
            String::new()
        } else if id % 67 == 1 {
            format!("{}-11-23", 1960 + i32::try_from(id % 45).unwrap_or(0))
        } else {
            let born = today - Days::new(u64::from(rng.u32(19 * 366..70 * 365)));
            born.to_string()
        };
        let mobile = match id % 25 {
            3 => String::new(),
            7 => "(49) 3333-1234".to_owned(),
            11 => "99999999999".to_owned(),
            _ => format!("(49) 9{}-{:04}", rng.u32(8100..9999), rng.u32(0..10_000)),
        };
        let email = if id % 9 == 4 {
            String::new()
        } else {
            format!("cliente{id}@example.com")
        };
        let active = if id % 40 == 0 { "N" } else { "S" };
        let first_access = if id % 7 == 2 { "" } else { "2026-02-10" };
        let kind = if company { "J" } else { "F" };
        let tax = tax_id(&mut rng, company);
        let _ = writeln!(
            clients,
            "{id},{name},{kind},{active},{birthday},{mobile},,{email},{tax},{city},{first_access}"
        );

        // One in five owes for a month or more, and most of those are cut.
        let owes = id % 5 == 0;
        let access = match (owes, id % 3) {
            (true, 0) => "CM",
            (true, _) => "CA",
            (false, _) if id % 30 == 1 => "FA",
            (false, _) => "A",
        };
        let (plan, cents) = PLANS[rng.usize(..PLANS.len())];
        let contract = 1000 + id;
        let since = today - Days::new(u64::from(rng.u32(90..2500)));
        let _ = writeln!(
            contracts,
            "{contract},{id},{plan},A,{access},{since},{},{city}",
            ["Paula", "Rui", "Telma"][rng.usize(..3)]
        );
        let due_day = [5, 10, 15, 20, 25, 26, 28][rng.usize(..7)];
        for (n, month) in [9u32, 10, 11, 12].into_iter().enumerate() {
            let number = 10_000 + id * 10 + u32::try_from(n).unwrap_or(0);
            let Some(due) = NaiveDate::from_ymd_opt(2026, month, due_day) else {
                continue;
            };
            let paid = due < today && !(owes && month >= 10);
            let (status, settled) = if paid {
                let on = due - Days::new(u64::from(rng.u32(0..6)));
                ("R", on.to_string())
            } else {
                ("A", String::new())
            };
            let portfolio = if id % 4 == 0 { "Pix" } else { "Boleto" };
            let issued = due - Days::new(20);
            let line = format!(
                "00190.{:05} {:05}.{:06} {:05}.{:06} 1 {:014}",
                rng.u32(0..99_999),
                rng.u32(0..99_999),
                rng.u32(0..999_999),
                rng.u32(0..99_999),
                rng.u32(0..999_999),
                cents
            );
            // A few invoices have no Pix code yet.
            let pix = if id % 35 == 0 {
                String::new()
            } else {
                format!("pix.example.com/qr/{number}")
            };
            let _ = writeln!(
                invoices,
                "{number},{id},{contract},F{number},{portfolio},{issued},{due},{}.{:02},{status},{settled},{line},{pix}",
                cents / 100,
                cents % 100
            );
        }
        let online = if owes {
            "N"
        } else {
            ["S", "S", "N", ""][rng.usize(..4)]
        };
        let _ = writeln!(
            logins,
            "{},{id},{contract},cliente{id}.fibra,{online},100.64.{}.{},{concentrator},2026-11-2{}T08:11:02",
            5000 + id,
            id / 250,
            id % 250,
            rng.u32(0..3)
        );
        if !first_access.is_empty() && id % 11 != 4 {
            let (logged, notify) = match id % 13 {
                3 => ("N", "S"),
                7 => ("S", "N"),
                _ => ("S", "S"),
            };
            let platform = if rng.bool() { "android" } else { "ios" };
            let _ = writeln!(
                devices,
                "device-{id}-a,{id},{platform},{logged},{notify},2026-11-20T19:00:00"
            );
            if id % 50 == 20 {
                let _ = writeln!(
                    devices,
                    "device-{id}-b,{id},{platform},S,S,2026-11-21T07:30:00"
                );
            }
        }
    }
    let staff = "id,name,email,mobile,teams,ticket_manager,notify_replies,notify_workflow,active\n\
        1,Gerente Helena,helena@example.com,49 98888-1001,Direção,S,N,S,S\n\
        2,Igor,igor@example.com,49 98888-1002,Suporte,N,S,S,S\n\
        3,Jussara,jussara@example.com,49 98888-1003,Suporte|Financeiro,N,S,S,S\n\
        4,Leandro,leandro@example.com,49 98888-1004,Financeiro,N,S,N,S\n\
        5,Otávio,otavio@example.com,,Suporte,N,N,S,N\n";
    let topics = "id,name,parent_id,teams,alert_text,alert_staff\n\
        1,Suporte técnico,,Suporte,,\n\
        2,Sem conexão,1,,,\n\
        3,Financeiro,,Financeiro,,\n\
        4,Rompimento de fibra,1,Suporte,Rompimento relatado por #cliente_nome#: #atendimento_titulo#,1|2\n";
    vec![
        ("clients.csv", clients),
        ("contracts.csv", contracts),
        ("invoices.csv", invoices),
        ("logins.csv", logins),
        ("devices.csv", devices),
        ("staff.csv", staff.to_owned()),
        ("topics.csv", topics.to_owned()),
    ]
}

/// An invented CPF or CNPJ whose check digits are right.
fn tax_id(rng: &mut Rng, company: bool) -> String {
    let base: String = if company {
        format!("{:08}0001", rng.u32(10_000_000..99_999_999))
    } else {
        format!("{:09}", rng.u32(100_000_000..999_999_999))
    };
    // A hundred endings, one of which is right.
    (0..100)
        .map(|end| format!("{base}{end:02}"))
        .find(|id| crate::domain::tax_id::parse(id).is_some())
        .unwrap_or_default()
}
