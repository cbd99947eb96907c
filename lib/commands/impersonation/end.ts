// The customer ends a visit to their own tenant: at once, without a word of why.
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { endVisitRow } from "./end-row.ts";

export const endVisitOfStaff = defineCommand({
  action: "visit.end",
  input: z.strictObject({ visitId: z.uuid() }),
  async run({ tx, input, actor, context }) {
    const visit = await tx.impersonationGrant.findFirst({
      where: { tenantId: actor.tenantId, id: input.visitId, startedAt: { not: null } },
      select: { id: true },
    });
    if (visit === null) throw new TocsinError("E_NOT_FOUND", "There is no such visit.");
    if (!(await endVisitRow(tx, context, visit.id, "customer")))
      throw new TocsinError("E_STATE", "This visit is over already.");
    return { result: undefined, audit: { target: `visit:${visit.id}`, body: {} } };
  },
});
