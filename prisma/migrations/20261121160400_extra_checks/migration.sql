-- Checks beside handshake and tool list: agreed test calls, health addresses, sessions held over time; and what a server
-- usually takes, to tell when it takes far longer.
CREATE TABLE extra_check (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  server_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('canary', 'health_url', 'session')),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  -- As its kind's form writes it; a probe reads it again through the same schema.
  settings jsonb NOT NULL CHECK (pg_column_size(settings) <= 65536),
  every_s int NOT NULL CHECK (every_s BETWEEN 60 AND 300),
  -- Looks a UTC day over all regions together.
  calls_per_day int NOT NULL DEFAULT 2880 CHECK (calls_per_day BETWEEN 1 AND 20000),
  paused boolean NOT NULL DEFAULT false,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX extra_check_of ON extra_check (tenant_id, server_id) WHERE removed_at IS NULL;
-- One call of the credentialed walk per server.
CREATE UNIQUE INDEX extra_check_one_health_tool ON extra_check (tenant_id, server_id)
  WHERE removed_at IS NULL AND kind = 'canary' AND (settings ->> 'healthTool')::boolean;

-- A tool that its server does not mark as read-only, and that test calls may use all the same: somebody said why.
CREATE TABLE allowed_tool (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  tool text NOT NULL CHECK (char_length(tool) BETWEEN 1 AND 128),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 10 AND 500),
  allowed_by uuid,
  allowed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, server_id, tool),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);

-- What a server took in the last seven days, worked out each hour: worker/baseline.
CREATE TABLE server_baseline (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  computed_at timestamptz(3) NOT NULL,
  -- Slots that had an answer and were not slow, and over how many hours.
  samples int NOT NULL,
  hours int NOT NULL,
  p50_ms int,
  p95_ms int,
  -- Slots that failed, in a thousand.
  errors_permille int NOT NULL,
  -- What a clock found of its last minutes, and since when; while it is slow, those minutes are not what is usual.
  elevated text CHECK (elevated IN ('latency_elevated', 'error_rate_elevated')),
  elevated_since timestamptz(3),
  PRIMARY KEY (tenant_id, server_id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);

ALTER TABLE server_now
  -- { check id: { status, reason, regions: { region: look } } }, of the latest slot in which a region spoke of extra checks
  ADD COLUMN extras jsonb;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['extra_check', 'allowed_tool', 'server_baseline'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON extra_check TO tocsin_app;
GRANT SELECT, INSERT, DELETE ON allowed_tool TO tocsin_app;
GRANT SELECT ON server_baseline TO tocsin_app;
GRANT SELECT ON extra_check, allowed_tool TO tocsin_worker;
GRANT SELECT, INSERT, UPDATE ON server_baseline TO tocsin_worker;
-- Whose is due to be worked out again.
CREATE POLICY find_due ON server_baseline FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, server_id, computed_at) ON server_baseline TO tocsin_sweeper;
