//! What stands under `[sync.ixc]`, and its reader.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::domain::payment_code::CodeKind;
use crate::domain::words::words_enum;
use crate::settings::{Secret, base_url, ca_file, secret, timeout, whole_url};
use crate::toml_table::Section;
use crate::wire::url::Url;

/// Its key under `[sync]`, which is also the source's name.
pub const NAME: &str = "ixc";

/// An IXC Provedor web service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IxcSettings {
    /// The host, with or without `/webservice/v1`.
    pub base_url: Url,
    /// `id:hash`, or the same in Base64.
    pub token: Secret,
    /// Rows asked for at a time.
    pub page_size: i64,
    /// Lists by GET with a body rather than by POST.
    pub get: bool,
    /// Brings the clients that are prospects yet (`crm = S`), as inactive ones.
    pub prospects: bool,
    /// Which tickets that staff opened their client may see.
    pub ticket_visible: TicketVisible,
    /// Payment codes that it may be asked for: asking may register the charge at the bank.
    pub codes: Vec<CodeKind>,
    /// How many codes it is asked for on one day, at most.
    pub codes_per_day: i64,
    /// Seconds to wait for one answer.
    pub timeout_seconds: i64,
    /// Authorities to trust besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
    /// The names of the cells, in their order, of forms that answer in positional rows.
    pub columns: BTreeMap<String, Vec<String>>,
}

words_enum! {
    /// Which tickets their client may see. IXC does not say it of a ticket.
    TicketVisible {
        /// Only those that the client opened.
        Client = "client" | "cliente",
        /// All of them.
        All = "all" | "todos",
        /// None but those that the client opened, and what the book says of older ones is taken back.
        None = "none" | "nenhum",
    }
}

/// The forms whose cells can be named.
const FORMS: [&str; 7] = [
    "cliente",
    "cliente_contrato",
    "fn_areceber",
    "radusuarios",
    "su_ticket",
    "su_oss_assunto",
    "funcionarios",
];

/// Reads `[sync.ixc]`.
pub fn read(
    section: Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<IxcSettings> {
    let base_url = service_url(&section, warnings);
    let token = secret(&section, "token", base);
    let page_size = section.number("page_size", 1..=5000).unwrap_or(500);
    let get = section.filled("method").is_some_and(|method| {
        if method != "GET" && method != "POST" {
            section.wrong("method", format!("found `{method}`"), "write POST or GET");
        }
        method == "GET"
    });
    let prospects = section.flag("prospects").unwrap_or(false);
    let ticket_visible = section
        .word("ticket_visible")
        .unwrap_or(TicketVisible::Client);
    let codes = section.words("codes").unwrap_or_default();
    let codes_per_day = section
        .number("codes_per_day", 0..=1_000_000)
        .unwrap_or(500);
    let timeout_seconds = timeout(&section, 60);
    let ca_file = ca_file(&section, base);
    let columns = section
        .section("columns")
        .map_or_else(BTreeMap::new, |table| read_columns(&section, &table));
    section.finish();
    Some(IxcSettings {
        base_url: base_url?,
        token: token?,
        page_size,
        get,
        prospects,
        ticket_visible,
        codes,
        codes_per_day,
        timeout_seconds,
        ca_file,
        columns,
    })
}

/// The names of cells that stand under `columns`, by form.
fn read_columns(
    section: &Section<'_, '_>,
    table: &Section<'_, '_>,
) -> BTreeMap<String, Vec<String>> {
    let mut columns = BTreeMap::new();
    for (form, names) in table.pairs() {
        let names = names.split(',').map(|name| name.trim().to_owned());
        let names: Vec<String> = names.collect();
        if !FORMS.contains(&form.as_str()) || !names.iter().any(|name| name == "id") {
            section.wrong(
                "columns",
                format!("found `{form}` with `{}`", names.join(", ")),
                format!(
                    "name the cells, id among them, of some of: {}",
                    FORMS.join(", ")
                ),
            );
        }
        columns.insert(form, names);
    }
    columns
}

/// The web service's address up to `/webservice/v1`: people write the host alone, or all of it.
fn service_url(section: &Section<'_, '_>, warnings: &mut Vec<String>) -> Option<Url> {
    let host_alone = section.text_if("base_url").filter(|text| {
        let text = text.trim();
        !text.is_empty() && !text.contains("://") && !text.contains(' ')
    });
    let url = match host_alone {
        Some(host) => {
            let url = format!("https://{}", host.trim().trim_end_matches('/'));
            whole_url(section, "base_url", url, warnings)?
        }
        None => base_url(section, "base_url", None, warnings)?,
    };
    Some(match url.as_str().find("/webservice") {
        Some(at) => Url::new(&url.as_str()[..at]),
        None => url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::toml_table::read_whole;

    fn read_text(text: &str) -> Result<Option<IxcSettings>> {
        read_whole("config.toml", text, "not acceptable", |top| {
            let mut warnings = Vec::new();
            read(top.section("ixc")?, Path::new(""), &mut warnings)
        })
    }

    #[test]
    fn the_web_service_is_found_however_its_address_is_written() {
        for written in [
            "ixc.example.com",
            "ixc.example.com/webservice/v1/",
            "https://ixc.example.com",
            "https://ixc.example.com/webservice/v1",
        ] {
            let text = format!("[ixc]\nbase_url = \"{written}\"\ntoken = \"1:ab\"\n");
            let ixc = read_text(&text).expect("acceptable").expect("a source");
            assert_eq!(
                ixc.base_url.as_str(),
                "https://ixc.example.com",
                "{written}"
            );
            assert_eq!(
                (ixc.page_size, ixc.get, ixc.timeout_seconds),
                (500, false, 60)
            );
        }
    }

    #[test]
    fn what_is_wrong_with_the_source_is_told_at_once() {
        let text =
            "[ixc]\nbase_url = \"\"\nmethod = \"PUT\"\n[ixc.columns]\nusuarios = \"id, senha\"\n";
        let told = read_text(text).expect_err("four problems").to_string();
        for part in [
            "base_url",
            "token: is missing",
            "found `PUT`",
            "found `usuarios`",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert_eq!(told.matches("base_url").count(), 1, "{told}");
    }
}
