import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { savedViews } from "#lib/queries/saved-views";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { removeView } from "./remove.ts";
import { type Owner, saveView } from "./save.ts";

const NOW = new Date("2026-11-21T08:00:00Z");
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

async function person() {
  const personId = randomUUID();
  await db.sql(
    "INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES ($1, 'x', $2, 'Ada', '{}', '2026-01-01', '2026-01-01')",
    [personId, personId],
  );
  return { personId, acting: null };
}
const views = (who: Owner) => db.appDb.global((tx) => savedViews(tx, who.personId));
const save = (who: Owner, name: string, query: string) => saveView(db.appDb, who, { name, query }, NOW);

test("a view is kept as the filter's parser writes it, under one name once, and is nobody else's", async () => {
  const [ann, ben] = [await person(), await person()];
  await save(ann, "  Sinks\n", "?action=sink&evil=1&actor=' OR 1=1&only=visits,refused");
  await save(ann, "Sinks", "action=sink&only=refused");
  expect((await views(ann)).map(({ name, query }) => ({ name, query }))).toEqual([
    { name: "Sinks", query: "action=sink&only=refused" },
  ]);
  expect(await views(ben)).toEqual([]);
});

test("only its owner removes a view; to everybody else it never was", async () => {
  const [ann, ben] = [await person(), await person()];
  await save(ann, "Mine", "action=sink");
  const id = (await views(ann))[0]?.id ?? "";
  for (const [who, which] of [
    [ben, id],
    [ann, randomUUID()],
    [ann, "x"],
  ] as const)
    await expect(removeView(db.appDb, who, which)).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  await removeView(db.appDb, ann, id);
  expect(await views(ann)).toEqual([]);
});

test.each([
  ["no name", "", "action=sink", "E_INVALID"],
  ["the name of a built-in one", "refused", "action=sink", "E_CONFLICT"],
  ["nothing filtered", "All", "action=';--", "E_INVALID"],
])("refused: %s", async (_, name, query, code) => {
  await expect(save(await person(), name, query)).rejects.toMatchObject({ code });
});

test("thirty are the most, also when two come at once", async () => {
  const ann = await person();
  for (let n = 0; n < 29; n++) await save(ann, `View ${n}`, "action=sink");
  const both = await Promise.allSettled([save(ann, "A", "action=sink"), save(ann, "B", "action=sink")]);
  expect(both.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
});

test("never as somebody else", async () => {
  const acting = {
    grantId: "g",
    mode: "rw" as const,
    as: { personId: "p", name: "C" },
    reason: "",
    notAfter: NOW,
    leftMs: 0,
  };
  const visitor = { ...(await person()), acting };
  await expect(saveView(db.appDb, visitor, { name: "A", query: "action=sink" }, NOW)).rejects.toMatchObject({
    code: "E_IMPERSONATION_BLOCKED",
  });
  await expect(removeView(db.appDb, visitor, randomUUID())).rejects.toMatchObject({ code: "E_IMPERSONATION_BLOCKED" });
});
