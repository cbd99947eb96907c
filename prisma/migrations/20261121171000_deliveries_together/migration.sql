-- Deliveries are claimed and settled together, over several tenants, in one round trip. Both functions have the rights of
-- whoever calls them and enter one tenant after the other, in one order for everybody: row security holds for each.

-- Everything here is found by its key: a plan that was made while the tables were small must not read all of them later.

-- Leases what is still due of `wanted`, and says all that is needed to send it. A tenant that is erased, or is being
-- erased, is passed over. A try whose process is gone is written down as lost.
CREATE FUNCTION app.claim_deliveries(tenants uuid[], wanted uuid[], holder text, moment timestamptz, until timestamptz, actor uuid)
RETURNS TABLE (tenant_id uuid, id uuid, token bigint, tries int, round int, kind text, created_at timestamptz, may_have_arrived boolean, was text,
  notice_id uuid, incident_id uuid, incident_state text, sink_id uuid, sink_kind text, sink_name text, sink_state text, sink_proven boolean,
  disabled_reason text, config jsonb, sealed bytea, dedup_key text, content jsonb, memory jsonb, told boolean, allowed jsonb)
LANGUAGE plpgsql SET search_path = public, pg_catalog SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE of record;
BEGIN
  PERFORM set_config('app.actor', actor::text, true);
  FOR of IN SELECT w.t AS tenant, array_agg(w.d) AS ids FROM unnest(tenants, wanted) w (t, d) GROUP BY w.t ORDER BY w.t LOOP
    BEGIN
      PERFORM set_config('app.tenant', of.tenant::text, true);
      PERFORM app.enter(of.tenant);
    EXCEPTION WHEN SQLSTATE 'TG001' OR SQLSTATE 'TG003' THEN CONTINUE;
    END;
    RETURN QUERY
    WITH due AS (
      SELECT d.id, d.state AS was FROM delivery d
      WHERE d.tenant_id = of.tenant AND d.id = ANY (of.ids) AND ((d.state = 'pending' AND d.due_at <= moment) OR (d.state = 'leased' AND d.lease_until < moment))
      FOR UPDATE SKIP LOCKED),
    taken AS (
      UPDATE delivery d SET state = 'leased', lease_until = until, leased_by = holder, token = d.token + 1, tries = d.tries + 1,
        may_have_arrived = d.may_have_arrived OR due.was = 'leased'
      FROM due WHERE d.tenant_id = of.tenant AND d.id = due.id RETURNING d.*, due.was),
    lost AS (
      INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, reason)
      SELECT t.tenant_id, t.id, t.tries - 1, moment, 0, 'lost', 'The process that was sending stopped before an answer was recorded.'
      FROM taken t WHERE t.was = 'leased' ON CONFLICT DO NOTHING)
    SELECT t.tenant_id, t.id, t.token, t.tries, CASE WHEN t.redriven_at IS NULL THEN t.tries ELSE 1 + (SELECT count(*)::int FROM delivery_try y
        WHERE y.tenant_id = t.tenant_id AND y.delivery_id = t.id AND y.at >= t.redriven_at) END,
      t.kind, coalesce(t.redriven_at, t.created_at), t.may_have_arrived, t.was, t.notice_id, t.incident_id, i.state, s.id, s.kind, s.name, s.state,
      s.proven_at IS NOT NULL, s.disabled_reason, s.config, s.sealed, n.dedup_key, n.content,
      coalesce((SELECT jsonb_object_agg(e.key, e.value) FROM (
         SELECT kv.key, kv.value FROM delivery p, jsonb_each(p.memory) kv
         WHERE p.tenant_id = t.tenant_id AND p.incident_id = t.incident_id AND p.sink_id = t.sink_id AND p.ordinal < t.ordinal ORDER BY p.ordinal) e), '{}') || t.memory,
      EXISTS (SELECT 1 FROM delivery p WHERE p.tenant_id = t.tenant_id AND p.incident_id = t.incident_id AND p.sink_id = t.sink_id AND p.ordinal < t.ordinal
        AND p.kind = 'trigger' AND (p.state = 'sent' OR p.may_have_arrived OR p.memory <> '{}')),
      (SELECT coalesce(jsonb_agg(jsonb_build_object('cidr', a.cidr, 'ports', jsonb_build_array(a.port_from, a.port_to))), '[]')
       FROM address_allowance a WHERE a.tenant_id = t.tenant_id AND a.revoked_at IS NULL)
    FROM taken t JOIN notice n ON n.tenant_id = t.tenant_id AND n.id = t.notice_id JOIN sink s ON s.tenant_id = t.tenant_id AND s.id = t.sink_id
      LEFT JOIN incident i ON i.tenant_id = t.tenant_id AND i.id = t.incident_id
    ORDER BY t.ordinal;
  END LOOP;
END $$;

-- Writes down what came of tries: the delivery, its try and its line on the timeline. An item whose token is no longer
-- the delivery's changes nothing. What would be tried again goes on at once where the incident is in a state in which
-- nobody wants it: then its next claim withholds it. The incident's lock makes that and its end take turns.
CREATE FUNCTION app.settle_deliveries(items jsonb, actor uuid) RETURNS SETOF uuid
LANGUAGE plpgsql SET search_path = public, pg_catalog SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE of record;
BEGIN
  PERFORM set_config('app.actor', actor::text, true);
  FOR of IN SELECT (i ->> 'tenant')::uuid AS tenant, jsonb_agg(i) AS items FROM jsonb_array_elements(items) i GROUP BY 1 ORDER BY 1 LOOP
    BEGIN
      PERFORM set_config('app.tenant', of.tenant::text, true);
      PERFORM app.enter(of.tenant);
    EXCEPTION WHEN SQLSTATE 'TG001' OR SQLSTATE 'TG003' THEN CONTINUE;
    END;
    IF of.items @? '$[*] ? (@.state == "pending")' THEN
      PERFORM 1 FROM incident n WHERE n.tenant_id = of.tenant
        AND n.id IN (SELECT (i ->> 'incident')::uuid FROM jsonb_array_elements(of.items) i WHERE i ->> 'state' = 'pending') ORDER BY n.id FOR SHARE;
    END IF;
    RETURN QUERY
    WITH given AS (
      SELECT r.*, CASE WHEN n.state = ANY (r.unwanted) THEN r.at ELSE r.due END AS next
      FROM jsonb_to_recordset(of.items) AS r (id uuid, incident uuid, token bigint, state text, reason text, due timestamptz, unwanted text[], memory jsonb,
        maybe boolean, number int, started timestamptz, ms int, outcome text, status int, at timestamptz, decision text, sentence text, data jsonb)
      LEFT JOIN incident n ON r.state = 'pending' AND n.tenant_id = of.tenant AND n.id = r.incident),
    settled AS (
      UPDATE delivery d SET state = g.state, reason = g.reason, due_at = coalesce(g.next, d.due_at), lease_until = NULL, leased_by = NULL,
        memory = d.memory || g.memory, may_have_arrived = d.may_have_arrived OR g.maybe, settled_at = CASE WHEN g.state = 'pending' THEN NULL ELSE g.at END
      FROM given g WHERE d.tenant_id = of.tenant AND d.id = g.id AND d.token = g.token AND d.state = 'leased' RETURNING g.*),
    tried AS (
      INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, status, reason)
      SELECT of.tenant, s.id, s.number, s.started, s.ms, s.outcome, s.status, left(s.reason, 500) FROM settled s ON CONFLICT DO NOTHING),
    said AS (
      INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, data)
      SELECT of.tenant, s.incident, s.at, 'deliver', s.decision, s.sentence, s.data FROM settled s WHERE s.sentence IS NOT NULL AND s.incident IS NOT NULL)
    SELECT s.id FROM settled s, LATERAL pg_notify('tocsin_live', json_build_object('tenant', of.tenant, 'what', 'delivery', 'id', s.id)::text);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION app.claim_deliveries, app.settle_deliveries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.claim_deliveries, app.settle_deliveries TO tocsin_worker;

-- What is due is read from the front of a line, however long it is, and whether an earlier one of the same incident and
-- sink is unsettled is asked among the unsettled only.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (due_at, ordinal) WHERE state = 'pending';
CREATE INDEX delivery_unsettled ON delivery (tenant_id, incident_id, sink_id, ordinal) WHERE state IN ('pending', 'leased');

-- The planner knows nothing of a line that began a second ago, and would read and sort all of it for its first few.
CREATE FUNCTION app.due_deliveries(moment timestamptz, not_sinks uuid[], not_ids uuid[], most int) RETURNS TABLE (tenant_id uuid, id uuid, sink_id uuid)
LANGUAGE plpgsql STABLE SET search_path = public, pg_catalog SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT q.tenant_id, q.id, q.sink_id FROM (
    (SELECT d.tenant_id, d.id, d.sink_id, d.due_at, d.ordinal FROM delivery d
     WHERE d.state = 'pending' AND d.due_at <= moment AND NOT (d.sink_id = ANY (not_sinks)) AND NOT (d.id = ANY (not_ids))
       AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.tenant_id = d.tenant_id AND e.incident_id = d.incident_id
         AND e.sink_id = d.sink_id AND e.ordinal < d.ordinal AND e.state IN ('pending', 'leased'))
     ORDER BY d.due_at, d.ordinal LIMIT most)
    UNION ALL
    (SELECT d.tenant_id, d.id, d.sink_id, d.due_at, d.ordinal FROM delivery d
     WHERE d.state = 'leased' AND d.lease_until < moment AND NOT (d.sink_id = ANY (not_sinks)) AND NOT (d.id = ANY (not_ids))
       AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.tenant_id = d.tenant_id AND e.incident_id = d.incident_id
         AND e.sink_id = d.sink_id AND e.ordinal < d.ordinal AND e.state IN ('pending', 'leased'))
     ORDER BY d.due_at, d.ordinal LIMIT most)) q
  ORDER BY q.due_at, q.ordinal LIMIT most;
END $$;
REVOKE ALL ON FUNCTION app.due_deliveries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.due_deliveries TO tocsin_sweeper;
