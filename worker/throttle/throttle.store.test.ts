// Kills as rows, the slower pace that follows them, and the one page a day that tells of it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { execute } from "#lib/commands/command";
import { releaseProbes } from "#lib/commands/prober/release";
import { killedRuns, runSums, slowTenants } from "#lib/queries/probers";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import type { ProberExit } from "../probe/prober-process.ts";
import { watchPace } from "./pace.ts";
import { runBook } from "./runs.ts";

const log = createLog("test", "fatal");
const DAY = Date.UTC(2026, 10, 21);
const at = (minutes: number) => new Date(DAY + minutes * 60_000);

let db: TestDatabase;
let tenantId: string;
let serverId: string;

beforeAll(async () => {
  db = await testDatabase();
});
beforeEach(async () => {
  await db.sql("DELETE FROM probe_pace");
  await db.sql("DELETE FROM probe_kill");
  tenantId = (await makeTenant(db)).id;
  serverId = await makeServer(db, tenantId, { name: "Spinner" });
  await makeSink(db, tenantId, { kind: "slack", name: "ops", config: {} });
});
afterAll(() => db.close());

function exit(endedAt: Date, given: Partial<ProberExit> = {}): ProberExit {
  return {
    ...{ id: randomUUID(), pid: 4711, startedAt: new Date(endedAt.getTime() - 60_000), endedAt, reason: "wall" },
    ...{ exitCode: null, signal: "SIGKILL", probes: 25, maxRssBytes: 90e6, cpuMs: 1_200, lifeMs: 60_000 },
    ...{ stdoutBytes: 3, stderrBytes: 0, culprit: { tenantId, serverIds: [serverId], batchMs: 50_050 } },
    ...given,
  };
}
async function kill(...minutes: number[]) {
  const book = runBook(db.workerDb, "fra", log);
  for (const m of minutes) book.add(exit(at(m)));
  await book.flush();
}
const look = (minutes: number) => watchPace(db.workerDb, db.sweeper, at(minutes), log);
const factor = async () => (await db.sql("SELECT factor FROM probe_pace WHERE tenant_id = $1", [tenantId]))[0]?.factor;
const pages = async () =>
  (
    await db.sql(
      "SELECT i.subject_kind, i.reason, i.severity, n.kind FROM notice n JOIN incident i ON i.tenant_id = n.tenant_id AND i.id = n.incident_id WHERE n.tenant_id = $1 AND n.kind = 'trigger'",
      [tenantId],
    )
  ).map((r) => `${r.subject_kind} ${r.reason} ${r.severity}`);
const live = async () =>
  (await db.sql("SELECT 1 FROM incident WHERE tenant_id = $1 AND state <> 'resolved'", [tenantId])).length;
const logged = async (action: string) =>
  db.sql("SELECT target, body FROM audit.event WHERE tenant_id = $1 AND action = $2", [tenantId, action]);

describe("the end of a prober process", () => {
  test("a kill has its run, its row in the tenant and its row in the log, all at once, with the server named", async () => {
    const killed = exit(at(0));
    const book = runBook(db.workerDb, "fra", log);
    book.add(killed);
    await book.flush();
    expect(
      await db.sql("SELECT reason, probes, cpu_ms::int, culprit_id FROM prober_run WHERE id = $1", [killed.id]),
    ).toEqual([{ reason: "wall", probes: 25, cpu_ms: 1_200, culprit_id: tenantId }]);
    expect(await db.sql("SELECT server_id, servers, why FROM probe_kill WHERE run_id = $1", [killed.id])).toEqual([
      { server_id: serverId, servers: 1, why: "wall" },
    ]);
    const [row] = await logged("prober.kill");
    expect(row?.target).toBe(`server:${serverId}`);
    expect(JSON.parse(row?.body)).toMatchObject({ why: "it was not done after 50 s", region: "fra", run: killed.id });
  });

  test("a kill whose row of the log cannot be written leaves no run either, and is written when it can", async () => {
    const killed = exit(at(0));
    const book = runBook(db.workerDb, "fra", log);
    await db.sql("REVOKE INSERT ON audit.event FROM tocsin_worker");
    book.add(killed);
    await expect(book.flush()).rejects.toThrow();
    expect(await db.sql("SELECT 1 FROM prober_run WHERE id = $1", [killed.id])).toEqual([]);
    await db.sql("GRANT INSERT ON audit.event TO tocsin_worker");
    await book.flush();
    await book.flush();
    expect(await db.sql("SELECT 1 FROM prober_run WHERE id = $1", [killed.id])).toHaveLength(1);
    expect(await logged("prober.kill")).toHaveLength(1);
  });

  test("a kill that is refused for good holds up no other end, and one that was written already is not counted twice", async () => {
    const book = runBook(db.workerDb, "fra", log);
    const killed = exit(at(0));
    const refused = exit(at(0), { culprit: { tenantId: randomUUID(), serverIds: [], batchMs: 9 } });
    const worn = exit(at(0), { reason: "recycled", culprit: null });
    for (const one of [refused, killed, worn]) book.add(one);
    await expect(book.flush()).rejects.toThrow();
    // The answer to a commit that was lost: the same kill comes again.
    book.add(killed);
    await expect(book.flush()).rejects.toThrow();
    expect(await db.sql("SELECT 1 FROM prober_run WHERE id = ANY ($1)", [[killed.id, worn.id]])).toHaveLength(2);
    expect(await db.sql("SELECT 1 FROM probe_kill WHERE run_id = $1", [killed.id])).toHaveLength(1);
    expect(await logged("prober.kill")).toHaveLength(1);
  });

  test("several that might have done it are counted and not named; ordinary ends name nobody", async () => {
    const book = runBook(db.workerDb, "fra", log);
    const [batch, worn] = [
      exit(at(0), { culprit: { tenantId, serverIds: [serverId, randomUUID()], batchMs: 9 } }),
      exit(at(0), { reason: "recycled", culprit: null }),
    ];
    book.add(batch);
    book.add(worn);
    await book.flush();
    expect(await db.sql("SELECT server_id, servers FROM probe_kill WHERE tenant_id = $1", [tenantId])).toEqual([
      { server_id: null, servers: 2 },
    ]);
    expect((await logged("prober.kill"))[0]?.target).toBe(`tenant:${tenantId}`);
    expect(await db.sql("SELECT culprit_id FROM prober_run WHERE id = $1", [worn.id])).toEqual([{ culprit_id: null }]);
  });

  test("runs and kills go after thirty days, and not before", async () => {
    await kill(0);
    const gone = (days: number) =>
      db.workerDb.global(
        (tx) => tx.$queryRaw<{ n: number }[]>`SELECT app.forget_prober_runs(${at(days * 1_440)}, 1000) AS n`,
      );
    await gone(-1);
    expect(await db.sql("SELECT 1 FROM probe_kill WHERE tenant_id = $1", [tenantId])).toHaveLength(1);
    await gone(31);
    expect(await db.sql("SELECT 1 FROM probe_kill WHERE tenant_id = $1", [tenantId])).toHaveLength(0);
  });
});

describe("a tenant with three kills in an hour", () => {
  test("is slowed down and paged once by its own policy, and is itself again an hour later", async () => {
    await kill(0, 1);
    expect(await look(1)).toEqual({ cut: 0, released: 0 });
    await kill(2);
    expect(await look(2)).toEqual({ cut: 1, released: 0 });
    expect([await factor(), await pages()]).toEqual([4, ["tenant probe_throttled P2"]]);
    expect((await logged("prober.throttle")).map((r) => JSON.parse(r.body))).toEqual([{ was: 1, factor: 4, kills: 3 }]);
    await look(61);
    expect([await factor(), await live()]).toEqual([4, 1]);
    expect(await look(62)).toEqual({ cut: 0, released: 1 });
    expect([await factor(), await live(), (await pages()).length]).toEqual([1, 0, 1]);
  });

  test("480 kills in a day, seen by two workers at once, are one page", async () => {
    // Twenty an hour: the day through it is slowed down, and each hour somebody looks.
    await db.sql(
      `INSERT INTO probe_kill (tenant_id, id, run_id, region, server_id, servers, why, batch_ms, at)
       SELECT $1, gen_random_uuid(), gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'fra' ELSE 'iad' END, $2, 1, 'wall', 50050, $3::timestamptz + n * interval '3 minutes'
       FROM generate_series(0, 479) AS n`,
      [tenantId, serverId, at(0)],
    );
    for (let hour = 1; hour <= 24; hour++) await Promise.all([look(hour * 60 - 1), look(hour * 60 - 1)]);
    expect(await db.sql("SELECT count(*)::int AS n FROM probe_kill WHERE tenant_id = $1", [tenantId])).toEqual([
      { n: 480 },
    ]);
    expect([await factor(), await pages()]).toEqual([16, ["tenant probe_throttled P2"]]);
  });

  test("is slowed down also while another one cannot be", async () => {
    const other = (await makeTenant(db)).id;
    const book = runBook(db.workerDb, "fra", log);
    for (const of of [tenantId, tenantId, tenantId, other, other, other])
      book.add(exit(at(0), { culprit: { tenantId: of, serverIds: [], batchMs: 9 } }));
    await book.flush();
    let asked = 0;
    const failing: typeof db.workerDb = {
      ...db.workerDb,
      withTenant: (context, fn) =>
        asked++ === 0 ? Promise.reject(new Error("refused")) : db.workerDb.withTenant(context, fn),
    };
    await expect(watchPace(failing, db.sweeper, at(2), log)).rejects.toThrow("refused");
    expect(await db.sql("SELECT factor FROM probe_pace WHERE factor > 1")).toHaveLength(1);
  });

  test("cut again on the same day is slowed down without a second page; the next day it is told again", async () => {
    for (const from of [0, 200, 400]) {
      await kill(from, from + 1, from + 2);
      await look(from + 2);
      expect(await factor()).toBe(4);
      await look(from + 100);
    }
    expect(await pages()).toHaveLength(1);
    await kill(1_440, 1_441, 1_442);
    await look(1_442);
    expect(await pages()).toHaveLength(2);
  });

  test("is let go by hand: the incident ends, and only new kills count", async () => {
    await kill(0, 1, 2);
    await look(2);
    const who = { personId: randomUUID(), name: "Ann", tenantId, layers: ["operator"] as const, authTime: at(3) };
    const other = (await makeTenant(db)).id;
    await expect(execute(db.appDb, releaseProbes, { ...who, tenantId: other }, { tenantId })).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
    await execute(db.appDb, releaseProbes, who, { tenantId });
    await db.sql("UPDATE probe_pace SET released_at = $2 WHERE tenant_id = $1", [tenantId, at(3)]);
    expect(await factor()).toBe(1);
    await look(4);
    expect([await factor(), await live()]).toEqual([1, 0]);
    expect(await logged("prober.release")).toHaveLength(1);
  });
});

describe("what the page of probers is made of", () => {
  test("names a tenant by its slug, its kills and its pace, and nothing that it watches", async () => {
    await db.sql("DELETE FROM prober_run");
    await kill(0, 1, 2);
    await look(2);
    const home = { tenantId: PLATFORM_TENANT, actorId: randomUUID(), readOnly: true };
    const page = await db.appDb.withTenant(home, async (tx) => ({
      slow: await slowTenants(tx, home, at(3)),
      killed: await killedRuns(tx, 50),
      sums: await runSums(tx, at(3)),
    }));
    expect(page.slow).toMatchObject([
      { tenantId, kills: 3, lastAt: at(2).getTime(), factor: 4, until: at(62).getTime() },
    ]);
    expect(page.killed[0]).toMatchObject({ reason: "wall", probes: 25, cpuMs: 1_200, slug: page.slow[0]?.slug });
    expect(page.sums).toMatchObject([{ reason: "wall", runs: 3, probes: 75, cpuS: 4, mostMb: 86 }]);
    expect(JSON.stringify(page)).not.toMatch(/Spinner|example\.com/);
    expect(JSON.stringify(page)).not.toContain(serverId);
  });
});
