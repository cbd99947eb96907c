// A real worker, its own stream, pipeline, outbox and health port: the made-up alert comes back to it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stuckPart } from "#lib/domain/selftest";
import { type Road, road } from "#lib/testing/road";
import { selftestFacts } from "../selftest/selftest.ts";

let r: Road;
let worker: ChildProcess | undefined;
beforeAll(async () => {
  r = await road();
  // The process lives by the machine's own clock.
  r.clock.restore();
});
afterAll(async () => {
  if (worker !== undefined && worker.exitCode === null && worker.signalCode === null) {
    worker.kill("SIGKILL");
    await once(worker, "exit");
  }
  await r.close();
});

test("a worker's self-test comes back to its own health port, and frozen it is missed by whoever looks", {
  timeout: 60_000,
}, async () => {
  worker = spawn(process.execPath, ["worker/main.ts", "--duties", "schedule,decide,deliver"], {
    cwd: join(import.meta.dirname, "../.."),
    env: {
      ...{ ...process.env, NODE_ENV: "test", LOG_LEVEL: "fatal" },
      ...{ DATABASE_URL_WORKER: r.db.workerUrl, DATABASE_URL_SWEEPER: r.db.sweeperUrl },
      ...{ REDIS_URL: r.redis.url, TOCSIN_REDIS_PREFIX: r.redis.prefix },
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const facts = () => selftestFacts(r.db.sweeper);
  await expect.poll(async () => (await facts()).newest?.step, { timeout: 45_000, interval: 200 }).toBe("seen");
  worker.kill("SIGSTOP");
  const seen = (await facts()).lastSeenAt?.getTime() ?? 0;
  // What the console works out of the same rows as time goes by.
  expect(stuckPart(await facts(), new Date(seen + 10_000))).toBeNull();
  expect(stuckPart(await facts(), new Date(seen + 50_000))).toMatch(/Nothing is scheduled/);
});
