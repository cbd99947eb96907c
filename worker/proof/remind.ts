// The tenant's other sinks say that one of them has to be proven again.
import { randomUUID } from "node:crypto";
import type { Prisma, Tx } from "#lib/adapters/db";
import { consoleUrl } from "#lib/adapters/env";
import { hint } from "#lib/adapters/hint";
import { noticeContentSchema } from "#lib/domain/notice";
import { cleanText } from "#lib/domain/text";
import { sinkFacts } from "#lib/queries/sink-facts";

/** Those that wake nobody, where there are any: it has two days. @returns how many are told */
export async function remind(
  tx: Tx,
  sink: { id: string; tenantId: string; name: string },
  dueAt: Date,
  now: Date,
): Promise<number> {
  const others = (await sinkFacts(tx)).filter((s) => s.id !== sink.id && s.enabled && s.proven);
  const quiet = others.filter((s) => !s.wakes);
  const told = quiet.length > 0 ? quiet : others;
  if (told.length === 0) return 0;
  const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: sink.tenantId }, select: { name: true } });
  const noticeId = randomUUID();
  await tx.notice.create({
    data: {
      tenantId: sink.tenantId,
      id: noticeId,
      kind: "reminder",
      dedupKey: `tocsin-reminder-${noticeId}`,
      content: noticeContentSchema.parse({
        title: cleanText(`The sink "${sink.name}" has to be proven again`, 200),
        serverName: "Proof of a sink",
        serverUrl: "",
        tenantName: tenant.name,
        severity: "P3",
        status: "up",
        reason: "sink_unproven",
        reasonLabel: "Proof",
        advice: "Open it and follow the steps; what was sent there by itself says how.",
        evidence: `Its proof ends on ${dueAt.toISOString().slice(0, 16).replace("T", " ")} UTC. Then it is disabled.`,
        regions: [],
        startedAt: now.toISOString(),
        at: now.toISOString(),
        incidentUrl: new URL(`/sinks/${sink.id}`, consoleUrl()).href,
        drill: false,
      }) as Prisma.InputJsonObject,
      at: now,
    },
  });
  await tx.delivery.createMany({
    data: told.map(({ id: sinkId }) => ({
      ...{ tenantId: sink.tenantId, id: randomUUID(), noticeId, sinkId, kind: "reminder" },
      ...{ dueAt: now, createdAt: now },
    })),
  });
  await hint(tx, "tocsin_outbox");
  return told.length;
}
