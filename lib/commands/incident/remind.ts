// Something a person owes, said to those who were told of the incident and never to what wakes people. A message of its
// own: it changes nothing at the sink, and the timeline says that it went.
import { randomUUID } from "node:crypto";
import type { Prisma, Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint } from "#lib/adapters/hint";
import { draft } from "#lib/domain/event";
import { alreadyTold } from "#lib/domain/incident";
import { noticeContent } from "#lib/domain/payload";
import { sinkFacts } from "#lib/queries/sink-facts";
import type { Incident } from "./row.ts";
import { triggersOf } from "./tell.ts";
import { writeTimeline } from "./timeline.ts";

export interface Reminder {
  /** Names the thing owed, after the incident's number and subject. */
  what: "status_update" | "postmortem";
  title: string;
  advice: string;
  path: string;
}

/** @returns how many sinks are reminded */
export async function remind(tx: Tx, tenantId: string, incident: Incident, owed: Reminder, now: Date): Promise<number> {
  const told = new Set((await triggersOf(tx, incident.id)).filter(alreadyTold).map((t) => t.sinkId));
  const quiet = (await sinkFacts(tx)).filter((s) => told.has(s.id) && s.enabled && s.proven && !s.wakes);
  const said =
    quiet.length === 0
      ? `${owed.title}: nobody is reminded, because no sink that was told of this can be told without waking somebody.`
      : `${owed.title}: reminding ${quiet.map((s) => s.name).join(", ")}.`;
  const data = { what: owed.what, sinks: quiet.map((s) => s.id) };
  await writeTimeline(tx, { tenantId, incidentId: incident.id }, [draft("reminded", said, data)], now);
  if (quiet.length === 0) return 0;
  const noticeId = randomUUID();
  const made = noticeContent(
    { ...incident, kind: "reminder", incidentUrl: new URL(owed.path, consoleUrl()).href },
    now,
  );
  const title = `#${incident.number} ${made.serverName}: ${owed.title}`.slice(0, 200);
  const content = { ...made, title, advice: owed.advice, evidence: "" } as unknown as Prisma.InputJsonObject;
  const dedupKey = `rem_${noticeId.replaceAll("-", "")}`;
  await tx.notice.create({
    data: { tenantId, id: noticeId, incidentId: null, kind: "reminder", dedupKey, content, at: now },
  });
  await tx.delivery.createMany({
    data: quiet.map((s) => ({
      ...{ tenantId, id: randomUUID(), noticeId, incidentId: null, sinkId: s.id, kind: "reminder" },
      ...{ dueAt: now, createdAt: now },
    })),
  });
  await hint(tx, "tocsin_outbox");
  return quiet.length;
}
