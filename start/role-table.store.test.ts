// The pin: a changed table waits for root operators, and only the owner's connection may write it.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RoleTable, roleTable, roleTableHash } from "#lib/domain/role-table";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { type Ledger, withLedger } from "./ledger.ts";
import { acknowledge, changedWords, pinnedTable } from "./role-table.ts";

let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase();
});
afterEach(() => db.close());
const on = <T>(work: (ledger: Ledger) => Promise<T>): Promise<T> =>
  withLedger({ owner: db.ownerUrl, app: db.appUrl }, work);
const reason = "Auditors asked to see the list of tenants";
const changed = (): RoleTable => {
  const now = roleTable();
  const rule = now["tenant.read"];
  if (rule === undefined) throw new Error("no such action");
  return { ...now, "tenant.read": { ...rule, layers: [...rule.layers, "operator"] } };
};
const person = (name: string, groups = ["tocsin-root"]) =>
  db.sql(
    "INSERT INTO person (id, issuer, subject, name, email, groups, created_at, last_seen_at) VALUES ($1, 'https://idp.example.com', $2, $2, $3, $4, now(), now())",
    [randomUUID(), name, `${name.toLowerCase()}@example.com`, groups],
  );
const rows = () =>
  db.sql<{ action: string; body: string }>(
    "SELECT action, body FROM audit.event WHERE action LIKE 'role_table.%' ORDER BY at",
  );
const check = (table?: RoleTable) => on((l) => pinnedTable(l, table));
const ack = (by: string[], table = changed(), why = reason) => on((l) => acknowledge(l, { by, reason: why }, table));

test("the first start pins the table by itself, the next finds it, and both write what is true", async () => {
  expect(await on((l) => pinnedTable(l, undefined, "look"))).toMatchObject({ state: "changed" });
  expect(await rows()).toEqual([]);
  expect(await check()).toMatchObject({ state: "pinned", hash: roleTableHash() });
  expect(await check()).toMatchObject({ state: "same" });
  expect((await rows()).map((r) => r.action)).toEqual(["role_table.pin"]);
});

test("two starts at once pin it once", async () => {
  await Promise.all([check(), check(), check()]);
  expect(await rows()).toHaveLength(1);
});

describe("a changed table", () => {
  test("is pinned by itself only while no root operator has ever signed in, and says so", async () => {
    await check();
    expect(await check(changed())).toMatchObject({ state: "pinned" });
    expect((await rows()).map((r) => JSON.parse(r.body).changes)).toEqual([[], ["~ tenant.read: operator may now"]]);
  });

  test("waits for the one root operator there is, and the log says that one was enough", async () => {
    await person("Rosa");
    await check();
    const waiting = await check(changed());
    expect(waiting).toMatchObject({ state: "changed", diff: ["~ tenant.read: operator may now"] });
    expect(changedWords(waiting).join("\n")).toContain("permissions acknowledge --by rosa@example.com --reason");
    expect(await check(changed())).toMatchObject({ state: "changed" });
    expect(await ack(["ROSA@example.com"])).toMatchObject({ by: ["Rosa"], waived: true });
    expect(await check(changed())).toMatchObject({ state: "same" });
    expect(JSON.parse((await rows()).at(-1)?.body ?? "")).toMatchObject({
      waived: true,
      was: roleTableHash(),
      by: [expect.any(String)],
    });
  });

  test("waits for two where there are two", async () => {
    await person("Rosa");
    await person("Remy");
    await check();
    for (const by of [
      ["rosa@example.com"],
      ["rosa@example.com", "rosa@example.com"],
      ["rosa@example.com", " Rosa@Example.com"],
    ])
      await expect(ack(by)).rejects.toThrow(/Two root operators/);
    expect(await check(changed())).toMatchObject({ state: "changed" });
    expect(await ack(["rosa@example.com", "remy@example.com"])).toMatchObject({ by: ["Rosa", "Remy"], waived: false });
    expect(await check(changed())).toMatchObject({ state: "same" });
  });

  test.each<[string, string[], string, RegExp]>([
    ["nobody", [], reason, /Say who acknowledges/],
    ["an auditor", ["aida@example.com"], reason, /not the e-mail address of a root operator/],
    ["somebody unknown", ["x@example.com"], reason, /not the e-mail address/],
    ["no reason", ["rosa@example.com"], "", /--reason/],
    ["a reason that is none", ["rosa@example.com"], "x x x x x x x x x x x x x", /--reason/],
  ])("is not acknowledged by %s", async (_, by, why, sentence) => {
    await person("Rosa");
    await person("Aida", ["tocsin-auditor", "tocsin-root"]);
    await check();
    await expect(ack(by, changed(), why)).rejects.toThrow(sentence);
    expect(await check(changed())).toMatchObject({ state: "changed" });
  });

  test("that is taken back to an older acknowledged one waits too: only the newest pin counts", async () => {
    await person("Rosa");
    await check();
    await ack(["rosa@example.com"]);
    expect(await check()).toMatchObject({ state: "changed", diff: ["~ tenant.read: operator may no longer"] });
    await expect(ack(["rosa@example.com"])).rejects.toThrow(/already/);
  });
});

test.each(["appUrl", "workerUrl"] as const)("%s may read the pin and not write it", async (role) => {
  const serving = role === "appUrl" ? db.appDb : db.workerDb;
  await check();
  expect(await serving.global((tx) => tx.roleTablePin.count())).toBe(1);
  await expect(
    serving.global(
      (tx) =>
        tx.$executeRaw`INSERT INTO role_table_pin SELECT gen_random_uuid(), hash, permissions, '{}', 'x', 'x', now() FROM role_table_pin`,
    ),
  ).rejects.toThrow(/permission denied/);
  await expect(serving.global((tx) => tx.$executeRaw`UPDATE role_table_pin SET reason = 'x'`)).rejects.toThrow(
    /permission denied/,
  );
});
