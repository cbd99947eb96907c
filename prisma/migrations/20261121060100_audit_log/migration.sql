-- The audit log: append-only, hashed by the database, chained per tenant, sealed at commit.
--   content_hash = SHA-256(0x00 || frame(fields)); hash = SHA-256(0x01 || prev || int8(seq) || content_hash)
--   genesis      = SHA-256('genesis:' || tenant id);  pii_commit = SHA-256(0x02 || salt || canonical JSON)
-- Sealing runs in a deferred trigger, so the tenant's head is locked during commit only: a lock held from the
-- insert on lets one slow transaction stop the whole tenant.
CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO tocsin_app, tocsin_worker;

-- Length-prefixed, so that moving a character from one field to the next changes the hash.
CREATE FUNCTION audit.frame(VARIADIC fields text[]) RETURNS bytea LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT string_agg(CASE WHEN f IS NULL THEN int4send(-1)
                    ELSE int4send(octet_length(convert_to(f, 'UTF8'))) || convert_to(f, 'UTF8') END, ''::bytea ORDER BY n)
  FROM unnest(fields) WITH ORDINALITY AS u(f, n) $$;

CREATE TABLE audit.event (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  -- No role is granted this column, so the default always applies: time is the database's.
  at timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
  actor uuid NOT NULL,
  act_as uuid,
  grant_id uuid,
  action text NOT NULL CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
  target text NOT NULL CHECK (char_length(target) <= 200),
  body text NOT NULL CHECK (octet_length(body) <= 65536),
  pii_commit bytea CHECK (octet_length(pii_commit) = 32),
  content_hash bytea NOT NULL,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX event_of_tenant ON audit.event (tenant_id, at DESC);

-- Readable personal data of an event, kept apart so that it can be erased while the commitment stays.
CREATE TABLE audit.pii (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  event_id uuid NOT NULL,
  subject text NOT NULL,
  salt bytea NOT NULL CHECK (octet_length(salt) = 32),
  body text NOT NULL,
  PRIMARY KEY (tenant_id, event_id)
);

CREATE TABLE audit.chain (
  tenant_id uuid NOT NULL REFERENCES public.tenant (id),
  seq bigint NOT NULL,
  event_id uuid NOT NULL,
  event_at timestamptz(6) NOT NULL,
  content_hash bytea NOT NULL,
  prev bytea NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (tenant_id, seq),
  UNIQUE (tenant_id, prev),
  UNIQUE (tenant_id, event_id)
);

CREATE TABLE audit.head (
  tenant_id uuid PRIMARY KEY REFERENCES public.tenant (id),
  seq bigint NOT NULL,
  hash bytea NOT NULL
);

CREATE FUNCTION audit.content_hash(e audit.event) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT sha256('\x00'::bytea || audit.frame(e.id::text, e.tenant_id::text,
    to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.actor::text, e.act_as::text, e.grant_id::text,
    e.action, e.target, e.body, encode(e.pii_commit, 'hex'))) $$;

CREATE FUNCTION audit.fill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  NEW.content_hash := audit.content_hash(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER fill BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.fill();

CREATE FUNCTION audit.seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE h audit.head; link bytea;
BEGIN
  INSERT INTO audit.head (tenant_id, seq, hash)
    VALUES (NEW.tenant_id, 0, sha256(convert_to('genesis:' || NEW.tenant_id, 'UTF8'))) ON CONFLICT DO NOTHING;
  SELECT * INTO h FROM audit.head WHERE tenant_id = NEW.tenant_id FOR UPDATE;
  link := sha256('\x01'::bytea || h.hash || int8send(h.seq + 1) || NEW.content_hash);
  INSERT INTO audit.chain (tenant_id, seq, event_id, event_at, content_hash, prev, hash)
    VALUES (NEW.tenant_id, h.seq + 1, NEW.id, NEW.at, NEW.content_hash, h.hash, link);
  UPDATE audit.head SET seq = h.seq + 1, hash = link WHERE tenant_id = NEW.tenant_id;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER seal AFTER INSERT ON audit.event DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit.seal();

CREATE FUNCTION audit.deny() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % on %.% refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
-- ENABLE ALWAYS: session_replication_role = replica must not skip them. The chain's head moves, so only its
-- removal is denied; personal data may be erased (by the eraser's function), never edited.
CREATE TRIGGER deny_change BEFORE UPDATE OR DELETE ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.event FOR EACH STATEMENT EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_change BEFORE UPDATE OR DELETE ON audit.chain FOR EACH ROW EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.chain FOR EACH STATEMENT EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_change BEFORE DELETE ON audit.head FOR EACH ROW EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.head FOR EACH STATEMENT EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_change BEFORE UPDATE ON audit.pii FOR EACH ROW EXECUTE FUNCTION audit.deny();
CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON audit.pii FOR EACH STATEMENT EXECUTE FUNCTION audit.deny();
DO $$
DECLARE t text; g text;
BEGIN
  FOREACH t IN ARRAY ARRAY['event', 'chain', 'head', 'pii'] LOOP
    FOREACH g IN ARRAY ARRAY['deny_change', 'deny_truncate'] LOOP
      EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER %I', t, g);
    END LOOP;
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own_tenant ON audit.%I TO tocsin_app, tocsin_worker
      USING (tenant_id = (SELECT app.tenant())) WITH CHECK (tenant_id = (SELECT app.tenant()))', t);
    -- FORCE holds for the owner too, and the sealing functions run as the owner.
    EXECUTE format('CREATE POLICY sealing ON audit.%I TO tocsin_owner USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

GRANT INSERT (id, tenant_id, actor, act_as, grant_id, action, target, body, pii_commit), SELECT ON audit.event TO tocsin_app, tocsin_worker;
GRANT INSERT ON audit.pii TO tocsin_app, tocsin_worker;
GRANT SELECT (tenant_id, event_id, body) ON audit.pii TO tocsin_app;
GRANT SELECT ON audit.chain, audit.head TO tocsin_app, tocsin_worker;

-- A partition is a table of its own: TRUNCATE on it does not meet the parent's trigger, so it gets its own.
CREATE FUNCTION app.make_audit_partitions(from_month date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE made int; p regclass;
BEGIN
  made := app.make_partitions('audit.event', from_month, months);
  FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit.event'::regclass LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = p AND tgname = 'deny_truncate') THEN
      EXECUTE format('CREATE TRIGGER deny_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.deny()', p);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER deny_truncate', p);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER deny_change', p);
    END IF;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION app.make_audit_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.make_audit_partitions TO tocsin_worker;
SELECT app.make_audit_partitions(current_date, 3);
