// One region's process as `npm start` runs it: ready, probing, and gone without a trace when it is told or killed.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Redis } from "ioredis";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { fleetServer, freePort, type TestServer } from "#lib/testing/servers";
import { testSettings } from "#lib/testing/settings";
import { scheduler } from "../probe/schedule.ts";
import { sealedStream } from "../probe/slots.ts";

const MAIN = join(import.meta.dirname, "../probe/main.ts");
let db: TestDatabase;
let store: TestRedis;
let forget: () => void;
let target: TestServer;
let child: ChildProcess | undefined;

beforeAll(async () => {
  db = await testDatabase();
  store = testRedis();
  forget = testSettings(db);
  target = await fleetServer("modern");
  await makeRegion(db, "fra");
});
afterEach(() => {
  if (child?.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
});
afterAll(async () => {
  forget();
  await Promise.all([target.close(), store.close(), db.close()]);
});

async function start(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ port: number; stderr: () => string }> {
  const port = await freePort();
  let text = "";
  const started = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      REDIS_URL: store.url,
      TOCSIN_REDIS_PREFIX: store.prefix,
      TOCSIN_HEALTH_PORT: String(port),
      LOG_LEVEL: "fatal",
      ...env,
    },
  });
  started.stderr?.on("data", (bytes) => (text += bytes));
  child = started;
  return { port, stderr: () => text };
}

async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`not in time: ${what}`);
}

const ready = (port: number) =>
  until("ready", () =>
    fetch(`http://127.0.0.1:${port}/ready`)
      .then((r) => r.ok)
      .catch(() => false),
  );
const exit = () =>
  until("exit", () =>
    child?.exitCode !== null || child.signalCode !== null ? { code: child?.exitCode, signal: child?.signalCode } : null,
  );

/** Prober processes whose parent is the region's process: others on this machine are not ours to count. */
function probers(): number[] {
  return readdirSync("/proc")
    .filter((p) => /^\d+$/.test(p))
    .map(Number)
    .filter((pid) => {
      try {
        // The name, in parentheses, may hold blanks: the parent is the second field after it.
        const parent = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1];
        return (
          Number(parent) === child?.pid &&
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker/probe/prober.ts") &&
          readFileSync(`/proc/${pid}/environ`, "utf8").length < 100
        );
      } catch {
        return false;
      }
    });
}

const running = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker/probe/prober.ts");
  } catch {
    return false;
  }
};

describe("a region's process", () => {
  test("probes what is due, says that it is there, and drains on SIGTERM", async () => {
    const tenant = await makeTenant(db);
    await db.sql(
      "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now())",
      [tenant.id, randomUUID()],
    );
    const id = await makeServer(db, tenant.id, { url: target.url });
    const { port } = await start(["--region", "fra"]);
    await ready(port);
    const queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
    const s = scheduler({ sweeper: db.sweeper, redis: store.redis, queueRedis, prefix: store.prefix });
    await s.tick(new Date());
    const entry = await until(
      "a sealed slot",
      async () => (await store.redis.xrange(sealedStream(store.prefix), "-", "+"))[0],
    );
    expect(JSON.parse(entry[1][1] ?? "")).toMatchObject({
      serverId: id,
      expected: ["fra"],
      outcomes: { fra: { status: "up", reason: null, era: "modern", tools: { count: 2 } } },
      transcripts: { fra: { toolCount: 2 } },
    });
    const ours = probers();
    expect(ours.length).toBeGreaterThan(0);
    const [row] = await db.sql<{ region: string; stopped_at: Date | null }>(
      "SELECT region, stopped_at FROM process WHERE kind = 'prober'",
    );
    expect(row).toMatchObject({ region: "fra", stopped_at: null });

    child?.kill("SIGTERM");
    expect(await exit()).toEqual({ code: 0, signal: null });
    expect(ours.filter(running)).toEqual([]);
    expect((await db.sql("SELECT 1 FROM process WHERE kind = 'prober' AND stopped_at IS NOT NULL")).length).toBe(1);
    await s.close();
    queueRedis.disconnect();

    // The same again, killed: its probers notice and end by themselves.
    await db.sql("UPDATE server SET paused = true");
    const again = await makeServer(db, tenant.id, { url: `${target.url}?again` });
    const { port: secondPort } = await start(["--region", "fra"]);
    await ready(secondPort);
    const secondRedis = new Redis(store.url, { maxRetriesPerRequest: null });
    const t = scheduler({ sweeper: db.sweeper, redis: store.redis, queueRedis: secondRedis, prefix: store.prefix });
    await t.probeNow({ tenantId: tenant.id, serverId: again, requestId: randomUUID() }, new Date());
    const left = await until("a prober", () => {
      const now = probers();
      return now.length > 0 ? now : null;
    });
    child?.kill("SIGKILL");
    await until("the probers to end", () => !left.some(running));
    await t.close();
    secondRedis.disconnect();
  });

  test.each([
    [["--region", "Not A Region!"], {}, /Say which region this is/],
    [[], {}, /Say which region this is/],
    [["--region", "fra"], { TOCSIN_SECRET: "short" }, /TOCSIN_SECRET/],
  ])("refuses %j with one sentence before it does anything", async (args, env, sentence) => {
    const { stderr } = await start(args, env as Record<string, string>);
    expect((await exit()).code).toBe(1);
    expect(stderr()).toMatch(sentence);
    expect(stderr().trim().split("\n")).toHaveLength(1);
  });
});
