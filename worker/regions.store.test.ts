import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { nameRegions } from "./regions.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

it("makes the regions that are set, and leaves those alone that a person has named or switched off", async () => {
  await db.sql("INSERT INTO region (name, city, enabled) VALUES ('fra', 'Frankfurt', false)");
  await Promise.all([nameRegions(db.workerDb, ["fra", "iad"]), nameRegions(db.workerDb, ["iad", "fra"])]);
  expect(await db.sql("SELECT name, city, enabled FROM region ORDER BY name")).toEqual([
    { name: "fra", city: "Frankfurt", enabled: false },
    { name: "iad", city: "Ashburn", enabled: true },
  ]);
});

it.each(["Frankfurt", "a b", "x".repeat(33), "fra;drop"])(
  "refuses the name %j and says which setting holds it",
  async (name) => {
    await expect(nameRegions(db.workerDb, [name])).rejects.toThrow(/^TOCSIN_REGIONS holds /);
  },
);
