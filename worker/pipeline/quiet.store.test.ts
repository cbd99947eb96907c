import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "#lib/domain/outcome";
import type { SealedSlot } from "#lib/domain/verdict";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { anOutcome, aSealedSlot } from "#lib/testing/sealed";
import { decide } from "./decide.ts";
import { decideQuiet, Settled } from "./quiet.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

const tools = (hash: string) => ({ count: 1, contractHash: hash, fullHash: hash, names: ["a"] });
const LOOKS: Record<string, Partial<Outcome>> = {
  up: {},
  slower: { timings: { totalMs: 480.4 } },
  "with tools": { tools: tools("one") },
  "with other tools": { tools: tools("two") },
  protected: { auth: "protected", era: "modern", protocolVersion: "2026-07-28", serverName: "b" },
  cold: { cold: true },
  down: { status: "down", reason: "timeout" },
  "rate limited": { status: "unknown", reason: "rate_limited" },
};
type Look = keyof typeof LOOKS | "absent";
/** Slots of two servers: what each region saw, how many minutes it jumps (0: the same slot again, -1: an older one). */
const step = fc.record({
  server: fc.constantFrom(0, 1),
  jump: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(-1, 0, 3) }),
  fra: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Look>("up") },
    fc.constantFrom<Look>("absent", ...Object.keys(LOOKS)),
  ),
  iad: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Look>("up") },
    fc.constantFrom<Look>("absent", ...Object.keys(LOOKS)),
  ),
  talked: fc.boolean(),
});

interface Place {
  tenantId: string;
  servers: string[];
}
async function place(): Promise<Place> {
  const { id: tenantId } = await makeTenant(db);
  return { tenantId, servers: [await makeServer(db, tenantId, {}), await makeServer(db, tenantId, {})] };
}

function sealed(at: Place, server: number, slot: number, given: { fra: Look; iad: Look; talked: boolean }): SealedSlot {
  const of = { tenantId: at.tenantId, serverId: at.servers[server] ?? "", slot };
  const made = aSealedSlot(of, { fra: "absent", iad: "absent" });
  for (const region of ["fra", "iad"] as const) {
    if (given[region] === "absent") continue;
    made.outcomes[region] = anOutcome({ ...of, region }, LOOKS[given[region]] as { reason?: null });
    if (given.talked) made.transcripts[region] = { steps: [], url: `said in ${slot}` } as never;
  }
  return made;
}

/** Everything that deciding leaves behind, without the ids that differ by themselves. */
async function left(at: Place): Promise<unknown> {
  const read = async (sql: string) => (await db.sql(sql, [at.tenantId])).map((r) => strip(r, at));
  return {
    now: await read(
      "SELECT * FROM server_now WHERE tenant_id = $1 ORDER BY array_position(ARRAY(SELECT id FROM server WHERE tenant_id = $1 ORDER BY created_at, name, id), server_id)",
    ),
    minutes: await read("SELECT * FROM probe_minute WHERE tenant_id = $1"),
    transcripts: await read("SELECT * FROM last_transcript WHERE tenant_id = $1"),
    incidents: await read(
      "SELECT number, state, severity, status, reason, evidence, server_id, last_bad_slot, bad_slots FROM incident WHERE tenant_id = $1",
    ),
    said: await read("SELECT decision, sentence FROM incident_event WHERE tenant_id = $1"),
  };
}
function strip(row: Record<string, unknown>, at: Place): string {
  const { tenant_id: _tenant, ...rest } = row;
  return at.servers.reduce((text, id, i) => text.replaceAll(id, `server ${i}`), JSON.stringify(rest));
}
const sorted = (all: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(all).map(([k, rows]) => [k, [...rows].sort()]));

describe("slots in which nothing happens", () => {
  test("decided together leave what they leave one by one, whatever comes before, between and after", async () => {
    let quiet = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
        const [alone, together] = [await place(), await place()];
        const clock = [START, START];
        for (const s of steps) {
          const slot = (clock[s.server] ?? START) + s.jump * MINUTE;
          clock[s.server] = Math.max(slot, clock[s.server] ?? START);
          const now = new Date(slot + 65_000);
          await decide(db.workerDb, sealed(alone, s.server, slot, s), now);
          const one = sealed(together, s.server, slot, s);
          const decided = await decideQuiet(db.workerDb, together.tenantId, [one], now);
          quiet += decided.size;
          if (decided.size === 0) await decide(db.workerDb, one, now);
        }
        expect(sorted((await left(together)) as never)).toEqual(sorted((await left(alone)) as never));
      }),
      { numRuns: 12 },
    );
    expect(quiet).toBeGreaterThan(20);
  });

  test("of many servers are decided in one go, and those with an open incident, a pause or an older slot are not", async () => {
    const { id: tenantId } = await makeTenant(db);
    const ids = await Promise.all(Array.from({ length: 6 }, () => makeServer(db, tenantId, {})));
    const slot = (serverId: string, i: number, saw: "up" | "timeout" = "up") =>
      aSealedSlot({ tenantId, serverId, slot: START + i * MINUTE }, { fra: saw, iad: saw });
    const at = (i: number) => new Date(START + i * MINUTE + 65_000);
    for (const id of ids) await decide(db.workerDb, slot(id, 0), at(0));
    const [failing = "", paused = "", ahead = "", ...fine] = ids;
    for (const i of [1, 2, 3]) await decide(db.workerDb, slot(failing, i, "timeout"), at(i));
    for (const i of [4, 5]) await decide(db.workerDb, slot(failing, i), at(i)); // good again, and not yet closed
    await db.sql("UPDATE server SET paused = true WHERE id = $1", [paused]);
    await decide(db.workerDb, slot(ahead, 6), at(6));
    const slots = ids.map((id) => slot(id, 6));
    const decided = await decideQuiet(db.workerDb, tenantId, slots, at(6));
    expect([...decided].map((s) => s.serverId).sort()).toEqual(fine.sort());
    const rows = await db.sql("SELECT good_streak, last_slot FROM server_now WHERE server_id = ANY ($1)", [fine]);
    expect(rows).toEqual(fine.map(() => ({ good_streak: 2, last_slot: new Date(START + 6 * MINUTE) })));
  });

  test("are tried together only after three of the same look have gone the whole way", () => {
    const settled = new Settled();
    const of = { tenantId: randomUUID(), serverId: randomUUID(), slot: START };
    const up = aSealedSlot(of, { fra: "up" });
    for (const expected of [false, false, false, true, true]) {
      expect(settled.has(up)).toBe(expected);
      settled.decided(up);
    }
    expect(settled.has(aSealedSlot(of, { fra: { tools: tools("new") } }))).toBe(false);
    settled.decided(aSealedSlot(of, { fra: "timeout" }));
    expect(settled.has(up)).toBe(false);
  });
});
