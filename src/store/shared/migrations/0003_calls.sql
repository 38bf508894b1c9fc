-- A run's calls are numbered, and its row knows the last that was heard: whatever of an earlier one is still on its
-- way (a connection broke, and its server has not noticed) does nothing when it arrives. What a host never heard
-- that it was given, it says so afterwards too, when its lease has run out. An older host ends its run by the
-- functions that it knows.

ALTER TABLE regua.run ADD COLUMN call bigint NOT NULL DEFAULT 0;
-- The last call of its run that was heard before its lease ran out.
ALTER TABLE regua.message ADD COLUMN call bigint;
CREATE INDEX message_unclear ON regua.message (run) WHERE unclear;

-- Settles what silent hosts left in hand: nobody can tell.
CREATE OR REPLACE FUNCTION regua.reap() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  r record;
BEGIN
  PERFORM regua.writing();
  FOR r IN SELECT * FROM regua.run WHERE lease_until < v_now FOR UPDATE SKIP LOCKED LOOP
    WITH lost AS (
      UPDATE regua.message m SET state = 'done', unclear = true, payload = NULL, settled_at = v_now, call = r.call
      WHERE m.state = 'sending' AND m.channel = r.channel AND m.run = r.id
      RETURNING m.id, m.round, m.attempt)
    INSERT INTO regua.outcome (message, round, attempt, what, body, host, at)
    SELECT id, round, attempt, 'unknown', json_build_object('provider', r.provider), r.host, v_now FROM lost;
    UPDATE regua.channel c SET prober = NULL WHERE c.channel = r.channel AND c.prober = r.id;
    DELETE FROM regua.run x WHERE x.id = r.id;
  END LOOP;
END $$;

-- Whether this call is to do anything: not when a later one of its run was heard.
CREATE FUNCTION regua.hear(p_run text, p_call bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE regua.run x SET call = p_call WHERE x.id = p_run AND x.call < p_call;
  IF FOUND THEN
    RETURN true;
  END IF;
  PERFORM 1 FROM regua.run x WHERE x.id = p_run;
  IF FOUND THEN
    RETURN false;
  END IF;
  RETURN NOT EXISTS (SELECT 1 FROM regua.message m WHERE m.unclear AND m.run = p_run AND m.call >= p_call);
END $$;

-- A host is there: its lease is longer from now on, unless it had run out.
CREATE FUNCTION regua.stay(p_run text, p_lease integer, p_call bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  RETURN regua.hear(p_run, p_call) AND regua.stay(p_run, p_lease);
END $$;

-- One round of a host, by the number of its call.
CREATE FUNCTION regua.round(
  p_run text, p_host text, p_place text, p_lease integer, p_rows json, p_given_back bigint[], p_rest_ms integer,
  p_channel text, p_room integer, p_lots text[], p_ids bigint[], p_stale integer,
  p_rate integer, p_daily integer, p_paused boolean, p_numbers_since_ms bigint, p_call bigint
) RETURNS json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT regua.hear(p_run, p_call) THEN
    RETURN json_build_object('alive', false, 'undone', 0,
      'now_ms', (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 'claim', NULL);
  END IF;
  RETURN regua.round(p_run, p_host, p_place, p_lease, p_rows, p_given_back, p_rest_ms, p_channel, p_room, p_lots,
    p_ids, p_stale, p_rate, p_daily, p_paused, p_numbers_since_ms);
END $$;

-- What a call gave out whose answer never came is not in anybody's hand. Under its lease it waits again; after that
-- it was said that nobody can tell, and now it is said that it was not begun, unless it went on meanwhile. A run
-- that ends has nothing in hand.
CREATE FUNCTION regua.put_back(p_run text, p_in_hand bigint[], p_ends boolean, p_call bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT regua.hear(p_run, p_call) THEN
    RETURN;
  END IF;
  PERFORM regua.put_back(p_run, p_in_hand, p_ends);
  PERFORM regua.writing();
  WITH mine AS (
    UPDATE regua.message m SET unclear = false, settled_at = clock_timestamp()
    WHERE m.unclear AND m.state = 'done' AND m.run = p_run AND m.call < p_call AND m.id <> ALL (p_in_hand)
    RETURNING m.id, m.round, m.attempt),
  unwritten AS (DELETE FROM regua.recipient x USING mine WHERE x.message = mine.id)
  INSERT INTO regua.outcome (message, round, attempt, what, host, at)
  SELECT mine.id, mine.round, mine.attempt, 'untouched',
    (SELECT o.host FROM regua.outcome o WHERE o.message = mine.id ORDER BY o.number DESC LIMIT 1), clock_timestamp()
  FROM mine;
END $$;
