// `npm run bench`: every measurement with something to compare it with, in the same run. Machines are noisy: read the
// ratios. `npm run bench -- outbox` runs one of them.
import { parseArgs } from "node:util";
import { benchAudit } from "./audit.ts";
import { benchChaos } from "./chaos.ts";
import { benchSeal } from "./audit-seal.ts";
import { benchHostile } from "./hostile.ts";
import { benchIdle } from "./idle.ts";
import { benchOutbox } from "./outbox.ts";
import { benchPage } from "./page.ts";
import { benchScale } from "./scale.ts";
import { benchSealing } from "./seal.ts";
import { benchSinks } from "./sinks.ts";
import { print, type Row, stores } from "./parts.ts";
import { benchProbe } from "./probe.ts";
import { benchRewrap } from "./rewrap.ts";
import { benchStorm } from "./storm.ts";
import { benchWorker } from "./worker.ts";

const { positionals: asked, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string" },
    changes: { type: "string" },
    kills: { type: "string" },
    stores: { type: "string" },
    servers: { type: "string" },
    tenants: { type: "string" },
    seconds: { type: "string" },
  },
});
/** How long a measurement by the clock lasts: --minutes, or its own length. */
const minutes = (own: number): number => Number(values.minutes ?? own) || own;

const MEASUREMENTS: Record<string, { title: string; run: () => Promise<Row[]> }> = {
  probe: {
    title: "Probe sequences (handshake, tool list, end of session) per second of this process's CPU",
    run: benchProbe,
  },
  worker: {
    title: "Full checks by the whole worker, CPU-seconds per 1,000 (--minutes N, 1 when absent)",
    run: () => benchWorker(60 * minutes(1)),
  },
  idle: { title: "Memory for each server that is registered and not due", run: benchIdle },
  scale: {
    title: "2,000 servers from five regions every minute on this machine (--minutes N, 10 when absent)",
    run: () => benchScale(minutes(10)),
  },
  seal: {
    title: "Store writes through the sealing script, each slot compared afterwards (--minutes N, 5 when absent)",
    run: () => benchSealing(60 * minutes(5)),
  },
  hostile: {
    title:
      "What ten tenants notice of fifty hostile servers of an eleventh, from one region (--minutes N, 3 when absent)",
    run: () => benchHostile(minutes(3)),
  },
  outbox: { title: "Deliveries of the outbox to a webhook receiver", run: benchOutbox },
  sinks: { title: "What six sinks notice of four others that are in trouble", run: benchSinks },
  chaos: {
    title:
      "Incident changes while workers are killed, PostgreSQL crashes and Redis is killed or emptied (--changes, --kills, --stores of each, --minutes at most)",
    run: () =>
      benchChaos({
        changes: Number(values.changes ?? 10_000),
        kills: Number(values.kills ?? 200),
        postgres: Number(values.stores ?? 20),
        redis: Number(values.stores ?? 20),
        minutes: minutes(60),
      }),
  },
  storm: {
    title:
      "Servers of many tenants fail within a minute for one cause, one for another (--servers 5000, --tenants 200, --seconds 60)",
    run: () =>
      benchStorm({
        ...{ servers: Number(values.servers ?? 5_000), tenants: Number(values.tenants ?? 200) },
        ...{ seconds: Number(values.seconds ?? 60), workers: 1 },
      }),
  },
  page: { title: "From the seal of the deciding slot to the request at the sink", run: benchPage },
  audit: { title: "Verification of the audit log, events per second", run: benchAudit },
  rewrap: { title: "Replacing the key above 10,000 tenants' data keys while secrets are read", run: benchRewrap },
  "audit-seal": {
    title: "Sealed events of one tenant: 16 writers, 10 ms of other work in each transaction",
    run: benchSeal,
  },
};

const unknown = asked.find((name) => !(name in MEASUREMENTS));
if (unknown !== undefined) {
  console.error(`There is no measurement "${unknown}": choose from ${Object.keys(MEASUREMENTS).join(", ")}.`);
  process.exit(1);
}

const running = await stores();
try {
  for (const [name, { title, run }] of Object.entries(MEASUREMENTS)) {
    // "audit" asks for both of its tables.
    if (asked.length === 0 || asked.some((a) => name === a || name.startsWith(`${a}-`))) print(title, await run());
  }
} finally {
  await running.stop();
}
process.exit(0);
