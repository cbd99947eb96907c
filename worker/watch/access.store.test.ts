// The emergency door is watched: every use alerts, whoever closed the alert before, and nothing is told twice.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setClock } from "#lib/adapters/clock";
import { PLATFORM_TENANT } from "#lib/adapters/db";
import { closeBreakGlass } from "#lib/commands/break-glass/close";
import { makeBreakGlass } from "#lib/commands/break-glass/make";
import { enterByBreakGlass } from "#lib/commands/break-glass/use";
import { type Actor, execute } from "#lib/commands/command";
import { BREAK_GLASS_SESSION_MS } from "#lib/domain/break-glass";
import { SESSION_IDLE_MS } from "#lib/domain/session";
import { viewerOf } from "#lib/queries/session";
import { touchSession } from "#lib/commands/session/touch";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeSink } from "#lib/testing/make";
import { watchAccess } from "./access.ts";

const START = Date.parse("2026-11-21T03:00:00Z");
const why = "Two accounts in two safes, as the routine asks";
let db: TestDatabase;
let now: number;
let restore: () => void;
beforeEach(async () => {
  db = await testDatabase();
  now = START;
  restore = setClock(() => now);
  await makeSink(db, PLATFORM_TENANT, { kind: "pagerduty", name: "pager", config: { region: "us" } });
});
afterEach(async () => {
  restore();
  await db.close();
});

const rosa = (): Actor => ({
  personId: "00000000-0000-4000-8000-00000000aaaa",
  name: "Rosa",
  tenantId: PLATFORM_TENANT,
  layers: ["root", "operator"],
  authTime: new Date(now),
});
const make = (name = "safe-berlin") => execute(db.appDb, makeBreakGlass, rosa(), { name }, why);
async function attempt(name: string, secret: string): Promise<string> {
  const token = `token-${randomUUID()}`;
  await enterByBreakGlass(db.appDb, { name, secret, token, from: "192.0.2.9", userAgent: "test" }, new Date(now));
  return token;
}
const look = () => watchAccess(db.workerDb, new Date(now));
const incidents = () =>
  db.sql(
    "SELECT subject_kind, subject_name, reason, state, severity FROM incident WHERE tenant_id = $1 ORDER BY number",
    [PLATFORM_TENANT],
  );
const pages = () => db.sql("SELECT kind FROM delivery WHERE tenant_id = $1", [PLATFORM_TENANT]);
const log = () =>
  db.sql<{ action: string; body: string; pii: string | null }>(
    "SELECT e.action, e.body, p.body AS pii FROM audit.event e LEFT JOIN audit.pii p ON p.event_id = e.id WHERE e.action LIKE 'break_glass.%' ORDER BY e.at",
  );
const resolveByHand = () =>
  db.sql("UPDATE incident SET state = 'resolved', resolved_at = $1, resolved_by = $2", [new Date(now), randomUUID()]);

describe("a use", () => {
  test("makes a root operator of the installation for one hour, in which no activity counts for more", async () => {
    const { secret } = await make();
    const token = await attempt("safe-berlin", secret);
    const who = await viewerOf(db.appDb, token, new Date(now));
    expect(who).toMatchObject({
      name: "Emergency account safe-berlin",
      authTime: new Date(START),
      seats: [{ isPlatform: true, layers: ["root", "operator"] }],
    });
    for (let ms = 0; ms < BREAK_GLASS_SESSION_MS; ms += SESSION_IDLE_MS - 1)
      await touchSession(db.appDb, who?.sessionId ?? "", new Date(START + ms));
    expect(await viewerOf(db.appDb, token, new Date(START + BREAK_GLASS_SESSION_MS - 1))).not.toBeNull();
    expect(await viewerOf(db.appDb, token, new Date(START + BREAK_GLASS_SESSION_MS))).toBeNull();
  });

  test("is in the log with its address, and is one P1 that pages, however many look", async () => {
    const { secret } = await make();
    await attempt("Safe-Berlin ", secret.toLowerCase().replaceAll("-", " "));
    expect((await log()).map((r) => [r.action, JSON.parse(r.pii ?? "{}").from])).toEqual([
      ["break_glass.make", undefined],
      ["break_glass.use", "192.0.2.9"],
    ]);
    await Promise.all([look(), look(), look()]);
    expect(await incidents()).toEqual([
      {
        subject_kind: "access",
        subject_name: "Emergency account safe-berlin",
        reason: "emergency_access",
        state: "open",
        severity: "P1",
      },
    ]);
    expect(await pages()).toEqual([{ kind: "trigger" }]);
  });

  test("pages again each time, also right after somebody closed the last alert", async () => {
    const { secret } = await make();
    for (let n = 1; n <= 3; n++) {
      now += 1_000;
      await attempt("safe-berlin", secret);
      await look();
      await resolveByHand();
      expect(await incidents()).toHaveLength(n);
      expect(await look()).toBe(0);
    }
    expect(await pages()).toHaveLength(3);
  });
});

describe("tries that fail", () => {
  test.each<[string, string, (right: string) => string]>([
    ["a wrong secret", "safe-berlin", () => "0000-0000"],
    ["no secret", "safe-berlin", () => ""],
    ["the right secret of another account", "safe-oslo", (right) => right],
    ["a name that there is none of", "nobody", (right) => right],
    ["a name that no database keeps", "safe-berlin\0", (right) => right.slice(0, -1)],
    ["a name of a megabyte", "x".repeat(1_000_000), (right) => right],
    ["a secret of a megabyte", "safe-berlin", () => "x".repeat(1_000_000)],
  ])("%s: refused in the same words, in the log, and paged once", async (_, name, secretOf) => {
    const { secret } = await make();
    await make("safe-oslo");
    for (let n = 0; n < 3; n++)
      await expect(attempt(name, secretOf(secret))).rejects.toMatchObject({
        code: "E_INVALID",
        message: "The name or the secret is not right. Each try is reported.",
      });
    await look();
    expect(await incidents()).toMatchObject([{ reason: "emergency_refused", severity: "P1", state: "open" }]);
    expect(await pages()).toHaveLength(1);
    expect((await log()).filter((r) => r.action === "break_glass.refused")).toHaveLength(3);
    expect(await db.sql("SELECT id FROM session")).toEqual([]);
    now += 60_000;
    await resolveByHand();
    await expect(attempt(name, secretOf(secret))).rejects.toMatchObject({ code: "E_INVALID" });
    now += 5_000;
    await look();
    expect(await pages()).toHaveLength(2);
  });
});

test("a closed account opens nothing, whoever was in by it is out, and its name may be used again", async () => {
  const made = await make();
  const token = await attempt("safe-berlin", made.secret);
  await execute(db.appDb, closeBreakGlass, rosa(), { accountId: made.id }, why);
  expect(await viewerOf(db.appDb, token, new Date(now))).toBeNull();
  await expect(attempt("safe-berlin", made.secret)).rejects.toMatchObject({ code: "E_INVALID" });
  const second = await make();
  await expect(attempt("safe-berlin", made.secret)).rejects.toMatchObject({ code: "E_INVALID" });
  await attempt("safe-berlin", second.secret);
});

test("a use and the closing of its account in the same moment leave nobody in", async () => {
  for (let round = 0; round < 5; round++) {
    const name = `safe-${round}a`;
    const made = await make(name);
    const [tried] = await Promise.allSettled([
      attempt(name, made.secret),
      execute(db.appDb, closeBreakGlass, rosa(), { accountId: made.id }, why),
    ]);
    if (tried.status === "fulfilled") expect(await viewerOf(db.appDb, tried.value, new Date(now))).toBeNull();
    expect(
      await db.sql("SELECT s.id FROM session s JOIN person p ON p.id = s.person_id WHERE p.subject = $1", [made.id]),
    ).toEqual([]);
  }
});

test("the secret is nowhere in the database", async () => {
  const { secret } = await make();
  await attempt("safe-berlin", secret);
  const bare = secret.replaceAll("-", "");
  const tables = await db.sql<{ t: string }>(
    "SELECT format('%I.%I', table_schema, table_name) AS t FROM information_schema.tables WHERE table_schema IN ('public', 'audit') AND table_type = 'BASE TABLE'",
  );
  for (const { t } of tables) {
    const rows = JSON.stringify(await db.sql(`SELECT to_jsonb(x) AS row FROM ${t} x`));
    expect(rows.includes(secret) || rows.includes(bare), t).toBe(false);
  }
});
