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
  PRIMARY KEY (message_id, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_case_case ON notice_case (case_id, message_id);
