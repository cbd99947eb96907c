// Begins a visit that a second person has approved. Everybody's standing is asked again: the approval is worth what its
// giver still is. The fresh sign-in and the reason are those of the question, which this same session asked.
import { z } from "zod";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { visitState } from "#lib/domain/grant";
import { same, secretHash } from "#lib/queries/visit-key";
import { type Begun, databaseNow, halfHour, inLine, pointTo } from "./begin-row.ts";
import { holds, scopeOf, targetIn } from "./scope.ts";
import { began, boundOf } from "./start.ts";
import { tellTheTenant } from "./tell.ts";

export const beginVisit = defineCommand({
  action: "impersonation.begin",
  input: z.strictObject({ tenantId: z.uuid(), visitId: z.uuid() }),
  tenant: (input) => input.tenantId,
  async run({
    tx,
    input,
    actor,
    context,
  }): Promise<{ result: Begun; audit: { target: string; body: Record<string, unknown> } }> {
    const scope = await scopeOf(tx, actor.personId, input.tenantId);
    const { sessionId, bound } = boundOf(actor);
    await inLine(tx, sessionId);
    const visit = await tx.impersonationGrant.findFirst({
      where: { tenantId: scope.tenant.id, id: input.visitId, actorId: actor.personId, mode: "rw" },
    });
    if (visit === null) throw new TocsinError("E_NOT_FOUND", "There is no such visit.");
    if (
      visit.sessionId !== sessionId ||
      !same(visit.sessionFp, bound.fp) ||
      (visit.agentHash !== null && !same(visit.agentHash, bound.agent))
    )
      throw new TocsinError("E_IMPERSONATION_BINDING", "This was asked for in another session: ask again in this one.");
    const at = await databaseNow(tx);
    const state = visitState(visit, at);
    if (visit.endedAt !== null || visit.startedAt !== null)
      throw new TocsinError("E_STATE", "This is over or has begun already: look at the list again.");
    if (state === "asked") throw new TocsinError("E_APPROVAL_NEEDED", "Nobody has let you change things yet.");
    if (state !== "approved" || visit.approvedBy === null)
      throw new TocsinError("E_EXPIRED", "The leave was not used within 15 minutes: ask again.");
    if (!(await holds(tx, visit.approvedBy, scope.bound, scope.tenant.slug)))
      throw new TocsinError("E_APPROVAL_NEEDED", "Who let you change things may no longer do so: ask somebody else.");
    await targetIn(tx, actor.personId, visit.targetId, scope);
    const time = halfHour(at);
    const { count } = await tx.impersonationGrant.updateMany({
      where: { tenantId: scope.tenant.id, id: visit.id, startedAt: null, endedAt: null },
      data: { secretHash: secretHash(time.secret), startedAt: time.startedAt, notAfter: time.notAfter },
    });
    if (count === 0) throw new TocsinError("E_STATE", "Somebody else was faster: look at the list again.");
    await pointTo(tx, context, sessionId, visit.id);
    const { approvedBy } = visit;
    await began(tx, context, {
      grantId: visit.id,
      targetId: visit.targetId,
      mode: "rw",
      notAfter: time.notAfter,
      approvedBy,
    });
    const told = await tellTheTenant(tx, scope.tenant, visit, at);
    return {
      result: { tenantId: scope.tenant.id, grantId: visit.id, ...time },
      audit: { target: `visit:${visit.id}`, body: { approvedBy, told } },
    };
  },
});
