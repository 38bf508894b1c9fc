-- A contract that goes to another client with another state of access was cut, or connected again, for nobody: the
-- one who has it now never had the former state.
DROP TRIGGER contract_access_changed;
CREATE TRIGGER contract_access_changed AFTER UPDATE OF access_status ON contract
WHEN old.access_status <> new.access_status AND old.client_id = new.client_id
BEGIN
  INSERT INTO access_change (contract_id, number, from_status, to_status, pending)
  SELECT new.id, coalesce(max(number), 0) + 1, old.access_status, new.access_status, 'new'
  FROM access_change WHERE contract_id = new.id;
END;
