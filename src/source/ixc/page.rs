//! Reading a whole form, page by page by key, so that a list is complete or the run fails.

use std::time::Duration;

use serde_json::json;

use super::button::Button;
use super::cursor::is_instant;
use super::envelope::{self, Envelope};
use super::form::{CHANGED, Form, FormRow};
use super::trouble::{Unread, broken, busy, redirected, shortfall};
use crate::error::{Error, Result};

/// What came back from the server, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks us to wait.
    pub retry_after: Option<Duration>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// No answer came.
#[derive(Debug)]
pub enum NoAnswer {
    /// The line was cut before the whole answer had come: it may come when asked again.
    Cut(Error),
    /// Nobody answers there, or not in time.
    Never(Error),
}

/// Asks the web service for one page of a form.
pub trait Fetch {
    /// Sends the body of a list request. An error means that no answer came.
    fn list(&self, form: Form, body: &str) -> Result<PageAnswer, NoAnswer>;

    /// Presses a button that gives a payment code. It is never asked again: asking may register a charge.
    fn press(&self, button: Button, _body: &str) -> Result<PageAnswer, NoAnswer> {
        Err(NoAnswer::Never(Error::world(format!(
            "there is no {} here",
            button.name()
        ))))
    }

    /// Waits before a page is asked for again.
    fn pause(&self, _wait: Duration) {}

    /// The names of the cells of a form that answers in positional rows, if configured.
    fn columns(&self, _form: Form) -> Option<&[String]> {
        None
    }

    /// A server's words without anything secret that it repeats.
    fn covered(&self, words: String) -> String {
        words
    }
}

/// Which rows of a form to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The form.
    pub form: Form,
    /// Only rows that changed at or after this wall-clock time of the server.
    pub changed_since: Option<String>,
    /// Rows asked for at a time.
    pub page_size: u64,
}

/// What reading a form came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows read.
    pub rows: u64,
    /// Requests made.
    pub requests: u64,
    /// The latest change that a row told of.
    pub changed_until: Option<String>,
    /// The server sent rows that the filter by time should have left out.
    pub filter_ignored: bool,
}

/// What a run heard besides rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Requests made.
    pub requests: u64,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Reads every row that `query` asks for and hands them over page by page, ids rising.
///
/// A page may be followed by changes: rows are asked for by `id > the last one seen`, so that
/// nothing moves between pages. The list is complete when the server's own `total` says so; a
/// shortfall is an error, because a partial list must never be acted on.
pub fn read(
    fetch: &dyn Fetch,
    query: &Query,
    take: &mut dyn FnMut(Vec<FormRow>) -> Result<()>,
) -> Result<Tally, Unread> {
    let form = query.form;
    let mut tally = Tally::default();
    let mut page_size = query.page_size.max(1);
    let mut last = 0;
    let mut first_total = None;
    let mut page_before: Vec<i64> = Vec::new();
    loop {
        let found = ask(fetch, query, last, &mut page_size, &mut tally)?;
        first_total = first_total.or(found.total);
        if repeats(&page_before, &found.rows, page_size) {
            break;
        }
        let rows = check_page(query, last, found.rows, &mut tally)?;
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        last = rows.last().and_then(FormRow::id).unwrap_or(last);
        page_before = rows.iter().filter_map(FormRow::id).collect();
        tally.rows += count;
        if count > 0 {
            take(rows).map_err(Unread::Failed)?;
        }
        match found.total {
            // Some versions count every row of the form on every page rather than those still to come.
            Some(total)
                if count == 0
                    && total > 0
                    && !(tally.rows >= total
                        && first_total.is_some_and(|first| total >= first)) =>
            {
                return Err(shortfall(form, total, 0));
            }
            Some(total) if total < count => {
                return Err(Unread::Failed(broken(
                    form,
                    format!("the server says {total} rows, but sent {count}"),
                )));
            }
            // Some count the rows of the page alone: an empty page ends the list, not the total.
            _ if count == 0 => break,
            _ => {}
        }
    }
    // Fewer than first told: either rows were deleted meanwhile, or some never came.
    if let Some(told) = first_total.filter(|told| tally.rows < *told) {
        let again = ask(fetch, query, 0, &mut 1, &mut tally)?;
        if again.total.is_none_or(|now| now > tally.rows) {
            return Err(shortfall(form, told, tally.rows));
        }
    }
    Ok(tally)
}

/// Whether a page is the one before once more, and was not full: a server that sends all it has
/// whatever it is asked for.
fn repeats(before: &[i64], rows: &[FormRow], page_size: u64) -> bool {
    let mut ids: Vec<i64> = rows.iter().filter_map(FormRow::id).collect();
    ids.sort_unstable();
    !ids.is_empty() && ids == before && u64::try_from(ids.len()).is_ok_and(|n| n < page_size)
}

/// Asks for one row, to see whether the form may be read at all.
pub fn probe(fetch: &dyn Fetch, form: Form) -> Result<Envelope, Unread> {
    let query = Query {
        form,
        changed_since: None,
        page_size: 1,
    };
    ask(fetch, &query, 0, &mut 1, &mut Tally::default())
}

/// How far apart, at most, two ids are that one request reads.
const SPAN: i64 = 200;

/// Reads the rows of these ids, given rising, by the key alone: each request asks for as many rows
/// as there can be from its first id to its last. Those that are not there any more are left out.
pub fn some(
    fetch: &dyn Fetch,
    form: Form,
    ids: &[i64],
    tally: &mut Tally,
) -> Result<Vec<FormRow>, Unread> {
    let mut rows = Vec::new();
    let mut rest = ids;
    while let Some(first) = rest.first() {
        let near = rest.iter().take_while(|id| **id - first < SPAN).count();
        let last = rest[..near].last().unwrap_or(first);
        let mut size = u64::try_from(last - first + 1).unwrap_or(1);
        let query = Query {
            form,
            changed_since: None,
            page_size: size,
        };
        let found = ask(fetch, &query, first - 1, &mut size, tally)?;
        // A page that is full may have been cut by a smaller size: go on behind it.
        let full = u64::try_from(found.rows.len()).is_ok_and(|count| count >= size);
        let reached = match found.rows.iter().filter_map(FormRow::id).max() {
            Some(id) if full => id.clamp(*first, *last),
            _ => *last,
        };
        let behind = rest.iter().take_while(|id| **id <= reached).count();
        let (group, later) = rest.split_at(behind);
        rest = later;
        rows.extend(
            found
                .rows
                .into_iter()
                .filter(|row| row.id().is_some_and(|id| group.contains(&id))),
        );
    }
    Ok(rows)
}

/// How many times more a page is asked for that did not come.
const AGAIN: u32 = 5;

/// The longest that a server's `Retry-After` is waited for; what asks for more fails the run.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Asks for the rows after `last`; on a 504 with half as many, since the vendor names answers
/// that are too big as its cause. A page that was cut off, or for which there was no room just then
/// (429, 502, 503), is asked for again.
fn ask(
    fetch: &dyn Fetch,
    query: &Query,
    last: i64,
    page_size: &mut u64,
    tally: &mut Tally,
) -> Result<Envelope, Unread> {
    let mut asked_again = 0;
    loop {
        let answer = fetch.list(query.form, &request(query, last, *page_size));
        tally.requests += 1;
        let answer = match answer {
            Ok(answer) => answer,
            Err(NoAnswer::Cut(_)) if asked_again < AGAIN => {
                fetch.pause(usual_pause(asked_again));
                asked_again += 1;
                continue;
            }
            Err(NoAnswer::Cut(error) | NoAnswer::Never(error)) => {
                return Err(Unread::Failed(error));
            }
        };
        if answer.status == 504 && *page_size > 1 {
            *page_size /= 2;
            continue;
        }
        if matches!(answer.status, 429 | 502 | 503) {
            let wait = answer.retry_after.unwrap_or(usual_pause(asked_again));
            if asked_again == AGAIN || wait > LONGEST_PAUSE {
                return Err(Unread::Failed(busy(
                    query.form,
                    (answer.status, asked_again + 1),
                    answer.retry_after,
                )));
            }
            fetch.pause(wait);
            asked_again += 1;
            continue;
        }
        let status = answer.status;
        if (300..400).contains(&status) {
            return Err(Unread::Failed(redirected(query.form, status)));
        }
        return envelope::parse(query.form, fetch.columns(query.form), &answer.body).map_err(
            |trouble| Unread::Said {
                status,
                trouble: trouble.covered(|words| fetch.covered(words)),
            },
        );
    }
}

/// One second, two, four, eight, sixteen.
fn usual_pause(asked_again: u32) -> Duration {
    Duration::from_secs(1 << asked_again.min(AGAIN))
}

/// The body of a list request.
fn request(query: &Query, last: i64, page_size: u64) -> String {
    let table = query.form.name();
    let mut body = json!({
        "qtype": format!("{table}.id"),
        "query": last.to_string(),
        "oper": ">",
        "page": "1",
        "rp": page_size.to_string(),
        "sortname": format!("{table}.id"),
        "sortorder": "asc",
    });
    if let Some(since) = &query.changed_since {
        let grid = json!([{"TB": format!("{table}.{CHANGED}"), "OP": ">=", "P": since}]);
        body["grid_param"] = grid.to_string().into();
    }
    body.to_string()
}

/// Checks what the server was asked to do by doing it again, and puts the rows in order.
fn check_page(
    query: &Query,
    last: i64,
    mut rows: Vec<FormRow>,
    tally: &mut Tally,
) -> Result<Vec<FormRow>, Unread> {
    let form = query.form;
    let whole = rows.len();
    if let Some(at) = rows.iter().position(|row| row.id().is_none()) {
        return Err(Unread::Failed(broken(
            form,
            format!("row {} of {whole} has no id", at + 1),
        )));
    }
    rows.sort_by_key(|row| row.id().unwrap_or(0));
    rows.dedup_by_key(|row| row.id());
    if let Some(id) = rows.first().and_then(FormRow::id).filter(|id| *id <= last) {
        return Err(Unread::Failed(
            broken(
                form,
                format!("the server ignored the filter: asked for ids above {last}, it sent {id}"),
            )
            .hint("ask whoever runs the server which version of the web service it is"),
        ));
    }
    for row in &rows {
        let Some(changed) = row.filled(CHANGED).filter(|text| is_instant(text)) else {
            continue;
        };
        if query
            .changed_since
            .as_deref()
            .is_some_and(|since| changed < since)
        {
            tally.filter_ignored = true;
        }
        if tally
            .changed_until
            .as_deref()
            .is_none_or(|until| changed > until)
        {
            tally.changed_until = Some(changed.to_owned());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::Value;

    use super::*;

    /// A server in memory: answers by the function, and remembers what it was asked.
    struct Scripted<F: Fn(&Value, usize) -> (u16, String)> {
        answer: F,
        asked: RefCell<Vec<Value>>,
        waited: RefCell<Vec<u64>>,
    }

    impl<F: Fn(&Value, usize) -> (u16, String)> Fetch for Scripted<F> {
        fn list(&self, _form: Form, body: &str) -> Result<PageAnswer, NoAnswer> {
            let body: Value = serde_json::from_str(body).expect("we send JSON");
            let turn = self.asked.borrow().len();
            let (status, answer) = (self.answer)(&body, turn);
            self.asked.borrow_mut().push(body);
            if status == 0 {
                return Err(NoAnswer::Cut(Error::world("the line was cut")));
            }
            Ok(PageAnswer {
                status,
                retry_after: (status == 503).then_some(Duration::from_secs(7)),
                body: answer.into_bytes(),
            })
        }

        fn pause(&self, wait: Duration) {
            self.waited.borrow_mut().push(wait.as_secs());
        }
    }

    #[test]
    fn trial_107_a_page_that_did_not_come_is_asked_for_again() {
        for (status, waits) in [
            (0, [1, 2, 4, 8, 16]),
            (429, [1, 2, 4, 8, 16]),
            (502, [1, 2, 4, 8, 16]),
            (503, [7, 7, 7, 7, 7]),
        ] {
            let honest = honest(&[3, 5, 8]);
            let server = scripted(move |body, turn| match turn {
                1..=5 => (status, "<title>503 Service Unavailable</title>".to_owned()),
                _ => honest(body, turn),
            });
            let (ids, outcome) = all(&server, 2);
            assert_eq!(ids, [3, 5, 8], "{status}");
            outcome.expect("complete");
            assert_eq!(*server.waited.borrow(), waits, "{status}");
            let server = scripted(move |_, _| (status, String::new()));
            let told = message(all(&server, 2).1);
            assert_eq!(server.asked.borrow().len(), 6, "{status}");
            assert!(!told.contains("this is not the IXC web service"), "{told}");
            let words = match status {
                0 => "the line was cut",
                429 => "too many requests (HTTP 429), six times in a row",
                _ => "did not answer (HTTP 50",
            };
            assert!(told.contains(words), "{words} in {told}");
        }
    }

    #[test]
    fn trial_108_a_total_of_the_page_alone_ends_no_list() {
        let server = scripted(|body, _| {
            let after: i64 = body["query"]
                .as_str()
                .expect("text")
                .parse()
                .expect("an id");
            let ids: Vec<i64> = (1..=28).filter(|id| *id > after).take(5).collect();
            (200, page(ids.len() as u64, &ids))
        });
        let (ids, outcome) = all(&server, 5);
        assert_eq!(ids, (1..=28).collect::<Vec<i64>>());
        assert_eq!(outcome.expect("complete").requests, 7);
    }

    fn scripted<F: Fn(&Value, usize) -> (u16, String)>(answer: F) -> Scripted<F> {
        Scripted {
            answer,
            asked: RefCell::new(Vec::new()),
            waited: RefCell::new(Vec::new()),
        }
    }

    fn page(total: u64, ids: &[i64]) -> String {
        let rows: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id.to_string(), "ultima_atualizacao": format!("2026-11-{id:02} 01:02:03")}))
            .collect();
        json!({"page": "1", "total": total.to_string(), "registros": rows}).to_string()
    }

    /// An honest server over these ids, counting what is still to come.
    fn honest(ids: &'static [i64]) -> impl Fn(&Value, usize) -> (u16, String) {
        move |body, _| {
            let after: i64 = body["query"]
                .as_str()
                .expect("text")
                .parse()
                .expect("an id");
            let size: usize = body["rp"].as_str().expect("text").parse().expect("a size");
            let rest: Vec<i64> = ids.iter().copied().filter(|id| *id > after).collect();
            let sent = &rest[..size.min(rest.len())];
            (200, page(rest.len() as u64, sent))
        }
    }

    fn all(fetch: &dyn Fetch, page_size: u64) -> (Vec<i64>, Result<Tally, Unread>) {
        let mut ids = Vec::new();
        let query = Query {
            form: Form::Cliente,
            changed_since: None,
            page_size,
        };
        let outcome = read(fetch, &query, &mut |rows| {
            ids.extend(rows.iter().filter_map(FormRow::id));
            Ok(())
        });
        (ids, outcome)
    }

    fn message(outcome: Result<Tally, Unread>) -> String {
        outcome
            .expect_err("it must fail")
            .into_error(Form::Cliente)
            .to_string()
    }

    #[test]
    fn pages_follow_the_key() {
        let server = scripted(honest(&[3, 5, 8, 13, 21]));
        let (ids, outcome) = all(&server, 2);
        assert_eq!(ids, [3, 5, 8, 13, 21]);
        let tally = outcome.expect("complete");
        assert_eq!((tally.rows, tally.requests), (5, 4));
        assert_eq!(tally.changed_until.as_deref(), Some("2026-11-21 01:02:03"));
        let asked = server.asked.borrow();
        let keys: Vec<&str> = asked
            .iter()
            .map(|body| body["query"].as_str().expect("text"))
            .collect();
        assert_eq!(keys, ["0", "5", "13", "21"]);
        assert!(asked.iter().all(|body| body["page"] == "1"
            && body["oper"] == ">"
            && body["qtype"] == "cliente.id"
            && body["sortorder"] == "asc"));
    }

    #[test]
    fn rows_that_vanish_or_appear_between_pages_do_no_harm() {
        // 5 is deleted after the first page, 34 appears.
        let server = scripted(|body, turn| match (turn, body["query"].as_str()) {
            (0, _) => (200, page(4, &[3, 4])),
            (1, Some("4")) => (200, page(2, &[8, 34])),
            (2, Some("34")) => (200, page(0, &[])),
            _ => panic!("no further question: {body}"),
        });
        assert_eq!(all(&server, 2).0, [3, 4, 8, 34]);
        // 5 is deleted, and nothing appears: one question settles whether something is missing.
        let server = scripted(|body, turn| match (turn, body["query"].as_str()) {
            (0, _) => (200, page(4, &[3, 4])),
            (1, Some("4")) => (200, page(1, &[8])),
            (2, Some("8")) => (200, page(0, &[])),
            (3, Some("0")) => (200, page(3, &[3])),
            _ => panic!("no further question: {body}"),
        });
        let (ids, outcome) = all(&server, 2);
        assert_eq!(ids, [3, 4, 8]);
        outcome.expect("complete");
    }

    #[test]
    fn a_truncated_last_page_is_a_failure() {
        let server = scripted(|_, turn| match turn {
            0 => (200, page(3, &[3, 5])),
            _ => (200, page(1, &[])),
        });
        assert!(message(all(&server, 2).1).contains("the list is not complete"));
        let server = scripted(|_, turn| match turn {
            0 => (200, page(3, &[3, 5])),
            1 => (200, page(0, &[])),
            _ => (200, page(3, &[3])),
        });
        assert!(message(all(&server, 2).1).contains("told of 3 rows and sent 2"));
    }

    #[test]
    fn a_server_that_counts_the_whole_form_each_time_is_understood() {
        let server = scripted(|body, _| {
            let after: i64 = body["query"]
                .as_str()
                .expect("text")
                .parse()
                .expect("an id");
            let rest: Vec<i64> = [3, 5, 8]
                .into_iter()
                .filter(|id| *id > after)
                .take(2)
                .collect();
            (200, page(3, &rest))
        });
        let (ids, outcome) = all(&server, 2);
        assert_eq!(ids, [3, 5, 8]);
        outcome.expect("complete");
    }

    #[test]
    fn an_ignored_filter_is_a_failure() {
        let server = scripted(|_, _| (200, page(4, &[3, 5])));
        assert!(message(all(&server, 2).1).contains("the server ignored the filter"));
    }

    #[test]
    fn more_rows_than_told_is_a_failure() {
        let server = scripted(|_, _| (200, page(1, &[3, 5])));
        assert!(message(all(&server, 2).1).contains("the server says 1 rows, but sent 2"));
    }

    #[test]
    fn without_a_total_only_an_empty_page_ends_the_list() {
        let server = scripted(|_, turn| {
            (
                200,
                match turn {
                    0 => r#"{"registros":[{"id":"1"}]}"#.to_owned(),
                    _ => r#"{"registros":[]}"#.to_owned(),
                },
            )
        });
        let (ids, outcome) = all(&server, 500);
        assert_eq!(ids, [1]);
        assert_eq!(outcome.expect("complete").requests, 2);
    }

    #[test]
    fn a_504_halves_the_page_and_asks_for_the_same_rows() {
        let honest = honest(&[1, 2, 3]);
        let server = scripted(move |body, turn| match turn {
            0 | 1 => (504, "<div style=\"background:#FF0000\">x</div>".to_owned()),
            _ => honest(body, turn),
        });
        let (ids, outcome) = all(&server, 500);
        assert_eq!(ids, [1, 2, 3]);
        outcome.expect("complete");
        let sizes: Vec<String> = server
            .asked
            .borrow()
            .iter()
            .map(|b| b["rp"].to_string())
            .collect();
        // Once more at the end: a total that equals the rows of its page may lie.
        assert_eq!(sizes, ["\"500\"", "\"250\"", "\"125\"", "\"125\""]);
        let server = scripted(|_, _| (504, "<div style=\"background:#FF0000\">x</div>".to_owned()));
        assert!(message(all(&server, 4).1).contains("quieter hour"));
        assert_eq!(server.asked.borrow().len(), 3);
    }

    #[test]
    fn a_redirect_is_refused() {
        let server = scripted(|_, _| (302, String::new()));
        assert!(message(all(&server, 4).1).contains("redirect (HTTP 302), which is not followed"));
    }

    #[test]
    fn the_filter_by_time_travels_as_text_within_the_text() {
        let server = scripted(honest(&[9]));
        let query = Query {
            form: Form::Areceber,
            changed_since: Some("2026-11-20 00:00:00".to_owned()),
            page_size: 10,
        };
        let tally = read(&server, &query, &mut |_| Ok(())).expect("complete");
        assert!(tally.filter_ignored, "the row of the 9th is older");
        assert_eq!(
            server.asked.borrow()[0]["grid_param"],
            r#"[{"TB":"fn_areceber.ultima_atualizacao","OP":">=","P":"2026-11-20 00:00:00"}]"#
        );
    }

    #[test]
    fn each_trouble_comes_with_its_remedy() {
        for (status, body, words, remedy) in [
            (
                200,
                r#"{"type":"error","message":"Recurso cliente não está disponível!"}"#,
                "refused the request (HTTP 200)",
                "release the form cliente",
            ),
            (
                200,
                r#"{"type":"error","message":"Seu IP não está liberado para efetuar login!"}"#,
                "refused the request",
                "Redes Permitidas",
            ),
            (
                200,
                r#"<div style="background:#FF0000;">Ocorreu um erro ao processar.</div>"#,
                "its error page",
                "smaller page_size",
            ),
            (
                200,
                "<html><title>Login</title></html>",
                "this is not the IXC web service",
                "base_url",
            ),
            (200, "{}", "an empty object", "proxy"),
            (200, "", "the answer is empty", "try again"),
            (
                401,
                "<h1>401 Authorization Required</h1>",
                "HTTP 401",
                "create it anew",
            ),
            (
                404,
                "<h1>Not Found</h1>",
                "HTTP 404",
                "with or without /webservice/v1",
            ),
        ] {
            let server = scripted(move |_, _| (status, body.to_owned()));
            let told = message(all(&server, 500).1);
            assert!(told.contains(words), "{words} in\n{told}");
            assert!(told.contains(remedy), "{remedy} in\n{told}");
        }
    }

    #[test]
    fn some_rows_are_found_by_the_key_alone() {
        let server = scripted(honest(&[3, 5, 8, 900, 950]));
        let mut tally = Tally::default();
        let rows = some(&server, Form::Cliente, &[4, 5, 8, 900], &mut tally).expect("an answer");
        let ids: Vec<Option<i64>> = rows.iter().map(FormRow::id).collect();
        assert_eq!(ids, [Some(5), Some(8), Some(900)]);
        assert_eq!(tally.requests, 2);
        let asked = server.asked.borrow();
        assert_eq!(
            (&asked[0]["query"], &asked[0]["rp"]),
            (&json!("3"), &json!("5"))
        );
        assert_eq!(
            (&asked[1]["query"], &asked[1]["rp"]),
            (&json!("899"), &json!("1"))
        );
        let honest = honest(&[3, 5, 8]);
        let server = scripted(move |body, turn| match turn {
            0 => (504, String::new()),
            _ => honest(body, turn),
        });
        let rows = some(&server, Form::Cliente, &[3, 5, 8], &mut tally).expect("an answer");
        assert_eq!(rows.len(), 3, "a smaller page loses nothing");
    }

    proptest::proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn every_row_of_an_honest_server_comes_once(ids in proptest::collection::btree_set(1_i64..500, 0..60), size in 1_u64..20) {
            let ids: Vec<i64> = ids.into_iter().collect();
            let known = ids.clone();
            let server = scripted(move |body, _| {
                let after: i64 = body["query"].as_str().expect("text").parse().expect("an id");
                let size: usize = body["rp"].as_str().expect("text").parse().expect("a size");
                let rest: Vec<i64> = ids.iter().copied().filter(|id| *id > after).collect();
                let sent = &rest[..size.min(rest.len())];
                (200, page(rest.len() as u64, sent))
            });
            let (found, outcome) = all(&server, size);
            proptest::prop_assert!(outcome.is_ok());
            proptest::prop_assert_eq!(found, known);
        }
    }
}
