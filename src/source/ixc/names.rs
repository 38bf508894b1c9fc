//! What the rows of small forms are called: cities, portfolios, branches, sellers, boxes.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{Form, FormRow};
use super::page::{self, Fetch, Heard, Query};
use super::trouble::Unread;
use crate::error::Result;
use crate::source::Named;

/// The names that references of rows stand for, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameBook {
    known: BTreeMap<(Form, i64), String>,
    /// Forms that were asked for in this run, and whether they could be read.
    asked: BTreeMap<Form, bool>,
    /// What this run learned.
    learned: BTreeSet<(Form, i64)>,
}

impl NameBook {
    /// The names that earlier runs learned.
    pub fn remembered(names: &[Named]) -> Self {
        let mut book = Self::default();
        for named in names {
            if let Some(form) = Form::parse(&named.list) {
                book.insert(form, named.id, named.name.clone());
            }
        }
        book
    }

    /// Notes that `id` of `form` is called `name`.
    pub fn insert(&mut self, form: Form, id: i64, name: impl Into<String>) {
        self.known.insert((form, id), name.into());
    }

    /// What `id` of `form` is called; empty when it is known that the form has no such row.
    pub fn get(&self, form: Form, id: i64) -> Option<&str> {
        self.known.get(&(form, id)).map(String::as_str)
    }

    /// What this run learned.
    pub fn learned(&self) -> Vec<Named> {
        self.learned
            .iter()
            .filter_map(|key| {
                Some(Named {
                    list: key.0.name().to_owned(),
                    id: key.1,
                    name: self.known.get(key)?.clone(),
                })
            })
            .collect()
    }

    /// Makes the names of everything that these rows refer to known: a form is read, once in a run,
    /// where one of its names is not known yet, or where everything is to be read anew (`full`).
    ///
    /// # Errors
    /// When no answer comes. A form that answers with something else is noted, and ids stand for names.
    pub fn learn(
        &mut self,
        fetch: &dyn Fetch,
        rows: &[FormRow],
        (full, page_size): (bool, u64),
        heard: &mut Heard,
    ) -> Result<()> {
        for (form, id) in rows.iter().flat_map(references) {
            if !self.asked.contains_key(&form) && (full || self.get(form, id).is_none()) {
                let read = self.read(fetch, form, page_size, heard)?;
                self.asked.insert(form, read);
            }
            if self.asked.get(&form) == Some(&true) && self.learned.insert((form, id)) {
                // A name that was known stays: a list that came empty by mistake must not rename a portfolio. Without
                // one, an empty name says that there is no such row, so that it is not looked for each time.
                self.known.entry((form, id)).or_default();
            }
        }
        Ok(())
    }

    /// Reads a form whole; whether that could be done.
    fn read(
        &mut self,
        fetch: &dyn Fetch,
        form: Form,
        page_size: u64,
        heard: &mut Heard,
    ) -> Result<bool> {
        let query = Query {
            form,
            changed_since: None,
            page_size,
        };
        let outcome = page::read(fetch, &query, &mut |rows| {
            for (id, name) in named(&rows) {
                self.insert(form, id, name);
                self.learned.insert((form, id));
            }
            Ok(())
        });
        match outcome {
            Ok(tally) => {
                heard.requests += tally.requests;
                Ok(true)
            }
            Err(Unread::Failed(error)) => Err(error),
            // Names are a comfort; without them the ids stand.
            Err(unread @ Unread::Said { .. }) => {
                heard.requests += 1;
                heard.notes.push(unreadable(form, unread));
                Ok(false)
            }
        }
    }
}

fn unreadable(form: Form, unread: Unread) -> String {
    let told = unread.into_error(form);
    let used = match form {
        Form::Cidade => "cities are left as they were",
        Form::Uf => "states are left as they were",
        Form::Usuario => "staff without an e-mail of their own have none",
        _ => "ids stand for names",
    };
    let remedy = told.hints.first().cloned().unwrap_or_default();
    format!(
        "the form {} cannot be read, {used}: {}; try: {remedy}",
        form.name(),
        told.message
    )
}

/// The names in the rows of a small form, by id.
fn named(rows: &[FormRow]) -> Vec<(i64, String)> {
    rows.iter()
        .filter_map(|row| {
            let fields = row.form().name_fields();
            let name = fields.iter().find_map(|field| row.filled(field))?;
            Some((row.reference(row.form().referred_by())?, name.to_owned()))
        })
        .collect()
}

/// The references of a row whose names the book wants.
pub fn references(row: &FormRow) -> BTreeSet<(Form, i64)> {
    let fields: &[(&str, Form)] = match row.form() {
        Form::Cliente => &[
            ("cidade", Form::Cidade),
            ("uf", Form::Uf),
            ("filial_id", Form::Filial),
        ],
        Form::Contrato => &[
            ("cidade", Form::Cidade),
            ("id_filial", Form::Filial),
            ("id_vendedor", Form::Vendedor),
        ],
        Form::Areceber => &[("id_carteira_cobranca", Form::Carteira)],
        Form::Funcionario if row.filled("email").is_none() => &[("id", Form::Usuario)],
        Form::Radusuarios => &[
            ("id_transmissor", Form::Transmissor),
            ("id_caixa_ftth", Form::Caixa),
        ],
        _ => &[],
    };
    fields
        .iter()
        .filter_map(|(field, form)| Some((*form, row.reference(field)?)))
        .collect()
}
