-- What nobody decided in time ends by itself, with its row in the log.
GRANT UPDATE (state, decided_at) ON approval TO tocsin_worker;
CREATE POLICY find_due ON approval FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, id, state, expires_at) ON approval TO tocsin_sweeper;
CREATE INDEX approval_due ON approval (expires_at) WHERE state = 'asked';
