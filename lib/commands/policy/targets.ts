// Everything that a policy names has to be this tenant's: what is another's is as unknown as what never was.
import type { Tx } from "#lib/adapters/db";
import { TocsinError } from "#lib/domain/error";
import type { Matcher } from "#lib/domain/matcher";
import type { PolicyStep } from "#lib/domain/policy";
import { onCall } from "#lib/queries/roster";

/** @throws TocsinError E_INVALID */
export async function assertTargets(
  tx: Tx,
  tenantId: string,
  steps: readonly PolicyStep[],
  matchers: readonly Matcher[],
  now: Date,
): Promise<void> {
  const targets = steps.flatMap((step) => step.targets);
  const ids = (key: "sinkId" | "personId" | "scheduleId") => [...new Set(targets.flatMap((t) => t[key] ?? []))];
  const sinks = ids("sinkId");
  const known = await tx.sink.count({ where: { tenantId, id: { in: sinks }, removedAt: null } });
  if (known !== sinks.length) throw gone("sinks");
  const schedules = ids("scheduleId");
  const found = await tx.schedule.count({ where: { tenantId, id: { in: schedules }, removedAt: null } });
  if (found !== schedules.length) throw gone("schedules");
  const people = ids("personId");
  if (people.length > 0) {
    const here = new Set((await onCall(tx, now)).people.map((p) => p.id));
    if (people.some((id) => !here.has(id))) throw gone("people");
  }
  const servers = [...new Set(matchers.flatMap((m) => (m.on === "server" ? m.is : [])))];
  const there = await tx.server.count({ where: { tenantId, id: { in: servers }, removedAt: null } });
  if (there !== servers.length)
    throw new TocsinError(
      "E_INVALID",
      "One of the servers was removed meanwhile: load the page again and choose anew.",
      {
        field: "matchers",
      },
    );
}

const gone = (what: string) =>
  new TocsinError("E_INVALID", `One of the ${what} was removed meanwhile: load the page again and choose anew.`, {
    field: "steps",
  });
