//! A trigger: which ticket event it listens to and whom it speaks to, checked when saved.

use std::collections::BTreeSet;
use std::fmt;

use super::event::{Staff, Topic, same_word};
use crate::domain::template::{Need, Template, Variable, name_problem};
use crate::domain::words::{Channel, EventType, TriggerEvent};
use crate::error::{Flaw, did_you_mean};

impl TriggerEvent {
    /// The type of event it listens to.
    pub const fn listens_to(self) -> EventType {
        match self {
            Self::NewTicketClient
            | Self::NewInternalTicket
            | Self::NewPublicTicketByClient
            | Self::NewPublicTicketByStaff => EventType::Opened,
            Self::Workflow => EventType::Moved,
            Self::Reply => EventType::Replied,
        }
    }

    /// Whether it tells staff of a new ticket.
    pub const fn tells_staff_of_new_tickets(self) -> bool {
        matches!(
            self,
            Self::NewInternalTicket | Self::NewPublicTicketByClient | Self::NewPublicTicketByStaff
        )
    }
}

/// One person or one team of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Somebody {
    /// `staff:5`.
    Staff(i64),
    /// `team:Suporte`.
    Team(String),
}

/// How a person or a team is written, for an error's remedy.
pub const SOMEBODY_ACCEPTED: &str = "staff:5 or team:Suporte";

impl Somebody {
    /// Reads `staff:5` or `team:Suporte`.
    pub fn parse(text: &str) -> Option<Self> {
        let (what, which) = text.trim().split_once(':')?;
        let which = which.trim();
        match what.trim() {
            "staff" => which.parse().ok().map(Self::Staff),
            "team" if !which.is_empty() => Some(Self::Team(which.to_owned())),
            _ => None,
        }
    }

    /// Whether this names them.
    pub fn names(&self, person: &Staff) -> bool {
        match self {
            Self::Staff(id) => person.id == *id,
            Self::Team(team) => in_team(person, team),
        }
    }
}

impl fmt::Display for Somebody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(id) => write!(f, "staff:{id}"),
            Self::Team(name) => write!(f, "team:{name}"),
        }
    }
}

/// Whether a person is in a team.
pub fn in_team(person: &Staff, team: &str) -> bool {
    person.teams.iter().any(|own| same_word(own, team))
}

/// One of those whom a workflow trigger speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Who is responsible for the ticket.
    Responsible,
    /// Everyone with `ticket_manager`.
    Managers,
    /// The teams of the ticket's topic and sub-topic, or the trigger's own.
    Teams,
    /// The client, if the ticket is visible to them.
    Client,
    /// One person or team.
    Named(Somebody),
}

/// How an audience is written, for an error's remedy.
pub const AUDIENCE_ACCEPTED: &str = "responsible, managers, teams, client, staff:5, team:Suporte";

impl Audience {
    /// Reads one member of an audience.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "responsible" => Some(Self::Responsible),
            "managers" => Some(Self::Managers),
            "teams" => Some(Self::Teams),
            "client" => Some(Self::Client),
            other => Somebody::parse(other).map(Self::Named),
        }
    }

    /// The audience of a workflow trigger that names none.
    pub fn usual() -> Vec<Self> {
        vec![Self::Responsible, Self::Managers, Self::Teams]
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Responsible => f.write_str("responsible"),
            Self::Managers => f.write_str("managers"),
            Self::Teams => f.write_str("teams"),
            Self::Client => f.write_str("client"),
            Self::Named(somebody) => somebody.fmt(f),
        }
    }
}

/// A trigger as it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What it listens to, and whom it speaks to.
    pub event: TriggerEvent,
    /// Only tickets of one of these topics (or of `subtopics`); both empty: of every topic.
    pub topics: Vec<i64>,
    /// Only tickets of one of these sub-topics (or of `topics`).
    pub subtopics: Vec<i64>,
    /// Workflow: only moves away from one of these statuses; empty: from any.
    pub from: Vec<String>,
    /// Workflow: only moves to one of these statuses; empty: to any.
    pub to: Vec<String>,
    /// Workflow: only tickets of one of these priorities; empty: of any.
    pub priorities: Vec<String>,
    /// Workflow: whom it speaks to, in order; empty for every other event.
    pub audience: Vec<Audience>,
    /// The teams that replace those of the ticket's topic and sub-topic.
    pub teams: Vec<String>,
    /// Staff named here, in the order they hear.
    pub staff: Vec<i64>,
    /// Reply: who hears when nobody active is responsible.
    pub fallback: Option<Somebody>,
    /// Its templates, one a channel.
    pub templates: Vec<String>,
    /// Whether a person who is in several lists hears once for each.
    pub allow_duplicates: bool,
}

/// How closely a trigger's topics fit a ticket: the closest fit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// By the ticket's sub-topic.
    Subtopic,
    /// By its topic.
    Topic,
    /// Because the trigger names none.
    Any,
}

impl Trigger {
    /// A trigger that names nothing yet but its event.
    pub fn new(name: impl Into<String>, event: TriggerEvent) -> Self {
        Self {
            name: name.into(),
            event,
            topics: Vec::new(),
            subtopics: Vec::new(),
            from: Vec::new(),
            to: Vec::new(),
            priorities: Vec::new(),
            audience: if event == TriggerEvent::Workflow {
                Audience::usual()
            } else {
                Vec::new()
            },
            teams: Vec::new(),
            staff: Vec::new(),
            fallback: None,
            templates: Vec::new(),
            allow_duplicates: false,
        }
    }

    /// How its topics fit a ticket's, if they do; topics and sub-topics are alternatives.
    pub fn fits(&self, topic_id: Option<i64>, subtopic_id: Option<i64>) -> Option<Fit> {
        if subtopic_id.is_some_and(|id| self.subtopics.contains(&id)) {
            Some(Fit::Subtopic)
        } else if topic_id.is_some_and(|id| self.topics.contains(&id)) {
            Some(Fit::Topic)
        } else {
            (self.topics.is_empty() && self.subtopics.is_empty()).then_some(Fit::Any)
        }
    }

    /// The keys that do not go with its event although something stands in them.
    fn misplaced(&self) -> Vec<(&'static str, &'static str)> {
        let event = self.event;
        let workflow = event == TriggerEvent::Workflow;
        let reply = event == TriggerEvent::Reply;
        let new_staff = event.tells_staff_of_new_tickets();
        let only_workflow = "only a trigger of event workflow has it: leave it out";
        let mut found = Vec::new();
        let mut check = |key, filled: bool, fits: bool, remedy| {
            if filled && !fits {
                found.push((key, remedy));
            }
        };
        check("from", !self.from.is_empty(), workflow, only_workflow);
        check("to", !self.to.is_empty(), workflow, only_workflow);
        check(
            "priorities",
            !self.priorities.is_empty(),
            workflow,
            only_workflow,
        );
        check(
            "audience",
            !self.audience.is_empty(),
            workflow,
            only_workflow,
        );
        check(
            "staff",
            !self.staff.is_empty(),
            new_staff || reply,
            if workflow {
                "name them in the audience: audience = [\"staff:3\"]"
            } else {
                "this event tells the client alone: leave it out"
            },
        );
        check(
            "teams",
            !self.teams.is_empty(),
            new_staff || workflow,
            if reply {
                "a reply tells named staff and the responsible; a team goes into fallback"
            } else {
                "this event tells the client alone: leave it out"
            },
        );
        check(
            "fallback",
            self.fallback.is_some(),
            reply,
            "only a trigger of event reply has it: leave it out",
        );
        found
    }

    /// Everything wrong with it as it stands, part by part; see also [`Trigger::template_flaws`].
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut wrong = |part: &'static str, found: String, remedy: String| {
            flaws.push(Flaw::of(part, found, remedy).within(format!("trigger `{}`", self.name)));
        };
        if let Some(what) = name_problem(&self.name) {
            wrong(
                "name",
                what.to_owned(),
                "give it a short plain name".to_owned(),
            );
        }
        for (key, remedy) in self.misplaced() {
            wrong(
                key,
                format!("does not go with event {}", self.event),
                remedy.to_owned(),
            );
        }
        if self.event == TriggerEvent::Workflow && self.audience.is_empty() {
            wrong(
                "audience",
                "is empty: nobody would hear".to_owned(),
                format!("name some of {AUDIENCE_ACCEPTED}, or leave it out"),
            );
        }
        for (key, ids) in [
            ("topics", &self.topics),
            ("subtopics", &self.subtopics),
            ("staff", &self.staff),
        ] {
            if let Some(id) = repeated(ids) {
                wrong(key, format!("names {id} twice"), "name it once".to_owned());
            }
        }
        for (key, words) in [
            ("from", &self.from),
            ("to", &self.to),
            ("priorities", &self.priorities),
            ("teams", &self.teams),
        ] {
            let folded: Vec<String> = words.iter().map(|w| w.trim().to_lowercase()).collect();
            if folded.iter().any(String::is_empty) {
                wrong(
                    key,
                    "holds an empty word".to_owned(),
                    "fill it in or leave it out".to_owned(),
                );
            } else if let Some(word) = repeated(&folded) {
                wrong(
                    key,
                    format!("names `{word}` twice"),
                    "name it once".to_owned(),
                );
            }
        }
        let audience: Vec<String> = self.audience.iter().map(ToString::to_string).collect();
        if let Some(member) = repeated(&audience) {
            wrong(
                "audience",
                format!("names `{member}` twice"),
                "name it once".to_owned(),
            );
        }
        if self.templates.is_empty() {
            wrong(
                "templates",
                "names none".to_owned(),
                "name an e-mail template, an sms template, or one of each".to_owned(),
            );
        }
        flaws
    }

    /// Everything wrong with its templates. `template` finds one by its name, `known` are the
    /// names there are, for a suggestion.
    pub fn template_flaws<'t>(
        &self,
        template: impl Fn(&str) -> Option<&'t Template>,
        known: &[String],
    ) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut wrong = |part: &'static str, found: String, remedy: String| {
            flaws.push(Flaw::of(part, found, remedy).within(format!("trigger `{}`", self.name)));
        };
        let mut channels: Vec<(Channel, &str)> = Vec::new();
        for name in &self.templates {
            let Some(template) = template(name) else {
                wrong(
                    "templates",
                    format!("there is no template `{name}`"),
                    did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
                        "save the template first, or in the same file".to_owned()
                    }),
                );
                continue;
            };
            let channel = template.channel;
            if !matches!(channel, Channel::Email | Channel::Sms) {
                wrong(
                    "templates",
                    format!("`{name}` is a {channel} template"),
                    "tickets are told by email and sms alone".to_owned(),
                );
            } else if let Some((_, other)) = channels.iter().find(|(c, _)| *c == channel) {
                wrong(
                    "templates",
                    format!("`{other}` and `{name}` are both {channel} templates"),
                    "name one template a channel".to_owned(),
                );
            } else {
                channels.push((channel, name));
            }
            let lacking: BTreeSet<&str> = template
                .used()
                .into_iter()
                .filter(|v| matches!(v.need(), Need::Contract | Need::Invoice | Need::Login))
                .map(Variable::name)
                .collect();
            for variable in lacking {
                wrong(
                    "templates",
                    format!("`{name}` uses #{variable}#, which a ticket cannot supply"),
                    "name a template with variables of the ticket and its client".to_owned(),
                );
            }
        }
        flaws
    }

    /// Everything wrong with it and with its templates.
    pub fn all_flaws<'t>(
        &self,
        template: impl Fn(&str) -> Option<&'t Template>,
        known: &[String],
    ) -> Vec<Flaw> {
        let mut flaws = self.flaws();
        flaws.extend(self.template_flaws(template, known));
        flaws
    }

    /// What is allowed and probably not meant, one sentence each.
    pub fn warnings<'t>(
        &self,
        template: impl Fn(&str) -> Option<&'t Template>,
        staff: &[Staff],
        topics: &[Topic],
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |text: String| warnings.push(format!("trigger `{}`: {text}", self.name));
        for id in &self.topics {
            match topics.iter().find(|topic| topic.id == *id) {
                None => warn(format!("the book has no topic {id} yet")),
                Some(Topic {
                    parent_id: Some(parent),
                    ..
                }) => warn(format!(
                    "{id} is a sub-topic of {parent}: it belongs in subtopics"
                )),
                Some(_) => {}
            }
        }
        for id in &self.subtopics {
            match topics.iter().find(|topic| topic.id == *id) {
                None => warn(format!("the book has no sub-topic {id} yet")),
                Some(Topic {
                    parent_id: None, ..
                }) => warn(format!("{id} is a topic of its own: it belongs in topics")),
                Some(_) => {}
            }
        }
        let flag = match self.event {
            TriggerEvent::Reply => "notify_replies",
            _ => "notify_workflow",
        };
        for id in self.named_staff() {
            match staff.iter().find(|person| person.id == id) {
                None => warn(format!("the book has no staff {id} yet")),
                Some(person) if !person.active => {
                    warn(format!(
                        "{} ({id}) is inactive and never hears",
                        person.name
                    ));
                }
                Some(person)
                    if (flag == "notify_replies" && !person.notify_replies)
                        || (flag == "notify_workflow" && !person.notify_workflow) =>
                {
                    warn(format!(
                        "{} ({id}) does not have {flag} and hears nothing by being named",
                        person.name
                    ));
                }
                Some(_) => {}
            }
        }
        for team in self.named_teams() {
            if !staff.iter().any(|person| in_team(person, team)) {
                warn(format!("nobody in the book is in team `{team}` yet"));
            }
        }
        for name in &self.templates {
            let Some(template) = template(name) else {
                continue;
            };
            for variable in template.used() {
                let never = match variable {
                    Variable::AtendimentoResposta => self.event != TriggerEvent::Reply,
                    Variable::AtendimentoStatusAnterior => self.event != TriggerEvent::Workflow,
                    _ => false,
                };
                if never {
                    warn(format!(
                        "template `{name}` uses #{}#, which never has a value in event {}: its messages would be skipped",
                        variable.name(),
                        self.event
                    ));
                }
            }
        }
        if self.allow_duplicates {
            for (person, lists) in self.in_two_lists(staff, topics) {
                warn(format!(
                    "{} ({}) is in {} and may hear of one event as often",
                    person.name,
                    person.id,
                    lists.join(" and ")
                ));
            }
        }
        warnings
    }

    /// Staff named one by one.
    fn named_staff(&self) -> Vec<i64> {
        let mut ids = self.staff.clone();
        ids.extend(self.named().filter_map(|somebody| match somebody {
            Somebody::Staff(id) => Some(*id),
            Somebody::Team(_) => None,
        }));
        ids
    }

    /// Teams named here.
    fn named_teams(&self) -> Vec<&str> {
        let mut teams: Vec<&str> = self.teams.iter().map(String::as_str).collect();
        teams.extend(self.named().filter_map(|somebody| match somebody {
            Somebody::Team(name) => Some(name.as_str()),
            Somebody::Staff(_) => None,
        }));
        teams
    }

    fn named(&self) -> impl Iterator<Item = &Somebody> {
        let audience = self.audience.iter().filter_map(|member| match member {
            Audience::Named(somebody) => Some(somebody),
            _ => None,
        });
        audience.chain(&self.fallback)
    }

    /// Who is in two lists of this trigger, or in one of it and in an alert of its topics, as
    /// far as the book tells; who is responsible is known only when an event comes.
    fn in_two_lists<'s>(
        &self,
        staff: &'s [Staff],
        topics: &[Topic],
    ) -> Vec<(&'s Staff, Vec<String>)> {
        let reached: Vec<&Topic> = topics
            .iter()
            .filter(|topic| {
                let fit = match topic.parent_id {
                    Some(parent) => self.fits(Some(parent), Some(topic.id)),
                    None => self.fits(Some(topic.id), None),
                };
                fit.is_some()
            })
            .collect();
        let in_topic_teams = |person: &Staff| {
            if self.teams.is_empty() {
                reached
                    .iter()
                    .any(|topic| topic.teams.iter().any(|team| in_team(person, team)))
            } else {
                self.teams.iter().any(|team| in_team(person, team))
            }
        };
        let lists = |person: &Staff| -> Vec<String> {
            let mut lists = Vec::new();
            match self.event {
                TriggerEvent::NewTicketClient => {}
                TriggerEvent::Reply => {
                    if person.notify_replies && self.staff.contains(&person.id) {
                        lists.push("staff".to_owned());
                    }
                    let falls_back = |somebody: &Somebody| somebody.names(person);
                    if person.notify_replies && self.fallback.as_ref().is_some_and(falls_back) {
                        lists.push("fallback".to_owned());
                    }
                }
                TriggerEvent::Workflow => {
                    for member in self.audience.iter().filter(|_| person.notify_workflow) {
                        let there = match member {
                            Audience::Responsible | Audience::Client => false,
                            Audience::Managers => person.ticket_manager,
                            Audience::Teams => in_topic_teams(person),
                            Audience::Named(somebody) => somebody.names(person),
                        };
                        if there {
                            lists.push(member.to_string());
                        }
                    }
                }
                // A ticket manager hears once, whatever the trigger allows.
                _ if person.ticket_manager => {}
                _ => {
                    if in_topic_teams(person) {
                        lists.push("teams".to_owned());
                    }
                    if person.notify_workflow && self.staff.contains(&person.id) {
                        lists.push("staff".to_owned());
                    }
                    for topic in &reached {
                        if topic.alert_text.is_some() && topic.alert_staff.contains(&person.id) {
                            lists.push(format!("alert:{}", topic.id));
                        }
                    }
                }
            }
            lists
        };
        let mut found: Vec<(&Staff, Vec<String>)> = staff
            .iter()
            .filter(|person| person.active)
            .map(|person| (person, lists(person)))
            .filter(|(_, lists)| lists.len() > 1)
            .collect();
        found.sort_by_key(|(person, _)| person.id);
        found
    }
}

fn repeated<T: Ord>(items: &[T]) -> Option<&T> {
    let mut seen = BTreeSet::new();
    items.iter().find(|item| !seen.insert(*item))
}

/// Reads `duplicates = "allow"`; the only other way is to leave it out.
pub fn parse_duplicates(text: &str) -> Option<bool> {
    match text.trim() {
        "allow" => Some(true),
        "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::{Kind, Word};

    fn template(name: &str, channel: Channel, body: &str) -> Template {
        Template {
            name: name.to_owned(),
            channel,
            kind: Kind::Support,
            purpose: Kind::Support.purpose(),
            title: (channel != Channel::Sms).then(|| "Atendimento".to_owned()),
            body: body.to_owned(),
            html: None,
            description: None,
            provider_channel: None,
            provider_template: None,
            variables: Vec::new(),
        }
    }

    fn library() -> Vec<Template> {
        vec![
            template("mail", Channel::Email, "#atendimento_titulo#"),
            template("mail-2", Channel::Email, "#atendimento_id#"),
            template("text", Channel::Sms, "#atendimento_id#"),
            template("push", Channel::Push, "#atendimento_id#"),
            template("zap", Channel::Whatsapp, "oi"),
            template("bill", Channel::Sms, "#areceber_valor#"),
            template("answer", Channel::Sms, "#atendimento_resposta#"),
        ]
    }

    fn told(trigger: &Trigger) -> Vec<String> {
        let library = library();
        let known: Vec<String> = library.iter().map(|t| t.name.clone()).collect();
        trigger
            .all_flaws(|name| library.iter().find(|t| t.name == name), &known)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn trigger(event: TriggerEvent, change: impl FnOnce(&mut Trigger)) -> Trigger {
        let mut trigger = Trigger::new("t", event);
        trigger.templates = vec!["mail".to_owned()];
        change(&mut trigger);
        trigger
    }

    #[test]
    fn a_plain_trigger_of_every_event_is_fine() {
        for event in TriggerEvent::ALL {
            assert_eq!(told(&trigger(*event, |_| {})), Vec::<String>::new());
        }
        let both = trigger(TriggerEvent::Reply, |t| t.templates.push("text".to_owned()));
        assert_eq!(told(&both), Vec::<String>::new());
    }

    #[test]
    fn templates_must_be_known_and_of_email_and_sms_once_each() {
        let cases = [
            (
                vec![],
                "trigger `t`: templates: names none, name an e-mail template, an sms template, or one of each",
            ),
            (
                vec!["mial"],
                "trigger `t`: templates: there is no template `mial`, did you mean `mail`?",
            ),
            (
                vec!["push"],
                "trigger `t`: templates: `push` is a push template, tickets are told by email and sms alone",
            ),
            (
                vec!["zap"],
                "trigger `t`: templates: `zap` is a whatsapp template, tickets are told by email and sms alone",
            ),
            (
                vec!["mail", "mail-2"],
                "trigger `t`: templates: `mail` and `mail-2` are both email templates, name one template a channel",
            ),
            (
                vec!["mail", "mail"],
                "trigger `t`: templates: `mail` and `mail` are both email templates, name one template a channel",
            ),
            (
                vec!["bill"],
                "trigger `t`: templates: `bill` uses #areceber_valor#, which a ticket cannot supply, name a template with variables of the ticket and its client",
            ),
        ];
        for (templates, expected) in cases {
            let trigger = trigger(TriggerEvent::Workflow, |t| {
                t.templates = templates.iter().map(|s| (*s).to_owned()).collect();
            });
            assert_eq!(told(&trigger), [expected]);
        }
    }

    #[test]
    fn keys_of_other_events_are_refused() {
        type Change = fn(&mut Trigger);
        let new = TriggerEvent::NewInternalTicket;
        let client = TriggerEvent::NewTicketClient;
        let cases: [(TriggerEvent, Change, &str); 9] = [
            (new, |t| t.from = vec!["a".into()], "from"),
            (new, |t| t.to = vec!["a".into()], "to"),
            (new, |t| t.priorities = vec!["a".into()], "priorities"),
            (new, |t| t.audience = Audience::usual(), "audience"),
            (new, |t| t.fallback = Some(Somebody::Staff(1)), "fallback"),
            (client, |t| t.staff = vec![1], "staff"),
            (client, |t| t.teams = vec!["a".into()], "teams"),
            (TriggerEvent::Workflow, |t| t.staff = vec![1], "staff"),
            (TriggerEvent::Reply, |t| t.teams = vec!["a".into()], "teams"),
        ];
        for (event, change, key) in cases {
            let told = told(&trigger(event, change));
            assert_eq!(told.len(), 1, "{event} {key}");
            assert!(
                told[0].starts_with(&format!(
                    "trigger `t`: {key}: does not go with event {event}"
                )),
                "{told:?}"
            );
        }
        let silent = trigger(TriggerEvent::Workflow, |t| t.audience.clear());
        assert!(told(&silent)[0].contains("nobody would hear"));
    }

    #[test]
    fn what_is_named_twice_is_refused() {
        let twice = trigger(TriggerEvent::Workflow, |t| {
            t.topics = vec![4, 4];
            t.to = vec!["Resolved".into(), "resolved ".into()];
            t.audience = vec![Audience::Client, Audience::Client];
        });
        let told = told(&twice);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("topics: names 4 twice"));
        assert!(told[1].contains("to: names `resolved` twice"));
        assert!(told[2].contains("audience: names `client` twice"));
    }

    #[test]
    fn audiences_are_read_and_written_alike() {
        for text in [
            "responsible",
            "managers",
            "teams",
            "client",
            "staff:3",
            "team:Suporte N2",
        ] {
            let member = Audience::parse(text).expect("an audience");
            assert_eq!(member.to_string(), text);
        }
        for bad in ["", "staff", "staff:x", "team:", "boss", "3"] {
            assert_eq!(Audience::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn topics_and_subtopics_are_alternatives() {
        let t = trigger(TriggerEvent::Reply, |t| {
            t.topics = vec![4];
            t.subtopics = vec![9];
        });
        assert_eq!(t.fits(Some(4), None), Some(Fit::Topic));
        assert_eq!(t.fits(Some(5), Some(9)), Some(Fit::Subtopic));
        assert_eq!(t.fits(None, Some(9)), Some(Fit::Subtopic));
        assert_eq!(t.fits(Some(4), Some(9)), Some(Fit::Subtopic));
        assert_eq!(t.fits(Some(5), Some(8)), None);
        assert_eq!(t.fits(None, None), None);
        assert_eq!(
            Trigger::new("t", TriggerEvent::Reply).fits(None, None),
            Some(Fit::Any)
        );
    }

    #[test]
    fn saving_warns_of_what_is_probably_not_meant() {
        let staff = [
            Staff {
                id: 3,
                name: "Ana".to_owned(),
                teams: vec!["Suporte".to_owned()],
                notify_workflow: true,
                active: true,
                ..Staff::default()
            },
            Staff {
                id: 4,
                name: "Bia".to_owned(),
                teams: vec!["suporte".to_owned()],
                active: true,
                ..Staff::default()
            },
        ];
        let topics = [Topic {
            id: 9,
            name: "Lentidão".to_owned(),
            parent_id: Some(4),
            teams: vec!["Suporte".to_owned()],
            alert_text: Some("!".to_owned()),
            alert_staff: vec![4],
        }];
        let library = library();
        let find = |name: &str| library.iter().find(|t| t.name == name);
        let t = trigger(TriggerEvent::NewInternalTicket, |t| {
            t.subtopics = vec![9];
            t.staff = vec![3, 4, 8];
            t.templates = vec!["answer".to_owned()];
        });
        assert_eq!(
            t.warnings(find, &staff, &topics),
            [
                "trigger `t`: Bia (4) does not have notify_workflow and hears nothing by being named",
                "trigger `t`: the book has no staff 8 yet",
                "trigger `t`: template `answer` uses #atendimento_resposta#, which never has a value in event new-internal-ticket: its messages would be skipped",
            ]
        );
        let t = trigger(TriggerEvent::NewInternalTicket, |t| {
            t.staff = vec![3];
            t.allow_duplicates = true;
        });
        assert_eq!(
            t.warnings(find, &staff, &topics),
            [
                "trigger `t`: Ana (3) is in teams and staff and may hear of one event as often",
                "trigger `t`: Bia (4) is in teams and alert:9 and may hear of one event as often",
            ]
        );
    }
}
