// How long history is kept: longer by one person up to the tier, shorter by two, and what shorter would delete is said.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { execute } from "#lib/commands/command";
import { retention } from "#lib/queries/retention";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeServer, makeTenant } from "../../testing/make.ts";
import { actorFor, makePerson } from "../../testing/people.ts";
import { askFor } from "../approval/ask.ts";
import { decide } from "../approval/decide.ts";
import { changeRetention } from "./change.ts";

const WHY = "The contract asks for thirty days at most";
let db: TestDatabase;
let clock: TestClock;
let tenant: { id: string; slug: string };
let carl: string;
let cora: string;
beforeEach(async () => {
  db = await testDatabase();
  clock = testClock();
  tenant = await makeTenant(db, { tier: "team" });
  carl = await makePerson(db, { name: "Carl", groups: [`tocsin-customer-${tenant.slug}`] });
  cora = await makePerson(db, { name: "Cora", groups: [`tocsin-customer-${tenant.slug}`] });
});
afterEach(async () => {
  clock.restore();
  await db.close();
});

const customer = (id: string) => actorFor(id, tenant.id, ["customer"], clock.now());
const kept = () =>
  db.appDb.withTenant({ tenantId: tenant.id, actorId: carl, readOnly: true }, async (tx) => (await retention(tx)).now);
const cut = (minutesDays: number, incidentsDays = 760) =>
  askFor(db.appDb, "retention.cut", customer(carl), { minutesDays, incidentsDays }, WHY);

test("without a choice, the tier's figures hold", async () => {
  expect(await kept()).toEqual({ minutesDays: 180, incidentsDays: 760 });
});

test("a cut is asked with what it deletes, and holds once somebody else of the tenant approves", async () => {
  const server = await makeServer(db, tenant.id);
  await db.sql(
    `INSERT INTO probe_minute (tenant_id, server_id, slot, status, regions)
     SELECT $1, $2, timestamptz '2026-11-01' + n * interval '1 minute', 'up', '{}' FROM generate_series(1, 7) n`,
    [tenant.id, server],
  );
  const asked = await cut(10);
  expect(asked).toMatchObject({ state: "asked", approvers: ["Cora"] });
  const [row] = await db.sql<{ sentence: string; diff: unknown }>("SELECT sentence, diff FROM approval");
  expect(row).toEqual({
    sentence: "Keep minutes of each server for 10 days, and delete what is older",
    diff: [
      { field: "Minutes of each server", was: "180 days", will: "10 days" },
      { field: "Minutes that are deleted", was: "kept", will: "7", moves: true },
      { field: "Incidents that are deleted", was: "kept", will: "0", moves: true },
    ],
  });
  await db.sql("DELETE FROM probe_minute WHERE slot < '2026-11-01 00:03Z'");
  await decide(db.appDb, asked.id, customer(cora), "approve", "Agreed with our lawyer last week");
  expect(await kept()).toEqual({ minutesDays: 10, incidentsDays: 760 });
});

test("longer again is one person's to say, and never past the tier", async () => {
  await db.sql("INSERT INTO tenant_retention VALUES ($1, 10, 30, NULL, '2026-11-01')", [tenant.id]);
  const longer = (minutesDays: number) =>
    execute(db.appDb, changeRetention, customer(carl), { minutesDays, incidentsDays: 30 });
  await longer(180);
  expect(await kept()).toEqual({ minutesDays: 180, incidentsDays: 30 });
  await expect(longer(181)).rejects.toMatchObject({ code: "E_INVALID", field: "minutesDays" });
  await expect(longer(180)).rejects.toMatchObject({ code: "E_STATE" });
  await expect(longer(90)).rejects.toMatchObject({ code: "E_APPROVAL_NEEDED", field: "minutesDays" });
});

test("a tier that was lowered holds over what was chosen before", async () => {
  await db.sql("INSERT INTO tenant_retention VALUES ($1, 150, 700, NULL, '2026-11-01')", [tenant.id]);
  await db.sql("UPDATE tenant SET tier = 'public' WHERE id = $1", [tenant.id]);
  expect(await kept()).toEqual({ minutesDays: 7, incidentsDays: 90 });
});

describe("refused", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["a cut that keeps one thing longer", { minutesDays: 10, incidentsDays: 761 }, "E_INVALID"],
    ["a cut that cuts nothing", { minutesDays: 180, incidentsDays: 760 }, "E_STATE"],
    ["none at all", { minutesDays: 0, incidentsDays: 10 }, "E_INVALID"],
    ["half a day", { minutesDays: 0.5, incidentsDays: 10 }, "E_INVALID"],
    ["no number", { minutesDays: "soon", incidentsDays: 10 }, "E_INVALID"],
    ["a number past any", { minutesDays: "1e99", incidentsDays: 10 }, "E_INVALID"],
    ["a field of somebody else's", { minutesDays: 5, incidentsDays: 5, tenantId: randomUUID() }, "E_UNKNOWN_FIELD"],
  ])("%s", async (_, input, code) => {
    await expect(askFor(db.appDb, "retention.cut", customer(carl), input, WHY)).rejects.toMatchObject({ code });
    expect(await kept()).toEqual({ minutesDays: 180, incidentsDays: 760 });
  });
  test("while somebody looks as a customer, even with a second person's leave", async () => {
    const visiting = { ...customer(carl), acting: { grantId: randomUUID(), actAs: cora, mode: "rw" as const } };
    await expect(
      askFor(db.appDb, "retention.cut", visiting, { minutesDays: 5, incidentsDays: 5 }, WHY),
    ).rejects.toMatchObject({ code: "E_IMPERSONATION_BLOCKED" });
  });
});
