//! A trigger as TOML, read and written.

use std::fmt::Write as _;

use super::{quoted, quoted_list};
use crate::domain::access;
use crate::domain::ticket::event_type::TriggerEvent;
use crate::domain::ticket::trigger::{
    AUDIENCE_ACCEPTED, Audience, SOMEBODY_ACCEPTED, Somebody, Trigger, parse_duplicates,
};
use crate::domain::words::Word as _;
use crate::toml_table::Section;

/// Reads one `[[trigger]]`; what is wrong with it is noted in its sheet.
pub fn read(section: &Section<'_, '_>) -> Option<Trigger> {
    let name = section.filled("name");
    if name.is_none() && !section.has("name") {
        section.wrong("name", "is missing", "name the trigger");
    }
    let event = section.word::<TriggerEvent>("event");
    if event.is_none() && !section.has("event") {
        let remedy = format!("write one of: {}", TriggerEvent::accepted());
        section.wrong("event", "is missing", remedy);
    }
    let mut trigger = Trigger::new(
        name.clone().unwrap_or_default(),
        event.unwrap_or(TriggerEvent::Workflow),
    );
    trigger.topics = section.numbers("topics").unwrap_or_default();
    trigger.subtopics = section.numbers("subtopics").unwrap_or_default();
    trigger.from = section.texts("from").unwrap_or_default();
    trigger.to = section.texts("to").unwrap_or_default();
    trigger.priorities = section.texts("priorities").unwrap_or_default();
    if let Some(members) = audience(section) {
        trigger.audience = members;
    }
    trigger.teams = section.texts("teams").unwrap_or_default();
    trigger.staff = section.numbers("staff").unwrap_or_default();
    trigger.fallback = fallback(section);
    trigger.templates = section.texts("templates").unwrap_or_default();
    if let Some(text) = section.text("duplicates") {
        match parse_duplicates(&text) {
            Some(allow) => trigger.allow_duplicates = allow,
            None => section.wrong(
                "duplicates",
                format!("found `{text}`"),
                "write \"allow\", or leave it out",
            ),
        }
    }
    access::spell_out(&mut trigger);
    if name.is_none() || event.is_none() {
        return None;
    }
    for flaw in trigger.flaws() {
        section.wrong(&flaw.key, flaw.found, flaw.remedy);
    }
    Some(trigger)
}

/// Who hears; none when nobody is named.
fn audience(section: &Section<'_, '_>) -> Option<Vec<Audience>> {
    let mut audience = Vec::new();
    for member in section.texts("audience")? {
        match Audience::parse(&member) {
            Some(read) => audience.push(read),
            None => section.wrong(
                "audience",
                format!("found `{member}`"),
                format!("write some of: {AUDIENCE_ACCEPTED}"),
            ),
        }
    }
    Some(audience)
}

/// Who hears of a reply when nobody is responsible.
fn fallback(section: &Section<'_, '_>) -> Option<Somebody> {
    let text = section.filled("fallback")?;
    let read = Somebody::parse(&text);
    if read.is_none() {
        section.wrong(
            "fallback",
            format!("found `{text}`"),
            format!("write {SOMEBODY_ACCEPTED}"),
        );
    }
    read
}

/// Writes one `[[trigger]]`, which reads back as the same.
pub fn write(trigger: &Trigger) -> String {
    let mut out = String::from("[[trigger]]\n");
    let mut line = |key: &str, value: String| {
        let _ = writeln!(out, "{key} = {value}");
    };
    let numbers = |ids: &[i64]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        format!("[{}]", ids.join(", "))
    };
    line("name", quoted(&trigger.name));
    line("event", quoted(trigger.event.as_str()));
    for (key, ids) in [
        ("topics", &trigger.topics),
        ("subtopics", &trigger.subtopics),
    ] {
        if !ids.is_empty() {
            line(key, numbers(ids));
        }
    }
    let audience: Vec<String> = trigger.audience.iter().map(ToString::to_string).collect();
    for (key, words) in [
        ("from", &trigger.from),
        ("to", &trigger.to),
        ("priorities", &trigger.priorities),
        ("audience", &audience),
        ("teams", &trigger.teams),
    ] {
        if !words.is_empty() {
            line(key, quoted_list(words));
        }
    }
    if !trigger.staff.is_empty() {
        line("staff", numbers(&trigger.staff));
    }
    if let Some(fallback) = &trigger.fallback {
        line("fallback", quoted(&fallback.to_string()));
    }
    line("templates", quoted_list(&trigger.templates));
    if trigger.allow_duplicates {
        line("duplicates", quoted("allow"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_table::read_whole;

    fn parse(text: &str) -> Result<Vec<Trigger>, Vec<String>> {
        read_whole("t.toml", text, "wrong", |top| {
            let sections = top.sections("trigger");
            sections
                .into_iter()
                .filter_map(|section| {
                    let trigger = read(&section);
                    section.finish();
                    trigger
                })
                .collect::<Vec<_>>()
        })
        .map_err(|error| error.flaws.iter().map(ToString::to_string).collect())
    }

    const CONTRACT: &str = r#"[[trigger]]
name = "ticket-opened"
event = "new-ticket-client"
topics = [4]
templates = ["ticket-opened-email", "ticket-opened-sms"]

[[trigger]]
name = "resolved"
event = "workflow"
to = ["resolved"]
priorities = ["urgent"]
audience = ["responsible", "managers"]
templates = ["ticket-moved-email"]

[[trigger]]
name = "answered"
event = "reply"
staff = [3]
fallback = "team:Suporte"
templates = ["ticket-replied-email"]
duplicates = "allow"
"#;

    #[test]
    fn the_contract_s_triggers_are_read_and_written_back_alike() {
        let triggers = parse(CONTRACT).expect("acceptable");
        assert_eq!(triggers.len(), 3);
        assert_eq!(triggers[0].topics, [4]);
        assert_eq!(triggers[0].audience, []);
        assert_eq!(
            triggers[1].audience,
            [Audience::Responsible, Audience::Managers]
        );
        assert_eq!(
            triggers[2].fallback,
            Some(Somebody::Team("Suporte".to_owned()))
        );
        assert!(triggers[2].allow_duplicates);
        let written: Vec<String> = triggers.iter().map(write).collect();
        assert_eq!(written.join("\n"), CONTRACT);
    }

    #[test]
    fn a_workflow_without_audience_has_the_usual_one() {
        let triggers =
            parse("[[trigger]]\nname = \"w\"\nevent = \"workflow\"\ntemplates = [\"m\"]\n")
                .expect("acceptable");
        assert_eq!(triggers[0].audience, Audience::usual());
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let told = parse(
            "[[trigger]]\nname = \"w\"\nevent = \"workflows\"\naudience = [\"boss\"]\nfallback = \"x\"\nduplicates = \"yes\"\ntopic = [4]\n",
        )
        .expect_err("five problems");
        assert_eq!(
            told,
            [
                "t.toml:3: trigger.event: found `workflows`, write one of: new-ticket-client, new-internal-ticket, new-public-ticket-by-client, new-public-ticket-by-staff, workflow, reply, access",
                "t.toml:4: trigger.audience: found `boss`, write some of: responsible, managers, teams, client, staff:5, team:Suporte",
                "t.toml:5: trigger.fallback: found `x`, write staff:5 or team:Suporte",
                "t.toml:6: trigger.duplicates: found `yes`, write \"allow\", or leave it out",
                "t.toml:7: trigger.topic: is not a known key, did you mean `topics`?",
            ]
        );
    }
}
