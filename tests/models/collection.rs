//! Collections against an independent model, written from the text of the specification: histories of
//! months are invented, and every move, case and message must be the same on both sides.
//!
//! The model keeps no state but a diary of what happened; who has an open case, what has fired and
//! when a rule was last evaluated are read back from the diary each time. It shares nothing with the
//! program but the invented rules.
#![expect(
    clippy::option_option,
    reason = "a hold may be absent, and so may its end"
)]
#![expect(clippy::cast_possible_wrap, reason = "indexes of a few invoices")]

use crate::property::cases;

mod model {
    //! The model: days are whole numbers from 1 October 2026 (a Thursday), stages and rules plain numbers.

    use std::collections::BTreeMap;

    pub const NOTICE: usize = 0;
    pub const STAGES: [&str; 5] = ["notice", "inquiry", "arrangement", "visit", "bureau"];

    /// 12 October, 2, 15 and 20 November, 8 (local) and 25 December 2026, 1 January 2027.
    const HOLIDAYS: [i32; 7] = [11, 32, 45, 50, 68, 85, 92];

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum State {
        Open,
        Partial,
        Paid,
        Cancelled,
        Renegotiated,
    }

    #[derive(Debug, Clone)]
    pub struct Client {
        pub in_collection: bool,
        pub in_reminders: bool,
        pub phone: bool,
        pub email: bool,
        pub notice_hold_until: Option<i32>,
        pub held_until: Option<Option<i32>>,
    }

    #[derive(Debug, Clone)]
    pub struct Invoice {
        pub client: usize,
        pub portfolio: Option<usize>,
        pub due: i32,
        pub state: State,
        pub released: bool,
        pub awaiting: bool,
        pub pix: bool,
        /// Paid by card, so that nothing is to be paid by hand.
        pub by_card: bool,
        pub listed: Option<i32>,
        pub removed: Option<i32>,
        pub held_until: Option<Option<i32>>,
    }

    #[derive(Debug, Clone)]
    pub struct Texts {
        pub templates: Vec<usize>,
        pub first_reachable: bool,
    }

    #[derive(Debug, Clone)]
    pub struct Rule {
        /// None: every portfolio that no other rule names.
        pub portfolio: Option<usize>,
        pub reminders: Vec<i32>,
        pub reminder_texts: Texts,
        pub stages: Vec<(usize, i32, Texts)>,
        pub closings: BTreeMap<&'static str, Vec<usize>>,
        pub closings_first_reachable: bool,
        pub one_message_per_client: bool,
        pub roll: bool,
        pub enter_until: Option<i32>,
        pub grace: i32,
    }

    /// What the templates are: even ones go by sms, odd ones by e-mail; the middle two tell how many
    /// invoices they speak for, the last two name the Pix code.
    pub const TEMPLATES: usize = 6;
    pub fn by_sms(template: usize) -> bool {
        template.is_multiple_of(2)
    }
    pub fn names_pix(template: usize) -> bool {
        template >= 4
    }
    pub fn speaks_for_all(template: usize) -> bool {
        matches!(template, 2 | 3)
    }

    #[derive(Debug, Clone)]
    pub struct World {
        pub clients: Vec<Client>,
        pub invoices: Vec<Invoice>,
        pub rules: Vec<Rule>,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum What {
        Evaluated,
        Entered { due: i32 },
        Advanced(usize),
        Closed(&'static str),
        Reminded { n: i32, due: i32 },
        BureauTold { listed: i32 },
        BureauPutOff { listed: i32 },
    }

    #[derive(Debug, Clone)]
    pub struct Entry {
        pub day: i32,
        pub rule: usize,
        /// None for an evaluation of the whole rule.
        pub invoice: Option<usize>,
        pub what: What,
    }

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Message {
        pub invoice: usize,
        pub event: String,
        pub template: usize,
        pub status: &'static str,
        pub reason: Option<&'static str>,
        /// Which case of its invoice it belongs to, for stage messages.
        pub case: Option<usize>,
        pub rule: usize,
        pub day: i32,
        pub stage: Option<usize>,
        /// How many invoices it speaks for.
        pub speaks_for: usize,
    }

    /// `rule invoice stage since outcome closed_on` of a case.
    pub type Case = (
        usize,
        usize,
        &'static str,
        i32,
        Option<&'static str>,
        Option<i32>,
    );

    #[derive(Debug, Clone, Default)]
    pub struct Model {
        pub diary: Vec<Entry>,
        pub messages: Vec<Message>,
        pub left_out: Vec<(usize, &'static str)>,
    }

    struct Open {
        rule: usize,
        stage: usize,
        since: i32,
        due: i32,
    }

    fn working_day(day: i32) -> bool {
        // Day 0 is a Thursday: days 2 and 3 are a weekend.
        !matches!(day.rem_euclid(7), 2 | 3) && !HOLIDAYS.contains(&day)
    }

    fn counts_from(rule: &Rule, printed: i32) -> i32 {
        let mut day = printed;
        while rule.roll && !working_day(day) {
            day += 1;
        }
        day
    }

    fn is_owing(invoice: &Invoice) -> bool {
        matches!(invoice.state, State::Open | State::Partial)
            && invoice.released
            && !invoice.awaiting
    }

    impl World {
        fn rule_of(&self, invoice: &Invoice) -> Option<usize> {
            let named = self
                .rules
                .iter()
                .position(|r| r.portfolio.is_some() && r.portfolio == invoice.portfolio);
            named.or_else(|| self.rules.iter().position(|r| r.portfolio.is_none()))
        }
    }

    impl Model {
        fn about(&self, invoice: usize) -> impl Iterator<Item = &Entry> {
            self.diary
                .iter()
                .filter(move |entry| entry.invoice == Some(invoice))
        }

        fn open_case(&self, invoice: usize) -> Option<Open> {
            let mut open = None;
            for entry in self.about(invoice) {
                match entry.what {
                    What::Entered { due } => {
                        open = Some(Open {
                            rule: entry.rule,
                            stage: NOTICE,
                            since: entry.day,
                            due,
                        });
                    }
                    What::Advanced(stage) => {
                        if let Some(case) = &mut open {
                            case.stage = stage;
                            case.since = entry.day;
                        }
                    }
                    What::Closed(_) => open = None,
                    _ => {}
                }
            }
            open
        }

        fn last_stage(&self, invoice: usize) -> Option<usize> {
            self.about(invoice)
                .filter_map(|entry| match entry.what {
                    What::Entered { .. } => Some(NOTICE),
                    What::Advanced(stage) => Some(stage),
                    _ => None,
                })
                .last()
        }

        pub fn cases(&self) -> Vec<Case> {
            let mut cases: Vec<Case> = Vec::new();
            for entry in &self.diary {
                let Some(invoice) = entry.invoice else {
                    continue;
                };
                if let What::Entered { .. } = entry.what {
                    cases.push((entry.rule, invoice, STAGES[NOTICE], entry.day, None, None));
                    continue;
                }
                let Some(case) = cases.iter_mut().rev().find(|case| case.1 == invoice) else {
                    continue;
                };
                match entry.what {
                    What::Advanced(stage) => {
                        case.2 = STAGES[stage];
                        case.3 = entry.day;
                    }
                    What::Closed(outcome) => {
                        case.4 = Some(outcome);
                        case.5 = Some(entry.day);
                    }
                    _ => {}
                }
            }
            cases.sort_unstable();
            cases
        }

        fn case_number(&self, invoice: usize) -> usize {
            self.about(invoice)
                .filter(|entry| matches!(entry.what, What::Entered { .. }))
                .count()
        }

        /// Section 7, for these rules: what happens on `today`.
        pub fn update(&mut self, world: &World, numbers: &[usize], today: i32) -> Vec<Entry> {
            let mut run = Vec::new();
            for number in numbers {
                run.extend(self.moves(world, *number, today, &run));
            }
            self.write_messages(world, &run, today);
            self.diary.extend(run.iter().cloned());
            for number in numbers {
                self.diary.push(Entry {
                    day: today,
                    rule: *number,
                    invoice: None,
                    what: What::Evaluated,
                });
            }
            run
        }

        fn moves(&mut self, world: &World, number: usize, today: i32, run: &[Entry]) -> Vec<Entry> {
            let rule = &world.rules[number];
            let last = self
                .diary
                .iter()
                .filter(|e| e.rule == number && e.what == What::Evaluated)
                .map(|e| e.day)
                .max();
            let first = self.first_evaluation(number);
            let mut happened: Vec<Entry> = Vec::new();
            for (id, invoice) in world.invoices.iter().enumerate() {
                // "the first of these that applies happens, and no other in that run".
                if run.iter().any(|entry| entry.invoice == Some(id)) {
                    continue;
                }
                let open = self.open_case(id);
                // "A rule's cases stay with it."
                let owner = open
                    .as_ref()
                    .map_or_else(|| world.rule_of(invoice), |c| Some(c.rule));
                if owner != Some(number) {
                    continue;
                }
                if let Some(what) =
                    self.first_that_applies(rule, number, id, invoice, world, today, last)
                {
                    let mut put = |what| {
                        happened.push(Entry {
                            day: today,
                            rule: number,
                            invoice: Some(id),
                            what,
                        });
                    };
                    let closes = matches!(what, What::Closed(_));
                    put(what);
                    if closes && let Some(listed) = self.removal_due(id, invoice, today, first) {
                        put(What::BureauPutOff { listed });
                    }
                }
            }
            happened
        }

        fn first_evaluation(&self, number: usize) -> Option<i32> {
            self.diary
                .iter()
                .find(|e| e.rule == number && e.what == What::Evaluated)
                .map(|e| e.day)
        }

        fn removal_due(
            &self,
            id: usize,
            invoice: &Invoice,
            today: i32,
            first: Option<i32>,
        ) -> Option<i32> {
            let listed = invoice.listed?;
            let removed = invoice.removed?;
            let mut put_off = false;
            for entry in self.about(id) {
                match entry.what {
                    What::BureauTold { listed: l } if l == listed => return None,
                    What::BureauPutOff { listed: l } if l == listed => {
                        if entry.day >= today {
                            return None;
                        }
                        put_off = true;
                    }
                    _ => {}
                }
            }
            // "on or before D and after the rule's first evaluation"
            let after_first = first.is_some_and(|first| removed > first);
            (removed <= today && (put_off || after_first)).then_some(listed)
        }

        #[expect(
            clippy::too_many_arguments,
            reason = "the points of the specification need all of it"
        )]
        fn first_that_applies(
            &mut self,
            rule: &Rule,
            number: usize,
            id: usize,
            invoice: &Invoice,
            world: &World,
            today: i32,
            last: Option<i32>,
        ) -> Option<What> {
            let due = counts_from(rule, invoice.due);
            let open = self.open_case(id);
            let first = self.first_evaluation(number);
            // 1. Closing.
            if let Some(case) = &open {
                match invoice.state {
                    State::Paid => return Some(What::Closed("paid")),
                    State::Cancelled => return Some(What::Closed("cancelled")),
                    State::Renegotiated => return Some(What::Closed("renegotiated")),
                    State::Open | State::Partial => {}
                }
                if invoice.due != case.due && today - due < rule.stages[0].1 {
                    return Some(What::Closed("postponed"));
                }
            }
            if let Some(listed) = self.removal_due(id, invoice, today, first) {
                return Some(What::BureauTold { listed });
            }
            if !is_owing(invoice) {
                return None;
            }
            // "a second update on the same day does nothing"
            let told_today = self.about(id).any(|entry| {
                entry.day == today
                    && matches!(entry.what, What::BureauTold { listed } if Some(listed) == invoice.listed)
            });
            if told_today {
                return None;
            }
            let client = &world.clients[invoice.client];
            let until_today = |until: &Option<Option<i32>>| match until {
                None => false,
                Some(None) => true,
                Some(Some(until)) => *until >= today,
            };
            let kept_out = if !client.in_collection {
                Some("not_in_collection")
            } else if client.notice_hold_until.is_some_and(|until| until >= today) {
                Some("on_hold")
            } else if until_today(&client.held_until) || until_today(&invoice.held_until) {
                Some("held")
            } else {
                None
            };
            // 2. Reminder.
            if today <= invoice.due {
                let mut nearest: Option<i32> = None;
                for n in &rule.reminders {
                    let day = invoice.due - n;
                    let from = last.unwrap_or(today - 1).max(today - 3);
                    if day > from && day <= today && nearest.is_none_or(|other| *n < other) {
                        nearest = Some(*n);
                    }
                }
                let n = nearest?;
                let fired = What::Reminded {
                    n,
                    due: invoice.due,
                };
                if self.about(id).any(|entry| entry.what == fired) {
                    return None;
                }
                let reason = match kept_out {
                    Some("not_in_collection") => kept_out,
                    _ if !client.in_reminders => Some("not_in_reminders"),
                    None if invoice.by_card => Some("automatic_payment"),
                    other => other,
                };
                if let Some(reason) = reason {
                    self.left_out.push((number, reason));
                    return None;
                }
                return Some(fired);
            }
            // 3. Stage.
            if today <= due {
                return None;
            }
            let moved_today = self.about(id).any(|entry| {
                entry.day >= today
                    && matches!(
                        entry.what,
                        What::Entered { .. } | What::Advanced(_) | What::Closed(_)
                    )
            });
            if moved_today {
                return None;
            }
            let what = match &open {
                None => {
                    let late = today - due;
                    let in_time = rule.enter_until.is_none_or(|until| late <= until);
                    (late >= rule.stages[0].1 && in_time)
                        .then_some(What::Entered { due: invoice.due })
                }
                Some(case) => rule
                    .stages
                    .iter()
                    .find(|(stage, _, _)| *stage > case.stage)
                    .filter(|(_, day, _)| today - due >= *day)
                    .map(|(stage, _, _)| What::Advanced(*stage)),
            }?;
            let in_grace = invoice.by_card && today - due < rule.grace;
            if let Some(reason) = kept_out.or(in_grace.then_some("automatic_payment")) {
                self.left_out.push((number, reason));
                return None;
            }
            Some(what)
        }

        fn write_messages(&mut self, world: &World, happened: &[Entry], today: i32) {
            /// What one message is sent for: of stages one a client and channel, of closings one an
            /// outcome and rule, of reminders one where the text speaks for all, else one an invoice.
            #[derive(Debug, PartialEq, Eq)]
            enum Together {
                Stage,
                Closing(usize, String),
                Reminder(usize, Option<usize>),
                Alone(usize, String, usize),
            }
            struct Candidate {
                client: usize,
                sms: bool,
                together: Together,
                rank: (std::cmp::Reverse<Option<usize>>, i32, usize, usize),
                message: Message,
            }
            let mut candidates: Vec<Candidate> = Vec::new();
            for entry in happened {
                let Some(id) = entry.invoice else { continue };
                let number = entry.rule;
                let rule = &world.rules[number];
                let invoice = &world.invoices[id];
                let nothing = Texts {
                    templates: Vec::new(),
                    first_reachable: false,
                };
                let closing = |name: &str| Texts {
                    templates: rule.closings.get(name).cloned().unwrap_or_default(),
                    first_reachable: rule.closings_first_reachable,
                };
                let stage_texts = |stage: usize| {
                    let found = rule.stages.iter().find(|(s, _, _)| *s == stage);
                    found.map_or(nothing.clone(), |(_, _, texts)| texts.clone())
                };
                let (phase, event, texts, stage) = match entry.what {
                    What::Closed("postponed") | What::Evaluated | What::BureauPutOff { .. } => {
                        continue;
                    }
                    What::Closed(outcome) => (
                        0,
                        format!("closing:{outcome}"),
                        closing(outcome),
                        self.last_stage(id),
                    ),
                    What::BureauTold { .. } => (
                        0,
                        "closing:bureau_removed".to_owned(),
                        closing("bureau_removed"),
                        self.last_stage(id),
                    ),
                    What::Entered { .. } => (
                        1,
                        "stage:notice".to_owned(),
                        stage_texts(NOTICE),
                        Some(NOTICE),
                    ),
                    What::Advanced(stage) => (
                        1,
                        format!("stage:{}", STAGES[stage]),
                        stage_texts(stage),
                        Some(stage),
                    ),
                    What::Reminded { n, .. } => (
                        2,
                        format!("reminder:{n}"),
                        rule.reminder_texts.clone(),
                        None,
                    ),
                };
                let case = match entry.what {
                    What::Entered { .. } => Some(self.case_number(id) + 1),
                    What::Advanced(_) => Some(self.case_number(id)),
                    _ => None,
                };
                // "A stage message still queued when its case moves on becomes merged too."
                if let What::Advanced(_) = entry.what {
                    for message in &mut self.messages {
                        if message.invoice == id
                            && message.case == case
                            && message.case.is_some()
                            && message.status == "queued"
                        {
                            message.status = "skipped";
                            message.reason = Some("merged");
                        }
                    }
                }
                let client = &world.clients[invoice.client];
                let reachable = |template: usize| {
                    if by_sms(template) {
                        client.phone
                    } else {
                        client.email
                    }
                };
                let templates = if texts.first_reachable {
                    let first = texts.templates.iter().copied().find(|t| reachable(*t));
                    first
                        .or_else(|| texts.templates.first().copied())
                        .into_iter()
                        .collect()
                } else {
                    texts.templates.clone()
                };
                for (place, template) in templates.iter().enumerate() {
                    if templates[..place].contains(template) {
                        continue;
                    }
                    let reason = if !reachable(*template) {
                        Some("no_contact")
                    } else if names_pix(*template) && !invoice.pix {
                        Some("missing_value")
                    } else {
                        None
                    };
                    let together = match phase {
                        _ if !rule.one_message_per_client => {
                            Together::Alone(id, event.clone(), *template)
                        }
                        0 => Together::Closing(number, event.clone()),
                        1 => Together::Stage,
                        _ => Together::Reminder(number, (!speaks_for_all(*template)).then_some(id)),
                    };
                    candidates.push(Candidate {
                        client: invoice.client,
                        sms: by_sms(*template),
                        together,
                        rank: (
                            std::cmp::Reverse(stage),
                            counts_from(rule, invoice.due),
                            id,
                            place,
                        ),
                        message: Message {
                            invoice: id,
                            event: event.clone(),
                            template: *template,
                            status: if reason.is_some() {
                                "skipped"
                            } else {
                                "queued"
                            },
                            reason,
                            case,
                            rule: number,
                            day: today,
                            stage: if phase == 1 { stage } else { None },
                            speaks_for: 1,
                        },
                    });
                }
            }
            let goes: Vec<bool> = candidates
                .iter()
                .map(|this| {
                    let better = candidates.iter().any(|other| {
                        (other.client, other.sms) == (this.client, this.sms)
                            && other.together == this.together
                            && other.message.reason.is_none()
                            && other.rank < this.rank
                    });
                    this.message.reason.is_none() && !better
                })
                .collect();
            for at in 0..candidates.len() {
                if candidates[at].message.reason.is_some() {
                    continue;
                }
                let this = &candidates[at];
                let told = this.together == Together::Stage
                    && goes[at]
                    && self.another_rule_told(world, this.client, &this.message);
                let mut spoken: Vec<usize> = candidates
                    .iter()
                    .filter(|other| {
                        (other.client, other.sms) == (this.client, this.sms)
                            && other.together == this.together
                            && other.message.reason.is_none_or(|reason| reason == "merged")
                    })
                    .map(|other| other.message.invoice)
                    .collect();
                spoken.sort_unstable();
                spoken.dedup();
                let message = &mut candidates[at].message;
                if goes[at] && !told {
                    message.speaks_for = spoken.len();
                } else {
                    message.status = "skipped";
                    message.reason = Some("merged");
                }
            }
            self.messages
                .extend(candidates.into_iter().map(|candidate| candidate.message));
        }

        /// "A client with invoices under two rules that both say `one_message_per_client` gets one stage
        /// message a day and channel all the same (the gravest)", also when they are updated apart.
        fn another_rule_told(&mut self, world: &World, client: usize, new: &Message) -> bool {
            let mut earlier: Vec<&mut Message> = self
                .messages
                .iter_mut()
                .filter(|old| {
                    world.invoices[old.invoice].client == client
                        && old.stage.is_some()
                        && by_sms(old.template) == by_sms(new.template)
                        && old.day == new.day
                        && old.rule != new.rule
                        && world.rules[old.rule].one_message_per_client
                        && matches!(old.status, "queued" | "sent")
                })
                .collect();
            if earlier
                .iter()
                .any(|old| old.status == "sent" || old.stage >= new.stage)
            {
                return true;
            }
            for old in &mut earlier {
                old.status = "skipped";
                old.reason = Some("merged");
            }
            false
        }
    }
}

mod histories {
    //! Invented providers, and what happens to them over months.

    use proptest::prelude::*;

    use super::model::{Client, Invoice, Rule, State, TEMPLATES, Texts, World};

    /// Something that happens to the book, or a run of the program.
    #[derive(Debug, Clone)]
    pub enum Step {
        NextDay(i32),
        Update(Option<usize>),
        Deliver,
        State(usize, State),
        MoveDue(usize, i32),
        Released(usize, bool),
        Awaiting(usize, bool),
        Pix(usize, bool),
        ByCard(usize, bool),
        Portfolio(usize, Option<usize>),
        Listed(usize),
        Removed(usize),
        /// Paid, and taken off the bureau's list the same day.
        PaidAndRemoved(usize),
        HoldInvoice(usize, Option<Option<i32>>),
        HoldClient(usize, Option<Option<i32>>),
        NoticeHold(usize, Option<i32>),
        InCollection(usize, bool),
        InReminders(usize, bool),
        Phone(usize, bool),
        Email(usize, bool),
        /// A client pays everything.
        PayAll(usize),
        /// A rule is edited; its portfolio stays.
        Edit(usize, Box<Rule>),
    }

    fn texts() -> impl Strategy<Value = Texts> {
        (prop::collection::vec(0..TEMPLATES, 0..3), any::<bool>()).prop_map(
            |(templates, first_reachable)| Texts {
                templates,
                first_reachable,
            },
        )
    }

    fn rule(portfolio: Option<usize>) -> impl Strategy<Value = Rule> {
        let stages = (
            prop::collection::vec((any::<bool>(), 1..12i32, texts()), 4),
            1..5i32,
            texts(),
        )
            .prop_map(|(rest, day, first)| {
                let mut stages = vec![(0, day, first)];
                let mut day = day;
                for (index, (there, more, texts)) in rest.into_iter().enumerate() {
                    if there {
                        day += more;
                        stages.push((index + 1, day, texts));
                    }
                }
                stages
            });
        (
            prop::sample::subsequence(vec![0, 1, 2, 3, 5, 7, 10], 0..5),
            prop::collection::vec(0..TEMPLATES, 1..3),
            any::<bool>(),
            stages,
            prop::collection::vec(prop::collection::vec(0..TEMPLATES, 0..3), 4),
            any::<bool>(),
            prop::bool::weighted(0.7),
            prop::bool::weighted(0.7),
            (prop::option::weighted(0.4, 12..40i32), 0..9i32),
        )
            .prop_map(
                move |(days, named, first, stages, ends, ends_first, one, roll, (until, grace))| {
                    Rule {
                        portfolio,
                        reminders: days,
                        reminder_texts: Texts {
                            templates: named,
                            first_reachable: first,
                        },
                        stages,
                        closings: ["paid", "cancelled", "renegotiated", "bureau_removed"]
                            .into_iter()
                            .zip(ends)
                            .collect(),
                        closings_first_reachable: ends_first,
                        one_message_per_client: one,
                        roll,
                        enter_until: until,
                        grace,
                    }
                },
            )
    }

    fn world() -> impl Strategy<Value = World> {
        let clients = prop::collection::vec(
            (
                prop::bool::weighted(0.9),
                prop::bool::weighted(0.9),
                prop::bool::weighted(0.8),
                prop::bool::weighted(0.8),
            )
                .prop_map(|(in_collection, in_reminders, phone, email)| Client {
                    in_collection,
                    in_reminders,
                    phone,
                    email,
                    notice_hold_until: None,
                    held_until: None,
                }),
            1..4,
        );
        let invoices = prop::collection::vec(
            (
                0..3usize,
                prop::option::of(0..2usize),
                0..60i32,
                any::<bool>(),
            ),
            1..7,
        );
        (clients, invoices, rule(None), rule(Some(0)), any::<bool>()).prop_map(
            |(clients, invoices, rest, named, both)| {
                let invoices = invoices
                    .into_iter()
                    .map(|(client, portfolio, due, pix)| Invoice {
                        client: client % clients.len(),
                        portfolio,
                        due,
                        state: State::Open,
                        released: true,
                        awaiting: false,
                        pix,
                        by_card: due % 5 == 0,
                        listed: None,
                        removed: None,
                        held_until: None,
                    })
                    .collect();
                let rules = if both { vec![rest, named] } else { vec![rest] };
                World {
                    clients,
                    invoices,
                    rules,
                }
            },
        )
    }

    fn step() -> impl Strategy<Value = Step> {
        let i = 0..6usize;
        let c = 0..3usize;
        let hold = || prop::option::of(prop::option::of(0..12i32));
        prop_oneof![
            40 => prop_oneof![6 => Just(1), 1 => 2..5i32, 1 => 5..9i32].prop_map(Step::NextDay),
            40 => prop::option::weighted(0.2, 0..2usize).prop_map(Step::Update),
            8 => Just(Step::Deliver),
            8 => (i.clone(), prop_oneof![
                3 => Just(State::Paid), 1 => Just(State::Cancelled), 1 => Just(State::Renegotiated),
                3 => Just(State::Open), 1 => Just(State::Partial),
            ]).prop_map(|(i, s)| Step::State(i, s)),
            5 => (i.clone(), -20..40i32).prop_map(|(i, by)| Step::MoveDue(i, by)),
            2 => (i.clone(), any::<bool>()).prop_map(|(i, b)| Step::Released(i, b)),
            2 => (i.clone(), any::<bool>()).prop_map(|(i, b)| Step::Awaiting(i, b)),
            2 => (i.clone(), any::<bool>()).prop_map(|(i, b)| Step::Pix(i, b)),
            2 => (i.clone(), any::<bool>()).prop_map(|(i, b)| Step::ByCard(i, b)),
            2 => (i.clone(), prop::option::of(0..2usize)).prop_map(|(i, p)| Step::Portfolio(i, p)),
            4 => c.clone().prop_map(Step::PayAll),
            4 => i.clone().prop_map(Step::Listed),
            6 => i.clone().prop_map(Step::Removed),
            3 => i.clone().prop_map(Step::PaidAndRemoved),
            2 => (i, hold()).prop_map(|(i, h)| Step::HoldInvoice(i, h)),
            2 => (c.clone(), hold()).prop_map(|(c, h)| Step::HoldClient(c, h)),
            2 => (c.clone(), prop::option::of(0..12i32)).prop_map(|(c, d)| Step::NoticeHold(c, d)),
            2 => (c.clone(), prop::bool::weighted(0.8)).prop_map(|(c, b)| Step::InCollection(c, b)),
            2 => (c.clone(), prop::bool::weighted(0.8)).prop_map(|(c, b)| Step::InReminders(c, b)),
            2 => (c.clone(), prop::bool::weighted(0.7)).prop_map(|(c, b)| Step::Phone(c, b)),
            1 => (c, prop::bool::weighted(0.7)).prop_map(|(c, b)| Step::Email(c, b)),
            2 => (0..2usize, rule(None)).prop_map(|(r, rule)| Step::Edit(r, Box::new(rule))),
        ]
    }

    /// A provider and some months of its life.
    pub fn history(steps: usize) -> impl Strategy<Value = (World, Vec<Step>)> {
        (world(), prop::collection::vec(step(), 1..steps))
    }

    /// Does to the book what a step says; indexes wrap around what there is.
    pub fn happen(world: &mut World, step: &Step, today: i32) {
        let (invoices, clients) = (world.invoices.len(), world.clients.len());
        let until = |hold: &Option<Option<i32>>| hold.map(|end| end.map(|days| today + days));
        match step {
            Step::NextDay(_) | Step::Update(_) | Step::Deliver => {}
            Step::State(i, state) => world.invoices[i % invoices].state = *state,
            Step::MoveDue(i, by) => world.invoices[i % invoices].due += by,
            Step::Released(i, yes) => world.invoices[i % invoices].released = *yes,
            Step::Awaiting(i, yes) => world.invoices[i % invoices].awaiting = *yes,
            Step::Pix(i, yes) => world.invoices[i % invoices].pix = *yes,
            Step::ByCard(i, yes) => world.invoices[i % invoices].by_card = *yes,
            Step::Portfolio(i, portfolio) => world.invoices[i % invoices].portfolio = *portfolio,
            Step::Listed(i) => {
                let invoice = &mut world.invoices[i % invoices];
                invoice.listed = Some(today);
                invoice.removed = None;
            }
            Step::Removed(i) => world.invoices[i % invoices].removed = Some(today),
            Step::PaidAndRemoved(i) => {
                let invoice = &mut world.invoices[i % invoices];
                invoice.state = State::Paid;
                invoice.listed = invoice.listed.or(Some(today));
                invoice.removed = Some(today);
            }
            Step::HoldInvoice(i, hold) => world.invoices[i % invoices].held_until = until(hold),
            Step::HoldClient(c, hold) => world.clients[c % clients].held_until = until(hold),
            Step::NoticeHold(c, end) => {
                world.clients[c % clients].notice_hold_until = end.map(|days| today + days);
            }
            Step::InCollection(c, yes) => world.clients[c % clients].in_collection = *yes,
            Step::InReminders(c, yes) => world.clients[c % clients].in_reminders = *yes,
            Step::Phone(c, yes) => world.clients[c % clients].phone = *yes,
            Step::PayAll(c) => {
                for invoice in &mut world.invoices {
                    if invoice.client == c % clients {
                        invoice.state = State::Paid;
                    }
                }
            }
            Step::Email(c, yes) => world.clients[c % clients].email = *yes,
            Step::Edit(number, rule) => {
                let number = number % world.rules.len();
                let portfolio = world.rules[number].portfolio;
                world.rules[number] = Rule {
                    portfolio,
                    ..(**rule).clone()
                };
            }
        }
    }
}

mod the_decision {
    //! The pure decision beside the model: every move of every day.

    use std::collections::BTreeMap;

    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;
    use regua::domain::collection::{
        Bill, BureauMark, Debt, Decision, Evaluation, Exclusions, Past,
    };
    use regua::domain::holiday::Calendar;
    use regua::domain::ladder::{CaseOutcome, Move, Stage};
    use regua::domain::notice::NoticeTerms;
    use regua::domain::rule::{DraftReminders, DraftStage, Rule, RuleDraft};
    use regua::domain::words::Word as _;

    use super::histories::{Step, happen, history};
    use super::model::{self, Model, What, World};

    pub fn date(day: i32) -> NaiveDate {
        let first = NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
        if day >= 0 {
            first + Days::new(u64::from(day.unsigned_abs()))
        } else {
            first - Days::new(u64::from(day.unsigned_abs()))
        }
    }

    fn rule(number: usize, rule: &model::Rule) -> Rule {
        RuleDraft {
            name: format!("rule-{number}"),
            portfolios: rule
                .portfolio
                .map(|p| format!("p{p}"))
                .into_iter()
                .collect(),
            reminders: (!rule.reminders.is_empty()).then(|| DraftReminders {
                days: rule.reminders.iter().map(|n| i64::from(*n)).collect(),
                templates: vec!["t".to_owned()],
                ..DraftReminders::default()
            }),
            roll_due_date: Some(rule.roll),
            enter_until_days: rule.enter_until.map(i64::from),
            debit_grace_days: Some(i64::from(rule.grace)),
            stages: rule
                .stages
                .iter()
                .map(|(stage, day, _)| DraftStage {
                    name: Some(model::STAGES[*stage].to_owned()),
                    day: Some(i64::from(*day)),
                    ..DraftStage::default()
                })
                .collect(),
            ..RuleDraft::default()
        }
        .check()
        .expect("an invented rule is a good one")
    }

    fn rules_of(world: &World) -> Vec<Rule> {
        let rules = world.rules.iter().enumerate();
        rules.map(|(number, r)| rule(number, r)).collect()
    }

    /// The program's side: state kept step by step, as the database keeps it.
    struct Program {
        rules: Vec<Rule>,
        calendar: Calendar,
        last: Vec<Option<NaiveDate>>,
        first: Vec<Option<NaiveDate>>,
        past: Vec<Past>,
        owner: Vec<Option<usize>>,
        fired: Vec<BTreeMap<NaiveDate, std::collections::BTreeSet<i64>>>,
        listed: Vec<Option<i32>>,
    }

    impl Program {
        fn new(world: &World) -> Self {
            let count = world.invoices.len();
            Self {
                rules: rules_of(world),
                calendar: Calendar::new([date(68)]),
                last: vec![None; world.rules.len()],
                first: vec![None; world.rules.len()],
                past: vec![Past::default(); count],
                owner: vec![None; count],
                fired: vec![BTreeMap::new(); count],
                listed: vec![None; count],
            }
        }

        fn update(
            &mut self,
            world: &World,
            number: usize,
            today: i32,
            moved: &mut Vec<(usize, String)>,
        ) {
            let evaluation = Evaluation {
                rule: &self.rules[number],
                calendar: &self.calendar,
                today: date(today),
                last: self.last[number],
                first: self.first[number],
                terms: NoticeTerms::default(),
            };
            let already: Vec<usize> = moved.iter().map(|(id, _)| *id).collect();
            for (id, invoice) in world.invoices.iter().enumerate() {
                let named = world
                    .rules
                    .iter()
                    .position(|r| r.portfolio.is_some() && r.portfolio == invoice.portfolio);
                let claimed = named.unwrap_or(0);
                let past = &mut self.past[id];
                let owner = if past.case.is_some() {
                    self.owner[id]
                } else {
                    Some(claimed)
                };
                if owner != Some(number) || already.contains(&id) {
                    continue;
                }
                // A new listing is a new removal to tell.
                if self.listed[id] != invoice.listed {
                    self.listed[id] = invoice.listed;
                    past.bureau = BureauMark::None;
                }
                let bill = Bill {
                    due_on: date(invoice.due),
                    debt: match invoice.state {
                        model::State::Paid => Debt::Settled(CaseOutcome::Paid),
                        model::State::Cancelled => Debt::Settled(CaseOutcome::Cancelled),
                        model::State::Renegotiated => Debt::Settled(CaseOutcome::Renegotiated),
                        _ if invoice.released && !invoice.awaiting => Debt::Owing,
                        _ => Debt::Waiting,
                    },
                    bureau_listed_on: invoice.listed.map(date),
                    bureau_removed_on: invoice.removed.map(date),
                };
                past.reminders = self.fired[id]
                    .get(&bill.due_on)
                    .cloned()
                    .unwrap_or_default();
                let client = &world.clients[invoice.client];
                let exclusions = Exclusions {
                    in_collection: client.in_collection,
                    in_reminders: client.in_reminders,
                    notice_hold_until: client.notice_hold_until.map(date),
                    incident: false,
                    holds: [client.held_until, invoice.held_until]
                        .into_iter()
                        .flatten()
                        .map(|until| until.map(date))
                        .collect(),
                    payment_method: invoice.by_card.then(|| "Cartão".to_owned()),
                };
                if let Decision::Happens(step) = evaluation.decide(&bill, past, &exclusions) {
                    past.after(step, &bill, date(today));
                    if step == Move::Enter {
                        self.owner[id] = Some(number);
                    }
                    self.fired[id].insert(bill.due_on, past.reminders.clone());
                    moved.push((id, step.to_string()));
                }
            }
            self.last[number] = Some(date(today));
            self.first[number] = self.first[number].or(self.last[number]);
        }
    }

    fn told(entry: &model::Entry) -> Option<(usize, String)> {
        let what = match &entry.what {
            What::Entered { .. } => "stage:notice".to_owned(),
            What::Advanced(stage) => format!("stage:{}", model::STAGES[*stage]),
            What::Closed(outcome) => format!("closing:{outcome}"),
            What::Reminded { n, .. } => format!("reminder:{n}"),
            What::BureauTold { .. } => "closing:bureau_removed".to_owned(),
            What::Evaluated | What::BureauPutOff { .. } => return None,
        };
        Some((entry.invoice?, what))
    }

    proptest! {
        #![proptest_config(super::cases(1500))]

        #[test]
        fn every_move_is_the_models((mut world, steps) in history(150)) {
            let mut model = Model::default();
            let mut program = Program::new(&world);
            let mut today = 0;
            for step in &steps {
                happen(&mut world, step, today);
                match step {
                    Step::NextDay(days) => today += days,
                    Step::Update(only) => {
                        let rules = world.rules.len();
                        let mut moved = Vec::new();
                        let numbers: Vec<usize> = (0..rules)
                            .filter(|number| only.is_none_or(|only| only % rules == *number))
                            .collect();
                        let run = model.update(&world, &numbers, today);
                        for number in numbers {
                            program.update(&world, number, today, &mut moved);
                        }
                        let expected: Vec<_> = run.iter().filter_map(told).collect();
                        prop_assert_eq!(&moved, &expected, "on day {}", today);
                    }
                    Step::Edit(..) => {
                        program.rules = rules_of(&world);
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn the_models_words_are_the_programs() {
        for (name, stage) in model::STAGES.iter().zip(Stage::ALL) {
            assert_eq!(*name, stage.as_str());
        }
    }
}

mod the_program {
    //! The whole job over a database beside the model: every message, every case, every step left out.

    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;
    use regua::clock::{Clock, parse_instant};
    use regua::config::Config;
    use regua::domain::ladder::Closing;
    use regua::domain::rule::{Deliver, DraftReminders, DraftStage, RuleDraft};
    use regua::domain::words::Word as _;
    use regua::jobs::collection::{UpdateRequest, write};
    use regua::store::{Connection, Store, rule};

    use super::histories::{Step, happen, history};
    use super::model::{self, Model, World};
    use super::the_decision::date;

    const ZONE: chrono_tz::Tz = chrono_tz::America::Sao_Paulo;

    fn names(templates: &[usize]) -> Vec<String> {
        templates.iter().map(|t| format!("t{t}")).collect()
    }

    fn deliver(first_reachable: bool) -> Deliver {
        if first_reachable {
            Deliver::FirstReachable
        } else {
            Deliver::Each
        }
    }

    fn save_rules(connection: &Connection, world: &World) {
        let rules: Vec<_> = world
            .rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                RuleDraft {
                    name: format!("rule-{number}"),
                    portfolios: rule
                        .portfolio
                        .map(|p| format!("p{p}"))
                        .into_iter()
                        .collect(),
                    reminders: (!rule.reminders.is_empty()).then(|| DraftReminders {
                        days: rule.reminders.iter().map(|n| i64::from(*n)).collect(),
                        templates: names(&rule.reminder_texts.templates),
                        deliver: Some(deliver(rule.reminder_texts.first_reachable)),
                        hours: None,
                    }),
                    one_message_per_client: Some(rule.one_message_per_client),
                    roll_due_date: Some(rule.roll),
                    enter_until_days: rule.enter_until.map(i64::from),
                    skip_payment_methods: None,
                    debit_grace_days: Some(i64::from(rule.grace)),
                    stages: rule
                        .stages
                        .iter()
                        .map(|(stage, day, texts)| DraftStage {
                            name: Some(model::STAGES[*stage].to_owned()),
                            day: Some(i64::from(*day)),
                            templates: names(&texts.templates),
                            deliver: Some(deliver(texts.first_reachable)),
                            ..DraftStage::default()
                        })
                        .collect(),
                    closings: rule
                        .closings
                        .iter()
                        .map(|(name, templates)| {
                            (Closing::parse(name).expect("a closing"), names(templates))
                        })
                        .collect(),
                    closing_deliver: Some(deliver(rule.closings_first_reachable)),
                    closing_hours: None,
                }
                .check()
                .expect("an invented rule is a good one")
            })
            .collect();
        rule::save(connection, &rules).expect("saved rules");
    }

    fn save_book(connection: &Connection, world: &World) {
        let day = |day: Option<i32>| day.map(|day| date(day).to_string());
        connection
            .execute_batch("DELETE FROM hold")
            .expect("no holds");
        let hold = |client: Option<usize>, invoice: Option<usize>, until: Option<Option<i32>>| {
            if let Some(until) = until {
                connection
                    .execute(
                        "INSERT INTO hold (client_id, invoice_id, until, why, created_at)
                         VALUES (?1, ?2, ?3, 'a promise', 0)",
                        (
                            client.map(|id| id as i64),
                            invoice.map(|id| id as i64),
                            day(until),
                        ),
                    )
                    .expect("a hold");
            }
        };
        for (id, client) in world.clients.iter().enumerate() {
            connection
                .execute(
                    "INSERT INTO client (id, name, person_type, mobile, email, in_collection, in_reminders)
                     VALUES (?1, 'Ana', 'individual', ?2, ?3, ?4, ?5)
                     ON CONFLICT (id) DO UPDATE SET mobile = excluded.mobile, email = excluded.email,
                       in_collection = excluded.in_collection, in_reminders = excluded.in_reminders",
                    (
                        id as i64,
                        client.phone.then_some("+5549999990001"),
                        client.email.then_some("ana@example.com"),
                        client.in_collection,
                        client.in_reminders,
                    ),
                )
                .expect("a client");
            connection
                .execute(
                    "INSERT INTO contract (id, client_id, status, notice_hold_until)
                     VALUES (?1, ?1, 'active', ?2)
                     ON CONFLICT (id) DO UPDATE SET notice_hold_until = excluded.notice_hold_until",
                    (id as i64, day(client.notice_hold_until)),
                )
                .expect("a contract");
            hold(Some(id), None, client.held_until);
        }
        for (id, invoice) in world.invoices.iter().enumerate() {
            let status = match invoice.state {
                model::State::Open => "open",
                model::State::Partial => "partial",
                model::State::Paid => "paid",
                model::State::Cancelled => "cancelled",
                model::State::Renegotiated => "renegotiated",
            };
            connection
                .execute(
                    "INSERT INTO invoice (id, client_id, contract_id, portfolio, due_on, amount, status,
                       released, awaiting_confirmation, pix_code, bureau_listed_on, bureau_removed_on,
                       payment_method)
                     VALUES (?1, ?2, ?2, ?3, ?4, 9990, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                     ON CONFLICT (id) DO UPDATE SET portfolio = excluded.portfolio,
                       due_on = excluded.due_on, status = excluded.status, released = excluded.released,
                       awaiting_confirmation = excluded.awaiting_confirmation,
                       pix_code = excluded.pix_code, bureau_listed_on = excluded.bureau_listed_on,
                       bureau_removed_on = excluded.bureau_removed_on,
                       payment_method = excluded.payment_method",
                    (
                        id as i64,
                        invoice.client as i64,
                        invoice.portfolio.map(|p| format!("p{p}")),
                        date(invoice.due).to_string(),
                        status,
                        invoice.released,
                        invoice.awaiting,
                        invoice.pix.then_some("0002"),
                        day(invoice.listed),
                        day(invoice.removed),
                        invoice.by_card.then_some("Cartão"),
                    ),
                )
                .expect("an invoice");
            hold(None, Some(id), invoice.held_until);
        }
    }

    fn save_templates(connection: &Connection) {
        for template in 0..model::TEMPLATES {
            let sms = model::by_sms(template);
            let body = if model::names_pix(template) {
                "#areceber_pix#"
            } else if model::speaks_for_all(template) {
                "#faturas_quantidade#"
            } else {
                "#areceber_numero#"
            };
            connection
                .execute(
                    "INSERT INTO template (name, channel, kind, purpose, title, body)
                     VALUES (?1, ?2, 'financial', 'collection', ?3, ?4)",
                    (
                        format!("t{template}"),
                        if sms { "sms" } else { "email" },
                        (!sms).then_some("Fatura"),
                        body,
                    ),
                )
                .expect("a template");
        }
    }

    /// The invoice, the event, the template, what became of it, and how many invoices it speaks for
    /// where its text says so.
    type Row = (i64, String, String, String, Option<String>, Option<String>);

    fn messages(connection: &Connection) -> Vec<Row> {
        let mut statement = connection
            .prepare(
                "SELECT invoice_id, event, template, status, reason,
                        CASE WHEN template IN ('t2', 't3') THEN body END
                 FROM message WHERE origin = 'collection'",
            )
            .expect("a query");
        let mut rows: Vec<Row> = statement
            .query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            })
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("rows");
        rows.sort();
        rows
    }

    fn messages_of(model: &Model) -> Vec<Row> {
        let mut rows: Vec<Row> = model
            .messages
            .iter()
            .map(|m| {
                (
                    m.invoice as i64,
                    m.event.clone(),
                    format!("t{}", m.template),
                    m.status.to_owned(),
                    m.reason.map(str::to_owned),
                    model::speaks_for_all(m.template).then(|| m.speaks_for.to_string()),
                )
            })
            .collect();
        rows.sort();
        rows
    }

    type CaseRow = (String, i64, String, String, Option<String>, Option<String>);

    fn cases(connection: &Connection) -> Vec<CaseRow> {
        let mut statement = connection
            .prepare(
                "SELECT rule, invoice_id, stage, since, outcome, closed_on FROM collection_case",
            )
            .expect("a query");
        let mut rows: Vec<CaseRow> = statement
            .query_map([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            })
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("rows");
        rows.sort();
        rows
    }

    fn cases_of(model: &Model) -> Vec<CaseRow> {
        let mut rows: Vec<CaseRow> = model
            .cases()
            .into_iter()
            .map(|(rule, invoice, stage, since, outcome, closed_on)| {
                (
                    format!("rule-{rule}"),
                    invoice as i64,
                    stage.to_owned(),
                    date(since).to_string(),
                    outcome.map(str::to_owned),
                    closed_on.map(|day| date(day).to_string()),
                )
            })
            .collect();
        rows.sort();
        rows
    }

    fn play(mut world: World, steps: &[Step]) -> Result<(), TestCaseError> {
        let config = Config::read(
            "max_data_age_hours = 0\n[holidays]\nextra = [\"2026-12-08\"]\n",
            "test",
            Path::new(""),
        )
        .expect("a configuration");
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let mut store = Store::open(&folder.path().join("regua.db")).expect("a database");
        store.write(|_| Ok(())).expect("writing has begun");
        store
            .connection()
            .execute_batch("PRAGMA synchronous = OFF")
            .expect("nothing here must outlive a crash");
        save_templates(store.connection());
        let mut model = Model::default();
        let mut today = 0;
        for step in steps {
            happen(&mut world, step, today);
            match step {
                Step::NextDay(days) => today += days,
                Step::Deliver => {
                    store
                        .connection()
                        .execute_batch("UPDATE message SET status = 'sent' WHERE status = 'queued'")
                        .expect("delivered");
                    for message in &mut model.messages {
                        if message.status == "queued" {
                            message.status = "sent";
                        }
                    }
                }
                Step::Update(only) => {
                    save_rules(store.connection(), &world);
                    save_book(store.connection(), &world);
                    let rules = world.rules.len();
                    let only = only.map(|only| only % rules);
                    let before = model.left_out.len();
                    let numbers: Vec<usize> = (0..rules)
                        .filter(|number| only.is_none_or(|only| only == *number))
                        .collect();
                    model.update(&world, &numbers, today);
                    let at =
                        parse_instant(&format!("{}T10:00", date(today)), ZONE).expect("an instant");
                    let name = only.map(|only| format!("rule-{only}"));
                    let clock = Clock::fixed(at, ZONE);
                    // What a rehearsal says is what happens then.
                    let rehearsal = UpdateRequest {
                        rule: name.as_deref(),
                        dry_run: true,
                        stale_ok: false,
                        yes: true,
                    };
                    let rehearsed = write(
                        &mut store,
                        &config,
                        &clock,
                        rehearsal,
                        &mut |_| Ok(()),
                        &mut |_| {},
                    )
                    .expect("a rehearsal");
                    let request = UpdateRequest {
                        dry_run: false,
                        ..rehearsal
                    };
                    let update = write(
                        &mut store,
                        &config,
                        &clock,
                        request,
                        &mut |_| Ok(()),
                        &mut |_| {},
                    )
                    .expect("an update");
                    prop_assert_eq!(&update, &rehearsed);
                    let mut left_out: BTreeMap<(String, String), u64> = BTreeMap::new();
                    for (number, reason) in &model.left_out[before..] {
                        let key = (format!("rule-{number}"), (*reason).to_owned());
                        *left_out.entry(key).or_default() += 1;
                    }
                    let told: BTreeMap<(String, String), u64> = update
                        .rules
                        .iter()
                        .flat_map(|rule| {
                            rule.left_out
                                .iter()
                                .map(|(reason, n)| ((rule.rule.clone(), reason.to_string()), *n))
                        })
                        .collect();
                    prop_assert_eq!(told, left_out, "left out on {}", date(today));
                    prop_assert_eq!(
                        messages(store.connection()),
                        messages_of(&model),
                        "messages on {}",
                        date(today)
                    );
                    prop_assert_eq!(
                        cases(store.connection()),
                        cases_of(&model),
                        "cases on {}",
                        date(today)
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(super::cases(150))]

        #[test]
        fn every_message_and_every_case_is_the_models((world, steps) in history(120)) {
            play(world, &steps)?;
        }
    }
}
