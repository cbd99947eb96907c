// What was committed, beside what arrived: PostgreSQL's rows are the truth of the first, the receiver's list of the second.
import type { TestDatabase } from "#lib/testing/database";

export interface Arrival {
  /** webhook-id: the delivery's, over all tries. */
  id: string;
  type: string;
  incidentId: string;
  /** Monotonic ms. */
  at: number;
}

export type Ledger = Record<string, number>;

interface IncidentRow {
  id: string;
  server_id: string;
  raised: boolean;
  acknowledged: boolean;
  resolved: boolean;
}

interface DeliveryRow {
  id: string;
  incident_id: string;
  kind: string;
  state: string;
  why: boolean;
  maybe: boolean;
}

interface Given {
  lives: readonly { serverId: string; worsens: boolean }[];
  arrivals: readonly Arrival[];
  kills: readonly number[];
}

const RANK: Record<string, number> = {
  "tocsin.incident.triggered": 0,
  "tocsin.incident.updated": 1,
  "tocsin.incident.acknowledged": 2,
  "tocsin.incident.resolved": 3,
};

export async function ledgerOf(db: TestDatabase, { lives, arrivals, kills }: Given): Promise<Ledger> {
  const incidents = await db.sql<IncidentRow & Record<string, unknown>>(
    `SELECT i.id, i.server_id, i.acknowledged_at IS NOT NULL AS acknowledged, i.resolved_at IS NOT NULL AS resolved,
       EXISTS (SELECT 1 FROM incident_event e WHERE e.tenant_id = i.tenant_id AND e.incident_id = i.id AND e.decision = 'severity_raised') AS raised
     FROM incident i WHERE i.server_id = ANY ($1::uuid[])`,
    [lives.map((l) => l.serverId)],
  );
  const deliveries = await db.sql<DeliveryRow & Record<string, unknown>>(
    `SELECT id, incident_id, kind, state, reason <> '' AS why, may_have_arrived OR tries > 0 AS maybe FROM delivery WHERE incident_id = ANY ($1::uuid[])`,
    [incidents.map((i) => i.id)],
  );
  const state = (s: string) => deliveries.filter((d) => d.state === s).length;
  const known = new Map(deliveries.map((d) => [d.id, d]));
  const arrived = new Set(arrivals.map((a) => a.id));
  const accepted = incidents.reduce(
    (n, i) => n + 1 + Number(i.raised) + Number(i.acknowledged) + Number(i.resolved),
    0,
  );
  return {
    "changes wanted": lives.reduce((n, l) => n + 3 + Number(l.worsens), 0),
    "changes accepted (committed)": accepted,
    deliveries: deliveries.length,
    "delivered (distinct at the receiver)": deliveries.filter((d) => d.state === "sent" && arrived.has(d.id)).length,
    "withheld with a reason": state("withheld"),
    "dead, visible": state("dead"),
    lost: lost(incidents, deliveries, arrived),
    phantom: [...arrived].filter((id) => !known.get(id)?.maybe).length,
    "duplicates after deduplication": duplicates(incidents, deliveries),
    "order violations": disorder(arrivals),
    "requests in all": arrivals.length,
    "raw duplicates": arrivals.length - arrived.size,
    "raw duplicates per kill":
      Math.round((1_000 * (arrivals.length - arrived.size)) / Math.max(1, kills.length)) / 1_000,
    "raw duplicates, most for one kill": mostForOne(arrivals, kills),
  };
}

/** A change that nothing was decided for, a delivery that never ended or ended without a reason, or one that is said to be sent and did not arrive. */
function lost(
  incidents: readonly IncidentRow[],
  deliveries: readonly DeliveryRow[],
  arrived: ReadonlySet<string>,
): number {
  const of = new Map<string, DeliveryRow[]>();
  for (const d of deliveries) of.set(d.incident_id, [...(of.get(d.incident_id) ?? []), d]);
  let count = deliveries.filter((d) => d.state === "pending" || d.state === "leased").length;
  count += deliveries.filter((d) => d.state === "sent" && !arrived.has(d.id)).length;
  count += deliveries.filter((d) => (d.state === "withheld" || d.state === "dead") && !d.why).length;
  for (const i of incidents) {
    const own = of.get(i.id) ?? [];
    const has = (kind: string) => own.some((d) => d.kind === kind);
    const shown = own.some((d) => d.kind === "trigger" && (d.state === "sent" || arrived.has(d.id)));
    if (!has("trigger")) count++;
    if (i.raised && !has("update")) count++;
    if (shown && i.acknowledged && !has("acknowledge")) count++;
    // Where it shows, its end is said, and nothing excuses that.
    if (shown && i.resolved && !own.some((d) => d.kind === "resolve" && (d.state === "sent" || d.state === "dead")))
      count++;
  }
  return count;
}

/** Two incidents for one failure, or two deliveries that say the same: no receiver could tell these. */
function duplicates(incidents: readonly IncidentRow[], deliveries: readonly DeliveryRow[]): number {
  const told = deliveries.map((d) => `${d.incident_id} ${d.kind}`);
  return incidents.length - new Set(incidents.map((i) => i.server_id)).size + told.length - new Set(told).size;
}

/** Repeats count too: nothing may come after what follows it. */
function disorder(arrivals: readonly Arrival[]): number {
  const furthest = new Map<string, number>();
  let count = 0;
  for (const { incidentId, type } of arrivals) {
    const rank = RANK[type] ?? 0;
    if (rank < (furthest.get(incidentId) ?? 0)) count++;
    else furthest.set(incidentId, rank);
  }
  return count;
}

/** A repeat belongs to the first kill after its first arrival. */
function mostForOne(arrivals: readonly Arrival[], kills: readonly number[]): number {
  const first = new Map<string, number>();
  const per = new Map<number, number>();
  for (const { id, at } of arrivals) {
    const before = first.get(id);
    if (before === undefined) first.set(id, at);
    else {
      const kill = kills.findIndex((k) => k >= before);
      per.set(kill, (per.get(kill) ?? 0) + 1);
    }
  }
  return Math.max(0, ...per.values());
}
