//! Who hears of a ticket event: one pure decision, with everybody left out and why.

use super::event::{Event, Staff, Ticket, Topic};
use super::event_type::{EventType, TriggerEvent};
use super::listening::{Armed, listening};
use super::notice::{Hearing, ListName, Person, Why};
use super::telling::{Candidate, Telling};
use super::trigger::{Audience, Somebody, Trigger, in_team};

/// What the book knows of who could hear.
#[derive(Debug, Clone, Copy)]
pub struct House<'a> {
    /// Every trigger.
    pub triggers: &'a [Armed],
    /// All staff.
    pub staff: &'a [Staff],
    /// All topics and sub-topics.
    pub topics: &'a [Topic],
}

/// Decides who hears of `event`, as section 9 has it. `before` is the ticket as the book knew
/// it before the event, `ticket` as the event leaves it.
pub fn recipients(
    event: &Event,
    before: Option<&Ticket>,
    ticket: &Ticket,
    house: &House<'_>,
) -> Hearing {
    let mut staff: Vec<&Staff> = house.staff.iter().collect();
    staff.sort_by_key(|person| person.id);
    let (listening, matching) = listening(house.triggers, event, before, ticket);
    let mut lists = Lists {
        ticket,
        staff,
        topics: house.topics,
        telling: Telling::default(),
    };
    match event.kind {
        EventType::Opened => lists.opened(&listening, &matching),
        EventType::Moved => lists.moved(&matching),
        EventType::Replied => lists.replied(&matching),
    }
    lists.telling.said
}

/// The lists of one event, read one after another.
struct Lists<'a> {
    ticket: &'a Ticket,
    /// By id.
    staff: Vec<&'a Staff>,
    topics: &'a [Topic],
    telling: Telling,
}

impl<'a> Lists<'a> {
    /// A new ticket: the client, managers, teams, named staff, alerts.
    fn opened(&mut self, listening: &[&'a Armed], matching: &[&'a Armed]) {
        let (to_client, to_staff): (Vec<&Armed>, Vec<&Armed>) = matching
            .iter()
            .partition(|armed| armed.trigger.event == TriggerEvent::NewTicketClient);
        let mut candidates = Vec::new();
        for (rank, armed) in to_client.into_iter().enumerate() {
            candidates.extend(self.client(rank, armed));
        }
        self.telling.speak(candidates);

        let first = to_staff.first().copied().or_else(|| {
            listening
                .iter()
                .find(|armed| armed.trigger.event.tells_staff_of_new_tickets())
                .copied()
        });
        if let Some(first) = first {
            let next = to_staff.get(1..).unwrap_or_default();
            self.general_notice(first, next);
        }

        let mut candidates = Vec::new();
        for (rank, armed) in to_staff.iter().enumerate() {
            let members = self.team_members(&armed.trigger);
            candidates.extend(self.allowed(members, &ListName::Teams, rank, armed, None));
        }
        // One list of all triggers' teams: within it people stand by id.
        candidates.sort_by_key(|candidate| candidate.person);
        for (rank, armed) in to_staff.iter().enumerate() {
            let named = self.by_id(&armed.trigger.staff, &ListName::Staff, armed);
            let flag = Some("notify_workflow");
            candidates.extend(self.allowed(named, &ListName::Staff, rank, armed, flag));
        }
        self.telling.speak(candidates);
        self.alerts();
    }

    /// A move: each trigger's audience in its order.
    fn moved(&mut self, matching: &[&'a Armed]) {
        let mut candidates = Vec::new();
        for (rank, armed) in matching.iter().enumerate() {
            for member in &armed.trigger.audience {
                let (list, people) = match member {
                    Audience::Client => {
                        candidates.extend(self.client(rank, armed));
                        continue;
                    }
                    Audience::Responsible => {
                        let ids: Vec<i64> = self.ticket.responsible_id.into_iter().collect();
                        if ids.is_empty() {
                            self.telling.leave_out(
                                None,
                                &ListName::Responsible,
                                armed,
                                Why::NobodyResponsible,
                            );
                        }
                        let people = self.by_id(&ids, &ListName::Responsible, armed);
                        (ListName::Responsible, people)
                    }
                    Audience::Managers => {
                        let managers = |person: &&&Staff| person.ticket_manager;
                        let people = self.staff.iter().filter(managers).copied().collect();
                        (ListName::Managers, people)
                    }
                    Audience::Teams => (ListName::Teams, self.team_members(&armed.trigger)),
                    Audience::Named(somebody) => {
                        let list = ListName::Named(somebody.clone());
                        let people = self.somebody(somebody, &list, armed);
                        (list, people)
                    }
                };
                let flag = Some("notify_workflow");
                candidates.extend(self.allowed(people, &list, rank, armed, flag));
            }
        }
        self.telling.speak(candidates);
    }

    /// A reply: named staff, then the responsible, else the fallback.
    fn replied(&mut self, matching: &[&'a Armed]) {
        let flag = Some("notify_replies");
        let mut candidates = Vec::new();
        for (rank, armed) in matching.iter().enumerate() {
            let named = self.by_id(&armed.trigger.staff, &ListName::Staff, armed);
            candidates.extend(self.allowed(named, &ListName::Staff, rank, armed, flag));
        }
        let responsible = self.ticket.responsible_id.and_then(|id| self.person(id));
        for (rank, armed) in matching.iter().enumerate() {
            if let Some(person) = responsible.filter(|person| person.active) {
                let list = &ListName::Responsible;
                candidates.extend(self.allowed(vec![person], list, rank, armed, None));
                continue;
            }
            let (person, why) = match self.ticket.responsible_id {
                None => (None, Why::NobodyResponsible),
                Some(id) if responsible.is_none() => (Some(id), Why::NotInTheBook),
                Some(id) => (Some(id), Why::Inactive),
            };
            self.telling.leave_out(
                person.map(Person::Staff),
                &ListName::Responsible,
                armed,
                why,
            );
            if let Some(fallback) = &armed.trigger.fallback {
                let people = self.somebody(fallback, &ListName::Fallback, armed);
                candidates.extend(self.allowed(people, &ListName::Fallback, rank, armed, flag));
            }
        }
        self.telling.speak(candidates);
    }

    /// The one general notice to every active ticket manager.
    fn general_notice(&mut self, armed: &Armed, next: &[&Armed]) {
        for person in self.staff.iter().filter(|person| person.ticket_manager) {
            self.telling.tell_manager(person, armed, next);
        }
    }

    /// A topic's and then a sub-topic's alert.
    fn alerts(&mut self) {
        let topics = self.topics;
        for id in [self.ticket.topic_id, self.ticket.subtopic_id] {
            let topic = id.and_then(|id| topics.iter().find(|topic| topic.id == id));
            let Some(topic) = topic.filter(|topic| topic.alerts()) else {
                continue;
            };
            let mut ids = topic.alert_staff.clone();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                self.telling.alert(id, self.person(id), topic.id);
            }
        }
    }

    /// The ticket's client, if they may hear of it.
    fn client(&mut self, rank: usize, armed: &'a Armed) -> Option<Candidate<'a>> {
        let person = self.ticket.client_id.map(Person::Client);
        let why = match person {
            None => Why::NoClient,
            Some(_) if !self.ticket.visible() => Why::Invisible,
            Some(person) => {
                return Some(Candidate {
                    person,
                    list: ListName::Client,
                    rank,
                    armed,
                });
            }
        };
        self.telling
            .leave_out(person, &ListName::Client, armed, why);
        None
    }

    fn person(&self, id: i64) -> Option<&'a Staff> {
        let at = self.staff.binary_search_by_key(&id, |person| person.id);
        at.ok().map(|at| self.staff[at])
    }

    /// The staff of these ids, in this order.
    fn by_id(&mut self, ids: &[i64], list: &ListName, armed: &Armed) -> Vec<&'a Staff> {
        let mut people = Vec::new();
        for id in ids {
            match self.person(*id) {
                Some(person) => people.push(person),
                None => {
                    self.telling.leave_out(
                        Some(Person::Staff(*id)),
                        list,
                        armed,
                        Why::NotInTheBook,
                    );
                }
            }
        }
        people
    }

    /// One person, or a team by id.
    fn somebody(&mut self, somebody: &Somebody, list: &ListName, armed: &Armed) -> Vec<&'a Staff> {
        match somebody {
            Somebody::Staff(id) => self.by_id(&[*id], list, armed),
            Somebody::Team(team) => self.in_teams(std::slice::from_ref(team)),
        }
    }

    /// The members of the trigger's own teams, else of those of the ticket's topic and sub-topic.
    fn team_members(&self, trigger: &Trigger) -> Vec<&'a Staff> {
        if !trigger.teams.is_empty() {
            return self.in_teams(&trigger.teams);
        }
        let teams: Vec<String> = self
            .topics
            .iter()
            .filter(|topic| {
                Some(topic.id) == self.ticket.topic_id || Some(topic.id) == self.ticket.subtopic_id
            })
            .flat_map(|topic| topic.teams.iter().cloned())
            .collect();
        self.in_teams(&teams)
    }

    fn in_teams(&self, teams: &[String]) -> Vec<&'a Staff> {
        self.staff
            .iter()
            .filter(|person| teams.iter().any(|team| in_team(person, team)))
            .copied()
            .collect()
    }

    /// Those who are active, are no manager already told, and have the flag; the others are left out.
    fn allowed(
        &mut self,
        people: Vec<&'a Staff>,
        list: &ListName,
        rank: usize,
        armed: &'a Armed,
        flag: Option<&'static str>,
    ) -> Vec<Candidate<'a>> {
        let mut candidates = Vec::new();
        for person in people {
            let who = Person::Staff(person.id);
            let why = if !person.active {
                Why::Inactive
            } else if self.telling.is_manager(person.id) {
                Why::Manager
            } else if let Some(flag) = flag.filter(|flag| !person.has(flag)) {
                Why::Without(flag)
            } else {
                candidates.push(Candidate {
                    person: who,
                    list: list.clone(),
                    rank,
                    armed,
                });
                continue;
            };
            self.telling.leave_out(Some(who), list, armed, why);
        }
        candidates
    }
}

#[cfg(test)]
mod tests;
