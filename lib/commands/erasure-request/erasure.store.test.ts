// Filing under Article 17: whom it is about is sealed, the log says that it was filed and never about whom.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Actor, execute } from "#lib/commands/command";
import type { Layer } from "#lib/domain/permissions";
import { erasures } from "#lib/queries/erasures";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeTenant } from "../../testing/make.ts";
import { testSettings } from "../../testing/settings.ts";
import { fileErasure } from "./file.ts";
import { openErasure } from "./open.ts";

let db: TestDatabase;
let putAway = () => {};
beforeAll(async () => {
  db = await testDatabase();
  putAway = testSettings(db);
});
afterAll(async () => {
  putAway();
  await db.close();
});

const actor = async (layers: Layer[] = ["customer"], tenantId?: string): Promise<Actor> => ({
  personId: randomUUID(),
  name: "Somebody",
  tenantId: tenantId ?? (await makeTenant(db)).id,
  layers,
});
const filed = {
  subjectKind: "contact",
  controller: "tenant",
  identifiers: "canary-ann@example.com\nAnn Canary",
  note: "canary note",
};
const file = (who: Actor, change = {}) => execute(db.appDb, fileErasure, who, { ...filed, ...change });
const open = (who: Actor, requestId: string) => execute(db.appDb, openErasure, who, { requestId });

test("what was filed is listed with its receipt and its day, and stands nowhere in clear", async () => {
  const who = await actor();
  const before = Date.now();
  const { id, number } = await file(who);
  expect(number).toBe(1);
  const [row] = await db.appDb.withTenant({ tenantId: who.tenantId, actorId: who.personId, readOnly: true }, (tx) =>
    erasures(tx, { take: 10 }),
  );
  expect(row).toMatchObject({
    id,
    number: 1,
    subjectKind: "contact",
    controller: "tenant",
    identifiers: 2,
    state: "received",
  });
  expect(row?.receivedAt).toBeGreaterThanOrEqual(before - 1);
  expect(new Date(row?.dueAt ?? 0).getUTCDate()).toBeLessThanOrEqual(31);
  const everything = await db.sql<{ text: string }>(
    `SELECT row_to_json(r)::text AS text FROM erasure_request r UNION ALL SELECT row_to_json(e)::text FROM audit.event e
     UNION ALL SELECT row_to_json(p)::text FROM audit.pii p`,
  );
  expect(everything.length).toBeGreaterThan(1);
  for (const { text } of everything) expect(text).not.toMatch(/canary/i);
});

test("an operator reads whom it is about, and each reading is in the log", async () => {
  const customer = await actor();
  const { id } = await file(customer);
  const operator = await actor(["operator"], customer.tenantId);
  expect(await open(operator, id)).toEqual({
    identifiers: ["canary-ann@example.com", "Ann Canary"],
    note: "canary note",
  });
  await open(operator, id);
  const rows = await db.sql("SELECT actor, action, target FROM audit.event WHERE tenant_id = $1 ORDER BY at", [
    customer.tenantId,
  ]);
  expect(rows).toEqual([
    { actor: customer.personId, action: "erasure.file", target: `erasure:${id}` },
    { actor: operator.personId, action: "erasure.open", target: `erasure:${id}` },
    { actor: operator.personId, action: "erasure.open", target: `erasure:${id}` },
  ]);
});

describe("who may not", () => {
  const visiting = { grantId: randomUUID(), actAs: randomUUID(), mode: "rw" as const };

  test.each([
    ["an auditor files", ["auditor"], {}, "file", "E_FORBIDDEN"],
    ["a root operator files", ["root"], {}, "file", "E_FORBIDDEN"],
    [
      "a visitor files, even one who may change things",
      ["customer"],
      { acting: visiting },
      "file",
      "E_IMPERSONATION_BLOCKED",
    ],
    ["a customer reads whom it is about", ["customer"], {}, "open", "E_FORBIDDEN"],
    ["an auditor reads whom it is about", ["auditor"], {}, "open", "E_FORBIDDEN"],
  ] as const)("%s: refused, with its row in the log", async (_name, layers, more, what, code) => {
    const customer = await actor();
    const { id } = await file(customer);
    const who = { ...(await actor([...layers], customer.tenantId)), ...more };
    await expect(what === "file" ? file(who) : open(who, id)).rejects.toMatchObject({ code });
    const [refusal] = await db.sql<{ target: string }>(
      "SELECT target FROM audit.event WHERE tenant_id = $1 AND actor = $2 AND action = 'access.refused'",
      [customer.tenantId, who.personId],
    );
    expect(refusal?.target).toBe(`action:erasure.${what}`);
  });

  test("another tenant's request and one that never was are the same", async () => {
    const { id } = await file(await actor());
    const operator = await actor(["operator"]);
    const said = async (requestId: string) =>
      open(operator, requestId).catch((e: unknown) => ({ ...(e as object), message: (e as Error).message }));
    expect(await said(id)).toEqual(await said(randomUUID()));
    expect(await said(id)).toMatchObject({ code: "E_NOT_FOUND" });
  });
});

test("ten at once get ten numbers, and a fault leaves none behind", async () => {
  const who = await actor();
  const numbers = (await Promise.all(Array.from({ length: 10 }, () => file(who)))).map((r) => r.number);
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await expect(file(who, { role: "root" })).rejects.toMatchObject({ code: "E_UNKNOWN_FIELD" });
  await expect(file(who, { identifiers: "x" })).rejects.toMatchObject({ code: "E_INVALID", field: "identifiers" });
  const [left] = await db.sql("SELECT count(*)::int AS n FROM erasure_request WHERE tenant_id = $1", [who.tenantId]);
  expect(left).toEqual({ n: 10 });
});

test("a filed request is not changed and not taken back", async () => {
  const who = await actor();
  const { id } = await file(who);
  const sql = (text: string) =>
    db.appDb.withTenant({ tenantId: who.tenantId, actorId: who.personId }, (tx) => tx.$executeRawUnsafe(text));
  await expect(sql(`UPDATE erasure_request SET received_at = now() WHERE id = '${id}'`)).rejects.toThrow(
    /permission denied/,
  );
  await expect(sql(`DELETE FROM erasure_request WHERE id = '${id}'`)).rejects.toThrow(/permission denied/);
});
