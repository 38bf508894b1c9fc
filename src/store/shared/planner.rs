//! What the planner asks of the shared queue: its turn, to hand messages over, to take them back, and what became
//! of them.

use chrono::{DateTime, TimeDelta, Utc};
use postgres::Row;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::host::Manners;
use super::payload::Payload;
use super::{Called, SharedQueue, failure};
use crate::clock::Now;
use crate::domain::words::{Channel, Word as _};
use crate::error::{Error, Result};
use crate::store::sharing::{News, Pass, SharedMessage, SharedOutcome};

/// Who comes to plan, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannerVisit<'a> {
    /// What the database shows.
    pub pass: &'a Pass,
    /// The machine's name.
    pub host: &'a str,
    /// Where the database is.
    pub place: &'a str,
    /// Which file that is, whatever its name.
    pub file: &'a str,
    /// It is to be the planner whoever was before.
    pub forced: bool,
    /// Seconds after which a planner that was not seen is gone.
    pub stale_seconds: i32,
}

#[derive(Deserialize)]
struct VisitText {
    answer: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    seen_ms: f64,
    #[serde(default)]
    now_ms: f64,
}

/// What the shared queue came to have of a message that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// What stands for its key.
    pub tag: String,
    /// The round that stands there.
    pub round: i32,
    /// It was over there already: what became of it is to be brought home.
    pub is_over: bool,
}

impl SharedQueue {
    /// The planner's visit: the server's instant in milliseconds, and whether the planner's place was taken rather than kept.
    ///
    /// # Errors
    /// When another database is the planner, or a copy of this one.
    pub fn visit(&mut self, visit: &PlannerVisit<'_>) -> Called<(f64, bool)> {
        let PlannerVisit {
            pass,
            host,
            place,
            file,
            forced,
            stale_seconds,
        } = *visit;
        let text: VisitText = self.document(
            "SELECT regua.visit($1, $2, $3, $4, $5, $6, $7, $8, $9)::text",
            &[
                &pass.planner,
                &pass.latest,
                &pass.next,
                &host,
                &place,
                &file,
                &pass.restored,
                &forced,
                &stale_seconds,
            ],
        )?;
        let there = format!("{} on {}", text.place, text.host);
        let seen = format!("it was seen {:.0} seconds ago", text.seen_ms / 1000.0);
        let refused = match text.answer.as_str() {
            "ours" => return Ok((text.now_ms, false)),
            "taken" => return Ok((text.now_ms, true)),
            "unset" => {
                return Err(Error::unacceptable("the shared queue has no planner yet")
                    .hint("regua queue share --setup, on the planner")
                    .into());
            }
            "other" => format!("another database plans this shared queue: {there}"),
            "elsewhere" => {
                format!("this shared queue's planner is {there}, and this is a copy of it")
            }
            _ => format!("a copy of this database has planned since: {there}"),
        };
        Err(Error::unacceptable(refused)
            .because(seen)
            .hint("one database plans; if this is to be the one, and the other is gone: regua queue share --setup --take-over")
            .into())
    }

    /// Hands messages over, each valid for so many milliseconds; what stands there of each.
    pub fn hand_over(
        &mut self,
        turn: &str,
        messages: &[(SharedMessage, i64)],
    ) -> Called<Vec<HandedOver>> {
        let rows: Vec<Value> = messages
            .iter()
            .map(|(shared, valid_ms)| {
                let message = &shared.message;
                let turn = match (shared.urgent, message.tried_last) {
                    (_, true) => 2,
                    (true, _) => 0,
                    _ => 1,
                };
                json!({
                    "tag": shared.tag,
                    "key": message.outgoing.key,
                    "round": shared.round,
                    "channel": message.outgoing.channel.as_str(),
                    "turn": turn,
                    "place": shared.place,
                    "sequence": message.outgoing.id,
                    "lot": message.lot.as_str(),
                    "address": message.outgoing.address,
                    "attempt": message.attempt,
                    "valid_ms": valid_ms,
                    "payload": Payload::of(message),
                })
            })
            .collect();
        let rows = self.rows(
            "SELECT r_tag, r_answer, r_round FROM regua.share($1, $2::text::json)",
            &[&turn, &Value::Array(rows).to_string()],
        )?;
        rows.iter()
            .map(|row| {
                Ok(HandedOver {
                    tag: row.try_get(0).map_err(failure)?,
                    round: row.try_get(2).map_err(failure)?,
                    is_over: row.try_get::<_, &str>(1).map_err(failure)? == "over",
                })
            })
            .collect()
    }

    /// Takes rounds back that nobody has claimed; the tags of those that certainly do not leave.
    pub fn withdraw(&mut self, turn: &str, rounds: &[(String, i32)]) -> Called<Vec<String>> {
        let (tags, numbers): (Vec<&str>, Vec<i32>) = rounds
            .iter()
            .map(|(tag, round)| (tag.as_str(), *round))
            .unzip();
        let rows = self.rows(
            "SELECT regua.withdraw($1, $2, $3)",
            &[&turn, &tags, &numbers],
        )?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Which of these nobody there knows of.
    pub fn absent(&mut self, tags: &[String]) -> Called<Vec<String>> {
        let rows = self.rows("SELECT regua.absent($1)", &[&tags])?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Erases what is kept of messages there, and takes back those that wait.
    pub fn erase(&mut self, turn: &str, tags: &[String]) -> Called<()> {
        self.rows("SELECT regua.forget($1, $2)", &[&turn, &tags])?;
        Ok(())
    }

    /// The planner has looked at the whole queue as it was at an instant by the server's clock.
    pub fn confirm(
        &mut self,
        turn: &str,
        since_ms: f64,
        stale_seconds: i32,
        ahead_ms: i64,
        manners: &Manners,
    ) -> Called<()> {
        self.rows(
            "SELECT regua.confirm($1, $2, $3, $4, $5::text::json)",
            &[
                &turn,
                &since_ms,
                &stale_seconds,
                &ahead_ms,
                &manners.written(),
            ],
        )?;
        Ok(())
    }

    /// Settles what silent hosts left in hand.
    pub fn reap(&mut self) -> Called<()> {
        self.rows("SELECT regua.reap()", &[])?;
        Ok(())
    }

    /// Takes back what waits and may not go any more, or all that waits, a lot at a time; how much.
    pub fn take_back(&mut self, turn: &str, stale_seconds: i32, all: bool) -> Called<u64> {
        let taken: i32 = self.one(
            "SELECT regua.take_back($1, $2, $3)",
            &[&turn, &stale_seconds, &all],
        )?;
        Ok(u64::from(taken.unsigned_abs()))
    }

    /// The number of the last outcome: none below it is still to appear.
    pub fn last_outcome(&mut self, turn: &str) -> Called<i64> {
        self.one("SELECT regua.last_outcome($1)", &[&turn])
    }

    /// Outcomes after one number and up to another, in order; at most so many. `now` is the planner's.
    pub fn outcomes(
        &mut self,
        after: i64,
        until: i64,
        most: i32,
        now: Now,
    ) -> Called<Vec<SharedOutcome>> {
        let rows = self.rows(
            "SELECT r_number, r_tag, r_key, r_round, r_attempt, r_what, r_body::text, r_age_ms
             FROM regua.outcomes($1, $2, $3)",
            &[&after, &until, &most],
        )?;
        rows.iter().map(|row| outcome(row, now)).collect()
    }

    /// All outcomes of some messages, in order.
    pub fn outcomes_of(&mut self, tags: &[String], now: Now) -> Called<Vec<SharedOutcome>> {
        let rows = self.rows(
            "SELECT r_number, r_tag, r_key, r_round, r_attempt, r_what, r_body::text, r_age_ms
             FROM regua.outcomes_of($1)",
            &[&tags],
        )?;
        rows.iter().map(|row| outcome(row, now)).collect()
    }

    /// Outcomes up to this one are in the planner's database.
    pub fn gathered(&mut self, turn: &str, number: i64) -> Called<()> {
        self.rows("SELECT regua.gathered($1, $2)", &[&turn, &number])?;
        Ok(())
    }

    /// Who was written to within a day before there was a shared queue.
    pub fn written_to(&mut self, turn: &str, channel: Channel, people: &[String]) -> Called<()> {
        self.rows(
            "SELECT regua.written_to($1, $2, $3::text::json)",
            &[&turn, &channel.as_str(), &json!(people).to_string()],
        )?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct UnknownText {
    provider: String,
}

fn outcome(row: &Row, now: Now) -> Called<SharedOutcome> {
    fn body<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T> {
        serde_json::from_str(text.unwrap_or("null")).map_err(|error| {
            Error::world("the shared queue holds an answer that is none").because(error)
        })
    }
    let what: &str = row.try_get(5).map_err(failure)?;
    let text: Option<&str> = row.try_get(6).map_err(failure)?;
    let attempt: i32 = row.try_get(4).map_err(failure)?;
    let attempt = attempt.unsigned_abs();
    let age = TimeDelta::milliseconds(row.try_get::<_, i64>(7).map_err(failure)?.max(0));
    let at: DateTime<Utc> = now.at - age;
    let news = match what {
        "withdrawn" => News::Withdrawn,
        "unknown" => News::Unknown(body::<UnknownText>(text)?.provider),
        "untouched" => News::Untouched,
        "returned" => News::Returned,
        "no_number" => News::NoNumber,
        _ => {
            let answer: Answer = body(text)?;
            let (settlement, provider) = answer.settlement(attempt, Now::new(at, now.zone))?;
            News::Settled(Box::new(settlement), provider)
        }
    };
    Ok(SharedOutcome {
        number: row.try_get(0).map_err(failure)?,
        tag: row.try_get(1).map_err(failure)?,
        key: row.try_get(2).map_err(failure)?,
        round: row.try_get(3).map_err(failure)?,
        attempt,
        age,
        news,
    })
}
