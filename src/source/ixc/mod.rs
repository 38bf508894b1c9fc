//! IXC Provedor's web service, read only.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use self::codes::Codes;
use self::form::Form;
use self::names::NameBook;
use self::page::{Fetch, Heard};
use self::reading::FormReading;
use super::erp;
use super::{
    Checked, Complete, Explained, Last, PaymentCodes, Question, Sort, Source, SourceSettings, Take,
};
use crate::clock::instant_from;
use crate::domain::book::FactKind;
use crate::error::Result;
use crate::settings::{Ask, Secret};
use crate::toml_table::Section;

mod answer;
pub mod button;
mod codes;
mod cursor;
mod draft;
pub mod envelope;
mod examine;
mod explain;
pub mod facts;
pub mod form;
mod headings;
mod markup;
pub mod names;
pub mod page;
mod reading;
pub mod settings;
pub mod trouble;
mod wire;

pub use settings::{IxcSettings, TicketVisible};
pub use wire::WebService;

/// The kinds that come from it, each after those it refers to.
const KINDS: [&str; 7] = {
    let mut names = [""; 7];
    let mut at = 0;
    while at < FORMS.len() {
        names[at] = FORMS[at].0;
        at += 1;
    }
    names
};

/// The form that each kind comes from.
const FORMS: [(&str, Form); 7] = [
    ("clients", Form::Cliente),
    ("contracts", Form::Contrato),
    ("invoices", Form::Areceber),
    ("logins", Form::Radusuarios),
    ("staff", Form::Funcionario),
    ("topics", Form::Assunto),
    ("tickets", Form::Ticket),
];

/// Rows that are read again one by one, at most, in one sync.
const MOST_AGAIN: usize = 200;

/// An IXC Provedor as a source.
pub struct Ixc {
    fetch: Box<dyn Fetch>,
    page_size: u64,
    prospects: bool,
    visible: TicketVisible,
    codes: Option<Codes>,
}

impl fmt::Debug for Ixc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ixc")
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}

impl Ixc {
    /// The source that a web service is; `page_size` is the number of rows asked for at a time.
    pub fn over(fetch: Box<dyn Fetch>, page_size: u64) -> Self {
        Self {
            fetch,
            page_size,
            prospects: false,
            visible: TicketVisible::Client,
            codes: None,
        }
    }

    /// The same source, which may be asked for payment codes as well.
    fn with_codes(mut self, codes: Codes) -> Self {
        self.codes = Some(codes);
        self
    }

    /// The same source, which says of more tickets or of fewer that their client may see them.
    #[must_use]
    pub const fn with_visible(mut self, visible: TicketVisible) -> Self {
        self.visible = visible;
        self
    }

    /// The same source, with the clients that are prospects yet, as inactive ones.
    #[must_use]
    pub const fn with_prospects(mut self, prospects: bool) -> Self {
        self.prospects = prospects;
        self
    }
}

/// What is known of it before anything is configured.
pub(super) const SORT: Sort = Sort {
    key: settings::NAME,
    brings: &KINDS,
    headings: headings::HEADINGS,
    asks: &[
        Ask::plain(
            "base_url",
            "the address of the IXC, such as https://ixc.example.com",
        ),
        Ask::secret("token", "the token of its web service, id:hash"),
    ],
    read,
};

/// Reads `[sync.ixc]`.
fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Vec<Arc<dyn SourceSettings>> {
    erp::one(settings::read(section, base, warnings))
}

impl SourceSettings for IxcSettings {
    fn name(&self) -> &str {
        settings::NAME
    }

    fn secrets(&self) -> Vec<(&str, &Secret)> {
        vec![("token", &self.token)]
    }

    fn open(&self) -> Result<Box<dyn Source>> {
        let page_size = u64::try_from(self.page_size).unwrap_or(500);
        let service = Box::new(WebService::new(self)?);
        Ok(Box::new(
            Ixc::over(service, page_size)
                .with_prospects(self.prospects)
                .with_visible(self.ticket_visible)
                .with_codes(Codes {
                    fetch: Box::new(WebService::new(self)?),
                    kinds: self.codes.clone(),
                    per_day: self.codes_per_day.unsigned_abs(),
                }),
        ))
    }
}

impl Source for Ixc {
    fn name(&self) -> &'static str {
        settings::NAME
    }

    fn kinds(&self) -> Vec<&'static FactKind> {
        erp::kinds(&KINDS)
    }

    fn if_missing(&self, kind: &str) -> String {
        if kind == "clients" && !self.prospects {
            return "look for it among the clients of the ERP; a prospect comes with prospects = true under [sync.ixc]".to_owned();
        }
        format!("look for it among the {kind} of the ERP")
    }

    fn rereads(&self) -> usize {
        MOST_AGAIN
    }

    fn read(&self, question: &Question<'_>, take: &mut Take<'_>) -> Result<Complete> {
        let mut reading = FormReading {
            fetch: &*self.fetch,
            page_size: self.page_size,
            prospects: self.prospects,
            visible: self.visible,
            question,
            names: NameBook::remembered(&question.names),
            heard: Heard::default(),
        };
        let mut kinds = Vec::new();
        for asked in &question.kinds {
            if let Some(form) = form_of(asked.kind) {
                kinds.push(reading.kind(asked, form, take)?);
            }
        }
        Ok(Complete {
            kinds,
            names: reading.names.learned(),
            notes: reading.heard.notes,
            requests: reading.heard.requests,
        })
    }

    fn codes(&self) -> Option<&dyn PaymentCodes> {
        self.codes.as_ref().map(|codes| codes as &dyn PaymentCodes)
    }

    fn explain(&self, kind: &'static FactKind) -> Vec<Explained> {
        erp::explained(kind.name, explain::COLUMNS)
    }

    fn known_until(&self, last: &Last, zone: Tz) -> Option<DateTime<Utc>> {
        instant_from(&last.cursor, zone)
    }

    fn examine(&self, tell: &mut dyn FnMut(Checked) -> Result<()>) -> Result<()> {
        // Without staff and topics everything else comes all the same.
        let needed = [
            Form::Cliente,
            Form::Contrato,
            Form::Areceber,
            Form::Radusuarios,
            Form::Ticket,
        ];
        examine::examine(&*self.fetch, &needed, tell)
    }
}

/// The form that a kind comes from.
fn form_of(kind: &FactKind) -> Option<Form> {
    FORMS
        .into_iter()
        .find(|(name, _)| *name == kind.name)
        .map(|(_, form)| form)
}
