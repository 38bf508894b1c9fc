//! Numbers that must not be written to, as the imported lists have them and the configuration reads them.

use chrono::NaiveDate;

use crate::domain::phone;
use crate::domain::policy::Policy;
use crate::domain::words::{Channel, Purpose};
use crate::error::Result;
use crate::store::{Connection, block_list};

/// The list that forbids a message to an address, if one does: by its channel, its purpose, and whether it
/// gives a notice that the law asks for.
pub fn blocking_list(
    connection: &Connection,
    policy: &Policy,
    (channel, purpose, is_notice): (Channel, Purpose, bool),
    address: &str,
    today: NaiveDate,
) -> Result<Option<String>> {
    let listed = match phone::compared(address) {
        Some(compared) if channel != Channel::Push => block_list::naming(connection, &compared)?,
        _ => Vec::new(),
    };
    let by = listed.into_iter().find(|(list, since)| {
        let rule = policy.block_lists.of(list);
        rule.forbids(channel, purpose, is_notice, *since, today)
    });
    Ok(by.map(|(list, _)| list))
}
