//! Telling those whom an event's lists name: each hears once a channel, from the first list that named them.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Staff;
use super::listening::Armed;
use super::notice::{Hearing, ListName, Notice, Person, Untold, Why, Words};
use crate::domain::recipient::{Reach, reach_staff};
use crate::domain::words::Channel;

/// Somebody a list names, before it is known which of the lists speaks to them.
pub(super) struct Candidate<'a> {
    pub(super) person: Person,
    pub(super) list: ListName,
    /// The place of the trigger in order of precedence, from 0.
    pub(super) rank: usize,
    pub(super) armed: &'a Armed,
}

/// Who has been told of one event so far.
#[derive(Default)]
pub(super) struct Telling {
    pub(super) said: Hearing,
    /// Who hears already on a channel: from which list, and whether others may add to it.
    told: BTreeMap<(Person, Channel), (ListName, bool)>,
    /// Ticket managers who have had their one general notice.
    managers: BTreeSet<i64>,
}

impl Telling {
    /// Whether somebody has had a ticket manager's general notice.
    pub(super) fn is_manager(&self, id: i64) -> bool {
        self.managers.contains(&id)
    }

    /// Tells a ticket manager in general words: those of the first trigger, or of the next that can be filled.
    pub(super) fn tell_manager(&mut self, person: &Staff, armed: &Armed, next: &[&Armed]) {
        let who = Person::Staff(person.id);
        if !person.active {
            self.leave_out(Some(who), &ListName::Managers, armed, Why::Inactive);
            return;
        }
        self.managers.insert(person.id);
        for (at, channel) in self.theirs(who, &ListName::Managers, armed) {
            let otherwise = next.iter().filter_map(|next| next.words_on(channel));
            self.tell(who, &ListName::Managers, armed, at, otherwise.collect());
        }
    }

    /// Speaks to each candidate in order. On each channel a person hears by the trigger that
    /// comes first for them, from the first of its lists that names them, and from its other
    /// lists where it allows duplicates.
    pub(super) fn speak(&mut self, candidates: Vec<Candidate<'_>>) {
        let mut naming: BTreeMap<(Person, Channel), BTreeMap<usize, &Armed>> = BTreeMap::new();
        for candidate in &candidates {
            for channel in &candidate.armed.channels {
                naming
                    .entry((candidate.person, *channel))
                    .or_default()
                    .insert(candidate.rank, candidate.armed);
            }
        }
        for candidate in candidates {
            let Candidate {
                person,
                list,
                rank,
                armed,
            } = candidate;
            for (at, channel) in self.theirs(person, &list, armed) {
                let by_rank = naming.get(&(person, channel));
                match by_rank.and_then(BTreeMap::first_key_value) {
                    Some((best, winner)) if *best != rank => self.said.left_out.push(Untold {
                        person: Some(person),
                        channel: Some(channel),
                        list: list.clone(),
                        trigger: Some(armed.trigger.name.clone()),
                        why: Why::Outdone(winner.trigger.name.clone()),
                    }),
                    _ => {
                        let next = by_rank.into_iter().flat_map(BTreeMap::values).skip(1);
                        let otherwise = next.filter_map(|next| next.words_on(channel)).collect();
                        self.tell(person, &list, armed, at, otherwise);
                    }
                }
            }
        }
    }

    /// The templates of a trigger by which somebody may be told, each with its channel; when there is none
    /// they are left out.
    fn theirs(&mut self, person: Person, list: &ListName, armed: &Armed) -> Vec<(usize, Channel)> {
        let channels = armed.channels.iter().copied().enumerate();
        let theirs: Vec<_> = channels
            .filter(|(_, channel)| person.hears_on(*channel))
            .collect();
        if theirs.is_empty() && !armed.channels.is_empty() {
            self.leave_out(Some(person), list, armed, Why::NoTemplate);
        }
        theirs
    }

    /// Makes one notice, unless the person hears on that channel already.
    fn tell(
        &mut self,
        person: Person,
        list: &ListName,
        armed: &Armed,
        at: usize,
        otherwise: Vec<Words>,
    ) {
        let channel = armed.channels[at];
        let spot = (person, channel);
        let trigger = &armed.trigger;
        if let Some((earlier, more)) = self.told.get(&spot) {
            if !more || earlier == list {
                let why = Why::Earlier(earlier.clone());
                self.said.left_out.push(Untold {
                    person: Some(person),
                    channel: Some(channel),
                    list: list.clone(),
                    trigger: Some(trigger.name.clone()),
                    why,
                });
                return;
            }
        } else {
            let more = trigger.allow_duplicates;
            self.told.insert(spot, (list.clone(), more));
        }
        self.said.notices.push(Notice {
            person,
            channel,
            words: Words::Template {
                trigger: trigger.name.clone(),
                template: trigger.templates[at].clone(),
            },
            otherwise,
            list: list.clone(),
            keyed_by_list: trigger.allow_duplicates,
        });
    }

    /// Alerts somebody in a topic's own words; `person` is as the book has them.
    pub(super) fn alert(&mut self, id: i64, person: Option<&Staff>, topic: i64) {
        let who = Person::Staff(id);
        let list = ListName::Alert(topic);
        let (channel, why) = match person {
            None => (None, Why::NotInTheBook),
            Some(person) if !person.active => (None, Why::Inactive),
            Some(_) if self.is_manager(id) => (None, Why::Manager),
            Some(person) => {
                let channel = alert_channel(person);
                match self.told.get(&(who, channel)) {
                    Some((earlier, false)) => (Some(channel), Why::Earlier(earlier.clone())),
                    _ => return self.tell_alert(who, channel, list, topic),
                }
            }
        };
        self.said.left_out.push(Untold {
            person: Some(who),
            channel,
            list,
            trigger: None,
            why,
        });
    }

    fn tell_alert(&mut self, person: Person, channel: Channel, list: ListName, topic: i64) {
        self.told
            .entry((person, channel))
            .or_insert_with(|| (list.clone(), false));
        self.said.notices.push(Notice {
            person,
            channel,
            words: Words::Alert(topic),
            otherwise: Vec::new(),
            list,
            keyed_by_list: true,
        });
    }

    /// Notes that somebody does not hear by a trigger's list, on any channel.
    pub(super) fn leave_out(
        &mut self,
        person: Option<Person>,
        list: &ListName,
        armed: &Armed,
        why: Why,
    ) {
        self.said.left_out.push(Untold {
            person,
            channel: None,
            list: list.clone(),
            trigger: Some(armed.trigger.name.clone()),
            why,
        });
    }
}

/// How somebody is alerted: by e-mail, else by text message; by e-mail too when neither can
/// work, so that the history tells what is wrong with it.
fn alert_channel(person: &Staff) -> Channel {
    let mut ways: Vec<Channel> = Channel::that(|nature| nature.alert_rank.is_some()).collect();
    ways.sort_by_key(|channel| channel.nature().alert_rank);
    let works = |way: &&Channel| matches!(reach_staff(person, **way), Reach::To(_));
    let usual = ways[0];
    ways.iter().find(works).copied().unwrap_or(usual)
}
