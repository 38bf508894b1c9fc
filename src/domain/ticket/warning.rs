//! What a trigger may say and probably does not mean: told when it is saved.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::event::{Event, Said, Staff, Topic, same_word};
use super::event_type::{EventType, TriggerEvent};
use super::listening::Armed;
use super::notice::Person;
use super::recipients::{House, recipients};
use super::trigger::{Audience, Somebody, Trigger, in_team};
use crate::domain::access;
use crate::domain::channel::{ChannelNature, Hearers};
use crate::domain::template::{Template, Variable, is_usual_word};
use crate::domain::words::{Author, Channel};
use crate::error::did_you_mean;

/// What a warning looks at besides the trigger.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    /// All staff.
    pub staff: &'a [Staff],
    /// All topics and sub-topics.
    pub topics: &'a [Topic],
    /// Every status that a ticket ever had.
    pub statuses: &'a [String],
    /// Every priority that a ticket ever had.
    pub priorities: &'a [String],
}

impl Trigger {
    /// What is allowed and probably not meant, one sentence each.
    pub fn warnings<'t>(
        &self,
        template: impl Fn(&str) -> Option<&'t Template>,
        office: &Office<'_>,
    ) -> Vec<String> {
        if self.event == TriggerEvent::Access {
            // Its words are of a closed set, and checked; it tells clients alone.
            let place = format!("trigger `{}`: ", self.name);
            let mut told = self.about_templates(&template);
            told.extend(access::never_heard(self));
            return told.into_iter().map(|text| place.clone() + &text).collect();
        }
        let mut told = self.about_topics(office.topics);
        told.extend(self.about_people(office.staff));
        told.extend(self.about_words(office));
        told.extend(self.about_templates(&template));
        told.extend(self.without_template(&template));
        let armed = [Armed::new(self.clone(), &template)];
        let house = House {
            triggers: &armed,
            staff: office.staff,
            topics: office.topics,
        };
        told.extend(self.reaches_nobody(&house));
        if self.allow_duplicates {
            told.extend(self.in_two_lists(&house));
        }
        let place = format!("trigger `{}`: ", self.name);
        told.into_iter().map(|text| place.clone() + &text).collect()
    }

    fn about_topics(&self, topics: &[Topic]) -> Vec<String> {
        let find = |id: &i64| topics.iter().find(|topic| topic.id == *id);
        let of_topics = self.topics.iter().filter_map(|id| match find(id) {
            None => Some(format!("the book has no topic {id} yet")),
            Some(topic) => topic
                .parent_id
                .map(|parent| format!("{id} is a sub-topic of {parent}: it belongs in subtopics")),
        });
        let of_subtopics = self.subtopics.iter().filter_map(|id| match find(id) {
            None => Some(format!("the book has no sub-topic {id} yet")),
            Some(topic) => topic
                .parent_id
                .is_none()
                .then(|| format!("{id} is a topic of its own: it belongs in topics")),
        });
        of_topics.chain(of_subtopics).collect()
    }

    fn about_people(&self, staff: &[Staff]) -> Vec<String> {
        let flag = self.event.flag();
        let mut told = Vec::new();
        for id in self.named_staff() {
            match staff.iter().find(|person| person.id == id) {
                None => told.push(format!("the book has no staff {id} yet")),
                Some(person) if !person.active => told.push(format!(
                    "{} ({id}) is inactive and never hears",
                    person.name
                )),
                Some(person) if !person.has(flag) => told.push(format!(
                    "{} ({id}) does not have {flag} and hears nothing by being named",
                    person.name
                )),
                Some(_) => {}
            }
        }
        for team in self.named_teams() {
            if !staff.iter().any(|person| in_team(person, team)) {
                told.push(format!("nobody in the book is in team `{team}` yet"));
            }
        }
        told
    }

    /// Statuses and priorities that no ticket ever had: before the first tickets came, those that are not
    /// usual.
    fn about_words(&self, office: &Office<'_>) -> Vec<String> {
        let mut told = Vec::new();
        for (key, wanted, had) in [
            ("from", &self.from, office.statuses),
            ("to", &self.to, office.statuses),
            ("priorities", &self.priorities, office.priorities),
        ] {
            for word in wanted {
                let known = had.iter().any(|known| same_word(known, word))
                    || had.is_empty() && is_usual_word(word);
                if !known {
                    let noun = if key == "priorities" {
                        "priority"
                    } else {
                        "status"
                    };
                    let meant = did_you_mean(word, had.iter().map(String::as_str))
                        .map_or_else(String::new, |question| format!(" ({question})"));
                    told.push(format!(
                        "{key}: no ticket ever had the {noun} `{word}`: until one has, nobody hears{meant}"
                    ));
                }
            }
        }
        told
    }

    /// Whether it can reach somebody, decided as for an event of each topic it is for.
    fn reaches_nobody(&self, house: &House<'_>) -> Option<String> {
        match self.event {
            TriggerEvent::NewTicketClient => return None,
            TriggerEvent::Reply if self.staff.is_empty() && self.fallback.is_none() => {
                return Some(
                    "it has no staff and no fallback: a reply in a ticket without an active responsible reaches nobody"
                        .to_owned(),
                );
            }
            // Whoever is responsible hears of a reply, and so does the client of a move.
            TriggerEvent::Reply => return None,
            TriggerEvent::Workflow
                if self.audience.contains(&Audience::Client)
                    || self.audience.contains(&Audience::Responsible)
                        && house.staff.iter().any(|p| p.active && p.notify_workflow) =>
            {
                return None;
            }
            _ if house.staff.is_empty() => return None,
            _ => {}
        }
        let reaches = self
            .possible_topics(house.topics)
            .into_iter()
            .any(|(topic, subtopic)| {
                let event = self.possible_event(topic, subtopic);
                let ticket = event.ticket(None, house.topics);
                !recipients(&event, None, &ticket, house).notices.is_empty()
            });
        (!reaches).then(|| {
            "as the book stands it reaches nobody: no active manager, team or named person would hear"
                .to_owned()
        })
    }

    fn about_templates<'t>(&self, template: impl Fn(&str) -> Option<&'t Template>) -> Vec<String> {
        let never = |variable: Variable| match variable {
            Variable::AtendimentoResposta => self.event != TriggerEvent::Reply,
            Variable::AtendimentoStatusAnterior => self.event != TriggerEvent::Workflow,
            _ => false,
        };
        let mut told = Vec::new();
        for name in &self.templates {
            let used = template(name).map(Template::required).unwrap_or_default();
            for variable in used.into_iter().filter(|variable| never(*variable)) {
                told.push(format!(
                    "template `{name}` uses #{}#, which never has a value in event {}: it would be left empty",
                    variable.name(),
                    self.event
                ));
            }
        }
        told
    }

    /// Whom none of its templates can tell, although it speaks to them.
    fn without_template<'t>(
        &self,
        template: impl Fn(&str) -> Option<&'t Template>,
    ) -> Option<String> {
        let found = self.templates.iter().filter_map(|name| template(name));
        let by: Vec<Hearers> = found.map(|t| t.channel.nature().tickets).collect();
        let (who, nature): (_, fn(&ChannelNature) -> bool) = match self.tells() {
            told if told.clients && by.iter().all(|by| !by.clients) => {
                ("the client", |nature| nature.tickets.clients)
            }
            told if told.staff && by.iter().all(|by| !by.staff) => {
                ("staff", |nature| nature.tickets.staff)
            }
            _ => return None,
        };
        Some(format!(
            "it has no template that tells {who}, which wants one of {}",
            Channel::named(nature)
        ))
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

    /// Who would hear of one event by two lists of this trigger, or by one of it and an alert of its
    /// topics: decided as for an event of each topic it is for. Who is responsible is known only when
    /// an event comes.
    fn in_two_lists(&self, house: &House<'_>) -> Vec<String> {
        let mut most: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (topic_id, subtopic_id) in self.possible_topics(house.topics) {
            let event = self.possible_event(topic_id, subtopic_id);
            let ticket = event.ticket(None, house.topics);
            let mut heard: BTreeMap<i64, Vec<String>> = BTreeMap::new();
            for notice in recipients(&event, None, &ticket, house).notices {
                let Person::Staff(id) = notice.person else {
                    continue;
                };
                let (lists, list) = (heard.entry(id).or_default(), notice.list.to_string());
                if !lists.contains(&list) {
                    lists.push(list);
                }
            }
            for (id, lists) in heard {
                if lists.len() > most.get(&id).map_or(1, Vec::len) {
                    most.insert(id, lists);
                }
            }
        }
        most.into_iter()
            .filter_map(|(id, lists)| {
                let person = house.staff.iter().find(|person| person.id == id)?;
                Some(format!(
                    "{} ({id}) is in {} and may hear of one event as often",
                    person.name,
                    lists.join(" and ")
                ))
            })
            .collect()
    }

    /// The topics and sub-topics that a ticket of this trigger may have, as far as the book tells.
    fn possible_topics(&self, topics: &[Topic]) -> Vec<(Option<i64>, Option<i64>)> {
        let in_the_book = topics.iter().map(|topic| match topic.parent_id {
            Some(parent) => (Some(parent), Some(topic.id)),
            None => (Some(topic.id), None),
        });
        let named = self.topics.iter().map(|id| (Some(*id), None));
        in_the_book
            .chain(named)
            .chain(self.subtopics.iter().map(|id| (None, Some(*id))))
            .chain([(None, None)])
            .filter(|(topic, subtopic)| self.fits(*topic, *subtopic).is_some())
            .collect()
    }

    /// An event that this trigger listens to.
    fn possible_event(&self, topic_id: Option<i64>, subtopic_id: Option<i64>) -> Event {
        let by_client = self.event == TriggerEvent::NewPublicTicketByClient;
        Event {
            said: Said {
                topic_id,
                subtopic_id,
                priority: self.priorities.first().cloned(),
                opened_by: by_client.then_some(Author::Client),
                visible_to_client: Some(self.event != TriggerEvent::NewInternalTicket),
                ..Said::default()
            },
            from: self.from.first().cloned(),
            to: self.to.first().cloned(),
            ..Event::of(
                self.event.listens_to().unwrap_or(EventType::OPENING),
                "",
                0,
                DateTime::UNIX_EPOCH,
            )
        }
    }
}
