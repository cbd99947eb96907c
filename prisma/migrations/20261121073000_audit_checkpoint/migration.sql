-- Checkpoints of the audit log: once a minute one signed root over the heads of all tenants' chains. Whoever owns this
-- database can rewrite a chain and all its hashes; the key that signs is not here, and copies of each line are elsewhere.
CREATE TABLE audit.checkpoint (
  no bigint PRIMARY KEY CHECK (no > 0),
  at timestamptz(3) NOT NULL,
  tree_size int NOT NULL CHECK (tree_size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  -- Unique, so that two processes at once cannot fork the line of checkpoints.
  prev bytea NOT NULL UNIQUE CHECK (octet_length(prev) = 32),
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  signature bytea NOT NULL CHECK (octet_length(signature) = 64),
  key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{16}$')
);
COMMENT ON TABLE audit.checkpoint IS 'global: one root stands for all tenants; it holds hashes only and every tenant may check it';

-- Heads that moved since the checkpoint before. The newest row of a tenant up to a number is its leaf under that root.
CREATE TABLE audit.checkpoint_head (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  no bigint NOT NULL REFERENCES audit.checkpoint (no),
  seq bigint NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (tenant_id, no)
);
CREATE INDEX checkpoint_head_no ON audit.checkpoint_head (no);
ALTER TABLE audit.checkpoint_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit.checkpoint_head TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
CREATE POLICY sealing ON audit.checkpoint_head TO tocsin_owner USING (true) WITH CHECK (true);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['checkpoint', 'checkpoint_head'] LOOP
    EXECUTE format('CREATE TRIGGER deny_change BEFORE UPDATE OR DELETE ON audit.%I FOR EACH ROW EXECUTE FUNCTION audit.deny()', t);
    EXECUTE format('CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.deny()', t);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER deny_change', t);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER deny_truncate', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON audit.checkpoint TO tocsin_worker;
GRANT SELECT ON audit.checkpoint, audit.checkpoint_head TO tocsin_app;

-- The worker sees every tenant's head, and nothing else of the log of another tenant.
CREATE FUNCTION audit.heads() RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT h.tenant_id, h.seq, h.hash FROM audit.head h WHERE h.seq > 0 ORDER BY h.tenant_id $$;

CREATE FUNCTION audit.heads_at(up_to bigint) RETURNS TABLE (tenant_id uuid, seq bigint, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT h.tenant_id, c.seq, c.hash FROM audit.head h CROSS JOIN LATERAL (
    SELECT k.seq, k.hash FROM audit.checkpoint_head k WHERE k.tenant_id = h.tenant_id AND k.no <= up_to ORDER BY k.no DESC LIMIT 1) c
  ORDER BY h.tenant_id $$;

CREATE FUNCTION audit.heads_moved(first bigint, last bigint) RETURNS TABLE (no bigint, tenant_id uuid, seq bigint, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.no, k.tenant_id, k.seq, k.hash FROM audit.checkpoint_head k WHERE k.no BETWEEN first AND last ORDER BY k.no, k.tenant_id $$;

CREATE FUNCTION audit.keep_heads(checkpoint bigint, tenants uuid[], seqs bigint[], hashes bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO audit.checkpoint_head (tenant_id, no, seq, hash)
  SELECT u.t, checkpoint, u.s, u.h FROM unnest(tenants, seqs, hashes) AS u(t, s, h) $$;

-- Leaves only: a tenant proves that its own head is under the root and learns nothing of the others but how many.
CREATE FUNCTION audit.leaves(up_to bigint, of_tenant uuid) RETURNS TABLE (own boolean, leaf bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT h.tenant_id = of_tenant,
    sha256('\x00'::bytea || convert_to(h.tenant_id || E'\n' || h.seq || E'\n' || encode(h.hash, 'hex'), 'UTF8'))
  FROM audit.heads_at(up_to) h ORDER BY h.tenant_id $$;

-- What the stored personal data commits to, without showing the salt to the console.
CREATE FUNCTION audit.commitments(of_tenant uuid, after_seq bigint, up_to bigint) RETURNS TABLE (event_id uuid, commitment bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT p.event_id, sha256('\x02'::bytea || p.salt || convert_to(p.body, 'UTF8'))
  FROM audit.chain c JOIN audit.pii p ON p.tenant_id = c.tenant_id AND p.event_id = c.event_id
  WHERE c.tenant_id = of_tenant AND c.seq > after_seq AND c.seq <= up_to
    AND (of_tenant = app.tenant() OR pg_has_role(session_user, 'tocsin_owner', 'MEMBER')) $$;

REVOKE ALL ON FUNCTION audit.heads, audit.heads_at, audit.heads_moved, audit.keep_heads, audit.leaves, audit.commitments FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.heads, audit.heads_at, audit.heads_moved, audit.keep_heads TO tocsin_worker;
GRANT EXECUTE ON FUNCTION audit.leaves, audit.commitments TO tocsin_app;
