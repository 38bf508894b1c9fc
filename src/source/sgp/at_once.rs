//! Questions that are asked several at once, and answered in the order they were asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::error::Result;

/// Asks each question once, so many at a time, and hands over the answers in the order of the questions. The
/// answers that wait for their turn are at most as many as the questions.
///
/// # Errors
/// The first that an answer, or taking it, comes to: then `hang_up` cuts what is still under way, and what
/// is not asked yet is asked no more.
pub(super) fn in_turn<T: Send>(
    workers: usize,
    questions: &[&str],
    (ask, hang_up): (impl Fn(&str) -> Result<T> + Sync, impl Fn()),
    take: &mut dyn FnMut(T) -> Result<()>,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let work = |tell: &mpsc::Sender<(usize, Result<T>)>| {
        while !over.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = questions.get(at) else {
                return;
            };
            if tell.send((at, ask(question))).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        let (tell, hear) = mpsc::channel();
        for _ in 0..workers.min(questions.len()) {
            let tell = tell.clone();
            scope.spawn(|| {
                let tell = tell;
                work(&tell);
            });
        }
        drop(tell);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        for (at, answer) in hear {
            early.insert(at, answer);
            while let Some(answer) = early.remove(&turn) {
                turn += 1;
                if let Err(error) = answer.and_then(&mut *take) {
                    over.store(true, Ordering::Relaxed);
                    hang_up();
                    return Err(error);
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::error::Error;

    #[test]
    fn several_are_under_way_at_once_and_come_in_the_order_they_were_asked() {
        // The first two wait for each other: one alone would never be answered.
        let (met, meeting) = (Mutex::new(0), Condvar::new());
        let mut taken = Vec::new();
        let ask = |question: &str| {
            if question < "c" {
                let mut here = met.lock().expect("a count");
                *here += 1;
                meeting.notify_all();
                while *here < 2 {
                    here = meeting.wait(here).expect("a count");
                }
            }
            Ok(question.to_owned())
        };
        in_turn(2, &["a", "b", "c", "d"], (ask, || {}), &mut |answer| {
            taken.push(answer);
            Ok(())
        })
        .expect("answers");
        assert_eq!(taken, ["a", "b", "c", "d"]);
    }

    #[test]
    fn the_first_error_in_the_order_of_the_questions_ends_it_and_cuts_the_others() {
        let (cut, cutting) = (Mutex::new(false), Condvar::new());
        let asked = AtomicUsize::new(0);
        let questions: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        let ask = |question: &str| {
            asked.fetch_add(1, Ordering::Relaxed);
            match question {
                "0" | "1" | "2" => return Ok(()),
                "3" | "4" => return Err(Error::world(format!("no {question}"))),
                _ => {}
            }
            // Whatever else is asked is answered by nobody.
            let mut over = cut.lock().expect("a flag");
            while !*over {
                over = cutting.wait(over).expect("a flag");
            }
            Err(Error::world("cut"))
        };
        let hang_up = || {
            *cut.lock().expect("a flag") = true;
            cutting.notify_all();
        };
        let mut taken = 0;
        let ended = in_turn(4, &questions, (ask, hang_up), &mut |()| {
            taken += 1;
            Ok(())
        });
        assert_eq!(ended.expect_err("an error").message, "no 3");
        assert_eq!(taken, 3);
        assert!(asked.load(Ordering::Relaxed) <= 9);
    }

    #[test]
    fn nothing_to_ask_is_done_at_once() {
        in_turn(4, &[], (|_| Ok(()), || {}), &mut |()| Ok(())).expect("nothing");
    }
}
