-- Who may do what: groups bound to layers as rows, sessions that know when their person last proved who they are,
-- impersonation as a grant of its own, and actions that need a second person.

-- Which groups of the identity provider stand for which layer. One star in a pattern is the tenant's slug.
CREATE TABLE role_binding (
  id uuid PRIMARY KEY,
  pattern text NOT NULL CHECK (char_length(pattern) BETWEEN 1 AND 200),
  layer text NOT NULL CHECK (layer IN ('root', 'operator', 'auditor', 'customer')),
  tenant_slug text,
  reason text NOT NULL,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  removed_by uuid,
  removed_at timestamptz(3)
);
CREATE UNIQUE INDEX role_binding_once ON role_binding (pattern, layer, coalesce(tenant_slug, '')) WHERE removed_at IS NULL;
COMMENT ON TABLE role_binding IS 'global: part of the role table, the same for every tenant';
INSERT INTO role_binding (id, pattern, layer, reason, created_at) VALUES
  ('00000000-0000-4000-8000-0000000000b1', 'tocsin-root', 'root', 'As installed.', current_timestamp),
  ('00000000-0000-4000-8000-0000000000b2', 'tocsin-auditor', 'auditor', 'As installed.', current_timestamp),
  ('00000000-0000-4000-8000-0000000000b3', 'tocsin-operator-*', 'operator', 'As installed.', current_timestamp),
  ('00000000-0000-4000-8000-0000000000b4', 'tocsin-customer-*', 'customer', 'As installed.', current_timestamp);
GRANT SELECT, INSERT ON role_binding TO tocsin_app;
GRANT UPDATE (removed_by, removed_at) ON role_binding TO tocsin_app;
GRANT SELECT ON role_binding TO tocsin_worker;
GRANT SELECT ON person TO tocsin_worker;

ALTER TABLE session
  -- When the person last proved to the identity provider who they are (auth_time of the ID token).
  ADD COLUMN auth_time timestamptz(3),
  -- When the groups were last read from the identity provider for this session.
  ADD COLUMN groups_checked_at timestamptz(3),
  -- Sealed refresh token: how the groups are asked for again without the person.
  ADD COLUMN refresh_sealed bytea,
  -- The identity provider's own session, for its logout.
  ADD COLUMN idp_sid text,
  ADD COLUMN address text NOT NULL DEFAULT '',
  -- The running impersonation, if any: both halves or neither.
  ADD COLUMN grant_tenant_id uuid REFERENCES tenant (id),
  ADD COLUMN grant_id uuid,
  ADD CHECK ((grant_id IS NULL) = (grant_tenant_id IS NULL));
CREATE INDEX session_idp_sid ON session (idp_sid) WHERE idp_sid IS NOT NULL;

-- Delegation, never a session under somebody else's name: the session stays the actor's and points here.
CREATE TABLE impersonation_grant (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  actor_id uuid NOT NULL,
  -- All that the customer learns of the actor.
  actor_name text NOT NULL,
  target_id uuid NOT NULL,
  target_name text NOT NULL,
  mode text NOT NULL CHECK (mode IN ('ro', 'rw')),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 20 AND 500),
  session_id uuid NOT NULL,
  session_fp bytea NOT NULL CHECK (octet_length(session_fp) = 32),
  secret_hash bytea CHECK (octet_length(secret_hash) = 32),
  asked_at timestamptz(3) NOT NULL,
  approved_by uuid,
  approved_session uuid,
  approved_at timestamptz(3),
  started_at timestamptz(3),
  not_after timestamptz(3),
  ended_at timestamptz(3),
  ended_by uuid,
  ended_reason text,
  PRIMARY KEY (tenant_id, id),
  CHECK (actor_id <> target_id),
  CHECK ((started_at IS NULL) = (not_after IS NULL)),
  -- Half an hour is the most, whoever writes the row.
  CHECK (not_after <= started_at + interval '30 minutes'),
  CHECK (approved_by IS NULL OR (approved_by <> actor_id AND approved_by <> target_id AND approved_session <> session_id)),
  CHECK (mode = 'ro' OR started_at IS NULL OR approved_at <= asked_at + interval '15 minutes')
);
CREATE UNIQUE INDEX impersonation_one_running ON impersonation_grant (tenant_id, session_id) WHERE ended_at IS NULL;
CREATE INDEX impersonation_recent ON impersonation_grant (tenant_id, asked_at DESC);

-- What one person asked for and another has to approve. Executed once, by the transaction that approves.
CREATE TABLE approval (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  sentence text NOT NULL,
  input jsonb NOT NULL,
  diff jsonb NOT NULL DEFAULT '[]',
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 20 AND 500),
  asked_by uuid NOT NULL,
  asked_session uuid,
  asked_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'executed', 'refused', 'expired', 'withdrawn', 'failed')),
  waived boolean NOT NULL DEFAULT false,
  decided_by uuid,
  decided_session uuid,
  decided_at timestamptz(3),
  decision text,
  PRIMARY KEY (tenant_id, id),
  CHECK (state <> 'executed' OR waived OR (decided_by <> asked_by AND decided_at < expires_at)),
  CHECK ((state = 'asked') = (decided_at IS NULL))
);
CREATE INDEX approval_open ON approval (tenant_id, asked_at) WHERE state = 'asked';

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['impersonation_grant', 'approval'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON impersonation_grant, approval TO tocsin_app;
GRANT UPDATE (mode, secret_hash, approved_by, approved_session, approved_at, started_at, not_after, ended_at, ended_by, ended_reason)
  ON impersonation_grant TO tocsin_app;
GRANT UPDATE (state, decided_by, decided_session, decided_at, decision) ON approval TO tocsin_app;
GRANT SELECT ON impersonation_grant, approval TO tocsin_worker;

-- The installation's own alerts are also about its log and about who came in by the emergency door.
ALTER TABLE incident DROP CONSTRAINT incident_subject_kind_check;
ALTER TABLE incident ADD CONSTRAINT incident_subject_kind_check CHECK (subject_kind IN ('server', 'region', 'worker', 'audit', 'access'));
