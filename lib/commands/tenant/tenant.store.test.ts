// The list of tenants: added and changed by root operators, and a smaller tier is no way around two people.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { execute } from "#lib/commands/command";
import type { Layer } from "#lib/domain/permissions";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { actorFor, rootActor } from "../../testing/people.ts";
import { addTenant } from "./add.ts";
import { changeTenant } from "./change.ts";

let db: TestDatabase;
let clock: TestClock;
beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
});
afterEach(async () => {
  clock.restore();
  await db.close();
});

const root = () => rootActor(randomUUID(), clock.now());
const acme = { slug: "acme-eu", name: "Acme Europe", tier: "author" };
const rows = () => db.sql("SELECT slug, name, tier FROM tenant WHERE NOT is_platform");

test("a tenant is added and changed by a root operator, each with its row in the installation's log", async () => {
  const { id } = await execute(db.appDb, addTenant, root(), acme);
  await execute(db.appDb, changeTenant, root(), { tenantId: id, name: "Acme", tier: "team" });
  expect(await rows()).toEqual([{ slug: "acme-eu", name: "Acme", tier: "team" }]);
  const log = await db.sql("SELECT action, tenant_id FROM audit.event WHERE target = $1 ORDER BY at", [`tenant:${id}`]);
  expect(log).toEqual([
    { action: "tenant.add", tenant_id: PLATFORM_TENANT },
    { action: "tenant.change", tenant_id: PLATFORM_TENANT },
  ]);
});

describe("refused, and nothing is there", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["a slug with capitals", { slug: "Acme" }, "E_INVALID"],
    ["a slug kept for tenants that are gone", { slug: "erased-0123456789ab" }, "E_INVALID"],
    ["a name of control characters", { name: "Ac\u0000me" }, "E_INVALID"],
    ["a name that turns the line around", { name: "Ac\u202eme" }, "E_INVALID"],
    ["a tier that is only inherited", { tier: "constructor" }, "E_INVALID"],
    ["the mark of the installation itself", { isPlatform: true }, "E_UNKNOWN_FIELD"],
    ["an id of one's own", { id: randomUUID() }, "E_UNKNOWN_FIELD"],
  ])("%s", async (_, given, code) => {
    await expect(execute(db.appDb, addTenant, root(), { ...acme, ...given })).rejects.toMatchObject({ code });
    expect(await rows()).toEqual([]);
  });
  test.each<Layer>(["operator", "auditor", "customer"])("by a layer that may not: %s", async (layer) => {
    const { id } = await makeTenant(db);
    const actor = actorFor(randomUUID(), id, [layer], clock.now());
    await expect(execute(db.appDb, addTenant, actor, acme)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
    const change = { tenantId: id, name: "Mine", tier: "enterprise" };
    await expect(execute(db.appDb, changeTenant, actor, change)).rejects.toMatchObject({ code: "E_FORBIDDEN" });
  });
  test("a slug that is taken", async () => {
    await execute(db.appDb, addTenant, root(), acme);
    await expect(execute(db.appDb, addTenant, root(), acme)).rejects.toMatchObject({
      code: "E_CONFLICT",
      field: "slug",
    });
  });
  test.each([PLATFORM_TENANT, randomUUID()])("a tenant that is none, or the installation's own", async (tenantId) => {
    const change = { tenantId, name: "Renamed", tier: "public" };
    await expect(execute(db.appDb, changeTenant, root(), change)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  });
});

describe("the database itself", () => {
  test.each([
    "INSERT INTO tenant (id, slug, name, tier, created_at) VALUES (gen_random_uuid(), 'stray', 'Stray', 'team', now())",
    "UPDATE tenant SET tier = 'enterprise'",
  ])("takes no change of the list from within a tenant: %s", async (sql) => {
    const { id } = await makeTenant(db, { tier: "public" });
    const before = await rows();
    const work = db.appDb.withTenant({ tenantId: id, actorId: id }, (tx) => tx.$executeRawUnsafe(sql));
    await work.catch(() => {});
    expect(await rows()).toEqual(before);
  });
});

test("a smaller tier that would cut the history is refused until the tenant's people have shortened it", async () => {
  const { id } = await makeTenant(db, { tier: "team", name: "Acme" });
  const smaller = () => execute(db.appDb, changeTenant, root(), { tenantId: id, name: "Acme", tier: "public" });
  await expect(smaller()).rejects.toMatchObject({ code: "E_STATE", field: "tier" });
  await db.sql("INSERT INTO tenant_retention VALUES ($1, 7, 90, NULL, '2026-11-01')", [id]);
  await smaller();
  expect(await rows()).toMatchObject([{ tier: "public" }]);
});
