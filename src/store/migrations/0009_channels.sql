-- Channels letter and chat, and what staff are alerted of.

-- Gateways: numbers that were asked about before anybody wrote to them, with what was said of each.
CREATE TABLE number_asked (
  channel TEXT NOT NULL,
  number TEXT NOT NULL,
  there INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  PRIMARY KEY (channel, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_asked_at ON number_asked (asked_at);
