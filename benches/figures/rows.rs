//! The rows of the table: each a piece of work, its floor in the same run, and how many times as long it may take.

use std::collections::BTreeMap;
use std::fs;

use crate::book::Book;
use crate::measure::{Program, Taken, median};
use crate::shell::{self, Step};
use crate::sql;
use crate::table::{Figure, Table};

/// How often short programs run.
const OFTEN: usize = 101;
/// How often everything else runs; the one in the middle counts.
pub const RUNS: usize = 3;
/// The most memory that anything may hold, in KiB.
const MOST_MEMORY: i64 = 64 * 1024;
/// The largest that the binary may be, in bytes.
const LARGEST_BINARY: u64 = 11 << 20;

/// What is measured at both sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Import,
    Report,
    Send,
    Pushes,
    Update,
}

impl Work {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Import, "import"),
        (Self::Report, "report"),
        (Self::Send, "send"),
        (Self::Pushes, "pushes"),
        (Self::Update, "update"),
    ];
}

/// A bench with its data.
pub struct Bench {
    /// The whole of it.
    pub large: Book,
    /// A tenth.
    pub tenth: Book,
    /// Ports of the servers.
    pub http: u16,
    /// Ports of the servers.
    pub smtp: u16,
    /// At a tenth of the size: what a memory grows by says little there.
    pub is_small: bool,
    ours: BTreeMap<(Work, bool), Taken>,
}

/// A row's name, as it is asked for, and what measures it.
pub type Row = (&'static str, fn(&mut Bench, &mut Table));

/// Every row, in the order of the table.
pub const ROWS: &[Row] = &[
    ("import", Bench::import),
    ("import-again", Bench::import_again),
    ("report", Bench::report_filtered),
    ("report-all", Bench::report_all),
    ("send", Bench::send),
    ("pushes", Bench::pushes),
    ("records", Bench::records),
    ("mails", Bench::mails),
    ("update", Bench::update),
    ("update-again", Bench::update_again),
    ("events", Bench::events),
    ("run-due", Bench::run_due),
    ("version", Bench::version),
    ("memory", Bench::memory),
    ("tenfold", Bench::tenfold),
    ("size", Bench::size),
];

impl Bench {
    /// A bench with its data and the ports of its servers.
    pub fn new(large: Book, tenth: Book, (http, smtp): (u16, u16), is_small: bool) -> Self {
        Self {
            large,
            tenth,
            http,
            smtp,
            is_small,
            ours: BTreeMap::new(),
        }
    }

    /// Runs a piece of work beside its floor, in turn.
    fn beside(
        &self,
        ours: impl Fn(&Self) -> Taken,
        floor: impl Fn(&Self) -> Taken,
    ) -> (Taken, Taken) {
        let (mut mine, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            mine.push(ours(self));
            bare.push(floor(self));
        }
        (median(mine), median(bare))
    }

    /// One run of a piece of work on a book of a size.
    fn once(&self, work: Work, is_large: bool) -> Taken {
        let book = if is_large { &self.large } else { &self.tenth };
        let run = |from: &str, arguments: &[&str]| {
            book.copy(from, "run.db");
            let taken = book.regua("run.db", arguments).run();
            book.remove("run.db");
            taken
        };
        match work {
            Work::Import => run(book.people(), &["import", "invoices", "invoices.csv", "-q"]),
            Work::Report => {
                let arguments = ["report", "run", "contracts", "-o", "csv"];
                let out = book.path("report.csv");
                book.regua(book.whole_book(), &arguments)
                    .into_file(&out)
                    .run()
            }
            Work::Send => run(
                book.whole_book(),
                &[
                    "send",
                    "contracts",
                    "--template",
                    "news-push",
                    "--yes",
                    "--deliver",
                    "queue",
                    "-q",
                ],
            ),
            Work::Pushes => run(
                &book.queued("news-push", book.clients),
                &["queue", "deliver", "--channel", "push", "-q"],
            ),
            Work::Update => run(book.whole_book(), &["collection", "update", "-q"]),
        }
    }

    /// What a piece of work takes at a size; measured once.
    fn ours(&mut self, work: Work, is_large: bool) -> Taken {
        if let Some(taken) = self.ours.get(&(work, is_large)) {
            return *taken;
        }
        let taken = self.once(work, is_large);
        self.ours.insert((work, is_large), taken);
        taken
    }

    fn import(&mut self, table: &mut Table) {
        let book = &self.large;
        book.people();
        let (mine, bare) = self.beside(
            |bench| bench.once(Work::Import, true),
            |_| {
                book.remove("floor.db");
                let steps = [
                    Step::Run(sql::IMPORT_TABLE.to_owned()),
                    Step::Import(book.path("invoices.csv"), "invoice"),
                ];
                // The tables are made by the same program: that is nothing beside the rows.
                let taken = shell::program(&book.folder, &book.path("floor.db"), &steps).run();
                book.remove("floor.db");
                taken
            },
        );
        let name = format!("import of {} invoices from CSV", book.clients);
        self.ours.insert((Work::Import, true), mine);
        table.ratio(&name, bare, mine, 1.7);
    }

    fn import_again(&mut self, table: &mut Table) {
        let book = &self.large;
        let arguments = ["import", "invoices", "invoices.csv", "-q"];
        book.people();
        let (mut again, mut first) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            book.copy(book.people(), "run.db");
            first.push(book.regua("run.db", &arguments).run());
            again.push(book.regua("run.db", &arguments).run());
            book.remove("run.db");
        }
        table.ratio(
            "the same again, nothing changed",
            median(first),
            median(again),
            0.4,
        );
    }

    fn report(&mut self, table: &mut Table, name: &str, filters: &[&str], hand_written: &str) {
        let book = &self.large;
        let database = book.whole_book();
        let mut arguments = vec!["report", "run", "contracts", "-o", "csv"];
        for filter in filters {
            arguments.extend(["--filter", filter]);
        }
        let ours = book
            .regua(database, &arguments)
            .into_file(&book.path("report.csv"));
        let export = Step::Export(hand_written.to_owned(), book.path("floor.csv"));
        let floor = shell::program(&book.folder, &book.path(database), &[export]);
        let (mine, bare) = self.beside(|_| ours.run(), |_| floor.run());
        let lines = |name| fs::read_to_string(book.path(name)).map_or(0, |t| t.lines().count());
        assert_eq!(
            lines("report.csv"),
            lines("floor.csv"),
            "both find the same rows"
        );
        if filters.is_empty() {
            self.ours.insert((Work::Report, true), mine);
        }
        table.ratio(name, bare, mine, 1.3);
    }

    fn report_filtered(&mut self, table: &mut Table) {
        let name = format!("report over {} contracts, four filters", self.large.clients);
        let filters = [
            "contract_status=active",
            "access_status=auto_block,manual_block",
            "city!=Seara",
            "overdue_days>=5",
        ];
        self.report(table, &name, &filters, sql::REPORT_FILTERED);
    }

    fn report_all(&mut self, table: &mut Table) {
        self.report(
            table,
            "the same without filters, all rows",
            &[],
            sql::REPORT_ALL,
        );
    }

    fn send(&mut self, table: &mut Table) {
        let book = &self.large;
        book.whole_book();
        let count = book.clients.to_string();
        let (mine, bare) = self.beside(
            |bench| bench.once(Work::Send, true),
            |_| book.loop_on(book.people(), &["messages", "run.db", &count]),
        );
        self.ours.insert((Work::Send, true), mine);
        let name = format!(
            "planning and writing down a send to {} clients",
            book.clients
        );
        table.ratio(&name, bare, mine, 1.5);
    }

    fn pushes(&mut self, table: &mut Table) {
        let count = self.tenth.clients.to_string();
        let port = self.http.to_string();
        self.tenth.queued("news-push", self.tenth.clients);
        let (mine, bare) = self.beside(
            |bench| bench.once(Work::Pushes, false),
            |bench| Program::floor(&bench.tenth.folder, &["pushes", &port, &count, "32"]).run(),
        );
        self.ours.insert((Work::Pushes, false), mine);
        table.ratio(&format!("delivery of {count} pushes"), bare, mine, 1.25);
    }

    /// What the ledger's records cost: the same pushes about money and about anything else.
    fn records(&mut self, table: &mut Table) {
        let book = &self.tenth;
        let delivered = |template: &str| {
            book.copy(&book.queued(template, book.clients), "run.db");
            let arguments = ["queue", "deliver", "--channel", "push", "-q"];
            let taken = book.regua("run.db", &arguments).run();
            book.remove("run.db");
            taken
        };
        book.queued("due-push", book.clients);
        book.queued("news-push", book.clients);
        let (with, without) = self.beside(|_| delivered("due-push"), |_| delivered("news-push"));
        let name = format!("delivery of {} pushes, each with a record", book.clients);
        table.ratio(&name, without, with, 1.05);
    }

    fn mails(&mut self, table: &mut Table) {
        let book = &self.tenth;
        let count = book.clients / 5;
        let from = book.queued("news-email", count);
        let (count, port) = (count.to_string(), self.smtp.to_string());
        let (mine, bare) = self.beside(
            |_| {
                book.copy(&from, "run.db");
                let arguments = ["queue", "deliver", "--channel", "email", "-q"];
                let taken = book.regua("run.db", &arguments).run();
                book.remove("run.db");
                taken
            },
            |_| Program::floor(&book.folder, &["mails", &port, &count, "16"]).run(),
        );
        table.ratio(
            &format!("delivery of {count} e-mails, 16 connections"),
            bare,
            mine,
            1.5,
        );
    }

    fn update(&mut self, table: &mut Table) {
        let book = &self.large;
        book.whole_book();
        let (mine, bare) = self.beside(
            |bench| bench.once(Work::Update, true),
            |_| {
                let database = book.copy(book.whole_book(), "run.db");
                let steps = [Step::Run(sql::UPDATE.to_owned())];
                let taken = shell::program(&book.folder, &database, &steps).run();
                book.remove("run.db");
                taken
            },
        );
        self.ours.insert((Work::Update, true), mine);
        let name = format!(
            "collection update, {} owing invoices, 3 % moving",
            book.clients
        );
        table.ratio(&name, bare, mine, 1.5);
    }

    fn update_again(&mut self, table: &mut Table) {
        let book = &self.large;
        let arguments = ["collection", "update", "-q"];
        book.made("updated.db", Some(book.whole_book()), &[&arguments]);
        let steps = [Step::Run(sql::READ_INVOICES.to_owned())];
        let floor = shell::program(&book.folder, &book.path("updated.db"), &steps);
        let (mine, bare) = self.beside(
            |_| book.regua("updated.db", &arguments).run(),
            |_| floor.run(),
        );
        table.ratio("the second update of that day", bare, mine, 0.5);
    }

    fn events(&mut self, table: &mut Table) {
        let book = &self.tenth;
        let (count, events) = (book.clients.to_string(), book.events(book.clients));
        book.people();
        let (mine, bare) = self.beside(
            |_| {
                book.copy(book.people(), "run.db");
                let program = book.regua("run.db", &["ticket", "events", "-", "-q"]);
                let taken = program.fed(&events).run();
                book.remove("run.db");
                taken
            },
            |_| book.loop_on(book.people(), &["events", "run.db", &count]),
        );
        table.ratio(
            &format!("{count} ticket events through a pipe"),
            bare,
            mine,
            3.0,
        );
    }

    fn run_due(&mut self, table: &mut Table) {
        let book = &self.large;
        let database = book.whole_book();
        let steps = [Step::Run("select 1".to_owned())];
        let floor = shell::program(&book.folder, &book.path(database), &steps);
        let ours = book.regua(database, &["task", "run-due"]);
        // In turns of a few, so that a busy moment of the machine meets both.
        let (mine, bare) = often(&ours, &floor);
        table.ratio("task run-due, nothing due, that database", bare, mine, 2.0);
    }

    fn version(&mut self, table: &mut Table) {
        let ours = Program::regua(&self.large.folder, &["--version"]);
        let floor = Program::new("/bin/true", &self.large.folder);
        let (mine, bare) = often(&ours, &floor);
        table.ratio("regua --version", bare, mine, 3.0);
    }

    fn memory(&mut self, table: &mut Table) {
        for (work, name) in Work::ALL {
            let (tenth, large) = (self.ours(work, false), self.ours(work, true));
            table.add(Figure::memory(
                name,
                tenth.peak,
                large.peak,
                MOST_MEMORY,
                !self.is_small,
            ));
        }
    }

    fn tenfold(&mut self, table: &mut Table) {
        for (work, name) in Work::ALL {
            let (tenth, large) = (self.ours(work, false), self.ours(work, true));
            table.ratio(&format!("ten times the work: {name}"), tenth, large, 12.0);
        }
    }

    #[expect(clippy::unused_self, reason = "every row has one shape")]
    fn size(&mut self, table: &mut Table) {
        let size = fs::metadata(env!("CARGO_BIN_EXE_regua"))
            .expect("the binary")
            .len();
        table.add(Figure::size("size of the binary", size, LARGEST_BINARY));
    }
}

/// Short programs in turns, many times each.
fn often(ours: &Program, floor: &Program) -> (Taken, Taken) {
    let (mut mine, mut bare) = (Vec::new(), Vec::new());
    while mine.len() < OFTEN {
        mine.extend(ours.repeat(5));
        bare.extend(floor.repeat(5));
    }
    (median(mine), median(bare))
}

impl Book {
    /// A bare loop on a copy of a database.
    fn loop_on(&self, from: &str, arguments: &[&str]) -> Taken {
        self.copy(from, "run.db");
        let taken = Program::floor(&self.folder, arguments).run();
        self.remove("run.db");
        taken
    }
}
