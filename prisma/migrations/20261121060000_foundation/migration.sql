-- The tables of the walking skeleton. Roles (made by prisma/migrate.ts, because they belong to the cluster):
--   tocsin_owner    NOLOGIN, owns everything, granted to nobody who serves requests
--   tocsin_app      the console: one tenant at a time, by row security
--   tocsin_worker   the worker: one tenant at a time, by row security
--   tocsin_sweeper  the worker's finder of due work: reads ids over all tenants, writes nothing

CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO tocsin_app, tocsin_worker, tocsin_sweeper;
GRANT USAGE ON SCHEMA public TO tocsin_app, tocsin_worker, tocsin_sweeper;

-- After a committed SET LOCAL the setting reads '' and not NULL: without nullif the cast raises 22P02.
CREATE FUNCTION app.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;
-- Tenants an operator may read in one question ("what is wrong now, everywhere I look after"). Never for writing.
CREATE FUNCTION app.tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT coalesce(nullif(current_setting('app.tenants', true), ''), '{}')::uuid[] $$;
CREATE FUNCTION app.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.actor', true), '')::uuid $$;

-- Global tables: no tenant in them, each with the reason why (the catalog test reads these comments).
CREATE TABLE tenant (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,38}$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  tier text NOT NULL DEFAULT 'team' CHECK (tier IN ('public', 'author', 'team', 'enterprise')),
  is_platform boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX tenant_one_platform ON tenant (is_platform) WHERE is_platform;

CREATE TABLE duty_lease (
  name text PRIMARY KEY,
  holder text NOT NULL,
  token bigint NOT NULL,
  until timestamptz(3) NOT NULL,
  last_success_at timestamptz(3),
  last_error text
);
COMMENT ON TABLE duty_lease IS 'global: belongs to the installation, holds no tenant data';

CREATE TABLE process (
  id uuid PRIMARY KEY,
  -- guard: watches and delivers only, so that a stopped worker is told of
  kind text NOT NULL CHECK (kind IN ('worker', 'guard', 'prober')),
  region text,
  host text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  heartbeat_at timestamptz(3) NOT NULL,
  stopped_at timestamptz(3)
);
COMMENT ON TABLE process IS 'global: belongs to the installation, holds no tenant data';

CREATE TABLE region (
  name text PRIMARY KEY CHECK (name ~ '^[a-z0-9-]{1,32}$'),
  city text NOT NULL,
  enabled boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE region IS 'global: where the installation probes from, the same for every tenant';

CREATE TABLE person (
  id uuid PRIMARY KEY,
  issuer text NOT NULL,
  subject text NOT NULL,
  name text NOT NULL,
  email text,
  groups text[] NOT NULL DEFAULT '{}',
  disabled_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  UNIQUE (issuer, subject)
);
COMMENT ON TABLE person IS 'global: staff see several tenants; membership comes from the identity provider''s groups';

CREATE TABLE session (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  current_tenant_id uuid REFERENCES tenant (id),
  created_at timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  user_agent text NOT NULL DEFAULT '',
  id_token text
);
CREATE INDEX session_person ON session (person_id);
COMMENT ON TABLE session IS 'global: belongs to a person, current_tenant_id is only where they look now';

-- The installation's own tenant is always there: alerts about Tocsin itself and events of no tenant live in it.
INSERT INTO tenant (id, slug, name, tier, is_platform, created_at)
  VALUES ('00000000-0000-4000-8000-000000000001', 'tocsin', 'This installation', 'enterprise', true, current_timestamp);

-- Tenant tables: (tenant_id, id) is the key everywhere, so that a foreign key cannot point into another tenant.
CREATE TABLE server (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  url text NOT NULL CHECK (char_length(url) <= 2048),
  interval_s int NOT NULL DEFAULT 60 CHECK (interval_s IN (15, 20, 30, 60, 120, 300)),
  regions text[] NOT NULL DEFAULT '{}',
  fire_after int NOT NULL DEFAULT 3 CHECK (fire_after BETWEEN 1 AND 5),
  clear_after int NOT NULL DEFAULT 3 CHECK (clear_after BETWEEN 1 AND 5),
  weight text NOT NULL DEFAULT 'own' CHECK (weight IN ('own', 'third_party')),
  paused boolean NOT NULL DEFAULT false,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX server_url ON server (tenant_id, url) WHERE removed_at IS NULL;

CREATE TABLE server_credential (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('bearer', 'header')),
  header_name text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3),
  PRIMARY KEY (tenant_id, server_id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE server_now (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  last_slot timestamptz(3),
  status text NOT NULL DEFAULT 'unknown' CHECK (status IN ('up', 'degraded', 'down', 'unknown')),
  reason text,
  auth text NOT NULL DEFAULT 'unknown',
  since timestamptz(3) NOT NULL,
  evidence text NOT NULL DEFAULT '',
  regions jsonb NOT NULL DEFAULT '{}',
  era text,
  protocol_version text,
  server_name text,
  tools jsonb,
  latency_ms int,
  bad_streak int NOT NULL DEFAULT 0,
  good_streak int NOT NULL DEFAULT 0,
  flips bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, server_id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE last_transcript (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  region text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('latest', 'failing')),
  slot timestamptz(3) NOT NULL,
  status text NOT NULL,
  reason text,
  transcript jsonb NOT NULL,
  PRIMARY KEY (tenant_id, server_id, region, kind),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE address_allowance (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  cidr text NOT NULL,
  port_from int NOT NULL DEFAULT 1,
  port_to int NOT NULL DEFAULT 65535,
  reason text NOT NULL CHECK (char_length(reason) >= 10),
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CHECK (port_from BETWEEN 1 AND port_to AND port_to <= 65535)
);

CREATE TABLE policy (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  name text NOT NULL,
  steps jsonb NOT NULL,
  is_default boolean NOT NULL DEFAULT true,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX policy_one_default ON policy (tenant_id) WHERE is_default;

CREATE TABLE silence (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  server_id uuid,
  comment text NOT NULL CHECK (char_length(comment) BETWEEN 1 AND 500),
  starts_at timestamptz(3) NOT NULL,
  ends_at timestamptz(3) NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE,
  CHECK (ends_at >= starts_at)
);
CREATE INDEX silence_active ON silence (tenant_id, ends_at);

CREATE TABLE incident (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  number int NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('server', 'region', 'worker')),
  server_id uuid,
  subject_name text NOT NULL,
  fingerprint text NOT NULL,
  dedup_key text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity text NOT NULL CHECK (severity IN ('P1', 'P2', 'P3', 'P4')),
  status text NOT NULL CHECK (status IN ('up', 'degraded', 'down', 'unknown')),
  reason text NOT NULL,
  evidence text NOT NULL DEFAULT '',
  regions jsonb NOT NULL DEFAULT '[]',
  opened_at timestamptz(3) NOT NULL,
  started_at timestamptz(3) NOT NULL,
  last_bad_slot timestamptz(3) NOT NULL,
  bad_slots int NOT NULL DEFAULT 1,
  acknowledged_at timestamptz(3),
  acknowledged_by uuid,
  resolved_at timestamptz(3),
  resolved_by uuid,
  policy jsonb NOT NULL,
  step int NOT NULL DEFAULT 0,
  next_step_at timestamptz(3),
  silence_id uuid,
  reopened int NOT NULL DEFAULT 0,
  drill boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  UNIQUE (tenant_id, dedup_key),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, silence_id) REFERENCES silence (tenant_id, id),
  CHECK ((subject_kind = 'server') = (server_id IS NOT NULL)),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
-- One incident for one failure, whatever races: the second opener meets this and extends instead.
CREATE UNIQUE INDEX incident_one_open ON incident (tenant_id, fingerprint) WHERE state <> 'resolved';
CREATE INDEX incident_due ON incident (next_step_at) WHERE next_step_at IS NOT NULL;
CREATE INDEX incident_recent ON incident (tenant_id, opened_at DESC);

CREATE TABLE incident_event (
  tenant_id uuid NOT NULL,
  seq bigint GENERATED BY DEFAULT AS IDENTITY,
  incident_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  stage text NOT NULL,
  decision text NOT NULL,
  sentence text NOT NULL,
  actor_id uuid,
  data jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, seq),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX incident_event_of ON incident_event (tenant_id, incident_id, seq);

CREATE TABLE sink (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  kind text NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  config jsonb NOT NULL,
  sealed bytea,
  state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled')),
  disabled_reason text,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE notice (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  incident_id uuid,
  kind text NOT NULL CHECK (kind IN ('trigger', 'update', 'acknowledge', 'resolve', 'test')),
  dedup_key text NOT NULL,
  content jsonb NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX notice_of ON notice (tenant_id, incident_id);

CREATE TABLE delivery (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  notice_id uuid NOT NULL,
  incident_id uuid,
  sink_id uuid NOT NULL,
  kind text NOT NULL,
  ordinal bigint GENERATED BY DEFAULT AS IDENTITY,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'sent', 'dead', 'withheld')),
  due_at timestamptz(3) NOT NULL,
  tries int NOT NULL DEFAULT 0,
  token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz(3),
  leased_by text,
  may_have_arrived boolean NOT NULL DEFAULT false,
  memory jsonb NOT NULL DEFAULT '{}',
  reason text NOT NULL DEFAULT '',
  created_at timestamptz(3) NOT NULL,
  settled_at timestamptz(3),
  redriven_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, notice_id, sink_id),
  FOREIGN KEY (tenant_id, notice_id) REFERENCES notice (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL))
);
CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'pending';
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE state = 'leased';
CREATE INDEX delivery_line ON delivery (tenant_id, incident_id, sink_id, ordinal);
CREATE INDEX delivery_of_sink ON delivery (tenant_id, sink_id, ordinal DESC);

CREATE TABLE delivery_try (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  number int NOT NULL,
  at timestamptz(3) NOT NULL,
  duration_ms int NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('sent', 'retry', 'dead', 'lost')),
  status int,
  reason text NOT NULL,
  PRIMARY KEY (tenant_id, delivery_id, number),
  FOREIGN KEY (tenant_id, delivery_id) REFERENCES delivery (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE request (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  kind text NOT NULL,
  payload jsonb NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
  progress jsonb NOT NULL DEFAULT '[]',
  result jsonb,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  taken_at timestamptz(3),
  done_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX request_pending ON request (created_at) WHERE state = 'pending';

-- History: dropped by month, so partitioned by month. No foreign key to server: history outlives a removed server.
CREATE TABLE probe_minute (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  slot timestamptz(3) NOT NULL,
  status text NOT NULL,
  reason text,
  latency_ms int,
  regions jsonb NOT NULL,
  PRIMARY KEY (tenant_id, server_id, slot)
) PARTITION BY RANGE (slot);

-- Row security. Policies compare with (SELECT f()) so that the planner asks once and not per row.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['server', 'server_credential', 'server_now', 'last_transcript', 'address_allowance', 'policy',
    'silence', 'incident', 'incident_event', 'sink', 'notice', 'delivery', 'delivery_try', 'request', 'probe_minute']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
  -- What an operator of several tenants may read in one question: never the sealed tables.
  FOREACH t IN ARRAY ARRAY['server', 'server_now', 'incident', 'probe_minute', 'sink', 'delivery']
  LOOP
    EXECUTE format('CREATE POLICY several_tenants ON %I FOR SELECT TO tocsin_app
      USING (tenant_id = ANY ((SELECT app.tenants())::uuid[]))', t);
  END LOOP;
  -- The sweeper finds what is due over all tenants; column grants below keep it to ids and times.
  FOREACH t IN ARRAY ARRAY['server', 'server_now', 'incident', 'delivery', 'request']
  LOOP
    EXECUTE format('CREATE POLICY find_due ON %I FOR SELECT TO tocsin_sweeper USING (true)', t);
  END LOOP;
END $$;

ALTER TABLE tenant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Slug and name are needed to resolve group names to tenants at sign-in, before any tenant is chosen.
CREATE POLICY resolve ON tenant FOR SELECT TO tocsin_app, tocsin_worker, tocsin_sweeper USING (true);
CREATE POLICY own_tenant ON tenant FOR UPDATE TO tocsin_app USING (id = (SELECT app.tenant())) WITH CHECK (id = (SELECT app.tenant()));
CREATE POLICY owner_manages ON tenant TO tocsin_owner USING (true) WITH CHECK (true);
COMMENT ON TABLE tenant IS 'global: the list of tenants; names only, everything else is in tenant tables';

-- Privileges: no DELETE but where a row is a lease or a session, no TRUNCATE anywhere.
GRANT SELECT ON tenant, region, process, duty_lease TO tocsin_app;
GRANT SELECT, INSERT, UPDATE ON person TO tocsin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON session TO tocsin_app;
GRANT SELECT, INSERT, UPDATE ON server, sink, silence, policy, request, address_allowance, incident, notice, delivery TO tocsin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON server_credential TO tocsin_app;
GRANT SELECT, INSERT ON incident_event TO tocsin_app;
GRANT SELECT, INSERT ON server_now TO tocsin_app;
GRANT SELECT ON last_transcript, delivery_try, probe_minute TO tocsin_app;

GRANT SELECT ON tenant, region, server, server_credential, address_allowance, policy, silence, sink TO tocsin_worker;
GRANT UPDATE (state, disabled_reason, updated_at) ON sink TO tocsin_worker;
GRANT SELECT, INSERT, UPDATE ON server_now, last_transcript, incident, notice, delivery, delivery_try, request TO tocsin_worker;
GRANT SELECT, INSERT ON incident_event, probe_minute TO tocsin_worker;
GRANT SELECT, INSERT, UPDATE ON process, duty_lease, region TO tocsin_worker;

GRANT SELECT ON tenant, region, process TO tocsin_sweeper;
GRANT SELECT (tenant_id, id, interval_s, regions, paused, removed_at, created_at) ON server TO tocsin_sweeper;
GRANT SELECT (tenant_id, server_id, last_slot, status, reason, era) ON server_now TO tocsin_sweeper;
GRANT SELECT (tenant_id, id, state, next_step_at, subject_kind, subject_name, fingerprint, opened_at) ON incident TO tocsin_sweeper;
GRANT SELECT (tenant_id, id, state, due_at, lease_until, incident_id, sink_id, ordinal) ON delivery TO tocsin_sweeper;
GRANT SELECT (tenant_id, id, kind, state, created_at) ON request TO tocsin_sweeper;

-- Partitions are made ahead by a duty; the owner makes them, so the function runs as its owner.
CREATE FUNCTION app.make_partitions(parent regclass, from_month date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE m date; part text; made int := 0; ns text; base text;
BEGIN
  SELECT n.nspname, c.relname INTO ns, base FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = parent AND c.relkind = 'p';
  IF base IS NULL THEN RAISE EXCEPTION 'not a partitioned table: %', parent; END IF;
  IF months NOT BETWEEN 1 AND 24 THEN RAISE EXCEPTION 'months out of range: %', months; END IF;
  FOR i IN 0 .. months - 1 LOOP
    m := (date_trunc('month', from_month) + make_interval(months => i))::date;
    part := format('%s_%s', base, to_char(m, 'YYYY_MM'));
    IF to_regclass(format('%I.%I', ns, part)) IS NULL THEN
      EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
        ns, part, parent, m || ' 00:00:00+00', (m + interval '1 month')::date || ' 00:00:00+00');
      -- Reached through the parent only: row security on, and no policy and no grant of its own.
      EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', ns, part);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION app.make_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.make_partitions TO tocsin_worker;
SELECT app.make_partitions('probe_minute', (current_date - interval '1 month')::date, 4);
