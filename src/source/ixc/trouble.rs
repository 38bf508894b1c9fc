//! Why a form could not be read, and the vendor's remedies.

use std::time::Duration;

use super::form::Form;
use crate::error::Error;

/// Why an answer holds no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The JSON error: `{"type":"error","message":…}`, with its words.
    Refused(String),
    /// The red `<div>` of a request the server could not make sense of, with its words.
    ErrorPage(String),
    /// A login page, a proxy, a captive portal: HTML or text that is not the web service's, with its title.
    NotTheService(String),
    /// JSON, but none of the two envelopes, with what it was.
    UnknownObject(String),
    /// Nothing at all.
    Empty,
}

impl Trouble {
    /// The same trouble, its words passed through `cover`.
    #[must_use]
    pub fn covered(self, cover: impl Fn(String) -> String) -> Self {
        match self {
            Self::Refused(words) => Self::Refused(cover(words)),
            Self::ErrorPage(words) => Self::ErrorPage(cover(words)),
            Self::NotTheService(words) => Self::NotTheService(cover(words)),
            Self::UnknownObject(words) => Self::UnknownObject(cover(words)),
            Self::Empty => Self::Empty,
        }
    }
}

/// Why a form could not be read.
#[derive(Debug)]
pub enum Unread {
    /// The server answered, but not with data.
    Said {
        /// The HTTP status.
        status: u16,
        /// What the answer was.
        trouble: Trouble,
    },
    /// No answer came, or the list is not complete.
    Failed(Error),
}

impl Unread {
    /// Whether the form is withheld from the token, not released or not permitted, while the web
    /// service itself answers.
    pub fn withheld(&self) -> bool {
        let Self::Said {
            trouble: Trouble::Refused(words),
            status: 200..=299,
        } = self
        else {
            return false;
        };
        let words = words.to_lowercase();
        ["dispon", "permiss"]
            .iter()
            .any(|part| words.contains(part))
    }

    /// The error for a person, with the vendor's remedies.
    pub fn into_error(self, form: Form) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Said { status, trouble } => explain(form, status, &trouble),
        }
    }
}

fn at(form: Form) -> String {
    format!("in the form {} of the IXC web service", form.name())
}

pub(super) fn broken(form: Form, message: String) -> Error {
    Error::world(message).at(at(form))
}

pub(super) fn shortfall(form: Form, told: u64, got: u64) -> Unread {
    Unread::Failed(
        broken(
            form,
            format!("the list is not complete: the server told of {told} rows and sent {got}"),
        )
        .hint("run it again; nothing was changed here")
        .hint("a smaller page_size under [sync.ixc], when it keeps happening"),
    )
}

/// There was no room for a page, however often it was asked for.
pub(super) fn busy(form: Form, (status, times): (u16, u32), wait: Option<Duration>) -> Error {
    let times = match times {
        1 => String::new(),
        6 => ", six times in a row".to_owned(),
        n => format!(", {n} times in a row"),
    };
    let said = match status {
        429 => format!("the server says too many requests (HTTP 429){times}"),
        _ => format!(
            "the server is there, but the web service behind it did not answer (HTTP {status}){times}"
        ),
    };
    let error = broken(form, said).hint("run it again later; nothing was changed here");
    match wait {
        Some(wait) => error.hint(format!("it asks to wait {} seconds", wait.as_secs())),
        None => {
            error.hint("a smaller page_size under [sync.ixc], or a quieter hour, when it stays so")
        }
    }
}

pub(super) fn redirected(form: Form, status: u16) -> Error {
    broken(
        form,
        format!("the server answered with a redirect (HTTP {status}), which is not followed"),
    )
    .hint("write the final https:// address as base_url under [sync.ixc]")
    .hint("a redirect may drop the header that tells a read from a write")
}

/// What an answer without data means, and the vendor's remedies.
fn explain(form: Form, status: u16, trouble: &Trouble) -> Error {
    let http = format!("HTTP {status}");
    let error = match trouble {
        Trouble::Refused(words) => broken(
            form,
            format!("the IXC web service refused the request ({http}): {words}"),
        ),
        Trouble::ErrorPage(words) => broken(
            form,
            format!("the IXC web service answered with its error page ({http}): {words}"),
        ),
        Trouble::NotTheService(what) => broken(
            form,
            format!("this is not the IXC web service: it answered with {what} ({http})"),
        ),
        Trouble::UnknownObject(what) => broken(
            form,
            format!("the answer is not one of the IXC web service: {what} ({http})"),
        ),
        Trouble::Empty => broken(form, format!("the answer is empty ({http})")),
    };
    for_status(form, status, for_trouble(form, trouble, error))
}

fn for_trouble(form: Form, trouble: &Trouble, error: Error) -> Error {
    match trouble {
        Trouble::Refused(words) => {
            let words = words.to_lowercase();
            if words.contains("dispon") {
                error.hint(format!(
                    "ask IXC's support to release the form {} for the web service, and tick it for the token's user group",
                    form.name()
                ))
            } else if words.contains("ip") && words.contains("liberado") {
                error.hint(
                    "add this machine's address to `Redes Permitidas` of the token's user group (several are separated by ;)",
                )
            } else {
                error.hint(format!(
                    "let the token's user list the form {} (Grupos de usuário, permissões)",
                    form.name()
                ))
            }
        }
        Trouble::ErrorPage(_) => error
            .hint("the server may be overloaded or a field may be missing in its version: try again, then with a smaller page_size"),
        Trouble::NotTheService(_) => error
            .hint("base_url under [sync.ixc] must be the host that answers /webservice/v1, not a login page, proxy or portal"),
        Trouble::UnknownObject(what) if what.contains("cells") => error.hint(format!(
            "name the cells in their order: [sync.ixc.columns] {} = \"id, …\"",
            form.name()
        )),
        Trouble::UnknownObject(_) => {
            error.hint("look what stands between this machine and the server (a proxy, a firewall)")
        }
        Trouble::Empty => error.hint("try again; if it stays so, the server's PHP log tells why"),
    }
}

fn for_status(form: Form, status: u16, error: Error) -> Error {
    match status {
        400 => error.hint("the address must be https, and the token `id:hash` or the same in Base64"),
        401 => error.hint("the token is wrong, or its user inactive or with an accent in the e-mail: create it anew (Usuários, token)"),
        403 => error.hint("the token was issued by an earlier server: create it anew"),
        404 => error.hint("check base_url under [sync.ixc]; it is the host, with or without /webservice/v1"),
        504 => error.hint(format!("the server is overloaded even for one row of {}: try at a quieter hour", form.name())),
        _ => error,
    }
}
