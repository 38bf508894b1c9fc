//! The words of ours that stand in texts, as clients read them: in Portuguese, or as the provider says them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::text::fold;

/// Statuses and priorities of tickets, as sync and most systems write them.
const PORTUGUESE: [(&str, &str); 19] = [
    ("new", "novo"),
    ("open", "aberto"),
    ("opened", "aberto"),
    ("pending", "pendente"),
    ("waiting", "aguardando"),
    ("scheduled", "agendado"),
    ("in_progress", "em andamento"),
    ("resolved", "resolvido"),
    ("solved", "resolvido"),
    ("closed", "fechado"),
    ("reopened", "reaberto"),
    ("cancelled", "cancelado"),
    ("canceled", "cancelado"),
    ("low", "baixa"),
    ("normal", "normal"),
    ("medium", "média"),
    ("high", "alta"),
    ("urgent", "urgente"),
    ("critical", "crítica"),
];

/// A provider's own words in place of ours, by our word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnWords(BTreeMap<String, String>);

impl OwnWords {
    /// The provider's words: ours, and what it says in their place.
    pub fn new(words: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(
            words
                .into_iter()
                .map(|(word, own)| (folded(&word), own))
                .collect(),
        )
    }

    /// What the provider says for a word of ours, if it says it otherwise.
    pub fn said(&self, word: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&folded(word)).map(String::as_str)
    }

    /// A free word (a ticket's status or priority) as a text says it: the provider's, else the Portuguese one,
    /// else the word itself.
    pub fn free<'a>(&'a self, word: &'a str) -> Cow<'a, str> {
        if let Some(own) = self.said(word) {
            return Cow::Borrowed(own);
        }
        let folded = folded(word);
        PORTUGUESE
            .iter()
            .find(|(ours, _)| *ours == folded)
            .map_or(Cow::Borrowed(word), |(_, portuguese)| {
                Cow::Borrowed(*portuguese)
            })
    }
}

impl OwnWords {
    /// The free words that somebody may mean: the one typed, and those of ours that are read so.
    pub fn meant(&self, typed: &str) -> Vec<String> {
        let wanted = folded(&fold(typed));
        let ours = PORTUGUESE.iter().map(|(ours, _)| *ours);
        let read_so = ours.filter(|ours| folded(&fold(&self.free(ours))) == wanted);
        std::iter::once(typed)
            .chain(read_so)
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a status or priority is one that sync and most systems write.
pub fn is_usual_word(word: &str) -> bool {
    let folded = folded(word);
    PORTUGUESE
        .iter()
        .any(|(ours, portuguese)| *ours == folded || *portuguese == word.trim().to_lowercase())
}

/// A word without regard to case, and to whether `_`, `-` or a space joins its parts.
fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_are_portuguese_the_provider_s_come_first_and_others_stay() {
        let own = OwnWords::new([("In_Progress".to_owned(), "em atendimento".to_owned())]);
        assert_eq!(own.free("in progress"), "em atendimento");
        assert_eq!(own.free("Resolved"), "resolvido");
        assert_eq!(own.free("high"), "alta");
        assert_eq!(own.free("Aguardando peça"), "Aguardando peça");
        let none = OwnWords::default();
        assert_eq!(none.free("in_progress"), "em andamento");
        assert_eq!(none.said("active"), None);
    }

    #[test]
    fn what_is_typed_means_what_is_read_so() {
        let none = OwnWords::default();
        assert_eq!(none.meant("Em andamento"), ["Em andamento", "in_progress"]);
        assert_eq!(none.meant("resolvido"), ["resolvido", "resolved", "solved"]);
        assert_eq!(none.meant("em campo"), ["em campo"]);
        let own = OwnWords::new([("in_progress".to_owned(), "em campo".to_owned())]);
        assert_eq!(own.meant("em campo"), ["em campo", "in_progress"]);
    }

    #[test]
    fn a_usual_word_is_known_in_both_tongues() {
        assert!(is_usual_word("In progress") && is_usual_word("em andamento"));
        assert!(!is_usual_word("reslved"));
    }
}
