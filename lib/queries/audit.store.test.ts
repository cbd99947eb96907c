import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import type { Trace } from "#lib/adapters/db";
import { queryAgain } from "#lib/domain/audit-filter";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { auditChoices, auditRows, sealState, SHELL } from "./audit.ts";

const ANN = randomUUID();
const CARL = randomUUID();
let db: TestDatabase;
let tenantId: string;
let other: string;
let third: string;

const write = (tenant: string, actor: string, action: string, target: string, body: object = {}, trace?: Trace) => {
  const context = { tenantId: tenant, actorId: actor, ...(trace ? { trace } : {}) };
  return db.appDb.withTenant(context, (tx) => audit(tx, context, { action, target, body: { ...body } }));
};

beforeAll(async () => {
  db = await testDatabase();
  tenantId = (await makeTenant(db)).id;
  other = (await makeTenant(db)).id;
  third = (await makeTenant(db)).id;
  for (let n = 0; n < 6; n++)
    await write(
      tenantId,
      n < 4 ? ANN : randomUUID(),
      n % 2 === 0 ? "server.register" : "serverless.note",
      `server:${n}`,
      { n },
    );
  await write(other, ANN, "sink.change", "server:9");
});
afterAll(() => db.close());

const ask = (query: string, more: { take?: number; before?: string; tenants?: string[] } = {}) =>
  db.appDb.withTenant({ tenantId, actorId: ANN, readOnly: true, alsoRead: more.tenants ?? [] }, (tx) =>
    auditRows(
      tx,
      { filter: queryAgain(query), tenants: more.tenants ?? [tenantId], before: more.before ?? null },
      more.take,
    ),
  );
const targets = async (query: string, tenants?: string[]) =>
  (await ask(query, tenants ? { tenants } : {})).rows.map((r) => r.target);

test.each<[string, string, string[]]>([
  [
    "nothing: all of this tenant, newest first",
    "",
    ["server:5", "server:4", "server:3", "server:2", "server:1", "server:0"],
  ],
  ["a noun, and not one that only begins like it", "action=server", ["server:4", "server:2", "server:0"]],
  ["an action", "action=serverless.note", ["server:5", "server:3", "server:1"]],
  ["several nouns", "action=sink,serverless", ["server:5", "server:3", "server:1"]],
  ["an action that never was", "action=moon", []],
  ["a person", `actor=${ANN}`, ["server:3", "server:2", "server:1", "server:0"]],
  ["a target", "target=server:3", ["server:3"]],
  ["a word of the body, with signs that search could take for its own", 'q="N":3', ["server:3"]],
  ["a word with % that is nowhere", "q=%25", []],
  ["a time before all", "to=2020-01-01", []],
  ["a time that holds all", "from=2020-01-01&to=2120-01-01&action=serverless&target=server:5", ["server:5"]],
])("filtered by %s", async (_what, query, expected) => {
  expect(await targets(query)).toEqual(expected);
});

test("pages follow one another without a row twice or none, and the last one says so", async () => {
  const first = await ask("", { take: 4 });
  const second = await ask("", { take: 4, before: first.rows.at(-1)?.cursor ?? "" });
  expect([first.more, second.more]).toEqual([true, false]);
  expect([...first.rows, ...second.rows].map((r) => r.seq)).toEqual([6, 5, 4, 3, 2, 1]);
});

test.each([
  ["no place at all", "x"],
  ["a month that is none", "2026-13-01T00:00:00.000000Z_3f0c9a52-6a43-4a0e-8f5e-0a2f6c8d1b7e"],
  ["a day that is none", "2026-02-30T00:00:00.000000Z_3f0c9a52-6a43-4a0e-8f5e-0a2f6c8d1b7e"],
  ["the year nought", "0000-01-01T00:00:00.000000Z_3f0c9a52-6a43-4a0e-8f5e-0a2f6c8d1b7e"],
  ["an id that is none", `2026-01-01T00:00:00.000000Z_${"-".repeat(36)}`],
])("a page that begins at %s is the first", async (_, before) => {
  expect((await ask("", { before })).rows).toHaveLength(6);
});

test("choices and the state of the seal are this tenant's own", async () => {
  await db.appDb.withTenant({ tenantId, actorId: ANN, readOnly: true }, async (tx) => {
    const choices = await auditChoices(tx, [tenantId]);
    expect(choices.actions).toEqual(["server.register", "serverless.note"]);
    expect(choices.actors).toHaveLength(3);
    expect(await sealState(tx)).toEqual({ seq: 6, checkpointed: 0, lastCheckpointAt: null });
  });
});

describe("one question over several tenants", () => {
  test("reads those that it may also read, in one order", async () => {
    expect((await targets("", [tenantId, other]))[0]).toBe("server:9");
    expect(await targets("action=sink", [tenantId, other])).toEqual(["server:9"]);
  });
  test("and none that only stands in the question: row security knows nothing of it", async () => {
    const rows = await db.appDb.withTenant({ tenantId, actorId: ANN, readOnly: true }, async (tx) => {
      const page = await auditRows(tx, { filter: queryAgain(""), tenants: [tenantId, other] });
      const choices = await auditChoices(tx, [tenantId, other]);
      return { targets: page.rows.map((r) => r.target), actions: choices.actions };
    });
    expect(rows.targets).not.toContain("server:9");
    expect(rows.actions).not.toContain("sink.change");
  });
  test("may write to none of them but its own", async () => {
    const context = { tenantId, actorId: ANN, alsoRead: [other] };
    await expect(
      db.appDb.withTenant(
        context,
        (tx) => tx.$executeRaw`INSERT INTO audit.event (id, tenant_id, actor, action, target, body)
          VALUES (${randomUUID()}::uuid, ${other}::uuid, ${ANN}::uuid, 'a.b', 'x:1', '{}')`,
      ),
    ).rejects.toThrow(/row-level security/);
  });
});

describe("a row says who, as whom, from where and why", () => {
  beforeAll(async () => {
    await db.sql(
      `INSERT INTO person (id, issuer, subject, name, groups, created_at, last_seen_at) VALUES
       ($1, 'x', 'ann', 'Ann', '{}', '2026-01-01', '2026-01-01'), ($2, 'x', 'carl', 'Carl', '{}', '2026-01-01', '2026-01-01')`,
      [ANN, CARL],
    );
    const serverId = await makeServer(db, third, { name: "Payments" });
    const grantId = randomUUID();
    const why = "The customer cannot save the form.";
    await write(third, ANN, "sink.change", "sink:1", {}, { from: "203.0.113.7", why, actAs: CARL, grantId });
    await write(third, ANN, "server.change", `server:${serverId}`, {}, { from: "2001:db8::1" });
    await write(third, ANN, "access.refused", "action:x", {}, { from: "203.0.113.70" });
    await write(third, SHELL, "address.allow", "allowance:1");
  });
  const asked = (query: string) => ask(query, { tenants: [third] });

  test("each by its name, and the target too", async () => {
    const [row] = (await asked("target=sink:")).rows;
    expect(row).toMatchObject({
      who: "Ann",
      actAs: { id: CARL, name: "Carl" },
      personal: { state: "kept", from: "203.0.113.7", why: "The customer cannot save the form." },
    });
    expect((await asked("target=server:")).rows[0]).toMatchObject({ targetName: "Payments" });
    expect((await asked("only=shell")).rows[0]).toMatchObject({ who: "Command line", personal: { state: "none" } });
  });

  test.each([
    ["an address, and not one that only begins like it", "addr=203.0.113.7", ["sink.change"]],
    ["an address of the newer kind", "addr=2001:db8::1", ["server.change"]],
    ["an address that nobody had", "addr=198.51.100.1", []],
    ["in whose place", `as=${CARL}`, ["sink.change"]],
    ["only visits", "only=visits", ["sink.change"]],
    ["only with a reason", "only=reason", ["sink.change"]],
    ["only refused", "only=refused", ["access.refused"]],
    ["only by the command line", "only=shell", ["address.allow"]],
    ["refused and a visit", "only=refused,visits", []],
    ["a refusal of another noun", "only=refused&action=sink", []],
  ])("found by %s", async (_, query, actions) => {
    expect((await asked(query)).rows.map((r) => r.action)).toEqual(actions);
  });

  test("what was erased says so and is found by nothing that it said", async () => {
    const id = await write(third, ANN, "server.remove", "server:2", {}, { from: "192.0.2.9", why: "No longer used." });
    await db.sql("DELETE FROM audit.pii WHERE event_id = $1", [id]);
    expect((await asked("action=server.remove")).rows[0]?.personal).toMatchObject({
      state: "erased",
      from: "",
      why: "",
    });
    expect((await asked("addr=192.0.2.9")).rows).toEqual([]);
  });

  test("a note that looks like an address is not taken for one", async () => {
    const context = { tenantId: third, actorId: ANN };
    const hostile = { subject: "person:x", body: { note: '"from":"1.2.3.4" \u2028 \\u0000' } };
    await db.appDb.withTenant(context, (tx) =>
      audit(tx, context, { action: "incident.note", target: "incident:1", body: {}, personal: hostile }),
    );
    expect((await asked("addr=1.2.3.4")).rows).toEqual([]);
  });
});
