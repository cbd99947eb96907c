import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { type AuditFilter, auditChoices, auditRows, sealState } from "./audit.ts";

const ALL: AuditFilter = { action: "", actor: "", text: "", from: null, to: null, before: null };
const ANN = randomUUID();
let db: TestDatabase;
let tenantId: string;
let other: string;

beforeAll(async () => {
  db = await testDatabase();
  tenantId = (await makeTenant(db)).id;
  other = (await makeTenant(db)).id;
  const write = (tenant: string, actor: string, action: string, n: number) => {
    const context = { tenantId: tenant, actorId: actor };
    return db.appDb.withTenant(context, (tx) => audit(tx, context, { action, target: `server:${n}`, body: { n } }));
  };
  for (let n = 0; n < 6; n++)
    await write(tenantId, n < 4 ? ANN : randomUUID(), n % 2 === 0 ? "server.register" : "serverless.note", n);
  await write(other, ANN, "sink.change", 9);
});
afterAll(() => db.close());

const ask = (filter: Partial<AuditFilter>, take?: number) =>
  db.appDb.withTenant({ tenantId, actorId: ANN, readOnly: true }, (tx) => auditRows(tx, { ...ALL, ...filter }, take));
const targets = async (filter: Partial<AuditFilter>) => (await ask(filter)).rows.map((r) => r.target);

test.each<[string, Partial<AuditFilter>, string[]]>([
  [
    "nothing: all of this tenant, newest first",
    {},
    ["server:5", "server:4", "server:3", "server:2", "server:1", "server:0"],
  ],
  ["a noun, and not one that only begins like it", { action: "server" }, ["server:4", "server:2", "server:0"]],
  ["an action", { action: "serverless.note" }, ["server:5", "server:3", "server:1"]],
  ["a person", { actor: ANN }, ["server:3", "server:2", "server:1", "server:0"]],
  ["a word of the body, with signs that search could take for its own", { text: '"N":3' }, ["server:3"]],
  ["a word with % that is nowhere", { text: "%" }, []],
  ["a time before all", { to: Date.parse("2020-01-01") }, []],
  [
    "a person who is no id",
    { actor: "' OR 1=1" },
    ["server:5", "server:4", "server:3", "server:2", "server:1", "server:0"],
  ],
])("filtered by %s", async (_what, filter, expected) => {
  expect(await targets(filter)).toEqual(expected);
});

test("pages follow one another without a row twice or none, and the last one says so", async () => {
  const first = await ask({}, 4);
  const second = await ask({ before: first.rows.at(-1)?.cursor ?? "" }, 4);
  expect([first.more, second.more]).toEqual([true, false]);
  expect([...first.rows, ...second.rows].map((r) => r.seq)).toEqual([6, 5, 4, 3, 2, 1]);
});

test("choices and the state of the seal are this tenant's own", async () => {
  await db.appDb.withTenant({ tenantId, actorId: ANN, readOnly: true }, async (tx) => {
    const choices = await auditChoices(tx);
    expect(choices.actions).toEqual(["server.register", "serverless.note"]);
    expect(choices.actors).toHaveLength(3);
    expect(await sealState(tx)).toEqual({ seq: 6, checkpointed: 0, lastCheckpointAt: null });
  });
});
