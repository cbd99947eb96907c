// Every server of the tenant with what is known of it now.
import type { Tx } from "#lib/adapters/db";
import type { Status } from "#lib/domain/reason";
import { isStale, shown } from "./fresh.ts";
import { lookedAtEveryS, lookedAtFrom, type Pace, paceOf } from "./pace.ts";
import { asStatus, reasonLabel, shownUrl } from "./words.ts";

export interface RegionNow {
  region: string;
  city: string;
  status: Status;
  reason: string | null;
  latencyMs: number | null;
}

export interface ServerRow {
  id: string;
  name: string;
  shownUrl: string;
  status: Status;
  reasonName: string | null;
  reason: string | null;
  stale: boolean;
  paused: boolean;
  /** Epoch ms; null before the first verdict. */
  since: number | null;
  lastSlot: number | null;
  era: string | null;
  /** open, protected or unknown: beside the status, because a server that asks for a credential is up. */
  auth: string;
  latencyMs: number | null;
  cells: RegionNow[];
}

export async function regionsOf(tx: Tx): Promise<{ name: string; city: string }[]> {
  return tx.region.findMany({ where: { enabled: true }, orderBy: { name: "asc" }, select: { name: true, city: true } });
}

interface StoredCell {
  status?: string;
  reason?: string | null;
  latencyMs?: number | null;
  slot?: number | string;
}

/** One cell per region this server is looked at from; a cell without a fresh outcome is unknown. */
export function cellsOf(
  stored: unknown,
  expected: { name: string; city: string }[],
  intervalS: number,
  now: Date,
): RegionNow[] {
  const cells = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, StoredCell>;
  return expected.map(({ name, city }) => {
    const cell = Object.hasOwn(cells, name) ? cells[name] : undefined;
    const slot = cell?.slot === undefined ? null : new Date(cell.slot);
    if (cell === undefined || (slot !== null && isStale(slot, intervalS, now)))
      return { region: name, city, status: "unknown" as const, reason: reasonLabel("not_checked"), latencyMs: null };
    return {
      region: name,
      city,
      status: asStatus(cell.status ?? "unknown"),
      reason: reasonLabel(cell.reason ?? null),
      latencyMs: cell.latencyMs ?? null,
    };
  });
}

/** For the palette: nothing of their state. */
export function serverNames(tx: Tx, take: number): Promise<{ id: string; name: string }[]> {
  return tx.server.findMany({
    where: { removedAt: null },
    orderBy: { name: "asc" },
    take,
    select: { id: true, name: true },
  });
}

export async function servers(tx: Tx, now: Date): Promise<ServerRow[]> {
  const [rows, states, regions] = [
    await tx.server.findMany({ where: { removedAt: null }, orderBy: { name: "asc" } }),
    await tx.serverNow.findMany(),
    await regionsOf(tx),
  ];
  const byServer = new Map(states.map((s) => [s.serverId, s]));
  const paces = new Map<string, Pace>();
  for (const tenantId of new Set(rows.map((r) => r.tenantId))) paces.set(tenantId, await paceOf(tx, tenantId));
  return rows.map((server) => {
    const state = byServer.get(server.id) ?? null;
    const pace = paces.get(server.tenantId) as Pace;
    const intervalS = lookedAtEveryS(server.intervalS, pace);
    const seen = shown(state, { intervalS, paused: server.paused }, now);
    const expected = lookedAtFrom(server, regions, pace);
    return {
      id: server.id,
      name: server.name,
      shownUrl: shownUrl(server.url),
      status: seen.status,
      reasonName: seen.reason,
      reason: reasonLabel(seen.reason),
      stale: seen.stale,
      paused: server.paused,
      since: state === null ? null : state.since.getTime(),
      lastSlot: state?.lastSlot?.getTime() ?? null,
      era: state?.era ?? null,
      auth: state?.auth ?? "unknown",
      latencyMs: seen.stale || server.paused ? null : (state?.latencyMs ?? null),
      cells: server.paused ? [] : cellsOf(state?.regions, expected, intervalS, now),
    };
  });
}
