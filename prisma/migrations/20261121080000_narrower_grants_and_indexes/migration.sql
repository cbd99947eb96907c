-- Roles may do what their code does, and no more: a notice is frozen once it is written, a try is never rewritten, the
-- console opens no incidents and touches of a delivery only what a redrive and a take-back need.
REVOKE UPDATE ON notice FROM tocsin_app, tocsin_worker;
REVOKE UPDATE ON delivery_try FROM tocsin_worker;
REVOKE INSERT, UPDATE ON region FROM tocsin_worker;
REVOKE INSERT ON request FROM tocsin_worker;
REVOKE INSERT ON incident FROM tocsin_app;
REVOKE UPDATE ON delivery FROM tocsin_app;
GRANT UPDATE (state, due_at, reason, settled_at, redriven_at) ON delivery TO tocsin_app;
REVOKE SELECT (subject_name) ON incident FROM tocsin_sweeper;

-- Asked for each incident that opens, by each look of the watch and by the requests' clean-up: without these each reads
-- the whole table, and a storm asks hundreds of times.
CREATE INDEX incident_by_hand ON incident (tenant_id, fingerprint, resolved_at) WHERE resolved_by IS NOT NULL;
CREATE INDEX incident_of_parts ON incident (tenant_id, resolved_at) WHERE subject_kind <> 'server';
CREATE INDEX incident_held ON incident (tenant_id, silence_id) WHERE silence_id IS NOT NULL;
CREATE INDEX request_running ON request (created_at) WHERE state = 'running';
