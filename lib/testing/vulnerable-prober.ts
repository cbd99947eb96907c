// A prober that has every fault that a server could hope for: what the path of a URL names is done to it. All the rest
// is the real one's work, so that tests and measurements of the supervisor need no such fault in the product.
import { monotonicMs } from "#lib/adapters/clock";
import { leaseHolder } from "#lib/adapters/secrets/lease";
import { openBatch } from "../../worker/probe/leased.ts";
import type { Batch, FromProber } from "../../worker/probe/prober.ts";
import { resultOf } from "../../worker/probe/result.ts";
import { probe, type ProbeTarget } from "../../worker/probe/transcript.ts";

export const FAULTS = ["spin", "hog", "hang", "chat", "print", "exit"] as const;
export type Fault = (typeof FAULTS)[number];

const say = (message: FromProber) => process.send?.(message);
const forever = () => new Promise<never>(() => {});
const hoard: Buffer[] = [];

const FAULT: Record<Fault, (batch: Batch, target: ProbeTarget) => Promise<unknown>> = {
  /** Never lets go of the loop. */
  async spin() {
    for (;;);
  },
  /** Takes memory that no heap limit counts. */
  async hog() {
    for (;;) {
      hoard.push(Buffer.alloc(16 * 1024 * 1024, 1));
      await new Promise((next) => setImmediate(next));
    }
  },
  /** Does not hear that it is told to end. */
  hang: forever,
  /** The same, and says all the time that it gets on. */
  async chat(batch, { serverId }) {
    const step = { phase: "probe" as const, title: "Still at it", startMs: 0, durationMs: 1 };
    setInterval(() => say({ kind: "step", batch: batch.id, serverId, step }), 50);
    await forever();
  },
  async print() {
    for (;;) {
      await new Promise((next) => process.stdout.write("x".repeat(65_536), next));
    }
  },
  async exit() {
    process.exit(3);
  },
};

async function run(batch: Batch): Promise<void> {
  await Promise.all(
    openBatch(batch, holder).map(async (target) => {
      const name = new URL(target.url).pathname.slice(1).split("/")[0] as Fault;
      if (FAULTS.includes(name)) await FAULT[name](batch, target);
      const transcript = await probe(target, { policy: batch.policy, monotonic: monotonicMs, boundMs: batch.softMs });
      say({ kind: "result", batch: batch.id, result: resultOf(target.serverId, transcript) });
    }),
  );
  say({ kind: "done", batch: batch.id });
}

const holder = leaseHolder();
if (process.send) {
  setInterval(() => say({ kind: "alive" }), 500);
  process.on("message", (batch: Batch) => void run(batch));
  process.on("disconnect", () => process.exit(0));
  say({ kind: "ready", holder: holder.publicKey });
}
