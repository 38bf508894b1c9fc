-- What providers report later: receipts, replies, bounces.

-- In the order of arrival. An address that a bounce speaks of stands in no column of its own.
CREATE TABLE receipt (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  -- Who told: a provider, `mail`, `csv`.
  source TEXT NOT NULL,
  -- Which of the provider's ids was meant; empty where our own key told.
  provider_id TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL,
  -- A bounce that is for good.
  permanent INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  code TEXT,
  text TEXT
) STRICT;
-- The same report comes more than once, and counts once.
CREATE UNIQUE INDEX receipt_once ON receipt (message_id, provider_id, kind, coalesce(code, ''));
-- An id that only a report told, for the answer was lost.
CREATE INDEX receipt_provider ON receipt (provider_id) WHERE provider_id <> '' AND kind <> 'replied';

-- When it arrived, was read, and was reported to have failed; the earliest of each.
ALTER TABLE message ADD COLUMN delivered_at INTEGER;
ALTER TABLE message ADD COLUMN read_at INTEGER;
ALTER TABLE message ADD COLUMN failed_at INTEGER;
-- When its provider was last asked what became of it.
ALTER TABLE message ADD COLUMN asked_at INTEGER;

INSERT INTO receipt (message_id, source, provider_id, kind, permanent, at, received_at, code, text)
  SELECT message_id, 'meta', provider_id, status, status = 'failed', at, at, code, text
  FROM callback ORDER BY at, instr('sent delivered read failed', status);
UPDATE message SET
  delivered_at = (SELECT min(at) FROM receipt WHERE message_id = message.id AND kind IN ('delivered', 'read')),
  read_at = (SELECT min(at) FROM receipt WHERE message_id = message.id AND kind = 'read'),
  failed_at = CASE WHEN status = 'failed'
    THEN (SELECT min(at) FROM receipt WHERE message_id = message.id AND kind = 'failed') END
  WHERE id IN (SELECT message_id FROM receipt);
DROP TABLE callback;

-- An id means something only at the provider that gave it. Firebase reports nothing by its ids.
DROP INDEX message_provider;
CREATE INDEX attempt_provider ON attempt (provider_id, provider)
  WHERE provider_id IS NOT NULL AND provider <> 'fcm';

-- Reports about ids that no message has: one may come before its message's own answer was written down.
CREATE TABLE early_receipt (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  -- A JSON list.
  providers TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  permanent INTEGER NOT NULL,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  code TEXT,
  text TEXT,
  -- What the person said no to, as an opt-out has it; null where they did not.
  stopped_channel TEXT,
  stopped_purpose TEXT
) STRICT;
CREATE UNIQUE INDEX early_receipt_once ON early_receipt (provider_id, source, kind, coalesce(code, ''));

-- What people wrote back.
CREATE TABLE reply (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  -- The provider's id of the reply, or what stands for it.
  provider_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  -- As numbers are compared: E.164.
  phone TEXT NOT NULL,
  client_id INTEGER,
  message_id INTEGER REFERENCES message (id) ON DELETE SET NULL,
  at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  text TEXT,
  -- Its whole text was a stop word, and it counted.
  stops INTEGER NOT NULL DEFAULT 0,
  UNIQUE (source, provider_id)
) STRICT;
CREATE INDEX reply_client ON reply (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX reply_message ON reply (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX reply_phone ON reply (phone);

-- The clients of a number.
CREATE INDEX client_mobile ON client (mobile) WHERE mobile IS NOT NULL;
CREATE INDEX client_whatsapp ON client (whatsapp) WHERE whatsapp IS NOT NULL;
CREATE INDEX client_phone ON client (phone) WHERE phone IS NOT NULL;
CREATE INDEX client_work_phone ON client (work_phone) WHERE work_phone IS NOT NULL;

-- The address at which mail to a client bounced for good: not used while it is the client's.
ALTER TABLE client ADD COLUMN email_bounced TEXT;
