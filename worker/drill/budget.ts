// Moves a drill of the budget on: more servers fail at once than may be told of, then a graver one; when the first notices
// are out all recover; at the end of the drill's own hour its digest goes out.
import { type Prisma, type Tx, WORKER_ACTOR } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { DRILL_ENDS_MS, type DrillStep, type DrillSteps, type SinkHeard, storedSteps } from "#lib/domain/drill";
import { BUDGET_SERVERS, DRILL_HOUR_MS, DRILL_OVER, type MadeUp, missingOfBudget } from "#lib/domain/drill-budget";
import type { Reason } from "#lib/domain/reason";
import { tellOfDrill } from "../delivery/digest.ts";
import { type DrillDeps, isLaterSlot, put } from "./inject.ts";

/** The first of each that the tenant has not given a severity of its own: the budget's rule is about P1 and the rest. */
const USUAL: readonly Reason[] = ["timeout", "http_not_found", "not_mcp", "malformed_jsonrpc"];
const GRAVE: readonly Reason[] = ["connection_refused", "dns_failure", "connection_reset", "protocol_error"];

export async function moveBudgetDrill(d: DrillDeps, tenantId: string, id: string, now: Date): Promise<void> {
  const context = { tenantId, actorId: WORKER_ACTOR };
  const look = await d.db.withTenant(context, (tx) => lookAt(tx, id));
  if (look === null) return;
  const { steps, servers, made } = look;
  const { usual, grave } = await d.db.withTenant(context, reasons);
  const last = servers.at(-1);
  const all = async (which: readonly string[], reason: Reason | null) => {
    let sealed = 0;
    for (const serverId of which) if (await put(d, { tenantId, serverId }, reason, now)) sealed++;
    return sealed === which.length;
  };
  if (steps.injected === undefined) {
    // First, as what is held waits for the end of an hour that begins here.
    steps.injected = now.getTime();
    await d.db.withTenant(context, (tx) => keep(tx, tenantId, id, { steps: steps as Prisma.InputJsonObject }));
    if (await all(servers.slice(0, -1), usual)) steps.sealed = now.getTime();
  } else if (
    steps.recovered === undefined &&
    isLaterSlot(steps.decided ?? steps.injected, now) &&
    mayRecover(look, now)
  ) {
    await all(servers, null);
    steps.recovered = now.getTime();
  } else if (steps.recovered !== undefined) {
    // Of what fell into the slot of its own failure: the next slot takes it.
    if (look.live && isLaterSlot(steps.recovered, now)) await all(servers, null);
  } else if (made.length === BUDGET_SERVERS - 1 && last !== undefined) {
    // After the others, so that it meets a budget that is used up; once more where it was not seen, which does no harm.
    if (!made.some((m) => m.grave)) await all([last], grave);
  }
  await d.db.withTenant(context, (tx) => write(tx, tenantId, id, look, now));
}

interface Look {
  steps: DrillSteps;
  servers: string[];
  startedAt: Date;
  made: MadeUp[];
  /** Of its incidents and its digest. */
  heard: SinkHeard[];
  live: boolean;
}

async function lookAt(tx: Tx, id: string): Promise<Look | null> {
  const [drill] = await tx.drill.findMany({ where: { id, endedAt: null }, take: 1 });
  if (drill === undefined) return null;
  const last = drill.servers.at(-1);
  const steps = storedSteps(drill.steps);
  const found = await tx.$queryRaw<
    { server_id: string; state: string; opened_at: Date; told: boolean; held_by: string[]; held_at: Date | null }[]
  >`SELECT i.server_id::text, i.state, i.opened_at,
      EXISTS (SELECT 1 FROM notice n WHERE n.tenant_id = i.tenant_id AND n.incident_id = i.id AND n.kind = 'trigger') AS told,
      coalesce((SELECT array_agg(DISTINCT h.kind) FROM held_back h WHERE h.tenant_id = i.tenant_id AND h.incident_id = i.id), '{}') AS held_by,
      (SELECT min(h.at) FROM held_back h WHERE h.tenant_id = i.tenant_id AND h.incident_id = i.id AND h.kind = 'budget') AS held_at
    FROM incident i WHERE i.tenant_id = app.tenant() AND i.drill AND i.opened_at >= ${drill.startedAt} AND i.server_id = ANY (${drill.servers}::uuid[])`;
  const rows = await tx.$queryRaw<{ name: string; kind: string; state: string; reason: string; at: Date | null }[]>`
    SELECT s.name, d.kind, d.state, d.reason, d.settled_at AS at FROM delivery d JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND (d.incident_id IN (SELECT i.id FROM incident i WHERE i.tenant_id = app.tenant() AND i.drill AND i.server_id = ANY (${drill.servers}::uuid[]))
      OR d.notice_id IN (SELECT g.notice_id FROM digest g WHERE g.tenant_id = app.tenant() AND g.kind = 'hour' AND g.key = ${`drill:${id}`})) ORDER BY d.ordinal`;
  const first = (step: DrillStep, at: number | undefined) => {
    if (at !== undefined) steps[step] ??= at;
  };
  const times = (of: (Date | null)[]) => of.flatMap((t) => (t === null ? [] : [t.getTime()])).sort((a, b) => a - b);
  const sent = (kind: string) => rows.filter((r) => r.kind === kind && r.state === "sent");
  const whole = (kind: string) => {
    const of = rows.filter((r) => r.kind === kind);
    return of.length > 0 && of.every((r) => r.state === "sent") ? times(of.map((r) => r.at)).at(-1) : undefined;
  };
  if (found.length === BUDGET_SERVERS) first("decided", times(found.map((f) => f.opened_at)).at(-1));
  first("told", times(sent("trigger").map((r) => r.at))[0]);
  const held = times(found.map((f) => f.held_at));
  if (held.length === DRILL_OVER) first("held", held.at(-1));
  const live = found.some((f) => f.state !== "resolved");
  if (steps.recovered !== undefined && !live) first("cleared", whole("resolve"));
  first("digest", whole("digest"));
  const made = found.map((f) => ({ grave: f.server_id === last, told: f.told, heldBy: f.held_by }));
  const heard = rows.map(({ name, kind, state, reason }) => ({ name, wakes: false, kind, state, reason }));
  return { steps, servers: drill.servers, startedAt: drill.startedAt, made, heard, live };
}

const isWaiting = (heard: readonly SinkHeard[]): boolean =>
  heard.some((h) => h.state === "pending" || h.state === "leased");

/** When all that was to be told is told; and in time before what is held is let go, also where something is missing. */
function mayRecover({ steps, heard }: Look, now: Date): boolean {
  if (steps.decided !== undefined && !isWaiting(heard)) return true;
  return now.getTime() - (steps.injected ?? 0) >= DRILL_HOUR_MS / 2;
}

async function reasons(tx: Tx): Promise<{ usual: Reason; grave: Reason }> {
  const rows = await tx.$queryRaw<
    { reason: string }[]
  >`SELECT reason FROM severity_override WHERE tenant_id = app.tenant()`;
  const own = new Set(rows.map((r) => r.reason));
  const plain = (of: readonly Reason[], otherwise: Reason) => of.find((r) => !own.has(r)) ?? otherwise;
  return { usual: plain(USUAL, "timeout"), grave: plain(GRAVE, "connection_refused") };
}

async function write(tx: Tx, tenantId: string, id: string, look: Look, now: Date): Promise<void> {
  const { steps, made, live, startedAt } = look;
  const hourEnds = steps.injected === undefined ? null : steps.injected + DRILL_HOUR_MS;
  const isHourOver = hourEnds !== null && now.getTime() >= hourEnds;
  // Once for its key: whoever comes again finds it made.
  if (isHourOver) await tellOfDrill(tx, tenantId, `drill:${id}`, new Date(steps.injected ?? 0), now);
  const heard = isHourOver ? ((await lookAt(tx, id))?.heard ?? []) : look.heard;
  const late = now.getTime() - startedAt.getTime() >= DRILL_ENDS_MS;
  const ended = late || (isHourOver && steps.recovered !== undefined && !live && !isWaiting(heard));
  const missing = ended ? missingOfBudget(steps, made, heard) : [];
  const running = steps.injected === undefined ? "asked" : "running";
  await keep(tx, tenantId, id, {
    state: ended ? (missing.length === 0 ? "passed" : "failed") : running,
    ...{ steps: steps as Prisma.InputJsonObject, missing, endedAt: ended ? now : null },
  });
  await liveHint(tx, { tenant: tenantId, what: "incident", id });
}

const keep = (tx: Tx, tenantId: string, id: string, data: Prisma.DrillUpdateManyMutationInput) =>
  tx.drill.updateMany({ where: { tenantId, id, endedAt: null }, data });
