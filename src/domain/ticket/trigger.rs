//! A trigger: which ticket event it listens to and whom it speaks to, checked when saved.

use std::fmt;

use super::event::{Staff, same_word};
use super::event_type::TriggerEvent;
use crate::domain::channel::Hearers;
use crate::domain::words::plain;

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
        match plain(what).as_str() {
            "staff" | "equipe" => which.parse().ok().map(Self::Staff),
            "team" | "time" if !which.is_empty() => Some(Self::Team(which.to_owned())),
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
        match plain(text).as_str() {
            "responsible" | "responsavel" => Some(Self::Responsible),
            "managers" | "gestores" => Some(Self::Managers),
            "teams" | "equipes" => Some(Self::Teams),
            "client" | "cliente" => Some(Self::Client),
            _ => Somebody::parse(text).map(Self::Named),
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
    /// Workflow and access: only changes from one of these statuses; empty: from any.
    pub from: Vec<String>,
    /// Workflow and access: only changes to one of these statuses; empty: to any.
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
            audience: if event.keys().contains(&"audience") {
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

    /// Whom it speaks to.
    pub fn tells(&self) -> Hearers {
        if !self.event.keys().contains(&"audience") {
            let client = self.event.keys().is_empty();
            return Hearers {
                clients: client,
                staff: !client,
            };
        }
        let client = |member: &Audience| *member == Audience::Client;
        Hearers {
            clients: self.audience.iter().any(client),
            staff: !self.audience.iter().all(client),
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
}

/// Reads `duplicates = "allow"`; the only other way is to leave it out.
pub fn parse_duplicates(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "allow" | "permitir" => Some(true),
        "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::Template;
    use crate::domain::ticket::event::Topic;
    use crate::domain::ticket::warning::Office;
    use crate::domain::words::{Channel, Kind, Word};

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
            look: crate::domain::template::Look::default(),
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
            let plain = trigger(*event, |t| {
                if *event == TriggerEvent::Access {
                    t.templates = vec!["bill".to_owned(), "zap".to_owned()];
                }
            });
            assert_eq!(told(&plain), Vec::<String>::new());
        }
        let both = trigger(TriggerEvent::Reply, |t| t.templates.push("text".to_owned()));
        assert_eq!(told(&both), Vec::<String>::new());
    }

    #[test]
    fn templates_must_be_known_and_of_channels_that_tell_those_it_speaks_to_once_each() {
        let cases = [
            (
                vec![],
                "trigger `t`: templates: names none, name one template a channel",
            ),
            (
                vec!["mial"],
                "trigger `t`: templates: there is no template `mial`, did you mean `mail`?",
            ),
            (
                vec!["push"],
                "trigger `t`: templates: `push` is a push template, it tells staff: by sms, email and chat",
            ),
            (
                vec!["zap"],
                "trigger `t`: templates: `zap` is a whatsapp template, it tells staff: by sms, email and chat",
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
        let statuses = ["em_campo".to_owned()];
        let office = Office {
            staff: &staff,
            topics: &topics,
            statuses: &statuses,
            priorities: &[],
        };
        let t = trigger(TriggerEvent::NewInternalTicket, |t| {
            t.subtopics = vec![9];
            t.staff = vec![3, 4, 8];
            t.templates = vec!["answer".to_owned()];
        });
        assert_eq!(
            t.warnings(find, &office),
            [
                "trigger `t`: Bia (4) does not have notify_workflow and hears nothing by being named",
                "trigger `t`: the book has no staff 8 yet",
                "trigger `t`: template `answer` uses #atendimento_resposta#, which never has a value in event new-internal-ticket: it would be left empty",
            ]
        );
        let t = trigger(TriggerEvent::NewInternalTicket, |t| {
            t.staff = vec![3];
            t.allow_duplicates = true;
        });
        assert_eq!(
            t.warnings(find, &office),
            [
                "trigger `t`: Ana (3) is in teams and staff and may hear of one event as often",
                "trigger `t`: Bia (4) is in teams and alert:9 and may hear of one event as often",
            ]
        );
        let t = trigger(TriggerEvent::Workflow, |t| {
            t.to = vec!["em_canpo".to_owned()];
            t.priorities = vec!["urgent".to_owned(), "gravissima".to_owned()];
            t.audience = vec![Audience::Managers];
        });
        assert_eq!(
            t.warnings(find, &office),
            [
                "trigger `t`: to: no ticket ever had the status `em_canpo`: until one has, nobody hears (did you mean `em_campo`?)",
                "trigger `t`: priorities: no ticket ever had the priority `gravissima`: until one has, nobody hears",
                "trigger `t`: as the book stands it reaches nobody: no active manager, team or named person would hear",
            ]
        );
        let t = trigger(TriggerEvent::Reply, |_| ());
        assert_eq!(
            t.warnings(find, &office),
            [
                "trigger `t`: it has no staff and no fallback: a reply in a ticket without an active responsible reaches nobody"
            ]
        );
    }
}
