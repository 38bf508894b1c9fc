-- What a notice announced, as its text says it: the first days on which access may be suspended and the contract be
-- rescinded. Notices of before have neither: theirs are reckoned from the day they were given.
ALTER TABLE notice ADD COLUMN suspend_from TEXT;
ALTER TABLE notice ADD COLUMN rescind_from TEXT;
