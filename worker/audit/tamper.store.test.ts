// Fourteen statements that are refused, and twelve changes by a superuser who first switches the triggers off: each is
// found inside the database or by a signed checkpoint, and three of them only by the latter; and all of them again by
// whoever has nothing but an export made afterwards. Each case has a tenant and a database state of its own.
import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { monthFile, ndjson } from "#lib/adapters/checkpoint-file";
import { publicKeyFile, signingKey } from "#lib/adapters/checkpoint-key";
import type { TenantContext } from "#lib/adapters/db";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { keyIdOf } from "#lib/domain/audit/checkpoint";
import type { Ask } from "#lib/queries/audit-proof";
import { auditCommand } from "../../start/audit.ts";
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
/** The same by the database's own function, as an auditor's role calls it. */
async function insideSql(): Promise<string[]> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    await client.query("SET ROLE tocsin_auditor");
    await client.query("SELECT set_config('app.tenant', $1, false)", [context.tenantId]);
    return (await client.query<{ code: string }>("SELECT code FROM audit.verify()")).rows.map((r) => r.code).sort();
  } finally {
    await client.end();
  }
}
/** An export made now, verified without the database. @returns the codes found */
async function byExport(saved: boolean): Promise<string[]> {
  const out = mkdtempSync(join(folder, "export-"));
  const [tenant] = await db.sql<{ slug: string }>("SELECT slug FROM tenant WHERE id = $1", [context.tenantId]);
  const key = publicKeyFile(places().keyFile);
  const said: string[] = [];
  const before = process.env.DATABASE_URL;
  process.env.DATABASE_URL = db.ownerUrl;
  try {
    const args = ["--tenant", tenant?.slug ?? "", "--out", out, "--public-key", key];
    expect(await auditCommand(["export", ...args], () => {})).toBe(0);
    process.env.DATABASE_URL = "postgresql://nobody@127.0.0.1:1/none";
    await auditCommand(
      [
        ...["verify", "--bundle", out, "--public-key", key],
        ...(saved ? ["--checkpoints", monthFile(places().dir, NOW.toISOString())] : []),
      ],
      (line) => void said.push(line),
    );
  } finally {
    if (before === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = before;
  }
  return said.flatMap((line) => /^✗ ([a-z-]+)/.exec(line)?.[1] ?? []);
}
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
    expect([...new Set(await insideSql())]).toEqual([...new Set(seenInside)]);
    const exported = await byExport(true);
    expect([...new Set(exported.filter((c) => !c.startsWith("checkpoint-")))].sort()).toEqual([...new Set(seenInside)]);
    expect(exported.includes("checkpoint-mismatch")).toBe(seenBySaved);
    // The checkpoints in the export say the same, as long as the forger left those of the database.
    expect((await byExport(false)).includes("checkpoint-mismatch")).toBe(seenBySaved);
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
    // An export alone believes the new line of checkpoints: it takes the file that was saved before.
    expect(await byExport(false)).toEqual([]);
    expect(await byExport(true)).toContain("checkpoint-mismatch");
  });
});

describe("what is lawful is clean", () => {
  test("an untouched log with events after the checkpoint", async () => {
    await write(6);
    expect([await inside(), await insideSql(), await bySavedFile()]).toEqual([[], [], []]);
    expect(await byExport(true)).toEqual([]);
  });

  test("an erasure that its own event names", async () => {
    const [gone] = await db.workerDb.withTenant(
      context,
      (tx) => tx.$queryRaw<{ n: number }[]>`SELECT audit.erase(${`person:${ACTOR}`}, 'request-1')::int AS n`,
    );
    expect(gone?.n).toBe(ids.length);
    expect([await inside(), await insideSql(), await bySavedFile()]).toEqual([[], [], []]);
    expect(await byExport(true)).toEqual([]);
  });
});

describe("refused", () => {
  const asApp = `SELECT set_config('app.tenant', $T, true)`;
  const event = (columns: string, values: string) =>
    `INSERT INTO audit.event (id, tenant_id, actor, action, target, body${columns}) VALUES (gen_random_uuid(), ${values})`;
  const OTHER = "'00000000-0000-4000-8000-000000000001'";
  /** The statement, who sends it, and PostgreSQL's word for the refusal. */
  const fourteen: [no: number, who: string, what: string, sql: string, refusal: RegExp][] = [
    [1, "app", "UPDATE of an event", "UPDATE audit.event SET target = 'x'", /permission denied/],
    [2, "app", "DELETE of an event", "DELETE FROM audit.event", /permission denied/],
    [3, "app", "TRUNCATE of the events", "TRUNCATE audit.event", /permission denied/],
    [
      4,
      "app",
      "INSERT into the chain",
      "INSERT INTO audit.chain SELECT tenant_id, 99, event_id, event_at, content_hash, hash, hash FROM audit.chain",
      /permission denied/,
    ],
    [
      5,
      "app",
      "INSERT for another tenant",
      event("", `${OTHER}, $T, 'server.remove', 'server:1', '{}'`),
      /row-level security/,
    ],
    [
      6,
      "app",
      "INSERT of a back-dated event",
      event(", at", "$T, $T, 'server.remove', 'server:1', '{}', '2026-01-01'"),
      /permission denied/,
    ],
    [7, "app", "session_replication_role", "SET session_replication_role = replica", /permission denied/],
    [8, "app", "DISABLE TRIGGER", "ALTER TABLE audit.event DISABLE TRIGGER USER", /must be owner/],
    [9, "app", "SET ROLE to the owner", "SET ROLE tocsin_owner", /permission denied/],
    [
      10,
      "auditor",
      "INSERT by an auditor",
      event("", "$T, $T, 'server.remove', 'server:1', '{}'"),
      /permission denied/,
    ],
    [11, "app", "DELETE of personal data", "DELETE FROM audit.pii", /permission denied/],
    [12, "app", "reading the salts of personal data", "SELECT * FROM audit.pii", /permission denied/],
    [13, "owner", "UPDATE by a superuser", "UPDATE audit.event SET target = 'x'", /append-only/],
    [
      14,
      "owner",
      "UPDATE by a superuser as a replica",
      "SET session_replication_role = replica; UPDATE audit.event SET target = 'x'",
      /append-only/,
    ],
  ];
  const further: typeof fourteen = [
    [
      15,
      "app",
      "writing a checkpoint",
      "INSERT INTO audit.checkpoint SELECT no + 1, at, tree_size, root, hash, root, signature, key_id FROM audit.checkpoint",
      /permission denied/,
    ],
    [16, "app", "reading every tenant's head", "SELECT * FROM audit.heads()", /permission denied/],
    [17, "app", "keeping heads of its own", "SELECT audit.keep_heads(1, '{}', '{}', '{}')", /permission denied/],
    [18, "app", "erasing", "SELECT audit.erase('person:1', 'r')", /permission denied/],
    [19, "app", "dropping a month", "SELECT audit.drop_partition('2019-10-01')", /permission denied/],
    [20, "worker", "changing a checkpoint", "UPDATE audit.checkpoint SET no = no", /permission denied/],
    [21, "worker", "removing a checkpoint", "DELETE FROM audit.checkpoint", /permission denied/],
    [22, "worker", "emptying the checkpoints", "TRUNCATE audit.checkpoint CASCADE", /permission denied/],
    [23, "worker", "reading the salts", "SELECT salt FROM audit.pii", /permission denied/],
    [
      24,
      "worker",
      "saying that a month is gone",
      "INSERT INTO audit.dropped SELECT * FROM audit.dropped",
      /permission/,
    ],
    [25, "worker", "lifting a hold", "UPDATE audit.hold SET released_at = now()", /permission denied/],
    [26, "worker", "a back-dated export", "INSERT INTO audit.export_record (at) VALUES ('2019-01-01')", /permission/],
    [
      27,
      "owner",
      "changing a checkpoint as a replica",
      "SET session_replication_role = replica; UPDATE audit.checkpoint SET no = no",
      /append-only/,
    ],
    [28, "auditor", "reading a salt", "SELECT salt FROM audit.pii", /permission denied/],
    [29, "auditor", "erasing", "SELECT audit.erase('person:1', 'r')", /permission denied/],
  ];
  async function refused(who: string, sql: string, refusal: RegExp): Promise<string> {
    const client = new pg.Client({
      connectionString: { app: db.appUrl, worker: db.workerUrl }[who] ?? db.ownerUrl,
    });
    await client.connect();
    try {
      await client.query("BEGIN");
      if (who === "auditor") await client.query("SET LOCAL ROLE tocsin_auditor");
      await client.query(asApp.replaceAll("$T", `'${context.tenantId}'`));
      await client.query(sql.replaceAll("$T", `'${context.tenantId}'`));
      return "done";
    } catch (err) {
      const { code, message } = err as { code: string; message: string };
      return code === "42501" && refusal.test(message) ? "refused" : `${code} ${message}`;
    } finally {
      await client.end();
    }
  }
  test.each([
    ["fourteen of fourteen", fourteen],
    ["and what else might serve a forger", further],
  ])("%s, and the log is what it was", async (_what, statements) => {
    const answers: unknown[] = [];
    for (const [no, who, what, sql, refusal] of statements) answers.push([no, what, await refused(who, sql, refusal)]);
    expect(answers).toEqual(statements.map(([no, , what]) => [no, what, "refused"]));
    expect([await inside(), await bySavedFile()]).toEqual([[], []]);
  });

  test("an auditor reads the log of the tenant that is set, and no other's", async () => {
    const client = new pg.Client({ connectionString: db.ownerUrl });
    await client.connect();
    try {
      await client.query("SET ROLE tocsin_auditor");
      const count = async () => (await client.query("SELECT 1 FROM audit.event")).rowCount;
      expect(await count()).toBe(0);
      await client.query("SELECT set_config('app.tenant', $1, false)", [context.tenantId]);
      expect(await count()).toBe(5);
    } finally {
      await client.end();
    }
  });
});
