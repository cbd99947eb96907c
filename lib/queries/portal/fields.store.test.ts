// The field table against the migrated database, and against what the portal's questions really answer.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tx } from "#lib/adapters/db";
import { linesOf, mayLeave, type ThingName, THINGS, thing } from "#lib/domain/fields";
import { type TestDatabase, testDatabase } from "../../testing/database.ts";
import { makeRegion, makeServer, makeSink, makeTenant } from "../../testing/make.ts";
import { portalErasures } from "./erasures.ts";
import { portalIncidentDetail, portalIncidents, portalWhy } from "./incidents.ts";
import { portalOverview } from "./overview.ts";
import { portalApprovals, portalRetention } from "./retention.ts";
import { portalProbe, portalServerDetail, portalServers } from "./servers.ts";
import { portalDeliveries, portalSink, portalSinks } from "./sinks.ts";
import { portalVisits } from "./visits.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** One line per column of a tenant's table that the field table does not know, or that it knows and is not there. */
async function unknown(on: TestDatabase): Promise<string[]> {
  const columns = await on.sql<{ name: string; field: string }>(`
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name, a.attname AS field
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped)
    ORDER BY 1, a.attnum`);
  const of = new Map(THINGS.flatMap((name) => thing(name).tables.map((table) => [table, name] as const)));
  const stray = columns.flatMap(({ name, field }) => {
    const owner = of.get(name);
    if (owner === undefined) return [`${name}: no thing of the table`];
    if (thing(owner).whole !== undefined) return [];
    return linesOf(owner).some((line) => line.field === camel(field)) ? [] : [`${name}.${field}: not in ${owner}`];
  });
  const gone = [...of.keys()].filter((table) => !columns.some((c) => c.name === table));
  return [...new Set([...stray, ...gone.map((table) => `${table}: is not in the database`)])];
}

test("every column of every table that belongs to a tenant is shown or withheld by name", async () => {
  expect(await unknown(db)).toEqual([]);
});

test("a new column, and a new table, do not pass", async () => {
  const other = await testDatabase();
  try {
    await other.sql("ALTER TABLE incident ADD COLUMN whispered text");
    await other.sql("CREATE TABLE diary (tenant_id uuid NOT NULL, page text, PRIMARY KEY (tenant_id))");
    expect(await unknown(other)).toEqual(["diary: no thing of the table", "incident.whispered: not in incident"]);
  } finally {
    await other.close();
  }
});

/** A word that stands in every field that customers do not see. */
const CANARY = "canary-of-the-staff";

async function planted() {
  const tenant = await makeTenant(db);
  await makeRegion(db, "fra", "Frankfurt");
  const person = randomUUID();
  await db.sql(
    `INSERT INTO person (id, issuer, subject, name, email, groups, created_at, last_seen_at)
     VALUES ($1, $2, $2, 'Omar Operator', $3, $4, now(), now())`,
    [person, `${CANARY}-${person}`, `${CANARY}@example.com`, [CANARY]],
  );
  const serverId = await makeServer(db, tenant.id, { name: "Seen", url: "https://mcp.example.com/mcp" });
  const sinkId = await makeSink(db, tenant.id, {
    kind: "email",
    name: "Night shift",
    config: { to: "night@acme.example" },
  });
  const [silence, incident, notice, delivery] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  await db.sql(
    `INSERT INTO server_now (tenant_id, server_id, last_slot, status, reason, since, evidence, regions)
     VALUES ($1, $2, now(), 'down', 'connection_refused', now(), 'Nothing listens there.', '{}')`,
    [tenant.id, serverId],
  );
  const step = {
    phase: "connect",
    title: "POST initialize",
    startMs: 0,
    durationMs: 123,
    request: { method: "POST", url: `https://mcp.example.com/mcp?key=${CANARY}`, headers: { "x-from": CANARY } },
    response: { status: 500, headers: { server: CANARY }, bytes: 3, bodyHead: CANARY },
    error: { code: "ECONNREFUSED", detail: `${CANARY} 10.0.0.7` },
  };
  await db.sql(
    `INSERT INTO last_transcript (tenant_id, server_id, region, kind, slot, status, reason, transcript)
     VALUES ($1, $2, 'fra', 'latest', now(), 'down', 'connection_refused', $3)`,
    [tenant.id, serverId, { steps: [step], prober: CANARY }],
  );
  await db.sql(
    `INSERT INTO request (tenant_id, id, kind, payload, state, progress, result, created_by, created_at)
     VALUES ($1, $2, 'probe-now', $3, 'done', $4, $5, $6, now())`,
    [
      tenant.id,
      randomUUID(),
      { serverId, asked: CANARY },
      JSON.stringify([{ region: "fra", title: "POST initialize", ok: false, ms: 12, detail: CANARY }]),
      { raw: CANARY },
      person,
    ],
  );
  await db.sql(
    `INSERT INTO silence (tenant_id, id, server_id, comment, starts_at, ends_at, created_by, created_at)
     VALUES ($1, $2, $3, $4, now(), now() + interval '1 hour', $5, now())`,
    [tenant.id, silence, serverId, CANARY, person],
  );
  await db.sql(
    `INSERT INTO incident (tenant_id, id, number, subject_kind, server_id, subject_name, fingerprint, dedup_key, state, severity, status, reason,
       evidence, opened_at, started_at, last_bad_slot, policy, silence_id, acknowledged_at, acknowledged_by)
     VALUES ($1, $2, 1, 'server', $3, 'Seen', $4, $4, 'acknowledged', 'P1', 'down', 'connection_refused', 'Nothing listens there.',
       now(), now(), now(), $5, $6, now(), $7)`,
    [tenant.id, incident, serverId, CANARY, { name: CANARY, steps: [] }, silence, person],
  );
  const said = (decision: string, data: object, actor: string | null = null) =>
    db.sql(
      "INSERT INTO incident_event (tenant_id, incident_id, at, stage, decision, sentence, actor_id, data) VALUES ($1, $2, now(), $3, $4, $3, $5, $6)",
      [tenant.id, incident, CANARY, decision, actor, data],
    );
  await said("opened", { fingerprint: CANARY });
  await said("silenced", { silenceId: silence, until: "2026-11-21T18:00:00.000Z", comment: CANARY });
  await said("step_taken", { step: 0, afterMinutes: 0, answers: [{ sinkId, sinkName: CANARY, answer: "told" }] });
  await said("acknowledged", {}, person);
  await said("noted", { note: CANARY }, person);
  await said("resolved_by_hand", { note: CANARY }, person);
  await said(CANARY, { deep: CANARY });
  await db.sql(
    "INSERT INTO notice (tenant_id, id, incident_id, kind, dedup_key, content, at) VALUES ($1, $2, $3, 'trigger', $4, $5, now())",
    [tenant.id, notice, incident, CANARY, { title: CANARY }],
  );
  await db.sql(
    `INSERT INTO delivery (tenant_id, id, notice_id, incident_id, sink_id, kind, state, due_at, leased_by, memory, reason, created_at)
     VALUES ($1, $2, $3, $4, $5, 'trigger', 'pending', now(), $6, $7, 'No answer in time.', now())`,
    [tenant.id, delivery, notice, incident, sinkId, CANARY, { messageId: CANARY }],
  );
  await db.sql(
    "INSERT INTO delivery_try (tenant_id, delivery_id, number, at, duration_ms, outcome, status, reason) VALUES ($1, $2, 1, now(), 1234, 'retry', 500, 'No answer in time.')",
    [tenant.id, delivery],
  );
  await db.sql(
    `INSERT INTO approval (tenant_id, id, action, target, sentence, input, diff, reason, asked_by, asked_session, asked_at, expires_at)
     VALUES ($1, $2, 'retention.cut', $3, 'Keep less', $4, '[]', 'Because the law asks for it now.', $5, $6, now(), now() + interval '1 day')`,
    [tenant.id, randomUUID(), CANARY, { minutesDays: 7, hidden: CANARY }, person, randomUUID()],
  );
  await db.sql(
    `INSERT INTO impersonation_grant (tenant_id, id, actor_id, actor_name, target_id, target_name, mode, reason, session_id, session_fp, secret_hash, asked_at, started_at, not_after)
     VALUES ($1, $2, $3, 'Omar Operator', $4, 'Carl Customer', 'ro', 'Looks why the server is shown as down.', $5, $6, $6, now(), now(), now() + interval '30 minutes')`,
    [tenant.id, randomUUID(), person, randomUUID(), randomUUID(), Buffer.from(CANARY.padEnd(32).slice(0, 32))],
  );
  await db.sql(
    `INSERT INTO erasure_request (tenant_id, id, number, subject_kind, controller, identifiers, identifiers_sealed, note_sealed, received_at, filed_by)
     VALUES ($1, $2, 1, 'contact', 'tenant', 1, $3, $3, now(), $4)`,
    [tenant.id, randomUUID(), Buffer.from(CANARY), person],
  );
  return { tenantId: tenant.id, person, serverId, sinkId, incident };
}

describe("what the portal's questions answer over rows full of planted words", () => {
  let of: Awaited<ReturnType<typeof planted>>;
  beforeAll(async () => {
    of = await planted();
  });
  const ask = <T>(question: (tx: Tx, now: Date) => Promise<T>) =>
    db.appDb.withTenant({ tenantId: of.tenantId, actorId: randomUUID(), readOnly: true }, (tx) =>
      question(tx, new Date()),
    );

  const questions: [string, (tx: Tx, now: Date) => Promise<unknown>, ThingName[]][] = [
    ["overview", (tx, now) => portalOverview(tx, now).then((o) => o.acknowledged.rows), ["incident"]],
    ["servers", (tx, now) => portalServers(tx, now), ["server", "serverState"]],
    [
      "server",
      (tx, now) => portalServerDetail(tx, of.serverId, now).then(without("transcripts")),
      ["server", "serverState"],
    ],
    ["transcripts", (tx, now) => portalServerDetail(tx, of.serverId, now).then((d) => d?.transcripts), ["transcript"]],
    [
      "steps",
      (tx, now) => portalServerDetail(tx, of.serverId, now).then((d) => d?.transcripts.flatMap((t) => t.steps)),
      ["step"],
    ],
    ["probe", (tx) => portalProbe(tx, of.serverId), ["request"]],
    ["incidents", (tx) => portalIncidents(tx, { take: 9 }), ["incident"]],
    ["incident", (tx) => portalIncidentDetail(tx, of.incident), ["incident"]],
    ["timeline", (tx) => portalIncidentDetail(tx, of.incident).then((d) => d?.timeline), ["event"]],
    ["why", (tx, now) => portalWhy(tx, of.incident, now), ["answer"]],
    ["sinks", (tx) => portalSinks(tx), ["sink"]],
    ["sink", (tx) => portalSink(tx, of.sinkId), ["sink"]],
    ["deliveries", (tx) => portalDeliveries(tx, { take: 9 }), ["delivery"]],
    ["tries", (tx) => portalDeliveries(tx, { take: 9 }).then((d) => d.flatMap((row) => row.tries)), ["try"]],
    ["visits", (tx) => portalVisits(tx, 9), ["visit"]],
    ["erasures", (tx) => portalErasures(tx, { skip: 0, take: 9 }), ["erasure"]],
    ["approvals", (tx, now) => portalApprovals(tx, randomUUID(), now), ["approval"]],
    ["retention", (tx) => portalRetention(tx), ["retention"]],
  ];

  test.each(questions)(
    "%s: fields of the table only, no planted word, no id of a person",
    async (_name, question, names) => {
      const answer = await ask(question);
      const rows = Array.isArray(answer) ? answer : [answer];
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows)
        for (const field of Object.keys(row as object))
          expect(
            names.some((name) => mayLeave("portal", name, field)),
            field,
          ).toBe(true);
      const text = JSON.stringify(answer);
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(of.person);
      expect(text).not.toContain("10.0.0.7");
    },
  );

  test("the timeline says in other words what was decided, and leaves the note out", async () => {
    const detail = await ask((tx) => portalIncidentDetail(tx, of.incident));
    expect(detail?.timeline.map((e) => e.words)).toEqual([
      "The incident was opened.",
      "Silenced until 2026-11-21 18:00 UTC: nobody is told before that.",
      "To be told: Night shift.",
      "Omar Operator has it in hand.",
      "Omar Operator closed it by hand.",
    ]);
  });

  test("another tenant's customer gets none of it", async () => {
    const other = await makeTenant(db);
    const asked = <T>(question: (tx: Tx) => Promise<T>) =>
      db.appDb.withTenant({ tenantId: other.id, actorId: randomUUID(), readOnly: true }, question);
    expect(await asked((tx) => portalServerDetail(tx, of.serverId, new Date()))).toBeNull();
    expect(await asked((tx) => portalIncidentDetail(tx, of.incident))).toBeNull();
    expect(await asked((tx) => portalSink(tx, of.sinkId))).toBeNull();
    expect(await asked((tx) => portalVisits(tx, 9))).toEqual([]);
    expect(await asked((tx) => portalErasures(tx, { skip: 0, take: 9 }))).toEqual([]);
  });
});

function without(key: string) {
  return (row: object | null) =>
    Object.fromEntries(Object.entries(row ?? {}).filter(([field]) => field !== key && field !== "credential"));
}
