import { randomUUID } from "node:crypto";
import { liveHint } from "#lib/adapters/hint";
import { places, secrets } from "#lib/adapters/secrets";
import { defineCommand } from "#lib/commands/command";
import { erasureInput, OPEN_LIMIT } from "#lib/domain/erasure";
import { TocsinError } from "#lib/domain/error";

/**
 * Takes a request for erasure in. Whom it is about is sealed at once and never stands in the log: the log outlives it.
 * The time of the row is the time of receipt, from which the law counts.
 */
export const fileErasure = defineCommand({
  action: "erasure.file",
  input: erasureInput,
  async run({ tx, input, actor, now }) {
    // One at a time per tenant: the number counts up, and two at once cannot pass the limit together.
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`erasure:${actor.tenantId}`}, 0))::text`;
    if ((await tx.erasureRequest.count({ where: { tenantId: actor.tenantId, state: "received" } })) >= OPEN_LIMIT)
      throw new TocsinError(
        "E_LIMIT",
        `There are ${OPEN_LIMIT} open requests already: have some of them worked off, or speak to the operator.`,
      );
    const last = await tx.erasureRequest.aggregate({ where: { tenantId: actor.tenantId }, _max: { number: true } });
    const id = randomUUID();
    const number = (last._max.number ?? 0) + 1;
    const seal = (column: "identifiers_sealed" | "note_sealed", text: string) =>
      secrets().seal(tx, places.erasureRequest(actor.tenantId, id, column), text);
    await tx.erasureRequest.create({
      data: {
        tenantId: actor.tenantId,
        id,
        number,
        subjectKind: input.subjectKind,
        controller: input.controller,
        identifiers: input.identifiers.length,
        identifiersSealed: await seal("identifiers_sealed", JSON.stringify(input.identifiers)),
        noteSealed: input.note === "" ? null : await seal("note_sealed", input.note),
        receivedAt: now,
        filedBy: actor.personId,
      },
    });
    await liveHint(tx, { tenant: actor.tenantId, what: "request", id });
    return {
      result: { id, number },
      audit: {
        target: `erasure:${id}`,
        body: {
          number,
          subjectKind: input.subjectKind,
          controller: input.controller,
          identifiers: input.identifiers.length,
        },
      },
    };
  },
});
