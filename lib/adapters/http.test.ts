import { createServer, type Server, type Socket } from "node:net";
import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressAllowed } from "./http-address.ts";
import { request } from "undici";
import { type AddressPolicy, assertUrlAllowed, guardedDispatcher, guardedHttpsAgent, guardedSocket } from "./http.ts";

const NONE: AddressPolicy = { allow: [] };
let canary: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  canary = createServer((socket: Socket) => {
    connections += 1;
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
  });
  await new Promise<void>((done) => canary.listen(0, "127.0.0.1", done));
  port = (canary.address() as { port: number }).port;
});
afterAll(() => new Promise((done) => canary.close(done)));

const LOOPBACK = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0x7f.1",
  "0177.0.0.1",
  "017700000001",
  "１２７.0.0.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
];

const SPECIAL = [
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "100.100.100.200",
  "127.8.9.1",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "[::]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b:1::1]",
  "[2001::1]",
  "[2001:db8::1]",
  "[2002:7f00:1::]",
  "[3fff::1]",
  "[5f00::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "[fec0::1]",
  "[ff02::1]",
  "[::127.0.0.1]",
  "[::ffff:a9fe:a9fe]",
];

describe("the guarded door", () => {
  test.each([...LOOPBACK, ...SPECIAL])(
    "refuses %s by its text and again when connecting, and sends no byte",
    async (host) => {
      const url = `http://${host}:${port}/`;
      expect(() => assertUrlAllowed(url, NONE)).toThrow(
        expect.objectContaining({ code: "E_URL_BLOCKED", detail: "private_address" }),
      );
      const before = connections;
      const dispatcher = guardedDispatcher(NONE);
      await expect(request(url, { dispatcher })).rejects.toMatchObject({ code: "E_URL_BLOCKED" });
      await dispatcher.close();
      expect(connections).toBe(before);
    },
  );

  test.each([
    ["ftp://example.com/", "scheme"],
    ["file:///etc/passwd", "syntax"],
    ["javascript:alert(1)", "syntax"],
    ["unix:/var/run/docker.sock", "syntax"],
    ["https://user:secret@example.com/", "userinfo"],
    ["https://example.com:22/", "port"],
    ["https://example.com:6379/", "port"],
    ["https://example.com:0/", "port"],
    ["http://localhost:8080/", "local_name"],
    ["http://LOCALHOST.:8080/", "local_name"],
    ["http://vault.internal/", "local_name"],
    ["http://printer.local/", "local_name"],
    ["not a url", "syntax"],
    [`https://example.com/${"a".repeat(2048)}`, "length"],
  ])("refuses %s as %s", (url, detail) => {
    expect(() => assertUrlAllowed(url, NONE)).toThrow(expect.objectContaining({ code: "E_URL_BLOCKED", detail }));
  });

  test.each([
    "https://example.com/mcp",
    "http://8.8.8.8:8080/sse",
    "https://[2606:4700::1111]/",
    "https://xn--bcher-kva.example/",
  ])("lets %s pass", (url) => {
    expect(assertUrlAllowed(url, NONE).href).toBe(new URL(url).href);
  });

  test("keeps a secret in a refused URL out of both voices of the error", () => {
    try {
      assertUrlAllowed("https://user:hunter2@example.com/", NONE);
      expect.unreachable();
    } catch (err) {
      expect(`${(err as Error).message} ${(err as { detail: string }).detail}`).not.toContain("hunter2");
    }
  });

  test.each([
    ["one private address among public ones", ["8.8.8.8", "127.0.0.1"]],
    ["a private address only", ["10.0.0.7"]],
    ["a mapped address", ["::ffff:127.0.0.1"]],
  ])("refuses a name that resolves to %s", async (_what, addresses) => {
    const before = connections;
    const dispatcher = guardedDispatcher(NONE, {
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    });
    await expect(request(`http://public.example:${port}/`, { dispatcher })).rejects.toMatchObject({
      code: "E_URL_BLOCKED",
    });
    await dispatcher.close();
    expect(connections).toBe(before);
  });

  test("resolves once per connection, so a name cannot change its mind after the check", async () => {
    let asked = 0;
    const dispatcher = guardedDispatcher(
      { allow: [{ cidr: "127.0.0.1/32" }] },
      { resolve: async () => [{ address: asked++ === 0 ? "127.0.0.1" : "10.0.0.1", family: 4 }] },
    );
    const first = await request(`http://rebind.example:${port}/`, { dispatcher });
    await first.body.dump();
    expect(asked).toBe(1);
    await expect(request(`http://rebind.example:${port}/`, { dispatcher })).rejects.toMatchObject({
      code: "E_URL_BLOCKED",
    });
    await dispatcher.close();
  });

  test("allows a named range on its ports and nowhere else", async () => {
    const policy: AddressPolicy = { allow: [{ cidr: "127.0.0.0/8", ports: [port, port] }] };
    const phases: string[] = [];
    const dispatcher = guardedDispatcher(policy, { onPhase: (phase) => phases.push(phase) });
    const answer = await request(`http://127.0.0.1:${port}/`, { dispatcher });
    expect(await answer.body.text()).toBe("ok");
    expect(phases).toEqual(["connect"]);
    const other = port === 65535 ? port - 1 : port + 1;
    await expect(request(`http://127.0.0.1:${other}/`, { dispatcher })).rejects.toMatchObject({
      code: "E_URL_BLOCKED",
    });
    await dispatcher.close();
  });

  test("opens nothing in a range of the installation itself, whatever else is allowed", async () => {
    const policy = { allow: [{ cidr: "127.0.0.0/8" }], deny: ["127.0.0.1/32", "203.0.114.7/32", "2606:4700::/32"] };
    expect(addressAllowed("127.0.0.1", 8080, policy)).toBe(false);
    expect(addressAllowed("::ffff:127.0.0.1", 8080, policy)).toBe(false);
    expect(addressAllowed("127.0.0.2", 8080, policy)).toBe(true);
    expect(addressAllowed("203.0.114.7", 443, policy)).toBe(false);
    expect(addressAllowed("203.0.114.8", 443, policy)).toBe(true);
    expect(addressAllowed("2606:4700::1111", 443, policy)).toBe(false);
  });

  test("guards node:https clients and plain sockets in the same way", async () => {
    const before = connections;
    const viaAgent = new Promise((resolve, reject) => {
      httpsRequest({ host: "127.0.0.1", port, agent: guardedHttpsAgent(NONE) }, resolve)
        .on("error", reject)
        .end();
    });
    await expect(viaAgent).rejects.toMatchObject({ code: "E_URL_BLOCKED" });
    await expect(guardedSocket(NONE, { host: "127.0.0.1", port: 25, timeoutMs: 500 })).rejects.toMatchObject({
      code: "E_URL_BLOCKED",
    });
    expect(connections).toBe(before);
    const socket = await guardedSocket(
      { allow: [{ cidr: "127.0.0.1/32" }] },
      { host: "127.0.0.1", port, timeoutMs: 500 },
    );
    expect(socket.remotePort).toBe(port);
    socket.destroy();
  });

  test("names the part and the code of a failed connection", async () => {
    const dispatcher = guardedDispatcher(
      { allow: [{ cidr: "127.0.0.1/32" }] },
      { resolve: async () => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" })) },
    );
    await expect(request("http://gone.example/", { dispatcher })).rejects.toMatchObject({
      code: "ENOTFOUND",
      phase: "dns",
    });
    await expect(request("http://127.0.0.1:1999/", { dispatcher })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      phase: "connect",
    });
    await expect(request(`https://127.0.0.1:${port}/`, { dispatcher })).rejects.toMatchObject({ phase: "tls" });
    await dispatcher.close();
  });
});
