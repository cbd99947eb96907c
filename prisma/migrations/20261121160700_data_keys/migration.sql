-- Each tenant's own key, wrapped by the installation's key store: an erased tenant's rows go, and with them whatever
-- backups of its sealed values could still have been opened with.
CREATE TABLE data_key (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  -- The store and its key: "file:0123456789abcdef".
  kek_id text NOT NULL CHECK (length(kek_id) BETWEEN 3 AND 400),
  wrapped bytea NOT NULL CHECK (length(wrapped) BETWEEN 32 AND 8192),
  created_at timestamptz(3) NOT NULL,
  -- Seals no more and still opens.
  retired_at timestamptz(3),
  -- About how many values it sealed.
  uses bigint NOT NULL DEFAULT 0 CHECK (uses >= 0),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX data_key_seals ON data_key (tenant_id) WHERE retired_at IS NULL;
CREATE INDEX data_key_kek ON data_key (kek_id);
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON data_key TO tocsin_app, tocsin_worker
  USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()));
-- Whoever seals first makes the key, whoever seals too late replaces it. Only the worker wraps one anew.
GRANT SELECT, INSERT, UPDATE (retired_at, uses) ON data_key TO tocsin_app;
GRANT SELECT, INSERT, UPDATE (retired_at, uses, kek_id, wrapped) ON data_key TO tocsin_worker;

-- What was sealed in an older form or under a retired key is sealed anew by the worker.
GRANT UPDATE (sealed) ON server_credential, sink, audit_stream TO tocsin_worker;
GRANT UPDATE (identifiers_sealed, note_sealed) ON erasure_request TO tocsin_worker;
GRANT SELECT (refresh_sealed), UPDATE (refresh_sealed) ON session TO tocsin_worker;

-- Every sealed value of every tenant by its place, and never the value: its form and the id of its data key stand in
-- the first bytes. For the worker's sweep and the inventory; both are the installation's own.
CREATE FUNCTION app.sealed_values() RETURNS TABLE (
  tenant_id uuid, kind text, id text, form int, data_key_id uuid, sealed_at timestamptz, used_at timestamptz, live boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH v AS (
    SELECT c.tenant_id, 'server_credential' AS kind, c.server_id || CASE WHEN c.region = '' THEN '' ELSE '/' || c.region END AS id,
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
    SELECT '00000000-0000-4000-8000-000000000001', 'session', x.id::text, x.refresh_sealed, x.groups_checked_at, x.groups_checked_at,
      true FROM public.session x WHERE x.refresh_sealed IS NOT NULL
    UNION ALL
    SELECT e.tenant_id, 'erasure_request', e.id || '/identifiers', e.identifiers_sealed, e.received_at, NULL, true FROM public.erasure_request e
    UNION ALL
    SELECT e.tenant_id, 'erasure_request', e.id || '/note', e.note_sealed, e.received_at, NULL, true
      FROM public.erasure_request e WHERE e.note_sealed IS NOT NULL
  )
  SELECT v.tenant_id, v.kind, v.id, get_byte(v.sealed, 0),
    CASE WHEN get_byte(v.sealed, 0) = 2 AND length(v.sealed) > 17 THEN encode(substring(v.sealed FROM 2 FOR 16), 'hex')::uuid END,
    v.sealed_at, v.used_at, v.live
  FROM v WHERE length(v.sealed) > 0
    AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001'
$$;
REVOKE ALL ON FUNCTION app.sealed_values FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.sealed_values TO tocsin_app, tocsin_worker;

-- How many data keys lie under which key of the store; the old one may go when it says nothing of it any more.
CREATE FUNCTION app.data_keys_under() RETURNS TABLE (kek_id text, keys bigint, retired bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.kek_id, count(*), count(k.retired_at), min(k.created_at) FROM public.data_key k
  WHERE (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001' GROUP BY k.kek_id ORDER BY k.kek_id
$$;
REVOKE ALL ON FUNCTION app.data_keys_under FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.data_keys_under TO tocsin_app, tocsin_worker;
