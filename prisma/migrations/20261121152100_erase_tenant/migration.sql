-- The list of tenants is kept in the console by root operators, on the installation's own tenant and nowhere else; a
-- tenant that was erased stays as a row without a name, because its log and its checkpoints point to it.
ALTER TABLE tenant ADD COLUMN erased_at timestamptz(3);
DROP POLICY own_tenant ON tenant;
CREATE POLICY platform_adds ON tenant FOR INSERT TO tocsin_app
  WITH CHECK (NOT is_platform AND erased_at IS NULL AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001');
CREATE POLICY platform_changes ON tenant FOR UPDATE TO tocsin_app
  USING (NOT is_platform AND erased_at IS NULL AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001')
  WITH CHECK (NOT is_platform AND erased_at IS NULL AND (SELECT app.tenant()) = '00000000-0000-4000-8000-000000000001');
GRANT INSERT (id, slug, name, tier, created_at), UPDATE (name, tier) ON tenant TO tocsin_app;

-- Whoever writes in a tenant stands in its door: side by side with others, never beside an erasure. Asked by the first
-- statement of every writing transaction (lib/adapters/db.ts), so that nothing in flight writes a row that stays.
CREATE FUNCTION app.enter(into_tenant uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(7270741, hashtext(into_tenant::text))
    OR EXISTS (SELECT 1 FROM public.tenant t WHERE t.id = into_tenant AND t.erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the tenant % has been erased', into_tenant USING ERRCODE = 'TG001';
  END IF;
END $$;
REVOKE ALL ON FUNCTION app.enter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.enter TO tocsin_app, tocsin_worker;

-- The owner's functions look at approvals and at the log's personal data.
CREATE FUNCTION app.erase_tenant(doomed uuid, by_approval uuid) RETURNS TABLE (tbl text, rows_gone bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
  platform constant uuid := '00000000-0000-4000-8000-000000000001';
  a public.approval; left_over regclass[]; next_one regclass; n bigint; total bigint := 0; ids uuid[]; who text; slug_was text;
  asked text := 'approval:' || by_approval;
BEGIN
  SELECT * INTO a FROM public.approval p WHERE p.tenant_id = platform AND p.id = by_approval;
  -- It does not take the caller's word: two people, or the loud waiver, stand in a row of this very tenant's erasure.
  IF a.id IS NULL OR a.action <> 'tenant.erase' OR a.target <> 'tenant:' || doomed OR a.state <> 'executed'
    OR NOT (a.waived OR (a.decided_by <> a.asked_by AND EXISTS (
      SELECT 1 FROM public.person p WHERE p.id = a.decided_by AND p.disabled_at IS NULL))) THEN
    RAISE EXCEPTION 'no approval for erasing tenant %', doomed USING ERRCODE = 'TG002';
  END IF;
  IF EXISTS (SELECT 1 FROM audit.hold h WHERE h.tenant_id = doomed AND h.released_at IS NULL) THEN
    RAISE EXCEPTION 'the log of tenant % is under a legal hold', doomed USING ERRCODE = 'TG003';
  END IF;
  -- From here on nobody new gets in, and who is in leaves first.
  PERFORM pg_advisory_xact_lock(7270741, hashtext(doomed::text));
  SELECT t.slug INTO slug_was FROM public.tenant t WHERE t.id = doomed AND NOT t.is_platform AND t.erased_at IS NULL FOR UPDATE;
  IF slug_was IS NULL THEN RAISE EXCEPTION 'there is no such tenant to erase' USING ERRCODE = 'TG002'; END IF;

  SELECT array_agg(c.oid::regclass ORDER BY c.relname) INTO left_over FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE s.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND EXISTS (SELECT 1 FROM pg_attribute x WHERE x.attrelid = c.oid AND x.attname = 'tenant_id' AND NOT x.attisdropped);
  WHILE cardinality(left_over) > 0 LOOP
    -- A table that nothing left over points to.
    SELECT l.t INTO next_one FROM unnest(left_over) AS l(t) WHERE NOT EXISTS (
      SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = l.t AND f.conrelid <> l.t AND f.conrelid = ANY (left_over)) LIMIT 1;
    IF next_one IS NULL THEN RAISE EXCEPTION 'tables point to each other: %', left_over; END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = next_one AND p.polname = 'owner_deletes') THEN
      RAISE EXCEPTION 'table % cannot be erased: run the migrations', next_one;
    END IF;
    EXECUTE format('DELETE FROM %s WHERE tenant_id = $1', next_one) USING doomed;
    GET DIAGNOSTICS n = ROW_COUNT;
    total := total + n;
    tbl := next_one::text;
    rows_gone := n;
    IF n > 0 THEN RETURN NEXT; END IF;
    left_over := array_remove(left_over, next_one);
  END LOOP;

  UPDATE public.session s SET current_tenant_id = NULL WHERE s.current_tenant_id = doomed;
  UPDATE public.session s SET grant_tenant_id = NULL, grant_id = NULL WHERE s.grant_tenant_id = doomed;
  -- A later tenant of the same slug must not inherit the people of this one.
  UPDATE public.role_binding b SET removed_by = a.asked_by, removed_at = a.decided_at WHERE b.tenant_slug = slug_was AND b.removed_at IS NULL;
  UPDATE public.tenant t SET slug = 'erased-' || substr(md5(doomed::text), 1, 12), name = 'Erased tenant', erased_at = a.decided_at WHERE t.id = doomed;

  -- The log stays and still proves itself; what of it can be read by people goes, and the chain says which events lost it.
  WITH gone AS (DELETE FROM audit.pii p WHERE p.tenant_id = doomed RETURNING p.event_id)
    SELECT array_agg(g.event_id ORDER BY g.event_id) INTO ids FROM gone g;
  n := coalesce(cardinality(ids), 0);
  FOR i IN 0 .. greatest(0, (n - 1) / 500) LOOP
    INSERT INTO audit.event (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), doomed, a.asked_by,
      'gdpr.erased', asked, '{"events":[' || coalesce((SELECT string_agg('"' || u.id || '"', ',' ORDER BY u.id)
        FROM unnest(ids[i * 500 + 1 : i * 500 + 500]) AS u(id)), '') || '],"request":"' || asked || '"}');
  END LOOP;
  INSERT INTO audit.event (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), doomed, a.asked_by,
    'tenant.erased', 'tenant:' || doomed, format('{"approval":"%s","rows":%s}', by_approval, total));
  tbl := 'audit.pii';
  rows_gone := n;
  RETURN NEXT;
END $$;
REVOKE ALL ON FUNCTION app.erase_tenant FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.erase_tenant TO tocsin_app;
