//! Whether the web service answers, and each form may be read: what doctor asks.

use super::form::{CHANGED, Form};
use super::page::{self, Fetch};
use super::trouble::Unread;
use crate::error::Result;
use crate::source::Checked;

/// Asks each form for one row. Without those `needed` nothing comes; without the small ones ids
/// stand for names.
pub(super) fn examine(
    fetch: &dyn Fetch,
    needed: &[Form],
    tell: &mut dyn FnMut(Checked) -> Result<()>,
) -> Result<()> {
    match page::probe(fetch, Form::Empresa) {
        Ok(_) => tell(Checked::Fine("ixc: the web service answers".to_owned()))?,
        // No answer, or one that says the same for every form: the rest would only repeat it.
        Err(
            unread @ (Unread::Failed(_)
            | Unread::Said {
                status: 401 | 403, ..
            }),
        ) => {
            return tell(Checked::Unreadable {
                what: None,
                error: unread.into_error(Form::Empresa),
                needed: true,
            });
        }
        Err(unread) => tell(unreadable(Form::Empresa, unread, false))?,
    }
    for form in Form::ALL {
        if form != Form::Empresa {
            tell(probe(fetch, form, needed.contains(&form)))?;
        }
    }
    Ok(())
}

fn probe(fetch: &dyn Fetch, form: Form, needed: bool) -> Checked {
    let found = match page::probe(fetch, form) {
        Ok(found) => found,
        Err(unread) => return unreadable(form, unread, needed),
    };
    let told = found
        .total
        .map_or_else(String::new, |total| format!("; rows: {total}"));
    let message = format!("ixc: {} can be read{told}", form.name());
    let dated = found
        .rows
        .first()
        .is_none_or(|row| row.get(CHANGED).is_some());
    if needed && !dated {
        return Checked::Doubtful {
            message: format!("{message}, but does not say when its rows changed"),
            remedy: "every sync reads all of it: sync it less often".to_owned(),
        };
    }
    Checked::Fine(message)
}

fn unreadable(form: Form, unread: Unread, needed: bool) -> Checked {
    Checked::Unreadable {
        what: Some(format!("ixc: {}", form.name())),
        error: unread.into_error(form),
        needed,
    }
}
