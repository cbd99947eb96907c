// Asks for a visit. One that only looks begins at once; one that may change things waits for a second person.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { audit } from "#lib/adapters/audit";
import { type Actor, defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { MODES, visitState } from "#lib/domain/grant";
import { secretHash } from "#lib/queries/visit-key";
import { type Begun, databaseNow, halfHour, inLine, pointTo } from "./begin-row.ts";
import { endVisitRow, ofVisit } from "./end-row.ts";
import { othersWhoMay, scopeOf, targetIn } from "./scope.ts";

export type Asked = { state: "begun"; visit: Begun } | { state: "asked"; grantId: string; approvers: string[] };

export const startVisit = defineCommand({
  action: "impersonation.start",
  auditAs: "impersonation.ask",
  input: z.strictObject({ tenantId: z.uuid(), personId: z.uuid("Choose a person."), mode: z.enum(MODES) }),
  tenant: (input) => input.tenantId,
  async run({ tx, input, actor, context }): Promise<{ result: Asked; audit: { target: string; body: object } & Row }> {
    const scope = await scopeOf(tx, actor.personId, input.tenantId);
    const { sessionId, bound } = boundOf(actor);
    const target = await targetIn(tx, actor.personId, input.personId, scope);
    await inLine(tx, sessionId);
    const session = await tx.session.findUnique({ where: { id: sessionId }, select: { grantId: true } });
    if (session === null || session.grantId !== null)
      throw new TocsinError("E_IMPERSONATION", "This session makes a visit already: end that one first.");
    const askedAt = await databaseNow(tx);
    const before = await tx.impersonationGrant.findFirst({
      where: { tenantId: scope.tenant.id, sessionId, endedAt: null },
    });
    if (before !== null) {
      if (visitState(before, askedAt) !== "over")
        throw new TocsinError(
          "E_STATE",
          "You have asked for a visit to this tenant already: begin or withdraw that one.",
        );
      await endVisitRow(tx, context, before.id, "expired");
    }
    const others =
      input.mode === "ro" ? [] : await othersWhoMay(tx, scope, { actorId: actor.personId, targetId: input.personId });
    if (input.mode === "rw" && others.length === 0)
      throw new TocsinError(
        "E_IMPERSONATION",
        "Nobody else could let this visit change things: only look, or bring in a second member of the staff.",
      );
    const grantId = randomUUID();
    const time = halfHour(askedAt);
    const begins = input.mode === "ro";
    await tx.impersonationGrant.create({
      data: {
        tenantId: scope.tenant.id,
        id: grantId,
        actorId: actor.personId,
        actorName: actor.name.slice(0, 120),
        targetId: input.personId,
        targetName: target.name,
        mode: input.mode,
        reason: context.trace?.why ?? "",
        sessionId,
        sessionFp: bound.fp,
        agentHash: bound.agent,
        askedAt,
        ...(begins ? { secretHash: secretHash(time.secret), startedAt: time.startedAt, notAfter: time.notAfter } : {}),
      },
    });
    if (begins) {
      await pointTo(tx, context, sessionId, grantId);
      await began(tx, context, { grantId, targetId: input.personId, mode: "ro", notAfter: time.notAfter });
    }
    return {
      result: begins
        ? { state: "begun", visit: { tenantId: scope.tenant.id, grantId, ...time } }
        : { state: "asked", grantId, approvers: others.map((p) => p.name) },
      audit: {
        target: `visit:${grantId}`,
        body: { mode: input.mode, as: input.personId, ...(begins ? {} : { approvers: others.length }) },
        personal: { subject: `person:${input.personId}`, body: { as: target.name } },
      },
    };
  },
});

interface Row {
  body: Record<string, unknown>;
  personal: { subject: string; body: Record<string, unknown> };
}

/** @throws TocsinError E_SIGNED_OUT for an actor without a session of a browser */
export function boundOf(actor: Actor): { sessionId: string; bound: NonNullable<Actor["bound"]> } {
  if (actor.sessionId === undefined || actor.bound === undefined)
    throw new TocsinError("E_SIGNED_OUT", "Sign in again, then repeat this.");
  return { sessionId: actor.sessionId, bound: actor.bound };
}

/** The log's own row for the moment it begins, apart from the one for having asked. */
export function began(
  tx: Parameters<typeof audit>[0],
  context: Parameters<typeof audit>[1],
  visit: { grantId: string; targetId: string; mode: string; notAfter: Date; approvedBy?: string },
): Promise<string> {
  const { grantId, targetId, mode, notAfter, approvedBy } = visit;
  return audit(tx, ofVisit(context, targetId, grantId), {
    action: "impersonation.start",
    target: `visit:${grantId}`,
    body: { mode, notAfter: notAfter.toISOString(), ...(approvedBy ? { approvedBy } : {}) },
  });
}
