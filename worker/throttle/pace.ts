// Slows down the checks of a tenant for which probers had to be killed, tells it once a day, and lets it go again. Only
// decided here: the scheduler alone keeps to it.
import { audit } from "#lib/adapters/audit";
import { type Db, type Sweeper, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import type { Log } from "#lib/adapters/log";
import { fingerprint } from "#lib/domain/fingerprint";
import { type Factor, mayTell, nextPace, OWN_PACE, type Pace, WINDOW_MS } from "#lib/domain/throttle";
import { unlookedVerdict } from "#lib/domain/verdict";
import { walk } from "../pipeline/decide.ts";
import type { Subject } from "../pipeline/passage.ts";

export interface Paced {
  cut: number;
  released: number;
}

/** One look over all tenants that had a kill in the last hour or are slowed down. @throws the first failure, after all */
export async function watchPace(db: Db, sweeper: Sweeper, now: Date, log: Log): Promise<Paced> {
  const rows = await sweeper.find<{ tenant_id: string }>(
    `SELECT DISTINCT k.tenant_id FROM probe_kill k WHERE k.at > $1
     UNION SELECT p.tenant_id FROM probe_pace p WHERE p.factor > 1`,
    [new Date(now.getTime() - WINDOW_MS)],
  );
  const did: Paced = { cut: 0, released: 0 };
  const failures: unknown[] = [];
  for (const { tenant_id: tenantId } of rows) {
    try {
      const change = await unlessErased(ofTenant(db, tenantId, now), null);
      if (change === null) continue;
      did[change.to > change.from ? "cut" : "released"]++;
      log.warn({ tenant: tenantId, ...change }, "the pace of a tenant's checks has changed");
    } catch (err) {
      failures.push(err);
    }
  }
  if (failures.length > 0) throw failures[0];
  return did;
}

interface Row {
  factor: number;
  cut_at: Date | null;
  until: Date | null;
  told_at: Date | null;
  released_at: Date | null;
}

async function ofTenant(db: Db, tenantId: string, now: Date): Promise<{ from: number; to: number } | null> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  return db.withTenant(context, async (tx) => {
    await tx.$executeRaw`INSERT INTO probe_pace (tenant_id, factor) VALUES (app.tenant(), 1) ON CONFLICT DO NOTHING`;
    // The row's lock puts two workers, and a release by hand, in a line.
    const [row] = await tx.$queryRaw<Row[]>`SELECT factor, cut_at, until, told_at, released_at FROM probe_pace
      WHERE tenant_id = app.tenant() FOR UPDATE`;
    const pace: Pace = row
      ? { factor: row.factor as Factor, cutAt: row.cut_at, until: row.until, releasedAt: row.released_at }
      : OWN_PACE;
    const kills = await tx.$queryRaw<{ at: Date; name: string | null }[]>`
      SELECT k.at, s.name FROM probe_kill k LEFT JOIN server s ON s.tenant_id = k.tenant_id AND s.id = k.server_id
      WHERE k.tenant_id = app.tenant() AND k.at > ${new Date(now.getTime() - WINDOW_MS)} ORDER BY k.at DESC LIMIT 1000`;
    const next = nextPace(
      pace,
      kills.map((k) => k.at),
      now,
    );
    if (next.factor === 1 && pace.releasedAt !== null && (await told(tx, tenantId)))
      await endWord(tx, tenantId, now, "Somebody let the checks come as set again.");
    if (next.factor === pace.factor && next.until?.getTime() === pace.until?.getTime()) return null;
    const tells = next.factor > 1 && pace.factor === 1 && mayTell(row?.told_at ?? null, now);
    await tx.$executeRaw`UPDATE probe_pace SET factor = ${next.factor}, cut_at = ${next.cutAt}, until = ${next.until},
      released_at = ${next.releasedAt}, told_at = CASE WHEN ${tells} THEN ${now} ELSE told_at END WHERE tenant_id = app.tenant()`;
    if (next.factor === pace.factor) return null;
    await audit(tx, context, {
      action: "prober.throttle",
      target: `tenant:${tenantId}`,
      body: { was: pace.factor, factor: next.factor, kills: kills.length },
    });
    if (tells) await say(tx, tenantId, now, slowed(next.factor, kills));
    if (next.factor === 1)
      await endWord(tx, tenantId, now, "Nothing had to be killed for an hour: checks come as set again.");
    return { from: pace.factor, to: next.factor };
  });
}

function slowed(factor: number, kills: readonly { name: string | null }[]): string {
  const names = [...new Set(kills.flatMap((k) => (k.name === null ? [] : [k.name])))];
  const whose =
    names.length === 0 ? "" : ` The servers: ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and others" : ""}.`;
  return `${kills.length} probers had to be killed in its checks within an hour, so they come ${factor} times less often.${whose}`;
}

async function say(tx: Tx, tenantId: string, now: Date, sentence: string): Promise<void> {
  await pass(tx, tenantId, now, "unknown", sentence);
}

async function told(tx: Tx, tenantId: string): Promise<boolean> {
  const print = fingerprint(`tenant:${tenantId}`, "unchecked");
  const live = await tx.$queryRaw<unknown[]>`SELECT 1 FROM incident
    WHERE tenant_id = app.tenant() AND fingerprint = ${print} AND state <> 'resolved'`;
  return live.length > 0;
}

/** Ends the incident where one is live. */
async function endWord(tx: Tx, tenantId: string, now: Date, sentence: string): Promise<void> {
  await pass(tx, tenantId, now, "up", sentence);
}

async function pass(tx: Tx, tenantId: string, now: Date, status: "up" | "unknown", sentence: string): Promise<void> {
  const verdict = unlookedVerdict(status, status === "up" ? null : "probe_throttled", sentence);
  const before = { bad: 0, good: 0, flips: [] };
  const subject = await subjectOf(tx, tenantId);
  await walk(tx, { tenantId, subject, verdict, sealed: null, slot: now, now, atOnce: true, before });
}

async function subjectOf(tx: Tx, tenantId: string): Promise<Subject> {
  const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = app.tenant()`;
  const tenantName = rows[0]?.name ?? "";
  return {
    ...{ kind: "tenant", key: `tenant:${tenantId}`, serverId: null, name: "All checks", url: "", tenantName },
    ...{ weight: "own", fireAfter: 1, clearAfter: 1, intervalMs: WINDOW_MS },
  };
}
