-- Every quarter of an hour: how long each region's batches waited, so that a person sees how it went and not only that
-- it went wrong.
CREATE TABLE queue_digest (
  region text NOT NULL,
  at timestamptz(3) NOT NULL,
  batches int NOT NULL,
  -- The typical and the worst of its minutes, and how it changed over them, milliseconds per minute.
  p95_ms int NOT NULL,
  worst_ms int NOT NULL,
  rate_ms int NOT NULL,
  PRIMARY KEY (region, at)
);
COMMENT ON TABLE queue_digest IS 'global: belongs to the installation, holds no tenant data';
GRANT SELECT ON queue_digest TO tocsin_app;
GRANT SELECT, INSERT ON queue_digest TO tocsin_worker;

CREATE OR REPLACE FUNCTION app.forget_prober_runs(before timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE n int; k int;
BEGIN
  IF most NOT BETWEEN 1 AND 50000 THEN RAISE EXCEPTION 'too many at a time: %', most USING ERRCODE = '22023'; END IF;
  DELETE FROM public.prober_run r USING (
    SELECT o.id FROM public.prober_run o WHERE o.ended_at < before ORDER BY o.ended_at LIMIT most) old WHERE r.id = old.id;
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM public.probe_kill x USING (
    SELECT o.tenant_id, o.id FROM public.probe_kill o WHERE o.at < before ORDER BY o.at LIMIT most) old
  WHERE x.tenant_id = old.tenant_id AND x.id = old.id;
  GET DIAGNOSTICS k = ROW_COUNT;
  DELETE FROM public.queue_digest q WHERE q.at < before;
  RETURN greatest(n, k);
END $$;
