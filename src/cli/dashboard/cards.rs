//! The cards of the dashboard: each one thing, as a picture with its figures under it.

use chrono::NaiveDate;

use super::figures::{Figure, table};
use crate::domain::ladder::Phase;
use crate::domain::stats::{CountedBy, FunnelBy, MessageFigures};
use crate::domain::words::{Channel, Word as _};
use crate::error::Result;
use crate::jobs::dashboard::{Dashboard, masked};
use crate::jobs::stats::{StatKey, StatRow};
use crate::store::collection::{FunnelFigures, FunnelKey};
use crate::view::language::Translator;
use crate::view::svg::{self, BarLine, escaped};

/// The parts of a bar of messages, in their order, each with what it counts.
type Part = (&'static str, fn(&MessageFigures) -> u64);
const PARTS: [Part; 5] = [
    ("sent", |figures| figures.sent),
    ("failed", |figures| figures.failed),
    ("unknown", |figures| figures.unknown),
    ("skipped", |figures| figures.skipped),
    ("waiting or cancelled", MessageFigures::others),
];

/// The columns of figures of messages, in their order.
const COLUMNS: [Part; 7] = [
    ("messages", |figures| figures.messages),
    ("sent", |figures| figures.sent),
    ("delivered", |figures| figures.delivered),
    ("read", |figures| figures.read),
    ("failed", |figures| figures.failed),
    ("skipped", |figures| figures.skipped),
    ("unknown", |figures| figures.unknown),
];

/// The most lines of a card that is about names.
const LINES: usize = 12;

/// One card.
fn card(title: &str, class: &str, body: &str) -> String {
    format!(
        "<section class=\"{class}\"><h2>{}</h2>{body}</section>",
        escaped(title)
    )
}

/// What stands where there is nothing to show.
fn nothing(words: &str) -> String {
    format!("<p class=\"none\">{}</p>", escaped(words))
}

/// Which marks the channels have, in their order: none that looks like a failure.
const CHANNEL_MARKS: [usize; 6] = [0, 5, 3, 2, 6, 4];

/// Which marks the phases of the ladder have: the further down, the warmer.
const PHASE_MARKS: [usize; 6] = [4, 0, 5, 3, 2, 1];

/// The mark of a channel.
fn mark_of(channel: Channel) -> usize {
    let place = Channel::ALL.iter().position(|known| *known == channel);
    CHANNEL_MARKS[place.unwrap_or(0) % CHANNEL_MARKS.len()]
}

/// The mark of a phase.
fn mark_of_phase(phase: Phase) -> usize {
    let place = Phase::unpaid().position(|known| known == phase);
    PHASE_MARKS[place.unwrap_or(0) % PHASE_MARKS.len()]
}

/// What the marks of a picture stand for.
fn legend(names: &[(usize, String)]) -> String {
    let marks = names
        .iter()
        .map(|(place, name)| format!("<span><i class=\"m{place}\"></i>{}</span>", escaped(name)));
    format!("<p class=\"legend\">{}</p>", marks.collect::<String>())
}

/// Figures that are shown when somebody asks for them.
fn folded(words: &str, body: &str) -> String {
    format!(
        "<details><summary>{}</summary>{body}</details>",
        escaped(words)
    )
}

fn day(day: NaiveDate) -> String {
    day.format("%d/%m").to_string()
}

fn parts(figures: &MessageFigures) -> Vec<svg::Stretch> {
    let counted = PARTS.iter().enumerate();
    counted
        .map(|(place, (_, count))| (place, count(figures)))
        .collect()
}

fn part_names(say: &Translator) -> Vec<(usize, String)> {
    let named = PARTS.iter().enumerate();
    named
        .map(|(place, (name, _))| (place, say.header(name).to_owned()))
        .collect()
}

/// What a line of figures is about, as people read it.
fn named(key: &StatKey, say: &Translator) -> String {
    match key {
        StatKey::Channel(channel) => say.word(channel.as_str()).to_owned(),
        StatKey::Template(Some(name)) => name.clone(),
        StatKey::Template(None) => say.said("words of its own"),
        StatKey::Reason(Some(reason)) => say.word(reason.as_str()).to_owned(),
        StatKey::Reason(None) => say.said("no reason"),
        StatKey::Day(on) => day(*on),
        StatKey::Phase(phase) => say.word(phase.word()).to_owned(),
    }
}

/// The figures of messages under a picture.
fn figures(by: CountedBy, rows: &[StatRow], say: &Translator) -> String {
    let mut columns = vec![say.header(by.as_str()).to_owned()];
    columns.extend(COLUMNS.map(|(name, _)| say.header(name).to_owned()));
    let rows: Vec<Vec<Figure>> = rows
        .iter()
        .map(|row| {
            let word = row.key.word().unwrap_or_else(|| "none".to_owned());
            let mut cells = vec![Figure::Text(named(&row.key, say))];
            cells.extend(COLUMNS.iter().map(|(name, count)| {
                Figure::Number(format!("stats/{by}/{word}/{name}"), count(&row.figures))
            }));
            cells
        })
        .collect();
    table(&columns, &rows, say)
}

/// Messages a day by channel: the picture, what its marks are, and the figures.
fn days_by_channel(board: &Dashboard, title: &str, say: &Translator) -> Result<String> {
    let used: Vec<Channel> = Channel::ALL
        .iter()
        .copied()
        .filter(|channel| board.by_day.values().any(|day| day.contains_key(channel)))
        .collect();
    let of = |on: &NaiveDate, channel: &Channel| {
        let found = board.by_day.get(on).and_then(|day| day.get(channel));
        found.map_or(0, |figures| figures.messages)
    };
    let columns: Vec<(String, Vec<svg::Stretch>)> = board
        .by_day
        .keys()
        .map(|on| {
            let counts = used
                .iter()
                .map(|channel| (mark_of(*channel), of(on, channel)))
                .collect();
            (day(*on), counts)
        })
        .collect();
    let names: Vec<(usize, String)> = used
        .iter()
        .map(|channel| (mark_of(*channel), say.word(channel.as_str()).to_owned()))
        .collect();
    let mut heads = vec![say.header("day").to_owned()];
    heads.extend(names.iter().map(|(_, name)| name.clone()));
    let cells: Vec<Vec<Figure>> = board
        .by_day
        .keys()
        .map(|on| {
            let mut row = vec![Figure::Text(day(*on))];
            row.extend(used.iter().map(|channel| {
                Figure::Number(format!("day/{on}/{channel}/messages"), of(on, channel))
            }));
            row
        })
        .collect();
    Ok(format!(
        "{}{}{}",
        svg::columns(title, &columns)?,
        legend(&names),
        folded(&say.said("day by day"), &table(&heads, &cells, say))
    ))
}

/// Messages a day, by channel and by what became of them.
pub(super) fn days(board: &Dashboard, say: &Translator) -> Result<String> {
    let rows = board.counted(CountedBy::Day);
    let (by_channel, by_outcome) = (
        say.said("Messages a day, by channel"),
        say.said("Messages a day, by what became of them"),
    );
    if rows.is_empty() {
        let none = nothing(&say.said(&format!("no messages in the last {} days", board.days)));
        return Ok(card(&by_channel, "wide", &none));
    }
    let first = days_by_channel(board, &by_channel, say)?;
    let outcomes: Vec<(String, Vec<svg::Stretch>)> = rows
        .iter()
        .map(|row| (named(&row.key, say), parts(&row.figures)))
        .collect();
    let second = format!(
        "{}{}{}",
        svg::columns(&by_outcome, &outcomes)?,
        legend(&part_names(say)),
        folded(&say.said("day by day"), &figures(CountedBy::Day, rows, say))
    );
    Ok(card(&by_channel, "card", &first) + &card(&by_outcome, "card", &second))
}

/// Messages by something, each a bar of what became of them.
pub(super) fn messages(
    board: &Dashboard,
    by: CountedBy,
    title: &str,
    say: &Translator,
) -> Result<String> {
    let title = say.said(title);
    let rows = board.counted(by);
    if rows.is_empty() {
        return Ok(card(&title, "card", &nothing(&say.said("none"))));
    }
    let lines: Vec<BarLine> = rows
        .iter()
        .filter(|row| row.key != StatKey::Reason(None))
        .take(LINES)
        .map(|row| BarLine {
            name: named(&row.key, say),
            parts: parts(&row.figures),
            said: super::figures::number(row.figures.messages, say.language()),
        })
        .collect();
    let picture = if lines.is_empty() {
        nothing(&say.said("none"))
    } else {
        svg::bars(&title, &lines)? + &legend(&part_names(say))
    };
    let body = picture + &folded(&say.said("figures"), &figures(by, rows, say));
    Ok(card(&title, "card", &body))
}

/// The marks of what was paid soon, later, and not.
const FUNNEL_MARKS: [usize; 3] = [5, 0, 4];

/// How collections do: entered, paid, recovered.
pub(super) fn funnel(
    board: &Dashboard,
    by: FunnelBy,
    title: &str,
    say: &Translator,
) -> Result<String> {
    let title = say.said(title);
    let rows = board.funnel(by);
    if rows.is_empty() {
        let none = say.said("no case came to a stage yet");
        return Ok(card(&title, "funnel", &nothing(&none)));
    }
    let lines: Vec<BarLine> = rows
        .iter()
        .take(LINES)
        .map(|row| {
            let count = |n: i64| u64::try_from(n).unwrap_or_default();
            let (in_7, in_30) = (count(row.paid_within_7), count(row.paid_within_30));
            let entered = count(row.entered);
            BarLine {
                name: funnel_name(row, say),
                parts: vec![
                    (FUNNEL_MARKS[0], in_7),
                    (FUNNEL_MARKS[1], in_30.saturating_sub(in_7)),
                    (FUNNEL_MARKS[2], entered.saturating_sub(in_30)),
                ],
                said: row.recovered.to_string(),
            }
        })
        .collect();
    let names = ["paid in 7 days", "paid in 30 days", "not paid in 30 days"];
    let names = FUNNEL_MARKS.into_iter().zip(names);
    let names: Vec<(usize, String)> = names.map(|(mark, name)| (mark, say.said(name))).collect();
    let picture = svg::bars(&title, &lines)? + &legend(&names);
    Ok(card(
        &title,
        "funnel",
        &(picture + &funnel_figures(by, rows, say)),
    ))
}

fn funnel_name(row: &FunnelFigures, say: &Translator) -> String {
    match &row.key {
        FunnelKey::Stage(stage) => say.word(stage.as_str()).to_owned(),
        FunnelKey::Template(name) => name.clone(),
        FunnelKey::Channel(channel) => say.word(channel.as_str()).to_owned(),
    }
}

fn funnel_figures(by: FunnelBy, rows: &[FunnelFigures], say: &Translator) -> String {
    let names = [
        by.as_str(),
        "entered",
        "paid_within_7",
        "paid_within_30",
        "recovered_cases",
        "recovered",
    ];
    let columns = names.map(|name| match name {
        "paid_within_7" => say.said("in 7 days"),
        "paid_within_30" => say.said("in 30 days"),
        other => say.header(other).to_owned(),
    });
    let cells: Vec<Vec<Figure>> = rows
        .iter()
        .map(|row| {
            let figure = |name: &str| format!("funnel/{by}/{}/{name}", row.key.word());
            let count = |name: &str, n: i64| {
                Figure::Number(figure(name), u64::try_from(n).unwrap_or_default())
            };
            vec![
                Figure::Text(funnel_name(row, say)),
                count("entered", row.entered),
                count("paid_within_7", row.paid_within_7),
                count("paid_within_30", row.paid_within_30),
                count("recovered_cases", row.recovered_cases),
                Figure::Amount(figure("recovered"), row.recovered),
            ]
        })
        .collect();
    table(&columns, &cells, say)
}

/// What the coming days would send if nobody paid.
pub(super) fn ahead(board: &Dashboard, say: &Translator) -> Result<String> {
    let title = say.said("The next 14 days, if nobody paid");
    let phases: Vec<Phase> = Phase::unpaid().collect();
    let used: Vec<Phase> = phases
        .into_iter()
        .filter(|phase| {
            board
                .ahead
                .iter()
                .any(|day| day.messages.contains_key(phase))
        })
        .collect();
    if used.is_empty() {
        return Ok(card(
            &title,
            "card",
            &nothing(&say.said("nothing would be sent")),
        ));
    }
    let of = |on: &crate::jobs::forecast::ForecastDay, phase: &Phase| {
        on.messages.get(phase).copied().unwrap_or_default()
    };
    let columns: Vec<(String, Vec<svg::Stretch>)> = board
        .ahead
        .iter()
        .map(|on| {
            let parts = used.iter();
            let parts = parts.map(|phase| (mark_of_phase(*phase), of(on, phase)));
            (day(on.on), parts.collect())
        })
        .collect();
    let names: Vec<(usize, String)> = used
        .iter()
        .map(|phase| (mark_of_phase(*phase), say.word(phase.word()).to_owned()))
        .collect();
    let mut heads = vec![say.header("day").to_owned()];
    heads.extend(names.iter().map(|(_, name)| name.clone()));
    let cells: Vec<Vec<Figure>> = board
        .ahead
        .iter()
        .map(|on| {
            let mut row = vec![Figure::Text(day(on.on))];
            row.extend(used.iter().map(|phase| {
                Figure::Number(
                    format!("forecast/{}/{}", on.on, phase.word()),
                    of(on, phase),
                )
            }));
            row
        })
        .collect();
    let body = format!(
        "{}{}{}",
        svg::columns(&title, &columns)?,
        legend(&names),
        folded(&say.said("day by day"), &table(&heads, &cells, say))
    );
    Ok(card(&title, "card", &body))
}

/// What waits, channel by channel.
pub(super) fn queue(board: &Dashboard, say: &Translator) -> String {
    let columns = ["channel", "due", "waiting", "unknown"].map(|name| say.header(name).to_owned());
    let rows: Vec<Vec<Figure>> = board
        .standing
        .queue
        .iter()
        .map(|queue| {
            let figure =
                |name: &str, n| Figure::Number(format!("queue/{}/{name}", queue.channel), n);
            vec![
                Figure::Text(say.word(queue.channel.as_str()).to_owned()),
                figure("due", queue.due),
                figure("waiting", queue.for_hours + queue.for_retry),
                figure("unknown", queue.unknown),
            ]
        })
        .collect();
    card(&say.said("Queue"), "card", &table(&columns, &rows, say))
}

/// The open cases by stage.
pub(super) fn cases(board: &Dashboard, say: &Translator) -> String {
    let columns = ["stage", "open_cases"].map(|name| say.header(name).to_owned());
    let rows: Vec<Vec<Figure>> = board
        .standing
        .cases
        .iter()
        .map(|(stage, n)| {
            vec![
                Figure::Text(say.word(stage.as_str()).to_owned()),
                Figure::Number(format!("cases/{stage}"), *n),
            ]
        })
        .collect();
    card(
        &say.said("Open cases"),
        "card",
        &table(&columns, &rows, say),
    )
}

/// The tasks, and how their last runs ended.
pub(super) fn tasks(board: &Dashboard, say: &Translator) -> String {
    let title = say.said("Tasks");
    if board.standing.tasks.is_empty() {
        return card(&title, "card", &nothing(&say.said("no tasks yet")));
    }
    let columns = ["task", "last_run_at", "last_outcome", "next_run_at"];
    let columns = columns.map(|name| say.header(name).to_owned());
    let now = board.now;
    let instant = |at: Option<chrono::DateTime<chrono::Utc>>| {
        let local = at.map(|at| at.with_timezone(&now.zone));
        local.map_or_else(String::new, |at| at.format("%d/%m %H:%M").to_string())
    };
    let rows: Vec<Vec<Figure>> = board
        .standing
        .tasks
        .iter()
        .map(|state| {
            let (task, last) = &state.task;
            let next = task.schedule.next_after(now.at, now.zone);
            let outcome = last.as_ref().map_or("", |run| run.outcome.as_str());
            let late = if state.overdue {
                format!(" ({})", say.header("overdue"))
            } else {
                String::new()
            };
            vec![
                Figure::Text(task.name.clone()),
                Figure::Text(instant(last.as_ref().map(|run| run.started_at))),
                Figure::Text(format!("{}{late}", say.word(outcome))),
                Figure::Text(if task.enabled {
                    instant(next)
                } else {
                    say.said("disabled")
                }),
            ]
        })
        .collect();
    card(&title, "card", &table(&columns, &rows, say))
}

/// What wants attention; what mends it is told by `regua status`.
pub(super) fn attention(board: &Dashboard, say: &Translator) -> String {
    let title = say.said("Attention");
    let found = &board.standing.attention;
    if found.is_empty() {
        return card(
            &title,
            "wide",
            &nothing(&say.said("nothing wants attention")),
        );
    }
    let mut items = String::new();
    for one in found {
        let many = if one.count > 1 {
            format!("{} × ", one.count)
        } else {
            String::new()
        };
        let what = say.said(masked(&one.what));
        items.push_str(&format!("<li>{}</li>", escaped(&format!("{many}{what}"))));
    }
    card(&title, "wide", &format!("<ul class=\"warn\">{items}</ul>"))
}
