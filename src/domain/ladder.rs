//! The collection ladder: its stages, the phases that say something, and the moves an invoice can make.
//!
//! A stage stands here once: every list of stages, on every floor, is [`Stage::ALL`], and whatever a
//! stage's place in the ladder means follows from the order of its lines.

use std::fmt;

use super::words::{Word, plain, words_enum};

words_enum! {
    /// A step of the collection ladder after the due date, in the order of the ladder.
    Stage {
        /// *Aviso de cobrança*.
        Notice = "notice" | "aviso",
        /// *Questionamento de pendência*.
        Inquiry = "inquiry" | "questionamento",
        /// *Agendar pagamento*.
        Arrangement = "arrangement" | "agendamento",
        /// *Cobrança presencial*.
        Visit = "visit" | "visita",
        /// *Análise de crédito, cartório*.
        Bureau = "bureau" | "negativação",
    }
}

impl Stage {
    /// The stage with which every rule, and every case, begins.
    pub const FIRST: Self = Self::ALL[0];
}

words_enum! {
    /// How a case ended.
    CaseOutcome {
        /// The invoice was paid.
        Paid = "paid" | "paga",
        /// The invoice was cancelled.
        Cancelled = "cancelled" | "cancelada",
        /// The invoice was renegotiated.
        Renegotiated = "renegotiated" | "renegociada",
        /// The due date was moved so far that the invoice is no longer late enough.
        Postponed = "postponed" | "adiada",
        /// The rule it belonged to was removed.
        RuleRemoved = "rule_removed" | "régua removida",
        /// The invoice, or its client, is gone from the source that brought it: it reopens when they are back.
        Gone = "gone" | "sumida da fonte",
    }
}

impl CaseOutcome {
    /// What is told of it; nothing of a postponement, of a rule's end, nor of what is gone.
    pub const fn closing(self) -> Option<Closing> {
        match self {
            Self::Paid => Some(Closing::Paid),
            Self::Cancelled => Some(Closing::Cancelled),
            Self::Renegotiated => Some(Closing::Renegotiated),
            Self::Postponed | Self::RuleRemoved | Self::Gone => None,
        }
    }
}

words_enum! {
    /// What a closing message tells.
    Closing {
        /// The invoice was paid.
        Paid = "paid" | "paga",
        /// The invoice was cancelled.
        Cancelled = "cancelled" | "cancelada",
        /// The invoice was renegotiated.
        Renegotiated = "renegotiated" | "renegociada",
        /// The listing with the credit bureau was removed.
        BureauRemoved = "bureau_removed" | "baixa da negativação",
    }
}

/// A part of a rule that has its own templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The reminders.
    Reminder,
    /// One stage.
    Stage(Stage),
    /// One closing.
    Closing(Closing),
}

impl Phase {
    /// The phase of that name.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "reminder" {
            return Some(Self::Reminder);
        }
        match text.split_once(':')? {
            ("stage", name) => Stage::parse(name).map(Self::Stage),
            ("closing", name) => Closing::parse(name).map(Self::Closing),
            _ => None,
        }
    }

    /// The phases that an invoice goes through as long as nobody pays: the reminders, then every stage.
    pub fn unpaid() -> impl Iterator<Item = Self> {
        let stages = Stage::ALL.iter().map(|stage| Self::Stage(*stage));
        std::iter::once(Self::Reminder).chain(stages)
    }

    /// The word for it alone: `reminder`, `notice`, `paid`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Stage(stage) => stage.as_str(),
            Self::Closing(closing) => closing.as_str(),
        }
    }
}

/// `reminder`, `stage:notice`, `closing:paid`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reminder => f.pad(self.word()),
            Self::Stage(stage) => f.pad(&format!("stage:{stage}")),
            Self::Closing(closing) => f.pad(&format!("closing:{closing}")),
        }
    }
}

/// The kinds of moves: of each, a client gets one message per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoveKind {
    /// Something ended.
    Closing,
    /// A stage was reached.
    Stage,
    /// The due date comes near.
    Reminder,
}

impl MoveKind {
    /// Every kind, in the order in which their messages are written.
    pub const ALL: [Self; 3] = [Self::Closing, Self::Stage, Self::Reminder];
}

/// One thing that happens to an invoice on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Its case closes.
    Close {
        /// How.
        outcome: CaseOutcome,
        /// The removal from the bureau's list was due too, and waits for a later run.
        bureau_waits: bool,
    },
    /// The removal from the bureau's list is told.
    BureauRemoved,
    /// The reminder of this many days before the due date fires.
    Reminder(i64),
    /// A case begins, at the first stage.
    Enter,
    /// Its case moves on to this stage.
    Advance(Stage),
}

impl Move {
    /// The move that an event names (the first stage's is how a case begins); none when it names no move.
    pub fn parse(event: &str, bureau_waits: bool) -> Option<Self> {
        let (kind, name) = event.split_once(':')?;
        match kind {
            "reminder" => name.parse().ok().map(Self::Reminder),
            "stage" => Stage::parse(name).map(|stage| match stage {
                Stage::FIRST => Self::Enter,
                stage => Self::Advance(stage),
            }),
            "closing" if name == Closing::BureauRemoved.as_str() => Some(Self::BureauRemoved),
            "closing" => CaseOutcome::parse(name).map(|outcome| Self::Close {
                outcome,
                bureau_waits,
            }),
            _ => None,
        }
    }

    /// Of which kind it is.
    pub const fn kind(self) -> MoveKind {
        match self {
            Self::Close { .. } | Self::BureauRemoved => MoveKind::Closing,
            Self::Enter | Self::Advance(_) => MoveKind::Stage,
            Self::Reminder(_) => MoveKind::Reminder,
        }
    }

    /// The stage it reaches.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Enter => Some(Stage::FIRST),
            Self::Advance(stage) => Some(stage),
            Self::Close { .. } | Self::BureauRemoved | Self::Reminder(_) => None,
        }
    }

    /// The phase whose templates are sent; a postponement sends none.
    pub fn phase(self) -> Option<Phase> {
        match self {
            Self::Close { outcome, .. } => outcome.closing().map(Phase::Closing),
            Self::BureauRemoved => Some(Phase::Closing(Closing::BureauRemoved)),
            Self::Reminder(_) => Some(Phase::Reminder),
            Self::Enter | Self::Advance(_) => self.stage().map(Phase::Stage),
        }
    }
}

/// The event that words of either language name: `etapa:aviso` is `stage:notice`, `lembrete` is `reminder`;
/// none where they name none of collections.
pub fn event_said(text: &str) -> Option<String> {
    let (kind, name) = match text.split_once(':') {
        Some((kind, name)) => (kind, Some(name.trim())),
        None => (text, None),
    };
    let kind = match plain(kind).as_str() {
        "reminder" | "lembrete" => "reminder",
        "stage" | "etapa" => "stage",
        "closing" | "encerramento" => "closing",
        _ => return None,
    };
    let Some(name) = name else {
        return Some(kind.to_owned());
    };
    let name = match kind {
        "stage" => Stage::parse(name)?.as_str(),
        "closing" => Closing::parse(name)?.as_str(),
        _ => name,
    };
    Some(format!("{kind}:{name}"))
}

/// As messages' events name it: `reminder:5`, `stage:notice`, `closing:paid`.
impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close { outcome, .. } => fmt::Display::fmt(&Milestone::Closed(*outcome), f),
            Self::BureauRemoved => fmt::Display::fmt(&Phase::Closing(Closing::BureauRemoved), f),
            Self::Reminder(days) => f.pad(&format!("reminder:{days}")),
            Self::Enter => fmt::Display::fmt(&Milestone::Reached(Stage::FIRST), f),
            Self::Advance(stage) => fmt::Display::fmt(&Milestone::Reached(*stage), f),
        }
    }
}

/// What ended with a closing: a case, or a listing with the credit bureau.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// A case, so.
    Case(CaseOutcome),
    /// A listing with the credit bureau.
    BureauListing,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(outcome) => fmt::Display::fmt(outcome, f),
            Self::BureauListing => fmt::Display::fmt(&Closing::BureauRemoved, f),
        }
    }
}

/// One line of a case's way: the stage it reached, or how it closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// It came to this stage.
    Reached(Stage),
    /// It closed so.
    Closed(CaseOutcome),
    /// It reopened at the stage it had: what was gone is back.
    Reopened,
}

/// The word of a case that reopened.
const REOPENED: &str = "reopened";

impl Milestone {
    /// The milestone of that word: a stage's, or an outcome's.
    pub fn parse(word: &str) -> Option<Self> {
        Stage::parse(word)
            .map(Self::Reached)
            .or_else(|| CaseOutcome::parse(word).map(Self::Closed))
            .or_else(|| (word == REOPENED).then_some(Self::Reopened))
    }

    /// The word for it alone: `notice`, `paid`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reached(stage) => stage.as_str(),
            Self::Closed(outcome) => outcome.as_str(),
            Self::Reopened => REOPENED,
        }
    }
}

/// As messages' events name it: `stage:notice`, `closing:paid`.
impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached(stage) => f.pad(&format!("stage:{stage}")),
            Self::Closed(outcome) => f.pad(&format!("closing:{outcome}")),
            Self::Reopened => f.pad(REOPENED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_read_back_from_its_event() {
        let close = |outcome| Move::Close {
            outcome,
            bureau_waits: true,
        };
        let mut moves = vec![Move::Reminder(5), Move::Enter, Move::BureauRemoved];
        moves.extend(Stage::ALL[1..].iter().map(|stage| Move::Advance(*stage)));
        moves.extend(CaseOutcome::ALL.iter().map(|outcome| close(*outcome)));
        for step in moves {
            assert_eq!(Move::parse(&step.to_string(), true), Some(step));
        }
        for none in ["stage:cut", "closing", "reminder:soon", "queue:1"] {
            assert_eq!(Move::parse(none, false), None);
        }
    }

    #[test]
    fn a_phase_and_a_milestone_are_read_back_from_their_names() {
        let closings = Closing::ALL.iter().map(|closing| Phase::Closing(*closing));
        for phase in Phase::unpaid().chain(closings) {
            assert_eq!(Phase::parse(&phase.to_string()), Some(phase));
        }
        let reached = Stage::ALL.iter().map(|stage| Milestone::Reached(*stage));
        let closed = CaseOutcome::ALL.iter().map(|how| Milestone::Closed(*how));
        for milestone in reached.chain(closed).chain([Milestone::Reopened]) {
            assert_eq!(Milestone::parse(milestone.word()), Some(milestone));
        }
        assert_eq!(Milestone::parse("bureau_removed"), None);
    }

    #[test]
    fn the_word_of_each_phase_without_payment_is_its_own() {
        let mut words: Vec<&str> = Phase::unpaid().map(Phase::word).collect();
        assert_eq!(words.len(), 1 + Stage::ALL.len());
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 1 + Stage::ALL.len());
    }
}
