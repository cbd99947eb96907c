// Which groups stand for which layer: asked by one, approved by another, felt at the next request.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { setClock } from "#lib/adapters/clock";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { askFor } from "#lib/commands/approval/ask";
import { decide } from "#lib/commands/approval/decide";
import { type Actor, execute } from "#lib/commands/command";
import { tokenHash, viewerOf } from "#lib/queries/session";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { bindRole } from "./bind.ts";

let db: TestDatabase;
const NOW = new Date("2026-11-21T08:00:00Z");
const why = "The identity team renames its groups this week";
let restore: () => void;
beforeAll(async () => {
  db = await testDatabase();
  restore = setClock(() => NOW.getTime());
});
// As installed, and nobody there.
beforeEach(async () => {
  await db.sql("DELETE FROM approval");
  await db.sql("UPDATE person SET groups = '{}'");
  await db.sql("DELETE FROM role_binding WHERE id::text NOT LIKE '00000000-%'");
  await db.sql("UPDATE role_binding SET removed_at = NULL, removed_by = NULL");
});
afterAll(async () => {
  restore();
  await db.close();
});

async function person(groups: string[], name = "Ada"): Promise<string> {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, 'https://idp.example.com', $5, $2, $3, $4, $4)`,
    [id, name, groups, NOW, id],
  );
  return id;
}
const actor = (personId: string, more: Partial<Actor> = {}): Actor => ({
  personId,
  name: "Rosa",
  tenantId: PLATFORM_TENANT,
  layers: ["root", "operator"],
  sessionId: randomUUID(),
  authTime: NOW,
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
const bound = () =>
  db.sql<{ id: string; pattern: string; removed_at: Date | null }>(
    "SELECT id, pattern, removed_at FROM role_binding ORDER BY pattern",
  );
const idOf = async (pattern: string) =>
  (await bound()).find((b) => b.pattern === pattern && b.removed_at === null)?.id ?? "";
const bind = (pattern: string, layer: string, tenantSlug: string | null = null) => ({ pattern, layer, tenantSlug });

test("one person alone cannot change it: the command itself asks for a second", async () => {
  const rosa = await person(["tocsin-root"]);
  await expect(execute(db.appDb, bindRole, actor(rosa), bind("ops", "root"), why)).rejects.toMatchObject({
    code: "E_APPROVAL_NEEDED",
  });
});

test("a second person approves what they can read, and the group's people have it at their next request", async () => {
  const { slug } = await makeTenant(db);
  const [rosa, remy, olga] = [
    await person(["tocsin-root"], "Rosa"),
    await person(["tocsin-root"], "Remy"),
    await person(["team-b"], "Olga"),
  ];
  const token = await session(olga);
  const asked = await askFor(db.appDb, "role.bind", actor(rosa), bind("team-b", "operator", slug), why);
  expect(asked).toMatchObject({
    state: "asked",
    sentence: `Let the group "team-b" stand for: operator of ${slug}`,
    approvers: ["Remy"],
  });
  expect((await viewerOf(db.appDb, token, NOW))?.seats).toEqual([]);
  const [row] = await db.sql<{ diff: unknown }>("SELECT diff FROM approval");
  expect(row?.diff).toEqual([
    { field: 'Group "team-b"', was: "nothing", will: `operator of ${slug}` },
    { field: "Known people who gain by it", was: "", will: "Olga", moves: true },
    { field: "Known people who lose by it", was: "", will: "nobody known yet", moves: true },
  ]);
  await decide(db.appDb, asked.id, actor(remy), "approve", "Agreed with the identity team on Friday");
  expect((await viewerOf(db.appDb, token, NOW))?.seats).toMatchObject([{ slug, layers: ["operator"] }]);
  const log = await db.sql<{ action: string; actor: string }>(
    "SELECT action, actor FROM audit.event WHERE action LIKE 'role.%' AND actor = $1",
    [rosa],
  );
  expect(log).toEqual([{ action: "role.bind", actor: rosa }]);
  const [kept] = await db.sql<{ reason: string }>("SELECT reason FROM role_binding WHERE pattern = 'team-b'");
  expect(kept?.reason).toBe(why);
});

test("what is taken away is gone at the next request, and may be bound again", async () => {
  const { slug } = await makeTenant(db);
  const [rosa, olga] = [await person(["tocsin-root"]), await person([`tocsin-operator-${slug}`], "Olga")];
  const token = await session(olga);
  expect(
    await askFor(db.appDb, "role.unbind", actor(rosa), { bindingId: await idOf("tocsin-operator-*") }, why),
  ).toMatchObject({ state: "waived" });
  expect((await viewerOf(db.appDb, token, NOW))?.seats).toEqual([]);
  await askFor(db.appDb, "role.bind", actor(rosa), bind("tocsin-operator-*", "operator"), why);
  expect((await viewerOf(db.appDb, token, NOW))?.seats).toMatchObject([{ slug }]);
});

describe("the last root operator", () => {
  test.each<[string, () => Promise<["role.bind" | "role.unbind", unknown]>]>([
    ["their group is unbound", async () => ["role.unbind", { bindingId: await idOf("tocsin-root") }]],
    [
      "their group is made auditors, who hold no other layer",
      async () => ["role.bind", bind("tocsin-root", "auditor")],
    ],
  ])("stays when %s, and the try is in the log", async (_, what) => {
    const rosa = await person(["tocsin-root"]);
    const [name, input] = await what();
    await expect(askFor(db.appDb, name, actor(rosa), input, why)).rejects.toMatchObject({ code: "E_LAST_ROOT" });
    expect((await bound()).filter((b) => b.removed_at === null)).toHaveLength(5);
    const log = await db.sql<{ action: string; body: string }>(
      "SELECT action, body FROM audit.event WHERE actor = $1",
      [rosa],
    );
    expect(log).toEqual([{ action: "access.refused", body: expect.stringContaining("E_LAST_ROOT") }]);
  });

  const root = (group: string) =>
    db.sql("INSERT INTO role_binding (id, pattern, layer, reason, created_at) VALUES ($1, $2, 'root', 'test', $3)", [
      randomUUID(),
      group,
      NOW,
    ]);
  const agreed = "Agreed with the identity team on Friday";

  test("stays when it was not yet the last when it was asked for", async () => {
    await Promise.all([root("root-a"), root("root-b")]);
    const [rosa, remy, ria] = [
      await person(["root-a"], "Rosa"),
      await person(["root-a"], "Remy"),
      await person(["root-b"], "Ria"),
    ];
    const asked = await askFor(db.appDb, "role.unbind", actor(rosa), { bindingId: await idOf("root-a") }, why);
    await db.sql("UPDATE person SET disabled_at = $2 WHERE id = $1", [ria, NOW]);
    await expect(decide(db.appDb, asked.id, actor(remy), "approve", agreed)).rejects.toMatchObject({
      code: "E_LAST_ROOT",
    });
    expect(await idOf("root-a")).not.toBe("");
    expect(await db.sql("SELECT state FROM approval")).toEqual([{ state: "failed" }]);
    const log = await db.sql<{ body: string }>(
      "SELECT body FROM audit.event WHERE action = 'approval.fail' AND actor = $1",
      [remy],
    );
    expect(log).toEqual([{ body: expect.stringContaining("E_LAST_ROOT") }]);
  });

  test("of two who unbind each other's group in the same moment, one is left", async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [`root-a${round}`, `root-b${round}`];
      await Promise.all([root(a), root(b)]);
      const [rosa, remy] = [await person([a], "Rosa"), await person([b], "Remy")];
      const gone = await askFor(db.appDb, "role.unbind", actor(rosa), { bindingId: await idOf(b) }, why);
      const going = await askFor(db.appDb, "role.unbind", actor(remy), { bindingId: await idOf(a) }, why);
      await Promise.allSettled([
        decide(db.appDb, gone.id, actor(remy), "approve", agreed),
        decide(db.appDb, going.id, actor(rosa), "approve", agreed),
      ]);
      expect([await idOf(a), await idOf(b)].filter((id) => id !== "")).toHaveLength(1);
      await db.sql("UPDATE person SET groups = '{}'");
    }
  });
});

describe("refused with a sentence at its field", () => {
  test.each<[string, unknown, string, string | undefined]>([
    ["a star for root", bind("ops-*", "root"), "E_INVALID", "pattern"],
    ["a star alone", bind("*", "operator"), "E_INVALID", "pattern"],
    ["no tenant for an operator", bind("ops", "operator"), "E_INVALID", "tenantSlug"],
    ["a tenant for an auditor", bind("audit", "auditor", "acme"), "E_INVALID", "tenantSlug"],
    ["a tenant that is not there", bind("ops", "operator", "nobody-here"), "E_INVALID", "tenantSlug"],
    ["the installation's own tenant", bind("ops", "operator", "tocsin"), "E_INVALID", "tenantSlug"],
    ["a reserved name", bind("tocsin:break-glass", "root"), "E_INVALID", "pattern"],
    ["a name with a line break", bind("ops\nroot", "root"), "E_INVALID", "pattern"],
    ["a name that turns the line around", bind("ops\u202e", "root"), "E_INVALID", "pattern"],
    ["a layer that is none", bind("ops", "constructor"), "E_INVALID", "layer"],
    ["a field more", { ...bind("ops", "root"), approvedBy: "me" }, "E_UNKNOWN_FIELD", undefined],
    ["what is bound already", bind("tocsin-root", "root"), "E_CONFLICT", "pattern"],
  ])("%s", async (_, input, code, field) => {
    const rosa = await person(["tocsin-root"]);
    await expect(askFor(db.appDb, "role.bind", actor(rosa), input, why)).rejects.toMatchObject(
      field === undefined ? { code } : { code, field },
    );
    expect(await bound()).toHaveLength(5);
  });

  test("the emergency accounts' binding is not taken away, not even by the database's hand", async () => {
    const rosa = await person(["tocsin-root"]);
    const id = await idOf("tocsin:break-glass");
    await expect(askFor(db.appDb, "role.unbind", actor(rosa), { bindingId: id }, why)).rejects.toMatchObject({
      code: "E_STATE",
    });
    await expect(db.sql("UPDATE role_binding SET removed_at = now() WHERE id = $1", [id])).rejects.toThrow(
      /emergency_stays/,
    );
  });
});
