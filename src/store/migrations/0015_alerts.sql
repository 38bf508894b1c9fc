-- What was told to the staff, once a day at most.

-- What is told goes by a word of its own (`task:collections`, `closed:sms`); one message tells several.
CREATE TABLE alert (
  day TEXT NOT NULL,
  what TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  PRIMARY KEY (day, what)
) STRICT, WITHOUT ROWID;
