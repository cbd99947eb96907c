// The second person says no, or somebody of the staff ends a visit. No fresh sign-in is asked: saying no must be easy.
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { endVisitRow } from "./end-row.ts";
import { scopeOf } from "./scope.ts";

/** Also ends a visit of somebody else that runs, or that was approved and has not begun. */
export const revokeVisit = defineCommand({
  action: "impersonation.revoke",
  input: z.strictObject({ tenantId: z.uuid(), visitId: z.uuid() }),
  tenant: (input) => input.tenantId,
  async run({ tx, input, actor, context }) {
    const { tenant } = await scopeOf(tx, actor.personId, input.tenantId);
    const visit = await tx.impersonationGrant.findFirst({ where: { tenantId: tenant.id, id: input.visitId } });
    if (visit === null) throw new TocsinError("E_NOT_FOUND", "There is no such visit.");
    const own = visit.actorId === actor.personId;
    const why = visit.startedAt === null ? (own ? "withdrawn" : "refused") : own ? "left" : "revoked";
    if (!(await endVisitRow(tx, context, visit.id, why)))
      throw new TocsinError("E_STATE", "This is over already: look at the list again.");
    return { result: undefined, audit: { target: `visit:${visit.id}`, body: { of: visit.actorId, reason: why } } };
  },
});
