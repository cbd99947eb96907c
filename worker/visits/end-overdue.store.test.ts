import { afterAll, beforeAll, expect, test } from "vitest";
import { startVisit } from "#lib/commands/impersonation/start";
import { visiting } from "#lib/commands/impersonation/visiting";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { testSettings } from "#lib/testing/settings";
import { actorOf, aHouse, ask, WHY } from "#lib/testing/visits";
import { endOverdueVisits } from "./end-overdue.ts";

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

test.each([
  ["a visit after 30 minutes", "ro", 30 * 60, "impersonation.end", "time"],
  ["a question after 15 minutes", "rw", 15 * 60, "impersonation.drop", "expired"],
] as const)("%s ends by itself, once, and never a moment before", async (_, mode, seconds, action, reason) => {
  const house = await aHouse(db);
  const input = { tenantId: house.tenantId, personId: house.carl.personId, mode };
  await visiting(db.appDb, startVisit, await actorOf(db, house.omar), input, WHY);
  const age = (s: number) =>
    db.sql(
      `UPDATE impersonation_grant SET asked_at = now() - $2 * interval '1 s', started_at = now() - $2 * interval '1 s' + (started_at - asked_at),
         not_after = now() - $2 * interval '1 s' + (not_after - asked_at) WHERE tenant_id = $1`,
      [house.tenantId, s],
    );
  const ends = () =>
    db.sql<{ body: string }>("SELECT body FROM audit.event WHERE tenant_id = $1 AND action = $2", [
      house.tenantId,
      action,
    ]);
  await age(seconds - 5);
  expect(await endOverdueVisits(db.workerDb, db.sweeper)).toBe(0);
  await age(seconds);
  expect(await endOverdueVisits(db.workerDb, db.sweeper)).toBe(1);
  expect(await endOverdueVisits(db.workerDb, db.sweeper)).toBe(0);
  expect((await ends()).map((r) => (JSON.parse(r.body) as { reason: string }).reason)).toEqual([reason]);
  expect((await ask(db, house.omar)).viewer).toMatchObject({ acting: null });
});
