//! `regua rule show`: a rule as a ladder, with who stands at each step.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Context;
use crate::domain::ladder::{Closing, Phase};
use crate::domain::money::Money;
use crate::domain::rule::{Deliver, Rule, Texts};
use crate::domain::words::{Channel, Word};
use crate::error::Result;
use crate::jobs::collection;
use crate::source::definition::rule as definition;
use crate::store::collection::{self as cases, StandingCases};
use crate::store::rule::Kept;
use crate::store::template;
use crate::view::chart::{self, Bar};
use crate::view::{Cell, View, language};

/// One step of the ladder.
struct Rung {
    /// Days after the due date; below 0 before it; none for a closing.
    day: Option<i64>,
    phase: Phase,
    /// Its templates, each with its channel while there is one of the name.
    templates: Vec<(String, Option<Channel>)>,
    deliver: Deliver,
    hours: Option<i64>,
    notice: Option<&'static str>,
    /// Who stands there; none where nobody can: before the due date, and once it is over.
    standing: Option<StandingCases>,
}

/// Shows one rule.
pub(super) fn show(name: &str, toml: bool, context: &Context) -> Result<()> {
    let saved = context.open()?;
    let connection = saved.connection();
    let kept = collection::get_rule(connection, name)?;
    if toml {
        return context.out.exact(definition::write(&kept.rule));
    }
    let open = cases::open_cases(connection, name)?;
    let standing = cases::standing(connection, name)?;
    let channels = template::list(connection)?
        .into_iter()
        .map(|template| (template.name, template.channel))
        .collect();
    let ladder = rungs(&kept.rule, &standing, &channels);
    if context.out.one(rule_view(open, &ladder), &kept)? {
        return Ok(());
    }
    tell_head(context, &kept)?;
    let gives_notice = ladder.iter().any(|rung| rung.notice.is_some());
    context.out.all(shown(gives_notice), &ladder)?;
    tell_standing(context, &ladder, open)
}

/// The steps of a rule, from the first reminder to the last closing.
fn rungs(
    rule: &Rule,
    standing: &BTreeMap<Phase, StandingCases>,
    channels: &BTreeMap<String, Channel>,
) -> Vec<Rung> {
    let rung = |day, phase, templates: &[String], (deliver, hours)| Rung {
        day,
        phase,
        templates: templates
            .iter()
            .map(|name| (name.clone(), channels.get(name).copied()))
            .collect(),
        deliver,
        hours,
        notice: None,
        standing: None,
    };
    let mut rungs = Vec::new();
    if let Some(reminders) = &rule.reminders {
        let how = (reminders.texts.deliver, reminders.texts.hours);
        let mut days = reminders.days.clone();
        days.sort_unstable_by(|a, b| b.cmp(a));
        rungs.extend(
            days.into_iter()
                .map(|day| rung(Some(-day), Phase::Reminder, &reminders.texts.templates, how)),
        );
    }
    for own in &rule.stages {
        let phase = Phase::Stage(own.stage);
        let how = (own.texts.deliver, own.texts.hours);
        rungs.push(Rung {
            notice: own.notice.map(Word::as_str),
            standing: Some(standing.get(&phase).copied().unwrap_or_default()),
            ..rung(Some(own.day.days()), phase, &own.texts.templates, how)
        });
    }
    // A stage that was taken out of the rule may have cases yet.
    for (phase, left) in standing {
        if !rungs.iter().any(|rung| rung.phase == *phase) {
            rungs.push(Rung {
                standing: Some(*left),
                ..rung(None, *phase, &[], (Deliver::Each, None))
            });
        }
    }
    for closing in Closing::ALL {
        let templates = rule.closings.templates(*closing);
        if !templates.is_empty() {
            let how = (rule.closings.deliver, rule.closings.hours);
            rungs.push(rung(None, Phase::Closing(*closing), templates, how));
        }
    }
    rungs
}

/// What stands over the ladder: what the rule takes, and how.
fn tell_head(context: &Context, kept: &Kept) -> Result<()> {
    let rule = &kept.rule;
    let out = &context.out;
    out.theirs(&rule.name)?;
    if rule.portfolios.is_empty() {
        out.text("  takes every portfolio that no other rule names")?;
    } else {
        out.text(format!(
            "  takes the portfolios {}",
            rule.portfolios.join(", ")
        ))?;
    }
    if !rule.one_message_per_client {
        out.text("  one message for each invoice")?;
    }
    if !rule.roll_due_date {
        out.text("  days count from the printed due date, holidays or not")?;
    }
    if let Some(days) = rule.enter_until_days {
        out.text(format!("  what is later than {days} days does not enter"))?;
    }
    out.text(match kept.evaluated_on {
        Some(day) => format!("  last evaluated on {day}"),
        None => "  never evaluated".to_owned(),
    })?;
    out.text("\n")
}

/// The ladder as people read it; what a stage gives notice of only where one does.
fn shown<'a>(gives_notice: bool) -> View<'a, Rung> {
    let view = View::<Rung>::new()
        .words("day", |rung| Cell::Said(when(rung)))
        .words("step", |rung| Cell::Word(rung.phase.word()))
        .words("templates", |rung| Cell::Text(templates(rung)));
    let view = if gives_notice {
        view.words("notice", |rung| rung.notice)
    } else {
        view
    };
    view.number("cases", |rung| rung.standing.map(|s| s.cases))
        .number("clients", |rung| rung.standing.map(|s| s.clients))
        .number("open_amount", |rung| {
            rung.standing.map(|s| Cell::Cents(s.owed.cents()))
        })
        .spares(&["clients"])
}

fn when(rung: &Rung) -> String {
    match rung.day {
        Some(day) if day < -1 => format!("{} days before", -day),
        Some(-1) => "1 day before".to_owned(),
        Some(0) => "due date".to_owned(),
        Some(1) => "1 day late".to_owned(),
        Some(day) => format!("{day} days late"),
        None => match rung.phase {
            Phase::Closing(_) => "when it is".to_owned(),
            Phase::Reminder | Phase::Stage(_) => "no longer in the rule".to_owned(),
        },
    }
}

/// The templates with their channels, and how they are chosen from.
fn templates(rung: &Rung) -> String {
    let named: Vec<String> = rung
        .templates
        .iter()
        .map(|(name, channel)| match channel {
            Some(channel) => format!("{name} ({})", language::word(channel.as_str())),
            None => name.clone(),
        })
        .collect();
    let between = match rung.deliver {
        Deliver::Each => ", ",
        _ => " → ",
    };
    let mut text = named.join(between);
    if let Some(hours) = rung.hours {
        // Writing to a text does not fail.
        let _ = write!(text, " ({hours} h)");
    }
    text
}

/// Who stands at each stage, as a picture.
fn tell_standing(context: &Context, ladder: &[Rung], open: i64) -> Result<()> {
    let out = &context.out;
    if open == 0 {
        return out.text("\nno open case");
    }
    let bars: Vec<Bar> = ladder
        .iter()
        .filter_map(|rung| {
            let standing = rung.standing?;
            Some(Bar {
                name: language::word(rung.phase.word()).to_owned(),
                parts: vec![standing.cases],
                tail: format!("{}  {}", standing.cases, standing.owed),
            })
        })
        .collect();
    out.text("\nOpen cases, and what they owe")?;
    out.theirs(chart::picture(&bars, out.width()))?;
    let owed: i64 = ladder
        .iter()
        .filter_map(|rung| rung.standing)
        .map(|standing| standing.owed.cents())
        .sum();
    out.text(format!(
        "{open} open cases owe {}; regua collection list --open names them",
        Money::from_cents(owed)
    ))
}

/// The steps as programs read them.
fn rung_view<'a>() -> View<'a, Rung> {
    View::<Rung>::new()
        .number("day", |rung| rung.day)
        .words("step", |rung| rung.phase.word())
        .words("templates", |rung| {
            let named = rung.templates.iter();
            let named: Vec<Value> = named
                .map(|(name, channel)| {
                    json!({ "template": name, "channel": channel.map(Word::as_str) })
                })
                .collect();
            Value::from(named)
        })
        .words("deliver", |rung| json!(rung.deliver))
        .number("hours", |rung| rung.hours)
        .words("notice", |rung| rung.notice)
        .number("open_cases", |rung| rung.standing.map(|s| s.cases))
        .number("clients", |rung| rung.standing.map(|s| s.clients))
        .number("open_amount", |rung| {
            rung.standing.map(|s| Cell::Cents(s.owed.cents()))
        })
}

fn texts_document(texts: &Texts) -> Value {
    json!({ "templates": texts.templates, "deliver": texts.deliver, "hours": texts.hours })
}

fn stages(rule: &Rule) -> Value {
    rule.stages
        .iter()
        .map(|own| {
            json!({
                "name": own.stage,
                "day": own.day.days(),
                "templates": own.texts.templates,
                "deliver": own.texts.deliver,
                "hours": own.texts.hours,
                "notice": own.notice,
            })
        })
        .collect()
}

fn closing(rule: &Rule) -> Value {
    let mut closing = serde_json::Map::new();
    for which in Closing::ALL {
        closing.insert(which.to_string(), json!(rule.closings.templates(*which)));
    }
    closing.insert("deliver".to_owned(), json!(rule.closings.deliver));
    closing.insert("hours".to_owned(), json!(rule.closings.hours));
    Value::Object(closing)
}

fn reminders(rule: &Rule) -> Option<Value> {
    rule.reminders.as_ref().map(|reminders| {
        let mut document = texts_document(&reminders.texts);
        document["days"] = json!(reminders.days);
        document
    })
}

/// A rule with all its parts.
fn rule_view(open: i64, ladder: &[Rung]) -> View<'_, Kept> {
    View::<Kept>::new()
        .words("name", |kept| Cell::of(&kept.rule.name))
        .words("portfolios", |kept| json!(kept.rule.portfolios))
        .words("reminders", |kept| reminders(&kept.rule))
        .words("one_message_per_client", |kept| {
            kept.rule.one_message_per_client
        })
        .words("roll_due_date", |kept| kept.rule.roll_due_date)
        .number("enter_until_days", |kept| kept.rule.enter_until_days)
        .words("skip_payment_methods", |kept| {
            json!(kept.rule.skip_payment_methods)
        })
        .number("debit_grace_days", |kept| kept.rule.debit_grace_days)
        .words("stages", |kept| stages(&kept.rule))
        .words("closing", |kept| closing(&kept.rule))
        .number("open_cases", move |_| open)
        .words("evaluated_on", |kept| kept.evaluated_on)
        .words("ladder", move |_| rung_view().array(ladder))
}
