-- What is over stays over, and who one is stays who one is: also when a serving role is made to write what no command
-- writes. A visit that began is not lengthened, a refusal becomes no approval, nothing that was taken back returns.
CREATE FUNCTION app.stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE was jsonb := to_jsonb(OLD); will jsonb := to_jsonb(NEW); col text;
BEGIN
  IF current_user NOT IN ('tocsin_app', 'tocsin_worker') THEN RETURN NEW; END IF;
  FOREACH col IN ARRAY TG_ARGV LOOP
    IF was ->> col IS NOT NULL AND will -> col IS DISTINCT FROM was -> col THEN
      RAISE EXCEPTION '% of % stays as it was written', col, TG_TABLE_NAME USING ERRCODE = '42501';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION app.stays FROM PUBLIC;
CREATE TRIGGER stays BEFORE UPDATE ON impersonation_grant FOR EACH ROW EXECUTE FUNCTION
  app.stays('approved_by', 'approved_session', 'approved_at', 'secret_hash', 'started_at', 'not_after', 'ended_at', 'ended_by', 'ended_reason');
CREATE TRIGGER stays BEFORE UPDATE ON approval FOR EACH ROW WHEN (OLD.state <> 'asked') EXECUTE FUNCTION
  app.stays('state', 'decided_by', 'decided_session', 'decided_at', 'decision');
CREATE TRIGGER stays BEFORE UPDATE ON role_binding FOR EACH ROW EXECUTE FUNCTION app.stays('removed_by', 'removed_at');
CREATE TRIGGER stays BEFORE UPDATE ON scim_token FOR EACH ROW EXECUTE FUNCTION app.stays('revoked_by', 'revoked_at');
CREATE TRIGGER stays BEFORE UPDATE ON break_glass FOR EACH ROW EXECUTE FUNCTION app.stays('closed_by', 'closed_at');

-- How a visit was asked for is how it is.
REVOKE UPDATE (mode) ON impersonation_grant FROM tocsin_app;
-- A session is made anew at each sign-in: neither its person nor its proof nor its end moves.
REVOKE UPDATE ON session FROM tocsin_app;
GRANT UPDATE (last_seen_at, current_tenant_id, groups_checked_at, groups_asked_at, refresh_sealed, grant_tenant_id, grant_id)
  ON session TO tocsin_app;
-- A person is who the identity provider named.
REVOKE UPDATE ON person FROM tocsin_app;
GRANT UPDATE (name, email, groups, last_seen_at, directory_id, disabled_at, disabled_source, disabled_by, disabled_reason)
  ON person TO tocsin_app;
