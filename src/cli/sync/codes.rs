//! `regua sync codes`: the payment codes that today's texts need.

use clap::Args;
use serde_json::json;

use super::{Context, Outcome};
use crate::cli::signals::Listener;
use crate::domain::report::{Report, ReportKind};
use crate::domain::words::Word as _;
use crate::error::{Error, Result};
use crate::jobs::codes::{self, CodesRequest, CodesSummary, NotHad};
use crate::store::{Store, report, template};
use crate::view::{Cell, Format, View};

/// Fetch the Pix codes and boleto lines that today's texts need, and no others.
#[derive(Debug, Args)]
#[command(
    after_help = "Asked for are the invoices that today's `collection update` would tell about with a template\n\
        that has #areceber_pix# or #areceber_linha_digitavel#; with --report, those that a send would.\n\
        Nothing is asked twice for the same amount and day. Asking may register the charge at the bank:\n\
        it needs codes = [\"pix\", \"boleto\"] under [sync.ixc], and keeps to codes_per_day.\n\n\
        Examples:\n  \
        regua sync codes\n  \
        regua sync codes --limit 20\n  \
        regua sync codes --report cut-for-debt --template pay-by-pix"
)]
pub(in crate::cli) struct Command {
    /// At most so many requests
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// The invoices that a send to this report would tell about, instead of today's update
    #[arg(long, value_name = "REPORT", requires = "template")]
    report: Option<String>,
    /// The template of that send
    #[arg(long, value_name = "NAME", requires = "report")]
    template: Option<String>,
}

fn report_of(store: &Store, name: &str) -> Result<Report> {
    match ReportKind::parse(name) {
        Some(kind) => Report::parse(kind, &[], &[]),
        None => Ok(report::get(store.connection(), name)?.report),
    }
}

/// Runs the command.
pub(in crate::cli) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    let mut store = context.open()?;
    let send = match (&command.report, &command.template) {
        (Some(name), Some(words)) => Some((
            report_of(&store, name)?,
            template::get(store.connection(), words)?,
        )),
        _ => None,
    };
    let request = CodesRequest {
        limit: command.limit,
        send,
    };
    let listener = Listener::ending_at_the_second()?;
    let (config, clock) = (&context.config, &context.clock);
    let ran = codes::fetch(&mut store, config, clock, &request, &listener.stop);
    let summary = match (ran, listener.outcome()) {
        (Ok(summary), _) => summary,
        (Err(error), Some(stopped)) => {
            context.out.complain(Error::on_one_line(&error));
            return Ok(stopped);
        }
        (Err(error), None) => return Err(error),
    };
    answer(context, &summary)?;
    Ok(Outcome::Done)
}

fn answer(context: &Context, summary: &CodesSummary) -> Result<()> {
    let view = View::<NotHad>::new()
        .words("invoice_id", |row| row.invoice_id)
        .words("kind", |row| Cell::of(row.kind.as_str()))
        .words("why", |row| Cell::of(&row.why));
    if context.out.format() == Format::Json {
        return context.out.json(&json!({
            "needed": summary.needed,
            "asked_before": summary.asked_before,
            "asked": summary.asked,
            "fetched": summary.fetched,
            "left": summary.left,
            "not_had": view.array(&summary.not_had),
        }));
    }
    if summary.left > 0 {
        context.out.warn(format!(
            "left for another day: {} (--limit, or codes_per_day of the source)",
            summary.left
        ));
    }
    let mut list = context.out.list(view);
    list.rows(&summary.not_had)?;
    list.finish(&format!(
        "codes needed: {}, fetched: {} of {} asked for, asked for before: {}",
        summary.needed, summary.fetched, summary.asked, summary.asked_before
    ))
}
