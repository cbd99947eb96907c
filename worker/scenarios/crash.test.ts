// kill -9 at each named point of the road, for each sink: nothing is lost, and a repeat happens only where nobody can
// recognise it, once per kill, and says so.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CRASH_POINTS, type CrashPoint } from "#lib/adapters/crash";
import { REGIONS, type Road, road } from "#lib/testing/road";
import { makeServer } from "#lib/testing/make";
import { anOutcome } from "#lib/testing/sealed";
import { sinks } from "#lib/sinks/index";
import type { SinkKind } from "#lib/sinks/sink";
import { REPEAT_MARK } from "#lib/sinks/words";
import { record } from "../probe/record.ts";

let r: Road;
beforeAll(async () => {
  r = await road();
  // These processes live by the machine's own clock.
  r.clock.restore();
});
afterAll(() => r.close());

const ROOT = join(import.meta.dirname, "../..");
const DEADLINE_MS = 25_000;

function settings(more: Record<string, string>): NodeJS.ProcessEnv {
  const b = r.vendors.bases;
  return {
    ...process.env,
    NODE_ENV: "test",
    DATABASE_URL_WORKER: r.db.workerUrl,
    DATABASE_URL_SWEEPER: r.db.sweeperUrl,
    REDIS_URL: r.redis.url,
    TOCSIN_REDIS_PREFIX: r.redis.prefix,
    TOCSIN_CA_FILE: r.vendors.caFile,
    TOCSIN_PAGERDUTY_SERVER: b.pagerduty,
    TOCSIN_OPSGENIE_US_URL: b.opsgenieUs,
    TOCSIN_DISCORD_URL: b.discord,
    TOCSIN_SLACK_URL: b.slack,
    TOCSIN_SLACK_HOOKS_URL: b.slackHooks,
    TOCSIN_SMTP_URL: b.smtp,
    LOG_LEVEL: "fatal",
    ...more,
  };
}

function worker(crashAt?: CrashPoint): ChildProcess {
  return spawn(process.execPath, ["worker/main.ts", "--duties", "decide,deliver,seal"], {
    cwd: ROOT,
    env: settings(crashAt ? { TOCSIN_CRASH_AT: crashAt } : {}),
    stdio: ["ignore", "inherit", "inherit"],
  });
}

async function killed(child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGTERM"), DEADLINE_MS);
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  expect(signal, "the process died at its point").toBe("SIGKILL");
}

/** Three regions saw the server refuse; the slot is over. A prober dies where the point is on its part of the road. */
async function sealABadSlot(tenantId: string, serverId: string, point: CrashPoint): Promise<void> {
  const slot = Math.floor((Date.now() - 60_000) / 60_000) * 60_000;
  const plan = { tenantId, serverId, slot, intervalS: 60, expected: [...REGIONS] };
  const at = slot + 5_000;
  const dying = { after_record: "fra", after_seal: "sin" }[point as string];
  for (const region of REGIONS) {
    const outcome = anOutcome(
      { tenantId, serverId, slot, region },
      { reason: "connection_refused", status: "down", evidence: { errorCode: "ECONNREFUSED" } },
    );
    if (region === dying) {
      const given = { url: r.redis.url, prefix: r.redis.prefix, plan, outcome, at, crashAt: point };
      await killed(
        spawn(process.execPath, ["lib/testing/record-once.ts", JSON.stringify(given)], {
          cwd: ROOT,
          stdio: ["ignore", "inherit", "inherit"],
        }),
      );
    } else await record(r.redis.redis, r.redis.prefix, plan, outcome, null, new Date(at));
  }
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + DEADLINE_MS; !(await done()); await sleep(30)) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
  }
}

const settled = async (tenantId: string) => {
  const rows = await r.db.sql<{ state: string }>("SELECT state FROM delivery WHERE tenant_id = $1", [tenantId]);
  return rows.length > 0 && rows.every((row) => row.state === "sent");
};

/** Leases of the dead run out: the time they had left is taken away instead of waited for. */
const leasesRunOut = (tenantId: string) =>
  r.db.sql(
    "UPDATE delivery SET lease_until = clock_timestamp() - interval '1 s' WHERE tenant_id = $1 AND state = 'leased'",
    [tenantId],
  );

async function crashAndRecover(
  point: CrashPoint,
  kinds: readonly SinkKind[],
): Promise<{ pages: Record<string, number>; texts: Record<string, string[]> }> {
  const { id: tenantId, sinks: made } = await r.tenant();
  const others = [...made].filter(([kind]) => !kinds.includes(kind)).map(([, id]) => id);
  await r.db.sql("UPDATE sink SET removed_at = now() WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", [
    tenantId,
    others,
  ]);
  const serverId = await makeServer(r.db, tenantId, { fireAfter: 1 });
  const before = Object.fromEntries(
    kinds.map((k) => [k, { pages: r.vendors.pages(k), received: r.vendors.received(k).length }]),
  );
  await sealABadSlot(tenantId, serverId, point);
  if (point !== "after_record" && point !== "after_seal") await killed(worker(point));
  await leasesRunOut(tenantId);
  const second = worker();
  try {
    await until(`every delivery sent after a kill at ${point}`, () => settled(tenantId));
  } finally {
    second.kill("SIGTERM");
    // 0 after an ordered drain; by the signal itself when there was nothing left to do before it was up.
    expect(["0", "SIGTERM"]).toContain(String((await once(second, "exit")).find((x) => x !== null)));
  }
  const incidents = await r.db.sql("SELECT 1 FROM incident WHERE tenant_id = $1", [tenantId]);
  expect(incidents).toHaveLength(1);
  return {
    pages: Object.fromEntries(kinds.map((k) => [k, r.vendors.pages(k) - (before[k]?.pages ?? 0)])),
    texts: Object.fromEntries(
      kinds.map((k) => [
        k,
        r.vendors
          .received(k)
          .slice(before[k]?.received)
          .map((item) => JSON.stringify(item.body)),
      ]),
    ),
  };
}

const DELIVERY_POINTS: readonly CrashPoint[] = [
  "before_claim",
  "after_claim",
  "before_request",
  "after_request",
  "inside_settle_tx",
  "after_settle",
];
const EARLY_POINTS = CRASH_POINTS.filter((p) => !DELIVERY_POINTS.includes(p));
const kinds = sinks.map((s) => s.kind);

test.each(EARLY_POINTS)("killed at %s: every sink still gets its one page", async (point) => {
  const { pages } = await crashAndRecover(point, kinds);
  expect(pages).toEqual(Object.fromEntries(kinds.map((k) => [k, 1])));
});

/** The request went out and was not settled: only then can a second one follow. */
const MAY_REPEAT: readonly CrashPoint[] = ["after_request", "inside_settle_tx"];
const RECOGNISED: readonly SinkKind[] = ["pagerduty", "opsgenie", "webhook"];

const table = DELIVERY_POINTS.flatMap((point) => kinds.map((kind) => ({ point, kind })));
test.each(table)("killed at $point: $kind is told, and a repeat is marked", async ({ point, kind }) => {
  const { pages, texts } = await crashAndRecover(point, [kind]);
  const requests = texts[kind] ?? [];
  const repeats = MAY_REPEAT.includes(point) ? 1 : 0;
  expect(requests).toHaveLength(1 + repeats);
  expect(pages[kind]).toBe(1 + (RECOGNISED.includes(kind) ? 0 : repeats));
  if (repeats > 0 && !RECOGNISED.includes(kind))
    expect(requests.at(-1)).toContain(JSON.stringify(REPEAT_MARK).slice(1, -1));
});
