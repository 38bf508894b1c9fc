//! Rules: saved with all their parts, read back whole.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::{Columns as _, Json};
use crate::domain::ladder::{Phase, Stage};
use crate::domain::rule::{Closings, DaysLate, Reminders, Rule, RuleStage, Texts};
use crate::domain::words::Word as _;
use crate::error::{Error, Result};
use crate::store::meta;

/// A rule as it is kept, with the last day it was evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The rule.
    pub rule: Rule,
    /// The last day it was evaluated; none: never.
    pub evaluated_on: Option<NaiveDate>,
    /// The first day it was evaluated; none: never.
    pub first_evaluated_on: Option<NaiveDate>,
}

/// Every rule, by name.
pub fn all(connection: &Connection) -> Result<Vec<Kept>> {
    let mut statement = connection.prepare_cached("SELECT name FROM rule ORDER BY name")?;
    let names = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let mut rules = Vec::with_capacity(names.len());
    for name in names {
        rules.extend(get(connection, &name)?);
    }
    Ok(rules)
}

/// One rule.
pub fn get(connection: &Connection, name: &str) -> Result<Option<Kept>> {
    let portfolios = connection
        .prepare_cached("SELECT portfolio FROM rule_portfolio WHERE rule = ?1 ORDER BY position")?
        .query_map([name], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let days = connection
        .prepare_cached("SELECT days FROM rule_reminder WHERE rule = ?1 ORDER BY position")?
        .query_map([name], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut templates = templates(connection, name)?;
    let mut take = |phase: Phase| templates.remove(&phase).unwrap_or_default();
    let stages = stages(connection, name, &mut take)?;
    let reminder_templates = take(Phase::Reminder);
    let closings: BTreeMap<_, _> = templates
        .into_iter()
        .filter_map(|(phase, names)| match phase {
            Phase::Closing(closing) => Some((closing, names)),
            _ => None,
        })
        .collect();
    Ok(connection
        .prepare_cached("SELECT * FROM rule WHERE name = ?1")?
        .query_row([name], |row| {
            let reminder_hours = row.get("reminder_hours")?;
            Ok(Kept {
                rule: Rule {
                    name: name.to_owned(),
                    portfolios,
                    reminders: row.word_opt("reminder_deliver")?.map(|deliver| Reminders {
                        days,
                        texts: Texts {
                            templates: reminder_templates,
                            deliver,
                            hours: reminder_hours,
                        },
                    }),
                    one_message_per_client: row.get("one_message_per_client")?,
                    roll_due_date: row.get("roll_due_date")?,
                    enter_until_days: row.get("enter_until_days")?,
                    skip_payment_methods: row.get::<_, Json<_>>("skip_payment_methods")?.0,
                    debit_grace_days: row.get("debit_grace_days")?,
                    stages,
                    closings: Closings {
                        templates: closings,
                        deliver: row.word("closing_deliver")?,
                        hours: row.get("closing_hours")?,
                    },
                },
                evaluated_on: row.day_opt("evaluated_on")?,
                first_evaluated_on: row.day_opt("first_evaluated_on")?,
            })
        })
        .optional()?)
}

/// The rule that takes an invoice: its open case's, else the one of its portfolio, else the one that
/// takes every portfolio that no other names.
pub fn of_invoice(connection: &Connection, invoice: i64) -> Result<Option<Kept>> {
    let name: Option<String> = connection
        .prepare_cached(
            "SELECT coalesce(
               (SELECT rule FROM collection_case WHERE invoice_id = i.id AND outcome IS NULL),
               (SELECT rule FROM rule_portfolio WHERE portfolio = i.portfolio),
               (SELECT name FROM rule r
                WHERE NOT EXISTS (SELECT 1 FROM rule_portfolio WHERE rule = r.name)))
             FROM invoice i WHERE i.id = ?1",
        )?
        .query_row([invoice], |row| row.get(0))
        .optional()?
        .flatten();
    name.map_or(Ok(None), |name| get(connection, &name))
}

fn stages(
    connection: &Connection,
    rule: &str,
    take: &mut impl FnMut(Phase) -> Vec<String>,
) -> Result<Vec<RuleStage>> {
    let mut statement = connection.prepare_cached(
        "SELECT stage, day, deliver, hours, notice FROM rule_stage WHERE rule = ?1 ORDER BY position",
    )?;
    let mut rows = statement.query([rule])?;
    let mut stages = Vec::new();
    while let Some(row) = rows.next()? {
        let stage = row.get(0)?;
        stages.push(RuleStage {
            stage,
            day: DaysLate::after_due(row.get(1)?)
                .map_err(|(found, _)| Error::world(format!("the database is damaged: {found}")))?,
            texts: Texts {
                templates: take(Phase::Stage(stage)),
                deliver: row.get(2)?,
                hours: row.get(3)?,
            },
            notice: row.get(4)?,
        });
    }
    Ok(stages)
}

fn templates(connection: &Connection, rule: &str) -> Result<BTreeMap<Phase, Vec<String>>> {
    let mut statement = connection.prepare_cached(
        "SELECT phase, template FROM rule_template WHERE rule = ?1 ORDER BY phase, position",
    )?;
    let mut rows = statement.query([rule])?;
    let mut templates: BTreeMap<Phase, Vec<String>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        templates
            .entry(row.get(0)?)
            .or_default()
            .push(row.get("template")?);
    }
    Ok(templates)
}

/// Saves rules, each new or in place of the one of its name, whose last day of evaluation stays.
/// All their portfolios are given up first, so that one may pass from one of them to another.
pub fn save(connection: &Connection, rules: &[Rule]) -> Result<()> {
    meta::book_changed(connection)?;
    for rule in rules {
        for part in [
            "rule_portfolio",
            "rule_reminder",
            "rule_stage",
            "rule_template",
        ] {
            connection
                .prepare_cached(&format!("DELETE FROM {part} WHERE rule = ?1"))?
                .execute([&rule.name])?;
        }
    }
    for rule in rules {
        write(connection, rule)?;
    }
    Ok(())
}

fn write(connection: &Connection, rule: &Rule) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO rule (name, one_message_per_client, roll_due_date, enter_until_days,
                               reminder_deliver, closing_deliver, skip_payment_methods,
                               debit_grace_days, reminder_hours, closing_hours)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (name) DO UPDATE SET
               one_message_per_client = excluded.one_message_per_client,
               roll_due_date = excluded.roll_due_date,
               enter_until_days = excluded.enter_until_days,
               reminder_deliver = excluded.reminder_deliver,
               closing_deliver = excluded.closing_deliver,
               skip_payment_methods = excluded.skip_payment_methods,
               debit_grace_days = excluded.debit_grace_days,
               reminder_hours = excluded.reminder_hours, closing_hours = excluded.closing_hours",
        )?
        .execute((
            &rule.name,
            rule.one_message_per_client,
            rule.roll_due_date,
            rule.enter_until_days,
            rule.reminders.as_ref().map(|r| r.texts.deliver.as_str()),
            rule.closings.deliver.as_str(),
            Json(&rule.skip_payment_methods),
            rule.debit_grace_days,
            rule.reminders.as_ref().and_then(|r| r.texts.hours),
            rule.closings.hours,
        ))?;
    write_parts(connection, rule)
}

/// Writes the lists of a rule: portfolios, reminders, stages, templates.
fn write_parts(connection: &Connection, rule: &Rule) -> Result<()> {
    let mut portfolio = connection.prepare_cached(
        "INSERT INTO rule_portfolio (rule, position, portfolio) VALUES (?1, ?2, ?3)",
    )?;
    for (position, name) in (0i64..).zip(&rule.portfolios) {
        portfolio.execute((&rule.name, position, name))?;
    }
    let mut reminder = connection
        .prepare_cached("INSERT INTO rule_reminder (rule, position, days) VALUES (?1, ?2, ?3)")?;
    for (position, days) in (0i64..).zip(rule.reminders.iter().flat_map(|r| &r.days)) {
        reminder.execute((&rule.name, position, days))?;
    }
    let mut stage = connection.prepare_cached(
        "INSERT INTO rule_stage (rule, position, stage, day, deliver, hours, notice)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (position, own) in (0i64..).zip(&rule.stages) {
        stage.execute((
            &rule.name,
            position,
            own.stage.as_str(),
            own.day.days(),
            own.texts.deliver.as_str(),
            own.texts.hours,
            own.notice,
        ))?;
    }
    let mut template = connection.prepare_cached(
        "INSERT INTO rule_template (rule, phase, position, template) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (phase, templates) in rule.phases() {
        for (position, name) in (0i64..).zip(templates) {
            template.execute((&rule.name, phase, position, name))?;
        }
    }
    Ok(())
}

/// Removes a rule and its parts; whether there was one. Its cases are the caller's to close.
pub fn remove(connection: &Connection, name: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("DELETE FROM rule WHERE name = ?1")?
        .execute([name])?
        > 0)
}

/// Notes that a rule was evaluated for a day.
pub fn set_evaluated(connection: &Connection, name: &str, today: NaiveDate) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE rule SET evaluated_on = ?2, first_evaluated_on = coalesce(first_evaluated_on, ?2)
             WHERE name = ?1",
        )?
        .execute((name, today.to_string()))?;
    Ok(())
}

/// Puts right the last day a rule was evaluated for: whatever it moved on later days counts as moved on
/// that one, so that its cases go on from the next.
pub fn put_right(connection: &Connection, name: &str, day: NaiveDate) -> Result<()> {
    let day = day.to_string();
    for sql in [
        "UPDATE rule SET evaluated_on = ?2, first_evaluated_on = min(coalesce(first_evaluated_on, ?2), ?2)
         WHERE name = ?1",
        "UPDATE collection_case SET since = ?2 WHERE rule = ?1 AND since > ?2",
        "UPDATE collection_case SET closed_on = ?2 WHERE rule = ?1 AND closed_on > ?2",
        "UPDATE collection_move SET moved_on = ?2
         WHERE moved_on > ?2 AND case_id IN (SELECT id FROM collection_case WHERE rule = ?1)",
        "UPDATE collection_reminder SET fired_on = ?2 WHERE rule = ?1 AND fired_on > ?2",
        "UPDATE collection_bureau SET put_off_on = ?2
         WHERE put_off_on > ?2
           AND invoice_id IN (SELECT invoice_id FROM collection_case WHERE rule = ?1)",
    ] {
        connection.prepare_cached(sql)?.execute((name, &day))?;
    }
    Ok(())
}

/// The rules that name a template, each once, by name.
pub fn using_template(connection: &Connection, template: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT rule FROM rule_template WHERE template = ?1 ORDER BY rule",
    )?;
    let rows = statement.query_map([template], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The rules and their stages in which a template gives the notice of suspension.
pub fn suspension_stages_with(
    connection: &Connection,
    template: &str,
) -> Result<Vec<(String, Stage)>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.rule, s.stage FROM rule_template t
           JOIN rule_stage s ON s.rule = t.rule AND t.phase = 'stage:' || s.stage
         WHERE t.template = ?1 AND s.notice = 'suspension' ORDER BY s.rule",
    )?;
    let rows = statement.query_map([template], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The phases in which rules name a template, each once.
pub fn phases_using_template(connection: &Connection, template: &str) -> Result<Vec<Phase>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT phase FROM rule_template WHERE template = ?1 ORDER BY phase",
    )?;
    let rows = statement.query_map([template], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
