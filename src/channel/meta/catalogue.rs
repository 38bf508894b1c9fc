//! The account's senders and templates, looked up at Meta.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::template::Template;
use super::{MetaProvider, string};
use crate::channel::{Catalogue, CatalogueEntry, Next, Refusal, world};
use crate::error::Result;
use crate::http::percent_encoded;

/// Templates asked for at a time.
const PAGE: &str = "100";

impl MetaProvider {
    /// Every template of the account in this state, through all pages.
    fn rows(&self, query: &str) -> Result<Vec<Value>, Refusal> {
        let fields = "id,name,language,category,status,components,parameter_format";
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            // The next page's own address holds the token and another host: only its cursor is used.
            let page = self.get(&format!(
                "/{}/message_templates?fields={fields}&limit={PAGE}{query}{after}",
                percent_encoded(&self.settings.account_id)
            ))?;
            let data = page["data"].as_array().cloned().unwrap_or_default();
            let empty = data.is_empty();
            rows.extend(data);
            let cursor = page
                .pointer("/paging/cursors/after")
                .and_then(Value::as_str);
            let more = page.pointer("/paging/next").is_some();
            match cursor {
                Some(cursor) if more && !empty => {
                    let next = format!("&after={}", percent_encoded(cursor));
                    if next == after {
                        return Ok(rows);
                    }
                    after = next;
                }
                _ => return Ok(rows),
            }
        }
    }

    /// The structure of a template that a message names (`name` or `name/language`), looked up once a batch.
    pub(super) fn template(&self, called: &str) -> Result<Arc<Template>, Refusal> {
        let mut templates = self
            .templates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = templates.get(called) {
            return Ok(Arc::clone(template));
        }
        let (name, language) = called
            .rsplit_once('/')
            .unwrap_or((called, self.settings.language.as_str()));
        let rows = self
            .rows(&format!("&name={}", percent_encoded(name)))
            // Nothing of the message itself has left yet, however this ended.
            .map_err(|refusal| match refusal.next {
                Next::Unknown => Refusal {
                    next: Next::NotSent,
                    ..refusal
                },
                _ => refusal,
            })?;
        let row = rows
            .iter()
            .find(|row| row["name"] == name && row["language"] == language)
            .ok_or_else(|| {
                Refusal::new(
                    Next::StopBatch,
                    format!("template {name} does not exist in {language}"),
                )
            })?;
        let status = string(row, "status");
        if !status.eq_ignore_ascii_case("approved") {
            return Err(Refusal::new(
                Next::StopBatch,
                format!("template {called} is not approved: {status}"),
            ));
        }
        let template = Arc::new(Template::of(row));
        if let Some(what) = &template.unfillable {
            return Err(Refusal::new(
                Next::StopBatch,
                format!("template {called} has {what}, which regua cannot fill"),
            ));
        }
        templates.insert(called.to_owned(), Arc::clone(&template));
        Ok(template)
    }
}

impl Catalogue for MetaProvider {
    fn channels(&self) -> Result<Vec<CatalogueEntry>> {
        let json = self
            .get(&format!(
                "/{}/phone_numbers?fields=id,display_phone_number,verified_name,quality_rating",
                percent_encoded(&self.settings.account_id)
            ))
            .map_err(|refusal| world("Meta", refusal))?;
        let rows = json["data"].as_array().cloned().unwrap_or_default();
        Ok(rows
            .iter()
            .map(|row| CatalogueEntry {
                id: string(row, "id"),
                name: format!(
                    "{} {}",
                    string(row, "verified_name"),
                    string(row, "display_phone_number")
                )
                .trim()
                .to_owned(),
                status: row["quality_rating"].as_str().map(str::to_owned),
                ..CatalogueEntry::default()
            })
            .collect())
    }

    fn language(&self) -> Option<&str> {
        Some(&self.settings.language)
    }

    /// The approved templates of the account, whichever of its channels is asked for: sends go by
    /// name and language, which is the id here.
    fn templates(&self, _channel: &str) -> Result<Vec<CatalogueEntry>> {
        let rows = self
            .rows("&status=APPROVED")
            .map_err(|refusal| world("Meta", refusal))?;
        Ok(rows
            .iter()
            .filter(|row| string(row, "status").eq_ignore_ascii_case("approved"))
            .map(|row| {
                let template = Template::of(row);
                CatalogueEntry {
                    id: format!("{}/{}", template.name, template.language),
                    name: template.name,
                    status: Some(string(row, "status")),
                    text: Some(template.text),
                    language: Some(template.language),
                    unfillable: template.unfillable,
                }
            })
            .collect())
    }
}
