// One incident with its timeline: every decision with the reason it was taken.
import type { Tx } from "#lib/adapters/db";
import { peopleNames } from "./incidents.ts";
import { asSeverity, asStatus, reasonAdvice, reasonLabel } from "./words.ts";

/** Rows of the timeline that are shown unasked: the newest. */
export const TIMELINE_SHOWN = 60;

/** @param whole the whole timeline, up to 1,000 rows */
export async function incidentDetail(tx: Tx, id: string, whole = false) {
  const row = await tx.incident.findFirst({ where: { id } });
  if (row === null) return null;
  const events = await tx.incidentEvent.findMany({
    where: { incidentId: id },
    orderBy: { seq: "desc" },
    take: whole ? 1000 : TIMELINE_SHOWN,
  });
  events.reverse();
  const names = await peopleNames(tx, [row.acknowledgedBy, row.resolvedBy, ...events.map((e) => e.actorId)]);
  const regions = await tx.region.findMany({ select: { name: true, city: true } });
  return {
    id: row.id,
    number: row.number,
    subject: row.subjectName,
    subjectKind: row.subjectKind,
    serverId: row.serverId,
    dedupKey: row.dedupKey,
    state: row.state as "open" | "acknowledged" | "resolved",
    severity: asSeverity(row.severity),
    status: asStatus(row.status),
    reason: reasonLabel(row.reason) ?? row.reason,
    advice: reasonAdvice(row.reason, row.regions),
    evidence: row.evidence,
    regions: regionsOf(row.regions, regions),
    startedAt: row.startedAt.getTime(),
    openedAt: row.openedAt.getTime(),
    badSlots: row.badSlots,
    acknowledgedAt: row.acknowledgedAt?.getTime() ?? null,
    acknowledgedBy:
      row.acknowledgedBy === null
        ? null
        : (names.get(row.acknowledgedBy) ?? outsider(events, "acknowledged") ?? "somebody"),
    resolvedAt: row.resolvedAt?.getTime() ?? null,
    resolvedBy: row.resolvedBy === null ? null : (names.get(row.resolvedBy) ?? outsider(events, "resolved_by_hand")),
    nextStepAt: row.nextStepAt?.getTime() ?? null,
    silenced: row.silenceId !== null,
    drill: row.drill,
    timelineRows: await tx.incidentEvent.count({ where: { incidentId: id } }),
    timeline: events.map((e) => ({
      id: e.seq.toString(),
      at: e.at.getTime(),
      stage: e.stage,
      decision: e.decision,
      sentence: e.sentence,
      byPerson: e.actorId !== null && names.has(e.actorId),
    })),
  };
}
export type IncidentDetail = NonNullable<Awaited<ReturnType<typeof incidentDetail>>>;

/** Somebody whom only a vendor knows, as the timeline calls them: "Ada via Slack". */
function outsider(events: readonly { decision: string; data: unknown }[], decision: string): string | null {
  const data = events.findLast((e) => e.decision === decision)?.data as { by?: unknown } | undefined;
  return typeof data?.by === "string" ? data.by : null;
}

function regionsOf(stored: unknown, known: { name: string; city: string }[]) {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((cell: { region?: unknown; status?: unknown; reason?: unknown }) =>
    typeof cell?.region === "string"
      ? [
          {
            region: cell.region,
            city: known.find((r) => r.name === cell.region)?.city ?? cell.region,
            status: asStatus(String(cell.status)),
            reason: reasonLabel(typeof cell.reason === "string" ? cell.reason : null),
            latencyMs: null,
          },
        ]
      : [],
  );
}
