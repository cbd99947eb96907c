// A server that is protected by TLS itself: it asks for a client certificate and hangs up on whoever shows none of its own.
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { Redis } from "ioredis";
import { generate } from "selfsigned";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLog } from "#lib/adapters/log";
import { places, secretBox } from "#lib/adapters/secrets";
import type { Outcome } from "#lib/domain/outcome";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { freePort, rawServer } from "#lib/testing/servers";
import { runJob } from "../region.ts";
import { sealedStream } from "../slots.ts";
import { ProberPool } from "../supervisor.ts";

const box = secretBox(randomBytes(32));
const EC = { keyType: "ec", algorithm: "sha256" } as const;
const name = (value: string) => [{ name: "commonName", value }];
let db: TestDatabase;
let store: TestRedis;
let pool: ProberPool;
let tenantId: string;
let port: number;
let ca: string;
let https: Server;
const clients: Record<string, { certificate: string; privateKey: string }> = {};
const shown: string[] = [];

async function authority(of: string) {
  const made = await generate(name(of), {
    ...EC,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  return { key: made.private, cert: made.cert };
}

beforeAll(async () => {
  db = await testDatabase();
  store = testRedis();
  pool = new ProberPool({ size: 1 });
  await makeRegion(db, "fra");
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now()), ($1, $3, '::1/128', 'servers of this test listen there', now())",
    [tenantId, randomUUID(), randomUUID()],
  );
  const [ours, theirs] = await Promise.all([authority("Ours"), authority("Theirs")]);
  ca = ours.cert;
  for (const [who, by] of [
    ["ours", ours],
    ["theirs", theirs],
  ] as const) {
    const made = await generate(name(`probe of ${who}`), { ...EC, ca: by });
    clients[who] = { certificate: made.cert, privateKey: made.private };
  }
  const leaf = await generate(name("localhost"), {
    ...EC,
    ca: ours,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  port = await freePort();
  https = createServer(
    { key: leaf.private, cert: leaf.cert, ca: ours.cert, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      shown.push(
        (request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate()
          .subject.CN,
      );
      let body = "";
      request.on("data", (bytes) => (body += bytes));
      request.on("end", () => {
        const { id, method } = JSON.parse(body) as { id: string; method: string };
        const discovered = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
        const result = method === "server/discover" ? discovered : { tools: [{ name: "a", inputSchema: {} }] };
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    },
  );
  https.on("tlsClientError", () => {});
  await new Promise<void>((done) => https.listen(port, "127.0.0.1", done));
});
afterAll(async () => {
  https.closeAllConnections();
  https.close();
  await Promise.all([pool.close(), store.close(), db.close()]);
});

async function probed(who: string, at = port): Promise<Outcome> {
  const id = await makeServer(db, tenantId, { url: `https://localhost:${at}/mcp?${who}` });
  await db.sql(
    "INSERT INTO server_credential (tenant_id, server_id, kind, header_name, sealed, created_at) VALUES ($1, $2, 'mtls', '', $3, now())",
    [
      tenantId,
      id,
      Buffer.from(await box.seal(db.workerDb, places.serverCredential(tenantId, id), JSON.stringify(clients[who]))),
    ],
  );
  const slot = Math.floor(Date.now() / 60_000) * 60_000;
  const deps = {
    region: "fra",
    db: db.workerDb,
    redis: store.redis,
    queueRedis: null as unknown as Redis,
    concurrency: 1,
  };
  await runJob(
    { ...deps, prefix: store.prefix, box, pool, ca, log: createLog("test", "fatal") },
    { tenantId, slot, intervalS: 60, servers: [{ id, expected: ["fra"] }] },
  );
  for (const [, fields] of await store.redis.xrevrange(sealedStream(store.prefix), "+", "-")) {
    const sealed = JSON.parse(fields[1] ?? "{}");
    if (sealed.serverId === id) return sealed.outcomes.fra;
  }
  throw new Error("nothing was sealed");
}

test("a certificate of its own authority opens it, and the walk sees that nobody else gets in", async () => {
  const seen = await probed("ours");
  expect(seen).toMatchObject({ status: "up", auth: "protected", reason: null });
  expect(new Set(shown)).toEqual(new Set(["probe of ours"]));
  expect(seen.credential?.result).toBe("healthy");
  expect(seen.credential?.steps.slice(0, 3)).toMatchObject([
    { step: "dns", state: "passed" },
    { step: "tls", state: "passed" },
    { step: "challenge", state: "passed", detail: expect.stringContaining("no client certificate") },
  ]);
});

test("one of somebody else, hung up on without an alert, is a reset that the walk explains", async () => {
  const seen = await probed("theirs");
  expect(seen).toMatchObject({ status: "down", reason: "connection_reset" });
  expect(seen.credential).toMatchObject({ result: "auth_walled", failedStep: "handshake" });
});

test("one that TLS refuses by an alert is a rejected credential and not an outage", async () => {
  const alert = await rawServer((socket) => void socket.end(Buffer.from("1503030002022a", "hex")));
  const seen = await probed("theirs", alert.port);
  await alert.close();
  expect(seen).toMatchObject({
    status: "degraded",
    reason: "credential_rejected",
    evidence: { cause: "auth_rejected" },
  });
});

test("the private key stands nowhere in Redis or in the rows", async () => {
  const key = (clients.ours?.privateKey ?? "").split("\n")[1] as string;
  const kept = await Promise.all((await store.redis.keys("*")).map((k) => store.redis.dumpBuffer(k)));
  const rows = await db.sql("SELECT walk::text AS t FROM server_wall");
  expect(kept.map((k) => k?.toString("latin1")).join() + JSON.stringify(rows)).not.toContain(key);
});
