//! `regua receive`: one request of a provider on standard input, its answer on standard output.

use clap::Args;

use super::{Context, Outcome};
use crate::jobs::receive::{self as job, Answered};
use crate::source::request::{Fault, Incoming};
use crate::view::Out;

/// Take in one HTTP request with reports, from standard input, and answer it on standard output.
#[derive(Debug, Args)]
#[command(
    after_help = "For systemd's socket activation (Accept=yes), or an inetd, behind a proxy that speaks TLS: nothing stays\n\
        running. `regua task systemd --receive` makes the units. The address to give a provider is\n\
        https://HOST/PATH_TOKEN/PRESET, with [receive] path_token and a preset of regua receipts import.\n\
        Meta's requests must be signed (meta_app_secret), Twilio's where twilio_auth_token is given. It answers\n\
        200 only when what was reported is written down.\n\n\
        Example:\n  systemd-socket-activate -a --inetd -l 127.0.0.1:8425 regua receive"
)]
pub(super) struct Command {}

/// Runs the command.
pub(super) fn run(context: &mut Context) -> Outcome {
    let now = context.now();
    let out = context.out;
    let mut incoming = Incoming::begin(std::io::stdin());
    let request = incoming.request(|| out.wire("HTTP/1.1 100 Continue\r\n\r\n"));
    let fault = request.as_ref().err().copied();
    let answered = job::answer(request, &context.config, context.database(), now);
    for flaw in &answered.summary.flaws {
        out.say_flaw("warning: ", flaw);
    }
    finish(&answered, out);
    if matches!(fault, Some(Fault::TooLarge | Fault::HeadTooLarge)) {
        incoming.pass_over();
    }
    match answered.trouble {
        Some(_) => Outcome::WorldFailed,
        None => Outcome::Done,
    }
}

/// Answers when the configuration itself is not acceptable: the provider comes again.
pub(super) fn run_without_configuration(out: Out, error: crate::error::Error) -> Outcome {
    let mut incoming = Incoming::begin(std::io::stdin());
    let _ = incoming.request(|| Ok(()));
    finish(&Answered::trouble(error), out);
    Outcome::Unacceptable
}

/// Sends the answer; whoever went away misses it.
fn finish(answered: &Answered, out: Out) {
    if let Some(trouble) = &answered.trouble {
        out.error(trouble);
    }
    out.explain(format!("answered {}", answered.status));
    let _ = out.wire(answered.on_the_wire());
}
