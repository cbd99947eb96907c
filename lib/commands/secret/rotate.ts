import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLATFORM_TENANT, type Tx } from "#lib/adapters/db";
import { hint, liveHint } from "#lib/adapters/hint";
import { secrets } from "#lib/adapters/secrets";
import { defineDual } from "#lib/commands/approval/dual";
import { defineCommand } from "#lib/commands/command";
import { TocsinError } from "#lib/domain/error";
import { dataKeysUnder, inFirstForm, type KeysUnder } from "#lib/queries/secret-keys";

const open = (tx: Tx) =>
  tx.request.findFirst({ where: { kind: "rewrap-keys", state: { in: ["pending", "running"] } }, select: { id: true } });

/** @throws TocsinError E_STATE while it is under way, or when there is no other key to go to */
async function plan(tx: Tx): Promise<{ to: string; elsewhere: KeysUnder[]; firstForm: number }> {
  if ((await open(tx)) !== null) throw new TocsinError("E_STATE", "The worker is replacing the key already.");
  const to = await secrets().store.current();
  const elsewhere = (await dataKeysUnder(tx)).filter((k) => k.kekId !== to);
  const firstForm = await inFirstForm(tx);
  if (elsewhere.length === 0 && firstForm === 0)
    throw new TocsinError(
      "E_STATE",
      "Everything lies under the current key already: first add a new one with `npm run tocsin -- keys add`.",
    );
  return { to, elsewhere, firstForm };
}

/** Asks the worker to wrap every data key under the key that is current now. Nothing is unreadable meanwhile. */
export const rotateSecrets = defineDual({
  command: defineCommand({
    action: "secret.rotate",
    input: z.strictObject({}),
    tenant: () => PLATFORM_TENANT,
    async run({ tx, actor, now }) {
      const { to, elsewhere } = await plan(tx);
      const id = randomUUID();
      await tx.request.create({
        data: {
          tenantId: PLATFORM_TENANT,
          id,
          kind: "rewrap-keys",
          payload: { askedBy: actor.personId, to },
          createdBy: actor.personId,
          createdAt: now,
        },
      });
      await hint(tx, "tocsin_request");
      await liveHint(tx, { tenant: PLATFORM_TENANT, what: "request", id });
      return {
        result: { requestId: id },
        audit: { target: `request:${id}`, body: { from: elsewhere.map((k) => k.kekId), to } },
      };
    },
  }),
  sentence: () => "Replace the key under which stored secrets are kept",
  target: () => "key:secrets",
  async diff(tx) {
    const { to, elsewhere, firstForm } = await plan(tx);
    return [
      ...elsewhere.map(({ kekId, dataKeys }) => ({
        field: `Data keys under ${kekId}`,
        was: String(dataKeys),
        will: "0",
        moves: true,
      })),
      ...(firstForm > 0
        ? [{ field: "Values in the first form", was: String(firstForm), will: "0, sealed anew", moves: true }]
        : []),
      { field: "Key that wraps data keys", was: elsewhere[0]?.kekId ?? to, will: to },
    ];
  },
});
