import { randomUUID } from "node:crypto";
import { afterAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import type { Reason } from "#lib/domain/reason";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { aSealedSlot } from "#lib/testing/sealed";
import { decide } from "../pipeline/decide.ts";
import { offlineNote } from "../probe/offline.ts";
import { watch, watcher } from "./watch.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;
let db: TestDatabase;
let tenantId: string;
let now: number;
const ids: Record<string, string> = {};

// A database of its own for each: the watch looks at everything there is.
beforeEach(async () => {
  db = await testDatabase();
  now = START;
  await db.sql("UPDATE region SET enabled = false");
  for (const region of ["fra", "iad"]) await makeRegion(db, region);
  await db.sql("UPDATE region SET enabled = name IN ('fra', 'iad')");
  for (const key of ["worker", "guard", "fra", "iad"]) ids[key] = randomUUID();
  tenantId = (await makeTenant(db)).id;
  for (const of of [tenantId, PLATFORM_TENANT])
    await makeSink(db, of, { kind: "pagerduty", name: "pager", config: { region: "us" } });
  await beat("worker", "guard", "fra", "iad");
});
afterEach(() => db.close());
afterAll(() => {});

async function beat(...keys: string[]) {
  for (const key of keys) {
    const kind = key === "worker" || key === "guard" ? key : "prober";
    await db.sql(
      `INSERT INTO process (id, kind, region, host, started_at, heartbeat_at) VALUES ($1, $2, $3, 'h', $4, $5)
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`,
      [ids[key], kind, kind === "prober" ? key : null, new Date(START - 60 * MINUTE), new Date(now)],
    );
  }
}
const look = () => watch(db.workerDb, db.sweeper, new Date(now));
const seal = (serverId: string, saw: Reason | "up" = "up") =>
  decide(db.workerDb, aSealedSlot({ tenantId, serverId, slot: now - MINUTE }, { fra: saw, iad: saw }), new Date(now));
/** Minutes pass; who is named keeps beating, and the watch looks each time. */
async function pass(minutes: number, ...alive: string[]) {
  for (let i = 0; i < minutes; i++) {
    now += MINUTE;
    await beat(...alive);
    await look();
  }
}
const ALL = ["worker", "guard", "fra", "iad"];
const incidents = (of = tenantId) =>
  db.sql(
    "SELECT subject_kind, subject_name, reason, state, severity FROM incident WHERE tenant_id = $1 ORDER BY number",
    [of],
  );
const statusOf = async (id: string) =>
  (await db.sql("SELECT status, reason FROM server_now WHERE server_id = $1", [id]))[0];

describe("a server", () => {
  test("that nobody has looked at for two intervals is unknown and alerted, once, and closed when it is looked at again", async () => {
    const id = await makeServer(db, tenantId, { clearAfter: 3 });
    await seal(id);
    await pass(2, ...ALL);
    expect(await incidents()).toEqual([]);
    await pass(10, ...ALL);
    expect(await statusOf(id)).toEqual({ status: "unknown", reason: "not_checked" });
    expect(await incidents()).toEqual([
      { subject_kind: "server", subject_name: "A server", reason: "not_checked", state: "open", severity: "P2" },
    ]);
    for (let i = 0; i < 3; i++) {
      now += MINUTE;
      await beat(...ALL);
      await seal(id);
      await look();
    }
    expect(await incidents()).toMatchObject([{ state: "resolved" }]);
    expect(await statusOf(id)).toMatchObject({ status: "up" });
  });

  test("that its tier lets be looked at less often than it is set to is not missed in between", async () => {
    const id = await makeServer(db, tenantId, { intervalS: 15 });
    await db.sql("UPDATE tenant SET tier = 'author' WHERE id = $1", [tenantId]);
    await seal(id);
    await pass(1, ...ALL);
    now += 20_000;
    await look();
    expect([await statusOf(id), await incidents()]).toEqual([{ status: "up", reason: null }, []]);
    await pass(4, ...ALL);
    expect(await incidents()).toMatchObject([{ reason: "not_checked" }]);
  });

  test("that was down stays an incident of its own kind while it is not checked", async () => {
    const id = await makeServer(db, tenantId, { fireAfter: 1 });
    await seal(id, "timeout");
    await pass(6, ...ALL);
    expect((await incidents()).map((i) => [i.reason, i.state])).toEqual([
      ["timeout", "open"],
      ["not_checked", "open"],
    ]);
  });

  test("whose sealed slots hold nothing is not looked at either", async () => {
    const id = await makeServer(db, tenantId);
    for (let i = 0; i < 5; i++) {
      await decide(
        db.workerDb,
        { ...aSealedSlot({ tenantId, serverId: id, slot: now }, { fra: "absent", iad: "absent" }) },
        new Date(now),
      );
      await pass(1, ...ALL);
    }
    expect(await incidents()).toMatchObject([{ reason: "not_checked" }]);
  });

  test.each<[string, (id: string) => Promise<unknown>]>([
    ["is paused", (id) => db.sql("UPDATE server SET paused = true WHERE id = $1", [id])],
    ["is removed", (id) => db.sql("UPDATE server SET removed_at = now() WHERE id = $1", [id])],
    [
      "has just been made",
      (id) => db.sql("UPDATE server SET created_at = $2 WHERE id = $1", [id, new Date(START + 9 * MINUTE)]),
    ],
    [
      "has just been resumed",
      (id) => db.sql("UPDATE server SET watched_from = $2 WHERE id = $1", [id, new Date(START + 9 * MINUTE)]),
    ],
  ])("that %s is left alone", async (_what, change) => {
    await change(await makeServer(db, tenantId));
    await pass(10, ...ALL);
    expect(await incidents()).toEqual([]);
  });

  test.each(["paused = true", "removed_at = now()"])(
    "with an open incident ends it when it is no longer watched (%s)",
    async (change) => {
      const id = await makeServer(db, tenantId, { fireAfter: 1 });
      await seal(id, "timeout");
      await db.sql(`UPDATE server SET ${change} WHERE id = $1`, [id]);
      await pass(1, ...ALL);
      expect(await incidents()).toMatchObject([{ reason: "timeout", state: "resolved" }]);
    },
  );
});

describe("a stopped part of ours", () => {
  test("a region is one alert on the installation's tenant, and its servers are unknown without one each", async () => {
    const servers = await Promise.all(Array.from({ length: 30 }, () => makeServer(db, tenantId, { regions: ["fra"] })));
    for (const id of servers) await seal(id);
    await pass(8, "worker", "guard", "iad");
    expect(await incidents(PLATFORM_TENANT)).toEqual([
      { subject_kind: "region", subject_name: "Region fra", reason: "region_stopped", state: "open", severity: "P2" },
    ]);
    expect(await incidents()).toEqual([]);
    expect(await statusOf(servers[0] as string)).toEqual({ status: "unknown", reason: "region_stopped" });
    await pass(2, ...ALL);
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ state: "resolved" }]);
    expect(await incidents()).toEqual([]);
    // It is back and still nobody looks: from then on that is each server's own alert.
    await pass(4, ...ALL);
    // ... and one for all of them: they have one reason.
    expect(await incidents()).toHaveLength(30 + 1);
  });

  test("the worker is one P1, told at once, and covers the regions that fall silent with it", async () => {
    const id = await makeServer(db, tenantId);
    await seal(id);
    await pass(8, "guard");
    expect(await incidents(PLATFORM_TENANT)).toEqual([
      { subject_kind: "worker", subject_name: "Worker", reason: "worker_stopped", state: "open", severity: "P1" },
    ]);
    expect(await db.sql("SELECT kind, state FROM delivery WHERE tenant_id = $1", [PLATFORM_TENANT])).toEqual([
      { kind: "trigger", state: "pending" },
    ]);
    expect(await statusOf(id)).toEqual({ status: "unknown", reason: "worker_stopped" });
    expect(await incidents()).toEqual([]);
    await pass(1, ...ALL);
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ state: "resolved" }]);
  });

  test("a fault of the probers is one alert for all the servers that they cannot look at", async () => {
    const servers = await Promise.all(Array.from({ length: 5 }, () => makeServer(db, tenantId)));
    for (let i = 0; i < 6; i++) {
      for (const id of servers) await seal(id, "prober_fault");
      await pass(1, ...ALL);
    }
    expect(await incidents()).toEqual([]);
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([
      { subject_name: "Probers", reason: "prober_fault", state: "open" },
    ]);
    for (const id of servers) await seal(id);
    await pass(1, ...ALL);
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ state: "resolved" }]);
  });

  test("two who watch at once open one incident", async () => {
    now += 5 * MINUTE;
    await beat("guard", "worker", "iad");
    await Promise.all([look(), look(), look()]);
    expect(await incidents(PLATFORM_TENANT)).toHaveLength(1);
  });

  test("after a night with everything off nothing is called stopped, or unchecked", async () => {
    await seal(await makeServer(db, tenantId));
    now += 600 * MINUTE;
    for (const key of ALL) ids[key] = randomUUID();
    await db.sql("UPDATE process SET stopped_at = heartbeat_at");
    await db.sql(
      `INSERT INTO process (id, kind, host, started_at, heartbeat_at) VALUES ($1, 'worker', 'h', $2, $2), ($3, 'guard', 'h', $2, $2)`,
      [ids["worker"], new Date(now), ids["guard"]],
    );
    expect(await look()).toEqual({ opened: 0, resolved: 0, covered: 0 });
    now += MINUTE;
    await beat("worker", "guard");
    expect(await look()).toEqual({ opened: 0, resolved: 0, covered: 0 });
  });

  test("a region that is taken out of use while it is silent ends its alert", async () => {
    await pass(4, "worker", "guard", "iad");
    await db.sql("UPDATE region SET enabled = false WHERE name = 'fra'");
    await pass(1, "worker", "guard", "iad");
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ reason: "region_stopped", state: "resolved" }]);
  });
});

describe("a watcher that could not look for a while", () => {
  test("does not call the others stopped because it is the first to come back, nor its servers unchecked", async () => {
    const id = await makeServer(db, tenantId);
    await seal(id);
    const again = watcher(db.workerDb, db.sweeper);
    const minutes = async (n: number, ...alive: string[]) => {
      for (let i = 0; i < n * 4; i++) {
        now += MINUTE / 4;
        await beat(...alive);
        if (alive.includes("worker") && i % 4 === 3) await seal(id);
        await again(new Date(now));
      }
    };
    await minutes(4, ...ALL);
    now += 10 * MINUTE;
    await beat("guard");
    await again(new Date(now));
    await minutes(4, ...ALL);
    expect([...(await incidents()), ...(await incidents(PLATFORM_TENANT))]).toEqual([]);
    await minutes(4, "guard");
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ reason: "worker_stopped", state: "open" }]);
  });

  test("starts with its own start: what was silent before may be about to come", async () => {
    now += 60 * MINUTE;
    await beat("guard");
    await watcher(db.workerDb, db.sweeper)(new Date(now));
    expect(await incidents(PLATFORM_TENANT)).toEqual([]);
  });
});

test("a region that has just been added has its time to start, and is missed after it", async () => {
  const again = watcher(db.workerDb, db.sweeper);
  const minutes = async (n: number) => {
    for (let i = 0; i < n * 2; i++) {
      now += MINUTE / 2;
      await beat(...ALL);
      await again(new Date(now));
    }
  };
  await minutes(4);
  await makeRegion(db, "sin");
  await minutes(1);
  expect(await incidents(PLATFORM_TENANT)).toEqual([]);
  await minutes(2);
  expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ subject_name: "Region sin", state: "open" }]);
});

test("a server whose last slot lies ahead of the clock is not taken for checked", async () => {
  const id = await makeServer(db, tenantId);
  await seal(id);
  await db.sql("UPDATE server_now SET last_slot = $2 WHERE server_id = $1", [id, new Date(now + 600 * MINUTE)]);
  await pass(10, ...ALL);
  expect(await statusOf(id)).toEqual({ status: "unknown", reason: "not_checked" });
  await seal(id);
  expect(await statusOf(id)).toMatchObject({ status: "up" });
});

describe("a region that reaches nothing", () => {
  const say = async (region: string, since: number | null) => {
    await offlineNote(db.workerDb, region)(since === null ? null : new Date(since), new Date(now));
  };
  const fault = (serverId: string) =>
    decide(
      db.workerDb,
      aSealedSlot({ tenantId, serverId, slot: now - MINUTE }, { fra: "prober_fault", iad: "prober_fault" }),
      new Date(now),
    );

  test("has one alert of its own by its city, which ends by itself, and its servers have none", async () => {
    await db.sql("UPDATE region SET city = 'Frankfurt' WHERE name = 'fra'");
    const id = await makeServer(db, tenantId, { regions: ["fra"], fireAfter: 1 });
    await seal(id);
    await pass(1, ...ALL);
    for (let i = 0; i < 6; i++) {
      now += MINUTE;
      await beat(...ALL);
      await say("fra", START);
      await fault(id);
      await look();
    }
    expect(await incidents()).toEqual([]);
    expect(await statusOf(id)).toMatchObject({ status: "unknown" });
    expect(await incidents(PLATFORM_TENANT)).toEqual([
      {
        subject_kind: "region",
        subject_name: "Region Frankfurt",
        reason: "region_offline",
        state: "open",
        severity: "P2",
      },
    ]);
    now += MINUTE;
    await beat(...ALL);
    await say("fra", null);
    await look();
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ state: "resolved" }]);
    expect(await incidents()).toEqual([]);
  });

  test("and then stops altogether is still the one alert", async () => {
    await pass(1, ...ALL);
    await say("fra", now);
    await pass(6, "worker", "guard", "iad");
    expect(await incidents(PLATFORM_TENANT)).toMatchObject([{ subject_kind: "region", state: "open" }]);
  });
});
