//! SGP's web service, read only: titles by their due date, and the contracts of those who have them.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use serde::de::DeserializeOwned;

use self::at_once::in_turn;
use self::facts::{Agreement, ContractPage, Title, TitlePage};
use super::erp;
use super::web::{Counted, NOTHING_CHANGED, Scalar, Web};
use super::{Checked, Complete, Explained, Question, Reached, Sort, Source, SourceSettings, Take};
use crate::domain::book::FactKind;
use crate::error::{Error, Result};
use crate::http::{Body, HttpAnswer, HttpRequest, Method, form};
use crate::settings::{Ask, Secret};
use crate::toml_table::Section;

mod at_once;
mod facts;
mod settings;

pub use settings::SgpSettings;

/// SGP, as it stands under `[sync]`.
pub(super) const SORT: Sort = Sort {
    key: settings::NAME,
    brings: &KINDS,
    headings: &[],
    asks: &[
        Ask::plain(
            "base_url",
            "the address of the SGP, such as https://example.sgp.net.br",
        ),
        Ask::plain("app", "the name of the integration"),
        Ask::secret("token", "its token"),
    ],
    read,
};

/// The kinds that come from it.
const KINDS: [&str; 4] = ["clients", "contracts", "invoices", "logins"];
/// Where titles stand, and where the contracts of one document do.
const TITLES: &str = "/api/ura/titulos/";
const CONTRACTS: &str = "/api/ura/consultacliente/";
/// Pages of titles, at most.
const MOST_PAGES: u64 = 100_000;

fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Vec<Arc<dyn SourceSettings>> {
    erp::one(settings::read(section, base, warnings))
}

impl SourceSettings for SgpSettings {
    fn name(&self) -> &str {
        settings::NAME
    }

    fn secrets(&self) -> Vec<(&str, &Secret)> {
        vec![("token", &self.token)]
    }

    fn open(&self) -> Result<Box<dyn Source>> {
        let token = self.token.reveal()?;
        let called = ("SGP", "sync.sgp");
        let secrets = [token.clone()];
        Ok(Box::new(Sgp {
            web: Web::new(
                called,
                (self.workers, self.timeout_seconds),
                self.ca_file.as_deref(),
                &secrets,
            )?,
            settings: self.clone(),
            token,
            requests: AtomicU64::new(0),
        }))
    }
}

/// An SGP as a source.
struct Sgp {
    settings: SgpSettings,
    token: String,
    web: Web,
    requests: AtomicU64,
}

impl fmt::Debug for Sgp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sgp").finish_non_exhaustive()
    }
}

/// The documents that this run asked about, as digests.
#[derive(Default)]
struct Consulted(HashSet<u64>);

impl Consulted {
    /// Notes that a document is asked about; whether it was not yet.
    fn ask(&mut self, document: &str) -> bool {
        let mut digest = DefaultHasher::new();
        document.hash(&mut digest);
        self.0.insert(digest.finish())
    }
}

impl Sgp {
    /// Reads an answer to a form.
    fn post<T: DeserializeOwned>(&self, path: &str, fields: &[(&str, &str)]) -> Result<T> {
        let url = format!("{}{path}", self.settings.base_url.as_str());
        let mut all = vec![("app", self.settings.app.as_str()), ("token", &self.token)];
        all.extend(fields);
        let body = form(&all);
        let request = HttpRequest {
            method: Method::Post,
            url: &url,
            headers: &[],
            body: Some(Body {
                kind: "application/x-www-form-urlencoded",
                text: &body,
            }),
        };
        let mut requests = 0;
        let answer = self.web.ask(&request, path, &mut requests);
        self.requests.fetch_add(requests, Ordering::Relaxed);
        let answer = answer?;
        if !answer.is_success() {
            return Err(self.refused(&answer, path));
        }
        self.web.read(&answer, path)
    }

    /// What an answer says that refuses us.
    fn refused(&self, answer: &HttpAnswer, path: &str) -> Error {
        let said: TitlePage = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = said
            .msg
            .filled()
            .map_or_else(|| self.web.words(answer), |text| self.web.covered(text));
        let error = self.web.broken(
            path,
            &format!("it refused the request (HTTP {}): {words}", answer.status),
        );
        let lower = words.to_lowercase();
        match answer.status {
            401 | 403 if lower.contains("incorret") => error.hint(
                "SGP knows no such pair: copy app as it stands there (capital letters count), and the token",
            ),
            401 | 403 => error.hint(
                "SGP knows the pair, and lets it in from nowhere here: look whether the token is active, its user may use the web service, and this machine's address is among its allowed hosts",
            ),
            404 => error.hint("look at base_url under [sync.sgp]: the address alone, without a path"),
            _ => error.hint(NOTHING_CHANGED),
        }
    }

    /// What an answer without a list says: nothing to tell, or an error.
    fn without_list(&self, path: &str, status: &Scalar, msg: &Scalar) -> Result<()> {
        let words = msg.filled().unwrap_or("no list");
        let lower = words.to_lowercase();
        let none = status.filled() == Some("0") || msg.filled().is_some();
        if none
            && ["nenhum", "não encontrad", "nao encontrad", "não localizad"]
                .iter()
                .any(|word| lower.contains(word))
        {
            return Ok(());
        }
        Err(self
            .web
            .broken(
                path,
                &format!("it answered without a list: {}", self.web.covered(words)),
            )
            .hint("look at base_url, app and token under [sync.sgp]"))
    }

    fn page(&self, today: NaiveDate, offset: u64, limit: i64) -> Result<TitlePage> {
        let settings = &self.settings;
        let (from, to) = erp::around(today, (settings.days_back, settings.days_ahead));
        let (offset, limit) = (offset.to_string(), limit.to_string());
        let (from, to) = (from.to_string(), to.to_string());
        self.post(
            TITLES,
            &[
                ("offset", &offset),
                ("limit", &limit),
                // The one is refused without the other.
                ("data_vencimento_inicio", &from),
                ("data_vencimento_fim", &to),
                ("ordenar", "data_vencimento"),
                ("ordenar_ordem", "asc"),
            ],
        )
    }

    /// Reads every title, and hands over with each page what it says of contracts and clients.
    fn titles(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<()> {
        let mut asked = question.kinds.iter().map(|asked| asked.kind);
        let invoices = asked.find(|kind| kind.name == "invoices");
        let size = self.settings.page_size;
        let mut counted = Counted::default();
        let mut consulted = Consulted::default();
        let (mut offset, mut total) = (0, None);
        for _ in 0..MOST_PAGES {
            let page = self.page(question.now.today, offset, size)?;
            let Some(titles) = page.titulos else {
                // Behind the last title some say that there is none, as if there were none at all.
                self.without_list(TITLES, &page.status, &page.msg)?;
                return counted.complete(&self.web, TITLES, total);
            };
            let told = page.paginacao.and_then(|paging| paging.total.count());
            total = told.or(total);
            self.check(&titles, offset, &mut counted)?;
            self.contracts_of(&titles, question, &mut consulted, take)?;
            if let Some(kind) = invoices {
                let rows = titles
                    .iter()
                    .filter_map(|title| Some(title.invoice(kind, title.id.id()?)));
                take(kind, rows.collect())?;
            }
            let rows = titles.len() as u64;
            offset += rows;
            // A total that is too small must not end the reading: a full page may have another behind it.
            let full = rows >= size.unsigned_abs();
            if rows == 0 || !full && total.is_none_or(|total| offset >= total) {
                return counted.complete(&self.web, TITLES, total);
            }
        }
        Err(self.web.broken(TITLES, "the pages do not end"))
    }

    /// Whether each title of a page has an id, and not all of them have come before.
    fn check(&self, titles: &[Title], offset: u64, counted: &mut Counted) -> Result<()> {
        if let Some(at) = titles.iter().position(|title| title.id.id().is_none()) {
            let told = format!("title {} has no id", offset + at as u64 + 1);
            return Err(self.web.broken(TITLES, &told));
        }
        let new = counted.page(titles.iter().filter_map(|title| title.id.id()));
        if new == 0 && !titles.is_empty() {
            let told = format!("the page from {offset} on repeats what came before");
            return Err(self.web.broken(TITLES, &told).hint(NOTHING_CHANGED));
        }
        Ok(())
    }

    /// Asks for the contracts of those whom the titles of a page are of, several at once, and each once in a run.
    fn contracts_of(
        &self,
        titles: &[Title],
        question: &Question<'_>,
        consulted: &mut Consulted,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let mut documents = Vec::new();
        for title in titles {
            let Some(document) = title.cliente_cpfcnpj.filled() else {
                continue;
            };
            if is_in_question(title, question)? && consulted.ask(document) {
                documents.push(document);
            }
        }
        let ask = |document: &str| self.post::<ContractPage>(CONTRACTS, &[("cpfcnpj", document)]);
        let by = (ask, || self.web.hang_up());
        in_turn(
            self.settings.workers,
            &documents,
            by,
            &mut |page| match page.contratos {
                Some(contracts) => self.hand_over(&contracts, take),
                None => self.without_list(CONTRACTS, &page.status, &page.msg),
            },
        )
    }

    fn hand_over(&self, contracts: &[Agreement], take: &mut Take<'_>) -> Result<()> {
        let kind = |name: &str| FactKind::named(name);
        let (Some(clients), Some(all), Some(logins)) =
            (kind("clients"), kind("contracts"), kind("logins"))
        else {
            return Ok(());
        };
        let mut told = BTreeSet::new();
        for contract in contracts {
            let (Some(id), Some(client)) = (contract.contrato_id.id(), contract.cliente_id.id())
            else {
                return Err(self
                    .web
                    .broken(CONTRACTS, "a contract has no contratoId or no clienteId"));
            };
            if told.insert(client) {
                let theirs = |other: &&Agreement| other.cliente_id.id() == Some(client);
                let active = contracts.iter().filter(theirs).any(Agreement::is_active);
                take(clients, vec![contract.client(clients, client, active)])?;
            }
            take(all, vec![contract.contract(all, id, client)])?;
            if let Some(login) = contract.login(logins, id, client) {
                take(logins, vec![login])?;
            }
        }
        Ok(())
    }
}

/// Whether the contracts of whom a title is of are to be asked for: where they are not known, where the
/// title is overdue (a contract may have been cut or let go since), and in a full run.
fn is_in_question(title: &Title, question: &Question<'_>) -> Result<bool> {
    if question.full || title.overdue(question.now.today) {
        return Ok(true);
    }
    match title.cliente_contrato.id() {
        Some(id) => Ok(!question.book.has_contract(id)?),
        None => Ok(true),
    }
}

impl Source for Sgp {
    fn name(&self) -> &str {
        settings::NAME
    }

    fn kinds(&self) -> Vec<&'static FactKind> {
        erp::kinds(&KINDS)
    }

    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete> {
        self.requests.store(0, Ordering::Relaxed);
        self.titles(question, take)?;
        let kinds = question.kinds.iter().map(|asked| Reached {
            form: if asked.kind.name == "invoices" {
                TITLES
            } else {
                CONTRACTS
            }
            .to_owned(),
            // Whatever is due within the dates is read each time: SGP tells of no changes.
            cursor: Some(question.now.today.to_string()),
            still_owed: asked.kind.name == "invoices",
            ..Reached::default()
        });
        Ok(Complete {
            kinds: kinds.collect(),
            requests: self.requests.load(Ordering::Relaxed),
            ..Complete::default()
        })
    }

    fn explain(&self, kind: &'static FactKind) -> Vec<Explained> {
        erp::explained(kind.name, facts::COLUMNS)
    }

    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()> {
        let today = crate::clock::Clock::of_run(None, chrono_tz::America::Sao_Paulo)?
            .now()
            .today;
        let page = match self.page(today, 0, 1) {
            Ok(page) => page,
            Err(error) => {
                return tell(Checked::Unreadable {
                    what: None,
                    error,
                    needed: true,
                });
            }
        };
        let Some(titles) = page.titulos else {
            return match self.without_list(TITLES, &page.status, &page.msg) {
                Ok(()) => tell(Checked::Fine(
                    "sgp: the web service answers; it has no titles".to_owned(),
                )),
                Err(error) => tell(Checked::Unreadable {
                    what: None,
                    error,
                    needed: true,
                }),
            };
        };
        let total = page.paginacao.and_then(|paging| paging.total.count());
        let told = total.map_or_else(String::new, |total| format!("; rows: {total}"));
        tell(Checked::Fine(format!("sgp: {TITLES} can be read{told}")))?;
        let Some(document) = titles
            .first()
            .and_then(|title| title.cliente_cpfcnpj.filled())
        else {
            return Ok(());
        };
        match self.post::<ContractPage>(CONTRACTS, &[("cpfcnpj", document)]) {
            Ok(page) if page.contratos.is_some() => {
                tell(Checked::Fine(format!("sgp: {CONTRACTS} can be read")))
            }
            Ok(_) => tell(Checked::Doubtful {
                message: format!("sgp: {CONTRACTS} knows nothing of whom the first title is of"),
                remedy: "look at what the integration may read".to_owned(),
            }),
            Err(error) => tell(Checked::Unreadable {
                what: Some(format!("sgp: {CONTRACTS}")),
                error,
                needed: true,
            }),
        }
    }
}
