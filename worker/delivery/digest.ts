// Digests: what was held back, told together and never to what wakes people where there is something else. Each is a row
// first, once for its tenant, kind and time; the notice, its deliveries and the mark on what it counted commit with it.
import { randomUUID } from "node:crypto";
import { type Db, type Prisma, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint } from "#lib/adapters/hint";
import { hourOf } from "#lib/domain/budget";
import { CLUSTER_HOLD_MS, widerSentence } from "#lib/domain/cluster";
import {
  type Digest,
  digestContent,
  type HeldLine,
  heldDigest,
  TOOLS_HOUR,
  type ToolLine,
  toolsDigest,
} from "#lib/domain/digest";
import type { SinkFacts } from "#lib/domain/policy";
import type { Reason, Severity } from "#lib/domain/reason";
import { causeTitle } from "#lib/domain/storm";
import { DAY_MS, weekOf } from "#lib/domain/utc-day";
import { sinkFacts } from "#lib/queries/sink-facts";
import { wouldTell } from "#lib/queries/would-tell";

const HOUR_MS = 3_600_000;
const canBeTold = (s: SinkFacts) => s.enabled && s.proven;

/** @returns how many digests were made. @throws the first failure, after every tenant had its turn */
export async function sendDigests(db: Db, sweeper: Sweeper, now: Date): Promise<number> {
  const failures: unknown[] = [];
  let made = 0;
  const once = async (tenantId: string, make: (tx: Tx) => Promise<boolean>) => {
    const work = db.withTenant({ tenantId, actorId: WORKER_ACTOR }, make);
    const did = await unlessErased(work, false).catch((err) => {
      failures.push(err);
      return false;
    });
    if (did) made++;
  };
  const wider = await sweeper.find<{ tenant_id: string; ref: string }>(
    `SELECT DISTINCT h.tenant_id, h.ref FROM held_back h WHERE h.kind = 'cluster' AND h.digest_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM digest d WHERE d.tenant_id = h.tenant_id AND d.kind = 'wider' AND d.key = h.ref)`,
  );
  for (const { tenant_id: id, ref } of wider) await once(id, (tx) => tellOfCluster(tx, id, ref, now));
  const hour = hourOf(now);
  const hourly = await sweeper.find<{ tenant_id: string }>(
    `SELECT DISTINCT h.tenant_id FROM held_back h JOIN incident i ON i.tenant_id = h.tenant_id AND i.id = h.incident_id
     WHERE h.digest_id IS NULL AND h.kind IN ('cluster', 'budget') AND h.at < $1 AND NOT i.drill
       AND NOT EXISTS (SELECT 1 FROM digest d WHERE d.tenant_id = h.tenant_id AND d.kind = 'hour' AND d.key = $2)`,
    [hour, hour.toISOString()],
  );
  for (const { tenant_id: id } of hourly) await once(id, (tx) => tellOfHour(tx, id, hour, now));
  for (const per of ["day", "week"] as const) {
    const cut = toolsCut(per, now);
    const length = per === "day" ? DAY_MS : 7 * DAY_MS;
    const changed = await sweeper.find<{ tenant_id: string }>(
      `SELECT DISTINCT c.tenant_id FROM surface_change c WHERE c.digest = $1 AND c.at >= $2 AND c.at < $3
         AND NOT EXISTS (SELECT 1 FROM digest d WHERE d.tenant_id = c.tenant_id AND d.kind = $4 AND d.key = $5)`,
      [`${per === "day" ? "dai" : "week"}ly`, new Date(cut.getTime() - length), cut, per, cut.toISOString()],
    );
    for (const { tenant_id: id } of changed) await once(id, (tx) => tellOfTools(tx, id, per, cut, now));
  }
  if (failures.length > 0) throw failures[0];
  return made;
}

/** The last time that this digest was due: today or on Monday at the hour, or before. */
function toolsCut(per: "day" | "week", now: Date): Date {
  const shifted = now.getTime() - TOOLS_HOUR * HOUR_MS;
  const day = per === "week" ? Date.parse(`${weekOf(shifted)}T00:00:00Z`) : Math.floor(shifted / DAY_MS) * DAY_MS;
  return new Date(day + TOOLS_HOUR * HOUR_MS);
}

interface Held {
  id: string;
  name: string;
  state: string;
  severity: Severity;
  reason: Reason;
  policy: unknown;
  server_id: string | null;
  servers: number;
  /** A wider outage holds it on. */
  waits_until: Date | null;
}

/** Each once, whatever held it, and how often. */
const heldOf = (tx: Tx, kinds: readonly string[], before: Date, ref: string | null, drill: boolean) => tx.$queryRaw<
  Held[]
>`
  SELECT DISTINCT i.number, i.id::text, i.subject_name AS name, i.state, i.severity, i.reason, i.policy, i.server_id::text,
    CASE WHEN i.state = 'open' AND i.held_by = 'cluster' AND i.next_step_at > ${before} THEN i.next_step_at END AS waits_until,
    CASE WHEN i.subject_kind = 'storm' THEN (SELECT count(*)::int FROM storm_member m WHERE m.tenant_id = i.tenant_id AND m.storm_id = i.id) ELSE 1 END AS servers
  FROM held_back h JOIN incident i ON i.tenant_id = h.tenant_id AND i.id = h.incident_id
  WHERE h.tenant_id = app.tenant() AND h.digest_id IS NULL AND h.kind = ANY (${[...kinds]}::text[]) AND h.at < ${before} AND i.drill = ${drill}
    AND (${ref}::text IS NULL OR h.ref = ${ref}::text) ORDER BY i.severity, i.number`;

/** At once, and only to what does not wake people: whoever has nothing of that kind reads it in the hour's digest. */
async function tellOfCluster(tx: Tx, tenantId: string, clusterId: string, now: Date): Promise<boolean> {
  const [cluster] = await tx.$queryRaw<
    { cause: string; opened_at: Date; drill: boolean }[]
  >`SELECT cause, opened_at, drill FROM cluster WHERE id::text = ${clusterId}`;
  const held = await heldOf(tx, ["cluster"], new Date(now.getTime() + 1), clusterId, cluster?.drill ?? false);
  if (cluster === undefined || held.length === 0) return false;
  const quiet = (await sinkFacts(tx)).filter((s) => canBeTold(s) && !s.wakes);
  const servers = held.reduce((sum, h) => sum + h.servers, 0);
  const until = new Date(cluster.opened_at.getTime() + CLUSTER_HOLD_MS);
  const digest: Digest = {
    title: `A wider outage at ${causeTitle(cluster.cause)}: your pages are held`,
    evidence: widerSentence(cluster.cause, servers, until),
    ...{ lines: [], severity: held[0]?.severity ?? "P1", reason: held[0]?.reason ?? "not_checked" },
  };
  const what = { kind: "wider", key: clusterId, counted: held.length, since: cluster.opened_at, drill: cluster.drill };
  const id = await write(tx, tenantId, what, digest, quiet, now);
  if (id === null || quiet.length === 0) return id !== null;
  await tx.$executeRaw`UPDATE held_back SET digest_id = ${id}::uuid
    WHERE tenant_id = app.tenant() AND kind = 'cluster' AND ref = ${clusterId} AND digest_id IS NULL AND incident_id = ANY (${held.map((h) => h.id)}::uuid[])`;
  return true;
}

function tellOfHour(tx: Tx, tenantId: string, hour: Date, now: Date): Promise<boolean> {
  const since = new Date(hour.getTime() - HOUR_MS);
  return tellOfHeld(tx, tenantId, { key: hour.toISOString(), since, until: hour, ref: null, drill: false }, now);
}

/** A drill's hour is its own, and shorter: its digest has nothing in it that is real, and no other has anything of it. */
export function tellOfDrill(tx: Tx, tenantId: string, ref: string, since: Date, now: Date): Promise<boolean> {
  return tellOfHeld(tx, tenantId, { key: ref, since, until: now, ref, drill: true }, now);
}

interface Hour {
  key: string;
  since: Date;
  until: Date;
  ref: string | null;
  drill: boolean;
}

async function tellOfHeld(tx: Tx, tenantId: string, hour: Hour, now: Date): Promise<boolean> {
  const { key, since, until, ref, drill } = hour;
  const kinds = ["cluster", "budget"];
  const held = await heldOf(tx, kinds, until, ref, drill);
  if (held.length === 0) return false;
  const would = [...(await wouldTell(tx, held, now)).values()].flat().filter(canBeTold);
  const quiet = would.filter((s) => !s.wakes);
  const lines: HeldLine[] = held.map((h) => ({ ...h, live: h.state === "open", waitsUntil: h.waits_until }));
  const what = { kind: "hour", key, counted: held.length, since, drill };
  const id = await write(tx, tenantId, what, heldDigest(lines, since, until), quiet.length > 0 ? quiet : would, now);
  if (id === null) return false;
  await tx.$executeRaw`UPDATE held_back SET digest_id = ${id}::uuid WHERE tenant_id = app.tenant() AND digest_id IS NULL
    AND kind = ANY (${kinds}::text[]) AND at < ${until} AND incident_id = ANY (${held.map((h) => h.id)}::uuid[])`;
  return true;
}

interface Change {
  server: string;
  breaking: boolean;
  counts: ToolLine["counts"] | null;
}

async function tellOfTools(tx: Tx, tenantId: string, per: "day" | "week", cut: Date, now: Date): Promise<boolean> {
  const since = new Date(cut.getTime() - (per === "day" ? DAY_MS : 7 * DAY_MS));
  const changes = await tx.$queryRaw<Change[]>`
    SELECT s.name AS server, c.breaking, c.diff -> 'counts' AS counts FROM surface_change c
    JOIN server s ON s.tenant_id = c.tenant_id AND s.id = c.server_id AND s.removed_at IS NULL
    WHERE c.tenant_id = app.tenant() AND c.digest = ${per === "day" ? "daily" : "weekly"} AND c.at >= ${since} AND c.at < ${cut}
    ORDER BY c.breaking DESC, c.at LIMIT 500`;
  if (changes.length === 0) return false;
  const lines = changes.map(({ counts, ...rest }) => ({ ...rest, counts: counts ?? {} }));
  const quiet = (await sinkFacts(tx)).filter((s) => canBeTold(s) && !s.wakes);
  const what = { kind: per, key: cut.toISOString(), counted: changes.length, since };
  return (await write(tx, tenantId, what, toolsDigest(lines, per), quiet, now)) !== null;
}

interface What {
  kind: string;
  key: string;
  counted: number;
  since: Date;
  drill?: boolean;
}

/** @returns null where somebody else has made it */
async function write(
  tx: Tx,
  tenantId: string,
  what: What,
  digest: Digest,
  to: readonly SinkFacts[],
  now: Date,
): Promise<string | null> {
  const id = randomUUID();
  // The row's own key decides, before anything is written for it: of two who try, one makes it.
  const made = await tx.$executeRaw`INSERT INTO digest (tenant_id, id, kind, key, at, counted)
    VALUES (app.tenant(), ${id}::uuid, ${what.kind}, ${what.key}, ${now}, ${what.counted}::int) ON CONFLICT (tenant_id, kind, key) DO NOTHING`;
  if (made === 0) return null;
  const sinkIds = [...new Set(to.map((s) => s.id))];
  if (sinkIds.length === 0) return id;
  const noticeId = randomUUID();
  const [tenant] = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = app.tenant()`;
  const path = what.kind === "day" || what.kind === "week" ? "/servers" : `/held?digest=${id}`;
  const url = new URL(path, consoleUrl()).href;
  const content = digestContent(digest, {
    tenantName: tenant?.name ?? "",
    url,
    since: what.since,
    now,
    drill: what.drill ?? false,
  });
  await tx.notice.create({
    data: {
      ...{ tenantId, id: noticeId, kind: "digest", dedupKey: `tocsin-digest-${id}`, at: now },
      content: content as unknown as Prisma.InputJsonObject,
    },
  });
  await tx.$executeRaw`UPDATE digest SET notice_id = ${noticeId}::uuid WHERE tenant_id = app.tenant() AND id = ${id}::uuid`;
  await tx.delivery.createMany({
    data: sinkIds.map((sinkId) => ({
      ...{ tenantId, id: randomUUID(), noticeId, sinkId, kind: "digest", dueAt: now, createdAt: now },
    })),
  });
  await hint(tx, "tocsin_outbox");
  return id;
}
