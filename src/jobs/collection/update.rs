//! One update in one transaction: what is refused at once, then rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, TimeDelta};

use super::walk::{Ruling, Walk};
use super::{ToldMove, Update, UpdateRequest, rules_asked};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::rule::Claims;
use crate::domain::template::Template;
use crate::domain::text::typed;
use crate::error::{Error, Flaw, Result};
use crate::jobs::compose::Composer;
use crate::jobs::provided;
use crate::store::{Connection, collection, hold, message, meta, notice, purge, rule, template};

/// The latest day that any rule was evaluated for, with that rule's name.
fn latest(rules: &[rule::Kept]) -> Option<(NaiveDate, &str)> {
    rules
        .iter()
        .filter_map(|kept| Some((kept.evaluated_on?, kept.rule.name.as_str())))
        .max()
}

/// Refuses an update for a day before the last one, with the way back should that have been a mistake.
fn refuse_earlier(rules: &[rule::Kept], now: Now) -> Result<()> {
    let Some((day, name)) = latest(rules).filter(|(day, _)| *day > now.today) else {
        return Ok(());
    };
    let mut error = Error::unacceptable(format!(
        "collections were last updated for {day} (rule `{name}`), and today is {}",
        now.today
    ))
    .hint("an update never goes back; check the clock, or --now");
    let yesterday = now.today.pred_opt().unwrap_or(now.today);
    let ahead = rules
        .iter()
        .filter(|kept| kept.evaluated_on.is_some_and(|day| day > now.today));
    for kept in ahead {
        error = error.hint(format!(
            "regua rule edit {} --evaluated-on {yesterday}, if that day was a mistake",
            typed(&kept.rule.name)
        ));
    }
    Err(error)
}

/// The last day updated for, when it is so long ago that a person should say whether today is today.
///
/// # Errors
/// Only when the database cannot be read.
pub fn long_ago(connection: &Connection, now: Now) -> Result<Option<NaiveDate>> {
    let all = rule::all(connection)?;
    let longest = Days::new(LONGEST_PAUSE_DAYS);
    Ok(latest(&all).map(|(day, _)| day).filter(|day| {
        day.checked_add_days(longest)
            .is_some_and(|end| now.today > end)
    }))
}

/// Refuses an update for a day long after the last one that nobody has said yes to.
fn refuse_long_after(rules: &[rule::Kept], now: Now) -> Result<()> {
    let longest = Days::new(LONGEST_PAUSE_DAYS);
    match latest(rules) {
        Some((day, _)) if day.checked_add_days(longest).is_some_and(|end| now.today > end) => {
            Err(Error::usage(format!(
                "collections were last updated for {day}, {} days before today ({}); nothing was done",
                (now.today - day).num_days(),
                now.today
            ))
            .hint("check the clock, or --now; --yes updates all the same"))
        }
        _ => Ok(()),
    }
}

/// Days after the last update from which on one more may come from a wrong clock: a person, or a task
/// that a person saved, must say that today is today.
const LONGEST_PAUSE_DAYS: u64 = 7;

/// Refuses to collect on payment data that is too old.
fn refuse_stale(connection: &Connection, config: &Config, now: Now) -> Result<()> {
    let hours = config.max_data_age_hours;
    if hours == 0 {
        return Ok(());
    }
    let what = match meta::refreshed(connection, "invoices")? {
        Some(at) if now.at - at <= TimeDelta::hours(hours) => return Ok(()),
        Some(at) => format!(
            "the invoices were last imported or synced at {}, more than {hours} hours ago",
            now.iso(at)
        ),
        None if !collection::any_invoice(connection)? => return Ok(()),
        None => "nobody knows when the invoices were last imported or synced".to_owned(),
    };
    Err(Error::unacceptable(format!(
        "{what}: yesterday's payments may be missing"
    ))
    .hint("regua import invoices FILE, or regua sync, and then again")
    .hint("--stale-ok updates all the same; max_data_age_hours in the configuration sets the limit"))
}

/// Everything the templates of these rules need, each template once.
fn load_templates(
    connection: &Connection,
    config: &Config,
    rules: &[rule::Kept],
) -> Result<BTreeMap<String, Template>> {
    let known: Vec<Template> = template::list(connection)?;
    let names: Vec<String> = known.iter().map(|t| t.name.clone()).collect();
    let templates: BTreeMap<String, Template> = known
        .into_iter()
        .map(|template| (template.name.clone(), template))
        .collect();
    let flaws: Vec<Flaw> = rules
        .iter()
        .flat_map(|kept| {
            let draft = kept.rule.draft();
            let mut flaws = draft.template_flaws(&names, |name| templates.get(name));
            flaws.extend(draft.notice_flaws(config.policy.notice));
            flaws
        })
        .map(|(_, flaw)| flaw)
        .collect();
    if flaws.is_empty() {
        let distinct: BTreeSet<&str> = rules
            .iter()
            .flat_map(|kept| kept.rule.templates())
            .collect();
        let found = distinct.into_iter().filter_map(|name| templates.get(name));
        provided::refuse(config, found)?;
        return Ok(templates);
    }
    Err(Error::flaws(
        "a rule names templates that it cannot send; nothing was done",
        flaws,
    )
    .hint("add the template again, or edit the rule"))
}

/// Decides and writes down everything for today.
pub(super) fn plan(
    connection: &Connection,
    config: &Config,
    now: Now,
    request: UpdateRequest<'_>,
    each: &mut dyn FnMut(&ToldMove) -> Result<()>,
    progress: &mut dyn FnMut(u64),
) -> Result<Update> {
    let all = rule::all(connection)?;
    let asked = rules_asked(connection, request.rule)?;
    refuse_earlier(&all, now)?;
    if !(request.yes || request.dry_run) {
        refuse_long_after(&all, now)?;
    }
    if !request.stale_ok {
        refuse_stale(connection, config, now)?;
    }
    let templates = load_templates(connection, config, &asked)?;
    let claims = Claims::of(all.iter().map(|kept| &kept.rule));
    let any_hold = hold::any(connection)?;
    collection::begin_run(connection)?;
    let composer = Composer::of_many(connection, config, now)?;
    let mut walk = Walk {
        connection,
        composer,
        rules: asked
            .iter()
            .map(|kept| Ruling::of(kept, config, now))
            .collect(),
        templates: &templates,
        needs: templates
            .iter()
            .map(|(name, template)| (name.as_str(), template.needs()))
            .collect(),
        recipients: 0,
        whatsapp: 0,
        rules_share_clients: all
            .iter()
            .filter(|kept| kept.rule.one_message_per_client)
            .nth(1)
            .is_some(),
        listing: request.dry_run,
        handled: 0,
        any_spent: purge::any_spent(connection)?,
        any_to_come: notice::any_to_come(connection)?,
        writer: message::Writer::new(connection)?,
        cases: collection::CaseWriter::new(connection)?,
        progress,
    };
    for rule in 0..asked.len() {
        walk.decide(rule, &claims, any_hold, each)?;
    }
    walk.write_down(each)?;
    for kept in &asked {
        rule::set_evaluated(connection, &kept.rule.name, now.today)?;
    }
    answer(connection, walk, &asked, now)
}

/// What a run came to, with what a person should know besides.
fn answer(
    connection: &Connection,
    walk: Walk<'_>,
    asked: &[rule::Kept],
    now: Now,
) -> Result<Update> {
    Ok(Update {
        as_of: now.today,
        recipients: walk.recipients,
        whatsapp: walk.whatsapp,
        done_already: asked
            .iter()
            .filter(|kept| kept.evaluated_on == Some(now.today))
            .map(|kept| kept.rule.name.clone())
            .collect(),
        not_taken: if asked.is_empty() {
            0
        } else {
            collection::not_taken(connection)?
        },
        rules: walk
            .rules
            .into_iter()
            .map(|ruling| ruling.summary)
            .collect(),
    })
}
