// A server's sealed minutes of the last hours, thinned so that a chart never gets more than 240 points.
import type { Tx } from "#lib/adapters/db";
import type { Status } from "#lib/domain/reason";
import { plannedTimes } from "./planned.ts";
import { asStatus } from "./words.ts";

export interface LatencyMinute {
  slot: number;
  status: Status;
  regions: Record<string, number | null>;
  /** In planned work or a silence: looked at as ever, and nobody was told. */
  planned?: boolean;
}
const MAX_POINTS = 240;
const WORST: Status[] = ["up", "unknown", "degraded", "down"];

export async function latency(tx: Tx, serverId: string, now: Date, hours = 6): Promise<LatencyMinute[]> {
  const from = new Date(now.getTime() - hours * 3_600_000);
  const planned = await plannedTimes(tx, serverId, from, now);
  const rows = await tx.probeMinute.findMany({
    where: { serverId, slot: { gte: from } },
    orderBy: { slot: "asc" },
    take: 6000,
  });
  return thin(
    rows.map((row) => {
      const slot = row.slot.getTime();
      return {
        ...{ slot, status: asStatus(row.status), regions: latencies(row.regions) },
        ...(planned.some((o) => o.start <= slot && slot < o.end) && { planned: true }),
      };
    }),
  );
}

/** Neighbours fold into one point: the worst status wins, so that a bad minute is never thinned away. */
export function thin(points: LatencyMinute[], max = MAX_POINTS): LatencyMinute[] {
  const per = Math.ceil(points.length / max);
  if (per <= 1) return points;
  const out: LatencyMinute[] = [];
  for (let i = 0; i < points.length; i += per) {
    const group = points.slice(i, i + per);
    const worst = group.reduce((a, b) => (WORST.indexOf(b.status) > WORST.indexOf(a.status) ? b : a));
    out.push(worst);
  }
  return out;
}

function latencies(regions: unknown): Record<string, number | null> {
  if (typeof regions !== "object" || regions === null) return {};
  return Object.fromEntries(
    Object.entries(regions).map(([name, cell]) => [
      name,
      Array.isArray(cell) && typeof cell[2] === "number" ? Math.round(cell[2]) : null,
    ]),
  );
}
