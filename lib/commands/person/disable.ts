import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { keepingARoot } from "#lib/commands/role/keep-a-root";
import { TocsinError } from "#lib/domain/error";
import { endAccess } from "./end-access.ts";
import { onePerson } from "./one-person.ts";

/** Refused at the next request and at every sign-in, until a root operator lets them in again. */
export const disablePerson = defineCommand({
  action: "person.disable",
  input: z.strictObject({ personId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { personId }, actor, now, context }) {
    const ended = await keepingARoot(tx, async () => {
      const person = await onePerson(tx, personId);
      if (person.disabledAt !== null && person.disabledSource !== "directory")
        throw new TocsinError("E_STATE", "This person is disabled already.");
      await tx.person.update({
        where: { id: personId },
        data: {
          disabledAt: person.disabledAt ?? now,
          disabledSource: "person",
          disabledBy: actor.personId,
          disabledReason: context.trace?.why ?? null,
        },
      });
      return endAccess(tx, context, personId, "disabled");
    });
    return { result: ended, audit: { target: `person:${personId}`, body: { ...ended } } };
  },
});
