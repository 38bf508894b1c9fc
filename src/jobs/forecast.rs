//! The forecast: what the coming days would send if nobody paid.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::collection::{at_place, first_day, next_evaluation};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::client::{Client, Device};
use crate::domain::collection::{
    Contender, Decision, Evaluation, Exclusions, Fold, Past, chosen, coming,
};
use crate::domain::ladder::{Move, Phase};
use crate::domain::recipient::{Contact, Errand, OptOut, Reach, reach};
use crate::domain::rule::{Claims, Deliver, Rule};
use crate::domain::template::Template;
use crate::domain::words::{Channel, Purpose};
use crate::error::Result;
use crate::store::collection::Owing;
use crate::store::{Connection, book, collection, hold, opt_out, rule, template};

/// Counts by phase: the reminders, then the stages; see [`Phase::unpaid`].
pub type PhaseCounts = BTreeMap<Phase, u64>;

/// One coming day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastDay {
    /// The day.
    pub on: NaiveDate,
    /// Invoices that would move.
    pub invoices: PhaseCounts,
    /// Recipients who would be written to: a push counts once, however many devices.
    pub messages: PhaseCounts,
}

/// Foresees the coming days: tomorrow and on, today first where a rule has not been evaluated today.
/// Contacts, opt-outs, holds and one message per client are counted in; caps and values that a
/// template may miss are not.
pub fn forecast(
    connection: &Connection,
    config: &Config,
    now: Now,
    days: u64,
) -> Result<Vec<ForecastDay>> {
    let rules = rule::all(connection)?;
    let begin = rules
        .iter()
        .map(|kept| first_day(kept, now))
        .min()
        .unwrap_or(now.today);
    let end = begin.checked_add_days(Days::new(days)).unwrap_or(begin);
    let furthest = rules
        .iter()
        .filter_map(|kept| kept.rule.reminders.as_ref()?.days.iter().max())
        .max()
        .copied()
        .unwrap_or_default();
    let until = end
        .checked_add_days(Days::new(furthest.unsigned_abs()))
        .unwrap_or(end);
    let templates = template::list(connection)?
        .into_iter()
        .map(|template| (template.name.clone(), template))
        .collect();
    let mut foresight = Foresight {
        connection,
        config,
        now,
        rules: &rules,
        claims: Claims::of(rules.iter().map(|kept| &kept.rule)),
        templates: &templates,
        any_hold: hold::any(connection)?,
        days: begin
            .iter_days()
            .take(usize::try_from(days).unwrap_or(usize::MAX))
            .map(|on| ForecastDay {
                on,
                invoices: PhaseCounts::new(),
                messages: PhaseCounts::new(),
            })
            .collect(),
        begin,
        end,
    };
    let mut client: Option<i64> = None;
    let mut steps: Vec<Coming> = Vec::new();
    collection::each_owing_by_client(connection, until, |owing| {
        if client.replace(owing.client_id) != Some(owing.client_id) {
            foresight.count(std::mem::take(&mut steps))?;
        }
        steps.extend(foresight.steps(&owing)?);
        Ok(())
    })?;
    foresight.count(steps)?;
    Ok(foresight.days)
}

/// One step that an invoice would take.
#[derive(Debug, Clone, Copy)]
struct Coming {
    client_id: i64,
    rule: usize,
    on: NaiveDate,
    step: Move,
    due: NaiveDate,
    invoice_id: i64,
    contract_id: Option<i64>,
}

struct Foresight<'a> {
    connection: &'a Connection,
    config: &'a Config,
    now: Now,
    rules: &'a [rule::Kept],
    claims: Claims,
    templates: &'a BTreeMap<String, Template>,
    any_hold: bool,
    days: Vec<ForecastDay>,
    begin: NaiveDate,
    end: NaiveDate,
}

/// How one client can be reached, looked up once.
struct Reached {
    client: Client,
    devices: Vec<Device>,
    had_device: bool,
    opt_outs: Vec<OptOut>,
}

/// Whether an invoice's case is in a stage that gives a notice: what is known of it decides.
fn in_a_notice(owing: &Owing, rule: &Rule) -> bool {
    let open = owing.open.as_ref();
    open.is_some_and(|(case, _)| rule.notice_of(case.stage).is_some())
}

/// Whether an invoice may move in the days ahead: most stand still, and only the others are looked at closely.
fn may_move(owing: &Owing, rule: &Rule, evaluation: Evaluation<'_>, ahead: u64) -> bool {
    let plain = Past {
        case: owing.open.as_ref().map(|(case, _)| *case),
        moved_on: owing.open.as_ref().map(|(case, _)| case.moved_on),
        ..Past::default()
    };
    in_a_notice(owing, rule)
        || coming(evaluation, &owing.bill, plain, &Exclusions::NONE, ahead)
            .any(|(_, decision)| matches!(decision, Decision::Happens(_)))
}

impl Foresight<'_> {
    /// The steps that one owing invoice would take.
    fn steps(&self, owing: &Owing) -> Result<Vec<Coming>> {
        let claimed = &self.claims;
        let owner = claimed.owner(owing.open_rule(), owing.portfolio.as_deref());
        let mut rules = self.rules.iter();
        let Some(place) = rules.position(|kept| Some(kept.rule.name.as_str()) == owner) else {
            return Ok(Vec::new());
        };
        let kept = &self.rules[place];
        let evaluation = next_evaluation(kept, self.config, self.now);
        let days = (self.end - evaluation.today).num_days();
        let ahead = days.max(0).unsigned_abs();
        if !may_move(owing, &kept.rule, evaluation, ahead) {
            return Ok(Vec::new());
        }
        let Some(detail) = collection::detail(
            self.connection,
            owing.invoice_id,
            self.any_hold,
            self.now.zone,
        )?
        else {
            return Ok(Vec::new());
        };
        let evaluation = at_place(evaluation, self.config, &detail);
        let due = detail.bill.due(&kept.rule, evaluation.calendar);
        let decisions = coming(
            evaluation,
            &detail.bill,
            detail.past,
            &detail.exclusions,
            ahead,
        );
        Ok(decisions
            .filter_map(|(on, decision)| match decision {
                Decision::Happens(step) => Some(Coming {
                    client_id: detail.client_id,
                    rule: place,
                    on,
                    step,
                    due,
                    invoice_id: detail.invoice_id,
                    contract_id: detail.contract_id,
                }),
                _ => None,
            })
            .collect())
    }

    /// Counts what one client's invoices would do and send.
    fn count(&mut self, mut steps: Vec<Coming>) -> Result<()> {
        let Some(first) = steps.first() else {
            return Ok(());
        };
        let Some(client) = book::client(self.connection, first.client_id)? else {
            return Ok(());
        };
        let (devices, had_device) = book::devices(self.connection, client.id)?;
        let reached = Reached {
            opt_outs: opt_out::of_client(self.connection, client.id)?,
            client,
            devices,
            had_device,
        };
        steps.sort_by_key(|step| (step.on, step.rule, step.invoice_id));
        for same_day in steps.chunk_by(|a, b| a.on == b.on) {
            self.count_day(same_day, &reached);
        }
        Ok(())
    }

    /// Counts what one client's invoices would do and send on one day.
    fn count_day(&mut self, steps: &[Coming], reached: &Reached) {
        let Some(first) = steps.first() else {
            return;
        };
        let place = (first.on - self.begin).num_days();
        let Some(place) = usize::try_from(place).ok().filter(|n| *n < self.days.len()) else {
            return;
        };
        let mut folds: BTreeMap<Fold, Vec<&Coming>> = BTreeMap::new();
        let mut noticed = BTreeSet::new();
        for step in steps {
            let Some(phase) = step.step.phase() else {
                continue;
            };
            *self.days[place].invoices.entry(phase).or_default() += 1;
            let rule = &self.rules[step.rule].rule;
            let mut alone = 0;
            let notice = step.step.stage().and_then(|stage| rule.notice_of(stage));
            if notice.is_some() {
                // One message a contract, whatever its templates.
                let contract = (step.rule, phase, step.contract_id);
                let first = step.contract_id.is_none() || noticed.insert(contract);
                if first && !self.reaching(rule, step, reached).is_empty() {
                    *self.days[place].messages.entry(phase).or_default() += 1;
                }
                continue;
            }
            for template in self.reaching(rule, step, reached) {
                let (channel, all) = (template.channel, template.speaks_for_all());
                let fold = Fold::of(step.step, channel, step.rule, step.invoice_id, all)
                    .filter(|_| rule.one_message_per_client);
                match fold {
                    Some(fold) => folds.entry(fold).or_default().push(step),
                    None => alone += 1,
                }
            }
            if alone > 0 {
                *self.days[place].messages.entry(phase).or_default() += alone;
            }
        }
        for steps in folds.into_values() {
            let contenders: Vec<Contender> = steps
                .iter()
                .map(|step| Contender {
                    stage: step.step.stage(),
                    due: step.due,
                    invoice_id: step.invoice_id,
                    can_go: true,
                })
                .collect();
            let phase = chosen(&contenders).and_then(|winner| steps[winner].step.phase());
            if let Some(phase) = phase {
                *self.days[place].messages.entry(phase).or_default() += 1;
            }
        }
    }

    /// The templates by which a step would reach its client.
    fn reaching(&self, rule: &Rule, step: &Coming, reached: &Reached) -> Vec<&Template> {
        let (names, deliver) = rule.says(step.step);
        let mut reaching = Vec::new();
        for template in names.iter().filter_map(|name| self.templates.get(name)) {
            if self.reaches(template.channel, template.purpose, reached) {
                reaching.push(template);
                if deliver != Deliver::Each {
                    break;
                }
            }
        }
        reaching
    }

    fn reaches(&self, channel: Channel, purpose: Purpose, reached: &Reached) -> bool {
        let contact = Contact {
            client: &reached.client,
            devices: &reached.devices,
            had_device: reached.had_device,
            opt_outs: &reached.opt_outs,
        };
        let errand = Errand {
            channel,
            purpose,
            numbers: &self.config.policy.numbers,
            push_by_client: self.config.policy.push_by_client,
            hold_until: None,
            today: self.now.today,
        };
        matches!(reach(&contact, &errand), Reach::To(_))
    }
}
