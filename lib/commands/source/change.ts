import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { sourceForm } from "./input.ts";

export const changeSource = defineCommand({
  action: "source.change",
  input: z.strictObject({ sourceId: z.uuid(), ...sourceForm }),
  async run({ tx, input: { sourceId, ...form }, actor }) {
    const { count } = await tx.inboundSource.updateMany({
      where: { tenantId: actor.tenantId, id: sourceId, revokedAt: null },
      data: form,
    });
    if (count === 0) throw new TocsinError("E_NOT_FOUND", "There is no such source; its key may have been taken back.");
    return { result: undefined, audit: { target: `inbound_source:${sourceId}`, body: form } };
  },
});
