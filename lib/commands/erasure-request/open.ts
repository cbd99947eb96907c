import { z } from "zod";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";

/** Whom a request is about, for the operator who works it off. A reading that leaves its row in the log. */
export const openErasure = defineCommand({
  action: "erasure.open",
  input: z.strictObject({ requestId: z.uuid() }),
  async run({ tx, input, actor }) {
    const row = await tx.erasureRequest.findFirst({ where: { tenantId: actor.tenantId, id: input.requestId } });
    if (row === null) throw new TocsinError("E_NOT_FOUND", "There is no such request.");
    const open = (column: "identifiers_sealed" | "note_sealed", sealed: Uint8Array) =>
      secrets().open(tx, places.erasureRequest(actor.tenantId, row.id, column), sealed);
    return {
      result: {
        identifiers: JSON.parse(await open("identifiers_sealed", row.identifiersSealed)) as string[],
        note: row.noteSealed === null ? "" : await open("note_sealed", row.noteSealed),
      },
      audit: { target: `erasure:${row.id}`, body: { number: row.number, identifiers: row.identifiers } },
    };
  },
});
