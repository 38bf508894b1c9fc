//! `regua template`: the messages' words.

use clap::{Args, Subcommand};
use serde_json::json;

use super::arguments::{text_or_file, word};
use super::{Context, Outcome};
use crate::domain::contact_hours::ContactHours;
use crate::domain::recipient::{Reach, Recipient};
use crate::domain::sms::segments;
use crate::domain::template::{Facts, Need, Template, Variable, one_line};
use crate::domain::words::{Channel, Kind, Origin, Purpose};
use crate::error::{Error, Flaw, Result, not_in_the_book};
use crate::jobs::compose::{Composer, Draft, Wording};
use crate::jobs::template as job;
use crate::store::{book, template as store};
use crate::view::{Cell, Column, Format};

/// Message templates: add, edit, show, list, remove, preview, lint.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Variables are written #name#; `regua template variables` lists them. ## writes one #.\n\n\
    Example:\n  \
    regua template add cut --channel push --kind financial --title 'Fatura vencida' \\\n    \
    --body '#cliente_primeiro_nome#, sua fatura de #areceber_valor# venceu em #areceber_data_vencimento#.'"
)]
pub enum Command {
    /// Add a template
    #[command(after_help = "Examples:\n  \
        regua template add outage --channel sms --kind support --body 'Manutencao hoje das 2h as 4h.'\n  \
        regua template add bill --channel email --kind financial --title 'Sua fatura' --body @bill.txt --html @bill.html\n  \
        regua template add due --channel whatsapp --kind financial --body 'Ola {{1}}, sua fatura de {{2}} vence hoje.' \\\n    \
        --var 1=cliente_primeiro_nome --var 2=areceber_valor")]
    Add(Add),
    /// Change parts of a template
    #[command(after_help = "Example:\n  regua template edit cut --title 'Fatura em aberto'")]
    Edit(Edit),
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
    #[command(after_help = "Example:\n  regua template preview cut --client 17 --invoice 1042")]
    Preview(Preview),
    /// Look for what is unwise in one template or all
    Lint {
        /// Its name; all when none is given
        name: Option<String>,
    },
    /// List the variables, and what each needs
    Variables,
}

/// The parts of a template.
#[derive(Debug, Args)]
pub struct Parts {
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
}

/// A new template.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name
    name: String,
    /// push, whatsapp, sms or email
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
pub struct Edit {
    /// Its name
    name: String,
    /// financial, support, contract, allowance or general
    #[arg(long, value_parser = word::<Kind>)]
    kind: Option<Kind>,
    #[command(flatten)]
    parts: Parts,
}

/// A look at a template with a client's facts.
#[derive(Debug, Args)]
pub struct Preview {
    /// Its name
    name: String,
    /// The client
    #[arg(long, value_name = "ID")]
    client: i64,
    /// The invoice [default: the client's oldest owing one]
    #[arg(long, value_name = "ID")]
    invoice: Option<i64>,
    /// The contract [default: the invoice's]
    #[arg(long, value_name = "ID")]
    contract: Option<i64>,
    /// The login
    #[arg(long, value_name = "ID")]
    login: Option<i64>,
}

/// Runs the command.
pub fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => add_template(add, context),
        Command::Edit(edit) => edit_template(edit, context),
        Command::Show { name } => show(&name, context),
        Command::List => list(context),
        Command::Remove { name } => {
            let mut store = context.open()?;
            job::remove(&mut store, &context.config, &name)?;
            context.out.say(format!("removed template `{name}`"));
            Ok(Outcome::Done)
        }
        Command::Preview(preview) => show_preview(&preview, context),
        Command::Lint { name } => lint(name.as_deref(), context),
        Command::Variables => variables(context),
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

fn add_template(add: Add, context: &Context) -> Result<Outcome> {
    let parts = add.parts;
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
    };
    let mut store = context.open()?;
    let template = job::add(&mut store, &context.config, template)?;
    tell_saved(context, &template, "added");
    Ok(Outcome::Done)
}

fn edit_template(edit: Edit, context: &Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let mut template = store::get(store.connection(), &edit.name)?;
    let parts = edit.parts;
    if let Some(kind) = edit.kind {
        // The purpose follows the kind unless it had been set apart from it.
        if template.purpose == template.kind.purpose() {
            template.purpose = kind.purpose();
        }
        template.kind = kind;
    }
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
    tell_saved(context, &template, "changed");
    Ok(Outcome::Done)
}

/// Says what the purpose means for contact hours, and what is unwise.
fn tell_saved(context: &Context, template: &Template, what: &str) {
    let out = &context.out;
    let hours = match context.config.policy.hours.get(template.purpose) {
        ContactHours::Always => "at any time".to_owned(),
        ContactHours::Weekly { .. } => "within contact hours only".to_owned(),
    };
    out.say(format!(
        "{what} template `{}`: purpose {}, sent {hours}",
        template.name, template.purpose
    ));
    if template.channel == Channel::Sms {
        out.say(segments_of(&template.body));
    }
    for warning in job::warnings(template, &[]) {
        out.warn(warning);
    }
}

fn segments_of(text: &str) -> String {
    let s = segments(text);
    let parts = if s.parts == 1 { "segment" } else { "segments" };
    format!(
        "{} {parts} in {} ({} units)",
        s.parts,
        s.alphabet.as_str(),
        s.units
    )
}

fn document(template: &Template) -> serde_json::Value {
    let variables: Vec<&str> = template.variables.iter().map(|v| v.name()).collect();
    json!({
        "name": template.name,
        "channel": template.channel,
        "kind": template.kind,
        "purpose": template.purpose,
        "title": template.title,
        "body": template.body,
        "html": template.html,
        "description": template.description,
        "provider_channel": template.provider_channel,
        "provider_template": template.provider_template,
        "variables": variables,
    })
}

fn show(name: &str, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let template = store::get(store.connection(), name)?;
    match context.out.format() {
        Format::Table => {
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
            for (i, variable) in template.variables.iter().enumerate() {
                text.push_str(&format!("{{{{{}}}}} = {}\n", i + 1, variable.name()));
            }
            if template.channel == Channel::Sms {
                text.push_str(&format!("{}\n", segments_of(&template.body)));
            }
            context.out.text(text)?;
        }
        Format::Json => context.out.json(&document(&template))?,
        Format::Jsonl => context.out.json_line(&document(&template))?,
        Format::Csv => {
            let mut list = context.out.list(&columns());
            list.row(cells(&template))?;
            list.finish("")?;
        }
    }
    Ok(Outcome::Done)
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("name"),
        Column::new("channel"),
        Column::new("kind"),
        Column::new("purpose"),
        Column::new("title"),
        Column::new("body"),
        Column::new("html").data_only(),
        Column::new("description").data_only(),
        Column::new("provider_channel").data_only(),
        Column::new("provider_template").data_only(),
        Column::new("variables").data_only(),
    ]
}

fn cells(template: &Template) -> Vec<Cell> {
    let variables: Vec<&str> = template.variables.iter().map(|v| v.name()).collect();
    vec![
        Cell::of(&template.name),
        Cell::of(template.channel),
        Cell::of(template.kind),
        Cell::of(template.purpose),
        Cell::text(template.title.as_deref()),
        Cell::Shown {
            data: template.body.clone(),
            shown: shortened(&template.body),
        },
        Cell::text(template.html.as_deref()),
        Cell::text(template.description.as_deref()),
        Cell::text(template.provider_channel.as_deref()),
        Cell::text(template.provider_template.as_deref()),
        Cell::Json(json!(variables)),
    ]
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    const LETTERS: usize = 60;
    let line = one_line(text);
    if line.chars().count() <= LETTERS {
        return line;
    }
    format!("{}…", line.chars().take(LETTERS - 1).collect::<String>())
}

fn list(context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let mut list = context.out.list(&columns());
    for template in store::list(store.connection())? {
        list.row(cells(&template))?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}

fn show_preview(preview: &Preview, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let c = store.connection();
    let template = store::get(c, &preview.name)?;
    let client = book::client(c, preview.client)?
        .ok_or_else(|| not_in_the_book("client", preview.client))?;
    let invoice = match preview.invoice {
        Some(id) => Some(book::invoice(c, id)?.ok_or_else(|| not_in_the_book("invoice", id))?),
        None if template.needs().contains(&Need::Invoice) => {
            book::oldest_owing_of_client(c, client.id)?
        }
        None => None,
    };
    let login = match preview.login {
        Some(id) => Some(book::login(c, id)?.ok_or_else(|| not_in_the_book("login", id))?),
        None => None,
    };
    let contract_id = preview
        .contract
        .or(invoice.as_ref().and_then(|invoice| invoice.contract_id))
        .or(login.as_ref().and_then(|login| login.contract_id));
    let contract = match contract_id {
        Some(id) => Some(book::contract(c, id)?.ok_or_else(|| not_in_the_book("contract", id))?),
        None => None,
    };
    for (what, owner) in [
        ("invoice", invoice.as_ref().map(|invoice| invoice.client_id)),
        (
            "contract",
            contract.as_ref().map(|contract| contract.client_id),
        ),
        ("login", login.as_ref().map(|login| login.client_id)),
    ] {
        if owner.is_some_and(|owner| owner != client.id) {
            return Err(Error::unacceptable(format!(
                "that {what} belongs to another client than {}",
                client.id
            )));
        }
    }
    let now = context.now();
    let composer = Composer {
        policy: &context.config.policy,
        company: &context.config.company,
        now,
    };
    let facts = Facts {
        client: Some(&client),
        contract: contract.as_ref(),
        invoice: invoice.as_ref(),
        overdue: Some(book::overdue(c, client.id, now.today)?),
        login: login.as_ref(),
        ..Facts::new(now, &context.config.company)
    };
    let draft = Draft {
        hold_until: contract
            .as_ref()
            .and_then(|contract| contract.notice_hold_until),
        ..Draft::new(
            Wording::Template(&template),
            Recipient::Client(&client),
            facts,
            Origin::Send,
        )
    };
    let reach = composer.reach(c, &draft)?;
    let rendered = template.render(&facts).map_err(|variable| {
        Error::unacceptable(format!(
            "#{}# has no value for client {}: this message would be skipped (missing_value)",
            variable.name(),
            client.id
        ))
        .hint(match variable.need() {
            Need::Invoice => "--invoice ID",
            Need::Contract => "--contract ID",
            Need::Login => "--login ID",
            Need::Company => "[company] in the configuration",
            _ => "the value comes from the ERP: import it",
        })
    })?;
    let (addresses, reason) = match &reach {
        Reach::To(addresses) => (addresses.iter().map(|a| a.text.clone()).collect(), None),
        Reach::Not { reason, .. } => (Vec::new(), Some(*reason)),
    };
    let before = (template.channel == Channel::Sms).then(|| segments(&rendered.body));
    let rendered = context.config.policy.as_sent(template.channel, rendered);
    let sms = (template.channel == Channel::Sms).then(|| segments(&rendered.body));
    if context.out.format() == Format::Table {
        let mut text = String::new();
        if let Some(title) = &rendered.title {
            text.push_str(&format!("{title}\n\n"));
        }
        text.push_str(&rendered.body);
        text.push('\n');
        if let Some(html) = &rendered.html {
            text.push_str(&format!("\n{html}\n"));
        }
        context.out.text(text)?;
        if sms.is_some() {
            context.out.say(segments_of(&rendered.body));
        }
        if let Some(before) = before.filter(|_| before != sms) {
            context.out.say(format!(
                "({} in {} before transliteration)",
                before.parts,
                before.alphabet.as_str()
            ));
        }
        match reason {
            Some(reason) => context.out.say(format!("would be skipped: {reason}")),
            None => {
                let shown: Vec<String> = addresses
                    .iter()
                    .map(|address: &String| crate::domain::phone::shown(address))
                    .collect();
                context.out.say(format!(
                    "would go by {} to {}",
                    template.channel,
                    shown.join(", ")
                ));
            }
        }
        return Ok(Outcome::Done);
    }
    let document = json!({
        "template": template.name,
        "channel": template.channel,
        "client_id": client.id,
        "addresses": addresses,
        "reason": reason,
        "title": rendered.title,
        "body": rendered.body,
        "html": rendered.html,
        "variables": rendered.variables,
        "segments": sms.map(|s| s.parts),
        "segments_before": before.map(|s| s.parts),
        "alphabet": sms.map(|s| s.alphabet.as_str()),
    });
    match context.out.format() {
        Format::Json => context.out.json(&document)?,
        _ => context.out.json_line(&document)?,
    }
    Ok(Outcome::Done)
}

fn lint(name: Option<&str>, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let templates = match name {
        Some(name) => vec![store::get(store.connection(), name)?],
        None => store::list(store.connection())?,
    };
    let mut list = context.out.list(&[
        Column::new("template"),
        Column::new("level"),
        Column::new("message"),
        Column::number("segments").data_only(),
    ]);
    let mut wrong = false;
    for template in &templates {
        let parts = (template.channel == Channel::Sms).then(|| segments(&template.body).parts);
        let parts = Cell::number(parts.and_then(|parts| i64::try_from(parts).ok()));
        let mut row = |level: &str, message: String| {
            list.row(vec![
                Cell::of(&template.name),
                Cell::of(level),
                Cell::Text(message),
                parts.clone(),
            ])
        };
        for problem in template.flaws() {
            wrong = true;
            row("error", format!("{}, {}", problem.found, problem.remedy))?;
        }
        for warning in job::lint(store.connection(), template)? {
            row("warning", warning)?;
        }
        if template.channel == Channel::Sms {
            row("note", segments_of(&template.body))?;
        }
    }
    list.finish("")?;
    Ok(if wrong {
        Outcome::Unacceptable
    } else {
        Outcome::Done
    })
}

fn variables(context: &Context) -> Result<Outcome> {
    let mut list = context
        .out
        .list(&[Column::new("variable"), Column::new("needs")]);
    for variable in Variable::ALL {
        list.row(vec![
            Cell::Text(format!("#{}#", variable.name())),
            Cell::of(variable.need().as_str()),
        ])?;
    }
    list.finish("")?;
    Ok(Outcome::Done)
}
