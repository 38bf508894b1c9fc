-- Whether a task of kind sync reads everything, changed or not: only then is it seen what is gone.
ALTER TABLE task ADD COLUMN full INTEGER NOT NULL DEFAULT 0;
