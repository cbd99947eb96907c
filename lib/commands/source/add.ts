import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { signingSecretText, sourceSigningKey } from "#lib/adapters/derived-keys";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { SOURCE_KINDS } from "#lib/domain/inbound";
import { sourceToken, sourceTokenHash } from "#lib/domain/source-token";
import { MAX_SOURCES, sourceForm } from "./input.ts";

/** Another monitor may send alerts from now on. Its token is in the answer once, and nowhere else. */
export const addSource = defineCommand({
  action: "source.change",
  auditAs: "source.add",
  input: z.strictObject({ kind: z.enum(SOURCE_KINDS, { error: "Choose what sends the alerts." }), ...sourceForm }),
  async run({ tx, input, actor, now }) {
    const { tenantId } = actor;
    if ((await tx.inboundSource.count({ where: { tenantId, revokedAt: null } })) >= MAX_SOURCES)
      throw new TocsinError("E_LIMIT", `A tenant has at most ${MAX_SOURCES} sources: take back one that is not used.`);
    const id = randomUUID();
    const token = sourceToken(tenantId, id, randomBytes(32));
    await tx.inboundSource.create({
      data: { ...input, tenantId, id, tokenHash: sourceTokenHash(token), createdBy: actor.personId, createdAt: now },
    });
    const { name, kind, defaultSeverity, perMinute } = input;
    return {
      result: { id, token, signingSecret: signingSecretText(sourceSigningKey(id)) },
      audit: { target: `inbound_source:${id}`, body: { name, kind, defaultSeverity, perMinute } },
    };
  },
});
