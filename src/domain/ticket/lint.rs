//! What is wrong with a trigger, key by key, before it is saved.

use std::collections::BTreeSet;

use super::event_type::TriggerEvent;
use super::trigger::{AUDIENCE_ACCEPTED, Trigger};
use crate::domain::access;
use crate::domain::channel::Hearers;
use crate::domain::template::{FOR_CLIENTS, Need, Template, Variable, name_problem};
use crate::domain::words::{Channel, Word as _};
use crate::error::{Flaw, did_you_mean};

impl Trigger {
    /// The keys that do not go with its event although something stands in them.
    fn misplaced(&self) -> Vec<(&'static str, String)> {
        let own = self.event.keys();
        let filled = [
            ("from", !self.from.is_empty()),
            ("to", !self.to.is_empty()),
            ("priorities", !self.priorities.is_empty()),
            ("audience", !self.audience.is_empty()),
            ("staff", !self.staff.is_empty()),
            ("teams", !self.teams.is_empty()),
            ("fallback", self.fallback.is_some()),
        ];
        let of_tickets = [
            ("topics", !self.topics.is_empty()),
            ("subtopics", !self.subtopics.is_empty()),
            ("duplicates", self.allow_duplicates),
        ];
        let of_tickets = of_tickets
            .into_iter()
            .filter(|(_, filled)| *filled && self.event == TriggerEvent::Access)
            .map(|(key, _)| (key, "access has no ticket: leave it out".to_owned()));
        let filled = filled.into_iter().filter(|(_, filled)| *filled);
        filled
            .filter(|(key, _)| !own.contains(key))
            .map(|(key, _)| (key, self.instead_of(key)))
            .chain(of_tickets)
            .collect()
    }

    /// What to write instead of a key that does not go with its event.
    fn instead_of(&self, key: &str) -> String {
        let own = self.event.keys();
        let having = TriggerEvent::ALL
            .iter()
            .filter(|event| event.keys().contains(&key));
        let having: Vec<&str> = having.map(|event| event.as_str()).collect();
        match (key, &having[..]) {
            ("staff", _) if own.contains(&"audience") => {
                "name them in the audience: audience = [\"staff:3\"]".to_owned()
            }
            ("teams", _) if own.contains(&"fallback") => {
                "a reply tells named staff and the responsible; a team goes into fallback"
                    .to_owned()
            }
            ("from" | "to", [one, other]) => {
                format!("only triggers of events {one} and {other} have it: leave it out")
            }
            (_, [only]) => format!("only a trigger of event {only} has it: leave it out"),
            _ => "this event tells the client alone: leave it out".to_owned(),
        }
    }

    /// Everything wrong with it as it stands, part by part; see also [`Trigger::template_flaws`].
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if let Some(what) = name_problem(&self.name) {
            flaws.push(Flaw::of("name", what, "give it a short plain name"));
        }
        for (key, remedy) in self.misplaced() {
            let found = format!("does not go with event {}", self.event);
            flaws.push(Flaw::of(key, found, remedy));
        }
        if self.event.keys().contains(&"audience") && self.audience.is_empty() {
            flaws.push(Flaw::of(
                "audience",
                "is empty: nobody would hear",
                format!("name some of {AUDIENCE_ACCEPTED}, or leave it out"),
            ));
        }
        flaws.extend(self.repetitions());
        flaws.extend(access::word_flaws(self));
        if self.templates.is_empty() {
            flaws.push(Flaw::of(
                "templates",
                "names none",
                if self.event == TriggerEvent::Access {
                    "name one template, or one a channel"
                } else {
                    "name one template a channel"
                },
            ));
        }
        let place = format!("trigger `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.within(&place)).collect()
    }

    /// What a list names twice, or leaves empty.
    fn repetitions(&self) -> Vec<Flaw> {
        let twice =
            |key: &str, what: String| Flaw::of(key, format!("names {what} twice"), "name it once");
        let mut flaws = Vec::new();
        for (key, ids) in [
            ("topics", &self.topics),
            ("subtopics", &self.subtopics),
            ("staff", &self.staff),
        ] {
            flaws.extend(repeated(ids).map(|id| twice(key, id.to_string())));
        }
        for (key, words) in [
            ("from", &self.from),
            ("to", &self.to),
            ("priorities", &self.priorities),
            ("teams", &self.teams),
        ] {
            let folded: Vec<String> = words.iter().map(|w| w.trim().to_lowercase()).collect();
            if folded.iter().any(String::is_empty) {
                flaws.push(Flaw::of(
                    key,
                    "holds an empty word",
                    "fill it in or leave it out",
                ));
            } else if let Some(word) = repeated(&folded) {
                flaws.push(twice(key, format!("`{word}`")));
            }
        }
        let audience: Vec<String> = self.audience.iter().map(ToString::to_string).collect();
        flaws.extend(repeated(&audience).map(|member| twice("audience", format!("`{member}`"))));
        flaws
    }

    /// Whether what it listens to has what a variable needs.
    fn supplies(&self, need: Need) -> bool {
        match self.event {
            TriggerEvent::Access => access::supplies(need),
            _ => !matches!(need, Need::Contract | Need::Invoice | Need::Login),
        }
    }

    /// Why a template's channel tells nobody to whom the trigger speaks, and what does.
    fn out_of_place(&self, template: &Template) -> Option<(String, String)> {
        if self.event == TriggerEvent::Access {
            let why = template.not_for_clients()?;
            return Some((why, FOR_CLIENTS.to_owned()));
        }
        let (told, by) = (self.tells(), template.channel.nature().tickets);
        let found = format!("`{}` is a {} template", template.name, template.channel);
        (!(told.clients && by.clients || told.staff && by.staff))
            .then(|| (found, how_it_tells(told)))
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
        let access = self.event == TriggerEvent::Access;
        let (event, its) = if access {
            ("access", "contract")
        } else {
            ("a ticket", "ticket")
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
            if let Some((found, remedy)) = self.out_of_place(template) {
                wrong("templates", found, remedy);
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
                .filter(|variable| !self.supplies(variable.need()))
                .map(Variable::name)
                .collect();
            for variable in lacking {
                wrong(
                    "templates",
                    format!("`{name}` uses #{variable}#, which {event} cannot supply"),
                    format!("name a template with variables of the {its} and its client"),
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
}

/// By which channels a trigger tells those it speaks to.
fn how_it_tells(told: Hearers) -> String {
    let clients = || Channel::named(|nature| nature.tickets.clients);
    let staff = || Channel::named(|nature| nature.tickets.staff);
    match (told.clients, told.staff) {
        (true, false) => format!("it tells clients: by {}", clients()),
        (false, _) => format!("it tells staff: by {}", staff()),
        (true, true) => format!("it tells clients by {}, staff by {}", clients(), staff()),
    }
}

fn repeated<T: Ord>(items: &[T]) -> Option<&T> {
    let mut seen = BTreeSet::new();
    items.iter().find(|item| !seen.insert(*item))
}
