-- "Is being erased" is not "has been erased": an erasure that fails leaves the tenant as it was, and what arrived for it
-- meanwhile must still be there to be decided.
CREATE OR REPLACE FUNCTION app.enter(into_tenant uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(7270741, hashtext(into_tenant::text)) THEN
    RAISE EXCEPTION 'the tenant % is being erased', into_tenant USING ERRCODE = 'TG003';
  END IF;
  IF EXISTS (SELECT 1 FROM public.tenant t WHERE t.id = into_tenant AND t.erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the tenant % has been erased', into_tenant USING ERRCODE = 'TG001';
  END IF;
END $$;
