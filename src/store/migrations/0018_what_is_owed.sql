-- What a contract owes stands in its index: a report reads the invoices of a contract together, which lie apart.
DROP INDEX invoice_owing_contract;
CREATE INDEX invoice_owing_contract
  ON invoice (contract_id, due_on, id, client_id, owed, portfolio) WHERE owing;
