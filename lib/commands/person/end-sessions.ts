import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { endAccess } from "./end-access.ts";

/** They may sign in again at once: for a lost machine, not for a person who has to stay out. */
export const endSessionsOf = defineCommand({
  action: "person.disable",
  auditAs: "person.end_sessions",
  input: z.strictObject({ personId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { personId }, context }) {
    if ((await tx.person.count({ where: { id: personId } })) === 0)
      throw new TocsinError("E_NOT_FOUND", "There is no such person.");
    const ended = await endAccess(tx, context, personId, "session_over");
    if (ended.sessions === 0) throw new TocsinError("E_STATE", "This person has no session open.");
    return { result: ended, audit: { target: `person:${personId}`, body: { ...ended } } };
  },
});
