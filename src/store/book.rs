//! Reading the book: clients and what belongs to them.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension as _};

use super::columns::{Columns as _, Day, Millis, by_place};
use super::payment_code;
use crate::domain::client::{Client, Device};
use crate::domain::contract::Contract;
use crate::domain::invoice::Invoice;
use crate::domain::login::Login;
use crate::domain::money::Money;
use crate::domain::template::Overdue;
use crate::error::Result;

by_place! {
    /// A client.
    CLIENT, read_client -> Client {
        id: get,
        name: get,
        person_type: get,
        active: get,
        birth_date: day_opt,
        mobile: get,
        whatsapp: get,
        phone: get,
        work_phone: get,
        email: get,
        email_bounced: get,
        tax_id: get,
        street: get,
        number: get,
        complement: get,
        district: get,
        city: get,
        state: get,
        zip: get,
        branch: get,
        app_first_access_on: day_opt,
        in_collection: get,
        in_reminders: get,
        sms_allowed: get,
        email_allowed: get,
        absent_since: day_opt,
    }
}

/// A client.
pub fn client(connection: &Connection, id: i64) -> Result<Option<Client>> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {CLIENT} FROM client WHERE id = ?1"));
    Ok(connection
        .prepare_cached(&SQL)?
        .query_row([id], read_client)
        .optional()?)
}

/// Whether there are at least so many clients.
pub fn has_clients(connection: &Connection, count: u64) -> Result<bool> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM client LIMIT 1 OFFSET ?1)",
        [count.saturating_sub(1)],
        |row| row.get(0),
    )?)
}

/// A client's name.
pub fn client_name(connection: &Connection, id: i64) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT name FROM client WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

/// Every portfolio that an invoice has, by name.
pub fn portfolios(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT portfolio FROM invoice WHERE portfolio IS NOT NULL ORDER BY portfolio",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

by_place! {
    /// A contract.
    CONTRACT, read_contract -> Contract {
        id: get,
        client_id: get,
        plan: get,
        status: get,
        access_status: get,
        city: get,
        district: get,
        payment_method: get,
        notice_hold_until: day_opt,
        absent_since: day_opt,
    }
}

/// A contract.
pub fn contract(connection: &Connection, id: i64) -> Result<Option<Contract>> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {CONTRACT} FROM contract WHERE id = ?1"));
    Ok(connection
        .prepare_cached(&SQL)?
        .query_row([id], read_contract)
        .optional()?)
}

/// Until which day a contract wants no collection notices, if it says so; none where there is no contract of
/// this id.
pub fn notice_hold(connection: &Connection, id: i64) -> Result<Option<Option<NaiveDate>>> {
    Ok(connection
        .prepare_cached("SELECT notice_hold_until FROM contract WHERE id = ?1")?
        .query_row([id], |row| row.day_opt(0))
        .optional()?)
}

by_place! {
    /// A login.
    LOGIN, read_login -> Login {
        id: get,
        client_id: get,
        contract_id: get,
        username: get,
        ip: get,
        concentrator: get,
        absent_since: day_opt,
    }
}

/// A login.
pub fn login(connection: &Connection, id: i64) -> Result<Option<Login>> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {LOGIN} FROM login WHERE id = ?1"));
    Ok(connection
        .prepare_cached(&SQL)?
        .query_row([id], read_login)
        .optional()?)
}

by_place! {
    /// An invoice; what is owed of it is what the table reckons.
    INVOICE, read_invoice -> Invoice {
        id: get,
        client_id: get,
        contract_id: get,
        number: get,
        portfolio: get,
        issued_on: day_opt,
        due_on: day,
        amount: get,
        open_amount: get = "owed",
        status: get,
        settled_on: day_opt,
        released: get,
        awaiting_confirmation: get,
        digitable_line: get,
        pix_code: get,
        payment_url: get,
        payment_method: get,
        bureau_listed_on: day_opt,
        bureau_removed_on: day_opt,
        absent_since: day_opt,
    }
}

/// An invoice, with the payment codes that were fetched for it.
pub fn invoice(connection: &Connection, id: i64) -> Result<Option<Invoice>> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {INVOICE} FROM invoice WHERE id = ?1"));
    let found = connection
        .prepare_cached(&SQL)?
        .query_row([id], read_invoice)
        .optional()?;
    with_codes(connection, found)
}

/// An invoice with the payment codes that were fetched for it.
fn with_codes(connection: &Connection, mut found: Option<Invoice>) -> Result<Option<Invoice>> {
    if let Some(invoice) = &mut found {
        payment_code::fill_in(connection, invoice)?;
    }
    Ok(found)
}

/// The client's oldest owing invoice of a contract; without one, their oldest owing one of no contract. What
/// whoever had the contract before them left unpaid is not theirs.
pub fn oldest_owing(
    connection: &Connection,
    client_id: i64,
    contract_id: Option<i64>,
) -> Result<Option<Invoice>> {
    if let Some(contract_id) = contract_id {
        let found = connection
            .prepare_cached(&format!(
                "SELECT {INVOICE} FROM invoice INDEXED BY invoice_owing_contract
                 WHERE contract_id = ?1 AND client_id = ?2 AND owing
                 ORDER BY due_on, id LIMIT 1",
            ))?
            .query_row([contract_id, client_id], read_invoice)
            .optional()?;
        if found.is_some() {
            return with_codes(connection, found);
        }
    }
    let found = connection
        .prepare_cached(&format!(
            "SELECT {INVOICE} FROM invoice WHERE client_id = ?1 AND owing AND contract_id IS NULL
             ORDER BY due_on, id LIMIT 1",
        ))?
        .query_row([client_id], read_invoice)
        .optional()?;
    with_codes(connection, found)
}

/// An invoice's amount and open amount, as the book has them.
pub fn amounts(connection: &Connection, id: i64) -> Result<Option<(Money, Option<Money>)>> {
    Ok(connection
        .prepare_cached("SELECT amount, open_amount FROM invoice WHERE id = ?1")?
        .query_row([id], |row| {
            let open: Option<i64> = row.get(1)?;
            Ok((Money::from_cents(row.get(0)?), open.map(Money::from_cents)))
        })
        .optional()?)
}

/// The client's oldest owing invoice, whatever its contract.
pub fn oldest_owing_of_client(connection: &Connection, client_id: i64) -> Result<Option<Invoice>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {INVOICE} FROM invoice WHERE client_id = ?1 AND owing ORDER BY due_on, id LIMIT 1",
        ))?
        .query_row([client_id], read_invoice)
        .optional()?)
}

/// The client's owing invoices that are past their printed due date: how many, and what they come to.
pub fn overdue(connection: &Connection, client_id: i64, today: NaiveDate) -> Result<Overdue> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(owed), 0) FROM invoice
             WHERE client_id = ?1 AND owing AND due_on < ?2",
        )?
        .query_row((client_id, Day(today)), |row| {
            Ok(Overdue {
                count: row.get(0)?,
                total: row.get(1)?,
            })
        })?)
}

/// The client's devices that are not known to be gone, and whether any is.
pub fn devices(connection: &Connection, client_id: i64) -> Result<(Vec<Device>, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT address, address_kind, logged_in, notifications_enabled, gone_at IS NOT NULL
         FROM device WHERE client_id = ?1",
    )?;
    let mut rows = statement.query([client_id])?;
    let mut devices = Vec::new();
    let mut gone = false;
    while let Some(row) = rows.next()? {
        if row.get(4)? {
            gone = true;
            continue;
        }
        devices.push(Device {
            address: row.get(0)?,
            kind: row.get(1)?,
            logged_in: row.get(2)?,
            notifications_enabled: row.get(3)?,
        });
    }
    // Here rather than by SQLite, which would make room for a sorter each time.
    devices.sort_by(|one: &Device, other| one.address.cmp(&other.address));
    Ok((devices, gone))
}

/// Whose a device is; and the device, unless it is known to be gone.
pub fn device(connection: &Connection, address: &str) -> Result<Option<(i64, Option<Device>)>> {
    Ok(connection
        .prepare_cached(
            "SELECT client_id, address_kind, logged_in, notifications_enabled, gone_at IS NULL
             FROM device WHERE address = ?1",
        )?
        .query_row([address], |row| {
            let device = Device {
                address: address.to_owned(),
                kind: row.get(1)?,
                logged_in: row.get(2)?,
                notifications_enabled: row.get(3)?,
            };
            Ok((row.get(0)?, row.get::<_, bool>(4)?.then_some(device)))
        })
        .optional()?)
}

/// Forgets a device: it is there, but known to be gone since `at`, with the provider's reason.
pub fn forget_device(
    connection: &Connection,
    address: &str,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<()> {
    connection
        .prepare_cached("UPDATE device SET gone_at = ?2, gone_reason = ?3 WHERE address = ?1")?
        .execute((address, Millis(at), reason))?;
    Ok(())
}
