//! The hosts of a shared queue, on the screen of how things stand.

use serde_json::Value;

use super::super::{Context, face};
use crate::error::Result;
use crate::jobs::share;
use crate::jobs::watch::Attention;
use crate::store::shared::SharedStanding;
use crate::view::Format;

/// What the shared queue tells; none where none is configured, or it cannot be asked.
pub(super) type Hosts = Option<SharedStanding>;

/// Asks the shared queue, where one is configured; that it cannot be asked wants attention.
pub(super) fn asked(context: &Context, attention: &mut Vec<Attention>) -> Hosts {
    context.config.queue.shared.as_ref()?;
    match share::standing(&context.config) {
        Ok(standing) => Some(standing),
        Err(error) => {
            attention.push(Attention {
                what: error.message,
                count: 1,
                remedy: "regua doctor".to_owned(),
            });
            None
        }
    }
}

/// Adds the hosts to the answer, where the queue is shared.
pub(super) fn note(context: &Context, hosts: &Hosts, document: &mut Value) {
    if let Some(standing) = hosts {
        document["hosts"] = face::hosts_view(context).array(&standing.hosts);
    }
}

/// Shows the hosts to people.
pub(super) fn tell(context: &Context, hosts: &Hosts) -> Result<()> {
    let Some(standing) = hosts
        .as_ref()
        .filter(|_| context.out.format() != Format::Csv)
    else {
        return Ok(());
    };
    context.out.text("\nHosts")?;
    if standing.hosts.is_empty() {
        return context.out.text("  no host has come yet");
    }
    context.out.all(face::hosts_view(context), &standing.hosts)
}
