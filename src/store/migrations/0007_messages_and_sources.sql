-- What stood in a message's key, or was put together anew for each claim, has columns of its own.

-- The case that a collection message is about; none for a reminder and for a removal from the bureau's list.
ALTER TABLE message ADD COLUMN case_id INTEGER;
-- The messages that a fault of ours in one spoils together: those of one template and batch.
ALTER TABLE message ADD COLUMN lot TEXT NOT NULL DEFAULT '';

UPDATE message SET
  lot = json_array(template, batch_id, provider_channel, provider_template),
  -- A key is `collection/INVOICE/case-CASE/…`; the number ends where its digits do.
  case_id = CASE
    WHEN origin = 'collection' AND key GLOB 'collection/' || invoice_id || '/case-[0-9]*'
    THEN CAST(substr(key, length('collection/' || invoice_id || '/case-') + 1) AS INTEGER)
  END;

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
