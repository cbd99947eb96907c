// Drills of the tenant, newest first, with what was reached when and what was missing.
import type { Tx } from "#lib/adapters/db";
import { type DrillSteps, FLAVOURS, type Flavour, nextDrillDue, storedSteps } from "#lib/domain/drill";
import { peopleNames } from "./incidents.ts";

export interface DrillRow {
  id: string;
  flavour: Flavour;
  state: "asked" | "running" | "passed" | "failed";
  by: string;
  startedAt: number;
  endedAt: number | null;
  steps: DrillSteps;
  missing: string[];
  /** The first of its incidents. */
  incidentId: string | null;
  /** Its digest of what was held back. */
  digestId: string | null;
}

const SHOWN = 20;

export async function drills(tx: Tx): Promise<{ rows: DrillRow[]; dueAt: number | null; ever: boolean }> {
  const found = await tx.drill.findMany({ orderBy: { startedAt: "desc" }, take: SHOWN });
  const [passed] = await tx.drill.findMany({
    // The whole road alone: another flavour shows nobody who acknowledges.
    where: { state: "passed", flavour: "single_tenant" },
    orderBy: { endedAt: "desc" },
    take: 1,
    select: { endedAt: true },
  });
  const names = await peopleNames(
    tx,
    found.map((d) => d.startedBy),
  );
  const incidents = await tx.incident.findMany({
    where: { serverId: { in: found.flatMap((d) => d.servers) }, drill: true },
    orderBy: { number: "asc" },
    select: { id: true, serverId: true },
  });
  const digests = await tx.digest.findMany({
    where: { kind: "hour", key: { in: found.map((d) => `drill:${d.id}`) } },
    select: { id: true, key: true },
  });
  const rows = found.map((d) => ({
    ...{
      id: d.id,
      flavour: FLAVOURS.find((f) => f === d.flavour) ?? "single_tenant",
      state: d.state as DrillRow["state"],
      startedAt: d.startedAt.getTime(),
    },
    by: d.startedBy === null ? "" : (names.get(d.startedBy) ?? "somebody"),
    ...{ endedAt: d.endedAt?.getTime() ?? null, steps: storedSteps(d.steps) },
    missing: Array.isArray(d.missing) ? d.missing.filter((m) => typeof m === "string") : [],
    incidentId: incidents.find((i) => i.serverId !== null && d.servers.includes(i.serverId))?.id ?? null,
    digestId: digests.find((g) => g.key === `drill:${d.id}`)?.id ?? null,
  }));
  return { rows, dueAt: nextDrillDue(passed?.endedAt?.getTime() ?? null), ever: passed !== undefined };
}
