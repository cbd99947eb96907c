-- A cause over many tenants is drilled by the installation itself: tenants that are made up are rows of a count and nothing
-- else, under a cause that no real server has, so that nobody's people are told and no real count has them.
ALTER TABLE cluster ADD COLUMN drill boolean NOT NULL DEFAULT false;

CREATE FUNCTION app.is_drill_cause(cause text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
  SELECT cause ~ '^host:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.]drill[.]invalid$'
$$;
REVOKE ALL ON FUNCTION app.is_drill_cause FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.is_drill_cause TO tocsin_worker;

-- Notes that the tenant of this transaction is about to be paged for these causes, and counts who else is. Rows of the
-- one minute are the tenant's own, so that no tenant waits for another; counting sees what has committed.
CREATE OR REPLACE FUNCTION app.sight(causes text[], seen_at timestamptz, since timestamptz, floor_of int)
RETURNS TABLE (cause text, tenants int, watched int, hears boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
#variable_conflict use_column
DECLARE
  platform constant uuid := '00000000-0000-4000-8000-000000000001';
  me uuid := app.tenant();
  one text;
BEGIN
  IF me IS NULL OR (me = platform AND EXISTS (SELECT 1 FROM unnest(causes) AS c WHERE NOT app.is_drill_cause(c))) OR cardinality(causes) NOT BETWEEN 1 AND 10 THEN RETURN; END IF;
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

-- So many made-up tenants as make a cluster with the one that asks: the floor, and more than a tenth of all that watch.
CREATE FUNCTION app.sight_made_up(cause text, seen_at timestamptz, floor_of int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE watched int;
BEGIN
  IF NOT app.is_drill_cause(cause) OR floor_of NOT BETWEEN 1 AND 100 THEN RAISE EXCEPTION 'this is no cause of a drill'; END IF;
  SELECT count(*)::int INTO watched FROM tenant t WHERE NOT t.is_platform AND t.erased_at IS NULL AND EXISTS (
    SELECT 1 FROM server s WHERE s.tenant_id = t.id AND NOT s.paused AND s.removed_at IS NULL);
  INSERT INTO upstream_sighting (cause, who, minute) SELECT cause, gen_random_uuid(), date_trunc('minute', seen_at)
    FROM generate_series(1, greatest(floor_of, watched / 10 + 1));
  RETURN greatest(floor_of, watched / 10 + 1);
END $$;
REVOKE ALL ON FUNCTION app.sight_made_up FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.sight_made_up TO tocsin_worker;

CREATE FUNCTION app.forget_made_up(of_cause text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
BEGIN
  IF app.is_drill_cause(of_cause) THEN DELETE FROM upstream_sighting u WHERE u.cause = of_cause; END IF;
END $$;
REVOKE ALL ON FUNCTION app.forget_made_up FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_made_up TO tocsin_worker;
