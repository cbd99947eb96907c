// The regions that servers are looked at from: how each is, who looks there, and the tokens of its agents. Global rows,
// nothing of a tenant.
import type { Tx } from "#lib/adapters/db";

/** Sealed from home's side: what was not heard of for so long is silent, as on the page of processes. */
const SILENT_MS = 30_000;
/** Older than this, what was counted says nothing of now. */
const COUNTED_MS = 120_000;

export type RegionState = "reports" | "offline" | "refused" | "silent" | "off";

export interface RegionTokenRow {
  id: string;
  name: string;
  by: string;
  madeAt: number;
  lastUsedAt: number | null;
}

export interface RegionRow {
  name: string;
  city: string;
  kind: "in_cluster" | "agent";
  enabled: boolean;
  state: RegionState;
  /** Epoch milliseconds; null when nothing was ever heard of it. */
  heardAt: number | null;
  offlineSince: number | null;
  /** Why its agent was turned away. */
  refused: string | null;
  /** Batches that wait in its queue; null when nobody has counted lately. */
  waiting: number | null;
  agent: {
    host: string;
    build: string;
    protocol: number;
    skewMs: number;
    rttMs: number | null;
    buffered: number;
    late: number;
    lost: number;
  } | null;
  tokens: RegionTokenRow[];
}

export async function regionRows(tx: Tx, now: Date): Promise<RegionRow[]> {
  const regions = await tx.region.findMany({ orderBy: { name: "asc" } });
  const states = new Map((await tx.regionNow.findMany()).map((s) => [s.region, s]));
  const beats = await tx.process.groupBy({
    by: ["region"],
    where: { kind: "prober", region: { not: null }, stoppedAt: null },
    _max: { heartbeatAt: true },
  });
  const tokens = await tx.regionToken.findMany({ where: { revokedAt: null }, orderBy: { createdAt: "desc" } });
  const makers = await tx.person.findMany({
    where: { id: { in: [...new Set(tokens.map((t) => t.createdBy))] } },
    select: { id: true, name: true },
  });
  return regions.map((region) => {
    const state = states.get(region.name);
    const heardAt = beats.find((b) => b.region === region.name)?._max.heartbeatAt?.getTime() ?? null;
    const fresh = (at: Date | null | undefined, ms: number) => at != null && now.getTime() - at.getTime() <= ms;
    const offline = fresh(state?.offlineAt, SILENT_MS) ? (state?.offlineSince ?? null) : null;
    const agent = region.kind === "agent" && state?.agentId != null ? state : null;
    return {
      ...{ name: region.name, city: region.city, enabled: region.enabled },
      kind: region.kind === "agent" ? ("agent" as const) : ("in_cluster" as const),
      state: stateOf({
        enabled: region.enabled,
        silent: heardAt === null || now.getTime() - heardAt > SILENT_MS,
        offline: offline !== null,
        refused: state?.refused != null,
      }),
      heardAt,
      offlineSince: offline?.getTime() ?? null,
      refused: state?.refused ?? null,
      waiting: fresh(state?.waitingAt, COUNTED_MS) ? (state?.waiting ?? null) : null,
      agent:
        agent === null
          ? null
          : {
              ...{ host: agent.host ?? "", build: agent.build ?? "", protocol: agent.protocol ?? 0 },
              ...{ skewMs: agent.skewMs ?? 0, rttMs: agent.rttMs, buffered: agent.buffered },
              ...{ late: Number(agent.late), lost: Number(agent.lost) },
            },
      tokens: tokens
        .filter((t) => t.region === region.name)
        .map((t) => ({
          ...{ id: t.id, name: t.name, by: makers.find((p) => p.id === t.createdBy)?.name ?? "a former colleague" },
          ...{ madeAt: t.createdAt.getTime(), lastUsedAt: t.lastUsedAt?.getTime() ?? null },
        })),
    };
  });
}

/** PURE. What a person should know of it first. */
export function stateOf(of: { enabled: boolean; silent: boolean; offline: boolean; refused: boolean }): RegionState {
  if (!of.enabled) return "off";
  if (of.silent) return of.refused ? "refused" : "silent";
  return of.offline ? "offline" : "reports";
}
