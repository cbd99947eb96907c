// A tenant is erased: every row of it, all or nothing, only by two people, and its log goes on proving itself.
import { randomBytes, randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { places, secretBox } from "#lib/adapters/secrets";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { makePerson, rootActor } from "../../testing/people.ts";
import { newWorld, plant, type World } from "../../testing/world.ts";
import { askFor } from "../approval/ask.ts";
import { decide } from "../approval/decide.ts";

const WHY = "Acme has left and asked for this in writing";
const GOOD = "I have read their letter of last week";
const CANARY = "zz-canary-7c1f";

let db: TestDatabase;
let clock: TestClock;
let world: World;
let neighbour: World;
let ada: string;
let bob: string;
beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
  [world, neighbour] = [await planted(), await planted()];
  ada = await makePerson(db, { groups: ["tocsin-root"] });
  bob = await makePerson(db, { groups: ["tocsin-root"] });
});
afterEach(async () => {
  clock.restore();
  await db.close();
});

async function planted(): Promise<World> {
  const made = await makeTenant(db);
  const w = await plant(db.sql, newWorld(made.id, made.slug));
  // Legal holds have their own test.
  await db.sql("UPDATE audit.hold SET released_at = now() WHERE tenant_id = $1", [w.tenant]);
  return w;
}
const root = (id: string) => rootActor(id, clock.now());
const ask = () => askFor(db.appDb, "tenant.erase", root(ada), { tenantId: world.tenant }, WHY);
const erase = async () => decide(db.appDb, (await ask()).id, root(bob), "approve", GOOD);

async function tables(where: string): Promise<string[]> {
  const rows = await db.sql<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '_prisma_migrations' AND ${where} ORDER BY 1`,
  );
  return rows.map((r) => r.name);
}
const TENANT_TABLE =
  "EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)";

/** The canary in every column that can hold text, one at a time where a rule of the table allows it. @returns how many */
async function plantCanaries(): Promise<number> {
  const columns = await db.sql<{ t: string; c: string; type: string }>(
    `SELECT table_schema || '.' || table_name AS t, column_name AS c, udt_name AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND udt_name IN ('text', 'jsonb', '_text', 'bytea') AND is_generated = 'NEVER'`,
  );
  const ours = new Set((await tables(TENANT_TABLE)).filter((t) => t.startsWith("public.")));
  let n = 0;
  for (const { t, c, type } of columns.filter((col) => ours.has(col.t))) {
    const as: Record<string, string> = {
      text: `'${CANARY}'`,
      jsonb: `'{"x": "${CANARY}"}'`,
      _text: `ARRAY['${CANARY}']`,
      bytea: `'${CANARY}'`,
    };
    // A column of fixed words refuses it, and cannot hold a name either.
    await db.sql(`UPDATE ${t} SET "${c}" = ${as[type]} WHERE tenant_id = $1`, [world.tenant]).then(
      () => n++,
      () => {},
    );
  }
  const context = { tenantId: world.tenant, actorId: ada, trace: { why: CANARY, from: CANARY } };
  await db.appDb.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "sink.change",
      target: "sink:1",
      body: {},
      personal: { subject: CANARY, body: { name: CANARY } },
    }),
  );
  return n;
}

async function hits(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const hex = Buffer.from(CANARY).toString("hex");
  for (const t of await tables("true")) {
    const [row] = await db.sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${t} x WHERE x::text LIKE '%${CANARY}%' OR x::text LIKE '%${hex}%'`,
    );
    if ((row?.n ?? 0) > 0) found[t] = row?.n ?? 0;
  }
  return found;
}

async function rowsOf(tenant: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const t of await tables(TENANT_TABLE)) {
    const [row] = await db.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${t} WHERE tenant_id = $1`, [tenant]);
    if ((row?.n ?? 0) > 0) found[t] = row?.n ?? 0;
  }
  return found;
}

/** Findings of the database's own verification. */
async function verified(tenant: string): Promise<unknown[]> {
  const pg = await import("pg");
  const client = new pg.default.Client({ connectionString: db.ownerUrl });
  await client.connect();
  await client.query("SELECT set_config('app.tenant', $1, false)", [tenant]);
  const { rows } = await client.query("SELECT code FROM audit.verify() WHERE code <> 'event-loose'");
  await client.end();
  return rows;
}

test("no text of it is left anywhere but in the log's own proof, its neighbour keeps every row, and both logs still hold", async () => {
  expect(await plantCanaries()).toBeGreaterThan(30);
  expect(Object.keys(await hits()).length).toBeGreaterThan(10);
  const before = await rowsOf(neighbour.tenant);
  const done = await erase();
  expect(await hits()).toEqual({});
  const left = await rowsOf(world.tenant);
  expect(Object.keys(left).filter((t) => !t.startsWith("audit."))).toEqual([]);
  expect(left["audit.pii"]).toBeUndefined();
  expect(left["audit.event"]).toBeGreaterThan(1);
  expect(await rowsOf(neighbour.tenant)).toEqual(before);
  expect(await verified(world.tenant)).toEqual([]);
  expect((done.result as { rows: Record<string, number> }).rows).toMatchObject({
    "public.server": 1,
    "public.incident": 1,
    "public.sink": 1,
  });
});

test("its data keys go with it: a copy of a sealed value, as a backup of one table would hold it, opens no more", async () => {
  const key = randomBytes(32);
  const place = places.sink(world.tenant, world.sink);
  const copy = await secretBox(key).seal(db.workerDb, place, "a secret");
  expect(await secretBox(key).open(db.workerDb, place, copy)).toBe("a secret");
  const there = places.sink(neighbour.tenant, neighbour.sink);
  const theirs = await secretBox(key).seal(db.workerDb, there, "a secret");
  await erase();
  expect(await db.sql("SELECT 1 FROM data_key WHERE tenant_id = $1", [world.tenant])).toEqual([]);
  await expect(secretBox(key).open(db.workerDb, place, copy)).rejects.toMatchObject({ code: "E_CONFIG" });
  expect(await secretBox(key).open(db.workerDb, there, theirs)).toBe("a secret");
});

test("what stays is a row without a name, its sessions look elsewhere, its groups stand for nothing, and its slug is free", async () => {
  const carl = await makePerson(db, { groups: ["acme-people"] });
  await db.sql(
    `INSERT INTO session (id, token_hash, person_id, current_tenant_id, grant_tenant_id, grant_id, created_at, last_seen_at, expires_at)
     VALUES ($1, sha256('x'), $2, $3, $3, $4, now(), now(), now())`,
    [randomUUID(), carl, world.tenant, randomUUID()],
  );
  await db.sql(
    `INSERT INTO role_binding (id, pattern, layer, tenant_slug, reason, created_at)
     VALUES ($1, 'acme-people', 'customer', $2, 'Their own group', now())`,
    [randomUUID(), world.slug],
  );
  await erase();
  const [row] = await db.sql<{ slug: string; name: string }>("SELECT slug, name, erased_at FROM tenant WHERE id = $1", [
    world.tenant,
  ]);
  expect(row).toEqual({
    slug: expect.stringMatching(/^erased-[0-9a-f]{12}$/),
    name: "Erased tenant",
    erased_at: clock.now(),
  });
  expect(await db.sql("SELECT current_tenant_id AS c, grant_tenant_id AS g, grant_id AS i FROM session")).toEqual([
    { c: null, g: null, i: null },
  ]);
  expect(
    await db.sql("SELECT 1 FROM role_binding WHERE tenant_slug = $1 AND removed_at IS NULL", [world.slug]),
  ).toEqual([]);
  await makeTenant(db, { slug: world.slug });
});

test("all or nothing: a fault in the last table leaves every row where it was", async () => {
  await db.sql(
    `CREATE FUNCTION public.boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'boom'; END $$;
     CREATE TRIGGER boom BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION public.boom()`,
  );
  const asked = await ask();
  const before = await rowsOf(world.tenant);
  await expect(decide(db.appDb, asked.id, root(bob), "approve", GOOD)).rejects.toThrow();
  expect(await rowsOf(world.tenant)).toEqual(before);
  expect(await db.sql("SELECT state FROM approval WHERE tenant_id = $1", [PLATFORM_TENANT])).toEqual([
    { state: "failed" },
  ]);
});

test("a tenant table without the owner's policy stops it by name, before anything is gone", async () => {
  await db.sql("DROP POLICY owner_deletes ON silence");
  const before = (await rowsOf(world.tenant))["public.sink"];
  await expect(erase()).rejects.toThrow(/silence/);
  expect((await rowsOf(world.tenant))["public.sink"]).toBe(before);
});

describe("the database itself refuses", () => {
  const call = (approval: string | null, tenant = world.tenant) =>
    db.appDb.withTenant(
      { tenantId: PLATFORM_TENANT, actorId: ada },
      (tx) => tx.$queryRaw`SELECT tbl FROM app.erase_tenant(${tenant}::uuid, ${approval}::uuid)`,
    );
  test("without an approval", async () => {
    await expect(call(null)).rejects.toThrow(/no approval/);
  });
  test("with one that is only asked for", async () => {
    await expect(call((await ask()).id)).rejects.toThrow(/no approval/);
  });
  test("with one for another tenant, or for another action", async () => {
    const { id } = await ask();
    await db.sql("UPDATE approval SET state = 'executed', decided_by = $2, decided_at = asked_at WHERE id = $1", [
      id,
      bob,
    ]);
    await expect(call(id, neighbour.tenant)).rejects.toThrow(/no approval/);
    await db.sql("UPDATE approval SET action = 'address.allow' WHERE id = $1", [id]);
    await expect(call(id)).rejects.toThrow(/no approval/);
  });
  test("the worker, whatever it brings", async () => {
    await expect(
      db.workerDb.global((tx) => tx.$queryRaw`SELECT app.erase_tenant(${world.tenant}::uuid, NULL)::text`),
    ).rejects.toThrow(/permission denied/);
  });
});

test("under a legal hold nothing goes, and the reason is said", async () => {
  await db.sql(
    "INSERT INTO audit.hold (tenant_id, id, reason, placed_at) VALUES ($1, $2, 'A court has asked for this log', now())",
    [world.tenant, randomUUID()],
  );
  await expect(erase()).rejects.toMatchObject({ code: "E_STATE", message: expect.stringMatching(/legal hold/) });
  expect((await rowsOf(world.tenant))["public.server"]).toBe(1);
});

test("erased twice at once it is erased once, and the second is told that there is no such tenant", async () => {
  await erase();
  await expect(ask()).rejects.toMatchObject({ code: "E_NOT_FOUND" });
});

describe("nobody writes into it any more", () => {
  test("after it: refused at the door, and read as empty", async () => {
    await erase();
    const context = { tenantId: world.tenant, actorId: ada };
    const write = db.workerDb.withTenant(
      context,
      (tx) => tx.$executeRaw`INSERT INTO probe_minute (tenant_id, server_id, slot, status, regions)
        VALUES (${world.tenant}::uuid, ${randomUUID()}::uuid, now(), 'up', '{}')`,
    );
    await expect(write).rejects.toMatchObject({ code: "E_STATE" });
    expect(await db.appDb.withTenant({ ...context, readOnly: true }, (tx) => tx.server.count())).toBe(0);
  });

  test("beside it: what began first is waited for and goes with the rest; what begins later meets the closed door", async () => {
    const { id } = await ask();
    const context = { tenantId: world.tenant, actorId: ada };
    const minute = () => (tx: Parameters<Parameters<typeof db.workerDb.withTenant>[1]>[0]) =>
      tx.$executeRaw`INSERT INTO probe_minute (tenant_id, server_id, slot, status, regions)
        VALUES (${world.tenant}::uuid, ${randomUUID()}::uuid, now(), 'up', '{}')`;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let inside = () => {};
    const isInside = new Promise<void>((resolve) => {
      inside = resolve;
    });
    const early = db.workerDb.withTenant(context, async (tx) => {
      inside();
      await held;
      return minute()(tx);
    });
    await isInside;
    const erasing = decide(db.appDb, id, root(bob), "approve", GOOD);
    await expect
      .poll(() => db.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 7270741 AND NOT granted"))
      .toHaveLength(1);
    await expect(db.workerDb.withTenant(context, minute())).rejects.toMatchObject({ code: "E_STATE" });
    release();
    await Promise.all([early, erasing]);
    expect((await rowsOf(world.tenant))["public.probe_minute"]).toBeUndefined();
  });
});
