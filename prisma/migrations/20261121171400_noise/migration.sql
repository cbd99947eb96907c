-- One incident for many with one cause, one notice for many tenants, so many notices an hour; and what was held back for
-- each of these, so that it can be listed and counted.
CREATE TABLE incident_cause (
  tenant_id uuid NOT NULL,
  incident_id uuid NOT NULL,
  -- What others may fail for as well: lib/domain/storm.ts
  cause text NOT NULL CHECK (char_length(cause) BETWEEN 1 AND 300),
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, incident_id, cause),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX incident_cause_recent ON incident_cause (tenant_id, cause, at DESC);

CREATE TABLE storm_member (
  tenant_id uuid NOT NULL,
  storm_id uuid NOT NULL,
  incident_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, storm_id, incident_id),
  FOREIGN KEY (tenant_id, storm_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX storm_member_of ON storm_member (tenant_id, incident_id);

CREATE INDEX incident_storms ON incident (tenant_id, id) WHERE subject_kind = 'storm' AND state <> 'resolved';

CREATE TABLE digest (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('wider', 'hour', 'day', 'week')),
  -- Of what: the cluster's id, the hour or the day it was made in. Each is told once.
  key text NOT NULL,
  at timestamptz(3) NOT NULL,
  counted int NOT NULL CHECK (counted >= 0),
  -- NULL: there was nobody to tell quietly, and it stands in the list alone.
  notice_id uuid,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, kind, key),
  FOREIGN KEY (tenant_id, notice_id) REFERENCES notice (tenant_id, id) ON DELETE SET NULL (notice_id)
);

-- Every time an incident's own notices were held back, by what; written with the hold itself.
CREATE TABLE held_back (
  tenant_id uuid NOT NULL,
  incident_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('silence', 'window', 'storm', 'cluster', 'budget')),
  ref text NOT NULL DEFAULT '',
  at timestamptz(3) NOT NULL,
  until timestamptz(3) NOT NULL,
  digest_id uuid,
  PRIMARY KEY (tenant_id, incident_id, kind, ref),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, digest_id) REFERENCES digest (tenant_id, id)
);
CREATE INDEX held_back_recent ON held_back (tenant_id, at DESC);
CREATE INDEX held_back_untold ON held_back (kind, at) WHERE digest_id IS NULL AND kind IN ('cluster', 'budget');
CREATE INDEX surface_change_digests ON surface_change (digest, at) WHERE digest IN ('daily', 'weekly');
CREATE INDEX notice_triggers ON notice (tenant_id, at) WHERE kind = 'trigger';

CREATE TABLE cluster (
  id uuid PRIMARY KEY,
  cause text NOT NULL CHECK (char_length(cause) BETWEEN 1 AND 300),
  reason text NOT NULL,
  opened_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  -- The installation's own incident about it; NULL until the duty has opened it.
  incident_id uuid,
  -- The installation's policy tells nobody of it: then nothing is held for it.
  nobody boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX cluster_live ON cluster (cause) WHERE ended_at IS NULL;
COMMENT ON TABLE cluster IS 'global: causes that many tenants share at once; names no tenant, and a tenant reads only what holds its own';

-- No role but the owner reads whose it was: the worker asks for counts, by the function below.
CREATE TABLE upstream_sighting (
  cause text NOT NULL,
  who uuid NOT NULL,
  minute timestamptz(3) NOT NULL,
  PRIMARY KEY (cause, minute, who)
);
COMMENT ON TABLE upstream_sighting IS 'global: which tenants were about to be paged for which cause, for an hour; read by counting alone';
ALTER TABLE upstream_sighting ENABLE ROW LEVEL SECURITY;
CREATE POLICY find_due ON upstream_sighting FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT ON upstream_sighting TO tocsin_sweeper;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['incident_cause', 'storm_member', 'digest', 'held_back'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    EXECUTE format('CREATE POLICY find_due ON %I FOR SELECT TO tocsin_sweeper USING (true)', t);
  END LOOP;
END $$;
ALTER TABLE cluster ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_holds ON cluster FOR SELECT TO tocsin_app USING (EXISTS (
  SELECT 1 FROM held_back h WHERE h.tenant_id = (SELECT app.tenant()) AND h.kind = 'cluster' AND h.ref = cluster.id::text));
CREATE POLICY worker_keeps ON cluster TO tocsin_worker USING (true) WITH CHECK (true);
CREATE POLICY find_due ON cluster FOR SELECT TO tocsin_sweeper USING (true);

GRANT SELECT ON storm_member, digest, held_back, cluster TO tocsin_app;
GRANT SELECT, INSERT ON incident_cause, storm_member, digest, held_back, cluster TO tocsin_worker;
GRANT UPDATE (until, digest_id) ON held_back TO tocsin_worker;
GRANT UPDATE (notice_id) ON digest TO tocsin_worker;
GRANT UPDATE (incident_id, ended_at, nobody) ON cluster TO tocsin_worker;
GRANT SELECT (tenant_id, incident_id, cause, at) ON incident_cause TO tocsin_sweeper;
GRANT SELECT (tenant_id, storm_id, incident_id) ON storm_member TO tocsin_sweeper;
GRANT SELECT (tenant_id, incident_id, kind, ref, at, digest_id) ON held_back TO tocsin_sweeper;
GRANT SELECT (tenant_id, kind, key, at) ON digest TO tocsin_sweeper;
GRANT SELECT ON cluster TO tocsin_sweeper;
GRANT SELECT (held_by, held_ref, severity) ON incident TO tocsin_sweeper;
GRANT SELECT (tenant_id, digest, at, state) ON surface_change TO tocsin_sweeper;
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_policies WHERE tablename = 'surface_change' AND policyname = 'find_due') THEN
    CREATE POLICY find_due ON surface_change FOR SELECT TO tocsin_sweeper USING (true);
  END IF;
END $$;

-- Notes that the tenant of this transaction is about to be paged for these causes, and counts who else is. Rows of the
-- one minute are the tenant's own, so that no tenant waits for another; counting sees what has committed.
CREATE FUNCTION app.sight(causes text[], seen_at timestamptz, since timestamptz, floor_of int)
RETURNS TABLE (cause text, tenants int, watched int, hears boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
#variable_conflict use_column
DECLARE
  platform constant uuid := '00000000-0000-4000-8000-000000000001';
  me uuid := app.tenant();
  one text;
BEGIN
  IF me IS NULL OR me = platform OR cardinality(causes) NOT BETWEEN 1 AND 10 THEN RETURN; END IF;
  -- Who can be told of nothing is not about to be paged.
  IF EXISTS (SELECT 1 FROM sink s WHERE s.tenant_id = me AND s.state = 'enabled' AND s.proven_at IS NOT NULL AND s.removed_at IS NULL) THEN
    INSERT INTO upstream_sighting (cause, who, minute) SELECT c, me, date_trunc('minute', seen_at) FROM unnest(causes) AS c ORDER BY c
      ON CONFLICT DO NOTHING;
  END IF;
  FOREACH one IN ARRAY causes LOOP
    -- One that is noticed already needs no more counting, which is what every incident of a large outage would do.
    CONTINUE WHEN EXISTS (SELECT 1 FROM cluster k WHERE k.cause = one AND k.ended_at IS NULL);
    SELECT count(DISTINCT u.who)::int INTO tenants FROM upstream_sighting u WHERE u.cause = one AND u.minute > since;
    cause := one;
    watched := NULL;
    hears := false;
    IF tenants >= floor_of THEN
      SELECT count(*)::int INTO watched FROM tenant t WHERE NOT t.is_platform AND t.erased_at IS NULL AND EXISTS (
        SELECT 1 FROM server s WHERE s.tenant_id = t.id AND NOT s.paused AND s.removed_at IS NULL);
      hears := EXISTS (SELECT 1 FROM sink s WHERE s.tenant_id = platform AND s.state = 'enabled' AND s.proven_at IS NOT NULL AND s.removed_at IS NULL);
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION app.sight FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.sight TO tocsin_worker;

-- @returns how many went
CREATE FUNCTION app.forget_sightings(before timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE n int;
BEGIN
  DELETE FROM upstream_sighting WHERE minute < before;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION app.forget_sightings FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_sightings TO tocsin_worker;
