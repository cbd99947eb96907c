import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SinkRequest } from "../sinks/sink.ts";
import { sender } from "./send.ts";
import { keptDispatcher } from "./send-kept.ts";

let server: Server;
let url = "";
let connections = 0;
let requests = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    request.resume();
    request.on("end", () => response.writeHead(204).end());
  });
  server.on("connection", () => connections++);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (more: { repeatable?: true } = {}): SinkRequest => ({
  ...{ via: "http", label: "event", host: "tenant", method: "POST", url, headers: {}, body: "{}" },
  ...more,
});
const loopback = { policy: { allow: [{ cidr: "127.0.0.1/32" }] }, timeoutMs: 5_000 };
const send = sender(() => undefined);

test("a receiver that recognises a repeat is sent one thing after the other by few connections, and no other is", async () => {
  connections = 0;
  for (let i = 0; i < 20; i++) expect(await send(ask({ repeatable: true }), loopback)).toMatchObject({ status: 204 });
  expect(connections).toBeLessThanOrEqual(4);
  connections = 0;
  for (let i = 0; i < 3; i++) await send(ask(), loopback);
  expect(connections).toBe(3);
});

test("a kept connection serves nobody whose own rules would not have opened it", async () => {
  await send(ask({ repeatable: true }), loopback);
  const before = requests;
  const refused = await send(ask({ repeatable: true }), { policy: { allow: [] }, timeoutMs: 5_000 });
  expect(refused).toMatchObject({ kind: "failure", code: "E_URL_BLOCKED", sentBytes: false });
  expect(requests).toBe(before);
});

test("after ten seconds the address is looked up and judged anew, however busy the connection is", () => {
  const at = (ms: number) => keptDispatcher("https://hooks.example.com", { allow: [] }, undefined, ms);
  const first = at(1_000_000);
  expect(at(1_009_000)).toBe(first);
  expect(at(1_011_000)).not.toBe(first);
});

test("a receiver that is not there was certainly sent nothing", async () => {
  const gone = { ...ask({ repeatable: true }), url: "http://127.0.0.1:9/hook" } as SinkRequest;
  expect(await send(gone, loopback)).toMatchObject({ kind: "failure", sentBytes: false });
});
