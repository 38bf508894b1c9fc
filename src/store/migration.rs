//! Migrations: the tables brought up to date when a database is opened, and a newer one refused.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Store, cannot_open};
use crate::error::{Error, Result};

/// The numbered migrations, frozen once released; the database's `user_version` is how many it has had.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_collection.sql"),
    include_str!("migrations/0003_task.sql"),
    include_str!("migrations/0004_ticket.sql"),
    include_str!("migrations/0005_sync.sql"),
    include_str!("migrations/0006_status.sql"),
    include_str!("migrations/0007_messages_and_sources.sql"),
    include_str!("migrations/0008_told_truly.sql"),
    include_str!("migrations/0009_channels.sql"),
    include_str!("migrations/0010_receipts.sql"),
    include_str!("migrations/0011_evidence.sql"),
    include_str!("migrations/0012_incidents.sql"),
    include_str!("migrations/0013_sources.sql"),
    include_str!("migrations/0014_birthdays_and_origins.sql"),
    include_str!("migrations/0015_alerts.sql"),
    include_str!("migrations/0016_shared.sql"),
    include_str!("migrations/0017_sources.sql"),
    include_str!("migrations/0018_what_is_owed.sql"),
    include_str!("migrations/0019_wishes.sql"),
    include_str!("migrations/0020_access_of_the_same_client.sql"),
    include_str!("migrations/0021_announced.sql"),
];

/// `regu` in ASCII: marks a database as ours.
const APPLICATION_ID: i32 = 0x7265_6775;

/// The migrations that a database of this version has not had; none when it knows more than this program.
fn not_had(version: i64) -> Option<&'static [&'static str]> {
    let had = usize::try_from(version).ok()?;
    MIGRATIONS.get(had..)
}

/// Whether a file is a database of ours that this program knows.
///
/// # Errors
/// What it is instead.
pub(super) fn ours(connection: &Connection, path: &Path) -> Result<()> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(|error| cannot_open(path, error))?;
    let version = number("user_version").map_err(|error| cannot_open(path, error))?;
    if application != i64::from(APPLICATION_ID) {
        return Err(Error::unacceptable(format!(
            "{} is not a database of regua's",
            path.display()
        ))
        .hint("`regua backup` and the task `backup` make what can be restored"));
    }
    if not_had(version).is_none() {
        return Err(Error::unacceptable(format!(
            "{} was made by a newer regua (version {version} of its tables; this program knows {})",
            path.display(),
            MIGRATIONS.len()
        ))
        .hint("use the newer regua; nothing was changed"));
    }
    Ok(())
}

impl Store {
    /// Brings the tables up to date, all or nothing.
    pub(super) fn migrate(&mut self) -> Result<()> {
        let path = self.path.clone();
        let broken = |error| cannot_open(&path, error);
        let number = |pragma| {
            self.connection
                .pragma_query_value(None, pragma, |row| row.get(0))
        };
        let version: i64 = number("user_version").map_err(broken)?;
        let ours = number("application_id").map_err(broken)? == i64::from(APPLICATION_ID);
        if ours && not_had(version).is_some_and(<[_]>::is_empty) {
            return self.pragmas_for_writing();
        }
        let empty = !ours && version == 0 && self.has_no_table().map_err(broken)?;
        if !ours && !empty {
            return Err(Error::world(format!(
                "{} is a SQLite database, but not one of regua's",
                path.display()
            ))
            .hint("name regua's own with --db FILE, or with `database` in the configuration"));
        }
        if not_had(version).is_none() {
            return Err(Error::world(format!(
                "{} was made by a newer regua (version {version} of its tables; this program knows {})",
                path.display(),
                MIGRATIONS.len()
            ))
            .hint("use the newer regua; nothing was changed"));
        }
        self.pragmas_for_writing()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(broken)?;
        // Another process may have been first while this one waited.
        let version = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(broken)?;
        for migration in not_had(version).unwrap_or_default() {
            transaction.execute_batch(migration).map_err(broken)?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .and_then(|()| transaction.pragma_update(None, "user_version", MIGRATIONS.len()))
            .map_err(broken)?;
        transaction.commit().map_err(broken)
    }

    fn has_no_table(&self) -> rusqlite::Result<bool> {
        self.connection.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
            [],
            |row| row.get(0),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use chrono::{DateTime, NaiveDate};
    use rusqlite::params;

    use super::*;
    use crate::clock::Now;
    use crate::domain::ladder::{Move, Stage};
    use crate::domain::message::{Fate, NewMessage};
    use crate::domain::words::{Channel, Kind, Origin, Purpose, Status};
    use crate::store::message::{self, Inserted};
    use crate::store::{book, collection, queue};

    /// The first version whose tables know collections.
    const COLLECTIONS: usize = 2;
    /// The last version whose messages had neither their case nor their lot in columns.
    const KEYS_ALONE: usize = 6;

    fn now() -> Now {
        let at = "2026-11-28T12:00:00Z"
            .parse::<DateTime<chrono::Utc>>()
            .expect("an instant");
        Now::new(at, chrono_tz::America::Sao_Paulo)
    }

    const FACTS: &str = "
        INSERT INTO client (id, name, person_type) VALUES (1, 'Ana', 'individual');
        INSERT INTO invoice (id, client_id, due_on, amount, status) VALUES
          (11, 1, '2026-11-01', 9990, 'open'), (12, 1, '2026-11-01', 9990, 'open'),
          (13, 1, '2026-12-03', 9990, 'open');";
    const CASES: &str = "
        INSERT INTO collection_case
          (id, rule, invoice_id, client_id, stage, since, due_on, outcome, closed_on) VALUES
          (7, 'basic', 11, 1, 'notice', '2026-11-20', '2026-11-01', NULL, NULL),
          (80, 'basic', 12, 1, 'notice', '2026-11-20', '2026-11-01', 'paid', '2026-11-27');
        INSERT INTO collection_move (case_id, number, moved_on, move, owed) VALUES
          (7, 1, '2026-11-20', 'notice', 9990), (80, 1, '2026-11-20', 'notice', 9990);";

    /// The start of a message's key, its event, its invoice, its batch and its state.
    type Old = (
        &'static str,
        &'static str,
        Option<i64>,
        Option<i64>,
        &'static str,
    );
    const SENDS: [Old; 2] = [
        ("send/cut/2026-11-27/1", "4", None, Some(4), "queued"),
        ("send/cut/2026-11-27/2", "4", None, Some(4), "skipped"),
    ];
    const COLLECTED: [Old; 4] = [
        (
            "collection/11/case-7/stage:notice/cut",
            "stage:notice",
            Some(11),
            None,
            "queued",
        ),
        (
            "collection/12/case-80/stage:notice/cut",
            "stage:notice",
            Some(12),
            None,
            "queued",
        ),
        // A template may be called like a case.
        (
            "collection/13/due-2026-12-03/reminder:5/case-9",
            "reminder:5",
            Some(13),
            None,
            "queued",
        ),
        (
            "collection/11/bureau-2026-11-05/closing:bureau_removed/cut",
            "closing:bureau_removed",
            Some(11),
            None,
            "sent",
        ),
    ];

    /// A database as the regua of `version` migrations left it, with messages queued and cases open.
    fn made_by(version: usize, folder: &Path) -> PathBuf {
        let path = folder.join(format!("{version}.db"));
        let c = Connection::open(&path).expect("a file");
        crate::store::functions(&c).expect("the functions of ours");
        let (before, after) = MIGRATIONS[..version].split_at(version.min(KEYS_ALONE));
        for migration in before {
            c.execute_batch(migration).expect("a migration");
        }
        c.pragma_update(None, "application_id", APPLICATION_ID)
            .expect("a number");
        c.pragma_update(None, "user_version", version)
            .expect("a number");
        c.execute_batch(FACTS).expect("facts");
        let mut messages = SENDS.to_vec();
        if version >= COLLECTIONS {
            c.execute_batch(CASES).expect("cases");
            messages.extend(COLLECTED);
        }
        for (key, event, invoice, batch, status) in messages {
            c.execute(
                "INSERT INTO message (key, channel, purpose, kind, template, origin, event, client_id,
                   invoice_id, batch_id, address, body, status, created_at, while_owing)
                 VALUES (?1 || '/+5549999990001', 'sms', 'collection', 'financial', 'cut',
                   substr(?1, 1, instr(?1, '/') - 1), ?2, 1, ?3, ?4, '+5549999990001', 'Pague', ?5, 0,
                   ?3 IS NOT NULL)",
                params![key, event, invoice, batch, status],
            )
            .expect("a message");
        }
        for migration in after {
            c.execute_batch(migration).expect("a migration");
        }
        path
    }

    fn new_of_the_same_lot() -> NewMessage {
        NewMessage {
            key: "send/cut/2026-11-28/3/+5549999990003".to_owned(),
            channel: Channel::Sms,
            purpose: Purpose::Collection,
            kind: Kind::Financial,
            template: Some("cut".to_owned()),
            origin: Origin::Send,
            event: "4".to_owned(),
            client_id: Some(1),
            staff_id: None,
            contract_id: None,
            invoice_id: None,
            case_id: None,
            login_id: None,
            ticket_id: None,
            address: Some("+5549999990003".to_owned()),
            address_kind: None,
            title: None,
            body: Some("Pague".to_owned()),
            html: None,
            provider_channel: None,
            provider_template: None,
            variables: Vec::new(),
            fate: Fate::Queued,
            created_at: now().at,
            not_before: None,
            expires_at: None,
            batch_id: Some(4),
            while_owing: false,
            invoices: Vec::new(),
            due_on: None,
            said: None,
            key_start: None,
            made_under: String::new(),
        }
    }

    fn cases_of_queued(c: &Connection) -> Vec<(i64, Option<i64>)> {
        let due =
            queue::due_block(c, Channel::Sms, now(), 100, &queue::Aside::default()).expect("due");
        due.iter()
            .map(|due| (due.outgoing.id, due.case_id))
            .collect()
    }

    #[test]
    fn a_database_of_every_earlier_version_goes_on_with_its_messages_and_cases() {
        let folder = tempfile::tempdir().expect("a folder");
        for version in 1..MIGRATIONS.len() {
            let path = made_by(version, folder.path());
            let mut store = Store::open(&path).expect("it is migrated");
            let wanted = if version >= COLLECTIONS {
                vec![(1, None), (3, Some(7)), (4, Some(80)), (5, None)]
            } else {
                vec![(1, None)]
            };
            assert_eq!(
                cases_of_queued(store.connection()),
                wanted,
                "from {version}"
            );
            // What was queued before the migration and after it shares its lot.
            let aside = store.write(|transaction| {
                let inserted = message::insert(transaction, &new_of_the_same_lot())?;
                assert!(matches!(inserted, Inserted::New(_)), "from {version}");
                let lots = BTreeSet::from([new_of_the_same_lot().lot()]);
                Ok(queue::Aside {
                    lots,
                    ..queue::Aside::default()
                })
            });
            let aside = aside.expect("it is written to");
            let rest = queue::due_block(store.connection(), Channel::Sms, now(), 100, &aside)
                .expect("due");
            assert_eq!(rest.len(), wanted.len() - 1, "from {version}");
            if version >= COLLECTIONS {
                goes_on(&mut store);
            }
        }
    }

    /// Every spent key, in order.
    fn spent(store: &Store) -> Vec<String> {
        let mut statement = store
            .connection()
            .prepare("SELECT key FROM spent_key ORDER BY key")
            .expect("a statement");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("keys")
    }

    #[test]
    fn the_new_form_of_every_collection_key_is_spent() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = made_by(7, folder.path());
        let c = Connection::open(&path).expect("a file");
        c.execute_batch(
            "INSERT INTO collection_case (id, rule, invoice_id, client_id, stage, since, due_on, outcome)
             VALUES (3, 'basic', 11, 1, 'notice', '2026-10-01', '2026-09-01', 'paid');
             INSERT INTO spent_key VALUES
               ('collection/11/case-3/closing:paid/thanks/token:a'), ('send/cut/2026-10-01/1/x');",
        )
        .expect("a case of before");
        drop(c);
        let store = Store::open(&path).expect("it is migrated");
        let spent = spent(&store);
        // The case of id 7 is the second of invoice 11; what was purged may have gone by any channel.
        for key in [
            "collection/11/2/stage:notice/cut/sms",
            "collection/12/1/stage:notice/cut/sms",
            "collection/13/due-2026-12-03/reminder:5/case-9/sms",
            "collection/11/bureau-2026-11-05/closing:bureau_removed/cut/sms",
            "collection/11/1/closing:paid/thanks/push/token:a",
            "collection/11/1/closing:paid/thanks/sms",
            "collection/11/1/closing:paid/thanks/email",
            "collection/11/1/closing:paid/thanks/whatsapp",
            "send/cut/2026-10-01/1/x",
            "collection/11/case-3/closing:paid/thanks/token:a",
        ] {
            assert!(
                spent.iter().any(|known| known == key),
                "{key} of {spent:#?}"
            );
        }
        assert_eq!(spent.len(), 10, "{spent:#?}");
    }

    /// A case of before the migration moves on, and its queued message is folded into the next.
    fn goes_on(store: &mut Store) {
        let status = |c: &Connection, id| message::get(c, id).expect("a message").map(|m| m.status);
        let c = store.connection();
        assert!(collection::case_open(c, 7).expect("a case"));
        assert!(!collection::case_open(c, 80).expect("a case"));
        let due = collection::DueMove {
            client_id: 1,
            invoice_id: 11,
            step: Move::Advance(Stage::Inquiry),
            case: Some(7),
            stage: Some(Stage::Notice),
        };
        let today = NaiveDate::from_ymd_opt(2026, 11, 28).expect("a day");
        store
            .write(|transaction| {
                let invoice = book::invoice(transaction, 11)?.expect("an invoice");
                collection::CaseWriter::new(transaction)?.write("basic", &invoice, &due, today)
            })
            .expect("it moves");
        let c = store.connection();
        assert_eq!(status(c, 3), Some(Status::Skipped));
        assert_eq!(status(c, 4), Some(Status::Queued));
        assert_eq!(status(c, 5), Some(Status::Queued));
    }

    #[test]
    fn a_migrated_database_has_the_tables_of_a_new_one() {
        let schema = |store: &Store| -> Vec<String> {
            let mut statement = store
                .connection()
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
                .expect("a statement");
            let rows = statement.query_map([], |row| row.get(0)).expect("rows");
            rows.collect::<rusqlite::Result<_>>().expect("texts")
        };
        let folder = tempfile::tempdir().expect("a folder");
        let new = schema(&Store::open(&folder.path().join("new.db")).expect("a database"));
        for version in 1..MIGRATIONS.len() {
            let store = Store::open(&made_by(version, folder.path())).expect("it is migrated");
            assert_eq!(schema(&store), new, "from {version}");
        }
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("newer.db");
        drop(Store::open(&path).expect("a database"));
        let c = Connection::open(&path).expect("a file");
        c.pragma_update(None, "user_version", MIGRATIONS.len() + 1)
            .expect("a number");
        let error = Store::open(&path).expect_err("it is newer");
        assert!(
            error.to_string().contains("made by a newer regua"),
            "{error}"
        );
    }
}
