-- Who brings each row, rows that nobody brings any more, payment codes that were fetched.

-- Who brings rows: files are 0, each source under `[sync]` has a number of its own.
CREATE TABLE bringer (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO bringer (number, name) VALUES (0, 'files');

-- `brought`: those who bring the row, as bits by their numbers; 0: brought before anybody noted it, or by
-- nobody any more. `absent_since`: the day from which on nobody has it: it takes part in nothing.
ALTER TABLE client ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE client ADD COLUMN absent_since TEXT;
ALTER TABLE contract ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN absent_since TEXT;
ALTER TABLE invoice ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invoice ADD COLUMN absent_since TEXT;
ALTER TABLE login ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login ADD COLUMN absent_since TEXT;
ALTER TABLE staff ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staff ADD COLUMN absent_since TEXT;
ALTER TABLE topic ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic ADD COLUMN absent_since TEXT;
ALTER TABLE ticket ADD COLUMN brought INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ticket ADD COLUMN absent_since TEXT;

-- An absent invoice owes nothing that anybody may ask for: the indexes of what is owing leave it out, so
-- that no query has to.
DROP INDEX invoice_owing_client;
DROP INDEX invoice_owing_contract;
DROP INDEX invoice_owing_due;
ALTER TABLE invoice DROP COLUMN owing;
-- Open or partial, released, not awaiting confirmation, something still to pay, and still there.
ALTER TABLE invoice ADD COLUMN owing INTEGER GENERATED ALWAYS AS
  (status IN ('open', 'partial') AND released AND NOT awaiting_confirmation
   AND coalesce(open_amount, amount) > 0 AND absent_since IS NULL) VIRTUAL;
CREATE INDEX invoice_owing_client ON invoice (client_id, due_on, id) WHERE owing;
CREATE INDEX invoice_owing_contract ON invoice (contract_id, due_on, id) WHERE owing;
CREATE INDEX invoice_owing_due ON invoice (due_on, portfolio) WHERE owing;

-- Nobody congratulates an absent client; whose invoices are an absent client's is asked of few rows.
DROP INDEX client_birthday;
CREATE INDEX client_birthday ON client (substr(birth_date, 6), id)
  WHERE birth_date IS NOT NULL AND person_type = 'individual' AND absent_since IS NULL;
CREATE INDEX client_absent ON client (id) WHERE absent_since IS NOT NULL;

-- Cases that closed because their invoice was gone: they reopen when it is back.
CREATE INDEX collection_case_gone ON collection_case (rule, invoice_id) WHERE outcome = 'gone';

-- Pix codes and boleto lines that were asked for at a source, beside what it says by itself. A code holds
-- as long as its invoice owes this much, is due on this day and has this status; none: it was asked for,
-- and was not to be had, for this reason.
CREATE TABLE payment_code (
  invoice_id INTEGER NOT NULL,
  -- `pix` or `boleto`.
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  amount INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT,
  why TEXT,
  asked_at INTEGER NOT NULL,
  asked_on TEXT NOT NULL,
  PRIMARY KEY (invoice_id, kind)
) STRICT, WITHOUT ROWID;

-- How often a source was asked for codes on a day.
CREATE TABLE payment_code_day (
  source TEXT NOT NULL,
  day TEXT NOT NULL,
  asked INTEGER NOT NULL,
  PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;
