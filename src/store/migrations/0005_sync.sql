-- What sync remembers of the source.

-- How far each kind was read, in the server's own wall-clock time (2026-11-18 03:10:22).
CREATE TABLE sync_cursor (
  kind TEXT PRIMARY KEY,
  changed_until TEXT NOT NULL,
  synced_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the source's small forms call their rows; an empty name: asked for, and not there.
CREATE TABLE sync_name (
  form TEXT NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (form, id)
) STRICT, WITHOUT ROWID;

-- Codes of the source that regua does not know, as they came, by the row that holds them.
CREATE TABLE sync_code (
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  field TEXT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (kind, id, field)
) STRICT, WITHOUT ROWID;

-- Rows that were refused, or that lacked something which may come: read again by the next sync.
CREATE TABLE sync_again (
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
