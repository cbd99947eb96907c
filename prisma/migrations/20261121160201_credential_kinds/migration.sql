-- A credential per region or for all of them, of four kinds; what is no secret of it stands beside the sealed part.
ALTER TABLE server_credential
  ADD COLUMN region text NOT NULL DEFAULT '' CHECK (region ~ '^[a-z0-9-]{0,32}$'),
  ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
  DROP CONSTRAINT server_credential_kind_check,
  ADD CONSTRAINT server_credential_kind_check CHECK (kind IN ('bearer', 'header', 'oauth', 'mtls')),
  DROP CONSTRAINT server_credential_pkey,
  ADD PRIMARY KEY (tenant_id, server_id, region);
-- Who looks for what expires sees when, and not what.
CREATE POLICY find_due ON server_credential FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, server_id, region, expires_at) ON server_credential TO tocsin_sweeper;

-- What the last looks at a server's wall found, one row per region, written when something about it changes.
CREATE TABLE server_wall (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  region text NOT NULL,
  looked_at timestamptz(3) NOT NULL,
  walk jsonb,
  findings jsonb,
  token jsonb,
  PRIMARY KEY (tenant_id, server_id, region),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE server_wall ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON server_wall TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
GRANT SELECT ON server_wall TO tocsin_app;
GRANT SELECT, INSERT, UPDATE ON server_wall TO tocsin_worker;
