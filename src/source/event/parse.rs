//! One ticket event as a JSON object: every key known, every value of its type.

use serde_json::Value;

use crate::clock::{self, Now};
use crate::domain::text::nfc;
use crate::domain::ticket::event::{Event, Said, event_id_problem};
use crate::domain::ticket::event_type::{EventPart, EventType};
use crate::domain::words::{Author, Word};
use crate::error::{Flaw, Result, did_you_mean};
use crate::source::pairs::Pairs;

/// Keys that every event may have.
const COMMON: [&str; 12] = [
    "id",
    "type",
    "at",
    "ticket_id",
    "client_id",
    "topic_id",
    "subtopic_id",
    "title",
    "opened_by",
    "visible_to_client",
    "responsible_id",
    "priority",
];

/// Reads one event; every problem of it at once. `place` names where it stands.
pub fn parse(text: &[u8], place: &str, now: Now) -> Result<Event, Vec<Flaw>> {
    let pairs = match serde_json::from_slice::<Pairs>(text) {
        Ok(Pairs(pairs)) => pairs,
        Err(error) => {
            return Err(vec![Flaw::at(
                place,
                format!("is not an event ({error})"),
                r#"write one JSON object a line: {"id":"e1","type":"opened","ticket_id":1070}"#,
            )]);
        }
    };
    let mut fields = Fields {
        place,
        pairs: &pairs,
        flaws: Vec::new(),
    };
    let kind: Option<EventType> = fields.word("type");
    if kind.is_none() && fields.get("type").is_none() {
        fields.missing("type", &format!("one of: {}", EventType::accepted()));
    }
    fields.check_keys(kind);
    let id = fields.event_id();
    let ticket_id = fields.id("ticket_id");
    if ticket_id.is_none() && fields.get("ticket_id").is_none() {
        fields.missing("ticket_id", "the ticket's id");
    }
    let at = fields.instant("at", now);
    let said = fields.said();
    let event = Event {
        dated: at.is_some(),
        said,
        text: fields.text(EventPart::Text.as_str()),
        by: fields.word(EventPart::By.as_str()),
        from: fields.text(EventPart::From.as_str()),
        to: fields.text(EventPart::To.as_str()),
        // Without a type or an id there are flaws, and no event comes of it.
        ..Event::of(
            kind.unwrap_or(EventType::ALL[0]),
            id.unwrap_or_default(),
            ticket_id.unwrap_or_default(),
            at.unwrap_or(now.at),
        )
    };
    if event.is_idle() && !fields.spoiled(&["to", "priority"]) {
        fields.missing("to", "the new status, or the new priority in `priority`");
    }
    if fields.flaws.is_empty() {
        Ok(event)
    } else {
        Err(fields.flaws)
    }
}

/// The keys of one event, read one by one; null is the same as absent.
struct Fields<'a> {
    place: &'a str,
    pairs: &'a [(String, Value)],
    flaws: Vec<Flaw>,
}

impl Fields<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        let (_, value) = self.pairs.iter().find(|(name, _)| name == key)?;
        (!value.is_null()).then_some(value)
    }

    fn wrong(&mut self, key: &str, found: impl Into<String>, remedy: impl Into<String>) {
        self.flaws
            .push(Flaw::of(key, found, remedy).within(self.place));
    }

    fn missing(&mut self, key: &str, what: &str) {
        self.wrong(key, "is missing", format!("give {what}"));
    }

    /// Whether a problem of one of these keys is told already.
    fn spoiled(&self, keys: &[&str]) -> bool {
        self.flaws
            .iter()
            .any(|flaw| keys.contains(&flaw.key.as_str()))
    }

    /// What tells the event from every other.
    fn event_id(&mut self) -> Option<String> {
        let id = self.text("id");
        match id.as_deref().map(event_id_problem) {
            None if self.get("id").is_some_and(|value| !value.is_string()) => {}
            None => self.missing("id", "what tells this event from every other, as a text"),
            Some(None) => {}
            Some(Some(what)) => self.wrong("id", what, "write a short plain text"),
        }
        id
    }

    /// What the event says of its ticket.
    fn said(&mut self) -> Said {
        Said {
            client_id: self.id("client_id"),
            topic_id: self.id("topic_id"),
            subtopic_id: self.id("subtopic_id"),
            title: self.text("title"),
            status: self.text("status"),
            priority: self.text("priority"),
            responsible_id: self.id("responsible_id"),
            opened_by: self.word::<Author>("opened_by"),
            visible_to_client: self.flag("visible_to_client"),
        }
    }

    fn check_keys(&mut self, kind: Option<EventType>) {
        for (i, (key, value)) in self.pairs.iter().enumerate() {
            if self.pairs[..i].iter().any(|(earlier, _)| earlier == key) {
                self.wrong(key, "stands twice", "write it once");
            } else if COMMON.contains(&key.as_str()) {
            } else if let Some(part) = EventPart::ALL.iter().find(|part| part.as_str() == key) {
                if let Some(kind) = kind.filter(|kind| !kind.tells(*part))
                    && !value.is_null()
                {
                    let found = format!("does not go with type `{kind}`");
                    self.wrong(key, found, instead_of(*part, kind));
                }
            } else {
                let parts = EventPart::ALL.iter().map(|part| part.as_str());
                let known = COMMON.into_iter().chain(parts);
                let remedy = did_you_mean(key, known.clone())
                    .unwrap_or_else(|| format!("known: {}", known.collect::<Vec<_>>().join(", ")));
                self.wrong(key, "is not a known key", remedy);
            }
        }
    }

    fn typed<T>(
        &mut self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let found = read(value);
        if found.is_none() {
            let told = format!("found {}", quoted(value));
            self.wrong(key, told, wanted);
        }
        found
    }

    /// A text; one that holds nothing says nothing.
    fn text(&mut self, key: &str) -> Option<String> {
        let text = self.typed(key, "write a text in quotes", |v| {
            v.as_str().map(|text| nfc(text).into_owned())
        })?;
        (!text.trim().is_empty()).then_some(text)
    }

    fn id(&mut self, key: &str) -> Option<i64> {
        self.typed(key, "write a whole number from 1, without quotes", |v| {
            v.as_i64().filter(|id| *id > 0)
        })
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "write true or false, without quotes", Value::as_bool)
    }

    fn word<W: Word>(&mut self, key: &str) -> Option<W> {
        let wanted = format!("write one of: {}", W::accepted());
        self.typed(key, &wanted, |v| {
            let text = v.as_str()?;
            W::parse(text).filter(|word| word.as_str() == text)
        })
    }

    fn instant(&mut self, key: &str, now: Now) -> Option<chrono::DateTime<chrono::Utc>> {
        self.typed(key, "write 2026-11-21T10:00:00-03:00", |v| {
            clock::instant_from(v.as_str()?, now.zone)
        })
    }
}

/// What to do about a key that does not go with an event's type.
fn instead_of(part: EventPart, kind: EventType) -> String {
    if part == EventPart::Status && kind.tells(EventPart::To) {
        return "write the new status in `to`".to_owned();
    }
    let types = EventType::ALL.iter().filter(|kind| kind.tells(part));
    let types: Vec<&str> = types.map(|kind| kind.as_str()).collect();
    format!("it belongs to: {}", types.join(", "))
}

/// A value as a problem quotes it, cut short.
fn quoted(value: &Value) -> String {
    let text = match value {
        Value::Array(_) => return "a list".to_owned(),
        Value::Object(_) => return "an object".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        other => format!("`{other}`"),
    };
    if text.chars().count() > 80 {
        format!("{}…", text.chars().take(80).collect::<String>())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        let zone = chrono_tz::America::Sao_Paulo;
        let at = clock::parse_instant("2026-11-21T12:00", zone).expect("an instant");
        Now::new(at, zone)
    }

    fn read(text: &str) -> Result<Event, Vec<String>> {
        parse(text.as_bytes(), "e.jsonl:3", now())
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_three_kinds_of_event_are_read() {
        let opened = read(
            r#"{"id":"e1","type":"opened","at":"2026-11-21T10:00:00-03:00","ticket_id":1070,"client_id":193,"topic_id":4,"subtopic_id":9,"title":"Sem sinal","opened_by":"client","visible_to_client":true,"responsible_id":34,"priority":"normal","status":"open","text":"Caiu"}"#,
        )
        .expect("an event");
        assert_eq!(opened.at.to_rfc3339(), "2026-11-21T13:00:00+00:00");
        assert!(opened.dated);
        assert_eq!(opened.said.subtopic_id, Some(9));
        assert_eq!(opened.said.opened_by, Some(Author::Client));
        assert_eq!(opened.text.as_deref(), Some("Caiu"));

        let replied =
            read(r#"{"id":"e2","type":"replied","ticket_id":1070,"text":"oi","by":"client"}"#)
                .expect("an event");
        assert_eq!(replied.text.as_deref(), Some("oi"));
        assert_eq!(replied.by, Some(Author::Client));
        assert_eq!(replied.at, now().at);
        assert!(!replied.dated);

        let moved = read(
            r#"{"id":"e3","type":"moved","ticket_id":1070,"from":"in_progress","to":"resolved"}"#,
        )
        .expect("an event");
        assert_eq!(moved.from.as_deref(), Some("in_progress"));
        assert_eq!(moved.to.as_deref(), Some("resolved"));
    }

    #[test]
    fn null_is_the_same_as_absent() {
        let event = read(
            r#"{"id":"e","type":"opened","ticket_id":1,"at":null,"client_id":null,"title":null,"opened_by":null,"visible_to_client":null,"from":null,"text":null}"#,
        )
        .expect("an event");
        assert_eq!(event.said, Said::default());
        assert_eq!(
            read(r#"{"id":null,"type":"opened","ticket_id":null}"#),
            Err(vec![
                "e.jsonl:3: id: is missing, give what tells this event from every other, as a text"
                    .to_owned(),
                "e.jsonl:3: ticket_id: is missing, give the ticket's id".to_owned(),
            ])
        );
    }

    #[test]
    fn a_change_of_priority_alone_is_a_move_and_of_nothing_is_none() {
        assert!(read(r#"{"id":"e","type":"moved","ticket_id":1,"priority":"urgent"}"#).is_ok());
        assert_eq!(
            read(r#"{"id":"e","type":"moved","ticket_id":1,"from":"open"}"#),
            Err(vec![
                "e.jsonl:3: to: is missing, give the new status, or the new priority in `priority`"
                    .to_owned()
            ])
        );
    }

    #[test]
    fn every_problem_of_a_line_is_named() {
        for (line, expected) in [
            (
                r#"{"id":1,"type":"opened","ticket_id":"1070"}"#,
                vec![
                    "e.jsonl:3: id: found `1`, write a text in quotes",
                    "e.jsonl:3: ticket_id: found the text `1070`, write a whole number from 1, without quotes",
                ],
            ),
            (
                r#"{"id":"e","type":"closed","ticket_id":1}"#,
                vec![
                    "e.jsonl:3: type: found the text `closed`, write one of: opened, replied, moved",
                ],
            ),
            (
                r#"{"id":"e","ticket_id":1}"#,
                vec!["e.jsonl:3: type: is missing, give one of: opened, replied, moved"],
            ),
            (
                r#"{"id":"e","type":"opened","ticket_id":1,"titel":"x","to":"y"}"#,
                vec![
                    "e.jsonl:3: titel: is not a known key, did you mean `title`?",
                    "e.jsonl:3: to: does not go with type `opened`, it belongs to: moved",
                ],
            ),
            (
                r#"{"id":"e","type":"moved","ticket_id":1,"to":"x","status":"y"}"#,
                vec![
                    "e.jsonl:3: status: does not go with type `moved`, write the new status in `to`",
                ],
            ),
            (
                r#"{"id":"e","type":"moved","ticket_id":1,"to":4}"#,
                vec!["e.jsonl:3: to: found `4`, write a text in quotes"],
            ),
            (
                r#"{"id":"e","type":"opened","ticket_id":1,"opened_by":"Client","visible_to_client":"yes","at":"ontem"}"#,
                vec![
                    "e.jsonl:3: at: found the text `ontem`, write 2026-11-21T10:00:00-03:00",
                    "e.jsonl:3: opened_by: found the text `Client`, write one of: client, staff, api",
                    "e.jsonl:3: visible_to_client: found the text `yes`, write true or false, without quotes",
                ],
            ),
            (
                r#"{"id":"e","id":"f","type":"opened","ticket_id":1}"#,
                vec!["e.jsonl:3: id: stands twice, write it once"],
            ),
            (
                r#"{"id":"","type":"opened","ticket_id":0}"#,
                vec![
                    "e.jsonl:3: id: is missing, give what tells this event from every other, as a text",
                    "e.jsonl:3: ticket_id: found `0`, write a whole number from 1, without quotes",
                ],
            ),
        ] {
            let told = read(line).expect_err(line);
            assert_eq!(told, expected, "{line}");
        }
        for bad in ["[]", "{", "1", "\"x\"", r#"{"id":"e"} x"#] {
            let told = read(bad).expect_err(bad);
            assert!(told[0].contains("is not an event"), "{told:?}");
        }
    }
}
