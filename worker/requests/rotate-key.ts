// A new key for the audit log's checkpoints. Its id is written into the log, and a checkpoint of the old key stands over
// that row, before the new one signs anything: whoever trusts the old key can follow to the new one.
import { createPublicKey } from "node:crypto";
import { audit } from "#lib/adapters/audit";
import { type CheckpointPlaces, prepareNextKey, signingKey, takeNextKey } from "#lib/adapters/checkpoint-key";
import { type Db, PLATFORM_TENANT } from "#lib/adapters/db";
import { liveHint } from "#lib/adapters/hint";
import type { Log } from "#lib/adapters/log";
import { keyIdOf } from "#lib/domain/audit/checkpoint";
import { TocsinError } from "#lib/domain/error";
import { REQUESTS } from "#lib/requests";
import { checkpoint } from "../audit/checkpoint.ts";
import { failRequest, type RequestRow } from "./index.ts";

/** Repeated after a crash it goes on with the key that was made: the log may then name the same rotation twice. */
export async function rotateKey(
  db: Db,
  places: CheckpointPlaces,
  request: RequestRow,
  log: Log,
  now: Date,
): Promise<void> {
  if (request.tenantId !== PLATFORM_TENANT)
    return failRequest(db, request.tenantId, request.id, "Keys belong to the installation itself.", now);
  const { askedBy } = REQUESTS["rotate-key"].parse(request.payload);
  const context = { tenantId: PLATFORM_TENANT, actorId: askedBy };
  try {
    const from = keyIdOf(createPublicKey(signingKey(places.keyFile)));
    const to = keyIdOf(createPublicKey(prepareNextKey(places.keyFile)));
    await db.withTenant(context, (tx) =>
      audit(tx, context, { action: "key.replaced", target: `key:${to}`, body: { from, to, request: request.id } }),
    );
    // Another process may have signed at this moment, and not over that row: then once more.
    for (let tries = 0; (await checkpoint(db, places, log, now)) === null; tries++)
      if (tries === 5) throw new Error("no checkpoint could be made over the new key");
    takeNextKey(places.keyFile);
    await checkpoint(db, places, log, now);
    await db.withTenant(context, async (tx) => {
      await tx.$executeRaw`UPDATE request SET state = 'done', result = ${JSON.stringify({ from, to })}::jsonb, done_at = ${now}
        WHERE id = ${request.id}::uuid AND state = 'running'`;
      await liveHint(tx, { tenant: PLATFORM_TENANT, what: "request", id: request.id });
    });
    log.info({ from, to }, "the key that signs checkpoints was replaced");
  } catch (err) {
    log.error({ err }, "the key that signs checkpoints could not be replaced");
    const sentence = err instanceof TocsinError ? err.message : "The key could not be replaced: see the worker's log.";
    await failRequest(db, request.tenantId, request.id, sentence, now);
  }
}
