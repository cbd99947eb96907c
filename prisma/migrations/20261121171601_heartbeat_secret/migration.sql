-- The list of what is stored under a key knows the heartbeats' as well; whatever else it knows by now stays in it.
DO $$
DECLARE was text := pg_get_functiondef('app.sealed_values()'::regprocedure);
  marks int := (length(was) - length(replace(was, '  ), r AS (', ''))) / length('  ), r AS (');
BEGIN
  IF marks <> 1 THEN RAISE EXCEPTION 'app.sealed_values() is not as this migration knows it'; END IF;
  EXECUTE replace(was, '  ), r AS (', $add$    UNION ALL
    SELECT h.tenant_id, 'heartbeat_target', h.id::text, h.sealed, h.created_at, h.pinged_at, h.removed_at IS NULL
      FROM public.heartbeat_target h WHERE h.sealed IS NOT NULL
  ), r AS ($add$);
END $$;
-- The worker seals anew what lies under a key that has retired.
GRANT UPDATE (sealed) ON heartbeat_target TO tocsin_worker;
