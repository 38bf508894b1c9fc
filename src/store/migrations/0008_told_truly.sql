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
-- Texts that are compared, in the one form in which they come from now on.
UPDATE client SET city = nfc(city), district = nfc(district), branch = nfc(branch), name = nfc(name)
  WHERE name <> nfc(name) OR city <> nfc(city) OR district <> nfc(district) OR branch <> nfc(branch);
UPDATE contract SET city = nfc(city), district = nfc(district), branch = nfc(branch), plan = nfc(plan),
  seller = nfc(seller)
  WHERE city <> nfc(city) OR district <> nfc(district) OR branch <> nfc(branch) OR plan <> nfc(plan)
    OR seller <> nfc(seller);
UPDATE invoice SET portfolio = nfc(portfolio) WHERE portfolio <> nfc(portfolio);
UPDATE OR IGNORE rule_portfolio SET portfolio = nfc(portfolio) WHERE portfolio <> nfc(portfolio);

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

-- The day a rule was evaluated for the first time: what was taken off the credit bureau's list before
-- is no news. Where nobody noted it, the last day counts.
ALTER TABLE rule ADD COLUMN first_evaluated_on TEXT;
UPDATE rule SET first_evaluated_on = evaluated_on;
-- Ways to pay by which nothing is to be paid by hand, as a JSON list, and the days of grace they have.
ALTER TABLE rule ADD COLUMN skip_payment_methods TEXT NOT NULL
  DEFAULT '["card","debit","pix_automatic"]';
ALTER TABLE rule ADD COLUMN debit_grace_days INTEGER NOT NULL DEFAULT 3;

-- Which cases were handed over at which stage, to a credit bureau or a notary, and when.
CREATE TABLE collection_handover (
  case_id INTEGER NOT NULL REFERENCES collection_case (id),
  stage TEXT NOT NULL,
  handed_on TEXT NOT NULL,
  PRIMARY KEY (case_id, stage)
) STRICT, WITHOUT ROWID;

-- A collection message's key was `collection/INVOICE/case-ID/PHASE/TEMPLATE/ADDRESS` (or `due-DATE`,
-- `bureau-DATE` in place of the case). It counts the invoice's cases now, and ends in the channel, for
-- push in the channel and the address. The new form of every old key is spent, so that nothing that was
-- decided then is decided anew; a key whose message was purged may have gone by any channel that its
-- template's name no longer tells.
INSERT OR IGNORE INTO spent_key (key)
WITH
  old (channel, rest) AS (
    SELECT channel, substr(key, length('collection/') + 1) FROM message WHERE origin = 'collection'
    UNION ALL
    SELECT NULL, substr(key, length('collection/') + 1) FROM spent_key
    WHERE key >= 'collection/' AND key < 'collection0'
  ),
  invoice (channel, invoice, rest) AS (
    SELECT channel, substr(rest, 1, instr(rest, '/') - 1), substr(rest, instr(rest, '/') + 1) FROM old
  ),
  cause (channel, invoice, cause, rest) AS (
    SELECT channel, invoice, substr(rest, 1, instr(rest, '/') - 1), substr(rest, instr(rest, '/') + 1)
    FROM invoice
  ),
  event (channel, invoice, cause, event, rest) AS (
    SELECT channel, invoice, cause, substr(rest, 1, instr(rest, '/') - 1),
           substr(rest, instr(rest, '/') + 1)
    FROM cause
  ),
  parts (channel, invoice, cause, event, template, address) AS (
    SELECT channel, invoice, cause, event, substr(rest, 1, instr(rest, '/') - 1),
           substr(rest, instr(rest, '/') + 1)
    FROM event
  ),
  channels (name) AS (VALUES ('push'), ('whatsapp'), ('sms'), ('email'))
SELECT 'collection/' || p.invoice || '/'
    || CASE WHEN p.cause GLOB 'case-[0-9]*'
       THEN (SELECT count(*) FROM collection_case c
             WHERE c.invoice_id = CAST(p.invoice AS INTEGER)
               AND c.id <= CAST(substr(p.cause, length('case-') + 1) AS INTEGER))
       ELSE p.cause END
    || '/' || p.event || '/' || p.template || '/' || k.name
    || CASE k.name WHEN 'push' THEN '/' || p.address ELSE '' END
FROM parts p
LEFT JOIN template t ON t.name = p.template
JOIN channels k ON k.name = coalesce(p.channel, t.channel, k.name);

-- Tickets, tasks and birthdays.

-- The kinds that a sync reads, as a JSON list; an empty one: every kind.
ALTER TABLE task ADD COLUMN kinds TEXT NOT NULL DEFAULT '[]';

-- Backup and restore.

-- Events that a file replaced by `restore` had told, and the restored one does not know.
CREATE TABLE spent_event (
  id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
