// Twelve changes by a superuser who first switches the triggers off: each is found inside the database or by the saved
// checkpoint, and three of them only by the latter. Each case has a tenant and a database state of its own.
import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { monthFile, ndjson } from "#lib/adapters/checkpoint-file";
import { signingKey } from "#lib/adapters/checkpoint-key";
import type { TenantContext } from "#lib/adapters/db";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { keyIdOf } from "#lib/domain/audit/checkpoint";
import type { Ask } from "#lib/queries/audit-proof";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { checkpoint } from "./checkpoint.ts";

const ACTOR = "11111111-1111-4111-8111-111111111111";
const quiet = pino({ level: "silent" });
const NOW = new Date("2026-11-21T12:00:00.000Z");
let db: TestDatabase;
let folder: string;
let context: TenantContext;
let ids: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-audit-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  db = await testDatabase();
  rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
  context = { tenantId: (await makeTenant(db)).id, actorId: ACTOR };
  ids = [];
  for (let n = 1; n <= 5; n++) ids.push(await write(n));
  await checkpoint(db.workerDb, places(), quiet, NOW);
});
afterEach(() => db.close());

const places = () => ({ keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "checkpoints") });
const ask: Ask = (sql, params = []) => db.sql(sql, params) as never;
const write = (n: number) =>
  db.appDb.withTenant(context, (tx) =>
    audit(tx, context, {
      action: "server.register",
      target: `server:${n}`,
      body: { n },
      personal: { subject: ACTOR, body: { name: "Ann" } },
    }),
  );

function keys() {
  const key = createPublicKey(signingKey(places().keyFile));
  return new Map([[keyIdOf(key), key]]);
}
const codes = (found: { findings: { code: string }[] }) => found.findings.map((f) => f.code).sort();
/** What the tables alone can say. */
const inside = async () => codes(await verifyLive({ ask, tenantId: context.tenantId, keys: null, now: NOW.getTime() }));
/** What somebody with the saved file can say beyond that. */
const bySavedFile = async () => {
  const { findings } = await verifyLive({
    ask,
    tenantId: null,
    keys: keys(),
    saved: ndjson(monthFile(places().dir, NOW.toISOString())),
    now: NOW.getTime(),
  });
  return findings.filter((f) => f.code.startsWith("checkpoint-")).map((f) => f.code);
};

const TABLES = ["event", "chain", "head", "pii"];
async function forge(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    for (const t of TABLES) await client.query(`ALTER TABLE audit.${t} DISABLE TRIGGER USER`);
    for (const sql of statements) await client.query(sql.replaceAll("$T", `'${context.tenantId}'`));
    for (const t of TABLES) await client.query(`ALTER TABLE audit.${t} ENABLE TRIGGER USER`);
  } finally {
    await client.end();
  }
}

const eventOf = (seq: number) => `(SELECT event_id FROM audit.chain WHERE tenant_id = $T AND seq = ${seq})`;
const dropEvent = (seq: number) => `DELETE FROM audit.event WHERE id = ${eventOf(seq)}`;
const dropLink = (seq: number) => `DELETE FROM audit.chain WHERE tenant_id = $T AND seq = ${seq}`;
const repairHead =
  "UPDATE audit.head h SET seq = c.seq, hash = c.hash FROM (SELECT * FROM audit.chain WHERE tenant_id = $T ORDER BY seq DESC LIMIT 1) c WHERE h.tenant_id = $T";
/** All hashes again from what the events say now, numbers without gaps. */
const recompute = `DO $$ DECLARE r record; p bytea := sha256(convert_to('genesis:' || $T, 'UTF8')); n bigint := 0; c bytea; BEGIN
  CREATE TEMP TABLE old AS SELECT * FROM audit.chain WHERE tenant_id = $T ORDER BY seq; DELETE FROM audit.chain WHERE tenant_id = $T;
  FOR r IN SELECT o.event_id, o.event_at FROM old o ORDER BY o.seq LOOP
    n := n + 1; SELECT audit.content_hash(e) INTO c FROM audit.event e WHERE e.id = r.event_id;
    UPDATE audit.event SET content_hash = c WHERE id = r.event_id;
    INSERT INTO audit.chain VALUES ($T, n, r.event_id, r.event_at, c, p, sha256('\\x01'::bytea || p || int8send(n) || c));
    p := sha256('\\x01'::bytea || p || int8send(n) || c); END LOOP; DROP TABLE old; END $$`;
const loose = `INSERT INTO audit.event (id, tenant_id, actor, action, target, body, content_hash) VALUES (gen_random_uuid(), $T, $T, 'server.remove', 'server:9', '{}', 'x')`;
const swap = `DO $$ DECLARE a audit.chain; b audit.chain; BEGIN
  SELECT * INTO a FROM audit.chain WHERE tenant_id = $T AND seq = 2; SELECT * INTO b FROM audit.chain WHERE tenant_id = $T AND seq = 3;
  UPDATE audit.chain SET event_id = gen_random_uuid() WHERE tenant_id = $T AND seq = 2;
  UPDATE audit.chain SET event_id = a.event_id, event_at = a.event_at WHERE tenant_id = $T AND seq = 3;
  UPDATE audit.chain SET event_id = b.event_id, event_at = b.event_at WHERE tenant_id = $T AND seq = 2; END $$`;

const mutations: [no: number, what: string, statements: string[], inside: string[], saved: boolean][] = [
  [
    1,
    "a changed field",
    [`UPDATE audit.event SET target = 'server:99' WHERE id = ${eventOf(2)}`],
    ["event-altered"],
    false,
  ],
  [
    2,
    "a changed actor",
    [`UPDATE audit.event SET actor = gen_random_uuid() WHERE id = ${eventOf(2)}`],
    ["event-altered"],
    false,
  ],
  [3, "a removed middle event with its link", [dropEvent(3), dropLink(3)], ["chain-gap"], false],
  [4, "a removed last event with its link", [dropEvent(5), dropLink(5)], ["head-mismatch"], true],
  [5, "a cut link, the head repaired, the event left", [dropLink(5), repairHead], ["event-loose"], true],
  [6, "a cut link and event, the head repaired", [dropEvent(5), dropLink(5), repairHead], [], true],
  [7, "two swapped links", [swap], ["event-altered", "event-altered"], false],
  [8, "an event put in without a link", [loose], ["event-loose"], false],
  [
    9,
    "changed personal data",
    [`UPDATE audit.pii SET body = '{"name":"Bob"}' WHERE event_id = ${eventOf(2)}`],
    ["pii-altered"],
    false,
  ],
  [
    10,
    "personal data removed without a word",
    [`DELETE FROM audit.pii WHERE event_id = ${eventOf(2)}`],
    ["pii-missing"],
    false,
  ],
  [
    11,
    "an edit with the whole chain computed again",
    [`UPDATE audit.event SET target = 'server:99' WHERE id = ${eventOf(2)}`, recompute, repairHead],
    [],
    true,
  ],
  [
    12,
    "a dropped event with everything computed again",
    [`DELETE FROM audit.pii WHERE event_id = ${eventOf(3)}`, dropEvent(3), dropLink(3), recompute, repairHead],
    [],
    true,
  ],
];

describe("a superuser's change is found", () => {
  test.each(mutations)("%i: %s", async (_no, _what, statements, seenInside, seenBySaved) => {
    await forge(...statements);
    expect(await inside()).toEqual(seenInside);
    const saved = await bySavedFile();
    expect(saved.includes("checkpoint-mismatch")).toBe(seenBySaved);
    expect(seenInside.length > 0 || saved.length > 0).toBe(true);
  });

  test("6, 11 and 12 are invisible inside, and only the saved checkpoint finds them", () => {
    expect(mutations.filter(([, , , seen]) => seen.length === 0).map(([no, , , , saved]) => [no, saved])).toEqual([
      [6, true],
      [11, true],
      [12, true],
    ]);
  });

  test("also when the forger empties the database's own checkpoints and lets the worker make new ones", async () => {
    const [, , statements] = mutations[10] ?? [];
    await forge(
      ...(statements ?? []),
      "ALTER TABLE audit.checkpoint DISABLE TRIGGER USER",
      "ALTER TABLE audit.checkpoint_head DISABLE TRIGGER USER",
      "DELETE FROM audit.checkpoint_head",
      "DELETE FROM audit.checkpoint",
    );
    await checkpoint(db.workerDb, { ...places(), dir: join(folder, "elsewhere") }, quiet, NOW);
    expect(codes(await verifyLive({ ask, tenantId: null, keys: keys(), now: NOW.getTime() }))).toEqual([]);
    expect((await bySavedFile()).sort()).toEqual(["checkpoint-mismatch", "checkpoint-missing"]);
  });
});

describe("what is lawful is clean", () => {
  test("an untouched log with events after the checkpoint", async () => {
    await write(6);
    expect([await inside(), await bySavedFile()]).toEqual([[], []]);
  });

  test("an erasure that its own event names", async () => {
    await db.appDb.withTenant(context, (tx) =>
      audit(tx, context, { action: "gdpr.erased", target: "request:1", body: { events: [ids[1]] } }),
    );
    await db.sql("DELETE FROM audit.pii WHERE event_id = $1", [ids[1] ?? ""]);
    expect([await inside(), await bySavedFile()]).toEqual([[], []]);
  });
});

describe("refused to the roles that serve", () => {
  test.each([
    [
      "app",
      "writing a checkpoint",
      "INSERT INTO audit.checkpoint SELECT no + 1, at, tree_size, root, hash, root, signature, key_id FROM audit.checkpoint",
    ],
    ["app", "reading every tenant's head", "SELECT * FROM audit.heads()"],
    ["app", "keeping heads of its own", "SELECT audit.keep_heads(1, '{}', '{}', '{}')"],
    ["app", "reading a salt", "SELECT salt FROM audit.pii"],
    ["worker", "changing a checkpoint", "UPDATE audit.checkpoint SET no = no"],
    ["worker", "removing a checkpoint", "DELETE FROM audit.checkpoint"],
    ["worker", "emptying the checkpoints", "TRUNCATE audit.checkpoint CASCADE"],
    [
      "owner",
      "changing a checkpoint as a replica",
      "SET session_replication_role = replica; UPDATE audit.checkpoint SET no = no",
    ],
  ])("%s: %s", async (who, _what, sql) => {
    const client = new pg.Client({
      connectionString: { app: db.appUrl, worker: db.workerUrl, owner: db.ownerUrl }[who] ?? "",
    });
    await client.connect();
    try {
      await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    } finally {
      await client.end();
    }
  });
});
