// The row that the console reads and the streaks live in, one per server. Its lock puts everything that is decided
// about one server in a line.
import type { Tx } from "#lib/adapters/db";
import type { Streaks } from "#lib/domain/streak";
import { type LastKnown, whileLimited } from "#lib/domain/rate-limit";
import type { Outcome } from "#lib/domain/outcome";
import type { SealedSlot, Verdict } from "#lib/domain/verdict";
import type { Subject } from "./passage.ts";

export interface Before {
  lastSlot: Date | null;
  status: string;
  reason: string | null;
  streaks: Streaks;
  /** What is known of its tool lists: lib/domain/drift.ts. */
  surface: unknown;
}

interface ServerRow {
  name: string;
  url: string;
  interval_s: number;
  fire_after: number;
  clear_after: number;
  weight: "own" | "third_party";
  drill: boolean;
  watched_from: Date;
  severities: Record<string, string> | null;
  tenant: string;
}

/** @returns null for a server that is paused, removed or not this tenant's: nothing is decided about it */
export async function serverSubject(tx: Tx, serverId: string): Promise<Subject | null> {
  const rows = await tx.$queryRaw<
    ServerRow[]
  >`SELECT s.name, s.url, s.interval_s, s.fire_after, s.clear_after, s.weight, s.drill, greatest(s.created_at, s.watched_from) AS watched_from,
      (SELECT jsonb_object_agg(o.reason, o.severity) FROM severity_override o WHERE o.tenant_id = s.tenant_id) AS severities, t.name AS tenant
    FROM server s JOIN tenant t ON t.id = s.tenant_id WHERE s.tenant_id = app.tenant() AND s.id = ${serverId}::uuid AND NOT s.paused AND (s.removed_at IS NULL OR s.drill)`;
  const row = rows[0];
  if (!row) return null;
  const { name, url, weight, tenant: tenantName } = row;
  return {
    kind: "server",
    key: serverId,
    serverId,
    name,
    url,
    tenantName,
    weight,
    fireAfter: row.fire_after,
    clearAfter: row.clear_after,
    intervalMs: row.interval_s * 1000,
    ...(row.drill && { drill: true }),
    watchedFrom: row.watched_from,
    ...(row.severities !== null && { severities: row.severities }),
  };
}

export async function lockServerNow(tx: Tx, tenantId: string, serverId: string, slot: Date): Promise<Before> {
  const read = () => tx.$queryRaw<
    {
      last_slot: Date | null;
      status: string;
      reason: string | null;
      bad_streak: number;
      good_streak: number;
      flips: bigint[];
      surface: unknown;
    }[]
  >`
    SELECT last_slot, status, reason, bad_streak, good_streak, flips, surface FROM server_now
    WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid FOR UPDATE`;
  let row = (await read())[0];
  if (!row) {
    await tx.$executeRaw`INSERT INTO server_now (tenant_id, server_id, since) VALUES (${tenantId}::uuid, ${serverId}::uuid, ${slot}) ON CONFLICT DO NOTHING`;
    row = (await read())[0];
  }
  if (!row) throw new Error(`server_now of ${serverId} cannot be read back`);
  return {
    lastSlot: row.last_slot,
    status: row.status,
    reason: row.reason,
    streaks: { bad: row.bad_streak, good: row.good_streak, flips: row.flips.map(Number) },
    surface: row.surface,
  };
}

export const nowCells = (v: Verdict, slot: number) =>
  Object.fromEntries(Object.entries(v.regions).map(([region, cell]) => [region, { ...cell, slot }]));

export const minuteCells = (v: Verdict) =>
  Object.fromEntries(Object.entries(v.regions).map(([region, c]) => [region, [c.status, c.reason, c.latencyMs]]));

/** A slot in which nobody looked does not move last_slot: "last checked" stays true, and staleness is found from it. */
export async function writeServerNow(
  tx: Tx,
  serverId: string,
  slot: Date,
  v: Verdict,
  streaks: Streaks,
): Promise<void> {
  const cells = JSON.stringify(nowCells(v, slot.getTime()));
  const flips = `{${streaks.flips.join(",")}}`;
  if (v.unlooked) {
    await tx.$executeRaw`UPDATE server_now SET since = CASE WHEN status = 'unknown' THEN since ELSE ${slot} END, status = 'unknown', reason = ${v.reason},
      evidence = ${v.evidence}, regions = regions || ${cells}::jsonb, latency_ms = NULL, bad_streak = ${streaks.bad}, good_streak = ${streaks.good}, flips = ${flips}::bigint[]
      WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid`;
    return;
  }
  if (v.status === "unknown" && v.reason === "rate_limited") return writeRateLimited(tx, serverId, slot, v, cells);
  await tx.$executeRaw`UPDATE server_now SET last_slot = ${slot}, rate_limited_since = NULL, since = CASE WHEN status = ${v.status} THEN since ELSE ${slot} END, status = ${v.status},
    reason = ${v.reason}, evidence = ${v.evidence}, regions = ${cells}::jsonb, latency_ms = ${v.latencyMs},
    auth = CASE WHEN ${v.auth} = 'unknown' THEN auth ELSE ${v.auth} END, era = coalesce(${v.era}, era),
    protocol_version = coalesce(${v.protocolVersion}, protocol_version), server_name = coalesce(${v.serverName}, server_name),
    tools = coalesce(${v.tools === null ? null : JSON.stringify(v.tools)}::jsonb, tools),
    bad_streak = ${streaks.bad}, good_streak = ${streaks.good}, flips = ${flips}::bigint[]
    WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid`;
}

/** 429 only: what was last known stays, for a bounded time; streaks and incidents are left as they are. */
async function writeRateLimited(tx: Tx, serverId: string, slot: Date, v: Verdict, cells: string): Promise<void> {
  const rows = await tx.$queryRaw<
    LastKnown[]
  >`SELECT status, evidence, last_slot AS "lastSlot", rate_limited_since AS "rateLimitedSince"
    FROM server_now WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid`;
  if (rows[0] === undefined) return;
  const shown = whileLimited(rows[0], slot, v.comeBack === true);
  await tx.$executeRaw`UPDATE server_now SET last_slot = ${slot}, rate_limited_since = ${shown.since}, reason = 'rate_limited', regions = ${cells}::jsonb,
    since = CASE WHEN status = ${shown.status} THEN since ELSE ${slot} END, status = ${shown.status}, evidence = ${shown.evidence ?? v.evidence}, latency_ms = NULL
    WHERE tenant_id = app.tenant() AND server_id = ${serverId}::uuid`;
}

/** One row per server and slot, written once: a replay gives the same rows, and a late slot still has its place. */
export async function keepMinute(tx: Tx, tenantId: string, serverId: string, slot: Date, v: Verdict): Promise<void> {
  const cells = JSON.stringify(minuteCells(v));
  await tx.$executeRaw`INSERT INTO probe_minute (tenant_id, server_id, slot, status, reason, latency_ms, regions)
    VALUES (${tenantId}::uuid, ${serverId}::uuid, ${slot}, ${v.status}, ${v.reason}, ${v.latencyMs}, ${cells}::jsonb) ON CONFLICT DO NOTHING`;
}

const failed = (o: Outcome): boolean => o.status === "down" || o.status === "degraded";

/** The latest transcript of each region, and the latest failing one, which outlives the recovery. One tenant's slots. */
export async function keepTranscripts(tx: Tx, slots: readonly SealedSlot[]): Promise<void> {
  const rows = slots.flatMap((sealed) =>
    Object.entries(sealed.transcripts).flatMap(([region, transcript]) => {
      const outcome = sealed.outcomes[region];
      if (transcript === null || outcome === undefined) return [];
      const { status, reason } = outcome;
      const slot = new Date(sealed.slot).toISOString();
      const row = { server: sealed.serverId, slot, region, status, reason, transcript };
      return (failed(outcome) ? ["latest", "failing"] : ["latest"]).map((kind) => ({ ...row, kind }));
    }),
  );
  if (rows.length === 0) return;
  // jsonb refuses U+0000; a server may have sent one, escaped, inside a quoted body.
  const json = JSON.stringify(rows).replaceAll("\\u0000", "\\ufffd");
  await tx.$executeRaw`INSERT INTO last_transcript (tenant_id, server_id, region, kind, slot, status, reason, transcript)
    SELECT app.tenant(), r.server, r.region, r.kind, r.slot, r.status, r.reason, r.transcript
    FROM jsonb_to_recordset(${json}::jsonb) AS r (server uuid, slot timestamptz, region text, kind text, status text, reason text, transcript jsonb)
    ON CONFLICT (tenant_id, server_id, region, kind) DO UPDATE SET slot = excluded.slot, status = excluded.status, reason = excluded.reason, transcript = excluded.transcript
    WHERE last_transcript.slot < excluded.slot`;
}
