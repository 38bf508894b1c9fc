//! Alerts: what does not go well, told to whoever keeps the house, each thing once a day.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::message::{Fate, NewMessage};
use super::text::cut;
use super::words::{Channel, Kind, Origin, Purpose};
use crate::clock::Now;

/// The most things that one message tells of by name.
const MOST: usize = 10;

/// The longest line of an alert, in characters.
const LONGEST: usize = 300;

/// Hours after which an alert that could not go is of no use: what still stands is told again on its own day.
const USEFUL: TimeDelta = TimeDelta::hours(24);

/// Something that does not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// By what it is known again: `task:collections`, `closed:sms`.
    pub about: String,
    /// What it is.
    pub what: String,
    /// What mends it.
    pub remedy: String,
}

/// Who is alerted, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerted {
    /// The channel.
    pub channel: Channel,
    /// The address on it.
    pub address: String,
}

/// The key of a message that tells this first.
pub fn key(day: NaiveDate, about: &str) -> String {
    format!("alert/{day}/{about}")
}

/// The message that tells of these, which are news; none where there are none. `say` turns what is ours into the
/// language of whoever reads it.
pub fn message(
    news: &[Alert],
    to: &Alerted,
    now: Now,
    not_before: Option<DateTime<Utc>>,
    say: &dyn Fn(&str) -> String,
) -> Option<NewMessage> {
    let first = news.first()?;
    let title = say(&match news.len() {
        1 => "regua: something wants attention".to_owned(),
        n => format!("regua: {n} things want attention"),
    });
    let lines = lines(news, to.channel, say);
    let (title, body) = if to.channel.has_title() {
        (Some(title), lines.join("\n"))
    } else {
        (None, format!("{title}\n{}", lines.join("\n")))
    };
    Some(NewMessage {
        key: key(now.today, &first.about),
        channel: to.channel,
        purpose: Purpose::Service,
        kind: Kind::Support,
        template: None,
        origin: Origin::Alert,
        event: first.about.clone(),
        client_id: None,
        staff_id: None,
        contract_id: None,
        invoice_id: None,
        case_id: None,
        login_id: None,
        ticket_id: None,
        address: Some(to.address.clone()),
        address_kind: None,
        title,
        body: Some(body),
        html: None,
        provider_channel: None,
        provider_template: None,
        variables: Vec::new(),
        fate: Fate::Queued,
        created_at: now.at,
        not_before,
        expires_at: Some(now.at + USEFUL),
        batch_id: None,
        while_owing: false,
        invoices: Vec::new(),
        due_on: None,
        said: None,
        key_start: None,
        made_under: String::new(),
    })
}

/// A line for each thing, with what mends it where letters cost nothing.
fn lines(news: &[Alert], channel: Channel, say: &dyn Fn(&str) -> String) -> Vec<String> {
    let briefly = channel.nature().segments;
    let mut lines = Vec::new();
    for alert in news.iter().take(MOST) {
        lines.push(format!("- {}", cut(&say(&alert.what), LONGEST)));
        if !briefly {
            lines.push(format!("  {}", cut(&say(&alert.remedy), LONGEST)));
        }
    }
    if news.len() > MOST {
        lines.push(say(&format!(
            "and {} more: regua status",
            news.len() - MOST
        )));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(n: usize) -> Alert {
        Alert {
            about: format!("task:{n}"),
            what: format!("task `{n}` failed last time: {}", "x".repeat(400)),
            remedy: format!("regua task show {n}"),
        }
    }

    fn told(news: &[Alert], channel: Channel) -> NewMessage {
        let at = "2026-11-28T12:00:00Z".parse().expect("an instant");
        let now = Now::new(at, chrono_tz::America::Sao_Paulo);
        let to = Alerted {
            channel,
            address: "-100".to_owned(),
        };
        message(news, &to, now, None, &str::to_owned).expect("a message")
    }

    #[test]
    fn one_message_tells_of_all_and_goes_by_the_first() {
        let news: Vec<Alert> = (1..=12).map(alert).collect();
        let message = told(&news, Channel::Chat);
        assert_eq!(message.key, "alert/2026-11-28/task:1");
        let body = message.body.expect("a text");
        assert!(body.starts_with("regua: 12 things want attention\n- task `1`"));
        assert!(body.contains("\n  regua task show 10\n"));
        assert!(!body.contains("task `11`"));
        assert!(body.ends_with("and 2 more: regua status"));
        assert!(body.lines().all(|line| line.chars().count() <= LONGEST + 2));
    }

    #[test]
    fn a_text_message_is_short_and_a_mail_has_a_subject() {
        let message = told(&[alert(1)], Channel::Sms);
        assert!(!message.body.expect("a text").contains("regua task show"));
        let mail = told(&[alert(1)], Channel::Email);
        assert_eq!(
            mail.title.as_deref(),
            Some("regua: something wants attention")
        );
    }
}
