//! The ERP's web service: `[sync.ixc]`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::settings::{Secret, base_url, secret};
use crate::toml_table::Section;

/// An IXC Provedor web service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IxcSettings {
    /// The host, with or without `/webservice/v1`.
    pub base_url: String,
    /// `id:hash`, or the same in Base64.
    pub token: Secret,
    /// Rows asked for at a time.
    pub page_size: i64,
    /// Lists by GET with a body rather than by POST.
    pub get: bool,
    /// Seconds to wait for one answer.
    pub timeout_seconds: i64,
    /// The names of the cells, in their order, of forms that answer in positional rows.
    pub columns: BTreeMap<String, Vec<String>>,
}

/// The forms whose cells can be named.
const IXC_FORMS: [&str; 5] = [
    "cliente",
    "cliente_contrato",
    "fn_areceber",
    "radusuarios",
    "su_ticket",
];

/// Reads `[sync.ixc]`.
pub(super) fn read_ixc(
    sync: &Section<'_, '_>,
    base: &Path,
    warnings: &mut Vec<String>,
) -> Option<IxcSettings> {
    let section = sync.section("ixc")?;
    let base_url = ixc_url(&section, warnings);
    let token = secret(&section, "token", base);
    let page_size = section.number("page_size", 1..=5000).unwrap_or(500);
    let get = section.filled("method").is_some_and(|method| {
        if method != "GET" && method != "POST" {
            section.wrong("method", format!("found `{method}`"), "write POST or GET");
        }
        method == "GET"
    });
    let timeout_seconds = section.number("timeout_seconds", 1..=600).unwrap_or(60);
    let columns = section
        .section("columns")
        .map_or_else(BTreeMap::new, |table| {
            table
                .pairs()
                .into_iter()
                .map(|(form, names)| {
                    let names = names.split(',').map(|name| name.trim().to_owned());
                    let names: Vec<String> = names.collect();
                    if !IXC_FORMS.contains(&form.as_str()) || !names.iter().any(|n| n == "id") {
                        section.wrong(
                            "columns",
                            format!("found `{form}` with `{}`", names.join(", ")),
                            format!(
                                "name the cells, id among them, of some of: {}",
                                IXC_FORMS.join(", ")
                            ),
                        );
                    }
                    (form, names)
                })
                .collect()
        });
    section.finish();
    Some(IxcSettings {
        base_url: base_url?,
        token: token?,
        page_size,
        get,
        timeout_seconds,
        columns,
    })
}

/// The web service's address up to `/webservice/v1`: people write the host alone, or all of it.
fn ixc_url(section: &Section<'_, '_>, warnings: &mut Vec<String>) -> Option<String> {
    let host_alone = section.text_if("base_url").filter(|text| {
        let text = text.trim();
        !text.is_empty() && !text.contains("://") && !text.contains(' ')
    });
    let url = match host_alone {
        Some(host) => format!("https://{}", host.trim().trim_end_matches('/')),
        None => base_url(section, "base_url", None, warnings)?,
    };
    Some(match url.find("/webservice") {
        Some(at) => url[..at].to_owned(),
        None => url,
    })
}

#[cfg(test)]
mod ixc_tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn the_web_service_is_found_however_its_address_is_written() {
        for written in [
            "ixc.example.com",
            "ixc.example.com/webservice/v1/",
            "https://ixc.example.com",
            "https://ixc.example.com/webservice/v1",
        ] {
            let text = format!("[sync.ixc]\nbase_url = \"{written}\"\ntoken = \"1:ab\"\n");
            let config = Config::read(&text, "config.toml", Path::new("")).expect("acceptable");
            let ixc = config.ixc.expect("a source");
            assert_eq!(ixc.base_url, "https://ixc.example.com", "{written}");
            assert_eq!(
                (ixc.page_size, ixc.get, ixc.timeout_seconds),
                (500, false, 60)
            );
        }
    }

    #[test]
    fn what_is_wrong_with_the_source_is_told_at_once() {
        let text = "[sync.ixc]\nbase_url = \"\"\nmethod = \"PUT\"\n[sync.ixc.columns]\nusuarios = \"id, senha\"\n";
        let told = Config::read(text, "config.toml", Path::new(""))
            .expect_err("four problems")
            .to_string();
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
