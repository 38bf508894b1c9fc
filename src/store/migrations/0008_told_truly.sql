-- What makes texts, addresses, blame and reading true.

-- The book: columns of the ERP's exports.
ALTER TABLE client ADD COLUMN phone TEXT;
ALTER TABLE client ADD COLUMN work_phone TEXT;
ALTER TABLE client ADD COLUMN street TEXT;
ALTER TABLE client ADD COLUMN number TEXT;
ALTER TABLE client ADD COLUMN complement TEXT;
ALTER TABLE client ADD COLUMN state TEXT;
ALTER TABLE client ADD COLUMN zip TEXT;
ALTER TABLE contract ADD COLUMN payment_method TEXT;
ALTER TABLE invoice ADD COLUMN payment_method TEXT;
ALTER TABLE staff ADD COLUMN chat TEXT;

-- Messages: what was planned, and what left.

-- Delivery: outages, attempts, opt-outs that a provider reported.

-- Collections.

-- Tickets, tasks and birthdays.

-- Backup and restore.
