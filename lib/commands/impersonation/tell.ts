// A visit that may change things is told to the tenant by mail when it begins, by the road of every notice: through the
// e-mail sinks that the tenant set up. A tenant without one is told by its own list of visits, and the log says so.
import { randomUUID } from "node:crypto";
import type { Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint } from "#lib/adapters/hint";
import { type NoticeContent, noticeContentSchema } from "#lib/domain/notice";
import { cleanText } from "#lib/domain/text";

/** @returns how many sinks it goes to */
export async function tellTheTenant(
  tx: Tx,
  tenant: { id: string; name: string },
  visit: { id: string; actorName: string; targetName: string; reason: string },
  at: Date,
): Promise<number> {
  const sinks = await tx.sink.findMany({
    where: { tenantId: tenant.id, kind: "email", state: "enabled", provenAt: { not: null } },
    select: { id: true },
  });
  if (sinks.length === 0) return 0;
  const who = cleanText(visit.actorName, 80);
  const content: NoticeContent = {
    title: cleanText(`${who} looks in as ${cleanText(visit.targetName, 80)} and may change things`, 200),
    serverName: "",
    serverUrl: "",
    tenantName: tenant.name,
    severity: "P3",
    status: "up",
    reason: "auth_required",
    reasonLabel: "Visit",
    advice:
      "For 30 minutes at most, and a second member of the staff agreed to it. If nobody of you asked for this, end it.",
    evidence: cleanText(visit.reason, 500),
    regions: [],
    startedAt: at.toISOString(),
    at: at.toISOString(),
    by: who,
    incidentUrl: new URL("/portal/visits", consoleUrl()).href,
    drill: false,
  };
  const noticeId = randomUUID();
  await tx.notice.create({
    data: {
      tenantId: tenant.id,
      id: noticeId,
      kind: "visit",
      dedupKey: `tocsin-visit-${visit.id}`,
      content: noticeContentSchema.parse(content),
      at,
    },
  });
  await tx.delivery.createMany({
    data: sinks.map(({ id: sinkId }) => ({
      tenantId: tenant.id,
      id: randomUUID(),
      noticeId,
      sinkId,
      kind: "visit",
      dueAt: at,
      createdAt: at,
    })),
  });
  await hint(tx, "tocsin_outbox");
  return sinks.length;
}
