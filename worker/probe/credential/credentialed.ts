// Around a region's prober, for servers behind a wall: gets the tokens before, has the wall looked at when that is due,
// and makes of what came back the walk, its result and the finer cause. Servers without a wall pass straight through.
import type { Redis } from "ioredis";
import { monotonicMs, now as clockNow } from "#lib/adapters/clock";
import type { Db } from "#lib/adapters/db";
import type { AddressPolicy } from "#lib/adapters/http";
import type { Log } from "#lib/adapters/log";
import { waitedFor } from "../kept.ts";
import type { BatchEvents } from "../prober-process.ts";
import type { ProbeResult } from "../result.ts";
import type { Prober, Turn } from "../supervisor.ts";
import type { ProbeTarget } from "../transcript.ts";
import { type Held, keepWalls, nextLook, readHeld } from "./held.ts";
import { judgeWalk } from "./judge-walk.ts";
import type { Guarded } from "./load.ts";
import { type Given, TokenKeeper } from "./tokens.ts";

export interface CredentialDeps {
  region: string;
  db: Db;
  redis: Redis;
  prefix: string;
  pool: Prober;
  ca?: string | undefined;
  log: Log;
}

interface Walker {
  target: ProbeTarget;
  guarded: Guarded;
  held: Held | null;
  given: Given | null;
}

// One keeper per connection, which a process has one of: gone with it. The prober may be another one for each batch.
const keepers = new WeakMap<Redis, TokenKeeper>();

function keeperOf({ redis, ca }: CredentialDeps): TokenKeeper {
  const keeper = keepers.get(redis) ?? new TokenKeeper(() => clockNow().getTime(), ca);
  keepers.set(redis, keeper);
  return keeper;
}

/** @param guarded server id → what stands before it; servers that are not in it need nothing of this */
export function credentialed(
  deps: CredentialDeps,
  tenantId: string,
  guarded: ReadonlyMap<string, Guarded>,
  live: boolean,
): Prober {
  if (guarded.size === 0) return deps.pool;
  return {
    async run(targets, policy, events, wantSteps, turn) {
      const plain = targets.filter((t) => !guarded.has(t.serverId));
      const walled = targets.filter((t) => guarded.has(t.serverId));
      const held = await readHeld(
        deps,
        walled.map((t) => t.serverId),
      );
      const walkers = await Promise.all(
        walled.map(async (target): Promise<Walker> => {
          const about = guarded.get(target.serverId) as Guarded;
          const known = held.get(target.serverId) ?? null;
          const look = await nextLook(deps, target.serverId, known, about, live);
          return { target: look ? { ...target, look } : target, guarded: about, held: known, given: null };
        }),
      );
      await walk(deps, { tenantId, plain, walkers, policy, events, wantSteps, turn });
    },
  };
}

interface Batch {
  tenantId: string;
  plain: ProbeTarget[];
  walkers: Walker[];
  policy: AddressPolicy;
  events: BatchEvents;
  wantSteps: boolean | undefined;
  turn: Turn | undefined;
}

async function walk(deps: CredentialDeps, batch: Batch): Promise<void> {
  const { policy, events, wantSteps, turn } = batch;
  const keeper = keeperOf(deps);
  const writes: Promise<void>[] = [];
  const again: Walker[] = [];
  const finish = (walker: Walker, result: ProbeResult) => {
    const done = judgeWalk(stamped(result), walker.guarded, walker.held, walker.given);
    events.result(done.result);
    writes.push(waitedFor(keepWalls(deps, batch.tenantId, result.serverId, walker.guarded, walker.held, done)));
  };
  const run = async (targets: ProbeTarget[], walkers: Walker[], last: boolean) => {
    if (targets.length + walkers.length === 0) return;
    const byId = new Map(walkers.map((w) => [w.target.serverId, w]));
    const result = (seen: ProbeResult) => {
      const walker = byId.get(seen.serverId);
      if (!walker) return events.result(seen);
      const { given } = walker;
      // A token may be taken back before its end: then a new one is asked for, once.
      if (!last && given?.token && !given.fresh && seen.judgement.reason === "credential_rejected") again.push(walker);
      else finish(walker, seen);
    };
    const asked = [...targets, ...walkers.map(withToken)];
    await deps.pool.run(asked, policy, { ...events, result }, wantSteps, turn);
  };
  const withTokens = (walkers: Walker[], last: boolean) =>
    walkers.map(async (walker) => {
      const { client } = walker.guarded;
      const t0 = monotonicMs();
      if (client) walker.given = await keeper.get(client, policy);
      const took = monotonicMs() - t0;
      deps.log.debug({ server: walker.target.serverId, took, code: walker.given?.state.code }, "a token was asked for");
      await run([], [walker], last);
    });
  for (const walker of batch.walkers) if (walker.guarded.client) walker.given = keeper.held(walker.guarded.client);
  const waits = batch.walkers.filter((w) => w.guarded.client !== null && w.given === null);
  const ready = batch.walkers.filter((w) => !waits.includes(w));
  // A slow authorization server makes its own server's probe late and no other's.
  await settled([run(batch.plain, ready, false), ...withTokens(waits, false)]);
  for (const { guarded, given } of again)
    if (guarded.client && given?.token) keeper.refused(guarded.client, given.token);
  await settled(withTokens(again, true));
  await Promise.all(writes);
}

/** By our clock: the prober may be somewhere else, and its own may be wrong. */
function stamped(result: ProbeResult): ProbeResult {
  if (!result.look) return result;
  const at = clockNow().getTime();
  const { wall, findings } = result.look;
  return { ...result, look: { wall: wall && { ...wall, at }, findings: findings && { ...findings, at } } };
}

function withToken({ target, given }: Walker): ProbeTarget {
  return given?.token ? { ...target, headers: { Authorization: `Bearer ${given.token}` } } : target;
}

/** All of it ends before one failure is told. */
async function settled(work: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((w) => w.status === "rejected");
  if (failed) throw failed.reason;
}
