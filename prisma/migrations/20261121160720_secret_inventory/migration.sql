-- For the inventory, in the installation's own tenant only: under which key of the store each data key lies, and which
-- regions look at the servers whose credentials are stored.
CREATE FUNCTION app.data_keys() RETURNS TABLE (tenant_id uuid, id uuid, kek_id text, created_at timestamptz, retired_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.tenant_id, k.id, k.kek_id, k.created_at, k.retired_at FROM public.data_key k
  WHERE (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001'
$$;
CREATE FUNCTION app.credential_regions() RETURNS TABLE (tenant_id uuid, server_id uuid, region text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT c.tenant_id, c.server_id, r.name FROM public.server_credential c
  JOIN public.server s ON s.tenant_id = c.tenant_id AND s.id = c.server_id
  JOIN public.region r ON r.enabled AND (cardinality(s.regions) = 0 OR r.name = ANY (s.regions)) AND (c.region = '' OR c.region = r.name)
  WHERE (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001'
$$;
REVOKE ALL ON FUNCTION app.data_keys, app.credential_regions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.data_keys, app.credential_regions TO tocsin_app, tocsin_worker;
