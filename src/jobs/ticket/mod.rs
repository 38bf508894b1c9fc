//! Ticket events: who hears is decided, and the event is written down together with its messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::domain::ticket::event::{Event, Ticket};
use crate::domain::ticket::notice::{Notice, Person, Untold};
use crate::domain::words::{Channel, Reason, Status};
use crate::error::{Error, Flaw, Result};
use crate::source::event::Events;
use crate::store::{Connection, Store, book, message, queue, ticket};

use ahead::Ahead;
use speaking::{Case, Known};

pub use speaking::{Spoken, filled_up, left_empty, subject};

mod ahead;
mod speaking;

/// The channels by which people are told of tickets at once and on which something is due, in the order
/// they are delivered.
pub fn channels(connection: &Connection, now: Now) -> Result<Vec<Channel>> {
    let told =
        Channel::that(|nature| nature.at_once && (nature.tickets.clients || nature.tickets.staff));
    let mut channels = Vec::new();
    for channel in told {
        if queue::due(connection, channel, now.at)? > 0 {
            channels.push(channel);
        }
    }
    Ok(channels)
}

/// Flaws of bad lines that a run remembers; every one of them is told as it comes.
const MOST_PROBLEMS: usize = 1_000;

/// One message that an event caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: i64,
    /// Who hears, in whose words, from which list.
    pub notice: Notice,
    /// Variables that no words of theirs could do without and the event has no value for: left empty.
    pub left_empty: Vec<&'static str>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id was known: nothing was done.
    pub known: bool,
    /// It cannot be taken: nothing was done.
    pub refused: Option<Flaw>,
    /// The messages, in order.
    pub made: Vec<Made>,
    /// Who does not hear, and why.
    pub left_out: Vec<Untold>,
}

impl Taken {
    /// The channels of its messages that wait in the queue for a task.
    pub fn waiting(&self) -> impl Iterator<Item = Channel> {
        let channels = self.made.iter().map(|made| made.notice.channel);
        channels.filter(|channel| !channel.goes_at_once())
    }

    const fn nothing(known: bool, refused: Option<Flaw>) -> Self {
        Self {
            known,
            refused,
            made: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// What the events of one transaction are written with.
struct Pen<'c> {
    connection: &'c Connection,
    events: ticket::EventWriter<'c>,
    messages: message::Writer<'c>,
    /// The state of the database: nobody else writes meanwhile.
    state: i64,
}

impl<'c> Pen<'c> {
    fn ready(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            connection,
            events: ticket::EventWriter::new(connection)?,
            messages: message::Writer::new(connection)?,
            state: ticket::others_wrote(connection)?,
        })
    }
}

/// Takes events, each whole or not at all.
pub struct Desk<'a> {
    config: &'a Config,
    clock: &'a Clock,
    /// What the book held, and the state of the database it was read in.
    known: Option<(i64, Known<'a>)>,
}

impl<'a> Desk<'a> {
    /// A desk of this run.
    pub const fn new(config: &'a Config, clock: &'a Clock) -> Self {
        Self {
            config,
            clock,
            known: None,
        }
    }

    /// Takes one event: the ticket, the event and its messages in one transaction.
    pub fn take(&mut self, store: &mut Store, event: &Event) -> Result<Taken> {
        let now = self.clock.now();
        store.write(|transaction| self.take_in(transaction, event, now))
    }

    /// Takes several events in one transaction; where that fails, each in one of its own, so that what can be
    /// taken is taken.
    fn take_together(&mut self, store: &mut Store, events: &[&Event]) -> Result<Vec<Taken>> {
        let now = self.clock.now();
        let together = store.write(|transaction| {
            let mut pen = Pen::ready(transaction)?;
            let taken = events.iter().map(|e| self.take_with(&mut pen, e, now));
            taken.collect()
        });
        if together.is_ok() || events.len() < 2 {
            return together;
        }
        let taken = events.iter().map(|event| self.take(store, event));
        taken.collect()
    }

    /// The same within a transaction of the caller's.
    pub fn take_in(&mut self, connection: &Connection, event: &Event, now: Now) -> Result<Taken> {
        self.take_with(&mut Pen::ready(connection)?, event, now)
    }

    fn take_with(&mut self, pen: &mut Pen<'_>, event: &Event, now: Now) -> Result<Taken> {
        let connection = pen.connection;
        if pen.events.is_known(&event.id)? {
            return Ok(Taken::nothing(true, None));
        }
        let before = pen.events.find(event.ticket_id)?;
        if let Some(flaw) = event.objection(before.as_ref()) {
            return Ok(Taken::nothing(false, Some(flaw)));
        }
        let known = match self.known.take().filter(|(seen, _)| *seen == pen.state) {
            Some((_, known)) => known,
            None => Known::gather(connection, self.config, now)?,
        };
        let (_, known) = self.known.insert((pen.state, known));
        let late = pen.events.is_late(event)?;
        let case = Case::gather(connection, known, event, (before, late))?;
        let hearing = case.hearing();
        let kept = event.kept(case.before.as_ref(), &known.topics, case.late);
        pen.events.save(&kept)?;
        pen.events.keep(event, now.at)?;
        let mut made = Vec::new();
        for notice in hearing.notices {
            for spoken in case.speak(connection, now, notice)? {
                if let message::Inserted::New(id) = pen.messages.insert(&spoken.message)? {
                    made.push(Made {
                        id,
                        notice: spoken.notice,
                        left_empty: spoken.left_empty,
                    });
                }
            }
        }
        Ok(Taken {
            made,
            left_out: hearing.left_out,
            ..Taken::nothing(false, None)
        })
    }
}

/// The error of an event that cannot be taken as it stands.
pub fn refusal(event: &Event, flaw: Flaw) -> Error {
    let place = format!("event `{}`", event.id);
    Error::flaws(
        "the event is not acceptable; nothing was done",
        vec![flaw.within(place)],
    )
}

/// An id for an event that came without one of its own.
pub fn new_event_id(connection: &Connection) -> Result<String> {
    loop {
        let id = format!("by-hand-{}", ticket::next_event_number(connection)?);
        if !ticket::event_known(connection, &id)? {
            return Ok(id);
        }
    }
}

/// Who would hear of an event, told without writing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The ticket as the event sees it.
    pub ticket: Ticket,
    /// Who hears, in order, each with the message they would have.
    pub heard: Vec<Spoken>,
    /// Who does not, and why.
    pub left_out: Vec<Untold>,
}

/// Decides about an event and writes nothing.
pub fn rehearse(
    connection: &Connection,
    config: &Config,
    now: Now,
    event: &Event,
) -> Result<Rehearsal> {
    let known = Known::gather(connection, config, now)?;
    let before = ticket::find(connection, event.ticket_id)?;
    if let Some(flaw) = event.objection(before.as_ref()) {
        return Err(refusal(event, flaw));
    }
    let late = ticket::later_event(connection, event.ticket_id, event.at)?;
    let case = Case::gather(connection, &known, event, (before, late))?;
    let hearing = case.hearing();
    let mut heard = Vec::new();
    for notice in hearing.notices {
        heard.extend(case.speak(connection, now, notice)?);
    }
    Ok(Rehearsal {
        heard,
        left_out: hearing.left_out,
        ticket: case.ticket,
    })
}

/// The names of people, as lists of who hears show them.
#[derive(Debug, Default)]
pub struct PeopleNames {
    staff: HashMap<i64, String>,
    clients: HashMap<i64, Option<String>>,
}

impl PeopleNames {
    /// Reads the names of all staff.
    pub fn gather(connection: &Connection) -> Result<Self> {
        Ok(Self {
            staff: ticket::staff(connection)?
                .into_iter()
                .map(|person| (person.id, person.name))
                .collect(),
            clients: HashMap::new(),
        })
    }

    /// The name of a person, if the book has it.
    pub fn of(&mut self, connection: &Connection, person: Person) -> Result<Option<String>> {
        match person {
            Person::Staff(id) => Ok(self.staff.get(&id).cloned()),
            Person::Client(id) => {
                if let Some(name) = self.clients.get(&id) {
                    return Ok(name.clone());
                }
                let name = book::client(connection, id)?.map(|client| client.name);
                self.clients.insert(id, name.clone());
                Ok(name)
            }
        }
    }
}

/// What a file of events came to, delivery not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intake {
    /// Events taken.
    pub taken: u64,
    /// Events passed over because their id was known.
    pub known: u64,
    /// The problems of bad lines, as far as they are remembered.
    pub flaws: Vec<Flaw>,
    /// Bad lines.
    pub bad: u64,
    /// The messages made, in order.
    pub messages: Vec<i64>,
    /// People left out.
    pub left_out: u64,
    /// Channels on which messages wait in the queue for a task.
    pub waiting: BTreeSet<Channel>,
    /// How many messages left a variable empty, by its name.
    pub left_empty: BTreeMap<&'static str, u64>,
    /// `--strict` ended it at a bad line.
    pub broken_off: bool,
}

impl Intake {
    /// Counts what became of an event.
    fn count(&mut self, taken: &Taken) {
        if taken.known {
            self.known += 1;
            return;
        }
        self.taken += 1;
        self.messages.extend(taken.made.iter().map(|made| made.id));
        self.left_out += taken.left_out.len() as u64;
        self.waiting.extend(taken.waiting());
        for variable in taken.made.iter().flat_map(|made| &made.left_empty) {
            *self.left_empty.entry(variable).or_default() += 1;
        }
    }

    /// Tells and counts a bad line.
    fn note_bad(&mut self, flaws: Vec<Flaw>, manner: &mut EventReading<'_>) {
        self.bad += 1;
        (manner.bad_line)(&flaws);
        if self.flaws.len() < MOST_PROBLEMS {
            self.flaws.extend(flaws);
        }
    }
}

/// How a file of events is taken.
pub struct EventReading<'a> {
    /// Ends at the first bad line.
    pub strict: bool,
    /// Hears of every bad line at once.
    pub bad_line: &'a mut dyn FnMut(&[Flaw]),
    /// Hears how many events went by.
    pub progress: &'a mut dyn FnMut(u64),
}

/// So many events are taken in one transaction.
const MOST_TOGETHER: usize = 1000;

/// Takes every event of a file, in transactions of those that came together.
pub fn take_all(
    store: &mut Store,
    desk: &mut Desk<'_>,
    events: Events,
    manner: &mut EventReading<'_>,
) -> Result<Intake> {
    let mut run = Intake::default();
    let mut events = Ahead::of(events)?;
    // Whoever stops at the first bad line has taken nothing after it.
    let most = if manner.strict { 1 } else { MOST_TOGETHER };
    loop {
        let lines = events.together(most)?;
        if lines.is_empty() {
            return Ok(run);
        }
        let whole: Vec<&Event> = lines.iter().filter_map(|l| l.event.as_ref().ok()).collect();
        let mut taken = desk.take_together(store, &whole)?.into_iter();
        for line in lines {
            let flaws = match line.event {
                Ok(_) => taken.next().and_then(|mut taken| {
                    let refused = taken.refused.take();
                    if refused.is_none() {
                        run.count(&taken);
                    }
                    refused.map(|flaw| vec![flaw.within(&line.place)])
                }),
                Err(flaws) => Some(flaws),
            };
            let is_bad = flaws.is_some();
            if let Some(flaws) = flaws {
                run.note_bad(flaws, manner);
            }
            (manner.progress)(run.taken + run.known + run.bad);
            if is_bad && manner.strict {
                run.broken_off = true;
                return Ok(run);
            }
        }
    }
}

/// What messages have become: how many in each state, and why those that were not sent were not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageStates {
    /// Messages in each state.
    pub states: BTreeMap<Status, u64>,
    /// Messages not sent, by reason.
    pub reasons: BTreeMap<Reason, u64>,
}

/// Looks at messages by their ids.
pub fn standing(connection: &Connection, ids: &[i64]) -> Result<MessageStates> {
    let mut standing = MessageStates::default();
    for id in ids {
        if let Some((status, reason)) = ticket::message_state(connection, *id)? {
            *standing.states.entry(status).or_default() += 1;
            if let Some(reason) = reason {
                *standing.reasons.entry(reason).or_default() += 1;
            }
        }
    }
    Ok(standing)
}
