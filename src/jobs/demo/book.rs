//! The demo's book: 200 invented clients with contracts, invoices, logins and devices, always the same.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use fastrand::Rng;

use super::TODAY;

const FIRST_NAMES: &str = include_str!("../../../examples/demo/first-names.txt");
const LAST_NAMES: &str = include_str!("../../../examples/demo/last-names.txt");
const COMPANIES: &str = include_str!("../../../examples/demo/companies.txt");
const SELLERS: &str = include_str!("../../../examples/demo/sellers.txt");
const PLANS: &str = include_str!("../../../examples/demo/plans.csv");
const CITIES: &str = include_str!("../../../examples/demo/cities.csv");
const STAFF: &str = include_str!("../../../examples/demo/staff.csv");
const TOPICS: &str = include_str!("../../../examples/demo/topics.csv");

/// The ERP's files of the demo, as CSV with a header.
pub struct Book {
    clients: String,
    contracts: String,
    /// The invoices, which the payments are made from.
    pub invoices: String,
    logins: String,
    devices: String,
}

/// What a client's number alone decides.
struct Person {
    id: u32,
    company: bool,
    /// One in five owes for a month or more, and most of those are cut.
    owes: bool,
    /// When the client first came to the portal; empty for never.
    first_access: &'static str,
}

impl Person {
    fn new(id: u32) -> Self {
        Self {
            id,
            company: id.is_multiple_of(12),
            owes: id.is_multiple_of(5),
            first_access: if id % 7 == 2 { "" } else { "2026-02-10" },
        }
    }

    fn contract(&self) -> u32 {
        1000 + self.id
    }
}

/// Draws what the numbers leave open; the seed is fixed, and so is the order of the draws.
struct Draw {
    rng: Rng,
    today: NaiveDate,
}

impl Draw {
    /// One line of a list.
    fn line(&mut self, list: &'static str) -> &'static str {
        let place = self.rng.usize(..list.lines().count());
        list.lines().nth(place).unwrap_or_default()
    }

    /// The two cells of one row of a CSV.
    fn row(&mut self, csv: &'static str) -> (&'static str, &'static str) {
        let (_, rows) = csv.split_once('\n').unwrap_or_default();
        self.line(rows).split_once(',').unwrap_or_default()
    }

    /// A day so many days ago.
    fn ago(&mut self, days: std::ops::Range<u32>) -> NaiveDate {
        self.today - Days::new(u64::from(self.rng.u32(days)))
    }

    /// An invented CPF or CNPJ whose check digits are right.
    fn tax_id(&mut self, company: bool) -> String {
        let base: String = if company {
            format!("{:08}0001", self.rng.u32(10_000_000..99_999_999))
        } else {
            format!("{:09}", self.rng.u32(100_000_000..999_999_999))
        };
        // A hundred endings, one of which is right.
        (0..100)
            .map(|end| format!("{base}{end:02}"))
            .find(|id| crate::domain::tax_id::parse(id).is_some())
            .unwrap_or_default()
    }

    /// A line to type at the bank, for an amount without its point.
    fn digitable_line(&mut self, cents: &str) -> String {
        let rng = &mut self.rng;
        format!(
            "00190.{:05} {:05}.{:06} {:05}.{:06} 1 {cents:0>14}",
            rng.u32(0..99_999),
            rng.u32(0..99_999),
            rng.u32(0..999_999),
            rng.u32(0..99_999),
            rng.u32(0..999_999),
        )
    }
}

impl Book {
    /// The book, made anew and always the same.
    pub fn invented() -> Self {
        let mut book = Self {
            clients: "id,name,person_type,active,birth_date,mobile,whatsapp,email,tax_id,city,app_first_access_on\n".to_owned(),
            contracts: "id,client_id,plan,status,access_status,activated_on,seller,city\n".to_owned(),
            invoices: "id,client_id,contract_id,number,portfolio,issued_on,due_on,amount,status,settled_on,digitable_line,pix_code\n".to_owned(),
            logins: "id,client_id,contract_id,username,online,ip,concentrator,last_online_at\n".to_owned(),
            devices: "address,client_id,platform,logged_in,notifications_enabled,last_seen_at\n".to_owned(),
        };
        let mut draw = Draw {
            rng: Rng::with_seed(2026),
            today: TODAY.parse().unwrap_or_default(),
        };
        for id in 1..=200 {
            let person = Person::new(id);
            let (city, concentrator) = book.client(&person, &mut draw);
            let amount = book.contract(&person, city, &mut draw);
            book.invoices(&person, amount, &mut draw);
            book.login(&person, concentrator, &mut draw);
            book.devices(&person, &mut draw);
        }
        book
    }

    /// The files by name.
    pub fn files(&self) -> [(&'static str, &str); 7] {
        [
            ("clients.csv", &self.clients),
            ("contracts.csv", &self.contracts),
            ("invoices.csv", &self.invoices),
            ("logins.csv", &self.logins),
            ("devices.csv", &self.devices),
            ("staff.csv", STAFF),
            ("topics.csv", TOPICS),
        ]
    }

    /// Adds the client; answers the city and the concentrator that serves it.
    fn client(&mut self, person: &Person, draw: &mut Draw) -> (&'static str, &'static str) {
        let Person { id, company, .. } = *person;
        let mut name = format!(
            "{} {} {}",
            draw.line(FIRST_NAMES),
            draw.line(LAST_NAMES),
            draw.line(LAST_NAMES)
        );
        if company {
            name = format!("{} {} Ltda", draw.line(COMPANIES), draw.line(LAST_NAMES));
        }
        let (city, concentrator) = draw.row(CITIES);
        let birthday = if company {
            String::new()
        } else if id % 67 == 1 {
            format!("{}-11-23", 1960 + id % 45)
        } else {
            draw.ago(19 * 366..70 * 365).to_string()
        };
        let mobile = match id % 25 {
            3 => String::new(),
            7 => "(49) 3333-1234".to_owned(),
            11 => "99999999999".to_owned(),
            _ => {
                let rng = &mut draw.rng;
                format!("(49) 9{}-{:04}", rng.u32(8100..9999), rng.u32(0..10_000))
            }
        };
        let email = if id % 9 == 4 {
            String::new()
        } else {
            format!("cliente{id}@example.com")
        };
        let active = if id % 40 == 0 { "N" } else { "S" };
        let kind = if company { "J" } else { "F" };
        let tax = draw.tax_id(company);
        let first_access = person.first_access;
        let _ = writeln!(
            self.clients,
            "{id},{name},{kind},{active},{birthday},{mobile},,{email},{tax},{city},{first_access}"
        );
        (city, concentrator)
    }

    /// Adds the contract; answers its plan's amount, with a point.
    fn contract(&mut self, person: &Person, city: &str, draw: &mut Draw) -> &'static str {
        let id = person.id;
        let access = match (person.owes, id % 3) {
            (true, 0) => "CM",
            (true, _) => "CA",
            (false, _) if id % 30 == 1 => "FA",
            (false, _) => "A",
        };
        let (plan, amount) = draw.row(PLANS);
        let contract = person.contract();
        let since = draw.ago(90..2500);
        let seller = draw.line(SELLERS);
        let _ = writeln!(
            self.contracts,
            "{contract},{id},{plan},A,{access},{since},{seller},{city}"
        );
        amount
    }

    /// Adds an invoice for each month from September to December.
    fn invoices(&mut self, person: &Person, amount: &str, draw: &mut Draw) {
        let Person { id, owes, .. } = *person;
        let contract = person.contract();
        let due_day = [5, 10, 15, 20, 25, 26, 28][draw.rng.usize(..7)];
        for month in 9..=12 {
            let number = 10_000 + id * 10 + month - 9;
            let Some(due) = NaiveDate::from_ymd_opt(2026, month, due_day) else {
                continue;
            };
            let paid = due < draw.today && !(owes && month >= 10);
            let (status, settled) = if paid {
                let on = due - Days::new(u64::from(draw.rng.u32(0..6)));
                ("R", on.to_string())
            } else {
                ("A", String::new())
            };
            let portfolio = if id % 4 == 0 { "Pix" } else { "Boleto" };
            let issued = due - Days::new(20);
            let line = draw.digitable_line(&amount.replace('.', ""));
            // A few invoices have no Pix code yet.
            let pix = if id % 35 == 0 {
                String::new()
            } else {
                format!("pix.example.com/qr/{number}")
            };
            let _ = writeln!(
                self.invoices,
                "{number},{id},{contract},F{number},{portfolio},{issued},{due},{amount},{status},{settled},{line},{pix}"
            );
        }
    }

    /// Adds the login; whoever is cut is offline.
    fn login(&mut self, person: &Person, concentrator: &str, draw: &mut Draw) {
        let id = person.id;
        let online = if person.owes {
            "N"
        } else {
            ["S", "S", "N", ""][draw.rng.usize(..4)]
        };
        let _ = writeln!(
            self.logins,
            "{},{id},{},cliente{id}.fibra,{online},100.64.{}.{},{concentrator},2026-11-2{}T08:11:02",
            5000 + id,
            person.contract(),
            id / 250,
            id % 250,
            draw.rng.u32(0..3)
        );
    }

    /// Adds the devices of whoever came to the portal and has the app: one, a few two.
    fn devices(&mut self, person: &Person, draw: &mut Draw) {
        let id = person.id;
        if person.first_access.is_empty() || id % 11 == 4 {
            return;
        }
        let (logged, notify) = match id % 13 {
            3 => ("N", "S"),
            7 => ("S", "N"),
            _ => ("S", "S"),
        };
        let platform = if draw.rng.bool() { "android" } else { "ios" };
        let _ = writeln!(
            self.devices,
            "device-{id}-a,{id},{platform},{logged},{notify},2026-11-20T19:00:00"
        );
        if id % 50 == 20 {
            let _ = writeln!(
                self.devices,
                "device-{id}-b,{id},{platform},S,S,2026-11-21T07:30:00"
            );
        }
    }
}
