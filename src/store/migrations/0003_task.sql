-- Tasks, their runs, and the keys of messages that the purge deleted.

-- `considered_at`: matching minutes up to this instant are done with.
CREATE TABLE task (
  name TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  minute TEXT NOT NULL,
  hour TEXT NOT NULL,
  day TEXT NOT NULL,
  month TEXT NOT NULL,
  weekday TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  channels TEXT NOT NULL DEFAULT '[]',
  report TEXT,
  template TEXT,
  recipients INTEGER,
  considered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `due_at`: the matching minute it ran for; none when a person ran it.
CREATE TABLE task_run (
  id INTEGER PRIMARY KEY,
  task TEXT NOT NULL,
  run TEXT NOT NULL,
  due_at INTEGER,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  seconds REAL,
  outcome TEXT NOT NULL,
  counts TEXT NOT NULL DEFAULT '{}',
  message TEXT
) STRICT;
CREATE INDEX task_run_task ON task_run (task, id);
CREATE INDEX task_run_running ON task_run (id) WHERE outcome = 'running';

-- Keys outlive their messages: the same decision is never carried out again. The purge that fills
-- this table also makes the trigger that looks into it, so that nobody else pays for it.
CREATE TABLE spent_key (
  key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
