-- Proof and law: notices, the chained ledger, block lists, the person's data.

-- Rules: what is said until somebody has it, and stages that give a notice.
ALTER TABLE rule ADD COLUMN reminder_hours INTEGER;
ALTER TABLE rule ADD COLUMN closing_hours INTEGER;
ALTER TABLE rule_stage ADD COLUMN hours INTEGER;
ALTER TABLE rule_stage ADD COLUMN notice TEXT;

-- The messages that give a notice, one row each: `try` counts those of one contract in one stage, from 1.
-- Without a contract it is its invoice's own. `sent_at` is kept once the message itself is purged.
CREATE TABLE notice (
  message_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  rule TEXT NOT NULL,
  stage TEXT NOT NULL,
  client_id INTEGER NOT NULL,
  contract_id INTEGER,
  invoice_id INTEGER NOT NULL,
  try INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  channel TEXT NOT NULL,
  sent_at INTEGER,
  delivered_at INTEGER
) STRICT;
CREATE INDEX notice_contract ON notice (contract_id, message_id) WHERE contract_id IS NOT NULL;
CREATE INDEX notice_invoice ON notice (invoice_id, message_id);
CREATE INDEX notice_client ON notice (client_id, message_id);

-- The cases for which a notice was given.
CREATE TABLE notice_case (
  message_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  invoice_id INTEGER NOT NULL,
  -- The invoice as it was then; amounts in cents.
  number TEXT,
  due_on TEXT NOT NULL,
  amount INTEGER NOT NULL,
  owed INTEGER NOT NULL,
  PRIMARY KEY (message_id, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_case_case ON notice_case (case_id, message_id);

-- Since which day a contract's access has had its status, as imports and syncs saw it; from one cut to another
-- the first day stays.
ALTER TABLE contract ADD COLUMN access_since TEXT;

-- The chained ledger: one record at every entry of a collection message into an end, and with each receipt.
-- `sealed` is the record's content (digests of its parts) and, in its last 32 bytes, its digest; the canonical
-- form stands in src/domain/evidence.rs. `salt` belongs to the message, and goes when its client is erased.
-- Never purged.
CREATE TABLE evidence (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  message_id INTEGER,
  note TEXT,
  salt BLOB,
  sealed BLOB NOT NULL,
  digest BLOB GENERATED ALWAYS AS (substr(sealed, -32)) VIRTUAL
) STRICT;
CREATE INDEX evidence_message ON evidence (message_id, number) WHERE message_id IS NOT NULL;
-- The few records that are of no message.
CREATE INDEX evidence_note ON evidence (number) WHERE message_id IS NULL;

-- Clients whose data was erased at their wish: rows of theirs are passed over until they are restored.
CREATE TABLE erased_client (
  client_id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;

-- Numbers that must not be written to, list by list; compared by area code and the last eight digits.
CREATE TABLE block_list (
  list TEXT NOT NULL,
  phone TEXT NOT NULL,
  since TEXT,
  imported INTEGER NOT NULL DEFAULT 0,
  compared TEXT GENERATED ALWAYS AS (substr(phone, 4, 2) || substr(phone, -8)) VIRTUAL,
  PRIMARY KEY (list, phone)
) STRICT;
CREATE INDEX block_list_compared ON block_list (compared);
-- When each list was last imported.
CREATE TABLE block_list_import (
  list TEXT PRIMARY KEY,
  imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What goes on by the next template unless it arrives: the latest message of each chain.
CREATE TABLE pursuit (
  message_id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  hours INTEGER NOT NULL
) STRICT;
