-- Several policies in an order, the people they tell, and who of them is on call when.
ALTER TABLE policy
  -- All of them have to hold; none: everything matches. See lib/domain/matcher.ts.
  ADD COLUMN matchers jsonb NOT NULL DEFAULT '[]' CHECK (pg_column_size(matchers) <= 65536),
  -- The first that matches holds; the default is asked last, wherever it stands.
  ADD COLUMN position int NOT NULL DEFAULT 0,
  ADD COLUMN repeat int NOT NULL DEFAULT 0 CHECK (repeat BETWEEN 0 AND 3),
  ADD COLUMN repeat_minutes int NOT NULL DEFAULT 15 CHECK (repeat_minutes BETWEEN 5 AND 240),
  ADD COLUMN removed_at timestamptz(3),
  ADD CONSTRAINT policy_default_stays CHECK (NOT is_default OR removed_at IS NULL);

-- Through which sinks somebody is reached.
CREATE TABLE contact (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  sink_id uuid NOT NULL,
  ordinal int NOT NULL CHECK (ordinal BETWEEN 0 AND 99),
  PRIMARY KEY (tenant_id, person_id, sink_id),
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id)
);

CREATE TABLE schedule (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  -- IANA name of the time zone in which hand-offs and restrictions are meant.
  zone text NOT NULL CHECK (char_length(zone) BETWEEN 1 AND 64),
  -- Rotations; of those who are on, the first one's turn counts. See lib/domain/schedule.ts.
  layers jsonb NOT NULL CHECK (pg_column_size(layers) <= 65536),
  -- SHA-256 of the secret part of its calendar's address; NULL: it has none.
  feed_hash bytea CHECK (octet_length(feed_hash) = 32),
  feed_made_at timestamptz(3),
  updated_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CHECK ((feed_hash IS NULL) = (feed_made_at IS NULL))
);

-- Somebody instead of whose turn it is.
CREATE TABLE schedule_override (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  schedule_id uuid NOT NULL,
  person_id uuid NOT NULL,
  starts_at timestamptz(3) NOT NULL,
  ends_at timestamptz(3) NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedule (tenant_id, id),
  CHECK (ends_at >= starts_at)
);
CREATE INDEX schedule_override_of ON schedule_override (tenant_id, schedule_id, ends_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['contact', 'schedule', 'schedule_override'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT, DELETE ON contact TO tocsin_app;
GRANT SELECT, INSERT, UPDATE ON schedule, schedule_override TO tocsin_app;
GRANT SELECT ON contact, schedule, schedule_override TO tocsin_worker;
