// The budget of a drill, by the same rule as the tenant's own and counted apart: what is made up uses up nothing that a
// real page needs, and a budget that real pages have used up holds no drill.
import { isOverBudget } from "#lib/domain/budget";
import { storedSteps } from "#lib/domain/drill";
import { DRILL_BUDGET, DRILL_HOUR_MS } from "#lib/domain/drill-budget";
import { draft } from "#lib/domain/event";
import type { Hold, HoldAsk } from "./holds.ts";

export async function byDrillBudget({ tx, incident, now }: HoldAsk): Promise<Hold | null> {
  const [drill] = await tx.$queryRaw<{ id: string; steps: unknown }[]>`SELECT id::text, steps FROM drill
    WHERE tenant_id = app.tenant() AND flavour = 'budget' AND ended_at IS NULL AND ${incident.serverId}::uuid = ANY (servers)`;
  if (drill === undefined) return null;
  // Its servers are decided beside each other: one at a time, or more than the budget would find room in it.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`drill_budget:${drill.id}`}, 0))::text`;
  const [row] = await tx.$queryRaw<{ told: number }[]>`SELECT count(DISTINCT n.incident_id)::int AS told
    FROM drill d JOIN incident i ON i.tenant_id = d.tenant_id AND i.drill AND i.opened_at >= d.started_at AND i.server_id = ANY (d.servers)
    JOIN notice n ON n.tenant_id = i.tenant_id AND n.incident_id = i.id AND n.kind = 'trigger'
    WHERE d.tenant_id = app.tenant() AND d.id = ${drill.id}::uuid`;
  const told = row?.told ?? 0;
  if (!isOverBudget({ severity: incident.severity, told, allowed: DRILL_BUDGET, related: false })) return null;
  const until = new Date((storedSteps(drill.steps).injected ?? now.getTime()) + DRILL_HOUR_MS);
  if (until <= now) return null;
  const sentence = `Held by the drill's own budget: ${told} made-up incidents were told of and ${DRILL_BUDGET} may be. It is counted in the drill's digest of ${until.toISOString().slice(11, 16)} UTC.`;
  const ref = `drill:${drill.id}`;
  return { kind: "budget", ref, until, said: draft("held", sentence, { kind: "budget", until: until.toISOString() }) };
}
