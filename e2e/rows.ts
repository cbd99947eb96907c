// Rows that a test needs to find. Servers made here are paused, so that no prober ever speaks about them.
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Database } from "./fixtures.ts";

export async function seededServer(db: Database, tenantId: string, name: string): Promise<string> {
  const id = randomUUID();
  await db.rows(
    "INSERT INTO server (tenant_id, id, name, url, paused, created_at) VALUES ($1, $2, $3, $4, true, now())",
    [tenantId, id, name, `https://${id}.example.com/mcp`],
  );
  return id;
}

/** An open incident of a server that nobody probes: it stays as it is until a person acts. */
export async function seededIncident(
  db: Database,
  tenantId: string,
  name: string,
): Promise<{ id: string; serverId: string }> {
  const serverId = await seededServer(db, tenantId, name);
  const id = randomUUID();
  await db.rows(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       evidence, opened_at, started_at, last_bad_slot, policy)
     SELECT $1, $2, coalesce(max(number), 0) + 1, 'server', $3, $4, $5, $6, 'open', 'P1', 'down', 'connection_refused',
       'Nothing listens there.', now(), now() - interval '3 minutes', now(), '{"name":"Default policy","steps":[{"afterMinutes":0,"targets":[]}]}'
     FROM incident WHERE tenant_id = $1`,
    [tenantId, id, serverId, name, `e2e:${id}`, `tocsin-${id}`],
  );
  await db.rows(
    "INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence) VALUES ($1, $2, now(), 'deduplicate', 'opened', 'Opened: three bad checks in a row.')",
    [tenantId, id],
  );
  return { id, serverId };
}

export async function stateOf(db: Database, incidentId: string): Promise<string> {
  return (
    (await db.rows<{ state: string }>("SELECT state FROM incident WHERE id = $1", [incidentId]))[0]?.state ?? "gone"
  );
}

/** A tenant that none of the development people belongs to (the auditor reads it). */
export async function otherTenant(db: Database): Promise<string> {
  const id = randomUUID();
  const slug = `other-${id.slice(0, 8)}`;
  await db.rows("INSERT INTO tenant (id, slug, name, tier, created_at) VALUES ($1, $2, $2, 'team', now())", [id, slug]);
  return id;
}

/** The tries that other tests made from this machine: a journey begins as somebody who has made none. */
export async function forgetTries(): Promise<void> {
  const redis = new Redis(process.env.TOCSIN_E2E_REDIS_URL ?? "");
  try {
    const keys = await redis.keys("*:limit:*");
    if (keys.length > 0) await redis.del(keys);
  } finally {
    redis.disconnect();
  }
}
