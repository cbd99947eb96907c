import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { openDb, Prisma, WORKER_ACTOR } from "./db.ts";
import { liveHint } from "./hint.ts";
import { listen } from "./listen.ts";
import { takeLease } from "./lock.ts";

let db: TestDatabase;
let mine: string;
let theirs: string;
let theirServer: string;

beforeAll(async () => {
  db = await testDatabase();
  mine = (await makeTenant(db)).id;
  theirs = (await makeTenant(db)).id;
  await makeServer(db, mine, { name: "mine" });
  theirServer = await makeServer(db, theirs, { name: "theirs" });
  await makeSink(db, theirs, { kind: "webhook" });
});
afterAll(() => db.close());

const as = (tenantId: string, more: object = {}) => ({ tenantId, actorId: WORKER_ACTOR, ...more });

describe.each([
  ["appDb", false],
  ["workerDb", false],
  ["workerDb", true],
] as const)("as %s, directly: %s", (which, direct) => {
  const as = (tenantId: string) => ({ tenantId, actorId: WORKER_ACTOR, direct });

  test("a transaction sees its own tenant's rows and no others", async () => {
    const names = await db[which].withTenant(as(mine), (tx) => tx.server.findMany({ select: { name: true } }));
    expect(names).toEqual([{ name: "mine" }]);
  });

  test("without a tenant nothing is seen", async () => {
    expect(await db[which].global((tx) => tx.server.findMany())).toEqual([]);
  });

  test("the tenant does not stay on the connection for whoever comes next", async () => {
    for (let i = 0; i < 12; i++) await db[which].withTenant(as(mine), (tx) => tx.server.count());
    const seen = await Promise.all(Array.from({ length: 12 }, () => db[which].global((tx) => tx.server.count())));
    expect(new Set(seen)).toEqual(new Set([0]));
  });

  test("400 interleaved questions of two tenants never mix", async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => {
        const tenantId = i % 2 ? mine : theirs;
        return db[which].withTenant(as(tenantId), async (tx) =>
          (await tx.server.findMany()).every((s) => s.tenantId === tenantId),
        );
      }),
    );
    expect(answers.every(Boolean)).toBe(true);
  });
});

test("a row for another tenant is refused", async () => {
  await expect(
    db.appDb.withTenant(as(mine), (tx) =>
      tx.silence.create({
        data: {
          tenantId: theirs,
          id: randomUUID(),
          comment: "x",
          startsAt: new Date(0),
          endsAt: new Date(0),
          createdAt: new Date(0),
        },
      }),
    ),
  ).rejects.toThrow(/row-level security/);
});

test("a row cannot be moved to another tenant", async () => {
  await expect(
    db.appDb.withTenant(as(mine), (tx) => tx.$executeRaw`UPDATE server SET tenant_id = ${theirs}::uuid`),
  ).rejects.toThrow(/row-level security/);
});

test("a row cannot point at another tenant's row", async () => {
  await expect(
    db.appDb.withTenant(as(mine), (tx) =>
      tx.silence.create({
        data: {
          tenantId: mine,
          serverId: theirServer,
          id: randomUUID(),
          comment: "x",
          startsAt: new Date(0),
          endsAt: new Date(0),
          createdAt: new Date(0),
        },
      }),
    ),
  ).rejects.toThrow(/foreign key/i);
});

test("what fails half-way leaves nothing", async () => {
  await expect(
    db.appDb.withTenant(as(mine), async (tx) => {
      await tx.silence.create({
        data: {
          tenantId: mine,
          id: randomUUID(),
          comment: "x",
          startsAt: new Date(0),
          endsAt: new Date(0),
          createdAt: new Date(0),
        },
      });
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect(await db.appDb.withTenant(as(mine), (tx) => tx.silence.count())).toBe(0);
});

test("a read-only context is read-only in the database", async () => {
  await expect(
    db.appDb.withTenant(as(mine, { readOnly: true }), (tx) => tx.$executeRaw`UPDATE server SET name = 'x'`),
  ).rejects.toThrow(/read-only/);
});

test("several tenants can be read in one question, and still not written", async () => {
  const both = as(mine, { alsoRead: [theirs] });
  expect(await db.appDb.withTenant(both, (tx) => tx.server.count())).toBe(2);
  expect(
    await db.appDb.withTenant(
      both,
      (tx) => tx.$executeRaw`UPDATE server SET name = 'changed' WHERE id = ${theirServer}::uuid`,
    ),
  ).toBe(0);
});

test("the sweeper finds ids over all tenants, and neither names nor secrets", async () => {
  expect(await db.sweeper.find("SELECT id FROM server")).toHaveLength(2);
  await expect(db.sweeper.find("SELECT name FROM server")).rejects.toMatchObject({ code: "42501" });
  await expect(db.sweeper.find("SELECT sealed FROM sink")).rejects.toMatchObject({ code: "42501" });
});

test("a lease has one holder, renews without a new token, and passes on with a higher one when it runs out", async () => {
  const at = (s: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, s));
  expect(await takeLease(db.workerDb, "d", "a", at(0), 10_000)).toBe(1n);
  expect(await takeLease(db.workerDb, "d", "b", at(5), 10_000)).toBeNull();
  expect(await takeLease(db.workerDb, "d", "a", at(6), 10_000)).toBe(1n);
  expect(await takeLease(db.workerDb, "d", "b", at(16), 10_000)).toBe(2n);
  expect(await takeLease(db.workerDb, "d", "a", at(17), 10_000)).toBeNull();
});

test.each<[string, "appDb" | "workerDb", string]>([
  ["a notice is frozen for the console", "appDb", "UPDATE notice SET kind = 'resolve'"],
  ["a notice is frozen for the worker", "workerDb", "UPDATE notice SET kind = 'resolve'"],
  ["a try is never rewritten", "workerDb", "UPDATE delivery_try SET outcome = 'sent'"],
  ["the timeline is never rewritten", "workerDb", "UPDATE incident_event SET sentence = ''"],
  ["the console does not say what was sent", "appDb", "UPDATE delivery SET token = 0"],
  ["the console opens no incident", "appDb", "INSERT INTO incident (tenant_id) VALUES (NULL)"],
  ["the worker moves no region", "workerDb", "UPDATE region SET enabled = false"],
])("%s", async (_what, role, sql) => {
  await expect(db[role].withTenant(as(mine), (tx) => tx.$executeRawUnsafe(sql))).rejects.toThrow(/permission denied/);
});

describe("the direct road", () => {
  const directly = () => ({ tenantId: mine, actorId: WORKER_ACTOR, direct: true });

  test("reads and takes values as the other one does", async () => {
    const at = new Date("2026-11-21T12:00:00.123Z");
    const ask = (direct: boolean) =>
      db.workerDb.withTenant({ ...directly(), direct }, async (tx) => {
        const more = Prisma.sql`, ${"nested"}::text AS nested, 1 IN (${Prisma.join([1, 2])}) AS joined`;
        return tx.$queryRaw<
          object[]
        >`SELECT ${9007199254740993n}::bigint AS big, ${at}::timestamptz AS at, '2026-11-21'::date AS day, ${JSON.stringify({ a: [1] })}::jsonb AS json,
          ${["a", "b"]}::text[] AS list, '{1,2}'::bigint[] AS bigs, ${null}::int AS none, true AS yes, 3 AS three, '\\x00ff'::bytea AS bytes${more}`;
      });
    const [there, here] = [await ask(false), await ask(true)];
    const plain = (rows: object[]) => rows.map((row) => ({ ...row, bytes: [...(row as { bytes: Uint8Array }).bytes] }));
    expect(plain(here)).toEqual(plain(there));
  });

  test("a model and a statement are in one transaction: each sees the other's rows, and both go with it", async () => {
    const found: unknown[] = [];
    const work = db.appDb.withTenant({ ...directly(), tenantId: theirs }, async (tx) => {
      await tx.$executeRaw`UPDATE sink SET name = 'renamed' WHERE tenant_id = app.tenant()`;
      const [seen] = await tx.sink.findMany({ select: { name: true } });
      await tx.sink.updateMany({ data: { state: "disabled" } });
      const [both] = await tx.$queryRaw<object[]>`SELECT name, state FROM sink WHERE tenant_id = app.tenant()`;
      found.push(seen, both);
      throw new Error("on purpose");
    });
    await expect(work).rejects.toThrow("on purpose");
    expect(found).toEqual([{ name: "renamed" }, { name: "renamed", state: "disabled" }]);
    expect(await db.sql("SELECT name, state FROM sink WHERE tenant_id = $1", [theirs])).toEqual([
      { name: "webhook", state: "enabled" },
    ]);
  });

  test("nothing can be asked of a transaction that is over: its connection may be in another tenant's by then", async () => {
    const one = openDb(db.workerUrl, { poolSize: 1 });
    const kept = await one.withTenant(directly(), async (tx) => ({ tx }));
    const late = one.withTenant(
      { ...directly(), tenantId: theirs },
      () => kept.tx.$queryRaw`SELECT app.tenant()::text`,
    );
    await expect(late).rejects.toThrow("is over");
    await one.close();
  });

  test("a statement that failed and was caught cannot pass for a commit", async () => {
    const work = db.workerDb.withTenant(directly(), async (tx) => {
      await tx.$queryRaw`SELECT 1 / 0`.catch(() => {});
    });
    await expect(work).rejects.toThrow("could not be committed");
  });

  test("what it notifies of leaves with the commit, once each, and not without it", async () => {
    const heard: string[] = [];
    const listener = listen(
      db.workerUrl,
      ["tocsin_live"],
      (_channel, payload) => payload !== "" && heard.push(payload),
    );
    const say = (id: string, fails: boolean) =>
      db.workerDb.withTenant(directly(), async (tx) => {
        for (const _twice of [1, 2]) await liveHint(tx, { tenant: mine, what: "server", id });
        if (fails) throw new Error("on purpose");
      });
    await expect
      .poll(async () => {
        await say("it's", false);
        return heard.length;
      })
      .toBeGreaterThan(0);
    await expect(say("never", true)).rejects.toThrow("on purpose");
    await say("last", false);
    await expect.poll(() => heard.at(-1)).toContain("last");
    expect(heard.filter((payload) => /never|last/.test(payload))).toHaveLength(1);
    expect(JSON.parse(heard[0] ?? "")).toEqual({ tenant: mine, what: "server", id: "it's" });
    await listener.close();
  });
});
