// Probes behind a wall, from the batch to the outcome and the console's row: a real authorization server, real prober
// processes, real Redis and PostgreSQL.
import { randomBytes, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { places, secretBox } from "#lib/adapters/secrets";
import { slotStart } from "#lib/domain/cadence";
import type { Outcome } from "#lib/domain/outcome";
import { type AuthFault, type AuthServerHere, authServer, CLIENT } from "#lib/testing/auth-server";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import type { CredentialDeps } from "./credentialed.ts";
import { nextLook } from "./held.ts";
import { unguarded } from "./load.ts";
import { type RegionDeps, runJob } from "../region.ts";
import { sealedStream } from "../slots.ts";
import { ProberPool } from "../supervisor.ts";

const box = secretBox(randomBytes(32));
const log = createLog("test", "fatal");
const MINUTE = 60_000;

let db: TestDatabase;
let store: TestRedis;
let clock: TestClock;
let pool: ProberPool;
let tenantId: string;
const servers: AuthServerHere[] = [];

beforeAll(async () => {
  clock = testClock();
  db = await testDatabase();
  store = testRedis();
  pool = new ProberPool({ size: 2 });
  for (const region of ["fra", "iad"]) await makeRegion(db, region);
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now())",
    [tenantId, randomUUID()],
  );
});
afterEach(() => Promise.all(servers.splice(0).map((s) => s.close())));
afterAll(async () => {
  clock.restore();
  await Promise.all([pool.close(), store.close(), db.close()]);
});

async function serve(fault: AuthFault = "none"): Promise<AuthServerHere> {
  const server = await authServer(fault);
  servers.push(server);
  return server;
}

async function watched(server: AuthServerHere, kind?: "oauth" | "bearer", secret = CLIENT.secret, region = "") {
  const id = await makeServer(db, tenantId, { url: `${server.url}?n=${randomUUID()}` });
  if (kind) await credential(id, server, kind, secret, region);
  return id;
}
async function credential(id: string, server: AuthServerHere, kind: "oauth" | "bearer", secret: string, region = "") {
  const settings = { clientId: CLIENT.id, issuer: server.origin, scope: "mcp:tools", resource: server.url };
  const sealed = await box.seal(db.workerDb, places.serverCredential(tenantId, id, region), secret);
  await db.sql(
    `INSERT INTO server_credential (tenant_id, server_id, region, kind, header_name, sealed, settings, created_at)
     VALUES ($1, $2, $3, $4, 'Authorization', $5, $6, $7)`,
    [tenantId, id, region, kind, Buffer.from(sealed), kind === "oauth" ? settings : {}, clock.now()],
  );
}

/** The next minute's probe: what Redis counts by its own clock, once a minute, is over as well. */
async function probe(id: string, region = "fra"): Promise<Outcome> {
  clock.advance(MINUTE);
  await store.redis.del(`${store.prefix}:wall:${region}:${id}:asked`);
  const slot = slotStart(clock.now().getTime(), 60);
  const deps = { region, db: db.workerDb, redis: store.redis, queueRedis: null as unknown as Redis };
  await runJob({ ...deps, prefix: store.prefix, box, pool, concurrency: 2, log } satisfies RegionDeps, {
    tenantId,
    slot,
    intervalS: 60,
    servers: [{ id, expected: [region] }],
  });
  for (const [, fields] of await store.redis.xrevrange(sealedStream(store.prefix), "+", "-", "COUNT", 5)) {
    const sealed = JSON.parse(fields[1] ?? "{}");
    if (sealed.serverId === id && sealed.slot === slot) return sealed.outcomes[region];
  }
  throw new Error("nothing was sealed");
}
const walk = (o: Outcome) => Object.fromEntries((o.credential?.steps ?? []).map((s) => [s.step, s.state]));
const rows = (id: string) =>
  db.sql<{
    region: string;
    walk: { result: string };
    findings: { cause: string } | null;
    token: { problem: string } | null;
  }>("SELECT region, walk, findings, token FROM server_wall WHERE server_id = $1 ORDER BY region", [id]);

describe("a server behind OAuth", () => {
  test("is walked through in eight steps, and the wall is looked at once in fifteen minutes", async () => {
    const server = await serve();
    const id = await watched(server, "oauth");
    const first = await probe(id);
    expect(first).toMatchObject({ status: "up", auth: "protected", reason: null });
    expect(first.credential).toMatchObject({ result: "healthy", failedStep: null });
    expect(walk(first)).toEqual({
      ...{ dns: "passed", tls: "skipped", challenge: "passed", discovery: "passed" },
      ...{ handshake: "passed", tools: "passed", call: "skipped", compare: "skipped" },
    });
    const requests = async () => {
      const before = server.asked.length;
      expect((await probe(id)).credential?.result).toBe("healthy");
      return server.asked.length - before;
    };
    // The conversation alone: no token, no look, no metadata.
    const each = await requests();
    for (let n = 0; n < 4; n++) expect(await requests()).toBe(each);
    expect(server.tokenRequests).toHaveLength(1);
    expect(server.asked.filter((a) => a.startsWith("GET"))).toHaveLength(3);
    clock.advance(10 * MINUTE);
    expect(await requests()).toBe(each + 1);
    expect(await requests()).toBe(each);
    expect(server.asked.filter((a) => a.startsWith("GET"))).toHaveLength(3);
    clock.advance(24 * 60 * MINUTE);
    server.lifeS = 86_400;
    await requests();
    expect(server.asked.filter((a) => a.startsWith("GET /.well-known/oauth-protected")).length).toBe(2);
    expect(await rows(id)).toMatchObject([
      { region: "fra", walk: { result: "healthy" }, findings: { cause: "with_prm" } },
    ]);
  });

  test("is not asked twice within a minute without a credential, whoever asks", async () => {
    const server = await serve();
    server.tokens.add("a-good-token");
    const id = await watched(server, "bearer", "a-good-token");
    await probe(id);
    const key = `${store.prefix}:wall:fra:${id}`;
    // Two processes of the region that know nothing of the wall: the first to say so makes the look.
    await store.redis.del(key);
    const before = server.asked.length;
    await probe(id);
    const withLook = server.asked.length - before;
    await store.redis.del(key);
    await store.redis.set(`${key}:asked`, "1", "EX", 60);
    const deps = { region: "fra", redis: store.redis, prefix: store.prefix } as CredentialDeps;
    expect(await nextLook(deps, id, null, { ...unguarded, kind: "bearer" }, true)).toBeNull();
    expect(withLook).toBeGreaterThan(2);
  });

  test("that takes its token back is given a new one in the same slot", async () => {
    const server = await serve();
    const id = await watched(server, "oauth");
    await probe(id);
    server.tokens.clear();
    expect(await probe(id)).toMatchObject({ status: "up", reason: null });
    expect(server.tokenRequests).toHaveLength(2);
  });

  test("whose authorization server refuses the client is up behind its wall, and its credential is rejected", async () => {
    const server = await serve();
    const id = await watched(server, "oauth", "another-secret");
    const seen = await probe(id);
    expect(seen).toMatchObject({
      status: "degraded",
      auth: "protected",
      reason: "credential_rejected",
      phase: "token",
      evidence: { cause: "token_refused", errorCode: "invalid_client" },
    });
    expect(seen.credential).toMatchObject({ result: "auth_walled", failedStep: "handshake" });
    expect((await rows(id))[0]?.token?.problem).toContain("invalid_client");
  });

  test("leaves neither token nor secret in Redis, in the rows or in what is sealed", async () => {
    const server = await serve();
    const id = await watched(server, "oauth");
    const seen = await probe(id);
    const [token] = server.tokens;
    const keys = await store.redis.keys("*");
    expect(keys.length).toBeGreaterThan(0);
    const kept = await Promise.all(keys.map((k) => store.redis.dumpBuffer(k)));
    const all = [
      JSON.stringify(seen),
      JSON.stringify(await rows(id)),
      ...kept.map((k) => k?.toString("latin1") ?? ""),
    ].join();
    for (const secret of [CLIENT.secret, token as string]) expect(all).not.toContain(secret);
  });
});

describe("a wall that is wrong", () => {
  test.each<[fault: AuthFault, result: string, failed: string | null, words: RegExp]>([
    ["bare challenge", "broken", "challenge", /bare "Bearer"/],
    ["bare 401", "broken", "challenge", /without WWW-Authenticate/],
    ["open", "broken", "challenge", /Not protected/],
    ["other resource", "broken", "discovery", /another resource/],
    ["names a private metadata address", "broken", "discovery", /private/],
  ])("%s: the server works, and its walk is %s at %s", async (fault, result, failed, words) => {
    const server = await serve(fault);
    server.tokens.add("a-good-token");
    const id = await watched(server, "bearer", "a-good-token");
    const seen = await probe(id);
    expect(seen.status).toBe("up");
    expect(seen.credential).toMatchObject({ result, failedStep: failed });
    expect(seen.credential?.steps.find((s) => s.step === failed)?.detail).toMatch(words);
  });

  test("a credential that is refused leaves the wall standing: walled, not broken", async () => {
    const id = await watched(await serve(), "bearer", "a-wrong-token");
    const seen = await probe(id);
    expect(seen).toMatchObject({ status: "degraded", reason: "credential_rejected" });
    expect(seen.credential).toMatchObject({ result: "auth_walled", failedStep: "handshake" });
  });
});

describe("without a credential", () => {
  test.each<[fault: AuthFault, status: string, cause: string]>([
    ["none", "up", "auth_with_prm"],
    ["wrong issuer", "degraded", "as_unreachable"],
    ["no authorization server", "degraded", "prm_invalid"],
  ])("%s: %s because %s, found by the second probe and not asked for again", async (fault, status, cause) => {
    const server = await serve(fault);
    const id = await watched(server);
    await probe(id);
    await db.sql(
      "INSERT INTO server_now (tenant_id, server_id, since, status, auth) VALUES ($1, $2, now(), 'up', 'protected')",
      [tenantId, id],
    );
    const seen = await probe(id);
    expect(seen).toMatchObject({ status, auth: "protected", evidence: { cause } });
    expect(seen.credential).toBeUndefined();
    const gets = server.asked.filter((a) => a.startsWith("GET")).length;
    expect((await probe(id)).evidence.cause).toBe(cause);
    expect(server.asked.filter((a) => a.startsWith("GET"))).toHaveLength(gets);
    expect((await rows(id))[0]?.walk.result).toBe("auth_walled");
  });
});

test("a region's own credential is used there and nowhere else", async () => {
  const server = await serve();
  server.tokens.add("good-in-frankfurt");
  const id = await watched(server, "bearer", "wrong-elsewhere");
  await credential(id, server, "bearer", "good-in-frankfurt", "fra");
  expect((await probe(id, "fra")).status).toBe("up");
  expect(await probe(id, "iad")).toMatchObject({ status: "degraded", reason: "credential_rejected" });
});
