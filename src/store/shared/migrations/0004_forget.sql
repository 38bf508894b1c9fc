-- Erases what there is of messages, and takes back those that wait: also what providers said of them, and whether their
-- numbers exist.
CREATE OR REPLACE FUNCTION regua.forget(p_turn text, p_tags text[]) RETURNS void
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
  UPDATE regua.outcome o SET body = (o.body::jsonb - ARRAY['detail', 'text', 'provider_id', 'gone'])::json
  FROM regua.message m WHERE m.tag = ANY (p_tags) AND o.message = m.id AND o.body IS NOT NULL;
  DELETE FROM regua.number n USING regua.message m
  WHERE m.tag = ANY (p_tags) AND n.channel = m.channel AND n.number = m.address;
  DELETE FROM regua.recipient r USING regua.message m WHERE m.tag = ANY (p_tags) AND r.message = m.id;
  UPDATE regua.message m SET key = NULL, address = '', lot = '', payload = NULL
  WHERE m.tag = ANY (p_tags) AND m.state <> 'sending';
END $$;
