//! One message's turn on a connection: its commands together, then the message itself.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::MailParameter;

use super::SmtpProvider;
use super::connection::{Connection, Said, code_of};
use super::meaning::{Step, meaning};
use crate::channel::{AboutWhom, Accepted, Next, Refusal};
use crate::domain::words::Reason;
use crate::http::shortened;

/// How one message's turn ended.
pub(super) enum Turn {
    /// The server answered; the connection goes on.
    Settled(Result<Accepted, Refusal>),
    /// The connection is of no more use.
    Broken(Refusal),
    /// The connection was gone before the message itself left.
    Stale(String),
    /// The server ends this connection (421), and has not taken the message: what to do unless another
    /// connection helps.
    Ending(Refusal),
}

/// The first refusal of a turn.
struct No {
    step: Step,
    code: u16,
    text: String,
}

/// One command, and what it is refused at; none for a RSET.
type Command = (Option<Step>, String);

impl SmtpProvider {
    /// One message's turn: `text` is the whole of it as it goes over the wire.
    pub(super) fn turn(&self, connection: &mut Connection, to: &Address, text: &str) -> Turn {
        let commands = match self.commands(connection, to) {
            Ok(commands) => commands,
            Err(refusal) => return Turn::Settled(Err(refusal)),
        };
        connection.used += 1;
        match self.ask(connection, &commands, to) {
            Ok((None, _)) => self.hand_over(connection, to, text),
            Ok((Some(no), open)) => self.turn_away(connection, to, &no, open),
            Err(turn) => turn,
        }
    }

    /// The commands before the message.
    fn commands(&self, connection: &mut Connection, to: &Address) -> Result<Vec<Command>, Refusal> {
        let international = !to.to_string().is_ascii();
        if international && !connection.offers.international {
            return Err(Refusal::new(
                Next::Never(Reason::UnusableContact),
                "the mail server takes no address with accents (SMTPUTF8)",
            )
            .about(AboutWhom::Recipient));
        }
        let parameters = if international {
            vec![MailParameter::SmtpUtfEight]
        } else {
            Vec::new()
        };
        let mut commands = Vec::new();
        if std::mem::take(&mut connection.dirty) {
            commands.push((None, "RSET\r\n".to_owned()));
        }
        let mail = Mail::new(Some(self.from.email.clone()), parameters);
        commands.push((Some(Step::Mail), mail.to_string()));
        let rcpt = Rcpt::new(to.clone(), Vec::new());
        commands.push((Some(Step::Rcpt), rcpt.to_string()));
        commands.push((Some(Step::Data), Data.to_string()));
        Ok(commands)
    }

    /// Says the commands, all at once where the server allows it: what it refused first, and whether it
    /// waits for a message now; or how the turn ended here.
    fn ask(
        &self,
        connection: &mut Connection,
        commands: &[Command],
        to: &Address,
    ) -> Result<(Option<No>, bool), Turn> {
        let patience = self.patience();
        let stopped = &self.stopped;
        let together: String = commands.iter().map(|(_, text)| text.as_str()).collect();
        let mut refused: Option<No> = None;
        let mut open = false;
        for (index, (step, command)) in commands.iter().enumerate() {
            let answer = match (connection.offers.pipelining, index) {
                (true, 0) => connection.say(&together, patience, stopped),
                (true, _) => connection.hear(patience, stopped),
                (false, _) if refused.is_some() => break,
                (false, _) => connection.say(command, patience, stopped),
            };
            match (answer, step) {
                (Said::Yes(354, _), Some(Step::Data)) => open = true,
                (Said::Yes(code, text), Some(Step::Data)) => {
                    return Err(Turn::Broken(self.refusal(Next::Later(None), code, &text)));
                }
                (Said::Yes(..), _) => {}
                (Said::No(code, text), step) => {
                    let step = step.unwrap_or(Step::Mail);
                    let first = refused.get_or_insert(No { step, code, text });
                    if code == 421 {
                        return Err(Turn::Ending(self.meant(first, to)));
                    }
                }
                (Said::Lost(why), _) => {
                    return Err(match &refused {
                        Some(no) => Turn::Broken(self.meant(no, to)),
                        None => Turn::Stale(why),
                    });
                }
            }
        }
        Ok((refused, open))
    }

    /// A refusal by what it means at its step.
    fn meant(&self, no: &No, to: &Address) -> Refusal {
        let address = to.to_string();
        let (next, about) = meaning(no.step, no.code, &no.text, &address);
        self.refusal(next, no.code, &no.text).about(about)
    }

    /// Ends the turn of a message that was refused before it left.
    fn turn_away(&self, connection: &mut Connection, to: &Address, no: &No, open: bool) -> Turn {
        let refusal = self.meant(no, to);
        connection.dirty = true;
        if open {
            // Waiting for a message that has nobody to go to: an empty one ends it (RFC 2920).
            return match connection.say(".\r\n", self.patience(), &self.stopped) {
                Said::Lost(_) => Turn::Broken(refusal),
                _ => Turn::Settled(Err(refusal)),
            };
        }
        Turn::Settled(Err(refusal))
    }

    /// The message itself, and the answer to it.
    fn hand_over(&self, connection: &mut Connection, to: &Address, text: &str) -> Turn {
        let last = Duration::from_secs(u64::try_from(self.settings.answer_seconds).unwrap_or(600));
        match connection.say(text, last, &self.stopped) {
            // Only a 2xx takes it; a 3xx here is the answer to something else.
            Said::Yes(code @ 300.., text) => Turn::Broken(self.refusal(Next::Unknown, code, &text)),
            Said::Yes(code, text) => Turn::Settled(Ok(Accepted {
                provider_id: None,
                code: Some(code_of(code, &text)),
                text: Some(self.cover.cover(shortened(&text, 300))),
            })),
            Said::No(code, text) => {
                let no = No {
                    step: Step::Dot,
                    code,
                    text,
                };
                let refusal = self.meant(&no, to);
                if code == 421 {
                    Turn::Ending(refusal)
                } else {
                    Turn::Settled(Err(refusal))
                }
            }
            Said::Lost(why) => Turn::Broken(Refusal::new(
                Next::Unknown,
                self.cover.cover(format!(
                    "the message was sent, its answer never came: {why}"
                )),
            )),
        }
    }
}
