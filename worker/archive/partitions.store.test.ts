import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makePartitions } from "./partitions.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const months = async () =>
  (
    await db.sql<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent IN ('probe_minute'::regclass, 'audit.event'::regclass) ORDER BY 1",
    )
  ).map((r) => r.name);

test("three months are there ahead of any date, made once, and a partition of the log refuses to be emptied", async () => {
  const later = new Date("2031-05-17T00:00:00Z");
  await makePartitions(db.workerDb, later);
  const once = await months();
  for (const m of ["2031_05", "2031_06", "2031_07"]) {
    expect(once).toContain(`probe_minute_${m}`);
    expect(once).toContain(`audit.event_${m}`);
  }
  await makePartitions(db.workerDb, later);
  expect(await months()).toEqual(once);
  await expect(db.sql("TRUNCATE audit.event_2031_06")).rejects.toThrow(/append-only/);
});
