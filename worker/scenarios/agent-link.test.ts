// A region whose agent is behind a line that is cut: what it saw arrives in its own minute or that minute is unknown, no
// server is blamed, and nobody can say more than was asked of them. The clock is moved; only the line itself takes time.
import { createHash, randomUUID } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { openHome } from "#lib/adapters/send-home";
import { places, type SecretBox, secretBox } from "#lib/adapters/secrets";
import { slotOffset } from "#lib/domain/cadence";
import { tokenOf } from "#lib/domain/region";
import { fold, type SealedSlot } from "#lib/domain/verdict";
import { createLog } from "#lib/adapters/log";
import { type TestClock, testClock } from "#lib/testing/clock";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeServer, makeTenant } from "#lib/testing/make";
import { type TestRedis, testRedis } from "#lib/testing/redis";
import { fleetServer, rawServer, type TestServer } from "#lib/testing/servers";
import { Agent, type Ending } from "../agent/agent.ts";
import { type Gateway, openGateway } from "../agents/gateway.ts";
import { granter } from "../agents/grant.ts";
import { egress } from "../probe/egress.ts";
import { queueName, queuePrefix } from "../probe/job.ts";
import { openSlot } from "../probe/record.ts";
import { sealDue } from "../probe/seal.ts";
import { sealedStream } from "../probe/slots.ts";
import { ProberPool } from "../probe/supervisor.ts";

const SECRET = "canary-credential-of-the-agent-test-1f2e3d";
const INSTALLATION = "the secret of an installation that only this test knows";
const MINUTE = 60_000;

let clock: TestClock;
let db: TestDatabase;
let store: TestRedis;
let queueRedis: Redis;
let gateway: Gateway;
let line: Line;
let target: TestServer;
let pool: ProberPool;
let box: SecretBox;
let tenantId: string;
let queue: Queue;
let running: { agent: Agent; stop: AbortController; ended: Promise<Ending> } | null = null;

/** A line between agent and home that can be cut, and that remembers what went over it. */
interface Line {
  url: URL;
  cut: boolean;
  heard: string;
  drop(): void;
  close(): Promise<void>;
}

async function openLine(port: number): Promise<Line> {
  const sockets = new Set<Socket>();
  const state = { cut: false, heard: "" };
  const server: Server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => {}).on("close", () => sockets.delete(near));
    if (state.cut) return near.destroy();
    const far = connect(port, "127.0.0.1");
    sockets.add(far);
    far.on("error", () => near.destroy());
    far.on("close", () => {
      sockets.delete(far);
      near.destroy();
    });
    near.on("close", () => far.destroy());
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const)
      from.on("data", (bytes) => {
        state.heard += bytes.toString("latin1");
        if (!state.cut) to.write(bytes);
      });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address() as { port: number };
  return Object.assign(state, {
    url: new URL(`http://127.0.0.1:${address.port}`),
    drop() {
      state.cut = true;
      for (const s of sockets) s.destroy();
    },
    close: () =>
      new Promise<void>((done) => {
        for (const s of sockets) s.destroy();
        server.close(() => done());
      }),
  });
}

beforeAll(async () => {
  clock = testClock();
  [db, target] = await Promise.all([testDatabase(), fleetServer("modern")]);
  store = testRedis();
  queueRedis = new Redis(store.url, { maxRetriesPerRequest: null });
  pool = new ProberPool({ size: 2 });
  box = secretBox(Buffer.alloc(32, 7));
  tenantId = (await makeTenant(db)).id;
  await db.sql(
    "INSERT INTO address_allowance (tenant_id, id, cidr, reason, created_at) VALUES ($1, $2, '127.0.0.0/8', 'servers of this test listen there', now())",
    [tenantId, randomUUID()],
  );
  await db.sql(
    "INSERT INTO region (name, city, kind) VALUES ('lab', 'The laboratory', 'agent'), ('far', 'Far away', 'agent')",
  );
  queue = new Queue(queueName("lab"), { connection: queueRedis, prefix: queuePrefix(store.prefix) });
  gateway = await openGateway({
    ...{ db: db.workerDb, redis: store.redis, queueRedis, prefix: store.prefix, box, secret: INSTALLATION },
    ...{ log: createLog("test", "fatal"), door: { port: 0, host: "127.0.0.1", trustedProxies: 0 }, pollMs: 300 },
  });
});
beforeEach(async () => {
  line = await openLine(gateway.port);
});
afterEach(async () => {
  running?.stop.abort();
  await running?.ended;
  await running?.agent.close();
  running = null;
  await line.close();
  await db.sql("UPDATE server SET paused = true, url = 'https://gone.example.com/' || id");
  clock.advance(2 * MINUTE);
});
afterAll(async () => {
  await gateway.close();
  clock.restore();
  await Promise.all([queue.close(), pool.close(), target.close(), store.close(), db.close()]);
  queueRedis.disconnect();
});

async function tokenFor(region: string): Promise<{ id: string; token: string }> {
  const [id, prefix] = [randomUUID(), randomUUID().replaceAll("-", "").slice(0, 12)];
  const token = tokenOf(prefix, "s".repeat(43));
  await db.sql(
    "INSERT INTO region_token (id, region, name, prefix, token_hash, created_by, created_at) VALUES ($1, $2, 'test', $3, $4, $1, now())",
    [id, region, prefix, createHash("sha256").update(token).digest()],
  );
  return { id, token };
}

function start(token: string, skewMs = 0): Agent {
  const home = openHome(line.url, token, undefined);
  const agent = new Agent({
    ...{ home, pool, egress: egress([]), host: "an-agent", batches: 4, pollMs: 300, patienceMs: 1_500, say: () => {} },
    clock: () => clock.now().getTime() + skewMs,
  });
  const stop = new AbortController();
  const ended = agent.run(stop.signal).finally(() => home.close());
  running = { agent, stop, ended };
  return agent;
}

async function until<T>(what: string, ask: () => Promise<T | null | undefined | false> | T | null | undefined | false) {
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((again) => setTimeout(again, 20));
  }
  throw new Error(`not in time: ${what}`);
}

const sealed = async (serverId: string): Promise<SealedSlot[]> =>
  (await store.redis.xrange(sealedStream(store.prefix), "-", "+"))
    .map(([, fields]) => JSON.parse(fields[1] ?? "{}") as SealedSlot)
    .filter((e) => e.serverId === serverId);
const regionNow = async () =>
  (
    await db.sql<{ skew_ms: number; late: string; refused: string | null }>(
      "SELECT * FROM region_now WHERE region = 'lab'",
    )
  )[0];

/** What the scheduler does when a server is due. */
async function offer(serverId: string, slot: number): Promise<void> {
  const expected = ["lab"];
  await openSlot(store.redis, store.prefix, { tenantId, serverId, slot, intervalS: 60, expected }, clock.now());
  await queue.add("probe", { tenantId, slot, intervalS: 60, servers: [{ id: serverId, expected }] });
}

/** To the moment at which this server is due, in the next minute. */
async function toDue(serverId: string): Promise<number> {
  const slot = (Math.floor(clock.now().getTime() / MINUTE) + 1) * MINUTE;
  clock.set(new Date(slot + slotOffset(serverId, 60) + 10));
  await offer(serverId, slot);
  return slot;
}

const aServer = (url = target.url) => makeServer(db, tenantId, { url, regions: ["lab"] });

describe("an agent that hears its home", () => {
  test.each([0, 20_000, -20_000])(
    "with a clock %d ms off its outcome stands in the scheduler's minute",
    async (skew) => {
      const { token } = await tokenFor("lab");
      const id = await aServer();
      const agent = start(token, skew);
      const slot = await toDue(id);
      const [entry] = await until("sealed", async () => ((await sealed(id)).length > 0 ? await sealed(id) : null));
      expect(entry).toMatchObject({
        slot,
        expected: ["lab"],
        outcomes: { lab: { status: "up", era: "modern", slot } },
      });
      expect(entry?.transcripts.lab?.toolCount).toBe(2);
      expect(Math.abs(agent.homeNow() - clock.now().getTime())).toBeLessThan(1_000);
      clock.advance(6_000);
      await until("its own row", async () => Math.abs(((await regionNow())?.skew_ms ?? 1e9) - skew) < 2_000);
      expect(await db.sql("SELECT host FROM process WHERE region = 'lab' AND stopped_at IS NULL")).not.toEqual([]);
    },
  );

  test("a credential crosses the line sealed, reaches the server, and is gone after five minutes without home", async () => {
    let heard = "";
    const server = await rawServer((socket, request) => {
      heard = /authorization: (.*)\r/i.exec(request)?.[1] ?? heard;
      socket.end("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n");
    });
    const { token } = await tokenFor("lab");
    const id = await aServer(server.url);
    await db.sql(
      "INSERT INTO server_credential (tenant_id, server_id, kind, header_name, sealed, created_at) VALUES ($1, $2, 'bearer', 'Authorization', $3, now())",
      [tenantId, id, Buffer.from(await box.seal(db.workerDb, places.serverCredential(tenantId, id), SECRET))],
    );
    const agent = start(token);
    await toDue(id);
    await until("sealed", async () => (await sealed(id)).length > 0);
    expect(heard).toBe(`Bearer ${SECRET}`);
    expect(line.heard).toContain("/agent/v1/work");
    expect(line.heard).not.toContain(SECRET);
    expect(line.heard).not.toContain(Buffer.from(SECRET).toString("base64").slice(4, 30));
    expect(agent.state.planned).toBe(1);
    line.drop();
    clock.advance(5 * MINUTE + 1_000);
    await until("forgotten", () => agent.state.planned === 0);
    await server.close();
  });
});

describe("a line that is cut", () => {
  test("outcomes buffer; those of an open minute arrive in it, closed ones stay unknown, and nobody is blamed", async () => {
    const { token } = await tokenFor("lab");
    const id = await aServer();
    // Nearly a minute behind: by its own clock alone nothing would be due.
    const agent = start(token, -50_000);
    await toDue(id);
    await until("the first minute", async () => (await sealed(id)).length === 1);
    await until("nothing left", () => agent.state.buffered === 0 && agent.state.inHand === 0);

    line.drop();
    await until("noticed", () => agent.state.cut);
    const missed = await toDue(id);
    await until("the minute that nobody will hear of", () => agent.state.buffered === 1);
    // The next one is due, and the one before it is closed for good.
    const open = missed + MINUTE;
    clock.set(new Date(open + Math.max(20_000, slotOffset(id, 60) + 10)));
    await sealDue(store.redis, store.prefix, clock.now());
    await offer(id, open);
    await until("the minute that is still open", () => agent.state.buffered === 2);
    const before = Number((await regionNow())?.late ?? 0);

    line.cut = false;
    await until("delivered", async () => (await sealed(id)).length === 3 && agent.state.buffered === 0);
    const all = await sealed(id);
    expect(all.map((e) => [e.slot, Object.keys(e.outcomes)])).toEqual([
      [missed - MINUTE, ["lab"]],
      [missed, []],
      [open, ["lab"]],
    ]);
    expect(all.map((e) => fold(e).status)).toEqual(["up", "unknown", "up"]);
    expect(fold(all[1] as SealedSlot).reason).toBe("not_checked");
    clock.advance(6_000);
    await until("counted", async () => Number((await regionNow())?.late) === before + 1);

    // Repaired: the next minute comes as ever.
    const next = await toDue(id);
    await until("as ever", async () =>
      (await sealed(id)).some((e) => e.slot === next && e.outcomes.lab?.status === "up"),
    );
  });

  test("home is there and says nothing: after its patience the agent goes on by itself", async () => {
    const { token } = await tokenFor("lab");
    const id = await aServer();
    const agent = start(token);
    await toDue(id);
    await until("the first minute", async () => (await sealed(id)).length === 1);
    line.cut = true; // Connections stand, nothing passes.
    await until("noticed", () => agent.state.cut);
    await toDue(id);
    await until("probed all the same", () => agent.state.buffered === 1);
    line.cut = false;
    await until("in its minute", async () => (await sealed(id)).length === 2);
  });
});

describe("a token", () => {
  test("that is taken back while a probe is under way ends the agent, and what it saw is not taken", async () => {
    let asked = () => {};
    const arrived = new Promise<void>((done) => {
      asked = done;
    });
    const sockets: Socket[] = [];
    const slow = await rawServer((socket) => {
      sockets.push(socket);
      asked();
    });
    const { id: tokenId, token } = await tokenFor("lab");
    const id = await aServer(slow.url);
    start(token);
    const slot = await toDue(id);
    await arrived;
    await db.sql("UPDATE region_token SET revoked_at = now() WHERE id = $1", [tokenId]);
    for (const socket of sockets) socket.end("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    expect(await running?.ended).toMatchObject({ why: "token" });
    clock.set(new Date(slot + 80_000));
    await sealDue(store.redis, store.prefix, clock.now());
    const [entry] = await sealed(id);
    expect(entry?.outcomes).toEqual({});
    await slow.close();
  });

  test("of another version is told so on both sides, and the page can say it", async () => {
    const { token } = await tokenFor("lab");
    const said = await ask(token, "hello", { protocol: 99, build: "9.9" });
    expect(said).toMatchObject({ status: 426, body: { code: "E_AGENT_VERSION" } });
    expect((await regionNow())?.refused).toMatch(/protocol 99 .*update the installation/);
    const home = {
      post: async () => ({ kind: "answer", status: 426, body: said.body }) as const,
      close: async () => {},
    };
    const agent = new Agent({ home, pool, egress: egress([]), host: "old", batches: 1, say: () => {} });
    expect(await agent.run(new AbortController().signal)).toMatchObject({
      why: "version",
      message: expect.stringMatching(/^E_AGENT_VERSION: .*update/),
    });
  });
});

const ask = async (token: string, what: string, body: unknown) => {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/agent/v1/${what}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json().catch(() => null)) as Record<string, unknown> };
};

describe("an agent that lies", () => {
  const hello = (token: string) =>
    ask(token, "hello", {
      ...{ protocol: 1, build: "0", host: "liar\u202e", holder: "A".repeat(60), at: clock.now().getTime() },
    });
  const result = (serverId: string) => ({
    serverId,
    judgement: {
      status: "up",
      auth: "open",
      reason: null,
      phase: null,
      evidence: { detail: "x\u0000\u202ey" },
      tools: null,
    },
    transcript: {
      ...{ url: "https://x.example.com/", steps: [], timings: { totalMs: 1 }, era: null, protocolVersion: null },
      ...{ serverName: null, toolsTruncated: false, credentialUsed: false, certificate: null, paginationLoop: false },
      toolCount: null,
    },
  });

  test("speaks only of servers, slots and the region that it was given, and its text is cleaned again", async () => {
    const [lab, far] = [await tokenFor("lab"), await tokenFor("far")];
    const [mine, other] = [await aServer(), await aServer("https://other.example.com/")];
    const { body } = await hello(lab.token);
    const session = body.session as string;
    const now = clock.now().getTime();
    const slot = Math.floor(now / MINUTE) * MINUTE;
    const job = { tenantId, slot, intervalS: 60, servers: [{ id: mine, expected: ["lab", "far"] }] };
    const sign = granter(INSTALLATION);
    const good = sign.give("lab", job, now);
    const forged = { ...good, text: good.text.replaceAll(mine, other) };
    const say = async (token: string, sid: string, grant: unknown, at: number, serverId: string) =>
      ask(token, "results", { session: sid, at: now, results: [{ grant, slot: at, result: result(serverId) }] });
    const answers = async (grant: unknown, at: number, id: string) =>
      (await say(lab.token, session, grant, at, id)).body.answers;

    expect(await answers(forged, slot, other)).toEqual(["refused"]);
    expect(await answers(good, slot, other)).toEqual(["refused"]);
    expect(await answers(sign.give("far", job, now), slot, mine)).toEqual(["refused"]);
    expect(await answers(granter("another installation's secret").give("lab", job, now), slot, mine)).toEqual([
      "refused",
    ]);
    expect(await answers(good, slot + 2 * MINUTE, mine)).toEqual(["refused"]);
    expect(await answers(good, slot + 1, mine)).toEqual(["refused"]);
    expect(await answers(good, slot - MINUTE, mine)).toEqual(["refused"]);
    // Another region's agent cannot use this one's session, nor this one's grant.
    expect((await say(far.token, session, good, slot, mine)).status).toBe(409);
    expect(await store.redis.keys(`${store.prefix}:slot:{${mine}}*`)).toEqual([]);

    expect(await answers(good, slot, mine)).toEqual(["recorded"]);
    expect(await answers(good, slot, mine)).toEqual(["duplicate"]);
    const held = await store.redis.hget(`${store.prefix}:slot:{${mine}}:${slot}`, "o:lab");
    expect(JSON.parse(held ?? "{}").evidence.detail).toBe("x y");
    // What cannot be read is one server's own, and holds up nobody else's outcome.
    const [next, broken] = [await aServer("https://next.example.com/"), await aServer("https://broken.example.com/")];
    const both = { ...job, servers: [next, broken].map((id) => ({ id, expected: ["lab"] })) };
    const grant = sign.give("lab", both, now);
    const bad = result(broken);
    const odd = { ...bad, transcript: { ...bad.transcript, serverName: "n".repeat(201) } };
    const results = [odd, result(next)].map((r) => ({ grant, slot, result: r }));
    const { status, body: handed } = await ask(lab.token, "results", { session, at: now, results });
    expect([status, handed.answers]).toEqual([200, ["refused", "sealed"]]);
    // A look at one extra check that nobody waits for any more is no outcome of the slot.
    const trial = sign.give("lab", { ...both, live: { requestId: randomUUID(), trial: true } }, now);
    expect(await answers(trial, slot, broken)).toEqual(["late"]);
    expect(await store.redis.hget(`${store.prefix}:slot:{${mine}}:${slot}`, "o:far")).toBeNull();
  });

  test("has its clock decades off and works all the same", async () => {
    const { token } = await tokenFor("lab");
    const { body } = await hello(token);
    const asked = { session: body.session, at: 0, rttMs: null, free: 0, buffered: 0, lost: 0, offlineSince: null };
    expect((await ask(token, "work", asked)).status).toBe(200);
    expect((await regionNow())?.skew_ms).toBe(-2_147_483_647);
  });

  test("is bounded in what it sends, and strangers in how often they knock", async () => {
    const { token } = await tokenFor("lab");
    const { body } = await hello(token);
    expect((await ask(token, "results", { session: body.session, at: 1, results: { grant: {} } })).status).toBe(422);
    expect((await ask(token, "results", "{")).status).toBe(400);
    expect((await ask(token, "results", `"${"x".repeat(2 * 1024 * 1024)}"`)).status).toBe(413);
    expect((await ask(token, "nothing", {})).status).toBe(404);
    const statuses: number[] = [];
    for (let n = 0; n < 25; n++) statuses.push((await ask(`${token.slice(0, -1)}x`, "hello", {})).status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.at(-1)).toBe(429);
    // Whoever was good lately is let through meanwhile, from the same address.
    expect((await hello(token)).status).toBe(200);
  });
});
