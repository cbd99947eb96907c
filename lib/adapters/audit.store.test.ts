// The log as an attacker meets it: what each role may do, and what a forger with the owner's power leaves behind.
import { createHash } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { audit } from "./audit.ts";
import type { TenantContext } from "./db.ts";

let db: TestDatabase;
let context: TenantContext;
const ACTOR = "11111111-1111-4111-8111-111111111111";

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  context = { tenantId: (await makeTenant(db)).id, actorId: ACTOR };
});

const write = (n: number) =>
  db.appDb.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "server.register",
      target: `server:${n}`,
      body: { n },
      personal: { subject: ACTOR, body: { name: "Ann" } },
    }),
  );

/** The same arithmetic as the database's, done again from the stored bytes. */
async function verify(tenantId: string): Promise<string[]> {
  const rows = await db.sql<{ seq: string; prev: Buffer; hash: Buffer; link_content: Buffer; content: Buffer | null }>(
    `SELECT c.seq, c.prev, c.hash, c.content_hash AS link_content, audit.content_hash(e) AS content
     FROM audit.chain c LEFT JOIN audit.event e ON e.id = c.event_id AND e.tenant_id = c.tenant_id WHERE c.tenant_id = $1 ORDER BY c.seq`,
    [tenantId],
  );
  const found: string[] = [];
  let prev: Buffer = createHash("sha256").update(`genesis:${tenantId}`).digest();
  rows.forEach((row, i) => {
    const seq = Buffer.alloc(8);
    seq.writeBigInt64BE(BigInt(row.seq));
    const hash = createHash("sha256")
      .update(Buffer.from([1]))
      .update(prev)
      .update(seq)
      .update(row.link_content)
      .digest();
    if (Number(row.seq) !== i + 1) found.push(`gap before ${row.seq}`);
    if (!row.prev.equals(prev) || !row.hash.equals(hash)) found.push(`link ${row.seq} altered`);
    if (!row.content?.equals(row.link_content))
      found.push(`event of ${row.seq} ${row.content ? "altered" : "missing"}`);
    prev = row.hash;
  });
  const [head] = await db.sql<{ hash: Buffer }>("SELECT hash FROM audit.head WHERE tenant_id = $1", [tenantId]);
  if (head && !head.hash.equals(prev)) found.push("head does not match");
  const loose = await db.sql(
    "SELECT 1 FROM audit.event e WHERE tenant_id = $1 AND NOT EXISTS (SELECT 1 FROM audit.chain c WHERE c.tenant_id = e.tenant_id AND c.event_id = e.id)",
    [tenantId],
  );
  if (loose.length > 0) found.push("unchained event");
  return found;
}

test("each event is hashed and linked at commit, and the links verify", async () => {
  for (let n = 0; n < 5; n++) await write(n);
  expect(await db.sql("SELECT 1 FROM audit.chain WHERE tenant_id = $1", [context.tenantId])).toHaveLength(5);
  expect(await verify(context.tenantId)).toEqual([]);
});

test("sixteen writers at once leave one chain without a fork", async () => {
  await Promise.all(Array.from({ length: 64 }, (_, n) => write(n)));
  const [row] = await db.sql<{ links: string; parents: string }>(
    "SELECT count(*) AS links, count(DISTINCT prev) AS parents FROM audit.chain WHERE tenant_id = $1",
    [context.tenantId],
  );
  expect(row).toEqual({ links: "64", parents: "64" });
  expect(await verify(context.tenantId)).toEqual([]);
});

test("a command that fails leaves neither its change nor its row", async () => {
  await expect(
    db.appDb.withTenant(context, async (tx) => {
      await audit(tx, context, { action: "server.register", target: "server:x", body: {} });
      throw new Error("later step failed");
    }),
  ).rejects.toThrow("later step failed");
  expect(await db.sql("SELECT 1 FROM audit.event WHERE tenant_id = $1", [context.tenantId])).toEqual([]);
});

test("personal data stands only as a salted commitment in what is hashed", async () => {
  await write(1);
  const [row] = await db.sql<{ body: string; commit: Buffer; salt: Buffer; pii: string }>(
    "SELECT e.body, e.pii_commit AS commit, p.salt, p.body AS pii FROM audit.event e JOIN audit.pii p ON p.event_id = e.id WHERE e.tenant_id = $1",
    [context.tenantId],
  );
  expect(row?.body).not.toContain("Ann");
  expect(row?.commit).toEqual(
    createHash("sha256")
      .update(Buffer.from([2]))
      .update(row?.salt ?? "")
      .update(row?.pii ?? "")
      .digest(),
  );
});

describe("refused", () => {
  const statements: [who: "tocsin_app" | "tocsin_worker", what: string, sql: string][] = [
    ["tocsin_app", "changing an event", "UPDATE audit.event SET actor = actor"],
    ["tocsin_app", "deleting an event", "DELETE FROM audit.event"],
    ["tocsin_app", "emptying the log", "TRUNCATE audit.event"],
    ["tocsin_worker", "emptying the log", "TRUNCATE audit.event CASCADE"],
    [
      "tocsin_app",
      "writing a link",
      "INSERT INTO audit.chain SELECT tenant_id, 99, gen_random_uuid(), now(), 'x', 'y', 'z' FROM audit.head",
    ],
    ["tocsin_app", "moving the head", "UPDATE audit.head SET seq = 1"],
    [
      "tocsin_app",
      "back-dating",
      "INSERT INTO audit.event (id, tenant_id, at, actor, action, target, body) SELECT gen_random_uuid(), id, now() - interval '1 day', id, 'a.b', 't', '{}' FROM tenant",
    ],
    [
      "tocsin_app",
      "choosing the hash",
      "INSERT INTO audit.event (id, tenant_id, actor, action, target, body, content_hash) SELECT gen_random_uuid(), id, id, 'a.b', 't', '{}', 'x' FROM tenant",
    ],
    ["tocsin_app", "deleting personal data", "DELETE FROM audit.pii"],
    ["tocsin_app", "switching triggers off", "ALTER TABLE audit.event DISABLE TRIGGER ALL"],
    ["tocsin_app", "skipping triggers as a replica", "SET session_replication_role = replica"],
    ["tocsin_app", "becoming the owner", "SET ROLE tocsin_owner"],
  ];
  test.each(statements)("%s: %s", async (who, _what, sql) => {
    const client = new pg.Client({ connectionString: who === "tocsin_app" ? db.appUrl : db.workerUrl });
    await client.connect();
    try {
      await client.query("SELECT set_config('app.tenant', $1, false)", [context.tenantId]);
      await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    } finally {
      await client.end();
    }
  });

  test("an event for another tenant", async () => {
    const other = await makeTenant(db);
    await expect(
      db.appDb.withTenant(context, (tx) =>
        audit(tx, { ...context, tenantId: other.id }, { action: "a.b", target: "x", body: {} }),
      ),
    ).rejects.toMatchObject({ code: "E_UNAVAILABLE", detail: expect.stringMatching(/row-level security/) });
  });

  test.each([
    ["an update", "UPDATE audit.event SET target = 'x'"],
    ["an update as a replica", "SET session_replication_role = replica; UPDATE audit.event SET target = 'x'"],
    ["a delete of a link", "DELETE FROM audit.chain"],
    [
      "emptying one month's partition",
      "DO $$ DECLARE p regclass; BEGIN SELECT inhrelid::regclass INTO p FROM pg_inherits WHERE inhparent = 'audit.event'::regclass LIMIT 1; EXECUTE 'TRUNCATE ' || p; END $$",
    ],
  ])("even to a superuser who leaves the triggers on: %s", async (_what, sql) => {
    await write(1);
    await expect(db.sql(`BEGIN; ${sql}; COMMIT`)).rejects.toThrow(/append-only/);
    await db.sql("ROLLBACK").catch(() => {});
  });
});

describe("found afterwards, when a superuser switches the triggers off first", () => {
  const tampering: [what: string, sql: string, finding: RegExp][] = [
    [
      "a changed field",
      "UPDATE audit.event SET target = 'server:99' WHERE tenant_id = $1 AND body = '{\"n\":1}'",
      /event of 2 altered/,
    ],
    [
      "a changed actor",
      "UPDATE audit.event SET actor = gen_random_uuid() WHERE tenant_id = $1 AND body = '{\"n\":1}'",
      /event of 2 altered/,
    ],
    [
      "a removed event with its link",
      "WITH gone AS (DELETE FROM audit.chain WHERE tenant_id = $1 AND seq = 2 RETURNING event_id) DELETE FROM audit.event WHERE id IN (SELECT event_id FROM gone)",
      /gap before 3/,
    ],
    [
      "a removed last event with its link",
      "WITH gone AS (DELETE FROM audit.chain WHERE tenant_id = $1 AND seq = 3 RETURNING event_id) DELETE FROM audit.event WHERE id IN (SELECT event_id FROM gone)",
      /head does not match/,
    ],
    ["a cut link", "DELETE FROM audit.chain WHERE tenant_id = $1 AND seq = 3", /unchained event/],
  ];
  test.each(tampering)("%s", async (_what, sql, finding) => {
    for (let n = 0; n < 3; n++) await write(n);
    const off = ["event", "chain"].map((t) => `ALTER TABLE audit.${t} DISABLE TRIGGER USER`).join(";");
    const on = ["event", "chain"]
      .map(
        (t) => `ALTER TABLE audit.${t} ENABLE TRIGGER USER; ALTER TABLE audit.${t} ENABLE ALWAYS TRIGGER deny_change`,
      )
      .join(";");
    await db.sql(off);
    await db.sql(sql, [context.tenantId]);
    await db.sql(on);
    expect((await verify(context.tenantId)).join("; ")).toMatch(finding);
  });
});
