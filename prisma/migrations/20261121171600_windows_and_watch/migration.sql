-- Maintenance windows, a tenant's own severities, burning error budgets; and what watches the watchers: the self-test of
-- the whole road and where the installation's own heartbeat goes.
CREATE TABLE maintenance_window (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  -- Empty: every server of the tenant.
  server_ids uuid[] NOT NULL DEFAULT '{}',
  comment text NOT NULL CHECK (char_length(comment) BETWEEN 1 AND 500),
  -- lib/domain/window.ts
  rule jsonb NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  -- From then on none of its times begins, and one under way is over.
  removed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX maintenance_window_live ON maintenance_window (tenant_id) WHERE removed_at IS NULL;

CREATE TABLE severity_override (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 60),
  severity text NOT NULL CHECK (severity IN ('P1', 'P2', 'P3', 'P4')),
  set_by uuid NOT NULL,
  set_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, reason)
);

-- Where the installation says each minute that it is well. Of the installation's own tenant, for its key seals the secret.
CREATE TABLE heartbeat_target (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('opsgenie_us', 'opsgenie_eu', 'jsm', 'url')),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  config jsonb NOT NULL,
  sealed bytea,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  -- What became of the last ping.
  pinged_at timestamptz(3),
  held_back_at timestamptz(3),
  -- "" when the last one was taken.
  problem text NOT NULL DEFAULT '' CHECK (char_length(problem) <= 500),
  PRIMARY KEY (tenant_id, id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['maintenance_window', 'severity_override', 'heartbeat_target'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON maintenance_window TO tocsin_app;
GRANT UPDATE (server_ids, comment, rule, updated_at, removed_at) ON maintenance_window TO tocsin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON severity_override TO tocsin_app;
GRANT SELECT, INSERT ON heartbeat_target TO tocsin_app;
GRANT UPDATE (removed_at, sealed) ON heartbeat_target TO tocsin_app;
GRANT SELECT ON maintenance_window, severity_override, heartbeat_target TO tocsin_worker;
GRANT UPDATE (pinged_at, held_back_at, problem) ON heartbeat_target TO tocsin_worker;

-- Since when a server's error budget burns too fast; NULL: it does not.
ALTER TABLE server_baseline ADD COLUMN burning_since timestamptz(3);

-- A made-up alert that goes the real road, twice a minute: how far each came.
CREATE TABLE selftest (
  id uuid PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  step text NOT NULL CHECK (step IN ('scheduled', 'decided', 'seen')),
  seen_at timestamptz(3)
);
CREATE INDEX selftest_at ON selftest (at);
COMMENT ON TABLE selftest IS 'global: belongs to the installation, holds no tenant data';
GRANT SELECT ON selftest TO tocsin_app, tocsin_sweeper;
GRANT SELECT, INSERT, UPDATE (step, seen_at) ON selftest TO tocsin_worker;
GRANT SELECT (leased_by, kind) ON delivery TO tocsin_sweeper;
GRANT SELECT (step, held_by, policy, severity) ON incident TO tocsin_sweeper;

-- Where the made-up alert is delivered to: this machine itself. Removed from the beginning, so that no list, no policy
-- and no count of sinks knows of it.
INSERT INTO sink (tenant_id, id, kind, name, config, created_at, updated_at, removed_at, proven_at, proof)
SELECT id, '00000000-0000-4000-8000-0000000000b1', 'loopback', 'Self-test', '{}', created_at, created_at, created_at, created_at, 'is our own'
FROM tenant WHERE id = '00000000-0000-4000-8000-000000000001';

-- What self-tests leave: old rows, and their notices once nothing of them is to be sent. @returns how many notices
CREATE FUNCTION app.forget_selftests(before timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE n int;
BEGIN
  DELETE FROM public.selftest t WHERE t.at < before - interval '1 day';
  DELETE FROM public.notice n USING (
    SELECT o.tenant_id, o.id FROM public.notice o WHERE o.tenant_id = '00000000-0000-4000-8000-000000000001'
      AND o.incident_id IS NULL AND o.kind = 'test' AND o.dedup_key LIKE 'tocsin-selftest-%' AND o.at < before
      AND NOT EXISTS (SELECT 1 FROM public.delivery d WHERE d.tenant_id = o.tenant_id AND d.notice_id = o.id
        AND (d.state IN ('pending', 'leased') OR d.sink_id <> '00000000-0000-4000-8000-0000000000b1'))
    LIMIT 200 FOR UPDATE SKIP LOCKED) old WHERE n.tenant_id = old.tenant_id AND n.id = old.id;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION app.forget_selftests FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_selftests TO tocsin_worker;
