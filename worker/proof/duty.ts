// The two clocks of proofs: what was asked a moment ago, and what runs out in the next days.
import type { Db, Sweeper } from "#lib/adapters/db";
import { sinkBases } from "#lib/adapters/env";
import type { Log } from "#lib/adapters/log";
import { isOutage } from "#lib/adapters/outage";
import type { SecretBox } from "#lib/adapters/secrets";
import { send } from "#lib/adapters/send";
import { forgetFormer } from "./former.ts";
import { watchProofs } from "./incidents.ts";
import { renewProofs } from "./renew.ts";
import { settleWebhookProofs } from "./webhooks.ts";

interface Parts {
  db: Db;
  sweeper: Sweeper;
  box: SecretBox;
  log: Log;
}

export async function followProofs({ db, sweeper, log }: Parts, now: Date): Promise<void> {
  await settleWebhookProofs(db, sweeper, now).catch(noted(log));
  await watchProofs(db, sweeper, now).catch(noted(log));
}

export async function keepProofs({ db, sweeper, box, log }: Parts, now: Date, signal: AbortSignal): Promise<void> {
  await renewProofs({ db, sweeper, box, bases: sinkBases(), send, log }, now, signal);
  await forgetFormer(db, sweeper, box, now).catch(noted(log));
}

/** One sink that cannot be looked at is written down, and is no reason to call the whole duty stuck. */
const noted = (log: Log) => (err: unknown) => {
  if (isOutage(err)) throw err;
  log.error({ err }, "a sink's proof could not be followed; the next look is soon");
};
