//! Mail that came back, as a mail server pipes it.

use std::io::Read;

use super::{ReceiptSummary, adopt, heed_receipt};
use crate::channel::bounce;
use crate::clock::Now;
use crate::domain::receipt::{Informant, Receipt};
use crate::error::{Error, Result};
use crate::store::receipt::{self as store, Written};
use crate::store::{Connection, Store};

/// The longest mail that is believed, in bytes; what comes after is not looked at.
const LONGEST: u64 = 16 << 20;

/// Who tells, when a mail server does.
const SOURCE: &str = "mail";

/// Reads one mail and writes down what it says about one that we sent.
pub fn take(database: &mut Store, now: Now, input: impl Read) -> Result<ReceiptSummary> {
    let mut mail = Vec::new();
    input
        .take(LONGEST)
        .read_to_end(&mut mail)
        .map_err(|error| Error::world("the mail cannot be read to its end").because(error))?;
    let mut summary = ReceiptSummary {
        read: 1,
        ..ReceiptSummary::default()
    };
    let Some(bounce) = bounce::read(&mail, now) else {
        summary.is_bad(
            "standard input".to_owned(),
            "is no mail that came back: nothing was changed".to_owned(),
        );
        return Ok(summary);
    };
    database.write(|transaction| {
        adopt(transaction, now, &mut summary)?;
        find_and_write(transaction, now, &bounce, &mut summary)
    })?;
    Ok(summary)
}

/// Writes it down about the first of the ids that a message of ours has.
fn find_and_write(
    connection: &Connection,
    now: Now,
    bounce: &bounce::Bounce,
    summary: &mut ReceiptSummary,
) -> Result<()> {
    let providers = ["smtp".to_owned()];
    let informant = Informant {
        source: SOURCE,
        providers: &providers,
    };
    for id in &bounce.message_ids {
        let receipt = Receipt {
            provider_id: Some(id.clone()),
            ..bounce.receipt.clone()
        };
        let written = store::write(connection, informant, &receipt, now.at)?;
        if written != Written::Unmatched {
            return heed_receipt(connection, now, &receipt, written, summary);
        }
    }
    summary.unknown_ids += 1;
    Ok(())
}
