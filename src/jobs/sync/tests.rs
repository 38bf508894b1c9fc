//! Syncs from an honest web service in memory, and from sources of any kind.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use super::*;
use crate::source::ixc::Ixc;
use crate::source::ixc::form::Form;
use crate::source::ixc::page::{Fetch, NoAnswer, PageAnswer};
use crate::source::{Checked, Complete, Question, Reached, Row, Take};
use crate::store::meta;

/// An honest web service in memory.
#[derive(Default, Clone)]
struct Erp {
    rows: Rc<RefCell<BTreeMap<&'static str, Vec<Json>>>>,
    asked: Rc<RefCell<Vec<(Form, Json)>>>,
    broken: Rc<RefCell<Option<Form>>>,
    /// What a broken form answers, instead of being withheld.
    page: Rc<RefCell<Option<&'static str>>>,
}

impl Erp {
    fn put(&self, form: Form, rows: Json) {
        let Json::Array(mut rows) = rows else {
            panic!("rows are a list")
        };
        rows.sort_by_key(|row| row["id"].as_str().and_then(|id| id.parse::<i64>().ok()));
        self.rows.borrow_mut().insert(form.name(), rows);
    }

    fn questions(&self, form: Form) -> usize {
        self.asked
            .borrow()
            .iter()
            .filter(|(of, _)| *of == form)
            .count()
    }
}

impl Fetch for Erp {
    fn list(&self, form: Form, body: &str) -> Result<PageAnswer, NoAnswer> {
        let body: Json = serde_json::from_str(body).expect("we send JSON");
        let text = |value: &Json| value.as_str().expect("text").to_owned();
        let after: i64 = text(&body["query"]).parse().expect("an id");
        let size: usize = text(&body["rp"]).parse().expect("a size");
        let since = body.get("grid_param").map(|grid| {
            let grid: Json = serde_json::from_str(&text(grid)).expect("JSON in JSON");
            text(&grid[0]["P"])
        });
        self.asked.borrow_mut().push((form, body));
        if *self.broken.borrow() == Some(form) {
            let withheld = r#"{"type":"error","message":"Recurso não está disponível!"}"#;
            let body = self.page.borrow().unwrap_or(withheld);
            return Ok(PageAnswer {
                status: 200,
                retry_after: None,
                body: body.as_bytes().to_vec(),
            });
        }
        let rows = self.rows.borrow();
        let found: Vec<&Json> = rows
            .get(form.name())
            .into_iter()
            .flatten()
            .filter(|row| text(&row["id"]).parse::<i64>().expect("an id") > after)
            .filter(|row| {
                since
                    .as_ref()
                    .is_none_or(|since| text(&row["ultima_atualizacao"]) >= *since)
            })
            .collect();
        let page: Vec<&Json> = found.iter().take(size).copied().collect();
        let body = json!({"page": "1", "total": found.len().to_string(), "registros": page});
        Ok(PageAnswer {
            status: 200,
            retry_after: None,
            body: body.to_string().into_bytes(),
        })
    }
}

fn erp() -> Erp {
    let erp = Erp::default();
    erp.put(Form::Cliente, json!([
        {"id": "1", "razao": "Ana", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "senha": "s3cret-ana", "ultima_atualizacao": "2026-11-01 10:00:00"},
        {"id": "2", "razao": "Bar Ltda", "tipo_pessoa": "J", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-02 10:00:00"},
    ]));
    erp.put(Form::Contrato, json!([
        {"id": "10", "id_cliente": "1", "contrato": "Fibra", "status": "A", "status_internet": "CA", "ultima_atualizacao": "2026-11-02 10:00:00"},
    ]));
    erp.put(Form::Areceber, json!([
        {"id": "100", "id_cliente": "1", "id_contrato": "10", "id_carteira_cobranca": "5", "status": "A", "liberado": "S", "data_vencimento": "2026-11-10", "valor": "99.90", "valor_aberto": "99.90", "ultima_atualizacao": "2026-11-03 10:00:00"},
    ]));
    erp.put(Form::Cidade, json!([{"id": "9", "nome": "Chapecó"}]));
    erp.put(Form::Carteira, json!([{"id": "5", "descricao": "Boleto"}]));
    erp
}

struct House {
    _folder: tempfile::TempDir,
    store: Store,
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("regua.db")).expect("a database");
    House {
        _folder: folder,
        store,
    }
}

fn clock() -> Clock {
    Clock::of_run(Some("2026-11-21T09:00"), chrono_tz::America::Sao_Paulo).expect("an instant")
}

fn now() -> Now {
    clock().now()
}

fn config() -> Config {
    Config::read("", "the defaults", std::path::Path::new("")).expect("acceptable")
}

/// The web service as a source.
fn source(erp: &Erp, page_size: u64) -> Box<dyn Source> {
    Box::new(Ixc::over(Box::new(erp.clone()), page_size))
}

fn run(house: &mut House, erp: &Erp, kinds: &[&str], full: bool) -> Result<SyncSummary> {
    let request = SyncRequest {
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        full,
        dry_run: false,
        most_gone: None,
        by_task: true,
    };
    sync(
        &mut house.store,
        &[source(erp, 500)],
        &request,
        &config(),
        &clock(),
        &mut |_, _| Ok(()),
    )
}

fn counts(summary: &SyncSummary, kind: &str) -> (u64, u64, u64, u64) {
    let synced = summary
        .kinds
        .iter()
        .find(|synced| synced.kind == kind)
        .expect(kind);
    (synced.new, synced.changed, synced.unchanged, synced.refused)
}

fn text(house: &House, sql: &str) -> String {
    house
        .store
        .connection()
        .query_row(sql, [], |row| row.get::<_, Option<String>>(0))
        .expect(sql)
        .unwrap_or_default()
}

#[test]
fn the_second_sync_asks_only_for_what_changed() {
    let (mut house, erp) = (house(), erp());
    let first = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&first, "clients"), (2, 0, 0, 0));
    assert_eq!(counts(&first, "invoices"), (1, 0, 0, 0));
    assert_eq!(first.noticed, []);
    assert_eq!(
        text(&house, "SELECT city FROM client WHERE id = 1"),
        "Chapecó"
    );
    assert_eq!(text(&house, "SELECT portfolio FROM invoice"), "Boleto");
    assert_eq!(
        text(&house, "SELECT access_status FROM contract"),
        "auto_block"
    );
    erp.put(Form::Cliente, json!([
        {"id": "1", "razao": "Ana", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-01 10:00:00"},
        {"id": "2", "razao": "Bar Novo Ltda", "tipo_pessoa": "J", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-20 10:00:00"},
        {"id": "3", "razao": "Caio", "tipo_pessoa": "F", "ativo": "S", "cidade": "9", "ultima_atualizacao": "2026-11-20 11:00:00"},
    ]));
    let cities = erp.questions(Form::Cidade);
    let second = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&second, "clients"), (1, 1, 0, 0));
    assert_eq!(counts(&second, "invoices"), (0, 0, 1, 0));
    assert_eq!(
        second.kinds[0].changed_since.as_deref(),
        Some("2026-11-02 09:50:00")
    );
    assert_eq!(erp.questions(Form::Cidade), cities, "the city is known");
    assert_eq!(
        text(&house, "SELECT name FROM client WHERE id = 2"),
        "Bar Novo Ltda"
    );
    let full = run(&mut house, &erp, &["clients"], true).expect("synced");
    assert_eq!(counts(&full, "clients"), (0, 0, 3, 0));
    assert_eq!(full.kinds.len(), 1);
}

#[test]
fn a_source_that_fails_midway_changes_nothing() {
    let (mut house, erp) = (house(), erp());
    *erp.broken.borrow_mut() = Some(Form::Radusuarios);
    *erp.page.borrow_mut() = Some("<title>Login</title>");
    let error = run(&mut house, &erp, &[], false).expect_err("no logins");
    assert!(
        error.to_string().contains("not the IXC web service"),
        "{error}"
    );
    assert_eq!(text(&house, "SELECT count(*) || '' FROM client"), "0");
    assert_eq!(
        memory::cursor(house.store.connection(), "ixc", "clients").expect("a reading"),
        None
    );
    assert_eq!(
        meta::refreshed(house.store.connection(), "invoices").expect("a reading"),
        None
    );
    *erp.broken.borrow_mut() = None;
    run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(
        meta::refreshed(house.store.connection(), "invoices").expect("a reading"),
        Some(now().at)
    );
}

#[test]
fn trial_103_a_form_that_is_withheld_is_told_once_a_day_and_the_others_applied() {
    let (mut house, erp) = (house(), erp());
    *erp.broken.borrow_mut() = Some(Form::Radusuarios);
    let first = run(&mut house, &erp, &[], false).expect("the others");
    assert_eq!(counts(&first, "invoices"), (1, 0, 0, 0));
    assert!(first.kinds.iter().all(|kind| kind.kind != "logins"));
    let told = |summary: &SyncSummary| {
        let notes = summary.notes.iter();
        notes
            .filter(|note| note.contains("release the form radusuarios"))
            .count()
    };
    assert_eq!(told(&first), 1, "{:?}", first.notes);
    let c = house.store.connection();
    assert_eq!(meta::refreshed(c, "logins").expect("a reading"), None);
    let second = run(&mut house, &erp, &[], false).expect("the others");
    assert_eq!(told(&second), 0, "once a day");
    let error = run(&mut house, &erp, &["logins"], false).expect_err("nothing else is asked");
    assert!(
        error.to_string().contains("release the form radusuarios"),
        "{error}"
    );
    *erp.broken.borrow_mut() = None;
    run(&mut house, &erp, &[], false).expect("all of them");
}

#[test]
fn trial_115_prospects_stay_out_unless_they_are_asked_for() {
    let (mut house, erp) = (house(), erp());
    erp.put(Form::Cliente, json!([
        {"id": "1", "razao": "Ana", "tipo_pessoa": "F", "ativo": "S", "crm": "N", "ultima_atualizacao": "2026-11-01 10:00:00"},
        {"id": "2", "razao": "Bia", "tipo_pessoa": "F", "ativo": "S", "crm": "S", "ultima_atualizacao": "2026-11-01 10:00:00"},
    ]));
    let summary = run(&mut house, &erp, &["clients"], false).expect("synced");
    assert_eq!(counts(&summary, "clients"), (1, 0, 0, 0));
    let source: Box<dyn Source> =
        Box::new(Ixc::over(Box::new(erp.clone()), 500).with_prospects(true));
    let request = SyncRequest {
        kinds: vec!["clients".to_owned()],
        full: true,
        dry_run: false,
        most_gone: None,
        by_task: false,
    };
    sync(
        &mut house.store,
        &[source],
        &request,
        &config(),
        &clock(),
        &mut |_, _| Ok(()),
    )
    .expect("synced");
    assert_eq!(
        text(&house, "SELECT name || active FROM client WHERE id = 2"),
        "Bia0"
    );
}

#[test]
fn a_dry_run_tells_the_same_and_keeps_nothing() {
    let (mut house, erp) = (house(), erp());
    let request = SyncRequest {
        kinds: Vec::new(),
        full: false,
        dry_run: true,
        most_gone: None,
        by_task: false,
    };
    let dry = sync(
        &mut house.store,
        &[source(&erp, 1)],
        &request,
        &config(),
        &clock(),
        &mut |_, _| Ok(()),
    )
    .expect("read");
    assert_eq!(text(&house, "SELECT count(*) || '' FROM client"), "0");
    let real = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(dry.kinds, real.kinds);
}

#[test]
fn two_syncs_do_not_run_at_once() {
    let (mut house, erp) = (house(), erp());
    let lock = lock(&house.store).expect("the lock");
    let error = run(&mut house, &erp, &[], false).expect_err("it is taken");
    assert_eq!(error.kind, crate::error::ErrorKind::Locked);
    drop(lock);
    run(&mut house, &erp, &[], false).expect("synced");
}

#[test]
fn names_that_cannot_be_read_do_not_stop_it() {
    let (mut house, erp) = (house(), erp());
    *erp.broken.borrow_mut() = Some(Form::Carteira);
    let summary = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(text(&house, "SELECT portfolio FROM invoice"), "5");
    assert!(
        summary
            .notes
            .iter()
            .any(|note| note.contains("fn_carteira_cobranca"))
    );
}

#[test]
fn a_refused_row_is_read_again_until_it_is_mended() {
    let (mut house, erp) = (house(), erp());
    let bad = |due: &str| {
        json!([
            {"id": "100", "id_cliente": "1", "status": "A", "data_vencimento": "2026-11-10", "valor": "99.90", "ultima_atualizacao": "2026-11-03 10:00:00"},
            {"id": "50", "id_cliente": "1", "status": "A", "data_vencimento": due, "valor": "10", "ultima_atualizacao": "2020-01-01 10:00:00"},
        ])
    };
    erp.put(Form::Areceber, bad("0000-00-00"));
    let first = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&first, "invoices"), (1, 0, 0, 1));
    assert_eq!(first.refused[0].column, "due_on");
    let second = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&second, "invoices"), (0, 0, 1, 1), "told again");
    erp.put(Form::Areceber, bad("2026-11-11"));
    let third = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&third, "invoices"), (1, 0, 1, 0));
    let fourth = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&fourth, "invoices"), (0, 0, 1, 0));
}

#[test]
fn what_an_invoice_refers_to_may_come_later() {
    let (mut house, erp) = (house(), erp());
    let summary = run(&mut house, &erp, &["invoices"], false).expect("synced");
    assert_eq!(counts(&summary, "invoices"), (0, 0, 0, 1));
    assert_eq!(summary.refused[0].remedy, "sync clients as well");
    let summary = run(&mut house, &erp, &["invoices", "clients"], false).expect("synced");
    assert_eq!(counts(&summary, "invoices"), (1, 0, 0, 0));
    assert_eq!(summary.noticed[0].field, "contract_id");
    let summary = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(counts(&summary, "invoices"), (0, 1, 0, 0));
    assert_eq!(text(&house, "SELECT contract_id || '' FROM invoice"), "10");
}

#[test]
fn unknown_codes_are_kept_raw_and_told() {
    let (mut house, erp) = (house(), erp());
    let rows = |code: &str| json!([{"id": "10", "id_cliente": "1", "status": "A", "status_internet": code, "ultima_atualizacao": "2026-11-02 10:00:00"}]);
    erp.put(Form::Contrato, rows("XX"));
    let summary = run(&mut house, &erp, &[], false).expect("synced");
    assert_eq!(summary.noticed[0].found, "XX");
    let codes = memory::codes(house.store.connection()).expect("a reading");
    assert_eq!(
        (codes[0].code.as_str(), codes[0].rows, codes[0].first_id),
        ("XX", 1, 10)
    );
    erp.put(Form::Contrato, rows("A"));
    run(&mut house, &erp, &[], true).expect("synced");
    assert_eq!(
        memory::codes(house.store.connection()).expect("a reading"),
        []
    );
}

#[test]
fn no_password_reaches_the_database() {
    let (mut house, erp) = (house(), erp());
    run(&mut house, &erp, &[], false).expect("synced");
    let path = house.store.path().to_owned();
    drop(house.store);
    for file in std::fs::read_dir(path.parent().expect("a folder")).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("a file");
        assert!(!bytes.windows(10).any(|window| window == b"s3cret-ana"));
    }
}

/// A column and its text.
type Cell = (&'static str, &'static str);

/// A source that answers by script: rows of any kind in any order, and one mark of its own.
struct Scripted {
    name: &'static str,
    rows: Vec<(&'static str, i64, &'static [Cell])>,
    cursor: &'static str,
    breaks_off: bool,
    told: Rc<RefCell<Vec<Option<String>>>>,
}

impl Scripted {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: vec![
                (
                    "invoices",
                    100,
                    &[
                        ("client_id", "1"),
                        ("due_on", "2026-12-10"),
                        ("status", "open"),
                        ("amount", "99.90"),
                    ],
                ),
                (
                    "clients",
                    1,
                    &[("name", "Ana"), ("person_type", "F"), ("active", "yes")],
                ),
            ],
            cursor: "page-7",
            breaks_off: false,
            told: Rc::default(),
        }
    }
}

impl Source for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn kinds(&self) -> Vec<&'static FactKind> {
        ["clients", "invoices"]
            .into_iter()
            .filter_map(FactKind::named)
            .collect()
    }

    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete> {
        let first = question.kinds.first().and_then(|asked| asked.last.as_ref());
        self.told
            .borrow_mut()
            .push(first.map(|last| last.cursor.clone()));
        for (kind, id, columns) in &self.rows {
            let kind = FactKind::named(kind).expect("a kind");
            let mut row = Row::of(kind, *id);
            row.put(kind, "id", id.to_string());
            for (column, text) in *columns {
                row.put(kind, column, (*text).to_owned());
            }
            take(kind, vec![row])?;
        }
        if self.breaks_off {
            return Err(Error::world("the program ended without its last line"));
        }
        let reached = Reached {
            form: "program".to_owned(),
            cursor: Some(self.cursor.to_owned()),
            ..Reached::default()
        };
        Ok(Complete {
            kinds: vec![reached; question.kinds.len()],
            requests: 1,
            ..Complete::default()
        })
    }

    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()> {
        tell(Checked::Fine(self.name.to_owned()))
    }
}

fn run_all(house: &mut House, sources: Vec<Box<dyn Source>>) -> Result<SyncSummary> {
    let request = SyncRequest {
        kinds: Vec::new(),
        full: false,
        dry_run: false,
        most_gone: None,
        by_task: true,
    };
    sync(
        &mut house.store,
        &sources,
        &request,
        &config(),
        &clock(),
        &mut |_, _| Ok(()),
    )
}

#[test]
fn a_source_may_tell_its_rows_in_any_order_and_keeps_a_mark_of_its_own() {
    let mut house = house();
    let told = Rc::default();
    let scripted = || Scripted {
        told: Rc::clone(&told),
        ..Scripted::new("command.mk")
    };
    let first = run_all(&mut house, vec![Box::new(scripted())]).expect("synced");
    assert_eq!(counts(&first, "clients"), (1, 0, 0, 0));
    assert_eq!(counts(&first, "invoices"), (1, 0, 0, 0));
    assert_eq!(first.kinds[0].source, "command.mk");
    let second = run_all(&mut house, vec![Box::new(scripted())]).expect("synced");
    assert_eq!(counts(&second, "invoices"), (0, 0, 1, 0));
    assert_eq!(*told.borrow(), [None, Some("page-7".to_owned())]);
}

#[test]
fn nothing_of_a_source_that_breaks_off_is_written() {
    let mut house = house();
    let broken = Scripted {
        breaks_off: true,
        ..Scripted::new("command.mk")
    };
    let error = run_all(&mut house, vec![Box::new(broken)]).expect_err("no last line");
    assert!(error.to_string().contains("without its last line"));
    assert_eq!(text(&house, "SELECT count(*) || '' FROM client"), "0");
    let cursor = memory::cursor(house.store.connection(), "command.mk", "clients");
    assert_eq!(cursor.expect("a reading"), None);
}

#[test]
fn each_source_is_remembered_by_itself() {
    let (mut house, erp) = (house(), erp());
    let sources = || -> Vec<Box<dyn Source>> {
        vec![source(&erp, 500), Box::new(Scripted::new("command.mk"))]
    };
    let summary = run_all(&mut house, sources()).expect("synced");
    let from: Vec<(&str, &str)> = summary
        .kinds
        .iter()
        .map(|synced| (synced.source.as_str(), synced.kind))
        .collect();
    assert_eq!(from.len(), 9);
    assert_eq!(from[0], ("ixc", "clients"));
    assert_eq!(from[7], ("command.mk", "clients"));
    let cursor = |source: &str| {
        memory::cursor(house.store.connection(), source, "clients")
            .expect("a reading")
            .expect("a mark")
            .changed_until
    };
    assert_eq!(cursor("ixc"), "2026-11-02 10:00:00");
    assert_eq!(cursor("command.mk"), "page-7");
}

#[test]
fn a_kind_that_no_source_has_is_refused() {
    let mut house = house();
    let request = SyncRequest {
        kinds: vec!["logins".to_owned()],
        full: false,
        dry_run: false,
        most_gone: None,
        by_task: false,
    };
    let sources: Vec<Box<dyn Source>> = vec![Box::new(Scripted::new("command.mk"))];
    let (config, clock) = (config(), clock());
    let ran = sync(
        &mut house.store,
        &sources,
        &request,
        &config,
        &clock,
        &mut |_, _| Ok(()),
    );
    let error = ran.expect_err("it has no logins");
    assert_eq!(error.kind, crate::error::ErrorKind::Usage);
    assert!(error.hints[0].starts_with("some of: clients, invoices;"));
}
