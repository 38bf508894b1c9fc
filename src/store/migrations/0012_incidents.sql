-- Outages and cuts: incidents with their audience, access events.

-- An outage, told to whom it concerns. The report is named as it was given, its filters are those given
-- with it; `kind`, `kept_filters` and `kept_orders` are what it was at the opening.
CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  report TEXT NOT NULL,
  filters TEXT NOT NULL,
  kind TEXT NOT NULL,
  kept_filters TEXT NOT NULL,
  kept_orders TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  until INTEGER,
  closed_at INTEGER,
  hold_collection INTEGER NOT NULL DEFAULT 0
) STRICT;
-- One open incident a name, and whether there is any at all.
CREATE UNIQUE INDEX incident_open ON incident (name) WHERE closed_at IS NULL;
CREATE INDEX incident_name ON incident (name, id);

-- What was told of it, step by step from 1: `open`, then each `update`, then `close`.
CREATE TABLE incident_step (
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  template TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (incident_id, number)
) STRICT, WITHOUT ROWID;

-- Whom it concerns, in the report's order, since which step, and by which row.
CREATE TABLE incident_client (
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  place INTEGER NOT NULL,
  client_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  contract_id INTEGER,
  login_id INTEGER,
  PRIMARY KEY (incident_id, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incident_client_once ON incident_client (incident_id, client_id);

-- The messages of its steps.
CREATE TABLE incident_message (
  incident_id INTEGER NOT NULL,
  client_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (incident_id, client_id, step, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_message_id ON incident_message (message_id);

-- What goes before all else in the queue.
ALTER TABLE message ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_urgent ON message (channel, not_before, id)
  WHERE status = 'queued' AND urgent = 1;

-- Each change of a contract's access, counted from 1; the first that is known of it is none.
-- `pending` is `new` until it was looked at, `held` while a person decides, and nothing after that.
CREATE TABLE access_change (
  contract_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  from_status TEXT NOT NULL,
  to_status TEXT NOT NULL,
  at INTEGER,
  pending TEXT,
  PRIMARY KEY (contract_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_change_pending ON access_change (pending, contract_id, number)
  WHERE pending IS NOT NULL;
CREATE TRIGGER contract_access_changed AFTER UPDATE OF access_status ON contract
WHEN old.access_status <> new.access_status
BEGIN
  INSERT INTO access_change (contract_id, number, from_status, to_status, pending)
  SELECT new.id, coalesce(max(number), 0) + 1, old.access_status, new.access_status, 'new'
  FROM access_change WHERE contract_id = new.id;
END;

-- Which state of access a message tells of: it goes only while the contract has it.
CREATE TABLE access_message (
  message_id INTEGER PRIMARY KEY,
  to_status TEXT NOT NULL
) STRICT;
