-- What comes after an incident: runbooks that a tenant writes itself, postmortems with what is still to be done, and drills
-- that try the whole road with a server that is made up.
CREATE TABLE runbook (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  reason text NOT NULL CHECK (reason ~ '^[a-z_]{1,60}$'),
  version int NOT NULL CHECK (version > 0),
  -- NULL: from here on the given one holds again.
  body text CHECK (octet_length(body) BETWEEN 1 AND 8192),
  saved_by uuid,
  saved_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reason, version)
);

CREATE TABLE postmortem (
  tenant_id uuid NOT NULL,
  incident_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'done')),
  due_at timestamptz(3) NOT NULL,
  -- {summary, impact, cause, times, told, lessons}: lib/domain/postmortem.ts
  sections jsonb NOT NULL CHECK (pg_column_size(sections) <= 65536),
  created_at timestamptz(3) NOT NULL,
  updated_by uuid,
  updated_at timestamptz(3) NOT NULL,
  done_by uuid,
  done_at timestamptz(3),
  reminded_at timestamptz(3),
  PRIMARY KEY (tenant_id, incident_id),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE,
  CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX postmortem_due ON postmortem (due_at) WHERE state = 'draft';

CREATE TABLE action_item (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  incident_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('prevent', 'detect', 'mitigate')),
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 300),
  owner text NOT NULL CHECK (char_length(owner) BETWEEN 1 AND 120),
  due_at timestamptz(3) NOT NULL,
  impact int NOT NULL CHECK (impact BETWEEN 1 AND 3),
  effort int NOT NULL CHECK (effort BETWEEN 1 AND 3),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dropped')),
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE,
  CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX action_item_of ON action_item (tenant_id, incident_id);

-- Made up for a drill. It is removed from the day it is made, so that no list, count or scheduler has it; only what is
-- decided about it goes its way.
ALTER TABLE server ADD COLUMN drill boolean NOT NULL DEFAULT false, ADD CHECK (NOT drill OR removed_at IS NOT NULL);
GRANT SELECT (drill) ON server TO tocsin_sweeper;

CREATE TABLE drill (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  flavour text NOT NULL CHECK (flavour IN ('single_tenant', 'cluster', 'budget')),
  state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'running', 'passed', 'failed')),
  servers uuid[] NOT NULL,
  started_by uuid,
  started_at timestamptz(3) NOT NULL,
  -- When each part of the road was reached: lib/domain/drill.ts
  steps jsonb NOT NULL DEFAULT '{}',
  -- What was missing, a sentence each.
  missing jsonb NOT NULL DEFAULT '[]',
  ended_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CHECK ((ended_at IS NULL) = (state IN ('asked', 'running')))
);
CREATE UNIQUE INDEX drill_one_at_a_time ON drill (tenant_id) WHERE ended_at IS NULL;
CREATE INDEX drill_recent ON drill (tenant_id, started_at DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['runbook', 'postmortem', 'action_item', 'drill'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON runbook TO tocsin_app;
GRANT SELECT, INSERT ON postmortem, action_item, drill TO tocsin_app;
GRANT UPDATE (state, due_at, sections, updated_by, updated_at, done_by, done_at) ON postmortem TO tocsin_app;
GRANT UPDATE (kind, title, owner, due_at, impact, effort, state, ended_at) ON action_item TO tocsin_app;
GRANT SELECT, INSERT ON postmortem TO tocsin_worker;
GRANT SELECT ON action_item, drill TO tocsin_worker;
GRANT UPDATE (reminded_at) ON postmortem TO tocsin_worker;
GRANT UPDATE (state, steps, missing, ended_at) ON drill TO tocsin_worker;

-- A P1 owes a word after five minutes: when somebody was last reminded of it.
ALTER TABLE incident ADD COLUMN reminded_at timestamptz(3);
CREATE INDEX incident_owes_a_word ON incident (opened_at) WHERE state = 'open' AND severity = 'P1' AND NOT drill;
CREATE INDEX incident_after_p1 ON incident (resolved_at) WHERE state = 'resolved' AND severity = 'P1' AND NOT drill;

-- Whoever looks for what is due sees ids and times only.
CREATE POLICY find_due ON postmortem FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, incident_id, state, due_at, reminded_at) ON postmortem TO tocsin_sweeper;
CREATE POLICY find_due ON drill FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT (tenant_id, id, state, started_at, ended_at) ON drill TO tocsin_sweeper;
GRANT SELECT (severity, drill, resolved_at, reminded_at, held_by) ON incident TO tocsin_sweeper;
