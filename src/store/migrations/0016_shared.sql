-- What is handed over to a queue that several hosts deliver. A message that was handed over is `shared`, which
-- the history shows as `queued`: nobody here claims it, and it lives as one that is `sending` does.

-- The latest round of each message that was ever handed over.
CREATE TABLE shared (
  message_id INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
  -- What stands for its key there.
  tag TEXT NOT NULL UNIQUE,
  round INTEGER NOT NULL,
  -- Whether it is certain that the round stands there.
  there INTEGER NOT NULL DEFAULT 0,
  -- The number of the last outcome that was brought home.
  outcome INTEGER NOT NULL DEFAULT 0,
  -- What it is to be once it is certain that nobody sends it: `skipped` or `cancelled`, and why.
  wish TEXT,
  wish_reason TEXT,
  wish_detail TEXT
) STRICT;
CREATE INDEX shared_not_there ON shared (message_id) WHERE there = 0;
CREATE INDEX shared_wished ON shared (message_id) WHERE wish IS NOT NULL;
CREATE INDEX message_shared ON message (id, channel) WHERE status = 'shared';

-- Rows to be erased there, because their clients were erased here.
CREATE TABLE shared_forget (
  tag TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Whoever skips or cancels a message that was handed over may wish so: it may be leaving this instant.
CREATE TRIGGER message_shared_wish BEFORE UPDATE OF status ON message
WHEN OLD.status = 'shared' AND NEW.status IN ('skipped', 'cancelled')
BEGIN
  UPDATE shared SET wish = NEW.status, wish_reason = NEW.reason, wish_detail = NEW.detail
  WHERE message_id = OLD.id;
  SELECT RAISE(IGNORE);
END;
