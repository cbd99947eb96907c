// Incidents as their customer sees them: display names only, no note, no silence's comment, the timeline in other words.
import type { Tx } from "#lib/adapters/db";
import { show } from "#lib/domain/fields";
import { customerWords } from "#lib/domain/portal-words";
import { incidentDetail, TIMELINE_SHOWN } from "../incident-detail.ts";
import { whyPaged } from "../incident/why.ts";
import { type IncidentFilter, incidents, peopleNames } from "../incidents.ts";
import { evidenceFor } from "./ours.ts";

type Row = Awaited<ReturnType<typeof incidents>>[number];

export const portalIncident = (row: Row) => ({
  ...show("portal", "incident", row),
  evidence: evidenceFor(row.reason, row.evidence),
});

export async function portalIncidents(tx: Tx, filter: IncidentFilter & { skip?: number; take: number }) {
  return (await incidents(tx, filter)).map(portalIncident);
}

export async function portalIncidentDetail(tx: Tx, id: string) {
  const row = await incidentDetail(tx, id);
  if (row === null) return null;
  return {
    ...show("portal", "incident", row),
    evidence: evidenceFor(row.reason, row.evidence),
    timeline: await timeline(tx, id),
  };
}

async function timeline(tx: Tx, incidentId: string) {
  const events = await tx.incidentEvent.findMany({
    where: { incidentId, decision: { not: "noted" } },
    orderBy: { seq: "desc" },
    take: TIMELINE_SHOWN,
  });
  events.reverse();
  const people = await peopleNames(
    tx,
    events.map((e) => e.actorId),
  );
  const rows = await tx.sink.findMany({ select: { id: true, name: true } });
  const sinks = new Map(rows.map((s) => [s.id, s.name]));
  return events.flatMap(({ seq, at, decision, data, actorId }) => {
    const by = actorId === null ? null : (people.get(actorId) ?? null);
    const words = customerWords({ decision, data, by, sinks });
    return words === null
      ? []
      : [show("portal", "event", { id: seq.toString(), at: at.getTime(), words, byPerson: by !== null })];
  });
}

/** Sentences that are about everybody are made anew: the staff's may quote a silence. */
const FOR_ALL: Readonly<Record<string, string>> = {
  silenced: "A silence holds: nobody is told before it ends.",
  held: "It is held back for now, and told later.",
  log_only: "Too small to tell anybody: it is written down.",
  nobody_to_tell: "No sink that is enabled is meant for this.",
};

const NOBODY: Readonly<Record<string, string>> = {
  nobody_on_call: "Nobody was on call for this at that moment.",
  no_contact: "Whoever is on call could not be reached by any sink.",
  person_gone: "Whoever was to be told is no longer here.",
  schedule_removed: "Whoever was to be told is no longer named.",
};

export async function portalWhy(tx: Tx, id: string, now: Date) {
  return (await whyPaged(tx, id, now)).map((answer) => ({
    ...show("portal", "answer", answer),
    // A person of the staff or their schedule has no name here.
    ...(Object.hasOwn(NOBODY, answer.reason) ? { sinkName: "Somebody on call" } : {}),
    sentence: NOBODY[answer.reason] ?? (answer.sinkId === null ? (FOR_ALL[answer.reason] ?? "") : answer.sentence),
  }));
}
