//! Reading the book: clients and what belongs to them.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::columns::{Columns as _, Day, FromRow, Millis};
use super::payment_code;
use crate::domain::client::{Client, Device};
use crate::domain::contract::Contract;
use crate::domain::invoice::{Invoice, invoice_columns};
use crate::domain::login::Login;
use crate::domain::template::Overdue;
use crate::error::Result;

fn read_client(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: row.get("id")?,
        name: row.get("name")?,
        person_type: row.get("person_type")?,
        active: row.get("active")?,
        birth_date: row.day_opt("birth_date")?,
        mobile: row.get("mobile")?,
        whatsapp: row.get("whatsapp")?,
        phone: row.get("phone")?,
        work_phone: row.get("work_phone")?,
        email: row.get("email")?,
        email_bounced: row.get("email_bounced")?,
        tax_id: row.get("tax_id")?,
        street: row.get("street")?,
        number: row.get("number")?,
        complement: row.get("complement")?,
        district: row.get("district")?,
        city: row.get("city")?,
        state: row.get("state")?,
        zip: row.get("zip")?,
        branch: row.get("branch")?,
        app_first_access_on: row.day_opt("app_first_access_on")?,
        in_collection: row.get("in_collection")?,
        in_reminders: row.get("in_reminders")?,
        sms_allowed: row.get("sms_allowed")?,
        email_allowed: row.get("email_allowed")?,
        absent_since: row.day_opt("absent_since")?,
    })
}

/// A client.
pub fn client(connection: &Connection, id: i64) -> Result<Option<Client>> {
    Ok(connection
        .prepare_cached("SELECT * FROM client WHERE id = ?1")?
        .query_row([id], read_client)
        .optional()?)
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

/// A contract.
pub fn contract(connection: &Connection, id: i64) -> Result<Option<Contract>> {
    Ok(connection
        .prepare_cached("SELECT * FROM contract WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Contract {
                id: row.get("id")?,
                client_id: row.get("client_id")?,
                plan: row.get("plan")?,
                status: row.get("status")?,
                access_status: row.get("access_status")?,
                city: row.get("city")?,
                district: row.get("district")?,
                payment_method: row.get("payment_method")?,
                notice_hold_until: row.day_opt("notice_hold_until")?,
                absent_since: row.day_opt("absent_since")?,
            })
        })
        .optional()?)
}

/// A login.
pub fn login(connection: &Connection, id: i64) -> Result<Option<Login>> {
    Ok(connection
        .prepare_cached("SELECT * FROM login WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Login {
                id: row.get("id")?,
                client_id: row.get("client_id")?,
                contract_id: row.get("contract_id")?,
                username: row.get("username")?,
                ip: row.get("ip")?,
                concentrator: row.get("concentrator")?,
                absent_since: row.day_opt("absent_since")?,
            })
        })
        .optional()?)
}

/// The columns of an invoice read from a row.
macro_rules! read_columns {
    ($($(#[$doc:meta])+ $field:ident: $type:ty = $column:literal,)+) => {
        /// Reads an invoice from a row that has all its columns, the generated ones too.
        pub fn read_invoice(row: &Row<'_>) -> rusqlite::Result<Invoice> {
            Ok(Invoice { $($field: FromRow::from_row(row, $column)?,)+ })
        }
    };
}
invoice_columns!(read_columns);

/// An invoice, with the payment codes that were fetched for it.
pub fn invoice(connection: &Connection, id: i64) -> Result<Option<Invoice>> {
    let found = connection
        .prepare_cached("SELECT *, owed FROM invoice WHERE id = ?1")?
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

/// The oldest owing invoice of a contract; without one, the client's oldest owing one of no contract.
pub fn oldest_owing(
    connection: &Connection,
    client_id: i64,
    contract_id: Option<i64>,
) -> Result<Option<Invoice>> {
    if let Some(contract_id) = contract_id {
        let found = connection
            .prepare_cached(
                "SELECT *, owed FROM invoice WHERE contract_id = ?1 AND owing
                 ORDER BY due_on, id LIMIT 1",
            )?
            .query_row([contract_id], read_invoice)
            .optional()?;
        if found.is_some() {
            return with_codes(connection, found);
        }
    }
    let found = connection
        .prepare_cached(
            "SELECT *, owed FROM invoice WHERE client_id = ?1 AND owing AND contract_id IS NULL
             ORDER BY due_on, id LIMIT 1",
        )?
        .query_row([client_id], read_invoice)
        .optional()?;
    with_codes(connection, found)
}

/// The client's oldest owing invoice, whatever its contract.
pub fn oldest_owing_of_client(connection: &Connection, client_id: i64) -> Result<Option<Invoice>> {
    Ok(connection
        .prepare_cached(
            "SELECT *, owed FROM invoice WHERE client_id = ?1 AND owing ORDER BY due_on, id LIMIT 1",
        )?
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
        "SELECT address, address_kind, logged_in, notifications_enabled, gone_at
         FROM device WHERE client_id = ?1 ORDER BY address",
    )?;
    let mut rows = statement.query([client_id])?;
    let mut devices = Vec::new();
    let mut gone = false;
    while let Some(row) = rows.next()? {
        if row.get::<_, Option<i64>>("gone_at")?.is_some() {
            gone = true;
            continue;
        }
        devices.push(Device {
            address: row.get("address")?,
            kind: row.get("address_kind")?,
            logged_in: row.get("logged_in")?,
            notifications_enabled: row.get("notifications_enabled")?,
        });
    }
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
