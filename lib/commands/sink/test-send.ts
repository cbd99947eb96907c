import { randomUUID } from "node:crypto";
import { z } from "zod";
import { env } from "#lib/adapters/env";
import { hint, liveHint } from "#lib/adapters/hint";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { type NoticeContent, noticeContentSchema } from "#lib/domain/notice";
import { liveSink } from "./live-sink.ts";

/** A test goes the road of every notice: a delivery row, the outbox, the vendor; its tries are seen like any other's. */
export const testSend = defineCommand({
  action: "sink.change",
  auditAs: "sink.test_send",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (sink.state === "disabled")
      throw new TocsinError("E_STATE", "This sink is disabled: enable it, then send the test.");
    if (sink.provenAt === null)
      throw new TocsinError(
        "E_UNPROVEN",
        "Prove first that this sink is yours: until then nothing else is sent there.",
      );
    const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: actor.tenantId } });
    const noticeId = randomUUID();
    const content: NoticeContent = {
      title: `Test from Tocsin: ${tenant.name} can be told here`,
      serverName: "Test notice",
      serverUrl: "https://mcp.example.com/mcp",
      tenantName: tenant.name,
      severity: "P3",
      status: "up",
      reason: "auth_required",
      reasonLabel: "Test",
      advice: "Nothing to do: somebody pressed the test button.",
      evidence: "This is a test. Nothing is wrong.",
      regions: [],
      startedAt: now.toISOString(),
      at: now.toISOString(),
      by: actor.name.slice(0, 200),
      incidentUrl: new URL(`/sinks/${sink.id}`, env().TOCSIN_URL).href,
      drill: false,
    };
    await tx.notice.create({
      data: {
        tenantId: actor.tenantId,
        id: noticeId,
        kind: "test",
        dedupKey: `tocsin-test-${noticeId}`,
        content: noticeContentSchema.parse(content),
        at: now,
      },
    });
    const deliveryId = randomUUID();
    await tx.delivery.create({
      data: {
        tenantId: actor.tenantId,
        id: deliveryId,
        noticeId,
        sinkId: sink.id,
        kind: "test",
        dueAt: now,
        createdAt: now,
      },
    });
    await hint(tx, "tocsin_outbox");
    await liveHint(tx, { tenant: actor.tenantId, what: "delivery", id: deliveryId });
    return { result: { deliveryId }, audit: { target: `sink:${sink.id}`, body: { deliveryId } } };
  },
});
