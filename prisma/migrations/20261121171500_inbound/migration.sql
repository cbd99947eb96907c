-- Other monitors send their alerts here, and vendors tell here what somebody did at them.
CREATE TABLE inbound_source (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  kind text NOT NULL CHECK (kind IN ('alertmanager', 'generic')),
  -- Tenant and source stand in the token themselves; this is of the whole of it.
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  default_severity text NOT NULL CHECK (default_severity IN ('P1', 'P2', 'P3', 'P4')),
  per_minute int NOT NULL CHECK (per_minute BETWEEN 1 AND 60000),
  -- An alert that names no end of its own is over when it was not sent again for so long.
  resolve_after_s int NOT NULL CHECK (resolve_after_s BETWEEN 60 AND 86400),
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  revoked_by uuid,
  revoked_at timestamptz(3),
  last_seen_at timestamptz(3),
  accepted bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  window_at timestamptz(3),
  window_count int NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
);

-- The alert as its source last told it, one row for each set of labels. Sent again unchanged, only its end moves.
CREATE TABLE inbound_alert (
  tenant_id uuid NOT NULL,
  source_id uuid NOT NULL,
  fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{32}$'),
  status text NOT NULL CHECK (status IN ('firing', 'resolved')),
  severity text NOT NULL CHECK (severity IN ('P1', 'P2', 'P3', 'P4')),
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  body text NOT NULL DEFAULT '' CHECK (char_length(body) <= 500),
  labels jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object' AND pg_column_size(labels) <= 131072),
  link text NOT NULL DEFAULT '' CHECK (char_length(link) <= 2048),
  starts_at timestamptz(3) NOT NULL,
  -- Over then, unless it is sent again; NULL: over when its source says so.
  ends_at timestamptz(3),
  received_at timestamptz(3) NOT NULL,
  -- Since when it waits to be walked down the pipeline; NULL: nothing is new.
  waiting_since timestamptz(3),
  tries int NOT NULL DEFAULT 0,
  -- What became of it when it was last looked at.
  outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'opened', 'extended', 'resolved', 'log_only', 'closed_by_hand', 'not_opened', 'failed')),
  incident_id uuid,
  PRIMARY KEY (tenant_id, source_id, fingerprint),
  FOREIGN KEY (tenant_id, source_id) REFERENCES inbound_source (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX inbound_alert_waiting ON inbound_alert (waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX inbound_alert_ends ON inbound_alert (ends_at) WHERE status = 'firing' AND ends_at IS NOT NULL;

-- What came from outside and was signed, once each: a repeat of it does nothing. And what was refused, so that it is seen.
CREATE TABLE inbound_call (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  road text NOT NULL CHECK (road IN ('slack', 'pagerduty', 'opsgenie', 'alertmanager', 'generic')),
  -- What its sender calls it; a refused one has none.
  key text CHECK (char_length(key) BETWEEN 1 AND 200),
  sink_id uuid,
  source_id uuid,
  incident_id uuid,
  at timestamptz(3) NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'already', 'unknown', 'ignored', 'refused')),
  reason text NOT NULL DEFAULT '' CHECK (char_length(reason) <= 300),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, source_id) REFERENCES inbound_source (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX inbound_call_once ON inbound_call (tenant_id, road, key) WHERE key IS NOT NULL;
CREATE INDEX inbound_call_of_sink ON inbound_call (tenant_id, sink_id, at DESC);
CREATE INDEX inbound_call_of_source ON inbound_call (tenant_id, source_id, at DESC);
CREATE INDEX inbound_call_at ON inbound_call (at);

-- With what a vendor signs what it sends back about a sink, or which token it shows. Two hold while one is replaced.
CREATE TABLE sink_inbound (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  sink_id uuid NOT NULL,
  sealed bytea NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  -- From then on it opens nothing; NULL: it is the present one.
  ends_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX sink_inbound_present ON sink_inbound (tenant_id, sink_id) WHERE ends_at IS NULL;

-- The list of what is stored under a key knows these as well; whatever else it knows by now stays in it.
DO $$
DECLARE was text := pg_get_functiondef('app.sealed_values()'::regprocedure);
  marks int := (length(was) - length(replace(was, '  ), r AS (', ''))) / length('  ), r AS (');
BEGIN
  IF marks <> 1 THEN RAISE EXCEPTION 'app.sealed_values() is not as this migration knows it'; END IF;
  EXECUTE replace(was, '  ), r AS (', $add$    UNION ALL
    SELECT i.tenant_id, 'sink_inbound', i.id::text, i.sealed, i.created_at, NULL, k.removed_at IS NULL AND i.ends_at IS NULL
      FROM public.sink_inbound i JOIN public.sink k ON k.tenant_id = i.tenant_id AND k.id = i.sink_id
  ), r AS ($add$);
END $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['inbound_source', 'inbound_alert', 'inbound_call', 'sink_inbound'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON inbound_source, inbound_alert, inbound_call TO tocsin_app;
GRANT UPDATE (name, default_severity, per_minute, resolve_after_s, token_hash, revoked_by, revoked_at, last_seen_at, accepted, refused,
  window_at, window_count) ON inbound_source TO tocsin_app;
GRANT UPDATE (status, severity, title, body, labels, link, starts_at, ends_at, received_at, waiting_since, tries) ON inbound_alert TO tocsin_app;
GRANT SELECT, INSERT, DELETE, UPDATE (ends_at) ON sink_inbound TO tocsin_app;
GRANT UPDATE (outcome, reason, incident_id) ON inbound_call TO tocsin_app;
-- The worker seals anew what lies under a key that has retired.
GRANT SELECT, UPDATE (sealed) ON sink_inbound TO tocsin_worker;
GRANT SELECT ON inbound_source TO tocsin_worker;
GRANT SELECT, DELETE, UPDATE (status, waiting_since, tries, outcome, incident_id) ON inbound_alert TO tocsin_worker;
GRANT SELECT, DELETE ON inbound_call TO tocsin_worker;
-- Which alerts wait, or end, over all tenants: where they are, and nothing of what they say.
CREATE POLICY find_due ON inbound_alert FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, source_id, fingerprint, status, waiting_since, ends_at, received_at) ON inbound_alert TO tocsin_sweeper;
CREATE POLICY find_due ON inbound_call FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, at) ON inbound_call TO tocsin_sweeper;
