//! `regua template preview --request`: the request that a message would make, without a secret.

use serde_json::{Map, Value};

use super::super::subject::{Subject, draft, no_value};
use super::{Context, Outcome};
use crate::channel::ShownRequest;
use crate::domain::message::Fate;
use crate::domain::template::Template;
use crate::domain::words::Word as _;
use crate::error::{Error, Result};
use crate::jobs::compose::Composer;
use crate::store::Connection;
use crate::view::{Cell, View, harmless};

/// Shows the request; nothing is sent or written down.
pub(super) fn run(
    context: &Context,
    c: &Connection,
    template: &Template,
    subject: &Subject,
) -> Result<Outcome> {
    let now = context.now();
    let composer = Composer::new(&context.config, now);
    let draft = draft(context, c, template, subject)?;
    let client = &subject.client;
    template
        .render(&draft.facts)
        .map_err(|variable| no_value(variable, client))?;
    let messages = composer.compose(c, &draft)?;
    let Some(message) = messages.first() else {
        return Ok(Outcome::Done);
    };
    if let Fate::Skipped(reason, detail) = &message.fate {
        let detail = detail
            .as_ref()
            .map_or_else(String::new, |detail| format!(", {detail}"));
        return Err(Error::unacceptable(format!(
            "no request would be made: the message would be skipped ({reason}{detail})"
        )));
    }
    let settings = context.config.channel(template.channel);
    let shown = settings.provider.shown_request(&message.outgoing(now))?;
    let shown = shown.ok_or_else(|| {
        Error::unacceptable(format!(
            "{} goes by `{}`, which no request describes",
            template.channel, settings.name
        ))
        .hint("--request is for provider = \"http\"")
    })?;
    let view = View::<ShownRequest>::new()
        .words("template", |_| Cell::of(&template.name))
        .words("channel", |_| template.channel.as_str())
        .number("client_id", |_| client.id)
        .words("method", |shown| shown.method)
        .words("url", |shown| Cell::of(&shown.url))
        .words("headers", |shown| {
            let headers = shown.headers.iter();
            let headers = headers.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            Value::Object(headers.collect::<Map<_, _>>())
        })
        .words("content_type", |shown| {
            shown.body.as_ref().map(|(kind, _)| kind.clone())
        })
        .words("body", |shown| {
            shown.body.as_ref().map(|(_, text)| text.clone())
        });
    if !context.out.one(view, &shown)? {
        context.out.theirs(as_sent(&shown))?;
    }
    Ok(Outcome::Done)
}

/// The request as it stands on the wire.
fn as_sent(shown: &ShownRequest) -> String {
    let mut lines = vec![format!("{} {}", shown.method, shown.url)];
    let named = |name: &str, value: &str| format!("{name}: {}", harmless::line(value));
    lines.extend(shown.headers.iter().map(|(name, value)| named(name, value)));
    if let Some((kind, text)) = &shown.body {
        lines.push(named("Content-Type", kind));
        lines.push(String::new());
        lines.push(text.clone());
    }
    format!("{}\n", lines.join("\n"))
}
