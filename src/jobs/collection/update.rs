//! One update in one transaction: what is refused at once, then rule by rule.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::walk::{Ruling, Walk};
use super::{ToldMove, Update, UpdateRequest, rules_asked};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::rule::Claims;
use crate::domain::template::Template;
use crate::error::{Error, Flaw, Result};
use crate::jobs::compose::Composer;
use crate::store::{Connection, collection, hold, meta, rule, template};

/// Refuses an update for a day before the last one.
fn refuse_earlier(rules: &[rule::Kept], now: Now) -> Result<()> {
    let last = rules
        .iter()
        .filter_map(|kept| Some((kept.evaluated_on?, &kept.rule.name)))
        .max();
    match last {
        Some((day, name)) if day > now.today => Err(Error::unacceptable(format!(
            "collections were last updated for {day} (rule `{name}`), and today is {}",
            now.today
        ))
        .hint("an update never goes back; check the clock, or --now")),
        _ => Ok(()),
    }
}

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
            draft.template_flaws(&names, |name| templates.get(name))
        })
        .map(|(_, flaw)| flaw)
        .collect();
    if flaws.is_empty() {
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
    if !request.stale_ok {
        refuse_stale(connection, config, now)?;
    }
    let templates = load_templates(connection, &asked)?;
    let claims = Claims::of(all.iter().map(|kept| &kept.rule));
    let any_hold = hold::any(connection)?;
    collection::begin_run(connection)?;
    let composer = Composer {
        policy: &config.policy,
        company: &config.company,
        now,
    };
    let mut walk = Walk {
        connection,
        composer,
        rules: asked
            .iter()
            .map(|kept| Ruling::of(kept, config, now))
            .collect(),
        templates: &templates,
        recipients: 0,
        whatsapp: 0,
        rules_share_clients: all
            .iter()
            .filter(|kept| kept.rule.one_message_per_client)
            .nth(1)
            .is_some(),
        listing: request.dry_run,
        handled: 0,
        progress,
    };
    for rule in 0..asked.len() {
        walk.decide(rule, &claims, any_hold, each)?;
    }
    walk.write_down(each)?;
    for kept in &asked {
        rule::set_evaluated(connection, &kept.rule.name, now.today)?;
    }
    Ok(Update {
        as_of: now.today,
        recipients: walk.recipients,
        whatsapp: walk.whatsapp,
        rules: walk
            .rules
            .into_iter()
            .map(|ruling| ruling.summary)
            .collect(),
    })
}
