-- The book, the templates and reports, the queue and the history.
-- Days are text (2026-12-10), instants whole milliseconds since 1970 (UTC), money whole cents,
-- yes and no 1 and 0, words their canonical spelling.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `imported` is the import's number times 2^32 plus the line: it tells an id that stands twice in one file.
CREATE TABLE client (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  person_type TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  birth_date TEXT,
  mobile TEXT,
  whatsapp TEXT,
  email TEXT,
  tax_id TEXT,
  city TEXT,
  district TEXT,
  branch TEXT,
  app_first_access_on TEXT,
  in_collection INTEGER NOT NULL DEFAULT 1,
  in_reminders INTEGER NOT NULL DEFAULT 1,
  sms_allowed INTEGER NOT NULL DEFAULT 1,
  email_allowed INTEGER NOT NULL DEFAULT 1,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX client_birthday ON client (substr(birth_date, 6), id)
  WHERE birth_date IS NOT NULL AND person_type = 'individual';

CREATE TABLE contract (
  id INTEGER PRIMARY KEY,
  client_id INTEGER NOT NULL REFERENCES client (id),
  plan TEXT,
  status TEXT NOT NULL,
  access_status TEXT,
  activated_on TEXT,
  branch TEXT,
  seller TEXT,
  city TEXT,
  district TEXT,
  notice_hold_until TEXT,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX contract_client ON contract (client_id);

CREATE TABLE invoice (
  id INTEGER PRIMARY KEY,
  client_id INTEGER NOT NULL REFERENCES client (id),
  contract_id INTEGER REFERENCES contract (id),
  number TEXT,
  portfolio TEXT,
  issued_on TEXT,
  due_on TEXT NOT NULL,
  amount INTEGER NOT NULL,
  open_amount INTEGER,
  status TEXT NOT NULL,
  settled_on TEXT,
  released INTEGER NOT NULL DEFAULT 1,
  awaiting_confirmation INTEGER NOT NULL DEFAULT 0,
  digitable_line TEXT,
  pix_code TEXT,
  payment_url TEXT,
  bureau_listed_on TEXT,
  bureau_removed_on TEXT,
  imported INTEGER NOT NULL DEFAULT 0,
  -- What is still owed, in cents: nothing once settled.
  owed INTEGER GENERATED ALWAYS AS
    (CASE WHEN status IN ('open', 'partial') THEN coalesce(open_amount, amount) ELSE 0 END) VIRTUAL,
  -- Open or partial, released, not awaiting confirmation, something still to pay.
  owing INTEGER GENERATED ALWAYS AS
    (status IN ('open', 'partial') AND released AND NOT awaiting_confirmation
     AND coalesce(open_amount, amount) > 0) VIRTUAL
) STRICT;
CREATE INDEX invoice_owing_client ON invoice (client_id, due_on, id) WHERE owing;
CREATE INDEX invoice_owing_contract ON invoice (contract_id, due_on, id) WHERE owing;

CREATE TABLE login (
  id INTEGER PRIMARY KEY,
  client_id INTEGER NOT NULL REFERENCES client (id),
  contract_id INTEGER REFERENCES contract (id),
  username TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  online TEXT NOT NULL DEFAULT 'unknown',
  ip TEXT,
  concentrator TEXT,
  pop TEXT,
  box TEXT,
  last_online_at INTEGER,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX login_client ON login (client_id);

-- A device that a provider called gone stays, with the day and the reason, until it is seen again.
CREATE TABLE device (
  address TEXT PRIMARY KEY,
  address_kind TEXT NOT NULL DEFAULT 'token',
  client_id INTEGER NOT NULL REFERENCES client (id),
  platform TEXT,
  logged_in INTEGER NOT NULL DEFAULT 1,
  notifications_enabled INTEGER NOT NULL DEFAULT 1,
  last_seen_at INTEGER,
  gone_at INTEGER,
  gone_reason TEXT,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX device_client ON device (client_id);

CREATE TABLE staff (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT,
  mobile TEXT,
  teams TEXT,
  ticket_manager INTEGER NOT NULL DEFAULT 0,
  notify_replies INTEGER NOT NULL DEFAULT 0,
  notify_workflow INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 1,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE topic (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  parent_id INTEGER REFERENCES topic (id) DEFERRABLE INITIALLY DEFERRED,
  teams TEXT,
  alert_text TEXT,
  alert_staff TEXT,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE ticket (
  id INTEGER PRIMARY KEY,
  client_id INTEGER REFERENCES client (id),
  topic_id INTEGER REFERENCES topic (id),
  subtopic_id INTEGER REFERENCES topic (id),
  title TEXT,
  status TEXT,
  priority TEXT,
  responsible_id INTEGER REFERENCES staff (id),
  opened_by TEXT,
  visible_to_client INTEGER NOT NULL DEFAULT 0,
  opened_at INTEGER,
  imported INTEGER NOT NULL DEFAULT 0
) STRICT;

-- An empty channel or purpose means all.
CREATE TABLE opt_out (
  client_id INTEGER NOT NULL REFERENCES client (id),
  channel TEXT NOT NULL DEFAULT '',
  purpose TEXT NOT NULL DEFAULT '',
  since TEXT,
  source TEXT,
  imported INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (client_id, channel, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE template (
  name TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  purpose TEXT NOT NULL,
  title TEXT,
  body TEXT NOT NULL,
  html TEXT,
  description TEXT,
  provider_channel TEXT,
  provider_template TEXT,
  variables TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- Filters and order as they were written, each a JSON list of texts.
CREATE TABLE report (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  filters TEXT NOT NULL,
  orders TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  report TEXT NOT NULL,
  template TEXT NOT NULL,
  filters TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  matched INTEGER NOT NULL,
  recipients INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  seconds REAL NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  channel TEXT NOT NULL,
  purpose TEXT NOT NULL,
  kind TEXT NOT NULL,
  template TEXT,
  origin TEXT NOT NULL,
  event TEXT NOT NULL,
  client_id INTEGER,
  staff_id INTEGER,
  contract_id INTEGER,
  invoice_id INTEGER,
  login_id INTEGER,
  ticket_id INTEGER,
  address TEXT,
  address_kind TEXT,
  title TEXT,
  body TEXT,
  html TEXT,
  provider_channel TEXT,
  provider_template TEXT,
  variables TEXT,
  status TEXT NOT NULL,
  reason TEXT,
  detail TEXT,
  created_at INTEGER NOT NULL,
  -- 0: at once.
  not_before INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  sent_at INTEGER,
  -- Requests made for it; and how many of them were answered "later".
  attempts INTEGER NOT NULL DEFAULT 0,
  retries INTEGER NOT NULL DEFAULT 0,
  provider_id TEXT,
  batch_id INTEGER,
  -- Only while its invoice is owing: looked at again when its turn comes.
  while_owing INTEGER NOT NULL DEFAULT 0
) STRICT;
-- What delivery polls: due first, then in the order they were made.
CREATE INDEX message_due ON message (channel, not_before, id) WHERE status = 'queued';
CREATE INDEX message_in_flight ON message (channel, id) WHERE status = 'sending';
CREATE INDEX message_unknown ON message (channel, id) WHERE status = 'unknown';
CREATE INDEX message_client ON message (client_id, id);
CREATE INDEX message_invoice ON message (invoice_id, id) WHERE invoice_id IS NOT NULL;
CREATE INDEX message_ticket ON message (ticket_id, id) WHERE ticket_id IS NOT NULL;
CREATE INDEX message_batch ON message (batch_id, id) WHERE batch_id IS NOT NULL;

CREATE TABLE attempt (
  message_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  provider TEXT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  text TEXT,
  provider_id TEXT,
  PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;
