-- Triggers, and the events of tickets.

-- What an event said of a ticket and the book does not know (yet): kept without a reference.
ALTER TABLE ticket ADD COLUMN told_client_id INTEGER;
ALTER TABLE ticket ADD COLUMN told_topic_id INTEGER;
ALTER TABLE ticket ADD COLUMN told_subtopic_id INTEGER;
ALTER TABLE ticket ADD COLUMN told_responsible_id INTEGER;

-- Lists are JSON: of numbers for topics, subtopics and staff, of texts for the others.
CREATE TABLE "trigger" (
  name TEXT PRIMARY KEY,
  event TEXT NOT NULL,
  topics TEXT NOT NULL DEFAULT '[]',
  subtopics TEXT NOT NULL DEFAULT '[]',
  from_statuses TEXT NOT NULL DEFAULT '[]',
  to_statuses TEXT NOT NULL DEFAULT '[]',
  priorities TEXT NOT NULL DEFAULT '[]',
  audience TEXT NOT NULL DEFAULT '[]',
  teams TEXT NOT NULL DEFAULT '[]',
  staff TEXT NOT NULL DEFAULT '[]',
  fallback TEXT,
  templates TEXT NOT NULL,
  allow_duplicates INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Every event there ever was: its id is never taken twice, and its row is never purged.
-- `told_at` is when it was told, `number` counts as they were told.
CREATE TABLE event (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  ticket_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  told_at INTEGER NOT NULL,
  from_status TEXT,
  to_status TEXT,
  priority TEXT,
  author TEXT,
  text TEXT
) STRICT;
CREATE INDEX event_ticket ON event (ticket_id, number);
