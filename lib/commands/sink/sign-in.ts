// Proof by the vendor's own sign-in: begun by a command, ended when the browser comes back with a code. Bound to tenant,
// sink and session; each beginning ends once.
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { audit } from "#lib/adapters/audit";
import { now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import { finishSignIn, hasSignIn, signInUrl } from "#lib/adapters/sink-sign-in";
import { type Actor, authorise, defineCommand, traced } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { CODE_HOLDS_MS, linkHash, sameHash, withoutNext } from "#lib/domain/proof";
import { openHidden, sealHidden, sinkKind } from "./input.ts";
import { liveSink, lockSink } from "./live-sink.ts";
import { markProven, voidAsked } from "./prove-row.ts";

/** @returns where the browser goes. Only with a session: the way back is bound to it. */
export const startSignIn = defineCommand({
  action: "sink.prove",
  auditAs: "sink.challenge",
  input: z.strictObject({ sinkId: z.uuid() }),
  async run({ tx, input, actor, now }) {
    const sink = await liveSink(tx, actor.tenantId, input.sinkId);
    if (!hasSignIn(sink.kind) || actor.sessionId === undefined)
      throw new TocsinError("E_STATE", "This kind of sink is not proven by a sign-in here: follow the other steps.");
    const [id, token, verifier] = [
      randomUUID(),
      randomBytes(24).toString("base64url"),
      randomBytes(48).toString("base64url"),
    ];
    await tx.sinkProof.create({
      data: {
        ...{ tenantId: actor.tenantId, id, sinkId: sink.id, kind: "account", hash: linkHash(id, token) },
        ...{ sessionId: actor.sessionId, verifier, begunBy: actor.personId, begunAt: now, state: "asked" },
        expiresAt: new Date(now.getTime() + CODE_HOLDS_MS),
      },
    });
    return {
      result: { url: signInUrl(sink.kind, `${id}.${token}`, verifier) },
      audit: { target: `sink:${sink.id}`, body: { asked: "account" } },
    };
  },
});

const STATE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{32})$/;
const gone = () =>
  new TocsinError(
    "E_CODE_EXPIRED",
    "This sign-in was not begun here, or is too old: begin again from the sink's page.",
  );

/**
 * @param back what the vendor's redirect carries
 * @returns the sink that is proven now. @throws TocsinError E_CODE_EXPIRED, E_CODE_WRONG, E_UNAVAILABLE, E_SINK_TAKEN
 */
export async function endSignIn(
  db: Db,
  actor: Actor,
  kind: string,
  back: { state: string; code: string },
): Promise<{ sinkId: string }> {
  await authorise(db, "sink.prove", actor);
  const [, id, token] = STATE.exec(back.state) ?? [];
  if (id === undefined || token === undefined || back.code === "" || back.code.length > 2_000) throw gone();
  const { tenantId } = actor;
  const context = traced(actor, tenantId);
  const begun = await db.withTenant(context, async (tx) => {
    const asked = await tx.sinkProof.findFirst({ where: { tenantId, id, kind: "account", state: "asked" } });
    if (asked === null || !sameHash(asked.hash, linkHash(id, token)) || asked.expiresAt <= clockNow()) throw gone();
    if (asked.sessionId === null || asked.sessionId !== actor.sessionId) throw gone();
    const sink = await liveSink(tx, tenantId, asked.sinkId);
    if (sink.kind !== kind || !hasSignIn(sink.kind)) throw gone();
    // Of two who bring the same code back, one goes on.
    const { count } = await tx.sinkProof.updateMany({
      where: { tenantId, id, tries: 0 },
      data: { tries: 1, verifier: null },
    });
    if (count === 0) throw gone();
    const hidden = withoutNext(await openHidden(tx, tenantId, sink.id, sink.sealed));
    return {
      kind: sink.kind,
      verifier: asked.verifier ?? "",
      form: { ...(sink.config as Record<string, string>), ...hidden },
      updatedAt: sink.updatedAt,
      sinkId: sink.id,
    };
  });
  // No transaction is open while the vendor is waited for.
  const signedIn = await finishSignIn(begun.kind, { code: back.code, verifier: begun.verifier }, begun.form);
  await db.withTenant(context, async (tx) => {
    const now = clockNow();
    await lockSink(tx, begun.sinkId);
    const sink = await liveSink(tx, tenantId, begun.sinkId);
    const { count } = await tx.sinkProof.updateMany({
      where: { tenantId, id, state: "asked" },
      data: { state: "proven", decidedAt: now },
    });
    // What was signed in for is the sink as it was then.
    if (count === 0 || sink.updatedAt.getTime() !== begun.updatedAt.getTime()) throw gone();
    if (signedIn.form !== undefined) await voidAsked(tx, sink.id, now);
    const given =
      signedIn.form === undefined ? sink : await takeForm(tx, sink, { ...begun.form, ...signedIn.form }, now);
    await markProven(tx, given, { proof: "account", personAt: now, account: signedIn.account.slice(0, 200), now });
    await audit(tx, context, { action: "sink.prove", target: `sink:${sink.id}`, body: { by: "account" } });
  });
  return { sinkId: begun.sinkId };
}

type Tx = Parameters<typeof markProven>[0];

/** The vendor handed over the webhook of the channel that the person picked: the sink sends there from now on. */
async function takeForm(tx: Tx, sink: Awaited<ReturnType<typeof liveSink>>, form: Record<string, string>, now: Date) {
  const kind = sinkKind(sink.kind);
  const filled = Object.fromEntries(
    Object.entries(form).filter(([name, value]) => value !== "" && kind.fields.some((f) => f.name === name)),
  );
  if (!kind.config.safeParse(filled).success)
    throw new TocsinError("E_CODE_WRONG", "The vendor handed over nothing that this sink can use: try again.");
  const hidden = Object.fromEntries(Object.entries(filled).filter(([name]) => kind.secretFields.includes(name)));
  const config = Object.fromEntries(Object.entries(filled).filter(([name]) => !kind.secretFields.includes(name)));
  const sealed = await sealHidden(tx, sink.tenantId, sink.id, hidden);
  await tx.sink.update({
    where: { tenantId_id: { tenantId: sink.tenantId, id: sink.id } },
    data: { config, sealed, secretAt: now },
  });
  return { ...sink, config, sealed };
}
