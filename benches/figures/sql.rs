//! The floors that are SQL, each the best that was found by hand.

/// The table of invoices as CSV can fill it, with the same indexes.
pub const IMPORT_TABLE: &str = "
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE invoice (
  id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL, contract_id INTEGER, number TEXT, portfolio TEXT,
  issued_on TEXT, due_on TEXT NOT NULL, amount REAL NOT NULL, open_amount REAL, status TEXT NOT NULL,
  digitable_line TEXT, pix_code TEXT);
CREATE INDEX invoice_owing_client ON invoice (client_id, due_on, id) WHERE status IN ('A', 'P');
CREATE INDEX invoice_owing_contract ON invoice (contract_id, due_on, id, client_id, open_amount, portfolio)
  WHERE status IN ('A', 'P');
CREATE INDEX invoice_owing_due ON invoice (due_on, portfolio) WHERE status IN ('A', 'P');";

/// Reading every owing invoice once.
pub const READ_INVOICES: &str =
    "SELECT count(*), sum(owed), max(due_on), max(portfolio) FROM invoice WHERE owing;";

/// What an update writes, as sets: cases, their moves, and a message for each.
pub const UPDATE: &str = "
PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;
BEGIN IMMEDIATE;
SELECT count(*) FROM invoice INDEXED BY invoice_owing_due WHERE owing;
INSERT INTO collection_case (rule, invoice_id, client_id, stage, since, due_on)
  SELECT 'homes', i.id, i.client_id, 'notice', '2026-11-23', i.due_on
  FROM invoice i JOIN client c ON c.id = i.client_id
  WHERE i.owing AND i.due_on <= '2026-11-20' AND c.in_collection
    AND NOT EXISTS (SELECT 1 FROM collection_case k WHERE k.invoice_id = i.id AND k.outcome IS NULL)
  ORDER BY i.client_id;
INSERT INTO collection_move (case_id, number, moved_on, move, owed)
  SELECT k.id, 1, '2026-11-23', 'notice', i.owed
  FROM collection_case k JOIN invoice i ON i.id = k.invoice_id WHERE k.since = '2026-11-23';
INSERT INTO message (key, channel, purpose, kind, template, origin, event, client_id, contract_id,
    invoice_id, address, address_kind, title, body, status, created_at, expires_at, while_owing, case_id,
    lot, due_on, seen)
  SELECT 'collection/' || i.id || '/1/stage:notice/notice-whatsapp/whatsapp', 'whatsapp', 'collection',
    'financial', 'notice-whatsapp', 'collection', 'stage:notice', i.client_id, i.contract_id, i.id, c.mobile,
    NULL, NULL,
    'Olá, ' || substr(c.name, 1, instr(c.name, ' ') - 1) || '. A fatura ' || i.number || ', de R$ ' ||
    printf('%d,%02d', i.owed / 100, i.owed % 100) || ', venceu em ' || substr(i.due_on, 9, 2) || '/' ||
    substr(i.due_on, 6, 2) || '/' || substr(i.due_on, 1, 4) || '.',
    'queued', 1795348800000, 1795953600000, 1, k.id, '[\"notice-whatsapp\",null,null,null]', i.due_on,
    '2026-11-23/4d2f1c9ab03e77aa/7'
  FROM collection_case k JOIN invoice i ON i.id = k.invoice_id JOIN client c ON c.id = i.client_id
  WHERE k.since = '2026-11-23' AND c.mobile IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.client_id = c.id);
UPDATE rule SET evaluated_on = '2026-11-23';
COMMIT;";

/// Every contract with all that the report tells of it.
pub const REPORT_ALL: &str = "
SELECT k.id AS contract_id, k.status AS contract_status, k.access_status, k.plan, k.seller,
  coalesce(k.branch, c.branch) AS branch, k.activated_on, c.id AS client_id, c.name AS client_name,
  iif(c.active, 'yes', 'no') AS client_active, c.person_type, coalesce(k.city, c.city) AS city,
  coalesce(k.district, c.district) AS district, c.birth_date, c.mobile, c.email,
  coalesce(o.open, 0) AS open_invoices, coalesce(o.overdue, 0) AS overdue_invoices,
  o.oldest AS oldest_due_on,
  coalesce(max(0, CAST(julianday('2026-11-23') - julianday(o.oldest) AS INTEGER)), 0) AS overdue_days,
  printf('%d.%02d', coalesce(o.total, 0) / 100, coalesce(o.total, 0) % 100) AS overdue_total,
  o.portfolio,
  iif(EXISTS (SELECT 1 FROM device d WHERE d.client_id = c.id AND d.gone_at IS NULL), 'yes', 'no') AS has_app
FROM contract k JOIN client c ON c.id = k.client_id
LEFT JOIN (SELECT contract_id, count(*) AS open, sum(due_on < '2026-11-23') AS overdue,
             min(due_on) AS oldest, sum(iif(due_on < '2026-11-23', owed, 0)) AS total, portfolio
           FROM invoice WHERE owing AND contract_id IS NOT NULL GROUP BY contract_id) o
  ON o.contract_id = k.id
ORDER BY k.id;";

/// The same of those that four filters leave.
pub const REPORT_FILTERED: &str = "
WITH late AS (
  SELECT contract_id, count(*) AS open, sum(due_on < '2026-11-23') AS overdue,
    min(due_on) AS oldest, sum(iif(due_on < '2026-11-23', owed, 0)) AS total, portfolio
  FROM invoice WHERE owing AND contract_id IN (
    SELECT contract_id FROM invoice WHERE owing AND due_on <= '2026-11-18')
  GROUP BY contract_id)
SELECT k.id AS contract_id, k.status AS contract_status, k.access_status, k.plan, k.seller,
  coalesce(k.branch, c.branch) AS branch, k.activated_on, c.id AS client_id, c.name AS client_name,
  iif(c.active, 'yes', 'no') AS client_active, c.person_type, coalesce(k.city, c.city) AS city,
  coalesce(k.district, c.district) AS district, c.birth_date, c.mobile, c.email,
  o.open AS open_invoices, o.overdue AS overdue_invoices, o.oldest AS oldest_due_on,
  CAST(julianday('2026-11-23') - julianday(o.oldest) AS INTEGER) AS overdue_days,
  printf('%d.%02d', o.total / 100, o.total % 100) AS overdue_total, o.portfolio,
  iif(EXISTS (SELECT 1 FROM device d WHERE d.client_id = c.id AND d.gone_at IS NULL), 'yes', 'no') AS has_app
FROM late o CROSS JOIN contract k ON k.id = o.contract_id JOIN client c ON c.id = k.client_id
WHERE k.status = 'active' AND k.access_status IN ('auto_block', 'manual_block')
  AND coalesce(k.city, c.city) IS NOT 'Seara'
ORDER BY k.id;";
