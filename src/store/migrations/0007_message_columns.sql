-- What stood in a message's key, or was put together anew for each claim, has columns of its own.

-- The case that a collection message is about; none for a reminder and for a removal from the bureau's list.
ALTER TABLE message ADD COLUMN case_id INTEGER;
-- The messages that a fault of ours in one spoils together: those of one template and batch.
ALTER TABLE message ADD COLUMN lot TEXT NOT NULL DEFAULT '';

UPDATE message SET
  lot = json_array(template, batch_id, provider_channel, provider_template),
  -- A key is `collection/INVOICE/case-CASE/…`; the number ends where its digits do.
  case_id = CASE
    WHEN origin = 'collection' AND key GLOB 'collection/' || invoice_id || '/case-[0-9]*'
    THEN CAST(substr(key, length('collection/' || invoice_id || '/case-') + 1) AS INTEGER)
  END;
