-- Whoever skips or cancels a message that was handed over to other hosts may only wish so. The program sees to that
-- itself while any is handed over: a trigger here had every message of every database looked at for it.
DROP TRIGGER message_shared_wish;
