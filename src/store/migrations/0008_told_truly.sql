-- What makes texts, addresses, blame and reading true.

-- The book: columns of the ERP's exports.
ALTER TABLE client ADD COLUMN phone TEXT;
ALTER TABLE client ADD COLUMN work_phone TEXT;
ALTER TABLE client ADD COLUMN street TEXT;
ALTER TABLE client ADD COLUMN number TEXT;
ALTER TABLE client ADD COLUMN complement TEXT;
ALTER TABLE client ADD COLUMN state TEXT;
ALTER TABLE client ADD COLUMN zip TEXT;
ALTER TABLE contract ADD COLUMN payment_method TEXT;
ALTER TABLE invoice ADD COLUMN payment_method TEXT;
ALTER TABLE staff ADD COLUMN chat TEXT;

-- Messages: what was planned, and what left.

-- The invoices that a message speaks for, in its order, where they are not just its own one.
CREATE TABLE message_speaks_for (
  message_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  invoice_id INTEGER NOT NULL,
  PRIMARY KEY (message_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_speaks_for_invoice ON message_speaks_for (invoice_id, message_id);

-- Under which day, configuration and state of the book it was last looked at; empty: never.
ALTER TABLE message ADD COLUMN seen TEXT NOT NULL DEFAULT '';
-- The first plan, once something else left or would leave: a JSON object of address, title, body and at.
ALTER TABLE message ADD COLUMN planned TEXT;
-- Its invoice's printed due date when it was made.
ALTER TABLE message ADD COLUMN due_on TEXT;
-- What an event said of its ticket, as a JSON object: that stays, whatever the book says later.
ALTER TABLE message ADD COLUMN said TEXT;
-- So many characters of the key stand before the slash and the address.
ALTER TABLE message ADD COLUMN key_start INTEGER;
-- What a try carried, where that is not what its message says now.
ALTER TABLE attempt ADD COLUMN address TEXT;
ALTER TABLE attempt ADD COLUMN title TEXT;
ALTER TABLE attempt ADD COLUMN body TEXT;

-- Delivery: outages, attempts, opt-outs that a provider reported.

-- Collections.

-- Tickets, tasks and birthdays.

-- Backup and restore.
