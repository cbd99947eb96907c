// Over 300 lines: one road with its servers started once, and what it promises.
// Extra checks over the real road of a region: real probers, real servers, what is remembered in a real Redis.
import { randomBytes, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { createLog } from "#lib/adapters/log";
import { secretBox } from "#lib/adapters/secrets";
import { slotStart } from "#lib/domain/cadence";
import { healthSettings } from "#lib/domain/extra-check/health-url";
import type { ExtraResult, Outcome } from "#lib/domain/outcome";
import { sealedSlotSchema } from "#lib/domain/verdict";
import { extraChecks } from "#lib/queries/extra-checks";
import { portalExtraChecks } from "#lib/queries/portal/extra-checks";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeRegion, makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { fleetServer, freePort, supergateway, MEMORY_COMMAND, type TestServer } from "#lib/testing/servers";
import { decide } from "../../pipeline/decide.ts";
import { type RegionDeps, runJob } from "../region.ts";
import { sealDue } from "../seal.ts";
import { sealedStream } from "../slots.ts";
import { probe } from "../transcript.ts";
import { ProberPool } from "../supervisor.ts";
import { giveBack, takeLook } from "./memory.ts";

let db: TestDatabase;
let store: TestRedis;
let clock: TestClock;
let pool: ProberPool;
let everything: TestServer;
let almanac: TestServer;
let stateless: TestServer;
let health: Server;
let answer: { status: number; body: string };
let asked: { url: string; authorization: string | undefined }[] = [];
let tenantId: string;

beforeAll(async () => {
  clock = testClock();
  store = testRedis();
  pool = new ProberPool({ size: 2 });
  [db, everything, almanac, stateless] = await Promise.all([
    testDatabase(),
    fleetServer("legacy"),
    fleetServer("modern"),
    supergateway(MEMORY_COMMAND),
  ]);
  health = createServer((req, res) => {
    asked.push({ url: req.url ?? "", authorization: req.headers.authorization });
    res.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((done) => health.listen(0, "127.0.0.1", done));
  for (const region of ["fra", "iad"]) await makeRegion(db, region);
});
beforeEach(async () => {
  clock.advance(3_600_000);
  answer = { status: 200, body: '{"status":"ok","waiting":0}' };
  asked = [];
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now())",
    [tenantId, randomUUID()],
  );
});
afterAll(async () => {
  clock.restore();
  health.close();
  await Promise.all([pool.close(), store.close(), db.close(), everything.close(), almanac.close(), stateless.close()]);
});

const box = secretBox(randomBytes(32));
const deps = (region: string): RegionDeps => ({
  region,
  ...{ db: db.workerDb, redis: store.redis, queueRedis: store.redis, prefix: store.prefix },
  ...{ box, pool, concurrency: 2, log: createLog("test", "fatal") },
});

async function check(
  serverId: string,
  kind: string,
  settings: object,
  more: { everyS?: number; calls?: number } = {},
): Promise<string> {
  const id = randomUUID();
  await db.sql(
    "INSERT INTO extra_check (tenant_id, id, server_id, kind, name, settings, every_s, calls_per_day, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,now())",
    [tenantId, id, serverId, kind, `My ${kind}`, JSON.stringify(settings), more.everyS ?? 60, more.calls ?? 2880],
  );
  return id;
}

/** One slot of one server, from each region; moves the clock by a minute. */
async function slot(serverId: string, regions: string[] = ["fra"]): Promise<Record<string, Outcome>> {
  const at = slotStart(clock.now().getTime(), 60);
  const job = { tenantId, slot: at, intervalS: 60, servers: [{ id: serverId, expected: regions }] };
  await Promise.all(regions.map((region) => runJob(deps(region), job)));
  clock.set(new Date(at + 60_000));
  await sealDue(store.redis, store.prefix, new Date(at + 90_000));
  const entries = await store.redis.xrange(sealedStream(store.prefix), "-", "+");
  const mine = entries.map(([, f]) => JSON.parse(f[1] ?? "{}")).find((e) => e.serverId === serverId && e.slot === at);
  return mine.outcomes;
}
const look = async (serverId: string): Promise<Outcome & { extra: ExtraResult }> => {
  const outcome = (await slot(serverId)).fra as Outcome;
  return { ...outcome, extra: outcome.extras?.[0] as ExtraResult };
};
const server = (url = everything.url) => makeServer(db, tenantId, { url });

/** A server of few words; null is answered 404. */
async function mcp(
  say: (method: string) => object | null,
  session: () => string | null = () => null,
): Promise<{ url: string; close(): void }> {
  const speaking = createServer((req, res) => {
    let text = "";
    req.on("data", (bytes) => {
      text += bytes;
    });
    req.on("end", () => {
      const m = text === "" ? {} : JSON.parse(text);
      if (m.id === undefined) return res.writeHead(202).end();
      const hello = {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "f", version: "1" },
      };
      const id = m.method === "initialize" ? session() : null;
      const result = m.method === "initialize" ? hello : m.method === "server/discover" ? null : say(m.method);
      if (result === null) return res.writeHead(404).end();
      res.writeHead(200, { "content-type": "application/json", ...(id !== null && { "mcp-session-id": id }) });
      res.end(JSON.stringify({ jsonrpc: "2.0", id: m.id, result }));
    });
  });
  await new Promise<void>((done) => speaking.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(speaking.address() as AddressInfo).port}/mcp`,
    close: () => void speaking.close(),
  };
}

describe("a test call against a real server", () => {
  test("as agreed it is good; isError, another answer and a gone tool make the server degraded, each by its name", async () => {
    const cases: [object, string, string | undefined][] = [
      [{ tool: "echo", arguments: '{"message":"hi"}', contains: "hi" }, "up", undefined],
      [
        { tool: "get-structured-content", arguments: '{"location":"New York"}', path: "$.temperature" },
        "up",
        undefined,
      ],
      [{ tool: "echo", arguments: "{}" }, "degraded", "canary_error"],
      [{ tool: "echo", arguments: '{"message":"hi"}', contains: "bye" }, "degraded", "canary_assertion"],
      [{ tool: "no-such-tool" }, "degraded", "canary_missing"],
      [{ tool: "gzip-file-as-resource", arguments: "{}" }, "degraded", "canary_not_allowed"],
    ];
    const servers = await Promise.all(
      cases.map(async ([settings]) => {
        const id = await makeServer(db, tenantId, { url: `${everything.url}?${randomUUID()}` });
        await check(id, "canary", settings);
        return id;
      }),
    );
    const at = slotStart(clock.now().getTime(), 60);
    const batch = servers.map((id) => ({ id, expected: ["fra"] }));
    await runJob(deps("fra"), { tenantId, slot: at, intervalS: 60, servers: batch });
    const entries = await store.redis.xrange(sealedStream(store.prefix), "-", "+");
    const outcomes = new Map(
      entries.map(([, f]) => JSON.parse(f[1] ?? "{}")).map((e) => [e.serverId, e.outcomes.fra as Outcome]),
    );
    const seen = servers.map((id) => {
      const o = outcomes.get(id);
      return [o?.status, o?.reason, o?.extras?.[0]?.evidence.cause];
    });
    expect(seen).toEqual(
      cases.map(([, status, cause]) => [status, cause === undefined ? null : "canary_failed", cause]),
    );
  });

  test("in the modern era and without sessions as well", async () => {
    for (const [url, settings] of [
      [almanac.url, { tool: "weekday-of", arguments: '{"day":"2026-11-21"}', contains: "Saturday" }],
      [stateless.url, { tool: "read_graph", path: "$.entities" }],
    ] as const) {
      const id = await server(url);
      await check(id, "canary", settings);
      if (url === stateless.url)
        await db.sql(
          "INSERT INTO allowed_tool (tenant_id, server_id, tool, reason, allowed_at) VALUES ($1, $2, 'read_graph', 'it only reads the graph', now())",
          [tenantId, id],
        );
      expect(await look(id)).toMatchObject({ status: "up", extra: { status: "up" } });
    }
  });

  test("slower than agreed is a failure", async () => {
    const id = await server();
    const settings = { tool: "trigger-long-running-operation", arguments: '{"duration":1,"steps":1}', maxMs: "200" };
    await check(id, "canary", settings);
    expect((await look(id)).extra.evidence.cause).toBe("canary_timeout");
  });

  test("a tool whose mark was taken back is not called any more, until somebody allows it by name", async () => {
    let readOnlyHint = true;
    let called = 0;
    const fickle = await mcp((method) => {
      if (method === "tools/list")
        return { tools: [{ name: "t", inputSchema: { type: "object" }, annotations: { readOnlyHint } }] };
      called += 1;
      return { content: [{ type: "text", text: "hi" }] };
    });
    try {
      const id = await server(fickle.url);
      await check(id, "canary", { tool: "t" });
      expect([(await look(id)).extra.status, called]).toEqual(["up", 1]);
      readOnlyHint = false;
      clock.advance(120_000);
      expect([(await look(id)).extra.evidence.cause, called]).toEqual(["canary_not_allowed", 1]);
      await db.sql(
        "INSERT INTO allowed_tool (tenant_id, server_id, tool, reason, allowed_at) VALUES ($1, $2, 't', 'it only says hi to us', now())",
        [tenantId, id],
      );
      expect([(await look(id)).extra.status, called]).toEqual(["up", 2]);
    } finally {
      fickle.close();
    }
  });
});

test("parts of the protocol are asked in the conversation itself, and named when they fail", async () => {
  const of = (family: string, more: object = {}) => ({
    ...{ kind: "health_url" as const, id: randomUUID(), name: family, everyS: 60, callsPerDay: 9 },
    settings: healthSettings.parse({ family, maxMs: "8000", ...more }),
  });
  const checks = [
    ...[of("handshake"), of("resources"), of("prompts")],
    of("completions", { prompt: "completable-prompt", argument: "department" }),
    of("completions", { prompt: "no-such-prompt", argument: "x" }),
    of("notifications", { maxMs: "300" }),
  ];
  const transcript = await probe(
    {
      ...{ serverId: "s", tenantId, url: everything.url, knownEra: "legacy" as const, headers: {} },
      extras: { checks, allowedTools: [], held: {} },
    },
    { policy: { allow: [{ cidr: "127.0.0.0/8" }] }, monotonic: () => performance.now() },
  );
  const said = transcript.extras?.map((e) => [e.name, e.status, e.evidence.cause]);
  expect(said?.slice(0, 5)).toEqual([
    ...["handshake", "resources", "prompts", "completions"].map((n) => [n, "up", undefined]),
    ["completions", "degraded", "health_protocol"],
  ]);
  // It opens, and whether it says something within 300 ms is up to the server: refused it is not.
  expect(transcript.extras?.at(-1)?.evidence.detail).toMatch(/sign of life|silent/);
  const judged = judge(transcript);
  expect([judged.status, judged.reason]).toEqual(["up", null]);
});

describe("between looks", () => {
  test("a good look holds for its period, and a failing one is made again in every slot until it is good", async () => {
    const id = await server();
    const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}/health`;
    await check(id, "health_url", { family: "connection_pool", url }, { everyS: 300 });
    const states: string[] = [];
    for (const body of ["0", "0", "0", "0", "0", "0"]) {
      answer.body = `{"waiting":${body}}`;
      states.push((await look(id)).extra.status);
    }
    expect(states).toEqual(["up", "up", "up", "up", "up", "up"]);
    expect(asked.length).toBe(2);
    asked = [];
    answer.body = '{"waiting":4}';
    for (let i = 0; i < 5 && asked.length === 0; i++) await look(id);
    expect(asked.length).toBe(1);
    expect(await look(id)).toMatchObject({ status: "degraded", reason: "health_degraded", phase: "health" });
    expect(await look(id)).toMatchObject({ status: "degraded", evidence: { cause: "health_body" } });
    expect(asked.length).toBe(3);
    answer.body = '{"waiting":0}';
    expect(await look(id)).toMatchObject({ status: "up", reason: null, extra: { status: "up" } });
  });

  test("looks of a day are counted over all regions; spent, a good one becomes unknown and a failing one stays", async () => {
    const id = await server();
    const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}/health`;
    const spent = await check(id, "health_url", { family: "plain", url }, { calls: 3 });
    const first = await slot(id, ["fra", "iad"]);
    expect(Object.values(first).map((o) => o.extras?.[0]?.status)).toEqual(["up", "up"]);
    const second = await slot(id, ["fra", "iad"]);
    const [good, none] = Object.values(second)
      .map((o) => o.extras?.[0]?.status)
      .sort();
    expect([good, none, asked.length]).toEqual(["unknown", "up", 3]);
    expect(Object.values(second).map((o) => o.status)).toEqual(["up", "up"]);
    await db.sql("UPDATE extra_check SET calls_per_day = 4 WHERE id = $1", [spent]);
    answer = { status: 503, body: "" };
    await slot(id, ["fra"]);
    const failing = await look(id);
    expect(failing).toMatchObject({
      status: "degraded",
      extra: { evidence: { detail: expect.stringMatching(/spent/) } },
    });
    expect(asked.length).toBe(4);
    clock.advance(86_400_000);
    answer = { status: 200, body: "fine" };
    expect((await look(id)).extra).toMatchObject({ status: "up", used: 1 });
  });

  test("however many look at once, no look above the limit is taken", async () => {
    const id = randomUUID();
    const at = clock.now().getTime();
    const taken = await Promise.all(
      Array.from({ length: 40 }, (_, i) => takeLook(deps(i % 2 ? "fra" : "iad"), id, 7, at)),
    );
    expect(taken.filter((n) => n !== null).sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await giveBack(deps("fra"), id, at);
    expect([await takeLook(deps("iad"), id, 7, at), await takeLook(deps("fra"), id, 7, at)]).toEqual([7, null]);
    expect(await takeLook(deps("fra"), id, 7, at + 86_400_000)).toBe(1);
  });

  test("another agreement makes what is remembered worthless", async () => {
    const id = await server();
    const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}/health`;
    const which = await check(id, "health_url", { family: "plain", url }, { everyS: 300 });
    await look(id);
    await db.sql("UPDATE extra_check SET settings = $2 WHERE id = $1", [
      which,
      JSON.stringify({ family: "plain", url, contains: "never there" }),
    ]);
    expect((await look(id)).extra.evidence.cause).toBe("health_body");
  });

  test("of a server that is down nothing is said and no look is spent", async () => {
    const id = await makeServer(db, tenantId, { url: `http://127.0.0.1:${await freePort()}/mcp` });
    await check(id, "canary", { tool: "echo" });
    const seen = await look(id);
    expect(seen).toMatchObject({ status: "down", extra: { status: "unknown", at: null } });
    const kept = await store.redis.keys(`${store.prefix}:looks:*`);
    expect((await Promise.all(kept.map((k) => store.redis.get(k)))).filter((n) => Number(n) < 0)).toEqual([]);
    expect((await look(id)).extra.used ?? 1).toBe(1);
  });

  test("a forbidden address is not asked, and that is not the server's failure", async () => {
    const id = await server();
    await check(id, "health_url", { family: "plain", url: "http://169.254.169.254/latest/meta-data" });
    const seen = await look(id);
    expect([seen.status, seen.extra.status]).toEqual(["up", "unknown"]);
  });

  test("the server's credential goes along to its own origin only", async () => {
    const port = (health.address() as AddressInfo).port;
    const elsewhere = createServer((req, res) => {
      asked.push({ url: req.url ?? "", authorization: req.headers.authorization });
      res.end();
    });
    await new Promise<void>((done) => elsewhere.listen(0, "127.0.0.1", done));
    const health_url = (url: string) => ({
      ...{ kind: "health_url" as const, id: randomUUID(), name: "h", everyS: 60, callsPerDay: 9 },
      settings: healthSettings.parse({ family: "plain", url }),
    });
    const transcript = await probe(
      {
        ...{ serverId: "s", tenantId, url: `http://127.0.0.1:${port}/mcp`, knownEra: null },
        headers: { Authorization: "Bearer told-to-nobody" },
        extras: {
          checks: [
            health_url(`http://127.0.0.1:${port}/own`),
            health_url(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/else`),
          ],
          ...{ allowedTools: [], held: {} },
        },
      },
      { policy: { allow: [{ cidr: "127.0.0.0/8" }] }, monotonic: () => performance.now() },
    );
    elsewhere.close();
    expect(asked.filter((a) => a.url === "/own").map((a) => a.authorization)).toEqual(["Bearer told-to-nobody"]);
    expect(asked.filter((a) => a.url === "/else").map((a) => a.authorization)).toEqual([undefined]);
    expect(transcript.extras?.map((e) => e.status)).toEqual(["up", "up"]);
  });
});

describe("a session held over time", () => {
  test("is opened in one look, asked in a later one, and its id rests sealed", async () => {
    const id = await server();
    await check(id, "session", { holdS: 60 });
    expect((await look(id)).extra.status).toBe("unknown");
    const fields = await store.redis.hgetall(`${store.prefix}:extra:fra:${id}`);
    const sealed = Object.entries(fields).find(([name]) => name.startsWith("s."))?.[1] ?? "";
    expect(Buffer.from(sealed, "base64").toString("latin1")).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    expect(sealed.length).toBeGreaterThan(60);
    clock.advance(60_000);
    expect((await look(id)).extra).toMatchObject({
      status: "up",
      evidence: { detail: expect.stringMatching(/still answers/) },
    });
  });

  test("that is gone once is no failure, and gone twice it is", async () => {
    const forgetful = await mcp(
      (method) => (method === "tools/list" ? { tools: [{ name: "t", inputSchema: { type: "object" } }] } : null),
      () => randomUUID(),
    );
    try {
      const id = await server(forgetful.url);
      await check(id, "session", { holdS: 60 });
      await look(id);
      const once = await look(id);
      const twice = await look(id);
      expect([once.status, once.extra.status]).toEqual(["up", "unknown"]);
      expect([twice.status, twice.reason, twice.extra.evidence.cause]).toEqual([
        "degraded",
        "session_lost",
        "session_not_held",
      ]);
    } finally {
      forgetful.close();
    }
  });
});

test("a try is a real look that is shown and counts for nothing", async () => {
  const id = await server();
  const which = await check(id, "canary", { tool: "echo", arguments: '{"message":"hi"}', contains: "bye" });
  const requestId = randomUUID();
  await db.sql(
    "INSERT INTO request (tenant_id, id, kind, payload, state, created_at) VALUES ($1, $2, 'try-check', $3, 'running', now())",
    [tenantId, requestId, JSON.stringify({ serverId: id, checkId: which })],
  );
  const at = slotStart(clock.now().getTime(), 60);
  const job = { tenantId, slot: at, intervalS: 60, servers: [{ id, expected: ["fra"] }] };
  await runJob(deps("fra"), { ...job, live: { requestId, trial: true } });
  const seen = await db.workerDb.withTenant({ tenantId, actorId: requestId, readOnly: true }, (tx) =>
    extraChecks(tx, id, clock.now()),
  );
  const trial = seen?.checks[0]?.trial;
  expect([trial?.state, trial?.progress.some((line) => line.title === "POST tools/call")]).toEqual(["done", true]);
  expect(trial?.progress.at(-1)?.verdict).toMatchObject({
    status: "degraded",
    sentence: expect.stringMatching(/does not contain “bye”.*hi/),
  });
  const entries = await store.redis.xrange(sealedStream(store.prefix), "-", "+");
  expect(entries.some(([, f]) => (f[1] ?? "").includes(id))).toBe(false);
  expect(await store.redis.keys(`${store.prefix}:looks:${which}:*`)).toEqual([]);
  const shown = await db.workerDb.withTenant({ tenantId, actorId: requestId, readOnly: true }, (tx) =>
    portalExtraChecks(tx, id, clock.now()),
  );
  expect(JSON.stringify(shown?.checks[0]?.trial)).not.toMatch(/contain “bye”/);
});

test("what the regions say is folded two of N for the console, and read from there", async () => {
  const id = await makeServer(db, tenantId, { url: everything.url, createdAt: clock.now() });
  const which = await check(id, "health_url", {
    family: "connection_pool",
    url: `http://127.0.0.1:${(health.address() as AddressInfo).port}/health`,
  });
  answer.body = '{"waiting":3}';
  const outcomes = await slot(id, ["fra", "iad"]);
  const sealed = { tenantId, serverId: id, slot: clock.now().getTime() - 60_000, expected: ["fra", "iad"], outcomes };
  await decide(db.workerDb, sealedSlotSchema.parse(sealed), clock.now());
  const page = await db.workerDb.withTenant({ tenantId, actorId: id, readOnly: true }, (tx) =>
    extraChecks(tx, id, clock.now()),
  );
  expect(page?.checks[0]).toMatchObject({ id: which, status: "degraded", usedToday: 2 });
  expect(page?.checks[0]?.looks.map((l) => [l.region, l.status, l.label])).toEqual([
    ["fra", "degraded", "The health address says that something is wrong"],
    ["iad", "degraded", "The health address says that something is wrong"],
  ]);
  const portal = await db.workerDb.withTenant({ tenantId, actorId: id, readOnly: true }, (tx) =>
    portalExtraChecks(tx, id, clock.now()),
  );
  expect(JSON.stringify(portal)).not.toMatch(/above 0/);
});
