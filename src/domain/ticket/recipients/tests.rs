//! Who hears of an event: the sentences that must hold, one by one and for any event.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ticket::event::Said;
use crate::domain::ticket::notice::{Notice, Words};
use crate::domain::words::{Author, Channel, Word};
use proptest::prelude::*;

const ALL_FLAGS: &str = "manager replies workflow";

fn person(id: i64, teams: &[&str], flags: &str) -> Staff {
    Staff {
        id,
        name: format!("P{id}"),
        email: Some(format!("p{id}@example.com")),
        mobile: Some("+5549999990001".to_owned()),
        chat: None,
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        ticket_manager: flags.contains("manager"),
        notify_replies: flags.contains("replies"),
        notify_workflow: flags.contains("workflow"),
        active: !flags.contains("inactive"),
    }
}

fn topic(id: i64, parent_id: Option<i64>, teams: &[&str], alert_staff: &[i64]) -> Topic {
    Topic {
        id,
        name: format!("T{id}"),
        parent_id,
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        alert_text: (!alert_staff.is_empty()).then(|| "Olhe o #atendimento_id#".to_owned()),
        alert_staff: alert_staff.to_vec(),
    }
}

/// A trigger that speaks by e-mail in words of its own name.
fn by_mail(name: &str, event: TriggerEvent) -> Armed {
    let mut trigger = Trigger::new(name, event);
    trigger.templates = vec![format!("{name}-mail")];
    Armed {
        trigger,
        channels: vec![Channel::Email],
    }
}

fn with(mut armed: Armed, change: impl FnOnce(&mut Trigger)) -> Armed {
    change(&mut armed.trigger);
    armed
}

fn and_sms(mut armed: Armed) -> Armed {
    armed.trigger.templates.push("text".to_owned());
    armed.channels.push(Channel::Sms);
    armed
}

/// An event about a ticket of client 193 in topic 4 and sub-topic 9, for which 34 is responsible.
fn event(kind: EventType, change: impl FnOnce(&mut Event)) -> Event {
    let mut event = Event {
        dated: true,
        said: Said {
            client_id: Some(193),
            topic_id: Some(4),
            subtopic_id: Some(9),
            title: Some("Sem sinal".to_owned()),
            status: None,
            priority: Some("normal".to_owned()),
            responsible_id: Some(34),
            opened_by: None,
            visible_to_client: None,
        },
        ..Event::of(kind, "e1", 1070, chrono::DateTime::UNIX_EPOCH)
    };
    if kind == EventType::Moved {
        event.from = Some("in_progress".to_owned());
        event.to = Some("resolved".to_owned());
    }
    change(&mut event);
    event
}

fn hear(event: &Event, triggers: &[Armed], staff: &[Staff], topics: &[Topic]) -> Hearing {
    let house = House {
        triggers,
        staff,
        topics,
    };
    recipients(event, None, &event.ticket(None, topics), &house)
}

/// Each notice as `PERSON channel list trigger`.
fn told(hearing: &Hearing) -> Vec<String> {
    hearing
        .notices
        .iter()
        .map(|n| format!("{} {} {} {}", n.person, n.channel, n.list, n.event()))
        .collect()
}

/// Each person left out as `PERSON list: why`.
fn left_out(hearing: &Hearing) -> Vec<String> {
    hearing
        .left_out
        .iter()
        .map(|l| {
            let who = l.person.map_or("nobody".to_owned(), |p| p.to_string());
            format!("{who} {}: {}", l.list, l.why)
        })
        .collect()
}

struct Case {
    sentence: &'static str,
    event: Event,
    triggers: Vec<Armed>,
    staff: Vec<Staff>,
    topics: Vec<Topic>,
    told: &'static [&'static str],
    left_out: &'static [&'static str],
}

fn internal(change: impl FnOnce(&mut Event)) -> Event {
    event(EventType::Opened, change)
}

fn visible(opener: Option<Author>) -> Event {
    event(EventType::Opened, |e| {
        e.said.visible_to_client = Some(true);
        e.said.opened_by = opener;
    })
}

fn cases_of_the_client() -> Vec<Case> {
    use TriggerEvent::NewTicketClient as ToClient;
    let case = |sentence, event, triggers, told, left_out| Case {
        sentence,
        event,
        triggers,
        staff: vec![],
        topics: vec![],
        told,
        left_out,
    };
    vec![
        case(
            "a ticket opened by staff: the client, if the ticket is visible to them",
            visible(Some(Author::Staff)),
            vec![by_mail("new", ToClient)],
            &["client:193 email client new"],
            &[],
        ),
        case(
            "opened by anyone, through API, panel or portal",
            visible(Some(Author::Api)),
            vec![by_mail("new", ToClient)],
            &["client:193 email client new"],
            &[],
        ),
        case(
            "an invisible ticket is not told to its client",
            internal(|e| e.said.opened_by = Some(Author::Staff)),
            vec![by_mail("new", ToClient)],
            &[],
            &["client:193 client: the ticket is not visible to the client"],
        ),
        case(
            "a ticket the client opened is visible whatever the event says",
            internal(|e| {
                e.said.opened_by = Some(Author::Client);
                e.said.visible_to_client = Some(false);
            }),
            vec![by_mail("new", ToClient)],
            &["client:193 email client new"],
            &[],
        ),
        case(
            "a ticket without a client tells no client",
            event(EventType::Opened, |e| {
                e.said.client_id = None;
                e.said.visible_to_client = Some(true);
            }),
            vec![by_mail("new", ToClient)],
            &[],
            &["nobody client: the ticket names no client"],
        ),
        case(
            "by topic",
            visible(None),
            vec![
                with(by_mail("four", ToClient), |t| t.topics = vec![4]),
                with(by_mail("five", ToClient), |t| t.topics = vec![5]),
            ],
            &["client:193 email client four"],
            &[],
        ),
        case(
            "or by sub-topic alone",
            event(EventType::Opened, |e| {
                e.said.visible_to_client = Some(true);
                e.said.topic_id = None;
            }),
            vec![with(by_mail("nine", ToClient), |t| t.subtopics = vec![9])],
            &["client:193 email client nine"],
            &[],
        ),
        case(
            "topics and subtopics are alternatives: either may match",
            visible(None),
            vec![with(by_mail("either", ToClient), |t| {
                t.topics = vec![5];
                t.subtopics = vec![9];
            })],
            &["client:193 email client either"],
            &[],
        ),
        case(
            "a sub-topic trigger wins over a topic one, that over one without",
            visible(None),
            vec![
                by_mail("a-any", ToClient),
                with(by_mail("b-topic", ToClient), |t| t.topics = vec![4]),
                with(by_mail("c-sub", ToClient), |t| t.subtopics = vec![9]),
            ],
            &["client:193 email client c-sub"],
            &[
                "client:193 client: hears by trigger `c-sub`, which comes first",
                "client:193 client: hears by trigger `c-sub`, which comes first",
            ],
        ),
        case(
            "a topic trigger wins over one without",
            visible(None),
            vec![
                by_mail("a-any", ToClient),
                with(by_mail("b-topic", ToClient), |t| t.topics = vec![4]),
            ],
            &["client:193 email client b-topic"],
            &["client:193 client: hears by trigger `b-topic`, which comes first"],
        ),
        case(
            "then the name",
            visible(None),
            vec![by_mail("b", ToClient), by_mail("a", ToClient)],
            &["client:193 email client a"],
            &["client:193 client: hears by trigger `a`, which comes first"],
        ),
        case(
            "channels: email, sms, or both, each with its template",
            visible(None),
            vec![and_sms(by_mail("both", ToClient))],
            &["client:193 email client both", "client:193 sms client both"],
            &[],
        ),
    ]
}

fn cases_of_new_tickets() -> Vec<Case> {
    use TriggerEvent::{
        NewInternalTicket as Internal, NewPublicTicketByClient as ByClient,
        NewPublicTicketByStaff as ByStaff, NewTicketClient as ToClient,
    };
    let team_of_three = || {
        vec![
            person(5, &["Suporte"], ""),
            person(3, &["Redes"], ""),
            person(8, &[], "workflow"),
            person(7, &[], "workflow"),
            person(9, &[], ""),
            person(2, &[], "manager"),
        ]
    };
    let topics = || {
        vec![
            topic(4, None, &["Suporte"], &[]),
            topic(9, Some(4), &["Redes"], &[]),
        ]
    };
    let three = || {
        vec![
            by_mail("internal", Internal),
            by_mail("by-client", ByClient),
            by_mail("by-staff", ByStaff),
        ]
    };
    vec![
        Case {
            sentence: "not visible: managers; then the members of the teams of the topic and of its sub-topic by id; then the staff named who have notify_workflow in the order given",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("internal", Internal), |t| {
                t.staff = vec![8, 9, 7, 5];
            })],
            staff: team_of_three(),
            topics: topics(),
            told: &[
                "staff:2 email managers internal",
                "staff:3 email teams internal",
                "staff:5 email teams internal",
                "staff:8 email staff internal",
                "staff:7 email staff internal",
            ],
            left_out: &[
                "staff:9 staff: does not have notify_workflow",
                "staff:5 staff: does not have notify_workflow",
            ],
        },
        Case {
            sentence: "the trigger's own teams replace the topic's",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("internal", Internal), |t| {
                t.teams = vec!["redes".to_owned()];
            })],
            staff: team_of_three(),
            topics: topics(),
            told: &[
                "staff:2 email managers internal",
                "staff:3 email teams internal",
            ],
            left_out: &[],
        },
        Case {
            sentence: "visible, opened by the client",
            event: visible(Some(Author::Client)),
            triggers: three(),
            staff: vec![person(5, &["Suporte"], "")],
            topics: topics(),
            told: &["staff:5 email teams by-client"],
            left_out: &[],
        },
        Case {
            sentence: "visible, opened by staff",
            event: visible(Some(Author::Staff)),
            triggers: three(),
            staff: vec![person(5, &["Suporte"], "")],
            topics: topics(),
            told: &["staff:5 email teams by-staff"],
            left_out: &[],
        },
        Case {
            sentence: "visible, opened by the API",
            event: visible(Some(Author::Api)),
            triggers: three(),
            staff: vec![person(5, &["Suporte"], "")],
            topics: topics(),
            told: &["staff:5 email teams by-staff"],
            left_out: &[],
        },
        Case {
            sentence: "the client before the staff",
            event: visible(Some(Author::Client)),
            triggers: vec![by_mail("a", ByClient), by_mail("z", ToClient)],
            staff: vec![person(5, &["Suporte"], "")],
            topics: topics(),
            told: &["client:193 email client z", "staff:5 email teams a"],
            left_out: &[],
        },
        Case {
            sentence: "a manager hears of every new ticket for which a staff trigger of its event exists, whatever that trigger's topics",
            event: internal(|_| {}),
            triggers: vec![
                with(by_mail("b", Internal), |t| t.topics = vec![77]),
                with(by_mail("a", Internal), |t| t.topics = vec![78]),
            ],
            staff: vec![
                person(2, &["Suporte"], "manager"),
                person(5, &["Suporte"], ""),
            ],
            topics: topics(),
            told: &["staff:2 email managers a"],
            left_out: &[],
        },
        Case {
            sentence: "no staff trigger of its event: the manager does not hear",
            event: internal(|_| {}),
            triggers: vec![by_mail("by-staff", ByStaff), by_mail("client", ToClient)],
            staff: vec![person(2, &["Suporte"], "manager")],
            topics: topics(),
            told: &[],
            left_out: &["client:193 client: the ticket is not visible to the client"],
        },
        Case {
            sentence: "once, in the words of the first matching trigger",
            event: internal(|_| {}),
            triggers: vec![
                by_mail("a", Internal),
                with(by_mail("b", Internal), |t| t.topics = vec![4]),
                with(and_sms(by_mail("0", Internal)), |t| t.topics = vec![78]),
            ],
            staff: vec![person(2, &[], "manager")],
            topics: vec![],
            told: &["staff:2 email managers b"],
            left_out: &[],
        },
        Case {
            sentence: "and nothing else about the same event: their flag cancels an alert, a team's or a named notice, duplicates allowed or not",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("a", Internal), |t| {
                t.staff = vec![2];
                t.allow_duplicates = true;
            })],
            staff: vec![person(2, &["Suporte"], ALL_FLAGS)],
            topics: vec![topic(4, None, &["Suporte"], &[2])],
            told: &["staff:2 email managers a"],
            left_out: &[
                "staff:2 teams: hears once, as a ticket manager",
                "staff:2 staff: hears once, as a ticket manager",
                "staff:2 alert:4: hears once, as a ticket manager",
            ],
        },
        Case {
            sentence: "inactive staff never hear",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("a", Internal), |t| t.staff = vec![7, 99])],
            staff: vec![
                person(2, &[], "manager inactive"),
                person(5, &["Suporte"], "inactive"),
                person(7, &[], "workflow inactive"),
            ],
            topics: vec![topic(4, None, &["Suporte"], &[7])],
            told: &[],
            left_out: &[
                "staff:2 managers: is inactive",
                "staff:5 teams: is inactive",
                "staff:99 staff: is not in the book",
                "staff:7 staff: is inactive",
                "staff:7 alert:4: is inactive",
            ],
        },
        Case {
            sentence: "one message per channel and event, from the first list that named them",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("a", Internal), |t| t.staff = vec![5])],
            staff: vec![person(5, &["Suporte", "Redes"], "workflow")],
            topics: topics(),
            told: &["staff:5 email teams a"],
            left_out: &["staff:5 staff: hears already, from the list teams"],
        },
        Case {
            sentence: "duplicates = allow restores one per list",
            event: internal(|_| {}),
            triggers: vec![with(by_mail("a", Internal), |t| {
                t.staff = vec![5];
                t.allow_duplicates = true;
            })],
            staff: vec![person(5, &["Suporte", "Redes"], "workflow")],
            topics: vec![topic(4, None, &["Suporte"], &[5])],
            told: &[
                "staff:5 email teams a",
                "staff:5 email staff a",
                "staff:5 email alert:4 alert:4",
            ],
            left_out: &[],
        },
        Case {
            sentence: "of several triggers the closest speaks to a person, on each channel",
            event: internal(|_| {}),
            triggers: vec![
                and_sms(with(by_mail("any", Internal), |t| t.staff = vec![5, 6])),
                with(by_mail("sub", Internal), |t| {
                    t.subtopics = vec![9];
                    t.staff = vec![5];
                }),
            ],
            staff: vec![person(5, &[], "workflow"), person(6, &[], "workflow")],
            topics: vec![],
            told: &[
                "staff:5 email staff sub",
                "staff:5 sms staff any",
                "staff:6 email staff any",
                "staff:6 sms staff any",
            ],
            left_out: &["staff:5 staff: hears by trigger `sub`, which comes first"],
        },
    ]
}

fn cases_of_alerts() -> Vec<Case> {
    use TriggerEvent::NewInternalTicket as Internal;
    let unreachable_by_mail = || Staff {
        email: None,
        ..person(6, &[], "")
    };
    vec![
        Case {
            sentence: "a topic or sub-topic with alert_text and alert_staff alerts those people, by id, trigger or none",
            event: internal(|_| {}),
            triggers: vec![],
            staff: vec![person(5, &[], ""), person(3, &[], ""), person(1, &[], "")],
            topics: vec![
                topic(9, Some(4), &[], &[1, 3]),
                topic(4, None, &[], &[5, 3]),
                topic(5, None, &[], &[1]),
            ],
            told: &[
                "staff:3 email alert:4 alert:4",
                "staff:5 email alert:4 alert:4",
                "staff:1 email alert:9 alert:9",
            ],
            left_out: &["staff:3 alert:9: hears already, from the list alert:4"],
        },
        Case {
            sentence: "by e-mail, else by sms",
            event: internal(|_| {}),
            triggers: vec![],
            staff: vec![
                unreachable_by_mail(),
                Staff {
                    email: None,
                    mobile: None,
                    ..person(7, &[], "")
                },
            ],
            topics: vec![topic(4, None, &[], &[6, 7])],
            told: &[
                "staff:6 sms alert:4 alert:4",
                "staff:7 email alert:4 alert:4",
            ],
            left_out: &[],
        },
        Case {
            sentence: "the alert is the last list: on the same channel the first list speaks",
            event: internal(|_| {}),
            triggers: vec![by_mail("a", Internal)],
            staff: vec![person(5, &["Suporte"], ""), person(3, &[], "")],
            topics: vec![topic(4, None, &["Suporte"], &[3, 5])],
            told: &["staff:5 email teams a", "staff:3 email alert:4 alert:4"],
            left_out: &["staff:5 alert:4: hears already, from the list teams"],
        },
        Case {
            sentence: "a topic without alert_text alerts nobody",
            event: internal(|_| {}),
            triggers: vec![],
            staff: vec![person(5, &[], "")],
            topics: vec![Topic {
                alert_text: None,
                ..topic(4, None, &[], &[5])
            }],
            told: &[],
            left_out: &[],
        },
        Case {
            sentence: "only when a ticket is opened in it",
            event: event(EventType::Replied, |_| {}),
            triggers: vec![],
            staff: vec![person(5, &[], "")],
            topics: vec![topic(4, None, &[], &[5])],
            told: &[],
            left_out: &[],
        },
    ]
}

fn cases_of_replies() -> Vec<Case> {
    let reply = || event(EventType::Replied, |_| {});
    let named = |change: fn(&mut Trigger)| {
        vec![with(by_mail("r", TriggerEvent::Reply), |t| {
            t.staff = vec![3, 4];
            t.fallback = Some(Somebody::Team("Suporte".to_owned()));
            change(t);
        })]
    };
    let staff = |responsible: Staff| {
        vec![
            person(3, &[], "replies"),
            person(4, &[], "workflow manager"),
            person(5, &["Suporte"], "replies"),
            person(6, &["Suporte"], "workflow"),
            responsible,
        ]
    };
    vec![
        Case {
            sentence: "the staff named who have notify_replies, then the responsible, always",
            event: reply(),
            triggers: named(|_| {}),
            staff: staff(person(34, &[], "")),
            topics: vec![],
            told: &["staff:3 email staff r", "staff:34 email responsible r"],
            left_out: &["staff:4 staff: does not have notify_replies"],
        },
        Case {
            sentence: "with no responsible, the fallback team who have notify_replies",
            event: event(EventType::Replied, |e| e.said.responsible_id = None),
            triggers: named(|_| {}),
            staff: staff(person(34, &[], "")),
            topics: vec![],
            told: &["staff:3 email staff r", "staff:5 email fallback r"],
            left_out: &[
                "staff:4 staff: does not have notify_replies",
                "nobody responsible: nobody is responsible",
                "staff:6 fallback: does not have notify_replies",
            ],
        },
        Case {
            sentence: "with an inactive one, the fallback",
            event: reply(),
            triggers: named(|t| t.fallback = Some(Somebody::Staff(5))),
            staff: staff(person(34, &[], "replies inactive")),
            topics: vec![],
            told: &["staff:3 email staff r", "staff:5 email fallback r"],
            left_out: &[
                "staff:4 staff: does not have notify_replies",
                "staff:34 responsible: is inactive",
            ],
        },
        Case {
            sentence: "for replies ticket_manager does not count, and the client does not hear",
            event: event(EventType::Replied, |e| {
                e.said.visible_to_client = Some(true);
            }),
            triggers: named(|t| t.staff.clear()),
            staff: staff(person(34, &[], "manager")),
            topics: vec![],
            told: &["staff:34 email responsible r"],
            left_out: &[],
        },
        Case {
            sentence: "the responsible who is named hears once, as named",
            event: reply(),
            triggers: named(|t| t.staff = vec![34]),
            staff: staff(person(34, &[], "replies")),
            topics: vec![],
            told: &["staff:34 email staff r"],
            left_out: &["staff:34 responsible: hears already, from the list staff"],
        },
    ]
}

fn cases_of_moves() -> Vec<Case> {
    use TriggerEvent::Workflow;
    let moved = || event(EventType::Moved, |_| {});
    let staff = || {
        vec![
            person(2, &[], "manager workflow"),
            person(1, &[], "manager"),
            person(5, &["Suporte"], "workflow"),
            person(6, &["Redes"], "workflow"),
            person(34, &[], "workflow"),
        ]
    };
    let topics = || vec![topic(4, None, &["Suporte"], &[])];
    let plain = |sentence, change: fn(&mut Trigger), told| Case {
        sentence,
        event: moved(),
        triggers: vec![with(by_mail("w", Workflow), change)],
        staff: vec![person(34, &[], "workflow")],
        topics: vec![],
        told,
        left_out: &[],
    };
    let to_responsible: &[&str] = &["staff:34 email responsible w"];
    vec![
        Case {
            sentence: "the default audience: responsible, managers, teams, in this order; staff who have notify_workflow",
            event: moved(),
            triggers: vec![by_mail("w", Workflow)],
            staff: staff(),
            topics: topics(),
            told: &[
                "staff:34 email responsible w",
                "staff:2 email managers w",
                "staff:5 email teams w",
            ],
            left_out: &["staff:1 managers: does not have notify_workflow"],
        },
        Case {
            sentence: "audience in its order; also a person, a team, and the client if the ticket is visible",
            event: event(EventType::Moved, |e| {
                e.said.visible_to_client = Some(true);
            }),
            triggers: vec![with(by_mail("w", Workflow), |t| {
                t.audience = vec![
                    Audience::Named(Somebody::Team("Redes".to_owned())),
                    Audience::Client,
                    Audience::Named(Somebody::Staff(5)),
                    Audience::Teams,
                ];
            })],
            staff: staff(),
            topics: topics(),
            told: &[
                "staff:6 email team:Redes w",
                "client:193 email client w",
                "staff:5 email staff:5 w",
            ],
            left_out: &["staff:5 teams: hears already, from the list staff:5"],
        },
        Case {
            sentence: "the client does not hear of a move of an invisible ticket",
            event: moved(),
            triggers: vec![with(by_mail("w", Workflow), |t| {
                t.audience = vec![Audience::Client];
            })],
            staff: vec![],
            topics: vec![],
            told: &[],
            left_out: &["client:193 client: the ticket is not visible to the client"],
        },
        Case {
            sentence: "the responsible without notify_workflow does not hear of a move",
            event: moved(),
            triggers: vec![by_mail("w", Workflow)],
            staff: vec![person(34, &[], "replies")],
            topics: vec![],
            told: &[],
            left_out: &["staff:34 responsible: does not have notify_workflow"],
        },
        plain(
            "only from given statuses",
            |t| t.from = vec!["open".to_owned(), "In_Progress".to_owned()],
            to_responsible,
        ),
        plain(
            "not from another status",
            |t| t.from = vec!["open".to_owned()],
            &[],
        ),
        plain(
            "only to given statuses",
            |t| t.to = vec!["resolved".to_owned()],
            to_responsible,
        ),
        plain(
            "not to another status",
            |t| t.to = vec!["open".to_owned()],
            &[],
        ),
        plain(
            "or given priority",
            |t| t.priorities = vec!["urgent".to_owned(), "normal".to_owned()],
            to_responsible,
        ),
        plain(
            "not another priority",
            |t| t.priorities = vec!["urgent".to_owned()],
            &[],
        ),
        Case {
            sentence: "a change of priority alone is a move, to no status",
            event: event(EventType::Moved, |e| {
                e.from = None;
                e.to = None;
                e.said.priority = Some("urgent".to_owned());
            }),
            triggers: vec![
                with(by_mail("urgent", Workflow), |t| {
                    t.priorities = vec!["urgent".to_owned()];
                }),
                with(by_mail("resolved", Workflow), |t| {
                    t.to = vec!["resolved".to_owned()];
                }),
            ],
            staff: vec![person(34, &[], "workflow")],
            topics: vec![],
            told: &["staff:34 email responsible urgent"],
            left_out: &[],
        },
    ]
}

#[test]
fn every_sentence_about_who_hears_holds() {
    let cases = cases_of_the_client()
        .into_iter()
        .chain(cases_of_new_tickets())
        .chain(cases_of_alerts())
        .chain(cases_of_replies())
        .chain(cases_of_moves());
    for case in cases {
        let hearing = hear(&case.event, &case.triggers, &case.staff, &case.topics);
        assert_eq!(told(&hearing), case.told, "{}", case.sentence);
        assert_eq!(left_out(&hearing), case.left_out, "{}", case.sentence);
    }
}

#[test]
fn from_is_what_the_book_had_when_the_event_leaves_it_out() {
    let before = Ticket {
        id: 1070,
        status: Some("open".to_owned()),
        responsible_id: Some(34),
        ..Ticket::default()
    };
    let moved = event(EventType::Moved, |e| {
        e.said = Said::default();
        e.from = None;
        e.to = Some("resolved".to_owned());
    });
    let triggers = [with(by_mail("w", TriggerEvent::Workflow), |t| {
        t.from = vec!["open".to_owned()];
    })];
    let staff = [person(34, &[], "workflow")];
    let house = House {
        triggers: &triggers,
        staff: &staff,
        topics: &[],
    };
    let ticket = moved.ticket(Some(&before), &[]);
    let hearing = recipients(&moved, Some(&before), &ticket, &house);
    assert_eq!(told(&hearing), ["staff:34 email responsible w"]);
}

#[test]
fn keys_name_the_list_for_alerts_and_allowed_duplicates_only() {
    let notice = |words, list, keyed_by_list| Notice {
        person: Person::Staff(34),
        channel: Channel::Email,
        words,
        otherwise: Vec::new(),
        list,
        keyed_by_list,
    };
    let template = || Words::Template {
        trigger: "t".to_owned(),
        template: "m".to_owned(),
    };
    let plain = notice(template(), ListName::Teams, false);
    assert_eq!(plain.key("e1"), "ticket/e1/staff:34/email");
    assert_eq!(plain.event(), "t");
    let allowed = notice(template(), ListName::Teams, true);
    assert_eq!(allowed.key("e1"), "ticket/e1/staff:34/email/teams");
    let alert = notice(Words::Alert(4), ListName::Alert(4), true);
    assert_eq!(alert.key("e1"), "ticket/e1/staff:34/email/alert:4");
    assert_eq!(alert.event(), "alert:4");
}

prop_compose! {
    fn any_staff()(
        rows in prop::collection::vec((0usize..4, any::<[bool; 4]>(), any::<bool>()), 0..8)
    ) -> Vec<Staff> {
        let teams: [&[&str]; 4] = [&[], &["A"], &["B"], &["A", "B"]];
        rows.into_iter().enumerate().map(|(i, (team, flags, mail))| {
            let mut p = person(i64::try_from(i).expect("few"), teams[team], "");
            [p.ticket_manager, p.notify_replies, p.notify_workflow, p.active] = flags;
            if !mail { p.email = None; }
            p
        }).collect()
    }
}

prop_compose! {
    fn any_trigger()(
        event in 0..TriggerEvent::ALL.len(),
        topics in prop::collection::vec(1i64..4, 0..2),
        subtopics in prop::collection::vec(11i64..14, 0..2),
        staff in Just((0i64..9).collect::<Vec<_>>()).prop_shuffle(),
        some in 0usize..6,
        team in 0usize..3,
        channels in 0usize..3,
        audience in Just(vec![
            Audience::Responsible, Audience::Managers, Audience::Teams, Audience::Client,
            Audience::Named(Somebody::Staff(3)), Audience::Named(Somebody::Team("A".to_owned())),
        ]).prop_shuffle(),
        allow in any::<bool>(),
    ) -> Armed {
        let event = TriggerEvent::ALL[event];
        let mut trigger = Trigger::new("t", event);
        trigger.topics = topics;
        trigger.subtopics = subtopics;
        trigger.allow_duplicates = allow;
        let channels = [vec![Channel::Email], vec![Channel::Sms], vec![Channel::Sms, Channel::Email]][channels].clone();
        trigger.templates = channels.iter().map(ToString::to_string).collect();
        match event {
            TriggerEvent::Workflow => trigger.audience = audience,
            TriggerEvent::NewTicketClient => {}
            _ => trigger.staff = staff[..some].to_vec(),
        }
        if event.tells_staff_of_new_tickets() && team > 0 {
            trigger.teams = vec![["A", "B"][team - 1].to_owned()];
        }
        if event == TriggerEvent::Reply {
            trigger.fallback = [None, Some(Somebody::Staff(2)), Some(Somebody::Team("B".to_owned()))][team].clone();
        }
        Armed { trigger, channels }
    }
}

prop_compose! {
    fn any_triggers()(triggers in prop::collection::vec(any_trigger(), 0..7)) -> Vec<Armed> {
        triggers.into_iter().enumerate().map(|(i, mut armed)| {
            armed.trigger.name = format!("t{i}");
            armed
        }).collect()
    }
}

prop_compose! {
    fn any_event()(
        kind in 0..EventType::ALL.len(),
        topic in prop::option::of(1i64..4),
        subtopic in prop::option::of(11i64..14),
        client in prop::option::of(Just(193i64)),
        responsible in prop::option::of(0i64..9),
        opened_by in prop::option::of(0..Author::ALL.len()),
        visible in prop::option::of(any::<bool>()),
    ) -> Event {
        event(EventType::ALL[kind], |e| {
            e.said.topic_id = topic;
            e.said.subtopic_id = subtopic;
            e.said.client_id = client;
            e.said.responsible_id = responsible;
            e.said.opened_by = opened_by.map(|i| Author::ALL[i]);
            e.said.visible_to_client = visible;
        })
    }
}

fn some_topics() -> Vec<Topic> {
    vec![
        topic(1, None, &["A"], &[5, 1]),
        topic(2, None, &["B"], &[]),
        topic(11, Some(1), &["B"], &[1, 6, 2]),
        topic(12, Some(2), &[], &[0]),
    ]
}

fn rank(list: &ListName) -> usize {
    match list {
        ListName::Client => 0,
        ListName::Managers => 1,
        ListName::Teams => 2,
        ListName::Staff => 3,
        ListName::Responsible => 4,
        ListName::Fallback => 5,
        ListName::Named(_) => 6,
        ListName::Alert(_) => 7,
    }
}

proptest! {
    #![proptest_config(crate::property::cases(2000))]

    #[test]
    fn what_must_always_hold(event in any_event(), triggers in any_triggers(), staff in any_staff()) {
        let topics = some_topics();
        let ticket = event.ticket(None, &topics);
        let hearing = hear(&event, &triggers, &staff, &topics);

        // Keys never meet, so that nothing decided here is lost when it is written down.
        let keys: BTreeSet<String> = hearing.notices.iter().map(|n| n.key("e")).collect();
        prop_assert_eq!(keys.len(), hearing.notices.len());

        let mut spots = BTreeMap::new();
        for notice in &hearing.notices {
            // No client hears of an invisible ticket, and no other client than its own.
            if let Person::Client(id) = notice.person {
                prop_assert!(ticket.visible());
                prop_assert_eq!(Some(id), ticket.client_id);
            }
            // Inactive staff never hear.
            if let Person::Staff(id) = notice.person {
                prop_assert!(staff.iter().any(|p| p.id == id && p.active));
            }
            spots.entry((notice.person, notice.channel.to_string())).or_insert_with(Vec::new).push(notice);
        }
        // Nobody hears twice on a channel, unless the trigger that spoke first allows it.
        for notices in spots.values() {
            if notices.len() > 1 {
                let Words::Template { trigger, .. } = &notices[0].words else {
                    return Err(TestCaseError::fail("an alert came before another list"));
                };
                let armed = triggers.iter().find(|a| a.trigger.name == *trigger).expect("its trigger");
                prop_assert!(armed.trigger.allow_duplicates);
                prop_assert!(notices.iter().all(|n| n.list != ListName::Managers || event.kind != EventType::Opened));
            }
        }
        // A manager told of a new ticket is told nothing else of it.
        if event.kind == EventType::Opened {
            for manager in hearing.notices.iter().filter(|n| n.list == ListName::Managers) {
                prop_assert!(hearing.notices.iter().filter(|n| n.person == manager.person).all(|n| n.list == ListName::Managers));
            }
        }
    }

    #[test]
    fn the_order_is_kept(event in any_event(), triggers in any_triggers(), staff in any_staff()) {
        let hearing = hear(&event, &triggers, &staff, &some_topics());
        if event.kind == EventType::Moved {
            // Of one trigger: its audience in its order, and within a list by id.
            for armed in &triggers {
                let spot = |n: &&Notice| armed.trigger.audience.iter().position(|a| a.to_string() == n.list.to_string());
                let own: Vec<_> = hearing.notices.iter().filter(|n| n.event() == armed.trigger.name).collect();
                let places: Vec<_> = own.iter().map(|n| (spot(n), n.person)).collect();
                prop_assert!(places.is_sorted(), "{places:?}");
            }
            return Ok(());
        }
        let ranks: Vec<usize> = hearing.notices.iter().map(|n| rank(&n.list)).collect();
        prop_assert!(ranks.is_sorted(), "{ranks:?}");
        for list in [ListName::Managers, ListName::Teams] {
            let people: Vec<Person> = hearing.notices.iter().filter(|n| n.list == list).map(|n| n.person).collect();
            prop_assert!(people.is_sorted(), "{list} {people:?}");
        }
        for armed in &triggers {
            let named: Vec<usize> = hearing.notices.iter()
                .filter(|n| n.list == ListName::Staff && n.event() == armed.trigger.name)
                .filter_map(|n| armed.trigger.staff.iter().position(|id| Person::Staff(*id) == n.person))
                .collect();
            prop_assert!(named.is_sorted(), "{named:?}");
        }
    }

    #[test]
    fn the_order_of_the_book_changes_nothing(
        event in any_event(),
        (triggers, other) in any_triggers().prop_flat_map(|t| (Just(t.clone()), Just(t).prop_shuffle())),
        (staff, people) in any_staff().prop_flat_map(|s| (Just(s.clone()), Just(s).prop_shuffle())),
    ) {
        let topics = some_topics();
        prop_assert_eq!(
            hear(&event, &triggers, &staff, &topics),
            hear(&event, &other, &people, &topics)
        );
    }
}
