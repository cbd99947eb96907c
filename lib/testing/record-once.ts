// A process that records one outcome given as JSON on its command line, and may be told to die right after. Stands for
// the prober whose machine is switched off at that moment.
import { Redis } from "ioredis";
import { armCrashPoint } from "#lib/adapters/crash";
import type { Outcome } from "#lib/domain/outcome";
import { record, type SlotPlan } from "../../worker/probe/record.ts";

const { url, prefix, plan, outcome, at, crashAt } = JSON.parse(process.argv[2] ?? "{}") as {
  url: string;
  prefix: string;
  plan: SlotPlan;
  outcome: Outcome;
  at: number;
  crashAt: string;
};
armCrashPoint(crashAt);
await record(new Redis(url), prefix, plan, outcome, null, new Date(at));
process.exit(0);
