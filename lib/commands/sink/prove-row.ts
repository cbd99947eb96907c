// Marks a sink as proven, and undoes it, in the caller's transaction.
import type { Prisma, Tx } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import { TocsinError } from "#lib/domain/error";
import { FORMER_HOLDS_MS, holdsUntil, nextOf, placeHash, type ProofKind, withoutNext } from "#lib/domain/proof";
import { placeOf } from "#lib/sinks/ownership";
import { openHidden, sealHidden } from "./input.ts";

/** Why a sink was disabled when its proof ran out: proving it enables it again, and only then. */
export const LAPSED = "Nobody has shown again that it is yours.";

interface ProvableSink {
  id: string;
  tenantId: string;
  kind: string;
  config: unknown;
  sealed: Uint8Array | null;
  state: string;
  proofLapsedAt: Date | null;
  disabledReason: string | null;
}

/**
 * @param of who showed it: a person, or nobody where a machine asked again
 * @throws TocsinError E_SINK_TAKEN where another tenant holds the place
 */
export async function markProven(
  tx: Tx,
  sink: ProvableSink,
  of: { proof: ProofKind; personAt: Date | null; account?: string | undefined; now: Date },
): Promise<void> {
  const { now, personAt } = of;
  const hidden = await openHidden(tx, sink.tenantId, sink.id, sink.sealed);
  // A sign-in is about the key in use; one that waits in its place is shown by the code that went there, and by nothing else.
  const next = of.proof === "account" ? {} : nextOf(hidden);
  const rotated = Object.keys(next).length > 0;
  const kept = { ...withoutNext(hidden), ...next };
  const place = await holdPlace(tx, placeOf(sink.kind, { ...(sink.config as Record<string, string>), ...kept }));
  const enable = sink.state === "disabled" && sink.disabledReason === LAPSED;
  await tx.sink.update({
    where: { tenantId_id: { tenantId: sink.tenantId, id: sink.id } },
    data: {
      provenAt: now,
      proof: of.proof,
      proofDueAt: holdsUntil(of.proof, personAt, now),
      personProvenAt: personAt,
      ...(of.account === undefined ? {} : { proofAccount: of.account }),
      proofAskedAt: null,
      proofLapsedAt: null,
      place,
      ...(rotated ? { sealed: await sealHidden(tx, sink.tenantId, sink.id, kept), secretAt: now } : {}),
      ...(enable ? { state: "enabled", disabledReason: null } : {}),
      updatedAt: now,
    },
  });
  await liveHint(tx, { tenant: sink.tenantId, what: "sink", id: sink.id });
}

/** Nobody learns who holds it, only that it is held. */
async function holdPlace(tx: Tx, place: string | null): Promise<Uint8Array<ArrayBuffer> | null> {
  if (place === null) return null;
  const hash = placeHash(place);
  // Two tenants that prove the same place at once stand in a line; the second finds the first.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`sink-place:${Buffer.from(hash).toString("hex")}`}, 0))::text`;
  const [row] = await tx.$queryRaw<{ taken: boolean }[]>`SELECT app.place_taken(${hash}::bytea) AS taken`;
  if (row?.taken)
    throw new TocsinError(
      "E_SINK_TAKEN",
      "This place is in use by somebody else of this installation: make a webhook or channel of your own and enter that.",
    );
  return hash;
}

/** What a form's change does to the proof: a new destination is nobody's yet, and what was asked for the old one is void. */
export const UNPROVEN = {
  provenAt: null,
  proof: null,
  proofDueAt: null,
  personProvenAt: null,
  proofAccount: null,
  proofAskedAt: null,
  place: null,
} as const satisfies Prisma.SinkUpdateInput;

export async function voidAsked(tx: Tx, sinkId: string, now: Date): Promise<void> {
  await tx.$executeRaw`UPDATE sink_proof SET state = 'replaced', decided_at = ${now}, sentence = 'The sink was changed.'
    WHERE tenant_id = app.tenant() AND sink_id = ${sinkId}::uuid AND state = 'asked'`;
  await tx.$executeRaw`UPDATE delivery SET state = 'withheld', reason = 'The sink was changed.', settled_at = ${now}
    WHERE tenant_id = app.tenant() AND sink_id = ${sinkId}::uuid AND kind = 'challenge' AND state = 'pending'`;
}

/** A webhook's new signing secret: for a day both sign, so that the receiver may take its time. */
export const signWithBoth = (former: string, next: string, now: Date): Record<string, string> => ({
  secret: next,
  ...(former === ""
    ? {}
    : { formerSecret: former, formerUntil: new Date(now.getTime() + FORMER_HOLDS_MS).toISOString() }),
});
