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

-- Delivery: outages, attempts, opt-outs that a provider reported.

-- Went back into the queue from a refusal that was not its fault: tried after all others.
ALTER TABLE message ADD COLUMN tried_last INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_tried_last ON message (channel, not_before, id)
  WHERE status = 'queued' AND tried_last = 1;

-- What a channel is suffering from, until something is accepted on it.
CREATE TABLE outage (
  channel TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  tried_at INTEGER NOT NULL,
  is_later INTEGER NOT NULL,
  why TEXT NOT NULL,
  alike TEXT
) STRICT, WITHOUT ROWID;

-- How a push is shown: {"sound", "android_channel", "image", "link"}, each where it differs from [push].
ALTER TABLE template ADD COLUMN push TEXT;

-- Collections.

-- Tickets, tasks and birthdays.

-- Backup and restore.
