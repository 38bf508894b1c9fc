-- Collections: rules, cases and their moves, reminders that fired, what was told of the credit
-- bureau, and holds. `case` is a word of SQL's own, hence `collection_case`.

-- A rule's own switches; `evaluated_on` is the last day it was evaluated.
CREATE TABLE rule (
  name TEXT PRIMARY KEY,
  one_message_per_client INTEGER NOT NULL,
  roll_due_date INTEGER NOT NULL,
  enter_until_days INTEGER,
  -- No reminders when null.
  reminder_deliver TEXT,
  closing_deliver TEXT NOT NULL,
  evaluated_on TEXT
) STRICT, WITHOUT ROWID;

-- A portfolio belongs to one rule; a rule with none takes every portfolio that stands here not at all.
CREATE TABLE rule_portfolio (
  portfolio TEXT PRIMARY KEY,
  rule TEXT NOT NULL REFERENCES rule (name) ON DELETE CASCADE,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_portfolio_rule ON rule_portfolio (rule);

CREATE TABLE rule_reminder (
  rule TEXT NOT NULL REFERENCES rule (name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (rule, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_stage (
  rule TEXT NOT NULL REFERENCES rule (name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  stage TEXT NOT NULL,
  day INTEGER NOT NULL,
  deliver TEXT NOT NULL,
  PRIMARY KEY (rule, position)
) STRICT, WITHOUT ROWID;

-- Phases are `reminder`, `stage:notice`, `closing:paid` and the like.
CREATE TABLE rule_template (
  rule TEXT NOT NULL REFERENCES rule (name) ON DELETE CASCADE,
  phase TEXT NOT NULL,
  position INTEGER NOT NULL,
  template TEXT NOT NULL,
  PRIMARY KEY (rule, phase, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_template_template ON rule_template (template);

-- One invoice's way through a rule. The rule's name outlives the rule. `since` is the day of the last
-- move to a stage, `due_on` the printed due date when the case began.
CREATE TABLE collection_case (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  invoice_id INTEGER NOT NULL REFERENCES invoice (id),
  client_id INTEGER NOT NULL,
  stage TEXT NOT NULL,
  since TEXT NOT NULL,
  due_on TEXT NOT NULL,
  outcome TEXT,
  closed_on TEXT
) STRICT;
-- An invoice has at most one open case, whatever goes wrong.
CREATE UNIQUE INDEX collection_case_open ON collection_case (invoice_id) WHERE outcome IS NULL;
CREATE INDEX collection_case_rule ON collection_case (rule, invoice_id, stage, since, due_on)
  WHERE outcome IS NULL;
CREATE INDEX collection_case_invoice ON collection_case (invoice_id, id);

-- Every move of a case: the stage entered, or the outcome it closed with; `owed` in cents at that moment.
CREATE TABLE collection_move (
  case_id INTEGER NOT NULL REFERENCES collection_case (id),
  number INTEGER NOT NULL,
  moved_on TEXT NOT NULL,
  move TEXT NOT NULL,
  owed INTEGER NOT NULL,
  PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;

-- Each (invoice, due date, days before it) fires at most once ever: never purged.
CREATE TABLE collection_reminder (
  invoice_id INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  days INTEGER NOT NULL,
  rule TEXT NOT NULL,
  fired_on TEXT NOT NULL,
  PRIMARY KEY (invoice_id, due_on, days)
) STRICT, WITHOUT ROWID;

-- Of each listing with the credit bureau: the day on which telling of its removal was put off because
-- the case closed, and the day it was told.
CREATE TABLE collection_bureau (
  invoice_id INTEGER NOT NULL,
  listed_on TEXT NOT NULL,
  put_off_on TEXT,
  told_on TEXT,
  PRIMARY KEY (invoice_id, listed_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_bureau_put_off ON collection_bureau (invoice_id)
  WHERE told_on IS NULL AND put_off_on IS NOT NULL;

-- What a person put on hold: a client, or one invoice; `until` is its last day, none: without end.
CREATE TABLE hold (
  id INTEGER PRIMARY KEY,
  client_id INTEGER REFERENCES client (id),
  invoice_id INTEGER REFERENCES invoice (id),
  until TEXT,
  why TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  removed_at INTEGER,
  CHECK ((client_id IS NULL) <> (invoice_id IS NULL))
) STRICT;
CREATE INDEX hold_client ON hold (client_id) WHERE removed_at IS NULL AND client_id IS NOT NULL;
CREATE INDEX hold_invoice ON hold (invoice_id) WHERE removed_at IS NULL AND invoice_id IS NOT NULL;

-- What an update looks through: owing invoices by due date, and removals from the bureau's list.
CREATE INDEX invoice_owing_due ON invoice (due_on, portfolio) WHERE owing;
CREATE INDEX invoice_bureau_removed ON invoice (bureau_removed_on, id) WHERE bureau_removed_on IS NOT NULL;
