//! `regua whatsapp`: what WhatsApp reports later about the messages it took.

use std::fs::File;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{Context, Outcome, face};
use crate::domain::words::{CallbackStatus, Word as _};
use crate::error::{Error, Result};
use crate::jobs::callback::{self as job, CallbackSummary};

/// What WhatsApp reports later: delivered, read, failed.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Import status callbacks from a file that a webhook receiver wrote
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

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let Command::Status { file } = command;
    let now = context.now();
    let mut store = context.open()?;
    let summary = if file == "-" {
        job::import(&mut store, now, std::io::stdin().lock(), "standard input")?
    } else {
        let input = File::open(file).map_err(|error| {
            Error::unacceptable(format!("{file} cannot be read")).because(error)
        })?;
        job::import(&mut store, now, std::io::BufReader::new(input), file)?
    };
    answer(&summary, context)?;
    Ok(Outcome::Done)
}

fn answer(summary: &CallbackSummary, context: &Context) -> Result<()> {
    let of = |status: &CallbackStatus| summary.new.get(status).copied().unwrap_or(0);
    let new: Map<String, Value> = CallbackStatus::ALL
        .iter()
        .map(|status| (status.as_str().to_owned(), json!(of(status))))
        .collect();
    let document = json!({
        "read": summary.read,
        "new": new,
        "known": summary.known,
        "unmatched": summary.unmatched,
        "passed_over": summary.passed_over,
        "now_sent": summary.now_sent,
        "now_failed": summary.now_failed,
        "opted_out": summary.opted_out,
    });
    if context.out.document(&document)? {
        return Ok(());
    }
    let mut list = context.out.list(face::counted("status", "callbacks"));
    for status in CallbackStatus::ALL {
        list.row(&(status.to_string(), of(status)))?;
    }
    for (word, n) in [
        ("known", summary.known),
        ("unmatched", summary.unmatched),
        ("passed over", summary.passed_over),
    ] {
        list.row(&(word.to_owned(), n))?;
    }
    let mut text = format!(
        "{} messages turned out to be sent, {} to have failed",
        summary.now_sent, summary.now_failed
    );
    if summary.opted_out > 0 {
        text.push_str(&format!(
            "; {} clients stopped marketing by whatsapp and are opted out",
            summary.opted_out
        ));
    }
    list.finish(&text)
}
