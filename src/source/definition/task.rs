//! A task as TOML, read and written.

use std::fmt::Write as _;

use super::{quoted, quoted_list};
use crate::domain::schedule::{Part, Schedule};
use crate::domain::task::{Run, Task};
use crate::domain::words::{Channel, Word as _};
use crate::toml_table::Section;

/// Reads one `[[task]]`; what is wrong with it is noted in its sheet.
pub fn read(section: &Section<'_, '_>) -> Option<Task> {
    let name = section.filled("name");
    if !section.has("name") {
        section.wrong("name", "is missing", "name the task");
    }
    let run = section.word::<Run>("run");
    if !section.has("run") {
        section.wrong(
            "run",
            "is missing",
            format!("write one of: {}", Run::accepted()),
        );
    }
    let schedule = schedule(section);
    let enabled = section.flag("enabled").unwrap_or(true);
    let channels = section.words::<Channel>("channels").unwrap_or_default();
    let report = section.filled("report");
    let template = section.filled("template");
    let limit = section.number("limit", 1..=i64::MAX);
    let kinds = section.texts("kinds").unwrap_or_default();
    let full = section.flag("full").unwrap_or(false);
    Some(Task {
        name: name?,
        run: run?,
        schedule: schedule?,
        enabled,
        channels,
        report,
        template,
        limit,
        kinds,
        full,
    })
}

fn schedule(section: &Section<'_, '_>) -> Option<Schedule> {
    let minute = field(section, "minute", Part::Minute);
    let hour = field(section, "hour", Part::Hour);
    let day = field(section, "day", Part::Day);
    let month = field(section, "month", Part::Month);
    let weekday = field(section, "weekday", Part::Weekday);
    let (minute, hour, day, month, weekday) = (minute?, hour?, day?, month?, weekday?);
    match Schedule::read([&minute, &hour, &day, &month, &weekday]) {
        Ok(schedule) => Some(schedule),
        Err(flaws) => {
            for flaw in flaws {
                section.wrong(&flaw.key, flaw.found, flaw.remedy);
            }
            None
        }
    }
}

/// A field's text; a bare number is as good. Minute and hour must be there, the others mean all.
fn field(section: &Section<'_, '_>, key: &'static str, part: Part) -> Option<String> {
    if !section.has(key) {
        if matches!(part, Part::Minute | Part::Hour) {
            section.wrong(key, "is missing", part.accepted());
            return None;
        }
        return Some("*".to_owned());
    }
    if let Some(text) = section.text_if(key) {
        return Some(text);
    }
    section.number(key, 0..=59).map(|number| number.to_string())
}

/// Writes a task as one `[[task]]`.
pub fn write(task: &Task) -> String {
    let mut text = String::from("[[task]]\n");
    let mut line = |key: &str, value: String| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", quoted(&task.name));
    line("run", quoted(task.run.as_str()));
    for part in Part::ALL {
        let field = task.schedule.text(part);
        if field != "*" || matches!(part, Part::Minute | Part::Hour) {
            line(part.as_str(), quoted(field));
        }
    }
    if !task.enabled {
        line("enabled", "false".to_owned());
    }
    if !task.channels.is_empty() {
        let names: Vec<&str> = task.channels.iter().map(|c| c.as_str()).collect();
        line("channels", quoted_list(&names));
    }
    for (key, value) in [("report", &task.report), ("template", &task.template)] {
        if let Some(value) = value {
            line(key, quoted(value));
        }
    }
    if let Some(limit) = task.limit {
        line("limit", limit.to_string());
    }
    if !task.kinds.is_empty() {
        line("kinds", quoted_list(&task.kinds));
    }
    if task.full {
        line("full", "true".to_owned());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Definitions;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        Definitions::default()
            .read("t.toml", text)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = "[[task]]\nname = \"q\"\nrun = \"send-queue\"\nminute = 30\nhour = \"8-18/2\"\n\
                    weekday = \"Mon-fri\"\nenabled = false\nchannels = [\"whatsapp\", \"sms\"]\n\
                    [[task]]\nname = \"s\"\nrun = \"send\"\nminute = \"0\"\nhour = \"*\"\nday = \"1,15\"\n\
                    month = \"jan\"\nreport = \"cut\"\ntemplate = \"hello\"\nlimit = 10\n\
                    [[task]]\nname = \"w\"\nrun = \"sync\"\nminute = 0\nhour = 5\nweekday = \"sun\"\nfull = true\n";
        let mut first = Definitions::default();
        assert_eq!(first.read("t.toml", text), []);
        let again: String = first.tasks.iter().map(|task| write(&task.value)).collect();
        let mut second = Definitions::default();
        assert_eq!(second.read("t.toml", &again), []);
        let values = |all: &Definitions| -> Vec<Task> {
            all.tasks.iter().map(|task| task.value.clone()).collect()
        };
        assert_eq!(values(&first), values(&second));
        assert_eq!(
            first.tasks[0].value.schedule.to_string(),
            "30 8-18/2 * * mon-fri"
        );
        assert_eq!(first.tasks[1].value.limit, Some(10));
        assert!(first.tasks[2].value.full && !first.tasks[1].value.full);
    }

    #[test]
    fn every_problem_has_its_line() {
        let problems = told(
            "[[task]]\nname = \"c\"\nrun = \"colection-update\"\nminute = \"60\"\nhour = 8\nday = 31\nmonth = \"2\"\n\
             [[task]]\nname = \"d\"\nrun = \"purge\"\nhour = true\nweekday = \"1-5\"\nweekdy = \"1\"\n\
             [[task]]\nname = \"e\"\nrun = \"purge\"\nminute = 0\nhour = 0\nday = \"31\"\nmonth = \"feb\"\n",
        );
        let places: Vec<&str> = problems
            .iter()
            .map(|problem| problem.split_once(": ").map_or("", |(_, rest)| rest))
            .map(|rest| rest.split(": ").next().unwrap_or_default())
            .collect();
        assert_eq!(
            places,
            [
                "task.run",
                "task.minute",
                "task.minute",
                "task.hour",
                "task.weekdy",
                "task.day"
            ],
            "{problems:#?}"
        );
        assert!(problems[1].starts_with("t.toml:4: "), "{}", problems[1]);
    }
}
