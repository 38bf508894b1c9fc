-- What WhatsApp reports later about the messages it took.

CREATE TABLE callback (
  message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  provider_id TEXT NOT NULL,
  status TEXT NOT NULL,
  at INTEGER NOT NULL,
  code TEXT,
  text TEXT,
  PRIMARY KEY (message_id, provider_id, status)
) STRICT, WITHOUT ROWID;

-- Reports name a message by the provider's id.
CREATE INDEX message_provider ON message (provider_id)
  WHERE channel = 'whatsapp' AND provider_id IS NOT NULL;
-- Different people written to in 24 hours.
CREATE INDEX message_whatsapp_sent ON message (sent_at)
  WHERE channel = 'whatsapp' AND status = 'sent';
