// Who is what today: computed from groups and bindings each time it is asked.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { type TestDatabase, testDatabase } from "../testing/database.ts";
import { people, personDetail } from "./people.ts";

let db: TestDatabase;
const NOW = new Date("2026-11-21T08:00:00Z");
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
const read = <T>(question: Parameters<typeof db.appDb.withTenant<T>>[1]) =>
  db.appDb.withTenant({ tenantId: PLATFORM_TENANT, actorId: randomUUID(), readOnly: true }, question);

async function person(
  name: string,
  groups: string[],
  more: { off?: "person" | "directory"; directoryId?: string } = {},
) {
  const id = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, groups, directory_id, disabled_at, disabled_source, created_at, last_seen_at)
     VALUES ($1, 'https://idp.example.com', $2, $2, $3, $4, $5, $6, $7, $7)`,
    [id, name, groups, more.directoryId ?? null, more.off ? NOW : null, more.off ?? null, NOW],
  );
  return id;
}

test("each person stands with what their groups make of them, and an auditor is nothing else", async () => {
  await person("Ada", ["tocsin-operator-acme", "tocsin-customer-beta", "unbound"]);
  await person("Bea", ["tocsin-auditor", "tocsin-root"]);
  await person("Cid", ["unbound"]);
  await person("Dan", ["tocsin-root"], { off: "person" });
  expect((await read((tx) => people(tx, NOW))).map((p) => [p.name, p.layers, p.state])).toEqual([
    ["Ada", ["operator of acme", "customer of beta"], "in"],
    ["Bea", ["auditor"], "in"],
    ["Cid", [], "nothing"],
    ["Dan", ["root operator"], "disabled"],
  ]);
});

test("of one person each group says what it gives, and who may switch them on again is known", async () => {
  await db.sql(
    "INSERT INTO scim_user (id, external_id, user_name, active, created_at, updated_at) VALUES ($1, 'off-there', 'off-there', false, $2, $2)",
    [randomUUID(), NOW],
  );
  const here = await person("Eve", ["tocsin-operator-acme", "a-group"], { off: "person" });
  const there = await person("Fay", [], { off: "directory", directoryId: "off-there" });
  const forgotten = await person("Gus", [], { off: "directory", directoryId: "gone-there" });
  const detail = (id: string) => read((tx) => personDetail(tx, id, NOW));
  expect(await detail(here)).toMatchObject({
    groups: [
      { name: "a-group", gives: [] },
      { name: "tocsin-operator-acme", gives: ["operator of acme"] },
    ],
    disabled: { by: "person", here: true },
  });
  expect(await detail(there)).toMatchObject({ disabled: { by: "directory", here: false } });
  expect(await detail(forgotten)).toMatchObject({ disabled: { by: "directory", here: true } });
  expect(await detail(randomUUID())).toBeNull();
});
