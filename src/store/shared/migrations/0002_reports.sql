-- What providers reported to hosts, in the order in which it was committed: the planner reads on from where it was.
CREATE TABLE regua.report (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  preset text NOT NULL,
  -- Whether stop words count in it.
  stops boolean NOT NULL,
  body text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX report_at ON regua.report (at);

-- Keeps a report until it is in the planner's database.
CREATE FUNCTION regua.report(p_preset text, p_stops boolean, p_body text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM regua.writing();
  INSERT INTO regua.report (preset, stops, body, at) VALUES (p_preset, p_stops, p_body, clock_timestamp());
END $$;

-- The number of the last report: none below it is still to appear.
CREATE FUNCTION regua.last_report(p_turn text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  v_last bigint;
BEGIN
  PERFORM regua.planning(p_turn);
  PERFORM pg_advisory_xact_lock(1919249781, 1);
  SELECT coalesce(max(number), 0) INTO v_last FROM regua.report;
  RETURN v_last;
END $$;

-- Reports, in order.
CREATE FUNCTION regua.reports(p_turn text, p_after bigint, p_until bigint, p_most integer)
RETURNS TABLE (r_number bigint, r_preset text, r_stops boolean, r_body text, r_age_ms bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM regua.planning(p_turn);
  RETURN QUERY
    SELECT o.number, o.preset, o.stops, o.body,
      (extract(epoch FROM clock_timestamp() - o.at) * 1000)::bigint
    FROM regua.report o WHERE o.number > p_after AND o.number <= p_until
    ORDER BY o.number LIMIT p_most;
END $$;

-- Reports up to this one are in the planner's database: they are kept for 30 days, or, where they may speak of
-- somebody who was erased, not at all.
CREATE FUNCTION regua.reported(p_turn text, p_number bigint, p_forget boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM regua.planning(p_turn);
  DELETE FROM regua.report o
  WHERE o.number <= p_number AND (p_forget OR o.at < clock_timestamp() - interval '30 days');
END $$;

