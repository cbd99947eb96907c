// The child process that talks to servers. It is given batches of one tenant at a time by IPC, holds nothing in its
// environment, answers with results, and may be killed at any moment.
import { Worker } from "node:worker_threads";
import { monotonicMs } from "#lib/adapters/clock";
import type { AddressPolicy } from "#lib/adapters/http";
import { leaseHolder } from "#lib/adapters/secrets/lease";
import type { Step } from "#lib/domain/transcript";
import { openBatch, type SealedBatch } from "./leased.ts";
import { type ProbeResult, resultOf } from "./result.ts";
import { lookAtWall } from "./credential/look.ts";
import { newList } from "../surface/new-list.ts";
import { type ProbeTarget, probe } from "./transcript.ts";

export interface Batch {
  id: number;
  targets: ProbeTarget[];
  policy: AddressPolicy;
  /** Steps are sent as they end: for live probes and to name the place where a prober is stuck. */
  steps: boolean;
  /** Each probe ends after so long; what ignores it is killed from outside. */
  softMs: number;
  /** The credentials of these targets, which then stand in none of them. */
  sealed?: SealedBatch;
}

export type FromProber =
  /** With the key that its credentials are to be sealed to. */
  | { kind: "ready"; holder: string }
  | { kind: "alive" }
  | { kind: "step"; batch: number; serverId: string; step: Step }
  | { kind: "result"; batch: number; result: ProbeResult }
  | { kind: "done"; batch: number };

const ALIVE_MS = 1_000;

// A parent that is gone cannot kill us, and a blocked loop cannot notice: a thread of its own can.
const WATCH_PARENT = `
  const { parentPort } = require("node:worker_threads");
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 2000);
`;

function say(message: FromProber): void {
  process.send?.(message);
}

const holder = leaseHolder();

async function run(batch: Batch): Promise<void> {
  await Promise.all(
    openBatch(batch, holder).map(async (target) => {
      const onStep = (step: Step) => {
        const { message: _message, ...shown } = step;
        say({ kind: "step", batch: batch.id, serverId: target.serverId, step: shown });
      };
      const transcript = await probe(target, {
        policy: batch.policy,
        monotonic: monotonicMs,
        boundMs: batch.softMs,
        ...(batch.steps && { onStep }),
      });
      const look =
        target.look && (await lookAtWall(target, transcript, { policy: batch.policy, monotonic: monotonicMs }));
      say({
        kind: "result",
        batch: batch.id,
        result: {
          ...resultOf(target.serverId, transcript, target.routine),
          ...(look && { look }),
          ...newList(transcript, target.knownLists),
        },
      });
    }),
  );
  say({ kind: "done", batch: batch.id });
}

if (process.send) {
  new Worker(WATCH_PARENT, { eval: true }).unref();
  setInterval(() => say({ kind: "alive" }), ALIVE_MS);
  process.on("message", (batch: Batch) => {
    run(batch).catch(() => process.exit(70)); // Whatever this is, a fresh process is better than this one.
  });
  process.on("disconnect", () => process.exit(0));
  say({ kind: "ready", holder: holder.publicKey });
}
