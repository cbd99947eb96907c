-- The next number of the tenant's incidents, which count up without gaps: whoever asks holds the line until their
-- transaction ends. Volatile, so that its second statement sees what the one before in the line has committed.
CREATE FUNCTION app.next_incident_number() RETURNS int LANGUAGE plpgsql VOLATILE SET search_path = public, pg_catalog AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('incident:' || app.tenant()::text, 0));
  RETURN (SELECT coalesce(max(number), 0) + 1 FROM incident WHERE tenant_id = app.tenant());
END $$;
REVOKE ALL ON FUNCTION app.next_incident_number FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.next_incident_number TO tocsin_worker;
