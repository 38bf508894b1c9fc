-- What a message can come from, and ways of congratulating.

-- Whether a message's text no longer speaks of this invoice: it was written again without it.
ALTER TABLE message_speaks_for ADD COLUMN unsaid INTEGER NOT NULL DEFAULT 0;
