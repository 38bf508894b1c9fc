//! `regua receipts`, and `regua whatsapp` for Meta's: what became of messages after they were taken.

use std::fs::File;
use std::io::{BufReader, Read};

use clap::Subcommand;
use serde_json::json;

use super::signals::Listener;
use super::{Context, Outcome, face};
use crate::channel::receipts::ReceiptForm;
use crate::error::{Error, Result};
use crate::jobs::receipt::{self as job, ReceiptSummary, Taking, mail, poll};

/// What became of messages after they were taken: delivered, read, failed, bounced, answered.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "A message that was reported to have failed, and never to have arrived, is failed; one that arrived is sent,\n\
        whatever came first. Reports come in any order and more than once, so that the same file can be read again.\n\n\
        Examples:\n  \
        regua receipts import /var/spool/webhook/2026-11-23.jsonl --preset meta\n  \
        regua receipts mail - < bounce.eml\n  \
        regua receipts poll"
)]
pub(super) enum Command {
    /// Import reports from a file: JSON documents, forms one a line, or CSV with a header
    #[command(
        after_help = "Without --preset each report is taken for what it looks like. The preset csv has our own words: the columns\n\
            (or keys) id or key, status, at, code, reason; where ids of several providers are in it, provider;\n\
            for an answer phone, text and channel.\n\n\
            Examples:\n  \
            regua receipts import /var/spool/webhook/2026-11-23.jsonl\n  \
            regua receipts import report.csv --preset csv\n  \
            tail -n 500 webhook.log | regua receipts import - --preset zenvia"
    )]
    Import {
        /// The file; - is standard input
        file: String,
        /// Whose reports they are
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
    },
    /// Take in a mail that came back, as a mail server pipes it
    #[command(
        after_help = "In Postfix, /etc/aliases: aviso: \"|/usr/bin/regua -q receipts mail -\"\n\n\
            A mail that came back for good fails its message, and its address is not used until the ERP brings another.\n\
            One that may still go is kept with its message. Anything else changes nothing.\n\n\
            Example:\n  regua receipts mail - < bounce.eml"
    )]
    Mail {
        /// The mail; - is standard input
        file: String,
    },
    /// Ask providers what became of messages of the last 3 days
    #[command(
        after_help = "Twilio, Opa! Suite and gateways with [sms.poll] can be asked. A run asks for about\n\
            a minute, at each channel's rate; as a task:\n\
            regua task add receipts --run receipts --minute '*/5' --hour '*'\n\n\
            Example:\n  regua receipts poll"
    )]
    Poll,
}

/// What WhatsApp reports later: delivered, read, failed.
#[derive(Debug, Subcommand)]
pub(super) enum Whatsapp {
    /// Import reports of Meta's: regua receipts import FILE --preset meta
    #[command(
        after_help = "The file holds the bodies the webhook received, one after the other; what is known already\n\
            is passed over, so the same file can be read again.\n\n\
            Examples:\n  \
            regua whatsapp status /var/spool/webhook/2026-11-23.jsonl\n  \
            tail -n 500 webhook.log | regua whatsapp status -"
    )]
    Status {
        /// The file; - is standard input
        file: String,
    },
}

/// Runs `regua whatsapp`.
pub(super) fn run_whatsapp(command: &Whatsapp, context: &mut Context) -> Result<Outcome> {
    let Whatsapp::Status { file } = command;
    import(file, Some(ReceiptForm::named("meta")?), context)
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Import { file, preset } => {
            let form = preset.as_deref().map(ReceiptForm::named).transpose()?;
            import(file, form, context)
        }
        Command::Mail { file } => {
            let now = context.now();
            let mut store = context.open()?;
            let (input, _) = opened(file)?;
            let summary = mail::take(&mut store, now, input)?;
            tell_flaws(&summary, context);
            answer(&summary, context)?;
            // A mail server takes any other end for its own failure, and would return the mail.
            Ok(Outcome::Done)
        }
        Command::Poll => ask(context),
    }
}

/// A file, or standard input, and what it is called.
fn opened(file: &str) -> Result<(Box<dyn Read>, &str)> {
    if file == "-" {
        return Ok((Box::new(std::io::stdin().lock()), "standard input"));
    }
    let input = File::open(file)
        .map_err(|error| Error::unacceptable(format!("{file} cannot be read")).because(error))?;
    Ok((Box::new(BufReader::new(input)), file))
}

/// Reads reports from a file.
fn import(file: &str, form: Option<&ReceiptForm>, context: &mut Context) -> Result<Outcome> {
    let (input, place) = opened(file)?;
    let now = context.now();
    let mut store = context.open()?;
    let stops = context.config.receive.stops.clone();
    let taking = Taking {
        // Whoever names a file answers for it.
        stops: Some(&stops),
        now,
    };
    let summary = job::import(&mut store, taking, form, input, place)?;
    tell_flaws(&summary, context);
    if let Some(form) = form.filter(|_| summary.read > 0 && summary.meaningless == summary.read) {
        context.out.warn(format!(
            "nothing in {place} is what `{}` reports: is it another's? --preset names whose",
            form.name()
        ));
    }
    answer(&summary, context)?;
    Ok(if summary.bad > 0 && summary.bad == summary.read {
        Outcome::Unacceptable
    } else if summary.bad > 0 {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn ask(context: &mut Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let listener = Listener::start()?;
    let summary = poll::poll(&mut store, &context.config, &context.clock, &listener.stop)?;
    if summary.asked.is_empty() && summary.stopped.is_empty() {
        context.out.say("nobody was asked: no provider that can be asked has messages of the last 3 days without a final receipt");
    }
    for (channel, asked) in &summary.asked {
        context
            .out
            .explain(format!("{channel}: asked about {asked} messages"));
    }
    if let Some(complaint) = summary.complaint() {
        context.out.complain(format!("error: {complaint}"));
    }
    answer(&summary.receipts, context)?;
    Ok(match listener.outcome() {
        Some(outcome) => outcome,
        None if !summary.stopped.is_empty() => Outcome::WorldFailed,
        None => Outcome::Done,
    })
}

/// Says what was wrong, as far as it is told one by one.
fn tell_flaws(summary: &ReceiptSummary, context: &Context) {
    for flaw in &summary.flaws {
        context.out.say_flaw("warning: ", flaw);
    }
    let more = summary.bad.saturating_sub(summary.flaws.len() as u64);
    if more > 0 {
        context.out.warn(format!("{more} more are not acceptable"));
    }
}

fn answer(summary: &ReceiptSummary, context: &Context) -> Result<()> {
    let counts = [
        ("read", summary.read),
        ("matched", summary.matched),
        ("unknown_ids", summary.unknown_ids),
        ("repeated", summary.repeated),
        ("bad", summary.bad),
        ("opt_outs", summary.opt_outs),
    ];
    let document: serde_json::Map<String, serde_json::Value> = counts
        .iter()
        .map(|(name, n)| ((*name).to_owned(), json!(n)))
        .collect();
    if context.out.document(&document)? {
        return Ok(());
    }
    let mut list = context.out.list(face::counted("receipts", "count"));
    for (name, n) in counts {
        list.row(&(name.replace('_', " "), n))?;
    }
    list.finish(&format!(
        "{} messages turned out to be sent, {} to have failed",
        summary.now_sent, summary.now_failed
    ))
}
