-- A request under Article 17 as it was filed: by a customer in the portal or by an operator. Whom it is about is sealed
-- under the tenant's key and opened one request at a time, each time with a row in the log.
CREATE TABLE erasure_request (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  -- Counts up per tenant: what people say aloud.
  number integer NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('account', 'contact', 'mentioned')),
  -- Who has to answer the person.
  controller text NOT NULL CHECK (controller IN ('tenant', 'us')),
  identifiers integer NOT NULL CHECK (identifiers BETWEEN 1 AND 20),
  identifiers_sealed bytea NOT NULL,
  note_sealed bytea,
  received_at timestamptz(3) NOT NULL,
  filed_by uuid NOT NULL,
  state text NOT NULL DEFAULT 'received' CHECK (state IN ('received')),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number)
);
ALTER TABLE erasure_request ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON erasure_request TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
-- Filed once and not changed: what becomes of it is for whoever works it off.
GRANT SELECT, INSERT ON erasure_request TO tocsin_app;
GRANT SELECT ON erasure_request TO tocsin_worker;
