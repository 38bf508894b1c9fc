//! `regua template`: the messages' words.

use clap::Subcommand;
use serde_json::json;

use super::{Context, Outcome, arguments, face};
use crate::domain::sms::segments;
use crate::domain::template::{Template, Variable, one_line};
use crate::domain::words::Word as _;
use crate::error::Result;
use crate::jobs::template as job;
use crate::store::template as store;
use crate::view::measure::folded;
use crate::view::{Cell, View};

mod change;
mod editor;
mod lint;
mod preview;
mod subject;
mod try_out;

/// Message templates: add, edit, show, list, remove, preview, test, lint.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Variables are written #name#; `regua template variables` lists them. ## writes one #.\n\n\
    Example:\n  \
    regua template add cut --channel push --kind financial --title 'Fatura vencida' \\\n    \
    --body '#cliente_primeiro_nome#, sua fatura de #areceber_valor# venceu em #areceber_data_vencimento#.'"
)]
pub(super) enum Command {
    /// Add a template
    #[command(after_help = "Examples:\n  \
        regua template add outage --channel sms --kind support --body 'Manutencao hoje das 2h as 4h.'\n  \
        regua template add bill --channel email --kind financial --title 'Sua fatura' --body @bill.txt --html @bill.html\n  \
        regua template add due --channel whatsapp --kind financial --body 'Ola {{1}}, sua fatura de {{2}} vence hoje.' \\\n    \
        --var 1=cliente_primeiro_nome --var 2=areceber_valor")]
    Add(change::Add),
    /// Change parts of a template; without flags, in $VISUAL or $EDITOR
    #[command(
        after_help = "Examples:\n  regua template edit cut --title 'Fatura em aberto'\n  regua template edit cut"
    )]
    Edit(change::Edit),
    /// Show one template
    Show {
        /// Its name
        name: String,
    },
    /// List the templates
    List,
    /// Remove a template that nothing uses
    Remove {
        /// Its name
        name: String,
    },
    /// Show what a client would receive
    #[command(
        after_help = "Examples:\n  regua template preview cut --client 17 --invoice 1042\n  regua template preview cut --sample 5"
    )]
    Preview(preview::Preview),
    /// Send one message to yourself, with a client's facts
    #[command(
        after_help = "It goes at once and alone, whatever waits in the queue; contact hours and caps are set aside, what people\n\
        and lists of numbers forbid is not. In the history its origin is `test`; it counts for no cap of the client's\n\
        and is not tried again.\n\n\
        Examples:\n  regua template test cut --to 49999990001 --client 17\n  \
        regua template test bill --to eu@provedor.example --client 17 --invoice 1042"
    )]
    Test(try_out::Test),
    /// Look for what is unwise in one template or all
    Lint {
        /// Its name; all when none is given
        name: Option<String>,
    },
    /// List the variables, and what each needs
    Variables,
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => change::add(add, context),
        Command::Edit(edit) => match edit.nothing() {
            Some(name) => editor::run(name, context),
            None => change::edit(edit, context),
        },
        Command::Show { name } => show(&name, context),
        Command::List => list(context),
        Command::Remove { name } => {
            let mut store = context.open()?;
            job::remove(&mut store, &context.config, &name)?;
            face::removed(context, "template", &name)
        }
        Command::Preview(preview) => preview::run(&preview, context),
        Command::Test(test) => try_out::run(&test, context),
        Command::Lint { name } => lint::run(name.as_deref(), context),
        Command::Variables => variables(context),
    }
}

fn segments_of(text: &str) -> String {
    let s = segments(text);
    let parts = if s.parts == 1 { "segment" } else { "segments" };
    let units = if s.units == 1 { "unit" } else { "units" };
    format!(
        "{} {parts} in {} ({} {units})",
        s.parts,
        s.alphabet.as_str(),
        s.units
    )
}

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let template = store::get(store.connection(), name)?;
    if context.out.one(view(), &template)? {
        return Ok(Outcome::Done);
    }
    let mut text = format!(
        "{} ({}, {}, purpose {})\n",
        template.name, template.channel, template.kind, template.purpose
    );
    let mut line = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            text.push_str(&format!("{key}: {value}\n"));
        }
    };
    line("description", template.description.as_deref());
    line("provider channel", template.provider_channel.as_deref());
    line("provider template", template.provider_template.as_deref());
    line("title", template.title.as_deref());
    line("body", Some(&template.body));
    line("html", template.html.as_deref());
    for (key, part) in template.look.parts() {
        line(&key.replace('_', " "), part);
    }
    for (i, variable) in template.variables.iter().enumerate() {
        text.push_str(&format!("{{{{{}}}}} = {}\n", i + 1, variable.name()));
    }
    if template.channel.nature().segments {
        text.push_str(&format!("{}\n", segments_of(&template.body)));
    }
    context.out.text(text)?;
    Ok(Outcome::Done)
}

/// Columns of a body that a table shows.
const BODY: usize = 60;

/// The first words of a text, as many as a table shows, each of them whole.
fn beginning(text: &str) -> String {
    let mut lines = folded(text, BODY).into_iter();
    let first = lines.next().unwrap_or_default();
    if lines.next().is_none() {
        return first;
    }
    format!("{first} …")
}

/// A template with all its parts.
fn view<'a>() -> View<'a, Template> {
    View::<Template>::new()
        .words("name", |template| Cell::of(&template.name))
        .words("channel", |template| template.channel.as_str())
        .words("kind", |template| template.kind.as_str())
        .words("purpose", |template| template.purpose.as_str())
        .words("title", |template| template.title.clone())
        .words("body", |template| {
            Cell::shown(template.body.clone(), beginning(&one_line(&template.body)))
        })
        .data("html", |template| template.html.clone())
        .data("description", |template| template.description.clone())
        .data("provider_channel", |template| {
            template.provider_channel.clone()
        })
        .data("provider_template", |template| {
            template.provider_template.clone()
        })
        .data("sound", |template| template.look.sound.clone())
        .data("android_channel", |template| {
            template.look.android_channel.clone()
        })
        .data("image", |template| template.look.image.clone())
        .data("link", |template| template.look.link.clone())
        .data("variables", |template| {
            let names = template.variables.iter().map(|variable| variable.name());
            json!(names.collect::<Vec<_>>())
        })
}

fn list(context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let templates = store::list(store.connection())?;
    let view = view().when_empty(
        "no templates yet",
        "regua template add NAME --channel sms --kind support --body TEXT, or regua apply FILE",
    );
    context.out.all(view, &templates)?;
    Ok(Outcome::Done)
}

fn variables(context: &Context) -> Result<Outcome> {
    let view = View::<Variable>::new()
        .words("variable", |variable| format!("#{}#", variable.name()))
        .words("needs", |variable| {
            Cell::Said(variable.need().as_str().to_owned())
        });
    let mut list = context.out.list(view);
    for variable in Variable::ALL {
        list.row(variable)?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}
