//! Cases handed over to a credit bureau or a notary: who is to be, and who has been.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row};

use crate::domain::ladder::Stage;
use crate::domain::money::Money;
use crate::error::Result;
use crate::store::columns::{Columns as _, Day};

/// What a credit bureau or a notary is told of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The case.
    pub case_id: i64,
    /// Its invoice.
    pub invoice_id: i64,
    /// The document's number.
    pub number: Option<String>,
    /// Who owes it.
    pub client_id: i64,
    /// Their full or legal name.
    pub name: String,
    /// Their CPF or CNPJ without mask.
    pub tax_id: Option<String>,
    /// Their day of birth.
    pub birth_date: Option<NaiveDate>,
    /// Where they live.
    pub street: Option<String>,
    /// The house's number.
    pub house_number: Option<String>,
    /// What more it takes to find it.
    pub complement: Option<String>,
    /// District.
    pub district: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, in two letters.
    pub state: Option<String>,
    /// CEP.
    pub zip: Option<String>,
    /// Mobile.
    pub mobile: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// The contract.
    pub contract_id: Option<i64>,
    /// Day of issue.
    pub issued_on: Option<NaiveDate>,
    /// The printed due date.
    pub due_on: NaiveDate,
    /// The face amount.
    pub amount: Money,
    /// What is still owed.
    pub open_amount: Money,
    /// When the case's notice left, if one did.
    pub notice_sent_at: Option<DateTime<Utc>>,
}

/// The open cases at a stage, reached on `since` or later, whose invoices still owe and which have not
/// been handed over at it, in the order they began; never one whose invoice is another client's by now.
pub fn to_hand_over(
    connection: &Connection,
    stage: Stage,
    since: Option<NaiveDate>,
) -> Result<Vec<Handover>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.id, c.invoice_id, i.number, i.client_id, k.name, k.tax_id, k.birth_date, k.street,
                k.number, k.complement, k.district, k.city, k.state, k.zip, k.mobile, k.email,
                i.contract_id, i.issued_on, i.due_on, i.amount, i.owed,
                (SELECT min(at) FROM (
                   SELECT m.sent_at AS at FROM message m
                   WHERE m.invoice_id = c.invoice_id AND m.case_id = c.id AND m.status = 'sent'
                     AND m.event = 'stage:notice'
                     AND NOT EXISTS (SELECT 1 FROM message_speaks_for s
                                     WHERE s.message_id = m.id AND s.invoice_id = c.invoice_id
                                       AND s.unsaid)
                   UNION ALL
                   -- One message for several invoices stands in place of this one's own.
                   SELECT m.sent_at FROM message_speaks_for s JOIN message m ON m.id = s.message_id
                   WHERE s.invoice_id = c.invoice_id AND NOT s.unsaid AND m.status = 'sent'
                     AND m.event = 'stage:notice'
                     AND EXISTS (SELECT 1 FROM message own
                                 WHERE own.invoice_id = c.invoice_id AND own.case_id = c.id
                                   AND own.event = m.event AND own.reason = 'merged'
                                   AND own.created_at = m.created_at)))
         FROM collection_case c NOT INDEXED
         JOIN invoice i ON i.id = c.invoice_id
         JOIN client k ON k.id = i.client_id
         WHERE c.outcome IS NULL AND c.stage = ?1 AND (?2 IS NULL OR c.since >= ?2) AND i.owing
           AND i.client_id = c.client_id AND k.absent_since IS NULL
           AND NOT EXISTS (SELECT 1 FROM collection_handover h
                           WHERE h.case_id = c.id AND h.stage = c.stage)
         ORDER BY c.id",
    )?;
    let rows = statement.query_map((stage, since.map(Day)), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Handover> {
    Ok(Handover {
        case_id: row.get(0)?,
        invoice_id: row.get(1)?,
        number: row.get(2)?,
        client_id: row.get(3)?,
        name: row.get(4)?,
        tax_id: row.get(5)?,
        birth_date: row.day_opt(6)?,
        street: row.get(7)?,
        house_number: row.get(8)?,
        complement: row.get(9)?,
        district: row.get(10)?,
        city: row.get(11)?,
        state: row.get(12)?,
        zip: row.get(13)?,
        mobile: row.get(14)?,
        email: row.get(15)?,
        contract_id: row.get(16)?,
        issued_on: row.day_opt(17)?,
        due_on: row.day(18)?,
        amount: row.get(19)?,
        open_amount: row.get(20)?,
        notice_sent_at: row.instant_opt(21)?,
    })
}

/// Notes that a case was handed over at a stage.
pub fn hand_over(connection: &Connection, case: i64, stage: Stage, today: NaiveDate) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO collection_handover (case_id, stage, handed_on) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute((case, stage, Day(today)))?;
    Ok(())
}
