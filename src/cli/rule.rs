//! `regua rule`: collection ladders by hand.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;

use super::arguments::{says_none, word};
use super::{Context, Outcome, face};
use crate::domain::day;
use crate::domain::ladder::{Closing, Stage};
use crate::domain::notice::NoticeKind;
use crate::domain::rule::{Deliver, DraftReminders, DraftStage, Rule, RuleDraft};
use crate::domain::words::{Word, parse_yes_no};
use crate::error::{Error, Result};
use crate::jobs::{collection, rule as job};
use crate::store::collection as cases;
use crate::store::rule::{self as store, Kept};
use crate::view::{Cell, View};

mod ladder;

/// Collection rules: add, edit, list, show, remove.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Rules are kept more easily as files: `regua rule show NAME --toml` prints one as TOML, `regua apply` reads it.\n\n\
    Example:\n  \
    regua rule add residential --portfolio Boleto --portfolio Pix --reminders 5,3,0:due-soon \\\n    \
    --stage notice:3:overdue-push --stage inquiry:8:overdue-sms,overdue-email:first_reachable --closing paid:thanks"
)]
pub(super) enum Command {
    /// Add a rule
    Add(Change),
    /// Change parts of a rule; a part that is given replaces the rule's
    #[command(after_help = "Examples:\n  \
        regua rule edit residential --stage visit:30\n  \
        regua rule edit residential --without-stage inquiry --reminders none\n  \
        regua rule edit residential --closing paid:   (no message any more)")]
    Edit(Edit),
    /// List the rules
    List,
    /// Show one rule as a ladder: days, steps, templates, and who stands at each
    #[command(
        after_help = "Examples:\n  regua rule show residential\n  regua rule show residential --toml > residential.toml"
    )]
    Show {
        /// Its name
        name: String,
        /// As the TOML that `regua apply` reads
        #[arg(long)]
        toml: bool,
    },
    /// Remove a rule; its open cases close as rule_removed
    Remove {
        /// Its name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A change of a rule.
#[derive(Debug, Args)]
pub(super) struct Edit {
    #[command(flatten)]
    parts: Change,
    /// The last day it was evaluated for, to undo an update for a day that was a mistake
    #[arg(long, value_name = "DATE")]
    evaluated_on: Option<String>,
}

/// The parts of a rule.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(super) struct Change {
    /// Its name
    name: String,
    /// A portfolio it takes; may be given several times [default: every one no other rule names]
    #[arg(long = "portfolio", value_name = "NAME")]
    portfolios: Vec<String>,
    /// Every portfolio that no other rule names
    #[arg(long, conflicts_with = "portfolios")]
    every_portfolio: bool,
    /// Days before the due date and templates, such as 5,3,0:due-soon[:first_reachable]; none for none
    #[arg(long, value_name = "DAYS:TEMPLATES")]
    reminders: Option<String>,
    /// A stage with its day and templates, such as notice:3:overdue-push,overdue-sms[:first_reachable|:until_delivered:24]; may be given several times
    #[arg(long = "stage", value_name = "STAGE:DAY[:TEMPLATES]")]
    stages: Vec<String>,
    /// Takes a stage out
    #[arg(long = "without-stage", value_name = "STAGE", value_parser = word::<Stage>)]
    without_stages: Vec<Stage>,
    #[arg(
        long = "closing",
        value_name = "CLOSING:TEMPLATES",
        help = format!("A closing with its templates, such as paid:thanks: {}", Closing::accepted())
    )]
    closings: Vec<String>,
    /// Whether closings send each template, the first that can reach the client, or one after the other
    /// until one is delivered
    #[arg(long, value_name = "each|first_reachable|until_delivered", value_parser = word::<Deliver>)]
    closing_deliver: Option<Deliver>,
    /// Of until_delivered: hours without a report of arrival after which the next template goes
    #[arg(long, value_name = "HOURS")]
    closing_hours: Option<i64>,
    /// A stage that gives a notice, such as inquiry:suspension (or rescission, bureau, none); may be given
    /// several times
    #[arg(long = "notice", value_name = "STAGE:NOTICE")]
    notices: Vec<String>,
    /// One message per client, channel and phase [default: yes]
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    one_message_per_client: Option<bool>,
    /// A due date on a non-business day counts from the next business day [default: yes]
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    roll_due_date: Option<bool>,
    /// An invoice later than this many days does not enter; none for no limit
    #[arg(long, value_name = "DAYS|none")]
    enter_until_days: Option<String>,
    /// A way to pay by which nothing is to be paid by hand, so that it is left out; may be given several
    /// times; none for none [default: card, debit, pix_automatic]
    #[arg(long = "skip-payment-method", value_name = "WORD|none")]
    skip_payment_methods: Vec<String>,
    /// Days after the due date before which no stage comes for such a way to pay [default: 3]
    #[arg(long, value_name = "DAYS")]
    debit_grace_days: Option<i64>,
}

fn yes_no(text: &str) -> Result<bool, String> {
    parse_yes_no(text).ok_or_else(|| "yes or no".to_owned())
}

/// Runs the command.
pub(super) fn run(command: &Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(change) => {
            let mut draft = RuleDraft {
                name: change.name.clone(),
                ..RuleDraft::default()
            };
            change.make(&mut draft, true)?;
            let mut saved = context.open()?;
            let (rule, warnings) = job::add(&mut saved, &context.config, &draft)?;
            tell(context, "added", &rule, &warnings)?;
        }
        Command::Edit(edit) => self::edit(edit, context)?,
        Command::List => list(context)?,
        Command::Show { name, toml } => ladder::show(name, *toml, context)?,
        Command::Remove { name, yes } => remove(name, *yes, context)?,
    }
    Ok(Outcome::Done)
}

fn edit(edit: &Edit, context: &Context) -> Result<()> {
    let untouched = Change {
        name: edit.parts.name.clone(),
        ..Change::default()
    };
    if edit.evaluated_on.is_none() && edit.parts == untouched {
        return Err(Error::usage("nothing to change")
            .hint("--stage …, --reminders …, --closing …, --portfolio …, --evaluated-on DATE"));
    }
    let evaluated_on = edit.evaluated_on.as_deref().map(read_day).transpose()?;
    let mut saved = context.open()?;
    let kept = collection::get_rule(saved.connection(), &edit.parts.name)?;
    let mut draft = kept.rule.draft();
    edit.parts.make(&mut draft, false)?;
    let now = context.now();
    let (rule, warnings) = job::replace(&mut saved, &context.config, &draft, evaluated_on, now)?;
    let day = evaluated_on.or(kept.evaluated_on);
    let done = face::edited(Some(&(kept.rule, kept.evaluated_on)), &(rule.clone(), day));
    tell(context, done, &rule, &warnings)
}

fn read_day(text: &str) -> Result<NaiveDate> {
    let error = || Error::usage(format!("`{text}` is not a date")).hint(day::ACCEPTED);
    day::parse(text).flatten().ok_or_else(error)
}

fn tell(context: &Context, what: &'static str, rule: &Rule, warnings: &[String]) -> Result<()> {
    let view = View::<Rule>::new()
        .words("done", |_| what)
        .words("name", |rule| Cell::of(&rule.name))
        .words("warnings", |_| json!(warnings));
    face::done(context, view, rule, format!("{what} rule `{}`", rule.name))?;
    for warning in warnings {
        context.out.warn(warning);
    }
    Ok(())
}

/// Templates, how they are delivered, and for how many hours an arrival is waited for.
type Said = (Vec<String>, Option<Deliver>, Option<i64>);

/// `a,b:first_reachable` or `a,b:until_delivered:24` as templates and how they are delivered.
fn texts(text: &str, flag: &str) -> Result<Said> {
    let mut hours = None;
    let (names, deliver) = match text.split_once(':') {
        None => (text, None),
        Some((names, deliver)) => {
            let deliver = match deliver.split_once(':') {
                None => deliver,
                Some((deliver, text)) => {
                    hours = Some(whole(text, flag)?);
                    deliver
                }
            };
            let read = Deliver::parse(deliver).ok_or_else(|| {
                Error::usage(format!("{flag}: `{deliver}` is no way to deliver"))
                    .hint(format!("one of: {}", Deliver::accepted()))
            })?;
            (names, Some(read))
        }
    };
    let names = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    Ok((names, deliver, hours))
}

impl Change {
    /// Writes the parts that were given over the draft's.
    fn make(&self, draft: &mut RuleDraft, new: bool) -> Result<()> {
        if !self.portfolios.is_empty() || self.every_portfolio {
            draft.portfolios.clone_from(&self.portfolios);
        }
        if let Some(reminders) = &self.reminders {
            draft.reminders = read_reminders(reminders)?;
        }
        for stage in &self.without_stages {
            draft
                .stages
                .retain(|s| s.name.as_deref() != Some(stage.as_str()));
        }
        for text in &self.stages {
            put_stage(draft, read_stage(text)?, new);
        }
        for text in &self.closings {
            let (name, rest) = text.split_once(':').unwrap_or((text, ""));
            let closing = Closing::parse(name).ok_or_else(|| {
                Error::usage(format!("--closing {text}: `{name}` is no closing"))
                    .hint(format!("one of: {}", Closing::accepted()))
            })?;
            let (templates, deliver, hours) = texts(rest, "--closing")?;
            draft.closings.insert(closing, templates);
            if deliver.is_some() {
                (draft.closing_deliver, draft.closing_hours) = (deliver, hours);
            }
        }
        if self.closing_deliver.is_some() {
            (draft.closing_deliver, draft.closing_hours) = (self.closing_deliver, None);
        }
        draft.closing_hours = self.closing_hours.or(draft.closing_hours);
        for text in &self.notices {
            put_notice(draft, text)?;
        }
        draft.one_message_per_client = self.one_message_per_client.or(draft.one_message_per_client);
        draft.roll_due_date = self.roll_due_date.or(draft.roll_due_date);
        match self.skip_payment_methods.as_slice() {
            [] => {}
            [none] if says_none(none) => draft.skip_payment_methods = Some(Vec::new()),
            words => draft.skip_payment_methods = Some(words.to_vec()),
        }
        draft.debit_grace_days = self.debit_grace_days.or(draft.debit_grace_days);
        match self.enter_until_days.as_deref() {
            None => {}
            Some(none) if says_none(none) => draft.enter_until_days = None,
            Some(text) => {
                draft.enter_until_days = Some(whole(text, "--enter-until-days")?);
            }
        }
        Ok(())
    }
}

fn whole(text: &str, flag: &str) -> Result<i64> {
    text.trim()
        .parse()
        .map_err(|_| Error::usage(format!("{flag}: `{text}` is not a whole number")))
}

fn read_reminders(text: &str) -> Result<Option<DraftReminders>> {
    if says_none(text) {
        return Ok(None);
    }
    let (days, rest) = text.split_once(':').unwrap_or((text, ""));
    let (templates, deliver, hours) = texts(rest, "--reminders")?;
    Ok(Some(DraftReminders {
        days: days
            .split(',')
            .map(|day| whole(day, "--reminders"))
            .collect::<Result<_>>()?,
        templates,
        deliver,
        hours,
    }))
}

fn read_stage(text: &str) -> Result<DraftStage> {
    let (name, rest) = text.split_once(':').ok_or_else(|| {
        Error::usage(format!("--stage {text}: from which day on?"))
            .hint("--stage notice:3:overdue-push")
    })?;
    let (day, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let (templates, deliver, hours) = texts(rest, "--stage")?;
    Ok(DraftStage {
        name: Some(
            Stage::parse(name)
                .map_or(name, |stage| stage.as_str())
                .to_owned(),
        ),
        day: Some(whole(day, "--stage")?),
        templates,
        deliver,
        hours,
        notice: None,
    })
}

/// `inquiry:suspension`: the stage gives that notice; `inquiry:none`: none any more.
fn put_notice(draft: &mut RuleDraft, text: &str) -> Result<()> {
    let (name, kind) = text.split_once(':').unwrap_or((text, ""));
    let name = Stage::parse(name).map_or(name, |stage| stage.as_str());
    let stage = draft
        .stages
        .iter_mut()
        .find(|stage| stage.name.as_deref() == Some(name))
        .ok_or_else(|| {
            Error::usage(format!("--notice {text}: the rule has no stage `{name}`"))
                .hint("--notice inquiry:suspension, of a stage that --stage gives")
        })?;
    stage.notice = match kind {
        none if says_none(none) => None,
        word => Some(NoticeKind::parse(word).ok_or_else(|| {
            Error::usage(format!("--notice {text}: `{word}` is no notice"))
                .hint(format!("one of: {}, none", NoticeKind::accepted()))
        })?),
    };
    Ok(())
}

/// Puts a stage where it belongs: in a new rule as written, so that a wrong order is told; in an old
/// one in place of its own, or where the ladder has it.
fn put_stage(draft: &mut RuleDraft, stage: DraftStage, new: bool) {
    let rank = |stage: &DraftStage| stage.name.as_deref().and_then(Stage::parse);
    if new || rank(&stage).is_none() {
        draft.stages.push(stage);
        return;
    }
    match draft.stages.iter_mut().find(|s| rank(s) == rank(&stage)) {
        Some(old) => {
            let notice = old.notice;
            *old = DraftStage { notice, ..stage };
        }
        None => {
            let place = draft.stages.iter().position(|s| rank(s) > rank(&stage));
            draft
                .stages
                .insert(place.unwrap_or(draft.stages.len()), stage);
        }
    }
}

fn list(context: &Context) -> Result<()> {
    let saved = context.open()?;
    let mut rows = Vec::new();
    for kept in store::all(saved.connection())? {
        let open = cases::open_cases(saved.connection(), &kept.rule.name)?;
        rows.push((kept, open));
    }
    let view = View::<(Kept, i64)>::new()
        .words("name", |(kept, _)| Cell::of(&kept.rule.name))
        .words("portfolios", |(kept, _)| {
            listed(&kept.rule.portfolios, "(all others)")
        })
        .words("reminders", |(kept, _)| {
            let days: Vec<i64> = kept
                .rule
                .reminders
                .iter()
                .flat_map(|reminders| reminders.days.clone())
                .collect();
            listed(&days, "")
        })
        .words("stages", |(kept, _)| {
            let stages: Vec<String> = kept
                .rule
                .stages
                .iter()
                .map(|own| format!("{}:{}", own.stage, own.day.days()))
                .collect();
            listed(&stages, "")
        })
        .number("open_cases", |(_, open)| *open)
        .words("evaluated_on", |(kept, _)| kept.evaluated_on)
        .when_empty("no rules yet", "regua rule add --help, or regua apply FILE");
    context.out.all(view, &rows)
}

/// A list as JSON has it, and joined by commas where people read; an empty one in these words.
fn listed<T: ToString + serde::Serialize>(items: &[T], empty: &str) -> Cell {
    let mut parts: Vec<String> = items.iter().map(ToString::to_string).collect();
    if parts.is_empty() && !empty.is_empty() {
        parts.push(empty.to_owned());
    }
    Cell::Parts {
        data: json!(items),
        parts,
        between: ", ",
    }
}

fn remove(name: &str, yes: bool, context: &Context) -> Result<()> {
    let mut saved = context.open()?;
    collection::get_rule(saved.connection(), name)?;
    let open = cases::open_cases(saved.connection(), name)?;
    if open > 0 {
        context.out.say(if open == 1 {
            format!("1 open case of rule `{name}` closes as rule_removed")
        } else {
            format!("{open} open cases of rule `{name}` close as rule_removed")
        });
        if !yes && context.out.interactive() && !context.out.ask("Remove it?")? {
            context.out.say("nothing was removed");
            return Ok(());
        }
    }
    let today = context.now().today;
    saved.write(|transaction| collection::remove_rule(transaction, name, today))?;
    let view = View::<str>::new()
        .words("done", |_| "removed")
        .words("name", |name| Cell::of(name))
        .number("closed_cases", |_| open);
    face::done(context, view, name, format!("removed rule `{name}`"))
}
