//! A message as a mail: its headers, its parts, and the lines that go over the wire.

use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{
    Date, From, Header as _, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0, MessageId,
    ReplyTo, Subject, To,
};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};

use super::SmtpProvider;
use crate::channel::{Outgoing, tag};
use crate::domain::words::Purpose;
use crate::http::percent_encoded;

impl SmtpProvider {
    /// The message as MIME. Its headers are written one after the other: lettre's builder reads all of them
    /// again to find an envelope, which is known here.
    pub(super) fn mime(&self, to: &Address, message: &Outgoing) -> Vec<u8> {
        let name = message.name.as_deref().map(one_line);
        let name = name.filter(|name| !name.is_empty());
        let mut headers = Headers::new();
        headers.insert_raw(self.written_from.clone());
        headers.set(To::from(Mailboxes::from(Mailbox::new(name, to.clone()))));
        let subject = one_line(message.title.as_deref().unwrap_or_default());
        headers.set(Subject::from(subject));
        headers.set(Date::new(SystemTime::from(message.at)));
        let id = format!("<{}>", self.message_id(&message.key));
        headers.set(MessageId::from(id));
        headers.insert_raw(header("Auto-Submitted", "auto-generated".to_owned()));
        if let Some(reply_to) = &self.reply_to {
            headers.set(ReplyTo::from(Mailboxes::from(reply_to.clone())));
        }
        if message.purpose == Purpose::Marketing {
            self.unsubscribable(&mut headers, message);
        }
        headers.set(MIME_VERSION_1_0);
        let mut mime = headers.to_string().into_bytes();
        mime.extend(match &message.html {
            Some(html) => {
                MultiPart::alternative_plain_html(message.body.clone(), html.clone()).formatted()
            }
            None => SinglePart::plain(message.body.clone()).formatted(),
        });
        mime
    }

    /// The id of a mail, without its brackets: the same message has the same.
    pub(super) fn message_id(&self, key: &str) -> String {
        format!("{}@{}", tag(key), self.from.email.domain())
    }

    /// What lets people unsubscribe: by mail always, by one click where an address is configured (RFC 8058).
    fn unsubscribable(&self, headers: &mut Headers, message: &Outgoing) {
        // What belongs together can be sorted together (RFC 2919).
        let list = format!("<marketing.{}>", self.from.email.domain());
        headers.insert_raw(header("List-Id", list));
        let answers_to = &self.reply_to.as_ref().unwrap_or(&self.from).email;
        let by_mail = format!("<mailto:{answers_to}?subject=unsubscribe>");
        let Some(url) = &self.settings.unsubscribe_url else {
            headers.insert_raw(header("List-Unsubscribe", by_mail));
            return;
        };
        let client = message
            .client_id
            .map_or_else(String::new, |id| id.to_string());
        let url = url
            .replace("#client_id#", &client)
            .replace("#address#", &percent_encoded(&message.address));
        let both = format!("<{url}>,\r\n {by_mail}");
        headers.insert_raw(header("List-Unsubscribe", both));
        let one_click = "List-Unsubscribe=One-Click".to_owned();
        headers.insert_raw(header("List-Unsubscribe-Post", one_click));
    }
}

/// A sender's mailbox as its header says it.
pub(super) fn written_from(from: &Mailbox) -> HeaderValue {
    From::from(Mailboxes::from(from.clone())).display()
}

/// Whatever in a mail looks like an id that we give: a tag and a domain.
pub(super) fn message_ids_in(mail: &[u8]) -> Vec<String> {
    const TAG: usize = 43;
    let of_tag = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let of_domain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    let ends = mail.iter().enumerate().filter(|(_, byte)| **byte == b'@');
    ends.filter_map(|(at, _)| {
        let before = mail[..at]
            .iter()
            .rev()
            .take_while(|byte| of_tag(byte))
            .count();
        let domain = mail[at + 1..]
            .iter()
            .take_while(|byte| of_domain(byte))
            .count();
        let id = &mail[at.checked_sub(TAG)?..at + 1 + domain];
        (before == TAG && domain > 0).then(|| String::from_utf8_lossy(id).into_owned())
    })
    .take(20)
    .collect()
}

/// A header whose value needs no encoding.
fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.clone(),
        value,
    )
}

/// A text on one line, without control characters.
fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A message as it goes over the wire: lines end in CRLF, a leading dot is doubled, a dot ends it.
pub(super) fn on_the_wire(mime: &[u8]) -> String {
    let mime = String::from_utf8_lossy(mime);
    let mut out = String::with_capacity(mime.len() + 64);
    let mut rest: &str = &mime;
    while !rest.is_empty() {
        // A lone CR or LF is a line's end too: servers differ about them, and a dot could hide there.
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line, beyond) = rest.split_at(end);
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
        out.push_str("\r\n");
        rest = beyond
            .strip_prefix("\r\n")
            .or_else(|| beyond.strip_prefix(['\r', '\n']))
            .unwrap_or(beyond);
    }
    out.push_str(".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_leading_dot_is_doubled_and_lines_end_in_crlf() {
        assert_eq!(on_the_wire(b"a\n.b\r\n..c"), "a\r\n..b\r\n...c\r\n.\r\n");
        assert_eq!(on_the_wire(b"a\r.b\r\n"), "a\r\n..b\r\n.\r\n");
        assert_eq!(on_the_wire(b""), ".\r\n");
    }

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn nothing_within_a_message_ends_it(text in "(\\.|[a-z]|\\r|\\n){0,60}") {
            let wire = on_the_wire(text.as_bytes());
            // A dot alone on a line ends the message: only the last may be one.
            let ends = wire.split("\r\n").filter(|line| *line == ".").count();
            prop_assert_eq!(ends, 1);
            prop_assert!(wire.ends_with(".\r\n"));
        }
    }
}
