//! Incidents against a small independent model: histories of openings, updates, closings, opt-outs,
//! moved logins, lost numbers and killed runs are invented, and every message must be the same on both
//! sides after each command.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use regua::clock::Clock;
use regua::config::Config;
use regua::domain::incident::Opening;
use regua::domain::words::Channel;
use regua::jobs::deliver::{Stop, deliver};
use regua::jobs::incident::{self, IncidentRun};
use regua::store::{Store, meta};

use crate::property::cases;

const CLIENTS: usize = 5;

#[derive(Debug, Clone)]
enum Act {
    Open {
        name: usize,
        pop: usize,
        template: usize,
    },
    Update {
        name: usize,
        template: usize,
        again: bool,
    },
    Close {
        name: usize,
        template: usize,
    },
    OptOut(usize),
    OptIn(usize),
    /// A login comes to another POP.
    Move(usize, usize),
    /// A number is lost, or there again.
    Number(usize, bool),
    Deliver,
    /// A run dies with so many messages in flight.
    Kill(usize),
    /// A person puts back what nobody knows of.
    Retry,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..2usize, 0..2usize, 0..2usize)
            .prop_map(|(name, pop, template)| Act::Open { name, pop, template }),
        3 => (0..2usize, 0..2usize, any::<bool>())
            .prop_map(|(name, template, again)| Act::Update { name, template, again }),
        2 => (0..2usize, 0..2usize).prop_map(|(name, template)| Act::Close { name, template }),
        1 => (0..CLIENTS).prop_map(Act::OptOut),
        1 => (0..CLIENTS).prop_map(Act::OptIn),
        2 => (0..CLIENTS, 0..2usize).prop_map(|(client, pop)| Act::Move(client, pop)),
        1 => (0..CLIENTS, any::<bool>()).prop_map(|(client, there)| Act::Number(client, there)),
        4 => Just(Act::Deliver),
        2 => (0..4usize).prop_map(Act::Kill),
        1 => Just(Act::Retry),
    ]
}

/// What the specification says, with plain numbers.
#[derive(Default)]
struct Model {
    incidents: Vec<Incident>,
    pops: [usize; CLIENTS],
    numberless: BTreeSet<usize>,
    opted_out: BTreeSet<usize>,
    /// In the order in which they were made: incident, step, client; and the state.
    messages: Vec<((usize, usize, usize), &'static str)>,
    /// Of which messages nobody knew once.
    doubted: BTreeSet<(usize, usize, usize)>,
}

struct Incident {
    name: usize,
    pop: usize,
    list: Vec<usize>,
    /// What each step is, and its template.
    steps: Vec<(char, usize)>,
    open: bool,
}

impl Model {
    fn open_one(&self, name: usize) -> Option<usize> {
        let mut all = self.incidents.iter();
        all.position(|incident| incident.name == name && incident.open)
    }

    fn concerned(&self, pop: usize) -> Vec<usize> {
        (0..CLIENTS)
            .filter(|client| self.pops[*client] == pop)
            .collect()
    }

    fn against(&self, client: usize) -> Option<&'static str> {
        if self.numberless.contains(&client) {
            Some("skipped no_contact")
        } else if self.opted_out.contains(&client) {
            Some("skipped opted_out")
        } else {
            None
        }
    }

    /// Whether a client was told in a step before this one, or may have been.
    fn told(&self, incident: usize, before: usize, client: usize) -> bool {
        self.messages.iter().any(|(key, state)| {
            let (of, step, to) = *key;
            (of, to) == (incident, client)
                && step < before
                && (["sent", "unknown", "sending"].contains(state) || self.doubted.contains(key))
        })
    }

    /// What becomes of a queued message when its turn comes.
    fn turn(&self, (incident, step, client): (usize, usize, usize)) -> &'static str {
        let steps = &self.incidents[incident].steps;
        if step < steps.len() {
            return "skipped expired";
        }
        if steps[step - 1].0 == 'c' && !self.told(incident, step, client) {
            return "skipped settled";
        }
        self.against(client).unwrap_or("sent")
    }

    fn step(&mut self, at: usize, kind: char, template: usize, to: Vec<usize>) {
        for ((of, _, _), state) in &mut self.messages {
            if *of == at && *state == "queued" {
                *state = "cancelled";
            }
        }
        self.incidents[at].steps.push((kind, template));
        let number = self.incidents[at].steps.len();
        for client in to {
            let state = self.against(client).unwrap_or("queued");
            self.messages.push(((at, number, client), state));
        }
    }

    /// Whether the command is acceptable.
    fn act(&mut self, act: &Act) -> bool {
        match *act {
            Act::Open {
                name,
                pop,
                template,
            } => {
                if let Some(at) = self.open_one(name) {
                    let open = &self.incidents[at];
                    return open.pop == pop && open.steps[0].1 == template;
                }
                let list = self.concerned(pop);
                if list.is_empty() {
                    return false;
                }
                self.incidents.push(Incident {
                    name,
                    pop,
                    list: list.clone(),
                    steps: Vec::new(),
                    open: true,
                });
                self.step(self.incidents.len() - 1, 'o', template, list);
            }
            Act::Update {
                name,
                template,
                again,
            } => {
                let Some(at) = self.open_one(name) else {
                    return false;
                };
                if self.incidents[at].steps.last() == Some(&('u', template)) && !again {
                    return true;
                }
                for client in self.concerned(self.incidents[at].pop) {
                    if !self.incidents[at].list.contains(&client) {
                        self.incidents[at].list.push(client);
                    }
                }
                let list = self.incidents[at].list.clone();
                self.step(at, 'u', template, list);
            }
            Act::Close { name, template } => {
                let Some(at) = self.open_one(name) else {
                    let mut all = self.incidents.iter().rev();
                    let latest = all.find(|incident| incident.name == name);
                    return latest.is_some_and(|one| one.steps.last() == Some(&('c', template)));
                };
                let list = self.incidents[at].list.clone();
                let told = |client: &usize| self.told(at, usize::MAX, *client);
                let told = list.into_iter().filter(told).collect();
                self.incidents[at].open = false;
                self.step(at, 'c', template, told);
            }
            Act::OptOut(client) => drop(self.opted_out.insert(client)),
            Act::OptIn(client) => drop(self.opted_out.remove(&client)),
            Act::Move(client, pop) => self.pops[client] = pop,
            Act::Number(client, true) => drop(self.numberless.remove(&client)),
            Act::Number(client, false) => drop(self.numberless.insert(client)),
            Act::Deliver => {
                for at in 0..self.messages.len() {
                    let (key, state) = self.messages[at];
                    if state == "sending" {
                        self.doubted.insert(key);
                    }
                    self.messages[at].1 = match state {
                        "sending" => "unknown",
                        "queued" => self.turn(key),
                        state => state,
                    };
                }
            }
            Act::Kill(most) => {
                let queued = self
                    .messages
                    .iter_mut()
                    .filter(|(_, state)| *state == "queued");
                queued.take(most).for_each(|(_, state)| *state = "sending");
            }
            Act::Retry => {
                for (_, state) in &mut self.messages {
                    if *state == "unknown" {
                        *state = "queued";
                    }
                }
            }
        }
        true
    }
}

struct World {
    _folder: tempfile::TempDir,
    store: Store,
    config: Config,
    clock: Clock,
    path: std::path::PathBuf,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sms.jsonl");
        let text = format!(
            "[sms]\nprovider = \"file\"\npath = \"{}\"\n",
            path.display()
        );
        let config = Config::read(&text, "test", Path::new("")).expect("acceptable");
        let clock = Clock::of_run(Some("2026-11-23T09:00"), config.timezone).expect("an instant");
        let mut store = Store::open(&folder.path().join("regua.db")).expect("a database");
        store.write(|_| Ok(())).expect("writing has begun");
        let mut sql = String::new();
        for id in 1..=CLIENTS {
            sql += &format!(
                "INSERT INTO client (id, name, person_type, mobile)
                 VALUES ({id}, 'C{id}', 'individual', '+554998888000{id}');
                 INSERT INTO login (id, client_id, username, pop) VALUES ({id}, {id}, 'u{id}', 'P0');"
            );
        }
        for template in 0..2 {
            sql += &format!(
                "INSERT INTO template (name, channel, kind, purpose, body)
                 VALUES ('t{template}', 'sms', 'support', 'service', 'Aviso {template}');"
            );
        }
        store.connection().execute_batch(&sql).expect("written");
        Self {
            _folder: folder,
            store,
            config,
            clock,
            path,
        }
    }

    fn sql(&self, sql: &str) {
        let connection = self.store.connection();
        connection.execute_batch(sql).expect(sql);
        meta::book_changed(connection).expect("noted");
    }

    /// Whether the command was accepted.
    fn act(&mut self, act: &Act) -> bool {
        let run = IncidentRun {
            config: &self.config,
            now: self.clock.now(),
            dry_run: false,
        };
        let (names, templates) = (["a", "b"], ["t0", "t1"]);
        match *act {
            Act::Open {
                name,
                pop,
                template,
            } => {
                let opening = Opening {
                    name: names[name].to_owned(),
                    report: "logins".to_owned(),
                    filters: vec![format!("pop=P{pop}")],
                    template: templates[template].to_owned(),
                    until: None,
                    hold_collection: false,
                };
                return incident::open(&mut self.store, run, &opening).is_ok();
            }
            Act::Update {
                name,
                template,
                again,
            } => {
                let (name, template) = (names[name], templates[template]);
                return incident::update(&mut self.store, run, name, template, again, None).is_ok();
            }
            Act::Close { name, template } => {
                let (name, template) = (names[name], templates[template]);
                return incident::close(&mut self.store, run, name, template).is_ok();
            }
            Act::OptOut(client) => self.sql(&format!(
                "INSERT OR IGNORE INTO opt_out (client_id) VALUES ({})",
                client + 1
            )),
            Act::OptIn(client) => {
                self.sql(&format!(
                    "DELETE FROM opt_out WHERE client_id = {}",
                    client + 1
                ));
            }
            Act::Move(client, pop) => self.sql(&format!(
                "UPDATE login SET pop = 'P{pop}' WHERE id = {}",
                client + 1
            )),
            Act::Number(client, there) => {
                let id = client + 1;
                let number = if there {
                    format!("'+554998888000{id}'")
                } else {
                    "NULL".to_owned()
                };
                self.sql(&format!(
                    "UPDATE client SET mobile = {number} WHERE id = {id}"
                ));
            }
            Act::Deliver => {
                let (config, clock) = (&self.config, &self.clock);
                let channels = [Channel::Sms];
                let stop = Stop::default();
                deliver(
                    &mut self.store,
                    config,
                    clock,
                    &channels,
                    &stop,
                    &mut |_, _, _| {},
                )
                .expect("delivered");
            }
            // What a run that is killed leaves behind: it was written before the request left.
            Act::Kill(most) => self.sql(&format!(
                "UPDATE message SET status = 'sending', attempts = attempts + 1 WHERE id IN
                   (SELECT id FROM message WHERE status = 'queued' ORDER BY id LIMIT {most})"
            )),
            Act::Retry => self.sql(
                "UPDATE message SET status = 'queued', reason = NULL, detail = NULL, not_before = 0,
                   retries = 0, seen = '' WHERE status = 'unknown'",
            ),
        }
        true
    }

    fn messages(&self) -> BTreeMap<String, String> {
        let connection = self.store.connection();
        let mut statement = connection
            .prepare("SELECT key, status || coalesce(' ' || reason, '') FROM message")
            .expect("prepared");
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("asked");
        rows.map(|row| row.expect("read")).collect()
    }
}

/// Lets both sides act, and compares them after each command.
fn alike(acts: &[Act]) -> (Model, World) {
    let (mut model, mut world) = (Model::default(), World::new());
    for (done, act) in acts.iter().enumerate() {
        let accepted = model.act(act);
        assert_eq!(world.act(act), accepted, "{:?}", &acts[..=done]);
        let expected: BTreeMap<String, String> = model
            .messages
            .iter()
            .map(|((incident, step, client), state)| {
                let key = format!("incident/{}/{step}/{}/sms", incident + 1, client + 1);
                (key, (*state).to_owned())
            })
            .collect();
        assert_eq!(world.messages(), expected, "{:?}", &acts[..=done]);
    }
    // Nobody has had anything twice.
    let delivered = std::fs::read_to_string(&world.path).unwrap_or_default();
    let keys: Vec<&str> = delivered
        .lines()
        .filter_map(|line| line.split("\"key\":\"").nth(1)?.split('"').next())
        .collect();
    let distinct: BTreeSet<&&str> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    (model, world)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn every_message_of_every_history_is_as_the_model_says(acts in prop::collection::vec(act(), 1..30)) {
        alike(&acts);
    }
}

/// A run was killed, and a person had sent again what nobody knew of: before that went, the outage was over. Whoever
/// may have heard of it the first time hears of its end.
#[test]
fn whoever_may_have_been_told_hears_of_the_end() {
    let (name, template) = (0, 0);
    let (model, _) = alike(&[
        Act::Open {
            name,
            pop: 0,
            template,
        },
        Act::Kill(2),
        Act::Deliver,
        Act::Retry,
        Act::Close { name, template },
        Act::Deliver,
    ]);
    let told = |key: (usize, usize, usize)| {
        let mut all = model.messages.iter();
        all.find(|(of, _)| *of == key).map(|(_, state)| *state)
    };
    assert_eq!(told((0, 1, 0)), Some("cancelled"));
    assert_eq!(told((0, 2, 0)), Some("sent"));
    assert_eq!(told((0, 2, 4)), Some("sent"));
}
