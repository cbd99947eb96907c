// Over 200 lines: the table of spellings is the test. Every place of the product that takes an address from a stranger
// is given every one of them, while a canary listens on all loopback addresses: it must not see one byte.
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:net";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { monotonicMs } from "#lib/adapters/clock";
import { type AddressPolicy, assertUrlAllowed, guardedDispatcher } from "#lib/adapters/http";
import { addressAllowed } from "#lib/adapters/http-address";
import { sender } from "#lib/adapters/send";
import { execute } from "#lib/commands/command";
import { registerServer } from "#lib/commands/server/register";
import { type TestDatabase, testDatabase } from "#lib/testing/database";
import { makeTenant } from "#lib/testing/make";
import { rawServer } from "#lib/testing/servers";
import { testSettings } from "#lib/testing/settings";
import { discover, readAuthServer } from "./credential/discovery.ts";
import { Door } from "./credential/door.ts";
import { askHealth } from "./extras/health.ts";
import { probe } from "./transcript.ts";

const NONE: AddressPolicy = { allow: [] };
const EVERYTHING: AddressPolicy = { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] };

/** Loopback, however it is spelled: without the guard these reach the canary. */
const LOOPBACK = [
  ...["127.0.0.1", "127.1", "127.0.1", "127.8.9.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7F.0x0.0x0.0x1"],
  ...["0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "00000177.0.0.1", "127.0.0.0x1", "127.0.1.1", "0", "0.0.0.0"],
  ...[
    "0x0",
    "00.00.00.00",
    "127.0.0.1.",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
  ],
  ...[
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
  ],
  ...[
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛocalhost",
    "a.localhost",
    "ip6-localhost",
  ],
];
/** Somebody's inside, or nobody's at all. */
const SPECIAL = [
  ...["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1"],
  ...["100.100.100.200", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.170.2"],
  ...["168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"],
  ...["224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0.1.2.3", "[::127.0.0.1]", "[::7f00:1]"],
  ...["[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]"],
  ...["[64:ff9b:1::1]", "[2001::1]", "[2001:0:7f00:1::]", "[2001:10::1]", "[2001:db8::1]", "[2002:7f00:1::]"],
  ...[
    "[2002:a9fe:a9fe::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fd12:3456:789a::1]",
  ],
  ...["[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[ff05::1:3]", "[4000::1]", "[8000::1]"],
  ...["metadata.google.internal", "vault.internal", "printer.local", "router.home.arpa", "db.localdomain"],
];
/** Whole addresses: schemes, user names, ports and what only looks like a URL. P is the canary's port. */
const WHOLE = [
  ...[
    "http://user@127.0.0.1:P/",
    "http://127.0.0.1:P@127.0.0.1:P/",
    "http://8.8.8.8@127.0.0.1:P/",
    "http://a:b@[::1]:P/",
  ],
  ...[
    "http://127.0.0.1:P\\@8.8.8.8/",
    "http:127.0.0.1:P/",
    "http:/127.0.0.1:P/",
    "http:\\\\127.0.0.1:P\\",
    "//127.0.0.1:P/",
  ],
  ...[
    "\thttp://127.0.0.1:P/",
    "ht\ntp://127.0.0.1:P/",
    "http://127.0.0.1:P#@example.com/",
    "http://127.0.0.1:P?@example.com/",
  ],
  ...[
    "http://[fe80::1%25lo]:P/",
    "http://[::1%25lo]:P/",
    "http://[::1%lo]:P/",
    "http://127.0.0.1:0P/",
    "http://[::1]]:P/",
  ],
  ...[
    "ftp://127.0.0.1:P/",
    "gopher://127.0.0.1:P/_x",
    "file:///etc/passwd",
    "unix:/run/docker.sock",
    "dict://127.0.0.1:P/",
  ],
  ...[
    "ws://127.0.0.1:P/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "blob:http://127.0.0.1:P/x",
    "jar:http://127.0.0.1:P/",
  ],
  ...["https://example.com:22/", "https://example.com:25/", "https://example.com:6379/", "https://example.com:5432/"],
  ...[
    "https://example.com:11211/",
    "https://example.com:2375/",
    "https://example.com:0/",
    "https://example.com:65536/",
  ],
];

let canary: Server;
let port = 0;
let seen = { connections: 0, bytes: 0 };
let inputs: string[] = [];
let db: TestDatabase;
let forget = () => {};
const table: Record<string, { inputs: number; refused: number; "connections at the canary": number; bytes: number }> =
  {};

beforeAll(async () => {
  canary = createServer((socket) => {
    seen.connections++;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      seen.bytes += bytes.length;
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    });
  });
  // Both families and every loopback address in one.
  await new Promise<void>((done) => canary.listen(0, "::", done));
  port = (canary.address() as { port: number }).port;
  inputs = [
    ...[...LOOPBACK, ...SPECIAL].map((host) => `http://${host}:${port}/mcp`),
    ...WHOLE.map((u) => u.replace("P", String(port))),
  ];
  db = await testDatabase();
  forget = testSettings(db);
});
afterAll(async () => {
  console.table(table);
  forget();
  await db.close();
  await new Promise((done) => canary.close(done));
});

/** Gives every input to a place. @param ask true when the place refused it or never looked at it */
async function everyInput(place: string, ask: (url: string) => Promise<boolean>): Promise<string[]> {
  seen = { connections: 0, bytes: 0 };
  const let_in: string[] = [];
  for (const url of inputs) if (!(await ask(url))) let_in.push(url);
  const refused = inputs.length - let_in.length;
  table[place] = { inputs: inputs.length, refused, "connections at the canary": seen.connections, bytes: seen.bytes };
  expect(seen, place).toEqual({ connections: 0, bytes: 0 });
  return let_in;
}
const target = (url: string) => ({
  serverId: "s",
  tenantId: "t",
  url,
  headers: { authorization: "Bearer x" },
  knownEra: null,
});
const blocked = (reason: { code: string } | undefined) => reason?.code === "E_URL_BLOCKED";
const firstError = async (url: string, policy = NONE) =>
  (await probe(target(url), { policy, monotonic: monotonicMs, boundMs: 2_000 })).steps.find((s) => s.error)?.error;

/** Places that open the address as it stands. @returns true when nothing was heard from there */
const PLACES: Record<string, (url: string, policy: AddressPolicy) => Promise<boolean>> = {
  webhook: async (url, policy) => {
    const hook = { via: "http", label: "hook", host: "tenant", method: "POST", url, headers: {}, body: "{}" } as const;
    return (await sender(() => undefined)(hook, { policy, timeoutMs: 2_000 })).kind === "failure";
  },
  "discovery: metadata": async (url, policy) => {
    const challenge = `Bearer resource_metadata="${url.replace(/["\\\n\t]/g, "")}"`;
    const found = await discover("https://mcp.example.com/mcp", challenge, { policy }, 0);
    return found.cause === "prm_invalid" && found.problem.includes("private or not allowed");
  },
  "discovery: issuer": async (url, policy) => {
    const door = new Door({ policy, signal: AbortSignal.timeout(5_000), most: 9 });
    const found = await readAuthServer(door, url).finally(() => door.close());
    return found.problem !== "";
  },
  "health address": async (url, policy) => {
    const settings = {
      family: "plain",
      url,
      rules: "",
      statuses: "",
      contains: "",
      maxMs: null,
      prompt: "",
      argument: "",
    };
    const check = { id: randomUUID(), kind: "health_url", name: "h", everyS: 60, callsPerDay: 9, settings };
    const looking = {
      ...{ tools: [], allowedTools: [], policy, headers: {}, origin: "https://mcp.example.com", ca: undefined },
      ...{ signal: new AbortController().signal, monotonic: monotonicMs, now: () => 0, leftMs: () => 5_000 },
    };
    return (
      (await askHealth(check as unknown as Parameters<typeof askHealth>[0], looking)).evidence.httpStatus === undefined
    );
  },
};

describe("what a stranger may write as an address", () => {
  test("is more than eighty spellings of what may not be reached", () => {
    expect(new Set(inputs).size).toBe(inputs.length);
    expect(inputs.length).toBeGreaterThanOrEqual(120);
  });

  test("is not registered", async () => {
    const { id: tenantId } = await makeTenant(db, { tier: "enterprise" });
    const actor = { personId: randomUUID(), name: "Somebody", tenantId, layers: ["operator" as const] };
    const passed = await everyInput("register", (url) =>
      execute(db.appDb, registerServer, actor, { url, name: "", intervalS: "60", weight: "own" }).then(
        () => false,
        () => true,
      ),
    );
    // A name that only the resolver knows for ours is stored; connecting refuses it, as the next test says.
    expect(passed).toEqual([`http://ip6-localhost:${port}/mcp`]);
  });

  test("is not probed", async () => {
    const passed = await everyInput("probe", async (url) => blocked(await firstError(url)));
    expect(passed.filter((url) => !url.includes("ip6-localhost"))).toEqual([]);
  });

  test("is not followed to by any redirect, at once or after a hop of the server's own", async () => {
    let location = "";
    let status = 0;
    const server = await rawServer((socket, asked) => {
      const to = asked.includes(" /mcp ") && status >= 307 ? "/hop" : location.replace(/[\r\n\t]/g, "");
      socket.write(
        `HTTP/1.1 ${status} Found\r\nLocation: ${Buffer.from(to).toString("latin1")}\r\nContent-Length: 0\r\n\r\n`,
      );
    });
    const policy = { allow: [{ cidr: "127.0.0.1/32", ports: [server.port, server.port] as [number, number] }] };
    try {
      for (status of [301, 302, 303, 307, 308])
        await everyInput(`redirect ${status}`, async (url) => {
          location = url;
          const transcript = await probe(target(server.url), { policy, monotonic: monotonicMs, boundMs: 2_000 });
          return transcript.tools === null;
        });
    } finally {
      await server.close();
    }
  });

  test("is not reached by a name that changes its mind, nor by one that has public addresses too", async () => {
    const hosts = [...LOOPBACK, ...SPECIAL].flatMap((host) => {
      const bare = URL.parse(`http://${host}/`)?.hostname.replace(/^\[|\]$/g, "") ?? "";
      return /^[\d.]+$|:/.test(bare) ? [bare] : [];
    });
    expect(hosts.length).toBeGreaterThan(80);
    seen = { connections: 0, bytes: 0 };
    let refused = 0;
    for (const address of hosts)
      for (const answers of [[address], ["8.8.8.8", address], [address, "2606:4700::1111"]]) {
        const dispatcher = guardedDispatcher(NONE, {
          connectTimeoutMs: 500,
          resolve: async () => answers.map((a) => ({ address: a, family: a.includes(":") ? 6 : 4 })),
        });
        assertUrlAllowed(`http://rebind.example:${port}/`, NONE);
        const failed = await request(`http://rebind.example:${port}/`, { dispatcher }).then(
          () => null,
          (err: { code: string }) => err,
        );
        if (blocked(failed ?? undefined)) refused++;
        await dispatcher.destroy();
      }
    table.rebind = {
      inputs: hosts.length * 3,
      refused,
      "connections at the canary": seen.connections,
      bytes: seen.bytes,
    };
    expect(refused).toBe(hosts.length * 3);
    expect(seen).toEqual({ connections: 0, bytes: 0 });
  });

  test.each(Object.keys(PLACES))("is not opened as a %s", async (place) => {
    const passed = await everyInput(place, (url) => PLACES[place]?.(url, NONE) ?? Promise.resolve(false));
    expect(passed.filter((url) => !url.includes("ip6-localhost"))).toEqual([]);
  });

  test("is not posted to as the endpoint that an event stream names", async () => {
    let endpoint = "";
    const server = await rawServer((socket, asked) => {
      if (asked.startsWith("POST")) return socket.write("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n");
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: endpoint\ndata: ${endpoint.replace(/[\r\n\t]/g, "")}\n\n`,
      );
    });
    const policy = { allow: [{ cidr: "127.0.0.1/32", ports: [server.port, server.port] as [number, number] }] };
    try {
      await everyInput("SSE endpoint", async (url) => {
        endpoint = url;
        const found = await probe(
          { ...target(server.url), knownEra: null },
          { policy, monotonic: monotonicMs, boundMs: 2_000 },
        );
        return found.tools === null;
      });
    } finally {
      await server.close();
    }
  });
});

describe("the test of the test", () => {
  test("without the guard the same inputs do reach the canary", async () => {
    seen = { connections: 0, bytes: 0 };
    let reached = 0;
    for (const host of LOOPBACK) {
      const before = seen.bytes;
      await firstError(`http://${host}:${port}/mcp`, EVERYTHING);
      if (seen.bytes > before) reached++;
    }
    table["control: no guard, loopback only"] = {
      ...{ inputs: LOOPBACK.length, refused: LOOPBACK.length - reached },
      ...{ "connections at the canary": seen.connections, bytes: seen.bytes },
    };
    expect(reached).toBeGreaterThan(25);
  });

  test.each(Object.keys(PLACES))("without the guard a %s reaches the canary too", async (place) => {
    for (const host of ["127.0.0.1", "[::1]", "2130706433"]) {
      seen = { connections: 0, bytes: 0 };
      await PLACES[place]?.(`http://${host}:${port}/mcp`, EVERYTHING);
      expect(seen.bytes).toBeGreaterThan(0);
    }
  });

  test("a hundred addresses that look public pass the guard, as text and as what their names resolve to", () => {
    const names = Array.from({ length: 40 }, (_, i) => `https://mcp-${i}.example${i}.com/mcp?tenant=${i}`);
    const shapes = [
      ...[
        "https://internal.example.com/",
        "https://localhost.example.com/",
        "https://local.dev/",
        "https://a.b.c.d.e.example/",
      ],
      ...[
        "https://xn--bcher-kva.example/",
        "https://bücher.example/mcp",
        "https://example.com:8443/sse",
        "http://example.com:8080/",
      ],
      ...[
        "https://10.example.com/",
        "https://127.0.0.1.example.com/",
        "https://1e100.net/",
        "https://0x7f.example.com/",
      ],
      ...[
        "https://EXAMPLE.com/MCP",
        "https://example.com./mcp",
        "https://example.com/../mcp",
        "https://example.com/%2e%2e/mcp",
      ],
    ];
    const octets = [1, 8, 9, 11, 23, 45, 64, 93, 101, 126, 128, 151, 168, 172, 185, 192, 193, 199, 203, 223];
    const second: Record<number, number> = { 168: 62, 172: 15, 192: 30, 203: 1 };
    const four = octets.map((o, i) => `http://${o}.${second[o] ?? 20}.${i}.77:${8_100 + i}/mcp`);
    const six = Array.from({ length: 24 }, (_, i) => `https://[2${(0x600 + i * 16).toString(16)}:4700::${i + 1}]/mcp`);
    const all = [...names, ...shapes, ...four, ...six];
    expect(new Set(all).size).toBeGreaterThanOrEqual(100);
    for (const url of all) {
      const parsed = assertUrlAllowed(url, NONE);
      const address = /^[\d.]+$/.test(parsed.hostname)
        ? parsed.hostname
        : parsed.hostname.startsWith("[")
          ? parsed.hostname.slice(1, -1)
          : "93.184.215.14";
      expect(addressAllowed(address, Number(parsed.port) || 443, NONE), url).toBe(true);
    }
  });

  test("the environment's proxies are not asked", async () => {
    seen = { connections: 0, bytes: 0 };
    const proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    const before = proxies.map((name) => process.env[name]);
    for (const name of proxies) process.env[name] = `http://127.0.0.1:${port}`;
    try {
      expect(await firstError("http://name.invalid/mcp")).toBeDefined();
    } finally {
      proxies.forEach((name, i) => {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      });
    }
    expect(seen).toEqual({ connections: 0, bytes: 0 });
  });
});
