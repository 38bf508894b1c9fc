//! `regua template add` and `edit`: the words, and what they mean for contact hours and segments.

use clap::Args;
use serde_json::json;

use super::arguments::{text_or_file, word};
use super::{Context, Outcome, face, segments_of};
use crate::domain::contact_hours::ContactHours;
use crate::domain::sms::segments;
use crate::domain::template::{Look, Template, Variable};
use crate::domain::words::{Channel, Kind, Purpose, Word as _};
use crate::error::{Error, Flaw, Result};
use crate::jobs::{provided, template as job};
use crate::store::template as store;
use crate::view::{Cell, View};

/// The parts of a template.
#[derive(Debug, Args)]
struct Parts {
    /// Push: the title; e-mail: the subject
    #[arg(long)]
    title: Option<String>,
    /// The text, or @FILE
    #[arg(long, value_name = "TEXT|@FILE")]
    body: Option<String>,
    /// E-mail: the same as HTML
    #[arg(long, value_name = "HTML|@FILE")]
    html: Option<String>,
    /// What people call it
    #[arg(long)]
    description: Option<String>,
    /// Why it is sent: collection, service or marketing [default: by kind]
    #[arg(long, value_parser = word::<Purpose>)]
    purpose: Option<Purpose>,
    /// Whatsapp: the provider's channel id
    #[arg(long, value_name = "ID")]
    provider_channel: Option<String>,
    /// Whatsapp: the provider's template id
    #[arg(long, value_name = "ID")]
    provider_template: Option<String>,
    /// Whatsapp: what fills a placeholder, such as 1=cliente_primeiro_nome
    #[arg(long = "var", value_name = "N=VARIABLE")]
    vars: Vec<String>,
    /// Push: the sound: default, or a file of the app
    #[arg(long)]
    sound: Option<String>,
    /// Push: the channel of the app's notifications on Android
    #[arg(long, value_name = "ID")]
    android_channel: Option<String>,
    /// Push: the address of a picture
    #[arg(long, value_name = "URL")]
    image: Option<String>,
    /// Push: the address that a touch opens
    #[arg(long, value_name = "URL")]
    link: Option<String>,
}

impl Parts {
    /// How a push is shown, after what it was before; an empty text takes a part away.
    fn look(&self, before: &Look) -> Look {
        let parts = [
            ("sound", &self.sound),
            ("android_channel", &self.android_channel),
            ("image", &self.image),
            ("link", &self.link),
        ];
        let given = Look::read(|key| {
            let (_, part) = parts.iter().find(|(name, _)| *name == key)?;
            (*part).clone()
        });
        let merged = given.or(before);
        let whole: Vec<(&str, Option<String>)> = merged
            .parts()
            .into_iter()
            .map(|(key, part)| (key, part.filter(|part| !part.is_empty()).map(str::to_owned)))
            .collect();
        Look::read(|key| whole.iter().find(|(name, _)| *name == key)?.1.clone())
    }
}

impl Parts {
    /// Whether nothing is given.
    const fn none(&self) -> bool {
        self.title.is_none()
            && self.body.is_none()
            && self.html.is_none()
            && self.description.is_none()
            && self.purpose.is_none()
            && self.provider_channel.is_none()
            && self.provider_template.is_none()
            && self.vars.is_empty()
            && self.sound.is_none()
            && self.android_channel.is_none()
            && self.image.is_none()
            && self.link.is_none()
    }
}

/// A new template.
#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// Its name
    name: String,
    /// push, whatsapp, sms, email, letter or chat
    #[arg(long, value_parser = word::<Channel>)]
    channel: Channel,
    /// financial, support, contract, allowance or general
    #[arg(long, value_parser = word::<Kind>)]
    kind: Kind,
    #[command(flatten)]
    parts: Parts,
}

/// A change of a template.
#[derive(Debug, Args)]
pub(in crate::cli) struct Edit {
    /// Its name
    name: String,
    /// financial, support, contract, allowance or general
    #[arg(long, value_parser = word::<Kind>)]
    kind: Option<Kind>,
    #[command(flatten)]
    parts: Parts,
}

impl Edit {
    /// The template's name, where no change of it is given.
    pub(super) fn nothing(&self) -> Option<&str> {
        (self.kind.is_none() && self.parts.none()).then_some(self.name.as_str())
    }
}

/// The variables of `--var 1=name --var 2=name`, in order.
fn numbered(vars: &[String]) -> Result<Vec<Variable>> {
    let mut found: Vec<(usize, Variable)> = Vec::new();
    let mut flaws = Vec::new();
    for text in vars {
        let place = format!("--var {text}");
        let Some((number, name)) = text.split_once('=') else {
            flaws.push(Flaw::at(
                place,
                "is not N=VARIABLE",
                "write --var 1=cliente_primeiro_nome",
            ));
            continue;
        };
        let Ok(number) = number.trim().parse::<usize>() else {
            flaws.push(Flaw::at(
                place,
                format!("`{number}` is no number"),
                "number the variables from 1",
            ));
            continue;
        };
        let name = name.trim().trim_matches('#');
        match Variable::known(name) {
            Ok(variable) => found.push((number, variable)),
            Err(flaw) => flaws.push(flaw.within(place)),
        }
    }
    found.sort_by_key(|(number, _)| *number);
    if flaws.is_empty()
        && found
            .iter()
            .enumerate()
            .any(|(i, (number, _))| *number != i + 1)
    {
        flaws.push(Flaw::at(
            "--var",
            "the numbers do not run from 1 without a gap or a repetition",
            "give --var 1=… --var 2=… and so on",
        ));
    }
    if flaws.is_empty() {
        Ok(found.into_iter().map(|(_, variable)| variable).collect())
    } else {
        Err(Error::flaws("the variables are not acceptable", flaws))
    }
}

/// Adds a template.
pub(super) fn add(add: Add, context: &Context) -> Result<Outcome> {
    let parts = add.parts;
    let look = parts.look(&Look::default());
    let template = Template {
        name: add.name,
        channel: add.channel,
        kind: add.kind,
        purpose: parts.purpose.unwrap_or(add.kind.purpose()),
        title: parts.title,
        body: parts
            .body
            .as_deref()
            .map(text_or_file)
            .transpose()?
            .unwrap_or_default(),
        html: parts.html.as_deref().map(text_or_file).transpose()?,
        description: parts.description,
        provider_channel: parts.provider_channel,
        provider_template: parts.provider_template,
        variables: numbered(&parts.vars)?,
        look,
    };
    let mut store = context.open()?;
    let template = job::add(&mut store, &context.config, template)?;
    tell_saved(context, &template, "added")
}

/// Changes the parts of a template that are given.
pub(super) fn edit(edit: Edit, context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let before = store::get(store.connection(), &edit.name)?;
    let mut template = before.clone();
    let parts = edit.parts;
    if let Some(kind) = edit.kind {
        // The purpose follows the kind unless it had been set apart from it.
        if template.purpose == template.kind.purpose() {
            template.purpose = kind.purpose();
        }
        template.kind = kind;
    }
    template.look = parts.look(&template.look);
    if let Some(purpose) = parts.purpose {
        template.purpose = purpose;
    }
    if let Some(body) = &parts.body {
        template.body = text_or_file(body)?;
    }
    if let Some(html) = &parts.html {
        template.html = Some(text_or_file(html)?).filter(|html| !html.is_empty());
    }
    if let Some(title) = parts.title {
        template.title = Some(title).filter(|title| !title.is_empty());
    }
    template.description = parts.description.or(template.description);
    template.provider_channel = parts.provider_channel.or(template.provider_channel);
    template.provider_template = parts.provider_template.or(template.provider_template);
    if !parts.vars.is_empty() {
        template.variables = numbered(&parts.vars)?;
    }
    let template = job::replace(&mut store, &context.config, template, parts.body.is_some())?;
    tell_saved(context, &template, face::edited(Some(&before), &template))
}

/// Says what was saved, what its purpose means for contact hours, and what is unwise.
pub(super) fn tell_saved(
    context: &Context,
    template: &Template,
    done: &'static str,
) -> Result<Outcome> {
    let hours = match context.config.policy.hours.get(template.purpose) {
        ContactHours::Always => "at any time",
        ContactHours::Weekly { .. } => "within contact hours only",
    };
    let mut warnings = job::warnings(template, &[]);
    warnings.extend(provided::template_warnings(&context.config, template));
    let mut words = format!(
        "{done} template `{}`: purpose {}, sent {hours}",
        template.name, template.purpose
    );
    let sms = template.channel.nature().segments;
    if sms {
        words.push_str(&format!("; {}", segments_of(&template.body)));
    }
    let view = View::<Template>::new()
        .words("done", |_| done)
        .words("name", |template| Cell::of(&template.name))
        .words("channel", |template| template.channel.as_str())
        .words("kind", |template| template.kind.as_str())
        .words("purpose", |template| template.purpose.as_str())
        .words("sent", |_| hours)
        .number("segments", |template| {
            sms.then(|| segments(&template.body).parts)
        })
        .words("warnings", |_| json!(warnings));
    face::done(context, view, template, words)?;
    for warning in &warnings {
        context.out.warn(warning);
    }
    Ok(Outcome::Done)
}
