// What became of the prober processes, in whose work some had to be killed, and how long batches wait. Rows of the
// installation: a tenant stands here by its slug and a count, never with a server's name or address.
import { inTenant, type TenantContext, type Tx } from "#lib/adapters/db";

const DAY_MS = 86_400_000;
/** Not the end of a run's ordinary life. */
export const KILLED = ["wall", "stalled", "memory", "crash"] as const;

export interface RunSum {
  city: string;
  reason: string;
  runs: number;
  probes: number;
  cpuS: number;
  mostMb: number;
}

export interface RunRow {
  id: string;
  city: string;
  reason: string;
  endedAt: number;
  probes: number;
  cpuMs: number;
  mostMb: number;
  wallMs: number;
  printedBytes: number;
  exit: string;
  slug: string | null;
}

export interface SlowTenant {
  tenantId: string;
  slug: string;
  kills: number;
  lastAt: number;
  /** 1: at its own pace. */
  factor: number;
  until: number | null;
}

export interface WaitRow {
  city: string;
  at: number;
  batches: number;
  p95Ms: number;
  worstMs: number;
  rateMs: number;
}

const MB = 1024 * 1024;

export async function runSums(tx: Tx, now: Date): Promise<RunSum[]> {
  return tx.$queryRaw<RunSum[]>`
    SELECT coalesce(g.city, r.region) AS city, r.reason, count(*)::int AS runs, sum(r.probes)::int AS probes,
      round(sum(r.cpu_ms) / 1000.0)::int AS "cpuS", round(max(r.max_rss_bytes) / ${MB}::float8)::int AS "mostMb"
    FROM prober_run r LEFT JOIN region g ON g.name = r.region
    WHERE r.ended_at > ${new Date(now.getTime() - DAY_MS)} GROUP BY 1, 2 ORDER BY 1, 2`;
}

/** The latest that ended as they should not. */
export async function killedRuns(tx: Tx, take: number): Promise<RunRow[]> {
  const rows = await tx.proberRun.findMany({
    where: { reason: { in: [...KILLED] } },
    orderBy: { endedAt: "desc" },
    take,
  });
  const regions = await tx.region.findMany();
  const slugs = await slugsOf(
    tx,
    rows.flatMap((r) => r.culpritId ?? []),
  );
  return rows.map((r) => ({
    id: r.id,
    city: regions.find((g) => g.name === r.region)?.city ?? r.region,
    reason: r.reason,
    endedAt: r.endedAt.getTime(),
    probes: r.probes,
    cpuMs: Number(r.cpuMs),
    mostMb: Math.round(Number(r.maxRssBytes) / MB),
    wallMs: Number(r.wallMs),
    printedBytes: Number(r.stdoutBytes + r.stderrBytes),
    exit: r.signal ?? (r.exitCode === null ? "" : `code ${r.exitCode}`),
    slug: r.culpritId === null ? null : (slugs.get(r.culpritId) ?? null),
  }));
}

/** Tenants in whose work a prober was killed within a day; those that are slowed down first. */
export async function slowTenants(tx: Tx, home: TenantContext, now: Date): Promise<SlowTenant[]> {
  const counted = await tx.proberRun.groupBy({
    by: ["culpritId"],
    where: { culpritId: { not: null }, endedAt: { gt: new Date(now.getTime() - DAY_MS) } },
    _count: true,
    _max: { endedAt: true },
  });
  const ids = counted.flatMap((c) => c.culpritId ?? []);
  const slugs = await slugsOf(tx, ids);
  const rows: SlowTenant[] = [];
  for (const { culpritId, _count: kills, _max } of counted) {
    if (culpritId === null) continue;
    // The pace is the tenant's own row: it is read as theirs, and nothing else of theirs is.
    const pace = await inTenant(tx, home, { ...home, tenantId: culpritId }, () => tx.probePace.findFirst());
    rows.push({
      ...{ tenantId: culpritId, slug: slugs.get(culpritId) ?? "", kills, lastAt: _max.endedAt?.getTime() ?? 0 },
      ...{ factor: pace?.factor ?? 1, until: pace?.until?.getTime() ?? null },
    });
  }
  return rows.sort((a, b) => b.factor - a.factor || b.kills - a.kills);
}

/** How long batches waited, by quarters of an hour, the latest first. */
export async function waits(tx: Tx, now: Date): Promise<WaitRow[]> {
  const rows = await tx.queueDigest.findMany({
    where: { at: { gt: new Date(now.getTime() - DAY_MS / 8) } },
    orderBy: [{ at: "desc" }, { region: "asc" }],
  });
  const regions = await tx.region.findMany();
  return rows.map(({ region, at, ...rest }) => ({
    city: regions.find((g) => g.name === region)?.city ?? region,
    at: at.getTime(),
    ...rest,
  }));
}

async function slugsOf(tx: Tx, ids: string[]): Promise<Map<string, string>> {
  const rows = await tx.tenant.findMany({ where: { id: { in: ids } }, select: { id: true, slug: true } });
  return new Map(rows.map((t) => [t.id, t.slug]));
}
