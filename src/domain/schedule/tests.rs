//! Schedules beside what cron does with the same lines.

use proptest::prelude::*;

use super::walk::DAY;
use super::*;
use crate::clock::{iso, parse_instant};

const SAO_PAULO: Tz = chrono_tz::America::Sao_Paulo;
const NEW_YORK: Tz = chrono_tz::America::New_York;

fn schedule(line: &str) -> Schedule {
    let texts: Vec<&str> = line.split(' ').collect();
    Schedule::parse(texts.try_into().expect("five fields")).expect(line)
}

fn flaws(line: &str) -> Vec<String> {
    let texts: Vec<&str> = line.split(' ').collect();
    Schedule::read(texts.try_into().expect("five fields"))
        .expect_err(line)
        .into_iter()
        .map(|flaw| format!("{}: {}", flaw.key, flaw.found))
        .collect()
}

fn at(text: &str, zone: Tz) -> DateTime<Utc> {
    parse_instant(text, zone).expect("an instant")
}

fn next(line: &str, after: &str, zone: Tz) -> String {
    let found = schedule(line).next_after(at(after, zone), zone);
    iso(found.expect("a next time"), zone)
}

/// The next few times, without their offsets.
fn runs(line: &str, after: &str, zone: Tz, how_many: usize) -> Vec<String> {
    let schedule = schedule(line);
    let mut after = at(after, zone);
    (0..how_many)
        .map(|_| {
            after = schedule.next_after(after, zone).expect("a next time");
            iso(after, zone)[5..16].to_owned()
        })
        .collect()
}

#[test]
fn fields_take_all_values_lists_ranges_steps_and_names() {
    let cases = [
        ("* * * * *", "2026-11-21T00:00", "11-21T00:01"),
        ("*/15 * * * *", "2026-11-21T00:01", "11-21T00:15"),
        ("1-30/2 * * * *", "2026-11-21T00:29", "11-21T01:01"),
        ("0,45 8,18 * * *", "2026-11-21T08:45", "11-21T18:00"),
        ("30 8 * * 1-5", "2026-11-20T08:30", "11-23T08:30"),
        ("0 0 * * 7", "2026-11-21T00:00", "11-22T00:00"),
        ("0 0 * * 0", "2026-11-21T00:00", "11-22T00:00"),
        ("0 0 * * SUN", "2026-11-21T00:00", "11-22T00:00"),
        ("0 0 * * 5-7", "2026-11-22T00:00", "11-27T00:00"),
        ("0 0 * * Mon-wed", "2026-11-25T00:00", "11-30T00:00"),
        ("5 4 1 jan,JUL *", "2026-11-21T00:00", "01-01T04:05"),
        ("0 0 1 */5 *", "2026-01-01T00:00", "06-01T00:00"),
        (" 08 0 * * *", "2026-01-01T00:00", "01-01T00:08"),
    ];
    for (line, after, expected) in cases {
        assert_eq!(
            runs(line.trim(), after, SAO_PAULO, 1),
            [expected],
            "{line} after {after}"
        );
    }
}

#[test]
fn a_restricted_day_and_weekday_match_either_but_a_star_means_both() {
    // The 13th or a Friday.
    assert_eq!(
        runs("0 0 13 * 5", "2026-11-01T00:00", SAO_PAULO, 3),
        ["11-06T00:00", "11-13T00:00", "11-20T00:00"]
    );
    assert_eq!(
        runs("0 0 10 * fri", "2026-11-07T00:00", SAO_PAULO, 2),
        ["11-10T00:00", "11-13T00:00"]
    );
    // Debian's cron: an odd day that is also a Monday.
    assert_eq!(
        runs("0 0 */2 * 1", "2026-11-01T00:00", SAO_PAULO, 2),
        ["11-09T00:00", "11-23T00:00"]
    );
    assert_eq!(
        runs("0 0 1-7 * */7", "2026-11-02T00:00", SAO_PAULO, 2),
        ["12-06T00:00", "01-03T00:00"]
    );
}

#[test]
fn what_can_never_match_is_refused_and_29_february_is_not() {
    assert_eq!(
        flaws("0 0 31 2 *"),
        ["day: found `31`, a day that never comes in month `2`"]
    );
    assert_eq!(flaws("0 0 30,31 feb *").len(), 1);
    assert_eq!(flaws("0 0 31 4,6,9,11 *").len(), 1);
    assert_eq!(flaws("0 0 30 2 */2").len(), 1);
    assert_eq!(
        next("0 0 29 2 *", "2026-11-21T00:00", SAO_PAULO),
        "2028-02-29T00:00:00-03:00"
    );
    // A weekday of its own saves it: every Monday in February.
    assert_eq!(
        runs("0 0 31 2 1", "2026-02-01T00:00", SAO_PAULO, 1),
        ["02-02T00:00"]
    );
    // 29 February on a Sunday.
    assert_eq!(
        next("0 0 29 2 */7", "2032-03-01T00:00", SAO_PAULO),
        "2060-02-29T00:00:00-03:00"
    );
    // Over a century that is no leap year.
    assert_eq!(
        next("0 0 29 2 */7", "2088-03-01T00:00", SAO_PAULO),
        "2128-02-29T00:00:00-03:00"
    );
}

#[test]
fn a_flaw_names_its_field_and_what_was_found() {
    for (line, told) in [
        (
            "60 8 * * *",
            "minute: found `60`, which is not from 0 to 59",
        ),
        ("0 24 * * *", "hour: found `24`, which is not from 0 to 23"),
        ("0 0 0 * *", "day: found `0`, which is not from 1 to 31"),
        ("0 0 * 13 *", "month: found `13`, which is not from 1 to 12"),
        ("0 0 * * 8", "weekday: found `8`, which is not from 0 to 7"),
        (
            "0 0 * * tues",
            "weekday: found `tues` (did you mean `tue`?)",
        ),
        ("0 0 * seg *", "month: found `seg` (did you mean `sep`?)"),
        // Written out, a name is the one that it begins with, and no other that looks like it.
        (
            "0 0 * * segunda",
            "weekday: found `segunda` (did you mean `seg`?)",
        ),
        (
            "0 0 * * sábado",
            "weekday: found `sábado` (did you mean `sáb`?)",
        ),
        (
            "0 0 * * Monday",
            "weekday: found `monday` (did you mean `mon`?)",
        ),
        (
            "0 0 * fevereiro *",
            "month: found `fevereiro` (did you mean `fev`?)",
        ),
        (
            "0,,5 0 * * *",
            "minute: found nothing between commas in `0,,5`",
        ),
        (
            "5/15 0 * * *",
            "minute: found `5/15`: a step stands after * or a range, so write 5-59/…",
        ),
        (
            "*/0 0 * * *",
            "minute: found `*/0`, whose step is not a whole number from 1",
        ),
        ("0 20-8 * * *", "hour: found `20-8`, which runs backwards"),
        (
            "0 0 * * fri-sun",
            "weekday: found `fri-sun`, which runs backwards (Sunday as the end of a range is 7)",
        ),
        (
            "0 8,5-64/30 * * *",
            "hour: found `64`, which is not from 0 to 23 in `8,5-64/30`",
        ),
        ("-5 0 * * *", "minute: found ``"),
        ("1.5 0 * * *", "minute: found `1.5`"),
        (
            "0 0 * jan/2 *",
            "month: found `jan/2`: a step stands after * or a range, so write jan-12/…",
        ),
        ("+5 0 * * *", "minute: found `+5`"),
        (
            "99999999999 0 * * *",
            "minute: found `99999999999`, which is not from 0 to 59",
        ),
    ] {
        assert_eq!(flaws(line), [told], "{line}");
    }
    let all = Schedule::parse(["60", "24", "", "x", "9"]).expect_err("five flaws");
    assert_eq!(all.flaws.len(), 5);
    assert_eq!(
        all.flaws[2].to_string(),
        "day: found an empty text, write 1 to 31, such as 10, 1,15, 1-5, */2 or *"
    );
}

#[test]
fn the_first_minute_after_now_is_never_the_present_one() {
    for (after, expected) in [
        ("2026-11-20T08:29:59", "2026-11-20T08:30:00-03:00"),
        ("2026-11-20T08:30:00", "2026-11-21T08:30:00-03:00"),
        ("2026-11-20T08:30:59", "2026-11-21T08:30:00-03:00"),
    ] {
        assert_eq!(next("30 8 * * *", after, SAO_PAULO), expected);
    }
}

#[test]
fn fixed_times_run_once_across_changes_of_the_clock() {
    // New York: 02:00 to 03:00 on 8 March 2026 is skipped, 01:00 to 02:00 on 1 November repeats.
    assert_eq!(
        runs("30 2 * * *", "2026-03-07T12:00", NEW_YORK, 2),
        ["03-08T03:00", "03-09T02:30"]
    );
    assert_eq!(
        runs("0,30 2,3 * * *", "2026-03-07T12:00", NEW_YORK, 3),
        ["03-08T03:00", "03-08T03:30", "03-09T02:00"]
    );
    assert_eq!(
        runs("30 1 * * *", "2026-10-31T12:00", NEW_YORK, 2),
        ["11-01T01:30", "11-02T01:30"]
    );
    // São Paulo skipped the midnight of 4 November 2018 and repeated 23:00 to 24:00 of 17 February.
    assert_eq!(
        runs("0 0 * * *", "2018-11-03T12:00", SAO_PAULO, 2),
        ["11-04T01:00", "11-05T00:00"]
    );
    assert_eq!(
        runs("30 23 * * *", "2018-02-17T12:00", SAO_PAULO, 2),
        ["02-17T23:30", "02-18T23:30"]
    );
    // Only on the day whose midnight is skipped.
    assert_eq!(
        runs("0 0 4 11 *", "2018-11-03T12:00", SAO_PAULO, 1),
        ["11-04T01:00"]
    );
}

#[test]
fn wildcards_follow_the_clock_across_its_changes() {
    assert_eq!(
        runs("*/30 * * * *", "2026-03-08T01:00", NEW_YORK, 3),
        ["03-08T01:30", "03-08T03:00", "03-08T03:30"]
    );
    assert_eq!(
        runs("*/20 2 * * *", "2026-03-07T12:00", NEW_YORK, 1),
        ["03-09T02:00"]
    );
    assert_eq!(
        runs("30 * * * *", "2026-11-01T00:30", NEW_YORK, 3),
        ["11-01T01:30", "11-01T01:30", "11-01T02:30"]
    );
}

#[test]
fn trial_120_a_day_that_comes_back_over_midnight_is_found() {
    // In Newfoundland the clock went back from Sunday 00:01 to Saturday 23:01.
    let zone = chrono_tz::America::St_Johns;
    let every = schedule("* * * * 2-6");
    let first = at("2006-10-29T00:00", zone).timestamp() / 60;
    let found: Vec<i64> = std::iter::successors(every.next_minute(first, zone), |minute| {
        every.next_minute(minute + 1, zone)
    })
    .take_while(|minute| *minute < first + DAY)
    .collect();
    assert_eq!(found, debian_cron(&every, zone, first, first + DAY - 1));
    assert_eq!(found.len(), 59);
    assert_eq!(
        runs("0 * * * 6", "2006-10-28T23:59", zone, 1),
        ["11-04T00:00"]
    );
    assert_eq!(
        runs("*/30 * * * 6", "2006-10-29T00:00", zone, 2),
        ["10-28T23:30", "11-04T00:00"]
    );
}

#[test]
fn a_day_the_calendar_skipped_is_not_made_up_for() {
    // Samoa crossed the date line: there was no 30 December 2011.
    let apia = chrono_tz::Pacific::Apia;
    assert_eq!(
        runs("0 12 30 12 *", "2011-12-29T13:00", apia, 1),
        ["12-30T12:00"]
    );
    assert_eq!(
        iso(
            schedule("0 12 30 12 *")
                .next_after(at("2011-12-29T13:00", apia), apia)
                .expect("a next time"),
            apia
        ),
        "2012-12-30T12:00:00+14:00"
    );
    assert_eq!(
        runs("0 12 * * *", "2011-12-29T13:00", apia, 1),
        ["12-31T12:00"]
    );
}

#[test]
fn owed_once_since_it_was_last_considered() {
    let daily = schedule("30 8 * * *");
    let owed = |from: &str, now: &str, hours: i64| {
        due(
            &daily,
            at(from, SAO_PAULO),
            at(now, SAO_PAULO),
            SAO_PAULO,
            hours,
        )
        .map(|at| iso(at, SAO_PAULO)[..16].to_owned())
    };
    let at_830 = Some("2026-11-21T08:30".to_owned());
    assert_eq!(
        owed("2026-11-21T08:29:59", "2026-11-21T08:30:00", 12),
        at_830
    );
    assert_eq!(owed("2026-11-21T08:30:00", "2026-11-21T08:30:59", 12), None);
    assert_eq!(owed("2026-11-21T08:30:20", "2026-11-21T09:00:00", 12), None);
    // Several days missed are one run.
    assert_eq!(owed("2026-11-18T09:00", "2026-11-21T09:00", 12), at_830);
    // Too old, to the minute.
    assert_eq!(owed("2026-11-20T09:00", "2026-11-21T20:30:59", 12), at_830);
    assert_eq!(owed("2026-11-20T09:00", "2026-11-21T20:31:00", 12), None);
    assert_eq!(owed("2026-11-20T09:00", "2026-11-21T08:30:40", 0), at_830);
    assert_eq!(owed("2026-11-20T09:00", "2026-11-21T08:31:00", 0), None);
}

#[test]
fn a_clock_set_back_a_little_repeats_nothing_and_set_back_far_is_believed() {
    let every = schedule("* * * * *");
    let owed = |from: &str, now: &str| {
        due(
            &every,
            at(from, SAO_PAULO),
            at(now, SAO_PAULO),
            SAO_PAULO,
            12,
        )
        .is_some()
    };
    assert!(!owed("2026-11-21T08:30:05", "2026-11-21T08:29:58"));
    assert!(!owed("2026-11-21T10:30", "2026-11-21T08:30"));
    assert!(owed("2026-11-21T11:30", "2026-11-21T08:30"));
    assert!(owed("2030-01-01T00:00", "2026-11-21T08:30"));
}

#[test]
fn daily_means_every_day_however_it_is_written() {
    for line in [
        "0 8 * * *",
        "0 8,9 1-31 * *",
        "0 8 * 1-12 0-6",
        "0 8 1-31 * 1",
        "*/5 * * jan-dec 1-7",
        "0 8 3 * sun,1-6",
    ] {
        assert!(schedule(line).is_daily(), "{line}");
    }
    for line in ["0 8 * * 1-5", "0 8 */2 * *", "0 8 1-30 * *", "0 8 * 1-11 *"] {
        assert!(!schedule(line).is_daily(), "{line}");
    }
}

#[test]
fn a_weekday_is_possible_when_some_matching_day_falls_on_it() {
    let days =
        |line: &str| -> Vec<u32> { (0..7).filter(|day| schedule(line).falls_on(*day)).collect() };
    assert_eq!(days("0 8 * * 1-5"), [1, 2, 3, 4, 5]);
    assert_eq!(days("0 8 */2 * 1-5"), [1, 2, 3, 4, 5]);
    assert_eq!(days("0 8 1 * 1-5"), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(days("0 8 31 2 1-5"), [1, 2, 3, 4, 5]);
}

#[test]
fn the_crontab_line_reads_back_as_the_same_schedule() {
    let line = "*/15 8-18 1,15 jan-jun Mon-Fri";
    let first = schedule(line);
    assert_eq!(first.to_string(), "*/15 8-18 1,15 jan-jun mon-fri");
    assert_eq!(schedule(&first.to_string()), first);
}

#[test]
fn a_century_of_29_februaries_costs_little() {
    let leap = schedule("0 0 29 2 *");
    let mut after = at("2001-01-01", SAO_PAULO);
    for _ in 0..24 {
        after = leap.next_after(after, SAO_PAULO).expect("a next time");
    }
    assert_eq!(iso(after, SAO_PAULO), "2096-02-29T00:00:00-03:00");
}

/// Debian's cron, minute by minute: the minutes at which it starts the job. Its own words for
/// the cases are kept: a small or medium jump forward runs the fixed jobs that it skipped; a
/// jump back runs wildcard jobs only, until the clock has caught up; a large one is a correction.
fn debian_cron(schedule: &Schedule, zone: Tz, first: i64, last: i64) -> Vec<i64> {
    let local = |minute: i64| {
        let instant = DateTime::from_timestamp(minute * 60, 0).expect("an instant");
        instant.with_timezone(&zone).naive_local()
    };
    let number = |time: NaiveDateTime| time.and_utc().timestamp().div_euclid(60);
    let time = |number: i64| {
        DateTime::from_timestamp(number * 60, 0)
            .expect("an instant")
            .naive_utc()
    };
    let texts = Part::ALL.map(|part| schedule.text(part).to_owned());
    let star = |n: usize| texts[n].starts_with('*');
    let wild = star(0) || star(1);
    let matches = |local: NaiveDateTime| -> bool {
        use chrono::Timelike as _;
        let has = |n: usize, value: u32| naive_field(&texts[n], Part::ALL[n], value);
        let day = has(2, local.day());
        let weekday = has(4, local.weekday().num_days_from_sunday());
        has(0, local.minute())
            && has(1, local.hour())
            && has(3, local.month())
            && if star(2) || star(4) {
                day && weekday
            } else {
                day || weekday
            }
    };
    // A day before, so that its virtual time is right when the window begins.
    let mut virtual_time = number(local(first - DAY)) - 1;
    let mut started = Vec::new();
    for minute in first - DAY..=last {
        let running = number(local(minute));
        let difference = running - virtual_time;
        let start = if difference == 1 {
            virtual_time = running;
            matches(time(running))
        } else if difference > 1 && difference < CORRECTION {
            let skipped = (virtual_time + 1..=running).any(|m| matches(time(m)));
            virtual_time = running;
            if wild {
                matches(time(running))
            } else {
                skipped
            }
        } else if difference <= 0 && difference > -CORRECTION {
            wild && matches(time(running))
        } else {
            virtual_time = running;
            matches(time(running))
        };
        if start && minute >= first {
            started.push(minute);
        }
    }
    started
}

/// Whether a field's text takes a value, read afresh each time and without names.
fn naive_field(text: &str, part: Part, value: u32) -> bool {
    let (low, high) = part.range();
    text.split(',').any(|item| {
        let (span, step) = item.split_once('/').unwrap_or((item, "1"));
        let (from, to) = match span.split_once('-') {
            Some((from, to)) => (
                from.parse().expect("a number"),
                to.parse().expect("a number"),
            ),
            None if span == "*" => (low, high),
            None => (
                span.parse().expect("a number"),
                span.parse().expect("a number"),
            ),
        };
        let step: u32 = step.parse().expect("a number");
        let takes = |v: u32| v >= from && v <= to && (v - from).is_multiple_of(step);
        takes(value) || (part == Part::Weekday && value == 0 && takes(7))
    })
}

fn a_field(part: Part) -> impl Strategy<Value = String> {
    let (low, high) = part.range();
    let range = (low..=high, low..=high).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let item = prop_oneof![
        (low..=high).prop_map(|value| value.to_string()),
        range.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        (range, 1u32..12).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
    ];
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (1u32..40).prop_map(|step| format!("*/{step}")),
        3 => proptest::collection::vec(item, 1..4).prop_map(|items| items.join(",")),
    ]
}

/// Schedules that match at some time; days and months mostly free, so that something happens.
fn a_schedule() -> impl Strategy<Value = Schedule> {
    let mostly_free = |part| prop_oneof![2 => Just("*".to_owned()), 1 => a_field(part)];
    (
        a_field(Part::Minute),
        a_field(Part::Hour),
        mostly_free(Part::Day),
        mostly_free(Part::Month),
        mostly_free(Part::Weekday),
    )
        .prop_filter_map("can match", |(minute, hour, day, month, weekday)| {
            Schedule::read([&minute, &hour, &day, &month, &weekday]).ok()
        })
}

/// Zones and instants around which their clocks change.
fn a_time() -> impl Strategy<Value = (Tz, i64)> {
    let around = prop_oneof![
        Just((SAO_PAULO, "2018-11-04T00:00")),
        Just((SAO_PAULO, "2018-02-17T23:00")),
        Just((SAO_PAULO, "2026-11-21T00:00")),
        Just((NEW_YORK, "2026-03-08T01:00")),
        Just((NEW_YORK, "2026-11-01T01:00")),
        Just((chrono_tz::Australia::Lord_Howe, "2026-04-05T01:00")),
        Just((chrono_tz::Australia::Lord_Howe, "2026-10-04T01:00")),
        Just((chrono_tz::America::St_Johns, "2006-10-29T00:00")),
        Just((chrono_tz::America::St_Johns, "2006-04-02T00:00")),
        Just((chrono_tz::Antarctica::Troll, "2026-03-29T00:00")),
        Just((chrono_tz::Antarctica::Troll, "2026-10-25T00:00")),
        Just((chrono_tz::Africa::Cairo, "2026-04-23T23:00")),
        Just((chrono_tz::Africa::Cairo, "2026-10-29T22:00")),
        Just((chrono_tz::Pacific::Apia, "2011-12-29T23:00")),
        Just((chrono_tz::UTC, "2028-02-28T12:00")),
    ];
    (around, -2 * DAY..DAY)
        .prop_map(|((zone, text), shift)| (zone, at(text, zone).timestamp() / 60 + shift))
}

proptest! {
    #![proptest_config(crate::property::cases(120))]

    #[test]
    fn it_runs_at_the_minutes_at_which_debians_cron_would(
        schedule in a_schedule(),
        (zone, first) in a_time(),
    ) {
        let last = first + 3 * DAY;
        let mut found = Vec::new();
        let mut from = first;
        while let Some(minute) = schedule.next_minute(from, zone).filter(|m| *m <= last) {
            found.push(minute);
            from = minute + 1;
        }
        prop_assert_eq!(found, debian_cron(&schedule, zone, first, last), "{} in {}", schedule, zone);
    }

    #[test]
    fn it_runs_once_per_matching_minute_however_cron_behaves(
        schedule in a_schedule(),
        (zone, first) in a_time(),
        calls in proptest::collection::vec((0i64..3, 0i64..60, prop_oneof![8 => 0i64..3, 1 => 0i64..900]), 1..400),
        hours in prop_oneof![Just(0i64), Just(1), Just(12)],
    ) {
        // Cron calls early in a minute or late, twice, or not for hours.
        let minutes = debian_cron(&schedule, zone, first, first + 6 * DAY);
        let mut considered = DateTime::from_timestamp(first * 60, 0).expect("an instant");
        let mut minute = first;
        for (twice, second, gap) in calls {
            minute += gap;
            if minute > first + 6 * DAY {
                break;
            }
            for call in 0..=twice {
                let second = (second + call * 7).min(59);
                let now = DateTime::from_timestamp(minute * 60 + second, 0).expect("an instant");
                let since = considered.timestamp().div_euclid(60);
                let owed: Vec<i64> = minutes
                    .iter()
                    .copied()
                    .filter(|m| *m > since && *m <= minute && *m >= minute - hours * 60)
                    .collect();
                let found = due(&schedule, considered, now, zone, hours);
                prop_assert_eq!(found.map(|at| at.timestamp() / 60), owed.first().copied());
                if found.is_some() {
                    considered = now;
                }
            }
        }
    }

    #[test]
    fn what_it_prints_reads_back_the_same(schedule in a_schedule()) {
        let line = schedule.to_string();
        let texts: Vec<&str> = line.split(' ').collect();
        let again = Schedule::read(texts.try_into().expect("five fields"));
        prop_assert_eq!(again, Ok(schedule));
    }

    #[test]
    fn no_text_makes_it_panic(texts in proptest::array::uniform5("[0-9a-z*/,\\- ]{0,12}")) {
        let [a, b, c, d, e] = &texts;
        if let Ok(schedule) = Schedule::read([a, b, c, d, e]) {
            let after = at("2026-11-21T09:00", SAO_PAULO);
            prop_assert!(schedule.next_after(after, SAO_PAULO).is_some());
        }
    }
}
