// Moves drills on: puts the made-up failure in where probes put theirs, follows it down the road by the rows that it
// leaves, lets it recover when somebody has it in hand, and says at the end what was missing.
import { type Prisma, type Tx, unlessErased, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import {
  DRILL_ANSWER_MS,
  DRILL_ENDS_MS,
  type DrillStep,
  type DrillSteps,
  missingOf,
  type SinkHeard,
  storedSteps,
} from "#lib/domain/drill";
import { sinkFacts } from "#lib/queries/sink-facts";
import { moveBudgetDrill } from "./budget.ts";
import { moveClusterDrill } from "./cluster.ts";
import { type DrillDeps, isLaterSlot, put } from "./inject.ts";

/** @returns how many drills are under way. @throws the first failure, after every drill had its turn */
export async function moveDrills(d: DrillDeps, now: Date): Promise<number> {
  const live = await d.sweeper.find<{ tenant_id: string; id: string }>(
    "SELECT tenant_id, id FROM drill WHERE ended_at IS NULL ORDER BY started_at LIMIT 100",
  );
  const failures: unknown[] = [];
  for (const { tenant_id: tenantId, id } of live) await moveDrill(d, tenantId, id, now).catch((e) => failures.push(e));
  if (failures.length > 0) throw failures[0];
  return live.length;
}

async function moveDrill(d: DrillDeps, tenantId: string, id: string, now: Date): Promise<void> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  const look = await unlessErased(
    d.db.withTenant(context, (tx) => lookAt(tx, id)),
    null,
  );
  if (look === null) return;
  if (look === "budget" || look === "cluster") {
    const move = look === "budget" ? moveBudgetDrill : moveClusterDrill;
    await unlessErased(move(d, tenantId, id, now), undefined);
    return;
  }
  const steps = { ...look.steps };
  if (steps.injected === undefined) await fail(d, tenantId, look.serverId, steps, now);
  else if (mayRecover(steps, look, now)) await recover(d, tenantId, look.serverId, steps, now);
  const work = d.db.withTenant(context, (tx) => write(tx, tenantId, id, { ...look, steps }, now));
  await unlessErased(work, undefined);
}

interface Look {
  steps: DrillSteps;
  startedAt: Date;
  serverId: string;
  incidentId: string | null;
  resolved: boolean;
  heard: SinkHeard[];
}

/** What the road has left so far; the first time that a step is seen to be done is kept. */
async function lookAt(tx: Tx, id: string): Promise<Look | "budget" | "cluster" | null> {
  const [drill] = await tx.drill.findMany({ where: { id, endedAt: null }, take: 1 });
  const serverId = drill?.servers[0];
  if (drill === undefined || serverId === undefined) return null;
  if (drill.flavour === "budget" || drill.flavour === "cluster") return drill.flavour;
  const [incident] = await tx.incident.findMany({ where: { serverId }, orderBy: { number: "asc" }, take: 1 });
  const steps = storedSteps(drill.steps);
  const base = { startedAt: drill.startedAt, serverId, steps };
  if (incident === undefined) return { ...base, incidentId: null, resolved: false, heard: [] };
  const rows = await tx.$queryRaw<
    { sink_id: string; name: string; kind: string; state: string; reason: string; at: Date | null }[]
  >`
    SELECT d.sink_id, s.name, d.kind, d.state, d.reason, d.settled_at AS at FROM delivery d
    JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND d.incident_id = ${incident.id}::uuid ORDER BY d.ordinal`;
  const wakes = new Map((await sinkFacts(tx)).map((s) => [s.id, s.wakes]));
  const heard = rows.map((r) => ({
    name: r.name,
    wakes: wakes.get(r.sink_id) ?? false,
    kind: r.kind,
    state: r.state,
    reason: r.reason,
  }));
  const sent = (kind: string) => rows.filter((r) => r.kind === kind && r.state === "sent" && r.at !== null);
  const first = (step: DrillStep, at: Date | null | undefined) => {
    if (at) steps[step] ??= at.getTime();
  };
  first("decided", incident.openedAt);
  first(
    "told",
    sent("trigger")
      .map((r) => r.at)
      .sort(byTime)[0],
  );
  first("acknowledged", incident.acknowledgedAt);
  const over = rows.filter((r) => r.kind === "resolve");
  if (over.length > 0 && over.every((r) => r.state === "sent"))
    first(
      "cleared",
      over
        .map((r) => r.at)
        .sort(byTime)
        .at(-1),
    );
  return { ...base, steps, incidentId: incident.id, resolved: incident.state === "resolved", heard };
}

const byTime = (a: Date | null, b: Date | null) => (a?.getTime() ?? 0) - (b?.getTime() ?? 0);

async function fail(d: DrillDeps, tenantId: string, serverId: string, steps: DrillSteps, now: Date): Promise<void> {
  const sealed = await put(d, { tenantId, serverId }, "connection_refused", now);
  steps.injected = now.getTime();
  if (sealed) steps.sealed = now.getTime();
}

async function recover(d: DrillDeps, tenantId: string, serverId: string, steps: DrillSteps, now: Date): Promise<void> {
  if (!isLaterSlot(steps.injected ?? 0, now)) return;
  await put(d, { tenantId, serverId }, null, now);
  steps.recovered = now.getTime();
}

function mayRecover(steps: DrillSteps, { incidentId }: Look, now: Date): boolean {
  if (incidentId === null || steps.recovered !== undefined) return false;
  return steps.acknowledged !== undefined || now.getTime() - (steps.injected ?? 0) >= DRILL_ANSWER_MS;
}

/** Ended when the all-clear is out, or when whatever is missing by then is missing. */
async function write(tx: Tx, tenantId: string, id: string, look: Look, now: Date): Promise<void> {
  const { steps, heard, incidentId } = look;
  const waiting = heard.some((h) => h.state === "pending" || h.state === "leased");
  const late = now.getTime() - look.startedAt.getTime() >= DRILL_ENDS_MS;
  const ended = late || (look.resolved && !waiting);
  const missing = ended ? missingOf(steps, heard) : [];
  const state = ended
    ? missing.length === 0
      ? "passed"
      : "failed"
    : steps.injected === undefined
      ? "asked"
      : "running";
  await tx.drill.updateMany({
    where: { tenantId, id, endedAt: null },
    data: { state, steps: steps as Prisma.InputJsonObject, missing, endedAt: ended ? now : null },
  });
  if (incidentId !== null) await liveHint(tx, { tenant: tenantId, what: "incident", id: incidentId });
}
