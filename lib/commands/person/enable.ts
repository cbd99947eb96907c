import { z } from "zod";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { onePerson } from "./one-person.ts";

/** May sign in again. Nothing else comes back: sessions and visits have ended. */
export const enablePerson = defineCommand({
  action: "person.disable",
  auditAs: "person.enable",
  input: z.strictObject({ personId: z.uuid() }),
  tenant: () => PLATFORM_TENANT,
  async run({ tx, input: { personId } }) {
    const person = await onePerson(tx, personId);
    if (person.disabledAt === null) throw new TocsinError("E_STATE", "This person is not disabled.");
    const off =
      person.directoryId !== null &&
      (await tx.scimUser.count({ where: { externalId: person.directoryId, active: false } })) > 0;
    if (off && person.disabledSource === "directory")
      throw new TocsinError(
        "E_STATE",
        "The directory has switched this person off: they have to be switched on there.",
      );
    // Switched off in the directory too, meanwhile: then that is what is left.
    await tx.person.update({
      where: { id: personId },
      data: off
        ? { disabledSource: "directory", disabledBy: null, disabledReason: null }
        : { disabledAt: null, disabledSource: null, disabledBy: null, disabledReason: null },
    });
    return { result: { stillOff: off }, audit: { target: `person:${personId}`, body: { stillOffInDirectory: off } } };
  },
});
