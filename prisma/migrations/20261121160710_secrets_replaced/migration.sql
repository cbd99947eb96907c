-- What the worker's sweep looks for: values in the first form, and under a data key that has retired.
DROP FUNCTION app.sealed_values();
CREATE FUNCTION app.sealed_values() RETURNS TABLE (
  tenant_id uuid, kind text, id text, form int, data_key_id uuid, sealed_at timestamptz, used_at timestamptz, live boolean,
  outdated boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH v AS (
    SELECT c.tenant_id, 'server_credential' AS kind, c.server_id || '/' || c.region AS id,
      c.sealed, c.created_at AS sealed_at, n.last_slot AS used_at, s.removed_at IS NULL AND NOT s.paused AS live
      FROM public.server_credential c JOIN public.server s ON s.tenant_id = c.tenant_id AND s.id = c.server_id
      LEFT JOIN public.server_now n ON n.tenant_id = c.tenant_id AND n.server_id = c.server_id
    UNION ALL
    SELECT k.tenant_id, 'sink', k.id::text, k.sealed, k.updated_at,
      (SELECT max(d.settled_at) FROM public.delivery d WHERE d.tenant_id = k.tenant_id AND d.sink_id = k.id AND d.state = 'sent'),
      k.removed_at IS NULL AND k.state = 'enabled'
      FROM public.sink k WHERE k.sealed IS NOT NULL
    UNION ALL
    SELECT a.tenant_id, 'audit_stream', a.id::text, a.sealed, a.updated_at, a.last_sent_at, a.removed_at IS NULL
      FROM public.audit_stream a WHERE a.sealed IS NOT NULL
    UNION ALL
    SELECT '00000000-0000-4000-8000-000000000001', 'session', x.id::text, x.refresh_sealed,
      coalesce(x.groups_checked_at, x.created_at), x.groups_checked_at, true
      FROM public.session x WHERE x.refresh_sealed IS NOT NULL
    UNION ALL
    SELECT e.tenant_id, 'erasure_request', e.id || '/identifiers_sealed', e.identifiers_sealed, e.received_at, NULL, true
      FROM public.erasure_request e
    UNION ALL
    SELECT e.tenant_id, 'erasure_request', e.id || '/note_sealed', e.note_sealed, e.received_at, NULL, true
      FROM public.erasure_request e WHERE e.note_sealed IS NOT NULL
  ), r AS (
    SELECT v.*, get_byte(v.sealed, 0) AS form, CASE WHEN get_byte(v.sealed, 0) = 2 AND length(v.sealed) > 17
      THEN encode(substring(v.sealed FROM 2 FOR 16), 'hex')::uuid END AS data_key_id
    FROM v WHERE length(v.sealed) > 0 AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001'
  )
  SELECT r.tenant_id, r.kind, r.id, r.form, r.data_key_id, r.sealed_at, r.used_at, r.live,
    r.form = 1 OR EXISTS (SELECT 1 FROM public.data_key d WHERE d.tenant_id = r.tenant_id AND d.id = r.data_key_id AND d.retired_at IS NOT NULL)
  FROM r
$$;
REVOKE ALL ON FUNCTION app.sealed_values FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.sealed_values TO tocsin_app, tocsin_worker;

-- Tenants whose data keys lie under another key of the store than the one that wraps now.
CREATE FUNCTION app.tenants_under_other_keys(than text, most int) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT DISTINCT k.tenant_id FROM public.data_key k
  WHERE k.kek_id <> than AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001' LIMIT most
$$;
-- Tenants whose data key has been in use for too long; whoever seals replaces it, and not everybody seals.
CREATE FUNCTION app.tenants_with_old_keys(before timestamptz) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.tenant_id FROM public.data_key k
  WHERE k.retired_at IS NULL AND k.created_at <= before AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001'
$$;
REVOKE ALL ON FUNCTION app.tenants_under_other_keys, app.tenants_with_old_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.tenants_under_other_keys, app.tenants_with_old_keys TO tocsin_worker;

-- Once a quarter: which secrets are old, and which nothing uses any more.
ALTER TABLE weekly_report DROP CONSTRAINT weekly_report_kind_check;
ALTER TABLE weekly_report ADD CONSTRAINT weekly_report_kind_check CHECK (kind IN ('weak_reasons', 'role_drift', 'secret_grants'));
