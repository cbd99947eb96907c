// What the rows know of an incident, as the beginning of its postmortem.
import type { Tx } from "#lib/adapters/db";
import { draftSections, type Sections } from "#lib/domain/postmortem";
import { PARTS, partsOf, PART_WORDS } from "#lib/domain/times";
import { momentsOf } from "./incident/times.ts";
import { reasonLabel } from "./words.ts";

const NOTES = 20;

/** null when this tenant has no such incident. */
export async function postmortemDraft(tx: Tx, incidentId: string): Promise<Sections | null> {
  const [row] = await tx.incident.findMany({ where: { id: incidentId }, take: 1 });
  const at = await momentsOf(tx, incidentId);
  if (row === undefined || at === null) return null;
  const told = await tx.$queryRaw<{ sink: string; outcome: string; count: number }[]>`
    SELECT s.name AS sink, d.kind || ' ' || d.state AS outcome, count(*)::int AS count FROM delivery d
    JOIN sink s ON s.tenant_id = d.tenant_id AND s.id = d.sink_id
    WHERE d.tenant_id = app.tenant() AND d.incident_id = ${incidentId}::uuid GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 100`;
  const notes = await tx.incidentEvent.findMany({
    where: { incidentId, decision: "noted" },
    orderBy: { seq: "asc" },
    take: NOTES,
    select: { sentence: true },
  });
  const iso = (ms: number | null) => (ms === null ? "" : new Date(ms).toISOString());
  const parts = partsOf(at);
  const took = PARTS.flatMap((part) => {
    const ms = parts[part];
    return ms === null
      ? []
      : [`- ${PART_WORDS[part].label} after ${Math.round(ms / 1000)} s (${PART_WORDS[part].sentence})`];
  });
  const draft = draftSections({
    ...{ number: row.number, subject: row.subjectName, reason: reasonLabel(row.reason) ?? row.reason },
    ...{ severity: row.severity, evidence: row.evidence, badSlots: row.serverId === null ? 0 : row.badSlots, told },
    times: [
      { label: "first bad check", at: iso(at.firstBad) },
      { label: "opened", at: iso(at.opened) },
      { label: "first sink told", at: iso(at.told) },
      { label: "acknowledged", at: iso(at.acknowledged) },
      { label: "first good check", at: iso(at.recovered) },
      { label: "resolved", at: iso(at.resolved) },
    ],
    notes: notes.map((n) => n.sentence),
  });
  return { ...draft, times: [draft.times, ...took].join("\n") };
}
