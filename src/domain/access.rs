//! Access: a contract was cut or connected again, and which triggers tell its client.

use super::template::Need;
use super::ticket::event_type::TriggerEvent;
use super::ticket::trigger::Trigger;
use super::words::{AccessStatus, Channel, Word as _};
use crate::error::{Flaw, did_you_mean};

/// One change of a contract's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessChange {
    /// The contract.
    pub contract_id: i64,
    /// Which of its changes, from 1.
    pub number: i64,
    /// The state it had.
    pub from: AccessStatus,
    /// The state it came to.
    pub to: AccessStatus,
}

impl AccessChange {
    /// The key of what is told of it on a channel. For push the device's address follows.
    pub fn key(&self, channel: Channel) -> String {
        format!(
            "access/{}/{}/{}/{channel}",
            self.contract_id, self.number, self.to
        )
    }
}

/// What a trigger of event `access` listens to: empty lists ask for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessListener {
    /// The states it is left for.
    pub from: Vec<AccessStatus>,
    /// The states it comes to.
    pub to: Vec<AccessStatus>,
    /// Its templates' names.
    pub templates: Vec<String>,
    /// The trigger's name.
    pub name: String,
}

impl AccessListener {
    /// What a trigger listens to, if its event is `access`.
    pub fn of(trigger: &Trigger) -> Option<Self> {
        let words = |texts: &[String]| {
            texts
                .iter()
                .filter_map(|t| AccessStatus::parse(t))
                .collect()
        };
        (trigger.event == TriggerEvent::Access).then(|| Self {
            from: words(&trigger.from),
            to: words(&trigger.to),
            templates: trigger.templates.clone(),
            name: trigger.name.clone(),
        })
    }

    /// Whether it hears of a change.
    pub fn hears(&self, from: AccessStatus, to: AccessStatus) -> bool {
        let among = |given: &[AccessStatus], state| given.is_empty() || given.contains(&state);
        among(&self.from, from) && among(&self.to, to)
    }
}

/// Whether a change of access has what a variable needs: the contract, and its oldest owing invoice.
pub const fn supplies(need: Need) -> bool {
    !matches!(need, Need::Login | Need::Ticket)
}

/// The words of a trigger's `from` and `to` that are no states of access, where its event is `access`.
pub fn word_flaws(trigger: &Trigger) -> Vec<Flaw> {
    if trigger.event != TriggerEvent::Access {
        return Vec::new();
    }
    let lists = [("from", &trigger.from), ("to", &trigger.to)];
    let words = lists
        .into_iter()
        .flat_map(|(key, words)| words.iter().map(move |word| (key, word)));
    words
        .filter(|(_, word)| AccessStatus::parse(word).is_none())
        .map(|(key, word)| {
            let known = AccessStatus::ALL.iter().map(|status| status.as_str());
            let near =
                did_you_mean(word, known).map_or_else(String::new, |near| format!("; {near}"));
            let remedy = format!("write some of: {}{near}", AccessStatus::accepted());
            Flaw::of(key, format!("`{word}` is no state of access"), remedy)
        })
        .collect()
}

/// That no change can be heard by a trigger of event `access`, where its one `from` is its one `to`.
pub fn never_heard(trigger: &Trigger) -> Option<String> {
    let state = trigger.from.first()?;
    let mut others = trigger.from.iter().chain(&trigger.to);
    (!trigger.to.is_empty() && others.all(|other| other == state))
        .then(|| format!("no change goes from {state} to itself: nobody hears"))
}

/// Spells the states of a trigger of event `access` as they are kept: `CA` is `auto_block`.
pub fn spell_out(trigger: &mut Trigger) {
    if trigger.event != TriggerEvent::Access {
        return;
    }
    for word in trigger.from.iter_mut().chain(&mut trigger.to) {
        if let Some(status) = AccessStatus::parse(word) {
            status.as_str().clone_into(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_hears_the_changes_its_lists_name() {
        use AccessStatus::{Active, AutoBlock, ManualBlock};
        let mut trigger = Trigger::new("back", TriggerEvent::Access);
        trigger.from = vec!["auto_block".to_owned(), "manual_block".to_owned()];
        trigger.to = vec!["active".to_owned()];
        let listener = AccessListener::of(&trigger).expect("of event access");
        assert!(listener.hears(ManualBlock, Active));
        assert!(!listener.hears(Active, AutoBlock));
        assert!(!listener.hears(AutoBlock, ManualBlock));
        trigger.from.clear();
        let listener = AccessListener::of(&trigger).expect("of event access");
        assert!(listener.hears(AccessStatus::Disabled, Active));
        assert_eq!(
            AccessListener::of(&Trigger::new("t", TriggerEvent::Reply)),
            None
        );
    }

    #[test]
    fn a_key_counts_the_changes_of_its_contract() {
        let change = AccessChange {
            contract_id: 11,
            number: 3,
            from: AccessStatus::Active,
            to: AccessStatus::AutoBlock,
        };
        assert_eq!(change.key(Channel::Sms), "access/11/3/auto_block/sms");
    }
}
