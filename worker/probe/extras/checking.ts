// Around a region's prober, for servers with extra checks: says which are due, counts their looks, and makes of what came
// back and of what is remembered the region's word on each. Servers without any pass straight through.
import { now as clockNow } from "#lib/adapters/clock";
import { agreementOf, isDue } from "#lib/domain/extra-check/due";
import { type Planned, settled } from "#lib/domain/extra-check/settle";
import type { ExtraResult } from "#lib/domain/outcome";
import { waitedFor } from "../kept.ts";
import type { ProbeResult } from "../result.ts";
import type { Prober } from "../supervisor.ts";
import type { ProbeTarget } from "../transcript.ts";
import type { ServerExtras } from "./load.ts";
import type { HeldSession, TargetExtras } from "./looking.ts";
import { giveBack, type Memory, type MemoryDeps, openHeld, recall, remember, takeLook } from "./memory.ts";

interface Plan {
  planned: Planned[];
  extras: TargetExtras;
  /** When the looks were counted. */
  at: number;
}

/** @param extras server id → its checks */
export function checking(
  pool: Prober,
  deps: MemoryDeps,
  job: { tenantId: string; slot: number; intervalS: number },
  extras: ReadonlyMap<string, ServerExtras>,
): Prober {
  if (extras.size === 0) return pool;
  return {
    async run(targets, policy, events, wantSteps, turn) {
      const with_ = targets.filter((t) => extras.has(t.serverId));
      const memories = await recall(
        deps,
        with_.map((t) => t.serverId),
      );
      const plans = new Map<string, Plan>();
      await Promise.all(
        with_.map(async ({ serverId }, i) => {
          const own = extras.get(serverId) as ServerExtras;
          plans.set(serverId, await planOf(deps, job, own, memories[i] as Memory));
        }),
      );
      const writes: Promise<void>[] = [];
      const result = (seen: ProbeResult) => {
        const plan = plans.get(seen.serverId);
        if (plan === undefined) return events.result(seen);
        const { held, ...rest } = seen;
        const said = wordsOf(plan, seen.extras ?? [], job.intervalS);
        writes.push(waitedFor(keepLooks(deps, job.tenantId, seen, plan, said, held ?? {})));
        events.result({ ...rest, extras: said });
      };
      const asked = targets.map((t) => withDue(t, plans.get(t.serverId)));
      await pool.run(asked, policy, { ...events, result }, wantSteps, turn);
      await Promise.all(writes);
    },
  };
}

/** The conversation in which something was looked at is always kept. */
function withDue(target: ProbeTarget, plan: Plan | undefined): ProbeTarget {
  return plan === undefined || plan.extras.checks.length === 0
    ? target
    : { ...target, extras: plan.extras, routine: false };
}

async function planOf(
  deps: MemoryDeps,
  job: { tenantId: string; slot: number },
  { checks, allowedTools }: ServerExtras,
  memory: Memory,
): Promise<Plan> {
  const at = clockNow().getTime();
  const held: TargetExtras["held"] = {};
  const planned: Planned[] = [];
  for (const check of checks) {
    const known = memory.results.get(check.id);
    const last = known?.of === agreementOf(check) ? known.result : null;
    let due = isDue(check, deps.region, last, job.slot);
    const sealed = check.kind === "session" ? memory.held.get(check.id) : undefined;
    if (check.kind === "session" && sealed !== undefined) {
      const session = await openHeld(deps, job.tenantId, check.id, sealed);
      if (session !== null) {
        // It is asked when it was held for long enough, and not before.
        const heldS = Math.round((at - session.at) / 1_000);
        due = heldS >= check.settings.holdS;
        if (due) held[check.id] = { id: session.id, version: session.version, heldS };
      }
    }
    const used = due ? await takeLook(deps, check.id, check.callsPerDay, at) : null;
    planned.push({ check, last, due, spent: due && used === null, used });
  }
  const asked = planned.filter((p) => p.due && !p.spent).map((p) => p.check);
  return { planned, extras: { checks: asked, allowedTools, held }, at };
}

function wordsOf({ planned, extras }: Plan, fresh: readonly ExtraResult[], intervalS: number): ExtraResult[] {
  const asked = new Set(extras.checks.map((c) => c.id));
  const nowMs = clockNow().getTime();
  return planned.map((p) =>
    settled(p, asked.has(p.check.id) ? (fresh.find((f) => f.id === p.check.id) ?? null) : null, intervalS, nowMs),
  );
}

async function keepLooks(
  deps: MemoryDeps,
  tenantId: string,
  seen: ProbeResult,
  { planned, extras, at }: Plan,
  said: readonly ExtraResult[],
  held: Readonly<Record<string, HeldSession | null>>,
): Promise<void> {
  const asked = new Set(extras.checks.map((c) => c.id));
  const looked = (id: string) => (seen.extras ?? []).some((f) => f.id === id && f.at !== null);
  const news = planned.flatMap(({ check }, i) =>
    looked(check.id) && asked.has(check.id) ? [{ of: agreementOf(check), result: said[i] as ExtraResult }] : [],
  );
  const unlooked = extras.checks.filter((c) => !looked(c.id));
  await Promise.all(unlooked.map((c) => giveBack(deps, c.id, at)));
  const own = Object.fromEntries(Object.entries(held).filter(([id]) => asked.has(id)));
  if (news.length > 0 || Object.keys(own).length > 0)
    await remember(deps, tenantId, seen.serverId, news, own, clockNow().getTime());
}
