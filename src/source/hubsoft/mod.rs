//! Hubsoft's API, read only: clients with their services, and invoices by their due date.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use self::facts::{ClientPage, InvoicePage, Paging};
use super::erp;
use super::web::{Counted, NOTHING_CHANGED, Scalar, Web};
use super::{
    AskedKind, Checked, Complete, Explained, Question, Reached, Row, Sort, Source, SourceSettings,
    Take,
};
use crate::domain::book::FactKind;
use crate::error::{Error, Result};
use crate::http::{Body, HttpAnswer, HttpRequest, Method, percent_encoded};
use crate::settings::Secret;
use crate::toml_table::Section;

mod facts;
mod settings;

pub use settings::HubsoftSettings;

/// Hubsoft, as it stands under `[sync]`.
pub(super) const SORT: Sort = Sort {
    key: settings::NAME,
    brings: &KINDS,
    headings: &[],
    asks: settings::ASKS,
    read,
};

/// The kinds that come from it.
const KINDS: [&str; 4] = ["clients", "contracts", "invoices", "logins"];
/// Where clients and their services stand, and where invoices do.
const CLIENTS: &str = "/api/v1/integracao/cliente/all";
const INVOICES: &str = "/api/v1/integracao/financeiro/fatura";
/// Pages of one list, at most.
const MOST_PAGES: u64 = 100_000;

fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Vec<Arc<dyn SourceSettings>> {
    erp::one(settings::read(section, base, warnings))
}

impl SourceSettings for HubsoftSettings {
    fn name(&self) -> &str {
        settings::NAME
    }

    fn secrets(&self) -> Vec<(&str, &Secret)> {
        vec![
            ("client_secret", &self.client_secret),
            ("password", &self.password),
        ]
    }

    fn open(&self) -> Result<Box<dyn Source>> {
        let secrets = vec![self.client_secret.reveal()?, self.password.reveal()?];
        let called = ("Hubsoft", "sync.hubsoft");
        Ok(Box::new(Hubsoft {
            web: RefCell::new(Web::new(
                called,
                (1, self.timeout_seconds),
                self.ca_file.as_deref(),
                &secrets,
            )?),
            settings: self.clone(),
            secrets,
            token: RefCell::new(None),
            requests: Cell::new(0),
        }))
    }
}

/// A Hubsoft as a source.
struct Hubsoft {
    settings: HubsoftSettings,
    web: RefCell<Web>,
    /// The integration's secret and its user's password.
    secrets: Vec<String>,
    token: RefCell<Option<String>>,
    requests: Cell<u64>,
}

impl fmt::Debug for Hubsoft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hubsoft").finish_non_exhaustive()
    }
}

/// What a request for a token is answered with.
#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
}

/// What is refused says so.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    status: Scalar,
    msg: Scalar,
    message: Scalar,
    error: Scalar,
}

impl Hubsoft {
    fn send(&self, request: &HttpRequest<'_>, what: &str) -> Result<HttpAnswer> {
        let mut requests = self.requests.get();
        let answer = self.web.borrow().ask(request, what, &mut requests);
        self.requests.set(requests);
        answer
    }

    /// A token for the user: a new one where there is none, or `anew`.
    fn token(&self, anew: bool) -> Result<String> {
        if let Some(token) = self.token.borrow().clone().filter(|_| !anew) {
            return Ok(token);
        }
        let what = "/oauth/token";
        let url = format!("{}{what}", self.settings.base_url.as_str());
        let body = json!({
            "grant_type": "password",
            "client_id": self.settings.client_id,
            "client_secret": self.secrets[0],
            "username": self.settings.username,
            "password": self.secrets[1],
        });
        let answer = self.send(
            &HttpRequest {
                method: Method::Post,
                url: &url,
                headers: &[],
                body: Some(Body {
                    kind: "application/json",
                    text: &body.to_string(),
                }),
            },
            what,
        )?;
        if !answer.is_success() {
            return Err(self.refused(&answer, what).hint(
                "look at client_id, client_secret, username and password under [sync.hubsoft]",
            ));
        }
        let token: Token = self.web.borrow().read(&answer, what)?;
        let fits = |token: &String| {
            !token.is_empty() && token.len() < 16_384 && token.bytes().all(|b| b.is_ascii_graphic())
        };
        let Some(token) = token.access_token.filter(fits) else {
            return Err(self.web.borrow().not_it(&answer, what));
        };
        let mut secrets = self.secrets.clone();
        secrets.push(token.clone());
        self.web.borrow_mut().cover_too(&secrets);
        *self.token.borrow_mut() = Some(token.clone());
        Ok(token)
    }

    /// Reads a page: with a new token where the one we had has expired meanwhile.
    fn page<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<T> {
        let url = format!("{}{path}?{query}", self.settings.base_url.as_str());
        let get = |token: &str| {
            let authorization = format!("Bearer {token}");
            self.send(
                &HttpRequest {
                    method: Method::Get,
                    url: &url,
                    headers: &[("Authorization", &authorization)],
                    body: None,
                },
                path,
            )
        };
        let mut answer = get(&self.token(false)?)?;
        if answer.status == 401 {
            answer = get(&self.token(true)?)?;
        }
        if !answer.is_success() {
            return Err(self.refused(&answer, path));
        }
        self.web.borrow().read(&answer, path)
    }

    /// What an answer says that refuses us.
    fn refused(&self, answer: &HttpAnswer, what: &str) -> Error {
        let web = self.web.borrow();
        let said: Said = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = [&said.msg, &said.message, &said.error];
        let words = words
            .into_iter()
            .find_map(Scalar::filled)
            .map_or_else(|| web.words(answer), |text| web.covered(text));
        let error = web.broken(
            what,
            &format!("it refused the request (HTTP {}): {words}", answer.status),
        );
        match answer.status {
            401 => error.hint("the user's password or the integration's secret is another one now"),
            403 => error.hint("let Hubsoft allow this machine's address for the integration (Host not in allowlist)"),
            404 => error.hint("look at base_url under [sync.hubsoft]: the address of the API, without a path"),
            _ => error.hint(NOTHING_CHANGED),
        }
    }

    /// Reads a list to its end, page by page.
    fn list<P: Listed>(&self, query: &str, take: &mut dyn FnMut(P) -> Result<()>) -> Result<()> {
        let size = self.settings.page_size;
        let size_count = u64::try_from(size).unwrap_or(500);
        let mut counted = Counted::default();
        let mut total = None;
        for page in 0..MOST_PAGES {
            let offset = page.saturating_mul(size_count);
            let query = format!(
                "pagina={page}&itens_por_pagina={size}&limit={size}&offset={offset}&{query}"
            );
            let found: P = self.page(P::PATH, &query)?;
            let Some(ids) = found.ids() else {
                return Err(self.without_list(&found));
            };
            let (rows, last, told) = (ids.len() as u64, found.last_page(), found.total());
            if let Some(at) = ids.iter().position(Option::is_none) {
                let told = format!("row {} of page {page} has no id", at + 1);
                return Err(self.web.borrow().broken(P::PATH, &told));
            }
            let new = counted.page(ids.into_iter().flatten());
            total = told.or(total);
            // A server that knows no pages sends all it has, whatever it is asked for.
            let repeats = new == 0 && rows > 0;
            if repeats
                && (found.is_paged() || rows != counted.rows())
                && last.is_none_or(|last| page <= last)
            {
                return Err(self
                    .web
                    .borrow()
                    .broken(P::PATH, &format!("page {page} repeats what came before"))
                    .hint(NOTHING_CHANGED));
            }
            if let Some(last) = last.filter(|last| rows == 0 && page < *last) {
                let told = format!("page {page} is empty, and page {last} is told to be the last");
                return Err(self
                    .web
                    .borrow()
                    .broken(P::PATH, &told)
                    .hint(NOTHING_CHANGED));
            }
            if !repeats {
                take(found)?;
            }
            let over = match last {
                Some(last) => page >= last,
                None => rows == 0 || repeats || rows > size_count || rows < size_count,
            };
            if over {
                return counted.complete(&self.web.borrow(), P::PATH, total);
            }
        }
        Err(self.web.borrow().broken(P::PATH, "the pages do not end"))
    }

    fn without_list<P: Listed>(&self, found: &P) -> Error {
        let web = self.web.borrow();
        let (status, msg) = found.said();
        let words = msg.filled().or(status.filled()).unwrap_or("no list");
        web.broken(
            P::PATH,
            &format!("it answered without a list: {}", web.covered(words)),
        )
        .hint("look at base_url under [sync.hubsoft], and what the integration may read")
    }

    /// Clients, and what of their services is asked for.
    fn clients(&self, asked: &[AskedKind], take: &mut Take<'_>) -> Result<()> {
        let wanted = |name: &str| {
            asked
                .iter()
                .map(|asked| asked.kind)
                .find(|kind| kind.name == name)
        };
        let (clients, contracts, logins) =
            (wanted("clients"), wanted("contracts"), wanted("logins"));
        if clients.or(contracts).or(logins).is_none() {
            return Ok(());
        }
        let relations = percent_encoded("endereco_cadastral,endereco_instalacao,endereco_cobranca");
        let query = format!("cancelado=sim&relacoes={relations}&incluir={relations}");
        self.list(&query, &mut |page: ClientPage| {
            let customers = page.clientes.unwrap_or_default();
            let known = || {
                customers
                    .iter()
                    .filter_map(|customer| Some((customer, customer.id_cliente.id()?)))
            };
            if let Some(kind) = clients {
                take(
                    kind,
                    known()
                        .map(|(customer, id)| customer.client(kind, id))
                        .collect(),
                )?;
            }
            if let Some(kind) = contracts {
                take(
                    kind,
                    known()
                        .flat_map(|(customer, id)| customer.contracts(kind, id))
                        .collect(),
                )?;
            }
            if let Some(kind) = logins {
                take(
                    kind,
                    known()
                        .flat_map(|(customer, id)| customer.logins(kind, id))
                        .collect(),
                )?;
            }
            Ok(())
        })
    }

    fn invoices(
        &self,
        kind: &'static FactKind,
        today: NaiveDate,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let query = format!(
            "tipo_data=data_vencimento&{}&tipo_resultado=detalhado&exibir_pix_copia_cola={}",
            self.window(today),
            if self.settings.pix { "sim" } else { "nao" }
        );
        self.list(&query, &mut |page: InvoicePage| {
            let bills = page.faturas.unwrap_or_default();
            let rows = bills
                .iter()
                .filter_map(|bill| Some(bill.invoice(kind, bill.id_fatura.id()?)));
            take(kind, rows.collect::<Vec<Row>>())
        })
    }

    fn window(&self, today: NaiveDate) -> String {
        let settings = &self.settings;
        let (from, to) = erp::around(today, (settings.days_back, settings.days_ahead));
        format!("data_inicio={from}&data_fim={to}")
    }
}

/// A page of a list.
trait Listed: DeserializeOwned {
    /// Where the list stands.
    const PATH: &'static str;

    /// The ids of its rows; none when there is no list in the answer.
    fn ids(&self) -> Option<Vec<Option<i64>>>;

    fn paging(&self) -> Option<&Paging>;

    /// What the service says of it.
    fn said(&self) -> (&Scalar, &Scalar);

    fn is_paged(&self) -> bool {
        self.paging().is_some()
    }

    fn last_page(&self) -> Option<u64> {
        self.paging()?.ultima_pagina.count()
    }

    fn total(&self) -> Option<u64> {
        self.paging()?.total_registros.count()
    }
}

impl Listed for ClientPage {
    const PATH: &'static str = CLIENTS;

    fn ids(&self) -> Option<Vec<Option<i64>>> {
        let rows = self.clientes.as_ref()?.iter();
        Some(rows.map(|customer| customer.id_cliente.id()).collect())
    }

    fn paging(&self) -> Option<&Paging> {
        self.paginacao.as_ref()
    }

    fn said(&self) -> (&Scalar, &Scalar) {
        (&self.status, &self.msg)
    }
}

impl Listed for InvoicePage {
    const PATH: &'static str = INVOICES;

    fn ids(&self) -> Option<Vec<Option<i64>>> {
        let rows = self.faturas.as_ref()?.iter();
        Some(rows.map(|bill| bill.id_fatura.id()).collect())
    }

    fn paging(&self) -> Option<&Paging> {
        self.paginacao.as_ref()
    }

    fn said(&self) -> (&Scalar, &Scalar) {
        (&self.status, &self.msg)
    }
}

impl Source for Hubsoft {
    fn name(&self) -> &str {
        settings::NAME
    }

    fn kinds(&self) -> Vec<&'static FactKind> {
        erp::kinds(&KINDS)
    }

    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete> {
        self.requests.set(0);
        self.clients(&question.kinds, take)?;
        if let Some(asked) = question
            .kinds
            .iter()
            .find(|asked| asked.kind.name == "invoices")
        {
            self.invoices(asked.kind, question.now.today, take)?;
        }
        let kinds = question.kinds.iter().map(|asked| {
            let dated = asked.kind.name == "invoices";
            Reached {
                form: if dated { INVOICES } else { CLIENTS }.to_owned(),
                // Everything is read each time: Hubsoft tells of no changes.
                cursor: Some(question.now.today.to_string()),
                whole: !dated,
                // A cancelled invoice stands in no list.
                still_owed: dated,
                ..Reached::default()
            }
        });
        Ok(Complete {
            kinds: kinds.collect(),
            requests: self.requests.get(),
            ..Complete::default()
        })
    }

    fn explain(&self, kind: &'static FactKind) -> Vec<Explained> {
        erp::explained(kind.name, facts::COLUMNS)
    }

    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()> {
        let unreadable = |what: Option<&str>, error| Checked::Unreadable {
            what: what.map(|what| format!("hubsoft: {what}")),
            error,
            needed: true,
        };
        if let Err(error) = self.token(false) {
            return tell(unreadable(None, error));
        }
        tell(Checked::Fine(
            "hubsoft: the API answers, and knows the user".to_owned(),
        ))?;
        let one = "pagina=0&itens_por_pagina=1&limit=1";
        let clients = self
            .page(CLIENTS, one)
            .map(|page: ClientPage| (page.ids().is_some(), page.total()));
        let invoices = self
            .page(INVOICES, one)
            .map(|page: InvoicePage| (page.ids().is_some(), page.total()));
        for (path, found) in [(CLIENTS, clients), (INVOICES, invoices)] {
            let told = |total: Option<u64>| {
                total.map_or_else(String::new, |total| format!("; rows: {total}"))
            };
            tell(match found {
                Ok((true, total)) => {
                    Checked::Fine(format!("hubsoft: {path} can be read{}", told(total)))
                }
                Ok((false, _)) => unreadable(
                    Some(path),
                    self.web.borrow().broken(path, "it answered without a list"),
                ),
                Err(error) => unreadable(Some(path), error),
            })?;
        }
        Ok(())
    }
}
