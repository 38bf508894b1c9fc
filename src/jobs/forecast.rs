//! The forecast: what the coming days would send if nobody paid.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::collection::{Claims, first_day, texts};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::client::{Client, Device};
use crate::domain::collection::{Contender, Decision, Exclusions, Move, Past, Run, chosen, coming};
use crate::domain::recipient::{Contact, Errand, OptOut, Reach, reach};
use crate::domain::rule::{Deliver, Rule, Stage};
use crate::domain::template::Template;
use crate::domain::words::{Channel, Purpose};
use crate::error::Result;
use crate::store::{Connection, book, collection, hold, opt_out, rule, template};

/// The phases that a forecast counts, in the ladder's order: reminders, then the stages.
pub const PHASES: [&str; 6] = [
    "reminder",
    "notice",
    "inquiry",
    "arrangement",
    "visit",
    "bureau",
];

/// One coming day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub on: NaiveDate,
    /// Invoices that would move, by phase.
    pub invoices: [u64; PHASES.len()],
    /// Recipients who would be written to, by phase: a push counts once, however many devices.
    pub messages: [u64; PHASES.len()],
}

/// Foresees the coming days: tomorrow and on, today first where a rule has not been evaluated today.
/// Contacts, opt-outs, holds and one message per client are counted in; caps and values that a
/// template may miss are not.
pub fn forecast(connection: &Connection, config: &Config, now: Now, days: u64) -> Result<Vec<Day>> {
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
        templates: &templates,
        days: begin
            .iter_days()
            .take(usize::try_from(days).unwrap_or(usize::MAX))
            .map(|on| Day {
                on,
                invoices: [0; PHASES.len()],
                messages: [0; PHASES.len()],
            })
            .collect(),
        begin,
    };
    let claims = Claims::of(rules.iter().map(|kept| &kept.rule));
    let any_hold = hold::any(connection)?;
    let mut client: Option<i64> = None;
    let mut steps: Vec<Coming> = Vec::new();
    collection::each_owing_by_client(connection, until, |owing| {
        if client.replace(owing.client_id) != Some(owing.client_id) {
            foresight.count(std::mem::take(&mut steps))?;
        }
        let owner = match &owing.open {
            Some((_, rule)) => Some(rule.as_str()),
            None => claims.rule(owing.portfolio.as_deref()),
        };
        let Some(place) = rules
            .iter()
            .position(|kept| Some(kept.rule.name.as_str()) == owner)
        else {
            return Ok(());
        };
        let kept = &rules[place];
        let run = Run {
            rule: &kept.rule,
            calendar: &config.policy.calendar,
            today: first_day(kept, now),
            last: kept.evaluated_on,
        };
        let ahead = (end - run.today).num_days().max(0).unsigned_abs();
        let happens = |decision: &Decision| matches!(decision, Decision::Happens(_));
        let plain = Past {
            case: owing.open.as_ref().map(|(case, _)| *case),
            moved_on: owing.open.as_ref().map(|(case, _)| case.moved_on),
            ..Past::default()
        };
        // Most invoices stand still: only what may move is looked at closely.
        if !coming(run, &owing.bill, plain, &Exclusions::NONE, ahead)
            .any(|(_, decision)| happens(&decision))
        {
            return Ok(());
        }
        let Some(detail) = collection::detail(connection, owing.invoice_id, any_hold)? else {
            return Ok(());
        };
        let due = detail.bill.due(&kept.rule, &config.policy.calendar);
        for (on, decision) in coming(run, &detail.bill, detail.past, &detail.exclusions, ahead) {
            if let Decision::Happens(step) = decision {
                steps.push(Coming {
                    client_id: detail.client_id,
                    rule: place,
                    on,
                    step,
                    due,
                    invoice_id: detail.invoice_id,
                });
            }
        }
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
}

impl Coming {
    /// Its place among [`PHASES`]; none for a closing.
    fn phase(&self) -> Option<usize> {
        let name = match self.step {
            Move::Reminder(_) => "reminder",
            Move::Enter => "notice",
            Move::Advance(stage) => stage_name(stage),
            Move::Close { .. } | Move::BureauRemoved => return None,
        };
        PHASES.iter().position(|phase| *phase == name)
    }
}

const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Notice => "notice",
        Stage::Inquiry => "inquiry",
        Stage::Arrangement => "arrangement",
        Stage::Visit => "visit",
        Stage::Bureau => "bureau",
    }
}

struct Foresight<'a> {
    connection: &'a Connection,
    config: &'a Config,
    now: Now,
    rules: &'a [rule::Kept],
    templates: &'a BTreeMap<String, Template>,
    days: Vec<Day>,
    begin: NaiveDate,
}

/// How one client can be reached, looked up once.
struct Reached {
    client: Client,
    devices: Vec<Device>,
    had_device: bool,
    opt_outs: Vec<OptOut>,
}

impl Foresight<'_> {
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
        let group = |step: &Coming| (step.rule, step.on, matches!(step.step, Move::Reminder(_)));
        steps.sort_by_key(|step| (group(step), step.invoice_id));
        for same in steps.chunk_by(|a, b| group(a) == group(b)) {
            self.count_group(same, &reached);
        }
        Ok(())
    }

    fn count_group(&mut self, steps: &[Coming], reached: &Reached) {
        let Some(first) = steps.first() else {
            return;
        };
        let place = (first.on - self.begin).num_days();
        let Some(place) = usize::try_from(place).ok().filter(|n| *n < self.days.len()) else {
            return;
        };
        let rule = &self.rules[first.rule].rule;
        let mut by_channel: BTreeMap<Channel, Vec<&Coming>> = BTreeMap::new();
        for step in steps {
            if let Some(phase) = step.phase() {
                self.days[place].invoices[phase] += 1;
            }
            for channel in self.channels(rule, step, reached) {
                by_channel.entry(channel).or_default().push(step);
            }
        }
        for steps in by_channel.into_values() {
            let contenders: Vec<Contender> = steps
                .iter()
                .map(|step| Contender {
                    stage: match step.step {
                        Move::Enter => Some(Stage::Notice),
                        Move::Advance(stage) => Some(stage),
                        _ => None,
                    },
                    due: step.due,
                    invoice_id: step.invoice_id,
                    can_go: true,
                })
                .collect();
            let winner = chosen(&contenders);
            for (at, step) in steps.iter().enumerate() {
                let goes = !rule.one_message_per_client || winner == Some(at);
                if let Some(phase) = step.phase().filter(|_| goes) {
                    self.days[place].messages[phase] += 1;
                }
            }
        }
    }

    /// The channels on which a step would reach its client.
    fn channels(&self, rule: &Rule, step: &Coming, reached: &Reached) -> Vec<Channel> {
        let texts = texts(rule, step.step);
        let mut channels = Vec::new();
        for template in texts
            .templates
            .iter()
            .filter_map(|name| self.templates.get(name))
        {
            if self.reaches(template.channel, template.purpose, reached) {
                channels.push(template.channel);
                if texts.deliver == Deliver::FirstReachable {
                    break;
                }
            }
        }
        channels
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
            whatsapp_numbers: &self.config.policy.whatsapp_numbers,
            hold_until: None,
            today: self.now.today,
        };
        matches!(reach(&contact, &errand), Reach::To(_))
    }
}
