//! Blame: which refusals are booked on a message, and which turn out to be about us or about a template.
//!
//! A refusal for good that does not say whom it is about is booked on its message, until eight alike in a
//! row, with nothing accepted among them, show that it is about us: then they all go back. A fault of what
//! is written is booked on its message, until a second message of the template meets it and none of it was
//! accepted: then both go back, and the template is set aside.

use std::collections::HashMap;

use super::judging::InFlight;
use super::workers::Answer;
use crate::channel::{AboutWhom, Next, Refusal};

/// So many refusals alike in a row are about us.
const ALIKE: usize = 8;

/// What a refusal says, without what differs from message to message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words(String);

impl Words {
    /// Words as they were written down.
    pub const fn written(text: String) -> Self {
        Self(text)
    }

    /// As they are written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code and the words of a refusal, with addresses, numbers and ids taken out.
    fn of(refusal: &Refusal, address: &str) -> Self {
        /// No word of a sentence is longer.
        const LONGEST_WORD: usize = 24;
        let mut text = refusal.text.to_lowercase();
        let address = address.to_lowercase();
        for known in [address.as_str(), address.trim_start_matches('+')] {
            if !known.is_empty() {
                text = text.replace(known, "#");
            }
        }
        let mut words = refusal.code.clone().unwrap_or_default();
        for token in text.split_whitespace() {
            let plain = token.len() <= LONGEST_WORD
                && !token.contains(|c: char| c.is_ascii_digit() || c == '@' || c == '#');
            words.push(' ');
            words.push_str(if plain { token } else { "#" });
        }
        Self(words)
    }
}

/// What is known of a template's texts in this run.
#[derive(Default)]
struct Writing {
    accepted: bool,
    /// The first message that failed for what is written.
    faulty: Option<i64>,
    aside: bool,
}

/// What a message's answer comes to besides what it says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Not booked on the message after all: it goes back into the queue, to be tried last.
    pub is_returned: bool,
    /// Messages on which the same was booked before: they go back too.
    pub also: Vec<i64>,
    /// The template's messages wait for the next run.
    pub sets_aside: bool,
    /// Why the channel must close.
    pub close: Option<String>,
}

/// Keeps account of one channel's refusals.
#[derive(Default)]
pub(super) struct Blame {
    /// Refusals in a row that do not say whom they are about.
    alike: Option<(Words, Vec<i64>)>,
    /// What stopped the channel, in this run or an earlier one, as long as nothing was accepted since.
    known: Option<Words>,
    /// What stopped the channel in this run.
    closed_for: Option<Words>,
    accepted: bool,
    writings: HashMap<String, Writing>,
}

impl Blame {
    /// An account that remembers what stopped the channel before.
    pub fn remembering(known: Option<Words>) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// What stopped the channel, as long as nothing was accepted since.
    pub const fn known(&self) -> Option<&Words> {
        self.known.as_ref()
    }

    /// Whether anything was accepted in this run.
    pub const fn accepted(&self) -> bool {
        self.accepted
    }

    /// Hears an answer about a message.
    pub fn hear(&mut self, id: i64, answer: &Answer, flight: &InFlight) -> Verdict {
        match answer {
            Answer::NotBegun => Verdict::default(),
            Answer::Done(Ok(_)) => {
                self.accepted = true;
                self.alike = None;
                self.known = None;
                self.writing(flight).accepted = true;
                Verdict::default()
            }
            Answer::Done(Err(refusal)) => match (refusal.next, refusal.about) {
                (Next::Never(_), AboutWhom::Content) => self.content(id, flight),
                (Next::Never(_), AboutWhom::Unsaid) => self.unsaid(id, refusal, flight),
                _ => Verdict::default(),
            },
        }
    }

    fn writing(&mut self, flight: &InFlight) -> &mut Writing {
        let name = flight.template.as_deref();
        let name = name.unwrap_or_else(|| flight.lot.as_str());
        self.writings.entry(name.to_owned()).or_default()
    }

    fn content(&mut self, id: i64, flight: &InFlight) -> Verdict {
        let writing = self.writing(flight);
        if writing.accepted {
            return Verdict::default();
        }
        let Some(first) = writing.faulty.filter(|_| !writing.aside) else {
            writing.faulty = Some(id);
            return Verdict {
                is_returned: writing.aside,
                sets_aside: writing.aside,
                ..Verdict::default()
            };
        };
        writing.aside = true;
        Verdict {
            is_returned: true,
            also: vec![first],
            sets_aside: true,
            close: None,
        }
    }

    fn unsaid(&mut self, id: i64, refusal: &Refusal, flight: &InFlight) -> Verdict {
        let words = Words::of(refusal, &flight.address);
        if let Some(closed_for) = &self.closed_for {
            return Verdict {
                is_returned: *closed_for == words,
                ..Verdict::default()
            };
        }
        // Others were accepted since it went back, and this one still is not: it is about this one.
        if flight.tried_last && self.known.is_none() {
            return Verdict::default();
        }
        let is_known = self.known.as_ref() == Some(&words);
        let ids = match &mut self.alike {
            Some((alike, ids)) if *alike == words => {
                ids.push(id);
                ids
            }
            alike => &mut alike.insert((words.clone(), vec![id])).1,
        };
        if ids.len() < ALIKE {
            return Verdict {
                is_returned: is_known,
                ..Verdict::default()
            };
        }
        let also = ids[..ids.len() - 1].to_vec();
        self.known = Some(words.clone());
        self.closed_for = Some(words);
        Verdict {
            is_returned: true,
            also,
            sets_aside: false,
            close: Some(format!(
                "{ALIKE} refusals alike in a row, which are about us and not about {ALIKE} people: {}",
                refusal.said()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Accepted;
    use crate::domain::words::Reason;

    fn refused(about: AboutWhom, text: &str) -> Answer {
        let refusal = Refusal::new(Next::Never(Reason::Refused), text).code("400");
        Answer::Done(Err(refusal.about(about)))
    }

    fn flight(address: &str) -> InFlight {
        InFlight::for_tests(address)
    }

    #[test]
    fn eight_alike_go_back_whatever_addresses_stand_in_their_words() {
        let mut blame = Blame::default();
        for id in 1..8 {
            let said = refused(
                AboutWhom::Unsaid,
                &format!("conta 77{id} bloqueada: d-{id}"),
            );
            let verdict = blame.hear(id, &said, &flight(&format!("d-{id}")));
            assert_eq!(verdict, Verdict::default());
        }
        let said = refused(AboutWhom::Unsaid, "conta 9 bloqueada: d-8");
        let verdict = blame.hear(8, &said, &flight("d-8"));
        assert!(verdict.is_returned && verdict.close.is_some());
        assert_eq!(verdict.also, [1, 2, 3, 4, 5, 6, 7]);
        // One that was in flight meanwhile.
        let late = blame.hear(9, &said, &flight("d-9"));
        assert!(late.is_returned && late.close.is_none());
    }

    #[test]
    fn other_words_or_an_acceptance_begin_a_new_row_and_named_people_do_not_count() {
        let mut blame = Blame::default();
        for id in 1..30 {
            let answer = match id % 7 {
                0 => Answer::Done(Ok(Accepted::default())),
                3 => refused(AboutWhom::Recipient, "this number has no account"),
                _ => refused(AboutWhom::Unsaid, "not accepted"),
            };
            assert_eq!(blame.hear(id, &answer, &flight("x")), Verdict::default());
        }
        for id in 30..60 {
            let text = if id % 2 == 0 { "one word" } else { "another" };
            let verdict = blame.hear(id, &refused(AboutWhom::Unsaid, text), &flight("x"));
            assert_eq!(verdict, Verdict::default());
        }
    }

    #[test]
    fn what_stopped_the_channel_before_is_booked_on_nobody_until_others_are_accepted() {
        let said = || refused(AboutWhom::Unsaid, "not accepted");
        let known = Words::written("400 not accepted".to_owned());
        let mut blame = Blame::remembering(Some(known));
        assert!(blame.hear(1, &said(), &flight("x")).is_returned);
        blame.hear(2, &Answer::Done(Ok(Accepted::default())), &flight("y"));
        let mut last = flight("x");
        last.tried_last = true;
        assert_eq!(blame.hear(1, &said(), &last), Verdict::default());
    }

    #[test]
    fn a_fault_of_content_fails_one_and_a_second_one_sets_the_template_aside() {
        let said = || refused(AboutWhom::Content, "too long");
        let mut blame = Blame::default();
        assert_eq!(blame.hear(1, &said(), &flight("x")), Verdict::default());
        let second = blame.hear(2, &said(), &flight("y"));
        assert!(second.is_returned && second.sets_aside && second.close.is_none());
        assert_eq!(second.also, [1]);
        let mut other = Blame::default();
        other.hear(1, &Answer::Done(Ok(Accepted::default())), &flight("x"));
        for id in 2..20 {
            let verdict = other.hear(id, &said(), &flight("y"));
            assert_eq!(verdict, Verdict::default());
        }
    }
}
