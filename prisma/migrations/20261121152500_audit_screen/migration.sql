-- Reading the log: saved views, the daily review and the weekly reports.

-- An auditor, or an operator of several tenants, may ask one question of all of them. Read only, for the console only,
-- and only the tenants that the question names: those where whoever asks has a seat that may read the log. Salts and
-- heads stay with the tenant's own transaction.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['event', 'chain', 'pii'] LOOP
    EXECUTE format('CREATE POLICY several_tenants ON audit.%I FOR SELECT TO tocsin_app
      USING (tenant_id = ANY ((SELECT app.tenants())::uuid[]))', t);
  END LOOP;
END $$;

-- The newest rows of one action or one actor, also where they are a few of a million.
CREATE INDEX event_of_action ON audit.event (tenant_id, action, at DESC);
CREATE INDEX event_of_actor ON audit.event (tenant_id, actor, at DESC);

-- The weekly look at reasons reads them; the salt stays unread by every serving role.
GRANT SELECT (tenant_id, event_id, body) ON audit.pii TO tocsin_worker;
-- Role drift: who was disabled and still has a session. Never the token's hash.
GRANT SELECT (id, person_id, last_seen_at, expires_at) ON session TO tocsin_worker;

CREATE TABLE saved_view (
  id uuid PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
  -- The address's part behind the question mark, as the filter's parser writes it.
  query text NOT NULL CHECK (char_length(query) <= 1000),
  created_at timestamptz(3) NOT NULL,
  UNIQUE (person_id, name)
);
COMMENT ON TABLE saved_view IS 'global: a person''s own bookmarks into the log; they open nothing that the person may not read anyway';
GRANT SELECT, INSERT, DELETE ON saved_view TO tocsin_app;

-- One row per tenant and day (UTC): who looked, and what they say of it. Nobody takes it back.
CREATE TABLE audit_review (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  day text NOT NULL CHECK (day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  reviewed_by uuid NOT NULL,
  reviewed_at timestamptz(3) NOT NULL,
  note text NOT NULL CHECK (char_length(note) <= 500),
  -- What there was to see when it was marked.
  events int NOT NULL,
  unusual int NOT NULL,
  -- Own acts were among the unusual rows, and nobody else could have reviewed them.
  own_acts int NOT NULL,
  PRIMARY KEY (tenant_id, day)
);
GRANT SELECT, INSERT ON audit_review TO tocsin_app;

-- Holds ids and findings, no reason and no name: those are read from where they can be erased.
CREATE TABLE weekly_report (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  kind text NOT NULL CHECK (kind IN ('weak_reasons', 'role_drift')),
  -- The Monday (UTC) that the week began with.
  week text NOT NULL CHECK (week ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  made_at timestamptz(3) NOT NULL,
  -- How many were looked at, of which `findings` holds those that need a person.
  looked_at int NOT NULL,
  findings jsonb NOT NULL,
  PRIMARY KEY (tenant_id, kind, week)
);
GRANT SELECT ON weekly_report TO tocsin_app;
GRANT SELECT, INSERT ON weekly_report TO tocsin_worker;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_review', 'weekly_report'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
