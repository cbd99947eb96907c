// What is wrong now: open incidents first, then what is not checked, and when anything was last looked at.
import type { Tx } from "#lib/adapters/db";
import { incidentCounts, incidents } from "./incidents.ts";
import { nothingChecked } from "./nothing-checked.ts";
import { servers } from "./servers.ts";

/** Rows of each list: what matters first is on the page, the rest is a link away. */
const SHOWN = 50;
const ALSO_SHOWN = 20;

export async function wrongNow(tx: Tx, now: Date) {
  const all = await servers(tx, now);
  const { open, acknowledged } = await incidentCounts(tx);
  const watched = all.filter((s) => !s.paused);
  const live = await tx.incident.findMany({ where: { state: { not: "resolved" } }, select: { serverId: true } });
  const troubled = new Set(live.map((i) => i.serverId));
  const notChecked = watched.filter((s) => s.status === "unknown");
  const watchedClosely = watched.filter((s) => (s.status === "down" || s.status === "degraded") && !troubled.has(s.id));
  const recent = await tx.incident.count({
    where: { state: "resolved", resolvedAt: { gte: new Date(now.getTime() - 86_400_000) } },
  });
  return {
    open: { rows: await incidents(tx, { states: ["open"], take: SHOWN }), total: open },
    acknowledged: { rows: await incidents(tx, { states: ["acknowledged"], take: ALSO_SHOWN }), total: acknowledged },
    notChecked: { rows: notChecked.slice(0, ALSO_SHOWN), total: notChecked.length },
    /** Bad or partly bad, but not (yet) an incident. */
    watchedClosely: { rows: watchedClosely.slice(0, ALSO_SHOWN), total: watchedClosely.length },
    nothingChecked: nothingChecked(all),
    counts: {
      all: all.length,
      up: watched.filter((s) => s.status === "up").length,
      paused: all.length - watched.length,
    },
    lastLook: watched.reduce<number | null>(
      (latest, s) => (s.lastSlot !== null && (latest === null || s.lastSlot > latest) ? s.lastSlot : latest),
      null,
    ),
    resolvedToday: recent,
    sinks: await tx.sink.count({ where: { removedAt: null, state: "enabled" } }),
    deadDeliveries: await tx.delivery.count({ where: { state: "dead" } }),
  };
}
