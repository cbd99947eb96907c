-- Visits: a member of the staff looks into a tenant as one of its people, for half an hour.

ALTER TABLE impersonation_grant
  -- Of the browser that began: another one that shows the same cookies ends the visit. Null is not compared.
  ADD COLUMN agent_hash bytea CHECK (octet_length(agent_hash) = 32),
  -- What changes things has a second person, whoever writes the row: an approval that is absent is none.
  ADD CHECK (mode = 'ro' OR started_at IS NULL OR approved_at IS NOT NULL),
  ADD CHECK ((approved_at IS NULL) = (approved_by IS NULL)),
  ADD CHECK (secret_hash IS NOT NULL OR started_at IS NULL),
  ADD CHECK ((ended_at IS NULL) = (ended_reason IS NULL));

-- Whoever may approve sees what waits in all of their tenants in one question; reading only, as everywhere.
CREATE POLICY several_tenants ON impersonation_grant FOR SELECT TO tocsin_app
  USING (tenant_id = ANY ((SELECT app.tenants())::uuid[]));

-- A visit whose browser was closed ends too: the worker writes its end. Ids and times are all that the sweeper sees.
CREATE POLICY find_due ON impersonation_grant FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, id, asked_at, approved_at, started_at, not_after, ended_at) ON impersonation_grant TO tocsin_sweeper;
GRANT UPDATE (ended_at, ended_by, ended_reason) ON impersonation_grant TO tocsin_worker;
CREATE INDEX impersonation_open ON impersonation_grant (tenant_id, asked_at) WHERE ended_at IS NULL;

-- What was done during one visit.
CREATE INDEX event_of_visit ON audit.event (tenant_id, grant_id, at) WHERE grant_id IS NOT NULL;
