-- What became of each prober process, whose checks it had to be killed for, and who is checked less often for that.
CREATE TABLE prober_run (
  id uuid PRIMARY KEY,
  region text NOT NULL,
  pid int NOT NULL,
  started_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3) NOT NULL,
  reason text NOT NULL CHECK (reason IN ('wall', 'stalled', 'memory', 'crash', 'recycled', 'closed')),
  exit_code int,
  signal text,
  probes int NOT NULL,
  cpu_ms bigint NOT NULL,
  max_rss_bytes bigint NOT NULL,
  wall_ms bigint NOT NULL,
  stdout_bytes bigint NOT NULL,
  stderr_bytes bigint NOT NULL,
  -- Whose checks ended it; which of their servers it was stands in their own probe_kill.
  culprit_id uuid REFERENCES tenant (id)
);
CREATE INDEX prober_run_ended ON prober_run (ended_at DESC);
CREATE INDEX prober_run_culprit ON prober_run (culprit_id, ended_at DESC) WHERE culprit_id IS NOT NULL;
COMMENT ON TABLE prober_run IS 'global: processes of the installation; names at most the tenant in whose work one was killed, and nothing of it';
GRANT SELECT ON prober_run TO tocsin_app;
GRANT SELECT, INSERT ON prober_run TO tocsin_worker;

CREATE TABLE probe_kill (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  run_id uuid NOT NULL,
  region text NOT NULL,
  -- Null while it could be any of several: they are run again, each alone.
  server_id uuid,
  servers int NOT NULL CHECK (servers >= 0),
  why text NOT NULL CHECK (why IN ('wall', 'stalled', 'memory', 'crash')),
  batch_ms int NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX probe_kill_recent ON probe_kill (tenant_id, at DESC);
CREATE INDEX probe_kill_at ON probe_kill (at);

CREATE TABLE probe_pace (
  tenant_id uuid PRIMARY KEY REFERENCES tenant (id),
  -- How many times longer the intervals are.
  factor int NOT NULL CHECK (factor IN (1, 4, 16)),
  cut_at timestamptz(3),
  -- Then it is over by itself, unless there was another kill.
  until timestamptz(3),
  -- When somebody was paged for it; once a day at most.
  told_at timestamptz(3),
  -- When its own pace came back, by itself or by hand.
  released_at timestamptz(3),
  released_by uuid,
  CHECK ((factor = 1) = (until IS NULL))
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['probe_kill', 'probe_pace'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    EXECUTE format('CREATE POLICY find_due ON %I FOR SELECT TO tocsin_sweeper USING (true)', t);
  END LOOP;
END $$;
GRANT SELECT ON probe_kill, probe_pace TO tocsin_app;
GRANT UPDATE (factor, until, released_at, released_by) ON probe_pace TO tocsin_app;
GRANT SELECT, INSERT ON probe_kill TO tocsin_worker;
GRANT SELECT, INSERT ON probe_pace TO tocsin_worker;
GRANT UPDATE (factor, cut_at, until, told_at, released_at) ON probe_pace TO tocsin_worker;
GRANT SELECT (tenant_id, at) ON probe_kill TO tocsin_sweeper;
GRANT SELECT (tenant_id, factor, until, released_at) ON probe_pace TO tocsin_sweeper;

-- Rows of both older than a moment, some at a time. @returns the larger of the two counts
CREATE FUNCTION app.forget_prober_runs(before timestamptz, most int) RETURNS int
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
  RETURN greatest(n, k);
END $$;
REVOKE ALL ON FUNCTION app.forget_prober_runs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_prober_runs TO tocsin_worker;
