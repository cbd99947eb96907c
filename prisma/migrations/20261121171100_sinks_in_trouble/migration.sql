-- What happens when a sink does not take what it is told: it is left alone for a while, another one takes over, and
-- what a vendor only promised to do is asked after.

-- NULL: no fallback. Otherwise it is told of a P1 that another sink has not taken for so long.
ALTER TABLE sink ADD COLUMN fallback_after_s int CHECK (fallback_after_s BETWEEN 60 AND 3600);

-- When another sink was told in place of one that did not take it: once per incident.
ALTER TABLE incident ADD COLUMN fallback_at timestamptz(3);

-- A vendor that answers "accepted" before it does the work gives a receipt; it is asked until it says what became of it.
ALTER TABLE delivery
  ADD COLUMN receipt_owed boolean GENERATED ALWAYS AS (memory ? 'receipt') STORED,
  ADD COLUMN receipt text CHECK (receipt IN ('confirmed', 'unknown')),
  ADD COLUMN receipt_asked int NOT NULL DEFAULT 0,
  ADD COLUMN receipt_due_at timestamptz(3);
CREATE INDEX delivery_receipt ON delivery (settled_at) WHERE state = 'sent' AND receipt_owed AND receipt IS NULL;
CREATE INDEX delivery_dead ON delivery (settled_at) WHERE state = 'dead';
CREATE INDEX incident_open_p1 ON incident (opened_at) WHERE state = 'open' AND severity = 'P1' AND fallback_at IS NULL;

CREATE TABLE sink_trouble (
  tenant_id uuid NOT NULL,
  sink_id uuid NOT NULL,
  -- failing: too many failures in a row. asked: the vendor named a time before which it wants nothing.
  kind text NOT NULL CHECK (kind IN ('failing', 'asked')),
  failures int NOT NULL CHECK (failures >= 0),
  since timestamptz(3) NOT NULL,
  next_try_at timestamptz(3) NOT NULL,
  pause_s int NOT NULL CHECK (pause_s >= 0),
  noted_at timestamptz(3) NOT NULL,
  -- It has taken something again.
  over_at timestamptz(3),
  PRIMARY KEY (tenant_id, sink_id),
  FOREIGN KEY (tenant_id, sink_id) REFERENCES sink (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE sink_trouble ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON sink_trouble TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
CREATE POLICY find_due ON sink_trouble FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT ON sink_trouble TO tocsin_app;
GRANT SELECT, INSERT ON sink_trouble TO tocsin_worker;
GRANT UPDATE (kind, failures, since, next_try_at, pause_s, noted_at, over_at) ON sink_trouble TO tocsin_worker;
GRANT SELECT ON sink_trouble TO tocsin_sweeper;

GRANT SELECT (tenant_id, id, kind, state, disabled_reason, proven_at, removed_at, updated_at) ON sink TO tocsin_sweeper;
GRANT SELECT (severity, fallback_at, reason) ON incident TO tocsin_sweeper;
GRANT SELECT (kind, created_at, settled_at, receipt_owed, receipt, receipt_due_at) ON delivery TO tocsin_sweeper;
