//! `regua client`: what is known of a person, and its erasure.

use std::io::Write as _;
use std::path::PathBuf;

use chrono::DateTime;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Context, Outcome, face};
use crate::clock::iso;
use crate::domain::phone::Phone;
use crate::domain::tax_id::masked;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result, not_in_the_book};
use crate::private_file;
use crate::store::client::{self as store, ListedClient, SoughtContact};
use crate::store::erasure::{self, Erasure};
use crate::store::{Store, book};
use crate::view::language;
use crate::view::{Cell, Format, View};

/// A person's data: found, shown, exported, erased.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    regua client list --contact '(49) 99999-0001'     whose number is this\n  \
    regua client export 17 -o client-17.json\n  \
    regua client erase 17 --why 'asked on 2026-11-20, protocol 77'")]
pub(super) enum Command {
    /// List clients, or those who have a number or an e-mail
    #[command(after_help = "Example:\n  regua client list --contact ana@example.com")]
    List {
        /// A number or an e-mail, in any writing
        #[arg(long, value_name = "CONTACT")]
        contact: Option<String>,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
        limit: i64,
    },
    /// Show everything known of a client: rows, messages, attempts, receipts
    #[command(
        after_help = "Examples:\n  regua client show 17 --json\n  regua client show 17 --reveal"
    )]
    Show {
        /// Their id
        id: i64,
        /// CPF or CNPJ whole, not masked
        #[arg(long)]
        reveal: bool,
    },
    /// The same as one JSON document, in a file of their own with -o FILE.json
    #[command(after_help = "Example:\n  regua client export 17 -o client-17.json")]
    Export {
        /// Their id
        id: i64,
    },
    /// Erase names, contacts, documents, addresses and texts; later imports pass the client over
    #[command(
        after_help = "Amounts, counts, opt-outs and the ledger's digests stay. Files and backups that still hold data are listed.\n\n\
        Example:\n  regua client erase 17 --why 'asked on 2026-11-20, protocol 77'"
    )]
    Erase(Erase),
    /// Let imports bring an erased client's rows again
    #[command(after_help = "Example:\n  regua client restore 17")]
    Restore {
        /// Their id
        id: i64,
    },
}

/// An erasure.
#[derive(Debug, Args)]
pub(super) struct Erase {
    /// The client's id
    id: i64,
    /// Why, for whoever reads it later; no name and no number
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Do not ask, even when cases of theirs are open
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &Context) -> Result<Outcome> {
    match command {
        Command::List { contact, limit } => list(contact.as_deref(), *limit, context)?,
        Command::Show { id, reveal } => show(*id, *reveal, context)?,
        Command::Export { id } => export(*id, context)?,
        Command::Erase(asked) => erase(asked, context)?,
        Command::Restore { id } => restore(*id, context)?,
    }
    Ok(Outcome::Done)
}

/// A contact in any writing.
fn sought(contact: Option<&str>) -> Result<SoughtContact> {
    let Some(text) = contact else {
        return Ok(SoughtContact::Any);
    };
    if text.contains('@') {
        return Ok(SoughtContact::Mailbox(text.trim().to_owned()));
    }
    let phone = Phone::parse(text).ok_or_else(|| {
        Error::usage(format!(
            "--contact: `{text}` is neither a number nor an e-mail"
        ))
        .hint("(49) 99999-0001, or ana@example.com")
    })?;
    Ok(SoughtContact::Number(phone.compared()))
}

fn list(contact: Option<&str>, limit: i64, context: &Context) -> Result<()> {
    let sought = sought(contact)?;
    let saved = context.open()?;
    let view = View::<ListedClient>::new()
        .number("client_id", |row| row.id)
        .words("name", |row| Cell::of(&row.name))
        .words("mobile", |row| face::phone(row.mobile.as_deref()))
        .words("whatsapp", |row| face::phone(row.whatsapp.as_deref()))
        .words("email", |row| row.email.clone())
        .words("city", |row| row.city.clone())
        .words("active", |row| row.active)
        .words("erased", |row| row.erased)
        .spares(&["city", "whatsapp", "erased"])
        .when_empty(
            "no client fits",
            "regua client list, or regua import clients FILE",
        );
    let mut list = context.out.list(view);
    let mut rows = 0_i64;
    store::each(saved.connection(), &sought, limit, |row| {
        rows += 1;
        list.row(&row)
    })?;
    let more = if rows > 0 && rows == limit {
        " (there may be more: --limit 0)"
    } else {
        ""
    };
    list.finish(&format!("{rows} clients{more}"))
}

fn everything(id: i64, saved: &Store, context: &Context) -> Result<Value> {
    let zone = context.clock.zone();
    let told = |millis: i64| {
        DateTime::from_timestamp_millis(millis).map_or_else(String::new, |at| iso(at, zone))
    };
    store::everything(saved.connection(), id, &told)?
        .ok_or_else(|| not_in_the_book("client", id).hint("regua client list --contact N"))
}

fn show(id: i64, reveal: bool, context: &Context) -> Result<()> {
    let saved = context.open()?;
    let mut all = everything(id, &saved, context)?;
    if let Some(tax_id) = all["client"]["tax_id"].as_str().filter(|_| !reveal) {
        all["client"]["tax_id"] = masked(tax_id).into();
    }
    if context.out.document(&all)? {
        return Ok(());
    }
    let mut lines = Vec::new();
    described(&mut lines, "", &all);
    if context.out.format() == Format::Csv {
        let view = View::<(String, String)>::new()
            .words("field", |line| Cell::of(&line.0))
            .words("value", |line| Cell::of(&line.1));
        return context.out.all(view, &lines);
    }
    let text = lines.iter().map(|(name, value)| {
        let on_one_line = value.replace('\n', " ⏎ ");
        format!("{}: {on_one_line}\n", called(name))
    });
    context.out.text(text.collect::<String>())
}

/// A way to a value, each of its fields as tables call it.
fn called(name: &str) -> String {
    let fields = name.split('.').map(|field| {
        let (own, place) = field.split_at(field.find('[').unwrap_or(field.len()));
        format!("{}{place}", language::header(own))
    });
    fields.collect::<Vec<_>>().join(".")
}

/// A document as people read it: a line for each value that is there, with the way to it.
fn described(lines: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                described(lines, &name, value);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                described(lines, &format!("{name}[{}]", place + 1), item);
            }
        }
        Value::Null => {}
        Value::String(words) => lines.push((name.to_owned(), words.clone())),
        other => lines.push((name.to_owned(), other.to_string())),
    }
}

fn export(id: i64, context: &Context) -> Result<()> {
    let saved = context.open()?;
    let all = everything(id, &saved, context)?;
    let document = format!("{all:#}\n");
    let Some(path) = &context.document else {
        return context.out.exact(document);
    };
    let failed = |error| {
        Error::world(format!("the data cannot be written to {}", path.display())).because(error)
    };
    let mut file = private_file::create(path).map_err(failed)?;
    file.write_all(document.as_bytes()).map_err(failed)?;
    context.out.say(format!("wrote {}", path.display()));
    Ok(())
}

fn erase(asked: &Erase, context: &Context) -> Result<()> {
    let why = asked.why.trim();
    if why.is_empty() {
        return Err(Error::usage("--why is empty").hint("say why, for whoever reads it later"));
    }
    let id = asked.id;
    let mut saved = context.open()?;
    if book::client_name(saved.connection(), id)?.is_none() {
        return Err(not_in_the_book("client", id).hint("regua client list --contact N"));
    }
    let open = erasure::open_cases(saved.connection(), id)?;
    if open > 0 && !asked.yes {
        let cases = if open == 1 {
            "1 collection case of theirs is open".to_owned()
        } else {
            format!("{open} collection cases of theirs are open")
        };
        if !context.out.interactive() {
            return Err(
                Error::usage(format!("client {id}: {cases}; nothing was erased")).hint(
                    "the debt stays, and nobody is told of it any more: --yes erases all the same",
                ),
            );
        }
        context.out.say(format!(
            "{cases}: the debt stays, and nobody is told of it any more"
        ));
        if !context.out.ask("Erase the client's data?")? {
            context.out.say("nothing was erased");
            return Ok(());
        }
    }
    let lists = erasure::lists_with(saved.connection(), id)?;
    let at = context.now().at;
    let done = erasure::erase(&mut saved, id, why, at)?;
    let still = still_hold(context);
    let view = View::<Erasure>::new()
        .data("done", |_| "erased")
        .data("client_id", move |_| id)
        .number("messages", |done| done.messages)
        .number("cancelled", |done| done.cancelled)
        .number("open_cases", move |_| open)
        .words("files", |_| Cell::Json(json!(still)));
    let words = format!(
        "erased client {id}: {} messages, {} of them cancelled; later imports pass the client over",
        done.messages, done.cancelled
    );
    face::done(context, view, &done, words)?;
    tell_what_stays(context, &lists, &still);
    Ok(())
}

/// Says what still knows of the client.
fn tell_what_stays(context: &Context, lists: &[String], files: &[PathBuf]) {
    for list in lists {
        context.out.warn(format!(
            "list `{list}` holds a number of theirs: it stays, so that nobody writes to it"
        ));
    }
    for file in files {
        context.out.warn(format!(
            "may still hold data of the client: {}",
            file.display()
        ));
    }
}

/// Files that a run of ours made and that may still hold the client's data: backups, replaced databases, and
/// what a `file` provider wrote.
fn still_hold(context: &Context) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folder = |path: &std::path::Path| {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let backups = folder(&context.config.backup.folder);
    files.extend(
        backups
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "db")),
    );
    let database = context.database();
    let name = database
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let beside = database
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    let beside = folder(beside.unwrap_or_else(|| std::path::Path::new(".")));
    files.extend(beside.into_iter().filter(|path| {
        let other = path.file_name().unwrap_or_default().to_string_lossy();
        other.starts_with(&format!("{name}.replaced-"))
    }));
    for channel in Channel::ALL {
        let settings = context.config.channel(*channel);
        files.extend(
            settings
                .provider
                .written_files()
                .into_iter()
                .filter(|path| path.exists()),
        );
    }
    files.sort();
    files.dedup();
    files
}

fn restore(id: i64, context: &Context) -> Result<()> {
    let mut saved = context.open()?;
    let there = saved.write(|transaction| erasure::restore(transaction, id))?;
    if !there {
        return Err(Error::unacceptable(format!("client {id} was not erased"))
            .hint("regua client list shows who was"));
    }
    let view = View::<i64>::new()
        .data("done", |_| "restored")
        .data("client_id", |id| *id);
    face::done(
        context,
        view,
        &id,
        format!("client {id}: the next import or sync brings their rows again"),
    )
}
