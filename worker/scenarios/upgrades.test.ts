// Servers that change their era while they are watched, in every one of the twelve ways, down the whole road: probe by
// the cached era, outcome, verdict, what the console shows. Nobody is told that one was down.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judge } from "#lib/checks/index";
import { slotOffset } from "#lib/domain/cadence";
import type { Era } from "#lib/domain/outcome";
import { DISCOVERED, type Handler, INITIALIZED, legacy, modern, serve, sse, TOOL } from "#lib/testing/fixtures/serve";
import { makeServer } from "#lib/testing/make";
import { type Road, road } from "#lib/testing/road";
import { freePort, type TestServer } from "#lib/testing/servers";
import { probe } from "../probe/transcript.ts";

const DAY_MS = 86_400_000;

/** Both eras at one address, with the older one's open stream. */
const dual: Handler = (ask) => (ask.method === "server/discover" ? { result: DISCOVERED } : legacy({})(ask));
const message = (id: string | null, result: object) =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`;
const older = () =>
  sse("/message", (stream, { method, id }) => {
    if (method === "initialize") stream.write(message(id, INITIALIZED));
    if (method === "tools/list") stream.write(message(id, { tools: [TOOL] }));
    return { status: 202, text: "Accepted" };
  });
const AS: Record<Era, () => Handler> = {
  legacy: () => legacy({}),
  modern: () => modern({}),
  dual: () => dual,
  sse: older,
};

describe("a server that becomes another while it is watched", () => {
  let run: Road;
  let port: number;
  let server: TestServer | undefined;
  beforeAll(async () => {
    [run, port] = [await road(), await freePort()];
  });
  afterAll(async () => {
    await server?.close();
    await run.close();
  });

  test("is never called down, and is shown as what it is at its daily look at the latest", async () => {
    const tenant = await run.tenant();
    const become = async (era: Era) => {
      await server?.close();
      server = await serve(AS[era](), undefined, port);
      return server.url;
    };
    const id = await makeServer(run.db, tenant.id, { url: await become("legacy"), fireAfter: 1 });
    const now = async () =>
      (await run.db.sql("SELECT status, reason, era FROM server_now WHERE server_id = $1", [id])) as Record<
        string,
        unknown
      >[];
    await run.slot(tenant.id, id, ["fra"]);
    const seen: unknown[] = [];
    // Each ordered pair of the four once.
    const path: Era[] = [
      "dual",
      "legacy",
      "modern",
      "legacy",
      "sse",
      "dual",
      "modern",
      "dual",
      "sse",
      "modern",
      "sse",
      "legacy",
    ];
    for (const era of path) {
      await become(era);
      await run.slot(tenant.id, id, ["fra"]);
      let [row] = await now();
      expect([era, row?.status, row?.reason]).toEqual([era, "up", null]);
      if (row?.era !== era) {
        run.clock.set(nextDailyLook(id, run.clock.now()));
        await run.slot(tenant.id, id, ["fra"]);
        [row] = await now();
      }
      seen.push(row);
    }
    expect(seen).toEqual(path.map((era) => ({ status: "up", reason: null, era })));
    const minutes = await run.db.sql("SELECT DISTINCT status FROM probe_minute WHERE server_id = $1", [id]);
    expect(minutes).toEqual([{ status: "up" }]);
    expect(await run.db.sql("SELECT id FROM incident WHERE tenant_id = $1", [tenant.id])).toEqual([]);
  });
});

describe("a server that restarts between two steps of one look", () => {
  test.each<[what: string, known: Era, handler: (session: () => string) => Handler, after: string]>([
    ["after its handshake, without its sessions", "legacy", sessions, "initialize"],
    ["before its tool list", "legacy", sessions, "notifications/initialized"],
    ["after it was discovered", "modern", () => modern({}), "server/discover"],
  ])("%s is up", async (_what, knownEra, handler, after) => {
    const port = await freePort();
    let generation = 1;
    let restarted: Promise<TestServer> | undefined;
    const start = (): Promise<TestServer> => {
      const session = `s-${generation}`;
      const answer = handler(() => session);
      return serve(
        (ask) => {
          const reply = answer(ask);
          if (ask.method !== after || generation > 1) return reply;
          generation += 1;
          // Its answer goes out first; then the process is another.
          setImmediate(() => (restarted = first.then((server) => server.close()).then(start)));
          return { ...reply, headers: { ...reply?.headers, connection: "close" } };
        },
        undefined,
        port,
      );
    };
    const first = start();
    const transcript = await probe(
      { serverId: "s", tenantId: "t", url: (await first).url, headers: {}, knownEra },
      { policy: { allow: [{ cidr: "127.0.0.0/8" }] }, monotonic: () => performance.now(), boundMs: 10_000 },
    );
    await (await restarted)?.close();
    expect([generation, judge(transcript).status, judge(transcript).reason]).toEqual([2, "up", null]);
  });
});

/** The first slot of the server's own next day. */
function nextDailyLook(serverId: string, now: Date): Date {
  const offset = slotOffset(serverId, DAY_MS / 1_000);
  const day = Math.floor((now.getTime() + offset) / DAY_MS);
  return new Date(Math.ceil(((day + 1) * DAY_MS - offset) / 60_000) * 60_000);
}

/** A legacy server that knows only the sessions of its own life. */
function sessions(current: () => string): Handler {
  const known = (session: unknown) => session === current();
  const good = legacy({
    initialize: () => ({ result: INITIALIZED, headers: { "mcp-session-id": current() } }),
  });
  return (ask) =>
    ask.method === "initialize" || ask.method === "server/discover" || known(ask.headers["mcp-session-id"])
      ? good(ask)
      : { status: 404, error: { code: -32001, message: "Session not found" } };
}
