// What is older than a tenant keeps goes, to the minute, and nothing else does: by tier, by choice, never what is open or
// still to be sent, and the same after a kill half-way.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allows, TIERS } from "#lib/domain/tier";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeSink, makeTenant } from "#lib/testing/make";
import { retain } from "./retain.ts";

const log = pino({ level: "silent" });
const NOW = new Date("2026-11-21T12:00:00Z");
const DAY = 86_400_000;
const ago = (days: number, plusMs = 0) => new Date(NOW.getTime() - days * DAY + plusMs);

let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase();
  await db.sql("SELECT app.make_partitions('probe_minute', '2025-09-01', 16)");
});
afterEach(() => db.close());

async function minute(tenantId: string, slot: Date): Promise<void> {
  await db.sql(
    "INSERT INTO probe_minute (tenant_id, server_id, slot, status, regions) VALUES ($1, $2, $3, 'up', '{}')",
    [tenantId, randomUUID(), slot],
  );
}
const minutes = async (tenantId: string) =>
  (await db.sql<{ slot: Date }>("SELECT slot FROM probe_minute WHERE tenant_id = $1 ORDER BY slot", [tenantId])).map(
    (r) => r.slot,
  );

interface Told {
  state?: string;
  resolvedAt?: Date | null;
  delivery?: string;
}
async function incident(tenantId: string, { state = "resolved", resolvedAt = null, delivery = "sent" }: Told) {
  const [server, sink] = [await makeServer(db, tenantId), await makeSink(db, tenantId, { kind: "webhook" })];
  const [id, notice, sent] = [randomUUID(), randomUUID(), randomUUID()];
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity,
       status, reason, opened_at, started_at, last_bad_slot, resolved_at, policy)
     VALUES ($1, $2, (random() * 1e9)::int, 'server', $3, 'A server', $4, $4, $5, 'P2', 'down', 'timeout', '2024-01-01', '2024-01-01',
       '2024-01-01', $6, '{}')`,
    [tenantId, id, server, id, state, resolvedAt],
  );
  await db.sql(
    `INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence) VALUES ($1, $2, '2024-01-01', 'detect', 'opened', 'It began.')`,
    [tenantId, id],
  );
  await db.sql(
    "INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at) VALUES ($1, $2, $3, 'trigger', 'k', '{}', '2024-01-01')",
    [tenantId, notice, id],
  );
  await db.sql(
    `INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, state, due_at, created_at, lease_until)
     VALUES ($1, $2, $3, $4, $5, 'trigger', $6::text, '2024-01-01', '2024-01-01', CASE WHEN $6::text = 'leased' THEN '2024-01-01'::timestamptz END)`,
    [tenantId, sent, notice, id, sink, delivery],
  );
  await db.sql("INSERT INTO delivery_try VALUES ($1, $2, 1, '2024-01-01', 5, 'sent', 200, 'Accepted.')", [
    tenantId,
    sent,
  ]);
  return id;
}
const count = async (table: string, tenantId: string) =>
  (await db.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`, [tenantId]))[0]?.n;
const run = () => retain(db.workerDb, log, NOW);

describe.each(TIERS)("on the tier %s, to the millisecond", (tier) => {
  test("a minute is kept for as long as the tier says", async () => {
    const { id } = await makeTenant(db, { tier });
    const days = allows(tier).minutesDays;
    for (const slot of [ago(days, -1), ago(days), ago(days, 1), NOW]) await minute(id, slot);
    await run();
    expect(await minutes(id)).toEqual([ago(days), ago(days, 1), NOW]);
  });
  test("an incident is kept for as long as the tier says, from its end on", async () => {
    const { id } = await makeTenant(db, { tier });
    const days = allows(tier).incidentsDays;
    await incident(id, { resolvedAt: ago(days, -1) });
    const kept = await incident(id, { resolvedAt: ago(days) });
    await run();
    expect(await db.sql("SELECT id FROM incident WHERE tenant_id = $1", [id])).toEqual([{ id: kept }]);
    for (const table of ["incident_event", "notice", "delivery", "delivery_try"])
      expect(await count(table, id), table).toBe(1);
  });
});

test("a tenant that chose less keeps less, and its neighbour keeps what it did", async () => {
  const [one, other] = [await makeTenant(db), await makeTenant(db)];
  await db.sql("INSERT INTO tenant_retention VALUES ($1, 3, 5, NULL, '2026-11-01')", [one.id]);
  for (const { id } of [one, other]) {
    await minute(id, ago(4));
    await incident(id, { resolvedAt: ago(6) });
  }
  const went = await run();
  const gone = { minutes: 1, incidents: 1, notices: 1, deliveries: 1, tests: 0, toolLists: 0, toolChanges: 0 };
  expect([...went]).toEqual([[one.id, gone]]);
  expect([await count("probe_minute", other.id), await count("incident", other.id)]).toEqual([1, 1]);
});

describe("kept however old", () => {
  test.each<[string, Told]>([
    ["an incident that is open", { state: "open" }],
    ["an incident that is acknowledged", { state: "acknowledged" }],
    ["an incident with a delivery still to be sent", { resolvedAt: ago(3000), delivery: "pending" }],
    ["an incident with a delivery under way", { resolvedAt: ago(3000), delivery: "leased" }],
  ])("%s", async (_, told) => {
    const { id } = await makeTenant(db, { tier: "public" });
    await incident(id, told);
    await run();
    for (const table of ["incident", "incident_event", "notice", "delivery", "delivery_try"])
      expect(await count(table, id), table).toBe(1);
  });
});

test("a test send goes by its own age, and not while it is still to be sent", async () => {
  const { id } = await makeTenant(db, { tier: "public" });
  const sink = await makeSink(db, id, { kind: "webhook" });
  for (const state of ["sent", "pending"]) {
    const notice = randomUUID();
    await db.sql(
      "INSERT INTO notice (tenant_id, id, kind, dedup_key, content, at) VALUES ($1, $2, 'test', 'k', '{}', $3)",
      [id, notice, ago(91)],
    );
    await db.sql(
      `INSERT INTO delivery (tenant_id, id, notice_id, sink_id, kind, state, due_at, created_at) VALUES ($1, $2, $3, $4, 'test', $5, $6, $6)`,
      [id, randomUUID(), notice, sink, state, ago(91)],
    );
  }
  await run();
  expect(await db.sql("SELECT state FROM delivery WHERE tenant_id = $1", [id])).toEqual([{ state: "pending" }]);
});

test("killed half-way it has lost nothing, and the next run takes the rest; each part is in the log with its count", async () => {
  const { id } = await makeTenant(db, { tier: "public" });
  const server = await makeServer(db, id);
  await db.sql(
    `INSERT INTO probe_minute (tenant_id, server_id, slot, status, regions)
     SELECT $1, $2, timestamptz '2026-10-01' + n * interval '1 minute', 'up', '{}' FROM generate_series(1, 12000) n`,
    [id, server],
  );
  await db.sql(
    `INSERT INTO prober_run (id, region, pid, started_at, ended_at, reason, probes, cpu_ms, max_rss_bytes, wall_ms, stdout_bytes, stderr_bytes)
     VALUES ($1, 'fra', 1, $2, $2, 'closed', 0, 0, 0, 0, 0, 0)`,
    [randomUUID(), ago(31)],
  );
  let parts = 0;
  const dying: typeof db.workerDb = {
    ...db.workerDb,
    withTenant: (context, fn) => {
      if (context.readOnly !== true && context.tenantId === id && ++parts === 2) throw new Error("killed");
      return db.workerDb.withTenant(context, fn);
    },
  };
  await expect(retain(dying, log, NOW)).rejects.toThrow("killed");
  expect(await count("probe_minute", id)).toBe(7000);
  // What is of no tenant went all the same: a tenant that fails every time would keep it for ever.
  expect(await db.sql("SELECT 1 FROM prober_run")).toEqual([]);
  await run();
  expect(await count("probe_minute", id)).toBe(0);
  const rows = await db.sql<{ body: string }>(
    "SELECT body FROM audit.event WHERE tenant_id = $1 AND action = 'retention.delete' ORDER BY at",
    [id],
  );
  expect(rows.map((r) => JSON.parse(r.body).minutes)).toEqual([5000, 5000, 2000]);
  expect(await run()).toEqual(new Map());
});

test("a month that nobody keeps is dropped once it is empty, and not while one row is in it", async () => {
  const { id } = await makeTenant(db, { tier: "enterprise" });
  const partition = (name: string) => db.sql("SELECT 1 FROM pg_class WHERE relname = $1", [name]);
  await minute(id, new Date("2025-09-10T00:00:00Z"));
  await db.sql("UPDATE tenant SET name = name WHERE id = $1", [id]);
  await run();
  expect(await partition("probe_minute_2025_09")).toEqual([]);
  expect(await partition("probe_minute_2025_10")).toHaveLength(1);
  await db.sql("SELECT app.make_partitions('probe_minute', '2025-09-01', 1)");
  await minute(id, new Date("2025-09-11T00:00:00Z"));
  const [held] = await db.sql<{ d: boolean }>("SELECT app.drop_empty_minutes('2025-09-01') AS d");
  expect(held?.d).toBe(false);
  expect(await count("probe_minute", id)).toBe(1);
});

test("no serving role can delete history past these functions", async () => {
  const { id } = await makeTenant(db);
  for (const table of ["probe_minute", "incident", "notice", "delivery", "delivery_try", "incident_event"])
    await expect(
      db.workerDb.withTenant({ tenantId: id, actorId: id }, (tx) => tx.$executeRawUnsafe(`DELETE FROM ${table}`)),
      table,
    ).rejects.toThrow(/permission denied/);
});

test("tool lists that nothing points to go with the minutes, what is accepted or still open never", async () => {
  const { id } = await makeTenant(db);
  const server = await makeServer(db, id);
  const hash = (letter: string) => letter.repeat(64);
  const list = (letter: string, at: Date) =>
    db.sql(
      "INSERT INTO tool_list (tenant_id, server_id, full_hash, contract_hash, tools, count, region, first_seen) VALUES ($1, $2, $3, $3, '[]', 0, 'fra', $4)",
      [id, server, hash(letter), at],
    );
  const change = (from: string, to: string, state: string, at: Date) =>
    db.sql(
      `INSERT INTO surface_change (tenant_id, id, server_id, era, credentialed, kind, at, from_hash, to_hash, regions, diff, breaking, digest, state)
       VALUES ($1, $2, $3, 'modern', false, 'changed', $4, $5, $6, '{}', '{}', false, 'daily', $7)`,
      [id, randomUUID(), server, at, hash(from), hash(to), state],
    );
  const long = ago(3_000);
  for (const letter of "abcdef") await list(letter, long);
  await list("0", NOW);
  await db.sql("INSERT INTO server_now (tenant_id, server_id, since, surface) VALUES ($1, $2, now(), $3)", [
    id,
    server,
    { scopes: { "modern:open": { accepted: hash("a") } } },
  ]);
  await change("b", "c", "open", long);
  await change("d", "e", "over", long);
  expect((await run()).get(id)).toMatchObject({ toolLists: 3, toolChanges: 1 });
  const left = await db.sql<{ full_hash: string }>("SELECT full_hash FROM tool_list WHERE tenant_id = $1", [id]);
  expect(left.map((l) => l.full_hash[0]).sort()).toEqual(["0", "a", "b", "c"]);
  expect(await run()).toEqual(new Map());
});
