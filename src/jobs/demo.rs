//! The demo's folder: the configuration, the ERP's files of an invented provider, and what is paid later.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

mod book;

/// The demo's Monday: within contact hours.
pub const TODAY: &str = "2026-11-23";

/// What the ERP tells of payments: the day, and the file.
const PAYMENTS: [(&str, &str); 5] = [
    ("2026-11-24", "payments-1.csv"),
    ("2026-11-26", "payments-2.csv"),
    ("2026-11-28", "payments-3.csv"),
    ("2026-11-30", "payments-4.csv"),
    ("2026-12-02", "payments-5.csv"),
];

/// An overdue invoice that is paid in those days, whose way the walk shows.
const SHOWN_INVOICE: &str = "10051";

/// What the ERP tells of access, later that Monday: two contracts are cut, and connected again.
const ACCESS: [(&str, &str); 2] = [("access-1.csv", "CA"), ("access-2.csv", "A")];

/// Contracts in good standing whose clients have the app.
const CUT_CONTRACTS: [u32; 2] = [1006, 1008];

/// Where the ERP has postal addresses later: of clients who still owe then.
const ADDRESSES: &str = "id,street,number,district,state,zip\n\
    55,Rua das Acácias,120,Centro,SC,89801-000\n\
    65,Rua Marechal Deodoro,45,Centro,SC,89700-055\n";

/// A file that marks a folder as the demo's own, so that it may be made anew.
const MARK: &str = ".regua-demo";

const CONFIG: &str = include_str!("../../examples/demo/config.toml");

/// Makes the folder with its configuration and the ERP's files in `data`. A folder of the demo's own is
/// emptied first; any other folder must be empty.
pub fn make(folder: &Path) -> Result<()> {
    let failed = |error| {
        Error::world(format!(
            "the demo cannot be written to {}",
            folder.display()
        ))
        .because(error)
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let own = folder.join(MARK).is_file();
    let mut entries = fs::read_dir(folder).map_err(failed)?;
    if !own && entries.next().is_some() {
        return Err(
            Error::unacceptable(format!("{} holds other files", folder.display()))
                .hint("name an empty folder, or one that does not exist"),
        );
    }
    if own {
        empty(folder).map_err(failed)?;
    }
    fill(folder).map_err(failed)
}

fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn fill(folder: &Path) -> std::io::Result<()> {
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    fs::write(folder.join(MARK), "")?;
    fs::write(folder.join("config.toml"), CONFIG)?;
    let book = book::Book::invented();
    for (name, text) in book.files() {
        fs::write(data.join(name), text)?;
    }
    for (name, access) in ACCESS {
        let rows = CUT_CONTRACTS.map(|id| format!("{id},{access}\n"));
        fs::write(
            folder.join(name),
            format!("id,access_status\n{}", rows.concat()),
        )?;
    }
    fs::write(folder.join("addresses.csv"), ADDRESSES)?;
    for (name, text) in payments(&book.invoices) {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// What was paid in the days after: of the overdue invoices half, in turns; of those due in these days
/// most, as near before the due date as there is a file.
fn payments(invoices: &str) -> Vec<(&'static str, String)> {
    let mut files: Vec<(&str, String)> = PAYMENTS
        .iter()
        .map(|(_, file)| {
            let header = "id,client_id,due_on,amount,status,settled_on\n";
            (*file, header.to_owned())
        })
        .collect();
    for (place, row) in invoices.lines().skip(1).enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        let &[id, client, .., _, _, due, amount, status, _, _, _] = cells.as_slice() else {
            continue;
        };
        if status != "A" || due > "2026-12-01" {
            continue;
        }
        let client_number: usize = client.parse().unwrap_or_default();
        let turn = if id == SHOWN_INVOICE {
            Some(2)
        } else if due < TODAY {
            // Those who owe for long are every fifth client: half of these pay.
            (client_number / 5)
                .is_multiple_of(2)
                .then_some(client_number / 10 % PAYMENTS.len())
        } else if !place.is_multiple_of(5) {
            PAYMENTS.iter().rposition(|(day, _)| *day <= due)
        } else {
            None
        };
        let Some(turn) = turn else { continue };
        let on = PAYMENTS[turn].0;
        let _ = writeln!(files[turn].1, "{id},{client},{due},{amount},R,{on}");
    }
    files
}
