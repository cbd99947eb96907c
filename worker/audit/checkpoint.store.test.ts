import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { audit } from "#lib/adapters/audit";
import { lastSaved, ndjson } from "#lib/adapters/checkpoint-file";
import { knownKeys, publicKeyFile, signingKey } from "#lib/adapters/checkpoint-key";
import type { TenantContext } from "#lib/adapters/db";
import { verifyLive } from "#lib/commands/audit/verify-live";
import { findings } from "#lib/domain/audit/finding";
import { verifyCheckpoints } from "#lib/domain/audit/verify-checkpoints";
import { CheckpointSchema } from "#lib/domain/audit/checkpoint";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { checkpoint } from "./checkpoint.ts";

const START = Date.parse("2026-11-30T23:58:00Z");
const at = (minute: number) => new Date(START + minute * 60_000);
const lines: string[] = [];
const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
let db: TestDatabase;
let folder: string;
let contexts: TenantContext[];

beforeAll(async () => {
  db = await testDatabase();
  contexts = [];
  for (let i = 0; i < 3; i++)
    contexts.push({ tenantId: (await makeTenant(db)).id, actorId: "11111111-1111-4111-8111-111111111111" });
});
afterAll(() => db.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-checkpoint-"));
  return () => rmSync(folder, { recursive: true, force: true });
});

const places = () => ({ keyFile: join(folder, "checkpoint.pem"), dir: join(folder, "checkpoints") });
const write = (i: number) => {
  const context = contexts[i] as TenantContext;
  return db.appDb.withTenant(context, (tx) =>
    audit(tx, context, { action: "server.register", target: "server:1", body: {} }),
  );
};
async function* saved(file: string) {
  for await (const batch of ndjson(file)) yield batch.map((v) => CheckpointSchema.parse(v));
}

test("each minute signs one root, also when nothing changed; every month's file can be checked alone, and so can each tenant", async () => {
  for (const i of [0, 1, 2]) await write(i);
  for (let minute = 0; minute < 5; minute++) {
    if (minute % 2 === 0) await write(1);
    await checkpoint(db.workerDb, places(), log, at(minute));
  }
  const keys = knownKeys(publicKeyFile(places().keyFile));
  for (const month of ["2026-11", "2026-12"]) {
    const found = findings();
    const last = await verifyCheckpoints(
      {
        checkpoints: saved(join(places().dir, `${month}.ndjson`)),
        keys,
        hashesAt: async (claims) => claims.map((c) => c.hash),
      },
      found,
    );
    expect(found.list).toEqual([]);
    expect(last?.treeSize).toBe(3);
  }
  expect(readFileSync(join(places().dir, "2026-12.ndjson"), "utf8").trimEnd().split("\n")).toHaveLength(3);
  expect(lines.filter((l) => l.includes("audit checkpoint"))).toHaveLength(5);
  const tenantId = contexts[1]?.tenantId ?? "";
  const result = await db.appDb.withTenant({ tenantId, actorId: tenantId, readOnly: true }, (tx) =>
    verifyLive({ ask: (sql, params = []) => tx.$queryRawUnsafe(sql, ...params), tenantId, keys, now: at(5).getTime() }),
  );
  expect(result).toMatchObject({ findings: [], events: 4, checkpoint: { no: 5 } });
});

test("silence of more than three minutes is a finding, and a copy that fell behind or was torn catches up", async () => {
  const from = lastSaved(places().dir);
  expect(from).toBeNull();
  await checkpoint(db.workerDb, places(), log, at(60));
  const file = join(places().dir, "2026-12.ndjson");
  await checkpoint(db.workerDb, places(), log, at(61));
  truncateSync(file, statSync(file).size - 20);
  await write(0);
  await checkpoint(db.workerDb, places(), log, at(65));
  const numbers: unknown[] = [];
  for await (const batch of ndjson(file)) numbers.push(...batch.map((v) => (v as { no?: number } | null)?.no));
  expect(numbers).toEqual([6, undefined, 7, 8]);
  const found = findings();
  async function* whole() {
    for await (const batch of ndjson(file)) yield batch.filter((v) => v !== null).map((v) => CheckpointSchema.parse(v));
  }
  await verifyCheckpoints(
    {
      checkpoints: whole(),
      keys: knownKeys(publicKeyFile(places().keyFile)),
      hashesAt: async (c) => c.map((x) => x.hash),
    },
    found,
  );
  expect(found.list.map((f) => f.code)).toEqual(["checkpoint-gap"]);
});

test("the key is made once, for this user only, and refused when others can read it", () => {
  const { keyFile } = places();
  const first = signingKey(keyFile).export({ type: "pkcs8", format: "pem" });
  expect(statSync(keyFile).mode & 0o777).toBe(0o400);
  expect(signingKey(keyFile).export({ type: "pkcs8", format: "pem" })).toEqual(first);
  expect(readFileSync(publicKeyFile(keyFile), "utf8")).not.toContain("PRIVATE");
  chmodSync(keyFile, 0o440);
  expect(() => signingKey(keyFile)).toThrow(/chmod 0400/);
});
