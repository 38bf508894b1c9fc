-- What makes texts, addresses, blame and reading true.

-- The book: columns of the ERP's exports.

-- Messages: what was planned, and what left.

-- Delivery: outages, attempts, opt-outs that a provider reported.

-- Collections.

-- Tickets, tasks and birthdays.

-- Backup and restore.

-- Events that a file replaced by `restore` had told, and the restored one does not know.
CREATE TABLE spent_event (
  id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
