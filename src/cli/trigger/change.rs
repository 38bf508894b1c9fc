//! `regua trigger add` and `edit`: a trigger's parts as they are given.

use clap::Args;
use serde_json::json;

use super::arguments::word;
use super::{Context, Outcome, face};
use crate::domain::access;
use crate::domain::ticket::event_type::TriggerEvent;
use crate::domain::ticket::trigger::{
    AUDIENCE_ACCEPTED, Audience, SOMEBODY_ACCEPTED, Somebody, Trigger, parse_duplicates,
};
use crate::domain::words::Word as _;
use crate::error::{Error, Result};
use crate::jobs::trigger as job;
use crate::view::{Cell, View};

/// A new trigger.
#[derive(Debug, Args)]
pub(in crate::cli) struct Add {
    /// Its name
    name: String,
    /// What it listens to
    #[arg(long, value_parser = word::<TriggerEvent>)]
    event: TriggerEvent,
    #[command(flatten)]
    parts: Parts,
}

/// A change of a trigger.
#[derive(Debug, Args)]
pub(in crate::cli) struct Edit {
    /// Its name
    name: String,
    /// What it listens to
    #[arg(long, value_parser = word::<TriggerEvent>)]
    event: Option<TriggerEvent>,
    #[command(flatten)]
    parts: Parts,
}

/// What both may give. Lists are separated by commas, or the flag is repeated.
#[derive(Debug, Default, PartialEq, Eq, Args)]
struct Parts {
    /// Templates, one a channel: clients hear by push, whatsapp, sms and email, staff by sms, email and chat
    #[arg(
        long = "template",
        alias = "templates",
        value_name = "NAME",
        value_delimiter = ','
    )]
    templates: Option<Vec<String>>,
    /// Only tickets of these topics (or of the sub-topics)
    #[arg(
        long = "topic",
        alias = "topics",
        value_name = "ID",
        value_delimiter = ','
    )]
    topics: Option<Vec<String>>,
    /// Only tickets of these sub-topics (or of the topics)
    #[arg(
        long = "subtopic",
        alias = "subtopics",
        value_name = "ID",
        value_delimiter = ','
    )]
    subtopics: Option<Vec<String>>,
    /// workflow, access: only changes from these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    from: Option<Vec<String>>,
    /// workflow, access: only changes to these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    to: Option<Vec<String>>,
    /// workflow: only tickets of these priorities
    #[arg(
        long = "priority",
        alias = "priorities",
        value_name = "PRIORITY",
        value_delimiter = ','
    )]
    priorities: Option<Vec<String>>,
    /// workflow: who hears, in this order: responsible, managers, teams, client, staff:3, team:Suporte [default: responsible,managers,teams]
    #[arg(long, value_name = "WHO", value_delimiter = ',')]
    audience: Option<Vec<String>>,
    /// Teams in place of those of the ticket's topic and sub-topic
    #[arg(
        long = "team",
        alias = "teams",
        value_name = "TEAM",
        value_delimiter = ','
    )]
    teams: Option<Vec<String>>,
    /// Staff named one by one, in the order they hear
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    staff: Option<Vec<String>>,
    /// reply: who hears when nobody active is responsible: staff:5 or team:Suporte
    #[arg(long, value_name = "WHO")]
    fallback: Option<String>,
    /// allow: one message for each list a person is in
    #[arg(long, value_name = "allow")]
    duplicates: Option<String>,
}

impl Parts {
    /// Puts what was given into a trigger.
    fn put(mut self, trigger: &mut Trigger) -> Result<()> {
        self.put_listeners(trigger)?;
        if let Some(words) = self.templates {
            trigger.templates = filled(words);
        }
        if let Some(words) = self.topics {
            trigger.topics = numbers("topic", words)?;
        }
        if let Some(words) = self.subtopics {
            trigger.subtopics = numbers("subtopic", words)?;
        }
        if let Some(words) = self.from {
            trigger.from = filled(words);
        }
        if let Some(words) = self.to {
            trigger.to = filled(words);
        }
        if let Some(words) = self.priorities {
            trigger.priorities = filled(words);
        }
        access::spell_out(trigger);
        Ok(())
    }

    /// Puts in who hears.
    fn put_listeners(&mut self, trigger: &mut Trigger) -> Result<()> {
        if let Some(words) = self.audience.take() {
            trigger.audience = filled(words)
                .iter()
                .map(|word| {
                    Audience::parse(word).ok_or_else(|| {
                        Error::usage(format!("--audience {word} is nobody"))
                            .hint(format!("some of: {AUDIENCE_ACCEPTED}"))
                    })
                })
                .collect::<Result<_>>()?;
        }
        if let Some(words) = self.teams.take() {
            trigger.teams = filled(words);
        }
        if let Some(words) = self.staff.take() {
            trigger.staff = numbers("staff", words)?;
        }
        if let Some(text) = self.fallback.take() {
            trigger.fallback = match text.trim() {
                "" => None,
                text => Some(Somebody::parse(text).ok_or_else(|| {
                    Error::usage(format!("--fallback {text} is nobody")).hint(SOMEBODY_ACCEPTED)
                })?),
            };
        }
        if let Some(text) = self.duplicates.take() {
            trigger.allow_duplicates = parse_duplicates(&text).ok_or_else(|| {
                Error::usage(format!("--duplicates {text} is not known"))
                    .hint("--duplicates allow, or leave it out")
            })?;
        }
        Ok(())
    }
}

fn filled(words: Vec<String>) -> Vec<String> {
    words
        .into_iter()
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

fn numbers(flag: &str, words: Vec<String>) -> Result<Vec<i64>> {
    filled(words)
        .into_iter()
        .map(|word| {
            word.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
                Error::usage(format!("--{flag} {word} is no id"))
                    .hint("write whole numbers separated by commas")
            })
        })
        .collect()
}

/// Adds a trigger.
pub(super) fn add(add: Add, context: &Context) -> Result<Outcome> {
    let mut trigger = Trigger::new(add.name, add.event);
    add.parts.put(&mut trigger)?;
    let mut saved = context.open()?;
    let warnings = job::add(&mut saved, &context.config, &trigger)?;
    tell_saved(context, "added", &trigger, &warnings)
}

/// Changes the parts of a trigger that are given.
pub(super) fn edit(edit: Edit, context: &Context) -> Result<Outcome> {
    if edit.event.is_none() && edit.parts == Parts::default() {
        return Err(Error::usage("nothing to change")
            .hint("--template …, --topic …, --staff …, --audience …, --fallback …"));
    }
    let mut saved = context.open()?;
    let mut before = None;
    let (trigger, warnings) = job::edit(&mut saved, &context.config, &edit.name, |trigger| {
        before = Some(trigger.clone());
        if let Some(event) = edit.event.filter(|event| *event != trigger.event) {
            trigger.event = event;
            trigger.audience = Trigger::new("", event).audience;
        }
        edit.parts.put(trigger)
    })?;
    let done = face::edited(before.as_ref(), &trigger);
    tell_saved(context, done, &trigger, &warnings)
}

fn tell_saved(
    context: &Context,
    done: &'static str,
    trigger: &Trigger,
    warnings: &[String],
) -> Result<Outcome> {
    let view = View::<Trigger>::new()
        .words("done", |_| done)
        .words("name", |trigger| Cell::of(&trigger.name))
        .words("event", |trigger| trigger.event.as_str())
        .words("warnings", |_| json!(warnings));
    let words = format!("{done} trigger `{}` on {}", trigger.name, trigger.event);
    face::done(context, view, trigger, words)?;
    for warning in warnings {
        context.out.warn(warning);
    }
    Ok(Outcome::Done)
}
