-- The queue that several hosts deliver, as PostgreSQL carries it. What each table and function is for stands in
-- src/store/shared/mod.rs. Every function is one step that holds by itself: a host that is stopped or cut off
-- in the middle of a call holds nothing.

CREATE SCHEMA regua;

CREATE TABLE regua.version (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  number integer NOT NULL
);

-- The one database that plans. `turn` changes with each of its visits: a copy of it is found out.
CREATE TABLE regua.planner (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id text NOT NULL,
  turn text NOT NULL,
  host text NOT NULL,
  place text NOT NULL,
  file text NOT NULL,
  seen_at timestamptz NOT NULL,
  -- When it began the look at the whole queue that it finished last.
  confirmed_at timestamptz,
  stale_seconds integer NOT NULL DEFAULT 180,
  -- Its clock less this server's.
  ahead_ms bigint NOT NULL DEFAULT 0,
  manners json,
  -- Outcomes up to this one are in its database.
  gathered bigint NOT NULL DEFAULT 0
);

-- One row a message. `tag` stands for its key; the key itself is kept for a planner that lost the message.
CREATE TABLE regua.message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text NOT NULL UNIQUE,
  key text,
  round integer NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'sending', 'done', 'withdrawn')),
  -- Its host went silent, and nobody can tell; it may still say.
  unclear boolean NOT NULL DEFAULT false,
  channel text NOT NULL,
  turn smallint NOT NULL,
  place bigint NOT NULL,
  sequence bigint NOT NULL,
  lot text NOT NULL,
  address text NOT NULL,
  attempt integer NOT NULL,
  valid_until timestamptz NOT NULL,
  payload json,
  run text,
  settled_at timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX message_waiting ON regua.message (channel, turn, place, sequence) WHERE state = 'waiting';
CREATE INDEX message_valid ON regua.message (valid_until) WHERE state = 'waiting';
CREATE INDEX message_sending ON regua.message (channel, run) WHERE state = 'sending';
CREATE INDEX message_settled ON regua.message (settled_at) WHERE state IN ('done', 'withdrawn');

-- What became of rounds, in an order of its own: the planner reads on from where it was.
CREATE TABLE regua.outcome (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message bigint NOT NULL REFERENCES regua.message (id) ON DELETE CASCADE,
  round integer NOT NULL,
  attempt integer NOT NULL,
  what text NOT NULL,
  body json,
  host text,
  at timestamptz NOT NULL
);
CREATE INDEX outcome_message ON regua.outcome (message, number);
CREATE INDEX outcome_at ON regua.outcome (at);

-- What belongs to all hosts together.
CREATE TABLE regua.channel (
  channel text PRIMARY KEY,
  next_slot timestamptz NOT NULL DEFAULT '-infinity',
  rest_until timestamptz NOT NULL DEFAULT '-infinity',
  outage_since timestamptz,
  tried_at timestamptz,
  is_later boolean,
  why text,
  alike text,
  -- The run that tries whether the outage is over.
  prober text
);

CREATE TABLE regua.host (
  host text NOT NULL,
  place text NOT NULL,
  seen_at timestamptz NOT NULL,
  sent bigint NOT NULL DEFAULT 0,
  version text NOT NULL,
  PRIMARY KEY (host, place)
);

-- A host at work on a channel; what it has in hand is its own until the lease ends.
CREATE TABLE regua.run (
  id text PRIMARY KEY,
  host text NOT NULL,
  place text NOT NULL,
  channel text NOT NULL,
  provider text NOT NULL,
  lease_until timestamptz NOT NULL
);
CREATE INDEX run_lease ON regua.run (lease_until);

-- Who was written to within a day, where the provider limits that.
CREATE TABLE regua.recipient (
  channel text NOT NULL,
  address text NOT NULL,
  at timestamptz NOT NULL,
  message bigint,
  PRIMARY KEY (channel, address)
);
CREATE INDEX recipient_at ON regua.recipient (channel, at);
CREATE INDEX recipient_message ON regua.recipient (message);

-- Which numbers exist, where that is asked.
CREATE TABLE regua.number (
  channel text NOT NULL,
  number text NOT NULL,
  is_there boolean NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (channel, number)
);

-- Whoever writes an outcome holds this with others; whoever asks for the last one, alone: no number below it
-- is still to appear.
CREATE FUNCTION regua.writing() RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock_shared(1919249781, 1) $$;

-- Refuses whoever is not the planner whose turn it is.
CREATE FUNCTION regua.planning(p_turn text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM regua.planner p WHERE p.turn = p_turn FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another planner took over' USING ERRCODE = 'RG001';
  END IF;
END $$;

-- The planner's visit: whether it is the one, and the turn it has from now on.
CREATE FUNCTION regua.visit(
  p_id text, p_latest text, p_next text, p_host text, p_place text, p_file text, p_restored boolean,
  p_forced boolean, p_stale integer
) RETURNS json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  p regua.planner;
  v_answer text := 'ours';
BEGIN
  SELECT * INTO p FROM regua.planner FOR UPDATE;
  IF NOT FOUND THEN
    IF NOT p_forced THEN
      RETURN json_build_object('answer', 'unset');
    END IF;
    INSERT INTO regua.planner (id, turn, host, place, file, seen_at)
    VALUES (p_id, p_next, p_host, p_place, p_file, v_now);
    RETURN json_build_object('answer', 'taken', 'now_ms', extract(epoch FROM v_now) * 1000);
  END IF;
  IF p.id <> p_id THEN
    v_answer := 'other';
  ELSIF p.place <> p_place OR p.file <> p_file THEN
    v_answer := 'elsewhere';
  ELSIF p.turn <> p_latest AND p.turn <> p_next THEN
    v_answer := 'moved';
  END IF;
  IF v_answer <> 'ours' THEN
    IF p_forced OR (p_restored AND p.id = p_id
        AND ((p.host = p_host AND p.place = p_place)
             OR p.seen_at < v_now - make_interval(secs => p_stale))) THEN
      v_answer := 'taken';
    ELSE
      RETURN json_build_object('answer', v_answer, 'host', p.host, 'place', p.place,
        'seen_ms', extract(epoch FROM v_now - p.seen_at) * 1000);
    END IF;
  END IF;
  UPDATE regua.planner SET id = p_id, turn = p_next, host = p_host, place = p_place, file = p_file,
    seen_at = v_now, confirmed_at = CASE WHEN v_answer = 'ours' THEN confirmed_at END,
    gathered = CASE WHEN v_answer = 'ours' THEN gathered ELSE 0 END;
  RETURN json_build_object('answer', v_answer, 'now_ms', extract(epoch FROM v_now) * 1000);
END $$;

-- Hands messages over, by tag and round; what each came to.
CREATE FUNCTION regua.share(p_turn text, p_rows json)
RETURNS TABLE (r_tag text, r_answer text, r_round integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  r record;
  m regua.message;
BEGIN
  PERFORM regua.planning(p_turn);
  FOR r IN SELECT * FROM json_to_recordset(p_rows) AS x(tag text, key text, round integer, channel text,
      turn smallint, place bigint, sequence bigint, lot text, address text, attempt integer,
      valid_ms bigint, payload json) LOOP
    r_tag := r.tag;
    r_round := r.round;
    r_answer := 'there';
    INSERT INTO regua.message (tag, key, round, state, channel, turn, place, sequence, lot, address, attempt,
      valid_until, payload)
    VALUES (r.tag, r.key, r.round, 'waiting', r.channel, r.turn, r.place, r.sequence, r.lot, r.address,
      r.attempt, v_now + make_interval(secs => r.valid_ms / 1000.0), r.payload)
    ON CONFLICT (tag) DO NOTHING;
    IF NOT FOUND THEN
      SELECT * INTO m FROM regua.message x WHERE x.tag = r.tag FOR UPDATE;
      IF m.state = 'waiting' AND m.round <= r.round
          OR m.state IN ('done', 'withdrawn') AND m.round < r.round THEN
        UPDATE regua.message x SET key = r.key, round = r.round, state = 'waiting', unclear = false,
          channel = r.channel, turn = r.turn, place = r.place, sequence = r.sequence, lot = r.lot,
          address = r.address, attempt = r.attempt,
          valid_until = v_now + make_interval(secs => r.valid_ms / 1000.0), payload = r.payload,
          run = NULL, settled_at = NULL
        WHERE x.id = m.id;
      ELSE
        r_round := m.round;
        r_answer := CASE WHEN m.state IN ('done', 'withdrawn') THEN 'over' ELSE 'out' END;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- Takes messages back that nobody has claimed; which those are. Those taken back before count too.
CREATE FUNCTION regua.withdraw(p_turn text, p_tags text[], p_rounds integer[]) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  PERFORM regua.planning(p_turn);
  PERFORM regua.writing();
  WITH taken AS (
    UPDATE regua.message m SET state = 'withdrawn', payload = NULL, settled_at = v_now
    FROM unnest(p_tags, p_rounds) AS w(tag, round)
    WHERE m.tag = w.tag AND m.round = w.round AND m.state = 'waiting'
    RETURNING m.id, m.round, m.attempt)
  INSERT INTO regua.outcome (message, round, attempt, what, at)
  SELECT id, round, attempt, 'withdrawn', v_now FROM taken;
  RETURN QUERY SELECT m.tag FROM regua.message m JOIN unnest(p_tags, p_rounds) AS w(tag, round)
    ON m.tag = w.tag AND m.round = w.round WHERE m.state = 'withdrawn';
END $$;

-- Which of these nobody here knows of.
CREATE FUNCTION regua.absent(p_tags text[]) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT w.tag FROM unnest(p_tags) AS w(tag)
  WHERE NOT EXISTS (SELECT 1 FROM regua.message m WHERE m.tag = w.tag)
$$;

-- Erases what there is of messages, and takes back those that wait.
CREATE FUNCTION regua.forget(p_turn text, p_tags text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  PERFORM regua.planning(p_turn);
  PERFORM regua.writing();
  WITH taken AS (
    UPDATE regua.message m SET state = 'withdrawn', payload = NULL, settled_at = v_now
    WHERE m.tag = ANY (p_tags) AND m.state = 'waiting' RETURNING m.id, m.round, m.attempt)
  INSERT INTO regua.outcome (message, round, attempt, what, at)
  SELECT id, round, attempt, 'withdrawn', v_now FROM taken;
  DELETE FROM regua.recipient r USING regua.message m WHERE m.tag = ANY (p_tags) AND r.message = m.id;
  UPDATE regua.message m SET key = NULL, address = '', lot = '', payload = NULL
  WHERE m.tag = ANY (p_tags) AND m.state <> 'sending';
END $$;

-- The planner has looked at the whole queue as it was at p_since_ms.
CREATE FUNCTION regua.confirm(
  p_turn text, p_since_ms double precision, p_stale integer, p_ahead_ms bigint, p_manners json
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM regua.planning(p_turn);
  UPDATE regua.planner SET confirmed_at = to_timestamp(p_since_ms / 1000), stale_seconds = p_stale,
    ahead_ms = p_ahead_ms, manners = p_manners;
END $$;

-- Settles what silent hosts left in hand: nobody can tell.
CREATE FUNCTION regua.reap() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  r record;
BEGIN
  PERFORM regua.writing();
  FOR r IN SELECT * FROM regua.run WHERE lease_until < v_now FOR UPDATE SKIP LOCKED LOOP
    WITH lost AS (
      UPDATE regua.message m SET state = 'done', unclear = true, payload = NULL, settled_at = v_now
      WHERE m.state = 'sending' AND m.channel = r.channel AND m.run = r.id
      RETURNING m.id, m.round, m.attempt)
    INSERT INTO regua.outcome (message, round, attempt, what, body, host, at)
    SELECT id, round, attempt, 'unknown', json_build_object('provider', r.provider), r.host, v_now FROM lost;
    UPDATE regua.channel c SET prober = NULL WHERE c.channel = r.channel AND c.prober = r.id;
    DELETE FROM regua.run x WHERE x.id = r.id;
  END LOOP;
END $$;

-- Takes back what waits and may not go any more, a lot at a time; how much.
CREATE FUNCTION regua.take_back(p_turn text, p_stale integer, p_all boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_all boolean := p_all;
  v_taken integer;
BEGIN
  PERFORM regua.planning(p_turn);
  PERFORM regua.writing();
  IF NOT v_all THEN
    SELECT coalesce(confirmed_at < v_now - make_interval(secs => least(stale_seconds, p_stale)), true)
    INTO v_all FROM regua.planner;
  END IF;
  WITH old AS (
    SELECT m.id FROM regua.message m WHERE m.state = 'waiting' AND (v_all OR m.valid_until <= v_now)
    LIMIT 2000 FOR UPDATE SKIP LOCKED),
  taken AS (
    UPDATE regua.message m SET state = 'withdrawn', payload = NULL, settled_at = v_now
    FROM old WHERE m.id = old.id RETURNING m.id, m.round, m.attempt)
  INSERT INTO regua.outcome (message, round, attempt, what, at)
  SELECT id, round, attempt, 'withdrawn', v_now FROM taken;
  GET DIAGNOSTICS v_taken = ROW_COUNT;
  RETURN v_taken;
END $$;

-- The number of the last outcome: none below it is still to appear.
CREATE FUNCTION regua.last_outcome(p_turn text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_last bigint;
BEGIN
  PERFORM regua.planning(p_turn);
  PERFORM pg_advisory_xact_lock(1919249781, 1);
  SELECT coalesce(max(number), 0) INTO v_last FROM regua.outcome;
  RETURN v_last;
END $$;

-- Outcomes, in order.
CREATE FUNCTION regua.outcomes(p_after bigint, p_until bigint, p_most integer)
RETURNS TABLE (r_number bigint, r_tag text, r_key text, r_round integer, r_attempt integer, r_what text,
  r_body json, r_age_ms bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT o.number, m.tag, m.key, o.round, o.attempt, o.what, o.body,
    (extract(epoch FROM clock_timestamp() - o.at) * 1000)::bigint
  FROM regua.outcome o JOIN regua.message m ON m.id = o.message
  WHERE o.number > p_after AND o.number <= p_until
  ORDER BY o.number LIMIT p_most
$$;

-- All outcomes of some messages, in order.
CREATE FUNCTION regua.outcomes_of(p_tags text[])
RETURNS TABLE (r_number bigint, r_tag text, r_key text, r_round integer, r_attempt integer, r_what text,
  r_body json, r_age_ms bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT o.number, m.tag, m.key, o.round, o.attempt, o.what, o.body,
    (extract(epoch FROM clock_timestamp() - o.at) * 1000)::bigint
  FROM regua.message m JOIN regua.outcome o ON m.id = o.message
  WHERE m.tag = ANY (p_tags) ORDER BY o.number
$$;

-- Outcomes up to this one are in the planner's database; what is done for 30 days goes.
CREATE FUNCTION regua.gathered(p_turn text, p_number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_old timestamptz := clock_timestamp() - interval '30 days';
BEGIN
  PERFORM regua.planning(p_turn);
  UPDATE regua.planner SET gathered = p_number WHERE gathered <> p_number;
  DELETE FROM regua.message m WHERE m.id IN (
    SELECT x.id FROM regua.message x
    WHERE x.state IN ('done', 'withdrawn') AND x.settled_at < v_old
      AND NOT EXISTS (SELECT 1 FROM regua.outcome o
                      WHERE o.message = x.id AND (o.number > p_number OR o.at >= v_old))
    ORDER BY x.settled_at LIMIT 5000);
  DELETE FROM regua.recipient WHERE at < clock_timestamp() - interval '1 day';
  DELETE FROM regua.host WHERE seen_at < v_old;
END $$;

-- Who was written to before there was a shared queue.
CREATE FUNCTION regua.written_to(p_turn text, p_channel text, p_rows json) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM regua.planning(p_turn);
  INSERT INTO regua.recipient (channel, address, at)
  SELECT p_channel, address, clock_timestamp() FROM json_array_elements_text(p_rows) AS address
  ON CONFLICT DO NOTHING;
END $$;

-- A host begins to work on a channel: what it goes by, and whether it may.
CREATE FUNCTION regua.begin(
  p_run text, p_host text, p_place text, p_channel text, p_provider text, p_lease integer, p_version text
) RETURNS json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz;
  c regua.channel;
  v_may text := 'open';
BEGIN
  PERFORM regua.reap();
  v_now := clock_timestamp();
  INSERT INTO regua.host AS h (host, place, seen_at, version) VALUES (p_host, p_place, v_now, p_version)
  ON CONFLICT (host, place) DO UPDATE SET seen_at = v_now, version = p_version;
  INSERT INTO regua.channel (channel) VALUES (p_channel) ON CONFLICT DO NOTHING;
  SELECT * INTO c FROM regua.channel x WHERE x.channel = p_channel FOR UPDATE;
  IF c.outage_since IS NOT NULL THEN
    IF c.is_later AND c.tried_at > v_now - interval '50 seconds' THEN
      v_may := 'too_soon';
    ELSIF EXISTS (SELECT 1 FROM regua.run x WHERE x.id = c.prober AND x.id <> p_run) THEN
      v_may := 'probed';
    ELSE
      v_may := 'probe';
      UPDATE regua.channel x SET prober = p_run WHERE x.channel = p_channel;
    END IF;
  END IF;
  IF v_may IN ('open', 'probe') THEN
    INSERT INTO regua.run (id, host, place, channel, provider, lease_until)
    VALUES (p_run, p_host, p_place, p_channel, p_provider, v_now + make_interval(secs => p_lease))
    ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until;
  END IF;
  RETURN (SELECT json_build_object(
      'may', v_may,
      'now_ms', (extract(epoch FROM v_now) * 1000)::bigint,
      'ahead_ms', p.ahead_ms,
      'manners', p.manners,
      'outage', CASE WHEN c.outage_since IS NOT NULL THEN json_build_object(
        'since_ms', (extract(epoch FROM v_now - c.outage_since) * 1000)::bigint,
        'tried_ms', (extract(epoch FROM v_now - c.tried_at) * 1000)::bigint,
        'is_later', c.is_later, 'why', c.why, 'alike', c.alike) END)
    FROM (SELECT 1) AS one LEFT JOIN regua.planner p ON true);
END $$;

-- Whether anything of a channel may go now.
CREATE FUNCTION regua.waits(p_channel text, p_stale integer) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT EXISTS (SELECT 1 FROM regua.planner p
                 WHERE p.confirmed_at > clock_timestamp()
                   - make_interval(secs => least(p.stale_seconds, p_stale)))
     AND EXISTS (SELECT 1 FROM regua.message m WHERE m.state = 'waiting' AND m.channel = p_channel
                 AND m.valid_until > clock_timestamp())
$$;

-- How much of a channel waits.
CREATE FUNCTION regua.waiting(p_channel text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT count(*) FROM regua.message m WHERE m.state = 'waiting' AND m.channel = p_channel
$$;

-- A host is there: its lease is longer from now on, unless it had run out.
CREATE FUNCTION regua.stay(p_run text, p_lease integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  r regua.run;
BEGIN
  UPDATE regua.run x SET lease_until = v_now + make_interval(secs => p_lease)
  WHERE x.id = p_run AND x.lease_until >= v_now RETURNING * INTO r;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE regua.host h SET seen_at = v_now
  WHERE h.host = r.host AND h.place = r.place AND h.seen_at < v_now - interval '1 second';
  RETURN true;
END $$;

-- Writes down what became of messages in hand. A host that went silent meanwhile may still tell.
CREATE FUNCTION regua.settle(p_run text, p_host text, p_place text, p_rows json, p_given_back bigint[])
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  r record;
  m regua.message;
  v_sent integer := 0;
  v_undone integer := 0;
BEGIN
  PERFORM regua.writing();
  FOR r IN SELECT * FROM json_to_recordset(p_rows) AS x(id bigint, what text, status text, body json) ORDER BY x.id LOOP
    SELECT * INTO m FROM regua.message x WHERE x.id = r.id AND x.run = p_run
      AND (x.state = 'sending' OR x.state = 'done' AND x.unclear) FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    IF r.status IS DISTINCT FROM 'sent' AND r.status IS DISTINCT FROM 'unknown' THEN
      DELETE FROM regua.recipient x WHERE x.message = m.id;
    END IF;
    IF r.what = 'untouched' AND m.state = 'sending' THEN
      UPDATE regua.message x SET state = 'waiting', run = NULL WHERE x.id = m.id;
      CONTINUE;
    END IF;
    UPDATE regua.message x SET state = 'done', unclear = false, payload = NULL, settled_at = v_now
    WHERE x.id = m.id;
    INSERT INTO regua.outcome (message, round, attempt, what, body, host, at)
    VALUES (m.id, m.round, m.attempt, r.what, r.body, p_host, v_now);
    IF r.status = 'sent' THEN
      v_sent := v_sent + 1;
    END IF;
  END LOOP;
  IF v_sent > 0 THEN
    UPDATE regua.host h SET sent = sent + v_sent, seen_at = v_now WHERE h.host = p_host AND h.place = p_place;
  END IF;
  IF cardinality(p_given_back) > 0 THEN
    INSERT INTO regua.outcome (message, round, attempt, what, host, at)
    SELECT x.id, x.round, x.attempt, 'returned', p_host, v_now FROM regua.message x
    WHERE x.id = ANY (p_given_back) AND x.run = p_run AND x.state = 'done' AND NOT x.unclear;
    GET DIAGNOSTICS v_undone = ROW_COUNT;
  END IF;
  RETURN v_undone;
END $$;

-- Gives out messages of a channel whose turn has come.
CREATE FUNCTION regua.claim(
  p_run text, p_channel text, p_room integer, p_lots text[], p_ids bigint[], p_stale integer,
  p_rate integer, p_daily integer, p_paused boolean, p_numbers_since_ms bigint
) RETURNS json LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_room integer := p_room;
  c regua.channel;
  m regua.message;
  v_interval interval;
  v_slot timestamptz := '-infinity';
  v_again bigint;
  v_written integer;
  v_there boolean;
  v_taken json[] := '{}';
  v_unasked text[] := '{}';
  v_closed text;
BEGIN
  PERFORM 1 FROM regua.planner p
  WHERE p.confirmed_at > v_now - make_interval(secs => least(p.stale_seconds, p_stale));
  IF NOT FOUND THEN
    RETURN json_build_object('taken', '[]'::json);
  END IF;
  IF p_rate > 0 OR p_daily > 0 OR p_paused THEN
    SELECT * INTO c FROM regua.channel x WHERE x.channel = p_channel FOR UPDATE;
    v_now := clock_timestamp();
  ELSE
    SELECT * INTO c FROM regua.channel x WHERE x.channel = p_channel;
  END IF;
  IF c.outage_since IS NOT NULL AND c.prober IS DISTINCT FROM p_run THEN
    RETURN json_build_object('taken', '[]'::json, 'closed', c.why);
  END IF;
  IF p_paused THEN
    v_room := 1;
    IF EXISTS (SELECT 1 FROM regua.message x WHERE x.state = 'sending' AND x.channel = p_channel) THEN
      v_room := 0;
      v_again := 200;
    ELSIF c.rest_until > v_now THEN
      v_room := 0;
      v_again := (extract(epoch FROM c.rest_until - v_now) * 1000)::bigint;
    END IF;
  ELSIF p_rate > 0 THEN
    -- A second's worth may go at once; slots are given out for the second to come.
    v_interval := interval '1 minute' / p_rate;
    v_slot := greatest(c.next_slot, v_now - v_interval * (greatest(p_rate / 60.0, 1) - 1)::double precision);
    v_room := least(p_room,
      (floor(extract(epoch FROM v_now + interval '1 second' - v_slot) / extract(epoch FROM v_interval)) + 1)::integer);
    IF v_room <= 0 THEN
      v_room := 0;
      v_again := greatest((extract(epoch FROM v_slot - v_now) * 1000 - 1000)::bigint, 1);
    END IF;
  END IF;
  IF p_daily > 0 THEN
    DELETE FROM regua.recipient x WHERE x.channel = p_channel AND x.at <= v_now - interval '1 day';
    SELECT count(*) INTO v_written FROM regua.recipient x WHERE x.channel = p_channel;
  END IF;
  IF v_room > 0 THEN
    FOR m IN SELECT * FROM regua.message x
        WHERE x.state = 'waiting' AND x.channel = p_channel AND x.valid_until > v_now
          AND x.lot <> ALL (p_lots) AND x.id <> ALL (p_ids)
        ORDER BY x.turn, x.place, x.sequence LIMIT v_room FOR UPDATE SKIP LOCKED LOOP
      IF p_numbers_since_ms IS NOT NULL THEN
        SELECT n.is_there INTO v_there FROM regua.number n WHERE n.channel = p_channel
          AND n.number = m.address AND n.at >= to_timestamp(p_numbers_since_ms / 1000.0);
        IF NOT FOUND THEN
          v_unasked := v_unasked || m.address;
          CONTINUE;
        ELSIF NOT v_there THEN
          PERFORM regua.writing();
          UPDATE regua.message x SET state = 'done', payload = NULL, settled_at = v_now WHERE x.id = m.id;
          INSERT INTO regua.outcome (message, round, attempt, what, at)
          VALUES (m.id, m.round, m.attempt, 'no_number', v_now);
          v_again := 1;
          CONTINUE;
        END IF;
      END IF;
      IF p_daily > 0 THEN
        PERFORM 1 FROM regua.recipient x WHERE x.channel = p_channel AND x.address = m.address;
        IF NOT FOUND THEN
          IF v_written >= p_daily THEN
            v_closed := p_daily || ' people were written to within 24 hours, the account''s limit';
            EXIT;
          END IF;
          INSERT INTO regua.recipient (channel, address, at, message)
          VALUES (p_channel, m.address, v_now, m.id);
          v_written := v_written + 1;
        END IF;
      END IF;
      UPDATE regua.message x SET state = 'sending', run = p_run WHERE x.id = m.id;
      v_taken := v_taken || json_build_object(
        'id', m.id, 'attempt', m.attempt, 'lot', m.lot, 'address', m.address,
        'tried_last', m.turn = 2,
        'from_ms', CASE WHEN p_rate > 0 AND NOT p_paused
          THEN greatest(ceil(extract(epoch FROM v_slot - v_now) * 1000), 0)::bigint ELSE 0 END,
        'until_ms', floor(extract(epoch FROM m.valid_until - v_now) * 1000)::bigint,
        'payload', m.payload);
      IF p_rate > 0 AND NOT p_paused THEN
        v_slot := v_slot + v_interval;
      END IF;
    END LOOP;
    IF p_rate > 0 AND NOT p_paused AND cardinality(v_taken) > 0 THEN
      UPDATE regua.channel x SET next_slot = v_slot WHERE x.channel = p_channel;
    END IF;
  END IF;
  IF cardinality(v_taken) > 0 THEN
    v_closed := NULL;
  END IF;
  IF v_again IS NOT NULL AND NOT EXISTS (SELECT 1 FROM regua.message x
      WHERE x.state = 'waiting' AND x.channel = p_channel AND x.valid_until > v_now
        AND x.lot <> ALL (p_lots) AND x.id <> ALL (p_ids)) THEN
    v_again := NULL;
  END IF;
  RETURN json_build_object('taken', array_to_json(v_taken), 'unasked', array_to_json(v_unasked),
    'closed', v_closed, 'again_ms', v_again);
END $$;

-- One round of a host: answers written down, its lease longer, messages given out; in one commit.
CREATE FUNCTION regua.round(
  p_run text, p_host text, p_place text, p_lease integer, p_rows json, p_given_back bigint[], p_rest_ms integer,
  p_channel text, p_room integer, p_lots text[], p_ids bigint[], p_stale integer,
  p_rate integer, p_daily integer, p_paused boolean, p_numbers_since_ms bigint
) RETURNS json LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_alive boolean;
  v_undone integer := 0;
  v_claim json;
BEGIN
  v_alive := regua.stay(p_run, p_lease);
  IF json_array_length(p_rows) > 0 OR cardinality(p_given_back) > 0 THEN
    v_undone := regua.settle(p_run, p_host, p_place, p_rows, p_given_back);
    IF p_rest_ms > 0 THEN
      UPDATE regua.channel c SET rest_until =
        greatest(c.rest_until, clock_timestamp() + make_interval(secs => p_rest_ms / 1000.0))
      WHERE c.channel = p_channel;
    END IF;
  END IF;
  IF v_alive AND p_room > 0 THEN
    v_claim := regua.claim(p_run, p_channel, p_room, p_lots, p_ids, p_stale, p_rate, p_daily, p_paused,
      p_numbers_since_ms);
  END IF;
  RETURN json_build_object('alive', v_alive, 'undone', v_undone,
    'now_ms', (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 'claim', v_claim);
END $$;

-- What a call gave out whose answer never came is not in anybody's hand: it waits again. A run that ends has
-- nothing in hand.
CREATE FUNCTION regua.put_back(p_run text, p_in_hand bigint[], p_ends boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  r regua.run;
BEGIN
  SELECT * INTO r FROM regua.run x WHERE x.id = p_run FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM regua.recipient x USING regua.message m
  WHERE m.state = 'sending' AND m.channel = r.channel AND m.run = p_run AND m.id <> ALL (p_in_hand)
    AND x.message = m.id;
  UPDATE regua.message m SET state = 'waiting', run = NULL
  WHERE m.state = 'sending' AND m.channel = r.channel AND m.run = p_run AND m.id <> ALL (p_in_hand);
  IF p_ends THEN
    UPDATE regua.channel c SET prober = NULL WHERE c.channel = r.channel AND c.prober = p_run;
    DELETE FROM regua.run x WHERE x.id = p_run;
  END IF;
END $$;

-- What a channel suffers from, or that it is over.
CREATE FUNCTION regua.set_outage(
  p_channel text, p_since_ms bigint, p_is_later boolean, p_why text, p_alike text
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  UPDATE regua.channel c SET
    outage_since = clock_timestamp() - make_interval(secs => p_since_ms / 1000.0),
    tried_at = CASE WHEN p_since_ms IS NOT NULL THEN clock_timestamp() END,
    is_later = p_is_later, why = p_why, alike = p_alike, prober = NULL
  WHERE c.channel = p_channel
$$;

-- Numbers of what waits, of which nobody was asked of late.
CREATE FUNCTION regua.unasked(p_channel text, p_since_ms bigint, p_most integer) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT m.address FROM regua.message m
  WHERE m.state = 'waiting' AND m.channel = p_channel AND m.valid_until > clock_timestamp()
    AND NOT EXISTS (SELECT 1 FROM regua.number n WHERE n.channel = p_channel AND n.number = m.address
                    AND n.at >= to_timestamp(p_since_ms / 1000.0))
  ORDER BY m.turn, m.place, m.sequence LIMIT p_most
$$;

-- Keeps which numbers exist.
CREATE FUNCTION regua.keep_numbers(p_channel text, p_rows json, p_since_ms bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM regua.number n WHERE n.channel = p_channel AND n.at < to_timestamp(p_since_ms / 1000.0);
  INSERT INTO regua.number AS n (channel, number, is_there, at)
  SELECT DISTINCT ON (x.number) p_channel, x.number, x.is_there, clock_timestamp()
  FROM json_to_recordset(p_rows) AS x(number text, is_there boolean) ORDER BY x.number
  ON CONFLICT (channel, number) DO UPDATE SET is_there = excluded.is_there, at = excluded.at;
END $$;

-- How the shared queue stands.
CREATE FUNCTION regua.standing() RETURNS json
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT json_build_object(
    'now_ms', (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    'planner', (SELECT json_build_object('host', p.host, 'place', p.place, 'id', p.id,
        'seen_ms', (extract(epoch FROM clock_timestamp() - p.seen_at) * 1000)::bigint,
        'confirmed_ms', (extract(epoch FROM clock_timestamp() - p.confirmed_at) * 1000)::bigint)
      FROM regua.planner p),
    'hosts', coalesce((SELECT json_agg(json_build_object('host', h.host, 'place', h.place,
        'seen_ms', (extract(epoch FROM clock_timestamp() - h.seen_at) * 1000)::bigint, 'sent', h.sent,
        'version', h.version,
        'in_hand', (SELECT count(*) FROM regua.run r JOIN regua.message m
                    ON m.state = 'sending' AND m.channel = r.channel AND m.run = r.id
                    WHERE r.host = h.host AND r.place = h.place)) ORDER BY h.host, h.place)
      FROM regua.host h), '[]'::json),
    'channels', coalesce((SELECT json_agg(json_build_object('channel', m.channel, 'waiting', m.waiting,
        'sending', m.sending) ORDER BY m.channel)
      FROM (SELECT channel, count(*) FILTER (WHERE state = 'waiting') AS waiting,
              count(*) FILTER (WHERE state = 'sending') AS sending
            FROM regua.message WHERE state IN ('waiting', 'sending') GROUP BY channel) m), '[]'::json),
    'closed', coalesce((SELECT json_agg(json_build_object('channel', c.channel, 'why', c.why)
        ORDER BY c.channel) FROM regua.channel c WHERE c.outage_since IS NOT NULL), '[]'::json))
$$;
