-- Tool lists by what is in them: a list that was seen a million times is one row, and a look that finds it again writes
-- nothing. What the pipeline knows of a server's lists stands on server_now, whose row it holds locked anyway.
CREATE TABLE tool_list (
  tenant_id uuid NOT NULL,
  server_id uuid NOT NULL,
  full_hash text NOT NULL CHECK (full_hash ~ '^[0-9a-f]{64}$'),
  contract_hash text NOT NULL CHECK (contract_hash ~ '^[0-9a-f]{64}$'),
  -- [{name, contract, full, tool|null}], sorted by name; tool is null where the list was too large to be kept whole.
  tools jsonb NOT NULL,
  count int NOT NULL,
  note text NOT NULL DEFAULT '',
  region text NOT NULL,
  first_seen timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, server_id, full_hash),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX tool_list_age ON tool_list (tenant_id, first_seen);

CREATE TABLE surface_change (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  server_id uuid NOT NULL,
  era text NOT NULL CHECK (era IN ('legacy', 'modern')),
  credentialed boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN ('first_seen', 'changed', 'diverged', 'flapping')),
  -- The slot in which it was decided.
  at timestamptz(3) NOT NULL,
  from_hash text,
  to_hash text NOT NULL,
  regions text[] NOT NULL,
  -- What changed, frozen: lib/domain/tool-diff.ts.
  diff jsonb NOT NULL,
  flags jsonb NOT NULL DEFAULT '[]',
  breaking boolean NOT NULL,
  digest text NOT NULL CHECK (digest IN ('now', 'daily', 'weekly', 'none')),
  state text NOT NULL CHECK (state IN ('open', 'accepted', 'over', 'superseded', 'noted')),
  decided_at timestamptz(3),
  decided_by uuid,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES server (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX surface_change_of ON surface_change (tenant_id, server_id, at DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['tool_list', 'surface_change'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON tool_list, surface_change TO tocsin_worker;
GRANT UPDATE (state, decided_at) ON surface_change TO tocsin_worker;
GRANT SELECT ON tool_list, surface_change TO tocsin_app;
GRANT UPDATE (state, decided_at, decided_by) ON surface_change TO tocsin_app;

-- What is accepted, what each region shows beside it and what was announced: lib/domain/drift.ts.
ALTER TABLE server_now ADD COLUMN surface jsonb;
GRANT UPDATE (surface) ON server_now TO tocsin_app;

-- Lists that nothing points to any more, and entries of the changelog that are settled and old; never what is accepted
-- now, nor what somebody still has to decide. @returns how many of each
CREATE FUNCTION app.forget_tool_lists(lists_before timestamptz, changes_before timestamptz, most int)
RETURNS TABLE (lists int, changes int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE t uuid := app.tenant();
BEGIN
  IF most NOT BETWEEN 1 AND 5000 THEN RAISE EXCEPTION 'too many at a time: %', most USING ERRCODE = '22023'; END IF;
  DELETE FROM public.surface_change c WHERE c.tenant_id = t AND c.id IN (
    SELECT o.id FROM public.surface_change o WHERE o.tenant_id = t AND o.at < changes_before AND o.state <> 'open'
      AND NOT EXISTS (SELECT 1 FROM public.server_now n WHERE n.tenant_id = t AND n.server_id = o.server_id AND strpos(n.surface::text, o.to_hash) > 0)
    ORDER BY o.at LIMIT most);
  GET DIAGNOSTICS changes = ROW_COUNT;
  DELETE FROM public.tool_list l USING (
    SELECT o.server_id, o.full_hash FROM public.tool_list o WHERE o.tenant_id = t AND o.first_seen < lists_before
      AND NOT EXISTS (SELECT 1 FROM public.surface_change c WHERE c.tenant_id = t AND c.server_id = o.server_id AND o.full_hash IN (c.from_hash, c.to_hash))
      AND NOT EXISTS (SELECT 1 FROM public.server_now n WHERE n.tenant_id = t AND n.server_id = o.server_id AND strpos(n.surface::text, o.full_hash) > 0)
    ORDER BY o.first_seen LIMIT most) old
  WHERE l.tenant_id = t AND l.server_id = old.server_id AND l.full_hash = old.full_hash;
  GET DIAGNOSTICS lists = ROW_COUNT;
  RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION app.forget_tool_lists FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.forget_tool_lists TO tocsin_worker;
