// Switching people off and on: at once, with everything they had open, and never the last who could undo it.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setClock } from "#lib/adapters/clock";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type Actor, execute } from "#lib/commands/command";
import { tokenHash, viewerOf } from "#lib/queries/session";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { disablePerson } from "./disable.ts";
import { enablePerson } from "./enable.ts";
import { endSessionsOf } from "./end-sessions.ts";

let db: TestDatabase;
const NOW = new Date("2026-11-21T08:00:00Z");
const why = "They left the company at the end of last week";
let restore: () => void;
beforeAll(async () => {
  db = await testDatabase();
  restore = setClock(() => NOW.getTime());
});
beforeEach(() => db.sql("UPDATE person SET disabled_at = now(), disabled_source = 'person' WHERE disabled_at IS NULL"));
afterAll(async () => {
  restore();
  await db.close();
});

async function person(groups: string[], more: { issuer?: string; name?: string } = {}): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
    [id, more.issuer ?? "https://idp.example.com", id, more.name ?? "Ada", groups, NOW],
  );
  return id;
}
const actor = (personId: string, more: Partial<Actor> = {}): Actor => ({
  personId,
  name: "Rosa",
  tenantId: PLATFORM_TENANT,
  layers: ["root", "operator"],
  authTime: NOW,
  from: "192.0.2.7",
  ...more,
});
async function session(personId: string): Promise<string> {
  const token = `token-${randomUUID()}`;
  await db.sql(
    `INSERT INTO session (id, token_hash, person_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`,
    [randomUUID(), Buffer.from(tokenHash(token)), personId, NOW, new Date(NOW.getTime() + 3_600_000)],
  );
  return token;
}
const events = (target: string, tenant = PLATFORM_TENANT) =>
  db.sql<{ action: string; body: string; actor: string }>(
    "SELECT action, body, actor FROM audit.event WHERE target = $1 AND tenant_id = $2 ORDER BY at",
    [target, tenant],
  );

test("disabling ends every session and every visit in the same act, each in its own tenant's log", async () => {
  const rosa = await person(["tocsin-root"]);
  const ada = await person(["tocsin-root"]);
  const { id: tenantId } = await makeTenant(db);
  const token = await session(ada);
  const grantId = randomUUID();
  const [held] = await db.sql<{ id: string }>("SELECT id FROM session WHERE person_id = $1", [ada]);
  await db.sql(
    `INSERT INTO impersonation_grant (tenant_id, id, actor_id, actor_name, target_id, target_name, mode, reason, session_id, session_fp, secret_hash, asked_at, started_at, not_after)
     VALUES ($1, $2, $3, 'Ada', $4, 'Carl', 'ro', 'A ticket about a missing page of theirs', $5, sha256('x'), sha256('y'), $6, $6, $6::timestamptz + interval '30 minutes')`,
    [tenantId, grantId, ada, randomUUID(), held?.id, NOW],
  );
  await db.sql("UPDATE session SET grant_tenant_id = $1, grant_id = $2 WHERE person_id = $3", [tenantId, grantId, ada]);
  expect(await execute(db.appDb, disablePerson, actor(rosa), { personId: ada }, why)).toEqual({
    sessions: 1,
    visits: 1,
  });
  expect(await viewerOf(db.appDb, token, NOW)).toBeNull();
  expect(await db.sql("SELECT ended_by, ended_reason FROM impersonation_grant WHERE id = $1", [grantId])).toEqual([
    { ended_by: rosa, ended_reason: "disabled" },
  ]);
  expect(await events(`visit:${grantId}`, tenantId)).toMatchObject([{ action: "impersonation.end", actor: rosa }]);
  expect(await events(`person:${ada}`)).toMatchObject([
    { action: "person.disable", body: '{"sessions":1,"visits":1}' },
  ]);
  const [pii] = await db.sql<{ body: string }>(
    "SELECT p.body FROM audit.pii p JOIN audit.event e ON e.id = p.event_id WHERE e.target = $1",
    [`person:${ada}`],
  );
  expect(JSON.parse(pii?.body ?? "{}")).toMatchObject({ why, from: "192.0.2.7" });
});

test("who is enabled again may sign in, with nothing of before", async () => {
  const [rosa, ada] = [await person(["tocsin-root"]), await person([])];
  const token = await session(ada);
  await execute(db.appDb, disablePerson, actor(rosa), { personId: ada }, why);
  await execute(db.appDb, enablePerson, actor(rosa), { personId: ada }, why);
  expect(await viewerOf(db.appDb, token, NOW)).toBeNull();
  expect(await viewerOf(db.appDb, await session(ada), NOW)).not.toBeNull();
  await expect(execute(db.appDb, enablePerson, actor(rosa), { personId: ada }, why)).rejects.toMatchObject({
    code: "E_STATE",
  });
});

test("signing somebody out leaves them enabled", async () => {
  const [rosa, ada] = [await person(["tocsin-root"]), await person([])];
  const token = await session(ada);
  expect(await execute(db.appDb, endSessionsOf, actor(rosa), { personId: ada }, why)).toEqual({
    sessions: 1,
    visits: 0,
  });
  expect(await viewerOf(db.appDb, token, NOW)).toBeNull();
  expect(await viewerOf(db.appDb, await session(ada), NOW)).not.toBeNull();
});

describe("the last root operator", () => {
  test("cannot be disabled, by themselves or by anybody, and the try is in the log", async () => {
    const rosa = await person(["tocsin-root"]);
    const emergency = await person(["tocsin:break-glass"], { issuer: "tocsin:break-glass" });
    for (const by of [rosa, emergency])
      await expect(execute(db.appDb, disablePerson, actor(by), { personId: rosa }, why)).rejects.toMatchObject({
        code: "E_LAST_ROOT",
        httpStatus: 409,
      });
    expect(await db.sql("SELECT disabled_at FROM person WHERE id = $1", [rosa])).toEqual([{ disabled_at: null }]);
    const refused = await db.sql<{ body: string; actor: string }>(
      "SELECT body, actor FROM audit.event WHERE action = 'access.refused' AND actor = ANY ($1) ORDER BY at",
      [[rosa, emergency]],
    );
    expect(refused.map((r) => [r.actor, JSON.parse(r.body).code])).toEqual([
      [rosa, "E_LAST_ROOT"],
      [emergency, "E_LAST_ROOT"],
    ]);
  });

  test.each([
    ["an auditor beside it", ["tocsin-root", "tocsin-auditor"]],
    ["another layer", ["tocsin-operator-acme"]],
    ["no group at all", []],
  ])("is not saved by somebody who is only %s", async (_, groups) => {
    const rosa = await person(["tocsin-root"]);
    await person(groups);
    await expect(execute(db.appDb, disablePerson, actor(rosa), { personId: rosa }, why)).rejects.toMatchObject({
      code: "E_LAST_ROOT",
    });
  });

  test("of two who disable each other in the same moment, one stays", async () => {
    for (let round = 0; round < 5; round++) {
      await db.sql("UPDATE person SET disabled_at = now() WHERE disabled_at IS NULL");
      const [a, b] = [await person(["tocsin-root"]), await person(["tocsin-root"])];
      const tries = await Promise.allSettled([
        execute(db.appDb, disablePerson, actor(a), { personId: b }, why),
        execute(db.appDb, disablePerson, actor(b), { personId: a }, why),
      ]);
      expect(tries.filter((t) => t.status === "fulfilled")).toHaveLength(1);
      expect(await db.sql("SELECT id FROM person WHERE disabled_at IS NULL")).toHaveLength(1);
    }
  });
});

describe("refused before anything is touched", () => {
  test.each<[string, Partial<Actor>, string, string]>([
    ["an auditor", { layers: ["auditor"] }, why, "E_FORBIDDEN"],
    ["an operator of a tenant", { layers: ["operator"] }, why, "E_FORBIDDEN"],
    ["an old sign-in", { authTime: new Date(NOW.getTime() - 300_001) }, why, "E_STEP_UP"],
    ["a sign-in that nobody dated", { authTime: null }, why, "E_STEP_UP"],
    ["no reason", {}, "", "E_REASON"],
    ["a reason that is none", {}, "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "E_REASON"],
  ])("%s", async (_, more, reason, code) => {
    const [rosa, ada] = [await person(["tocsin-root"]), await person([])];
    await expect(execute(db.appDb, disablePerson, actor(rosa, more), { personId: ada }, reason)).rejects.toMatchObject({
      code,
    });
    expect(await db.sql("SELECT disabled_at FROM person WHERE id = $1", [ada])).toEqual([{ disabled_at: null }]);
  });

  test("somebody who is not there, and an emergency account", async () => {
    const rosa = await person(["tocsin-root"]);
    await expect(execute(db.appDb, disablePerson, actor(rosa), { personId: randomUUID() }, why)).rejects.toMatchObject({
      code: "E_NOT_FOUND",
    });
    const emergency = await person(["tocsin:break-glass"], { issuer: "tocsin:break-glass" });
    await expect(execute(db.appDb, disablePerson, actor(rosa), { personId: emergency }, why)).rejects.toMatchObject({
      code: "E_STATE",
    });
  });
});

test("the database itself refuses a reserved group to anybody of an identity provider", async () => {
  await expect(person(["tocsin:break-glass"])).rejects.toThrow(/person_reserved_groups/);
});
