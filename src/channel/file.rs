//! The `file` provider: each delivered message is one JSON line in a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use super::{Limits, Next, Outgoing, Provider, Receipt, Refusal};
use crate::domain::words::{Channel, Word};
use crate::error::{Error, Result};

/// Delivers into a file, so that everything works without an account anywhere.
#[derive(Debug)]
pub struct FileProvider {
    path: PathBuf,
    limits: Limits,
    /// Opened with the first message, and kept open.
    file: Mutex<Option<File>>,
}

impl FileProvider {
    /// A provider that appends to `path`; the file is made with the first message.
    ///
    /// # Errors
    /// When the path is a folder.
    pub fn new(path: &Path, limits: Limits) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::unacceptable(format!(
                "{} is a folder, not a file to write messages to",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            limits,
            file: Mutex::new(None),
        })
    }

    fn append(&self, line: &[u8]) -> std::io::Result<()> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match guard.as_mut() {
            Some(file) => file,
            None => guard.insert(
                OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?,
            ),
        };
        let mut written = 0;
        while written < line.len() {
            match file.write(&line[written..]) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // Half a line would spoil the next one: it is taken back, as far as that works.
                    if written > 0
                        && let Ok(metadata) = file.metadata()
                    {
                        let _ = file.set_len(metadata.len().saturating_sub(written as u64));
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn stop(&self, error: &std::io::Error) -> Refusal {
        Refusal::new(Next::Stop, format!("{}: {error}", self.path.display()))
    }
}

/// A message as its line.
fn line(message: &Outgoing) -> Vec<u8> {
    let text = |text: &str| Value::String(text.to_owned());
    let maybe = |value: &Option<String>| value.as_deref().map_or(Value::Null, text);
    let mut object = Map::new();
    object.insert("at".to_owned(), text(&message.at));
    object.insert("key".to_owned(), text(&message.key));
    object.insert("channel".to_owned(), text(message.channel.as_str()));
    object.insert("address".to_owned(), text(&message.address));
    object.insert("title".to_owned(), maybe(&message.title));
    object.insert("body".to_owned(), text(&message.body));
    if message.channel == Channel::Whatsapp {
        object.insert(
            "provider_channel".to_owned(),
            maybe(&message.provider_channel),
        );
        object.insert(
            "provider_template".to_owned(),
            maybe(&message.provider_template),
        );
        object.insert(
            "variables".to_owned(),
            message.variables.iter().map(|value| text(value)).collect(),
        );
    }
    let mut line = Value::Object(object).to_string().into_bytes();
    line.push(b'\n');
    line
}

impl Provider for FileProvider {
    fn name(&self) -> &'static str {
        "file"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn send(&self, message: &Outgoing) -> std::result::Result<Receipt, Refusal> {
        self.append(&line(message))
            .map_err(|error| self.stop(&error))?;
        Ok(Receipt {
            provider_id: None,
            code: None,
            text: Some(format!("written to {}", self.path.display())),
        })
    }

    fn check(&self) -> Result<String> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(Error::world(format!(
                "the folder of {} does not exist",
                self.path.display()
            ))
            .hint(format!("mkdir -p {}", folder.display())));
        }
        if self.path.exists() {
            OpenOptions::new()
                .append(true)
                .open(&self.path)
                .map_err(|error| {
                    Error::world(format!("{} cannot be written", self.path.display()))
                        .because(error)
                })?;
        }
        Ok(format!("messages are written to {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Purpose;

    const LIMITS: Limits = Limits {
        workers: 4,
        rate_per_minute: 0,
    };

    fn message(channel: Channel) -> Outgoing {
        Outgoing {
            id: 1,
            key: "send/t/2026-11-21/7/x".to_owned(),
            channel,
            purpose: Purpose::Service,
            event: "1".to_owned(),
            client_id: Some(7),
            contract_id: None,
            invoice_id: None,
            ticket_id: None,
            address: "+5549999990001".to_owned(),
            address_kind: None,
            title: None,
            body: "Olá \"Ana\"\n".to_owned(),
            html: None,
            provider_channel: Some("c".to_owned()),
            provider_template: Some("t".to_owned()),
            variables: vec!["Ana".to_owned()],
            time_to_live: None,
            at: "2026-11-21T09:00:00-03:00".to_owned(),
        }
    }

    #[test]
    fn a_message_is_one_line_with_the_agreed_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.jsonl");
        let provider = FileProvider::new(&path, LIMITS).expect("a provider");
        assert!(
            !path.exists(),
            "nothing is made before there is something to write"
        );
        provider.send(&message(Channel::Sms)).expect("written");
        provider.send(&message(Channel::Whatsapp)).expect("written");
        let text = std::fs::read_to_string(&path).expect("the file");
        assert_eq!(
            text,
            concat!(
                r#"{"at":"2026-11-21T09:00:00-03:00","key":"send/t/2026-11-21/7/x","channel":"sms","#,
                r#""address":"+5549999990001","title":null,"body":"Olá \"Ana\"\n"}"#,
                "\n",
                r#"{"at":"2026-11-21T09:00:00-03:00","key":"send/t/2026-11-21/7/x","channel":"whatsapp","#,
                r#""address":"+5549999990001","title":null,"body":"Olá \"Ana\"\n","#,
                r#""provider_channel":"c","provider_template":"t","variables":["Ana"]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_full_disk_closes_the_channel() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let provider = FileProvider::new(full, LIMITS).expect("a provider");
        let refusal = provider
            .send(&message(Channel::Sms))
            .expect_err("nothing can be written there");
        assert_eq!(refusal.next, Next::Stop);
    }

    #[test]
    fn a_missing_folder_is_found_by_the_check() {
        let folder = tempfile::tempdir().expect("a folder");
        let provider = FileProvider::new(&folder.path().join("no/such/out.jsonl"), LIMITS)
            .expect("a provider");
        assert!(provider.check().is_err());
        let refusal = provider
            .send(&message(Channel::Sms))
            .expect_err("no folder");
        assert_eq!(refusal.next, Next::Stop);
    }
}
