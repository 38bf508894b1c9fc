//! `regua omnichannel`: what the WhatsApp provider has, the gateways that regua knows and what their
//! answers mean, and the ERP's *Logs Omnichannel*.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::arguments::{span, word};
use super::{Context, Outcome, face};
use crate::channel::{CatalogueEntry, Judged, KnownGateway, Next, known_gateways};
use crate::domain::template::Placeholders;
use crate::domain::words::{Channel, Origin, Reason, Word as _};
use crate::error::{Error, Result};
use crate::store::message::{self, Log, LogWanted};
use crate::view::{Cell, View, harmless};

/// The WhatsApp provider: its channels, its templates, and what was tried; gateways and their answers.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the provider's communication channels (*buscar canais*)
    #[command(after_help = "Example:\n  regua omnichannel channels")]
    Channels,
    /// List the templates of a channel (*buscar template*)
    #[command(
        after_help = "Example:\n  regua omnichannel templates --channel 64f09e6332843f9dada2d0d6"
    )]
    Templates {
        /// The channel's id, from `regua omnichannel channels` [default: the only one there is]
        #[arg(long, value_name = "ID")]
        channel: Option<String>,
    },
    /// List the gateways that regua knows, with what the configuration must say of each
    #[command(
        after_help = "A preset fills in how a gateway is asked and what its answers mean; any other gateway is described\n\
            by the same keys: see config.example.toml.\n\n\
            Example:\n  regua omnichannel presets"
    )]
    Presets,
    /// Say what an answer of a channel's gateway would mean, and which rule says so
    #[command(
        after_help = "Nothing is sent and no secret is read. The body is what the gateway answered, as a text or a file.\n\n\
            Examples:\n  \
            regua omnichannel judge --channel sms --status 200 --body 'ERRO: chave'\n  \
            regua omnichannel judge --channel sms --status 200 --body @answer.json"
    )]
    Judge(Judge),
    /// WhatsApp messages that were tried, as the ERP's Logs Omnichannel shows them
    #[command(
        after_help = "Example:\n  regua omnichannel logs --status failure --since 2026-11-01"
    )]
    Logs(Logs),
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Channels => channels(context),
        Command::Templates { channel } => templates(channel.as_deref(), context),
        Command::Presets => presets(context),
        Command::Judge(judge) => run_judge(judge, context),
        Command::Logs(logs) => run_logs(logs, context),
    }
}

fn none(name: &str) -> Error {
    Error::unacceptable(format!(
        "the whatsapp provider `{name}` keeps no channels or templates"
    ))
    .hint("with `file` a template's text is given by --body; opa and meta have catalogues")
}

/// What the provider's catalogue says of a channel or a template.
fn listed_view() -> View<'static, CatalogueEntry> {
    View::<CatalogueEntry>::new()
        .words("id", |listed| Cell::of(&listed.id))
        .words("name", |listed| Cell::of(&listed.name))
        .words("status", |listed| listed.status.clone())
        .when_empty("the provider has none", "make them at the provider")
}

fn channels(context: &Context) -> Result<Outcome> {
    let provider = context.config.channel(Channel::Whatsapp).connect()?;
    let catalogue = provider.catalogue().ok_or_else(|| none(provider.name()))?;
    context.out.all(listed_view(), &catalogue.channels()?)?;
    Ok(Outcome::Done)
}

fn templates(channel: Option<&str>, context: &Context) -> Result<Outcome> {
    let provider = context.config.channel(Channel::Whatsapp).connect()?;
    let catalogue = provider.catalogue().ok_or_else(|| none(provider.name()))?;
    let channel = match channel {
        Some(channel) => channel.to_owned(),
        None => only(catalogue.channels()?)?,
    };
    let view = listed_view()
        .number("variables", |template| {
            let text = template.text.as_deref();
            text.map(|text| Placeholders::of(text).count)
        })
        .words("text", |template| template.text.clone());
    context.out.all(view, &catalogue.templates(&channel)?)?;
    Ok(Outcome::Done)
}

/// The channel meant when none is named: there must be exactly one.
fn only(mut channels: Vec<CatalogueEntry>) -> Result<String> {
    match channels.len() {
        1 => Ok(channels.remove(0).id),
        0 => Err(Error::unacceptable("the provider has no channel")),
        n => Err(Error::usage(format!("the provider has {n} channels"))
            .hint("--channel ID; regua omnichannel channels lists them")),
    }
}

fn presets(context: &Context) -> Result<Outcome> {
    let view = View::<KnownGateway>::new()
        .words("name", |gateway| gateway.name)
        .words("channel", |gateway| Cell::of(&gateway.channel))
        .words("needs", |gateway| {
            let needs = gateway.needs.iter();
            let parts = needs.clone().map(|(_, what)| what.clone()).collect();
            let keys = needs.map(|(key, what)| (key.clone(), Value::from(what.as_str())));
            Cell::Parts {
                data: Value::Object(keys.collect()),
                parts,
                between: "; ",
            }
        });
    context.out.all(view, &known_gateways())?;
    Ok(Outcome::Done)
}

/// An answer to be judged.
#[derive(Debug, Args)]
pub(super) struct Judge {
    /// The channel whose gateway answers
    #[arg(long, value_parser = word::<Channel>)]
    channel: Channel,
    /// The answer's HTTP status
    #[arg(long, value_parser = clap::value_parser!(u16).range(100..=599))]
    status: u16,
    /// Its body, or @FILE
    #[arg(long, value_name = "TEXT|@FILE", default_value = "")]
    body: String,
}

/// What an answer would mean, in the words of a rule.
fn meaning(judged: &Judged) -> &'static str {
    match &judged.outcome {
        Ok(_) => "accepted",
        Err(refusal) => match refusal.next {
            Next::Never(_) | Next::OptedOut(_) => "never",
            Next::Gone(_) => "gone",
            Next::Later(_) | Next::Wait(_) | Next::NotSent => "later",
            Next::Stop | Next::StopBatch => "stop",
            Next::Unknown => "unknown",
        },
    }
}

/// The reason that its message would fail with.
fn reason(judged: &Judged) -> Option<Reason> {
    match judged.outcome.as_ref().err()?.next {
        Next::Never(reason) | Next::Gone(reason) => Some(reason),
        Next::OptedOut(_) => Some(Reason::OptedOut),
        _ => None,
    }
}

/// Runs `regua omnichannel judge`.
fn run_judge(judge: &Judge, context: &Context) -> Result<Outcome> {
    let body = match judge.body.strip_prefix('@') {
        None => judge.body.clone().into_bytes(),
        Some(path) => std::fs::read(path).map_err(|error| {
            Error::unacceptable(format!("{path} cannot be read"))
                .because(error)
                .hint("@FILE takes the body from a file")
        })?,
    };
    let settings = context.config.channel(judge.channel);
    let judged = settings
        .provider
        .judged(judge.status, &body)
        .ok_or_else(|| {
            Error::unacceptable(format!(
                "{} goes by `{}`, whose answers no rule judges",
                judge.channel, settings.name
            ))
            .hint("set provider = \"http\" with a preset, or describe the gateway")
        })?;
    let (code, text) = match &judged.outcome {
        Ok(accepted) => (accepted.code.clone(), accepted.text.clone()),
        Err(refusal) => (refusal.code.clone(), Some(refusal.text.clone())),
    };
    let id = judged.outcome.as_ref().ok();
    let id = id.and_then(|accepted| accepted.provider_id.clone());
    let view = View::<Judged>::new()
        .words("channel", |_| judge.channel.as_str())
        .number("status", |_| i64::from(judge.status))
        .words("means", meaning)
        .words("reason", |judged| reason(judged).map(Reason::as_str))
        .words("rule", |judged| Cell::of(&judged.by))
        .words("provider_id", |_| id.clone())
        .words("code", |_| code.clone())
        .words("text", |_| text.clone());
    if !context.out.one(view, &judged)? {
        let because = reason(&judged).map_or_else(String::new, |reason| format!(" ({reason})"));
        let mut words = format!("{}{because}, by {}\n", meaning(&judged), judged.by);
        if let Some(id) = &id {
            words.push_str(&format!("the gateway's id: {id}\n"));
        }
        if let Some(text) = &text {
            words.push_str(&format!("its words: {}\n", harmless::line(text)));
        }
        context.out.text(words)?;
    }
    Ok(Outcome::Done)
}

/// Which attempts are wanted.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// This message
    #[arg(long)]
    id: Option<i64>,
    /// About this client
    #[arg(long, value_name = "ID")]
    client: Option<i64>,
    /// Of this communication type: whatsapp is the only one
    #[arg(long = "type", value_name = "TYPE", value_parser = ["whatsapp"], ignore_case = true)]
    communication_type: Option<String>,
    /// Made by this journey: send, collection, birthday, ticket, incident, access, alert, test
    #[arg(long, value_parser = word::<Origin>)]
    origin: Option<Origin>,
    /// To a number holding this
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
    /// Last tried on or after this day
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Last tried on or before this day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// success or failure
    #[arg(long)]
    status: Option<LogStatus>,
    /// Whose confirmation or cause of failure holds this
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogStatus {
    #[value(alias = "sucesso")]
    Success,
    #[value(alias = "falha")]
    Failure,
}

/// Runs `regua omnichannel logs`.
fn run_logs(logs: &Logs, context: &Context) -> Result<Outcome> {
    let (since, until) = span(logs.since.as_deref(), logs.until.as_deref(), context)?;
    let wanted = LogWanted {
        id: logs.id,
        client_id: logs.client,
        origin: logs.origin,
        contact: logs.contact.clone(),
        since,
        until,
        success: logs.status.map(|status| status == LogStatus::Success),
        message: logs.message.clone(),
    };
    let store = context.open()?;
    let view = View::<Log>::new()
        .number("id", |log| log.id)
        .number("client_id", |log| log.client_id)
        .words("communication_type", |_| "WhatsApp")
        .words("contact", |log| face::phone(log.contact.as_deref()))
        .words("sent_at", |log| face::instant(context, Some(log.at)))
        .words(
            "status",
            |log| if log.success { "success" } else { "failure" },
        )
        .words("message", |log| log.message.clone())
        .when_empty(
            "no whatsapp message that was tried fits",
            "regua queue list --channel whatsapp shows what waits",
        );
    let mut list = context.out.list(view);
    message::each_log(store.connection(), &wanted, logs.limit, |log| {
        list.row(&log)
    })?;
    list.finish("")?;
    Ok(Outcome::Done)
}
