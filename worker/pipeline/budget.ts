// Has the tenant been told of as much within this hour as its tier allows? Then the rest waits for the next hour and is
// counted in a digest (worker/delivery/digest.ts).
import { isOverBudget, nextHour } from "#lib/domain/budget";
import { draft } from "#lib/domain/event";
import { isLogOnly } from "#lib/domain/severity";
import type { Hold, HoldAsk } from "./holds.ts";
import { byDrillBudget } from "./drill-budget.ts";
import { sharedNow } from "./shared.ts";

export async function byBudget(ask: HoldAsk): Promise<Hold | null> {
  const { incident, now } = ask;
  const { subjectKind: kind, severity, step, drill } = incident;
  // What was begun goes on to its end; what concerns the alerting itself is never counted.
  if ((kind !== "server" && kind !== "alert") || step > 0 || isLogOnly(severity)) return null;
  if (drill) return byDrillBudget(ask);
  const { told, allowed, causes } = await sharedNow(ask);
  if (!isOverBudget({ severity, told, allowed, related: causes.some((c) => c.related) })) return null;
  const until = nextHour(now);
  const sentence = `Held by the budget: ${told} incidents were told of in this hour and ${allowed} may be. It is counted in the digest of ${until.toISOString().slice(11, 16)} UTC; what still fails then is told as the routes say.`;
  return {
    kind: "budget",
    ref: until.toISOString(),
    until,
    said: draft("held", sentence, { kind: "budget", until: until.toISOString() }),
  };
}
