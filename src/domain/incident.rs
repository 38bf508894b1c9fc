//! An incident: an outage told step by step to a list of clients, each of its commands carried out once.

use chrono::{DateTime, Utc};

use super::report::ReportKind;
use super::template::{Need, Template};
use super::text::typed;
use super::words::{Channel, Purpose, words_enum};
use crate::error::{Error, Result};

words_enum! {
    /// What a step of an incident is.
    StepKind {
        /// It was opened: whom it concerns is told first.
        Open = "open",
        /// Something new is told of it, newcomers included.
        Update = "update",
        /// It is over.
        Close = "close",
    }
}

impl StepKind {
    /// What such a step is, in the words in which people are told of it.
    pub const fn happens(self) -> &'static str {
        match self {
            Self::Open => "opening",
            Self::Update => "update",
            Self::Close => "closing",
        }
    }
}

/// An incident as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id, which stands in the keys of its messages.
    pub id: i64,
    /// Its name: one open incident has it at a time.
    pub name: String,
    /// The report that says whom it concerns, as it was named.
    pub report: String,
    /// The filters given with the report, as they were written.
    pub filters: Vec<String>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it is expected to be over.
    pub until: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether collections are kept from these clients too while it is open.
    pub hold_collection: bool,
}

/// One step of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub number: i64,
    /// What it is.
    pub kind: StepKind,
    /// Its template's name.
    pub template: String,
    /// When it was written down.
    pub at: DateTime<Utc>,
}

/// An opening as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The incident's name.
    pub name: String,
    /// The report's name.
    pub report: String,
    /// The filters given with it, as they are written.
    pub filters: Vec<String>,
    /// The template's name.
    pub template: String,
    /// When it is expected to be over.
    pub until: Option<DateTime<Utc>>,
    /// Whether collections are kept from these clients too.
    pub hold_collection: bool,
}

impl Opening {
    /// In what it differs from the incident that is open under its name, whose first step had this template. Once
    /// that was updated, its end is what the updates say.
    pub fn differs_from(
        &self,
        open: &Incident,
        template: &str,
        is_updated: bool,
    ) -> Vec<&'static str> {
        [
            ("report", self.report != open.report),
            ("filters", self.filters != open.filters),
            ("template", self.template != template),
            ("until", !is_updated && self.until != open.until),
            (
                "hold-collection",
                self.hold_collection != open.hold_collection,
            ),
        ]
        .into_iter()
        .filter_map(|(part, differs)| differs.then_some(part))
        .collect()
    }
}

/// Whether an update with this template is the last step again, rather than the next.
pub fn repeats(last: &Step, template: &str, again: bool) -> bool {
    last.kind == StepKind::Update && last.template == template && !again
}

impl Incident {
    /// The key of what a client is told on a channel in a step. For push the device's address follows.
    pub fn key(&self, step: i64, client: i64, channel: Channel) -> String {
        format!("incident/{}/{step}/{client}/{channel}", self.id)
    }

    /// What its messages of a step are for: `pop-centro:open`, `pop-centro:update:1`, `pop-centro:close`.
    pub fn event(&self, step: &Step) -> String {
        match step.kind {
            // The opening is step 1, and the first update step 2.
            StepKind::Update => format!("{}:update:{}", self.name, step.number - 1),
            kind => format!("{}:{kind}", self.name),
        }
    }
}

/// What is wrong with the name of an incident, if anything.
pub fn name_problem(name: &str) -> Option<&'static str> {
    super::template::name_problem(name)
}

/// Whether a template can tell of an incident whose clients a report of this kind names: to clients, for the
/// service's sake, one message each.
///
/// # Errors
/// When it cannot (exit 3).
pub fn accept(template: &Template, kind: ReportKind) -> Result<()> {
    let name = &template.name;
    if template.purpose != Purpose::Service {
        return Err(Error::unacceptable(format!(
            "template `{name}` is of purpose {}, and an outage is told for the service's sake",
            template.purpose
        ))
        .hint(format!(
            "regua template edit {} --purpose service, or a template of kind support",
            typed(name)
        )));
    }
    let supplied = |need: &Need| !matches!(need, Need::Invoice | Need::Ticket);
    if let Some(need) = template.needs().iter().find(|need| !supplied(need)) {
        return Err(Error::unacceptable(format!(
            "template `{name}` needs {}, which an incident does not have",
            need.as_str()
        ))
        .hint("use variables of the client, its contract and login, the company and the clock"));
    }
    let required = template.required();
    let mut of_logins = required.iter().filter(|v| v.need() == Need::Login);
    if let Some(variable) = of_logins.next().filter(|_| kind != ReportKind::Logins) {
        let variable = variable.name();
        let written = format!("#{variable}#");
        return Err(Error::unacceptable(format!(
            "template `{name}` uses {written}, which a report of {kind} cannot supply"
        ))
        .hint(format!(
            "tell it by a report of logins, or write #{variable}|text# with what stands there otherwise"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Word as _;

    fn open() -> Incident {
        Incident {
            id: 7,
            name: "pop-centro".to_owned(),
            report: "logins".to_owned(),
            filters: vec!["pop=Centro".to_owned()],
            opened_at: DateTime::UNIX_EPOCH,
            until: None,
            closed_at: None,
            hold_collection: false,
        }
    }

    fn step(number: i64, kind: StepKind, template: &str) -> Step {
        Step {
            number,
            kind,
            template: template.to_owned(),
            at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_same_opening_differs_in_nothing_and_another_says_in_what() {
        let opening = Opening {
            name: "pop-centro".to_owned(),
            report: "logins".to_owned(),
            filters: vec!["pop=Centro".to_owned()],
            template: "outage".to_owned(),
            until: None,
            hold_collection: false,
        };
        assert!(opening.differs_from(&open(), "outage", false).is_empty());
        let other = Opening {
            filters: Vec::new(),
            until: Some(DateTime::UNIX_EPOCH),
            ..opening
        };
        let differs = other.differs_from(&open(), "outage-2", false);
        assert_eq!(differs, ["filters", "template", "until"]);
        // An update may have said until when.
        let differs = other.differs_from(&open(), "outage-2", true);
        assert_eq!(differs, ["filters", "template"]);
    }

    #[test]
    fn an_update_repeats_the_last_one_of_its_template_unless_asked_again() {
        let opened = step(1, StepKind::Open, "outage");
        assert!(!repeats(&opened, "outage", false));
        let updated = step(2, StepKind::Update, "outage");
        assert!(repeats(&updated, "outage", false));
        assert!(!repeats(&updated, "outage", true));
        assert!(!repeats(&updated, "other", false));
    }

    #[test]
    fn keys_and_events_tell_the_step() {
        assert_eq!(open().key(2, 193, Channel::Sms), "incident/7/2/193/sms");
        let events: Vec<String> = StepKind::ALL
            .iter()
            .zip(1..)
            .map(|(kind, number)| open().event(&step(number, *kind, "t")))
            .collect();
        assert_eq!(
            events,
            ["pop-centro:open", "pop-centro:update:1", "pop-centro:close"]
        );
    }
}
