-- The rest of the log: a role for auditors, verification inside the database, erasure that leaves its own record, and
-- months that go after seven years, once they are exported and stand under a checkpoint as old as they are.

-- A month of a tenant's log as it was written to a file outside the database.
CREATE TABLE audit.export_record (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  month date NOT NULL CHECK (month = date_trunc('month', month)),
  -- The database's clock, which no role may set.
  at timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  events bigint NOT NULL CHECK (events > 0),
  -- SHA-256 over number and content hash of each of the month's links, in their order.
  links bytea NOT NULL CHECK (octet_length(links) = 32),
  file_sha256 bytea NOT NULL CHECK (octet_length(file_sha256) = 32),
  file text NOT NULL CHECK (char_length(file) <= 300),
  PRIMARY KEY (tenant_id, month, at)
);

-- What is gone by law: the links stay, and each tenant's own chain holds an event that says the same.
CREATE TABLE audit.dropped (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  month date NOT NULL,
  at timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  events bigint NOT NULL,
  links bytea NOT NULL,
  file_sha256 bytea NOT NULL,
  PRIMARY KEY (tenant_id, month)
);

-- While one is open, nothing of the tenant's log is dropped, however old.
CREATE TABLE audit.hold (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  id uuid NOT NULL,
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 20 AND 500),
  placed_at timestamptz(3) NOT NULL,
  released_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['export_record', 'dropped', 'hold'] LOOP
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON audit.%I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    EXECUTE format('CREATE POLICY sealing ON audit.%I TO tocsin_owner USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.deny()', t);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER deny_truncate', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['export_record', 'dropped'] LOOP
    EXECUTE format('CREATE TRIGGER deny_change BEFORE UPDATE OR DELETE ON audit.%I FOR EACH ROW EXECUTE FUNCTION audit.deny()', t);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER deny_change', t);
  END LOOP;
END $$;
CREATE TRIGGER deny_change BEFORE DELETE ON audit.hold FOR EACH ROW EXECUTE FUNCTION audit.deny();
ALTER TABLE audit.hold ENABLE ALWAYS TRIGGER deny_change;
GRANT SELECT ON audit.export_record, audit.dropped, audit.hold TO tocsin_app, tocsin_worker;
GRANT INSERT (tenant_id, month, first_seq, last_seq, events, links, file_sha256, file) ON audit.export_record TO tocsin_worker;

-- The auditor's own way in, past the console: no login of its own, so that each auditor gets one that is a member.
GRANT USAGE ON SCHEMA app, audit, public TO tocsin_auditor;
CREATE POLICY resolve_auditor ON tenant FOR SELECT TO tocsin_auditor USING (true);
GRANT SELECT (id, slug, name) ON tenant TO tocsin_auditor;
GRANT SELECT ON audit.event, audit.chain, audit.head, audit.checkpoint, audit.checkpoint_head, audit.export_record, audit.dropped,
  audit.hold TO tocsin_auditor;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['event', 'chain', 'head', 'checkpoint_head', 'export_record', 'dropped', 'hold'] LOOP
    EXECUTE format('CREATE POLICY reading ON audit.%I FOR SELECT TO tocsin_auditor USING (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;

-- Erases a person's readable data from the current tenant's log: what is about them, and where from and why of what
-- they did. Their own chain says which events lost theirs, at most 500 in each event, and at whose request.
CREATE FUNCTION audit.erase(subject text, request text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE
  ids uuid[]; n int; t uuid := app.tenant(); about text := $1; asked text := $2;
  who uuid := CASE WHEN $1 ~ '^person:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN substr($1, 8)::uuid END;
BEGIN
  IF t IS NULL THEN RAISE EXCEPTION 'no tenant is set' USING ERRCODE = '22023'; END IF;
  IF about IS NULL OR about !~ '^\S.{0,199}$' THEN RAISE EXCEPTION 'a subject has 1 to 200 characters' USING ERRCODE = '22023'; END IF;
  -- It goes into the chain for ever, so it names a request and nothing else.
  IF asked IS NULL OR asked !~ '^[A-Za-z0-9][A-Za-z0-9:_-]{0,99}$' THEN
    RAISE EXCEPTION 'a request is named by letters, digits, colon, hyphen and underscore' USING ERRCODE = '22023';
  END IF;
  WITH gone AS (
    DELETE FROM audit.pii p WHERE p.tenant_id = t
      AND (p.subject = about OR p.event_id IN (SELECT e.id FROM audit.event e WHERE e.tenant_id = t AND e.actor = who))
    RETURNING p.event_id)
  SELECT array_agg(g.event_id ORDER BY g.event_id) INTO ids FROM gone g;
  n := coalesce(cardinality(ids), 0);
  -- Also when nothing was there: that somebody asked, and that it was looked for, is worth a row.
  FOR i IN 0 .. greatest(0, (n - 1) / 500) LOOP
    INSERT INTO audit.event (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), t,
      coalesce(app.actor(), '00000000-0000-4000-8000-0000000000a1'), 'gdpr.erased', 'request:' || asked,
      '{"events":[' || coalesce((SELECT string_agg('"' || u.id || '"', ',' ORDER BY u.id) FROM unnest(ids[i * 500 + 1 : i * 500 + 500]) AS u(id)), '')
        || '],"request":"' || asked || '"}');
  END LOOP;
  RETURN n;
END $$;

-- What stands in each month that is older than seven years, per tenant.
CREATE FUNCTION audit.due_months() RETURNS TABLE (month date, tenant_id uuid, first_seq bigint, last_seq bigint, events bigint, links bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
DECLARE p record; m date;
BEGIN
  FOR p IN SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit.event'::regclass AND c.relname ~ '^event_\d{4}_\d{2}$' ORDER BY 1 LOOP
    m := to_date(substr(p.name, 7), 'YYYY_MM');
    CONTINUE WHEN m + interval '1 month' + interval '7 years' > clock_timestamp() AT TIME ZONE 'UTC';
    month := m;
    RETURN QUERY SELECT m, k.tenant_id, min(k.seq), max(k.seq), count(*),
        sha256(string_agg(int8send(k.seq) || k.content_hash, ''::bytea ORDER BY k.seq))
      FROM audit.chain k JOIN audit.event e ON e.tenant_id = k.tenant_id AND e.id = k.event_id AND e.at = k.event_at
      WHERE e.at >= m::timestamp AT TIME ZONE 'UTC' AND e.at < (m + interval '1 month') AT TIME ZONE 'UTC' GROUP BY k.tenant_id;
    -- An empty month is due as well.
    IF NOT FOUND THEN RETURN QUERY SELECT m, NULL::uuid, NULL::bigint, NULL::bigint, 0::bigint, NULL::bytea; END IF;
  END LOOP;
END $$;

-- Drops one month for all tenants, in one transaction. The database's own clock decides, because whoever calls must not:
-- refused while younger than seven years (TA001), not exported or exported differently (TA002, TA003), without a
-- checkpoint that was signed seven years ago over its end (TA004), under a legal hold (TA005), or no month at all (TA006).
CREATE FUNCTION audit.drop_partition(month date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
  m date := date_trunc('month', $1)::date;
  called text := to_char($1, 'YYYY-MM');
  part regclass := to_regclass('audit.event_' || to_char($1, 'YYYY_MM'));
  starts timestamptz := m::timestamp AT TIME ZONE 'UTC';
  ends timestamptz := (m + interval '1 month')::timestamp AT TIME ZONE 'UTC';
  o record; r audit.export_record; n bigint; d bytea; total bigint := 0; tenants int := 0; done audit.export_record[] := '{}';
BEGIN
  IF part IS NULL OR NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = part AND inhparent = 'audit.event'::regclass) THEN
    IF EXISTS (SELECT 1 FROM audit.dropped x WHERE x.month = m) THEN RETURN 0; END IF;
    RAISE EXCEPTION 'the log has no month %', called USING ERRCODE = 'TA006';
  END IF;
  IF ends + interval '7 years' > clock_timestamp() THEN
    RAISE EXCEPTION 'the month % is kept until %: seven years are not over', called, (ends + interval '7 years') AT TIME ZONE 'UTC' USING ERRCODE = 'TA001';
  END IF;
  EXECUTE format('LOCK TABLE %s IN SHARE MODE', part);
  FOR o IN SELECT e.tenant_id, count(*) AS events FROM audit.event e WHERE e.at >= starts AND e.at < ends GROUP BY 1 ORDER BY 1 LOOP
    IF EXISTS (SELECT 1 FROM audit.hold h WHERE h.tenant_id = o.tenant_id AND h.released_at IS NULL) THEN
      RAISE EXCEPTION 'the log of tenant % is under a legal hold', o.tenant_id USING ERRCODE = 'TA005';
    END IF;
    SELECT * INTO r FROM audit.export_record x WHERE x.tenant_id = o.tenant_id AND x.month = m ORDER BY x.at DESC LIMIT 1;
    IF r.tenant_id IS NULL THEN
      RAISE EXCEPTION 'the month % of tenant % is not exported', called, o.tenant_id USING ERRCODE = 'TA002';
    END IF;
    SELECT count(*), sha256(string_agg(int8send(c.seq) || c.content_hash, ''::bytea ORDER BY c.seq)) INTO n, d FROM audit.chain c
      WHERE c.tenant_id = o.tenant_id AND c.seq BETWEEN r.first_seq AND r.last_seq AND c.event_at >= starts AND c.event_at < ends;
    IF n <> o.events OR n <> r.events OR d IS DISTINCT FROM r.links THEN
      RAISE EXCEPTION 'the month % of tenant % is not what was exported', called, o.tenant_id USING ERRCODE = 'TA003';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM audit.checkpoint_head k JOIN audit.checkpoint p ON p.no = k.no
      JOIN audit.chain c ON c.tenant_id = k.tenant_id AND c.seq = k.seq AND c.hash = k.hash
      WHERE k.tenant_id = o.tenant_id AND k.seq >= r.last_seq AND p.at + interval '7 years' <= clock_timestamp()) THEN
      RAISE EXCEPTION 'no checkpoint of seven years ago stands over the end of the month % of tenant %', called, o.tenant_id USING ERRCODE = 'TA004';
    END IF;
    done := done || r;
    total := total + n;
    tenants := tenants + 1;
  END LOOP;
  -- Personal data is not kept longer than what it belongs to.
  DELETE FROM audit.pii p USING audit.event e WHERE e.at >= starts AND e.at < ends AND p.tenant_id = e.tenant_id AND p.event_id = e.id;
  EXECUTE format('DROP TABLE %s', part);
  FOREACH r IN ARRAY done LOOP
    INSERT INTO audit.dropped (tenant_id, month, first_seq, last_seq, events, links, file_sha256)
      VALUES (r.tenant_id, m, r.first_seq, r.last_seq, r.events, r.links, r.file_sha256);
    INSERT INTO audit.event (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), r.tenant_id,
      coalesce(app.actor(), '00000000-0000-4000-8000-0000000000a1'), 'audit.partition_dropped', 'month:' || called,
      format('{"events":%s,"file":"%s","first":%s,"last":%s,"links":"%s","month":"%s"}', r.events, encode(r.file_sha256, 'hex'),
        r.first_seq, r.last_seq, encode(r.links, 'hex'), called));
  END LOOP;
  INSERT INTO audit.event (id, tenant_id, actor, action, target, body) VALUES (gen_random_uuid(), '00000000-0000-4000-8000-000000000001',
    coalesce(app.actor(), '00000000-0000-4000-8000-0000000000a1'), 'audit.partition_dropped', 'platform',
    format('{"events":%s,"month":"%s","tenants":%s}', total, called, tenants));
  RETURN total;
END $$;

-- The current tenant's log, verified inside the database: no rows is right. What a checkpoint proves beyond that needs
-- the signed lines: `tocsin audit verify`.
CREATE FUNCTION audit.verify() RETURNS TABLE (code text, seq bigint, event_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog SET jit = off AS $$
  WITH c AS MATERIALIZED (
    SELECT k.*, e.id AS found, e.pii_commit, e.action, CASE WHEN e.action IN ('gdpr.erased', 'audit.partition_dropped') THEN e.body END AS body,
      e.id IS NOT NULL AND audit.content_hash(e) = k.content_hash AS intact,
      lag(k.seq, 1, 0::bigint) OVER w AS seq_before,
      lag(k.hash, 1, sha256(convert_to('genesis:' || k.tenant_id, 'UTF8'))) OVER w AS hash_before
    FROM audit.chain k LEFT JOIN audit.event e ON e.tenant_id = k.tenant_id AND e.id = k.event_id AND e.at = k.event_at
    WHERE k.tenant_id = app.tenant() WINDOW w AS (ORDER BY k.seq)),
  erased AS (SELECT c.seq, x.id FROM c CROSS JOIN LATERAL jsonb_array_elements_text(c.body::jsonb -> 'events') AS x(id)
    WHERE c.action = 'gdpr.erased' AND c.intact),
  -- A month is lawfully gone when its own event stands in the chain and its links are the very ones that it names.
  lawful AS (SELECT d.month FROM audit.dropped d WHERE d.tenant_id = app.tenant()
    AND EXISTS (SELECT 1 FROM c WHERE c.action = 'audit.partition_dropped' AND c.intact AND c.body::jsonb ->> 'month' = to_char(d.month, 'YYYY-MM')
      AND c.body::jsonb ->> 'links' = encode(d.links, 'hex') AND (c.body::jsonb ->> 'events')::bigint = d.events)
    AND d.links = (SELECT sha256(string_agg(int8send(c.seq) || c.content_hash, ''::bytea ORDER BY c.seq)) FROM c
      WHERE c.found IS NULL AND date_trunc('month', c.event_at AT TIME ZONE 'UTC') = d.month AND c.seq BETWEEN d.first_seq AND d.last_seq))
  SELECT 'event-missing', c.seq, c.event_id FROM c WHERE c.found IS NULL
    AND date_trunc('month', c.event_at AT TIME ZONE 'UTC') NOT IN (SELECT l.month FROM lawful l)
  UNION ALL SELECT 'event-altered', c.seq, c.event_id FROM c WHERE c.found IS NOT NULL AND NOT c.intact
  UNION ALL SELECT 'chain-gap', c.seq, c.event_id FROM c WHERE c.seq <> c.seq_before + 1
  UNION ALL SELECT 'link-altered', c.seq, c.event_id FROM c WHERE (c.seq = c.seq_before + 1 AND c.prev <> c.hash_before)
    OR c.hash <> sha256('\x01'::bytea || c.prev || int8send(c.seq) || c.content_hash)
  UNION ALL SELECT 'head-mismatch', h.seq, NULL FROM (SELECT app.tenant() AS id) t LEFT JOIN audit.head h ON h.tenant_id = t.id
    LEFT JOIN LATERAL (SELECT c.seq, c.hash FROM c ORDER BY c.seq DESC LIMIT 1) z ON true
    WHERE coalesce(h.seq, 0) <> coalesce(z.seq, 0) OR (z.seq IS NOT NULL AND h.hash IS DISTINCT FROM z.hash)
  UNION ALL SELECT 'pii-altered', c.seq, c.event_id FROM c JOIN audit.pii p ON p.tenant_id = c.tenant_id AND p.event_id = c.event_id
    WHERE c.pii_commit IS DISTINCT FROM sha256('\x02'::bytea || p.salt || convert_to(p.body, 'UTF8'))
  UNION ALL SELECT 'pii-missing', c.seq, c.event_id FROM c WHERE c.pii_commit IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM audit.pii p WHERE p.tenant_id = c.tenant_id AND p.event_id = c.event_id)
    AND NOT EXISTS (SELECT 1 FROM erased x WHERE x.id = c.event_id::text AND x.seq > c.seq)
  UNION ALL SELECT 'event-loose', NULL, e.id FROM audit.event e WHERE e.tenant_id = app.tenant()
    AND NOT EXISTS (SELECT 1 FROM audit.chain k WHERE k.tenant_id = e.tenant_id AND k.event_id = e.id) $$;

REVOKE ALL ON FUNCTION audit.erase, audit.due_months, audit.drop_partition, audit.verify FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.erase, audit.due_months, audit.drop_partition TO tocsin_worker;
GRANT EXECUTE ON FUNCTION audit.verify TO tocsin_auditor;
-- The worker exports what it is about to drop; of personal data it sees the commitments only.
GRANT EXECUTE ON FUNCTION audit.leaves, audit.commitments TO tocsin_worker;
GRANT SELECT ON audit.checkpoint_head TO tocsin_worker;

-- The watch asks when the last checkpoint was made.
GRANT USAGE ON SCHEMA audit TO tocsin_sweeper;
GRANT SELECT (at) ON audit.checkpoint TO tocsin_sweeper;

-- Copies of the log to somewhere that the database's administrators do not own. Rows of the installation's own tenant.
CREATE TABLE audit_stream (
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('syslog', 'webhook', 's3')),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  config jsonb NOT NULL,
  sealed bytea,
  created_by uuid,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3),
  -- Last checkpoint that arrived; events stand in audit_stream_cursor, a row for each log.
  checkpoint_no bigint NOT NULL DEFAULT 0,
  -- Everything written before this moment has arrived.
  caught_up_at timestamptz(3),
  -- Links not yet sent when it was last looked at.
  waiting bigint NOT NULL DEFAULT 0,
  last_sent_at timestamptz(3),
  last_error text,
  failures int NOT NULL DEFAULT 0,
  retry_at timestamptz(3),
  test_asked_at timestamptz(3),
  tested_at timestamptz(3),
  test_result text,
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE audit_stream_cursor (
  tenant_id uuid NOT NULL,
  stream_id uuid NOT NULL,
  -- Whose log.
  log_id uuid NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, log_id),
  FOREIGN KEY (tenant_id, stream_id) REFERENCES audit_stream (tenant_id, id)
);
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_stream', 'audit_stream_cursor'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON %I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
  END LOOP;
END $$;
CREATE POLICY find_due ON audit_stream FOR SELECT TO tocsin_sweeper USING (true);
GRANT SELECT, INSERT ON audit_stream TO tocsin_app;
GRANT UPDATE (name, config, sealed, updated_at, removed_at, retry_at, test_asked_at) ON audit_stream TO tocsin_app;
GRANT SELECT ON audit_stream TO tocsin_worker;
GRANT UPDATE (checkpoint_no, caught_up_at, waiting, last_sent_at, last_error, failures, retry_at, test_asked_at, tested_at, test_result)
  ON audit_stream TO tocsin_worker;
GRANT SELECT (tenant_id, id, name, created_at, removed_at, caught_up_at) ON audit_stream TO tocsin_sweeper;
GRANT SELECT, INSERT ON audit_stream_cursor TO tocsin_worker;
GRANT UPDATE (seq) ON audit_stream_cursor TO tocsin_worker;
