import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { INBOUND_KINDS, inboundKind, OVERLAP_MS, pasted } from "#lib/domain/sink-inbound";
import { liveSink, lockSink } from "./live-sink.ts";

/** With what the vendor shows that it is the vendor: pasted where it has its own, else made here and shown once. */
export const setInboundSecret = defineCommand({
  action: "sink.secret",
  auditAs: "sink.rotate",
  input: z.strictObject({ sinkId: z.uuid(), secret: z.union([z.literal(""), pasted]).default("") }),
  async run({ tx, input, actor, now }) {
    const { tenantId, personId } = actor;
    await lockSink(tx, input.sinkId);
    const sink = await liveSink(tx, tenantId, input.sinkId);
    const kind = inboundKind(sink.kind);
    if (kind === null) throw new TocsinError("E_INVALID", "Nothing comes back from a sink of this kind.");
    if (!INBOUND_KINDS[kind].made && input.secret === "")
      throw new TocsinError("E_INVALID", "Paste the signing secret as the vendor shows it.", { field: "secret" });
    const made = INBOUND_KINDS[kind].made ? `tin_${randomBytes(32).toString("base64url")}` : null;
    const id = randomUUID();
    const sealed = await secrets().seal(tx, places.sinkInbound(tenantId, id), made ?? input.secret);
    // What was the former one until now ends with this: two hold at most.
    await tx.sinkInbound.deleteMany({ where: { tenantId, sinkId: sink.id, endsAt: { not: null } } });
    const until = new Date(now.getTime() + OVERLAP_MS);
    const { count } = await tx.sinkInbound.updateMany({
      where: { tenantId, sinkId: sink.id, endsAt: null },
      data: { endsAt: until },
    });
    await tx.sinkInbound.create({
      data: { tenantId, id, sinkId: sink.id, sealed, createdBy: personId, createdAt: now },
    });
    return {
      result: { token: made, formerUntil: count === 0 ? null : until },
      audit: { target: `sink:${sink.id}`, body: { inbound: id, former: count === 0 ? null : until.toISOString() } },
    };
  },
});

/** The former secret opens nothing from now on; with the present one gone as well, nothing that comes is believed. */
export const endInboundSecret = defineCommand({
  action: "sink.secret",
  auditAs: "sink.rotate",
  input: z.strictObject({ sinkId: z.uuid(), which: z.enum(["former", "all"]) }),
  async run({ tx, input, actor }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    const { count } = await tx.sinkInbound.deleteMany({
      where: {
        tenantId: actor.tenantId,
        sinkId: sink.id,
        ...(input.which === "former" ? { endsAt: { not: null } } : {}),
      },
    });
    if (count === 0) throw new TocsinError("E_STATE", "There is none any more.");
    return { result: undefined, audit: { target: `sink:${sink.id}`, body: { inboundEnded: input.which } } };
  },
});
