-- What sync remembers, by source: until now there was one, IXC.

-- How far each kind was read: the source's own mark.
ALTER TABLE sync_cursor RENAME TO old_sync_cursor;
CREATE TABLE sync_cursor (
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  changed_until TEXT NOT NULL,
  synced_at INTEGER NOT NULL,
  PRIMARY KEY (source, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_cursor SELECT 'ixc', kind, changed_until, synced_at FROM old_sync_cursor;
DROP TABLE old_sync_cursor;

-- What rows of the source's small forms are called; an empty name: asked for, and not there.
ALTER TABLE sync_name RENAME TO old_sync_name;
CREATE TABLE sync_name (
  source TEXT NOT NULL,
  form TEXT NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (source, form, id)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_name SELECT 'ixc', form, id, name FROM old_sync_name;
DROP TABLE old_sync_name;

-- Codes of the source that regua does not know, as they came, by the row that holds them.
ALTER TABLE sync_code RENAME TO old_sync_code;
CREATE TABLE sync_code (
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  field TEXT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (source, kind, id, field)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_code SELECT 'ixc', kind, id, field, code FROM old_sync_code;
DROP TABLE old_sync_code;

-- Rows that were refused, or that lacked something which may come: read again by the next sync.
ALTER TABLE sync_again RENAME TO old_sync_again;
CREATE TABLE sync_again (
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (source, kind, id)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_again SELECT 'ixc', kind, id FROM old_sync_again;
DROP TABLE old_sync_again;
