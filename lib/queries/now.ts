// What is wrong now: open incidents first, then what is not checked, and when anything was last looked at.
import type { Tx } from "#lib/adapters/db";
import { incidents } from "./incidents.ts";
import { nothingChecked } from "./nothing-checked.ts";
import { servers } from "./servers.ts";

export async function wrongNow(tx: Tx, now: Date) {
  const all = await servers(tx, now);
  const live = await incidents(tx, { live: true, take: 200 });
  const watched = all.filter((s) => !s.paused);
  const troubled = new Set(live.map((i) => i.serverId));
  const recent = await tx.incident.count({
    where: { state: "resolved", resolvedAt: { gte: new Date(now.getTime() - 86_400_000) } },
  });
  return {
    open: live.filter((i) => i.state === "open"),
    acknowledged: live.filter((i) => i.state === "acknowledged"),
    notChecked: watched.filter((s) => s.status === "unknown"),
    /** Bad or partly bad, but not (yet) an incident. */
    watchedClosely: watched.filter((s) => (s.status === "down" || s.status === "degraded") && !troubled.has(s.id)),
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
