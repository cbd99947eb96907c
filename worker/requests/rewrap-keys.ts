// The key above the tenants' data keys is replaced. Done in slices, between which the request waits like a new one: so
// other requests have their turn, and a worker that is killed in the middle is followed by one that goes on.
import { audit } from "#lib/adapters/audit";
import { monotonicMs } from "#lib/adapters/clock";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import type { Log } from "#lib/adapters/log";
import type { SecretBox } from "#lib/adapters/secrets";
import { TocsinError } from "#lib/domain/error";
import { dataKeysUnder } from "#lib/queries/secret-keys";
import { REQUESTS } from "#lib/requests";
import { resealAll } from "../secrets/reseal.ts";
import { rewrapAll } from "../secrets/rewrap.ts";
import { failRequest, type RequestRow } from "./index.ts";

const SLICE_MS = 5_000;

export async function rewrapKeys(
  db: Db,
  box: SecretBox,
  request: RequestRow,
  log: Log,
  now: Date,
  sliceMs = SLICE_MS,
): Promise<void> {
  const { askedBy, to } = REQUESTS["rewrap-keys"].parse(request.payload);
  const context = { tenantId: PLATFORM_TENANT, actorId: askedBy };
  const until = monotonicMs() + sliceMs;
  const go = () => monotonicMs() < until;
  try {
    if (request.tenantId !== PLATFORM_TENANT)
      throw new TocsinError("E_STATE", "Keys belong to the installation itself.");
    if ((await box.store.current()) !== to)
      throw new TocsinError(
        "E_STATE",
        "The worker's current key is another one than the console's: give both the same key file.",
      );
    const { keys, more } = await rewrapAll(db, box.store, to, go);
    const values = more ? null : await resealAll(db, box, log, go);
    const again = values === null || values.more;
    await db.withTenant(context, async (tx) => {
      const state = again ? "pending" : "done";
      const left = (await dataKeysUnder(tx)).filter((k) => k.kekId !== to).reduce((n, k) => n + k.dataKeys, 0);
      const result = { to, left, shut: values?.shut ?? 0 };
      await tx.$executeRaw`UPDATE request SET state = ${state}, result = ${JSON.stringify(result)}::jsonb,
        done_at = ${again ? null : now}::timestamptz WHERE id = ${request.id}::uuid AND state = 'running'`;
      if (!again)
        await audit(tx, context, {
          action: "secret.replaced",
          target: `key:${to}`,
          body: { to, request: request.id, left, shut: values.shut },
        });
      await liveHint(tx, { tenant: PLATFORM_TENANT, what: "request", id: request.id });
    });
    log.info({ to, keys, again }, "data keys were wrapped anew");
  } catch (err) {
    log.error({ err }, "data keys could not be wrapped anew");
    const sentence = err instanceof TocsinError ? err.message : "The key could not be replaced: see the worker's log.";
    await failRequest(db, request.tenantId, request.id, sentence, now);
  }
}
