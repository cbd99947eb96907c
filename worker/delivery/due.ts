// What is due, and which of it goes now: oldest first, but no sink more than its places, however much it has waiting.
import type { Sweeper } from "#lib/adapters/db";
import type { Due } from "./claim.ts";
import type { SinkGate } from "./gate.ts";
import type { Places } from "./places.ts";

/** Rows of one look. More than all fast places, so that a full look that fills none of them means a busy sink. */
const LOOK = 128;

interface DueRow {
  tenant_id: string;
  id: string;
  sink_id: string;
}

/** Due now, oldest first; a delivery waits while an earlier one of its incident and sink is unsettled. */
async function findDue(
  sweeper: Sweeper,
  now: Date,
  notSinks: readonly string[],
  notIds: readonly string[],
): Promise<Due[]> {
  const rows = await sweeper.find<DueRow>("SELECT * FROM app.due_deliveries($1, $2::uuid[], $3::uuid[], $4)", [
    now,
    notSinks,
    notIds,
    LOOK,
  ]);
  return rows.map((r) => ({ tenantId: r.tenant_id, id: r.id, sinkId: r.sink_id }));
}

/**
 * @param free how many may start
 * @param aside ids that could not be claimed lately
 * @returns at most `free` deliveries, oldest first
 */
export async function choose(
  sweeper: Sweeper,
  { places, gate }: { places: Places; gate: SinkGate },
  free: number,
  aside: readonly string[],
  now: Date,
): Promise<Due[]> {
  const used = places.bySink();
  const nowMs = now.getTime();
  const full = (sinkId: string) => (used.get(sinkId) ?? 0) >= gate.mayStart(sinkId, nowMs);
  const shut = gate.shut(nowMs);
  const chosen: Due[] = [];
  const not = [...places.deliveryIds, ...aside];
  while (chosen.length < free) {
    const found = await findDue(sweeper, now, [...new Set([...shut, ...[...used.keys()].filter(full)])], not);
    const before = chosen.length;
    for (const due of found) {
      if (chosen.length === free || full(due.sinkId)) continue;
      used.set(due.sinkId, (used.get(due.sinkId) ?? 0) + 1);
      chosen.push(due);
      not.push(due.id);
    }
    // A look that was not full has seen everything; a full one may have seen nothing but sinks that are full now.
    if (found.length < LOOK || chosen.length === before) break;
  }
  return chosen;
}
