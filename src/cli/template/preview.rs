//! `regua template preview`: what a client would receive, with the client's own facts.

use clap::Args;
use serde_json::json;

use super::subject::{RowArgs, Subject, draft, no_value};
use super::{Context, Outcome, segments_of};
use crate::domain::client::Client;
use crate::domain::letter::too_long;
use crate::domain::phone;
use crate::domain::recipient::Reach;
use crate::domain::sms::{Segments, segments};
use crate::domain::template::{Rendered, Template};
use crate::domain::words::{Reason, Word as _};
use crate::error::Result;
use crate::jobs::compose::Composer;
use crate::store::{Connection, template as store};
use crate::view::{Cell, View};

mod request;
mod sample;

/// A look at a template with a client's facts.
#[derive(Debug, Args)]
pub(in crate::cli) struct Preview {
    /// Its name
    name: String,
    /// The client
    #[arg(long, value_name = "ID", required_unless_present = "sample")]
    client: Option<i64>,
    #[command(flatten)]
    rows: RowArgs,
    /// So many clients of the book, drawn by lot: always the same ones
    #[arg(long, value_name = "N", conflicts_with_all = ["client", "invoice", "contract", "login", "request"],
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    sample: Option<u32>,
    /// Show the request that would be made to the channel's gateway, secrets as ***; nothing is sent
    #[arg(long)]
    request: bool,
}

/// What the client would receive, or why nothing.
struct Seen<'a> {
    template: &'a Template,
    client: &'a Client,
    addresses: Vec<String>,
    reason: Option<Reason>,
    rendered: Rendered,
    /// An SMS's segments, as it would be sent.
    segments: Option<Segments>,
    /// And before transliteration.
    segments_before: Option<Segments>,
}

/// Runs the command.
pub(super) fn run(preview: &Preview, context: &Context) -> Result<Outcome> {
    let store = context.open()?;
    let c = store.connection();
    let template = store::get(c, &preview.name)?;
    let Some(client) = preview.client else {
        return sample::run(context, c, &template, preview.sample.unwrap_or(1));
    };
    let subject = Subject::gather(client, &preview.rows, &template, c)?;
    if preview.request {
        return request::run(context, c, &template, &subject);
    }
    let seen = look(context, c, &template, &subject)?;
    if !context.out.one(view(), &seen)? {
        show(context, &seen)?;
    }
    Ok(Outcome::Done)
}

/// Composes the message without writing anything.
fn look<'a>(
    context: &Context,
    c: &Connection,
    template: &'a Template,
    subject: &'a Subject,
) -> Result<Seen<'a>> {
    let client = &subject.client;
    let composer = Composer::new(&context.config, context.now());
    let draft = draft(context, c, template, subject)?;
    let reach = composer.reach(c, &draft)?;
    let rendered = template
        .render(&draft.facts)
        .map_err(|variable| no_value(variable, client))?;
    let (addresses, reason) = match &reach {
        Reach::To(addresses) => (addresses.iter().map(|a| a.text.clone()).collect(), None),
        Reach::Not { reason, .. } => (Vec::new(), Some(*reason)),
    };
    let sms = |text: &str| (template.channel.nature().segments).then(|| segments(text));
    let segments_before = sms(&rendered.body);
    let rendered = context.config.policy.as_sent(template.channel, rendered);
    Ok(Seen {
        template,
        client,
        addresses,
        reason,
        segments: sms(&rendered.body),
        segments_before,
        rendered,
    })
}

fn view<'a>() -> View<'a, Seen<'a>> {
    View::<Seen>::new()
        .words("template", |seen| Cell::of(&seen.template.name))
        .words("channel", |seen| seen.template.channel.as_str())
        .number("client_id", |seen| seen.client.id)
        .words("addresses", |seen| json!(seen.addresses))
        .words("reason", |seen| seen.reason.map(Reason::as_str))
        .words("title", |seen| seen.rendered.title.clone())
        .words("body", |seen| Cell::of(&seen.rendered.body))
        .words("html", |seen| seen.rendered.html.clone())
        .words("variables", |seen| json!(seen.rendered.variables))
        .number("segments", |seen| seen.segments.map(|s| s.parts))
        .number("segments_before", |seen| {
            seen.segments_before.map(|s| s.parts)
        })
        .words("alphabet", |seen| {
            seen.segments.map(|s| s.alphabet.as_str())
        })
}

/// The message on standard output, as it is; what else there is to know on standard error.
fn show(context: &Context, seen: &Seen) -> Result<()> {
    let rendered = &seen.rendered;
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
    if seen.template.channel.is_printed()
        && let Some(told) = too_long(rendered.title.as_deref(), &rendered.body)
    {
        context.out.warn(told);
    }
    if seen.segments.is_some() {
        context.out.say(segments_of(&rendered.body));
    }
    if let Some(before) = seen
        .segments_before
        .filter(|_| seen.segments_before != seen.segments)
    {
        context.out.say(format!(
            "({} in {} before transliteration)",
            before.parts,
            before.alphabet.as_str()
        ));
    }
    context.out.say(match seen.reason {
        Some(reason) => format!("would be skipped: {reason}"),
        None => {
            let shown = on_one_line(&seen.addresses);
            format!("would go by {} to {shown}", seen.template.channel)
        }
    });
    Ok(())
}

/// Addresses as people read them; the lines of a postal one behind each other.
fn on_one_line(addresses: &[String]) -> String {
    let shown = addresses
        .iter()
        .map(|address| phone::shown(address).replace('\n', ", "));
    shown.collect::<Vec<_>>().join(", ")
}
