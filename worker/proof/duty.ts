// The two clocks of proofs: what was asked a moment ago, and what runs out in the next days.
import type { Db, Sweeper } from "#lib/adapters/db";
import { sinkBases } from "#lib/adapters/env";
import type { Log } from "#lib/adapters/log";
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

export async function followProofs({ db, sweeper }: Parts, now: Date): Promise<void> {
  try {
    await settleWebhookProofs(db, sweeper, now);
  } finally {
    await watchProofs(db, sweeper, now);
  }
}

export async function keepProofs({ db, sweeper, box, log }: Parts, now: Date, signal: AbortSignal): Promise<void> {
  await renewProofs({ db, sweeper, box, bases: sinkBases(), send, log }, now, signal);
  await forgetFormer(db, sweeper, box, now);
}
