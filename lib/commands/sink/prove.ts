// The code that a person read in the channel and typed back. A wrong try has to count although it changes nothing else,
// so it is counted in a transaction of its own, before the command.
import { z } from "zod";
import { now as clockNow } from "#lib/adapters/clock";
import type { Db, Tx } from "#lib/adapters/db";
import { type Actor, authorise, contextOf, defineCommand, execute, parse, refuse } from "#lib/commands/command";
import { type ErrorCode, TocsinError } from "#lib/domain/error";
import { codeHash, MAX_TRIES, sameHash } from "#lib/domain/proof";
import { liveSink, lockSink } from "./live-sink.ts";
import { markProven } from "./prove-row.ts";

const input = z.strictObject({ sinkId: z.uuid(), code: z.string().max(80, "A code has twelve letters and digits.") });

/** The command itself: right code or nothing. Tries are counted by proveByCode, which everybody calls. */
export const proveSink = defineCommand({
  action: "sink.prove",
  input,
  async run({ tx, input, actor, now }) {
    await lockSink(tx, input.sinkId);
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    const asked = await newest(tx, actor.tenantId, sink.id);
    if (asked === null || !sameHash(asked.hash, codeHash(asked.id, input.code)) || asked.expiresAt <= now)
      throw REFUSALS.E_CODE_WRONG;
    const { count } = await tx.sinkProof.updateMany({
      where: { tenantId: actor.tenantId, id: asked.id, state: "asked" },
      data: { state: "proven", decidedAt: now },
    });
    if (count === 0) throw REFUSALS.E_CODE_EXPIRED;
    await markProven(tx, sink, { proof: "code", personAt: now, now });
    return { result: undefined, audit: { target: `sink:${sink.id}`, body: { by: "code", rotated: asked.rotates } } };
  },
});

/**
 * @throws TocsinError E_CODE_WRONG with the tries left, E_CODE_EXPIRED, E_CODE_TRIES, E_NOT_FOUND, E_SINK_TAKEN and what
 * every command throws
 */
export async function proveByCode(db: Db, actor: Actor, raw: unknown): Promise<void> {
  await authorise(db, proveSink.action, actor);
  const given = parse(proveSink, raw);
  const refused = await db.withTenant(contextOf(proveSink, actor, given, undefined), (tx) =>
    takeTry(tx, actor, given, clockNow()),
  );
  if (refused !== null)
    await refuse(db, actor, `sink:${given.sinkId}`, refused.code, refused.message, "code typed back");
  await execute(db, proveSink, actor, given);
}

const refusal = (code: ErrorCode, message: string) => new TocsinError(code, message, { field: "code" });
const REFUSALS = {
  E_CODE_WRONG: refusal("E_CODE_WRONG", "This is not the code: type it as it stands in the newest message."),
  E_CODE_EXPIRED: refusal("E_CODE_EXPIRED", "No code is waiting, or it is too old: send a new one."),
  E_CODE_TRIES: refusal("E_CODE_TRIES", `The code was wrong ${MAX_TRIES} times: send a new one.`),
};

const newest = (tx: Tx, tenantId: string, sinkId: string) =>
  tx.sinkProof.findFirst({ where: { tenantId, sinkId, kind: "code", state: "asked" }, orderBy: { begunAt: "desc" } });

/** Counts first and compares then, so that many at once have no more tries than one after the other. */
async function takeTry(
  tx: Tx,
  actor: Actor,
  given: z.infer<typeof input>,
  now: Date,
): Promise<{ code: ErrorCode; message: string } | null> {
  await liveSink(tx, actor.tenantId, given.sinkId);
  const asked = await newest(tx, actor.tenantId, given.sinkId);
  if (asked === null || asked.expiresAt <= now) return REFUSALS.E_CODE_EXPIRED;
  const taken = await tx.$queryRaw<{ tries: number }[]>`UPDATE sink_proof SET tries = tries + 1
    WHERE tenant_id = app.tenant() AND id = ${asked.id}::uuid AND state = 'asked' AND tries < ${MAX_TRIES} RETURNING tries`;
  const tries = taken[0]?.tries;
  if (tries === undefined) return REFUSALS.E_CODE_TRIES;
  if (sameHash(asked.hash, codeHash(asked.id, given.code))) return null;
  const left = MAX_TRIES - tries;
  return left === 0
    ? REFUSALS.E_CODE_TRIES
    : { code: "E_CODE_WRONG", message: `${REFUSALS.E_CODE_WRONG.message} ${left} tries are left.` };
}
