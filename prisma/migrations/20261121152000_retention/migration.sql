-- How long each tenant keeps its history, never past its tier (lib/domain/tier.ts), and the two functions that delete
-- what is older: serving roles have no DELETE of their own, so that nothing else can.
CREATE TABLE tenant_retention (
  tenant_id uuid PRIMARY KEY REFERENCES tenant (id),
  -- Days; null is as long as the tier allows.
  minutes_days int CHECK (minutes_days BETWEEN 1 AND 2557),
  incidents_days int CHECK (incidents_days BETWEEN 1 AND 2557),
  updated_by uuid,
  updated_at timestamptz(3) NOT NULL
);
ALTER TABLE tenant_retention ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenant_retention TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
GRANT SELECT, INSERT ON tenant_retention TO tocsin_app;
GRANT UPDATE (minutes_days, incidents_days, updated_by, updated_at) ON tenant_retention TO tocsin_app;
GRANT SELECT ON tenant_retention TO tocsin_worker;
-- Finds a tenant's oldest minutes without reading the rest; the key begins with the server.
CREATE INDEX probe_minute_age ON probe_minute (tenant_id, slot);
CREATE INDEX incident_resolved ON incident (tenant_id, resolved_at) WHERE state = 'resolved';

-- The owner's functions run under forced row security like everybody else. Given to every tenant table after each
-- migration run, so that a table that comes later is never left out of an erasure.
CREATE FUNCTION app.let_owner_delete() RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE t record; made int := 0;
BEGIN
  FOR t IN SELECT c.oid::regclass AS name, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'owner_deletes') LOOP
    EXECUTE format('CREATE POLICY owner_deletes ON %s TO tocsin_owner USING (true)', t.name);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION app.let_owner_delete FROM PUBLIC;
SELECT app.let_owner_delete();

-- Probe minutes of the current tenant from before a moment, some at a time. @returns how many
CREATE FUNCTION app.forget_minutes(before timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE n int;
BEGIN
  IF most NOT BETWEEN 1 AND 50000 THEN RAISE EXCEPTION 'too many at a time: %', most USING ERRCODE = '22023'; END IF;
  DELETE FROM public.probe_minute m USING (
    SELECT k.server_id, k.slot FROM public.probe_minute k WHERE k.tenant_id = app.tenant() AND k.slot < before
    ORDER BY k.slot LIMIT most) old
  WHERE m.tenant_id = app.tenant() AND m.server_id = old.server_id AND m.slot = old.slot AND m.slot < before;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- Incidents that were resolved before a moment, with all that hangs on them. One that is open, or of which one delivery
-- is still to be sent, stays whole, whoever asks. What belongs to no incident (test sends) goes by its own age.
CREATE FUNCTION app.forget_incidents(before timestamptz, most int)
RETURNS TABLE (incidents int, notices int, deliveries int, tests int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE ids uuid[]; tests_of uuid[]; t uuid := app.tenant();
BEGIN
  IF most NOT BETWEEN 1 AND 5000 THEN RAISE EXCEPTION 'too many at a time: %', most USING ERRCODE = '22023'; END IF;
  -- Locked before it is looked at: a reopened incident or a redriven delivery is seen, or waits until this is over.
  SELECT array_agg(o.id) INTO ids FROM (
    SELECT i.id FROM public.incident i WHERE i.tenant_id = t AND i.state = 'resolved' AND i.resolved_at < before
      AND NOT EXISTS (SELECT 1 FROM public.delivery d WHERE d.tenant_id = t AND d.incident_id = i.id AND d.state IN ('pending', 'leased'))
    ORDER BY i.resolved_at LIMIT most FOR UPDATE SKIP LOCKED) o;
  PERFORM 1 FROM public.delivery d WHERE d.tenant_id = t AND d.incident_id = ANY (ids) FOR UPDATE;
  SELECT array_agg(o.id) INTO ids FROM unnest(ids) AS o(id)
    WHERE NOT EXISTS (SELECT 1 FROM public.delivery d WHERE d.tenant_id = t AND d.incident_id = o.id AND d.state IN ('pending', 'leased'));
  SELECT count(*)::int INTO deliveries FROM public.delivery d WHERE d.tenant_id = t AND d.incident_id = ANY (ids);
  SELECT count(*)::int INTO notices FROM public.notice n WHERE n.tenant_id = t AND n.incident_id = ANY (ids);
  DELETE FROM public.incident i WHERE i.tenant_id = t AND i.id = ANY (ids);
  GET DIAGNOSTICS incidents = ROW_COUNT;
  SELECT array_agg(o.id) INTO tests_of FROM (
    SELECT n.id FROM public.notice n WHERE n.tenant_id = t AND n.incident_id IS NULL AND n.at < before
      AND NOT EXISTS (SELECT 1 FROM public.delivery d WHERE d.tenant_id = t AND d.notice_id = n.id AND d.state IN ('pending', 'leased'))
    ORDER BY n.at LIMIT most FOR UPDATE SKIP LOCKED) o;
  DELETE FROM public.notice n WHERE n.tenant_id = t AND n.id = ANY (tests_of);
  GET DIAGNOSTICS tests = ROW_COUNT;
  RETURN NEXT;
END $$;

-- A whole month of probe minutes, once it is older than anybody keeps; refused while one row is left in it.
CREATE FUNCTION app.drop_empty_minutes(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE part regclass := to_regclass('public.probe_minute_' || to_char(month, 'YYYY_MM')); still_there boolean;
BEGIN
  IF part IS NULL OR NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = part AND inhparent = 'public.probe_minute'::regclass)
    THEN RETURN false; END IF;
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part);
  -- Through the parent: the partition has no policy of its own and reads as empty.
  SELECT EXISTS (SELECT 1 FROM public.probe_minute WHERE slot >= date_trunc('month', month)::timestamp AT TIME ZONE 'UTC'
    AND slot < (date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC') INTO still_there;
  IF still_there THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE %s', part);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION app.forget_minutes, app.forget_incidents, app.drop_empty_minutes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_minutes, app.forget_incidents, app.drop_empty_minutes TO tocsin_worker;
