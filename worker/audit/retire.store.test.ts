// Seven years and a day: what the database refuses to drop and why, what goes, and that the log proves afterwards that
// it went lawfully. The months are old; nothing here moves a clock, because the database decides by its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { publicKeyFile, signingKey } from "#lib/adapters/checkpoint-key";
import { WORKER_ACTOR } from "#lib/adapters/db";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { publicKeys } from "#lib/domain/audit/checkpoint";
import type { Ask } from "#lib/queries/audit-proof";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { auditCommand } from "../../start/audit.ts";
import { checkpoint } from "./checkpoint.ts";
import { dropMonth, exportMonth, retireMonths } from "./retire.ts";

const quiet = pino({ level: "silent" });
const NOW = new Date();
const day = (text: string) => new Date(`${text}T12:00:00Z`);
/** Seven years and some days ago; the month after it; and one whose seven years are not over. */
const OLD = monthBefore(7 * 12 + 1);
const NEXT = monthBefore(7 * 12 - 1);
let db: TestDatabase;
let folder: string;
let acme: string;
let globex: string;

function monthBefore(months: number): string {
  return new Date(Date.UTC(NOW.getUTCFullYear(), NOW.getUTCMonth() - months, 1)).toISOString().slice(0, 7);
}
const places = () => ({ keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "checkpoints") });
const ask: Ask = (sql, params = []) => db.sql(sql, params) as never;

/** Written as the database would have then; the chain seals it as any other. */
async function writeAt(tenant: string, at: string, n: number, personal = false): Promise<void> {
  await db.sql(
    `WITH p AS (SELECT sha256(convert_to($1 || $4::text, 'UTF8')) AS salt, gen_random_uuid() AS id),
      kept AS (INSERT INTO audit.pii SELECT $1::uuid, p.id, 'person:1', p.salt, '{"name":"Ann"}' FROM p WHERE $5)
     INSERT INTO audit.event (id, tenant_id, at, actor, action, target, body, pii_commit)
     SELECT p.id, $1::uuid, $2::timestamptz, $3, 'server.register', 'server:' || $4::int, '{"n":' || $4::int || '}',
       CASE WHEN $5 THEN sha256('\\x02'::bytea || p.salt || convert_to('{"name":"Ann"}', 'UTF8')) END FROM p`,
    [tenant, at, WORKER_ACTOR, n, personal],
  );
}

beforeEach(async () => {
  db = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), "tocsin-retire-"));
  acme = (await makeTenant(db, { slug: "acme" })).id;
  globex = (await makeTenant(db, { slug: "globex" })).id;
  await db.sql("SELECT app.make_audit_partitions(($1 || '-01')::date, 3)", [OLD]);
  for (let n = 1; n <= 4; n++) await writeAt(acme, `${OLD}-10T10:00:0${n}Z`, n, n === 2);
  await writeAt(globex, `${OLD}-11T10:00:00Z`, 1);
});
afterEach(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const sealThen = () => checkpoint(db.workerDb, places(), quiet, day(`${OLD}-28`));
const partitions = async () =>
  (
    await db.sql<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit.event'::regclass ORDER BY 1",
    )
  ).map((r) => r.name);
const old = () => `audit.event_${OLD.replace("-", "_")}`;
const codes = async (saved = false) => {
  const keys = publicKeys(readFileSync(publicKeyFile(places().keyFile), "utf8"));
  const result = await verifyLive({ ask, tenantId: null, keys: saved ? keys : null, now: NOW.getTime() });
  return { codes: [...new Set(result.findings.map((f) => f.code))], dropped: result.dropped };
};

test("a month that is exported and was signed seven years ago goes for all tenants, and the log says so and stays proven", async () => {
  await sealThen();
  const retired = await retireMonths(db.workerDb, places(), quiet, NOW);
  expect(retired).toEqual({ exported: 2, dropped: [OLD], refused: null });
  expect(await partitions()).not.toContain(old());
  expect(await db.sql("SELECT 1 FROM audit.pii WHERE tenant_id = $1", [acme])).toEqual([]);
  const said = await db.sql<{ tenant: string; body: string }>(
    "SELECT t.slug AS tenant, e.body FROM audit.event e JOIN tenant t ON t.id = e.tenant_id WHERE e.action = 'audit.partition_dropped' ORDER BY t.slug",
  );
  expect(said.map((s) => [s.tenant, JSON.parse(s.body)])).toMatchObject([
    ["acme", { month: OLD, events: 4, first: 1, last: 4 }],
    ["globex", { month: OLD, events: 1 }],
    ["tocsin", { month: OLD, events: 5, tenants: 2 }],
  ]);
  await checkpoint(db.workerDb, places(), quiet, NOW);
  // Seven years passed between two checkpoints here, and that silence is all there is to find.
  expect(await codes(true)).toEqual({
    codes: ["checkpoint-gap"],
    dropped: expect.arrayContaining([expect.objectContaining({ tenantId: acme, month: OLD, events: 4 })]),
  });
  expect(await retireMonths(db.workerDb, places(), quiet, NOW)).toEqual({ exported: 0, dropped: [], refused: null });
  expect(await dropMonth(db.workerDb, OLD)).toBeNull();
});

test("its archive verifies alone, without a database, and a changed line in it is found", async () => {
  await sealThen();
  await retireMonths(db.workerDb, places(), quiet, NOW);
  const said: string[] = [];
  const file = join(folder, "exports", OLD, `${acme}.ndjson`);
  const run = () =>
    auditCommand(["verify", "--bundle", file, "--public-key", publicKeyFile(places().keyFile)], (line) =>
      said.push(line),
    );
  expect(await run(), said.join("\n")).toBe(0);
  expect(said.at(-1)).toMatch(/^4 events, checkpoints up to 1 .*nothing was changed$/);
  writeFileSync(file, readFileSync(file, "utf8").replace("server:2", "server:9"));
  expect(await run()).toBe(1);
  expect(said.join("\n")).toMatch(/event-altered .*link 2/);
});

describe("the database refuses, each with its own word", () => {
  const due = async (tenant: string) => {
    const [row] = await db.sql<never>(
      "SELECT to_char(d.month, 'YYYY-MM') AS month, d.tenant_id::text, t.slug, d.first_seq::text AS first, d.last_seq::text AS last, d.events::text, encode(d.links, 'hex') AS links FROM audit.due_months() d JOIN tenant t ON t.id = d.tenant_id WHERE t.id = $1",
      [tenant],
    );
    return row ?? ({} as never);
  };

  test("a month whose seven years are not over", async () => {
    await db.sql("SELECT app.make_audit_partitions(($1 || '-01')::date, 1)", [NEXT]);
    await writeAt(acme, `${NEXT}-28T00:00:00Z`, 9);
    await sealThen();
    expect(await dropMonth(db.workerDb, NEXT)).toMatch(/^TA001: .* is kept until/);
  });
  test("a month that is not exported, of one tenant only", async () => {
    await sealThen();
    await exportMonth(db.workerDb, places(), await due(acme), NOW);
    expect(await dropMonth(db.workerDb, OLD)).toMatch(new RegExp(`^TA002: .*${globex} is not exported`));
  });
  test("a month that is not what was exported", async () => {
    await sealThen();
    await exportMonth(db.workerDb, places(), await due(acme), NOW);
    await exportMonth(db.workerDb, places(), await due(globex), NOW);
    await writeAt(acme, `${OLD}-12T00:00:00Z`, 5);
    expect(await dropMonth(db.workerDb, OLD)).toMatch(/^TA003: .* is not what was exported/);
  });
  test("a month whose end was signed only now", async () => {
    await checkpoint(db.workerDb, places(), quiet, NOW);
    expect((await retireMonths(db.workerDb, places(), quiet, NOW)).refused?.sentence).toMatch(/^TA004: no checkpoint/);
  });
  test("a month under a legal hold, until that is lifted", async () => {
    await sealThen();
    await db.sql(
      "INSERT INTO audit.hold (tenant_id, id, reason, placed_at) VALUES ($1, gen_random_uuid(), 'Litigation 12 O 34/26, county court', now())",
      [globex],
    );
    const held = await retireMonths(db.workerDb, places(), quiet, NOW);
    expect(held).toMatchObject({ exported: 2, dropped: [], refused: { month: OLD } });
    expect(held.refused?.sentence).toMatch(/^TA005: .*legal hold/);
    expect(await partitions()).toContain(old());
    await db.sql("UPDATE audit.hold SET released_at = now()");
    expect((await retireMonths(db.workerDb, places(), quiet, NOW)).dropped).toEqual([OLD]);
  });
  test("a month that the log has not", async () => {
    expect(await dropMonth(db.workerDb, "1999-01")).toMatch(/^TA006/);
  });
  test("the console, and an auditor", async () => {
    const client = new pg.Client({ connectionString: db.appUrl });
    await client.connect();
    try {
      for (const sql of ["SELECT audit.drop_partition('2019-10-01')", "SELECT audit.erase('person:1', 'r1')"])
        await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    } finally {
      await client.end();
    }
    expect(
      await db.sql(
        "SELECT 1 WHERE has_function_privilege('tocsin_auditor', 'audit.drop_partition(date)', 'EXECUTE') OR has_function_privilege('tocsin_auditor', 'audit.erase(text, text)', 'EXECUTE')",
      ),
    ).toEqual([]);
  });
});

test("killed between export and drop, or inside the drop, everything is there; the next run ends it", async () => {
  await sealThen();
  const client = new pg.Client({ connectionString: db.workerUrl });
  client.on("error", () => {});
  await client.connect();
  const first = await retireHalf(client);
  expect(await partitions()).toContain(old());
  expect(first).toBe("1");
  expect(readdirSync(join(folder, "exports", OLD))).toHaveLength(2);
  expect(await codes()).toEqual({ codes: [], dropped: [] });
  expect(await retireMonths(db.workerDb, places(), quiet, NOW)).toEqual({ exported: 0, dropped: [OLD], refused: null });
});

/** The exports, then a drop whose connection dies before its commit. @returns how many rows it had written by then */
async function retireHalf(client: pg.Client): Promise<string> {
  await db.sql(
    "INSERT INTO audit.hold (tenant_id, id, reason, placed_at) VALUES ($1, gen_random_uuid(), 'Only for this test: stops the drop', now())",
    [acme],
  );
  await retireMonths(db.workerDb, places(), quiet, NOW);
  await db.sql("UPDATE audit.hold SET released_at = now()");
  await client.query("BEGIN");
  await client.query("SELECT set_config('app.tenant', $1, true)", [acme]);
  await client.query("SELECT audit.drop_partition(($1 || '-01')::date)", [OLD]);
  const { rows } = await client.query<{ n: string }>("SELECT count(*)::text AS n FROM audit.dropped");
  const { rows: me } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  await db.sql("SELECT pg_terminate_backend($1)", [me[0]?.pid]);
  return rows[0]?.n ?? "";
}

describe("a forger who calls it a lawful drop is found", () => {
  const forge = async (...statements: string[]) => {
    for (const t of ["event", "chain"]) await db.sql(`ALTER TABLE audit.${t} DISABLE TRIGGER USER`);
    for (const sql of statements) await db.sql(sql.replaceAll("$T", `'${acme}'`));
    for (const t of ["event", "chain"]) await db.sql(`ALTER TABLE audit.${t} ENABLE TRIGGER USER`);
  };
  const row = (events: number) =>
    `INSERT INTO audit.dropped (tenant_id, month, first_seq, last_seq, events, links, file_sha256) SELECT $T, '${OLD}-01', min(seq), max(seq), ${events},
      sha256(string_agg(int8send(seq) || content_hash, ''::bytea ORDER BY seq)), sha256('x') FROM audit.chain WHERE tenant_id = $T AND seq <= ${events}`;

  test("without an event of the chain", async () => {
    await sealThen();
    await forge("DELETE FROM audit.event WHERE tenant_id = $T", row(4));
    expect((await codes()).codes).toEqual(["event-missing"]);
  });

  test("with a declaration of recent links as old ones, by the first checkpoint over them", async () => {
    signingKey(places().keyFile);
    await checkpoint(db.workerDb, places(), quiet, new Date(NOW.getTime() - 60_000));
    await forge("DELETE FROM audit.event WHERE tenant_id = $T", row(4), "DELETE FROM audit.pii WHERE tenant_id = $T");
    await db.sql(
      `INSERT INTO audit.event (id, tenant_id, actor, action, target, body) SELECT gen_random_uuid(), tenant_id, tenant_id, 'audit.partition_dropped', 'month:x',
        format('{"events":%s,"first":%s,"last":%s,"links":"%s","month":"%s"}', events, first_seq, last_seq, encode(links, 'hex'), '${OLD}') FROM audit.dropped`,
    );
    await checkpoint(db.workerDb, places(), quiet, NOW);
    expect((await codes()).codes).toEqual([]);
    expect((await codes(true)).codes).toContain("event-missing");
  });
});
